"""The segments: the list of them, the table of one, and what a new one is most like."""

from collections.abc import Sequence
from typing import ClassVar

from catalogs.profiles import profile_names
from catalogs.toml_file import InputError
from solver.units import format_count
from wizard.keys import BACK, HELP, MOVES, NAMING, OUTLINE, SAVE, SOLVE, UNDO, Key, bindings, digits
from wizard.questions import SEGMENT
from wizard.screens.frame import Framed, Word
from wizard.screens.table import CHANGE, FIND, TOGGLE, WORDS, TableScreen, yours
from wizard.session import Session, add_segment, at, copy_segment, put, rename_segment, scenario_of, shown
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row

OPEN = Key("enter", "open", "enter", "edit", "open the segment under the cursor")
ADD = Key("a", "add", "a", "add", "add a segment, like one of the profiles")
COPY = Key("c", "copy", "c", "copy", "add a segment with all the values of this one")
RENAME = Key("r", "rename", "r", "rename", "give the segment another name")
DELETE = Key("D", "delete", "D", "delete", "delete the segment; u brings it back")
NEXT = Key("tab", "turn(1)", "tab", "next", "the next segment")
LAST = Key("shift+tab", "turn(-1)", "shift+tab", "", "the segment before")
CHOICES = len(profile_names())


def keys_of(segment: str) -> list[str]:
    """The full keys of a segment's questions."""
    return [question.key_for(segment) for question in SEGMENT]


def names(session: Session) -> list[str]:
    """The segments, in the order of the scenario."""
    return list(session.tables.get("segment", {}))


