"""A plan counted again from its shares and counts alone: what of the problem it breaks, and what it costs.

Written from the meaning in solver/README.md. Of the program nothing is used, and of the solver only how an outcome is
read (`solution_of`); loads and words of rules are the oracle's. What a plan leaves open (what rests on spot, where
traffic goes while something is lost) is found by a small LP.
"""

from collections.abc import Iterator
from math import inf

import numpy as np
from oracle import Solver
from oracle_facts import LEAST_SHARE, MONTH, facts_of, loses_replicas, too_long
from oracle_rows import Choice, Lp, choice_cost

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.problem import Contingency, Problem
from solver.program.data import data_of
from solver.solution import solution_of
from solver.solve import Outcome

NEAR = 2e-6
"""Twice the solver's own tolerance; what is above it is broken, as a part of the row's size where that is above 1."""


class Recount:
    """A plan by ids: shares x and those within units (s, option, b), replicas (pool, type) [b], units by API."""

    def __init__(self, problem: Problem, outcome: Outcome) -> None:
        solution = solution_of(data_of(problem), outcome.values)
        self.problem, self.facts = problem, facts_of(problem)
        requests = self.facts.requests
        pools, apis = [each.id for each in problem.designs], [each.id for each in problem.apis]
        self.x = {
            (int(s), name, int(b)): float(served[s, o, b] / requests[s, b])
            for names, served in ((pools, solution.pool), (apis, solution.api))
            for o, name in enumerate(names) for s, b in zip(*np.nonzero(served[:, o]), strict=True)
        }  # fmt: skip
        self.w = {
            (int(s), apis[a], int(b)): float(solution.units[s, a, b] / requests[s, b])
            for s, a, b in zip(*np.nonzero(solution.units), strict=True)
        }
        self.held = {(pools[k], m): counts for (k, m), counts in solution.replicas.items()}
        self.units = {api: float(count) for api, count in zip(apis, solution.unit_count, strict=True) if count > 0}
        self.opened = tuple(pools[k] for k in solution.pools)
        providers = {problem.apis[a].offer.provider for a in solution.ready_apis} | {
            self.facts.api(api).offer.provider for api in self.units
        }
        self.used = tuple(api for api in self.facts.apis if self.facts.provider(api) in providers)
        self.fallback_cost = 0.0  # of the contingencies that `_lost` has looked at

    def replicas(self, pool: str, b: int, without: str = "") -> dict[PurchaseType, float]:
        """Replicas of a pool in a block, by purchase type."""
        return {m: float(counts[b]) for (of, m), counts in self.held.items() if of == pool and m != without}

    def up(self, pool: str, b: int, without: str = "") -> float:
        """Of those the mean number that is up."""
        ways = self.facts.design(pool).purchases
        return sum(ways[m].availability * count for m, count in self.replicas(pool, b, without).items())

    def month_share(self, options: list[str], segment: int | None = None) -> float:
        """Shares of the segments' months that these options serve, summed."""
        return sum(
            share * self.facts.share_of_month(s, b)
            for (s, option, b), share in self.x.items() if option in options and segment in (None, s)
        )  # fmt: skip


def recounted(problem: Problem, outcome: Outcome) -> tuple[list[str], float]:
    """What the plan breaks, in words, and what it costs a month with the cheapest fallback that it allows."""
    plan = Recount(problem, outcome)
    found = [*_traffic(plan), *_counts(plan), *_spot(plan), *_apis(plan), *_policy(plan)]
    for each in problem.contingencies:
        found += _lost(plan, each)
    total = cost_of(plan)
    budget = problem.rules.budget_per_month
    if budget is not None and _above(total, budget):
        found.append(f"costs {total} of {budget}")
    return found, total


def broken(problem: Problem, outcome: Outcome) -> list[str]:
    """What the plan breaks; and its cost, where it is not the one told."""
    found, total = recounted(problem, outcome)
    told = outcome.objective or 0.0
    return found + ([f"costs {total}, not {told}"] if abs(total - told) > NEAR * max(1.0, told) else [])


def _above(value: float, most: float) -> bool:
    return value > most + NEAR * max(1.0, abs(most))


