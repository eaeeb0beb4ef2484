"""The map: from a scenario and a catalog to a plan, top to bottom. Both faces call this and nothing deeper."""

import threading
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from catalogs.catalog import Catalog
from solver.ageing import aged, aged_prices, doubts_of_age
from solver.baselines import Strategy, baseline_of, best_of, sharpened, strategies, todays_bill, with_rate
from solver.checklist import checklist_items, doubts_of
from solver.doubts import doubts_of_plan, doubts_of_use
from solver.estimates import rests_on
from solver.explanation.branches import Effort, opened
from solver.explanation.disagreements import disagreements_of
from solver.explanation.found import with_findings
from solver.explanation.seen import Seen
from solver.explanation.simplest import simplest_near
from solver.explanation.verdict import Judgement, judge
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import Baseline, Plan, PriceUsed, Status
from solver.problem import Problem
from solver.quality_held import doubts_of_scores, scores_held
from solver.readings import readings_of
from solver.readoff import read_off
from solver.scenario import Scenario
from solver.solve import Outcome, Progress
from solver.steadied import steadied

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
    day: str = "",
) -> Plan:
    """The plan recommended for a scenario, and the cheapest, on a catalog whose money is in the scenario's currency.

    `gap` is relative, `limit_s` seconds of the main solve; a set `stop` ends it with the best plan so far.
    `day` (ISO) is the day from which the age of figures is counted, else that of the catalog.
    `Plan.seconds` is options, program and that solve. InputError: a name that the catalog does not know.
    """
    started = perf_counter()
    tell = on_progress or (lambda _: None)
    tell(Progress("options", 0.0, None, None, None))
    problem = problem_of(scenario, catalog, all_refusals)
    tell(Progress("solve", 0.0, None, None, None))
    outcome = optimise(problem, gap, limit_s, on_progress=on_progress, stop=stop)
    seconds = perf_counter() - started
    pure = _pure_strategies(scenario, problem, on_progress, stop)
    cheapest = best_of(outcome, (each for _, each in pure), gap)
    effort = Effort(BASELINE_GAP, BASELINE_LIMIT_S, stop, on_progress)
    judged = judge(problem, cheapest, gap, effort)
    judged = replace(judged, recommended=steadied(problem, judged.recommended, stop))
    plan = _plan(scenario, catalog, problem, cheapest.status, judged, pure, day or catalog.as_of)
    held = scores_held(scenario, catalog, plan)
    plan = plan.model_copy(
        update={
            "scores": held,
            "doubts": (
                *plan.doubts,
                *doubts_of_scores(held),
                *doubts_of_age(problem, [(each.model, each.date) for each in held], plan.day),
            ),
            "seconds": seconds,
            "readings": readings_of(scenario, catalog, problem, plan),
            "simplest": simplest_near(problem, judged.recommended, effort),
            "disagreements": disagreements_of(scenario, catalog, problem, plan.checklist, judged, effort),
        }
    )
    return with_findings(Seen(scenario, catalog, problem, plan, judged.recommended, effort, opened(problem, cheapest)))


def _plan(
    scenario: Scenario,
    catalog: Catalog,
    problem: Problem,
    status: Status,
    judged: Judgement,
    pure: list[tuple[Strategy, Outcome | None]],
    day: str,
) -> Plan:
    """What is recommended, counted from what it runs, and what stands beside it; `status` is of the main solve."""
    parts = read_off(problem, judged.recommended)
    lines = aged(parts.lines, day)
    used = dict.fromkeys(served.option for segment in parts.segments for served in segment.served_by)
    return Plan(
        status=status,
        verdict=parts.verdict,
        confidence=judged.confidence,
        currency=catalog.currency,
        total_per_month=parts.total_per_month,
        bound_per_month=parts.bound_per_month,
        gap=parts.gap,
        cheapest=judged.cheapest,
        hosting=judged.hosting,
        lines=lines,
        baselines=_baselines(scenario, problem, judged, pure),
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
        prices=aged_prices(parts.prices, day),
        exchange_rates=aged_prices(
            {
                name: PriceUsed(value=rate.value, unit=rate.unit, date=rate.date, source=rate.source)
                for name, rate in catalog.exchange_rates.items()
            },
            day,
        ),
        catalog_as_of=catalog.as_of,
        day=day,
        rests_on=rests_on(lines),
    )


def _baselines(
    scenario: Scenario, problem: Problem, judged: Judgement, pure: list[tuple[Strategy, Outcome | None]]
) -> tuple[Baseline, ...]:
    """The pure strategies, today's the last of them: from its options, else from the bill."""
    *others, today = [
        baseline_of(strategy, sharpened(strategy.name, each, judged.recommended, judged.verdict))
        for strategy, each in pure
    ]
    least = judged.cheapest.total_per_month if judged.cheapest else None
    return tuple(with_rate(each, problem) for each in (*others, todays_bill(today, scenario.today.bill, least)))


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
