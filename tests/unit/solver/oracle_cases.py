"""Tiny problems drawn from a seed, and the features they are to exercise between them.

A feature is a way to take it out of a problem: `dropped` gives the problem without it, or None where it is not there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from made_problems import design, offer

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.problem import (
    ApiOption,
    Charge,
    Contingency,
    FixedCost,
    InForce,
    LoadBlocks,
    Moving,
    PeopleSteps,
    PoolDesign,
    Problem,
    Purchase,
    Rules,
)  # fmt: skip

TYPES: tuple[PurchaseType, ...] = get_args(PurchaseType)
DISCOUNT: dict[PurchaseType, float] = {
    "reserved_1m": 0.8, "reserved_1y": 0.65, "reserved_3y": 0.45, "owned": 0.5, "on_demand": 1.0, "managed": 0.95,
    "spot": 0.4, "serverless": 1.2,
}  # fmt: skip
TERM: dict[PurchaseType, int] = {"reserved_1m": 1, "reserved_1y": 12, "reserved_3y": 36}
CLOUDS, SELLERS = ("aws", "gcp", "lambda"), ("aws", "openai", "together")


class Draw:
    """Draws of one case; `has` tells whether a feature is in it: its theme always, others by chance."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.theme = THEMES[seed % len(THEMES)]

    def has(self, theme: str, chance: float) -> bool:
        return bool(self.rng.uniform() < chance) or theme == self.theme

    def one(self, of: Iterable[Any], odds: Iterable[float] | None = None) -> Any:
        items = list(of)
        return items[int(self.rng.choice(len(items), p=None if odds is None else list(odds)))]

    def some(self, of: Iterable[Any], chance: float) -> list[Any]:
        return [each for each in of if self.rng.uniform() < chance]

    def number(self, low: float, high: float, digits: int = 3) -> float:
        return round(float(self.rng.uniform(low, high)), digits)


THEMES = (
    "box", "wait", "spot", "serverless", "units", "limits", "suppliers", "must", "money", "gpus", "beyond", "people",
    "covered", "all covered", "in force", "moving", "tight", "lost spot", "longer in force", "providers",
)  # fmt: skip


def tiny_case(seed: int) -> Problem:
    """1 or 2 segments, 1 to 3 blocks, up to 3 designs and 3 APIs; replicas of a pool are few."""
    draw = Draw(seed)
    segments, count = draw.one((1, 2), (0.4, 0.6)), draw.one((1, 2, 3), (0.25, 0.6, 0.15))
    blocks = _blocks(draw, segments, count)
    designs = tuple(_design(draw, k) for k in range(draw.one((1, 2, 3), (0.3, 0.45, 0.25))))
    apis = tuple(_api(draw, a, float(blocks.peak.max())) for a in range(draw.one((0, 1, 2, 3), (0.05, 0.4, 0.4, 0.15))))
    kappa = np.array([[draw.number(0.15, 2.2) for _ in designs] for _ in range(segments)]) / blocks.peak.max()
    kappa = np.round(kappa, 4)
    kappa[draw.rng.uniform(size=kappa.shape) < 0.12] = np.nan
    month = (blocks.mean * blocks.hours * 3600.0).sum(axis=1)
    charges = _charges(draw, month, designs, apis)
    problem = Problem(
        segments=tuple(f"s{s}" for s in range(segments)), segment_of=tuple(f"s{s}" for s in range(segments)),
        blocks=blocks, designs=designs, apis=apis, kappa=kappa, charges=charges,
        headroom=np.array([draw.one((0.0, 0.25, 0.5, 0.6)) for _ in range(segments)]),
        spot_tolerance=np.array([draw.one((0.0, 0.3, 0.6, 1.0)) for _ in range(segments)]),
        tokens_per_request=np.array([float(draw.one((500, 1000, 3000))) for _ in range(segments)]),
        may_wait=np.array([draw.has("wait", 0.1) and draw.rng.uniform() < 0.7 for _ in range(segments)]),
        fixed_costs=_fixed_costs(draw, designs, apis),
        people=PeopleSteps(draw.number(0.02, 0.2), draw.one((1, 1, 2)), 1000.0) if draw.has("people", 0.5) else None,
        rules=_rules(draw, designs, apis),
        awake=np.array([[draw.number(0.0, 1.0) for _ in range(count)] for _ in range(segments)])
        if draw.has("serverless", 0.3) else None,
        unit_rate={
            (s, api.id): draw.number(0.5, 2.0)
            for api in apis if api.unit_price > 0 for s in range(segments) if draw.rng.uniform() < 0.8
        },
    )  # fmt: skip
    return _with_today(draw, _with_contingencies(draw, problem))


