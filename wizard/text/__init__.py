"""Strings from records, and stdout: nothing else writes there."""

import sys


def show(text: str) -> None:
    """Write a text to stdout, with one line end after it."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
