"""Home: the drafts and plans there are; without any, the worked examples."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.message import Message

from catalogs.toml_file import InputError
from solver.checklist import ITEMS
from solver.plan import Plan
from wizard.export import export_plan
from wizard.keys import FIND, HELP, MOVES, UNDO, Key, bindings
from wizard.screens.checks import Checked, checks_of
from wizard.screens.diff import DiffScreen, newer
from wizard.screens.filtered import Filtered
from wizard.screens.frame import Word
from wizard.screens.later import Later
from wizard.screens.views import gap, money
from wizard.session import Session
from wizard.store import Entry, SavedPlan
from wizard.text.tables import VERDICTS, number
from wizard.widgets.listing import Column, Row

OPEN = Key("enter", "open", "enter", "open", "open the plan, or go on with the draft, under the cursor")
NEW = Key("n", "new", "n", "new", "start a plan")
RECHECK = Key("r", "recheck", "r", "re-check", "solve the plan again with today's catalog, and show what changed")
DIFF = Key("d", "diff", "d", "diff", "compare two plans: d on the one, then on the other")
EXPORT = Key("x", "export", "x", "export", "write the plan under the cursor as text into the folder of plans")
DELETE = Key("D", "delete", "D", "delete", "delete the draft or the plan under the cursor; u brings it back")
QUIT = Key("q", "back", "q", "quit", "leave")
CLEAR = Key("escape", "clear", "esc", "", "clear the filter")


class Rechecked(Message):
    """A saved plan was solved again: the plan, or one line on why there is none."""

    def __init__(self, old: SavedPlan, plan: Plan | None, says: str = "") -> None:
        self.old, self.plan, self.says = old, plan, says
        super().__init__()


class PlansScreen(Filtered):
    """The list of plans."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, OPEN, NEW, RECHECK, DIFF, FIND, EXPORT, DELETE, UNDO, CLEAR, QUIT, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("draft", "answers kept as you gave them, not yet saved as a plan"),
        ("gap", "how far a plan may be from the cheapest one there is"),
        ("verdict", "stay on the API, hybrid, self-host, or no plan fits"),
        ("check: due", "the plan is a quarter old or more: r solves it again"),
        ("check: ! price", "a price in the plan has moved in the catalog: r solves it again"),
        ("check: ! tables", "the plan's own tables cannot be used any more, so its prices are not compared"),
        ("check: ok", "neither; what is not in the catalog as it stands is not looked at"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.drafts: dict[str, Session] = {}
        self.entries: dict[str, Entry] = {}
        self.unreadable: tuple[str, ...] = ()
        self.deleted: Session | None = None
        self.put_away: tuple[str, Path] | None = None
        self.marked = ""
        self.rechecking = ""
        self.checks: Later[dict[str, Checked]] = Later(self, {})
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

    def draw(self) -> None:
        """List drafts, then plans, else examples."""
        if self.found is None:
            shelf = self.wizard.desk.shelf
            drafts, entries = shelf.in_progress(), shelf.saved()
            empty = not drafts and not entries
            self.found = (drafts, shelf.shipped() if empty else entries, empty)
            self.unreadable = shelf.unreadable()
        drafts, entries, empty = self.found
        self.drafts = {f"draft {session.name}": session for session in drafts}
        self.entries = {f"plan {entry.path.stem}": entry for entry in entries}
        rows = [_draft_row(key, session) for key, session in self.drafts.items()]
        checks = {} if empty else self._checks()
        for key, entry in self.entries.items():
            known = checks.get(key, Checked("-")).word
            check = "solving" if key == self.rechecking else "marked" if key == self.marked else known
            rows.append(_plan_row(key, entry, self.wizard.desk.clock(), empty, check))
        note = ["No plan yet. n starts one; enter opens a worked example."] if empty else []
        note += [f"! {said}" for said in self.unreadable[:1]]
        self.head("Should we host the model, or keep paying for APIs?", *note)
        columns = (
            Column("Example" if empty else "Plan", grows=True),
            Column("Verdict"),
            Column("A month", right=True),
            Column("Gap", right=True, rank=2),
            Column("Saved", rank=1),
            Column("Check"),
        )
        self.matching(columns, rows)

    def _checks(self) -> dict[str, Checked]:
        """What the column Check says of each plan, looked up in a thread once the catalog is there."""
        catalog, today = self.wizard.catalog, self.wizard.desk.clock()
        saved = {key: entry.plan for key, entry in self.entries.items() if entry.plan is not None}
        rests_on = (id(catalog), today, tuple((key, plan.saved) for key, plan in saved.items()))
        return self.checks.of(rests_on, partial(checks_of, saved, today, catalog, self.wizard.catalog_of))

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
        why = self.checks.value.get(key, Checked("")).why if self.found is not None and not self.found[2] else ""
        return _about_plan(entry.plan) + (f"; {why}" if why else "")

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
        """Delete the draft or the plan at once; undo brings it back."""
        session = self.drafts.get(self._key())
        if session is None:
            self._put_away()
            return
        session = self.wizard.desk.shelf.draft(session.name) or session  # as it stands now
        if said := self.wizard.desk.drop_draft(session.name):
            self.explain(said)
            return
        self.deleted, self.put_away = session, None
        self._again(f"Draft {session.name} is deleted; u brings it back.")

    def _saved(self) -> SavedPlan | None:
        """The plan under the cursor; None for a draft, an example, or a file that cannot be read."""
        entry = self.entries.get(self._key())
        return None if entry is None or (self.found is not None and self.found[2]) else entry.plan

    def _kind(self) -> str:
        """What stands under the cursor where it is no saved plan."""
        if self._key() in self.drafts:
            return "a draft"
        if self._key() not in self.entries:
            return "none"
        return "an example" if self.found is not None and self.found[2] else "a file that cannot be read"

    def _put_away(self) -> None:
        entry = self.entries.get(self._key())
        if entry is None or (self.found is not None and self.found[2]):
            self.explain("D deletes drafts and plans of yours; an example stays.")
            return
        try:
            kept = self.wizard.desk.shelf.put_away(entry.path.stem)
        except OSError as error:
            self.explain(f"! not deleted: {error.strerror or error}")
            return
        self.deleted, self.put_away = None, (entry.path.stem, kept)
        self._again(f"Plan {entry.path.stem} is deleted; u brings it back (it lies in {kept.parent}).")

    def action_undo(self) -> None:
        """Bring the draft or the plan back."""
        if self.put_away is not None:
            (name, kept), self.put_away = self.put_away, None
            try:
                self.wizard.desk.shelf.bring_back(name, kept)
            except OSError as error:
                self.explain(f"! {name} lies in {kept}: {error.strerror or error}")
                return
            self._again(f"Plan {name} is back.")
            return
        if self.deleted is None:
            self.explain("Nothing to undo here.")
            return
        session = self.deleted
        if said := self.wizard.desk.bring_back(session):
            self.explain(said)
            return
        self.deleted = None
        self._again(f"Draft {session.name} is back.")

    def _again(self, note: str) -> None:
        self.found = None
        self.note = note
        self.refresh_frame()

    def action_recheck(self) -> None:
        """Solve the plan again in a thread; the diff opens when it is there."""
        saved = self._saved()
        if self.rechecking:
            self.explain("One plan at a time: the one before is still being solved.")
        elif saved is None:
            self.explain("r re-checks a plan that was saved: enter goes on with a draft, or opens an example.")
        else:
            self.rechecking = self._key()
            self.run_worker(partial(self._recheck, saved), thread=True, exit_on_error=False, group="recheck")
            self.note = f"{saved.name} is being solved with the catalog of today, {self.wizard.limit_s:.0f} s at most."
            self.refresh_frame()

    def _recheck(self, saved: SavedPlan) -> None:
        """In the thread: only call the solver."""
        try:
            plan = self.wizard.solver(saved.scenario, lambda progress: None, self.wizard.stop)
            self.post_message(Rechecked(saved, plan))
        except InputError as error:
            self.post_message(Rechecked(saved, None, f"! {error.faults[0]}"))
        except Exception as error:
            self.wizard.failures.append(error)
            self.post_message(Rechecked(saved, None, f"! our fault: {type(error).__name__}: {error}".splitlines()[0]))

    def on_rechecked(self, event: Rechecked) -> None:
        """Open the diff, where one still looks at the list."""
        self.rechecking = ""
        if event.plan is None:
            self.note = event.says
        else:
            new = SavedPlan(event.old.name, self.wizard.desk.clock().isoformat(), event.old.scenario, event.plan)
            self.note = f"{event.old.name} was re-checked."
            if self.wizard.screen is self:
                self.app.push_screen(DiffScreen(event.old, new, rechecked=True))
        self.refresh_frame()

    def action_diff(self) -> None:
        """Compare with the plan marked before; with two plans, with the other one."""
        saved, key = self._saved(), self._key()
        able = [name for name, entry in self.entries.items() if entry.plan is not None]
        if saved is None or len(able) < 2:
            why = f"this is {self._kind()}" if saved is None else "there is no second one"
            self.explain(f"d compares two saved plans: {why}.")
            return
        other = next(name for name in able if name != key) if len(able) == 2 else self.marked
        if not other or other == key:
            self.marked = "" if other == key else key
            self.note = f"{saved.name} is marked: d on another plan compares." if self.marked else "No plan is marked."
            self.refresh_frame()
            return
        self.marked = ""
        found = self.entries[other].plan
        if found is not None:
            self.app.push_screen(DiffScreen(*newer(found, saved)))

    def action_export(self) -> None:
        """Write the plan as text beside it."""
        saved = self._saved()
        if saved is None:
            self.explain(f"x writes a saved plan as text: this is {self._kind()}.")
        else:
            self.explain(export_plan(saved.plan, saved.name, self.wizard.desk.shelf.plans))

    def action_clear(self) -> None:
        """Clear the filter."""
        if self.wanted:
            self.filter_by("")
        else:
            self.explain("q leaves.")


def _draft_row(key: str, session: Session) -> Row:
    answered = sum(1 for item in ITEMS if item.id in session.tables.get("checklist", {}))
    return Row((session.name, f"draft, {answered} of {len(ITEMS)}", "-", "-", "", "resume"), key)


def _plan_row(key: str, entry: Entry, today: date, example: bool, check: str) -> Row:
    saved = entry.plan
    if saved is None:
        return Row((entry.path.stem, "! cannot be read", "-", "-", "", ""), key)
    plan = saved.plan
    when = "example" if example else "today" if saved.saved == today.isoformat() else saved.saved
    total = f"{money(plan.total_per_month)} {plan.currency}" if plan.total_per_month is not None else "-"
    told = gap(plan.gap) if plan.gap is not None else "-"
    return Row((entry.path.stem, VERDICTS[plan.verdict], total, told, when, "" if example else check), key)


def _about_plan(saved: SavedPlan) -> str:
    requests = sum(segment.requests_per_month for segment in saved.plan.segments)
    count = len(saved.scenario.segment)
    doubts = len(saved.plan.doubts)
    return (
        f"{saved.name}: {count} segment{'s' * (count != 1)}, {number(requests)} requests a month, "
        f"{doubts} doubt{'s' * (doubts != 1)}"
    )
