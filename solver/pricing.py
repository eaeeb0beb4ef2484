"""What a plan costs at least, in closed form and without a solver: Lagrange on equation 1.

Price the serving of each share at p[s, b] (of a segment that may wait: of a day type's volume). What is left of a plan
falls apart into its pools and its suppliers, each at its best against the prices. The prices plus what each gains is
below every plan, whatever the prices are. What makes a pool's part easier only lowers the bound: its ways to buy as one
(the highest availability, the common box, as cheap as what is in force), serverless counted apart, contingencies, rate
limits and rules left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import inf

import numpy as np

from solver.hour_rates import MUCH, Rates
from solver.pool_choice import Family, choice, supplier_entry
from solver.problem import Array
from solver.program.data import Data
from solver.whole_units import whole_gains

CLOSE = 150
"""Designs whose whole replicas are counted, those of most gain first."""


def api_prices(data: Data) -> Array:
    """The cheapest API of each share [s, b]; inf where none may serve."""
    prices = np.full(data.load.shape, np.inf)
    for s, a in data.api_pairs:
        prices[s] = np.minimum(prices[s], data.request_cost[s, data.problem.apis[a].id] * data.requests[s])
    return prices


def sum_of(data: Data, prices: Array) -> float:
    """The prices of all traffic, each share once."""
    return float(over_shares(data, prices))


def over_shares(data: Data, worth: Array) -> Array:
    """The sum [...] of what shares are worth [..., s, b]: of a segment that may wait the best block of a day type."""
    waits = data.problem.may_wait
    total = worth[..., ~waits, :].sum(axis=(-2, -1))
    for s in np.flatnonzero(waits).tolist():
        for group in data.groups[s]:
            total = total + worth[..., s, list(group)].max(axis=-1)
    return np.asarray(total)


def most_gains(data: Data, rates: Rates, prices: Array) -> Array:
    """What each design [k] gains at most against the prices, replicas divided at will; quick, over all at once.

    Each share is served by the cheapest way, at most its tolerance by spot.
    """
    with np.errstate(invalid="ignore"):
        hour = np.einsum("sk,sb,b->skb", rates.busy, data.load, data.problem.blocks.hours)
        margin = prices[:, None, :] - rates.request[:, :, None] * data.requests[:, None, :]
        firm = np.maximum(margin - hour * _finite(rates.firm)[None, :, None], 0.0)
        spot = np.maximum(margin - hour * _finite(rates.spot)[None, :, None], firm)
    tolerance = data.problem.spot_tolerance[:, None, None]
    gain = np.where(rates.admissible[:, :, None], tolerance * spot + (1 - tolerance) * firm, 0.0)
    return over_shares(data, gain.transpose(1, 0, 2))


def _finite(price: Array) -> Array:
    return np.where(np.isfinite(price), price, MUCH)


@dataclass(frozen=True)
class Bounds:
    """What a plan costs at least a month: one with pools, and one with design k open [k] (inf: it may not serve)."""

    with_pools: float
    with_design: Array

    def and_at(self, other: "Bounds") -> "Bounds":
        """The better of two, each at its own prices."""
        return Bounds(
            max(self.with_pools, other.with_pools),
            np.maximum(self.with_design, other.with_design),
        )

    def or_of(self, other: "Bounds") -> "Bounds":
        """Of the plans of either."""
        return Bounds(
            min(self.with_pools, other.with_pools),
            np.minimum(self.with_design, other.with_design),
        )


@dataclass(frozen=True)
class Priced:
    """What plans fall apart into at some prices: those of `every` share, what pools [k] (inf: none) and suppliers [n]
    cost less what they gain, the latter in ascending order."""

    every: float
    value: Array
    suppliers: Array


def priced_at(data: Data, rates: Rates, prices: Array, families: Sequence[Family], worth_a_look: float = inf) -> Priced:
    """The parts of plans of some families at these prices [s, b].

    Designs that no plan under `worth_a_look` can hold are not looked at closely, nor are more than CLOSE of them.
    """
    pools = np.zeros(len(data.problem.designs), dtype=bool)
    for family in families:
        pools[list(family.alive)] = True
    value = np.where(pools, rates.opening - most_gains(data, rates, prices), inf)
    priced = Priced(sum_of(data, prices), value, np.sort(supplier_values(data, prices)))
    close = np.flatnonzero((bounds_of(data, priced, families).with_design < worth_a_look) & pools)
    looked_at = close[np.argsort(value[close], kind="stable")][:CLOSE]
    whole = rates.opening[looked_at] - whole_gains(data, rates, looked_at.tolist(), prices)
    value[looked_at] = np.maximum(value[looked_at], whole)
    return priced


def bounds_of(data: Data, priced: Priced, families: Sequence[Family]) -> Bounds:
    """The bounds of the plans of some families."""
    none = np.full(len(priced.value), inf)
    return reduce(Bounds.or_of, (bounds_in(data, priced, family) for family in families), Bounds(inf, none))


def supplier_values(data: Data, prices: Array) -> Array:
    """Fixed costs of each supplier less what its cheapest offers gain, rate limits left out."""
    fixed, cost = supplier_offers(data)
    return fixed - over_shares(data, np.maximum(prices - cost, 0.0))


def supplier_offers(data: Data) -> tuple[Array, Array]:
    """Each supplier's fixed costs [n], and what its cheapest offer for each share costs [n, s, b] (inf: none)."""
    problem = data.problem
    fixed = supplier_entry(problem)
    cheapest: dict[tuple[str, int], Array] = {}
    for s, a in data.api_pairs:
        api = problem.apis[a]
        cost = data.request_cost[s, api.id] * data.requests[s]
        if (rate := problem.unit_rate.get((s, api.id), 0.0)) > 0:  # units, as if they were always full
            cost = np.minimum(cost, api.unit_price * problem.blocks.hours * data.load[s] / rate)
        key = api.offer.provider, s
        cheapest[key] = np.minimum(cheapest[key], cost) if key in cheapest else cost
    names = {name: n for n, name in enumerate(dict.fromkeys(name for name, _ in cheapest))}
    costs = np.full((len(names), *data.load.shape), inf)
    for (name, s), cost in cheapest.items():
        costs[names[name], s] = cost
    return np.array([fixed.get(name, 0.0) for name in names]), costs


def bounds_in(data: Data, priced: Priced, family: Family) -> Bounds:
    """The least sum of prices, classes, pools, people and suppliers, of the plans of a family."""
    value, none = priced.value, np.full(len(priced.value), inf)
    found = choice(data, value, priced.suppliers, family)
    if found is None:
        return Bounds(inf, none)
    fixed = priced.every + found.fixed
    with_design = none.copy()
    others = value[found.others]
    best = np.full(len(others), inf)
    for n in range(1, len(found.beside)):  # the first n others, of which the last gives way to one that is not there
        best = np.minimum(best, found.sums[n - 1] + np.maximum(others, others[n - 1]) + found.beside[n])
    with_design[found.others] = fixed + best
    for group, first in zip(family.some, found.firsts, strict=True):  # one for its group, whose first is free to join
        members = [k for k in group if value[k] < inf]
        free = np.concatenate(([0.0], np.cumsum(np.sort([value[first], *others]))))[: len(found.beside)]
        total = fixed + found.sums[0] - value[first] + value[members] + float((free + found.beside).min())
        with_design[members] = np.minimum(with_design[members], total)
    least = priced.every + found.least
    return Bounds(least, np.maximum(with_design, least))
