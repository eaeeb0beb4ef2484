"""What happens while something is lost: redone by hand on a small plan, and the same money as the bill."""

from dataclasses import replace
from math import isclose

import numpy as np
import pytest
from made_problems import offer, random_problem

from solver.bill import bill
from solver.plan import Fallback, loss_words
from solver.problem import ApiOption, Charge, Contingency, LoadBlocks, Problem, Rules, spot_market
from solver.program.build import build
from solver.program.data import data_of
from solver.rerouted import fallbacks
from solver.solution import Solution, solution_of
from solver.solve import solve

PROVIDER = Contingency("provider", "near", 0.1, "a guess")


def apis_only(coverage: float = 0.5, may_wait: bool = False, segments: tuple[str, ...] = ("chat",)) -> Problem:
    """One segment of 3600 requests/h by day (300 h), 1800 by night (430 h); `near` is cheap, `far` is dear."""
    n = len(segments)
    apis = tuple(ApiOption(name, offer(name)) for name in ("near/a", "far/b"))
    charges = {
        (s, api.id): (Charge("tokens", "Mtok", 1.0, price),)
        for s in range(n) for api, price in zip(apis, (0.01, 0.03), strict=True)
    }  # fmt: skip
    rates = np.array([[1.0, 0.5]] * n)
    return Problem(
        segments=segments, segment_of=("chat",) * n,
        blocks=LoadBlocks(np.array([300.0, 430.0]), rates, rates, np.array([False, False])),
        designs=(), apis=apis, kappa=np.full((n, 0), np.nan), charges=charges, headroom=np.zeros(n),
        spot_tolerance=np.zeros(n), tokens_per_request=np.ones(n), may_wait=np.full(n, may_wait), fixed_costs=(),
        people=None, rules=Rules(), coverage=np.full(n, coverage), contingencies=(PROVIDER,),
    )  # fmt: skip


def read(problem: Problem) -> tuple[tuple[Fallback, ...], float]:
    """The records, and what the bill's fallback lines come to."""
    program = build(problem)
    solution = solution_of(program.data, solve(program, gap=1e-9).values)
    lines = bill(program.data, solution)["fallback"]
    return fallbacks(program.data, solution), sum(line.per_month for line in lines)


def solution(problem: Problem, api: list[list[float]], z: list[list[float]], blocks: tuple[int, ...]) -> Solution:
    """Of one segment without pools: shares [a, b] of the plan, shares [a, b] while contingency 0 holds in `blocks`."""
    requests = data_of(problem).requests[:, None, :]
    return Solution(
        pool=np.zeros((1, 0, 2)), api=np.array([api]) * requests, units=np.zeros((1, 2, 2)), replicas={},
        unit_count=np.zeros(2), steps=0, fallback={(0, b): np.array([[row[b] for row in z]]) for b in blocks},
    )  # fmt: skip


def test_what_a_lost_provider_served_goes_elsewhere_and_is_paid_for_its_share_of_the_month() -> None:
    (told,), billed = read(apis_only(coverage=0.5))
    month = 3600 * 300 + 1800 * 430
    assert (told.segment, told.lost, told.of, told.month_share) == ("chat", "provider", "near", 0.1)
    assert isclose(told.served, 0.5)
    assert [(part.option, part.kind) for part in told.moved_to] == [("far/b", "api")]
    assert isclose(told.moved_to[0].share, 0.5)
    assert isclose(told.per_month, 0.1 * 0.5 * month * 0.03)
    assert isclose(billed, told.per_month)
    assert told.estimate == "a guess"


def test_a_segment_that_need_not_go_on_has_no_record() -> None:
    assert read(apis_only(coverage=0.0)) == ((), 0.0)


def test_the_least_share_of_any_block_is_told_and_hours_that_are_not_struck_count_as_served() -> None:
    problem = apis_only()
    night = solution(problem, api=[[0.0, 1.0], [1.0, 0.0]], z=[[0, 0], [0, 0.6]], blocks=(1,))
    (told,) = fallbacks(data_of(problem), night)
    assert isclose(told.served, 0.6)
    by_night, by_day = 1800 * 430, 3600 * 300
    assert isclose(told.moved_to[0].share, 0.6 * by_night / (by_night + by_day))
    both = replace(night, api=np.array([[[1.0, 1.0], [0.0, 0.0]]]) * data_of(problem).requests[:, None, :])
    both = replace(both, fallback={(0, 0): np.array([[0, 0.9]]), (0, 1): np.array([[0, 0.7]])})
    (told,) = fallbacks(data_of(problem), both)
    assert isclose(told.served, 0.7)


