"""The explanation as text: the verdict argued, or the demands in conflict and the words that mend each."""

from solver.explanation.explain import Explanation
from solver.plan import Plan
from wizard.text.conflict import conflict_lines, settings
from wizard.text.findings import mistake_lines, pattern_lines, step_lines
from wizard.text.flips import flip_lines
from wizard.text.tables import WIDTH, cut, money, plain, share, wrap
from wizard.text.verdict import verdict_lines, verdict_words
from wizard.text.why_not import entering_lines, requirement_lines
from wizard.text.worlds import sure_lines


def explain_text(plan: Plan, found: Explanation, name: str = "") -> str:
    """The whole explanation, ASCII, at most 80 columns."""
    parts = [_head(plan, found, name), verdict_lines(plan), pattern_lines(found.patterns)]
    parts += [conflict_lines(found.conflict, found.conflict_notes, found.currency), _mends(found)]
    parts += [_why(found), entering_lines(found.why_not, found.currency)]
    parts += [requirement_lines(found.requirements, found.currency), flip_lines(found.flips, found.currency)]
    parts += [mistake_lines(found.mistakes, found.currency), _doubts(found)]
    parts.append(sure_lines(found.how_sure, found.currency))
    parts.append(step_lines(found.next_steps))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(plan: Plan, found: Explanation, name: str) -> list[str]:
    words = verdict_words(plan).upper()
    total = "" if plan.total_per_month is None else f"{money(plan.total_per_month)} {plan.currency} a month"
    line = f"{words}{total:>{WIDTH - len(words)}}" if total else words
    lines = [plain(name), line] if name else [line]
    return [*lines, *wrap(f"Explains {found.rests_on}.")] if found.rests_on else lines


def _mends(found: Explanation) -> list[str]:
    """The words that make each change, to be put after `wizard solve FILE`."""
    told = settings(found.conflict)
    return ["To change it, after wizard solve FILE", *(f"   {text}" for text in told)] if told else []


def _why(found: Explanation) -> list[str]:
    lines: list[str] = []
    for segment in found.why:
        lines.append(f"{plain(segment.name)}: {segment.requests_per_month:,.0f} requests a month")
        for served in segment.served_by:
            lines.append(f" {cut(plain(served.option), 52):<52} {share(served.share):>7} {money(served.per_month):>15}")
            lines += wrap(served.arithmetic, "   ", "     ") if served.arithmetic else []
    return lines


def _doubts(found: Explanation) -> list[str]:
    lines = ["Doubts"] if found.doubts else []
    for doubt in found.doubts:
        lines += wrap(doubt, " - ")
    return lines
