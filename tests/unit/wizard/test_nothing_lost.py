"""What is answered is kept: through signals, a full disk, a folder that cannot be written, other sessions and versions.

The app runs on a pty, and what is told of is done to it. Nothing but the field being typed may be lost, and nothing
that another session or another version wrote may be overwritten.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest
import tomli_w

from catalogs.toml_file import InputError
from wizard.desk import Desk
from wizard.drafts import ChangedElsewhereError
from wizard.session import DRAFT_SCHEMA, Session, answers_of, from_draft, put, start, to_draft
from wizard.shelf import Shelf
from wizard.store import list_drafts

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
LONG = pytest.mark.long
CTRL_Q, CTRL_Z = "\x11", "\x1a"
Spawn = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Spawn]:
    """Start the wizard on a pty of 80x24, as often as asked; what is left of it is killed after the test."""
    started: list[pexpect.spawn[str]] = []

    def spawn(*command: str, **settings: Any) -> "pexpect.spawn[str]":
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environ = {**kept, "HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        whole = command or (sys.executable, "-m", "wizard", "--plans", str(tmp_path / "plans"))
        child: pexpect.spawn[str] = pexpect.spawn(
            whole[0], list(whole[1:]), env=environ, encoding="utf-8", timeout=30, dimensions=(24, 80), **settings
        )
        child.delaybeforesend = None
        started.append(child)
        return child

    yield spawn
    for child in started:
        child.close(force=True)


def folder_of(home: Path) -> Path:
    """Where the drafts are."""
    return home / ".local" / "state" / "wizard" / "drafts"


def typed(home: Path, name: str = "support-chat") -> dict[str, Any]:
    """What was typed, by the draft on the disk."""
    tables = tomllib.loads((folder_of(home) / f"{name}.toml").read_text(encoding="utf-8"))
    told: dict[str, Any] = answers_of(from_draft(tables))["set"]
    return {key.removeprefix("segment.chat."): text for key, text in told.items()}


def shelf_of(home: Path) -> Shelf:
    """The folders of the app, in this process."""
    return Shelf(home / "plans", folder_of(home), home / "examples")


def desk_of(home: Path) -> Desk:
    """A session in this process, over the folders of the app."""
    return Desk(shelf_of(home), lambda: pytest.fail("no day is needed"))


def begin(child: "pexpect.spawn[str]") -> None:
    """Start a decision and give its first answer; the field of the second is open then."""
    child.expect("quit")
    child.send("n1")
    child.expect("first token")
    child.send("\r70k/day\r")
    child.expect("draft saved")


def hear(child: "pexpect.spawn[str]", done: Callable[[], bool]) -> None:
    """Take what is painted until something is so."""
    stop = time.monotonic() + 30
    while not done():
        assert time.monotonic() < stop, "it never came to be"
        child.expect([pexpect.TIMEOUT, pexpect.EOF, ".+"], timeout=0.05)


def leave(child: "pexpect.spawn[str]") -> str:
    """Leave by ctrl+q; all that was painted then, the last words at its end."""
    child.send(CTRL_Q)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before)


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGHUP, marks=LONG), pytest.param(signal.SIGTERM, marks=LONG), signal.SIGKILL],
)
def test_a_signal_loses_the_field_being_typed_at_most(number: signal.Signals, app: Spawn, tmp_path: Path) -> None:
    child = app()
    begin(child)
    child.send("900\r120\r2 s\r")  # typed ahead of the screen: each belongs to a field of its own
    child.expect("2000|2 s")
    hear(child, lambda: "ttft" in typed(tmp_path))
    child.send("eu")
    child.expect("reads as")
    child.kill(number)
    child.expect(pexpect.EOF)
    child.close()
    ended = (child.exitstatus, child.signalstatus)
    assert ended == {signal.SIGHUP: (129, None), signal.SIGTERM: (143, None), signal.SIGKILL: (None, 9)}[number]
    assert typed(tmp_path) == {"requests": "70k/day", "input_tokens": "900", "output_tokens": "120", "ttft": "2 s"}
    again = app()
    again.expect("resume")
    again.expect("quit")
    again.send("\r")
    again.expect("70k/day")
    leave(again)
    assert not list(folder_of(tmp_path).glob(".*")), "a lock or a part of a file was left behind"


def test_killed_while_it_writes_a_draft_is_the_last_one_told_or_the_one_after(tmp_path: Path) -> None:
    code = f"""
        from pathlib import Path
        from wizard.session import put, start
        from wizard.shelf import Shelf
        shelf = Shelf(Path(), Path({str(tmp_path)!r}), Path())
        session = start("support-chat", "support-chat")
        for number in range(1, 100_000):
            shelf.keep(put(session, "chat.requests", f"{{number}}/day"))
            print(number, flush=True)
    """
    for least in (1, 3, 8):
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        told = 0
        while told < least:
            told = int(child.stdout.readline())
        child.kill()
        told = int(([str(told), *child.stdout.read().split()])[-1])
        child.stdout.close()
        child.wait()
        draft = Shelf(Path(), tmp_path, Path()).draft("support-chat")
        assert draft is not None
        assert draft.history[-1].value in (f"{told}/day", f"{told + 1}/day")


def test_ctrl_z_and_back_goes_on_where_it_was(app: Spawn, tmp_path: Path) -> None:
    shell = app("/bin/bash", "--norc", "--noprofile", "-i")
    shell.sendline(f"PS1='shell> '; {sys.executable} -m wizard --plans {tmp_path}/plans")
    begin(shell)
    shell.send("90")
    shell.expect("90")
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    assert typed(tmp_path) == {"requests": "70k/day"}
    shell.sendline("fg")
    shell.expect("70k/day")  # painted anew
    shell.send("0\r")
    hear(shell, lambda: typed(tmp_path) == {"requests": "70k/day", "input_tokens": "900"})
    shell.send(CTRL_Q)
    shell.expect("draft support-chat is kept")


def limit_files(most: int = 400) -> None:
    """Let this process write no file longer than so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.parametrize("way", ["tmpfs", pytest.param("limit", marks=LONG)])
