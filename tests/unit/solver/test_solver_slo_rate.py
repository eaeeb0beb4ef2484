from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from made_catalog import made_catalog

from solver.design_arrays import DesignArrays, design_arrays
from solver.design_columns import Design
from solver.slo_rate import RequestShape, highest_rates
from solver.waiting import gamma_quantile, lognormal_quantile, normal_quantile

CHAT = RequestShape(
    input_tokens=1000, input_cv=0.8, output_tokens=300, output_cv=0.7, shared_prefix=0.0,
    ttft_ms=1000, tpot_ms=50, percentile=95, longest_tokens=8000,
)  # fmt: skip
ALONE = replace(CHAT, input_cv=0.0, output_tokens=100, output_cv=0.0, percentile=50, longest_tokens=1100)
DESIGNS = (
    Design("llama-8b", "bf16", "h100", 1, "vllm"),
    Design("llama-70b", "fp8", "h100", 2, "vllm"),
    Design("llama-70b", "fp8", "h200", 1, "sglang"),
    Design("deepseek-v3", "fp8", "h200", 8, "sglang"),
    Design("qwen3-235b", "fp8", "h200", 4, "vllm"),
)


def arrays(*designs: Design, **performance: float) -> DesignArrays:
    return design_arrays(made_catalog(performance), designs or DESIGNS)


@pytest.mark.parametrize(("percentile", "z"), [(50, 0.0), (90, 1.28155), (95, 1.64485), (99, 2.32635), (99.9, 3.09023)])
def test_the_normal_quantile_is_the_tables(percentile: float, z: float) -> None:
    assert normal_quantile(percentile) == pytest.approx(z, abs=1e-5)


@pytest.mark.parametrize(
    ("freedom", "percentile", "chi_square"),  # NIST/SEMATECH e-Handbook 1.3.6.7.4; medians from the same distribution
    [
        (1, 95, 3.841), (1, 99, 6.635), (2, 50, 1.386), (2, 95, 5.991), (2, 99, 9.210), (4, 95, 9.488),
        (4, 99.9, 18.467), (10, 50, 9.342), (10, 95, 18.307), (10, 99, 23.209), (100, 95, 124.342),
    ],
)  # fmt: skip
def test_the_gamma_quantile_is_within_3_percent_of_the_chi_square_tables(
    freedom: int, percentile: float, chi_square: float
) -> None:
    found = gamma_quantile(np.array([float(freedom)]), np.array([2.0 * freedom]), percentile)
    assert found[0] == pytest.approx(chi_square, rel=0.03)


def test_the_log_normal_quantile_is_that_of_many_draws() -> None:
    mean, variation = 3.0, 0.8
    sigma = np.sqrt(np.log1p(variation**2))
    drawn = mean * np.exp(sigma * np.random.default_rng(1).standard_normal(400_000) - sigma**2 / 2)
    for percentile in (50.0, 90.0, 95.0, 99.0):
        found = lognormal_quantile(np.array([mean]), np.array([(mean * variation) ** 2]), percentile)
        assert found[0] == pytest.approx(np.percentile(drawn, percentile), rel=0.02)


def test_the_log_normal_quantile_of_a_constant_is_the_constant() -> None:
    assert lognormal_quantile(np.array([3.0]), np.array([0.0]), 99)[0] == pytest.approx(3.0)


def test_at_vanishing_load_times_are_those_of_one_request_by_hand() -> None:
    # TTFT limit of 1 ms refuses it, so the best is told: t_fix + s/2 + m*I + one iteration, no waiting
    rates = highest_rates(arrays(DESIGNS[0]), replace(ALONE, ttft_ms=1.0))
    step = 16.06e9 / (3.35e12 * 0.8) + 0.25 * 2 * 8.03e9 / (989e12 * 0.58)
    step += 131072 * 1050 / (3.35e12 * 0.8 * 0.92) + 29e-6 * 57 + 7e-6  # 7.7155 ms
    prompt = 2 * 8.03e9 * 1000 / (989e12 * 0.58) + 2 * 32 * 32 * 128 * 1e6 / (989e12 * 0.58)  # 28.46 ms
    assert rates.rule[0] == "ttft"
    assert np.isnan(rates.requests_per_s[0])
    assert rates.tpot_ms[0] == pytest.approx(1e3 * step, rel=2e-3)
    assert rates.ttft_ms[0] == pytest.approx(28 + 1e3 * (prompt + 1.5 * step), rel=5e-3)


def test_littles_law_gives_the_concurrency_at_the_rate() -> None:
    # constant lengths, median: TPOT is the mean one but for spread, and little waits at a loose SLO's rate
    shape = replace(ALONE, tpot_ms=12.0, ttft_ms=None)
    rates = highest_rates(arrays(DESIGNS[0]), shape)
    residence = (rates.ttft_ms + 99 * rates.tpot_ms) / 1e3
    assert rates.requests_per_s * residence == pytest.approx(rates.concurrency, rel=0.03)


