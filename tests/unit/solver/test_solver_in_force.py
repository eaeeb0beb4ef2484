"""A re-check: what runs today is in force, its commitments are sunk, its set-up is done, moving away costs."""

from dataclasses import replace
from typing import Any

import pytest
from made_options import MODEL, SOURCED, offer, price, rate, scenario, small_catalog, with_offers, with_prices

from catalogs.catalog import Catalog
from catalogs.records import Figure
from catalogs.toml_file import InputError
from solver.options import problem_of
from solver.problem import Problem
from solver.scenario import Scenario

POOL = f"{MODEL}:fp8/1xh100-sxm/vllm/cloud@us"
DEAR = f"{MODEL}:fp8/1xh100-sxm/vllm/dear@us"
OWNED = f"{MODEL}:fp8/1xh100-sxm/vllm/owned@own-site"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """One place with every term, a dearer one, and an API."""
    prices = with_prices(
        small_catalog(),
        price(3.0), price(2.0, purchase="reserved_1y"), price(1.5, purchase="reserved_3y"),
        price(9.0, provider="dear"), price(8.0, provider="dear", purchase="reserved_3y"), rates=(rate(2.0),),
    )  # fmt: skip
    return with_offers(prices, offer())


def recheck(pools: dict[str, Any], policy: dict[str, Any] | None = None, **more: Any) -> Scenario:
    today = {"recheck": True, "pools": pools} | more.pop("today", {})
    return scenario(policy, today=today, **more)


def setups(problem: Problem) -> set[str]:
    return {cost.trigger[1] for cost in problem.fixed_costs if cost.name.startswith("set-up")}


def test_a_commitment_is_paid_for_the_months_left_of_the_horizon(catalog: Catalog) -> None:
    pools = {POOL: {"reserved_1y": {"replicas": 4, "months_left": 6}, "on_demand": {"replicas": 2}}}
    problem = problem_of(recheck(pools, horizon="12 months"), catalog)
    ((key, kept),) = problem.in_force.items()
    assert key == (POOL, "reserved_1y")
    assert (kept.replicas, kept.paid_share, kept.still) == (4, 0.5, 0.0)
    assert problem.moving is not None
    assert problem.moving.replicas == {POOL: 6.0}


def test_a_commitment_that_outlives_the_horizon_is_paid_for_all_of_it(catalog: Catalog) -> None:
    pools = {POOL: {"reserved_3y": {"replicas": 4, "months_left": 30}}}
    problem = problem_of(recheck(pools, horizon="12 months"), catalog)
    assert problem.in_force[POOL, "reserved_3y"].paid_share == 1
    ways = {design.id: set(design.purchases) for design in problem.designs}
    assert "reserved_3y" in ways[POOL], "a term too long for a new decision, but in force"
    new = problem_of(scenario(horizon="12 months"), catalog)
    assert all("reserved_3y" not in design.purchases for design in new.designs)


def test_only_the_design_in_force_has_the_term_beyond_the_horizon(catalog: Catalog) -> None:
    twins = replace(catalog, rates=(rate(2.0), rate(2.5, id="other", precision="awq")))
    pools = {POOL: {"reserved_3y": {"replicas": 4, "months_left": 30}}}
    problem = problem_of(recheck(pools, {"must_use": ["pools"]}), twins)
    assert {d.id for d in problem.designs if "reserved_3y" in d.purchases} == {POOL}
    assert len(problem.designs) > 1


def test_a_place_that_sells_only_what_is_in_force_sells_nothing_new(catalog: Catalog) -> None:
    only = with_prices(
        catalog, price(1.5, purchase="reserved_3y"), rates=(rate(2.0), rate(2.5, id="other", precision="awq"))
    )
    pools = {POOL: {"reserved_3y": {"replicas": 4, "months_left": 30}}}
    problem = problem_of(recheck(pools), only)
    assert {design.id for design in problem.designs} == {POOL}
    assert problem.refusal_counts["purchase_types"] >= 1


def test_owned_servers_are_paid_for_and_still_take_power_and_space(catalog: Catalog) -> None:
    mine = replace(small_catalog(), rates=(rate(2.0),))
    policy = {"purchase_types": ["owned"]}
    problem = problem_of(recheck({OWNED: {"owned": {"replicas": 2}}}, policy, horizon="36 months"), mine)
    kept = problem.in_force[OWNED, "owned"]
    assert kept.paid_share == 1, "36 months of a life of 60"
    figures = {key: mine.operations[key].value for key in (
        "owned_server_power_factor", "pue", "power_kwh", "colocation_kw_month",
    )}  # fmt: skip
    kilowatt = (mine.gpus["h100-sxm"].tdp_w or 0) / 1000 * figures["owned_server_power_factor"]
    running = kilowatt * (figures["pue"] * figures["power_kwh"] + figures["colocation_kw_month"] / 730)
    assert kept.still == pytest.approx(running)
    (design,) = (design for design in problem.designs if design.id == OWNED)
    assert 0 < kept.still < design.purchases["owned"].price
    short = problem_of(
        recheck({OWNED: {"owned": {"replicas": 2, "months_left": 9}}}, policy, horizon="36 months"), mine
    )
    assert short.in_force[OWNED, "owned"].paid_share == 0.25


def test_set_up_of_what_runs_is_done(catalog: Catalog) -> None:
    hosted = replace(catalog, gpu_prices=(*catalog.gpu_prices, price(4.0, provider="host", purchase="managed")))
    assert setups(problem_of(scenario(), hosted)) == {"self_run", "managed", "serverless"}
    pools = {POOL: {"on_demand": {"replicas": 1}}}
    assert setups(problem_of(recheck(pools), hosted)) == {"managed", "serverless"}
    assert setups(problem_of(recheck({POOL: {"on_demand": {"replicas": 0}}}), hosted)) == setups(
        problem_of(scenario(), hosted)
    )


