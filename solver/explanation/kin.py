"""What the answer of one design says of others: the same model on the same GPUs, sold elsewhere at another price.

A plan with design k at f times its price is one with design j in its place, at no more cost, where j does all that k
does and its every price is at most r times k's, at f/r of its own. So j enters at f*/r at the latest. Conditions that
the exchange could break are asked of j: sold in all ways in which k is, in no larger boxes, up no less often, lost no
more often, opened for no more, and by a provider that sells the plan nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

import numpy as np

from solver.patterns import names_design
from solver.problem import PoolDesign, spot_market
from solver.program.data import Data

NEAR = 1e-12
"""A part of a figure that is rounding."""


@dataclass(frozen=True)
class Kin:
    """The designs of a problem, and the providers of which the plans that are asked about use something else."""

    data: Data
    taken: Collection[str]

    @cached_property
    def groups(self) -> dict[int, list[int]]:
        """The designs by index, each with those that serve all segments as fast, in its class."""
        problem = self.data.problem
        if problem.moving is not None or problem.in_force:
            return {}
        by: dict[tuple[object, ...], list[int]] = {}
        for k in self.data.pools:
            design = problem.designs[k]
            key = (
                np.nan_to_num(problem.kappa[:, k], nan=-1.0).tobytes(), design.pool_class, design.gpus,
                design.gpu if problem.rules.gpus_available else "",
                tuple(names_design(text, design) for text in problem.rules.must_use),
            )  # fmt: skip
            by.setdefault(key, []).append(k)
        return {k: members for members in by.values() for k in members}

    @cached_property
    def _opening(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for cost in self.data.problem.fixed_costs:
            if cost.trigger[0] in ("open", "site"):
                found[cost.trigger[1]] = found.get(cost.trigger[1], 0.0) + cost.per_month
        return found

    @cached_property
    def _lost(self) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for each in self.data.problem.contingencies:
            found[each.kind, each.of] = found.get((each.kind, each.of), 0.0) + each.share
        return found

    def opening(self, design: PoolDesign) -> float:
        """What is paid a month once the design alone is open at its place."""
        return self._opening.get(design.id, 0.0) + self._opening.get(f"{design.provider}@{design.region}", 0.0)

    def losses(self, design: PoolDesign) -> tuple[float, ...]:
        """Shares of the month for which a replica, spot and the provider are lost."""
        return (
            self._lost.get(("replica", design.id), 0.0),
            self._lost.get(("spot", design.id), 0.0) + self._lost.get(("spot", spot_market(design)), 0.0),
            self._lost.get(("provider", design.provider), 0.0),
        )

    def ratio(self, k: int, j: int) -> float:
        """How many times the price of k design j is at the most, where it may stand in for k; else infinite."""
        problem = self.data.problem
        of, other = problem.designs[k], problem.designs[j]
        limited = problem.rules.max_suppliers is not None
        if other.provider in self.taken or (limited and of.provider in self.taken):
            return inf
        if other.max_replicas < of.max_replicas or self.opening(other) > self.opening(of) * (1 + NEAR):
            return inf
        before, after = self.losses(of), self.losses(other)
        if "spot" not in of.purchases:  # then none is used of the other either
            after = (after[0], before[1], after[2])
        if any(b > a * (1 + NEAR) for a, b in zip(before, after, strict=True)):
            return inf
        ratio = 0.0
        for m, way in of.purchases.items():
            if (k, m) not in self.data.purchases:
                continue
            mine = self.data.purchases.get((j, m))
            if mine is None or way.box % mine.box or mine.availability < way.availability or way.price <= 0:
                return inf
            if way.capital or mine.capital or mine.term_months != way.term_months:
                return inf
            ratio = max(ratio, mine.price / way.price)
        for s in range(len(problem.segments)):
            pays, asks = problem.charges.get((s, of.id), ()), problem.charges.get((s, other.id), ())
            if len(pays) != len(asks):
                return inf
            for pay, ask in zip(pays, asks, strict=True):
                if (pay.name, pay.unit) != (ask.name, ask.unit):
                    return inf
                if pay.unit == "replica-hour" and pay.cost > 0 and ask.per_request == pay.per_request:
                    ratio = max(ratio, ask.price / pay.price)
                elif ask.cost > pay.cost * (1 + NEAR):
                    return inf
        return ratio or inf


def alike(data: Data) -> dict[tuple[object, ...], list[int]]:
    """Designs that differ in nothing that is counted: speed, prices, supplier, costs of opening, and what may be lost.

    Where spot may be lost, those of one market go together, so that only designs of one market are alike.
    """
    problem = data.problem
    opening: dict[str, list[tuple[object, ...]]] = {}
    for cost in problem.fixed_costs:
        if cost.trigger[0] in ("open", "site"):
            opening.setdefault(cost.trigger[1], []).append((cost.quantity, cost.price))
    lost: dict[str, list[tuple[object, ...]]] = {}
    for each in problem.contingencies:
        lost.setdefault(each.of, []).append((each.kind, each.share))
    routes = problem.moving.routes if problem.moving else frozenset()
    runs = problem.moving.replicas if problem.moving else {}
    groups: dict[tuple[object, ...], list[int]] = {}
    for k in data.pools:
        design = problem.designs[k]
        pays = tuple(
            tuple((c.name, c.per_request, c.price) for c in problem.charges.get((s, design.id), ()))
            for s in range(len(problem.segments))
        )
        named = design.id in runs or any(option == design.id for _, option in routes)
        market = spot_market(design)
        ways = tuple(sorted((m, replace(w, source="", date="", estimate="")) for m, w in design.purchases.items()))
        key = (
            np.nan_to_num(problem.kappa[:, k], nan=-1.0).tobytes(), tuple(map(repr, ways)), design.provider,
            design.gpus, design.pool_class, design.max_replicas, pays, tuple(opening.get(design.id, ())),
            tuple(opening.get(f"{design.provider}@{design.region}", ())), tuple(lost.get(design.id, ())),
            market if lost.get(market) else "", design.gpu if problem.rules.gpus_available else "",
            design.id if named else "", tuple(names_design(text, design) for text in problem.rules.must_use),
        )  # fmt: skip
        groups.setdefault(key, []).append(k)
    return groups
