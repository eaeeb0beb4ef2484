"""The checklist beside the optimum: where leans and cost disagree, and by what amount; the leans never decide.

Two ways to disagree. Answers may lean to the side that the plan is not on: the amount is what that side's best plan
costs more. Or one answer alone may keep the plan on its side: the amount is what the plan without it costs less.
"""

from collections.abc import Iterator

from catalogs.catalog import Catalog
from solver.checklist import applied
from solver.explanation.branches import Effort, hosting_branch
from solver.explanation.quick import quick_answer
from solver.explanation.records import Disagreement
from solver.explanation.verdict import Judgement
from solver.plan import ChecklistItem
from solver.problem import Problem
from solver.scenario import Scenario

FREE = {"data": 1, "latency": 2, "quality": 2}
"""Answers that rule nothing out: prompts may go anywhere, the first token within 5 s, an open model may do."""


def disagreements_of(
    scenario: Scenario,
    catalog: Catalog,
    problem: Problem,
    items: tuple[ChecklistItem, ...],
    judged: Judgement,
    effort: Effort,
) -> tuple[Disagreement, ...]:
    """Where the checklist's answers and the cost part ways; none without answers, without a plan, or once stopped."""
    if not items or judged.recommended.objective is None or (effort.stop is not None and effort.stop.is_set()):
        return ()
    return (*_leans(problem, items, judged, effort), *_answers(scenario, catalog, items, judged, effort))


def _leans(
    problem: Problem, items: tuple[ChecklistItem, ...], judged: Judgement, effort: Effort
) -> Iterator[Disagreement]:
    """The answers that lean to the other side, and what that side's best plan costs more."""
    other = "self_host" if judged.verdict == "stay_on_api" else "api"
    against = tuple(each.item for each in items if each.lean == other)
    if not against:
        return
    if other == "self_host":
        known = judged.hosting.total_per_month if judged.hosting else None
        total = known if known is not None else hosting_branch(problem, effort).objective
    else:
        total = judged.hosting.api_per_month if judged.hosting else None
    yield Disagreement(
        kind="lean", items=against, leans=other, answered=len(items),
        per_month=None if total is None else total - (judged.recommended.objective or 0.0),
    )  # fmt: skip


def _answers(
    scenario: Scenario, catalog: Catalog, items: tuple[ChecklistItem, ...], judged: Judgement, effort: Effort
) -> Iterator[Disagreement]:
    """The answers without which the other side would win, where nothing but the answers keeps it out."""
    if judged.hosting is None or judged.hosting.reason not in ("no_api", "no_pool"):
        return
    side = "api" if judged.verdict == "stay_on_api" else "self_host"
    for each in items:
        if each.lean != side or each.item not in FREE or scenario.checklist[each.item] == FREE[each.item]:
            continue
        answer = quick_answer(
            applied(scenario, each.item, FREE[each.item]), catalog, effort.gap, effort.limit_s, stop=effort.stop
        )
        if answer.recommended_total is None or (answer.verdict == "stay_on_api") == (side == "api"):
            continue
        yield Disagreement(
            kind="answer", items=(each.item,), leans=side, answered=len(items), verdict_then=answer.verdict,
            per_month=(judged.recommended.objective or 0.0) - answer.recommended_total,
        )  # fmt: skip
