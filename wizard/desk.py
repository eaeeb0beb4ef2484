"""The decision under way: its session, its plan, and what of them is written down. No screen, no solver."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from catalogs.toml_file import InputError
from solver.checklist import item_named
from solver.explanation.flip_records import Flips
from solver.plan import Plan
from solver.rule_off import RuleCost
from solver.scenario import Scenario
from wizard.drafts import ChangedElsewhereError
from wizard.questions import question_for
from wizard.scenario_file import scenario_tables
from wizard.segments import segment_in
from wizard.session import Session, Step, answer, at, changes_left, clear, put, scenario_of, start, start_like, undo
from wizard.shelf import Shelf
from wizard.store import SavedPlan, as_saved, keep


class Desk:
    """What lies on the desk: at most one decision. Every change of it is written to its draft at once."""

    def __init__(self, shelf: Shelf, clock: Callable[[], date], overlay: Mapping[str, Any] | None = None) -> None:
        self.shelf, self.clock, self.overlay = shelf, clock, dict(overlay or {})
        self.session: Session | None = None
        self.plan: Plan | None = None
        self.answered: Scenario | None = None
        self.flips: Flips | None = None
        """What flips the plan, once every lever was looked at."""
        self.flips_saved = False
        self.saving = ""
        self.saved_as = ""
        self.drafted = False
        self.written: tuple[str, str] = ("", "")
        """What was written last since the start: `draft` or `plan`, and its name; told on leaving."""
        self.unsaved_for = ""
        """Why the draft could not be written; empty where it was."""
        self.rule_costs: dict[str, RuleCost] = {}
        """What rules cost by the last solve, by full key, as far as they were priced."""

    @property
    def session_now(self) -> Session:
        """The session; only for screens that lie above one."""
        assert self.session is not None
        return self.session

    @property
    def name(self) -> str:
        """The name of the decision, empty without one."""
        return self.session.name if self.session else ""

    @property
    def profile(self) -> str:
        """The profile of the decision, empty where another plan is its base."""
        return str(self.session.base.get("profile", "")) if self.session else ""

    @property
    def plan_is_old(self) -> bool:
        """Whether an answer was changed after the plan was made."""
        return self.session is not None and self.answered is not None and scenario_of(self.session) != self.answered

    @property
    def plan_saving(self) -> str:
        """Whether the plan is in a file, and still answers the questions as they stand."""
        return "answers changed since" if self.plan_is_old else "saved" if self.saved_as else "not saved"

    def clear(self) -> None:
        """Put the decision aside; its draft is kept."""
        self.session, self.plan, self.answered, self.rule_costs = None, None, None, {}
        self.flips, self.flips_saved = None, False
        self.saving, self.saved_as, self.drafted = "", "", False
        self.unsaved_for = ""
        self.shelf.let_go()

    def edit(self, session: Session) -> None:
        """Take the changed session and write its draft; where it cannot be written, `saving` says so.

        A draft that another session wrote meanwhile is left to it: this one goes on under a name of its own.
        """
        if not self.drafted:
            session = replace(session, name=self.shelf.new_draft(session.name), left_out=())
            self.drafted = True
        self.session, self.unsaved_for = session, ""
        try:
            self.shelf.keep(session)
            self.saving, self.written = "draft saved", ("draft", session.name)
        except ChangedElsewhereError:
            self.session = replace(session, name=self.shelf.new_draft(session.name))
            self._keep_apart(self.session)
        except InputError as error:
            self._not_kept(error)

    def _keep_apart(self, session: Session) -> None:
        try:
            self.shelf.keep(session)
            self.saving, self.written = f"changed elsewhere: saved as {session.name}", ("draft", session.name)
        except InputError as error:
            self._not_kept(error)

    def _not_kept(self, error: InputError) -> None:
        self.saving, self.unsaved_for = "! draft not saved", str(error.faults[0])

    def undo(self) -> str:
        """Drop the last change, a change of profile too; return what to say."""
        session = self.session
        if session is None:
            return "Nothing to undo."
        if session.before is not None and len(session.history) <= session.carried:
            said, take = f"profile {self.profile}; it is {session.before.base.get('profile')} again", self._take
        elif session.history:
            said, take = step_told(session, session.history[-1]), self.edit
        else:
            return "Nothing to undo."
        session = undo(session)
        take(session)
        left = changes_left(session)
        return f"Undone: {said}; {left} change{'s' * (left != 1)} left to undo."

    def choose_profile(self, profile: str, name: str = "") -> None:
        """Start from a profile; where one was chosen before, what was typed is kept.

        There is no draft before the first answer: nothing would be lost.
        """
        if self.session is None:
            made = start(self.shelf.free_name(name or profile), profile)
        elif profile != self.profile:
            made = carried(self.session, profile)
        else:
            return
        if self.overlay:
            made = replace(made, base={**made.base, "catalog": self.overlay})
        made = at(made, "quick")
        if self.session is not None:
            made = replace(made, before=self.session, carried=len(made.history))
        self._take(made)

    def _take(self, session: Session) -> None:
        """Take a session; its draft is written only where there is one already."""
        self.session = session
        if self.drafted:
            self.edit(session)

    def resume(self, session: Session) -> None:
        """Go on with a draft, as it stands now. One that is open elsewhere, or is not read whole, is left as it is.

        Then the first change starts a draft of its own, as it does on a saved plan.
        """
        self.clear()
        ours = self.shelf.hold(session.name)
        self.session = session = self.shelf.draft(session.name) or session
        if ours and not session.left_out:
            self.saving, self.drafted, self.written = "draft saved", True, ("draft", session.name)
            return
        self.shelf.let_go(session.name)
        count = len(session.left_out)
        why = f"{count} answer{'s' * (count != 1)} not known here" if ours else "open elsewhere"
        self.saving = f"! {why}: a change makes a copy"

    def drop_draft(self, name: str) -> str:
        """Delete a draft, and put it aside if it lies on the desk; return what went wrong, or nothing."""
        try:
            self.shelf.drop(name)
        except InputError as error:
            return f"! {error.faults[0]}"
        if self.drafted and self.name == name:
            self.clear()
        if self.written == ("draft", name):
            self.written = ("", "")
        return ""

    def bring_back(self, session: Session) -> str:
        """Write a draft that was deleted, under another name where its own was taken; return what went wrong."""
        name = self.shelf.new_draft(session.name)
        try:
            self.shelf.keep(replace(session, name=name))
        except InputError as error:
            return f"! {error.faults[0]}"
        finally:
            self.shelf.let_go(name)
        return ""

    def open_saved(self, saved: SavedPlan, example: bool) -> None:
        """Take a plan; the first change of its answers starts a draft of its own."""
        self.clear()
        self.session = start_like(saved.name, scenario_tables(saved.scenario))
        self.plan, self.answered = saved.plan, saved.scenario
        self.saved_as = "" if example else saved.name

    def solved(self, plan: Plan, scenario: Scenario) -> None:
        """Take the plan of a scenario; it is in no file yet."""
        self.plan, self.answered, self.saved_as, self.rule_costs = plan, scenario, "", {}
        self.flips, self.flips_saved = None, False

    def learn(self, plan: Plan, flips: Flips) -> None:
        """Take what flips a plan, to be saved with it; nothing where another plan lies here by now."""
        if plan is self.plan and self.flips is None:
            self.flips = flips

    @property
    def flips_unsaved(self) -> bool:
        """Whether what flips the plan is known, and in no file."""
        held = None if self.plan is None or not self.saved_as else self.plan.flips
        return self.flips is not None and not self.flips_saved and (held is None or held.cut)

    def _with_flips(self, plan: Plan) -> Plan:
        return plan if self.flips is None else plan.model_copy(update={"flips": self.flips})

    def save_again(self) -> str:
        """Write what flips the saved plan into its file, where it is known by now; return what to say."""
        path = self.shelf.plans / f"{self.saved_as}.toml"
        if self.plan is None or not self.flips_unsaved:
            return f"Saved already, as {path}."
        try:
            keep(path, as_saved(self.plan), self._with_flips(self.plan))
        except InputError as error:
            fault = error.faults[0]
            return f"! {path.name}: {fault.found}; wanted {fault.wanted}"
        self.flips_saved = True
        return f"What flips it is saved too, in {path}."

    def save_as(self, name: str) -> str:
        """Save the plan under a new name and drop the draft; return what went wrong, or nothing."""
        if self.plan is None or self.answered is None or self.session is None:
            return "there is no plan to save yet"
        try:
            self.shelf.save(self._with_flips(self.plan), self.answered, name, self.clock().isoformat())
        except InputError as error:
            return str(error.faults[0])
        if self.drafted and not self.plan_is_old:
            with suppress(InputError):  # it stays in the list, beside the plan
                self.shelf.drop(self.session.name)
            self.drafted, self.saving = False, ""
        self.saved_as, self.written, self.flips_saved = name, ("plan", name), self.flips is not None
        self.session = replace(self.session, name=name) if not self.drafted else self.session
        return ""

    def keep_rechecked(self, saved: SavedPlan) -> str:
        """Save a re-checked plan over the old one of its name; return what went wrong, or nothing."""
        try:
            self.shelf.replace(saved)
        except InputError as error:
            return f"! {error.faults[0]}"
        self.written = ("plan", saved.name)
        return ""


def step_told(session: Session, step: Step) -> str:
    """A change in the words of its question: `requests 60k/day`, `Data: anyone, anywhere`."""
    item = item_named(step.key)
    if step.kind == "answer" and item is not None:
        return f"{item.title}: {item.answer(int(step.value)).text}"
    if name := segment_in(step.key):
        return f"segment {name} " + ("deleted" if step.value == "none" else f"added, {step.value.partition(':')[0]}")
    question = question_for(step.key)
    parts = step.key.split(".")
    several = parts[0] == "segment" and len(session.tables.get("segment", {})) > 1
    label = (f"{parts[1]}: " if several else "") + (question.label if question else step.key)
    return f"{label} {step.value}" if step.kind == "set" else f"{label}, cleared"


def carried(session: Session, profile: str) -> Session:
    """The session on another profile, with every step that can be taken there; a lone segment keeps its values."""
    made = start(session.name, profile)
    before, after = list(session.base.get("segment", {})), list(made.base.get("segment", {}))
    for step in session.history:
        key, text = step.key, step.value
        if len(before) == len(after) == 1:
            key = key.replace(f"segment.{before[0]}.", f"segment.{after[0]}.", 1)
            if segment_in(key):
                key = f"segment.{after[0]}" if key == f"segment.{before[0]}" else key
                text = re.sub(rf"^like {before[0]}(?=:|$)", f"like {after[0]}", text)
        try:
            if step.kind == "answer":
                made = answer(made, key, int(step.value))
            else:
                made = put(made, key, text) if step.kind == "set" else clear(made, key)
        except InputError:
            continue
    return made
