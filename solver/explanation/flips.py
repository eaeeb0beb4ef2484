"""What would flip the decision: for each lever the nearest value, up and down, at which another verdict or plan wins.

Every answer is solved, none guessed from duals. From where a lever stands it is moved outward by `RINGS`, all levers by
one ring before any by the next, so that what time cuts off is the far end; between two rings of different answers the
flip is closed in on by bisection to 1 %. An answer that changes and changes back between two rings is not seen.
Where a move may change the options they are raised anew; the bisection raises only those known so far, as both its ends
are looked at with all of them afterwards. A move that only makes dearer, or forbids, what today's plan does not use
changes nothing. Another plan wins where every plan of today's options costs more than the best by more than the gap of
the solves.
"""

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from math import exp, inf, log
from time import perf_counter
from typing import Literal

from catalogs.catalog import Catalog
from solver.explanation.flip_records import Flip, Flips
from solver.explanation.lever_steps import Moved
from solver.explanation.levers import LEVERS, PEOPLE, STEP, Lever, unit_of
from solver.explanation.looks import Look, Looker, with_designs
from solver.options import problem_of
from solver.problem import ApiOption, PoolDesign, Problem
from solver.program.data import data_of
from solver.scenario import Scenario
from solver.worlds import narrowed

RINGS = (1.25, 2.0, 5.0, 20.0, 100.0)
PRECISION = 1.01
"""A flip is known to this factor: just nearer, the answer is still today's."""
What = Literal["verdict", "plan"]
WHATS: tuple[What, ...] = ("verdict", "plan")
SIDES = (1, -1)


@dataclass
class _Way:
    """A lever on one side: moves still to be looked at, the last one where all was as today, what was found.

    `found` holds for verdict and plan the two moves between which it flips: the answer of the nearer is still today's.
    """

    lever: Lever
    side: int
    rings: list[float]
    last: float
    found: dict[What, tuple[float, float]] = field(default_factory=dict)
    nearer: dict[What, float] = field(default_factory=dict)
    closed: set[What] = field(default_factory=set)
    cut: bool = False

    @property
    def open(self) -> list[What]:
        return [what for what in WHATS if what not in self.found]


@dataclass
class _Search:
    """The decision as it is, who looks, and the moves looked at by (lever, move, deep)."""

    scenario: Scenario
    catalog: Catalog
    problem: Problem
    base: Look
    looker: Looker
    seen: dict[tuple[str, float, bool], Look] = field(default_factory=dict)
    last: tuple[tuple[str, float, bool], Problem] | None = None
    designs: dict[str, PoolDesign] = field(default_factory=dict)
    apis: dict[str, ApiOption] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        stop = self.looker.stop
        return perf_counter() >= self.looker.until or (stop is not None and stop.is_set())

    def other(self, way: _Way, by: float, what: What, deep: bool = False, few: bool = False) -> bool:
        """Whether another verdict, or another plan, wins with a lever moved.

        With `few` only the options known so far are raised anew: a shallow look needs no others.
        """
        found = self.known(way, by, deep)
        if found is None:
            found = self._look(way.lever, by, deep, few and not deep)
            self.seen[way.lever.name, by, deep] = found
        changed = found.verdict != self.base.verdict and not found.unknown
        return changed if what == "verdict" else changed or found.other_plan

    def known(self, way: _Way, by: float, deep: bool = False) -> Look | None:
        """What was seen at a move, a deep look first."""
        found = self.seen.get((way.lever.name, by, True))
        return found if found is not None or deep else self.seen.get((way.lever.name, by, False))

    def _look(self, lever: Lever, by: float, deep: bool, few: bool) -> Look:
        key = lever.name, by, few
        if self.last is None or self.last[0] != key:
            self.last = key, self._moved(lever, by, few)
        problem = self.last[1]
        found = self.looker.look(problem, self.base.options, deep, not self.stays(lever, by))
        self.learn(problem)
        return found

    def learn(self, problem: Problem) -> None:
        """Keep the designs that have been good so far, and the APIs that an optimum may need at some move.

        Those of the optimum alone are too few: each look with all options finds another one that is a little better.
        """
        known = self.looker.known
        self.designs |= {design.id: design for design in problem.designs if design.id in known}
        for a in data_of(with_designs(problem, ())).apis:
            self.apis[problem.apis[a].id] = problem.apis[a]

    def _moved(self, lever: Lever, by: float, few: bool) -> Problem:
        """The problem with a lever moved, with options raised anew where it may change them."""
        moved = lever.moved(self.scenario, self.catalog, by)
        quickly = lever.on_problem
        problem = quickly(self.problem, moved, by) if quickly else None
        if problem is not None:
            return problem
        if few:
            moved = narrowed(*moved, tuple(self.designs.values()), tuple(self.apis.values()))
        return self._raised(moved)

    def _raised(self, there: Moved) -> Problem:
        """The options, today's among them: one that another beats by a hair would be dropped, and its plan with it."""
        rules = there.scenario.policy
        kept = rules.model_copy(update={"must_use": (*rules.must_use, *self.base.options)})
        problem = problem_of(there.scenario.model_copy(update={"policy": kept}), there.catalog)
        return replace(problem, rules=replace(problem.rules, must_use=rules.must_use))

    def stays(self, lever: Lever, by: float) -> bool:
        """Whether APIs alone surely remain the verdict at a move, though another plan of theirs may win there.

        A plan with pools costs P + B, and APIs alone K + C, of which B and C are what APIs are paid. Today none is so
        cheap that it wins: P + B >= (1 - margin)*(K + C), or >= K + C - step of people. At f < 1 times the price of
        APIs these cost K + f*C at the most, and f times the one inequality and 1 - f times P >= K add up to the same
        again. Likewise for dearer people, where those of any plan with pools cost no less than those of the API plan.
        """
        problem, base = self.problem, self.base
        cheaper = lever.name == "api_price" and by < 1
        if not cheaper and not (lever.name == "salary" and by > 1):
            return False
        changed = problem.in_force or problem.moving is not None or problem.rules.budget_per_month is not None
        if base.verdict != "stay_on_api" or not base.proven or changed or lever.on_problem is None:
            return False
        return _least_of_pools(problem, not cheaper) >= _of_suppliers(problem, base.options, not cheaper)

    def settled(self, way: _Way) -> bool:
        """Whether no move on this side can change the answer: it makes dearer, or forbids, what no plan of today uses.

        Replicas where no pool is in the plan, APIs where none is, also not for a loss; what runs today counts as used.
        """
        base, problem = self.base, self.problem
        if not base.proven or problem.in_force or problem.moving is not None:
            return False
        pools = {design.id for design in problem.designs} & set(base.options)
        if base.verdict == "stay_on_api":
            return not pools and (way.lever.name, way.side) in (("gpu_price", 1), ("commitment", -1))
        alone = base.verdict == "self_host" and len(pools) == len(base.options)
        return alone and (way.lever.name, way.side) == ("api_price", 1)


