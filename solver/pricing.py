"""What a plan costs at least, in closed form and without a solver: Lagrange on equation 1.

Price the serving of each share at p[s, b] (of a segment that may wait: of a day type's volume). What is left of a plan
falls apart into its pools and its suppliers, each at its best against the prices. The prices plus what each gains is
below every plan, whatever the prices are. What makes a pool's part easier only lowers the bound: its ways to buy as one
(the highest availability, the common box, as cheap as what is in force), serverless counted apart, contingencies, rate
limits and rules left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import ceil, inf

import numpy as np

from solver.hour_rates import MUCH, Rates
from solver.problem import Array
from solver.program.data import Data
from solver.whole_units import whole_gains

CLOSE = 400
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
    """What a plan costs at least a month: one with pools, one in which design k is open [k], and is alone [k].

    Infinite for what may not serve.
    """

    with_pools: float
    with_design: Array
    alone: Array

    def and_at(self, other: "Bounds") -> "Bounds":
        """The better of two, each at its own prices."""
        return Bounds(
            max(self.with_pools, other.with_pools),
            np.maximum(self.with_design, other.with_design),
            np.maximum(self.alone, other.alone),
        )

    def or_of(self, other: "Bounds") -> "Bounds":
        """Of the plans of either."""
        return Bounds(
            min(self.with_pools, other.with_pools),
            np.minimum(self.with_design, other.with_design),
            np.minimum(self.alone, other.alone),
        )


@dataclass(frozen=True)
class Priced:
    """What plans fall apart into at some prices: those of `every` share, what pools [k] (inf: none) and suppliers [n]
    cost less what they gain, the latter in ascending order."""

    every: float
    value: Array
    suppliers: Array


def priced_at(data: Data, rates: Rates, prices: Array, worth_a_look: float = inf) -> Priced:
    """The parts of plans at these prices [s, b].

    Designs that no plan under `worth_a_look` can hold are not looked at closely, nor are more than CLOSE of them.
    """
    pools = np.zeros(len(data.problem.designs), dtype=bool)
    pools[data.pools] = True
    value = np.where(pools, rates.opening - most_gains(data, rates, prices), inf)
    priced = Priced(sum_of(data, prices), value, np.sort(supplier_values(data, prices)))
    close = np.flatnonzero((bounds_in(data, priced).with_design < worth_a_look) & pools)
    looked_at = close[np.argsort(value[close], kind="stable")][:CLOSE]
    whole = rates.opening[looked_at] - whole_gains(data, rates, looked_at.tolist(), prices)
    value[looked_at] = np.maximum(value[looked_at], whole)
    return priced


def bounds_of(data: Data, rates: Rates, prices: Array, worth_a_look: float = inf) -> Bounds:
    """The bounds of all plans at these prices; `worth_a_look` as in `priced_at`."""
    return bounds_in(data, priced_at(data, rates, prices, worth_a_look))


def supplier_values(data: Data, prices: Array) -> Array:
    """Fixed costs of each supplier less what its cheapest offers gain, rate limits left out."""
    fixed, cost = supplier_offers(data)
    return fixed - over_shares(data, np.maximum(prices - cost, 0.0))


def supplier_offers(data: Data) -> tuple[Array, Array]:
    """Each supplier's fixed costs [n], and what its cheapest offer for each share costs [n, s, b] (inf: none)."""
    problem = data.problem
    fixed: dict[str, float] = {}
    for each in problem.fixed_costs:
        if each.trigger[0] == "supplier":
            fixed[each.trigger[1]] = fixed.get(each.trigger[1], 0.0) + each.per_month
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


