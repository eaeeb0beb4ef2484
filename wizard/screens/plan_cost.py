"""Tab 2 of the plan: the bill, line by line, as bars beside a baseline's."""

import re
from collections.abc import Sequence

from solver.estimates import sentence
from solver.plan import Baseline, CostLine, Plan
from wizard.screens.views import View, money
from wizard.text.tables import BASELINES, number, price
from wizard.widgets.glyphs import Fill, bar
from wizard.widgets.listing import Column, Row

PEOPLE = ("operations", "set-up")
HOSTED = ("GPU hours", "commitment", "storage", "load balancer", "monitoring")
DESIGN = re.compile(r"/\d+x[^/ ]+/")
BAR = 8
LEAST = 26
"""Cells for a name, before the bars of the baseline give way."""


def kind_of(name: str) -> Fill:
    """Return the fill of a line's bar: people, self-hosted (also what names a pool design), or API.

    A fallback is of where its requests go, not of what is lost.
    """
    name = name.split(" while ")[0]
    if name.startswith(PEOPLE):
        return ":"
    return "#" if name.startswith(HOSTED) or DESIGN.search(name) else "="


def formula(line: CostLine, currency: str) -> str:
    """Write the line's sum with its numbers, so that it can be redone by hand."""
    est = " est" if line.estimate else ""
    return (
        f"{number(line.quantity)} {line.unit} x {price(line.price)} {currency}{est} = {money(line.per_month)} a month"
    )


def baselines(plan: Plan) -> list[Baseline]:
    """The baselines that have a bill to set beside the plan's; one that is the plan itself comes last."""
    able = [base for base in plan.baselines if base.total_per_month is not None]
    return sorted(
        able, key=lambda base: _bill(base.lines, base.total_per_month) == _bill(plan.lines, plan.total_per_month)
    )


def _bill(lines: Sequence[CostLine], total: float | None) -> tuple[set[tuple[str, str]], str]:
    return {(line.name, money(line.per_month)) for line in lines}, money(total)


def cost(plan: Plan, chosen: int, ascii_mode: bool) -> View:
    """Return the bill; `chosen` counts through the baselines beside it."""
    able = baselines(plan)
    other = able[chosen % len(able)] if able else None
    mine = {line.name: line for line in plan.lines}
    theirs = {line.name: line for line in other.lines} if other else {}
    names = [*mine, *(name for name in theirs if name not in mine)]
    largest = max([abs(line.per_month) for line in (*mine.values(), *theirs.values())], default=0.0)
    columns = [
        Column(f"{plan.currency} a month", grows=True, least=LEAST, ends=True),
        Column("This plan", right=True),
        Column("", rank=2),
    ]
    if other:
        columns += [Column(BASELINES[other.name], right=True), Column("", rank=2)]
    rows = []
    for name in names:
        cells = [name, *_cells(mine.get(name), name, largest, ascii_mode)]
        cells += _cells(theirs.get(name), name, largest, ascii_mode) if other and theirs else []
        rows.append(Row(tuple(cells), name))
    total = ["total", money(plan.total_per_month) + "    ", ""]
    total += [money(other.total_per_month) + "    ", ""] if other else []
    rows.append(Row(tuple(total), "total", strong=True))
    about = {name: _about(mine.get(name) or theirs[name], plan.currency) for name in names}
    about["total"] = "the sum of the lines above; the program's objective adds up to the same"
    missing = [
        f"{BASELINES[base.name]}: {'none, ' if base.total_per_month is None else ''}{base.why_null}"
        for base in plan.baselines if base.why_null
    ]  # fmt: skip
    return View(
        head=(),
        columns=columns,
        rows=rows,
        foot=([f"{said}."] if (said := sentence(plan.rests_on, 2)) else [])[:1] + missing[:2],
        about=about,
        detail={name: _detail(name, mine.get(name), theirs.get(name), other, plan.currency) for name in names},
        beside=lambda key: _detail(key, mine.get(key), theirs.get(key), other, plan.currency) if key in names else [],
    )


def _cells(line: CostLine | None, name: str, largest: float, ascii_mode: bool) -> list[str]:
    if line is None:
        return ["0    ", ""]
    return [
        money(line.per_month) + (" est" if line.estimate else " old" if line.stale else "    "),
        bar(line.per_month, largest, BAR, kind_of(name), ascii_mode),
    ]


def _about(line: CostLine, currency: str) -> str:
    return f"{formula(line, currency)}: {line.name}"


def told(line: CostLine, currency: str) -> list[str]:
    """A line in full: its sum, its source, how it was estimated."""
    lines = [line.name, "", f"  sum         {formula(line, currency)}"]
    lines += [f"  source      {line.source}"] if line.source else []
    lines += [f"  date        {line.date}{', too old: read it again' if line.stale else ''}"] if line.date else []
    return lines + ([f"  estimate    {line.estimate}"] if line.estimate else [])


def _detail(
    name: str, mine: CostLine | None, theirs: CostLine | None, other: Baseline | None, currency: str
) -> Sequence[str]:
    lines = told(mine, currency) if mine else [name, "", "  This plan has no such line."]
    if theirs is not None and other is not None:
        lines += ["", f"In {BASELINES[other.name]}", *told(theirs, currency)[2:]]
    return lines