def test_what_runs_stays_however_dear(catalog: Catalog) -> None:
    def kept(asked: Scenario) -> set[str]:
        return {design.id for design in problem_of(asked, catalog).designs}

    assert DEAR not in kept(scenario())
    assert DEAR in kept(recheck({DEAR: {"on_demand": {"replicas": 3}}}))


def test_as_many_replicas_as_run_today_may_be_held(catalog: Catalog) -> None:
    problem = problem_of(recheck({POOL: {"reserved_1y": {"replicas": 70, "months_left": 6}}}), catalog)
    (design,) = (design for design in problem.designs if design.id == POOL)
    assert design.max_replicas >= 70


def test_moving_is_an_engineers_hours_over_the_horizon(catalog: Catalog) -> None:
    hours = {"hours_replica_added": 2, "hours_replica_removed": 1, "hours_route_added": 30, "hours_route_removed": 5}
    own = {key: Figure(value=value, unit="engineer-hours", **SOURCED) for key, value in hours.items()}
    mine = replace(catalog, operations={**catalog.operations, **own})
    pools = {POOL: {"on_demand": {"replicas": 3}}}
    team = {"engineer_cost": "208000/year"}  # 100 an hour of 2,080
    asked = recheck(pools, horizon="10 months", team=team, today={"served_by": {"chat": POOL}})
    moving = problem_of(asked, mine).moving
    assert moving is not None
    assert moving.routes == {(0, POOL)}
    assert (moving.replica_added, moving.replica_removed) == pytest.approx((20, 10))
    assert (moving.route_added, moving.route_removed) == pytest.approx((300, 50))
    assert problem_of(recheck(pools, {"people": False}), mine).moving is None


def test_users_in_two_regions_are_two_routes(catalog: Catalog) -> None:
    asked = recheck({}, today={"served_by": {"chat": "seller/closed-1"}}, users_in={"us": 0.5, "eu": 0.5})
    moving = problem_of(asked, catalog).moving
    assert moving is not None
    assert moving.routes == {(0, "seller/closed-1"), (1, "seller/closed-1")}


def test_without_a_re_check_what_runs_is_a_mere_baseline(catalog: Catalog) -> None:
    pools = {DEAR: {"reserved_3y": {"replicas": 4, "months_left": 30}}}
    problem = problem_of(scenario(today={"pools": pools}), catalog)
    assert (dict(problem.in_force), problem.moving) == ({}, None)
    assert DEAR not in {design.id for design in problem.designs}
    assert setups(problem) == setups(problem_of(scenario(), catalog))


@pytest.mark.parametrize(
    ("today", "policy", "key", "wanted"),
    [
        ({"pools": {f"{MODEL}:fp8/1xh100-sxm/vlm/cloud@us": {"on_demand": {"replicas": 1}}}}, {}, None, "vllm"),
        ({"pools": {"pools": {"on_demand": {"replicas": 1}}}}, {}, "today.pools.pools", "the id of one pool design"),
        ({"pools": {f"{MODEL}:*": {"on_demand": {"replicas": 1}}}}, {}, None, "the id of one pool design"),
        ({"pools": {POOL: {"reserved_1m": {"replicas": 1, "months_left": 1}}}}, {}, None, "with a price there"),
        (
            {"pools": {POOL: {"reserved_1y": {"replicas": 1, "months_left": 1}}}},
            {"purchase_types": ["on_demand"]}, None, "policy.purchase_types",
        ),
        ({"served_by": {"chat": POOL}}, {}, "today.served_by.chat", "its replicas in [today.pools."),
        ({"served_by": {"chat": "seller"}}, {}, "today.served_by.chat", "the id of one option"),
        ({"served_by": {"chat": "seller/closed-*"}}, {}, "today.served_by.chat", "the id of one option"),
    ],
)  # fmt: skip
def test_what_cannot_be_in_force_is_told(
    catalog: Catalog, today: dict[str, Any], policy: dict[str, Any], key: str | None, wanted: str
) -> None:
    with pytest.raises(InputError) as caught:
        problem_of(scenario(policy, today={"recheck": True} | today), catalog)
    (fault,) = caught.value.faults
    assert fault.key.startswith("today.")
    assert key is None or fault.key == key
    assert wanted in fault.wanted + fault.hint


def test_what_may_serve_nothing_any_more_is_a_doubt(catalog: Catalog) -> None:
    today = {"served_by": {"chat": "seller/closed-1"}}
    pools = {POOL: {"reserved_1y": {"replicas": 1, "months_left": 1}}}
    problem = problem_of(recheck(pools, {"must_not_use": ["cloud", "seller"]}, today=today), catalog)
    assert f"{POOL} runs today and may serve nothing here any more: what is signed for it is lost." in problem.doubts
    assert "chat is served by seller/closed-1 today, which may not serve it any more." in problem.doubts
    assert problem.in_force == {}
    assert problem.moving is not None
    assert problem.moving.replicas == {POOL: 1.0}
    still = problem_of(recheck(pools, today=today), catalog)
    assert not any("any more" in doubt for doubt in still.doubts)


def test_a_re_check_of_nothing_is_a_doubt(catalog: Catalog) -> None:
    doubts = problem_of(scenario(today={"recheck": True}), catalog).doubts
    assert any("do not say what runs" in doubt for doubt in doubts)
