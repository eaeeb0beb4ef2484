"""The simplest plan near the best, and where checklist and cost part ways: by hand, and against other solves."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from made_problems import design, flat_blocks, offer

from catalogs.catalog import Catalog, load_catalog
from catalogs.profiles import profiles
from solver.checklist import applied, checklist_items
from solver.explanation.branches import Effort
from solver.explanation.disagreements import disagreements_of
from solver.explanation.records import Simplest
from solver.explanation.simplest import simplest_near
from solver.explanation.verdict import judge
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import ChecklistItem
from solver.problem import ApiOption, Charge, Problem, Purchase, Rules
from solver.scenario import Scenario

HOURS = 730.0
REQUESTS = 3600 * HOURS


def two(pools: dict[str, tuple[float | None, float | None, float]], apis: dict[str, tuple[float, float]],
        **rules: Any) -> Problem:  # fmt: skip
    """Two segments of 1 request/s. A pool: replicas for each (None: may not), cost of a replica; an API: its bills."""
    designs = tuple(design(name, {"on_demand": Purchase(cost / HOURS, 1.0)}) for name, (_, _, cost) in pools.items())
    offers = tuple(ApiOption(name, offer(name)) for name in apis)
    kappa = [[np.nan if pool[s] is None else pool[s] for pool in pools.values()] for s in (0, 1)]
    return Problem(
        segments=("a", "b"), segment_of=("a", "b"), blocks=flat_blocks([HOURS], [[1.0], [1.0]]), designs=designs,
        apis=offers, kappa=np.array(kappa, dtype=np.float64).reshape(2, len(designs)),
        charges={(s, name): (Charge("requests", "request", 1.0, bills[s] / REQUESTS),)
                 for name, bills in apis.items() for s in (0, 1)},
        headroom=np.zeros(2), spot_tolerance=np.zeros(2), tokens_per_request=np.ones(2), may_wait=np.zeros(2, bool),
        fixed_costs=(), people=None, rules=Rules(**rules),
    )  # fmt: skip


def simplest(problem: Problem) -> Simplest | None:
    return simplest_near(problem, optimise(problem, 1e-9), Effort(1e-9))


POOLS = {"one/g/cloud1": (1.0, None, 1000.0), "two/g/cloud2": (None, 1.0, 1000.0), "both/g/cloud3": (1.0, 1.0, 1040.0)}


def test_one_design_for_80_a_month_more_is_offered_instead_of_two() -> None:
    found = simplest(two(POOLS, {}))
    assert found is not None
    assert (found.verdict, found.pool_designs, found.suppliers) == ("self_host", 1, 1)
    assert (found.pool_designs_now, found.suppliers_now) == (2, 2)
    assert found.total_per_month == pytest.approx(2080)
    assert found.more_per_month == pytest.approx(80)
    assert found.options == ("both:fp8/1xg/vllm/cloud3@us",)


def test_beyond_what_the_policy_allows_nothing_is_offered() -> None:
    assert simplest(two(POOLS, {}, simple_within=0.039)) is None
    assert simplest(two(POOLS, {}, simple_within=0.041)) is not None


def test_no_pool_is_simpler_than_one() -> None:
    found = simplest(two({"both/g/cloud": (1.0, 1.0, 1000.0)}, {"seller/m": (1020.0, 1020.0)}))
    assert found is not None
    assert (found.verdict, found.pool_designs, found.pool_designs_now) == ("stay_on_api", 0, 1)
    assert found.more_per_month == pytest.approx(40)


def test_with_as_many_designs_fewer_suppliers_are_simpler() -> None:
    sellers = {"seller1/m": (100.0, 109.0), "seller2/m": (200.0, 100.0)}
    found = simplest(two({}, sellers))
    assert found is not None
    assert (found.pool_designs, found.suppliers, found.suppliers_now) == (0, 1, 2)
    assert found.total_per_month == pytest.approx(209)
    assert found.more_per_month == pytest.approx(9)
    assert simplest(two({}, sellers, simple_within=0.04)) is None
    assert simplest(two({}, sellers, min_suppliers=2)) is None


def test_what_is_simplest_already_is_not_offered_again() -> None:
    assert simplest(two({}, {"seller/m": (100.0, 100.0)})) is None


@cache
def catalog() -> Catalog:
    return load_catalog()


def chat(**checklist: int) -> Scenario:
    tables = dict(profiles()["support-chat"])
    return Scenario.model_validate(tables | {"checklist": checklist})


def found_in(scenario: Scenario) -> tuple[Any, ...]:
    problem = problem_of(scenario, catalog())
    judged = judge(problem, optimise(problem), 1e-4, Effort(1e-5))
    return disagreements_of(scenario, catalog(), problem, checklist_items(scenario), judged, Effort(1e-5))


def test_answers_that_lean_to_self_hosting_where_the_api_is_cheaper_have_their_price() -> None:
    scenario = chat(quality=1, load=1, spend=1)
    (found,) = found_in(scenario)
    assert (found.kind, found.leans, found.answered) == ("lean", "self_host", 3)
    assert found.items == tuple(each.item for each in checklist_items(scenario) if each.lean == "self_host")
    assert {"load", "quality"} <= set(found.items)
    problem = problem_of(scenario, catalog())
    must = replace(problem, rules=replace(problem.rules, must_use=("pools",)))
    more = (optimise(must, 1e-6).objective or 0.0) - (optimise(problem, 1e-6).objective or 0.0)
    assert more > 0
    assert found.per_month == pytest.approx(more, rel=1e-4)


def test_answers_that_lean_with_the_cost_are_no_disagreement() -> None:
    assert found_in(chat(load=2)) == ()
    assert found_in(chat()) == ()


def test_an_answer_that_alone_keeps_the_plan_off_the_api_is_priced_by_solving_without_it() -> None:
    asked = applied(applied(chat(data=6, cost=4), "cost", 4), "data", 6)
    answers = [each for each in found_in(asked) if each.kind == "answer"]
    assert [(each.items, each.leans, each.verdict_then) for each in answers] == [
        (("data",), "self_host", "stay_on_api")
    ]
    kept_in, free = (problem_of(each, catalog()) for each in (asked, applied(asked, "data", 1)))
    less = (optimise(kept_in, 1e-6).objective or 0.0) - (optimise(free, 1e-6).objective or 0.0)
    assert answers[0].per_month == pytest.approx(less, rel=1e-3)


def test_answers_that_lean_to_the_api_are_priced_by_the_best_plan_of_apis() -> None:
    problem = two({"both/g/cloud": (1.0, 1.0, 1000.0)}, {"seller/m": (4000.0, 4000.0)})
    judged = judge(problem, optimise(problem, 1e-9), 1e-9, Effort(1e-9))
    items = (
        ChecklistItem(item="load", answer="bursts", lean="api"),
        ChecklistItem(item="team", answer="x", lean="neutral"),
    )
    (found,) = disagreements_of(chat(), catalog(), problem, items, judged, Effort(1e-9))
    assert (found.items, found.leans, found.answered) == (("load",), "api", 2)
    assert found.per_month == pytest.approx(8000 - 2000)
