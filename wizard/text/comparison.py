"""A comparison of two plans as text: the verdict and the money first, then each change with its mark."""

from collections.abc import Sequence

from solver.comparison import Change, Comparison
from wizard.diff_parts import FlipMoved, Split, moved, split_lines, stay_told
from wizard.text.tables import VERDICTS, WIDTH, money, number, plain, price, share, wrap

_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_TITLES = {
    "bill": "Bill, a month",
    "allocation": "Served by",
    "fallback": "If something is lost",
    "pool": "Pools, most replicas at once",
    "scenario": "Scenario",
    "price": "Prices",
    "exchange_rate": "Exchange rates",
}


def comparison_text(
    comparison: Comparison, split: Split | str | None = None, flips: Sequence[FlipMoved] | None = None
) -> str:
    """The comparison, at most 80 columns, with the parts of the difference and the flips where they were solved."""
    lines = [f"{comparison.old_name} -> {comparison.new_name}", _verdict_line(comparison)]
    if split is not None:
        lines += [piece for line in split_lines(comparison, split) for piece in wrap(line.strip(), "  ", "     ")]
    elif moved(comparison):
        lines.append("  by prices, by you, by the model: --split solves the old answers again to tell")
    for change in comparison.changes:
        if change.subject in ("confidence", "status", "cheapest"):
            lines.append(f" ~ {change.subject} {change.old} -> {change.new}")
    if comparison.old_catalog != comparison.new_catalog:
        lines.append(f" ~ catalog {comparison.old_catalog} -> {comparison.new_catalog}")
    for subject, title in _TITLES.items():
        changes = [change for change in comparison.changes if change.subject == subject]
        if changes:
            lines += ["", title]
            for change in changes:
                lines += _change_lines(change)
    if flips is not None:
        lines += ["", "Flips at, all else equal"]
        lines += [
            f" ~ {each.title:<18}{each.old:>10} -> {each.new:<10}  {each.way}" for each in flips if each.way != "same"
        ]
        lines += [f" {stays}"] if (stays := stay_told(flips)) else []
    if not comparison.changes:
        lines += ["", "nothing changed"]
    return "\n".join(lines) + "\n"


def _verdict_line(comparison: Comparison) -> str:
    old, new = VERDICTS[comparison.old_verdict], VERDICTS[comparison.new_verdict]
    verdict = f"{old} (unchanged)" if old == new else f"{old} -> {new}"
    totals = f"{money(comparison.old_total)} -> {money(comparison.new_total)}"
    if comparison.difference is None:
        totals += f" ({comparison.old_currency} -> {comparison.new_currency})"
    else:
        totals += f"  {comparison.difference:+,.2f}"
        if comparison.old_total:
            totals += f"  {comparison.difference / comparison.old_total * 100:+.1f}%"
    if len(verdict) + len(totals) + 2 > WIDTH:
        return f"{verdict}\n{totals:>{WIDTH}}"
    return f"{verdict}{totals:>{WIDTH - len(verdict)}}"


def _change_lines(change: Change) -> list[str]:
    """One line where it fits, else the key and, under it, what changed."""
    said = _said(change)
    one = plain(f" {_MARKS[change.action]} {change.key:<34}  {said}")
    if len(one) <= WIDTH:
        return [one]
    return [*wrap(change.key, f" {_MARKS[change.action]} ", "   "), *wrap(said, "     ", "     ")]


def _said(change: Change) -> str:
    old, new = shown(change, change.old), shown(change, change.new)
    if change.action == "added":
        return new
    if change.action == "removed":
        return f"was {old}"
    said = f"{old} -> {new}"
    if change.subject == "bill" and isinstance(change.old, float) and isinstance(change.new, float):
        said += f"  {change.new - change.old:+,.2f}"
    if change.new_date:
        dates = change.new_date if change.old_date == change.new_date else f"{change.old_date} -> {change.new_date}"
        said += f" {change.unit}, {dates}"
    return said


def shown(change: Change, value: float | str | None) -> str:
    """A value of a change as people write it: money, a share, a price, a number, a word."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if change.subject == "bill":
        return money(value)
    if change.subject == "allocation":
        return share(value)
    return price(value) if change.subject in ("price", "exchange_rate") else number(value)
