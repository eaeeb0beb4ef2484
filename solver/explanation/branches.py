"""The two branches of the decision, each with its own optimum and bound: API only, and self-hosting at all.

Self-hosting, hybrid or whole, is the problem with one more rule, that pools serve something; often only its plans below
a cost matter, which is sooner settled. The ends of the performance band are the same problem with every kappa slower
or faster by its design's own band.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import numpy as np

from solver.baselines import api_only
from solver.optimise import optimise
from solver.problem import Problem
from solver.program.data import data_of
from solver.record import Verdict
from solver.solution import TINY_SHARE, Solution, solution_of
from solver.solve import Outcome, Progress

End = Literal["slow", "fast"]


@dataclass(frozen=True)
class Effort:
    """How a branch is solved: the relative gap, seconds for each solve, and who may end it."""

    gap: float = 1e-3
    limit_s: float = 5.0
    stop: threading.Event | None = None
    on_progress: Callable[[Progress], None] | None = None
    stage: str = "verdict"


def at_end(problem: Problem, end: End) -> Problem:
    """The problem at one end of the performance band: kappa*(1 + band), or kappa/(1 + band), of each design."""
    factor = np.array([1.0 + design.band for design in problem.designs])
    return replace(problem, kappa=problem.kappa * factor if end == "slow" else problem.kappa / factor)


def api_branch(problem: Problem, effort: Effort) -> Outcome:
    """The cheapest plan without pools; infeasible where some segment may be served by no API."""
    return _solved(api_only(problem), effort)


def hosting_branch(
    problem: Problem, effort: Effort, below: float | None = None, start: Collection[str] = ()
) -> Outcome:
    """The cheapest plan in which pools serve something: at least 1 % of a segment's month, as with any must-use.

    With `below` (a month) only cheaper plans are looked for, and infeasible is the proof that there is none.
    `start` are ids of designs that a good plan is thought to open.
    """
    limit = inf if below is None else below
    return _solved(problem, effort, hosted=True, below=limit, start=start)


def opened(problem: Problem, outcome: Outcome) -> tuple[str, ...]:
    """Ids of the designs that a plan opens."""
    return tuple(problem.designs[k].id for k in _serving(outcome)[0])


def used(problem: Problem, outcome: Outcome) -> tuple[str, ...]:
    """Ids of the options that a plan uses: designs that it opens, APIs that serve, also those of contingencies only."""
    if not outcome.found:
        return ()
    apis = (problem.apis[a].id for a in _solution(problem, outcome).ready_apis)
    return (*opened(problem, outcome), *apis)


def kind_of(outcome: Outcome) -> Verdict:
    """What a plan comes to: no pools, no APIs, or both; `no_plan` without one."""
    if not outcome.found:
        return "no_plan"
    pools, apis = _serving(outcome)
    return "stay_on_api" if not pools else "hybrid" if apis else "self_host"


def _serving(outcome: Outcome) -> tuple[list[int], list[int]]:
    """Designs with replicas or traffic, and APIs with traffic, by the names of the values.

    It is what `Solution.pools` and `Solution.apis` say, without the problem's data, which take a second where there
    are thousands of designs.
    """
    pools: set[int] = set()
    apis: set[int] = set()
    for name, value in outcome.values.items():
        family, *indices = name.split("_")
        if (family in ("r", "d", "e") and round(value) > 0) or (family == "v" and value > 0):
            pools.add(int(indices[0][1:]))
        elif family == "x" and value >= TINY_SHARE:
            (pools if indices[1][0] == "k" else apis).add(int(indices[1][1:]))
    return sorted(pools), sorted(apis)


def _solution(problem: Problem, outcome: Outcome) -> Solution:
    return solution_of(data_of(problem), outcome.values)


def _solved(
    problem: Problem, effort: Effort, hosted: bool = False, below: float = inf, start: Collection[str] = ()
) -> Outcome:
    return optimise(
        problem, effort.gap, effort.limit_s, stage=effort.stage, on_progress=effort.on_progress, stop=effort.stop,
        hosted=hosted, below=below, start=start,
    )  # fmt: skip
