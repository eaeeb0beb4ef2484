"""The app on terminals of many kinds, by the bytes that it sends: colours, letters, nothing without a terminal."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
LONG = pytest.mark.long
WIZARD = [sys.executable, "-m", "wizard"]
SGR = re.compile(r"\x1b\[([\d;]*)m")
Paints = Callable[..., str]


def environ(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a bare login, and no others."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    given = {**kept, "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8", **more}
    return {name: value for name, value in given.items() if value != "unset"}


@pytest.fixture
def paints(tmp_path: Path) -> Paints:
    """All bytes of a short visit on a pty: home, the plan of an example, the profiles, the four numbers, a field."""

    def visit(*arguments: str, **variables: str) -> str:
        child: pexpect.spawn[str] = pexpect.spawn(
            WIZARD[0], [*WIZARD[1:], *arguments], env=environ(tmp_path, **variables), encoding="utf-8", timeout=30,
            dimensions=(24, 80),
        )  # fmt: skip
        painted = ""
        for wanted, keys in (
            ("quit", "\r"), ("all counted", "2"), ("formula|sum", "q"), ("quit", "n"), ("What is it most like", "1"),
            ("soon", "\r"), ("accept", "\x11"), (pexpect.EOF, ""),
        ):  # fmt: skip
            child.expect(wanted)
            painted += str(child.before) + (child.after if isinstance(child.after, str) else "")
            child.send(keys)
        child.close()
        assert child.exitstatus == 0
        return painted

    return visit


def colours(painted: str) -> set[str]:
    """The kinds of colour that were asked for: 16, 256, truecolor."""
    kinds = set()
    for code in SGR.findall(painted):
        numbers = [int(number or 0) for number in code.split(";")]
        while numbers:
            first = numbers.pop(0)
            if first in (38, 48):
                kinds.add({5: "256", 2: "truecolor"}[numbers[0]])
                numbers = numbers[2:] if numbers[0] == 5 else numbers[4:]
            elif (30 <= first <= 47 and first not in (39,)) or 90 <= first <= 107:
                kinds.add("16")
    return kinds


def test_the_reader_of_colours_knows_each_kind() -> None:
    assert colours("\x1b[1;31m \x1b[0m \x1b[39;49m") == {"16"}
    assert colours("\x1b[38;5;31m") == {"256"}
    assert colours("\x1b[1;38;2;31;5;5;48;2;1;2;3m") == {"truecolor"}
    assert colours("\x1b[1m\x1b[2m\x1b[7m\x1b[0m\x1b[39m\x1b[m") == set()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        pytest.param({"COLORTERM": "truecolor"}, {"truecolor"}, marks=LONG),
        pytest.param({}, {"256"}, marks=LONG),
        pytest.param({"TERM": "screen-256color"}, {"256"}, marks=LONG),
        ({"TERM": "xterm"}, {"16"}),
        pytest.param({"TERM": "linux", "COLORTERM": ""}, {"16"}, marks=LONG),
        ({"NO_COLOR": "1"}, set()),
        pytest.param({"NO_COLOR": "", "COLORTERM": "truecolor"}, set(), marks=LONG),
        pytest.param({"NO_COLOR": "1", "TERM": "vt100"}, set(), marks=LONG),
    ],
    ids=str,
)
def test_only_colours_that_the_terminal_has_are_sent(
    paints: Paints, variables: dict[str, str], wanted: set[str]
) -> None:
    found = colours(paints(**variables))
    assert found <= wanted
    assert bool(found) == bool(wanted) or wanted == {"16"}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param(("--ascii",), {}, marks=LONG),
        ((), {"LANG": "C"}),
        pytest.param((), {"LANG": "unset"}, marks=LONG),
        pytest.param((), {"LANG": "de_DE.ISO-8859-1"}, marks=LONG),
        pytest.param((), {"LC_ALL": "POSIX"}, marks=LONG),
        pytest.param((), {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, marks=LONG),
    ],
    ids=str,
)
def test_a_terminal_without_utf_8_is_sent_ascii_alone(
    paints: Paints, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    painted = paints(*arguments, **variables)
    assert painted.isascii(), {letter for letter in painted if not letter.isascii()}


@pytest.mark.parametrize("stream", ["stdin", pytest.param("stderr", marks=LONG)])
def test_without_a_terminal_the_example_is_printed_and_nothing_is_painted(stream: str, tmp_path: Path) -> None:
    shell = {"stdin": "</dev/null", "stderr": "2>told"}[stream]
    child: pexpect.spawn[str] = pexpect.spawn(
        "/bin/sh", ["-c", f"{' '.join(WIZARD)} {shell}"], env=environ(tmp_path), cwd=str(tmp_path), encoding="utf-8"
    )
    child.expect(pexpect.EOF, timeout=60)
    text = str(child.before)
    child.close()
    assert child.exitstatus == 0
    assert "a month, all counted" in text
    assert "\x1b" not in text


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A tmux server of its own, 80x24."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux on this machine")
    socket = str(tmp_path / "tmux")

    def call(*arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", socket, "-f", "/dev/null", *arguments],
            capture_output=True, text=True, check=True, env=environ(tmp_path, TERM="xterm-256color"),
        ).stdout  # fmt: skip

    call("new-session", "-d", "-x", "80", "-y", "24", " ".join(WIZARD))
    yield call
    subprocess.run(["tmux", "-S", socket, "kill-server"], check=False, capture_output=True)


def test_inside_tmux_it_shows_takes_keys_fits_anew_and_leaves(tmux: Callable[..., str]) -> None:
    def shows(text: str) -> list[str]:
        for _ in range(150):
            pane = tmux("capture-pane", "-p").rstrip("\n").split("\n")
            if any(text in row for row in pane):
                return pane
            time.sleep(0.1)
        raise AssertionError("\n".join(pane))

    assert shows("q quit")[0].startswith(" wizard")
    tmux("send-keys", "n")
    shows("What is it most like?")
    tmux("send-keys", "Escape")
    shows("q quit")
    tmux("send-keys", "Down", "Enter")
    shows("all counted")
    tmux("resize-window", "-x", "50", "-y", "12")
    shows("needs 60x15")
    tmux("resize-window", "-x", "120", "-y", "40")
    shows("this plan")  # only the wide layout has it: tmux itself puts the old rows back before the app repaints
    tmux("send-keys", "BSpace")
    shows("q quit")
    tmux("send-keys", "q")
    for _ in range(100):
        try:
            tmux("has-session")
        except subprocess.CalledProcessError:
            return  # its only window has closed
        time.sleep(0.1)
    raise AssertionError("q at home did not leave")
