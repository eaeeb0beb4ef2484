"""The why-not table of a plan: its problem raised again, the plan found again in it, every other option asked.

It takes solves, so `decide` does not make it: `wizard why-not` and `wizard explain` do, and `--explain` saves what of
it helps a reviewer.
"""

import threading
from collections import Counter
from dataclasses import replace
from math import inf
from time import perf_counter

from catalogs.catalog import Catalog
from solver.baselines import restricted
from solver.explanation.reasons import WhyNot, WhyNotTable
from solver.explanation.why_not import answers, nearness, searches
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import SAME_COST, Plan
from solver.problem import Problem
from solver.readoff import read_off
from solver.refusals import Refusal
from solver.scenario import Scenario
from solver.solve import Outcome

FOUND_S = 20.0
"""Seconds in which a plan is found again; the cheapest one gets a tenth of the table's where that is more."""


def why_not(
    scenario: Scenario,
    catalog: Catalog,
    plan: Plan,
    limit_s: float = inf,
    segment: str = "",
    option: str = "",
    stop: threading.Event | None = None,
    problem: Problem | None = None,
) -> WhyNotTable:
    """The options that a plan does not use, of one segment or with a text in their id where asked.

    The table is cut after `limit_s` seconds, the nearest options done first. A plan without a bill has none to beat:
    its table holds refusals alone, as does one stopped before the plan is found again. `problem` is that of the
    scenario, where it is at hand. Raises what `problem_of` raises.
    """
    started = perf_counter()
    problem = problem or problem_of(scenario, catalog)
    if option and not _offers(problem, option):
        problem = _with(scenario, catalog, option)
    refused = [_refused(each) for each in problem.refusals if _asked(each, segment, option)]
    if plan.total_per_month is None:
        return WhyNotTable(
            currency=plan.currency, total_per_month=0.0, options=tuple(refused), counts=_counts(problem, []),
            seconds=perf_counter() - started,
        )  # fmt: skip
    again_s = max(FOUND_S, limit_s / 10) if limit_s < inf else FOUND_S
    recommended, cheapest = _plans(problem, plan, again_s, stop)
    if not (recommended.found and cheapest.found):
        return WhyNotTable(
            currency=plan.currency, total_per_month=plan.total_per_month, options=tuple(refused),
            counts=_counts(problem, []), seconds=perf_counter() - started,
            cut="time ended before the plan to be beaten was found again: refusals alone",
        )  # fmt: skip
    found: list[WhyNot] = []
    cut, solves, now = False, 0, plan.total_per_month
    for search, apis, pools in searches(problem, recommended, cheapest, started + limit_s, stop):
        found += answers(search, apis, pools, segment, option)
        cut, solves, now = cut or search.cut, solves + search.solves, search.now
    if recommended is not cheapest:
        found += _in_the_cheapest(problem, recommended, cheapest)
    left = sum(each.answer == "not_above" for each in found)
    kin = sum(bool(each.by) for each in found)
    swapped = sum(bool(each.instead_of) for each in found)
    narrow = sum(each.answer == "enters_at" and not each.wide for each in found) - kin - swapped
    said = (
        f"time ended: of {left} options there is the bound alone, {narrow} were tried beside the plan's own alone, of "
        f"{kin} it is known what the same model on the same GPUs elsewhere takes, of {swapped} what they take in the "
        "place of an option of the plan"
    )
    return WhyNotTable(
        currency=plan.currency, total_per_month=now, options=(*sorted(found, key=nearness), *refused),
        counts=_counts(problem, found), seconds=perf_counter() - started, solves=solves,
        cut="; ".join(filter(None, (_dearer(plan, cheapest), said if cut else ""))),
    )  # fmt: skip


def _plans(problem: Problem, plan: Plan, limit_s: float, stop: threading.Event | None) -> tuple[Outcome, Outcome]:
    """The recommended and the cheapest plan in the problem: solved again among its own options, or whole."""
    used = {served.option for segment in plan.segments for served in segment.served_by}
    used |= {moved.option for each in plan.fallbacks for moved in each.moved_to} | {each.option for each in plan.pools}
    again = optimise(restricted(problem, lambda _, option: option in used), 1e-7, FOUND_S, stop=stop)
    if not again.found:
        again = optimise(problem, 1e-4, FOUND_S, stop=stop)
    recommended = replace(again, status=plan.status if again.found else again.status)
    if plan.cheapest is None or plan.cheapest.saves_per_month <= SAME_COST:
        return recommended, recommended
    return recommended, optimise(problem, 1e-4, limit_s, stop=stop)


def _dearer(plan: Plan, cheapest: Outcome) -> str:
    """That the cheapest plan was not found again, where time ended that: what is told of pools beats a dearer one."""
    known, found = plan.cheapest, cheapest.objective
    if known is None or found is None or found - known.total_per_month <= MISSED * known.total_per_month:
        return ""
    return (
        f"the cheapest plan, {known.total_per_month:,.0f}, was not found again in time: one of {found:,.0f} is beaten"
    )


MISSED = 0.01
"""So much dearer a plan is another one than the cheapest."""


def _in_the_cheapest(problem: Problem, recommended: Outcome, cheapest: Outcome) -> list[WhyNot]:
    """What the cheapest plan uses and the recommended one does not."""
    ours = {served.option for segment in read_off(problem, recommended).segments for served in segment.served_by}
    found: dict[str, WhyNot] = {}
    for segment in read_off(problem, cheapest).segments:
        for served in segment.served_by:
            if served.option not in ours:
                before = found[served.option].serves if served.option in found else ()
                found[served.option] = WhyNot(
                    option=served.option, kind=served.kind, serves=(*before, segment.name), answer="margin",
                    price_factor=1.0, total_then=cheapest.objective, proven=cheapest.status == "optimal",
                )  # fmt: skip
    return list(found.values())


def _offers(problem: Problem, option: str) -> bool:
    """Whether some option that may serve has the text in its id."""
    ids = (*(design.id for design in problem.designs), *(api.id for api in problem.apis))
    return any(option in each for each in ids)


def _with(scenario: Scenario, catalog: Catalog, option: str) -> Problem:
    """The problem with an option that another one beats left in it, as what a rule names stays."""
    named = scenario.policy.model_copy(update={"must_use": (*scenario.policy.must_use, option)})
    problem = problem_of(scenario.model_copy(update={"policy": named}), catalog)
    return replace(problem, rules=replace(problem.rules, must_use=scenario.policy.must_use))


def _asked(refusal: Refusal, segment: str, option: str) -> bool:
    own = refusal.segment.split("/")[0]
    return (not segment or own in ("", segment)) and (not option or option in refusal.option)


def _refused(refusal: Refusal) -> WhyNot:
    return WhyNot(
        option=refusal.option, kind="", serves=(refusal.segment,) if refusal.segment else (), answer="refusal",
        proven=True, rule=str(refusal.rule), found=refusal.found, wanted=refusal.wanted, unit=refusal.unit,
    )  # fmt: skip


def _counts(problem: Problem, found: list[WhyNot]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for each in found:
        counts[each.answer] += 1 + len(each.alike)
    if problem.refusal_counts:
        counts["refusal"] = sum(problem.refusal_counts.values())
    return dict(counts)
