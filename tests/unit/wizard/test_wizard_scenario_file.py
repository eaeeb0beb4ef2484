"""Scenario files: read, changed by --set, written back in one form only."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from made_plans import SCENARIO, plan, scenario

from catalogs.profiles import profile_names, profiles
from catalogs.toml_file import InputError
from solver.scenario import Scenario
from wizard.scenario_file import question_of, read_question, read_scenario, set_key, set_keys, to_toml
from wizard.scenario_schema import scenario_schema
from wizard.session import play
from wizard.store import save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "chat.toml"
    path.write_text(tomli_w.dumps(SCENARIO))
    return path


def test_a_scenario_written_and_read_again_is_the_same_and_so_is_its_text(tmp_path: Path) -> None:
    path = tmp_path / "again.toml"
    path.write_text(to_toml(scenario()))
    assert read_scenario(path) == scenario()
    assert to_toml(read_scenario(path)) == path.read_text()


@pytest.mark.parametrize("name", profile_names())
def test_each_profile_survives_writing_and_reading(name: str) -> None:
    made = Scenario.model_validate(profiles()[name])
    assert Scenario.model_validate(tomllib.loads(to_toml(made))) == made


def test_the_text_holds_human_units_fixed_order_and_no_default() -> None:
    text = to_toml(scenario(policy={"headroom": "50%", "gpus_available": {"b": 1, "a": 2}}))
    assert 'requests = "60k/day"\ninput_tokens = "1.2k / 4k"\noutput_tokens = 250\n' in text
    assert "headroom" not in text  # 50% is the default
    assert "[policy.gpus_available]\na = 2\nb = 1\n" in text
    assert '[segment.chat.users_in]\neu = "60%"\nus = "40%"\n' in text


def test_a_plan_file_gives_the_scenario_in_it(tmp_path: Path) -> None:
    assert read_scenario(save(plan(), scenario(), "a", tmp_path)) == scenario()


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("segment.chat.requests=80k/day", ("segment", "chat", "requests"), "80k/day"),
        ("chat.requests=80k/day", ("segment", "chat", "requests"), "80k/day"),
        ("chat.may_wait=yes", ("segment", "chat", "may_wait"), True),
        ("chat.may_wait=true", ("segment", "chat", "may_wait"), True),
        ("chat.input_tokens=2000", ("segment", "chat", "input_tokens"), 2000),
        ("chat.features=fine_tune,frontier", ("segment", "chat", "features"), ["fine_tune", "frontier"]),
        ("chat.users_in=eu=50%,us=50%", ("segment", "chat", "users_in"), {"eu": "50%", "us": "50%"}),
        ("horizon=1 year", ("horizon",), "12 months"),
        ("currency=USD", ("currency",), "USD"),
        ("policy.max_pool_designs=2", ("policy", "max_pool_designs"), 2),
        ("policy.gpus_available.lambda=4", ("policy", "gpus_available", "lambda"), 4),
        ("team.setup_weeks=2.5", ("team", "setup_weeks"), 2.5),
        ("today.served_by.tagging=openai/gpt-5", ("today", "served_by", "tagging"), "openai/gpt-5"),
    ],
)
def test_a_set_key_is_in_the_scenario_and_marked_as_yours(
    file: Path, setting: str, path: tuple[str, ...], value: Any
) -> None:
    made = read_scenario(file, [setting])
    found: Any = made.model_dump()
    for part in path:
        found = found[part]
    expected = Scenario.model_validate(set_key(SCENARIO, *setting.split("=", 1))).model_dump()
    for part in path:
        expected = expected[part]
    assert (list(found) if isinstance(found, tuple) else found) == (
        "12 months" if setting.startswith("horizon") else "2k" if value == 2000 else value
    )
    assert found == expected
    assert made.sources[".".join(path)] == "you"


def test_none_takes_a_limit_away(file: Path) -> None:
    assert read_scenario(file, ["chat.ttft=none"]).segment["chat"].ttft is None


def test_the_order_of_the_sets_does_not_matter(file: Path) -> None:
    sets = ["chat.requests=80k/day", "policy.headroom=20%", "chat.ttft=1 s"]
    assert to_toml(read_scenario(file, sets)) == to_toml(read_scenario(file, sets[::-1]))


def test_a_headless_answer_gives_the_scenario_that_the_same_keys_give_byte_for_byte() -> None:
    answers = {"profile": "support-chat", "set": {"chat.requests": "80k/day"}, "checklist": {"load": 2, "data": 1}}
    sets = ["checklist.load=2", "chat.requests=80k/day", "checklist.data=1"]
    headless = question_of(profiles()["support-chat"], "profile", sets).scenario
    assert to_toml(headless) == to_toml(play(answers))


@pytest.mark.parametrize(
    ("setting", "key", "says"),
    [
        ("caht.requests=80k/day", "caht.requests", "did you mean chat?"),
        ("requests=80k/day", "requests", "did you mean chat.requests?"),
        ("chat.reqests=80k/day", "segment.chat.reqests", "did you mean requests?"),
        ("policy.headrom=1%", "policy.headrom", "did you mean headroom?"),
        ("chat.requests=80k", "segment.chat.requests", "an amount per period"),
        ("chat.ttft=800", "segment.chat.ttft", "800 ms"),
        ("horizon=12", "horizon", "12 months"),
        ("chat.requests", "", "KEY=VALUE"),
        ("=3", "", "KEY=VALUE"),
        ("checklist.laod=2", "checklist.laod", "checklist.load"),
        ("checklist.load=99", "checklist.load", "one of 0, 1"),
        ("checklist.load=many", "checklist.load", "one of 0, 1"),
    ],
)
def test_a_set_that_cannot_be_names_set_key_and_what_is_wanted(file: Path, setting: str, key: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scenario(file, [setting])
    (fault,) = caught.value.faults
    assert (fault.file, fault.key) == ("--set", key) or fault.key == "segment.chat.reqests"
    assert says in str(fault)


def test_faults_of_file_sets_and_overlays_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(tomli_w.dumps({**SCENARIO, "horizon": 12}))
    with pytest.raises(InputError) as caught:
        read_scenario(path, ["caht.requests=1/s"], [tmp_path / "none.toml"])
    assert {fault.file for fault in caught.value.faults} == {str(path), "--set", str(tmp_path / "none.toml")}


def test_an_overlay_joins_the_scenario_so_that_a_saved_plan_can_be_solved_again(file: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "prices.toml"
    overlay.write_text('[gpu_prices."lambda/mine"]\nprice_per_hour = 2.5\n')
    question = read_question(file, ["catalog.gpu_prices.x.price_per_hour=3"], [overlay])
    assert question.scenario.catalog["gpu_prices"]["lambda/mine"] == {"price_per_hour": 2.5}
    assert [name for name, _ in question.overlays] == [str(file), str(overlay)]


def test_a_later_overlay_stands_above_an_earlier_one_field_by_field(file: Path, tmp_path: Path) -> None:
    for name, price in (("a", "2.5\ngpu = 'h100-sxm'"), ("b", "2.0")):
        (tmp_path / f"{name}.toml").write_text(f"[gpu_prices.x]\nprice_per_hour = {price}\n")
    made = read_scenario(file, (), [tmp_path / "a.toml", tmp_path / "b.toml"])
    assert made.catalog == {"gpu_prices": {"x": {"price_per_hour": 2.0, "gpu": "h100-sxm"}}}


def test_set_keys_leaves_the_tables_given_alone() -> None:
    before = tomli_w.dumps(SCENARIO)
    set_keys(SCENARIO, [("chat.requests", "1/s"), ("policy.gpus_available.new", "3")])
    assert tomli_w.dumps(SCENARIO) == before


def test_today_may_only_serve_segments_that_there_are() -> None:
    with pytest.raises(InputError, match="did you mean chat"):
        question_of({**SCENARIO, "today": {"served_by": {"chatt": "a/b"}}}, "f")


# The schema


def test_the_schema_speaks_of_every_key_in_human_units_without_null() -> None:
    schema = scenario_schema()
    definitions = schema["$defs"]
    assert set(definitions["Segment"]["properties"]) >= {"requests", "input_tokens", "ttft", "processing_in", "license"}
    assert definitions["Rate"]["type"] == "string"
    assert schema["properties"]["horizon"]["default"] == "12 months"
    assert definitions["Policy"]["properties"]["headroom"]["default"] == "50%"
    assert definitions["Segment"]["required"] == ["requests", "input_tokens", "output_tokens"]
    assert "null" not in str(schema)
    assert definitions["Segment"]["properties"]["ttft"]["description"]


@pytest.mark.parametrize("name", profile_names())
def test_each_profile_keeps_to_the_schema(name: str) -> None:
    assert misfits(profiles()[name], scenario_schema()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"horizon": 12}, {"horizon": "12"}, {"segment": {}}, {"zzz": 1}, {"currency": "euro"}, {"blocks": 0},
        {"policy": {"headroom": "fifty"}}, {"policy": {"headroom": True}}, {"policy": {"people": "yes"}},
        {"segment": {"chat": {**SCENARIO["segment"]["chat"], "requests": 60000}}},
        {"segment": {"chat": {**SCENARIO["segment"]["chat"], "requests": "60k"}}},
        {"segment": {"chat": {**SCENARIO["segment"]["chat"], "ttft": 800}}},
        {"segment": {"chat": {**SCENARIO["segment"]["chat"], "quality": "best"}}},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_schema_refuses_the_scenario_refuses_too(change: dict[str, Any]) -> None:
    tables = {**SCENARIO, **change}
    assert misfits(SCENARIO, scenario_schema()) == []
    assert misfits(tables, scenario_schema()) != []
    with pytest.raises(InputError):
        question_of(tables, "f")


def misfits(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, at: str = "") -> list[str]:
    """A JSON Schema validator of the few words that the scenario's schema uses."""
    import re

    root = root or schema
    if "$ref" in schema:
        return misfits(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "anyOf" in schema:
        return [] if any(not misfits(value, option, root, at) for option in schema["anyOf"]) else [at]
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
    }  # fmt: skip
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [at]
    wrong = [at] if "enum" in schema and value not in schema["enum"] else []
    wrong += [at] if "pattern" in schema and not re.search(schema["pattern"], value) else []
    wrong += [at] if "minimum" in schema and value < schema["minimum"] else []
    wrong += [at] if "maximum" in schema and value > schema["maximum"] else []
    wrong += [at] if isinstance(value, dict) and len(value) < schema.get("minProperties", 0) else []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        wrong += [f"{at}.{key}" for key in schema.get("required", []) if key not in value]
        patterns = schema.get("patternProperties", {})
        for key, part in value.items():
            found = known.get(key) or next((s for p, s in patterns.items() if re.search(p, key)), None)
            rest = schema.get("additionalProperties", True)
            if found is None and rest is False:
                wrong.append(f"{at}.{key}")
            elif found is not None or isinstance(rest, dict):
                wrong += misfits(part, found or rest, root, f"{at}.{key}")
    if isinstance(value, list):
        wrong += [each for i, part in enumerate(value) for each in misfits(part, schema["items"], root, f"{at}.{i}")]
    return wrong


