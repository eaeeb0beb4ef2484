"""One item of the checklist: a digit answers, figures are typed below it, each shows what it does; enter goes on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from solver.checklist import ITEMS, Item, changes_of, implied, keys_of, tally
from wizard.keys import BACK, EDITING, HELP, MOVES, OUTLINE, SOLVE, UNDO, Key, bindings, digits
from wizard.questions import question_for
from wizard.screens.frame import Word
from wizard.screens.help import Page
from wizard.screens.later import Later
from wizard.screens.table import TAKE_BACK, TOGGLE, TableScreen, cells
from wizard.session import YOU, Session, answer, at, figures_of, foreseen, origin, scenario_of, shown, typed_above
from wizard.widgets.glyphs import cut
from wizard.widgets.listing import Column, Row

LEANS = {"api": "to the API", "self_host": "to self-hosting", "neutral": "neither way"}
DIGITS = digits(9, "answer", "the answer so numbered")
NEXT = Key("enter", "enter", "enter", "next", "take the answer under the cursor, or go on when it is taken")
ANSWER = replace(NEXT, short="answer")
TYPE = replace(NEXT, short="type it")
FORWARD = Key("tab", "turn(1)", "tab", "", "the next item")
SKIP = replace(FORWARD, short="skip")
BACKWARD = Key("shift+tab", "turn(-1)", "shift+tab", "", "the item before")
LABEL = 27
"""Cells for the question of a figure."""
WHY = Key("i", "why", "i", "why we ask", "why this is asked, and what each answer advises")


class ChecklistScreen(TableScreen):
    """The nine items, one at a time; under the answers of each, the figures that it is about, to be typed."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, DIGITS, NEXT, FORWARD, BACKWARD, OUTLINE, SOLVE, UNDO, WHY, TOGGLE, TAKE_BACK, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("effect", "what the answer changes in the model"),
        ("leans", "where the answer points; the leans are shown beside the optimum and never decide"),
        ("0", "keeps the profile's value and lists it as a doubt"),
        ("load block", "hours of the week with about the same load; idle: what is held for the peak, and not used"),
        ("figures", "the rows under the answers: what you type there stands above every answer"),
    )
    ON = True

    def __init__(self, place: int) -> None:
        super().__init__()
        self.turn = place
        self.effects: Later[dict[int, str]] = Later(self, {})

    @property
    def item(self) -> Item:
        """The item shown."""
        return ITEMS[self.turn]

    @property
    def given(self) -> int | None:
        """The digit answered, if any."""
        return answers(self.wizard.desk.session_now).get(self.item.id)

    def path(self) -> str:
        """Place in the checklist."""
        return f"wizard  {self.wizard.desk.name} > Checklist {self.turn + 1}/{len(ITEMS)}  {self.item.title}"

    def place(self) -> str:
        """The item, for the draft."""
        return f"checklist {self.turn + 1}"

    def asked(self) -> Sequence[str]:
        """The full keys of the figures that the item is about, segment by segment."""
        return figures_of(self.item, self.session)

    @property
    def digit(self) -> int | None:
        """The answer under the cursor; None on a figure."""
        return int(self.key) if self.key.isdecimal() else None

    def keys_shown(self) -> Sequence[Key]:
        """As many digits as there are answers; enter says what it would do with the row under the cursor."""
        if self.edit_line.editing:
            return EDITING
        shown = {key: key for key in self.KEYS}
        shown[DIGITS] = digits(max(self.item.digits), "answer", "")
        if self.digit is None:
            shown |= {NEXT: TYPE, UNDO: TOGGLE, WHY: TAKE_BACK, TOGGLE: UNDO, TAKE_BACK: WHY}
        elif self.given != self.digit:
            shown[NEXT] = ANSWER
            shown[FORWARD] = SKIP if self.given is None else FORWARD
        return list(shown.values())

    def on_listing_moved(self) -> None:
        """Say what enter would do here."""
        self.show_keys()

    def draw(self) -> None:
        """Question, why, answers, effect, lean."""
        given, item = self.given, self.item
        self.head(item.question, item.why)
        stands, frm = given, f"checklist {item.number}"
        if given is None:
            stands = implied(scenario_of(self.wizard.desk.session_now), item.id)
            frm = self._origin(item.id, stands)
        rows = []
        for digit in item.digits:
            chosen = digit == stands
            text = f"{digit} ({'x' if chosen else ' '}) {item.answer(digit).text}"
            rows.append(Row((text, frm if chosen else ""), str(digit)))
        several = len(self.session.tables["segment"]) > 1
        for key in self.asked():
            label, value, where = cells(self.session, key, several)
            value = self.means.get(key, value) if value == "none" else value  # what the catalog puts in its place
            rows.append(Row((f"      {cut(label, LABEL).ljust(LABEL)} {value}", where), key))
        cursor = 0 if stands is None else stands
        self.edit_line.set_class(not self.edit_line.editing, "empty")
        self.rows([Column("", grows=True), Column("", rank=1)], rows, None if self.listing.rows else str(cursor))
        self.foot(*self._outcome())

    def _origin(self, item: str, digit: int | None) -> str:
        """Where the values of an answer that nobody gave come from: `profile`, `you` or both."""
        session = self.wizard.desk.session_now
        keys = changes_of(item, digit, tuple(session.tables["segment"])) if digit is not None else {}
        return ", ".join(sorted({origin(session, key) for key in keys}, reverse=True))

    def _own(self, keys: Sequence[str]) -> str:
        """What the person typed for these keys: `your own 'eu' stands`, with the questions if there are several."""
        session = self.wizard.desk.session_now
        labels: dict[str, list[str]] = {}
        for key in keys:
            question = question_for(key)
            labels.setdefault(shown(session, key), []).append(question.label if question else key)
        if len(labels) == 1:
            return f"your own '{next(iter(labels))}' stands"
        told = [f"'{value}' ({', '.join(dict.fromkeys(names))})" for value, names in labels.items()]
        return f"your own {' and '.join(told)} stand" if told else ""

    def _effect(self, digit: int) -> str:
        """The effect of an answer; all of an item are worked out in a thread when it opens, so that each is at hand."""
        session, item, catalog = self.wizard.desk.session_now, self.item, self.wizard.catalog
        others = tuple(step for step in session.history if step.kind != "answer" or step.key != item.id)

        def work() -> dict[int, str]:
            return {each: foreseen(session, item.id, each, catalog) for each in item.digits}

        found = self.effects.of((item.id, others, id(session.base), id(catalog)), work, stale=False)
        return found.get(digit, "working it out ...")

    def _outcome(self) -> tuple[str, ...]:
        """Effect, advice and lean of the answer given, and the tally so far."""
        counts = tally(answers(self.wizard.desk.session_now))
        so_far = f"So far: API {counts['api']}, self-host {counts['self_host']}, neutral {counts['neutral']}"
        session = self.wizard.desk.session_now
        if self.given is None:
            keys = keys_of(self.item.id, tuple(session.tables["segment"]))
            typed = [key for key in keys if origin(session, key) == YOU]
            rest = "" if len(typed) == len(keys) else "; the rest is the profile's"
            own = f"{self._own(typed)}{rest}" if typed else "the profile's value stands, and is listed as a doubt"
            return (f"Effect  now: {self._effect(0)}", f"        {own}", f"Leans   {so_far}")
        given = self.item.answer(self.given)
        lean = f"Leans   {LEANS[given.lean]}.  {so_far}"
        above = self._own(typed_above(session, self.item.id, self.given))
        own = f"! {above} above this answer" if above else ""
        told = (f"Effect  {self._effect(self.given)}", own, f"Advice  {given.advice}", lean)
        return tuple(line for line in told if line)

    def about(self) -> str:
        """What the answer under the cursor would do; of a figure, what is asked."""
        digit = self.digit
        if digit is None:
            return super().about()
        if self.given == digit:
            return "enter goes on"
        above = self._own(typed_above(self.session, self.item.id, digit))
        return (f"{above}; " if above else "") + f"would be: {self._effect(digit)}"

    def beside(self) -> Sequence[str] | None:
        """The advice of the answer under the cursor; of a figure, its help."""
        digit = self.digit
        if digit is None:
            return super().beside()
        chosen = self.item.answer(digit)
        lean = LEANS[chosen.lean]
        return ["This answer advises", chosen.advice, "", f"It leans {lean}."]

    def action_digit(self, digit: str) -> None:
        """Answer."""
        if int(digit) not in self.item.digits:
            self.explain(f"This item has answers 0 to {max(self.item.digits)}.")
            return
        session = answer(self.wizard.desk.session_now, self.item.id, int(digit))
        self.wizard.desk.edit(at(session, f"checklist {self.turn + 1}", int(digit)))
        self.listing.show(self.listing.columns, self.listing.rows, digit)
        self.note = ""
        self.refresh_frame()

    def action_enter(self) -> None:
        """Take the answer under the cursor, or go on when it is taken; type a figure."""
        digit = self.digit
        if digit is None:
            self.action_edit()
        elif self.given != digit:
            self.action_digit(str(digit))
        else:
            self.action_turn(1)

    def action_edit(self) -> None:
        """Open the edit line on the figure under the cursor; on an answer, after the last figure, let it be."""
        if self.digit is None:
            self.edit_line.remove_class("empty")
            super().action_edit()

    def done(self) -> str:
        """What comes next."""
        return "tab goes on to the next item; s solves with what there is."

    def action_take_back(self) -> None:
        """Take back a figure that was typed."""
        if self.digit is None:
            super().action_take_back()
        else:
            self.explain("u undoes an answer; D takes back a figure: the rows below.")

    def action_switch(self) -> None:
        """Turn a figure off or on; answers have digits."""
        if self.digit is None:
            super().action_switch()
        else:
            self.explain("space turns a figure off or on: the rows below; an answer has its digit.")

    def action_turn(self, step: int) -> None:
        """Go to another item; after the last, to the outline."""
        if not 0 <= self.turn + step < len(ITEMS):
            self.wizard.outline()
            return
        self.turn += step
        self.note = ""
        self.listing.show((), (), 0)
        self.refresh_frame()

    def action_why(self) -> None:
        """Show why it is asked, and each answer's advice."""
        lines = [self.item.question, "", self.item.why, ""]
        for digit in self.item.digits:
            chosen = self.item.answer(digit)
            lines += [f"  {digit}  {chosen.text}", f"     {chosen.advice}", f"     leans {LEANS[chosen.lean]}", ""]
        self.app.push_screen(Page(f"{self.path()} > Why we ask", lines))


def answers(session: Session) -> dict[str, int]:
    """The checklist's answers so far."""
    return {name: int(digit) for name, digit in session.tables.get("checklist", {}).items()}
