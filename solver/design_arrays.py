"""Designs as a struct of arrays: every figure that the performance model needs, looked up once.

SI units (bytes, seconds, FLOP/s) except where a name says otherwise. Symbols as in README,
"Performance of one replica". NaN is unknown: whatever rests on it comes out NaN and is never admissible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from catalogs.records import Engine, EngineOffset, FormatOffset, Gpu, Model, PairOffset, Precision
from solver.design_columns import ENGINE, GPU, MODEL, PRECISION, Design, DesignColumns
from solver.measured_range import beyond_measured, untried_pair
from solver.memory import GB, kv_share, weight_bytes

Array = NDArray[np.float64]
# Engines that can replicate attention over the GPUs (each group with its own requests) and share the experts.
DATA_PARALLEL_ATTENTION = frozenset({"vllm", "sglang", "tensorrt-llm", "trt-llm"})
ASSUMED_LINK_GB_S = 32.0  # PCIe 4 x16 one way: the usual link of gpus.csv without NVLink, where a row has none
ASSUMED_FLOP_PER_BYTE = 30.0  # lowest 16-bit peak over bandwidth of gpus.csv (the CPU server), where a row has no peak
MOST_ETA = 0.95  # of the bandwidth or peak that any design reaches
DENSE_FLOOR = 0.01  # of all parameters, where rounded totals would leave nothing beside the experts


@dataclass(frozen=True)
class Parameters:
    """P, P_act, P_d and P_e of a model, and whether the split had to be computed."""

    total: float
    active: float
    dense: float
    expert: float
    estimate: str = ""


@dataclass(frozen=True)
class DesignArrays:
    """Arrays over designs, in the order of `columns`; ids are looked up in `catalog`.

    `eta_attention` is the share of the 16-bit peak in attention, `eta_pf` of the format's peak in matrix products.
    `kv_sequence` is what a request holds beside `kv_token` for each token: grown up to `window` tokens, then constant.
    `first_wave` is beta, how much of the queue of a start together the rounds of a closed loop keep, of the engine.
    `step_scale` multiplies the decode step: 1, or what the user measured over what the model says (measured.py).
    """

    catalog: Catalog
    columns: DesignColumns
    gpus: Array
    tensor_parallel: Array
    attention_groups: Array
    memory: Array
    bandwidth: Array
    flops: Array
    flops_16bit: Array
    link: Array
    dense_params: Array
    expert_params: Array
    active_params: Array
    dense_bytes: Array
    expert_bytes: Array
    layers: Array
    full_layers: Array
    hidden: Array
    heads: Array
    attention_dim: Array
    latent_flops: Array
    activated_share: Array
    is_moe: NDArray[np.bool_]
    weights: Array
    kv_token: Array
    kv_sequence: Array
    window: Array
    kv_room: Array
    kv_tokens: Array
    max_context: Array
    max_sequences: Array
    batched_tokens: Array
    eta_mem: Array
    eta_pf: Array
    eta_attention: Array
    tau: Array
    t_fix: Array
    mu: Array
    step_scale: Array
    alpha: Array
    sigma: Array
    eta_kv: Array
    first_wave: Array
    tau_moe: float
    mixed_step: float
    safety: float
    memory_fraction: Array
    runtime: float

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def designs(self) -> tuple[Design, ...]:
        """The designs as records."""
        return self.columns.records

    @cached_property
    def estimates(self) -> tuple[str, ...]:
        """Why each design's figures are estimates; empty where its GPU class and engine were measured."""
        keys = [(d.model, d.precision, d.gpu, d.engine, d.gpus > 1) for d in self.designs]
        said = {key: estimate_of(self.catalog, *key) for key in dict.fromkeys(keys)}
        return tuple(said[key] for key in keys)

    def take(self, rows: NDArray[np.intp]) -> "DesignArrays":
        """The same for some of the designs."""
        changes: dict[str, Any] = {"columns": self.columns.take(rows)}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                changes[item.name] = value[rows]
        return replace(self, **changes)


def parameters(model: Model) -> Parameters:
    """Split a model's parameters into dense and routed experts.

    With the active number known, P - P_act = P_e*(1 - k/E) gives P_e; without it P_e comes from the
    architecture (three matrices an expert) and P_act from the same identity.
    """
    total = model.params_total_b * 1e9
    if not model.experts or not model.experts_per_token:
        return Parameters(total, (model.params_active_b or model.params_total_b) * 1e9, total, 0.0)
    idle = 1 - model.experts_per_token / model.experts
    if model.params_active_b is not None:
        active, estimate = model.params_active_b * 1e9, ""
        expert = (total - active) / idle
    else:
        size = model.moe_intermediate or model.intermediate
        if not (size and model.hidden and model.layers):
            return Parameters(total, np.nan, np.nan, np.nan)
        expert = 3.0 * (model.layers - model.dense_layers_first) * model.experts * model.hidden * size
        active = total - expert * idle
        estimate = "active parameters computed from the architecture"
    expert = min(expert, (1 - DENSE_FLOOR) * total)
    return Parameters(total, max(active, total - expert * idle), total - expert, expert, estimate)


