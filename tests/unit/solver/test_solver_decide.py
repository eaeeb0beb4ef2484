"""From a scenario to a plan on the shipped catalog: what holds of every plan, and the figures beside it."""

import threading
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.profiles import profiles
from solver.decide import decide
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import Plan, rounded
from solver.program.build import build
from solver.scenario import Scenario
from solver.solve import Outcome, Progress, solve


@cache
def catalog() -> Catalog:
    return load_catalog()


def scenario(profile: str, **changes: object) -> Scenario:
    tables = dict(profiles()[profile])
    (name,) = tables["segment"]
    top = {key: value for key, value in changes.items() if key in Scenario.model_fields}
    inside = {key: value for key, value in changes.items() if key not in top}
    return Scenario.model_validate(tables | top | {"segment": {name: tables["segment"][name] | inside}})


@cache
def plan(profile: str, requests: str = "") -> Plan:
    return rounded(decide(scenario(profile, **({"requests": requests} if requests else {})), catalog()))


def test_a_plan_of_millions_a_month_does_not_make_the_solver_give_up() -> None:
    asked = scenario(
        "agents", blocks=1, policy={"storage": False}, requests="10k/s", quality="high", spot_tolerance=1.0,
        processing_in="us", no_training=True,
    )  # fmt: skip
    found = decide(asked, catalog())
    whole = solve(build(problem_of(asked, catalog())), gap=1e-4)
    assert found.status == whole.status == "optimal"
    assert found.cheapest is not None
    assert found.cheapest.total_per_month == pytest.approx(whole.objective, rel=2e-4)
    assert found.cheapest.total_per_month > 1e6


@pytest.mark.parametrize("profile", list(profiles()))
@pytest.mark.parametrize("requests", ["", "3M/day"])
def test_a_plan_adds_up_serves_all_and_no_pure_strategy_is_cheaper(profile: str, requests: str) -> None:
    found = plan(profile, requests)
    assert found.status == "optimal"
    assert found.total_per_month is not None
    assert found.bound_per_month is not None
    assert found.gap is not None
    assert found.total_per_month == pytest.approx(sum(line.per_month for line in found.lines), abs=1e-5)
    for line in found.lines:
        assert line.per_month == pytest.approx(line.quantity * line.price, rel=1e-6, abs=1e-6)
    for segment in found.segments:
        assert sum(served.share for served in segment.served_by) == pytest.approx(1, abs=1e-6)
    assert found.bound_per_month <= found.total_per_month
    assert found.gap <= 1e-4
    totals = [b.total_per_month for b in found.baselines if b.total_per_month is not None]
    assert found.cheapest is not None
    assert min(totals) >= found.cheapest.total_per_month * (1 - 1e-4)
    assert found.total_per_month == pytest.approx(
        found.cheapest.total_per_month + found.cheapest.saves_per_month, rel=2e-4
    )
    assert found.cheapest.bound_per_month is not None
    assert found.cheapest.bound_per_month <= found.cheapest.total_per_month
    assert found.confidence in ("certain", "likely", "tie")
    assert all(b.total_per_month is not None or b.why_null for b in found.baselines)


def test_the_shipped_profiles_stay_on_the_api_and_a_large_volume_does_not() -> None:
    assert {plan(profile).verdict for profile in profiles()} == {"stay_on_api"}
    assert plan("rag-search", "3M/day").verdict in ("self_host", "hybrid")


def test_one_scenario_and_one_catalog_give_one_plan() -> None:
    again = rounded(decide(scenario("rag-search"), catalog()))
    assert again.model_copy(update={"seconds": 0.0}) == plan("rag-search").model_copy(update={"seconds": 0.0})


def test_the_stages_are_told_in_their_order() -> None:
    told: list[Progress] = []
    decide(scenario("agents"), catalog(), on_progress=told.append)
    stages = list(dict.fromkeys(progress.stage for progress in told))
    assert stages[:2] == ["options", "solve"]
    assert set(stages[2:]) <= {"closed_api", "open_api", "self_hosted", "today", "verdict"}


def test_where_nothing_fits_there_are_no_figures_and_every_rule_is_counted() -> None:
    found = decide(scenario("support-chat", ttft="1 ms"), catalog())
    assert (found.status, found.verdict) == ("infeasible", "no_plan")
    assert (found.total_per_month, found.bound_per_month, found.gap) == (None, None, None)
    assert found.refusal_counts["ttft"] > 0
    assert found.readings == ()


def test_todays_bill_is_a_baseline_unless_it_is_below_every_plan() -> None:
    dear = decide(scenario("support-chat", today={"bill": "5k/month"}), catalog())
    today = next(b for b in dear.baselines if b.name == "today")
    assert today.total_per_month == pytest.approx(5000)
    assert dear.total_per_month is not None
    saving = next(r.value for r in dear.readings if r.name == "saving after people, set-up paid")
    assert saving == pytest.approx(5000 - dear.total_per_month)
    cheap = decide(scenario("support-chat", today={"bill": "1/month"}), catalog())
    today = next(b for b in cheap.baselines if b.name == "today")
    assert today.total_per_month is None
    assert "less than any plan found" in today.why_null


def test_volume_throughput_and_cost_a_token_stand_side_by_side() -> None:
    found = plan("support-chat")
    read = {reading.name: reading.value for reading in found.readings}
    segment = scenario("support-chat").segment["chat"]
    tokens = segment.input_tokens.mean + segment.output_tokens.mean
    assert read["volume"] == pytest.approx(segment.requests.per_month * tokens / 1e6, rel=1e-6)
    assert read["mean throughput"] == pytest.approx(read["volume"] * 1e6 / (730 * 3600), rel=1e-6)
    assert found.total_per_month is not None
    assert read["cost of a million tokens"] == pytest.approx(found.total_per_month / read["volume"], rel=1e-6)
    assert read["peak throughput"] > read["mean throughput"]
    assert {row.option for row in found.scores} >= {served.option for served in found.segments[0].served_by}
    assert all(row.floor == "high" and row.score >= row.threshold and row.date for row in found.scores)


def test_what_is_guessed_of_the_option_chosen_is_the_first_doubt() -> None:
    found = plan("support-chat")
    (served,) = found.segments[0].served_by
    assert found.doubts[0].startswith(f"{served.option}: ")
    offer = next(offer for offer in catalog().api_offers if offer.id == served.option)
    assert ("its latency is an estimate" in found.doubts[0]) == bool(offer.latency_estimate)


def test_once_stopped_no_pure_strategy_is_solved_and_the_best_plan_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, solved = threading.Event(), []

    def stopped_after(*given: Any, **named: Any) -> Outcome:
        solved.append(given)
        outcome = optimise(*given, **named)
        stop.set()
        return replace(outcome, status="stopped", stopped_by="user")

    monkeypatch.setattr("solver.decide.optimise", stopped_after)
    found = decide(scenario("agents"), catalog(), stop=stop)
    assert len(solved) == 1
    assert (found.status, found.verdict) == ("stopped", "stay_on_api")
    assert found.total_per_month is not None
    assert found.gap is not None
    told = {base.why_null for base in found.baselines if base.name != "today"}
    assert "stopped before such a plan was looked for" in told
