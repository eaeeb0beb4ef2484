"""A parser whose faults read as all others: what was found, what is wanted, the nearest name; exit code 2."""

import argparse
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

LONGEST = 48
"""Characters of a wrong word that are told."""


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises InputError in place of printing its usage and leaving.

    What argparse found wrong is read from its message, by the forms in `_FORMS`: it gives no other account of it.
    """

    def error(self, message: str) -> NoReturn:
        """Raise the InputError that a message means."""
        from catalogs.toml_file import Fault, InputError  # not above: pydantic, for --help

        for form, read in _FORMS:
            if match := re.fullmatch(form, message, re.DOTALL):
                raise InputError(*(Fault(self.where, *parts) for parts in read(self, match)))
        raise InputError(Fault(self.where, "", message, "arguments that it takes", self.more))

    @property
    def where(self) -> str:
        """How a fault names it: `wizard solve`; `wizard` alone, whose name each fault begins with, is `arguments`."""
        return self.prog if " " in self.prog else "arguments"

    @property
    def more(self) -> str:
        """Where its arguments are told."""
        return f"{self.prog} --help"

    def action_of(self, name: str) -> argparse.Action | None:
        """The action of an argument as messages name it: `-v/--verbose`, `FILE`, `FORMAT`."""
        first = name.split("/")[0]
        known = (each for each in self._actions if first in (each.option_strings or (each.metavar, each.dest)))
        return next(known, None)

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """Raise the InputError of words that no argument takes."""
        from catalogs.toml_file import Fault, InputError

        options = [name for each in self._actions for name in each.option_strings]
        wrong = [word for word in words if word.startswith("-")]
        faults = [
            Fault(self.where, "", _quoted(word), "an option that it has", _nearest(word, options) or self.more)
            for word in wrong
        ]
        raise InputError(*faults or [Fault(self.where, "", _quoted(words[0]), "no further argument", self.more)])


Parts = tuple[str, str, str, str]
"""Key, found, wanted and hint of a fault."""


def _quoted(word: str) -> str:
    return f'"{word[:LONGEST]}"'


def _nearest(word: str, names: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word.split("=")[0].lower(), names, n=1, cutoff=0.55)
    return f"did you mean {near[0]}?" if near else ""


def _choice(parser: Parser, match: re.Match[str]) -> list[Parts]:
    action = parser.action_of(match["key"])
    names = [str(name) for name in (action.choices if action and action.choices else ())]
    key = "" if match["key"] == "COMMAND" else match["key"]
    wanted = f"one of {', '.join(names)}" if names else "another value"
    return [(key, _quoted(match["found"]), wanted, _nearest(match["found"], names))]


def _missing(parser: Parser, match: re.Match[str]) -> list[Parts]:
    return [(name, "nothing", _help(parser, name), parser.more) for name in match["keys"].split(", ")]


def _empty(parser: Parser, match: re.Match[str]) -> list[Parts]:
    return [(match["key"], "nothing", _help(parser, match["key"]), parser.more)]


def _help(parser: Parser, name: str) -> str:
    action = parser.action_of(name)
    return (action.help or "a value").replace("%%", "%") if action else "a value"


def _told(parser: Parser, match: re.Match[str]) -> list[Parts]:
    return [(match["key"], _quoted(match["found"]), match["wanted"], "")]


def _no_value(parser: Parser, match: re.Match[str]) -> list[Parts]:
    return [(match["key"], _quoted(match["found"]), "no value: it is there or not", parser.more)]


def _both(parser: Parser, match: re.Match[str]) -> list[Parts]:
    return [(match["key"], f"{match['other']} too", "one of the two", parser.more)]


_FORMS: tuple[tuple[str, Callable[[Parser, re.Match[str]], list[Parts]]], ...] = (
    (r"argument (?P<key>\S+): invalid choice: (?P<q>['\"])(?P<found>.*?)(?P=q).*", _choice),
    (r"the following arguments are required: (?P<keys>.+)", _missing),
    (r"argument (?P<key>\S+): expected .*argument.*", _empty),
    (r"argument (?P<key>\S+): found (?P<q>['\"])(?P<found>.*?)(?P=q); wanted (?P<wanted>.*)", _told),
    (r"argument (?P<key>\S+): ignored explicit argument (?P<q>['\"])(?P<found>.*?)(?P=q)", _no_value),
    (r"argument (?P<key>\S+): not allowed with argument (?P<other>\S+)", _both),
)


def whole(low: int, high: int, what: str) -> Callable[[str], int]:
    """A type of argparse: a whole number from `low` to `high`, told as `what`."""

    def read(text: str) -> int:
        plain = re.fullmatch(r"-?[0-9]{1,9}", text)
        if not plain or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"found {text[:LONGEST]!r}; wanted {what} from {low} to {high}")
        return int(text)

    return read
