"""Why not this option: its refusal, or how much cheaper or faster it must become to enter the plan, by solving.

Closed-form bounds come first: they tell for all options at once which enter at no price, and above which factor none of
the others does, whatever else is used, and, closer, beside the plan's own pools and any API. What is left is solved one
by one, the nearest first, until the time is over; what is left then has these bounds. The plans looked at use the
plan's own options, the one in question and any API; the answer is proven where the bounds leave no other plan, or
where the whole problem is solved once more at 1 % above the price found.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

import numpy as np

from solver.baselines import api_only
from solver.explanation.entering import STEP, Entry, Looking, Question, among, priced, using
from solver.explanation.entry_bounds import Ceilings, ceilings_of, nearness_of, own_ceilings
from solver.explanation.kin import Kin, alike
from solver.explanation.reasons import WhyNot
from solver.explanation.swapped import swaps
from solver.explanation.swapped_apis import api_swaps
from solver.optimise import optimise
from solver.pricing import api_prices
from solver.problem import Array, Problem
from solver.program.build import written
from solver.program.data import Data, data_of, narrowed
from solver.shortlist import prices_of, shortlist
from solver.solution import Solution, solution_of
from solver.solve import Outcome, relaxed

EACH_S = 5.0
"""Seconds for one solve beside the plan's own options."""
LEAST_S, PARTS = 0.5, 100
"""No solve gets more than this part of the time that is left, or so many seconds."""
PROOF_S = 10.0
"""Seconds for one solve of the whole problem."""
FEW_APIS = 40
"""So many APIs at most stand beside an option from the first solve on; of more, those of the plan come first."""
FASTER = 3
"""Pools that are nearest by price and asked for their speed too."""
PROVEN = 5
"""Options, the nearest, for which the whole problem is solved once more where the bounds leave other plans."""
LEAST_FACTOR = 1e-3
"""A price of less than a thousandth is told as never."""


@dataclass
class Search:
    """One problem and the plan to be beaten: what of its options is asked, and what is known so far."""

    problem: Problem
    outcome: Outcome
    until: float
    stop: threading.Event | None = None
    solves: int = 0
    cut: bool = False
    data: Data = field(init=False)
    now: float = field(init=False)
    solution: Solution = field(init=False)

    def __post_init__(self) -> None:
        self.data = data_of(self.problem)
        self.solution = solution_of(self.data, self.outcome.values)
        self.pools, self.apis = self.solution.pools, self.solution.ready_apis
        best = optimise(among(self.problem, self.pools, self.data.apis), 1e-7, EACH_S, stop=self.stop)
        known = [each for each in (best.objective, self.outcome.objective) if each is not None]
        self.now = min(known)

    @property
    def left(self) -> float:
        """Seconds that are left; none once stopped."""
        if self.stop is not None and self.stop.is_set():
            return 0.0
        return self.until - perf_counter()

    @property
    def proven(self) -> bool:
        """Whether the plan to be beaten is proven the cheapest."""
        return self.outcome.status == "optimal" and self.now >= (self.outcome.objective or 0.0) * (1 - STEP / 10)

    @property
    def direct(self) -> bool:
        """Whether every API is beside an option from the first solve on."""
        return len(self.data.apis) <= FEW_APIS

    def ceilings(self) -> tuple[Ceilings, Array]:
        """The bounds of each option whatever else is used, and of designs [k] beside the plan's own pools.

        At the prices of a small program where pools serve, else at those of the APIs; and at what a request costs the
        plan's own options, by the relaxation of their program.
        """
        own = self._own_prices()
        found = shortlist(self.data, self.data.pools, lambda: self.left, self.stop) if self.pools else None
        self.prices = np.minimum(api_prices(self.data), self.now) if found is None else found.prices
        ceilings = ceilings_of(self.data, self.prices, self.now)
        if own is None:
            return ceilings, ceilings.designs
        if not self.pools:
            ceilings = ceilings.and_at(ceilings_of(self.data, own, self.now))
        beside = own_ceilings(self.data, own, self.now, self.pools)
        return ceilings, np.minimum(ceilings.designs, beside)

    def _own_prices(self) -> Array | None:
        """What a request [s, b] costs at the margin among the plan's own pools and any API; None: not in time."""
        found = relaxed(written(narrowed(self.data, self.pools)), self.left, self.stop)
        return None if found is None else prices_of(self.data, found)

    def looking(self) -> Looking:
        """How long the next solve may take: a part of what is left, as many wait."""
        return Looking(max(0.05, min(EACH_S, self.left, max(LEAST_S, self.left / PARTS))), self.stop)

    def entry(self, kind: str, index: int, start: float) -> Entry:
        """The entering price of an option, beside the plan's own and, where these are few, any API."""
        found = self._question(kind, index, self.data.apis if self.direct else self.apis)
        entry = found.entering(start)
        self.solves += found.solves
        return entry

    def wide(self, kind: str, index: int, known: Entry) -> Entry:
        """The same with every API that an optimum may need, where an entry is known of the plan's own."""
        found = self._question(kind, index, self.data.apis)
        entry = found.entering((known.factor or 0.0) * (1 + STEP), known)
        self.solves += found.solves
        return entry

    def _question(self, kind: str, index: int, apis: list[int]) -> Question:
        problem, pool = self.problem, kind == "pool"
        small = among(problem, [*self.pools, *([index] if pool else [])], [*apis, *([] if pool else [index])])
        option = problem.designs[index].id if pool else problem.apis[index].id
        return Question(small, option, self.now, self.looking())

    def speed_of(self, k: int) -> float | None:
        """How much faster design k must be, as a factor above 1."""
        question = self._question("pool", k, self.apis)
        kappa = question.speeding()
        self.solves += question.solves
        return 1 / kappa if kappa else None

    def none_above(self, option: str, factor: float) -> bool:
        """Whether no plan of the whole problem uses the option at 1 % above the factor and is cheaper; by solving."""
        asked, _ = using(priced(self.problem, option, factor * (1 + STEP)), option)
        self.solves += 1
        pool = any(design.id == option for design in self.problem.designs)
        limit = max(0.05, min(PROOF_S, self.left))
        found = optimise(asked, 1e-4, limit, stop=self.stop, hosted=pool, below=self.now)
        return found.status == "infeasible"


