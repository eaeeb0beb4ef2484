"""Constraints, load, team and prices: the same table, each with what its last column tells."""

import threading
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.message import Message

from catalogs.toml_file import InputError
from solver.explanation.reasons import RulePrice
from solver.plan import Plan
from solver.rule_off import SAME, RuleCost, cost_of, is_rule, without
from solver.scenario import Scenario
from wizard.keys import BACK, HELP, MOVES, OUTLINE, SAVE, SOLVE, UNDO, Key, bindings
from wizard.questions import CONSTRAINTS, TEAM
from wizard.screens.frame import Word
from wizard.screens.table import CHANGE, FIND, TAKE_BACK, TOGGLE, WORDS, TableScreen, cells, segment_of
from wizard.screens.views import money
from wizard.session import Session
from wizard.widgets.glyphs import fill

NEXT = Key("tab", "turn(1)", "tab", "next", "the next section: load, constraints, team and prices")
LAST = Key("shift+tab", "turn(-1)", "shift+tab", "", "the section before")
PRICE = Key("p", "price", "p", "price it", "solve without the rule under the cursor: what it costs a month")
LOAD = ("load", "blocks", "horizon")
LOAD_OF_SEGMENT = ("requests", "growth", "load", "may_wait")
DEMANDS = ("processing_in", "no_training", "spot_tolerance", "coverage")
ROWS = 5
TALL = 24
SECTIONS = ("load", "constraints", "team")


def load_keys(session: Session) -> list[str]:
    """The full keys of the load."""
    return [*LOAD, *(f"segment.{name}.{field}" for name in session.tables["segment"] for field in LOAD_OF_SEGMENT)]


def rule_keys(session: Session) -> list[str]:
    """The full keys of the rules: those of the plan, and the demands of each segment that one bargains about."""
    rules = [question.key for question in CONSTRAINTS if question.key not in LOAD]
    demands = [f"segment.{name}.{field}" for field in DEMANDS for name in session.tables["segment"]]
    return [*rules[:1], *demands, *rules[1:]]


def team_keys(session: Session) -> list[str]:
    """The full keys of team, today and money."""
    return [question.key for question in TEAM]


class SectionScreen(TableScreen):
    """A section of questions; tab goes to the next."""

    SECTION: ClassVar[str] = ""
    KEYS: ClassVar[tuple[Key, ...]] = ()

    def place(self) -> str:
        """The section."""
        return self.SECTION

    def action_turn(self, step: int) -> None:
        """Open the section beside, in the place of this one."""
        self.wizard.back()
        place = (SECTIONS.index(self.SECTION) + step) % len(SECTIONS)
        self.app.push_screen(SCREENS[SECTIONS[place]]())


