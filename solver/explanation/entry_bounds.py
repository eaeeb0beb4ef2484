"""Above which price an option cannot enter a plan, in closed form: many options at once, no solver.

`pricing.py` bounds a plan by prices of the traffic: what is left falls apart into pools and suppliers, each at its
best. Of the part of the option in question only its own price changes, so the bound is C + value(f), where C is what
everything else leaves at the least with the option in. No plan that uses the option costs less; where that is at least
the present cost V even at a price of 0, it never enters.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from solver.hour_rates import Rates, rates_of
from solver.pool_choice import class_sets, least_ways, pool_entry, supplier_entry, ways_needed
from solver.pricing import most_gains, sum_of, supplier_values
from solver.problem import Array
from solver.program.data import Data
from solver.whole_units import whole_gains

HALVINGS = 20
MOST = 16.0
"""So far above their prices of today options are told apart."""
CLOSE = 400
"""Designs whose whole replicas are counted, the nearest first."""
CLOSELY = 8
FIRST = -1e9
"""Less a month than any pool comes to."""


@dataclass(frozen=True)
class Ceilings:
    """The factor on its price above which an option enters no plan that is cheaper: of designs [k], of APIs [a].

    -1: at none, even for free; 1: the bound says nothing. `beside` is the same of designs in plans with another pool as
    well, `with_pools` of APIs in plans with any pool: above it, plans without are all there are.
    """

    designs: Array
    apis: Array
    beside: Array
    with_pools: Array

    def and_at(self, other: "Ceilings") -> "Ceilings":
        """The lower of two, each at its own prices."""
        return Ceilings(*map(np.minimum, vars(self).values(), vars(other).values()))


def nearness_of(data: Data, prices: Array) -> Ceilings:
    """The ceilings as if the bound itself were the cost to beat, above 1 too: in which order options come near."""
    rates = rates_of(data)
    return ceilings_of(data, prices, min(*at_least(data, rates, prices)), 0, MOST)


def ceilings_of(data: Data, prices: Array, now: float, close: int = CLOSE, most: float = 1.0) -> Ceilings:
    """The ceilings at these prices of the traffic [s, b], `now` being the present cost a month; `most` at the most."""
    rates = rates_of(data)
    return Ceilings(
        _designs(data, rates, prices, now, close, 0, most),
        _apis(data, prices, now, min(*at_least(data, rates, prices)), most),
        _designs(data, rates, prices, now, 0, 1, most),
        _apis(data, prices, now, at_least(data, rates, prices)[1], most),
    )


def own_ceilings(data: Data, prices: Array, now: float, own: Collection[int]) -> Array:
    """The ceilings of designs [k] in plans whose other pools are among `own`, whatever their APIs."""
    return _designs(data, rates_of(data), prices, now, CLOSE, 0, 1.0, own)


def _designs(
    data: Data,
    rates: Rates,
    prices: Array,
    now: float,
    close: int,
    others: int,
    most: float,
    own: Collection[int] | None = None,
) -> Array:
    """The ceilings of designs in plans with so many other pools at least; `close` of them in whole replicas."""
    count = len(data.problem.designs)
    pools = np.zeros(count, dtype=bool)
    pools[data.pools] = True
    if not pools.any():
        return np.full(count, -1.0)
    value = np.where(pools, rates.opening - most_gains(data, rates, prices), inf)
    if own is not None:
        rows = sorted(own)
        value[rows] = np.maximum(value[rows], rates.opening[rows] - whole_gains(data, rates, rows, prices))
    room = now - sum_of(data, prices) - _beside(data, value, np.sort(supplier_values(data, prices)), others, own)

    def fits(factor: Array) -> Array:
        """What is left of V with each design at its factor; below 0 it does not enter."""
        return room - rates.opening + most_gains(data, _scaled(rates, factor), prices)

    never = ~pools | (fits(np.zeros(count)) <= 0)
    low, high = np.zeros(count), np.full(count, most)
    always = fits(high) > 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = fits(middle) > 0
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    found = np.where(never, -1.0, np.where(always, most, high))
    near = np.flatnonzero(~never)
    near = near[np.argsort(-found[near], kind="stable")][:close]
    if len(near):
        found[near] = _closely(data, rates, prices, room[near], near.tolist(), found[near])
    return np.asarray(found)


def _scaled(rates: Rates, factor: Array) -> Rates:
    """Rates of designs whose hours cost `factor` [k] of what they do."""

    def at(price: Array) -> Array:
        sold = np.isfinite(price)
        return np.asarray(np.where(sold, np.where(sold, price, 0.0) * factor, inf))

    return replace(rates, committed=at(rates.committed), hourly=at(rates.hourly), spot=at(rates.spot))


def _closely(data: Data, rates: Rates, prices: Array, room: Array, rows: list[int], ceiling: Array) -> Array:
    """The same with whole replicas, which gain less; of those that still enter at their ceiling, it stays."""

    def fits(places: list[int], factor: Array) -> Array:
        few = [rows[place] for place in places]
        by = dict(zip(few, factor.tolist(), strict=True))
        each = np.ones(len(rates.opening))
        each[few] = factor
        ways = {(k, m): replace(way, price=way.price * by[k]) for (k, m), way in data.purchases.items() if k in by}
        gains = whole_gains(replace(data, purchases=ways), _scaled(rates, each), few, prices)
        return np.asarray(room[places] - rates.opening[few] + gains)

    found = ceiling.copy()
    less = np.flatnonzero(fits([*range(len(rows))], ceiling) <= 0).tolist()
    low, high = np.zeros(len(less)), ceiling[less]
    for _ in range(CLOSELY if len(less) else 0):
        middle = (low + high) / 2
        inside = fits(less, middle) > 0
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    found[less] = high
    return found


def _beside(data: Data, value: Array, suppliers: Array, least_others: int, own: Collection[int] | None = None) -> Array:
    """What people, the other pools and the suppliers of a plan with design k open come to at the least, [k].

    With `own` the other pools are among these. Design k is the first of the pools counted, at FIRST, so that it is
    always among them.
    """
    problem = data.problem
    selfhost, classes = pool_entry(data, value)
    of = np.array([design.pool_class for design in problem.designs])
    (pools_needed, needed), least = ways_needed(data), np.full(len(value), inf)
    mine = np.ones(len(value), dtype=bool)
    if own is not None:
        mine[:] = False
        mine[list(own)] = True
    counted = value if least_others else np.minimum(value, 0.0)
    for on in class_sets(list(classes)):
        members = np.isin(of, on) & (value < inf)
        ordered = np.sort(counted[members & mine])
        fixed = selfhost + sum(classes[name] for name in on) - FIRST
        known: dict[float, float] = {}
        for k in np.flatnonzero(members).tolist():
            key = float(counted[k]) if mine[k] else inf
            if key not in known:
                others = np.delete(ordered, np.searchsorted(ordered, key)) if mine[k] else ordered
                pools = np.concatenate(([FIRST], others))
                known[key] = fixed + least_ways(data, pools, suppliers, needed, max(pools_needed, 1 + least_others))
            least[k] = min(least[k], known[key])
    return least


def _apis(data: Data, prices: Array, now: float, least: float, most: float) -> Array:
    """Of each API [a]: what its supplier gains with it at the factor, and all others at their `least`.

    Also of one that others can stand in for: it is not in the least.
    """
    problem, found = data.problem, np.full(len(data.problem.apis), -1.0)
    fixed = supplier_entry(problem)
    place = {api.id: a for a, api in enumerate(problem.apis)}
    costs = {(s, place[option]): _cost(data, s, place[option]) for s, option in problem.charges if option in place}
    needed, counted = set(data.api_pairs), set(data.apis)
    for a in sorted({a for _, a in costs}):
        seller = problem.apis[a].offer.provider
        beside: dict[int, Array] = {s: np.full(data.load.shape[1], inf) for s, i in costs if i == a}
        for s, i in needed:
            if i != a and problem.apis[i].offer.provider == seller:
                beside[s] = np.minimum(beside.get(s, inf), costs[s, i])

        def gains(factor: float, a: int = a, beside: dict[int, Array] = beside) -> float:
            gain = 0.0
            for s, other in beside.items():
                asked = (s, a) in costs and factor < inf
                best = np.minimum(other, costs[s, a] * factor) if asked else other
                gain += sum(max(0.0, float((prices[s] - best)[list(group)].max())) for group in data.groups[s])
            return gain

        entry = fixed.get(seller, 0.0)
        room = now - least - entry + min(0.0, entry - gains(1.0 if a in counted else inf))
        if room + gains(0.0) <= 0:
            continue
        low, high = 0.0, most
        for _ in range(HALVINGS if room + gains(most) <= 0 else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if room + gains(middle) > 0 else (low, middle)
        found[a] = high
    return found


def _cost(data: Data, s: int, a: int) -> Array:
    """Money [b] for all of segment s in a block at an API, by the request or in units that are always full."""
    problem, api = data.problem, data.problem.apis[a]
    cost = data.request_cost[s, api.id] * data.requests[s]
    if (rate := problem.unit_rate.get((s, api.id), 0.0)) > 0:
        cost = np.minimum(cost, api.unit_price * problem.blocks.hours * data.load[s] / rate)
    return np.asarray(cost)


def at_least(data: Data, rates: Rates, prices: Array) -> tuple[float, float]:
    """What a plan without and with pools costs at the least, with no more suppliers than earn their fixed costs."""
    suppliers = np.sort(supplier_values(data, prices))
    without, best = float(np.minimum(suppliers, 0.0).sum()), inf
    pools = np.zeros(len(data.problem.designs), dtype=bool)
    pools[data.pools] = True
    if pools.any():
        value = np.where(pools, rates.opening - most_gains(data, rates, prices), inf)
        selfhost, classes = pool_entry(data, value)
        of = np.array([design.pool_class for design in data.problem.designs])
        for on in class_sets(list(classes)):
            ordered = np.sort(value[np.isin(of, on) & (value < inf)])
            fixed = selfhost + sum(classes[name] for name in on)
            best = min(best, fixed + least_ways(data, ordered, suppliers, 0, 1))
    every = sum_of(data, prices)
    return every + without, every + best
