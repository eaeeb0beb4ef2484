"""Operating points of many systems, each by a few words: what one row of a benchmark says, predicted.

A system is copies of a replica side by side, or a pipeline of stages; its split may be unknown. Seconds, tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from solver.bands import band_shares
from solver.design_arrays import DesignArrays, design_arrays
from solver.design_columns import Design
from solver.measured import POINT_BAND, Correction, corrected, measurements_of
from solver.memory import GB, kv_bytes
from solver.operating_points import (
    Era,
    Load,
    Points,
    Regime,
    bound_by,
    operate,
    pipelined,
    step_parts,
    with_kv_bytes,
    with_older_engines,
)
from solver.slo_rate import Outcome, RequestShape, highest_rates

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


class Slo(NamedTuple):
    """Limits that a rate keeps at a percentile, and how much the lengths of requests vary."""

    ttft_ms: float | None
    tpot_ms: float | None
    percentile: float
    input_cv: float = 0.0
    output_cv: float = 0.0


@dataclass(frozen=True)
class Case:
    """One row: a system and what is asked of it.

    `design` is one replica of `copies`, or one stage of `stages`. `in_flight` and `rate` (requests/s) are of the whole
    system, `requests` is how many a run has in all. With an `slo` the rate is the highest that keeps it. `kv_factor`
    multiplies the bytes of the KV cache. `era` is the engine's. `split` says that only the number of
    GPUs, `copies`, is known of the system: it is then split into the replicas that do most.
    """

    design: Design
    regime: Regime
    input_tokens: float
    output_tokens: float
    in_flight: float = 1.0
    rate: float = float("nan")
    requests: float = float("inf")
    first_wave: float = 0.0
    stages: int = 1
    copies: int = 1
    kv_factor: float = 1.0
    era: Era = Era.NOW
    slo: Slo | None = None
    split: bool = False


class Predicted(NamedTuple):
    """What a case comes to: means of the whole system in s, output tokens/s and requests/s; `band` are shares.

    `fit` is how many requests one replica holds, `needed_gb` what one request needs of it and `available_gb` what it
    may take; `squeezed` where that is too little. `refused` is the limit that the SLO breaks at any rate, or empty.
    `bound_by` names the part of a decode step, or `memory` where requests wait for it. `gpus` are of one replica.
    """

    ttft: float
    tpot: float
    e2e: float
    output_tokens_per_s: float
    requests_per_s: float
    fit: float
    needed_gb: float
    available_gb: float
    squeezed: bool
    waiting: bool
    band: float
    band_ttft: float
    estimate: str
    bound_by: str
    refused: str
    gpus: int
    copies: int


def predict_cases(cases: Sequence[Case], catalog: Catalog) -> list[Predicted]:
    """Predict all cases at once, in their order. KeyError: an id that the catalog lacks."""
    if not cases:
        return []
    spread = [(i, each) for i, case in enumerate(cases) for each in _splits(case)]
    owner = np.array([i for i, _ in spread], dtype=np.intp)
    outcomes = _run([case for _, case in spread], catalog)
    best: dict[int, Predicted] = {}
    for i, found in zip(owner.tolist(), outcomes, strict=True):
        held = best.get(i)
        if held is None or _rank(found) > _rank(held):
            best[i] = found
    return [best[i] for i in range(len(cases))]


def _rank(found: Predicted) -> tuple[bool, bool, float]:
    """What fits goes before what does not, what keeps the SLO before what breaks it, then the most tokens."""
    return not found.squeezed, not found.refused, float(np.nan_to_num(found.output_tokens_per_s, nan=-1.0))


def _splits(case: Case) -> list[Case]:
    """The case as it is, or each even split of its GPUs into replicas."""
    if not case.split:
        return [case]
    total = case.copies
    sizes = [size for size in range(1, total + 1) if total % size == 0 and (size & (size - 1) == 0 or size == total)]
    return [replace(case, design=replace(case.design, gpus=size), copies=total // size) for size in sizes]


def _run(cases: Sequence[Case], catalog: Catalog) -> list[Predicted]:
    def column(name: str) -> Array:
        return np.array([getattr(case, name) for case in cases], dtype=np.float64)

    stages, copies = column("stages"), column("copies")
    arrays = _of_their_era(design_arrays(catalog, [case.design for case in cases]), cases, catalog)
    arrays, corrections = corrected(arrays, measurements_of(catalog.measurements))
    arrays = pipelined(with_kv_bytes(arrays, column("kv_factor")), stages)
    groups = stages * copies  # each has its own requests in flight
    asked = column("in_flight")
    load = Load(
        input_tokens=column("input_tokens"),
        output_tokens=column("output_tokens"),
        in_flight=np.maximum(asked / groups, 1.0),
        rate=column("rate") / groups,
        requests=column("requests") / groups,
        first_wave=column("first_wave"),
    )
    regimes = np.array([str(case.regime) for case in cases])
    load, regimes, refused = _at_slo(cases, arrays, load, regimes)
    points = operate(arrays, regimes, load)
    counted = np.isin(regimes, (Regime.CLOSED, Regime.BATCH))
    used = np.where(counted, np.minimum(groups, np.maximum(asked, 1.0)), groups)
    return _predicted(cases, catalog, arrays, load, points, used, refused, corrections)


def _of_their_era(arrays: DesignArrays, cases: Sequence[Case], catalog: Catalog) -> DesignArrays:
    """The designs of the cases, slower where the engine is older than today's."""
    if all(case.era is Era.NOW for case in cases):
        return arrays

    tau = {era: catalog.operations[f"perf_{era}_tau"].value for era in (Era.OLD, Era.LAST)}
    eta_pf = {Era.OLD: catalog.operations["perf_old_eta_pf"].value}
    return with_older_engines(
        arrays, np.array([tau.get(c.era, 1.0) for c in cases]), np.array([eta_pf.get(c.era, 1.0) for c in cases])
    )