def _blocks(draw: Draw, segments: int, count: int) -> LoadBlocks:
    cuts = sorted(draw.rng.choice(np.arange(40, 690), count - 1, replace=False).tolist())
    hours = np.diff([0, *cuts, 730]).astype(float)
    peak = np.array([[draw.number(0.5, 6.0) for _ in range(count)] for _ in range(segments)])
    mean = np.round(peak * draw.rng.uniform(0.4, 1.0, peak.shape), 3)
    weekend = np.array([bool(draw.rng.uniform() < 0.3) for _ in range(count)])
    return LoadBlocks(hours, peak, mean, weekend)


def _design(draw: Draw, k: int) -> PoolDesign:
    hour, gpus = draw.number(1.0, 4.0), draw.one((1, 2, 4))
    types = set(draw.some(TYPES, 0.22)) or {"on_demand"}
    if draw.has("spot", 0.1) or draw.has("lost spot", 0.0):
        types |= {"spot", draw.one(("on_demand", "reserved_1y"))}
    if draw.has("serverless", 0.05):
        types |= {"serverless"}
    if draw.has("beyond", 0.1):
        types |= {"reserved_3y", "on_demand"}
    boxed, failing = draw.has("box", 0.25), draw.has("box", 0.5)
    ways: dict[PurchaseType, Purchase] = {
        m: Purchase(
            price=round(hour * DISCOUNT[m] * draw.number(0.85, 1.15), 3),
            availability=draw.one((0.6, 0.8)) if m == "spot" else draw.one((0.9, 0.95, 1.0)) if failing else 1.0,
            box=draw.one((1, 2, 3)) if boxed and m != "serverless" else 1,
            term_months=TERM.get(m, 0),
            capital=20_000.0 if m == "owned" else 0.0,
        )
        for m in TYPES if m in types
    }  # fmt: skip
    name = f"m{draw.one((0, 1))}/g{draw.one((0, 1))}/{draw.one(CLOUDS)}"
    kind = "serverless" if types == {"serverless"} else "managed" if "managed" in types else "self_run"
    made = design(
        name, ways, gpus=gpus, pool_class=kind, max_replicas=draw.one((1, 2, 3)) if draw.has("tight", 0.15) else 50
    )
    return replace(made, id=f"{name}#{k}")


def _api(draw: Draw, a: int, peak: float) -> ApiOption:
    name = f"{draw.one(SELLERS)}/model{a}"
    units = draw.has("units", 0.15)
    limited = draw.has("limits", 0.25) or units
    return ApiOption(
        name, offer(name, bool(a)),
        requests_per_s=draw.number(0.2, 1.0) * peak if limited and draw.rng.uniform() < 0.7 else np.inf,
        tokens_per_s=draw.number(200, 1200, 0) * peak if limited and draw.rng.uniform() < 0.6 else np.inf,
        unit_price=draw.number(0.1, 1.0) if units else 0.0,
        unit_min=draw.one((0, 2, 3, 4)) if units else 0,
        unit_step=draw.one((1, 2, 3)) if units else 1,
    )  # fmt: skip


