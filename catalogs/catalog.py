"""All tables joined as of a date, in one currency, with the user's overlays on top."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalogs.records import (
    ApiOffer,
    Attributes,
    DesignRate,
    Engine,
    EngineOffset,
    Figure,
    Gpu,
    GpuPrice,
    GpuPurchase,
    LoadShape,
    Model,
    PerformanceClass,
    Precision,
    QualityFloor,
    QualityScore,
    QuantisationLoss,
    Region,
)


@dataclass(frozen=True)
class Catalog:
    """Every figure a decision may use; money in `currency`, converted once when loaded."""

    as_of: str
    currency: str
    gpus: Mapping[str, Gpu]
    purchases: Mapping[str, GpuPurchase]
    models: Mapping[str, Model]
    precisions: Mapping[str, Precision]
    engines: Mapping[str, Engine]
    performance_classes: Mapping[str, PerformanceClass]
    engine_offsets: Mapping[str, EngineOffset]
    gpu_prices: tuple[GpuPrice, ...]
    api_offers: tuple[ApiOffer, ...]
    scores: Mapping[tuple[str, str, str], QualityScore]
    floors: tuple[QualityFloor, ...]
    quantisation: Mapping[tuple[str, str], QuantisationLoss]
    operations: Mapping[str, Figure]
    attributes: Mapping[str, Attributes]
    regions: Mapping[str, Region]
    load_shapes: Mapping[str, LoadShape]
    rates: tuple[DesignRate, ...] = ()
    exchange_rates: Mapping[str, Figure] = field(default_factory=dict)