def test_a_full_disk_keeps_the_last_draft_and_tells_the_answers_since(way: str, app: Spawn, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.mkdir(parents=True)
    mounted = (
        way == "tmpfs"
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    )
    if way == "tmpfs" and not mounted:
        pytest.skip("no file system may be mounted here")
    try:
        if way == "limit":
            child = app(preexec_fn=limit_files)
            child.expect("quit")
            child.send("n1")
            child.expect("first token")
            child.send("\r70k/day\r")
        else:
            child = app()
            begin(child)
            fill(folder / "filler")
            child.send("900\r")
        child.expect("! draft not saved")
        if way == "tmpfs":
            assert typed(tmp_path) == {"requests": "70k/day"}
            assert [path.name for path in folder.glob(".*.new")] == []
            (folder / "filler").unlink()
            child.send("120\r")
            child.expect("draft saved")
            assert typed(tmp_path) == {"requests": "70k/day", "input_tokens": "900", "output_tokens": "120"}
            fill(folder / "filler")
            child.send("2 s\r")
            child.expect("! draft not saved")
        words = leave(child)
        assert "could not be written" in words
        assert "wizard new support-chat --profile support-chat" in words
        assert "--set segment.chat.requests=70k/day" in words
        assert ("--set 'segment.chat.ttft=2 s'" in words) == (way == "tmpfs")
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until there is no room."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"x" * 512):
            pass


def test_a_read_only_folder_is_told_and_nothing_in_it_changes(app: Spawn, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wizard", "--plans", str(tmp_path / "plans")]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write anywhere, and cannot be held back here")
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    folder = folder_of(tmp_path)
    shelf_of(tmp_path).keep(put(start("support-chat", "support-chat"), "chat.requests", "60k/day"))
    for lock in folder.glob(".*"):
        lock.unlink()
    folder.chmod(0o555)
    try:
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        child = app(*command)
        child.expect("resume")
        child.send("\r")
        child.expect("60k/day")
        child.send("\r70k/day\r")
        child.expect("! draft not saved")
        words = leave(child)
        assert "Permission denied" in words
        assert "--set segment.chat.requests=70k/day" in words
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)


