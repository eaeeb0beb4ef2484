"""The five shipped profiles: complete scenarios whose every default says where it comes from."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from catalogs.profiles import profile_names, profiles
from solver.scenario import Scenario
from solver.units import Tokens

TRACES = Path(__file__).parents[4] / "shared" / "data" / "trace_tokens.csv"
NAMES = list(profile_names())


def leaves(tables: Mapping[str, Any], under: str = "") -> Iterator[str]:
    for key, value in tables.items():
        path = f"{under}.{key}".strip(".")
        yield from leaves(value, path) if isinstance(value, dict) else (path,)


def defaults(name: str) -> set[str]:
    tables = {key: value for key, value in profiles()[name].items() if key not in ("profile", "sources")}
    return set(leaves(tables))


def test_the_five_profiles_are_offered_with_a_title_each() -> None:
    assert NAMES == ["support-chat", "rag-search", "code-assistant", "bulk-tagging", "agents"]
    assert all(0 < len(title) <= 60 for title in profile_names().values())


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_a_scenario_that_names_itself(name: str) -> None:
    assert Scenario.model_validate(profiles()[name]).profile == name


@pytest.mark.parametrize("name", NAMES)
def test_every_default_has_a_source_and_every_source_a_default(name: str) -> None:
    sources = profiles()[name]["sources"]
    assert set(sources) == defaults(name)
    assert all(len(text) > 20 for text in sources.values())


@pytest.mark.parametrize("name", NAMES)
def test_an_estimate_says_how_it_was_made(name: str) -> None:
    estimates = [text for text in profiles()[name]["sources"].values() if "estimate" in text]
    assert estimates
    assert all(text.startswith("estimate: ") for text in estimates)


@pytest.mark.parametrize("name", NAMES)
def test_no_default_passes_for_the_persons_own_answer(name: str) -> None:
    assert not [text for text in profiles()[name]["sources"].values() if text.startswith(("you", "checklist"))]


def test_only_bulk_tagging_may_wait_and_has_no_latency_limit() -> None:
    segments = {
        name: next(iter(Scenario.model_validate(tables).segment.values())) for name, tables in profiles().items()
    }
    assert [name for name, segment in segments.items() if segment.may_wait] == ["bulk-tagging"]
    assert [name for name, segment in segments.items() if segment.ttft is None] == ["bulk-tagging"]


def test_changing_one_copy_of_a_profile_changes_no_other() -> None:
    profiles()["agents"]["segment"]["steps"]["requests"] = "1/day"
    assert profiles()["agents"]["segment"]["steps"]["requests"] != "1/day"


@pytest.mark.parametrize(
    ("name", "segment", "trace", "sides"),
    [
        ("support-chat", "chat", "azure2023_conv", ("input", "output")),
        ("rag-search", "rag", "mooncake_conversation", ("input", "output")),
        ("code-assistant", "completion", "azure2023_code", ("input", "output")),
        ("agents", "steps", "mooncake_synthetic", ("input", "output")),
    ],
)
def test_token_lengths_are_those_of_the_trace_that_is_named(
    name: str, segment: str, trace: str, sides: tuple[str, ...]
) -> None:
    if not TRACES.exists():
        pytest.skip("the shared data is not here")
    with TRACES.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["trace"] == trace)
    for side in sides:
        tokens = Tokens.model_validate(profiles()[name]["segment"][segment][f"{side}_tokens"])
        assert tokens.p50 == pytest.approx(float(row[f"{side}_p50"]), rel=2e-3)
        assert tokens.p95 == pytest.approx(float(row[f"{side}_p95"]), rel=2e-3)
