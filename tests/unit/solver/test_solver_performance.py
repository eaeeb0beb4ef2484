from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from made_catalog import made_catalog

from catalogs.catalog import load_catalog
from solver.design_arrays import DesignArrays, design_arrays, is_sized, parameters, peak
from solver.design_columns import Design
from solver.performance import closed_loop, decode_step, prefill, weight_time


def arrays(*designs: Design) -> DesignArrays:
    return design_arrays(made_catalog(), designs)


def test_the_floor_of_a_70b_in_fp8_on_one_h100_is_21_ms_a_token() -> None:
    a = arrays(Design("llama-70.6b", "fp8", "h100", 1, "vllm"))
    assert (weight_time(a, 1.0) * a.eta_mem)[0] == pytest.approx(70.55 / 3350, rel=1e-9)
    # 32 ms is what an engine gives; the model may differ by its error
    assert decode_step(a, 1.0, 1000.0)[0] == pytest.approx(0.032, rel=0.15)


def test_two_h100s_serve_a_70b_in_fp8_at_53_tokens_a_second_when_alone() -> None:
    # measured: 18.6 ms at one request in flight
    a = arrays(Design("llama-70.6b", "fp8", "h100", 2, "vllm"))
    assert closed_loop(a, 5000, 500, 1.0).tpot[0] == pytest.approx(0.0186, rel=0.15)


def test_a_prompt_that_is_all_shared_prefix_costs_one_reading_of_the_dense_weights() -> None:
    a = arrays(Design("llama-8b", "bf16", "h100", 1, "vllm"))
    found = prefill(a, 1000.0, shared=1000.0)
    assert found.alone[0] == pytest.approx(16.06e9 / (3.35e12 * 0.80) + 29e-6 * (32 + 25), rel=0.01)
    assert found.marginal[0] == 0


def test_a_decode_step_adds_up_by_hand() -> None:
    a = arrays(Design("llama-8b", "bf16", "h100", 1, "vllm"))
    w = 16.06e9 / (3.35e12 * 0.80)  # 5.9925 ms
    c = 2 * 8.03e9 * 4 / (989e12 * 0.58)  # 0.1120 ms
    kv = 4 * 131072 * 1000 / (3.35e12 * 0.80 * 0.92)  # 0.2126 ms
    o = 29e-6 * (32 + 25) + 4 * 7e-6  # 1.681 ms
    assert decode_step(a, 4.0, 1000.0)[0] == pytest.approx(w + 0.25 * c + kv + o)
    assert decode_step(a, 4.0, 1000.0)[0] == pytest.approx(7.914e-3, rel=1e-3)


def test_all_reduce_costs_latency_and_transfer_on_several_gpus_only() -> None:
    one, two = decode_step(
        arrays(Design("llama-8b", "bf16", "h100", 1, "vllm"), Design("llama-8b", "bf16", "h100", 2, "vllm")), 8.0, 0.0
    )
    w, c = 16.06e9 / (3.35e12 * 0.80), 2 * 8.03e9 * 8 / (989e12 * 0.58)
    latency, transfer = 2 * 32 * 7e-6, 2 * 32 * 4 * 8 * 4096 / 2 / 225e9
    assert one - two == pytest.approx((w + 0.25 * c) / 2 - latency - transfer)


def test_a_batch_of_64_touches_87_percent_of_256_experts_at_8_a_token() -> None:
    a = arrays(Design("deepseek-v3", "fp8", "h200", 8, "lmdeploy"))
    none, some, every = (weight_time(a, batch)[0] for batch in (0.0, 64.0, 1e6))
    assert (some - none) / (every - none) == pytest.approx(0.87, abs=0.005)
    assert (weight_time(a, 1.0)[0] - none) / (every - none) == pytest.approx(8 / 256)


def test_parameters_split_by_the_active_number_or_by_the_architecture() -> None:
    model = made_catalog().models["deepseek-v3"]
    split = parameters(model)
    assert split.expert == pytest.approx(654.45e9, rel=1e-4)
    assert split.dense + split.expert == pytest.approx(671e9)
    computed = parameters(model.model_copy(update={"params_active_b": None}))
    assert computed.expert == pytest.approx(3 * 58 * 256 * 7168 * 2048)  # 653.9 G
    assert computed.active == pytest.approx(37.5e9, rel=0.02)
    assert computed.estimate
    assert parameters(made_catalog().models["llama-8b"]).expert == 0


