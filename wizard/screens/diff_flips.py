"""What would have flipped each of two plans, lever by lever: looked for in a thread, shown as it comes."""

from typing import TYPE_CHECKING

from catalogs.toml_file import InputError
from wizard.explorer import Explored
from wizard.screens.later import Told
from wizard.screens.plan_what_if import where_told
from wizard.store import SavedPlan
from wizard.widgets.listing import Row

if TYPE_CHECKING:
    from solver.explanation.flip_records import Flip
    from wizard.screens.frame import Framed

NEVER = "never"


class DiffFlips:
    """The nearest flip of each lever, of the old plan and of the new one, each with the prices of its own day."""

    def __init__(self, screen: "Framed", old: SavedPlan, new: SavedPlan) -> None:
        self.screen, self.plans = screen, (old, new)
        self.found: dict[str, tuple[str, list[tuple[str, float]]]] = {}
        """Title, and where it flips with its distance, the old plan's first, by lever."""
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
        """In the thread: lever by lever, those first whose moves need no raising of options."""
        try:
            explorers = [each.explorer() for each in self.explored]
            levers = [each for each in explorers[1].levers() if not each.still]
            self.count = len(levers)
            for lever in sorted(levers, key=lambda each: not each.quick):
                ends: list[tuple[str, float]] = []
                for explorer, explored in zip(explorers, self.explored, strict=True):
                    flips = explorer.flips(lever.name, explored.stop()).flips
                    found: list[Flip] = [each for each in flips if each.what == "verdict" and each.by is not None]
                    near = min(found, key=lambda each: each.distance, default=None)
                    ends.append((NEVER, float("inf")) if near is None else (where_told(lever, near), near.distance))
                if self.explored[0].over.is_set():
                    return
                self.found = {**self.found, lever.name: (lever.title, ends)}
                self.screen.post_message(Told())
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
            Row(("~", "flips at", f"{title}, {_way(*ends)}", ends[0][0], ends[1][0]), f"flip {name}")
            for name, (title, ends) in self.found.items()
            if ends[0][0] != ends[1][0]
        ]

    def told(self) -> list[str]:
        """How far it is, for the foot of the list."""
        if self.problem:
            return [self.problem]
        if not self.asked:
            return ["f looks for what would have flipped each of the two."]
        same = sum(ends[0][0] == ends[1][0] for _, ends in self.found.values())
        rest = f"{same} lever{'s' * (same != 1)} flip{'s' * (same == 1)} where they did" if same else ""
        if not self.done:
            far = f"{len(self.found)} of {self.count} levers" if self.count else "raising the options"
            return [f"Looking for what flips each plan: {far}."]
        return [rest + "."] if rest else []

    def about(self, key: str) -> str:
        """One line on a row."""
        title, ends = self.found[key.removeprefix("flip ")]
        old, new = (end[0] for end in ends)
        return f"{title}: another verdict won at {old}, wins at {new} now, all else equal."


def _way(old: tuple[str, float], new: tuple[str, float]) -> str:
    return "further away" if new[1] > old[1] else "nearer"
