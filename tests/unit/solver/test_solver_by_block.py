"""A plan made block by block breaks nothing and adds up; of the best decisions for the month it makes the best plan."""

from dataclasses import replace
from math import isclose

import pytest
from oracle_cases import tiny_case
from recount import recounted

from solver.by_block import shares_of
from solver.optimise import optimise
from solver.problem import Problem
from solver.program.build import written
from solver.program.data import Data, data_of
from solver.program.variables import supplier_names
from solver.search import Search
from solver.solution import solution_of
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


def test_a_plan_made_block_by_block_for_the_branch_with_pools_lets_pools_serve() -> None:
    """Pools that are open beside cheaper APIs: each block alone would send all of its traffic to the APIs."""
    cheaper = 0
    for seed in range(60):
        problem = tiny_case(seed)
        data = data_of(problem)
        idle = {f"open_k{k}": 1.0 for k in data.pools} | dict.fromkeys(supplier_names(data).values(), 1.0)
        idle |= {"selfhost": 1.0, "steps": float(len(data.pools))} | {f"class_c{i}": 1.0 for i in range(3)}
        searches = [Search(data, 1e-4, 60.0, 1, "solve", None, None, hosted=hosted) for hosted in (False, True)]
        for search in searches:
            search.by_block(idle, shares_of(data, idle))
        free, hosting = ({} if search.best is None else dict(search.values) for search in searches)
        served = [float(solution_of(data, values).pool.sum()) if values else None for values in (free, hosting)]
        assert served[1] is None or served[1] > 0
        cheaper += served[0] == 0
    assert cheaper > 3


@pytest.mark.parametrize("hosted", [False, True])
def test_what_is_too_large_for_whole_replicas_is_neither_proven_nor_called_impossible(
    hosted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    for seed in range(30):
        problem = tiny_case(seed)
        known = optimise(problem, hosted=hosted)
        monkeypatch.setattr("solver.search.LARGE", 0)
        found = optimise(problem, hosted=hosted)
        monkeypatch.undo()
        if known.objective is None:
            continue
        assert found.status != "infeasible"
        assert (found.bound or 0.0) <= known.objective * (1 + 1e-6)
        if found.status == "optimal":
            assert found.objective == pytest.approx(known.objective, rel=2e-4)
        looked_at += found.status != "optimal"
    assert looked_at > 5
