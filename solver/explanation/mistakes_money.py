"""Mistakes of the sum: people left out, servers before there is work for them, a decision never looked at again."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from math import log2

from catalogs.vocabulary import TERM_MONTHS
from solver.ageing import PRICE_DAYS, age_days
from solver.costs import figure, people_of
from solver.explanation.branches import api_branch
from solver.explanation.findings import Mistake
from solver.explanation.seen import Seen, counted, named
from solver.load_blocks import growth_factors
from solver.plan import CostLine
from solver.readoff import PlanParts, read_off

HALVING_MONTHS = 18
"""Months in which a managed open model came to half its price: the article's team that went back to APIs."""
LONG_TERM_MONTHS = 24
"""A term from which a decision can be right when signed and wrong before it ends: the article's two years."""
PEOPLE = "FTE-month"
SETUP = "engineer-week"


def no_operations(seen: Seen) -> Iterator[Mistake]:
    """Pools in the plan, and fewer people in its bill than the least that such pools have been seen to take."""
    classes = {seen.design(pool.option).pool_class for pool in seen.plan.pools}
    if not classes:
        return
    least = {name: figure(seen.catalog, f"operations_fte_{name}", "operations_fte_self_run") for name in classes}
    wanted = sum(each.value if each.low is None else each.low for each in least.values())
    found = sum(line.quantity for line in seen.plan.lines if line.unit == PEOPLE and not _of_api(seen, line))
    if found >= wanted * (1 - 1e-9):
        return
    month = people_of(seen.scenario, seen.catalog).month
    missing = (wanted - found) * month
    hosting = seen.plan.hosting
    saving = hosting.saving_per_month if hosting else None
    left = (
        ""
        if saving is None
        else f"; of the {counted(saving)} that self-hosting seems to save {counted(saving - missing)} are left"
    )
    yield Mistake(
        id="no_operations",
        where="plan",
        of=tuple(pool.option for pool in seen.plan.pools),
        found=found,
        wanted=wanted,
        unit="FTE",
        per_month=missing,
        at_stake="people who are not in the bill",
        says=f"{counted(found)} FTE stand in the bill for {named(sorted(classes))} pools, which take {counted(wanted)} "
        f"at the least: {counted(missing)} a month{left}.",
        do=f"Count people: team.operations_fte={wanted:g} or more, policy.people=true.",
    )


def _of_api(seen: Seen, line: CostLine) -> bool:
    """Whether a line of people is that of a supplier of APIs."""
    return any(cost.name == line.name and cost.trigger[0] == "supplier" for cost in seen.problem.fixed_costs)


def too_early(seen: Seen) -> Iterator[Mistake]:
    """Pools though the load is still small: APIs alone would do, and cost less today, or for too little money."""
    if not seen.plan.pools or seen.stopped:
        return
    free = replace(seen.problem, rules=replace(seen.problem.rules, must_use=()))
    api = api_branch(free, seen.effort)
    if not api.found:
        return
    parts = read_off(free, api)
    bill, tokens = parts.total_per_month or 0.0, _tokens(parts.lines)
    least = figure(seen.catalog, "rule_of_thumb_api_spend").low or 0.0
    pools = tuple(pool.option for pool in seen.plan.pools)
    labour = sum(line.per_month for line in seen.plan.lines if line.unit in (PEOPLE, SETUP) and not _of_api(seen, line))
    if tokens < least and bill <= seen.total:
        yield Mistake(
            id="too_early",
            where="plan",
            of=pools,
            found=tokens,
            wanted=least,
            unit=f"{seen.plan.currency}/month of API tokens",
            per_month=seen.total - bill,
            at_stake="what the pools cost more than APIs alone",
            says=f"All tokens cost {counted(tokens)} a month on APIs, {counted(bill)} with the work around them; this "
            f"plan costs {counted(seen.total)}, of which {counted(labour)} are engineers.",
            do=f"Stay on the API until its tokens cost {counted(least)} a month or more.",
        )
        return
    curve = tuple(_first_months(seen, parts))
    if not curve or curve[0][1] <= curve[0][0]:
        return
    api_now, plan_now = curve[0]
    turns = next((month for month, (a, p) in enumerate(curve) if p <= a), None)
    then = "within the horizon it never does" if turns is None else f"that is so after {turns} months"
    lost = list(accumulate(max(0.0, p - a) for a, p in curve[: turns or len(curve)]))[-1]
    yield Mistake(
        id="too_early",
        where="plan",
        of=pools,
        found=api_now,
        wanted=plan_now,
        unit=f"{seen.plan.currency}/month of APIs alone",
        per_month=plan_now - api_now,
        at_stake="what the pools cost more in the first month",
        says=f"At today's load APIs alone cost {counted(api_now)} a month and this plan {counted(plan_now)}: the "
        f"volume that pays for it is a forecast; {then}, and {counted(lost)} are lost until then.",
        do="Start on the API and build when the load has come"
        + (f", in {turns} months by this forecast." if turns else "."),
    )


def _tokens(lines: tuple[CostLine, ...]) -> float:
    return sum(line.per_month for line in lines if line.unit not in (PEOPLE, SETUP))


