"""A plan with what argues it further: the nearest of the options that it does not use, and what each rule costs.

Both take solves, many times those of the plan, so they are made only where they are asked for.
"""

import threading
from math import inf

from catalogs.catalog import Catalog
from solver.explanation.asked import why_not
from solver.explanation.reasons import WhyNot
from solver.explanation.rule_prices import rule_prices
from solver.plan import Plan
from solver.scenario import Scenario

KEPT = 12
"""Options that a plan keeps: the nearest to entering."""


def with_reasons(
    plan: Plan, scenario: Scenario, catalog: Catalog, limit_s: float = inf, stop: threading.Event | None = None
) -> Plan:
    """The plan with its requirements' prices and the options nearest to entering, each within `limit_s` seconds.

    A plan without a bill, or one that was stopped, stays as it is. Raises what `problem_of` raises.
    """
    if plan.total_per_month is None or (stop is not None and stop.is_set()):
        return plan
    prices = rule_prices(scenario, catalog, plan, limit_s, stop)
    table = why_not(scenario, catalog, plan, limit_s, stop=stop)
    return plan.model_copy(update={"requirements": prices, "why_not": nearest_options(table.options)})


def nearest_options(options: tuple[WhyNot, ...], most: int = KEPT) -> tuple[WhyNot, ...]:
    """The options nearest to entering; those that never do, and refusals, are none."""
    return tuple(each for each in options if each.answer in ("margin", "enters_at", "not_above"))[:most]
