"""Exact dominance of pool designs: what may leave the problem without changing its optimum.

Design k may go if some k2 stays that serves every segment of k, and for each purchase type m of k has a type m2 that
can stand in for m (a shorter or no commitment; what nobody takes away for spot) of which t replicas, whole (serverless:
any t >= 1), carry what a replica of k carries, t >= (kappa2/kappa) * (A/A2) for every segment, at no more money,
t*price2 <= price, in whole boxes (t*box is a multiple of box2); or so that the replicas of k2 that carry all traffic it
may serve in the worst block, `enough`, cost no more than one box of k. Where a request pays more besides (egress),
price is less by as much as a replica of k can serve in an hour at most; where an open pool of k2 costs more a month,
one box of k saves as much in the shortest time for which it can be held. Where a rule counts capital and GPUs, they
are no more either. What a replica costs to be added to what runs today is in its price.
Proof: take an optimal plan with k. In every block let t replicas of k2, or `enough` in all, stand for each replica of k
bought as m, and move k's traffic to k2. Demand in replicas of k2 is at most kappa2/kappa times that of k, so capacity
holds, firm capacity too; spot exposure only falls; counts stay whole. A plan that opens k holds at least a box of it in
some block (else k is open for nothing), so what is saved there covers what k2 costs a month more; every other term
only falls, and counts of designs with it, as k2 may be open already. A bound on replicas that no plan needs to exceed
does not bind: a box beyond it can be given back. Where a rule tells options apart (suppliers counted, GPUs available,
must-use, today's set-up), k2 must be alike under it. Designs go one after another, each with one that is still there
to take its place, so replacing them in that order brings any plan to one of what stays.

Contingencies. Let z be where traffic goes in the old plan; in the new one k's part of it goes to k2, in every
contingency. What survives of k2 must carry it:
- A replica of k2 is lost. Take the old z for a replica of k lost in the blocks where k serves (`on`), for one of k2
  lost in the others, where nothing of k is lost and row 2's argument holds. With L, L2 the availability of the replica
  that is lost, k carries at most sum A - L. Let rho be the least t*A2/A among the types bought: rho >= kappa2/kappa, so
  what is moved needs at most rho*(sum A - L) <= sum t*A2 - rho*L, and that fits what is left, sum t*A2 - L2, if
  rho*L >= L2. So t >= (L2/L) * (A/A2) is asked as well. With `enough`, all that may come and a spare one, all fits.
  `rests` holds, as k2 keeps a replica wherever k did, and a design that needs more than one for s has z <= n - 1.
- All spot of a lot is lost, the pools whose spot is lost together. Spot stands in for spot only, so of what stood for
  firm replicas nothing is missing. If k2 is of k's lot, both were lost in the old plan. If no segment of k2 is exposed
  (coverage + tolerance > 1), the loss is void: z = x - y fits firm capacity by row 2, leaves 1 - tolerance of each
  segment, and costs nothing. Else k2 may take k's place only where no other pool holds spot of k2's lot (use the old z
  for k's lot): a `WEAK` dominator. As a plan has at most P pools, k may go if it has weak dominators of P lots, since
  P - 1 others cannot fill them all. Where policy sets no P, none will do.
- A provider is lost: k and k2 must be of one provider (the same group).
- Money: over = max(0, z - x) of the sum is at most the sum, a request at k2 may cost no more (what moves is not bound
  by headroom), and a contingency of k2 may be no more frequent than that of k (the same group).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.pool_sites import PURCHASES
from solver.problem import Array, LoadBlocks
from solver.units import HOURS_PER_MONTH

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
Verdict = NDArray[np.int8]
SLACK = 1e-9
ROUGHLY = 1e-6
"""More than the rounding of a float32 and SLACK."""
NOTHING = 1e-15
"""Money a request that is no difference."""
WEAK, STRONG = 1, 2
ALL, BLOCK, MANY = 160, 48, 64
"""Designs that are compared all with all at once, designs tried on all others in one go where there are more, and
segments of which like ones are looked for."""

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
    marks of k (`marks` [n], bits); `counted` says that GPUs may not rise. With contingencies (`contingent`): `lost` [n]
    the availability of the replica that may be lost (0: none is), `lot` [n] the pools whose spot is lost together,
    `exposed` [n] whether that can matter, `most_pools` of a plan (None: no limit).
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
    group: Index
    marks: NDArray[np.int64]
    lost: Array
    lot: Index
    exposed: Mask
    contingent: bool = False
    most_pools: int | None = None
    counted: bool = False
    least_hours: float = 0.0

    def take(self, rows: Index) -> "Pools":
        """The same for some designs."""
        changes: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                changes[item.name] = value[:, rows] if item.name in ("kappa", "request_cost", "flow") else value[rows]
        return replace(self, **changes)


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
        best, left = left[0], left[1:]
        keep[best] = True
        beaten = np.all(values[:, best : best + 1] <= values[:, left] * (1 + SLACK), axis=0)
        beater[left[beaten]] = best
        left = left[~beaten]
    return keep, beater


def dominators(pools: Pools, by: Index | None = None) -> Verdict:
    """Whether `by` (all designs if None), one a row, may take the place of a column: STRONG, WEAK or 0.

    Most pairs fall to what the rule needs at least: the cheapest type of k is matched in money a request, of every
    segment, or in all; then each type of k is. Only for those left are whole replicas compared.
    """
    by = np.arange(pools.kappa.shape[1]) if by is None else by
    unit, box, whole = _least(pools)
    with np.errstate(invalid="ignore", divide="ignore"):
        able = np.ones((len(by), pools.kappa.shape[1]), dtype=bool)
        for cost in np.where(np.isfinite(pools.kappa), pools.kappa * unit, np.inf).astype(np.float32):
            able &= cost[by][:, None] <= (cost * np.float32(1 + ROUGHLY))[None, :]
        able |= whole[by][:, None] <= (box * (1 + 9 * SLACK))[None, :]
        able &= pools.group[by][:, None] == pools.group[None, :]
        able &= (pools.marks[None, :] & ~pools.marks[by][:, None]) == 0
        able[np.arange(len(by)), by] = False
        row, one = np.nonzero(able)
        verdict = np.zeros(able.shape, dtype=np.int8)
        if not len(one):
            return verdict
        two = by[row]
        ratio = np.zeros(len(one))
        for seconds in pools.kappa:
            np.fmax(ratio, seconds[two] / seconds[one], out=ratio)  # neither serves: NaN, left out
        if pools.contingent:
            np.fmax(ratio, pools.lost[two] / pools.lost[one], out=ratio)
        fine = np.isfinite(ratio)
        for m, hour in enumerate((pools.price / pools.available).T):
            if not np.isfinite(hour).any():
                continue
            others = [PURCHASES.index(other) for other in STANDS_IN[PURCHASES[m]]]
            instead = (pools.price[:, others] / pools.available[:, others]).min(axis=1)
            matched = ratio * instead[two] <= hour[one] * (1 + 9 * SLACK)
            fine &= matched | (whole[two] <= (pools.box * pools.price)[one, m] * (1 + 9 * SLACK))
    row, one = row[fine], one[fine]
    verdict[row, one] = _verdict(pools, by[row], one, ratio[fine])
    return verdict


def _least(pools: Pools) -> tuple[Array, Array, Array]:
    """Of each design's cheapest type an hour of capacity and a box an hour; the least an hour for all that may come."""
    price = pools.price / pools.available
    cheapest = price.argmin(axis=1)
    box = np.take_along_axis(pools.box * pools.price, cheapest[:, None], axis=1)[:, 0]
    with np.errstate(invalid="ignore"):
        whole = np.where(np.isfinite(pools.price), pools.enough * pools.price, np.inf).min(axis=1)
    return price.min(axis=1), box, whole