def _traffic(plan: Recount) -> Iterator[str]:
    """1 and 2: all is served, by who may; capacity with headroom, whole replicas, awake ones."""
    facts, awake = plan.facts, plan.problem.awake
    for s in facts.segments:
        for day in facts.days[s]:
            served = sum(share for (of, _, b), share in plan.x.items() if of == s and b in day)
            if abs(served - 1) > NEAR:
                yield f"{served} of segment {s} is served in blocks {day}"
    for (s, option, b), share in plan.x.items():
        if s not in {**facts.pools, **facts.apis}.get(option, ()):
            yield f"{option} may not serve segment {s}"
        if option in facts.pools:
            count = sum(plan.replicas(option, b).values())
            if count <= 0:
                yield f"{option} serves in block {b} without a replica"
            if awake is not None and "serverless" in facts.ways[option] and _above(awake[s, b] * share, count):
                yield f"{option} sleeps in block {b}"
    for pool in plan.opened:
        for b in facts.blocks:
            busy = sum(facts.busy(s, pool, b) * plan.x.get((s, pool, b), 0.0) for s in facts.pools[pool])
            if _above(busy, plan.up(pool, b)):
                yield f"{pool} is busier in block {b} than it can be: {busy} of {plan.up(pool, b)}"


def _counts(plan: Recount) -> Iterator[str]:
    """3 and 8: whole boxes, no more replicas than there are, what is committed the same in every block."""
    for (pool, m), counts in plan.held.items():
        way = plan.facts.design(pool).purchases[m]
        boxes = counts / way.box
        if m != "serverless" and np.any(boxes != np.round(boxes)):
            yield f"{pool}: {counts} {m} replicas in boxes of {way.box}"
        if m in COMMITTED and np.any(counts != counts[0]):
            yield f"{pool}: {m} differs by block"
        if too_long(plan.problem, way) and m in COMMITTED:
            held = plan.problem.in_force.get((pool, m))
            if counts[0] > (held.replicas if held else 0):
                yield f"{pool}: {m} is signed for longer than the horizon"
    for pool in plan.opened:
        for b in plan.facts.blocks:
            if _above(sum(plan.replicas(pool, b).values()), plan.facts.design(pool).max_replicas):
                yield f"{pool}: more replicas in block {b} than there are"


def _spot(plan: Recount) -> Iterator[str]:
    """2 firm and 5: of each segment so much may rest on spot that the rest has replicas nobody takes away."""
    facts, lp = plan.facts, Lp()
    short = lp.column(1.0)
    y = {key: lp.column(0.0, share) for key, share in plan.x.items() if "spot" in plan.replicas(key[1], key[2])}
    for pool in plan.opened:
        for b in facts.blocks:
            if "spot" in plan.replicas(pool, b):
                busy = {s: facts.busy(s, pool, b) for s in facts.pools[pool] if (s, pool, b) in y}
                load = sum(each * plan.x[s, pool, b] for s, each in busy.items())
                firm = {y[s, pool, b]: -each for s, each in busy.items()}
                lp.at_most(firm | {short: -1.0}, plan.up(pool, b, "spot") - load)
    for s in facts.segments:
        for day in facts.days[s]:
            exposed = {column: 1.0 for (of, _, b), column in y.items() if of == s and b in day}
            if exposed:
                lp.at_most(exposed | {short: -1.0}, float(plan.problem.spot_tolerance[s]))
    lacks, _ = Solver(lp).least(*Solver(lp).ranges)
    if lacks > NEAR:
        yield f"{lacks} too much rests on spot"


def _apis(plan: Recount) -> Iterator[str]:
    """4 and 8: rate limits of what is metered, what units serve, the least units and their steps."""
    problem, facts = plan.problem, plan.facts
    for api in facts.apis:
        made, count = facts.api(api), plan.units.get(api, 0.0)
        if count > 0 and (count < made.unit_min or count % made.unit_step):
            yield f"{api}: {count} units, at least {made.unit_min} in steps of {made.unit_step}"
        for b in facts.blocks:
            metered, tokens, in_units = 0.0, 0.0, 0.0
            for s in facts.apis[api]:
                share, within = plan.x.get((s, api, b), 0.0), plan.w.get((s, api, b), 0.0)
                load = float(facts.load[s, b])
                metered += load * (share - within)
                tokens += load * (share - within) * float(problem.tokens_per_request[s])
                in_units += load * within / problem.unit_rate[s, api] if within > 0 else 0.0
            for what, value, most in (
                ("requests", metered, made.requests_per_s), ("tokens", tokens, made.tokens_per_s),
                ("units", in_units, count),
            ):  # fmt: skip
                if most < inf and _above(value, most):
                    yield f"{api}: {value} {what} of {most} in block {b}"


