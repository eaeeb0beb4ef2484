"""One benchmark case in this process, as a record: `python tests/bench/measure.py S 3` prints it as JSON.

Cases: S 0..19, M, L on the shipped catalog; gS, gM, gL with a seed from the generator. Ways: `ours` is
`solver.optimise.optimise`; `straight` builds the whole program and solves it in one go; `cbc` gives that to CBC.
Seconds of plan, proof and end count from the problem, so that building is in them; `options_s` comes before.
"""

import argparse
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Literal

import pulp
from bench_scenarios import S_COUNT, scenario_tables
from generator import problem_like

from catalogs.catalog import load_catalog
from solver.optimise import optimise
from solver.options import problem_of
from solver.problem import Problem
from solver.program.build import Program, build
from solver.scenario import Scenario
from solver.solve import Outcome, Progress, SolverError, relative_gap, solve

Way = Literal["ours", "straight", "cbc"]
PROOFS = (1e-2, 1e-3, 1e-4)
PLAN_WITHIN = {"L": 0.02, "gL": 0.02}
"""A plan counts once it is so near the final bound; 1 % where nothing is said."""
GAPS = {"S": 1e-4, "M": 1e-3, "L": 1e-2, "gS": 1e-4, "gM": 1e-3, "gL": 1e-2}
LIMITS = {"S": 10.0, "M": 45.0, "L": 60.0, "gS": 10.0, "gM": 45.0, "gL": 60.0}
"""The gap that each case asks for, and the seconds it gets, where nothing else is said."""


@dataclass(frozen=True)
class Point:
    """What was known so many seconds after the problem was there."""

    s: float
    best: float | None
    bound: float | None


