"""Questions as data: each key of the scenario is asked once, and each example is an answer."""

from typing import Any, get_args

import pytest

from solver.checklist import ITEMS
from solver.scenario import Policy, Scenario, Segment, Team, Today
from wizard.questions import ALL, NOT_ASKED, Kind, Question, on_page, question_for
from wizard.scenario_keys import field_of, reads_as
from wizard.session import put, scenario_of, start
from wizard.session import reads_as as read_in_session

IDS = [question.key for question in ALL]


def scenario_keys() -> set[str]:
    tables: dict[str, Any] = {
        "segment.{segment}.": Segment, "policy.": Policy, "team.": Team, "today.": Today, "": Scenario,
    }  # fmt: skip
    keys = {under + name for under, record in tables.items() for name in record.model_fields}
    return keys - {"segment", "policy", "team", "today"}


def test_every_key_of_the_scenario_is_asked_once_or_says_why_not() -> None:
    assert len(IDS) == len(set(IDS))
    assert set(IDS) | set(NOT_ASKED) == scenario_keys()
    assert not set(IDS) & set(NOT_ASKED)


@pytest.mark.parametrize("question", ALL, ids=IDS)
def test_the_example_of_a_question_is_an_answer_to_it(question: Question) -> None:
    session = start("x", "support-chat")
    key = question.key_for("chat")
    after = put(session, key, question.example)
    assert read_in_session(key, question.example) == reads_as(key, question.example)
    assert scenario_of(after).sources[key] == "you"


@pytest.mark.parametrize("question", ALL, ids=IDS)
def test_a_question_fits_its_row_and_its_line_of_help(question: Question) -> None:
    assert len(question.label) <= 28
    assert 0 < len(question.help) <= 78
    assert len(question.why) <= 78
    assert question.kind in get_args(Kind)


@pytest.mark.parametrize("question", [q for q in ALL if q.kind in ("choice", "choices")], ids=lambda q: q.id)
def test_words_to_choose_from_come_from_the_scenario(question: Question) -> None:
    free = {"may_use", "must_use", "must_not_use"}
    assert bool(question.choices) == (question.id not in free)


def test_quality_offers_the_four_words_of_the_scenario() -> None:
    question = question_for("segment.chat.quality")
    assert question is not None
    assert question.choices == ("low", "mid", "high", "frontier")


def test_the_quick_path_asks_volume_tokens_first_token_and_where_data_may_go() -> None:
    assert [question.id for question in on_page("quick")] == [
        "requests", "input_tokens", "output_tokens", "ttft", "processing_in",
    ]  # fmt: skip


def test_a_key_leads_back_to_its_question() -> None:
    assert [getattr(question_for(key), "label", None) for key in ("segment.a.ttft", "policy.headroom", "x")] == [
        "first token within", "headroom above the load", None,
    ]  # fmt: skip


def test_the_setting_is_what_the_command_line_takes() -> None:
    settings = [question.setting for question in ALL if question.id in ("requests", "headroom")]
    assert settings == ["--set SEGMENT.requests=60k/day", "--set policy.headroom=50%"]


def test_every_figure_that_a_checklist_item_asks_for_is_a_question() -> None:
    asked = [key.replace("*", "{segment}") for item in ITEMS for key in item.asks]
    assert set(asked) <= set(IDS)
    assert all(field_of(key) is not None for key in asked)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_a_checklist_item_fits_80_columns(item: Any) -> None:
    assert len(item.question) <= 78
    assert len(item.why) <= 78 + 78
    assert all(len(item.answer(digit).text) <= 58 for digit in item.digits)
    assert all(len(item.answer(digit).advice) <= 150 for digit in item.digits)
