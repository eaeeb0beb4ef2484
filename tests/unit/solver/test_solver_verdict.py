"""The verdict on problems small enough for pencil and paper: a replica costs 1,000 a month, one API serves it all.

One segment of 1 request/s and a design that needs 4 replica-seconds a request: 4 replicas, 4,000 a month. Its band is
1.0, so it is 8 replicas at the pessimistic end and 2 at the optimistic one; whole numbers, so that no remainder is left
for the API where a full replica is worth its money, which is where the API bill is above 1,000 x replicas.
"""

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_problems import design, flat_blocks, offer, random_problem

from catalogs.vocabulary import PurchaseType
from solver.explanation.branches import Effort, api_branch, at_end, hosting_branch, kind_of, opened
from solver.explanation.payback import Once, payback_of
from solver.explanation.quick import quick_answer
from solver.explanation.verdict import Judgement, judge, needed
from solver.optimise import optimise
from solver.problem import ApiOption, Charge, FixedCost, InForce, PeopleSteps, Problem, Purchase, Rules
from solver.program.data import data_of
from solver.readoff import verdict_of
from solver.solution import solution_of
from solver.solve import Outcome

HOURS = 730.0
MONTH = 1000.0 / HOURS
REQUESTS = 3600 * HOURS


def small(
    bill: float | None,
    band: float = 1.0,
    fixed: tuple[FixedCost, ...] = (),
    people: PeopleSteps | None = None,
    purchase: Purchase | None = None,
    **rules: Any,
) -> Problem:
    """The problem of the module's words, with an API that would cost `bill` a month (None: no API)."""
    pool = replace(design("m/g/cloud", {"on_demand": purchase or Purchase(MONTH, 1.0)}), band=band)
    if purchase is not None and purchase.capital:
        pool = replace(pool, purchases={"owned": purchase})
    api = ApiOption("seller/model", offer("seller/model"))
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([HOURS], [[1.0]]), designs=(pool,),
        apis=() if bill is None else (api,), kappa=np.array([[4.0]]),
        charges={} if bill is None else {(0, api.id): (Charge("requests", "request", 1.0, bill / REQUESTS),)},
        headroom=np.zeros(1), spot_tolerance=np.zeros(1), tokens_per_request=np.ones(1), may_wait=np.zeros(1, bool),
        fixed_costs=fixed, people=people, rules=Rules(**rules),
    )  # fmt: skip


def judged(problem: Problem, gap: float = 1e-9) -> Judgement:
    return judge(problem, optimise(problem, gap), gap, Effort(gap))


def setup(once: float, months: int = 12) -> FixedCost:
    return FixedCost("set-up", "engineer-week", once / 2000 / months, 2000.0, ("selfhost", ""))


def test_a_clear_win_at_the_pessimistic_end_is_self_hosting_and_certain() -> None:
    found = judged(small(10_000))
    assert (found.verdict, found.confidence) == ("self_host", "certain")
    assert found.recommended.objective == pytest.approx(4000)
    assert found.hosting is not None
    assert found.hosting.reason == "clear_win"
    assert found.hosting.slow_per_month == pytest.approx(8000)
    assert found.hosting.fast_per_month == pytest.approx(2000)
    assert found.hosting.needed_per_month == pytest.approx(1000)
    assert found.cheapest is not None
    assert found.cheapest.saves_per_month == 0


@pytest.mark.parametrize(("margin", "verdict"), [(0.19, "self_host"), (0.21, "stay_on_api")])
def test_the_margin_flips_the_verdict_where_the_saving_is_20_percent(margin: float, verdict: str) -> None:
    assert judged(small(10_000, margin=margin)).verdict == verdict


def test_below_the_margin_the_api_is_recommended_and_the_price_of_that_is_told() -> None:
    found = judged(small(10_000, margin=0.25))
    assert (found.verdict, found.confidence) == ("stay_on_api", "likely")
    assert found.recommended.objective == found.recommended.bound == pytest.approx(10_000)
    assert found.cheapest is not None
    assert found.cheapest.verdict == "self_host"
    assert found.cheapest.total_per_month == pytest.approx(4000)
    assert found.cheapest.bound_per_month == pytest.approx(4000)
    assert found.cheapest.saves_per_month == pytest.approx(6000)
    assert found.hosting is not None
    assert found.hosting.reason == "not_enough"


@pytest.mark.parametrize(("step", "verdict"), [(1900.0, "self_host"), (2100.0, "stay_on_api")])
def test_the_saving_must_be_above_the_smallest_step_of_people(step: float, verdict: str) -> None:
    found = judged(small(10_000, people=PeopleSteps(0.1, 1, step * 10)))
    assert found.verdict == verdict
    assert found.hosting is not None
    assert found.hosting.labour_per_month == pytest.approx(step)


