"""`wizard catalog quality`, floors of the user's own in scenarios and plans, and what is said of bad ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from made_plans import plan, run

from catalogs.profiles import profile_names
from solver.plan import ScoreHeld
from solver.refusals import Refusal, Rule
from wizard.plan_file import plan_of, plan_tables
from wizard.scenario_file import read_scenario, scenario_of, set_key, to_toml
from wizard.scenario_keys import value_at
from wizard.text.plan import plan_text
from wizard.text.quality import scores_text

SCENARIO = """
[segment.rag]
requests = "8k/day"
input_tokens = "6909 / 39.55k"
output_tokens = 350
task = "rag"
quality = {evaluation = "my-eval", at_least = 0.8}
[catalog.quality.my-eval]
date = "2026-11-20"
source = "300 of our prompts"
[catalog.quality.my-eval.scores]
"gpt-5.5" = 0.91
"llama-3.3-70b" = 0.85
"qwen3-32b" = 0.83
"qwen3-32b@awq" = 0.81
"gpt-oss-20b" = 0.6
"""
HELD = ScoreHeld(
    segment="chat", option="cloud/x", model="llama-3.3-70b", precision="awq", floor="high", benchmark="arena_text",
    date="2025-12-17", unit="arena score", threshold=1289.0, base_score=1319.0, score=1294.6, low=1280.0, high=1319.0,
    scored="llama-3.3-70b", source="a table", estimate="one run", note="sources disagree, the worse decides",
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "s.toml").write_text(SCENARIO)
    return tmp_path / "s.toml"


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run("catalog", "quality", *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_the_overview_has_a_column_for_each_profile_and_a_row_for_every_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = listed(capsys)
    assert [record["scenario"] for record in records] == list(profile_names())
    assert run("catalog", "quality") == 0
    text = capsys.readouterr().out
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    for row in [*records[0]["open"], *records[0]["closed"]]:
        assert row["model"] in text
    (chosen,) = (line for line in text.splitlines() if line.startswith(" claude-opus-5.5 "))
    assert chosen.split()[1] == ">="  # nobody has scored it, and Claude Opus 5 is at 1493 where `high` is 1384


def test_a_profile_tells_scores_by_table_and_why_a_model_does_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    (record,) = listed(capsys, "rag-search")
    assert run("catalog", "quality", "rag-search") == 0
    text = capsys.readouterr().out
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert "sources disagree, the worse decides" in text
    llama = next(row for row in record["open"] if row["model"] == "llama-3.3-70b")
    assert llama["passes_at"] == ["bf16", "fp8", "int8"]
    awq = llama["formats"]["awq"]
    assert awq["low"] <= awq["score"] < awq["threshold"] == 1285
    assert (awq["benchmark"], awq["date"]) == ("arena_text_long_user", "2025-12-17")
    nova = next(row for row in record["closed"] if row["model"] == "nova-micro")
    assert nova["score"] < nova["threshold"]


def test_a_scenario_is_judged_by_its_own_evaluation(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (record,) = listed(capsys, str(file))
    rows = {row["model"]: row for row in record["open"]}
    assert "awq" in rows["qwen3-32b"]["passes_at"]  # evaluated as such, at 0.81
    assert "gptq" not in rows["qwen3-32b"]["passes_at"]  # 0.83 x 0.917
    assert rows["gpt-oss-20b"]["passes_at"] == []
    assert rows["llama-3.1-8b"]["whole"]["unknown"]
    closed = {row["model"]: row for row in record["closed"]}
    assert (closed["gpt-6.1-sol"]["score"], closed["gpt-6.1-sol"]["bound"]) == (0.91, True)
    assert run("catalog", "quality", str(file)) == 0
    text = capsys.readouterr().out
    assert "share on my-eval of 2026-11-20, at least 0.8" in text


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("suport-chat",), "did you mean support-chat?"),
        (("agents", "rag-search"), "one profile, scenario or plan"),
        (("agents", "--write"), "wizard catalog refresh"),
    ],
)
def test_what_is_no_scenario_is_told(
    arguments: tuple[str, ...], wanted: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("catalog", "quality", *arguments) == 2
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "key", "wanted"),
    [
        ('"my-eval", at', '"my-evl", at', "segment.rag.quality.evaluation", "did you mean my-eval?"),
        ("at_least = 0.8", "at_least = 80", "segment.rag.quality.at_least", "at most 1"),
        ("at_least = 0.8", "at_least = -1", "segment.rag.quality.at_least", "at least 0"),
        ("at_least = 0.8", 'at_least = "0.8"', "segment.rag.quality.at_least", "a number"),
        (", at_least = 0.8", "", "segment.rag.quality.at_least", "the key at_least"),
        ("at_least = 0.8", 'at_least = 0.8, date = "2026-01-01"', "segment.rag.quality.date", "one date"),
        ("evaluation =", "evalution =", "segment.rag.quality.evalution", "did you mean evaluation?"),
        ('evaluation = "my-eval"', 'benchmark = "arena_txt"', "segment.rag.quality.benchmark", "arena_text"),
        ('evaluation = "my-eval"', 'at_most = 3, benchmark = ""', "segment.rag.quality.at_most", "an unknown key"),
        ('{evaluation = "my-eval", at_least = 0.8}', "3", "segment.rag.quality", "low, mid, high, frontier"),
        ('"qwen3-32b@awq"', '"qwen3-32b@int5"', 'catalog.quality.my-eval.scores."qwen3-32b@int5"', "a precision"),
    ],
)
def test_a_bad_floor_is_told_by_its_key(
    old: str, new: str, key: str, wanted: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in SCENARIO
    file.write_text(SCENARIO.replace(old, new, 1))
    assert run("validate", str(file)) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if key in line]
    assert told
    assert wanted in told[0]
    assert str(file) in told[0]


def test_a_floor_goes_to_toml_and_back_and_is_set_from_the_command_line(file: Path) -> None:
    scenario = read_scenario(file)
    assert value_at(scenario, "segment.rag.quality") == "evaluation=my-eval, at_least=0.8"
    again = file.with_name("again.toml")
    again.write_text(to_toml(scenario))
    assert read_scenario(again) == scenario
    tables = set_key(scenario.model_dump(exclude_defaults=True), "rag.quality", "benchmark=arena_text, at_least=1384")
    demand: Any = scenario_of(tables, "f").segment["rag"].quality
    assert (demand.benchmark, demand.evaluation, demand.at_least) == ("arena_text", "", 1384)
    word = scenario_of(set_key(tables, "rag.quality", "high"), "f")
    assert word.segment["rag"].quality == "high"
    assert read_scenario(file, ["rag.quality.at_least=0.7"]).segment["rag"].quality.at_least == 0.7  # type: ignore[union-attr]


def test_a_plan_holds_the_scores_in_text_and_in_its_file() -> None:
    held = plan().model_copy(update={"scores": (HELD,), "refusals": ()})
    assert plan_of(plan_tables(held), "f") == held
    text = " ".join(" ".join(scores_text(held)).split())
    assert "llama-3.3-70b at awq: 1,295 (1,280 to 1,319 seen) of 1,289 arena score on arena_text of 2025-12-17" in text
    assert "sources disagree, the worse decides" in text
    assert "est: one run" in text
    assert scores_text(plan()) == []


def test_a_refusal_is_followed_by_what_more_is_known_of_it() -> None:
    refusal = Refusal(
        segment="chat", option="x:awq/*", rule=Rule.QUALITY, found=0.79, wanted=0.8, unit="share on my-eval",
        note="A says 93 %, B says 99 %",
    )  # fmt: skip
    lines = plan_text(plan().model_copy(update={"refusals": (refusal,)})).splitlines()
    at = next(i for i, line in enumerate(lines) if "x:awq/*" in line)
    assert lines[at + 1].strip() == "A says 93 %, B says 99 %"
