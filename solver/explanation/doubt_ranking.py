"""Doubts ranked: what is guessed, old or left at a default, by how near it is to flipping the verdict.

Each doubt is solved again at the ends of its stated range, or at a factor of 2 where none is stated (a score: as if the
model failed the floor), over the options of the optima. Where the verdict flips, the point between is bisected.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from time import perf_counter

from solver.explanation.doubt_records import Kind, RankedDoubt, RankedDoubts
from solver.explanation.quick import Answer, quick_answer
from solver.problem import Problem
from solver.record import Verdict

STEPS = 5
"""Halvings of the way to an end at which the verdict is another one."""
GAP = 2e-3


@dataclass(frozen=True)
class Doubt:
    """A doubt to be tried: the problem at t, from -1 (low end) over 0 (as it is) to 1 (high end).

    None: nothing moves there. `wide` doubts are asked of the few pool designs beside every API. `near` is how near an
    end is that cannot be halved.
    """

    kind: Kind
    subject: str
    action: str
    unit: str
    told: float | None
    value: Callable[[float], float | None]
    problem: Callable[[float], Problem | None]
    ends: tuple[int, ...] = (-1, 1)
    why: str = ""
    wide: bool = False
    near: float = 1.0


def ranked(
    doubts: Sequence[Doubt], few: Problem, wide: Problem, limit_s: float = 60.0, stop: threading.Event | None = None
) -> RankedDoubts:
    """The doubts in order, each against the problem as it is, few options or wide; as many as the time allows."""
    started, solves = perf_counter(), 0
    known: dict[bool, Answer] = {}
    found: list[RankedDoubt] = []
    verdict: Verdict = "no_plan"
    for i, doubt in enumerate(doubts):
        if perf_counter() - started > limit_s or (stop is not None and stop.is_set()):
            return _sorted(verdict, found, len(doubts) - i, solves, perf_counter() - started)
        if doubt.wide not in known:
            known[doubt.wide] = _answer(wide if doubt.wide else few)
            solves += 1
        now = known[doubt.wide]
        verdict = now.verdict
        told, tried = _tried(doubt, now)
        solves += tried
        if told is not None:
            found.append(told)
    return _sorted(verdict, found, 0, solves, perf_counter() - started)


def _sorted(verdict: Verdict, found: list[RankedDoubt], cut: int, solves: int, seconds: float) -> RankedDoubts:
    def place(each: RankedDoubt) -> tuple[bool, float, float, str]:
        amount = inf if each.decides_per_month is None else each.decides_per_month
        return not each.flips, 0.0 if each.nearness is None else each.nearness, -amount, each.subject

    return RankedDoubts(
        verdict=verdict, doubts=tuple(sorted(found, key=place)), cut=cut, solves=solves, seconds=seconds
    )


def _answer(problem: Problem) -> Answer:
    return quick_answer(problem, gap=GAP, limit_s=10.0, full=True)


def _tried(doubt: Doubt, now: Answer) -> tuple[RankedDoubt | None, int]:
    """The doubt as it turned out at its ends, and how many solves that took; None where it moves nothing."""
    ends: dict[int, Answer] = {}
    solves = 0
    for end in doubt.ends:
        problem = doubt.problem(end)
        if problem is not None:
            ends[end] = _answer(problem)
            solves += 1
    amounts = {end: decides(now, then) for end, then in ends.items()}
    if not any(amount is None or amount > GAP * (now.recommended_total or 0.0) for amount in amounts.values()):
        return None, solves
    flips = {end: 1.0 for end, then in ends.items() if then.verdict != now.verdict}
    for end in flips:
        flips[end], more = _nearness(doubt, now, end)
        solves += more
    if flips:
        worst = min(flips, key=lambda end: flips[end])
    else:
        worst = max(amounts, key=lambda end: inf if (amount := amounts[end]) is None else amount)
    told = RankedDoubt(
        kind=doubt.kind, subject=doubt.subject, action=doubt.action, unit=doubt.unit, told=doubt.told,
        low=doubt.value(-1) if -1 in ends else None, high=doubt.value(1) if 1 in ends else None, flips=bool(flips),
        nearness=flips.get(worst), at="low" if worst < 0 else "high", then=ends[worst].verdict if flips else None,
        decides_per_month=amounts[worst], why=doubt.why,
    )  # fmt: skip
    return told, solves


def decides(now: Answer, then: Answer) -> float | None:
    """What keeping today's side costs more there, where the other side wins; else how far the cost moves.

    How far it moves too where today's side has no plan there; None where nothing has.
    """
    if then.recommended_total is None or now.recommended_total is None:
        return None
    kept = then.api_total if now.verdict == "stay_on_api" else then.self_total
    same_side = (then.verdict == "stay_on_api") == (now.verdict == "stay_on_api")
    before = now.recommended_total if same_side or kept is None else kept
    return abs(before - then.recommended_total)


def _nearness(doubt: Doubt, now: Answer, end: int) -> tuple[float, int]:
    """How far towards an end the verdict flips, to 1/32 of the way."""
    if len(doubt.ends) == 1:
        return doubt.near, 0
    near, far, solves = 0.0, 1.0, 0
    for _ in range(STEPS):
        middle = (near + far) / 2
        problem = doubt.problem(end * middle)
        if problem is None:
            break
        solves += 1
        near, far = (near, middle) if _answer(problem).verdict != now.verdict else (middle, far)
    return far, solves
