"""What designs gain at most against prices of the traffic, in whole replicas: many designs at once, in closed form.

Arrays over designs n, segments s and blocks b: `load` in replicas busy, `worth` money for serving all of it.
"""

from dataclasses import dataclass
from math import gcd, inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from catalogs.vocabulary import COMMITTED, HOURLY
from solver.hour_rates import MUCH, Rates, committed_month
from solver.problem import Array
from solver.program.data import Data
from solver.units import HOURS_PER_MONTH

MOST_UNITS = 250
"""Where more whole units than this could be needed, a unit is priced as if it could be divided: a lower bound."""
AT_ONCE = 1_000_000
"""Figures of one array at most; more designs go in turns."""


def whole_gains(data: Data, rates: Rates, designs: list[int], prices: Array) -> Array:
    """What each of the designs [n] gains at most against prices [s, b], or each against its own [n, s, b].

    All in whole replicas.

    Spot: all traffic is served at the cheapest price of a replica, and the part that may not rest on spot pays the
    difference besides. A segment that may wait is paid sigma <= p of its price outright and the rest in each block: for
    any sigma that is a bound, as sum over b of x <= 1; a few are tried.
    """
    hours, waits = data.problem.blocks.hours, np.flatnonzero(data.problem.may_wait).tolist()
    able = rates.admissible[:, designs].T[:, :, None]
    load = np.where(able, rates.busy[:, designs].T[:, :, None] * data.load[None], 0.0)
    cost = rates.request[:, designs].T[:, :, None] * data.requests[None]
    worth = np.where(able, np.maximum(prices - cost, 0.0), 0.0)
    ways = _ways(data, rates, designs)
    levels = [np.full(len(designs), MUCH)]
    if waits:
        levels += [np.zeros(len(designs))]
        levels += [np.minimum(each[designs], MUCH) for each in (rates.committed, rates.hourly, rates.spot)]
    each_group = [(s, group) for s in waits for group in data.groups[s]]
    gain = np.full(len(designs), inf)
    for level in levels:
        outright, left = np.zeros(len(designs)), worth.copy()
        for s, group in each_group:
            first = group[0]
            kept = np.minimum(worth[:, s, first], load[:, s, first] * hours[first] * level)
            outright += worth[:, s, first] - kept
            left[:, s, list(group)] = kept[:, None]
        gain = np.minimum(gain, outright + _in_units(data, ways, load, left))
    return gain


Mask: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True)
class Units:
    """Replicas in whole units [n]: capacity of one, its cost a month committed and an hour hourly."""

    capacity: Array
    committed: Array
    hourly: Array

    def take(self, rows: Index) -> "Units":
        """The units of some of the designs."""
        return Units(self.capacity[rows], self.committed[rows], self.hourly[rows])


@dataclass(frozen=True)
class _Ways:
    """How designs [n] are bought: serverless money per hour up (inf: not), and which are firm, on spot, or both.

    `firm` units where nothing rests on spot; `only` those of spot alone; with both, `each` at the cheapest way and what
    a firm one costs `more`, of which `share` is the part of the price and `dearer` the money per hour up.
    """

    serverless: Array
    is_firm: Mask
    on_spot: Mask
    firm: Units
    only: Units
    each: Units
    more: Units
    share: Array
    dearer: Array


