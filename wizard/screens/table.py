"""A table of questions over one edit line that is always there: what stands, where it comes from, what it comes to."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from catalogs.toml_file import InputError
from wizard.keys import ACCEPTING, FINDING, Key
from wizard.questions import question_for
from wizard.scenario_keys import NOTHING
from wizard.screens.frame import Framed, Word
from wizard.screens.later import Later
from wizard.session import YOU, Session, at, clear, origin, put, reads_as, scenario_of, shown, source
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row

CHANGE = Key("enter", "edit", "enter", "edit", "type another value for the row under the cursor; empty: the profile's")
TOGGLE = Key("space", "switch", "space", "off, on", "turn it off, or on again; of a choice, take the next word")
FIND = Key("slash", "find", "/", "find", "filter the rows; esc clears the filter")
TAKE_BACK = Key("D", "take_back", "D", "take back", "take back what you typed: the profile's or the checklist's value")
LONG = 20
"""Characters of an answer beyond which its column may cut it."""
WORDS: tuple[Word, ...] = (
    ("from", "you: you typed it; profile: the default, est where it is an estimate; checklist N: an answer set it"),
    ("means", "what the value comes to, of its own; est: an estimate of the catalog that stands in"),
    ("p50 / p95", "half of the requests are shorter than the first, 95 of 100 than the second"),
)


class TableScreen(Framed):
    """Questions, one a row. A subclass says which (`asked`), under what titles, and what the last column tells."""

    KEYS: ClassVar[tuple[Key, ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = []
    WORDS: ClassVar[tuple[Word, ...]] = WORDS
    TITLES: ClassVar[tuple[str, str, str, str]] = ("Question", "Answer", "From", "Means")
    EDIT_LABEL = "Edit"
    TYPING: ClassVar[tuple[Key, ...]] = ACCEPTING
    ON = False
    """Whether enter in the edit line goes on to the next row with the line open."""

    def __init__(self) -> None:
        super().__init__()
        self.finding = False
        self.wanted = ""
        self.before = ""
        self.meanings: Later[dict[str, str]] = Later(self, {})

    # What a subclass says.

    def asked(self) -> Sequence[str]:
        """The full keys, in the order of the rows."""
        return ()

    def place(self) -> str:
        """The word for this screen in a draft."""
        return ""

    def last(self, key: str) -> str:
        """The last column of a row: what the value comes to."""
        return self.means.get(key, "")

    def words_of(self, key: str) -> tuple[str, ...]:
        """The words that may be given for a key, as far as they are known; empty where any may."""
        catalog = self.wizard.catalog
        if (key == "load" or key.endswith(".load")) and catalog is not None:
            return tuple(catalog.load_shapes)
        question = question_for(key)
        words = question.choices if question and question.kind == "choice" else ()
        return tuple(word for word in words if word)

    def under(self) -> Sequence[str]:
        """Lines below the table."""
        return ()

    # The table.

    @property
    def session(self) -> Session:
        """The decision under way."""
        return self.wizard.desk.session_now

    @property
    def key(self) -> str:
        """The key of the row under the cursor."""
        row = self.listing.current
        return row.key if row else ""

    @property
    def means(self) -> dict[str, str]:
        """What the values come to, worked out by the solver in a thread; those before until then."""
        from solver.meanings import meanings

        session, catalog, keys = self.session, self.wizard.catalog, tuple(self.asked())
        rests_on = (session.history, keys, id(catalog))
        return self.meanings.of(rests_on, lambda: meanings(scenario_of(session), keys, catalog))

    def draw(self) -> None:
        """One row a question; those that match the filter."""
        session, keys = self.session, self.asked()
        several = len(session.tables.get("segment", {})) > 1 and len({segment_of(key) for key in keys} - {""}) > 1
        rows = [Row((*cells(session, key, several), self.last(key)), key) for key in keys]
        wanted = self.wanted.lower()
        rows = [row for row in rows if wanted in " ".join(row.cells).lower()]
        question, answer, frm, last = self.TITLES
        columns = (
            Column(question, grows=True, least=26),
            Column(answer, grows=True, least=12),
            Column(frm, rank=1),
            Column(last, grows=True, rank=2, least=14),
        )
        self.rows(columns, rows, session.cursor if session.screen == self.place() and not self.listing.rows else None)
        self.foot(*self.under())
        self.edit_line.keep(f"/{self.wanted}" if self.wanted else "")

    def about(self) -> str:
        """The help of the question under the cursor."""
        question = question_for(self.key)
        if question is None:
            return "nothing matches; esc clears the filter" if self.wanted else ""
        return question.help

    def beside(self) -> Sequence[str] | None:
        """Help, why it matters, the words that may be given, an example, and where the value comes from."""
        key = self.key
        question = question_for(key)
        if question is None:
            return []
        lines = [question.help, "", *([question.why, ""] if question.why else [])]
        words = self.words_of(key)
        lines += [f"One of  {', '.join(words)}"] if words else [f"Such as  {question.example}"]
        value, from_where = shown(self.session, key), source(self.session, key)
        lines += ["", f"Now  {value}"] if len(value) > LONG else []
        return [*lines, "", f"Now from  {from_where}"] if from_where else lines

    # Keys.

    def keys_shown(self) -> Sequence[Key]:
        """While a filter is typed, its keys."""
        return FINDING if self.finding and self.edit_line.editing else super().keys_shown()

    def action_edit(self) -> None:
        """Open the edit line on the row."""
        key = self.key
        if not key:
            self.explain(self.about() or "There is nothing to edit.")
            return
        self.edit_line.call(self.EDIT_LABEL)
        self.edit_line.open(shown(self.session, key), lambda text: self.read(key, text))
        self.refresh_frame()

    def read(self, key: str, text: str) -> str:
        """What the text reads as; ValueError with what is wanted."""
        try:
            if not text.strip():
                return f"empty: {shown(clear(self.session, key), key)}, as it was before you"
            words = self.words_of(key)
            if words and text.strip() not in (*words, *NOTHING) and key.endswith("load"):
                raise ValueError("one of " + ", ".join(words))
            put(self.session, key, text)
            return f"reads as {reads_as(key, text)}"
        except InputError as error:
            raise ValueError(error.faults[0].wanted) from None

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Filter while it is typed."""
        if self.finding:
            self.wanted = event.text
            self.refresh_frame()
        else:
            super().on_edit_line_changed(event)

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Take the value (unchanged text stays the profile's), or keep the filter."""
        if self.finding:
            self.found(event.text)
            return
        key, session = self.key, self.session
        if not event.text.strip():
            self.take(clear(session, key))
        elif event.text.strip() != shown(session, key):
            self.take(put(session, key, event.text))
        moved = self.listing.move(event.step or int(self.ON)) if event.step or self.ON else False
        if event.step or moved:
            self.action_edit()
        else:
            self.edit_line.shut()
            self.note = self.done()
            self.refresh_frame()

    def done(self) -> str:
        """What to say when the last row was accepted."""
        return ""

    def on_edit_line_restored(self) -> None:
        """Leave the value, or the filter, as it stood."""
        if self.finding:
            self.found(self.before)
            return
        self.edit_line.shut()
        self.refresh_frame()

    def take(self, session: Session) -> None:
        """Take a changed session: its draft is written, with this screen and row."""
        if session.history != self.session.history:
            self.wizard.desk.edit(at(session, self.place(), self.listing.cursor))

    def action_find(self) -> None:
        """Filter the rows."""
        self.before, self.finding = self.wanted, True
        self.edit_line.call("Find")
        self.edit_line.open(self.wanted, lambda text: "")
        self.refresh_frame()

    def found(self, wanted: str) -> None:
        """Keep a filter; none shows all rows again."""
        self.wanted, self.finding = wanted, False
        self.edit_line.call(self.EDIT_LABEL)
        self.edit_line.shut()
        self.refresh_frame()

    def action_back(self) -> None:
        """Clear the filter first, then go one level back."""
        if self.wanted:
            self.found("")
        else:
            super().action_back()

    def action_switch(self) -> None:
        """Turn the row off or on again; of a choice, take the next word."""
        key, session = self.key, self.session
        question = question_for(key)
        if question is None:
            return
        text = toggled(session, key, self.words_of(key))
        if not text:
            self.explain(f"It has no value yet to turn on: enter types one, such as {question.example}.")
            return
        try:
            changed = put(session, key, text)
        except InputError as error:
            self.explain(f"It cannot be off: {error.faults[0].wanted}.")
            return
        if shown(changed, key) == shown(session, key):
            self.explain("It cannot be off: enter changes it.")
            return
        self.change(changed)

    def action_take_back(self) -> None:
        """Take back what was typed for the row."""
        key = self.key
        if origin(self.session, key) != YOU:
            self.explain(f"Nothing here is typed by you: the value is of the {origin(self.session, key)}.")
            return
        changed = clear(self.session, key)
        if shown(changed, key) == shown(self.session, key) and origin(changed, key) == YOU:
            self.explain("This value came with the plan or the segment: enter types another.")
            return
        self.change(changed)

    def change(self, session: Session, note: str = "") -> None:
        """Take a session and show it."""
        self.take(session)
        self.note = note
        self.refresh_frame()


def toggled(session: Session, key: str, words: Sequence[str] = ()) -> str:
    """The text that turns a value off or on again, or its next word; empty where there is none to turn on."""
    value, question = shown(session, key), question_for(key)
    if question is not None and question.kind == "flag":
        return "no" if value == "yes" else "yes"
    if words:
        return words[(words.index(value) + 1) % len(words)] if value in words else words[0]
    if value not in (*NOTHING, "anywhere", ""):
        return "anywhere" if key.endswith(("processing_in", "storage_in")) else "none"
    off: Callable[[str], bool] = lambda text: text.strip().lower() in (*NOTHING, "", "anywhere")  # noqa: E731
    typed = [step.value for step in session.history if step.key == key and step.kind == "set" and not off(step.value)]
    before = shown(Session("", session.base), key) if segment_of(key) in ("", *session.base.get("segment", {})) else ""
    return typed[-1] if typed else "" if off(before) else before


def segment_of(key: str) -> str:
    """The segment that a full key is of, empty for one of the plan."""
    parts = key.split(".")
    return parts[1] if parts[0] == "segment" and len(parts) > 2 else ""


def cells(session: Session, key: str, several: bool) -> tuple[str, str, str]:
    """Question, answer, and where it comes from."""
    question = question_for(key)
    label = question.label if question else key
    if several and segment_of(key):
        label = f"{segment_of(key)}: {label}"
    estimate = " est" if source(session, key).startswith("estimate") else ""
    return label, shown(session, key), origin(session, key) + estimate


def yours(session: Session, keys: Sequence[str]) -> str:
    """How many of the answers are the person's own, for the outline: `3 of 25 are yours`."""
    own = sum(origin(session, key) == YOU for key in keys)
    return f"{own} of {len(keys)} {'is' if own == 1 else 'are'} yours"
