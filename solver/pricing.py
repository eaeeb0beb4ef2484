"""What a plan with one pool costs at least, in closed form and without a solver.

Price the serving of each share at its cheapest API, p[s, b] (Lagrange on equation 1). No API then gains, and what is
left of a plan with design k alone is its best plan against the prices, whole replicas included: a closed form. The
prices, plus that (at most 0), plus what k costs to switch on, is below every plan whose only pool is k. What makes the
part of k easier (spot and serverless counted apart, the highest availability of its ways, their common box, all of it
as cheap as what is in force, every limit and rule left out) only lowers the bound.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np

from catalogs.records import COMMITTED, HOURLY
from solver.problem import Array
from solver.program.data import Data, beyond_horizon_per_month, committed_price_per_month, sunk_per_month

MOST_UNITS = 2000
"""Where more whole units than this could be needed, a unit is priced as if it could be divided: a lower bound."""


@dataclass(frozen=True)
class Firm:
    """Replicas in whole units: capacity of one, its cost a month committed and an hour hourly (inf: not sold)."""

    capacity: float
    committed: float
    hourly: float
    most: int


@dataclass(frozen=True)
class DesignTerms:
    """Design k against prices: load [s, b] in replicas and request cost [s, b] of whole shares, and ways to buy.

    spot and serverless are (capacity of a unit, cost of a unit-hour); serverless is cut anywhere.
    """

    segments: tuple[int, ...]
    load: Array
    cost: Array
    tolerance: Array
    firm: Firm | None
    spot: tuple[float, float] | None
    serverless: float | None


def single_pool_bounds(data: Data, most: float) -> dict[int, float]:
    """A lower bound, a month, of every plan whose only pool is design k, by k.

    `most` is the cost of a plan: what no API may serve is priced at it.
    """
    problem = data.problem
    prices = np.full(data.load.shape, most)
    for s, a in data.api_pairs:
        prices[s] = np.minimum(prices[s], data.request_cost[s, problem.apis[a].id] * data.requests[s])
    every = sum(float(prices[s, group[0]]) for s, groups in enumerate(data.groups) for group in groups)
    bounds = {}
    for k in data.pools:
        design = problem.designs[k]
        on = {
            ("selfhost", ""), ("class", design.pool_class), ("open", design.id),
            ("site", f"{design.provider}@{design.region}"),
        }  # fmt: skip
        fixed = sum(cost.per_month for cost in problem.fixed_costs if cost.trigger in on)
        bounds[k] = every + fixed + best_response(design_terms(data, k), problem.blocks.hours, prices)
    return bounds


def design_terms(data: Data, k: int) -> DesignTerms:
    """What pricing needs of a design that may serve."""
    problem = data.problem
    segments = tuple(data.segments_of(k))
    rows = list(segments)
    busy = problem.kappa[rows, k] * (1 + problem.headroom[rows])
    per_request = np.array([data.request_cost.get((s, problem.designs[k].id), 0.0) for s in segments])
    spot, serverless = data.purchases.get((k, "spot")), data.purchases.get((k, "serverless"))
    return DesignTerms(
        segments=segments,
        load=data.load[rows] * busy[:, None],
        cost=data.requests[rows] * per_request[:, None],
        tolerance=problem.spot_tolerance[rows],
        firm=_firm(data, k),
        spot=None if spot is None else (spot.availability * spot.box, spot.price * spot.box),
        serverless=None if serverless is None else serverless.price / serverless.availability,
    )


def _firm(data: Data, k: int) -> Firm | None:
    """Committed and hourly ways in one unit: the greatest common box, the highest availability."""
    ways = {m: data.purchases[k, m] for m in data.of_kind(k, (*COMMITTED, *HOURLY))}
    if not ways:
        return None
    unit = gcd(*(way.box for way in ways.values()))
    horizon = data.problem.rules.horizon_months
    month = [
        committed_price_per_month(way) - sunk_per_month(way, data.kept[k, m])
        if (k, m) in data.kept
        else committed_price_per_month(way) + beyond_horizon_per_month(way, horizon)
        for m, way in ways.items() if m in COMMITTED
    ]  # fmt: skip
    capacity = unit * max(way.availability for way in ways.values())
    most = int(np.ceil(data.demand[k].max() / capacity - 1e-9))
    return Firm(
        capacity=capacity,
        committed=min(month, default=np.inf) * unit,
        hourly=min((way.price for m, way in ways.items() if m in HOURLY), default=np.inf) * unit,
        most=most,
    )


def best_response(terms: DesignTerms, hours: Array, prices: Array) -> float:
    """The least cost less prices earned (<= 0) of a design's replicas; its fixed costs are left out."""
    worth = np.maximum(prices[list(terms.segments)] - terms.cost, 0.0)
    gain = 0.0
    if terms.firm is not None:
        gain += _whole_units(terms.load, worth, hours, terms.firm)
    if terms.spot is not None and terms.tolerance.any():
        capacity, price = terms.spot
        limit = terms.tolerance[:, None]
        most = int(np.ceil((terms.load * limit).sum(axis=0).max() / capacity - 1e-9))
        gain += _whole_units(terms.load * limit, worth * limit, hours, Firm(capacity, np.inf, price, most))
    if terms.serverless is not None:
        margin = worth - terms.load * terms.serverless * hours
        gain += float(margin[margin > 0].sum())
    return -gain


def _whole_units(load: Array, worth: Array, hours: Array, firm: Firm) -> float:
    """What the best whole units in each block earn, and committed ones over all blocks.

    The j-th unit of a block earns the j-th slice of the block's traffic, best worth per load first, so that earnings
    fall with j. A unit held by the hour is worth its slice less its price; committing unit j saves, over the blocks,
    the lesser of slice and hourly price, and pays where that exceeds the commitment.
    """
    free = float(worth[load <= 0].sum())
    if firm.most == 0:
        return free
    density = np.where(load > 0, worth / np.where(load > 0, load, 1.0), 0.0)
    order = np.argsort(-density, axis=0, kind="stable")
    sorted_load = np.take_along_axis(load, order, 0)
    sorted_worth = np.take_along_axis(np.where(load > 0, worth, 0.0), order, 0)
    ends = np.cumsum(sorted_load, axis=0)
    if firm.most > MOST_UNITS:
        edges = np.unique(np.concatenate(([0.0], ends.ravel())))
    else:
        edges = np.arange(firm.most + 1) * firm.capacity
    room = np.maximum(edges[None, None, :] - (ends - sorted_load)[:, :, None], 0.0)
    filled = np.minimum(room / np.where(sorted_load > 0, sorted_load, 1.0)[:, :, None], 1.0)
    slices = np.diff((sorted_worth[:, :, None] * filled).sum(axis=0), axis=1)
    units = np.diff(edges) / firm.capacity
    by_hour = (firm.hourly * hours)[:, None] * units[None, :]
    hourly = np.maximum(slices - by_hour, 0.0).sum()
    committing = np.minimum(slices, by_hour).sum(axis=0) - firm.committed * units
    return free + float(hourly + committing[committing > 0].sum())
