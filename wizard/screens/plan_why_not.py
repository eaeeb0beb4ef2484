"""Tab 3 of the plan: the options chosen and those turned down, with the figure found and the figure wanted."""

from solver.explanation.reasons import WhyNot
from solver.plan import Plan, nearest, nearest_of_each_rule
from solver.refusals import Refusal
from wizard.screens.views import View, money
from wizard.text.refusals import reason, rule_words
from wizard.text.tables import number, price, share
from wizard.widgets.listing import Column, Row

COLUMNS = (
    Column("Segment", rank=1),
    Column("Option", grows=True, least=24),
    Column("Why not", grows=True, least=24),
)

MOST = 3


def reasons(plan: Plan) -> list[str]:
    """The rules in the list, most frequent first; the first entry, empty, stands for all."""
    counts: dict[str, int] = {}
    for refusal in plan.refusals:
        counts[refusal.rule] = counts.get(refusal.rule, 0) + 1
    return ["", *sorted(counts, key=lambda rule: (-counts[rule], rule))]


def why_not(plan: Plan, rule: str, wanted: str) -> View:
    """Return the options, the nearest of each rule first; `rule` and `wanted` narrow the list."""
    rows = [
        Row(
            (segment.name, served.option, f"chosen, {money(served.per_month)} a month"),
            f"chosen {segment.name} {place}",
        )
        for segment in plan.segments
        for place, served in enumerate(segment.served_by)
    ]
    about = {row.key: "chosen: see tab 1" for row in rows}
    detail: dict[str, list[str]] = {}
    for each in () if rule else plan.why_not:
        key = f"enters {each.option}"
        rows.append(Row((", ".join(each.serves), each.option, enters(each)), key))
        about[key], detail[key] = f"{each.option}: {enters(each)}", told_of_entry(each, plan.currency)
    for place, refusal in enumerate(in_order(plan, rule)):
        key = f"out {place}"
        rows.append(Row((refusal.segment or "all", refusal.option, "! " + reason(refusal)), key))
        about[key], detail[key] = sentence(refusal), told_of(refusal)
    if wanted:
        rows = [row for row in rows if wanted.lower() in " ".join(row.cells).lower()]
    counts = sorted(plan.refusal_counts.items(), key=lambda item: -item[1])
    most = [f"{count:,} {rule_words(name)}" for name, count in counts[:MOST]]
    rest = sum(count for _, count in counts[MOST:])
    out = ", ".join(most + ([f"{rest:,} other"] if rest else []))
    return View(
        head=(f"Turned down: {out or 'none'}", *([f"only: {rule_words(rule)}"] if rule else [])),
        columns=COLUMNS,
        rows=rows,
        foot=(f"{len(plan.refusals):,} of them are listed: the nearest of each rule, then the rest by how near.",),
        about=about,
        detail=detail,
    )


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


def enters(each: WhyNot) -> str:
    """What it would take, in a few words."""
    if each.answer == "margin":
        return "in the cheapest plan, which is not the recommended one"
    if each.answer == "not_above":
        return f"would enter at no more than {share(each.at_most)} of its price"
    then = "" if each.price_then is None else f", {price(each.price_then)} a {each.unit}"
    return f"would enter at {share(each.price_factor)} of its price{then}"


def told_of_entry(each: WhyNot, currency: str) -> list[str]:
    """The option on a page: its price now and then, what a plan with it costs, how much faster it must be."""
    rows = [each.option, "", f"  segments    {', '.join(each.serves)}", f"  why not     {enters(each)}"]
    if each.price_now is not None:
        rows.append(f"  price now   {price(each.price_now)} {currency} a {each.unit}")
    if each.total_then is not None:
        rows.append(f"  plan then   at most {money(each.total_then)} {currency} a month, at 1% less")
    if each.speed_factor is not None:
        rows.append(f"  or faster   {number(each.speed_factor)} times, at its price")
    return [*rows, f"  proven      {'yes' if each.proven else 'not that nothing else would let it in sooner'}"]
