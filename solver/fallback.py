"""Where traffic goes while something is lost, for a plan that is given: is every segment covered, and at what cost.

Of a plan only what it opens can help, and only what it opens can be lost, so that this is a small linear program:
shares, counts and switches as they are, z to be found. It finds the contingencies that a plan does not survive, and
counts what the others cost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pulp

from solver.problem import strikes
from solver.program import contingencies, objective
from solver.program.build import Program
from solver.program.constraints import Row, Terms, at_least
from solver.program.data import Data, narrowed
from solver.program.variables import count_name, make_variables, spot_exposed, supplier_names
from solver.solve import solve

SHORT = 1e-6
"""A segment that lacks more than this share is not covered."""
HALF = 0.5
FALLBACK = ("z", "wz", "over", "least", "on")
"""Families of variables that are found anew for a plan."""
DEAR = 1e3
"""What a lacking share costs, over the dearest share that is moved: lacking is never cheaper."""


@dataclass(frozen=True)
class Fallback:
    """z and over by variable name, and what each contingency (c, b) costs a month, where it costs something.

    `uncovered` are the contingencies (c, b) that leave a segment without its coverage.
    """

    values: Mapping[str, float]
    paid: Mapping[tuple[int, int], float]
    uncovered: tuple[tuple[int, int], ...]

    @property
    def cost(self) -> float:
        """A month."""
        return sum(self.paid.values())


def fallback_of(data: Data, values: Mapping[str, float]) -> Fallback:
    """The cheapest fallback of a plan: values by variable name, of any program of the problem."""
    pairs = list(_struck(data, values))
    if not pairs:
        return Fallback({}, {}, ())
    program, short = _program(_only_open(data, values, pairs), values)
    v = program.variables
    outcome = solve(program)
    if not outcome.found:
        return Fallback({}, {}, tuple(pairs))
    moving = (v.z, v.z_api, v.wz, v.over, v.over_api)
    found = {var.name: outcome.values.get(var.name, 0.0) for family in moving for var in family.values()}
    for s, a, c, b in v.over_api:
        names = [var.name for var in contingencies.z_of_api(v, s, a, c, b)]
        found[f"z_s{s}_a{a}_c{c}_b{b}"] = sum(outcome.values.get(name, 0.0) for name in names)
    paid: dict[tuple[int, int], float] = {}
    for family in (v.over, v.over_api):
        for (_, _, c, b), var in family.items():
            if (cost := found[var.name] * program.terms["fallback"].get(var, 0.0)) > 0:
                paid[c, b] = paid.get((c, b), 0.0) + cost
    lacking = {(c, b) for name, (c, blocks) in short.items() if outcome.values.get(name, 0.0) > SHORT for b in blocks}
    return Fallback({name: value for name, value in found.items() if value > 0}, paid, tuple(sorted(lacking)))


def _program(data: Data, values: Mapping[str, float]) -> tuple[Program, dict[str, tuple[int, tuple[int, ...]]]]:
    """Equation 6 with what is decided fixed; and by name the shares that lack, with their contingency and blocks."""
    lp = pulp.LpProblem("fallback", pulp.LpMinimize)
    v = make_variables(lp, data)
    free = {var.name for family in (v.z, v.z_api, v.wz, v.over, v.over_api) for var in family.values()}
    terms = objective.fallback(data, v)
    dear = DEAR * (1 + max(terms.values(), default=0.0))
    cost: Terms = dict(terms)
    short: dict[str, tuple[int, tuple[int, ...]]] = {}
    rows: list[Row] = []
    for row in contingencies.covered(data, v):
        if row.name.startswith("covered_"):
            s, c, b = (int(part[1:]) for part in row.name.split("_")[1:])
            lack = lp.add_variable(f"short_s{s}_c{c}_b{b}", 0, 1)
            row = at_least(row.name, {**row, lack: 1.0}, -row.constant)
            cost[lack] = dear
            free.add(lack.name)
            short[lack.name] = c, next(group for group in data.groups[s] if b in group)
        rows.append(row)
    for equation in (contingencies.surviving, contingencies.ready, contingencies.limits_left, contingencies.moved):
        rows += equation(data, v)
    lp.setObjective(pulp.LpAffineExpression(cost))
    for row in rows:
        lp.addConstraint(row)
    for var in lp.variables():
        if var.name not in free:
            var.lowBound = var.upBound = values.get(var.name, 0.0)
    for (k, b), on in v.on.items():
        serves = any(values.get(f"x_s{s}_k{k}_b{b}", 0.0) > 0 for s in data.segments_of(k))
        on.lowBound = on.upBound = float(serves)
    return Program(data, v, {"fallback": terms}, cost, tuple(rows), lp), short


def _struck(data: Data, values: Mapping[str, float]) -> Iterator[tuple[int, int]]:
    """The contingencies that take something which serves; all other ones change nothing.

    A pool that keeps room for its traffic without the replica it loses is not touched either. Where a covered segment
    may wait, its blocks stand together.
    """
    problem = data.problem
    coverage = problem.coverage if problem.coverage is not None else np.zeros(len(problem.segments))
    together = bool(np.any((coverage > 0) & problem.may_wait))
    opened = [(s, k) for s, k in data.pool_pairs if values.get(f"open_k{k}", 0.0) > HALF]
    for c in data.lost:
        each = problem.contingencies[c]
        pools = [(s, k) for s, k in opened if strikes(each, problem.designs[k])]
        apis = [
            (s, a) for s, a in data.api_pairs if each.kind == "provider" and problem.apis[a].offer.provider == each.of
        ]
        blocks = [
            b
            for b in data.blocks
            if any(values.get(f"x_s{s}_k{k}_b{b}", 0.0) > 0 for s, k in pools)
            or any(values.get(f"x_s{s}_a{a}_b{b}", 0.0) > 0 for s, a in apis)
        ]
        if each.kind != "provider":
            struck = {k for _, k in pools}
            blocks = [
                b for b in blocks
                if together or not all(_has_room(data, values, k, b, each.kind == "spot") for k in struck)
            ]  # fmt: skip
        yield from ((c, b) for b in (data.blocks if together and blocks else blocks))


def _has_room(data: Data, values: Mapping[str, float], k: int, b: int, no_spot: bool) -> bool:
    """Whether what pool k serves in block b fits without one replica, or without spot; no headroom asked."""
    busy = sum(
        float(data.load[s, b] * data.problem.kappa[s, k]) * values.get(f"x_s{s}_k{k}_b{b}", 0.0)
        for s in data.segments_of(k)
    )
    exposed = any(k == other for _, other in spot_exposed(data))
    left, count, least = 0.0, 0.0, np.inf
    for (other, m), way in data.purchases.items():
        if other != k or (m == "spot" and (no_spot or not exposed)):
            continue
        replicas = values.get(count_name(k, m, b), 0.0) * (1 if m == "serverless" else way.box)
        left, count, least = left + replicas * way.availability, count + replicas, min(least, way.availability)
    if not no_spot:
        left, count = left - least, count - 1
    return (count >= 1 or (k, "serverless") in data.purchases) and busy <= left * (1 + 1e-9)


def _only_open(data: Data, values: Mapping[str, float], pairs: list[tuple[int, int]]) -> Data:
    """The pools that are open and the suppliers that are used, with these contingencies."""
    problem = data.problem
    opened = [k for k in data.pools if values.get(f"open_k{k}", 0.0) > HALF]
    used = {name for name, var in supplier_names(data).items() if values.get(var, 0.0) > HALF}
    apis = [a for a in data.apis if problem.apis[a].offer.provider in used]
    return narrowed(data, opened, pairs, apis)
