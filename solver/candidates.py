"""The few options over which worlds are solved: those of the optima of every branch, today and in corner worlds.

An option that no optimum of these holds may still be the best one in some world between them; `checked` solves some
worlds over all options and tells how much that would have saved.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from joblib import Parallel, delayed

from solver.explanation.branches import Effort, hosting_branch, used
from solver.solve import Outcome
from solver.world_costs import BRANCHES, DEAR, Branch, Decision, branch_of, decided
from solver.worlds import Forecast, Range, World, world_at

CORNERS: tuple[Mapping[str, str], ...] = (
    {"volume": "high", "growth": "high", "api_price": "high", "gpu_price": "low", "speed": "low"},
    {"volume": "low", "growth": "low", "api_price": "low", "gpu_price": "high", "speed": "high"},
    {"volume": "high", "growth": "high", "gpu_price": "high", "speed": "high"},
    {"volume": "low", "growth": "low", "gpu_price": "low", "speed": "low"},
)
"""The world kindest to self-hosting, the least kind one, and two in which small and large replicas change places."""


@dataclass(frozen=True)
class Candidates:
    """The options [ids], the optimum of each branch with the figures as they are, and the decisions of all optima.

    Of pools alone at DEAR times the cheapest only the cost is kept.
    """

    options: tuple[str, ...]
    optima: Mapping[Branch, Outcome]
    decisions: tuple[Decision, ...]
    proven: bool


def candidates(
    forecast: Forecast, ranges: Mapping[str, Range], effort: Effort, also: Collection[str] = (), workers: int = 1
) -> Candidates:
    """The options that optima hold, and `also` those of a plan at hand; each solve to the effort's gap and seconds."""
    months = forecast.problem.rules.horizon_months
    corners = [world_at(ranges, months, **corner) for corner in CORNERS]  # type: ignore[arg-type]
    here: list[tuple[World, Branch]] = [(World(), branch) for branch in reversed(BRANCHES)]  # the slowest first
    asked = here + [(world, branch) for world in corners for branch in BRANCHES[:2]]
    run = Parallel(n_jobs=workers)
    found: list[tuple[Outcome, tuple[str, ...], Decision]] = run(
        delayed(_optimum)(forecast, world, branch, effort) for world, branch in asked
    )
    costs = [inf if each.objective is None else each.objective for each, _, _ in found[: len(here)]]
    if costs[ALONE] >= DEAR * min(costs):  # what is so dear makes every world harder and wins in none
        found[ALONE] = replace(found[ALONE][0], values={}), (), Decision("pools_alone")
    options = dict.fromkeys(also)
    for _, names, _ in found:
        options |= dict.fromkeys(names)
    first = found[: len(here)]
    return Candidates(
        tuple(options),
        {branch: outcome for (_, branch), (outcome, _, _) in zip(here, first, strict=True)},
        tuple(dict.fromkeys(decision for outcome, _, decision in found if outcome.found)),
        all(outcome.status in ("optimal", "infeasible") for outcome, _, _ in found),
    )


ALONE = 0
"""The place of pools alone among the solves."""
ALONE_S = 15.0
"""Seconds of pools alone, which is the hardest to solve and seldom wins: the time that all others take beside it."""


def _optimum(
    forecast: Forecast, world: World, branch: Branch, effort: Effort
) -> tuple[Outcome, tuple[str, ...], Decision]:
    problem = forecast.problem if world == World() else forecast.at(world)
    if branch == "pools_alone":
        effort = replace(effort, limit_s=min(effort.limit_s, ALONE_S))
    outcome = branch_of(problem, branch, effort)
    return outcome, used(problem, outcome), decided(problem, branch, outcome)


def checked(
    whole: Forecast, worlds: Sequence[World], best: Sequence[float], effort: Effort, workers: int = 1
) -> tuple[float | None, ...]:
    """How much less each world costs over all options than its best over the few, as a share; None: not found in time.

    Plans with pools are only looked for where they cost less than the best of the few, to the effort's gap.
    """
    run = Parallel(n_jobs=workers)
    return tuple(run(delayed(_saved)(whole, world, least, effort) for world, least in zip(worlds, best, strict=True)))


def _saved(whole: Forecast, world: World, least: float, effort: Effort) -> float | None:
    problem = whole.at(world)
    api = branch_of(problem, "api", effort)
    known = min(least, inf if api.objective is None else api.objective)
    pools = hosting_branch(problem, effort, known * (1 - effort.gap) if known < inf else None)
    if pools.status not in ("optimal", "infeasible"):
        return None
    found = min(known, inf if pools.objective is None else pools.objective)
    return max(0.0, 1 - found / least) if 0 < least < inf else 0.0
