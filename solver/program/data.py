"""The problem's data in the shape the rows need, checked before anything is built."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import get_args

import numpy as np

from catalogs.vocabulary import COMMITTED, HOURLY, PurchaseType
from solver.problem import Array, InForce, Problem, Purchase, Rules, spot_market
from solver.program.checked import check_problem
from solver.program.offers import binding_limits, needed_offers, useful_units
from solver.program.twins import twins
from solver.units import HOURS_PER_MONTH, SECONDS

PURCHASE_TYPES: tuple[PurchaseType, ...] = get_args(PurchaseType)
"""Index m in names (`r_k3_m1`) is the place in this tuple."""


@dataclass(frozen=True)
class Data:
    """A problem with what the rows share.

    load [s, b] requests/s and requests [s, b] a month, both if the whole share is served in block b;
    groups[s] the sets of blocks over which the shares of s add to 1; request_cost of a pair (s, option id);
    purchases (k, purchase type) allowed within the horizon, or in force; demand [k, b] replicas busy with headroom if
    everything admissible came, or without it and with one lost, where that is more; useful [k] replicas of which a
    plan can make use, most [k] those that there are of them; kept (k, purchase type)
    replicas in force; lost the contingencies that can matter, contingent the pairs (contingency c, block b) of them
    that are written.
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
    useful: Array
    kept: Mapping[tuple[int, PurchaseType], InForce]
    lost: tuple[int, ...]
    contingent: tuple[tuple[int, int], ...]

    @property
    def blocks(self) -> range:
        """Indices of the load blocks."""
        return range(len(self.problem.blocks.hours))

    def segments_of(self, k: int) -> list[int]:
        """Segments that design k may serve."""
        return self._segments.get(k, [])

    @cached_property
    def _segments(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for s, k in self.pool_pairs:
            found.setdefault(k, []).append(s)
        return found

    def of_kind(self, k: int, kinds: tuple[PurchaseType, ...]) -> list[PurchaseType]:
        """Purchase types of design k among `kinds`, in the order of PURCHASE_TYPES."""
        return [m for m in PURCHASE_TYPES if m in kinds and (k, m) in self.purchases]

    def struck_pools(self, s: int, provider: str) -> list[int]:
        """Designs of a provider that may serve s."""
        return [k for other, k in self.pool_pairs if other == s and self.problem.designs[k].provider == provider]

    def struck_apis(self, s: int, provider: str) -> list[int]:
        """API options of a provider that may serve s."""
        return [a for other, a in self.api_pairs if other == s and self.problem.apis[a].offer.provider == provider]

    @property
    def pools(self) -> list[int]:
        """Designs that may serve something and can be bought."""
        return sorted({k for _, k in self.pool_pairs})

    @property
    def apis(self) -> list[int]:
        """API options that may serve something."""
        return sorted({a for _, a in self.api_pairs})


def data_of(problem: Problem, contingent: Collection[tuple[int, int]] | None = None) -> Data:
    """Check the problem and derive what the rows share. Raises ValueError on a number that cannot stand in a row.

    `contingent` (c, b) are the contingencies to be written, by block; None: all that can matter.
    """
    check_problem(problem)
    load, requests, groups = _loads(problem)
    request_cost = {pair: sum(charge.cost for charge in charges) for pair, charges in problem.charges.items()}
    month = np.array([sum(requests[s, group[0]] for group in of_segment) for s, of_segment in enumerate(groups)])
    problem = replace(problem, apis=binding_limits(problem, load))
    problem = replace(problem, unit_rate=useful_units(problem, request_cost, month))
    kept = {
        (k, m): problem.in_force[design.id, m]
        for k, design in enumerate(problem.designs)
        for m in design.purchases
        if (design.id, m) in problem.in_force
    }
    purchases = {
        (k, m): purchase
        for k, design in enumerate(problem.designs)
        for m, purchase in design.purchases.items()
        if (k, m) in kept or not forbidden(problem.rules, purchase)
    }
    ways: dict[int, list[tuple[PurchaseType, Purchase]]] = {}
    for (k, m), purchase in purchases.items():
        ways.setdefault(k, []).append((m, purchase))
    pool_pairs = tuple(
        (int(s), int(k)) for s, k in zip(*np.nonzero(np.isfinite(problem.kappa)), strict=True) if int(k) in ways
    )
    seconds = np.nan_to_num(problem.kappa, nan=0.0).T
    api_pairs = needed_offers(problem, request_cost, month, {problem.designs[k].provider for _, k in pool_pairs})
    demand = seconds @ (load * (1 + problem.headroom)[:, None])
    pairs = contingencies_that_matter(problem, purchases, pool_pairs, api_pairs)
    if any(problem.contingencies[c].kind == "replica" for c in pairs):
        demand = np.where(demand > 0, np.maximum(demand, seconds @ load + 1), 0.0)
    useful = np.zeros(len(problem.designs))
    for k, sold in ways.items():
        useful[k] = _useful([purchase for _, purchase in sold], float(demand[k].max()))
        useful[k] += np.ceil(idle_replicas(problem, k, float(problem.blocks.hours.min())))
    if gone := twins(problem, request_cost, {k: float(useful[k]) for k in ways}):
        pool_pairs = tuple(pair for pair in pool_pairs if pair[1] not in gone)
        pairs = contingencies_that_matter(problem, purchases, pool_pairs, api_pairs)
    return Data(
        problem=problem,
        load=load,
        requests=requests,
        groups=groups,
        pool_pairs=pool_pairs,
        api_pairs=api_pairs,
        request_cost=request_cost,
        purchases=purchases,
        demand=demand,
        most=np.minimum(useful, [design.max_replicas for design in problem.designs]),
        useful=useful,
        kept=kept,
        lost=tuple(pairs),
        contingent=_written(problem, pairs, contingent),
    )


def narrowed(
    data: Data,
    pools: Collection[int],
    contingent: Collection[tuple[int, int]] = (),
    apis: Collection[int] | None = None,
) -> Data:
    """The same with these designs (and these API options) only, and these contingencies; indices stay as they were."""
    pool_pairs = tuple(pair for pair in data.pool_pairs if pair[1] in pools)
    api_pairs = tuple(pair for pair in data.api_pairs if apis is None or pair[1] in apis)
    lost = contingencies_that_matter(data.problem, data.purchases, pool_pairs, api_pairs)
    return replace(
        data, pool_pairs=pool_pairs, api_pairs=api_pairs, lost=tuple(lost),
        contingent=_written(data.problem, lost, contingent),
    )  # fmt: skip


def _written(
    problem: Problem, lost: Collection[int], contingent: Collection[tuple[int, int]] | None
) -> tuple[tuple[int, int], ...]:
    blocks = range(len(problem.blocks.hours))
    if contingent is None:
        return tuple((c, b) for c in lost for b in blocks)
    matter = set(lost)
    return tuple(sorted((c, b) for c, b in contingent if c in matter))


def forbidden(rules: Rules, purchase: Purchase) -> bool:
    """Whether the policy forbids the purchase, as its term is longer than the horizon."""
    return rules.beyond_horizon == "forbid" and purchase.term_months > rules.horizon_months


def contingencies_that_matter(
    problem: Problem,
    purchases: Mapping[tuple[int, PurchaseType], Purchase],
    pool_pairs: tuple[tuple[int, int], ...],
    api_pairs: tuple[tuple[int, int], ...],
) -> list[int]:
    """Contingencies that strike an option which may serve something, where some segment must be covered.

    A replica that is sold serverless is not lost: the platform starts another.
    """
    if problem.coverage is None or not np.any(problem.coverage > 0):
        return []
    pools = {k for _, k in pool_pairs}
    ways: dict[str, set[PurchaseType]] = {problem.designs[k].id: set() for k in pools}
    for k, m in purchases:
        if k in pools:
            ways[problem.designs[k].id].add(m)
    providers = {problem.designs[k].provider for k in pools}
    providers |= {problem.apis[a].offer.provider for a in {a for _, a in api_pairs}}
    on_spot = {of for k in pools for of in (problem.designs[k].id, spot_market(problem.designs[k]))
               if "spot" in ways[problem.designs[k].id]}  # fmt: skip
    may_be_lost = {
        "replica": {of for of in ways if "serverless" not in ways[of]}, "spot": on_spot, "provider": providers,
    }  # fmt: skip
    return [c for c, each in enumerate(problem.contingencies) if each.of in may_be_lost[each.kind]]


def _loads(problem: Problem) -> tuple[Array, Array, tuple[tuple[tuple[int, ...], ...], ...]]:
    """Load, requests and groups; a segment that may wait spreads a day type's volume over that type's blocks."""
    blocks = problem.blocks
    load, requests = blocks.peak.copy(), blocks.mean * SECONDS["hour"] * blocks.hours
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


def _useful(ways: list[Purchase], demand: float) -> float:
    """Replicas of a design that a plan can make use of: all its demand in the worst block, rounded up to a whole box.

    Taking a box away from more than this leaves enough capacity and costs no more, so no optimum is lost. What runs
    today may be kept idle besides, as its removal may be dearer (`idle_replicas`).
    """
    return float(boxes_needed(demand / min(way.availability for way in ways), 1) + max(way.box for way in ways))


def idle_replicas(problem: Problem, k: int, hours: float) -> float:
    """Replicas of design k that, held for these hours of the month, make up for what runs today, so none is removed."""
    moving = problem.moving
    if moving is None or moving.replica_removed <= 0:
        return 0.0
    return moving.replicas.get(problem.designs[k].id, 0.0) * HOURS_PER_MONTH / hours


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


def sunk_per_month(purchase: Purchase, kept: InForce) -> float:
    """What a replica in force costs less a month than a new one, as it is paid already, over the horizon."""
    return max(0.0, purchase.price - kept.still) * HOURS_PER_MONTH * kept.paid_share


def beyond_horizon_per_month(purchase: Purchase, horizon_months: int) -> float:
    """What is signed beyond the horizon, spread over the horizon."""
    return committed_price_per_month(purchase) * max(0, purchase.term_months - horizon_months) / horizon_months
