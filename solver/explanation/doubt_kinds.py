"""What a decision may doubt: scores of others, computed speeds, old and estimated prices, ranges, defaults, estimates.

Each is a function of how far it moves to an end of its range; `doubt_ranking.py` solves there and ranks them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from catalogs.catalog import Catalog
from solver.ageing import QUALITY_DAYS, is_stale
from solver.costs import figure
from solver.explanation.doubt_ranking import Doubt
from solver.explanation.lever_steps import Moved
from solver.explanation.levers import LEVERS
from solver.options import problem_of
from solver.plan import Plan
from solver.problem import PoolDesign, Problem
from solver.scenario import Scenario
from solver.worlds import WHATS, Forecast, Range, World, drawn, narrowed, ranges_of, reduced

FACTOR = 2.0
"""Where no range is stated."""


def doubts_about(scenario: Scenario, catalog: Catalog, problem: Problem, plan: Plan, forecast: Forecast) -> list[Doubt]:
    """All doubts of a plan, those of the plan's own options first; `forecast` is over the options of the optima."""
    return [
        *scores_doubted(catalog, plan, problem, forecast),
        *_speeds(forecast),
        *_prices(plan, forecast),
        *_ranges(scenario, catalog, forecast),
        *_defaults(scenario, catalog, forecast),
        *_figures(scenario, catalog, forecast),
    ]


def wide(problem: Problem, forecast: Forecast) -> Problem:
    """The few pool designs beside every API: where a model falls out, any other one may take its place."""
    pools = {design.id for design in forecast.problem.designs}
    return reduced(problem, pools | {api.id for api in problem.apis})


def scores_doubted(catalog: Catalog, plan: Plan, problem: Problem, forecast: Forecast) -> Iterator[Doubt]:
    """Each model that serves a segment by a score of others: what if it fails there."""
    base = wide(problem, forecast)
    models = {design.id: design.model for design in base.designs} | {api.id: api.offer.model for api in base.apis}
    told: dict[tuple[str, str], tuple[str, float]] = {}
    for each in plan.scores:
        if each.benchmark in catalog.evaluations or (each.segment, each.model) in told:
            continue
        old = ", older than a year" if is_stale(each.date, plan.day, QUALITY_DAYS) else ""
        why = f"{each.benchmark} {each.date}{old}: {each.score:g}, floor {each.threshold:g}"
        margin = (each.score - each.threshold) / (MARGIN * each.threshold) if each.threshold > 0 else 1.0
        told[each.segment, each.model] = why, min(1.0, max(0.0, margin))
    for (segment, model), (why, near) in told.items():
        yield Doubt(
            "score", f"{model} on {segment}", f"evaluate {model} on {segment}", "passes the floor", None,
            lambda _: None,
            lambda _, s=segment, m=model: _without(base, models, s, m), (1,), why, True, near,  # type: ignore[misc]
        )  # fmt: skip


MARGIN = 0.1
"""A score this share above its floor is as far from failing as an end of a range is: an estimate."""


def _without(problem: Problem, models: dict[str, str], segment: str, model: str) -> Problem:
    """The problem in which a model may not serve a segment."""
    rows = {s for s, of in enumerate(problem.segment_of) if of == segment or problem.segments[s] == segment}
    kappa = problem.kappa.copy()
    for k, design in enumerate(problem.designs):
        if design.model == model:
            kappa[sorted(rows), k] = np.nan
    charges = {pair: each for pair, each in problem.charges.items() if pair[0] not in rows or models[pair[1]] != model}
    return replace(problem, kappa=kappa, charges=charges)


def _speeds(forecast: Forecast) -> Iterator[Doubt]:
    problem = forecast.problem
    for k, design in enumerate(problem.designs):
        if design.band <= 0 or not np.isfinite(problem.kappa[:, k]).any():
            continue
        yield Doubt(
            "speed", design.id, f"measure the speed of {design.id}", "times the speed", 1.0,
            lambda t, band=design.band: (1 + band) ** t,  # type: ignore[misc]
            lambda t, k=k, band=design.band: _faster(problem, k, (1 + band) ** t),  # type: ignore[misc]
            why=design.measured or design.estimate or "computed",
        )  # fmt: skip


