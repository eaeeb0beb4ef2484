"""The plan as a text file beside the plans: what `wizard show` prints, to be mailed or pasted."""

from pathlib import Path
from typing import TYPE_CHECKING

from catalogs.toml_file import InputError

if TYPE_CHECKING:
    from solver.plan import Plan
    from wizard.desk import Desk


def export(desk: "Desk") -> str:
    """Write the plan on the desk as text into the folder of plans; tell where, or what went wrong."""
    if desk.plan is None:
        return "Nothing to export yet: s solves."
    return export_plan(desk.plan, desk.saved_as or desk.name, desk.shelf.plans)


def export_plan(plan: "Plan", name: str, folder: Path) -> str:
    """Write `NAME.txt`, over an older export of that name; tell where, or what went wrong."""
    from wizard.store import write_whole
    from wizard.text.plan import plan_text

    path = folder / f"{name}.txt"
    try:
        write_whole(path, plan_text(plan, name))
    except (InputError, OSError) as error:
        return f"! {error.faults[0] if isinstance(error, InputError) else error}"
    return f"Written as text: {path}"
