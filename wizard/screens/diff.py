"""The diff of two plans: verdict and money first, then by what the money moved, then each change with its mark."""

import difflib
from collections.abc import Sequence
from typing import ClassVar

from solver.comparison import Change, Comparison, compare
from wizard.diff_parts import Split, moved, split_lines, split_of, takes_solving
from wizard.keys import BACK, FIND, HELP, MOVES, Key, bindings
from wizard.questions import question_for
from wizard.screens.diff_flips import DiffFlips
from wizard.screens.filtered import Filtered
from wizard.screens.frame import Word
from wizard.screens.help import Page
from wizard.screens.later import Later
from wizard.screens.views import money
from wizard.store import SavedPlan, to_toml
from wizard.text.comparison import shown
from wizard.text.tables import STATUSES, VERDICTS
from wizard.widgets.listing import Column, Row

DETAIL = Key("enter", "detail", "enter", "details", "the change in full, on a page")
TOML = Key("v", "toml", "v", "TOML diff", "both files, line by line, on a page")
FLIPS = Key("f", "flips", "f", "flips", "what would have flipped each plan, lever by lever")
OTHER = Key("tab", "swap", "tab", "other way", "the same two plans the other way round")
KEEP = Key("w", "keep", "w", "keep the new", "save the re-checked plan over the old one")
MARKS = {"added": "+", "removed": "-", "changed": "~"}
TITLES = {
    "verdict": "verdict", "confidence": "how sure", "status": "solve", "cheapest": "cheapest", "bill": "bill",
    "allocation": "served by", "fallback": "if lost", "pool": "pools", "scenario": "you", "price": "price",
    "exchange_rate": "rate",
}  # fmt: skip
SOLVING = "the old answers are being solved again"
WORDS = {**VERDICTS, **STATUSES}
"""How a verdict, and the end of a solve, read."""
COLUMNS = (
    Column(""), Column("Subject", rank=1), Column("What", grows=True, least=28, ends=True),
    Column("Before", grows=True, least=10, right=True), Column("After", grows=True, least=10, right=True),
)  # fmt: skip


