import pytest

from catalogs.catalog import load_catalog
from solver.bands import band_shares, speed_band, speed_bands
from solver.design_arrays import design_arrays
from solver.design_columns import Design

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("design", "share", "estimated"),
    [
        (("llama-3.3-70b", "h100-sxm", "vllm", "fp8"), 0.15, False),
        (("gpt-oss-120b", "b200", "vllm", "mxfp4"), 0.15, False),
        (("gpt-oss-120b", "b200", "sglang", "mxfp4"), 0.25, False),
        (("llama-3.3-70b", "h200-sxm", "vllm", "fp8"), 0.35, False),
        (("deepseek-v3", "h200-sxm", "sglang", "fp8"), 0.25, False),
        (("llama-2-7b", "a100-40gb-sxm", "vllm", "bf16"), 0.25, False),
        (("llama-3.1-405b", "mi300x", "vllm", "fp8"), 0.35, False),
        (("glm-4.5-air", "h100-sxm", "vllm", "fp8"), 0.25, False),  # a mixture that nobody measured
        (("glm-4.5-air", "h200-sxm", "vllm", "fp8"), 0.35, False),  # and no nearer than its GPU
        (("llama-3.1-70b", "a100-40gb-sxm", "sglang", "bf16"), 0.25, True),  # the two never together
        (("llama-3.3-70b", "h100-sxm", "lmdeploy", "fp8"), 0.5, True),
        (("llama-3.1-8b", "l4", "vllm", "fp8"), 0.5, True),
        (("llama-3.1-8b", "m2-ultra", "llama.cpp", "gguf-q4"), 0.5, True),
        (("llama-3.3-70b", "h100-sxm", "tgi", "fp8"), 0.5, True),
        (("llama-3.3-70b", "h100-sxm", "vllm", "int8"), 0.5, True),
    ],
)
def test_bands_follow_what_was_measured(design: tuple[str, str, str, str], share: float, estimated: bool) -> None:
    band = speed_band(*design, CATALOG)
    assert band.share == share
    assert bool(band.estimate) == estimated


def test_a_ttft_is_known_less_well_than_a_throughput_and_least_near_saturation() -> None:
    design = ("llama-3.3-70b", "h100-sxm", "vllm", "fp8")
    shares = [
        speed_band(*design, CATALOG, metric=metric).share for metric in ("tpot", "throughput", "ttft", "ttft_busy")
    ]
    assert shares == [0.15, 0.15, 0.55, 1.0]


def test_many_bands_are_those_of_one_by_one() -> None:
    designs = [
        Design("llama-3.3-70b", "fp8", "h100-sxm", 2, "vllm"),
        Design("llama-3.1-8b", "bf16", "l40s", 1, "vllm"),
        Design("llama-3.3-70b", "fp8", "h100-sxm", 4, "vllm"),
    ]
    bands = speed_bands(CATALOG, designs)
    assert [band.share for band in bands] == [0.15, 0.5, 0.15]
    assert band_shares(CATALOG, design_arrays(CATALOG, designs)).tolist() == [0.15, 0.5, 0.15]
    assert [band.estimate for band in bands] == list(design_arrays(CATALOG, designs).estimates)


def test_a_catalog_without_bands_takes_the_widest() -> None:
    from dataclasses import replace

    bare = replace(CATALOG, speed_bands={})
    assert speed_band("llama-3.3-70b", "h100-sxm", "vllm", "fp8", bare).share == 0.5
