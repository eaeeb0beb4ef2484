"""`wizard catalog refresh` on files: what is printed, what is written, what is refused."""

import errno
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogs import exchange, prices
from wizard.cli import main

SOURCES = Path(__file__).parents[1] / "catalogs" / "refresh_sources"


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "figures"
    shutil.copytree(prices.FIGURES, folder)
    monkeypatch.setattr(prices, "FIGURES", folder)
    yield folder
    exchange._own_days.cache_clear()
    exchange._quotes.cache_clear()


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """A day's index in which one price has fallen from 49.24 to 40 dollars, and one from 18 to 17."""
    text = (SOURCES / "2026-10-10.csv").read_text(encoding="utf-8").replace("2026-10-10,", "2026-11-20,")
    path = tmp_path / "2026-11-20.csv"
    path.write_text(text.replace("global,Global,8,21.6,", "global,Global,8,20.52,"), encoding="utf-8")
    return path


def text_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")}


def test_a_file_named_twice_is_written_once_and_nothing_where_the_report_cannot_be(
    figures: Path, day: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = text_of(figures)
    words = ("catalog", "refresh", "--write", "--from", str(day), "--from", str(day))
    assert main([*words, "--out", "."]) == 2
    assert "found a folder; wanted a file to write" in capsys.readouterr().err
    assert text_of(figures) == before
    assert main(words) == 0
    after = text_of(figures)
    assert sum(len(after[name].splitlines()) - len(before[name].splitlines()) for name in before) == 1


def test_a_currency_that_changes_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for table in ("holes", "quality"):
        assert main(["catalog", table, "--currency", "EUR"]) == 2
        assert f'--currency: found with "{table}"; wanted a table' in capsys.readouterr().err


def test_a_name_of_the_terminals_own_is_not_sent_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["gpus", "\x1b[2J"], ["\x1b[2J"], ["refresh", "\x1b[2J"]):
        assert main(["catalog", *words]) == 2
        said = capsys.readouterr().err
        assert "\x1b" not in said
        assert "u001b[2J" in said


def test_without_write_nothing_changes(figures: Path, day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = text_of(figures)
    assert main(["catalog", "refresh", "--from", str(day)]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "gpu-price-index, prices of 2026-11-20: 10 compared; 1 changed" in out.replace("\n", " ")
    assert "-5.0%" in out  # 20.52 / 21.6 - 1
    assert "1 rows to append: --write" in out
    assert text_of(figures) == before


def test_with_write_a_row_is_appended_and_nothing_else(
    figures: Path, day: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = text_of(figures)
    assert main(["catalog", "refresh", "gpu-price-index", "--from", str(day), "--write", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "wizard.refresh/1"
    assert record["written"] == {"gpu_prices.csv": 1}
    (changed,) = [change for change in record["changes"] if change["kind"] == "changed"]
    assert (changed["ours"], changed["theirs"], changed["written"]) == (21.6, 20.52, True)
    after = text_of(figures)
    assert {name for name in after if after[name] != before[name]} == {"gpu_prices.csv"}
    assert after["gpu_prices.csv"].startswith(before["gpu_prices.csv"])
    assert after["gpu_prices.csv"].removeprefix(before["gpu_prices.csv"]) == (
        "coreweave,vm,nvidia-a100,a100-80gb-sxm,8,global,on_demand,20.52,USD,2026-11-20,"
        "github.com/ewyluda/gpu-price-index 2026-11-20.csv,\n"
    )
    assert sorted(path.name for path in figures.iterdir() if path.name.startswith(".")) == []


def test_tables_that_cannot_be_written_are_told_and_stay(
    figures: Path, day: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    before = text_of(figures)
    monkeypatch.setattr("wizard.commands.refresh.tempfile.mkstemp", refuse)
    assert main(["catalog", "refresh", "--from", str(day), "--write"]) == 2
    err = capsys.readouterr().err
    assert "Read-only file system" in err
    assert "nothing was written" in err
    assert text_of(figures) == before


def test_a_bad_file_beside_a_good_one_writes_nothing(
    figures: Path, day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "eurofxref.csv"
    bad.write_text("Date,USD\nsome day,1\n")
    before = text_of(figures)
    assert main(["catalog", "refresh", "--from", str(day), "--from", str(bad), "--write"]) == 2
    assert "line 2" in capsys.readouterr().err
    assert text_of(figures) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["refresh", "gpu-prices"], "wanted one of genai-prices, litellm, gpu-price-index, skypilot, ecb"),
        (["refresh", "skypilot"], "--from .../CLOUD/vms.csv"),
        (["refresh", "--from", "no-such-file.csv"], "no such file"),
        (["refresh", "ecb", "litellm", "--from", "x"], "found 2 sources"),
        (["refresh", "ecb", "--date", "soon"], "wanted a day such as 2026-11-24"),
        (["gpus", "--write"], "wanted wizard catalog refresh"),
        (["gpus", "h100-sxm", "l4"], "found 2 ids"),
    ],
)
def test_what_cannot_be_done_is_bad_input(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_a_file_the_installed_packages_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "refresh"]) == 0
    streams = capsys.readouterr()
    assert "genai-prices, version" in streams.out
    assert "ecb, rates of" in streams.out
    assert "skypilot: not read; --from takes" in streams.err
