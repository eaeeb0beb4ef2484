"""What may be lost: which contingencies a scenario has, and for what share of the month each holds."""

from dataclasses import replace

import numpy as np
import pytest
from made_options import SOURCED, offer, price, rate, scenario, shipped_catalog, small_catalog, with_offers, with_prices

from catalogs.catalog import Catalog
from catalogs.profiles import profiles
from catalogs.records import Figure
from solver.options import problem_of
from solver.problem import Contingency, Problem
from solver.scenario import Scenario


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """An API, and one place each for rented machines (spot too), managed and serverless ones."""
    prices = with_prices(
        small_catalog(),
        price(3.0), price(1.0, purchase="spot"), price(4.0, provider="host", purchase="managed"),
        price(9.0, provider="burst", purchase="serverless"), rates=(rate(2.0),),
    )  # fmt: skip
    return with_offers(prices, offer())


def place(each: Contingency) -> str:
    """The place, the provider, or the spot market that a contingency is of."""
    return each.of if each.kind == "spot" else each.of.rpartition("/")[2]


def lost(problem: Problem) -> set[tuple[str, str]]:
    """Kind and place, provider or market of each contingency."""
    return {(each.kind, place(each)) for each in problem.contingencies}


def test_each_pool_its_spot_and_each_provider_may_be_lost(catalog: Catalog) -> None:
    problem = problem_of(scenario(requests="200k/day", coverage="60%", spot_tolerance="20%"), catalog)
    assert lost(problem) == {
        ("replica", "cloud@us"), ("spot", "cloud@us/h100-sxm"), ("replica", "host@us"),
        ("provider", "cloud"), ("provider", "host"), ("provider", "burst"), ("provider", "seller"),
    }  # fmt: skip
    assert problem.coverage is not None
    assert problem.coverage == pytest.approx([0.6])


def test_nothing_is_lost_where_nothing_must_go_on(catalog: Catalog) -> None:
    problem = problem_of(scenario(spot_tolerance="20%"), catalog)
    assert problem.contingencies == ()
    assert problem.coverage is not None
    assert not problem.coverage.any()


@pytest.mark.parametrize("kind", ["replica", "spot", "provider"])
def test_the_policy_says_what_may_be_lost(catalog: Catalog, kind: str) -> None:
    asked = scenario({"contingencies": [kind]}, coverage="60%", spot_tolerance="20%")
    assert {each.kind for each in problem_of(asked, catalog).contingencies} == {kind}


def test_coverage_without_any_contingency_is_a_doubt(catalog: Catalog) -> None:
    problem = problem_of(scenario({"contingencies": []}, coverage="60%"), catalog)
    assert problem.contingencies == ()
    assert "chat: 60% must go on, and the policy names no contingency in which." in problem.doubts
    assert not any("must go on" in doubt for doubt in problem_of(scenario(coverage="60%"), catalog).doubts)


def test_the_share_is_what_the_operations_table_says(catalog: Catalog) -> None:
    figures = {
        "availability_on_demand": 0.98, "availability_managed": 0.97, "availability_spot": 0.8,
        "outage_share": 0.01, "outage_share:seller": 0.002,
    }  # fmt: skip
    own = {key: Figure(value=value, unit="share of time", **SOURCED) for key, value in figures.items()}
    mine = replace(catalog, operations={**catalog.operations, **own})
    problem = problem_of(scenario(coverage="60%", spot_tolerance="20%"), mine)
    shares = {(each.kind, place(each)): each.share for each in problem.contingencies}
    assert shares["replica", "cloud@us"] == pytest.approx(0.02)
    assert shares["replica", "host@us"] == pytest.approx(0.03)
    assert shares["spot", "cloud@us/h100-sxm"] == pytest.approx(0.2)
    assert (shares["provider", "host"], shares["provider", "seller"]) == (0.01, 0.002)


def test_replicas_of_one_class_at_one_provider_are_lost_for_the_same_share() -> None:
    asked = profiles()["rag-search"]
    for segment in asked["segment"].values():
        segment["coverage"] = "100%"
    problem = problem_of(Scenario.model_validate(asked), shipped_catalog())
    designs = {design.id: design for design in problem.designs}
    shares: dict[tuple[str, str], set[float]] = {}
    for each in problem.contingencies:
        if each.kind == "replica":
            design = designs[each.of]
            shares.setdefault((design.provider, design.pool_class), set()).add(each.share)
    assert shares
    assert all(len(found) == 1 for found in shares.values())
    assert all(0 < each.share < 1 and (each.estimate or each.source) for each in problem.contingencies)


def test_a_dearer_place_stays_where_its_rival_may_be_lost() -> None:
    twice = with_prices(small_catalog(), price(3.0), price(5.0, provider="dear"), rates=(rate(2.0),))
    assert {design.provider for design in problem_of(scenario(), twice).designs} == {"cloud"}
    covered = problem_of(scenario(coverage="100%"), twice)
    assert {design.provider for design in covered.designs} == {"cloud", "dear"}


def test_a_spare_replica_may_stand_beside_those_that_are_busy() -> None:
    one = with_prices(small_catalog(), price(3.0), rates=(rate(2.0),))
    without = problem_of(scenario(), one).designs[0]
    spare = problem_of(scenario(coverage="100%"), one).designs[0]
    assert spare.max_replicas >= without.max_replicas + 1
    assert np.isfinite(spare.max_replicas)
