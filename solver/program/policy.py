"""Equations 7 and 8: the policy's rules on the plan as a whole, and what is sold in boxes, units and steps."""

from collections.abc import Iterator

import numpy as np

from catalogs.vocabulary import COMMITTED
from solver.patterns import means_api, names_design
from solver.problem import Array
from solver.program.constraints import Row, Terms, at_least, at_most, replicas
from solver.program.data import Data
from solver.program.variables import Variables, most_steps

LEAST_SHARE = 0.01
"""What must be used, or counts as a supplier, serves shares of the segments that add to at least this much."""


def budget(data: Data, cost: Terms) -> Iterator[Row]:
    """7. Budget: the whole objective <= budget, a month."""
    limit = data.problem.rules.budget_per_month
    if limit is not None:
        yield at_most("budget", cost, limit)


def pool_designs(data: Data, v: Variables) -> Iterator[Row]:
    """7. At most N pool designs: sum of open[k] <= N."""
    most = data.problem.rules.max_pool_designs
    if most is not None and v.open:
        yield at_most("designs", dict.fromkeys(v.open.values(), 1.0), most)


def counted_suppliers(data: Data, v: Variables) -> Iterator[Row]:
    """7. At most and at least N suppliers, of APIs and of pools.

    At most: open[k], supplier[p] <= party[p], sum of party <= N. At least: LEAST_SHARE * party[p] <= the shares that p
    serves, sum of party >= N.
    """
    rules = data.problem.rules
    for p, (name, var) in enumerate(v.party.items()):
        designs = [k for k in data.pools if data.problem.designs[k].provider == name]
        apis = [a for a in data.apis if data.problem.apis[a].offer.provider == name]
        if rules.max_suppliers is not None:
            yield from (at_most(f"party_k{k}_p{p}", {v.open[k]: 1.0, var: -1.0}) for k in designs)
            if name in v.supplier:
                yield at_most(f"party_p{p}", {v.supplier[name]: 1.0, var: -1.0})
        if rules.min_suppliers is not None:
            yield at_least(f"part_p{p}", _shares(data, v, designs, apis) | {var: -LEAST_SHARE})
    total: Terms = dict.fromkeys(v.party.values(), 1.0)
    if rules.max_suppliers is not None:
        yield at_most("suppliers_most", total, rules.max_suppliers)
    if rules.min_suppliers is not None:
        yield at_least("suppliers_least", total, rules.min_suppliers)


def must_use(data: Data, v: Variables) -> Iterator[Row]:
    """7. Must-use: the shares of the month that the options named serve add to at least LEAST_SHARE."""
    for i, term in enumerate(data.problem.rules.must_use):
        designs = [k for k in data.pools if names_design(term, data.problem.designs[k])]
        apis = [a for a in data.apis if means_api(term, (api := data.problem.apis[a]).id, api.offer)]
        yield at_least(f"must_{i}", _shares(data, v, designs, apis), LEAST_SHARE)


def _shares(data: Data, v: Variables, designs: list[int], apis: list[int]) -> Terms:
    """Shares of each segment's month that these options serve, summed over the segments."""
    shares = month_shares(data)
    terms: Terms = {var: float(shares[s, b]) for (s, k, b), var in v.x.items() if k in designs}
    return terms | {var: float(shares[s, b]) for (s, a, b), var in v.x_api.items() if a in apis}


def month_shares(data: Data) -> Array:
    """Share [s, b] of a segment's month that one share of block b is; 0 for a segment without requests."""
    month = np.array(
        [sum(float(data.requests[s, b]) / len(group) for group in groups for b in group)
         for s, groups in enumerate(data.groups)]
    )[:, None]  # fmt: skip
    return np.asarray(np.where(month > 0, data.requests / np.where(month > 0, month, 1.0), 0.0))


def gpus(data: Data, v: Variables) -> Iterator[Row]:
    """7. GPUs available: sum of gpus*(r+d+e+v) <= available, in each block, over the pools that the name means.

    A name is a provider, a GPU, or provider/GPU.
    """
    for i, (name, available) in enumerate(sorted(data.problem.rules.gpus_available.items())):
        designs = [
            k for k in data.pools
            if name in ((d := data.problem.designs[k]).provider, d.gpu, f"{d.provider}/{d.gpu}")
        ]  # fmt: skip
        for b in data.blocks:
            terms: Terms = {}
            for k in designs:
                terms |= {var: data.problem.designs[k].gpus * n for var, n in replicas(data, v, k, b).items()}
            if terms:
                yield at_most(f"gpus_{i}_b{b}", terms, available)


def capital(data: Data, v: Variables) -> Iterator[Row]:
    """7. Capital: what the owned replicas that are not yet there cost to buy <= capital."""
    limit = data.problem.rules.capital
    if limit is None:
        return
    terms: Terms = {
        v.r[k, m]: data.purchases[k, m].capital * data.purchases[k, m].box
        for k in data.pools
        for m in data.of_kind(k, COMMITTED)
        if data.purchases[k, m].capital > 0
    }
    terms |= {var: -data.purchases[k, m].capital for (k, m), var in v.kept.items() if data.purchases[k, m].capital > 0}
    if terms:
        yield at_most("capital", terms, limit)


def units(data: Data, v: Variables) -> Iterator[Row]:
    """8. Provisioned units: min*bought <= step*n <= most*bought. (Boxes and steps are in r, d, e, n themselves.)"""
    for a, var in v.n.items():
        api = data.problem.apis[a]
        step = float(api.unit_step)
        yield at_least(f"least_a{a}", {var: step, v.bought[a]: -float(api.unit_min)})
        yield at_most(f"most_a{a}", {var: step, v.bought[a]: -step * most_steps(data, a)})


def people_steps(data: Data, v: Variables) -> Iterator[Row]:
    """8. People in whole steps: designs a step * (selfhost + steps) >= sum of open[k].

    The first step is in the fixed costs.
    """
    if v.steps is not None and data.problem.people is not None:
        terms: Terms = dict.fromkeys(v.open.values(), 1.0)
        a_step = float(data.problem.people.designs)
        yield at_most("people", terms | {v.steps: -a_step, v.selfhost: -a_step})
