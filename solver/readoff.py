"""From an outcome to the plan's parts: what runs, who serves what, and the bill counted from the plan."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from catalogs.vocabulary import PurchaseType
from solver.bill import WORDS, bill, capacity_cost
from solver.explanation.why import capacity_of
from solver.plan import Block, CostLine, Fallback, PlannedSegment, Pool, PriceUsed, Replicas, Served, Verdict
from solver.problem import Problem
from solver.program.data import Data, data_of
from solver.rerouted import fallbacks
from solver.solution import TINY_SHARE, Solution, month_requests, solution_of
from solver.solve import Outcome
from solver.units import SECONDS


@dataclass(frozen=True)
class PlanParts:
    """The parts of a Plan that follow from problem and outcome alone; empty where there is no plan."""

    verdict: Verdict
    total_per_month: float | None
    bound_per_month: float | None
    gap: float | None
    lines: tuple[CostLine, ...]
    segments: tuple[PlannedSegment, ...]
    pools: tuple[Pool, ...]
    fallbacks: tuple[Fallback, ...]
    blocks: tuple[Block, ...]
    prices: dict[str, PriceUsed]


def read_off(problem: Problem, outcome: Outcome) -> PlanParts:
    """Read the plan's parts. The total is the sum of the lines; the gap is of that total against the bound."""
    blocks = planned_blocks(problem)
    if not outcome.found:
        return PlanParts("no_plan", None, None, None, (), (), (), (), blocks, {})
    data = data_of(problem)
    solution = solution_of(data, outcome.values)
    by_term = bill(data, solution)
    lines = tuple(each for term in by_term.values() for each in term)
    total = sum(each.per_month for each in lines)
    bound = None if outcome.bound is None else min(outcome.bound, total)
    return PlanParts(
        verdict=verdict_of(solution),
        total_per_month=total,
        bound_per_month=bound,
        gap=None if bound is None else ((total - bound) / total if total else 0.0),
        lines=lines,
        segments=planned_segments(data, solution, by_term),
        pools=planned_pools(data, solution),
        fallbacks=fallbacks(data, solution),
        blocks=blocks,
        prices=prices_used(data, solution),
    )


def verdict_of(solution: Solution) -> Verdict:
    """What the plan comes to: no pools, no APIs, or both."""
    if not solution.pools:
        return "stay_on_api"
    return "hybrid" if solution.apis else "self_host"


def planned_blocks(problem: Problem) -> tuple[Block, ...]:
    """The load blocks with each segment's requests/s."""
    loads = problem.blocks
    return tuple(
        Block(
            hours=float(hours),
            peak_per_s={name: float(loads.peak[s, b]) for s, name in enumerate(problem.segments)},
            mean_per_s={name: float(loads.mean[s, b]) for s, name in enumerate(problem.segments)},
        )
        for b, hours in enumerate(loads.hours)
    )


def planned_pools(data: Data, solution: Solution) -> tuple[Pool, ...]:
    """The pools with their replicas by purchase type and block."""
    return tuple(_pool(data, solution, k) for k in solution.pools)


def _pool(data: Data, solution: Solution, k: int) -> Pool:
    design = data.problem.designs[k]
    return Pool(
        option=design.id,
        model=design.model,
        precision=design.precision,
        gpu=design.gpu,
        gpus_per_replica=design.gpus,
        tensor_parallel=design.gpus,
        engine=design.engine,
        provider=design.provider,
        region=design.region,
        replicas=tuple(
            each for other, m in sorted(solution.replicas) if other == k for each in _counts(solution, k, m)
        ),
        utilisation=utilisation(data, solution, k),
        estimate=design.estimate,
        band=design.band,
        measured=design.measured,
    )


def _counts(solution: Solution, k: int, m: PurchaseType) -> list[Replicas]:
    counts = solution.replicas[k, m]
    if np.all(counts == counts[0]):
        return [Replicas(purchase=m, block=None, count=float(counts[0]))]
    return [Replicas(purchase=m, block=b, count=float(count)) for b, count in enumerate(counts) if count > 0]


def utilisation(data: Data, solution: Solution, k: int) -> float:
    """Busy replica-seconds at mean load over paid replica-seconds."""
    hours = data.problem.blocks.hours
    paid = sum(float(counts @ hours) for (other, _), counts in solution.replicas.items() if other == k)
    return float(_busy(data, solution, k).sum() / (paid * SECONDS["hour"])) if paid > 0 else 0.0