def _verdict(pools: Pools, two: Index, one: Index, ratio: Array) -> Verdict:
    """The rule at the head for pairs (k2, k), [pair]."""
    extra, weak = np.zeros(len(one)), np.ones(len(one), dtype=bool)
    for seconds, cost, flow in zip(pools.kappa, pools.request_cost, pools.flow, strict=True):
        if cost.max() - cost.min() * (1 + SLACK) <= NOTHING:
            continue
        more = cost[two] - cost[one] * (1 + SLACK)
        paid = np.isfinite(seconds[one]) & (more > NOTHING)
        np.maximum(extra, np.multiply(more, flow[one], out=np.zeros(len(one)), where=paid), out=extra)
        if pools.contingent:
            weak &= ~paid
    strong: Mask = weak.copy()
    together = ~pools.exposed[two] | (pools.lot[two] == pools.lot[one])
    for m, purchase in enumerate(PURCHASES):
        sold = np.isfinite(pools.price[one, m]) & weak
        if not sold.any():
            continue
        at = np.flatnonzero(sold)
        replaced, parted = np.zeros(len(at), dtype=bool), np.zeros(len(at), dtype=bool)
        for other in STANDS_IN[purchase]:
            fine = _replaces(pools, two[at], one[at], ratio[at], extra[at], m, PURCHASES.index(other))
            parted |= fine
            replaced |= fine & together[at] if other == "spot" else fine
        weak[at] &= parted
        strong[at] &= replaced
    return np.where(strong, STRONG, np.where(weak, WEAK, 0)).astype(np.int8)


