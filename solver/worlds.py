"""Worlds: how volume, prices, speed and output length may turn out, drawn together, and the problem in each.

A world is a handful of factors from stated ranges (`range_...` of the operations table); the problem in it is the
problem changed, as levers change it. `world_costs.py` tells what a decision costs there. A world is solved over few
options, those that optima hold (`candidates.py`): thousands of designs cannot be asked five hundred times.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from catalogs.catalog import Catalog
from solver.costs import figure
from solver.explanation.lever_steps import Moved
from solver.explanation.levers import LEVERS, apis_priced, replicas_priced
from solver.load_blocks import growth_factors
from solver.options import problem_of
from solver.problem import ApiOption, Array, Charge, PoolDesign, Problem, spot_market
from solver.scenario import Scenario
from solver.sub_segments import sub_segments

WHATS = ("volume", "growth", "api_price", "gpu_price", "output_tokens", "speed")
"""What is drawn, in this order, so that a seed means the same worlds for ever."""


class World(NamedTuple):
    """One way that things turn out.

    volume and growth are times what is told, api_price and gpu_price times today's as the mean of the horizon,
    output_tokens times what is told; speed in bands: a request takes a pool (1 + band)^speed times as long.
    """

    volume: float = 1.0
    growth: float = 1.0
    api_price: float = 1.0
    gpu_price: float = 1.0
    output_tokens: float = 1.0
    speed: float = 0.0


class Range(NamedTuple):
    """The ends of what a figure may turn out to be, and its middle, with half of the worlds on either side."""

    low: float
    value: float
    high: float

    def at(self, u: Array) -> Array:
        """The values at quantiles u in [0, 1]: evenly spread on each side of the middle."""
        return np.interp(u, (0.0, 0.5, 1.0), (self.low, self.value, self.high))


def ranges_of(catalog: Catalog) -> dict[str, Range]:
    """The ranges of a catalog by what is drawn. InputError: a range that it lacks."""
    found = {}
    for what in WHATS:
        known = figure(catalog, f"range_{what}")
        low, high = (known.value if end is None else end for end in (known.low, known.high))
        found[what] = Range(low, known.value, high)
    return found


def drawn(ranges: Mapping[str, Range], count: int, seed: int, horizon_months: int) -> tuple[World, ...]:
    """So many worlds, each figure independent of the others; the same for the same seed, the first n also of more."""
    u = np.random.default_rng(seed).random((count, len(WHATS)))
    columns = {what: ranges[what].at(u[:, i]) for i, what in enumerate(WHATS)}
    return tuple(
        _world({what: float(column[w]) for what, column in columns.items()}, horizon_months) for w in range(count)
    )


def world_at(ranges: Mapping[str, Range], horizon_months: int, **ends: Literal["low", "high"]) -> World:
    """The world in which the figures named are at an end of their range, all others in the middle."""
    values = {what: getattr(ranges[what], ends.get(what, "value")) for what in WHATS}
    return _world(values, horizon_months)


def _world(values: Mapping[str, float], horizon_months: int) -> World:
    priced = {what: growth_factors(values[what], horizon_months)[1] for what in ("api_price", "gpu_price")}
    return World(**{**values, **priced})


@dataclass(frozen=True)
class Forecast:
    """A problem and what of it worlds change that it does not tell itself.

    growth [s] a year and output_tokens [s] are the scenario's; `kappa_at` holds kappa at further factors on output
    length, between which it is interpolated; `idle_s` is the timeout of serverless replicas.
    """

    problem: Problem
    growth: tuple[float, ...] = ()
    output_tokens: tuple[float, ...] = ()
    kappa_at: tuple[tuple[float, Array], ...] = ()
    idle_s: float = 0.0

    def at(self, world: World) -> Problem:
        """The problem in a world.

        Provisioned units serve in inverse proportion to a request's tokens; all else is as raised anew, but for the
        options themselves, and for kappa between the output lengths at which it is known.
        """
        told = self.problem
        longer = _longer(told, self.output_tokens, world.output_tokens)
        priced = apis_priced(replicas_priced(longer, world.gpu_price), world.api_price)
        loaded = _loaded(priced, self.growth, world, self.idle_s)
        bands = np.array([1.0 + design.band for design in told.designs])
        kappa = self._kappa(world.output_tokens) * bands**world.speed
        return replace(loaded, kappa=kappa, designs=_with_room(told, loaded, kappa))

    def _kappa(self, longer: float) -> Array:
        """Kappa between the two lengths next to this one; NaN where the nearer of them refuses the pair."""
        if not self.kappa_at or longer == 1.0:
            return self.problem.kappa
        nodes = sorted([*self.kappa_at, (1.0, self.problem.kappa)], key=lambda node: node[0])
        places = np.array([place for place, _ in nodes])
        right = int(np.clip(np.searchsorted(places, longer), 1, len(nodes) - 1))
        (low, below), (high, above) = nodes[right - 1], nodes[right]
        part = (longer - low) / (high - low)
        between = (1 - part) * below + part * above
        near, other = (below, above) if part < 0.5 else (above, below)
        return np.where(np.isnan(near), np.nan, np.where(np.isnan(other), near, between))


def forecast_of(scenario: Scenario, catalog: Catalog, problem: Problem, options: Collection[str]) -> Forecast:
    """The forecast over some options of a scenario's problem; speeds at both ends of the output length raised anew."""
    few = reduced(problem, options)
    parts = sub_segments(scenario)
    output = ranges_of(catalog)["output_tokens"]
    nodes = []
    for factor in (output.low, output.high) if few.designs else ():
        moved = LEVERS["output_tokens"].moved(*narrowed(scenario, catalog, few.designs, few.apis), factor)
        nodes.append((factor, _columns(few, problem_of(*moved))))
    serverless = any(design.pool_class == "serverless" for design in few.designs)
    return Forecast(
        few,
        tuple(part.segment.growth for part in parts),
        tuple(part.segment.output_tokens.mean for part in parts),
        tuple(nodes),
        figure(catalog, "serverless_idle_timeout_s").value if serverless else 0.0,
    )


