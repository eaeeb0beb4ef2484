"""The outline: every section of the decision and its state; enter goes there."""

from typing import ClassVar

from solver.checklist import ITEMS, tally
from wizard.keys import BACK, HELP, MOVES, SAVE, SOLVE, UNDO, Key, bindings, digits
from wizard.screens.checklist import answers
from wizard.screens.frame import Framed, Word
from wizard.screens.sections import AFTER, BEFORE, PLAN, SECTIONS, Section, open_section
from wizard.widgets.listing import Column, Row

GO = Key("enter", "go", "enter", "go there", "open the section under the cursor")
ITEM = digits(len(ITEMS), "item", "open the item of the checklist so numbered", first=1)


class OutlineScreen(Framed):
    """Sections and states."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, GO, ITEM, SOLVE, UNDO, SAVE, BACK, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("open", "not answered: the profile's value stands, as a doubt"),
        ("leans", "how many answers point to APIs, to self-hosting, or neither way; they never decide"),
        ("yours", "typed by you; the rest is the profile's or the checklist's"),
    )

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Outline"

    def draw(self) -> None:
        """List the sections."""
        given = answers(self.wizard.desk.session_now)
        counts = tally(given)
        self.head("Everything that can be told; all of it has a default.")
        rows = [self._row(section) for section in BEFORE]
        for item in ITEMS:
            state = item.answer(given[item.id]).text if item.id in given else "open"
            mark = "x" if item.id in given else " "
            rows.append(Row((f"{item.number} ({mark}) {item.title}", state), f"item {item.number}"))
        rows += [self._row(section) for section in (*AFTER, PLAN)]
        self.rows([Column("Section"), Column("State", grows=True)], rows, None if self.listing.rows else "item 1")
        leans = f"API {counts['api']}, self-host {counts['self_host']}, neutral {counts['neutral']}"
        self.foot(f"Checklist {len(given)} of {len(ITEMS)}.  Leans: {leans}.")

    def _row(self, section: Section) -> Row:
        return Row((section.title, section.state(self.wizard.desk)), section.id)

    def about(self) -> str:
        """What the section under the cursor is about."""
        row = self.listing.current
        key = row.key if row else ""
        if key.startswith("item "):
            return ITEMS[int(key.removeprefix("item ")) - 1].question
        if key == "plan":
            return "enter opens the plan" if self.wizard.desk.plan else "s solves with what there is"
        return SECTIONS[key].about if key in SECTIONS else ""

    def action_digit(self, digit: str) -> None:
        """Open an item by number."""
        self.wizard.open_item(int(digit) - 1)

    def action_go(self) -> None:
        """Open the section under the cursor."""
        if row := self.listing.current:
            open_section(self.wizard, row.key)
