"""One replica predicted: figures by hand, laws that any queue keeps, and what bounds it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from catalogs.catalog import Catalog, load_catalog
from solver.cases import Case, Slo, predict_cases
from solver.design_arrays import design_arrays
from solver.design_columns import Design
from solver.operating_points import Load, Regime, operate, pipelined, step_parts, with_kv_bytes
from solver.predict import Asked, Point, Prediction, predict

LLAMA_70B_TWO = Design("llama-3.1-70b", "fp8", "h100-sxm", 2, "vllm")
LLAMA_8B = Design("llama-3.1-8b", "bf16", "h100-sxm", 1, "vllm")
H100_BYTES_PER_S = 3.35e12  # NVIDIA H100 SXM data sheet


@cache
def figures() -> Catalog:
    return load_catalog()


def of(design: Design, **asked: object) -> Prediction:
    return predict(design, Asked(1000.0, 500.0, **asked), figures())  # type: ignore[arg-type]


def test_memory_of_a_70b_in_fp8_on_two_h100_by_hand() -> None:
    memory = of(LLAMA_70B_TWO).memory
    weights, token = 70.55, 2 * 80 * 8 * 128 * 2  # 1 byte a parameter; K and V, layers, KV heads, head size, 2 bytes
    assert memory.weights_gb == pytest.approx(weights, rel=0.002)
    assert memory.kv_token_bytes == token
    assert memory.kv_request_gb == pytest.approx((1000 + 250) * token / 1e9)
    assert memory.kv_room_gb == pytest.approx(0.9 * 2 * 85.9 - memory.weights_gb - 2 * 2.0)
    assert memory.available_gb == pytest.approx(memory.weights_gb + memory.runtime_gb + memory.kv_room_gb)
    assert memory.fit == pytest.approx(memory.kv_room_gb / memory.kv_request_gb)


@pytest.mark.parametrize(("gpus", "bytes_"), [(2, 70.5e9), (4, 70.5e9)])
def test_no_token_comes_faster_than_the_weights_can_be_read(gpus: int, bytes_: float) -> None:
    (point,) = of(replace(LLAMA_70B_TWO, gpus=gpus), in_flight=(1.0,)).points
    floor_ms = bytes_ / gpus / H100_BYTES_PER_S * 1e3
    assert floor_ms < point.tpot_ms.value < 3 * floor_ms
    assert point.bound_by == "weights"


def test_a_70b_in_fp8_on_one_h100_loads_and_serves_next_to_nobody() -> None:
    """What is left of 80 GiB serves a handful. A token takes 21 ms at the least; one H200 was measured at 21.5 ms, of
    which 14.7 are its floor at 4.8 TB/s: with the H100's for it, 28; with all of it scaled by the bandwidth, 31."""
    found = of(replace(LLAMA_70B_TWO, gpus=1), in_flight=(1.0,), highest=True)
    assert 1 < found.memory.fit < 16
    assert 21 < found.points[0].tpot_ms.value == pytest.approx(29, rel=0.15)
    assert found.rate is not None
    assert found.rate.bound_by == "kv"
    assert found.rate.requests_per_s is not None
    assert found.rate.requests_per_s.value < 1


def test_a_70b_in_fp8_on_a_gpu_of_80e9_bytes_is_predicted_and_refused() -> None:
    catalog = figures()
    less = catalog.gpus["h100-sxm"].model_copy(update={"memory_gb": 80.0})
    small = replace(catalog, gpus={**catalog.gpus, "h100-sxm": less})
    asked = Asked(1000.0, 500.0, in_flight=(1.0,), highest=True)
    found = predict(replace(LLAMA_70B_TWO, gpus=1), asked, small)
    assert found.memory.fit < 1
    assert [refusal.partition(":")[0] for refusal in found.refusals] == ["memory"]
    assert found.points[0].tpot_ms.value > 70.5 / 3.35
    assert found.points[0].tpot_ms.band >= 0.5
    assert found.rate is not None
    assert found.rate.requests_per_s is None
    assert found.rate.refused == "memory"


def test_what_cannot_be_loaded_has_no_speed() -> None:
    assert of(Design("llama-3.1-405b", "bf16", "h100-sxm", 1, "vllm")).points == ()


def little(point: Point) -> float:
    return point.requests_per_s.value * point.e2e_ms.value / 1e3


def test_requests_in_flight_are_rate_times_time() -> None:
    points = of(LLAMA_70B_TWO, in_flight=(1.0, 8.0, 64.0, 150.0)).points
    assert [little(point) for point in points] == pytest.approx([1, 8, 64, 150], rel=0.01)
    rates = [point.output_tokens_per_s.value for point in points]
    assert rates == sorted(rates)
    assert rates == pytest.approx([500 * point.requests_per_s.value for point in points])


