"""What the scenario asks of pools, and what a request pays at a pool besides the replica's hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from solver.cold_starts import start_up, starts_per_request, waiting_shares
from solver.compliance import Reason
from solver.contingencies import is_covered
from solver.costs import egress_charge
from solver.dominance import peak_load
from solver.pool_sites import Places, Site
from solver.problem import Array, Charge, LoadBlocks
from solver.refusals import Rule
from solver.scenario import Policy, Scenario
from solver.sub_segments import SubSegment
from solver.units import SECONDS


@dataclass(frozen=True)
class Chosen:
    """Sites to be considered, and the ones that are not, each with one that beats it."""

    sites: tuple[int, ...]
    gone: Mapping[int, int]


@dataclass(frozen=True)
class Asked:
    """What the scenario asks of pools, gathered once; `of_pools` are the texts of rules that may mean a pool."""

    scenario: Scenario
    catalog: Catalog
    parts: tuple[SubSegment, ...]
    blocks: LoadBlocks
    sites: tuple[Site, ...]
    places: Places
    trips: Array
    idle_s: float = 0.0
    of_pools: frozenset[str] = frozenset()
    chosen: Mapping[tuple[str, int], Chosen] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """The policy of the scenario."""
        return self.scenario.policy

    @property
    def by_name(self) -> bool:
        """Whether a rule names pools, so that places and designs cannot be compared apart."""
        return bool(self.named or self.policy.may_use or self.barred)

    @cached_property
    def sites_of(self) -> Mapping[str, Sequence[int]]:
        """The sites of each GPU."""
        found: dict[str, list[int]] = {}
        for v, site in enumerate(self.sites):
            found.setdefault(site.gpu, []).append(v)
        return found

    @cached_property
    def barred(self) -> tuple[str, ...]:
        """Texts of must-not-use that may mean a pool."""
        return tuple(text for text in self.policy.must_not_use if text in self.of_pools)

    @cached_property
    def named(self) -> tuple[str, ...]:
        """Texts that pools may not leave the problem without."""
        return tuple(text for text in self.scenario.named if text in self.of_pools)

    def why_not(self, s: int, v: int) -> Reason | None:
        """Why segment s may not be served at site v by any design: compliance, or too many cold starts.

        A start takes longer than any TTFT limit at hand is: what waits for one counts against its percentile.
        """
        why = self.places.why[s][v]
        segment = self.parts[s].segment
        if why is not None or self.sites[v].pool_class != "serverless" or segment.ttft is None:
            return why
        share, most = self.waiting[s], 1 - segment.percentile / 100
        if share <= most:
            return None
        return Reason(Rule.TTFT, share, most, "share of cold starts", share / max(most, 1e-9) - 1)

    @cached_property
    def waiting(self) -> dict[int, float]:
        """Share of each segment's requests that wait for a start, of a replica whose weights take no time."""
        return waiting_shares(self.parts, self.blocks, self.idle_s, start_up(self.catalog).fixed)

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """Whether segment s may be served at site v by some design, [s, v]."""
        sites = range(len(self.sites))
        return np.array([[self.why_not(s, v) is None for v in sites] for s in range(len(self.parts))], dtype=bool)

    @cached_property
    def peak(self) -> Array:
        """Most requests/s [s, b] that capacity may have to carry, headroom included."""
        waits = np.array([part.segment.may_wait for part in self.parts], dtype=bool)
        return np.asarray(peak_load(self.blocks, waits) * (1 + self.policy.headroom))

    @property
    def most_requests_per_replica_s(self) -> Array:
        """Requests that a replica-second of capacity can serve at most, times kappa, [s].

        Capacity carries the peak with headroom, requests are counted at the mean: the largest mean over peak.
        """
        mean, peak = self.blocks.mean, np.maximum(self.blocks.peak, 1e-300)
        ratio = np.where(self.blocks.mean > 0, mean / peak, 0.0).max(axis=1)
        return np.asarray(ratio / (1 + self.policy.headroom))

    @cached_property
    def exposed(self) -> NDArray[np.bool_]:
        """Segments [s] that the loss of spot can leave with less than their coverage."""
        part = [one.segment.coverage + one.segment.spot_tolerance > 1 + 1e-9 for one in self.parts]
        return np.array(part, dtype=bool) & is_covered(self.scenario, "spot")


def request_charges(asked: Asked, s: int, site: Site, weights_gb: float) -> tuple[Charge, ...]:
    """What a request pays at a pool besides the replica's hours: egress, and the start-up of serverless replicas."""
    charges = egress_charge(asked.catalog, asked.policy, site.provider, asked.parts[s].segment)
    way = site.purchases.get("serverless")
    if site.pool_class != "serverless" or way is None:
        return charges
    return (*charges, *cold_start_charge(asked, s, way.price, weights_gb, way.date))


def cold_start_charge(
    asked: Asked, s: int, price_per_hour: float, weights_gb: float, date: str = ""
) -> tuple[Charge, ...]:
    """The hours of the starts that a request pays for."""
    start = start_up(asked.catalog)
    seconds = start.seconds(weights_gb)
    hours = starts_per_request(asked.parts[s], asked.blocks, s, asked.idle_s, seconds) * seconds / SECONDS["hour"]
    return (Charge("cold starts", "replica-hour", hours, price_per_hour, start.estimate, date=date),) if hours else ()
