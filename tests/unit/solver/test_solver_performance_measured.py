"""The shipped parameters against the published measurements that they were fitted on: what a fit can be held to."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from catalogs.catalog import load_catalog
from catalogs.tables import FIGURES
from solver.cases import Predicted
from solver.design_arrays import design_arrays
from solver.performance import decode_step, prefill
from wizard.importers.serving_rows import cases_of, predict_rows, read_rows

ROWS = [row for row in read_rows(str(FIGURES / "serving_measured.csv"))[1] if not row["fault"].startswith("row:")]
# what is measured, in which scenarios, how it is predicted in its unit, median and 90th percentile of the error
METRICS: tuple[tuple[str, str, Callable[[Predicted], float], float, float], ...] = (
    ("tpot_ms", "closed-loop", lambda found: found.tpot * 1e3, 0.13, 0.33),
    ("ttft_ms", "closed-loop", lambda found: found.ttft * 1e3, 0.30, 0.85),
    ("output_tok_s_total", "closed-loop", lambda found: found.output_tokens_per_s, 0.12, 0.28),
    ("e2e_ms", "fixed-batch", lambda found: found.e2e * 1e3, 0.12, 0.36),
    ("output_tok_s_total", "saturated", lambda found: found.output_tokens_per_s, 0.20, 0.50),
)
SPOILS = {"ttft_ms": "ttft:", "output_tok_s_total": "throughput:"}


@pytest.fixture(scope="module")
def predictions() -> list[Predicted | None]:
    catalog = load_catalog()
    return predict_rows(cases_of(ROWS, catalog), catalog)[1]


def test_every_row_is_predicted(predictions: list[Predicted | None]) -> None:
    assert all(found is not None and np.isfinite(found.tpot) for found in predictions)


def test_no_row_that_is_used_is_faster_than_its_gpu() -> None:
    """N prompts at the peak and answers at the bandwidth fit into the time of a round, or they came from a cache."""
    catalog = load_catalog()
    sound = [row for row in ROWS if row["scenario"] == "closed-loop" and not row["fault"]]
    used = [row for row in sound if row["ttft_ms"] and row["tpot_ms"]]
    cases = [row.case for row in cases_of(used, catalog) if row.case]
    assert len(cases) == len(used) > 1000
    one = design_arrays(catalog, [case.design for case in cases])
    all_, none = np.ones(len(one)), np.zeros(len(one))
    ideal = replace(
        one, eta_pf=all_, eta_attention=all_, eta_mem=all_, eta_kv=all_, tau=none, sigma=none, alpha=none,
        link=np.full(len(one), np.inf), mixed_step=0.0,
    )  # fmt: skip
    n, tokens_in, tokens_out = (
        np.array([getattr(case, name) for case in cases]) for name in ("in_flight", "input_tokens", "output_tokens")
    )
    ttft, tpot = (np.array([float(row[name]) / 1e3 for row in used]) for name in ("ttft_ms", "tpot_ms"))
    least = n * prefill(ideal, tokens_in).marginal + (tokens_out - 1) * decode_step(ideal, n, tokens_in)
    assert np.max(least / (ttft + (tokens_out - 1) * tpot)) < 1


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: f"{metric[0]} {metric[1]}")
def test_errors_are_as_the_readme_says(
    metric: tuple[str, str, Callable[[Predicted], float], float, float], predictions: list[Predicted | None]
) -> None:
    name, scenario, figure, median, tail = metric
    errors = [
        abs(figure(found) / float(row[name]) - 1)
        for row, found in zip(ROWS, predictions, strict=True)
        if found and row["scenario"] == scenario and row[name] and SPOILS.get(name, "none:") not in row["fault"]
    ]
    assert len(errors) > 200
    assert np.median(errors) < median
    assert np.quantile(errors, 0.9) < tail