def _at_slo(
    cases: Sequence[Case], arrays: DesignArrays, load: Load, regimes: NDArray[np.str_]
) -> tuple[Load, NDArray[np.str_], list[str]]:
    """Where a case has an SLO: the highest rate that keeps it, not divided for safety; one request where none does."""
    refused = [""] * len(cases)
    kinds: dict[tuple[Slo, float, float], list[int]] = {}
    for i, case in enumerate(cases):
        if case.slo is not None:
            kinds.setdefault((case.slo, case.input_tokens, case.output_tokens), []).append(i)
    rate, in_flight, regimes = load.rate.copy(), load.in_flight.copy(), regimes.copy()
    for (slo, tokens_in, tokens_out), members in kinds.items():
        rows = np.array(members, dtype=np.intp)
        shape = RequestShape(
            tokens_in, slo.input_cv, tokens_out, slo.output_cv, 0.0, slo.ttft_ms, slo.tpot_ms, slo.percentile,
            tokens_in + tokens_out,
        )  # fmt: skip
        found = highest_rates(arrays.take(rows), shape, times=False)
        kept = np.isfinite(found.requests_per_s)
        rate[rows] = found.requests_per_s * arrays.safety
        in_flight[rows] = np.where(kept, in_flight[rows], 1.0)
        regimes[rows] = np.where(kept, Regime.RATE, Regime.CLOSED)
        for i, good, rule in zip(members, kept.tolist(), found.rule.tolist(), strict=True):
            refused[i] = "" if good or rule == Outcome.OK else str(rule)
    return replace(load, rate=rate, in_flight=in_flight), regimes, refused


def _predicted(
    cases: Sequence[Case],
    catalog: Catalog,
    arrays: DesignArrays,
    load: Load,
    points: Points,
    used: Array,
    refused: list[str],
    corrections: Mapping[int, Correction],
) -> list[Predicted]:
    speed = band_shares(catalog, arrays)
    speed[list(corrections)] = POINT_BAND
    light, busy = band_shares(catalog, arrays, "ttft"), band_shares(catalog, arrays, "ttft_busy")
    bound = bound_by(arrays, step_parts(arrays, load, points), points)
    one = kv_bytes(arrays, load.input_tokens + load.output_tokens)
    needed = arrays.gpus * (arrays.weights + arrays.runtime + one) / GB
    available = arrays.gpus * arrays.memory_fraction * arrays.memory / GB
    columns = (
        points.ttft, points.tpot, points.e2e, points.output_tokens_per_s * used, points.requests_per_s * used,
        points.fit, needed, available, points.squeezed, points.waiting, speed,
        np.where(points.busy, busy, light), np.array(arrays.estimates, dtype=object), bound,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Predicted._make((*row, why, case.design.gpus, case.copies))
        for row, why, case in zip(rows, refused, cases, strict=True)
    ]
