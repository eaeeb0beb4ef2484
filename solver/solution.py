"""A solution by index: shares, counts and switches as arrays, read from an outcome's values by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.problem import Array, Problem
from solver.program.data import PURCHASE_TYPES, Data
from solver.program.offers import unlimited
from solver.program.variables import survivors

TINY_SHARE = 1e-9


@dataclass(frozen=True)
class Solution:
    """What a plan runs.

    pool [s, k, b] and api [s, a, b] are the requests a month (at mean load) that an option serves; units [s, a, b] the
    part of them within provisioned units. replicas[k, m] is [b]; unit_count [a]; steps of people. fallback (c, b) holds
    the shares [s, o] of the segments while contingency c holds, pools first, then APIs.
    """

    pool: Array
    api: Array
    units: Array
    replicas: Mapping[tuple[int, PurchaseType], Array]
    unit_count: Array
    steps: int
    fallback: Mapping[tuple[int, int], Array]

    @property
    def pools(self) -> list[int]:
        """Designs with replicas, or with traffic."""
        with_replicas = {k for (k, _), counts in self.replicas.items() if counts.any()}
        return sorted(with_replicas | {int(k) for k in np.flatnonzero(self.pool.sum(axis=(0, 2)))})

    @property
    def apis(self) -> list[int]:
        """API options with traffic."""
        return [int(a) for a in np.flatnonzero(self.api.sum(axis=(0, 2)))]

    @property
    def ready_apis(self) -> list[int]:
        """API options with traffic, or with some while a contingency holds."""
        n = self.api.shape[1]
        ready = {int(a) for shares in self.fallback.values() for a in np.flatnonzero(shares[:, -n:].sum(axis=0))}
        return sorted({*self.apis, *(ready if n else ())})


def solution_of(data: Data, values: Mapping[str, float]) -> Solution:
    """Read the values. Shares below TINY_SHARE are dropped and the rest scaled to add to 1 again."""
    problem = data.problem
    count = len(data.blocks)
    pool_share = np.zeros((len(problem.segments), len(problem.designs), count))
    api_share = np.zeros((len(problem.segments), len(problem.apis), count))
    unit_share = np.zeros_like(api_share)
    for s, k in data.pool_pairs:
        pool_share[s, k] = [values.get(f"x_s{s}_k{k}_b{b}", 0.0) for b in data.blocks]
    for s, a in data.api_pairs:
        api_share[s, a] = [values.get(f"x_s{s}_a{a}_b{b}", 0.0) for b in data.blocks]
        unit_share[s, a] = [values.get(f"w_s{s}_a{a}_b{b}", 0.0) for b in data.blocks]
    for share in (pool_share, api_share, unit_share):
        share[share < TINY_SHARE] = 0.0
    for s, groups in enumerate(data.groups):
        for group in groups:
            blocks = list(group)
            total = pool_share[s][:, blocks].sum() + api_share[s][:, blocks].sum()
            if total > 0:
                for share in (pool_share, api_share, unit_share):
                    share[s][:, blocks] /= total
    requests = data.requests[:, None, :]
    return Solution(
        pool=pool_share * requests,
        api=api_share * requests,
        units=np.minimum(unit_share, api_share) * requests,
        replicas=_replicas(data, values),
        unit_count=np.array([round(values.get(f"n_a{a}", 0.0)) * api.unit_step for a, api in enumerate(problem.apis)]),
        steps=round(values.get("steps", 0.0)),
        fallback=_fallback(data, values),
    )


def _fallback(data: Data, values: Mapping[str, float]) -> dict[tuple[int, int], Array]:
    """The shares of each contingency and block that the values tell of; z of an API without limits is x + over."""
    problem, n = data.problem, len(data.problem.designs)
    found: dict[tuple[int, int], Array] = {}
    for name, value in values.items():
        if name.startswith(("z_s", "over_s")) and value >= TINY_SHARE:
            s, option, c, b = name.split("_")[1:]
            shares = found.setdefault(
                (int(c[1:]), int(b[1:])), np.zeros((len(problem.segments), n + len(problem.apis)))
            )
            if name.startswith("z_s"):
                shares[int(s[1:]), int(option[1:]) + (n if option[0] == "a" else 0)] = value
    free = {lost: [pair for pair in survivors(data, lost)[1] if unlimited(problem, pair[1])] for lost, _ in found}
    for (lost, block), shares in found.items():
        for i, a in free[lost]:
            if f"z_s{i}_a{a}_c{lost}_b{block}" not in values:
                over = values.get(f"over_s{i}_a{a}_c{lost}_b{block}", 0.0)
                shares[i, n + a] = values.get(f"x_s{i}_a{a}_b{block}", 0.0) + over
    return found


def _replicas(data: Data, values: Mapping[str, float]) -> dict[tuple[int, PurchaseType], Array]:
    """Replicas [b] of each design and purchase type that the plan holds."""
    held: dict[tuple[int, PurchaseType], Array] = {}
    for (k, m), purchase in data.purchases.items():
        i = PURCHASE_TYPES.index(m)
        if m in COMMITTED:
            counts = np.full(len(data.blocks), round(values.get(f"r_k{k}_m{i}", 0.0)) * float(purchase.box))
        elif m == "serverless":
            counts = np.array([values.get(f"v_k{k}_b{b}", 0.0) for b in data.blocks])
        else:
            name = f"e_k{k}" if m == "spot" else f"d_k{k}_m{i}"
            counts = np.array([round(values.get(f"{name}_b{b}", 0.0)) * float(purchase.box) for b in data.blocks])
        if counts.any():
            held[k, m] = counts
    return held


def month_requests(problem: Problem) -> Array:
    """Requests a month [s] at the mean load of the horizon."""
    return np.asarray(problem.blocks.mean @ problem.blocks.hours * 3600.0)
