"""Plans and comparisons as text: ASCII, 80 columns, sums that a reader can redo."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_plans import API, POOL, lines, no_plan, plan, scenario

from solver.comparison import Change, Comparison, compare
from solver.plan import Baseline, CostLine, Fallback, Moved, Plan, rounded
from solver.refusals import Refusal, Rule
from wizard.store import SavedPlan
from wizard.text.comparison import comparison_text
from wizard.text.plan import plan_text
from wizard.text.refusals import reason, reason_of, rule_words
from wizard.text.tables import apportioned, cut, factors, money, number, plain, price, share, table, wrap

LONG = "x" * 300


def hard() -> Plan:
    """Every text as long as can be, and not ASCII."""
    made = plan()
    segment = made.segments[0]
    return made.model_copy(
        update={
            "lines": (CostLine(name=LONG, unit=LONG, quantity=1e15, price=1e12, per_month=1e12, estimate=LONG),),
            "total_per_month": 1e12,
            "segments": (segment.model_copy(update={"name": "s" * 40, "requests_per_month": 1e12}),),
            "pools": (made.pools[0].model_copy(update={"option": LONG, "model": LONG}),),
            "fallbacks": (
                Fallback(
                    segment="s" * 40,
                    lost="spot",
                    of=LONG,
                    month_share=0.1,
                    served=0.5,
                    per_month=1e12,
                    moved_to=(Moved(option=LONG, kind="pool", share=1.0),),
                ),
            ),
            "baselines": (Baseline(name="today", total_per_month=None, why_null=LONG),),
            "refusals": (
                Refusal(segment="s" * 40, option=LONG, rule=Rule.MAY_USE, found=LONG, wanted=LONG, unit=LONG),
            ),
            "doubts": (LONG, "\u00fc\u4e2d " * 90),
        }
    )


@pytest.mark.parametrize("made", [plan(), no_plan(), hard(), plan(status="time_limit", gap=0.031)], ids="abcd")
@pytest.mark.parametrize("every", [False, True])
def test_the_plan_is_ascii_and_at_most_80_columns_wide(made: Plan, every: bool) -> None:
    text = plan_text(rounded(made), "bot", every)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_the_verdict_comes_first_then_the_money_then_reasons_and_doubts() -> None:
    text = plan_text(rounded(plan()), "bot")
    parts = [
        "HYBRID", "2,546.33 EUR a month", "optimal, gap 0.00039%, cannot be under 2,546.32", "Segments",
        "If something is lost", "The bill",
        "Pools", "Beside it", "To read beside it", "Checklist", "Doubts", "Why not", "Catalog as of 2026-11-20",
    ]  # fmt: skip
    assert sorted(parts, key=text.index) == parts


def test_each_loss_says_where_traffic_goes_what_is_served_and_what_it_costs() -> None:
    text = plan_text(rounded(plan()), "")
    assert re.search(r"^   if lambda is down, 0\.5% of the month +66\.7% +100\.0% +0\.33$", text, re.MULTILINE)
    assert re.search(rf"^     to {API} +66\.7%$", text, re.MULTILINE)
    assert re.search(r"^ +is down, 1\.0% of the month +0\.0% +90\.0% +0\.00$", text, re.MULTILINE)
    assert "Any other single loss" in text
    assert "If something is lost" not in plan_text(rounded(plan(fallbacks=())), "")


def test_the_printed_lines_add_up_to_the_printed_total() -> None:
    text = plan_text(rounded(plan()), "")
    bill = text[text.index("The bill") : text.index("Pools")]
    amounts = [float(found.replace(",", "")) for found in re.findall(r" ([\d,]+\.\d\d)(?:  est)?$", bill, re.MULTILINE)]
    assert len(amounts) == len(lines()) + 1
    assert round(sum(amounts[:-1]), 2) == amounts[-1] == 2546.33


@pytest.mark.parametrize(
    ("rule", "found", "wanted", "told"),
    [
        ("no_price", "no price", "a price an hour", "no price: wanted a price an hour"),
        ("retired", "retired on 2026-11-24", "in service", "retired on 2026-11-24, wanted in service"),
        ("memory", 144.0, 144.02, "memory: needs 144.02 of 144"),
    ],
)
def test_a_reason_says_nothing_twice(rule: str, found: float | str, wanted: float | str, told: str) -> None:
    assert reason_of(rule, found, wanted, "") == told


@pytest.mark.parametrize(
    ("quantity", "each"),
    [(224.9791, 3.0), (1 / 3, 2307.6923), (3250.0, 0.0168734), (1008.2533, 3.0), (619.83, 0.06), (1e6 / 7, 1e-5 / 3)],
)
def test_the_factors_of_a_line_give_its_amount_to_the_cent(quantity: float, each: float) -> None:
    told = [float(text.replace(",", "")) for text in factors(quantity, each)]
    assert told[0] * told[1] == pytest.approx(quantity * each, abs=0.005)


def test_factors_have_no_more_digits_than_it_takes() -> None:
    assert factors(730.0, 3.0) == ("730", "3.00")
    assert factors(224.9791, 3.0) == ("224.98", "3.00")  # 225 x 3.00 would be six cents more
    assert factors(float("inf"), 0.0) == ("unbounded", "0.00")


def test_a_line_shows_quantity_times_price_and_marks_an_estimate() -> None:
    text = plan_text(rounded(plan()), "")
    assert re.search(r"^ GPU hours +1,460 replica-hour x 1\.66667 +2,433\.33$", text, re.MULTILINE)
    assert re.search(r"^ +300 GB-month x 0\.02 +6\.00  est$", text, re.MULTILINE)
    assert "a disk twice the weights" in text


def test_the_baselines_stand_beside_the_plan_with_their_ratio_or_why_there_is_none() -> None:
    text = plan_text(rounded(plan()), "")
    assert re.search(r"^ closed API +7,500\.00  2\.95 times this plan$", text, re.MULTILINE)
    assert re.search(r"^ today +none: today's set-up is not given$", text, re.MULTILINE)


def test_a_baseline_that_is_not_proven_says_so() -> None:
    why = "best found, not proven: at most 9.0% above the least"
    text = plan_text(rounded(plan(baselines=(Baseline(name="open_api", total_per_month=9.0, why_null=why),))), "")
    assert re.search(rf"^ open API +9\.00  0\.00 times this plan\n +{why}$", text, re.MULTILINE)


def test_replicas_are_told_by_purchase_and_range_over_the_blocks() -> None:
    text = plan_text(rounded(plan()), "")
    assert POOL in text
    assert "1 reserved 1 year, 1 to 2 spot in 2 load blocks" in text


def test_a_time_limit_is_said_and_never_called_optimal() -> None:
    text = plan_text(rounded(plan(status="time_limit", gap=0.031)), "")
    assert "time limit, gap 3.1%" in text
    assert "Not proven the cheapest" in text
    assert "optimal" not in text


def test_no_plan_names_the_rules_and_the_nearest_of_each_segment() -> None:
    text = plan_text(no_plan(), "bot")
    assert text.startswith("bot\nNO PLAN FITS\ninfeasible\n")
    assert "64 first token too late, 31 memory" in text
    nearest = text[text.index("nearest for chat:") :]
    assert nearest.index("c/d") < nearest.index("a/b")


def test_every_rule_has_words_and_an_unknown_one_keeps_its_name() -> None:
    assert len({rule_words(rule) for rule in Rule}) == len(Rule)
    assert rule_words("ttft") == "first token too late"
    assert rule_words("made_up") == "made up"
    memory = plan().refusals[1]
    assert reason(memory.model_copy(update={"found": 16.0, "wanted": 17.2})) == "memory: needs 17.2 of 16 GB"
    near = memory.model_copy(update={"found": 162.0, "wanted": 162.004})
    assert reason(near) == "memory: needs 162.004 of 162 GB"
    full = memory.model_copy(update={"found": 72.0, "wanted": 72.0})
    assert reason(full) == "memory: needs more than 72 of 72 GB"
    slow = memory.model_copy(update={"rule": Rule.TTFT, "found": 950.0, "wanted": 800.0, "unit": "ms"})
    assert reason(slow) == "first token too late: 950, wanted 800 ms"


@given(st.lists(st.floats(min_value=0, max_value=1e7), min_size=1, max_size=30))
def test_apportioned_amounts_add_up_and_each_is_within_a_cent(values: list[float]) -> None:
    total = sum(values)
    amounts = apportioned(values, total)
    assert round(sum(amounts), 2) == round(round(total * 100) / 100, 2)
    assert all(abs(amount - value) <= 0.01 + 1e-7 for amount, value in zip(amounts, values, strict=True))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (money(1234.5), "1,234.50"), (money(None), "-"), (money(-3.0), "-3.00"),
        (number(0.123456), "0.1235"), (number(1234.5), "1,234"), (number(12.0), "12"),
        (number(float("inf")), "unbounded"),
        (number("eu"), "eu"), (number(0.0), "0"),
        (price(2.5), "2.50"), (price(0.035), "0.035"), (price(0.0000012), "1.2e-06"), (price(1300.0), "1,300.00"),
        (price(5 / 3), "1.6667"), (price(0.0), "0.00"),
        (share(0.031), "3.1%"), (share(0.0), "0.0%"), (share(None), "-"), (share(0.00001), "0.001%"),
        (share(1e-15), "0.0%"), (share(1.0), "100.0%"),
        (plain("a \u2013 b \u00d7 na\u00efve \u20ac5 \u4e2d"), "a - b x naive EUR5 ?"),
        (cut("abcdef", 4), "ab.."), (cut("abc", 3), "abc"),
    ],
)  # fmt: skip
def test_figures_are_written_as_people_read_them(call: str, text: str) -> None:
    assert call == text


def test_a_table_aligns_and_gives_way_in_its_widest_text_column() -> None:
    rows = [("Name", "Sum"), ("a" * 100, "1.00"), ("b", "12.00")]
    # A space, 12 columns for the text, two between, 5 for the widest figure.
    assert table(rows, "<>", width=20) == [" Name            Sum", " aaaaaaaaaa..   1.00", " b             12.00"]
    assert wrap("", " - ") == [" -"]


def compared(**changes: Any) -> Comparison:
    old = SavedPlan("old", "", scenario(), rounded(plan()))
    return compare(old, SavedPlan("new", "", scenario(), rounded(plan(**changes))))


def test_a_comparison_says_verdict_money_and_each_change_with_its_mark() -> None:
    dearer = (*lines()[:2], lines()[2].model_copy(update={"per_month": 17.0}), lines()[3])
    text = comparison_text(compared(verdict="self_host", lines=dearer[:3], catalog_as_of="2026-12-01"))
    assert text.startswith("old -> new\nhybrid -> self-host")
    assert "2,546.33 -> 2,550.33  +4.00  +0.2%" in text
    assert " ~ catalog 2026-11-20 -> 2026-12-01" in text
    assert re.search(r"^ ~ API tokens +107\.00 -> 117\.00  \+10\.00$", text, re.MULTILINE)
    assert " - storage of the weights" in text
    assert "was 6.00" in text


def test_a_comparison_of_long_names_keeps_to_80_columns() -> None:
    change = Change(subject="scenario", action="changed", key="k" * 200, old="o " * 100, new="n " * 100)
    text = comparison_text(compared().model_copy(update={"changes": (change,)}))
    assert max(map(len, text.splitlines())) <= 80


def test_a_comparison_without_change_says_so() -> None:
    assert comparison_text(compared()).endswith("\nnothing changed\n")


def test_a_price_that_moved_is_shown_with_unit_and_dates() -> None:
    used = plan().prices["azure/gpt-5 output"]
    moved = {"azure/gpt-5 output": used.model_copy(update={"value": 8.0, "date": "2026-11-01"})}
    assert "10.00 -> 8.00 EUR/Mtok, 2026-10-01 -> 2026-11-01" in comparison_text(compared(prices=moved)).replace(
        "\n     ", " "
    )