def is_sized(model: Model) -> bool:
    """Whether the record holds enough of the architecture to be put on a GPU."""
    known = bool(model.layers and model.hidden and model.heads)
    return known and bool(np.isfinite(_kv_bytes_16bit(model)) and np.isfinite(parameters(model).dense))


def is_latent(model: Model) -> bool:
    """Whether the KV cache is a latent one (MLA), which tensor parallelism cannot split."""
    return model.attention.startswith("mla")


def is_indexed(model: Model) -> bool:
    """Whether an index selects the tokens that attention reads, which takes kernels of its own in each layer."""
    return "sparse index" in model.attention


def _kv_bytes_16bit(model: Model) -> float:
    """KV bytes of a token over all heads at 2 bytes an element; the record's own figure first."""
    layers = model.full_attention_layers or model.layers
    if model.kv_bytes_per_token_bf16 is not None:
        return model.kv_bytes_per_token_bf16
    if layers is None:
        return np.nan
    if is_latent(model):
        return 2.0 * layers * ((model.kv_lora_rank or np.nan) + (model.qk_rope_head_dim or 0))
    return 2.0 * 2.0 * layers * (model.kv_heads or np.nan) * (model.head_dim or np.nan)


def _window(model: Model) -> float:
    """Tokens of context from which on the state of a request no longer grows: a linear state stands from the first."""
    full = model.full_attention_layers or model.layers
    if "sliding" not in model.attention or not full or not model.layers or model.layers <= full:
        return 1.0
    each = _kv_bytes_16bit(model) / full * (model.layers - full)  # of a token, as the other layers hold it
    return max(model.state_bytes_per_sequence / each, 1.0)


def _attention_dim(model: Model) -> float:
    """Head size d of the score and value products; MLA mixes two sizes, their mean counts."""
    parts = (model.qk_nope_head_dim, model.qk_rope_head_dim, model.v_head_dim)
    if is_latent(model) and all(part is not None for part in parts):
        return sum(part for part in parts if part is not None) / 2
    return float(model.head_dim or np.nan)


def _model_row(model: Model) -> tuple[float, ...]:
    split, latent = parameters(model), is_latent(model)
    moe = split.expert > 0
    layers = float(model.layers or np.nan)
    full = float(model.full_attention_layers or layers)
    return (
        split.dense, split.expert, split.active, layers, full, float(model.hidden or np.nan),
        float(model.heads or np.nan), _attention_dim(model),
        2.0 * (model.kv_lora_rank or 0) + (model.qk_rope_head_dim or 0) if latent else 0.0,
        model.experts_per_token / model.experts if moe else 1.0, float(moe), float(latent),
        _kv_bytes_16bit(model), float(model.kv_heads or (1 if latent else np.nan)),
        model.state_bytes_per_sequence, float("sliding" in model.attention), _window(model),
        float(model.max_context or np.inf), float(is_indexed(model)),
    )  # fmt: skip


def peak_16bit(gpu: Gpu) -> float:
    """Dense 16-bit peak, FLOP/s; without one half the 8-bit or a quarter of the 4-bit peak, else an assumption."""
    for tflops, factor in ((gpu.bf16_tflops, 1.0), (gpu.fp8_tflops, 0.5), (gpu.fp4_tflops, 0.25)):
        if tflops:
            return tflops * factor * 1e12
    return ASSUMED_FLOP_PER_BYTE * 1e9 * (gpu.bandwidth_gb_s or np.nan)


def peak(gpu: Gpu, precision: Precision) -> float:
    """Dense peak at the precision that a format computes in, FLOP/s: 16 bit where the GPU lacks the narrow one."""
    narrow = {
        "fp8": gpu.fp8_tflops if gpu.fp8_support else None,
        "fp4": gpu.fp4_tflops if gpu.fp4_support else None,
        "int8": gpu.int8_tops if gpu.int8_support else None,
    }.get(precision.compute)
    wide = peak_16bit(gpu)
    return max(narrow * 1e12, wide) if narrow and np.isfinite(wide) else wide


def memory_fraction(catalog: Catalog, gpu: Gpu) -> float:
    """Share of a GPU's memory that an engine may take; of memory shared with the CPU, what the system lets it."""
    engine = catalog.operations["perf_memory_fraction"].value
    return min(engine, catalog.operations["perf_unified_fraction"].value) if gpu.kind == "apple" else engine


