"""Problems drawn at random, by seed: sizes S, M and L as segments x designs x blocks x contingencies.

Nothing here is a figure of the catalog; it only looks like one, so that the program meets the shapes of real data
without their dominance. How each number is drawn stands beside it. What is alike in all:

- A model has a size of 1 to 400 thousand million active parameters; its quality rises with the logarithm of it.
- A GPU has a speed (1 to 8) and a price that is about in proportion to it; a replica of g GPUs is 0.9 g times as fast.
- A segment is a volume, a length of prompt and answer, a floor on quality, perhaps a place, a goal that some designs
  miss; it is served by what is good enough, lies in the place and is fast enough.
- An API asks for a token what its model's size suggests, so that pools win where their hours are well filled.
"""

from dataclasses import dataclass
from math import pi

import numpy as np

from catalogs.records import ApiOffer
from catalogs.vocabulary import PurchaseType
from solver.problem import (
    ApiOption,
    Array,
    Charge,
    Contingency,
    FixedCost,
    LoadBlocks,
    PeopleSteps,
    PoolClass,
    PoolDesign,
    Problem,
    Purchase,
    Rules,
)  # fmt: skip

Dice = np.random.Generator
HOURS = 730.0
KINDS: dict[int, PoolClass] = {3: "managed", 7: "serverless"}
"""Classes of pool by the last digit of a design's index; the others are self-run."""
ENGINEER = 13_500.0
"""An engineer's month in full; half of one runs the pools, a tenth each further design."""


@dataclass(frozen=True)
class Size:
    """How large a problem is; `bill` is what it costs a month on its cheapest APIs, each segment about its share."""

    segments: int
    designs: int
    blocks: int
    contingencies: int
    apis: int
    providers: int
    bill: float


SIZES = {
    "S": Size(4, 30, 8, 6, 8, 4, 40_000.0),
    "M": Size(8, 120, 24, 20, 20, 8, 250_000.0),
    "L": Size(12, 400, 48, 60, 40, 14, 800_000.0),
}


@dataclass(frozen=True)
class _Demand:
    """What the segments ask: floors of quality [s], tokens of a request, whether its place is bound, may it wait."""

    floor: Array
    inputs: Array
    outputs: Array
    bound: np.ndarray[tuple[int], np.dtype[np.bool_]]
    waits: np.ndarray[tuple[int], np.dtype[np.bool_]]


