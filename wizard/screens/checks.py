"""The column Check of the list of plans: has a price moved, is the plan a quarter old; and why nothing can be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from catalogs.toml_file import InputError
from solver.scenario import Scenario
from wizard.store import SavedPlan

if TYPE_CHECKING:
    from catalogs.catalog import Catalog

QUARTER = 91
CatalogOf = Callable[[Scenario], "Catalog"]


@dataclass(frozen=True)
class Checked:
    """The word in the column, and what it rests on, for the line below the list."""

    word: str
    why: str = ""


def due(saved: SavedPlan, today: date, days: int = QUARTER) -> bool:
    """Whether a plan is a quarter old."""
    try:
        return (today - date.fromisoformat(saved.saved)).days >= days
    except ValueError:
        return False


def check_of(saved: SavedPlan, today: date, catalog: "Catalog | None", catalog_of: CatalogOf | None = None) -> Checked:
    """`! price` where one moved, `due` when a quarter old, `ok`; `-` while nothing can be told.

    A plan in another currency, or with tables of its own, is held against a catalog like the one it was solved with.
    """
    from solver.prices_moved import prices_moved

    old = Checked("due", "a quarter old or more") if due(saved, today) else Checked("ok" if saved.saved else "-")
    if catalog is None:
        return old
    if saved.scenario.catalog or saved.plan.currency != catalog.currency:
        if catalog_of is None:
            return Checked(old.word, "prices not compared: it has tables or a currency of its own")
        try:
            catalog = catalog_of(saved.scenario)
        except InputError as error:
            return Checked("! tables", f"prices not compared: {error.faults[0]}")
    moved = prices_moved(saved.plan, catalog)
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    return Checked("! price", f"moved: {moved[0]}{more}") if moved else old


def checks_of(
    plans: Mapping[str, SavedPlan], today: date, catalog: "Catalog | None", catalog_of: CatalogOf | None
) -> dict[str, Checked]:
    """The check of each plan, by its key."""
    return {key: check_of(plan, today, catalog, catalog_of) for key, plan in plans.items()}
