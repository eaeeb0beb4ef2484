"""Points and sweeps in the performance model, by hand: a dense 8B on one GPU whose weights alone take time."""

from dataclasses import replace
from math import exp
from typing import Any

import numpy as np
import pytest
from made_catalog import SOURCED, made_catalog

from catalogs.catalog import Catalog
from catalogs.measurements import MeasuredPoint
from solver.design_arrays import DesignArrays, design_arrays
from solver.design_columns import Design
from solver.impossible import impossible
from solver.measured import corrected, correction, measurements_of, swept_rate
from solver.performance import closed_loop, decode_step, prefill
from solver.slo_rate import RequestShape

DESIGN = Design("llama-8b", "bf16", "h100", 1, "vllm")
WEIGHTS = 8.03e9 * 2 / (3350e9 * 0.8)  # s to read the weights at the class's eta_mem
OVERHEAD = (32 + 25) * 29e-6  # s of launching kernels: tau x (layers + 25)


def point(**more: Any) -> MeasuredPoint:
    base: dict[str, Any] = {
        "id": "p", "model": "llama-8b", "precision": "bf16", "gpu": "h100", "gpus": 1, "engine": "vllm", "tool": "t",
        "arrivals": "closed", "max_in_flight": 1, "completed": 10_000, "input_tokens": 10.0, "output_tokens": 1001.0,
        "requests_per_second": 0.1, "ttft_ms": {"mean": 40.0}, "tpot_ms": {"mean": 10.0}, **SOURCED,
    }  # fmt: skip
    return MeasuredPoint.model_validate(base | more)


def loop_point(one: DesignArrays, n: int, input_tokens: float = 1000, output_tokens: float = 200) -> MeasuredPoint:
    """What a replica with these parameters would be measured to do with n requests in flight."""
    loop = closed_loop(one, input_tokens, output_tokens, n)
    return point(
        id=f"n{n}", max_in_flight=n, completed=10**9, input_tokens=input_tokens, output_tokens=output_tokens,
        requests_per_second=float(loop.requests_per_s[0]), ttft_ms={"mean": float(loop.ttft[0]) * 1e3},
        tpot_ms={"mean": float(loop.tpot[0]) * 1e3},
    )  # fmt: skip


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return made_catalog()


@pytest.fixture(scope="module")
def one(catalog: Catalog) -> DesignArrays:
    return design_arrays(catalog, [DESIGN])


def test_one_point_multiplies_the_step_by_measured_over_predicted(one: DesignArrays) -> None:
    """At batch 1 the step is weights, a quarter of the arithmetic, 510 tokens of KV, overhead and sampling."""
    compute = 2 * 8.03e9 / (989e12 * 0.58)
    cache = 2 * 32 * 8 * 128 * 2 * 510.5 / (3350e9 * 0.8 * 0.92)
    predicted = WEIGHTS + 0.25 * compute + cache + OVERHEAD + 7e-6
    found = correction(one, [point()])
    assert found.step_scale == pytest.approx(10e-3 / predicted, rel=1e-4)  # 10 tokens of prompt take next to nothing
    assert found.eta_mem == one.eta_mem[0]
    assert "corrected by 1 point" in found.says
    assert f"TPOT x {10e-3 / predicted:.3g}" in found.says


def test_a_ttft_measured_sets_what_is_no_queueing(one: DesignArrays) -> None:
    """40 ms less half a step of 10 ms are t_fix and t_pf, whichever of the two is to blame."""
    found = correction(one, [point()])
    now = replace(one, eta_pf=np.array([found.eta_pf]), eta_attention=np.array([found.eta_attention]))
    assert found.t_fix + prefill(now, 10.0).alone[0] == pytest.approx(35e-3, rel=1e-3)
    was = 28e-3 + float(prefill(one, 10.0).alone[0])
    assert f"TTFT x {35e-3 / was:.3g}" in found.says


