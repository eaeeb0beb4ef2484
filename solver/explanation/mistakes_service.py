"""Mistakes of the servers: nothing that stands in for them, less speed than they have, spot that takes all with it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from solver.costs import figure
from solver.design_arrays import design_arrays
from solver.design_columns import Design
from solver.explanation.branches import hosting_branch
from solver.explanation.findings import Mistake
from solver.explanation.seen import Seen, counted, named, parts_of
from solver.plan import Served
from solver.problem import Array, spot_market
from solver.segment_rates import request_shape
from solver.slo_rate import highest_rates
from solver.solution import TINY_SHARE
from solver.units import HOURS_PER_MONTH

GOES_ON = 0.5
"""The least share that goes on by any answer of the checklist (7, fallback) but "nothing"."""
FAR_BELOW = 0.5
"""A speed of less than this part of the model's is far below it: outside every band of its own (estimate; the
article's case is a tenth)."""
SPARE = 1
"""Replicas that may stand ready for one that fails, and are no waste."""


def no_fallback(seen: Seen) -> Iterator[Mistake]:
    """Segments on servers of one's own of which less than half goes on when all of those at one provider are gone."""
    found: dict[str, float] = {}
    money = hours = requests = 0.0
    for name in dict.fromkeys(name for name, _ in seen.on_pools(self_run=True)):
        if seen.scenario.segment[name].may_wait:
            continue
        by: dict[str, list[Served]] = {}
        for segment, served in seen.on_pools(self_run=True):
            if segment == name:
                by.setdefault(seen.design(served.option).provider, []).append(served)
        for provider, parts in by.items():
            left = _goes_on(seen, name, provider, sum(part.share for part in parts))
            if left < GOES_ON:
                found[name] = min(left, found.get(name, 1.0))
                money += sum(part.per_month for part in parts)
                down = figure(seen.catalog, f"outage_share:{provider}", "outage_share").value
                hours = max(hours, down * HOURS_PER_MONTH)
                requests += down * sum(part.share for part in parts) * _requests(seen, name)
    if not found:
        return
    least = min(found.values())
    yield Mistake(
        id="no_fallback",
        where="plan",
        of=tuple(found),
        found=least,
        wanted=GOES_ON,
        unit="share that goes on",
        per_month=money,
        at_stake="what is paid for pools that nothing stands in for",
        says=f"{least:.0%} of {named(tuple(found))} goes on while the servers are gone, {counted(hours)} hours a month "
        f"at the usual rate of outages: {counted(requests)} requests.",
        do=_stand_in(seen, tuple(found)),
    )


def _goes_on(seen: Seen, segment: str, provider: str, share: float) -> float:
    """The share of a segment that goes on without a provider of pools, whose pools serve `share` of it."""
    told = [each.served for each in seen.plan.fallbacks if each.segment == segment and each.of == provider]
    if told:
        return min(told)
    asked = seen.scenario.segment[segment].coverage if "provider" in seen.scenario.policy.contingencies else 0.0
    left = max(asked, 1 - share)
    return left if left > TINY_SHARE else 0.0


def _requests(seen: Seen, segment: str) -> float:
    return next(each.requests_per_month for each in seen.plan.segments if each.name == segment)


def _stand_in(seen: Seen, segments: tuple[str, ...]) -> str:
    """The cheapest API that may take over the first of the segments, or that none may."""
    name = segments[0]
    prices = seen.api_prices((name,))
    if not prices:
        return f"No API may serve {name}: keep a second place for its pool, and decide who is refused first."
    cheapest = min(prices, key=lambda option: prices[option])
    down = figure(seen.catalog, "outage_share").value
    paid = counted(down * _requests(seen, name) * prices[cheapest])
    return f"Let {cheapest} take {name} over, about {paid} a month; {name}.coverage={GOES_ON:.0%} prices it whole."