def test_the_pessimistic_end_of_the_band_flips_the_winner_so_it_is_a_tie_and_the_api() -> None:
    found = judged(small(6000))
    assert (found.verdict, found.confidence) == ("stay_on_api", "tie")
    assert found.hosting is not None
    assert (found.hosting.reason, found.hosting.slow_per_month) == ("slow_end", None)
    assert found.hosting.total_per_month == pytest.approx(4000)
    certain = judged(small(6000, band=0.0))
    assert (certain.verdict, certain.confidence) == ("self_host", "certain")


def test_the_optimistic_end_may_make_a_tie_too() -> None:
    found = judged(small(3000))
    assert (found.verdict, found.confidence) == ("stay_on_api", "tie")
    assert found.hosting is not None
    assert found.hosting.reason == "api_is_cheaper"
    assert found.hosting.fast_per_month == pytest.approx(2000)
    # With the figures as they are a pool is at its best with one full replica: 1,000 and three quarters of the bill.
    assert found.hosting.total_per_month == pytest.approx(3250)


def test_the_api_is_likely_within_the_margin_at_the_optimistic_end_and_certain_beyond() -> None:
    near, far = judged(small(1900)), judged(small(1000))  # at that end 1,000 and half of the bill: 1,950 and 1,500
    assert [(each.verdict, each.confidence) for each in (near, far)] == [
        ("stay_on_api", "likely"), ("stay_on_api", "certain"),
    ]  # fmt: skip
    assert near.hosting is not None
    assert near.hosting.fast_per_month == pytest.approx(1950)
    assert far.hosting is not None
    assert far.hosting.at_least_per_month == pytest.approx(1100)
    assert far.hosting.total_per_month is None


def test_where_no_api_may_serve_self_hosting_is_what_is_left() -> None:
    found = judged(small(None))
    assert (found.verdict, found.confidence) == ("self_host", "certain")
    assert found.hosting is not None
    assert (found.hosting.reason, found.hosting.api_per_month) == ("no_api", None)
    # Five GPUs are enough for the four replicas of the figures as they are, not for the eight of the pessimistic end.
    assert judged(small(None, gpus_available={"cloud": 5})).confidence == "tie"


def test_without_a_pool_that_may_serve_it_is_the_api() -> None:
    problem = small(10_000)
    found = judged(replace(problem, kappa=np.full((1, 1), np.nan)))
    assert (found.verdict, found.confidence) == ("stay_on_api", "certain")
    assert found.hosting is not None
    assert found.hosting.reason == "no_pool"


def test_nothing_fits_and_nothing_is_judged() -> None:
    found = judged(small(None, gpus_available={"cloud": 1}))
    assert (found.verdict, found.confidence, found.cheapest, found.hosting) == ("no_plan", "", None, None)


def test_set_up_is_paid_once_and_its_payback_counts_the_bill_without_it() -> None:
    found = judged(small(10_000, band=0.0, fixed=(setup(6000),)))
    hosting = found.hosting
    assert hosting is not None
    assert hosting.total_per_month == pytest.approx(4500)
    assert hosting.once == pytest.approx(6000)
    assert hosting.payback_months == pytest.approx(1)  # 6,000 over the 6,000 that each month saves
    assert hosting.first_year == pytest.approx(12 * 6000 - 6000)
    assert hosting.later_years == pytest.approx(12 * 6000)


def test_set_up_that_is_back_after_the_horizon_only_is_the_reason() -> None:
    found = judged(small(4400, band=0.0, fixed=(setup(6000),)))  # saves 400 a month: 15 months
    assert (found.verdict, found.confidence) == ("stay_on_api", "likely")
    hosting = found.hosting
    assert hosting is not None
    assert hosting.reason == "not_paid_back"
    assert hosting.payback_months == pytest.approx(15)
    assert hosting.first_year == pytest.approx(12 * 400 - 6000)


@pytest.mark.parametrize(("horizon", "verdict"), [(12, "stay_on_api"), (24, "self_host")])
def test_servers_bought_must_be_back_within_the_horizon_at_the_pessimistic_end(horizon: int, verdict: str) -> None:
    owned = Purchase(MONTH, 1.0, capital=20_000.0, running=MONTH / 4)
    found = judged(small(10_000, purchase=owned, horizon_months=horizon))
    # As they are: 4 servers, 80,000 over 10,000 - 1,000 of power. Pessimistic: 160,000 over 8,000, which is 20 months.
    assert found.verdict == verdict
    assert found.hosting is not None
    assert found.hosting.once == pytest.approx(80_000)
    assert found.hosting.payback_months == pytest.approx(80 / 9)
    assert found.hosting.reason == ("clear_win" if verdict == "self_host" else "not_paid_back")


