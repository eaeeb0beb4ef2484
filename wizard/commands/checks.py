"""`wizard validate`, `schema` and `help`: what a file must hold, and whether it does."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from catalogs.overlay import TABLES
from catalogs.toml_file import Fault, InputError, read_toml
from solver.scenario import Scenario
from wizard.commands.output import put
from wizard.commands.solve import catalog_of, faults_in
from wizard.exits import Exit, say
from wizard.plan_file import is_plan
from wizard.scenario_file import Question, question_of
from wizard.scenario_schema import scenario_schema
from wizard.store import from_tables
from wizard.text import show
from wizard.text.fitted import fitted
from wizard.text.json import json_text
from wizard.text.tables import WIDTH
from wizard.text.topics import TOPICS

IN_MAN = WIDTH - 7
"""Columns of a topic in the man page, which indents it."""


def validate(options: argparse.Namespace) -> int:
    """Check files; every fault of every file is told, and 2 is the exit code when there is one."""
    faults: list[Fault] = []
    kinds: dict[str, str] = {}
    for file in options.files:
        kind, found = check_file(file, options.overlay)
        kinds[file] = "" if found else kind
        faults.extend(found)
    if options.json:
        show(json_text([asdict(fault) for fault in faults]))
    else:
        for file, kind in kinds.items():
            if kind:
                show(f"{file}: ok, {kind}")
        for fault in faults:
            say(str(fault))
        if len(faults) > 1:
            say(f"{len(faults)} faults")
    return Exit.BAD_INPUT if faults else Exit.DONE


def check_file(file: str, overlays: list[str]) -> tuple[str, tuple[Fault, ...]]:
    """What a file is (scenario, plan, overlay) and every fault in it."""
    from catalogs.catalog import load_catalog

    kind = "scenario"
    try:
        tables = read_toml(file)
        if is_plan(tables):
            kind = "plan"
            from_tables(tables, file)
            _check_catalog(question_of(tables["scenario"], file, overlays=overlays))
        elif _is_overlay(tables):
            kind = "overlay"
            load_catalog(overlays=[(file, tables)])
        else:
            _check_catalog(question_of(tables, file, overlays=overlays))
    except InputError as error:
        return kind, error.faults
    return kind, ()


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of the scenario."""
    text = json_text(scenario_schema())
    return put(text, options.out)


def topic(options: argparse.Namespace) -> int:
    """Print a help topic, the man page, or the list of topics."""
    if options.topic == "man":
        from importlib.metadata import version

        from wizard.cli import parser
        from wizard.text.man import man_page

        topics = {name: fitted(text, IN_MAN) for name, text in TOPICS.items()}
        show(man_page(parser(), topics, version("wizard")))
    elif options.topic:
        show(fitted(TOPICS[options.topic]))
    else:
        show("Topics: wizard help TOPIC\n" + "".join(f"  {name}\n" for name in (*TOPICS, "man")))
    return Exit.DONE


def _is_overlay(tables: Mapping[str, Any]) -> bool:
    """Whether a file means to lie over the catalog: it has a table of the catalog, and none of a scenario."""
    inside = tables["catalog"] if set(tables) == {"catalog"} else tables
    return (
        isinstance(inside, Mapping) and bool(set(TABLES) & set(inside)) and not set(Scenario.model_fields) & set(inside)
    )


def _check_catalog(question: Question) -> None:
    """Check what a scenario takes from the catalog: its own tables, and every name in it."""
    from solver.pool_sites import pool_sites
    from solver.scenario_check import check_names

    with faults_in(question.file):
        catalog = catalog_of(question)
        check_names(question.scenario, catalog, pool_sites(question.scenario, catalog))
