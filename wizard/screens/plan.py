"""The plan: seven tabs over one frame; every figure stands in the plan record or is solved for the tab."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from solver.explanation.conflict import Conflict
from solver.plan import Plan
from wizard.keys import BACK, FINDING, HELP, MOVES, OUTLINE, SAVE, SOLVE, Key, bindings
from wizard.screens.frame import Framed, Word
from wizard.screens.help import Page
from wizard.screens.later import Later
from wizard.screens.plan_cost import GROUPINGS, baselines, cost
from wizard.screens.plan_curves import CURVES, curve_lines, curves_view
from wizard.screens.plan_figures import figures
from wizard.screens.plan_keep import keep_moves, keep_option
from wizard.screens.plan_risks import next_steps, risks
from wizard.screens.plan_summary import summary
from wizard.screens.plan_what_if import what_if
from wizard.screens.plan_why_not import reasons, why_not
from wizard.screens.plan_words import WORDS, bars
from wizard.screens.plan_work import PlanWork
from wizard.screens.views import View, ending
from wizard.session import put
from wizard.what_if import read_move, told
from wizard.widgets.edit_line import EditLine

TABS = ("Summary", "Cost", "Why not", "What if", "Curves", "Risks", "Next steps")
BRIEF = ("Sum", "Cost", "Why", "What if", "Curve", "Risk", "Next")
SUMMARY, COST, WHY_NOT, WHAT_IF, CURVE, RISKS, NEXT = range(len(TABS))
DETAIL = Key("enter", "detail", "enter", "the sum", "the row's arithmetic and source, on a page; tab 4: type a move")
DIGITS = Key("1,2,3,4,5,6,7", "digit(#)", "1-7", "tab", "open the tab so numbered")
NEXT_TAB = Key("tab", "turn(1)", "tab", "", "the next tab")
LAST_TAB = Key("shift+tab", "turn(-1)", "shift+tab", "", "the tab before")
DOUBTS = Key("d", "doubts", "d", "doubts", "answer the questions that could flip the verdict")
FIGURES = Key("f", "figures", "f", "figures", "figures worth seeing beside the plan, and where prices come from")
OTHER = Key("v", "other", "v", "other", "tab 2: the next baseline beside the plan; tab 5: the next curve")
GROUP = Key("g", "group", "g", "group", "the bill by what is paid for, by segment, line by line (tab 2)")
REASON = Key("t", "reason", "t", "next reason", "only the options that the next rule turned down (tab 3)")
MUST = Key("m", "must_use", "m", "must use it", "what a plan costs that must use this option; m again keeps it (tab 3)")
LESS = Key("left,h", "nudge(-1)", "left", "", "move the lever down and solve (tab 4); the curve before (tab 5)")
MORE = Key("right,l", "nudge(1)", "left right", "change", "move the lever up and solve (tab 4); the next curve (tab 5)")
UNMOVE = Key("u", "unmove", "u", "undo", "take the last move back (tab 4)")
KEEP = Key("p", "keep", "p", "keep as plan", "make the moves answers and solve them as a plan (tab 4)")
EDIT = Key("e", "outline", "e", "edit", "change the answers: the outline (also o)")
EXPORT = Key("x", "export", "x", "export", "write the plan as text into the folder of plans")
SEEK = Key("slash", "find", "/", "find", "filter the options (tab 3); esc clears the filter")
CHANGE_IT = replace(DETAIL, short="make the change")
READ = Key("", "", "enter", "in full", "")
TURN = Key("", "", "v", "next curve", "")
COMMON = (DIGITS, SAVE, EDIT, EXPORT)


class PlanScreen(Framed):
    """Summary, cost, why not, what if, curves, risks, next steps."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, DETAIL, DIGITS, NEXT_TAB, LAST_TAB, DOUBTS, FIGURES, OTHER, GROUP, REASON, MUST, SEEK, LESS, MORE,
        UNMOVE, KEEP, SAVE, EDIT, EXPORT, OUTLINE, SOLVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    SHOWN = (
        (DETAIL, DIGITS, DOUBTS, FIGURES, SAVE, EDIT, EXPORT, BACK, HELP),
        (DETAIL, OTHER, GROUP, *COMMON, BACK, HELP),
        (DETAIL, REASON, SEEK, MUST, DIGITS, SAVE, BACK, HELP),
        (MORE, Key("", "", "enter", "type", ""), UNMOVE, KEEP, DIGITS, BACK, HELP),
        (TURN, *COMMON, BACK, HELP),
        (READ, DOUBTS, *COMMON, BACK, HELP),
        (READ, *COMMON, BACK, HELP),
    )
    WORDS = WORDS
    EDIT_LABEL = "Find"
    TYPING = FINDING

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.tab = 0
        self.beside_it = 0
        self.grouped = 0
        self.rule = 0
        self.wanted = ""
        self.before = ""
        self.view: View | None = None
        self.drawing: Later[list[str]] = Later(self, ["..."])

    def on_mount(self) -> None:
        """Know whom to ask."""
        self.work = PlanWork(self, self.plan, self.wizard.explored_now())

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Plan"

    def words(self) -> Sequence[Word]:
        """With the fills of the bars as this terminal shows them."""
        return (*self.WORDS, bars(self.ascii_mode))

    def numbered(self, digit: str) -> str:
        """The tab."""
        return TABS[int(digit) - 1]

    def state(self) -> str:
        """Whether it is saved, and how the solve ended."""
        return f"{self.wizard.desk.plan_saving}   {ending(self.plan)}"

    def keys_shown(self) -> Sequence[Key]:
        """The keys that act on this tab."""
        if self.edit_line.editing:
            return super().keys_shown()
        if self.tab == SUMMARY and self.plan.conflict:
            return [CHANGE_IT if key is DETAIL else key for key in self.SHOWN[self.tab]]
        by = f"by {GROUPINGS[(self.grouped + 1) % len(GROUPINGS)]}"
        alone = GROUPINGS[self.grouped] == "segment"
        shown = [replace(key, short=by) if key is GROUP else key for key in self.SHOWN[self.tab]]
        return [key for key in shown if not (key is OTHER and alone)]

    def draw(self) -> None:
        """Show the tab."""
        view = self._view()
        changed = self.view is None or self.view.columns != view.columns
        self.view = view
        apart = [""] if self.tab == SUMMARY and not self.has_class("-low") else []
        row = tabs(self.tab, self.size.width - 2)
        self.head(row, *apart, *view.head, strong=1 + len(apart) if self.tab == SUMMARY else 0)
        self.listing.pointed = self.tab != CURVE
        self.rows(view.columns, view.rows, 0 if changed else None)
        self.foot(*view.foot)
        filtered = self.tab == WHY_NOT and self.wanted
        self.edit_line.set_class(not (filtered or self.edit_line.editing), "empty")
        self.edit_line.keep(self.wanted if self.tab == WHY_NOT else "")

    def _view(self) -> View:
        plan, work, width = self.plan, self.work, self.size.width - 2
        views: tuple[Callable[[], View], ...] = (
            lambda: summary(
                plan,
                self.ascii_mode,
                width,
                not self.has_class("-low"),
                self.has_class("-wide") and self.has_class("-tall"),
            ),
            lambda: cost(plan, self.beside_it, self.ascii_mode, GROUPINGS[self.grouped]),
            lambda: why_not(plan, reasons(plan)[self.rule], self.wanted, work.why_not, work.priced, work.pricing),
            lambda: what_if(plan, work.what_if, work.busy, self.ascii_mode, (width, self.size.height), self._to_save()),
            lambda: curves_view(work.curves, self._drawn(), width - 2),
            lambda: risks(plan),
            lambda: next_steps(plan),
        )
        return views[self.tab]()

    def _to_save(self) -> bool:
        desk = self.wizard.desk
        return desk.plan is self.plan and desk.flips_unsaved

    def _drawn(self) -> list[str]:
        """The curve, drawn in a thread; the one before until then."""
        curves, known = self.work.curves, self.work.what_if
        size = (min(self.size.width - 6, 110), max(10, min(self.size.height - 10, 24)))
        ascii_mode = self.ascii_mode
        rests_on = (
            curves.place, size, len(curves.map), len(known.volumes), len(known.flips), curves.layers is None,
            curves.no_layers, curves.problem,
        )  # fmt: skip
        return self.drawing.of(rests_on, lambda: curve_lines(self.plan, curves, known, size, ascii_mode))

    def _key(self) -> str:
        row = self.listing.current
        return row.key if row else ""

    def on_told(self) -> None:
        """Show what a thread has worked out; what flips the plan is kept for its file, if found on its own prices."""
        flips = self.work.what_if.whole()
        if flips is not None and self.plan.catalog_as_of == self.wizard.catalog_date:
            self.wizard.desk.learn(self.plan, flips)

    def about(self) -> str:
        """The row's arithmetic in one line."""
        if self.tab == CURVE:
            return f"{CURVES[self.work.curves.place]}: v, or left and right, for the other curves."
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
        if tab == WHY_NOT:
            self.work.open_why_not()
        elif tab == WHAT_IF:
            self.work.what_if.sort()
            self.work.open_what_if()
        elif tab == CURVE:
            self.work.open_curve()
        if tab == WHAT_IF and not self.work.able:
            self.work.what_if.problem = "Nothing can be tried: there is no plan with a bill to move away from."
        self.refresh_frame()

    def action_detail(self) -> None:
        """Show the row's arithmetic on a page; where nothing fits, make the row's change and solve again."""
        if self.tab == WHAT_IF:
            self._type()
            return
        member = next((each for each in self.plan.conflict if each.requirement == self._key()), None)
        if self.tab == SUMMARY and member is not None and member.changes:
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
        """Ask the questions that could flip the verdict."""
        from wizard.screens.doubts import DoubtsScreen

        self.app.push_screen(DoubtsScreen(self.plan, self.work))

    def action_figures(self) -> None:
        """Show the readings and the prices on a page."""
        self.app.push_screen(Page(f"{self.path()} > Figures", figures(self.plan)))

    def action_other(self) -> None:
        """Set the next baseline beside the plan, or show the next curve."""
        if self.tab == CURVE:
            self.action_nudge(1)
        elif self.tab != COST:
            self.explain("v acts on tab 2 Cost and on tab 5 Curves.")
        elif GROUPINGS[self.grouped] == "segment":
            self.explain("A baseline has no segments: g, then v.")
        elif len(baselines(self.plan)) < 2:
            self.explain("No second baseline has a bill to set beside the plan.")
        else:
            self.beside_it += 1
            self._open(COST)

    def action_group(self) -> None:
        """Put the lines of the bill together in the next way."""
        if self.tab != COST:
            self.explain("g acts on tab 2 Cost.")
        else:
            self.grouped = (self.grouped + 1) % len(GROUPINGS)
            self._open(COST)

    def action_reason(self) -> None:
        """Narrow the list to the next rule."""
        if self.tab != WHY_NOT:
            self.explain("t acts on tab 3 Why not.")
        else:
            self.rule = (self.rule + 1) % len(reasons(self.plan))
            self._open(WHY_NOT)

    def action_must_use(self) -> None:
        """Price the option under the cursor; a second time, keep it as a rule."""
        if self.tab != WHY_NOT:
            self.explain("m acts on tab 3 Why not.")
            return
        row = self.listing.current
        self.note = keep_option(self.wizard, self.work, row) if row else "No option is under the cursor."
        self.refresh_frame()

    # What if.

    def action_nudge(self, way: int) -> None:
        """Move the lever and solve; on the curves, show the one beside."""
        if self.tab == CURVE:
            self.work.curves.place = (self.work.curves.place + way) % len(CURVES)
            self._open(CURVE)
            return
        lever = self.work.what_if.lever(self._key()) if self.tab == WHAT_IF else None
        if lever is None:
            self.explain("left and right act on tab 4 What if and tab 5 Curves.")
            return
        self.note = self.work.what_if.step(lever, way)
        self.work.moved()
        self.refresh_frame()

    def _type(self) -> None:
        lever = self.work.what_if.lever(self._key())
        if lever is None or lever.still:
            self.explain(self.about() or "No lever is under the cursor.")
            return
        self.edit_line.call("Try")
        self.edit_line.remove_class("empty")
        now = told(lever, self.work.what_if.at(lever))
        self.edit_line.open(now, lambda text: f"reads as {told(lever, read_move(lever, text))}")
        self.refresh_frame()

    def action_unmove(self) -> None:
        """Take the last move back."""
        if self.tab != WHAT_IF:
            self.explain("u takes back a move on tab 4; answers are undone where they are given: o.")
            return
        self.note = "" if self.work.what_if.undo() else "No move to take back."
        self.work.moved()
        self.refresh_frame()

    def action_keep(self) -> None:
        """Make the moves answers, and solve."""
        self.explain(keep_moves(self.wizard, self.work) if self.tab == WHAT_IF else "p acts on tab 4 What if.")

    # The edit line: a filter, or a move.

    def action_find(self) -> None:
        """Filter the options."""
        if self.tab != WHY_NOT:
            self.explain("/ acts on tab 3 Why not.")
            return
        self.before = self.wanted
        self.edit_line.call("Find")
        self.edit_line.remove_class("empty")
        self.edit_line.open(self.wanted, lambda text: f"shows rows with {text!r}" if text else "shows all rows")
        self.refresh_frame()

    def on_edit_line_changed(self, event: EditLine.Changed) -> None:
        """Filter while it is typed."""
        if self.tab == WHY_NOT:
            self.wanted = event.text
            self.refresh_frame()
        else:
            super().on_edit_line_changed(event)

    def on_edit_line_accepted(self, event: EditLine.Accepted) -> None:
        """Keep the filter, or make the move."""
        self.edit_line.shut()
        lever = self.work.what_if.lever(self._key())
        if self.tab == WHY_NOT:
            self.wanted = event.text
        elif lever is not None:
            self.note = self.work.what_if.set(lever, read_move(lever, event.text))
            self.work.moved()
        self.refresh_frame()

    def on_edit_line_restored(self) -> None:
        """Put the filter back."""
        if self.tab == WHY_NOT:
            self.wanted = self.before
        self.edit_line.shut()
        self.refresh_frame()

    # Out of here.

    def action_save(self) -> None:
        """Save the plan: at once under its name, or ask one."""
        self.note = self.wizard.save()
        self.refresh_frame()

    def action_export(self) -> None:
        """Write the plan as text."""
        from wizard.export import export

        self.explain(export(self.wizard.desk))

    def action_back(self) -> None:
        """Clear a filter first, then go back."""
        if self.tab == WHY_NOT and (self.wanted or self.rule):
            self.wanted, self.rule = "", 0
            self._open(WHY_NOT)
        else:
            self.wizard.back()


def tabs(chosen: int, width: int) -> str:
    """The tabs in one row, the chosen one in brackets; where it is too long, the others by a word."""
    for names, gap in ((TABS, "  "), (BRIEF, " ")):
        told = [f"[{at + 1} {TABS[at]}]" if at == chosen else f"{at + 1} {name}" for at, name in enumerate(names)]
        row = gap.join(told)
        if len(row) <= width:
            break
    return row
