"""The program's optimum against an oracle that tries everything and shares no code with it, on 300 tiny problems."""

import ast
from dataclasses import replace
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_problems import design, flat_blocks, offer
from oracle import count_points, exhaustive_cost, oracle_cost
from oracle_cases import FEATURES, dropped, tiny_case

from catalogs.vocabulary import PurchaseType
from solver.optimise import optimise
from solver.problem import (
    ApiOption,
    Charge,
    Contingency,
    FixedCost,
    InForce,
    Moving,
    Problem,
    Purchase,
    Rules,
)

CASES, SHORT = 300, 60
"""All cases, and those that `make test` solves."""
FOUND = (445, 484, 1207, 1803, 1864, 1964, 2323, 2491, 2545, 2563, 2809, 2827, 3461, 5552, 6059, 6725)
"""More cases, on which the program was once wrong."""
MONTH = 730.0
REQUESTS = MONTH * 3600
"""Requests a month of 1 request/s."""


@cache
def cost_of(seed: int) -> float | None:
    return oracle_cost(tiny_case(seed))


def agree(problem: Problem, expected: float | None) -> bool:
    """Whether the program finds this optimum, to 1e-6, and proves it with a bound that holds."""
    outcome = optimise(problem, gap=1e-9)
    if expected is None:
        return outcome.status == "infeasible"
    assert outcome.status == "optimal"
    assert outcome.objective is not None
    assert outcome.bound is not None
    assert expected * (1 - 1e-6) <= outcome.bound <= expected * (1 + 1e-6)
    return isclose(outcome.objective, expected, rel_tol=1e-6)


def seeds() -> list[Any]:
    """The cases, those after the first SHORT for the long run, and the regressions."""
    later = [pytest.param(seed, marks=pytest.mark.long) for seed in range(SHORT, CASES)]
    return [*range(SHORT), *later, *FOUND]


@pytest.mark.parametrize("seed", seeds())
def test_the_optimum_is_that_of_the_oracle(seed: int) -> None:
    assert agree(tiny_case(seed), cost_of(seed))


def differs(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is not other
    return not isclose(one, other, rel_tol=1e-6)


@pytest.mark.parametrize("feature", FEATURES)
def test_the_cases_of_make_test_hold_every_feature(feature: str) -> None:
    assert sum(dropped(tiny_case(seed), feature) is not None for seed in range(SHORT)) >= 2


@pytest.mark.long
@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_in_ten_cases_and_changes_the_optimum_of_three(feature: str) -> None:
    without = {seed: other for seed in range(CASES) if (other := dropped(tiny_case(seed), feature)) is not None}
    assert len(without) >= 10
    changed = 0
    for seed, other in without.items():
        changed += differs(oracle_cost(other), cost_of(seed))
        if changed == 3:
            return
    raise AssertionError(f"{feature} changes the optimum of {changed} cases only")


def test_some_cases_have_no_plan() -> None:
    assert 3 <= sum(cost_of(seed) is None for seed in range(SHORT)) <= SHORT / 3


@pytest.mark.parametrize("seed", [seed for seed in range(SHORT) if count_points(tiny_case(seed)) < 1500][:20])
def test_splitting_finds_what_trying_every_whole_number_finds(seed: int) -> None:
    assert not differs(exhaustive_cost(tiny_case(seed)), cost_of(seed))


def test_the_oracle_shares_no_code_with_the_program() -> None:
    here, allowed = Path(__file__).parent, {"solver.problem", "catalogs.records", "catalogs.vocabulary"}
    for file in ("oracle.py", "oracle_rows.py", "oracle_facts.py"):
        tree = ast.parse((here / file).read_text())
        named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        named |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
        assert {name for name in named if name.split(".")[0] in ("solver", "catalogs", "wizard")} <= allowed


# Worked by hand. One block of 730 hours; a month of one replica at 1 an hour is 730.

ON_DEMAND: dict[PurchaseType, Purchase] = {"on_demand": Purchase(1.0, 1.0)}
POOL = design("m/g/cloud", ON_DEMAND)


def one_pool(
    busy: float, ways: dict[PurchaseType, Purchase] = ON_DEMAND, apis: dict[str, float] | None = None, **changes: Any
) -> Problem:
    """A segment of 1 request/s that keeps so many replicas busy, and APIs at a price for all of its month."""
    offers = tuple(ApiOption(name, offer(name)) for name in apis or {})
    problem = Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([MONTH], [[1.0]]),
        designs=(replace(POOL, purchases=ways),), apis=offers, kappa=np.array([[busy]]),
        charges={(0, api): (Charge("tokens", "request", 1.0, cost / REQUESTS),) for api, cost in (apis or {}).items()},
        headroom=np.zeros(1), spot_tolerance=np.zeros(1), tokens_per_request=np.ones(1), may_wait=np.array([False]),
        fixed_costs=(), people=None, rules=Rules(),
    )  # fmt: skip
    return replace(problem, **changes)


