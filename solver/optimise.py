"""The optimum of a problem: the cheaper of the best plan without pools and the best one with pools.

Without pools the program is nearly linear. With pools a real catalog offers thousands of designs, nearly all of them
too dear for the traffic at hand: closed-form bounds (`pricing.py`) at the prices of a small program (`shortlist.py`)
tell which no plan cheaper than the best can hold, and what is left is proven by branch and bound (`branching.py`).
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from time import perf_counter

import numpy as np

from solver.branching import branches_at, close, small, some_pool
from solver.by_block import shares_of
from solver.hour_rates import rates_of
from solver.interchanged import with_first_names
from solver.pricing import api_prices
from solver.problem import Problem
from solver.program.build import written
from solver.program.data import data_of, narrowed
from solver.program.hosted import hosted as hosted_rows
from solver.search import HALF, PART, Search
from solver.shortlist import Shortlist, shortlist
from solver.solve import Outcome, Progress, relative_gap, solve
from solver.units import HOURS_PER_MONTH

ROUGH = 1e-2
"""The gap of a first plan."""
MANY = 12
"""Blocks above which a first plan is made on fewer, merged ones."""
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
            search.run(first, some_pool, part=PART)
        _with_pools(search)
    return _outcome(search)


def _with_pools(search: Search) -> None:
    """Plans with pools: a good one first, then the proof that no other one is cheaper."""
    data, rates = search.data, rates_of(search.data)
    prices = [np.minimum(api_prices(data), _ceiling(search))]
    branches = branches_at(search, rates, prices, data.pools)
    search.floor = min((branch.floor for branch in branches), default=np.inf)
    alive = sorted({k for branch in branches for k in branch.family.alive})
    if alive and not small(search, alive) and (found := shortlist(data, alive, search.left, search.stop)) is not None:
        if len(data.blocks) > MANY:
            _on_merged_blocks(search, found)
        search.run(sorted(found.opened), some_pool, part=PART, gap=max(search.gap * HALF, ROUGH))
        branches = branches_at(search, rates, [*prices, found.prices], alive)
    close(search, rates, branches)


def _on_merged_blocks(search: Search, found: Shortlist) -> None:
    """A plan whose decisions for the month are those of a good one on a few merged blocks, where nothing is lost."""
    program = written(narrowed(found.small, found.opened))
    rows = hosted_rows(program.data, program.variables) if search.hosted else some_pool(program)
    program = replace(program, rows=(*program.rows, *rows))
    outcome = solve(program, ROUGH, search.left() * PART, search.threads, search.stage, stop=search.stop)
    if not outcome.found:
        return
    of_group = shares_of(found.small, outcome.values)
    shares, hours = np.zeros(search.data.load.shape), search.data.problem.blocks.hours
    for j, group in enumerate(found.groups):
        shares[:, group] = of_group[:, [j]] * hours[group] / hours[group].sum()
    search.by_block(outcome.values, shares)


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
    values = with_first_names(search.data, search.values)
    return Outcome(status, stopped_by, search.best, bound, gap, values, search.nodes, seconds)
