"""The optimum of a problem, case by case: no pool, one pool, two pools or more.

The cases are a partition of all plans, so the cheapest of their optima is the optimum and the least of their bounds is
a bound of the whole. They are far easier than the whole: without pools the program is nearly linear; with one pool it
is small; with two or more, the fixed costs of two stand in full. A row asks for a plan cheaper than the best so far.
A real catalog offers thousands of designs, nearly all of them too dear for the traffic at hand: closed-form bounds
(`pricing.py`) at the prices of a small program (`shortlist.py`) tell which no plan cheaper than the best can hold, and
those are left out. Contingencies are written as plans turn out to need them.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter

import numpy as np
import pulp

from solver.fallback import fallback_of
from solver.hour_rates import Rates, rates_of
from solver.pricing import Bounds, api_prices, bounds_of
from solver.problem import Problem
from solver.program.build import Program, written
from solver.program.constraints import Row, at_least, at_most
from solver.program.data import Data, data_of, narrowed
from solver.program.hosted import hosted
from solver.program.variables import least_switches
from solver.rest import hour_costs, rest_rows, segments_on_rest, spot_costs, with_rest
from solver.shortlist import shortlist
from solver.solve import Outcome, Progress, Status, StoppedBy, relative_gap, solve
from solver.units import HOURS_PER_MONTH

HALF = 0.5
"""Each case looks for a plan that is cheaper by this part of the gap asked; without one, half the gap is proven."""
PART = 0.4
"""Of the time that is left, what the shortlist's pools get by themselves."""
JOIN = 4
"""Kinds of replica whose designs join for each segment which the rest serves."""
ROUGH = 2e-3
"""The gap of a program with the rest, while it uses the rest."""
FEW = 40
"""So many designs at most are tried alone, each as its own case."""
SIZE = 4000
"""Pairs of segment and design, times blocks and contingencies, up to which a program is solved without a shortlist."""


