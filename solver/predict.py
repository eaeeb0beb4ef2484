"""What one replica does: memory, operating points, the highest rate at an SLO, each with its band and its bound.

Milliseconds, GB (1e9 bytes), tokens; equations in README, "Performance of one replica".
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from catalogs.catalog import Catalog
from catalogs.measurements import MeasuredPoint
from catalogs.records import Gpu, Precision
from solver.bands import OUTSIDE, speed_band
from solver.design_arrays import DATA_PARALLEL_ATTENTION, DesignArrays, design_arrays, is_sized
from solver.design_columns import Design
from solver.measured import POINT_BAND, SWEEP_BAND, SweptRate, corrected, measurements_of, swept_rate
from solver.memory import GB, kv_bytes
from solver.operating_points import Load, Regime, StepParts, bound_by, operate, step_parts
from solver.slo_rate import Outcome, RequestShape, highest_rates

Array = NDArray[np.float64]
SCHEMA: Literal["wizard.prediction/1"] = "wizard.prediction/1"
MOST_ROWS = 6  # of the table without a number asked for: 1, then ever more up to what fits


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Banded(_Part):
    """A figure, and the share by which it may be off either way: from value/(1 + band) to value*(1 + band)."""

    value: float
    band: float
    low: float
    high: float


class Memory(_Part):
    """GB of the whole replica, but for `kv_request_gb` (one mean request at mid-answer) and `kv_token_bytes`.

    `weights` + `runtime` + `kv_room` = `available`, what the engine takes of `gpus`. `fit` requests are held at once,
    `kv_tokens` in all; below 1 the design is refused.
    """

    gpus_gb: float
    available_gb: float
    weights_gb: float
    runtime_gb: float
    kv_room_gb: float
    kv_token_bytes: float
    kv_request_gb: float
    kv_tokens: float
    fit: float


class TokenTime(_Part):
    """Where the time of an output token goes, ms; the parts add up to the TPOT."""

    weights: float
    compute: float
    kv: float
    communication: float
    overhead: float
    prefill: float


class Point(_Part):
    """Means at a number of requests in flight or, with `offered_per_s`, at a rate of arrivals.

    `running` decode at once; `waiting`: some wait for memory. `bound_by` is the largest part of the TPOT, or memory.
    """

    in_flight: float
    offered_per_s: float | None
    requests_per_s: Banded
    ttft_ms: Banded
    tpot_ms: Banded
    e2e_ms: Banded
    output_tokens_per_s: Banded
    running: float
    waiting: bool
    bound_by: str
    tpot_parts_ms: TokenTime


class HighestRate(_Part):
    """The highest rate that keeps the SLO, divided by `safety`; None where no rate keeps it, and `refused` says why.

    `ttft_ms` and `tpot_ms` are the percentile at that rate, or, refused, the best that the replica can do. `measured`
    tells that the rate is one of the user's own sweep, used as it is, or that all rates of it were too many.
    """

    ttft_limit_ms: float | None
    tpot_limit_ms: float | None
    percentile: float
    safety: float
    requests_per_s: Banded | None
    in_flight: float | None
    ttft_ms: float
    tpot_ms: float
    bound_by: str
    refused: str
    measured: str = ""


class Prediction(_Part):
    """One replica, and what it does. `refusals` say why no plan would use it (without points where the
    weights alone are too large to load); `estimate` what is not measured of it.

    `measured` tells what the user's own points made of the model, `own_rates` names rates that a plan uses as they are.
    """

    schema_id: Literal["wizard.prediction/1"] = Field(default=SCHEMA, alias="schema")
    model: str
    precision: str
    gpu: str
    gpus: int
    tensor_parallel: int
    attention_groups: int
    engine: str
    input_tokens: float
    output_tokens: float
    memory: Memory
    points: tuple[Point, ...]
    rate: HighestRate | None
    own_rates: tuple[str, ...]
    measured: str
    refusals: tuple[str, ...]
    estimate: str


class Asked(NamedTuple):
    """What is asked of a replica: numbers in flight, a rate of arrivals (requests/s), limits of the highest rate."""

    input_tokens: float
    output_tokens: float
    input_cv: float = 0.0
    output_cv: float = 0.0
    in_flight: tuple[float, ...] = ()
    rate: float | None = None
    highest: bool = False
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    percentile: float = 95.0


def predict(design: Design, asked: Asked, catalog: Catalog) -> Prediction:
    """Predict one replica. KeyError: an id that the catalog lacks. ValueError: a model of unknown architecture."""
    if not is_sized(catalog.models[design.model]):
        raise ValueError(design.model)
    own = measurements_of(catalog.measurements)
    arrays, corrections = corrected(design_arrays(catalog, [design]), own)
    bands = _Bands.of(design, catalog, bool(corrections))
    memory = _memory(arrays, asked)
    loads = memory.weights_gb < memory.gpus_gb
    counts = asked.in_flight or (() if asked.rate else _counts(memory.fit, float(arrays.max_sequences[0])))
    return Prediction(
        model=design.model,
        precision=design.precision,
        gpu=design.gpu,
        gpus=design.gpus,
        tensor_parallel=round(float(arrays.tensor_parallel[0])),
        attention_groups=round(float(arrays.attention_groups[0])),
        engine=design.engine,
        input_tokens=asked.input_tokens,
        output_tokens=asked.output_tokens,
        memory=memory,
        points=_points(arrays, asked, counts, bands) if loads else (),
        rate=_highest(arrays, asked, bands, own.of(design)) if asked.highest else None,
        own_rates=_own_rates(design, catalog),
        measured=corrections[0].says if corrections else "",
        refusals=tuple(_refusals(design, asked, memory, catalog)),
        estimate="" if corrections else arrays.estimates[0],
    )


def _memory(arrays: DesignArrays, asked: Asked) -> Memory:
    a, gpus = arrays, float(arrays.gpus[0])
    each = float(kv_bytes(a, asked.input_tokens + asked.output_tokens / 2)[0])
    copies = gpus / float(a.attention_groups[0])  # GPUs that share one request's cache
    room = float(a.kv_room[0])
    return Memory(
        gpus_gb=gpus * float(a.memory[0]) / GB,
        available_gb=gpus * float(a.memory_fraction[0] * a.memory[0]) / GB,
        weights_gb=gpus * float(a.weights[0]) / GB,
        runtime_gb=gpus * a.runtime / GB,
        kv_room_gb=gpus * room / GB,
        kv_token_bytes=copies * float(a.kv_token[0]),
        kv_request_gb=copies * each / GB,
        kv_tokens=float(a.kv_tokens[0]),
        fit=max(float(a.attention_groups[0]) * room / each, 0.0),
    )


def _counts(fit: float, sequences: float) -> tuple[float, ...]:
    """1 and powers of 4, up to what fits at once, which ends them."""
    most = max(int(min(fit, sequences)), 1)
    counts = [n for n in (1, 4, 16, 64, 256, 1024) if n < most]
    return (*map(float, counts[: MOST_ROWS - 1]), float(most))


class _Bands(NamedTuple):
    """Shares: of speed, and of the TTFT at a replica that is not busy and at one that is."""

    speed: float
    light: float
    busy: float

    @classmethod
    def of(cls, design: Design, catalog: Catalog, measured: bool) -> "_Bands":
        ids = (design.model, design.gpu, design.engine, design.precision)
        speed, light, busy = (
            speed_band(*ids, catalog, design.gpus, metric).share for metric in ("throughput", "ttft", "ttft_busy")
        )
        return cls(POINT_BAND if measured else speed, light, busy)


def _points(arrays: DesignArrays, asked: Asked, counts: Sequence[float], bands: _Bands) -> tuple[Point, ...]:
    regimes = [Regime.CLOSED] * len(counts) + [Regime.RATE] * (asked.rate is not None)
    size = len(regimes)
    if not size:
        return ()
    many = arrays.take(np.zeros(size, dtype=np.intp))
    load = Load(
        input_tokens=np.full(size, asked.input_tokens),
        output_tokens=np.full(size, asked.output_tokens),
        in_flight=np.array([*counts, *[1.0] * (size - len(counts))]),
        rate=np.full(size, asked.rate if asked.rate is not None else np.nan),
        requests=np.full(size, np.inf),
        first_wave=np.zeros(size),
    )
    points = operate(many, np.array([str(regime) for regime in regimes]), load)
    parts = step_parts(many, load, points)
    bounds = bound_by(many, parts, points)
    speed, light, busy = bands
    out = []
    for i, regime in enumerate(regimes):
        wide = max(speed, OUTSIDE.speed) if points.squeezed[i] else speed
        late = max(busy if points.busy[i] else light, wide)
        ttft, tpot, e2e = (float(times[i]) * 1e3 for times in (points.ttft, points.tpot, points.e2e))
        whole = (late * ttft + wide * max(e2e - ttft, 0.0)) / e2e if np.isfinite(e2e) else late
        given = regime is Regime.RATE and not points.waiting[i]
        rate = float(points.requests_per_s[i])
        out.append(
            Point(
                in_flight=load.in_flight[i] if regime is Regime.CLOSED else rate * e2e / 1e3,
                offered_per_s=asked.rate if regime is Regime.RATE else None,
                requests_per_s=_banded(rate, 0.0 if given else wide),
                ttft_ms=_banded(ttft, late),
                tpot_ms=_banded(tpot, wide),
                e2e_ms=_banded(e2e, whole),
                output_tokens_per_s=_banded(float(points.output_tokens_per_s[i]), 0.0 if given else wide),
                running=float(points.running[i]),
                waiting=bool(points.waiting[i]),
                bound_by=str(bounds[i]),
                tpot_parts_ms=_parts(parts, i),
            )
        )
    return tuple(out)


def _parts(parts: StepParts, i: int) -> TokenTime:
    return TokenTime(**{name: float(getattr(parts, name)[i]) * 1e3 for name in TokenTime.model_fields})


def _banded(value: float, band: float) -> Banded:
    return Banded(value=value, band=band, low=value / (1 + band), high=value * (1 + band))


def _highest(arrays: DesignArrays, asked: Asked, bands: _Bands, points: Sequence[MeasuredPoint]) -> HighestRate:
    """The rate of the user's sweep if there is one of such requests, else that of the model."""
    shape = RequestShape(
        asked.input_tokens, asked.input_cv, asked.output_tokens, asked.output_cv, 0.0, asked.ttft_ms, asked.tpot_ms,
        asked.percentile, asked.input_tokens + asked.output_tokens,
    )  # fmt: skip
    found = highest_rates(arrays, shape)
    rate, rule = float(found.requests_per_s[0]), str(found.rule[0])
    swept = swept_rate(points, shape) if points else None
    if swept is not None:
        rate = _as_swept(rate, swept)
    kept = bool(np.isfinite(rate))
    own = swept is not None and swept.requests_per_second is not None
    return HighestRate(
        ttft_limit_ms=asked.ttft_ms,
        tpot_limit_ms=asked.tpot_ms,
        percentile=asked.percentile,
        safety=1.0 if own else float(np.max(arrays.safety)),
        requests_per_s=_banded(rate, SWEEP_BAND if own else bands.speed) if kept else None,
        in_flight=float(found.concurrency[0]) if kept and not own else None,
        ttft_ms=float(found.ttft_ms[0]),
        tpot_ms=float(found.tpot_ms[0]),
        bound_by=str(found.bound_by[0]) if kept and not own else "",
        refused="" if kept else rule if rule != Outcome.OK else str(Outcome.UNKNOWN),
        measured=swept.says if swept else "",
    )


