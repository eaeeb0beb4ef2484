"""The oracle's program for one choice of what is open, used and bought: columns, rows, and which columns are whole.

What the choice leaves out has no column, so that nothing ties shares to switches but this absence; what the choice
costs is counted in plain words by `choice_cost`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil, inf

from oracle_facts import LEAST_SHARE, MONTH, Facts, in_force, loses_replicas, most_boxes, too_long

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.problem import Contingency

Terms = dict[int, float]


@dataclass(frozen=True)
class Choice:
    """Pools that are open, APIs that are used, those of them with units bought, suppliers that count as such."""

    opened: tuple[str, ...]
    used: tuple[str, ...]
    bought: tuple[str, ...]
    counted: tuple[str, ...]


@dataclass
class Lp:
    """Minimise cost*x + constant, lower <= x <= upper, rows (terms, lower, upper); `whole` columns are integers."""

    constant: float = 0.0
    cost: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)

    def column(self, cost: float = 0.0, upper: float = inf, lower: float = 0.0) -> int:
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.cost) - 1

    def count(self, cost: float, upper: float, lower: float = 0.0) -> int:
        self.whole.append(self.column(cost, upper, lower))
        return self.whole[-1]

    def at_most(self, terms: Terms, bound: float = 0.0) -> None:
        self.rows.append((terms, -inf, bound))

    def at_least(self, terms: Terms, bound: float = 0.0) -> None:
        self.rows.append((terms, bound, inf))


@dataclass(frozen=True)
class Columns:
    """Places of the columns: x (s, option, b), y (s, pool, b), w (s, api, b), units (api), running (pool, b).

    held (pool, b): what the pool holds in the block, each with its purchase type, its replicas a unit.
    """

    x: Mapping[tuple[int, str, int], int]
    y: Mapping[tuple[int, str, int], int]
    w: Mapping[tuple[int, str, int], int]
    units: Mapping[str, int]
    running: Mapping[tuple[str, int], int]
    held: Mapping[tuple[str, int], tuple[tuple[int, PurchaseType, int], ...]]


def choice_cost(facts: Facts, choice: Choice) -> float:
    """What being open or used costs a month, whatever serves."""
    problem = facts.problem
    designs = [facts.design(pool) for pool in choice.opened]
    on = {("supplier", facts.provider(api)) for api in choice.used}
    on |= {("selfhost", "") for _ in designs} | {("open", design.id) for design in designs}
    on |= {("class", d.pool_class) for d in designs} | {("site", f"{d.provider}@{d.region}") for d in designs}
    cost = sum(each.quantity * each.price for each in problem.fixed_costs if each.trigger in on)
    if problem.people is not None and designs:
        further = ceil(len(designs) / problem.people.designs) - 1
        cost += further * problem.people.fte * problem.people.price_per_fte_month
    return cost


def write(facts: Facts, choice: Choice) -> Lp:
    """The cheapest way to serve with this choice, as an LP whose `whole` columns take whole numbers only."""
    lp = Lp(constant=choice_cost(facts, choice))
    columns = _columns(facts, choice, lp)
    _serve(facts, columns, lp)
    _carry(facts, choice, columns, lp)
    _limit(facts, choice, columns, lp)
    _rule(facts, choice, columns, lp)
    _keep(facts, choice, columns, lp)
    for each in facts.problem.contingencies:
        _withstand(facts, choice, columns, lp, each)
    _move(facts, choice, columns, lp)
    if facts.problem.rules.budget_per_month is not None:
        lp.at_most(dict(enumerate(lp.cost)), facts.problem.rules.budget_per_month - lp.constant)
    return lp


def _may_serve(facts: Facts, choice: Choice) -> Iterator[tuple[int, str]]:
    for option in (*choice.opened, *choice.used):
        for s in {**facts.pools, **facts.apis}[option]:
            yield s, option


def _columns(facts: Facts, choice: Choice, lp: Lp) -> Columns:
    problem, hours = facts.problem, facts.problem.blocks.hours
    by_request = {
        (s, option, b): facts.price.get((s, option), 0.0) * float(facts.requests[s, b])
        for s, option in _may_serve(facts, choice) for b in facts.blocks
    }  # fmt: skip
    x = {key: lp.column(cost, 1.0) for key, cost in by_request.items()}
    spot = [pool for pool in choice.opened if "spot" in facts.ways[pool]]
    horizon = problem.rules.horizon_months

    def committed(pool: str, m: PurchaseType) -> int:
        """A committed box, every hour, and what is signed beyond the horizon spread over it."""
        way = facts.ways[pool][m]
        beyond = max(0, way.term_months - horizon) / horizon
        return lp.count(way.box * way.price * MONTH * (1 + beyond), most_boxes(facts, pool, m, None))

    def by_block(pool: str, m: PurchaseType, b: int) -> int:
        way = facts.ways[pool][m]
        if m == "serverless":
            return lp.column(way.price * float(hours[b]))
        return lp.count(way.box * way.price * float(hours[b]), most_boxes(facts, pool, m, b))

    r = {(pool, m): committed(pool, m) for pool in choice.opened for m in facts.ways[pool] if m in COMMITTED}
    held = {
        (pool, b): tuple(
            (r[pool, m] if m in COMMITTED else by_block(pool, m, b), m, way.box) for m, way in facts.ways[pool].items()
        )
        for pool in choice.opened for b in facts.blocks
    }  # fmt: skip
    struck = [pool for pool in choice.opened if any(loses_replicas(facts, c, pool) for c in problem.contingencies)]
    return Columns(
        x=x,
        y={key: lp.column(0.0, 1.0) for key in x if key[1] in spot},
        w={
            key: lp.column(-by_request[key], 1.0)
            for key in x if key[:2] in problem.unit_rate and key[1] in choice.bought
        },
        units={api: _units(facts, api, lp) for api in choice.bought},
        running={(pool, b): lp.count(0.0, 1.0) for pool in struck for b in facts.blocks},
        held=held,
    )  # fmt: skip


def _units(facts: Facts, id_: str, lp: Lp) -> int:
    """Steps of units: at least the least number, at most what all load (or the least number) fills."""
    api = facts.api(id_)
    rates = {s: facts.problem.unit_rate.get((s, id_), 0.0) for s in facts.apis[id_]}
    full = max(sum(facts.load[s, b] / rate for s, rate in rates.items() if rate > 0) for b in facts.blocks)
    least = ceil(api.unit_min / api.unit_step)
    most = max(least, ceil(full / api.unit_step))
    return lp.count(api.unit_step * api.unit_price * MONTH, most, least)


def _serve(facts: Facts, columns: Columns, lp: Lp) -> None:
    """Every request is served; y and w are part of x; of each segment no more rests on spot than it tolerates."""
    for s in facts.segments:
        for day in facts.days[s]:
            shares = {column: 1.0 for (of, _, b), column in columns.x.items() if of == s and b in day}
            lp.rows.append((shares, 1.0, 1.0))
            exposed = {column: 1.0 for (of, _, b), column in columns.y.items() if of == s and b in day}
            if exposed:
                lp.at_most(exposed, float(facts.problem.spot_tolerance[s]))
    for part in (columns.y, columns.w):
        for key, column in part.items():
            lp.at_most({column: 1.0, columns.x[key]: -1.0})


def _up(facts: Facts, columns: Columns, pool: str, b: int, without: tuple[PurchaseType, ...] = ()) -> Terms:
    """Replicas that are up on average, negated."""
    ways = facts.ways[pool]
    return {c: -ways[m].availability * box for c, m, box in columns.held[pool, b] if m not in without}


def _carry(facts: Facts, choice: Choice, columns: Columns, lp: Lp) -> None:
    """Replicas carry the traffic with headroom; without spot they carry what does not rest on it; some stay awake.

    That what serves rests on a whole replica where only whole ones are sold follows: no replica, no capacity, no share.
    """
    problem = facts.problem
    for pool in choice.opened:
        for b in facts.blocks:
            load = {columns.x[s, pool, b]: facts.busy(s, pool, b) for s in facts.pools[pool]}
            rests = {
                columns.y[s, pool, b]: -facts.busy(s, pool, b) for s in facts.pools[pool] if (s, pool, b) in columns.y
            }
            lp.at_most(load | _up(facts, columns, pool, b))
            lp.at_most(load | rests | _up(facts, columns, pool, b, ("spot",)))
            count = {column: -float(box) for column, _, box in columns.held[pool, b]}
            lp.at_least(count, -float(facts.design(pool).max_replicas))
            if problem.awake is not None and "serverless" in facts.ways[pool]:
                for s in facts.pools[pool]:
                    lp.at_most({columns.x[s, pool, b]: float(problem.awake[s, b])} | count)
            for s in facts.pools[pool]:
                if (pool, b) in columns.running:
                    lp.at_most({columns.x[s, pool, b]: 1.0, columns.running[pool, b]: -1.0})


def _limit(facts: Facts, choice: Choice, columns: Columns, lp: Lp) -> None:
    for id_ in choice.used:
        for b in facts.blocks:
            share = {s: columns.x[s, id_, b] for s in facts.apis[id_]}
            within = {s: columns.w[s, id_, b] for s in facts.apis[id_] if (s, id_, b) in columns.w}
            _within_limits(facts, columns, lp, id_, b, share, within)


def _within_limits(
    facts: Facts, columns: Columns, lp: Lp, id_: str, b: int, share: Mapping[int, int], within: Mapping[int, int]
) -> None:
    """Requests and tokens that no unit serves are within the API's limits; the rest is within the units bought."""
    problem = facts.problem
    api = facts.api(id_)
    for limit, tokens in ((api.requests_per_s, False), (api.tokens_per_s, True)):
        if limit < inf:
            weight = {s: float(facts.load[s, b] * (problem.tokens_per_request[s] if tokens else 1.0)) for s in share}
            metered = {column: weight[s] for s, column in share.items()}
            lp.at_most(metered | {column: -weight[s] for s, column in within.items()}, limit)
    if within:
        units = {column: float(facts.load[s, b]) / problem.unit_rate[s, id_] for s, column in within.items()}
        lp.at_most(units | {columns.units[id_]: -float(api.unit_step)})


