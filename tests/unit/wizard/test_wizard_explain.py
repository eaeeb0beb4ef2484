"""`wizard explain`, and the demands in conflict wherever they are shown."""

import json
import re
import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tomli_w
from made_plans import SCENARIO, fake_decide, no_plan, plan, run

import wizard.commands.explain as explain_command
import wizard.commands.saved as saved_command
from catalogs.toml_file import InputError
from solver.explanation.conflict import Conflict
from solver.explanation.doubt_records import RankedDoubt, RankedDoubts
from solver.explanation.explain import Explanation, explanation_of
from solver.explanation.flip_records import Flip, Flips
from solver.explanation.sure import Sure
from solver.plan import Plan, rounded
from wizard.commands.explain import again
from wizard.plan_file import plan_of, plan_tables
from wizard.scenario_file import question_of
from wizard.screens.plan_none import no_plan as no_plan_view
from wizard.store import keep, plan_in
from wizard.text.conflict import conflict_lines, setting
from wizard.text.plan import plan_text
from wizard.text.topics import TOPICS

SHIPPED = Path(__file__).parents[3] / "saved_plans" / "article-options-a-to-d.toml"
SETS = (
    Conflict(
        requirement="segment.chat.processing_in", found="de", repair="de, us", total_per_month_then=4841.8,
        changes={"segment.chat.processing_in": "de, us"},
    ),
    Conflict(
        requirement="segment.chat.ttft", found="200 ms", repair=None, total_per_month_then=12_900.0,
        changes={"segment.chat.ttft": "340 ms", "policy.budget": "12.9k/month"}, why="the rest stays in conflict",
    ),
    Conflict(
        requirement="policy.budget", found="100/month", repair="509/month", total_per_month_then=508.03,
        changes={"policy.budget": "509/month"}, number=2,
    ),
)  # fmt: skip


def conflicting() -> Plan:
    return no_plan().model_copy(update={"conflict": SETS, "conflict_notes": ("the search ended after 36 s",)})


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "chat.toml"
    path.write_text(tomli_w.dumps(SCENARIO))
    return path