def test_a_segment_that_may_wait_is_served_over_its_day_and_not_hour_by_hour() -> None:
    problem = apis_only(may_wait=True)
    waits = solution(problem, api=[[0.5, 0.5], [0.0, 0.0]], z=[[0, 0], [0.0, 0.8]], blocks=(0, 1))
    (told,) = fallbacks(data_of(problem), waits)
    assert isclose(told.served, 0.8)
    assert isclose(told.moved_to[0].share, 0.8)


def test_room_that_is_free_to_take_never_adds_to_more_than_all() -> None:
    problem = apis_only()
    charges = {(0, "near/a"): problem.charges[0, "near/a"], (0, "far/b"): ()}
    twice = solution(problem, api=[[0.75, 0.75], [0.25, 0.25]], z=[[0, 0], [1.9, 1.9]], blocks=(0, 1))
    (told,) = fallbacks(data_of(replace(problem, charges=charges)), twice)
    assert told.served == 1.0
    assert isclose(told.moved_to[0].share, 0.75)
    assert told.per_month == 0.0


def test_a_loss_of_what_does_not_serve_the_segment_has_no_record() -> None:
    problem = apis_only()
    other = replace(problem, contingencies=(Contingency("provider", "elsewhere", 0.1),))
    as_it_is = solution(problem, api=[[1.0, 1.0], [0.0, 0.0]], z=[[1, 1], [0, 0]], blocks=(0, 1))
    assert fallbacks(data_of(other), as_it_is) == ()


def test_sub_segments_by_region_are_one_record() -> None:
    (told,), billed = read(apis_only(segments=("chat@eu", "chat@us")))
    (alone,), once = read(apis_only())
    assert (told.segment, told.served, told.moved_to) == (alone.segment, alone.served, alone.moved_to)
    assert isclose(told.per_month, 2 * alone.per_month)
    assert isclose(billed, 2 * once)


@pytest.mark.parametrize("seed", range(8))
def test_the_records_come_to_the_same_money_as_the_bill_and_keep_what_is_asked(seed: int) -> None:
    problem = random_problem(seed, segments=2, designs=4, apis=3, blocks=4)
    losses = [Contingency("provider", name, 0.05) for name in sorted({a.offer.provider for a in problem.apis})]
    losses += [Contingency("provider", name, 0.02) for name in sorted({d.provider for d in problem.designs})]
    losses += [Contingency("replica", design.id, 0.01) for design in problem.designs]
    losses += [Contingency("spot", spot_market(d), 0.1) for d in problem.designs if "spot" in d.purchases]
    asked = np.array([0.8, 0.3])
    records, billed = read(replace(problem, coverage=asked, contingencies=tuple(dict.fromkeys(losses))))
    assert isclose(sum(each.per_month for each in records), billed, rel_tol=1e-6, abs_tol=1e-6)
    for each in records:
        assert each.served >= asked[problem.segment_of.index(each.segment)] - 1e-6
        assert sum(part.share for part in each.moved_to) <= 1 + 1e-6


def test_fallbacks_of_next_to_nothing_are_one_line_and_the_sum_stays() -> None:
    problem = apis_only(coverage=1.0)
    rare = replace(problem, contingencies=(replace(PROVIDER, share=1e-9), Contingency("provider", "far", 0.2)))
    program = build(rare)
    plan = solution_of(program.data, solve(program, gap=1e-9).values)
    (line,) = bill(program.data, plan)["fallback"]
    assert (line.name, line.unit) == ("other fallbacks", "request")
    assert isclose(line.per_month, 1e-9 * (3600 * 300 + 1800 * 430) * 0.03)
    assert line.estimate


def test_a_line_says_where_requests_go_and_while_what_is_lost() -> None:
    program = build(apis_only())
    (line,) = bill(program.data, solution_of(program.data, solve(program).values))["fallback"]
    assert line.name == "fallback to far/b while near is down"
    assert line.estimate == "10% of the month: a guess"
    assert loss_words("replica", "m:fp8") == "a replica of m:fp8 is down"
    assert loss_words("spot", "aws@us/h100") == "all spot of aws@us/h100 is reclaimed"
