"""A search for the cheapest plan: what is known so far, and one case of it after another solved in the time left.

A row asks for a plan cheaper than the best so far. Contingencies are written as plans turn out to need them.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
import pulp

from solver.by_block import plan_by_block, shares_of
from solver.fallback import FALLBACK, fallback_of
from solver.problem import Array
from solver.program.build import Program, written
from solver.program.constraints import Row, at_most
from solver.program.data import Data, narrowed
from solver.program.hosted import hosted
from solver.program.objective import TERMS
from solver.program.variables import least_switches, make_variables
from solver.solve import Outcome, Progress, Status, StoppedBy, relative_gap, relaxed, solve

HALF = 0.5
"""Each case looks for a plan that is cheaper by this part of the gap asked; without one, half the gap is proven."""
PART = 0.4
"""Of the time that is left, what a case gets that does not end the search."""
TIGHTEST = 1e-10
"""No gap below this is asked of the solver."""
LARGE = 40_000
"""Rows above which pools are not solved in whole replicas: the solver's cuts alone take minutes that no limit ends."""


@dataclass
class Search:
    """What is known so far: the best plan, the least bound of the cases done, and the contingencies to be written.

    `floor` is a bound of all plans with pools, `apis` of all without. Plans that cost `below` or more do not matter;
    with `hosted`, pools serve something in those that do.
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
    nodes: int = 0
    ended: tuple[Status, StoppedBy] = ("optimal", "proof")
    contingent: set[tuple[int, int]] = field(default_factory=set)
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
        return self.below if self.best is None or self.best > self.below else self.best * (1 - self.gap * HALF)

    @property
    def bound(self) -> float:
        """No plan costs less."""
        return min(self.apis, self.floor)

    def left(self) -> float:
        """Seconds of the limit that are left; none once the user has stopped."""
        if self.stop is not None and self.stop.is_set():
            return 0.0
        return self.limit_s - (perf_counter() - self.started)

    def end(self) -> None:
        """Note that the search is over without a proof: the user has stopped it, or time is out."""
        stopped = self.stop is not None and self.stop.is_set()
        self.ended = ("stopped", "user") if stopped else ("time_limit", "time")

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
        end the search; a `gap` wider than the search's ends it. `rest` is the data with the rest of the designs as one
        more pool.
        """
        bound, until = 0.0, perf_counter() + part * self.left()
        enough = max(self.gap, gap or 0.0)
        gap = gap or self.gap * HALF
        while True:
            if self.left() <= 0:  # no program is written any more: of many designs that alone takes seconds
                self.end()
                return bound
            program = written(narrowed(rest or self.data, pools, self.contingent))
            asked = hosted(program.data, program.variables) if self.hosted else ()
            program = replace(program, rows=(*program.rows, *extra(program), *asked))
            if program.data.pools and len(program.rows) > LARGE:
                if part < 1.0 and rest is None:  # a bound of plans of some pools alone is of no use
                    return bound
                bound = max(bound, self._divided(program, min(until - perf_counter(), self.left())))
                if part == 1.0:
                    self.end()
                return bound
            wanted = self.wanted if cheaper else np.inf
            if wanted < np.inf:
                _tighten(program, wanted)
                program = replace(program, rows=(*program.rows, *_cheaper(program, wanted)))
            left = min(until - perf_counter(), self.left())
            outcome = solve(program, gap, left, self.threads, self.stage, self._watch, self.stop)
            self.nodes += outcome.nodes
            cut = outcome.status in ("time_limit", "stopped")
            if cut and (part == 1.0 or outcome.status == "stopped"):
                self.ended = outcome.status, outcome.stopped_by
            known = np.inf if outcome.status == "infeasible" else outcome.bound or 0.0
            bound = max(bound, min(known, wanted))
            if outcome.objective is None or rest is not None:  # a plan with the rest is none
                return bound
            before = self.best
            missing = self._found(program, outcome)
            if self.over or (not missing and (cut or self._proven(outcome, self.gap) or gap < TIGHTEST)):
                return bound
            self.contingent |= missing
            opened = frozenset(k for k in pools if outcome.values.get(f"open_k{k}", 0.0) > HALF)
            if missing and self.best == before and opened not in self.tried:
                self.tried.add(opened)  # what it opens may survive them with more replicas: a plan, soon found
                self.by_block(outcome.values, shares_of(self.data, outcome.values))
            if cut or self._proven(outcome, enough):
                return bound
            gap *= 1.0 if missing else HALF * HALF

    def _divided(self, program: Program, limit_s: float) -> float:
        """A bound of a program as if replicas could be divided."""
        solved = relaxed(program, limit_s, self.stop)
        return solved.cost if solved else 0.0

    def by_block(self, values: Mapping[str, float], shares: Array) -> None:
        """Note the plan that blocks make of the decisions for the month in `values`, if there is one."""
        kept = self.left() * PART  # for where traffic goes while something is lost
        found = plan_by_block(self.data, values, shares, lambda: self.left() - kept, self.stop)
        if found is None:
            return
        fallback = fallback_of(self.data, found)
        if fallback.uncovered:
            return
        opened = [k for k in self.data.pools if found.get(f"open_k{k}", 0.0) > HALF]
        data = narrowed(self.data, opened)
        variables = make_variables(pulp.LpProblem("plan", pulp.LpMinimize), data)
        if self.hosted and any(_short(row, found) for row in hosted(data, variables)):
            return  # each block by itself may leave its pools idle
        found = least_switches(data, variables, {**found, **fallback.values})
        terms = (term(data, variables) for name, term in TERMS.items() if name != "fallback")
        total = fallback.cost + sum(cost * found.get(var.name, 0.0) for term in terms for var, cost in term.items())
        self._note(total, found)

    def _proven(self, outcome: Outcome, gap: float) -> bool:
        """Whether the round's bound, within the gap, is that of the best plan, or no plan below the limit is left."""
        if self.best is None or outcome.bound is None:
            return False
        return outcome.bound >= (self.best * (1 - gap) if self.best <= self.below else self.below)

    def _found(self, program: Program, outcome: Outcome) -> set[tuple[int, int]]:
        """Note the plan of a round with its fallback, if it has one; the contingencies that the next round needs."""
        fallback = fallback_of(self.data, outcome.values)
        aside = set(program.terms["fallback"])
        kept = {name: value for name, value in outcome.values.items() if name.split("_")[0] not in FALLBACK}
        cost = sum(price * kept.get(var.name, 0.0) for var, price in program.cost.items() if var not in aside)
        total = cost + fallback.cost
        if fallback.uncovered:
            return self._new(fallback.uncovered)
        if not self._note(total, least_switches(program.data, program.variables, {**kept, **fallback.values})):
            return self._new(fallback.paid)
        if total <= self.below and outcome.bound is not None and total - outcome.bound <= self.gap * total:
            return set()
        return self._new(self._dear(program, outcome, fallback.paid, total))

    def _note(self, total: float, values: Mapping[str, float]) -> bool:
        """Keep a plan that is the best so far; whether it is within the budget."""
        budget = self.data.problem.rules.budget_per_month
        if budget is not None and total > budget * (1 + 1e-9):
            return False
        if self.best is None or total < self.best:
            self.best, self.values = total, values
        return True

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


def _short(row: Row, values: Mapping[str, float]) -> bool:
    """Whether a row that asks for at least something has less."""
    return bool(sum(value * values.get(var.name, 0.0) for var, value in row.items()) + row.constant < 0)


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
