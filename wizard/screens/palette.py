"""The palette: every action of the screen below by name, and every place to go to; what is typed filters it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from wizard.keys import EVERYWHERE, MOVES, PALETTE, Key, bindings
from wizard.screens.frame import Framed, Word
from wizard.screens.sections import open_section, steps_to
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row

if TYPE_CHECKING:
    from wizard.app import WizardApp

RUN = Key("enter", "run", "enter", "do it", "do what is under the cursor")
CLOSE = Key("escape,backspace,q", "back", "esc", "back", "back to the screen, nothing done")


@dataclass(frozen=True)
class Deed:
    """Something that can be done: its name, its key where it has one, and how."""

    name: str
    key: str
    do: Callable[[], None]


def open_palette(app: "WizardApp") -> None:
    """Open the palette over the screen in front; not while a value is typed, which would be lost."""
    below = app.screen
    if not isinstance(below, Framed) or isinstance(below, PaletteScreen) or below.has_class("-small"):
        return
    if below.EDIT_LABEL and below.edit_line.editing:
        below.explain("ctrl+p waits for the edit line: enter accepts, esc puts back.")
        return
    app.push_screen(PaletteScreen(below))


class PaletteScreen(Framed):
    """Actions and places by name."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, RUN, CLOSE)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (("go to", "every section, segment and item of the checklist"),)
    EDIT_LABEL = "Find"
    TYPING = (RUN, CLOSE)

    def __init__(self, below: Framed) -> None:
        super().__init__()
        self.below = below
        self.wanted = ""
        self.deeds: dict[str, Deed] = {}

    def path(self) -> str:
        """The screen below."""
        return f"{self.below.path()} > Actions"

    def state(self) -> str:
        """Nothing is saved or unsaved here."""
        return ""

    def on_mount(self) -> None:
        """Gather what can be done, and open the filter at once."""
        self.deeds = {f"{place}": deed for place, deed in enumerate(deeds_of(self.wizard, self.below))}
        self.edit_line.open("", lambda text: "")

    def draw(self) -> None:
        """List what matches what is typed, each word of it."""
        words = self.wanted.lower().split()
        rows = [
            Row((deed.name, deed.key), place)
            for place, deed in self.deeds.items()
            if all(word in deed.name.lower() or word == deed.key.lower() for word in words)
        ]
        self.rows((Column("Action", grows=True), Column("Key")), rows, 0)

    def about(self) -> str:
        """How it works."""
        return "Type a word of it; up and down choose." if self.listing.rows else "Nothing is called so; esc goes back."

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Filter while it is typed."""
        if event.text != self.wanted:
            self.wanted = event.text
            self.refresh_frame()

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Move, or do it."""
        if event.step:
            self.listing.move(event.step)
        else:
            self.action_run()

    def on_edit_line_restored(self) -> None:
        """Esc goes back."""
        self.wizard.back()

    def action_run(self) -> None:
        """Go back, then do it there."""
        row = self.listing.current
        if row is not None:
            self.wizard.back()
            self.app.call_later(self.deeds[row.key].do)


def deeds_of(app: "WizardApp", screen: Framed) -> list[Deed]:
    """What can be done on a screen: its keys' actions, the places to go to, and what acts everywhere."""
    found: list[Deed] = []
    for key in screen.KEYS:
        if key in MOVES or not key.keys or not key.says:
            continue
        for name in key.keys.split(",") if "#" in key.action else [""]:
            action = key.action.replace("#", repr(name))
            title = screen.numbered(name) if name else ""
            if name and not title:
                continue
            says = key.says.replace(" so numbered", f" {name}: {title}")
            found.append(Deed(says, name or key.label, _run(app, screen, action)))
    if app.desk.session is not None:
        places = steps_to(app.desk.session)
        found += [Deed(f"go to: {title}", "", _go(app, place)) for place, title in places]
        plan = "go to: Plan" if app.desk.plan is not None else "solve, and go to the plan"
        found.append(Deed(plan, "", _go(app, "plan")))
    found.append(Deed("go to: the list of plans", "", lambda: _home(app)))
    found += [Deed(key.says, key.label, _run(app, screen, key.action)) for key in EVERYWHERE if key is not PALETTE]
    return found


def _run(app: "WizardApp", screen: Framed, action: str) -> Callable[[], None]:
    def do() -> None:
        app.call_next(app.run_action, action, app if hasattr(app, f"action_{action.partition('(')[0]}") else screen)

    return do


def _go(app: "WizardApp", place: str) -> Callable[[], None]:
    return lambda: open_section(app, place)


def _home(app: "WizardApp") -> None:
    """Back to the list of plans; the draft is kept."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
