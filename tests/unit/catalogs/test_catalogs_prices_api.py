"""API offers: prices of the package and of our table, ids, regions, limits and latency, all offline."""

import csv
import re
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from catalogs import prices
from catalogs.api_prices import api_offers, is_guess, latency_class, offer_id
from catalogs.records import ApiOffer

SHARED = Path(__file__).parents[4] / "shared" / "data" / "api_prices.csv"
README = Path(prices.__file__).parent / "README.md"


def shared_rows() -> list[dict[str, str]]:
    if not SHARED.exists():
        pytest.skip("the shared data is not here")
    with SHARED.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def offers() -> dict[str, ApiOffer]:
    return {offer.id: offer for offer in api_offers()}


def test_ids_are_unique_and_follow_from_the_offer(offers: dict[str, ApiOffer]) -> None:
    listed = api_offers()
    assert not [key for key, count in Counter(offer.id for offer in listed).items() if count > 1]
    providers = prices.tables("providers.toml")
    for offer in listed:
        default = providers[offer.provider]["region"]
        assert offer.id == offer_id(offer.provider, offer.model, offer.region, default, offer.tier)


def test_sonnet_costs_3_and_15_dollars(offers: dict[str, ApiOffer]) -> None:
    offer = offers["anthropic/claude-sonnet-4.6"]
    assert (offer.input_per_mtok, offer.cached_input_per_mtok, offer.output_per_mtok) == (3.0, 0.3, 15.0)
    assert offer.source.startswith("genai-prices ")
    assert not offer.estimate


def test_crusoe_costs_what_its_own_page_asks(offers: dict[str, ApiOffer]) -> None:
    theirs = [offer for offer in offers.values() if offer.provider == "crusoe"]
    assert all("LiteLLM" not in offer.source for offer in theirs)
    offer = offers["crusoe/gpt-oss-120b"]
    assert (offer.input_per_mtok, offer.output_per_mtok, offer.date) == (0.05, 0.2, "2026-09-20")


def test_a_seller_that_states_no_context_has_that_of_the_others(offers: dict[str, ApiOffer]) -> None:
    table = prices.rows("api_offers.csv")
    blank = [row for row in table if (row["provider"], row["model"]) == ("replicate", "gpt-5-nano")]
    assert [row["context"] for row in blank] == [""]
    stated = {row["context"] for row in table if row["model"] == "gpt-5-nano"} - {""}
    offer = offers["replicate/gpt-5-nano"]
    assert str(offer.context_tokens) in stated
    assert offer.note.endswith("other sellers state it")
    assert "other sellers" not in offers["openai/gpt-5-nano"].note
    assert all(each.context_tokens for each in offers.values())


def test_prices_of_the_package_agree_with_the_collected_table(offers: dict[str, ApiOffer]) -> None:
    theirs = {
        (row["provider_model_id"], float(row["input_usd_per_mtok"]), float(row["output_usd_per_mtok"]))
        for row in shared_rows()
    }
    ours = {
        (offer.provider_model, offer.input_per_mtok, offer.output_per_mtok)
        for offer in offers.values()
        if offer.tier == "standard" and "times" not in offer.source and not offer.source.startswith("https:")
    }
    assert len(ours) > 700
    assert not ours - theirs


def test_batch_is_half_price(offers: dict[str, ApiOffer]) -> None:
    for key in ("anthropic/claude-sonnet-4.6", "openai/gpt-5.4", "azure/gpt-5@eu-data-zone"):
        batch = offers[f"{key}:batch"]
        assert batch.input_per_mtok == pytest.approx(offers[key].input_per_mtok / 2)
        assert batch.output_per_mtok == pytest.approx(offers[key].output_per_mtok / 2)
        assert batch.ttft_p50_ms is None


def test_long_prompts_have_their_own_price(offers: dict[str, ApiOffer]) -> None:
    offer = offers["openai/gpt-5.4"]
    assert (offer.long_context_from_tokens, offer.long_input_per_mtok, offer.long_output_per_mtok) == (272000, 5, 22.5)


