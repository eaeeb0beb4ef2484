"""The closed-form bounds are bounds, at any prices; the small programs behind them leave no optimum out."""

from dataclasses import replace
from itertools import combinations
from math import isclose

import numpy as np
import pytest
from made_problems import random_problem
from oracle_cases import tiny_case

from solver.ascent import ascended
from solver.branching import _parts, some_of
from solver.hour_rates import rates_of
from solver.optimise import optimise
from solver.pool_choice import Family, families
from solver.pricing import api_prices, bounds_in, bounds_of, priced_at
from solver.problem import Problem
from solver.program.build import Program, written
from solver.program.constraints import at_least
from solver.program.data import Data, data_of, narrowed
from solver.rest import rest_rows, with_rest
from solver.shortlist import merged_blocks, shortlist
from solver.solve import solve

SEEDS = range(60)


@pytest.fixture(autouse=True)
def every_switch_is_paid(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A pool that is asked for and not used is paid all the same, as the bounds count it."""
    if "forced" not in request.node.name:
        monkeypatch.setattr("solver.solve.least_switches", lambda data, v, values: dict(values))


def problem_of(seed: int) -> Problem:
    """A tiny problem with everything, or a larger one without losses."""
    return tiny_case(seed) if seed % 2 else random_problem(seed, segments=2, designs=5, apis=3, blocks=4)


def least(program: Program, open_: list[int]) -> float:
    """The optimum with at least one of these designs open; infinite if there is none."""
    row = at_least("some", {program.variables.open[k]: 1.0 for k in open_}, 1)
    return cost(replace(program, rows=(*program.rows, row)))


def cost(program: Program) -> float:
    """The optimum; infinite if there is none."""
    outcome = solve(program, gap=1e-9)
    return np.inf if outcome.objective is None else outcome.objective


def at_some_prices(data: Data, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The APIs' prices, or what a plan pays, raised or lowered by the segment at random."""
    dice = np.random.default_rng(seed)
    prices = np.minimum(api_prices(data), 3000.0 * data.problem.blocks.hours / 730)
    prices[data.problem.may_wait] = prices[data.problem.may_wait].min(axis=1, keepdims=True)
    return np.asarray(prices * dice.uniform(0.3, 1.3, (len(prices), 1)))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_costs_less_than_the_bounds_at_any_prices(seed: int) -> None:
    data = data_of(problem_of(seed))
    if not data.pools:
        return
    every = families(data, data.pools)
    bounds = bounds_of(data, priced_at(data, rates_of(data), at_some_prices(data, seed), every), every)
    everything = [(c, b) for c in data.lost for b in data.blocks]
    program = written(narrowed(data, data.pools, everything))
    assert bounds.with_pools <= least(program, data.pools) * (1 + 1e-9)
    for k in data.pools:
        assert bounds.with_design[k] <= least(program, [k]) * (1 + 1e-9), k


def with_groups(family: Family, dice: np.random.Generator) -> Family:
    """The family with some of its designs gone, some in groups of their own."""
    alive = [k for k in family.alive if dice.random() < 0.8]
    some = [tuple(k for k in group if k in alive and dice.random() < 0.7) for group in family.some]
    left = [k for k in alive if not any(k in group for group in some)]
    some += [(k,) for k in left[:1] if dice.random() < 0.5]
    return replace(family, alive=tuple(alive), some=tuple(some))


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_up_the_dual_never_lower_the_bound_and_no_plan_of_the_family_costs_less(seed: int) -> None:
    data, dice = data_of(problem_of(seed)), np.random.default_rng(seed)
    rates, prices = rates_of(data), at_some_prices(data, seed)
    everything = [(c, b) for c in data.lost for b in data.blocks]
    for whole in families(data, data.pools):
        for family in (whole, with_groups(whole, dice)):
            before = bounds_in(data, priced_at(data, rates, prices, [family]), family).with_pools
            better = ascended(data, rates, family, prices, np.inf, lambda: True)
            bounds = bounds_in(data, priced_at(data, rates, better, [family]), family)
            assert bounds.with_pools >= before or isclose(bounds.with_pools, before, rel_tol=1e-3)
            program = written(narrowed(data, family.alive, everything))
            program = replace(program, rows=(*program.rows, *some_of(program, family.some)))
            assert bounds.with_pools <= cost(program) * (1 + 1e-9)
            for k in family.alive:
                assert bounds.with_design[k] <= least(program, [k]) * (1 + 1e-9), k


def test_steps_up_the_dual_raise_the_bound() -> None:
    raised = 0
    for seed in SEEDS[::6]:
        data = data_of(problem_of(seed))
        rates, prices = rates_of(data), at_some_prices(data, seed)
        family = families(data, data.pools)[0]
        before, after = (
            bounds_in(data, priced_at(data, rates, at, [family]), family).with_pools
            for at in (prices, ascended(data, rates, family, prices, np.inf, lambda: True))
        )
        raised += after > before * 1.01
    assert raised >= len(SEEDS[::6]) / 2


@pytest.mark.parametrize("seed", SEEDS[::3])
def test_a_branch_and_its_parts_hold_the_same_plans(seed: int) -> None:
    """Each set of designs with one of each group is in just one part, or in none where it is not in the branch."""
    data = data_of(problem_of(seed))
    rates, dice = rates_of(data), np.random.default_rng(seed)
    for whole in families(data, data.pools):
        family = with_groups(whole, dice)
        parts = _parts(data, family, priced_at(data, rates, at_some_prices(data, seed), [family]))
        for size in range(len(data.pools) + 1):
            for pools in combinations(data.pools, size):
                there = [part for part in parts if in_family(pools, part)]
                assert len(there) == bool(parts and in_family(pools, family))


def in_family(pools: tuple[int, ...], family: Family) -> bool:
    return set(pools) <= set(family.alive) and all(set(group) & set(pools) for group in family.some)


def test_the_bound_is_exact_for_one_design_beside_apis_without_limits() -> None:
    problem = random_problem(3, segments=2, designs=1, apis=1, blocks=6, spot=False)
    problem = replace(problem, kappa=np.array([[0.4], [0.7]]), fixed_costs=())
    ways = {m: replace(way, availability=0.97, box=2) for m, way in problem.designs[0].purchases.items()}
    data = data_of(replace(problem, designs=(replace(problem.designs[0], purchases=ways),)))
    outcome = solve(written(data), gap=1e-9)
    assert outcome.objective is not None
    every = families(data, data.pools)
    bounds = bounds_of(data, priced_at(data, rates_of(data), api_prices(data), every), every)
    assert isclose(bounds.with_pools, outcome.objective, rel_tol=2e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_program_with_the_rest_as_one_pool_is_below_every_plan_with_pools(seed: int) -> None:
    data = data_of(problem_of(seed))
    rates = rates_of(data)
    for chosen in ([], data.pools[:1], data.pools[1:]):
        left = [k for k in data.pools if k not in chosen]
        relaxed = with_rest(data, rates, left) if left else None
        if relaxed is None:
            continue
        rest = range(len(data.problem.designs), len(relaxed.problem.designs))
        small = written(narrowed(relaxed, [*chosen, *rest]))
        small = replace(small, rows=(*small.rows, *rest_rows(data, left, small)))
        everything = [(c, b) for c in data.lost for b in data.blocks]
        real = least(written(narrowed(data, data.pools, everything)), data.pools)
        assert least(small, [*chosen, *rest]) <= real * (1 + 1e-9)


def test_merged_blocks_hold_each_block_once_and_the_same_hours_and_load() -> None:
    blocks = random_problem(4, blocks=24).blocks
    few, groups = merged_blocks(blocks, 4)
    assert sorted(b for group in groups for b in group) == list(range(len(blocks.hours)))
    assert len(few.hours) <= 6
    assert few.hours.sum() == pytest.approx(730.0)
    assert few.peak @ few.hours == pytest.approx(blocks.peak @ blocks.hours)
    assert all(len({bool(blocks.weekend[b]) for b in group}) == 1 for group in groups)


@pytest.mark.parametrize("seed", range(1, 40, 3))
def test_forced_through_the_shortlist_the_optimum_is_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = tiny_case(seed)
    plain = optimise(problem, gap=1e-9)
    monkeypatch.setattr("solver.branching.SIZE", -1)
    forced = optimise(problem, gap=1e-9)
    if plain.objective is None or forced.objective is None:
        assert plain.objective == forced.objective
        return
    assert forced.objective == pytest.approx(plain.objective, rel=1e-6)
    assert forced.bound is not None
    assert forced.bound <= plain.objective * (1 + 1e-9)


def test_a_shortlist_opens_designs_that_may_serve() -> None:
    data = data_of(random_problem(6, segments=3, designs=30, apis=4, blocks=6))
    found = shortlist(data, data.pools, lambda: 30.0)
    assert found is not None
    assert set(found.opened) <= set(data.pools)
    assert found.prices.shape == data.load.shape
