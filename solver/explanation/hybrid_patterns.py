"""The four hybrid patterns, recognised by what the optimum does: who serves which tokens, when, and why not the other.

They are those of the article "Self-hosted vs hosted inference: vLLM, TGI, and the break-even math". A plan may be
several at once, or none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.compliance import reasons
from solver.explanation.findings import Pattern, PatternId
from solver.explanation.seen import Seen, counted, named
from solver.problem import Array
from solver.quality_gate import QualityGate
from solver.refusals import Rule
from solver.sub_segments import region_of

MOSTLY = 0.9
"""The share of a segment's tokens from which a side is said to serve it."""
PEAK_MORE = 0.1
"""How much more of the busiest hours than of the quiet ones an API must serve to be said to take the spikes."""


@dataclass(frozen=True)
class Sides:
    """Tokens a month by segment on pools and on APIs."""

    seen: Seen

    @cached_property
    def tokens(self) -> dict[str, tuple[float, float]]:
        """Of each segment on pools and on APIs."""
        problem, solution = self.seen.problem, self.seen.solution
        pool = solution.pool.sum(axis=(1, 2)) * problem.tokens_per_request
        api = solution.api.sum(axis=(1, 2)) * problem.tokens_per_request
        return {
            name: (float(pool[rows].sum()), float(api[rows].sum()))
            for name in dict.fromkeys(problem.segment_of)
            for rows in (self.seen.indices(name),)
        }

    @cached_property
    def all(self) -> float:
        """Tokens a month of all segments."""
        return sum(pool + api for pool, api in self.tokens.values())

    @cached_property
    def on_pools(self) -> tuple[str, ...]:
        """Segments that pools serve, all but a tenth."""
        return tuple(name for name, (pool, api) in self.tokens.items() if pool >= MOSTLY * (pool + api) > 0)

    @cached_property
    def on_apis(self) -> tuple[str, ...]:
        """Segments that APIs serve, all but a tenth."""
        return tuple(name for name, (pool, api) in self.tokens.items() if api >= MOSTLY * (pool + api) > 0)

    def pattern(self, id_: PatternId, pools: tuple[str, ...], apis: tuple[str, ...], why: str) -> Pattern:
        """The record, its shares of the tokens of all segments."""
        pool = sum(self.tokens[name][0] for name in pools) / self.all
        api = sum(self.tokens[name][1] for name in apis) / self.all
        says = (
            f"{named(pools)} on pools, {pool:.0%} of the tokens; {named(apis)} on APIs, {api:.0%}: {why}."
            if pools != apis
            else f"{named(pools)}: pools serve {pool:.0%} of the tokens, APIs {api:.0%}: {why}."
        )
        return Pattern(id=id_, self_hosted=pools, api=apis, pool_share=pool, api_share=api, says=says)


def patterns_of(seen: Seen) -> tuple[Pattern, ...]:
    """The patterns of a hybrid plan; none of any other."""
    if seen.plan.verdict != "hybrid":
        return ()
    sides = Sides(seen)
    return tuple(found for find in FINDERS for found in find(sides))


def _bulk_hard(sides: Sides) -> Iterator[Pattern]:
    """Pools serve most of the tokens, with models that are not good enough for what the APIs serve."""
    seen = sides.seen
    gate = QualityGate(seen.catalog)
    models = dict.fromkeys((pool.model, pool.precision) for pool in seen.plan.pools)
    hard: list[str] = []
    why = ""
    for name in sides.on_apis:
        segment = seen.scenario.segment[name]
        short = [gate.reason(model, precision, segment) for model, precision in models]
        if not all(reason is not None and reason.rule is Rule.QUALITY for reason in short):
            continue
        hard.append(name)
        nearest = min((reason for reason in short if reason is not None), key=lambda reason: reason.distance)
        if isinstance(nearest.found, float) and isinstance(nearest.wanted, float) and not why:
            has = f"the best of the pools' models has {counted(nearest.found)}"
            why = f"{name} asks {counted(nearest.wanted)} {nearest.unit}, {has}"
    if not hard or not sides.on_pools:
        return
    found = sides.pattern("bulk_hard", sides.on_pools, tuple(hard), why)
    if found.pool_share > found.api_share:
        yield found


def _steady_spikes(sides: Sides) -> Iterator[Pattern]:
    """Of a segment pools serve nearly all of the quiet hours, and APIs take a part that grows with the load."""
    seen = sides.seen
    for name in sides.tokens:
        if seen.scenario.segment[name].may_wait:
            continue
        pool, load = _by_block(seen, name)
        busy, quiet = int(np.argmax(load)), load <= np.average(load, weights=seen.problem.blocks.hours)
        steady, spike = float(pool[quiet].min()), float(pool[busy])
        if steady >= MOSTLY and steady - spike >= PEAK_MORE:
            why = (
                f"up to the mean load pools serve {steady:.0%} of the requests, at the busiest {spike:.0%} "
                f"({load[busy]:.3g} requests/s, "
                f"{load[busy] / np.average(load, weights=seen.problem.blocks.hours):.2g} times the mean)"
            )
            yield sides.pattern("steady_spikes", (name,), (name,), why)


def _by_block(seen: Seen, segment: str) -> tuple[Array, Array]:
    """The share [b] of a segment's requests that pools serve, and its load [b] in requests/s at the mean of a block."""
    rows = seen.indices(segment)
    pool, api = seen.solution.pool[rows].sum(axis=(0, 1)), seen.solution.api[rows].sum(axis=(0, 1))
    return pool / np.maximum(pool + api, 1e-300), seen.problem.blocks.mean[rows].sum(axis=0)


def _sensitive_general(sides: Sides) -> Iterator[Pattern]:
    """Pools serve what may go, for its data, to none of the APIs that serve the rest."""
    seen = sides.seen
    used = [seen.problem.apis[a].offer for a in seen.solution.apis]
    sensitive: list[str] = []
    broken: dict[str, str] = {}
    for name in sides.on_pools:
        segment = seen.scenario.segment[name]
        found = []
        for offer in used:
            region = region_of(seen.catalog, offer.provider, offer.region)
            have = seen.catalog.attributes.get(offer.provider)
            found.append(reasons(segment, have, region.geographies if region else ()))
        if found and all(found):
            sensitive.append(name)
            broken[name] = f"{used[0].id} breaks {str(found[0][0].rule).replace('_', ' ')}"
    general = tuple(name for name in sides.on_apis if name not in sensitive)
    if sensitive and general:
        why = f"for {sensitive[0]} {broken[sensitive[0]]}"
        yield sides.pattern("sensitive_general", tuple(sensitive), general, why)


def _fine_tunes_base(sides: Sides) -> Iterator[Pattern]:
    """Pools serve what asks for weights of one's own, APIs what does not."""
    seen = sides.seen
    tuned = {name for name, segment in seen.scenario.segment.items() if "fine_tune" in segment.features}
    own = tuple(name for name in sides.on_pools if name in tuned)
    base = tuple(name for name in sides.on_apis if name not in tuned)
    if own and base:
        serving = sorted({seen.design(each.option).model for name, each in seen.on_pools() if name == own[0]})
        yield sides.pattern("fine_tunes_base", own, base, f"no API serves the weights of {own[0]}, {named(serving)}")


FINDERS: tuple[Callable[[Sides], Iterator[Pattern]], ...] = (
    _bulk_hard, _steady_spikes, _sensitive_general, _fine_tunes_base,
)  # fmt: skip
