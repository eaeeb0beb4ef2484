"""Exact dominance: what may leave the problem without changing its optimum.

Pools. Design k may go if some k2 stays that serves every segment of k, and for each purchase type m of k has a type m2
that can stand in for m (a shorter or no commitment; what nobody takes away for spot) of which t replicas, whole
(serverless: any t >= 1), carry what a replica of k carries, t >= (kappa2/kappa) * (A/A2) for every segment, at no more
money, t*price2 <= price, in whole boxes (t*box is a multiple of box2); or so that the replicas of k2 that carry all
traffic it may serve in the worst block, `enough`, cost no more than one box of k. Where a request pays more besides
(egress), price is less by as much as a replica of k can serve in an hour at most; where an open pool of k2 costs more a
month, one box of k saves as much in the shortest time for which it can be held. Where a rule counts capital and GPUs,
they are no more either.
Proof: take an optimal plan with k. In every block let t replicas of k2, or `enough` in all, stand for each replica of k
bought as m, and move k's traffic to k2. Demand in replicas of k2 is at most kappa2/kappa times that of k, so capacity
holds, firm capacity too; spot exposure only falls; counts stay whole. A plan that opens k holds at least a box of it in
some block (else k is open for nothing), so what is saved there covers what k2 costs a month more; every other term
only falls, and counts of designs with it, as k2 may be open already. A bound on replicas that no plan needs to exceed
does not bind: a box beyond it can be given back. Where a rule tells options apart (suppliers counted, GPUs available,
must-use, today's set-up), k2 must be alike under it. Designs go one after another, each with one that is still there
to take its place, so replacing them in that order brings any plan to one of what stays.
This holds without contingencies. With them, two pools that may hold spot must not be merged, as both lots of spot
would be lost at once, and k and k2 must be listed for the same contingencies.

API offers. Offer a may go if a2 of the same supplier and kind (open or closed, as baselines tell them apart) serves
every segment of a at no more money a request, a sells no provisioned units, and a2's limits do not bind even at the
whole peak load (two offers with limits carry more than one, so "limits no lower" would not do). Proof: move the
traffic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalogs.records import COMMITTED, PurchaseType
from solver.pool_sites import PURCHASES
from solver.problem import ApiOption, Array, Charge, LoadBlocks
from solver.units import HOURS_PER_MONTH

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
SLACK = 1e-9

STANDS_IN: Mapping[PurchaseType, tuple[PurchaseType, ...]] = {
    "reserved_1m": ("reserved_1m", "on_demand", "managed"),
    "reserved_1y": ("reserved_1y", "reserved_1m", "on_demand", "managed"),
    "reserved_3y": ("reserved_3y", "reserved_1y", "reserved_1m", "on_demand", "managed"),
    "owned": ("owned", "reserved_1m", "on_demand", "managed"),
    "on_demand": ("on_demand", "managed"),
    "managed": ("managed", "on_demand"),
    "spot": ("spot", "on_demand", "managed"),
    "serverless": ("serverless",),
}
"""Purchase types that can take the place of one, replica for replica in every block."""


@dataclass(frozen=True)
class Pools:
    """Designs to be compared, arrays over designs n and purchase types m (`PURCHASES`).

    kappa [s, n] (inf: not admissible), price [n, m] with what is signed beyond the horizon (inf: not sold), available
    and capital [n, m], box [n, m], `enough` [n, m] replicas for all that may come (inf: not compared), request_cost
    [s, n], `flow` [s, n] requests that a replica can serve in an hour at most, fixed [n] a month, `least_hours` of a
    month for which a replica can be held, gpus [n]. Only designs of one `group` [n] are compared, and k2 has all the
    marks of k (`marks` [n], bits); `counted` says that GPUs may not rise.
    """

    kappa: Array
    price: Array
    available: Array
    capital: Array
    box: Array
    enough: Array
    request_cost: Array
    flow: Array
    fixed: Array
    gpus: Array
    group: NDArray[np.intp]
    marks: NDArray[np.int64]
    counted: bool = False
    least_hours: float = 0.0

    def take(self, rows: Index) -> "Pools":
        """The same for some designs."""
        return replace(
            self, kappa=self.kappa[:, rows], price=self.price[rows], available=self.available[rows],
            capital=self.capital[rows], box=self.box[rows], enough=self.enough[rows],
            request_cost=self.request_cost[:, rows], flow=self.flow[:, rows], fixed=self.fixed[rows],
            gpus=self.gpus[rows], group=self.group[rows], marks=self.marks[rows],
        )  # fmt: skip


def front(values: Array) -> tuple[Mask, Index]:
    """Columns of values [coordinate, n] that no other column beats or equals everywhere (inf allowed), and the beater.

    Of equals the first stays. The column of least sum is beaten by none, so it stays and strikes out what it beats.
    """
    n = values.shape[1]
    finite = np.where(np.isfinite(values), values, 0.0)
    scale = np.maximum(finite.max(axis=1, initial=0.0), 1e-300)[:, None]
    score = np.where(np.isfinite(values), finite / scale, len(values) + 1.0).sum(axis=0)
    keep, beater = np.zeros(n, dtype=bool), np.full(n, -1, dtype=np.intp)
    left = np.argsort(score, kind="stable")
    while len(left):
        best = left[0]
        keep[best] = True
        beaten = np.all(values[:, best : best + 1] <= values[:, left] * (1 + SLACK), axis=0)
        beaten[0] = True
        beater[left[beaten]] = best
        left = left[~beaten]
    beater[keep] = -1
    return keep, beater


def dominators(pools: Pools, by: Index | None = None) -> Mask:
    """Whether `by` (all designs if None), one a row, may take the place of a column, by the rule at the head."""
    n = pools.kappa.shape[1]
    by = np.arange(n) if by is None else by
    able = pools.group[by][:, None] == pools.group[None, :]
    able &= (pools.marks[None, :] & ~pools.marks[by][:, None]) == 0
    ratio, extra = np.zeros(able.shape), np.zeros(able.shape)
    for s in range(len(pools.kappa)):
        serves = np.isfinite(pools.kappa[s])
        able &= serves[by][:, None] | ~serves[None, :]
        with np.errstate(invalid="ignore"):
            here = np.where(serves[None, :], pools.kappa[s][by][:, None] / pools.kappa[s][None, :], 0.0)
        ratio = np.fmax(ratio, here)
        more = pools.request_cost[s][by][:, None] - pools.request_cost[s][None, :] * (1 + SLACK)
        paid = serves[None, :] & (more > 1e-15)
        extra = np.maximum(extra, np.where(paid, more * np.where(paid, pools.flow[s][None, :], 0.0), 0.0))
    for m, purchase in enumerate(PURCHASES):
        sold = np.isfinite(pools.price[:, m])
        if not sold.any():
            continue
        replaced = np.zeros(able.shape, dtype=bool)
        for other in STANDS_IN[purchase]:
            replaced |= _replaces(pools, by, ratio, extra, m, PURCHASES.index(other))
        able &= replaced | ~sold[None, :]
    able[np.arange(len(by)), by] = False
    return np.asarray(able)


def _replaces(pools: Pools, by: Index, ratio: Array, extra: Array, m: int, m2: int) -> Mask:
    """Whether replicas bought as m2 of row k2 take the place of those bought as m of column k."""
    offered = np.isfinite(pools.price[by, m2])
    if not offered.any():
        return np.zeros(ratio.shape, dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        needed = ratio * pools.available[:, m][None, :] / pools.available[by, m2][:, None]
    if PURCHASES[m] == "serverless":
        awake = np.maximum(needed, 1.0)  # what keeps one replica of k awake keeps one of k2 awake too
        return np.asarray(offered[:, None] & _no_dearer(pools, by, awake, np.ones((1, 1)), extra, m, m2))
    t = np.maximum(np.ceil(needed * (1 - SLACK)), 1.0)
    box, box2 = pools.box[:, m][None, :], pools.box[by, m2][:, None]
    step = box2 / np.gcd(box.astype(np.int64), box2.astype(np.int64))
    t = np.ceil(t / step) * step  # t*box is a multiple of box2
    fine = _no_dearer(pools, by, t * box, box, extra, m, m2)
    fine |= _no_dearer(pools, by, pools.enough[by, m2][:, None], box, extra, m, m2)
    return np.asarray(fine & offered[:, None])


def _no_dearer(pools: Pools, by: Index, count2: Array, count: Array, extra: Array, m: int, m2: int) -> Mask:
    """Whether `count2` replicas of row k2 cost no more than `count` of column k, in money and in what is counted."""
    gap = np.maximum(pools.fixed[by][:, None] - pools.fixed[None, :] - SLACK, 0.0)
    hours = HOURS_PER_MONTH if PURCHASES[m] in COMMITTED else pools.least_hours
    if PURCHASES[m] == "serverless":
        hours = 0.0  # held for as short a time as one likes
    with np.errstate(invalid="ignore", over="ignore"):
        paid = count * (pools.price[:, m][None, :] * (1 + SLACK) - extra)
        fine = np.isfinite(count2) & ((paid - count2 * pools.price[by, m2][:, None]) * hours >= gap)
        fine &= count2 * pools.price[by, m2][:, None] <= paid
        fine &= count2 * pools.capital[by, m2][:, None] <= count * pools.capital[:, m][None, :] * (1 + SLACK) + SLACK
        if pools.counted:
            fine &= count2 * pools.gpus[by][:, None] <= count * pools.gpus[None, :] * (1 + SLACK)
    return np.asarray(fine)


def reduce_pools(pools: Pools) -> tuple[Mask, Index]:
    """Which designs stay, and for each that goes one that stays and takes its place (-1 for those that stay).

    While many are left, a few that are cheap for some segment are tried on all others first.
    """
    n = pools.kappa.shape[1]
    keep, by = np.ones(n, dtype=bool), np.full(n, -1, dtype=np.intp)
    for _ in range(ROUNDS):
        left = np.flatnonzero(keep)
        if len(left) <= FEW:
            break
        rest = pools.take(left)
        few = _cheap(rest)
        able = dominators(rest, few)
        able[:, few] = False
        beaten = able.any(axis=0)
        keep[left[beaten]] = False
        by[left[beaten]] = left[few[np.argmax(able[:, beaten], axis=0)]]
    left = np.flatnonzero(keep)
    able = dominators(pools.take(left))
    for k in range(len(left) - 1, -1, -1):
        others = np.flatnonzero(able[:, k] & keep[left])
        if len(others):
            keep[left[k]], by[left[k]] = False, left[others[0]]
    for k in np.flatnonzero(~keep).tolist():
        while not keep[by[k]]:
            by[k] = by[by[k]]
    return keep, by


FEW, ROUNDS, TRIED = 150, 4, 8
"""Designs that are compared all with all, rounds before that, and designs of each kind that a round tries."""


def _cheap(pools: Pools) -> Index:
    """Of each group, the designs that serve a request of some segment, or all that may come, for the least money."""
    least = pools.price.min(axis=1)
    sold = np.isfinite(pools.price)
    whole = np.where(sold, pools.enough * np.where(sold, pools.price, 0.0), np.inf).min(axis=1)
    served = np.maximum(np.isfinite(pools.kappa).sum(axis=0), 1)
    chosen: set[int] = set()
    for group in np.unique(pools.group):
        for cost in (*(pools.kappa * least), whole / served):
            here = np.where(pools.group == group, cost, np.inf)
            order = np.argsort(here, kind="stable")[:TRIED]
            chosen |= set(order[np.isfinite(here[order])].tolist())
    return np.array(sorted(chosen), dtype=np.intp)


def useless_purchases(price: Array, available: Array, capital: Array) -> Mask:
    """Purchase types [n, m] that another one of the same design and box can stand in for at no more money."""
    useless = np.zeros(price.shape, dtype=bool)
    for m, purchase in enumerate(PURCHASES):
        for other in STANDS_IN[purchase]:
            m2 = PURCHASES.index(other)
            if m2 == m:
                continue
            with np.errstate(invalid="ignore"):
                better = np.isfinite(price[:, m]) & ~useless[:, m2] & (price[:, m2] <= price[:, m])
                better &= (available[:, m2] >= available[:, m]) & (capital[:, m2] <= capital[:, m])
            useless[:, m] |= better
    return useless


def reduce_apis(
    options: Sequence[ApiOption],
    charges: Mapping[tuple[int, str], tuple[Charge, ...]],
    blocks: LoadBlocks,
    tokens_per_request: Array,
    may_wait: Mask,
    held: Mask,
) -> tuple[Mask, Index]:
    """Which offers stay, and for each that goes one that takes its place (-1 for those that stay)."""
    n, segments = len(options), len(tokens_per_request)
    cost = np.full((segments, n), np.inf)
    for a, option in enumerate(options):
        for s in range(segments):
            if (s, option.id) in charges:
                cost[s, a] = sum(charge.cost for charge in charges[s, option.id])
    peak = peak_load(blocks, may_wait)
    unlimited = np.array(
        [
            option.requests_per_s >= peak.sum(axis=0).max() and option.tokens_per_s >= (tokens_per_request @ peak).max()
            for option in options
        ],
        dtype=bool,
    )  # fmt: skip
    keep, by = np.ones(n, dtype=bool), np.full(n, -1, dtype=np.intp)
    kinds: dict[tuple[str, bool], list[int]] = {}
    for a, option in enumerate(options):
        kinds.setdefault((option.offer.provider, option.offer.open_weights), []).append(a)
    for alike in kinds.values():
        rows = np.array(alike, dtype=np.intp)
        values = cost[:, rows]
        for place, a in reversed(list(enumerate(alike))):
            if held[a]:
                continue
            beats = unlimited[rows] & keep[rows] & np.all(values <= values[:, place : place + 1] * (1 + SLACK), axis=0)
            beats[place] = False
            if beats.any():
                keep[a], by[a] = False, rows[np.flatnonzero(beats)[0]]
    for a in np.flatnonzero(~keep).tolist():
        while not keep[by[a]]:
            by[a] = by[by[a]]
    return keep, by


def peak_load(blocks: LoadBlocks, may_wait: Mask) -> Array:
    """Most requests/s [s, b] that may come in a block: the peak, or a day type's whole volume of what may wait."""
    load = blocks.peak.copy()
    for day_type in (blocks.weekend, ~blocks.weekend):
        if day_type.any():
            volume = blocks.peak[:, day_type] @ blocks.hours[day_type]
            load[:, day_type] = np.where(
                may_wait[:, None], volume[:, None] / blocks.hours[day_type][None, :], load[:, day_type]
            )
    return load
