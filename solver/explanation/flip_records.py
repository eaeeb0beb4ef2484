"""Records of what would flip the decision."""

from math import inf
from typing import Literal

from pydantic import BaseModel, field_serializer

from solver.record import Part, Verdict


class Flip(Part, BaseModel):
    """One lever on one side: the move `by` (a factor, or steps) at which another verdict, or another plan, wins.

    `by` None: not within `still_by`, up to which the answer was still today's. `value_now` is the lever's value in
    `unit` today, `value` that at the flip, `value_reached` the farthest looked at; None where only the factor says
    something. `distance` is |log factor|, infinite without a flip. `options_after` are those of the plan that wins at
    the flip, `total_per_month` its cost there. `proven`: the solves behind it ended with a proof; `cut`: time ended the
    search on this side, so that a flip is known less closely, or none was found only so far.
    """

    lever: str
    title: str
    what: Literal["verdict", "plan"]
    side: Literal["up", "down"]
    unit: str = ""
    steps: bool = False
    by: float | None = None
    still_by: float = 1.0
    value_now: float | str | None = None
    value: float | str | None = None
    value_reached: float | str | None = None
    distance: float = inf
    before: Verdict
    after: Verdict | None = None
    options_before: tuple[str, ...] = ()
    options_after: tuple[str, ...] = ()
    total_per_month: float | None = None
    proven: bool = True
    cut: bool = False

    @field_serializer("distance")
    def _finite(self, distance: float) -> float | None:
        return None if distance == inf else distance


class Flips(Part, BaseModel):
    """All flips of a decision, the nearest first; `still` holds the levers that move nothing here, and why.

    `gap` is the relative one of the solves; with `cut`, time ended the search of some lever.
    """

    verdict: Verdict
    options: tuple[str, ...] = ()
    flips: tuple[Flip, ...] = ()
    still: dict[str, str] = {}
    gap: float = 1e-3
    cut: bool = False
    solves: int = 0
    seconds: float = 0.0
