"""The only file that runs a solver: a program in, an Outcome out; status, bound and gap come from the solver itself."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import highspy
import numpy as np
import pulp

from solver.problem import Array
from solver.program.build import Program
from solver.program.constraints import Row, Terms
from solver.program.variables import least_switches, unwritten, without_idle

Status = Literal["optimal", "time_limit", "stopped", "infeasible"]
StoppedBy = Literal["proof", "time", "user"]


PROBING = 1 << 15
"""The presolve rule that tries each binary both ways: minutes where a rule counts suppliers, and it finds nothing."""
EXACT, MANY = 1e-9, 1e5
"""The tolerance beside counts above MANY: there the solver's 1e-6 has cut off the optimum, and told a bound above it.

It is not the rule, as it makes the solver slower.
"""
NEGLIGIBLE = 1e-9
"""The solver drops coefficients up to this with a warning; they are left out beforehand, so that a warning is news."""


class SolverError(RuntimeError):
    """The solver ended in a way that no program of ours should cause."""


@dataclass(frozen=True)
class Progress:
    """How far a solve is: best cost found (None before the first plan), proven bound, relative gap."""

    stage: str
    elapsed_s: float
    best: float | None
    bound: float | None
    gap: float | None


@dataclass(frozen=True)
class Outcome:
    """How a solve ended.

    status "optimal" is within the gap asked, "time_limit" and "stopped" may or may not hold a plan (`found`).
    objective, bound in currency a month; gap = (objective - bound) / objective. values by variable name, empty
    without a plan; a variable that is not there is 0.
    """

    status: Status
    stopped_by: StoppedBy
    objective: float | None
    bound: float | None
    gap: float | None
    values: Mapping[str, float] = field(default_factory=dict)
    nodes: int = 0
    seconds: float = 0.0

    @property
    def found(self) -> bool:
        """Whether there is a plan."""
        return bool(self.values)


@cache
def start_solver_library() -> None:
    """Load the solver library once, with its banner kept off file descriptor 1.

    Call it before an application takes the screen: while it runs, nothing in this process can write to stdout.
    """
    libc = ctypes.CDLL(None)
    with suppress(ValueError, OSError, AttributeError):
        sys.stdout.flush()
    try:
        saved = os.dup(1)
    except OSError:  # no stdout to keep clean
        highspy.Highs()
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()
        libc.fflush(None)
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(nowhere)


def solve(
    program: Program,
    gap: float = 1e-4,
    limit_s: float = 60.0,
    threads: int = 1,
    stage: str = "solve",
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    start: Mapping[str, float] | None = None,
) -> Outcome:
    """Solve a program to the relative gap, within the time, until `stop` is set.

    `start` is a plan of the same problem (values by name) to begin from. `on_progress` runs in the solving thread.
    Raises SolverError where the solver fails, and whatever `on_progress` raises.
    """
    if stop is not None and stop.is_set():
        return Outcome("stopped", "user", None, None, None)
    if limit_s <= 0:
        return Outcome("time_limit", "time", None, None, None)
    columns = program.lp.variables()
    solver = _solver(program, columns, gap, limit_s, threads)
    watch = _Watch(stage, on_progress, stop)
    solver.setCallback(watch, None)
    solver.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)
    solver.startCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
    if start:
        solution = highspy.HighsSolution()
        solution.col_value = [start.get(var.name, 0.0) for var in columns]
        solution.value_valid = True
        solver.setSolution(solution)
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kUnboundedOrInfeasible:  # presolve cannot tell which
        _demand(solver.setOptionValue("presolve", "off"), "option presolve")
        solver.run()
    if watch.raised is not None:
        raise watch.raised
    return _outcome(program, columns, solver, gap)


@dataclass(frozen=True)
class Relaxation:
    """A program without whole numbers, solved: its cost, the dual of each row, the value of each variable."""

    cost: float
    duals: Mapping[str, float]
    values: Mapping[str, float]


def relaxed(program: Program, limit_s: float, stop: threading.Event | None = None) -> Relaxation | None:
    """Solve a program as if counts and switches could be divided; None where that has no solution in time."""
    if limit_s <= 0:
        return None
    columns = program.lp.variables()
    model = _model(columns, program.cost, program.rows)
    model.integrality_ = []
    solver = _started(0.0, limit_s, 1)
    _demand(solver.passModel(model), "the model")
    solver.setCallback(_Watch("", None, stop), None)
    solver.startCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    return Relaxation(
        cost=float(solver.getInfo().objective_function_value),
        duals={row.name: float(dual) for row, dual in zip(program.rows, solution.row_dual, strict=True)},
        values={var.name: float(value) for var, value in zip(columns, solution.col_value, strict=True)},
    )


def least_at(columns: Sequence[pulp.LpVariable], cost: Terms, rows: Sequence[Row]) -> list[float]:
    """The value of each column where a linear program of them has its least cost; it must have one."""
    solver = _started(0.0, np.inf, 1)
    _demand(solver.passModel(_model(list(columns), cost, rows)), "the model")
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise SolverError("a linear program that must have an optimum has none")
    return [float(value) for value in solver.getSolution().col_value]


def _solver(program: Program, columns: list[Any], gap: float, limit_s: float, threads: int) -> Any:
    solver = _started(gap, limit_s, threads)
    if any(var.cat == pulp.LpInteger and (var.upBound is None or var.upBound > MANY) for var in columns):
        for name in ("mip_feasibility_tolerance", "primal_feasibility_tolerance"):
            _demand(solver.setOptionValue(name, EXACT), f"option {name}")
    _demand(solver.passModel(_model(columns, program.cost, program.rows)), "the model")
    return solver


def _started(gap: float, limit_s: float, threads: int) -> Any:
    start_solver_library()
    highspy.Highs.resetGlobalScheduler(True)  # another number of threads before would leave the model unsolved
    solver = highspy.Highs()
    options = {
        "output_flag": False, "mip_rel_gap": gap, "time_limit": float(limit_s), "threads": threads,
        "parallel": "off" if threads == 1 else "choose", "random_seed": 0,
        "presolve_rule_off": PROBING,
    }  # fmt: skip
    for name, value in options.items():
        _demand(solver.setOptionValue(name, value), f"option {name}")
    return solver


def _demand(status: Any, what: str) -> None:
    if status != highspy.HighsStatus.kOk:
        raise SolverError(f"the solver refused {what}")


def _model(columns: list[Any], cost: Terms, rows: Sequence[Row]) -> Any:
    """A whole program as arrays, handed over at once. The objective has no constant."""
    place = {var: j for j, var in enumerate(columns)}
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(columns), len(rows)
    model.col_cost_ = np.array([cost.get(var, 0.0) for var in columns])
    model.col_lower_ = np.array([-np.inf if var.lowBound is None else var.lowBound for var in columns])
    model.col_upper_ = np.array([np.inf if var.upBound is None else var.upBound for var in columns])
    integer, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [integer if var.cat == pulp.LpInteger else real for var in columns]
    bound = [-row.constant for row in rows]
    model.row_lower_ = np.array(
        [-np.inf if row.sense == pulp.LpConstraintLE else value for row, value in zip(rows, bound, strict=True)]
    )
    model.row_upper_ = np.array(
        [np.inf if row.sense == pulp.LpConstraintGE else value for row, value in zip(rows, bound, strict=True)]
    )
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    index = np.array([place[var] for row in rows for var in row], dtype=np.int32)
    value = np.array([value for row in rows for value in row.values()], dtype=np.float64)
    kept = np.abs(value) > NEGLIGIBLE
    ends = np.cumsum([len(row) for row in rows])
    model.a_matrix_.start_ = np.concatenate(([0], np.concatenate(([0], np.cumsum(kept)))[ends])).astype(np.int32)
    model.a_matrix_.index_, model.a_matrix_.value_ = index[kept], value[kept]
    return model


class _Watch:
    """The solver's callback: reports progress, asks to stop; an exception is kept, as the library would swallow it."""

    def __init__(self, stage: str, report: Callable[[Progress], None] | None, stop: threading.Event | None) -> None:
        self.stage, self.report, self.stop = stage, report, stop
        self.raised: BaseException | None = None

    def __call__(self, kind: Any, message: str, out: Any, ask: Any, data: Any) -> None:
        try:
            if self.report is not None and kind == highspy.cb.HighsCallbackType.kCallbackMipInterrupt:
                self.report(self._progress(out))
            if self.stop is not None and self.stop.is_set():
                ask.user_interrupt = True
        except BaseException as error:
            self.raised = error
            ask.user_interrupt = True

    def _progress(self, out: Any) -> Progress:
        best, bound = _number(out.mip_primal_bound), _number(out.mip_dual_bound)
        return Progress(self.stage, out.running_time, best, bound, relative_gap(best, bound))


