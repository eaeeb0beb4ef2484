"""Tab 3 of the plan: the options chosen, those that cost more, and those turned down, each with its figure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from solver.plan import Plan, nearest, nearest_of_each_rule
from solver.refusals import Refusal
from wizard.screens.views import View, money
from wizard.text.refusals import reason, rule_words
from wizard.text.tables import number
from wizard.widgets.listing import Column, Row

if TYPE_CHECKING:
    from solver.explanation.reasons import WhyNot, WhyNotTable

COLUMNS = (
    Column("Segment", rank=1),
    Column("Option", grows=True, least=24),
    Column("Why not", grows=True, least=24),
)

NEAR = 0.995
"""A factor on a price that reads as no change in whole percent."""
MOST = 3
OTHERS = 25
"""Options that are not chosen and could be, the nearest to entering."""


def reasons(plan: Plan) -> list[str]:
    """The rules in the list, most frequent first; the first entry, empty, stands for all."""
    counts: dict[str, int] = {}
    for refusal in plan.refusals:
        counts[refusal.rule] = counts.get(refusal.rule, 0) + 1
    return ["", *sorted(counts, key=lambda rule: (-counts[rule], rule))]


def why_not(
    plan: Plan,
    rule: str,
    wanted: str,
    table: "WhyNotTable | None" = None,
    priced: Mapping[str, float | None] | None = None,
    pricing: str = "",
) -> View:
    """Return the options, the nearest of each rule first; `rule` and `wanted` narrow the list.

    `table` are the options that could serve and do not; `priced` what the plan costs where one must be used.
    """
    rows = [
        Row(
            (segment.name, served.option, f"chosen, {money(served.per_month)} a month"),
            f"chosen {segment.name} {place}",
        )
        for segment in plan.segments
        for place, served in enumerate(segment.served_by)
    ]
    about = {row.key: f"{row.cells[1]} for {row.cells[0]}: {row.cells[2]}" for row in rows}
    detail: dict[str, list[str]] = {}
    for other in (others(table) or plan.why_not) if not rule else ():
        key = f"other {other.option}"
        says = price_told(plan, other.option, priced or {}, pricing) or entering(other)
        rows.append(Row((", ".join(other.serves), other.option, says), key))
        known = (priced or {}).get(other.option) is not None
        again = f"m again makes it a rule: {other.option}"
        about[key] = again if known else entering_told(other, plan.currency)
        detail[key] = _page(other, plan.currency)
    for place, refusal in enumerate(in_order(plan, rule)):
        key = f"out {place}"
        rows.append(Row((refusal.segment or "all", refusal.option, "! " + reason(refusal)), key))
        about[key], detail[key] = sentence(refusal), told_of(refusal)
    if wanted:
        rows = [row for row in rows if wanted.lower() in " ".join(row.cells).lower()]
    alone = len(plan.segments) == 1
    if alone:  # its name in every row would take the room of the options' names
        rows = [replace(row, cells=row.cells[1:]) for row in rows]
    counts = sorted(plan.refusal_counts.items(), key=lambda item: -item[1])
    most = [f"{count:,} {rule_words(name)}" for name, count in counts[:MOST]]
    rest = sum(count for _, count in counts[MOST:])
    out = ", ".join(most + ([f"{rest:,} other"] if rest else []))
    return View(
        head=(f"Out: {out or 'none'}", *([f"only: {rule_words(rule)}"] if rule else [])),
        columns=COLUMNS[1:] if alone else COLUMNS,
        rows=rows,
        foot=(f"{len(plan.refusals):,} of them are listed: the nearest of each rule, then the rest by how near.",),
        about=about,
        detail=detail,
    )


def others(table: "WhyNotTable | None") -> "list[WhyNot]":
    """The options that could serve and are not chosen, the nearest to entering first."""
    return [each for each in table.options if each.answer != "refusal"][:OTHERS] if table else []


def price_told(plan: Plan, option: str, priced: Mapping[str, float | None], pricing: str) -> str:
    """What the plan costs where an option must be used, once it is asked."""
    if option == pricing:
        return "with it: solving ..."
    if option not in priced:
        return ""
    total = priced[option]
    if total is None:
        return "with it: no plan found"
    return f"with it {money(total)}, {total - (plan.total_per_month or 0.0):+,.0f}"


def entering(other: "WhyNot") -> str:
    """What it would take, in a few words."""
    if other.answer == "margin":
        return "in the cheapest plan, which is not clear enough"
    if other.answer == "enters_at" and other.price_factor is not None:
        if other.price_factor > NEAR:
            return "as dear as what is chosen: it enters at under 1% less"
        return f"its price must fall {1 - other.price_factor:.0%}"
    if other.answer == "not_above" and other.at_most is not None:
        return f"its price must fall {1 - other.at_most:.0%} or more"
    return "not even for free"


def entering_told(other: "WhyNot", currency: str) -> str:
    """The same as a sentence: the name in full, for its row may be too narrow, then the figures."""
    price = "" if other.price_now is None else f", now {number(other.price_now)} {currency} a {other.unit}"
    speed = f"; or it must be {other.speed_factor:.2g} times as fast" if other.speed_factor else ""
    proven = "" if other.proven else " (not proven)"
    return f"{other.option}: {entering(other)}{price}{speed}{proven}. m prices a plan that must use it."


def _page(other: "WhyNot", currency: str) -> list[str]:
    lines = [other.option, "", f"  serves      {', '.join(other.serves)}", f"  why not     {entering(other)}"]
    if other.price_now is not None:
        lines.append(f"  price now   {number(other.price_now)} {currency} a {other.unit}")
    if other.price_then is not None:
        lines.append(f"  enters at   {number(other.price_then)} {currency} a {other.unit}")
    if other.total_then is not None:
        lines.append(f"  plan then   {money(other.total_then)} {currency} a month")
    if other.speed_factor:
        lines.append(f"  or faster   {other.speed_factor:.3g} times as fast at its price")
    lines.append(f"  proven      {'yes' if other.proven else 'no: other plans were not ruled out in time'}")
    if other.alike:
        lines += ["", "Alike in all that counts", *(f"  {option}" for option in other.alike)]
    return lines


def in_order(plan: Plan, rule: str = "") -> list[Refusal]:
    """The refusals, of one rule where asked: the nearest of each rule (and segment), then the rest, nearest first."""
    asked = tuple(r for r in plan.refusals if not rule or r.rule == rule)
    first = nearest_of_each_rule(asked)
    return [*first, *(r for r in nearest(asked, None) if r not in first)]


def sentence(refusal: Refusal) -> str:
    """The refusal as a sentence."""
    whom = refusal.segment or "every segment"
    return f"{refusal.option} for {whom}: {reason(refusal)}"


def told_of(refusal: Refusal) -> list[str]:
    """The refusal on a page: in words as in its row, then its figures."""
    found, wanted = number(refusal.found), number(refusal.wanted)
    figures = [f"  found       {found} {refusal.unit}".rstrip(), f"  wanted      {wanted} {refusal.unit}".rstrip()]
    return [
        refusal.option,
        "",
        f"  segment     {refusal.segment or 'every one'}",
        f"  rule        {rule_words(refusal.rule)} ({refusal.rule})",
        f"  why not     {reason(refusal)}",
        *(figures if found != wanted else []),
        f"  distance    {number(refusal.distance)} (0 is at the limit)",
    ]
