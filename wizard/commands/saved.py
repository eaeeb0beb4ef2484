"""The plan that a file holds, where it may be explained as it stands."""

import argparse
from pathlib import Path

from catalogs.toml_file import read_toml
from solver.plan import Plan
from wizard.commands.solve import catalog_of
from wizard.plan_file import is_plan
from wizard.scenario_file import Question
from wizard.store import from_tables


def plan_in(path: Path) -> Plan | None:
    """The plan of a file that holds one with a total."""
    tables = read_toml(path)
    if not is_plan(tables):
        return None
    plan = from_tables(tables, str(path), path.stem).plan
    return plan if plan.total_per_month is not None else None


def moved_since(plan: Plan, question: Question, options: argparse.Namespace) -> str:
    """Why a saved plan is no answer to the question any more; empty where it stands."""
    if options.sets or options.overlay:
        return "what was asked has changed"
    as_of = catalog_of(question).as_of
    return "" if plan.catalog_as_of == as_of else f"the catalog is of {as_of} now, it was of {plan.catalog_as_of}"
