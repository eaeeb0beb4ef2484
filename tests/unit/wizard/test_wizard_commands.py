"""The commands in-process, with a recorded plan in the solver's place."""

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from made_plans import SCENARIO, Faked, fake_decide, no_plan, plan, run, scenario, small_catalog

from solver.plan import rounded
from solver.solve import Progress
from wizard.commands.solve import progress_teller
from wizard.scenario_file import to_toml
from wizard.store import as_saved, load, save
from wizard.text.json import json_text

KEYS = {
    "schema", "status", "verdict", "currency", "total_per_month", "bound_per_month", "gap", "lines", "baselines",
    "segments", "pools", "refusals", "refusal_counts", "doubts", "catalog_as_of", "seconds",
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, state folder and no terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("WIZARD_PLANS", raising=False)
    return tmp_path


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch) -> Faked:
    return fake_decide(monkeypatch, plan())


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "chat.toml"
    path.write_text(tomli_w.dumps(SCENARIO))
    return path


def test_new_saves_the_plan_and_prints_it(decide: Faked, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", "bot", "--profile", "support-chat", "--yes", "--set", "chat.requests=80k/day") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("bot\nHYBRID")
    assert "saved saved_plans/bot.toml" in printed.err
    saved = load(home / "saved_plans" / "bot.toml")
    assert saved.plan == as_saved(plan())
    assert str(saved.scenario.segment["chat"].requests) == "80k/day"
    assert saved.scenario == decide.asked[0]
    assert saved.saved == time.strftime("%Y-%m-%d")


def test_without_a_terminal_new_asks_nothing_even_without_yes(decide: Faked, home: Path) -> None:
    assert run("new", "bot", "--profile", "rag-search", "--plans", "mine") == 0
    assert (home / "mine" / "bot.toml").is_file()


def test_new_and_solve_print_the_same_json(
    decide: Faked, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("new", "bot", "--profile", str(file), "--json", "--out", "kept.toml") == 0
    new = json.loads(capsys.readouterr().out)
    assert run("solve", "kept.toml", "--json") == 0
    assert json.loads(capsys.readouterr().out) == new
    assert run("show", "kept.toml", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == new | {"seconds": 0.0}, "a file holds no time of the machine that made it"
    assert set(new) >= KEYS


def test_the_json_is_the_contract(decide: Faked, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("solve", str(file), "--json")
    printed = capsys.readouterr().out
    assert printed.isascii()
    found = json.loads(printed)
    assert found["schema"] == "wizard.plan/1"
    assert found["total_per_month"] == pytest.approx(sum(line["per_month"] for line in found["lines"]), abs=1e-9)
    for line in found["lines"]:
        assert line["quantity"] * line["price"] == pytest.approx(line["per_month"], abs=1e-6)
    assert sum(part["share"] for part in found["segments"][0]["served_by"]) == pytest.approx(1, abs=1e-6)
    assert {"name", "total_per_month", "why_null"} <= set(found["baselines"][1])
    assert found["baselines"][1]["total_per_month"] is None
    assert set(found["pools"][0]["replicas"][0]) == {"purchase", "block", "count"}
    assert set(found["refusals"][0]) >= {"segment", "option", "rule", "found", "wanted", "unit"}


def test_fifty_refusals_are_printed_and_all_with_all(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = plan().refusals[1]
    many = tuple(one.model_copy(update={"option": f"o{i:02d}", "distance": i / 10}) for i in reversed(range(80)))
    fake_decide(monkeypatch, plan(refusals=many))
    run("solve", str(file), "--json")
    assert [r["option"] for r in json.loads(capsys.readouterr().out)["refusals"]] == [f"o{i:02d}" for i in range(50)]
    run("solve", str(file), "--json", "--all")
    assert len(json.loads(capsys.readouterr().out)["refusals"]) == 80


def test_a_taken_name_is_refused_before_anything_is_solved(
    decide: Faked, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(no_plan(), scenario(), "bot", home / "saved_plans")
    before = path.read_bytes()
    assert run("new", "bot", "--profile", "support-chat", "--yes") == 2
    assert run("new", "other", "--profile", "support-chat", "--yes", "--out", str(path)) == 2
    assert decide.asked == []
    assert path.read_bytes() == before
    assert "a file of that name" in capsys.readouterr().err


def test_when_nothing_fits_the_rules_are_named_the_code_is_3_and_nothing_is_saved(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_decide(monkeypatch, no_plan())
    assert run("new", "bot", "--profile", "support-chat", "--yes") == 3
    printed = capsys.readouterr()
    assert printed.out.startswith("bot\nNO PLAN FITS")
    assert "64 first token too late, 31 memory" in printed.out
    assert "nearest for chat:" in printed.out
    assert "nothing was saved" in printed.err
    assert not (home / "saved_plans").exists()


def test_json_of_no_plan_has_nulls(
    monkeypatch: pytest.MonkeyPatch, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_decide(monkeypatch, no_plan())
    assert run("solve", str(file), "--json") == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["total_per_month"], found["bound_per_month"], found["gap"]) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "gap", "code"),
    [
        ({"status": "time_limit", "gap": 0.031}, "1e-4", 4),
        ({"status": "time_limit", "gap": 0.031}, "0.05", 0),
        ({"status": "stopped", "gap": 0.5}, "1e-4", 130),
        ({"status": "time_limit", "total_per_month": None, "gap": None, "verdict": "no_plan", "lines": ()}, "0.5", 4),
    ],
)
def test_the_exit_code_tells_how_the_solve_ended(
    monkeypatch: pytest.MonkeyPatch, file: Path, changes: dict[str, Any], gap: str, code: int
) -> None:
    fake = fake_decide(monkeypatch, plan(**changes))
    assert run("solve", str(file), "--gap", gap, "--limit", "7") == code
    assert fake.limits == (float(gap), 7.0)


def test_out_writes_the_format_of_its_name_and_prints_nothing(
    decide: Faked, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("solve", str(file), "--out", "plan.json") == 0
    assert json.loads((home / "plan.json").read_text())["verdict"] == "hybrid"
    assert run("solve", str(file), "--out", "plan.txt") == 0
    assert (home / "plan.txt").read_text().startswith("chat\nHYBRID")
    assert capsys.readouterr().out == ""
    assert run("solve", str(file), "--out", "best.toml", "--json") == 0
    assert load(home / "best.toml").name == "best"
    assert json.loads(capsys.readouterr().out)["verdict"] == "hybrid"


def test_solve_writes_over_its_own_plan_and_over_nothing_else(
    decide: Faked, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_bytes()
    assert run("solve", str(file), "--out", str(file)) == 2
    assert file.read_bytes() == before
    assert decide.asked == []
    assert run("solve", str(file), "--out", "best.toml") == 0
    assert run("solve", str(file), "--out", "best.toml") == 0
    (home / "best.toml").rename(home / "other.toml")
    assert run("solve", str(file), "--out", "other.toml") == 2
    assert load(home / "other.toml").name == "best"


def test_toml_prints_what_would_be_saved(decide: Faked, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("solve", str(file), "--toml") == 0
    tables = tomllib.loads(capsys.readouterr().out)
    assert tables["schema"] == "wizard.plan/1"
    assert tables["plan"]["verdict"] == "hybrid"


def test_a_plan_can_be_solved_by_its_name_and_changed_by_set(
    decide: Faked, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(plan(), scenario(), "bot", home / "saved_plans")
    assert run("solve", "bot", "--set", "policy.headroom=10%") == 0
    assert decide.asked[0].policy.headroom == pytest.approx(0.1)
    assert decide.asked[0].segment == scenario().segment


def test_without_a_terminal_wizard_alone_prints_the_examples_plan(
    decide: Faked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    assert capsys.readouterr().out.startswith("support-chat\nHYBRID")
    assert list(decide.asked[0].segment) == ["chat"]


def test_a_fault_in_the_solver_is_one_line_and_a_log(
    monkeypatch: pytest.MonkeyPatch, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_decide(monkeypatch, ZeroDivisionError("in the middle\nof it"))
    assert run("solve", str(file)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        f"wizard: our fault: ZeroDivisionError: in the middle; the log is {home}/state/wizard/wizard.log"
    ]
    assert "Traceback" in (home / "state" / "wizard" / "wizard.log").read_text()


def test_list_shows_each_plan_in_one_line_and_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(plan(), scenario(), "bot", home / "saved_plans", "2026-11-24")
    save(no_plan(), scenario(), "none", home / "saved_plans", "2026-11-24")
    (home / "saved_plans" / "bad.toml").write_text("x")
    assert run("list") == 0
    printed = capsys.readouterr()
    assert [line.split() for line in printed.out.splitlines()] == [
        ["Plan", "Verdict", "A", "month", "Gap", "Saved", "Segments"],
        ["bad", "!", "cannot", "be", "read", "-", "-", "-", "-"],
        ["bot", "hybrid", "2,546.33", "EUR", "0.00039%", "2026-11-24", "2"],
        ["none", "no", "plan", "fits", "-", "EUR", "-", "2026-11-24", "2"],
    ]
    assert "bad.toml: line 1" in printed.err
    assert run("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["verdict"], row["total_per_month"]) for row in rows] == [
        ("bad", None, None), ("bot", "hybrid", 2546.333333), ("none", "no_plan", None),
    ]  # fmt: skip


def test_the_plans_option_counts_before_and_after_the_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(plan(), scenario(), "bot", home / "here")
    for arguments in (("--plans", "here", "list"), ("list", "--plans", "here")):
        assert run(*arguments) == 0
        assert "bot" in capsys.readouterr().out


def test_show_prints_the_saved_plan_as_text_and_as_the_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(plan(), scenario(), "bot", home / "saved_plans")
    assert run("show", "bot") == 0
    assert capsys.readouterr().out.startswith("bot\nHYBRID")
    assert run("show", str(path), "--toml") == 0
    assert capsys.readouterr().out == path.read_text()


def test_diff_tells_what_changed_and_10_when_asked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(plan(), scenario(), "old", home / "saved_plans")
    dearer = plan().lines[2].model_copy(update={"per_month": 17.0, "price": 17 / 7})
    lines = (*plan().lines[:2], dearer, plan().lines[3])
    save(plan(lines=lines), scenario(horizon="2 years"), "new", home / "saved_plans")
    assert run("diff", "old", "old", "--exit-code") == 0
    assert "nothing changed" in capsys.readouterr().out
    assert run("diff", "old", "new") == 0
    printed = capsys.readouterr().out
    assert "hybrid (unchanged)" in printed
    assert "2,546.33 -> 2,556.33  +10.00  +0.4%" in printed
    assert "~ horizon" in printed
    assert run("diff", "old", "saved_plans/new.toml", "--exit-code", "--json") == 10
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "wizard.comparison/1"
    assert found["difference"] == pytest.approx(10.0, abs=1e-5)
    assert {change["subject"] for change in found["changes"]} == {"total", "bill", "scenario"}


def test_diff_of_a_scenario_says_how_to_make_a_plan_of_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diff", str(file), "nowhere") == 2
    printed = capsys.readouterr().err
    assert f"wizard solve {file} --out NAME.toml" in printed
    assert "nowhere: found no such file" in printed


def test_validate_tells_all_faults_of_all_files_at_once(
    home: Path, file: Path, decide: Faked, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = home / "bad.toml"
    bad.write_text('horizn = "12 months"\n[segment.chat]\nrequests = 5\ninput_tokens = "1k"\noutput_tokens = 10\n')
    good = save(plan(), scenario(), "bot", home)
    assert run("validate", str(file), str(bad), str(good)) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"{file}: ok, scenario", f"{good}: ok, plan"]
    assert f"{bad}: horizn: found an unknown key" in printed.err
    assert "did you mean horizon?" in printed.err
    assert f"{bad}: segment.chat.requests: found 5; wanted an amount per period" in printed.err
    assert run("validate", str(bad), "--json") == 2
    assert {fault["key"] for fault in json.loads(capsys.readouterr().out)} == {"horizn", "segment.chat.requests"}
    assert run("validate", str(file)) == 0


def test_validate_names_the_load_shape_that_the_catalog_does_not_have(
    home: Path, decide: Faked, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "shape.toml"
    path.write_text(tomli_w.dumps({**SCENARIO, "load": "flatt"}))
    assert run("validate", str(path)) == 2
    assert 'load: found "flatt"; wanted a load shape of the catalog (did you mean flat?)' in capsys.readouterr().err


def test_schema_and_topics_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")
    for topic in ("environment", "exit-codes", "files", "keys", "json"):
        assert run("help", topic) == 0
        printed = capsys.readouterr().out
        assert printed.isascii()
        assert max(map(len, printed.splitlines())) <= 120
    assert run("help") == 0


def test_the_documented_json_keys_are_those_of_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    run("help", "json")
    text = capsys.readouterr().out
    described = {line.split()[0].removesuffix("[]") for line in text.splitlines() if line.startswith("  ")}
    assert set(json.loads(json_text(rounded(plan())))) <= described


def test_the_files_topic_holds_a_scenario_that_can_be_used(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("help", "files")
    text = capsys.readouterr().out.partition("A scenario\n")[2]
    path = home / "topic.toml"
    path.write_text(text)
    assert to_toml(load_scenario(path))


def load_scenario(path: Path) -> Any:
    from wizard.scenario_file import read_scenario

    return read_scenario(path)


def test_the_catalog_lists_tables_rows_and_one_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("catalogs.catalog.load_catalog", lambda **_: small_catalog())
    assert run("catalog") == 0
    assert "shapes" in capsys.readouterr().out
    assert run("catalog", "shapes") == 0
    printed = capsys.readouterr().out
    assert "azure2024_conversation" in printed
    assert "2026-11-20" in printed
    assert run("catalog", "shapes", "flat", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["source"], row["date"]) == ("flat", "made", "2026-11-20")
    assert run("catalog", "shapes", "flat") == 0
    assert capsys.readouterr().out.startswith("flat\n")
    assert run("catalog", "shapes", "flatt") == 2
    assert "did you mean flat?" in capsys.readouterr().err
    assert run("catalog", "shape") == 2
    assert "did you mean shapes?" in capsys.readouterr().err


def test_progress_says_best_bound_and_gap_as_they_come_and_is_quiet_between(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell = progress_teller()
    for report in (
        Progress("solve", 0.0, None, None, None),
        Progress("solve", 0.2, None, 90.0, None),
        Progress("solve", 0.4, 100.0, 90.0, 0.1),
        Progress("solve", 0.6, 100.0, 90.0, 0.1),
        Progress("solve", 6.0, 100.0, 90.0, 0.1),
        Progress("closed_api", 0.0, None, None, None),
    ):
        tell(report)
    assert capsys.readouterr().err.splitlines() == [
        "solve 0.0 s",
        "solve 0.2 s, cannot be under 90.00",
        "solve 0.4 s, best so far 100.00, cannot be under 90.00, gap 10.0%",
        "solve 6.0 s, best so far 100.00, cannot be under 90.00, gap 10.0%",
        "closed_api 0.0 s",
    ]