def _rule(facts: Facts, choice: Choice, columns: Columns, lp: Lp) -> None:
    """Policy on shares and counts: must-use, suppliers that count, GPUs. That on switches is the choice's."""
    rules = facts.problem.rules
    for word in rules.must_use:
        lp.at_least(
            _shares(facts, columns, [o for o in (*choice.opened, *choice.used) if facts.means(word, o)]), LEAST_SHARE
        )
    for supplier in choice.counted:
        options = [option for option in (*choice.opened, *choice.used) if facts.provider(option) == supplier]
        lp.at_least(_shares(facts, columns, options), LEAST_SHARE)
    for name, available in rules.gpus_available.items():
        for b in facts.blocks:
            gpus: Terms = {}
            for pool in choice.opened:
                design = facts.design(pool)
                if name in (design.provider, design.gpu, f"{design.provider}/{design.gpu}"):
                    gpus |= {column: float(design.gpus * box) for column, _, box in columns.held[pool, b]}
            lp.at_most(gpus, float(available))


def _shares(facts: Facts, columns: Columns, options: list[str], segment: int | None = None) -> Terms:
    """Shares of the segments' months that the options serve, summed."""
    return {
        column: facts.share_of_month(s, b)
        for (s, option, b), column in columns.x.items() if option in options and segment in (None, s)
    }  # fmt: skip


