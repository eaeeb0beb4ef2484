"""The verdict in words, in the saved file, on the summary screen and in a diff: what is said, and that it adds up."""

import re
from typing import Any

import pytest
from made_plans import plan

from catalogs.toml_file import InputError
from solver.comparison import compare
from solver.explanation.records import Cheapest, Disagreement, Hosting, Simplest
from solver.plan import Baseline, Plan, rounded
from solver.scenario import Scenario
from wizard.plan_file import plan_of, plan_tables
from wizard.screens.plan_summary import summary
from wizard.store import SavedPlan
from wizard.text.comparison import comparison_text
from wizard.text.plan import plan_text
from wizard.text.verdict import sentences, verdict_words, why

CASE = Hosting(
    verdict="hybrid", reason="clear_win", api_per_month=18_000.0, api_bound_per_month=18_000.0,
    total_per_month=10_583.25, slow_per_month=12_000.0, fast_per_month=10_000.0, margin=0.1, labour_per_month=1000.0,
    needed_per_month=1800.0, once=25_000.0, horizon_months=12, payback_months=2.6315, first_year=89_000.0,
    later_years=114_000.0,
)  # fmt: skip


def case(**changes: Any) -> Hosting:
    return CASE.model_copy(update=changes)


def argued(**changes: Any) -> Plan:
    """A plan with every record of the verdict."""
    values: dict[str, Any] = {
        "confidence": "likely", "hosting": CASE,
        "cheapest": Cheapest(
            verdict="self_host", total_per_month=2000.0, bound_per_month=1990.0, saves_per_month=546.33
        ),
        "simplest": Simplest(
            verdict="stay_on_api", total_per_month=2600.0, more_per_month=53.67, pool_designs=0, suppliers=1,
            pool_designs_now=1, suppliers_now=2, options=("azure/gpt-5",),
        ),
        "disagreements": (
            Disagreement(kind="lean", items=("load", "team"), leans="api", answered=5, per_month=7416.75),
            Disagreement(kind="answer", items=("data",), leans="self_host", answered=5, per_month=5610.0,
                         verdict_then="stay_on_api"),
        ),
    }  # fmt: skip
    return rounded(plan(**(values | changes)))


