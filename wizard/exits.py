"""Stderr and the exit codes: nothing else writes to the one or chooses the other."""

import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """What the exit code of `wizard` means."""

    DONE = 0
    OUR_FAULT = 1
    BAD_INPUT = 2
    NO_PLAN = 3
    TIME_LIMIT = 4
    CHANGED = 10
    LINE_DROPPED = 129
    STOPPED = 130


MEANING = {
    Exit.DONE: "done",
    Exit.OUR_FAULT: "our fault: the log says more",
    Exit.BAD_INPUT: "bad input: each fault is told on stderr",
    Exit.NO_PLAN: "no plan fits",
    Exit.TIME_LIMIT: "time limit, with a gap above the one asked",
    Exit.CHANGED: "diff --exit-code found a change",
    Exit.LINE_DROPPED: "line dropped",
    Exit.STOPPED: "stopped by ctrl+c",
}


def say(text: str) -> None:
    """Write one message to stderr, on a terminal broken between words; a closed stderr loses it quietly."""
    try:
        sys.stderr.write(at_words(text) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def at_words(text: str) -> str:
    """The text with no line wider than the terminal of stderr, where that is one and a line has a blank to break at."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except (OSError, ValueError, AttributeError):
        return text
    if width < LEAST_COLUMNS or all(len(line) <= width for line in text.split("\n")):
        return text
    return "\n".join("\n".join(_broken(line, width)) for line in text.split("\n"))


def _broken(line: str, width: int) -> list[str]:
    if len(line) <= width or line.startswith(COMMAND):
        return [line]
    from textwrap import wrap

    indent = line[: len(line) - len(line.lstrip())]
    return wrap(
        line.strip(), width, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


COMMAND = "wizard "
"""How a line begins that is a command to be copied: a break would end it there."""
LEAST_COLUMNS = 20
"""Columns below which nothing is gained by breaking lines between words."""


def say_over(text: str, end: bool = False) -> None:
    """Write one line to stderr over the last one written so; `end` closes it."""
    try:
        sys.stderr.write(f"\r{text:<79}" + ("\n" if end else ""))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def state_folder() -> Path:
    """Folder of drafts and log (XDG state, through platformdirs)."""
    from platformdirs import user_state_path

    return user_state_path("wizard", appauthor=False)


def guarded(run: Callable[[], int]) -> int:
    """Run a command; turn whatever it raises into a line on stderr and an exit code, never a traceback."""
    try:
        return _flushed(run())
    except BrokenPipeError:  # the reader (head, less) has gone
        return Exit.DONE
    except KeyboardInterrupt:
        say("wizard: stopped")
        return Exit.STOPPED
    except Exception as error:
        return _refused(error)
    finally:
        _drop_unwritten()


def _drop_unwritten() -> None:
    """Point stdout elsewhere where it cannot take what is left: the interpreter's last flush would end with 120."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flushed(code: int) -> int:
    if sys.stdout is not None:
        sys.stdout.flush()
    return int(code)


def _refused(error: Exception) -> Exit:
    from catalogs.toml_file import InputError

    if isinstance(error, InputError):
        for fault in error.faults:
            say(f"wizard: {fault}")
        if len(error.faults) > 1:
            say(f"wizard: {len(error.faults)} faults")
        return Exit.BAD_INPUT
    if isinstance(error, MemoryError):
        say("wizard: out of memory")
        return Exit.OUR_FAULT
    what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    log = _logged(error)
    say(f"wizard: our fault: {what}" + (f"; the log is {log}" if log else ""))
    return Exit.OUR_FAULT


def _logged(error: Exception) -> Path | None:
    """Append the traceback to the log; None when the log cannot be written."""
    try:
        path = state_folder() / "wizard.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} wizard {' '.join(sys.argv[1:])}\n")
            log.writelines(traceback.format_exception(error))
    except OSError:
        return None
    return path
