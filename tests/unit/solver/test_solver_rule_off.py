"""A rule off, and what it costs: the looser scenario asks no more than the one with the rule."""

from typing import Any

import pytest

from catalogs.profiles import profiles
from solver.plan import Plan
from solver.rule_off import cost_of, is_rule, without
from solver.scenario import Scenario


def scenario(policy: dict[str, Any] | None = None, **segment: Any) -> Scenario:
    """One segment with demands, and a policy."""
    values = {"requests": "1k/day", "input_tokens": 1000, "output_tokens": 100, **segment}
    return Scenario.model_validate({"segment": {"chat": values}, "policy": policy or {}})


def plan(total: float | None, gap: float | None = 0.0) -> Plan:
    """A plan of which only the total and the gap matter."""
    return Plan(
        status="optimal", verdict="stay_on_api", currency="EUR", total_per_month=total, bound_per_month=total, gap=gap,
        catalog_as_of="2026-11-20",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "segment", "key", "left"),
    [
        ({"budget": "10k/month"}, {}, "policy.budget", None),
        ({"min_suppliers": 2}, {}, "policy.min_suppliers", None),
        ({"must_not_use": ["aws"]}, {}, "policy.must_not_use", ()),
        ({"gpus_available": {"owned": 8}}, {}, "policy.gpus_available", {}),
        ({}, {}, "policy.headroom", 0.0),
        ({}, {"processing_in": "eu"}, "segment.chat.processing_in", ""),
        ({}, {"no_training": True}, "segment.chat.no_training", False),
        ({}, {"coverage": "100%"}, "segment.chat.coverage", 0.0),
        ({}, {}, "segment.chat.spot_tolerance", 1.0),
    ],
)
def test_one_rule_is_off_and_all_others_are_kept(
    policy: dict[str, Any], segment: dict[str, Any], key: str, left: Any
) -> None:
    asked = scenario(policy, **segment)
    off = without(asked, key)
    assert off is not None
    field = key.rpartition(".")[2]
    place = off.segment["chat"] if key.startswith("segment.") else off.policy
    assert getattr(place, field) == left
    before = asked.segment["chat"] if key.startswith("segment.") else asked.policy
    assert {**place.model_dump(), field: 0} == {**before.model_dump(), field: 0}
    assert without(off, key) is None


def test_every_purchase_type_is_let_in_where_the_rule_on_them_is_off() -> None:
    off = without(scenario({"purchase_types": ["on_demand"]}), "policy.purchase_types")
    assert off is not None
    assert set(off.policy.purchase_types) >= {"owned", "spot", "reserved_3y", "on_demand", "serverless"}


def test_what_is_no_rule_has_no_price() -> None:
    asked = scenario()
    assert [is_rule(key) for key in ("policy.people", "segment.chat.requests", "load")] == [False] * 3
    assert without(asked, "segment.chat.requests") is None
    assert without(asked, "policy.people") is None


@pytest.mark.parametrize("profile", profiles())
def test_every_profile_stays_a_scenario_with_any_rule_off(profile: str) -> None:
    asked = Scenario.model_validate(profiles()[profile])
    fields = [f"policy.{field}" for field in type(asked.policy).model_fields]
    fields += [f"segment.{name}.{field}" for name in asked.segment for field in type(asked.segment[name]).model_fields]
    for key in fields:
        off = without(asked, key)
        if off is not None:
            assert Scenario.model_validate(off.model_dump(exclude_defaults=True)) == off


def test_the_cost_is_the_difference_of_the_totals() -> None:
    cost = cost_of(plan(4120.0), plan(3870.0))
    assert (cost.per_month, cost.total_without, cost.currency, cost.binds) == (250.0, 3870.0, "EUR", True)
    assert not cost_of(plan(4120.0), plan(4120.0)).binds


def test_a_difference_within_the_gaps_that_both_solves_left_is_not_said_to_bind() -> None:
    cost = cost_of(plan(4000.0, 0.01), plan(3950.0, 0.01))
    assert cost.slack == pytest.approx(79.5)
    assert not cost.binds


def test_without_a_plan_there_is_no_cost_but_the_total_that_there_would_be() -> None:
    cost = cost_of(plan(None, None), plan(12900.0))
    assert (cost.per_month, cost.total_without, cost.binds) == (None, 12900.0, False)