def _keep(facts: Facts, choice: Choice, columns: Columns, lp: Lp) -> None:
    """What is in force and kept: for the part of the horizon that is paid, a replica costs no more than `still`.

    Kept replicas are neither bought again (capital) nor signed for longer (beyond the horizon).
    """
    problem = facts.problem
    horizon = problem.rules.horizon_months
    capital: Terms = {}
    for pool in choice.opened:
        for column, m, box in columns.held[pool, 0]:
            if m not in COMMITTED:
                continue
            way, held = facts.ways[pool][m], problem.in_force.get((pool, m))
            capital[column] = way.capital * box
            if held is None:
                continue
            saved = max(0.0, way.price - held.still) * MONTH * held.paid_share
            beyond = way.price * MONTH * max(0, way.term_months - horizon) / horizon
            kept = lp.column(-saved - beyond, float(held.replicas))
            lp.at_most({kept: 1.0, column: -float(box)})
            capital[kept] = -way.capital
            assert not too_long(problem, way) or in_force(problem, pool, m) >= box
    if problem.rules.capital is not None:
        lp.at_most(capital, problem.rules.capital)


def _withstand(facts: Facts, choice: Choice, columns: Columns, lp: Lp, each: Contingency) -> None:
    """While the contingency holds, what is left serves the covered share of each segment, without headroom.

    Of a pool that serves, a replica is lost: as much as the least available one carries, and all of a last one.
    """
    problem = facts.problem
    covered = [] if problem.coverage is None else [s for s in facts.segments if problem.coverage[s] > 0]
    gone = {o for o in (*choice.opened, *choice.used) if each.kind == "provider" and facts.provider(o) == each.of}
    z: dict[tuple[int, str, int], int] = {}
    for key, served in columns.x.items():
        s, option, b = key
        if s in covered and option not in gone:
            z[key] = lp.column(0.0, 1.0)
            dearer = each.share * facts.price.get((s, option), 0.0) * float(facts.requests[s, b])
            if dearer > 0:
                lp.at_most({z[key]: 1.0, served: -1.0, lp.column(dearer): -1.0})
    for s in covered:
        assert problem.coverage is not None
        for day in facts.days[s]:
            shares = {column: 1.0 for (of, _, b), column in z.items() if of == s and b in day}
            lp.rows.append((shares, float(problem.coverage[s]), 1.0))
    for pool in choice.opened:
        for b in facts.blocks:
            load = {z[s, pool, b]: facts.busy(s, pool, b, headroom=False) for s in covered if (s, pool, b) in z}
            lost_spot = each.kind == "spot" and each.of == pool
            up = _up(facts, columns, pool, b, ("spot",) if lost_spot else ())
            if load and loses_replicas(facts, each, pool):
                up[columns.running[pool, b]] = min(way.availability for way in facts.ways[pool].values())
                whole = {c: -float(box) for c, _, box in columns.held[pool, b]} | {columns.running[pool, b]: 1.0}
                for column in load:
                    lp.at_most({column: 1.0} | whole)
            if load:
                lp.at_most(load | up)
    for id_ in choice.used:
        for b in facts.blocks:
            share = {s: z[s, id_, b] for s in covered if (s, id_, b) in z}
            within = {s: lp.column(0.0, 1.0) for s in share if (s, id_, b) in columns.w}
            for s, column in within.items():
                lp.at_most({column: 1.0, share[s]: -1.0})
            if share:
                _within_limits(facts, columns, lp, id_, b, share, within)


