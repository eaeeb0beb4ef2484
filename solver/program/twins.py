"""Designs that are alike in all that the program sees, so that a catalog which lists one twice has one plan."""

from collections.abc import Mapping

import numpy as np

from solver.problem import Problem


def twins(problem: Problem, request_cost: Mapping[tuple[int, str], float], useful: Mapping[int, float]) -> set[int]:
    """Designs k that an earlier one can take the place of in any plan: all but the first of those alike.

    Two pools alike serve no more than one of as many replicas, which loses no more by one replica, opens once, and
    costs no more. `useful` [k] replicas that a plan can make use of. Not where names count (must-use, what is in
    force), where there are too few replicas of each, or where one may lose its spot without the other.
    """
    if problem.rules.must_use or problem.in_force or problem.moving is not None:
        return set()
    own_spot = {each.of for each in problem.contingencies if each.kind == "spot"}
    share = {each.of: each.share for each in problem.contingencies if each.kind == "replica"}
    opening: dict[str, float] = {}
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "open":
            opening[cost.trigger[1]] = opening.get(cost.trigger[1], 0.0) + cost.per_month
    first: set[tuple[object, ...]] = set()
    found: set[int] = set()
    for k, most in useful.items():
        design = problem.designs[k]
        if design.max_replicas < most or ("spot" in design.purchases and design.id in own_spot):
            continue
        ways = tuple(
            (m, way.price, way.availability, way.box, way.term_months, way.capital)
            for m, way in sorted(design.purchases.items())
        )
        paid = tuple(request_cost.get((s, design.id), 0.0) for s in range(len(problem.segments)))
        key = (
            design.provider, design.region, design.gpu, design.gpus, design.pool_class, ways, paid,
            opening.get(design.id, 0.0), share.get(design.id), np.nan_to_num(problem.kappa[:, k]).tobytes(),
        )  # fmt: skip
        if key in first:
            found.add(k)
        first.add(key)
    return found