def searches(
    problem: Problem, recommended: Outcome, cheapest: Outcome, until: float, stop: threading.Event | None = None
) -> Iterator[tuple[Search, bool, bool]]:
    """The problems to be asked: each with the plan to be beaten, and whether APIs and pools are asked of it.

    An option enters the cheapest plan. Where APIs alone are recommended although they are not the cheapest, an API
    enters that plan, and a pool the cheapest one.
    """
    if recommended is not cheapest and not _same(recommended, cheapest) and _no_pools(recommended):
        yield Search(api_only(problem), recommended, until, stop), True, False
        yield Search(problem, cheapest, until, stop), False, True
        return
    yield Search(problem, recommended, until, stop), True, True


def _same(one: Outcome, other: Outcome) -> bool:
    return abs((one.objective or 0.0) - (other.objective or 0.0)) <= 1e-9 * (one.objective or 1.0)


def _no_pools(outcome: Outcome) -> bool:
    return not any(name.startswith("open_k") for name in outcome.values)


def answers(search: Search, apis: bool, pools: bool, segment: str = "", option: str = "") -> list[WhyNot]:
    """What is asked of one search: the options that may serve the segment, and whose id holds the text."""
    problem = search.problem
    ceilings, own = search.ceilings()
    able = _able(problem)
    asked: list[_Asked] = []
    groups = alike(search.data) if pools else {}
    for members in groups.values():
        ids = [problem.designs[k].id for k in members]
        if not set(members) & set(search.pools) and _wanted(ids, able, segment, option):
            at_most = min(float(ceilings.designs[k]) for k in members)
            beside = min(at_most, *(float(own[k]) for k in members))
            asked.append(_Asked(at_most, beside, "pool", members[0], tuple(ids[1:])))
    if apis:
        for a, api in enumerate(problem.apis):
            if a not in search.apis and able.get(api.id) and _wanted([api.id], able, segment, option):
                at_most = float(ceilings.apis[a])
                asked.append(_Asked(at_most, at_most, "api", a))
    answered = [(each, *_answer(search, each, able)) for each in _by_turns(*_nearest_first(search, asked))]
    found = [_wide(search, ceilings, *each) for each in sorted(answered, key=lambda each: nearness(each[1]))]
    found = by_swap(search, by_kin(search, _closely(search, found, every=bool(option))))
    return sorted(found, key=nearness)


@dataclass(frozen=True)
class _Asked:
    """An option by kind and index, the factor above which it enters nothing, and those that share its answer.

    `beside` is that factor where the other pools are the plan's own.
    """

    at_most: float
    beside: float
    kind: Literal["pool", "api"]
    index: int
    alike: tuple[str, ...] = ()


