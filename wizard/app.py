"""The app: it holds the session and the plan, moves between screens, and lets a thread solve. It computes nothing."""

import asyncio
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.message import Message
from textual.screen import Screen

from catalogs.catalog import Catalog
from catalogs.toml_file import InputError
from solver.plan import Plan
from solver.scenario import Scenario
from wizard.exits import Exit
from wizard.keys import EVERYWHERE, bindings
from wizard.progress import Solving, at_most_twice_a_second
from wizard.screens.frame import Framed
from wizard.screens.plans import PlansScreen
from wizard.session import Session, at, scenario_of, start, start_like, undo
from wizard.shelf import Shelf
from wizard.store import SavedPlan

if TYPE_CHECKING:
    from solver.solve import Progress

TERMINATED = 143


class Solve(Protocol):
    """The solver as the app knows it: scenario in, plan out; it tells how far it is and heeds `stop`."""

    def __call__(self, scenario: Scenario, on_progress: Callable[["Progress"], None], stop: threading.Event) -> Plan:
        """Solve; InputError when the scenario or the catalog cannot be used."""


class Progressed(Message):
    """How far the solve is."""

    def __init__(self, progress: "Progress") -> None:
        self.progress = progress
        super().__init__()


class Ended(Message):
    """The solve ended: with a plan, or with one line on why there is none."""

    def __init__(self, scenario: Scenario, plan: Plan | None, says: str = "") -> None:
        self.scenario, self.plan, self.says = scenario, plan, says
        super().__init__()