def _gpu_row(catalog: Catalog, gpu: Gpu) -> tuple[float, ...]:
    group = catalog.performance_classes.get(gpu.performance_class)
    known = (group.eta_mem, group.eta_pf, group.tau_us * 1e-6, group.t_fix) if group else (np.nan,) * 4
    return (
        gpu.memory_gb * GB, (gpu.bandwidth_gb_s or np.nan) * 1e9, peak_16bit(gpu),
        (gpu.link_gb_s or ASSUMED_LINK_GB_S) * 1e9, memory_fraction(catalog, gpu), *known,
    )  # fmt: skip


def _precision_row(catalog: Catalog, precision: Precision) -> tuple[float, ...]:
    offset = catalog.format_offsets.get(precision.id, _NO_FORMAT)
    return (
        precision.bytes_per_weight, precision.bytes_per_dense_weight_moe, precision.bytes_per_kv,
        offset.eta_mem, offset.moe_eta_mem, offset.eta_pf, offset.tau, offset.moe_tau,
    )  # fmt: skip


def _engine_row(catalog: Catalog, engine: Engine) -> tuple[float, ...]:
    o = catalog.engine_offsets.get(engine.id, _NO_ENGINE)
    return (
        engine.max_sequences, engine.batched_tokens, float(engine.id in DATA_PARALLEL_ATTENTION),
        o.t_fix, o.mu, o.tau, o.eta_mem, o.eta_pf, o.eta_kv, o.alpha, o.sigma, o.moe_eta_pf, o.first_wave,
    )  # fmt: skip


def _pair_row(catalog: Catalog, gpu: str, engine: str) -> tuple[float, ...]:
    offset = catalog.pair_offsets.get(f"{catalog.gpus[gpu].performance_class}/{engine}", _NO_PAIR)
    return offset.eta_mem, offset.tau


_NO_FORMAT = FormatOffset(id="", formats=(), source="no offset known", date="none")
_NO_PAIR = PairOffset(id="", source="no offset known", date="none")
_NO_ENGINE = EngineOffset(engine="", source="no offset known", date="none")


def _looked_up(columns: DesignColumns, axes: tuple[int, ...], row: Callable[..., Sequence[float]]) -> list[Array]:
    """One array over designs for each figure that `row` finds for ids on these axes; like ids are looked up once."""
    kinds, kind = columns.kinds(*axes)
    table = np.array([row(*ids) for ids in kinds], dtype=np.float64)
    return [figures[kind] for figures in table.T]


def design_arrays(catalog: Catalog, designs: Sequence[Design]) -> DesignArrays:
    """Look up what the model needs of these designs. KeyError: an id that the catalog lacks."""
    return arrays_of(catalog, DesignColumns.of(designs))


