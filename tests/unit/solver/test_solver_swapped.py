"""An option in the place of a pool of the plan: what that costs is what a plan with it costs, by solving."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from made_problems import design, flat_blocks, offer, random_problem

from solver.explanation.entering import among, priced, using
from solver.explanation.swapped import Swap, swaps
from solver.explanation.swapped_apis import api_swaps
from solver.explanation.why_not import Search, answers
from solver.optimise import optimise
from solver.problem import ApiOption, Charge, Contingency, Problem, Purchase, Rules
from solver.program.data import data_of
from solver.solution import solution_of
from solver.solve import Outcome

HOURS = 730.0


def with_losses(problem: Problem) -> Problem:
    """Most of each segment goes on while a replica, the spot of a design or a provider is lost."""
    lost = [("replica", each.id, 0.005) for each in problem.designs]
    lost += [("spot", each.id, 0.1) for each in problem.designs if "spot" in each.purchases]
    providers = {each.provider for each in problem.designs} | {each.offer.provider for each in problem.apis}
    lost += [("provider", name, 0.003) for name in sorted(providers)]
    return replace(
        problem,
        coverage=np.full(len(problem.segments), 0.9),
        contingencies=tuple(Contingency(kind, of, share) for kind, of, share in lost),  # type: ignore[arg-type]
    )


def swapped(problem: Problem) -> tuple[Outcome, list[tuple[int, Swap]], list[int]]:
    """The best plan with pools, the exchanges of each design for one of its pools, and these pools."""
    outcome = optimise(problem, 1e-7, 30, hosted=True)
    if outcome.objective is None:
        return outcome, [], []
    data = data_of(problem)
    solution = solution_of(data, outcome.values)
    every = range(len(problem.designs))
    return outcome, list(swaps(data, solution, outcome.objective, every)), solution.pools


def beside_another(problem: Problem) -> Problem:
    """Two providers have all designs, and the first design must be used: others are lost with it, or apart."""
    designs = tuple(replace(each, provider=f"cloud{k % 2}") for k, each in enumerate(problem.designs))
    kappa = problem.kappa.copy()
    kappa[:, 0] = np.where(np.isfinite(kappa[:, 0]), kappa[:, 0], 0.3)
    return replace(problem, designs=designs, kappa=kappa, rules=Rules(must_use=(designs[0].id,)))


CASES: dict[str, Callable[[Problem], Problem]] = {
    "plain": lambda problem: problem,
    "losses": with_losses,
    "beside": lambda problem: with_losses(beside_another(problem)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(1, 9))
def test_the_plan_with_it_costs_no_more_at_that_price(seed: int, case: str) -> None:
    problem = CASES[case](random_problem(seed, segments=2, designs=5, apis=2, blocks=3))
    outcome, found, pools = swapped(problem)
    now = outcome.objective or 0.0
    for j, swap in found:
        factor = swap.enters_at(now)
        if j not in pools and factor > 0:
            few = among(problem, [*({*pools} - {swap.instead_of}), j], range(len(problem.apis)))
            asked, _ = using(priced(few, problem.designs[j].id, factor), problem.designs[j].id)
            best = optimise(asked, 1e-7, 30)
            assert best.objective is not None
            assert best.objective <= now * (1 + 1e-6)


def test_some_are_found_of_each_kind() -> None:
    found: set[tuple[bool, str]] = set()
    for seed in range(1, 9):
        problem = CASES["beside"](random_problem(seed, segments=2, designs=5, apis=2, blocks=3))
        _, exchanges, pools = swapped(problem)
        for j, swap in exchanges:
            others = {problem.designs[k].provider for k in pools if k != swap.instead_of}
            if j not in pools:
                found.add((problem.designs[j].provider in others, problem.designs[j].pool_class))
    assert found == {(together, kind) for together in (False, True) for kind in ("self_run", "serverless")}


def hand(rules: Rules | None = None) -> Problem:
    """2 requests/s at 1 replica each, or 2 replicas each of a slower design at half the price less a tenth."""
    one = design("m/g/cloud", {"on_demand": Purchase(10.0, 1.0)})
    slow = replace(
        one, id=one.id.replace("/1xg", "/1xslow"), gpu="slow", provider="other",
        purchases={"on_demand": Purchase(8.0, 1.0)},
    )  # fmt: skip
    api = ApiOption("a/model", offer("a/model"))
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([HOURS], [[2.0]]), designs=(one, slow), apis=(api,),
        kappa=np.array([[1.0, 2.0]]), headroom=np.zeros(1), spot_tolerance=np.zeros(1), tokens_per_request=np.ones(1),
        charges={(0, "a/model"): (Charge("requests", "request", 1.0, 1.0),)}, may_wait=np.zeros(1, bool), people=None,
        rules=rules or Rules(), fixed_costs=(),
    )  # fmt: skip


def test_by_hand_four_replicas_at_the_price_of_two() -> None:
    outcome, found, pools = swapped(hand())
    assert pools == [0]
    assert outcome.objective == pytest.approx(2 * 10 * HOURS)
    at = {j: swap.enters_at(2 * 10 * HOURS) for j, swap in found}
    assert at[0] == pytest.approx(1.0)  # the pool in its own place
    assert at[1] == pytest.approx(2 * 10 / (4 * 8))


def test_where_a_rule_could_break_nothing_is_exchanged() -> None:
    problem = hand()
    named = replace(problem, rules=Rules(must_use=(problem.designs[0].id,)))
    assert swapped(named)[1] == []
    assert swapped(replace(problem, rules=Rules(gpus_available={"g": 100, "slow": 100})))[1] == []


def test_a_table_whose_time_is_over_tells_what_an_option_takes_in_the_place_of_a_pool() -> None:
    problem = hand()
    search = Search(problem, optimise(problem, 1e-9), perf_counter() - 1)
    told = {each.option: each for each in answers(search, False, True)}[problem.designs[1].id]
    assert (told.answer, told.instead_of, told.proven) == ("enters_at", problem.designs[0].id, False)
    assert told.price_factor == pytest.approx(0.625)
    assert told.price_then == pytest.approx(5.0)
    assert told.total_then == pytest.approx(0.99 * 2 * 10 * HOURS)


def apis_swapped(seed: int, lost: bool) -> tuple[Problem, float, list[tuple[int, Swap]]]:
    """A random problem, its optimum, and the exchanges for the offers that the optimum does not use."""
    problem = random_problem(seed, segments=2, designs=2, apis=5, blocks=3)
    problem = with_losses(problem) if lost else problem
    outcome = optimise(problem, 1e-7, 30)
    data, now = data_of(problem), outcome.objective or 0.0
    solution = solution_of(data, outcome.values)
    others = [a for a in range(len(problem.apis)) if a not in solution.ready_apis]
    return problem, now, list(api_swaps(data, solution, now, others))


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("seed", range(1, 9))
def test_the_plan_with_another_api_costs_no_more_at_that_price(seed: int, lost: bool) -> None:
    problem, now, found = apis_swapped(seed, lost)
    for j, swap in found:
        factor = swap.enters_at(now)
        if factor > 0:
            asked, _ = using(priced(problem, problem.apis[j].id, factor), problem.apis[j].id)
            best = optimise(asked, 1e-7, 30)
            assert best.objective is not None
            assert best.objective <= now * (1 + 1e-6)


@pytest.mark.parametrize("lost", [False, True])
def test_some_apis_are_found_with_losses_and_without(lost: bool) -> None:
    tried = (apis_swapped(seed, lost) for seed in range(1, 9))
    assert any(swap.enters_at(now) > 0 for _, now, found in tried for _, swap in found)


def test_by_hand_an_api_in_the_place_of_another_also_where_time_is_over() -> None:
    problem = hand()
    other = ApiOption("b/model", offer("b/model"))
    charges = {**problem.charges, (0, "b/model"): (Charge("requests", "request", 1.0, 1.25),)}
    alone = replace(
        problem, designs=(), kappa=np.empty((1, 0)), apis=(*problem.apis, other), charges=charges
    )  # fmt: skip
    search = Search(alone, optimise(alone, 1e-9), perf_counter() - 1)
    (told,) = answers(search, True, False)
    assert (told.option, told.answer, told.instead_of) == ("b/model", "enters_at", "a/model")
    assert told.price_factor == pytest.approx(0.8)
