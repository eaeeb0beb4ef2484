"""A step before it has a date; what each takes, in days of one person's work; and the dates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from solver.explanation.findings import NextStep, StepKind

MOST = 7
"""Steps of a plan."""
WORKDAYS, WEEK = 5, 7


@dataclass(frozen=True)
class Draft:
    """A step to be dated. `weight` is what counts when there are too many (the least go); `day` its own date, if any.

    `waits` are days after the work before it that it is due, for what is looked at again later.
    """

    id: str
    kind: StepKind
    action: str
    because: str
    figure: float
    unit: str
    weight: int
    days: float | None = None
    effort: str = ""
    day: str = ""
    waits: int = 0


EFFORT: dict[str, tuple[float, str]] = {
    "evaluate_split": (4.0, "300 prompts judged in pairs at 5 minutes each are 3 days, a day to run both models"),
    "evaluate_model": (4.0, "300 prompts judged in pairs at 5 minutes each are 3 days, a day to run both models"),
    "measure_speed": (2.0, "a day to rent and set up one replica, a day for a sweep over rates"),
    "sign_term": (2.0, "two days with buying and law for a standard order form"),
    "book_capacity": (1.0, "a day for a quota request and its questions"),
    "overflow_to_api": (3.0, "a rule in the router, its limit, and a test under load, a day each"),
    "overflow_to_pool": (3.0, "a rule in the router, its limit, and a test under load, a day each"),
    "queue_on_pool": (3.0, "a queue with a limit, priorities, and a test under load, a day each"),
    "queue_when_full": (3.0, "a queue with a limit, priorities, and a test under load, a day each"),
    "blue_green_by_api": (2.0, "a day for the switch by share, a day to try it with the next version"),
    "blue_green_by_pool": (2.0, "a day for the switch by share, a day to try it with the next version"),
    "spare_on_pool": (2.0, "a day for the second stand of servers, a day to try an update on it"),
    "spare_replica": (2.0, "a day for the second stand of servers, a day to try an update on it"),
    "drill_switch": (2.0, "a day to write the runbook, a day to drill it and correct it"),
    "drill_replica": (2.0, "a day to write the runbook, a day to drill it and correct it"),
    "revisit_split": (1.0, "half a day to measure volumes and prices, half to solve and read"),
    "revisit_hosting": (1.0, "half a day to measure volumes and prices, half to solve and read"),
    "raise_limits": (0.5, "half a day for the request and its questions"),
    "sign_terms": (2.0, "two days with law for a standard agreement"),
    "gateway": (3.0, "a gateway from the shelf, its keys, and its logs, a day each"),
    "drill_supplier": (2.0, "a day to open the account, a day to switch a share of real traffic and back"),
    "evaluate_refused": (4.0, "300 prompts judged in pairs at 5 minutes each are 3 days, a day to run both models"),
    "alert_on_bill": (0.5, "half a day to set an alert on the supplier's bill"),
    "replace_retiring": (3.0, "a day to pick the heir, two to compare it on one's own prompts"),
    "measure_rival": (2.0, "a day to rent and set up one replica, a day for a sweep over rates"),
    "wind_down": (5.0, "a day each for traffic, servers, contracts, data and monitoring"),
    "revisit_api": (0.5, "half a day to refresh prices, solve and read"),
    "relax": (1.0, "a day to ask those who made the demand"),
    "add_option": (2.0, "a day to find a supplier or a model, a day to write down its figures"),
    "revisit_none": (0.5, "half a day to refresh prices, solve and read"),
}  # fmt: skip
"""Days by step, and how they were estimated; set-up is the plan's own."""


def dated(drafts: list[Draft], start: date) -> Iterator[NextStep]:
    """One after the other; what waits is due so many days after all other work."""
    worked = 0.0
    done = start
    for draft in sorted(drafts, key=lambda each: each.waits > 0):
        days, how = EFFORT.get(draft.id, (0.0, ""))
        days, how = (days, f"estimate: {how}") if draft.days is None else (draft.days, draft.effort)
        if draft.day:
            due = draft.day
        elif draft.waits:
            due = (done + timedelta(days=draft.waits)).isoformat()
        else:
            worked += days
            done = start + timedelta(days=ceil(worked * WEEK / WORKDAYS))
            due = done.isoformat()
        yield NextStep(
            id=draft.id, kind=draft.kind, action=draft.action, days=days, effort=how, date=due,
            because=draft.because, figure=draft.figure, unit=draft.unit,
        )  # fmt: skip
