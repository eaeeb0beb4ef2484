"""The why-not table of a plan: what is refused, beaten, filtered or cut, and against which plan."""

import threading
from dataclasses import replace

import pytest
from made_options import offer, price, scenario, small_catalog

from catalogs.catalog import Catalog
from solver.decide import decide
from solver.explanation.asked import why_not
from solver.explanation.with_reasons import with_reasons
from solver.scenario import Scenario

POLICY = {"people": False, "setup": False, "storage": False, "network": False, "contingencies": []}


def catalog() -> Catalog:
    """The cheapest API, one of the same supplier at twice, another's at 1.25 times its price, one too slow, a pool."""
    offers = (
        offer("seller/closed-1", input_per_mtok=1.0, output_per_mtok=2.0),
        offer("seller/closed-1", id="seller/closed-1@eu", input_per_mtok=2.0, output_per_mtok=4.0),
        offer("other/closed-1", input_per_mtok=1.25, output_per_mtok=2.5),
        offer("slow/closed-1", input_per_mtok=0.1, output_per_mtok=0.2, ttft_p95_ms=9000),
    )
    return replace(small_catalog(), api_offers=offers, gpu_prices=(price(90.0),))


def asked() -> Scenario:
    return scenario(policy={**POLICY, "purchase_types": ["on_demand"]})


def test_a_table_holds_what_enters_what_is_beaten_and_what_is_refused() -> None:
    plan = decide(asked(), catalog())
    table = why_not(asked(), catalog(), plan)
    found = {each.option: each for each in table.options}
    assert found["other/closed-1"].answer == "enters_at"
    assert found["other/closed-1"].price_factor == pytest.approx(0.8, rel=0.01)
    assert found["slow/closed-1"].rule == "ttft"
    assert found["seller/closed-1@eu"].rule == "dominated"
    assert "seller/closed-1" not in found
    assert table.total_per_month == pytest.approx(plan.total_per_month)
    assert table.counts["enters_at"] >= 1
    assert table.cut == ""
    entering = [each.price_factor for each in table.options if each.answer == "enters_at"]
    assert entering == sorted(entering, key=lambda factor: -(factor or 0.0))


def test_an_option_that_another_one_beats_is_asked_by_its_id() -> None:
    plan = decide(asked(), catalog())
    table = why_not(asked(), catalog(), plan, option="seller/closed-1@eu")
    found = {each.option: each for each in table.options if each.answer != "refusal"}
    assert list(found) == ["seller/closed-1@eu"]
    assert found["seller/closed-1@eu"].price_factor == pytest.approx(0.5, rel=0.01)


def test_a_segment_and_a_text_narrow_the_table() -> None:
    plan = decide(asked(), catalog())
    table = why_not(asked(), catalog(), plan, option="other/")
    assert {each.option for each in table.options} == {"other/closed-1"}
    assert all(
        "chat" in each.serves or not each.serves for each in why_not(asked(), catalog(), plan, segment="chat").options
    )
    assert why_not(asked(), catalog(), plan, limit_s=0.0, option="other/").cut
    stop = threading.Event()
    stop.set()
    stopped = why_not(asked(), catalog(), plan, stop=stop)
    assert "refusals alone" in stopped.cut
    assert {each.answer for each in stopped.options} == {"refusal"}


def test_the_margin_is_told_where_the_cheapest_plan_is_not_the_recommended_one() -> None:
    made = scenario(policy={**POLICY, "purchase_types": ["on_demand"], "margin": "90%"}, requests="2M/day")
    cheap = replace(catalog(), gpu_prices=(price(1.0),))
    plan = decide(made, cheap)
    assert plan.cheapest is not None
    assert plan.verdict == "stay_on_api"
    assert plan.cheapest.saves_per_month > 0
    table = why_not(made, cheap, plan)
    assert {each.kind for each in table.options if each.answer == "margin"} == {"pool"}
    assert next(each for each in table.options if each.option == "other/closed-1").answer == "enters_at"


def test_a_plan_keeps_its_reasons_and_one_without_a_bill_has_none() -> None:
    plan = decide(asked(), catalog())
    argued = with_reasons(plan, asked(), catalog())
    assert [each.option for each in argued.why_not][:1] == ["other/closed-1"]
    assert any(each.requirement == "segment.chat.ttft" for each in argued.requirements)
    assert argued.total_per_month == plan.total_per_month
    nothing = plan.model_copy(update={"total_per_month": None})
    assert with_reasons(nothing, asked(), catalog()) is nothing


def test_a_cheapest_plan_that_is_not_found_again_is_told() -> None:
    plan = decide(asked(), catalog())
    assert plan.cheapest is not None
    assert why_not(asked(), catalog(), plan).cut == ""
    total = plan.cheapest.total_per_month
    known = plan.cheapest.model_copy(update={"total_per_month": total / 2, "saves_per_month": total / 2})
    cut = why_not(asked(), catalog(), plan.model_copy(update={"cheapest": known})).cut
    assert f"the cheapest plan, {total / 2:,.0f}, was not found again in time: one of {total:,.0f}" in cut
