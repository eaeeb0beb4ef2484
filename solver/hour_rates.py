"""What an hour of a replica costs, and how long a request keeps it busy: the designs as arrays, for bounds."""

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.problem import Array
from solver.program.data import Data, beyond_horizon_per_month, committed_price_per_month, sunk_per_month
from solver.units import HOURS_PER_MONTH

MUCH = 1e12
"""More money an hour than any replica costs."""


@dataclass(frozen=True)
class Rates:
    """Designs as arrays over k, what an hour of a replica that is up costs in each way (inf: not sold).

    busy [s, k] replicas per request/s with headroom and request [s, k] money per request, 0 where not admissible;
    committed, hourly, spot [k] money per hour; opening [k] a month.
    """

    admissible: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    busy: Array
    request: Array
    committed: Array
    hourly: Array
    spot: Array
    opening: Array

    @cached_property
    def firm(self) -> Array:
        """The cheapest that is not spot."""
        return np.minimum(self.committed, self.hourly)


def rates_of(data: Data) -> Rates:
    """The rates of the designs that may serve; the rest is not admissible."""
    problem = data.problem
    shape = len(problem.segments), len(problem.designs)
    admissible, request = np.zeros(shape, dtype=bool), np.zeros(shape)
    place = {design.id: k for k, design in enumerate(problem.designs)}
    for s, k in data.pool_pairs:
        admissible[s, k] = True
        request[s, k] = data.request_cost.get((s, problem.designs[k].id), 0.0)
    ways = {name: np.full(shape[1], inf) for name in ("committed", "hourly", "spot")}
    for (k, m), way in data.purchases.items():
        name = "committed" if m in COMMITTED else "spot" if m == "spot" else "hourly"
        hour = committed_hour(data, k, m) if m in COMMITTED else way.price
        ways[name][k] = min(ways[name][k], hour / way.availability)
    opening = np.zeros(shape[1])
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "open" and cost.trigger[1] in place:
            opening[place[cost.trigger[1]]] += cost.per_month
    busy = np.where(admissible, np.nan_to_num(problem.kappa) * (1 + problem.headroom)[:, None], 0.0)
    return Rates(admissible, busy, request, opening=opening, **ways)


def committed_hour(data: Data, k: int, m: PurchaseType) -> float:
    """A committed replica an hour, at its cheapest."""
    return committed_month(data, k, m) / HOURS_PER_MONTH


def committed_month(data: Data, k: int, m: PurchaseType) -> float:
    """A committed replica a month, at its cheapest: what is in force is paid in part."""
    way = data.purchases[k, m]
    month = committed_price_per_month(way)
    if (kept := data.kept.get((k, m))) is not None:
        return month - sunk_per_month(way, kept)
    return month + beyond_horizon_per_month(way, data.problem.rules.horizon_months)
