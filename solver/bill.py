"""The bill, counted from what the plan runs and not from the objective: the same money a second way.

Lines stand under the names of `solver.program.objective.TERMS`; a test demands equality term by term.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from catalogs.vocabulary import COMMITTED, HOURLY, PurchaseType
from solver.explanation.records import Term
from solver.plan import CostLine, loss_words
from solver.program.data import Data, beyond_horizon_per_month, sunk_per_month
from solver.program.policy import LEAST_SHARE
from solver.rerouted import moves_of, paid_moves
from solver.solution import Solution
from solver.units import HOURS_PER_MONTH, format_share

WORDS: dict[PurchaseType, str] = {
    "reserved_1m": "reserved 1 month", "reserved_1y": "reserved 1 year", "reserved_3y": "reserved 3 years",
    "owned": "owned", "on_demand": "on demand", "managed": "managed", "spot": "spot", "serverless": "serverless",
}  # fmt: skip
"""How a purchase type reads in a line."""


def bill(data: Data, solution: Solution) -> dict[str, tuple[CostLine, ...]]:
    """Cost lines by term; a line is quantity times price, in the problem's currency a month."""
    return {
        "committed": tuple(_hours(data, solution, COMMITTED)),
        "beyond_horizon": tuple(_beyond(data, solution)),
        "hourly": tuple(_hours(data, solution, HOURLY)),
        "spot": tuple(_hours(data, solution, ("spot",))),
        "serverless": tuple(_hours(data, solution, ("serverless",))),
        "requests": tuple(_requests(data, solution)),
        "provisioned": tuple(_provisioned(data, solution)),
        "fixed": tuple(_fixed(data, solution)),
        "people": tuple(_people(data, solution)),
        "sunk": tuple(_sunk(data, solution)),
        "fallback": tuple(_fallback(data, solution)),
        "moving": tuple(_moving(data, solution)),
    }


def line(
    name: str,
    unit: str,
    quantity: float,
    price: float,
    estimate: str = "",
    source: str = "",
    date: str = "",
    terms: tuple[Term, ...] = (),
    price_of: Mapping[str, float] | None = None,
) -> CostLine:
    """A cost line; per_month is the product."""
    quantity, price = float(quantity), float(price)
    return CostLine(
        name=name,
        unit=unit,
        quantity=quantity,
        price=price,
        per_month=quantity * price,
        estimate=estimate,
        source=source,
        date=date,
        terms=terms,
        price_of=dict(price_of or {}),
    )


def _term(of: str, **factors: float) -> Term:
    """A part of a quantity; blanks for the underscores of the factors' names."""
    return Term(of=of, factors={name.replace("_", " "): float(value) for name, value in factors.items()})


def hours_of(data: Data, solution: Solution, k: int, m: PurchaseType) -> float:
    """Replica-hours a month of one design and purchase type."""
    if m in COMMITTED:
        return float(solution.replicas[k, m][0] * HOURS_PER_MONTH)
    return float(solution.replicas[k, m] @ data.problem.blocks.hours)


def _hours(data: Data, solution: Solution, kinds: tuple[PurchaseType, ...]) -> Iterator[CostLine]:
    for k, m in sorted(solution.replicas):
        if m in kinds:
            way, design = data.purchases[k, m], data.problem.designs[k]
            estimate = "; ".join(filter(None, (way.estimate, design.estimate if not way.estimate else "")))
            hours = hours_of(data, solution, k, m)
            yield line(
                f"GPU hours, {WORDS[m]}: {design.id}", "replica-hour", hours, way.price, estimate, way.source, way.date
            )


def _beyond(data: Data, solution: Solution) -> Iterator[CostLine]:
    horizon = data.problem.rules.horizon_months
    for k, m in sorted(solution.replicas):
        way = data.purchases[k, m]
        price = beyond_horizon_per_month(way, horizon)
        count = float(solution.replicas[k, m][0]) - kept_of(data, solution, k, m)
        if m in COMMITTED and price > 0 and count > 0:
            name = f"commitment beyond the horizon, {WORDS[m]}: {data.problem.designs[k].id}"
            beyond = max(0, way.term_months - horizon) / horizon
            worked = {"an hour": way.price, "hours a month": HOURS_PER_MONTH, "of the horizon beyond it": beyond}
            yield line(name, "replica", count, price, way.estimate, way.source, way.date, price_of=worked)


