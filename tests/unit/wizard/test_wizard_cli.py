"""The parser and the process: what is imported when, exit codes, quiet ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_plans import plan, run, scenario

import wizard.exits
from wizard import cli
from wizard.exits import MEANING, Exit, guarded
from wizard.store import load, save

HEAVY = {"textual", "rich", "highspy", "pulp", "numpy"}


def python(code: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environ},
    )  # fmt: skip


LOADED = """
import sys
from wizard.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
sys.stderr.write("LOADED " + " ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("list",), ("list", "--json"), ("show", "a"), ("diff", "a", "b"),
     ("diff", "a", "b", "--json"), ("help", "json"), ("schema",)],
    ids=" ".join,
)  # fmt: skip
def test_what_solves_nothing_loads_neither_textual_nor_a_solver(arguments: tuple[str, ...], tmp_path: Path) -> None:
    save(plan(), scenario(), "a", tmp_path)
    save(plan(verdict="self_host"), scenario(), "b", tmp_path)
    done = python(LOADED, *arguments, WIZARD_PLANS=str(tmp_path))
    loaded = set(done.stderr.rpartition("LOADED ")[2].split())
    assert "wizard" in loaded
    assert not loaded & HEAVY
    assert done.stdout
    if arguments in (("--help",), ("--version",)):
        assert "pydantic" not in loaded


def test_the_first_screen_is_painted_before_the_catalog_and_the_solver_are_loaded() -> None:
    done = python("import sys, wizard.launch; print(*sys.modules)")
    loaded = set(done.stdout.split())
    assert {"wizard.screens.plans", "textual.app"} <= loaded, done.stderr
    assert not loaded & {"catalogs.records", "solver.decide", "numpy", "pulp", "highspy", "plotext"}