def spot_ungraceful(seen: Seen) -> Iterator[Mistake]:
    """Spot servers without which less than half of a segment goes on, in the plan or as it runs today."""
    found: dict[str, float] = {}
    hours = money = 0.0
    for pool in seen.plan.pools:
        k = seen.place[pool.option]
        spot = seen.solution.replicas.get((k, "spot"))
        if spot is None:
            continue
        short = False
        for name, served in seen.on_pools():
            if served.option == pool.option and not seen.scenario.segment[name].may_wait:
                left = _without_spot(seen, name, k)
                if left < GOES_ON:
                    found[name], short = min(left, found.get(name, 1.0)), True
        if short:
            held = float(spot @ seen.problem.blocks.hours)
            hours, money = hours + held, money + held * seen.data.purchases[k, "spot"].price
    if found:
        yield _reclaimed(seen, "plan", tuple(found), min(found.values()), money, hours / HOURS_PER_MONTH)
    for option, segments in seen.pools_today.items():
        ways = seen.scenario.today.pools.get(option, {})
        count = ways["spot"].replicas if "spot" in ways else 0
        needed = seen.needs(option, segments, headroom=False)
        if not count or needed is None:
            continue
        firm = sum(way.replicas for purchase, way in ways.items() if purchase != "spot")
        left = min(1.0, firm / float(needed.max()))
        if left < GOES_ON:
            price = seen.hour_of(option, "spot")
            paid = None if price is None else price * count * HOURS_PER_MONTH
            yield _reclaimed(seen, "today", segments, left, paid, count)


def _without_spot(seen: Seen, segment: str, k: int) -> float:
    """The least share of a segment, over the blocks, that goes on when the spot servers of design k are gone."""
    design = seen.problem.designs[k]
    told = [
        each.served
        for each in seen.plan.fallbacks
        if each.segment == segment and each.of in (spot_market(design), design.id) and each.lost == "spot"
    ]
    if told:
        return min(told)
    asked = seen.scenario.segment[segment].coverage if "spot" in seen.scenario.policy.contingencies else 0.0
    rows = seen.indices(segment)
    firm = sum(
        (
            counts * seen.data.purchases[other, m].availability
            for (other, m), counts in seen.solution.replicas.items()
            if other == k and m != "spot"
        ),
        np.zeros(len(seen.data.blocks)),
    )
    on_pool = _shares(seen, k)
    busy = np.nansum(seen.load_of(k) * seen.problem.kappa[:, k][:, None], axis=0)
    covered = np.where(busy > 0, np.minimum(1.0, firm / np.maximum(busy, 1e-300)), 1.0)
    return max(asked, float((1 - on_pool[rows] * (1 - covered)).min()))


def _shares(seen: Seen, k: int) -> Array:
    """The share [s, b] of each sub-segment that design k serves."""
    whole = seen.solution.pool.sum(axis=1) + seen.solution.api.sum(axis=1)
    return np.asarray(seen.solution.pool[:, k] / np.maximum(whole, 1e-300))


def _reclaimed(seen: Seen, where: str, of: tuple[str, ...], left: float, paid: float | None, count: float) -> Mistake:
    rate = figure(seen.catalog, "spot_interruptions_per_hour").value
    back = figure(seen.catalog, "spot_restart_hours").value
    each = f"one each {counted(1 / (rate * count))} hours" if rate * count > 0 else "none yet"
    return Mistake(
        id="spot_ungraceful",
        where="today" if where == "today" else "plan",
        of=of,
        found=left,
        wanted=GOES_ON,
        unit="share that goes on without spot",
        per_month=paid,
        at_stake="the spot servers that all go at once",
        says=f"{left:.0%} of {named(of)} goes on when its spot replicas ({counted(count)}) are reclaimed: {each}, and "
        f"{counted(back)} hours until others are found.",
        do=f"Drain on the notice and let an API or hourly servers take over: {of[0]}.coverage={GOES_ON:.0%} prices it.",
    )


def slow_serving(seen: Seen) -> Iterator[Mistake]:
    """Servers measured far below what the performance model gives them; or many more of them than the load needs."""
    for pool in seen.plan.pools:
        if pool.measured:
            yield from _measured_slow(seen, pool.option)
    for option, segments in seen.pools_today.items():
        yield from _too_many(seen, option, segments)


