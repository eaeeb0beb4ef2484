"""Constraints, load, team and prices: the same table, each with what its last column tells."""

import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from catalogs.toml_file import InputError
from solver.explanation.reasons import RulePrice
from solver.plan import Plan
from solver.rule_off import SAME, RuleCost, cost_of, is_rule, without
from wizard.keys import BACK, HELP, MOVES, OUTLINE, SAVE, SOLVE, UNDO, Key, bindings
from wizard.questions import CONSTRAINTS, TEAM
from wizard.screens.frame import Word
from wizard.screens.table import CHANGE, FIND, TAKE_BACK, TOGGLE, WORDS, TableScreen, cells, segment_of
from wizard.screens.views import money
from wizard.session import Session
from wizard.widgets.glyphs import fill

if TYPE_CHECKING:
    from wizard.app import WizardApp

NEXT = Key("tab", "turn(1)", "tab", "next", "the next section: load, constraints, team and prices")
LAST = Key("shift+tab", "turn(-1)", "shift+tab", "", "the section before")
PRICE = Key("p", "price", "p", "price it", "solve without the rule under the cursor: what it costs a month")
PRICE_ALL = Key("a", "price_all", "a", "price all", "price every rule that is on, one after the other; a again stops")
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
        *MOVES, CHANGE, TOGGLE, PRICE, PRICE_ALL, SOLVE, NEXT, LAST, TAKE_BACK, FIND, UNDO, OUTLINE, SAVE, BACK, HELP,
    )  # fmt: skip
    BINDINGS = bindings(KEYS)
    SECTION = "constraints"
    TITLES = ("Rule", "Value", "From", "Costs a month")
    WORDS: ClassVar[tuple[Word, ...]] = (
        *WORDS[:1],
        (
            "costs a month",
            "what the plan would cost less without this one rule, all others kept, solved anew by p, or a for all",
        ),
        ("does not bind", "without the rule the plan would cost the same"),
        ("last solve", "answers were changed since: s solves again"),
    )

    class Priced(Message):
        """The solve without a rule ended; `says` tells why there is no cost."""

        def __init__(self, key: str, says: str = "") -> None:
            self.key, self.says = key, says
            super().__init__()

    def path(self) -> str:
        """The decision's name."""
        return f"wizard  {self.wizard.desk.name} > Constraints"

    def asked(self) -> Sequence[str]:
        """Rules of the plan, then demands of each segment."""
        return rule_keys(self.session)

    def last(self, key: str) -> str:
        """What the rule costs, once it is known."""
        desk = self.wizard.desk
        if key in self.wizard.to_price:
            return "solving" if key == self.wizard.to_price[0] else "..."
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
        desk, left = self.wizard.desk, len(self.wizard.to_price)
        if desk.plan is None:
            return ["s solves; then p prices the rule under the cursor, a every rule."]
        if left > 1:
            return [f"{left} rules are being priced, each solved without it; a stops."]
        return ["The answers changed since the plan: s solves first, then p prices."] if desk.plan_is_old else []

    def action_price(self) -> None:
        """Solve without the rule, in a thread."""
        if not self._ready():
            return
        desk, key = self.wizard.desk, self.key
        if desk.answered is not None and without(desk.answered, key) is None:
            off = is_rule(key)
            self.explain("It is off: there is nothing to price." if off else "Without it there is no plan: no price.")
            return
        self._start([key])

    def action_price_all(self) -> None:
        """Price what is on and has no price yet, rule by rule; where that is under way, stop it."""
        if self.wizard.to_price:
            self.wizard.stop.set()  # the thread hears it; the next one gets an event of its own
            self.wizard.stop = threading.Event()
            self.explain("stopping; what is priced is kept")
            return
        desk = self.wizard.desk
        if not self._ready() or desk.answered is None:
            return
        known = {*desk.rule_costs, *(key for key in self.asked() if self._has_price(key))}
        keys = [key for key in self.asked() if key not in known and without(desk.answered, key) is not None]
        if keys:
            self._start(keys)
        else:
            self.explain("Every rule that is on is priced.")

    def _has_price(self, key: str) -> bool:
        recorded = self._recorded(key)
        return recorded is not None and recorded.per_month is not None

    def _ready(self) -> bool:
        """Whether a rule can be priced now; else say why not."""
        desk, said = self.wizard.desk, ""
        if desk.plan is None or desk.answered is None or desk.plan_is_old:
            said = "Nothing is priced before s has solved."
        elif self.wizard.to_price:
            said = "One rule at a time: the one before is still being priced; a stops it."
        elif self.wizard.solving.running:
            said = "A solve is under way: it comes first."
        if said:
            self.explain(said)
        return not said

    def _start(self, keys: list[str]) -> None:
        wizard, plan = self.wizard, self.wizard.desk.plan
        assert plan is not None
        wizard.to_price = keys
        work = partial(self._price, wizard, plan, wizard.stop)
        wizard.run_worker(work, thread=True, exit_on_error=False, group="price")
        self.refresh_frame()

    def _price(self, wizard: "WizardApp", plan: Plan, stop: threading.Event) -> None:
        """In the thread: only call the solver; what it finds is kept also when the screen is left."""
        while wizard.to_price:
            key, says = wizard.to_price[0], ""
            scenario = without(wizard.desk.answered, key) if wizard.desk.answered else None
            try:
                if wizard.desk.plan is not plan or scenario is None:
                    stop.set()
                elif not stop.is_set():
                    cost = cost_of(plan, wizard.solver(scenario, lambda progress: None, stop))
                    if not stop.is_set() and wizard.desk.plan is plan:
                        wizard.desk.rule_costs[key] = cost
            except InputError as error:
                says = f"! {error.faults[0]}"
            except Exception as error:
                wizard.failures.append(error)
                says = f"! our fault: {type(error).__name__}: {error}".splitlines()[0]
            wizard.to_price = [] if stop.is_set() else wizard.to_price[1:]
            if stop.is_set() and not says:
                says = "Stopped: the rest is not priced."
            if not self.post_message(self.Priced(key, says)):
                wizard.call_later(wizard.redraw)

    def on_constraints_screen_priced(self, event: Priced) -> None:
        """Show the cost."""
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