@dataclass
class Record:
    """A case as measured. Seconds, currency a month, MB; None is not reached or not known.

    `plan_s` is the first plan within `PLAN_WITHIN` of the final bound, `plan_gap` the gap that was known at that
    moment; `proof_s` by gap. `memory_mb` is the peak of the process (with CBC, of the larger of the two processes).
    """

    case: str
    number: int
    way: str
    gap_asked: float
    limit_s: float
    raised: int = 0
    designs: int = 0
    apis: int = 0
    segments: int = 0
    blocks: int = 0
    contingencies: int = 0
    catalog_s: float | None = None
    options_s: float | None = None
    build_s: float | None = None
    columns: int | None = None
    rows: int | None = None
    plan_s: float | None = None
    plan_gap: float | None = None
    proof_s: dict[str, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    status: str = ""
    error: str = ""
    cost: float | None = None
    bound: float | None = None
    gap: float | None = None
    nodes: int = 0
    memory_options_mb: float = 0.0
    memory_mb: float = 0.0
    points: list[Point] = field(default_factory=list)


def measure(case: str, number: int, way: Way, gap: float, limit_s: float, keep: Path | None = None) -> Record:
    """Run a case. `keep` is a file that the problem is read from, or written to where it is not there yet."""
    record = Record(case, number, way, gap, limit_s)
    problem = _problem(record, keep)
    record.raised = len(problem.designs) + len(problem.apis) + sum(problem.refusal_counts.values())
    record.designs, record.apis = len(problem.designs), len(problem.apis)
    record.segments, record.blocks = len(problem.segments), len(problem.blocks.hours)
    record.contingencies = len(problem.contingencies)
    record.memory_options_mb = _peak_mb(resource.RUSAGE_SELF)
    seen: list[Point] = []
    started = perf_counter()
    outcome = WAYS[way](problem, record, _watch(seen, started))
    record.seconds = perf_counter() - started
    seen.append(Point(record.seconds, outcome.objective, outcome.bound))
    record.status, record.cost, record.bound = outcome.status, outcome.objective, outcome.bound
    record.gap, record.nodes = outcome.gap, outcome.nodes
    record.memory_mb = max(_peak_mb(resource.RUSAGE_SELF), _peak_mb(resource.RUSAGE_CHILDREN))
    record.points = seen
    record.plan_s, record.plan_gap = plan_time(seen, PLAN_WITHIN.get(case, 0.01))
    record.proof_s = {f"{proof:g}": proof_time(seen, proof) for proof in PROOFS}
    return record


def _peak_mb(who: int) -> float:
    """Peak of resident memory, MB (`ru_maxrss` is in kB on Linux and in bytes on macOS)."""
    return resource.getrusage(who).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _watch(seen: list[Point], started: float) -> Callable[[Progress], None]:
    """Notes each change of what is known."""

    def note(progress: Progress) -> None:
        if not seen or (seen[-1].best, seen[-1].bound) != (progress.best, progress.bound):
            seen.append(Point(perf_counter() - started, progress.best, progress.bound))

    return note


def plan_time(points: Sequence[Point], within: float) -> tuple[float | None, float | None]:
    """Seconds to the first plan within a share of the last bound, and the gap known then."""
    last = points[-1].bound
    for point in points:
        near = relative_gap(point.best, last)
        if near is not None and near <= within:
            return point.s, relative_gap(point.best, point.bound)
    return None, None


def proof_time(points: Sequence[Point], proof: float) -> float | None:
    """Seconds until the known gap was that small; None if it never was."""
    for point in points:
        known = relative_gap(point.best, point.bound)
        if known is not None and known <= proof * (1 + 1e-9):
            return point.s
    return None


def run_apart(
    case: str, number: int, way: Way, gap: float, limit_s: float, grace_s: float = 60.0, keep: Path | None = None
) -> Record:
    """The record of a case run in a process of its own, ended `grace_s` seconds of options and building past its limit.

    Where there is none, its status says why: "ended" (took too long), "failed" (its last line stands in `error`).
    """
    command = [
        sys.executable,
        __file__,
        case,
        str(number),
        "--way",
        way,
        "--gap",
        str(gap),
        "--limit",
        str(limit_s),
        "--points",
    ]
    command += ["--keep", str(keep)] if keep else []
    record = Record(case, number, way, gap, limit_s)
    started = perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        out, err = process.communicate(timeout=limit_s + grace_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        record.status, record.seconds = "ended", perf_counter() - started
        return record
    if process.returncode:
        record.seconds = perf_counter() - started
        record.status, record.error = "failed", (err.strip().splitlines() or [f"exit {process.returncode}"])[-1]
        return record
    return read(out)


def read(text: str) -> Record:
    """A record from its JSON."""
    found = json.loads(text)
    return Record(**{**found, "points": [Point(**point) for point in found["points"]]})


def _problem(record: Record, keep: Path | None) -> Problem:
    if keep and keep.exists():
        problem: Problem = pickle.loads(keep.read_bytes())
        return problem
    if record.case.startswith("g"):
        started = perf_counter()
        problem = problem_like(record.case[1:], record.number)
    else:
        started = perf_counter()
        catalog = load_catalog()
        record.catalog_s = perf_counter() - started
        scenario = Scenario.model_validate(scenario_tables(record.case, record.number))
        started = perf_counter()
        problem = problem_of(scenario, catalog)
        record.options_s = perf_counter() - started
    if keep:
        keep.write_bytes(pickle.dumps(problem))
    return problem


def _ours(problem: Problem, record: Record, watch: Callable[[Progress], None]) -> Outcome:
    return optimise(problem, record.gap_asked, record.limit_s, on_progress=watch)


def _straight(problem: Problem, record: Record, watch: Callable[[Progress], None]) -> Outcome:
    program = _built(problem, record)
    return solve(program, record.gap_asked, record.limit_s, on_progress=watch)


def _cbc(problem: Problem, record: Record, watch: Callable[[Progress], None]) -> Outcome:
    """CBC on the same program. Its own log is read: through PuLP a time limit with a plan is called optimal."""
    program = _built(problem, record)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        solver = pulp.PULP_CBC_CMD(
            msg=False, gapRel=record.gap_asked, timeLimit=record.limit_s, threads=1, logPath=str(log)
        )
        started = perf_counter()
        program.lp.solve(solver)
        return cbc_outcome(log.read_text(), record.gap_asked, perf_counter() - started)


def cbc_outcome(log: str, gap_asked: float, seconds: float) -> Outcome:
    """How CBC ended, from its log: a bound that it does not print is its plan's cost less the gap asked.

    SolverError: the log does not say.
    """
    said = re.search(r"^Result - (.+)$", log, re.MULTILINE)
    if said is None:
        if "infeasible" not in log:
            raise SolverError("CBC does not say how it ended")
        return Outcome("infeasible", "proof", None, None, None, seconds=seconds)
    cost, bound = (_logged(log, name) for name in ("Objective value", "Lower bound"))
    if "infeasible" in said[1]:
        return Outcome("infeasible", "proof", None, None, None, seconds=seconds)
    if not said[1].startswith("Optimal"):
        return Outcome("time_limit", "time", cost, bound, relative_gap(cost, bound), seconds=seconds)
    if cost is not None and bound is None:
        bound = cost * (1 - gap_asked)
    return Outcome("optimal", "proof", cost, bound, relative_gap(cost, bound), seconds=seconds)


def _logged(log: str, name: str) -> float | None:
    found = re.search(rf"^{name}: +(\S+)$", log, re.MULTILINE)
    value = float(found[1]) if found else None
    return value if value is not None and abs(value) < 1e29 else None


def _built(problem: Problem, record: Record) -> Program:
    started = perf_counter()
    program = build(problem)
    record.build_s = perf_counter() - started
    record.columns, record.rows = len(program.lp.variables()), len(program.rows)
    return program


WAYS: dict[Way, Callable[[Problem, Record, Callable[[Progress], None]], Outcome]] = {
    "ours": _ours, "straight": _straight, "cbc": _cbc,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. A number of `all` runs the family, each case in a process of its own, a line each."""
    asked = argparse.ArgumentParser(description="Measure one benchmark case and print a JSON record.")
    asked.add_argument("case", choices=[*LIMITS])
    asked.add_argument(
        "number", nargs="?", default="0", help="which scenario of S, the seed of a generated one, or all"
    )
    asked.add_argument("--way", choices=[*WAYS], default="ours")
    asked.add_argument("--gap", type=float, help="relative gap asked; by case where not said")
    asked.add_argument("--limit", type=float, help="seconds of the solve; by case where not said")
    asked.add_argument("--keep", type=Path, help="file of the problem: read if it is there, else written")
    asked.add_argument("--points", action="store_true", help="print all that was seen on the way too")
    asked.add_argument("--most-gb", type=float, default=8.0, help="memory that the process may map")
    given = asked.parse_args(arguments)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (int(given.most_gb * 1e9),) * 2)
    gap, limit_s = given.gap or GAPS[given.case], given.limit or LIMITS[given.case]
    if given.number == "all":
        records = [
            run_apart(given.case, i, given.way, gap, limit_s) for i in range(S_COUNT if given.case == "S" else 1)
        ]
    else:
        records = [measure(given.case, int(given.number), given.way, gap, limit_s, given.keep)]
    for record in records:
        found = asdict(record)
        print(json.dumps(found if given.points else {**found, "points": []}))


if __name__ == "__main__":
    main()
