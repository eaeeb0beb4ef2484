"""Comparing two plans: each change is a record, differences below a tolerance are none."""

from dataclasses import dataclass
from typing import Any

import pytest

from solver.comparison import Change, Comparison, compare, scenario_keys
from solver.plan import CostLine, Fallback, Moved, Plan, PlannedSegment, Pool, PriceUsed, Replicas, Served
from solver.scenario import Scenario

CHAT = {"requests": "50k/day", "input_tokens": "1k", "output_tokens": 100}


@dataclass(frozen=True)
class Made:
    name: str
    scenario: Scenario
    plan: Plan


def line(name: str, per_month: float) -> CostLine:
    return CostLine(name=name, unit="Mtok", quantity=per_month, price=1.0, per_month=per_month)


def made(name: str = "a", tables: dict[str, Any] | None = None, **changes: Any) -> Made:
    plan = Plan(
        status="optimal", verdict="stay_on_api", currency="USD", total_per_month=400.0, bound_per_month=400.0, gap=0.0,
        lines=(line("tokens", 300.0), line("people", 100.0)),
        segments=(PlannedSegment(name="chat", requests_per_month=1.0, served_by=(
            Served(option="p/small", kind="api", share=1.0, per_month=300.0),)),),
        prices={"p/small output": PriceUsed(value=1.1, unit="USD/Mtok", date="2026-08-01", source="list")},
        catalog_as_of="2026-08-30", seconds=0.1,
    )  # fmt: skip
    return Made(name, Scenario.model_validate(tables or {"segment": {"chat": CHAT}}), plan.model_copy(update=changes))


def changes(comparison: Comparison, subject: str) -> list[tuple[Any, ...]]:
    return [(c.action, c.key, c.old, c.new) for c in comparison.changes if c.subject == subject]


def test_a_plan_compared_with_itself_has_no_change_and_no_difference() -> None:
    comparison = compare(made("a"), made("b"))
    assert comparison.changes == ()
    assert comparison.difference == 0.0


def test_where_a_segment_goes_while_something_is_lost_is_compared_in_whole_percent() -> None:
    def falls(option: str, share: float, served: float = 1.0) -> Made:
        to = (Moved(option=option, kind="api", share=share),)
        return made(
            fallbacks=(
                Fallback(
                    segment="chat", lost="provider", of="p", month_share=0.1, served=served, moved_to=to, per_month=1
                ),
            )
        )

    assert compare(falls("q/small", 1.0), falls("q/small", 0.999)).changes == ()
    key = "chat: if p is down"
    assert changes(compare(falls("q/small", 1.0), falls("r/big", 0.6, 0.6)), "fallback") == [
        ("changed", key, "100% to q/small", "60% to r/big; 60% served")
    ]
    assert changes(compare(made(), falls("q/small", 1.0)), "fallback") == [("added", key, None, "100% to q/small")]


def test_time_and_bound_are_no_change() -> None:
    assert compare(made(), made(seconds=9.0, bound_per_month=399.9, gap=0.0002)).changes == ()


def test_the_total_and_the_lines_that_changed_are_told_with_old_and_new() -> None:
    new = made(total_per_month=450.0, lines=(line("tokens", 350.0), line("storage", 100.0)))
    comparison = compare(made(), new)
    assert comparison.difference == 50.0
    assert changes(comparison, "total") == [("changed", "total", 400.0, 450.0)]
    assert changes(comparison, "bill") == [
        ("changed", "tokens", 300.0, 350.0),
        ("removed", "people", 100.0, None),
        ("added", "storage", None, 100.0),
    ]


def test_the_differences_of_the_lines_add_up_to_that_of_the_total() -> None:
    new = made(total_per_month=450.0, lines=(line("tokens", 350.0), line("storage", 100.0)))
    moved = sum((new or 0.0) - (old or 0.0) for _, _, old, new in changes(compare(made(), new), "bill"))
    assert moved == 50.0


def test_half_a_cent_is_no_change_and_a_cent_is_one() -> None:
    assert compare(made(), made(lines=(line("tokens", 300.004), line("people", 100.0)))).changes == ()
    changed = compare(made(), made(lines=(line("tokens", 300.01), line("people", 100.0))))
    assert [change.key for change in changed.changes] == ["tokens"]


def test_lines_of_one_name_are_compared_as_their_sum() -> None:
    assert (
        compare(made(), made(lines=(line("tokens", 100.0), line("tokens", 200.0), line("people", 100.0)))).changes == ()
    )


def test_a_changed_verdict_and_status_are_told() -> None:
    comparison = compare(made(), made(verdict="hybrid", status="time_limit"))
    assert changes(comparison, "verdict") == [("changed", "verdict", "stay_on_api", "hybrid")]
    assert changes(comparison, "status") == [("changed", "status", "optimal", "time_limit")]


