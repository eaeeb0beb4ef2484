"""New: a profile by its digit."""

from typing import ClassVar

from catalogs.profiles import profile_names
from wizard.keys import BACK, HELP, MOVES, Key, bindings, digits
from wizard.screens.frame import Framed, Word
from wizard.widgets.listing import Column, Row

CHOOSE = Key("enter", "choose", "enter", "choose", "choose the profile under the cursor")
CHOICES = len(profile_names())


class ProfileScreen(Framed):
    """The profiles, numbered."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, digits(CHOICES, "choose", "choose the profile so numbered", first=1), CHOOSE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("profile", "a scenario with every value filled in, each with its source; you change what you know better"),
    )

    def path(self) -> str:
        """New."""
        return "wizard  New plan"

    def draw(self) -> None:
        """List the profiles; the one that the draft stands on is marked."""
        self.head("What is it most like?", "The profile fills in every value; you change what you know better.")
        chosen = self.wizard.desk.profile
        rows = [
            Row((f"{place} ({'x' if name == chosen else ' '}) {name}", title), name)
            for place, (name, title) in enumerate(profile_names().items(), 1)
        ]
        columns = (Column("Profile"), Column("Answers to expect", grows=True))
        self.rows(columns, rows, chosen or None)

    def about(self) -> str:
        """What choosing does."""
        if self.wizard.desk.profile:
            return "Another profile keeps what you typed and changes the rest; u takes it back."
        return "A digit chooses and goes on."

    def action_digit(self, digit: str) -> None:
        """Choose by number."""
        self.wizard.choose_profile(list(profile_names())[int(digit) - 1])

    def action_choose(self) -> None:
        """Choose under the cursor."""
        if row := self.listing.current:
            self.wizard.choose_profile(row.key)
