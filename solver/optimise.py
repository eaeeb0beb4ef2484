"""The optimum of a problem, case by case: no pool, one pool, two pools or more.

The cases are a partition of all plans, so the cheapest of their optima is the optimum and the least of their bounds is
a bound of the whole. They are far easier than the whole: without pools the program is nearly linear; with one pool it
is small; with two or more, the fixed costs of two stand in full.
A real catalog offers thousands of designs, nearly all of them too dear for the traffic at hand: closed-form bounds
(`pricing.py`) at the prices of a small program (`shortlist.py`) tell which no plan cheaper than the best can hold, and
those are left out.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from functools import partial
from time import perf_counter

import numpy as np

from solver.hour_rates import Rates, rates_of
from solver.pricing import Bounds, api_prices, bounds_of
from solver.problem import Problem
from solver.program.build import Program
from solver.program.constraints import Row, at_least
from solver.program.data import Data, data_of
from solver.rest import hour_costs, rest_rows, segments_on_rest, spot_costs, with_rest
from solver.search import HALF, PART, Search
from solver.shortlist import shortlist
from solver.solve import Outcome, Progress, relative_gap
from solver.units import HOURS_PER_MONTH

JOIN = 4
"""Kinds of replica whose designs join for each segment which the rest serves."""
ROUGH = 2e-3
"""The gap of a program with the rest, while it uses the rest."""
FEW = 40
"""So many designs at most are tried alone, each as its own case."""
SIZE = 4000
"""Pairs of segment and design, times blocks and contingencies, up to which a program is solved without a shortlist."""


PRECISE = 1e-8
"""A gap that is no more than rounding, also where less was asked."""


def optimise(
    problem: Problem,
    gap: float = 1e-4,
    limit_s: float = 60.0,
    threads: int = 1,
    stage: str = "solve",
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    hosted: bool = False,
    below: float = np.inf,
    start: Collection[str] = (),
) -> Outcome:
    """The cheapest plan of a problem, proven to the relative gap unless time or the user ends it.

    With `hosted`, of the plans in which pools serve at least 1 % of a segment's month. Of plans below a cost, where
    that is given: "infeasible" is then the proof that there is none, and the bound that cost. `start` are ids of
    designs that a good plan is thought to open: they are tried first. Raises what `data_of` and `solve` raise.
    """
    data = data_of(problem)
    search = Search(data, gap, limit_s, threads, stage, on_progress, stop, below, hosted)
    search.floor = 0.0 if data.pools else np.inf
    search.apis = np.inf if hosted else search.run([], cheaper=below < np.inf)
    if data.pools and not search.over:
        if first := [k for k in data.pools if data.problem.designs[k].id in start]:
            search.run(first, _some_pool, part=PART)
        _with_pools(search)
    return _outcome(search)


def _with_pools(search: Search) -> None:
    """Plans with pools: a good one first, then the proof that no other one is cheaper."""
    data = search.data
    rates = rates_of(data)
    bounds = bounds_of(data, rates, np.minimum(api_prices(data), _ceiling(search)), search.wanted)
    search.floor = bounds.with_pools
    alive = _alive(search, bounds)
    if not _small(search, set(alive)) and (found := shortlist(data, alive, search.left, search.stop)) is not None:
        bounds = bounds.and_at(bounds_of(data, rates, found.prices, search.wanted))
        search.floor = bounds.with_pools
        _close(search, bounds, rates, set(found.opened))
        return
    _case_by_case(search, bounds)


def _close(search: Search, bounds: Bounds, rates: Rates, opened: set[int]) -> None:
    """By turns: a bound by a program with the designs not chosen so far as one pool, and a plan of those it opens.

    Where that program uses the rest, the best of the rest join the chosen. Each is a relaxation of all plans with pools
    that matter, so each may raise the floor.
    """
    data, last = search.data, len(search.data.problem.designs)
    costs = np.minimum(hour_costs(data, rates), spot_costs(data, rates))
    chosen, rough = set(opened), max(search.gap * HALF, ROUGH)
    search.run(sorted(opened), _some_pool, part=PART)
    while search.going:
        alive = _alive(search, bounds)
        left_out = [k for k in alive if k not in chosen]
        rest = with_rest(data, rates, left_out) if left_out and not _small(search, set(alive)) else None
        if rest is None:
            return _case_by_case(search, bounds)
        rows = partial(_with_rest_rows, data, left_out)
        pools = [*(k for k in alive if k in chosen), *range(last, len(rest.problem.designs))]
        bound = search.run(pools, rows, part=PART, rest=rest, gap=rough)
        before = len(opened), len(chosen), search.floor
        search.floor = max(search.floor, min(bound, search.wanted))
        if search.over or search.floor >= search.wanted:
            return None
        for s in segments_on_rest(data, search.seen):
            chosen |= set(_best(data.problem, sorted(left_out, key=lambda k: (costs[s, k], k))))
        opened |= {k for k in alive for values in (search.seen, search.values) if values.get(f"open_k{k}", 0.0) > HALF}
        if len(opened) > before[0]:
            search.run(sorted(opened), _some_pool, part=PART)
        if before == (len(opened), len(chosen), search.floor):  # as many again of the most promising, looked at closely
            chosen |= set(sorted(left_out, key=lambda k: (bounds.with_design[k], k))[: max(JOIN, len(chosen))])
            rough = search.gap * HALF
    if not search.over:
        search.ended = "time_limit", "time"
    return None


def _best(problem: Problem, ordered: list[int]) -> Iterator[int]:
    """The first designs, of JOIN kinds of replica at one place; those of one kind cost nearly the same."""
    kinds: set[tuple[str, int, str, str]] = set()
    for k in ordered:
        design = problem.designs[k]
        kinds.add((design.gpu, design.gpus, design.provider, design.region))
        if len(kinds) > JOIN:
            return
        yield k


def _with_rest_rows(data: Data, rest: list[int], program: Program) -> Iterator[Row]:
    yield from _some_pool(program)
    yield from rest_rows(data, rest, program)


def _alive(search: Search, bounds: Bounds) -> list[int]:
    """Designs that a plan which matters may hold."""
    return [k for k in search.data.pools if bounds.with_design[k] < search.wanted]


def _case_by_case(search: Search, bounds: Bounds) -> None:
    """One design open, each its own case, the most promising first; then two or more. Many are one case."""
    alone = [k for k in _alive(search, bounds) if bounds.alone[k] < search.wanted]
    if len(alone) > FEW:
        search.last = True
        search.done = min(search.run(_alive(search, bounds), _some_pool), search.wanted)
        return
    for k in sorted(alone, key=lambda k: (bounds.alone[k], k)):
        if bounds.alone[k] < search.wanted:
            search.done = min(search.done, search.run([k], _some_pool))
            if search.over:
                return
    alive = _alive(search, bounds)
    search.last = True
    if len(alive) > 1:
        search.done = min(search.done, search.run(alive, _two_pools))
    search.done = min(search.done, search.wanted)  # what was left out costs at least that


def _small(search: Search, pools: Collection[int]) -> bool:
    """Whether a program of these pools is soon solved, with the contingencies that it has."""
    pairs = sum(k in pools for _, k in search.data.pool_pairs)
    return pairs * (len(search.data.blocks) + len(search.contingent)) <= SIZE


def _some_pool(program: Program) -> Iterator[Row]:
    yield at_least("some_pool", dict.fromkeys(program.variables.open.values(), 1.0), 1)


def _two_pools(program: Program) -> Iterator[Row]:
    yield at_least("two_pools", dict.fromkeys(program.variables.open.values(), 1.0), 2)


def _ceiling(search: Search) -> float:
    """A cost to price at what no API may serve: the best plan's, or that of a replica for each share, times many."""
    if search.best is not None:
        return search.best
    data = search.data
    dearest = max((way.price for way in data.purchases.values()), default=0.0)
    return 2 * HOURS_PER_MONTH * dearest * float(data.most.max(initial=1.0))


