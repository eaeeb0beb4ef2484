"""Each equation on the tiny problem, as a .lp to read; and the equation table of solver/README.md against the code.

To write the files anew: `.venv/bin/python tests/golden/test_golden_equations.py`, then read each difference.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pulp
import pytest

from solver.problem import Contingency, InForce, Moving, Problem, Rules
from solver.program import changes, constraints, contingencies, objective, policy
from solver.program.build import build
from solver.program.data import data_of
from solver.program.variables import make_variables

HERE = Path(__file__).parent
GOLDENS = HERE / "equations"
README = HERE.parents[1] / "solver" / "README.md"

ALL_RULES = Rules(
    budget_per_month=9000.0, max_pool_designs=1, min_suppliers=2, max_suppliers=3, must_use=("together",),
    gpus_available={"aws": 8, "h100": 5}, capital=100_000.0, horizon_months=12,
)  # fmt: skip


def with_rules(problem: Problem) -> Problem:
    return replace(problem, rules=ALL_RULES)


def waiting(problem: Problem) -> Problem:
    return replace(problem, may_wait=np.array([False, True]))


def waiting_chat(problem: Problem) -> Problem:
    return replace(problem, may_wait=np.array([True, False]))


def awake(problem: Problem) -> Problem:
    return replace(problem, awake=np.array([[0.9, 0.5], [0.25, 0.0]]))


def contingent(problem: Problem) -> Problem:
    """All three kinds; chat must be covered to 80 %, tags may be dropped."""
    lost = (
        Contingency("replica", "llama:fp8/1xh100/vllm/lambda@us", 0.01),
        Contingency("spot", "llama:fp8/1xh100/vllm/lambda@us", 0.02),
        Contingency("provider", "openai", 0.004),
    )
    return replace(problem, coverage=np.array([0.8, 0.0]), contingencies=lost)


def units_limited(problem: Problem) -> Problem:
    """Provisioned units on the offer that has limits, which alone need telling apart while something is lost."""
    return replace(contingent(problem), unit_rate={(0, "together/llama"): 2.0})


def in_force(problem: Problem) -> Problem:
    """Three committed replicas, 80 % of the horizon paid; two replicas and two routes run today."""
    design = "llama:fp8/1xh100/vllm/lambda@us"
    return replace(
        problem,
        in_force={(design, "reserved_1y"): InForce(3, 0.8)},
        moving=Moving(
            frozenset({(0, design), (1, "openai/gpt"), (1, "gone/model")}), {design: 2.0, "gone": 1.0},
            10.0, 5.0, 30.0, 20.0,
        ),
    )  # fmt: skip


def same(problem: Problem) -> Problem:
    return problem


CASES: dict[str, tuple[str, Callable[[Problem], Problem]]] = {
    "served": ("served", same),
    "served_waiting": ("served", waiting),
    "capacity": ("capacity", same),
    "capacity_waiting": ("capacity", waiting),
    "firm": ("firm", same),
    "rests": ("rests", same),
    "awake": ("awake", awake),
    "opened": ("opened", same),
    "triggered": ("triggered", same),
    "limits": ("limits", same),
    "spot": ("spot", same),
    "budget": ("budget", with_rules),
    "pool_designs": ("pool_designs", with_rules),
    "counted_suppliers": ("counted_suppliers", with_rules),
    "must_use": ("must_use", with_rules),
    "gpus": ("gpus", with_rules),
    "capital": ("capital", with_rules),
    "units": ("units", same),
    "people_steps": ("people_steps", same),
    "covered": ("covered", contingent),
    "covered_waiting": ("covered", lambda problem: waiting_chat(contingent(problem))),
    "surviving": ("surviving", contingent),
    "other_ways": ("other_ways", contingent),
    "least_over": ("least_over", contingent),
    "ready": ("ready", contingent),
    "limits_left": ("limits_left", contingent),
    "limits_left_units": ("limits_left", units_limited),
    "moved": ("moved", contingent),
    "kept": ("kept", in_force),
    "replicas_moved": ("replicas_moved", in_force),
    "routes_moved": ("routes_moved", in_force),
}
"""File name -> (function, what is changed of the tiny problem)."""


def equations() -> dict[str, Callable[..., Iterator[Any]]]:
    """Every function of the modules of rows that yields rows."""
    return {
        name: function
        for module in (constraints, contingencies, policy, changes)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(function).return_annotation == Iterator[constraints.Row]
    }


def lp_text(problem: Problem, function: str, folder: Path) -> str:
    """One equation alone, under a dummy objective; what bounds unwritten contingencies, with none written."""
    prob = pulp.LpProblem("equation", pulp.LpMinimize)
    data = data_of(problem, () if function == "least_over" else None)
    v = make_variables(prob, data)
    terms = objective.total({name: term(data, v) for name, term in objective.TERMS.items()})
    rows = policy.budget(data, terms) if function == "budget" else equations()[function](data, v)
    dummy = prob.add_variable("dummy", 0)
    prob.setObjective(pulp.LpAffineExpression({dummy: 1.0}))
    for row in rows:
        prob.addConstraint(row)
    path = folder / "equation.lp"
    prob.writeLP(str(path))
    return path.read_text()


@pytest.mark.parametrize("case", CASES)
def test_each_equation_is_written_as_its_golden(case: str, tiny_problem: Problem, tmp_path: Path) -> None:
    function, change = CASES[case]
    assert lp_text(change(tiny_problem), function, tmp_path) == (GOLDENS / f"{case}.lp").read_text()


def test_every_equation_has_a_golden_and_every_golden_a_case() -> None:
    assert {function for function, _ in CASES.values()} == set(equations())
    assert {path.stem for path in GOLDENS.glob("*.lp")} == set(CASES)


def table() -> list[tuple[str, str, set[str]]]:
    """Rows of the equation table: number, `module.function`, prefixes."""
    rows = re.findall(r"^\| (\d) \| .* \| `(\w+\.\w+)` \| (`[^|]*`) \|$", README.read_text(), re.MULTILINE)
    return [(number, function, set(re.findall(r"`(\w+)`", prefixes))) for number, function, prefixes in rows]


def test_the_equation_table_names_every_function_and_no_other() -> None:
    code = {f"{function.__module__.split('.')[-1]}.{name}" for name, function in equations().items()}
    assert [function for _, function, _ in table()] == list(dict.fromkeys(function for _, function, _ in table()))
    assert {function for _, function, _ in table()} == code


def test_the_docstring_of_each_equation_opens_with_its_number() -> None:
    for number, function, _ in table():
        doc = inspect.getdoc(equations()[function.split(".")[1]])
        assert doc is not None
        assert re.match(rf"{number}[.,]", doc), function


@pytest.mark.parametrize("change", [same, with_rules, waiting, contingent, units_limited, in_force])
def test_every_row_of_a_program_bears_a_prefix_of_the_function_that_made_it(
    change: Callable[[Problem], Problem], tiny_problem: Problem
) -> None:
    program = build(change(tiny_problem))
    prefixes = {prefix for _, _, each in table() for prefix in each}
    assert [row.name for row in program.rows if not row.name.startswith(tuple(prefixes))] == []
    for _, function, each in table():
        name = function.split(".")[1]
        made = (
            policy.budget(program.data, program.cost)
            if name == "budget"
            else equations()[name](program.data, program.variables)
        )
        assert [row.name for row in made if not row.name.startswith(tuple(each))] == []


def test_no_row_is_missing_from_the_contents_page_and_none_stands_twice(tiny_problem: Problem) -> None:
    program = build(in_force(contingent(with_rules(tiny_problem))))
    names = [row.name for row in program.rows]
    made = [row.name for row in policy.budget(program.data, program.cost)]
    for name, function in equations().items():
        if name != "budget":
            made += [row.name for row in function(program.data, program.variables)]
    assert sorted(names) == sorted(made)
    assert len(set(names)) == len(names)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    from tests.conftest import tiny_problem as fixture

    GOLDENS.mkdir(exist_ok=True)
    for case, (function, change) in CASES.items():
        made = lp_text(change(fixture.__wrapped__()), function, HERE)  # type: ignore[attr-defined]
        (GOLDENS / f"{case}.lp").write_text(made)
    (HERE / "equation.lp").unlink()
