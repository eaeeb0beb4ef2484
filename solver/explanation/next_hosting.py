"""Next steps of a plan with pools: what to try before it is signed, to build, to drill, and when to look again."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from catalogs.vocabulary import COMMITTED, TERM_MONTHS
from solver.bill import WORDS
from solver.costs import people_of
from solver.explanation.drafts import Draft
from solver.explanation.seen import Seen, counted, named
from solver.plan import Pool, Served

DAYS_PER_WEEK = 5
WIDE = 0.2
"""A band of the computed speed from which it is measured before anything else is done: estimate."""
SURE = 1e-9
StandIn = Literal["api", "pool"]


def _pools(seen: Seen) -> list[Pool]:
    """The pools, the busiest money first."""
    cost: dict[str, float] = {}
    for _, served in seen.on_pools():
        cost[served.option] = cost.get(served.option, 0.0) + served.per_month
    return sorted(seen.plan.pools, key=lambda pool: -cost.get(pool.option, 0.0))


def _largest(seen: Seen) -> tuple[str, Served]:
    """The segment and pool of most money."""
    return max(seen.on_pools(), key=lambda pair: pair[1].per_month)


def _segments_of(seen: Seen, option: str) -> list[str]:
    """The segments that a pool serves, those of most money first."""
    mine = [(name, served.per_month) for name, served in seen.on_pools() if served.option == option]
    return [name for name, _ in sorted(mine, key=lambda pair: -pair[1])]


def _api_for(seen: Seen, segments: list[str]) -> str | None:
    """An API that may serve all these segments: one that the plan uses, else the cheapest; None where none may."""
    prices = seen.api_prices(segments)
    used = [seen.problem.apis[a].id for a in seen.solution.ready_apis]
    return min(prices, key=lambda option: (option not in used, prices[option]), default=None)


def _stand_in(seen: Seen, pool: Pool) -> tuple[str, StandIn] | None:
    """What takes a pool's requests when it is gone or changes: what the plan moves them to, else an API that may."""
    segments = _segments_of(seen, pool.option)
    moved = [
        (part.share, part.option, part.kind)
        for each in seen.plan.fallbacks
        if each.segment in segments and each.of in (pool.option, pool.provider)
        for part in each.moved_to
        if part.option != pool.option
    ]
    if moved:
        _, option, kind = max(moved)
        return option, kind
    api = _api_for(seen, segments)
    if api is not None:
        return api, "api"
    others = [other.option for other in _pools(seen) if other.option != pool.option]
    beside = next((other for other in others if set(segments) <= set(_segments_of(seen, other))), None)
    return None if beside is None else (beside, "pool")


def _evaluate(seen: Seen, id_: str) -> Iterator[Draft]:
    """The self-hosted model that keeps its floor by the least, on the user's own prompts."""
    served = {(name, each.option) for name, each in seen.on_pools()}
    held = [row for row in seen.plan.scores if (row.segment, row.option) in served]
    public = [row for row in held if row.benchmark not in seen.catalog.evaluations]
    if not held:
        return
    row = min(public or held, key=lambda each: (each.score - each.threshold) / max(abs(each.threshold), SURE))
    api = _api_for(seen, [row.segment])
    beside = f"beside {api}" if api else "by people of your own, as no API may see them"
    model = f"{row.model} at {row.precision}" if row.precision else row.model
    yield Draft(
        id=id_,
        kind="evaluate",
        action=f"Evaluate {model} on 300 prompts of {row.segment}, {beside}; go on only if it keeps the floor."
        if public
        else f"Repeat the evaluation {row.benchmark} with {model} as it will be served.",
        because=f"its {counted(row.score)} on {row.benchmark} of {row.date} is above the floor by",
        figure=row.score - row.threshold,
        unit=row.unit,
        weight=90 if public else 70,
    )


def _measure(seen: Seen) -> Iterator[Draft]:
    """The speed of the pool of most money, where it is computed; first of all where the verdict hangs on it."""
    pool = next((each for each in _pools(seen) if not each.measured and each.band > 0), None)
    if pool is None:
        return
    urgent = seen.plan.confidence != "certain" or pool.band >= WIDE
    yield Draft(
        id="measure_speed",
        kind="evaluate",
        action=f"Measure one replica of {pool.option} over a sweep of rates, and give it to wizard measure.",
        because="its speed is computed, within",
        figure=pool.band,
        unit="share",
        weight=85 if urgent else 20,
    )


