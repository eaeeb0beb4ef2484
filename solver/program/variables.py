"""The decisions. Names are indices (`x_s0_k3_b1`); what an index means stands in the problem.

Counts r, d, e are whole boxes: times `Purchase.box` they are replicas. n counts whole steps of provisioned units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pulp

from catalogs.vocabulary import COMMITTED, HOURLY, PurchaseType
from solver.problem import Moving
from solver.program.data import PURCHASE_TYPES, Data, boxes_needed, forbidden, idle_replicas
from solver.program.offers import unlimited
from solver.units import HOURS_PER_MONTH

Var: TypeAlias = pulp.LpVariable


@dataclass(frozen=True)
class Variables:
    """x and y shares by (s, k, b); x_api and w by (s, a, b); r (k, m); d (k, m, b); e, v (k, b); the rest by name.

    While contingency c holds: z and z_api shares by (s, k, c, b) and (s, a, c, b), wz within units, over and over_api
    what is above x; on (k, b); least (s, c) what contingencies that are not written cost. In force: kept (k, m); added,
    removed by design id; route, gone by (s, option id).
    """

    x: Mapping[tuple[int, int, int], Var]
    x_api: Mapping[tuple[int, int, int], Var]
    y: Mapping[tuple[int, int, int], Var]
    w: Mapping[tuple[int, int, int], Var]
    r: Mapping[tuple[int, PurchaseType], Var]
    d: Mapping[tuple[int, PurchaseType, int], Var]
    e: Mapping[tuple[int, int], Var]
    v: Mapping[tuple[int, int], Var]
    n: Mapping[int, Var]
    bought: Mapping[int, Var]
    open: Mapping[int, Var]
    pool_class: Mapping[str, Var]
    site: Mapping[str, Var]
    supplier: Mapping[str, Var]
    party: Mapping[str, Var]
    selfhost: Var | None
    steps: Var | None
    z: Mapping[tuple[int, int, int, int], Var]
    z_api: Mapping[tuple[int, int, int, int], Var]
    wz: Mapping[tuple[int, int, int, int], Var]
    over: Mapping[tuple[int, int, int, int], Var]
    over_api: Mapping[tuple[int, int, int, int], Var]
    least: Mapping[tuple[int, int], Var]
    on: Mapping[tuple[int, int], Var]
    kept: Mapping[tuple[int, PurchaseType], Var]
    added: Mapping[str, Var]
    removed: Mapping[str, Var]
    route: Mapping[tuple[int, str], Var]
    gone: Mapping[tuple[int, str], Var]


def count_name(k: int, m: PurchaseType, b: int) -> str:
    """The name of the variable that counts design k bought as m in block b."""
    if m in COMMITTED:
        return f"r_k{k}_m{PURCHASE_TYPES.index(m)}"
    if m in HOURLY:
        return f"d_k{k}_m{PURCHASE_TYPES.index(m)}_b{b}"
    return f"e_k{k}_b{b}" if m == "spot" else f"v_k{k}_b{b}"


def pool_classes(data: Data) -> list[str]:
    """Pool classes of the designs that may serve, in order of name."""
    return sorted({data.problem.designs[k].pool_class for k in data.pools})


def sites(data: Data) -> list[str]:
    """`provider@region` of the designs that may serve, in order of name."""
    return sorted({site_of(data, k) for k in data.pools})


def site_of(data: Data, k: int) -> str:
    """Where design k stands."""
    return f"{data.problem.designs[k].provider}@{data.problem.designs[k].region}"


def suppliers(data: Data) -> list[str]:
    """Providers of the APIs that may serve, in order of name."""
    return sorted({data.problem.apis[a].offer.provider for a in data.apis})


def all_providers(data: Data) -> list[str]:
    """Providers of all options of the problem, in order of name."""
    problem = data.problem
    return sorted({*(api.offer.provider for api in problem.apis), *(design.provider for design in problem.designs)})


def supplier_names(data: Data) -> dict[str, str]:
    """The names of the switches of suppliers."""
    providers = all_providers(data)
    return {name: f"supplier_p{providers.index(name)}" for name in suppliers(data)}


def parties(data: Data) -> list[str]:
    """Providers of APIs and pools, where a rule counts them."""
    rules = data.problem.rules
    if rules.min_suppliers is None and rules.max_suppliers is None:
        return []
    return sorted({*suppliers(data), *(data.problem.designs[k].provider for k in data.pools)})


def spot_exposed(data: Data) -> list[tuple[int, int]]:
    """Pairs (s, k) whose traffic may rest on spot."""
    spot = {k for k, m in data.purchases if m == "spot"}
    return [(s, k) for s, k in data.pool_pairs if k in spot and data.problem.spot_tolerance[s] > 0]


def make_variables(prob: pulp.LpProblem, data: Data) -> Variables:
    """Make every decision of the program; a pair that is not admissible has no variable."""

    def share(name: str) -> Var:
        var: Var = prob.add_variable(name, 0, 1)
        return var

    def count(name: str, most: int) -> Var:
        var: Var = prob.add_variable(name, 0, most, pulp.LpInteger)
        return var

    def binary(name: str) -> Var:
        return count(name, 1)

    def boxes(k: int, m: PurchaseType, replicas: float, hours: float = HOURS_PER_MONTH) -> int:
        purchase = data.purchases[k, m]
        useful = boxes_needed(min(replicas / purchase.availability, data.most[k]), purchase.box)
        most = max(useful, boxes_needed(idle_replicas(data.problem, k, hours), purchase.box))
        if forbidden(data.problem.rules, purchase):
            most = min(most, data.kept[k, m].replicas // purchase.box)
        return most

    blocks, pools, hours = data.blocks, data.pools, data.problem.blocks.hours
    left, left_apis = _contingent(data)
    moving = data.problem.moving or Moving()
    exposed = spot_exposed(data)
    on_spot = sorted({k for _, k in exposed})
    with_units = sorted({a for s, a in data.api_pairs if unit_rate(data, s, a) > 0})
    index = {m: i for i, m in enumerate(PURCHASE_TYPES)}
    peak = data.demand.max(axis=1) if data.demand.size else data.most
    # Numbered over all options, so that a problem with fewer of them gives the same names to the same things.
    designs = data.problem.designs
    paid = {cost.trigger for cost in data.problem.fixed_costs}
    pairs = {(s, designs[k].id) for s, k in data.pool_pairs}
    pairs |= {(s, data.problem.apis[a].id) for s, a in data.api_pairs}
    classes: list[str] = sorted({design.pool_class for design in designs})
    places = sorted({site_of(data, k) for k in range(len(designs))})
    providers = all_providers(data)
    return Variables(
        x={(s, k, b): share(f"x_s{s}_k{k}_b{b}") for s, k in data.pool_pairs for b in blocks},
        x_api={(s, a, b): share(f"x_s{s}_a{a}_b{b}") for s, a in data.api_pairs for b in blocks},
        y={(s, k, b): share(f"y_s{s}_k{k}_b{b}") for s, k in exposed for b in blocks},
        w={(s, a, b): share(f"w_s{s}_a{a}_b{b}") for s, a in data.api_pairs if unit_rate(data, s, a) for b in blocks},
        r={
            (k, m): count(f"r_k{k}_m{index[m]}", boxes(k, m, peak[k]))
            for k in pools for m in data.of_kind(k, COMMITTED)
        },
        d={
            (k, m, b): count(f"d_k{k}_m{index[m]}_b{b}", boxes(k, m, data.demand[k, b], float(hours[b])))
            for k in pools for m in data.of_kind(k, HOURLY) for b in blocks
        },
        e={
            (k, b): count(f"e_k{k}_b{b}", boxes(k, "spot", data.demand[k, b], float(hours[b])))
            for k in on_spot for b in blocks
        },
        v={
            (k, b): prob.add_variable(f"v_k{k}_b{b}", 0)
            for k in pools if (k, "serverless") in data.purchases for b in blocks
        },
        n={a: count(f"n_a{a}", most_steps(data, a)) for a in with_units},
        bought={a: binary(f"bought_a{a}") for a in with_units},
        open={k: binary(f"open_k{k}") for k in pools},
        pool_class={name: binary(f"class_c{classes.index(name)}") for name in pool_classes(data)},
        site={name: binary(f"site_l{places.index(name)}") for name in sites(data) if ("site", name) in paid},
        supplier={name: binary(var) for name, var in supplier_names(data).items()},
        party={name: binary(f"party_p{providers.index(name)}") for name in parties(data)},
        selfhost=binary("selfhost") if pools else None,
        steps=count("steps", len(pools)) if pools and data.problem.people else None,
        z={(s, k, c, b): share(f"z_s{s}_k{k}_c{c}_b{b}") for s, k, c, b in left},
        z_api={
            (s, a, c, b): share(f"z_s{s}_a{a}_c{c}_b{b}")
            for s, a, c, b in left_apis if not unlimited(data.problem, a)
        },
        wz={
            (s, a, c, b): share(f"wz_s{s}_a{a}_c{c}_b{b}")
            for s, a, c, b in left_apis if unit_rate(data, s, a) > 0 and not unlimited(data.problem, a)
        },
        over={
            (s, k, c, b): share(f"over_s{s}_k{k}_c{c}_b{b}")
            for s, k, c, b in left if data.request_cost.get((s, designs[k].id), 0.0) > 0
        },
        over_api={(s, a, c, b): share(f"over_s{s}_a{a}_c{c}_b{b}") for s, a, c, b in left_apis},
        least={(s, c): prob.add_variable(f"least_s{s}_c{c}", 0) for s, c in unwritten(data)},
        on={(k, b): binary(f"on_k{k}_b{b}") for k in _may_lose_a_replica(data) for b in blocks},
        kept={
            (k, m): prob.add_variable(f"kept_k{k}_m{index[m]}", 0, each.replicas)
            for (k, m), each in data.kept.items() if m in COMMITTED and k in pools
        },
        added={designs[k].id: prob.add_variable(f"added_k{k}", 0) for k in pools if moving.replica_added > 0},
        removed={
            name: prob.add_variable(f"removed_{i}", 0 if name in {designs[k].id for k in pools} else count)
            for i, (name, count) in enumerate(sorted(moving.replicas.items())) if moving.replica_removed > 0
        },
        route={
            pair: binary(f"route_{i}") for i, pair in enumerate(sorted(pairs - moving.routes))
            if moving.route_added > 0
        },
        gone={
            pair: prob.add_variable(f"gone_{i}", 0 if pair in pairs else 1, 1, pulp.LpInteger)
            for i, pair in enumerate(sorted(moving.routes)) if moving.route_removed > 0
        },
    )  # fmt: skip


def survivors(data: Data, c: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs (s, k) and (s, a) that may serve while contingency c holds, of the segments that must be covered."""
    each, problem = data.problem.contingencies[c], data.problem
    lost = each.of if each.kind == "provider" else None
    covered = problem.coverage if problem.coverage is not None else np.zeros(len(problem.segments))
    pools = [(s, k) for s, k in data.pool_pairs if covered[s] > 0 and problem.designs[k].provider != lost]
    apis = [(s, a) for s, a in data.api_pairs if covered[s] > 0 and problem.apis[a].offer.provider != lost]
    return pools, apis


