"""Of the plans near the best, the simplest: fewest pool designs, then fewest suppliers, then the cheapest.

Each step asks the program itself, with the count as a rule and the cost as a limit: the fewest for which a plan is
found. It is offered, never taken: what it costs more stands beside what it spares.
"""

from dataclasses import replace
from math import inf

from solver.explanation.branches import Effort
from solver.explanation.records import Simplest
from solver.optimise import optimise
from solver.problem import Problem
from solver.program.data import Data, data_of
from solver.readoff import verdict_of
from solver.solution import Solution, solution_of
from solver.solve import Outcome


def simplest_near(problem: Problem, recommended: Outcome, effort: Effort) -> Simplest | None:
    """The simplest plan within the policy's share of the recommended one; None where none is simpler, or once stopped.

    Simpler is fewer pool designs, or as many and fewer suppliers. Where time ends a step, the next one is tried.
    """
    if recommended.objective is None:
        return None
    limit = recommended.objective * (1 + problem.rules.simple_within)
    data = data_of(problem)
    ours = solution_of(data, recommended.values)
    designs, suppliers = len(ours.pools), len(suppliers_of(data, ours))
    found, solution = recommended, ours
    for most in range(designs):
        fewer = _limited(problem, limit, effort, pools=most)
        if fewer.found:
            found, solution = fewer, solution_of(data, fewer.values)
            break
    pools = len(solution.pools)
    for most in range(max(1, problem.rules.min_suppliers or 1), len(suppliers_of(data, solution))):
        fewer = _limited(problem, limit, effort, pools=pools, suppliers=most)
        if fewer.found:
            found, solution = fewer, solution_of(data, fewer.values)
            break
    if found.objective is None or found is recommended:
        return None
    return Simplest(
        verdict=verdict_of(solution),
        total_per_month=found.objective,
        more_per_month=found.objective - recommended.objective,
        pool_designs=len(solution.pools),
        suppliers=len(suppliers_of(data, solution)),
        pool_designs_now=designs,
        suppliers_now=suppliers,
        options=_options(data, solution),
    )


def suppliers_of(data: Data, solution: Solution) -> set[str]:
    """Providers of the pools that a plan opens and of the APIs that it uses, also those used only in a contingency."""
    problem = data.problem
    hosts = {problem.designs[k].provider for k in solution.pools}
    return hosts | {problem.apis[a].offer.provider for a in solution.ready_apis}


def _options(data: Data, solution: Solution) -> tuple[str, ...]:
    problem = data.problem
    pools = (problem.designs[k].id for k in solution.pools)
    return (*pools, *(problem.apis[a].id for a in solution.ready_apis))


def _limited(
    problem: Problem, limit: float, effort: Effort, pools: int | None = None, suppliers: int | None = None
) -> Outcome:
    """The cheapest plan under the limit with so many pools or suppliers at most; the policy may allow fewer still."""
    rules = replace(
        problem.rules,
        max_pool_designs=_fewest(pools, problem.rules.max_pool_designs),
        max_suppliers=_fewest(suppliers, problem.rules.max_suppliers),
    )
    return optimise(
        replace(problem, rules=rules), effort.gap, effort.limit_s, stage=effort.stage,
        on_progress=effort.on_progress, stop=effort.stop, below=limit if limit > 0 else inf,
    )  # fmt: skip


def _fewest(*counts: int | None) -> int | None:
    return min((count for count in counts if count is not None), default=None)
