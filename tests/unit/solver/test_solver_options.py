"""From a scenario and a catalog to the problem: pools, users, rules, faults, and the shipped catalog."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_options import (
    MODEL,
    SOURCED,
    offer,
    only_rule,
    price,
    rate,
    scenario,
    shipped_catalog,
    small_catalog,
    with_offers,
    with_prices,
)

from catalogs.catalog import Catalog
from catalogs.profiles import profiles
from catalogs.records import Region
from catalogs.toml_file import InputError
from solver.options import problem_of
from solver.refusals import Rule
from solver.scenario import Scenario


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return shipped_catalog()


@pytest.fixture(scope="module")
def small() -> Catalog:
    return small_catalog()


# pools


def test_a_rate_of_ones_own_is_used_as_it_is(small: Catalog) -> None:
    rates = (rate(2.5, precision="awq"),)
    problem = problem_of(scenario({"may_use": ["*:awq/1x*/vllm/*"]}), with_prices(small, price(3.0), rates=rates))
    at = [design.id for design in problem.designs].index(f"{MODEL}:awq/1xh100-sxm/vllm/cloud@us")
    assert problem.kappa[0, at] == pytest.approx(0.4)


def test_a_rate_of_ones_own_admits_what_the_model_cannot_size_or_fit(small: Catalog) -> None:
    bare = small.models[MODEL].model_copy(update={"layers": None})
    catalog = with_prices(
        replace(small, models={**small.models, MODEL: bare}), price(9.0, gpus=3), rates=(rate(2.0, 3),)
    )  # fmt: skip
    (design,) = problem_of(scenario(), catalog).designs
    assert (design.gpus, design.purchases["on_demand"].price) == (3, 9.0)


def test_a_rate_for_another_segment_does_not_count(small: Catalog) -> None:
    part = {"requests": "1k/day", "input_tokens": 1000, "output_tokens": 200}
    asked = Scenario.model_validate({"segment": {"a": part, "b": part}, "policy": {"may_use": ["*/3x*"]}})
    catalog = with_prices(small, price(9.0, gpus=3), rates=(rate(2.0, 3, segment="a"),))
    (design,) = [one for one in problem_of(asked, catalog).designs if one.gpus == 3]
    kappa = problem_of(asked, catalog).kappa[:, 0]
    assert design.gpus == 3
    assert kappa[0] == pytest.approx(0.5)
    assert np.isnan(kappa[1])


def test_a_larger_instance_holds_several_replicas_that_come_together(small: Catalog) -> None:
    catalog = with_prices(small, price(24.0, gpus=8), rates=(rate(9.0, 2),))
    problem = problem_of(scenario(policy={"may_use": ["*/2xh100-sxm/*"]}), catalog)
    (design,) = problem.designs
    way = design.purchases["on_demand"]
    assert (design.gpus, way.price, way.box) == (2, 6.0, 4)


def test_an_instance_smaller_than_the_replica_cannot_hold_it(small: Catalog) -> None:
    catalog = with_prices(small, price(3.0, gpus=1), rates=(rate(9.0, 2),))
    problem = problem_of(scenario(policy={"may_use": ["*/2xh100-sxm/*"]}), catalog)
    assert problem.designs == ()
    (refusal,) = [one for one in problem.refusals if one.option == "*/2xh100-sxm/*/cloud@us"]
    assert (refusal.rule, refusal.found, refusal.wanted) == (Rule.NO_PRICE, 1, 2)


def test_purchase_types_of_one_place_are_ways_to_buy_one_design(small: Catalog) -> None:
    prices = (price(4.0), price(2.0, purchase="reserved_1y"), price(1.0, purchase="spot"))
    catalog = with_prices(small, *prices, rates=(rate(2.0),))
    tolerant = problem_of(scenario(spot_tolerance="50%"), catalog).designs[0]
    assert {m: way.price for m, way in tolerant.purchases.items()} == {
        "reserved_1y": 2.0,
        "on_demand": 4.0,
        "spot": 1.0,
    }
    assert "spot" not in problem_of(scenario(), catalog).designs[0].purchases


def test_a_term_beyond_the_horizon_is_refused_unless_it_is_charged(small: Catalog) -> None:
    catalog = with_prices(small, price(2.0, purchase="reserved_3y"), rates=(rate(2.0),))
    short = problem_of(scenario(), catalog)
    assert short.designs == ()
    assert only_rule(short, "*/*xh100-sxm/*") is Rule.PURCHASE_TYPE
    charged = problem_of(scenario(policy={"beyond_horizon": "charge"}), catalog)
    assert charged.designs[0].purchases["reserved_3y"].term_months == 36


def test_a_team_that_cannot_run_servers_has_managed_pools_only(small: Catalog) -> None:
    catalog = with_prices(small, price(3.0), price(5.0, purchase="managed"), rates=(rate(2.0),))
    problem = problem_of(scenario(team={"expertise": "none"}), catalog)
    assert {design.pool_class for design in problem.designs} == {"managed"}
    assert Rule.EXPERTISE in {refusal.rule for refusal in problem.refusals}
    assert problem.designs[0].id.endswith("/cloud@us:managed")


def test_an_unusable_price_enters_only_when_asked(small: Catalog) -> None:
    catalog = with_prices(small, price(0.1, usable=False, flag="a placeholder"), rates=(rate(2.0),))
    assert problem_of(scenario(), catalog).designs == ()
    assert problem_of(scenario(policy={"unusable_prices": True}), catalog).designs


def test_owned_gpus_enter_by_the_policy_with_their_capital(shipped: Catalog, small: Catalog) -> None:
    problem = problem_of(
        scenario(policy={"purchase_types": ["owned"], "may_use": ["*:fp8/1xh100-sxm/vllm/*"]}),
        replace(small, rates=(rate(2.0),)),
    )
    owned = [design for design in problem.designs if design.gpu == "h100-sxm" and design.gpus == 1]
    assert owned[0].id == f"{MODEL}:fp8/1xh100-sxm/vllm/owned@own-site"
    factor = shipped.operations["owned_server_factor"].value
    assert owned[0].purchases["owned"].capital == pytest.approx(shipped.purchases["h100-sxm"].price * factor)


def test_serverless_is_refused_where_too_many_requests_meet_a_cold_start(small: Catalog) -> None:
    catalog = with_prices(small, price(5.0, purchase="serverless"), rates=(rate(2.0),))
    rare = problem_of(scenario(requests="1/minute"), catalog)
    assert rare.designs == ()
    assert rare.refusal_counts[Rule.TTFT] >= 1
    often = problem_of(scenario(requests="100/s"), catalog)
    assert often.designs[0].pool_class == "serverless"


def test_start_up_seconds_of_serverless_are_paid(small: Catalog) -> None:
    catalog = with_prices(small, price(36.0, purchase="serverless"), rates=(rate(2.0),))
    part = scenario(requests="1/minute").segment["chat"].model_copy(update={"ttft": None})
    asked = Scenario.model_validate({"segment": {"chat": part}, "policy": {"may_use": [f"{MODEL}:fp8/1x*/vllm/*"]}})
    problem = problem_of(asked, catalog)
    operations = catalog.operations
    weights = catalog.models[MODEL].params_total_b * catalog.precisions["fp8"].bytes_per_weight
    seconds = operations["cold_start_s"].value + operations["cold_start_s_per_gb"].value * weights
    at = [design.id for design in problem.designs].index(f"{MODEL}:fp8/1xh100-sxm/vllm/cloud@us")
    paid = {charge.name: charge for charge in problem.charges[0, problem.designs[at].id]}["cold starts"]
    mean = problem.blocks.mean[0] * problem.blocks.hours
    timeout = operations["serverless_idle_timeout_s"].value
    arrivals = problem.blocks.mean[0]
    starts = float((mean / (np.exp(arrivals * timeout) + arrivals * seconds)).sum() / mean.sum())
    assert paid.cost == pytest.approx(starts * seconds / 3600 * 36.0)


def test_a_model_that_fits_nowhere_is_refused_by_memory(small: Catalog) -> None:
    problem = problem_of(scenario(policy={"may_use": ["llama-3.1-405b:bf16/*"]}), with_prices(small, price(3.0)))
    assert problem.designs == ()
    assert problem.refusal_counts[Rule.MEMORY] > 0


def test_nothing_priced_is_no_crash(small: Catalog) -> None:
    problem = problem_of(scenario(), small)
    assert (problem.designs, problem.apis, problem.kappa.shape) == ((), (), (1, 0))
    assert problem.refusal_counts[Rule.NO_PRICE] > 0


def test_a_bigger_model_with_the_same_right_gives_way_to_a_smaller_one(small: Catalog) -> None:
    catalog = with_prices(small, price(24.0, gpus=8))
    assert {design.model for design in problem_of(scenario(), catalog).designs} == {MODEL}
    held = problem_of(scenario(policy={"must_use": ["llama-3.1-405b"]}), catalog)
    assert {design.model for design in held.designs} == {MODEL, "llama-3.1-405b"}


# users, rules, faults


def test_users_in_two_regions_are_two_sub_segments_with_their_round_trips(small: Catalog) -> None:
    near = Region(id="cloud/us", geographies=("us",), round_trip_ms={"us": 20, "eu": 1990}, **SOURCED)
    catalog = replace(with_prices(small, price(3.0)), regions={"cloud/us": near})
    problem = problem_of(scenario(users_in={"us": "75%", "eu": "25%"}), catalog)
    assert problem.segments == ("chat/us", "chat/eu")
    assert problem.segment_of == ("chat", "chat")
    assert problem.blocks.mean[0] == pytest.approx(3 * problem.blocks.mean[1])
    assert np.isfinite(problem.kappa[0]).any()
    assert np.isnan(problem.kappa[1]).all()
    assert any(refusal.segment == "chat/eu" and refusal.rule is Rule.TTFT for refusal in problem.refusals)


def test_a_round_trip_counts_for_an_offer_too(small: Catalog) -> None:
    far = Region(id="unknown", geographies=(), round_trip_ms={"eu": 1200}, **SOURCED)
    catalog = replace(with_offers(small, offer()), regions={"unknown": far})
    assert problem_of(scenario(), catalog).apis
    assert not problem_of(scenario(users_in="eu"), catalog).apis


@pytest.mark.parametrize(
    ("tables", "key", "hint"),
    [
        ({"load": "azure2024_conversatio"}, "segment.chat.load", "azure2024_conversation"),
        ({"users_in": "europe"}, "segment.chat.users_in", ""),
        ({"policy": {"must_use": ["h100-sxn"]}}, "policy.must_use", "h100-sxm"),
        ({"policy": {"may_use": ["sller/*"]}}, "policy.may_use", ""),
        ({"policy": {"gpus_available": {"clout": 3}}}, "policy.gpus_available.clout", "cloud"),
        ({"today": {"served_by": {"chat": "seller/closed-2"}}}, "today.served_by.chat", "seller/closed-1"),
        ({"today": {"served_by": {"cha": "seller/closed-1"}}}, "today.served_by.cha", "chat"),
        (
            {"today": {"served_by": {"chat": f"{MODEL}:fp8/1xh100-sxm/vlm/cloud@us"}}},
            "today.served_by.chat", "vllm",
        ),
    ],
)  # fmt: skip
def test_a_name_that_means_nothing_is_a_fault_with_the_nearest_spelling(
    small: Catalog, tables: dict[str, Any], key: str, hint: str
) -> None:
    policy = tables.pop("policy", None)
    catalog = with_offers(with_prices(small, price(3.0)), offer())
    with pytest.raises(InputError) as caught:
        problem_of(scenario(policy, **tables), catalog)
    (fault,) = caught.value.faults
    assert fault.key == key
    assert hint in fault.hint


def test_all_faults_are_told_at_once(small: Catalog) -> None:
    with pytest.raises(InputError) as caught:
        problem_of(scenario({"may_use": ["x/y"], "must_use": ["z"]}, load="none"), small)
    assert len(caught.value.faults) == 3


def test_a_rate_of_an_unknown_model_is_a_fault(small: Catalog) -> None:
    with pytest.raises(InputError, match=r"rates\.r1\.model"):
        problem_of(scenario(), with_prices(small, price(3.0), rates=(rate(1.0, model="llama-3.3-7b"),)))


def test_what_serves_today_stays_however_dear(small: Catalog) -> None:
    catalog = with_offers(with_prices(small, price(3.0), price(9.0, provider="dear")), offer(), offer(
        "seller/closed-9", model="closed-1", input_per_mtok=9.0
    ))  # fmt: skip
    pool = f"{MODEL}:fp8/2xh100-sxm/vllm/dear@us"
    catalog = replace(catalog, gpu_prices=(*catalog.gpu_prices, price(18.0, gpus=2, provider="dear")))
    part = {"requests": "1k/day", "input_tokens": 1000, "output_tokens": 200}
    today = {"served_by": {"a": "seller/closed-9", "b": pool}}
    problem = problem_of(Scenario.model_validate({"segment": {"a": part, "b": part}, "today": today}), catalog)
    assert "seller/closed-9" in {option.id for option in problem.apis}
    assert pool in {design.id for design in problem.designs}


def test_what_latency_quality_and_serverless_leave_out_is_a_doubt(small: Catalog) -> None:
    guessed = offer(latency_estimate="by class")
    catalog = with_offers(with_prices(small, price(36.0, purchase="serverless"), rates=(rate(2.0),)), guessed)
    doubts = problem_of(scenario(requests="100/s", input_tokens=6000), catalog).doubts
    assert any(each.startswith("That estimate is of") and each.endswith("longer here: chat.") for each in doubts)
    assert any("hidden reasoning" in doubt for doubt in doubts)
    assert any(doubt.startswith("Serverless replicas are paid in fractions") for doubt in doubts)
    assert not any("2,000 tokens" in doubt for doubt in problem_of(scenario(), catalog).doubts)


def test_that_an_api_may_serve_a_fine_tune_is_a_doubt_until_one_does(small: Catalog) -> None:
    tuned = scenario(features=["fine_tune"])
    asked = {
        serves: problem_of(tuned, with_offers(with_prices(small, price(3.0)), offer(fine_tune=serves))).doubts
        for serves in (False, True)
    }
    assert [any("fine-tunes of their customers" in each for each in asked[serves]) for serves in asked] == [True, False]
    plain = problem_of(scenario(), with_offers(with_prices(small, price(3.0)), offer()))
    assert not any("fine-tunes" in each for each in plain.doubts)


def test_many_gpus_and_small_models_are_doubts(small: Catalog) -> None:
    little = replace(small, models={MODEL: small.models[MODEL].model_copy(update={"params_total_b": 8.0})})
    catalog = with_prices(little, price(3.0), rates=(rate(2.0),))
    doubts = problem_of(scenario(requests="100/s"), catalog).doubts
    assert any(doubt.startswith("Pools alone take ") for doubt in doubts)
    assert f"Small models pass the quality asked by a public score alone, try yours: {MODEL}." in doubts
    (engines,) = [doubt for doubt in doubts if "runs on" in doubt]
    assert "vLLM" not in engines  # it runs nearly all
    assert "(" not in engines
    few = problem_of(scenario(quality="low"), with_prices(small, price(3.0), rates=(rate(2.0),))).doubts
    assert not any(doubt.startswith(("Pools alone", "Small models")) for doubt in few)


@pytest.mark.parametrize(("experts", "requests", "told"), [(0, "1k/s", 0), (8, "1k/s", 1), (8, "10/s", 0)])
def test_that_experts_may_be_spread_over_machines_is_a_doubt_of_a_fleet(
    small: Catalog, experts: int, requests: str, told: int
) -> None:
    mixture = replace(small, models={MODEL: small.models[MODEL].model_copy(update={"experts": experts})})
    catalog = with_prices(mixture, price(3.0), rates=(rate(2.0),))
    doubts = problem_of(scenario(requests=requests), catalog).doubts
    assert sum("experts over many" in doubt for doubt in doubts) == told


def test_rate_limits_that_are_unknown_are_a_doubt(small: Catalog) -> None:
    doubts = problem_of(scenario(), with_offers(small, offer())).doubts
    assert any("Rate limits of 1 of 1 API offers are unknown" in doubt for doubt in doubts)


def test_a_rule_that_names_apis_alone_leaves_pools_to_be_compared(small: Catalog) -> None:
    prices = (price(3.0), price(4.0, region="far"), price(9.0, provider="dear"))
    catalog = with_offers(with_prices(small, *prices, rates=(rate(2.0),)), offer(), offer("other/closed-1"))
    free = problem_of(scenario(), catalog)
    barred = problem_of(scenario({"must_not_use": ["other/*"]}), catalog)
    assert barred.designs == free.designs
    assert barred.refusal_counts[Rule.DOMINATED] == free.refusal_counts[Rule.DOMINATED]
    assert [option.id for option in barred.apis] == ["seller/closed-1"]
    nowhere = problem_of(scenario({"must_not_use": ["*/cloud@us"]}), catalog)
    assert {design.region for design in nowhere.designs} == {"far"}


def test_an_offer_stays_for_the_segments_it_is_cheapest_for(small: Catalog) -> None:
    cheap_in = offer(input_per_mtok=0.5, output_per_mtok=9.0)
    cheap_out = offer("seller/closed-2", model="closed-1", input_per_mtok=2.0, output_per_mtok=1.0)
    part = {"requests": "1k/day", "input_tokens": 1000, "output_tokens": 10}
    asked = Scenario.model_validate({"segment": {"reads": part, "writes": part | {"output_tokens": 3000}}})
    problem = problem_of(asked, with_offers(small, cheap_in, cheap_out))
    assert problem.charges.keys() == {(0, "seller/closed-1"), (1, "seller/closed-2")}
    told = {(r.segment, r.option, r.found) for r in problem.refusals if r.rule is Rule.DOMINATED}
    assert ("reads", "seller/closed-2", "dominated by seller/closed-1") in told


# the shipped catalog


@pytest.mark.parametrize("name", sorted(profiles()))
def test_every_profile_has_options_of_both_kinds(shipped: Catalog, name: str) -> None:
    problem = problem_of(Scenario.model_validate(profiles()[name]), shipped)
    assert problem.apis
    assert problem.designs
    assert np.isfinite(problem.kappa).any(axis=0).all()
    ids = [design.id for design in problem.designs] + [option.id for option in problem.apis]
    assert len(ids) == len(set(ids))
    assert all(set(design.purchases) for design in problem.designs)


def test_counts_are_the_same_whether_all_refusals_are_kept_or_few(shipped: Catalog) -> None:
    asked = Scenario.model_validate(profiles()["support-chat"])
    few, everything = problem_of(asked, shipped), problem_of(asked, shipped, all_refusals=True)
    assert few.refusal_counts == everything.refusal_counts
    assert len(few.refusals) < len(everything.refusals)
    assert {refusal.rule.value for refusal in few.refusals} == set(few.refusal_counts)
    for rule in few.refusal_counts:
        nearest = [min(r.distance for r in p.refusals if r.rule.value == rule) for p in (few, everything)]
        assert nearest[0] == nearest[1]


def test_the_same_scenario_gives_the_same_problem(shipped: Catalog) -> None:
    asked = Scenario.model_validate(profiles()["agents"])
    one, other = problem_of(asked, shipped), problem_of(asked, shipped)
    assert one.designs == other.designs
    assert one.refusals == other.refusals
    np.testing.assert_array_equal(one.kappa, other.kappa)
