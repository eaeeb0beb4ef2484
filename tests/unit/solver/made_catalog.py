"""A small catalog made by hand: round architectures, the published class figures, no prices."""

from collections.abc import Mapping
from typing import Any

from catalogs.catalog import Catalog
from catalogs.records import (
    Engine,
    EngineOffset,
    Figure,
    Gpu,
    Model,
    PerformanceClass,
    Precision,
    QualityFloor,
    QualityScore,
    QuantisationLoss,
)
from catalogs.vocabulary import Compute

SOURCED: dict[str, Any] = {"source": "made for tests", "date": "2026-11-24"}
PERFORMANCE = {
    "perf_eta_kv": 0.92,
    "perf_tau_moe": 1.8,
    "perf_alpha_us": 7.0,
    "perf_sigma_us": 7.0,
    "perf_t_fix_ms": 70.0,
    "perf_mu": 0.9,
    "perf_first_wave": 0.0,
    "perf_moe_eta_pf": 0.51,
    "perf_moe_eta_mem": 1.0,
    "perf_moe_t_fix": 1.0,
    "perf_indexed_tau": 1.0,
    "perf_memory_fraction": 0.9,
    "perf_runtime_gb": 2.0,
    "perf_mixed_step": 0.25,
    "perf_safety": 1.1,
}


def _dense(id_: str, params: float, layers: int, hidden: int, heads: int, **more: Any) -> Model:
    return Model(
        id=id_, params_total_b=params, params_active_b=params, layers=layers, hidden=hidden, heads=heads,
        kv_heads=8, head_dim=128, max_context=131072, attention="gqa", **more, **SOURCED,
    )  # fmt: skip


MODELS = [
    _dense("llama-8b", 8.03, 32, 4096, 32),
    _dense("llama-70b", 70.0, 80, 8192, 64),
    _dense("llama-70.6b", 70.55, 80, 8192, 64),
    Model(
        id="qwen3-235b", params_total_b=235, params_active_b=22, layers=94, hidden=4096, heads=64, kv_heads=4,
        head_dim=128, experts=128, experts_per_token=8, moe_intermediate=1536, max_context=262144, attention="gqa",
        **SOURCED,
    ),
    Model(
        id="deepseek-v3", params_total_b=671, params_active_b=37, layers=61, hidden=7168, heads=128, experts=256,
        experts_per_token=8, shared_experts=1, moe_intermediate=2048, dense_layers_first=3, max_context=163840,
        attention="mla", kv_lora_rank=512, qk_rope_head_dim=64, qk_nope_head_dim=128, v_head_dim=128,
        native_precision="fp8", **SOURCED,
    ),
    Model(id="price-only", params_total_b=400, **SOURCED),
]  # fmt: skip
CLASSES = {
    "h100-sxm": (0.80, 0.58, 29),
    "h200-sxm": (0.69, 0.79, 36),
    "b200": (0.68, 0.47, 24),
    "a100": (0.81, 0.53, 47),
}
GPUS = [  # id, class, GB, GB/s, bf16, fp8, fp4, link
    ("h100", "h100-sxm", 80, 3350, 989, 1979, None, 450),
    ("h200", "h200-sxm", 141, 4800, 989, 1979, None, 450),
    ("b200", "b200", 180, 7700, 2250, 4500, 9000, 900),
    ("a100", "a100", 80, 2039, 312, None, None, 300),
    ("bare", "", 192, 800, None, None, None, None),
]
PRECISIONS: list[tuple[str, float, float, float, Compute]] = [  # id, weight, dense weight of a MoE, KV, arithmetic
    ("bf16", 2, 2, 2, "bf16"),
    ("fp8", 1, 1, 2, "fp8"),
    ("fp8-kv8", 1, 1, 1, "fp8"),
    ("int8", 1, 1, 2, "int8"),
    ("fp4", 0.5625, 2, 2, "fp4"),
    ("int4", 0.53, 2, 2, "bf16"),
]


def _gpu(row: tuple[Any, ...]) -> Gpu:
    id_, group, memory, bandwidth, bf16, fp8, fp4, link = row
    return Gpu(
        id=id_, name=id_.upper(), vendor="made", kind="gpu", performance_class=group, memory_gb=memory,
        bandwidth_gb_s=bandwidth, bf16_tflops=bf16, fp8_tflops=fp8, int8_tops=fp8, fp4_tflops=fp4,
        fp8_support=fp8 is not None, fp4_support=fp4 is not None, int8_support=fp8 is not None and fp4 is None,
        link_gb_s=link, **SOURCED,
    )  # fmt: skip


def made_catalog(
    performance: Mapping[str, float] | None = None,
    scores: tuple[QualityScore, ...] = (),
    floors: tuple[QualityFloor, ...] = (),
    losses: tuple[QuantisationLoss, ...] = (),
) -> Catalog:
    """The catalog; `performance` overrides perf_* figures."""
    figures = {**PERFORMANCE, **(performance or {})}
    return Catalog(
        as_of="2026-11-24",
        currency="USD",
        gpus={row[0]: _gpu(row) for row in GPUS},
        purchases={},
        models={model.id: model for model in MODELS},
        precisions={
            id_: Precision(
                id=id_, name=id_, bytes_per_weight=weight, bytes_per_dense_weight_moe=dense, bytes_per_kv=kv,
                compute=compute, kinds=("gpu",), vendors=("made",), engines=("vllm",), **SOURCED,
            )
            for id_, weight, dense, kv, compute in PRECISIONS
        },
        engines={
            id_: Engine(
                id=id_, name=id_, kinds=("gpu",), vendors=("made",), max_sequences=1024, batched_tokens=8192, **SOURCED,
            )
            for id_ in ("vllm", "sglang", "lmdeploy", "plain")
        },
        performance_classes={
            id_: PerformanceClass(id=id_, eta_mem=mem, eta_pf=pf, tau_us=tau, measured=True, **SOURCED)
            for id_, (mem, pf, tau) in CLASSES.items()
        },
        engine_offsets={
            "vllm": EngineOffset(engine="vllm", t_fix=0.4, mu=0.46, **SOURCED),
            "sglang": EngineOffset(engine="sglang", t_fix=2.6, **SOURCED),
        },
        gpu_prices=(),
        api_offers=(),
        scores={(score.model, score.benchmark, score.date): score for score in scores},
        floors=floors,
        quantisation={(loss.precision, loss.task): loss for loss in losses},
        operations={key: Figure(value=value, unit="see the model", **SOURCED) for key, value in figures.items()},
        attributes={},
        regions={},
        load_shapes={},
    )  # fmt: skip
