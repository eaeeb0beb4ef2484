"""Segments as the program sees them: one for each region of users, with the round trip from there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from catalogs.catalog import Catalog
from catalogs.records import Region
from solver.load_blocks import blocks_of
from solver.problem import Array, LoadBlocks
from solver.scenario import Scenario, Segment

UNKNOWN_REGION = "unknown"


@dataclass(frozen=True)
class SubSegment:
    """The part of a segment whose users are in one region; `users` is empty where nobody said where they are."""

    name: str
    of: str
    segment: Segment
    share: float
    users: str = ""

    @property
    def requests_per_s(self) -> float:
        """Mean arrivals of today."""
        return self.segment.requests.per_second * self.share


def sub_segments(scenario: Scenario) -> tuple[SubSegment, ...]:
    """One a segment, or one for each region of its users (`chat/eu`), in the scenario's order."""
    found: list[SubSegment] = []
    for name, segment in scenario.segment.items():
        shares = {users: share for users, share in segment.users_in.items() if share > 0}
        if len(shares) <= 1:
            found.append(SubSegment(name, name, segment, 1.0, next(iter(shares), "")))
            continue
        found += [SubSegment(f"{name}/{users}", name, segment, share, users) for users, share in shares.items()]
    return tuple(found)


def load_of(scenario: Scenario, catalog: Catalog, parts: tuple[SubSegment, ...]) -> LoadBlocks:
    """The load blocks of all sub-segments. KeyError: a load shape that the catalog lacks."""
    shapes = [catalog.load_shapes[part.segment.load or scenario.load] for part in parts]
    return blocks_of(
        [shape.load_over_mean for shape in shapes],
        np.array([part.requests_per_s for part in parts]),
        np.array([part.segment.growth for part in parts]),
        scenario.horizon,
        np.array([shape.minute_peak_over_hour for shape in shapes]),
        scenario.blocks,
        np.array([part.segment.may_wait for part in parts]),
    )


def region_of(catalog: Catalog, provider: str, region: str) -> Region | None:
    """The region's record, keyed `provider/region`; else that of `unknown`; else None."""
    return catalog.regions.get(f"{provider}/{region}", catalog.regions.get(UNKNOWN_REGION))


def user_regions(regions: Mapping[str, Region]) -> set[str]:
    """Regions of users from which the catalog knows a round trip."""
    return {users for region in regions.values() for users in region.round_trip_ms}


def farthest(catalog: Catalog, users: str) -> float:
    """The longest round trip that the catalog knows from these users, ms; 0 where it knows none."""
    return max((region.round_trip_ms.get(users, 0.0) for region in catalog.regions.values()), default=0.0)


def round_trips(catalog: Catalog, parts: tuple[SubSegment, ...], places: list[tuple[str, str]]) -> tuple[Array, bool]:
    """Round trip [s, place] from users to each (provider, region), ms, and whether any had to be assumed.

    Where the catalog knows none for a place, the longest that it knows from these users is taken.
    """
    trips = np.zeros((len(parts), len(places)))
    assumed = False
    for s, part in enumerate(parts):
        if not part.users:
            continue
        otherwise = farthest(catalog, part.users)
        for place, (provider, name) in enumerate(places):
            region = region_of(catalog, provider, name)
            known = None if region is None else region.round_trip_ms.get(part.users)
            assumed |= known is None
            trips[s, place] = otherwise if known is None else known
    return trips, assumed
