"""Serverless replicas that fall asleep: how often one starts, how many requests wait for it, how long it is awake.

Poisson arrivals of lambda requests/s; a replica sleeps after T idle seconds and takes S seconds to start. A request
that arrives during a start waits for it and begins no second one. Between two starts there come 1 + lambda S requests
during the start and e^(lambda T) - 1 until the next gap longer than T: one start per e^(lambda T) + lambda S requests.
The time that a request itself takes is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalogs.catalog import Catalog
from solver.problem import Array, LoadBlocks
from solver.sub_segments import SubSegment
from solver.units import HOURS_PER_MONTH, SECONDS

STEEPEST = 700.0
"""An exponent above this is more requests between two starts than any month has."""


@dataclass(frozen=True)
class StartUp:
    """Seconds until a replica answers: `fixed`, and `per_gb` of its weights; `estimate` says how they are known."""

    fixed: float
    per_gb: float
    estimate: str = ""

    def seconds(self, weights_gb: float) -> float:
        """Seconds of one start."""
        return self.fixed + self.per_gb * weights_gb


def start_up(catalog: Catalog) -> StartUp:
    """The catalog's figures; 0 where it has none."""
    each, per_gb = (catalog.operations.get(key) for key in ("cold_start_s", "cold_start_s_per_gb"))
    estimate = "; ".join(figure.estimate for figure in (each, per_gb) if figure and figure.estimate)
    return StartUp(each.value if each else 0.0, per_gb.value if per_gb else 0.0, estimate)


def waiting_shares(parts: Sequence[SubSegment], blocks: LoadBlocks, idle_s: float, start_s: float) -> dict[int, float]:
    """Share of each segment's requests in a month that wait for a start, at mean load."""
    return {s: _mean(blocks, s, _per_start(blocks, s, idle_s, start_s, waiting=True)) for s in range(len(parts))}


def starts_per_request(part: SubSegment, blocks: LoadBlocks, s: int, idle_s: float, start_s: float) -> float:
    """Starts that a request of segment s pays for, at mean load; what may wait is sent in one go, once a day."""
    found = _mean(blocks, s, _per_start(blocks, s, idle_s, start_s))
    if not part.segment.may_wait:
        return found
    requests = float((blocks.mean[s] * blocks.hours).sum()) * SECONDS["hour"]
    days = HOURS_PER_MONTH * SECONDS["hour"] / SECONDS["day"]
    return min(found, days / max(requests, days))


def awake_shares(parts: Sequence[SubSegment], blocks: LoadBlocks, idle_s: float) -> Array:
    """Share of each block [s, b] that arrivals at the mean keep a serverless replica awake: 1 - exp(-arrivals*timeout).

    This is the least; what may wait can be sent in one go: 0.
    """
    waits = np.array([part.segment.may_wait for part in parts], dtype=bool)
    return np.asarray(np.where(waits[:, None], 0.0, -np.expm1(-blocks.mean * idle_s)))


def _per_start(blocks: LoadBlocks, s: int, idle_s: float, start_s: float, waiting: bool = False) -> Array:
    during = blocks.mean[s] * start_s
    between = np.exp(np.minimum(blocks.mean[s] * idle_s, STEEPEST)) + during
    return np.asarray((1 + during if waiting else 1) / between)


def _mean(blocks: LoadBlocks, s: int, values: Array) -> float:
    weight = blocks.mean[s] * blocks.hours
    return float((weight * values).sum() / max(weight.sum(), 1e-300))