def _first_months(seen: Seen, api: PlanParts) -> Iterator[tuple[float, float]]:
    """What APIs alone and the plan cost in each month of the horizon, where the load grows.

    Tokens, hours by the hour and egress go with the load; people, set-up and what is signed for do not.
    """
    growth = {name: segment.growth for name, segment in seen.scenario.segment.items()}
    if not any(value > 0 for value in growth.values()):
        return
    horizon = seen.scenario.horizon
    mean = {name: growth_factors(value, horizon)[1] for name, value in growth.items()}
    alone = {name: sum(each.per_month for each in part.served_by) for part in api.segments for name in (part.name,)}
    ours = {
        part.name: sum(
            each.per_month * (1.0 if each.kind == "api" else _by_the_hour(seen, each.option)) for each in part.served_by
        )
        for part in seen.plan.segments
    }
    for month in range(horizon):
        load = {name: (1 + growth[name]) ** (month / 12) / mean[name] - 1 for name in growth}
        yield (
            (api.total_per_month or 0.0) + sum(alone[name] * load[name] for name in growth),
            seen.total + sum(ours[name] * load[name] for name in growth),
        )


def _by_the_hour(seen: Seen, option: str) -> float:
    """The part of a pool's cost that is not committed."""
    k, hours = seen.place[option], seen.problem.blocks.hours
    cost: dict[bool, float] = {True: 0.0, False: 0.0}
    for (other, m), counts in seen.solution.replicas.items():
        if other == k:
            cost[m in TERM_MONTHS or m == "owned"] += float(counts @ hours) * seen.data.purchases[k, m].price
    whole = cost[True] + cost[False]
    return cost[False] / whole if whole > 0 else 0.0


def never_revisited(seen: Seen) -> Iterator[Mistake]:
    """What runs today is pools that a new decision would leave; or the plan binds longer than it stays right."""
    yield from _right_once(seen)
    yield from _bound_too_long(seen)
    yield from _old_catalog(seen)


def _right_once(seen: Seen) -> Iterator[Mistake]:
    today = seen.baseline("today")
    if not seen.pools_today or today is None or today <= seen.total * (1 + seen.scenario.policy.margin):
        return
    yield Mistake(
        id="never_revisited",
        where="today",
        of=tuple(seen.pools_today),
        found=today,
        wanted=seen.total,
        unit=f"{seen.plan.currency}/month",
        per_month=today - seen.total,
        at_stake="what today's pools cost more than a decision made now",
        says=f"What runs today costs {counted(today)} a month, people counted; decided anew {counted(seen.total)}.",
        do="Move, and put the next look in the calendar: each quarter, and whenever volume or prices have moved.",
    )


def _bound_too_long(seen: Seen) -> Iterator[Mistake]:
    """Against managed open models, whose price is taken to go on falling as it did."""
    api = seen.baseline("open_api")
    terms = {
        pool.option: max((_months(seen, row.purchase) for row in pool.replicas), default=0) for pool in seen.plan.pools
    }
    bound = {option: months for option, months in terms.items() if months >= LONG_TERM_MONTHS}
    if api is None or not bound or seen.total <= 0:
        return
    longest = max(bound.values())
    right = max(0.0, HALVING_MONTHS * log2(api / seen.total))
    if right >= longest:
        return
    dearer = [max(0.0, seen.total - api * 0.5 ** (month / HALVING_MONTHS)) for month in range(longest)]
    yield Mistake(
        id="never_revisited",
        where="plan",
        of=tuple(bound),
        found=float(longest),
        wanted=right,
        unit="month of commitment",
        per_month=sum(dearer) / longest,
        at_stake="what the plan costs more than managed open models, on average over the term",
        says=f"Signed for {longest} months. Managed open models cost {counted(api)} a month now; if their price goes "
        f"on halving every {HALVING_MONTHS} months, they are cheaper than this plan after {right:.0f}.",
        do="Sign for a shorter term, or for the part of the load that pays even at half the API's price.",
    )


def _months(seen: Seen, purchase: str) -> int:
    if purchase == "owned":
        return round(12 * figure(seen.catalog, "owned_life_years").value)
    return {str(name): months for name, months in TERM_MONTHS.items()}.get(purchase, 0)


def _old_catalog(seen: Seen) -> Iterator[Mistake]:
    """Pools on figures of which none is younger than a quarter, on the day that the plan is read for."""
    age = age_days(seen.plan.catalog_as_of, seen.plan.day)
    if age is None or age <= PRICE_DAYS or not (seen.plan.pools or seen.pools_today):
        return
    stale = sum(each.per_month for each in seen.plan.rests_on if each.kind == "stale")
    yield Mistake(
        id="never_revisited",
        where="plan",
        of=tuple(pool.option for pool in seen.plan.pools) or tuple(seen.pools_today),
        found=float(age),
        wanted=float(PRICE_DAYS),
        unit="day since the figures",
        per_month=stale,
        at_stake="the part of the bill on old prices",
        says=f"The newest figure is {age} days old, and {counted(stale)} a month rest on old prices.",
        do="Refresh the catalog and solve again: wizard catalog refresh.",
    )
