"""Offers and suppliers that others can stand in for leave no optimum out."""

from dataclasses import replace

import numpy as np
import pytest
from made_problems import random_problem

from catalogs.records import ApiOffer
from solver.problem import Contingency, Problem, Rules
from solver.program.build import build
from solver.program.data import data_of
from solver.program.offers import needed_offers
from solver.program.variables import suppliers
from solver.solve import solve


def many_suppliers(seed: int) -> Problem:
    """Eight suppliers of twelve offers, some limited, of like prices; half of the cases may lose any of them."""
    dice = np.random.default_rng(seed)
    problem = random_problem(seed, segments=2, designs=2, apis=12, blocks=3)
    apis = tuple(
        replace(api, offer=replace_provider(api.offer, f"seller{int(dice.integers(0, 8))}")) for api in problem.apis
    )
    fixed = tuple(each for each in problem.fixed_costs if each.trigger[0] != "supplier")
    names = sorted({api.offer.provider for api in apis})
    first = next(each for each in problem.fixed_costs if each.trigger[0] == "supplier")
    fixed += tuple(
        replace(first, quantity=float(dice.choice([0.0, 0.01])), trigger=("supplier", name)) for name in names
    )
    problem = replace(problem, apis=apis, fixed_costs=fixed)
    if seed % 2:
        lost = tuple(Contingency("provider", name, float(dice.choice([0.002, 0.01]))) for name in names)
        problem = replace(problem, contingencies=lost, coverage=np.array([1.0, 0.6]))
    rules = [Rules(), Rules(min_suppliers=2), Rules(max_suppliers=2)]
    return replace(problem, rules=rules[seed % 3])


def replace_provider(offer: ApiOffer, provider: str) -> ApiOffer:
    return offer.model_copy(update={"provider": provider})


@pytest.mark.parametrize("seed", range(30))
def test_the_optimum_is_the_same_with_all_offers(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = many_suppliers(seed)
    reduced = solve(build(problem), gap=1e-8).objective

    def all_offers(problem: Problem, request_cost: object, *_: object) -> tuple[tuple[int, int], ...]:
        ids = {api.id: a for a, api in enumerate(problem.apis)}
        return tuple(sorted((s, ids[option]) for s, option in problem.charges if option in ids))

    monkeypatch.setattr("solver.program.data.needed_offers", all_offers)
    whole = solve(build(problem), gap=1e-8).objective
    assert reduced == (None if whole is None else pytest.approx(whole, rel=1e-6))


def test_suppliers_go_in_many_of_those_cases() -> None:
    kept = [len(suppliers(data_of(many_suppliers(seed)))) for seed in range(30)]
    there = [len({api.offer.provider for api in many_suppliers(seed).apis}) for seed in range(30)]
    assert sum(kept) < 0.8 * sum(there)


def test_where_a_rule_names_offers_all_stay() -> None:
    problem = replace(many_suppliers(0), rules=Rules(must_use=("apis",)))
    pairs = needed_offers(problem, dict.fromkeys(problem.charges, 1.0), np.ones(len(problem.segments)), set())
    assert len(pairs) == len({pair for pair in problem.charges if pair[1] in {api.id for api in problem.apis}})


def sold_by_the_unit(seed: int) -> Problem:
    """Two suppliers with offers by the request and by the unit, whose prices lie around those of full units."""
    dice = np.random.default_rng(1000 + seed)
    problem = many_suppliers(seed)
    apis = []
    rates: dict[tuple[int, str], float] = {}
    for a, api in enumerate(problem.apis):
        api = replace(api, offer=replace_provider(api.offer, f"seller{a % 2}"))
        if a >= 8:
            unit = float(dice.choice([0.2, 1.0, 5.0])) * 0.05
            api = replace(api, unit_price=unit, unit_min=int(dice.integers(1, 3)), unit_step=int(dice.integers(1, 3)))
            rates |= {(s, api.id): float(dice.uniform(0.2, 2.0)) for s in range(2) if (s, api.id) in problem.charges}
        apis.append(api)
    return replace(problem, apis=tuple(apis), unit_rate=rates, rules=Rules())


@pytest.mark.parametrize("seed", range(20))
def test_the_optimum_is_the_same_with_all_units(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = sold_by_the_unit(seed)
    reduced = solve(build(problem), gap=1e-8).objective
    monkeypatch.setattr("solver.program.data.useful_units", lambda problem, *_: dict(problem.unit_rate))
    whole = solve(build(problem), gap=1e-8).objective
    assert reduced == (None if whole is None else pytest.approx(whole, rel=1e-6))


def test_units_go_in_some_of_those_cases_and_stay_in_some() -> None:
    problems = [sold_by_the_unit(seed) for seed in range(20)]
    kept = [len(data_of(problem).problem.unit_rate) for problem in problems]
    there = [len(problem.unit_rate) for problem in problems]
    assert 0 < sum(kept) < sum(there)
