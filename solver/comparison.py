"""Two plans -> what changed between them, as records with a closed set of subjects; no text."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from pydantic import Field

from solver.plan import Part, Plan, PriceUsed, Verdict, loss_words
from solver.scenario import Scenario

SCHEMA: Literal["wizard.comparison/1"] = "wizard.comparison/1"
MONEY_TOLERANCE = 0.005
SHARE_TOLERANCE = 5e-5
RELATIVE_TOLERANCE = 1e-6

Subject = Literal[
    "verdict",
    "confidence",
    "status",
    "total",
    "cheapest",
    "bill",
    "allocation",
    "fallback",
    "pool",
    "scenario",
    "price",
    "exchange_rate",
]
Action = Literal["added", "removed", "changed"]
Value = float | str | None


class Decided(Protocol):
    """A plan with the scenario that it answers."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def scenario(self) -> Scenario: ...  # noqa: D102
    @property
    def plan(self) -> Plan: ...  # noqa: D102


class Change(Part):
    """One thing that changed. `old` is None for what was added, `new` for what was removed.

    `key` names the thing: a bill line, `segment: option`, `segment: if aws is down`, a dotted key of the scenario,
    a price. The dates are those of the prices.
    """

    subject: Subject
    action: Action
    key: str
    old: Value
    new: Value
    unit: str = ""
    old_date: str = ""
    new_date: str = ""


class Comparison(Part):
    """What two plans differ in; `difference` (new less old, a month) is None across currencies or without a plan."""

    schema_: Literal["wizard.comparison/1"] = Field(default=SCHEMA, alias="schema")
    old_name: str
    new_name: str
    old_verdict: Verdict
    new_verdict: Verdict
    old_total: float | None
    new_total: float | None
    old_currency: str
    new_currency: str
    old_catalog: str
    new_catalog: str
    difference: float | None
    changes: tuple[Change, ...]


def compare(old: Decided, new: Decided) -> Comparison:
    """Compare two plans: verdict, status, total, bill, allocation, fallbacks, pools, scenario, prices, exchange rates.

    Differences under the tolerances above are none.
    """
    before, after = old.plan, new.plan
    same_money = before.currency == after.currency
    total_before, total_after = before.total_per_month, after.total_per_month
    difference = None
    if same_money and total_before is not None and total_after is not None:
        difference = round(total_after - total_before, 6)
    changes = (
        *_one("verdict", before.verdict, after.verdict),
        *(_one("confidence", before.confidence, after.confidence) if before.confidence and after.confidence else ()),
        *_one("status", before.status, after.status),
        *_totals(before, after),
        *_one("cheapest", _cheaper(before), _cheaper(after)),
        *_of_tables("bill", _bill(before), _bill(after), before.currency),
        *_of_tables("allocation", _shares(before), _shares(after), "share"),
        *_of_tables("fallback", _fallbacks(before), _fallbacks(after), ""),
        *_of_tables("pool", _replicas(before), _replicas(after), "replicas"),
        *_of_tables("scenario", scenario_keys(old.scenario), scenario_keys(new.scenario), ""),
        *_prices("price", before.prices, after.prices),
        *_prices("exchange_rate", before.exchange_rates, after.exchange_rates),
    )
    return Comparison(
        old_name=old.name,
        new_name=new.name,
        old_verdict=before.verdict,
        new_verdict=after.verdict,
        old_total=total_before,
        new_total=total_after,
        old_currency=before.currency,
        new_currency=after.currency,
        old_catalog=before.catalog_as_of,
        new_catalog=after.catalog_as_of,
        difference=difference,
        changes=changes,
    )


def scenario_keys(scenario: Scenario) -> dict[str, Value]:
    """Every value of a scenario by dotted key, in human units; where values come from is left out."""
    tables = scenario.model_dump(exclude={"sources", "profile"})
    return dict(_flat(tables, ""))


def _flat(value: Any, key: str) -> list[tuple[str, Value]]:
    if isinstance(value, Mapping):
        return [pair for name, part in value.items() for pair in _flat(part, f"{key}.{name}" if key else str(name))]
    if value is None or value in ("", (), []):
        return []
    if isinstance(value, list | tuple):
        return [(key, ", ".join(map(str, value)))]
    if isinstance(value, bool):
        return [(key, str(value).lower())]
    return [(key, float(value) if isinstance(value, int | float) else str(value))]