def _by_turns(*queues: list[_Asked]) -> Iterator[_Asked]:
    """What has taken less time so far is next: an API is soon solved, and a pool may take long."""
    left, spent = [[*reversed(queue)] for queue in queues], [0.0] * len(queues)
    while waiting := [i for i, queue in enumerate(left) if queue]:
        turn = min(waiting, key=lambda i: spent[i])
        started = perf_counter()
        yield left[turn].pop()
        spent[turn] += perf_counter() - started


def _nearest_first(search: Search, asked: list[_Asked]) -> tuple[list[_Asked], list[_Asked]]:
    """APIs and pools by their bounds, the first of each supplier's model, or model and GPU, before any second."""
    near = nearness_of(search.data, search.prices)
    asked = sorted(
        asked, key=lambda each: (-float((near.designs if each.kind == "pool" else near.apis)[each.index]), each.index)
    )
    seen: Counter[tuple[str, str]] = Counter()
    place: dict[tuple[str, int], int] = {}
    for each in asked:
        if each.kind == "pool":
            design = search.problem.designs[each.index]
            name = design.model, design.gpu
        else:
            offer = search.problem.apis[each.index].offer
            name = offer.provider, offer.model
        place[each.kind, each.index] = seen[name]
        seen[name] += 1
    asked = sorted(asked, key=lambda each: place[each.kind, each.index])
    return [each for each in asked if each.kind == "api"], [each for each in asked if each.kind == "pool"]


def _answer(search: Search, asked: _Asked, able: dict[str, tuple[str, ...]]) -> tuple[WhyNot, Entry | None]:
    """The option beside the plan's own, as solved; or its bound, where that says all or time is over."""
    problem = search.problem
    option = problem.designs[asked.index].id if asked.kind == "pool" else problem.apis[asked.index].id
    price, unit = _price(problem, asked.kind, asked.index)
    blank = WhyNot(
        option=option, kind=asked.kind, serves=able[option], answer="not_above", at_most=max(asked.at_most, 0.0),
        at_most_own=asked.beside if 0 <= asked.beside < asked.at_most else None, price_now=price, unit=unit,
        alike=asked.alike, proven=True,
    )  # fmt: skip
    if asked.beside < 0:
        never = {"answer": "never", "at_most": None, "wide": True, "proven": asked.at_most < 0}
        return blank.model_copy(update=never), None
    if search.left <= 0:
        search.cut = True
        return blank, None
    entry = search.entry(asked.kind, asked.index, asked.beside)
    return _entered(blank, entry), entry


def _entered(blank: WhyNot, entry: Entry) -> WhyNot:
    if entry.factor is None or entry.factor < LEAST_FACTOR:
        return blank
    return blank.model_copy(
        update={
            "answer": "enters_at", "price_factor": entry.factor, "proven": False,
            "price_then": None if blank.price_now is None else blank.price_now * entry.factor,
            "total_then": entry.fixed + entry.paid * entry.factor * (1 - STEP),
        }
    )  # fmt: skip


def _wide(search: Search, ceilings: Ceilings, asked: _Asked, found: WhyNot, entry: Entry | None) -> WhyNot:
    """The option with every API beside it: whether it enters sooner so, or at all, and whether that is all there is."""
    if entry is None:
        return found
    better = found
    if not search.direct:
        if search.left <= 0:
            search.cut = True
            return found
        factor = found.price_factor
        known = Entry(None) if factor is None else Entry(factor, found.total_then)
        entry = search.wide(asked.kind, asked.index, known)
        better = found if entry.factor == factor else _entered(found, entry)
    if not entry.tight:
        return better
    other = (ceilings.beside if asked.kind == "pool" else ceilings.with_pools)[asked.index]
    above = (better.price_factor or 0.0) * (1 + STEP)
    shut = bool(asked.at_most <= above or (not search.pools and other <= above)) and search.proven
    answer = "never" if better.price_factor is None else "enters_at"
    return better.model_copy(update={"answer": answer, "wide": True, "proven": shut})


def nearness(each: WhyNot) -> tuple[int, float, str]:
    """The order of the table: nearest to entering first, then those with a bound, those that never do, refusals."""
    rank = {"margin": 0, "enters_at": 1, "not_above": 2, "never": 3, "refusal": 4}[each.answer]
    return rank, -(each.price_factor or each.bound or 0.0), each.option


