"""Plans before and after `wizard measure`: a sweep is the rate, a point scales it, other designs change nothing."""

import json
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from made_plans import run

from catalogs.catalog import load_catalog
from catalogs.toml_file import read_toml

SWEEP = Path(__file__).parent / "bench_results" / "vllm_sweep.jsonl"
ON = ["--gpu", "h100-sxm", "--tp", "1", "--precision", "bf16", "--engine", "vllm"]
Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def measured(file: Path, *on: str) -> None:
    assert run("measure", str(file), *on, "--into", "mine.toml") == 0


# End to end: 150 requests/s of 1000 + 200 tokens on one H100 a replica, at a p95 of 500 ms and 25 ms.

SCENARIO: dict[str, Any] = {
    "load": "flat", "blocks": 1,
    "segment": {
        "chat": {
            "requests": "150/s", "input_tokens": 1000, "output_tokens": 200, "ttft": "500 ms", "tpot": "25 ms",
            "quality": "low",
        },
    },
    "policy": {
        "apis": False, "headroom": 0.0, "may_use": ["llama-3.1-8b:bf16/1xh100-sxm/vllm/*"],
        "purchase_types": ["on_demand"],
    },
}  # fmt: skip


def pool_of(capsys: Printed, *arguments: str) -> dict[str, Any]:
    """The only pool of the plan, its replicas counted."""
    Path("s.toml").write_text(tomli_w.dumps(SCENARIO))
    capsys.readouterr()
    assert run("solve", "s.toml", *arguments, "--json") == 0
    (pool,) = json.loads(capsys.readouterr().out)["pools"]
    return {**pool, "count": sum(each["count"] for each in pool["replicas"])}


def test_a_sweep_is_the_rate_of_a_replica_in_the_plan(capsys: Printed) -> None:
    """At 16/s offered 1600 / 103.2 s came through within the limits, at 24/s not."""
    before = pool_of(capsys)
    measured(SWEEP, *ON)
    after = pool_of(capsys, "--overlay", "mine.toml")
    assert before["measured"] == ""
    assert before["band"] > after["band"]
    assert "15.5 requests/s as measured in vllm bench serve, vllm_sweep.jsonl, 2026-11-20" in after["measured"]
    assert (after["band"], after["estimate"]) == (0.05, "")
    up = load_catalog().operations["availability_on_demand"].value
    assert after["count"] == ceil(150 / (1600 / 103.2) / up) == 10


def test_a_point_scales_and_the_plan_says_so_in_text_and_file(capsys: Printed) -> None:
    """8 in flight at 50 ms and 199 times 20 ms: 8 / 4.03 s come through."""
    found = json.loads(SWEEP.read_text().splitlines()[0])
    found |= {"request_rate": "inf", "max_concurrency": 8, "mean_tpot_ms": 20.0, "mean_ttft_ms": 50.0}
    found |= {"request_throughput": 8 / 4.03, "duration": 400 * 4.03 / 8}
    slow = Path("slow.json")
    slow.write_text(json.dumps(found))
    before = pool_of(capsys)
    measured(slow, *ON)
    after = pool_of(capsys, "--overlay", "mine.toml")
    assert after["band"] == 0.10
    assert "corrected by 1 point of vllm bench serve, slow.json" in after["measured"]
    assert after["count"] > before["count"]
    assert run("solve", "s.toml", "--overlay", "mine.toml", "--out", "kept.toml") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "speed measured, within 10.0%" in text
    assert read_toml("kept.toml")["plan"]["pool"][after["option"]]["measured"] == after["measured"]
    assert run("show", "kept.toml") == 0
    assert "speed measured" in " ".join(capsys.readouterr().out.split())


def test_a_measurement_of_another_design_changes_no_plan(capsys: Printed) -> None:
    before = pool_of(capsys)
    measured(SWEEP, *["h200-sxm" if each == "h100-sxm" else each for each in ON])
    assert pool_of(capsys, "--overlay", "mine.toml") == before
