"""Levers: what a move changes, and that the quick form on the problem is what raising the options anew gives."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_options import offer, price, rate, scenario, small_catalog, with_offers, with_prices

from catalogs.catalog import Catalog, load_catalog
from solver.explanation.levers import LEVERS
from solver.explanation.load_moved import most_peak, peak_of, stretched
from solver.explanation.looks import with_designs
from solver.explanation.quick import quick_answer
from solver.optimise import optimise
from solver.options import problem_of
from solver.problem import Problem


def catalog() -> Catalog:
    """One API and one GPU by the hour, by the year and as spot; no serverless, so that no cold start counts."""
    ways = [price(4.0), price(2.0, purchase="reserved_1y"), price(1.0, purchase="spot")]
    return with_offers(with_prices(small_catalog(), *ways, rates=(rate(2.0),)), offer())


def problem(**chat: Any) -> Problem:
    return problem_of(scenario(**chat), catalog())


@pytest.mark.parametrize("name", ["api_price", "salary"])
@pytest.mark.parametrize("by", [0.5, 0.9, 3.0])
def test_the_quick_form_is_the_problem_with_options_raised_anew(name: str, by: float) -> None:
    asked, lever = scenario(load="azure2024_conversation"), LEVERS[name]
    moved = lever.moved(asked, catalog(), by)
    assert lever.on_problem is not None
    quick, anew = lever.on_problem(problem_of(asked, catalog()), moved, by), problem_of(*moved)
    assert quick is not None
    np.testing.assert_allclose(quick.blocks.peak, anew.blocks.peak, rtol=1e-12)
    np.testing.assert_allclose(quick.blocks.mean, anew.blocks.mean, rtol=1e-12)
    assert [each.id for each in quick.designs] == [each.id for each in anew.designs]
    assert [each.max_replicas for each in quick.designs] == [each.max_replicas for each in anew.designs]
    for one, other in zip(quick.designs, anew.designs, strict=True):
        assert {m: way.price for m, way in one.purchases.items()} == pytest.approx(
            {m: way.price for m, way in other.purchases.items()}
        )
    costs = [{pair: sum(each.cost for each in pays) for pair, pays in of.charges.items()} for of in (quick, anew)]
    assert costs[0] == pytest.approx(costs[1])
    people = [[cost.per_month for cost in of.fixed_costs] for of in (quick, anew)]
    assert people[0] == pytest.approx(people[1])
    assert optimise(quick, 1e-6).objective == pytest.approx(optimise(anew, 1e-6).objective)


@pytest.mark.parametrize("name", list(LEVERS))
def test_as_it_is_nothing_moves(name: str) -> None:
    asked, lever = scenario(), LEVERS[name]
    moved = lever.moved(asked, catalog(), lever.as_it_is)
    assert lever.now(*moved) == pytest.approx(lever.now(asked, catalog()))
    base, same = quick_answer(asked, catalog()), quick_answer(*moved)
    assert same.recommended_total == pytest.approx(base.recommended_total)


def test_requests_and_output_move_by_the_factor_and_say_so() -> None:
    asked = scenario(requests="20k/day", output_tokens="200 / 800")
    for name in ("requests", "output_tokens"):
        lever = LEVERS[name]
        now, then = lever.now(asked, catalog()), lever.now(*lever.moved(asked, catalog(), 3.0))
        assert isinstance(now, float)
        assert then == pytest.approx(3 * now)
    assert LEVERS["requests"].now(asked, catalog()) == pytest.approx(20_000 / 24 * 730)


def test_an_answer_is_not_shortened_below_one_token() -> None:
    asked, lever = scenario(output_tokens=20), LEVERS["output_tokens"]
    low, _ = lever.limits(asked, catalog())
    assert low == pytest.approx(1 / 20)
    assert lever.moved(asked, catalog(), 0.01).scenario.segment["chat"].output_tokens.p50 == 1


def test_a_day_of_two_levels_is_stretched_to_the_peak_that_is_asked() -> None:
    shape = replace_shape((1.5,) * 12 + (0.5,) * 12)
    assert peak_of([shape], [1.0]) == pytest.approx(1.5)
    # Twelve hours of p and twelve of 2 - p: the peak over mean is p itself, from 1 (even) to 2 (all in one half).
    for by in (2 / 3, 0.8, 1.0, 1.3):
        load = stretched(shape, by).load_over_mean
        assert max(load) == pytest.approx(1.5 * by, rel=1e-9)
        assert min(load) == pytest.approx(2 - 1.5 * by, abs=1e-9)
    assert most_peak(shape) == pytest.approx(2)
    assert max(stretched(shape, 5.0).load_over_mean) == pytest.approx(2)


def replace_shape(load: tuple[float, ...]) -> Any:
    shape = next(iter(load_catalog().load_shapes.values()))
    return shape.model_copy(update={"load_over_mean": load})


def test_quality_moves_by_words_and_commitment_by_the_longest() -> None:
    asked = scenario({"purchase_types": ("reserved_1m", "reserved_1y", "on_demand")}, quality="mid")
    quality, commitment = LEVERS["quality"], LEVERS["commitment"]
    assert quality.limits(asked, catalog()) == (-1, 2)
    assert quality.now(*quality.moved(asked, catalog(), 1)) == "high"
    assert quality.now(*quality.moved(asked, catalog(), -1)) == "low"
    assert commitment.limits(asked, catalog()) == (-2, 2)
    assert commitment.now(asked, catalog()) == "1 year"
    for step, kinds in (
        (-2, ("on_demand",)), (-1, ("reserved_1m", "on_demand")),
        (2, ("reserved_1m", "reserved_1y", "on_demand", "reserved_3y", "owned")),
    ):  # fmt: skip
        assert commitment.moved(asked, catalog(), step).scenario.policy.purchase_types == kinds


def test_with_committed_gpus_only_one_commitment_is_left() -> None:
    asked = scenario({"purchase_types": ("reserved_1m", "reserved_1y")})
    assert LEVERS["commitment"].limits(asked, catalog())[0] == -1


def test_the_exchange_rate_moves_what_was_quoted_abroad_and_nothing_else() -> None:
    euros, lever = load_catalog("EUR"), LEVERS["exchange_rate"]
    moved = lever.moved(scenario(), euros, 1.5).catalog
    for before, after in ((euros.gpu_prices, moved.gpu_prices),):
        assert [b.price_per_hour * 1.5 for b in before] == pytest.approx([a.price_per_hour for a in after])
    assert [o.input_per_mtok * 1.5 for o in euros.api_offers] == pytest.approx(
        [o.input_per_mtok for o in moved.api_offers]
    )
    assert moved.operations["engineer_cost"] == euros.operations["engineer_cost"]  # quoted in euros
    assert moved.operations["egress_gb"].value == pytest.approx(1.5 * euros.operations["egress_gb"].value)
    dollars = load_catalog()
    moved = lever.moved(scenario(), dollars, 1.5).catalog
    assert moved.gpu_prices == dollars.gpu_prices
    assert moved.operations["engineer_cost"].value == pytest.approx(1.5 * dollars.operations["engineer_cost"].value)


def test_a_price_of_the_users_own_stays_where_the_rate_moves() -> None:
    own = next(iter(load_catalog("EUR").gpu_prices)).id
    overlay = ("own.toml", {"gpu_prices": {own: {"price_per_hour": 7.5}}})
    euros = load_catalog("EUR", overlays=[overlay])
    moved = LEVERS["exchange_rate"].moved(scenario(), euros, 2.0).catalog
    assert next(each.price_per_hour for each in moved.gpu_prices if each.id == own) == 7.5


def test_levers_that_move_nothing_here_say_so() -> None:
    even = replace(catalog(), load_shapes={"even": replace_shape((1.0,) * 24)})
    asked = scenario({"people": False, "setup": False}, load="even", quality={"benchmark": "made", "at_least": 50.0})
    for name in ("peak_over_mean", "salary", "quality"):
        low, high = LEVERS[name].limits(asked, even)
        assert low == high == LEVERS[name].as_it_is
        assert LEVERS[name].still
    assert LEVERS["exchange_rate"].limits(asked, replace(even, exchange_rates={})) == (1.0, 1.0)


def test_few_designs_cost_what_the_problem_without_the_others_costs(tiny_problem: Problem) -> None:
    whole = optimise(tiny_problem, 1e-6)
    names = [design.id for design in tiny_problem.designs]
    assert optimise(with_designs(tiny_problem, names), 1e-6).objective == pytest.approx(whole.objective)
    first = with_designs(tiny_problem, names[:1])
    kappa = tiny_problem.kappa.copy()
    kappa[:, 1] = np.nan
    assert optimise(first, 1e-6).objective == pytest.approx(
        optimise(replace(tiny_problem, kappa=kappa), 1e-6).objective
    )
    must = replace(tiny_problem, rules=replace(tiny_problem.rules, must_use=(names[1],)))
    assert [design.id for design in with_designs(must, ()).designs] == names[1:]