def _charges(
    draw: Draw, month: np.ndarray, designs: tuple[PoolDesign, ...], apis: tuple[ApiOption, ...]
) -> dict[tuple[int, str], tuple[Charge, ...]]:
    """All of a segment's month on an API costs about as much as one to four replicas; egress of pools far less."""
    charges: dict[tuple[int, str], tuple[Charge, ...]] = {}
    for s in range(len(month)):
        for api in apis:
            if draw.rng.uniform() < 0.94:
                parts = (
                    Charge("input", "Mtok", 0.001, 1e3 * draw.number(300, 3500) / month[s]),
                    Charge("fee", "1", 1.0, 0.0),
                )
                charges[s, api.id] = parts
        for made in designs:
            if draw.has("covered", 0.25):
                charges[s, made.id] = (Charge("egress", "GB", 0.01, 100 * draw.number(10, 300) / month[s]),)
    return charges


def _fixed_costs(draw: Draw, designs: tuple[PoolDesign, ...], apis: tuple[ApiOption, ...]) -> tuple[FixedCost, ...]:
    triggers: set[Any] = {("selfhost", "")}
    for made in designs:
        triggers |= {("class", made.pool_class), ("open", made.id), ("site", f"{made.provider}@{made.region}")}
    triggers |= {("supplier", api.offer.provider) for api in apis}
    return tuple(
        FixedCost(f"{kind} {of}", "month", draw.number(0.5, 2.0), draw.number(20, 250), (kind, of))
        for kind, of in draw.some(sorted(triggers), 0.5)
    )


def _rules(draw: Draw, designs: tuple[PoolDesign, ...], apis: tuple[ApiOption, ...]) -> Rules:
    names = sorted({made.provider for made in designs} | {api.offer.provider for api in apis})
    words = ["pools", "apis", *names, *(made.id for made in designs), *(made.model for made in designs)]
    words += [api.id for api in apis]
    limited = sorted({made.provider for made in designs} | {made.gpu for made in designs})
    limited += [f"{made.provider}/{made.gpu}" for made in designs]
    suppliers, money = draw.has("suppliers", 0.12), draw.has("money", 0.06)
    return Rules(
        budget_per_month=draw.number(700, 3500) if money and draw.rng.uniform() < 0.7 else None,
        max_pool_designs=draw.one((0, 1, 1, 1, 2)) if draw.has("must", 0.12) else None,
        min_suppliers=draw.one((1, 2, 2, 2, 2, 3)) if suppliers and draw.rng.uniform() < 0.7 else None,
        max_suppliers=draw.one((1, 1, 2)) if suppliers and draw.rng.uniform() < 0.5 else None,
        must_use=tuple(sorted({draw.one(words) for _ in range(draw.one((1, 2)))})) if draw.has("must", 0.08) else (),
        gpus_available={draw.one(limited): draw.one((0, 1, 2, 3, 4, 6))} if draw.has("gpus", 0.12) else {},
        capital=draw.one((0.0, 20_000.0, 50_000.0)) if draw.has("money", 0.2) else None,
        horizon_months=draw.one((6, 18, 24, 36)) if draw.has("beyond", 0.2) else 12,
        beyond_horizon=draw.one(("forbid", "charge")),
    )  # fmt: skip


def _with_contingencies(draw: Draw, problem: Problem) -> Problem:
    """Some of all that may be lost; coverage by segment, 1 where the theme says so."""
    names = sorted({made.provider for made in problem.designs} | {api.offer.provider for api in problem.apis})
    pools = [made.id for made in problem.designs]
    spot = [made.id for made in problem.designs if "spot" in made.purchases]
    every = [("replica", of) for of in pools] + [("spot", of) for of in spot]
    every += [("provider", of) for of in names if draw.rng.uniform() < 0.5]
    covers = draw.has("covered", 0.3) or draw.theme in ("all covered", "lost spot", "providers")
    if not covers:
        return problem
    drawn: list[Any] = {
        "lost spot": [("spot", of) for of in spot],
        "providers": [("provider", of) for of in names],
    }.get(draw.theme, draw.some(every, 0.5))
    coverage = [draw.one((0.0, 0.3, 0.6, 0.9, 1.0), (0.1, 0.25, 0.3, 0.15, 0.2)) for _ in problem.segments]
    if draw.theme in ("all covered", "lost spot"):
        coverage = [1.0 for _ in problem.segments]
    tolerance = np.maximum(problem.spot_tolerance, 0.3 if draw.theme == "lost spot" else 0.0)
    return replace(
        problem, coverage=np.array(coverage), spot_tolerance=tolerance,
        contingencies=tuple(Contingency(kind, of, draw.number(0.0, 0.3)) for kind, of in drawn[:4]),
    )  # fmt: skip


