"""`wizard explain --worlds --robust --doubts --stress`, on the article's team whose three options are soon solved."""

import json
from pathlib import Path

import pytest
from made_plans import run

PLAN = Path(__file__).parents[3] / "saved_plans" / "article-team-self-hosts.toml"
ASKED = ("explain", str(PLAN), "--quick", "--flips", "0", "--worlds", "12", "--workers", "1")


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_how_sure_stands_in_the_json_with_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ASKED, "--robust", "q90", "--stress", "--doubts", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    sure = told["how_sure"]
    worlds = sure["worlds"]
    assert (worlds["count"], worlds["recommended"]) == (12, told["verdict"])
    assert worlds["cost"]["q5"] <= worlds["cost"]["q50"] <= worlds["cost"]["q95"]
    assert all(each["source"] and each["date"] for each in worlds["ranges"])
    assert sum(each["wins"] for each in worlds["strategies"]) == pytest.approx(1)
    assert worlds["check"]["worst"] <= worlds["gap"]
    hybrid = worlds["strategies"][1]
    (signed,) = hybrid["signed"]
    assert signed.startswith("3 x llama-4-70b:int8/1xh100-sxm")  # the article's three H100s
    # three reserved H100s are 4,500 a month, paid in every world
    assert hybrid["cost"]["q5"] > 4500
    assert sure["robust"]["value"] <= sure["robust"]["recommended_value"]
    nearness = [each["nearness"] for each in sure["doubts"]["doubts"] if each["flips"]]
    assert nearness == sorted(nearness)
    assert {each["subject"] for each in sure["doubts"]["doubts"]} >= {"llama-4-70b on bulk", "volume"}
    (limit,) = sure["stress"]["limits"]
    assert (limit["segment"], limit["breaks"]) == ("bulk", ["both"])


def test_the_text_tells_it_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ASKED, "--robust", "regret") == 0
    printed = capsys.readouterr().out
    assert "12 worlds (seed 0), EUR a month" in printed
    assert "Waiting a quarter on APIs" in printed
    assert "Least worst-case regret" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())


@pytest.mark.parametrize("wrong", [("--robust", "q0"), ("--robust", "worst"), ("--worlds", "many"), ("--seed", "-1")])
def test_what_cannot_be_asked_is_refused(wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", str(PLAN), *wrong) == 2
    assert f'found "{wrong[1]}"; wanted' in capsys.readouterr().err
