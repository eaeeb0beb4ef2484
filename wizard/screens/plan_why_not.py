"""Tab 3 of the plan: the options chosen and those turned down, with the figure found and the figure wanted."""

from solver.plan import Plan
from solver.refusals import Refusal
from wizard.screens.views import View, money
from wizard.text.refusals import reason, rule_words
from wizard.text.tables import number
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
    """Return the options, nearest to passing first; `rule` and `wanted` narrow the list."""
    rows = [
        Row(
            (segment.name, served.option, f"chosen, {money(served.per_month)} a month"),
            f"chosen {segment.name} {place}",
        )
        for segment in plan.segments
        for place, served in enumerate(segment.served_by)
    ]
    about = {row.key: "chosen: see tab 1" for row in rows}
    turned_down = [r for r in plan.refusals if not rule or r.rule == rule]
    for place, refusal in enumerate(sorted(turned_down, key=lambda r: r.distance)):
        key = f"out {place}"
        rows.append(Row((refusal.segment or "all", refusal.option, "! " + reason(refusal)), key))
        about[key] = sentence(refusal)
    if wanted:
        rows = [row for row in rows if wanted.lower() in " ".join(row.cells).lower()]
    counts = sorted(plan.refusal_counts.items(), key=lambda item: -item[1])
    most = [f"{count:,} {rule_words(name)}" for name, count in counts[:MOST]]
    rest = sum(count for _, count in counts[MOST:])
    out = ", ".join(most + ([f"{rest:,} other"] if rest else []))
    narrowed = "".join([f"  only: {rule_words(rule)}" if rule else "", f"  find: {wanted}" if wanted else ""])
    return View(
        head=(f"Turned down: {out or 'none'}", *([narrowed.strip()] if narrowed else [])),
        columns=COLUMNS,
        rows=rows,
        foot=(f"{len(plan.refusals)} of them are listed, the nearest to passing first.",),
        about=about,
        detail={key: _detail(key, turned_down, about[key]) for key in about if key.startswith("out ")},
    )


def sentence(refusal: Refusal) -> str:
    """The refusal as a sentence."""
    whom = refusal.segment or "every segment"
    return f"{refusal.option} for {whom}: {reason(refusal)}"


def _detail(key: str, turned_down: list[Refusal], about: str) -> list[str]:
    refusal = sorted(turned_down, key=lambda r: r.distance)[int(key.split()[1])]
    return [
        refusal.option,
        "",
        f"  segment     {refusal.segment or 'every one'}",
        f"  rule        {rule_words(refusal.rule)} ({refusal.rule})",
        f"  found       {number(refusal.found)} {refusal.unit}",
        f"  wanted      {number(refusal.wanted)} {refusal.unit}",
        f"  distance    {number(refusal.distance)} (0 is at the limit; the list stands in this order)",
    ]
