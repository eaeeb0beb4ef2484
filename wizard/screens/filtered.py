"""A screen whose edit line filters its rows while it is typed."""

from collections.abc import Sequence
from typing import ClassVar

from wizard.keys import FINDING, Key
from wizard.screens.frame import Framed
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row


class Filtered(Framed):
    """`wanted` is the filter, `before` what it was when the line was opened."""

    EDIT_LABEL = "Find"
    TYPING: ClassVar[tuple[Key, ...]] = FINDING

    def __init__(self) -> None:
        super().__init__()
        self.wanted = ""
        self.before = ""

    def matching(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show the rows that hold the filter's text."""
        wanted = self.wanted.lower()
        self.rows(columns, [row for row in rows if wanted in " ".join(row.cells).lower()])
        self.edit_line.set_class(not self.wanted and not self.edit_line.editing, "empty")
        self.edit_line.keep(self.wanted)

    def action_find(self) -> None:
        """Open the line on the filter."""
        self.before = self.wanted
        self.edit_line.remove_class("empty")
        self.edit_line.open(self.wanted, lambda text: "")
        self.refresh_frame()

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Filter while it is typed."""
        self.wanted = event.text
        self.refresh_frame()

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Keep the filter."""
        self.filter_by(event.text)

    def on_edit_line_restored(self) -> None:
        """Put the filter back."""
        self.filter_by(self.before)

    def filter_by(self, wanted: str) -> None:
        """Keep a filter and shut the line; none shows all rows again."""
        self.wanted = wanted
        self.edit_line.shut()
        self.refresh_frame()