def kept_of(data: Data, solution: Solution, k: int, m: PurchaseType) -> float:
    """Replicas of those in force that the plan holds on to."""
    return min(float(data.kept[k, m].replicas), float(solution.replicas[k, m][0])) if (k, m) in data.kept else 0.0


def _sunk(data: Data, solution: Solution) -> Iterator[CostLine]:
    for k, m in sorted(solution.replicas):
        if m in COMMITTED and (count := kept_of(data, solution, k, m)) > 0:
            way, force = data.purchases[k, m], data.kept[k, m]
            price = sunk_per_month(way, force)
            if price > 0:
                name = f"paid already, {WORDS[m]}: {data.problem.designs[k].id}"
                paid = {
                    "an hour, paid already": way.price - force.still, "hours a month": HOURS_PER_MONTH,
                    "of the horizon": force.paid_share,
                }  # fmt: skip
                yield line(name, "replica", -count, price, way.estimate, way.source, way.date, price_of=paid)


def _fallback(data: Data, solution: Solution) -> Iterator[CostLine]:
    """What a loss sends elsewhere, paid there for its share of the month; what is next to nothing is one line."""
    small: dict[int, tuple[float, float]] = {}
    guessed = False
    for c, option, by_segment in paid_moves(moves_of(data, solution)):
        each = data.problem.contingencies[c]
        requests = each.share * sum(count for count, _ in by_segment.values())
        cost = each.share * sum(count * price for count, price in by_segment.values())
        if cost < LEAST_LINE or requests < LEAST_REQUESTS:
            guessed = guessed or bool(each.estimate)
            for s, (count, price) in by_segment.items():
                before, paid = small.get(s, (0.0, 0.0))
                small[s] = before + each.share * count, paid + each.share * count * price
            continue
        name = f"fallback to {option} while {loss_words(each.kind, each.of)}"
        told = f"{format_share(each.share)} of the month: {each.estimate}" if each.estimate else ""
        terms = tuple(
            _term(data.problem.segments[s], requests_a_month=count, of_the_month=each.share).priced(price)
            for s, (count, price) in by_segment.items()
        )
        yield line(name, "request", requests, cost / requests, told, each.source, terms=terms)
    if small:
        requests, total = (sum(part[i] for part in small.values()) for i in (0, 1))
        terms = tuple(
            _term(data.problem.segments[s], requests=count).priced(paid / count) for s, (count, paid) in small.items()
        )
        told = "how long a loss lasts" if guessed else ""
        yield line("other fallbacks", "request", requests, total / requests, told, terms=terms)


LEAST_LINE = 0.005
"""A fallback below half a cent a month, or below half a request, has no line of its own."""
LEAST_REQUESTS = 0.5


def _moving(data: Data, solution: Solution) -> Iterator[CostLine]:
    moving, problem = data.problem.moving, data.problem
    if moving is None:
        return
    ids = [design.id for design in problem.designs]
    runs: dict[str, float] = dict.fromkeys(moving.replicas, 0.0)
    for (k, _), counts in solution.replicas.items():
        runs[ids[k]] = runs.get(ids[k], 0.0) + float(counts @ problem.blocks.hours) / HOURS_PER_MONTH
    change = [count - moving.replicas.get(name, 0.0) for name, count in runs.items()]
    shares = served_shares(data, solution)
    used = {pair for pair, share in shares.items() if share > 0}
    gone = sum(shares.get(pair, 0.0) < LEAST_SHARE * (1 - 1e-6) for pair in moving.routes)
    for name, count, price in (
        ("replicas added", sum(max(0.0, each) for each in change), moving.replica_added),
        ("replicas taken away", sum(max(0.0, -each) for each in change), moving.replica_removed),
        ("routes added", float(len(used - moving.routes)), moving.route_added),
        ("routes taken away", float(gone), moving.route_removed),
    ):
        if count > 0 and price > 0:
            yield line(f"{name}, over the horizon", "change", count, price, moving.estimate, moving.source)


