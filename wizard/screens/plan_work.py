"""What threads find out for the plan's tabs: answers to moves before all else, then curves and flips while idle."""

import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from catalogs.toml_file import InputError
from wizard.explorer import Explored, Explorer
from wizard.screens.later import Told
from wizard.screens.plan_curves import Curves
from wizard.what_if import Moves, WhatIf

if TYPE_CHECKING:
    from solver.explanation.exploring import Volume
    from solver.explanation.flip_records import Flips
    from solver.explanation.reasons import WhyNotTable
    from solver.plan import Plan
    from solver.record import Verdict
    from wizard.screens.frame import Framed

IDLE_S = 2.0
"""Nothing is looked for in the background until so long after the last move: the answer to a key comes first."""
TELL_S = 0.5
"""What comes in bits is drawn at most so often."""


class PlanWork:
    """The questions to one plan. Keys call it, it starts threads, and the screen is told when there is more to draw."""

    def __init__(self, screen: "Framed", plan: "Plan", explored: Explored | None) -> None:
        self.screen, self.plan, self.explored = screen, plan, explored
        self.what_if, self.curves = WhatIf(), Curves()
        self.why_not: WhyNotTable | None = None
        self.priced: dict[str, float | None] = {}
        self.pricing = ""
        self.asked: set[str] = set()
        self.moved_at = 0.0
        self.solving = 0
        self.behind: set[threading.Event] = set()
        self.one, self.mover, self.first = threading.Lock(), threading.Lock(), threading.Lock()
        self.moving: tuple[Moves, threading.Event] | None = None
        self.told_at = 0.0
        self.watching: Framed | None = None

    def watch(self, screen: "Framed") -> None:
        """Tell another screen too, such as one above the plan's."""
        self.watching = screen

    @property
    def able(self) -> bool:
        """Whether anything can be asked: there is a plan, and a solver to ask."""
        return self.explored is not None and self.plan.total_per_month is not None

    def tell(self, now: bool = True) -> None:
        """Let the screen draw, at once or at most every half second."""
        if now or monotonic() - self.told_at >= TELL_S:
            self.told_at = monotonic()
            self.screen.post_message(Told())
            if self.watching is not None and self.watching.is_attached:
                self.watching.post_message(Told())

    def _once(self, name: str, work: Callable[[Explorer], None]) -> None:
        """Do something in a thread, the first time it is asked for; a fault is told in the tab."""
        if not self.able or name in self.asked:
            return
        self.asked.add(name)
        self.screen.run_worker(partial(self._safely, work), thread=True, exit_on_error=False, group=f"plan {name}")

    def _safely(self, work: Callable[[Explorer], None]) -> None:
        assert self.explored is not None
        try:
            work(self.explored.explorer())
        except InputError as error:
            self.what_if.problem = self.curves.problem = f"! {error.faults[0]}"
        except Exception as error:
            if not self.explored.over.is_set():
                self.screen.wizard.failures.append(error)
            self.what_if.problem = self.curves.problem = f"! our fault: {type(error).__name__}: {error}".splitlines()[0]
        self.tell()

    # What if.

    def open_what_if(self) -> None:
        """Raise the options, answer the decision as it is, then look for flips and the curve."""
        self._once("levers", self._levers)

    def _levers(self, explorer: Explorer) -> None:
        self.what_if.levers = explorer.levers()
        self.what_if.sort()
        self.tell()
        with self.mover:
            self._answer(explorer, {})
        self.tell()
        self._volumes(explorer)
        self._flips(explorer)

    def _answer(self, explorer: Explorer, moves: dict[str, float]) -> None:
        """Answer moves, unless others are made meanwhile: what a stopped solve says is not kept."""
        assert self.explored is not None
        base = self.what_if.base
        key, stop = tuple(sorted(moves.items())), self.explored.stop()
        self.moving = key, stop
        if self.what_if.key != key:
            stop.set()
        found = explorer.answer(moves, base.opened if base else [pool.option for pool in self.plan.pools], stop)
        self.explored.running.discard(stop)
        if not stop.is_set():
            self.what_if.values[key] = explorer.values(moves)
            self.what_if.answers[key] = found

    def _kept(self, explorer: Explorer) -> None:
        """What the plan's own options cost, while the answer is on its way: soon told, and never taken for it."""
        assert self.explored is not None
        with self.first:
            moves, key = dict(self.what_if.moves), self.what_if.key
            if key not in self.what_if.kept:
                self.what_if.values[key] = explorer.values(moves)
                self.what_if.kept[key] = explorer.kept(self.plan, moves, self.explored.over)

    def moved(self) -> None:
        """Answer the moves as they stand; what runs behind, or answers the moves before, makes way."""
        self.moved_at = monotonic()
        for stop in tuple(self.behind):
            stop.set()
        if self.moving is not None and self.moving[0] != self.what_if.key:
            self.moving[1].set()
        if self.what_if.answer is None and self.able:
            self.screen.run_worker(self._move, thread=True, exit_on_error=False, group="plan move")

    def _move(self) -> None:
        self.solving += 1
        try:
            self._safely(self._kept)
            with self.mover:
                while self.what_if.answer is None and not self.what_if.problem:  # only where the moves stand at last
                    self._safely(partial(self._answer, moves=dict(self.what_if.moves)))
                    if self.explored is None or self.explored.over.is_set():
                        break
        finally:
            self.moved_at = monotonic()
            self.solving -= 1
        self.tell()

    @property
    def busy(self) -> bool:
        """Whether moves are being answered."""
        return self.solving > 0 or (self.able and self.what_if.answer is None)

    def _idle(self) -> bool:
        """Wait until no key was pressed for a while; False at the end."""
        assert self.explored is not None
        while self.solving or monotonic() - self.moved_at < IDLE_S:
            if self.explored.over.wait(0.1):
                return False
        return not self.explored.over.is_set()

    def _behind(self, work: Callable[[threading.Event], None]) -> bool:
        """Work while idle, again from its start where a move came between; False at the end."""
        assert self.explored is not None
        while self._idle():
            stop = self.explored.stop()
            self.behind.add(stop)
            with self.one:
                if not stop.is_set():
                    work(stop)
            self.behind.discard(stop)
            self.explored.running.discard(stop)
            if not stop.is_set():
                return True
        return False

    def _volumes(self, explorer: Explorer) -> None:
        def tell(point: "Volume") -> None:
            self.what_if.volumes[point.by] = point
            self.tell(now=False)

        if self._behind(partial(explorer.volumes, tell)):
            self.tell()

    def _flips(self, explorer: Explorer) -> None:
        """Lever by lever, those first whose moves need no raising of options."""
        for lever in sorted(self.what_if.levers, key=lambda each: not each.quick):
            if lever.still:
                continue
            if held := self._held(lever.name):
                self.what_if.learn(lever.name, held, saved=True)
                continue

            def look(stop: threading.Event, name: str = lever.name) -> None:
                found = explorer.flips(name, stop)
                if not stop.is_set():
                    self.what_if.learn(name, found)

            if not self._behind(look):
                return
            self.tell(now=False)
        self.what_if.sort()
        self.tell()

    def _held(self, lever: str) -> "Flips | None":
        """What the plan's file holds on a lever, where the catalog is the plan's and time did not cut it short."""
        known = self.plan.flips
        if known is None or self.plan.catalog_as_of != self.screen.wizard.catalog_date:
            return None
        mine = tuple(each for each in known.flips if each.lever == lever)
        whole = bool(mine) and not any(each.cut for each in mine)
        looked = {"flips": mine, "cut": False, "solves": 0, "seconds": 0.0}
        return known.model_copy(update=looked) if whole else None

    # Curves and options.

    def open_curve(self) -> None:
        """Solve what the curve that is shown needs."""
        place = self.curves.place
        if place in (0, 1):
            self._once("layers", self._layers)
        elif place == 2:
            self.open_what_if()
        elif place == 3:
            self._once("map", self._map)

    def _layers(self, explorer: Explorer) -> None:
        assert self.explored is not None
        self.curves.layers = explorer.layers(self.plan, self.explored.over)
        if self.curves.layers is None:
            self.curves.no_layers = "The plan was not found again in time: s solves anew."

    def _map(self, explorer: Explorer) -> None:
        def tell(x: float, y: float, verdict: "Verdict") -> None:
            self.curves.map[x, y] = verdict
            self.tell(now=False)

        self._behind(partial(explorer.map, tell))

    def open_why_not(self) -> None:
        """Look for the price at which each option that is not used would enter."""
        self._once("why not", self._why_not)

    def _why_not(self, explorer: Explorer) -> None:
        def look(stop: threading.Event) -> None:
            found = explorer.why_not(self.plan, stop)
            if not stop.is_set():
                self.why_not = found

        self._behind(look)

    def price(self, option: str) -> None:
        """Solve with an option that must be used: what an opinion costs."""
        self.pricing = option
        self._once(f"must use {option}", partial(self._price, option))

    def _price(self, option: str, explorer: Explorer) -> None:
        assert self.explored is not None
        try:
            self.priced[option] = explorer.must_use(option, self.explored.over)
        finally:
            self.pricing = ""
