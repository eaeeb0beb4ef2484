"""Whether the interface stalls while a real solve runs in its thread: a heart beats in the loop that draws and hears.

The budget is 50 ms. `make bench` prints the longest pause between two beats; the suite holds only ratios to the same
loop without a solve, which a slow or busy machine slows down as well.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from wizard import launch
from wizard.app import WizardApp
from wizard.shelf import Shelf

BEAT_S, BUDGET_S = 0.005, 0.050
FEWER, LONGER, LEAST_S = 10.0, 20.0, 0.025


@dataclass(frozen=True)
class Heart:
    """Pauses between beats, in seconds."""

    pauses: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The longest pause above the one asked for, in seconds."""
        return max(self.pauses) - BEAT_S

    @property
    def rate(self) -> float:
        """Beats a second."""
        return len(self.pauses) / sum(self.pauses)

    @property
    def stalls(self) -> int:
        """Pauses above the budget."""
        return sum(pause - BEAT_S > BUDGET_S for pause in self.pauses)


async def beat(until: asyncio.Event) -> Heart:
    """Beat until told, in the loop of the app."""
    pauses, before = [], time.perf_counter()
    while not until.is_set():
        await asyncio.sleep(BEAT_S)
        now = time.perf_counter()
        pauses.append(now - before)
        before = now
    return Heart(tuple(pauses))


async def hearts(folder: Path, profile: int, runs: int) -> list[tuple[Heart, Heart, float]]:
    """By run: the heart of the idle screen, the heart from the key that solves to the plan, and the seconds it took."""
    app = WizardApp(
        clock=lambda: date(2026, 11, 24), shelf=Shelf(folder / "plans", folder / "drafts", folder / "none"),
        solve=launch.solve, patience_s=0.1,
    )  # fmt: skip
    found = []
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n", str(profile))
        for run in range(runs):
            still, done = asyncio.Event(), asyncio.Event()
            idle = asyncio.create_task(beat(still))
            await asyncio.sleep(0.5)
            still.set()
            started, heart = time.perf_counter(), asyncio.create_task(beat(done))
            app.solve_now()
            while app.solving.running:
                await asyncio.sleep(0.02)
            done.set()
            found.append((await idle, await heart, time.perf_counter() - started))
            assert app.desk.plan is not None, app.failures
            if run + 1 < runs:
                await pilot.pause()
                await pilot.press("q")
    return found


def test_the_interface_beats_on_while_it_solves(tmp_path: Path) -> None:
    found = asyncio.run(hearts(tmp_path, 1, 2))
    assert max(heart.rate * FEWER / idle.rate for idle, heart, _ in found) >= 1.0
    assert min(heart.worst / max(idle.worst, LEAST_S) for idle, heart, _ in found) <= LONGER


@pytest.mark.bench
@pytest.mark.parametrize("profile", [1, 2, 3])
def test_bench_stalls_while_solving(profile: int, tmp_path: Path) -> None:
    for idle, heart, seconds in asyncio.run(hearts(tmp_path, profile, 3)):
        print(
            f"\nprofile {profile}, solved in {seconds:5.2f} s: longest pause {heart.worst * 1e3:5.1f} ms "
            f"(idle {idle.worst * 1e3:4.1f}), above {BUDGET_S * 1e3:.0f} ms {heart.stalls} times, "
            f"{heart.rate:.0f} beats a second (idle {idle.rate:.0f})",
            end="",
        )
