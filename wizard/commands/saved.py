"""The plan that a file holds, where it may be explained as it stands."""

import argparse
from pathlib import Path

import tomli_w

from catalogs.toml_file import Fault, InputError, read_toml
from solver.plan import Plan
from wizard.commands.solve import catalog_of
from wizard.plan_file import is_plan, plan_tables
from wizard.scenario_file import Question
from wizard.store import alone, as_saved, from_tables, write_whole


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


def keep(path: Path, before: Plan, argued: Plan) -> None:
    """Write what argues a plan into its file; all else of the file stays as it is.

    InputError where the file does not hold the plan any more that was argued, or cannot be written.
    """
    with alone(path.parent):
        if plan_in(path) != before:
            raise InputError(Fault(str(path), "", "another plan by now", "the plan that was explained", "run it again"))
        tables = read_toml(path)
        parts = (argued.flips, argued.ranking)
        timeless = {
            name: part and part.model_copy(update={"seconds": 0.0})
            for name, part in zip(("flips", "ranking"), parts, strict=True)
        }
        write_whole(path, tomli_w.dumps({**tables, "plan": plan_tables(as_saved(argued.model_copy(update=timeless)))}))
