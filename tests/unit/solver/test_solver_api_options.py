"""API offers: which may serve a segment, what a request costs, and why the rest may not."""

from typing import Any

import numpy as np
import pytest
from made_options import MODEL, offer, only_rule, scenario, small_catalog, with_offers

from catalogs.catalog import Catalog
from solver.api_options import has_date
from solver.options import problem_of
from solver.refusals import Rule


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
