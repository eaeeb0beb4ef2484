"""Mélange's allocation problem (arXiv:2404.14527) solved here and by its own program: cost, time and their ratio.

Its program: each bucket's requests are cut in slices, each slice goes to one type of GPU, GPUs are counted whole, and
the hourly cost is least. Shares of a bucket that may be any relax the slices, so the optimum here costs no more; that
is asserted, times are printed.
"""

import json
import random
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import highspy
import numpy as np
import pulp
import pytest

from catalogs.catalog import load_catalog
from solver.decide import decide
from solver.optimise import optimise
from solver.options import problem_of
from wizard.importers.melange import scenario_of

pytestmark = pytest.mark.filterwarnings("ignore:PULP_CBC_CMD is deprecated")
SLICES = 8
LIMIT_S = 5.0
GAP = 1e-6
HOURS = 730
RUNS = 3
FOUND = (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)


class Peer(NamedTuple):
    """Their plan an hour, re-counted from where the slices went; whether it is proven the least; seconds."""

    cost: float | None
    proven: bool
    seconds: float


def made(seed: int, rate: float, rows: int = 10, columns: int = 6) -> dict[str, Any]:
    """A file of four GPUs in the public format: speed falls as requests grow, small GPUs fail at the long ones."""
    draw = random.Random(seed)
    shares = [[draw.expovariate(1) for _ in range(columns)] for _ in range(rows)]
    whole = sum(map(sum, shares))
    gpus = {"small": (0.71, 1.0, 7), "medium": (1.03, 1.6, 8), "large": (3.69, 8.0, rows), "huge": (7.53, 16.0, rows)}

    def speed(power: float, row: int, column: int) -> float:
        return round(power * 20 / 2 ** (0.6 * row + 0.8 * column) * draw.uniform(0.8, 1.2), 4)

    return {
        "gpu_info": {
            name: {
                "cost": cost,
                "tputs": [[speed(power, i, j) if i < fits else 0 for j in range(columns)] for i in range(rows)],
            }
            for name, (cost, power, fits) in gpus.items()
        },
        "workload_distribution": [[share / whole for share in row] for row in shares],
        "total_request_rate": rate,
        "slice_factor": SLICES,
    }


def peer(given: dict[str, Any], solver: str, slices: int = SLICES, limit_s: float = LIMIT_S) -> Peer:
    """Their program, written from the paper: x[slice, GPU] binary, a throughput of 0 no variable; whole GPUs."""
    gpus = list(given["gpu_info"].values())
    rates = np.repeat(np.ravel(given["workload_distribution"]) * given["total_request_rate"], slices) / slices
    speeds = np.array([np.repeat(np.ravel(gpu["tputs"]), slices) for gpu in gpus])
    program = pulp.LpProblem("allocation", pulp.LpMinimize)
    x = {
        (i, g): program.add_variable(f"x_{i}_{g}", cat=pulp.LpBinary)
        for i in np.flatnonzero(rates > 0).tolist() for g in range(len(gpus)) if speeds[g, i] > 0
    }  # fmt: skip
    counts = [program.add_variable(f"n_{g}", lowBound=0, cat=pulp.LpInteger) for g in range(len(gpus))]
    program.setObjective(pulp.LpAffineExpression({n: gpu["cost"] for n, gpu in zip(counts, gpus, strict=True)}))
    for i in {i for i, _ in x}:
        program += pulp.LpAffineExpression({x[at]: 1 for at in x if at[0] == i}) == 1
    for g, n in enumerate(counts):
        load = {x[at]: float(rates[at[0]] / speeds[g, at[0]]) for at in x if at[1] == g}
        program += pulp.LpAffineExpression({**load, n: -1}) <= 0
    started = perf_counter()
    if solver == "CBC":
        program.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit_s, threads=1))
        proven, found = program.sol_status == pulp.LpSolutionOptimal, program.sol_status in FOUND
    else:
        highspy.Highs.resetGlobalScheduler(True)
        program.solve(pulp.HiGHS(msg=False, timeLimit=limit_s, threads=1, gapRel=GAP))
        info = program.solverModel.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        proven = found and program.solverModel.getModelStatus() == highspy.HighsModelStatus.kOptimal
    seconds = perf_counter() - started
    if not found:
        return Peer(None, False, seconds)
    went = {at for at, var in x.items() if var.value() > 0.5}
    assert sorted(i for i, _ in went) == sorted({i for i, _ in x})
    busy = [sum(rates[i] / speeds[g, i] for i, other in went if other == g) for g in range(len(gpus))]
    cost = sum(gpu["cost"] * np.ceil(replicas - 1e-6) for gpu, replicas in zip(gpus, busy, strict=True))
    return Peer(float(cost), proven, seconds)


