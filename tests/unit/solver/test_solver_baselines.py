"""Each pure strategy is a plan of the same problem, or says why there is none."""

from dataclasses import replace
from math import isclose

import numpy as np
import pytest
from made_problems import random_problem

from solver.baselines import baseline_of, restricted, sharpened, strategies
from solver.plan import Baseline
from solver.problem import Problem
from solver.program.build import build
from solver.refusals import Refusal, Rule
from solver.solve import Outcome, solve


def baselines(problem: Problem, served_by: dict[str, str] | None = None) -> dict[str, Baseline]:
    return {
        strategy.name: baseline_of(strategy, None if strategy.problem is None else solve(build(strategy.problem)))
        for strategy in strategies(problem, served_by)
    }


@pytest.mark.parametrize("seed", range(6))
def test_no_strategy_costs_less_than_the_plan_beyond_the_gap(seed: int) -> None:
    problem = random_problem(seed, segments=2, designs=5, apis=4, blocks=6)
    plan = solve(build(problem))
    assert plan.objective is not None
    for baseline in baselines(problem).values():
        if baseline.total_per_month is not None:
            assert baseline.total_per_month >= plan.objective * (1 - 1e-4)
            assert isclose(sum(line.per_month for line in baseline.lines), baseline.total_per_month)


def test_closed_api_serves_all_on_closed_models(tiny_problem: Problem) -> None:
    closed = baselines(tiny_problem)["closed_api"]
    # By the token 23,040 + 720 in the first block, 15,264 + 1,908 in the second. Four units (the least) cost 29,200 and
    # carry 8 requests/s: 80 % of chat in the first block, all of both in the second. Six would be dearer.
    four_units = 4 * 10 * 730 + 0.2 * 23_040 + 720
    assert four_units < 23_040 + 720 + 15_264 + 1_908 < 6 * 10 * 730
    assert closed.total_per_month == pytest.approx(four_units + 240)


def test_a_strategy_without_an_option_names_the_segment(tiny_problem: Problem) -> None:
    found = baselines(tiny_problem)
    assert found["open_api"].total_per_month is None
    assert "tags" in found["open_api"].why_null
    assert found["today"].why_null == "the scenario does not say what runs today"


def test_a_strategy_that_breaks_a_rule_has_no_plan(tiny_problem: Problem) -> None:
    must = replace(tiny_problem, rules=replace(tiny_problem.rules, must_use=("llama",), budget_per_month=None))
    assert baselines(must)["closed_api"].total_per_month is None
    said = "no such plan fits the rules on the whole: must-use"
    assert baselines(must)["closed_api"].why_null == said


def test_today_serves_each_segment_by_what_runs_now(tiny_problem: Problem) -> None:
    today = baselines(tiny_problem, {"chat": "llama:fp8/1xh100/vllm/lambda@us", "tags": "openai/gpt"})["today"]
    assert today.total_per_month is not None
    names = " ".join(line.name for line in today.lines)
    assert "lambda" in names
    assert "openai/gpt" in names
    assert "together" not in names
    left = baselines(tiny_problem, {"chat": "openai/gpt"})["today"]
    assert left.why_null == "the scenario does not say what serves tags today"


def test_today_that_may_not_serve_says_the_rule(tiny_problem: Problem) -> None:
    refusal = Refusal(segment="tags", option="together/llama", rule=Rule.QUALITY, found=60, wanted=70, unit="%")
    problem = replace(tiny_problem, refusals=(refusal,))
    today = baselines(problem, {"chat": "openai/gpt", "tags": "together/llama"})["today"]
    assert today.total_per_month is None
    assert today.why_null.startswith("together/llama may not serve tags: quality 60")


def test_restricting_keeps_the_indices_and_the_problem_itself(tiny_problem: Problem) -> None:
    kappa = tiny_problem.kappa.copy()
    smaller = restricted(tiny_problem, lambda segment, option: segment == "chat" and option.startswith("llama"))
    assert np.isfinite(smaller.kappa).tolist() == [[True, False], [False, False]]
    assert set(smaller.charges) == {(0, "llama:fp8/1xh100/vllm/lambda@us")}
    assert smaller.designs == tiny_problem.designs
    assert np.array_equal(tiny_problem.kappa, kappa, equal_nan=True)


def test_a_baseline_is_as_proven_as_the_plan_of_its_branch_at_the_same_cost() -> None:
    plan = Outcome("optimal", "proof", 100.0, 99.995, 5e-5, {"x_s0_k0_b0": 1.0})
    cut = Outcome("time_limit", "time", 100.0, 98.9, 0.011, {"x_s0_k0_b0": 1.0})
    found = sharpened("self_hosted", cut, plan, "self_host")
    assert found is not None
    assert (found.status, found.bound) == ("optimal", 99.995)
    dearer = sharpened("self_hosted", replace(cut, objective=102.0, gap=0.03), plan, "hybrid")
    assert dearer is not None
    assert (dearer.status, dearer.bound) == ("time_limit", 99.995)
    assert dearer.gap == pytest.approx((102 - 99.995) / 102)
    assert sharpened("closed_api", cut, plan, "hybrid") == cut  # a bound of plans with pools says nothing of APIs
    assert sharpened("today", cut, plan, "self_host") == cut
    assert sharpened("self_hosted", None, plan, "self_host") is None
