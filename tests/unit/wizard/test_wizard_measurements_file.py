"""Several that measure into one overlay at once: every point arrives, and what stood there stays."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from made_plans import run

from catalogs.measurements import MeasuredPoint
from catalogs.toml_file import read_toml
from wizard.measurements_file import append

SWEEP = Path(__file__).parent / "bench_results" / "vllm_sweep.jsonl"
ON = ["--gpu", "h100-sxm", "--tp", "1", "--precision", "bf16", "--engine", "vllm"]
MINE = "# mine\n[gpu_prices.lab]\ngpu = 'h100-sxm'\nprice_per_hour = 1.5"


@pytest.mark.parametrize("folder", [".", "new/folder"])
def test_writers_of_one_overlay_at_once_lose_nothing(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("measure", str(SWEEP), *ON, "--json") == 0
    points = [MeasuredPoint.model_validate(read["point"]) for read in json.loads(capsys.readouterr().out)["reads"]]
    assert len(points) == 4
    many = [point.model_copy(update={"id": f"{point.id}-{each}"}) for point in points for each in range(4)]
    mine = Path(folder) / "mine.toml"
    if folder == ".":
        mine.write_text(MINE)
    together = Barrier(len(many))

    def put(point: MeasuredPoint) -> int:
        together.wait()
        return len(append(mine, (point,)))

    with ThreadPoolExecutor(len(many)) as writers:
        assert list(writers.map(put, many)) == [1] * len(many)
    assert set(read_toml(mine)["measurements"]) == {point.id for point in many}
    assert folder != "." or mine.read_text().startswith(MINE)
    assert [each.name for each in mine.parent.iterdir()] == ["mine.toml"]


def test_an_overlay_without_a_name_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--into "$UNSET"` would else print the points and keep none."""
    assert run("measure", str(SWEEP), *ON, "--into", "") == 2
    assert "found a directory; wanted a TOML file" in capsys.readouterr().err
