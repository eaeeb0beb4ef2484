"""A list with one cursor: columns that fit, the row under the cursor marked `>` and reversed.

It never takes the focus, so that letters stay free: the screen moves the cursor. A move repaints
two rows, which is what a slow line can bear.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from wizard.widgets.glyphs import cut, cut_inside, shown

MARGIN = 3
GAP = 2


@dataclass(frozen=True)
class Column:
    """A column; those that `grow` give way down to `least` cells, then the highest `rank` is dropped.

    Where `ends` is set, a cell too long keeps its last words.
    """

    title: str
    right: bool = False
    grows: bool = False
    rank: int = 0
    least: int = 10
    ends: bool = False


@dataclass(frozen=True)
class Row:
    """A row; one of a single cell takes all columns. `key` names what it stands for, the cursor passes `still` ones."""

    cells: tuple[str, ...]
    key: str = ""
    still: bool = False
    strong: bool = False
    dim: bool = False


def layout(columns: Sequence[Column], rows: Sequence[Row], width: int) -> dict[int, int]:
    """Width of each column that is shown, by its place; they fit `width` with two cells between."""
    apart = [row for row in rows if len(row.cells) > 1 or len(columns) == 1]
    natural = {
        place: max([len(column.title), *(len(row.cells[place]) for row in apart if place < len(row.cells))])
        for place, column in enumerate(columns)
    }
    kept = sorted(natural)

    def total() -> int:
        return sum(natural[place] for place in kept) + GAP * (len(kept) - 1)

    def squeeze() -> None:
        natural.update(wanted)
        while total() > width:
            able = [place for place in kept if columns[place].grows and natural[place] > columns[place].least]
            if not able:
                return
            natural[max(able, key=lambda place: natural[place])] -= 1

    wanted = dict(natural)
    squeeze()
    while total() > width and any(columns[place].rank for place in kept):
        kept.remove(max(kept, key=lambda place: (columns[place].rank, place)))
        squeeze()
    return {place: natural[place] for place in kept}


class Listing(Widget, can_focus=False):
    """Rows of text under a line of titles."""

    class Moved(Message):
        """The cursor stands on another row."""

    def __init__(self, *, ascii_mode: bool) -> None:
        super().__init__()
        self.ascii_mode = ascii_mode
        self.columns: tuple[Column, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self.widths: dict[int, dict[int, int]] = {}
        """The columns' widths, by the width that they were laid out in."""
        self.cursor = 0
        self.top = 0
        self.pointed = True
        """Whether there is a cursor; without one, moves scroll."""

    def show(self, columns: Sequence[Column], rows: Sequence[Row], cursor: int | str = 0) -> None:
        """Put these rows in; `cursor` is a row's number or its key."""
        cleaned = [
            Row(tuple(shown(cell, self.ascii_mode) for cell in row.cells), row.key, row.still, row.strong, row.dim)
            for row in rows
        ]
        before = self._painted()
        self.columns, self.rows, self.widths = tuple(columns), tuple(cleaned), {}
        places = [place for place, row in enumerate(self.rows) if not row.still]
        wanted = next((p for p in places if self.rows[p].key == cursor), 0) if isinstance(cursor, str) else cursor
        self.cursor = min(places, key=lambda place: abs(place - wanted), default=0)
        self._keep_in_view()
        after = self._painted()
        for y, line in enumerate(after):
            if before[y] != line:
                self.refresh(Region(0, y, self.size.width, 1))

    def _painted(self) -> list[Strip]:
        """The lines as they are drawn, to repaint only those that change."""
        return [self.render_line(y) for y in range(self.size.height)]

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        row = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        return None if row is None or row.still else row

    def move(self, step: int) -> bool:
        """Move the cursor by `step` rows that can be chosen, or scroll; tell whether anything moved."""
        if not self.pointed:
            before, self.top = self.top, max(0, min(self.top + step, len(self.rows) - self._room()))
            self.refresh()
            return before != self.top
        places = [place for place, row in enumerate(self.rows) if not row.still]
        if self.cursor not in places:
            return False
        index = max(0, min(len(places) - 1, places.index(self.cursor) + step))
        if places[index] == self.cursor:
            return False
        before, self.cursor = self.cursor, places[index]
        top = self.top
        self._keep_in_view()
        if top != self.top:
            self.refresh()
        else:
            for place in (before, self.cursor):
                self.refresh(Region(0, self._line_of(place), self.size.width, 1))
        self.post_message(self.Moved())
        return True

    def page(self, step: int) -> bool:
        """Move by a screenful."""
        return self.move(step * max(1, self._room() - 1))

    @property
    def _titled(self) -> int:
        return int(any(column.title for column in self.columns))

    def _room(self) -> int:
        """Rows that can be seen; when there are more, the last line tells so."""
        height = self.size.height - self._titled
        return max(1, height if len(self.rows) <= height else height - 1)

    def _line_of(self, place: int) -> int:
        return place - self.top + self._titled

    def _keep_in_view(self) -> None:
        room = self._room()
        first = next((place for place, row in enumerate(self.rows) if not row.still), 0)
        self.top = max(0, min(self.top, len(self.rows) - room))
        if not self.pointed:
            return
        if self.cursor < self.top:
            self.top = self.cursor if self.cursor > first else 0
        elif self.cursor >= self.top + room:
            self.top = self.cursor - room + 1

    def on_resize(self) -> None:
        """Keep the cursor in view in the new size, and as much above it as fits."""
        self.top = 0 if self.pointed else self.top
        self._keep_in_view()
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Rows and titles."""
        return len(self.rows) + self._titled

    def render_line(self, y: int) -> Strip:
        """Draw one line: titles, a row, or how many rows there are."""
        width = self.size.width
        base = self.rich_style
        if width not in self.widths:
            self.widths[width] = layout(self.columns, self.rows, width - MARGIN - 1)
        widths = self.widths[width]
        if y < self._titled:
            text = self._text(tuple(column.title for column in self.columns), widths)
            return self._strip("   " + text, base + Style(dim=True), width)
        place = y - self._titled + self.top
        if y - self._titled >= self._room() and len(self.rows) > self._room():
            last = min(len(self.rows), self.top + self._room())
            return self._strip(f"   {self.top + 1}-{last} of {len(self.rows)}", base + Style(dim=True), width)
        if place >= len(self.rows):
            return Strip.blank(width, base)
        row = self.rows[place]
        here = self.pointed and place == self.cursor and not row.still
        style = base + Style(reverse=here or None, bold=row.strong or None, dim=(row.dim and not here) or None)
        return self._strip((" > " if here else "   ") + self._text(row.cells, widths), style, width)

    def _text(self, cells: Sequence[str], widths: dict[int, int]) -> str:
        if len(cells) == 1:
            return cells[0]
        pieces = []
        for place, wide in widths.items():
            column = self.columns[place]
            cell = (cut_inside if column.ends else cut)(cells[place] if place < len(cells) else "", wide)
            pieces.append(cell.rjust(wide) if column.right else cell.ljust(wide))
        return (" " * GAP).join(pieces)

    def _strip(self, text: str, style: Style, width: int) -> Strip:
        return Strip([Segment(cut(text, width).ljust(width), style)], width)
