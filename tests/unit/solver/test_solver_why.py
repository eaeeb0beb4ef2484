"""What a bill's line is made of multiplies to the line, in every kind of problem that a bill has lines for."""

from dataclasses import replace
from math import isclose, prod

import pytest
from test_solver_readoff import cases

from solver.problem import Problem
from solver.program.build import build
from solver.readoff import read_off
from solver.solve import solve

NOT_IN_TERMS = ("GPU hours", "commitment beyond", "paid already", "replicas ", "routes ")
"""Lines whose quantity is counts of the plan's pools and routes."""


@pytest.mark.parametrize("case", range(13))
def test_the_terms_of_a_line_add_to_its_quantity_and_its_money(case: int, tiny_problem: Problem) -> None:
    problem = cases(tiny_problem)[case]
    fixed = {cost.name for cost in problem.fixed_costs}
    for line in read_off(problem, solve(build(problem))).lines:
        if line.price_of:
            assert isclose(prod(line.price_of.values()), line.price, rel_tol=1e-9), line.name
        if not line.terms:
            assert line.name in fixed or line.name.startswith(NOT_IN_TERMS), line.name
            continue
        assert isclose(sum(each.quantity for each in line.terms), line.quantity, rel_tol=1e-9), line.name
        money = sum(each.quantity * (line.price if each.price is None else each.price) for each in line.terms)
        assert isclose(money, line.per_month, rel_tol=1e-9), line.name


@pytest.mark.parametrize("case", range(13))
def test_what_segments_ask_of_a_pool_is_within_what_it_holds_when_one_alone_asks(
    case: int, tiny_problem: Problem
) -> None:
    problem = replace(cases(tiny_problem)[case], coverage=None)
    parts = read_off(problem, solve(build(problem)))
    for pool in parts.pools:
        asked = [
            each for segment in parts.segments for served in segment.served_by
            if served.option == pool.option for each in served.capacity
        ]  # fmt: skip
        assert isclose(sum(each.busy_share for each in asked), 1.0, rel_tol=1e-6)
        for each in asked:
            by_hand = each.peak_per_s * each.replica_seconds * (1 + each.headroom) / each.availability
            assert isclose(each.replicas, by_hand, rel_tol=1e-9)
            held = sum(row.count for row in pool.replicas if row.block in (None, each.block))
            assert each.peak_per_s * each.replica_seconds * (1 + each.headroom) <= held * (1 + 1e-6)
