"""Worlds on a problem small enough for pencil and paper: 4 replicas at 1,000 a month, or one API, serve one request/s.

With n replicas, n/4 of the traffic stays at home: pools with APIs where these help cost 1,000 n + bill (1 - n/4), n
from 1 (self-hosting serves something) to 4.
"""

from dataclasses import replace
from math import inf, log
from typing import Any

import numpy as np
import pytest
from made_options import shipped_catalog
from made_problems import design, flat_blocks, offer, random_problem

from catalogs.vocabulary import PurchaseType
from solver.baselines import restricted
from solver.candidates import candidates, checked
from solver.explanation.branches import Effort
from solver.explanation.outlook import drawn_from, quantiles, report, waiting
from solver.explanation.robust import chosen_of
from solver.problem import ApiOption, Charge, FixedCost, InForce, Problem, Purchase, Rules
from solver.record import Verdict
from solver.solve import Outcome
from solver.world_costs import Branch, Costs, Decision, Signed, costs_in, decided, signed_per_month
from solver.worlds import WHATS, Forecast, Range, World, drawn, ranges_of, reduced, world_at

HOURS = 730.0
MONTH = 1000.0 / HOURS
REQUESTS = 3600 * HOURS
EXACT = Effort(1e-9, 20.0)
PLACES: dict[Branch, int] = {"api": 0, "pools": 1, "pools_alone": 2}
FREE = tuple(Decision(branch) for branch in PLACES)
POOL = design("m/g/cloud", {"on_demand": Purchase(MONTH, 1.0)})


def small(
    bill: float = 6000.0, fixed: tuple[FixedCost, ...] = (), purchases: dict[PurchaseType, Purchase] | None = None
) -> Problem:
    """The problem of the module's words, with an API that would cost `bill` a month."""
    pool = replace(POOL, purchases=purchases or POOL.purchases, band=1.0)
    api = ApiOption("seller/model", offer("seller/model"))
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([HOURS], [[1.0]]), designs=(pool,), apis=(api,),
        kappa=np.array([[4.0]]), charges={(0, api.id): (Charge("output", "Mtok", 1.0, bill / REQUESTS),)},
        headroom=np.zeros(1), spot_tolerance=np.zeros(1), tokens_per_request=np.full(1, 300.0),
        may_wait=np.zeros(1, bool), fixed_costs=fixed, people=None, rules=Rules(),
    )  # fmt: skip


def costs(problem: Problem, *worlds: World, decisions: tuple[Decision, ...] = FREE) -> Costs:
    return costs_in(Forecast(problem), worlds, decisions, EXACT)


TWO = (World(), World(api_price=0.5))


def test_two_worlds_by_hand() -> None:
    found = costs(small(), *TWO)
    # as it is: 6,000 of APIs, 4 replicas for 4,000; at half the price 3,000, 1 replica and 3/4 on APIs, 4 replicas
    assert found.of == pytest.approx(np.array([[6000, 4000, 4000], [3000, 3250, 4000]]))
    assert found.best == pytest.approx([4000, 3000])
    assert found.regret == pytest.approx(np.array([[2000, 0, 0], [0, 250, 1000]]))
    assert found.kinds == ("self_host", "stay_on_api")
    assert found.proven


def test_pools_alone_count_below_twice_the_cheapest() -> None:
    # APIs cost 1,200, one replica and three quarters on APIs 1,900: four replicas are 4,000, more than twice 1,200
    assert costs(small(), World(api_price=0.2)).of[0].tolist() == [pytest.approx(1200), pytest.approx(1900), inf]


