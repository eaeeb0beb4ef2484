"""A scenario with one rule off, and what that rule costs: the difference of two plans, each solved for itself."""

from dataclasses import dataclass
from typing import Any, get_args

from catalogs.vocabulary import PurchaseType
from solver.plan import Plan
from solver.scenario import Scenario

SAME = 0.005
"""A difference a month, in the plan's currency, that is rounding."""
_OFF: dict[str, Any] = {
    "policy.budget": None, "policy.min_suppliers": None, "policy.max_suppliers": None, "policy.max_pool_designs": None,
    "policy.capital": None, "policy.gpus_available": {}, "policy.may_use": (), "policy.must_use": (),
    "policy.must_not_use": (), "policy.headroom": 0.0, "policy.contingencies": (), "policy.beyond_horizon": "charge",
    "policy.margin": 0.0, "policy.purchase_types": get_args(PurchaseType), "policy.apis": True,
    "policy.unusable_prices": True,
}  # fmt: skip
_OFF_OF_SEGMENT: dict[str, Any] = {
    "processing_in": "", "storage_in": "", "no_training": False, "max_retention_days": None, "agreements": (),
    "attestations": (), "operated_by": (), "network": "", "license": (), "features": (), "coverage": 0.0,
    "spot_tolerance": 1.0, "ttft": None, "tpot": None, "quality": "low",
}  # fmt: skip


@dataclass(frozen=True)
class RuleCost:
    """What a rule costs a month, in the plan's currency; None where there is no plan with it, or none without.

    `total_without` is the plan's total without the rule. The gaps that both solves left add up to `slack` a month: the
    cost is known to that.
    """

    per_month: float | None
    total_without: float | None
    currency: str
    slack: float = 0.0

    @property
    def binds(self) -> bool:
        """Whether the plan is known to cost more for the rule."""
        return self.per_month is not None and abs(self.per_month) > max(SAME, self.slack)


def is_rule(key: str) -> bool:
    """Whether a full key is a rule that can be off."""
    parts = key.split(".")
    return parts[-1] in _OFF_OF_SEGMENT if parts[0] == "segment" else key in _OFF


def without(scenario: Scenario, key: str) -> Scenario | None:
    """The scenario with the rule of a full key off, all others kept; None where it is off, or is no rule.

    Off is the least demand: no limit, no headroom, every purchase type, spot for all, quality low.
    """
    parts = key.split(".")
    if parts[0] == "segment" and len(parts) == 3:
        name, field = parts[1], parts[2]
        segment = scenario.segment[name]
        if field not in _OFF_OF_SEGMENT or getattr(segment, field) == _OFF_OF_SEGMENT[field]:
            return None
        looser = segment.model_copy(update={field: _OFF_OF_SEGMENT[field]})
        return scenario.model_copy(update={"segment": {**scenario.segment, name: looser}})
    field = key.removeprefix("policy.")
    if key not in _OFF or set(_listed(getattr(scenario.policy, field))) == set(_listed(_OFF[key])):
        return None
    return scenario.model_copy(update={"policy": scenario.policy.model_copy(update={field: _OFF[key]})})


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | dict) else (value,)


def cost_of(plan: Plan, plan_without: Plan) -> RuleCost:
    """What the rule costs by which the two plans differ."""
    total, other = plan.total_per_month, plan_without.total_per_month
    slack = sum((each.gap or 0.0) * (each.total_per_month or 0.0) for each in (plan, plan_without))
    cost = None if total is None or other is None else total - other
    return RuleCost(cost, other, plan.currency, slack)
