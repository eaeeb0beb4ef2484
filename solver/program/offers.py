"""API offers that an optimum may need, of all that may serve: exact, and small where prices tell offers apart.

One supplier. Of its offers for a segment, none dearer than one without limits: what such an offer serves can move to
the other one, as the supplier is the same, no limit is in the way, and a request costs no more.

Suppliers. q may go if p sells, without limits, to every segment of q at no more than q's cheapest, has no pools, and no
higher fixed cost: move all of q's traffic to p. Where providers may be lost, or two suppliers are asked for, two such
p1 and p2 are needed; where losses count, of no higher share of the month than q's, and so that q's fixed cost is at
least the share of one times all that the other would bill for q's segments. Proof: if the plan does not use one of
them, it takes q's place in all, its loss that of q's loss. If it uses both, q's traffic moves to p1, and to p2 while p1
is lost; any other loss costs no more, that of p1 at most its share times q's traffic at p2's price more, which q's
fixed cost pays, and the loss of q itself is gone. Of the two take the one that serves less, so that both count as
suppliers. Where suppliers are limited, q has no pools either: then none is added.

Units. What an option serves by the unit can move to the same supplier's cheapest offer without limits; its units may
go where that is never dearer, whatever is moved (`useful_units`).

None of this where a rule or a route names offers, or three suppliers are asked for; what is still sold by the unit
stays.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from solver.problem import ApiOption, Array, Problem
from solver.units import HOURS_PER_MONTH, SECONDS


def needed_offers(
    problem: Problem,
    request_cost: Mapping[tuple[int, str], float],
    month: Array,
    pool_providers: set[str],
) -> tuple[tuple[int, int], ...]:
    """Pairs (s, a) that an optimum may need; `month` [s] is each segment's requests a month."""
    ids = {api.id: a for a, api in enumerate(problem.apis)}
    pairs = sorted((s, ids[option]) for s, option in request_cost if option in ids)
    rules = problem.rules
    if rules.must_use or problem.moving is not None:
        return tuple(pairs)
    cost = {(s, a): request_cost[s, problem.apis[a].id] for s, a in pairs}
    pairs = _cheapest_of_each(problem, pairs, cost)
    if (rules.min_suppliers or 0) <= 2:
        gone = _dominated(problem, pairs, cost, month, pool_providers)
        pairs = [(s, a) for s, a in pairs if problem.apis[a].offer.provider not in gone]
    return tuple(pairs)


def binding_limits(problem: Problem, load: Array) -> tuple[ApiOption, ...]:
    """The options without the rate limits that all they may serve at once does not reach; `load` [s, b] requests/s."""
    may_serve: dict[str, list[int]] = {}
    for s, option in problem.charges:
        may_serve.setdefault(option, []).append(s)
    tokens = load * problem.tokens_per_request[:, None]
    found = []
    for api in problem.apis:
        rows = may_serve.get(api.id, [])
        if load[rows].sum(axis=0).max(initial=0.0) <= api.requests_per_s < np.inf:
            api = replace(api, requests_per_s=np.inf)
        if tokens[rows].sum(axis=0).max(initial=0.0) <= api.tokens_per_s < np.inf:
            api = replace(api, tokens_per_s=np.inf)
        found.append(api)
    return tuple(found)


def useful_units(
    problem: Problem, request_cost: Mapping[tuple[int, str], float], month: Array
) -> dict[tuple[int, str], float]:
    """`unit_rate` without the options whose units save nothing; `month` [s] is each segment's requests a month.

    Serving t[s] requests by units costs the price of the least number of units at least, and that of full ones, u[s] a
    request. Where the most that the other offer can cost more, max over t <= month of t @ c - max(least, t @ u), is not
    above 0, no plan needs the units. While something is lost more may be moved, for that share of the month. Nor does
    it where the same supplier sells the same for no more (`_same_for_less`).
    """
    if problem.rules.must_use or problem.moving is not None:
        return dict(problem.unit_rate)
    free: dict[tuple[int, str], float] = {}
    for a, api in enumerate(problem.apis):
        if unlimited(problem, a):
            for s in range(len(month)):
                key = s, api.offer.provider
                free[key] = min(free.get(key, np.inf), request_cost.get((s, api.id), np.inf))
    lost = sum(each.share for each in problem.contingencies) if problem.coverage is not None else 0.0
    kept = dict(problem.unit_rate)
    for api in problem.apis:
        sold = [s for s in range(len(month)) if (s, api.id) in kept]
        price = np.array([free.get((s, api.offer.provider), np.inf) * (1 + lost) for s in sold])
        unit = np.array([api.unit_price / (SECONDS["hour"] * kept[s, api.id]) for s in sold])
        least = api.unit_min * api.unit_price * HOURS_PER_MONTH
        others = [other for other in problem.apis if other.offer.provider == api.offer.provider]
        beaten = any(_same_for_less(kept, sold, api, other) for other in others if other.id != api.id)
        if sold and (beaten or _most_saved(price, unit, month[sold], least) <= 0):
            for s in sold:
                del kept[s, api.id]
    return kept


