"""The least change of one demand that mends a scenario: found by asking, proven by solving, priced by the plan then."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import ceil, floor
from typing import Any

import numpy as np

from catalogs.catalog import Catalog
from solver.compliance import places_of
from solver.feasibility import CutShortError, Oracle
from solver.problem import Problem
from solver.requirements import Requirement, changed, value_at
from solver.scenario import Scenario
from solver.solve import Outcome
from solver.sub_segments import region_of
from solver.units import Rate

WITHIN = 1.01
"""A number is the least to 1 %; a whole number, a budget and a list are the least themselves."""
DIGITS = 3
SEARCH = 0.85
"""Of the time, what the search for less may take: the rest is for the plan that is told."""
MOST_TRIES = 40
"""So many lists of countries, options or entries are tried before the demand is dropped as a whole."""
TIME = "the time ended before it was known"
STAYS = "the rest is in conflict without it too"
Mends = Callable[[Any], bool]


@dataclass(frozen=True)
class Repair:
    """A value that mends the scenario and the cheapest plan then, or why there is none.

    `exact` tells that nothing less mends it (a number: to 1 %); else time or tries ran out, and it still mends.
    A total of None where it mends is one that was not found in time.
    """

    mends: bool = False
    value: Any = None
    total_per_month: float | None = None
    why: str = ""
    exact: bool = True


def repair(oracle: Oracle, scenario: Scenario, requirement: Requirement, priced: bool = True) -> Repair:
    """The least change of the demand by which the scenario has a plan, and what that plan costs.

    Whatever is returned was solved: the total is of a plan found with that value, where it is to be `priced`.
    """
    key = requirement.key
    try:
        answer = oracle.feasible(changed(scenario, key, requirement.weakest))
    except CutShortError:
        answer = None
    if answer is not True:
        return Repair(why=STAYS if answer is False else TIME)
    tried, unknown = [requirement.weakest], False

    def mends(value: Any) -> bool:
        nonlocal unknown
        holds = oracle.feasible(changed(scenario, key, value))
        if holds:
            tried.append(value)
        unknown = unknown or holds is None
        return holds is True

    def gives_options(value: Any) -> bool:
        return oracle.has_option(changed(scenario, key, value), requirement.segment)

    whole, oracle.limit_s = oracle.limit_s, oracle.limit_s * SEARCH
    try:
        if requirement.by_options and requirement.segment:  # options of its segment alone are the sooner known
            value, exact = _least(oracle, scenario, requirement, gives_options)
        if not (requirement.by_options and requirement.segment and mends(value)):
            value, exact = _least(oracle, scenario, requirement, mends)
        exact = exact and not unknown
    except CutShortError:
        value, exact = tried[-1], False
    finally:
        oracle.limit_s = whole
    if not priced:
        return Repair(True, value, None, "", exact)
    try:
        outcome = oracle.cheapest(changed(scenario, key, value))
    except CutShortError:
        return Repair(True, value, None, TIME, False)
    if not outcome.found:
        return Repair(True, value, None, TIME, False)
    return Repair(True, value, outcome.objective, "", exact)


def _least(oracle: Oracle, scenario: Scenario, each: Requirement, mends: Mends) -> tuple[Any, bool]:
    """The least value that mends, and whether it is proven the least."""
    now = value_at(scenario, each.key)
    if each.way == "money":
        return _budget(oracle, scenario, each)
    if each.way == "up":
        return _up(float(now), each.most, mends, each.weakest)
    if each.way in ("down", "load"):
        return _down(now if each.way == "down" else 1.0, each.weakest, mends, _guess(oracle, scenario, each)), True
    if each.way == "whole_up":
        return _whole_up(int(now), each, mends)
    if each.way == "whole_down":
        return _whole_down(int(now), each.weakest, mends), True
    lists: Iterator[Any] = iter(each.steps)
    if each.way == "places":
        lists = _countries(oracle, scenario, each)
    elif each.way == "names":
        lists = _names(oracle, scenario, each)
    elif each.way == "fewer":
        lists = _fewer(tuple(now))
    elif each.way == "more":
        lists = _more(tuple(now), each.steps)
    for value in islice(lists, MOST_TRIES):
        if mends(value):
            return value, True
    return each.weakest, next(lists, None) is None


def _budget(oracle: Oracle, scenario: Scenario, each: Requirement) -> tuple[Any, bool]:
    """The cost of the cheapest plan, rounded up to a whole unit of money: a budget of less buys none (to the gap)."""
    outcome: Outcome = oracle.cheapest(changed(scenario, each.key, None))
    if outcome.objective is None:
        return each.weakest, False
    return Rate(amount=float(ceil(outcome.objective)), per="month"), outcome.status == "optimal"


def _up(now: float, most: float, mends: Mends, weakest: Any) -> tuple[Any, bool]:
    """The least number above `now`, to 1 %, in few digits."""
    low, high = max(now, 1e-9), max(now, 1.0) * 2
    while not mends(min(high, most)):
        low, high = high, high * 2
        if low >= most:
            return weakest, True
    high = min(high, most)
    while high / low > WITHIN:
        middle = (high * low) ** 0.5
        low, high = (low, middle) if mends(middle) else (middle, high)
    short = _rounded(high, up=True)
    return (short if short <= most and mends(short) else high), True


def _guess(oracle: Oracle, scenario: Scenario, each: Requirement) -> float:
    """Where costs are in proportion to the load, the part of it that the budget pays; 0 where that says nothing."""
    budget = scenario.policy.budget
    if each.way != "load" or each.by_options or budget is None:
        return 0.0
    cost = oracle.cheapest(changed(scenario, "policy.budget", None)).objective
    return budget.per_month / cost if cost else 0.0


def _down(now: float, weakest: Any, mends: Mends, guess: float) -> float:
    """The largest number under `now`, to 1 % of it, in few digits; `weakest` itself is known to mend."""
    low, high = (float(weakest) if isinstance(weakest, float) else 0.0), float(now)
    for probe in (guess, guess * WITHIN):
        if low < probe < high:
            low, high = (probe, high) if mends(probe) else (low, probe)
    while high - low > (WITHIN - 1) * now:
        middle = (high + low) / 2
        low, high = (middle, high) if mends(middle) else (low, middle)
    short = _rounded(low, up=False)
    return short if short > 0 and mends(short) else low


def _whole_up(now: int, each: Requirement, mends: Mends) -> tuple[Any, bool]:
    """The least whole number above `now`."""
    most = int(each.most)
    low, step = now, 1
    while not mends(min(low + step, most)):
        if low + step >= most:
            return each.weakest, True
        low, step = low + step, step * 2
    high = min(low + step, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if mends(middle) else (middle, high)
    return high, True


def _whole_down(now: int, weakest: Any, mends: Mends) -> Any:
    """The largest whole number under `now`, down to 1."""
    return next((value for value in range(now - 1, 0, -1) if mends(value)), weakest)


def _rounded(value: float, up: bool) -> float:
    digits = DIGITS - 1 - int(np.floor(np.log10(abs(value)))) if value else 0
    scale = 10.0**digits
    return float(f"{(ceil if up else floor)(value * scale) / scale:.12g}")


def _fewer(now: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The list with one entry taken away, then two: the last ones first."""
    for size in range(len(now) - 1, 0, -1):
        yield from combinations(now, size)