def _measured_slow(seen: Seen, option: str) -> Iterator[Mistake]:
    k = seen.place[option]
    names = [name for name, served in seen.on_pools() if served.option == option]
    known = {name: _model_rate(seen, option, name) for name in names}
    rows = {name: [s for s in seen.indices(name) if np.isfinite(seen.problem.kappa[s, k])] for name in names}
    slow = {
        name: 1 / float(seen.problem.kappa[rows[name], k].mean()) / rate
        for name, rate in known.items()
        if rate is not None and rows[name]
    }
    slow = {name: part for name, part in slow.items() if part < FAR_BELOW}
    if not slow:
        return
    name = min(slow, key=lambda each: slow[each])
    tokens = float(seen.problem.tokens_per_request[rows[name][0]])
    rate = known[name] or 0.0
    kappa = seen.problem.kappa.copy()
    for each, part in slow.items():
        kappa[rows[each], k] *= part
    faster = None if seen.stopped else hosting_branch(replace(seen.problem, kappa=kappa), seen.effort, start=(option,))
    saved = None if faster is None or faster.objective is None else max(0.0, seen.total - faster.objective)
    yield Mistake(
        id="slow_serving",
        where="plan",
        of=(option,),
        found=slow[name] * rate * tokens,
        wanted=rate * tokens,
        unit="tokens/s of a replica, input and output",
        per_month=saved,
        at_stake="what the plan costs more than with servers as fast as the model says",
        says=f"{option} was measured at {counted(slow[name] * rate * tokens)} tokens/s on {name}, {slow[name]:.0%} of "
        f"the {counted(rate * tokens)} that the model gives it.",
        do="Tune before anything is signed: batching, tensor parallel, precision, KV cache; then wizard measure again.",
    )


def _model_rate(seen: Seen, option: str, segment: str) -> float | None:
    """Requests/s of a replica by the performance model, nothing measured in it; None where it knows none."""
    parts = parts_of(option)
    if parts is None or parts["model"] not in seen.catalog.models:
        return None
    design = Design(parts["model"], parts["precision"], parts["gpu"], int(parts["gpus"]), parts["engine"])
    with np.errstate(all="ignore"):  # unknown figures are NaN and stay so
        shape = request_shape(seen.scenario.segment[segment], 0.0)
        rate = float(highest_rates(design_arrays(seen.catalog, [design]), shape, times=False).requests_per_s[0])
    return rate if np.isfinite(rate) else None


def _too_many(seen: Seen, option: str, segments: tuple[str, ...]) -> Iterator[Mistake]:
    """Replicas that run today against what today's load needs with its headroom, at the speed that they have."""
    ways = seen.scenario.today.pools.get(option, {})
    running = sum(way.replicas for way in ways.values())
    needed = seen.needs(option, segments, headroom=True)
    if needed is None or not running:
        return
    enough = max(1.0, float(np.ceil(needed.max() * (1 - 1e-9))))
    if (running - SPARE) * FAR_BELOW < enough:
        return
    rows = [s for name in segments for s in seen.indices(name)]
    tokens = seen.problem.tokens_per_request[rows] @ seen.problem.blocks.peak[rows]
    busiest = float(tokens.max())
    idle, signed = _given_back(seen, option, running - enough)
    stays = f" {signed} of the others are signed or owned, and stay to be paid until that ends." if signed else ""
    yield Mistake(
        id="slow_serving",
        where="today",
        of=(option,),
        found=busiest / running,
        wanted=busiest / enough,
        unit="tokens/s of a replica at the peak",
        per_month=idle,
        at_stake="replicas that the load does not need",
        says=f"{running} replicas run today for {counted(busiest)} tokens/s at the peak; {counted(enough)} would do, "
        f"headroom and all.{stays}",
        do="Find what holds the servers back, or give the others back: wizard measure tells which.",
    )


def _given_back(seen: Seen, option: str, count: float) -> tuple[float | None, int]:
    """What giving back so many replicas of those that run saves a month, and how many of them are signed or owned.

    Those that save most go first; what is in force stays to be paid for its share of the horizon. None: no price known.
    """
    saved: list[tuple[float, int, bool]] = []
    for purchase, way in seen.scenario.today.pools[option].items():
        price, kept = seen.hour_of(option, purchase), seen.problem.in_force.get((option, purchase))
        if price is not None:
            sunk = 0.0 if kept is None else max(0.0, price - kept.still) * kept.paid_share
            saved.append((price - sunk, way.replicas, kept is not None))
    total, signed = 0.0, 0
    for hour, replicas, kept_on in sorted(saved, reverse=True):
        back = min(count, replicas)
        total, count, signed = total + back * hour * HOURS_PER_MONTH, count - back, signed + round(back) * kept_on
    return (total if saved else None), signed
