"""When what is spent once has come back: set-up, moving, and servers bought, against the best plan of APIs alone."""

from typing import NamedTuple

from solver.plan import CostLine, Pool
from solver.problem import Problem
from solver.units import HOURS_PER_MONTH

SPREAD = ("engineer-week", "change")
"""Units of the bill's lines that are spent once and spread over the horizon."""
YEAR = 12


class Once(NamedTuple):
    """Money spent before it serves, and the part of the monthly bill that spreads it."""

    amount: float
    per_month: float


class Payback(NamedTuple):
    """Months until it is back (None: never), the saving net of it in the first year, and in each later one."""

    once: float
    months: float | None
    first_year: float
    later_years: float


def spent_once(problem: Problem, lines: tuple[CostLine, ...], pools: tuple[Pool, ...]) -> Once:
    """Set-up and moving over the horizon, and the price of servers bought, for which the bill has their hours."""
    spread = sum(line.per_month for line in lines if line.unit in SPREAD)
    amount = spread * problem.rules.horizon_months
    designs = {design.id: design for design in problem.designs}
    for pool in pools:
        way = designs[pool.option].purchases.get("owned")
        if way is None or way.capital <= 0:
            continue
        held = sum(row.count for row in pool.replicas if row.purchase == "owned")
        force = problem.in_force.get((pool.option, "owned"))
        bought = max(0.0, held - (force.replicas if force else 0))
        amount += bought * way.capital
        spread += bought * max(0.0, way.price - way.running) * HOURS_PER_MONTH
    return Once(amount, spread)


def payback_of(once: Once, total_per_month: float, api_per_month: float) -> Payback:
    """Payback by hand: what is spent once over what each month then saves (the bill without what spreads it)."""
    saving = api_per_month - (total_per_month - once.per_month)
    months = once.amount / saving if saving > 0 else None
    return Payback(once.amount, months, YEAR * saving - once.amount, YEAR * saving)
