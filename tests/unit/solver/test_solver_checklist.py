"""The nine answers: what each changes, where it leans, and that none is a dead tick."""

from typing import Any

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.profiles import profiles
from catalogs.records import ApiOffer, Attributes, LoadShape, Model, QualityFloor, QualityScore, Region
from solver.checklist import (
    ITEMS,
    applied,
    changes_of,
    checklist_items,
    defaults_in,
    doubts_of,
    implied,
    item_named,
    item_of,
    keys_of,
    tally,
)
from solver.checklist_effects import effect
from solver.decide import decide
from solver.scenario import CHECKLIST, Scenario

WALK = [(item.id, digit) for item in ITEMS for digit in item.digits]
PROFILES = sorted(profiles())


def of_profile(name: str = "support-chat") -> Scenario:
    return Scenario.model_validate(profiles()[name])


def offer(name: str, provider: str, region: str, ttft: float) -> ApiOffer:
    return ApiOffer(
        id=name, provider=provider, model="m", provider_model="m", region=region, open_weights=False,
        input_per_mtok=1, output_per_mtok=2, ttft_p95_ms=ttft, source="a test", date="2026-11-01",
    )  # fmt: skip


def tiny_catalog() -> Catalog:
    """Two suppliers, one in the EU that does not train; a day of 12 busy and 12 quiet hours; two open models."""
    told: dict[str, Any] = {"source": "a test", "date": "2026-11-01"}
    day = (1.5,) * 12 + (0.5,) * 12
    shapes = {
        name: LoadShape(id=name, name=name, load_over_mean=values, minute_peak_over_hour=1, **told)
        for name, values in {"office-hours": day, "flat": (1.0,) * 24}.items()
    }
    scores = {
        (model, "exam", "2026-01"): QualityScore(model=model, benchmark="exam", score=score, unit="percent", **told)
        for model, score in {"small": 40.0, "large": 70.0}.items()
    }
    floors = tuple(
        QualityFloor(
            task="chat", word=word, benchmark="exam", benchmark_date="2026-01", threshold=level, unit="percent", **told
        )
        for word, level in (("low", 30.0), ("high", 60.0), ("frontier", 90.0))
    )
    return Catalog(
        as_of="2026-11-01", currency="USD", gpus={}, purchases={},
        models={name: Model(id=name, params_total_b=8, **told) for name in ("small", "large")},
        precisions={}, engines={}, performance_classes={}, engine_offsets={}, gpu_prices=(),
        api_offers=(offer("a", "eu-firm", "paris", 700), offer("b", "us-firm", "ohio", 1500)),
        scores=scores, floors=floors, quantisation={}, operations={},
        attributes={"eu-firm": Attributes(
            provider="eu-firm", trains_on_data=False, retention_days=0,
            sources={"trains_on_data": "its terms", "retention_days": "its terms"},
        )},
        regions={
            "eu-firm/paris": Region(id="eu-firm/paris", geographies=("fr", "eu"), **told),
            "us-firm/ohio": Region(id="us-firm/ohio", geographies=("us",), **told),
        },
        load_shapes=shapes,
    )  # fmt: skip


def test_the_nine_items_stand_in_the_order_of_the_articles_checklist() -> None:
    names = ["spend", "load", "team", "quality", "latency", "cost", "fallback", "data", "revisit"]
    assert [item.id for item in ITEMS] == names
    assert [item.number for item in ITEMS] == list(range(1, 10))


def test_the_scenario_takes_exactly_the_answers_that_the_checklist_offers() -> None:
    assert {item.id: len(item.answers) for item in ITEMS} == CHECKLIST
    with pytest.raises(ValueError, match="load: an answer from 0 to 5"):
        Scenario.model_validate(profiles()["agents"] | {"checklist": {"load": 6}})
    with pytest.raises(ValueError, match="items of the checklist"):
        Scenario.model_validate(profiles()["agents"] | {"checklist": {"lode": 1}})


def test_no_key_belongs_to_two_items_so_answers_may_come_in_any_order() -> None:
    keys = [key for item in ITEMS for key in keys_of(item.id, ("a", "b"))]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("item", "digit"), WALK)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_answer_changes_the_scenario_or_the_advice(profile: str, item: str, digit: int) -> None:
    before = of_profile(profile)
    after = applied(before, item, digit).model_copy(update={"checklist": {item: digit}})
    (told,) = checklist_items(after)
    changed = applied(before, item, digit) != before
    assert changed or told.advice
    assert digit != 0 or not changed


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_no_two_answers_of_an_item_do_the_same(item: Any) -> None:
    done = [(str(answer.changes), answer.advice) for answer in item.answers]
    assert len(set(done)) == len(done)


@pytest.mark.parametrize(("item", "digit"), WALK)
def test_applying_an_answer_twice_is_applying_it_once(item: str, digit: int) -> None:
    once = applied(of_profile(), item, digit)
    assert applied(once, item, digit) == once


def test_a_star_in_a_change_stands_for_every_segment() -> None:
    assert changes_of("latency", 2, ("a", "b")) == {
        "segment.a.ttft": "5 s", "segment.b.ttft": "5 s", "segment.a.may_wait": False, "segment.b.may_wait": False,
    }  # fmt: skip


def test_the_articles_rule_of_thumb_leans_to_the_api_below_5000_and_to_hosting_above_10000() -> None:
    leans = [answer.lean for answer in find("spend").answers]
    assert leans == ["api", "api", "neutral", "self_host", "neutral", "self_host"]


def test_without_operators_the_team_can_run_only_managed_pools() -> None:
    assert applied(of_profile(), "team", 3).team.expertise == "none"