def test_the_report_of_two_worlds_by_hand() -> None:
    told = report(costs(small(), *TWO), PLACES, 0, "stay_on_api", 12)
    api, hybrid, alone = told.strategies
    assert (api.wins, hybrid.wins, alone.wins) == (0.5, 0.0, 0.5)
    assert (api.regret_mean, hybrid.regret_mean, alone.regret_mean) == pytest.approx((1000, 125, 500))
    assert (api.regret_worst, hybrid.regret_worst, alone.regret_worst) == pytest.approx((2000, 250, 1000))
    # numpy's quantile: linear between the two
    assert (api.regret_95, hybrid.regret_95) == pytest.approx((1900, 237.5))
    assert told.cost is not None
    assert (told.cost.q5, told.cost.q50, told.cost.mean) == pytest.approx((3150, 4500, 4500))


def test_quantiles_are_of_what_has_a_plan() -> None:
    found = quantiles(np.array([inf, 0.0, 100.0, 200.0, 300.0, 400.0]))
    assert found is not None
    assert (found.q5, found.q25, found.q50, found.q75, found.q95, found.mean) == (20, 100, 200, 300, 380, 200)
    assert quantiles(np.array([inf, inf])) is None


def test_a_world_without_a_plan_counts_as_such_and_not_as_money() -> None:
    problem = small()
    without = replace(problem, charges={}, apis=())
    told = report(costs(without, *TWO), PLACES, 1, "self_host", 12)
    api, pools, _ = told.strategies
    assert (api.no_plan, api.cost, api.regret_mean) == (1.0, None, None)
    assert pools.no_plan == 0.0
    assert pools.regret_worst == pytest.approx(0)
    assert told.waiting is None


RESERVED: dict[PurchaseType, Purchase] = {
    "on_demand": Purchase(MONTH, 1.0), "reserved_1y": Purchase(0.5 * MONTH, 1.0, term_months=12)
}  # fmt: skip
FOUR = Decision("pools", (Signed(POOL.id, "reserved_1y", 4),))


def test_the_decision_of_an_optimum_is_what_it_signs() -> None:
    problem = small(purchases=RESERVED)
    found = candidates(Forecast(problem), {what: Range(1, 1, 1) for what in WHATS}, EXACT)
    assert decided(problem, "pools", found.optima["pools"]) == FOUR
    assert FOUR in found.decisions
    assert set(found.options) == {POOL.id, "seller/model"}
    assert signed_per_month(problem, FOUR) == pytest.approx(2000)


@pytest.mark.parametrize(
    ("world", "cost"),
    [
        (World(), 2000),
        (World(volume=0.5), 2000),  # two of four stand idle, and are paid
        (World(api_price=0.01), 2000),  # the API would be 60, the replicas are paid all the same
        (World(gpu_price=0.1), 2000),
        (World(volume=2.0), 2000 + 2000),  # four more, reserved at today's price
        (World(volume=2.0, gpu_price=1.5), 2000 + 3000),  # the four more at the price of the world
        (World(speed=1.0), 2000 + 2000),  # (1 + band)^1: each request takes twice as long
    ],
)
def test_what_is_signed_stays_and_is_paid_and_the_rest_adapts(world: World, cost: float) -> None:
    assert costs(small(9000.0, purchases=RESERVED), world, decisions=(FOUR,)).of[0, 0] == pytest.approx(cost)


def test_owned_replicas_are_paid_and_their_power_only_while_they_run() -> None:
    owned = Purchase(MONTH, 1.0, capital=30_000.0, running=0.2 * MONTH)
    four = Decision("pools", (Signed(POOL.id, "owned", 4),))
    problem = small(9000.0, purchases={"owned": owned})
    assert signed_per_month(problem, four) == pytest.approx(4 * 800)
    assert costs(problem, World(), World(volume=0.5), decisions=(four,)).of[:, 0] == pytest.approx(
        [4 * 800 + 4 * 200, 4 * 800 + 2 * 200]
    )


def test_what_was_in_force_before_is_not_paid_again() -> None:
    problem = replace(small(purchases=RESERVED), in_force={(POOL.id, "reserved_1y"): InForce(3, 0.5)})
    # 4 x 500, of which three are paid for half of the horizon
    assert signed_per_month(problem, FOUR) == pytest.approx(2000 - 3 * 500 * 0.5)