class Loaded(Message):
    """The catalog is there; until then effects are told without its figures."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        super().__init__()


class WizardApp(App[int], inherit_bindings=False):
    """Screens over one session. Clock, store, solver and catalog are given, so that a test gives its own."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings(EVERYWHERE)
    HORIZONTAL_BREAKPOINTS = [(0, "-one"), (110, "-wide")]  # noqa: RUF012 (as the base class types it)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-mid"), (30, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        *,
        clock: Callable[[], date],
        shelf: Shelf,
        solve: Solve,
        catalog: Callable[[], Catalog] | None = None,
        ascii_mode: bool = False,
        plain_colours: bool = False,
        opening: tuple[str, str] | None = None,
        limit_s: float = 60.0,
        patience_s: float = 0.5,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.theme = "ansi-dark" if plain_colours else "textual-dark"
        self.clock, self.shelf, self.solver, self.load_catalog = clock, shelf, solve, catalog
        self.ascii_mode, self.limit_s, self.patience_s = ascii_mode, limit_s, patience_s
        self.opening = opening
        self.catalog: Catalog | None = None
        self.session: Session | None = None
        self.plan: Plan | None = None
        self.answered: Scenario | None = None
        self.saving = ""
        self.saved_as = ""
        self.solving = Solving()
        self.stop = threading.Event()
        self.asked_from: Screen[Any] | None = None
        self.crash: BaseException | None = None

    # The state, as screens read it.

    @property
    def session_now(self) -> Session:
        """The session of the screens below home."""
        assert self.session is not None
        return self.session

    @property
    def decision(self) -> str:
        """The name of the decision under way."""
        return self.session.name if self.session else ""

    @property
    def profile(self) -> str:
        """The profile of the decision under way."""
        return str(self.session.base.get("profile", "")) if self.session else ""

    @property
    def catalog_date(self) -> str:
        """The date of the figures, once they are there."""
        return self.catalog.as_of if self.catalog else ""

    @property
    def plan_is_old(self) -> bool:
        """Whether an answer was changed after the plan was made."""
        return self.session is not None and self.answered is not None and scenario_of(self.session) != self.answered

    @property
    def plan_saving(self) -> str:
        """Whether the plan is in a file."""
        return "saved" if self.saved_as else "not saved"

    # Start and end.

    def get_default_screen(self) -> Screen[Any]:
        """Home lies under everything."""
        return PlansScreen()

    def on_mount(self) -> None:
        """Heed signals, repaint after a suspend, load the catalog behind the first screen."""
        loop = asyncio.get_running_loop()
        for name, code in (("SIGHUP", Exit.LINE_DROPPED), ("SIGTERM", TERMINATED)):
            if threading.current_thread() is threading.main_thread() and hasattr(signal, name):
                loop.add_signal_handler(getattr(signal, name), partial(self.quit_with, int(code)))
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))
        if self.load_catalog is not None:
            self.run_worker(self._load, thread=True, exit_on_error=False, group="catalog")
        if self.opening is not None:
            self._open_at(*self.opening)

    def _load(self) -> None:
        if self.load_catalog is not None:
            try:
                self.post_message(Loaded(self.load_catalog()))
            except InputError as error:
                self.post_message(Ended(None, None, str(error.faults[0])))  # type: ignore[arg-type]

    def on_loaded(self, message: Loaded) -> None:
        """Tell the catalog's date and its figures from now on."""
        self.catalog = message.catalog
        self.redraw()

    def _open_at(self, name: str, profile: str) -> None:
        """Start as `wizard new NAME` asks: at the four numbers, or at the profiles without one."""
        from wizard.screens.profile import ProfileScreen

        self.push_screen(ProfileScreen())
        self.wanted_name = name
        if profile:
            self.call_after_refresh(self.choose_profile, profile)

    def _fatal_error(self) -> None:
        """End on an error of ours without Textual's page of code: `run_app` tells one line and keeps the log."""
        self.crash = self._exception
        self._close_messages_no_wait()

    def quit_with(self, code: int) -> None:
        """Leave; the draft has been written after each answer already."""
        self.stop.set()
        self.exit(code, return_code=code)

    def action_leave(self) -> None:
        """Leave."""
        self.quit_with(int(Exit.DONE))

    def action_interrupt(self) -> None:
        """Stop the solve; without one, leave."""
        if self.solving.running and not self.solving.stopping:
            self.stop_solving(then_open=True)
        else:
            self.quit_with(int(Exit.STOPPED))

    # The session.

    def edit(self, session: Session) -> None:
        """Take the changed session and write its draft."""
        self.session = session
        self.keep()

    def keep(self) -> None:
        """Write the draft; where it cannot be written, row 1 says so."""
        if self.session is None:
            return
        try:
            self.shelf.keep(self.session)
            self.saving = "draft saved"
        except (InputError, OSError) as error:
            self.saving = "! draft not saved"
            self.log.error(str(error))

    def undo(self) -> str:
        """Drop the last change; return what to say."""
        session = self.session
        if session is None or not session.history:
            return "Nothing to undo."
        step = session.history[-1]
        self.edit(undo(session))
        left = len(session.history) - 1
        return f"Undone: {step.key} {step.value}; {left} change{'s' * (left != 1)} left to undo."

    def close_decision(self) -> None:
        """Put the decision aside: its draft is kept."""
        self.session, self.plan, self.answered, self.saved_as, self.saving = None, None, None, "", ""

    wanted_name = ""

    def choose_profile(self, profile: str) -> None:
        """Start from a profile; where one was chosen before, what was typed is kept."""
        from wizard.screens.profile import carried

        if self.session is None:
            name = self.wanted_name or profile
            self.wanted_name = ""
            self.edit(at(start(self.shelf.free_name(name), profile), "quick"))
        elif profile != self.profile:
            self.edit(carried(self.session, profile))
        self.open_quick()

    def resume(self, session: Session) -> None:
        """Go on with a draft, on the screen where it was left."""
        self.close_decision()
        self.session, self.saving = session, "draft saved"
        self.open_quick()
        if session.screen.startswith("checklist "):
            self.open_item(int(session.screen.removeprefix("checklist ")) - 1)

    def open_saved(self, saved: SavedPlan, example: bool) -> None:
        """Open a plan; to change its answers starts a draft of its own."""
        self.close_decision()
        tables = saved.scenario.model_dump(exclude_defaults=True)
        self.session = start_like(saved.name, tables)
        self.plan, self.answered = saved.plan, saved.scenario
        self.saved_as = "" if example else saved.name
        self.open_plan()

    # Between screens.

    def redraw(self) -> None:
        """Draw the screen in front anew."""
        if isinstance(self.screen, Framed):
            self.screen.refresh_frame()

    def say(self, text: str) -> None:
        """Say something on the screen in front."""
        if isinstance(self.screen, Framed):
            self.screen.explain(text)

    def back(self) -> None:
        """One level back; from home, leave."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.quit_with(int(Exit.DONE))

    def _open(self, kind: type[Framed], make: Callable[[], Framed]) -> None:
        """Go back to the screen of this kind if there is one below, else open it."""
        for screen in reversed(self.screen_stack):
            if type(screen) is kind:
                while self.screen is not screen:
                    self.pop_screen()
                return
        self.push_screen(make())

    def open_profile(self) -> None:
        """The profiles."""
        from wizard.screens.profile import ProfileScreen

        self._open(ProfileScreen, ProfileScreen)

    def open_quick(self) -> None:
        """The four numbers."""
        from wizard.screens.quick import QuickScreen

        self._open(QuickScreen, QuickScreen)

    def outline(self) -> None:
        """The outline."""
        from wizard.screens.outline import OutlineScreen

        if self.session is None:
            self.say("Nothing to outline yet: n starts a plan.")
        else:
            self._open(OutlineScreen, OutlineScreen)

    def open_item(self, place: int) -> None:
        """An item of the checklist."""
        from wizard.screens.checklist import ChecklistScreen

        if self.session is not None:
            self.session = at(self.session, f"checklist {place + 1}")
            self.push_screen(ChecklistScreen(place))

    def open_plan(self) -> None:
        """The plan; an older one of it makes way."""
        from wizard.screens.plan import PlanScreen

        if self.plan is None:
            return
        while any(isinstance(screen, PlanScreen) for screen in self.screen_stack):
            self.pop_screen()
        self.push_screen(PlanScreen(self.plan))

    # Solving.

    def solve_now(self) -> None:
        """Let a thread solve; its screen comes up only when it takes longer than half a second."""
        if self.session is None:
            self.say("Nothing to solve yet: n starts a plan.")
            return
        if self.solving.running:
            self._show_solving()
            return
        scenario = scenario_of(self.session)
        self.stop = threading.Event()
        self.solving = Solving(running=True)
        self.asked_from = self.screen
        self.say("Solving ...")
        self.run_worker(
            partial(self._solve, scenario, self.stop), thread=True, exclusive=True, exit_on_error=False, group="solve"
        )
        self.set_timer(self.patience_s, self._show_solving)

    def _solve(self, scenario: Scenario, stop: threading.Event) -> None:
        """In the thread: only call the solver, and tell what comes."""
        tell = at_most_twice_a_second(lambda progress: self._post(Progressed(progress)))
        try:
            self._post(Ended(scenario, self.solver(scenario, tell, stop)))
        except InputError as error:
            self._post(Ended(scenario, None, f"! {error.faults[0]}"))
        except Exception as error:
            self._post(Ended(scenario, None, f"! our fault: {type(error).__name__}: {error}".splitlines()[0]))

    def _post(self, message: Message) -> None:
        self.post_message(message)

    def _show_solving(self) -> None:
        from wizard.screens.solving import SolvingScreen

        if self.solving.running and not isinstance(self.screen, SolvingScreen):
            self.push_screen(SolvingScreen())

    def stop_solving(self, then_open: bool) -> None:
        """Ask the solver to stop; it answers within seconds, the screen at once."""
        if self.solving.running:
            self.stop.set()
            self.solving = replace(self.solving, stopping=True, open_when_done=then_open)
            self.say("stopping, at most 5 s; the best plan found is kept")

    def on_progressed(self, message: Progressed) -> None:
        """Show how far it is, if one looks."""
        from wizard.screens.solving import SolvingScreen

        if self.solving.running:
            self.solving = self.solving.heard(message.progress)
            if isinstance(self.screen, SolvingScreen):
                self.redraw()

    def on_ended(self, message: Ended) -> None:
        """Take the plan; open it if the person waits for it."""
        from wizard.screens.solving import SolvingScreen

        wanted = self.solving.open_when_done
        self.solving = replace(self.solving, running=False, stopping=False)
        waiting = isinstance(self.screen, SolvingScreen) or self.screen is self.asked_from
        if isinstance(self.screen, SolvingScreen):
            self.pop_screen()
        if message.plan is None:
            self.call_after_refresh(self.say, message.says)
            return
        self.plan, self.answered, self.saved_as = message.plan, message.scenario, ""
        if waiting and wanted:
            self.open_plan()
        else:
            self.call_after_refresh(self.say, "The plan is ready: o, then Plan.")

    # Saving.

    def save(self) -> str:
        """Save the plan under its name, or ask one; return what to say."""
        from wizard.screens.save import SaveScreen

        if self.plan is None or self.answered is None:
            return "Nothing to save yet: s solves."
        if self.saved_as:
            return f"Saved already, as {self.shelf.plans / self.saved_as}.toml."
        self.push_screen(SaveScreen())
        return ""

    def save_as(self, name: str) -> str:
        """Save the plan under a new name and drop the draft; return what went wrong."""
        if self.plan is None or self.answered is None or self.session is None:
            return "nothing to save"
        try:
            self.shelf.save(self.plan, self.answered, name, self.clock().isoformat(), replace=False)
        except InputError as error:
            return str(error.faults[0])
        self.saved_as = name
        self.shelf.drop(self.session.name)
        self.session = replace(self.session, name=name)
        self.saving = ""
        return ""
