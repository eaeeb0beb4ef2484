"""A robust decision: the one of least worst-case regret, or of least cost at a quantile, and what the insurance costs.

The candidates are decisions that some optimum makes: those of today's strategies and of the corner worlds. What they
sign stays in every world, the rest adapts.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from solver.explanation.branches import Effort
from solver.explanation.outlook import GAP, NAMES, ROUGH, Imagined, signed_words
from solver.explanation.outlook_records import StrategyName
from solver.problem import Array
from solver.record import Part
from solver.world_costs import Costs, costs_in
from solver.worlds import World

By = Literal["regret", "quantile"]


class Rival(Part):
    """A decision over the worlds: the mean of its cost, its largest regret, its cost at the quantile, and as it is.

    None where it has no plan in some world, or with the figures as they are.
    """

    strategy: StrategyName
    signed: tuple[str, ...] = ()
    mean: float | None
    worst_regret: float | None
    at_quantile: float | None
    now: float | None = None


class Robust(Part):
    """The robust decision beside the recommended one.

    `value` is its worst-case regret, or its cost at `quantile`, a month; `recommended_value` that of the recommended
    plan. `insurance_per_month` is what it costs more on the mean of the worlds, `insurance_now` with the figures as
    they are; below 0: less. `same` says that the recommended plan is itself the robust one.
    """

    by: By
    quantile: float | None
    chosen: Rival
    recommended: Rival
    value: float
    recommended_value: float | None
    insurance_per_month: float | None
    insurance_now: float | None
    same: bool
    rivals: tuple[Rival, ...]


def robust(found: Imagined, by: By, quantile: float | None = None) -> Robust | None:
    """The robust decision among those costed; None where each of them lacks a plan in some world."""
    now = costs_in(found.forecast, [World()], found.costs.decisions, Effort(GAP, ROUGH.limit_s)).of[0]
    return chosen_of(found.costs, found.plan, by, quantile, now)


def chosen_of(costs: Costs, at: int, by: By, quantile: float | None, now: Sequence[float] | Array) -> Robust | None:
    """The robust decision from costs alone; of equals the recommended one, then the first."""
    share = 0.9 if quantile is None else quantile
    rivals = tuple(_rival(costs, d, share, float(now[d])) for d in range(len(costs.decisions)))
    values = [each.worst_regret if by == "regret" else each.at_quantile for each in rivals]
    order = sorted(range(len(rivals)), key=lambda d: (values[d] is None, values[d] or 0.0, d != at, d))
    first = order[0]
    least = values[first]
    if least is None:
        return None
    chosen, mine = rivals[first], rivals[at]
    return Robust(
        by=by, quantile=None if by == "regret" else share, chosen=chosen, recommended=mine, value=least,
        recommended_value=values[at], insurance_per_month=_less(chosen.mean, mine.mean),
        insurance_now=_less(chosen.now, mine.now), same=first == at, rivals=tuple(rivals[d] for d in order),
    )  # fmt: skip


def _less(more: float | None, less: float | None) -> float | None:
    return None if more is None or less is None else more - less


def _rival(costs: Costs, d: int, quantile: float, now: float) -> Rival:
    decision, cost, regret = costs.decisions[d], costs.of[:, d], costs.regret[:, d]
    known = bool(np.isfinite(cost).all())
    return Rival(
        strategy=NAMES[decision.branch],
        signed=signed_words(decision),
        mean=float(cost.mean()) if known else None,
        worst_regret=float(regret.max()) if known else None,
        at_quantile=float(np.quantile(cost, quantile)) if known else None,
        now=now if np.isfinite(now) else None,
    )