def _move(facts: Facts, choice: Choice, columns: Columns, lp: Lp) -> None:
    """What a change from today's replicas and routes costs."""
    moving, hours = facts.problem.moving, facts.problem.blocks.hours
    if moving is None:
        return
    for pool in sorted({design.id for design in facts.problem.designs} | set(moving.replicas)):
        today = moving.replicas.get(pool, 0.0)
        mean: Terms = {}
        for b in facts.blocks:
            for column, _, box in columns.held.get((pool, b), ()):
                mean[column] = mean.get(column, 0.0) + box * float(hours[b]) / MONTH
        added, removed = lp.column(moving.replica_added), lp.column(moving.replica_removed)
        lp.at_most(mean | {added: -1.0}, today)
        lp.at_least(mean | {removed: 1.0}, today)
    pairs = set(_may_serve(facts, choice))
    for s, option in sorted(pairs - moving.routes):
        added = lp.count(moving.route_added, 1.0)
        for b in facts.blocks:
            lp.at_most({columns.x[s, option, b]: 1.0, added: -1.0})
    for s, option in sorted(moving.routes):
        share = _shares(facts, columns, [option], s) if (s, option) in pairs else {}
        removed = lp.count(moving.route_removed, 1.0)
        lp.at_least(share | {removed: LEAST_SHARE}, LEAST_SHARE)
