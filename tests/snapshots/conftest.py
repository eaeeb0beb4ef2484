"""The environment of the snapshots, frozen: no colour variable, one Python that may draw them anew."""

import asyncio
import sys
from pathlib import Path

import pytest

BASELINE = (3, 11)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to draw snapshots anew on another Python than the baseline one."""
    if config.getoption("update_snapshots", False) and sys.version_info[:2] != BASELINE:
        raise pytest.UsageError(f"draw snapshots anew on Python {'.'.join(map(str, BASELINE))} only")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what a developer's shell may set and Textual would heed; work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM", "WIZARD_PLANS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the pauses by the clock: the harness waits until all is heard and drawn instead, key by key."""

    async def give_way(*_: float) -> None:
        for _turn in range(3):
            await asyncio.sleep(0)

    monkeypatch.setattr("textual.app.wait_for_idle", give_way)
    monkeypatch.setattr("textual.pilot.wait_for_idle", give_way)
    monkeypatch.setattr("wizard.screens.plan_work.IDLE_S", 0.0)