def _ways(data: Data, rates: Rates, designs: list[int]) -> _Ways:
    """The ways in one unit: the greatest common box, the highest availability, as cheap as what is in force."""
    count = len(designs)
    serverless, share, dearer = np.full(count, inf), np.zeros(count), np.zeros(count)
    is_firm, on_spot = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    firm, only, each, more = (Units(*np.full((3, count), inf)) for _ in range(4))
    tolerant: Mask = np.any(rates.admissible & (data.problem.spot_tolerance > 0)[:, None], axis=0)
    for n, k in enumerate(designs):
        sold = {m: data.purchases[k, m] for m in data.of_kind(k, (*COMMITTED, *HOURLY))}
        if (way := data.purchases.get((k, "serverless"))) is not None:
            serverless[n] = way.price / way.availability
        spot = data.purchases.get((k, "spot"))
        on_spot[n] = spot is not None and tolerant[k]
        if spot is not None:
            _set(only, n, spot.box * spot.availability, inf, spot.price * spot.box)
        if not sold:
            continue
        is_firm[n] = True
        unit = gcd(*(way.box for way in sold.values()))
        up = max(way.availability for way in sold.values())
        month = min((committed_month(data, k, m) for m in sold if m in COMMITTED), default=inf)
        hour = min((way.price for m, way in sold.items() if m in HOURLY), default=inf)
        _set(firm, n, unit * up, month * unit, hour * unit)
        if spot is None:
            continue
        cheapest = min(hour, month / HOURS_PER_MONTH)
        either = min(spot.price, cheapest)
        both = gcd(spot.box, unit)
        _set(each, n, both * max(spot.availability, up), inf, either * both)
        _set(more, n, unit * up, (month - either * HOURS_PER_MONTH) * unit, (hour - either) * unit)
        share[n] = 1 - either / max(cheapest, 1e-300)
        least = min(way.availability for way in sold.values())
        dearer[n] = max(0.0, float(rates.firm[k]) - max(float(rates.spot[k]), either / least))
    return _Ways(serverless, is_firm, on_spot, firm, only, each, more, share, dearer)


def _set(units: Units, n: int, capacity: float, committed: float, hourly: float) -> None:
    units.capacity[n], units.committed[n], units.hourly[n] = capacity, committed, hourly


def _in_units(data: Data, ways: _Ways, load: Array, worth: Array) -> Array:
    """The gain of whole units.

    With spot, each replica costs the cheapest way, and a firm one more besides: as many of any kind as all traffic
    needs, and as many firm ones as what may not rest on spot needs. What that part is worth is set aside for the firm
    ones to some extent; for any such extent the two gains add up to a bound, and two are tried.
    """
    hours = data.problem.blocks.hours
    sold = np.flatnonzero(np.isfinite(ways.serverless))
    gain = np.zeros(len(load))
    hour = load[sold] * hours * ways.serverless[sold][:, None, None]
    gain[sold] = np.maximum(worth[sold] - hour, 0.0).sum(axis=(1, 2))
    tolerance = data.problem.spot_tolerance[None, :, None]
    rows = np.flatnonzero(ways.is_firm & ~ways.on_spot)
    gain[rows] += _whole(load[rows], worth[rows], hours, ways.firm.take(rows))
    rows = np.flatnonzero(~ways.is_firm & ways.on_spot)
    gain[rows] += _whole(load[rows] * tolerance, worth[rows] * tolerance, hours, ways.only.take(rows))
    rows = np.flatnonzero(ways.is_firm & ways.on_spot)
    rest, rest_worth = load[rows] * (1 - tolerance), worth[rows] * (1 - tolerance)
    loads, each, more = np.concatenate((load[rows] * tolerance, rest), 1), ways.each.take(rows), ways.more.take(rows)
    found = np.full(len(rows), inf)
    per_hour = ways.dearer[rows][:, None, None] * rest * hours
    for aside in (np.minimum(rest_worth, per_hour), rest_worth * ways.share[rows][:, None, None]):
        parts = np.concatenate((worth[rows] * tolerance, rest_worth - aside), 1)
        found = np.minimum(found, _whole(loads, parts, hours, each) + _whole(rest, aside, hours, more))
    gain[rows] += found
    return gain


