"""A heart in the loop of the app while it solves, in a process as users have it: `heartbeat.py PROFILE RUNS`.

Prints one JSON object a run: the pauses between beats of the idle screen, and those from the key that solves to the
plan, in seconds, beyond the pause that was asked for.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

from wizard import launch
from wizard.app import WizardApp
from wizard.shelf import Shelf

BEAT_S = 0.005


async def beat(until: asyncio.Event) -> list[float]:
    """Beat until told, in the loop of the app."""
    pauses, before = [], time.perf_counter()
    while not until.is_set():
        await asyncio.sleep(BEAT_S)
        now = time.perf_counter()
        pauses.append(now - before - BEAT_S)
        before = now
    return pauses


async def hearts(folder: Path, profile: str, runs: int) -> None:
    """Solve a profile as often as asked, on the screens, with the solver and the catalog that users get."""
    sys.setswitchinterval(launch.SWITCH_S)
    app = WizardApp(
        clock=lambda: date(2026, 11, 24), shelf=Shelf(folder / "plans", folder / "drafts", folder / "none"),
        solve=launch.solve, catalog=partial(launch.catalog_for, {}), patience_s=0.1,
    )  # fmt: skip
    async with app.run_test(size=(80, 24)) as pilot:
        while app.catalog is None:
            await asyncio.sleep(0.05)
        await pilot.press("n", profile)
        for _ in range(runs):
            still, done = asyncio.Event(), asyncio.Event()
            idle = asyncio.create_task(beat(still))
            await asyncio.sleep(0.5)
            still.set()
            started, heart = time.perf_counter(), asyncio.create_task(beat(done))
            app.solve_now()
            while app.solving.running:
                await asyncio.sleep(0.02)
            done.set()
            solved = time.perf_counter() - started
            told = {"idle": await idle, "heart": await heart, "seconds": solved, "plan": app.desk.plan is not None}
            sys.__stdout__.write(json.dumps(told) + "\n")
            await pilot.pause(0.5)
            await pilot.press("q")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as given:
        asyncio.run(hearts(Path(given), sys.argv[1], int(sys.argv[2])))