def _same_for_less(
    unit_rate: Mapping[tuple[int, str], float], sold: list[int], api: ApiOption, other: ApiOption
) -> bool:
    """Whether another option's units, no dearer and no coarser, serve at least as much of each segment."""
    return (
        other.unit_price <= api.unit_price and other.unit_min <= api.unit_min and api.unit_step % other.unit_step == 0
        and all(unit_rate.get((s, other.id), 0.0) >= unit_rate[s, api.id] for s in sold)
    )  # fmt: skip


def _most_saved(price: Array, unit: Array, most: Array, least: float) -> float:
    """Max over t in [0, most] of t @ price - max(least, t @ unit).

    First comes what earns more than it uses, then, while `least` is not used up, the best of the others.
    """
    earned, used = 0.0, 0.0
    for i in np.argsort(unit / np.maximum(price, 1e-300), kind="stable"):
        whole = float(unit[i] * most[i])
        part = 1.0 if price[i] > unit[i] or whole <= least - used else max(0.0, least - used) / whole
        if part * most[i] > 0:
            earned += float(part * most[i] * price[i])
            used += part * whole
    return earned - max(least, used)


def unlimited(problem: Problem, a: int) -> bool:
    """Whether no known rate limit binds the option."""
    return min(problem.apis[a].requests_per_s, problem.apis[a].tokens_per_s) == np.inf


def _cheapest_of_each(
    problem: Problem, pairs: list[tuple[int, int]], cost: Mapping[tuple[int, int], float]
) -> list[tuple[int, int]]:
    """For each segment and supplier the cheapest offer without limits, and the cheaper ones with limits."""
    settled: set[tuple[int, str]] = set()
    kept = []
    for s, a in sorted(pairs, key=lambda pair: (cost[pair], pair)):
        api = problem.apis[a]
        if (s, api.offer.provider) not in settled or (s, api.id) in problem.unit_rate:
            kept.append((s, a))
        if unlimited(problem, a):
            settled.add((s, api.offer.provider))
    return sorted(kept)


def _dominated(
    problem: Problem,
    pairs: list[tuple[int, int]],
    cost: Mapping[tuple[int, int], float],
    month: Array,
    pool_providers: set[str],
) -> set[str]:
    """Suppliers that may go, each with those that are still there to take its place."""
    sellers = sorted({problem.apis[a].offer.provider for _, a in pairs})
    place = {name: p for p, name in enumerate(sellers)}
    rules = problem.rules
    any_price, free_price = np.full((2, len(sellers), len(month)), np.inf)
    for s, a in pairs:
        p = place[problem.apis[a].offer.provider]
        any_price[p, s] = min(any_price[p, s], cost[s, a])
        if unlimited(problem, a):
            free_price[p, s] = min(free_price[p, s], cost[s, a])
    fixed, share = np.zeros((2, len(sellers)))
    for each in problem.fixed_costs:
        if each.trigger[0] == "supplier" and each.trigger[1] in place:
            fixed[place[each.trigger[1]]] += each.per_month
    covered = problem.coverage is not None and bool(np.any(problem.coverage > 0))
    lost = {each.of: each.share for each in problem.contingencies if each.kind == "provider"} if covered else {}
    for name, p in place.items():
        share[p] = lost.get(name, 0.0)
    with_units = {
        api.offer.provider for api in problem.apis if any(api.id == option for _, option in problem.unit_rate)
    }
    gone: set[int] = set()
    for q in sorted(
        range(len(sellers)), key=lambda q: (-float(np.min(any_price[q])), -q)
    ):  # the last of equals by name
        serves = np.isfinite(any_price[q])
        able = [
            p for p in range(len(sellers))
            if p != q and p not in gone and sellers[p] not in pool_providers and fixed[p] <= fixed[q]
            and np.all(free_price[p, serves] <= any_price[q, serves])
        ]  # fmt: skip
        if sellers[q] in with_units or (rules.max_suppliers is not None and sellers[q] in pool_providers):
            continue
        if lost:
            able = [p for p in able if share[p] <= share[q] and sellers[p] in lost and sellers[q] in lost]
        needed = 2 if lost or rules.min_suppliers == 2 else 1
        bill = sorted(float(free_price[p, serves] @ month[serves]) for p in able)
        if len(able) >= needed and (needed == 1 or max(share[p] for p in able) * bill[1] <= fixed[q]):
            gone.add(q)
    return {sellers[q] for q in gone}
