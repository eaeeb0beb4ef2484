"""One question on stderr, one line from stdin. No escape code is sent, so a screen reader reads each line once."""

import sys
from collections.abc import Callable

from catalogs.toml_file import Fault, InputError
from wizard.exits import at_words, say

Place = Callable[[], "Place | None"]
"""Where the person is: it asks, and tells where to go on; None leaves."""


class Go(Exception):  # noqa: N818 (a way out of a question, no error)
    """Leave the question for another place."""

    def __init__(self, place: Place | None) -> None:
        self.place = place
        super().__init__()


def read_line(prompt: str) -> str:
    """Ask and read one line, without its spaces at both ends.

    Go(None) where a person ends the input; InputError where a file or pipe ends before all was answered.
    """
    if sys.stderr is not None:
        blank = " " if prompt.endswith(" ") else ""
        sys.stderr.write(at_words(prompt.rstrip(" ")) + blank)
        sys.stderr.flush()
    line = sys.stdin.readline() if sys.stdin is not None else ""
    typed = sys.stdin is not None and sys.stdin.isatty()
    if not typed or not line:
        say("")  # what a terminal echoes
    if not line and not typed:
        raise InputError(Fault("stdin", "", "its end", f"an answer to: {prompt.strip().rstrip(':')}"))
    if not line:
        raise Go(None)
    return line.encode("utf-8", "replace").decode("utf-8").strip()
