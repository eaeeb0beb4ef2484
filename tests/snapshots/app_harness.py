"""The app as the guided sessions run it: a frozen clock, temporary folders, a recorded plan; and its screen as text."""

import asyncio
import threading
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from made_figures import made_figures
from recorded_explorer import RecordedExplorer
from recorded_plan import conflicting_plan, hybrid_plan, no_plan, recorded_plan, unproven_plan
from textual.app import App
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from solver.plan import Plan
from solver.scenario import Scenario
from wizard.app import WizardApp
from wizard.screens.frame import SMALLEST, Framed
from wizard.session import answer, scenario_of, start
from wizard.shelf import Shelf

TODAY = date(2026, 11, 24)
FOLDER = Path(__file__).parent / "sessions"
PLANS = {
    "api": recorded_plan, "hybrid": hybrid_plan, "unproven": unproven_plan, "no_plan": no_plan,
    "conflict": conflicting_plan,
}  # fmt: skip


@dataclass(frozen=True)
class Played:
    """A session file: keys and what they must make. `set` and `checklist` are the same answers without a screen."""

    name: str
    keys: tuple[str, ...]
    line: str
    profile: str = ""
    set: dict[str, str] = field(default_factory=dict)
    checklist: dict[str, int] = field(default_factory=dict)
    size: tuple[int, int] = (80, 24)
    plan: str = "api"
    ascii: bool = False
    no_color: bool = False
    seeded: bool = False
    examples: bool = False
    figures: bool = False
    bargains: bool = False

    @property
    def answers(self) -> dict[str, Any]:
        """The answers file that the session says it is."""
        tables = {
            "set": {_full(key): text for key, text in sorted(self.set.items())},
            "checklist": self.checklist,
        }
        return {"profile": self.profile, **{name: table for name, table in tables.items() if table}}


def _full(key: str) -> str:
    """The full key of a session file's key: `chat.requests` is of a segment, `policy.budget` of the plan."""
    return key if key.split(".")[0] in Scenario.model_fields else f"segment.{key}"


def sessions() -> list[Played]:
    """All session files, by name."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        tables["keys"], tables["size"] = tuple(tables["keys"]), tuple(tables.get("size", (80, 24)))
        found.append(Played(path.stem, **tables))
    return found


def answering(plan: Plan) -> Callable[..., Plan]:
    """A solver that knows the plan already."""

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event, as_of: str | None = None) -> Plan:
        return plan

    return solve


def bargaining(plan: Plan) -> Callable[..., Plan]:
    """A solver that knows the plan already: 250 a month less where data may go anywhere, 40 less for one supplier."""

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event) -> Plan:
        abroad = all(segment.processing_in == "" for segment in scenario.segment.values())
        less = 250 * abroad + 40 * (scenario.policy.min_suppliers is None)
        return plan.model_copy(update={"total_per_month": (plan.total_per_month or 0) - less})

    return solve


def make_app(folder: Path, plan: Plan | None = None, **settings: Any) -> WizardApp:
    """An app over folders under `folder`; `solve` returns the recorded plan unless another is given."""
    shelf = Shelf(folder / "saved_plans", folder / "drafts", folder / "examples")
    given = {"solve": answering(plan or recorded_plan()), "clock": lambda: TODAY, "shelf": shelf, **settings}
    return WizardApp(**given)


def app_of(played: Played, folder: Path, **settings: Any) -> WizardApp:
    """The app that a session file asks for, its folders filled."""
    given = {"ascii_mode": played.ascii, "plain_colours": played.no_color, "explore": RecordedExplorer, **settings}
    if played.figures:
        given.setdefault("catalog", made_figures)
    if played.bargains:
        given.setdefault("solve", bargaining(recorded_plan()))
    app = make_app(folder, PLANS[played.plan](), **given)
    shelf = app.desk.shelf
    if played.seeded:
        seed(shelf.plans, shelf)
    if played.examples:
        seed(shelf.examples)
    return app


def seed(folder: Path, drafts: Shelf | None = None) -> None:
    """Two plans, one of today, and with `drafts` a draft with one answer."""
    from wizard.store import save

    scenario = scenario_of(start("seeded", "rag-search"))
    older = recorded_plan().model_copy(update={"catalog_as_of": "2026-08-28"})
    save(older, scenario, "support-bot", folder, "2026-08-30")
    save(hybrid_plan(), scenario, "rag-eu", folder, TODAY.isoformat())
    if drafts is not None:
        drafts.keep(answer(start("agents", "agents"), "data", 3))


def lines_of(app: WizardApp) -> list[str]:
    """What a reader sees, one text a row."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


async def redrawn(pilot: Pilot[int], ascii_mode: bool) -> list[str]:
    """The screen in front drawn anew, in ASCII or not, as text."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    assert isinstance(app.screen, Framed)
    app.ascii_mode = app.screen.listing.ascii_mode = ascii_mode
    if app.screen.EDIT_LABEL:
        app.screen.edit_line.ascii_mode = ascii_mode
    app.redraw()
    await settle(pilot)
    return lines_of(app)


async def rest(pilot: Pilot[int]) -> None:
    """Wait until no message waits and nothing is left to draw: as long as that takes, by no clock."""
    quiet = 0
    while quiet < 2 and pilot.app._exception is None:
        await pilot.pause()
        quiet = quiet + 1 if _idle(pilot.app) else 0


def _idle(app: App[int]) -> bool:
    screen = app.screen
    heard = all(
        node._message_queue.empty() and not node._next_callbacks
        for node in (app, *app.screen_stack, *screen.walk_children())
    )
    drawn = not (screen._callbacks or screen._dirty_widgets or screen._layout_required or screen._repaint_required)
    return heard and drawn and screen.is_mounted


async def settle(pilot: Pilot[int]) -> None:
    """Wait until the solve is over and its messages are heard; the same picture every time."""
    app = pilot.app
    assert isinstance(app, WizardApp)
    await rest(pilot)
    while app.solving.running or any(not worker.is_finished for worker in app.workers):
        with suppress(WorkerCancelled):  # what is drawn anew takes the place of the drawing before
            await app.workers.wait_for_complete()  # what a thread tells may start another one
        await rest(pilot)


async def until(pilot: Pilot[int], reached: Callable[[], bool]) -> None:
    """Let messages pass until something is so."""
    end = monotonic() + 20
    while not reached():
        assert monotonic() < end, "it was never reached"
        await asyncio.sleep(0.005)
        await rest(pilot)
    await rest(pilot)


async def resize(pilot: Pilot[int], width: int, height: int) -> None:
    """Give the window another size and wait until the screen has it."""
    await pilot.resize_terminal(width, height)
    wanted = (width, height), width < SMALLEST[0] or height < SMALLEST[1]
    await until(pilot, lambda: (pilot.app.screen.size, pilot.app.screen.has_class("-small")) == wanted)


async def hit(pilot: Pilot[int], *keys: str) -> None:
    """Press keys and wait until they are heard, whatever threads still work on."""
    for key in keys:
        await pilot.press(key)
        await rest(pilot)


async def press(pilot: Pilot[int], keys: Iterable[str]) -> None:
    """Press keys, `type TEXT` letter by letter, and settle after each."""
    await settle(pilot)
    for key in keys:
        letters = list(key.removeprefix("type ")) if key.startswith("type ") else [key]
        await pilot.press(*("space" if letter == " " else letter for letter in letters))
        await settle(pilot)
