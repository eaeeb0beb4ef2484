"""The shipped tables of facts: figures in, frozen records out. Prices stand in prices.py and api_prices.py.

A blank cell is left out of the record: unknown, never zero. Each table is read once in a process.
"""

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from catalogs.quality_records import LongContextLoss, Predecessor
from catalogs.records import (
    Engine,
    EngineOffset,
    Figure,
    FormatOffset,
    Gpu,
    LoadShape,
    MeasuredRange,
    Model,
    PairOffset,
    PerformanceClass,
    Precision,
    QualityFloor,
    QualityScore,
    QuantisationLoss,
    Record,
    SpeedBand,
)

FIGURES = Path(__file__).parent / "figures"
FITTED = {
    "source": "fit on 2,601 of 3,071 published serving measurements (InferenceX, NVIDIA, Argonne and others)",
    "date": "2026-11-28",
}
R = TypeVar("R", bound=Record)


def csv_rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file under figures/, without their blank cells."""
    with (FIGURES / name).open(encoding="utf-8", newline="") as stream:
        header, *lines = csv.reader(stream)
        return [{key: cell for key, cell in zip(header, line, strict=True) if cell} for line in lines]


def toml_tables(name: str) -> dict[str, Any]:
    """Tables of a TOML file under figures/."""
    return tomllib.loads((FIGURES / name).read_text(encoding="utf-8"))


def by_key(records: Iterable[R], key: Callable[[R], Any]) -> dict[Any, R]:
    """Records by key; of several with one key the last stands."""
    return {key(record): record for record in records}


def _records(kind: type[R], rows: Iterable[Mapping[str, Any]], drop: tuple[str, ...] = ()) -> dict[str, R]:
    records = (kind.model_validate({name: cell for name, cell in row.items() if name not in drop}) for row in rows)
    return {record.id: record for record in records}  # type: ignore[attr-defined]


@cache
def gpus() -> Mapping[str, Gpu]:
    """GPUs, TPUs, Apple machines and the CPU server, by id."""
    return _records(Gpu, csv_rows("gpus.csv"))


@cache
def models() -> Mapping[str, Model]:
    """Open-weight models by id."""
    return _records(Model, csv_rows("models.csv"))


@cache
def precisions() -> Mapping[str, Precision]:
    """Weight formats by id."""
    return _records(Precision, _named(toml_tables("precisions.toml")))


@cache
def engines() -> Mapping[str, Engine]:
    """Inference servers by id."""
    return _records(Engine, _named(toml_tables("engines.toml")))


def _named(tables: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"id": name, **table} for name, table in tables.items()]


@cache
def performance_classes() -> Mapping[str, PerformanceClass]:
    """Efficiencies by GPU class."""
    rows = [FITTED | row for row in _named(toml_tables("performance.toml")["class"])]
    return _records(PerformanceClass, rows)


@cache
def engine_offsets() -> Mapping[str, EngineOffset]:
    """Factors of each engine on the performance model's parameters."""
    offsets = toml_tables("performance.toml")["offset"]
    return {name: EngineOffset(engine=name, **FITTED, **table) for name, table in offsets.items()}


@cache
def format_offsets() -> Mapping[str, FormatOffset]:
    """Factors of each weight format on the performance model's parameters, by the format's id."""
    rows = [FormatOffset(**FITTED, **table) for table in _named(toml_tables("performance.toml")["format"])]
    return {name: row for row in rows for name in row.formats}


@cache
def pair_offsets() -> Mapping[str, PairOffset]:
    """Factors of an engine on one GPU class, by class/engine."""
    return _records(PairOffset, [FITTED | row for row in _named(toml_tables("performance.toml")["pair"])])


@cache
def speed_bands() -> Mapping[str, SpeedBand]:
    """How far a computed speed may be off, by what was measured of GPU class and engine."""
    return _records(SpeedBand, _named(toml_tables("performance.toml")["band"]))


@cache
def measured_models() -> frozenset[str]:
    """Models of which speeds were published."""
    return frozenset(toml_tables("performance.toml")["measured"]["models"])


@cache
def performance_figures() -> Mapping[str, Figure]:
    """Parameters of the performance model that do not depend on the GPU's class, as `perf_<name>`."""
    return {key: Figure(**(FITTED | table)) for key, table in toml_tables("performance.toml")["parameter"].items()}


