"""The outline: every section of the decision and its state; enter goes there."""

from typing import ClassVar

from solver.checklist import ITEMS, tally
from wizard.keys import BACK, HELP, MOVES, SOLVE, UNDO, Key, bindings, digits
from wizard.screens.checklist import answers
from wizard.screens.frame import Framed, Word
from wizard.screens.quick import keys_asked
from wizard.screens.views import ending
from wizard.session import origin
from wizard.text.tables import VERDICTS
from wizard.widgets.listing import Column, Row

GO = Key("enter", "go", "enter", "go there", "open the section under the cursor")
ITEM = digits(len(ITEMS), "item", "the item of the checklist so numbered", first=1)


class OutlineScreen(Framed):
    """Sections and states."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, GO, ITEM, SOLVE, UNDO, BACK, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (("open", "not answered: the profile's value stands, as a doubt"),)

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Outline"

    def draw(self) -> None:
        """List the sections."""
        session = self.wizard.desk.session_now
        given = answers(session)
        keys = keys_asked(session)
        yours = sum(origin(session, key) == "you" for key in keys)
        counts = tally(given)
        self.head("Everything that can be told; all of it has a default.")
        rows = [
            Row(("Profile", self.wizard.desk.profile or "another plan's scenario"), "profile"),
            Row(("Four numbers", f"{yours} of {len(keys)} are yours"), "quick"),
        ]
        for item in ITEMS:
            state = item.answer(given[item.id]).text if item.id in given else "open"
            mark = "x" if item.id in given else " "
            rows.append(Row((f"{item.number} ({mark}) {item.title}", state), f"item {item.number}"))
        plan = self.wizard.desk.plan
        stale = "" if plan is None or not self.wizard.desk.plan_is_old else ", before the last change"
        rows.append(
            Row(("Plan", f"{VERDICTS[plan.verdict]}, {ending(plan)}{stale}" if plan else "not solved yet"), "plan")
        )
        self.rows([Column("Section"), Column("State", grows=True)], rows, None if self.listing.rows else "item 1")
        leans = f"API {counts['api']}, self-host {counts['self_host']}, neutral {counts['neutral']}"
        self.foot(f"Checklist {len(given)} of {len(ITEMS)}.  It leans: {leans}.")

    def about(self) -> str:
        """The question of the section under the cursor."""
        row = self.listing.current
        key = row.key if row else ""
        if key.startswith("item "):
            return ITEMS[int(key.removeprefix("item ")) - 1].question
        told = {
            "profile": "Another profile keeps what you typed.",
            "quick": "Requests, tokens in and out, first token, and where the data may go.",
            "plan": "enter opens the plan" if self.wizard.desk.plan else "s solves with what there is",
        }
        return told.get(key, "")

    def action_digit(self, digit: str) -> None:
        """Open an item by number."""
        self.wizard.open_item(int(digit) - 1)

    def action_go(self) -> None:
        """Open the section under the cursor."""
        row = self.listing.current
        key = row.key if row else ""
        if key.startswith("item "):
            self.wizard.open_item(int(key.removeprefix("item ")) - 1)
        elif key == "plan" and self.wizard.desk.plan is None:
            self.wizard.solve_now()
        else:
            {"profile": self.wizard.open_profile, "quick": self.wizard.open_quick, "plan": self.wizard.open_plan}[key]()
