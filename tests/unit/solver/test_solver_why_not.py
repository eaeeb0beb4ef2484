"""At which price an option enters: worked out by hand on tiny problems, and solved just below and above on others."""

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from made_problems import design, flat_blocks, offer, random_problem

from solver.explanation.entering import Looking, Question, among, faster, priced
from solver.explanation.entry_bounds import ceilings_of, own_ceilings
from solver.explanation.kin import Kin
from solver.explanation.reasons import WhyNot
from solver.explanation.why_not import Search, answers, by_kin
from solver.optimise import optimise
from solver.pricing import api_prices
from solver.problem import ApiOption, Charge, FixedCost, Problem, Purchase, Rules
from solver.program.data import data_of
from solver.solution import solution_of

HOURS = 730.0
REQUESTS = 3600 * HOURS


def hand(api: float, other: float, replica: float, opening: float = 0.0) -> Problem:
    """1 request/s: two APIs at so much a month for all of it, or a pool of 4 replicas and what opens it."""
    pool = design("m/g/cloud", {"on_demand": Purchase(replica / HOURS, 1.0)})
    apis = (ApiOption("a/model", offer("a/model")), ApiOption("b/model", offer("b/model")))
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([HOURS], [[1.0]]), designs=(pool,), apis=apis,
        kappa=np.array([[4.0]]), headroom=np.zeros(1), spot_tolerance=np.zeros(1), tokens_per_request=np.ones(1),
        charges={
            (0, name): (Charge("requests", "request", 1.0, bill / REQUESTS),)
            for name, bill in (("a/model", api), ("b/model", other))
        },
        may_wait=np.zeros(1, bool), people=None, rules=Rules(),
        fixed_costs=(FixedCost("opening", "month", 1.0, opening, ("selfhost", "")),) if opening else (),
    )  # fmt: skip


def table(problem: Problem) -> dict[str, WhyNot]:
    outcome = optimise(problem, 1e-9)
    return {each.option: each for each in answers(Search(problem, outcome, perf_counter() + 60), True, True)}


def test_an_api_enters_where_it_costs_what_the_cheapest_one_does() -> None:
    found = table(hand(1000, 1250, 10_000))["b/model"]
    assert found.answer == "enters_at"
    assert found.proven
    assert found.price_factor == pytest.approx(0.8, rel=1e-6)
    assert 990 * (1 - 1e-6) < (found.total_then or 0.0) < 1000  # at 1 % less, for all of it or a part


def test_a_pool_enters_where_its_replicas_cost_what_is_left_of_the_bill() -> None:
    # All four replicas for 1,000 less what opening costs, 400: 150 a replica in place of 500.
    found = table(hand(1000, 5000, 500, opening=400))["m:fp8/1xg/vllm/cloud@us"]
    assert found.answer == "enters_at"
    assert found.price_factor == pytest.approx(0.3, rel=0.01)
    assert found.price_then == pytest.approx(150 / HOURS, rel=0.01)
    assert found.proven


def test_a_pool_that_is_fast_enough_needs_fewer_replicas() -> None:
    # One replica costs 700 of the 1,000: it enters once one is enough for all, or the rest is cheap enough by the API.
    # With kappa g*4, one replica serves 1/(4g) of the requests, the API the rest: 700 + 1000*(1 - 1/(4g)) < 1000, so
    # 4g < 1000/700, g < 0.357.
    found = table(hand(1000, 5000, 700))["m:fp8/1xg/vllm/cloud@us"]
    assert found.speed_factor == pytest.approx(2.8, rel=0.02)


def test_an_option_whose_entry_alone_costs_more_never_enters() -> None:
    found = table(hand(1000, 5000, 500, opening=1001))["m:fp8/1xg/vllm/cloud@us"]
    assert (found.answer, found.proven, found.price_factor) == ("never", True, None)


def test_what_the_plan_uses_is_not_asked() -> None:
    assert "a/model" not in table(hand(1000, 1250, 10_000))


def test_time_that_is_over_leaves_the_bound() -> None:
    problem = hand(1000, 1250, 500, opening=400)
    search = Search(problem, optimise(problem, 1e-9), perf_counter() - 1)
    found = {each.option: each for each in answers(search, True, True)}
    pool = found["m:fp8/1xg/vllm/cloud@us"]
    assert search.cut
    assert pool.answer == "not_above"
    assert pool.at_most == pytest.approx(0.3, rel=0.02)
    assert search.solves == 0


def test_options_that_differ_in_nothing_that_counts_share_an_answer() -> None:
    problem = hand(1000, 5000, 500, opening=400)
    one = problem.designs[0]
    twin = replace(one, id=one.id.replace("@us", "@eu"), region="eu")
    dearer = replace(
        one, id=one.id.replace("@us", "@ap"), region="ap", purchases={"on_demand": Purchase(600 / HOURS, 1.0)}
    )
    found = table(replace(problem, designs=(one, twin, dearer), kappa=np.full((1, 3), 4.0)))
    pools = {name: each for name, each in found.items() if each.kind == "pool"}
    assert {frozenset((name, *each.alike)) for name, each in pools.items()} <= {
        frozenset((one.id, twin.id)), frozenset((one.id,)), frozenset((dearer.id,))
    }  # fmt: skip
    assert pools[dearer.id].price_factor == pytest.approx(0.25, rel=0.01)


