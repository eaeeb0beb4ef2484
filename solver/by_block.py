"""A plan of given pools, block by block: what holds for the month stands, and each block is a small program of its own.

Counts that are committed, what is open and who sells stay as they are, and what may wait is spread over the blocks as
it is; then nothing is left that joins two blocks, contingencies included. Where a block cannot do with so much
committed, more is. All contingencies of the pools and suppliers are written, so that the plan survives each.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from threading import Event

import numpy as np

from catalogs.vocabulary import COMMITTED
from solver.fallback import FALLBACK
from solver.problem import Array, LoadBlocks
from solver.program.build import Program, written
from solver.program.data import Data, narrowed
from solver.program.variables import count_name, supplier_names
from solver.solve import solve

GAP = 1e-4
"""The gap of one block's program."""
HALF = 0.5


def plan_by_block(
    data: Data, values: Mapping[str, float], shares: Array, left: Callable[[], float], stop: Event | None = None
) -> dict[str, float] | None:
    """The values of the cheapest blocks, by variable name, beside those decisions of `values` that are of no block.

    `shares` [s, b] of what may wait are served in each block. Without z and over of the contingencies, which the plan
    survives. None where a block cannot be served, or time is out.
    """
    if data.problem.moving is not None:  # what moves is counted over the blocks
        return None
    month = {name: value for name, value in values.items() if _block(name) is None}
    of_open, parts = _of_open(data, month), _parts(data, shares)
    found, more = _blocks(of_open, month, parts, left, stop)
    return _blocks(of_open, month | more, parts, left, stop)[0] if more else found


def shares_of(data: Data, values: Mapping[str, float]) -> Array:
    """The share [s, b] of what a segment asks in a group of blocks that a plan serves in each."""
    shares = np.zeros(data.load.shape)
    for name, value in values.items():
        if name.startswith("x_s"):
            s, _, b = name[2:].split("_")
            shares[int(s[1:]), int(b[1:])] += value
    return shares


def _parts(data: Data, shares: Array) -> Array:
    """The shares [s, b] of what may wait, adding to 1; all of what may not."""
    parts = np.ones(data.load.shape)
    for s in np.flatnonzero(data.problem.may_wait).tolist():
        for group in data.groups[s]:
            rows = list(group)
            total = float(shares[s, rows].sum())
            hours = data.problem.blocks.hours[rows]
            parts[s, rows] = shares[s, rows] / total if total > 0 else hours / hours.sum()
    return parts


def _block(name: str) -> int | None:
    """The block of a variable, as its name tells."""
    last = name.rpartition("_")[2]
    return int(last[1:]) if last[0] == "b" and last[1:].isdigit() else None


def _of_open(data: Data, month: Mapping[str, float]) -> Data:
    used = {name for name, var in supplier_names(data).items() if month.get(var, 0.0) > HALF}
    opened = [k for k in data.pools if month.get(f"open_k{k}", 0.0) > HALF]
    apis = [a for a in data.apis if data.problem.apis[a].offer.provider in used]
    only = narrowed(data, opened, (), apis)
    return replace(only, contingent=tuple((c, b) for c in only.lost for b in only.blocks))


def _blocks(
    data: Data, month: Mapping[str, float], parts: Array, left: Callable[[], float], stop: Event | None
) -> tuple[dict[str, float] | None, dict[str, float]]:
    """All blocks, the fullest first; or none, and the counts of which a block must have more."""
    committed = {count_name(k, m, 0) for k in data.pools for m in data.of_kind(k, COMMITTED)}
    values, more = dict(month), dict[str, float]()
    for b in np.argsort(-data.demand[data.pools].sum(axis=0), kind="stable").tolist():
        block = _one_block(data, b, parts[:, b])
        program = _fixed(written(block), month, committed if more else set())
        outcome = solve(program, GAP, left(), stop=stop)
        if outcome.status == "infeasible" and not more:
            program = _fixed(written(block), month, committed)
            outcome = solve(program, GAP, left(), stop=stop)
        if not outcome.found:
            return None, {}
        raised = {name: outcome.values.get(name, 0.0) for name in committed}
        more |= {name: max(n, more.get(name, 0.0)) for name, n in raised.items() if n > month.get(name, 0.0) + HALF}
        values |= _of_block(outcome.values, b, parts[:, b])
    return (None, more) if more else (values, {})


def _one_block(data: Data, b: int, parts: Array) -> Data:
    """The data of a block as if it were the month; `parts` [s] of the load and the requests are served in it."""
    problem, blocks = data.problem, data.problem.blocks
    block = LoadBlocks(blocks.hours[[b]], blocks.peak[:, [b]], blocks.mean[:, [b]], blocks.weekend[[b]])
    return replace(
        data,
        problem=replace(problem, blocks=block, awake=None if problem.awake is None else problem.awake[:, [b]]),
        load=data.load[:, [b]] * parts[:, None],
        requests=data.requests[:, [b]] * parts[:, None],
        groups=tuple(((0,),) for _ in problem.segments),
        demand=data.demand[:, [b]],
        contingent=tuple((c, 0) for c in data.lost),
    )


def _fixed(program: Program, month: Mapping[str, float], free: Collection[str]) -> Program:
    """The program with the decisions of no block as they are; those that are `free` may be more."""
    for var in program.lp.variables():
        if _block(var.name) is None:
            var.lowBound = month.get(var.name, 0.0)
            if var.name not in free:
                var.upBound = var.lowBound
    return program


def _of_block(values: Mapping[str, float], b: int, parts: Array) -> dict[str, float]:
    """What one block's program found, by the names of the whole; no contingencies."""
    found = {}
    for name, value in values.items():
        family, *_ = name.split("_")
        if _block(name) is not None and family not in FALLBACK:
            part = parts[int(name.split("_")[1][1:])] if family in ("x", "y", "w") else 1.0
            found[f"{name.removesuffix('_b0')}_b{b}"] = value * float(part)
    return found
