"""`wizard catalog holes`: text, JSON, and files that are none."""

import json
from pathlib import Path

import pytest

from wizard.cli import main


def test_holes_of_one_profile_as_json_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "holes", "agents", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "wizard.holes/1"
    assert record["scenarios"] == ["agents"]
    first = record["holes"][0]
    assert main(["catalog", "holes", "agents"]) == 0
    text = capsys.readouterr().out
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert f"{first['refused']:,}  {first['what']}" in text
    assert "> [models.NAME] layers" in text


def test_an_overlay_fills_a_hole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text('[gpu_prices."mine/gaudi3"]\ngpu = "gaudi3"\nprice_per_hour = 2.0\n')

    def lacking(*more: str) -> set[str]:
        assert main(["catalog", "holes", "agents", "--json", *more]) == 0
        return {hole["what"] for hole in json.loads(capsys.readouterr().out)["holes"]}

    assert lacking() - lacking("--overlay", str(overlay)) == {"price of gaudi3"}


def test_what_is_no_scenario_is_bad_input_all_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("x = \n")
    assert main(["catalog", "holes", "no-such-plan", str(bad)]) == 2
    err = capsys.readouterr().err
    assert "no-such-plan" in err
    assert "line 1" in err
