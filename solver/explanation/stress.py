"""Stress: more load on slower replicas than the plan was made for, and which limit breaks first, by figures.

The counts of the plan stand and its shares go where they go. A pool is asked for peak * kappa replicas a block; at one
replica for each, the tighter of TTFT and TPOT is just kept, as kappa is the inverse of that rate. The looser one breaks
at the rate that keeps it alone, the pool itself at the rate without either (`slo_rate.py`). Serverless replicas follow
the load and do not break. What may wait breaks where the month's hours do not hold it.
"""

from collections.abc import Iterator, Mapping
from math import inf, isfinite
from typing import Literal

import numpy as np

from catalogs.catalog import Catalog
from solver.design_arrays import design_arrays
from solver.design_columns import Design
from solver.explanation.records import Capacity
from solver.plan import Plan, Pool
from solver.problem import Array, PoolDesign, Problem
from solver.record import Part
from solver.scenario import Scenario, Segment
from solver.segment_rates import request_shape
from solver.slo_rate import RequestShape, highest_rates

Limit = Literal["ttft", "tpot", "ttft or tpot", "capacity", "requests/s", "tokens/s"]
Case = Literal["load", "speed", "both"]
FACTOR = 1.5


class Break(Part):
    """A limit of a segment at an option: `asked` of it now at the worst, `held` of it, in `unit`.

    `stands` is held over asked: the load times slowness at which it breaks. `breaks` names the cases in which it does.
    """

    segment: str
    option: str
    limit: Limit
    asked: float
    held: float
    unit: str
    stands: float
    breaks: tuple[Case, ...] = ()


class Stress(Part):
    """The plan at `load` times its load, at requests that take pools `slower` times as long, and at both.

    `limits` are all that are known, the one that breaks first ahead; `safe` the segments of which none breaks in any
    case; `unknown` the API options used whose rate limits nobody states.
    """

    load: float
    slower: float
    limits: tuple[Break, ...]
    safe: tuple[str, ...]
    unknown: tuple[str, ...]


def stress_of(
    scenario: Scenario, catalog: Catalog, problem: Problem, plan: Plan, load: float = FACTOR, slower: float = FACTOR
) -> Stress:
    """The limits of a plan under stress; `problem` is the one that it was solved on."""
    found = [*_of_pools(scenario, catalog, problem, plan), *_of_apis(problem, plan)]
    told = sorted((_with_cases(each, load, slower) for each in found), key=lambda each: each.stands)
    broken = {each.segment for each in told if each.breaks}
    limits = {api.id: min(api.requests_per_s, api.tokens_per_s) for api in problem.apis}
    used = [served.option for segment in plan.segments for served in segment.served_by]
    return Stress(
        load=load, slower=slower, limits=tuple(told),
        safe=tuple(segment.name for segment in plan.segments if segment.name not in broken),
        unknown=tuple(dict.fromkeys(option for option in used if limits.get(option, 0.0) == inf)),
    )  # fmt: skip


def _with_cases(each: Break, load: float, slower: float) -> Break:
    slow = slower if each.unit in ("replicas", "replica-hours") else 1.0
    factors: dict[Case, float] = {"load": load, "speed": slow, "both": load * slow}
    broken = tuple(case for case, factor in factors.items() if factor > each.stands * (1 + 1e-9))
    return each.model_copy(update={"breaks": broken})


def _of_pools(scenario: Scenario, catalog: Catalog, problem: Problem, plan: Plan) -> Iterator[Break]:
    places = {design.id: k for k, design in enumerate(problem.designs)}
    for pool in plan.pools:
        design = problem.designs[places[pool.option]]
        if design.pool_class == "serverless":
            continue
        parts = [
            (segment.name, each)
            for segment in plan.segments
            for served in segment.served_by if served.option == pool.option
            for each in served.capacity
        ]  # fmt: skip
        held = held_of(problem, design, pool)
        yield from _of_pool(scenario, catalog, problem, design, parts, held)


def held_of(problem: Problem, design: PoolDesign, pool: Pool) -> Array:
    """Replicas [b] of a pool that are up on the mean."""
    held = np.zeros(len(problem.blocks.hours))
    ways = {str(purchase): way for purchase, way in design.purchases.items()}
    for row in pool.replicas:
        held[slice(None) if row.block is None else row.block] += row.count * ways[row.purchase].availability
    return held


