"""Doubts ranked and plans under stress, by hand: 4 replicas at 1,000 a month, or one API for 6,000, for one request/s.

The margin of the policy is 10 % of the API bill, the replica's band 0: pools win above 4,444.44 a month of APIs.
"""

from dataclasses import replace
from math import log, log2

import numpy as np
import pytest
from made_options import shipped_catalog
from made_problems import design, flat_blocks, offer

from solver.explanation.doubt_kinds import _api_at, _design_at, _faster, _without, scores_doubted
from solver.explanation.doubt_ranking import Doubt, ranked
from solver.explanation.doubt_records import RankedDoubt
from solver.explanation.outlook_records import Waiting
from solver.explanation.stress import held_of, limits_of, stress_of
from solver.explanation.sure import Sure
from solver.explanation.why import capacity_of
from solver.optimise import optimise
from solver.plan import Plan, Pool, Replicas, ScoreHeld
from solver.problem import ApiOption, Charge, Problem, Purchase, Rules
from solver.program.data import data_of
from solver.readoff import read_off
from solver.scenario import Scenario
from solver.solution import solution_of
from solver.worlds import Forecast
from wizard.text.worlds import sure_lines

HOURS = 730.0
REQUESTS = 3600 * HOURS
POOL = design("m/g/cloud", {"on_demand": Purchase(1000 / HOURS, 1.0)})
API = ApiOption("seller/model", offer("seller/model"))


def small(bill: float = 6000.0, api: ApiOption = API, requests: float = 1.0) -> Problem:
    """The problem of the module's words."""
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([HOURS], [[requests]]), designs=(POOL,), apis=(api,),
        kappa=np.array([[4.0]]), charges={(0, api.id): (Charge("output", "Mtok", 1.0, bill / REQUESTS),)},
        headroom=np.zeros(1), spot_tolerance=np.zeros(1), tokens_per_request=np.full(1, 300.0),
        may_wait=np.zeros(1, bool), fixed_costs=(), people=None, rules=Rules(),
    )  # fmt: skip


PROBLEM = small()


def price(factor: float = 2.0) -> Doubt:
    return Doubt(
        "price", "seller/model", "ask for the price", "times the price", 1.0, lambda t: factor**t,
        lambda t: _api_at(PROBLEM, "seller/model", factor**t),
    )  # fmt: skip


def speed(factor: float) -> Doubt:
    return Doubt(
        "speed", POOL.id, "measure it", "times the speed", 1.0, lambda t: factor**t,
        lambda t: _faster(PROBLEM, 0, factor**t),
    )  # fmt: skip


def gpus() -> Doubt:
    return Doubt(
        "price", POOL.id, "ask for it", "times the price", 1.0, lambda t: 1.05**t,
        lambda t: _design_at(PROBLEM, 0, 1.05**t),
    )  # fmt: skip


def of(*doubts: Doubt) -> list[RankedDoubt]:
    told = ranked(doubts, PROBLEM, PROBLEM)
    assert told.verdict == "self_host"
    return list(told.doubts)


def test_a_doubt_that_flips_tells_where_and_what_keeping_the_strategy_costs_then() -> None:
    (found,) = of(price())
    # at half the price APIs cost 3,000, and the best with pools 3,250: one replica, the rest on APIs
    assert (found.flips, found.at, found.then) == (True, "low", "stay_on_api")
    assert found.decides_per_month == pytest.approx(250, rel=2e-3)
    # APIs win once 0.9 x their bill is under the best with pools: 6,000 / 2^t = 4,444.44, found to 1/32
    assert found.nearness == pytest.approx(log2(6000 / (4000 / 0.9)), abs=1 / 32)
    assert (found.low, found.high) == (0.5, 2.0)


def test_a_flip_between_kinds_of_self_hosting_decides_how_far_the_cost_moves() -> None:
    (found,) = of(speed(1.25))
    # a quarter faster, 3.2 replicas are busy: 3 of them and a sixteenth of the API's 6,000 are 3,375
    assert (found.flips, found.at, found.then) == (True, "high", "hybrid")
    assert found.decides_per_month == pytest.approx(4000 - 3375, rel=2e-3)
    # 3 replicas and the rest on APIs are cheaper once 3,000 + 6,000 (1 - 3/4 f) < 4,000
    assert found.nearness == pytest.approx(log(10 / 9) / log(1.25), abs=1 / 16)


