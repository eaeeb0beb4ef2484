"""Mistakes, hybrid patterns and next steps as text: each with the figure that it rests on; ASCII, 80 columns."""

from collections.abc import Sequence

from solver.explanation.findings import MISTAKES, PATTERNS, Mistake, NextStep, Pattern
from wizard.text.tables import money, number, plain, share, wrap

_COUNTED = ("day", "demand", "engineer-week", "hour", "plan", "pool", "replica")
_WHERE = {"plan": "in this plan", "today": "as it runs today"}


def pattern_lines(patterns: Sequence[Pattern]) -> list[str]:
    """The hybrid patterns that the plan is; nothing where it is none."""
    lines = ["Hybrid pattern"] if patterns else []
    for each in patterns:
        lines += wrap(f"{PATTERNS[each.id]}. {plain(each.says)}", " ", "   ")
    return lines


def mistake_lines(mistakes: Sequence[Mistake], currency: str) -> list[str]:
    """The common mistakes that are made, each with its amount and what mends it; nothing where none is."""
    lines = ["Common mistakes"] if mistakes else []
    for each in mistakes:
        lines += wrap(f"{MISTAKES[each.id]}, {_WHERE[each.where]}: {plain(each.says)}", " ", "   ")
        if each.per_month is not None:
            lines += wrap(f"at stake: {money(each.per_month)} {currency} a month, {each.at_stake}", "   ", "     ")
        lines += wrap(plain(each.do), "   ", "     ")
    return lines


def step_lines(steps: Sequence[NextStep]) -> list[str]:
    """What to do next, in the order of its dates, each with its effort and why."""
    lines = ["Next steps"] if steps else []
    for number_, each in enumerate(steps, 1):
        lines += wrap(f"{each.kind} by {each.date}, {_days(each.days)}: {plain(each.action)}", f" {number_} ", "   ")
        lines += wrap(f"because: {because(each)}. Effort: {each.effort}", "   ", "     ")
    return lines


def _days(days: float) -> str:
    return f"{number(days)} day{'' if days == 1 else 's'}"


def because(each: NextStep) -> str:
    """Why a step is taken, with its figure: `set-up: 4 engineer-weeks`, `95.6% of all requests are on the pool`."""
    words = plain(each.because)
    many = "s" if each.figure != 1 and each.unit in _COUNTED else ""
    figure = share(each.figure) if each.unit == "share" else f"{number(each.figure)} {plain(each.unit)}{many}"
    return f"{figure} {words}" if words.startswith("of ") else f"{words}: {figure}"