REASONS = {
    "clear_win": ["10,583.25 a month, 7,416.75 less", "6,000.00 less at the worst end", "more than 1,800.00", "10.0%"],
    "not_enough": ["7,416.75 less", "more than 1,800.00 is wanted", "the least step of people, 1,000.00"],
    "slow_end": ["the winner changes inside it", "it is the API"],
    "not_paid_back": ["not back within 12 months"],
    "not_shown": ["time ended before"],
    "no_api": ["self-hosting is what is left"],
    "no_pool": ["the API is what is left"],
    "api_is_cheaper": ["APIs alone cost 18,000.00", "10,583.25, and 10,000.00 at the best end"],
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_a_sentence_with_its_figures(reason: str) -> None:
    said = why(case(reason=reason))
    assert [words for words in REASONS[reason] if words not in said] == []


def test_where_no_plan_with_pools_was_needed_the_least_that_it_costs_is_told() -> None:
    asked = {"reason": "api_is_cheaper", "total_per_month": None, "fast_per_month": None}
    said = why(case(**asked, at_least_per_month=19_800.0))  # the margin of 10%, at which the search stops
    assert "APIs alone cost 18,000.00 a month; self-hosting costs at least 10.0% more, 19,800.00, even" in said
    assert said.endswith("That settles it, so the full cost was not worked out.")
    beside = why(case(**asked, at_least_per_month=19_800.0), 24_000.0)
    assert beside.endswith("That settles it: pools alone cost 24,000.00; a mix was not costed further.")
    assert "self-hosting costs at least 25,000.00, even at" in why(case(**asked, at_least_per_month=25_000.0))


def test_a_recheck_wants_no_margin_and_says_so() -> None:
    assert "any saving is enough" in why(case(needed_per_month=0.0))


@pytest.mark.parametrize(
    ("confidence", "words"),
    [("certain", "hybrid, certain"), ("likely", "hybrid, likely"), ("tie", "a tie, so hybrid"), ("", "hybrid")],
)
def test_the_verdict_says_how_sure_it_is(confidence: str, words: str) -> None:
    assert verdict_words(plan(confidence=confidence)) == words


def test_all_parts_stand_in_the_text_with_their_amounts() -> None:
    text = plan_text(argued(), "bot")
    flat = " ".join(text.split())
    for words in (
        "HYBRID, LIKELY",
        "takes 25,000 once, back after 2.6 months; it saves 89,000 in the first year and 114,000 in each",
        "The cheapest plan is another one: self-host, 2,000.00 a month, 546.33 less. That is the price",
        "A simpler plan costs 53.67 a month more (2.1%): stay on the API with azure/gpt-5, which leaves no pool "
        "designs to run in place of 1 and 1 supplier to deal with in place of 2.",
        "The checklist leans to the API in 2 of 5 answers (load, team), the cost does not",
        "costs 7,416.75 a month more.",
        "The answer on data decides it: without it the plan is to stay on the API, for 5,610.00 a month less.",
    ):
        assert words in flat
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert text.index("HYBRID") < text.index("Why: hybrid") < text.index("Segments")


def test_a_strategy_has_its_cost_a_million_tokens_and_what_that_counts() -> None:
    rated = (Baseline(name="closed_api", total_per_month=7500.0, per_mtok=5.769),)
    text = plan_text(rounded(plan(baselines=rated)), "")
    assert re.search(r"^ closed API +7,500\.00  2\.95 times this plan, 5\.769 a million tokens$", text, re.MULTILINE)
    assert "idle hours" in text


def test_a_time_limit_tells_what_no_plan_of_any_kind_can_be_under() -> None:
    text = " ".join(plan_text(argued(status="time_limit"), "").split())
    assert "No plan of any kind can be under 1,990.00." in text


def test_the_saved_file_gives_the_verdict_back() -> None:
    made = argued()
    tables = plan_tables(made)
    assert tables["hosting"]["reason"] == "clear_win"
    assert tables["cheapest"]["saves_per_month"] == 546.33
    assert list(tables["disagreement"]) == ["lean: load, team", "answer: data"]
    assert plan_of(tables, "plan.toml") == made


def test_a_plan_saved_before_there_was_a_verdict_reads_and_says_nothing_of_it() -> None:
    tables = plan_tables(rounded(plan()))
    assert not {"hosting", "cheapest", "simplest", "disagreement", "confidence"} & tables.keys()
    read = plan_of(tables, "plan.toml")
    assert (read.confidence, read.cheapest, read.hosting, read.simplest, read.disagreements) == (
        "",
        None,
        None,
        None,
        (),
    )
    assert sentences(read) == []
    assert "Why:" not in plan_text(read, "")


def test_a_wrong_figure_of_the_verdict_is_named() -> None:
    tables = plan_tables(argued())
    tables["cheapest"]["total_per_month"] = "much"
    with pytest.raises(InputError) as caught:
        plan_of(tables, "plan.toml")
    assert [fault.key for fault in caught.value.faults] == ["plan.cheapest.total_per_month"]


def test_the_cheapest_is_the_plan_itself_to_the_last_digit_where_nothing_is_saved() -> None:
    same = Cheapest(verdict="hybrid", total_per_month=2546.3333329, bound_per_month=2546.4, saves_per_month=0.0)
    made = rounded(plan(cheapest=same))
    assert made.cheapest is not None
    assert made.cheapest.total_per_month == made.cheapest.bound_per_month == made.total_per_month
    assert made.open_gap == 0
    assert argued().open_gap == pytest.approx(10 / 2000)
    assert plan().open_gap == plan().gap


def test_the_summary_screen_has_a_row_for_each_sentence_and_the_first_below_them_where_there_is_room() -> None:
    roomy = summary(argued(), ascii_mode=True)
    first, *others = sentences(argued())
    assert f"Why        {first}" in roomy.foot
    assert [roomy.about[row.key] for row in roomy.rows if row.key.startswith("why ")] == others
    view = summary(argued(), ascii_mode=True, room=False)
    assert view.head[0].startswith("HYBRID, LIKELY")
    told = [row for row in view.rows if row.key.startswith("why ")]
    assert len(told) == len(sentences(argued()))
    assert "Self-hosting costs 10,583.25" in view.about["why 0"]


def test_a_diff_names_a_change_of_confidence_and_of_the_cheapest() -> None:
    scenario = Scenario.model_validate(
        {"segment": {"chat": {"requests": "1/s", "input_tokens": 1, "output_tokens": 1}}}
    )
    old = SavedPlan("old", "", scenario, argued(cheapest=None))
    new = SavedPlan("new", "", scenario, argued(confidence="certain"))
    text = comparison_text(compare(old, new))
    assert " ~ confidence likely -> certain" in text
    assert " ~ cheapest the plan itself -> self_host 2,000.00 EUR" in text
    assert compare(new, new).changes == ()


def test_a_simpler_plan_says_what_it_costs_what_it_spares_and_what_it_takes_for_that() -> None:
    offered = Simplest(
        verdict="hybrid", total_per_month=2000.0, more_per_month=0.001, pool_designs=1, suppliers=3,
        pool_designs_now=2, suppliers_now=2, options=("m:fp8/1xh100", "seller/a"),
    )  # fmt: skip
    (told,) = (each for each in sentences(argued(simplest=offered)) if "simpler" in each)
    assert told == (
        "A simpler plan costs the same: hybrid with m:fp8/1xh100, seller/a, which leaves 1 pool design to run in place "
        "of 2, but 3 suppliers in place of 2."
    )
