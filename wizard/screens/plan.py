"""The plan: three tabs over one frame; every figure stands in the plan record."""

from collections.abc import Sequence
from typing import ClassVar

from solver.explanation.conflict import Conflict
from solver.plan import Plan
from wizard.keys import BACK, FINDING, HELP, MOVES, OUTLINE, SAVE, SOLVE, Key, bindings
from wizard.screens.frame import Framed, Word
from wizard.screens.help import Page
from wizard.screens.plan_cost import baselines, cost
from wizard.screens.plan_figures import figures
from wizard.screens.plan_summary import summary
from wizard.screens.plan_why_not import reasons, why_not
from wizard.screens.views import View, ending
from wizard.session import put
from wizard.widgets.edit_line import EditLine
from wizard.widgets.glyphs import Fill, fill

TABS = ("Summary", "Cost", "Why not")
DETAIL = Key("enter", "detail", "enter", "the sum", "the row's arithmetic and source, on a page")
DIGITS = Key("1,2,3", "digit(#)", "1-3", "tab", "the tab so numbered")
NEXT_TAB = Key("tab", "turn(1)", "tab", "", "the next tab")
LAST_TAB = Key("shift+tab", "turn(-1)", "shift+tab", "", "the tab before")
DOUBTS = Key("d", "doubts", "d", "doubts", "everything in this plan that is in doubt, on a page")
FIGURES = Key("f", "figures", "f", "figures", "figures worth seeing beside the plan, and where prices come from")
OTHER = Key("v", "other", "v", "other baseline", "set the next baseline beside the plan (tab 2)")
REASON = Key("t", "reason", "t", "next reason", "only the options that the next rule turned down (tab 3)")
EDIT = Key("e", "outline", "e", "edit", "change the answers: the outline (also o)")
SEEK = Key("slash", "find", "/", "find", "filter the options (tab 3); esc clears the filter")
COMMON = (DIGITS, DOUBTS, FIGURES, SAVE, EDIT)


