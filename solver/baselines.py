"""The pure strategies on the same problem: closed API, open API, all self-hosted, today.

Each is the problem with fewer options, so each is a plan of the whole problem too, and none can cost less than the
optimum. Every rule of the policy stays, must-use among them: a strategy that leaves out what must be used has no plan.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from solver.plan import Baseline, BaselineName, CostLine
from solver.problem import Problem
from solver.readoff import read_off
from solver.record import Verdict
from solver.solve import Outcome, relative_gap
from solver.units import SECONDS, Rate

Keep = Callable[[str, str], bool]
"""(segment, option id) -> whether the option may still serve it."""

WORDS: dict[BaselineName, str] = {
    "closed_api": "closed-model API", "open_api": "open-model API", "self_hosted": "pool", "today": "option of today",
}  # fmt: skip


@dataclass(frozen=True)
class Strategy:
    """A pure strategy: the restricted problem, or why there is none."""

    name: BaselineName
    problem: Problem | None
    why_null: str = ""


def restricted(problem: Problem, keep: Keep) -> Problem:
    """The problem with only the pairs (segment, option) that `keep` holds; indices stay as they were."""
    kappa = problem.kappa.copy()
    for s, segment in enumerate(problem.segments):
        for k in np.flatnonzero(np.isfinite(kappa[s])):
            if not keep(segment, problem.designs[k].id):
                kappa[s, k] = np.nan
    charges = {pair: each for pair, each in problem.charges.items() if keep(problem.segments[pair[0]], pair[1])}
    return replace(problem, kappa=kappa, charges=charges)


def api_only(problem: Problem) -> Problem:
    """The problem without pools: soon solved, and its plan is one of the whole problem to start from."""
    pools = {design.id for design in problem.designs}
    return restricted(problem, lambda _, option: option not in pools)


def strategies(problem: Problem, served_by: Mapping[str, str] | None = None) -> tuple[Strategy, ...]:
    """The four strategies. `served_by` is today's: scenario segment -> option id."""
    return tuple(_strategy(problem, name, served_by or {}) for name in get_args(BaselineName))


def _strategy(problem: Problem, name: BaselineName, served_by: Mapping[str, str]) -> Strategy:
    of = dict(zip(problem.segments, problem.segment_of, strict=True))
    if name == "today":
        left = [segment for segment in dict.fromkeys(problem.segment_of) if segment not in served_by]
        if not served_by:
            return Strategy(name, None, "the scenario does not say what runs today")
        if left:
            return Strategy(name, None, f"the scenario does not say what serves {left[0]} today")
        smaller = restricted(problem, lambda segment, option: served_by[of[segment]] == option)
    else:
        kept = _options(problem, name)
        smaller = restricted(problem, lambda _, option: option in kept)
    missing = [segment for s, segment in enumerate(problem.segments) if not _has_option(smaller, s)]
    if missing:
        return Strategy(name, None, _why_missing(problem, name, missing[0], served_by.get(of[missing[0]], "")))
    return Strategy(name, smaller)


def _options(problem: Problem, name: BaselineName) -> set[str]:
    if name == "self_hosted":
        return {design.id for design in problem.designs}
    return {api.id for api in problem.apis if api.offer.open_weights == (name == "open_api")}


def _has_option(problem: Problem, s: int) -> bool:
    return bool(np.isfinite(problem.kappa[s]).any()) or any(segment == s for segment, _ in problem.charges)


def _why_missing(problem: Problem, name: BaselineName, segment: str, today: str) -> str:
    if name == "today":
        refusal = next((r for r in problem.refusals if r.option == today and r.segment in ("", segment)), None)
        because = (
            f": {refusal.rule} {refusal.found}, wanted {refusal.wanted} {refusal.unit}".rstrip() if refusal else ""
        )
        return f"{today} may not serve {segment}{because}"
    return f"no {WORDS[name]} may serve {segment}"


def baseline_of(strategy: Strategy, outcome: Outcome | None) -> Baseline:
    """The baseline of a strategy and its outcome (None where there was nothing to solve, or no time for it)."""
    if strategy.problem is None or outcome is None:
        why = strategy.why_null or "stopped before such a plan was looked for"
        return Baseline(name=strategy.name, total_per_month=None, why_null=why)
    if not outcome.found:
        why = {
            "infeasible": f"no such plan fits the rules on the whole: {_rules(strategy.problem)}",
            "time_limit": "no such plan was found within the time limit",
            "stopped": "stopped before such a plan was found",
        }.get(outcome.status, outcome.status)
        return Baseline(name=strategy.name, total_per_month=None, why_null=why)
    parts = read_off(strategy.problem, outcome)
    why = ""
    if outcome.status != "optimal" and parts.gap is not None:
        why = f"best found, not proven: at most {parts.gap:.1%} above the least"
    return Baseline(name=strategy.name, total_per_month=parts.total_per_month, why_null=why, lines=_short(parts.lines))


