"""Tabs 6 and 7 of the plan: what it rests on that may not hold, and what to do next."""

from collections.abc import Sequence
from dataclasses import replace

from solver.explanation.findings import MISTAKES, PATTERNS
from solver.plan import Plan, loss_words
from wizard.screens.views import View, money, share
from wizard.text.findings import because
from wizard.text.tables import number
from wizard.text.verdict import SIDES
from wizard.widgets.listing import Column, Row

RISKS = (Column("Kind"), Column("What", grows=True), Column("{currency}/month", right=True, rank=1))
NEXT = (Column("By"), Column("Days", right=True), Column("What to do", grows=True))
WHERE = {"plan": "in this plan", "today": "as it runs today"}
SHOWN = 12
"""Doubts in the list; the rest stand on the page of doubts."""


def risks(plan: Plan) -> View:
    """Mistakes first, then what happens when something is lost, then the doubts."""
    rows: list[Row] = []
    about: dict[str, str] = {}
    detail: dict[str, Sequence[str]] = {}

    def add(kind: str, what: str, amount: str, says: str, page: Sequence[str]) -> None:
        key = f"risk {len(rows)}"
        rows.append(Row((kind, what, amount), key))
        about[key], detail[key] = says, page

    for each in plan.mistakes:
        stake = "" if each.per_month is None else money(each.per_month)
        add("! mistake", f"{MISTAKES[each.id]}, {WHERE[each.where]}", stake, each.do, [
            f"{MISTAKES[each.id]}, {WHERE[each.where]}", "", f"  of          {', '.join(each.of)}",
            f"  found       {number(each.found)} {each.unit}", f"  wanted      {number(each.wanted)} {each.unit}",
            f"  so          {each.says}", f"  do          {each.do}",
            *([f"  at stake    {money(each.per_month)} {plan.currency} a month, {each.at_stake}"] if stake else []),
        ])  # fmt: skip
    for pattern in plan.patterns:
        add("pattern", PATTERNS[pattern.id], "", pattern.says, [PATTERNS[pattern.id], "", f"  {pattern.says}"])
    for loss in sorted(plan.fallbacks, key=lambda each: each.served)[:SHOWN]:
        to = ", ".join(f"{share(part.share)} to {part.option}" for part in loss.moved_to) or "nothing moves"
        says = f"{share(loss.served)} of {loss.segment} goes on; {to}; lost {loss.month_share:.2%} of the time"
        what = f"{loss_words(loss.lost, loss.of)}: {share(loss.served)} of {loss.segment} goes on"
        add(
            "! loss" if loss.served < 0.995 else "loss",
            what,
            f"+{money(loss.per_month)}",
            says,
            [what, "", f"  {says}"],
        )
    for apart in plan.disagreements:
        amount = "" if apart.per_month is None else money(apart.per_month)
        what = f"the checklist leans to {SIDES[apart.leans]}: {', '.join(apart.items)}"
        add("leans", what, amount, f"{what}; the cost does not", [what])
    for doubt in plan.doubts[:SHOWN]:
        add("doubt", doubt, "", doubt, [doubt])
    more = len(plan.doubts) - SHOWN
    columns = [replace(column, title=column.title.format(currency=plan.currency)) for column in RISKS]
    return View(
        head=("What this plan rests on that may turn out otherwise.",),
        columns=columns if any(row.cells[2] for row in rows) else columns[:2],
        rows=rows if any(row.cells[2] for row in rows) else [replace(row, cells=row.cells[:2]) for row in rows],
        foot=(
            f"{len(plan.doubts)} doubts{f', {more} more than listed' if more > 0 else ''}. d asks what could flip it.",
        ),
        about=about,
        detail=detail,
        beside=lambda key: detail.get(key, ()),
    )


def next_steps(plan: Plan) -> View:
    """The next actions, at most seven, in the order of their dates."""
    rows: list[Row] = []
    about: dict[str, str] = {}
    detail: dict[str, Sequence[str]] = {}
    for place, step in enumerate(plan.next_steps):
        key = f"step {place}"
        rows.append(Row((step.date, f"{step.days:.3g}", step.action), key))
        about[key] = f"because {because(step)}"
        detail[key] = [
            step.action, "", f"  kind        {step.kind}", f"  by          {step.date}",
            f"  days        {step.days:.3g} of one person's work; {step.effort}",
            f"  because     {because(step)}",
        ]  # fmt: skip
    days = sum(step.days for step in plan.next_steps)
    none = "Nothing to do is told in this plan: it was saved before there were next steps; s solves anew."
    return View(
        head=(f"{len(rows)} steps, {days:.3g} days of work." if rows else none,),
        columns=NEXT,
        rows=rows,
        about=about,
        detail=detail,
        beside=lambda key: detail.get(key, ()),
    )
