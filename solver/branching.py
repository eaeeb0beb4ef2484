"""Plans with pools, proven by branch and bound: at each branch some kind of pool is open, or none of that kind is.

No program is solved to bound a branch: its bound is the closed form of `pricing.py` at prices a few steps up the dual
(`ascent.py`), which also tells the designs that no plan of the branch which matters may hold. Where few are left, the
program with those alone, all its contingencies and the groups of which each has a pool ends the branch.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce

from solver.ascent import ascended
from solver.hour_rates import Rates
from solver.pool_choice import Family, choice, families
from solver.pricing import Bounds, Priced, bounds_in, priced_at
from solver.problem import Array, PoolDesign
from solver.program.build import Program
from solver.program.constraints import Row, at_least
from solver.program.data import Data
from solver.rest import rest_rows, with_rest
from solver.search import PART, Search

SIZE, MOST_SIZE = 600, 4000
"""Pairs of segment and design, times blocks and contingencies, up to which a branch is solved as a program.

The larger the more programs turn out to be settled without a branch of their own.
"""
GROWS = 1.5
TOLD = 16
"""So many designs in groups at most are solved beside all others as one pool."""
LOOK_S = 0.5
"""Seconds that a look at a branch as a program with the rest may take."""
ROUGH = 2e-3
"""The gap of a program with the rest."""
KINDS: tuple[Callable[[PoolDesign], object], ...] = (
    lambda design: (design.gpu, design.gpus),
    lambda design: design.model,
    lambda design: design.provider,
    lambda design: design.id,
)
"""What designs of a group are told apart by, one after another."""


@dataclass(frozen=True)
class Branch:
    """A family of plans, none of which that matters costs less than `floor`; from `prices` steps up the dual go.

    Once those are taken it is `few` designs of which a program is to be solved, and `done` with that. Programs of some
    designs beside the `rest` have been worth a look so far.
    """

    family: Family
    prices: Array
    floor: float
    rest: bool = True
    few: bool = False
    done: bool = False


def branches_at(search: Search, rates: Rates, prices: list[Array], pools: Collection[int]) -> list[Branch]:
    """A branch for each set of classes of these designs, with those that matter at the best of the prices."""
    data, every = search.data, families(search.data, pools)
    priced = [priced_at(data, rates, each, every, search.wanted) for each in prices]
    found = []
    for family in every:
        bounds = reduce(Bounds.and_at, (bounds_in(data, each, family) for each in priced))
        if bounds.with_pools < search.wanted:
            matter = {k for k in family.alive if bounds.with_design[k] < search.wanted}
            found.append(Branch(_within(family, matter), prices[-1], bounds.with_pools))
    return found


def close(search: Search, rates: Rates, branches: list[Branch]) -> None:
    """Divide the branches, that of the least floor first, until no plan that matters is below any of them."""
    size = float(SIZE)
    while branches:
        branch = min(branches, key=lambda branch: branch.floor)
        search.floor = branch.floor
        if branch.floor >= search.wanted or branch.done or search.over:
            return
        if not search.going:
            search.end()
            return
        branches.remove(branch)
        if not branch.few:
            branches += _closer(search, rates, branch, size)
            continue
        nodes = search.nodes
        branches += _solved(search, branch)
        size *= GROWS if search.nodes == nodes else 1 if search.nodes == nodes + 1 else 1 / GROWS
        size = min(max(size, SIZE), MOST_SIZE)
    search.floor = search.wanted


def _closer(search: Search, rates: Rates, branch: Branch, size: float) -> list[Branch]:
    """What a closer look leaves of a branch: nothing, the few designs that matter, or its parts."""
    data, family, wanted = search.data, branch.family, search.wanted
    prices = ascended(data, rates, family, branch.prices, wanted, lambda: search.going)
    priced = priced_at(data, rates, prices, [family], wanted)
    bounds = bounds_in(data, priced, family)
    floor = max(branch.floor, bounds.with_pools)
    if floor >= wanted:
        return []
    family = _within(family, {k for k in family.alive if bounds.with_design[k] < wanted})
    if small(search, family.alive, size):
        return [Branch(family, prices, floor, few=True)]
    rest, told = branch.rest, _told(data, family, priced)
    if rest and len(told) < len(family.alive):
        bound = _beside_rest(search, rates, family, told)
        floor, rest = max(floor, bound), bound > floor
        if search.over or floor >= search.wanted:
            return [Branch(family, prices, floor)]
    parts = _parts(data, family, priced)
    return [Branch(part, prices, floor, rest) for part in parts] or [Branch(family, prices, floor, few=True)]


def _beside_rest(search: Search, rates: Rates, family: Family, told: set[int]) -> float:
    """A bound by a program of the designs told as they are, and all others as one pool a class."""
    data, last = search.data, len(search.data.problem.designs)
    others = [k for k in family.alive if k not in told]
    rest = with_rest(data, rates, others)
    if rest is None:
        return 0.0

    def rows(program: Program) -> Iterator[Row]:
        yield from some_of(program, [group for group in family.some if told.issuperset(group)])
        yield from rest_rows(data, others, program)

    pools = [*sorted(told), *range(last, len(rest.problem.designs))]
    return search.run(pools, rows, part=min(PART, LOOK_S / max(search.left(), LOOK_S)), rest=rest, gap=ROUGH)


def _told(data: Data, family: Family, priced: Priced) -> set[int]:
    """The few designs of small groups, or where there are none those that the closed form takes."""
    told: set[int] = set()
    for group in sorted(family.some, key=len):
        if len(told) + len(group) <= TOLD:
            told |= set(group)
    found = None if told else choice(data, priced.value, priced.suppliers, family)
    return set(found.pools) if found else told


def _solved(search: Search, branch: Branch) -> list[Branch]:
    """What the program of its designs leaves of a branch: nothing, or itself with the bound that the gap asks for."""
    floor = max(branch.floor, search.run(branch.family.alive, lambda program: some_of(program, branch.family.some)))
    return [replace(branch, floor=floor, done=True)] if floor < search.wanted else []


def _parts(data: Data, family: Family, priced: Priced) -> tuple[Family, ...]:
    """The plans with a pool of some kind, and those without; none where all pools of the family are told one by one.

    Groups are told by kind of replica first; then a kind that gains beside them joins; then groups are told closer.
    """
    found = choice(data, priced.value, priced.suppliers, family)
    if found is None:
        return ()
    kinds = {k: KINDS[0](data.problem.designs[k]) for k in family.alive}
    coarse = [i for i, group in enumerate(family.some) if len({kinds[k] for k in group}) > 1]
    if coarse:
        return _split(data, family, coarse[0], found.firsts[coarse[0]])
    group_of = {k: i for i, group in enumerate(family.some) for k in group}
    largest = max(range(len(family.some)), key=lambda i: len(family.some[i]))
    joining = next((k for k in found.pools if k not in found.firsts), None)
    if joining is None and len(family.some[largest]) > 1:
        return _split(data, family, largest, found.firsts[largest])
    joining = joining if joining is not None else next(iter(found.others), None)
    if joining is None:
        return ()
    if joining in group_of:
        return _split(data, family, group_of[joining], found.firsts[group_of[joining]])
    part = tuple(k for k in family.alive if k not in group_of and kinds[k] == kinds[joining])
    return replace(family, some=(*family.some, part)), _within(family, set(family.alive) - set(part))


def _split(data: Data, family: Family, i: int, first: int) -> tuple[Family, ...]:
    """The plans in which group i has a pool of the kind of its first, and those without one of that kind in it."""
    designs, group = data.problem.designs, family.some[i]
    kind = next(kind for kind in KINDS if len({kind(designs[k]) for k in group}) > 1)
    part = tuple(k for k in group if kind(designs[k]) == kind(designs[first]))
    some = tuple(part if each == group else each for each in family.some)
    return replace(family, some=some), _within(family, set(family.alive) - set(part))


def _within(family: Family, alive: Collection[int]) -> Family:
    """The plans of a family with no other designs than these."""
    some = tuple(tuple(k for k in group if k in alive) for group in family.some)
    return replace(family, alive=tuple(k for k in family.alive if k in alive), some=some)


def small(search: Search, pools: Collection[int], size: float | None = None) -> bool:
    """Whether a program of these pools is soon solved, with the contingencies that it has."""
    members = set(pools)
    pairs = sum(k in members for _, k in search.data.pool_pairs)
    return pairs * (len(search.data.blocks) + len(search.contingent)) <= (SIZE if size is None else size)


def some_of(program: Program, groups: Iterable[Iterable[int]]) -> Iterator[Row]:
    """Some pool of each group is open."""
    opened = program.variables.open
    for i, group in enumerate(groups):
        yield at_least(f"some_{i}", dict.fromkeys((opened[k] for k in group if k in opened), 1.0), 1)


def some_pool(program: Program) -> Iterator[Row]:
    """Some pool is open."""
    yield from some_of(program, [program.variables.open])
