"""Prices of the traffic at which the closed-form bounds of `pricing.py` are high: a few steps up the Lagrangian dual.

The bound of the plans with pools of given classes is concave in the prices, as each pool and each supplier takes what
is best for it: a step goes where the shares that all of them together serve less than once get dearer, and those that
they serve more than once cheaper. The bounds hold at any prices, so that a bad step costs time alone.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from solver.hour_rates import Rates
from solver.pricing import (
    most_gains,
    over_shares,
    pool_entry,
    sum_of,
    supplier_offers,
    ways_chosen,
    ways_needed,
)
from solver.problem import Array
from solver.program.data import Data
from solver.shortlist import merged_blocks
from solver.whole_units import whole_gains

STEPS = 40
LOOKED_AT = 50
"""Designs whose whole replicas are counted in a step, those of most gain first."""
PARTS = 8
"""Prices of a segment move together in so many groups of alike blocks on weekdays, and half as many at weekends."""
PATIENCE, SHORTEST = 3, 1 / 16
"""Steps without a better bound after which they aim half as high, and the part of it that is enough."""
NUDGE = 1e-6
"""Share of all prices by which one is moved to see the slope."""
HOPED = 0.1
"""A step aims at a bound that is higher by this share at most."""


class _Point(NamedTuple):
    """The bound at some prices, and its slope [d] along each move."""

    bound: float
    slope: Array


def ascended(
    data: Data, rates: Rates, on: tuple[str, ...], prices: Array, wanted: float, going: Callable[[], bool]
) -> Array:
    """Prices [s, b] at which plans with pools of just the classes `on` have a high bound, by steps from `prices`.

    Ends at a bound of `wanted`, after STEPS, where steps no longer help, or once `going` says no.
    """
    moves, offers = _moves(data), supplier_offers(data)
    here, length, waited = prices, 1.0, 0
    best, best_prices = _point(data, rates, on, prices, moves, offers), prices
    at = best
    for _ in range(STEPS):
        steepness = float(at.slope @ at.slope)
        if best.bound >= wanted or length < SHORTEST or not 0 < steepness < np.inf or not going():
            break
        target = min(wanted, best.bound + length * HOPED * abs(best.bound))
        step = (target - at.bound) / steepness
        here = np.maximum(here + step * np.tensordot(at.slope, moves, 1), 0.0)
        at = _point(data, rates, on, here, moves, offers)
        if at.bound > best.bound:
            best, best_prices, waited = at, here, 0
            continue
        waited += 1
        if waited == PATIENCE:
            at, here, length, waited = best, best_prices, length / 2, 0
    return best_prices


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


def _point(
    data: Data, rates: Rates, on: tuple[str, ...], prices: Array, moves: Array, offers: tuple[Array, Array]
) -> _Point:
    """The bound, with whole replicas for the designs of most gain, and how it changes along the moves."""
    problem, (fixed, cost) = data.problem, offers
    pools = np.zeros(len(problem.designs), dtype=bool)
    pools[data.pools] = True
    pools &= np.array([design.pool_class in on for design in problem.designs])
    value = np.where(pools, rates.opening - most_gains(data, rates, prices), np.inf)
    looked_at = np.argsort(value, kind="stable")[: min(LOOKED_AT, int(pools.sum()))]
    whole = rates.opening[looked_at] - whole_gains(data, rates, looked_at.tolist(), prices)
    value[looked_at] = np.maximum(value[looked_at], whole)
    suppliers = fixed - over_shares(data, np.maximum(prices - cost, 0.0))
    selfhost, classes = pool_entry(data, value)
    pools_needed, needed = ways_needed(data)
    ordered, sold = np.argsort(value, kind="stable"), np.argsort(suppliers, kind="stable")
    of_pools = value[ordered][: int(pools.sum())]
    least, n, j = ways_chosen(data, of_pools, suppliers[sold], needed, pools_needed)
    bound = sum_of(data, prices) + selfhost + sum(classes.get(name, 0.0) for name in on) + least
    if not np.isfinite(bound):
        return _Point(bound, np.zeros(len(moves)))
    nudge = NUDGE * max(sum_of(data, prices), 1.0)
    nudged = prices + nudge * np.concatenate((np.zeros_like(moves[:1]), moves))
    chosen = ordered[:n].tolist()
    each = whole_gains(data, rates, np.repeat(chosen, len(nudged)).tolist(), np.tile(nudged, (n, 1, 1)))
    gains = each.reshape(n, len(nudged)).sum(axis=0)
    gains += over_shares(data, np.maximum(nudged[:, None] - cost[sold[:j]], 0.0)).sum(axis=1)
    total = over_shares(data, nudged) - gains
    return _Point(bound, (total[1:] - total[0]) / nudge)
