"""Which model and format, and which engine, is never slower or larger than another, whatever the rest of the design.

Proof idea: every time and every byte of the performance model (weights read, arithmetic, KV cache, all-reduce,
overhead, prefill) rises with the figures compared here, and so does the use of every limit at a given load; so the
highest rate at the service goal is no lower for the smaller one, and its memory and storage no more. Then the larger
one on the same GPUs, engine and place is dominated (dominance.py, t = 1) and need not be sized. A test sizes both on
the whole catalog. Models with latent attention are left out: their cache may be copied or split, which turns the order.
The same holds of engines by their fixed times, efficiencies, overhead and limits, where both or neither can split a
latent cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from catalogs.records import EngineOffset, FormatOffset, PairOffset
from solver.costs import weight_gb
from solver.design_arrays import (
    DATA_PARALLEL_ATTENTION,
    DesignArrays,
    design_arrays,
    is_latent,
    peak,
    peak_16bit,
)
from solver.design_columns import Design
from solver.memory import GB
from solver.problem import Array

Mask = NDArray[np.bool_]
GPUS = (1, 2, 4, 8)
"""GPUs of a replica that are tried: tensor parallel degrees within a node."""


@dataclass(frozen=True)
class Rows:
    """Models and formats under comparison, [row] ids, with their least memory: `weights_gb` [row, n] on each GPU."""

    models: tuple[str, ...]
    precisions: tuple[str, ...]
    weights_gb: Array
    runtime_gb: float
    arrays: tuple[DesignArrays, ...]


def rows_of(catalog: Catalog, pairs: list[tuple[str, str]]) -> Rows:
    """Look up models and formats once, on any one GPU and engine: what is compared does not depend on these."""
    gpu, engine = min(catalog.gpus), min(catalog.engines)
    arrays = tuple(
        design_arrays(catalog, [Design(model, precision, gpu, n, engine, 1) for model, precision in pairs])
        for n in GPUS
    )  # fmt: skip
    return Rows(
        tuple(model for model, _ in pairs),
        tuple(precision for _, precision in pairs),
        np.stack([each.weights / GB for each in arrays], axis=1),
        arrays[0].runtime / GB,
        arrays,
    )


def never_worse(catalog: Catalog, rows: Rows, worthy: Mapping[str, Mask], longest: float) -> Mask:
    """Whether row a may stand for row b in every segment, [a, b]; of equals the first.

    `worthy[segment]` [row] is licence and quality; `longest` the tokens of the longest request.
    """
    one = rows.arrays[0]
    share = np.where(one.is_moe, one.activated_share, 1.0)
    overhead = one.layers * np.where(one.is_moe, one.tau_moe, 1.0)
    reads, products = _efficiencies(catalog, rows)
    storage = np.array([weight_gb(catalog, m, p) for m, p in zip(rows.models, rows.precisions, strict=True)])
    smaller = [
        (one.dense_params * one.dense_bytes + one.expert_params * one.expert_bytes * share) / reads,
        one.active_params, one.layers, one.tau * overhead, one.tau, one.t_fix, one.layers * one.hidden,
        one.full_layers * one.heads * one.attention_dim, storage, -np.minimum(one.max_context, longest),
    ]  # fmt: skip
    for each in rows.arrays:
        smaller += [each.kv_token, each.kv_sequence, each.kv_sequence / each.window, each.weights]
        smaller += [each.kv_token / reads, each.kv_sequence / reads, each.kv_sequence / each.window / reads]
        smaller += [each.weights / reads]
    models = np.array(rows.models)
    latent = np.array([is_latent(catalog.models[id_]) for id_ in rows.models])
    may = ~latent[:, None] & ~latent[None, :] & (~one.is_moe[:, None] | (models[:, None] == models[None, :]))
    for good in worthy.values():
        may &= good[:, None] | ~good[None, :]
    compute = np.array([catalog.precisions[id_].compute for id_ in rows.precisions])
    gains = _gains(catalog, rows)
    a, b = np.nonzero(may)  # the pairs left
    for values in smaller:
        kept = values[a] <= values[b]
        a, b = a[kept], b[kept]
    alike = compute[a] == compute[b]
    gain = np.where(alike, 1.0, np.where(compute[b] == "bf16", gains[a], 0.0))
    equal = alike & (products[a] == products[b])
    for same in (*smaller, *worthy.values()):
        equal &= same[a] == same[b]
    kept = (gain * products[a] >= products[b]) & (~equal | (a < b))
    better = np.zeros(may.shape, dtype=bool)
    better[a[kept], b[kept]] = True
    return better


def _efficiencies(catalog: Catalog, rows: Rows) -> tuple[Array, Array]:
    """Factors [row] on the share of the bandwidth and of the peak in matrix products that a row reaches.

    A mixture of experts is compared with denser models as on the engine that is best at it.
    """
    none = FormatOffset(id="", formats=(), source="no offset known", date="none")
    formats = [catalog.format_offsets.get(id_, none) for id_ in rows.precisions]
    perf = catalog.operations
    best = max([1.0, *(offset.moe_eta_pf for offset in catalog.engine_offsets.values())])
    moe = rows.arrays[0].is_moe
    of_moe = perf["perf_moe_eta_mem"].value * np.array([each.moe_eta_mem for each in formats])
    reads = np.array([each.eta_mem for each in formats]) * np.where(moe, of_moe, 1.0)
    products = np.array([each.eta_pf for each in formats])
    return reads, products * np.where(moe, perf["perf_moe_eta_pf"].value * best, 1.0)


def _gains(catalog: Catalog, rows: Rows) -> Array:
    """Least peak of a row's arithmetic over the 16-bit one, on the GPUs that have it; 0 where none has."""
    least = {}
    for id_ in set(rows.precisions):
        kind = catalog.precisions[id_].compute
        has = {"fp8": "fp8_support", "fp4": "fp4_support", "int8": "int8_support"}.get(kind)
        ratios = [
            peak(gpu, catalog.precisions[id_]) / peak_16bit(gpu)
            for gpu in catalog.gpus.values() if has is None or getattr(gpu, has)
        ]  # fmt: skip
        least[id_] = 0.0 if kind == "cpu" else min((r for r in ratios if np.isfinite(r)), default=0.0)
    return np.array([least[id_] for id_ in rows.precisions])


