"""What the solving thread tells the app, and what the app asks of a solver."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from textual.message import Message

from solver.plan import Plan
from solver.scenario import Scenario

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.solve import Progress


class Solve(Protocol):
    """The solver as the app knows it: scenario in, plan out; it tells how far it is and heeds `stop`."""

    def __call__(
        self,
        scenario: Scenario,
        on_progress: Callable[["Progress"], None],
        stop: threading.Event,
        as_of: str | None = None,
    ) -> Plan:
        """Solve, with the prices of a day where asked; InputError when scenario or catalog cannot be used."""


class Progressed(Message):
    """How far the solve is."""

    def __init__(self, progress: "Progress") -> None:
        self.progress = progress
        super().__init__()


class Ended(Message):
    """The solve ended: with a plan, or with one line on why there is none."""

    def __init__(self, scenario: Scenario, plan: Plan | None, says: str = "") -> None:
        self.scenario, self.plan, self.says = scenario, plan, says
        super().__init__()


class Loaded(Message):
    """The catalog is there, or one line says why not; without it effects are told without its figures."""

    def __init__(self, catalog: "Catalog | None", says: str = "") -> None:
        self.catalog, self.says = catalog, says
        super().__init__()
