"""How long sizing takes: all highest rates of 12 segments on 400 designs, on one core."""

import time
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from catalogs.catalog import load_catalog
from solver.design_arrays import design_arrays
from solver.design_columns import Design
from solver.slo_rate import RequestShape, highest_rates

CHAT = RequestShape(1000, 0.8, 300, 0.7, 0.0, 1000, 50, 95, 8000)
DESIGNS = [
    Design(*of)
    for of in product(
        ("llama-3.1-8b", "llama-3.3-70b", "qwen3-235b-a22b", "deepseek-v3", "gpt-oss-120b"), ("bf16", "fp8"),
        ("h100-sxm", "h200-sxm", "b200", "a100-80gb-sxm", "l40s"), (1, 2, 4, 8), ("vllm", "sglang"),
    )
]  # fmt: skip


@pytest.mark.bench
@pytest.mark.parametrize("times", [True, False])
def test_12_segments_of_400_designs_take_under_a_second_of_one_core(times: bool) -> None:
    catalog = load_catalog()
    spent = []
    for _ in range(5):
        start = time.process_time()
        arrays = design_arrays(catalog, DESIGNS)
        for at in range(12):
            highest_rates(arrays, replace(CHAT, input_tokens=500 + 200 * at), times)
        spent.append(time.process_time() - start)
    print(
        f"12 segments x {len(DESIGNS)} designs, times at the rate {'and' if times else 'not'} found: {min(spent):.2f} s"
    )
    assert len(DESIGNS) == 400
    assert np.min(spent) < 1.0
