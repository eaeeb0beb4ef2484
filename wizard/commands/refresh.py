"""`wizard catalog refresh`: what has moved at the sources of prices, and with --write the rows for it."""

import argparse
import os
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from catalogs import prices
from catalogs.refresh import Reading, Source, appended, source_of, sources
from catalogs.toml_file import Fault, InputError, short
from wizard.commands.output import put
from wizard.exits import say
from wizard.store import alone, refuse_unwritable, write_whole
from wizard.text.json import json_text
from wizard.text.refresh import refresh_record, refresh_text

WHERE = "wizard catalog refresh"


def refresh(options: argparse.Namespace, today: str) -> int:
    """Compare sources with the tables, print the differences; with --write append the rows.

    `today` (ISO) dates what states no day of its own, unless --date does. A file that cannot be read or holds
    something else is bad input, and then nothing is written at all.
    """
    day = _day(options.date or today)
    refuse_unwritable(options.out)
    asked = _asked(options)
    written: dict[str, int] = {}
    with alone(prices.FIGURES) if options.write else nullcontext():
        readings = [source.read(path, day, options.new) for source, path in asked]
        if options.write:
            written = _write(readings, prices.FIGURES)
    text = json_text(refresh_record(readings, day, written)) if options.json else refresh_text(readings, options.write)
    return put(text, options.out)


def _asked(options: argparse.Namespace) -> list[tuple[Source, Path | None]]:
    """Sources with their files; a file without a named source tells its own."""
    known = {source.name: source for source in sources()}
    names, paths = list(options.id), [Path(path) for path in options.files]
    for name in names:
        if name not in known:
            raise InputError(Fault(WHERE, "", short(name), "one of " + ", ".join(known)))
    if paths and len(names) > 1:
        raise InputError(Fault(WHERE, "--from", f"{len(names)} sources", "one source, or none: the file tells it"))
    if paths:
        return [(known[names[0] if names else source_of(path)], path) for path in paths]
    if names:
        return [(known[name], None) for name in names]
    asked: list[tuple[Source, Path | None]] = []
    for source in known.values():
        if source.packaged and _installed(source):
            asked.append((source, None))
        else:
            say(f"{source.name}: not read; --from takes {source.wants}")
    return asked


def _installed(source: Source) -> bool:
    from importlib.util import find_spec

    return (
        find_spec({"genai-prices": "genai_prices", "ecb": "currency_converter"}.get(source.name, source.name))
        is not None
    )


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(Fault(WHERE, "--date", f'"{text[:40]}"', "a day such as 2026-11-24")) from None


def _write(readings: list[Reading], folder: Path) -> dict[str, int]:
    """Append the rows of all sources, each table whole or not at all; how many rows each table got."""
    rows: dict[str, list[Mapping[str, str]]] = {}
    for reading in readings:
        for table, added in reading.rows.items():
            if added:
                known = rows.setdefault(table, [])
                known.extend(row for row in added if row not in known)  # of a source that was named twice
    if rows:
        _refuse_read_only(folder)
    texts = {table: appended(table, added, folder) for table, added in rows.items()}
    for table, text in texts.items():
        write_whole(folder / table, text)
        say(f"appended {len(rows[table])} rows to {folder / table}")
    if not rows:
        say("nothing to write")
    return {table: len(added) for table, added in rows.items()}


def _refuse_read_only(folder: Path) -> None:
    """InputError where the folder of the tables cannot be written: an installed package often is read-only."""
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=".refresh.")
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        hint = "nothing was written: run it in a checkout, or put the prices into an overlay (wizard help files)"
        found = f"a folder that cannot be written ({error.strerror})"
        raise InputError(Fault(str(folder), "--write", found, "tables that can be written", hint)) from None
