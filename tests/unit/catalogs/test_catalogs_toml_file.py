"""Reading TOML: every bad file is one InputError that says where, what and what is wanted."""

import random
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from catalogs.records import Gpu
from catalogs.toml_file import MAX_BYTES, Fault, InputError, check, parse_toml, read_toml, short
from solver.scenario import Scenario

SCENARIO = b"""
currency = "EUR"
horizon = "12 months"
[segment.chat]
requests = "60k/day"
input_tokens = "1.2k / 4k"
output_tokens = 300
ttft = "800 ms"
quality = "high"
users_in = { eu = "70%", us = "30%" }
[team]
engineer_cost = "160k/year"
"""


def faults(text: bytes | str, model: type[BaseModel] = Scenario) -> list[Fault]:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(InputError) as caught:
        check(model, parse_toml(content, "s.toml"), "s.toml")
    return list(caught.value.faults)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(SCENARIO)
    scenario = check(Scenario, read_toml(tmp_path / "s.toml"), "s.toml")
    assert scenario.segment["chat"].input_tokens.p95 == 4000
    assert scenario.segment["chat"].users_in == {"eu": 0.7, "us": 0.3}


@pytest.mark.parametrize(
    ("content", "key", "found", "wanted"),
    [
        (b"a = 1\nb = [1,", "line 2", "b = [1,", "TOML"),
        (b'a = "ab', "line 1", 'a = "ab', "TOML; unterminated string"),
        (b"a = 1\na = 2\n", "line 2", "a = 2", "TOML; cannot overwrite a value"),
        (b'a = 1\nname = "\xe9"\n', "line 2", "byte 0xe9, which is not UTF-8", "TOML text in UTF-8"),
        (b"x" * (MAX_BYTES + 1), "", "more than 5 MB", "a TOML file of at most 5 MB"),
        (b"a = " + b"[" * 50_000, "", "values nested too deeply", "TOML tables"),
        (b"a = " + b"9" * 5_000, "", "a value that cannot be read", "TOML"),
    ],
    ids=["truncated", "open string", "twice", "latin-1", "too large", "nested", "long number"],
)
def test_a_file_that_is_no_toml_says_the_line(
    tmp_path: Path, content: bytes, key: str, found: str, wanted: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_toml(path)
    (fault,) = caught.value.faults
    assert (fault.file, fault.key) == (str(path), key)
    assert fault.found.startswith(found)
    assert fault.wanted.startswith(wanted)


def test_a_file_that_is_not_there_is_named_with_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "chat.toml").write_bytes(SCENARIO)
    with pytest.raises(InputError, match=r"cht\.toml: found no such file; wanted a TOML file \(did you mean .*chat"):
        read_toml(tmp_path / "cht.toml")
    with pytest.raises(InputError, match="found a directory"):
        read_toml(tmp_path)


def test_a_byte_order_mark_is_read_past() -> None:
    assert parse_toml(b"\xef\xbb\xbfa = 1", "s.toml") == {"a": 1}


def read_or_refused(content: bytes) -> str:
    try:
        return str(check(Scenario, parse_toml(content, "s.toml"), "s.toml"))
    except InputError as error:
        return str(error)


def test_a_file_cut_anywhere_is_read_or_refused_never_a_traceback() -> None:
    for end in range(len(SCENARIO)):
        assert read_or_refused(SCENARIO[:end])


def test_random_bytes_are_refused_never_a_traceback() -> None:
    chance = random.Random(7)
    for _ in range(300):
        content = bytearray(SCENARIO)
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        assert read_or_refused(bytes(content))


def test_all_faults_are_told_at_once_with_key_found_wanted_and_spelling() -> None:
    told = faults(
        """
        currency = "eur"
        horizn = "12 months"
        [segment.chat]
        requests = "60k"
        imput_tokens = 1000
        output_tokens = -3
        task = "cht"
        features = ["fine_tune", "fntier"]
        [policy]
        gpus_available = { h100-sxm = "x" }
        """
    )
    said = {fault.key: (fault.found, fault.wanted, fault.hint) for fault in told}
    assert said == {
        "currency": ('"eur"', "a currency of three capital letters, such as EUR", ""),
        "horizn": ("an unknown key", "a key of the top level", "did you mean horizon?"),
        "segment.chat.requests": ('"60k"', "an amount per period, such as 60k/day, 1.8M/month or 0.7/s", ""),
        "segment.chat.input_tokens": ("nothing", "the key input_tokens", ""),
        "segment.chat.imput_tokens": ("an unknown key", "a key of [segment.chat]", "did you mean input_tokens?"),
        "segment.chat.output_tokens": ("-3", "at least 0", ""),
        "segment.chat.task": (
            '"cht"',
            "one of chat, rag, code, extraction, classification, reasoning, agents",
            "did you mean chat?",
        ),
        "segment.chat.features.1": ('"fntier"', "one of fine_tune, fixed_version, frontier", "did you mean frontier?"),
        "policy.gpus_available.h100-sxm": ('"x"', "a whole number", ""),
    }


def test_a_rule_of_the_record_names_the_field_it_speaks_of() -> None:
    (fault,) = faults('[segment.chat]\nrequests="60k/day"\ninput_tokens=1000\noutput_tokens=0\n')
    assert (fault.key, fault.found, fault.wanted) == ("segment.chat.output_tokens", "0", "at least 1")


def test_a_bad_name_of_a_table_is_told_as_the_name() -> None:
    told = faults('[segment."My Chat"]\nrequests="6/day"\ninput_tokens=10\noutput_tokens=10\n')
    assert [(fault.key, fault.found) for fault in told] == [('segment."My Chat"', '"My Chat"')]
    assert told[0].wanted == "a name of up to 40 small letters, digits, - and _"


def test_numbers_that_are_not_finite_or_far_too_large_are_refused() -> None:
    for value in ("inf", "nan", "-inf", "1e400", "0x" + "f" * 4_000):
        told = faults(f"a = {value}", _Row)
        assert [fault.key for fault in told] == ["a"]
        assert len(told[0].found) <= 48


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: float = Field(gt=0, lt=1e9, allow_inf_nan=False)


def test_a_long_or_unprintable_value_is_shown_short() -> None:
    assert short("x" * 500) == '"' + "x" * 44 + "..."
    assert short("a\x1b[2Jb") == '"a\\u001b[2Jb"'
    assert str(Fault("a\x1b[2J\nb.toml", "", "gone", "a file")) == r"a\x1b[2J\nb.toml: found gone; wanted a file"
    assert short({"a": 1}) == "a table"
    assert short([1, 2, 3, 4]) == "[1, 2, 3, ...]"
    assert short(tomllib.loads("a = true")["a"]) == "true"


def test_a_record_that_is_no_table_is_refused() -> None:
    with pytest.raises(InputError, match=r"s\.toml: gpus\.mine: found 3; wanted a table"):
        check(Gpu, 3, "s.toml", "gpus.mine")  # type: ignore[arg-type]
