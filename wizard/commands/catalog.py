"""`wizard catalog`: the figures behind the plans, each with source and date."""

import argparse
import difflib
from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel

from catalogs.toml_file import Fault, InputError, read_toml, short
from wizard.commands.output import put
from wizard.commands.solve import faults_in
from wizard.text.catalog import BY_NAME, row_text, rows_record, rows_text, tables_record, tables_text
from wizard.text.json import json_text

MORE = ("quality", "refresh", "holes")
"""What stands in the place of a table's name and is none."""


def catalog(options: argparse.Namespace) -> int:
    """List the tables, a table's rows, or the rows whose id holds a text; one row is printed whole."""
    from catalogs.catalog import load_catalog

    if options.table == "refresh":
        from wizard.commands.refresh import refresh

        return refresh(options, date.today().isoformat())
    if given := [name for name in ("files", "write", "new", "date") if getattr(options, name)]:
        flag = "--from" if given[0] == "files" else f"--{given[0]}"
        raise InputError(Fault("wizard catalog", flag, f'with "{options.table or ""}"', "wizard catalog refresh"))
    if options.table in MORE and options.currency != "USD":
        raise InputError(
            Fault("wizard catalog", "--currency", f'with "{options.table}"', "a table; a scenario names its own")
        )
    if options.table == "quality":
        from wizard.commands.quality import quality

        return quality(options)
    if options.table == "holes":
        from wizard.commands.holes import holes

        return holes(options)
    listing = BY_NAME.get(options.table) if options.table else None
    if options.table and listing is None:
        known = (*BY_NAME, *MORE)
        near = _near(options.table, known)
        raise InputError(Fault("wizard catalog", "", short(options.table), "one of " + ", ".join(known), near))
    overlays = [(str(path), read_toml(path)) for path in options.overlay]
    if len(options.id) > 1:
        raise InputError(Fault("wizard catalog", "", f"{len(options.id)} ids", "one id, or a text that ids hold"))
    wanted = options.id[0] if options.id else ""
    with faults_in("wizard catalog --currency"):
        figures = load_catalog(currency=options.currency, overlays=overlays)
    if listing is None:
        return put(json_text(tables_record(figures)) if options.json else tables_text(figures), options.out)
    rows, day = list(listing.rows(figures)), date.today().isoformat()
    if wanted:
        rows = _chosen(rows, wanted, listing.name)
    if options.json:
        return put(json_text(rows_record(listing, rows, day)), options.out)
    if wanted and len(rows) == 1:
        return put(row_text(*rows[0]), options.out)
    return put(rows_text(listing, rows, figures.currency, day), options.out)


def _chosen(rows: list[tuple[str, BaseModel]], wanted: str, name: str) -> list[tuple[str, BaseModel]]:
    exact = [row for row in rows if row[0] == wanted]
    chosen = exact or [row for row in rows if wanted.lower() in row[0].lower()]
    if not chosen:
        near = _near(wanted, (key for key, _ in rows))
        raise InputError(Fault("wizard catalog", name, short(wanted), f"an id of the table {name}", near))
    return chosen


def _near(text: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(text, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
