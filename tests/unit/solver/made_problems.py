"""Problems made by hand or at random, for the tests of the program."""

from dataclasses import replace
from typing import Any

import numpy as np

from catalogs.records import ApiOffer
from solver.load_blocks import blocks_of
from solver.problem import ApiOption, Charge, FixedCost, LoadBlocks, PeopleSteps, PoolDesign, Problem, Purchase, Rules

SOURCE = {"source": "made for tests", "date": "2026-01-01"}


def offer(name: str, open_weights: bool = True) -> ApiOffer:
    provider, model = name.split("/")
    return ApiOffer(
        id=name, provider=provider, model=model, provider_model=model, open_weights=open_weights,
        input_per_mtok=1.0, output_per_mtok=2.0, **SOURCE,
    )  # fmt: skip


def design(name: str, purchases: dict[Any, Purchase], **changes: Any) -> PoolDesign:
    """`model/gpu/provider` with one GPU a replica unless changed."""
    model, gpu, provider = name.split("/")
    values: dict[str, Any] = {
        "id": f"{model}:fp8/1x{gpu}/vllm/{provider}@us", "model": model, "precision": "fp8", "gpu": gpu, "gpus": 1,
        "engine": "vllm", "provider": provider, "region": "us", "pool_class": "self_run", "purchases": purchases,
        "max_replicas": 1000,
    }  # fmt: skip
    return PoolDesign(**(values | changes))


def random_problem(
    seed: int, segments: int = 2, designs: int = 3, apis: int = 2, blocks: int = 24, spot: bool = True, **rules: Any
) -> Problem:
    """A plausible problem: daily load shapes, prices and rates of the right order, drawn from the seed."""
    rng = np.random.default_rng(seed)
    hours = np.arange(168)
    shapes = [
        1 + 0.7 * np.sin((hours % 24 - rng.uniform(5, 12)) / 24 * 2 * np.pi) - 0.5 * (hours >= 120) * rng.uniform()
        for _ in range(segments)
    ]
    requests = 10 ** rng.uniform(-1, 1, segments)
    loads = blocks_of(
        [np.maximum(shape, 0.05) for shape in shapes], requests, [0.2] * segments, 12, [1.2] * segments, blocks
    )
    tokens = rng.uniform(500, 4000, segments)
    made_designs, kappa = [], np.full((segments, designs), np.nan)
    for k in range(designs):
        hour = rng.uniform(1.0, 8.0)
        gpus = int(rng.choice([1, 2, 4]))
        box = int(rng.choice([1, 1, 8 // gpus]))
        ways: dict[Any, Purchase] = {
            "on_demand": Purchase(hour, 0.99, box), "reserved_1y": Purchase(0.65 * hour, 0.99, box, 12)
        }  # fmt: skip
        if spot and rng.uniform() < 0.5:
            ways["spot"] = Purchase(0.4 * hour, 0.9, box)
        if rng.uniform() < 0.2:
            ways = {"serverless": Purchase(1.8 * hour, 0.99)}
        name = f"m{k % 4}/g{k % 5}/cloud{int(rng.integers(0, 6))}"
        made_designs.append(
            replace(
                design(name, ways, gpus=gpus),
                id=f"{name}#{k}",
                pool_class="serverless" if len(ways) == 1 else "self_run",
            )
        )
        admissible = rng.uniform(size=segments) < 0.7
        kappa[:, k] = np.where(admissible, tokens / 1000 / hour * rng.uniform(0.3, 1.0), np.nan)
    made_apis = tuple(
        ApiOption(f"seller{a % 5}/model{a}", offer(f"seller{a % 5}/model{a}", a % 2 == 0),
                  requests_per_s=float(rng.choice([np.inf, requests.sum() * rng.uniform(0.5, 3)])))
        for a in range(apis)
    )  # fmt: skip
    charges = {
        (s, api.id): (Charge("tokens", "Mtok", float(tokens[s] / 1e6), float(price)),)
        for api in made_apis
        for price in [rng.uniform(0.2, 1.2)]
        for s in range(segments)
        if rng.uniform() < 0.8 or api is made_apis[0]
    }
    made_apis = (replace(made_apis[0], requests_per_s=np.inf), *made_apis[1:])
    fixed = (
        FixedCost("people, self-run", "FTE", 0.1, 13000.0, ("selfhost", "")),
        FixedCost("set-up over the horizon", "week", 0.2, 3000.0, ("selfhost", "")),
        *(FixedCost(f"storage: {d.id}", "GB", 200.0, 0.1, ("open", d.id)) for d in made_designs),
        *(
            FixedCost(f"load balancer: {site}", "hour", 730.0, 0.03, ("site", site))
            for site in sorted({f"{d.provider}@{d.region}" for d in made_designs})
        ),
        *(FixedCost(f"people, supplier seller{i}", "FTE", 0.01, 13000.0, ("supplier", f"seller{i}")) for i in range(5)),
    )
    return Problem(
        segments=tuple(f"s{s}" for s in range(segments)),
        segment_of=tuple(f"s{s}" for s in range(segments)),
        blocks=loads,
        designs=tuple(made_designs),
        apis=made_apis,
        kappa=kappa,
        charges=charges,
        headroom=np.full(segments, 0.5),
        spot_tolerance=np.where(rng.uniform(size=segments) < 0.5, 0.3, 0.0),
        tokens_per_request=tokens,
        may_wait=np.zeros(segments, dtype=bool),
        fixed_costs=fixed,
        people=PeopleSteps(0.25, 2, 13000.0),
        rules=Rules(**rules),
    )


def flat_blocks(hours: list[float], peak: list[list[float]], mean: list[list[float]] | None = None) -> LoadBlocks:
    """Blocks as given; the mean is the peak unless given."""
    return LoadBlocks(
        np.array(hours), np.array(peak), np.array(mean if mean is not None else peak), np.zeros(len(hours), dtype=bool)
    )
