"""Numbers and columns as text: ASCII only, at most 80 columns wide."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from math import floor, isfinite, log10

WIDTH = 80
VERDICTS = {
    "stay_on_api": "stay on the API",
    "hybrid": "hybrid",
    "self_host": "self-host",
    "no_plan": "no plan fits",
}
STATUSES = {"optimal": "optimal", "time_limit": "time limit", "stopped": "stopped", "infeasible": "infeasible"}
BASELINES = {"closed_api": "closed API", "open_api": "open API", "self_hosted": "self-hosted", "today": "today"}
_SIGNS = str.maketrans(
    {"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00d7": "x", "\u2026": "...", "\u2192": "->", "\u2264": "<=",
     "\u2265": ">=", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u20ac": "EUR", "\u00b5": "u"}
)  # fmt: skip


def plain(text: str) -> str:
    """The text in ASCII: known signs replaced, accents dropped, anything else a question mark."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    kept = "".join(char for char in decomposed if not unicodedata.combining(char))
    return kept.encode("ascii", "replace").decode()


def apportioned(values: Sequence[float], total: float, decimals: int = 2) -> list[float]:
    """Round values so that they add up to the rounded total: the largest remainders are rounded up."""
    unit = 10**decimals
    floors = [floor(value * unit + 1e-9) for value in values]
    short = round(total * unit) - sum(floors)
    order = sorted(range(len(values)), key=lambda i: floors[i] - values[i] * unit)
    for i in order[: max(0, min(short, len(order)))]:
        floors[i] += 1
    return [value / unit for value in floors]


def money(value: float | None, decimals: int = 2) -> str:
    """Write 1234.5 as `1,234.50`, None as `-`; from a thousand million on without cents, then without digits."""
    if value is None:
        return "-"
    if abs(value) >= 1e11:
        return f"{value:.6g}"
    return f"{value:,.{decimals if abs(value) < 1e9 else 0}f}"


def number(value: float | str) -> str:
    """Write a number to four significant digits, or in whole above a thousand; a text as it is."""
    if isinstance(value, str):
        return plain(value)
    if not isfinite(value):
        return "unbounded"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def price(value: float) -> str:
    """Write a price to at least cents and at most six significant digits."""
    if value == 0 or abs(value) >= 0.01:
        text = f"{value:,.4f}".rstrip("0")
        whole, _, cents = text.partition(".")
        return f"{whole}.{cents:0<2}"
    return f"{value:.4g}"


def factors(quantity: float, each: float) -> tuple[str, str]:
    """A quantity and its price with as few digits as give their product to the cent; else with all that are told."""
    amount, whole = quantity * each, (number(quantity), price(each))
    for digits in range(5, 13) if isfinite(quantity) and isfinite(each) else ():
        for pair in (whole, (_digits(quantity, digits), whole[1]), (whole[0], _digits(each, digits - 1))):
            if abs(_read(pair[0]) * _read(pair[1]) - amount) < 0.005:
                return pair
        whole = (_digits(quantity, digits), _digits(each, digits))
    return number(quantity), price(each)


def _digits(value: float, digits: int) -> str:
    """A number to so many significant digits, with commas and no exponent."""
    if not value or not isfinite(value):
        return number(value)
    text = f"{value:,.{max(0, digits - 1 - floor(log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read(text: str) -> float:
    return float(text.replace(",", ""))


def share(value: float | None) -> str:
    """Write 0.0312 as `3.1%`; a gap that is not nought never reads as nought."""
    if value is None:
        return "-"
    percent = value * 100
    if percent == 0 or abs(percent) >= 0.1:
        return f"{percent:.1f}%"
    return f"{percent:.2g}%" if abs(percent) >= 1e-4 else "0.0%"


def cut(text: str, width: int) -> str:
    """The text in at most `width` characters, the missing end marked."""
    return text if len(text) <= width else text[: max(0, width - 2)] + ".."


def wrap(
    text: str, first: str = "", rest: str | None = None, width: int = WIDTH, *, at_hyphens: bool = True
) -> list[str]:
    """Lines of at most `width` columns; `first` starts the first, `rest` (blanks as wide by default) the others.

    `at_hyphens`: whether a line may end within a word that has a hyphen; an id is better left whole.
    """
    indent = " " * len(first) if rest is None else rest
    lines = textwrap.wrap(
        plain(text), width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=at_hyphens
    )
    lines = lines or [first]
    return [line.rstrip() for line in lines]


def table(rows: Iterable[Sequence[str]], align: str, indent: int = 1, gap: int = 2, width: int = WIDTH) -> list[str]:
    """Aligned columns: `align` has `<` or `>` for each; the widest left-aligned column gives way to the width."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[i]) for row in cells) for i in range(len(align))]
    over = indent + sum(widths) + gap * (len(widths) - 1) - width
    while over > 0:
        left = [i for i, side in enumerate(align) if side == "<"] or list(range(len(widths)))
        widest = max(left, key=lambda i: widths[i])
        if widths[widest] <= 4:
            break
        widths[widest] -= 1
        over -= 1
    lines = []
    for row in cells:
        parts = [f"{cut(cell, wide):{side}{wide}}" for cell, wide, side in zip(row, widths, align, strict=True)]
        lines.append((" " * indent + (" " * gap).join(parts)).rstrip())
    return lines
