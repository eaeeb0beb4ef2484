"""What the oracle reads out of a problem: loads, who may serve whom, what may be bought, how much is ever useful.

Written from the meaning in solver/README.md; nothing of solver/program is used. Options go by their ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import ceil

import numpy as np

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.problem import ApiOption, Array, Contingency, PoolDesign, Problem, Purchase

MONTH = 730.0
"""Hours of a month."""
LEAST_SHARE = 0.01
"""What must be used, counts as a supplier, or keeps a route in force, serves at least this share of the month."""

Ways = Mapping[PurchaseType, Purchase]


@dataclass(frozen=True)
class Facts:
    """load [s, b] requests/s and requests [s, b] a month if all of s (of its day type) is served in b.

    month [s] requests; days[s] the sets of blocks over which the shares of s add to 1. pools and apis: options that may
    serve something, with the segments they may serve; ways: what may be held of a pool; price (s, option) of a request.
    """

    problem: Problem
    load: Array
    requests: Array
    month: Array
    days: tuple[tuple[tuple[int, ...], ...], ...]
    pools: Mapping[str, tuple[int, ...]]
    apis: Mapping[str, tuple[int, ...]]
    ways: Mapping[str, Ways]
    price: Mapping[tuple[int, str], float]

    @property
    def blocks(self) -> range:
        return range(len(self.problem.blocks.hours))

    @property
    def segments(self) -> range:
        return range(len(self.problem.segments))

    def design(self, pool: str) -> PoolDesign:
        return next(design for design in self.problem.designs if design.id == pool)

    def api(self, id_: str) -> ApiOption:
        return next(api for api in self.problem.apis if api.id == id_)

    def busy(self, s: int, pool: str, b: int, headroom: bool = True) -> float:
        """Replicas that all of s keeps busy, with its headroom or without."""
        k = [design.id for design in self.problem.designs].index(pool)
        extra = float(self.problem.headroom[s]) if headroom else 0.0
        return float(self.load[s, b] * self.problem.kappa[s, k]) * (1 + extra)

    def share_of_month(self, s: int, b: int) -> float:
        """The share of the month's requests of s that x[s, o, b] = 1 is."""
        return float(self.requests[s, b] / self.month[s]) if self.month[s] > 0 else 0.0

    def provider(self, option: str) -> str:
        """Who sells a pool's GPUs or an API."""
        return self.design(option).provider if option in self.pools else self.api(option).offer.provider

    def means(self, word: str, option: str) -> bool:
        """Whether a rule's word means this option: pools, apis, model, GPU, provider, provider/model, a glob of ids."""
        if option in self.pools:
            design = self.design(option)
            words = ["pools", design.model, design.gpu, design.provider]
        else:
            offer = self.api(option).offer
            words = ["apis", offer.model, offer.provider, f"{offer.provider}/{offer.model}"]
        return word in words or fnmatchcase(option, word)


def facts_of(problem: Problem) -> Facts:
    hours, weekend = problem.blocks.hours, problem.blocks.weekend
    load, requests = problem.blocks.peak.astype(float), problem.blocks.mean * hours * 3600.0
    month = requests.sum(axis=1)
    days: list[tuple[tuple[int, ...], ...]] = []
    for s in range(len(problem.segments)):
        if not problem.may_wait[s]:
            days.append(tuple((b,) for b in range(len(hours))))
            continue
        types = [tuple(b for b in range(len(hours)) if bool(weekend[b]) is end) for end in (False, True)]
        days.append(tuple(blocks for blocks in types if blocks))
        for blocks in days[-1]:
            volume = sum(problem.blocks.peak[s, b] * hours[b] for b in blocks)
            mean_volume = sum(problem.blocks.mean[s, b] * hours[b] * 3600.0 for b in blocks)
            for b in blocks:
                load[s, b], requests[s, b] = volume / hours[b], mean_volume
    segments = range(len(problem.segments))
    served = {
        design.id: tuple(s for s in segments if np.isfinite(problem.kappa[s, k]))
        for k, design in enumerate(problem.designs)
    }
    ways = {design.id: may_hold(problem, design, served[design.id]) for design in problem.designs}
    sold = {api.id: tuple(s for s in segments if (s, api.id) in problem.charges) for api in problem.apis}
    return Facts(
        problem=problem, load=load, requests=requests, month=month, days=tuple(days),
        pools={pool: served[pool] for pool in served if served[pool] and ways[pool]},
        apis={api: segments for api, segments in sold.items() if segments},
        ways=ways,
        price={pair: sum(c.per_request * c.price for c in charges) for pair, charges in problem.charges.items()},
    )  # fmt: skip


def may_hold(problem: Problem, design: PoolDesign, segments: tuple[int, ...]) -> Ways:
    """Ways to buy that may be used at all.

    A term longer than the horizon may, where policy forbids that, only be what is in force, in whole boxes. Spot is
    held only where a segment tolerates it, so that it is no spare of those that do not.
    """
    tolerated = any(problem.spot_tolerance[s] > 0 for s in segments)
    return {
        m: way
        for m, way in design.purchases.items()
        if (not too_long(problem, way) or in_force(problem, design.id, m) // way.box > 0) and (m != "spot" or tolerated)
    }


def too_long(problem: Problem, way: Purchase) -> bool:
    """Whether policy forbids signing it."""
    return problem.rules.beyond_horizon == "forbid" and way.term_months > problem.rules.horizon_months


def in_force(problem: Problem, pool: str, m: PurchaseType) -> int:
    """Replicas owned or committed today."""
    held = problem.in_force.get((pool, m))
    return held.replicas if held else 0


def most_boxes(facts: Facts, pool: str, m: PurchaseType, b: int | None) -> int:
    """Boxes of a purchase type beyond which one more is never of use (in block b; None: in all, for what is committed).

    With so many, and one more, this type alone still carries all admissible load with headroom and one whole replica
    lost, so that every row holds without the last; and the mean count is still what runs today, so that no removal is
    paid. As no price is below 0, the last box can go.
    """
    problem, way = facts.problem, facts.ways[pool][m]
    blocks = facts.blocks if b is None else (b,)
    need = max(sum(facts.busy(s, pool, block) for s in facts.pools[pool]) for block in blocks)
    lost = max(other.availability for other in facts.ways[pool].values())
    most = max(1, ceil((need + lost) / (way.availability * way.box)))
    moving = problem.moving
    if moving is not None and moving.replica_removed > 0:
        hours = MONTH if b is None else float(problem.blocks.hours[b])
        most = max(most, ceil(moving.replicas.get(pool, 0.0) * MONTH / hours / way.box))
    if m in COMMITTED and too_long(problem, way):
        most = min(most, in_force(problem, pool, m) // way.box)
    return most


def loses_replicas(facts: Facts, each: Contingency, pool: str) -> bool:
    """Whether the contingency takes a replica of the pool; where serverless is sold the platform starts another."""
    return each.kind == "replica" and each.of == pool and "serverless" not in facts.ways[pool]
