"""Where and how GPUs can be had: prices gathered into sites, each with the purchase types it offers.

A site is one instance size of one provider and region: `gpu_count` GPUs that come together.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from catalogs.records import GpuPrice
from catalogs.vocabulary import TERM_MONTHS, PurchaseType
from solver.compliance import Reason, pool_attributes, reasons
from solver.costs import availability, owned_gpu
from solver.problem import PoolClass, Purchase
from solver.refusals import Rule
from solver.scenario import Policy, Scenario
from solver.sub_segments import SubSegment, region_of

Index = NDArray[np.intp]
OWN_PROVIDER, OWN_REGION = "owned", "own-site"
OWN_SIZES = (1, 2, 4, 8)
PURCHASES: tuple[PurchaseType, ...] = get_args(PurchaseType)
_REPLICA = re.compile(r"[^/]+/(\d+)x([^/]+)/[^/]+/(.+)")


@dataclass(frozen=True)
class Site:
    """One instance size at one place. `purchases` are of a whole instance; `barred` says why nobody may buy there.

    `mixed` marks a provider that sells pools of several classes; `sizes` are all instance sizes of this GPU there.
    """

    provider: str
    region: str
    pool_class: PoolClass
    gpu: str
    gpu_count: int
    purchases: Mapping[PurchaseType, Purchase]
    mixed: bool = False
    sizes: tuple[int, ...] = ()
    barred: Reason | None = None

    @property
    def place(self) -> str:
        """`provider@region`."""
        return f"{self.provider}@{self.region}"

    def name(self, gpus: int) -> str:
        """The last part of a design's id: the place, and the class or the instance size where there are several."""
        smallest = min((size for size in self.sizes if size >= gpus), default=self.gpu_count)
        kind = f":{self.pool_class}" if self.mixed and self.pool_class != "self_run" else ""
        return self.place + kind + (f":{self.gpu_count}-gpu" if self.gpu_count != smallest else "")

    def holds(self, gpus: int) -> bool:
        """Whether a replica of so many GPUs can stand there; owned servers are bought to measure."""
        return self.gpu_count == gpus if self.provider == OWN_PROVIDER else self.gpu_count >= gpus

    def has(self, design: str) -> bool:
        """Whether the design of this id stands here."""
        parts = _REPLICA.fullmatch(design)
        if parts is None:
            return False
        gpus, gpu, name = int(parts[1]), parts[2], parts[3]
        return gpu == self.gpu and self.holds(gpus) and self.name(gpus) == name

    def per_replica(self, gpus: int) -> dict[PurchaseType, Purchase]:
        """Purchases of a replica of so many GPUs: whole replicas of an instance come together."""
        box = self.gpu_count // gpus
        return {
            m: replace(
                way, price=way.price / box, capital=way.capital / box, running=way.running / box, box=box * way.box
            )
            for m, way in self.purchases.items()
        }


def names_of(sites: Sequence[Site], site: Index, gpus: NDArray[np.int64]) -> tuple[list[str], Index]:
    """Distinct names of sites for replicas of so many GPUs, and which of them each pair has."""
    key = site * (gpus.max(initial=0) + 1) + gpus
    _, one, name = np.unique(key, return_index=True, return_inverse=True)
    return [sites[site[i]].name(int(gpus[i])) for i in one.tolist()], name


def class_of(purchase: PurchaseType) -> PoolClass:
    """Who runs a pool that is bought so."""
    return purchase if purchase in ("managed", "serverless") else "self_run"


def pool_sites(scenario: Scenario, catalog: Catalog) -> tuple[Site, ...]:
    """All sites of the catalog's GPUs, sorted by GPU, place, class and size; owned ones if the policy asks for them."""
    policy = scenario.policy
    grouped: dict[tuple[str, str, str, PoolClass, int], list[GpuPrice]] = {}
    for price in catalog.gpu_prices:
        if price.gpu in catalog.gpus:
            pool_class = class_of(price.purchase)
            key = (price.gpu, price.provider, price.region, pool_class, price.gpu_count)
            grouped.setdefault(key, []).append(price)
    classes: dict[str, set[PoolClass]] = {}
    sizes: dict[tuple[str, str, str, PoolClass], set[int]] = {}
    for gpu, provider, region, pool_class, count in grouped:
        classes.setdefault(provider, set()).add(pool_class)
        sizes.setdefault((gpu, provider, region, pool_class), set()).add(count)
    known = {m: availability(catalog, m) for m in PURCHASES}
    sites = [
        _site(scenario, key, prices, known, len(classes[key[1]]) > 1, tuple(sorted(sizes[key[:4]])))
        for key, prices in grouped.items()
    ]
    if "owned" in policy.purchase_types:
        sites += _owned_sites(catalog, policy)
    return tuple(sorted(sites, key=lambda site: (site.gpu, site.place, site.pool_class, site.gpu_count)))