def _policy(plan: Recount) -> Iterator[str]:
    """7: designs, suppliers, must-use, GPUs and capital."""
    facts, rules = plan.facts, plan.problem.rules
    options = [*plan.opened, *plan.used]
    parties = {facts.provider(option) for option in options}
    if rules.max_pool_designs is not None and len(plan.opened) > rules.max_pool_designs:
        yield f"{len(plan.opened)} pool designs"
    if rules.max_suppliers is not None and len(parties) > rules.max_suppliers:
        yield f"{len(parties)} suppliers, too many"
    counted = [p for p in parties if plan.month_share([o for o in options if facts.provider(o) == p]) > 0.01 - NEAR]
    if rules.min_suppliers is not None and len(counted) < rules.min_suppliers:
        yield f"{len(counted)} suppliers, too few"
    for word in rules.must_use:
        if plan.month_share([option for option in options if facts.means(word, option)]) < LEAST_SHARE - NEAR:
            yield f"{word} is not used"
    for name, available in rules.gpus_available.items():
        for b in facts.blocks:
            gpus = 0.0
            for pool in plan.opened:
                made = facts.design(pool)
                if name in (made.provider, made.gpu, f"{made.provider}/{made.gpu}"):
                    gpus += made.gpus * sum(plan.replicas(pool, b).values())
            if _above(gpus, available):
                yield f"{gpus} GPUs of {available} {name} in block {b}"
    spent = sum(
        facts.design(pool).purchases[m].capital * (float(counts[0]) - _kept(plan, pool, m))
        for (pool, m), counts in plan.held.items() if m in COMMITTED
    )  # fmt: skip
    if rules.capital is not None and _above(spent, rules.capital):
        yield f"capital of {spent}"


def _kept(plan: Recount, pool: str, m: PurchaseType) -> float:
    """Replicas in force that the plan holds on to."""
    held = plan.problem.in_force.get((pool, m))
    return min(float(held.replicas), float(plan.held[pool, m][0])) if held and m in COMMITTED else 0.0


def _lost(plan: Recount, each: Contingency) -> Iterator[str]:
    """6: with what is left every covered segment has its coverage. Adds the least that this costs to the plan's."""
    problem, facts = plan.problem, plan.facts
    if problem.coverage is None or not np.any(problem.coverage > 0):
        return
    lp = Lp()
    short = lp.column()
    z: dict[tuple[int, str, int], int] = {}
    for option in (*plan.opened, *plan.used):
        if each.kind == "provider" and facts.provider(option) == each.of:
            continue
        for s in {**facts.pools, **facts.apis}[option]:
            for b in facts.blocks if problem.coverage[s] > 0 else ():
                z[s, option, b] = lp.column(0.0, 1.0)
                dearer = each.share * facts.price.get((s, option), 0.0) * float(facts.requests[s, b])
                served = plan.x.get((s, option, b), 0.0)
                lp.at_most({z[s, option, b]: 1.0, lp.column(dearer): -1.0}, served)
    for s in facts.segments:
        for day in facts.days[s] if problem.coverage[s] > 0 else ():
            shares = {column: 1.0 for (of, _, b), column in z.items() if of == s and b in day}
            lp.at_least(shares | {short: 1.0}, float(problem.coverage[s]))
            lp.at_most(shares, 1.0)
    for b in facts.blocks:
        for pool in plan.opened:
            busy = {z[s, pool, b]: facts.busy(s, pool, b, headroom=False)
                    for s in facts.pools[pool] if (s, pool, b) in z}  # fmt: skip
            made = facts.design(pool)
            market = f"{made.provider}@{made.region}/{made.gpu}"
            without = "spot" if each.kind == "spot" and each.of in (pool, market) else ""
            left, whole = plan.up(pool, b, without), sum(plan.replicas(pool, b, without).values())
            if loses_replicas(facts, each, pool) and any(of == pool and at == b for _, of, at in plan.x):
                left -= min(way.availability for way in facts.ways[pool].values())
                whole -= 1
            if busy:
                lp.at_most(busy | {short: -1.0}, max(left, 0.0))
            for column in busy if whole <= 0 else ():
                lp.at_most({column: 1.0}, 0.0)
        for api in plan.used:
            _limits_left(plan, lp, api, b, z, short)
    costs, lp.cost = lp.cost, [float(column == short) for column in range(len(lp.cost))]
    lacks = _least(lp)
    if lacks > NEAR:
        yield f"{each.kind} {each.of} lost: coverage lacks {lacks}"
    lp.cost, lp.upper[short] = costs, lacks * (1 + NEAR) + NEAR / 10
    plan.fallback_cost += _least(lp)


