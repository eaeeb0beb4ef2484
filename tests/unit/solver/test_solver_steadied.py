"""What may wait is not put into one hour where plans of the same cost hold fewer GPUs at once."""

from dataclasses import replace
from math import isclose

import numpy as np
import pytest
from made_problems import design, flat_blocks, random_problem
from oracle_cases import tiny_case
from recount import recounted

from catalogs.vocabulary import PurchaseType
from solver.optimise import optimise
from solver.problem import Problem, Purchase
from solver.program.data import data_of
from solver.solution import solution_of
from solver.solve import Outcome
from solver.steadied import steadied

HOURS = [73.0] * 10


def waiting(rate: float, way: PurchaseType) -> Problem:
    """One segment that may wait, at a rate alike in every hour, on one design of 2 GPUs for each request a second."""
    return replace(
        random_problem(0, segments=1, designs=1, apis=1),
        blocks=flat_blocks(HOURS, [[rate] * len(HOURS)]),
        designs=(design("m/g/cloud", {way: Purchase(3.0, 1.0)}, gpus=2),),
        kappa=np.ones((1, 1)),
        charges={},
        headroom=np.zeros(1),
        spot_tolerance=np.ones(1),
        may_wait=np.ones(1, dtype=bool),
    )


def most_gpus(problem: Problem, outcome: Outcome) -> float:
    held = solution_of(data_of(problem), outcome.values).replicas
    at_once = sum((problem.designs[k].gpus * each for (k, _), each in held.items()), np.zeros(len(HOURS)))
    return float(at_once.max())


@pytest.mark.parametrize("way", ["on_demand", "spot"])
@pytest.mark.parametrize(("rate", "replicas"), [(3.0, 3), (2.9, 3), (0.1, 1)])
def test_whole_replicas_are_no_more_than_the_hours_ask_for(way: PurchaseType, rate: float, replicas: int) -> None:
    problem = waiting(rate, way)
    outcome = steadied(problem, optimise(problem))
    assert most_gpus(problem, outcome) == 2 * replicas
    faults, total = recounted(problem, outcome)
    assert not faults
    assert outcome.objective is not None
    assert isclose(total, outcome.objective, rel_tol=1e-8)


def test_parts_of_serverless_replicas_are_spread_evenly() -> None:
    problem = waiting(2.5, "serverless")
    assert most_gpus(problem, steadied(problem, optimise(problem))) == pytest.approx(5.0, rel=1e-3)


def test_a_part_of_a_replica_is_spread_no_thinner() -> None:
    problem = waiting(0.05, "serverless")
    outcome = steadied(problem, optimise(problem))
    busy = [each for each in solution_of(data_of(problem), outcome.values).replicas.values() if each.any()]
    assert most_gpus(problem, outcome) <= 2
    assert sum(float(each.sum()) for each in busy) == pytest.approx(0.05 * len(HOURS))


def test_the_plan_stays_one_of_the_problem_at_its_cost() -> None:
    tried = 0
    for seed in range(400):
        problem = tiny_case(seed)
        if not problem.may_wait.any():
            continue
        outcome = steadied(problem, optimise(problem))
        if outcome.found and outcome.objective is not None:
            faults, total = recounted(problem, outcome)
            assert not faults, seed
            assert isclose(total, outcome.objective, rel_tol=1e-6, abs_tol=1e-6), seed
            tried += 1
    assert tried > 5
