"""TOML in, checked records out: one kind of input error, collected so that all faults are told at once."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

MAX_BYTES = 5_000_000
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, what was found, what is wanted, and a hint."""

    file: str
    key: str
    found: str
    wanted: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: found {self.found}; wanted {self.wanted}" + (f" ({self.hint})" if self.hint else "")


class InputError(Exception):
    """The user's input cannot be used; `faults` holds everything that is wrong with it."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))
