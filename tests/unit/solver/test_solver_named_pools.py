"""Texts mean the same pairs of a design and a place whether ids are made one by one or followed piece by piece."""

from itertools import product

import numpy as np
import pytest

from solver.design_columns import Design, DesignColumns, design_id
from solver.named_pools import meant
from solver.patterns import means_pool
from solver.pool_sites import Site

DESIGNS = DesignColumns.of(
    [
        Design(model, precision, gpu, gpus, engine)
        for model, precision, (gpu, gpus), engine in product(
            ("llama-3.1-8b", "llama-3.3-70b"), ("fp8", "awq"),
            (("h100-sxm", 1), ("h100-sxm", 2), ("l4", 1)), ("vllm", "sglang"),
        )
    ]
)  # fmt: skip
SITES = [
    Site(provider, region, "self_run", "h100-sxm", count, {}, sizes=(1, 8))
    for provider, region, count in (
        ("aws", "us-east-1", 1),
        ("aws", "us-east-1", 8),
        ("l4", "eu", 1),
        ("vllm", "eu", 8),
    )
]
TEXTS = (
    "pools", "apis", "l4", "aws", "vllm", "llama-3.1-8b", "*", "llama-*/aws@*", "*:fp8/*", "*/2x*/vllm/*", "*l4*",
    "*@eu", "*-gpu", "llama-3.[13]-*:awq/1x[hl]*", "llama-3.1-8b:fp8/1xl4/vllm/l4@eu", "*/vllm", "?*:a*/?xl4/*", "",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_means_the_pairs_whose_ids_it_matches(text: str) -> None:
    design, site = (one.reshape(-1) for one in np.indices((len(DESIGNS), len(SITES))))
    pairs = [(DESIGNS[d], SITES[v]) for d, v in zip(design.tolist(), site.tolist(), strict=True)]
    one_by_one = [
        means_pool(text, f"{design_id(one)}/{at.name(one.gpus)}", one.model, one.gpu, at.provider) for one, at in pairs
    ]
    assert meant(text, DESIGNS, SITES, design, site).tolist() == one_by_one


def test_the_texts_tell_pairs_apart() -> None:
    design, site = (one.reshape(-1) for one in np.indices((len(DESIGNS), len(SITES))))
    told = [meant(text, DESIGNS, SITES, design, site) for text in TEXTS]
    assert sum(bool(each.any() and not each.all()) for each in told) > len(TEXTS) / 2
