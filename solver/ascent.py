"""Prices of the traffic at which the closed-form bounds of `pricing.py` are high: a few steps up the Lagrangian dual.

The bound of the plans with pools of given classes is concave in the prices, as each pool and each supplier takes what
is best for it, and its slope is how much less than once all of them together serve a share. Each step goes to the top
of what the slopes so far allow, near the best prices (cutting planes in a trust region: Marsten, Hogan and Blankenship,
"The Boxstep Method for Large-Scale Optimization", 1975). The bounds hold at any prices, so that a bad step costs time
alone.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pulp

from solver.hour_rates import Rates
from solver.pool_choice import Family, choice, suppliers_beside
from solver.pricing import most_gains, over_shares, sum_of, supplier_offers
from solver.problem import Array
from solver.program.constraints import at_most
from solver.program.data import Data
from solver.shortlist import merged_blocks
from solver.solve import least_at
from solver.whole_units import whole_gains

STEPS = 40
AT_ONCE, MOST = 25, 100
"""Designs whose whole replicas are counted at a time, those of most gain first, until no other can matter; at most."""
PARTS = 8
"""Prices of a segment move together in so many groups of alike blocks on weekdays, and half as many at weekends."""
WIDTH, WIDEST, NARROWEST = 0.15, 0.5, 0.01
"""How far a step may move a price, as a share of where it began: at first, at most, and where steps end."""
WIDER, NARROWER = 1.5, 0.7
GOOD = 0.1
"""Of the rise that the slopes promise, what a step must bring for the next one to go further."""
LITTLE, PATIENCE = 0.1, 5
"""Steps end where so many of them rose by less than this part of what is missing."""
OFF = 1e-3
"""Points are off the tops by up to this part of a step, as slopes where pools break even are those of one side."""
GOLDEN = (5**0.5 - 1) / 2
NUDGE = 1e-6
"""Share of all prices by which one is moved to see the slope."""


class _Point(NamedTuple):
    """The bound where prices are moved so far [d], and its slope [d] along each move."""

    moved: Array
    bound: float
    slope: Array


class _Dual(NamedTuple):
    """What the bound is of, at prices from `start` on along `moves` [d, s, b]; `offers` are what suppliers charge."""

    data: Data
    rates: Rates
    family: Family
    start: Array
    moves: Array
    offers: tuple[Array, Array]

    def prices(self, moved: Array) -> Array:
        """Prices [s, b] after these moves [d]."""
        return np.maximum(self.start + np.tensordot(moved, self.moves, 1), 0.0)


def ascended(
    data: Data, rates: Rates, family: Family, prices: Array, wanted: float, going: Callable[[], bool]
) -> Array:
    """Prices [s, b] at which the plans of a family have a high bound, by steps from `prices`.

    Ends at a bound of `wanted`, after STEPS, where steps no longer help, or once `going` says no.
    """
    moves = _moves(data)
    dual = _Dual(data, rates, family, prices, moves, supplier_offers(data))
    along = np.tensordot(moves, prices, 2) / (moves**2).sum(axis=(1, 2))
    along = np.maximum(along, NUDGE * along.max())
    off = OFF * along * (np.arange(1, len(moves) + 1) * GOLDEN % 1 - GOLDEN / 2)
    best = _point(dual, WIDTH * off)
    points, width, risen = [best], WIDTH, [best.bound]
    for _ in range(STEPS):
        if not -np.inf < best.bound < wanted or width < NARROWEST or not going():
            break
        moved, promised = _top(points, best.moved, width * along, wanted)
        slow = len(risen) > PATIENCE and best.bound - risen[-PATIENCE] < LITTLE * (wanted - best.bound)
        if slow or promised <= best.bound:
            break
        points.append(_point(dual, moved + width * off))
        good = points[-1].bound > best.bound + GOOD * (promised - best.bound)
        width = min(width * WIDER, WIDEST) if good else width * NARROWER
        best = max(best, points[-1], key=lambda point: point.bound)
        risen.append(best.bound)
    return dual.prices(best.moved)


def _top(points: list[_Point], around: Array, reach: Array, wanted: float) -> tuple[Array, float]:
    """The moves within reach at which the slopes at all points allow the highest bound, and that bound."""
    lp = pulp.LpProblem("top", pulp.LpMaximize)
    limits = zip(around - reach, around + reach, strict=True)
    moves = [lp.add_variable(f"move_{d}", low, high) for d, (low, high) in enumerate(limits)]
    top = lp.add_variable("top", None, wanted if np.isfinite(wanted) else None)
    rows = [
        at_most(f"below_{i}", {top: 1.0, **dict(zip(moves, -slope, strict=True))}, bound - float(slope @ moved))
        for i, (moved, bound, slope) in enumerate(points)
    ]
    *found, promised = least_at([*moves, top], {top: -1.0}, rows)
    return np.array(found), promised


def _moves(data: Data) -> Array:
    """Ways to change prices [d, s, b]: of a segment in alike blocks, the same for each request, or in a day type."""
    _, alike = merged_blocks(data.problem.blocks, PARTS)
    moves = []
    for s, waits in enumerate(data.problem.may_wait.tolist()):
        for group in data.groups[s] if waits else alike:
            move = np.zeros(data.load.shape)
            part = data.requests[s, list(group)]
            move[s, list(group)] = 1.0 if waits else part / max(float(part.sum()), 1e-300)
            moves.append(move)
    return np.array(moves)


def _point(dual: _Dual, moved: Array) -> _Point:
    """The bound, with whole replicas for the designs that matter, and how it changes along the moves."""
    data, rates, moves, prices = dual.data, dual.rates, dual.moves, dual.prices(moved)
    fixed, cost = dual.offers
    value = _values(dual, prices)
    suppliers = fixed - over_shares(data, np.maximum(prices - cost, 0.0))
    sold = np.argsort(suppliers, kind="stable")
    found = choice(data, value, suppliers[sold], dual.family)
    if found is None:
        return _Point(moved, np.inf, np.zeros(len(moves)))
    nudge = NUDGE * max(sum_of(data, prices), 1.0)
    nudged = prices + nudge * np.concatenate((np.zeros_like(moves[:1]), moves))
    pools = found.pools
    each = whole_gains(data, rates, np.repeat(pools, len(nudged)).tolist(), np.tile(nudged, (len(pools), 1, 1)))
    gains = each.reshape(len(pools), len(nudged)).sum(axis=0)
    taken = sold[: suppliers_beside(suppliers, dual.family.ways[1], len(pools))]
    gains += over_shares(data, np.maximum(nudged[:, None] - cost[taken], 0.0)).sum(axis=1)
    total = over_shares(data, nudged) - gains
    return _Point(moved, sum_of(data, prices) + found.least, (total[1:] - total[0]) / nudge)


def _values(dual: _Dual, prices: Array) -> Array:
    """What each design [k] costs less what it gains (inf: not there), in whole replicas where a plan may take it."""
    data, rates, family = dual.data, dual.rates, dual.family
    there = np.isin(np.arange(len(rates.opening)), family.alive)
    value = np.where(there, rates.opening - most_gains(data, rates, prices), np.inf)
    seen: list[float] = []

    def look_at(designs: list[int]) -> None:
        gains = whole_gains(data, rates, designs, prices)
        value[designs] = np.maximum(value[designs], rates.opening[designs] - gains)
        seen.extend(value[designs].tolist())
        seen.sort()

    firsts = [k for group in family.some for k in sorted(group, key=lambda k: value[k])[:AT_ONCE]]
    look_at(firsts)
    ordered = np.argsort(value, kind="stable")[: len(family.alive)].tolist()
    left = [k for k in ordered if k not in set(firsts)][:MOST]
    needed = sum(family.ways)
    most = data.problem.rules.max_pool_designs or len(ordered)
    while left and (len(seen) < needed or value[left[0]] < max(seen[needed - 1], min([0.0, *seen[most - 1 : most]]))):
        look_at(left[:AT_ONCE])
        left = left[AT_ONCE:]
    return value