def _faster(problem: Problem, k: int, by: float) -> Problem:
    kappa = problem.kappa.copy()
    kappa[:, k] /= by
    return replace(problem, kappa=kappa)


def _prices(plan: Plan, forecast: Forecast) -> Iterator[Doubt]:
    """Prices of the options that are estimates, or older than is good."""
    problem = forecast.problem
    for api in problem.apis:
        if api.offer.estimate or is_stale(api.offer.date, plan.day):
            why = api.offer.estimate or f"of {api.offer.date}"
            yield _price(api.id, why, lambda t, name=api.id: _api_at(problem, name, FACTOR**t))  # type: ignore[misc]
    for k, design in enumerate(problem.designs):
        ways = design.purchases.values()
        whys = [way.estimate or f"of {way.date}" for way in ways if way.estimate or is_stale(way.date, plan.day)]
        if whys:
            yield _price(design.id, whys[0], lambda t, k=k: _design_at(problem, k, FACTOR**t))  # type: ignore[misc]


def _price(name: str, why: str, at: Callable[[float], Problem]) -> Doubt:
    return Doubt(
        "price", name, f"ask for the price of {name}", "times the price", 1.0, lambda t: FACTOR**t, at, why=why
    )


def _api_at(problem: Problem, name: str, by: float) -> Problem:
    charges = {
        pair: tuple(replace(charge, price=charge.price * by) for charge in each) if pair[1] == name else each
        for pair, each in problem.charges.items()
    }
    apis = tuple(replace(api, unit_price=api.unit_price * by) if api.id == name else api for api in problem.apis)
    return replace(problem, charges=charges, apis=apis)


def _design_at(problem: Problem, k: int, by: float) -> Problem:
    ways = {
        m: replace(way, price=way.running + (way.price - way.running) * by, capital=way.capital * by)
        for m, way in problem.designs[k].purchases.items()
    }
    designs: list[PoolDesign] = list(problem.designs)
    designs[k] = replace(designs[k], purchases=ways)
    return replace(problem, designs=tuple(designs))


ACTIONS = {
    "volume": "count the requests for a month", "growth": "ask who plans the product how the load grows",
    "api_price": "look at API prices again each quarter", "gpu_price": "ask for a fixed GPU price",
    "output_tokens": "measure the length of answers", "speed": "benchmark a replica, see wizard help measure",
}  # fmt: skip


def _ranges(scenario: Scenario, catalog: Catalog, forecast: Forecast) -> Iterator[Doubt]:
    ranges = ranges_of(catalog)
    months = scenario.horizon
    for what in WHATS:
        if what == "growth" and not any(forecast.growth):
            continue
        known, told = figure(catalog, f"range_{what}"), AS_TOLD[what]
        ends = Range(min(ranges[what].low, told), told, max(ranges[what].high, told))
        yield Doubt(
            "range", what.replace("_", " "), ACTIONS[what], known.unit, told,
            lambda t, ends=ends: _value(ends, t),  # type: ignore[misc]
            lambda t, what=what, ends=ends: forecast.at(_one(ends, what, t, months)),  # type: ignore[misc]
            why=known.estimate,
        )  # fmt: skip


def _value(ends: Range, t: float) -> float:
    return float(ends.at(np.array((1 + t) / 2)))


def _one(ends: Range, what: str, t: float, months: int) -> World:
    """The world in which one figure is so far to an end, and all others are as they are told."""
    still = {name: Range(now, now, now) for name, now in AS_TOLD.items()}
    value = _value(ends, t)
    (world,) = drawn({**still, what: Range(value, value, value)}, 1, 0, months)
    return world


AS_TOLD = {
    "volume": 1.0, "growth": 1.0, "api_price": 0.0, "gpu_price": 0.0, "output_tokens": 1.0, "speed": 0.0,
}  # fmt: skip
"""What the plan takes: prices do not change."""