def problem_like(size: str, seed: int) -> Problem:
    """A problem of size S, M or L. The same seed gives the same problem on every machine."""
    of, dice = SIZES[size], np.random.default_rng([ord(size), seed])
    demand = _demand(of, dice)
    apis, charges = _apis(of, demand, dice)
    designs, kappa = _designs(of, demand, dice)
    blocks = _blocks(of, demand, _volumes(of, demand, apis, charges, dice), dice)
    return Problem(
        segments=tuple(f"segment{s}" for s in range(of.segments)),
        segment_of=tuple(f"segment{s}" for s in range(of.segments)),
        blocks=blocks,
        designs=designs,
        apis=apis,
        kappa=kappa,
        charges={
            **charges,
            **{
                (s, design.id): (Charge("egress", "GB", demand.outputs[s] * 4 / 1e9, 0.09),)
                for k, design in enumerate(designs)
                for s in range(of.segments)
                if np.isfinite(kappa[s, k])
            },
        },
        headroom=dice.choice([0.3, 0.5, 0.5, 0.8], of.segments),
        spot_tolerance=np.where(demand.waits, 1.0, dice.choice([0.0, 0.2, 0.5], of.segments)),
        tokens_per_request=demand.inputs + demand.outputs,
        may_wait=demand.waits,
        fixed_costs=_fixed(designs, apis, dice),
        people=PeopleSteps(0.1, 1, ENGINEER),
        rules=Rules(max_pool_designs=max(3, of.segments // 2 + 1)),
        coverage=dice.choice([0.5, 0.7, 0.9, 1.0], of.segments) * (dice.random(of.segments) < 0.8),
        contingencies=_contingencies(of, designs, apis, kappa, dice),
    )


def _demand(of: Size, dice: Dice) -> _Demand:
    """Prompts of 300 to 10,000 tokens, answers of 10 to 1,000; one segment in four may wait, one in four is bound."""
    one_in_four = np.arange(of.segments) % 4
    return _Demand(
        floor=np.concatenate([[0.0, 0.8], dice.uniform(0.0, 0.8, of.segments - 2)]),
        inputs=np.exp(dice.uniform(np.log(300), np.log(10_000), of.segments)),
        outputs=np.exp(dice.uniform(np.log(10), np.log(1_000), of.segments)),
        bound=dice.permutation(one_in_four == 3),
        waits=dice.permutation(one_in_four == 1),
    )


def _quality(active: Array) -> Array:
    """0 for a model of 1 thousand million active parameters, 1 for one of 400."""
    return np.asarray(np.log(active) / np.log(400))


def _apis(
    of: Size, demand: _Demand, dice: Dice
) -> tuple[tuple[ApiOption, ...], dict[tuple[int, str], tuple[Charge, ...]]]:
    """Offers at 0.06 a million input tokens and the square root of the size, times 0.6 to 1.6.

    Output is 2 to 5 times as dear. The first two offers, one in each place, have the best model and no limits, so that
    no segment is without one; a third of the others have limits.
    """
    active = np.exp(dice.uniform(0.0, np.log(400), of.apis))
    active[:2] = 400.0
    price = 0.06 * np.sqrt(active) * dice.uniform(0.6, 1.6, of.apis)
    output = price * dice.uniform(2.0, 5.0, of.apis)
    provider = np.arange(of.apis) % of.providers
    options: list[ApiOption] = []
    charges: dict[tuple[int, str], tuple[Charge, ...]] = {}
    for a in range(of.apis):
        offer = ApiOffer(
            id=f"provider{provider[a]}/model{a}", provider=f"provider{provider[a]}", model=f"model{a}",
            provider_model=f"model{a}", open_weights=False, input_per_mtok=float(price[a]),
            output_per_mtok=float(output[a]), source="drawn at random", date="2026-11-25",
        )  # fmt: skip
        limited = a >= 2 and dice.random() < 1 / 3
        options.append(ApiOption(offer.id, offer, tokens_per_s=dice.uniform(2e4, 4e5) if limited else np.inf))
        for s in range(of.segments):
            if _quality(active)[a] >= demand.floor[s] and not (demand.bound[s] and provider[a] % 2):
                charges[s, offer.id] = (
                    Charge("input", "Mtok", demand.inputs[s] / 1e6, offer.input_per_mtok),
                    Charge("output", "Mtok", demand.outputs[s] / 1e6, offer.output_per_mtok),
                )
    return tuple(options), charges


def _designs(of: Size, demand: _Demand, dice: Dice) -> tuple[tuple[PoolDesign, ...], Array]:
    """Replicas of 1 to 8 GPUs. A request takes (input + 8 * output) * active / speed, speed in tokens*10^9/s.

    One design in ten is a managed endpoint, one in ten serverless; of the rest most are sold hourly, by the year at
    55 to 70 % and as spot at 35 to 65 % of it. GPUs in boxes of eight make boxes of replicas, for half of the places.
    """
    designs, kappa = [], np.full((of.segments, of.designs), np.nan)
    active = np.exp(dice.uniform(0.0, np.log(400), of.designs))
    for k in range(of.designs):
        provider, gpus = int(dice.integers(of.providers)), int(dice.choice([1, 2, 4, 8]))
        gpu = int(dice.integers(6))
        strength = 1.0 + 1.4 * gpu
        speed = 60_000.0 * strength * gpus**0.9 * dice.uniform(0.7, 1.3)
        hour = 0.9 * strength * gpus * dice.uniform(0.7, 1.5)
        kind = KINDS.get(k % 10, "self_run")
        designs.append(
            PoolDesign(
                id=f"model{k}:fp8/{gpus}xgpu{gpu}/engine/provider{provider}@region{provider}-{k}", model=f"model{k}",
                precision="fp8", gpu=f"gpu{gpu}", gpus=gpus, engine="engine", provider=f"provider{provider}",
                region=f"region{provider}", pool_class=kind, purchases=_purchases(kind, hour, gpus, provider, dice),
                max_replicas=10_000,
            )
        )  # fmt: skip
        for s in range(of.segments):
            fast_enough = dice.random() < 0.85
            there = not (demand.bound[s] and provider % 2)
            if _quality(active)[k] >= demand.floor[s] and there and fast_enough:
                tokens = demand.inputs[s] + 8 * demand.outputs[s]
                kappa[s, k] = tokens * np.sqrt(active[k]) / speed * dice.uniform(0.8, 1.25)
    return tuple(designs), kappa


def _purchases(kind: PoolClass, hour: float, gpus: int, provider: int, dice: Dice) -> dict[PurchaseType, Purchase]:
    box = 8 // gpus if provider % 2 else 1
    if kind == "managed":
        return {"managed": Purchase(hour * dice.uniform(1.2, 1.6), 0.99)}
    if kind == "serverless":
        return {"serverless": Purchase(hour * dice.uniform(1.6, 2.4), 0.99)}
    ways: dict[PurchaseType, Purchase] = {"on_demand": Purchase(hour, 0.99, box)}
    if dice.random() < 0.7:
        ways["reserved_1y"] = Purchase(hour * dice.uniform(0.55, 0.7), 0.99, box, term_months=12)
    if dice.random() < 0.4:
        ways["reserved_1m"] = Purchase(hour * dice.uniform(0.75, 0.9), 0.99, box, term_months=1)
    if dice.random() < 0.6:
        ways["spot"] = Purchase(hour * dice.uniform(0.35, 0.65), dice.uniform(0.85, 0.97), box)
    return ways


def _volumes(
    of: Size,
    demand: _Demand,
    apis: tuple[ApiOption, ...],
    charges: dict[tuple[int, str], tuple[Charge, ...]],
    dice: Dice,
) -> Array:
    """Requests/s [s] in the mean, for which a segment's cheapest API costs 0.3 to 3 times an equal part."""
    part = np.exp(dice.uniform(np.log(0.3), np.log(3.0), of.segments)) * of.bill / of.segments
    cheapest = np.array(
        [
            min(sum(charge.cost for charge in charges[s, api.id]) for api in apis if (s, api.id) in charges)
            for s in range(of.segments)
        ]
    )
    return np.asarray(part / cheapest / (3600 * HOURS))


def _blocks(of: Size, demand: _Demand, rate: Array, dice: Dice) -> LoadBlocks:
    """A wave a day of a segment's own height and hour, lower at weekends, with noise; peaks 5 to 60 % above the mean.

    A quarter of the blocks are weekend. A segment that may wait has no peak of its own.
    """
    weekend = np.arange(of.blocks) >= of.blocks - max(1, of.blocks // 4)
    length = dice.uniform(0.5, 1.5, of.blocks)
    days = np.where(weekend, 2 / 7, 5 / 7)
    hours = HOURS * days * length / np.where(weekend, length[weekend].sum(), length[~weekend].sum())
    phase = 2 * pi * np.arange(of.blocks) / max(1, (~weekend).sum())
    height, late = dice.uniform(0.2, 0.9, (of.segments, 1)), dice.uniform(0, 2 * pi, (of.segments, 1))
    shape = (1 + height * np.sin(phase + late)) * np.where(weekend, dice.uniform(0.3, 1.1, (of.segments, 1)), 1.0)
    shape *= dice.uniform(0.9, 1.1, shape.shape)
    mean = rate[:, None] * shape / (shape @ hours / HOURS)[:, None]
    above = np.where(demand.waits, 1.0, dice.uniform(1.05, 1.6, of.segments))
    return LoadBlocks(hours=hours, peak=mean * above[:, None], mean=mean, weekend=weekend)


def _fixed(designs: tuple[PoolDesign, ...], apis: tuple[ApiOption, ...], dice: Dice) -> tuple[FixedCost, ...]:
    """People by class of pool, set-up and storage by design, a load balancer by site, a fiftieth of one by supplier."""
    people = {"self_run": 0.5, "managed": 0.2, "serverless": 0.15}
    present = [kind for kind in people if any(design.pool_class == kind for design in designs)]
    sites = sorted({f"{design.provider}@{design.region}" for design in designs})
    sellers = sorted({api.offer.provider for api in apis})
    return (
        *(FixedCost(f"operations, {kind}", "FTE-month", people[kind], ENGINEER, ("class", kind)) for kind in present),
        FixedCost("set-up", "engineer-week", 2.5 / 12, ENGINEER * 12 / 52, ("selfhost", "")),
        *(
            FixedCost(f"storage, {design.id}", "GB-month", float(dice.uniform(5, 500)), 0.023, ("open", design.id))
            for design in designs
        ),
        *(FixedCost(f"load balancer, {site}", "hour", HOURS, 0.0225, ("site", site)) for site in sites),
        *(FixedCost(f"operations, {name}", "FTE-month", 0.02, ENGINEER, ("supplier", name)) for name in sellers),
    )


def _contingencies(
    of: Size, designs: tuple[PoolDesign, ...], apis: tuple[ApiOption, ...], kappa: Array, dice: Dice
) -> tuple[Contingency, ...]:
    """A third each where there are so many: a provider, all spot of a pool, a replica of a pool.

    Real problems list every pool; here it is those with the cheapest work, which plans use, so that these bind. A
    provider is down for 0.05 to 0.5 % of the month, spot for 3 to 10 % and a replica for 0.1 to 1 %.
    """
    third = of.contingencies // 3
    used_first = np.argsort(_dearness(designs, kappa), kind="stable").tolist()
    on_spot = [k for k in used_first if "spot" in designs[k].purchases][:third]
    providers = sorted({design.provider for design in designs} | {api.offer.provider for api in apis})[:third]
    whole = [k for k in used_first if "serverless" not in designs[k].purchases]
    whole = whole[: of.contingencies - len(on_spot) - len(providers)]
    return (
        *(Contingency("replica", designs[k].id, dice.uniform(1e-3, 1e-2)) for k in whole),
        *(Contingency("spot", designs[k].id, dice.uniform(0.03, 0.1)) for k in on_spot),
        *(Contingency("provider", name, dice.uniform(5e-4, 5e-3)) for name in providers),
    )


def _dearness(designs: tuple[PoolDesign, ...], kappa: Array) -> Array:
    """Price of a design's work over that of the cheapest, for the segment it suits best; infinite where it has none."""
    price = np.array([min(way.price for way in design.purchases.values()) for design in designs])
    work = np.where(np.isnan(kappa), np.inf, kappa * price)
    least = work.min(axis=1, keepdims=True)
    return np.asarray((work / np.where(np.isfinite(least), least, 1.0)).min(axis=0))