def test_where_servers_come_back_too_late_the_best_plan_that_buys_none_may_win() -> None:
    problem = small(12_000)
    ways: dict[PurchaseType, Purchase] = {
        "owned": Purchase(MONTH, 1.0, capital=40_000.0, running=MONTH / 4),
        "on_demand": Purchase(1.1 * MONTH, 1.0),
    }  # fmt: skip
    problem = replace(problem, designs=(replace(problem.designs[0], purchases=ways),))
    found = judged(problem)  # bought: 8 x 40,000 over 12,000 - 2,000, 32 months; rented: 8,800, which saves 3,200
    assert (found.verdict, found.confidence) == ("self_host", "certain")
    assert found.recommended.objective == pytest.approx(4400)
    assert found.cheapest is not None
    assert found.cheapest.total_per_month == pytest.approx(4000)
    assert found.cheapest.saves_per_month == pytest.approx(400)
    assert found.hosting is not None
    assert (found.hosting.reason, found.hosting.once) == ("clear_win", 0)
    quick = quick_answer(problem, gap=1e-9)
    assert (quick.verdict, quick.cheapest_verdict) == ("self_host", "self_host")
    assert quick.recommended_total == pytest.approx(4400)
    assert quick.cheapest_total == pytest.approx(4000)


def test_what_saves_nothing_is_never_paid_back() -> None:
    assert payback_of(Once(100.0, 10.0), 210.0, 200.0).months is None
    assert payback_of(Once(0.0, 0.0), 100.0, 200.0).months == 0


def test_in_a_recheck_of_pools_that_run_the_entry_is_paid() -> None:
    problem = small(10_000, people=PeopleSteps(0.1, 1, 21_000.0))
    in_force: dict[tuple[str, PurchaseType], InForce] = {(problem.designs[0].id, "on_demand"): InForce(4, 0.0)}
    assert needed(problem, 10_000) == (2100, 2100)
    assert needed(replace(problem, in_force=in_force), 10_000) == (0, 0)


def test_once_stopped_the_cheapest_plan_stands_unjudged() -> None:
    stop = threading.Event()
    stop.set()
    problem = small(10_000)
    found = judge(problem, optimise(problem), 1e-4, Effort(stop=stop))
    assert (found.verdict, found.confidence, found.hosting) == ("self_host", "", None)


def test_a_saving_that_time_left_unshown_is_none_and_nothing_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Outcome("time_limit", "time", None, 100.0, None)
    monkeypatch.setattr("solver.explanation.verdict.hosting_branch", lambda *_, **__: late)
    found = judged(small(10_000))
    assert (found.verdict, found.confidence) == ("stay_on_api", "likely")
    assert found.hosting is not None
    assert found.hosting.reason == "not_shown"
    assert judged(small(1000)).confidence == "likely"  # certain, had the optimistic end been solved


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_branch_with_pools_is_the_problem_in_which_they_must_be_used(seed: int) -> None:
    problem = random_problem(seed, blocks=4)
    must = replace(problem, rules=replace(problem.rules, must_use=("pools",)))
    wanted, found = optimise(must, 1e-6), hosting_branch(problem, Effort(1e-6, 30))
    assert found.status == wanted.status == "optimal"
    assert found.objective == pytest.approx(wanted.objective, rel=1e-5)
    solution = solution_of(data_of(problem), found.values)
    assert kind_of(found) == verdict_of(solution) != "stay_on_api"
    assert opened(problem, found) == tuple(problem.designs[k].id for k in solution.pools)
    best = found.objective or 0.0
    none = hosting_branch(problem, Effort(1e-6, 30), below=best * 0.999)
    assert (none.status, none.bound) == ("infeasible", best * 0.999)
    within = hosting_branch(problem, Effort(1e-6, 30), below=best * 1.001, start=[problem.designs[0].id])
    assert within.objective == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_quick_answer_is_what_the_judgement_says(seed: int) -> None:
    drawn = random_problem(seed, blocks=4)
    problem = replace(drawn, designs=tuple(replace(each, band=0.25) for each in drawn.designs))
    whole = optimise(problem, 1e-6)
    told, quick = judge(problem, whole, 1e-6, Effort(1e-6, 30)), quick_answer(problem, gap=1e-6, limit_s=30)
    assert quick.verdict == told.verdict
    assert quick.proven
    assert quick.cheapest_total == pytest.approx(whole.objective, rel=1e-5)
    assert quick.recommended_total == pytest.approx(told.recommended.objective, rel=1e-5)
    assert quick.api_total == pytest.approx(api_branch(problem, Effort(1e-6)).objective)
    full = quick_answer(problem, gap=1e-6, limit_s=30, start=quick.opened, full=True)
    assert full.self_total is not None
    assert full.bounds.hosting is not None
    assert full.bounds.hosting <= full.self_total
    assert full.verdict == quick.verdict
    assert full.cheapest_total == pytest.approx(quick.cheapest_total, rel=1e-5)


def test_a_plan_with_pools_costs_no_less_at_the_pessimistic_end_and_no_more_at_the_other() -> None:
    for seed in range(1, 4):
        drawn = random_problem(seed, blocks=4)
        problem = replace(drawn, designs=tuple(replace(each, band=0.25) for each in drawn.designs))
        slow, as_is, fast = (
            hosting_branch(each, Effort(1e-6, 30)).objective or 0.0
            for each in (at_end(problem, "slow"), problem, at_end(problem, "fast"))
        )
        assert fast <= as_is * (1 + 1e-5) <= slow * (1 + 2e-5)
