"""Doubts ranked, as text: what to settle first, by what it decides."""

from solver.explanation.doubt_records import RankedDoubt, RankedDoubts
from wizard.text.tables import VERDICTS, money, number, share, wrap

MOST = 12
"""Doubts, and limits under stress, that are told; all of them are in the JSON."""


def doubt_lines(doubts: RankedDoubts | None, currency: str) -> list[str]:
    """The section; empty where they were not ranked."""
    if doubts is None:
        return []
    if not doubts.doubts:
        return ["No doubt moves the verdict or the cost within its range."]
    lines = [f"What to settle first, by what it decides, {currency} a month"]
    for each in doubts.doubts[:MOST]:
        lines += wrap(_doubt(each), " - ", "   ")
    more = len(doubts.doubts) - MOST
    if more > 0:
        lines.append(f" and {more} more that move less")
    if doubts.cut:
        lines.append(f" {doubts.cut} more were not looked at within the time")
    return lines


def _doubt(each: RankedDoubt) -> str:
    amount = (
        "whether there is a plan" if each.decides_per_month is None else f"{money(each.decides_per_month, 0)} a month"
    )
    if each.kind == "score":
        then = f", and the verdict: {VERDICTS[each.then]} if it fails" if each.then else ""
        return f"{each.action}: it decides {amount}{then} ({each.why})"
    ends = " to ".join(number(end) for end in (each.low, each.high) if end is not None)
    told = "" if each.told is None else f", told {number(each.told)}"
    if each.flips:
        near = "" if each.nearness is None else f" from {share(each.nearness)} of the way to the {each.at} end on"
        then = VERDICTS[each.then] if each.then else "another verdict"
        return f"{each.action}: it decides {amount} and the verdict, {then}{near} ({ends} {each.unit}{told})"
    return f"{each.action}: it decides {amount} ({ends} {each.unit}{told})"