def _replaces(pools: Pools, two: Index, one: Index, ratio: Array, extra: Array, m: int, m2: int) -> Mask:
    """Whether replicas of k2 bought as m2 take the place of those of k bought as m, [pair]."""
    price2 = pools.price[two, m2]
    if not np.isfinite(price2).any():
        return np.zeros(len(one), dtype=bool)
    needed = ratio * pools.available[one, m] / pools.available[two, m2]
    if PURCHASES[m] == "serverless":
        awake = np.maximum(needed, 1.0)  # what keeps one replica of k awake keeps one of k2 awake too
        return _no_dearer(pools, two, one, awake, np.ones(1), extra, m, m2)
    t = np.maximum(np.ceil(needed * (1 - SLACK)), 1.0)
    box, box2 = pools.box[one, m], pools.box[two, m2]
    step = box2 / np.gcd(box.astype(np.int64), box2.astype(np.int64))
    t = np.ceil(t / step) * step  # t*box is a multiple of box2
    fine = _no_dearer(pools, two, one, t * box, box, extra, m, m2)
    return fine | _no_dearer(pools, two, one, pools.enough[two, m2], box, extra, m, m2)


def _no_dearer(
    pools: Pools, two: Index, one: Index, count2: Array, count: Array, extra: Array, m: int, m2: int
) -> Mask:
    """Whether `count2` replicas of k2 cost no more than `count` of k, in money and in what is counted, [pair]."""
    gap = np.maximum(pools.fixed[two] - pools.fixed[one] - SLACK, 0.0)
    hours = HOURS_PER_MONTH if PURCHASES[m] in COMMITTED else pools.least_hours
    if PURCHASES[m] == "serverless":
        hours = 0.0  # held for as short a time as one likes
    with np.errstate(invalid="ignore", over="ignore"):
        paid, paid2 = count * (pools.price[one, m] * (1 + SLACK) - extra), count2 * pools.price[two, m2]
        fine = np.isfinite(paid2) & (paid2 <= paid) & ((paid - paid2) * hours >= gap)
        fine &= count2 * pools.capital[two, m2] <= count * pools.capital[one, m] * (1 + SLACK) + SLACK
        if pools.counted:
            fine &= count2 * pools.gpus[two] <= count * pools.gpus[one] * (1 + SLACK)
    return np.asarray(fine)


