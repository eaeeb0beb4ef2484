"""How far a computed speed may be off: bands around TPOT, throughput, TTFT, and so around kappa.

A share of 0.15 means within 15 %; a factor f is the share f - 1. Figures: `[band]` of performance.toml, with source.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from catalogs.records import SpeedBand
from solver.design_arrays import DesignArrays, estimate_of
from solver.design_columns import Design
from solver.measured_range import untried_pair

Array = NDArray[np.float64]
Metric = Literal["tpot", "throughput", "ttft", "ttft_busy"]
OUTSIDE = SpeedBand(
    id="outside", speed=0.5, ttft=1.0, ttft_busy=1.0, source="solver/README.md, Performance of one replica",
    date="2026-11-28", estimate="outside what was measured",
)  # fmt: skip
"""The band where the catalog has none."""


class Band(NamedTuple):
    """`share` of the figure within which it lies; `estimate` says why it is outside what was measured, or is empty."""

    share: float
    estimate: str


def speed_band(
    model: str, gpu: str, engine: str, precision: str, catalog: Catalog, gpus: int = 1, metric: Metric = "throughput"
) -> Band:
    """The band of one design's speed; kappa at the pessimistic end is kappa*(1 + share).

    An engine never measured on a GPU of a measured class has the band of the two, and is an estimate all the same.
    `metric`: TPOT and throughput share one band, `ttft` is that at light load, `ttft_busy` near saturation.
    KeyError: an id that the catalog lacks.
    """
    estimate = estimate_of(catalog, model, precision, gpu, engine, gpus > 1)
    outside = estimate not in ("", untried_pair(catalog, gpu, engine))
    return Band(_share(_record(catalog, model, gpu, engine, outside), metric), estimate)


def speed_bands(catalog: Catalog, designs: Sequence[Design], metric: Metric = "throughput") -> tuple[Band, ...]:
    """The bands of many designs, each kind looked up once."""
    keys = [(d.model, d.gpu, d.engine, d.precision, min(d.gpus, 2)) for d in designs]
    found = {key: speed_band(*key[:4], catalog, key[4], metric) for key in dict.fromkeys(keys)}
    return tuple(found[key] for key in keys)


def band_shares(catalog: Catalog, arrays: DesignArrays, metric: Metric = "throughput") -> Array:
    """Shares [design] of the bands of these designs."""
    return np.array([band.share for band in speed_bands(catalog, arrays.designs, metric)], dtype=np.float64)


def _record(catalog: Catalog, model: str, gpu: str, engine: str, outside: bool) -> SpeedBand:
    """The band of a measured GPU class and engine, else the widest; a mixture of experts never measured is no nearer
    than its own band."""
    if outside:
        return catalog.speed_bands.get(OUTSIDE.id, OUTSIDE)
    group, record = catalog.gpus[gpu].performance_class, catalog.models[model]
    found = measured_band(catalog, group, engine)
    if record.experts and model not in catalog.measured_models:
        return max(found, measured_band(catalog, group, engine, new_mixture=True), key=lambda band: band.speed)
    return found


def measured_band(catalog: Catalog, group: str, engine: str, new_mixture: bool = False) -> SpeedBand:
    """The band of a GPU class and an engine, or of mixtures of experts there that nobody measured; else the widest."""
    for band in catalog.speed_bands.values():
        if group in band.classes and engine in band.engines and band.new_mixtures == new_mixture:
            return band
    return catalog.speed_bands.get(OUTSIDE.id, OUTSIDE)


def _share(band: SpeedBand, metric: Metric) -> float:
    return {"ttft": band.ttft, "ttft_busy": band.ttft_busy}.get(metric, band.speed)