def _more(now: tuple[Any, ...], every: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The list with one entry more, then two."""
    others = [entry for entry in every if entry not in now]
    for size in range(1, len(others)):
        for added in combinations(others, size):
            yield (*now, *added)


def _countries(oracle: Oracle, scenario: Scenario, each: Requirement) -> Iterator[str]:
    """The places with one country more, then two: those where most options would stand first."""
    now = places_of(value_at(scenario, each.key))
    free = oracle.problem(changed(scenario, each.key, each.weakest))
    counted = _counted(_geographies(free, oracle.catalog, each.segment))
    everywhere = sorted({word.lower() for region in oracle.catalog.regions.values() for word in region.geographies})
    ranked = [word for word in dict.fromkeys((*counted, *everywhere)) if word not in (*now, "global")]
    for size in (1, 2, 3):
        for added in combinations(ranked[: MOST_TRIES // size], size):
            yield ", ".join((*now, *added))


def _geographies(problem: Problem, catalog: Catalog, segment: str) -> Iterable[tuple[str, ...]]:
    """Countries and zones of each place that may serve a segment."""
    mine = [s for s, of in enumerate(problem.segment_of) if of == segment]
    serves = np.asarray(np.isfinite(problem.kappa[mine]).any(axis=0))
    places = [(design.provider, design.region) for k, design in enumerate(problem.designs) if serves[k]]
    offers = {api.id: (api.offer.provider, api.offer.region) for api in problem.apis}
    places += [offers[option] for s, option in problem.charges if s in mine and option in offers]
    for provider, name in places:
        region = region_of(catalog, provider, name)
        if region is not None:
            yield tuple(word.lower() for word in region.geographies if word.lower() != "global")


def _counted(geographies: Iterable[tuple[str, ...]]) -> list[str]:
    """The words by how many places have them; zones after countries, as they take in more."""
    counts: dict[str, int] = {}
    for words in geographies:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (len(word) > 2 or word == "eu", -counts[word], word))


def _names(oracle: Oracle, scenario: Scenario, each: Requirement) -> Iterator[tuple[str, ...]]:
    """What may be used with one option more: of the cheapest plan without the rule; then with all of that plan."""
    now = tuple(value_at(scenario, each.key))
    free = changed(scenario, each.key, each.weakest)
    problem, values = oracle.problem(free), oracle.cheapest(free).values
    used: dict[str, None] = {}
    for name, value in values.items():
        head, *rest = name.split("_")
        if head == "x" and value > 0 and len(rest) == 3:
            kind, index = rest[1][0], int(rest[1][1:])
            used[problem.designs[index].id if kind == "k" else problem.apis[index].id] = None
    for option in used:
        yield (*now, option)
    if len(used) > 1:
        yield (*now, *used)