def _with_today(draw: Draw, problem: Problem) -> Problem:
    """What is in force of committed types, and what runs today."""
    committed = [(made.id, m) for made in problem.designs for m in made.purchases if m in COMMITTED]
    prices = {(made.id, m): way.price for made in problem.designs for m, way in made.purchases.items()}
    longer, runs = draw.has("longer in force", 0.0), draw.has("moving", 0.12)
    if longer:
        committed = [pair for pair in committed if TERM.get(pair[1], 0) > problem.rules.horizon_months] or committed
    in_force = {}
    if longer or draw.has("in force", 0.1):
        in_force = {
            pair: InForce(draw.one((1, 2, 3, 4)), draw.number(0.2, 1.0), draw.one((0.0, 0.0, 0.3, 1.5)) * prices[pair])
            for pair in (committed if longer else draw.some(committed, 0.8))
        }
    if not runs:
        return replace(problem, in_force=in_force)
    options = [made.id for made in problem.designs] + [api.id for api in problem.apis]
    pairs = [(s, option) for s in range(len(problem.segments)) for option in options]
    return replace(
        problem, in_force=in_force,
        moving=Moving(
            routes=frozenset(draw.some(pairs, 0.35)),
            replicas={made.id: draw.one((0.5, 1.0, 2.0, 3.0)) for made in problem.designs if draw.rng.uniform() < 0.6},
            replica_added=draw.one((0.0, 80.0, 400.0)), replica_removed=draw.one((0.0, 80.0, 900.0)),
            route_added=draw.one((0.0, 60.0, 400.0)), route_removed=draw.one((0.0, 60.0, 400.0)),
        ),
    )  # fmt: skip


def _of_designs(problem: Problem, change: Callable[[PoolDesign], PoolDesign]) -> Problem:
    return replace(problem, designs=tuple(map(change, problem.designs)))


def _ways(problem: Problem, change: Callable[[PurchaseType, Purchase], Purchase | None]) -> Problem:
    """With each way of buying changed, or left out."""

    def changed(made: PoolDesign) -> PoolDesign:
        ways = {m: new for m, way in made.purchases.items() if (new := change(m, way)) is not None}
        return replace(made, purchases=ways)

    return _of_designs(problem, changed)


def _apis(problem: Problem, **values: Any) -> Problem:
    return replace(problem, apis=tuple(replace(api, **values) for api in problem.apis))


def _rule(**values: Any) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, rules=replace(problem.rules, **values))


def _moving(**values: Any) -> Callable[[Problem], Problem]:
    return lambda p: p if p.moving is None else replace(p, moving=replace(p.moving, **values))


def _without_kind(kind: str) -> Callable[[Problem], Problem]:
    return lambda p: replace(p, contingencies=tuple(each for each in p.contingencies if each.kind != kind))


def _without_trigger(kind: str) -> Callable[[Problem], Problem]:
    return lambda p: replace(p, fixed_costs=tuple(each for each in p.fixed_costs if each.trigger[0] != kind))


def _covering(to_one: bool) -> Callable[[Problem], Problem]:
    def change(problem: Problem) -> Problem:
        if problem.coverage is None or not problem.contingencies:
            return problem
        gone = (problem.coverage == 1) if to_one else (problem.coverage < 1)
        return replace(problem, coverage=np.where(gone, 0.0, problem.coverage))

    return change


def _longer_in_force(problem: Problem) -> Problem:
    """Nothing in force whose term is longer than a horizon beyond which nothing may be signed."""
    if problem.rules.beyond_horizon == "charge":
        return problem
    kept = {
        pair: each for pair, each in problem.in_force.items() if TERM.get(pair[1], 0) <= problem.rules.horizon_months
    }
    return replace(problem, in_force=kept)


