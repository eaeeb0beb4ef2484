"""Equation 6: what goes on while a replica, all spot of a pool, or a provider is lost.

z[s,o,c,b] is where the traffic of a segment goes while contingency c holds in block b; traffic that c does not touch
may move too. Only the segments that must be covered have a z: the others may be dropped for that long. Capacity of no
headroom is asked for, as a contingency passes. Sum of z <= 1 is left out: what is above can be dropped, no row breaks
and no cost rises. For the same reason z of an API without limits is x + over, and needs no variable.
"""

from collections.abc import Iterator

import numpy as np

from catalogs.vocabulary import PurchaseType
from solver.problem import strikes
from solver.program.constraints import Row, Terms, at_least, at_most, available, held
from solver.program.data import Data
from solver.program.offers import unlimited
from solver.program.variables import Var, Variables, survivors, unit_rate


def covered(data: Data, v: Variables) -> Iterator[Row]:
    """6. Covered: coverage[s] <= sum over o of z[s,o,c,b], for each s and (c, b).

    A segment that may wait: the sum runs over the blocks of a day type too.
    """
    coverage = data.problem.coverage
    if coverage is None:
        return
    for c in dict.fromkeys(c for c, _ in data.contingent):
        blocks = {b for other, b in data.contingent if other == c}
        pools, apis = survivors(data, c)
        for s in np.flatnonzero(coverage > 0).tolist():
            for group in data.groups[s]:
                if not blocks.issuperset(group):
                    continue
                terms: Terms = {v.z[s, k, c, b]: 1.0 for other, k in pools if other == s for b in group}
                for a in (a for other, a in apis if other == s):
                    for b in group:
                        terms |= dict.fromkeys(z_of_api(v, s, a, c, b), 1.0)
                yield at_least(f"covered_s{s}_c{c}_b{group[0]}", terms, float(coverage[s]))


def z_of_api(v: Variables, s: int, a: int, c: int, b: int) -> tuple[Var, ...]:
    """What adds to z of an API: its variable where it has limits, else x and over."""
    return (v.z_api[s, a, c, b],) if (s, a, c, b) in v.z_api else (v.x_api[s, a, b], v.over_api[s, a, c, b])


def surviving(data: Data, v: Variables) -> Iterator[Row]:
    """6. Capacity that survives: sum of load*kappa*z <= sum A*(r+d+e+v), less A*on[k,b] where a replica of k is lost,
    without e where its spot is; no headroom. A of the lost one is the least, so that a last replica leaves nothing.

    Whole, as `rests`: z[s,k,c,b] <= r+d+e less what is lost, where one replica carries more than all of s, or replicas
    differ in A.
    """  # fmt: skip
    for (s, k, c, b), var in v.z.items():
        ways = {m: data.purchases[k, m].availability for m, _ in held(data, v, k, b)}
        differ = _struck(data, c, k) == "replica" and len(set(ways.values())) > 1
        if "serverless" not in ways and (0 < _busy(data, s, k, b) < max(ways.values(), default=0.0) or differ):
            whole: Terms = {each: -float(data.purchases[k, m].box) for m, each in _left(data, v, c, k, b)}
            yield at_most(f"rests_s{s}_k{k}_c{c}_b{b}", {var: 1.0} | whole | _lost(data, v, c, k, b, 1.0))
    for c, b in data.contingent:
        pools, _ = survivors(data, c)
        for k in sorted({k for _, k in pools}):
            terms: Terms = {v.z[s, k, c, b]: _busy(data, s, k, b) for s, other in pools if other == k}
            terms |= {each: -available(data, k, m) for m, each in _left(data, v, c, k, b)}
            least = min((data.purchases[k, m].availability for m, _ in held(data, v, k, b)), default=0.0)
            yield at_most(f"left_k{k}_c{c}_b{b}", terms | _lost(data, v, c, k, b, least))


def _busy(data: Data, s: int, k: int, b: int) -> float:
    """Replicas that segment s would keep busy, without headroom."""
    return float(data.load[s, b] * data.problem.kappa[s, k])


def _struck(data: Data, c: int, k: int) -> str:
    """What design k loses of its replicas in contingency c: "replica", "spot" or nothing."""
    each = data.problem.contingencies[c]
    return each.kind if each.kind != "provider" and strikes(each, data.problem.designs[k]) else ""


def _left(data: Data, v: Variables, c: int, k: int, b: int) -> list[tuple[PurchaseType, Var]]:
    """The counts of design k of which contingency c does not take all."""
    return [(m, var) for m, var in held(data, v, k, b) if not (m == "spot" and _struck(data, c, k) == "spot")]


def _lost(data: Data, v: Variables, c: int, k: int, b: int, replica: float) -> Terms:
    """The replica that contingency c takes of design k, where it serves in block b."""
    return {v.on[k, b]: replica} if _struck(data, c, k) == "replica" else {}


