"""When nothing fits: the smallest set of demands in conflict, and for each the least change of it that mends it.

One method for what options decide and for what the program decides: which demands can stand together is asked of an
oracle (`feasibility.py`), the smallest set that cannot is found by leaving out (`smallest_set.py`), the least change by
trying and solving (`repairs.py`). A segment that has no option is looked at by itself: nothing else is in its way.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from catalogs.catalog import Catalog
from solver.explanation.conflict import Conflict
from solver.feasibility import CutShortError, Oracle
from solver.plan import Plan
from solver.repairs import STAYS, Repair, repair
from solver.requirements import Requirement, changed, changes_of, loosened, requirements, sizes, text_at, value_at
from solver.scenario import Scenario
from solver.smallest_set import Found, smallest, standing
from solver.units import format_share

LIMIT_S = 60.0
PART = 0.6
"""Of the time, what the sets may take; the rest is for the changes that mend them."""


@dataclass(frozen=True)
class Conflicts:
    """The sets in conflict, demand by demand; `notes` say what was cut short or has no demand behind it."""

    members: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Mended:
    """The changes that mend the whole, keys with values, and the repair that was solved last, with the total."""

    repair: Repair
    changes: tuple[tuple[str, Any], ...] = ()


@dataclass
class _Set:
    """One set in conflict and what is known of it."""

    members: tuple[Requirement, ...]
    segment: str
    irreducible: bool
    smallest: bool
    repairs: dict[str, Mended] = field(default_factory=dict)


def conflicts(
    scenario: Scenario,
    catalog: Catalog,
    limit_s: float = LIMIT_S,
    stop: threading.Event | None = None,
    on_question: Callable[[int], None] | None = None,
) -> Conflicts:
    """The smallest sets of demands that leave no plan, and what mends each; nothing where there is a plan.

    Every set was proven to be without a plan even where all other demands are dropped. Within a set nothing can be
    left out, unless a note says that time was short. A change was proven by a plan, whose total, a month, is that of
    the cheapest to 0.1 %. `limit_s` bounds the whole; `on_question` hears how many questions were asked so far.
    InputError: a name that the catalog does not know.
    """
    started = perf_counter()
    oracle = Oracle(scenario, catalog, limit_s * PART, stop, on_question)
    notes: list[str] = []
    sets: list[_Set] = []
    try:
        sets += _of_options(oracle, scenario, notes)
        rest = loosened(scenario, [each for one in sets for each in one.members])
        if all(each.members for each in sets):
            sets += _of_the_plan(oracle, rest, notes)
    except CutShortError:
        notes.append(f"the search ended after {perf_counter() - started:.0f} s: there may be more sets in conflict")
    sets = [each for each in sets if each.members]
    if any(each.irreducible for each in sets) and not all(each.irreducible for each in sets):
        notes.append("more is in conflict once these are mended: the time ended before it was narrowed down")
        sets = [each for each in sets if each.irreducible]
    sets.sort(key=lambda one: (len(one.members), [each.key for each in one.members]))
    oracle.limit_s = limit_s
    _mend(oracle, scenario, sets)
    notes += [note for each in sets for note in _told(each)]
    members = [member for i, each in enumerate(sets, 1) for member in _members(scenario, each, i)]
    return Conflicts(tuple(members), tuple(dict.fromkeys(notes)), perf_counter() - started)


def _of_options(oracle: Oracle, scenario: Scenario, notes: list[str]) -> Iterable[_Set]:
    """Sets for each segment that has no option, of its own demands and of the policy's that turn options down.

    A further set of the same segment is one that stays when all of those before are dropped.
    """
    for name in oracle.without_option(scenario):
        rest = scenario
        while not oracle.has_option(rest, name):
            asked = [each for each in requirements(rest) if each.by_options and each.segment in ("", name)]
            if not oracle.has_option(loosened(rest, asked), name):
                asked += sizes(name)
            if not oracle.has_option(loosened(rest, asked), name):
                notes.append(f"segment {name} has no option even without any demand: the catalog holds none for it")
                yield _Set((), name, True, True)
                break
            in_the_way = oracle.rules_in_the_way(rest, name)
            unlikely = [each.key for each in asked if in_the_way.isdisjoint(each.rules)]
            found = smallest([each.key for each in asked], _standing(asked, rest, _one(oracle, name)), unlikely)
            one = _set(found, asked, name)
            yield one
            rest = loosened(rest, one.members)


def _one(oracle: Oracle, name: str) -> Callable[[Scenario], bool | None]:
    return lambda scenario: oracle.has_option(scenario, name)


def _of_the_plan(oracle: Oracle, scenario: Scenario, notes: list[str]) -> Iterable[_Set]:
    """Sets of demands that the options would meet, each for itself, but no plan does all together.

    The demands of one segment are looked at together first, then one by one where they count.
    """
    rest = scenario
    while (answer := oracle.feasible(rest)) is False:
        asked = list(requirements(rest))
        if oracle.feasible(loosened(rest, asked)) is not True:
            notes.append("nothing fits even without any demand, or that was not known in time")
            return
        groups: dict[str, list[Requirement]] = {}
        for each in asked:
            groups.setdefault(f"segment {each.segment}" if each.segment and each.by_options else each.key, []).append(
                each
            )
        unlikely = [name for name, group in groups.items() if all(each.by_options for each in group)]
        stands = _between(oracle, rest)
        coarse = smallest(list(groups), _standing_groups(groups, rest, stands), unlikely)
        left = [each for group in coarse.items for each in groups[group]]
        base = loosened(rest, [each for each in asked if each not in left])
        found = smallest([each.key for each in left], _standing(left, base, stands))
        least = coarse.smallest and found.smallest and len(found.items) <= len(coarse.items)
        one = _set(found._replace(smallest=least), left, "")
        yield one
        rest = loosened(rest, one.members)
    if answer is None:
        notes.append("whether more is in conflict was not known in time")


def _between(oracle: Oracle, strict: Scenario) -> Callable[[Scenario], bool | None]:
    """Whether a scenario between two others has a plan, asked of these first, as many share them.

    It has none where none is left without any demand on options; it has one where the strict scenario has one under
    the same rules of the plan as a whole. Options are raised anew only where neither tells.
    """
    on_options = [each for each in requirements(strict) if each.by_options]

    def feasible(scenario: Scenario) -> bool | None:
        if oracle.feasible(loosened(scenario, on_options)) is False:
            return False
        tight = scenario
        for each in on_options:
            tight = changed(tight, each.key, value_at(strict, each.key))
        return True if oracle.feasible(tight) else oracle.feasible(scenario)

    return feasible


def _standing(
    asked: Sequence[Requirement], scenario: Scenario, stands: Callable[[Scenario], bool | None]
) -> Callable[[frozenset[str]], bool | None]:
    """Whether the demands so named can stand together, all others dropped."""
    return lambda kept: stands(loosened(scenario, [each for each in asked if each.key not in kept]))


def _standing_groups(
    groups: dict[str, list[Requirement]], scenario: Scenario, stands: Callable[[Scenario], bool | None]
) -> Callable[[frozenset[str]], bool | None]:
    return lambda kept: stands(
        loosened(scenario, [each for name, group in groups.items() if name not in kept for each in group])
    )


def _set(found: Found, asked: Sequence[Requirement], segment: str) -> _Set:
    by_key = {each.key: each for each in asked}
    return _Set(tuple(by_key[key] for key in found.items), segment, found.irreducible, found.smallest)


def _mend(oracle: Oracle, scenario: Scenario, sets: Sequence[_Set]) -> None:
    """What mends each demand: a change of it alone, else one together with the fewest others of the sets."""
    everyone = [member for each in sets for member in each.members]
    for each in sets:
        for member in each.members:
            alone = repair(oracle, scenario, member)
            each.repairs[member.key] = Mended(alone, ((member.key, alone.value),) if alone.mends else ())
            if alone.why == STAYS:
                with suppress(CutShortError):
                    each.repairs[member.key] = _together(oracle, scenario, member, everyone)


def _together(oracle: Oracle, scenario: Scenario, member: Requirement, everyone: Sequence[Requirement]) -> Mended:
    """The demand dropped with others until there is a plan, the last of them first; then each made strict again.

    Where even without all of the sets there is no plan, more is in conflict than was found.
    """
    others = {each.key: each for each in everyone if each.key != member.key}

    def stands(kept: frozenset[str]) -> bool | None:
        return oracle.feasible(loosened(scenario, [member, *(each for key, each in others.items() if key not in kept)]))

    if not stands(frozenset()):
        return Mended(Repair(why=STAYS))
    kept = standing(list(others), stands)
    dropped = [member, *(each for key, each in others.items() if key not in kept)]
    if oracle.feasible(loosened(scenario, dropped[1:])):  # the others are enough: no change of this one helps
        return Mended(Repair(why=STAYS))
    values, last = {each.key: each.weakest for each in dropped}, Repair()
    for i, each in enumerate(dropped):
        context = scenario
        for key, value in values.items():
            context = context if key == each.key else changed(context, key, value)
        last = repair(oracle, context, each, priced=i == len(dropped) - 1)
        if not last.mends:
            return Mended(Repair(why=last.why))
        values[each.key] = last.value
    return Mended(replace(last, why=last.why or STAYS), tuple(values.items()))


def _members(scenario: Scenario, own: _Set, number: int) -> Iterable[Conflict]:
    """The records of a set."""
    for member in own.members:
        known = own.repairs[member.key]
        changes: dict[str, str] = {}
        for key, value in known.changes:
            changes |= changes_of(scenario, key, value)
        by_itself = len(known.changes) == 1
        said = changes.get(member.key) or format_share(float(f"{known.changes[0][1]:.4g}")) if by_itself else None
        yield Conflict(
            number=number,
            requirement=member.key,
            found=text_at(scenario, member.key),
            repair=said,
            total_per_month_then=known.repair.total_per_month,
            changes=changes,
            why=known.repair.why or ("" if known.repair.exact else "less may do: not all of less was tried"),
        )


def _told(each: _Set) -> Iterable[str]:
    names = " + ".join(member.key for member in each.members)
    if not each.irreducible:
        yield f"{names}: the time ended before it was known whether all of it is needed"
    elif not each.smallest:
        yield f"{names}: none of it can be left out; whether another set is smaller was not looked for to the end"


def with_conflict(
    plan: Plan, scenario: Scenario, catalog: Catalog, limit_s: float = LIMIT_S, stop: threading.Event | None = None
) -> Plan:
    """The plan itself, where there is one; else with the demands in conflict, and infeasible once that is proven."""
    if plan.total_per_month is not None or plan.status == "stopped":
        return plan
    found = conflicts(scenario, catalog, limit_s, stop)
    status = "infeasible" if found.members else plan.status
    return plan.model_copy(update={"conflict": found.members, "conflict_notes": found.notes, "status": status})
