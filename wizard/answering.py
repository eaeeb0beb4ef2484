"""Who answers the faces' questions: the solver with the catalog that a scenario is solved with. No screen."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from solver.plan import Plan
from solver.scenario import Scenario
from wizard.scenario_file import Question

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.solve import Progress
    from wizard.explorer import Explorer

LIMIT_S = 60.0


def catalog_of_scenario(scenario: Scenario, as_of: str | None = None) -> "Catalog":
    """The catalog that a scenario is solved with: its currency, its own tables on top, today's or of a day."""
    from wizard.commands.solve import catalog_of

    return catalog_of(Question(scenario, (("the scenario", scenario.catalog),) if scenario.catalog else ()), as_of)


def solve(
    scenario: Scenario, on_progress: Callable[["Progress"], None], stop: threading.Event, as_of: str | None = None
) -> Plan:
    """Solve as the command line does: the same catalog, the same decision. `as_of`: with the prices of that day."""
    from solver.conflicts import with_conflict
    from solver.decide import decide
    from solver.plan import rounded
    from wizard.commands.solve import faults_in, today

    with faults_in("your answers"):
        catalog = catalog_of_scenario(scenario, as_of)
        plan = decide(scenario, catalog, limit_s=LIMIT_S, on_progress=on_progress, stop=stop, day=today())
        return rounded(with_conflict(plan, scenario, catalog, LIMIT_S, stop))


def explore(scenario: Scenario, as_of: str | None = None) -> "Explorer":
    """What a scenario's plan can be asked further, on the catalog of today or of a day."""
    from solver.explanation.exploring import Exploring

    return Exploring(scenario, catalog_of_scenario(scenario, as_of))