def arrays_of(catalog: Catalog, columns: DesignColumns) -> DesignArrays:
    """As `design_arrays`, of columns.

    Tensor parallel is the number of GPUs. A model with latent attention (MLA) uses attention data
    parallelism instead, where the engine has it and it leaves room for more KV tokens: tensor
    parallelism would keep a whole copy of the cache on every GPU, data parallelism pays with a whole
    copy of the dense weights.
    """
    if not len(columns):
        raise ValueError("no designs")
    g = columns.gpus.astype(np.float64)
    (
        dense, expert, active, layers, full, hidden, heads, dim, latent_flops, share, moe, latent,
        kv_16bit, kv_heads, state, sliding, window, context, indexed,
    ) = _looked_up(columns, (MODEL,), lambda model: _model_row(catalog.models[model]))  # fmt: skip
    memory, bandwidth, flops_16bit, link, fraction, eta_mem, eta_pf, tau, class_t_fix = _looked_up(
        columns, (GPU,), lambda gpu: _gpu_row(catalog, catalog.gpus[gpu])
    )
    b_w, b_d_moe, b_kv, format_mem, format_moe_mem, format_pf, format_tau, format_moe_tau = _looked_up(
        columns, (PRECISION,), lambda precision: _precision_row(catalog, catalog.precisions[precision])
    )
    (
        sequences, batched, splits, by_t_fix, by_mu, by_tau, by_mem, by_pf, by_kv, by_alpha, by_sigma, by_moe, by_wave,
    ) = _looked_up(columns, (ENGINE,), lambda engine: _engine_row(catalog, catalog.engines[engine]))  # fmt: skip
    pair_mem, pair_tau = _looked_up(columns, (GPU, ENGINE), lambda gpu, engine: _pair_row(catalog, gpu, engine))
    (flops,) = _looked_up(
        columns, (GPU, PRECISION), lambda gpu, precision: (peak(catalog.gpus[gpu], catalog.precisions[precision]),)
    )
    perf = {key: figure.value for key, figure in catalog.operations.items() if key.startswith("perf_")}
    indexed_tau = np.where(indexed > 0, perf["perf_indexed_tau"], 1.0)
    is_moe, is_mla = moe > 0, latent > 0
    b_d = np.where(is_moe, b_d_moe, b_w)
    kv_all = kv_16bit * b_kv / 2
    state = np.where(sliding > 0, state * b_kv / 2, state)  # a window is KV cache, a linear state is not
    runtime = perf["perf_runtime_gb"] * GB

    def of_moe(key: str, factor: Array | float = 1.0) -> Array:
        """A figure that holds for mixtures of experts only."""
        return np.where(is_moe, perf[key] * factor, 1.0)

    def room(tp: Array) -> tuple[Array, Array, Array]:
        weights = weight_bytes(dense, b_d, expert, b_w, tp, g)
        return (
            weights,
            fraction * memory - weights - runtime,
            kv_all * kv_share(kv_heads, is_mla, tp),
        )

    _, room_dp, kv_dp = room(np.ones_like(g))
    _, room_tp, kv_tp = room(g)
    may = is_mla & (splits > 0) & (g > 1)
    chosen = np.where(may & (g * room_dp / kv_dp > room_tp / kv_tp), g, 1.0)
    dp = np.where(columns.groups > 0, columns.groups, chosen)
    tp = g / dp
    weights, kv_room, kv_token = room(tp)
    return DesignArrays(
        catalog=catalog, columns=columns, gpus=g, tensor_parallel=tp, attention_groups=dp,
        memory=memory, bandwidth=bandwidth, flops=flops, flops_16bit=flops_16bit, link=link,
        dense_params=dense, expert_params=expert, active_params=active, dense_bytes=b_d, expert_bytes=b_w,
        layers=layers, full_layers=full, hidden=hidden, heads=heads, attention_dim=dim, latent_flops=latent_flops,
        activated_share=share, is_moe=is_moe, weights=weights, kv_token=kv_token, kv_sequence=state / tp,
        window=window, kv_room=kv_room, kv_tokens=np.maximum(dp * kv_room / kv_token, 0.0), max_context=context,
        max_sequences=sequences, batched_tokens=batched,
        eta_mem=np.minimum(
            eta_mem * by_mem * format_mem * pair_mem * of_moe("perf_moe_eta_mem", format_moe_mem), MOST_ETA
        ),
        eta_pf=np.minimum(eta_pf * by_pf * format_pf * of_moe("perf_moe_eta_pf", by_moe), MOST_ETA),
        eta_attention=np.minimum(eta_pf * by_pf, MOST_ETA),
        tau=tau * by_tau * format_tau * np.where(is_moe, format_moe_tau, 1.0) * pair_tau * indexed_tau,
        t_fix=perf["perf_t_fix_ms"] * 1e-3 * by_t_fix * class_t_fix * of_moe("perf_moe_t_fix"),
        mu=perf["perf_mu"] * by_mu, step_scale=np.ones_like(g),
        alpha=perf["perf_alpha_us"] * 1e-6 * by_alpha, sigma=perf["perf_sigma_us"] * 1e-6 * by_sigma,
        eta_kv=perf["perf_eta_kv"] * by_kv, first_wave=perf["perf_first_wave"] * by_wave,
        tau_moe=perf["perf_tau_moe"], mixed_step=perf["perf_mixed_step"], safety=perf["perf_safety"],
        memory_fraction=fraction, runtime=runtime,
    )  # fmt: skip


def estimate_of(catalog: Catalog, model: str, precision: str, gpu: str, engine: str, several: bool) -> str:
    """What is estimated of a design's speed, of one or several GPUs; empty where class and engine were measured."""
    card, offset = catalog.gpus[gpu], catalog.engine_offsets.get(engine)
    group = catalog.performance_classes.get(card.performance_class)
    unmeasured = f"{card.name}: " + ((group.estimate if group else "") or "not measured")
    untried = f"{catalog.engines[engine].name}: " + ((offset.estimate if offset else "") or "not measured")
    said = (
        parameters(catalog.models[model]).estimate,
        "" if group and group.measured else unmeasured,
        "" if offset and not offset.estimate else untried,
        untried_pair(catalog, gpu, engine),
        f"{card.name}: link assumed as {ASSUMED_LINK_GB_S:g} GB/s" if several and not card.link_gb_s else "",
        "" if card.bf16_tflops else f"{card.name}: 16-bit peak assumed",
        beyond_measured(catalog, catalog.models[model], precision, gpu),
    )
    return "; ".join(filter(None, said))