def test_more_in_flight_than_fit_wait_and_gain_nothing() -> None:
    fit = of(LLAMA_70B_TWO).memory.fit
    inside, outside = of(LLAMA_70B_TWO, in_flight=(float(int(fit)), 4 * fit)).points
    assert inside.bound_by != "memory"
    assert (outside.bound_by, outside.waiting) == ("memory", True)
    assert outside.output_tokens_per_s.value == pytest.approx(inside.output_tokens_per_s.value, rel=0.02)
    assert outside.ttft_ms.value > 2 * inside.e2e_ms.value
    assert little(outside) == pytest.approx(4 * fit, rel=0.02)


def test_the_parts_of_a_token_s_time_are_the_tpot() -> None:
    for point in of(LLAMA_70B_TWO).points:
        parts = point.tpot_parts_ms.model_dump()
        assert sum(parts.values()) == pytest.approx(point.tpot_ms.value, rel=0.01)
        assert min(parts.values()) >= 0
        assert parts["communication"] > 0
    (alone,) = of(LLAMA_8B, in_flight=(1.0,)).points
    assert alone.tpot_parts_ms.communication == 0


def test_a_band_is_a_factor_both_ways_and_that_of_its_class() -> None:
    (point,) = of(LLAMA_8B, in_flight=(1.0,)).points
    assert point.tpot_ms.low == pytest.approx(point.tpot_ms.value / (1 + point.tpot_ms.band))
    assert point.tpot_ms.high == pytest.approx(point.tpot_ms.value * (1 + point.tpot_ms.band))
    l4 = of(replace(LLAMA_8B, gpu="l4"), in_flight=(1.0,))
    assert l4.points[0].tpot_ms.band > point.tpot_ms.band
    assert l4.estimate
    assert point.tpot_ms.band < point.ttft_ms.band


def test_the_highest_rate_keeps_its_limits_and_falls_with_them() -> None:
    loose = of(LLAMA_8B, highest=True, ttft_ms=2000.0, tpot_ms=40.0).rate
    tight = of(LLAMA_8B, highest=True, ttft_ms=2000.0, tpot_ms=10.0).rate
    assert loose is not None
    assert tight is not None
    assert loose.requests_per_s is not None
    assert tight.requests_per_s is not None
    assert tight.requests_per_s.value < loose.requests_per_s.value
    assert (tight.bound_by, tight.tpot_ms <= 10.0) == ("tpot", True)
    at = of(LLAMA_8B, rate=tight.requests_per_s.value).points[0]
    assert at.tpot_ms.value < 10.0  # the mean lies under the percentile
    assert not at.waiting


@pytest.mark.parametrize(
    ("design", "rule"),
    [
        (Design("llama-3.1-8b", "fp4", "h100-sxm", 1, "vllm"), "precision"),
        (Design("llama-3.1-8b", "bf16", "m2-ultra", 1, "vllm"), "engine"),
        (Design("llama-3.1-8b", "gguf-q4", "h100-sxm", 1, "vllm"), "engine"),
        (Design("llama-3.1-8b", "bf16", "h100-sxm", 3, "vllm"), "split"),
        (Design("deepseek-r1", "fp8", "b200", 8, "tgi", 8), "engine"),
    ],
)
def test_what_no_plan_would_use_is_said(design: Design, rule: str) -> None:
    assert rule in {refusal.partition(":")[0] for refusal in of(design).refusals}


def test_a_design_that_runs_is_not_refused() -> None:
    assert of(LLAMA_70B_TWO).refusals == ()
    assert predict(LLAMA_8B, Asked(200_000.0, 500.0), figures()).refusals[-1].startswith("context")


def load(**changes: float) -> Load:
    values = {"input_tokens": 512.0, "output_tokens": 256.0, "in_flight": 16.0, "rate": 1.0, "requests": np.inf}
    values |= {"first_wave": 0.0, **changes}
    return Load(**{name: np.array([value]) for name, value in values.items()})


def one(regime: Regime, **changes: float) -> dict[str, float]:
    points = operate(design_arrays(figures(), [LLAMA_8B]), np.array([str(regime)]), load(**changes))
    return {name: float(value[0]) for name, value in vars(points).items()}


def test_a_batch_of_one_is_a_closed_loop_of_one_without_a_server() -> None:
    batch, loop = one(Regime.BATCH, in_flight=1), one(Regime.CLOSED, in_flight=1)
    assert batch["tpot"] == pytest.approx(loop["tpot"], rel=0.02)
    assert batch["e2e"] == pytest.approx(batch["ttft"] + 255 * batch["tpot"])
    assert batch["ttft"] < loop["ttft"]


def test_a_batch_twice_what_fits_takes_twice_as_long() -> None:
    fit = float(one(Regime.BATCH, input_tokens=60_000, in_flight=1)["fit"])
    once, twice = (one(Regime.BATCH, input_tokens=60_000, in_flight=n * fit) for n in (1, 2))
    assert twice["e2e"] == pytest.approx(2 * once["e2e"])
    assert twice["output_tokens_per_s"] == pytest.approx(once["output_tokens_per_s"])