def _of_pool(
    scenario: Scenario,
    catalog: Catalog,
    problem: Problem,
    design: PoolDesign,
    parts: list[tuple[str, Capacity]],
    held: Array,
) -> Iterator[Break]:
    rows = {name: s for s, name in enumerate(problem.segments)}
    busy = np.zeros(len(held))
    for _, part in parts:
        s = rows[part.of]
        load = problem.blocks.peak[s]
        share = part.peak_per_s / load[part.block] if load[part.block] > 0 else 0.0
        if not problem.may_wait[s]:
            busy += load * share * part.replica_seconds
    month = float(held @ problem.blocks.hours)
    b = int(np.argmax(np.where(busy > 0, busy / np.maximum(held, 1e-300), 0.0)))
    for name, part in parts:
        if problem.may_wait[rows[part.of]]:
            hours = _hours_worked(problem, parts, rows)
            yield _break(part.of, design.id, "capacity", hours, month, "replica-hours")
            continue
        for limit, over in limits_of(catalog, design, scenario.segment[name]).items():
            yield _break(part.of, design.id, limit, float(busy[b]), float(held[b]) * over, "replicas")


def _hours_worked(problem: Problem, parts: list[tuple[str, Capacity]], rows: Mapping[str, int]) -> float:
    """Replica-hours a month that all parts take, at the load that capacity is held for."""
    hours = problem.blocks.hours
    total = 0.0
    for _, part in parts:
        peak = problem.blocks.peak[rows[part.of]]
        most = float(peak[part.block])
        waits = problem.may_wait[rows[part.of]]
        shape = np.full(len(hours), part.peak_per_s) if waits else peak / most * part.peak_per_s
        total += float(shape @ hours) * part.replica_seconds
    return total


def _break(segment: str, option: str, limit: Limit, asked: float, held: float, unit: str) -> Break:
    stands = held / asked if asked > 0 else inf
    return Break(segment=segment, option=option, limit=limit, asked=asked, held=held, unit=unit, stands=stands)


def limits_of(catalog: Catalog, design: PoolDesign, segment: Segment) -> dict[Limit, float]:
    """The rate at which each limit breaks, over that at which the first one does: TTFT, TPOT, and the pool itself.

    One for all where the model cannot tell them apart: rates of the user's own, models of unknown architecture.
    """
    if segment.ttft is None and segment.tpot is None:
        return {"capacity": 1.0}
    shape = request_shape(segment, 0.0)
    alone: dict[Limit, RequestShape] = {}
    if shape.ttft_ms is not None:
        alone["ttft"] = _shape(shape, shape.ttft_ms, None)
    if shape.tpot_ms is not None:
        alone["tpot"] = _shape(shape, None, shape.tpot_ms)
    alone["capacity"] = _shape(shape, None, None)
    try:
        known = {limit: _rate(catalog, design, each) for limit, each in alone.items()}
    except (ValueError, KeyError):
        known = {}
    if not known or not all(isfinite(rate) and rate > 0 for rate in known.values()):
        return {"ttft or tpot": 1.0}
    first = min(known.values())
    return {limit: rate / first for limit, rate in known.items()}


def _shape(shape: RequestShape, ttft_ms: float | None, tpot_ms: float | None) -> RequestShape:
    return RequestShape(
        shape.input_tokens, shape.input_cv, shape.output_tokens, shape.output_cv, shape.shared_prefix, ttft_ms, tpot_ms,
        shape.percentile, shape.longest_tokens,
    )  # fmt: skip


def _rate(catalog: Catalog, design: PoolDesign, shape: RequestShape) -> float:
    arrays = design_arrays(catalog, [Design(design.model, design.precision, design.gpu, design.gpus, design.engine)])
    return float(highest_rates(arrays, shape).requests_per_s[0])


def _of_apis(problem: Problem, plan: Plan) -> Iterator[Break]:
    apis = {api.id: api for api in problem.apis}
    asked: dict[str, Array] = {}
    tokens: dict[str, Array] = {}
    users: dict[str, dict[str, None]] = {}
    for segment in plan.segments:
        for served in segment.served_by:
            if served.option not in apis:
                continue
            for s, of in enumerate(problem.segment_of):
                if segment.name not in (of, problem.segments[s]):
                    continue
                load = problem.blocks.peak[s] * served.share
                asked[served.option] = asked.get(served.option, 0.0) + load
                tokens[served.option] = tokens.get(served.option, 0.0) + load * problem.tokens_per_request[s]
                users.setdefault(served.option, {})[segment.name] = None
    for option, names in users.items():
        api = apis[option]
        for name in names:
            if isfinite(api.requests_per_s):
                most = float(asked[option].max())
                yield _break(name, option, "requests/s", most, api.requests_per_s, "requests/s")
            if isfinite(api.tokens_per_s):
                most = float(tokens[option].max())
                yield _break(name, option, "tokens/s", most, api.tokens_per_s, "tokens/s")