def test_a_second_session_on_a_draft_says_so_and_changes_a_copy(app: Spawn, tmp_path: Path) -> None:
    first = app()
    begin(first)
    second = app()
    second.expect("resume")
    second.send("\r")
    second.expect("open elsewhere: a change makes a copy")
    second.send("\r80k/day\r")
    second.expect("draft saved")
    first.send("900\r")
    hear(first, lambda: "input_tokens" in typed(tmp_path))
    assert typed(tmp_path) == {"requests": "70k/day", "input_tokens": "900"}
    assert typed(tmp_path, "support-chat-2") == {"requests": "80k/day"}
    assert "draft support-chat-2 is kept" in leave(second)
    desk = desk_of(tmp_path)
    assert "open in another session" in desk.drop_draft("support-chat")
    first.kill(signal.SIGKILL)
    first.expect(pexpect.EOF)
    first.close()
    draft = desk.shelf.draft("support-chat")
    assert draft is not None
    desk.resume(draft)
    assert desk.saving == "draft saved"


def test_sessions_that_begin_at_once_each_get_a_draft_of_their_own(tmp_path: Path) -> None:
    desks = [desk_of(tmp_path) for _ in range(12)]
    gate = threading.Barrier(len(desks))

    def answer_at_once(place: int, desk: Desk) -> None:
        desk.choose_profile("support-chat")
        made = put(desk.session_now, "chat.requests", f"{place + 1}k/day")
        gate.wait()
        desk.edit(made)

    threads = [threading.Thread(target=answer_at_once, args=(place, desk)) for place, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = list_drafts(folder_of(tmp_path))
    assert len(names) == len(desks)
    assert sorted(typed(tmp_path, name)["requests"] for name in names) == sorted(f"{n + 1}k/day" for n in range(12))


def test_a_draft_is_resumed_as_it_stands_and_not_as_it_was_listed(tmp_path: Path) -> None:
    one, other = desk_of(tmp_path), desk_of(tmp_path)
    one.choose_profile("support-chat")
    one.edit(put(one.session_now, "chat.requests", "60k/day"))
    (listed,) = other.shelf.in_progress()
    one.edit(put(one.session_now, "chat.ttft", "2 s"))
    one.clear()
    other.resume(listed)
    other.edit(put(other.session_now, "chat.input_tokens", "900"))
    assert typed(tmp_path) == {"requests": "60k/day", "ttft": "2 s", "input_tokens": "900"}


def test_a_draft_written_by_one_that_heeds_no_lock_is_left_as_it_is(tmp_path: Path) -> None:
    desk = desk_of(tmp_path)
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    path = folder_of(tmp_path) / "support-chat.toml"
    theirs = tomli_w.dumps(to_draft(put(start("support-chat", "support-chat"), "chat.requests", "90k/day")))
    path.write_text(theirs, encoding="utf-8")
    with pytest.raises(ChangedElsewhereError):
        desk.shelf.keep(desk.session_now)
    desk.edit(put(desk.session_now, "chat.ttft", "2 s"))
    assert desk.saving == "changed elsewhere: saved as support-chat-2"
    assert path.read_text(encoding="utf-8") == theirs
    assert typed(tmp_path, "support-chat-2") == {"requests": "60k/day", "ttft": "2 s"}
    desk.edit(put(desk.session_now, "chat.input_tokens", "900"))
    assert desk.saving == "draft saved"
    desk.drop_draft("support-chat-2")
    assert list_drafts(folder_of(tmp_path)) == ("support-chat",)


def test_where_nothing_can_be_locked_a_draft_changed_meanwhile_is_still_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*arguments: Any) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    one, other = desk_of(tmp_path), desk_of(tmp_path)
    one.choose_profile("support-chat")
    one.edit(put(one.session_now, "chat.requests", "60k/day"))
    (listed,) = other.shelf.in_progress()
    other.resume(listed)
    other.edit(put(other.session_now, "chat.ttft", "2 s"))
    one.edit(put(one.session_now, "chat.input_tokens", "900"))
    assert typed(tmp_path) == {"requests": "60k/day", "ttft": "2 s"}
    assert typed(tmp_path, "support-chat-2") == {"requests": "60k/day", "input_tokens": "900"}


