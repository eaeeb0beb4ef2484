"""Which sites of a GPU are worth considering: none that another beats in price and nearness for every segment."""

from collections.abc import Iterable
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from solver.contingencies import is_covered
from solver.costs import egress_charge
from solver.dominance import Pools, reduce_pools, useless_purchases
from solver.in_force import moving
from solver.pool_charges import Asked, Chosen
from solver.pool_sites import OWN_PROVIDER, PURCHASES, Site
from solver.problem import Array
from solver.units import HOURS_PER_MONTH

Index = NDArray[np.intp]


class Ways(TypedDict):
    """What a replica costs at each place, arrays over places n and purchase types m, as `dominance.Pools` has them."""

    price: Array
    available: Array
    capital: Array
    box: Array
    lost: Array
    lot: Index
    group: Index


class Market:
    """Prices of all sites as arrays [site, m] of a whole instance, looked up once.

    Spot of one provider, region and GPU is one lot: it is taken back together, whatever runs on it. The program strikes
    pool by pool; that two pools on one such market would hedge each other is of no account here.
    """

    def __init__(self, asked: Asked) -> None:
        shape = (len(asked.sites), len(PURCHASES))
        horizon = asked.scenario.horizon
        self._price, self._box = np.full(shape, np.inf), np.ones(shape)
        self._available, self._capital, self._lost = np.ones(shape), np.zeros(shape), np.zeros(shape[0])
        loses = is_covered(asked.scenario, "replica")
        for v, site in enumerate(asked.sites):
            for name, way in site.purchases.items():
                m = PURCHASES.index(name)
                self._price[v, m] = way.price * (1 + max(0, way.term_months - horizon) / horizon)
                self._available[v, m], self._capital[v, m], self._box[v, m] = way.availability, way.capital, way.box
            if loses and "serverless" not in site.purchases:
                self._lost[v] = max((way.availability for way in site.purchases.values()), default=0.0)
        if asked.policy.capital is None:
            self._capital[:] = 0.0
        self._price[useless_purchases(self._price, self._available, self._capital)] = np.inf
        self._count = np.array([site.gpu_count for site in asked.sites], dtype=np.int64)
        self._group = _numbered([_rules_on(asked, site) for site in asked.sites])
        self._lot = _numbered([(site.provider, site.region, site.gpu) for site in asked.sites])
        moves = moving(asked.scenario, asked.catalog, asked.parts)
        self._added = moves.replica_added / HOURS_PER_MONTH if moves else 0.0
        egress = {provider: _egress(asked, provider) for provider in {site.provider for site in asked.sites}}
        self.egress = np.array([egress[site.provider] for site in asked.sites])

    def ways(self, sites: Index, gpus: Index | int) -> Ways:
        """Of replicas of so many GPUs at the sites: whole replicas of an instance come together."""
        box = (self._count[sites] // gpus).astype(np.float64)[:, None]
        return {
            "price": self._price[sites] / box + self._added,
            "available": self._available[sites],
            "capital": self._capital[sites] / box,
            "box": self._box[sites] * box,
            "lost": self._lost[sites],
            "lot": self._lot[sites],
            "group": self._group[sites],
        }


def choose_sites(asked: Asked, market: Market, sizes: Iterable[int]) -> dict[tuple[str, int], Chosen]:
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
                kappa = np.where(asked.allowed[:, sites], 1.0, np.inf)[:, None, :]
                keep, by = reduce_pools(
                    site_pools(asked, market, sites, kappa, np.zeros((1, len(sites)), dtype=np.int64), gpus)
                )
                gone = {int(sites[i]): int(sites[by[i]]) for i in np.flatnonzero(~keep).tolist()}
            found[gpu, gpus] = Chosen(tuple(v for v in sites.tolist() if v not in gone), gone)
    return found


def site_pools(asked: Asked, market: Market, sites: Index, kappa: Array, marks: NDArray[np.int64], gpus: int) -> Pools:
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
    cost = [np.tile(market.egress[sites], (len(reach), 1)), np.where(near, asked.trips[limited][:, sites], 0.0)]
    return Pools(
        kappa=np.vstack([np.where(reach, 1.0, np.inf), np.where(near, 1.0, np.inf), marked]),
        request_cost=np.vstack([*cost, np.zeros(marked.shape)]),
        flow=np.full((len(reach) + len(near) + len(marked), len(sites)), np.inf),
        fixed=np.zeros(len(sites)),
        gpus=np.full(len(sites), float(gpus)),
        marks=np.zeros(len(sites), dtype=np.int64),
        enough=np.full((len(sites), len(PURCHASES)), np.inf),
        exposed=np.asarray(some[asked.exposed].any(axis=0)),
        **market.ways(sites, gpus),
        **rules_of(asked),
    )


class PlanRules(TypedDict):
    """What holds for all designs, as `dominance.Pools` has it."""

    contingent: bool
    most_pools: int | None
    counted: bool


def rules_of(asked: Asked) -> PlanRules:
    """Whether anything may be lost, how many pools a plan may have, whether GPUs are counted."""
    return {
        "contingent": any(is_covered(asked.scenario, kind) for kind in asked.policy.contingencies),
        "most_pools": asked.policy.max_pool_designs,
        "counted": bool(asked.policy.gpus_available),
    }


def _egress(asked: Asked, provider: str) -> float:
    """Price of the way out, a GB; a charge in proportion for every segment."""
    charge = egress_charge(asked.catalog, asked.policy, provider, asked.parts[0].segment)
    return charge[0].price if charge else 0.0


def _rules_on(asked: Asked, site: Site) -> tuple[object, ...]:
    """Equal for sites that no rule tells apart: class, supplier where it counts, GPUs available, how often it fails."""
    policy = asked.policy
    suppliers = policy.min_suppliers is not None or policy.max_suppliers is not None
    suppliers |= is_covered(asked.scenario, "provider")
    rules = frozenset(policy.gpus_available) & {site.provider, site.gpu, f"{site.provider}/{site.gpu}"}
    return site.pool_class, site.provider if suppliers else "", site.provider == OWN_PROVIDER, rules


def _numbered(labels: Iterable[object]) -> Index:
    """Equal labels as equal numbers."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in labels], dtype=np.intp)
