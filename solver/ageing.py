"""How old a figure may be before it is marked: counted from a day that is given, as the solver has no clock.

A price is stale after 90 days and a benchmark score after 365; specifications do not age. What people cost is a
statistic of a year: 365 days. A date without its day (`2026-10`, `2026-H2`, `2026`) counts from its first, a span from
its start.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from solver.plan import CostLine, PriceUsed

if TYPE_CHECKING:
    from solver.problem import Problem

PRICE_DAYS = 90
QUALITY_DAYS = 365
WAGE_DAYS = 365
WAGES = ("FTE-month", "engineer-week", "change")
"""Units of lines whose price is what people cost."""


def first_day(text: str) -> date | None:
    """The first day that a date of a figure may mean; None where it names no year."""
    start = re.sub(r"-(?:H([12])|Q([1-4]))$", _month_of, text.partition("/")[0])
    parts = (start + "-01-01").split("-")[:3] if len(start) == 4 else (start + "-01").split("-")[:3]
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except (ValueError, IndexError):
        return None


def _month_of(part: re.Match[str]) -> str:
    """The first month of a half or a quarter of a year: `-07` of `-H2`."""
    return f"-{6 * int(part[1]) - 5:02}" if part[1] else f"-{3 * int(part[2]) - 2:02}"


def age_days(of: str, day: str) -> int | None:
    """Days from a figure's date to `day`; None where either has none, 0 where the figure is the younger."""
    start, end = first_day(of), first_day(day)
    return None if start is None or end is None else max(0, (end - start).days)


def is_stale(of: str, day: str, limit: int = PRICE_DAYS) -> bool:
    """Whether a figure of a date is older on `day` than its limit; what has no date has no age."""
    age = age_days(of, day)
    return age is not None and age > limit


def limit_of(unit: str) -> int:
    """Days after which a price a unit is stale."""
    return WAGE_DAYS if unit in WAGES else PRICE_DAYS


def aged(lines: Iterable[CostLine], day: str) -> tuple[CostLine, ...]:
    """The lines, marked where their price is stale on the day."""
    return tuple(
        line.model_copy(update={"stale": True}) if is_stale(line.date, day, limit_of(line.unit)) else line
        for line in lines
    )


def aged_prices(prices: Mapping[str, PriceUsed], day: str) -> dict[str, PriceUsed]:
    """The prices used, marked where they are stale on the day."""
    return {
        key: used.model_copy(update={"stale": True}) if is_stale(used.date, day) else used
        for key, used in prices.items()
    }


def doubts_of_age(problem: "Problem", scores: Sequence[tuple[str, str]], day: str) -> tuple[str, ...]:
    """One sentence for each kind of figure among the options that is stale on the day.

    scores are those with which the plan keeps its floors: (model, date).
    """
    found = []
    designs = [d for d in problem.designs if any(is_stale(way.date, day) for way in d.purchases.values())]
    if designs:
        part = f"{len(designs)} of {len(problem.designs)}"
        found.append(f"GPU prices of {part} pool designs are older than {PRICE_DAYS} days on {day}.")
    offers = [api for api in problem.apis if is_stale(api.offer.date, day)]
    if offers:
        part = f"{len(offers)} of {len(problem.apis)}"
        found.append(f"Prices of {part} API offers are older than {PRICE_DAYS} days on {day}.")
    old: dict[str, str] = {}
    for model, of in scores:
        if is_stale(of, day, QUALITY_DAYS):
            old.setdefault(model, of)
    if old:
        told = ", ".join(f"{model} ({of})" for model, of in old.items())
        found.append(f"Quality rests on scores older than {QUALITY_DAYS} days on {day}: {told}.")
    return tuple(found)
