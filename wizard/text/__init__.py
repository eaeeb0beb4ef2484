"""Strings from records, and stdout: nothing else writes there."""

import sys
from io import TextIOWrapper


def show(text: str) -> None:
    """Write a text to stdout, with one line end after it.

    What its encoding lacks is written as `\\u00e9`. InputError where stdout is closed or full.
    """
    if sys.stdout is None:
        raise _refused("closed")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(f"cannot be written ({error.strerror})") from None


def _refused(found: str) -> Exception:
    from catalogs.toml_file import Fault, InputError  # not above: pydantic, for --help

    return InputError(Fault("stdout", "", found, "a stdout that can be written, or --out FILE"))
