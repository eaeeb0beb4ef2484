"""Where a command's text goes: the file of --out, else stdout."""

from pathlib import Path

from wizard.exits import Exit, say
from wizard.store import write_whole
from wizard.text import show


def put(text: str, out: str | None) -> Exit:
    """Write the text and return the exit code of what is done."""
    if out:
        write_whole(Path(out), text)
        say(f"wrote {out}")
    else:
        show(text)
    return Exit.DONE
