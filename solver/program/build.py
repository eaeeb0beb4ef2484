"""The contents page: variables, cost, equations 1 to 9 in the order of `solver/README.md`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulp

from solver.problem import Problem
from solver.program import changes, constraints, contingencies, objective, policy
from solver.program.constraints import Row, Terms
from solver.program.data import Data, data_of
from solver.program.variables import Variables, make_variables


@dataclass(frozen=True)
class Program:
    """A built program. `terms` are the objective's, by name; `rows` stand in the order of the equations."""

    data: Data
    variables: Variables
    terms: Mapping[str, Terms]
    cost: Terms
    rows: tuple[Row, ...]
    lp: pulp.LpProblem


def build(problem: Problem, contingent: Collection[tuple[int, int]] | None = None) -> Program:
    """Write the program of a problem. Raises ValueError where a number cannot stand in a row.

    `contingent`: the contingencies (c, b) to be written, None for all: with fewer it is a relaxation.
    """
    return written(data_of(problem, contingent))


def written(data: Data) -> Program:
    """The program of data that are checked."""
    lp = pulp.LpProblem("plan", pulp.LpMinimize)
    v = make_variables(lp, data)

    terms = {name: term(data, v) for name, term in objective.TERMS.items()}
    cost = objective.total(terms)
    lp.setObjective(pulp.LpAffineExpression(cost))

    rows = (
        *constraints.served(data, v),
        *constraints.capacity(data, v),
        *constraints.firm(data, v),
        *constraints.rests(data, v),
        *constraints.awake(data, v),
        *constraints.opened(data, v),
        *constraints.triggered(data, v),
        *constraints.limits(data, v),
        *constraints.spot(data, v),
        *contingencies.covered(data, v),
        *contingencies.surviving(data, v),
        *contingencies.ready(data, v),
        *contingencies.other_ways(data, v),
        *contingencies.least_over(data, v),
        *contingencies.limits_left(data, v),
        *contingencies.moved(data, v),
        *policy.budget(data, cost),
        *policy.pool_designs(data, v),
        *policy.counted_suppliers(data, v),
        *policy.must_use(data, v),
        *policy.gpus(data, v),
        *policy.capital(data, v),
        *policy.units(data, v),
        *policy.people_steps(data, v),
        *changes.kept(data, v),
        *changes.replicas_moved(data, v),
        *changes.routes_moved(data, v),
    )
    for constraint in rows:
        lp.addConstraint(constraint)
    return Program(data, v, terms, cost, rows, lp)
