"""Help: the keys and words of one screen; any other text that fills a page. Opaque, so that a repaint is small."""

from collections.abc import Sequence
from typing import ClassVar

from wizard.keys import MOVES, Key, bindings
from wizard.screens.frame import Framed, Word
from wizard.widgets.glyphs import hang
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
        pieces = [piece for line in self.lines for piece in hang(line, width)]
        self.listing.pointed = False
        self.rows([Column("", grows=True)], [Row((piece,)) for piece in pieces])


class HelpScreen(Page):
    """Keys and words of the screen below."""

    def __init__(self, path: str, keys: Sequence[Key], words: Sequence[Word], typing: Sequence[Key]) -> None:
        lines = ["Keys of this screen"]
        lines += [f"  {key.label.ljust(10)}  {key.says}" for key in keys if key.says]
        if typing:
            lines += ["", "Keys while a value is typed"]
            lines += [f"  {key.label.ljust(10)}  {key.says}" for key in typing]
        if words:
            lines += ["", "Words of this screen"]
            lines += [f"  {word.ljust(18)}  {meaning}" for word, meaning in words]
        super().__init__(f"{path} > Help", lines)
