"""What a sitting of plain questions holds, and the one way in which it asks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from catalogs.catalog import Catalog
from catalogs.toml_file import InputError
from wizard.desk import Desk
from wizard.exits import say
from wizard.plain.prompt import Go, Place, read_line
from wizard.plain.words import COMMANDS, answered
from wizard.session import Session
from wizard.shelf import Shelf


class Sitting(ABC):
    """The desk, and questions to a person: every question takes the same letters in place of an answer."""

    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], date],
        overlay: Mapping[str, Any],
        read: Callable[[str], str] = read_line,
    ) -> None:
        self.desk = Desk(shelf, clock, overlay)
        self.overlay, self.read = overlay, read
        self.here: Place | None = None

    @property
    def session(self) -> Session:
        """The decision; only for questions about one."""
        return self.desk.session_now

    @cached_property
    def catalog(self) -> Catalog:
        """The figures, for what an answer does to the model."""
        from catalogs.catalog import load_catalog

        return load_catalog(overlays=[("the scenario", self.overlay)] if self.overlay else [])

    @abstractmethod
    def sections(self) -> Place:
        """Every section and its state."""

    @abstractmethod
    def profile(self, name: str = "") -> Place:
        """Choose a profile."""

    @abstractmethod
    def solve(self) -> Place:
        """Solve with what there is."""

    @abstractmethod
    def save(self) -> Place:
        """Save the plan."""

    def go(self, first: Place) -> None:
        """Go from place to place until one leaves."""
        self.here = first
        while self.here is not None:
            try:
                self.here = self.here()
            except Go as go:
                self.here = go.place

    def ask(self, prompt: str, keeps: str, help_: Sequence[str], back: Place | None) -> str:
        """The answer to a question; empty where enter was pressed. Letters are done here, or lead away by Go."""
        while True:
            text = self.read(f"{prompt} [{keeps}]: " if keeps else f"{prompt}: ")
            if text == "?":
                tell(*help_, "", *COMMANDS.splitlines())
            elif text == "q":
                raise Go(None)
            elif text == "b":
                raise Go(back)
            elif text not in ("l", "u", "o", "s", "w"):
                return text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
            elif self.desk.session is None:
                say("Nothing is answered yet: choose a profile or a plan first.")
            elif text == "l":
                tell("Answered so far:", *answered(self.session))
            elif text == "u":
                say(self.desk.undo())
                raise Go(self.here)
            else:
                raise Go({"o": self.sections, "s": self.solve, "w": self.save}[text])

    def change(self, make: Callable[[], Session]) -> bool:
        """Take a change and write the draft; where it cannot be taken, say what is wanted."""
        try:
            made = make()
        except InputError as error:
            for fault in error.faults:
                say(f"! found {fault.found}; wanted {fault.wanted}" + (f" ({fault.hint})" if fault.hint else ""))
            return False
        self.desk.edit(made)
        if self.desk.saving.startswith("!"):
            say(self.desk.saving)
        return True


def tell(*lines: str) -> None:
    """Say lines on stderr."""
    say("\n".join(lines))


def chosen_of(text: str, count: int) -> int | None:
    """The place from 0 of a number from 1 to `count`; None for any other text."""
    return int(text) - 1 if text.isdecimal() and 1 <= int(text) <= count else None