class DiffScreen(Filtered):
    """What changed between two plans. `rechecked`: the newer one is the older one solved again, in no file yet."""

    KEYS: ClassVar[tuple[Key, ...]] = (DETAIL, *MOVES, FLIPS, TOML, OTHER, KEEP, FIND, BACK, HELP)
    BINDINGS = bindings(KEYS)
    WORDS: ClassVar[tuple[Word, ...]] = (
        ("+ - ~", "added, removed, changed"),
        ("by prices", "the old answers solved with the new plan's catalog, less the same with the old plan's"),
        ("by you", "the new plan, less that: what the changed answers cost"),
        ("by the model", "the old answers solved again with the prices of their day, less the old plan"),
        ("flips at", "how far a lever must move, all else equal, until another verdict wins"),
    )

    def __init__(self, old: SavedPlan, new: SavedPlan, rechecked: bool = False) -> None:
        super().__init__()
        self.old, self.new, self.rechecked = old, new, rechecked
        self.kept = False
        self.split: Later[Split | str] = Later(self, SOLVING)
        self.flips = DiffFlips(self, old, new)
        self.comparison: Comparison = compare(old, new)
        self.changes: dict[str, Change] = {}

    def path(self) -> str:
        """The two plans."""
        if self.old.name == self.new.name:
            return f"wizard  Diff  {self.old.name}   {self.old.saved or 'not saved'} -> {self.new.saved or 'today'}"
        return f"wizard  Diff  {self.old.name} -> {self.new.name}"

    def state(self) -> str:
        """Whether the re-checked plan is in a file."""
        return "" if not self.rechecked else "saved" if self.kept else "not saved"

    def keys_shown(self) -> Sequence[Key]:
        """To keep the new plan comes first where there is one to keep."""
        keys = super().keys_shown()
        if not self.rechecked or self.edit_line.editing:
            return [key for key in keys if key is not KEEP]
        return [keys[0], KEEP, *(key for key in keys[1:] if key not in (KEEP, OTHER))]

    def draw(self) -> None:
        """The verdict, the money, why it moved, and every change."""
        found = self.comparison
        self.head(*verdict_and_money(found, self.size.width - 2), *self._split(), strong=0)
        said = [each for each in found.changes if each.subject != "total"]
        self.changes = {str(place): each for place, each in enumerate(said)}
        rows = [Row(_cells(each), key) for key, each in self.changes.items()]
        self.matching(COLUMNS, [*rows, *self.flips.rows()])
        none = [] if said else ["Nothing changed: same verdict, same bill, same answers."]
        self.foot(*none, *self.flips.told())

    def _split(self) -> list[str]:
        """By what the money moved; the parts add up to the difference by construction."""
        found = self.comparison
        if not moved(found):
            return []
        if not takes_solving(found):
            return split_lines(found, split_of(found, self._total))
        return split_lines(found, self.split.of((self.old.name, self.new.name), lambda: split_of(found, self._total)))

    def _total(self, as_of: str) -> float | None:
        """What the old answers cost a month with the prices of a day."""
        plan = self.wizard.solver(self.old.scenario, lambda progress: None, self.wizard.stop, as_of=as_of)
        return plan.total_per_month

    def _change(self) -> Change | None:
        row = self.listing.current
        return self.changes.get(row.key) if row else None

    def about(self) -> str:
        """The change in one line."""
        change, row = self._change(), self.listing.current
        if row is not None and row.key.startswith("flip "):
            return self.flips.about(row.key)
        if change is None:
            return "nothing matches; esc clears the filter" if self.wanted else "esc goes back."
        dates = f", {change.old_date} -> {change.new_date}" if change.new_date else ""
        return f"{change.key}: {said(change)}{dates}"

    def action_detail(self) -> None:
        """The change in full."""
        change = self._change()
        if change is None:
            self.explain(self.about())
            return
        lines = [change.key, "", f"  {change.action}", f"  before      {shown(change, change.old)}",
                 f"  after       {shown(change, change.new)}"]  # fmt: skip
        lines += [f"  unit        {change.unit}"] if change.unit else []
        lines += [f"  price dates {change.old_date or '-'} -> {change.new_date}"] if change.new_date else []
        self.app.push_screen(Page(f"{self.path()} > {TITLES[change.subject]}", lines))

    def action_toml(self) -> None:
        """Both files line by line."""
        old, new = (to_toml(saved).splitlines() for saved in (self.old, self.new))
        lines = [
            line.rstrip("\n") for line in difflib.unified_diff(old, new, self.old.name, self.new.name, lineterm="", n=1)
        ]
        self.app.push_screen(Page(f"{self.path()} > TOML", lines or ["The files are the same."]))

    def action_swap(self) -> None:
        """The other way round."""
        if self.rechecked:
            self.explain("tab turns two saved plans round; this one was just re-checked.")
            return
        self.old, self.new = self.new, self.old
        self.comparison, self.split = compare(self.old, self.new), Later(self, SOLVING)
        self.flips.end()
        self.flips = DiffFlips(self, self.old, self.new)
        self.refresh_frame()

    def action_flips(self) -> None:
        """Look for what would have flipped each plan."""
        self.note = self.flips.start()
        self.refresh_frame()

    def on_unmount(self) -> None:
        """Stop looking."""
        self.flips.end()

    def action_keep(self) -> None:
        """Save the re-checked plan over the old one."""
        if not self.rechecked or self.kept:
            self.explain(
                "Saved already." if self.kept else "w keeps a re-checked plan: r in the list of plans makes one."
            )
            return
        said = self.wizard.desk.keep_rechecked(self.new)
        self.kept = not said
        self.note = said or f"{self.new.name} is now the plan of {self.new.saved}."
        self.refresh_frame()

    def action_back(self) -> None:
        """Clear the filter first."""
        if self.wanted:
            self.filter_by("")
        else:
            super().action_back()


def verdict_and_money(found: Comparison, width: int) -> list[str]:
    """`stay on the API (unchanged)   4,480 -> 4,120   -360   -8.0%`, on two lines where one is too narrow."""
    old, new = VERDICTS[found.old_verdict], VERDICTS[found.new_verdict]
    verdict = f"{old} (unchanged)" if old == new else f"{old} -> {new}"
    totals = f"{money(found.old_total)} -> {money(found.new_total)} {found.new_currency}"
    if found.difference is not None:
        totals += f"   {found.difference:+,.0f}"
        totals += f"   {found.difference / found.old_total:+.1%}" if found.old_total else ""
    if len(verdict) + len(totals) + 2 > width:
        return [verdict, totals]
    return [f"{verdict}{totals:>{width - len(verdict)}}"]


def _cells(change: Change) -> tuple[str, ...]:
    old, new = (WORDS.get(text, text) for text in (shown(change, change.old), shown(change, change.new)))
    old, new = ("" if change.action == "added" else old), ("" if change.action == "removed" else new)
    return MARKS[change.action], TITLES.get(change.subject, change.subject), _what(change), old, new


def _what(change: Change) -> str:
    """What changed; an answer by the words of its question, `chat: first token within`."""
    question = question_for(change.key) if change.subject == "scenario" else None
    if question is None:
        return change.key
    name = change.key.split(".")[1] if change.key.startswith("segment.") else ""
    return f"{name}: {question.label}" if name else question.label


def said(change: Change) -> str:
    """`1.10 -> 0.90`, `+ 0.90`, `was 1.10`."""
    if change.action == "added":
        return f"new, {shown(change, change.new)}"
    if change.action == "removed":
        return f"was {shown(change, change.old)}"
    return f"{shown(change, change.old)} -> {shown(change, change.new)}"


def newer(one: SavedPlan, other: SavedPlan) -> tuple[SavedPlan, SavedPlan]:
    """The two in the order of the days on which they were saved."""
    return (one, other) if one.saved <= other.saved else (other, one)
