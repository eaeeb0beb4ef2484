"""What a bill rests on: sums by hand of lines made by hand, and no line of a solved plan without its cause."""

import pytest

from catalogs.catalog import load_catalog
from catalogs.profiles import profiles
from solver.decide import decide
from solver.estimates import SMALL, cause_of, rests_on, sentence, share_resting
from solver.plan import CostLine, rounded
from solver.scenario import Scenario
from wizard.plan_file import plan_of, plan_tables
from wizard.text.plan import plan_text

RESERVED = "on-demand price less 0.36 of it: headline for GPU instances"


def line(name: str, per_month: float, estimate: str = "", unit: str = "unit", stale: bool = False) -> CostLine:
    return CostLine(name=name, unit=unit, quantity=0.25, price=4 * per_month, per_month=per_month, estimate=estimate,
                    stale=stale)  # fmt: skip


def test_the_sentence_of_the_issue_by_hand() -> None:
    lines = (
        line("GPU hours, reserved 1 year: vllm/m@fp8/1xh100/aws@us", 3000.0, RESERVED),
        line("operations of self-run pools", 800.0, "the article's range", unit="FTE-month"),
        line("deepinfra/m output", 6200.0),
    )
    # 3000 + 800 of 10000
    assert sentence(rests_on(lines)) == "38 % of this bill rests on estimates: reserved discount (GPU), 0.25 FTE"
    assert [(each.cause, each.per_month, each.share) for each in rests_on(lines)] == [
        ("reserved discount (GPU)", 3000.0, 0.3),
        ("0.25 FTE", 800.0, 0.08),
    ]


def test_stale_prices_stand_beside_estimates_and_money_counts_once() -> None:
    lines = (
        line("GPU hours, on demand: x", 600.0, stale=True),
        line(
            "GPU hours, spot: x",
            100.0,
            "list price times 0.4, the ratio of spot to list in an undated older list",
            stale=True,
        ),
        line("deepinfra/m output", 300.0),
    )
    found = rests_on(lines)
    assert [(each.kind, each.cause, each.per_month) for each in found] == [
        ("stale", "GPU price", 600.0),
        ("estimate", "spot price by ratio (GPU)", 100.0),
    ]
    assert share_resting(found) == pytest.approx(0.7)
    guessed, old = sentence(found).split("; ")
    assert guessed == "10 % of this bill rests on estimates: spot price by ratio (GPU)"
    assert old == "60 % on stale prices: GPU price"


def test_what_was_paid_already_takes_off_what_it_is_paid_for() -> None:
    lines = (
        line("GPU hours, reserved 1 year: x", 1000.0, RESERVED),
        line("paid already, reserved 1 year: x", -400.0, RESERVED),
        line("deepinfra/m output", 600.0),
    )
    (found,) = rests_on(lines)
    assert (found.per_month, found.share) == (600.0, 0.5)  # of 1200


def test_causes_next_to_nothing_are_told_as_one() -> None:
    lines = (
        line("deepinfra/m output", 9995.0),
        line("storage of weights, x", 3.0, "own judgement"),
        line("load balancer, x", 2.0, "own judgement"),
    )
    (found,) = rests_on(lines)
    assert (found.cause, found.per_month) == (SMALL, 5.0)


def test_what_is_nearly_all_or_next_to_nothing_is_told_as_such() -> None:
    lines = (
        line("operations of self-run pools", 9960.0, "a range", unit="FTE-month"),
        line("load balancer, x", 40.0, stale=True),
    )
    assert [each.share for each in rests_on(lines)] == [0.996, 0.004]
    assert sentence(rests_on(lines)) == "more than 99 % of this bill rests on estimates: 0.25 FTE"


def test_a_bill_that_is_sourced_and_fresh_rests_on_nothing() -> None:
    assert rests_on((line("deepinfra/m output", 10.0),)) == ()
    assert sentence(()) == ""
    assert rests_on(()) == ()


@pytest.mark.parametrize(
    ("name", "estimate", "cause"),
    [
        ("GPU hours, on demand: x", "speed on this GPU was not measured", "speed (GPU)"),
        (
            "GPU hours, on demand: x",
            "the cheapest offer of one day, which the next customer may not get",
            "marketplace price (GPU)",
        ),
        ("GPU hours, serverless: x", "derived per hour from a price per second", "price by the second (GPU)"),
        (
            "GPU hours, on demand: x",
            "undated snapshot, somewhere between 2025-11 and 2026-08",
            "undated or old list (GPU)",
        ),
        ("GPU hours, owned: x", "rough street price", "purchase price, life and power (owned GPU)"),
        ("openai/gpt input", "price outside peak hours", "token price (API)"),
        ("aws/pool egress", "own judgement", "egress"),
        ("fallback to x while y is down", "8.4 hours of the month: z", "how long a loss lasts"),
    ],
)
def test_a_line_has_its_cause(name: str, estimate: str, cause: str) -> None:
    assert cause_of(line(name, 1.0, estimate)) == ("estimate", cause)


def test_a_plan_says_what_its_bill_rests_on_and_its_file_holds_it() -> None:
    """On a day more than 90 days after its prices: what is sound, and what is not, are the whole bill."""
    scenario = Scenario.model_validate(profiles()["bulk-tagging"])
    plan = rounded(decide(scenario, load_catalog(currency=scenario.currency), day="2027-03-01"))
    assert plan.day == "2027-03-01"
    assert plan.total_per_month is not None
    sound = sum(each.per_month for each in plan.lines if not each.estimate and not each.stale)
    assert sum(each.per_month for each in plan.rests_on) == pytest.approx(plan.total_per_month - sound, abs=1e-4)
    assert {each.kind for each in plan.rests_on} == {"estimate", "stale"}
    assert all(each.stale for each in plan.lines if each.date and each.date < "2026-12-01" and each.unit == "Mtok")
    assert any("older than 90 days on 2027-03-01" in doubt for doubt in plan.doubts)
    assert sentence(plan.rests_on)[:24] in " ".join(plan_text(plan).split())
    assert plan_of(plan_tables(plan), "the file") == plan


def test_on_the_day_of_the_catalog_fresh_prices_are_fresh() -> None:
    scenario = Scenario.model_validate(profiles()["bulk-tagging"])
    plan = decide(scenario, load_catalog(currency=scenario.currency))
    assert plan.day == plan.catalog_as_of
    assert not any(line.stale for line in plan.lines if line.unit == "Mtok")
