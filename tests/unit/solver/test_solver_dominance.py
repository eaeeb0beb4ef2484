"""What dominance removes never changes the optimum."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_options import shipped_catalog
from made_problems import design, flat_blocks, offer, random_problem

from catalogs.vocabulary import PurchaseType
from solver import dominance
from solver.api_dominance import reduce_apis
from solver.design_arrays import design_arrays, is_latent, is_sized
from solver.design_columns import Design
from solver.dominance import STRONG, WEAK, Pools, dominators, front, peak_load, reduce_pools, useless_purchases
from solver.model_order import faster_engines, never_worse, rows_of
from solver.pool_sites import PURCHASES
from solver.problem import ApiOption, Array, Charge, Contingency, Problem, Purchase
from solver.program.build import build
from solver.slo_rate import RequestShape, highest_rates
from solver.solve import solve


def pools_of(problem: Problem) -> Pools:
    """The designs of a problem as they are compared; storage is their only fixed cost. Each is a lot of spot."""
    n, losses = len(problem.designs), {(each.kind, each.of) for each in problem.contingencies}
    coverage = np.zeros(len(problem.segments)) if problem.coverage is None else problem.coverage
    price, box = np.full((n, len(PURCHASES)), np.inf), np.ones((n, len(PURCHASES)))
    available = np.ones((n, len(PURCHASES)))
    for k, one in enumerate(problem.designs):
        for m, way in one.purchases.items():
            at = PURCHASES.index(m)
            price[k, at], box[k, at], available[k, at] = way.price, way.box, way.availability
    kappa = np.where(np.isnan(problem.kappa), np.inf, problem.kappa)
    peak = peak_load(problem.blocks, problem.may_wait) * (1 + problem.headroom[:, None])
    busy = (np.where(np.isfinite(kappa), kappa, 0.0).T @ peak).max(axis=1)
    cost = np.zeros(kappa.shape)
    for (s, option), charges in problem.charges.items():
        for k, one in enumerate(problem.designs):
            if one.id == option:
                cost[s, k] = sum(charge.cost for charge in charges)
    fixed = {c.trigger[1]: c.per_month for c in problem.fixed_costs if c.trigger[0] == "open"}
    by_provider = any(kind == "provider" for kind, _ in losses)
    classes = [f"{one.pool_class} {one.provider if by_provider else ''}" for one in problem.designs]
    spare = float(any(kind == "replica" for kind, _ in losses))
    exposed = (coverage + problem.spot_tolerance > 1) & any(kind == "spot" for kind, _ in losses)
    ratio = (problem.blocks.mean / problem.blocks.peak).max(axis=1) / (1 + problem.headroom)
    return Pools(
        kappa=kappa, price=price, available=available, capital=np.zeros(price.shape), box=box,
        enough=np.ceil((busy[:, None] + spare) / available / box - 1e-9) * box, request_cost=cost,
        flow=ratio[:, None] * 3600 / kappa, fixed=np.array([fixed.get(one.id, 0.0) for one in problem.designs]),
        gpus=np.array([float(one.gpus) for one in problem.designs]),
        group=np.array([sorted(set(classes)).index(name) for name in classes], dtype=np.intp),
        marks=np.zeros(n, dtype=np.int64), least_hours=float(problem.blocks.hours.min()),
        lost=np.array([
            max(way.availability for way in one.purchases.values()) if ("replica", one.id) in losses else 0.0
            for one in problem.designs
        ]),
        lot=np.arange(n), exposed=np.asarray(np.isfinite(kappa[exposed]).any(axis=0)),
        contingent=bool(losses) and bool(coverage.any()), most_pools=problem.rules.max_pool_designs,
    )  # fmt: skip


def kept(problem: Problem, keep: Any) -> Problem:
    chosen = np.flatnonzero(keep)
    designs = tuple(problem.designs[k] for k in chosen)
    ids = {one.id for one in designs}
    return replace(
        problem, designs=designs, kappa=problem.kappa[:, chosen],
        contingencies=tuple(
            c for c in problem.contingencies if c.kind == "provider" or c.of in ids
        ),
        fixed_costs=tuple(c for c in problem.fixed_costs if c.trigger[0] != "open" or c.trigger[1] in ids),
        charges={
            pair: pays for pair, pays in problem.charges.items()
            if pair[1] in ids or not any(one.id == pair[1] for one in problem.designs)
        },
    )  # fmt: skip


def optimum(problem: Problem) -> float:
    outcome = solve(build(problem), gap=1e-7, limit_s=30)
    assert outcome.status == "optimal"
    assert outcome.objective is not None
    return outcome.objective


def varied(seed: int, designs: int = 8, blocks: int = 4) -> Problem:
    """A random problem without costs of a site, with egress and storage that differ, and dear APIs."""
    rng = np.random.default_rng(1000 + seed)
    problem = random_problem(seed, segments=2, designs=designs, apis=2, blocks=blocks)
    charges = {
        pair: tuple(replace(charge, price=charge.price * 30) for charge in pays)
        for pair, pays in problem.charges.items()
    }
    fixed = [c for c in problem.fixed_costs if c.trigger[0] not in ("site", "open")]
    for k, one in enumerate(problem.designs):
        fixed.append(replace(problem.fixed_costs[2], quantity=float(rng.integers(1, 40)), trigger=("open", one.id)))
        for s in range(2):
            if np.isfinite(problem.kappa[s, k]):
                charges[s, one.id] = (Charge("egress", "GB", 1e-5, float(rng.choice([0.0, 0.09]))),)
    return replace(problem, charges=charges, fixed_costs=tuple(fixed), people=None)


@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_over_what_stays_is_that_over_all_designs(seed: int) -> None:
    problem = varied(seed)
    keep, by = reduce_pools(pools_of(problem))
    assert all(keep[by[k]] for k in np.flatnonzero(~keep))
    assert optimum(kept(problem, keep)) == pytest.approx(optimum(problem), rel=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_trying_a_few_on_all_first_loses_no_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = varied(seed)
    whole = reduce_pools(pools_of(problem))[0]
    monkeypatch.setattr(dominance, "ALL", 1)
    monkeypatch.setattr(dominance, "BLOCK", 2)
    keep, by = reduce_pools(pools_of(problem))
    assert all(keep[by[k]] for k in np.flatnonzero(~keep))
    if (keep != whole).any():
        assert optimum(kept(problem, keep)) == pytest.approx(optimum(kept(problem, whole)), rel=1e-6)


def losing(seed: int) -> Problem:
    """A random problem of two providers where replicas, spot and providers may be lost."""
    rng = np.random.default_rng(2000 + seed)
    problem = varied(seed, designs=6, blocks=2)
    designs = []
    for k, one in enumerate(problem.designs):
        price = float(rng.choice([2.0, 3.0, 4.0]))
        ways: dict[PurchaseType, Purchase] = {"on_demand": Purchase(price, float(rng.choice([0.7, 0.99])))}
        if rng.uniform() < 0.8:
            ways["spot"] = Purchase(0.4 * price, 0.9)
        if rng.uniform() < 0.3:
            ways["reserved_1y"] = Purchase(0.6 * price, 0.99, 1, 12)
        designs.append(
            replace(one, pool_class="self_run", provider=f"cloud{k % 2}", gpus=1, purchases=ways, id=f"d{k}")
        )
    ids = {old.id: new.id for old, new in zip(problem.designs, designs, strict=True)}
    lost = [Contingency("replica", one.id, 0.02) for one in designs]
    lost += [Contingency("spot", one.id, 0.02) for one in designs if "spot" in one.purchases]
    lost += [Contingency("provider", name, 0.02) for name in ("cloud0", "cloud1", problem.apis[0].offer.provider)]
    wanted: Any = rng.choice(["replica", "spot", "provider"], size=2, replace=False)
    return replace(
        problem, designs=tuple(designs), coverage=rng.choice([0.5, 0.9, 1.0], 2),
        spot_tolerance=rng.choice([0.4, 1.0], 2), apis=problem.apis[:1],
        kappa=np.where(np.isfinite(problem.kappa), rng.choice([0.8, 1.0, 1.6], problem.kappa.shape), np.nan),
        charges={
            (s, ids.get(option, option)): pays
            for (s, option), pays in problem.charges.items() if option in ids or option == problem.apis[0].id
        },
        fixed_costs=tuple(
            replace(c, trigger=("open", ids[c.trigger[1]])) for c in problem.fixed_costs if c.trigger[0] == "open"
        ),
        contingencies=tuple(each for each in lost if each.kind in wanted),
        rules=replace(problem.rules, max_pool_designs=[2, 3, None][seed % 3]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_what_may_be_lost_is_lived_through_at_the_same_cost_without_what_goes(seed: int) -> None:
    problem = losing(seed)
    keep, by = reduce_pools(pools_of(problem))
    assert all(keep[by[k]] for k in np.flatnonzero(~keep))
    assert optimum(kept(problem, keep)) == pytest.approx(optimum(problem), rel=1e-6)


def test_random_problems_lose_some_designs_and_keep_some() -> None:
    stay = [reduce_pools(pools_of(varied(seed)))[0].mean() for seed in range(12)]
    assert 0.1 < np.mean(stay) < 0.9


def two(kappa: list[list[float]], ways: list[dict[PurchaseType, Purchase]], peak: float = 1000.0, **more: Any) -> Pools:
    """Pools of designs d0, d1, ... in one block of a load that no few replicas carry."""
    s = len(kappa)
    designs = tuple(
        replace(design(f"m/g/p{k}", way), id=f"d{k}", gpus=more.get("gpus", [1] * len(ways))[k])
        for k, way in enumerate(ways)
    )  # fmt: skip
    return pools_of(
        replace(
            random_problem(0, segments=s, designs=0, apis=1), designs=designs, kappa=np.array(kappa),
            blocks=flat_blocks([730.0], [[peak]] * s), fixed_costs=(), charges={},
        )
    )  # fmt: skip


def hourly(price: float, box: int = 1, available: float = 1.0) -> dict[PurchaseType, Purchase]:
    return {"on_demand": Purchase(price, available, box)}


def stays(pools: Pools) -> list[bool]:
    return [bool(flag) for flag in reduce_pools(pools)[0]]


def test_of_two_equal_designs_the_first_stays() -> None:
    assert stays(two([[1.0, 1.0]], [hourly(2), hourly(2)])) == [True, False]


def test_three_small_replicas_replace_a_large_one_only_at_no_more_money() -> None:
    assert stays(two([[1.0, 2.5]], [hourly(6), hourly(2)])) == [False, True]
    assert stays(two([[1.0, 2.5]], [hourly(5.9), hourly(2)])) == [True, True]


def test_a_design_that_serves_one_segment_more_stays() -> None:
    nan = float("nan")
    assert stays(two([[1.0, 1.0], [9.0, nan]], [hourly(9), hourly(1)])) == [True, True]


def test_boxes_stay_whole() -> None:
    assert stays(two([[1.0, 1.0]], [hourly(1.9, box=2), hourly(1, box=4)])) == [True, True]
    assert stays(two([[1.0, 1.0]], [hourly(2, box=4), hourly(1, box=2)])) == [False, True]


def test_a_purchase_type_that_the_other_lacks_keeps_a_design_unless_an_hourly_one_is_as_cheap() -> None:
    reserved: dict[PurchaseType, Purchase] = {"on_demand": Purchase(4, 1), "reserved_1y": Purchase(2, 1, 1, 12)}
    assert stays(two([[1.0, 1.0]], [reserved, hourly(3)])) == [True, True]
    assert stays(two([[1.0, 1.0]], [reserved, hourly(2)])) == [False, True]


def test_spot_never_stands_in_for_what_nobody_takes_away() -> None:
    spot: dict[PurchaseType, Purchase] = {"spot": Purchase(1, 1)}
    assert stays(two([[1.0, 1.0]], [hourly(2), spot])) == [True, True]
    assert stays(two([[1.0, 1.0]], [spot, hourly(1)])) == [False, True]


def test_less_availability_needs_one_replica_more() -> None:
    assert stays(two([[1.0, 1.0]], [hourly(2, available=0.99), hourly(1.5, available=0.9)])) == [True, True]
    assert stays(two([[1.0, 1.0]], [hourly(3, available=0.99), hourly(1.5, available=0.9)])) == [False, True]


def test_a_box_that_costs_more_than_all_of_another_pool_goes() -> None:
    # 1.5 x 0.4 requests/s of 5 s: three replicas of the other carry everything, at 2.4 against 2.5
    assert stays(two([[0.1, 5.0]], [hourly(2.5), hourly(0.8)], peak=0.4)) == [False, True]
    assert stays(two([[0.1, 5.0]], [hourly(2.5), hourly(0.8)], peak=0.6)) == [True, True]


def test_storage_that_costs_more_is_paid_by_what_the_shortest_use_saves() -> None:
    pools = two([[1.0, 1.0]], [hourly(2.0), hourly(1.9)])
    assert stays(replace(pools, fixed=np.array([1.0, 50.0]), least_hours=730.0)) == [False, True]
    assert stays(replace(pools, fixed=np.array([1.0, 50.0]), least_hours=100.0)) == [True, True]


def test_gpus_count_where_they_are_limited() -> None:
    pools = two([[1.0, 1.0]], [hourly(2), hourly(1)], gpus=[1, 2])
    assert stays(pools) == [False, True]
    assert stays(replace(pools, counted=True)) == [True, True]


def test_where_a_replica_may_be_lost_a_larger_loss_needs_one_more() -> None:
    pools = two([[1.0, 1.0]], [hourly(2.0), hourly(1.1)])
    assert stays(replace(pools, contingent=True, lost=np.array([0.9, 1.0]))) == [True, True]
    assert stays(replace(pools, contingent=True, lost=np.array([1.0, 0.9]))) == [False, True]
    assert stays(replace(pools, contingent=True, lost=np.array([0.0, 1.0]))) == [True, True]  # none of k is lost
    pools = two([[1.0, 1.0]], [hourly(2.2), hourly(1.1)])
    assert stays(replace(pools, contingent=True, lost=np.array([0.9, 1.0]))) == [False, True]


def test_where_traffic_may_move_a_request_pays_no_more_for_its_way_out() -> None:
    pools = replace(two([[1.0, 1.0]], [hourly(2.0), hourly(1.0)]), request_cost=np.array([[0.0, 1e-6]]))
    assert stays(pools) == [False, True]
    assert stays(replace(pools, contingent=True)) == [True, True]


def spot_pools(count: int, **changes: Any) -> Pools:
    """Designs of which each is dearer than the one before, on demand and as spot."""
    ways: list[dict[PurchaseType, Purchase]] = [
        {"on_demand": Purchase(5.0 + k, 1), "spot": Purchase(1.0 + k / 10, 1)} for k in range(count)
    ]
    exposed: dict[str, Any] = {"contingent": True, "exposed": np.ones(count, dtype=bool)}
    return replace(two([[1.0] * count], ways), **(exposed | changes))


def test_two_lots_of_spot_are_not_merged_where_their_loss_can_matter() -> None:
    assert dominators(spot_pools(2))[0].tolist() == [0, WEAK]
    assert dominators(spot_pools(2, lot=np.array([7, 7])))[0].tolist() == [0, STRONG]  # lost together anyway
    assert dominators(spot_pools(2, exposed=np.zeros(2, dtype=bool)))[0].tolist() == [0, STRONG]
    firm = spot_pools(2)
    firm.price[0, PURCHASES.index("on_demand")] = 1.0  # stands in for spot as well
    assert dominators(firm)[0].tolist() == [0, STRONG]


def test_a_lot_of_spot_goes_where_a_plan_has_room_for_fewer_pools_than_are_better() -> None:
    assert stays(spot_pools(4)) == [True] * 4
    assert stays(spot_pools(4, most_pools=4)) == [True] * 4
    assert stays(spot_pools(4, most_pools=3)) == [True, True, True, False]
    assert stays(spot_pools(4, most_pools=1)) == [True, False, False, False]
    assert stays(spot_pools(4, most_pools=2, lot=np.array([0, 0, 1, 2]))) == [True, False, True, False]


def test_two_lots_of_spot_are_cheaper_than_one_where_half_must_go_on() -> None:
    ways: dict[PurchaseType, Purchase] = {"on_demand": Purchase(9.0, 1), "spot": Purchase(1.0, 1)}
    designs = tuple(replace(design("m/g/p", ways), id=f"d{k}") for k in range(2))
    problem = replace(
        random_problem(0, segments=1, designs=0, apis=1), designs=designs, kappa=np.ones((1, 2)), apis=(), charges={},
        blocks=flat_blocks([730.0], [[4.0]]), headroom=np.zeros(1), fixed_costs=(), people=None,
        spot_tolerance=np.ones(1), coverage=np.array([0.5]),
        contingencies=tuple(Contingency("spot", one.id, 0.01) for one in designs),
    )  # fmt: skip
    keep, _ = reduce_pools(pools_of(problem))
    assert keep.all()
    assert optimum(problem) == pytest.approx(730 * 4 * 1.0)
    assert optimum(kept(problem, [True, False])) == pytest.approx(730 * (2 * 9.0 + 2 * 1.0))


def test_a_mark_that_the_other_lacks_keeps_a_design() -> None:
    pools = two([[1.0, 1.0]], [hourly(2), hourly(1)])
    assert stays(replace(pools, marks=np.array([1, 0]))) == [True, True]
    assert stays(replace(pools, marks=np.array([1, 3]))) == [False, True]


def test_the_front_is_what_no_column_beats() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        values = rng.integers(0, 4, (3, 30)).astype(float)
        values[rng.uniform(size=values.shape) < 0.1] = np.inf
        keep, beater = front(values)
        for k in range(30):
            better = [
                j for j in range(30)
                if np.all(values[:, j] <= values[:, k]) and (np.any(values[:, j] < values[:, k]) or j < k)
            ]  # fmt: skip
            assert keep[k] == (not better)
            if better:
                assert keep[beater[k]]
                assert np.all(values[:, beater[k]] <= values[:, k])


def test_a_commitment_dearer_than_by_the_hour_is_useless() -> None:
    price = np.full((1, len(PURCHASES)), np.inf)
    for name, value in (("reserved_1y", 2.0), ("reserved_3y", 1.0), ("on_demand", 1.5), ("spot", 1.6)):
        price[0, PURCHASES.index(name)] = value
    ones: Array = np.ones(price.shape)
    useless = useless_purchases(price, ones, np.zeros(price.shape))
    assert [name for m, name in enumerate(PURCHASES) if useless[0, m]] == ["reserved_1y", "spot"]


def apis(*costs: float, limits: tuple[float, ...] = (), names: tuple[str, ...] = (), peak: float = 2.0) -> list[bool]:
    """Whether each offer stays for the only segment."""
    ids = names or tuple(f"seller/m{a}" for a in range(len(costs)))
    options = [
        ApiOption(id_, offer(id_), requests_per_s=limits[a] if limits else np.inf) for a, id_ in enumerate(ids)
    ]  # fmt: skip
    gone = pairs_gone(options, np.array([costs]), np.zeros((1, len(options)), dtype=bool), [peak])
    return [(0, a) not in gone for a in range(len(options))]


def pairs_gone(options: list[ApiOption], cost: Array, held: Any, peaks: list[float]) -> dict[tuple[int, int], int]:
    """Pairs that go where a request costs `cost` [s, a]; NaN is not admissible."""
    charges = {
        (int(s), options[a].id): (Charge("tokens", "Mtok", 1.0, float(cost[s, a])),)
        for s, a in np.argwhere(np.isfinite(cost))
    }
    blocks = flat_blocks([730.0], [[peak] for peak in peaks])
    return reduce_apis(options, charges, blocks, np.full(len(cost), 100.0), np.zeros(len(cost), dtype=bool), held)


def test_a_dearer_offer_of_the_same_supplier_goes() -> None:
    assert apis(2.0, 1.0, 1.0) == [False, True, False]


def test_offers_of_other_suppliers_stay() -> None:
    assert apis(2.0, 1.0, names=("a/m", "b/m")) == [True, True]


def test_an_offer_whose_limit_may_bind_replaces_none() -> None:
    assert apis(2.0, 1.0, limits=(3.0, 1.9)) == [True, True]
    assert apis(2.0, 1.0, limits=(3.0, 2.0)) == [False, True]


def test_open_and_closed_models_are_not_compared() -> None:
    options = [ApiOption("s/a", offer("s/a", False)), ApiOption("s/b", offer("s/b", True))]
    assert not pairs_gone(options, np.array([[1.0, 2.0]]), np.zeros((1, 2), dtype=bool), [1.0])


def test_of_each_segment_the_cheapest_offer_without_a_limit_stays_and_what_is_held() -> None:
    options = [ApiOption(f"s/m{a}", offer(f"s/m{a}")) for a in range(3)]
    nan, held = float("nan"), np.zeros((3, 3), dtype=bool)
    cost = np.array([[1.0, 2.0, nan], [2.0, 1.0, 3.0], [nan, nan, 9.0]])
    assert pairs_gone(options, cost, held, [1.0] * 3) == {(0, 1): 0, (1, 0): 1, (1, 2): 1}
    held[1, 2] = True
    assert pairs_gone(options, cost, held, [1.0] * 3) == {(0, 1): 0, (1, 0): 1}


@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_over_the_pairs_of_apis_that_stay_is_that_over_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(seed, segments=3, designs=2, apis=8, blocks=3)
    options = [
        replace(api, id=name, offer=offer(name, a % 4 == 0))
        for a, api in enumerate(problem.apis) for name in [f"seller{a % 2}/model{a}"]
    ]  # fmt: skip
    charges = {
        (s, option.id): (Charge("tokens", "Mtok", 1e-3, float(rng.uniform(0.2, 1.2))),)
        for s in range(3) for option in options if rng.uniform() < 0.7 or option.requests_per_s == np.inf
    }  # fmt: skip
    whole = replace(
        problem, apis=tuple(options), charges=charges, coverage=np.array([0.0, 0.6, 1.0]),
        contingencies=tuple(Contingency("provider", f"seller{i}", 0.05) for i in range(2)),
    )  # fmt: skip
    held = np.zeros((3, len(options)), dtype=bool)
    gone = reduce_apis(options, charges, problem.blocks, problem.tokens_per_request, problem.may_wait, held)
    assert 0.3 < len(gone) / len(charges) < 0.9
    lost = {(s, options[a].id) for s, a in gone}
    left = {pair: pays for pair, pays in charges.items() if pair not in lost}
    ids = {id_ for _, id_ in left}
    few = replace(whole, charges=left, apis=tuple(option for option in options if option.id in ids))
    assert optimum(few) == pytest.approx(optimum(whole), rel=1e-6)


def test_what_may_wait_may_come_all_in_the_shortest_block() -> None:
    blocks = replace(flat_blocks([100.0, 300.0], [[2.0, 4.0]]), weekend=np.array([False, False]))
    assert peak_load(blocks, np.array([True])) == pytest.approx(np.array([[14.0, 1400 / 300]]))
    assert peak_load(blocks, np.array([False])) == pytest.approx(np.array([[2.0, 4.0]]))


def test_a_model_that_is_never_worse_is_never_slower_or_larger_on_the_whole_catalog() -> None:
    catalog = shipped_catalog()
    sized = sorted(id_ for id_, model in catalog.models.items() if is_sized(model))
    pairs = [(model, precision) for model in sized for precision in ("bf16", "fp8", "awq")]
    rows = rows_of(catalog, pairs)
    shape = RequestShape(1200, 0.9, 250, 0.7, 0.2, 1500, 80, 95, 5000)
    better = never_worse(catalog, rows, {}, shape.longest_tokens)
    assert better.sum() > 1000
    for gpu, gpus, engine in (("h100-sxm", 1, "vllm"), ("h100-sxm", 8, "sglang"), ("l40s", 4, "tensorrt-llm")):
        designs = [Design(model, precision, gpu, gpus, engine) for model, precision in pairs]
        rates = highest_rates(design_arrays(catalog, designs), shape)
        rate = np.nan_to_num(rates.requests_per_s, nan=0.0)
        assert np.all(~better | (rate[:, None] >= rate[None, :] * (1 - 1e-6)))
        assert np.all(~better | (rates.weights_gb[:, None] <= rates.weights_gb[None, :] * (1 + 1e-9)))


@pytest.mark.parametrize("latent", [False, True])
def test_a_faster_engine_is_never_slower_on_the_whole_catalog(latent: bool) -> None:
    catalog = shipped_catalog()
    engines = ("lmdeploy", "sglang", "tensorrt-llm", "tgi", "vllm")
    better = faster_engines(catalog, engines, latent)
    assert better.any() or latent  # the engine that is no faster cannot split a latent cache
    models = [m for m, model in sorted(catalog.models.items()) if is_sized(model) and is_latent(model) == latent]
    shape = RequestShape(1200, 0.9, 250, 0.7, 0.2, 1500, 80, 95, 5000)
    for gpu, gpus in (("h100-sxm", 1), ("h200-sxm", 8)):
        rates = []
        for engine in engines:
            designs = [Design(model, "fp8", gpu, gpus, engine) for model in models]
            found = highest_rates(design_arrays(catalog, designs), shape, times=False)
            rates.append(np.nan_to_num(found.requests_per_s, nan=0.0))
        for a, b in np.argwhere(better).tolist():
            assert np.all(rates[a] >= rates[b] * (1 - 1e-6))
