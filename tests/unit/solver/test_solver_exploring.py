"""Exploring one decision: the answers are those of raising anew, the layers add up to the load, the savings by hand."""

import threading
import tomllib
from math import inf
from pathlib import Path

import pytest

from catalogs.catalog import load_catalog
from catalogs.profiles import profiles
from catalogs.toml_file import check
from solver.decide import decide
from solver.explanation.exploring import Exploring, Volume, savings
from solver.explanation.lever_steps import Moved
from solver.explanation.levers import LEVERS
from solver.explanation.quick import quick_answer
from solver.explanation.records import Hosting
from solver.plan import Plan
from solver.scenario import Scenario
from solver.units import HOURS_PER_MONTH


@pytest.fixture(scope="module")
def exploring() -> Exploring:
    return Exploring(check(Scenario, profiles()["support-chat"], "profile"), load_catalog())


def test_levers_moved_together_answer_as_raising_the_options_anew_does(exploring: Exploring) -> None:
    moves = {"requests": 2.0, "api_price": 1.5}
    found = exploring.answer(moves)
    there = LEVERS["api_price"].moved(*LEVERS["requests"].moved(exploring.scenario, exploring.catalog, 2.0), 1.5)
    anew = quick_answer(*there)
    assert found.verdict == anew.verdict
    assert found.recommended_total == pytest.approx(anew.recommended_total, rel=2e-3)
    assert exploring.values({"requests": 2.0})["requests"] == pytest.approx(
        2 * sum(each.requests.per_month for each in exploring.scenario.segment.values())
    )


@pytest.fixture(scope="module")
def plan(exploring: Exploring) -> Plan:
    return decide(exploring.scenario, exploring.catalog, gap=1e-3, limit_s=20)


@pytest.mark.parametrize(
    "moves",
    [{"requests": 20.0, "gpu_price": 0.5}, {"output_tokens": 2.0, "salary": 1.5}, {"peak_over_mean": 1.5}],
)
def test_what_the_plans_options_cost_is_what_a_plan_that_may_use_no_other_costs(
    exploring: Exploring, plan: Plan, moves: dict[str, float]
) -> None:
    used = tuple({served.option for each in plan.segments for served in each.served_by})
    policy = exploring.scenario.policy.model_copy(update={"may_use": used})
    there = Moved(exploring.scenario.model_copy(update={"policy": policy}), exploring.catalog)
    for name, by in moves.items():
        there = LEVERS[name].moved(*there, by)
    alone, whole = quick_answer(*there).recommended_total, exploring.answer(moves).recommended_total
    kept = exploring.kept(plan, moves)
    assert kept == pytest.approx(alone, rel=2e-3)
    assert whole is not None
    assert kept is not None
    assert kept >= whole * (1 - 2e-3)


def test_options_of_too_low_a_quality_are_told_not_to_do(exploring: Exploring, plan: Plan) -> None:
    assert exploring.kept(plan, {"quality": 1.0}) == inf
    assert exploring.answer({"quality": 1.0}).recommended_total is not None


def test_hours_of_next_to_no_load_beside_a_peak_of_a_hundred_times_more_are_answered_without_a_warning() -> None:
    tables = tomllib.loads((Path(__file__).parents[3] / "saved_plans" / "hybrid-fine-tunes.toml").read_text())
    scenario = check(Scenario, tables["scenario"], "hybrid-fine-tunes")
    overlays = [("the scenario", scenario.catalog)]
    spiky = Exploring(scenario, load_catalog(currency=scenario.currency, overlays=overlays))
    assert spiky.answer({"peak_over_mean": 100.0}).recommended_total is not None


def test_the_layers_of_a_day_add_up_to_the_month(exploring: Exploring, plan: Plan) -> None:
    layers = exploring.layers(plan)
    assert layers is not None
    assert {*layers.options} <= {served.option for each in plan.segments for served in each.served_by}
    served = sum(sum(day) * 5 / 168 for day in layers.weekday) + sum(sum(day) * 2 / 168 for day in layers.weekend)
    asked = sum(each.requests_per_month for each in plan.segments)
    assert served * 3600 * HOURS_PER_MONTH == pytest.approx(asked, rel=1e-6)


def test_a_curve_that_is_stopped_tells_no_more(exploring: Exploring) -> None:
    stop, heard = threading.Event(), list[Volume]()

    def tell(point: Volume) -> None:
        heard.append(point)
        stop.set()

    exploring.volumes(tell, stop)
    assert [point.by for point in heard] == [1.0]


def test_savings_start_at_what_is_spent_once_and_are_nought_at_the_payback() -> None:
    hosting = Hosting(verdict="hybrid", once=12_000.0, horizon_months=24, payback_months=6.0, first_year=12_000.0,
                      later_years=24_000.0)  # fmt: skip
    plan = Plan(status="optimal", verdict="hybrid", currency="USD", total_per_month=1.0, bound_per_month=1.0, gap=0.0,
                catalog_as_of="2026-11-01", hosting=hosting)  # fmt: skip
    curve = savings(plan)
    assert len(curve) == 25
    assert (curve[0], curve[6], curve[12], curve[24]) == (-12_000.0, 0.0, 12_000.0, 36_000.0)
    assert savings(plan.model_copy(update={"hosting": None})) == ()
