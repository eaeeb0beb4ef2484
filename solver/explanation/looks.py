"""The answer to a changed problem, quicker than by solving it whole: who wins is a narrower question than at what cost.

A plan with pools that wins clearly at the pessimistic end is proof enough of self-hosting, and it is looked for first
among designs that have been good before (`known`): a small program. A deep look asks all designs whether any plan is
cheaper still than what is to be beaten, which ends with a proof or with a plan, whose designs are then known too.
"""

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from solver.baselines import restricted
from solver.explanation.branches import Effort, api_branch, at_end, hosting_branch, kind_of, opened, used
from solver.explanation.verdict import buying_none, needed, reason_of
from solver.patterns import names_design
from solver.problem import Problem, spot_market
from solver.record import Verdict
from solver.solve import Outcome

ROUGH = 0.2
"""The gap of the first plan with pools, which is only looked for. Never that of a proof: what a search may miss below a
plan that it has found, though that one is too dear, is within its gap."""
TURNS = 3
"""Better plans than those of the known designs that a deep look takes in at most."""
LEAST_S = 0.1
FIRST = 4
"""So many times what a solve gets goes to the first good plan with pools: all later ones start from its designs."""


@dataclass(frozen=True)
class Look:
    """The verdict, the plan's options and its cost a month; `proven`: no solve that it rests on was ended by time.

    A shallow look that finds no win of self-hosting proves nothing.
    """

    verdict: Verdict
    options: tuple[str, ...]
    total: float | None
    proven: bool
    other_plan: bool = False

    @property
    def unknown(self) -> bool:
        """Whether no plan was found, and that there is none was not shown."""
        return self.verdict == "no_plan" and not self.proven


