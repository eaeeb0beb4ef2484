"""Tab 2 of the plan: the bill, line by line, as bars beside a baseline's."""

import re
from collections.abc import Sequence

from solver.estimates import sentence
from solver.plan import Baseline, CostLine, Plan
from wizard.screens.plan_cost_groups import Group, by_kind, by_segment, idle
from wizard.screens.views import View, money
from wizard.text.tables import BASELINES, number, price
from wizard.widgets.glyphs import Fill, bar
from wizard.widgets.listing import Column, Row

PEOPLE = ("operations", "set-up")
HOSTED = ("GPU hours", "commitment", "storage", "load balancer", "monitoring")
DESIGN = re.compile(r"/\d+x[^/ ]+/")
GROUPINGS = ("kind", "segment", "line")
"""How the lines of the bill are put together, in the order of the key."""
NOTHING = Group("", "=", 0.0)
BAR = {"kind": 12, "segment": 20, "line": 8}
"""Cells of the longest bar: long where the titles are short."""
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


def cost(plan: Plan, chosen: int, ascii_mode: bool, by: str = GROUPINGS[0]) -> View:
    """Return the bill; `chosen` counts through the baselines beside it, `by` is how its lines are put together."""
    able = baselines(plan)
    other = able[chosen % len(able)] if able and by != "segment" else None
    groups = _groups(plan, other, by)
    largest = max([abs(group.per_month) for pair in groups for group in pair if group], default=0.0)
    columns = [
        Column(f"{plan.currency} a month", grows=True, least=LEAST, ends=True),
        Column("This plan", right=True),
        Column("", rank=2),
    ]
    if other:
        columns += [Column(BASELINES[other.name], right=True), Column("", rank=2)]
    rows, about, detail = [], {}, {}
    for mine, theirs in groups:
        title = (mine or theirs or NOTHING).title
        cells = [title, *_cells(mine, largest, BAR[by], ascii_mode)]
        cells += _cells(theirs, largest, BAR[by], ascii_mode) if other else []
        rows.append(Row(tuple(cells), title))
        about[title] = _about(mine if mine and (mine.lines or mine.says) else theirs or NOTHING, plan.currency)
        detail[title] = _detail(title, mine, theirs, other, plan.currency)
    ends = (
        ("total", plan.total_per_month, other.total_per_month if other else None),
        ("a million tokens", _rate(plan), other.per_mtok if other else None),
    )
    for title, value, beside in ends:
        if value is not None:
            cells = [title, money(value) + "    ", ""]
            cells += [(money(beside) if beside is not None else "-") + "    ", ""] if other else []
            rows.append(Row(tuple(cells), title, strong=title == "total"))
    about["total"] = "the sum of the lines above; the program's objective adds up to the same"
    about["a million tokens"] = (
        "the whole bill over all tokens of the month, input and output, people and idle hours in"
    )
    missing = [
        f"{BASELINES[base.name]}: {'none, ' if base.total_per_month is None else ''}{base.why_null}"
        for base in plan.baselines if base.why_null
    ]  # fmt: skip
    return View(
        head=(),
        columns=columns,
        rows=rows,
        foot=([f"{said}."] if (said := sentence(plan.rests_on, 2)) else [])[:1]
        + (missing[:2] if by != "segment" else []),
        about=about,
        detail=detail,
        beside=lambda key: detail.get(key, ()),
    )


Pair = tuple[Group | None, Group | None]


def _groups(plan: Plan, other: Baseline | None, by: str) -> list[Pair]:
    """The rows: of this plan and of the baseline beside it, by the same title."""
    if by == "segment":
        return [(group, None) for group in by_segment(plan)]
    if by == "line":
        mine, theirs = ({line.name: _alone(line) for line in each.lines} for each in (plan, other or plan))
        return [(mine.get(title), theirs.get(title)) for title in dict.fromkeys((*mine, *theirs))]
    mine, theirs = by_kind(plan.lines), by_kind(other.lines if other else ())
    pairs: list[Pair] = []
    for title in mine:
        if mine[title].lines or theirs[title].lines:
            pairs.append((mine[title], theirs[title]))
        if title == "GPU hours" and (unused := idle(plan)) is not None:
            pairs.append((unused, None))
    return pairs


def _alone(line: CostLine) -> Group:
    return Group(line.name, kind_of(line.name), line.per_month, (line,))


def _rate(plan: Plan) -> float | None:
    """The cost of a million tokens, as the plan's readings have it."""
    return next((each.value for each in plan.readings if each.name == "cost of a million tokens"), None)


def _cells(group: Group | None, largest: float, width: int, ascii_mode: bool) -> list[str]:
    if group is None:
        return ["    ", ""]
    if not group.per_month:
        return ["0    ", ""]
    marks = {" est": any(line.estimate for line in group.lines), " old": any(line.stale for line in group.lines)}
    mark = next((mark for mark, so in marks.items() if so), "    ")
    return [money(group.per_month) + mark, bar(group.per_month, largest, width, group.fill, ascii_mode)]


def _about(group: Group, currency: str) -> str:
    if not group.lines:
        return group.says
    chief = max(group.lines, key=lambda line: abs(line.per_month))
    more = len(group.lines) - 1
    return f"{formula(chief, currency)}: {chief.name}" + (f"; and {more} more: enter" if more else "")


def told(line: CostLine, currency: str) -> list[str]:
    """A line in full: its sum, its source, how it was estimated."""
    lines = [line.name, "", f"  sum         {formula(line, currency)}"]
    lines += [f"  source      {line.source}"] if line.source else []
    lines += [f"  date        {line.date}{', too old: read it again' if line.stale else ''}"] if line.date else []
    return lines + ([f"  estimate    {line.estimate}"] if line.estimate else [])


def _detail(
    title: str, mine: Group | None, theirs: Group | None, other: Baseline | None, currency: str
) -> Sequence[str]:
    """Every line in full, of this plan and of the baseline, so that each can be redone by hand."""
    lines = _lines(mine, currency) if mine else []
    if not lines:
        lines = [title.strip(), "", f"  {mine.says if mine and mine.says else 'This plan has no such line.'}"]
    beside = _lines(theirs, currency) if theirs else []
    if beside and other is not None:
        lines += ["", f"In {BASELINES[other.name]}", *([""] if len(beside) > 1 else []), *beside]
    return lines


def _lines(group: Group, currency: str) -> list[str]:
    return [text for line in group.lines for text in ("", *told(line, currency))][1:]