@cache
def uncertainty_figures() -> Mapping[str, Figure]:
    """How far figures may turn out otherwise over the horizon, as `range_<what>`: each with its low and high end."""
    return {key: Figure.model_validate(table) for key, table in toml_tables("uncertainty.toml").items()}


@cache
def scores() -> Mapping[tuple[str, str, str], QualityScore]:
    """Published benchmark scores by (model, benchmark, date)."""
    rows = map(_score, csv_rows("quality_scores.csv"))
    return by_key(rows, lambda score: (score.model, score.benchmark, score.date))


@cache
def predecessors() -> Mapping[str, Predecessor]:
    """Whom a closed model follows, by model: our own reading of families and prices."""
    source = {"source": "own reading of the makers' families and prices"}
    return by_key((Predecessor.model_validate(source | row) for row in csv_rows("quality_inherited.csv")), _model_of)


def _model_of(record: Predecessor) -> str:
    return record.model


_BESIDE_SCORE = {"variant", "licence"}
_MORE_EFFORT = re.compile(r"[-_](x?high|max|thinking|highthinking|reasoning)\b", re.IGNORECASE)


def _score(row: Mapping[str, Any]) -> QualityScore:
    """A score; one measured with more hidden reasoning than prices and speeds count is an estimate of the model."""
    kept = {key: value for key, value in row.items() if key not in _BESIDE_SCORE}
    if not kept.get("estimate") and _MORE_EFFORT.search(row.get("variant") or ""):
        kept["estimate"] = f"measured as {row['variant']}: its hidden reasoning is neither priced nor timed here"
    return QualityScore.model_validate(kept)


@cache
def floors() -> tuple[QualityFloor, ...]:
    """What the quality words mean for each task, in order of preference."""
    tables = toml_tables("quality_floors.toml")
    made = []
    for task, places in tables["order"].items():
        for place in places:
            row = tables["threshold"][place]
            benchmark, _, date = place.partition("@")
            made += [
                QualityFloor(
                    task=task,
                    word=word,
                    benchmark=benchmark,
                    benchmark_date=date,
                    threshold=row[word],
                    unit=row["unit"],
                    source=row["source"],
                    date=row["date"],
                    estimate=row.get("estimate", ""),
                )
                for word in ("low", "mid", "high", "frontier")
            ]
    return tuple(made)


@cache
def quantisation() -> Mapping[tuple[str, str], QuantisationLoss]:
    """Share of the score that a weight format keeps, by (precision, task)."""
    rows = csv_rows("quantisation.csv")
    losses = [QuantisationLoss.model_validate(row) for row in rows]
    return by_key(losses, lambda loss: (loss.precision, loss.task))


@cache
def long_context() -> tuple[LongContextLoss, ...]:
    """What a weight format keeps on long requests, one row a source."""
    return tuple(LongContextLoss.model_validate(row) for row in csv_rows("quantisation_long.csv"))


@cache
def measured() -> Mapping[tuple[str, str], MeasuredRange]:
    """What was measured at all, by (gpu, precision): beyond it a speed is an estimate."""
    rows = csv_rows("measured.csv")
    split = [row | {"engines": dict(pair.split("=") for pair in row["engines"].split())} for row in rows]
    return {(row.gpu, row.precision): row for row in map(MeasuredRange.model_validate, split)}


@cache
def measured_pairs() -> Mapping[tuple[str, str], int]:
    """Published operating points by (GPU class, engine)."""
    found: Counter[tuple[str, str]] = Counter()
    for row in measured().values():
        for engine, points in row.engines.items():
            found[gpus()[row.gpu].performance_class, engine] += points
    return found


@cache
def load_shapes() -> Mapping[str, LoadShape]:
    """Load by the hour over its mean, by id."""
    hours: dict[str, list[float]] = {}
    for row in csv_rows("load_shapes.csv"):
        hours.setdefault(row["shape"], []).append(float(row["load_over_mean"]))
    rows = [row | {"load_over_mean": hours[row["id"]]} for row in _named(toml_tables("load_shapes.toml"))]
    return _records(LoadShape, rows, drop=("licence",))
