"""Save: one line for the name; a name that is taken is refused in the line."""

from typing import ClassVar

from catalogs.toml_file import InputError
from wizard.keys import HELP, NAMING, Key, bindings
from wizard.screens.frame import Framed
from wizard.store import checked_name
from wizard.widgets.edit_line import EditLine
from wizard.widgets.listing import Column, Row

KEEP = Key("escape,backspace,q", "back", "esc", "back", "back to the plan, nothing saved")
NAME_IT = Key("enter", "edit", "enter", "type the name", "type the name")


class SaveScreen(Framed):
    """Ask the plan's name."""

    KEYS: ClassVar[tuple[Key, ...]] = (NAME_IT, KEEP, HELP)
    BINDINGS = bindings(KEYS)
    WORDS = (("plan file", "TOML: the scenario, the plan, and the prices it rests on; a pull request can show it"),)
    EDIT_LABEL = "Name"
    TYPING = NAMING

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Save"

    def draw(self) -> None:
        """What is there already."""
        self.head("Save the plan", f"As one TOML file in {self.wizard.desk.shelf.plans}, to be kept and compared.")
        names = [entry.path.stem for entry in self.wizard.desk.shelf.saved()]
        rows = [Row((name,), name, still=True) for name in names]
        self.rows([Column("Names that are taken" if names else "No plan is there yet", grows=True)], rows)

    def about(self) -> str:
        """The names that a plan can have."""
        return "Small letters, digits, - and _; up to 40."

    def on_mount(self) -> None:
        """Open the line on the decision's name at once."""
        self.action_edit()

    def action_edit(self) -> None:
        """Open the line."""
        self.edit_line.open(self.wizard.desk.shelf.free_plan_name(self.wizard.desk.name), self._reader)
        self.refresh_frame()

    def _reader(self, text: str) -> str:
        """Say where the file will be, or what is wrong with the name."""
        try:
            name = checked_name(text.strip())
        except InputError as error:
            raise ValueError(error.faults[0].wanted) from None
        if self.wizard.desk.shelf.taken(name):
            raise ValueError(f"another name: {name} is taken")
        return f"{name}.toml"

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Save under the name, or stay and say why not."""
        problem = self.wizard.desk.save_as(event.text.strip())
        if problem:
            self.explain(f"! {problem}")
        else:
            self.wizard.back()

    def on_edit_line_restored(self) -> None:
        """Esc goes back to the plan."""
        self.wizard.back()
