"""`wizard completion SHELL`: the script that lets a shell complete commands, options, plans and profiles."""

import argparse

from wizard.cli import parser
from wizard.completion import SHELLS, commands_of
from wizard.exits import Exit
from wizard.text import show


def completion(options: argparse.Namespace) -> int:
    """Print the script of a shell."""
    show(SHELLS[options.shell](commands_of(parser())))
    return Exit.DONE
