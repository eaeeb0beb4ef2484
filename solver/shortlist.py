"""Which of many designs an optimum may hold: prices from a small program, and what each design gains against them.

The prices come from the relaxation of the same program on a few merged blocks and a few designs; designs that gain
against its prices join it, until none does (column generation). On any prices the closed-form bounds of `pricing.py`
hold, on the blocks as they are and for all designs, so that merging only makes the prices worse, never the proof.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from solver.hour_rates import MUCH, Rates, rates_of
from solver.pricing import most_gains
from solver.problem import Array, LoadBlocks, Problem
from solver.program.build import Program, written
from solver.program.data import Data, data_of, narrowed
from solver.solve import Relaxation, relaxed

OPENED = 6
"""Designs of a shortlist at most, those that the relaxation opens most."""
BLOCKS = 4
"""Blocks of the small program: weekdays are merged into as many, weekends into half."""
FIRST, JOIN = 3, 25
"""Designs that start for each segment, those that join in a round at most."""
ROUNDS = 12
SLOW = 1e-3
"""A round that lowers the cost by less than this share is the last one."""


@dataclass(frozen=True)
class Shortlist:
    """Prices [s, b] on the blocks of the problem, and the designs that the relaxation opens.

    `small` is the data on a few merged blocks, each of the blocks in one of `groups`.
    """

    prices: Array
    opened: tuple[int, ...]
    small: Data
    groups: list[list[int]]


def shortlist(
    data: Data, pools: list[int], seconds_left: Callable[[], float], stop: threading.Event | None = None
) -> Shortlist | None:
    """Price the segments by column generation over some pools; None where no small program is solved in time."""
    blocks, groups = merged_blocks(data.problem.blocks, BLOCKS)
    small = narrowed(data_of(_on_blocks(data.problem, blocks, groups), ()), pools)
    rates = rates_of(small)
    chosen = _first(small, rates)
    found: Relaxation | None = None
    for _ in range(ROUNDS):
        solved = relaxed(_classes_on(written(narrowed(small, chosen))), seconds_left(), stop)
        if solved is None:
            break
        slow = found is not None and found.cost - solved.cost < SLOW * found.cost
        found = solved
        prices = prices_of(small, found)
        value = rates.opening - most_gains(small, rates, prices)
        value[sorted(chosen)] = 0.0
        value[[k for k in range(len(value)) if not rates.admissible[:, k].any()]] = 0.0
        joining = [int(k) for k in np.argsort(value, kind="stable")[:JOIN] if value[k] < -1e-6 * abs(found.cost)]
        if slow or not joining:
            break
        chosen |= set(joining)
    if found is None:
        return None
    share = {k: found.values.get(f"open_k{k}", 0.0) for k in chosen}
    opened = sorted(sorted(chosen, key=lambda k: (-share[k], k))[:OPENED])
    prices = _expanded(data, small, groups, prices_of(small, found))
    return Shortlist(prices, tuple(k for k in opened if share[k] > 1e-6), small, groups)


def _classes_on(program: Program) -> Program:
    """With what all pools share paid already: its part of the bounds is a constant, and prices need not earn it."""
    v = program.variables
    for switch in (*v.pool_class.values(), *((v.selfhost,) if v.selfhost is not None else ())):
        switch.lowBound = 1
    return program


def merged_blocks(blocks: LoadBlocks, count: int) -> tuple[LoadBlocks, list[list[int]]]:
    """A few blocks of mean load, and the blocks that each holds: alike in load, weekday and weekend apart."""
    level = (blocks.peak / np.maximum(blocks.peak.max(axis=1, keepdims=True), 1e-300)).sum(axis=0)
    groups: list[list[int]] = []
    for end, parts in ((False, count), (True, max(1, count // 2))):
        here = [int(b) for b in np.argsort(level, kind="stable") if blocks.weekend[b] == end]
        groups += [part.tolist() for part in np.array_split(here, min(parts, len(here))) if len(part)] if here else []
    hours = np.array([blocks.hours[group].sum() for group in groups])
    return (
        LoadBlocks(
            hours=hours,
            peak=_mean(blocks.peak, blocks.hours, groups),
            mean=_mean(blocks.mean, blocks.hours, groups),
            weekend=np.array([blocks.weekend[group[0]] for group in groups], dtype=bool),
        ),
        groups,
    )


def _mean(values: Array, hours: Array, groups: list[list[int]]) -> Array:
    return np.stack([values[:, group] @ hours[group] / hours[group].sum() for group in groups], axis=1)


def _on_blocks(problem: Problem, blocks: LoadBlocks, groups: list[list[int]]) -> Problem:
    awake = None if problem.awake is None else _mean(problem.awake, problem.blocks.hours, groups)
    return replace(problem, blocks=blocks, awake=awake)


def _first(data: Data, rates: Rates) -> set[int]:
    """For each segment the designs that serve it for the least money at full use, each of another provider."""
    chosen: set[int] = set()
    for s in range(len(rates.busy)):
        hour = rates.busy[s] * np.minimum(np.minimum(rates.firm, rates.spot), MUCH) / 3600.0 + rates.request[s]
        cost = np.where(rates.admissible[s], hour, np.inf)
        providers: set[str] = set()
        for k in np.argsort(cost, kind="stable").tolist():
            if len(providers) == FIRST or not np.isfinite(cost[k]):
                break
            if data.problem.designs[k].provider not in providers:
                providers.add(data.problem.designs[k].provider)
                chosen.add(k)
    return chosen


def prices_of(data: Data, relaxation: Relaxation) -> Array:
    """Prices [s, b]: duals of equation 1; of a segment that may wait the same in all blocks of a day type."""
    prices = np.zeros(data.load.shape)
    for s, groups in enumerate(data.groups):
        for group in groups:
            prices[s, list(group)] = max(0.0, relaxation.duals.get(f"served_s{s}_b{group[0]}", 0.0))
    return prices


def _expanded(data: Data, small: Data, groups: list[list[int]], prices: Array) -> Array:
    """Prices of the merged blocks on the blocks themselves, the same for each request."""
    full = np.zeros(data.load.shape)
    for j, group in enumerate(groups):
        waits = data.problem.may_wait[:, None]
        each = prices[:, j : j + 1] / np.maximum(small.requests[:, j : j + 1], 1e-300)
        full[:, group] = np.where(waits, prices[:, j : j + 1], each * data.requests[:, group])
    return full
