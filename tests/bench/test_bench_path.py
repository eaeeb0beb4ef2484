"""What the path from a question to a plan takes, part by part; printed, never a pass or fail on a clock."""

import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import pytest

from catalogs.catalog import load_catalog
from catalogs.profiles import profiles
from solver.baselines import strategies
from solver.options import problem_of
from solver.program.build import build
from solver.scenario import Scenario
from solver.solve import solve

RUNS = 5


def timed(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median seconds of a piece of work."""
    taken = []
    for _ in range(runs):
        started = perf_counter()
        work()
        taken.append(perf_counter() - started)
    return median(taken)


@pytest.mark.bench
def test_bench_start_of_the_command_line() -> None:
    def run(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *command], check=True, capture_output=True)

    pydantic = timed(run("-c", "import pydantic"))
    for name, command in {
        "wizard --help": ("-m", "wizard", "--help"),
        "wizard list": ("-m", "wizard", "list"),
        "import textual": ("-c", "import textual.app"),
    }.items():
        seconds = timed(run(*command))
        print(f"{name:<16} {seconds:6.3f} s  {seconds / pydantic:5.2f} x import pydantic")


@pytest.mark.bench
def test_bench_catalog_in_a_fresh_process() -> None:
    pydantic = timed(lambda: subprocess.run([sys.executable, "-c", "import pydantic"], check=True))
    code = "from catalogs.{} import {} as work; work()"
    for module, work in (("catalog", "load_catalog"), ("api_prices", "api_offers")):
        command = [sys.executable, "-c", code.format(module, work)]
        seconds = timed(lambda command=command: subprocess.run(command, check=True))  # type: ignore[misc]
        print(f"{work:<16} {seconds:6.3f} s  {seconds / pydantic:5.2f} x import pydantic")


@pytest.mark.bench
def test_bench_options_program_and_solve_of_each_profile() -> None:
    print(f"\ncatalog: first load {timed(load_catalog, 1):.3f} s, then {timed(load_catalog):.3f} s")
    catalog = load_catalog()
    head = ("profile", "raised", "kept", "options s", "build s", "solve s", "gap", "baselines s", "options/solve")
    print(("{:<16}" + "{:>14}" * (len(head) - 1)).format(*head))
    for name, tables in profiles().items():
        scenario = Scenario.model_validate(tables)
        problem = problem_of(scenario, catalog)
        program = build(problem)
        outcome = solve(program)
        assert outcome.status == "optimal"
        options = timed(lambda scenario=scenario: problem_of(scenario, catalog))  # type: ignore[misc]
        writing = timed(lambda problem=problem: build(problem))  # type: ignore[misc]
        solving = timed(lambda program=program: solve(program))  # type: ignore[misc]
        asked = [s.problem for s in strategies(problem) if s.problem is not None]
        pure = timed(lambda asked=asked: [solve(build(p), 1e-3, 10.0) for p in asked], 1)  # type: ignore[misc]
        kept = len(problem.designs) + len(problem.apis)
        raised = kept + sum(problem.refusal_counts.values())
        print(
            f"{name:<16}{raised:>14,}{kept:>14}{options:>14.3f}{writing:>14.3f}{solving:>14.3f}"
            f"{outcome.gap or 0:>14.1e}{pure:>14.3f}{options / solving:>14.1f}"
        )