def _site(
    scenario: Scenario,
    key: tuple[str, str, str, PoolClass, int],
    prices: list[GpuPrice],
    known: Mapping[PurchaseType, tuple[float, str]],
    mixed: bool,
    sizes: tuple[int, ...],
) -> Site:
    gpu, provider, region, pool_class, count = key
    policy = scenario.policy
    site = Site(provider, region, pool_class, gpu, count, {}, mixed, sizes)
    kept = {m for design, ways in scenario.in_force.items() if site.has(design) for m in ways}
    usable = [price for price in prices if price.usable or policy.unusable_prices]
    allowed = [price for price in usable if not _not_allowed(scenario, price.purchase, price.purchase in kept)]
    barred = None
    if scenario.team.expertise == "none" and pool_class == "self_run":
        barred = Reason(Rule.EXPERTISE, "self-run servers", "managed or serverless: nobody to run servers")
    elif not usable:
        barred = Reason(Rule.NO_PRICE, f"only prices that cannot be used ({prices[0].flag})", "a usable price")
    elif not allowed:
        found = ", ".join(sorted({price.purchase for price in usable}))
        barred = Reason(Rule.PURCHASE_TYPE, found, _not_allowed(scenario, usable[0].purchase))
    purchases: dict[PurchaseType, Purchase] = {}
    for price in sorted(allowed, key=lambda price: (price.price_per_hour, price.id), reverse=True):
        share, unknown = known[price.purchase]
        purchases[price.purchase] = Purchase(
            price=price.price_per_hour,
            availability=share,
            term_months=TERM_MONTHS.get(price.purchase, 0),
            source=price.source,
            date=price.date,
            estimate="; ".join(filter(None, (price.estimate, unknown))),
        )
    ordered = {m: purchases[m] for m in PURCHASES if m in purchases}
    return replace(site, purchases=ordered, barred=barred)


def without_lifted(
    scenario: Scenario, design: str, ways: Mapping[PurchaseType, Purchase]
) -> dict[PurchaseType, Purchase]:
    """Of the purchases of a replica those that this design may have: a term too long only where it is in force."""
    kept = scenario.in_force.get(design, {})
    return {m: way for m, way in ways.items() if not _not_allowed(scenario, m, m in kept)}


def _not_allowed(scenario: Scenario, purchase: PurchaseType, in_force: bool = False) -> str:
    """What the policy wants instead of this purchase type; empty if it may be used, as a term in force always may."""
    policy = scenario.policy
    if purchase == "spot" and not any(segment.spot_tolerance > 0 for segment in scenario.segment.values()):
        return "a segment that tolerates spot"
    if purchase not in policy.purchase_types:
        return "one of " + ", ".join(policy.purchase_types)
    term = TERM_MONTHS.get(purchase, 0)
    if policy.beyond_horizon == "forbid" and term > scenario.horizon and not in_force:
        return f"a term of at most {scenario.horizon} months"
    return ""


def _owned_sites(catalog: Catalog, policy: Policy) -> list[Site]:
    """Bought GPUs on one's own site, one at a time or as a server of 2, 4 or 8 (each carries its share of a server)."""
    sites: list[Site] = []
    share, _ = availability(catalog, "owned")
    for gpu_id, purchase in sorted(catalog.purchases.items()):
        gpu = catalog.gpus.get(gpu_id)
        owned = owned_gpu(catalog, gpu, purchase) if gpu else None
        if gpu is None or owned is None:
            continue
        for count in (size for size in OWN_SIZES if size <= gpu.gpus_per_node):
            way = Purchase(
                price=owned.per_hour * count,
                availability=share,
                capital=owned.capital * count,
                running=owned.running * count,
                source=purchase.source,
                date=purchase.date,
                estimate="; ".join(filter(None, (purchase.estimate, owned.estimate))),
            )
            sites.append(Site(OWN_PROVIDER, OWN_REGION, "self_run", gpu_id, count, {"owned": way}, False, OWN_SIZES))
    return sites


@dataclass(frozen=True)
class Places:
    """What a segment may do at each site: `why` [s][site] the first requirement broken, or None."""

    why: tuple[tuple[Reason | None, ...], ...]

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Whether segment s may be served at a site, [s, site]."""
        return np.array([[reason is None for reason in row] for row in self.why], dtype=bool)


def matched(catalog: Catalog, parts: tuple[SubSegment, ...], sites: tuple[Site, ...]) -> Places:
    """Compliance of each place and class for each segment; of several requirements broken, the one farthest off."""
    known: dict[tuple[str, str, str, PoolClass], Reason | None] = {}
    rows = []
    for part in parts:
        row: list[Reason | None] = []
        for site in sites:
            key = (part.of, site.provider, site.region, site.pool_class)
            if key not in known:
                region = region_of(catalog, site.provider, site.region)
                have = pool_attributes(catalog.attributes.get(site.provider), site.provider, site.pool_class)
                broken = reasons(part.segment, have, region.geographies if region else ())
                known[key] = max(broken, key=lambda reason: reason.distance) if broken else None
            row.append(known[key])
        rows.append(tuple(row))
    return Places(tuple(rows))