def faster_engines(catalog: Catalog, engines: tuple[str, ...], latent: bool) -> Mask:
    """Whether engine a is never slower than b on the same model and GPUs, [a, b]; of equals the first."""
    none = EngineOffset(engine="", source="no offset known", date="none")
    offsets = [catalog.engine_offsets.get(id_, none) for id_ in engines]
    records = [catalog.engines[id_] for id_ in engines]
    smaller = [
        [offset.t_fix for offset in offsets], [offset.mu for offset in offsets], [-offset.eta_pf for offset in offsets],
        [offset.alpha for offset in offsets], [offset.sigma for offset in offsets],
        [-offset.eta_pf * offset.moe_eta_pf for offset in offsets],
        [-offset.eta_kv for offset in offsets],
        [-record.max_sequences for record in records], [-record.batched_tokens for record in records],
    ]  # fmt: skip
    n = len(engines)
    better, equal = np.ones((n, n), dtype=bool), np.ones((n, n), dtype=bool)
    for figures in smaller:
        values = np.array(figures, dtype=np.float64)
        better &= values[:, None] <= values[None, :]
        equal &= values[:, None] == values[None, :]
    alone = PairOffset(id="", source="no offset known", date="none")
    for group in sorted({gpu.performance_class for gpu in catalog.gpus.values()}):
        cards = [gpu for gpu in catalog.gpus.values() if gpu.performance_class == group]
        idle = np.array([not any(c.kind in e.kinds and c.vendor in e.vendors for c in cards) for e in records])
        pairs = [catalog.pair_offsets.get(f"{group}/{id_}", alone) for id_ in engines]
        for figures in (
            [offset.tau * pair.tau for offset, pair in zip(offsets, pairs, strict=True)],
            [-offset.eta_mem * pair.eta_mem for offset, pair in zip(offsets, pairs, strict=True)],
        ):
            values = np.array(figures, dtype=np.float64)
            better &= (values[:, None] <= values[None, :]) | idle[:, None]  # what a does not run on is not compared
            equal &= values[:, None] == values[None, :]
    if latent:
        splits = np.array([id_ in DATA_PARALLEL_ATTENTION for id_ in engines])
        better &= splits[:, None] == splits[None, :]
    return np.asarray(better & (~equal | (np.arange(n)[:, None] < np.arange(n)[None, :])))