def _least(lp: Lp) -> float:
    solver = Solver(lp)
    return solver.least(*solver.ranges)[0]


def _limits_left(plan: Recount, lp: Lp, api: str, b: int, z: dict[tuple[int, str, int], int], short: int) -> None:
    """Rate limits and units hold while something is lost."""
    made, problem = plan.facts.api(api), plan.problem
    segments = [s for s in plan.facts.apis[api] if (s, api, b) in z]
    load = {s: float(plan.facts.load[s, b]) for s in segments}
    within = {s: lp.column(0.0, 1.0) for s in segments if plan.units.get(api) and (s, api) in problem.unit_rate}
    for s, column in within.items():
        lp.at_most({column: 1.0, z[s, api, b]: -1.0})
    for most, weight in ((made.requests_per_s, np.ones(len(problem.segments))),
                         (made.tokens_per_s, problem.tokens_per_request)):  # fmt: skip
        if most < inf and segments:
            terms = {z[s, api, b]: load[s] * float(weight[s]) / most for s in segments}
            terms |= {column: -load[s] * float(weight[s]) / most for s, column in within.items()}
            lp.at_most(terms | {short: -1.0}, 1.0)
    if within:
        lp.at_most({within[s]: load[s] / problem.unit_rate[s, api] for s in within}, plan.units[api])


def cost_of(plan: Recount) -> float:
    """Money a month, fallback as the contingencies looked at so far have added it."""
    problem, facts, hours = plan.problem, plan.facts, plan.problem.blocks.hours
    total = plan.fallback_cost + choice_cost(facts, Choice(plan.opened, plan.used, (), ()))
    for (pool, m), counts in plan.held.items():
        way, kept = facts.design(pool).purchases[m], _kept(plan, pool, m)
        total += way.price * float(counts @ hours)
        if m in COMMITTED:
            beyond = max(0, way.term_months - problem.rules.horizon_months) / problem.rules.horizon_months
            total += way.price * MONTH * beyond * (float(counts[0]) - kept)
        if kept > 0:
            held = problem.in_force[pool, m]
            total -= max(0.0, way.price - held.still) * MONTH * held.paid_share * kept
    for (s, option, b), share in plan.x.items():
        paid = share - plan.w.get((s, option, b), 0.0)
        total += paid * float(facts.requests[s, b]) * facts.price.get((s, option), 0.0)
    total += sum(count * facts.api(api).unit_price * MONTH for api, count in plan.units.items())
    return total + _moving_cost(plan)


def _moving_cost(plan: Recount) -> float:
    """What a change from today's replicas and routes costs."""
    moving, hours = plan.problem.moving, plan.problem.blocks.hours
    if moving is None:
        return 0.0
    total = 0.0
    for pool in {*moving.replicas, *plan.opened}:
        mean = sum(float(counts @ hours) / MONTH for (of, _), counts in plan.held.items() if of == pool)
        change = mean - moving.replicas.get(pool, 0.0)
        total += moving.replica_added * max(0.0, change) + moving.replica_removed * max(0.0, -change)
    total += moving.route_added * len({(s, option) for s, option, _ in plan.x} - moving.routes)
    gone = [pair for pair in moving.routes if plan.month_share([pair[1]], pair[0]) < LEAST_SHARE - NEAR]
    return total + moving.route_removed * len(gone)
