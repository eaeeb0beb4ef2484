"""The map: from a scenario and a catalog to a plan, top to bottom. Both faces call this and nothing deeper."""

import threading
from collections.abc import Callable
from time import perf_counter

from catalogs.catalog import Catalog
from solver.baselines import Strategy, baseline_of, best_of, strategies, todays_bill
from solver.checklist import checklist_items, doubts_of
from solver.doubts import doubts_of_plan, doubts_of_use
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import Plan, PriceUsed
from solver.problem import Problem
from solver.readings import readings_of
from solver.readoff import read_off
from solver.scenario import Scenario
from solver.solve import Outcome, Progress

BASELINE_GAP = 1e-3
BASELINE_LIMIT_S = 5.0


def decide(
    scenario: Scenario,
    catalog: Catalog,
    gap: float = 1e-4,
    limit_s: float = 60.0,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    all_refusals: bool = False,
) -> Plan:
    """The cheapest plan of a scenario on a catalog whose money is in the scenario's currency.

    `gap` is relative, `limit_s` seconds of the main solve; a set `stop` ends it with the best plan so far.
    `Plan.seconds` is options, program and that solve. InputError: a name that the catalog does not know.
    """
    started = perf_counter()
    if on_progress:
        on_progress(Progress("options", 0.0, None, None, None))
    problem = problem_of(scenario, catalog, all_refusals)
    outcome = optimise(problem, gap, limit_s, on_progress=on_progress, stop=stop)
    seconds = perf_counter() - started
    pure = _pure_strategies(scenario, problem, on_progress, stop)
    best = best_of(outcome, (each for _, each in pure), gap)
    parts = read_off(problem, best)
    baselines = [baseline_of(strategy, each) for strategy, each in pure]
    used = dict.fromkeys(served.option for segment in parts.segments for served in segment.served_by)
    plan = Plan(
        status=best.status,
        verdict=parts.verdict,
        currency=catalog.currency,
        total_per_month=parts.total_per_month,
        bound_per_month=parts.bound_per_month,
        gap=parts.gap,
        lines=parts.lines,
        baselines=(*baselines[:-1], todays_bill(baselines[-1], scenario.today.bill, parts.total_per_month)),
        segments=parts.segments,
        pools=parts.pools,
        fallbacks=parts.fallbacks,
        blocks=parts.blocks,
        refusals=problem.refusals,
        refusal_counts=dict(problem.refusal_counts),
        checklist=checklist_items(scenario),
        doubts=(
            *doubts_of_use(problem, catalog, used),
            *doubts_of_plan(problem, parts.pools, parts.fallbacks),
            *problem.doubts,
            *doubts_of(scenario),
        ),
        prices=parts.prices,
        exchange_rates={
            name: PriceUsed(value=rate.value, unit=rate.unit, date=rate.date, source=rate.source)
            for name, rate in catalog.exchange_rates.items()
        },
        catalog_as_of=catalog.as_of,
        seconds=seconds,
    )
    return plan.model_copy(update={"readings": readings_of(scenario, catalog, problem, plan)})


def _pure_strategies(
    scenario: Scenario,
    problem: Problem,
    on_progress: Callable[[Progress], None] | None,
    stop: threading.Event | None,
) -> list[tuple[Strategy, Outcome | None]]:
    """Each pure strategy with its own optimum on the same problem; None where an option is missing, or once stopped."""
    return [
        (
            strategy,
            None
            if strategy.problem is None or (stop is not None and stop.is_set())
            else optimise(
                strategy.problem,
                BASELINE_GAP,
                BASELINE_LIMIT_S,
                stage=strategy.name,
                on_progress=on_progress,
                stop=stop,
            ),
        )
        for strategy in strategies(problem, scenario.today.served_by)
    ]
