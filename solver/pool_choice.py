"""Which pools and how many suppliers are cheapest together, each at what it costs less what it gains."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import ceil, inf
from typing import NamedTuple

import numpy as np

from solver.problem import Array, Problem
from solver.program.data import Data


@dataclass(frozen=True)
class Family:
    """Plans with pools of just the classes `on`, of the designs `alive` alone, and one of each of the groups `some`.

    The groups share no design. `ways` are as in `ways_needed`.
    """

    on: tuple[str, ...]
    alive: tuple[int, ...]
    some: tuple[tuple[int, ...], ...]
    ways: tuple[int, int]


def families(data: Data, alive: Iterable[int]) -> list[Family]:
    """A family for every set of classes, with a pool of each, and of those that alone may serve some segment."""
    ways, by_class = ways_needed(data), dict[str, list[int]]()
    for k in sorted(alive):
        by_class.setdefault(data.problem.designs[k].pool_class, []).append(k)
    some = {name: tuple(group) for name, group in by_class.items()}
    for servers in _only_servers(data, {k for group in by_class.values() for k in group}):
        of = {data.problem.designs[k].pool_class for k in servers}
        if len(of) == 1 and len(servers) < len(some[min(of)]):
            some[min(of)] = servers
    return [
        Family(on, tuple(sorted(k for name in on for k in by_class[name])), tuple(some[name] for name in on), ways)
        for on in class_sets(list(by_class))
    ]


def _only_servers(data: Data, alive: Collection[int]) -> Iterator[tuple[int, ...]]:
    """Of each segment that no API may serve, the designs that may."""
    for s in set(range(len(data.problem.segments))) - {s for s, _ in data.api_pairs}:
        yield tuple(k for other, k in data.pool_pairs if other == s and k in alive)


class Choice(NamedTuple):
    """The cheapest pools: of each group its first, and of all others, ascending, the first n.

    By n: the `sums` of what they cost less what they gain, and what people and suppliers `beside` them cost (inf where
    there are too few or too many); `fixed` is paid with any of them.
    """

    fixed: float
    firsts: list[int]
    others: list[int]
    sums: Array
    beside: Array

    @property
    def pools(self) -> list[int]:
        """The designs chosen."""
        return [*self.firsts, *self.others[: int(np.argmin(self.sums + self.beside))]]

    @property
    def least(self) -> float:
        """What they cost, with people and suppliers."""
        return self.fixed + float((self.sums + self.beside).min())


def choice(data: Data, value: Array, suppliers: Array, family: Family) -> Choice | None:
    """The cheapest pools of a family.

    `value` [k] is what pools cost less what they gain (inf: not there), `suppliers` the same of suppliers, ascending.
    None where there are too few.
    """
    firsts = [min(group, key=lambda k: value[k], default=-1) for group in family.some]
    if any(k < 0 or value[k] == inf for k in firsts):
        return None
    others = sorted((k for k in family.alive if k not in firsts and value[k] < inf), key=lambda k: (value[k], k))
    (pools, needed), count = family.ways, len(firsts)
    most = min(len(others), int(np.count_nonzero(value[others] < 0)) + max(pools, needed))
    if (allowed := data.problem.rules.max_pool_designs) is not None:
        most = min(most, allowed - count)
    if most < 0:
        return None
    beside = _beside(data, suppliers, needed, max(pools, count), count + most)[count:]
    if beside.min(initial=inf) == inf:
        return None
    sums = value[firsts].sum() + np.concatenate(([0.0], np.cumsum(value[others[:most]])))
    selfhost, classes = pool_entry(data, value)
    return Choice(selfhost + sum(classes[name] for name in family.on), firsts, others, sums, beside)


def pool_entry(data: Data, value: Array) -> tuple[float, dict[str, float]]:
    """What is paid once any pool is open, and by class once one of it is, of the classes of designs with a value."""
    problem = data.problem
    classes: dict[str, float] = {design.pool_class: 0.0 for k, design in enumerate(problem.designs) if value[k] < inf}
    selfhost = 0.0
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "class" and cost.trigger[1] in classes:
            classes[cost.trigger[1]] += cost.per_month
        if cost.trigger[0] == "selfhost":
            selfhost += cost.per_month
    return selfhost, classes


def supplier_entry(problem: Problem) -> dict[str, float]:
    """What each supplier costs a month once one of its APIs is used; those without such a cost are not in it."""
    entry: dict[str, float] = {}
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "supplier":
            entry[cost.trigger[1]] = entry.get(cost.trigger[1], 0.0) + cost.per_month
    return entry


def ways_needed(data: Data) -> tuple[int, int]:
    """Pools that every plan with pools has at least, and pools and suppliers together.

    Two where a covered segment may lose any provider of those that may serve it, two pools where no API may.
    """
    problem = data.problem
    pools, ways = 1, max(1, problem.rules.min_suppliers or 1)
    lost = {problem.contingencies[c].of for c in data.lost if problem.contingencies[c].kind == "provider"}
    for s in np.flatnonzero(problem.coverage > 0).tolist() if problem.coverage is not None else ():
        of_apis = {problem.apis[a].offer.provider for other, a in data.api_pairs if other == s}
        if of_apis | {problem.designs[k].provider for other, k in data.pool_pairs if other == s} <= lost:
            pools, ways = pools if of_apis else 2, max(2, ways)
    return pools, ways


def class_sets(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Every set of classes that may be on, but for none."""
    for size in range(1, len(names) + 1):
        yield from combinations(sorted(names), size)


def least_ways(data: Data, pools: Array, suppliers: Array, needed: int, least_pools: int) -> float:
    """Least sum of the first n pools (ascending), their people, and the first j suppliers, n + j >= needed."""
    most = min(len(pools), int(np.count_nonzero(pools < 0)) + max(needed, least_pools))
    sums = np.concatenate(([0.0], np.cumsum(pools[:most])))
    return float((sums + _beside(data, suppliers, needed, least_pools, most)).min())


def suppliers_beside(suppliers: Array, needed: int, pools: int) -> int:
    """How many suppliers a plan has at least beside so many pools: those that gain, or as many as it needs ways."""
    return max(int(np.count_nonzero(suppliers < 0)), needed - pools)


def _beside(data: Data, suppliers: Array, needed: int, least_pools: int, most: int) -> Array:
    """People and suppliers beside n pools, for n from 0 to `most`; inf where n may not be, or ways are too few."""
    people, allowed = data.problem.people, data.problem.rules.max_pool_designs
    step = people.fte * people.price_per_fte_month if people else 0.0
    size = people.designs if people else 1
    sold = np.concatenate(([0.0], np.cumsum(suppliers)))
    beside = np.full(most + 1, inf)
    for n in range(least_pools, min(most, most if allowed is None else allowed) + 1):
        j = suppliers_beside(suppliers, needed, n)
        if j < len(sold):
            beside[n] = sold[j] + step * max(0, ceil(max(n, 1) / size) - 1)
    return beside
