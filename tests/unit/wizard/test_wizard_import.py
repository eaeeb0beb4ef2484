"""`wizard import melange`: buckets and GPUs as a scenario of the same optimum, and every fault of the file."""

import json
import subprocess
import sys
from copy import deepcopy
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from made_plans import run

from catalogs.catalog import load_catalog
from catalogs.toml_file import InputError
from solver.options import problem_of
from solver.problem import Problem
from solver.refusals import Rule
from wizard.importers.melange import scenario_of
from wizard.scenario_file import read_question

# 8 requests/s of the first bucket, 2 of the second, which only the small GPU serves: it takes 2 of them whole, and the
# first bucket 0.8 of a large one at 3.0, where 4 more small ones would cost 4.0.
BEST_PER_HOUR = 2 * 1.0 + 3.0
TWO: dict[str, Any] = {
    "gpu_info": {
        "Small": {"cost": 1.0, "tputs": [[2, 1.0]]},
        "Large-80GB": {"cost": 3.0, "tputs": [[10, 0]]},
    },
    "workload_distribution": [[0.8, 0.2]],
    "total_request_rate": 10,
    "slice_factor": 4,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def written(given: Any, name: str = "peer.json") -> Path:
    path = Path(name)
    path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    return path


def changed(*keys: str | int, to: Any) -> dict[str, Any]:
    """The file of two GPUs with one value changed, or left out where it is `...`."""
    given = deepcopy(TWO)
    place: Any = given
    for key in keys[:-1]:
        place = place[key]
    if to is ...:
        del place[keys[-1]]
    else:
        place[keys[-1]] = to
    return given


def problem(given: dict[str, Any]) -> Problem:
    scenario = scenario_of(written(given))
    return problem_of(scenario, load_catalog(overlays=[("peer.toml", {"catalog": scenario.catalog})]))


def test_the_imported_scenario_is_solved_to_the_hourly_optimum_times_730(capsys: pytest.CaptureFixture[str]) -> None:
    written(TWO)
    assert run("import", "melange", "peer.json", "--out", "peer.toml") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "wrote peer.toml: 2 segments, 10 requests/s" in told.err
    assert run("validate", "peer.toml") == 0
    capsys.readouterr()
    assert run("solve", "peer.toml", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["total_per_month"] == pytest.approx(BEST_PER_HOUR * 730, rel=1e-12)
    assert plan["bound_per_month"] == pytest.approx(BEST_PER_HOUR * 730, rel=1e-4)
    assert {line["unit"] for line in plan["lines"]} == {"replica-hour"}
    assert {pool["gpu"]: pool["replicas"][0]["count"] for pool in plan["pools"]} == {
        "melange-small": 2, "melange-large-80gb": 1,
    }  # fmt: skip
    assert {each["name"] for each in plan["segments"]} == {"in0-out0", "in0-out1"}


def test_without_out_the_scenario_is_printed_and_is_the_one_that_would_be_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(TWO)
    assert run("import", "melange", "peer.json") == 0
    printed = capsys.readouterr().out
    assert run("import", "melange", "peer.json", "--out", "peer.toml") == 0
    assert Path("peer.toml").read_text(encoding="utf-8") == printed
    assert read_question("peer.toml").scenario == scenario_of("peer.json")


def test_a_file_that_is_there_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    written(TWO)
    Path("mine.toml").write_text("mine")
    assert run("import", "melange", "peer.json", "--out", "mine.toml") == 2
    assert Path("mine.toml").read_text() == "mine"
    assert "a file of that name" in capsys.readouterr().err


def test_only_a_throughput_of_0_turns_a_gpu_of_the_file_down() -> None:
    found = problem(TWO)
    at = {design.gpu: k for k, design in enumerate(found.designs)}
    small, large = found.kappa[:, at["melange-small"]], found.kappa[:, at["melange-large-80gb"]]
    assert small.tolist() == [1 / 2, 1.0]
    assert large[0] == 1 / 10
    assert isnan(large[1])
    assert [(r.segment, r.option) for r in found.refusals if r.rule is Rule.OWN_RATE] == [
        ("in0-out1", "served-model:bf16/1xmelange-large-80gb/vllm")
    ]
    assert [r.rule for r in found.refusals if "served-model:bf16/1xmelange" in r.option] == [Rule.OWN_RATE]
    assert (found.apis, found.fixed_costs, found.people, found.charges) == ((), (), None, {})
    assert found.blocks.hours.tolist() == [pytest.approx(730)]
    assert found.blocks.peak.tolist() == [[8.0], [2.0]]
    assert found.headroom.tolist() == [0.0, 0.0]
    ways = {(m, way.price, way.availability) for design in found.designs for m, way in design.purchases.items()}
    assert ways == {("on_demand", 1.0, 1.0), ("on_demand", 3.0, 1.0)}


def test_a_bucket_without_a_share_is_no_segment_and_needs_no_gpu() -> None:
    given = changed("workload_distribution", to=[[1.0, 0]])
    given["gpu_info"]["Small"]["tputs"] = [[2, 0]]
    assert list(scenario_of(written(given)).segment) == ["in0-out0"]


def test_the_names_of_gpus_become_ids_that_are_neither_shipped_nor_shared() -> None:
    gpu = {"cost": 1.0, "tputs": [[1, 1]]}
    names = ("H100 SXM", "h100-sxm", "H100_SXM", "é", 'T4 "x"')
    scenario = scenario_of(written(changed("gpu_info", to=dict.fromkeys(names, gpu))))
    ids = list(scenario.catalog["gpus"])
    assert ids == ["melange-h100-sxm", "melange-h100-sxm-2", "melange-h100-sxm-3", "melange-gpu", "melange-t4-x"]
    assert [each["name"] for each in scenario.catalog["gpus"].values()] == list(names)
    assert not set(ids) & set(load_catalog().gpus)


def test_seventy_buckets_keep_every_pair_and_every_request() -> None:
    rows, columns = 10, 7
    given = {
        "gpu_info": {
            name: {"cost": cost, "tputs": [[power / (1 + i + 2 * j) for j in range(columns)] for i in range(rows)]}
            for name, cost, power in (("a", 1.0, 8.0), ("b", 1.9, 16.0))
        },
        "workload_distribution": [[1 / (rows * columns)] * columns] * rows,
        "total_request_rate": 32.0,
    }
    found = problem(given)
    assert len(found.segments) == 70
    assert found.blocks.peak.sum() == pytest.approx(32.0, rel=1e-9)
    at = {design.gpu: k for k, design in enumerate(found.designs)}
    for name, power in (("melange-a", 8.0), ("melange-b", 16.0)):
        wanted = [(1 + i + 2 * j) / power for i in range(rows) for j in range(columns)]
        assert found.kappa[:, at[name]].tolist() == pytest.approx(wanted, rel=1e-11)


FAULTS: list[tuple[Any, str, str]] = [
    # What stands in the file, the key that the message names, and words of what was found or is wanted.
    ("", "line 1", "no JSON"),
    ("{", "line 1", "no JSON"),
    ('{"total_request_rate": 1, "total_request_rate": 2}', "", 'the key "total_request_rate" stands twice'),
    ("[" * 100_000, "", "no JSON"),
    ("[]", "", "an object with gpu_info"),
    ("9" * 5000, "", "no JSON"),
    ({}, "gpu_info", "found nothing"),
    ({"gpu_info": {}}, "workload_distribution", "found nothing"),
    (changed("total_request_rate", to=...), "total_request_rate", "found nothing"),
    (changed("gpu_info", "Small", "cost", to=...), "gpu_info.Small.cost", "found nothing"),
    (changed("gpu_info", "Small", "tputs", to=...), "gpu_info.Small.tputs", "found nothing"),
    (changed("gpu_infos", to={}), "gpu_infos", "did you mean gpu_info?"),
    (changed("gpu_info", to={}), "gpu_info", "at least 1 entry"),
    (changed("gpu_info", to=[{"name": "Small"}]), "gpu_info", "wanted an object in braces"),
    (changed("gpu_info", "Small", to=3), "gpu_info.Small", "wanted an object in braces"),
    (changed("gpu_info", "", to=TWO["gpu_info"]["Small"]), 'gpu_info.""', "a name of up to 80 letters"),
    (changed("gpu_info", "a\nb", to=TWO["gpu_info"]["Small"]), 'gpu_info."a\\nb"', "a name of up to 80 letters"),
    (changed("gpu_info", "Small", "cost", to=0), "gpu_info.Small.cost", "more than 0"),
    (changed("gpu_info", "Small", "cost", to=-1.0), "gpu_info.Small.cost", "more than 0"),
    (changed("gpu_info", "Small", "cost", to=nan), "gpu_info.Small.cost", "a finite number"),
    (changed("gpu_info", "Small", "cost", to="1.0"), "gpu_info.Small.cost", "a number"),
    (changed("gpu_info", "Small", "cost", to=10**400), "gpu_info.Small.cost", "number"),
    (changed("gpu_info", "Small", "tputs", to=[2, 1]), "gpu_info.Small.tputs.0", "a list in square brackets"),
    (changed("gpu_info", "Small", "tputs", to=[[2]]), "gpu_info.Small.tputs", "1 rows of 2, as workload_distribution"),
    (changed("gpu_info", "Small", "tputs", to=[[2, 1], [2, 1]]), "gpu_info.Small.tputs", 'found "2 rows of 2'),
    (changed("gpu_info", "Small", "tputs", to=[]), "gpu_info.Small.tputs", "0 rows of nothing"),
    (changed("gpu_info", "Small", "tputs", 0, 1, to=-1), "gpu_info.Small.tputs.0.1", "0 where the GPU cannot serve"),
    (changed("gpu_info", "Small", "tputs", 0, 1, to=1e-300), "gpu_info.Small.tputs.0.1", "requests/s from 1e-09"),
    (changed("gpu_info", "Small", "tputs", 0, 1, to=nan), "gpu_info.Small.tputs.0.1", "a finite number"),
    (changed("gpu_info", "Small", "tputs", 0, 1, to=True), "gpu_info.Small.tputs.0.1", "a number"),
    (changed("gpu_info", "Small", "tputs", 0, 1, to=None), "gpu_info.Small.tputs.0.1", "a number"),
    (changed("gpu_info", "Small", "tputs", 0, 1, to=0), "workload_distribution.0.1", "tputs of 0 on every GPU"),
    (changed("workload_distribution", to=[]), "workload_distribution", "no bucket"),
    (changed("workload_distribution", to=[[]]), "workload_distribution", "no bucket"),
    (changed("workload_distribution", to=[[1, 2], [3]]), "workload_distribution", "rows of as many columns"),
    (changed("workload_distribution", to=[[0, 0]]), "workload_distribution", "a share above 0"),
    (changed("workload_distribution", to=0.5), "workload_distribution", "a list in square brackets"),
    (changed("workload_distribution", 0, 0, to=-0.1), "workload_distribution.0.0", "at least 0"),
    (changed("workload_distribution", 0, 0, to=float("inf")), "workload_distribution.0.0", "a finite number"),
    (changed("workload_distribution", 0, 0, to=1e9), "workload_distribution.0.0", "at most 1e+06 requests/s"),
    (changed("total_request_rate", to=0), "total_request_rate", "more than 0"),
    (changed("total_request_rate", to=nan), "total_request_rate", "a finite number"),
    (changed("gpu_info", "Small", "tputs", to=[[2, 1e-7]]), "total_request_rate", "load of 2e+07 GPUs and more"),
    (changed("total_request_rate", to="30/s"), "total_request_rate", "a number"),
]


@pytest.mark.parametrize(("given", "key", "words"), FAULTS, ids=range(len(FAULTS)))
def test_each_fault_is_told_with_its_key_and_nothing_is_written(
    given: Any, key: str, words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(given)
    assert run("import", "melange", "peer.json", "--out", "peer.toml") == 2
    told = capsys.readouterr().err
    start = f"wizard: peer.json: {key}: found " if key else "wizard: peer.json: found "
    (line,) = [line for line in told.splitlines() if line.startswith(start)]
    assert words in line
    assert len(line) < 400
    assert [path.name for path in home.iterdir()] == ["peer.json"]


def test_all_faults_are_told_at_once() -> None:
    given = changed("gpu_info", "Small", "cost", to=-1)
    given["total_request_rate"] = -2
    with pytest.raises(InputError) as caught:
        scenario_of(written(given))
    assert {fault.key for fault in caught.value.faults} == {"gpu_info.Small.cost", "total_request_rate"}


@pytest.mark.parametrize("name", ["none.json", ".", "\0"])
def test_a_file_that_cannot_be_read_is_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    written(TWO, "nome.json")
    assert run("import", "melange", name) == 2
    told = capsys.readouterr().err
    assert "a JSON file" in told or "a readable JSON file" in told
    assert ("did you mean nome.json?" in told) == (name == "none.json")


def test_the_catalog_lists_rates_by_segment_from_least_to_most(capsys: pytest.CaptureFixture[str]) -> None:
    design = {"model": "qwen3-32b", "precision": "fp8", "gpu": "h100-sxm", "gpus": 1, "engine": "vllm"}
    rates = {
        "several": design | {"by_segment": {"a": 4.5, "b": 0}, "requests_per_second": 2},
        "one": design | {"requests_per_second": 3},
    }
    Path("mine.toml").write_text(tomli_w.dumps({"rates": rates}))
    assert run("catalog", "rates", "--overlay", "mine.toml") == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if "qwen3-32b" in line}
    assert rows["several"][1:5] == ["0", "to", "4.5", "qwen3-32b"]
    assert rows["one"][1:3] == ["3", "qwen3-32b"]


def test_an_unknown_format_is_refused_by_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", "orange", "peer.json") == 2
    assert "melange" in capsys.readouterr().err


def test_an_import_loads_neither_the_screens_nor_a_solver(home: Path) -> None:
    code = (
        "import sys\nfrom wizard.cli import main\nmain(sys.argv[1:])\n"
        "heavy = {'textual', 'highspy', 'pulp', 'numpy'} & set(sys.modules)\nsys.stderr.write(f'LOADED {heavy}')"
    )
    written(TWO)
    done = subprocess.run(
        [sys.executable, "-c", code, "import", "melange", "peer.json"], capture_output=True, text=True, check=True
    )
    assert done.stderr == "LOADED set()"
    assert done.stdout.startswith("# What wizard import melange read")
