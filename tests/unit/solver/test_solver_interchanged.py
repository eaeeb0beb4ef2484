"""Of providers that a problem cannot tell apart the first by name serves most, and the plan stays the plan."""

from dataclasses import replace
from math import isclose

import pytest
from oracle_cases import tiny_case
from recount import recounted

from solver.optimise import optimise
from solver.problem import Problem
from solver.program.data import data_of
from solver.solution import solution_of


def with_a_second_seller(problem: Problem, name: str) -> Problem:
    """The problem with a provider more, that sells what the first API's does and is no other in anything."""
    first = problem.apis[0].offer.provider
    apis = [api for api in problem.apis if api.offer.provider == first]
    again = [replace(api, id=f"{name}/{api.id}", offer=api.offer.model_copy(update={"provider": name})) for api in apis]
    charges = {
        (s, f"{name}/{option}"): paid
        for (s, option), paid in problem.charges.items()
        if option in {api.id for api in apis}
    }
    rates = {(s, f"{name}/{o}"): rate for (s, o), rate in problem.unit_rate.items() if o in {api.id for api in apis}}
    fixed = [
        replace(cost, trigger=("supplier", name)) for cost in problem.fixed_costs if cost.trigger == ("supplier", first)
    ]
    lost = [replace(each, of=name) for each in problem.contingencies if (each.kind, each.of) == ("provider", first)]
    return replace(
        problem,
        apis=(*problem.apis, *again),
        charges={**problem.charges, **charges},
        unit_rate={**problem.unit_rate, **rates},
        fixed_costs=(*problem.fixed_costs, *fixed),
        contingencies=(*problem.contingencies, *lost),
    )


def served_by(problem: Problem, values: dict[str, float]) -> dict[str, float]:
    """Requests a month by provider."""
    api = solution_of(data_of(problem), values).api.sum(axis=(0, 2))
    found: dict[str, float] = {}
    for a, each in enumerate(problem.apis):
        found[each.offer.provider] = found.get(each.offer.provider, 0.0) + float(api[a])
    return found


@pytest.mark.parametrize("name", ["!first", "~last"])
def test_the_first_by_name_serves_most_whichever_the_solver_took(name: str) -> None:
    tried = 0
    for seed in range(60):
        problem = tiny_case(seed)
        first = problem.apis[0].offer.provider if problem.apis else ""
        if not first or first in {design.provider for design in problem.designs} or problem.rules.must_use:
            continue
        if problem.moving is not None:
            continue
        problem = with_a_second_seller(problem, name)
        outcome = optimise(problem)
        if not outcome.found or outcome.objective is None:
            continue
        served = served_by(problem, dict(outcome.values))
        assert served[min(first, name)] >= served[max(first, name)] * (1 - 1e-9)
        faults, total = recounted(problem, outcome)
        assert not faults
        assert isclose(total, outcome.objective, rel_tol=1e-6, abs_tol=1e-6)
        tried += served[first] + served[name] > 0
    assert tried > 5
