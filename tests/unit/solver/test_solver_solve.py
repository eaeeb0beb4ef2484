"""Status, bound and gap as the solver has them: nothing is called optimal that is not."""

import subprocess
import sys
import threading
from dataclasses import replace
from math import isclose
from pathlib import Path

import numpy as np
import pytest
from made_problems import random_problem

from solver.problem import Problem
from solver.program.build import build
from solver.solve import Outcome, Progress, solve

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def hard() -> Problem:
    """Takes minutes to prove."""
    return random_problem(1, segments=4, designs=60, apis=30)


def test_an_optimum_is_proven_to_the_gap_asked(tiny_problem: Problem) -> None:
    outcome = solve(build(tiny_problem), gap=1e-6)
    assert (outcome.status, outcome.stopped_by) == ("optimal", "proof")
    assert outcome.objective is not None
    assert outcome.bound is not None
    assert outcome.gap is not None
    assert outcome.bound <= outcome.objective
    assert outcome.gap <= 1e-6
    assert isclose(outcome.gap, (outcome.objective - outcome.bound) / outcome.objective, abs_tol=1e-12)


def test_the_plan_found_meets_every_row_and_whole_numbers_are_whole(tiny_problem: Problem) -> None:
    for problem in (tiny_problem, random_problem(0), random_problem(2, segments=3, designs=5, apis=3, blocks=6)):
        program = build(problem)
        outcome = solve(program)
        for row in program.rows:
            left = sum(value * outcome.values.get(var.name, 0.0) for var, value in row.items()) + row.constant
            assert left <= 1e-6 or row.sense == 1, row.name
            assert left >= -1e-6 or row.sense == -1, row.name
        for var in program.lp.variables():
            value = outcome.values.get(var.name, 0.0)
            assert var.cat != "Integer" or value == round(value)


def test_a_time_limit_with_a_plan_is_said_and_never_optimal(hard: Problem) -> None:
    outcome = solve(build(hard), gap=1e-9, limit_s=2.0)
    assert (outcome.status, outcome.stopped_by) == ("time_limit", "time")
    if outcome.found:
        assert outcome.gap is not None
        assert outcome.gap > 1e-9
    else:
        assert (outcome.objective, outcome.gap) == (None, None)


def test_a_time_limit_before_any_plan_has_no_plan(hard: Problem) -> None:
    assert solve(build(hard), limit_s=0.0) == Outcome("time_limit", "time", None, None, None)
    outcome = solve(build(hard), limit_s=0.001)
    assert outcome.status == "time_limit"
    assert outcome.objective is None or outcome.found


def test_a_stop_set_before_or_during_a_solve_ends_it_as_stopped(hard: Problem) -> None:
    stop = threading.Event()
    stop.set()
    assert solve(build(hard), stop=stop) == Outcome("stopped", "user", None, None, None)
    stop.clear()
    seen: list[Progress] = []

    def stop_at_third(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 3:
            stop.set()

    outcome = solve(build(hard), limit_s=30.0, on_progress=stop_at_third, stop=stop)
    assert (outcome.status, outcome.stopped_by) == ("stopped", "user")
    assert outcome.seconds < 25


def test_progress_tells_stage_time_and_a_bound_below_the_best(hard: Problem) -> None:
    seen: list[Progress] = []
    solve(build(hard), limit_s=3.0, stage="plan", on_progress=seen.append)
    assert seen
    assert {progress.stage for progress in seen} == {"plan"}
    times = [progress.elapsed_s for progress in seen]
    assert times == sorted(times)
    for progress in seen:
        if progress.best is not None and progress.bound is not None:
            assert progress.bound <= progress.best * (1 + 1e-6)


def test_what_a_callback_raises_comes_out(hard: Problem) -> None:
    def fail(progress: Progress) -> None:
        raise KeyError("a fault of the screen")

    with pytest.raises(KeyError, match="a fault of the screen"):
        solve(build(hard), limit_s=10.0, on_progress=fail)


def test_no_option_for_a_segment_is_infeasible(tiny_problem: Problem) -> None:
    nothing = replace(tiny_problem, kappa=np.full((2, 2), np.nan), charges={})
    outcome = solve(build(nothing))
    assert outcome.status == "infeasible"
    assert (outcome.objective, outcome.bound, outcome.gap, outcome.found) == (None, None, None, False)


def test_another_number_of_threads_before_does_not_leave_a_model_unsolved(tiny_problem: Problem) -> None:
    costs = [solve(build(tiny_problem), threads=threads).objective for threads in (2, 1, 2)]
    assert costs[0] is not None
    assert costs == [pytest.approx(costs[0])] * 3


def test_the_same_problem_gives_the_same_plan() -> None:
    problem = random_problem(3, segments=2, designs=6, apis=4, blocks=8)
    first, second = solve(build(problem)), solve(build(problem))
    assert first.values == second.values
    assert first.objective == second.objective


def test_a_plan_to_begin_from_is_never_made_worse(tiny_problem: Problem) -> None:
    first = solve(build(tiny_problem), gap=1e-6)
    again = solve(build(tiny_problem), gap=1e-6, start=first.values)
    assert again.objective == pytest.approx(first.objective)


def test_a_solve_writes_nothing_to_stdout_or_stderr() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/unit/solver')\n"
        "from made_problems import random_problem\n"
        "from solver.program.build import build\n"
        "from solver.solve import solve\n"
        "assert solve(build(random_problem(0, blocks=4))).status == 'optimal'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_solve_does_without_a_stdout() -> None:
    code = (
        "import os, sys; sys.path.insert(0, 'tests/unit/solver'); os.close(1)\n"
        "from made_problems import random_problem\n"
        "from solver.program.build import build\n"
        "from solver.solve import solve\n"
        "assert solve(build(random_problem(0, blocks=4))).status == 'optimal'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, timeout=120, check=False)
    assert b"Error" not in done.stderr.replace(b"OSError: [Errno 9]", b"")
    assert done.returncode in (0, 120)