def test_a_doubt_that_flips_nothing_decides_how_far_the_cost_moves() -> None:
    (found,) = of(gpus())
    assert (found.flips, found.nearness, found.then, found.at) == (False, None, None, "high")
    assert found.decides_per_month == pytest.approx(200, rel=2e-3)  # 4,200, or 3,809.52 at the other end


def test_what_flips_stands_first_then_what_moves_more() -> None:
    found = of(gpus(), price(1.01), price(), speed(1.25))
    # a hundredth of the API's price moves nothing
    assert [(each.kind, each.flips) for each in found] == [("price", True), ("speed", True), ("price", False)]
    assert found[0].nearness is not None
    assert found[1].nearness is not None
    assert found[0].nearness < found[1].nearness


def test_a_score_is_tried_as_if_it_failed() -> None:
    models = {POOL.id: POOL.model, API.id: API.offer.model}

    def fails(problem: Problem, model: str) -> Doubt:
        return Doubt(
            "score", f"{model} on s", f"evaluate {model} on s", "passes", None, lambda _: None,
            lambda _: _without(problem, models, "s", model), (1,),
        )  # fmt: skip

    (found,) = of(fails(PROBLEM, "m"))
    assert (found.then, found.nearness) == ("stay_on_api", 1.0)
    assert found.decides_per_month == pytest.approx(2000)  # no pool is left: 6,000 in the place of 4,000
    nothing = replace(PROBLEM, charges={}, apis=())
    (none,) = ranked([fails(nothing, "m")], nothing, nothing).doubts
    assert (none.then, none.decides_per_month) == ("no_plan", None)


def held(benchmark: str, score: float) -> ScoreHeld:
    return ScoreHeld(
        segment="s", option=POOL.id, model="m", floor="mid", benchmark=benchmark, date="2026-11-01", unit="%",
        threshold=50.0, base_score=score, score=score, low=score, high=score, scored="m", source="made",
    )  # fmt: skip


@pytest.mark.parametrize(("score", "near"), [(51.0, 0.2), (50.0, 0.0), (70.0, 1.0)])
def test_scores_of_others_are_doubted_by_their_margin_and_evaluations_of_ones_own_are_not(
    score: float, near: float
) -> None:
    catalog = shipped_catalog()
    own = replace(catalog, evaluations={"mine": None})  # type: ignore[dict-item]
    plan = plan_of(PROBLEM).model_copy(update={"scores": (held("arena_text", score), held("mine", score))})
    found = list(scores_doubted(own, plan, PROBLEM, Forecast(PROBLEM)))
    assert [each.subject for each in found] == ["m on s"]
    (told,) = ranked(found, PROBLEM, PROBLEM).doubts
    assert told.nearness == pytest.approx(near)  # a tenth of the floor of 50 is 5
    none = plan.model_copy(update={"scores": (held("mine", score),)})
    assert not list(scores_doubted(own, none, PROBLEM, Forecast(PROBLEM)))


def test_what_time_does_not_allow_is_counted() -> None:
    told = ranked([price(), speed(1.25)], PROBLEM, PROBLEM, limit_s=-1.0)
    assert (told.doubts, told.cut) == ((), 2)


def plan_of(problem: Problem) -> Plan:
    parts = read_off(problem, optimise(problem, 1e-9))
    return Plan(
        status="optimal", verdict=parts.verdict, currency="USD", total_per_month=parts.total_per_month,
        bound_per_month=parts.bound_per_month, gap=parts.gap, segments=parts.segments, pools=parts.pools,
        blocks=parts.blocks, catalog_as_of="2026-11-24", lines=parts.lines,
    )  # fmt: skip


def scenario(**more: object) -> Scenario:
    segment = {"requests": "1/s", "input_tokens": 100, "output_tokens": 200, **more}
    return Scenario.model_validate({"segment": {"s": segment}})


