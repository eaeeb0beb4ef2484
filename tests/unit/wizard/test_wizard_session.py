"""A session is a pure value: what is typed and answered, in any order, makes one scenario."""

import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.profiles import profiles
from catalogs.toml_file import InputError
from solver.checklist import ITEMS, item_named
from solver.scenario import Scenario
from wizard.scenario_file import question_of, to_toml
from wizard.scenario_keys import full_key, lookup, parts_of, read_value, store
from wizard.session import (
    Session,
    answer,
    answers_of,
    at,
    clear,
    defaults_left,
    foreseen,
    from_draft,
    origin,
    play,
    put,
    reads_as,
    scenario_of,
    shown,
    source,
    start,
    start_like,
    to_draft,
    undo,
)

PUTS = {
    "chat.requests": "60k/day", "chat.ttft": "800 ms", "chat.processing_in": "eu", "horizon": "6 months",
    "policy.min_suppliers": "2", "team.engineer_cost": "160k/year", "chat.quality": "high",
}  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.sampled_from(sorted(PUTS)).map(lambda key: ("set", key)),
        st.sampled_from([(item.id, digit) for item in ITEMS for digit in item.digits]),
    ),
    max_size=8,
    unique_by=lambda step: step[1] if step[0] == "set" else step[0],
)

LAW = settings(derandomize=True, deadline=None, max_examples=40)


def fresh() -> Session:
    return start("support-bot", "support-chat")


def take(session: Session, step: tuple[str, Any]) -> Session:
    return put(session, step[1], PUTS[step[1]]) if step[0] == "set" else answer(session, *step)


def fault_of(action: Any, *arguments: Any) -> Any:
    with pytest.raises(InputError) as caught:
        action(*arguments)
    return caught.value.faults[0]


def test_a_new_session_is_the_profile_and_nothing_else() -> None:
    assert scenario_of(fresh()) == Scenario.model_validate(profiles()["support-chat"])


def test_an_unknown_profile_names_the_nearest() -> None:
    assert fault_of(start, "x", "suport-chat").hint == "did you mean support-chat?"


def test_what_is_typed_stands_in_the_scenario_and_comes_from_you() -> None:
    session = put(fresh(), "chat.requests", "60k/day")
    assert scenario_of(session).segment["chat"].requests.per_month == pytest.approx(60_000 * 730 / 24)
    assert origin(session, "segment.chat.requests") == "you"
    assert shown(session, "chat.requests") == "60k/day"


def test_a_default_comes_from_the_profile_and_keeps_the_words_of_its_source() -> None:
    assert origin(fresh(), "chat.input_tokens") == "profile"
    assert source(fresh(), "chat.input_tokens").startswith("Azure 2023 conversation trace")


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("segment.chat.input_tokens", "1.2k / 4k", "1,200 / 4,000"),
        ("segment.chat.requests", "1.8M/month", "1,800,000 a month"),
        ("segment.chat.requests", "0.7/s", "0.7 a s"),
        ("segment.chat.output_tokens", "1_200", "1,200"),
        ("segment.chat.ttft", "1.5 s", "1.5 s"),
        ("segment.chat.growth", "-20%", "-20%"),
        ("segment.chat.may_wait", "yes", "yes"),
        ("segment.chat.agreements", "dpa, scc", "dpa, scc"),
        ("segment.chat.users_in", "eu=60%, us=40%", "eu=60%, us=40%"),
        ("segment.chat.ttft", "none", "none"),
        ("policy.budget", "20k/month", "20,000 a month"),
        ("policy.capital", "1.2M", "1,200,000"),
        ("team.operations_fte", "0.25", "0.25"),
        ("horizon", "1 year", "12 months"),
    ],
)
def test_a_text_is_echoed_as_it_is_read(key: str, text: str, said: str) -> None:
    assert reads_as(key, text) == said