def ready(data: Data, v: Variables) -> Iterator[Row]:
    """6. Ready: z[s,k,c,b] <= open[k], what a supplier's APIs take of s more, or in all, <= supplier[p].

    Where a replica of k may be lost, x[s,k,b] <= on[k,b] <= open[k]: a pool that serves nothing loses nothing.
    """
    for (s, k, c, b), var in v.z.items():
        yield at_most(f"ready_s{s}_k{k}_c{c}_b{b}", {var: 1.0, v.open[k]: -1.0})
    sellers = {name: p for p, name in enumerate(v.supplier)}
    by_seller: dict[tuple[int, str, int, int], Terms] = {}
    for (s, a, c, b), over in v.over_api.items():
        var = v.z_api.get((s, a, c, b), over)
        by_seller.setdefault((s, data.problem.apis[a].offer.provider, c, b), {})[var] = 1.0
    for (s, seller, c, b), terms in by_seller.items():
        yield at_most(f"ready_s{s}_p{sellers[seller]}_c{c}_b{b}", terms | {v.supplier[seller]: -1.0})
    for (k, b), var in v.on.items():
        yield at_most(f"on_k{k}_b{b}", {var: 1.0, v.open[k]: -1.0})
        for s in data.segments_of(k):
            yield at_most(f"on_s{s}_k{k}_b{b}", {v.x[s, k, b]: 1.0, var: -1.0})


def other_ways(data: Data, v: Variables) -> Iterator[Row]:
    """6. Other ways: sum of open[k] and supplier[q] of other providers that may serve s >= 1, where s must be covered.

    `covered` and `ready` imply it for whole switches; it holds more of the relaxation, and all of a contingency that is
    not written.
    """
    problem = data.problem
    coverage = problem.coverage
    for c in data.lost:
        of = problem.contingencies[c].of
        if coverage is None or problem.contingencies[c].kind != "provider":
            continue
        for s in np.flatnonzero(coverage > 0).tolist():
            pools, apis = survivors(data, c)
            sellers = {problem.apis[a].offer.provider for other, a in apis if other == s}
            terms: Terms = {v.open[k]: 1.0 for other, k in pools if other == s}
            terms |= {v.supplier[name]: 1.0 for name in sorted(sellers) if name != of}
            yield at_least(f"other_s{s}_c{c}", terms, 1.0)


def least_over(data: Data, v: Variables) -> Iterator[Row]:
    """6. Of a provider's loss that is not written for every block, the least it costs: what the provider serves beyond
    1 - coverage goes elsewhere, to the cheapest API at least where no other pool that may serve s is open.

    A bound from below; `fallback.py` counts the cost itself.
    """
    problem, written = data.problem, set(data.contingent)
    for (s, c), var in v.least.items():
        each = problem.contingencies[c]
        pools, apis = survivors(data, c)
        cost = min((data.request_cost[s, problem.apis[a].id] for other, a in apis if other == s), default=0.0)
        terms: Terms = {var: 1.0}
        least = 0.0
        for group in data.groups[s]:
            if cost <= 0 or any((c, b) in written for b in group):
                continue
            paid = each.share * cost * float(data.requests[s, group[0]])
            least -= paid * (1 - float(problem.coverage[s] if problem.coverage is not None else 0.0))
            for b in group:
                terms |= {v.x[s, k, b]: -paid for k in data.struck_pools(s, each.of)}
                terms |= {v.x_api[s, a, b]: -paid for a in data.struck_apis(s, each.of)}
            for k in (k for other, k in pools if other == s):
                terms[v.open[k]] = terms.get(v.open[k], 0.0) + paid
        yield at_least(f"least_s{s}_c{c}", terms, least)


def limits_left(data: Data, v: Variables) -> Iterator[Row]:
    """6. API limits while c holds: load*(z-wz) <= R[a], tokens*load*(z-wz) <= T[a], load*wz/unit_rate <= n, wz <= z."""
    problem = data.problem
    for c, b in data.contingent:
        _, pairs = survivors(data, c)
        for a in sorted({a for _, a in pairs}):
            api = problem.apis[a]
            segments = [s for s, other in pairs if other == a]
            if unlimited(problem, a):
                continue
            for name, limit, weight in (
                ("requests", api.requests_per_s, np.ones(len(problem.segments))),
                ("tokens", api.tokens_per_s, problem.tokens_per_request),
            ):
                if limit < np.inf:
                    load = {s: float(data.load[s, b] * weight[s]) for s in segments}
                    terms: Terms = {v.z_api[s, a, c, b]: value for s, value in load.items()}
                    terms |= {v.wz[s, a, c, b]: -load[s] for s in segments if (s, a, c, b) in v.wz}
                    yield at_most(f"{name}_a{a}_c{c}_b{b}", terms, limit)
            units: Terms = {
                v.wz[s, a, c, b]: float(data.load[s, b]) / unit_rate(data, s, a)
                for s in segments if (s, a, c, b) in v.wz
            }  # fmt: skip
            if units:
                yield at_most(f"units_a{a}_c{c}_b{b}", units | {v.n[a]: -float(api.unit_step)})
    for (s, a, c, b), var in v.wz.items():
        yield at_most(f"provisioned_s{s}_a{a}_c{c}_b{b}", {var: 1.0, v.z_api[s, a, c, b]: -1.0})


def moved(data: Data, v: Variables) -> Iterator[Row]:
    """6. What is paid above the plan: over >= z - x, over >= 0, of what is paid by request and has a z."""
    for (s, k, c, b), var in v.over.items():
        yield at_least(f"over_s{s}_k{k}_c{c}_b{b}", {var: 1.0, v.z[s, k, c, b]: -1.0, v.x[s, k, b]: 1.0})
    for (s, a, c, b), var in v.over_api.items():
        if (s, a, c, b) in v.z_api:
            yield at_least(f"over_s{s}_a{a}_c{c}_b{b}", {var: 1.0, v.z_api[s, a, c, b]: -1.0, v.x_api[s, a, b]: 1.0})
