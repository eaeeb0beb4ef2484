"""The optimum of a problem, case by case: no pool, one pool, two pools or more.

The cases are a partition of all plans, so the cheapest of their optima is the optimum and the least of their bounds is
a bound of the whole. They are far easier than the whole: without pools the program is nearly linear; with one pool it
is small, and most such cases fall to a closed-form bound; with two or more, the fixed costs of two stand in full, and a
row asks for a plan cheaper than the best of the others, which mostly no plan can meet.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from solver.fallback import fallback_of
from solver.pricing import single_pool_bounds
from solver.problem import Problem
from solver.program.build import Program, written
from solver.program.constraints import Row, at_least, at_most
from solver.program.data import Data, data_of, narrowed
from solver.program.variables import least_switches
from solver.solve import Outcome, Progress, Status, StoppedBy, relative_gap, solve

HALF = 0.5
"""The last case looks for a plan that is cheaper by this part of the gap asked; without one, half the gap is proven."""


@dataclass
class _Search:
    """What is known so far: the best plan, the least bound of the cases done, and the contingencies to be written."""

    data: Data
    gap: float
    limit_s: float
    threads: int
    stage: str
    on_progress: Callable[[Progress], None] | None
    stop: threading.Event | None
    started: float = field(default_factory=perf_counter)
    best: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    done: float = np.inf
    nodes: int = 0
    last: bool = False
    ended: tuple[Status, StoppedBy] = ("optimal", "proof")
    contingent: set[tuple[int, int]] = field(default_factory=set)

    @property
    def over(self) -> bool:
        """Whether time or the user has ended the search."""
        return self.ended[0] != "optimal"

    def run(self, pools: Collection[int], extra: Callable[[Program], Iterable[Row]] = lambda _: ()) -> Outcome:
        """Solve the case of these pools within the time that is left, and note what it proves.

        Each round leaves out contingencies, so that its bound holds; those that its plan does not survive, or that
        cost it more than the gap, are written in the next one. `extra` rows are of the case.
        """
        while True:
            program = written(narrowed(self.data, pools, self.contingent))
            program = replace(program, rows=(*program.rows, *extra(program)))
            left = self.limit_s - (perf_counter() - self.started)
            outcome = solve(program, self.gap, left, self.threads, self.stage, self._watch, self.stop)
            self.nodes += outcome.nodes
            if outcome.status in ("time_limit", "stopped"):
                self.ended = outcome.status, outcome.stopped_by
            if outcome.objective is None:
                return outcome
            missing = self._found(program, outcome)
            if self.over or not missing:
                return outcome
            self.contingent |= missing

    def _found(self, program: Program, outcome: Outcome) -> set[tuple[int, int]]:
        """Note the plan of a round with its fallback, if it has one; the contingencies that the next round needs."""
        fallback = fallback_of(self.data, outcome.values)
        aside = set(program.terms["fallback"])
        kept = {name: value for name, value in outcome.values.items() if name.split("_")[0] not in FALLBACK}
        cost = sum(price * kept.get(var.name, 0.0) for var, price in program.cost.items() if var not in aside)
        total = cost + fallback.cost
        if fallback.uncovered:
            return set(fallback.uncovered) - self.contingent
        budget = self.data.problem.rules.budget_per_month
        if budget is not None and total > budget * (1 + 1e-9):
            return set(fallback.paid) - self.contingent
        if self.best is None or total < self.best:
            self.best = total
            self.values = least_switches(program.data, program.variables, {**kept, **fallback.values})
        if outcome.bound is not None and total - outcome.bound <= self.gap * total:
            return set()
        return set(fallback.paid) - self.contingent

    def bounded(self, bound: float | None) -> None:
        """A case is done: no plan of it costs less."""
        self.done = min(self.done, -np.inf if bound is None else bound)

    def _watch(self, of_case: Progress) -> None:
        """The case's progress as progress of the whole; a bound of the whole is known in the last case only."""
        if self.on_progress is None:
            return
        best = self.best
        if of_case.best is not None and not self.data.lost:
            best = of_case.best if best is None else min(best, of_case.best)
        bound = None
        if self.last and of_case.bound is not None and best is not None:
            bound = min(self.done, of_case.bound, best)
        elapsed = perf_counter() - self.started
        self.on_progress(Progress(self.stage, elapsed, best, bound, relative_gap(best, bound)))


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
) -> Outcome:
    """The cheapest plan of a problem, proven to the relative gap unless time or the user ends it.

    Raises what `build` and `solve` raise.
    """
    data = data_of(problem)
    search = _Search(data, gap, limit_s, threads, stage, on_progress, stop)
    for case in (_no_pool, _one_pool, _more_pools):
        case(search, data.pools)
        if search.over:
            break
    return _outcome(search)


