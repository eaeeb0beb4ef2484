"""Help: the keys and words of one screen; any other text that fills a page. Opaque, so that a repaint is small."""

from collections.abc import Sequence
from typing import ClassVar

from wizard.keys import IN_THE_EDIT_LINE, MOVES, Key, bindings
from wizard.screens.frame import Framed, Word
from wizard.widgets.glyphs import wrap
from wizard.widgets.listing import Column, Row

CLOSE = Key("escape,backspace,q,enter,question_mark", "back", "esc", "back", "back to the screen")


class Page(Framed):
    """Lines to read; up and down scroll them."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, Key("", "", "up down", "scroll", ""), CLOSE)
    BINDINGS = bindings(KEYS)

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self.page_title = title
        self.lines = tuple(lines)

    def path(self) -> str:
        """The title of the page."""
        return self.page_title

    def state(self) -> str:
        """Nothing is saved or unsaved here."""
        return ""

    def draw(self) -> None:
        """Wrap the lines to the window."""
        width = self.size.width - 6
        pieces = [piece for line in self.lines for piece in _hang(line, width)]
        self.rows([Column("", grows=True)], [Row((piece,)) for piece in pieces])

    def beside(self) -> Sequence[str]:
        """Nothing: the page is all there is."""
        return []


def _hang(line: str, width: int) -> list[str]:
    """Wrap a line, its further lines under the text behind its first column, if it has one."""
    _, gap, rest = line.partition("  ")
    if not gap or not rest.strip():
        return wrap(line, width) if not line.startswith(" ") else [line[:width]]
    start = len(line) - len(rest.lstrip())
    pieces = wrap(rest.strip(), max(20, width - start))
    return [line[:start] + pieces[0], *(" " * start + piece for piece in pieces[1:])]


class HelpScreen(Page):
    """Keys and words of the screen below."""

    def __init__(self, path: str, keys: Sequence[Key], words: Sequence[Word], edits: bool) -> None:
        lines = ["Keys of this screen"]
        lines += [f"  {key.label.ljust(10)}  {key.says}" for key in keys if key.says]
        if edits:
            lines += ["", "Keys while a value is typed"]
            lines += [f"  {key.label.ljust(10)}  {key.says}" for key in IN_THE_EDIT_LINE]
        if words:
            lines += ["", "Words of this screen"]
            lines += [f"  {word.ljust(18)}  {meaning}" for word, meaning in words]
        super().__init__(f"{path} > Help", lines)