def test_a_prompt_that_took_twice_as_long_has_slower_arithmetic_by_its_part(one: DesignArrays) -> None:
    """500 tokens take 14 of the 44 ms that t_fix and t_pf make: of a factor of 2 on these, it takes 14/44."""
    arithmetic = 2 * 8.03e9 * 500 / (989e12 * 0.58)
    own = 28e-3 + arithmetic + OVERHEAD
    slow = point(
        input_tokens=500.0, ttft_ms={"mean": (2 * own + 4e-3) * 1e3}, tpot_ms={"mean": 8.0}, requests_per_second=1e-3
    )
    found = correction(one, [slow])
    assert found.eta_pf == pytest.approx(0.58 / (1 + arithmetic / own), rel=0.01)
    assert found.eta_attention / one.eta_attention[0] == pytest.approx(found.eta_pf / one.eta_pf[0])


def test_what_was_measured_is_what_the_corrected_model_says(one: DesignArrays) -> None:
    slower = replace(one, eta_mem=one.eta_mem * 0.7, t_fix=one.t_fix * 3)
    measured = loop_point(slower, 16)
    (new, found) = corrected(one, measurements_of([measured]))
    loop = closed_loop(new, 1000, 200, 16)
    assert list(found) == [0]
    assert loop.tpot[0] * 1e3 == pytest.approx(measured.tpot_ms["mean"], rel=1e-3)
    assert loop.ttft[0] * 1e3 == pytest.approx(measured.ttft_ms["mean"], rel=1e-2)


def test_rounds_that_an_engine_keeps_together_are_not_taken_for_a_slow_prompt(one: DesignArrays) -> None:
    """Of ten rounds of 16 clients a TTFT holds beta/2 = 0.3 of their prompts; of a thousand 0.5/1.8 = 0.278."""
    kept = replace(one, first_wave=np.array([0.6]))
    for rounds, beta in ((10, 0.6), (1000, 0.001 + 0.999 * 0.5 / 0.9)):
        loop = closed_loop(kept, 1000, 200, 16, None, beta)
        measured = point(
            max_in_flight=16, completed=16 * rounds, input_tokens=1000.0, output_tokens=200.0,
            requests_per_second=float(loop.requests_per_s[0]), ttft_ms={"mean": float(loop.ttft[0]) * 1e3},
            tpot_ms={"mean": float(loop.tpot[0]) * 1e3},
        )  # fmt: skip
        found = correction(kept, [measured])
        assert found.t_fix == pytest.approx(one.t_fix[0], rel=1e-2)
        assert found.eta_pf == pytest.approx(one.eta_pf[0], rel=1e-2)
        assert found.step_scale == pytest.approx(1, rel=1e-2)  # who waited together decodes together, a little


def test_two_numbers_in_flight_tell_bandwidth_from_overhead(one: DesignArrays) -> None:
    """A step of B sequences: (weights + B caches of 4005 tokens)/bandwidth + tau x 57 + 7 us x B, for B of 1 and 40."""
    eta, tau = 0.6, 60e-6

    def step(batch: float) -> float:
        memory = (8.03e9 * 2 + batch * 4096 * 32 * 4005 / 0.92) / (3350e9 * eta)
        return memory + 0.25 * batch * 2 * 8.03e9 / (989e12 * 0.58) + tau * 57 + 7e-6 * batch

    def told(batch: float) -> MeasuredPoint:
        return point(
            input_tokens=4000.0, output_tokens=10.0, max_in_flight=None, arrivals="poisson",
            requests_per_second=batch / (9 * step(batch)), ttft_ms={"mean": 400.0}, tpot_ms={"mean": step(batch) * 1e3},
        )  # fmt: skip

    still = replace(one, mu=np.zeros(1))  # no prompt takes time from decoding, so that TPOT is the step
    found = correction(still, [told(1.0), told(40.0)])
    assert found.eta_mem == pytest.approx(eta, rel=0.03)
    assert found.tau == pytest.approx(tau, rel=0.10)
    assert found.step_scale == pytest.approx(1.0, abs=0.02)


def replace_running(each: MeasuredPoint, batch: float) -> MeasuredPoint:
    """The point at the rate that keeps `batch` sequences running."""
    rate = batch / ((each.output_tokens - 1) * each.tpot_ms["mean"] / 1e3)
    return each.model_copy(update={"requests_per_second": rate})


