"""Solve every saved plan's scenario anew and write the plan over it (`make baselines`). Read the diff."""

import sys
from pathlib import Path

from solver.decide import decide
from solver.plan import Plan, rounded
from wizard.commands.solve import catalog_of
from wizard.scenario_file import read_question
from wizard.store import SavedPlan, load, write_plan

SAVED = Path(__file__).parents[2] / "saved_plans"


def solved_again(path: Path) -> Plan:
    """The plan of the scenario in a saved plan, on the catalog as it is now."""
    question = read_question(path)
    return rounded(decide(question.scenario, catalog_of(question)))


def main() -> None:
    """Write each shipped plan anew, keeping its name and its date where nothing else has changed."""
    for path in sorted(SAVED.glob("*.toml")):
        saved = load(path)
        plan = solved_again(path)
        write_plan(SavedPlan(saved.name, saved.saved, read_question(path).scenario, plan), path, replace=True)
        sys.stdout.write(f"{path.name}: {plan.verdict}, {plan.total_per_month}\n")


if __name__ == "__main__":
    main()
