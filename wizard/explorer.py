"""What the plan's screens ask of the solver beside the plan itself; a test gives an explorer of its own."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from solver.scenario import Scenario

if TYPE_CHECKING:
    from solver.explanation.exploring import Layers, LeverNow, Volume
    from solver.explanation.flip_records import Flips
    from solver.explanation.quick import Answer
    from solver.explanation.reasons import WhyNotTable
    from solver.plan import Plan
    from solver.record import Verdict


class Explorer(Protocol):
    """One decision looked at from many sides; every call may take seconds and is made in a thread."""

    def levers(self) -> "tuple[LeverNow, ...]":
        """Every lever as it stands."""

    def scenario_after(self, moves: Mapping[str, float]) -> Scenario:
        """The scenario with the moves made."""

    def values(self, moves: Mapping[str, float]) -> dict[str, float | str]:
        """What each lever stands at after the moves."""

    def kept(self, plan: "Plan", moves: Mapping[str, float], stop: threading.Event | None = None) -> float | None:
        """What the plan's own options cost with the levers moved; inf where they do not do, None where not known."""

    def answer(
        self, moves: Mapping[str, float], start: Collection[str] = (), stop: threading.Event | None = None
    ) -> "Answer":
        """The decision with the levers moved."""

    def flips(self, lever: str, stop: threading.Event | None = None) -> "Flips":
        """What of one lever flips the decision."""

    def volumes(self, tell: "Callable[[Volume], None]", stop: threading.Event) -> None:
        """Cost against volume, point by point."""

    def map(self, tell: "Callable[[float, float, Verdict], None]", stop: threading.Event) -> None:
        """The verdict by requests and GPU price, point by point."""

    def layers(self, plan: "Plan", stop: threading.Event | None = None) -> "Layers | None":
        """The load of a day by what serves it."""

    def must_use(self, option: str, stop: threading.Event | None = None) -> float | None:
        """What the cheapest plan costs that uses an option besides."""

    def why_not(self, plan: "Plan", stop: threading.Event | None = None) -> "WhyNotTable":
        """The options that the plan does not use."""


class Explore(Protocol):
    """Makes the explorer of a scenario; called in a thread, as it loads the catalog."""

    def __call__(self, scenario: Scenario, as_of: str | None = None) -> Explorer:
        """The explorer, with the prices of a day where asked."""


class Explored:
    """The explorer of one scenario, made once by whichever thread asks first, and what ends its solves."""

    def __init__(self, explore: Explore, scenario: Scenario, as_of: str | None = None) -> None:
        self.explore, self.scenario, self.as_of = explore, scenario, as_of
        self.over = threading.Event()
        self.running: set[threading.Event] = set()
        self._making = threading.Lock()
        self._made: Explorer | None = None

    def explorer(self) -> Explorer:
        """The explorer. Raises what making it raises."""
        with self._making:
            if self._made is None:
                self._made = self.explore(self.scenario, self.as_of)
            return self._made

    def stop(self) -> threading.Event:
        """An event for one solve, set at the end if not before."""
        event = threading.Event()
        self.running.add(event)
        if self.over.is_set():
            event.set()
        return event

    def end(self) -> None:
        """Stop all that runs; nothing is asked any more."""
        self.over.set()
        for event in tuple(self.running):
            event.set()