def best_of(outcome: Outcome, others: Iterable[Outcome | None]) -> Outcome:
    """The outcome, with the cheapest plan that was also found of the same problem or of a part of it.

    A plan that the main search missed when it ended early is not thrown away; status and bound stay its own.
    """
    found = [other for other in others if other is not None and other.objective is not None]
    best = min(found, key=lambda other: other.objective or 0.0, default=None)
    if best is None or best.objective is None or outcome.status == "infeasible":
        return outcome
    if outcome.objective is not None and outcome.objective <= best.objective:
        return outcome
    bound = outcome.bound
    return replace(
        outcome, objective=best.objective, values=best.values, bound=bound, gap=relative_gap(best.objective, bound)
    )


def _no_pool(search: _Search, pools: list[int]) -> None:
    """All traffic on APIs."""
    outcome = search.run([])
    if outcome.status == "optimal":
        search.bounded(outcome.bound)


def _one_pool(search: _Search, pools: list[int]) -> None:
    """One design open, each its own case, the most promising first."""
    bounds = single_pool_bounds(search.data, _ceiling(search))
    for k in sorted(pools, key=lambda k: (bounds[k], k)):
        if search.best is not None and bounds[k] >= search.best * (1 - search.gap * HALF):
            search.bounded(bounds[k])
            continue
        outcome = search.run([k])
        if search.over:
            return
        if outcome.status == "optimal":
            search.bounded(outcome.bound)


def _more_pools(search: _Search, pools: list[int]) -> None:
    """Two designs or more, cheaper than what is found."""
    if len(pools) < 2:
        return
    search.last = True
    wanted = None if search.best is None else search.best * (1 - search.gap * HALF)

    def extra(program: Program) -> Iterator[Row]:
        yield at_least("two_pools", dict.fromkeys(program.variables.open.values(), 1.0), 2)
        if wanted is not None:
            scale = wanted or 1.0  # millions in one row have made the solver give up
            yield at_most("cheaper", {var: cost / scale for var, cost in program.cost.items()}, wanted / scale)

    outcome = search.run(pools, extra)
    if wanted is not None:  # the plans that the row leaves out cost at least that
        search.bounded(wanted)
    if outcome.status != "infeasible":
        search.bounded(outcome.bound)


def _ceiling(search: _Search) -> float:
    """A cost to price at what no API may serve: the best plan's, or that of a replica for each share, times many."""
    if search.best is not None:
        return search.best
    data = search.data
    dearest = max((way.price for way in data.purchases.values()), default=0.0)
    return 2 * 730.0 * dearest * float(data.most.max(initial=1.0))


def _outcome(search: _Search) -> Outcome:
    """The answer. Where a case was left undone nothing is known of its plans but that they cost no less than 0."""
    seconds = perf_counter() - search.started
    status, stopped_by = search.ended
    bound = 0.0 if search.over and not search.last else max(0.0, search.done)
    if search.best is None:
        if not search.over:
            return Outcome("infeasible", "proof", None, None, None, nodes=search.nodes, seconds=seconds)
        known = bound if np.isfinite(bound) and bound > 0 else None
        return Outcome(status, stopped_by, None, known, None, nodes=search.nodes, seconds=seconds)
    bound = min(bound, search.best)
    gap = relative_gap(search.best, bound)
    if gap is not None and gap <= search.gap:  # time ran out on a case that could no longer matter
        status, stopped_by = "optimal", "proof"
    return Outcome(status, stopped_by, search.best, bound, gap, search.values, search.nodes, seconds)
