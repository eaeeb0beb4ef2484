"""API offers: which may serve a segment, what a request costs, and why the rest may not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_options import MODEL, SOURCED, offer, only_rule, scenario, small_catalog, with_offers

from catalogs.catalog import Catalog
from catalogs.records import Provisioned
from solver.api_options import has_date
from solver.options import problem_of
from solver.refusals import Rule
from solver.scenario import Scenario


@pytest.fixture(scope="module")
def small() -> Catalog:
    return small_catalog()


def test_an_offer_that_meets_everything_is_charged_by_its_tokens(small: Catalog) -> None:
    problem = problem_of(scenario(), with_offers(small, offer(requests_per_minute=600)))
    (option,) = problem.apis
    assert (option.requests_per_s, option.tokens_per_s) == (10, np.inf)
    assert sum(charge.cost for charge in problem.charges[0, option.id]) == pytest.approx((1000 + 4 * 200) / 1e6)
    assert problem.tokens_per_request == pytest.approx([1200])


@pytest.mark.parametrize(
    ("chat", "changes", "rule"),
    [
        ({"ttft": "800 ms"}, {}, Rule.TTFT),
        ({"tpot": "20 ms"}, {}, Rule.TPOT),
        ({"ttft": "800 ms", "percentile": "p50"}, {}, None),
        ({"percentile": "p99"}, {"ttft_p50_ms": None}, Rule.LATENCY_UNKNOWN),
        ({"ttft": None, "tpot": None}, {"ttft_p50_ms": None, "ttft_p95_ms": None, "tpot_p95_ms": None}, None),
        ({"ttft": "150 ms"}, {"ttft_p50_ms": 50, "ttft_p95_ms": 100}, None),
        ({"ttft": "150 ms"}, {"ttft_p50_ms": 50, "ttft_p95_ms": 100, "latency_estimate": "by class"}, Rule.TTFT),
        ({"ttft": "200 ms"}, {"ttft_p50_ms": 50, "ttft_p95_ms": 100, "latency_estimate": "by class"}, None),
        ({}, {"context_tokens": 1199}, Rule.CONTEXT),
        ({}, {"context_tokens": 1200}, None),
        ({"input_tokens": "500 / 2k"}, {"context_tokens": 2199}, Rule.CONTEXT),
        ({}, {"max_output_tokens": 199}, Rule.CONTEXT),
        ({}, {"retires": "2026-01-02"}, Rule.RETIRED),
        ({}, {"retires": "2999-01-02"}, None),
        ({}, {"tier": "batch"}, Rule.BATCH_ONLY),
        ({"may_wait": True, "ttft": None, "tpot": None}, {"tier": "batch"}, None),
        ({"may_wait": True}, {"tier": "batch"}, Rule.LATENCY_UNKNOWN),
        ({"quality": "high"}, {}, Rule.QUALITY_UNKNOWN),
        ({"features": ["frontier"]}, {}, Rule.QUALITY_UNKNOWN),
        ({"features": ["fine_tune"]}, {}, Rule.FEATURE),
        ({"features": ["fine_tune"]}, {"fine_tune": True}, None),
        ({"features": ["fixed_version"]}, {}, Rule.FEATURE),
        ({"features": ["fixed_version"]}, {"provider_model": "closed-1-2026-03-05"}, None),
        ({"processing_in": "eu"}, {}, Rule.PROCESSING_IN),
        ({"license": ["permissive"]}, {}, None),
        ({"license": ["permissive"]}, {"id": f"seller/{MODEL}", "model": MODEL, "open_weights": True}, Rule.LICENSE),
    ],
)  # fmt: skip
def test_an_offer_is_turned_down_by_the_rule_it_breaks(
    small: Catalog, chat: dict[str, Any], changes: dict[str, Any], rule: Rule | None
) -> None:
    chosen = {key: value for key, value in chat.items() if value is not None}
    asked = scenario(**chosen)
    for gone in (key for key, value in chat.items() if value is None):
        part = asked.segment["chat"].model_copy(update={gone: None})
        asked = asked.model_copy(update={"segment": {"chat": part}})
    problem = problem_of(asked, with_offers(small, offer(**changes)))
    assert len(problem.apis) == (rule is None)
    if rule is not None:
        assert problem.refusal_counts[rule] >= 1
        assert only_rule(problem, changes.get("id", "seller/closed-1")) is rule


@pytest.mark.parametrize(
    ("tokens", "shared", "read"), [("2k", "0%", 0), ("52k", "0%", 50), ("52k", "50%", 24), ("10k / 52k", "0%", 50)]
)
def test_a_long_prompt_is_read_before_the_first_token_that_is_estimated(
    small: Catalog, tokens: str, shared: str, read: float
) -> None:
    ms = 900 + read * small.operations["api_reading_ms_per_ktok"].value
    for limit, served in ((ms + 1, True), (ms - 1, False)):
        asked = scenario(input_tokens=tokens, shared_prefix=shared, ttft=f"{limit:.3f} ms")
        guessed = with_offers(small, offer(latency_estimate="by class"))
        assert bool(problem_of(asked, guessed).apis) == served
    asked = scenario(input_tokens=tokens, shared_prefix=shared, ttft="901 ms")
    assert problem_of(asked, with_offers(small, offer())).apis, "measured where the user is: nothing is added"


def test_a_refusal_holds_the_figure_found_and_the_one_wanted(small: Catalog) -> None:
    problem = problem_of(scenario(ttft="600 ms"), with_offers(small, offer()))
    (refusal,) = [one for one in problem.refusals if one.rule is Rule.TTFT]
    assert (refusal.segment, refusal.found, refusal.wanted, refusal.unit) == ("chat", 900, 600, "ms")
    assert refusal.distance == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ({"apis": False}, Rule.APIS_OFF),
        ({"must_not_use": ["seller/*"]}, Rule.MUST_NOT_USE),
        ({"must_not_use": ["apis"]}, Rule.MUST_NOT_USE),
        ({"may_use": ["pools"]}, Rule.MAY_USE),
        ({"may_use": ["seller"]}, None),
    ],
)
def test_the_policy_bars_offers_by_word_or_glob(small: Catalog, policy: dict[str, Any], rule: Rule | None) -> None:
    problem = problem_of(scenario(policy), with_offers(small, offer()))
    assert len(problem.apis) == (rule is None)
    if rule:
        assert only_rule(problem, "seller/closed-1") is rule


@pytest.mark.parametrize(
    ("name", "dated"),
    [
        ("gpt-4o-2024-08-06", True), ("claude-3-5-sonnet-20240620-v1:0", True), ("mistral-large-2407", True),
        ("deepseek-r1-0528", True), ("gpt-5", False), ("llama-3.3-70b", False), ("model-8192", False),
    ],
)  # fmt: skip
def test_a_dated_name_is_a_fixed_version(name: str, dated: bool) -> None:
    assert has_date(name) is dated


# provisioned units


def unit(id_: str, per_hour: float, months: int, **more: Any) -> Provisioned:
    base: dict[str, Any] = {
        "id": id_, "offer": "seller/closed-1", "tokens_per_minute": 6000, "output_weight": 4, "minimum": 15, "step": 5,
        "term_months": months, "price_per_hour": per_hour,
    }  # fmt: skip
    return Provisioned(**(base | more), **SOURCED)


def with_units(catalog: Catalog, *units: Provisioned) -> Catalog:
    return replace(with_offers(catalog, offer(), offer("seller/closed-9", model="closed-1")), provisioned=units)


def test_a_unit_serves_requests_by_their_weighted_tokens(small: Catalog) -> None:
    problem = problem_of(scenario(), with_units(small, unit("a", 2.0, 0, estimate="guessed")))
    # 6,000 a minute are 100 a second; a request takes 1,000 + 4 * 200.
    assert problem.unit_rate == {(0, "seller/closed-1"): pytest.approx(100 / 1800)}
    options = {option.id: option for option in problem.apis}
    sold = options["seller/closed-1"]
    assert (sold.unit_price, sold.unit_min, sold.unit_step) == (2.0, 15, 5)
    assert sold.unit_source == "made for tests"
    assert "provisioned units: guessed" in sold.estimate


def test_each_segment_has_its_own_rate(small: Catalog) -> None:
    parts = {
        name: {"requests": "1k/day", "input_tokens": tokens, "output_tokens": 100} for name, tokens in
        (("short", 100), ("long", 1600))
    }  # fmt: skip
    problem = problem_of(Scenario.model_validate({"segment": parts}), with_units(small, unit("a", 2.0, 0)))
    assert [problem.unit_rate[s, "seller/closed-1"] for s in (0, 1)] == pytest.approx([100 / 500, 100 / 2000])


@pytest.mark.parametrize(("weight", "taken"), [(None, 1000), (0.0, 600), (0.5, 800)])
def test_what_is_read_from_the_cache_counts_as_documented(small: Catalog, weight: float | None, taken: int) -> None:
    catalog = with_units(small, unit("a", 2.0, 0, cached_weight=weight))
    problem = problem_of(scenario(shared_prefix="40%"), catalog)
    assert problem.unit_rate[0, "seller/closed-1"] == pytest.approx(100 / (taken + 800))


@pytest.mark.parametrize(
    ("horizon", "policy", "price"),
    [
        ("6 months", {}, 0.5), ("12 months", {}, 0.3), ("36 months", {}, 0.3),
        ("36 months", {"purchase_types": ["on_demand", "reserved_1m"]}, 0.5),
        ("36 months", {"purchase_types": ["on_demand"]}, 1.0),
    ],
)  # fmt: skip
def test_the_cheapest_term_within_the_horizon_that_may_be_signed_counts(
    small: Catalog, horizon: str, policy: dict[str, Any], price: float
) -> None:
    units = (unit("a", 1.0, 0), unit("b", 0.5, 1), unit("c", 0.3, 12))
    problem = problem_of(scenario(policy, horizon=horizon), with_units(small, *units))
    assert next(o.unit_price for o in problem.apis if o.id == "seller/closed-1") == price


def test_prompts_too_long_for_a_unit_are_served_by_the_token(small: Catalog) -> None:
    catalog = with_units(small, unit("a", 2.0, 0, longest_prompt=3000))
    assert problem_of(scenario(input_tokens="1k / 2.9k"), catalog).unit_rate
    problem = problem_of(scenario(input_tokens="1k / 3.1k"), catalog)
    assert problem.unit_rate == {}
    assert {option.unit_price for option in problem.apis} == {0.0}


def test_an_offer_sold_by_the_unit_is_not_dominated(small: Catalog) -> None:
    catalog = with_offers(small, offer(), offer("seller/closed-9", model="closed-1", input_per_mtok=9.0))
    assert {option.id for option in problem_of(scenario(), catalog).apis} == {"seller/closed-1"}
    dear = replace(catalog, provisioned=(unit("a", 2.0, 0, offer="seller/closed-9"),))
    assert {option.id for option in problem_of(scenario(), dear).apis} == {"seller/closed-1", "seller/closed-9"}


def test_a_refused_offer_has_no_units(small: Catalog) -> None:
    problem = problem_of(scenario(ttft="600 ms"), with_units(small, unit("a", 2.0, 0)))
    assert (problem.apis, problem.unit_rate) == ((), {})