def bounds_in(data: Data, priced: Priced, on: tuple[str, ...] = ()) -> Bounds:
    """The least sum of prices, classes, pools, people and suppliers, of plans with pools of just the classes `on`.

    Where that is empty, of every set of classes.
    """
    problem, value, suppliers = data.problem, priced.value, priced.suppliers
    selfhost, classes = pool_entry(data, value)
    if not on:
        none = np.full(len(value), inf)
        sets = (bounds_in(data, priced, names) for names in class_sets(list(classes)))
        return reduce(Bounds.or_of, sets, Bounds(inf, none, none))
    of, (pools, needed) = np.array([design.pool_class for design in problem.designs]), ways_needed(data)
    fixed = priced.every + selfhost + sum(classes.get(name, inf) for name in on)
    members = np.isin(of, on) & (value < inf)
    ordered = np.sort(value[members])
    sums, beside = _by_pools(data, ordered, suppliers, needed, max(pools, len(on)))
    with_design, alone = np.full(len(value), inf), np.full(len(value), inf)
    for n in range(1, len(sums)):  # the first n, of which the last gives way where the design is not among them
        total = fixed + sums[n - 1] + beside[n] + np.maximum(value[members], ordered[n - 1])
        with_design[members] = np.minimum(with_design[members], total)
    if len(on) == 1 and pools == 1:
        alone[members] = fixed + value[members] + float(np.minimum(suppliers, 0.0).sum())
    return Bounds(fixed + float(np.min(sums + beside, initial=inf)), with_design, alone)


def pool_entry(data: Data, value: Array) -> tuple[float, dict[str, float]]:
    """What is paid once any pool is open, and by class once one of it is, of the classes of designs with a value."""
    problem = data.problem
    classes: dict[str, float] = {design.pool_class: 0.0 for k, design in enumerate(problem.designs) if value[k] < inf}
    selfhost = 0.0
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "class" and cost.trigger[1] in classes:
            classes[cost.trigger[1]] += cost.per_month
        if cost.trigger[0] == "selfhost":
            selfhost += cost.per_month
    return selfhost, classes


def ways_needed(data: Data) -> tuple[int, int]:
    """Pools that every plan with pools has at least, and pools and suppliers together.

    Two where a covered segment may lose any provider of those that may serve it, two pools where no API may.
    """
    problem = data.problem
    pools, ways = 1, max(1, problem.rules.min_suppliers or 1)
    lost = {problem.contingencies[c].of for c in data.lost if problem.contingencies[c].kind == "provider"}
    for s in np.flatnonzero(problem.coverage > 0).tolist() if problem.coverage is not None else ():
        of_apis = {problem.apis[a].offer.provider for other, a in data.api_pairs if other == s}
        if of_apis | {problem.designs[k].provider for other, k in data.pool_pairs if other == s} <= lost:
            pools, ways = pools if of_apis else 2, max(2, ways)
    return pools, ways


def class_sets(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Every set of classes that may be on, but for none."""
    for size in range(1, len(names) + 1):
        yield from combinations(sorted(names), size)


def least_ways(data: Data, pools: Array, suppliers: Array, needed: int, least_pools: int) -> float:
    """Least sum of the first n pools (ascending), their people, and the first j suppliers, n + j >= needed."""
    return ways_chosen(data, pools, suppliers, needed, least_pools)[0]


def ways_chosen(data: Data, pools: Array, suppliers: Array, needed: int, least_pools: int) -> tuple[float, int, int]:
    """That sum, n and j; infinite where there are too few."""
    sums, beside = _by_pools(data, pools, suppliers, needed, least_pools)
    n = int(np.argmin(sums + beside))
    least = float(sums[n] + beside[n])
    return (least, n, _suppliers_beside(suppliers, needed, n)) if least < inf else (inf, 0, 0)


def _by_pools(data: Data, pools: Array, suppliers: Array, needed: int, least_pools: int) -> tuple[Array, Array]:
    """By their number n from 0: the sum of the first n pools, and their people and suppliers (inf: too few)."""
    people, rules = data.problem.people, data.problem.rules
    step = people.fte * people.price_per_fte_month if people else 0.0
    size = people.designs if people else 1
    most = min(len(pools), rules.max_pool_designs if rules.max_pool_designs is not None else len(pools))
    most = min(most, int(np.count_nonzero(pools < 0)) + max(needed, least_pools))
    sold = np.concatenate(([0.0], np.cumsum(suppliers)))
    beside = np.full(most + 1, inf)
    for n in range(least_pools, most + 1):
        j = _suppliers_beside(suppliers, needed, n)
        if j < len(sold):
            beside[n] = sold[j] + step * max(0, ceil(max(n, 1) / size) - 1)
    return np.concatenate(([0.0], np.cumsum(pools[:most]))), beside


def _suppliers_beside(suppliers: Array, needed: int, pools: int) -> int:
    """How many suppliers a plan has at least beside so many pools: those that gain, or as many as it needs ways."""
    return max(int(np.count_nonzero(suppliers < 0)), needed - pools)
