"""The least cost of a tiny problem, by trying everything: the oracle that the program is checked against.

It shares no code with the program, nor its shape: what is open, used, bought and counted as a supplier is enumerated;
for each such choice the whole numbers (boxes, steps, switches within a block) are split value by value until the LP
over the shares, at the value of its parts, is all there is.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, combinations, product
from math import inf
from typing import Any

import highspy
import numpy as np
from oracle_facts import Facts, facts_of
from oracle_rows import Choice, Lp, write

from solver.problem import Array, Problem

WHOLE = 1e-9
"""An LP's value this near to a whole number is that number."""
SAME = 1e-10
"""A plan cheaper by less than this part is not looked for."""


class Solver:
    """One LP held by the library; its whole columns are cut to a range and it is solved again."""

    def __init__(self, lp: Lp) -> None:
        self.lp = lp
        self.whole = np.array(lp.whole, dtype=np.int32)
        self.highs = highspy.Highs()
        options = {
            "output_flag": False, "threads": 1,
            "primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9,
        }  # fmt: skip
        for name, value in options.items():
            assert self.highs.setOptionValue(name, value) == highspy.HighsStatus.kOk
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(lp.cost), len(lp.rows)
        model.col_cost_, model.col_lower_, model.col_upper_ = map(np.array, (lp.cost, lp.lower, lp.upper))
        model.row_lower_ = np.array([lower for _, lower, _ in lp.rows])
        model.row_upper_ = np.array([upper for _, _, upper in lp.rows])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *(len(terms) for terms, _, _ in lp.rows)], dtype=np.int32)
        model.a_matrix_.index_ = np.array([column for terms, _, _ in lp.rows for column in terms], dtype=np.int32)
        model.a_matrix_.value_ = np.array([value for terms, _, _ in lp.rows for value in terms.values()], dtype=float)
        assert self.highs.passModel(model) != highspy.HighsStatus.kError

    def least(self, lower: Array, upper: Array) -> tuple[float, Array]:
        """The LP's least cost with the whole columns in the ranges, and their values; infinite where it has none."""
        if len(self.whole):
            self.highs.changeColsBounds(len(self.whole), self.whole, lower, upper)
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kModelEmpty:
            status = self._without_columns()
        if status == highspy.HighsModelStatus.kInfeasible:
            return inf, lower
        assert status == highspy.HighsModelStatus.kOptimal, self.highs.modelStatusToString(status)
        values = np.array(self.highs.getSolution().col_value)
        return self.lp.constant + self.highs.getInfo().objective_function_value, values[self.whole]

    def _without_columns(self) -> Any:
        holds = all(lower <= 0 <= upper for _, lower, upper in self.lp.rows)
        return highspy.HighsModelStatus.kOptimal if holds else highspy.HighsModelStatus.kInfeasible

    @property
    def ranges(self) -> tuple[Array, Array]:
        """Least and most of the whole columns."""
        return np.array(self.lp.lower)[self.whole], np.array(self.lp.upper)[self.whole]


def oracle_cost(problem: Problem) -> float | None:
    """The least cost a month of the problem, or None where no plan meets it."""
    highspy.Highs.resetGlobalScheduler(True)
    facts = facts_of(problem)
    started: list[tuple[float, int, Solver]] = []
    for choice in choices(facts):
        solver = Solver(write(facts, choice))
        bound, _ = solver.least(*solver.ranges)
        if bound < inf:
            started.append((bound, len(started), solver))
    best = inf
    for bound, _, solver in sorted(started):
        if bound < best:
            best = split(solver, *solver.ranges, best)
    return None if best == inf else best


def split(solver: Solver, lower: Array, upper: Array, best: float) -> float:
    """The least cost over all whole numbers in the ranges, or `best` where none is below it.

    The LP over the ranges is below every whole choice in them. Where its values are whole it is one of them; else one
    column v that is not whole takes round(v), less, and more: together every value it may have.
    """
    cost, values = solver.least(lower, upper)
    if cost >= best * (1 - SAME):
        return best
    distance = np.where(lower < upper, np.abs(values - np.round(values)), 0.0)
    if distance.max(initial=0.0) <= WHOLE:
        return cost
    i = int(distance.argmax())
    near = round(float(values[i]))
    for low, high in ((near, near), (lower[i], near - 1), (near + 1, upper[i])):
        if lower[i] <= low <= high <= upper[i]:
            below, above = lower.copy(), upper.copy()
            below[i], above[i] = low, high
            best = split(solver, below, above, best)
    return best


def exhaustive_cost(problem: Problem) -> float | None:
    """`oracle_cost` without any splitting or bound: an LP for every choice and every whole number. Slow."""
    highspy.Highs.resetGlobalScheduler(True)
    facts = facts_of(problem)
    best = inf
    for choice in choices(facts):
        solver = Solver(write(facts, choice))
        for point in points(solver):
            best = min(best, solver.least(point, point)[0])
    return None if best == inf else best


def points(solver: Solver) -> Iterator[Array]:
    """Every choice of the whole columns."""
    lower, upper = solver.ranges
    for values in product(*(range(int(a), int(b) + 1) for a, b in zip(lower, upper, strict=True))):
        yield np.array(values, dtype=float)


def count_points(problem: Problem) -> int:
    """How many LPs `exhaustive_cost` solves."""
    facts = facts_of(problem)
    solvers = (Solver(write(facts, choice)) for choice in choices(facts))
    return sum(int(np.prod(solver.ranges[1] - solver.ranges[0] + 1)) for solver in solvers)


def choices(facts: Facts) -> Iterator[Choice]:
    """Every choice that the rules on switches allow."""
    rules = facts.problem.rules
    with_units = {api for s, api in facts.problem.unit_rate if s in facts.apis.get(api, ())}
    for opened in subsets(facts.pools):
        if rules.max_pool_designs is not None and len(opened) > rules.max_pool_designs:
            continue
        for used in subsets(facts.apis):
            suppliers = sorted({facts.provider(option) for option in (*opened, *used)})
            if rules.max_suppliers is not None and len(suppliers) > rules.max_suppliers:
                continue
            for bought in subsets(api for api in used if api in with_units):
                for counted in combinations(suppliers, rules.min_suppliers or 0):
                    yield Choice(opened, used, bought, counted)


def subsets(of: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every subset, the smallest first."""
    everything = tuple(of)
    return chain.from_iterable(combinations(everything, size) for size in range(len(everything) + 1))