class SegmentsScreen(Framed):
    """One row a segment."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, OPEN, ADD, COPY, RENAME, DELETE, SOLVE, OUTLINE, UNDO, SAVE, BACK, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("segment", "requests of one kind with one set of demands; each may be served by something else"),
        ("yours", "how many of its answers you typed; the rest is the profile's or the checklist's"),
    )
    EDIT_LABEL = "Name"
    TYPING = (Key("", "", "enter", "rename", "take the new name"), NAMING[1])

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Segments"

    def draw(self) -> None:
        """Name, volume, tokens, limits, and how much is the person's own."""
        session = self.wizard.desk.session_now
        self.head("Which kinds of requests are there?", "What may be served apart, or differs in a demand, is its own.")
        rows = [Row(self._cells(session, name), name) for name in names(session)]
        columns = (
            Column("Segment", grows=True),
            Column("Requests"),
            Column("Tokens in", rank=2),
            Column("Tokens out", rank=2),
            Column("First token", rank=1),
            Column("Quality", rank=1),
            Column("Yours", grows=True, rank=3),
        )
        self.rows(columns, rows)
        month = sum(segment.requests.per_month for segment in scenario_of(session).segment.values())
        count = len(rows)
        self.foot(f"{count} segment{'s' * (count != 1)}, {format_count(float(f'{month:.3g}'))} requests a month.")

    def _cells(self, session: Session, name: str) -> tuple[str, ...]:
        fields = ("requests", "input_tokens", "output_tokens", "ttft", "quality")
        return (name, *(shown(session, f"segment.{name}.{field}") for field in fields), yours(session, keys_of(name)))

    @property
    def name_now(self) -> str:
        """The segment under the cursor."""
        row = self.listing.current
        return row.key if row else ""

    def about(self) -> str:
        """What enter does, and what may be told of a segment."""
        return f"enter shows all {len(SEGMENT)} answers of {self.name_now}; a adds a segment, c copies this one."

    def beside(self) -> Sequence[str]:
        """The kinds of a new segment."""
        return [
            "A segment of its own",
            "",
            "where requests may wait, go to another place, or need another quality: each segment is served by itself.",
            "",
            *(f"{place}  {name}" for place, name in enumerate(profile_names(), 1)),
        ]

    def action_open(self) -> None:
        """Open the segment."""
        if self.name_now:
            self.app.push_screen(SegmentScreen(self.name_now))

    def action_add(self) -> None:
        """Ask what the new one is like."""
        self.app.push_screen(NewSegmentScreen())

    def action_copy(self) -> None:
        """Copy the segment under the cursor."""
        before, name = names(self.wizard.desk.session_now), self.name_now
        made = copy_segment(self.wizard.desk.session_now, name)
        copied = next(each for each in names(made) if each not in before)
        self._take(made, "", copied)
        self.explain(f"{copied} has all the values of {name}; r gives it another name.")

    def action_delete(self) -> None:
        """Delete the segment under the cursor; undo brings it back."""
        name = self.name_now
        try:
            self._take(put(self.wizard.desk.session_now, f"segment.{name}", "none"), deleted(name))
        except InputError as error:
            self.explain(f"! {name} is {error.faults[0].found}: {error.faults[0].wanted}.")

    def action_rename(self) -> None:
        """Type another name."""
        name = self.name_now
        self.edit_line.open(name, lambda text: self._read(name, text.strip()))
        self.refresh_frame()

    def _read(self, name: str, text: str) -> str:
        if text == name:
            return "the name it has"
        try:
            rename_segment(self.wizard.desk.session_now, name, text)
        except InputError as error:
            wanted = error.faults[0].wanted
            raise ValueError(wanted if "taken" in wanted else "small letters, digits, - and _; up to 40") from None
        return f"{name} becomes {text}"

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Take the name."""
        name, text = self.name_now, event.text.strip()
        self.edit_line.shut()
        if text != name:
            made = rename_segment(self.wizard.desk.session_now, name, text)
            self._take(made, "", text)
            self.explain(f"{name} is {text} now; u twice takes it back.")
        else:
            self.refresh_frame()

    def on_edit_line_restored(self) -> None:
        """Leave the name."""
        self.edit_line.shut()
        self.refresh_frame()

    def _take(self, session: Session, note: str, cursor: str = "") -> None:
        self.wizard.desk.edit(at(session, "segments", self.listing.cursor))
        self.note = note
        self.refresh_frame()
        if cursor:
            self.listing.show(self.listing.columns, self.listing.rows, cursor)


class NewSegmentScreen(Framed):
    """What a new segment is most like: a profile by its digit."""

    CHOOSE = Key("enter", "choose", "enter", "choose", "add a segment like the profile under the cursor")
    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, digits(CHOICES, "choose", "add a segment like the profile so numbered", first=1), CHOOSE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("profile", "every answer filled in, with its source; you change what differs"),
    )

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Segments > New"

    def draw(self) -> None:
        """List the profiles."""
        self.head("What is the new segment most like?", "The profile fills in every answer; you change what differs.")
        rows = [
            Row((f"{place} ( ) {name}", title), name) for place, (name, title) in enumerate(profile_names().items(), 1)
        ]
        self.rows((Column("Profile"), Column("Answers to expect", grows=True)), rows)

    def about(self) -> str:
        """What choosing does."""
        return "A digit adds it and opens its answers; u takes it back."

    def action_digit(self, digit: str) -> None:
        """Choose by number."""
        self._add(list(profile_names())[int(digit) - 1])

    def action_choose(self) -> None:
        """Choose under the cursor."""
        if row := self.listing.current:
            self._add(row.key)

    def _add(self, profile: str) -> None:
        before = names(self.wizard.desk.session_now)
        made = add_segment(self.wizard.desk.session_now, profile)
        name = next(each for each in names(made) if each not in before)
        self.wizard.desk.edit(at(made, f"segment {name}"))
        self.wizard.back()
        self.app.push_screen(SegmentScreen(name, f"{name} is added, like {profile}; u takes it back."))


class SegmentScreen(TableScreen):
    """All answers of one segment."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, CHANGE, NEXT, LAST, ADD, COPY, DELETE, SOLVE, TOGGLE, FIND, UNDO, OUTLINE, SAVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        *WORDS,
        ("suppliers", "of APIs, that declare to meet this one demand, whatever the others ask"),
        ("peak", "the busiest minute of the week, by the load shape"),
    )

    def __init__(self, name: str, note: str = "") -> None:
        super().__init__()
        self.segment = name
        self.note = note

    def path(self) -> str:
        """The segment, and how many there are."""
        known = names(self.session)
        place = f" ({known.index(self.segment) + 1} of {len(known)})" if self.segment in known else ""
        return f"wizard  {self.wizard.desk.name} > Segments > {self.segment}{place}"

    def asked(self) -> Sequence[str]:
        """All questions of the segment."""
        return keys_of(self.segment)

    def place(self) -> str:
        """The segment, for the draft."""
        return f"segment {self.segment}"

    def refresh_frame(self) -> None:
        """Draw; where an undo took the segment away, go back to those that are left."""
        if self.laid_out and self.segment not in names(self.session):
            note, self.segment = self.note, names(self.session)[0]
            self.wizard.back()
            self.wizard.say(note)
            return
        super().refresh_frame()

    def action_turn(self, step: int) -> None:
        """Go to another segment, the cursor staying on its question."""
        known = names(self.session)
        if len(known) == 1:
            self.explain("This is the only segment; a adds one, c copies it.")
            return
        field = self.key.rpartition(".")[2]
        self.segment = known[(known.index(self.segment) + step) % len(known)]
        self.note = ""
        self.listing.show((), (), 0)
        self.refresh_frame()
        self.listing.show(self.listing.columns, self.listing.rows, f"segment.{self.segment}.{field}")
        self.explain()

    def action_add(self) -> None:
        """Ask what the new one is like."""
        self.wizard.back()
        self.app.push_screen(NewSegmentScreen())

    def action_copy(self) -> None:
        """Copy this segment and open the copy."""
        before, name = names(self.session), self.segment
        made = copy_segment(self.session, name)
        self.segment = next(each for each in names(made) if each not in before)
        self.listing.show((), (), 0)
        self.change(made, f"{self.segment} has all the values of {name}; u takes it back.")

    def action_delete(self) -> None:
        """Delete this segment and show the one beside it."""
        known, name = names(self.session), self.segment
        try:
            made = put(self.session, f"segment.{name}", "none")
        except InputError as error:
            self.explain(f"! {name} is {error.faults[0].found}: {error.faults[0].wanted}.")
            return
        left = [each for each in known if each != name]
        self.segment = left[min(known.index(name), len(left) - 1)]
        self.listing.show((), (), 0)
        self.change(made, deleted(name))


def deleted(name: str) -> str:
    """What to say of a segment that is gone."""
    return f"Segment {name} is deleted; u brings it back."