def test_points_of_one_number_in_flight_fit_nothing_and_take_their_mean(one: DesignArrays) -> None:
    faster, slower = point(tpot_ms={"mean": 8.0}), point(tpot_ms={"mean": 12.0})
    alone = [correction(one, [each]).step_scale for each in (faster, slower)]
    both = correction(one, [faster, slower])
    assert both.step_scale == pytest.approx(exp((np.log(alone[0]) + np.log(alone[1])) / 2), rel=1e-6)
    assert both.tau == one.tau[0]


def test_a_fit_never_reads_faster_than_the_bandwidth(one: DesignArrays) -> None:
    impossible_speed = replace(one, eta_mem=np.array([1.6]))
    found = correction(one, [loop_point(impossible_speed, 1), loop_point(impossible_speed, 64)])
    assert found.eta_mem <= 1.0


@pytest.mark.parametrize("more", [{"arrivals": "all_at_once"}, {"max_in_flight": 100_000}])
def test_a_ttft_of_mere_queueing_corrects_no_prefill(one: DesignArrays, more: dict[str, Any]) -> None:
    found = correction(one, [point(**more)])
    assert (found.eta_pf, found.t_fix) == (one.eta_pf[0], one.t_fix[0])
    assert "TTFT" not in found.says


def test_other_designs_keep_the_model(catalog: Catalog) -> None:
    others = [DESIGN, replace(DESIGN, engine="sglang"), replace(DESIGN, gpus=2), replace(DESIGN, precision="fp8")]
    plain = design_arrays(catalog, others)
    new, found = corrected(plain, measurements_of([point()]))
    assert list(found) == [0]
    was, now = decode_step(plain, 8, 500), decode_step(new, 8, 500)
    assert now[0] > was[0]
    assert now[1:].tolist() == was[1:].tolist()


def shape(**more: Any) -> RequestShape:
    base: dict[str, Any] = {
        "input_tokens": 1000, "input_cv": 0.5, "output_tokens": 200, "output_cv": 0.5, "shared_prefix": 0.0,
        "ttft_ms": 500.0, "tpot_ms": 20.0, "percentile": 95.0, "longest_tokens": 4000,
    }  # fmt: skip
    return RequestShape(**(base | more))


def swept(offered: float, rate: float, ttft: float, tpot: float, **more: Any) -> MeasuredPoint:
    base: dict[str, Any] = {
        "id": f"s{offered}", "arrivals": "poisson", "max_in_flight": None, "offered_per_second": offered,
        "requests_per_second": rate, "input_tokens": 1000.0, "output_tokens": 200.0,
        "ttft_ms": {"mean": ttft / 2, "p95": ttft}, "tpot_ms": {"mean": tpot * 0.8, "p95": tpot},
    }  # fmt: skip
    return point(**(base | more))


SWEEP = [swept(1, 0.98, 100, 9), swept(4, 3.9, 200, 14), swept(8, 7.5, 450, 19.9), swept(12, 9.0, 3000, 31)]


@pytest.mark.parametrize(
    ("asked", "rate"),
    [
        ({}, 7.5),
        ({"ttft_ms": 400.0}, 3.9),
        ({"tpot_ms": 10.0}, 0.98),
        ({"ttft_ms": None, "tpot_ms": None}, 9.0),
        ({"input_tokens": 1250}, 7.5),
        ({"input_tokens": 800, "output_tokens": 160}, 7.5),
        ({"percentile": 50.0}, 7.5),  # p95 keeps it, so does p50
    ],
)
def test_a_sweep_is_the_highest_throughput_that_keeps_the_limits(asked: dict[str, Any], rate: float) -> None:
    found = swept_rate(SWEEP, shape(**asked))
    assert found is not None
    assert found.requests_per_second == rate
    assert "made for tests, 2026-11-24" in found.says


@pytest.mark.parametrize(
    "asked", [{"input_tokens": 1400}, {"output_tokens": 100}, {"percentile": 99.0}]
)  # fmt: skip
def test_a_sweep_of_other_lengths_or_without_the_percentile_does_not_tell(asked: dict[str, Any]) -> None:
    assert swept_rate(SWEEP, shape(**asked)) is None


def test_one_rate_or_a_closed_loop_is_no_sweep() -> None:
    closed = [point(input_tokens=1000.0, output_tokens=200.0, max_in_flight=n) for n in (1, 8)]
    assert swept_rate([SWEEP[0], *closed], shape()) is None