def test_a_plan_that_no_longer_fits_has_its_total_removed() -> None:
    gone = made(verdict="no_plan", status="infeasible", total_per_month=None, lines=(), segments=())
    comparison = compare(made(), gone)
    assert comparison.difference is None
    assert changes(comparison, "total") == [("removed", "total", 400.0, None)]


def test_who_serves_a_segment_is_compared_by_share() -> None:
    halves = (PlannedSegment(name="chat", requests_per_month=1.0, served_by=(
        Served(option="p/small", kind="api", share=0.4, per_month=1.0),
        Served(option="pool", kind="pool", share=0.6, per_month=1.0))),)  # fmt: skip
    assert changes(compare(made(), made(segments=halves)), "allocation") == [
        ("changed", "chat: p/small", 1.0, 0.4),
        ("added", "chat: pool", None, 0.6),
    ]


def test_a_pool_is_compared_by_the_most_replicas_it_runs_at_once() -> None:
    def pools(*counts: float) -> tuple[Pool, ...]:
        replicas = tuple(Replicas(purchase="spot", block=i, count=count) for i, count in enumerate(counts))
        return (Pool(option="pool", model="m", precision="fp8", gpu="g", gpus_per_replica=1, tensor_parallel=1,
                     engine="vllm", provider="p", region="us", replicas=replicas, utilisation=0.5),)  # fmt: skip

    assert compare(made(pools=pools(1.0, 3.0)), made(pools=pools(3.0, 2.0))).changes == ()
    assert changes(compare(made(pools=pools(1.0, 3.0)), made(pools=pools(4.0))), "pool") == [
        ("changed", "pool: spot", 3.0, 4.0)
    ]


def test_the_scenario_is_compared_key_by_key_in_human_units() -> None:
    new = {"horizon": "2 years", "segment": {"chat": {**CHAT, "requests": "60k/day", "features": ["fine_tune"]}}}
    assert changes(compare(made(), made(tables=new)), "scenario") == [
        ("changed", "horizon", "12 months", "24 months"),
        ("changed", "segment.chat.requests", "50k/day", "60k/day"),
        ("added", "segment.chat.features", None, "fine_tune"),
    ]


def test_where_a_value_came_from_is_no_change() -> None:
    new = {"segment": {"chat": CHAT}, "profile": "support-chat", "sources": {"segment.chat.requests": "you"}}
    assert compare(made(), made(tables=new)).changes == ()


def test_a_new_segment_is_told_by_its_keys() -> None:
    new = {"segment": {"chat": CHAT, "tagging": {**CHAT, "may_wait": True}}}
    found = changes(compare(made(), made(tables=new)), "scenario")
    assert all(action == "added" and key.startswith("segment.tagging.") for action, key, _, _ in found)
    assert ("added", "segment.tagging.may_wait", None, "true") in found


def test_a_price_that_moved_is_told_with_both_dates_and_one_that_is_new_is_not() -> None:
    now = {
        "p/small output": PriceUsed(value=0.9, unit="USD/Mtok", date="2026-10-01", source="list"),
        "q/other output": PriceUsed(value=5.0, unit="USD/Mtok", date="2026-10-01", source="list"),
    }
    assert compare(made(), made(prices=now)).changes == (
        Change(subject="price", action="changed", key="p/small output", old=1.1, new=0.9, unit="USD/Mtok",
               old_date="2026-08-01", new_date="2026-10-01"),
    )  # fmt: skip


def test_totals_of_two_currencies_are_shown_and_not_subtracted() -> None:
    comparison = compare(made(), made(currency="EUR"))
    assert comparison.difference is None
    assert changes(comparison, "total") == [("changed", "total", "400.00 USD", "400.00 EUR")]


def test_comparing_the_other_way_about_turns_added_into_removed_and_the_sign() -> None:
    new = made(total_per_month=450.0, lines=(line("tokens", 350.0), line("storage", 100.0)))
    there, back = compare(made(), new), compare(new, made())
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert there.difference is not None
    assert back.difference == -there.difference
    assert {(turned[c.action], c.key, c.new, c.old) for c in there.changes} == {
        (c.action, c.key, c.old, c.new) for c in back.changes
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [("segment.chat.input_tokens", "1k"), ("segment.chat.output_tokens", 100.0), ("policy.headroom", "50%"),
     ("policy.people", "true"), ("segment.chat.percentile", "p95")],
)  # fmt: skip
def test_scenario_keys_hold_defaults_too(key: str, value: Any) -> None:
    assert scenario_keys(made().scenario)[key] == value