def test_waiting_a_quarter_by_hand() -> None:
    found = costs(small(), *TWO)
    told = waiting(found, 1, 12)  # against pools with APIs where these help: 4,000 and 3,250
    assert told is not None
    first, second = (3 * 6000 + 9 * 4000) / 12 - 4000, 3000 - 3250
    assert told.price_per_month == pytest.approx((first + second) / 2)
    assert told.cheaper == 0.5
    assert waiting(found, 1, 3) is None


def test_waiting_spreads_set_up_over_the_months_that_are_left() -> None:
    setup = FixedCost("set-up", "engineer-week", 0.3, 2000.0, ("selfhost", ""))
    told = waiting(costs(small(fixed=(setup,)), World()), 1, 12)
    assert told is not None
    assert told.price_per_month == pytest.approx((3 * 6000 + 9 * (4600 + 600 * (12 / 9 - 1))) / 12 - 4600)


def test_a_forecast_changes_what_a_world_changes() -> None:
    growing = Forecast(small(), growth=(0.2,), output_tokens=(100.0,))
    then = growing.at(World(volume=2.0, growth=0.0, api_price=0.5, gpu_price=0.8, output_tokens=1.5, speed=-1.0))
    mean = 0.2 / log(1.2)
    assert then.blocks.peak == pytest.approx(np.array([[2 / 1.2]]))
    assert then.blocks.mean == pytest.approx(np.array([[2 / mean]]))
    (charge,) = then.charges[0, "seller/model"]
    assert (charge.per_request, charge.price) == pytest.approx((1.5, 3000 / REQUESTS))
    assert then.designs[0].purchases["on_demand"].price == pytest.approx(0.8 * MONTH)
    assert then.tokens_per_request == pytest.approx([350.0])
    assert then.kappa == pytest.approx(np.array([[2.0]]))  # (1 + 1.0)^-1 of 4


@pytest.mark.parametrize(("longer", "kappa"), [(0.75, 3.0), (1.0, 4.0), (1.2, 4.0), (1.3, np.nan), (0.5, 2.0)])
def test_speed_lies_between_the_lengths_at_which_it_is_known(longer: float, kappa: float) -> None:
    known = ((0.5, np.array([[2.0]])), (1.5, np.array([[np.nan]])))
    then = Forecast(small(), kappa_at=known).at(World(output_tokens=longer))
    assert then.kappa == pytest.approx(np.array([[kappa]]), nan_ok=True)


def test_worlds_are_those_of_their_seed_within_their_ranges() -> None:
    ranges = ranges_of(shipped_catalog())
    worlds = drawn(ranges, 400, 7, 12)
    assert worlds == drawn(ranges, 400, 7, 12)
    assert worlds[:50] == drawn(ranges, 50, 7, 12)
    assert worlds[:50] != drawn(ranges, 50, 8, 12)
    volumes = np.array([world.volume for world in worlds])
    low, value, high = ranges["volume"]
    assert ((low <= volumes) & (volumes <= high)).all()
    assert np.mean(volumes < value) == pytest.approx(0.5, abs=0.08)
    end = world_at(ranges, 12, api_price="low")
    assert (end.volume, end.speed) == (1.0, 0.0)
    # prices fall evenly over the year: the mean of (1 + change)^t
    change = ranges["api_price"].low
    assert end.api_price == pytest.approx(change / log(1 + change))


