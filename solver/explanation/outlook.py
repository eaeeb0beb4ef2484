"""How a decision stands over many worlds: quantiles, who wins, what is regretted, and what waiting a quarter costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from catalogs.catalog import Catalog
from solver.candidates import Candidates, candidates, checked
from solver.costs import figure
from solver.explanation.branches import Effort
from solver.explanation.outlook_records import Check, Drawn, Outlook, Quantiles, StrategyName, Waiting, Worlds
from solver.plan import Plan
from solver.problem import Array, Problem
from solver.record import Verdict
from solver.scenario import Scenario
from solver.sub_segments import sub_segments
from solver.world_costs import BRANCHES, Branch, Costs, Decision, costs_in, decided, decision_of
from solver.worlds import Forecast, World, drawn, forecast_of, ranges_of

NAMES: dict[Branch, StrategyName] = {"api": "stay_on_api", "pools": "hybrid", "pools_alone": "self_host"}
QUARTER = 3
"""Months of waiting."""
GAP = 5e-3
"""To which a world is solved: well below what its figures may be off."""
ROUGH = Effort(0.1, 20.0)
"""How an optimum is found whose options are wanted, not its cost."""
CHECKED = 3
"""Worlds that are solved over all options."""


@dataclass(frozen=True)
class Imagined:
    """Worlds with all that they were made of, so that more can be asked of them; `plan` is the place of the plan."""

    worlds: tuple[World, ...]
    forecast: Forecast
    costs: Costs
    places: dict[Branch, int]
    plan: int


@dataclass(frozen=True)
class Asked:
    """A plan and what its worlds are made of: the forecast over all options and over the few, and their optima."""

    scenario: Scenario
    catalog: Catalog
    problem: Problem
    plan: Plan
    whole: Forecast
    few: Candidates
    forecast: Forecast
    seconds: float


def asked_of(scenario: Scenario, catalog: Catalog, problem: Problem, plan: Plan, workers: int = 1) -> Asked:
    """The few options of a plan's worlds; `problem` is the scenario's own. Raises what `optimise` raises."""
    started = perf_counter()
    whole = whole_forecast(scenario, catalog, problem)
    used = {served.option for segment in plan.segments for served in segment.served_by}
    used |= {moved.option for each in plan.fallbacks for moved in each.moved_to}
    used |= {pool.option for pool in plan.pools}
    few = candidates(whole, ranges_of(catalog), ROUGH, sorted(used), workers)
    forecast = forecast_of(scenario, catalog, problem, few.options)
    return Asked(scenario, catalog, problem, plan, whole, few, forecast, perf_counter() - started)


def imagined(
    asked: Asked, count: int = 500, seed: int = 0, workers: int = 1, check: int = CHECKED, further: bool = False
) -> tuple[Imagined, Worlds]:
    """A plan over worlds; the same for a seed, whatever the workers, unless time ends a solve.

    With `further` the decisions of corner worlds are costed too. `check` worlds are solved over all options; `seconds`
    are without these.
    """
    started = perf_counter()
    worlds = drawn(ranges_of(asked.catalog), count, seed, asked.scenario.horizon)
    decisions, places, at = decisions_of(asked.problem, asked.few, decision_of(asked.plan))
    if further:
        decisions = tuple(dict.fromkeys((*decisions, *asked.few.decisions)))
    costs = costs_in(asked.forecast, worlds, decisions, Effort(GAP, ROUGH.limit_s), workers)
    found = Imagined(worlds, asked.forecast, costs, places, at)
    seconds = asked.seconds + perf_counter() - started
    record = report(costs, places, at, asked.plan.verdict, asked.scenario.horizon)
    record = record.model_copy(
        update={
            "seed": seed, "ranges": drawn_from(asked.catalog), "options": asked.few.options,
            "strategies": tuple(_with_doubt(each, asked.few) for each in record.strategies),
            "proven": costs.proven and asked.few.proven,
            "check": check_of(asked.whole, asked.forecast, worlds[:check], workers) if check else None,
            "seconds": seconds,
        }
    )  # fmt: skip
    return found, record


def whole_forecast(scenario: Scenario, catalog: Catalog, problem: Problem) -> Forecast:
    """The forecast over all options, with speeds as they are at the output length told."""
    parts = sub_segments(scenario)
    serverless = any(design.pool_class == "serverless" for design in problem.designs)
    return Forecast(
        problem,
        tuple(part.segment.growth for part in parts),
        tuple(part.segment.output_tokens.mean for part in parts),
        idle_s=figure(catalog, "serverless_idle_timeout_s").value if serverless else 0.0,
    )


def decisions_of(
    problem: Problem, few: Candidates, mine: Decision
) -> tuple[tuple[Decision, ...], dict[Branch, int], int]:
    """The plan's decision and that of each branch's optimum today; where each stands among them."""
    found: dict[Decision, int] = {mine: 0}
    places: dict[Branch, int] = {}
    for branch in BRANCHES:
        outcome = few.optima[branch]
        here = mine if branch == mine.branch else decided(problem, branch, outcome)
        places[branch] = found.setdefault(here, len(found))
    return tuple(found), places, 0


def report(costs: Costs, places: dict[Branch, int], at: int, verdict: Verdict, horizon_months: int) -> Worlds:
    """The figures of worlds from their costs alone; `at` is the decision that is recommended."""
    strategies = tuple(_outlook(costs, branch, places[branch]) for branch in BRANCHES)
    return Worlds(
        count=len(costs.kinds), seed=0, recommended=verdict, cost=quantiles(costs.of[:, at]), strategies=strategies,
        waiting=waiting(costs, at, horizon_months), ranges=(), options=(), gap=GAP, proven=costs.proven,
    )  # fmt: skip


def quantiles(cost: Array) -> Quantiles | None:
    """Quantiles of the finite costs; None where there is none."""
    known = cost[np.isfinite(cost)]
    if not len(known):
        return None
    q5, q25, q50, q75, q95 = np.quantile(known, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
    return Quantiles(q5=q5, q25=q25, q50=q50, q75=q75, q95=q95, mean=float(known.mean()))


def _outlook(costs: Costs, branch: Branch, place: int) -> Outlook:
    name = NAMES[branch]
    wins = sum(kind == name for kind in costs.kinds) / max(1, len(costs.kinds))
    regret = costs.regret[:, place]
    known = regret[np.isfinite(regret)]
    decision = costs.decisions[place]
    told = Outlook(
        strategy=name, wins=wins, cost=quantiles(costs.of[:, place]),
        no_plan=float(np.mean(~np.isfinite(costs.of[:, place]))),
        signed=signed_words(decision),
    )  # fmt: skip
    if not len(known):
        return told
    return told.model_copy(
        update={
            "regret_mean": float(known.mean()), "regret_95": float(np.quantile(known, 0.95)),
            "regret_worst": float(known.max()),
        }
    )  # fmt: skip


def _with_doubt(told: Outlook, few: Candidates) -> Outlook:
    """A strategy without a plan in any world, of which it is not proven that there is none, is unknown."""
    today = next(few.optima[branch] for branch in BRANCHES if NAMES[branch] == told.strategy)
    unknown = told.cost is None and today.objective is None and today.status != "infeasible"
    return told.model_copy(update={"unknown": unknown})


def signed_words(decision: Decision) -> tuple[str, ...]:
    """`3 x DESIGN, reserved_1y` of each that is signed or bought."""
    return tuple(f"{each.replicas} x {each.option}, {each.purchase}" for each in decision.signed)


def waiting(costs: Costs, at: int, horizon_months: int) -> Waiting | None:
    """The price of a quarter on APIs before the best of the world is taken; None where that cannot be.

    Of T months, 3 cost what APIs alone cost; then follows the cheaper of these and of pools, whose set-up is spread
    over T - 3 months.
    """
    left = horizon_months - QUARTER
    api, pools = costs.free[:, BRANCHES.index("api")], costs.free[:, BRANCHES.index("pools")]
    now = costs.of[:, at]
    if left <= 0 or not (np.isfinite(api) & np.isfinite(now)).all():
        return None
    later = np.minimum(api, pools + costs.setup * (horizon_months / left - 1))
    price = (QUARTER * api + left * later) / horizon_months - now
    small = 1e-9 * np.maximum(1.0, now)
    return Waiting(
        months=QUARTER, price_per_month=round(float(price.mean()), 6), cheaper=float(np.mean(price < -small))
    )


def check_of(whole: Forecast, few: Forecast, worlds: Sequence[World], workers: int = 1) -> Check:
    """Some worlds over all options, at the output length told, as the speeds of all are known there alone."""
    effort = Effort(GAP, ROUGH.limit_s)
    there = [world._replace(output_tokens=1.0) for world in worlds]
    best = costs_in(few, there, (), effort, workers).best.tolist()
    known = [each for each in checked(whole, there, best, effort, workers) if each is not None]
    return Check(
        worlds=len(worlds), designs=len(whole.problem.designs), apis=len(whole.problem.apis), proven=len(known),
        mean=float(np.mean(known)) if known else 0.0, worst=max(known, default=0.0),
    )  # fmt: skip


def drawn_from(catalog: Catalog) -> tuple[Drawn, ...]:
    """The ranges with their sources."""
    found = []
    for what, ends in ranges_of(catalog).items():
        known = figure(catalog, f"range_{what}")
        found.append(
            Drawn(what=what, low=ends.low, value=ends.value, high=ends.high, unit=known.unit, source=known.source,
                  date=known.date, estimate=known.estimate)
        )  # fmt: skip
    return tuple(found)
