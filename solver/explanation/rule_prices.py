"""What each requirement and rule costs a month: the cheapest plan less the cheapest one without it, by solving.

A plan that keeps a rule is one without it too, so no price is below 0, and a rule is free where no plan below the
present cost is found without it, which the solver proves. Several rules at once are dropped first: where even all of
them save nothing, none of them does. Raising the options takes most of the time: rules of the plan as a whole share
one problem. Known without a solve, as what would be gained is within what is known to gain nothing:

- a rule of admission that is named in no refusal: it turns nothing down;
- the budget: a plan cheaper than the present one is within it too;
- a coverage, where all contingencies together are free, and a floor one step lower, where no floor at all is.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from catalogs.catalog import Catalog
from solver.explanation.branches import kind_of
from solver.explanation.reasons import RulePrice
from solver.feasibility import CutShortError, Oracle
from solver.optimise import optimise
from solver.plan import Plan
from solver.problem import Problem
from solver.refusals import Refusal
from solver.requirements import Requirement, changed, requirements, text_at
from solver.scenario import Scenario
from solver.solve import Outcome

GAP = 1e-4
EACH_S = 30.0
"""Seconds for one solve at most."""
SAME = 1e-6
"""A part of the bill that is no saving."""
ADMISSION = (
    "processing_in", "storage_in", "max_retention_days", "agreements", "attestations", "no_training", "operated_by",
    "network", "license", "features", "quality", "apis", "may_use", "must_not_use", "expertise",
)  # fmt: skip
"""Fields that only turn options down; others change what an option does or costs as well."""

OF_POOLS = ("policy.headroom", "policy.max_pool_designs", "policy.capital", "policy.gpus_available")
"""Rules that only pools keep: a plan without pools is seldom dearer for them, so that they are dropped with others."""

WANTED = {
    "purchase_types": "one of ", "beyond_horizon": "a term ", "horizon": "a term ", "spot_tolerance": "a segment that ",
}  # fmt: skip
"""How begins what a refusal wants that a rule on purchases makes: they share a name, and each lifts but its own."""


@dataclass(frozen=True)
class Question:
    """A requirement, and what stands in its place in the question."""

    requirement: Requirement
    value: Any

    @property
    def key(self) -> str:
        """The dotted key."""
        return self.requirement.key


@dataclass
class Prices:
    """The questions of one scenario: the cost to beat, and the prices found so far by (key, text without it)."""

    scenario: Scenario
    plan: Plan
    oracle: Oracle
    now: float
    least: float
    base: Problem
    found: dict[tuple[str, str], RulePrice] = field(default_factory=dict)
    solved: int = 0

    def without(self, questions: Sequence[Question]) -> Outcome:
        """The cheapest plan without these rules, of those below the present cost."""
        scenario = self.scenario
        for each in questions:
            scenario = changed(scenario, each.key, each.value)
        problem = self.oracle.problem(scenario, exact=True)
        left = self.oracle.left()
        if left <= 0:
            raise CutShortError
        self.solved += 1
        opened = [pool.option for pool in self.plan.pools]
        return optimise(
            problem, GAP, min(EACH_S, left), stage="rules", stop=self.oracle.stop, below=self.now * (1 - SAME),
            start=opened,
        )  # fmt: skip

    def ask(self, questions: Sequence[Question]) -> None:
        """Price them: all at once where they are free together, else each half; one alone has its price."""
        if not questions:
            return
        outcome = self.without(questions)
        if outcome.status == "infeasible":
            for each in questions:
                self.note(each, self.free(each, proven=True))
        elif len(questions) > 1:
            half = (len(questions) + 1) // 2
            self.ask(questions[:half])
            self.ask(questions[half:])
        elif outcome.objective is None:
            unknown = self.free(questions[0], proven=False)
            most = self.now - (outcome.bound or 0.0)
            self.note(questions[0], unknown.model_copy(update={"at_most": max(0.0, most)}))
        else:
            self.note(questions[0], self.priced(questions[0], outcome))

    def implied(self, question: Question) -> str:
        """Why a question needs no solve: another one, that admits all of its plans and more, is free; else empty."""
        name = question.key.rpartition(".")[2]
        if name == "budget":
            return f"the plan costs {self.now:,.0f}, and a cheaper one would be within it too"
        if name == "coverage" and self._free("policy.contingencies"):
            return "no contingency costs anything"
        if name == "quality" and self._free(question.key):
            return "no floor at all would save nothing"
        return ""

    def _free(self, key: str) -> bool:
        """Whether the weakest of a requirement is proven to save nothing."""
        weakest = next((each.weakest for each in requirements(self.scenario) if each.key == key), None)
        if weakest is None:
            return False
        known = self.found.get((key, text_at(changed(self.scenario, key, weakest), key)))
        return known is not None and known.per_month == 0.0 and known.proven

    def note(self, question: Question, price: RulePrice) -> None:
        """Keep a price."""
        self.found[question.key, price.without] = price

    def priced(self, question: Question, outcome: Outcome) -> RulePrice:
        """What is saved without the rule."""
        total = outcome.objective or 0.0
        saved = self.now - total
        at_most = self.now - min(total, outcome.bound or 0.0)
        proven = outcome.status == "optimal" and self.now - self.least <= 10 * GAP * self.now
        return self.blank(question).model_copy(
            update={
                "per_month": saved, "at_most": max(saved, at_most), "total_then": total, "proven": proven,
                "verdict_then": kind_of(outcome), "why": "",
            }
        )  # fmt: skip

    def free(self, question: Question, proven: bool) -> RulePrice:
        """A rule without which no cheaper plan was found."""
        why = self.slack(question) if proven else "no cheaper plan was found in time"
        known = {"per_month": 0.0, "at_most": self.now * SAME if proven else None, "total_then": self.now}
        return self.blank(question).model_copy(update={**known, "proven": proven, "why": why})

    def blank(self, question: Question) -> RulePrice:
        """The rule and the option nearest to passing of those that it turns down."""
        nearest = self.nearest(question.requirement)
        return RulePrice(
            requirement=question.key,
            asked=text_at(self.scenario, question.key),
            without=text_at(changed(self.scenario, question.key, question.value), question.key),
            per_month=None,
            nearest=nearest.option if nearest else "",
            found=nearest.found if nearest else "",
            wanted=nearest.wanted if nearest else "",
            unit=nearest.unit if nearest else "",
            why="time ended before it was looked at",
        )

    def nearest(self, requirement: Requirement) -> Refusal | None:
        """The refusal nearest to passing under the rule, of its segment."""
        if not requirement.by_options:
            return None
        wanted = WANTED.get(requirement.key.rpartition(".")[2], "")
        mine = (
            each for each in self.base.refusals
            if str(each.rule) in requirement.rules and str(each.wanted).startswith(wanted)
            and (not requirement.segment or each.segment.split("/")[0] in ("", requirement.segment))
        )  # fmt: skip
        return min(mine, key=lambda each: each.distance, default=None)

    def slack(self, question: Question) -> str:
        """Why it costs nothing."""
        name = question.key.rpartition(".")[2]
        if (nearest := self.nearest(question.requirement)) is not None:
            return f"what it turns down costs more; the nearest to passing is {nearest.option}"
        if name in ADMISSION:
            return "it turns nothing down that is not turned down anyway"
        if name == "max_pool_designs":
            return f"{len(self.plan.pools)} of {text_at(self.scenario, question.key)} are opened, and more save nothing"
        return "no plan is cheaper without it"


def rule_prices(
    scenario: Scenario, catalog: Catalog, plan: Plan, limit_s: float = inf, stop: threading.Event | None = None
) -> tuple[RulePrice, ...]:
    """What each requirement of the scenario costs, the dearest first; none where the plan has no bill.

    After `limit_s` seconds what was not looked at has no price. Raises what `problem_of` raises.
    """
    if plan.total_per_month is None:
        return ()
    least = plan.cheapest
    now = least.total_per_month if least else plan.total_per_month
    bound = (least.bound_per_month if least else plan.bound_per_month) or 0.0
    oracle = Oracle(scenario, catalog, limit_s, stop)
    questions = tuple(_questions(scenario))
    try:
        prices = Prices(scenario, plan, oracle, now, bound, oracle.problem(scenario, exact=True))
    except CutShortError:
        return ()
    for group in _groups(questions, prices):
        left = []
        for each in group:
            if why := prices.implied(each):
                prices.note(each, prices.free(each, proven=True).model_copy(update={"why": why}))
            else:
                left.append(each)
        try:
            prices.ask(left)
        except CutShortError:
            break
    for each in questions:
        blank = prices.blank(each)
        prices.found.setdefault((each.key, blank.without), blank)
    found = prices.found.values()
    return tuple(sorted(found, key=lambda each: (-(each.per_month or 0.0), each.per_month is None, each.requirement)))


def _questions(scenario: Scenario) -> Iterator[Question]:
    """Every requirement without itself; a quality floor also one step lower. The load is none."""
    for each in (*requirements(scenario), *_spot(scenario)):
        if each.way == "load":
            continue
        yield Question(each, each.weakest)
        if each.key.endswith(".quality") and each.steps and each.steps[0] != each.weakest:
            yield Question(each, each.steps[0])


def _spot(scenario: Scenario) -> Iterator[Requirement]:
    """What may not rest on spot, where spot may be bought."""
    for name, segment in scenario.segment.items():
        if segment.spot_tolerance < 1 and "spot" in scenario.policy.purchase_types:
            yield Requirement(f"segment.{name}.spot_tolerance", 1.0, "up", True, most=1.0)


def _groups(questions: Sequence[Question], prices: Prices) -> Iterator[list[Question]]:
    """What is asked together: floors and rules of the plan alone; rules of admission that name no refusal are free.

    What turns options down, and what makes them slow or dear to hold, are two groups: mostly but one of them costs.
    """
    left = []
    for each in questions:
        name = each.key.rpartition(".")[2]
        silent = name in ADMISSION and prices.nearest(each.requirement) is None
        if silent and not (name == "features" and "frontier" in text_at(prices.scenario, each.key)):
            prices.note(each, prices.free(each, proven=True))
        else:
            left.append(each)
    idle = () if prices.plan.pools else OF_POOLS
    alone = [
        each for each in left
        if each.key not in idle and (not each.requirement.by_options or each.key.endswith(".quality"))
    ]  # fmt: skip
    together = [each for each in left if each not in alone]
    first = ("policy.contingencies",)  # what is free of it makes others free
    yield from ([each] for each in sorted(alone, key=lambda each: (each.requirement.by_options, each.key not in first)))
    admits = [each for each in together if each.key.rpartition(".")[2] in ADMISSION]
    yield [each for each in together if each not in admits]
    yield admits
