import numpy as np
import pytest
from made_catalog import made_catalog

from catalogs.catalog import load_catalog
from solver.design_arrays import DesignArrays, design_arrays, memory_fraction
from solver.design_columns import Design
from solver.memory import kv_bytes, longest_tokens, memory_fit
from solver.performance import decode_step


def arrays(*designs: Design, **performance: float) -> DesignArrays:
    return design_arrays(made_catalog(performance), designs)


def test_a_70b_in_int8_on_one_h100_leaves_6104_tokens_of_kv_and_none_with_a_runtime_of_2_gb() -> None:
    # (0.9 * 80 - 70) GB / (2 * 80 layers * 8 heads * 128 * 2 B) = 2e9 / 327680 B
    design = Design("llama-70b", "int8", "h100", 1, "vllm")
    bare = memory_fit(arrays(design, perf_runtime_gb=0.0), 1500, 500, longest=2000)
    assert bare.kv_tokens[0] == pytest.approx(6104, rel=1e-3)
    assert bare.fits[0]
    real = memory_fit(arrays(design), 1500, 500, longest=2000)
    assert real.kv_tokens[0] == 0
    assert not real.fits[0]


@pytest.mark.parametrize(("precision", "gb"), [("bf16", 140), ("int8", 70), ("int4", 37.1)])
def test_weights_of_a_dense_model_are_its_parameters_times_the_bytes_of_one(precision: str, gb: float) -> None:
    fit = memory_fit(arrays(Design("llama-70b", precision, "h100", 4, "vllm")), 1000, 200, longest=2000)
    assert fit.weights_gb[0] == pytest.approx(gb)


def test_a_4_bit_mixture_keeps_16_bit_for_what_is_no_expert() -> None:
    # P_e = (235 - 22) / (1 - 8/128) = 227.2 G at 0.53 B, P_d = 7.8 G at 2 B
    fit = memory_fit(arrays(Design("qwen3-235b", "int4", "h100", 4, "vllm")), 1000, 200, longest=2000)
    assert fit.weights_gb[0] == pytest.approx(227.2 * 0.53 + 7.8 * 2, rel=1e-3)


def test_four_kv_heads_are_copied_beyond_four_gpus_so_the_cache_of_a_gpu_stops_falling() -> None:
    a = arrays(*(Design("qwen3-235b", "fp8", "h200", g, "vllm") for g in (1, 2, 4, 8)))
    whole = 2 * 94 * 4 * 128 * 2
    assert a.kv_token.tolist() == [whole, whole / 2, whole / 4, whole / 4]
    eight = arrays(*(Design("llama-70b", "fp8", "h200", g, "vllm") for g in (4, 8)))
    assert eight.kv_token.tolist() == [2 * 80 * 2 * 128 * 2, 2 * 80 * 128 * 2]


def test_a_latent_cache_is_whole_on_every_gpu_whatever_the_tensor_parallelism() -> None:
    a = arrays(*(Design("deepseek-v3", "fp8", "h200", g, "lmdeploy") for g in (4, 8)))
    assert a.kv_token.tolist() == [61 * (512 + 64) * 2] * 2
    assert a.attention_groups.tolist() == [1, 1]


def test_latent_attention_runs_data_parallel_where_the_engine_can_and_holds_more_tokens_that_way() -> None:
    groups, split = arrays(
        Design("deepseek-v3", "fp8", "h200", 8, "sglang"), Design("deepseek-v3", "fp8", "h200", 8, "sglang", 1)
    ).attention_groups
    assert (groups, split) == (8, 1)
    a = arrays(Design("deepseek-v3", "fp8", "h200", 8, "sglang"), Design("deepseek-v3", "fp8", "h200", 8, "lmdeploy"))
    # P_e = 634 / (1 - 8/256) = 654.45 G; each group holds P_d = 16.55 G, so a GPU 16.55 + 81.81 GB
    assert a.weights[0] == pytest.approx(98.36e9, rel=1e-3)
    assert a.kv_tokens[0] == pytest.approx(8 * (126.9 - 98.36 - 2) * 1e9 / 70272, rel=1e-2)
    assert a.kv_tokens[0] > 4 * a.kv_tokens[1]


