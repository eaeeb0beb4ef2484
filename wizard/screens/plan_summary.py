"""Tab 1 of the plan: the verdict, the money, who serves what, what stands beside it, the doubts."""

from collections.abc import Sequence
from dataclasses import replace

from solver.plan import Fallback, Plan, PlannedSegment, Pool, loss_words
from wizard.screens.plan_cost import formula, kind_of, told
from wizard.screens.plan_none import no_plan
from wizard.screens.views import View, money, share
from wizard.text.tables import BASELINES, number
from wizard.text.verdict import sentences, verdict_words
from wizard.widgets.glyphs import bar
from wizard.widgets.listing import Column, Row

COLUMNS = (
    Column("Segment"),
    Column("Requests/month", right=True, rank=1),
    Column("Served by", grows=True, least=24, ends=True),
    Column("Share", right=True),
    Column("{currency}/month", right=True),
)

BESIDE = 27
"""Cells of the right column where it is narrowest."""
LOSSES_SHOWN = 2
"""Losses of a segment that have a row; the others stand on its page."""


def summary(plan: Plan, ascii_mode: bool, width: int = 78, room: bool = True, charted: bool = False) -> View:
    """Return the summary of a plan; its figures are the plan's own. `width` is of the line of the verdict.

    Where there is `room`, the first reason stands whole under the list; the others are rows. `charted`: the baselines
    stand in the chart beside the list.
    """
    if plan.total_per_month is None:
        return no_plan(plan)
    rows, about, detail = _serving(plan)
    reasons = sentences(plan)
    first = [f"Why        {reasons[0]}"] if room and reasons else []
    for place, said in enumerate(reasons[len(first) :]):
        key = f"why {place}"
        rows.append(Row((f"{'also' if first else 'why'}: {said}",), key))
        about[key], detail[key] = said, (f"Why: {verdict_words(plan)}", "", said)
    columns = [replace(column, title=column.title.format(currency=plan.currency)) for column in COLUMNS]
    return View(
        head=[line for line in (verdict_line(plan, width), times(plan)) if line],
        columns=columns,
        rows=rows,
        foot=(*([] if charted else [beside_it(plan)]), *first, _doubts(plan, room)),
        about=about,
        detail=detail,
        beside=lambda key: _chart(plan, about.get(key, ""), ascii_mode),
    )


def verdict_line(plan: Plan, width: int) -> str:
    """The verdict and the whole bill; called certain only when the solver proved it."""
    total = f"{money(plan.total_per_month)} {plan.currency} a month, all counted"
    verdict = verdict_words(plan).upper()
    if plan.status != "optimal":
        verdict += " (not proven)"
    return f"{verdict} {total:>{max(0, width - len(verdict) - 1)}}"


def times(plan: Plan) -> str:
    """The strategies as multiples of the plan, from its readings."""
    told = []
    for reading in plan.readings:
        name, _, over = reading.name.partition(" over this plan")
        if reading.unit == "times" and name in BASELINES and not over:
            told.append(f"{BASELINES[name]} {reading.value:.2f} times")
    return f"The others would cost more: {', '.join(told)}." if told else ""


def beside_it(plan: Plan) -> str:
    """The baselines in one line; a strategy that cannot serve says `none`."""
    parts = [
        f"{BASELINES[base.name]} {money(base.total_per_month) if base.total_per_month is not None else 'none'}"
        for base in plan.baselines
    ]
    return "Beside it  " + "  ".join(parts) if parts else ""


def _serving(plan: Plan) -> tuple[list[Row], dict[str, str], dict[str, Sequence[str]]]:
    rows: list[Row] = []
    about: dict[str, str] = {}
    detail: dict[str, Sequence[str]] = {}
    pools = {pool.option: pool for pool in plan.pools}
    for segment in plan.segments:
        losses = _losses(plan, segment)
        for place, served in enumerate(segment.served_by):
            key = f"{segment.name} {served.option}"
            name, requests = (segment.name, number(segment.requests_per_month)) if place == 0 else ("", "")
            rows.append(Row((name, requests, served.option, share(served.share), money(served.per_month)), key))
            pool = pools.get(served.option)
            busy = f"busy {share(pool.utilisation)} of its hours. " if pool else ""
            about[key] = f"{segment.name}: {busy}{served.arithmetic}" if busy or served.arithmetic else served.option
            detail[key] = (
                f"{segment.name}, served by {served.option}",
                "",
                f"  share of the month  {share(served.share)} of {number(segment.requests_per_month)} requests",
                f"  cost a month        {money(served.per_month)} {plan.currency}",
                f"  how                 {served.arithmetic or 'an API: tokens times price, see tab 2'}",
                *_pool_lines(plan, served.option),
                *losses,
            )
        for row, key, says in _fallback_rows(plan, segment):
            rows.append(row)
            about[key], detail[key] = says, (f"{segment.name}, while something is lost", *losses)
    for line in plan.lines:
        if kind_of(line.name) == ":":
            rows.append(Row(("people", "", line.name, "", money(line.per_month)), line.name))
            about[line.name] = f"{formula(line, plan.currency)}: {line.name}"
            detail[line.name] = told(line, plan.currency)
    return rows, about, detail