def _contingent(data: Data) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, int, int, int]]]:
    """(s, k, c, b) and (s, a, c, b) that may serve while a contingency holds, of all that are written."""
    alive = {c: survivors(data, c) for c in dict.fromkeys(c for c, _ in data.contingent)}
    return (
        [(s, k, c, b) for c, b in data.contingent for s, k in alive[c][0]],
        [(s, a, c, b) for c, b in data.contingent for s, a in alive[c][1]],
    )


def unwritten(data: Data) -> list[tuple[int, int]]:
    """(s, c) of the providers' losses that are not written for every block, and that strike what may serve s."""
    problem, written = data.problem, set(data.contingent)
    found = []
    for c in data.lost:
        each = problem.contingencies[c]
        if each.kind != "provider" or each.share <= 0 or all((c, b) in written for b in data.blocks):
            continue
        struck = {s for s, k in data.pool_pairs if problem.designs[k].provider == each.of}
        struck |= {s for s, a in data.api_pairs if problem.apis[a].offer.provider == each.of}
        found += [(s, c) for s in sorted(struck) if problem.coverage is not None and problem.coverage[s] > 0]
    return found


def _may_lose_a_replica(data: Data) -> list[int]:
    """Designs of which a contingency that is written takes a replica."""
    struck = (data.problem.contingencies[c] for c in dict.fromkeys(c for c, _ in data.contingent))
    of = {each.of for each in struck if each.kind == "replica"}
    return [k for k in data.pools if data.problem.designs[k].id in of]