def lost(kind: Any, of: str, share: float = 0.0, coverage: float = 1.0) -> dict[str, Any]:
    return {"contingencies": (Contingency(kind, of, share),), "coverage": np.array([coverage])}


def held(replicas: int, m: PurchaseType = "reserved_3y") -> dict[str, Any]:
    """In force for half of the horizon, in which a replica-hour still costs 0.2."""
    return {"in_force": {(POOL.id, m): InForce(replicas, 0.5, 0.2)}}


THREE_YEARS: dict[PurchaseType, Purchase] = {"reserved_3y": Purchase(1.0, 1.0, 1, 36)}
CHARGE: dict[str, Any] = {"rules": Rules(horizon_months=12, beyond_horizon="charge")}
SPOT: dict[PurchaseType, Purchase] = {**ON_DEMAND, "spot": Purchase(0.25, 1.0)}
OWNED: dict[PurchaseType, Purchase] = {**ON_DEMAND, "owned": Purchase(0.5, 1.0, capital=100.0)}
TODAY = Moving(
    routes=frozenset({(0, POOL.id), (0, "x/old")}), replicas={POOL.id: 3.0}, replica_added=20.0, replica_removed=10.0,
    route_added=7.0, route_removed=5.0,
)  # fmt: skip

BY_HAND: dict[str, tuple[Problem, float]] = {
    # 1.5 replicas of work rest on 2. With one of 2 lost 1 is left: too little, so 3 are held.
    "a third replica, for all is covered": (one_pool(1.5, **lost("replica", POOL.id)), 3 * 730),
    # 0.6 of 1.5 is 0.9: the one that is left carries it.
    "two replicas, for 0.6 is covered": (one_pool(1.5, **lost("replica", POOL.id, coverage=0.6)), 2 * 730),
    # The one that is left carries 2/3, an API the third for 3 % of the month: 0.03 * 3000 / 3 = 30, and 100 to have it.
    "an API, used only while a replica is lost": (
        one_pool(1.5, apis={"x/api": 3000.0}, **lost("replica", POOL.id, 0.03),
                 fixed_costs=(FixedCost("supplier", "month", 1.0, 100.0, ("supplier", "x")),)),
        2 * 730 + 30 + 100,
    ),
    # One spot replica (1.0) carries 0.8 of 0.7; a fifth may not rest on it: 0.14 serverless replicas at 3 an hour.
    "spot beside serverless, more than the work needs": (
        one_pool(0.7, {"spot": Purchase(1.0, 1.0), "serverless": Purchase(3.0, 1.0)}, spot_tolerance=np.array([0.8])),
        730 + 0.14 * 3 * 730,
    ),
    # 0.7 serverless replicas at 3 an hour, all month; a replica by the hour elsewhere costs 1550, the API 1600.
    "serverless beside spot that hardly anything may rest on": (
        one_pool(
            0.7, apis={"x/api": 1600.0}, spot_tolerance=np.array([0.2]), kappa=np.array([[0.7, 0.7]]),
            rules=Rules(max_pool_designs=1),
            designs=(
                replace(POOL, purchases={"spot": Purchase(1.0, 1.0), "serverless": Purchase(3.0, 1.0)}),
                design("m/h/cloud", {"on_demand": Purchase(1550 / MONTH, 1.0)}),
            ),
        ),
        0.7 * 3 * 730,
    ),
    # Without its spot the pool must carry 0.4 of 2 replicas: one on demand, and one of spot for the rest.
    "spot is lost": (
        one_pool(2.0, SPOT, spot_tolerance=np.ones(1), **lost("spot", POOL.id, coverage=0.4)), 730 + 0.25 * 730,
    ),
    # All on the cheap API costs 400; for 0.1 of the month it is lost and half goes to the dear one: 0.1 * 0.5 * 1000.
    "a provider is lost": (
        one_pool(9.0, apis={"x/cheap": 400.0, "y/dear": 1000.0}, **lost("provider", "x", 0.1, 0.5)), 400 + 50,
    ),
    # 2 of the 3 in force are kept; in half of the horizon each costs 0.2 in place of 1: 2 * 730 * (1 - 0.5 * 0.8).
    "in force, and a term longer than may be signed": (one_pool(1.5, THREE_YEARS, **held(3)), 2 * 730 * 0.6),
    # 3 are needed, 2 in force: the third is new, and 24 of its 36 months lie beyond 12: 730 * (1 + 2).
    "in force, and one more signed beyond the horizon": (
        one_pool(2.5, THREE_YEARS, **held(2), **CHARGE), 2 * 730 * 0.6 + 730 * 3,
    ),
    # One may be bought for 100, and one is owned and half paid: 0.5 - (0.5 - 0.2) * 0.5 = 0.35. The third by the hour.
    "capital for what is not yet owned": (
        one_pool(2.5, OWNED, **held(1, "owned"), rules=Rules(capital=199.0)), 730 * (0.35 + 0.5 + 1),
    ),
    # 2 of 3 replicas stay (one removal is 10), the old API goes (5). 1 % of it would cost 50, a third of it 1667.
    "what runs today is left": (
        one_pool(1.5, apis={"x/old": 5000.0, "y/new": 4900.0}, moving=TODAY), 2 * 730 + 10 + 5,
    ),
    # 3 replicas run where 2 did; the old API is no longer to be had, so its route goes.
    "a replica is added": (one_pool(2.5, moving=replace(TODAY, replicas={POOL.id: 2.0})), 3 * 730 + 20 + 5),
    # 1 % of the month keeps the old API in use: 10, where letting it go costs 12. The pool serves the rest.
    "a route is kept by 1 % of the month": (
        one_pool(1.0, apis={"x/old": 1000.0}, moving=replace(TODAY, replicas={POOL.id: 1.0}, route_removed=12.0)),
        730 + 10,
    ),
    # An idle replica costs 730 a month, its removal 800: all three stay.
    "replicas are kept as their removal is dearer": (
        one_pool(1.5, moving=replace(TODAY, routes=frozenset({(0, POOL.id)}), replica_removed=800.0)), 3 * 730,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_the_oracle_finds_what_was_worked_by_hand(name: str) -> None:
    problem, expected = BY_HAND[name]
    found = oracle_cost(problem)
    assert found is not None
    assert isclose(found, expected, rel_tol=1e-9)


@pytest.mark.parametrize("name", list(BY_HAND))
def test_the_program_finds_what_was_worked_by_hand(name: str) -> None:
    assert agree(*BY_HAND[name])


def test_units_serve_each_segment_at_its_own_rate_and_come_in_steps() -> None:
    # 3 requests/s at 1 a unit and 4 at 2 a unit fill 5 units; in steps of 2 that is 6, each 10 a month.
    units = ApiOption("x/api", offer("x/api"), unit_price=10 / MONTH, unit_min=2, unit_step=2)
    problem = replace(
        one_pool(1.0), segments=("s", "t"), segment_of=("s", "t"), blocks=flat_blocks([MONTH], [[3.0], [4.0]]),
        kappa=np.full((2, 1), np.nan), apis=(units,),
        charges={(s, "x/api"): (Charge("tokens", "request", 1.0, 100.0),) for s in range(2)}, headroom=np.zeros(2),
        spot_tolerance=np.zeros(2), tokens_per_request=np.ones(2), may_wait=np.zeros(2, dtype=bool),
        unit_rate={(0, "x/api"): 1.0, (1, "x/api"): 2.0},
    )  # fmt: skip
    found = oracle_cost(problem)
    assert found is not None
    assert isclose(found, 60.0, rel_tol=1e-9)
    assert agree(problem, 60.0)


def test_a_pool_beside_units_that_cost_less_than_their_tokens() -> None:
    # The pool serves s for 1000 where its API asks 3000; units serve t for 300 where its tokens cost 3000.
    units = ApiOption("y/two", offer("y/two"), unit_price=300 / MONTH, unit_min=1)
    problem = replace(
        one_pool(0.5, {"on_demand": Purchase(1000 / MONTH, 1.0)}), segments=("s", "t"), segment_of=("s", "t"),
        blocks=flat_blocks([MONTH], [[1.0], [1.0]]), kappa=np.array([[0.5], [np.nan]]),
        apis=(ApiOption("x/one", offer("x/one")), units), headroom=np.zeros(2), spot_tolerance=np.zeros(2),
        charges={
            pair: (Charge("tokens", "request", 1.0, 3000 / REQUESTS),) for pair in ((0, "x/one"), (1, "y/two"))
        },
        tokens_per_request=np.ones(2), may_wait=np.zeros(2, dtype=bool), unit_rate={(1, "y/two"): 1.0},
    )  # fmt: skip
    found = oracle_cost(problem)
    assert found is not None
    assert isclose(found, 1300.0, rel_tol=1e-9)
    assert agree(problem, 1300.0)
