"""The bill adds up twice, and what the plan says can be redone by hand."""

import re
from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
import pytest
from made_problems import random_problem

from catalogs.vocabulary import PurchaseType
from solver.bill import bill
from solver.problem import Contingency, InForce, LoadBlocks, Moving, Problem, Purchase, Rules
from solver.program.build import build
from solver.readoff import read_off
from solver.solution import solution_of
from solver.solve import Outcome, solve

EVERYTHING = Rules(must_use=("lambda", "qwen", "openai", "together"), horizon_months=6, beyond_horizon="charge")


LOST = (
    Contingency("replica", "llama:fp8/1xh100/vllm/lambda@us", 0.01),
    Contingency("spot", "llama:fp8/1xh100/vllm/lambda@us", 0.02),
    Contingency("provider", "openai", 0.1),
    Contingency("provider", "aws", 0.1),
)
RUNS: dict[str, Any] = {
    "in_force": {("llama:fp8/1xh100/vllm/lambda@us", "reserved_1y"): InForce(1, 0.5, 0.25)},
    "moving": Moving(
        frozenset({(0, "llama:fp8/1xh100/vllm/lambda@us"), (0, "gone/model")}),
        {"llama:fp8/1xh100/vllm/lambda@us": 1.0}, 100.0, 50.0, 30.0, 20.0,
    ),
}  # fmt: skip


def cases(tiny: Problem) -> list[Problem]:
    provisioned = replace(tiny, apis=(replace(tiny.apis[0], unit_price=0.01), tiny.apis[1]))
    year: dict[PurchaseType, Purchase] = {"reserved_1y": tiny.designs[0].purchases["reserved_1y"]}
    committed = replace(tiny, designs=(replace(tiny.designs[0], purchases=year), tiny.designs[1]))
    return [
        tiny,
        replace(committed, rules=EVERYTHING),
        replace(tiny, rules=EVERYTHING),
        replace(provisioned, rules=EVERYTHING),
        replace(tiny, apis=()),
        replace(tiny, may_wait=np.array([False, True])),
        replace(tiny, coverage=np.array([1.0, 0.5]), contingencies=LOST),
        replace(replace(committed, rules=EVERYTHING), coverage=np.array([1.0, 0.5]), contingencies=LOST, **RUNS),
        *(random_problem(seed, segments=2, designs=5, apis=3, blocks=6) for seed in range(5)),
    ]


@pytest.mark.parametrize("case", range(13))
def test_the_lines_counted_from_the_plan_equal_the_objective_term_by_term(case: int, tiny_problem: Problem) -> None:
    problem = cases(tiny_problem)[case]
    program = build(problem)
    outcome = solve(program)
    lines = bill(program.data, solution_of(program.data, outcome.values))
    assert outcome.objective is not None
    assert list(lines) == list(program.terms)
    for name, term in program.terms.items():
        objective = sum(cost * outcome.values.get(var.name, 0.0) for var, cost in term.items())
        assert isclose(sum(each.per_month for each in lines[name]), objective, rel_tol=1e-6, abs_tol=1e-6), name
    assert isclose(sum(e.per_month for term in lines.values() for e in term), outcome.objective, rel_tol=1e-6)
    for each in (e for term in lines.values() for e in term):
        assert each.per_month == each.quantity * each.price


def test_every_term_of_the_objective_stands_in_some_case(tiny_problem: Problem) -> None:
    seen: set[str] = set()
    for problem in cases(tiny_problem):
        program = build(problem)
        lines = bill(program.data, solution_of(program.data, solve(program).values))
        seen |= {name for name, each in lines.items() if each}
    assert seen == set(build(tiny_problem).terms)


@pytest.mark.parametrize("case", range(13))
def test_shares_add_to_one_and_the_segments_carry_what_options_cost(case: int, tiny_problem: Problem) -> None:
    problem = cases(tiny_problem)[case]
    outcome = solve(build(problem))
    parts = read_off(problem, outcome)
    fixed = {cost.name for cost in problem.fixed_costs}
    apart = ("operations", "fallback", "replicas ", "routes ")
    options = sum(e.per_month for e in parts.lines if e.name not in fixed and not e.name.startswith(apart))
    for segment in parts.segments:
        assert isclose(sum(each.share for each in segment.served_by), 1.0, abs_tol=1e-6)
        assert all(each.share >= 1e-9 for each in segment.served_by)
    assert isclose(sum(e.per_month for s in parts.segments for e in s.served_by), options, rel_tol=1e-6)


def test_the_total_is_the_sum_of_the_lines_and_the_gap_is_of_that_total(tiny_problem: Problem) -> None:
    parts = read_off(tiny_problem, solve(build(tiny_problem)))
    assert parts.total_per_month == sum(each.per_month for each in parts.lines)
    assert parts.bound_per_month is not None
    assert parts.gap == (parts.total_per_month - parts.bound_per_month) / parts.total_per_month


