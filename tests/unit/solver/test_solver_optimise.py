"""Case by case gives the optimum of the whole, and a bound of the whole."""

import threading
from dataclasses import replace
from itertools import pairwise
from math import isclose

import numpy as np
import pytest
from made_problems import random_problem

from solver.optimise import optimise
from solver.problem import Problem, Rules
from solver.program.build import build
from solver.solve import Outcome, Progress, solve


def proven(problem: Problem) -> Outcome:
    return solve(build(problem), gap=1e-6)


def problems() -> list[Problem]:
    made = [random_problem(seed, segments=1 + seed % 2, designs=4, apis=3, blocks=4) for seed in range(8)]
    made += [replace(made[1], charges={}), replace(made[3], charges={})]
    made += [
        replace(made[2], rules=Rules(max_suppliers=1)),
        replace(made[3], rules=Rules(min_suppliers=3)),
        replace(made[0], may_wait=np.array([True])),
        replace(made[5], rules=Rules(must_use=("pools",))),
    ]
    return made


@pytest.mark.parametrize("case", range(14))
def test_the_cases_together_give_the_optimum_and_a_bound_of_the_whole(case: int) -> None:
    problem = problems()[case]
    whole, by_cases = proven(problem), optimise(problem, gap=1e-5)
    assert by_cases.status == whole.status
    if whole.objective is None:
        assert (by_cases.objective, by_cases.bound, by_cases.gap) == (None, None, None)
        return
    assert by_cases.objective is not None
    assert by_cases.bound is not None
    assert by_cases.gap is not None
    assert isclose(by_cases.objective, whole.objective, rel_tol=2e-5)
    assert by_cases.bound <= whole.objective * (1 + 1e-9)
    assert by_cases.gap <= 1e-5


def test_a_time_limit_or_a_stop_is_said_with_a_bound_that_holds() -> None:
    problem = random_problem(1, segments=4, designs=30, apis=10)
    outcome = optimise(problem, limit_s=1.5)
    assert (outcome.status, outcome.stopped_by) == ("time_limit", "time")
    if outcome.objective is not None:
        assert outcome.bound is not None
        assert outcome.bound <= outcome.objective
        assert outcome.gap is not None
        assert outcome.gap > 1e-4
    stop = threading.Event()
    stop.set()
    assert optimise(problem, stop=stop).status == "stopped"


def test_progress_is_of_the_whole_the_best_never_rises_and_no_bound_is_above_it() -> None:
    seen: list[Progress] = []
    optimise(random_problem(0, segments=3, designs=12, apis=5), limit_s=4.0, stage="plan", on_progress=seen.append)
    assert {progress.stage for progress in seen} <= {"plan"}
    best = [progress.best for progress in seen if progress.best is not None]
    assert all(later <= sooner * (1 + 1e-9) for sooner, later in pairwise(best))
    assert all(p.bound <= p.best for p in seen if p.bound is not None and p.best is not None)


def test_two_pools_are_found_where_two_are_best(tiny_problem: Problem) -> None:
    # Tags may not go to the first design nor, here, to an API; chat is far cheaper on the first design.
    pools = replace(tiny_problem, apis=(), charges={}, fixed_costs=(), people=None, headroom=np.array([0.5, 0.25]))
    kappa = pools.kappa.copy()
    kappa[0, 1] = 50.0
    pools = replace(pools, kappa=kappa)
    outcome = optimise(pools)
    assert outcome.status == "optimal"
    assert {name for name in outcome.values if name.startswith("open")} == {"open_k0", "open_k1"}
    assert outcome.objective == pytest.approx(proven(pools).objective)
