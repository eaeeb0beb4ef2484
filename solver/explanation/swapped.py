"""At which price an option would enter in the place of a pool of the plan, in closed form: many options at once.

A plan with design j in the place of pool i, with all of its traffic, is a plan that uses j: it costs A + f*P at f times
the price of j, what else is paid and the least that its whole replicas cost. So j enters where that is the cost V of
the plan, at f = (V - A)/P, and perhaps sooner otherwise. Shares stay as they are, also while something is lost; where j
is lost more often than i, or with others of the plan, APIs of suppliers that the plan has take all of it meanwhile. It
is bought committed and by the hour, or serverless, never on spot. Where a rule could break the exchange is not made.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

import numpy as np

from catalogs.vocabulary import COMMITTED, HOURLY, PurchaseType
from solver.explanation.kin import NEAR, Kin
from solver.patterns import names_design
from solver.problem import Array, Purchase, strikes
from solver.program.data import Data, beyond_horizon_per_month, committed_price_per_month
from solver.program.offers import unlimited
from solver.solution import Solution
from solver.whole_units import Mask


@dataclass(frozen=True)
class Swap:
    """A plan with a design in the place of pool `instead_of`: it costs `fixed` + factor*`paid` a month."""

    instead_of: int
    fixed: float
    paid: float

    def enters_at(self, now: float) -> float:
        """The factor on its price at which the plan costs `now`."""
        return (now - self.fixed) / self.paid


@dataclass(frozen=True)
class _Traffic:
    """What pool i serves: its shares [s, b], requests/s with headroom [s, b], and while something is lost [c, s, b].

    `own` [c] tells that a replica of i is lost then, `spare` [b] that one of another design must not be missed, as
    nothing is known of where its traffic would go.
    """

    share: Array
    busy: Array
    while_lost: Array
    own: Mask
    spare: Mask

    def replicas(self, seconds: Array, up: float) -> Array:
        """Whole replicas [b] of a design that a request keeps for `seconds` [s], each `up` a share of the time."""
        needed = _whole(seconds @ self.busy / up)
        if len(self.own):
            lost = _whole(np.einsum("s,csb->cb", seconds, self.while_lost) / up)
            needed = np.maximum(needed, (lost + (self.own[:, None] & (lost > 0))).max(axis=0))
        return np.asarray(needed + self.spare)

    def awake(self, seconds: Array, up: float, least: Array | None) -> Array:
        """Serverless replicas [b], which come in fractions and are not lost; `least` [s, b] for all of a segment."""
        needed = seconds @ self.busy / up
        if len(self.own):
            needed = np.maximum(needed, np.einsum("s,csb->cb", seconds, self.while_lost).max(axis=0) / up)
        return np.asarray(needed if least is None else np.maximum(needed, (least * self.share).max(axis=0)))


def _whole(counts: Array) -> Array:
    return np.asarray(np.ceil(counts - NEAR * np.maximum(counts, 1.0)))


def swaps(data: Data, solution: Solution, total: float, asked: Collection[int]) -> Iterator[tuple[int, Swap]]:
    """The exchanges for each of the designs asked; `total` is what the plan costs a month."""
    problem = data.problem
    if problem.moving is not None or problem.in_force or problem.rules.gpus_available:
        return
    providers = {k: problem.designs[k].provider for k in solution.pools}
    sellers = {problem.apis[a].offer.provider for a in solution.ready_apis}
    kin, fixed = Kin(data, ()), _fixed(data)
    covered = problem.coverage is not None and bool((problem.coverage > 0).any())
    for i in solution.pools:
        before = problem.designs[i]
        if any(names_design(text, before) for text in problem.rules.must_use):
            continue
        others = {name for k, name in providers.items() if k != i} | sellers
        traffic, served = _traffic(data, solution, i), solution.pool[:, i].sum(axis=1) > 0
        beside, month = total - _paid(data, solution, i), _month_of(data, solution, i)
        elsewhere: dict[str, tuple[float, float]] = {}
        on = {trigger for k in solution.pools if k != i for trigger in _triggers(data, k)}
        first = sum(fixed.get(trigger, 0.0) for trigger in _triggers(data, i) - on)
        for j in asked:
            after = problem.designs[j]
            moved = after.provider != before.provider
            if moved and problem.rules.max_suppliers and before.provider in others:
                continue
            if not np.isfinite(problem.kappa[served | traffic.while_lost.any(axis=(0, 2)), j]).all():
                continue
            meanwhile = 0.0
            if covered:
                together = moved and after.provider in others
                if after.provider not in elsewhere:
                    elsewhere[after.provider] = _by_apis(data, solution, i, after.provider)
                meanwhile = _meanwhile(elsewhere[after.provider], kin.losses(before), kin.losses(after), together)
            paid = _least(data, j, traffic) if meanwhile < inf else inf
            if 0 < paid < inf:
                entry = sum(fixed.get(trigger, 0.0) for trigger in _triggers(data, j) - on)
                yield j, Swap(i, beside - first + entry + _dearer(data, i, j, month) + meanwhile, paid)


def _traffic(data: Data, solution: Solution, i: int) -> _Traffic:
    problem = data.problem
    share = solution.pool[:, i] / np.maximum(data.requests, 1e-300)
    pairs = [(c, b, shares[:, i]) for (c, b), shares in solution.fallback.items()]
    cases = sorted({c for c, _, _ in pairs})
    while_lost = np.zeros((len(cases), *data.load.shape))
    for c, b, shares in pairs:
        while_lost[cases.index(c), :, b] = data.load[:, b] * shares
    lost = [problem.contingencies[c].kind == "replica" and strikes(problem.contingencies[c], problem.designs[i])
            for c in cases]  # fmt: skip
    covered = np.zeros(len(problem.segments)) if problem.coverage is None else problem.coverage
    known = {b for c, b, _ in pairs if lost[cases.index(c)]}
    spare = ((share > 0) & (covered > 0)[:, None]).any(axis=0) & ~np.isin(data.blocks, list(known))
    busy = data.load * share * (1 + problem.headroom)[:, None]
    return _Traffic(share, busy, while_lost, np.array(lost, dtype=bool), spare)


Losses: TypeAlias = tuple[float, ...]
"""Shares of the month for which a replica, spot and the provider are lost."""


def _by_apis(data: Data, solution: Solution, i: int, provider: str) -> tuple[float, float]:
    """What all traffic of pool i costs a month at APIs of the plan's suppliers, without a provider; inf: at none.

    Also with what goes to the pool once that provider is lost.
    """
    problem, served = data.problem, solution.pool[:, i]
    counted = served.copy()
    for (c, b), shares in solution.fallback.items():
        if problem.contingencies[c].kind == "provider" and problem.contingencies[c].of == provider:
            counted[:, b] = np.maximum(counted[:, b], shares[:, i] * data.requests[:, b])
    sellers = {problem.apis[a].offer.provider for a in solution.ready_apis} - {provider}
    cost = np.full(len(problem.segments), inf)
    for s, a in data.api_pairs:
        if problem.apis[a].offer.provider in sellers and unlimited(problem, a):
            cost[s] = min(cost[s], data.request_cost[s, problem.apis[a].id])

    def paid(month: Array) -> float:
        return float(cost[month > 0] @ month[month > 0])

    return paid(served.sum(axis=1)), paid(counted.sum(axis=1))


def _meanwhile(by_apis: tuple[float, float], before: Losses, after: Losses, together: bool) -> float:
    """What these APIs cost while the new place is lost for longer than the one before.

    `together`: its provider is lost with others of the plan, which may have counted on the pool.
    """
    longer = max(0.0, after[0] - before[0]) + max(0.0, after[2] - before[2])
    shares = (longer, after[2] if together else 0.0)
    return sum(share * cost for share, cost in zip(shares, by_apis, strict=True) if share > NEAR)


def _triggers(data: Data, k: int) -> set[tuple[str, str]]:
    """What is on once a design is open."""
    design = data.problem.designs[k]
    return {("open", design.id), ("site", f"{design.provider}@{design.region}"), ("class", design.pool_class)}


def _fixed(data: Data) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for cost in data.problem.fixed_costs:
        found[cost.trigger] = found.get(cost.trigger, 0.0) + cost.per_month
    return found


def _month(data: Data, k: int, m: PurchaseType) -> float:
    """A committed replica for a month, with what is signed beyond the horizon."""
    way = data.purchases[k, m]
    return committed_price_per_month(way) + beyond_horizon_per_month(way, data.problem.rules.horizon_months)


def _paid(data: Data, solution: Solution, i: int) -> float:
    """What the replicas of pool i cost a month."""
    hours = data.problem.blocks.hours
    return sum(
        _month(data, i, m) * float(counts[0]) if m in COMMITTED else data.purchases[i, m].price * float(hours @ counts)
        for (k, m), counts in solution.replicas.items()
        if k == i
    )


def _least(data: Data, j: int, traffic: _Traffic) -> float:
    """The least that whole replicas of design j cost a month for the traffic; infinite where too few are sold."""
    signed = [(_month(data, j, m), data.purchases[j, m]) for m in data.of_kind(j, COMMITTED)]
    signed = [(month, way) for month, way in signed if not way.capital or data.problem.rules.capital is None]
    by_hour = [data.purchases[j, m] for m in data.of_kind(j, HOURLY)]
    ways = [*(way for _, way in signed), *by_hour]
    hours, seconds = data.problem.blocks.hours, np.nan_to_num(data.problem.kappa[:, j])
    if (sold := data.purchases.get((j, "serverless"))) is not None:
        awake = traffic.awake(seconds, sold.availability, data.problem.awake)
        return float(hours @ awake) * sold.price if awake.max() <= data.problem.designs[j].max_replicas else inf
    if not ways:
        return inf
    needed = traffic.replicas(seconds, min(way.availability for way in ways))
    if needed.max() > data.problem.designs[j].max_replicas:
        return inf
    least = _hourly(by_hour, needed, hours)
    for month, way in signed:
        for count in np.unique(np.ceil(needed / way.box) * way.box).tolist():
            least = min(least, month * count + _hourly(by_hour, np.maximum(needed - count, 0.0), hours))
    return least


def _hourly(ways: list[Purchase], counts: Array, hours: Array) -> float:
    if not counts.any():
        return 0.0
    return min((float(hours @ (np.ceil(counts / way.box) * way.box)) * way.price for way in ways), default=inf)


def _month_of(data: Data, solution: Solution, i: int) -> Array:
    """Requests a month [2, s] of pool i, and those that come to it while something is lost, for as long as that is."""
    lost = np.zeros(len(data.problem.segments))
    for (c, b), shares in solution.fallback.items():
        lost += data.problem.contingencies[c].share * shares[:, i] * data.requests[:, b]
    return np.stack([solution.pool[:, i].sum(axis=1), lost])


def _dearer(data: Data, i: int, j: int, month: Array) -> float:
    """What requests cost more at design j, all that comes to it while something is lost counted in full."""
    before, after = data.problem.designs[i].id, data.problem.designs[j].id
    cost = data.request_cost
    more = np.array([cost.get((s, after), 0.0) - cost.get((s, before), 0.0) for s in range(month.shape[1])])
    return float(more @ month[0] + np.maximum(more, 0.0) @ month[1])
