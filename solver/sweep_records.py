"""Records of a sweep: what was varied, and the curve of every strategy and of the optimum along it."""

from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

from solver.plan import BaselineName
from solver.problem import PoolClass
from solver.record import Part, Verdict

SWEEP: Literal["wizard.sweep/1"] = "wizard.sweep/1"


class Vary(NamedTuple):
    """A lever and the moves (factors, or steps) at which it is looked at, ascending; `log` where they are ratios."""

    lever: str
    moves: tuple[float, ...]
    log: bool = True


class Axis(Part, BaseModel):
    """What was varied: the lever's words, its unit, and the value at each move; None where only the factor is told."""

    lever: str
    title: str
    unit: str
    steps: bool
    log: bool
    moves: tuple[float, ...]
    values: tuple[float | str | None, ...]


class SweepPoint(Part, BaseModel):
    """The decision at one move of each lever; money a month.

    `strategies` holds the best plan of each pure strategy, None where it has none; `pools` the classes of pools that
    the self-hosted one opens; `winner` the cheapest of them but today's. `cheapest` is the optimum, `verdict` and
    `total_per_month` what is recommended. `proven`: no solve was ended by time.
    """

    moves: tuple[float, ...]
    strategies: dict[BaselineName, float | None]
    pools: tuple[PoolClass, ...] = ()
    winner: BaselineName | None
    cheapest: Verdict
    cheapest_per_month: float | None
    bound_per_month: float | None
    verdict: Verdict
    total_per_month: float | None
    proven: bool


class Sweep(Part, BaseModel):
    """All points, the last lever moving fastest; `gap` is the relative one of each solve."""

    schema_: Literal["wizard.sweep/1"] = Field(default=SWEEP, alias="schema")
    currency: str
    axes: tuple[Axis, ...]
    points: tuple[SweepPoint, ...]
    gap: float