def _fallback_rows(plan: Plan, segment: PlannedSegment) -> list[tuple[Row, str, str]]:
    """Rows of the losses that move most of the segment, each with its key and one line; the rest are counted."""
    mine = sorted((f for f in plan.fallbacks if f.segment == segment.name), key=lambda f: (f.served, -_moved(f)))
    found = []
    for each in mine[:LOSSES_SHOWN]:
        key = f"{segment.name} without {each.lost} {each.of}"
        row = Row(("", "", _short(each), share(_moved(each)), money(each.per_month)), key)
        found.append((row, key, f"{segment.name}: {_told(each, plan.currency)}"))
    if more := len(mine) - len(found):
        key = f"{segment.name} without more"
        words = f"{more} more: enter lists them"
        found.append((Row(("", "", words, "", ""), key), key, f"{segment.name}: {words}"))
    return found


def _short(each: Fallback) -> str:
    """`if aws is down: openai/gpt-5`, short enough to name both; the line below the list names the pool."""
    lost = {"replica": "a replica is down", "spot": "spot is gone"}.get(each.lost, f"{each.of} is down")
    more = f" and {len(each.moved_to) - 1} more" if len(each.moved_to) > 1 else ""
    return f"if {lost}: {each.moved_to[0].option if each.moved_to else 'nothing'}{more}"


def _moved(each: Fallback) -> float:
    return sum(part.share for part in each.moved_to)


def _told(each: Fallback, currency: str) -> str:
    """`if aws is down: 100% to openai/gpt-5; all served; +0.30 USD a month (lost 0.50% of the time)`."""
    to = ", ".join(f"{share(part.share)} to {part.option}" for part in each.moved_to) or "nothing moves"
    served = "all" if each.served >= 1 else f"{share(each.served)} at least"
    paid = f"+{money(each.per_month)} {currency} a month (lost {each.month_share:.2%} of the time)"
    return f"if {loss_words(each.lost, each.of)}: {to}; {served} served; {paid}"


def _losses(plan: Plan, segment: PlannedSegment) -> list[str]:
    """Every loss that changes something for a segment, for the page of details."""
    lines: list[str] = []
    for each in plan.fallbacks:
        if each.segment == segment.name:
            lines += ["", f"  {_told(each, plan.currency)}"]
            lines += [f"  estimate            {each.estimate}"] if each.estimate else []
    return lines


def _pool_lines(plan: Plan, option: str) -> list[str]:
    lines: list[str] = []
    for pool in plan.pools:
        if pool.option == option:
            lines += [
                "",
                f"Pool {pool.option}",
                f"  runs                {pool.model} in {pool.precision} on {pool.engine}",
            ]
            lines += [f"  a replica           {pool.gpus_per_replica} x {pool.gpu}, {pool.provider} {pool.region}"]
            lines += [f"  replicas            {text}" for text in replicas(pool)]
            lines += [f"  busy                {share(pool.utilisation)} of its replica-hours at mean load"]
            lines += [f"  estimate            {pool.estimate}"] if pool.estimate else []
            lines += [f"  measured            {pool.measured}"] if pool.measured else []
    return lines


def replicas(pool: Pool) -> list[str]:
    """Replicas by purchase type: a count that never changes, or its range over the load blocks."""
    told = []
    for purchase in dict.fromkeys(row.purchase for row in pool.replicas):
        rows = [row for row in pool.replicas if row.purchase == purchase]
        low, high = min(row.count for row in rows), max(row.count for row in rows)
        some = "" if rows[0].block is None else f", in {len(rows)} load block{'s' * (len(rows) != 1)}"
        span = number(high) if low == high else f"{number(low)} to {number(high)}"
        told.append(f"{span} {purchase.replace('_', ' ')}{some}")
    return told


def _doubts(plan: Plan, room: bool) -> str:
    if not plan.doubts or not room:
        return f"Doubts     {len(plan.doubts)}: d lists them" if plan.doubts else "Doubts     none"
    more = f"{len(plan.doubts)} (d lists them); the first: " if len(plan.doubts) > 1 else ""
    return f"Doubts     {more}{plan.doubts[0]}"


def _chart(plan: Plan, about: str, ascii_mode: bool) -> list[str]:
    """Bars of the plan and its baselines, then the row under the cursor."""
    totals = [("this plan", plan.total_per_month)]
    totals += [(BASELINES[base.name], base.total_per_month) for base in plan.baselines]
    largest = max((value for _, value in totals if value is not None), default=0.0)
    kind = {"self-hosted": "#"}
    lines = [f"{plan.currency} a month"]
    wide = max(len(money(value)) for _, value in totals)
    for name, value in totals:
        drawn = bar(value or 0.0, largest, BESIDE - 13 - wide, "#" if name in kind else "=", ascii_mode)
        lines.append(f"{name:<11} {money(value):>{wide}} {drawn}".rstrip())
    return [*lines, "", about]
