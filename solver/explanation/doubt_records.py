"""Records of doubts in the order in which to settle them. Money is a month, in the plan's currency."""

from typing import Literal

from solver.record import Part, Verdict

Kind = Literal["range", "estimate", "default", "price", "speed", "score"]
End = Literal["low", "high", ""]


class RankedDoubt(Part):
    """One doubt. `action` is what settles it; `low` and `high` are what was tried, in `unit`, None where it was not.

    `decides_per_month` is at stake: where the other side (APIs, pools) wins at an end, what keeping today's would cost
    more there; else by how much the recommended plan's cost moves at the most. None: no plan is left there. `nearness`
    is how far to that end the verdict flips, 0 to 1 (of a score: its margin in tenths of the floor, at most 1); None
    where it does not. `then` is the verdict there.
    """

    kind: Kind
    subject: str
    action: str
    unit: str
    told: float | None
    low: float | None
    high: float | None
    flips: bool
    nearness: float | None
    at: End
    then: Verdict | None
    decides_per_month: float | None
    why: str = ""


class RankedDoubts(Part):
    """The doubts, those that flip the verdict ahead, nearest first; `cut` were not looked at within the time."""

    verdict: Verdict
    doubts: tuple[RankedDoubt, ...]
    cut: int = 0
    solves: int = 0
    seconds: float = 0.0
