"""A problem made less strict or less dear in one place, and one that offers less: for the laws of the optimum."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from catalogs.vocabulary import PurchaseType
from solver.problem import Problem, Purchase

Case = tuple[str, Problem]
PART = 0.7
"""Prices, loads and the like are lowered to this part."""


def with_way(problem: Problem, k: int, m: PurchaseType, change: Callable[[Purchase], Purchase | None]) -> Problem:
    """With one way of buying changed, or left out."""
    ways = dict(problem.designs[k].purchases)
    if (changed := change(ways.pop(m))) is not None:
        ways[m] = changed
    return replace(problem, designs=put(problem.designs, k, purchases=ways))


def put(items: tuple[Any, ...], i: int, **values: Any) -> tuple[Any, ...]:
    """With the fields of one item changed."""
    return tuple(replace(each, **values) if j == i else each for j, each in enumerate(items))


def loosened(problem: Problem) -> Iterator[Case]:
    """With one requirement dropped or relaxed, or one price, load or need lowered: none makes the optimum dearer.

    Each plan of the problem is one of the other, at no more cost.
    """
    yield from _cheaper_ways(problem)
    yield from _less_asked(problem)
    yield from _apis_and_fixed(problem)
    yield from _fewer_rules(problem)
    yield from _today(problem)


def _cheaper_ways(problem: Problem) -> Iterator[Case]:
    """Not availability where a replica is lost: a loss takes the least of it, of a way that may not even be held."""
    no_replica_lost = all(each.kind != "replica" for each in problem.contingencies)
    for k, design in enumerate(problem.designs):
        for m, way in design.purchases.items():
            changed = {
                "price": replace(way, price=way.price * PART), "box": replace(way, box=1),
                "capital": replace(way, capital=way.capital / 2),
                "term": replace(way, term_months=way.term_months // 2),
            } | ({"availability": replace(way, availability=1.0)} if no_replica_lost else {})  # fmt: skip
            for what, new in changed.items():
                if new != way:
                    yield f"{what} of {k} {m}", with_way(problem, k, m, lambda _, new=new: new)  # type: ignore[misc]
        more = put(problem.designs, k, max_replicas=design.max_replicas * 2)
        yield f"replicas of {k}", replace(problem, designs=more)
        kappa = problem.kappa.copy()
        kappa[:, k] *= PART
        yield f"kappa of {k}", replace(problem, kappa=kappa)


def _less_asked(problem: Problem) -> Iterator[Case]:
    """By segment. A mean is lowered in all blocks alike, as shares of the month stand in rules."""
    blocks = problem.blocks
    for s in range(len(problem.segments)):
        for b in range(len(blocks.hours)):
            peak = blocks.peak.copy()
            peak[s, b] *= PART
            yield f"peak of {s} in {b}", replace(problem, blocks=replace(blocks, peak=peak))
        mean = blocks.mean.copy()
        mean[s] *= PART
        yield f"mean of {s}", replace(problem, blocks=replace(blocks, mean=mean))
        for name in ("coverage", "headroom", "tokens_per_request", "awake"):
            if getattr(problem, name) is not None:
                values = getattr(problem, name).astype(float)
                values[s] *= PART
                yield f"{name} of {s}", replace(problem, **{name: values})
        tolerance = problem.spot_tolerance.copy()
        tolerance[s] = min(1.0, tolerance[s] + 0.3)
        yield f"spot tolerance of {s}", replace(problem, spot_tolerance=tolerance)


def _apis_and_fixed(problem: Problem) -> Iterator[Case]:
    for pair, charges in problem.charges.items():
        less = tuple(replace(charge, price=charge.price * PART) for charge in charges)
        yield f"charge of {pair}", replace(problem, charges={**problem.charges, pair: less})
    for a, api in enumerate(problem.apis):
        changes = {
            "requests_per_s": np.inf, "tokens_per_s": np.inf, "unit_price": api.unit_price * PART, "unit_min": 0,
            "unit_step": 1,
        }  # fmt: skip
        for name, value in changes.items():
            if getattr(api, name) != value:
                yield f"{name} of {a}", replace(problem, apis=put(problem.apis, a, **{name: value}))
    for pair, rate in problem.unit_rate.items():
        yield f"unit rate of {pair}", replace(problem, unit_rate={**problem.unit_rate, pair: rate * 1.3})
    for i, cost in enumerate(problem.fixed_costs):
        yield cost.name, replace(problem, fixed_costs=put(problem.fixed_costs, i, price=cost.price / 2))
    for i, each in enumerate(problem.contingencies):
        fewer = problem.contingencies[:i] + problem.contingencies[i + 1 :]
        yield f"contingency {i}", replace(problem, contingencies=fewer)
        yield f"share of {i}", replace(problem, contingencies=put(problem.contingencies, i, share=each.share / 2))
    if (people := problem.people) is not None:
        for name, step in (("fte", replace(people, fte=people.fte / 2)), ("designs", replace(people, designs=4))):
            yield f"people: {name}", replace(problem, people=step)


def _fewer_rules(problem: Problem) -> Iterator[Case]:
    rules = problem.rules
    changes: dict[str, Any] = dict.fromkeys(
        ("budget_per_month", "max_pool_designs", "min_suppliers", "max_suppliers", "capital")
    )
    changes |= {
        "must_use": rules.must_use[1:], "gpus_available": {}, "beyond_horizon": "charge",
        "horizon_months": rules.horizon_months * 2,
    }  # fmt: skip
    for name, value in changes.items():
        if getattr(rules, name) != value:
            yield name, replace(problem, rules=replace(rules, **{name: value}))


def _today(problem: Problem) -> Iterator[Case]:
    for pair, kept in problem.in_force.items():
        for changed in (replace(kept, paid_share=1.0), replace(kept, still=0.0), replace(kept, replicas=9)):
            yield f"in force {changed}", replace(problem, in_force={**problem.in_force, pair: changed})
    if (moving := problem.moving) is not None:
        yield "no moving", replace(problem, moving=None)
        for name in ("replica_added", "replica_removed", "route_added", "route_removed"):
            less = replace(moving, **{name: getattr(moving, name) / 2})
            yield name, replace(problem, moving=less)


def with_less_on_offer(problem: Problem) -> Iterator[Case]:
    """Without one design, API, way of buying, pair or all units: none makes the optimum cheaper."""
    for k, design in enumerate(problem.designs):
        for m in design.purchases if len(design.purchases) > 1 else ():
            yield f"{k} without {m}", with_way(problem, k, m, lambda _: None)
        for rows in (slice(None), *range(len(problem.segments))):
            kappa = problem.kappa.copy()
            kappa[rows, k] = np.nan
            yield f"{k} without {rows}", replace(problem, kappa=kappa)
    for a, api in enumerate(problem.apis):
        left = {pair: each for pair, each in problem.charges.items() if pair[1] != api.id}
        yield f"without API {a}", replace(problem, charges=left)
    for gone in problem.charges:
        if gone[1] in {api.id for api in problem.apis}:
            left = {pair: each for pair, each in problem.charges.items() if pair != gone}
            yield f"without {gone}", replace(problem, charges=left)
    if problem.unit_rate:
        yield "without units", replace(problem, unit_rate={})


def in_order(problem: Problem, segments: list[int], blocks: list[int], designs: list[int]) -> Problem:
    """With segments, blocks and designs in another order."""
    place = {old: new for new, old in enumerate(segments)}
    moving, given = problem.moving, problem.blocks

    def rows(values: Any) -> Any:
        return None if values is None else values[segments]

    return replace(
        problem, segments=tuple(problem.segments[s] for s in segments),
        segment_of=tuple(problem.segment_of[s] for s in segments),
        blocks=replace(
            given, hours=given.hours[blocks], weekend=given.weekend[blocks], peak=given.peak[segments][:, blocks],
            mean=given.mean[segments][:, blocks],
        ),
        designs=tuple(problem.designs[k] for k in designs), kappa=problem.kappa[segments][:, designs],
        charges={(place[s], option): each for (s, option), each in problem.charges.items()},
        unit_rate={(place[s], option): each for (s, option), each in problem.unit_rate.items()},
        headroom=rows(problem.headroom), spot_tolerance=rows(problem.spot_tolerance), coverage=rows(problem.coverage),
        tokens_per_request=rows(problem.tokens_per_request), may_wait=rows(problem.may_wait),
        awake=None if problem.awake is None else problem.awake[segments][:, blocks],
        moving=moving and replace(moving, routes=frozenset((place[s], option) for s, option in moving.routes)),
    )  # fmt: skip


def block_in_two(problem: Problem, b: int) -> Problem:
    """Block b as two of half its hours."""
    blocks = [*range(len(problem.blocks.hours)), b]
    two = in_order(problem, [*range(len(problem.segments))], blocks, [*range(len(problem.designs))])
    hours = two.blocks.hours.copy()
    hours[[b, -1]] /= 2
    return replace(two, blocks=replace(two.blocks, hours=hours))


def apis_doubled(problem: Problem) -> Problem:
    """Every API offer once more under another id: its limits are another one's, so that a limited one is of use."""
    ids = {api.id for api in problem.apis}
    again = tuple(replace(api, id=f"{api.id}~") for api in problem.apis)
    charges = {(s, f"{option}~"): each for (s, option), each in problem.charges.items() if option in ids}
    rates = {(s, f"{option}~"): each for (s, option), each in problem.unit_rate.items()}
    return replace(
        problem, apis=(*problem.apis, *again), charges={**problem.charges, **charges},
        unit_rate={**problem.unit_rate, **rates},
    )  # fmt: skip
