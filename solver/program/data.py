"""The problem's data in the shape the rows need, checked before anything is built.

A NaN cost passes a MIP solver as "optimal": every number is checked finite here, and a fault is a ValueError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isfinite
from typing import get_args

import numpy as np

from catalogs.records import COMMITTED, HOURLY, PurchaseType
from solver.problem import ApiOption, Array, PoolDesign, Problem, Purchase
from solver.units import HOURS_PER_MONTH

PURCHASE_TYPES: tuple[PurchaseType, ...] = get_args(PurchaseType)
"""Index m in names (`r_k3_m1`) is the place in this tuple."""

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Data:
    """A problem with what the rows share.

    load [s, b] requests/s and requests [s, b] a month, both if the whole share is served in block b;
    groups[s] the sets of blocks over which the shares of s add to 1; request_cost of a pair (s, option id);
    purchases (k, purchase type) allowed within the horizon; demand [k, b] replicas busy with headroom if
    everything admissible came; most [k] replicas that a plan can use.
    """

    problem: Problem
    load: Array
    requests: Array
    groups: tuple[tuple[tuple[int, ...], ...], ...]
    pool_pairs: tuple[tuple[int, int], ...]
    api_pairs: tuple[tuple[int, int], ...]
    request_cost: Mapping[tuple[int, str], float]
    purchases: Mapping[tuple[int, PurchaseType], Purchase]
    demand: Array
    most: Array

    @property
    def blocks(self) -> range:
        """Indices of the load blocks."""
        return range(len(self.problem.blocks.hours))

    def segments_of(self, k: int) -> list[int]:
        """Segments that design k may serve."""
        return [s for s, other in self.pool_pairs if other == k]

    def of_kind(self, k: int, kinds: tuple[PurchaseType, ...]) -> list[PurchaseType]:
        """Purchase types of design k among `kinds`, in the order of PURCHASE_TYPES."""
        return [m for m in PURCHASE_TYPES if m in kinds and (k, m) in self.purchases]

    @property
    def pools(self) -> list[int]:
        """Designs that may serve something and can be bought."""
        return sorted({k for _, k in self.pool_pairs})

    @property
    def apis(self) -> list[int]:
        """API options that may serve something."""
        return sorted({a for _, a in self.api_pairs})


def data_of(problem: Problem) -> Data:
    """Check the problem and derive what the rows share. Raises ValueError on a number that cannot stand in a row."""
    _check(problem)
    load, requests, groups = _loads(problem)
    purchases = {
        (k, m): purchase
        for k, design in enumerate(problem.designs)
        for m, purchase in design.purchases.items()
        if problem.rules.beyond_horizon == "charge" or purchase.term_months <= problem.rules.horizon_months
    }
    bought = {k for k, _ in purchases}
    pool_pairs = tuple(
        (int(s), int(k)) for s, k in zip(*np.nonzero(np.isfinite(problem.kappa)), strict=True) if int(k) in bought
    )
    api_pairs = tuple(
        (s, a)
        for s in range(len(problem.segments))
        for a, api in enumerate(problem.apis)
        if (s, api.id) in problem.charges
    )
    demand = np.nan_to_num(problem.kappa, nan=0.0).T @ (load * (1 + problem.headroom)[:, None])
    return Data(
        problem=problem,
        load=load,
        requests=requests,
        groups=groups,
        pool_pairs=pool_pairs,
        api_pairs=api_pairs,
        request_cost={pair: sum(charge.cost for charge in charges) for pair, charges in problem.charges.items()},
        purchases=purchases,
        demand=demand,
        most=np.array([_most(k, design, purchases, demand) for k, design in enumerate(problem.designs)]),
    )


def _loads(problem: Problem) -> tuple[Array, Array, tuple[tuple[tuple[int, ...], ...], ...]]:
    """Load, requests and groups; a segment that may wait spreads a day type's volume over that type's blocks."""
    blocks = problem.blocks
    load, requests = blocks.peak.copy(), blocks.mean * SECONDS_PER_HOUR * blocks.hours
    groups: list[tuple[tuple[int, ...], ...]] = []
    for s in range(len(problem.segments)):
        if not problem.may_wait[s]:
            groups.append(tuple((b,) for b in range(len(blocks.hours))))
            continue
        day_types = [tuple(int(b) for b in np.flatnonzero(blocks.weekend == end)) for end in (False, True)]
        groups.append(tuple(day_type for day_type in day_types if day_type))
        for day_type in groups[-1]:
            of_day = list(day_type)
            load[s, of_day] = (blocks.peak[s, of_day] @ blocks.hours[of_day]) / blocks.hours[of_day]
            requests[s, of_day] = requests[s, of_day].sum()
    return load, requests, tuple(groups)


def _most(k: int, design: PoolDesign, purchases: Mapping[tuple[int, PurchaseType], Purchase], demand: Array) -> float:
    """Replicas of design k that a plan can use: all its demand in the worst block, rounded up to a whole box.

    Taking a box away from more than this leaves enough capacity and costs no more, so no optimum is lost.
    """
    ways = [purchase for (other, _), purchase in purchases.items() if other == k]
    if not ways:
        return 0.0
    needed = boxes_needed(demand[k].max() / min(way.availability for way in ways), 1) + max(way.box for way in ways) - 1
    return float(min(design.max_replicas, needed))


def boxes_needed(replicas: float, box: int) -> int:
    """Boxes that hold so many replicas; what rounding adds to a whole number buys no further box."""
    return max(0, ceil(replicas / box * (1 - 1e-9)))


def is_committed(m: PurchaseType) -> bool:
    """Whether the purchase type is held in every block."""
    return m in COMMITTED


def is_hourly(m: PurchaseType) -> bool:
    """Whether the purchase type is held block by block and cannot be taken away."""
    return m in HOURLY


def committed_price_per_month(purchase: Purchase) -> float:
    """A committed replica for a month."""
    return purchase.price * HOURS_PER_MONTH


def beyond_horizon_per_month(purchase: Purchase, horizon_months: int) -> float:
    """What is signed beyond the horizon, spread over the horizon."""
    return committed_price_per_month(purchase) * max(0, purchase.term_months - horizon_months) / horizon_months


def _check(problem: Problem) -> None:
    """Raise ValueError unless every number may stand in a row."""
    faults: list[str] = []

    def finite(what: str, value: float, low: float = 0.0) -> None:
        if not isfinite(value) or value < low:
            faults.append(f"{what} is {value}")

    arrays = {
        "hours": problem.blocks.hours, "peak": problem.blocks.peak, "mean": problem.blocks.mean,
        "headroom": problem.headroom, "spot_tolerance": problem.spot_tolerance,
        "tokens_per_request": problem.tokens_per_request,
    }  # fmt: skip
    faults += [f"{what} holds {array[~good][0]}" for what, array in arrays.items() if not (good := _good(array)).all()]
    if np.any(problem.blocks.hours <= 0):
        faults.append("a block has no hours")
    given = problem.kappa[~np.isnan(problem.kappa)]
    if not (np.isfinite(given) & (given > 0)).all():
        faults.append("kappa is neither above 0 nor NaN")
    for (s, option), charges in problem.charges.items():
        for charge in charges:
            finite(f"{option} for segment {s}: {charge.name}", charge.per_request)
            finite(f"{option} for segment {s}: price of {charge.name}", charge.price)
    for design in problem.designs:
        for m, purchase in design.purchases.items():
            finite(f"{design.id}: price, {m}", purchase.price)
            finite(f"{design.id}: availability, {m}", purchase.availability, low=1e-6)
            finite(f"{design.id}: capital, {m}", purchase.capital)
            finite(f"{design.id}: box, {m}", purchase.box, low=1)
        finite(f"{design.id}: max_replicas", design.max_replicas)
    for api in problem.apis:
        _check_api(api, faults)
    for cost in problem.fixed_costs:
        finite(f"{cost.name}: quantity", cost.quantity)
        finite(f"{cost.name}: price", cost.price)
    if problem.people:
        finite("people: FTE", problem.people.fte)
        finite("people: price", problem.people.price_per_fte_month)
        finite("people: designs a step", problem.people.designs, low=1)
    if faults:
        raise ValueError("the problem has numbers that cannot stand in a row: " + "; ".join(faults[:10]))


def _good(array: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.isfinite(array) & (array >= 0)


def _check_api(api: ApiOption, faults: list[str]) -> None:
    """Limits may be infinite (unknown), never NaN or below 0."""
    for what, value in (("requests_per_s", api.requests_per_s), ("tokens_per_s", api.tokens_per_s)):
        if np.isnan(value) or value < 0:
            faults.append(f"{api.id}: {what} is {value}")
    if not (isfinite(api.unit_rate) and isfinite(api.unit_price) and min(api.unit_rate, api.unit_price) >= 0):
        faults.append(f"{api.id}: provisioned units at {api.unit_rate} requests/s and price {api.unit_price}")
