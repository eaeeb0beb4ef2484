"""The app: it holds the session and the plan, moves between screens, and lets a thread solve. It computes nothing."""

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from textual.app import App
from textual.events import Key
from textual.screen import Screen

from catalogs.toml_file import InputError
from solver.scenario import Scenario
from wizard.desk import Desk
from wizard.exits import Exit
from wizard.explorer import Explore, Explored
from wizard.keys import EVERYWHERE, bindings, off
from wizard.messages import Ended, Loaded, Progressed, Solve
from wizard.opening import Opening, opening_of
from wizard.progress import Solving, at_most_two_a_second
from wizard.screens.frame import Framed
from wizard.screens.plans import PlansScreen
from wizard.session import Session, put, scenario_of
from wizard.shelf import Shelf
from wizard.store import SavedPlan
from wizard.widgets.edit_line import Field

if TYPE_CHECKING:
    from catalogs.catalog import Catalog

LINE_LOOK_S = 2.0
TERMINATED = 143


class WizardApp(App[int], inherit_bindings=False):
    """Screens over one session. Clock, store, solver and catalog are given, so that a test gives its own."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings(EVERYWHERE)

    def __init__(
        self,
        *,
        clock: Callable[[], date],
        shelf: Shelf,
        solve: Solve,
        explore: Explore | None = None,
        catalog: "Callable[[], Catalog] | None" = None,
        catalog_of: "Callable[[Scenario], Catalog] | None" = None,
        ascii_mode: bool = False,
        plain_colours: bool = False,
        light: bool = False,
        opening: Opening | None = None,
        overlay: Mapping[str, Any] | None = None,
        limit_s: float = 60.0,
        patience_s: float = 0.5,
        line_lost: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(ansi_color=True if plain_colours else None)
        self.animation_level = "none"
        self.theme = f"{'ansi' if plain_colours else 'textual'}-{'light' if light else 'dark'}"
        self.desk, self.solver, self.load_catalog = Desk(shelf, clock, overlay), solve, catalog
        self.ascii_mode, self.limit_s, self.patience_s = ascii_mode, limit_s, patience_s
        self.opening, self.line_lost = opening, line_lost
        self.explore, self.catalog_of = explore, catalog_of
        self.explored: Explored | None = None
        self.catalog: Catalog | None = None
        self.solving = Solving()
        self.stop = threading.Event()
        self.to_price: list[str] = []  # rules, by key, the first of which a thread prices now
        self.asked_from: Screen[Any] | None = None
        self.crash: BaseException | None = None
        self.failures: list[Exception] = []

    @property
    def catalog_date(self) -> str:
        """The date of the figures, once they are there."""
        return self.catalog.as_of if self.catalog else ""

    # Start and end.

    def get_default_screen(self) -> Screen[Any]:
        """Home lies under everything."""
        return PlansScreen()

    def on_mount(self) -> None:
        """Heed signals, repaint after a suspend."""
        loop = asyncio.get_running_loop()
        for name, code in (("SIGHUP", Exit.LINE_DROPPED), ("SIGTERM", TERMINATED), ("SIGINT", Exit.STOPPED)):
            if threading.current_thread() is threading.main_thread() and hasattr(signal, name):
                loop.add_signal_handler(getattr(signal, name), partial(self.quit_with, int(code)))
        self.set_interval(LINE_LOOK_S, self._look_at_the_line)
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))
        if self.opening is not None:
            self.call_after_refresh(self._open_at, self.opening)

    def on_ready(self) -> None:
        """Load the catalog, once the first screen stands: before, the two would share the processor."""
        if self.load_catalog is not None:
            self.run_worker(self._load, thread=True, exit_on_error=False, group="catalog")

    def on_unmount(self) -> None:
        """Let other sessions have the draft."""
        self.desk.shelf.let_go()

    def _load(self) -> None:
        try:
            self.post_message(Loaded(self.load_catalog() if self.load_catalog else None))
        except InputError as error:
            self.post_message(Loaded(None, f"! {error.faults[0]}"))

    def on_loaded(self, message: Loaded) -> None:
        """Tell the catalog's date and its figures from now on."""
        self.catalog = message.catalog
        self.redraw()
        if message.says:
            self.say(message.says)

    def _open_at(self, opening: Opening) -> None:
        """Start as `wizard new NAME` asks: at the draft of that name, the four numbers, or the profiles."""
        draft = next((each for each in self.desk.shelf.in_progress() if each.name == opening.name), None)
        if draft is not None:
            self.resume(draft)
            return
        if opening.profile:
            self.opening = None
            self.desk.choose_profile(opening.profile, opening.name)
            for key, text in opening.sets:
                self.desk.edit(put(self.desk.session_now, key, text))
        self.open_profile()
        if opening.profile:
            self.open_quick()

    def on_key(self, event: Key) -> None:
        """Give a field what was typed before it was open; say why a key does nothing.

        A letter that comes up to here passed the field by, or is bound to nothing on this screen. In a window too small
        no key acts, and the row that would say why is not there.
        """
        if self.screen.has_class("-small"):
            return
        if isinstance(self.focused, Field) and event.is_printable and event.character:
            event.prevent_default()
            self.focused.take(event.character)
        elif isinstance(self.screen, Framed) and event.key not in self.screen.active_bindings:
            self.screen.explain(off(event.key, event.character))

    def _fatal_error(self) -> None:
        """End on an error of ours without Textual's page of code: `run_app` tells one line and keeps the log."""
        self.crash = self._exception
        self._close_messages_no_wait()

    def _look_at_the_line(self) -> None:
        """Leave when the terminal is gone without a signal: reading from it would never end."""
        if self.line_lost():
            self.quit_with(int(Exit.LINE_DROPPED))

    def quit_with(self, code: int) -> None:
        """Leave; the draft has been written after each answer already."""
        self.exit(code, return_code=code)

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End the app; the solve is asked to stop first, for the end waits for its thread."""
        self.stop.set()
        if self.explored is not None:
            self.explored.end()
        super().exit(result, return_code, message)

    def action_leave(self) -> None:
        """Leave."""
        self.quit_with(int(Exit.DONE))

    def action_palette(self) -> None:
        """Every action of the screen in front, by name."""
        from wizard.screens.palette import open_palette

        open_palette(self)

    def action_interrupt(self) -> None:
        """Stop the solve; without one, leave."""
        if self.solving.running and not self.solving.stopping:
            self.stop_solving(then_open=True)
        else:
            self.quit_with(int(Exit.STOPPED))

    # The decision.

    def choose_profile(self, profile: str) -> None:
        """Start from a profile, or change to it, and go on to the four numbers."""
        name = self.opening.name if self.opening else ""
        self.opening = None
        self.desk.choose_profile(profile, name)
        self.open_quick()

    def resume(self, session: Session) -> None:
        """Go on with a draft, on the screen where it was left."""
        from wizard.screens.sections import open_place

        self.desk.resume(session)
        self.open_quick()
        open_place(self, session.screen)

    def open_saved(self, saved: SavedPlan, example: bool) -> None:
        """Open a plan."""
        self.desk.open_saved(saved, example)
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

    def go_to(self, kind: type[Framed], make: Callable[[], Framed]) -> None:
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

        self.go_to(ProfileScreen, ProfileScreen)

    def open_quick(self) -> None:
        """The four numbers."""
        from wizard.screens.quick import QuickScreen

        self.go_to(QuickScreen, QuickScreen)

    def outline(self) -> None:
        """The outline."""
        from wizard.screens.outline import OutlineScreen

        if self.desk.session is None:
            self.say("Nothing to outline yet: n starts a plan.")
        else:
            self.go_to(OutlineScreen, OutlineScreen)

    def open_item(self, place: int) -> None:
        """An item of the checklist."""
        from wizard.screens.checklist import ChecklistScreen

        if self.desk.session is not None:
            self.push_screen(ChecklistScreen(place))

    def open_plan(self) -> None:
        """The plan; an older one of it makes way."""
        from wizard.screens.plan import PlanScreen

        if self.desk.plan is None:
            return
        while any(isinstance(screen, PlanScreen) for screen in self.screen_stack):
            self.pop_screen()
        self.push_screen(PlanScreen(self.desk.plan))

    def explored_now(self) -> Explored | None:
        """What the plan on the desk can be asked further; None where nobody can be asked."""
        scenario = self.desk.answered
        if self.explore is None or scenario is None:
            return None
        if self.explored is None or self.explored.scenario is not scenario:
            if self.explored is not None:
                self.explored.end()
            self.explored = Explored(self.explore, scenario)
        return self.explored

    # Solving.

    def solve_now(self) -> None:
        """Let a thread solve; its screen comes up only when it takes longer than half a second."""
        if self.desk.session is None:
            self.say("Nothing to solve yet: n starts a plan.")
            return
        if self.solving.running:
            self._show_solving()
            return
        scenario = scenario_of(self.desk.session)
        self.stop.set()  # what still prices a rule of the plan before
        self.stop = threading.Event()
        self.solving = Solving(running=True)
        self.asked_from = self.screen
        self.say("Solving ...")
        self.run_worker(
            partial(self._solve, scenario, self.stop), thread=True, exclusive=True, exit_on_error=False, group="solve"
        )
        self.set_timer(self.patience_s, self._show_solving)

    def _solve(self, scenario: Scenario, stop: threading.Event) -> None:
        """In the thread: only call the solver, and tell what comes; the plan's screen, long to import, is read here."""
        import wizard.screens.plan  # noqa: F401

        tell = at_most_two_a_second(lambda progress: bool(self.post_message(Progressed(progress))))
        try:
            self.post_message(Ended(scenario, self.solver(scenario, tell, stop)))
        except InputError as error:
            self.post_message(Ended(scenario, None, f"! {error.faults[0]}"))
        except Exception as error:
            self.failures.append(error)
            self.post_message(Ended(scenario, None, f"! our fault: {type(error).__name__}: {error}".splitlines()[0]))

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
        if isinstance(self.asked_from, Framed):
            self.asked_from.note = ""
        if message.plan is None:
            self.call_after_refresh(self.say, message.says)
            return
        self.desk.solved(message.plan, message.scenario)
        if waiting and wanted:
            self.open_plan()
        else:
            self.call_after_refresh(self.say, "The plan is ready: o, then Plan.")

    def save(self) -> str:
        """Ask the plan's name; return what to say where nothing is to be saved."""
        from wizard.screens.save import SaveScreen

        if self.desk.plan is None:
            return "Nothing to save yet: s solves."
        if self.desk.saved_as:
            return self.desk.save_again()
        self.push_screen(SaveScreen())
        return ""


def run_app(
    *,
    plans: Path,
    ascii_only: bool = False,
    mouse: bool = False,
    name: str = "",
    profile: str = "",
    sets: tuple[str, ...] = (),
    overlays: tuple[str, ...] = (),
) -> int:
    """Run the app on this terminal and tell where the plan or draft is; return the exit code.

    Raises InputError for an overlay, a profile or a `KEY=VALUE` of `sets` that cannot be used.
    """
    from wizard.launch import launch

    return launch(plans, ascii_only, mouse, opening_of(name, profile, sets), overlays)
