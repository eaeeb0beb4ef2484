"""How far a solve is, as the screen needs it, and how often it is told."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wizard.text.tables import BASELINES

if TYPE_CHECKING:
    from solver.solve import Progress

STAGES = {
    "options": "what may serve each segment, and what it costs",
    "solve": "the cheapest plan, and the proof that it is",
    "baselines": "the best plan of each strategy alone, beside it",
}
"""The stages as the screen shows them; a report of a pure strategy (`closed_api` ...) belongs to the last."""
EVERY_S = 0.5


@dataclass(frozen=True)
class Solving:
    """A solve under way: the stage by its place in STAGES, the best plan and the bound so far."""

    place: int = 0
    elapsed_s: float = 0.0
    best: float | None = None
    bound: float | None = None
    gap: float | None = None
    running: bool = False
    stopping: bool = False
    open_when_done: bool = True
    baselines: tuple[tuple[str, float], ...] = ()
    """What each strategy alone costs, as far as it is known, by its name."""

    def heard(self, progress: "Progress") -> "Solving":
        """The state after a report; a strategy's best and bound are not the plan's."""
        names = list(STAGES)
        place = names.index(progress.stage) if progress.stage in names else len(names) - 1
        if progress.stage in BASELINES and progress.best is not None:
            known = {**dict(self.baselines), progress.stage: progress.best}
            return replace(self, place=place, elapsed_s=progress.elapsed_s, baselines=tuple(known.items()))
        if progress.stage != "solve":
            return replace(self, place=place, elapsed_s=progress.elapsed_s)
        return replace(
            self, place=place, elapsed_s=progress.elapsed_s, best=progress.best, bound=progress.bound, gap=progress.gap
        )


def at_most_two_a_second(tell: Callable[["Progress"], object]) -> Callable[["Progress"], None]:
    """Pass on the first report of each stage, then one every half second of the solver's own clock, and its last."""
    last: dict[str, float] = {}
    held: list[Progress] = []

    def report(progress: "Progress") -> None:
        if held and held[0].stage != progress.stage:
            tell(held.pop())
        held.clear()
        before = last.get(progress.stage)
        if before is None or progress.elapsed_s - before >= EVERY_S:
            last[progress.stage] = progress.elapsed_s
            tell(progress)
        else:
            held.append(progress)

    return report
