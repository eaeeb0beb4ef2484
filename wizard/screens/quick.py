"""The four numbers (and where the data may go): one table and one edit line."""

from collections.abc import Sequence
from typing import ClassVar

from wizard.keys import BACK, EDITING, HELP, MOVES, OUTLINE, SOLVE, UNDO, Key, bindings
from wizard.questions import on_page
from wizard.screens.frame import Word
from wizard.screens.table import TableScreen
from wizard.session import Session, reads_as, shown

CHANGE = Key("enter", "edit", "enter", "change", "type another value for the row under the cursor")


class QuickScreen(TableScreen):
    """What a first answer needs; every other value is the profile's."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, CHANGE, SOLVE, OUTLINE, UNDO, BACK, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("p50 / p95", "half of the requests are shorter than the first, 95 of 100 than the second"),
        ("first token", "the wait until an answer begins, at the percentile of the scenario (p95)"),
        ("from", "you: you typed it; profile: the default, est where it is an estimate; checklist N: an answer set it"),
    )
    TITLES = ("Question", "Answer", "From", "Reads as")
    TYPING = EDITING
    ON = True

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Four numbers"

    def asked(self) -> Sequence[str]:
        """The page, segment by segment."""
        return keys_asked(self.session)

    def place(self) -> str:
        """The first page of a draft."""
        return "quick"

    def last(self, key: str) -> str:
        """How the answer reads, where that is not how it is written."""
        value = shown(self.session, key)
        said = reads_as(key, value)
        return said if said != value else ""

    def draw(self) -> None:
        """Ask, over the table."""
        self.head("What comes in, what goes out, and how soon?", "Enter each that you know; s solves with the rest.")
        super().draw()

    def done(self) -> str:
        """What comes next."""
        return "s solves with these; o shows what else may be told."


def keys_asked(session: Session) -> list[str]:
    """The full keys of the page, segment by segment."""
    return [question.key_for(segment) for segment in session.tables.get("segment", {}) for question in on_page("quick")]
