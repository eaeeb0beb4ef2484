"""The plan as a text file beside the plans: what `wizard show` prints, to be mailed or pasted."""

from typing import TYPE_CHECKING

from catalogs.toml_file import InputError

if TYPE_CHECKING:
    from wizard.desk import Desk


def export(desk: "Desk") -> str:
    """Write `NAME.txt` into the folder of plans, over an older export of that name; tell where, or what went wrong."""
    from wizard.store import write_whole
    from wizard.text.plan import plan_text

    if desk.plan is None:
        return "Nothing to export yet: s solves."
    name = desk.saved_as or desk.name
    path = desk.shelf.plans / f"{name}.txt"
    try:
        write_whole(path, plan_text(desk.plan, name))
    except (InputError, OSError) as error:
        return f"! {error.faults[0] if isinstance(error, InputError) else error}"
    return f"Written as text: {path}"
