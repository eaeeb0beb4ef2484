"""Flips whose value is a line of arithmetic, found to 1 % by solving."""

import threading
from dataclasses import replace
from math import log
from time import perf_counter

import pytest
from made_options import offer, price, with_prices
from made_problems import random_problem
from made_sweeps import BREAK_EVEN, even_catalog, even_scenario

from solver.explanation.flip_records import Flip, Flips
from solver.explanation.flips import PRECISION, _Search, flips_of
from solver.explanation.levers import LEVERS, replicas_priced
from solver.explanation.looks import Looker
from solver.explanation.quick import quick_answer
from solver.options import problem_of
from solver.problem import FixedCost


def flip(found: Flips, lever: str, side: str, what: str = "verdict") -> Flip:
    return next(each for each in found.flips if (each.lever, each.side, each.what) == (lever, side, what))


@pytest.mark.parametrize(
    ("lever", "side", "factor"),
    [("requests", "up", BREAK_EVEN), ("api_price", "up", BREAK_EVEN), ("gpu_price", "down", 1 / BREAK_EVEN)],
)
def test_the_break_even_of_one_replica_and_one_api(lever: str, side: str, factor: float) -> None:
    found = flip(flips_of(even_scenario(), even_catalog(), levers=[lever]), lever, side)
    assert found.by is not None
    assert found.by == pytest.approx(factor, rel=0.01)
    # The arithmetic lies between the last value at which it is the API still and the first at which it is not.
    near, far = sorted((found.still_by, found.by))
    assert near <= factor * (1 + 1e-3)
    assert far >= factor * (1 - 1e-3)
    assert far / near <= PRECISION
    assert (found.before, found.after) == ("stay_on_api", "self_host")
    assert found.proven
    assert not found.cut
    assert found.options_after != found.options_before


def test_another_plan_wins_only_once_todays_costs_more_than_the_gap_more() -> None:
    # A request of 200 f tokens out: 1,000 + 800 f on today's API, 1,100 + 720 f on the other, cheaper from 1.25 on. It
    # is 2 % cheaper from 122/65.6 on; in between today's is one of the options no more, unless it is kept among them.
    other = offer("seller/closed-2", model="closed-1", input_per_mtok=1.1, output_per_mtok=3.6)
    catalog = even_catalog(offer(), other, pools=False)
    found = flip(flips_of(even_scenario(), catalog, levers=["output_tokens"], gap=0.02), "output_tokens", "up", "plan")
    assert found.by == pytest.approx(122 / 65.6, rel=0.011)
    assert found.options_after == ("seller/closed-2",)


def test_the_margin_moves_the_break_even() -> None:
    found = flips_of(even_scenario({"margin": 0.2}), even_catalog(), levers=["api_price"])
    assert flip(found, "api_price", "up").by == pytest.approx(BREAK_EVEN / 0.8, rel=0.01)


def test_the_values_before_and_after_are_the_levers_own() -> None:
    found = flip(flips_of(even_scenario(), even_catalog(), levers=["requests"]), "requests", "up")
    assert found.unit == "requests/month"
    assert found.value_now == pytest.approx(20_000 / 24 * 730)
    assert isinstance(found.value, float)
    assert found.value == pytest.approx(2920 / 1800e-6, rel=0.01)  # the requests that cost 2,920 on the API


def test_fewer_requests_and_dearer_gpus_never_flip_it() -> None:
    found = flips_of(even_scenario(), even_catalog(), levers=["requests", "gpu_price"])
    for lever, side, reached in (("requests", "down", 0.01), ("gpu_price", "up", 100.0)):
        never = flip(found, lever, side)
        assert (never.by, never.after, never.proven, never.cut) == (None, None, True, False)
        assert never.still_by == pytest.approx(reached)
    # That dearer GPUs leave a plan of APIs alone as it is takes no solve further out; solved, it is so.
    problem = problem_of(even_scenario(), even_catalog())
    dear, now = quick_answer(replicas_priced(problem, 100.0)), quick_answer(problem)
    assert (dear.verdict, dear.recommended_total) == (now.verdict, now.recommended_total)


def test_another_plan_wins_where_the_longer_answer_is_cheaper_elsewhere() -> None:
    # 1,000 + 4 x output against 2,500 + output: equal at 500 tokens, 2.5 times as long as now.
    dear_output = offer("one/closed-1")
    dear_input = offer("two/closed-1", input_per_mtok=2.5, output_per_mtok=1.0)
    catalog = even_catalog(dear_output, dear_input, pools=False)
    found = flips_of(even_scenario(), catalog, levers=["output_tokens"])
    plan = flip(found, "output_tokens", "up", "plan")
    assert plan.by == pytest.approx(2.5, rel=0.012)
    assert plan.value == pytest.approx(500, rel=0.012)
    assert (plan.options_before, plan.options_after) == (("one/closed-1",), ("two/closed-1",))
    assert (plan.before, plan.after) == ("stay_on_api", "stay_on_api")
    assert flip(found, "output_tokens", "up").by is None
    assert not [each for each in found.flips if each.side == "down" and each.by is not None]


def test_a_floor_above_every_api_leaves_no_plan_at_the_next_word() -> None:
    found = flip(flips_of(even_scenario(), even_catalog(), levers=["quality"]), "quality", "up")
    assert (found.by, found.value_now, found.value, found.after) == (1, "mid", "high", "no_plan")
    assert found.distance == pytest.approx(log(2))


