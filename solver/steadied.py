"""Of plans that cost the same and serve from the same options the one with the fewest GPUs at once.

An hour of a replica costs the same whenever it is bought, so that a weekend's documents in one hour, on a hundred
machines that are there for that hour, are as cheap as on three through both days. Only the latter can be had.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

from catalogs.vocabulary import COMMITTED
from solver.interchanged import with_first_names
from solver.problem import Problem
from solver.program.build import Program, written
from solver.program.constraints import Row, Terms, at_least, at_most, held
from solver.program.data import Data, data_of, narrowed
from solver.program.variables import Var
from solver.solution import Solution, solution_of
from solver.solve import Outcome, solve

EQUAL = 1e-9
"""Relative; sums of a cost that are the same."""
NEAR, LIMIT_S = 1e-3, 2.0
"""Of the fewest GPUs: how near is near enough, and the time that looking for them may take."""


def steadied(problem: Problem, outcome: Outcome, stop: threading.Event | None = None) -> Outcome:
    """The outcome with such a plan in the place of its own, no dearer; as it is where nothing may wait."""
    if outcome.objective is None or not problem.may_wait.any():
        return outcome
    data = data_of(problem)
    return replace(outcome, values=with_first_names(data, _fewest(data, outcome.values, outcome.objective, stop)))


def _fewest(data: Data, values: Mapping[str, float], cost: float, stop: threading.Event | None) -> Mapping[str, float]:
    solution = solution_of(data, values)
    if all(m in COMMITTED for _, m in solution.replicas):
        return values
    every = [(c, b) for c in data.lost for b in data.blocks]
    program = written(narrowed(data, solution.pools, every, solution.ready_apis))
    one = float(max(data.problem.designs[k].gpus for k in solution.pools))
    most: Var = program.lp.add_variable("most_gpus", one)
    at_once = list(_at_once(program))
    now = max(sum(gpus * values.get(var.name, 0.0) for var, gpus in each.items()) for each in at_once)
    if now <= one:
        return values
    rows = (
        *(at_most(f"most_b{b}", {**each, most: -1.0}) for b, each in enumerate(at_once)),
        *_as_served(program, solution),
        at_most("no_dearer", program.cost, cost * (1 + EQUAL)),
    )
    for row in rows:
        program.lp.addConstraint(row)
    program = replace(program, cost={most: 1.0}, rows=(*program.rows, *rows))
    found = solve(program, NEAR, LIMIT_S, stop=stop, start={**values, most.name: now})
    if found.status != "optimal" or found.values[most.name] >= now * (1 - NEAR):
        return values
    return {name: value for name, value in found.values.items() if name != most.name}


def _at_once(program: Program) -> Iterator[Terms]:
    """GPUs held in each block."""
    data, v = program.data, program.variables
    for b in data.blocks:
        yield {
            var: float(data.problem.designs[k].gpus * data.purchases[k, m].box)
            for k in data.pools
            for m, var in held(data, v, k, b)
        }


def _as_served(program: Program, solution: Solution) -> Iterator[Row]:
    """Pools serve of what may wait no less of each day type than they did, whenever that is."""
    data, v = program.data, program.variables
    for s, k in data.pool_pairs:
        if data.problem.may_wait[s]:
            for day, group in enumerate(data.groups[s]):
                share = sum(float(solution.pool[s, k, b] / data.requests[s, b]) for b in group if data.requests[s, b])
                yield at_least(f"as_served_s{s}_k{k}_d{day}", {v.x[s, k, b]: 1.0 for b in group}, share * (1 - EQUAL))
