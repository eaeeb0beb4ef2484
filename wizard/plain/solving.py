"""The solve behind the plain questions: the one of the command line, each stage told once."""

import argparse
from typing import TYPE_CHECKING

from solver.plan import Plan
from solver.scenario import Scenario
from wizard.exits import say
from wizard.progress import STAGES
from wizard.scenario_file import Question

if TYPE_CHECKING:
    from solver.solve import Progress

LIMIT_S = 60.0


def solved(scenario: Scenario) -> Plan:
    """The plan of a scenario, rounded as it is saved; InputError when scenario or catalog cannot be used."""
    from wizard.commands.solve import decided

    overlays = (("the scenario", scenario.catalog),) if scenario.catalog else ()
    options = argparse.Namespace(gap=1e-4, limit=LIMIT_S, verbose=False, all=False)
    say(f"Solving, at most {LIMIT_S:.0f} s; ctrl+c takes the best plan found.")
    told: set[str] = set()

    def tell(progress: "Progress") -> None:
        if progress.stage in STAGES and progress.stage not in told:
            told.add(progress.stage)
            say(f"{progress.stage}: {STAGES[progress.stage]}")

    return decided(Question(scenario, overlays, "your answers"), options, tell)
