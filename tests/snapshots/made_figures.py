"""A few figures made by hand, so that a screen can tell what values come to and no refresh of prices repaints it."""

from typing import Any

from catalogs.catalog import Catalog
from catalogs.records import ApiOffer, Attributes, Figure, LoadShape, Model, QualityFloor, QualityScore, Region

TOLD: dict[str, Any] = {"source": "made for the screens", "date": "2026-11-20"}
NIGHT, DAY = (0.4,) * 7, (1.0, 1.4, 1.6, 1.7, 1.6, 1.5, 1.6, 1.7, 1.6, 1.4, 1.2)
SHAPES = {
    "azure2024_conversation": (*NIGHT, *DAY, *(0.7,) * 6) * 5 + ((0.3,) * 24) * 2,
    "bursts": ((0.2,) * 10 + (12.0, 8.0) + (0.2,) * 12) * 7,
    "flat": (1.0,) * 24,
}
SCORES = {"open-3b": 48.0, "open-8b": 62.0, "open-70b": 78.0}
WORDS = {"low": 40.0, "mid": 60.0, "high": 70.0, "frontier": 85.0}
OFFERS = (("provider-a", "eu", 700.0), ("provider-b", "us", 1500.0), ("provider-c", "eu", 2600.0))


def made_figures() -> Catalog:
    """Three load shapes, three suppliers (two in the EU, two that never train), three open models."""
    return Catalog(
        as_of="2026-11-20", currency="USD", gpus={}, purchases={},
        models={name: Model(id=name, params_total_b=8, **TOLD) for name in SCORES},
        precisions={}, engines={}, performance_classes={}, engine_offsets={}, gpu_prices=(),
        api_offers=tuple(
            ApiOffer(
                id=f"{provider}/small@{region}", provider=provider, model="small", provider_model="small",
                region=region, open_weights=False, input_per_mtok=1, output_per_mtok=2, ttft_p95_ms=wait, **TOLD,
            )
            for provider, region, wait in OFFERS
        ),
        scores={
            (name, "exam", "2026-01"): QualityScore(model=name, benchmark="exam", score=score, unit="percent", **TOLD)
            for name, score in SCORES.items()
        },
        floors=tuple(
            QualityFloor(
                task=task, word=word, benchmark="exam", benchmark_date="2026-01", threshold=least, unit="percent",
                **TOLD,
            )
            for task in ("chat", "rag", "classification") for word, least in WORDS.items()
        ),
        quantisation={},
        operations={
            "setup_weeks": Figure(value=2.5, unit="engineer-weeks", **TOLD),
            "engineer_cost": Figure(value=160_000.0, unit="USD/year", **TOLD),
            "operations_fte_self_run": Figure(value=0.5, unit="FTE", **TOLD),
        },
        attributes={
            name: Attributes(provider=name, trains_on_data=False, sources={"trains_on_data": "its terms"})
            for name in ("provider-a", "provider-b")
        },
        regions={
            f"{provider}/{region}": Region(id=f"{provider}/{region}", geographies=(region,), **TOLD)
            for provider, region, _ in OFFERS
        },
        load_shapes={
            name: LoadShape(id=name, name=name, load_over_mean=values, minute_peak_over_hour=1.2, **TOLD)
            for name, values in SHAPES.items()
        },
    )  # fmt: skip