def _sign(seen: Seen) -> Iterator[Draft]:
    """What is committed; else the capacity by the hour that somebody must have ready."""
    rows = [(pool, row) for pool in _pools(seen) for row in pool.replicas]
    bound = [(pool, row, way) for pool, row in rows for way in COMMITTED if row.purchase == way]
    if bound:
        said = [f"{counted(row.count)} of {pool.option} ({WORDS[way]})" for pool, row, way in bound]
        monthly = sum(
            line.per_month
            for line in seen.plan.lines
            if line.unit == "replica-hour" and any(word in line.name for word in ("reserved", "owned"))
        )
        yield Draft(
            id="sign_term",
            kind="sign",
            action=f"Sign for {named(said)}, with the right to stop where the provider offers one.",
            because="committed a month",
            figure=monthly,
            unit=seen.plan.currency,
            weight=80,
        )
        return
    pool = _pools(seen)[0]
    most = max(
        (sum(row.count for row in pool.replicas if row.block in (None, b)) for b in range(len(seen.data.blocks))),
        default=0.0,
    )
    yield Draft(
        id="book_capacity",
        kind="sign",
        action=f"Ask {pool.provider} for a quota of {ceil_of(most * pool.gpus_per_replica)} {pool.gpu} at once.",
        because="held at the busiest hour",
        figure=most,
        unit="replica",
        weight=80,
    )


def ceil_of(value: float) -> str:
    """A number of whole things."""
    return counted(float(np.ceil(value * (1 - SURE))))


def _build(seen: Seen, id_: str, with_it: str) -> Iterator[Draft]:
    """The pools, with health checks; its days are the set-up that is in the bill, or would be."""
    people = people_of(seen.scenario, seen.catalog)
    classes = {seen.design(pool.option).pool_class for pool in seen.plan.pools}
    weeks = sum(people.setup_weeks[name] for name in sorted(classes))
    runs = all(any(pool.option == name for name in seen.scenario.in_force) for pool in seen.plan.pools)
    if runs or weeks <= 0:
        return
    source = people.setup_source + (f"; estimate: {people.setup_estimate}" if people.setup_estimate else "")
    pools = named([pool.option for pool in _pools(seen)])
    yield Draft(
        id=id_,
        kind="build",
        action=f"Build {pools}: a health check on each replica that restarts it, {with_it}.",
        because="set-up",
        figure=weeks,
        unit="engineer-week",
        weight=100,
        days=weeks * DAYS_PER_WEEK,
        effort=source,
    )


def _peak(seen: Seen, pool: Pool) -> tuple[float, float, float]:
    """Replicas held and needed (no headroom) at the busiest hour of a pool, and the requests/s that all held carry."""
    k = seen.place[pool.option]
    load = seen.load_of(k)
    busy = np.nansum(load * seen.problem.kappa[:, k][:, None], axis=0)
    b = int(np.argmax(busy))
    held = sum(float(counts[b]) for (other, _), counts in seen.solution.replicas.items() if other == k)
    rate = float(load[:, b].sum()) / float(busy[b]) if busy[b] > 0 else 0.0
    return held, float(busy[b]), held * rate


def _overflow(seen: Seen) -> Iterator[Draft]:
    """Degradation of a hybrid: what the pool cannot take goes to what stands in for it, else it waits."""
    pool = _pools(seen)[0]
    other = _stand_in(seen, pool)
    action = f"Put a queue before {pool.option}, as no API may take over: slower answers before any fails."
    if other is not None:
        action = f"Send what {pool.option} cannot take to {other[0]}: slower first, then over, never an error."
    yield _degraded(seen, pool, f"overflow_to_{other[1]}" if other else "queue_on_pool", action)


def _queue(seen: Seen) -> Iterator[Draft]:
    """Degradation without an API: slow before failing."""
    pool = _pools(seen)[0]
    action = f"Put a queue before {pool.option}: answers get slower before any fails, and who is refused first is "
    yield _degraded(seen, pool, "queue_when_full", action + "written down.")


def _degraded(seen: Seen, pool: Pool, id_: str, action: str) -> Draft:
    """What is built for the load that a pool cannot take."""
    return Draft(
        id=id_,
        kind="build",
        action=action,
        because="the pool carries",
        figure=_peak(seen, pool)[2],
        unit="requests/s",
        weight=60,
    )


