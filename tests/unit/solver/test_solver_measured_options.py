"""Options of designs with measurements: only the design measured changes, sweeps go before the model's refusals."""

from typing import Any

import numpy as np
import pytest
from made_options import MODEL, price, rate, scenario, small_catalog, with_prices

from catalogs.catalog import Catalog
from catalogs.measurements import MeasuredPoint
from solver.options import problem_of
from solver.problem import PoolDesign, Problem
from solver.refusals import Rule

ON = {"model": MODEL, "precision": "fp8", "gpu": "h100-sxm", "gpus": 2, "engine": "vllm"}


def point(**more: Any) -> MeasuredPoint:
    base: dict[str, Any] = {
        "id": "p", "tool": "t", "arrivals": "closed", "max_in_flight": 8, "completed": 10_000, "input_tokens": 1000.0,
        "output_tokens": 200.0, "requests_per_second": 1.0, "ttft_ms": {"mean": 200.0}, "tpot_ms": {"mean": 40.0},
        "source": "mine.json", "date": "2026-11-20",
    }  # fmt: skip
    return MeasuredPoint.model_validate(ON | base | more)


def sweep(ttft: tuple[float, float] = (300.0, 600.0), tpot: float = 30.0, **more: Any) -> tuple[MeasuredPoint, ...]:
    """Rates of 2 and 4 a second, with these p95."""
    return tuple(
        point(
            id=f"s{rate}", arrivals="poisson", max_in_flight=None, offered_per_second=rate, requests_per_second=rate,
            ttft_ms={"mean": late / 2, "p95": late}, tpot_ms={"mean": tpot * 0.9, "p95": tpot}, **more,
        )
        for rate, late in zip((2.0, 4.0), ttft, strict=True)
    )  # fmt: skip


def options(*points: MeasuredPoint, gpus: int = 2, policy: str = f"{MODEL}:*", **chat: Any) -> Problem:
    catalog: Catalog = with_prices(small_catalog(), price(9.0, gpus=gpus), measurements=points)
    return problem_of(scenario({"may_use": [policy]}, **chat), catalog)


def design(problem: Problem, precision: str = "fp8", gpus: int = 2) -> tuple[PoolDesign, float]:
    """The design of a precision on vLLM, and its requests/s."""
    (k,) = [k for k, d in enumerate(problem.designs) if (d.precision, d.gpus, d.engine) == (precision, gpus, "vllm")]
    return problem.designs[k], 1 / float(problem.kappa[0, k])


def only(precision: str) -> str:
    return f"{MODEL}:{precision}/2xh100-sxm/vllm/*"


def test_a_sweep_is_the_rate_whatever_the_model_thinks() -> None:
    found, per_s = design(options(*sweep(), policy=only("fp8")))
    assert per_s == pytest.approx(4.0)  # within 2 s and 100 ms
    assert (found.band, found.estimate) == (0.05, "")
    assert found.measured == "chat: 4 requests/s as measured in mine.json, 2026-11-20, the highest rate tried"


def test_the_limits_of_the_segment_choose_the_rate_of_the_sweep() -> None:
    assert design(options(*sweep(), policy=only("fp8"), ttft="500 ms"))[1] == pytest.approx(2.0)


def test_a_round_trip_takes_from_what_the_ttft_of_a_sweep_may_be() -> None:
    """Users of whom nobody tells the region are 100 ms away or less: 600 ms at 4/s keep 2 s, not 610 ms."""
    assert design(options(*sweep(), policy=only("fp8"), ttft="610 ms", users_in={"eu": 1.0}))[1] == pytest.approx(2.0)


def test_other_lengths_take_the_model_corrected() -> None:
    found, per_s = design(options(*sweep(), policy=only("fp8"), input_tokens=3000))
    _, plain = design(options(policy=only("fp8"), input_tokens=3000))
    assert per_s != pytest.approx(plain)
    assert found.band == 0.10
    assert found.measured.startswith("corrected by 2 points of mine.json, 2026-11-20")


def test_a_sweep_goes_before_a_refusal_of_the_model() -> None:
    """The model finds 12 ms a token too fast for these GPUs; the sweep shows 8."""
    strict: dict[str, Any] = {"policy": only("fp8"), "tpot": "9 ms", "input_tokens": 1000, "output_tokens": 200}
    assert not options(**strict).designs
    assert design(options(*sweep(tpot=8.0), **strict))[1] == pytest.approx(4.0)


def test_where_all_rates_break_the_limits_the_model_is_held_under_the_lowest() -> None:
    _, plain = design(options(policy=only("fp8"), ttft="1 s"))
    found, per_s = design(options(*sweep(ttft=(1500.0, 3000.0)), policy=only("fp8"), ttft="1 s"))
    assert per_s <= min(2.0, plain)
    assert "all 2 rates of mine.json, 2026-11-20 break the limits" in found.measured
    assert found.band == 0.10


def test_a_longer_request_than_the_context_stays_refused() -> None:
    problem = options(*sweep(input_tokens=140_000.0), policy=only("fp8"), input_tokens=140_000)
    assert not problem.designs
    assert {refusal.rule for refusal in problem.refusals} & {Rule.CONTEXT, Rule.MEMORY}


@pytest.mark.parametrize(("asked", "slower"), [("awq", True), ("gptq", False)])
def test_a_format_that_performs_alike_keeps_the_model(asked: str, slower: bool) -> None:
    """AWQ and GPTQ take the same bytes and arithmetic: measured, AWQ is a design of its own."""
    _, plain = design(options(policy=only(asked)), asked)
    found, per_s = design(options(point(precision="awq"), policy=only(asked)), asked)
    assert (per_s < plain) == slower
    assert bool(found.measured) == slower
    assert slower or per_s == plain


def test_a_rate_that_is_stated_goes_before_a_sweep() -> None:
    catalog = with_prices(small_catalog(), price(9.0, gpus=2), measurements=sweep(), rates=(rate(7.0, 2),))
    problem = problem_of(scenario({"may_use": [only("fp8")]}), catalog)
    found, per_s = design(problem)
    assert per_s == pytest.approx(7.0)
    assert found.measured == "your own rate: made for tests, 2026-01-01"


def test_without_measurements_no_option_speaks_of_any() -> None:
    problem = options()
    assert problem.designs
    assert {d.measured for d in problem.designs} == {""}
    assert np.isfinite(problem.kappa).any()