def test_pools_break_where_load_times_slowness_is_above_what_they_hold() -> None:
    problem = replace(PROBLEM, headroom=np.full(1, 0.7))  # 4 x 1.7 = 6.8: 7 replicas hold it, if that is cheapest
    problem = replace(problem, charges={}, apis=())
    told = stress_of(scenario(), shipped_catalog(), problem, plan_of(problem))
    (limit,) = told.limits
    assert limit.limit == "capacity"
    assert (limit.asked, limit.held) == pytest.approx((4, 7))
    assert limit.stands == pytest.approx(1.75)
    assert limit.breaks == ("both",)  # 1.5 is under 1.75, 2.25 above
    assert told.safe == ()


def test_rate_limits_break_with_load_and_not_with_slow_pools() -> None:
    limited = replace(API, requests_per_s=1.2, tokens_per_s=1000.0)
    problem = small(100.0, limited)
    told = stress_of(scenario(), shipped_catalog(), problem, plan_of(problem))
    requests, tokens = told.limits
    assert (requests.limit, requests.breaks) == ("requests/s", ("load", "both"))
    assert (tokens.limit, tokens.breaks) == ("tokens/s", ())
    assert (requests.stands, tokens.asked) == pytest.approx((1.2, 300))
    assert told.unknown == ()
    unlimited = stress_of(scenario(), shipped_catalog(), small(100.0), plan_of(small(100.0)))
    assert (unlimited.limits, unlimited.safe, unlimited.unknown) == ((), ("s",), ("seller/model",))


def test_replicas_count_for_the_time_that_they_are_up() -> None:
    pool = Pool(
        option=POOL.id, model="m", precision="fp8", gpu="g", gpus_per_replica=1, tensor_parallel=1, engine="vllm",
        provider="cloud", region="us", utilisation=0.5,
        replicas=(Replicas(purchase="reserved_1y", block=None, count=2), Replicas(purchase="spot", block=1, count=4)),
    )  # fmt: skip
    two = replace(PROBLEM, blocks=flat_blocks([365.0, 365.0], [[1.0, 1.0]]))
    ways = replace(POOL, purchases={"reserved_1y": Purchase(1.0, 0.99), "spot": Purchase(1.0, 0.5)})
    assert held_of(two, ways, pool) == pytest.approx([1.98, 3.98])


def test_the_tighter_limit_breaks_first_and_the_looser_later() -> None:
    catalog = shipped_catalog()
    real = replace(POOL, model="llama-3.3-70b", precision="fp8", gpu="h100-sxm", gpus=2, engine="vllm")
    long = scenario(input_tokens=1000, output_tokens=300, ttft="20 s", tpot="40 ms").segment["s"]
    limits = limits_of(catalog, real, long)
    assert limits["tpot"] == pytest.approx(1.0)  # so slow a TTFT is kept far beyond that rate
    assert limits["ttft"] > 1
    assert limits["capacity"] >= limits["ttft"] * (1 - 1e-3)
    assert limits_of(catalog, replace(real, model="no such"), long) == {"ttft or tpot": 1.0}


def test_the_capacity_that_a_plan_tells_is_that_of_the_problem() -> None:
    data = data_of(PROBLEM)
    solution = solution_of(data, optimise(PROBLEM, 1e-9).values)
    assert capacity_of(data, solution, 0, 0, 1.0).replicas == pytest.approx(4)


def test_the_text_is_ascii_and_no_wider_than_80() -> None:
    told = ranked([price(), speed(1.25)], PROBLEM, PROBLEM)
    stress = stress_of(scenario(), shipped_catalog(), PROBLEM, plan_of(PROBLEM))
    lines = sure_lines(Sure(doubts=told, stress=stress), "USD")
    assert all(len(line) <= 80 and line.isascii() for line in lines)
    assert any("it decides 250 a month and the verdict" in line for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "breaks above x1 (4 of 4 replicas asked now); so with load" in text  # 4 replicas, and a request/s keeps 4
    assert text.count("a looser limit holds beyond what is up") == 1
    assert sure_lines(None, "USD") == []
    assert Waiting(months=3, price_per_month=1.0, cheaper=0.5).months == 3