def test_the_times_at_the_rate_keep_the_slo_and_the_limit_that_binds_is_nearly_reached() -> None:
    rates = highest_rates(arrays(perf_safety=1.0), CHAT)
    assert set(rates.rule) == {"ok"}
    assert (rates.ttft_ms <= 1000 * (1 + 1e-6)).all()
    assert (rates.tpot_ms <= 50 * (1 + 1e-6)).all()
    for at, bound in enumerate(rates.bound_by):
        reached = {"ttft": rates.ttft_ms[at] / 1000, "tpot": rates.tpot_ms[at] / 50}.get(str(bound), 1.0)
        assert reached == pytest.approx(1.0, rel=1e-3)


def test_the_rate_is_divided_by_the_safety_factor() -> None:
    bare, safe = (highest_rates(arrays(perf_safety=factor), CHAT) for factor in (1.0, 1.1))
    assert bare.requests_per_s / safe.requests_per_s == pytest.approx(1.1)
    assert (safe.ttft_ms < bare.ttft_ms).all()


def rising(shapes: list[RequestShape]) -> None:
    rates = [np.nan_to_num(highest_rates(arrays(), shape).requests_per_s) for shape in shapes]
    for tighter, looser in pairwise(rates):
        assert (looser >= tighter * (1 - 1e-6)).all()
    assert (rates[-1] > rates[0]).any()


def test_a_looser_slo_never_lowers_the_rate() -> None:
    rising([replace(CHAT, ttft_ms=ms) for ms in (50, 150, 300, 600, 1200, 5000, 60000, None)])
    rising([replace(CHAT, tpot_ms=ms) for ms in (5, 10, 20, 30, 50, 100, 400, None)])
    rising([replace(CHAT, percentile=p) for p in (99.9, 99, 95, 90, 75, 50)])


def test_longer_or_more_varied_requests_never_raise_the_rate() -> None:
    rising([replace(CHAT, input_tokens=tokens) for tokens in (7000, 4000, 2000, 1000, 300)])
    rising([replace(CHAT, output_tokens=tokens) for tokens in (2000, 1000, 300, 100)])
    rising([replace(CHAT, input_cv=cv) for cv in (1.5, 1.0, 0.5, 0.0)])


def test_a_shared_prefix_raises_the_rate() -> None:
    rising([replace(CHAT, input_tokens=4000, shared_prefix=share) for share in (0.0, 0.3, 0.6, 0.9)])


def test_without_an_slo_cache_sequences_or_prefill_bound_the_rate() -> None:
    rates = highest_rates(arrays(), replace(CHAT, ttft_ms=None, tpot_ms=None))
    assert set(rates.rule) == {"ok"}
    assert set(rates.bound_by) <= {"kv", "sequences", "compute"}
    long_prompts = replace(CHAT, input_tokens=7000, output_tokens=1, output_cv=0.0, ttft_ms=None, tpot_ms=None)
    assert highest_rates(arrays(DESIGNS[0]), long_prompts).bound_by[0] == "compute"


def test_one_token_of_output_has_no_time_per_output_token() -> None:
    one = replace(CHAT, output_tokens=1, output_cv=0.0, tpot_ms=0.001)
    assert highest_rates(arrays(DESIGNS[0]), one).rule[0] == "ok"


@pytest.mark.parametrize(
    ("design", "changed", "rule"),
    [
        (Design("llama-70b", "int8", "h100", 1, "vllm"), {}, "memory"),
        (DESIGNS[0], {"longest_tokens": 200_000}, "context"),
        (DESIGNS[0], {"ttft_ms": 20.0}, "ttft"),
        (DESIGNS[0], {"tpot_ms": 5.0}, "tpot"),
        (DESIGNS[0], {}, "ok"),
        (Design("price-only", "fp8", "h100", 8, "vllm"), {}, "unknown"),
        (Design("llama-8b", "fp8", "bare", 1, "vllm"), {}, "unknown"),
    ],
)
def test_a_refusal_names_the_rule(design: Design, changed: dict[str, float], rule: str) -> None:
    rates = highest_rates(arrays(design), replace(CHAT, **changed))
    assert rates.rule[0] == rule
    assert np.isnan(rates.requests_per_s[0]) == (rule != "ok")


def test_a_memory_refusal_always_tells_more_needed_than_available() -> None:
    designs = [
        Design(model, precision, gpu, gpus, "vllm")
        for model, precision, gpu, gpus in product(
            ("llama-8b", "llama-70b", "qwen3-235b", "deepseek-v3"), ("bf16", "fp8"), ("h100", "a100"), (1, 2, 4, 8)
        )
    ]
    for shape in (CHAT, replace(CHAT, longest_tokens=100_000), replace(CHAT, output_tokens=9000, output_cv=3.0)):
        rates = highest_rates(design_arrays(made_catalog(), designs), shape)
        refused = rates.rule == "memory"
        assert refused.any()
        assert (rates.memory_needed_gb[refused] > rates.memory_available_gb[refused]).all()


def test_designs_do_not_depend_on_one_another() -> None:
    together = highest_rates(arrays(), CHAT).requests_per_s
    alone = [highest_rates(arrays(design), CHAT).requests_per_s[0] for design in DESIGNS]
    assert together.tolist() == pytest.approx(alone, rel=1e-9)
