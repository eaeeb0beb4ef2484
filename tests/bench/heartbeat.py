"""A heart in the loop of the app while it solves, in a process as users have it: `heartbeat.py PROFILE RUNS`.

Prints one JSON object a run: the pauses between beats from the key that solves to the plan, and those of the same way
with a solver that only waits: seconds beyond the pause that was asked for, and seconds of this process's processor in
each, all its threads together. On a machine that does nothing else no pause is longer than that.
"""

import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from solver.scenario import Scenario
from wizard import answering, launch
from wizard.app import WizardApp
from wizard.shelf import Shelf

BEAT_S = 0.005


async def beat(until: asyncio.Event) -> list[tuple[float, float]]:
    """Beat until told, in the loop of the app."""
    pauses, before, spent = [], time.perf_counter(), time.process_time()
    while not until.is_set():
        await asyncio.sleep(BEAT_S)
        now, used = time.perf_counter(), time.process_time()
        pauses.append((now - before - BEAT_S, used - spent))
        before, spent = now, used
    return pauses


async def hearts(folder: Path, profile: str, runs: int) -> None:
    """Solve a profile as often as asked, on the screens, with the solver and the catalog that users get."""
    sys.setswitchinterval(launch.SWITCH_S)
    out = sys.stdout  # the app takes its place
    app = WizardApp(
        clock=lambda: date(2026, 11, 24), shelf=Shelf(folder / "plans", folder / "drafts", folder / "none"),
        solve=answering.solve, catalog=partial(launch.catalog_for, {}), patience_s=0.1,
    )  # fmt: skip
    async with app.run_test(size=(80, 24)) as pilot:
        while app.catalog is None:
            await asyncio.sleep(0.05)
        await pilot.press("n", profile)
        for _ in range(runs):
            told: dict[str, Any] = {}
            for loop, solver in (("heart", answering.solve), ("idle", waiting(told))):
                app.solver, done = solver, asyncio.Event()
                started, heart = time.perf_counter(), asyncio.create_task(beat(done))
                app.solve_now()
                while app.solving.running:
                    await asyncio.sleep(0.02)
                told.setdefault("seconds", time.perf_counter() - started)
                await pilot.pause(0.2)
                done.set()
                told |= {loop: await heart, "plan": app.desk.plan}
                await pilot.press("q")
            out.write(json.dumps({**told, "plan": told["plan"] is not None}) + "\n")


def waiting(told: dict[str, Any]) -> Callable[..., Any]:
    """A solver that only waits as long as the one before took, and has its plan: the same loop without a solve."""

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event) -> Any:
        stop.wait(told["seconds"])
        return told["plan"]

    return solve


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as given:
        asyncio.run(hearts(Path(given), sys.argv[1], int(sys.argv[2])))
