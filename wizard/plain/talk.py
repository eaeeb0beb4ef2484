"""The way through the plain questions: plans, profile, four numbers, sections, solve, save."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from catalogs.profiles import profile_names
from catalogs.toml_file import InputError
from solver.checklist import ITEMS
from wizard.exits import say
from wizard.opening import Opening, last_words
from wizard.plain.answers import Answers
from wizard.plain.prompt import Place
from wizard.plain.sitting import chosen_of, tell
from wizard.plain.solving import solved
from wizard.plain.words import answered, draft_line, numbered, plan_line
from wizard.questions import question_for
from wizard.session import Session, defaults_left, put, scenario_of
from wizard.store import Entry


class Talk(Answers):
    """From the list of plans to a saved plan."""

    # Home.

    def home(self) -> Place | None:
        """The drafts and plans there are, numbered; without any, the worked examples."""
        self.desk.clear()
        shelf = self.desk.shelf
        drafts, entries = shelf.in_progress(), shelf.saved()
        examples = not drafts and not entries
        if examples:
            entries = shelf.shipped()
        tell("", "Should we host the model, or keep paying for APIs?")
        tell("No plan yet; these are worked examples:" if examples else "Drafts and plans:")
        tell(*numbered([*map(draft_line, drafts), *map(plan_line, entries)]), "  n  a new plan")
        help_ = (
            "A number opens a plan, or goes on with a draft; n starts a new plan.",
            "delete and the number of a draft deletes it. wizard diff OLD NEW compares two plans.",
        )
        while True:
            text = self.ask("Number, n for a new plan, ? for help, q to leave", "n", help_, None)
            chosen = chosen_of(text.removeprefix("delete").strip(), len(drafts) + len(entries))
            if text in ("", "n"):
                return self.profile
            if chosen is None:
                say(f"! wanted a number from 1 to {len(drafts) + len(entries)}, or n")
            elif text.startswith("delete"):
                return self._delete(drafts, chosen)
            elif chosen < len(drafts):
                return self._resumed(drafts[chosen])
            else:
                return self._opened(entries[chosen - len(drafts)], examples)

    def _delete(self, drafts: Sequence[Session], chosen: int) -> Place:
        if chosen >= len(drafts):
            say("! only a draft can be deleted here; a plan is a file in your folder")
        else:
            said = self.desk.drop_draft(drafts[chosen].name)
            say(said or f"Draft {drafts[chosen].name} is deleted.")
        return self.home

    def _resumed(self, draft: Session) -> Place:
        self.desk.resume(draft)
        if self.desk.saving.startswith("!"):
            say(self.desk.saving)
        draft = self.session
        tell(f"Going on with {draft.name}. Answered so far:", *answered(draft))
        place = draft.screen.removeprefix("checklist ")
        return partial(self.item, int(place) - 1) if place.isdecimal() else self.sections

    def _opened(self, entry: Entry, example: bool) -> Place:
        if entry.plan is None:
            say(f"! {entry.problem}")
            return self.home
        self.desk.open_saved(entry.plan, example)
        return self.shown_plan

    def shown_plan(self) -> Place:
        """Print the plan on the desk, and go on below it."""
        from wizard.text import show
        from wizard.text.plan import plan_text

        if self.desk.plan is None:
            return self.sections
        show(plan_text(self.desk.plan, self.desk.name))
        return self.below_plan

    def below_plan(self) -> Place:
        """What to do with a plan."""
        keeps = "o" if self.desk.saved_as or not self.desk.drafted else "w"
        help_ = (
            "w saves the plan as a file; o goes back to the questions; p prints the plan again;",
            "d asks what still stands at a default; n goes to the list of plans.",
        )
        while True:
            prompt = "The plan: w save, o questions, d defaults, p print again, n all plans, q leave"
            text = self.ask(prompt, keeps, help_, self.sections) or keeps
            go: dict[str, Place] = {
                "w": self.save, "o": self.sections, "d": self.defaults, "p": self.shown_plan, "n": self.home,
            }  # fmt: skip
            if text in go:
                return go[text]
            say("! wanted one of w, o, d, p, n, q")

    # A new plan.

    def opened_at(self, opening: Opening) -> Place:
        """Start as `wizard new NAME` asks: at the draft of that name, the four numbers, or the profiles."""
        draft = next((each for each in self.desk.shelf.in_progress() if each.name == opening.name), None)
        if draft is not None:
            return self._resumed(draft)
        if not opening.profile:
            return partial(self.profile, opening.name)
        self.desk.choose_profile(opening.profile, opening.name)
        for key, text in opening.sets:
            self.desk.edit(put(self.session, key, text))
        return self.four_numbers

    def profile(self, name: str = "") -> Place:
        """Choose a profile by number, or a plan to start from."""
        names, plans = list(profile_names()), [entry for entry in self.desk.shelf.saved() if entry.plan]
        likes = [f"like the plan {entry.path.stem}" for entry in plans]
        tell("", "What is it most like? The profile fills in every value; you change what you know better.")
        tell(*numbered([*profile_names().values(), *likes]))
        before = self.desk.session
        keeps = self.desk.profile or names[0]
        help_ = ("A profile is a scenario with every value filled in, each with its source.",)
        while True:
            text = self.ask("Number", keeps, help_, self.sections if before else self.home) or keeps
            chosen = names.index(text) if text in names else chosen_of(text, len(names) + len(plans))
            if chosen is None:
                say(f"! wanted a number from 1 to {len(names) + len(plans)}")
            elif chosen < len(names):
                self.desk.choose_profile(names[chosen], name)
                return self.four_numbers
            else:
                saved = plans[chosen - len(names)].plan
                assert saved is not None
                free = self.desk.shelf.free_name(name or saved.name)
                self.desk.open_saved(replace(saved, name=free), True)
                return self.sections

    def four_numbers(self) -> Place:
        """The quick page, question by question."""
        say("Enter each that you know; s solves with the rest.")
        return self.asked(self.keys_of_page("quick"), 0, "quick")

    def defaults(self) -> Place:
        """The questions whose answer nobody has confirmed."""
        keys = [key for key in defaults_left(self.session) if question_for(key)]
        if not keys:
            say("Nothing stands at a default any more.")
            return self.sections
        return self.asked(keys, 0, "")

    # Sections.

    def sections(self) -> Place:
        """Every section and its state, numbered; enter solves."""
        session = self.session
        given = session.tables.get("checklist", {})
        segments = list(session.tables.get("segment", {}))
        rows: list[tuple[str, Place]] = [
            (f"profile: {self.desk.profile or 'the scenario of another plan'}", self.profile),
            ("the four numbers", self.four_numbers),
            (f"checklist: {len(given)} of {len(ITEMS)} answered", self.checklist),
        ]
        for name in segments:
            rows.append((f"segment {name}: every question", partial(self.page, "segment", name)))
        rows.append(("segments: add, copy or delete one", self.segments))
        rows.append(("constraints", partial(self.page, "constraints")))
        rows.append(("team and prices", partial(self.page, "team")))
        if self.desk.plan is not None:
            rows.append((f"the plan, {self.desk.plan_saving}", self.shown_plan))
        tell("", f"{session.name}: what can be told; all of it has a default.", *numbered([row[0] for row in rows]))
        help_ = ("A number opens a section. s, or enter, solves with what there is.",)
        while True:
            text = self.ask("Number, or s to solve", "s", help_, self.home)
            chosen = chosen_of(text, len(rows))
            if not text:
                return self.solve
            if chosen is not None:
                return rows[chosen][1]
            say(f"! wanted a number from 1 to {len(rows)}")

    # Solve and save.

    def solve(self) -> Place:
        """Solve with what there is, telling each stage once; ctrl+c keeps the best plan found."""
        try:
            scenario = scenario_of(self.session)
            self.desk.solved(solved(scenario), scenario)
        except InputError as error:
            for fault in error.faults:
                say(f"! {fault}")
            return self.sections
        return self.shown_plan

    def save(self) -> Place:
        """Ask the plan's name and save it; a name that is taken is asked again."""
        if self.desk.plan is None:
            say("Nothing to save yet: s solves.")
            return self.sections
        if self.desk.saved_as:
            say(f"Saved already, as {self.desk.shelf.plans / self.desk.saved_as}.toml.")
            return self.below_plan
        if self.desk.plan_is_old:
            say("Answers were changed after this plan was made; s solves with them.")
        free = self.desk.shelf.free_plan_name(self.desk.name)
        help_ = ("Small letters, digits, - and _; up to 40.",)
        while True:
            name = self.ask("Name of the plan", free, help_, self.below_plan) or free
            problem = self.desk.save_as(name)
            if not problem:
                say(last_words(self.desk))
                return self.below_plan
            say(f"! {problem}")