# what runs today

POOL = "llama-3.3-70b:fp8/2xh100-sxm/vllm/aws@eu"


@pytest.mark.parametrize(
    "sets",
    [
        [f'today.pools."{POOL}".reserved_1y={{replicas = 4, months_left = 7}}'],
        [f'today.pools."{POOL}".reserved_1y.replicas=4', f'today.pools."{POOL}".reserved_1y.months_left=7'],
    ],
    ids=["at once", "one by one"],
)
def test_a_pool_of_today_is_set_as_a_whole_or_by_its_parts(file: Path, sets: list[str]) -> None:
    set_by_hand = read_scenario(file, [*sets, "today.recheck=yes"])
    running = set_by_hand.in_force[POOL]["reserved_1y"]
    assert (running.replicas, running.months_left) == (4, 7)
    assert Scenario.model_validate(tomllib.loads(to_toml(set_by_hand))) == set_by_hand


@pytest.mark.parametrize(
    ("ways", "key", "wanted"),
    [
        ({"reserved_1y": {"replicas": 4}}, "reserved_1y", "months_left from 0 to 12"),
        ({"reserved_1y": {"replicas": 4, "months_left": 13}}, "reserved_1y", "months_left from 0 to 12"),
        ({"reserved_1m": {"replicas": 4, "months_left": -1}}, "reserved_1m.months_left", "at least 0"),
        ({"on_demand": {"replicas": 4, "months_left": 1}}, "on_demand", "no months_left"),
        ({"owned": {"replicas": -4}}, "owned.replicas", "at least 0"),
        ({"owned": {"replicas": 1.5}}, "owned.replicas", "a whole number"),
        ({"owned": {"replicas": True}}, "owned.replicas", "a whole number"),
        ({"owned": {"months_left": 3}}, "owned.replicas", "the key replicas"),
        ({"owned": {"replicas": 1, "months_left": float("nan")}}, "owned.months_left", "a finite number"),
        ({"leased": {"replicas": 4}}, "leased", "one of reserved_1m"),
        ({"owned": 4}, "owned", "a table"),
        ({}, "", "replicas by purchase type"),
    ],
)
def test_a_pool_of_today_that_cannot_be_is_told(tmp_path: Path, ways: dict[str, Any], key: str, wanted: str) -> None:
    path = tmp_path / "today.toml"
    path.write_text(tomli_w.dumps(SCENARIO | {"today": {"recheck": True, "pools": {POOL: ways}}}))
    with pytest.raises(InputError) as caught:
        read_scenario(path)
    (fault,) = caught.value.faults
    assert fault.key == ".".join(filter(None, (f'today.pools."{POOL}"', key)))
    assert wanted in fault.wanted


def test_a_contingency_that_is_none_is_told_and_the_three_are_the_default(file: Path) -> None:
    assert read_scenario(file).policy.contingencies == ("replica", "spot", "provider")
    assert read_scenario(file, ["policy.contingencies=provider, spot"]).policy.contingencies == ("provider", "spot")
    with pytest.raises(InputError, match="one of replica, spot, provider"):
        read_scenario(file, ["policy.contingencies=replicas"])


def test_a_floor_that_is_set_as_a_table_says_how_its_keys_are_set(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(tomli_w.dumps(SCENARIO))
    with pytest.raises(InputError) as refused:
        read_question(path, ['chat.quality={benchmark="arena_text"}'])
    (fault,) = refused.value.faults
    assert (fault.key, fault.found) == ("chat.quality", "a table")
    assert "chat.quality.at_least=" in fault.wanted
