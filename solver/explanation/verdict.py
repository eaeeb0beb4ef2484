"""The verdict: the API by default, self-hosting only where it clearly wins; solved again, never guessed.

Self-hosting must beat the best plan of APIs alone at the pessimistic end of the performance band, after all costs, by
more than the policy's margin of the API bill and by more than the smallest step in which people come, and what is spent
once must be back within the horizon. In a re-check of pools that run the entry is paid: there the cheaper one wins.
As kappa is monotone (no plan gets cheaper when every request takes longer), one end settles what the other would:
where the API wins with the figures as they are, only the fast end is solved, else only the slow one and its kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.explanation.branches import Effort, End, api_branch, at_end, hosting_branch, kind_of, opened
from solver.explanation.payback import Payback, payback_of, spent_once
from solver.explanation.records import Cheapest, Confidence, Hosting, Reason
from solver.problem import Problem
from solver.readoff import read_off
from solver.record import Verdict
from solver.solve import Outcome, relative_gap


@dataclass(frozen=True)
class Judgement:
    """The plan recommended, as an outcome whose bound is that of its own branch, and how it stands to the others."""

    recommended: Outcome
    verdict: Verdict
    confidence: Confidence = ""
    cheapest: Cheapest | None = None
    hosting: Hosting | None = None


def judge(problem: Problem, cheapest: Outcome, gap: float, effort: Effort) -> Judgement:
    """The verdict on a problem whose cheapest plan is known; each further solve takes at most the effort's seconds.

    `gap` is that of the plan of APIs alone, as it may be the one recommended. Once stopped, or where time ends before
    it is known whether APIs alone may do, the cheapest plan stands and nothing more is said.
    """
    kind = kind_of(cheapest)
    alone = Judgement(cheapest, kind, cheapest=_cheapest(kind, cheapest, cheapest))
    if not cheapest.found or (effort.stop is not None and effort.stop.is_set()):
        return alone
    api = _api(problem, cheapest, kind, replace(effort, gap=gap))
    if not api.found:
        return _without_api(problem, cheapest, kind, effort) if api.status == "infeasible" else alone
    if kind == "stay_on_api":
        return _api_is_cheaper(problem, cheapest, api, effort)
    found = _hosting_is_cheaper(problem, cheapest, kind, api, effort)
    if found.hosting is not None and found.hosting.reason == "not_paid_back":
        return _without_buying(problem, found, api, replace(effort, gap=gap))
    return found


def needed(problem: Problem, api_per_month: float) -> tuple[float, float]:
    """What self-hosting must save a month, more than which wins; and the smallest step of people in it."""
    if problem.in_force:
        return 0.0, 0.0
    labour = min(_labour(problem), default=0.0)
    return max(problem.rules.margin * api_per_month, labour), labour


def _labour(problem: Problem) -> Iterator[float]:
    """The steps in which people come with pools, a month: the first of each class, and a further one."""
    for cost in problem.fixed_costs:
        if cost.unit.startswith("FTE") and cost.trigger[0] in ("selfhost", "class"):
            yield cost.per_month
    if problem.people is not None:
        yield problem.people.fte * problem.people.price_per_fte_month


def _api(problem: Problem, cheapest: Outcome, kind: Verdict, effort: Effort) -> Outcome:
    """The best plan of APIs alone with the bound of that branch; the cheapest plan itself where that is one."""
    api = api_branch(problem, effort)
    if kind != "stay_on_api":
        return api
    if api.objective is not None and cheapest.objective is not None and api.objective <= cheapest.objective:
        return api
    bound = max((each.bound for each in (api, cheapest) if each.bound is not None), default=None)
    return replace(cheapest, bound=bound, gap=relative_gap(cheapest.objective, bound))


def _cheapest(kind: Verdict, cheapest: Outcome, recommended: Outcome) -> Cheapest | None:
    if cheapest.objective is None or recommended.objective is None:
        return None
    more = max(0.0, recommended.objective - cheapest.objective)
    return Cheapest(
        verdict=kind, total_per_month=cheapest.objective, bound_per_month=cheapest.bound, saves_per_month=more
    )


def _without_api(problem: Problem, cheapest: Outcome, kind: Verdict, effort: Effort) -> Judgement:
    """No API may serve all: what is left is self-hosting, and only its kind may change inside the band."""
    start = opened(problem, cheapest)
    slow = _end(problem, "slow", effort, None, start)
    kinds = {kind, slow[1], _end(problem, "fast", effort, None, start)[1]}
    confidence: Confidence = "certain" if kinds == {kind} else "likely"
    if slow[0].status == "infeasible":
        confidence = "tie"
    hosting = Hosting(
        verdict=kind, reason="no_api", total_per_month=cheapest.objective, slow_per_month=slow[0].objective
    )
    return Judgement(cheapest, kind, confidence, _cheapest(kind, cheapest, cheapest), hosting)


def _api_is_cheaper(problem: Problem, cheapest: Outcome, api: Outcome, effort: Effort) -> Judgement:
    """The API wins with the figures as they are, so at the pessimistic end too; the optimistic one may turn it."""
    recommended = api if (api.objective or 0.0) <= (cheapest.objective or 0.0) else cheapest
    bill = recommended.objective or 0.0
    wants, labour = needed(problem, bill)
    hosting = Hosting(
        reason="api_is_cheaper", api_per_month=bill, api_bound_per_month=api.bound,
        margin=problem.rules.margin, labour_per_month=labour, needed_per_month=wants,
    )  # fmt: skip
    told = _cheapest("stay_on_api", replace(recommended, bound=cheapest.bound), recommended)
    if not np.isfinite(problem.kappa).any():
        return Judgement(recommended, "stay_on_api", "certain", told, hosting.model_copy(update={"reason": "no_pool"}))
    limit = bill * (1 + problem.rules.margin)
    fast, kind = _end(problem, "fast", effort, limit)
    least = limit if fast.status == "infeasible" else fast.bound
    hosting = hosting.model_copy(update={"at_least_per_month": least})
    if fast.objective is None:
        confidence: Confidence = "certain" if least is not None and least >= limit else "likely"
        return Judgement(recommended, "stay_on_api", confidence, told, hosting)
    as_is = hosting_branch(problem, effort, start=opened(at_end(problem, "fast"), fast))
    hosting = hosting.model_copy(update={"verdict": kind, "fast_per_month": fast.objective})
    if as_is.objective is not None:
        hosting = _with_payback(hosting, problem, as_is)
        months = hosting.payback_months
        if months is not None and months > problem.rules.horizon_months:
            hosting = hosting.model_copy(update={"reason": "not_paid_back"})
    return Judgement(recommended, "stay_on_api", "tie" if fast.objective < bill else "likely", told, hosting)


def _hosting_is_cheaper(problem: Problem, cheapest: Outcome, kind: Verdict, api: Outcome, effort: Effort) -> Judgement:
    """Self-hosting wins with the figures as they are, so at the optimistic end too; the pessimistic one decides."""
    bill, start = api.objective or 0.0, opened(problem, cheapest)
    wants, labour = needed(problem, bill)
    slow, slow_kind = _end(problem, "slow", effort, bill, start)
    hosting = Hosting(
        reason=reason_of(problem, slow, bill), api_per_month=bill, api_bound_per_month=api.bound,
        slow_per_month=slow.objective, at_least_per_month=cheapest.bound,
        margin=problem.rules.margin, labour_per_month=labour, needed_per_month=wants,
    )  # fmt: skip
    hosting = _with_payback(hosting, problem, cheapest)
    if hosting.reason != "clear_win":
        confidence: Confidence = "tie" if hosting.reason == "slow_end" else "likely"
        return Judgement(api, "stay_on_api", confidence, _cheapest(kind, cheapest, api), hosting)
    # No dearer there than as it is, so dearer plans need no look.
    known = (cheapest.objective or 0.0) * (1 + effort.gap)
    fast, fast_kind = _end(problem, "fast", effort, known, start)
    hosting = hosting.model_copy(update={"fast_per_month": fast.objective})
    proven = api.bound is not None and api.bound - (slow.objective or bill) > wants
    certain = proven and slow_kind == fast_kind == kind
    return Judgement(cheapest, kind, "certain" if certain else "likely", _cheapest(kind, cheapest, cheapest), hosting)


def _without_buying(problem: Problem, owning: Judgement, api: Outcome, effort: Effort) -> Judgement:
    """Where servers bought come back too late, the best plan that buys none may still win clearly: it is then taken."""
    renting = buying_none(problem)
    if renting is None or owning.cheapest is None:
        return owning
    best = hosting_branch(renting, effort, api.objective)
    if not best.found:
        return owning
    found = _hosting_is_cheaper(renting, best, kind_of(best), api, effort)
    if found.hosting is None or found.hosting.reason != "clear_win":
        return owning
    more = max(0.0, (best.objective or 0.0) - owning.cheapest.total_per_month)
    return replace(found, cheapest=owning.cheapest.model_copy(update={"saves_per_month": more}))


def buying_none(problem: Problem) -> Problem | None:
    """The problem without capital for servers; None where none are for sale."""
    if all(way.capital <= 0 for design in problem.designs for way in design.purchases.values()):
        return None
    return replace(problem, rules=replace(problem.rules, capital=0.0))


def reason_of(problem: Problem, slow: Outcome, bill: float) -> Reason:
    """Whether self-hosting clearly wins at the pessimistic end, else the first thing that it fails.

    `slow` is the outcome of the branch with pools at that end, below the API `bill`.
    """
    wants, _ = needed(problem, bill)
    if slow.objective is None:
        return "slow_end" if slow.status == "infeasible" else "not_shown"
    if bill - slow.objective <= wants:
        return "not_enough"
    months = _payback(at_end(problem, "slow"), slow, bill).months
    return "clear_win" if months is not None and months <= problem.rules.horizon_months else "not_paid_back"


def _payback(problem: Problem, outcome: Outcome, bill: float) -> Payback:
    parts = read_off(problem, outcome)
    return payback_of(spent_once(problem, parts.lines, parts.pools), parts.total_per_month or 0.0, bill)


def _with_payback(hosting: Hosting, problem: Problem, outcome: Outcome) -> Hosting:
    """The case with the plan of self-hosting at the figures as they are: its total, its payback, its savings."""
    found = _payback(problem, outcome, hosting.api_per_month or 0.0)
    return hosting.model_copy(
        update={
            "verdict": kind_of(outcome), "total_per_month": outcome.objective, "once": found.once,
            "payback_months": found.months, "horizon_months": problem.rules.horizon_months,
            "first_year": found.first_year, "later_years": found.later_years,
        }
    )  # fmt: skip


def _end(
    problem: Problem, end: End, effort: Effort, below: float | None = None, start: tuple[str, ...] = ()
) -> tuple[Outcome, Verdict]:
    """The best plan with pools at one end of the band, and what it comes to."""
    outcome = hosting_branch(at_end(problem, end), effort, below, start)
    return outcome, kind_of(outcome)
