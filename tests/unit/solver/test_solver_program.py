"""The program's optimum against counting by hand, and each rule where it binds."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import ceil, isclose

import numpy as np
import pytest
from made_problems import design, flat_blocks, offer, random_problem

from catalogs.vocabulary import PurchaseType
from solver.baselines import restricted
from solver.optimise import optimise
from solver.problem import ApiOption, Charge, FixedCost, PeopleSteps, Problem, Purchase, Rules
from solver.program.build import build
from solver.readoff import read_off
from solver.solve import Outcome, solve


def best(problem: Problem, **rules: object) -> Outcome:
    """The optimum, to a gap of 1e-7, under changed rules."""
    return solve(build(replace(problem, rules=replace(problem.rules, **rules))), gap=1e-7)  # type: ignore[arg-type]


def cost(problem: Problem, **rules: object) -> float:
    outcome = best(problem, **rules)
    assert outcome.status == "optimal"
    assert outcome.objective is not None
    return outcome.objective


def one_segment(seed: int) -> Problem:
    """One segment, two blocks, two designs bought by the hour and for a year, two APIs (the second limited)."""
    rng = np.random.default_rng(seed)
    hours = [float(rng.integers(100, 600))]
    hours.append(730 - hours[0])
    mean = rng.uniform(0.5, 4, 2)
    designs = tuple(
        design(
            f"m{k}/g{k}/cloud{k}",
            {
                "on_demand": Purchase(rng.uniform(1, 4), 0.95, int(rng.integers(1, 3))),
                "reserved_1y": Purchase(rng.uniform(0.7, 2), 1.0, int(rng.integers(1, 3)), 12),
            },
        )
        for k in range(2)
    )
    apis = (
        ApiOption("big/one", offer("big/one")),
        ApiOption("small/two", offer("small/two"), requests_per_s=float(rng.uniform(0.5, 2))),
    )
    charges = {(0, api.id): (Charge("tokens", "Mtok", 0.001, float(rng.uniform(0.2, 1.5))),) for api in apis}
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks(hours, [list(mean * 1.5)], [list(mean)]),
        designs=designs, apis=apis, kappa=rng.uniform(0.2, 1.0, (1, 2)), charges=charges, headroom=np.array([0.5]),
        spot_tolerance=np.zeros(1), tokens_per_request=np.array([1000.0]), may_wait=np.array([False]),
        fixed_costs=(
            FixedCost("people", "month", 1.0, float(rng.uniform(0, 800)), ("selfhost", "")),
            FixedCost("storage 0", "month", 1.0, float(rng.uniform(0, 300)), ("open", designs[0].id)),
            FixedCost("storage 1", "month", 1.0, float(rng.uniform(0, 300)), ("open", designs[1].id)),
            FixedCost("supplier", "month", 1.0, float(rng.uniform(0, 300)), ("supplier", "small")),
        ),
        people=PeopleSteps(1.0, 1, float(rng.uniform(0, 500))), rules=Rules(),
    )  # fmt: skip


def counted_by_hand(problem: Problem) -> float:
    """The least cost over every set of open designs and suppliers and every count; the cheapest option fills first."""
    assert problem.people is not None
    fixed = {each.trigger: each.per_month for each in problem.fixed_costs}
    answers = []
    for opened in product((False, True), repeat=2):
        for use_small in (False, True):
            switches = fixed["supplier", "small"] * use_small + fixed["selfhost", ""] * any(opened)
            switches += sum(fixed["open", problem.designs[k].id] for k in range(2) if opened[k])
            switches += problem.people.price_per_fte_month * max(0, sum(opened) - 1)
            answers.append(switches + min(_dispatched(problem, opened, use_small)))
    return min(answers)


def _dispatched(problem: Problem, opened: tuple[bool, ...], use_small: bool) -> Iterator[float]:
    """Cost of every choice of committed boxes, with the best hourly boxes in each block."""
    most = [[_most(problem, k, m) if opened[k] else 0 for m in ("reserved_1y", "on_demand")] for k in range(2)]
    for r in product(range(most[0][0] + 1), range(most[1][0] + 1)):
        total = 0.0
        for k in range(2):
            way = problem.designs[k].purchases["reserved_1y"]
            total += r[k] * way.box * way.price * 730
        for b in range(2):
            total += min(
                _block(problem, b, r, d, use_small) for d in product(range(most[0][1] + 1), range(most[1][1] + 1))
            )
        yield total


def _most(problem: Problem, k: int, m: PurchaseType) -> int:
    way = problem.designs[k].purchases[m]
    return ceil(float(problem.blocks.peak.max() * problem.kappa[0, k]) * 1.5 / way.availability / way.box)


def _block(problem: Problem, b: int, r: tuple[int, ...], d: tuple[int, ...], use_small: bool) -> float:
    """Cost of a block: hourly boxes, then what the replicas cannot carry goes to APIs, the cheapest first."""
    left, total = 1.0, 0.0
    for k in range(2):
        year, hour = problem.designs[k].purchases["reserved_1y"], problem.designs[k].purchases["on_demand"]
        total += d[k] * hour.box * hour.price * problem.blocks.hours[b]
        capacity = r[k] * year.box * year.availability + d[k] * hour.box * hour.availability
        left -= capacity / (problem.blocks.peak[0, b] * problem.kappa[0, k] * 1.5)
    left = max(0.0, left)
    month = problem.blocks.mean[0, b] * 3600 * problem.blocks.hours[b]
    for api in sorted(problem.apis, key=lambda api: problem.charges[0, api.id][0].cost):
        if api.id == "small/two" and not use_small:
            continue
        share = min(left, api.requests_per_s / problem.blocks.peak[0, b])
        total += share * month * problem.charges[0, api.id][0].cost
        left -= share
    return total


@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_is_the_least_of_all_plans_counted_one_by_one(seed: int) -> None:
    problem = one_segment(seed)
    assert isclose(cost(problem), counted_by_hand(problem), rel_tol=1e-6)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12, 300))
def test_the_optimum_by_cases_is_the_least_of_all_plans_counted_one_by_one(seed: int) -> None:
    problem = one_segment(seed)
    outcome = optimise(problem, gap=1e-9)
    assert outcome.objective is not None
    assert isclose(outcome.objective, counted_by_hand(problem), rel_tol=1e-6)


def test_some_of_those_cases_self_host_some_do_not() -> None:
    kinds = {read_off(p, best(p)).verdict for p in map(one_segment, range(12))}
    assert len(kinds) >= 2


def spot_case(tolerance: float) -> Problem:
    """One block that needs 8 replicas; spot at a third of the price, up half the time."""
    made = design("m/g/cloud", {"on_demand": Purchase(3.0, 1.0), "spot": Purchase(1.0, 0.5)})
    return Problem(
        segments=("s",), segment_of=("s",), blocks=flat_blocks([730.0], [[80.0]]), designs=(made,), apis=(),
        kappa=np.array([[0.1]]), charges={}, headroom=np.array([0.0]), spot_tolerance=np.array([tolerance]),
        tokens_per_request=np.array([1.0]), may_wait=np.array([False]), fixed_costs=(), people=None, rules=Rules(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tolerance", "on_demand", "spot"),
    # 8 replicas of work. A spot replica carries half: two for each one on demand, 2 in place of 3.
    [(0.0, 8, 0), (0.25, 6, 4), (0.30, 6, 4), (1.0, 0, 16)],
)
def test_spot_carries_no_more_than_may_be_interrupted_and_firm_replicas_carry_the_rest(
    tolerance: float, on_demand: int, spot: int
) -> None:
    assert isclose(cost(spot_case(tolerance)), 730 * (3 * on_demand + spot), rel_tol=1e-9)


def test_replicas_come_in_whole_boxes() -> None:
    problem = spot_case(0.0)
    boxed = replace(problem, designs=(replace(problem.designs[0], purchases={"on_demand": Purchase(3.0, 1.0, 3)}),))
    assert isclose(cost(boxed), 730 * 3 * 9)


def test_serverless_replicas_are_not_whole() -> None:
    problem = spot_case(0.0)
    ways: dict[PurchaseType, Purchase] = {"serverless": Purchase(3.0, 0.8)}
    cut = replace(problem, designs=(replace(problem.designs[0], purchases=ways),), kappa=np.array([[0.11]]))
    assert isclose(cost(cut), 730 * 3 * 8.8 / 0.8)


@pytest.mark.parametrize("share", [1e-3, 1e-7, 1e-12])
def test_however_small_a_load_it_rests_on_a_replica(share: float, tiny_problem: Problem) -> None:
    small = replace(tiny_problem, kappa=tiny_problem.kappa * np.array([[share], [1.0]]))
    chat = restricted(small, lambda segment, option: segment == "tags" or option.startswith("llama:"))
    pools = {pool.option: pool for pool in read_off(chat, best(chat)).pools}
    held = pools["llama:fp8/1xh100/vllm/lambda@us"].replicas
    for block in (0, 1):
        assert sum(r.count for r in held if r.block in (None, block)) == 1


def test_no_more_replicas_than_the_design_allows() -> None:
    problem = spot_case(0.0)
    assert best(replace(problem, designs=(replace(problem.designs[0], max_replicas=7),))).status == "infeasible"
    assert isclose(cost(replace(problem, designs=(replace(problem.designs[0], max_replicas=8),))), 730 * 24)


def waiting_case(may_wait: bool, weekend: bool = False) -> Problem:
    """300 requests/s for 100 hours, none for 630; committed replicas only, of which each carries 10 requests/s."""
    made = design("m/g/cloud", {"reserved_1y": Purchase(1.0, 1.0, 1, 12)})
    blocks = replace(flat_blocks([100.0, 630.0], [[300.0, 0.0]]), weekend=np.array([False, weekend]))
    return Problem(
        segments=("s",), segment_of=("s",), blocks=blocks, designs=(made,), apis=(),
        kappa=np.array([[0.1]]), charges={}, headroom=np.array([0.0]), spot_tolerance=np.array([0.0]),
        tokens_per_request=np.array([1.0]), may_wait=np.array([may_wait]), fixed_costs=(), people=None, rules=Rules(),
    )  # fmt: skip


def test_what_may_wait_is_spread_over_the_blocks_of_its_day_type() -> None:
    # 30,000 request-hours over 730 hours are 41.1 requests/s: 5 replicas in place of 30.
    assert isclose(cost(waiting_case(False)), 730 * 30)
    assert isclose(cost(waiting_case(True)), 730 * 5)


def test_what_may_wait_does_not_wait_until_the_other_day_type() -> None:
    assert isclose(cost(waiting_case(True, weekend=True)), 730 * 30)


def term_case(months: int, beyond: str) -> Problem:
    made = design("m/g/cloud", {"reserved_3y": Purchase(1.0, 1.0, 1, 36), "on_demand": Purchase(2.5, 1.0)})
    problem = replace(spot_case(0.0), designs=(made,))
    return replace(problem, rules=Rules(horizon_months=months, beyond_horizon=beyond))  # type: ignore[arg-type]


def test_a_commitment_longer_than_the_horizon_is_not_offered_or_is_charged_over_it() -> None:
    assert isclose(cost(term_case(36, "forbid")), 730 * 8)
    assert isclose(cost(term_case(12, "forbid")), 730 * 8 * 2.5)
    # 36 months paid in 18: twice the price, still below 2.5 times. In 12: three times, above.
    assert isclose(cost(term_case(18, "charge")), 730 * 8 * 2)
    assert isclose(cost(term_case(12, "charge")), 730 * 8 * 2.5)


def test_api_limits_bind_at_the_peak_and_units_lift_them(tiny_problem: Problem) -> None:
    # Chat on llama alone: 5 of 10 requests/s by the request limit, 3000 of 12000 tokens/s by the token limit.
    only = replace(tiny_problem, apis=tiny_problem.apis[1:], kappa=np.full((2, 2), np.nan))
    assert best(only).status == "infeasible"
    outcome = best(replace(tiny_problem, kappa=np.full((2, 2), np.nan)))
    assert outcome.values["x_s0_a1_b0"] == pytest.approx(0.25)
    assert outcome.values["x_s0_a1_b1"] == pytest.approx(0.625)


def test_provisioned_units_are_bought_from_their_minimum_in_steps(tiny_problem: Problem) -> None:
    # One API, units free of charge but for their price: 12 requests/s at peak need 6 units of 2 requests/s.
    cheap = replace(tiny_problem.apis[0], unit_price=0.01)
    problem = replace(tiny_problem, apis=(cheap,), kappa=np.full((2, 2), np.nan), fixed_costs=())
    outcome = best(problem)
    assert outcome.values["n_a0"] * cheap.unit_step == 6
    assert isclose(cost(problem), 6 * 0.01 * 730, rel_tol=1e-6)
    small = replace(problem, blocks=replace(problem.blocks, peak=problem.blocks.peak / 100))
    assert best(small).values["n_a0"] * cheap.unit_step == 4


def test_a_budget_below_the_optimum_leaves_no_plan(tiny_problem: Problem) -> None:
    least = cost(tiny_problem)
    assert best(tiny_problem, budget_per_month=least * 0.999).status == "infeasible"
    assert isclose(cost(tiny_problem, budget_per_month=least * 1.001), least, rel_tol=1e-6)


def test_suppliers_are_counted_over_apis_and_pools(tiny_problem: Problem) -> None:
    for count in (1, 2, 3, 4):
        outcome = best(tiny_problem, min_suppliers=count)
        parts = read_off(tiny_problem, outcome)
        used = {pool.provider for pool in parts.pools}
        used |= {each.option.split("/")[0] for s in parts.segments for each in s.served_by if each.kind == "api"}
        assert len(used) >= count
    assert best(tiny_problem, min_suppliers=5).status == "infeasible"
    one = read_off(tiny_problem, best(tiny_problem, max_suppliers=1))
    providers = {p.provider for p in one.pools}
    providers |= {e.option.split("/")[0] for s in one.segments for e in s.served_by if e.kind == "api"}
    assert len(providers) == 1


@pytest.mark.parametrize("term", ["qwen", "aws", "l40s", "qwen:fp8/2xl40s/vllm/aws@eu"])
def test_must_use_brings_the_named_option_in(term: str, tiny_problem: Problem) -> None:
    free = cost(tiny_problem)
    parts = read_off(tiny_problem, best(tiny_problem, must_use=(term,)))
    assert parts.total_per_month is not None
    assert parts.total_per_month >= free * (1 - 1e-9)
    shares = sum(e.share for s in parts.segments for e in s.served_by if e.option.startswith("qwen"))
    assert shares >= 0.01 - 1e-9


def test_must_use_of_what_is_not_there_leaves_no_plan(tiny_problem: Problem) -> None:
    assert best(tiny_problem, must_use=("nobody",)).status == "infeasible"


def test_gpus_and_capital_limit_what_is_held(tiny_problem: Problem) -> None:
    pools = replace(tiny_problem, apis=())
    cheap = {**pools.designs[1].purchases, "serverless": Purchase(500.0, 1.0)}
    pools = replace(pools, designs=(pools.designs[0], replace(pools.designs[1], purchases=cheap)))
    assert best(pools).values["r_k1_m3"] >= 1
    # A box of four owned replicas costs 240,000 to buy and holds eight GPUs.
    assert best(pools, capital=239_999.0).values.get("r_k1_m3", 0.0) == 0
    assert best(pools, capital=240_000.0).values["r_k1_m3"] == 1
    assert best(pools, gpus_available={"aws": 7}).values.get("r_k1_m3", 0.0) == 0
    assert best(pools, gpus_available={"aws/l40s": 8}).values["r_k1_m3"] == 1


def test_pool_designs_and_further_people_are_counted(tiny_problem: Problem) -> None:
    none = read_off(tiny_problem, best(tiny_problem, max_pool_designs=0))
    assert none.verdict == "stay_on_api"
    pools = replace(tiny_problem, apis=())
    assert best(pools, must_use=("llama", "qwen"), max_pool_designs=1).status == "infeasible"
    both = best(pools, must_use=("llama", "qwen"))
    assert both.values["steps"] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, headroom=np.array([np.nan, 0.5])),
        lambda p: replace(p, kappa=np.array([[np.inf, 0.2], [np.nan, 0.5]])),
        lambda p: replace(p, kappa=np.array([[0.0, 0.2], [np.nan, 0.5]])),
        lambda p: replace(p, charges={(0, "openai/gpt"): (Charge("input", "Mtok", 1.0, float("nan")),)}),
        lambda p: replace(p, apis=(replace(p.apis[0], requests_per_s=float("nan")), p.apis[1])),
        lambda p: replace(p, designs=(replace(p.designs[0], purchases={"spot": Purchase(1.0, 0.0)}), p.designs[1])),
        lambda p: replace(p, fixed_costs=(FixedCost("x", "u", 1.0, -5.0, ("selfhost", "")),)),
    ],
)
def test_a_number_that_cannot_stand_in_a_row_is_an_error_before_anything_is_built(
    change: object, tiny_problem: Problem
) -> None:
    with pytest.raises(ValueError, match="cannot stand in a row"):
        build(change(tiny_problem))  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(3))
def test_more_load_is_never_cheaper_and_a_dropped_option_never_helps(seed: int) -> None:
    problem = random_problem(seed, segments=2, designs=3, apis=2, blocks=4)
    base = cost(problem)
    blocks = replace(problem.blocks, peak=problem.blocks.peak * 1.3, mean=problem.blocks.mean * 1.3)
    limits = tuple(replace(api, requests_per_s=api.requests_per_s) for api in problem.apis)
    assert cost(replace(problem, blocks=blocks, apis=limits)) >= base * (1 - 1e-6)
    kappa = problem.kappa.copy()
    kappa[:, 0] = np.nan
    assert cost(replace(problem, kappa=kappa)) >= base * (1 - 1e-6)