@pytest.mark.parametrize(
    ("gpu", "precision", "tflops"),
    [("h100", "bf16", 989), ("h100", "fp8", 1979), ("h100", "fp4", 989), ("b200", "fp4", 9000), ("a100", "fp8", 312)],
)
def test_a_format_computes_in_16_bit_where_the_gpu_lacks_its_own(gpu: str, precision: str, tflops: float) -> None:
    catalog = made_catalog()
    assert peak(catalog.gpus[gpu], catalog.precisions[precision]) == pytest.approx(tflops * 1e12)


def test_an_8_bit_cache_halves_its_reading_and_nothing_else() -> None:
    a = arrays(Design("llama-8b", "fp8", "h100", 1, "vllm"), Design("llama-8b", "fp8-kv8", "h100", 1, "vllm"))
    empty, full = decode_step(a, 32.0, 0.0), decode_step(a, 32.0, 4000.0)
    assert empty[0] == empty[1]
    assert (full - empty)[1] == pytest.approx((full - empty)[0] / 2)


def test_prefill_adds_up_by_hand() -> None:
    p = prefill(arrays(Design("llama-8b", "bf16", "h100", 1, "vllm")), 1000)
    linear = 2 * 8.03e9 * 1000 / (989e12 * 0.58)  # 28.00 ms
    attention = 2 * 32 * 32 * 128 * 1000**2 / (989e12 * 0.58)  # 0.457 ms
    assert p.marginal[0] == pytest.approx(linear + attention)
    assert p.alone[0] == pytest.approx(linear + attention + 29e-6 * 57 + 7e-6)


def test_a_short_prompt_takes_no_less_than_reading_the_weights() -> None:
    p = prefill(arrays(Design("llama-8b", "bf16", "h100", 1, "vllm")), 10)
    assert p.alone[0] > 16.06e9 / (3.35e12 * 0.80) > p.marginal[0]


def test_a_cached_prefix_is_not_computed_again_but_still_attended_to() -> None:
    a = arrays(Design("llama-8b", "bf16", "h100", 1, "vllm"))
    whole, half = prefill(a, 1000).marginal[0], prefill(a, 1000, shared=500).marginal[0]
    attention = 2 * 32 * 32 * 128 / (989e12 * 0.58)
    assert half == pytest.approx((whole - attention * 1e6) / 2 + attention * 0.75e6)


@pytest.mark.parametrize(("in_flight", "tokens"), [(1.0, 300), (16.0, 300), (200.0, 300), (64.0, 20), (200.0, 20)])
def test_the_closed_loop_settles_on_littles_law(in_flight: float, tokens: int) -> None:
    a = arrays(
        Design("llama-8b", "bf16", "h100", 1, "vllm"),
        Design("llama-70b", "fp8", "h100", 4, "sglang"),
        Design("deepseek-v3", "fp8", "h200", 8, "sglang"),
    )
    loop = closed_loop(a, 1000, tokens, in_flight)
    assert loop.requests_per_s * (loop.ttft + (tokens - 1) * loop.tpot) == pytest.approx(in_flight, rel=1e-3)
    marginal = prefill(a, 1000).marginal
    assert loop.prefill_share == pytest.approx(loop.requests_per_s * a.mu * marginal, rel=1e-3)
    step = decode_step(a, np.maximum(loop.running, 1.0), 1000 + tokens / 2)
    assert loop.tpot == pytest.approx(step / (1 - loop.prefill_share), rel=1e-3)
    assert tokens == 300 or loop.prefill_share.max() > 0.75  # where an iteration of the share does not settle


def test_a_prompt_that_is_waited_for_together_does_not_stop_the_decoding_as_well() -> None:
    # 64 prompts are read in each round. All together before the first token: the mean waits for half of them, and
    # the other half stops it while it decodes; one after the other: all of them do. The round takes as long.
    a = replace(arrays(Design("llama-8b", "bf16", "h100", 1, "vllm")), mu=np.ones(1), t_fix=np.zeros(1))
    steady, together = (closed_loop(a, 2000, 200, 64.0, first_wave=wave) for wave in (0.0, 1.0))
    prompt = prefill(a, 2000).marginal[0]
    assert together.ttft[0] - steady.ttft[0] == pytest.approx(64 * prompt / 2, rel=0.05)
    assert 199 * (steady.tpot[0] - together.tpot[0]) == pytest.approx(64 * prompt / 2, rel=0.15)
    assert together.requests_per_s[0] == pytest.approx(steady.requests_per_s[0], rel=0.05)


