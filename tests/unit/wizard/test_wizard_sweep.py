"""`wizard sweep`: ranges read, the table, the map, the drawing, CSV and JSON; bad input is exit code 2."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from made_plans import CHAT, run

import wizard.spread
from solver.sweep_records import Axis, Sweep, SweepPoint
from wizard.commands.sweep import bar, progress_bar
from wizard.text.sweep import columns, sweep_csv, sweep_text
from wizard.text.sweep_plot import sweep_plot


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "chat.toml"
    path.write_text(CHAT)
    return str(path)


def axis(lever: str = "requests", moves: tuple[float, ...] = (0.5, 1.0, 2.0), **more: Any) -> Axis:
    values: dict[str, Any] = {
        "lever": lever, "title": lever.replace("_", " "), "unit": "requests/month", "steps": False, "log": True,
        "moves": moves, "values": tuple(1e6 * by for by in moves),
    }  # fmt: skip
    return Axis(**(values | more))


def point(*moves: float, api: float = 100.0, own: float | None = 150.0, **more: Any) -> SweepPoint:
    own_wins = own is not None and own < api
    values: dict[str, Any] = {
        "moves": moves, "strategies": {"closed_api": api, "open_api": None, "self_hosted": own, "today": None},
        "winner": "self_hosted" if own_wins else "closed_api", "cheapest": "self_host" if own_wins else "stay_on_api",
        "cheapest_per_month": min(api, own or api), "bound_per_month": min(api, own or api),
        "verdict": "self_host" if own_wins else "stay_on_api", "total_per_month": min(api, own or api), "proven": True,
    }  # fmt: skip
    return SweepPoint(**(values | more))


def curve(**more: Any) -> Sweep:
    points = tuple(point(by, api=100.0 * by, **more) for by in (0.5, 1.0, 2.0))
    return Sweep(currency="EUR", axes=(axis(),), points=points, gap=1e-3)


def grid() -> Sweep:
    up = axis("gpu_price", (0.5, 1.0), unit="", values=(None, None))
    points = tuple(point(by, gpu, api=100.0 * by, own=150.0 * gpu) for by in (0.5, 1.0, 2.0) for gpu in (0.5, 1.0))
    return Sweep(currency="EUR", axes=(axis(), up), points=points, gap=1e-3)


def test_a_sweep_of_real_options_is_a_table(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", file, "--vary", "api_price=0.5x..2x", "--points", "3", "--jobs", "1") == 0
    printed = capsys.readouterr()
    rows = [line.split() for line in printed.out.splitlines() if re.match(r"\s+[0-9.]+x ", line)]
    assert [row[0] for row in rows] == ["0.5x", "1x", "2x"]
    assert all("stay on the API" in line for line in printed.out.splitlines() if re.match(r"\s+[0-9.]+x ", line))
    assert printed.err == ""  # no bar where stderr is no terminal


def test_the_csv_has_a_column_for_all_and_a_row_for_each_point() -> None:
    rows = [*csv.reader(io.StringIO(sweep_csv(grid())))]
    assert rows[0] == [
        "requests_by", "requests", "gpu_price_by", "gpu_price", "closed_api", "open_api", "self_hosted", "today",
        "winner", "cheapest_verdict", "cheapest", "cheapest_bound", "verdict", "total", "proven",
    ]  # fmt: skip
    assert rows[0] == [*columns(grid())]
    assert len(rows) == 1 + 6
    assert all(len(row) == len(rows[0]) for row in rows)
    first = dict(zip(rows[0], rows[1], strict=True))
    assert (first["requests_by"], first["requests"], first["gpu_price"]) == ("0.5", "500000.0", "")
    assert (first["closed_api"], first["open_api"], first["self_hosted"]) == ("50.0", "", "75.0")
    assert (first["verdict"], first["proven"]) == ("stay_on_api", "true")


def test_json_is_the_record(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", file, "--vary", "requests=0.5x,1x", "--jobs", "1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "wizard.sweep/1"
    assert found["axes"][0]["moves"] == [0.5, 1.0]
    assert [each["moves"] for each in found["points"]] == [[0.5], [1.0]]
    one, other = found["points"]
    assert one["strategies"]["self_hosted"] is None
    assert one["cheapest_per_month"] < other["cheapest_per_month"]


def test_the_map_has_a_mark_for_each_point_and_the_second_lever_goes_up() -> None:
    text = sweep_text(grid(), "chat")
    verdicts = [line for line in text.splitlines() if re.match(r" +[0-9.]+x \|", line)]
    # Self-hosting costs 150 x the GPU's factor, the API 100 x the requests': it wins in the last column, and at half
    # the price in the last two.
    assert [line.split("|")[1].split() for line in verdicts[:2]] == [["A", "A", "S"], ["A", "S", "S"]]
    assert [line.split("|")[1].split() for line in verdicts[2:]] == [["c", "c", "s"], ["c", "s", "s"]]
    assert [line.split("|")[0].strip() for line in verdicts[:2]] == ["1x", "0.5x"]
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_the_drawing_has_no_colour_and_with_ascii_nothing_else() -> None:
    drawn = sweep_plot(curve(), "chat", ascii_only=True)
    assert drawn.isascii()
    assert "\x1b" not in sweep_plot(curve(), "chat")
    assert max(map(len, drawn.splitlines())) <= 80
    assert {"c", "s", "#"} <= set("".join(line for line in drawn.splitlines() if "|" in line or "+" in line))
    assert "verdict from left to right: AAS" in drawn
    assert "open API" not in drawn  # it has no plan anywhere
    assert "0.5x" in drawn
    assert sweep_plot(curve(), "chat") == sweep_plot(curve(), "chat")
    assert "Cheapest pure strategy" in sweep_plot(grid(), ascii_only=True)


def test_a_point_that_time_has_cut_is_marked_and_the_exit_code_says_so(
    file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.commands.sweep.sweep", lambda *_: curve(proven=False))
    assert run("sweep", file, "--vary", "requests=0.5x,1x,2x", "--jobs", "1") == 4
    out = capsys.readouterr().out
    assert out.count(" *") == 3
    assert "3 of 3 points are not proven" in out


def test_out_writes_what_would_be_printed(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.commands.sweep.sweep", lambda *_: curve())
    assert run("sweep", file, "--vary", "requests=0.5x,1x", "--jobs", "1", "--csv", "--out", "curve.csv") == 0
    assert (tmp_path / "curve.csv").read_text() == sweep_csv(curve())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ([], "0 of them"),
        (["requests=1x..2x"] * 3, "3 of them"),
        (["requests=1x..2x"] * 2, "the same lever twice"),
        (["request=1x..2x"], "did you mean requests?"),
        (["requests"], "no range"),
        (["requests=10x..1x"], "from less to more"),
        (["requests=0x..2x"], "factors or changes"),
        (["requests=1..2"], "factors or changes"),
        (["requests=nanx..2x"], "factors or changes"),
        (["requests=1x"], "LEVER=RANGE"),
        (["requests=1x..2x..3x"], "factors or changes"),
        (["requests=0.5x..1e9x"], "within 0.01x..100x"),
        (["requests=-100%..+50%"], "factors or changes"),
        (["quality=0.5x..2x"], "whole steps"),
        (["quality=-3..0"], "within 0..3"),
        (["salary=0.5x..2x", "quality=0.5..1"], "whole steps"),
        (["quality=0..1e12"], "within 0..3"),  # checked before a point is made of each step
        (["requests=" + ",".join(f"{1 + i / 1e4}x" for i in range(2501))], "2501 points; wanted at most 2500"),
    ],
)
def test_a_bad_range_is_told_with_what_is_wanted(
    ranges: list[str], says: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sweep", file, *(word for each in ranges for word in ("--vary", each)), "--jobs", "1") == 2
    assert says in capsys.readouterr().err


def test_bad_points_and_missing_clusters_are_bad_input(
    file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    vary = ("--vary", "requests=1x..2x")
    assert run("sweep", file, *vary, "--points", "1") == 2
    assert run("sweep", file, *vary, *("--vary", "gpu_price=1x..2x"), "--points", "51") == 2
    assert "from 2 to 50 points" in capsys.readouterr().err
    assert run("sweep", file, *vary, "--backend", "dask") == 2
    assert "tcp://10.0.0.1:8786" in capsys.readouterr().err
    monkeypatch.setattr(wizard.spread, "find_spec", lambda name: None)
    for backend, package in (("dask", "distributed"), ("ray", "ray")):
        assert run("sweep", file, *vary, "--backend", backend, "--address", "tcp://127.0.0.1:1") == 2
        assert f"the package {package}" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["0", "-2", "1.5", "1000000000", "\u00b2", "9" * 50])
def test_processes_are_counted(jobs: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", file, "--vary", "requests=0.5x,1x", "--jobs", jobs) == 2
    assert "wanted 1 to 1024 processes, or -1" in capsys.readouterr().err


def test_without_a_stdout_points_are_solved_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with wizard.spread.spread_over() as spread:
        in_turn: Any = spread
        assert list(in_turn(str, (1, 2))) == ["1", "2"]


def test_an_address_that_nothing_uses_is_told(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", file, "--vary", "requests=0.5x,1x", "--address", "tcp://10.0.0.1:8786") == 2
    assert "--address: found tcp://10.0.0.1:8786; wanted --backend dask or ray" in capsys.readouterr().err


def test_where_nothing_fits_at_any_point_the_exit_code_says_so(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--vary", "requests=0.5x,1x", "--jobs", "1", "--set", "policy.budget=1/month", "--json")
    assert run("sweep", file, *words) == 3
    assert [point["total_per_month"] for point in json.loads(capsys.readouterr().out)["points"]] == [None, None]


def test_the_bar_says_how_far_it_is_and_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bar(5, 10, 12.0) == "[###############...............] 5 of 10 points, about 12 s left"
    assert bar(10, 10, 20.0).endswith("] 10 of 10 points, 20 s")
    assert progress_bar() is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert progress_bar() is not None


def test_where_the_self_hosted_curve_falls_it_is_said_what_enters_there() -> None:
    def text(**more: Any) -> str:
        points = (point(0.5, own=150.0), point(1.0, own=160.0, pools=("self_run",)), point(2.0, own=90.0, **more))
        return " ".join(sweep_text(Sweep(currency="EUR", axes=(axis(),), points=points, gap=1e-3)).split())

    said = text(pools=("self_run", "serverless"))
    assert "Self-hosted falls from 1x to 2x, as serverless hosting enters, which may serve only from there on" in said
    assert "meet a warm replica" in said
    assert "as other designs enter" in text(pools=("self_run",))
    rising = (point(0.5, own=150.0), point(1.0, own=160.0))
    assert "falls" not in sweep_text(Sweep(currency="EUR", axes=(axis(moves=(0.5, 1.0)),), points=rising, gap=1e-3))
    cheaper = Sweep(currency="EUR", axes=(axis("commitment"),), points=(point(0.5), point(1.0, own=90.0)), gap=1e-3)
    assert "falls" not in sweep_text(cheaper)  # a longer commitment may well be cheaper