def _beyond(policy: str) -> Callable[[Problem], Problem]:
    """Terms within the horizon, where the policy is this one and it matters."""

    def change(problem: Problem) -> Problem:
        if problem.rules.beyond_horizon != policy:
            return problem
        horizon = problem.rules.horizon_months
        return _ways(problem, lambda _, way: replace(way, term_months=min(way.term_months, horizon)))

    return change


FEATURES: Mapping[str, Callable[[Problem], Problem]] = {
    **{f"bought: {m}": (lambda p, m=m: _ways(p, lambda n, way: None if n == m else way)) for m in TYPES},  # type: ignore[misc]
    "boxes above 1": lambda p: _ways(p, lambda _, way: replace(way, box=1)),
    "availability below 1": lambda p: _ways(p, lambda _, way: replace(way, availability=1.0)),
    "replicas of a design": lambda p: _of_designs(p, lambda made: replace(made, max_replicas=50)),
    "headroom": lambda p: replace(p, headroom=np.zeros_like(p.headroom)),
    "headroom by segment": lambda p: replace(p, headroom=np.full_like(p.headroom, p.headroom[0])),
    "spot tolerance above 0": lambda p: replace(p, spot_tolerance=np.zeros_like(p.spot_tolerance)),
    "spot tolerance below 1": lambda p: replace(p, spot_tolerance=np.ones_like(p.spot_tolerance)),
    "may wait": lambda p: replace(p, may_wait=np.zeros_like(p.may_wait)),
    "day types of what may wait": lambda p: replace(
        p, blocks=replace(p.blocks, weekend=np.zeros_like(p.blocks.weekend))
    ),
    "awake": lambda p: replace(p, awake=None),
    "not admissible": lambda p: replace(p, kappa=np.where(np.isnan(p.kappa), 0.01, p.kappa)),
    "request limit": lambda p: _apis(p, requests_per_s=np.inf),
    "token limit": lambda p: _apis(p, tokens_per_s=np.inf),
    "provisioned units": lambda p: replace(p, unit_rate={}),
    "least units": lambda p: _apis(p, unit_min=0),
    "steps of units": lambda p: _apis(p, unit_step=1),
    "budget": _rule(budget_per_month=None),
    "most pool designs": _rule(max_pool_designs=None),
    "least suppliers": _rule(min_suppliers=None),
    "most suppliers": _rule(max_suppliers=None),
    "must use": _rule(must_use=()),
    "GPUs available": _rule(gpus_available={}),
    "capital": _rule(capital=None),
    "beyond the horizon, forbidden": _beyond("forbid"),
    "beyond the horizon, charged": _beyond("charge"),
    "people in steps": lambda p: replace(p, people=None),
    **{f"fixed cost: {kind}": _without_trigger(kind) for kind in ("selfhost", "class", "open", "site", "supplier")},
    "requests paid at pools": lambda p: replace(
        p, charges={pair: charges for pair, charges in p.charges.items() if "#" not in pair[1]}
    ),
    "coverage of 1": _covering(True),
    "coverage below 1": _covering(False),
    **{f"contingency: {kind}": _without_kind(kind) for kind in ("replica", "spot", "provider")},
    "requests paid while lost": lambda p: replace(
        p, contingencies=tuple(replace(each, share=0.0) for each in p.contingencies)
    ),
    "in force": lambda p: replace(p, in_force={}),
    "in force, longer than the horizon": _longer_in_force,
    "replicas added": _moving(replica_added=0.0),
    "replicas removed": _moving(replica_removed=0.0),
    "routes added": _moving(route_added=0.0),
    "routes removed": _moving(route_removed=0.0),
}
"""Each feature, by the change that takes it out of a problem (and leaves one without it as it is)."""


def dropped(problem: Problem, feature: str) -> Problem | None:
    """The problem without the feature, or None where it is not in it."""
    changed = FEATURES[feature](problem)
    return None if same(problem, changed) else changed


def same(one: Any, other: Any) -> bool:
    """Whether two problems are equal, arrays and NaN included."""
    if one is None or other is None:
        return one is other
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if hasattr(one, "__dataclass_fields__"):
        return one is other or all(same(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)
