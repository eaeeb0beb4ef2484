"""Whether the plan that a file holds may be explained as it stands."""

import argparse

from solver.plan import Plan
from wizard.commands.solve import catalog_of
from wizard.scenario_file import Question


def moved_since(plan: Plan, question: Question, options: argparse.Namespace) -> str:
    """Why a saved plan is no answer to the question any more; empty where it stands."""
    if options.sets or options.overlay:
        return "what was asked has changed"
    as_of = catalog_of(question).as_of
    return "" if plan.catalog_as_of == as_of else f"the catalog is of {as_of} now, it was of {plan.catalog_as_of}"
