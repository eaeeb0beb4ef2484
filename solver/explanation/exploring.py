"""One decision looked at from many sides: its options are raised once, and each question is a solve on them.

It is what a face holds while somebody asks what if: levers moved together, flips lever by lever, cost against volume,
the map of two levers, the load of a day by what serves it, and the options that are not used. Nothing is guessed: where
a move changes the options themselves they are raised anew, which takes longer. All of it may be called from any thread.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from catalogs.catalog import Catalog
from catalogs.toml_file import InputError
from solver.baselines import restricted
from solver.explanation.asked import why_not
from solver.explanation.flip_records import Flips
from solver.explanation.flips import flips_of
from solver.explanation.lever_steps import Moved
from solver.explanation.levers import LEVERS, replicas_priced, unit_of
from solver.explanation.quick import Answer, quick_answer
from solver.explanation.reasons import WhyNotTable
from solver.explanation.records import Hosting
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import Plan
from solver.problem import Problem
from solver.program.data import data_of
from solver.record import Verdict
from solver.scenario import Scenario, Today
from solver.solution import solution_of
from solver.worlds import narrowed

GAP = 1e-3
FLIP_S, WHY_NOT_S, EACH_S = 20.0, 20.0, 5.0
"""Seconds for the flips of one lever, for the table of options, and for one solve."""
KEPT_S = 0.4
"""Seconds for the first figure after a move, which is due within half a second."""
VOLUMES = (0.1, 0.15, 0.22, 0.33, 0.5, 0.7, 1.0, 1.5, 2.2, 3.3, 5.0, 7.0, 10.0)
MAP_ACROSS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
MAP_UP = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Factors on the requests, and on the price of GPUs, at which the curves and the map are solved."""


@dataclass(frozen=True)
class LeverNow:
    """A lever as it stands: its value in `unit` (empty: only factors tell), how far it moves, why it stays still.

    `quick` tells that moving it does not raise the options anew.
    """

    name: str
    title: str
    unit: str
    now: float | str
    low: float
    high: float
    steps: bool
    still: str = ""
    quick: bool = True


@dataclass(frozen=True)
class Volume:
    """The decision at `by` times the requests; money a month, None where there is no such plan.

    `hosted` is the best plan with pools, hybrid or whole.
    """

    by: float
    api: float | None
    hosted: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Layers:
    """Requests/s that each option serves, by hour of a mean weekday and of a mean day of the weekend [24]."""

    options: tuple[str, ...]
    pools: tuple[bool, ...]
    weekday: tuple[tuple[float, ...], ...]
    weekend: tuple[tuple[float, ...], ...]