@np.errstate(over="ignore")  # an hour of next to no load: its worth per load is more than a float holds, and goes first
def _whole(load: Array, worth: Array, hours: Array, units: Units) -> Array:
    """What the best whole units in each block earn, and committed ones over all blocks.

    The j-th unit of a block earns the j-th slice of the block's traffic, best worth per load first, so that earnings
    fall with j. A unit held by the hour is worth its slice less its price; committing unit j saves, over the blocks,
    the lesser of slice and hourly price, and pays where that exceeds the commitment.
    """
    gain: Array = np.where(load > 0, 0.0, worth).sum(axis=(1, 2))
    most = np.ceil(load.sum(axis=1).max(axis=1, initial=0.0) / units.capacity - 1e-9)
    blocks = load.shape[2]
    few = np.flatnonzero((most > 0) & (most <= MOST_UNITS))
    few = few[np.argsort(most[few], kind="stable")]
    while len(few):
        size = most[few] + 1
        turn = max(1, int((np.arange(1, len(few) + 1) * size * blocks <= AT_ONCE).sum()))
        rows, few = few[:turn], few[turn:]
        edges = np.arange(int(size[turn - 1]))[None, :] * units.capacity[rows][:, None]
        gain[rows] += _earned(load[rows], worth[rows], hours, units.take(rows), edges)
    rows = np.flatnonzero(most > MOST_UNITS)
    gain[rows] += _divided(load[rows], worth[rows], hours, units.take(rows))
    return gain


def _sorted(load: Array, worth: Array) -> tuple[Array, Array, Array]:
    """Load, where it ends in each block, and worth, best worth per load first; what is no load is worth nothing."""
    density = np.where(load > 0, worth / np.where(load > 0, load, 1.0), 0.0)
    order = np.argsort(-density, axis=1, kind="stable")
    load, worth = (np.take_along_axis(each, order, 1) for each in (load, np.where(load > 0, worth, 0.0)))
    return load, np.cumsum(load, axis=1), worth


def _earned(load: Array, worth: Array, hours: Array, units: Units, edges: Array) -> Array:
    """The earnings of the units between `edges` [n, e] of load."""
    load, ends, worth = _sorted(load, worth)
    starts, width = ends - load, np.where(load > 0, load, 1.0)
    value = np.zeros((len(load), len(hours), edges.shape[1]))
    for s in range(load.shape[1]):
        filled = np.clip((edges[:, None, :] - starts[:, s, :, None]) / width[:, s, :, None], 0.0, 1.0)
        value += worth[:, s, :, None] * filled
    slices = np.diff(value, axis=2)
    part = np.diff(edges, axis=1) / units.capacity[:, None]
    by_hour = np.minimum(units.hourly, MUCH)[:, None, None] * hours[None, :, None] * part[:, None, :]
    hourly = np.maximum(slices - by_hour, 0.0).sum(axis=(1, 2))
    month = np.minimum(units.committed, MUCH * HOURS_PER_MONTH)[:, None] * part
    committing = np.minimum(slices, by_hour).sum(axis=1) - month
    return np.asarray(hourly + np.maximum(committing, 0.0).sum(axis=1))


def _divided(load: Array, worth: Array, hours: Array, units: Units) -> Array:
    """The earnings where units can be divided: no less.

    What commitments save at a height of load is a sum over the blocks that changes where a segment's traffic begins or
    ends there.
    """
    load, ends, worth = _sorted(load, worth)
    flat = len(load), load.shape[1] * load.shape[2]
    price = (np.minimum(units.hourly, MUCH) / units.capacity)[:, None, None] * hours
    density = worth / np.where(load > 0, load, 1.0)
    hourly = (np.maximum(density - price, 0.0) * load).sum(axis=(1, 2))
    saved = np.where(load > 0, np.minimum(density, price), 0.0).reshape(flat)
    at = np.concatenate(((ends - load).reshape(flat), ends.reshape(flat)), axis=1)
    order = np.argsort(at, axis=1, kind="stable")
    level = np.cumsum(np.take_along_axis(np.concatenate((saved, -saved), axis=1), order, 1), axis=1)
    height = np.diff(np.take_along_axis(at, order, 1), axis=1)
    month = np.minimum(units.committed, MUCH * HOURS_PER_MONTH) / units.capacity
    committing = np.maximum(level[:, :-1] - month[:, None], 0.0) * height
    return np.asarray(hourly + committing.sum(axis=1))