def _number(value: float) -> float | None:
    """None for the solver's infinities."""
    return float(value) if abs(value) < 1e29 else None


def relative_gap(best: float | None, bound: float | None) -> float | None:
    """(best - bound) / best, at least 0; None where either is unknown."""
    if best is None or bound is None:
        return None
    return max(0.0, best - bound) / abs(best) if best else 0.0


ENDS: dict[Any, tuple[Status, StoppedBy]] = {
    highspy.HighsModelStatus.kOptimal: ("optimal", "proof"),
    highspy.HighsModelStatus.kTimeLimit: ("time_limit", "time"),
    highspy.HighsModelStatus.kInterrupt: ("stopped", "user"),
    highspy.HighsModelStatus.kInfeasible: ("infeasible", "proof"),
}
"""The solver's own status, read from it and never through PuLP, which calls a time limit optimal."""


def _outcome(program: Program, columns: list[Any], solver: Any, gap: float) -> Outcome:
    ended = solver.getModelStatus()
    if ended == highspy.HighsModelStatus.kModelEmpty:  # no columns: the solver does not look at the rows
        holds = all(row.sense * row.constant >= 0 if row.sense else row.constant == 0 for row in program.rows)
        return Outcome("optimal", "proof", 0.0, 0.0, 0.0) if holds else Outcome("infeasible", "proof", None, None, None)
    if ended not in ENDS:
        raise SolverError(f"the solver ended with: {solver.modelStatusToString(ended)}")
    status, stopped_by = ENDS[ended]
    info = solver.getInfo()
    seconds, nodes = solver.getRunTime(), max(0, info.mip_node_count)
    if status == "infeasible":
        return Outcome(status, stopped_by, None, None, None, nodes=nodes, seconds=seconds)
    bound = _number(info.mip_dual_bound)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        if status == "optimal":
            raise SolverError("the solver calls a model optimal without a plan")
        return Outcome(status, stopped_by, None, bound, None, nodes=nodes, seconds=seconds)
    values = without_idle(program.variables, _polished(program, columns, solver))
    if not unwritten(program.data):  # else a switch may be on for what is not yet written
        values = least_switches(program.data, program.variables, values)
    objective = float(sum(cost * values.get(var.name, 0.0) for var, cost in program.cost.items()))
    if not np.isfinite(objective):
        raise SolverError("the solver returned a cost that is no number")
    if bound is not None:
        bound = min(bound, objective)
    return Outcome(
        status, stopped_by, objective, bound, relative_gap(objective, bound), values, nodes, solver.getRunTime()
    )