def reduce_pools(pools: Pools) -> tuple[Mask, Index]:
    """Which designs stay, and for each that goes one that stays and may take its place (-1 for those that stay)."""
    n = pools.kappa.shape[1]
    by = np.full(n, -1, dtype=np.intp)
    for members in _bins(pools.group):
        if len(np.unique(pools.group[members])) == len(members):
            continue  # each is alone in its group
        taker = _reduced(pools.take(members))
        by[members] = np.where(taker < 0, -1, members[taker])
    keep = by < 0
    for k in np.flatnonzero(~keep).tolist():
        while not keep[by[k]]:
            by[k] = by[by[k]]
    return keep, by


def _bins(group: Index) -> Iterator[Index]:
    """Members of whole groups, of several small ones together."""
    order = np.argsort(group, kind="stable")
    start = 0
    for end in [*np.flatnonzero(np.diff(group[order])) + 1, len(order)]:
        if end - start > ALL // 2 or end == len(order):
            yield np.sort(order[start:end])
            start = end


def _reduced(pools: Pools) -> Index:
    """For each design one that takes its place as it goes, which may go after it; -1 for those that stay.

    Where there are many, the cheapest are tried on all others first, and stay so far; then all that is left on all.
    """
    n = pools.kappa.shape[1]
    by = np.full(n, -1, dtype=np.intp)
    _, lot = np.unique(pools.lot, return_inverse=True)
    many = n + 1 if pools.most_pools is None else max(1, pools.most_pools)
    seen = np.zeros((int(lot.max(initial=0)) + 1, n), dtype=bool)  # lots of weak dominators so far
    left, tried = np.argsort(_score(pools), kind="stable"), np.empty(0, dtype=np.intp)
    pools = _once(pools)
    while len(left) > ALL:
        rows = left[:BLOCK]
        verdict = dominators(pools.take(left), np.arange(len(rows)))
        for i, k in enumerate(rows.tolist()):
            at = i + 1 + np.flatnonzero(verdict[i, i + 1 :])
            if by[k] < 0 and len(at):
                rest, found = left[at], verdict[i, at]
                seen[lot[k], rest] |= found == WEAK
                by[rest[(by[rest] < 0) & ((found == STRONG) | (seen[:, rest].sum(axis=0) >= many))]] = k
        tried, left = np.concatenate([tried, rows[by[rows] < 0]]), left[by[left] < 0][(by[rows] < 0).sum() :]
    left = np.concatenate([tried, left])
    verdict, stays = np.ascontiguousarray(dominators(pools.take(left)).T), np.ones(len(left), dtype=bool)
    for i in np.flatnonzero(verdict.any(axis=1))[::-1].tolist():
        over = np.flatnonzero((verdict[i] > 0) & stays)
        strong = over[verdict[i, over] == STRONG]
        if len(strong) or len(set(lot[left[over]].tolist())) >= many:
            by[left[i]] = left[strong[0] if len(strong) else over[0]]
            stays[i] = False
    return by


def _once(pools: Pools) -> Pools:
    """The same with each segment of many that are alike once, as where each design stands for one."""
    if len(pools.kappa) <= MANY:
        return pools
    _, rows = np.unique(np.hstack([pools.kappa, pools.request_cost, pools.flow]), axis=0, return_index=True)
    return replace(pools, kappa=pools.kappa[rows], request_cost=pools.request_cost[rows], flow=pools.flow[rows])


def _score(pools: Pools) -> Array:
    """Sum over segments of the logarithm of the least a request costs; high where a segment is not served."""
    cost = np.log(pools.kappa * _least(pools)[0])
    served = np.isfinite(cost)
    return np.asarray(np.where(served, cost, np.where(served, cost, 0.0).max(initial=0.0) + 1).sum(axis=0))


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