def _least_of_pools(problem: Problem, people: bool) -> float:
    """What every plan with pools pays at the least for having any, and a class of them; or its people's part."""
    counted = [cost for cost in problem.fixed_costs if not people or cost.unit in PEOPLE]
    classes = {design.pool_class for design in problem.designs}
    of_class = [sum(each.per_month for each in counted if each.trigger == ("class", name)) for name in classes]
    return sum(each.per_month for each in counted if each.trigger[0] == "selfhost") + min(of_class, default=0.0)


def _of_suppliers(problem: Problem, options: Collection[str], people: bool) -> float:
    """What the suppliers of the APIs among these options cost, whatever they serve; or its people's part."""
    used = {api.offer.provider for api in problem.apis if api.id in options}
    return sum(
        cost.per_month for cost in problem.fixed_costs
        if cost.trigger[0] == "supplier" and cost.trigger[1] in used and (not people or cost.unit in PEOPLE)
    )  # fmt: skip


def flips_of(
    scenario: Scenario,
    catalog: Catalog,
    problem: Problem | None = None,
    levers: Collection[str] = tuple(LEVERS),
    gap: float = 1e-3,
    limit_s: float = 60.0,
    each_s: float = 5.0,
    stop: threading.Event | None = None,
) -> Flips:
    """The flips of a scenario's decision on a catalog in its currency, the nearest first.

    `problem` is the scenario's own, where it is at hand. `limit_s` seconds for all and `each_s` for a solve; what was
    cut is told. Raises what `problem_of` raises.
    """
    started = perf_counter()
    problem = problem_of(scenario, catalog) if problem is None else problem
    looker = Looker(gap, each_s, started + limit_s, stop)
    base = looker.first(problem)
    search = _Search(scenario, catalog, problem, base, looker)
    search.learn(problem)
    ways = [way for lever in levers for way in _ways(LEVERS[lever], scenario, catalog)]
    for ring in range(max((len(way.rings) for way in ways), default=0)):
        for way in ways:
            if way.open and ring < len(way.rings):
                _step(search, way, way.rings[ring])
        for way in ways:
            _close_in(search, way)
    records = [record for way in ways for record in _records(search, way)]
    moving = {way.lever.name for way in ways}
    return Flips(
        verdict=base.verdict,
        options=base.options,
        flips=tuple(sorted(records, key=lambda each: (each.distance, list(LEVERS).index(each.lever), each.side))),
        still={name: LEVERS[name].still or "no step is left" for name in levers if name not in moving},
        gap=gap,
        cut=any(way.cut for way in ways),
        solves=len(search.seen) + 1,
        seconds=perf_counter() - started,
    )


def _ways(lever: Lever, scenario: Scenario, catalog: Catalog) -> Iterator[_Way]:
    low, high = lever.limits(scenario, catalog)
    for side in SIDES:
        rings = _steps(high if side > 0 else -low, side) if lever.steps else _rings(high if side > 0 else 1 / low, side)
        if rings:
            yield _Way(lever, side, rings, lever.as_it_is)