def test_help_lists_the_commands_and_the_topics(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    for word in ("new", "solve", "show", "list", "diff", "validate", "schema", "catalog", "exit-codes"):
        assert word in printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("command", [name for name in cli._COMMANDS if name])
def test_each_command_has_help_and_a_function(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert "usage: wizard " + command in capsys.readouterr().out
    module, _, function = cli._COMMANDS[command].partition(":")
    assert callable(getattr(__import__(module, fromlist=[function]), function))


def test_the_exit_codes_are_those_documented() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0, "OUR_FAULT": 1, "BAD_INPUT": 2, "NO_PLAN": 3, "TIME_LIMIT": 4, "CHANGED": 10, "LINE_DROPPED": 129,
        "STOPPED": 130,
    }  # fmt: skip
    assert set(MEANING) == set(Exit)


@pytest.mark.parametrize(
    ("environ", "stdin", "stderr", "asked", "wanted"),
    [
        ({"TERM": "xterm"}, True, True, False, "screens"),
        ({"TERM": "dumb"}, True, True, False, "plain"),
        ({}, True, True, False, "plain"),
        ({"TERM": "xterm", "ACCESSIBLE": "1"}, True, True, False, "plain"),
        ({"TERM": "xterm", "ACCESSIBLE": "0"}, True, True, False, "screens"),
        ({"TERM": "xterm"}, True, True, True, "plain"),
        ({"TERM": "xterm"}, False, True, True, "plain"),
        ({"TERM": "xterm"}, False, True, False, "none"),
        ({"TERM": "xterm"}, True, False, False, "none"),
        ({"TERM": "xterm", "ACCESSIBLE": "1"}, False, True, False, "none"),
        ({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, False, False, False, "screens"),
    ],
)
def test_the_screens_the_questions_or_neither_by_what_the_terminal_is(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], stdin: bool, stderr: bool, asked: bool, wanted: str
) -> None:
    for name in ("TERM", "ACCESSIBLE", "TEXTUAL_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: stdin, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: stderr, raising=False)
    assert cli.face(asked) == wanted


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    code = "import sys\nfrom wizard.cli import main\nsys.exit(main(['help', 'json']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 0
    assert told == ""


SHOW = "import sys\nfrom wizard.cli import main\nsys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(("where", "says"), [(">&-", "closed"), (">/dev/full", "No space left on device")])
def test_a_stdout_that_cannot_be_written_is_told(where: str, says: str) -> None:
    for arguments, code in (("help json", 2), ("list", 2), ("--version", 0)):
        done = subprocess.run(
            ["sh", "-c", f'"$0" -c "$1" {arguments} {where}', sys.executable, SHOW],
            capture_output=True, text=True, timeout=60, check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )  # fmt: skip
        assert done.returncode == code
        assert (f"wizard: stdout: found {says}" in done.stderr or says in done.stderr) is (code == 2)
        assert "Traceback" not in done.stderr
        assert "our fault" not in done.stderr


def test_letters_that_stdout_lacks_are_written_as_escapes() -> None:
    code = "from wizard.text import show\nshow('\\u03bc\\udcff')"
    assert python(code, PYTHONIOENCODING="ascii").stdout == "\\u03bc\\udcff\n"


def test_ctrl_c_outside_a_solve_ends_with_130_and_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    def pressed() -> int:
        raise KeyboardInterrupt

    assert guarded(pressed) == 130
    assert capsys.readouterr().err == "wizard: stopped\n"


def test_a_fault_is_told_even_where_no_log_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(wizard.exits, "state_folder", lambda: tmp_path / "file" / "below")

    def broken() -> int:
        raise RuntimeError("no luck")

    assert guarded(broken) == 1
    assert capsys.readouterr().err == "wizard: our fault: RuntimeError: no luck\n"


SLOW = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from types import ModuleType
import made_plans, catalogs.catalog
from wizard.cli import main
def decide(scenario, catalog, gap, limit_s, on_progress, stop, all_refusals, day):
    sys.stderr.write("solving\\n"); sys.stderr.flush()
    import time
    stop.wait(30) and HEEDS or time.sleep(30)
    return made_plans.plan(status="stopped", gap=0.2)
sys.modules["solver.decide"] = ModuleType("solver.decide")
sys.modules["solver.decide"].decide = decide
catalogs.catalog.load_catalog = lambda **_: made_plans.small_catalog()
sys.exit(main(["new", "bot", "--profile", "support-chat", "--plans", sys.argv[1]]))
"""


def slow_solve(plans: Path, heeds: bool) -> subprocess.Popen[str]:
    """A process in the middle of a solve that heeds `stop`, or does not."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW.replace("HEEDS", str(heeds)), str(plans)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == "solving\n"
    time.sleep(0.3)  # until the main thread waits
    process.send_signal(signal.SIGINT)
    assert "stopping, at most 5 s" in process.stderr.readline()
    return process


def test_ctrl_c_stops_a_solve_and_the_best_so_far_is_printed_and_saved(tmp_path: Path) -> None:
    process = slow_solve(tmp_path, heeds=True)
    printed, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped, gap 20.0%" in printed
    assert "Traceback" not in told
    assert load(tmp_path / "bot.toml").plan.status == "stopped"


def test_a_second_ctrl_c_leaves_at_once_and_writes_nothing(tmp_path: Path) -> None:
    process = slow_solve(tmp_path, heeds=False)
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=10)
    assert process.returncode == 130
    assert printed == ""
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_help_takes_at_most_two_and_a_half_times_the_import_of_pydantic() -> None:
    def seconds(*command: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        return time.perf_counter() - start

    # By turns, so that other work on the machine slows both; it only ever adds, so the fastest of each counts.
    turns = [(seconds("-m", "wizard", "--help"), seconds("-c", "import pydantic")) for _ in range(9)]
    wizard, pydantic = map(min, zip(*turns, strict=True))
    assert wizard <= 2.5 * pydantic, f"{wizard / pydantic:.2f}"
