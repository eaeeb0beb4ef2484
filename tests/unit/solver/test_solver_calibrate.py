import numpy as np
import pytest
from made_catalog import made_catalog

from solver.calibrate import (
    MODEL,
    START,
    Factor,
    Observations,
    by_metric,
    cross_validated,
    factors_of,
    fit,
    predicted,
    tables,
    used,
)
from solver.design_arrays import design_arrays
from solver.design_columns import Design
from solver.operating_points import Load

HIDDEN = {
    Factor("eta_mem", "all", "all"): 0.2,
    Factor("tau", "engine", "sglang"): 0.4,
    Factor("t_fix", "engine", "sglang"): 0.8,
    Factor("eta_pf", "class", "h200-sxm"): -0.3,
    Factor("moe_tau", "format", "fp8"): 0.3,
}


def observations() -> Observations:
    """Closed loops of known factors: what is measured is what the model says with them."""
    designs = [
        Design(model, precision, gpu, 2, engine)
        for model in ("llama-8b", "llama-70b") for precision in ("bf16", "fp8")
        for gpu in ("h100", "h200", "b200") for engine in ("vllm", "sglang")
    ] * 4  # fmt: skip
    size = len(designs)
    dice = np.random.default_rng(5)
    load = Load(
        dice.choice([200.0, 1000.0, 4000.0], size), dice.choice([100.0, 500.0], size),
        dice.choice([1.0, 8.0, 32.0], size),
        np.full(size, np.nan), np.full(size, np.inf), np.zeros(size),
    )  # fmt: skip
    catalog = made_catalog()
    classes = [catalog.gpus[design.gpu].performance_class for design in designs]
    none = np.full(size, np.nan)
    seen = Observations(
        design_arrays(catalog, designs), np.array(["closed-loop"] * size), load,
        {"tpot": none, "ttft": none, "throughput": none, "batch": none},
        {
            "all": np.array(["all"] * size), "class": np.array(classes),
            "engine": np.array([design.engine for design in designs]),
            "format": np.array([design.precision for design in designs]),
            "pair": np.array([f"{group}/{design.engine}" for group, design in zip(classes, designs, strict=True)]),
            "kind": np.array(["dense"] * size),
            "era": np.array(["now"] * size), "generation": np.array(["now"] * size),
            "attention": np.array(["plain"] * size),
        },
        np.array([f"{design.model} {design.gpu} {design.engine}" for design in designs]),
    )  # fmt: skip
    points = predicted(seen, HIDDEN)
    measured = {"tpot": points.tpot, "ttft": points.ttft, "throughput": none, "batch": none}
    return Observations(seen.arrays, seen.regimes, load, measured, seen.features, seen.groups)


def worst(seen: Observations, found: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> float:
    return max(float(np.max(np.abs(found[m] / seen.measured[m] - 1))) for m in ("tpot", "ttft"))


def test_a_fit_finds_the_factors_that_made_the_measurements() -> None:
    seen = observations()
    start = by_metric(predicted(seen, dict.fromkeys(factors_of(seen), 0.0)))
    logs = fit(seen)
    assert worst(seen, start) > 0.4
    assert worst(seen, by_metric(predicted(seen, logs))) < 0.12
    assert logs[Factor("t_fix", "engine", "sglang")] - logs[Factor("t_fix", "engine", "vllm")] == pytest.approx(
        0.8, abs=0.2
    )
    assert worst(seen, cross_validated(seen, logs, folds=4)) < 0.25


def test_without_measurements_every_factor_is_1() -> None:
    seen = observations()
    empty = Observations(
        seen.arrays, seen.regimes, seen.load, {name: np.full(len(seen.groups), np.nan) for name in seen.measured},
        seen.features, seen.groups,
    )  # fmt: skip
    assert not any(used(empty, metric).any() for metric in ("tpot", "ttft", "saturated"))
    assert set(fit(empty).values()) == {0.0}


def test_the_tables_are_start_values_times_factors() -> None:
    found = tables(dict.fromkeys(factors_of(observations()), 0.0) | HIDDEN)
    assert found["class"]["h200-sxm"]["eta_mem"] == pytest.approx(START["eta_mem"] * np.exp(0.2))
    assert found["class"]["h200-sxm"]["eta_pf"] == pytest.approx(START["eta_pf"] * np.exp(-0.3))
    assert found["class"]["unmeasured"]["eta_pf"] == pytest.approx(START["eta_pf"])
    assert found["offset"]["sglang"]["tau"] == pytest.approx(np.exp(0.4))
    assert found["offset"]["vllm"]["tau"] == 1.0
    assert set(MODEL) - {"eta_mem", "eta_pf", "tau", "matrix_eta_pf", "moe_tau"} <= set(found["parameter"])
    assert found["format"]["fp8"]["moe_tau"] == pytest.approx(np.exp(0.3))