def narrowed(scenario: Scenario, catalog: Catalog, designs: Sequence[PoolDesign], apis: Sequence[ApiOption]) -> Moved:
    """Scenario and catalog that raise no options but these: tenths of a second."""
    names = (*(design.id for design in designs), *(api.id for api in apis))
    policy = scenario.policy.model_copy(update={"may_use": names or ("none",)})
    gpus = {design.gpu for design in designs}
    models = {design.model for design in designs} | {api.offer.model for api in apis}
    offers = {api.offer.id for api in apis}
    return Moved(
        scenario.model_copy(update={"policy": policy}),
        replace(
            catalog,
            models={name: each for name, each in catalog.models.items() if name in models},
            gpus={name: each for name, each in catalog.gpus.items() if name in gpus},
            gpu_prices=tuple(each for each in catalog.gpu_prices if each.gpu in gpus),
            purchases={name: each for name, each in catalog.purchases.items() if name in gpus},
            api_offers=tuple(each for each in catalog.api_offers if each.id in offers),
            rates=tuple(each for each in catalog.rates if each.model in models and each.gpu in gpus),
        ),
    )


def _columns(few: Problem, raised: Problem) -> Array:
    """Kappa of another raising in the order of the few designs; NaN where it has none."""
    place = {design.id: k for k, design in enumerate(raised.designs)}
    kappa = np.full_like(few.kappa, np.nan)
    for k, design in enumerate(few.designs):
        if design.id in place:
            kappa[:, k] = raised.kappa[:, place[design.id]]
    return kappa


