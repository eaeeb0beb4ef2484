"""Next steps with the doubts that decide most among them, where the doubts were ranked: what to settle first of all.

A doubt that a step of the plan settles anyway (a model's score, a pool's speed) gives it its amount; else it is a step
of its own, in the place of the least of the others. What is settled first is done first, and all dates follow.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from solver.ageing import first_day
from solver.explanation.doubt_records import Kind, RankedDoubt, RankedDoubts
from solver.explanation.drafts import MOST, Draft, dated
from solver.explanation.findings import NextStep
from solver.plan import Plan
from solver.record import Verdict

NAMED = 2
"""Doubts that are named, the first of the ranking."""
OWN_DATE = ("replace_retiring",)
LEAST = (
    "evaluate_refused", "gateway", "blue_green_by_api", "blue_green_by_pool", "spare_on_pool", "spare_replica",
    "measure_speed", "overflow_to_api", "overflow_to_pool", "queue_on_pool", "queue_when_full", "drill_supplier",
    "raise_limits", "alert_on_bill",
)  # fmt: skip
"""What gives way to a doubt, the first of these first."""
SETTLES: dict[Kind, tuple[str, ...]] = {
    "score": ("evaluate_split", "evaluate_model"), "speed": ("measure_speed", "measure_rival"),
}  # fmt: skip
"""Steps that settle a doubt of a kind, where they are of the same model or pool."""
EFFORTS: dict[Kind, tuple[float, str]] = {
    "score": (4.0, "300 prompts judged in pairs at 5 minutes each are 3 days, a day to run both models"),
    "speed": (2.0, "a day to rent and set up one replica, a day for a sweep over rates"),
    "price": (0.5, "half a day to ask for an offer"),
    "range": (1.0, "a day to collect the figures"),
    "default": (0.5, "half a day to ask who knows"),
    "estimate": (1.0, "a day to ask who knows and to write the figure down"),
}  # fmt: skip
SIDES: dict[Verdict, str] = {
    "stay_on_api": "the API", "hybrid": "hybrid", "self_host": "self-hosting", "no_plan": "no plan",
}  # fmt: skip


def steps_with(plan: Plan, ranking: RankedDoubts | None) -> tuple[NextStep, ...]:
    """The plan's next steps with the first doubts of a ranking ahead.

    As they are without one, or where it is of another verdict.
    """
    if ranking is None:
        return plan.next_steps
    start = first_day(plan.day) or first_day(plan.catalog_as_of)
    first = [doubt for doubt in ranking.doubts if not _far(doubt)][:NAMED]
    if not first or start is None or ranking.verdict != plan.verdict:
        return plan.next_steps
    left = list(plan.next_steps)
    ahead: list[Draft] = []
    for doubt in first:
        same = next((step for step in left if _settles(step, doubt)), None)
        if same is not None:
            left.remove(same)
        ahead.append(_draft(doubt, plan.currency, same))
    for id_ in LEAST:
        if len(left) + len(ahead) <= MOST:
            break
        left = [step for step in left if step.id != id_]
    before = _done(plan.next_steps, start)
    drafts = [*ahead, *(_again(step, before) for step in left)]
    return tuple(sorted(dated(drafts, start), key=lambda step: step.date))


def _far(doubt: RankedDoubt) -> bool:
    """Whether nothing but a score far above its floor would have to be wrong for no plan to be left."""
    return doubt.kind == "score" and doubt.nearness == 1.0 and doubt.decides_per_month is None


def _settles(step: NextStep, doubt: RankedDoubt) -> bool:
    """Whether a step of the plan settles a doubt: it names the pool, or evaluates the model on the segment."""
    if step.id not in SETTLES.get(doubt.kind, ()):
        return False
    if doubt.kind == "speed":
        return doubt.subject in step.action
    model, _, segment = doubt.subject.rpartition(" on ")
    return step.action.startswith(f"Evaluate {model} ") and f"of {segment}," in step.action


def _draft(doubt: RankedDoubt, currency: str, same: NextStep | None) -> Draft:
    """A doubt as a step; with the words and the effort of the step that settles it anyway."""
    days, how = EFFORTS[doubt.kind]
    because, figure, unit = _because(doubt), doubt.decides_per_month, currency
    if figure is None:
        because, figure, unit = f"{_where(doubt)} no plan is left; plans that fit", 0.0, "plan"
    action = f"{doubt.action[0].upper()}{doubt.action[1:]} first."
    return Draft(
        id=f"settle_{doubt.kind} {doubt.subject}" if same is None else same.id,
        kind="evaluate",
        action=action if same is None else f"First of all: {same.action}",
        because=because, figure=figure, unit=unit, weight=100,
        days=days if same is None else same.days, effort=f"estimate: {how}" if same is None else same.effort,
    )  # fmt: skip


def _because(doubt: RankedDoubt) -> str:
    if doubt.then is None:
        return f"{_where(doubt)} the bill moves; it decides a month"
    return f"{_where(doubt)} the verdict is {SIDES[doubt.then]}; it decides a month"


def _where(doubt: RankedDoubt) -> str:
    """`if it fails`, or the end of its range, or from what part of the way to it on."""
    if doubt.kind == "score":
        return "if it fails"
    value = doubt.low if doubt.at == "low" else doubt.high
    end = f"{value:,.6g} {doubt.unit}" if value is not None else f"the {doubt.at} end"
    if doubt.flips and doubt.nearness is not None and doubt.nearness < 1:
        return f"from {doubt.nearness:.0%} of the way to {end} on"
    return f"at {end}"


def _done(steps: Sequence[NextStep], start: date) -> date:
    """The day on which all work was done that does not wait."""
    days = [first_day(step.date) for step in steps if not _waits(step) and step.id not in OWN_DATE]
    return max((day for day in days if day is not None), default=start)


def _waits(step: NextStep) -> bool:
    return step.id.startswith("revisit_")


def _again(step: NextStep, done: date) -> Draft:
    """A step of the plan to be dated anew: one that waits, as long after the work as before."""
    due = first_day(step.date) or done
    return Draft(
        id=step.id, kind=step.kind, action=step.action, because=step.because, figure=step.figure, unit=step.unit,
        weight=0, days=step.days, effort=step.effort, day=step.date if step.id in OWN_DATE else "",
        waits=(due - done) // timedelta(days=1) if _waits(step) else 0,
    )  # fmt: skip
