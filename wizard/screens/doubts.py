"""The questions that could flip the verdict: those left at a default whose lever flips it, the nearest first."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, ClassVar

from solver.plan import Plan
from wizard.keys import BACK, HELP, MOVES, OUTLINE, SOLVE, UNDO, Key, bindings
from wizard.screens.frame import Word
from wizard.screens.help import Page
from wizard.screens.plan_what_if import flip_told
from wizard.screens.table import CHANGE, FIND, TAKE_BACK, TOGGLE, WORDS, TableScreen
from wizard.session import origin

if TYPE_CHECKING:
    from wizard.screens.plan_work import PlanWork

ALL = Key("a", "all", "a", "all doubts", "every doubt of this plan, on a page")
ASKED = {
    "requests": ("segment.*.requests", "segment.*.growth"),
    "output_tokens": ("segment.*.output_tokens",),
    "peak_over_mean": ("load",),
    "quality": ("segment.*.quality",),
    "salary": ("team.engineer_cost",),
    "commitment": ("policy.purchase_types",),
}
"""The questions that a lever stands for; prices and rates are the market's."""


class DoubtsScreen(TableScreen):
    """Just the questions that could flip the verdict."""

    KEYS: ClassVar[tuple[Key, ...]] = (*MOVES, CHANGE, TOGGLE, ALL, TAKE_BACK, SOLVE, FIND, UNDO, OUTLINE, BACK, HELP)
    BINDINGS = bindings(KEYS)
    TITLES = ("Question", "Answer", "From", "Flips at")
    WORDS: ClassVar[tuple[Word, ...]] = (
        *WORDS[:1],
        ("flips at", "how far the value must move, all else equal, until another verdict wins"),
        ("never", "no value that was looked at flips it: the question is not asked"),
    )
    ON = True

    def __init__(self, plan: Plan, work: "PlanWork") -> None:
        super().__init__()
        self.plan, self.work = plan, work
        self.started: dict[str, str] = {}

    def on_mount(self) -> None:
        """Find out what flips the verdict, where that is not known yet."""
        self.work.watch(self)
        self.work.open_what_if()

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Plan > Doubts"

    def asked(self) -> Sequence[str]:
        """The questions at a default (or answered here) whose lever flips the verdict, or may: the nearest first."""
        state, segments = self.work.what_if, list(self.session.tables["segment"])
        found: list[tuple[float, str]] = []
        for lever in state.levers:
            flip = state.nearest(lever.name)
            known = lever.name in state.flips and lever.name not in state.cut
            if lever.still or lever.name not in ASKED or (known and flip is None):
                continue
            for pattern in ASKED[lever.name]:
                for key in [pattern.replace("*", name) for name in segments] if "*" in pattern else [pattern]:
                    if key in self.started or _open(origin(self.session, key)):
                        self.started[key] = lever.name
                        found.append((flip.distance if flip is not None else inf, key))
        return [key for _, key in sorted(found, key=lambda each: each[0])]

    def last(self, key: str) -> str:
        """Where it flips."""
        lever = self.work.what_if.lever(self.started.get(key, ""))
        said = "" if lever is None else flip_told(self.work.what_if, lever)
        of = f"{lever.title} " if lever is not None and key.endswith(".growth") else ""
        return "looking ..." if said == "..." else of + said

    def draw(self) -> None:
        """Say what is asked, over the table."""
        state = self.work.what_if
        waiting = [lever for lever in state.levers if not lever.still and lever.name not in state.flips]
        self.head("Which defaults could flip the verdict?", *self._waiting(len(waiting)))
        super().draw()

    def _waiting(self, count: int) -> list[str]:
        state = self.work.what_if
        if state.problem:
            return [state.problem]
        if not self.work.able:
            return ["What flips it cannot be looked for here; a lists every doubt."]
        if not state.levers:
            return ["Raising the options: a few seconds."]
        if count:
            return [f"{count} of {len(state.levers)} levers are still being looked at; s solves with new answers."]
        return [] if self.asked() else ["None: no default that is asked here flips it."]

    def under(self) -> Sequence[str]:
        """What else is in doubt."""
        return [f"{len(self.plan.doubts)} doubts in all: a lists them."]

    def done(self) -> str:
        """What comes next."""
        return "s solves with these answers; esc goes back to the plan as it was."

    def about(self) -> str:
        """The help of the question, or that there is none."""
        return super().about() if self.listing.rows else "Nothing is asked: esc goes back."

    def action_all(self) -> None:
        """Every doubt, on a page."""
        lines = ["What is in doubt", "", *(f"  {i:>2}  {doubt}" for i, doubt in enumerate(self.plan.doubts, 1))]
        self.app.push_screen(Page(f"{self.path()} > All", lines if self.plan.doubts else ["Nothing is in doubt."]))


def _open(where: str) -> bool:
    """Whether a value still stands at a default."""
    return where not in ("you",) and not where.startswith(("checklist", "imported"))