def test_a_long_prompt_costs_more_in_a_batch_too(offers: dict[str, ApiOffer]) -> None:
    """Gemini 3.1 Pro: a batch at half of 2 and 12, prompts above 200,000 tokens at half of 4 and 18."""
    online, batch = offers["google-vertex/gemini-3.1-pro"], offers["google-vertex/gemini-3.1-pro:batch"]
    assert (online.long_input_per_mtok, online.long_output_per_mtok) == (4, 18)
    assert (batch.long_context_from_tokens, batch.long_input_per_mtok, batch.long_output_per_mtok) == (200000, 2, 9)


def test_a_405b_is_not_sold_at_the_price_of_an_8b(offers: dict[str, ApiOffer]) -> None:
    large, small = offers["hyperbolic/llama-3.1-405b"], offers["hyperbolic/llama-3.1-8b"]
    assert (large.input_per_mtok, small.input_per_mtok) == (4.0, 0.1)
    assert large.requests_per_minute == 120


def test_a_region_at_a_factor_is_an_offer_of_its_own(offers: dict[str, ApiOffer]) -> None:
    at_home, abroad = offers["anthropic/claude-sonnet-4.6"], offers["anthropic/claude-sonnet-4.6@us"]
    assert abroad.output_per_mtok == pytest.approx(1.1 * at_home.output_per_mtok)
    assert (at_home.region, abroad.region) == ("global", "us")
    assert "anthropic/claude-sonnet-4.5@us" not in offers


def test_an_offer_that_nobody_read_is_an_estimate(offers: dict[str, ApiOffer]) -> None:
    assert offers["aws-bedrock/claude-haiku-4.5@eu"].estimate.endswith("offered there was not read")
    assert not offers["azure/gpt-5-nano@eu-data-zone"].estimate


def test_a_region_of_the_row_wins_over_the_default(offers: dict[str, ApiOffer]) -> None:
    assert offers["azure/gpt-5@eu-data-zone"].output_per_mtok == pytest.approx(11.0)
    assert offers["azure/gpt-5"].region == "global"


def test_a_region_is_sourced_or_unknown(offers: dict[str, ApiOffer]) -> None:
    assert all(bool(offer.region_source) == (offer.region != "unknown") for offer in offers.values())


def test_no_offer_is_free(offers: dict[str, ApiOffer]) -> None:
    assert all(offer.input_per_mtok > 0 and offer.output_per_mtok > 0 for offer in offers.values())


def test_retired_models_stay_with_their_day(offers: dict[str, ApiOffer]) -> None:
    assert offers["openai/gpt-5"].retires == "2026-12-11"


def test_what_left_a_provider_says_so_with_who_tells_it(offers: dict[str, ApiOffer]) -> None:
    """Price lists go on naming retired models: Groq answers 404 for Llama 3.3 70B since 2026-08-16."""
    gone = {
        "groq/llama-3.3-70b": "2026-08-16", "groq/llama-4-scout": "2026-07-17", "cerebras/llama-3.1-8b": "2026-05-27",
        "anthropic/claude-sonnet-4": "2026-06-15", "openai/o4-mini": "2026-10-23", "xai/grok-4-fast": "2026-05-15",
        "mistral/mistral-nemo": "2026-07-31", "deepseek/deepseek-v4-flash": "2026-09-10",
    }  # fmt: skip
    assert {id_: offers[id_].retires for id_ in gone} == gone
    assert all("retirement: " in offers[id_].note for id_ in gone)


def test_hourly_prices_are_marked(offers: dict[str, ApiOffer]) -> None:
    assert "peak hours" in offers["deepseek/deepseek-v4-flash"].estimate


def test_every_latency_is_measured_or_an_estimate_of_at_least_200_ms(offers: dict[str, ApiOffer]) -> None:
    for offer in offers.values():
        if offer.tier == "batch":
            continue
        assert offer.ttft_p50_ms
        assert offer.ttft_p95_ms
        assert offer.tpot_p50_ms
        assert offer.tpot_p95_ms
        assert offer.latency_source
        assert offer.ttft_p50_ms <= offer.ttft_p95_ms, offer.id
        assert offer.tpot_p50_ms <= offer.tpot_p95_ms, offer.id
        for name in ("ttft_p50_ms", "ttft_p95_ms"):
            assert getattr(offer, name) >= 200 or not is_guess(offer.latency_estimate, name), offer.id


