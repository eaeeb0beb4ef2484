"""A plan made block by block breaks nothing and adds up; of the best decisions for the month it makes the best plan."""

from dataclasses import replace
from math import isclose

import pytest
from oracle_cases import tiny_case
from recount import recounted

from solver.by_block import shares_of
from solver.problem import Problem
from solver.program.build import written
from solver.program.data import Data, data_of
from solver.search import Search
from solver.solve import Outcome, solve


def made(problem: Problem, data: Data, best: Outcome, less: float) -> Outcome | None:
    """The plan by block beside the decisions of the best plan for the month, with `less` committed of each design."""
    values = {name: max(0.0, n - less) if name.startswith("r_") else n for name, n in best.values.items()}
    search = Search(data, 1e-4, 60.0, 1, "solve", None, None)
    search.by_block(values, shares_of(data, values))
    return None if search.best is None else replace(best, objective=search.best, values=search.values)


@pytest.mark.parametrize(("less", "mostly"), [(0, 0.8), (1, 0.5)])
def test_a_plan_made_block_by_block_is_a_plan_and_mostly_the_best(less: int, mostly: float) -> None:
    """Not always: a rule on the month asks more where each block must keep it."""
    as_good, worse = 0, 0
    for seed in range(30):
        problem = tiny_case(seed)
        data = data_of(problem)
        best = solve(written(data), gap=1e-9)
        plan = made(problem, data, best, less) if best.found and data.pools else None
        if plan is None or plan.objective is None or best.objective is None:
            continue
        faults, total = recounted(problem, plan)
        assert not faults
        assert isclose(total, plan.objective, rel_tol=1e-6)
        assert plan.objective >= best.objective * (1 - 1e-6)
        if plan.objective <= best.objective * (1 + 2e-4):
            as_good += 1
        else:
            worse += 1
    assert as_good >= mostly * (as_good + worse) > 5
