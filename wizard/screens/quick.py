"""The four numbers (and where the data may go): one table and one edit line."""

from collections.abc import Sequence
from typing import ClassVar

from catalogs.toml_file import InputError
from wizard.keys import BACK, HELP, MOVES, OUTLINE, SOLVE, UNDO, Key, bindings
from wizard.questions import Question, on_page, question_for
from wizard.screens.frame import Framed, Word
from wizard.session import Session, at, origin, put, reads_as, shown, source
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row

CHANGE = Key("enter", "edit", "enter", "change", "type another value for the row under the cursor")


class QuickScreen(Framed):
    """What a first answer needs; every other value is the profile's."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, CHANGE, SOLVE, OUTLINE, UNDO, BACK, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("p50 / p95", "half of the requests are shorter than the first, 95 of 100 than the second"),
        ("first token", "the wait until an answer begins, at the percentile of the scenario (p95)"),
        ("from", "you typed it; profile: the default; est: the default is an estimate; checklist N: an answer set it"),
    )
    EDIT_LABEL = "Edit"

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Four numbers"

    def draw(self) -> None:
        """One row a question, for each segment."""
        session = self.wizard.desk.session_now
        self.head("What comes in, what goes out, and how soon?", "Enter each that you know; s solves with the rest.")
        keys = keys_asked(session)
        several = len(session.tables.get("segment", {})) > 1
        rows = [Row(cells(session, key, several), key) for key in keys]
        columns = (
            Column("Question"),
            Column("Answer"),
            Column("From", rank=1),
            Column("Reads as", grows=True, rank=2, least=14),
        )
        self.rows(columns, rows, session.cursor if not self.listing.rows else None)

    def _key(self) -> str:
        row = self.listing.current
        return row.key if row else ""

    def about(self) -> str:
        """The help of the question under the cursor."""
        question = question_for(self._key())
        return question.help if question else ""

    def beside(self) -> Sequence[str]:
        """Help, why it matters, an example, and where the value comes from."""
        question = question_for(self._key())
        if question is None:
            return []
        lines = [question.help, "", *([question.why, ""] if question.why else []), f"Such as  {question.example}"]
        from_where = source(self.wizard.desk.session_now, self._key())
        return [*lines, "", f"Now from  {from_where}"] if from_where else lines

    def action_edit(self) -> None:
        """Open the edit line on the row."""
        key = self._key()
        self.edit_line.open(shown(self.wizard.desk.session_now, key), lambda text: self._reader(key, text))
        self.refresh_frame()

    def _reader(self, key: str, text: str) -> str:
        """What the text reads as; ValueError with what is wanted."""
        try:
            put(self.wizard.desk.session_now, key, text)
            return f"reads as {reads_as(key, text)}"
        except InputError as error:
            raise ValueError(error.faults[0].wanted) from None

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Take the value (unchanged text stays the profile's), and go on to the next row."""
        key, session = self._key(), self.wizard.desk.session_now
        if event.text.strip() != shown(session, key):
            self.wizard.desk.edit(at(put(session, key, event.text), "quick", self.listing.cursor))
        moved = self.listing.move(event.step or 1)
        if moved or event.step:
            self.action_edit()
        else:
            self.edit_line.shut()
            self.note = "s solves with these; o shows what else may be told."
            self.refresh_frame()

    def on_edit_line_restored(self) -> None:
        """Leave the value as it stood."""
        self.edit_line.shut()
        self.refresh_frame()


def keys_asked(session: Session) -> list[str]:
    """The full keys of the page, segment by segment."""
    return [question.key_for(segment) for segment in session.tables.get("segment", {}) for question in on_page("quick")]


def cells(session: Session, key: str, several: bool) -> tuple[str, str, str, str]:
    """Question, answer, where it comes from, and how it reads."""
    question: Question | None = question_for(key)
    label = question.label if question else key
    if several:
        label = f"{key.split('.')[1]}: {label}"
    value = shown(session, key)
    estimate = " est" if source(session, key).startswith("estimate") else ""
    said = reads_as(key, value)
    return label, value, origin(session, key) + estimate, said if said != value else ""