def _busy(data: Data, solution: Solution, k: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Replica-seconds a month [s] that each segment keeps design k busy."""
    return np.asarray(np.nan_to_num(data.problem.kappa[:, k]) * solution.pool[:, k].sum(axis=1))


def planned_segments(
    data: Data, solution: Solution, by_term: Mapping[str, tuple[CostLine, ...]]
) -> tuple[PlannedSegment, ...]:
    """The scenario's segments and who serves them; sub-segments by region are summed into theirs."""
    problem = data.problem
    names = list(dict.fromkeys(problem.segment_of))
    month = month_requests(problem)
    served: dict[str, dict[str, list[Served]]] = {name: {} for name in names}
    total = {name: float(month[[s for s, of in enumerate(problem.segment_of) if of == name]].sum()) for name in names}
    for s, of in enumerate(problem.segment_of):
        for a in solution.apis:
            if (requests := float(solution.api[s, a].sum())) > TINY_SHARE * total[of]:
                served[of].setdefault(problem.apis[a].id, []).append(_by_api(data, solution, by_term, s, a, requests))
        for k in solution.pools:
            if (requests := float(solution.pool[s, k].sum())) > TINY_SHARE * total[of]:
                served[of].setdefault(problem.designs[k].id, []).append(
                    _by_pool(data, solution, by_term, s, k, requests)
                )
    return tuple(
        PlannedSegment(
            name=name,
            requests_per_month=total[name],
            served_by=tuple(
                sorted((_summed(parts, total[name]) for parts in served[name].values()), key=lambda each: -each.share)
            ),
        )
        for name in names
    )


def _summed(parts: list[Served], requests: float) -> Served:
    """One option's parts of a segment; `share` of a part holds its requests."""
    return Served(
        option=parts[0].option,
        kind=parts[0].kind,
        share=sum(part.share for part in parts) / requests if requests > 0 else 0.0,
        per_month=sum(part.per_month for part in parts),
        arithmetic="; ".join(part.arithmetic for part in parts),
        capacity=tuple(each for part in parts for each in part.capacity),
    )


def _by_api(
    data: Data, solution: Solution, by_term: Mapping[str, tuple[CostLine, ...]], s: int, a: int, requests: float
) -> Served:
    api = data.problem.apis[a]
    in_units = float(solution.units[s, a].sum())
    charges = data.problem.charges[s, api.id]
    metered = (requests - in_units) * sum(charge.cost for charge in charges)
    units_cost = sum(each.per_month for each in by_term["provisioned"] if each.name == f"{api.id} provisioned units")
    all_in_units = float(solution.units[:, a].sum())
    shared = units_cost * in_units / all_in_units if all_in_units > 0 else 0.0
    words = " + ".join(
        f"{charge.per_request:.4g} {charge.unit} {charge.name} x {charge.price:.6g}" for charge in charges
    )
    arithmetic = f"{requests - in_units:,.0f} requests a month x ({words}) = {metered:,.2f}"
    if in_units > 0:
        arithmetic += f", and {in_units:,.0f} within {solution.unit_count[a]:,.0f} provisioned units: {shared:,.2f}"
    return Served(option=api.id, kind="api", share=requests, per_month=metered + shared, arithmetic=arithmetic)


def _by_pool(
    data: Data, solution: Solution, by_term: Mapping[str, tuple[CostLine, ...]], s: int, k: int, requests: float
) -> Served:
    problem = data.problem
    design = problem.designs[k]
    busy = _busy(data, solution, k)
    part = float(busy[s] / busy.sum())
    cost = capacity_cost(by_term, design.id) * part
    paid_by_request = requests * sum(charge.cost for charge in problem.charges.get((s, design.id), ()))
    share = np.where(data.requests[s] > 0, solution.pool[s, k] / np.maximum(data.requests[s], 1e-300), 0.0)
    load = data.load[s] * share
    b = int(np.argmax(load))
    rate = 1 / problem.kappa[s, k]
    held = {m: counts[b] for (other, m), counts in solution.replicas.items() if other == k}
    counted = " + ".join(f"{count:,.4g} {WORDS[m]}" for m, count in held.items() if count > 0)
    up = ", ".join(sorted({f"{data.purchases[k, m].availability:.4g}" for m in held}))
    with_others = "with the pool's other segments " if np.count_nonzero(busy) > 1 else ""
    arithmetic = (
        f"peak {load[b]:,.4g} requests/s / {rate:,.4g} requests/s a replica x {1 + problem.headroom[s]:.4g} headroom "
        f"= {load[b] / rate * (1 + problem.headroom[s]):,.4g} replicas; up {up} of the time; {with_others}held: "
        f"{counted or 'none'}; {_prices(data, solution, k)}; {part:.1%} of the pool's use"
    )
    return Served(
        option=design.id, kind="pool", share=requests, per_month=cost + paid_by_request, arithmetic=arithmetic,
        capacity=(capacity_of(data, solution, s, k, part),),
    )  # fmt: skip


def _prices(data: Data, solution: Solution, k: int) -> str:
    """`4,380 replica-hours x 3.5` of each purchase type."""
    hours = data.problem.blocks.hours
    parts = []
    for other, m in sorted(solution.replicas):
        if other == k:
            total = float(solution.replicas[k, m] @ hours)
            parts.append(f"{total:,.6g} replica-hours x {data.purchases[k, m].price:,.6g}")
    return " + ".join(parts)


def prices_used(data: Data, solution: Solution) -> dict[str, PriceUsed]:
    """The prices that the bill rests on, fallbacks included, each as of its date."""
    used: dict[str, PriceUsed] = {}
    for k, m in sorted(solution.replicas):
        way = data.purchases[k, m]
        used[f"{data.problem.designs[k].id}, {WORDS[m]}"] = PriceUsed(
            value=way.price, unit="replica-hour", date=way.date, source=way.source, estimate=way.estimate
        )
    served = solution.api.sum(axis=2)
    pools = len(data.problem.designs)
    for shares in solution.fallback.values():
        served = served + shares[:, pools:]
    for a in solution.ready_apis:
        api = data.problem.apis[a]
        if solution.unit_count[a] > 0:
            used[f"{api.id} provisioned units"] = PriceUsed(
                value=api.unit_price, unit="unit-hour", date=api.unit_date or api.offer.date,
                source=api.unit_source or api.offer.source, estimate=api.unit_estimate,
            )  # fmt: skip
        for s in np.flatnonzero(served[:, a]):
            for charge in data.problem.charges[int(s), api.id]:
                used[f"{api.id} {charge.name}"] = PriceUsed(
                    value=charge.price, unit=charge.unit, date=api.offer.date, source=api.offer.source,
                    estimate=api.offer.estimate,
                )  # fmt: skip
    return used
