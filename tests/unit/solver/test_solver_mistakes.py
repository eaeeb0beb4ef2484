"""The eight common mistakes: found where the article would find them, and nowhere else."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from mistake_cases import NAMES, case, solved

from catalogs.measurements import MeasuredPoint
from solver.decide import decide
from solver.explanation.findings import MISTAKES, Mistake, MistakeId
from solver.explanation.mistakes import DETECTORS
from solver.plan import rounded
from solver.scenario import Running
from wizard.plan_file import plan_of, plan_tables
from wizard.store import load
from wizard.text.plan import plan_text

SHIPPED = Path(__file__).parents[3] / "saved_plans"


def test_each_mistake_has_two_cases_that_make_it_and_two_that_do_not() -> None:
    told = [(case(name).mistake, case(name).triggers) for name in NAMES]
    assert list(DETECTORS) == list(MISTAKES) == list(get_args(MistakeId))
    assert all(told.count((each, way)) == 2 for each in get_args(MistakeId) for way in (True, False))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_makes_its_mistake_or_does_not_with_the_figures_of_the_article(name: str) -> None:
    asked, plan = case(name), solved(name)
    assert plan.total_per_month is not None
    found = [each for each in plan.mistakes if each.id == asked.mistake]
    assert bool(found) == asked.triggers, [each.says for each in plan.mistakes]
    for each in found:
        assert each.found != each.wanted
        assert each.of
        assert each.per_month is None or each.per_month > 0
        for figure, value in asked.figures.items():
            assert getattr(each, figure) == pytest.approx(value)


@pytest.mark.parametrize("name", NAMES)
def test_answers_and_the_word_recheck_alone_find_no_mistake_and_hide_none(name: str) -> None:
    """No flag is looked at: with every question of the checklist answered as unknown the findings are the same."""
    asked = case(name).scenario
    if name.endswith(("-1-triggers", "-2-passes")):
        answered = asked.model_copy(update={"checklist": dict.fromkeys(("team", "fallback", "revisit", "cost"), 0)})
        again = decide(answered, case(name).catalog)
        assert [(each.id, each.found) for each in again.mistakes] == [
            (each.id, each.found) for each in solved(name).mistakes
        ]


def test_people_left_out_are_a_quarter_of_an_engineer_and_come_off_the_saving() -> None:
    (found,) = (each for each in solved("operations-1-triggers").mistakes if each.id == "no_operations")
    hosting = solved("operations-1-triggers").hosting
    assert hosting is not None
    assert hosting.saving_per_month is not None
    assert f"{hosting.saving_per_month - 0.25 * 120_000 / 12:,.0f} are left" in found.says


def test_what_runs_today_costs_more_by_the_difference_to_the_plan() -> None:
    plan = solved("revisit-1-triggers")
    (found,) = plan.mistakes
    # One pair of H100 reserved at 3 an hour, a quarter of an engineer, four weeks of set-up over twelve months.
    today = 3.0 * 730 + 0.25 * 10_000 + 4 / 12 * 120_000 / 52
    api = 1000 * 0.5 + 300 * 0.8 + 0.02 * 10_000
    assert found.where == "today"
    assert found.found == pytest.approx(today)
    assert found.per_month == pytest.approx(today - api)


def test_a_long_term_is_right_until_the_falling_price_of_managed_models_meets_it() -> None:
    plan = solved("revisit-3-triggers")
    (found,) = (each for each in plan.mistakes if each.id == "never_revisited")
    api = next(each.total_per_month for each in plan.baselines if each.name == "open_api")
    assert api is not None
    assert api * 0.5 ** (found.wanted / 18) == pytest.approx(plan.total_per_month)
    assert found.found == 36


def test_servers_at_a_tenth_of_their_speed_cost_what_the_plan_saves_with_all_of_it() -> None:
    (found,) = (each for each in solved("serving-1-triggers").mistakes if each.id == "slow_serving")
    assert found.found == pytest.approx(0.5 * 1300)  # the measured rate, in requests of 1,300 tokens
    assert found.found < 0.5 * found.wanted
    whole = decide(case("serving-2-passes").scenario, case("serving-2-passes").catalog)
    assert found.per_month == pytest.approx(
        (solved("serving-1-triggers").total_per_month or 0) - (whole.total_per_month or 0)
    )


def test_what_is_signed_stays_to_be_paid_by_replicas_that_the_load_does_not_need() -> None:
    """Eight run for a load of one: seven could go, of which the five signed for half of the horizon cost on."""
    asked = case("serving-3-triggers")
    option = asked.scenario.today.served_by["bulk"]
    pools = {option: {"on_demand": Running(replicas=3), "reserved_1y": Running(replicas=5, months_left=6)}}

    def idle(recheck: bool) -> Mistake:
        today = asked.scenario.today.model_copy(update={"pools": pools, "recheck": recheck})
        plan = decide(asked.scenario.model_copy(update={"today": today, "horizon": 12}), asked.catalog)
        return next(each for each in plan.mistakes if each.id == "slow_serving")

    hours = {
        price.purchase: price.price_per_hour / price.gpu_count * 2
        for price in asked.catalog.gpu_prices if price.provider == "racks"
    }  # fmt: skip
    hourly, signed = hours["on_demand"], hours["reserved_1y"]
    assert idle(recheck=False).per_month == pytest.approx((3 * hourly + 4 * signed) * 730)
    found = idle(recheck=True)
    assert found.per_month == pytest.approx((3 * hourly + 4 * signed / 2) * 730)
    assert "4 of the others are signed or owned, and stay to be paid" in found.says


def test_five_tokens_a_second_of_a_70b_are_found_in_a_run_of_ones_own_benchmark() -> None:
    """The article's own case: 5 tokens a second where a proper set-up gives 50."""
    asked = case("serving-2-passes")
    run = MeasuredPoint(
        id="run", model="llama-3.3-70b", precision="fp8", gpu="h100-sxm", gpus=2, engine="vllm", tool="made",
        arrivals="closed", max_in_flight=8, completed=200, input_tokens=1000, output_tokens=300,
        requests_per_second=8 / (300 * 0.2), ttft_ms={"mean": 300.0}, tpot_ms={"mean": 200.0},
        source="made", date="2026-11-20",
    )  # fmt: skip
    plan = decide(asked.scenario, replace(asked.catalog, rates=(), measurements=(run,)))
    (found,) = (each for each in plan.mistakes if each.id == "slow_serving")
    assert found.where == "plan"
    assert found.found < 0.5 * found.wanted


def test_a_small_model_wins_as_few_comparisons_as_its_rating_says() -> None:
    (found,) = (each for each in solved("small-3-triggers").mistakes if each.id == "small_model")
    assert f"{1 / (1 + 10 ** ((found.found - 1500) / 400)):.0%} of the time" in found.says


def test_mistakes_stand_in_the_file_and_the_text_of_a_plan() -> None:
    plan = rounded(solved("serving-3-triggers"))
    assert plan_of(plan_tables(plan), "plan").mistakes == plan.mistakes
    text = plan_text(plan)
    assert "Common mistakes" in text
    assert all(len(line) <= 80 for line in text.splitlines())


ARGUED = {
    "article-team-goes-back": {"never_revisited"},  # the article's own case of a decision that was right once
    "article-team-self-hosts": {"no_fallback"},  # its servers stand at one place, and it did have an outage
}


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: Path(path).stem)
def test_the_shipped_plans_make_no_mistake_but_those_that_are_argued(path: Path) -> None:
    assert {each.id for each in load(path).plan.mistakes} <= ARGUED.get(path.stem, set())
