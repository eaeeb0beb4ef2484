"""Which sites of a GPU are worth considering: none that another beats in price and nearness for every segment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from catalogs.records import PurchaseType
from solver.contingencies import is_covered
from solver.costs import egress_charge
from solver.dominance import Pools, reduce_pools, useless_purchases
from solver.pool_charges import Asked, Chosen
from solver.pool_sites import PURCHASES, Site
from solver.problem import Array, Purchase

Index = NDArray[np.intp]


def choose_sites(asked: Asked, sizes: Iterable[int]) -> dict[tuple[str, int], Chosen]:
    """Sites of each GPU and replica size that some site holds; all of them where rules name options."""
    by_gpu: dict[str, list[int]] = {}
    for v, site in enumerate(asked.sites):
        if not site.barred:
            by_gpu.setdefault(site.gpu, []).append(v)
    found: dict[tuple[str, int], Chosen] = {}
    for gpu, all_sites in sorted(by_gpu.items()):
        for gpus in sorted(sizes):
            sites = np.array([v for v in all_sites if asked.sites[v].holds(gpus)], dtype=np.intp)
            if not len(sites):
                continue
            gone: dict[int, int] = {}
            if not asked.by_name:
                serves = np.array(
                    [[asked.why_not(s, v) is None for v in sites.tolist()] for s in range(len(asked.parts))]
                )
                kappa = np.where(serves, 1.0, np.inf)[:, None, :]
                keep, by = reduce_pools(
                    site_pools(asked, sites, kappa, np.zeros((1, len(sites)), dtype=np.int64), gpus)
                )
                gone = {int(sites[i]): int(sites[by[i]]) for i in np.flatnonzero(~keep).tolist()}
            found[gpu, gpus] = Chosen(tuple(v for v in sites.tolist() if v not in gone), gone)
    return found


def site_pools(asked: Asked, sites: Index, kappa: Array, marks: NDArray[np.int64], gpus: int) -> Pools:
    """Sites as if they were designs: one serves what another serves if it does so for every design, and as near.

    A segment's kappa stands in as 1, each design's where rules name designs; nearness goes in as a segment's round
    trip, and a design's marks are told apart by as many designs as have them.
    """
    serves = np.isfinite(kappa)
    some = np.asarray(serves.any(axis=1))
    reach = serves.reshape(-1, len(sites)) if asked.by_name else some
    limited = np.array([s for s, part in enumerate(asked.parts) if part.segment.ttft is not None], dtype=np.intp)
    near = some[limited]
    lacks = [((marks >> bit) & 1).astype(float) for bit in range(len(asked.named))]
    marked = np.vstack([np.where(each > 0, 1.0, np.inf) for each in lacks]) if lacks else np.empty((0, len(sites)))
    egress = np.array([_egress(asked, asked.sites[v].provider) for v in sites.tolist()])
    cost = [np.tile(egress, (len(reach), 1)), np.where(near, asked.trips[limited][:, sites], 0.0)]
    return Pools(
        kappa=np.vstack([np.where(reach, 1.0, np.inf), np.where(near, 1.0, np.inf), marked]),
        request_cost=np.vstack([*cost, np.zeros(marked.shape)]),
        flow=np.full((len(reach) + len(near) + len(marked), len(sites)), np.inf),
        fixed=np.zeros(len(sites)),
        gpus=np.full(len(sites), float(gpus)),
        group=groups_of(asked, [asked.sites[v] for v in sites.tolist()]),
        marks=np.zeros(len(sites), dtype=np.int64),
        counted=bool(asked.policy.gpus_available),
        enough=np.full((len(sites), len(PURCHASES)), np.inf),
        **ways_of(asked, [asked.sites[v].per_replica(gpus) for v in sites.tolist()]),
    )


class Ways(TypedDict):
    """Arrays [n, m] over designs and purchase types."""

    price: Array
    available: Array
    capital: Array
    box: Array


def ways_of(asked: Asked, ways: Sequence[Mapping[PurchaseType, Purchase]]) -> Ways:
    """Price, availability, capital and box [n, m] of the purchases; what beats no other of its design is left out."""
    n, horizon = len(ways), asked.scenario.horizon
    price, box = np.full((n, len(PURCHASES)), np.inf), np.ones((n, len(PURCHASES)))
    available, capital = np.ones((n, len(PURCHASES))), np.zeros((n, len(PURCHASES)))
    for i, purchases in enumerate(ways):
        for m, name in enumerate(PURCHASES):
            if name in purchases:
                way = purchases[name]
                price[i, m] = way.price * (1 + max(0, way.term_months - horizon) / horizon)
                available[i, m], capital[i, m], box[i, m] = way.availability, way.capital, way.box
    if asked.policy.capital is None:
        capital[:] = 0.0
    price[useless_purchases(price, available, capital)] = np.inf
    return {"price": price, "available": available, "capital": capital, "box": box}


def _egress(asked: Asked, provider: str) -> float:
    """Price of the way out, a GB; a charge in proportion for every segment."""
    charge = egress_charge(asked.catalog, asked.policy, provider, asked.parts[0].segment)
    return charge[0].price if charge else 0.0


def groups_of(asked: Asked, sites: Sequence[Site]) -> NDArray[np.intp]:
    """Sites that no rule tells apart: of one class, alike for rules on suppliers, on GPUs available and on losses."""
    policy = asked.policy
    suppliers = policy.min_suppliers is not None or policy.max_suppliers is not None
    suppliers |= is_covered(asked.scenario, "provider")
    labels: dict[tuple[object, ...], int] = {}
    found = []
    for site in sites:
        rules = frozenset(policy.gpus_available) & {site.provider, site.gpu, f"{site.provider}/{site.gpu}"}
        key = (site.pool_class, site.provider if suppliers else "", rules)
        found.append(labels.setdefault(key, len(labels)))
    return np.array(found, dtype=np.intp)
