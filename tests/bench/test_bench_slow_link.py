"""What a slow link has to carry: the bytes that the app sends through a pty of 80x24, key by key.

The budgets are those of the house: a row down at most 1.1 kB, another screen at most 17 kB, solving at most 1.5 kB/s,
an idle screen nothing at all. `make bench` prints what is sent; the suite holds the budgets with 30 % of slack, which
is for other versions of the tables, as bytes do not depend on the machine.
"""

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
ROW, SCREEN, SOLVING, SLACK = 1_100, 17_000, 1_500, 1.3
DOWN, ENTER, LEAVE = "\x1b[B", "\r", "\x11"
QUIET_S, SETTLED_S = 0.25, 3.0
WIZARD = ("-m", "wizard")
LEVER = b"salary"
"""What is in the table of levers, and not on the screen before: it is there when the options have been raised."""


class Link:
    """A program on a pty of 80x24 in truecolor, the dearest kind, and the bytes that came over it."""

    def __init__(self, folder: Path, *command: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.leader, follower = os.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        given = {**kept, "HOME": str(folder), "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=follower, stdout=subprocess.DEVNULL, stderr=follower, env=given,
            cwd=folder, start_new_session=True,
        )  # fmt: skip
        os.close(follower)

    def read(self, seconds: float, least: bytes = b"") -> bytes:
        """What comes until nothing has come for so long; `least` is waited for, up to half a minute."""
        came, stop = b"", time.monotonic() + 30
        while select.select([self.leader], [], [], seconds)[0] or least not in came:
            assert time.monotonic() < stop, f"{least!r} was not painted"
            if select.select([self.leader], [], [], 0.1)[0]:
                came += os.read(self.leader, 65536)
        return came

    def sent(self, keys: str, least: str = "", quiet_s: float = QUIET_S) -> int:
        """The bytes that keys bring, until the screen is still and has shown a text."""
        os.write(self.leader, keys.encode())
        select.select([self.leader], [], [], 10)
        return len(self.read(quiet_s, least.encode()))

    def sent_in(self, seconds: float) -> int:
        """The bytes that come by themselves in some seconds."""
        came, stop = 0, time.monotonic() + seconds
        while (left := stop - time.monotonic()) > 0:
            if select.select([self.leader], [], [], left)[0]:
                came += len(os.read(self.leader, 65536))
        return came

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self.leader)


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Link]:
    """The wizard at home, its catalog read."""
    made = Link(tmp_path, *WIZARD)
    made.read(QUIET_S, b"catalog 20")
    yield made
    made.close()


def walked(link: Link, whole: bool) -> tuple[dict[str, int], dict[str, int], int]:
    """Bytes of rows down and of screens by where they are, and of a second and a half without a key."""
    rows: dict[str, int] = {}
    screens: dict[str, int] = {}

    def down(where: str) -> None:
        rows[where] = max(link.sent(DOWN) for _ in range(2))

    down("home")
    screens["a plan"] = link.sent(ENTER, "all counted")
    screens["tab cost"] = link.sent("2")
    down("tab cost")
    screens["tab why not"] = link.sent("3")
    down("tab why not")
    if whole:
        screens["tab what if"] = link.sent("4")
        link.read(SETTLED_S, LEVER)
        down("tab what if")
        screens["tab load"] = link.sent("5")
        screens["tab load, scrolled"] = link.sent(DOWN)
        screens["tab risks"] = link.sent("6")
        down("tab risks")
        screens["tab next steps"] = link.sent("7")
        down("tab next steps")
    screens["back home"] = link.sent("q", "quit")
    screens["profiles"] = link.sent("n", "What is it most like")
    screens["four numbers"] = link.sent("1", "first token")
    down("four numbers")
    screens["outline"] = link.sent("o", "Segments")
    down("outline")
    if whole:
        screens["back from the outline"] = link.sent("q")
        screens["help"] = link.sent("?")
        screens["back from help"] = link.sent("q")
    screens["palette"] = link.sent("\x10")
    down("palette")
    screens["back from the palette"] = link.sent("\x1b")
    link.read(1.0)
    return rows, screens, link.sent_in(1.5)


SOLVE = """
    import sys, threading, time
    from datetime import date
    from pathlib import Path
    from solver.solve import Progress
    from wizard.app import WizardApp
    from wizard.shelf import Shelf

    def solve(scenario, on_progress, stop):
        started, number = time.monotonic(), 0
        while not stop.wait(0.01):  # a report every 10 ms, each with other figures
            number += 1
            took, best, bound = time.monotonic() - started, 90_000 - number, 9_000 + number
            on_progress(Progress(stage="solve", elapsed_s=took, best=best, bound=bound, gap=0.9 / number))
        raise SystemExit

    here = Path.cwd()
    app = WizardApp(clock=date.today, shelf=Shelf(here / "plans", here / "drafts", here / "none"), solve=solve)
    app.run(mouse=False)
"""


def solving(folder: Path, seconds: float) -> float:
    """Bytes a second while it solves and every report has another figure."""
    link = Link(folder, "-c", textwrap.dedent(SOLVE))
    try:
        link.read(QUIET_S, b"quit")
        link.sent("n", "What is it most like")
        link.sent("1", "first token")
        os.write(link.leader, b"s")
        came, stop = b"", time.monotonic() + 30
        while b"Cannot be under" not in came and time.monotonic() < stop:
            came += os.read(link.leader, 65536)
        link.sent_in(0.5)
        return link.sent_in(seconds) / seconds
    finally:
        link.close()


def test_a_row_a_screen_and_an_idle_screen_send_no_more_than_their_budgets(link: Link) -> None:
    rows, screens, idle = walked(link, whole=False)
    assert {where: sent for where, sent in rows.items() if sent > ROW * SLACK} == {}
    assert {where: sent for where, sent in screens.items() if sent > SCREEN * SLACK} == {}
    assert all(rows.values())
    assert all(screens.values())
    assert idle == 0


def test_solving_sends_no_more_than_its_budget(tmp_path: Path) -> None:
    assert 0 < solving(tmp_path, 2.0) <= SOLVING * SLACK


@pytest.mark.bench
def test_bench_bytes_through_a_pty(link: Link, tmp_path: Path) -> None:
    rows, screens, idle = walked(link, whole=True)
    for title, budget, found in (("a row down", ROW, rows), ("a screen", SCREEN, screens)):
        print(f"\n{title}, bytes (budget {budget:,})")
        for where, sent in sorted(found.items(), key=lambda pair: -pair[1]):
            print(f"  {where:<24s}{sent:>8,}{'  over' * (sent > budget)}")
    print(f"\nidle for 1.5 s: {idle} bytes (budget 0)")
    print(f"solving: {solving(tmp_path, 10.0):,.0f} bytes a second (budget {SOLVING:,})")
