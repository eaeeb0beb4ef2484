"""All tables joined as of a date, in one currency, with the user's overlays on top."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar

from catalogs import api_prices, prices, tables
from catalogs.measurements import MeasuredPoint
from catalogs.money import Money
from catalogs.overlay import Parts, with_overlays
from catalogs.provisioned import provisioned
from catalogs.quality_records import Evaluation, LongContextLoss, Predecessor
from catalogs.records import (
    ApiOffer,
    Attributes,
    DesignRate,
    Engine,
    EngineOffset,
    Figure,
    FormatOffset,
    Gpu,
    GpuPrice,
    GpuPurchase,
    LoadShape,
    MeasuredRange,
    Model,
    PairOffset,
    PerformanceClass,
    Precision,
    Provisioned,
    QualityFloor,
    QualityScore,
    QuantisationLoss,
    Region,
    Sourced,
    SpeedBand,
)
from catalogs.toml_file import Fault, InputError, short

P = TypeVar("P", GpuPrice, GpuPurchase, ApiOffer, Provisioned)


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
    provisioned: tuple[Provisioned, ...] = ()
    measured: Mapping[tuple[str, str], MeasuredRange] = field(default_factory=dict)
    measured_pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    exchange_rates: Mapping[str, Figure] = field(default_factory=dict)
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    predecessors: Mapping[str, Predecessor] = field(default_factory=dict)
    long_context: tuple[LongContextLoss, ...] = ()
    speed_bands: Mapping[str, SpeedBand] = field(default_factory=dict)
    measured_models: frozenset[str] = frozenset()
    format_offsets: Mapping[str, FormatOffset] = field(default_factory=dict)
    pair_offsets: Mapping[str, PairOffset] = field(default_factory=dict)
    measurements: tuple[MeasuredPoint, ...] = ()


def load_catalog(
    currency: str = "USD",
    as_of: str | None = None,
    overlays: Sequence[tuple[str, Mapping[str, Any]]] = (),
    unusable_prices: bool = False,
) -> Catalog:
    """Join all tables: prices of `as_of` or before, money in `currency`, the user's overlays on top.

    `as_of` is an ISO date; None is the newest date in the figures. Prices, offers and scores dated after it are left
    out, and the newest row of an id wins; facts (hardware, models, engines, attributes) are as they are known now.
    Placeholder and suspect GPU prices stay out unless `unusable_prices`. Overlays: see `catalogs.overlay`.
    Raises InputError for a bad date, a currency without a rate, and every fault of the overlays.
    """
    day = _day(as_of) if as_of is not None else newest_date()
    money = Money(currency, day)
    money.check()
    listed = (price for price in prices.gpu_prices() if price.usable or unusable_prices)
    parts: Parts = {
        "gpus": dict(tables.gpus()),
        "gpu_purchases": _by(map(money.converted, _newest(prices.gpu_purchases(), "gpu", day)), "gpu"),
        "gpu_prices": _by(map(money.converted, _newest(listed, "id", day)), "id"),
        "api_offers": _by(map(money.converted, _newest(_offers(day), "id", day)), "id"),
        "provisioned": _by(map(money.converted, _newest(provisioned(), "id", day)), "id"),
        "models": dict(tables.models()),
        "precisions": dict(tables.precisions()),
        "engines": dict(tables.engines()),
        "performance_classes": dict(tables.performance_classes()),
        "engine_offsets": dict(tables.engine_offsets()),
        "scores": {key: score for key, score in tables.scores().items() if score.date <= day},
        "floors": {(f.task, f.word, f.benchmark, f.benchmark_date): f for f in tables.floors()},
        "quantisation": dict(tables.quantisation()),
        "operations": {key: money.figure(figure) for key, figure in _operations().items()},
        "attributes": dict(prices.attributes()),
        "regions": dict(prices.regions()),
        "load_shapes": dict(tables.load_shapes()),
        "rates": {},
        "quality": {},
        "predecessors": dict(tables.predecessors()),
        "measurements": {},
    }
    parts = with_overlays(parts, overlays, money, day)
    return Catalog(
        as_of=day,
        currency=currency,
        gpus=parts["gpus"],
        purchases=parts["gpu_purchases"],
        models=parts["models"],
        precisions=parts["precisions"],
        engines=parts["engines"],
        performance_classes=parts["performance_classes"],
        engine_offsets=parts["engine_offsets"],
        gpu_prices=tuple(parts["gpu_prices"].values()),
        api_offers=tuple(parts["api_offers"].values()),
        scores=parts["scores"],
        floors=tuple(parts["floors"].values()),
        quantisation=parts["quantisation"],
        operations=parts["operations"],
        attributes=parts["attributes"],
        regions=parts["regions"],
        load_shapes=parts["load_shapes"],
        rates=tuple(parts["rates"].values()),
        provisioned=tuple(parts["provisioned"].values()),
        exchange_rates=money.rates,
        measured=tables.measured(),
        measured_pairs=tables.measured_pairs(),
        evaluations=parts["quality"],
        predecessors=parts["predecessors"],
        long_context=tables.long_context(),
        speed_bands=tables.speed_bands(),
        measured_models=tables.measured_models(),
        format_offsets=tables.format_offsets(),
        pair_offsets=tables.pair_offsets(),
        measurements=tuple(parts["measurements"].values()),
    )


@cache
def newest_date() -> str:
    """The newest day of what changes: what the catalog is as of when nobody says. A fact read later does not count."""
    records: Iterable[Sourced] = (
        *tables.scores().values(), *tables.floors(),
        *prices.gpu_prices(), *prices.gpu_purchases(), *_offers(None), *_operations().values(),
    )  # fmt: skip
    return max(record.date for record in records if len(record.date) == len("2026-11-24"))


@cache
def _operations() -> Mapping[str, Figure]:
    return {**tables.performance_figures(), **tables.uncertainty_figures(), **prices.operations()}


@cache
def _offers(day: str | None) -> tuple[ApiOffer, ...]:
    return api_prices.api_offers(day)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(Fault("as of", "", short(text), "a date such as 2026-11-24")) from None


def _newest(records: Iterable[P], key: str, day: str) -> list[P]:
    """Of the records dated `day` or before (`2026` counts as its first day), the newest of each key."""
    found: dict[str, P] = {}
    for record in records:
        name = getattr(record, key)
        if record.date <= day and (name not in found or found[name].date <= record.date):
            found[name] = record
    return list(found.values())


def _by(records: Iterable[P], key: str) -> dict[str, P]:
    return {getattr(record, key): record for record in records}
