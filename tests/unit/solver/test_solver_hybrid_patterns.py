"""The four hybrid patterns come out of four shipped scenarios by solving, and go with the figures that make them."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from mistake_cases import solved

from solver.decide import decide
from solver.explanation.findings import PATTERNS, PatternId
from solver.plan import Plan, rounded
from solver.scenario import Scenario
from wizard.commands.solve import catalog_of
from wizard.plan_file import plan_of, plan_tables
from wizard.scenario_file import question_of, read_question
from wizard.text.plan import plan_text

SHIPPED = Path(__file__).parents[3] / "saved_plans"
NAMES: dict[PatternId, str] = {
    "bulk_hard": "hybrid-bulk-hard",
    "steady_spikes": "hybrid-steady-spikes",
    "sensitive_general": "hybrid-sensitive-general",
    "fine_tunes_base": "hybrid-fine-tunes",
}


def asked(name: str) -> Scenario:
    return read_question(SHIPPED / f"{name}.toml").scenario


@cache
def plan(name: str, *sets: str) -> Plan:
    question = read_question(SHIPPED / f"{name}.toml", sets)
    return decide(question.scenario, catalog_of(question))


def test_every_pattern_ships() -> None:
    assert set(NAMES) == set(PATTERNS) == set(get_args(PatternId))


@pytest.mark.parametrize("pattern", NAMES)
def test_a_shipped_scenario_comes_out_as_its_pattern_proven_and_within_seconds(pattern: PatternId) -> None:
    found = plan(NAMES[pattern])
    assert (found.status, found.verdict) == ("optimal", "hybrid")
    assert [each.id for each in found.patterns] == [pattern]
    assert found.mistakes == ()
    assert found.seconds < 10
    assert found.gap is not None
    assert found.gap <= 1e-4


@pytest.mark.parametrize("pattern", NAMES)
def test_the_shares_of_a_pattern_are_those_of_the_plans_own_segments(pattern: PatternId) -> None:
    found, scenario = plan(NAMES[pattern]), asked(NAMES[pattern])
    tokens = {
        name: part.requests.per_month * (part.input_tokens.mean + part.output_tokens.mean)
        for name, part in scenario.segment.items()
    }
    sides = {
        kind: sum(
            each.share * tokens[segment.name] for segment in found.segments for each in segment.served_by
            if each.kind == kind
        ) / sum(tokens.values())
        for kind in ("pool", "api")
    }  # fmt: skip
    (each,) = found.patterns
    assert each.pool_share == pytest.approx(sides["pool"])
    assert each.api_share == pytest.approx(sides["api"])
    assert set(each.self_hosted) | set(each.api) == set(tokens)


@pytest.mark.parametrize(
    ("pattern", "sets"),
    [
        ("bulk_hard", ("analysis.quality=low",)),
        ("steady_spikes", ("load=flat", "chat.requests=1M/month")),
        ("sensitive_general", ("records.max_retention_days=none", "records.no_training=false")),
        ("fine_tunes_base", ("routing.features=none",)),
    ],
)
def test_without_the_figure_that_makes_it_a_plan_is_not_the_pattern(pattern: PatternId, sets: tuple[str, ...]) -> None:
    changed = plan(NAMES[pattern], *sets)
    assert changed.total_per_month is not None
    assert pattern not in {each.id for each in changed.patterns}


def test_a_pattern_is_told_by_no_name() -> None:
    tables = _renamed(tomllib.loads((SHIPPED / "hybrid-bulk-hard.toml").read_text(encoding="utf-8"))["scenario"])
    question = question_of(tables, "renamed.toml")
    (each,) = decide(question.scenario, catalog_of(question)).patterns
    assert (each.id, each.self_hosted, each.api) == ("bulk_hard", ("s1",), ("s2",))


def _renamed(tables: dict[str, Any]) -> dict[str, Any]:
    segments = {f"s{i}": part for i, part in enumerate(tables["segment"].values(), 1)}
    return {**tables, "segment": segments, "sources": {}}


def test_plans_that_are_no_hybrid_have_no_pattern() -> None:
    for name in ("fallback-1-triggers", "revisit-1-triggers"):
        assert solved(name).verdict != "hybrid"
        assert solved(name).patterns == ()


def test_a_pattern_stands_in_the_file_and_the_text_of_a_plan() -> None:
    found = rounded(plan("hybrid-steady-spikes"))
    assert plan_of(plan_tables(found), "plan").patterns == found.patterns
    text = plan_text(found)
    assert PATTERNS["steady_spikes"] in " ".join(text.split())
    assert all(len(line) <= 80 for line in text.splitlines())