@pytest.mark.parametrize(
    ("key", "text", "wanted"),
    [
        ("segment.chat.requests", "60k", "an amount per period, such as 60k/day, 1.8M/month or 0.7/s"),
        ("segment.chat.requests", "1,5/day", "an amount per period, such as 60k/day, 1.8M/month or 0.7/s"),
        ("segment.chat.ttft", "1.2M", "a time such as 800 ms or 1.5 s"),
        ("segment.chat.ttft", "800", "a time such as 800 ms or 1.5 s"),
        ("segment.chat.shared_prefix", "30", "a share such as 30% (or a number from 0 to 1)"),
        ("segment.chat.quality", "hgh", "one of low, mid, high, frontier"),
        ("policy.min_suppliers", "1.2M", "at most 20"),
        ("policy.max_pool_designs", "-3", "at least 0"),
        ("segment.chat.may_wait", "perhaps", "true or false"),
        ("horizon", "12", "whole months, such as 12 months or 1 year"),
    ],
)
def test_wrong_input_says_what_is_wanted_and_changes_nothing(key: str, text: str, wanted: str) -> None:
    for action, arguments in ((reads_as, (key, text)), (put, (fresh(), key, text))):
        fault = fault_of(action, *arguments)
        assert (fault.key, fault.wanted) == (key, wanted)


def test_an_unknown_key_names_the_nearest() -> None:
    assert fault_of(put, fresh(), "chat.request", "1/day").hint == "did you mean requests?"


def test_an_answer_sets_its_keys_and_says_which_item_did() -> None:
    session = answer(fresh(), "data", 3)
    assert scenario_of(session).segment["chat"].processing_in == "eu"
    assert origin(session, "chat.processing_in") == "checklist 8"
    assert scenario_of(session).checklist == {"data": 3}


def test_another_answer_undoes_what_the_former_had_changed() -> None:
    twice = answer(answer(fresh(), "quality", 4), "quality", 1)
    assert scenario_of(twice) == scenario_of(answer(fresh(), "quality", 1))
    assert scenario_of(twice).segment["chat"].quality == scenario_of(fresh()).segment["chat"].quality


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_dont_know_brings_the_profiles_values_back(item: Any) -> None:
    unsure = answer(answer(fresh(), item.id, 1), item.id, 0)
    left = scenario_of(unsure).model_copy(update={"checklist": {}})
    assert left == scenario_of(fresh())


def test_what_is_typed_stands_above_the_checklist_whichever_came_first() -> None:
    typed_first = answer(put(fresh(), "chat.ttft", "3 s"), "latency", 4)
    typed_last = put(answer(fresh(), "latency", 4), "chat.ttft", "3 s")
    assert scenario_of(typed_first) == scenario_of(typed_last)
    assert scenario_of(typed_last).segment["chat"].ttft == 3000
    assert origin(typed_first, "chat.ttft") == "you"


def test_clearing_what_was_typed_shows_the_checklists_value_again() -> None:
    session = clear(put(answer(fresh(), "latency", 4), "chat.ttft", "3 s"), "chat.ttft")
    assert scenario_of(session) == scenario_of(answer(fresh(), "latency", 4))


def test_an_answer_replaces_that_of_the_plan_one_started_from() -> None:
    plan = scenario_of(answer(fresh(), "quality", 4)).model_dump(exclude_defaults=True)
    again = start_like("copy", plan)
    assert scenario_of(again) == scenario_of(answer(fresh(), "quality", 4))
    assert scenario_of(answer(again, "quality", 1)) == scenario_of(answer(fresh(), "quality", 1))


@pytest.mark.parametrize(("item", "digit"), [("load", 9), ("lode", 1), ("team", -1)])
def test_an_answer_that_does_not_exist_is_an_input_error(item: str, digit: int) -> None:
    assert fault_of(answer, fresh(), item, digit).key == f"checklist.{item}"


def test_the_effect_foreseen_of_an_answer_leaves_what_was_typed_standing() -> None:
    assert foreseen(fresh(), "latency", 4).startswith("first token within 800 ms")
    typed = put(fresh(), "chat.ttft", "4 s")
    assert foreseen(typed, "latency", 4).startswith("first token within 4 s")


def test_an_answer_foreseen_takes_back_what_the_one_given_had_changed() -> None:
    given_one = answer(fresh(), "latency", 4)
    assert foreseen(given_one, "latency", 0) == foreseen(fresh(), "latency", 0)


def test_undo_drops_the_last_step_and_stops_at_the_start() -> None:
    one = put(fresh(), "chat.requests", "60k/day")
    assert undo(answer(one, "load", 1)) == one
    assert undo(undo(one)) == fresh()


def test_moving_to_another_screen_changes_no_answer() -> None:
    moved = at(put(fresh(), "chat.requests", "60k/day"), "checklist", 3)
    assert (moved.screen, moved.cursor) == ("checklist", 3)
    assert scenario_of(moved) == scenario_of(put(fresh(), "chat.requests", "60k/day"))