def test_a_pool_says_what_it_holds_and_how_busy_it_is(tiny_problem: Problem) -> None:
    # Chat on llama alone, on demand and unshared: 1.5 replicas of work with headroom at the peak, 0.6 off it.
    llama = replace(tiny_problem.designs[0], purchases={"on_demand": tiny_problem.designs[0].purchases["on_demand"]})
    problem = Problem(
        **{
            **vars(tiny_problem),
            "segments": ("chat",), "segment_of": ("chat",), "designs": (llama,), "apis": (), "charges": {},
            "blocks": LoadBlocks(
                tiny_problem.blocks.hours, tiny_problem.blocks.peak[:1], tiny_problem.blocks.mean[:1],
                tiny_problem.blocks.weekend,
            ),
            "kappa": tiny_problem.kappa[:1, :1], "headroom": np.array([0.5]), "spot_tolerance": np.array([0.0]),
            "tokens_per_request": np.array([1200.0]), "may_wait": np.array([False]),
        }
    )  # fmt: skip
    parts = read_off(problem, solve(build(problem)))
    (pool,) = parts.pools
    assert [(each.purchase, each.block, each.count) for each in pool.replicas] == [
        ("on_demand", 0, 2.0), ("on_demand", 1, 1.0)
    ]  # fmt: skip
    # Busy: 0.1 s x (8 x 200 + 2 x 530) of (2 x 200 + 1 x 530) hours.
    assert isclose(pool.utilisation, 0.1 * 2660 / 930)
    assert parts.verdict == "self_host"
    (line,) = (each for each in parts.lines if each.unit == "replica-hour")
    assert (line.quantity, line.price) == (930.0, 3.0)
    words = parts.segments[0].served_by[0].arithmetic
    for part in ("peak 10 requests/s", "10 requests/s a replica", "1.5 headroom", "1.5 replicas", "930", "x 3"):
        assert part in words


def test_the_arithmetic_of_an_api_can_be_redone_by_a_reader(tiny_problem: Problem) -> None:
    apis_only = replace(tiny_problem, kappa=np.full((2, 2), np.nan))
    parts = read_off(apis_only, solve(build(apis_only)))
    served = next(each for each in parts.segments[1].served_by if each.option == "openai/gpt")
    found = re.match(r"([\d,]+) requests a month x \(0.0005 Mtok input x 2\) = ([\d,.]+)", served.arithmetic)
    assert found is not None
    requests, money = (float(text.replace(",", "")) for text in found.groups())
    assert requests == 730 * 3600
    assert isclose(requests * 0.0005 * 2, money)
    assert isclose(served.per_month, money)


def test_replicas_alike_in_every_block_stand_once(tiny_problem: Problem) -> None:
    parts = read_off(tiny_problem, solve(build(replace(tiny_problem, rules=replace(EVERYTHING, must_use=("qwen",))))))
    for pool in parts.pools:
        purchases = [each.purchase for each in pool.replicas if each.block is None]
        assert len(purchases) == len(set(purchases))


def test_sub_segments_are_summed_into_their_segment(tiny_problem: Problem) -> None:
    problem = replace(
        tiny_problem, segments=("chat@us", "chat@eu"), segment_of=("chat", "chat"), apis=tiny_problem.apis[:1]
    )
    parts = read_off(problem, solve(build(problem)))
    (segment,) = parts.segments
    assert segment.name == "chat"
    assert isclose(segment.requests_per_month, 3600 * (8 * 200 + 2 * 530 + 730))
    assert isclose(sum(each.share for each in segment.served_by), 1.0)
    assert len({each.option for each in segment.served_by}) == len(segment.served_by)


def test_without_a_plan_there_are_no_figures(tiny_problem: Problem) -> None:
    parts = read_off(tiny_problem, Outcome("infeasible", "proof", None, None, None))
    assert (parts.verdict, parts.total_per_month, parts.bound_per_month, parts.gap) == ("no_plan", None, None, None)
    assert (parts.lines, parts.segments, parts.pools) == ((), (), ())
    assert len(parts.blocks) == 2


def test_provisioned_units_stand_at_their_own_price_source_and_estimate(tiny_problem: Problem) -> None:
    api = replace(
        tiny_problem.apis[0], unit_price=0.01, estimate="latency: a guess", unit_source="price of units",
        unit_date="2026-05-05",
    )  # fmt: skip
    problem = replace(tiny_problem, apis=(api, tiny_problem.apis[1]), rules=EVERYTHING)
    parts = read_off(problem, solve(build(problem)))
    (line,) = (each for each in parts.lines if each.unit == "unit-hour")
    assert (line.source, line.estimate) == ("price of units", "")
    used = parts.prices["openai/gpt provisioned units"]
    assert (used.value, used.date, used.source, used.estimate) == (0.01, "2026-05-05", "price of units", "")
    guessed = replace(problem, apis=(replace(api, unit_estimate="by the hour"), tiny_problem.apis[1]))
    (line,) = (each for each in read_off(guessed, solve(build(guessed))).lines if each.unit == "unit-hour")
    assert line.estimate == "by the hour"


def test_the_prices_of_a_fallback_are_among_those_that_the_bill_rests_on(tiny_problem: Problem) -> None:
    apis_only = replace(
        tiny_problem, kappa=np.full((2, 2), np.nan), coverage=np.array([0.2, 0.0]),
        contingencies=(Contingency("provider", "openai", 0.1),),
    )  # fmt: skip
    only = {pair: each for pair, each in apis_only.charges.items() if pair[1] in ("openai/gpt", "together/llama")}
    dear = {**only, (0, "together/llama"): (replace(only[0, "together/llama"][0], price=99.0),)}
    problem = replace(apis_only, charges=dear)
    parts = read_off(problem, solve(build(problem)))
    assert {served.option for segment in parts.segments for served in segment.served_by} == {"openai/gpt"}
    assert parts.prices["together/llama input"].value == 99.0
