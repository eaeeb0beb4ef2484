"""Equations 1 to 5: traffic, capacity, what is open, API limits, spot.

Each function gives the rows of one equation of `solver/README.md`; names are the prefix there and indices.
Contingencies (6) stand in contingencies.py, policy and units (7, 8) in policy.py, what is in force (9) in changes.py.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import pulp

from catalogs.vocabulary import COMMITTED, HOURLY, PurchaseType
from solver.program.data import Data
from solver.program.variables import Var, Variables, site_of, unit_rate

Row: TypeAlias = pulp.LpConstraint
Terms = dict[Var, float]


def row(name: str, terms: Terms, sense: int, bound: float) -> Row:
    """A row from its coefficients; fast, as no expression is summed."""
    made: Row = pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, bound)
    return made


def at_most(name: str, terms: Terms, bound: float = 0.0) -> Row:
    """Sum of terms <= bound."""
    return row(name, terms, pulp.LpConstraintLE, bound)


def at_least(name: str, terms: Terms, bound: float = 0.0) -> Row:
    """Sum of terms >= bound."""
    return row(name, terms, pulp.LpConstraintGE, bound)


def served(data: Data, v: Variables) -> Iterator[Row]:
    """1. Every request is served: sum over o of x[s,o,b] = 1, for each s and b.

    A segment that may wait: the sum runs over the blocks of a day type too, for each s and day type.
    """
    for s, groups in enumerate(data.groups):
        options = [k for other, k in data.pool_pairs if other == s]
        offers = [a for other, a in data.api_pairs if other == s]
        for group in groups:
            terms: Terms = {v.x[s, k, b]: 1.0 for k in options for b in group}
            terms |= {v.x_api[s, a, b]: 1.0 for a in offers for b in group}
            yield row(f"served_s{s}_b{group[0]}", terms, pulp.LpConstraintEQ, 1.0)


def capacity(data: Data, v: Variables) -> Iterator[Row]:
    """2. Capacity with headroom: sum over s of load*kappa*(1+u)*x <= sum A*(r+d+e+v), for each k and b, in replicas."""
    for k in data.pools:
        for b in data.blocks:
            terms = {v.x[s, k, b]: _busy(data, s, k, b) for s in data.segments_of(k)}
            if (k, b) in v.e:
                terms[v.e[k, b]] = -available(data, k, "spot")
            yield at_most(f"capacity_k{k}_b{b}", terms | _firm(data, v, k, b))


def firm(data: Data, v: Variables) -> Iterator[Row]:
    """2, firm. What does not rest on spot fits without it: sum of load*kappa*(1+u)*(x-y) <= sum A*(r+d+v)."""
    for k, b in v.e:
        terms = {v.x[s, k, b]: _busy(data, s, k, b) for s in data.segments_of(k)}
        terms |= {v.y[s, k, b]: -_busy(data, s, k, b) for s in data.segments_of(k) if (s, k, b) in v.y}
        yield at_most(f"firm_k{k}_b{b}", terms | _firm(data, v, k, b))


def rests(data: Data, v: Variables) -> Iterator[Row]:
    """2, whole. What serves rests on a replica: x[s,k,b] <= r + d + e, where replicas are sold whole only.

    Row 2 implies it up to the solver's tolerance (a load below that would be served by nothing), and is weaker in the
    relaxation where one replica carries more than the segment: there alone the row is written.
    """
    for (s, k, b), var in v.x.items():
        ways = dict(held(data, v, k, b))
        if "serverless" not in ways and 0 < _busy(data, s, k, b) < max(
            (available(data, k, m) for m in ways), default=0.0
        ):
            yield at_most(f"rests_s{s}_k{k}_b{b}", {var: 1.0} | dict.fromkeys(ways.values(), -1.0))


def awake(data: Data, v: Variables) -> Iterator[Row]:
    """2, awake. A serverless replica is paid while requests keep it awake: awake[s,b]*x[s,k,b] <= r + d + e + v.

    At share x the time awake is 1 - exp(-x * arrivals * timeout), which lies above awake * x and meets it at x = 1.
    """
    if data.problem.awake is None:
        return
    for (s, k, b), var in v.x.items():
        share = float(data.problem.awake[s, b])
        if (k, b) in v.v and share > 0:
            ways: Terms = {each: -1.0 for _, each in held(data, v, k, b)}
            yield at_most(f"awake_s{s}_k{k}_b{b}", {var: share} | ways)


def _busy(data: Data, s: int, k: int, b: int) -> float:
    """Replicas that segment s would keep busy, with headroom."""
    problem = data.problem
    return float(data.load[s, b] * problem.kappa[s, k] * (1 + problem.headroom[s]))


def available(data: Data, k: int, m: PurchaseType) -> float:
    """Replicas up on average out of a box of design k."""
    purchase = data.purchases[k, m]
    return purchase.availability * purchase.box


def _firm(data: Data, v: Variables, k: int, b: int) -> Terms:
    """Capacity that nobody takes away, negated."""
    return {var: -available(data, k, m) for m, var in held(data, v, k, b) if m != "spot"}


def held(data: Data, v: Variables, k: int, b: int) -> Iterator[tuple[PurchaseType, Var]]:
    """The variables of the counts of design k that stand in block b, by purchase type."""
    for m in data.of_kind(k, COMMITTED):
        yield m, v.r[k, m]
    for m in data.of_kind(k, HOURLY):
        yield m, v.d[k, m, b]
    if (k, b) in v.e:
        yield "spot", v.e[k, b]
    if (k, b) in v.v:
        yield "serverless", v.v[k, b]


def replicas(data: Data, v: Variables, k: int, b: int) -> Terms:
    """r + d + e + v of design k in block b, in replicas."""
    return {var: float(data.purchases[k, m].box) for m, var in held(data, v, k, b)}


def opened(data: Data, v: Variables) -> Iterator[Row]:
    """3. Only what is open is used: x[s,k,b] <= open[k], for each s, k and b (a day type, where s may wait), y <= x.

    Replicas of a pool that is not open can serve nothing, so that r+d+e+v <= most[k]*open[k] is written only where
    there are fewer than could be of use, or where they may cost nothing: of what is in force. Where no contingency
    takes a replica of k, on[k,b] has no cost and no row but x <= on <= open, so it is left out: that chain can be met
    exactly when x <= open.
    """
    for s, k in data.pool_pairs:
        for group in data.groups[s]:
            terms: Terms = {v.x[s, k, b]: 1.0 for b in group}
            yield at_most(f"open_s{s}_k{k}_b{group[0]}", terms | {v.open[k]: -1.0})
    for (s, k, b), var in v.y.items():
        yield at_most(f"exposed_s{s}_k{k}_b{b}", {var: 1.0, v.x[s, k, b]: -1.0})
    for k in data.pools:
        scarce = data.most[k] < data.useful[k]
        if scarce or data.problem.moving is not None or any((k, m) in data.kept for m in COMMITTED):
            for b in data.blocks:
                yield at_most(f"held_k{k}_b{b}", replicas(data, v, k, b) | {v.open[k]: -float(data.most[k])})


def triggered(data: Data, v: Variables) -> Iterator[Row]:
    """3, fixed costs. open[k] <= selfhost, its class and its site; and what a whole class, or all pools, serve of s is
    at most that switch, which says more of it than each pool alone. What a supplier's APIs serve of s is at most
    supplier[p]: whether an offer is used at all matters to nothing else.
    """
    classes, places, sellers = list(v.pool_class), list(v.site), list(v.supplier)
    for k, var in v.open.items():
        design = data.problem.designs[k]
        yield at_most(f"selfhost_k{k}", {var: 1.0, v.selfhost: -1.0})
        yield at_most(
            f"class_k{k}_c{classes.index(design.pool_class)}", {var: 1.0, v.pool_class[design.pool_class]: -1.0}
        )
        if (site := site_of(data, k)) in v.site:
            yield at_most(f"site_k{k}_l{places.index(site)}", {var: 1.0, v.site[site]: -1.0})
    for s, groups in enumerate(data.groups):
        pools = [k for other, k in data.pool_pairs if other == s]
        offers = [a for other, a in data.api_pairs if other == s]
        for group in groups:
            b = group[0]
            together: list[tuple[str, Var | None, list[int]]] = [(f"selfhost_s{s}_b{b}", v.selfhost, pools)]
            for c, name in enumerate(classes):
                of = [k for k in pools if data.problem.designs[k].pool_class == name]
                together.append((f"class_s{s}_c{c}_b{b}", v.pool_class[name], of))
            for name, switch, of in together:
                if len(of) > 1 and switch is not None:
                    yield at_most(name, {v.x[s, k, t]: 1.0 for k in of for t in group} | {switch: -1.0})
            for p, seller in enumerate(sellers):
                sold = [a for a in offers if data.problem.apis[a].offer.provider == seller]
                if sold:
                    terms: Terms = {v.x_api[s, a, t]: 1.0 for a in sold for t in group}
                    yield at_most(f"supplier_s{s}_p{p}_b{b}", terms | {v.supplier[seller]: -1.0})


def limits(data: Data, v: Variables) -> Iterator[Row]:
    """4. API limits: load*(x-w) <= R[a] and tokens*load*(x-w) <= T[a] in each block; an unknown limit gives no row.

    What is provisioned carries the rest: sum of load*w/unit_rate[s,a] <= n, w <= x.
    """
    problem = data.problem
    for a in data.apis:
        api = problem.apis[a]
        segments = [s for s, other in data.api_pairs if other == a]
        for b in data.blocks:
            load = {s: float(data.load[s, b]) for s in segments}
            tokens = {s: float(data.load[s, b] * problem.tokens_per_request[s]) for s in segments}
            if api.requests_per_s < float("inf"):
                yield at_most(f"requests_a{a}_b{b}", _metered(v, a, b, load), api.requests_per_s)
            if api.tokens_per_s < float("inf"):
                yield at_most(f"tokens_a{a}_b{b}", _metered(v, a, b, tokens), api.tokens_per_s)
            if a in v.n:
                units: Terms = {v.w[s, a, b]: load[s] / unit_rate(data, s, a) for s in segments if (s, a, b) in v.w}
                yield at_most(f"units_a{a}_b{b}", units | {v.n[a]: -float(api.unit_step)})
    for (s, a, b), var in v.w.items():
        yield at_most(f"provisioned_s{s}_a{a}_b{b}", {var: 1.0, v.x_api[s, a, b]: -1.0})


def _metered(v: Variables, a: int, b: int, weight: Mapping[int, float]) -> Terms:
    """Sum over segments of weight*(x - w)."""
    terms = {v.x_api[s, a, b]: value for s, value in weight.items()}
    return terms | {v.w[s, a, b]: -value for s, value in weight.items() if (s, a, b) in v.w}


def spot(data: Data, v: Variables) -> Iterator[Row]:
    """5. Spot exposure: sum over k of y[s,k,b] <= tolerance[s], for each s and b (a day type, where s may wait)."""
    for s, groups in enumerate(data.groups):
        for group in groups:
            terms: Terms = {v.y[s, k, b]: 1.0 for k in data.pools for b in group if (s, k, b) in v.y}
            if terms:
                yield at_most(f"spot_s{s}_b{group[0]}", terms, float(data.problem.spot_tolerance[s]))