class LoadScreen(SectionScreen):
    """The volume, its shape over the week, and its growth."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, CHANGE, TOGGLE, NEXT, LAST, SOLVE, TAKE_BACK, FIND, UNDO, OUTLINE, SAVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    SECTION = "load"
    WORDS: ClassVar[tuple[Word, ...]] = (
        *WORDS, ("shape", "the load of each hour of a week over its mean; space takes the next shape of the catalog"),
    )  # fmt: skip

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Load"

    def asked(self) -> Sequence[str]:
        """The load of the plan and of each segment."""
        return load_keys(self.session)

    def under(self) -> Sequence[str]:
        """A day of the load, drawn where there is room."""
        return self._day() if self.size.height >= TALL else []

    def about(self) -> str:
        """The shapes there are, on the rows that name one."""
        words = self.words_of(self.key) if self.key.endswith("load") else ()
        return f"space takes the next of {len(words)} shapes; enter types a name." if words else super().about()

    def on_listing_moved(self) -> None:
        """The day is that of the segment under the cursor."""
        self.refresh_frame()

    def _day(self) -> list[str]:
        from solver.meanings import day_of, shape_name

        session, catalog = self.session, self.wizard.catalog
        name = segment_of(self.key) or next(iter(session.tables["segment"]))
        scenario = session.scenario
        if catalog is None or not day_of(scenario, name, catalog):
            return []
        days = (day_of(scenario, name, catalog), day_of(scenario, name, catalog, weekend=True))
        marks = (fill("#", self.ascii_mode), fill("=" if self.ascii_mode else ".", self.ascii_mode))
        lines = [f"{shape_name(scenario, name)}: {marks[0]} weekday, {marks[1]} weekend, each hour at its busiest"]
        for row in range(ROWS, 0, -1):
            least = (row - 0.5) / ROWS if row > 1 else 1e-9  # what is above nothing is seen
            drawn = "".join(
                mark if day[hour] >= least else " " for hour in range(24) for day, mark in zip(days, marks, strict=True)
            )
            lines.append(f"{100 * row / ROWS:>4.0f}%|{drawn}".rstrip())
        return [*lines, "   0h" + "+-----------6h" + "----------12h" + "----------18h" + "---------24h"]


class ConstraintsScreen(SectionScreen):
    """The rules, and what each costs: the screen where one bargains with security and finance."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, CHANGE, TOGGLE, PRICE, SOLVE, NEXT, LAST, TAKE_BACK, FIND, UNDO, OUTLINE, SAVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    SECTION = "constraints"
    TITLES = ("Rule", "Value", "From", "Costs a month")
    WORDS: ClassVar[tuple[Word, ...]] = (
        *WORDS[:1],
        ("costs a month", "what the plan would cost less without this one rule, all others kept, solved anew by p"),
        ("does not bind", "without the rule the plan would cost the same"),
        ("last solve", "answers were changed since: s solves again"),
    )

    class Priced(Message):
        """The solve without a rule ended; `says` tells why there is no cost."""

        def __init__(self, key: str, says: str = "") -> None:
            self.key, self.says = key, says
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self.pricing = ""

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Constraints"

    def asked(self) -> Sequence[str]:
        """Rules of the plan, then demands of each segment."""
        return rule_keys(self.session)

    def last(self, key: str) -> str:
        """What the rule costs, once it is known."""
        desk = self.wizard.desk
        if key == self.pricing:
            return "solving"
        cost, recorded = desk.rule_costs.get(key), self._recorded(key)
        if cost is None and (recorded is None or recorded.per_month is None):
            return "-"
        said = told(cost) if cost is not None else told_of(recorded) if recorded is not None else "-"
        return said + ("  (last solve)" if desk.plan_is_old else "")

    def _recorded(self, key: str) -> RulePrice | None:
        """What the plan itself tells of the rule's price."""
        plan = self.wizard.desk.plan
        return next((each for each in plan.requirements if each.requirement == key), None) if plan else None

    def about(self) -> str:
        """The help of the rule, and why it costs nothing where the plan tells it."""
        recorded = self._recorded(self.key)
        return recorded.why if recorded is not None and recorded.why else super().about()

    def under(self) -> Sequence[str]:
        """What to do for the last column."""
        desk = self.wizard.desk
        if desk.plan is None:
            return ["s solves; then p tells what the rule under the cursor costs."]
        return ["The answers changed since the plan: s solves first, then p prices."] if desk.plan_is_old else []

    def action_price(self) -> None:
        """Solve without the rule, in a thread."""
        desk = self.wizard.desk
        if desk.plan is None or desk.answered is None or desk.plan_is_old:
            self.explain(self.under()[0])
            return
        if self.pricing:
            self.explain("One rule at a time: the one before is still being priced.")
            return
        if self.wizard.solving.running:
            self.explain("A solve is under way: it comes first.")
            return
        scenario = without(desk.answered, self.key)
        if scenario is None:
            off = is_rule(self.key)
            self.explain("It is off: there is nothing to price." if off else "Without it there is no plan: no price.")
            return
        self.pricing = self.key
        work = partial(self._price, self.key, desk.plan, scenario, self.wizard.stop)
        self.app.run_worker(work, thread=True, exit_on_error=False, group="price")
        self.refresh_frame()

    def _price(self, key: str, plan: Plan, scenario: Scenario, stop: threading.Event) -> None:
        """In the thread: only call the solver; what it finds is kept also when the screen is left."""
        says = ""
        try:
            cost = cost_of(plan, self.wizard.solver(scenario, lambda progress: None, stop))
            if stop.is_set():
                says = "Stopped: the rule is not priced."
            elif self.wizard.desk.plan is plan:
                self.wizard.desk.rule_costs[key] = cost
        except InputError as error:
            says = f"! {error.faults[0]}"
        except Exception as error:
            self.wizard.failures.append(error)
            says = f"! our fault: {type(error).__name__}: {error}".splitlines()[0]
        self.post_message(self.Priced(key, says))

    def on_constraints_screen_priced(self, event: Priced) -> None:
        """Show the cost."""
        self.pricing = ""
        cost = self.wizard.desk.rule_costs.get(event.key)
        self.note = event.says or (self._said(event.key, cost) if cost else "")
        self.refresh_frame()

    def _said(self, key: str, cost: RuleCost) -> str:
        label = cells(self.session, key, len(self.session.tables["segment"]) > 1)[0]
        if cost.per_month is None or not cost.binds:
            return f"{label}: {told(cost)}; without it {money(cost.total_without)} a month, all counted"
        return f"{label}: {told(cost)} {cost.currency} a month; without it {money(cost.total_without)}, all counted"


def told(cost: RuleCost) -> str:
    """What a rule costs, in a few words."""
    if cost.per_month is None:
        return "no plan either way" if cost.total_without is None else f"no plan; else {money(cost.total_without)}"
    if not cost.binds:
        return "does not bind" if cost.slack < 1 else "within the gap"
    return ("about " if cost.slack > 0.1 * abs(cost.per_month) else "") + money(cost.per_month)


def told_of(price: RulePrice) -> str:
    """What the plan tells of a rule's price, in a few words: `>=` where the solves leave room."""
    if price.per_month is None:
        return "-"
    if price.proven and price.per_month <= SAME:
        return "does not bind"
    return ("" if price.proven else ">= ") + money(price.per_month)


class TeamScreen(SectionScreen):
    """Who would run it, what that costs, what runs and is paid today."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        *MOVES, CHANGE, TOGGLE, NEXT, LAST, SOLVE, TAKE_BACK, FIND, UNDO, OUTLINE, SAVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    SECTION = "team"

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Team and prices"

    def asked(self) -> Sequence[str]:
        """Team, today, currency."""
        return team_keys(self.session)


SCREENS: dict[str, type[SectionScreen]] = {"load": LoadScreen, "constraints": ConstraintsScreen, "team": TeamScreen}