def _as_swept(rate: float, swept: SweptRate) -> float:
    """The sweep's rate as it is; where all of its rates were too many, the model's up to the lowest of them."""
    return swept.requests_per_second if swept.requests_per_second is not None else min(rate, swept.too_many)


def _own_rates(design: Design, catalog: Catalog) -> tuple[str, ...]:
    """Names of the user's own rates of this design, which a plan uses as they are."""
    key = (design.model, design.precision, design.gpu, design.gpus, design.engine)
    return tuple(
        rate.id for rate in catalog.rates if (rate.model, rate.precision, rate.gpu, rate.gpus, rate.engine) == key
    )


def _refusals(design: Design, asked: Asked, memory: Memory, catalog: Catalog) -> list[str]:
    """Why no plan would use the design for these requests, whatever the SLO."""
    model, gpu = catalog.models[design.model], catalog.gpus[design.gpu]
    precision, engine = catalog.precisions[design.precision], catalog.engines[design.engine]
    said = []
    longest = asked.input_tokens + asked.output_tokens
    each = memory.kv_request_gb * longest / (asked.input_tokens + asked.output_tokens / 2)
    if memory.fit < 1 or each > memory.kv_room_gb * design.gpus:
        needed = memory.weights_gb + memory.runtime_gb + each
        said.append(f"memory: one request needs {needed:.4g} GB, {memory.available_gb:.4g} GB may be taken")
    if model.max_context and longest > model.max_context:
        said.append(f"context: {longest:,.0f} tokens asked, the model has {model.max_context:,.0f}")
    if model.heads and model.heads % design.gpus and not design.attention_groups:
        said.append(f"split: {model.heads} attention heads do not divide by {design.gpus} GPUs")
    if not _holds(precision, gpu):
        said.append(f"precision: {gpu.name} does not run {precision.name}")
    if gpu.kind not in engine.kinds or gpu.vendor not in engine.vendors:
        said.append(f"engine: {engine.name} does not run on {gpu.name}")
    if engine.id not in precision.engines:
        said.append(f"engine: {engine.name} does not read {precision.name}")
    if model.experts and not engine.moe:
        said.append(f"engine: {engine.name} runs no mixture of experts")
    if (design.attention_groups or 1) > 1 and engine.id not in DATA_PARALLEL_ATTENTION:
        said.append(f"engine: {engine.name} has no data-parallel attention")
    return said


def _holds(precision: Precision, gpu: Gpu) -> bool:
    has = {"": True, "fp8": gpu.fp8_support, "fp4": gpu.fp4_support, "int8": gpu.int8_support}[precision.needs]
    return has and gpu.kind in precision.kinds and gpu.vendor in precision.vendors
