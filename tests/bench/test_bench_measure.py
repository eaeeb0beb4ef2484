"""The benchmark's own arithmetic: what a record may claim, and that its cases are what they are said to be."""

from dataclasses import replace

import pytest
from bench_scenarios import S_COUNT, base, scenario_tables, scenarios_s
from generator import SIZES, problem_like
from honest import disagreements, faults
from measure import Point, Record, cbc_outcome, plan_time, proof_time

from solver.program.build import build
from solver.scenario import Scenario
from solver.solve import SolverError

TOLD = Record("S", 0, "ours", 1e-4, 10.0, status="optimal", cost=100.0, bound=99.995, gap=5e-5)
POINTS = [Point(1.0, None, 50.0), Point(2.0, 120.0, 60.0), Point(3.0, 100.5, 80.0), Point(4.0, 100.0, 99.99)]


def test_cbc_is_optimal_only_where_its_log_says_so() -> None:
    end = "\nObjective value:                20.00000000\nLower bound:                    15.000\nGap:   0.25\n"
    stopped = cbc_outcome("Result - Stopped on time limit\n" + end, 1e-4, 10.0)
    assert (stopped.status, stopped.objective, stopped.bound, stopped.gap) == ("time_limit", 20.0, 15.0, 0.25)
    nothing = cbc_outcome(
        "Result - Stopped on time limit\n\nNo feasible solution found\nLower bound:   15.0\n", 1e-4, 1.0
    )
    assert (nothing.status, nothing.objective, nothing.gap) == ("time_limit", None, None)


def test_cbc_proves_no_more_than_the_gap_asked() -> None:
    found = cbc_outcome("Result - Optimal solution found\n\nObjective value:   20.0\n", 0.01, 1.0)
    assert found.status == "optimal"
    assert found.bound == pytest.approx(19.8)
    assert cbc_outcome("Problem is infeasible - 0.00 seconds\n", 1e-4, 1.0).status == "infeasible"
    with pytest.raises(SolverError):
        cbc_outcome("Killed", 1e-4, 1.0)


def test_a_plan_counts_once_it_is_near_the_last_bound_and_a_proof_once_it_is_known() -> None:
    assert plan_time(POINTS, 0.01) == pytest.approx((3.0, 20.5 / 100.5))
    assert plan_time(POINTS, 0.001) == pytest.approx((4.0, 1e-4))
    assert plan_time(POINTS[:1], 0.01) == (None, None)
    assert [proof_time(POINTS, gap) for gap in (0.3, 1e-4, 1e-5)] == [3.0, 4.0, None]


@pytest.mark.parametrize(
    "lie",
    [
        {"bound": 100.1, "gap": 0.0},
        {"gap": 1e-5},
        {"bound": 99.0, "gap": 0.01},
        {"status": "infeasible"},
        {"cost": None, "gap": None},
        {"status": "Optimal"},
        {"points": [Point(1.0, None, 100.2)]},
        {"points": [Point(1.0, 99.9, None)]},
    ],
)
def test_a_record_that_lies_is_told(lie: dict[str, object]) -> None:
    assert faults(TOLD) == []
    assert len(faults(replace(TOLD, **lie))) == 1  # type: ignore[arg-type]


def test_a_bound_above_another_ways_plan_is_told() -> None:
    other = replace(TOLD, way="straight", status="time_limit", cost=99.0, bound=90.0, gap=9.0 / 99.0)
    assert disagreements([TOLD, replace(other, cost=99.997)]) == []
    assert len(disagreements([TOLD, other])) == 1
    assert len(disagreements([TOLD, replace(other, status="infeasible", cost=None, bound=None)])) == 1
    assert disagreements([TOLD, replace(other, status="ended", cost=None, bound=None)]) == []


@pytest.mark.parametrize(("case", "segments", "blocks"), [("s", 4, 8), ("m", 8, 24), ("l", 12, 48)])
def test_the_companies_have_the_sizes_that_the_bench_names(case: str, segments: int, blocks: int) -> None:
    scenario = Scenario.model_validate(base(case))
    assert (len(scenario.segment), scenario.blocks) == (segments, blocks)
    assert sum(segment.coverage > 0 for segment in scenario.segment.values()) >= segments // 2


def test_the_twenty_of_s_are_valid_each_another_and_the_same_in_every_run() -> None:
    tables = scenarios_s()
    scenarios = [Scenario.model_validate(each) for each in tables]
    assert tables == scenarios_s()
    assert tables[3] == scenario_tables("S", 3)
    assert all(one != other for i, one in enumerate(scenarios) for other in scenarios[:i])
    assert len(scenarios) == S_COUNT
    volumes = [scenario.segment["chat"].requests.per_second for scenario in scenarios]
    assert max(volumes) / min(volumes) > 30


@pytest.mark.parametrize("size", [*SIZES])
def test_a_drawn_problem_has_its_size_and_comes_again_with_its_seed(size: str) -> None:
    of, problem = SIZES[size], problem_like(size, 1)
    counts = (len(problem.segments), len(problem.designs), len(problem.blocks.hours), len(problem.contingencies))
    assert counts == (of.segments, of.designs, of.blocks, of.contingencies)
    assert len({(loss.kind, loss.of) for loss in problem.contingencies}) == of.contingencies
    assert problem.blocks.hours.sum() == pytest.approx(730.0)
    assert all(any((s, api.id) in problem.charges for api in problem.apis) for s in range(of.segments))
    assert problem_like(size, 1).designs == problem.designs
    assert problem_like(size, 2).designs != problem.designs


def test_a_drawn_problem_can_be_built() -> None:
    assert build(problem_like("S", 2)).rows