def served_shares(data: Data, solution: Solution) -> dict[tuple[int, str], float]:
    """Share of each segment's month that an option serves, of pairs that serve something."""
    problem = data.problem
    month = np.maximum(problem.blocks.mean @ problem.blocks.hours * 3600.0, 1e-300)
    shares = {(s, problem.designs[k].id): solution.pool[s, k].sum() / month[s] for s, k in data.pool_pairs}
    shares |= {(s, problem.apis[a].id): solution.api[s, a].sum() / month[s] for s, a in data.api_pairs}
    return {pair: float(share) for pair, share in shares.items() if share > 0}


def _requests(data: Data, solution: Solution) -> Iterator[CostLine]:
    """Metered requests of APIs, and what pools pay by request; one line a (charge, price), segments summed."""
    problem = data.problem
    metered = (solution.api - solution.units).sum(axis=2)
    by_pool = solution.pool.sum(axis=2)
    options = [(api.id, metered[:, a], api.offer) for a, api in enumerate(problem.apis)]
    pools = [(design.id, by_pool[:, k], None) for k, design in enumerate(problem.designs)]
    for option, requests, offer in (*options, *pools):
        quantities: dict[tuple[str, str, float, str, str, str], list[Term]] = {}
        for s in np.flatnonzero(requests > 0):
            for charge in problem.charges.get((int(s), option), ()):
                own = (charge.estimate, charge.source, charge.date)
                if offer is not None:
                    own = (own[0] or offer.estimate, own[1] or offer.source, own[2] or offer.date)
                key = (charge.name, charge.unit, charge.price, *own)
                factors = {"requests a month": float(requests[s]), f"{charge.unit} a request": charge.per_request}
                quantities.setdefault(key, []).append(Term(of=problem.segments[int(s)], factors=factors))
        for (name, unit, price, guessed, where, date), terms in quantities.items():
            quantity = sum(each.quantity for each in terms)
            yield line(f"{option} {name}", unit, quantity, price, guessed, where, date, tuple(terms))


def _provisioned(data: Data, solution: Solution) -> Iterator[CostLine]:
    for a, api in enumerate(data.problem.apis):
        if solution.unit_count[a] > 0:
            hours = float(solution.unit_count[a]) * HOURS_PER_MONTH
            yield line(
                f"{api.id} provisioned units",
                "unit-hour",
                hours,
                api.unit_price,
                api.unit_estimate,
                api.unit_source or api.offer.source,
                api.unit_date or api.offer.date,
                (_term(api.id, units=float(solution.unit_count[a]), hours_a_month=HOURS_PER_MONTH),),
            )


def _fixed(data: Data, solution: Solution) -> Iterator[CostLine]:
    on = switched_on(data, solution)
    for cost in data.problem.fixed_costs:
        if cost.trigger in on:
            terms = (Term(of=cost.trigger[1], factors=dict(cost.factors)),) if cost.factors else ()
            yield line(
                cost.name, cost.unit, cost.quantity, cost.price, cost.estimate, cost.source, cost.date, terms,
                cost.price_factors,
            )  # fmt: skip


def switched_on(data: Data, solution: Solution) -> set[tuple[str, str]]:
    """Triggers that the plan switches on, by what it runs."""
    designs = [data.problem.designs[k] for k in solution.pools]
    on = {("supplier", data.problem.apis[a].offer.provider) for a in solution.ready_apis}
    for design in designs:
        on |= {("selfhost", ""), ("class", design.pool_class), ("open", design.id)}
        on.add(("site", f"{design.provider}@{design.region}"))
    return on


def _people(data: Data, solution: Solution) -> Iterator[CostLine]:
    steps = data.problem.people
    if steps is None or not solution.pools:
        return
    further = max(0, -(-len(solution.pools) // steps.designs) - 1)
    if further:
        name = f"operations of further pools, {further} step{'s' * (further > 1)} of {steps.designs} designs"
        fte, price = further * steps.fte, steps.price_per_fte_month
        terms = (_term("further pools", steps=further, FTE_a_step=steps.fte),)
        yield line(name, "FTE-month", fte, price, steps.estimate, steps.source, steps.date, terms)


def capacity_cost(lines: Mapping[str, tuple[CostLine, ...]], design: str) -> float:
    """What a pool's replicas cost a month, of all purchase types."""
    terms = ("committed", "beyond_horizon", "hourly", "spot", "serverless", "sunk")
    return sum(each.per_month for term in terms for each in lines[term] if each.name.endswith(f": {design}"))
