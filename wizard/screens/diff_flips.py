"""What would have flipped each of two plans, lever by lever: looked for in a thread, shown as it comes."""

from typing import TYPE_CHECKING

from catalogs.toml_file import InputError
from wizard.diff_parts import FlipMoved, flips_moved, stay_told
from wizard.explorer import Explored
from wizard.screens.later import Told
from wizard.store import SavedPlan
from wizard.widgets.listing import Row

if TYPE_CHECKING:
    from wizard.screens.frame import Framed


class DiffFlips:
    """The nearest flip of each lever, of the old plan and of the new one, each with the prices of its own day."""

    def __init__(self, screen: "Framed", old: SavedPlan, new: SavedPlan) -> None:
        self.screen, self.plans = screen, (old, new)
        self.found: tuple[FlipMoved, ...] = ()
        self.asked, self.done, self.problem = False, False, ""
        self.explored: list[Explored] = []
        self.count = 0

    def start(self) -> str:
        """Look for the flips; return what to say."""
        explore = self.screen.wizard.explore
        if explore is None or any(plan.plan.total_per_month is None for plan in self.plans):
            return "What flips a plan can be looked for where both have a bill."
        if not self.asked:
            self.asked = True
            self.explored = [Explored(explore, each.scenario, each.plan.catalog_as_of or None) for each in self.plans]
            self.screen.run_worker(self._look, thread=True, exit_on_error=False, group="diff flips")
        return ""

    def end(self) -> None:
        """Stop looking."""
        for each in self.explored:
            each.end()

    def _look(self) -> None:
        """In the thread: lever by lever."""
        try:
            for each in flips_moved(*self.explored):
                if isinstance(each, int):
                    self.count = each
                else:
                    self.found = (*self.found, each)
                    self.screen.post_message(Told())
            if self.explored[0].over.is_set():
                return
        except InputError as error:
            self.problem = f"! {error.faults[0]}"
        except Exception as error:
            if not self.explored[0].over.is_set():
                self.screen.wizard.failures.append(error)
            self.problem = f"! our fault: {type(error).__name__}: {error}".splitlines()[0]
        self.done = True
        self.screen.post_message(Told())

    def rows(self) -> list[Row]:
        """A row for each lever that flips elsewhere now."""
        return [
            Row(("~", "flips at", f"{each.title}, {each.way}", each.old, each.new), f"flip {each.lever}")
            for each in self.found
            if each.way != "same"
        ]

    def told(self) -> list[str]:
        """How far it is, for the foot of the list."""
        if self.problem:
            return [self.problem]
        if not self.asked:
            return ["f looks for what would have flipped each of the two."]
        if not self.done:
            far = f"{len(self.found)} of {self.count} levers" if self.count else "raising the options"
            return [f"Looking for what flips each plan: {far}."]
        return [stays] if (stays := stay_told(self.found)) else []

    def about(self, key: str) -> str:
        """One line on a row."""
        each = next(each for each in self.found if key == f"flip {each.lever}")
        return f"{each.title}: another verdict won at {each.old}, wins at {each.new} now, all else equal."