def test_poisson_arrivals_are_served_at_their_rate_until_there_are_too_many() -> None:
    most = one(Regime.SATURATED)["requests_per_s"]
    calm = one(Regime.RATE, rate=most / 4)
    assert calm["requests_per_s"] == pytest.approx(most / 4)
    assert calm["running"] == pytest.approx(most / 4 * 255 * calm["tpot"], rel=0.01)
    storm = one(Regime.RATE, rate=20 * most, requests=50_000)
    assert storm["waiting"]
    assert storm["requests_per_s"] < 1.1 * most
    assert storm["ttft"] == pytest.approx(50_000 / most / 2, rel=0.15)  # the mean waits half the backlog out


def test_a_short_run_ends_with_its_longest_answer() -> None:
    endless, short = one(Regime.RATE, rate=10), one(Regime.RATE, rate=10, requests=100)
    tail = 3 * 255 * short["tpot"]
    assert short["requests_per_s"] == pytest.approx(100 / (100 / 10 + tail))
    assert short["tpot"] == pytest.approx(endless["tpot"])


def test_a_burst_that_finds_room_waits_for_none() -> None:
    long = {"output_tokens": 2000.0}
    burst = one(Regime.RATE, rate=20, requests=100, **long)
    assert burst["fit"] > 100
    assert 20 * 2000 * burst["tpot"] > 100  # for good, more would run than came
    assert not burst["waiting"]
    assert burst["ttft"] == pytest.approx(one(Regime.CLOSED, in_flight=100, **long)["ttft"], rel=0.05)
    assert one(Regime.RATE, rate=20, requests=10_000, **long)["waiting"]


def test_a_pipeline_s_stage_holds_its_part_of_the_layers() -> None:
    arrays = design_arrays(figures(), [Design("llama-3.1-70b", "fp8", "h100-sxm", 1, "vllm")])
    staged = pipelined(arrays, np.array([4.0]))
    assert staged.weights == pytest.approx(arrays.weights / 4)
    assert staged.kv_room == pytest.approx(0.9 * 85.9e9 - arrays.weights / 4 - 2e9)
    assert pipelined(arrays, np.array([1.0])).kv_room == pytest.approx(arrays.kv_room)


def test_an_8_bit_cache_holds_twice_the_tokens() -> None:
    arrays = design_arrays(figures(), [LLAMA_8B])
    assert with_kv_bytes(arrays, np.array([0.5])).kv_tokens == pytest.approx(2 * arrays.kv_tokens)


def test_reading_weights_and_caches_takes_time_as_their_bytes() -> None:
    arrays = design_arrays(figures(), [LLAMA_8B])
    long = load(input_tokens=100_000, in_flight=4)
    points = operate(arrays, np.array(["closed-loop"]), long)
    parts = step_parts(arrays, long, points)
    caches = points.running * (100_000 + 256 / 2) * (2 * 32 * 8 * 128 * 2)
    weights = 8.03e9 * 2
    assert parts.kv / parts.weights == pytest.approx(caches / weights / arrays.eta_kv, rel=0.01)
    assert parts.largest().tolist() == ["prefill"]  # 100,000 tokens a request


CLOSED = Case(LLAMA_8B, Regime.CLOSED, 512.0, 256.0, in_flight=32.0)


def test_copies_share_what_is_in_flight() -> None:
    single, double = predict_cases([CLOSED, replace(CLOSED, copies=2, in_flight=64.0)], figures())
    assert double.output_tokens_per_s == pytest.approx(2 * single.output_tokens_per_s)
    assert double.tpot == pytest.approx(single.tpot)


def test_a_single_user_of_two_copies_uses_one() -> None:
    single, double = predict_cases(
        [replace(CLOSED, in_flight=1.0), replace(CLOSED, copies=2, in_flight=1.0)], figures()
    )
    assert double.output_tokens_per_s == pytest.approx(single.output_tokens_per_s)


def test_an_unknown_split_is_the_one_that_does_most() -> None:
    whole = Case(replace(LLAMA_70B_TWO, gpus=1), Regime.SATURATED, 512.0, 256.0, copies=8, split=True)
    (found,) = predict_cases([whole], figures())
    fixed = [
        replace(whole, design=replace(whole.design, gpus=size), copies=8 // size, split=False) for size in (2, 4, 8)
    ]
    others = predict_cases(fixed, figures())
    assert not found.squeezed
    assert found.gpus * found.copies == 8
    assert found.output_tokens_per_s == pytest.approx(max(other.output_tokens_per_s for other in others))


def test_a_case_with_an_slo_is_at_its_highest_rate() -> None:
    slo = Slo(500.0, 20.0, 95.0)
    easy, never = predict_cases(
        [replace(CLOSED, regime=Regime.RATE, slo=slo), replace(CLOSED, regime=Regime.RATE, slo=Slo(1.0, 20.0, 95.0))],
        figures(),
    )
    alone = predict(LLAMA_8B, Asked(512.0, 256.0, highest=True, ttft_ms=500.0, tpot_ms=20.0), figures()).rate
    assert alone is not None
    assert alone.requests_per_s is not None
    assert easy.requests_per_s == pytest.approx(alone.requests_per_s.value * alone.safety, rel=1e-3)
    assert never.refused == "ttft"


def test_no_cases_no_predictions() -> None:
    assert predict_cases([], figures()) == []