def test_what_does_not_fit_waits_and_brings_no_throughput() -> None:
    a = arrays(Design("llama-8b", "bf16", "h100", 1, "vllm"))
    full, crowded = (closed_loop(a, 1000, 300, n, fit=np.array([20.0])) for n in (20.0, 60.0))
    assert crowded.requests_per_s == pytest.approx(full.requests_per_s)
    assert crowded.ttft - full.ttft == pytest.approx(40 / full.requests_per_s)


def test_more_in_flight_is_slower_for_each_and_faster_for_all() -> None:
    a = arrays(Design("llama-70b", "fp8", "h100", 4, "vllm"))
    loops = [closed_loop(a, 1000, 300, n) for n in (1.0, 4.0, 16.0, 64.0, 256.0)]
    for before, after in pairwise(loops):
        assert after.tpot[0] > before.tpot[0]
        assert after.output_tokens_per_s[0] > before.output_tokens_per_s[0]


def test_a_model_without_architecture_is_not_sized_and_comes_out_unknown() -> None:
    catalog = made_catalog()
    assert not is_sized(catalog.models["price-only"])
    assert is_sized(catalog.models["deepseek-v3"])
    a = arrays(Design("price-only", "fp8", "h100", 8, "vllm"))
    assert np.isnan(decode_step(a, 1.0, 100.0)[0])


def test_an_assumed_figure_is_told_and_a_measured_one_is_not() -> None:
    a = arrays(
        Design("llama-8b", "bf16", "h100", 2, "vllm"),
        Design("llama-8b", "bf16", "bare", 2, "plain"),
    )
    assert a.estimates[0] == ""
    for part in ("BARE: not measured", "plain: not measured", "BARE: link", "BARE: 16-bit peak"):
        assert part in a.estimates[1]


def test_a_class_that_the_catalog_marks_as_an_estimate_is_told() -> None:
    catalog = made_catalog()
    classes = {id_: group.model_copy(update={"measured": False}) for id_, group in catalog.performance_classes.items()}
    a = design_arrays(replace(catalog, performance_classes=classes), [Design("llama-8b", "bf16", "h100", 1, "vllm")])
    assert "H100" in a.estimates[0]


def test_no_designs_or_an_unknown_id_is_an_error() -> None:
    with pytest.raises(ValueError, match="no designs"):
        arrays()
    with pytest.raises(KeyError):
        arrays(Design("nobody", "fp8", "h100", 1, "vllm"))


def test_what_lies_outside_the_published_measurements_is_an_estimate() -> None:
    catalog = load_catalog()
    asked = {
        Design("llama-3.3-70b", "fp8", "h100-sxm", 2, "vllm"): "",
        Design("llama-3.3-70b", "int8", "h100-sxm", 2, "vllm"): "no published measurements",
        Design("gemma-3-4b", "fp4", "b200", 1, "vllm"): "models of 30.5 to 1026 B only",
        Design("llama-3.3-70b", "bf16", "l40s", 8, "vllm"): "1 published measurements",
        # SGLang was measured on Hopper and Blackwell, MI300X with vLLM alone
        Design("llama-3.3-70b", "bf16", "mi300x", 1, "sglang"): "SGLang on GPUs like AMD Instinct MI300X: no published",
        Design("llama-3.3-70b", "bf16", "mi300x", 1, "vllm"): "",
        Design("llama-3.1-8b", "bf16", "h100-pcie", 1, "llama.cpp"): "measured for a single user only",
    }
    for design, said in zip(asked, design_arrays(catalog, list(asked)).estimates, strict=True):
        assert (asked[design] in said) if asked[design] else said == ""


def test_an_index_over_the_tokens_is_overhead_of_the_models_that_have_one_alone() -> None:
    catalog = load_catalog()
    designs = [Design(model, "fp8", "h200-sxm", 8, "sglang") for model in ("deepseek-v3.2", "deepseek-v3")]
    indexed, plain = design_arrays(catalog, designs).tau.tolist()
    assert indexed / plain == pytest.approx(catalog.operations["perf_indexed_tau"].value)
    assert indexed > plain