def _closely(search: Search, found: list[WhyNot], every: bool) -> list[WhyNot]:
    """The nearest proven on the whole problem, and how much faster the nearest pools must be, while there is time."""
    order = sorted(range(len(found)), key=lambda i: nearness(found[i]))
    place = {design.id: k for k, design in enumerate(search.problem.designs)}
    proofs = [i for i in order if found[i].answer == "enters_at" and not found[i].proven]
    for i in proofs[: PROVEN if search.proven else 0]:
        if search.left > 0 and search.none_above(found[i].option, found[i].price_factor or 0.0):
            found[i] = found[i].model_copy(update={"proven": True})
    entering = [i for i in order if found[i].kind == "pool" and found[i].answer == "enters_at"]
    for i in entering[: None if every else FASTER]:
        if search.left > 0:
            found[i] = found[i].model_copy(update={"speed_factor": search.speed_of(place[found[i].option])})
    return found


def by_kin(search: Search, found: list[WhyNot]) -> list[WhyNot]:
    """Pools that were not solved, by what was solved of the same model on the same GPUs at another price."""
    problem = search.problem
    place = {design.id: k for k, design in enumerate(problem.designs)}
    taken = {problem.designs[k].provider for k in search.pools}
    taken |= {problem.apis[a].offer.provider for a in search.data.apis}
    kin = Kin(search.data, taken)
    solved = {place[each.option]: each for each in found if each.kind == "pool" and each.answer == "enters_at"}
    if not solved:
        return found
    told = []
    for each in found:
        if each.kind == "pool" and each.answer == "not_above":
            j = place[each.option]
            known = [(solved[k].price_factor or 0.0, kin.ratio(k, j), k) for k in kin.groups.get(j, ()) if k in solved]
            factor, k = max(((factor / ratio, -k) for factor, ratio, k in known), default=(0.0, 0))
            if factor >= LEAST_FACTOR:
                each = _standing_in(each, min(1.0, factor), solved[-k])
        told.append(each)
    return told


def by_swap(search: Search, found: list[WhyNot]) -> list[WhyNot]:
    """Options that were not solved, by what they take in the place of a pool or an API of the plan."""
    total = search.outcome.objective
    if total is None or (search.stop is not None and search.stop.is_set()):
        return found
    told = list(found)
    for kind, ids, exchanges in (
        ("pool", [design.id for design in search.problem.designs], swaps),
        ("api", [api.id for api in search.problem.apis], api_swaps),
    ):
        place = {option: index for index, option in enumerate(ids)}
        left = {place[each.option]: n for n, each in enumerate(found)
                if each.kind == kind and (each.answer == "not_above" or each.by)}  # fmt: skip
        for j, swap in exchanges(search.data, search.solution, total, left) if left else ():
            each, factor = told[left[j]], swap.enters_at(search.now)
            if factor >= LEAST_FACTOR and factor > (each.price_factor or 0.0):
                entry = Entry(min(1.0, factor), None, swap.fixed, swap.paid)
                update = {"by": "", "instead_of": ids[swap.instead_of]}
                told[left[j]] = _entered(each, entry).model_copy(update=update)
    return told


def _standing_in(each: WhyNot, factor: float, solved: WhyNot) -> WhyNot:
    then = None if each.price_now is None else each.price_now * factor
    return each.model_copy(
        update={
            "answer": "enters_at", "price_factor": factor, "price_then": then, "total_then": solved.total_then,
            "by": solved.option, "proven": False,
        }
    )  # fmt: skip


def _price(problem: Problem, kind: str, index: int) -> tuple[float | None, str]:
    if kind == "pool":
        ways = problem.designs[index].purchases.values()
        return min((way.price for way in ways), default=None), "replica-hour"
    return problem.apis[index].offer.input_per_mtok, "Mtok of input"


def _able(problem: Problem) -> dict[str, tuple[str, ...]]:
    """The scenario's segments that each option may serve."""
    found: dict[str, dict[str, None]] = {}
    apis = {api.id for api in problem.apis}
    for s, of in enumerate(problem.segment_of):
        for k in np.flatnonzero(np.isfinite(problem.kappa[s])):
            found.setdefault(problem.designs[k].id, {})[of] = None
    for s, option in problem.charges:
        if option in apis:
            found.setdefault(option, {})[problem.segment_of[s]] = None
    return {option: tuple(each) for option, each in found.items()}


def _wanted(ids: list[str], able: dict[str, tuple[str, ...]], segment: str, option: str) -> bool:
    return (not segment or segment in able.get(ids[0], ())) and (not option or any(option in each for each in ids))
