"""The plain questions on this terminal, or on the lines of a pipe."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from wizard.exits import Exit, say
from wizard.opening import last_words, opening_of, read_overlays
from wizard.plain.talk import Talk
from wizard.shelf import Shelf
from wizard.store import shipped_folder

GREETING = "wizard, question by question. enter keeps what stands in brackets, ? tells more, q leaves."


def run_plain(
    *, plans: Path, name: str = "", profile: str = "", sets: Sequence[str] = (), overlays: Sequence[str] = ()
) -> int:
    """Ask, solve and save; return the exit code. Whatever ends it, the line on where draft or plan is comes last.

    Raises InputError for an overlay, a profile or a `KEY=VALUE` of `sets` that cannot be used, and where a file or
    pipe on stdin ends before one leaves.
    """
    opening = opening_of(name, profile, sets)
    talk = Talk(
        Shelf(plans, None, shipped_folder()), lambda: datetime.now().astimezone().date(), read_overlays(overlays)
    )
    say(GREETING)
    try:
        talk.go(partial(talk.opened_at, opening) if opening else talk.home)
    finally:
        if line := last_words(talk.desk):
            say(line)
    return Exit.DONE
