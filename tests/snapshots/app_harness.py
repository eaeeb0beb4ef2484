"""The app as the guided sessions run it: a frozen clock, temporary folders, a recorded plan; and its screen as text."""

import threading
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

from recorded_plan import recorded_plan
from textual.pilot import Pilot

from solver.plan import Plan
from solver.scenario import Scenario
from wizard.app import WizardApp
from wizard.shelf import Shelf

TODAY = date(2026, 11, 24)


def answering(plan: Plan) -> Callable[..., Plan]:
    """A solver that knows the plan already."""

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event) -> Plan:
        return plan

    return solve


def make_app(folder: Path, plan: Plan | None = None, examples: Path | None = None, **settings: Any) -> WizardApp:
    """An app over empty folders under `folder`; `solve` returns the recorded plan unless another is given."""
    shelf = Shelf(folder / "saved_plans", folder / "drafts", examples or folder / "examples")
    given = {"solve": answering(plan or recorded_plan()), "clock": lambda: TODAY, "shelf": shelf, **settings}
    return WizardApp(**given)


def lines_of(app: WizardApp) -> list[str]:
    """What a reader sees, one text a row."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


async def settle(pilot: Pilot[int]) -> None:
    """Wait until workers and messages are done; the same picture every time."""
    await pilot.app.workers.wait_for_complete()
    for _ in range(3):
        await pilot.pause()


def keyed(keys: list[str]) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys and settle."""

    async def press(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return press
