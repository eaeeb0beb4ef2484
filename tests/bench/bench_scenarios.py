"""The shipped benchmark scenarios: S as a family of 20, M and L one each, as tables of `Scenario.model_validate`.

S varies one company: from a tenth to thirty times its volumes, with other goals, floors, places and ways of buying.
"""

import random
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

from solver.units import Rate

FOLDER = Path(__file__).parent / "scenarios"
Tables = dict[str, Any]
S_COUNT = 20
SEED = 20261125
LEAST, MOST = 0.1, 30.0
"""Volumes of S over the base's: this range, in equal steps of the logarithm, so that each decade has its share."""
GOALS = {"chat": (("1 s", "40 ms"), ("3 s", "100 ms"), ("8 s", "200 ms")), "rag": (("2 s", "60 ms"), ("5 s", "100 ms"))}
FLOORS = {
    "chat": ("mid", "high", "high", "frontier"),
    "rag": ("low", "mid", "mid", "high"),
    "tagging": ("low", "low", "mid"),
    "completion": ("low", "mid", "high"),
}
COVERAGE = (0.0, 0.5, 0.8, 1.0)
SPOT = (0.0, 0.2, 0.5, 1.0)
GROWTH = ("-20%", "0%", "30%", "100%")
PURCHASES = (
    None,
    ["reserved_1y", "on_demand"],
    ["on_demand", "spot", "serverless"],
    ["reserved_1m", "reserved_1y", "on_demand", "spot"],
)
IN_THE_EU = {"processing_in": "eu", "storage_in": "eu", "no_training": True}


def base(name: str) -> Tables:
    """The tables of `s`, `m` or `l` as they stand in the file."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def scenarios_s() -> list[Tables]:
    """Twenty scenarios of four segments and 8 blocks; the same ones in every run."""
    dice = random.Random(SEED)
    sizes = [LEAST * (MOST / LEAST) ** (i / (S_COUNT - 1)) for i in range(S_COUNT)]
    return [_varied(base("s"), size, dice) for size in sizes]


def scenario_tables(case: str, number: int = 0) -> Tables:
    """Tables of case `S` (its number, from 0), `M` or `L`. IndexError: no such number."""
    return scenarios_s()[number] if case == "S" else base(case.lower())


def _varied(tables: Tables, size: float, dice: random.Random) -> Tables:
    """The base with `size` times its volumes, each a little more or less, and other requirements."""
    varied = deepcopy(tables)
    for name, segment in varied["segment"].items():
        rate = Rate.model_validate(segment["requests"])
        segment["requests"] = f"{float(f'{rate.amount * size * dice.uniform(0.5, 2.0):.3g}'):.0f}/{rate.per}"
        segment["quality"] = dice.choice(FLOORS[name])
        segment["growth"] = dice.choice(GROWTH)
        segment["coverage"] = dice.choice(COVERAGE)
        segment["spot_tolerance"] = 1.0 if segment.get("may_wait") else dice.choice(SPOT)
        if name in GOALS:
            segment["ttft"], segment["tpot"] = dice.choice(GOALS[name])
    for name in ("chat", "rag"):
        if dice.random() < 0.3:
            varied["segment"][name].update(IN_THE_EU)
    policy = varied["policy"]
    policy["headroom"] = dice.choice((0.2, 0.5, 0.5, 1.0))
    policy["max_pool_designs"] = dice.choice((2, 3, 4))
    purchases = dice.choice(PURCHASES)
    if purchases is not None:
        policy["purchase_types"] = purchases
    return varied