@dataclass
class Looker:
    """Looks at changed problems, each solve within `each_s` and all within `until` (of `perf_counter`).

    `last` is the problem looked at last, the same without pools, and its optimum: a deep look follows a shallow one.
    """

    gap: float
    each_s: float
    until: float
    stop: threading.Event | None = None
    known: dict[str, None] = field(default_factory=dict)
    last: tuple[Problem, Problem, Outcome] | None = None

    def effort(self, gap: float | None = None, times: float = 1.0) -> Effort:
        """How the next solve is made."""
        limit = max(LEAST_S, min(times * self.each_s, self.until - perf_counter()))
        return Effort(self.gap if gap is None else gap, limit, self.stop)

    def first(self, problem: Problem) -> Look:
        """A deep look at the problem as it is; what the best plan with pools opens is known from then on."""
        if np.isfinite(problem.kappa).any():
            self._learn(problem, hosting_branch(problem, self.effort(ROUGH, FIRST)))
        return self.look(problem, (), True)

    def look(self, problem: Problem, today: Collection[str], deep: bool, hosting: bool = True) -> Look:
        """The answer, and whether every plan of only `today`'s options costs more than it (never without any).

        Without `hosting` it is known that self-hosting does not win, and no plan with pools is looked for.
        """
        apis, api = self._api(problem)
        wins, proven = self._wins(problem, api, deep) if hosting else (False, True)
        of, best, sure = self._best(problem, deep) if wins else (apis, api, True)
        proven = proven and sure and _ended(api, best)
        found = Look(kind_of(best), used(of, best), best.objective, proven)
        return replace(found, other_plan=self._other_plan(problem, found, today))

    def _api(self, problem: Problem) -> tuple[Problem, Outcome]:
        """The problem without pools, and its best plan."""
        if self.last is None or self.last[0] is not problem:
            apis = with_designs(problem, ())
            self.last = problem, apis, api_branch(apis, self.effort())
        return self.last[1:]

    def _wins(self, problem: Problem, api: Outcome, deep: bool) -> tuple[bool, bool]:
        """Whether self-hosting is the verdict, and whether that is proven; where time ends it, it is not."""
        if not np.isfinite(problem.kappa).any():
            return False, True
        bill, proven = api.objective, True
        below = None if bill is None else bill - needed(problem, bill)[0]
        if below is not None and below <= 0:
            return False, True
        for asked in _ways_to_pay(problem):
            if self._clear(asked, below, bill):
                return True, True
            if deep:
                there = asked if bill is None else at_end(asked, "slow")
                wide = hosting_branch(there, self.effort(), below, [*self.known])
                self._learn(there, wide)
                # A plan that is cheap enough and yet does not win (paid back too late) is no proof that none does.
                proven = proven and wide.status == "infeasible"
                if wide.found and self._clear(asked, below, bill):
                    return True, True
        return False, proven and deep

    def _clear(self, problem: Problem, below: float | None, bill: float | None) -> bool:
        """Whether a plan of the known designs wins clearly; without APIs that could serve, whether there is one."""
        if not self.known:
            return False
        few = with_designs(problem, self.known)
        if bill is None:
            return hosting_branch(few, self.effort()).found
        slow = hosting_branch(at_end(few, "slow"), self.effort(), below)
        return slow.found and reason_of(few, slow, bill) == "clear_win"

    def _best(self, problem: Problem, deep: bool) -> tuple[Problem, Outcome, bool]:
        """The best plan with pools, of which problem; of the known designs, or of all, proven so by a deep look."""
        few = with_designs(problem, self.known)
        best = hosting_branch(few, self.effort())
        for _ in range(TURNS if deep else 0):
            below = None if best.objective is None else best.objective * (1 - self.gap)
            wide = hosting_branch(problem, self.effort(), below, [*self.known])
            if not wide.found:
                return few, best, wide.status == "infeasible"
            self._learn(problem, wide)
            few = with_designs(problem, self.known)
            best = hosting_branch(few, self.effort())
        return few, best, not deep

    def _other_plan(self, problem: Problem, found: Look, today: Collection[str]) -> bool:
        if found.total is None or not today or set(found.options) <= set(today):
            return False
        only = restricted(with_designs(problem, today), lambda _, option: option in today)
        dearer = found.total * (1 + self.gap)
        if found.verdict == "stay_on_api":
            cost = api_branch(only, self.effort()).objective
        else:
            cost = hosting_branch(only, self.effort(), dearer).objective
        return cost is None or cost > dearer

    def _learn(self, problem: Problem, outcome: Outcome) -> None:
        self.known |= dict.fromkeys(opened(problem, outcome))


def _ways_to_pay(problem: Problem) -> Iterator[Problem]:
    """The problem, and where servers may be bought also without, as they may come back too late."""
    yield problem
    renting = buying_none(problem) if problem.rules.capital != 0 else None
    if renting is not None:
        yield renting


def with_designs(problem: Problem, names: Collection[str]) -> Problem:
    """The problem with all its APIs and few of its designs: those named, that run today, or that a rule must use."""
    kept = {name for name, _ in problem.in_force} | (set(problem.moving.replicas) if problem.moving else set())
    kept |= set(names)
    must = problem.rules.must_use
    rows = [
        k for k, design in enumerate(problem.designs)
        if design.id in kept or any(names_design(text, design) for text in must)
    ]  # fmt: skip
    designs = tuple(problem.designs[k] for k in rows)
    gone = {design.id for design in problem.designs} - {design.id for design in designs}
    lots = {spot_market(design) for design in designs} | {design.id for design in designs}
    return replace(
        problem,
        designs=designs,
        kappa=problem.kappa[:, rows],
        charges={pair: pays for pair, pays in problem.charges.items() if pair[1] not in gone},
        fixed_costs=tuple(cost for cost in problem.fixed_costs if cost.trigger[1] not in gone),
        contingencies=tuple(each for each in problem.contingencies if each.kind == "provider" or each.of in lots),
    )


def _ended(*outcomes: Outcome) -> bool:
    """Whether time ended none of them."""
    return all(each.found or each.status == "infeasible" for each in outcomes)