def test_a_self_hosted_plan_flips_back_to_the_api() -> None:
    asked = even_scenario(requests="100k/day")  # 5,475 on the API, 2,920 for a replica
    found = flips_of(asked, even_catalog(), levers=["requests", "gpu_price"])
    assert found.verdict == "self_host"
    assert flip(found, "requests", "down").by == pytest.approx(BREAK_EVEN / 5, rel=0.01)
    assert flip(found, "gpu_price", "up").by == pytest.approx(5 / BREAK_EVEN, rel=0.01)


def test_the_nearest_is_first_and_levers_that_move_nothing_are_told() -> None:
    levers = ("salary", "peak_over_mean", "api_price", "quality")
    found = flips_of(even_scenario(), even_catalog(), levers=levers)
    distances = [each.distance for each in found.flips]
    assert distances == sorted(distances)
    # No other word than today's has a floor in this catalog, so a step either way leaves no plan; it is as far as x2.
    nearest = [(each.lever, each.side) for each in found.flips[:3]]
    assert nearest == [("quality", "down"), ("quality", "up"), ("api_price", "up")]
    assert set(found.still) == {"salary", "peak_over_mean"}
    assert {each.lever for each in found.flips} | set(found.still) == set(levers)


def test_it_is_the_same_each_time() -> None:
    one, other = (flips_of(even_scenario(), even_catalog(), levers=["requests"]) for _ in range(2))
    assert one.model_copy(update={"seconds": 0.0}) == other.model_copy(update={"seconds": 0.0})


def test_what_time_cuts_is_told() -> None:
    problem = problem_of(even_scenario(), even_catalog())
    found = flips_of(even_scenario(), even_catalog(), problem, levers=["requests"], limit_s=0.0)
    assert found.cut
    assert all(each.cut and each.by is None and each.still_by == 1 for each in found.flips)
    stop = threading.Event()
    stop.set()
    assert flips_of(even_scenario(), even_catalog(), problem, levers=["requests"], stop=stop).cut


def test_options_that_another_load_lets_in_are_raised_anew() -> None:
    # Serverless replicas sleep after 5 s, and are refused while more than 5 % of requests wait for a start, where a
    # TTFT holds at p95. Where a start takes no time that is until exp(-5 x requests/s) is 5 %. Today's problem has no
    # pool, so its quick form finds none.
    serverless = with_prices(even_catalog(), price(0.5, purchase="serverless"))
    figures = {key: each for key, each in serverless.operations.items() if not key.startswith("cold_start")}
    serverless = replace(serverless, operations=figures)
    asked = even_scenario({"purchase_types": ("serverless",)}, requests="2k/day")
    problem = problem_of(asked, serverless)
    assert not problem.designs
    found = flip(flips_of(asked, serverless, problem, levers=["requests"]), "requests", "up")
    assert found.by == pytest.approx(log(20) / 5 / (2000 / 86400), rel=0.01)
    assert found.after in ("self_host", "hybrid")


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 8))])
def test_a_deep_look_says_what_the_whole_solve_says(seed: int) -> None:
    problem = random_problem(seed, blocks=4)
    for by in (0.5, 1.0, 3.0, 10.0):
        charges = {pair: tuple(replace(charge, price=charge.price * by) for charge in pays)
                   for pair, pays in problem.charges.items()}  # fmt: skip
        dearer = replace(problem, charges=charges)
        look = Looker(1e-4, 20.0, perf_counter() + 60).first(dearer)
        whole = quick_answer(dearer, gap=1e-4, limit_s=20.0, full=True)
        assert look.proven, (seed, by)
        assert look.verdict == whole.verdict, (seed, by)
        assert look.total == pytest.approx(whole.recommended_total, rel=1e-3)


def test_cheaper_apis_and_dearer_people_surely_keep_apis_alone_the_verdict_as_solves_say() -> None:
    held: set[str] = set()
    for seed in range(2):
        problem = random_problem(seed, blocks=2)
        for lever in ("api_price", "salary"):
            looker = Looker(1e-4, 20.0, perf_counter() + 60)
            search = _Search(even_scenario(), even_catalog(), problem, looker.first(problem), looker)
            for by in (0.5, 0.05) if lever == "api_price" else (2.0, 10.0):
                if search.stays(LEVERS[lever], by):
                    held.add(lever)
                    moved = search._moved(LEVERS[lever], by, few=False)
                    assert quick_answer(moved, gap=1e-4, limit_s=20.0).verdict == "stay_on_api", (seed, lever, by)
            assert not search.stays(LEVERS[lever], 0.9 if lever == "salary" else 1.1)
            assert not search.stays(LEVERS["requests"], 0.5)
    assert held == {"api_price", "salary"}


def test_where_suppliers_cost_more_than_pools_do_at_the_least_cheaper_apis_may_let_pools_in() -> None:
    problem = problem_of(even_scenario(), even_catalog())
    looker = Looker(1e-4, 20.0, perf_counter() + 60)
    search = _Search(even_scenario(), even_catalog(), problem, looker.first(problem), looker)
    assert search.base.verdict == "stay_on_api"
    assert search.stays(LEVERS["api_price"], 0.5)
    (provider,) = {api.offer.provider for api in problem.apis if api.id in search.base.options}
    account = FixedCost("account", "account", 1.0, 10.0, ("supplier", provider))
    search.problem = replace(problem, fixed_costs=(account,))
    assert not search.stays(LEVERS["api_price"], 0.5)