class Exploring:
    """The questions to one scenario on one catalog, in whose currency all money is, a month."""

    def __init__(self, scenario: Scenario, catalog: Catalog) -> None:
        self.scenario, self.catalog = scenario, catalog
        self._raising = threading.Lock()
        self._raised: Problem | None = None

    @property
    def problem(self) -> Problem:
        """The options, raised once, whoever asks first. Raises what `problem_of` raises."""
        with self._raising:
            if self._raised is None:
                self._raised = problem_of(self.scenario, self.catalog)
            return self._raised

    def levers(self) -> tuple[LeverNow, ...]:
        """Every lever as it stands."""
        found = []
        for name, lever in LEVERS.items():
            low, high = lever.limits(self.scenario, self.catalog)
            still = (lever.still or "no step is left") if low == high else ""
            now, unit = lever.now(self.scenario, self.catalog), unit_of(lever, self.catalog)
            quick = lever.on_problem is not None
            found.append(LeverNow(name, lever.title, unit, now, low, high, lever.steps, still, quick))
        return tuple(found)

    def moved(self, moves: Mapping[str, float]) -> tuple[Moved, Problem]:
        """Scenario and catalog with all the moves made, and their problem.

        Unless a move keeps the options exactly, they are raised anew: at other volumes other designs are worth having.
        """
        there = Moved(self.scenario, self.catalog)
        problem: Problem | None = self.problem
        for name, by in moves.items():
            lever = LEVERS[name]
            if by == lever.as_it_is:
                continue
            there = lever.moved(*there, by)
            quickly = lever.on_problem
            problem = quickly(problem, there, by) if problem is not None and quickly is not None else None
        return there, problem_of(*there) if problem is None else problem

    def scenario_after(self, moves: Mapping[str, float]) -> Scenario:
        """The scenario with the moves made; what of them is the catalog's is not in it."""
        return _there(Moved(self.scenario, self.catalog), moves).scenario

    def values(self, moves: Mapping[str, float]) -> dict[str, float | str]:
        """What each lever stands at after the moves."""
        there = _there(Moved(self.scenario, self.catalog), moves)
        return {name: LEVERS[name].now(*there) for name in moves}

    def kept(self, plan: Plan, moves: Mapping[str, float], stop: threading.Event | None = None) -> float | None:
        """What the cheapest plan of no other options than the plan's costs with the levers moved, a month.

        Counts and shares adapt, and only those options are raised, so it is there long before the answer. inf where
        they cannot serve the load any more; None where that is not known in time, or what runs is not among them.
        """
        scenario, options = self.scenario, _options_of(plan)
        if scenario.today.recheck:  # what runs is sunk, or costs hours to move away from
            options |= {*scenario.named}
        else:
            scenario = scenario.model_copy(update={"today": Today()})
        designs = [design for design in self.problem.designs if design.id in options]
        there = narrowed(scenario, self.catalog, designs, [api for api in self.problem.apis if api.id in options])
        try:
            found = optimise(problem_of(*_there(there, moves)), GAP, KEPT_S, stop=stop)
        except InputError:
            return None
        return inf if found.status == "infeasible" else found.objective

    def answer(
        self, moves: Mapping[str, float], start: Collection[str] = (), stop: threading.Event | None = None
    ) -> Answer:
        """The decision with the levers moved; `start` are the pools opened by the answer before, a warm start."""
        return quick_answer(self.moved(moves)[1], None, GAP, EACH_S, start, stop=stop)

    def flips(self, lever: str, stop: threading.Event | None = None) -> Flips:
        """What of one lever flips the decision."""
        return flips_of(self.scenario, self.catalog, self.problem, (lever,), GAP, FLIP_S, EACH_S, stop)

    def volumes(self, tell: Callable[[Volume], None], stop: threading.Event) -> None:
        """Cost against volume: each point is told as it is solved, from today's outward; none once stopped."""
        low, high = LEVERS["requests"].limits(self.scenario, self.catalog)
        start: tuple[str, ...] = ()
        for by in sorted((by for by in VOLUMES if low <= by <= high), key=lambda by: abs(np.log(by))):
            if stop.is_set():
                return
            found = quick_answer(self.moved({"requests": by})[1], None, GAP, EACH_S, start, full=True, stop=stop)
            start = found.opened
            if stop.is_set():  # what a stopped solve says is no point of the curve
                return
            tell(Volume(by, found.api_total, found.self_total, found.verdict))

    def map(self, tell: Callable[[float, float, Verdict], None], stop: threading.Event) -> None:
        """The verdict by requests and GPU price, both as factors, today's first and then outward.

        Options are raised once for each volume; the price of GPUs moves all of them alike.
        """
        low, high = LEVERS["requests"].limits(self.scenario, self.catalog)
        grid = [(x, y) for x in MAP_ACROSS for y in MAP_UP if low <= x <= high]
        raised: dict[float, Problem] = {}
        for x, y in sorted(grid, key=lambda at: np.log(at[0]) ** 2 + np.log(at[1]) ** 2):
            if stop.is_set():
                return
            if x not in raised:
                raised[x] = self.moved({"requests": x})[1]
            found = quick_answer(replicas_priced(raised[x], y), None, GAP, EACH_S, stop=stop)
            if not stop.is_set():
                tell(x, y, found.verdict)

    def layers(self, plan: Plan, stop: threading.Event | None = None) -> Layers | None:
        """The load of a day by what of the plan serves it; None where the plan is not found again in time."""
        used, problem = _options_of(plan), self.problem
        found = optimise(restricted(problem, lambda _, option: option in used), GAP, 2 * EACH_S, stop=stop)
        if not found.found or not problem.blocks.of_hour:
            return None
        solution = solution_of(data_of(problem), found.values)
        of_hour = np.array(problem.blocks.of_hour)
        seconds = problem.blocks.hours * 3600
        rows = [(problem.designs[k].id, True, solution.pool[:, k].sum(axis=0) / seconds) for k in solution.pools]
        rows += [(problem.apis[a].id, False, solution.api[:, a].sum(axis=0) / seconds) for a in solution.apis]
        weeks = [rate[of_hour].reshape(7, 24) for _, _, rate in rows]
        return Layers(
            options=tuple(name for name, _, _ in rows),
            pools=tuple(pool for _, pool, _ in rows),
            weekday=tuple(tuple(week[:5].mean(axis=0).tolist()) for week in weeks),
            weekend=tuple(tuple(week[5:].mean(axis=0).tolist()) for week in weeks),
        )

    def must_use(self, option: str, stop: threading.Event | None = None) -> float | None:
        """What the cheapest plan costs that uses an option besides; None where there is none, or none in time."""
        rules = self.problem.rules
        problem = self.problem
        if option not in {*(each.id for each in problem.designs), *(each.id for each in problem.apis)}:
            policy = self.scenario.policy.model_copy(update={"must_use": (*self.scenario.policy.must_use, option)})
            problem = problem_of(self.scenario.model_copy(update={"policy": policy}), self.catalog)
        problem = replace(problem, rules=replace(rules, must_use=(*rules.must_use, option)))
        return optimise(problem, GAP, 2 * EACH_S, stop=stop).objective

    def why_not(self, plan: Plan, stop: threading.Event | None = None) -> WhyNotTable:
        """The options that the plan does not use, and what each would take."""
        return why_not(self.scenario, self.catalog, plan, WHY_NOT_S, stop=stop, problem=self.problem)


def _there(there: Moved, moves: Mapping[str, float]) -> Moved:
    for name, by in moves.items():
        there = LEVERS[name].moved(*there, by)
    return there


def _options_of(plan: Plan) -> set[str]:
    """All that a plan uses, also what it uses only while something is lost."""
    served = {each.option for segment in plan.segments for each in segment.served_by}
    moved = {each.option for fallback in plan.fallbacks for each in fallback.moved_to}
    return served | moved | {pool.option for pool in plan.pools}


def savings(plan: Plan) -> tuple[float, ...]:
    """What self-hosting has saved by the end of each month of the horizon, what is spent once paid at the start.

    The first value is that start. Against the best plan of APIs alone, as the payback is counted; () where no plan with
    pools was priced.
    """
    hosting: Hosting | None = plan.hosting
    if hosting is None or hosting.later_years is None or not hosting.horizon_months:
        return ()
    return tuple(hosting.later_years / 12 * month - hosting.once for month in range(hosting.horizon_months + 1))
