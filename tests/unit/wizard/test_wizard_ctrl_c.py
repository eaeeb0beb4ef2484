"""Ctrl+c on a real terminal: heard while modules load, while work heeds nothing, and while other processes solve."""

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from made_plans import CHAT

SOON_S = 3.0
"""Within which all is over: a second by the promise, the rest for a busy machine; what it interrupts takes a minute."""
Start = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Run Python on a pty until it has printed that it is ready."""
    started: list[pexpect.spawn[str]] = []

    def spawn(code: str, *arguments: str, ready: str = "READY") -> "pexpect.spawn[str]":
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable, ["-c", textwrap.dedent(code), *arguments], env={**kept, "HOME": str(tmp_path)},
            encoding="utf-8", timeout=60, cwd=tmp_path,
        )  # fmt: skip
        started.append(child)
        child.expect(ready)
        return child

    yield spawn
    for child in started:
        child.close(force=True)


def pressed(child: "pexpect.spawn[str]") -> tuple[int | None, str]:
    """Exit code and what is still printed after ctrl+c, which must be soon."""
    begun = time.monotonic()
    child.sendintr()
    child.expect(pexpect.EOF)
    assert time.monotonic() - begun < SOON_S
    child.close()
    told = child.before or ""
    assert "Traceback" not in told
    return child.exitstatus, told


def test_while_modules_load_it_ends_at_once_also_where_python_swallows_what_is_raised(start: Start) -> None:
    child = start("""
        import sys, time
        class Slow:
            def __del__(self):
                print("READY", flush=True)
                time.sleep(60)
        class Finder:
            def find_spec(self, name, *_):
                if name == "wizard.arguments":
                    Slow()
        sys.meta_path.insert(0, Finder())
        from wizard.__main__ import main
        sys.exit(main())
    """)
    code, told = pressed(child)
    assert code == 130
    assert "wizard: stopped" in told


DEAF = """
    import sys, time
    from wizard.ctrl_c import in_a_thread
    from wizard.exits import guarded
    def deaf(stop):
        time.sleep(0.5)  # until the main thread waits
        print("READY", flush=True)
        time.sleep(60)
    import wizard.cli
    wizard.cli.main = lambda: guarded(lambda: in_a_thread(deaf, 0.5))
    from wizard.__main__ import main
    sys.exit(main())
"""


def test_work_that_does_not_heed_it_is_left_behind_in_time(start: Start) -> None:
    code, told = pressed(start(DEAF))
    assert code == 130
    assert "stopping, at most 0.5 s" in told
    assert "wizard: stopped" in told


def test_a_sweep_ends_with_its_processes_which_say_nothing_of_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / "chat.toml").write_text(CHAT)
    child = start(
        "import sys; from wizard.__main__ import main; sys.exit(main())",
        "sweep", "chat.toml", "--vary", "requests=0.1x..10x", "--points", "200", "--jobs", "2", "--out", "found.txt",
        ready="[1-9] of 200 points",
    )  # fmt: skip
    workers = [pid for pid in processes_of(child.pid) if "popen_loky" in command_of(pid)]
    assert len(workers) == 2
    for pid in workers:
        os.kill(pid, signal.SIGINT)
    time.sleep(0.3)
    assert all("popen_loky" in command_of(pid) for pid in workers)
    code, _ = pressed(child)
    assert code == 130
    assert not any("popen_loky" in command_of(pid) for pid in workers)
    assert not (tmp_path / "found.txt").exists()


def processes_of(pid: int | None) -> list[int]:
    return [
        int(each)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for each in (task / "children").read_text().split()
    ]  # fmt: skip


def command_of(pid: int) -> str:
    """The command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
