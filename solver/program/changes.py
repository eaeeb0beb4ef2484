"""What is in force and what a change of it costs: replicas kept, replicas and routes that come and go."""

from collections.abc import Iterator

from solver.program.constraints import Row, Terms, at_least, at_most, replicas
from solver.program.data import PURCHASE_TYPES, Data
from solver.program.policy import LEAST_SHARE, month_shares
from solver.program.variables import Variables
from solver.units import HOURS_PER_MONTH


def kept(data: Data, v: Variables) -> Iterator[Row]:
    """9. In force: kept[k,m] <= box*r[k,m], and at most what is in force."""
    for (k, m), var in v.kept.items():
        yield at_most(f"kept_k{k}_m{PURCHASE_TYPES.index(m)}", {var: 1.0, v.r[k, m]: -float(data.purchases[k, m].box)})


def replicas_moved(data: Data, v: Variables) -> Iterator[Row]:
    """9. Replicas added >= N[k] - F[k], removed >= F[k] - N[k]; N the mean count over the month, F that in force."""
    moving = data.problem.moving
    if moving is None:
        return
    ids = [design.id for design in data.problem.designs]
    for k in data.pools:
        mean: Terms = {}
        for b in data.blocks:
            part = float(data.problem.blocks.hours[b]) / HOURS_PER_MONTH
            for var, count in replicas(data, v, k, b).items():
                mean[var] = mean.get(var, 0.0) + part * count
        runs = moving.replicas.get(ids[k], 0.0)
        if ids[k] in v.added:
            yield at_most(f"added_k{k}", mean | {v.added[ids[k]]: -1.0}, runs)
        if ids[k] in v.removed:
            yield at_least(f"removed_k{k}", mean | {v.removed[ids[k]]: 1.0}, runs)


def routes_moved(data: Data, v: Variables) -> Iterator[Row]:
    """9. Routes: x[s,o,b] <= route[s,o] for a new one; 0.01*(1 - gone[s,o]) <= what an old one serves."""
    problem = data.problem
    shares = month_shares(data)
    for (s, k, b), var in v.x.items():
        pair = s, problem.designs[k].id
        if pair in v.route:
            yield at_most(f"route_s{s}_k{k}_b{b}", {var: 1.0, v.route[pair]: -1.0})
    for (s, a, b), var in v.x_api.items():
        pair = s, problem.apis[a].id
        if pair in v.route:
            yield at_most(f"route_s{s}_a{a}_b{b}", {var: 1.0, v.route[pair]: -1.0})
    ids = {design.id: k for k, design in enumerate(problem.designs)}
    offers = {api.id: a for a, api in enumerate(problem.apis)}
    for s, option in v.gone:
        served: Terms = {}
        if (s, ids.get(option)) in data.pool_pairs:
            served = {v.x[s, ids[option], b]: float(shares[s, b]) for b in data.blocks}
        elif (s, offers.get(option)) in data.api_pairs:
            served = {v.x_api[s, offers[option], b]: float(shares[s, b]) for b in data.blocks}
        if served:
            name = f"gone_s{s}_{'k' if option in ids else 'a'}{ids.get(option, offers.get(option))}"
            yield at_least(name, served | {v.gone[s, option]: LEAST_SHARE}, LEAST_SHARE)
