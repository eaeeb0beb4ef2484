"""The few characters that differ between the Unicode and the ASCII screen, and bars made of them."""

from collections.abc import Sequence
from typing import Literal

Fill = Literal["#", "=", ":", "."]
BLOCKS: dict[Fill, str] = {"#": "\u2588", "=": "\u2593", ":": "\u2592", ".": "\u2591"}
RULE = {True: "-", False: "\u2500"}


def ascii_only(text: str) -> str:
    """Replace what ASCII cannot say by `?`."""
    return text.encode("ascii", "replace").decode("ascii")


def shown(text: str, ascii_mode: bool) -> str:
    """Return the text as the screen may show it: one line, printable, ASCII where asked."""
    flat = "".join(char if char.isprintable() else " " for char in text)
    return ascii_only(flat) if ascii_mode else flat


def fill(kind: Fill, ascii_mode: bool) -> str:
    """Return the character of a kind of bar: `#` self-hosted, `=` API, `:` people, `.` idle."""
    return kind if ascii_mode else BLOCKS[kind]


def bar(value: float, largest: float, width: int, kind: Fill, ascii_mode: bool) -> str:
    """Draw `value` as a bar, `width` cells long for `largest`; anything above zero has at least one cell."""
    if largest <= 0 or value <= 0:
        return ""
    cells = max(1, min(width, round(width * value / largest)))
    return fill(kind, ascii_mode) * cells


def gap_bar(share: float, width: int) -> str:
    """Draw how much of the way is done, `[####....]`, the same in both modes."""
    done = max(0, min(width, round(share * width)))
    return "[" + "#" * done + "." * (width - done) + "]"


def cut(text: str, width: int) -> str:
    """Cut the text to `width` cells, ending in `..` so that the cut is seen."""
    if len(text) <= width:
        return text
    return text[: max(0, width - 2)] + ".."[:width]


def cut_inside(text: str, width: int) -> str:
    """Cut the text to `width` cells before its last words: `openai/gp..cached input`.

    All after the first blank is kept where that leaves a third of the width, else the last word, else half.
    """
    if len(text) <= width:
        return text
    ends = (text.partition(" ")[2], text.rpartition(" ")[2], text[-(width // 2) :])
    end = next((end for end in ends if 0 < len(end) <= 2 * width // 3), "")
    return cut(text[: len(text) - len(end)], width - len(end)) + end


def wrap(text: str, width: int) -> list[str]:
    """Break the text at spaces into lines of at most `width` cells."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return [piece for line in lines for piece in (_chop(line, width) if len(line) > width else [line])]


def hang(line: str, width: int) -> list[str]:
    """Wrap a line whose first column ends at two blanks: what follows stays under the text behind it.

    A line without such a column is wrapped plainly. Where a word is longer than the room
    there, the text follows the column after a colon, and goes on under its start.
    """
    indent = len(line) - len(line.lstrip())
    key, gap, rest = line[indent:].partition("  ")
    start = len(line) - len(rest.lstrip()) if gap else indent
    if start > width // 2:
        start = indent
    elif len(line) > width and any(len(word) > width - start for word in rest.split()):
        line, start = f"{line[:indent]}{key}: {rest.lstrip()}", indent + 2
        first, *more = wrap(line[indent:], width - start)
        return [line[:indent] + first, *(" " * start + piece for piece in more)]
    pieces = wrap(line[start:], width - start)
    return [line[:start] + pieces[0], *(" " * start + piece for piece in pieces[1:])]


def _chop(text: str, width: int) -> Sequence[str]:
    return [text[start : start + width] for start in range(0, len(text), max(1, width))]
