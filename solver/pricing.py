"""What a plan costs at least, in closed form and without a solver: Lagrange on equation 1.

Price the serving of each share at p[s, b] (of a segment that may wait: of a day type's volume). What is left of a plan
falls apart into its pools and its suppliers, each at its best against the prices. The prices plus what each gains is
below every plan, whatever the prices are. What makes a pool's part easier only lowers the bound: its ways to buy as one
(the highest availability, the common box, as cheap as what is in force), serverless counted apart, contingencies, rate
limits and rules left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import ceil, gcd, inf

import numpy as np

from catalogs.records import COMMITTED, HOURLY, PurchaseType
from solver.problem import Array
from solver.program.data import Data, beyond_horizon_per_month, committed_price_per_month, sunk_per_month
from solver.units import HOURS_PER_MONTH

MOST_UNITS = 2000
"""Where more whole units than this could be needed, a unit is priced as if it could be divided: a lower bound."""


CLOSE = 400
"""Designs whose whole replicas are counted, those of most gain first: about half a millisecond each."""
MUCH = 1e12
"""More money an hour than any replica costs."""


@dataclass(frozen=True)
class Rates:
    """Designs as arrays over k, what an hour of a replica that is up costs in each way (inf: not sold).

    busy [s, k] replicas per request/s with headroom and request [s, k] money per request, 0 where not admissible;
    committed, hourly, spot [k] money per hour; opening [k] a month.
    """

    admissible: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    busy: Array
    request: Array
    committed: Array
    hourly: Array
    spot: Array
    opening: Array

    @cached_property
    def firm(self) -> Array:
        """The cheapest that is not spot."""
        return np.minimum(self.committed, self.hourly)


def rates_of(data: Data) -> Rates:
    """The rates of the designs that may serve; the rest is not admissible."""
    problem = data.problem
    shape = len(problem.segments), len(problem.designs)
    admissible, request = np.zeros(shape, dtype=bool), np.zeros(shape)
    place = {design.id: k for k, design in enumerate(problem.designs)}
    for s, k in data.pool_pairs:
        admissible[s, k] = True
        request[s, k] = data.request_cost.get((s, problem.designs[k].id), 0.0)
    ways = {name: np.full(shape[1], inf) for name in ("committed", "hourly", "spot")}
    for (k, m), way in data.purchases.items():
        name = "committed" if m in COMMITTED else "spot" if m == "spot" else "hourly"
        hour = committed_hour(data, k, m) if m in COMMITTED else way.price
        ways[name][k] = min(ways[name][k], hour / way.availability)
    opening = np.zeros(shape[1])
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "open" and cost.trigger[1] in place:
            opening[place[cost.trigger[1]]] += cost.per_month
    busy = np.where(admissible, np.nan_to_num(problem.kappa) * (1 + problem.headroom)[:, None], 0.0)
    return Rates(admissible, busy, request, opening=opening, **ways)


def committed_hour(data: Data, k: int, m: PurchaseType) -> float:
    """A committed replica an hour, at its cheapest."""
    return _committed(data, k, m) / HOURS_PER_MONTH


def _committed(data: Data, k: int, m: PurchaseType) -> float:
    """A committed replica a month, at its cheapest: what is in force is paid in part."""
    way = data.purchases[k, m]
    month = committed_price_per_month(way)
    if (kept := data.kept.get((k, m))) is not None:
        return month - sunk_per_month(way, kept)
    return month + beyond_horizon_per_month(way, data.problem.rules.horizon_months)


def api_prices(data: Data) -> Array:
    """The cheapest API of each share [s, b]; inf where none may serve."""
    prices = np.full(data.load.shape, np.inf)
    for s, a in data.api_pairs:
        prices[s] = np.minimum(prices[s], data.request_cost[s, data.problem.apis[a].id] * data.requests[s])
    return prices


def sum_of(data: Data, prices: Array) -> float:
    """The prices of all traffic, each share once."""
    return sum(float(prices[s, group[0]]) for s, groups in enumerate(data.groups) for group in groups)


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
    total = np.zeros(len(rates.opening))
    for s, groups in enumerate(data.groups):
        for group in groups:
            total += gain[s][:, list(group)].max(axis=1)
    return total


def _finite(price: Array) -> Array:
    return np.where(np.isfinite(price), price, MUCH)


def whole_gain(data: Data, rates: Rates, k: int, prices: Array) -> float:
    """What design k gains at most against the prices, in whole replicas.

    Spot: all traffic is served at the cheapest price of a replica, and the part that may not rest on spot pays the
    difference besides, in fractions. A segment that may wait is paid sigma <= p of its price outright and the rest in
    each block: for any sigma that is a bound, as sum over b of x <= 1; a few are tried.
    """
    rows = data.segments_of(k)
    hours = data.problem.blocks.hours
    load = data.load[rows] * rates.busy[rows, k][:, None]
    cost = data.requests[rows] * rates.request[rows, k][:, None]
    worth = np.maximum(prices[rows] - cost, 0.0)
    waits = data.problem.may_wait[rows]
    prices_of_k = (float(rate[k]) for rate in (rates.committed, rates.hourly, rates.spot))
    levels = sorted({0.0, MUCH, *(min(MUCH, price) for price in prices_of_k)}) if waits.any() else [MUCH]
    gain = inf
    for level in levels:
        outright, left = 0.0, worth.copy()
        for i in np.flatnonzero(waits).tolist():
            for group in data.groups[rows[i]]:
                kept = min(float(worth[i, group[0]]), float(load[i, group[0]] * hours[group[0]]) * level)
                outright += float(worth[i, group[0]]) - kept
                left[i, list(group)] = kept
        gain = min(gain, outright + _in_units(data, rates, k, load, left))
    return gain


def _in_units(data: Data, rates: Rates, k: int, load: Array, worth: Array) -> float:
    """The gain of whole units.

    With spot, each replica costs `either`, the cheapest way, and a firm one `more`: as many of any kind as all traffic
    needs, and as many firm ones as what may not rest on spot needs. What that part is worth is set aside for the firm
    ones to some extent; for any such extent the two gains add up to a bound, and two are tried.
    """
    hours = data.problem.blocks.hours
    rows = data.segments_of(k)
    firm = _firm(data, k)
    spot, serverless = data.purchases.get((k, "spot")), data.purchases.get((k, "serverless"))
    gain = 0.0
    if serverless is not None:
        margin = worth - load * (serverless.price / serverless.availability) * hours
        gain += float(margin[margin > 0].sum())
    tolerance = data.problem.spot_tolerance[rows][:, None]
    if spot is None or not tolerance.any():
        return gain + (_whole_units(load, worth, hours, firm) if firm else 0.0)
    if firm is None:
        only = Firm(spot.box, spot.box * spot.availability, inf, spot.price * spot.box)
        return gain + _whole_units(load * tolerance, worth * tolerance, hours, only)
    either = min(spot.price, firm.hourly / firm.unit, firm.committed / firm.unit / HOURS_PER_MONTH)
    unit = gcd(spot.box, firm.unit)
    up = max(spot.availability, firm.capacity / firm.unit)
    least = min(data.purchases[k, m].availability for m in data.of_kind(k, (*COMMITTED, *HOURLY)))
    each = Firm(unit, unit * up, inf, either * unit)
    more = Firm(
        firm.unit, firm.capacity,
        firm.committed - either * HOURS_PER_MONTH * firm.unit, firm.hourly - either * firm.unit,
    )  # fmt: skip
    dearer = max(0.0, float(rates.firm[k]) - max(float(rates.spot[k]), either / least))
    rest, rest_worth = load * (1 - tolerance), worth * (1 - tolerance)
    loads = np.concatenate((load * tolerance, rest))
    share = 1 - either / max(min(firm.hourly / firm.unit, firm.committed / firm.unit / HOURS_PER_MONTH), 1e-300)
    found = inf
    for aside in (np.minimum(rest_worth, dearer * rest * hours), rest_worth * share):
        parts = np.concatenate((worth * tolerance, rest_worth - aside))
        found = min(found, _whole_units(loads, parts, hours, each) + _whole_units(rest, aside, hours, more))
    return gain + found


@dataclass(frozen=True)
class Firm:
    """Replicas in whole units: `unit` of them, capacity of one, its cost a month committed and an hour hourly."""

    unit: int
    capacity: float
    committed: float
    hourly: float


def _firm(data: Data, k: int) -> Firm | None:
    """Committed and hourly ways in one unit: the greatest common box, the highest availability."""
    ways = {m: data.purchases[k, m] for m in data.of_kind(k, (*COMMITTED, *HOURLY))}
    if not ways:
        return None
    unit = gcd(*(way.box for way in ways.values()))
    return Firm(
        unit=unit,
        capacity=unit * max(way.availability for way in ways.values()),
        committed=min((_committed(data, k, m) for m in ways if m in COMMITTED), default=inf) * unit,
        hourly=min((way.price for m, way in ways.items() if m in HOURLY), default=inf) * unit,
    )


def _whole_units(load: Array, worth: Array, hours: Array, firm: Firm) -> float:
    """What the best whole units in each block earn, and committed ones over all blocks.

    The j-th unit of a block earns the j-th slice of the block's traffic, best worth per load first, so that earnings
    fall with j. A unit held by the hour is worth its slice less its price; committing unit j saves, over the blocks,
    the lesser of slice and hourly price, and pays where that exceeds the commitment.
    """
    free = float(worth[load <= 0].sum())
    most = ceil(float(load.sum(axis=0).max()) / firm.capacity - 1e-9)
    if most <= 0:
        return free
    density = np.where(load > 0, worth / np.where(load > 0, load, 1.0), 0.0)
    order = np.argsort(-density, axis=0, kind="stable")
    sorted_load = np.take_along_axis(load, order, 0)
    sorted_worth = np.take_along_axis(np.where(load > 0, worth, 0.0), order, 0)
    ends = np.cumsum(sorted_load, axis=0)
    edges = (
        np.unique(np.concatenate(([0.0], ends.ravel()))) if most > MOST_UNITS else np.arange(most + 1) * firm.capacity
    )
    room = np.maximum(edges[None, None, :] - (ends - sorted_load)[:, :, None], 0.0)
    filled = np.minimum(room / np.where(sorted_load > 0, sorted_load, 1.0)[:, :, None], 1.0)
    slices = np.diff((sorted_worth[:, :, None] * filled).sum(axis=0), axis=1)
    units = np.diff(edges) / firm.capacity
    by_hour = (firm.hourly * hours)[:, None] * units[None, :]
    hourly = np.maximum(slices - by_hour, 0.0).sum()
    committing = np.minimum(slices, by_hour).sum(axis=0) - firm.committed * units
    return free + float(hourly + committing[committing > 0].sum())


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


def bounds_of(data: Data, rates: Rates, prices: Array, worth_a_look: float = inf) -> Bounds:
    """The bounds at these prices. Designs that no plan under `worth_a_look` can hold are not looked at closely.

    Nor are more than CLOSE of them.
    """
    problem = data.problem
    pools = np.zeros(len(problem.designs), dtype=bool)
    pools[data.pools] = True
    value = np.where(pools, rates.opening - most_gains(data, rates, prices), inf)
    suppliers = np.sort(_supplier_values(data, prices))
    every = sum_of(data, prices)
    bounds = _combined(data, every, value, suppliers)
    close = np.flatnonzero((bounds.with_design < worth_a_look) & (bounds.alone < inf))
    for k in close[np.argsort(value[close], kind="stable")][:CLOSE].tolist():
        value[k] = max(value[k], rates.opening[k] - whole_gain(data, rates, k, prices))
    return _combined(data, every, value, suppliers)


def _supplier_values(data: Data, prices: Array) -> Array:
    """Fixed costs of each supplier less what its cheapest offers gain, rate limits left out."""
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
    values = {name: fixed.get(name, 0.0) for name, _ in cheapest}
    for (name, s), cost in cheapest.items():
        for group in data.groups[s]:
            values[name] -= max(0.0, float((prices[s] - cost)[list(group)].max()))
    return np.array(list(values.values()))


def _combined(data: Data, every: float, value: Array, suppliers: Array) -> Bounds:
    """The least sum of prices, classes, pools, people and suppliers, for every set of classes that may be on."""
    problem = data.problem
    classes: dict[str, float] = {design.pool_class: 0.0 for k, design in enumerate(problem.designs) if value[k] < inf}
    selfhost = 0.0
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "class" and cost.trigger[1] in classes:
            classes[cost.trigger[1]] += cost.per_month
        if cost.trigger[0] == "selfhost":
            selfhost += cost.per_month
    of = np.array([design.pool_class for design in problem.designs])
    with_design, alone, with_pools = np.full(len(value), inf), np.full(len(value), inf), inf
    needed = ways_needed(data)
    for on in _subsets(list(classes)):
        fixed = every + selfhost + sum(classes[name] for name in on)
        members = np.isin(of, on) & (value < inf)
        ordered = np.sort(value[members])
        least = fixed + _least(data, ordered, suppliers, needed, 1)
        beside = fixed + _least(data, np.minimum(ordered, 0.0), suppliers, needed - 1, 0)
        with_pools = min(with_pools, least)
        with_design[members] = np.minimum(
            with_design[members], np.maximum(least, beside + np.maximum(value[members], 0.0))
        )
    supplied = float(np.minimum(suppliers, 0.0).sum())
    for name, fixed in classes.items():
        members = (of == name) & (value < inf)
        alone[members] = every + selfhost + fixed + value[members] + supplied
    return Bounds(with_pools, with_design, alone)


def ways_needed(data: Data) -> int:
    """Pools and suppliers that every plan has at least: two where a covered segment may lose any provider."""
    problem = data.problem
    least = max(1, problem.rules.min_suppliers or 1)
    lost = {problem.contingencies[c].of for c in data.lost if problem.contingencies[c].kind == "provider"}
    if problem.coverage is None:
        return least
    for s in np.flatnonzero(problem.coverage > 0).tolist():
        serve = {problem.designs[k].provider for other, k in data.pool_pairs if other == s}
        serve |= {problem.apis[a].offer.provider for other, a in data.api_pairs if other == s}
        if serve <= lost:
            return max(2, least)
    return least


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(names) + 1):
        yield from combinations(sorted(names), size)


def _least(data: Data, pools: Array, suppliers: Array, needed: int, least_pools: int) -> float:
    """Least sum of the first n pools (ascending), their people, and the first j suppliers, n + j >= needed."""
    people, rules = data.problem.people, data.problem.rules
    step = people.fte * people.price_per_fte_month if people else 0.0
    size = people.designs if people else 1
    most = min(len(pools), rules.max_pool_designs if rules.max_pool_designs is not None else len(pools))
    sums = np.concatenate(([0.0], np.cumsum(pools[:most])))
    sold = np.concatenate(([0.0], np.cumsum(suppliers)))
    free = int(np.count_nonzero(suppliers < 0))
    best = inf
    for n in range(least_pools, min(most, int(np.count_nonzero(pools < 0)) + needed) + 1):
        j = max(free, needed - n)
        if j < len(sold):
            total = float(sums[n] + sold[j]) + step * max(0, ceil(max(n, 1) / size) - 1)
            best = min(best, total)
    return best
