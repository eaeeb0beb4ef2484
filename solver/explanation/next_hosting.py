"""Next steps of a plan with pools: what to try before it is signed, to build, to drill, and when to look again."""

from collections.abc import Callable, Iterator

import numpy as np

from catalogs.records import COMMITTED, TERM_MONTHS
from solver.costs import people_of
from solver.explanation.drafts import Draft
from solver.explanation.seen import Seen, counted, named
from solver.plan import Pool, ScoreHeld, Served

DAYS_PER_WEEK = 5
WIDE = 0.2
"""A band of the computed speed from which it is measured before anything else is done: estimate."""
SURE = 1e-9


def _pools(seen: Seen) -> list[Pool]:
    """The pools, the busiest money first."""
    cost: dict[str, float] = {}
    for _, served in seen.on_pools():
        cost[served.option] = cost.get(served.option, 0.0) + served.per_month
    return sorted(seen.plan.pools, key=lambda pool: -cost.get(pool.option, 0.0))


def _largest(seen: Seen) -> tuple[str, Served]:
    """The segment and pool of most money."""
    return max(seen.on_pools(), key=lambda pair: pair[1].per_month)


def _stand_ins(seen: Seen) -> tuple[str, ...]:
    """APIs that serve, or take over when something is lost."""
    serving = [each.option for part in seen.plan.segments for each in part.served_by if each.kind == "api"]
    moved = [part.option for each in seen.plan.fallbacks for part in each.moved_to if part.kind == "api"]
    return tuple(dict.fromkeys((*moved, *serving)))


def _evaluate(seen: Seen, id_: str, beside: str) -> Iterator[Draft]:
    """The self-hosted model that keeps its floor by the least, on the user's own prompts."""
    served = {(name, each.option) for name, each in seen.on_pools()}
    held = [row for row in seen.plan.scores if (row.segment, row.option) in served]
    own = seen.catalog.evaluations
    public = [row for row in held if row.benchmark not in own]
    if public:
        row: ScoreHeld = min(public, key=lambda each: (each.score - each.threshold) / max(abs(each.threshold), SURE))
        yield Draft(
            id=id_,
            kind="evaluate",
            action=f"Evaluate {row.model} at {row.precision or 'its precision'} on 300 prompts of {row.segment}, "
            f"beside {beside}; go on only if it keeps the floor.",
            because=f"{row.score:.4g} against a floor of {row.threshold:.4g} by {row.benchmark} alone, points above it",
            figure=row.score - row.threshold,
            unit=row.unit,
            weight=90,
        )
    elif held:
        row = min(held, key=lambda each: each.score - each.threshold)
        yield Draft(
            id=id_,
            kind="evaluate",
            action=f"Repeat the evaluation {row.benchmark} with {row.model} as it will be served, at {row.precision}.",
            because=f"{row.score:.4g} against a floor of {row.threshold:.4g} by {row.benchmark} of {row.date}",
            figure=row.score - row.threshold,
            unit=row.unit,
            weight=70,
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
    bound = [(pool, row) for pool, row in rows if row.purchase in COMMITTED]
    if bound:
        said = [f"{counted(row.count)} of {pool.option} ({row.purchase.replace('_', ' ')})" for pool, row in bound]
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
        because="replicas at the busiest hour",
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
        because="weeks of set-up",
        figure=weeks,
        unit="engineer-week",
        weight=100,
        days=weeks * DAYS_PER_WEEK,
        effort=source,
    )


def _peak(seen: Seen, pool: Pool) -> tuple[float, float, float]:
    """Replicas held and needed (no headroom) at the busiest hour of a pool, and the requests/s that all held carry."""
    k = seen.place[pool.option]
    whole = seen.solution.pool.sum(axis=1) + seen.solution.api.sum(axis=1)
    on_pool = seen.solution.pool[:, k] / np.maximum(whole, 1e-300)
    load = seen.data.load * on_pool
    busy = np.nansum(load * seen.problem.kappa[:, k][:, None], axis=0)
    b = int(np.argmax(busy))
    held = sum(float(counts[b]) for (other, _), counts in seen.solution.replicas.items() if other == k)
    rate = float(load[:, b].sum()) / float(busy[b]) if busy[b] > 0 else 0.0
    return held, float(busy[b]), held * rate


def _overflow(seen: Seen) -> Iterator[Draft]:
    """Degradation of a hybrid: what the pool cannot take goes to the API."""
    pool, apis = _pools(seen)[0], _stand_ins(seen)
    if apis:
        yield Draft(
            id="overflow_to_api",
            kind="build",
            action=f"Send what {pool.option} cannot take to {apis[0]}: slower first, then over, never an error.",
            because="requests/s that the pool carries",
            figure=_peak(seen, pool)[2],
            unit="requests/s",
            weight=60,
        )


def _queue(seen: Seen) -> Iterator[Draft]:
    """Degradation without an API: slow before failing."""
    pool = _pools(seen)[0]
    yield Draft(
        id="queue_when_full",
        kind="build",
        action=f"Put a queue before {pool.option}: answers get slower before any fails, and who is refused first is "
        "written down.",
        because="requests/s that the pool carries",
        figure=_peak(seen, pool)[2],
        unit="requests/s",
        weight=60,
    )


def _blue_green(seen: Seen) -> Iterator[Draft]:
    """Room for an update of a hybrid: the API serves while the pool changes."""
    pool, apis = _pools(seen)[0], _stand_ins(seen)
    if apis:
        share = sum(each.share * _of(seen, name) for name, each in seen.on_pools() if each.option == pool.option)
        yield Draft(
            id="blue_green_by_api",
            kind="build",
            action=f"Change models blue-green: {apis[0]} serves while {pool.option} changes, back by share.",
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
        because="replicas free at the busiest hour",
        figure=free,
        unit="replica",
        weight=50,
    )


def _drill_switch(seen: Seen) -> Iterator[Draft]:
    """The runbook and the drill of a hybrid, on the segment of most money."""
    name, served = _largest(seen)
    left = min((each.served for each in seen.plan.fallbacks if each.segment == name), default=0.0)
    mistaken = any(each.id in ("no_fallback", "spot_ungraceful") for each in seen.plan.mistakes)
    apis = _stand_ins(seen)
    to = apis[0] if apis else "what is left"
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
    yield Draft(
        id="drill_replica",
        kind="drill",
        action=f"Write the runbook; stop a replica of {pool.option} at the busiest hour and watch it come back; each "
        "quarter.",
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
    because = "APIs alone cost a month; it turns when that falls to the plan's total"
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


def _beside(seen: Seen) -> str:
    apis = _stand_ins(seen)
    return apis[0] if apis else "the best model that an API sells"


Builder = Callable[[Seen], Iterator[Draft]]
HYBRID: tuple[Builder, ...] = (
    lambda seen: _evaluate(seen, "evaluate_split", _beside(seen)),
    _measure,
    _sign,
    lambda seen: _build(seen, "build_beside_api", "and a router that sends each segment to its side"),
    _overflow,
    _blue_green,
    _drill_switch,
    lambda seen: _revisit(seen, "revisit_split", "at what is on which side"),
)
SELF_HOST: tuple[Builder, ...] = (
    lambda seen: _evaluate(seen, "evaluate_model", "the best model that an API sells"),
    _measure,
    _sign,
    lambda seen: _build(seen, "build_servers", "with an alarm that wakes somebody"),
    _queue,
    _spare,
    _drill_replica,
    lambda seen: _revisit(seen, "revisit_hosting", "whether to host at all"),
)