class Ours(NamedTuple):
    """Cost an hour; seconds of options, of the optimisation (the median), and of all from the file to the plan."""

    cost: float
    options_s: float
    optimise_s: float
    whole_s: float


def ours(given: dict[str, Any], folder: Path) -> Ours:
    """The optimum through the importer."""
    path = folder / "peer.json"
    path.write_text(json.dumps(given))
    started = perf_counter()
    scenario = scenario_of(path)
    catalog = load_catalog(overlays=[(str(path), {"catalog": scenario.catalog})])
    plan = decide(scenario, catalog, GAP)
    whole = perf_counter() - started
    assert plan.status == "optimal"
    started = perf_counter()
    problem = problem_of(scenario, catalog)
    raised = perf_counter() - started
    solved = []
    for _ in range(RUNS):
        started = perf_counter()
        outcome = optimise(problem, GAP)
        solved.append(perf_counter() - started)
        assert plan.total_per_month == pytest.approx(outcome.objective, rel=1e-6)
    return Ours((plan.total_per_month or 0.0) / HOURS, raised, median(solved), whole)


def never_dearer(our: float, their: float) -> bool:
    """Within the gap that ours was proven to."""
    return our <= their * (1 + GAP) + 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_shares_never_cost_more_than_slices(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    given = made(seed, draw.choice((1, 3, 9)), rows=draw.choice((2, 8)), columns=2)
    found = ours(given, tmp_path)
    for slices in (1, 3):
        sliced = peer(given, "HiGHS", slices)
        assert sliced.proven
        assert sliced.cost is not None
        assert never_dearer(found.cost, sliced.cost)


def test_a_slice_that_must_go_whole_costs_more_than_a_share(tmp_path: Path) -> None:
    """2.4 requests/s of one bucket: a fast GPU and a slow one carry them for 5, six slow ones the bucket as a whole."""
    given = {
        "gpu_info": {"fast": {"cost": 4.0, "tputs": [[2.0]]}, "slow": {"cost": 1.0, "tputs": [[0.4]]}},
        "workload_distribution": [[1.0]], "total_request_rate": 2.4,
    }  # fmt: skip
    assert ours(given, tmp_path).cost == pytest.approx(5.0)
    assert peer(given, "HiGHS", 1).cost == pytest.approx(6.0)
    assert peer(given, "CBC", 6).cost == pytest.approx(5.0)


@pytest.mark.bench
def test_bench_sixty_buckets_on_four_gpus_against_the_sliced_program(tmp_path: Path) -> None:
    load_catalog()
    head = ("requests/s", "seed", "ours", "options s", "optimise s", "whole s", "sliced", "CBC s", "x", "HiGHS s", "x")
    print("\n" + ("{:>12}" * len(head)).format(*head))
    for rate in (1, 2, 4, 8, 16, 32):
        for seed in range(3):
            given = made(seed, rate)
            found = ours(given, tmp_path)
            cells = []
            for solver in ("CBC", "HiGHS"):
                sliced = peer(given, solver)
                if sliced.cost is not None:
                    assert never_dearer(found.cost, sliced.cost)
                cells.append((sliced, f"{sliced.seconds:.2f}{'' if sliced.proven else ' limit'}"))
            (cbc, cbc_s), (highs, highs_s) = cells
            least = min((each.cost for each in (cbc, highs) if each.cost is not None), default=float("nan"))
            print(
                f"{rate:>12}{seed:>12}{found.cost:>12.3f}{found.options_s:>12.3f}{found.optimise_s:>12.3f}"
                f"{found.whole_s:>12.3f}{least:>12.3f}{cbc_s:>12}{cbc.seconds / found.optimise_s:>12.1f}"
                f"{highs_s:>12}{highs.seconds / found.optimise_s:>12.1f}"
            )