def reduced(problem: Problem, options: Collection[str]) -> Problem:
    """The problem with only these options in it at all, and what may be lost of them: small, indices anew."""
    kept = [k for k, design in enumerate(problem.designs) if design.id in options]
    designs = tuple(problem.designs[k] for k in kept)
    apis = tuple(api for api in problem.apis if api.id in options)
    sold_by = {design.provider for design in designs} | {api.offer.provider for api in apis}
    struck = {design.id for design in designs} | {spot_market(design) for design in designs} | sold_by
    on = (
        struck
        | {f"{design.provider}@{design.region}" for design in designs}
        | {"self_run", "managed", "serverless", ""}
    )
    return replace(
        problem, designs=designs, apis=apis, kappa=problem.kappa[:, kept],
        charges={pair: each for pair, each in problem.charges.items() if pair[1] in options},
        unit_rate={pair: rate for pair, rate in problem.unit_rate.items() if pair[1] in options},
        contingencies=tuple(each for each in problem.contingencies if each.of in struck),
        fixed_costs=tuple(cost for cost in problem.fixed_costs if cost.trigger[1] in on),
        refusals=(), refusal_counts={}, doubts=(),
    )  # fmt: skip


OUTPUT = ("output", "output, long prompts", "egress")
"""Charges in proportion to the output tokens."""


def _longer(problem: Problem, output_tokens: Sequence[float], by: float) -> Problem:
    if by == 1.0 or not output_tokens:
        return problem
    before = problem.tokens_per_request
    tokens = before + np.array(output_tokens) * (by - 1)
    charges = {pair: tuple(_longer_charge(each, by) for each in pays) for pair, pays in problem.charges.items()}
    rates = {(s, option): rate * float(before[s] / tokens[s]) for (s, option), rate in problem.unit_rate.items()}
    return replace(problem, charges=charges, tokens_per_request=tokens, unit_rate=rates)


def _longer_charge(charge: Charge, by: float) -> Charge:
    return replace(charge, per_request=charge.per_request * by) if charge.name in OUTPUT else charge


def _loaded(problem: Problem, growth: Sequence[float], world: World, idle_s: float) -> Problem:
    """Blocks at the world's volume and growth: exact, as merging hours does not depend on the volume of a segment."""
    months = problem.rules.horizon_months
    told = np.array([growth_factors(g, months) for g in growth or [0.0] * len(problem.segments)])
    then = np.array([growth_factors(g * world.growth, months) for g in growth or [0.0] * len(problem.segments)])
    end, mean = (world.volume * then / told).T
    blocks = replace(problem.blocks, peak=problem.blocks.peak * end[:, None], mean=problem.blocks.mean * mean[:, None])
    if idle_s <= 0:
        return replace(problem, blocks=blocks)
    before, after = (_cold(each.mean, each.hours, idle_s) for each in (problem.blocks, blocks))
    charges = {
        (s, option): tuple(
            replace(each, per_request=each.per_request * float(after[s] / max(before[s], 1e-300)))
            if each.unit == "replica-hour" else each
            for each in pays
        )
        for (s, option), pays in problem.charges.items()
    }  # fmt: skip
    awake = np.where(problem.may_wait[:, None], 0.0, -np.expm1(-blocks.mean * idle_s))
    return replace(problem, blocks=blocks, charges=charges, awake=None if problem.awake is None else awake)


def _cold(mean: Array, hours: Array, idle_s: float) -> Array:
    """Share [s] of the month's requests that meet a cold start."""
    weight = mean * hours
    return np.asarray((weight * np.exp(-mean * idle_s)).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300))


def _with_room(told: Problem, then: Problem, kappa: Array) -> tuple[PoolDesign, ...]:
    """The designs with counts that may rise as far as the load does."""
    busier = float((then.blocks.peak / np.maximum(told.blocks.peak, 1e-300)).max(initial=1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        slower = np.nan_to_num(kappa / told.kappa, nan=1.0).max(axis=0, initial=1.0)
    return tuple(
        replace(design, max_replicas=int(np.ceil(design.max_replicas * max(1.0, busier * slower[k]))))
        for k, design in enumerate(then.designs)
    )