def test_what_one_place_takes_tells_what_another_does_at_another_price() -> None:
    # As above, 0.3 of 500 a replica is 150, which is 0.25 of the 600 that the other provider asks for the same.
    problem = hand(1000, 5000, 500, opening=400)
    one = problem.designs[0]
    other = replace(
        one, id=one.id.replace("cloud", "other"), provider="other", purchases={"on_demand": Purchase(600 / HOURS, 1.0)}
    )
    both = replace(problem, designs=(one, other), kappa=np.full((1, 2), 4.0))
    search = Search(both, optimise(both, 1e-9), perf_counter() + 60)
    solved = {each.option: each for each in answers(search, False, True)}
    left = solved[other.id].model_copy(update={"answer": "not_above", "price_factor": None, "at_most": 1.0})
    told = by_kin(search, [solved[one.id], left])[1]
    assert (told.answer, told.by, told.proven) == ("enters_at", one.id, False)
    assert told.price_factor == pytest.approx(solved[other.id].price_factor, rel=0.01)
    assert told.price_factor == pytest.approx(0.25, rel=0.01)

    def ratio(taken: tuple[str, ...] = (), **changes: Any) -> float:
        way = replace(other.purchases["on_demand"], **changes)
        designs = (one, replace(other, purchases={"on_demand": way}))
        return Kin(data_of(replace(both, designs=designs)), taken).ratio(0, 1)

    assert ratio() == pytest.approx(1.2)
    assert ratio(taken=("other",)) == np.inf  # losing that provider would take more than before
    assert ratio(box=2) == np.inf
    assert ratio(availability=0.9) == np.inf


@pytest.mark.parametrize("seed", range(1, 4))
def test_just_below_the_price_a_plan_with_it_is_cheaper_and_just_above_none_is(seed: int) -> None:
    problem = random_problem(seed, segments=2, designs=3, apis=2, blocks=3)
    outcome = optimise(problem, 1e-9)
    entering = [each for each in table(problem).values() if each.answer == "enters_at" and each.proven]
    for each in entering:
        assert each.price_factor is not None
        below = optimise(priced(problem, each.option, each.price_factor * 0.99), 1e-9)
        above = optimise(priced(problem, each.option, min(1.0, each.price_factor * 1.011)), 1e-9)
        assert outcome.objective is not None
        assert below.objective is not None
        assert above.objective is not None
        assert below.objective < outcome.objective * (1 - 1e-9)
        assert above.objective == pytest.approx(outcome.objective, rel=1e-6)
        assert below.objective <= (each.total_then or 0.0) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(1, 4))
def test_an_option_that_never_enters_is_in_no_cheaper_plan_when_it_is_free(seed: int) -> None:
    problem = random_problem(seed, segments=2, designs=3, apis=2, blocks=3)
    outcome = optimise(problem, 1e-9)
    for each in table(problem).values():
        if each.answer == "never" and each.proven:
            free = optimise(priced(problem, each.option, 0.0), 1e-9)
            assert free.objective is not None
            assert outcome.objective is not None
            assert free.objective >= outcome.objective * (1 - 0.01)  # what is free may still serve less than 1 %


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_option_enters_above_its_ceiling(seed: int) -> None:
    problem = random_problem(seed, segments=2, designs=3, apis=2, blocks=3)
    data = data_of(problem)
    outcome = optimise(problem, 1e-9)
    now = outcome.objective or 0.0
    used = solution_of(data, outcome.values)
    prices = np.minimum(api_prices(data), now)
    ceilings, own = ceilings_of(data, prices, now), own_ceilings(data, prices, now, used.pools)
    for k in data.pools:
        if k not in used.pools:
            entry = Question(problem, problem.designs[k].id, now, Looking()).entering(1.0)
            assert entry.factor is None or entry.factor <= max(float(ceilings.designs[k]), 0.0) * (1 + 1e-6) + 1e-9
            few = among(problem, [*used.pools, k], data.apis)
            entry = Question(few, problem.designs[k].id, now, Looking()).entering(1.0)
            assert entry.factor is None or entry.factor <= max(float(own[k]), 0.0) * (1 + 1e-6) + 1e-9
            assert own[k] <= ceilings.designs[k] + 1e-5 or own[k] < 0
    for a, api in enumerate(problem.apis):
        if a not in used.ready_apis and any(option == api.id for _, option in problem.charges):
            entry = Question(problem, problem.apis[a].id, now, Looking()).entering(1.0)
            assert entry.factor is None or entry.factor <= max(float(ceilings.apis[a]), 0.0) * (1 + 1e-6) + 1e-9


def test_few_options_are_the_problem_without_the_others() -> None:
    problem = random_problem(3, segments=2, designs=5, apis=3, blocks=4)
    whole = optimise(problem, 1e-9)
    used = solution_of(data_of(problem), whole.values)
    small = optimise(among(problem, used.pools, used.ready_apis), 1e-9)
    assert small.objective == pytest.approx(whole.objective, rel=1e-6)


def test_a_price_of_one_and_a_speed_of_one_change_nothing() -> None:
    problem = random_problem(1, segments=2, designs=3, apis=2, blocks=4)
    for option in (problem.designs[0].id, problem.apis[0].id):
        same = optimise(priced(problem, option, 1.0), 1e-9)
        assert same.objective == pytest.approx(optimise(problem, 1e-9).objective, rel=1e-9)
    assert np.allclose(faster(problem, problem.designs[0].id, 1.0).kappa, problem.kappa, equal_nan=True)
