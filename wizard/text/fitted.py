"""Help topics in 80 columns: what is written wider is wrapped under its own column."""

import re
from textwrap import wrap

from wizard.text.tables import WIDTH

_COLUMN = re.compile(r"\S {2,}(?=\S)")


def fitted(text: str, width: int = WIDTH) -> str:
    """The text with every entry that is too wide wrapped; what fits stays as it is written.

    An entry is a line and those that go on under its second column, or, where it has none, under its start. A line
    whose first word had room on the one before was set apart, and stays apart.
    """
    lines, found = text.splitlines(), list[str]()
    widest = max(map(len, lines))
    while lines:
        start, count = _start(lines[0]), 1
        while count < len(lines) and _goes_on(lines[count - 1], lines[count], start, widest):
            count += 1
        entry, lines = lines[:count], lines[count:]
        found += _wrapped(entry, start, width) if any(len(line) > width for line in entry) else entry
    return "".join(f"{line}\n" for line in found)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _start(line: str) -> int:
    """Where a line's second column starts; its indent where it has none."""
    column = _COLUMN.search(line)
    return column.end() if column else _indent(line)


def _goes_on(before: str, line: str, start: int, widest: int) -> bool:
    under = bool(line.strip()) and _indent(line) == start and not _COLUMN.search(line)
    return under and len(before) + 1 + len(line.split()[0]) > widest


def _wrapped(entry: list[str], start: int, width: int) -> list[str]:
    first, said = entry[0], " ".join((entry[0][start:], *(line.strip() for line in entry[1:])))
    under = start
    if start > width // 2:
        start, under, said = _indent(first), _indent(first) + 2, f"{first[_indent(first) : start]}{said}"
    pieces = wrap(said, width - under, break_on_hyphens=False)
    return [first[:start] + pieces[0], *(" " * under + piece for piece in pieces[1:])]