def test_defaults_left_are_those_that_nobody_confirmed() -> None:
    left = set(defaults_left(put(answer(fresh(), "latency", 3), "chat.requests", "60k/day")))
    gone = {"segment.chat.requests", "segment.chat.ttft"}
    assert left == set(defaults_left(fresh())) - gone


@LAW
@given(STEPS, st.randoms(use_true_random=False))
def test_the_order_of_the_steps_never_changes_the_scenario(steps: list[tuple[str, Any]], shuffle: Any) -> None:
    shuffled = list(steps)
    shuffle.shuffle(shuffled)
    one, other = fresh(), fresh()
    for step in steps:
        one = take(one, step)
    for step in shuffled:
        other = take(other, step)
    assert tomli_w.dumps(scenario_of(one).model_dump(exclude_defaults=True)) == tomli_w.dumps(
        scenario_of(other).model_dump(exclude_defaults=True)
    )


@LAW
@given(STEPS)
def test_the_answers_file_of_a_session_plays_to_the_same_scenario(steps: list[tuple[str, Any]]) -> None:
    session = fresh()
    for step in steps:
        session = take(session, step)
    written = tomllib.loads(tomli_w.dumps(answers_of(session)))
    assert play(written) == scenario_of(session)
    assert play(written).sources == scenario_of(session).sources


@LAW
@given(STEPS)
def test_the_command_line_makes_the_same_file_of_the_same_answers_byte_for_byte(steps: list[tuple[str, Any]]) -> None:
    session = fresh()
    for step in steps:
        session = take(session, step)
    sets = [f"{step[1]}={PUTS[step[1]]}" if step[0] == "set" else f"checklist.{step[0]}={step[1]}" for step in steps]
    headless = question_of(profiles()["support-chat"], "support-chat", sets).scenario
    assert to_toml(headless) == to_toml(scenario_of(session))


@LAW
@given(STEPS)
def test_a_draft_brings_back_the_session_with_all_its_steps(steps: list[tuple[str, Any]]) -> None:
    session = at(fresh(), "load", 2)
    for step in steps:
        session = take(session, step)
    back = from_draft(tomllib.loads(tomli_w.dumps(to_draft(session))))
    assert back == session
    assert undo(back).tables == undo(session).tables


@pytest.mark.parametrize("tables", [{}, {"draft": {"name": "x"}}, {"draft": 3, "base": {}}, {"draft": {}, "base": []}])
def test_what_is_no_draft_is_an_input_error(tables: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        from_draft(tables)


def test_an_unknown_table_of_an_answers_file_is_an_input_error() -> None:
    assert fault_of(play, {"profile": "agents", "sett": {}}).key == "sett"


def test_a_checklist_key_is_set_as_any_other_key() -> None:
    assert put(fresh(), "checklist.load", "1").tables == answer(fresh(), "load", 1).tables
    assert fault_of(put, fresh(), "checklist.load", "often").wanted == "the number of an answer, such as 2"


def test_a_short_key_is_of_the_segment_it_names() -> None:
    tables = fresh().tables
    assert [full_key(tables, key) for key in ("chat.ttft", "policy.headroom", "horizon", "other.ttft")] == [
        "segment.chat.ttft", "policy.headroom", "horizon", "other.ttft",
    ]  # fmt: skip


def test_a_part_of_a_key_may_stand_in_quotes() -> None:
    assert parts_of('catalog.rates."a.b/c".source') == ("catalog", "rates", "a.b/c", "source")


def test_storing_makes_tables_on_the_way_and_none_takes_a_key_out() -> None:
    tables: dict[str, Any] = {}
    store(tables, "policy.gpus_available.owned", 8)
    assert lookup(tables, "policy.gpus_available.owned") == 8
    store(tables, "policy.gpus_available.owned", None)
    assert tables == {"policy": {"gpus_available": {}}}


def test_a_key_below_a_plain_value_is_an_input_error() -> None:
    assert fault_of(put, fresh(), "horizon.years", "1").wanted == "a table there"


def test_numbers_are_read_only_where_the_scenario_has_no_unit_of_its_own() -> None:
    values = [read_value(key, "1.2k") for key in ("policy.capital", "segment.chat.ttft", "segment.chat.input_tokens")]
    assert values == [1200, "1.2k", "1.2k"]


def test_every_item_has_its_number_as_origin() -> None:
    for item in ITEMS:
        session = answer(fresh(), item.id, 1)
        named = item_named(item.id)
        assert named is not None
        numbers = {text for text in scenario_of(session).sources.values() if text.startswith("checklist")}
        assert numbers <= {f"checklist {named.number}"}
