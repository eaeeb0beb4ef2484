"""Home: the drafts and plans there are; without any, the worked examples."""

from datetime import date
from typing import ClassVar

from solver.checklist import ITEMS
from wizard.keys import FIND, FINDING, HELP, MOVES, UNDO, Key, bindings
from wizard.screens.frame import Framed, Word
from wizard.screens.views import gap, money
from wizard.session import Session
from wizard.store import Entry, SavedPlan
from wizard.text.tables import VERDICTS, number
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row

OPEN = Key("enter", "open", "enter", "open", "open the plan, or go on with the draft, under the cursor")
NEW = Key("n", "new", "n", "new", "start a plan")
DELETE = Key("D", "delete", "D", "delete draft", "delete the draft under the cursor; u brings it back")
QUIT = Key("q", "back", "q", "quit", "leave")
CLEAR = Key("escape", "clear", "esc", "", "clear the filter")


class PlansScreen(Framed):
    """The list of plans."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, OPEN, NEW, DELETE, UNDO, FIND, CLEAR, QUIT, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("draft", "answers kept as you gave them, not yet saved as a plan"),
        ("gap", "how far a plan may be from the cheapest one there is"),
        ("verdict", "stay on the API, hybrid, self-host, or no plan fits"),
    )
    EDIT_LABEL = "Find"
    TYPING = FINDING

    def __init__(self) -> None:
        super().__init__()
        self.wanted = ""
        self.before = ""
        self.drafts: dict[str, Session] = {}
        self.entries: dict[str, Entry] = {}
        self.deleted: Session | None = None
        self.found: tuple[tuple[Session, ...], tuple[Entry, ...], bool] | None = None

    def path(self) -> str:
        """The tool's name."""
        return "wizard"

    def state(self) -> str:
        """The date of the figures, once they are known."""
        return f"catalog {self.wizard.catalog_date}" if self.wizard.catalog_date else ""

    def on_screen_resume(self) -> None:
        """Look into the folders again."""
        self.found = None
        super().on_screen_resume()

    def draw(self) -> None:
        """List drafts, then plans, else examples."""
        if self.found is None:
            shelf = self.wizard.desk.shelf
            drafts, entries = shelf.in_progress(), shelf.saved()
            empty = not drafts and not entries
            self.found = (drafts, shelf.shipped() if empty else entries, empty)
        drafts, entries, empty = self.found
        self.drafts = {f"draft {session.name}": session for session in drafts}
        self.entries = {f"plan {entry.path.stem}": entry for entry in entries}
        rows = [_draft_row(key, session) for key, session in self.drafts.items()]
        rows += [_plan_row(key, entry, self.wizard.desk.clock(), empty) for key, entry in self.entries.items()]
        wanted = self.wanted.lower()
        rows = [row for row in rows if wanted in " ".join(row.cells).lower()]
        note = ["No plan yet. n starts one; enter opens a worked example."] if empty else []
        self.head("Should we host the model, or keep paying for APIs?", *note)
        columns = (
            Column("Example" if empty else "Plan", grows=True),
            Column("Verdict"),
            Column("A month", right=True),
            Column("Gap", right=True, rank=2),
            Column("Saved", rank=1),
        )
        self.rows(columns, rows)
        self.edit_line.set_class(not self.wanted and not self.edit_line.editing, "empty")
        self.edit_line.keep(self.wanted)

    def _key(self) -> str:
        row = self.listing.current
        return row.key if row else ""

    def about(self) -> str:
        """The plan under the cursor in one line."""
        key = self._key()
        if key in self.drafts:
            session = self.drafts[key]
            return f"{session.name}: a draft from profile {session.base.get('profile') or 'of a plan'}; enter goes on"
        entry = self.entries.get(key)
        if entry is None:
            return "n starts a plan" if not self.wanted else "nothing matches; esc clears the filter"
        if entry.plan is None:
            return f"! {entry.problem}"
        return _about_plan(entry.plan)

    def action_new(self) -> None:
        """Choose a profile."""
        from wizard.screens.profile import ProfileScreen

        self.wizard.desk.clear()
        self.app.push_screen(ProfileScreen())

    def action_open(self) -> None:
        """Open the plan or the draft."""
        key = self._key()
        if key in self.drafts:
            self.wizard.resume(self.drafts[key])
        elif key in self.entries and (saved := self.entries[key].plan) is not None:
            self.wizard.open_saved(saved, self.found is not None and self.found[2])
        elif key in self.entries:
            self.explain(f"! cannot be opened: {self.entries[key].problem}")

    def action_delete(self) -> None:
        """Delete the draft at once; undo brings it back."""
        session = self.drafts.get(self._key())
        if session is None:
            self.explain("D deletes drafts; a plan is a file in your folder, delete it there.")
            return
        self.deleted = session
        self.wizard.desk.drop_draft(session.name)
        self._again(f"Draft {session.name} is deleted; u brings it back.")

    def action_undo(self) -> None:
        """Bring the draft back."""
        if self.deleted is None:
            self.explain("Nothing to undo here.")
            return
        session, self.deleted = self.deleted, None
        self.wizard.desk.shelf.keep(session)
        self._again(f"Draft {session.name} is back.")

    def _again(self, note: str) -> None:
        self.found = None
        self.note = note
        self.refresh_frame()

    def action_find(self) -> None:
        """Filter the list."""
        self.before = self.wanted
        self.edit_line.remove_class("empty")
        self.edit_line.open(self.wanted, lambda text: "")
        self.refresh_frame()

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Filter while it is typed."""
        self.wanted = event.text
        self.refresh_frame()

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Keep the filter."""
        self._found(event.text)

    def on_edit_line_restored(self) -> None:
        """Put the filter back."""
        self._found(self.before)

    def _found(self, wanted: str) -> None:
        self.wanted = wanted
        self.edit_line.shut()
        self.refresh_frame()

    def action_clear(self) -> None:
        """Clear the filter."""
        if self.wanted:
            self._found("")
        else:
            self.explain("q leaves.")


def _draft_row(key: str, session: Session) -> Row:
    answered = sum(1 for item in ITEMS if item.id in session.tables.get("checklist", {}))
    return Row((session.name, f"draft, {answered} of {len(ITEMS)}", "-", "-", "resume"), key)


def _plan_row(key: str, entry: Entry, today: date, example: bool) -> Row:
    saved = entry.plan
    if saved is None:
        return Row((entry.path.stem, "! cannot be read", "-", "-", ""), key)
    plan = saved.plan
    when = "example" if example else "today" if saved.saved == today.isoformat() else saved.saved
    total = f"{money(plan.total_per_month)} {plan.currency}" if plan.total_per_month is not None else "-"
    return Row(
        (entry.path.stem, VERDICTS[plan.verdict], total, gap(plan.gap) if plan.gap is not None else "-", when), key
    )


def _about_plan(saved: SavedPlan) -> str:
    requests = sum(segment.requests_per_month for segment in saved.plan.segments)
    count = len(saved.scenario.segment)
    doubts = len(saved.plan.doubts)
    return (
        f"{saved.name}: {count} segment{'s' * (count != 1)}, {number(requests)} requests a month, "
        f"{doubts} doubt{'s' * (doubts != 1)}"
    )
