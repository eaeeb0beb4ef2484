"""Whether a scenario has a plan, asked many times of scenarios that differ in a few demands; and what the cheapest is.

Three ways to an answer, the quick ones first. A segment without an option needs only its own options, raised for it
alone and remembered. Where no rule binds the plan as a whole, options are enough. Else the program decides, on options
that are raised once for all that differ in such rules. A budget is never put into the program, which can take minutes
to prove that none is that cheap: the cheapest plan without it is compared with it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from solver.optimise import optimise
from solver.options import plan_rules, problem_of
from solver.patterns import means_api, names_design
from solver.problem import LoadBlocks, Problem, Rules
from solver.requirements import alone, changed, of_plan
from solver.scenario import Scenario
from solver.solve import Outcome, Progress

ANY_GAP = 1.0
"""The first plan found is enough."""
PRICED_GAP = 1e-3
QUESTION, LEAST_S = 0.15, 2.0
"""Of the time, what one question may take, and the least seconds: where a budget is met by a hair, proof is hard."""
ROUNDING = 1e-9
KEPT = 6
"""Problems remembered, the latest."""


class CutShortError(Exception):
    """The time for the questions is over, or the user has stopped them."""


class Alone(NamedTuple):
    """A segment by itself: whether it has an option, and one without a limit, for every region; what is in the way."""

    has: bool
    unlimited: bool
    rules: frozenset[str]


@dataclass
class Oracle:
    """Answers whether scenarios like `like` are feasible, until `limit_s` seconds have gone or `stop` is set.

    `like` holds the most rules of the plan as a whole of all that are asked. Counts of what was raised and solved are
    kept for those who want to know.
    """

    like: Scenario
    catalog: Catalog
    limit_s: float
    stop: threading.Event | None = None
    on_question: Callable[[int], None] | None = None
    started: float = field(default_factory=perf_counter)
    raised: int = 0
    solved: int = 0
    _options: dict[str, "Alone"] = field(default_factory=dict)
    _answers: dict[str, bool | None] = field(default_factory=dict)
    _problems: dict[str, Problem] = field(default_factory=dict)

    def left(self) -> float:
        """Seconds that are left."""
        if self.stop is not None and self.stop.is_set():
            return 0.0
        return self.limit_s - (perf_counter() - self.started)

    def has_option(self, scenario: Scenario, name: str) -> bool:
        """Whether every region of the segment's users has an option, whatever the plan as a whole may be."""
        return self._alone(scenario, name).has

    def without_option(self, scenario: Scenario) -> list[str]:
        """The segments of which some region's users have no option."""
        problem = self.problem(scenario)
        none = {of for of, has in zip(problem.segment_of, _has_options(problem).tolist(), strict=True) if not has}
        return [name for name in scenario.segment if name in none]

    def rules_in_the_way(self, scenario: Scenario, name: str) -> frozenset[str]:
        """Rules by which the segment's options are turned down; of several that an option breaks one is named."""
        return self._alone(scenario, name).rules

    def feasible(self, scenario: Scenario) -> bool | None:
        """Whether there is a plan; None where that is not known in time. Raises CutShortError once the time is over."""
        key = scenario.model_dump_json()
        if key not in self._answers:
            self._answers[key] = self._feasible(scenario)
        return self._answers[key]

    def cheapest(self, scenario: Scenario, gap: float = PRICED_GAP) -> Outcome:
        """The cheapest plan, within a budget if there is one; Outcome without a plan where none was found in time."""
        free = self._without_budget(self.problem(scenario, exact=True))
        outcome = self._solve(free, gap)
        budget = scenario.policy.budget
        over = budget is not None and outcome.objective is not None and not _within(outcome.objective, scenario)
        return replace(outcome, status="infeasible", objective=None, values={}) if over else outcome

    def problem(self, scenario: Scenario, exact: bool = False) -> Problem:
        """The problem of a scenario, on options raised once for all that differ in rules of the plan as a whole.

        Options raised for more headroom hold a plan if those of less do; for its cost they are raised anew (`exact`).
        """
        asked = of_plan(scenario, self.like)
        if exact:
            asked = changed(asked, "policy.headroom", scenario.policy.headroom)
        key = asked.model_dump_json()
        problem = self._problems.pop(key, None) or self._raise(asked)
        self._problems[key] = problem
        while len(self._problems) > KEPT:
            del self._problems[next(iter(self._problems))]
        kinds = scenario.policy.contingencies
        coverage = [scenario.segment[of].coverage for of in problem.segment_of]
        return replace(
            problem,
            rules=plan_rules(scenario),
            headroom=np.full(len(coverage), scenario.policy.headroom),
            coverage=np.array(coverage, dtype=np.float64),
            contingencies=tuple(each for each in problem.contingencies if each.kind in kinds and any(coverage)),
        )

    def _feasible(self, scenario: Scenario) -> bool | None:
        budget = scenario.policy.budget
        simple = budget is None and not _binds(plan_rules(scenario)) and not _covers(scenario)
        if simple and self._soon_known_alone(scenario):
            alone_ = [self._alone(scenario, name) for name in scenario.segment]
            if not all(each.has for each in alone_):
                return False
            if all(each.unlimited for each in alone_):
                return True
        problem = self.problem(scenario)
        if budget is not None:
            return self._within_budget(problem, scenario)
        problem = _buildable(problem)
        if not _has_options(problem).all() or not _may_be_used(problem):
            return False
        if not _binds(problem.rules) and not _covers(scenario) and _has_unlimited(problem).all():
            return True
        for easier in (_of_the_peak(problem), problem):
            outcome = self._solve(easier, ANY_GAP)
            if outcome.found:
                return True
        return False if outcome.status == "infeasible" else None

    def _soon_known_alone(self, scenario: Scenario) -> bool:
        """Whether at most one segment's options are to be raised, and not all are already."""
        if of_plan(scenario, self.like).model_dump_json() in self._problems:
            return False
        return sum(alone(scenario, name).model_dump_json() not in self._options for name in scenario.segment) <= 1

    def _alone(self, scenario: Scenario, name: str) -> "Alone":
        asked = alone(scenario, name)
        key = asked.model_dump_json()
        if key not in self._options:
            problem = None if _names_options(asked) else self._raise(asked, _without_pools)
            if problem is None or not _has_unlimited(problem).all():
                problem = self._raise(asked)
            self._options[key] = Alone(
                bool(_has_options(problem).all()),
                bool(_has_unlimited(problem).all()),
                frozenset(problem.refusal_counts),
            )
        return self._options[key]

    def _within_budget(self, problem: Problem, scenario: Scenario) -> bool | None:
        """Whether the cheapest plan is within the budget; the solve ends once either is known."""
        free = _buildable(self._without_budget(problem))
        if not _has_options(free).all() or not _may_be_used(free):
            return False
        known = threading.Event()

        def watch(progress: Progress) -> None:
            within = progress.best is not None and _within(progress.best, scenario)
            beyond = progress.bound is not None and not _within(progress.bound, scenario)
            if within or beyond or (self.stop is not None and self.stop.is_set()):
                known.set()

        outcome = self._solve(free, PRICED_GAP / 10, watch, known)
        if outcome.status == "infeasible":
            return False
        if outcome.objective is not None and _within(outcome.objective, scenario):
            return True
        return False if outcome.bound is not None and not _within(outcome.bound, scenario) else None

    def _without_budget(self, problem: Problem) -> Problem:
        return replace(problem, rules=replace(problem.rules, budget_per_month=None))

    def _raise(self, scenario: Scenario, part: Callable[[Catalog], Catalog] = lambda whole: whole) -> Problem:
        self._ask()
        self.raised += 1
        return problem_of(scenario, part(_only(self.catalog, scenario)))

    def _solve(
        self,
        problem: Problem,
        gap: float,
        on_progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Outcome:
        self._ask()
        self.solved += 1
        limit = min(self.left(), max(self.limit_s * QUESTION, LEAST_S))
        return optimise(problem, gap, limit, stage="conflict", on_progress=on_progress, stop=stop or self.stop)

    def _ask(self) -> None:
        if self.left() <= 0:
            raise CutShortError
        if self.on_question is not None:
            self.on_question(self.raised + self.solved)


def _within(cost: float, scenario: Scenario) -> bool:
    budget = scenario.policy.budget
    return budget is None or cost <= budget.per_month * (1 + ROUNDING)


def _only(catalog: Catalog, scenario: Scenario) -> Catalog:
    """The catalog with the user's own rates of these segments: a rate of another segment would be a wrong name."""
    rates = [
        rate.model_copy(update={"by_segment": {s: r for s, r in rate.by_segment.items() if s in scenario.segment}})
        for rate in catalog.rates
        if not rate.segment or rate.segment in scenario.segment
    ]
    return replace(catalog, rates=tuple(rates))


def _without_pools(catalog: Catalog) -> Catalog:
    """The catalog's APIs: where they serve a segment without a limit, pools need not be raised to know that it is."""
    return replace(catalog, gpu_prices=(), purchases={}, rates=())


def _names_options(scenario: Scenario) -> bool:
    """Whether the scenario names options, of which a part of the catalog might not know the name."""
    return bool(scenario.named or scenario.policy.may_use or scenario.policy.must_not_use)


def _has_options(problem: Problem) -> NDArray[np.bool_]:
    """Which segments [s] have some option."""
    served = np.asarray(np.isfinite(problem.kappa).any(axis=1))
    ids = {api.id for api in problem.apis}
    for s, option in problem.charges:
        served[s] |= option in ids
    return served


def _has_unlimited(problem: Problem) -> NDArray[np.bool_]:
    """Which segments [s] have a pool, or an API without a rate limit: of pools there are as many as wanted."""
    served = np.asarray(np.isfinite(problem.kappa).any(axis=1))
    ids = {api.id for api in problem.apis if np.isinf(api.requests_per_s) and np.isinf(api.tokens_per_s)}
    for s, option in problem.charges:
        served[s] |= option in ids
    return served


def _binds(rules: Rules) -> bool:
    """Whether a rule on the plan as a whole stands, budget and contingencies aside."""
    some = (
        rules.max_pool_designs, rules.min_suppliers, rules.max_suppliers, rules.must_use, rules.gpus_available,
        rules.capital,
    )  # fmt: skip
    return any(each not in (None, (), {}) for each in some)


def _covers(scenario: Scenario) -> bool:
    """Whether some segment must go on while something is lost."""
    return bool(scenario.policy.contingencies) and any(each.coverage > 0 for each in scenario.segment.values())


def _buildable(problem: Problem) -> Problem:
    """Without the designs of which the GPUs or the number of designs leave no single replica."""
    rules = problem.rules
    kappa = problem.kappa.copy()
    for k, design in enumerate(problem.designs):
        names = (design.provider, design.gpu, f"{design.provider}/{design.gpu}")
        available = min((rules.gpus_available[name] for name in names if name in rules.gpus_available), default=np.inf)
        box = min(way.box for way in design.purchases.values())
        if design.gpus * box > available and "serverless" not in design.purchases:
            kappa[:, k] = np.nan
        if available == 0 or rules.max_pool_designs == 0:
            kappa[:, k] = np.nan
    return replace(problem, kappa=kappa)


def _may_be_used(problem: Problem) -> bool:
    """Whether each must-use means an option that may serve something."""
    serves = np.asarray(np.isfinite(problem.kappa).any(axis=0))
    used = {option for _, option in problem.charges}
    return all(
        any(serves[k] and names_design(text, design) for k, design in enumerate(problem.designs))
        or any(api.id in used and means_api(text, api.id, api.offer) for api in problem.apis)
        for text in problem.rules.must_use
    )


def _of_the_peak(problem: Problem) -> Problem:
    """One block with every segment's highest load at once.

    A plan of it is one of the whole month, held in every block: shares and replicas the same, loads no higher. So it
    proves that there is a plan; that there is none it does not prove.
    """
    blocks = problem.blocks
    one = LoadBlocks(
        hours=np.array([blocks.hours.sum()]),
        peak=blocks.peak.max(axis=1, keepdims=True),
        mean=blocks.mean.max(axis=1, keepdims=True),
        weekend=np.array([False]),
    )
    awake = None if problem.awake is None else problem.awake.max(axis=1, keepdims=True)
    return replace(problem, blocks=one, awake=awake, in_force={}, moving=None)