@dataclass
class _Search:
    """What is known so far: the best plan, the least bound of the cases done, and the contingencies to be written.

    `floor` is a bound of all plans with pools, `apis` of all without, `done` of the cases with pools that are finished,
    which are all once the `last` one runs. Plans that cost `below` or more do not matter; with `hosted`, pools serve
    something in those that do.
    """

    data: Data
    gap: float
    limit_s: float
    threads: int
    stage: str
    on_progress: Callable[[Progress], None] | None
    stop: threading.Event | None
    below: float = np.inf
    hosted: bool = False
    started: float = field(default_factory=perf_counter)
    best: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    apis: float = 0.0
    floor: float = 0.0
    done: float = np.inf
    last: bool = False
    nodes: int = 0
    ended: tuple[Status, StoppedBy] = ("optimal", "proof")
    contingent: set[tuple[int, int]] = field(default_factory=set)
    seen: Mapping[str, float] = field(default_factory=dict)
    tried: set[frozenset[int]] = field(default_factory=set)

    @property
    def over(self) -> bool:
        """Whether time or the user has ended the search."""
        return self.ended[0] != "optimal"

    @property
    def going(self) -> bool:
        """Whether there is time left to search."""
        return not self.over and self.left() > 0

    @property
    def wanted(self) -> float:
        """What a plan must cost less than to matter."""
        return min(self.below, np.inf if self.best is None else self.best * (1 - self.gap * HALF))

    @property
    def bound(self) -> float:
        """No plan costs less."""
        pools = max(self.floor, self.done) if self.last else self.floor
        return min(self.apis, pools)

    def left(self) -> float:
        """Seconds of the limit that are left; none once the user has stopped."""
        if self.stop is not None and self.stop.is_set():
            return 0.0
        return self.limit_s - (perf_counter() - self.started)

    def run(
        self,
        pools: Collection[int],
        extra: Callable[[Program], Iterable[Row]] = lambda _: (),
        cheaper: bool = True,
        part: float = 1.0,
        rest: Data | None = None,
        gap: float | None = None,
    ) -> float:
        """Solve the case of these pools within the time that is left; a bound of the plans in it.

        Each round leaves out contingencies, so that its bound holds; those that its plan does not survive, or that
        cost it more than the gap, are written in the next one. `extra` rows are of the case; with `cheaper` it holds
        only plans that matter, and the bound is of the others too. A case that gets only a `part` of the time does not
        end the search. `rest` is the data with the rest of the designs as one more pool; `seen` holds its solution.
        """
        bound, until = 0.0, perf_counter() + part * self.left()
        gap = gap or self.gap * HALF
        while True:
            if self.left() <= 0:  # no program is written any more: of many designs that alone takes seconds
                stopped = self.stop is not None and self.stop.is_set()
                self.ended = ("stopped", "user") if stopped else ("time_limit", "time")
                return bound
            program = written(narrowed(rest or self.data, pools, self.contingent))
            wanted = self.wanted if cheaper else np.inf
            rows = list(extra(program))
            if wanted < np.inf:
                _tighten(program, wanted)
                rows += _cheaper(program, wanted)
            rows += hosted(program.data, program.variables) if self.hosted else ()
            program = replace(program, rows=(*program.rows, *rows))
            left = min(until - perf_counter(), self.left())
            outcome = solve(program, gap, left, self.threads, self.stage, self._watch, self.stop)
            self.nodes += outcome.nodes
            self.seen = outcome.values
            cut = outcome.status in ("time_limit", "stopped")
            if cut and (part == 1.0 or outcome.status == "stopped"):
                self.ended = outcome.status, outcome.stopped_by
            known = np.inf if outcome.status == "infeasible" else outcome.bound or 0.0
            bound = max(bound, min(known, wanted))
            if outcome.objective is None or rest is not None:  # a plan with the rest is none
                return bound
            before = self.best
            missing = self._found(program, outcome)
            if cut or (not missing and (self._proven(outcome) or gap < TIGHTEST)):
                return bound
            self.contingent |= missing
            opened = frozenset(k for k in pools if outcome.values.get(f"open_k{k}", 0.0) > HALF)
            if missing and self.best == before and opened not in self.tried and len(opened) < len(pools):
                self.tried.add(opened)  # what it opens may survive them with more replicas: a plan, soon found
                self.run(opened, extra, cheaper, PART * part)
            gap *= 1.0 if missing else HALF * HALF

    def _proven(self, outcome: Outcome) -> bool:
        """Whether the round's bound, within the gap, is that of the best plan."""
        return outcome.bound is not None and self.best is not None and self.best * (1 - self.gap) <= outcome.bound

    def _found(self, program: Program, outcome: Outcome) -> set[tuple[int, int]]:
        """Note the plan of a round with its fallback, if it has one; the contingencies that the next round needs."""
        fallback = fallback_of(self.data, outcome.values)
        aside = set(program.terms["fallback"])
        kept = {name: value for name, value in outcome.values.items() if name.split("_")[0] not in FALLBACK}
        cost = sum(price * kept.get(var.name, 0.0) for var, price in program.cost.items() if var not in aside)
        total = cost + fallback.cost
        if fallback.uncovered:
            return self._new(fallback.uncovered)
        budget = self.data.problem.rules.budget_per_month
        if budget is not None and total > budget * (1 + 1e-9):
            return self._new(fallback.paid)
        if self.best is None or total < self.best:
            self.best = total
            self.values = least_switches(program.data, program.variables, {**kept, **fallback.values})
        if outcome.bound is not None and total - outcome.bound <= self.gap * total:
            return set()
        return self._new(self._dear(program, outcome, fallback.paid, total))

    def _dear(
        self, program: Program, outcome: Outcome, paid: Mapping[tuple[int, int], float], total: float
    ) -> set[tuple[int, int]]:
        """The contingencies that cost more than the program knows, but for those that add up to little."""
        more: dict[int, float] = {}
        for (c, b), cost in paid.items():
            if (c, b) not in self.contingent:
                more[c] = more.get(c, 0.0) + cost
        for (_, c), var in program.variables.least.items():
            more[c] = more.get(c, 0.0) - outcome.values.get(var.name, 0.0)
        little = total * self.gap * HALF * HALF
        chosen = set()
        for c in sorted(more, key=lambda c: (more[c], c)):
            little -= max(0.0, more[c])
            if little < 0:
                chosen.add(c)
        return {(c, b) for c, b in paid if c in chosen} or set(paid)

    def _new(self, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """The contingencies (c, b) that are not yet written; of all blocks, where what waits must be covered."""
        problem = self.data.problem
        if problem.coverage is not None and np.any((problem.coverage > 0) & problem.may_wait):
            pairs = {(c, b) for c, _ in pairs for b in self.data.blocks}
        return set(pairs) - self.contingent

    def _watch(self, of_case: Progress) -> None:
        """The case's progress as progress of the whole."""
        if self.on_progress is None:
            return
        best = self.best
        if of_case.best is not None and not self.data.lost:
            best = of_case.best if best is None else min(best, of_case.best)
        bound = min(self.apis, self.floor)
        known = bound if bound > 0 and best is not None else None
        elapsed = perf_counter() - self.started
        self.on_progress(Progress(self.stage, elapsed, best, known, relative_gap(best, known)))


PRECISE = 1e-8
"""A gap that is no more than rounding, also where less was asked."""
TIGHTEST = 1e-10
"""No gap below this is asked of the solver."""
FALLBACK = ("z", "wz", "over", "least")
"""Families of variables that are found anew by `fallback.py`."""


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
    search = _Search(data, gap, limit_s, threads, stage, on_progress, stop, below, hosted)
    search.floor = 0.0 if data.pools else np.inf
    search.apis = np.inf if hosted else search.run([], cheaper=below < np.inf)
    if data.pools and not search.over:
        if first := [k for k in data.pools if data.problem.designs[k].id in start]:
            search.run(first, _some_pool, part=PART)
        _with_pools(search)
    return _outcome(search)


def _with_pools(search: _Search) -> None:
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


def _close(search: _Search, bounds: Bounds, rates: Rates, opened: set[int]) -> None:
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
            chosen |= set(sorted(left_out, key=lambda k: (bounds.with_design[k], k))[: len(chosen)])
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


def _alive(search: _Search, bounds: Bounds) -> list[int]:
    """Designs that a plan which matters may hold."""
    return [k for k in search.data.pools if bounds.with_design[k] < search.wanted]


def _case_by_case(search: _Search, bounds: Bounds) -> None:
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


def _small(search: _Search, pools: Collection[int]) -> bool:
    """Whether a program of these pools is soon solved, with the contingencies that it has."""
    pairs = sum(k in pools for _, k in search.data.pool_pairs)
    return pairs * (len(search.data.blocks) + len(search.contingent)) <= SIZE


def _some_pool(program: Program) -> Iterator[Row]:
    yield at_least("some_pool", dict.fromkeys(program.variables.open.values(), 1.0), 1)


def _two_pools(program: Program) -> Iterator[Row]:
    yield at_least("two_pools", dict.fromkeys(program.variables.open.values(), 1.0), 2)


def _cheaper(program: Program, wanted: float) -> Iterator[Row]:
    scale = wanted or 1.0  # millions in one row have made the solver give up
    yield at_most("cheaper", {var: cost / scale for var, cost in program.cost.items()}, wanted / scale)


def _tighten(program: Program, wanted: float) -> None:
    """Counts of which fewer cost more than is wanted already are cut: wide ranges cost the solver much of its time."""
    saved = sum(cost * (var.upBound or 0.0) for var, cost in program.cost.items() if cost < 0)
    for var, cost in program.cost.items():
        if var.cat == pulp.LpInteger and cost > 0:
            most = np.floor((wanted - saved) / cost * (1 + 1e-9))
            if var.upBound is None or var.upBound > most:
                var.upBound = max(float(most), var.lowBound or 0.0)


def _ceiling(search: _Search) -> float:
    """A cost to price at what no API may serve: the best plan's, or that of a replica for each share, times many."""
    if search.best is not None:
        return search.best
    data = search.data
    dearest = max((way.price for way in data.purchases.values()), default=0.0)
    return 2 * HOURS_PER_MONTH * dearest * float(data.most.max(initial=1.0))


def _outcome(search: _Search) -> Outcome:
    """The answer; where the search was ended early, with the bound that holds all the same."""
    seconds = perf_counter() - search.started
    status, stopped_by = search.ended
    bound = max(0.0, search.bound)
    if search.best is None or search.best > search.below:
        if not search.over:
            none_below = search.below if search.below < np.inf else None
            return Outcome("infeasible", "proof", None, none_below, None, nodes=search.nodes, seconds=seconds)
        known = bound if np.isfinite(bound) and bound > 0 else None
        return Outcome(status, stopped_by, None, known, None, nodes=search.nodes, seconds=seconds)
    bound = min(bound, search.best)
    gap = relative_gap(search.best, bound)
    if gap is not None and gap <= max(search.gap, PRECISE):  # time ran out on a case that could no longer matter
        status, stopped_by = "optimal", "proof"
    elif status == "optimal":  # numbers that the solver cannot tell apart: what is not proven is not called so
        status, stopped_by = "time_limit", "time"
    return Outcome(status, stopped_by, search.best, bound, gap, search.values, search.nodes, seconds)