def _one(subject: Subject, old: Value, new: Value) -> list[Change]:
    return [] if old == new else [Change(subject=subject, action="changed", key=subject, old=old, new=new)]


def _cheaper(plan: Plan) -> Value:
    """`hybrid 45,220.62 USD`: the cheapest plan where another one is recommended."""
    if plan.cheapest is None or plan.cheapest.saves_per_month <= MONEY_TOLERANCE:
        return "the plan itself"
    return f"{plan.cheapest.verdict} {plan.cheapest.total_per_month:,.2f} {plan.currency}"


def _totals(old: Plan, new: Plan) -> list[Change]:
    before, after = old.total_per_month, new.total_per_month
    if old.currency == new.currency and _alike(before, after, MONEY_TOLERANCE):
        return []
    if old.currency == new.currency:
        return [Change(subject="total", action=_action(before, after), key="total", old=before, new=after,
                       unit=old.currency)]  # fmt: skip
    values = [f"{value:.2f} {plan.currency}" if value is not None else None
              for value, plan in ((before, old), (after, new))]  # fmt: skip
    return [Change(subject="total", action="changed", key="total", old=values[0], new=values[1])]


def _bill(plan: Plan) -> dict[str, Value]:
    return _summed((line.name, line.per_month) for line in plan.lines)


def _shares(plan: Plan) -> dict[str, Value]:
    return _summed((f"{segment.name}: {served.option}", served.share)
                   for segment in plan.segments for served in segment.served_by)  # fmt: skip


def _fallbacks(plan: Plan) -> dict[str, Value]:
    """Where a segment goes while something is lost, in whole percent, so that a share's last digits are no change."""
    told: dict[str, Value] = {}
    for each in plan.fallbacks:
        to = ", ".join(f"{part.share:.0%} to {part.option}" for part in each.moved_to if round(part.share, 2) > 0)
        served = "" if round(each.served, 2) >= 1 else f"{each.served:.0%} served"
        key = f"{each.segment}: if {loss_words(each.lost, each.of)}"
        told[key] = "; ".join(filter(None, (to, served))) or "less than 1% moves"
    return told


def _replicas(plan: Plan) -> dict[str, Value]:
    """The most replicas of each purchase type that a pool runs at once."""
    most: dict[str, Value] = {}
    for pool in plan.pools:
        for row in pool.replicas:
            key = f"{pool.option}: {row.purchase}"
            most[key] = max(float(most.get(key) or 0.0), row.count)
    return most


def _summed(pairs: Any) -> dict[str, Value]:
    sums: dict[str, Any] = {}
    for key, value in pairs:
        sums[key] = sums.get(key, 0.0) + value
    return sums


def _of_tables(subject: Subject, old: Mapping[str, Value], new: Mapping[str, Value], unit: str) -> list[Change]:
    tolerance = {"bill": MONEY_TOLERANCE, "allocation": SHARE_TOLERANCE}.get(subject, 0.0)
    keys = dict.fromkeys([*old, *new])
    return [
        Change(subject=subject, action=_action(old.get(key), new.get(key)), key=key, old=old.get(key),
               new=new.get(key), unit=unit)
        for key in keys if not _alike(old.get(key), new.get(key), tolerance)
    ]  # fmt: skip


def _prices(subject: Subject, old: Mapping[str, PriceUsed], new: Mapping[str, PriceUsed]) -> list[Change]:
    """Prices in both plans that moved; a price that only one plan rests on is no news of the market."""
    return [
        Change(subject=subject, action="changed", key=key, old=old[key].value, new=new[key].value,
               unit=new[key].unit, old_date=old[key].date, new_date=new[key].date)
        for key in old if key in new and not _alike(old[key].value, new[key].value, 0.0)
    ]  # fmt: skip


def _alike(old: Value, new: Value, absolute: float) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= max(absolute, RELATIVE_TOLERANCE * max(abs(old), abs(new)))
    return old == new


def _action(old: Value, new: Value) -> Action:
    if old is None:
        return "added"
    return "removed" if new is None else "changed"
