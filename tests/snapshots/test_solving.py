"""The solving screen: midway and stopping, with a solver that waits; what arrives when it ends."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from app_harness import hit, lines_of, make_app, press, until
from recorded_plan import recorded_plan
from textual.pilot import Pilot

from catalogs.toml_file import Fault, InputError
from solver.plan import Plan
from solver.scenario import Scenario
from solver.solve import Progress
from wizard.app import WizardApp
from wizard.screens.plan import PlanScreen
from wizard.screens.quick import QuickScreen
from wizard.screens.solving import SolvingScreen
from wizard.session import scenario_of, start

MIDWAY = Progress("solve", 23.0, 4152.0, 4078.0, 0.018)
ALONE = (("closed_api", None), ("closed_api", 4160.0), ("open_api", 4390.0), ("self_hosted", 9730.0))


def waiting(scenario: Scenario, on_progress: Callable[[Progress], None], stop: threading.Event) -> Plan:
    """A solver that reports midway, then waits until it is stopped."""
    on_progress(MIDWAY)
    assert stop.wait(20)
    return recorded_plan().model_copy(update={"status": "stopped", "gap": 0.018, "bound_per_month": 4046.0})


def slow_app(folder: Path, solve: Any = waiting, **settings: Any) -> WizardApp:
    """An app over that solver which shows the solving screen at once."""
    return make_app(folder, solve=solve, patience_s=0.01, **settings)


async def to_solving(pilot: Pilot[int], app: WizardApp) -> None:
    """From home to the solving screen, midway."""
    await press(pilot, ["n", "1"])
    await hit(pilot, "s")
    await until(pilot, lambda: isinstance(app.screen, SolvingScreen) and app.solving.gap is not None)
    assert scenario_of(app.desk.session_now) == scenario_of(start("support-chat", "support-chat"))


def played(app: WizardApp, play: Callable[[Pilot[int]], Coroutine[Any, Any, None]]) -> None:
    """Run the app under a pilot."""

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await play(pilot)
            app.stop.set()

    asyncio.run(go())


def test_midway_the_screen_shows_the_best_plan_and_the_bound(snap_compare: Callable[..., bool], tmp_path: Path) -> None:
    app = slow_app(tmp_path)

    async def run(pilot: Pilot[int]) -> None:
        await to_solving(pilot, app)
        seen = "\n".join(lines_of(app))
        assert "Best so far      4,152" in seen
        assert "Cannot be under  4,078" in seen
        assert "gap 1.8%" in seen

    assert snap_compare(app, run_before=run, terminal_size=(80, 24))


def test_stopping_is_told_at_once(snap_compare: Callable[..., bool], tmp_path: Path) -> None:
    release = threading.Event()

    def stubborn(scenario: Scenario, on_progress: Callable[[Progress], None], stop: threading.Event) -> Plan:
        on_progress(MIDWAY)
        for strategy, best in ALONE:
            on_progress(Progress(strategy, 0.1, best, best, None if best is None else 0.0))
        assert release.wait(20)
        return recorded_plan()

    app = slow_app(tmp_path, stubborn)

    async def run(pilot: Pilot[int]) -> None:
        await to_solving(pilot, app)
        await hit(pilot, "ctrl+c")
        seen = "\n".join(lines_of(app))
        assert "stopping, at most 5 s" in seen
        assert "Baselines        closed API 4,160   open API 4,390   self-hosted 9,730" in seen
        threading.Timer(0.5, release.set).start()

    assert snap_compare(app, run_before=run, terminal_size=(80, 24))


def test_enter_takes_the_best_plan_so_far_with_its_gap(tmp_path: Path) -> None:
    app = slow_app(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await to_solving(pilot, app)
        await hit(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen))
        assert any("stopped, gap 1.8%" in line for line in lines_of(app))

    played(app, play)


def test_esc_stops_goes_back_and_keeps_the_plan(tmp_path: Path) -> None:
    app = slow_app(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await to_solving(pilot, app)
        await hit(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, QuickScreen) and app.desk.plan is not None)
        await until(pilot, lambda: any("The plan is ready: o, then Plan." in line for line in lines_of(app)))

    played(app, play)


def test_leaving_the_screen_lets_the_solve_go_on(tmp_path: Path) -> None:
    app = slow_app(tmp_path)

    async def play(pilot: Pilot[int]) -> None:
        await to_solving(pilot, app)
        await hit(pilot, "l")
        await until(pilot, lambda: isinstance(app.screen, QuickScreen))
        assert app.solving.running
        assert not app.stop.is_set()
        await hit(pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, SolvingScreen))

    played(app, play)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            InputError(Fault("your answers", "load", '"flta"', "a load shape", "did you mean flat?")),
            "did you mean flat?",
        ),
        (RuntimeError("the solver ended oddly"), "our fault: RuntimeError: the solver ended oddly"),
    ],
)
def test_a_solve_that_fails_says_so_in_one_line_and_the_answers_stay(
    error: Exception, told: str, tmp_path: Path
) -> None:
    def failing(*_: Any) -> Plan:
        raise error

    app = make_app(tmp_path, solve=failing)

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["n", "1", "enter", "type 60k/day", "enter", "escape", "s"])
        assert isinstance(app.screen, QuickScreen)
        assert any(told in line for line in lines_of(app))
        assert (tmp_path / "drafts" / "support-chat.toml").exists()

    played(app, play)