def older(session: Session) -> dict[str, Any]:
    """A draft as it was before drafts had a number, with an answer to a question that is asked no more."""
    tables = to_draft(session)
    del tables["schema"]
    tables["history"] += [
        {"set": "segment.chat.smell", "value": "strong"},
        {"answer": "weather", "value": "2"},
        {"set": "segment.chat.ttft", "value": "2 s"},
    ]
    return tables


def test_drafts_of_other_versions_are_kept_as_they_are(app: Spawn, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.mkdir(parents=True)
    session = put(start("support-chat", "support-chat"), "chat.requests", "60k/day")
    newer = {**to_draft(session), "schema": DRAFT_SCHEMA + 1, "draft": "another form"}
    written = {
        "newer": tomli_w.dumps(newer), "support-chat": tomli_w.dumps(older(session)), "broken": "schema = ",
    }  # fmt: skip
    for name, text in written.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    child = app()
    child.expect("draft newer is kept, but cannot be read")
    child.expect("resume")
    child.send("\r")
    child.expect("2 answers not known here: a change makes a copy")
    child.send("\r")
    child.expect("accept")
    child.send("80k/day\r")
    child.expect("draft saved")
    assert "draft support-chat-2 is kept" in leave(child)
    assert typed(tmp_path, "support-chat-2") == {"requests": "80k/day", "ttft": "2 s"}
    for name, text in written.items():
        assert (folder / f"{name}.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["newer", "broken"])
def test_a_new_decision_never_takes_the_name_of_a_draft_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.mkdir(parents=True)
    text = {"newer": f"schema = {DRAFT_SCHEMA + 1}\n", "broken": "schema = "}[name]
    (folder / "support-chat.toml").write_text(text, encoding="utf-8")
    desk = desk_of(tmp_path)
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    assert desk.name == "support-chat-2"
    assert (folder / "support-chat.toml").read_text(encoding="utf-8") == text
    assert len(desk.shelf.unreadable()) == 1


def test_a_draft_of_a_newer_version_is_refused_by_its_number() -> None:
    tables = to_draft(start("support-chat", "support-chat"))
    assert from_draft(tables).name == "support-chat"
    with pytest.raises(InputError, match="schema"):
        from_draft({**tables, "schema": DRAFT_SCHEMA + 1})


def test_a_clock_that_goes_backwards_loses_nothing_and_the_last_one_written_is_first(
    app: Spawn, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path)
    shelf_of(tmp_path).keep(put(start("before", "support-chat"), "chat.requests", "60k/day"))
    ahead = time.time_ns() + 10**9 * 86_400 * 365
    os.utime(folder / "before.toml", ns=(ahead, ahead))  # written while the clock was a year ahead
    code = """
        import itertools, sys, time
        real, real_ns, hours = time.time, time.time_ns, itertools.count()
        time.time = lambda: real() - 3600 * next(hours)
        time.time_ns = lambda: real_ns() - 3600 * 10**9 * next(hours)
        from wizard.__main__ import main
        sys.exit(main())
    """
    child = app(sys.executable, "-c", textwrap.dedent(code))
    begin(child)
    child.send("900\r")
    hear(child, lambda: "input_tokens" in typed(tmp_path))
    assert "draft support-chat is kept" in leave(child)
    assert typed(tmp_path) == {"requests": "70k/day", "input_tokens": "900"}
    assert list_drafts(folder) == ("support-chat", "before")
    assert typed(tmp_path, "before") == {"requests": "60k/day"}