class PlanScreen(Framed):
    """Summary, cost and why not."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, DETAIL, DIGITS, NEXT_TAB, LAST_TAB, DOUBTS, FIGURES, OTHER, REASON, SEEK, SAVE, EDIT, OUTLINE,
        SOLVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    SHOWN = (
        (DETAIL, *COMMON, BACK, HELP),
        (DETAIL, OTHER, *COMMON, BACK, HELP),
        (DETAIL, REASON, SEEK, *COMMON, BACK, HELP),
    )
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("gap", "how far the plan may be from the cheapest one there is; optimal: proven none is cheaper"),
        ("baseline", "the best plan of one strategy alone, on the same problem"),
        ("est", "the figure is an estimate; enter tells how it was made"),
        ("doubt", "a default or an estimate that the plan rests on"),
        ("pool", "model : precision / GPUs of a replica / engine / provider @ region"),
    )
    EDIT_LABEL = "Find"
    TYPING = FINDING

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.tab = 0
        self.beside_it = 0
        self.rule = 0
        self.wanted = ""
        self.before = ""
        self.view: View | None = None

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Plan"

    def words(self) -> Sequence[Word]:
        """With the fills of the bars as this terminal shows them."""
        kinds: tuple[tuple[Fill, str], ...] = (("=", "API"), ("#", "self-hosted"), (":", "people"))
        drawn = ", ".join(f"{fill(kind, self.ascii_mode)} {name}" for kind, name in kinds)
        return (*self.WORDS, ("bars", drawn))

    def state(self) -> str:
        """Whether it is saved, and how the solve ended."""
        return f"{self.wizard.desk.plan_saving}   {ending(self.plan)}"

    def keys_shown(self) -> Sequence[Key]:
        """The keys that act on this tab."""
        return super().keys_shown() if self.edit_line.editing else self.SHOWN[self.tab]

    def draw(self) -> None:
        """Show the tab."""
        view = self._view()
        changed = self.view is None or self.view.columns != view.columns
        self.view = view
        tabs = "  ".join(
            f"[{place + 1} {name}]" if place == self.tab else f"{place + 1} {name}" for place, name in enumerate(TABS)
        )
        self.head(tabs, *view.head, strong=1 if self.tab == 0 else 0)
        self.rows(view.columns, view.rows, 0 if changed else None)
        self.foot(*view.foot)
        self.edit_line.set_class(self.tab != 2, "empty")
        self.edit_line.keep(self.wanted)

    def _view(self) -> View:
        if self.tab == 1:
            return cost(self.plan, self.beside_it, self.ascii_mode)
        if self.tab == 2:
            return why_not(self.plan, reasons(self.plan)[self.rule], self.wanted)
        return summary(self.plan, self.ascii_mode, self.size.width - 2)

    def _key(self) -> str:
        row = self.listing.current
        return row.key if row else ""

    def about(self) -> str:
        """The row's arithmetic in one line."""
        return self.view.about.get(self._key(), "") if self.view else ""

    def beside(self) -> Sequence[str] | None:
        """The chart beside the summary; the other tabs need the width for their rows."""
        return self.view.beside(self._key()) if self.view and self.view.beside else None

    def action_digit(self, digit: str) -> None:
        """Open a tab."""
        self._open(int(digit) - 1)

    def action_turn(self, step: int) -> None:
        """Open the tab beside."""
        self._open((self.tab + step) % len(TABS))

    def _open(self, tab: int) -> None:
        self.tab, self.note, self.view = tab, "", None
        self.refresh_frame()

    def action_detail(self) -> None:
        """Show the row's arithmetic on a page; where nothing fits, make the row's change and solve again."""
        member = next((each for each in self.plan.conflict if each.requirement == self._key()), None)
        if self.tab == 0 and member is not None and member.changes:
            self._mend(member)
            return
        lines = self.view.detail.get(self._key(), ()) if self.view else ()
        if lines:
            self.app.push_screen(Page(f"{self.path()} > {TABS[self.tab]}", lines))
        else:
            self.explain(self.about() or "Nothing more is known of this row.")

    def _mend(self, member: Conflict) -> None:
        """Change the answers as the conflict tells, and solve."""
        session = self.wizard.desk.session_now
        for key, text in member.changes.items():
            session = put(session, key, text)
        self.wizard.desk.edit(session)
        self.wizard.solve_now()

    def action_doubts(self) -> None:
        """Show the doubts on a page."""
        if not self.plan.doubts:
            self.explain("No figure or default in this plan is in doubt.")
            return
        lines = [
            "What is in doubt",
            "",
            *(f"  {place + 1:>2}  {doubt}" for place, doubt in enumerate(self.plan.doubts)),
        ]
        self.app.push_screen(Page(f"{self.path()} > Doubts", lines))

    def action_figures(self) -> None:
        """Show the readings and the prices on a page."""
        self.app.push_screen(Page(f"{self.path()} > Figures", figures(self.plan)))

    def action_other(self) -> None:
        """Set the next baseline beside the plan."""
        if self.tab != 1:
            self.explain("v acts on tab 2 Cost.")
        elif len(baselines(self.plan)) < 2:
            self.explain("No second baseline has a bill to set beside the plan.")
        else:
            self.beside_it += 1
            self._open(1)

    def action_reason(self) -> None:
        """Narrow the list to the next rule."""
        if self.tab != 2:
            self.explain("t acts on tab 3 Why not.")
        else:
            self.rule = (self.rule + 1) % len(reasons(self.plan))
            self._open(2)

    def action_find(self) -> None:
        """Filter the options."""
        if self.tab != 2:
            self.explain("/ acts on tab 3 Why not.")
            return
        self.before = self.wanted
        self.edit_line.open(self.wanted, lambda text: f"shows rows with {text!r}" if text else "shows all rows")
        self.refresh_frame()

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Filter while it is typed."""
        self.wanted = event.text
        self.refresh_frame()

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Keep the filter."""
        self.wanted = event.text
        self.edit_line.shut()
        self.refresh_frame()

    def on_edit_line_restored(self) -> None:
        """Put the filter back."""
        self.wanted = self.before
        self.edit_line.shut()
        self.refresh_frame()

    def action_save(self) -> None:
        """Save the plan: at once under its name, or ask one."""
        self.explain(self.wizard.save())

    def action_back(self) -> None:
        """Clear a filter first, then go back."""
        if self.tab == 2 and (self.wanted or self.rule):
            self.wanted, self.rule = "", 0
            self._open(2)
        else:
            self.wizard.back()
