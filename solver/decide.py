"""The map: from a scenario and a catalog to a plan, top to bottom. Both faces call this and nothing deeper."""

import threading
from collections.abc import Callable
from time import perf_counter

from catalogs.catalog import Catalog
from solver.baselines import baseline_of, strategies, todays_bill
from solver.checklist import checklist_items, doubts_of
from solver.options import problem_of
from solver.plan import Baseline, Plan, PriceUsed
from solver.problem import Problem
from solver.program.build import build
from solver.readings import readings_of
from solver.readoff import read_off
from solver.scenario import Scenario
from solver.solve import Progress, solve

BASELINE_GAP = 1e-3
BASELINE_LIMIT_S = 10.0


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
    problem = problem_of(scenario, catalog, all_refusals)
    outcome = solve(build(problem), gap, limit_s, on_progress=on_progress, stop=stop)
    seconds = perf_counter() - started
    parts = read_off(problem, outcome)
    baselines = _baselines(scenario, problem, parts.total_per_month, on_progress, stop)
    plan = Plan(
        status=outcome.status,
        verdict=parts.verdict,
        currency=catalog.currency,
        total_per_month=parts.total_per_month,
        bound_per_month=parts.bound_per_month,
        gap=parts.gap,
        lines=parts.lines,
        baselines=baselines,
        segments=parts.segments,
        pools=parts.pools,
        blocks=parts.blocks,
        refusals=problem.refusals,
        refusal_counts=dict(problem.refusal_counts),
        checklist=checklist_items(scenario),
        doubts=(*problem.doubts, *doubts_of(scenario)),
        prices=parts.prices,
        exchange_rates={
            name: PriceUsed(value=rate.value, unit=rate.unit, date=rate.date, source=rate.source)
            for name, rate in catalog.exchange_rates.items()
        },
        catalog_as_of=catalog.as_of,
        seconds=seconds,
    )
    return plan.model_copy(update={"readings": readings_of(scenario, catalog, problem, plan)})


def _baselines(
    scenario: Scenario,
    problem: Problem,
    total: float | None,
    on_progress: Callable[[Progress], None] | None,
    stop: threading.Event | None,
) -> tuple[Baseline, ...]:
    """The pure strategies, each solved on the same problem; today's falls back on the bill as billed."""
    found = []
    for strategy in strategies(problem, scenario.today.served_by):
        outcome = (
            None
            if strategy.problem is None
            else solve(
                build(strategy.problem),
                BASELINE_GAP,
                BASELINE_LIMIT_S,
                stage=strategy.name,
                on_progress=on_progress,
                stop=stop,
            )
        )
        found.append(baseline_of(strategy, outcome))
    return (*found[:-1], todays_bill(found[-1], scenario.today.bill, total))