def test_the_data_item_keeps_prompts_in_the_eu_and_out_of_training() -> None:
    chat = applied(of_profile(), "data", 3).segment["chat"]
    assert (chat.processing_in, chat.storage_in, chat.no_training) == ("eu", "eu", True)


def test_an_answer_leaves_out_what_an_earlier_answer_to_the_same_item_had_set() -> None:
    strict = applied(of_profile(), "data", 5)
    assert applied(strict, "data", 1).segment["chat"] == of_profile().segment["chat"]


def test_the_tally_counts_leans_and_takes_dont_know_as_neutral() -> None:
    assert tally({"spend": 1, "load": 2, "team": 1, "revisit": 0}) == {"api": 2, "self_host": 1, "neutral": 1}


def test_a_plan_lists_the_answers_given_in_the_order_of_the_checklist() -> None:
    scenario = of_profile().model_copy(update={"checklist": {"data": 3, "spend": 0}})
    told = checklist_items(scenario)
    assert [(entry.item, entry.lean) for entry in told] == [("spend", "neutral"), ("data", "neutral")]
    assert all(entry.advice for entry in told)


def test_a_profile_implies_an_answer_only_where_a_single_one_would_change_nothing() -> None:
    assert implied(of_profile("support-chat"), "latency") == 3
    assert implied(of_profile("bulk-tagging"), "fallback") == 4
    assert implied(of_profile("support-chat"), "spend") is None


def test_a_key_is_traced_to_the_item_that_may_change_it() -> None:
    owners = {key: getattr(item_of(key), "id", None) for key in ("segment.x.quality", "horizon", "policy.headroom")}
    assert owners == {"segment.x.quality": "quality", "horizon": "cost", "policy.headroom": None}


def test_defaults_are_the_keys_whose_source_is_neither_the_person_nor_the_checklist() -> None:
    scenario = of_profile().model_copy(
        update={"sources": {"a": "you", "b": "checklist 4", "c": "a trace", "d": "estimate: so", "e": "imported x"}}
    )
    assert defaults_in(scenario) == ("c", "d")


def test_defaults_left_and_dont_know_are_doubts() -> None:
    scenario = of_profile().model_copy(
        update={"sources": {"segment.chat.ttft": "estimate: so", "segment.chat.task": "you"}, "checklist": {"load": 0}}
    )
    assert doubts_of(scenario) == (
        "1 value is a default of the profile: ttft.",
        "Load is not known (checklist 2): "
        "Count requests by hour over two weeks; until then the profile's shape is a guess.",
    )
    assert doubts_of(of_profile().model_copy(update={"sources": {}, "checklist": {"load": 1}})) == ()


@pytest.mark.parametrize(("item", "digit"), [("nothing", 1), ("load", 9)])
def test_what_the_checklist_does_not_have_is_a_key_error(item: str, digit: int) -> None:
    with pytest.raises(KeyError):
        changes_of(item, digit, ())


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_effect_of_every_answer_fits_its_line(profile: str, shipped: Catalog) -> None:
    for item, digit in WALK:
        assert 0 < len(effect(of_profile(profile), item, digit)) <= 70
        assert 0 < len(effect(of_profile(profile), item, digit, shipped)) <= 70


@pytest.mark.parametrize("profile", PROFILES)
def test_every_load_shape_that_a_profile_or_an_answer_names_is_in_the_catalog(profile: str, shipped: Catalog) -> None:
    for digit in (0, 1, 2, 3, 4, 5):
        assert applied(of_profile(profile), "load", digit).load in shipped.load_shapes


def test_a_peak_of_one_and_a_half_times_the_mean_leaves_a_pool_idle_a_third_of_the_time() -> None:
    told = effect(of_profile(), "load", 2, tiny_catalog())
    assert told == "24 load blocks, peak 1.5 x mean: a pool sized for the peak idles 33%"


def test_doubling_within_a_year_sizes_pools_for_twice_the_volume() -> None:
    # 20,000 a day over a month of 730 h is 608,333; growth compounds over the horizon of 12 months
    assert effect(of_profile(), "spend", 5).startswith("608k requests, ")
    assert effect(of_profile(), "spend", 5).endswith("pools sized for 2 x that")


def test_keeping_data_in_the_eu_leaves_one_of_two_suppliers() -> None:
    assert effect(of_profile(), "data", 3, tiny_catalog()).endswith("1 of 2 API suppliers left")
    assert effect(of_profile(), "data", 1, tiny_catalog()).endswith("2 of 2 API suppliers left")


def test_a_first_token_within_800_ms_leaves_the_faster_of_two_offers() -> None:
    assert effect(of_profile(), "latency", 4, tiny_catalog()).endswith("1 of 2 API offers start as soon")


def test_a_higher_floor_leaves_fewer_open_models() -> None:
    counts = [effect(of_profile(), "quality", digit, tiny_catalog()).split("; ")[1][0] for digit in (3, 1, 4)]
    assert counts == ["2", "1", "0"]


def test_prompts_that_stay_on_machines_of_ones_own_need_owned_servers(shipped: Catalog) -> None:
    kept_in = applied(of_profile(), "data", 6)
    assert decide(kept_in, shipped).verdict == "no_plan"
    assert decide(applied(kept_in, "cost", 4), shipped).verdict == "self_host"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_at_its_own_volume_has_a_proven_plan_on_the_api(profile: str, shipped: Catalog) -> None:
    # below the 5,000 a month at which the article would begin to look at hosting
    plan = decide(of_profile(profile), shipped)
    assert (plan.status, plan.verdict) == ("optimal", "stay_on_api")
    assert plan.total_per_month is not None
    assert plan.total_per_month < 5000


def find(name: str) -> Any:
    item = item_named(name)
    assert item is not None
    return item
