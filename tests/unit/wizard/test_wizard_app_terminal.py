"""The app on a real pseudo-terminal: what it paints on, how it ends, what it leaves behind."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


class Terminal:
    """The wizard on a pty of 80x24, its stdout in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.painted = b""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        kept = ("PATH", "PYTHONPATH", "SYSTEMROOT")
        environ = {name: os.environ[name] for name in kept if name in os.environ}
        environ |= {"HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        with (folder / "stdout").open("wb") as stdout:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wizard", "--plans", str(folder / "plans")],
                stdin=follower, stdout=stdout, stderr=follower, env=environ, start_new_session=True,
            )  # fmt: skip
        os.close(follower)
        self.leader = leader

    def read_until(self, text: bytes, limit_s: float = 20.0) -> None:
        """Read what is painted until it holds the text."""
        end = time.monotonic() + limit_s
        start = len(self.painted)
        while text not in self.painted[start:]:
            assert time.monotonic() < end, f"{text!r} was not painted"
            self._read(0.2)

    def _read(self, wait_s: float) -> None:
        if select.select([self.leader], [], [], wait_s)[0]:
            try:
                self.painted += os.read(self.leader, 65536)
            except OSError:
                time.sleep(wait_s)

    def press(self, keys: bytes) -> None:
        """Send keys."""
        os.write(self.leader, keys)

    def kill(self) -> None:
        """End it whatever it does, after a test that failed."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self, limit_s: float = 20.0) -> int:
        """Wait for the end, reading on; the exit code."""
        stop = time.monotonic() + limit_s
        while self.process.poll() is None:
            assert time.monotonic() < stop, "it did not end"
            self._read(0.05)
        for _ in range(5):
            self._read(0.01)
        os.close(self.leader)
        return self.process.returncode


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The app, ended after the test."""
    made = Terminal(tmp_path)
    yield made
    made.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_dropped_line_or_a_kill_keeps_the_draft_and_leaves_one_line(
    number: signal.Signals, code: int, terminal: Terminal, tmp_path: Path
) -> None:
    terminal.read_until(b"quit")
    terminal.press(b"n1")
    terminal.read_until(b"first token")
    terminal.press(b"\r70k/day\r")
    terminal.read_until(b"draft saved")
    os.kill(terminal.process.pid, number)
    assert terminal.end() == code
    assert b"\x1b[?1049l" in terminal.painted, "the alternate screen was left behind"
    assert b"draft support-chat is kept" in terminal.painted
    assert (tmp_path / "stdout").read_bytes() == b""
    drafts = list(tmp_path.glob("**/drafts/support-chat.toml"))
    assert len(drafts) == 1
    assert "70k/day" in drafts[0].read_text()


def test_the_mouse_is_not_asked_for_and_nothing_moves_when_idle(terminal: Terminal) -> None:
    terminal.read_until(b"catalog 20")
    for _ in range(10):
        terminal._read(0.1)
    settled = len(terminal.painted)
    for _ in range(15):
        terminal._read(0.1)
    assert len(terminal.painted) == settled
    assert b"\x1b[?1003h" not in terminal.painted
    terminal.press(b"\x11")  # ctrl+q
    assert terminal.end() == 0


def test_a_terminal_that_vanishes_without_a_signal_ends_the_app_and_keeps_the_draft(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.read_until(b"quit")
    terminal.press(b"n1")
    terminal.read_until(b"first token")
    terminal.press(b"\r70k/day\r")
    terminal.read_until(b"draft saved")
    os.close(terminal.leader)
    assert terminal.process.wait(20) == 129
    (draft,) = tmp_path.glob("**/drafts/support-chat.toml")
    assert "70k/day" in draft.read_text()
