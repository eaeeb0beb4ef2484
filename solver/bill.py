"""The bill, counted from what the plan runs and not from the objective: the same money a second way.

Lines stand under the names of `solver.program.objective.TERMS`; a test demands equality term by term.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from catalogs.records import COMMITTED, HOURLY, PurchaseType
from solver.plan import CostLine
from solver.program.data import Data, beyond_horizon_per_month
from solver.solution import Solution
from solver.units import HOURS_PER_MONTH

WORDS: dict[PurchaseType, str] = {
    "reserved_1m": "reserved 1 month", "reserved_1y": "reserved 1 year", "reserved_3y": "reserved 3 years",
    "owned": "owned", "on_demand": "on demand", "managed": "managed", "spot": "spot", "serverless": "serverless",
}  # fmt: skip
"""How a purchase type reads in a line."""


def bill(data: Data, solution: Solution) -> dict[str, tuple[CostLine, ...]]:
    """Cost lines by term; a line is quantity times price, in the problem's currency a month."""
    return {
        "committed": tuple(_hours(data, solution, COMMITTED)),
        "beyond_horizon": tuple(_beyond(data, solution)),
        "hourly": tuple(_hours(data, solution, HOURLY)),
        "spot": tuple(_hours(data, solution, ("spot",))),
        "serverless": tuple(_hours(data, solution, ("serverless",))),
        "requests": tuple(_requests(data, solution)),
        "provisioned": tuple(_provisioned(data, solution)),
        "fixed": tuple(_fixed(data, solution)),
        "people": tuple(_people(data, solution)),
    }


def line(name: str, unit: str, quantity: float, price: float, estimate: str = "", source: str = "") -> CostLine:
    """A cost line; per_month is the product."""
    quantity, price = float(quantity), float(price)
    return CostLine(
        name=name,
        unit=unit,
        quantity=quantity,
        price=price,
        per_month=quantity * price,
        estimate=estimate,
        source=source,
    )


def hours_of(data: Data, solution: Solution, k: int, m: PurchaseType) -> float:
    """Replica-hours a month of one design and purchase type."""
    if m in COMMITTED:
        return float(solution.replicas[k, m][0] * HOURS_PER_MONTH)
    return float(solution.replicas[k, m] @ data.problem.blocks.hours)


def _hours(data: Data, solution: Solution, kinds: tuple[PurchaseType, ...]) -> Iterator[CostLine]:
    for k, m in sorted(solution.replicas):
        if m in kinds:
            way, design = data.purchases[k, m], data.problem.designs[k]
            estimate = "; ".join(filter(None, (way.estimate, design.estimate if not way.estimate else "")))
            hours = hours_of(data, solution, k, m)
            yield line(f"GPU hours, {WORDS[m]}: {design.id}", "replica-hour", hours, way.price, estimate, way.source)


def _beyond(data: Data, solution: Solution) -> Iterator[CostLine]:
    horizon = data.problem.rules.horizon_months
    for k, m in sorted(solution.replicas):
        way = data.purchases[k, m]
        price = beyond_horizon_per_month(way, horizon)
        if m in COMMITTED and price > 0:
            count = float(solution.replicas[k, m][0])
            name = f"commitment beyond the horizon, {WORDS[m]}: {data.problem.designs[k].id}"
            yield line(name, "replica", count, price, way.estimate, way.source)


def _requests(data: Data, solution: Solution) -> Iterator[CostLine]:
    """Metered requests of APIs, and what pools pay by request; one line a (charge, price), segments summed."""
    problem = data.problem
    metered = (solution.api - solution.units).sum(axis=2)
    by_pool = solution.pool.sum(axis=2)
    options = [(api.id, metered[:, a], api.offer.estimate, api.offer.source) for a, api in enumerate(problem.apis)]
    options += [(design.id, by_pool[:, k], "", "") for k, design in enumerate(problem.designs)]
    for option, requests, estimate, source in options:
        quantities: dict[tuple[str, str, float, str, str], float] = {}
        for s in np.flatnonzero(requests > 0):
            for charge in problem.charges.get((int(s), option), ()):
                own = (charge.estimate or estimate, charge.source or source)
                key = (charge.name, charge.unit, charge.price, *own)
                quantities[key] = quantities.get(key, 0.0) + float(requests[s]) * charge.per_request
        for (name, unit, price, guessed, where), quantity in quantities.items():
            yield line(f"{option} {name}", unit, quantity, price, guessed, where)


def _provisioned(data: Data, solution: Solution) -> Iterator[CostLine]:
    for a, api in enumerate(data.problem.apis):
        if solution.unit_count[a] > 0:
            hours = float(solution.unit_count[a]) * HOURS_PER_MONTH
            yield line(
                f"{api.id} provisioned units", "unit-hour", hours, api.unit_price, api.estimate, api.offer.source
            )


def _fixed(data: Data, solution: Solution) -> Iterator[CostLine]:
    on = switched_on(data, solution)
    for cost in data.problem.fixed_costs:
        if cost.trigger in on:
            yield line(cost.name, cost.unit, cost.quantity, cost.price, cost.estimate, cost.source)


def switched_on(data: Data, solution: Solution) -> set[tuple[str, str]]:
    """Triggers that the plan switches on, by what it runs."""
    designs = [data.problem.designs[k] for k in solution.pools]
    on = {("supplier", data.problem.apis[a].offer.provider) for a in solution.apis}
    for design in designs:
        on |= {("selfhost", ""), ("class", design.pool_class), ("open", design.id)}
        on.add(("site", f"{design.provider}@{design.region}"))
    return on


def _people(data: Data, solution: Solution) -> Iterator[CostLine]:
    steps = data.problem.people
    if steps is None or not solution.pools:
        return
    further = max(0, -(-len(solution.pools) // steps.designs) - 1)
    if further:
        name = f"operations of further pools, {further} step{'s' * (further > 1)} of {steps.designs} designs"
        yield line(name, "FTE-month", further * steps.fte, steps.price_per_fte_month, steps.estimate, steps.source)


def capacity_cost(lines: Mapping[str, tuple[CostLine, ...]], design: str) -> float:
    """What a pool's replicas cost a month, of all purchase types."""
    terms = ("committed", "beyond_horizon", "hourly", "spot", "serverless")
    return sum(each.per_month for term in terms for each in lines[term] if each.name.endswith(f": {design}"))
