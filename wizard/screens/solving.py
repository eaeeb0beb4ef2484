"""Solving: the stages, the best plan so far and the bound; stopping answers at once."""

from math import log10
from typing import ClassVar

from wizard.keys import HELP, Key, bindings
from wizard.progress import STAGES, Solving
from wizard.screens.frame import Framed, Word
from wizard.screens.views import gap, money
from wizard.text.tables import BASELINES
from wizard.widgets.glyphs import gap_bar
from wizard.widgets.listing import Column, Row

TAKE = Key("enter", "take", "enter", "take the best so far", "stop and open the best plan found; its gap is written")
STOP = Key("escape,backspace,q", "back", "esc", "stop", "stop and go back; the best plan found is kept in the outline")
LEAVE = Key("l", "leave_running", "l", "leave it running", "back to the questions, the solve goes on")
WANTED = 1e-4
STOPPING = "stopping, at most 5 s; the best plan found is kept"


class SolvingScreen(Framed):
    """How far the solve is; drawn anew at most twice a second."""

    KEYS: ClassVar[tuple[Key, ...]] = (TAKE, LEAVE, STOP, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("gap", "how far the best plan found may be from the cheapest one there is"),
        ("best so far", "a plan that meets every rule; it can be taken at any time"),
        ("baselines", "the best plan of one strategy alone, on the same problem"),
        ("cannot be under", "proven: no plan costs less than this"),
    )

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Solving"

    def draw(self) -> None:
        """Stages with a mark on the one under way, then the two figures that close in on each other."""
        solving = self.wizard.solving
        rows = [Row(cells, cells[0], still=True) for cells in stages(solving)]
        self.head("Looking for the cheapest plan, and for the proof that it is.")
        self.rows([Column(""), Column("", grows=True), Column("", right=True)], rows)
        best = money(solving.best) if solving.best is not None else "none yet"
        bound = money(solving.bound) if solving.bound is not None else "not known yet"
        alone = "   ".join(f"{BASELINES[name]} {money(cost)}" for name, cost in solving.baselines)
        beside = alone or "each strategy alone: once the plan stands"
        self.foot(f"Best so far      {best}", f"Cannot be under  {bound}", f"Baselines        {beside}")

    def about(self) -> str:
        """What the keys would do now."""
        if self.wizard.solving.stopping:
            return STOPPING
        return f"The screen stays live; at most {self.wizard.limit_s:.0f} s."

    def action_take(self) -> None:
        """Stop and open the plan when it comes."""
        self.wizard.stop_solving(then_open=True)
        self.explain(STOPPING)

    def action_back(self) -> None:
        """Stop; a second press does not wait for the end."""
        if self.wizard.solving.stopping:
            self.wizard.back()
        self.wizard.stop_solving(then_open=False)
        self.explain(STOPPING)

    def action_leave_running(self) -> None:
        """Go back to the questions."""
        self.wizard.back()


def stages(solving: Solving) -> list[tuple[str, str, str]]:
    """One row a stage: its place and name, what is known of it, and its state."""
    rows = []
    for place, (stage, says) in enumerate(STAGES.items()):
        under_way = place == solving.place
        mark = ">" if under_way else " "
        state = "done" if place < solving.place else "" if under_way else "waiting"
        told = says
        if under_way and stage == "solve" and solving.gap is not None:
            told = f"gap {gap(solving.gap):<7} {gap_bar(closed(solving.gap), 20)}   wanted {WANTED:.2%}"
        if under_way and solving.elapsed_s:
            state = f"{solving.elapsed_s:.0f} s"
        rows.append((f"{mark} {place + 1} {stage}", told, state))
    return rows


def closed(found: float) -> float:
    """How much of the way from a gap of 100% to the one wanted is done, in powers of ten."""
    return log10(max(found, WANTED)) / log10(WANTED) if found < 1 else 0.0
