"""What this terminal can show, told from the environment, and a stdout that nothing can write to."""

import os
import select
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from catalogs.toml_file import Fault, InputError

THEME = "WIZARD_THEME"


def in_browser(environ: Mapping[str, str]) -> bool:
    """Whether this process is one that `wizard serve` started: its screen is a browser at the end of two pipes."""
    return environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def ascii_needed(environ: Mapping[str, str]) -> bool:
    """Whether the locale is not one of UTF-8; a browser always has it.

    Python sets LC_CTYPE to C.UTF-8 where the locale was C: that says nothing of the terminal, so it does not count.
    """
    if in_browser(environ):
        return False
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(name, "")
        if value and not (name == "LC_CTYPE" and value == "C.UTF-8"):
            return "utf" not in value.lower()
    return True


def few_colours(environ: Mapping[str, str]) -> bool:
    """Whether to use the terminal's own palette: NO_COLOR is set, or fewer than 256 colours are seen."""
    if "NO_COLOR" in environ:
        return True
    if forced := environ.get("TEXTUAL_COLOR_SYSTEM"):
        return forced == "standard"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return False
    return not environ.get("TERM", "").lower().endswith(("256color", "direct"))


def light(environ: Mapping[str, str]) -> bool:
    """Whether WIZARD_THEME asks for dark text on a light ground; InputError for what is neither light nor dark."""
    wanted = environ.get(THEME, "") or "dark"
    if wanted not in ("dark", "light"):
        raise InputError(Fault(THEME, "", f'"{wanted[:48]}"', "dark or light"))
    return wanted == "light"


def line_lost() -> bool:
    """Whether the terminal on standard input has gone: closed at its other end, with or without a signal."""
    line = select.poll()
    line.register(0, 0)
    return any(seen & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, seen in line.poll(0))


@contextmanager
def silent_stdout(painted: int = 2) -> Iterator[None]:
    """Point file descriptor 1 at nothing while the app paints (on `painted`), where a print would soil the screen.

    Textual asks `sys.__stdout__` for the size of the terminal, so that is the painted terminal meanwhile, which
    also gives the right size while stdout is a pipe.
    """
    with suppress(ValueError, OSError, AttributeError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
        screen = os.fdopen(os.dup(painted), "w", encoding="utf-8")
    except OSError:  # no stdout or stderr at all
        yield
        return
    before = vars(sys)["__stdout__"]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    vars(sys)["__stdout__"] = screen
    try:
        yield
    finally:
        vars(sys)["__stdout__"] = before
        with suppress(ValueError, OSError, AttributeError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        screen.close()
