"""One table of what every key does: bindings, footer and help are all made from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Key:
    """A key of a screen.

    `keys` are Textual's names, parted by commas; `label` is how the key is shown; `short` is its word
    in the footer (empty: only in the help); `says` is its line in the help. An action that ends in
    `(#)` is called with the key itself, for digits.
    """

    keys: str
    action: str
    label: str
    short: str
    says: str
    priority: bool = False


MOVES = (
    Key("up,k", "move(-1)", "up down", "", "move by a row (also k, j); page up, page down; home, end"),
    Key("down,j", "move(1)", "up down", "", ""),
    Key("pageup", "page(-1)", "page up", "", ""),
    Key("pagedown", "page(1)", "page down", "", ""),
    Key("home", "edge(-1)", "home", "", ""),
    Key("end", "edge(1)", "end", "", ""),
)
"""Moving, told in one row of the help."""

BACK = Key("escape,backspace,q", "back", "esc", "back", "one level back, keeping everything (also backspace, q)")
HELP = Key("question_mark", "help", "?", "help", "the keys and the words of this screen")
UNDO = Key("u", "undo", "u", "undo", "undo the last change")
SOLVE = Key("s", "solve", "s", "solve", "solve with what there is")
SAVE = Key("w", "save", "w", "save", "save the plan; asks a name the first time")
OUTLINE = Key("o", "outline", "o", "outline", "every section and its state")
FIND = Key("slash", "find", "/", "find", "filter the list; esc clears the filter")

PALETTE = Key("ctrl+p", "palette", "ctrl+p", "", "every action by name", priority=True)

EVERYWHERE = (
    PALETTE,
    Key("ctrl+c", "interrupt", "ctrl+c", "", "stop the solve; else leave, the draft is kept", priority=True),
    Key("ctrl+q", "leave", "ctrl+q", "", "leave, the draft is kept", priority=True),
    Key("ctrl+z", "suspend_process", "ctrl+z", "", "suspend; fg comes back", priority=True),
)
EDITING = (
    Key("", "", "enter", "accept", "accept and go on to the next row"),
    Key("", "", "up down", "accept and move", "accept and move to that row"),
    Key("", "", "esc", "put back", "put back what stood there"),
)
ACCEPTING = (Key("", "", "enter", "accept", "accept"), *EDITING[1:])
FINDING = (
    Key("", "", "enter", "keep the filter", "keep the filter"),
    Key("", "", "esc", "put back", "put back the filter that was"),
)
NAMING = (
    Key("", "", "enter", "save", "save under this name"),
    Key("", "", "esc", "back", "back to the plan, nothing saved"),
)

OFF = {
    "w": "w saves a plan: from the plan itself, once s has solved it.",
    "u": "u undoes a change of the answers: o, then a section.",
    "s": "s solves: go back to the answers first.",
    "o": "o shows the sections of a plan: n, in the list of plans, starts one.",
    "slash": "/ filters a list: this one is short enough to read.",
    "D": "D deletes a draft, a segment or what you typed: nothing here can be deleted.",
    "n": "n starts a plan: from the list of plans, esc goes there.",
    "tab": "tab goes to the next segment, item or tab: there is one here.",
    "shift+tab": "shift+tab goes to the segment, item or tab before: there is one here.",
    "enter": "enter has nothing to open here.",
}
"""Why a key that acts elsewhere does nothing on a screen that does not have it."""


def off(key: str, character: str | None) -> str:
    """Why a key does nothing here."""
    if key in OFF:
        return OFF[key]
    if character is not None and character.isdecimal():
        return "Nothing on this screen has that number."
    return f"{character if character and character.isprintable() else key} does nothing here; ? lists the keys."


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """Textual's bindings of the table's rows; a key without a name (told only in the help) has none."""
    made: list[BindingType] = []
    for key in keys:
        for name in filter(None, key.keys.split(",")):
            action = key.action.replace("#", repr(name))
            made.append(Binding(name, action, key.says, show=False, priority=key.priority))
    return made


def digits(last: int, short: str, says: str, first: int = 0) -> Key:
    """The digits from `first` to `last` as one key."""
    keys = ",".join(str(digit) for digit in range(first, last + 1))
    return Key(keys, "digit(#)", f"{first}-{last}", short, says)


def footer(keys: Sequence[Key], width: int) -> str:
    """Write the keys of a screen as one line that fits: what does not fit stands in the help only.

    The last two (by habit back and help) are kept while others are dropped, from the right.
    """
    shown = [f"{key.label} {key.short}" for key in keys if key.short]
    while len(shown) > 2 and 1 + len("  ".join(shown)) > width:
        del shown[-3]
    return (" " + "  ".join(shown))[:width]