def least_switches(data: Data, v: Variables, values: Mapping[str, float]) -> dict[str, float]:
    """The plan with every switch off that nothing it runs needs on; no row breaks and no cost rises.

    Values hold z of every contingency that strikes the plan, written in the program or not.
    """
    tidy = dict(values)
    in_fallback = (name for name, value in values.items() if value > 0 and name.startswith(("z_s", "over_s")))
    ready = {int(name.split("_")[2][1:]) for name in in_fallback if "_a" in name}
    runs: dict[int, list[Var]] = {k: [] for k in v.open}
    serves: dict[int, list[Var]] = {a: [] for a in data.apis}
    for (_, k, _), var in v.x.items():
        runs[k].append(var)
    for by_design in (v.r, v.d, v.e, v.v):
        for key, var in by_design.items():
            runs[key[0]].append(var)
    for (_, a, _), var in v.x_api.items():
        serves[a].append(var)

    def running(of: Mapping[int, list[Var]]) -> set[int]:
        return {o for o, variables in of.items() if any(tidy.get(var.name, 0.0) > 0 for var in variables)}

    opened, used = running(runs), running(serves) | ready
    designs, apis = data.problem.designs, data.problem.apis
    switches: list[tuple[Var, bool]] = [(var, k in opened) for k, var in v.open.items()]
    switches += [(var, name in {designs[k].pool_class for k in opened}) for name, var in v.pool_class.items()]
    switches += [(var, name in {site_of(data, k) for k in opened}) for name, var in v.site.items()]
    switches += [(var, name in {apis[a].offer.provider for a in used}) for name, var in v.supplier.items()]
    if v.selfhost is not None:
        switches.append((v.selfhost, bool(opened)))
    tidy |= {var.name: float(on) for var, on in switches}
    if v.steps is not None and data.problem.people is not None:
        tidy[v.steps.name] = float(boxes_needed(len(opened), data.problem.people.designs) - bool(opened))
    return {name: value for name, value in tidy.items() if value != 0}


def without_idle(v: Variables, values: Mapping[str, float]) -> dict[str, float]:
    """The plan without replicas of pools that it does not open: they can serve nothing, and a limit may leave some."""
    closed = {k for k, var in v.open.items() if values.get(var.name, 0.0) < 0.5}
    idle = {var.name for counts in (v.r, v.d, v.e, v.v) for key, var in counts.items() if key[0] in closed}
    return {name: value for name, value in values.items() if name not in idle}


def most_steps(data: Data, a: int) -> int:
    """Steps of provisioned units that all admissible load could fill, or the least number that is sold."""
    api = data.problem.apis[a]
    rates = {s: rate for s, other in data.api_pairs if other == a and (rate := unit_rate(data, s, a))}
    peak = max(sum(float(data.load[s, b]) / rate for s, rate in rates.items()) for b in data.blocks)
    return boxes_needed(max(peak, api.unit_min), api.unit_step)


def unit_rate(data: Data, s: int, a: int) -> float:
    """Requests/s of segment s that one provisioned unit of a serves; 0 where none is sold for it."""
    return data.problem.unit_rate.get((s, data.problem.apis[a].id), 0.0)