def _steps(most: float, side: int) -> list[float]:
    return [float(side * step) for step in range(1, round(most) + 1)]


def _rings(most: float, side: int) -> list[float]:
    """Factors outward, the last one being the farthest that the lever goes."""
    if most < PRECISION:
        return []
    inner = [ring for ring in RINGS if ring * PRECISION < most]
    return [ring**side for ring in (*inner, min(most, RINGS[-1]))]


def _step(search: _Search, way: _Way, by: float) -> None:
    """One move further out: what flips up to it is noted; that nothing does is made sure of."""
    if search.settled(way):
        way.nearer, way.last = dict.fromkeys(WHATS, by), by
        return
    for deep in (False, True):
        for what in way.open:
            if way.cut or search.over:
                way.cut = True
                return
            if search.other(way, by, what, deep=deep):
                way.found[what] = way.nearer.get(what, way.lever.as_it_is), by
            elif deep:
                look = search.known(way, by, deep=True)
                if look is not None and look.unknown:  # no plan in time: nothing further out is any easier
                    way.cut = True
                    return
                way.nearer[what] = by
    way.last = by


def _close_in(search: _Search, way: _Way) -> None:
    """Bisect what was found, the plan's flip first, as it is the nearer one; then make sure of it."""
    for what in reversed(WHATS):
        if what in way.found and what not in way.closed and not way.cut and not way.lever.steps:
            _closed_in(search, way, what)


def _closed_in(search: _Search, way: _Way, what: What) -> None:
    """Bisect by shallow looks, until a deep one on the near side, with all options, says that it is today's.

    Where one says that it is not, shallow looks are of no more use on this way: the rest is bisected by deep ones.
    """
    start, far = way.found[what]
    way.closed.add(what)
    deep = False
    while True:
        near, far = _bisected(search, way, what, (start, far), deep)
        way.found[what] = near, far
        if way.cut:
            return
        if near != start and search.other(way, near, what, deep=True):
            far, deep = near, True
            continue
        if search.other(way, far, what, deep=True):
            return
        if not search.other(way, way.last, what, deep=True):
            break
        start, far = far, way.last
    # The options that are let in at that move keep today's answer: look further out with them.
    del way.found[what]
    way.closed.discard(what)
    way.nearer[what] = way.last


def _bisected(
    search: _Search, way: _Way, what: What, between: tuple[float, float], deep: bool = False
) -> tuple[float, float]:
    near, far = between
    while abs(log(far / near)) > log(PRECISION):
        if search.over:
            way.cut = True
            break
        middle = exp((log(near) + log(far)) / 2)
        near, far = (near, middle) if search.other(way, middle, what, deep, few=True) else (middle, far)
    return near, far


def _records(search: _Search, way: _Way) -> Iterator[Flip]:
    """The verdict's flip or that there is none; the plan's where it is nearer, or the only one."""
    verdict, plan = way.found.get("verdict"), way.found.get("plan")
    yield _record(search, way, "verdict", verdict)
    if plan is not None and (verdict is None or abs(plan[1] - verdict[1]) > abs(verdict[1]) * (PRECISION - 1)):
        yield _record(search, way, "plan", plan)


def _record(search: _Search, way: _Way, what: What, found: tuple[float, float] | None) -> Flip:
    lever, base = way.lever, search.base
    reached = way.last if found is None else found[1]
    answer = None if found is None else search.known(way, found[1])
    now = lever.now(search.scenario, search.catalog)
    then = lever.now(*lever.moved(search.scenario, search.catalog, reached))
    return Flip(
        lever=lever.name,
        title=lever.title,
        what=what,
        side="up" if way.side > 0 else "down",
        unit=unit_of(lever, search.catalog),
        steps=lever.steps,
        by=None if found is None else found[1],
        still_by=way.nearer.get(what, lever.as_it_is) if found is None else found[0],
        value_now=now if now != "" else None,
        value=None if found is None or then == "" else then,
        value_reached=then if then != "" else None,
        distance=inf if found is None else _distance(lever, found[1]),
        before=base.verdict,
        after=None if answer is None else answer.verdict,
        options_before=base.options,
        options_after=() if answer is None else answer.options,
        total_per_month=None if answer is None else answer.total,
        proven=base.proven and _proven(search, way, found),
        cut=way.cut,
    )


def _proven(search: _Search, way: _Way, found: tuple[float, float] | None) -> bool:
    """Of a flip, that both sides of it are proven; of none, that every move looked at is."""
    moves = [by for by in way.rings if abs(by) <= abs(way.last) or by == way.last] if found is None else [*found]
    if found is None and way.side < 0 and not way.lever.steps:
        moves = [by for by in way.rings if by >= way.last]
    looks = (search.known(way, by) for by in moves if by != way.lever.as_it_is)
    return all(look is None or look.proven for look in looks)


def _distance(lever: Lever, by: float) -> float:
    return abs(by) * log(STEP) if lever.steps else abs(log(by))
