"""Segments added, copied, renamed and deleted: steps like any other, undone one by one, played by flags too."""

import pytest

from catalogs.profiles import profiles
from catalogs.toml_file import InputError
from wizard.desk import carried, step_told
from wizard.scenario_file import question_of, to_toml
from wizard.session import (
    Session,
    add_segment,
    answer,
    answers_of,
    copy_segment,
    from_draft,
    origin,
    play,
    put,
    rename_segment,
    scenario_of,
    start,
    to_draft,
    undo,
)


@pytest.fixture
def chat() -> Session:
    """A plan of one segment, chat, with one value typed."""
    return put(start("support-bot", "support-chat"), "chat.requests", "60k/day")


def test_a_segment_of_another_profile_brings_that_profiles_values_and_their_sources(chat: Session) -> None:
    session = add_segment(chat, "bulk-tagging")
    scenario, profile = scenario_of(session), profiles()["bulk-tagging"]
    assert list(scenario.segment) == ["chat", "tagging"]
    assert str(scenario.segment["tagging"].requests) == profile["segment"]["tagging"]["requests"]
    assert scenario.segment["tagging"].load == profile["load"]
    assert origin(session, "segment.tagging.requests") == "profile"


def test_a_copy_has_what_was_typed_and_goes_its_own_way_from_then_on(chat: Session) -> None:
    session = put(copy_segment(chat, "chat"), "chat.requests", "70k/day")
    scenario = scenario_of(session)
    assert str(scenario.segment["chat-2"].requests) == "60k/day"
    assert str(scenario.segment["chat"].requests) == "70k/day"
    assert origin(session, "segment.chat-2.requests") == "you"
    assert origin(session, "segment.chat-2.ttft") == origin(session, "segment.chat.ttft")


def test_a_copy_of_a_copy_outlives_both(chat: Session) -> None:
    session = copy_segment(put(copy_segment(chat, "chat"), "chat-2.quality", "low"), "chat-2")
    session = put(put(session, "segment.chat", "none"), "segment.chat-2", "none")
    scenario = scenario_of(session)
    assert list(scenario.segment) == ["chat-2-2"]
    assert (str(scenario.segment["chat-2-2"].requests), scenario.segment["chat-2-2"].quality) == ("60k/day", "low")


def test_a_deleted_segment_comes_back_with_all_that_was_typed_when_it_is_undone(chat: Session) -> None:
    before = put(add_segment(chat, "bulk-tagging"), "tagging.quality", "low")
    after = put(before, "segment.tagging", "none")
    assert list(scenario_of(after).segment) == ["chat"]
    assert scenario_of(undo(after)) == scenario_of(before)


def test_the_last_segment_cannot_be_deleted(chat: Session) -> None:
    with pytest.raises(InputError, match="at least one"):
        put(chat, "segment.chat", "none")


@pytest.mark.parametrize("text", ["like nothing-known", "chat", "like"])
def test_a_segment_like_nothing_that_is_known_is_refused(chat: Session, text: str) -> None:
    with pytest.raises(InputError, match="like"):
        put(chat, "segment.tags", text)


def test_a_name_that_was_deleted_starts_afresh(chat: Session) -> None:
    session = put(add_segment(chat, "bulk-tagging"), "tagging.quality", "low")
    session = add_segment(put(session, "segment.tagging", "none"), "bulk-tagging")
    assert (
        scenario_of(session).segment["tagging"].quality == profiles()["bulk-tagging"]["segment"]["tagging"]["quality"]
    )


def test_an_answer_of_the_checklist_reaches_every_segment_whenever_it_was_added(chat: Session) -> None:
    before, after = (
        add_segment(answer(chat, "data", 3), "bulk-tagging"),
        answer(add_segment(chat, "bulk-tagging"), "data", 3),
    )
    assert scenario_of(before) == scenario_of(after)
    assert {segment.processing_in for segment in scenario_of(before).segment.values()} == {"eu"}


def test_an_answer_copied_is_no_answer_typed(chat: Session) -> None:
    session = answer(copy_segment(answer(chat, "data", 3), "chat"), "data", 4)
    assert scenario_of(session).segment["chat-2"].processing_in == "us"


def test_another_name_keeps_every_value(chat: Session) -> None:
    session = rename_segment(chat, "chat", "helpdesk")
    assert list(scenario_of(session).segment) == ["helpdesk"]
    assert scenario_of(session).segment["helpdesk"] == scenario_of(chat).segment["chat"]
    with pytest.raises(InputError, match="taken"):
        rename_segment(add_segment(chat, "bulk-tagging"), "chat", "tagging")


def test_drafts_answers_files_and_flags_make_the_same_segments(chat: Session) -> None:
    session = put(copy_segment(add_segment(chat, "bulk-tagging"), "chat"), "tagging.quality", "mid")
    made = scenario_of(session)
    assert scenario_of(from_draft(to_draft(session))) == made
    assert play(answers_of(session)) == made
    sets = [f"{key}={text}" for key, text in answers_of(session)["set"].items()]
    assert to_toml(question_of(profiles()["support-chat"], "profile", sets).scenario) == to_toml(made)


def test_another_profile_keeps_the_segments_that_were_added(chat: Session) -> None:
    session = carried(copy_segment(add_segment(chat, "bulk-tagging"), "chat"), "rag-search")
    scenario = scenario_of(session)
    assert list(scenario.segment) == ["rag", "chat-2", "tagging"]
    assert {str(scenario.segment[name].requests) for name in ("rag", "chat-2")} == {"60k/day"}


def test_an_answers_file_leaves_out_a_segment_that_came_and_went(chat: Session) -> None:
    session = put(add_segment(chat, "bulk-tagging"), "segment.tagging", "none")
    assert answers_of(session)["set"] == {"segment.chat.requests": "60k/day"}
    assert play(answers_of(session)) == scenario_of(session)


def test_undo_tells_a_segment_in_words(chat: Session) -> None:
    session = add_segment(chat, "bulk-tagging")
    assert step_told(session, session.history[-1]) == "segment tagging added, like bulk-tagging"
    session = put(session, "segment.chat", "none")
    assert step_told(session, session.history[-1]) == "segment chat deleted"