def test_without_a_plan_the_conflict_is_printed_and_the_code_is_3(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_decide(monkeypatch, conflicting())
    assert run("explain", str(file)) == 3
    printed = capsys.readouterr().out
    assert printed.startswith("chat\nNO PLAN FITS")
    assert re.search(r"chat\.processing_in +de +de, us +4,841\.80\n", printed)
    assert "chat.ttft=340 ms and policy.budget=12.9k/month mend it together" in " ".join(printed.split())
    assert "--set chat.processing_in='de, us'" in printed
    assert printed.isascii()
    assert max(map(len, printed.splitlines())) <= 80


def test_the_json_of_no_plan_is_the_contract(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_decide(monkeypatch, conflicting())
    assert run("explain", str(file), "--json") == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["verdict"], found["total_per_month"]) == ("wizard.explanation/1", "no_plan", None)
    assert found["conflict"][0] == {
        "requirement": "segment.chat.processing_in", "found": "de", "repair": "de, us", "total_per_month_then": 4841.8,
        "changes": {"segment.chat.processing_in": "de, us"}, "why": "", "number": 1,
    }  # fmt: skip
    assert found["conflict"][1]["repair"] is None


def test_with_a_plan_the_verdict_and_its_arithmetic_are_printed(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_decide(monkeypatch, plan())
    assert run("explain", str(file)) == 0
    printed = capsys.readouterr().out
    for segment in plan().segments:
        assert segment.name in printed
        for served in segment.served_by:
            assert served.option[:50] in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_a_saved_plan_is_explained_as_it_stands_and_a_moved_one_says_what_came_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = plan_in(SHIPPED)
    assert saved is not None
    asked = ("explain", str(SHIPPED), "--quick", "--flips", "0", "--json")
    monkeypatch.setattr(explain_command, "decided_until", lambda *_: plan())  # told only where it is solved again
    monkeypatch.setattr(saved_command, "catalog_of", lambda _: SimpleNamespace(as_of=saved.catalog_as_of))
    assert run(*asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total_per_month"] == saved.total_per_month
    assert found["rests_on"] == "the saved plan as it stands, not solved again"
    assert run(*asked, "--set", "policy.headroom=0.4") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total_per_month"] == plan().total_per_month
    assert "another result" in found["rests_on"]
    assert f"{saved.total_per_month:,.2f}" in found["rests_on"]
    assert "the saved plan's" in again(saved, saved, "the catalog moved")


def test_of_one_segment_only_its_demands_and_the_policys_are_told(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = SETS[0].model_copy(update={"requirement": "segment.tags.quality"})
    made = conflicting().model_copy(update={"conflict": (*SETS, other)})
    assert [each.requirement for each in explanation_of(made, "chat").conflict] == [
        "segment.chat.processing_in", "segment.chat.ttft", "policy.budget",
    ]  # fmt: skip
    assert run("explain", str(file), "--out", "") == 2
    assert 'found ""; wanted a file to write' in capsys.readouterr().err
    assert run("explain", str(file), "--segment", "chart") == 2
    assert "did you mean chat?" in capsys.readouterr().err


def test_the_topic_names_every_key_of_the_json() -> None:
    documented = set(re.findall(r"\w+", TOPICS["explain"]))
    keys = {field.alias or name for name, field in Explanation.model_fields.items()} | set(Conflict.model_fields)
    assert keys <= documented
    assert max(map(len, TOPICS["explain"].splitlines())) <= 80


def test_the_words_that_mend_can_be_typed() -> None:
    for member in SETS:
        words = shlex.split(setting(member.changes))
        sets = [word for word in words if word != "--set"]
        scenario = question_of(SCENARIO, "made", sets).scenario
        for key, text in member.changes.items():
            table, *_, field = key.split(".")
            record = scenario.segment["chat"] if table == "segment" else scenario.policy
            assert str(record.model_dump()[field]) == text


def test_solve_and_show_tell_the_conflict_and_the_file_holds_it() -> None:
    made = conflicting()
    text = plan_text(made)
    assert "In conflict" in text
    assert "chat.processing_in" in text
    assert max(map(len, text.splitlines())) <= 80
    again = plan_of(plan_tables(rounded(made)), "made")
    assert sorted(again.conflict, key=lambda one: one.requirement) == sorted(SETS, key=lambda one: one.requirement)
    assert again.conflict_notes == made.conflict_notes


def test_where_nothing_was_found_only_the_note_is_told() -> None:
    assert conflict_lines((), (), "USD") == []
    assert conflict_lines((), ("the catalog holds none",), "USD") == ["In conflict: the catalog holds none"]


def test_the_screen_of_no_plan_shows_one_demand_a_row() -> None:
    view = no_plan_view(conflicting())
    assert [row.cells for row in view.rows] == [
        ("1  chat.processing_in", "de", "de, us", "4,842"), ("1  chat.ttft", "200 ms", "not alone", ""),
        ("2  policy.budget", "100/month", "509/month", "508"),
    ]  # fmt: skip
    assert view.about["segment.chat.processing_in"].endswith("solves again: chat.processing_in de, us")
    assert "the search ended after 36 s" in view.foot


def kept_flips() -> Flips:
    values: dict[str, Any] = {
        "lever": "requests", "title": "requests", "what": "verdict", "side": "up", "unit": "requests/month",
        "value_now": 1e6, "before": "stay_on_api",
    }  # fmt: skip
    near = Flip(**values, by=2.5, still_by=2.48, value=2.5e6, distance=0.916291, after="hybrid", total_per_month=9.5)
    words = {"lever": "quality", "title": "quality floor", "value_now": "mid", "side": "down"}
    return Flips(
        verdict="stay_on_api",
        flips=(near, Flip(**(values | words))),
        still={"salary": "no people"},
        seconds=3.0,
        solves=9,
    )


def kept_doubts(verdict: str) -> RankedDoubts:
    doubt = RankedDoubt(
        kind="price", subject="a/b", action="ask for the price of a/b", unit="times the price", told=1.0, low=0.5,
        high=None, flips=True, nearness=0.5, at="low", then="no_plan", decides_per_month=2400.0,
    )  # fmt: skip
    return RankedDoubts(verdict=verdict, doubts=(doubt,), solves=4, seconds=2.0)


def copied(folder: Path) -> tuple[Path, Plan]:
    """A file of one's own with a shipped plan, and the plan."""
    path = folder / "mine.toml"
    path.write_text(SHIPPED.read_text())
    saved = plan_in(path)
    assert saved is not None
    return path, saved


def test_what_explain_keeps_is_read_again_without_a_solve_and_changes_nothing_else_of_the_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, saved = copied(tmp_path)
    ranking = kept_doubts(saved.verdict)
    monkeypatch.setattr(saved_command, "catalog_of", lambda _: SimpleNamespace(as_of=saved.catalog_as_of))
    monkeypatch.setattr(explain_command, "catalog_of", lambda _: None)
    monkeypatch.setattr("solver.explanation.flips.flips_of", lambda *_, **__: kept_flips())
    monkeypatch.setattr("solver.explanation.sure.sure_of", lambda *_, **__: Sure(doubts=ranking))
    monkeypatch.setattr("solver.explanation.with_reasons.with_reasons", lambda plan, *_: plan)
    assert run("explain", str(path), "--doubts", "--keep", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    again_read = plan_in(path)
    assert again_read is not None
    timeless = {"seconds": 0.0}
    assert again_read.flips == kept_flips().model_copy(update=timeless)
    assert again_read.ranking == ranking.model_copy(update=timeless)
    assert again_read.model_copy(update={"flips": None, "ranking": None}) == saved
    monkeypatch.setattr("solver.explanation.flips.flips_of", None)  # whoever looked for them again would fail
    assert run("explain", str(path), "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert second["flips"] == {**first["flips"], **timeless}
    assert second["flips"]["flips"][1]["distance"] is None
    assert second["next_steps"] == first["next_steps"]
    assert second["next_steps"][0]["figure"] == 2400
    assert run("show", str(path)) == 0
    assert "What would flip it" in (shown := capsys.readouterr().out)
    assert "Ask for the price of a/b first." in shown
    for refused in (("--set", "policy.headroom=0.4"), ("--overlay", str(path))):
        assert run("explain", str(path), "--keep", *refused) == 2
        assert "the plan's own question" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["reasons", "flips", "sure"])
def test_stopped_at_any_stage_nothing_more_is_looked_for_and_the_file_stays(
    stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, saved = copied(tmp_path)
    stages = ["reasons", "flips", "sure"]
    looked: list[str] = []

    def look(name: str, found: object) -> Callable[..., object]:
        def looking(*_: object, limit_s: float = 0.0, stop: threading.Event | None = None) -> object:
            looked.append(name)
            if name == stage:
                raise KeyboardInterrupt
            return found

        return looking

    monkeypatch.setattr(saved_command, "catalog_of", lambda _: SimpleNamespace(as_of=saved.catalog_as_of))
    monkeypatch.setattr(explain_command, "catalog_of", lambda _: None)
    monkeypatch.setattr("solver.explanation.with_reasons.with_reasons", look("reasons", saved))
    monkeypatch.setattr("solver.explanation.flips.flips_of", look("flips", kept_flips()))
    monkeypatch.setattr("solver.explanation.sure.sure_of", look("sure", Sure()))
    assert run("explain", str(path), "--doubts", "--keep") == 130
    assert looked == stages[: stages.index(stage) + 1]
    assert "the plan's file is as it was" in capsys.readouterr().err
    assert path.read_text() == SHIPPED.read_text()


def test_only_a_plan_that_stands_and_that_nobody_changed_meanwhile_keeps_what_was_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("explain", str(file), "--keep") == 2
    assert "a saved plan that stands" in capsys.readouterr().err
    path, saved = copied(tmp_path)
    before = saved.model_copy(update={"day": "2020-01-01"})
    with pytest.raises(InputError, match="another plan by now"):
        keep(path, before, before)
    assert path.read_text() == SHIPPED.read_text()
    path.write_text(SHIPPED.read_text() + "\n[plan.ranking.doubt]\nx = 1\n[plan.flips]\nverdict = 'hybrid'\nflip = 3\n")
    assert run("explain", str(path)) == 2
    told = capsys.readouterr().err
    assert "plan.flips.flip" in told
    assert "plan.ranking.doubt.x" in told