def sharpened(name: BaselineName, outcome: Outcome | None, recommended: Outcome, verdict: Verdict) -> Outcome | None:
    """The outcome of a strategy with the bound of its branch, APIs alone or pools, where the plan recommended has it.

    A bound of the branch is one of every strategy in it; a plan of the same cost is then as proven as that one.
    """
    of_branch = name != "today" and (name == "self_hosted") == (verdict in ("self_host", "hybrid"))
    if outcome is None or outcome.objective is None or recommended.bound is None or not of_branch:
        return outcome
    bound = min(outcome.objective, max(recommended.bound, outcome.bound or 0.0))
    gap = relative_gap(outcome.objective, bound)
    known = replace(outcome, bound=bound, gap=gap)
    proven = recommended.status == "optimal" and (gap or 0.0) <= (recommended.gap or 0.0) + SAME
    return replace(known, status="optimal", stopped_by="proof") if proven else known


SAME = 1e-9
"""A part of a cost that is rounding."""


def _short(lines: tuple[CostLine, ...]) -> tuple[CostLine, ...]:
    """The lines without what they are worked out of: that is told of the plan itself."""
    return tuple(each.model_copy(update={"terms": (), "price_of": {}}) for each in lines)


def with_rate(baseline: Baseline, problem: Problem) -> Baseline:
    """The baseline with its bill over the month's tokens: input and output, at the mean of the horizon."""
    month = problem.blocks.mean @ problem.blocks.hours * SECONDS["hour"]
    mtok = float(month @ problem.tokens_per_request) / 1e6
    if baseline.total_per_month is None or mtok <= 0:
        return baseline
    return baseline.model_copy(update={"per_mtok": baseline.total_per_month / mtok})


def best_of(outcome: Outcome, others: Iterable[Outcome | None], gap: float) -> Outcome:
    """The outcome, with the cheapest plan that was also found of the same problem or of a part of it.

    A plan that the main search missed when it ended early is not thrown away; the bound stays its own, and proves that
    plan where it is within the gap asked.
    """
    found = [other for other in others if other is not None and other.objective is not None]
    best = min(found, key=lambda other: other.objective or 0.0, default=None)
    if best is None or best.objective is None or outcome.status == "infeasible":
        return outcome
    if outcome.objective is not None and outcome.objective <= best.objective:
        return outcome
    found_gap = relative_gap(best.objective, outcome.bound)
    better = replace(outcome, objective=best.objective, values=best.values, gap=found_gap)
    return (
        replace(better, status="optimal", stopped_by="proof") if found_gap is not None and found_gap <= gap else better
    )


def _rules(problem: Problem) -> str:
    """The rules on the plan as a whole that this scenario has, in words; limits are the offers' own."""
    rules, offered = problem.rules, {option for _, option in problem.charges}
    limited = (min(api.requests_per_s, api.tokens_per_s) < np.inf for api in problem.apis if api.id in offered)
    covered = problem.coverage is not None and bool(problem.coverage.any()) and bool(problem.contingencies)
    given = {
        "rate limits": any(limited),
        "what must go on while something is lost": covered,
        "budget": rules.budget_per_month is not None,
        "capital": rules.capital is not None,
        "pool designs": rules.max_pool_designs is not None,
        "suppliers": rules.min_suppliers is not None or rules.max_suppliers is not None,
        "must-use": bool(rules.must_use),
        "GPUs available": bool(rules.gpus_available),
    }
    return ", ".join(words for words, has in given.items() if has) or "GPUs that can be had"


def todays_bill(today: Baseline, bill: Rate | None, total: float | None) -> Baseline:
    """Today's baseline from the bill as billed, where the options of today were not given.

    A bill below the cheapest plan is no plan of this problem: today's volume or requirements are other ones.
    """
    if bill is None or today.total_per_month is not None or total is None:
        return today
    if bill.per_month < total:
        why = f"billed {bill.per_month:,.0f} a month, less than any plan found: not this volume or these requirements"
        return today.model_copy(update={"why_null": why})
    line = CostLine(name="bill today", unit="month", quantity=1, price=bill.per_month, per_month=bill.per_month)
    return Baseline(name="today", total_per_month=bill.per_month, lines=(line,))
