"""Plans with pools, proven: a case for each set of pool classes, the one of the least bound looked at more closely.

A case goes through three: steps up the dual of its closed-form bounds (`ascent.py`); programs in which the designs not
chosen so far are one pool a class (`rest.py`), of which more are chosen each time; and once few are left, all of them
as they are. Each is a relaxation of all plans of the case that matter, so each may raise its floor.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from solver.ascent import ascended
from solver.hour_rates import Rates
from solver.pricing import Bounds, bounds_in, priced_at
from solver.problem import Array, Problem
from solver.program.build import Program
from solver.program.constraints import Row, at_least
from solver.rest import hour_costs, rest_rows, segments_on_rest, spot_costs, with_rest
from solver.search import HALF, PART, Search

JOIN = 4
"""Kinds of replica whose designs join for each segment which the rest serves."""
ROUGH = 2e-3
"""The gap of a program with the rest, while it uses the rest."""
FEW = 40
"""So many designs at most are tried alone, each by itself."""
SIZE = 4000
"""Pairs of segment and design, times blocks and contingencies, up to which a program is solved without a shortlist."""


@dataclass
class Case:
    """Plans with pools of just the classes `on` (any, where it is empty), and what is known of them so far.

    From `prices` steps up the dual are yet to be taken; `chosen` designs are looked at one by one; no plan of the case
    costs less than `floor`, which is `done` with once all is solved as it is.
    """

    on: tuple[str, ...]
    bounds: Bounds
    prices: Array | None = None
    chosen: set[int] = field(default_factory=set)
    rough: float = ROUGH
    floor: float = 0.0
    done: bool = False

    def __post_init__(self) -> None:
        self.floor = max(self.floor, self.bounds.with_pools)

    def alive(self, search: Search) -> list[int]:
        """Designs that a plan which matters may hold."""
        designs = search.data.problem.designs
        return [
            k for k in search.data.pools
            if self.bounds.with_design[k] < search.wanted and (not self.on or designs[k].pool_class in self.on)
        ]  # fmt: skip

    def rows(self, program: Program) -> Iterator[Row]:
        """Some pool of each class is open."""
        if not self.on:
            yield from some_pool(program)
        designs, opened = program.data.problem.designs, program.variables.open
        for name in self.on:
            of_class = [var for k, var in opened.items() if designs[k].pool_class == name]
            yield at_least(f"some_{name}", dict.fromkeys(of_class, 1.0), 1)


def close(search: Search, rates: Rates, cases: list[Case], opened: set[int]) -> None:
    """Raise the floors of the cases, the lowest first, until no plan that matters is below any of them.

    Designs that a relaxation opens join the `opened`, of which a plan is looked for.
    """
    while True:
        case = min(cases, key=lambda case: case.floor)
        search.floor = case.floor
        if case.floor >= search.wanted or case.done or search.over:
            return
        if not search.going:
            search.end()
            return
        if case.prices is not None:
            _ascend(search, rates, case, case.prices, cases)
        else:
            _look_closer(search, rates, case, opened)


def _ascend(search: Search, rates: Rates, case: Case, start: Array, cases: list[Case]) -> None:
    """The bounds of the case at better prices, where others start that they serve better."""
    case.prices, until = None, search.left() * (1 - PART * HALF)
    prices = ascended(search.data, rates, case.on, start, search.wanted, lambda: search.left() > until)
    priced = priced_at(search.data, rates, prices, search.wanted)
    for each in cases:
        if each.prices is not None or each is case:
            found = each.bounds.and_at(bounds_in(search.data, priced, each.on))
            if found.with_pools > each.floor and each is not case:
                each.prices = prices
            each.bounds, each.floor = found, max(each.floor, found.with_pools)


def _look_closer(search: Search, rates: Rates, case: Case, opened: set[int]) -> None:
    """A program with the designs not chosen so far as one pool a class, and a plan of those that it opens.

    Where it uses the rest, the best of the rest join the chosen.
    """
    data, last, alive = search.data, len(search.data.problem.designs), case.alive(search)
    left_out = [k for k in alive if k not in case.chosen]
    rest = with_rest(data, rates, left_out) if left_out and not small(search, alive) else None
    if rest is None:
        case.floor, case.done = max(case.floor, _all_of(search, case)), True
        return

    def rows(program: Program) -> Iterator[Row]:
        yield from case.rows(program)
        yield from rest_rows(data, left_out, program)

    pools = [*(k for k in alive if k in case.chosen), *range(last, len(rest.problem.designs))]
    bound = search.run(pools, rows, part=PART, rest=rest, gap=case.rough)
    before = len(opened), len(case.chosen), case.floor
    case.floor = max(case.floor, min(bound, search.wanted))
    if search.over or case.floor >= search.wanted:
        return
    costs = np.minimum(hour_costs(data, rates), spot_costs(data, rates))
    for s in segments_on_rest(data, search.seen):
        case.chosen |= set(_best(data.problem, sorted(left_out, key=lambda k: (costs[s, k], k))))
    opened |= {k for k in alive for values in (search.seen, search.values) if values.get(f"open_k{k}", 0.0) > HALF}
    if len(opened) > before[0]:
        search.run(sorted(opened), some_pool, part=PART)
    if before == (len(opened), len(case.chosen), case.floor):  # as many again of the most promising, looked at closely
        promising = sorted(left_out, key=lambda k: (case.bounds.with_design[k], k))
        case.chosen |= set(promising[: max(JOIN, len(case.chosen))])
        case.rough = search.gap * HALF


def _best(problem: Problem, ordered: list[int]) -> Iterator[int]:
    """The first designs, of JOIN kinds of replica at one place; those of one kind cost nearly the same."""
    kinds: set[tuple[str, int, str, str]] = set()
    for k in ordered:
        design = problem.designs[k]
        kinds.add((design.gpu, design.gpus, design.provider, design.region))
        if len(kinds) > JOIN:
            return
        yield k


def _all_of(search: Search, case: Case) -> float:
    """A bound of the case with all its designs as they are.

    One design open, each by itself, the most promising first; then two or more. Many are one program.
    """
    alone = [k for k in case.alive(search) if case.bounds.alone[k] < search.wanted and len(case.on) < 2]
    if len(alone) > FEW:
        return min(search.run(case.alive(search), case.rows), search.wanted)
    done = np.inf
    for k in sorted(alone, key=lambda k: (case.bounds.alone[k], k)):
        if case.bounds.alone[k] < search.wanted:
            done = min(done, search.run([k], some_pool))
            if search.over:
                return case.floor
    alive = case.alive(search)
    if len(alive) > 1:
        done = min(done, search.run(alive, lambda program: (*case.rows(program), *_two_pools(program))))
    return min(done, search.wanted)  # what was left out costs at least that


def small(search: Search, pools: Collection[int]) -> bool:
    """Whether a program of these pools is soon solved, with the contingencies that it has."""
    members = set(pools)
    pairs = sum(k in members for _, k in search.data.pool_pairs)
    return pairs * (len(search.data.blocks) + len(search.contingent)) <= SIZE


def some_pool(program: Program) -> Iterator[Row]:
    """Some pool is open."""
    yield at_least("some_pool", dict.fromkeys(program.variables.open.values(), 1.0), 1)


def _two_pools(program: Program) -> Iterator[Row]:
    yield at_least("two_pools", dict.fromkeys(program.variables.open.values(), 1.0), 2)
