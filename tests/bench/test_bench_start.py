"""How soon `wizard` answers: the first paint and --help, beside `import textual` on the same machine at the same time.

The budgets are seconds of a quiet machine of 2 cores, on which `import textual.app` took 0.14 to 0.18 s. `import
textual` takes 0.6 of that (0.57 to 0.64 in five measurements beside each other), so 0.10 s there; the budgets are held
as multiples of it. The runs alternate and the fastest of each counts, for other work on the machine only ever adds.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]
REFERENCE_S = 0.10
HELP_S, PAINT_S = 0.25, 0.6
RUNS = 9
WIZARD = [sys.executable, "-m", "wizard"]


def ended(*command: str) -> float:
    """Seconds until a command has ended."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - started


def painted(folder: Path) -> float:
    """Seconds until the last row of the first screen stands on a pty."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    leader, follower = os.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(
        WIZARD, stdin=follower, stdout=subprocess.DEVNULL, stderr=follower, cwd=folder, start_new_session=True,
        env={**kept, "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "80", "LINES": "24"},
    )  # fmt: skip
    os.close(follower)
    try:
        seen = b""
        while b"quit" not in seen:
            assert select.select([leader], [], [], 30)[0], "nothing was painted"
            seen += os.read(leader, 65536)
        return time.perf_counter() - started
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def test_the_first_paint_and_the_help_are_within_their_budgets(tmp_path: Path) -> None:
    ways: dict[str, Callable[[], float]] = {
        "import textual": lambda: ended(sys.executable, "-c", "import textual"),
        "wizard --help": lambda: ended(*WIZARD, "--help"),
        "first paint": lambda: painted(tmp_path),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way, measure in ways.items():
            times[way].append(measure())
    best = {way: min(each) for way, each in times.items()}
    ratios = {way: seconds / best["import textual"] for way, seconds in best.items()}
    for way, seconds in best.items():
        print(f"{way:>16s} {seconds:.3f} s, {ratios[way]:.2f} times import textual")
    assert ratios["wizard --help"] <= HELP_S / REFERENCE_S
    assert ratios["first paint"] <= PAINT_S / REFERENCE_S
