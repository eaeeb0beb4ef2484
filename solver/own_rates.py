"""Rates that the user states of designs, by segment: how many requests a second one replica serves."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from catalogs.catalog import Catalog
from catalogs.records import DesignRate
from catalogs.toml_file import Fault, InputError
from solver.design_columns import Design
from solver.patterns import nearest
from solver.scenario import Segment


class OwnRate(NamedTuple):
    """The user's rate of a design for one segment, requests/s of one replica; 0: it may not serve the segment."""

    requests_per_second: float
    estimate: str
    source: str


def own_rates(catalog: Catalog, segments: Mapping[str, Segment]) -> dict[str, dict[Design, OwnRate]]:
    """The user's rates by segment and design; one for a segment goes before one for all. InputError: unknown ids."""
    faults: list[Fault] = []
    for rate in catalog.rates:
        key = f"rates.{rate.id}"
        for field, value, known in (
            ("model", rate.model, catalog.models), ("precision", rate.precision, catalog.precisions),
            ("gpu", rate.gpu, catalog.gpus), ("engine", rate.engine, catalog.engines),
        ):  # fmt: skip
            if value not in known:
                faults.append(
                    Fault("catalog", f"{key}.{field}", f'"{value}"', "an id of the catalog", nearest(value, known))
                )
        named = [("segment", rate.segment)] if rate.segment else [("by_segment", name) for name in rate.by_segment]
        faults += [
            Fault("catalog", f"{key}.{field}", f'"{name}"', "a segment of the scenario", nearest(name, segments))
            for field, name in named if name not in segments
        ]  # fmt: skip
    if faults:
        raise InputError(*faults)
    own: dict[str, dict[Design, OwnRate]] = {name: {} for name in segments}
    stated = [(named, name, each, rate) for rate in catalog.rates for named, name, each in _stated(rate, segments)]
    for _, name, each, rate in sorted(stated, key=lambda one: one[0]):
        design = Design(rate.model, rate.precision, rate.gpu, rate.gpus, rate.engine)
        own[name][design] = OwnRate(each, rate.estimate, f"{rate.source}, {rate.date}")
    return own


def _stated(rate: DesignRate, segments: Mapping[str, Segment]) -> Iterator[tuple[bool, str, float]]:
    """What a rate says of segments: whether it names the one, the segment, requests/s."""
    others = rate.requests_per_second or 0.0
    if rate.segment:
        yield True, rate.segment, others
        return
    for name in segments:
        yield name in rate.by_segment, name, rate.by_segment.get(name, others)