def _polished(program: Program, columns: list[Any], solver: Any) -> dict[str, float]:
    """The plan with whole numbers whole: integers rounded and fixed, shares solved again as a small LP.

    A MIP's integers are whole to 1e-6 only, which on a large pool is money. Keeps the plan as it was where the
    rounded one does not solve.
    """
    found = np.asarray(solver.getSolution().col_value)
    whole = np.array([var.cat == pulp.LpInteger for var in columns], dtype=bool)
    if all(var.lowBound == var.upBound for var, counted in zip(columns, whole, strict=True) if counted):
        return _positive(columns, found)
    fixed = np.flatnonzero(whole).astype(np.int32)
    rounded = np.round(found[fixed])
    solver.stopCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
    solver.setOptionValue("time_limit", solver.getRunTime() + 10.0)
    solver.changeColsIntegrality(
        len(fixed), fixed, np.full(len(fixed), highspy.HighsVarType.kContinuous.value, dtype=np.uint8)
    )
    solver.changeColsBounds(len(fixed), fixed, rounded, rounded)
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        found = np.asarray(solver.getSolution().col_value)
        found[fixed] = rounded
    return _positive(columns, found)


def _positive(columns: list[Any], found: Array) -> dict[str, float]:
    return {var.name: float(value) for var, value in zip(columns, found, strict=True) if value > 1e-11}