def test_where_every_rate_breaks_the_limits_the_lowest_is_too_many() -> None:
    found = swept_rate(SWEEP, shape(ttft_ms=50.0))
    assert found is not None
    assert (found.requests_per_second, found.too_many) == (None, 0.98)


def test_a_sweep_that_never_breaks_the_limits_says_so() -> None:
    found = swept_rate(SWEEP[:2], shape())
    assert found is not None
    assert "the highest rate tried" in found.says


# Impossible figures, by hand: 8.03e9 parameters of 2 bytes, 80 GB at 3350 GB/s, 989 TFLOP/s, 131 kB of KV a token.
KV = 2 * 32 * 8 * 128 * 2


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ({"tpot_ms": {"mean": 8.03e9 * 2 / 3350e9 * 1e3 * 0.99}}, "tpot_ms", "16.1 GB of weights are read"),
        ({"ttft_ms": {"mean": 10.0}, "input_tokens": 2000.0}, "ttft_ms", "at least 32.5 ms"),
        ({"requests_per_second": 65.0, "arrivals": "all_at_once", "max_in_flight": None}, "requests_per_second", "KV"),
        ({"requests_per_second": 0.2}, "requests_per_second", "at most the 1 that the run kept in flight"),
        ({"gpu": "a100", "model": "llama-70b"}, "gpu", "140.0 GB"),
        ({"input_tokens": 140_000.0, "ttft_ms": {"mean": 1e5}}, "input_tokens", "131072"),
        ({"model": "price-only"}, "model", "unknown architecture"),
    ],
)
def test_what_the_hardware_cannot_do_is_told_with_its_figures(
    catalog: Catalog, more: dict[str, Any], key: str, says: str
) -> None:
    found = impossible(point(**more), catalog)
    assert key in {each.key for each in found}
    assert any(says in f"{each.found} {each.wanted}" for each in found)


def test_tokens_above_the_peak_are_impossible(catalog: Catalog) -> None:
    """989e12 / (2 x 8.03e9) = 61,580 tokens/s; 62 requests of 1000 tokens are more."""
    many = point(
        requests_per_second=62.0, input_tokens=998.0, output_tokens=2.0, arrivals="all_at_once", max_in_flight=None
    )
    (found,) = impossible(many, catalog)
    assert "61,582" in found.wanted
    assert impossible(many.model_copy(update={"requests_per_second": 61.0}), catalog) == ()


def test_more_running_than_the_memory_holds_is_impossible(catalog: Catalog) -> None:
    """(80 - 16.06) GB / (131072 B x 2000 tokens) = 243 requests of 1000 + 2000 tokens."""
    each = point(input_tokens=1000.0, output_tokens=2000.0, arrivals="poisson", max_in_flight=None,
                 tpot_ms={"mean": 60.0}, ttft_ms={"mean": 100.0})  # fmt: skip
    most = (80e9 - 8.03e9 * 2) / (KV * 2000)
    assert most == pytest.approx(243.9, abs=0.1)
    found = impossible(replace_running(each, most * 1.06), catalog)
    assert [one.key for one in found] == ["requests_per_second"]
    assert "at most 244" in found[0].wanted
    assert impossible(replace_running(each, most * 0.98), catalog) == ()


def test_a_mixture_is_held_to_the_weights_of_one_token_alone(catalog: Catalog) -> None:
    """235B of which 22B active, in 8 bits on 8 GPUs: no true figure may be turned down for experts not read."""
    mixture = {"model": "qwen3-235b", "precision": "fp8", "gpu": "h200", "gpus": 8}
    floor = 22e9 / (8 * 4800e9) * 1e3
    assert impossible(point(tpot_ms={"mean": floor * 1.01}, requests_per_second=0.01, **mixture), catalog) == ()
    assert impossible(point(tpot_ms={"mean": floor * 0.99}, requests_per_second=0.01, **mixture), catalog)


def test_every_point_of_the_closed_loop_is_possible(catalog: Catalog, one: DesignArrays) -> None:
    for n in (1, 8, 64):
        assert impossible(loop_point(one, n), catalog) == ()