def test_a_measured_time_is_no_guess_beside_one_that_is(offers: dict[str, ApiOffer]) -> None:
    """Groq's time to first token was measured, its time per token was not."""
    groq = offers["groq/gpt-oss-120b"]
    assert (groq.ttft_p50_ms, groq.ttft_p95_ms) == (98, 217)
    assert "aiewf-eval" in groq.latency_source
    assert not is_guess(groq.latency_estimate, "ttft_p95_ms")
    assert is_guess(groq.latency_estimate, "tpot_p95_ms")
    assert is_guess(offers["cerebras/gpt-oss-120b"].latency_estimate, "ttft_p95_ms")
    assert not is_guess("", "ttft_p95_ms")


def test_a_percentile_that_was_not_measured_moves_with_the_median_that_was(offers: dict[str, ApiOffer]) -> None:
    """OpenRouter's DeepSeek V3.2: a median of 1734 ms, where the class of routers has 900 and a p95 of 2500."""
    offer = offers["openrouter/deepseek-v3.2"]
    assert offer.ttft_p95_ms == pytest.approx(1734 * 2500 / 900)
    assert is_guess(offer.latency_estimate, "ttft_p95_ms")
    assert not is_guess(offer.latency_estimate, "ttft_p50_ms")


def test_every_measured_latency_is_of_an_offer(offers: dict[str, ApiOffer]) -> None:
    sold = {(offer.provider, offer.model) for offer in offers.values()}
    measured = {(row["provider"], row["model"]) for row in prices.rows("api_latency.csv")}
    assert measured - sold == set()
    assert len(measured) == len(prices.rows("api_latency.csv"))


@pytest.mark.parametrize(
    ("host", "model", "open_weights", "expected"),
    [
        ("closed", "gpt-5", False, "closed"),
        ("closed", "gpt-5-mini", False, "closed_small"),
        ("open", "llama-3.3-70b", True, "open"),
        ("open", "llama-3.1-8b", True, "open_small"),
        ("open", "qwen3-30b-a3b", True, "open_small"),
        ("open", "qwen3-235b-a22b", True, "open"),
        ("open", "qwen3.8-2.4t-a95b", True, "open"),
        ("open", "deepseek-v4-pro", True, "open"),
        ("fast", "llama-3.3-70b", True, "fast"),
    ],
)
def test_latency_class_follows_host_and_size(host: str, model: str, open_weights: bool, expected: str) -> None:
    assert latency_class(host, model, open_weights) == expected


def test_limits_are_those_of_the_highest_published_tier(offers: dict[str, ApiOffer]) -> None:
    offer = offers["anthropic/claude-sonnet-4.6"]
    assert (offer.requests_per_minute, offer.tokens_per_minute, offer.output_tokens_per_minute) == (4000, 2e6, 4e5)
    assert "tier t4" in offer.note
    assert offers["groq/llama-3.3-70b"].requests_per_minute is None


def test_every_row_is_an_offer_or_says_why_not(offers: dict[str, ApiOffer]) -> None:
    models = {offer.provider_model for offer in offers.values()}
    table = prices.rows("api_offers.csv")
    for row in shared_rows():
        listed = [r for r in table if r["provider_model"] == row["provider_model_id"]]
        assert listed, row["provider_model_id"]
        assert row["provider_model_id"] in models or all(r["left_out"] for r in listed)


def test_every_api_provider_is_in_or_explained(offers: dict[str, ApiOffer]) -> None:
    text = README.read_text(encoding="utf-8")
    missing = {row["provider"] for row in shared_rows()} - {offer.provider for offer in offers.values()}
    assert not [name for name in missing if not re.search(rf"\b{re.escape(name)}\b", text)]


def test_nothing_is_fetched_and_no_thread_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    before = threading.active_count()
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert api_offers()
    assert threading.active_count() == before