def _defaults(scenario: Scenario, catalog: Catalog, forecast: Forecast) -> Iterator[Doubt]:
    """Answers that nobody gave: headroom, load shape, growth, shared prefix."""
    problem = forecast.problem
    few = narrowed(scenario, catalog, problem.designs, problem.apis)
    if "headroom" not in scenario.policy.model_fields_set:
        told = scenario.policy.headroom
        yield Doubt(
            "default", "policy.headroom", "say how much headroom is needed", "share", told,
            lambda t: told * FACTOR**t,
            lambda t: replace(problem, headroom=problem.headroom * FACTOR**t),
        )  # fmt: skip
    peak = LEVERS["peak_over_mean"]
    low, high = peak.limits(scenario, catalog)
    if "load" not in scenario.model_fields_set and low < 1 < high:
        factors = max(low, 1 / FACTOR), min(high, FACTOR)
        yield Doubt(
            "default", "load", "record a week of load", "times the peak over mean", 1.0,
            lambda t: _between(factors, t),
            lambda t: problem_of(*peak.moved(*few, _between(factors, t))),
        )  # fmt: skip
    for name, segment in scenario.segment.items():
        if "growth" not in segment.model_fields_set:
            yield _default(few, name, "growth", "say how the load grows", "change/year", 0.0, 1.0, -0.5)
        if "shared_prefix" not in segment.model_fields_set:
            yield _default(few, name, "shared_prefix", "say what part of prompts is the same", "share", 0.0, 0.5, None)


def _between(factors: tuple[float, float], t: float) -> float:
    return float((factors[1] if t > 0 else factors[0]) ** abs(t))


def _default(
    few: Moved, name: str, key: str, action: str, unit: str, told: float, high: float, low: float | None
) -> Doubt:
    def value(t: float) -> float:
        return told + (high - told) * t if t >= 0 else told + (told - (low or told)) * t

    def at(t: float) -> Problem:
        segment = few.scenario.segment[name].model_copy(update={key: value(t)})
        segments = {**few.scenario.segment, name: segment}
        return problem_of(few.scenario.model_copy(update={"segment": segments}), few.catalog)

    ends = (1,) if low is None else (-1, 1)
    return Doubt("default", f"{name}.{key}", f"{action} ({name})", unit, told, value, at, ends)


UNUSED = ("perf_", "range_", "rule_", "spot_restart", "spot_interruptions")
OWNED = ("owned_", "cost_of_capital", "gpu_failure", "pue", "power_kwh", "colocation", "availability_owned")


def _figures(scenario: Scenario, catalog: Catalog, forecast: Forecast) -> Iterator[Doubt]:
    """Estimates of the operations table, by their stated range; what changes nothing of the problem is left out."""
    few = narrowed(scenario, catalog, forecast.problem.designs, forecast.problem.apis)
    base = problem_of(*few)
    for key, known in catalog.operations.items():
        unused = key.startswith(UNUSED) or (key.startswith(OWNED) and "owned" not in scenario.policy.purchase_types)
        if not known.estimate or unused or known.value == 0:
            continue
        low = known.value / FACTOR if known.low is None else known.low
        high = known.value * FACTOR if known.high is None else known.high
        if key.startswith("availability_") and known.high is None:
            low, high = 1 - (1 - known.value) * FACTOR, 1 - (1 - known.value) / FACTOR
        ends = Range(min(low, known.value), known.value, max(high, known.value))
        yield Doubt(
            "estimate", key.replace("_", " "), f"settle the {key.replace('_', ' ')}", known.unit, known.value,
            lambda t, ends=ends: _value(ends, t),  # type: ignore[misc]
            lambda t, key=key, ends=ends: _figured(few, base, key, _value(ends, t)),  # type: ignore[misc]
            why=known.estimate,
        )  # fmt: skip


def _figured(few: Moved, base: Problem, key: str, value: float) -> Problem | None:
    known = few.catalog.operations[key].model_copy(update={"value": value})
    raised = problem_of(few.scenario, replace(few.catalog, operations={**few.catalog.operations, key: known}))
    same = (
        raised.fixed_costs == base.fixed_costs and raised.people == base.people and raised.charges == base.charges
        and raised.designs == base.designs and raised.contingencies == base.contingencies
    )  # fmt: skip
    return None if same else raised
