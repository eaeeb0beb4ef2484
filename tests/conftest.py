"""Problems that every test may use."""

import numpy as np
import pytest

from catalogs.records import ApiOffer
from solver.problem import (
    ApiOption,
    Charge,
    FixedCost,
    LoadBlocks,
    PeopleSteps,
    PoolDesign,
    Problem,
    Purchase,
    Rules,
)


def _offer(provider: str, model: str, open_weights: bool) -> ApiOffer:
    return ApiOffer(
        id=f"{provider}/{model}", provider=provider, model=model, provider_model=model, open_weights=open_weights,
        input_per_mtok=1.0, output_per_mtok=2.0, source="made for tests", date="2026-01-01",
    )  # fmt: skip


def _design(id_: str, gpus: int, purchases: dict[str, Purchase], pool_class: str) -> PoolDesign:
    model, _, rest = id_.partition(":")
    precision, size, engine, place = rest.split("/")
    provider, region = place.split("@")
    return PoolDesign(
        id=id_, model=model, precision=precision, gpu=size.split("x", 1)[1], gpus=gpus, engine=engine,
        provider=provider, region=region, pool_class=pool_class, purchases=purchases, max_replicas=50,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def tiny_problem() -> Problem:
    """Two segments, two blocks, two designs of several purchase types, two APIs; every number easy to redo by hand.

    chat (s0): peak 10 and 4 requests/s, may go anywhere. tags (s1): 2 and 1 requests/s, not on the first design.
    """
    return Problem(
        segments=("chat", "tags"),
        segment_of=("chat", "tags"),
        blocks=LoadBlocks(
            hours=np.array([200.0, 530.0]),
            peak=np.array([[10.0, 4.0], [2.0, 1.0]]),
            mean=np.array([[8.0, 2.0], [1.0, 1.0]]),
            weekend=np.array([False, False]),
        ),
        designs=(
            _design(
                "llama:fp8/1xh100/vllm/lambda@us", 1,
                {
                    "reserved_1y": Purchase(2.0, 1.0, 1, 12),
                    "on_demand": Purchase(3.0, 1.0),
                    "spot": Purchase(1.0, 0.8),
                },
                "self_run",
            ),
            _design(
                "qwen:fp8/2xl40s/vllm/aws@eu", 2,
                {"owned": Purchase(1.5, 0.9, 4, capital=60_000.0), "serverless": Purchase(5.0, 1.0)}, "serverless",
            ),
        ),
        apis=(
            ApiOption(
                "openai/gpt", _offer("openai", "gpt", False), unit_price=10.0, unit_min=4, unit_step=2
            ),
            ApiOption("together/llama", _offer("together", "llama", True), requests_per_s=5.0, tokens_per_s=3000.0),
        ),
        kappa=np.array([[0.1, 0.2], [np.nan, 0.5]]),
        charges={
            (0, "openai/gpt"): (Charge("input", "Mtok", 0.001, 2.0), Charge("output", "Mtok", 0.0002, 10.0)),
            (1, "openai/gpt"): (Charge("input", "Mtok", 0.0005, 2.0),),
            (0, "together/llama"): (Charge("input", "Mtok", 0.001, 0.5), Charge("output", "Mtok", 0.0002, 1.0)),
            (0, "llama:fp8/1xh100/vllm/lambda@us"): (Charge("egress", "GB", 1e-6, 0.1),),
        },
        headroom=np.array([0.5, 0.25]),
        spot_tolerance=np.array([0.3, 0.0]),
        tokens_per_request=np.array([1200.0, 500.0]),
        may_wait=np.array([False, False]),
        fixed_costs=(
            FixedCost("operations", "FTE-month", 0.25, 12_000.0, ("selfhost", "")),
            FixedCost("set-up of serverless pools", "engineer-week", 0.1, 3000.0, ("class", "serverless")),
            FixedCost("storage of llama", "GB-month", 70.0, 0.1, ("open", "llama:fp8/1xh100/vllm/lambda@us")),
            FixedCost("load balancer at lambda", "hour", 730.0, 0.02, ("site", "lambda@us")),
            FixedCost("operations of the API of openai", "FTE-month", 0.02, 12_000.0, ("supplier", "openai")),
        ),
        people=PeopleSteps(0.25, 1, 12_000.0),
        rules=Rules(),
        unit_rate={(0, "openai/gpt"): 2.0, (1, "openai/gpt"): 2.0},
    )  # fmt: skip
