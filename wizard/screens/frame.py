"""The frame that all screens share: path, body, the line that explains, the line of keys."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from wizard.keys import EDITING, EVERYWHERE, Key, footer
from wizard.widgets.edit_line import EditLine
from wizard.widgets.glyphs import cut, hang, shown
from wizard.widgets.listing import Column, Listing, Row

if TYPE_CHECKING:
    from wizard.app import WizardApp

SMALLEST = (60, 15)
WIDE, LOW, TALL = 110, 20, 30
"""Cells for two columns, rows below which nothing is set apart, and rows for a column beside."""
SIDE = 0.29
"""Share of the width that the right column takes, as in app.tcss."""
Word = tuple[str, str]


class Framed(Screen[None], inherit_bindings=False):
    """A screen of the wizard: one job, one list with a cursor, nothing that moves by itself.

    A subclass states KEYS (and BINDINGS made of them), WORDS for the help, and fills the frame in `draw`.
    """

    AUTO_FOCUS = ""
    KEYS: ClassVar[tuple[Key, ...]] = ()
    WORDS: ClassVar[tuple[Word, ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = []
    EDIT_LABEL = ""
    TYPING: ClassVar[tuple[Key, ...]] = EDITING

    def __init__(self) -> None:
        super().__init__()
        self.note = ""
        self.painted: dict[str, tuple[str, int]] = {}
        self.drawn_in = Size(0, 0)

    @property
    def wizard(self) -> "WizardApp":
        """The app, which holds the session and the plan."""
        return cast("WizardApp", self.app)

    @property
    def ascii_mode(self) -> bool:
        """Whether only ASCII may be shown."""
        return self.wizard.ascii_mode

    @property
    def listing(self) -> Listing:
        """The list."""
        return self.query_one(Listing)

    @property
    def edit_line(self) -> EditLine:
        """The edit line, on screens that have one."""
        return self.query_one(EditLine)

    def compose(self) -> ComposeResult:
        """Lay out the frame, the same on every screen."""
        yield Static(id="path", markup=False)
        yield Static(id="head", classes="empty", markup=False)
        with Horizontal(id="body"):
            yield Listing(ascii_mode=self.ascii_mode)
            yield Static(id="side", markup=False)
        yield Static(id="foot", classes="empty", markup=False)
        if self.EDIT_LABEL:
            yield EditLine(self.EDIT_LABEL, ascii_mode=self.ascii_mode)
        yield Static(id="explain", markup=False)
        yield Static(id="keys", markup=False)
        yield Static(id="small", markup=False)

    @property
    def laid_out(self) -> bool:
        """Whether there is something to draw on: not yet on a screen just opened, no more on one that is going."""
        return bool(self.size.width and self.query("#small") and self.query(Listing))

    # What a subclass says.

    def path(self) -> str:
        """Where we are, for row 1."""
        return ""

    def state(self) -> str:
        """The state of saving, at the right of row 1."""
        return self.wizard.desk.saving

    def draw(self) -> None:
        """Fill head, list and foot from the session or the plan."""

    def about(self) -> str:
        """Explain the row under the cursor, in one line."""
        return ""

    def words(self) -> Sequence[Word]:
        """The words of this screen and what they mean, for the help."""
        return self.WORDS

    def numbered(self, digit: str) -> str:
        """What a digit stands for, by the row that bears it, `2 ( ) rag-search`; empty where it stands for nothing."""
        texts = [row.cells[0] for row in self.listing.rows]
        return next((text.partition(") ")[2] for text in texts if text.startswith(f"{digit} (")), "")

    def beside(self) -> Sequence[str] | None:
        """What the right column shows from 110x30 on; None where the list has the whole width."""
        return None

    # Filling the frame.

    def head(self, *lines: str, strong: int = 0) -> None:
        """Write the lines above the list, one of them in bold."""
        self._block("#head", lines, strong)

    def foot(self, *lines: str) -> None:
        """Write the lines below the list."""
        self._block("#foot", lines)

    def rows(self, columns: Sequence[Column], rows: Sequence[Row], cursor: int | str | None = None) -> None:
        """Fill the list, the cursor staying on its row unless told otherwise."""
        current = self.listing.current
        stay: int | str = current.key if current is not None and current.key else self.listing.cursor
        self.listing.show(columns, rows, stay if cursor is None else cursor)

    def explain(self, text: str = "") -> None:
        """Say something in the row above the keys until the cursor moves; without text, explain the row."""
        self.note = text
        if not self.laid_out:
            return
        line = shown(text or self.about(), self.ascii_mode)
        width = self.size.width - 1
        style = "bold" if line.startswith("!") else ""
        self._put("#explain", Content.styled(" " + cut(line, width), style))
        beside = self.beside()
        if beside is not None and self.has_class("-wide") and self.has_class("-tall"):
            room = int(self.size.width * SIDE) - 4
            lines = [piece for part in beside for piece in hang(shown(part, self.ascii_mode), room)]
            self._put("#side", Content("\n".join(lines)))

    def refresh_frame(self) -> None:
        """Draw everything anew from the state."""
        width, height = self.size
        if not self.laid_out:
            return
        self.drawn_in = self.size
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-small")
        self.set_class(width >= WIDE, "-wide")
        self.set_class(height < LOW, "-low")
        self.set_class(height >= TALL, "-tall")
        if self.has_class("-small"):
            self._put("#small", Content(f"needs 60x15, have {width}x{height}"))
            return
        left, right = shown(" " + self.path(), self.ascii_mode), shown(self.state(), self.ascii_mode)
        left = cut(left, width - len(right) - 3)
        gap = " " * (width - len(left) - len(right) - 1)
        self._put("#path", Content.assemble((left, "bold"), gap, right))
        self.draw()
        self.show_keys()
        self.set_class(self.beside() is None, "-alone")
        self.explain(self.note)

    def show_keys(self) -> None:
        """Write the keys into the last row; nothing is sent where they are the same."""
        self._put("#keys", Content.styled(footer(self.keys_shown(), self.size.width), "dim"))

    def keys_shown(self) -> Sequence[Key]:
        """The keys of this screen now: while a value is typed, those of the edit line."""
        if self.EDIT_LABEL and self.edit_line.editing:
            return self.TYPING
        return self.KEYS

    def _block(self, where: str, lines: Sequence[str], strong: int | None = None) -> None:
        width = self.size.width - 2
        parts: list[Content] = []
        for place, line in enumerate(lines):
            style = "bold" if place == strong or line.startswith("!") else ""
            parts += [Content.styled(" " + piece, style) for piece in hang(shown(line, self.ascii_mode), width)]
        self.query_one(where).set_class(not parts, "empty")
        self._put(where, Content("\n").join(parts), height=len(parts))

    def _put(self, where: str, content: Content, height: int = 1) -> None:
        """Update a part of the frame if it changed, and lay out anew only if its height did: each costs bytes."""
        before = self.painted.get(where)
        key = (content.markup, height)
        if before != key:
            self.painted[where] = key
            part, grown = self.query_one(where, Static), before is None or before[1] != height
            if grown:  # a change of style makes Textual measure anew also where a layout is under way already
                part.styles.min_height = height
            part.update(content, layout=grown)

    # What happens.

    def on_screen_resume(self) -> None:
        """Draw before the first paint, and again when the screen comes back: what stood above may have changed it."""
        self.refresh_frame()

    def on_resize(self, event: events.Resize) -> None:
        """Draw in a new size; a field open in a window too small is let go until it fits."""
        if event.size == self.drawn_in:
            return
        self.refresh_frame()
        if self.EDIT_LABEL and self.edit_line.editing:
            self.set_focus(None if self.has_class("-small") else self.edit_line.field)

    def on_listing_moved(self) -> None:
        """Explain the row that the cursor reached."""
        self.explain()

    def on_edit_line_refused(self, event: EditLine.Refused) -> None:
        """Say in full what is wanted, where the edit line has no room for it."""
        self.explain("" if event.whole else f"! wanted: {event.wanted}")

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Let go of what was said of the text before."""
        if self.note:
            self.explain()

    def on_told(self) -> None:
        """Show what a thread has worked out."""
        self.refresh_frame()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let no key act unseen: in a window too small only those that leave."""
        return not self.has_class("-small")

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.listing.move(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self.listing.page(step)

    def action_edge(self, step: int) -> None:
        """Move the cursor to the first or last row."""
        self.listing.move(step * len(self.listing.rows))

    def action_back(self) -> None:
        """Go one level back."""
        self.wizard.back()

    def action_help(self) -> None:
        """Show this screen's keys and words."""
        from wizard.screens.help import HelpScreen

        self.app.push_screen(
            HelpScreen(self.path(), [*self.KEYS, *EVERYWHERE], self.words(), self.TYPING if self.EDIT_LABEL else ())
        )

    def action_outline(self) -> None:
        """Show every section and its state."""
        self.wizard.outline()

    def action_solve(self) -> None:
        """Solve with what there is."""
        self.wizard.solve_now()

    def action_save(self) -> None:
        """Save the plan, or say why there is nothing to save."""
        if said := self.wizard.save():
            self.explain(said)

    def action_undo(self) -> None:
        """Undo the last change, and show what stands now."""
        self.note = self.wizard.desk.undo()
        self.refresh_frame()