def test_every_range_has_a_source_and_says_how_it_was_estimated() -> None:
    told = drawn_from(shipped_catalog())
    assert [each.what for each in told] == list(WHATS)
    assert all(each.low <= each.value <= each.high and each.source and each.date for each in told)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fewer_options_with_all_of_an_optimum_cost_the_same(seed: int) -> None:
    problem = random_problem(seed, 2, 4, 3, blocks=4)
    branches = candidates(Forecast(problem), {what: Range(1, 1, 1) for what in WHATS}, EXACT)
    few = reduced(problem, branches.options)
    assert 0 < len(few.designs) + len(few.apis) < len(problem.designs) + len(problem.apis)
    whole, small_ = (costs_in(Forecast(each), [World()], FREE, EXACT) for each in (problem, few))
    assert small_.of == pytest.approx(whole.of, rel=1e-6)


def test_two_workers_say_what_one_says() -> None:
    ranges = ranges_of(shipped_catalog())
    worlds = drawn(ranges, 12, 3, 12)
    forecast = Forecast(random_problem(1, 2, 3, 2, blocks=3), growth=(0.2, 0.0))
    one, two = (costs_in(forecast, worlds, FREE, Effort(1e-3, 20.0), workers) for workers in (1, 2))
    assert np.array_equal(one.of, two.of)
    assert one.kinds == two.kinds
    assert np.array_equal(one.setup, two.setup)


def test_the_check_tells_what_an_option_left_out_would_save() -> None:
    problem = small()
    without = costs_in(Forecast(reduced(problem, ["seller/model"])), [World()], (), EXACT).best
    assert without == pytest.approx([6000])
    assert checked(Forecast(problem), [World()], without.tolist(), EXACT) == pytest.approx((1 - 4000 / 6000,))
    assert checked(Forecast(problem), [World()], [4000.0], EXACT) == pytest.approx((0.0,), abs=1e-6)


def made(*of: tuple[float, ...]) -> Costs:
    """Costs [w, d] of three decisions, of which the first is APIs alone, the others pools."""
    table = np.array(of, dtype=np.float64)
    decisions = (Decision("api"), FOUR, Decision("pools"))
    free = np.stack([table[:, 0], table[:, 1:].min(axis=1), np.full(len(table), inf)], axis=1)
    kinds: tuple[Verdict, ...] = tuple("hybrid" for _ in table)
    return Costs(decisions, table, free, kinds, np.zeros(len(table)), True)


def test_least_regret_by_hand() -> None:
    # regrets: API 0, 60; signed 30, 0; unsigned 20, 25
    found = chosen_of(made((100, 130, 120), (160, 100, 125)), 0, "regret", None, (100.0, 115.0, 118.0))
    assert found is not None
    assert (found.chosen.strategy, found.chosen.signed) == ("hybrid", ())
    assert (found.value, found.recommended_value) == (25, 60)
    assert found.insurance_per_month == pytest.approx(122.5 - 130)
    assert found.insurance_now == pytest.approx(18)
    assert not found.same


def test_least_cost_at_a_quantile_by_hand() -> None:
    found = chosen_of(made((100, 130, 120), (160, 100, 135)), 0, "quantile", 0.9, (100.0, 115.0, 118.0))
    assert found is not None
    assert found.chosen.signed == (f"4 x {POOL.id}, reserved_1y",)
    assert found.value == pytest.approx(127)  # 0.9 of the way from 100 to 130
    assert found.recommended_value == pytest.approx(154)


def test_a_decision_without_a_plan_in_some_world_is_not_robust() -> None:
    found = chosen_of(made((100, 50, 120), (160, inf, 165)), 0, "quantile", 0.9, (100.0, 50.0, 118.0))
    assert found is not None
    assert found.chosen.strategy == "stay_on_api"
    assert found.same
    none: Any = chosen_of(made((inf, inf, inf)), 0, "regret", None, (inf, inf, inf))
    assert none is None


def test_restricting_leaves_a_branch_without_a_plan_at_no_cost() -> None:
    problem = restricted(small(), lambda _, option: option == "seller/model")
    found = costs(problem, World())
    assert found.of[0].tolist() == [pytest.approx(6000), inf, inf]
    assert isinstance(decided(problem, "pools", Outcome("infeasible", "proof", None, None, None)), Decision)