def _blue_green(seen: Seen) -> Iterator[Draft]:
    """Room for an update of a hybrid: what stands in serves while the pool changes; else a spare replica."""
    pool = _pools(seen)[0]
    other = _stand_in(seen, pool)
    if other is None:
        yield from (replace(draft, id="spare_on_pool") for draft in _spare(seen))
        return
    share = sum(each.share * _of(seen, name) for name, each in seen.on_pools() if each.option == pool.option)
    yield Draft(
        id=f"blue_green_by_{other[1]}",
        kind="build",
        action=f"Change models blue-green: {other[0]} serves while {pool.option} changes, back by share.",
        because="of all requests are on the pool",
        figure=share,
        unit="share",
        weight=40,
    )


def _of(seen: Seen, segment: str) -> float:
    """The part of all requests that a segment is."""
    all_ = sum(each.requests_per_month for each in seen.plan.segments)
    return next(each.requests_per_month for each in seen.plan.segments if each.name == segment) / all_


def _spare(seen: Seen) -> Iterator[Draft]:
    """Spare capacity and room for an update where no API may stand in."""
    pool = _pools(seen)[0]
    held, needed, _ = _peak(seen, pool)
    free = held - float(np.ceil(needed * (1 - SURE)))
    more = "it is there: keep it free" if free >= 1 else "it is not there: an hourly one must be found for it"
    yield Draft(
        id="spare_replica",
        kind="build",
        action=f"Keep a replica of {pool.option} for one that fails and for blue-green updates; {more}.",
        because="free at the busiest hour",
        figure=free,
        unit="replica",
        weight=50,
    )


def _drill_switch(seen: Seen) -> Iterator[Draft]:
    """The runbook and the drill of a hybrid, on the segment of most money."""
    name, served = _largest(seen)
    left = min((each.served for each in seen.plan.fallbacks if each.segment == name), default=0.0)
    mistaken = any(each.id in ("no_fallback", "spot_ungraceful") for each in seen.plan.mistakes)
    pool = next(each for each in seen.plan.pools if each.option == served.option)
    other = _stand_in(seen, pool)
    to = other[0] if other else "what is left"
    settle = "settle first what goes on, then " if mistaken else ""
    yield Draft(
        id="drill_switch",
        kind="drill",
        action=f"Write the runbook; {settle}take {served.option} away for an hour and let {to} serve {name}; each "
        "quarter.",
        because=f"of {name} goes on by plan",
        figure=left,
        unit="share",
        weight=65,
    )


def _drill_replica(seen: Seen) -> Iterator[Draft]:
    """The runbook and the drill of a plan that is whole self-hosting."""
    pool = _pools(seen)[0]
    held, needed, _ = _peak(seen, pool)
    what = "stop a replica"
    if seen.design(pool.option).pool_class == "serverless":
        what = "force a cold start"
    yield Draft(
        id="drill_replica",
        kind="drill",
        action=f"Write the runbook; {what} of {pool.option} at the busiest hour and watch it come back; each quarter.",
        because="of the busiest hour is carried without it",
        figure=min(1.0, (held - 1) / needed) if needed > 0 else 1.0,
        unit="share",
        weight=65,
    )


def _revisit(seen: Seen, id_: str, what: str) -> Iterator[Draft]:
    """A quarter after it is live, and what would turn it; never later than the first term ends."""
    terms = [TERM_MONTHS[m] for _, m in seen.solution.replicas if m in TERM_MONTHS]
    ends = f", and before the term of {min(terms)} months ends" if terms else ""
    hosting = seen.plan.hosting
    api = hosting.api_per_month if hosting else None
    because = "look sooner when APIs alone no longer cost clearly more than the plan; a month they cost"
    if api is None:
        because = "no plan of APIs alone fits, it turns when one does; the plan costs a month"
    yield Draft(
        id=id_,
        kind="revisit",
        action=f"Look again {what}: volume, API prices, GPU prices, new models; each quarter{ends}.",
        because=because,
        figure=seen.total if api is None else api,
        unit=seen.plan.currency,
        weight=95,
        waits=91,
    )


Builder = Callable[[Seen], Iterator[Draft]]
HYBRID: tuple[Builder, ...] = (
    lambda seen: _evaluate(seen, "evaluate_split"),
    _measure,
    _sign,
    lambda seen: _build(seen, "build_beside_api", "and a router that sends each segment to its side"),
    _overflow,
    _blue_green,
    _drill_switch,
    lambda seen: _revisit(seen, "revisit_split", "at what is on which side"),
)
SELF_HOST: tuple[Builder, ...] = (
    lambda seen: _evaluate(seen, "evaluate_model"),
    _measure,
    _sign,
    lambda seen: _build(seen, "build_servers", "with an alarm that wakes somebody"),
    _queue,
    _spare,
    _drill_replica,
    lambda seen: _revisit(seen, "revisit_hosting", "whether to host at all"),
)
