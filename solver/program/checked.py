"""Whether the numbers of a problem may stand in a row: a NaN cost passes a MIP solver as "optimal"."""

from collections.abc import Callable
from math import inf, isfinite
from typing import TypeAlias

import numpy as np

from solver.problem import ApiOption, Array, Problem

Finite: TypeAlias = Callable[..., None]


def check_problem(problem: Problem) -> None:
    """Raise ValueError unless every number may stand in a row."""
    faults: list[str] = []

    def finite(what: str, value: float, low: float = 0.0, high: float = inf) -> None:
        if not isfinite(value) or not low <= value <= high:
            faults.append(f"{what} is {value}")

    arrays = {
        "hours": problem.blocks.hours, "peak": problem.blocks.peak, "mean": problem.blocks.mean,
        "headroom": problem.headroom, "spot_tolerance": problem.spot_tolerance,
        "tokens_per_request": problem.tokens_per_request,
    } | {
        what: array for what, array in (("coverage", problem.coverage), ("awake", problem.awake)) if array is not None
    }  # fmt: skip
    faults += [f"{what} holds {array[~good][0]}" for what, array in arrays.items() if not (good := _good(array)).all()]
    if np.any(problem.blocks.hours <= 0):
        faults.append("a block has no hours")
    given = problem.kappa[~np.isnan(problem.kappa)]
    if not (np.isfinite(given) & (given > 0)).all():
        faults.append("kappa is neither above 0 nor NaN")
    for (s, option), charges in problem.charges.items():
        for charge in charges:
            finite(f"{option} for segment {s}: {charge.name}", charge.per_request)
            finite(f"{option} for segment {s}: price of {charge.name}", charge.price)
            finite(f"{option} for segment {s}: cost of {charge.name}", charge.cost)
    for design in problem.designs:
        for m, purchase in design.purchases.items():
            finite(f"{design.id}: price, {m}", purchase.price)
            finite(f"{design.id}: availability, {m}", purchase.availability, low=1e-6, high=1.0)
            finite(f"{design.id}: capital, {m}", purchase.capital)
            finite(f"{design.id}: box, {m}", purchase.box, low=1)
        finite(f"{design.id}: max_replicas", design.max_replicas)
    for api in problem.apis:
        _check_api(api, faults)
    _check_what_runs(problem, finite)
    for cost in problem.fixed_costs:
        finite(f"{cost.name}: quantity", cost.quantity)
        finite(f"{cost.name}: price", cost.price)
        finite(f"{cost.name}: cost", cost.per_month)
    if problem.people:
        finite("people: FTE", problem.people.fte)
        finite("people: price", problem.people.price_per_fte_month)
        finite("people: designs a step", problem.people.designs, low=1)
    for what, rule in _rules(problem).items():
        finite(what, rule)
    finite("horizon", problem.rules.horizon_months, low=1)
    if faults:
        raise ValueError("the problem has numbers that cannot stand in a row: " + "; ".join(faults[:10]))


def _rules(problem: Problem) -> dict[str, float]:
    rules = problem.rules
    given = {"budget": rules.budget_per_month, "capital": rules.capital}
    return {what: value for what, value in given.items() if value is not None} | {
        f"{gpu} available": count for gpu, count in rules.gpus_available.items()
    }


def _good(array: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.isfinite(array) & (array >= 0)


def _check_api(api: ApiOption, faults: list[str]) -> None:
    """Limits may be infinite (unknown), never NaN or below 0."""
    for what, value in (("requests_per_s", api.requests_per_s), ("tokens_per_s", api.tokens_per_s)):
        if np.isnan(value) or value < 0:
            faults.append(f"{api.id}: {what} is {value}")
    if not (isfinite(api.unit_price) and api.unit_price >= 0 and api.unit_min >= 0 and api.unit_step >= 1):
        faults.append(f"{api.id}: {api.unit_min} provisioned units at least, by {api.unit_step}, at {api.unit_price}")


def _check_what_runs(problem: Problem, finite: Finite) -> None:
    """Contingencies, provisioned units, what is in force and what a change of it costs."""
    for each in problem.contingencies:
        finite(f"{each.kind} {each.of}: share of the month", each.share)
    for (s, option), rate in problem.unit_rate.items():
        finite(f"{option} for segment {s}: requests/s of a unit", rate, low=1e-12)
    for (design, m), kept in problem.in_force.items():
        for what, value in (("replicas", kept.replicas), ("paid share", kept.paid_share), ("price", kept.still)):
            finite(f"{design}, {m}, in force: {what}", value)
        if kept.paid_share > 1:
            raise ValueError(f"{design}, {m}, in force: paid for {kept.paid_share} of the horizon")
    if problem.moving is not None:
        for name in ("replica_added", "replica_removed", "route_added", "route_removed"):
            finite(f"cost of moving: {name}", getattr(problem.moving, name))
        for design, count in problem.moving.replicas.items():
            finite(f"{design}: replicas that run", count)