def _outcome(search: Search) -> Outcome:
    """The answer; where the search was ended early, with the bound that holds all the same."""
    seconds = perf_counter() - search.started
    status, stopped_by = search.ended
    bound = max(0.0, search.bound)
    if search.best is None or search.best > search.below:
        limited = search.below < np.inf
        if not search.over and (not limited or bound >= search.below * (1 - PRECISE)):
            none_below = search.below if limited else None
            return Outcome("infeasible", "proof", None, none_below, None, nodes=search.nodes, seconds=seconds)
        if status == "optimal":  # plans at the limit that the solver cannot tell from one below it
            status, stopped_by = "time_limit", "time"
        known = bound if np.isfinite(bound) and bound > 0 else None
        return Outcome(status, stopped_by, None, known, None, nodes=search.nodes, seconds=seconds)
    bound = min(bound, search.best)
    gap = relative_gap(search.best, bound)
    if gap is not None and gap <= max(search.gap, PRECISE):  # time ran out on a case that could no longer matter
        status, stopped_by = "optimal", "proof"
    elif status == "optimal":  # numbers that the solver cannot tell apart: what is not proven is not called so
        status, stopped_by = "time_limit", "time"
    return Outcome(status, stopped_by, search.best, bound, gap, search.values, search.nodes, seconds)
