"""The one line in which a value is typed; it stands below a list and nothing shifts when it opens."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from wizard.widgets.glyphs import cut, shown

FIELD = 28
PARTS = {
    "enter": "enter", "up": "up", "shift+tab": "up", "down": "down", "tab": "down", "escape": "escape",
}  # fmt: skip


class Field(Input):
    """An input without blink or border; enter, up, down and esc belong to the line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "part('enter')", show=False),
        Binding("up,shift+tab", "part('up')", show=False),
        Binding("down,tab", "part('down')", show=False),
        Binding("escape", "part('escape')", show=False),
    ]

    class Parted(Message):
        """The typing ends with this key, on this text: what is typed before it is heard is of the next field."""

        def __init__(self, key: str, text: str) -> None:
            self.key = key
            self.text = text
            super().__init__()

    parting = False
    """Whether a text that was accepted is under way: keys wait until the line is open on the next, or shut."""
    ahead: tuple[tuple[str, str | None], ...] = ()

    def on_mount(self) -> None:
        """Keep the cursor from blinking: a blink is traffic on the line, and another picture each time."""
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """End the typing at once, not when the key has gone round by the screen; keep what comes ahead of its field."""
        if self.parting or event.key in PARTS:
            event.stop()
            event.prevent_default()
        if self.parting:
            self.ahead = (*self.ahead, (event.key, event.character))
        elif event.key in PARTS:
            self.action_part(PARTS[event.key])

    def take(self, character: str) -> None:
        """Take a character as if its key had come here."""
        if self.parting:
            self.ahead = (*self.ahead, (character, character))
        elif self.selection.is_empty:
            self.insert_text_at_cursor(character)
        else:
            self.replace(character, *self.selection)

    def action_part(self, key: str) -> None:
        """Tell the line that the typing ends."""
        if self.parting:
            self.ahead = (*self.ahead, (key, None))
            return
        self.parting = True
        self.post_message(self.Parted(key, self.value))

    def parted(self, keep: bool) -> None:
        """Take the keys that came ahead, now that the line is open on the next field; shut, they are the screen's."""
        self.parting = False
        if not keep:
            self.ahead = ()
        while self.ahead and not self.parting:
            (key, character), self.ahead = self.ahead[0], self.ahead[1:]
            if self.disabled:
                self.app.post_message(events.Key(key, character))
            elif key in PARTS:
                self.action_part(PARTS[key])
            elif key == "backspace":
                self.action_delete_left()
            elif character is not None and character.isprintable():
                self.take(character)


class EditLine(Horizontal):
    """A label, the field, and what the text reads as (or what is wanted) while it is typed."""

    class Accepted(Message):
        """A text that reads well was accepted; `step` is where the cursor goes, 0 for enter."""

        def __init__(self, text: str, step: int) -> None:
            self.text = text
            self.step = step
            super().__init__()

    class Refused(Message):
        """A text that does not read was to be accepted; it stays in the field. `whole`: the line shows all of it."""

        def __init__(self, wanted: str, whole: bool) -> None:
            self.wanted = wanted
            self.whole = whole
            super().__init__()

    class Restored(Message):
        """The field was left as it stood before."""

    class Changed(Message):
        """The text under way."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    def __init__(self, label: str, *, ascii_mode: bool, empty: str = "") -> None:
        super().__init__()
        self.label = label
        self.empty = empty
        self.labelled = f" {label} "
        self.ascii_mode = ascii_mode
        self.reader: Callable[[str], str] | None = None

    def compose(self) -> ComposeResult:
        """Label, field, echo."""
        yield Static(f" {self.label} ", classes="label", markup=False)
        field = Field(compact=True, disabled=True, select_on_focus=False)
        field.display = False
        yield field
        yield Static(self.empty, classes="echo", markup=False)

    @property
    def field(self) -> Field:
        """The field itself."""
        return self.query_one(Field)

    @property
    def editing(self) -> bool:
        """Whether the field is open."""
        return not self.field.disabled

    def open(self, value: str, reader: Callable[[str], str]) -> None:
        """Open the field on `value`; `reader` says what a text reads as, or raises ValueError with what is wanted."""
        self.reader = reader
        self._label("")
        field = self.field
        field.disabled = False
        field.display = True
        field.value = value
        if not field.has_focus:
            self.screen.set_focus(field)  # at once: what is typed ahead must not fall to the screen's letters
        field.action_select_all()
        self._echo(value)

    def shut(self) -> None:
        """Close the field and give the letters back to the screen."""
        self.screen.set_focus(None)
        self.field.disabled = True
        self.field.display = False
        self.reader = None
        self.query_one(".echo", Static).update(self.empty)

    def call(self, label: str) -> None:
        """Name what the line is for: a value, a filter, a name."""
        self.label = label
        self._label("")

    def keep(self, text: str) -> None:
        """Show beside the label the text that was kept, such as a filter, while the field is shut."""
        self._label("" if self.editing else text)

    def _label(self, kept: str) -> None:
        label = f" {self.label} {kept} " if kept else f" {self.label} "
        if label != self.labelled:
            self.labelled = label
            self.query_one(".label", Static).update(shown(label, self.ascii_mode))

    @property
    def _room(self) -> int:
        return max(10, self.size.width - len(self.label) - FIELD - 5)

    def _read(self, text: str) -> tuple[str, bool]:
        try:
            return (self.reader(text) if self.reader else "", True)
        except ValueError as error:
            return (f"! {error}", False)

    def _echo(self, text: str) -> bool:
        echo, good = self._read(text)
        self.query_one(".echo", Static).update(cut(shown(echo, self.ascii_mode), self._room))
        return good

    def on_input_changed(self, event: Input.Changed) -> None:
        """Echo what the text reads as before it is accepted."""
        event.stop()
        if self.editing:
            self._echo(event.value)
            self.post_message(self.Changed(event.value))

    def on_field_parted(self, event: Field.Parted) -> None:
        """Accept, restore, or stay on a text that does not read."""
        event.stop()
        text, taken = event.text, True
        if event.key == "escape":
            self.post_message(self.Restored())
        elif self._echo(text):
            self.post_message(self.Accepted(text, {"up": -1, "down": 1}.get(event.key, 0)))
        else:
            said, taken = self._read(text)[0], False
            self.post_message(self.Refused(said.removeprefix("! "), len(said) <= self._room))
        # Twice later: behind the message above here, then behind it again at the screen, which opens or shuts the line.
        self.call_later(self.screen.call_later, self.field.parted, taken)

    def on_resize(self, event: events.Resize) -> None:
        """Echo again in the new width."""
        if self.editing:
            self._echo(self.field.value)
