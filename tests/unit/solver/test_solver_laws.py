"""Laws of the optimum, on problems drawn by seed: what more, less, split, doubled and in another order may change."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import tiny_case
from recount import broken, recounted
from relaxations import apis_doubled, block_in_two, in_order, loosened, with_less_on_offer
from test_solver_cbc import SHORT, medium_case

from solver.optimise import optimise
from solver.problem import FixedCost, Problem, Rules
from solver.readoff import read_off

SEEDS = st.integers(0, 5000)
SLACK = 1e-6
quick = settings(max_examples=40, deadline=None, derandomize=True)
often = settings(quick, max_examples=100)


def cost(problem: Problem) -> float:
    """The optimum; infinite where there is no plan."""
    outcome = optimise(problem, gap=1e-9)
    assert outcome.status in ("optimal", "infeasible")
    return np.inf if outcome.objective is None else outcome.objective


def loads(problem: Problem, factor: float) -> Problem:
    blocks = problem.blocks
    return replace(problem, blocks=replace(blocks, peak=blocks.peak * factor, mean=blocks.mean * factor))


@quick
@given(SEEDS, st.floats(1.05, 3.0))
def test_more_load_is_never_cheaper(seed: int, factor: float) -> None:
    # Time awake is given as a share of the block, and it rises with the load: here it stays as it is.
    problem = tiny_case(seed)
    assert cost(loads(problem, factor)) >= cost(problem) * (1 - SLACK)


@often
@given(SEEDS, st.data())
def test_a_requirement_dropped_or_a_price_lowered_is_never_dearer(seed: int, data: Any) -> None:
    problem = tiny_case(seed)
    what, other = data.draw(st.sampled_from(list(loosened(problem))))
    assert cost(other) <= cost(problem) * (1 + SLACK), what


@quick
@given(SEEDS)
def test_all_requirements_dropped_are_never_dearer(seed: int) -> None:
    problem = tiny_case(seed)
    free = replace(
        problem, coverage=None, contingencies=(), moving=None, headroom=np.zeros_like(problem.headroom),
        rules=Rules(horizon_months=problem.rules.horizon_months, beyond_horizon=problem.rules.beyond_horizon),
    )  # fmt: skip
    assert cost(free) <= cost(problem) * (1 + SLACK)


@often
@given(SEEDS, st.data())
def test_an_option_more_is_never_dearer(seed: int, data: Any) -> None:
    problem = tiny_case(seed)
    what, less = data.draw(st.sampled_from(list(with_less_on_offer(problem))))
    assert cost(less) >= cost(problem) * (1 - SLACK), what


def halves(problem: Problem, s: int) -> Problem:
    """Segment s as two equal halves."""

    def both(values: Any) -> Any:
        return None if values is None else np.concatenate((values, values[s : s + 1]))

    def half(values: Any) -> Any:
        doubled = both(values)
        doubled[[s, -1]] /= 2
        return doubled

    n = len(problem.segments)
    blocks = problem.blocks
    pairs = {(n, option): each for (other, option), each in problem.charges.items() if other == s}
    units = {(n, option): rate for (other, option), rate in problem.unit_rate.items() if other == s}
    return replace(
        problem, segments=(*problem.segments, "half"), segment_of=(*problem.segment_of, "half"),
        blocks=replace(blocks, peak=half(blocks.peak), mean=half(blocks.mean)), kappa=both(problem.kappa),
        headroom=both(problem.headroom), spot_tolerance=both(problem.spot_tolerance), coverage=both(problem.coverage),
        tokens_per_request=both(problem.tokens_per_request), may_wait=both(problem.may_wait), awake=both(problem.awake),
        charges={**problem.charges, **pairs}, unit_rate={**problem.unit_rate, **units},
    )  # fmt: skip


@quick
@given(SEEDS)
def test_a_segment_in_two_equal_halves_costs_the_same(seed: int) -> None:
    # A plan of the whole is one of the halves, each with its shares; the mean of the halves' shares is one of the
    # whole, as every row is linear in them at given counts. Not so where shares of a segment's month are summed
    # (must-use, suppliers: two halves count twice) or each route is paid for. Time awake is given with the problem:
    # each half keeps that of the whole. Of half the requests it would be less, and there the law does not hold.
    problem = replace(tiny_case(seed), moving=None)
    free = replace(problem, rules=replace(problem.rules, must_use=(), min_suppliers=None))
    assert cost(halves(free, 0)) == pytest.approx(cost(free), rel=1e-6)
    assert cost(halves(problem, 0)) <= cost(problem) * (1 + SLACK)


@quick
@given(SEEDS, st.data())
def test_a_block_in_two_equal_halves_is_never_dearer(seed: int, data: Any) -> None:
    # It may be cheaper: counts are whole, and 1 in one half and 2 in the other may be better than either in both.
    problem = tiny_case(seed)
    b = data.draw(st.integers(0, len(problem.blocks.hours) - 1))
    assert cost(block_in_two(problem, b)) <= cost(problem) * (1 + SLACK)


@quick
@given(SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_segments_blocks_options_and_costs_changes_nothing(seed: int, dice: Any) -> None:
    problem = tiny_case(seed)
    orders = [list(range(len(of))) for of in (problem.segments, problem.blocks.hours, problem.designs)]
    apis, fixed, lost = list(problem.apis), list(problem.fixed_costs), list(problem.contingencies)
    for each in (*orders, apis, fixed, lost):
        dice.shuffle(each)
    other = replace(in_order(problem, *orders), apis=tuple(apis), fixed_costs=tuple(fixed), contingencies=tuple(lost))
    assert cost(other) == pytest.approx(cost(problem), rel=1e-6)


def doubled(problem: Problem) -> Problem:
    """Every design listed once more under another id, with its costs and losses."""
    ids = {design.id for design in problem.designs}
    again = tuple(replace(design, id=f"{design.id}~") for design in problem.designs)
    charges = {(s, f"{option}~"): each for (s, option), each in problem.charges.items() if option in ids}
    opening = [
        FixedCost(each.name, each.unit, each.quantity, each.price, ("open", f"{each.trigger[1]}~"))
        for each in problem.fixed_costs if each.trigger[0] == "open"
    ]  # fmt: skip
    lost = [replace(each, of=f"{each.of}~") for each in problem.contingencies if each.kind == "replica"]
    return replace(
        problem, designs=(*problem.designs, *again), kappa=np.hstack((problem.kappa, problem.kappa)),
        charges={**problem.charges, **charges}, fixed_costs=(*problem.fixed_costs, *opening),
        contingencies=(*problem.contingencies, *lost),
    )  # fmt: skip


@quick
@given(SEEDS)
def test_a_catalog_that_lists_designs_twice_has_the_same_plan(seed: int) -> None:
    # Spot that is lost design by design is hedged by a second listing, few replicas are more of them, and a rule may
    # name a design: there it is another problem.
    problem = replace(tiny_case(seed), moving=None, in_force={})
    problem = replace(
        problem, rules=replace(problem.rules, must_use=()),
        designs=tuple(replace(design, max_replicas=1000) for design in problem.designs),
        contingencies=tuple(each for each in problem.contingencies if each.kind != "spot"),
    )  # fmt: skip
    one, two = optimise(problem, gap=1e-9), optimise(doubled(problem), gap=1e-9)
    assert (one.status, one.objective) == (two.status, two.objective)
    assert {name for name in one.values if name.startswith("open")} == {
        name for name in two.values if name.startswith("open")
    }


@quick
@given(SEEDS)
def test_apis_listed_twice_change_nothing_but_where_limits_bind(seed: int) -> None:
    problem = replace(tiny_case(seed), moving=None)
    free = replace(
        problem, unit_rate={},
        apis=tuple(replace(api, requests_per_s=np.inf, tokens_per_s=np.inf) for api in problem.apis),
    )  # fmt: skip
    one, two = optimise(free, gap=1e-9), optimise(apis_doubled(free), gap=1e-9)
    assert two.objective == (None if one.objective is None else pytest.approx(one.objective, rel=1e-9))
    if one.found:
        assert read_off(apis_doubled(free), two).verdict == read_off(free, one).verdict
    assert cost(apis_doubled(problem)) <= cost(problem) * (1 + SLACK)


@often
@given(SEEDS)
def test_the_plan_obeys_every_constraint_counted_from_it_alone_and_its_bill_adds_up(seed: int) -> None:
    problem = tiny_case(seed)
    outcome = optimise(problem, gap=1e-9)
    if outcome.objective is not None:
        assert broken(problem, outcome) == []
        parts = read_off(problem, outcome)
        assert parts.total_per_month == pytest.approx(outcome.objective, rel=1e-6, abs=1e-6)
        assert sum(line.per_month for line in parts.lines) == pytest.approx(parts.total_per_month)


@pytest.mark.parametrize("seed", SHORT[:6])
def test_plans_of_more_designs_and_losses_obey_every_constraint(seed: int) -> None:
    problem = medium_case(seed)
    outcome = optimise(problem, gap=1e-6)
    assert outcome.found
    assert broken(problem, outcome) == []


def test_a_plan_with_anything_taken_away_breaks_a_constraint_or_costs_no_less() -> None:
    words: set[str] = set()
    for seed in range(120):
        problem = tiny_case(seed)
        outcome = optimise(problem, gap=1e-9)
        for name, value in outcome.values.items():
            if name.startswith(("r_", "d_", "e_", "v_", "n_", "x_")):
                less = {**outcome.values, name: value - 1 if name[0] in "rden" else 0.0}
                faults, total = recounted(problem, replace(outcome, values=less))
                assert faults or total >= (outcome.objective or 0.0) * (1 - SLACK), f"{seed}: {name}"
                words |= {word for fault in faults for word in fault.split()}
    assert words >= {"busier", "spot", "coverage", "units", "replica", "sleeps", "served", "used", "few"}


@often
@given(SEEDS, st.sampled_from([1e-2, 1e-4, 1e-9]))
def test_where_nothing_is_small_the_optimum_is_the_same(seed: int, gap: float) -> None:
    problem = tiny_case(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("solver.branching.SIZE", -1)
        outcome = optimise(problem, gap=gap)
    least = cost(problem)
    if outcome.status in ("optimal", "infeasible"):
        assert (np.inf if outcome.objective is None else outcome.objective) <= least * (1 + gap + SLACK)
        assert (np.inf if outcome.objective is None else outcome.objective) >= least * (1 - SLACK)
    else:  # the rest of the designs obey fewer rules, so that the bound may stay below: see test_solver_outcome
        assert (outcome.objective or np.inf) >= least * (1 - SLACK)
        assert (outcome.bound or 0.0) <= least * (1 + SLACK)


@quick
@given(
    SEEDS,
    st.sampled_from([0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.3]),
    st.sampled_from([1e-2, 1e-4, 1e-7]),
    st.booleans(),
)
def test_at_any_limit_what_is_called_optimal_is_and_the_bound_holds(
    seed: int, limit_s: float, gap: float, forced: bool
) -> None:
    problem = tiny_case(seed)
    with pytest.MonkeyPatch.context() as patch:
        if forced:
            patch.setattr("solver.branching.SIZE", -1)
        outcome = optimise(problem, gap=gap, limit_s=limit_s)
    least = cost(problem)
    if outcome.objective is not None:
        assert outcome.bound is not None
        assert outcome.bound <= least * (1 + SLACK) <= outcome.objective * (1 + 2 * SLACK)
        assert outcome.status != "optimal" or outcome.objective - outcome.bound <= gap * outcome.objective * (1 + SLACK)
    elif outcome.status == "infeasible":
        assert least == np.inf
