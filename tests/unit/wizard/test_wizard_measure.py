"""`wizard measure`: three tools' files read alike, what cannot be refused, overlays kept, and plans that change."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from made_plans import run

from catalogs.catalog import load_catalog
from catalogs.toml_file import InputError, read_toml
from wizard.importers.bench.names import format_told, model_id
from wizard.importers.bench.read import read_runs

FILES = Path(__file__).parent / "bench_results"
SWEEP, TOLD, OLD = FILES / "vllm_sweep.jsonl", FILES / "vllm_metadata.json", FILES / "vllm_0.8.5.json"
ON = ["--gpu", "h100-sxm", "--tp", "1", "--precision", "bf16", "--engine", "vllm"]
Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def changed(file: Path, change: Callable[[Any], None]) -> str:
    """A copy of a file of one object (of the sweep: its first line) with something changed; its name."""
    found = json.loads(file.read_text().splitlines()[0] if file.suffix == ".jsonl" else file.read_text())
    change(found)
    Path("changed.json").write_text(json.dumps(found))
    return "changed.json"


def with_fields(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda found: found.update(fields)


# What the tools' own servers were told to do: 110 ms to the first token and 23.5 ms between tokens, 40 of them.


@pytest.mark.parametrize(
    ("name", "tool", "in_flight", "arrivals"),
    [
        ("guidellm_concurrent.json", "GuideLLM 0.8.1", [1, 8], "closed"),
        ("aiperf_1.json", "aiperf 0.13.0", [1], "closed"),
        ("aiperf_8.json", "aiperf 0.13.0", [8], "closed"),
        ("guidellm_poisson.json", "GuideLLM 0.8.1", [None, None], "poisson"),
        ("aiperf_poisson.json", "aiperf 0.13.0", [None], "poisson"),
    ],
)
def test_real_runs_of_a_known_server_are_read_as_it_ran(
    name: str, tool: str, in_flight: list[int | None], arrivals: str
) -> None:
    runs = read_runs(FILES / name)
    assert [each.max_in_flight for each in runs] == in_flight
    for each in runs:
        assert (each.tool, each.arrivals, each.date) == (tool, arrivals, "2026-11-27")
        assert each.model == "meta-llama/Llama-3.1-8B-Instruct"
        assert each.output_tokens == 40
        assert each.tpot_ms["mean"] == pytest.approx(23.5, rel=0.02)
        assert 110 <= each.ttft_ms["p50"] <= each.ttft_ms["p95"]
        whole = each.ttft_ms["mean"] + 39 * each.tpot_ms["mean"]
        if each.max_in_flight:
            assert each.requests_per_second * whole / 1e3 == pytest.approx(each.max_in_flight, rel=0.1)


def test_both_tools_tell_the_rates_they_offered() -> None:
    assert [each.offered_per_second for each in read_runs(FILES / "guidellm_poisson.json")] == [1.0, 4.0]
    assert [each.offered_per_second for each in read_runs(FILES / "aiperf_poisson.json")] == [4.0]


def test_guidellms_time_per_output_token_holds_the_first_and_is_not_taken() -> None:
    found = json.loads((FILES / "guidellm_concurrent.json").read_text())
    theirs = found["benchmarks"][0]["metrics"]["time_per_output_token_ms"]["successful"]["mean"]
    ours = read_runs(FILES / "guidellm_concurrent.json")[0].tpot_ms["mean"]
    assert theirs > 1.05 * ours


def test_lines_of_vllm_are_a_run_each_with_lengths_of_what_was_completed() -> None:
    runs = read_runs(SWEEP)
    assert [each.offered_per_second for each in runs] == [4.0, 8.0, 16.0, 24.0]
    assert [each.at for each in runs] == ["line 1", "line 2", "line 3", "line 4"]
    first = runs[0]
    assert (first.input_tokens, first.output_tokens, first.date, first.arrivals) == (1000, 200, "2026-11-20", "poisson")
    assert first.ttft_ms == {"mean": 68.0, "p50": 62.0, "p95": 110.0, "p99": 150.0}


def test_vllm_0_8_5_with_its_odd_key_and_p99_alone_is_read() -> None:
    assert "request_goodput:" in json.loads(OLD.read_text())
    (old,) = read_runs(OLD)
    assert old.ttft_ms == {"mean": 70.0, "p50": 64.0, "p99": 160.0}


@pytest.mark.parametrize(
    ("fields", "arrivals", "offered"),
    [
        ({"request_rate": "inf"}, "all_at_once", None),
        ({"request_rate": "inf", "max_concurrency": 16}, "closed", None),
        ({"request_rate": 4}, "poisson", 4.0),
        ({"request_rate": "4"}, "poisson", 4.0),
        ({"burstiness": 5.0}, "constant", 4.0),
        ({"max_concurrency": 64}, "poisson", 4.0),  # 7.6 in flight by Little's law
        ({"max_concurrency": 8}, "closed", None),  # the limit set the pace, and no TTFT holds the wait before it
    ],
)
def test_what_vllm_was_asked_for_tells_how_requests_came(
    fields: dict[str, Any], arrivals: str, offered: float | None
) -> None:
    (found,) = read_runs(changed(SWEEP, with_fields(**fields)))
    assert (found.arrivals, found.offered_per_second) == (arrivals, offered)


def refused(capsys: Printed, *arguments: str) -> str:
    assert run("measure", *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"completed": 0}, "0 completed requests"),
        ({"mean_tpot_ms": 0.0}, "tpot_ms mean: found 0.0; wanted milliseconds above 0"),
        ({"p99_ttft_ms": float("nan")}, "ttft_ms p99: found nan"),
        ({"mean_ttft_ms": float("inf")}, "mean_ttft_ms"),
        ({"request_throughput": 40.0}, "3.922: 400 completed in 102 s"),
        ({"total_output_tokens": 400}, "no time passes between tokens"),
        ({"duration": 0}, "duration"),
        ({"request_rate": "fast"}, 'found "fast"; wanted requests/s above 0, or "inf"'),
        ({"request_rate": -1}, "request_rate"),
        ({"p99_ttft_ms": 10**400}, "ttft_ms p99"),
        ({"completed": 10**400}, "completed: found a whole number of more than 40 digits; wanted at most"),
        ({"max_concurrency": 10**400}, "max_concurrency"),
        ({"total_input_tokens": "many"}, "total_input_tokens"),
        ({"mean_tpot_ms": 4.0}, "15.0 GB of weights are read for each token, at 3,350 GB/s"),
        ({"model_id": "acme/own-tune"}, "--model ID"),
        ({"model_id": "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic"}, "fp8, as the name"),
        ({"gpu": "h200-sxm"}, 'found "h200-sxm"; wanted --gpu h100-sxm, as was told'),
    ],
)
def test_nonsense_and_impossible_figures_are_refused_with_their_physics(
    capsys: Printed, fields: dict[str, Any], words: str
) -> None:
    assert words in refused(capsys, changed(SWEEP, with_fields(**fields)), *ON, "--into", "mine.toml")
    assert not Path("mine.toml").exists()


def with_rate(rate: float, **fields: Any) -> Callable[[dict[str, Any]], None]:
    """All requests at once, served at this rate."""

    def change(found: dict[str, Any]) -> None:
        duration = found["completed"] / rate
        found.update({"request_rate": "inf", "request_throughput": rate, "duration": duration, **fields})

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_rate(70.0, mean_tpot_ms=5.0), "tokens/s, input and output; wanted at most"),  # 84,000 tokens/s x 15 GFLOP
        (with_rate(60.0, mean_tpot_ms=120.0), "requests running"),  # 1,433 of 144 MB each in 64 GB
        (with_rate(3.9, max_concurrency=4), "at most the 4 that the run kept in flight"),
        (with_rate(1.0, mean_ttft_ms=5.0, total_input_tokens=400 * 8000), "to the first token; wanted at least"),
        (with_rate(1.0, total_input_tokens=400 * 200_000, mean_ttft_ms=9e4), "tokens a request"),
    ],
)
def test_more_than_the_replica_can_do_is_refused(
    capsys: Printed, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    assert words in refused(capsys, changed(SWEEP, change), *ON)


def test_weights_that_do_not_fit_are_refused(capsys: Printed) -> None:
    file = changed(SWEEP, with_fields(model_id="meta-llama/Llama-3.3-70B-Instruct"))
    assert "141.1 GB of weights" in refused(capsys, file, *ON)


NONE_COMPLETED = '{"metadata": {"version": 2}, "benchmarks": [{"metrics": {"request_totals": {"successful": 0}}}]}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("{}", "vllm bench serve, GuideLLM 0.8 or aiperf"),
        ("[1, 2]", "wanted a result of"),
        ('{"a": 1}\n{"b": ', "line 2"),
        ('{"metadata": {"version": 1}, "benchmarks": [{}]}', "version 2"),
        ('{"metadata": {"version": 2}, "benchmarks": []}', "at least one benchmark"),
        (NONE_COMPLETED, "0 completed"),
        ('{"metadata": {"version": 2}, "benchmarks": [7]}', "an object in braces"),
        ('{"request_throughput": {"avg": 1}, "schema_version": "2.0"}', "schema 1.4"),
        ('{"request_throughput": {"unit": "requests/sec", "avg": 2.87}, "input_config": {}}', "genai-perf"),
        ('{"request_throughput": {"avg": 1}, "schema_version": "1.4"}', "input_config"),
        ("[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_files_of_no_such_tool_are_told(capsys: Printed, text: str, words: str) -> None:
    Path("odd.json").write_text(text)
    assert words in refused(capsys, "odd.json", *ON)


def test_a_percentile_of_guidellm_or_aiperf_that_is_nothing_is_refused(capsys: Printed) -> None:
    def zero(found: Any) -> None:
        found["benchmarks"][1]["metrics"]["inter_token_latency_ms"]["successful"]["percentiles"]["p95"] = 0.0

    assert "benchmarks.1 inter_token_latency_ms p95" in refused(
        capsys, changed(FILES / "guidellm_concurrent.json", zero), *ON
    )
    quiet = changed(FILES / "aiperf_1.json", lambda found: found.pop("time_to_first_token"))
    assert "time_to_first_token" in refused(capsys, quiet, *ON)


@pytest.mark.parametrize(
    ("file", "field", "value"),
    [(SWEEP, "date", "20261399-000000"), (FILES / "aiperf_8.json", "start_time", "yesterday at")],
)
def test_a_day_that_is_none_is_not_taken(file: Path, field: str, value: str) -> None:
    name = changed(file, with_fields(**{field: value}))
    os.utime(name, (0, 86400.0))
    (found,) = read_runs(name)
    assert found.date == "1970-01-02"


@pytest.mark.parametrize("value", [None, 7, "x", [], {"request_totals": [1]}])
def test_metrics_of_guidellm_that_are_no_object_are_told(capsys: Printed, value: Any) -> None:
    file = changed(FILES / "guidellm_concurrent.json", lambda found: found["benchmarks"][0].update(metrics=value))
    assert "benchmarks.0.metrics" in refused(capsys, file, *ON)


def test_a_day_that_no_calendar_has_is_told(capsys: Printed) -> None:
    file = changed(FILES / "guidellm_poisson.json", lambda found: found["benchmarks"][1].update(start_time=1e300))
    assert "benchmarks.1.start_time: found 1e+300; wanted seconds since 1970" in refused(capsys, file, *ON)


def test_what_no_file_tells_is_asked_for_and_told_all_at_once(capsys: Printed) -> None:
    told = refused(capsys, str(OLD), "--gpu", "h100", "--tp", "3")
    assert "did you mean h100-sxm?" in told or "did you mean h100" in told
    assert "one of 1, 2, 4, 8" in told
    assert "--precision: found nothing" in told
    assert "--engine: found nothing" in told
    assert "--metadata" in told


def test_vllms_metadata_stands_for_the_options(capsys: Printed) -> None:
    assert run("measure", str(TOLD), "--json") == 0
    (read,) = json.loads(capsys.readouterr().out)["reads"]
    point = read["point"]
    assert (point["gpu"], point["gpus"], point["precision"], point["engine"]) == ("h100-sxm", 1, "bf16", "vllm")
    assert point["max_in_flight"] == 16
    assert read["in_flight"] == pytest.approx(16, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("meta-llama/llama-3.1-8b-instruct", "llama-3.1-8b"),
        ("llama-3.1-8b", "llama-3.1-8b"),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic", "llama-3.1-8b"),
        ("/models/Llama-3.1-8B-Instruct/", "llama-3.1-8b"),
        ("hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "llama-3.1-8b"),
        ("Qwen/Qwen3-32B-FP8", "qwen3-32b"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("deepseek-ai/DeepSeek-R1", "deepseek-r1"),
        ("my-model", None),
        ("", None),
    ],
)
def test_a_models_name_is_found_without_owner_and_format(name: str, id_: str | None) -> None:
    assert model_id(name, load_catalog().models) == id_


@pytest.mark.parametrize(
    ("name", "told"),
    [("Qwen/Qwen3-32B-FP8", "fp8"), ("a/B-AWQ", "awq"), ("a/b-NVFP4", "fp4"), ("openai/gpt-oss-120b", None)],
)
def test_a_name_may_tell_the_weight_format(name: str, told: str | None) -> None:
    assert format_told(name) == told


# The overlay.

MINE = """# my own prices
[gpu_prices."lab/h100"]   # ours
gpu = "h100-sxm"
price_per_hour = 1.5
"""


def measured(*files: Path, into: str = "mine.toml") -> None:
    assert run("measure", *map(str, files), *ON, "--into", into) == 0


def test_points_go_to_the_end_of_the_overlay_and_nothing_there_is_lost(capsys: Printed) -> None:
    Path("mine.toml").write_text(MINE)
    measured(OLD)
    assert Path("mine.toml").read_text().startswith(MINE)
    measured(SWEEP)
    catalog = load_catalog(overlays=[("mine.toml", read_toml("mine.toml"))])
    assert len(catalog.measurements) == 5
    assert {price.id for price in catalog.gpu_prices} >= {"lab/h100"}
    assert {point.source for point in catalog.measurements} == {
        "vllm bench serve, vllm_0.8.5.json", "vllm bench serve, vllm_sweep.jsonl",
    }  # fmt: skip


@pytest.mark.parametrize("before", ["", MINE, MINE.rstrip("\n"), "# nothing but a remark\n"])
def test_the_same_content_twice_changes_nothing_whatever_its_name(capsys: Printed, before: str) -> None:
    Path("mine.toml").write_text(before)
    measured(SWEEP)
    once = Path("mine.toml").read_bytes()
    copy = Path("other-name.jsonl")
    copy.write_bytes(SWEEP.read_bytes())
    measured(SWEEP, copy)
    assert Path("mine.toml").read_bytes() == once
    assert "0 points added, 8 known" in capsys.readouterr().out


def test_an_overlay_under_catalog_stays_under_catalog(capsys: Printed) -> None:
    Path("mine.toml").write_text('[catalog.gpu_prices."lab/h100"]\ngpu = "h100-sxm"\nprice_per_hour = 1.5\n')
    measured(OLD)
    assert set(read_toml("mine.toml")) == {"catalog"}
    assert len(load_catalog(overlays=[("mine.toml", read_toml("mine.toml"))]).measurements) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[segment.chat]\nrequests = "1/s"\n', "a scenario or a plan"),
        ("measurements = {}\n", "a table that is closed"),
        ("[gpus\n", "line 1"),
        ("[gpus.h100-sxm]\nmemory_gb = -1\n", "memory_gb"),
    ],
)
def test_a_file_that_cannot_take_points_is_left_as_it_was(capsys: Printed, text: str, words: str) -> None:
    Path("mine.toml").write_text(text)
    assert words in refused(capsys, str(OLD), *ON, "--into", "mine.toml")
    assert Path("mine.toml").read_text() == text


def test_a_model_of_the_overlay_may_have_been_measured(capsys: Printed) -> None:
    own = load_catalog().models["llama-3.1-8b"].model_dump(exclude_none=True, exclude={"id", "hf_id"})
    Path("mine.toml").write_text(tomli_w.dumps({"models": {"own-tune": own | {"hf_id": "acme/own-tune"}}}))
    file = changed(SWEEP, with_fields(model_id="acme/own-tune"))
    assert run("measure", file, *ON, "--into", "mine.toml") == 0
    (point,) = load_catalog(overlays=[("mine.toml", read_toml("mine.toml"))]).measurements
    assert point.model == "own-tune"


def test_the_text_sets_measured_beside_predicted_and_tells_what_changes(capsys: Printed) -> None:
    assert run("measure", str(SWEEP), *ON) == 0
    text = capsys.readouterr().out
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    for words in ("Poisson 16/s", "corrected by 4 points", "a sweep over 4 rates, 4 to 24 requests/s", "--into"):
        assert words in text


def test_failed_requests_even_arrivals_and_engines_never_proposed_are_told(capsys: Printed) -> None:
    file = changed(SWEEP, with_fields(failed=40, burstiness=9.0))
    assert (
        run("measure", file, "--gpu", "h100-sxm", "--tp", "1", "--precision", "bf16", "--engine", "tgi", "--json") == 0
    )
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert any("40 of 440 requests failed" in note for note in notes)
    assert any("Poisson sweep" in note for note in notes)
    assert any("tgi is never proposed" in note for note in notes)


def test_more_kept_in_flight_than_fits_is_told_as_a_queue(capsys: Printed) -> None:
    """0.9 of 80 GiB less the weights and the runtime's 2 GB hold some 410 requests of 144 MB."""
    file = changed(SWEEP, with_fields(request_rate="inf", max_concurrency=1000))
    assert run("measure", file, *ON, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reads"][0]["fit"] == pytest.approx((0.9 * 80 * 2**30 - 16.06e9 - 2e9) / (131_072 * 1100), rel=0.01)
    assert any("1000 kept in flight where 411 fit" in note for note in found["notes"])
    assert "TTFT" not in found["effects"][0]["says"]


def test_a_measurement_by_hand_that_is_none_is_told_by_its_key() -> None:
    with pytest.raises(InputError) as caught:
        load_catalog(overlays=[("o.toml", {"measurements": {"m": {"gpu": "h100-sxm", "ttft_ms": {"p95": 3.0}}}})])
    keys = {fault.key for fault in caught.value.faults}
    assert {"measurements.m.ttft_ms", "measurements.m.tpot_ms", "measurements.m.model"} <= keys