def test_an_8_bit_cache_doubles_the_tokens_and_leaves_the_weights() -> None:
    wide, narrow = (Design("llama-70b", precision, "h200", 1, "vllm") for precision in ("fp8", "fp8-kv8"))
    a = arrays(wide, narrow)
    assert a.kv_tokens[1] == pytest.approx(2 * a.kv_tokens[0])
    assert a.weights[0] == a.weights[1]


def test_requests_that_fit_count_the_input_and_half_the_output() -> None:
    # 70B INT8 on an H200: 126.9 - 70 - 2 = 54.9 GB over 327680 B * (1000 + 200/2)
    fit = memory_fit(arrays(Design("llama-70b", "int8", "h200", 1, "vllm")), 1000, 200, longest=2000)
    assert fit.requests[0] == pytest.approx(54.9e9 / (327680 * 1100))


def test_a_shared_prefix_is_held_once() -> None:
    a = arrays(Design("llama-70b", "int8", "h200", 1, "vllm"))
    fit = memory_fit(a, 1000, 200, longest=2000, shared_tokens=600)
    assert fit.requests[0] == pytest.approx((54.9e9 - 600 * 327680) / (327680 * 500))


def test_a_request_longer_than_the_cache_is_refused_with_the_gigabytes_it_lacks() -> None:
    # 54.9 GB hold 167,542 tokens; 200,000 tokens need 65.536 GB beside 70 + 2
    fit = memory_fit(arrays(Design("llama-70b", "int8", "h200", 1, "vllm")), 1000, 200, longest=200_000)
    assert not fit.fits[0]
    assert fit.needed_gb[0] == pytest.approx(137.536)
    assert fit.available_gb[0] == pytest.approx(126.9)


def test_a_sliding_window_fills_up_and_stands_while_other_layers_grow() -> None:
    # Gemma 2 9B: 42 layers, every second with a window of 4,096 tokens; 2 * 8 heads * 256 * 2 B a token and layer
    a = design_arrays(load_catalog(), [Design("gemma-2-9b", "bf16", "h100-sxm", 1, "vllm")])
    token = 2 * 8 * 256 * 2
    assert a.window[0] == 4096
    assert kv_bytes(a, 1000.0)[0] == pytest.approx(42 * token * 1000)
    assert kv_bytes(a, 8000.0)[0] == pytest.approx(21 * token * (8000 + 4096))
    short, long = (decode_step(a, 64.0, tokens)[0] for tokens in (1000.0, 2000.0))
    read = 64 * 42 * token * 1000 / float((a.bandwidth * a.eta_mem * a.eta_kv)[0])
    assert long - short == pytest.approx(read)


def test_a_linear_state_is_there_from_the_first_token_on() -> None:
    a = design_arrays(load_catalog(), [Design("qwen3.5-397b-a17b", "fp8", "h200-sxm", 8, "sglang")])
    assert a.kv_sequence[0] > 0
    assert kv_bytes(a, 1.0)[0] == pytest.approx(a.kv_token[0] + a.kv_sequence[0])


def test_a_gpu_gets_three_quarters_of_memory_that_it_shares() -> None:
    card, mac = load_catalog().gpus["h100-sxm"], load_catalog().gpus["m2-ultra"]
    assert memory_fraction(load_catalog(), card) == 0.9
    assert memory_fraction(load_catalog(), mac) == 0.75
    a = design_arrays(load_catalog(), [Design("llama-3.1-8b", "gguf-q4", "m2-ultra", 1, "llama.cpp")])
    assert a.kv_room[0] + a.weights[0] + a.runtime == pytest.approx(0.75 * 192e9)


def test_an_unknown_architecture_gives_nan_and_never_fits() -> None:
    fit = memory_fit(arrays(Design("price-only", "fp8", "h200", 8, "vllm")), 1000, 200, longest=2000)
    assert np.isnan(fit.requests[0])
    assert not fit.fits[0]


def test_the_longest_request_of_a_log_normal_is_its_percentile() -> None:
    # p50 1200 and p95 4000: sigma = ln(4000/1200)/1.64485 = 0.73196
    sigma = 0.73196
    mean, variation = 1200 * np.exp(sigma**2 / 2), np.sqrt(np.exp(sigma**2) - 1)
    assert longest_tokens(mean, variation) == pytest.approx(4000, rel=1e-4)
    assert longest_tokens(1200, 0.0) == pytest.approx(1200)
