"""`wizard predict` as it is typed: one replica as text and JSON, rows of a file, and what is told of bad input."""

import csv
import io
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalogs.catalog import Catalog, load_catalog
from wizard.cli import main
from wizard.importers.serving_names import Names
from wizard.importers.serving_rows import ADDED

MEASURED = Path(__file__).parents[3] / "catalogs/figures/serving_measured.csv"
ONE = ("--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--input", "1000", "--output", "200")


@cache
def figures() -> Catalog:
    return load_catalog()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["predict", *arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["predict", *arguments]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--concurrency", "1,64,4k", "--rate", "max"),
        ("--rate", "5/s"),
        ("--ttft", "800 ms", "--tpot", "30 ms", "--percentile", "p99"),
        ("--tp", "2", "--precision", "fp8", "--engine", "TensorRT-LLM"),
        ("--gpu", "l4", "--ttft", "1 ms"),
        ("--model", "deepseek-r1", "--gpus", "8", "--engine", "sglang", "--concurrency", "1000"),
        ("--model", "llama-3.1-405b", "--concurrency", "100"),
    ],
)
def test_a_prediction_is_a_table_of_80_columns(more: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, *ONE, *more)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert " weights " in text
    assert "unknown" not in text


def test_the_text_holds_what_the_json_holds(capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--concurrency", "64", "--tpot", "30 ms")
    record = json.loads(printed(capsys, *ONE, *more, "--json"))
    text = printed(capsys, *ONE, *more)
    (point,) = record["points"]
    assert record["schema"] == "wizard.prediction/1"
    assert f"{point['tpot_ms']['value']:.3g} +-{100 * point['tpot_ms']['band']:.0f}%" in text
    assert f"{int(record['memory']['fit'])} fit at once" in text
    assert record["rate"]["tpot_limit_ms"] == 30
    assert f"{record['rate']['requests_per_s']['value']:.3g} +-" in text
    assert {"value", "band", "low", "high"} == set(point["ttft_ms"])


def test_too_many_arrivals_wait_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    more = (*ONE, "--gpu", "l4", "--rate", "500/s")
    (point,) = json.loads(printed(capsys, *more, "--json"))["points"]
    assert (point["ttft_ms"]["value"], point["offered_per_s"], point["waiting"]) == (None, 500, True)
    assert point["requests_per_s"]["value"] < 100
    assert "500/s  endless" in printed(capsys, *more)


def test_lengths_as_in_a_scenario_vary(capsys: pytest.CaptureFixture[str]) -> None:
    """p50 1.2k and p95 4k: sigma = ln(4/1.2)/1.645 = 0.732, mean 1,200*exp(sigma^2/2) = 1,569."""
    record = json.loads(printed(capsys, *ONE, "--input", "1.2k / 4k", "--json"))
    assert record["input_tokens"] == pytest.approx(1569, abs=1)


def test_parallel_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    base = ("--model", "deepseek-r1", "--gpu", "b200", "--input", "1k", "--output", "1k", "--json")
    for more, wanted in (
        (("--tp", "8"), (8, 8, 1)),
        (("--tp", "1", "--dp", "8"), (8, 1, 8)),
        (("--tp", "4", "--gpus", "8"), (8, 4, 2)),
        (("--gpus", "8"), (8, 1, 8)),  # its latent cache cannot be split
        ((), (1, 1, 1)),
    ):
        found = json.loads(printed(capsys, *base, *more))
        assert (found["gpus"], found["tensor_parallel"], found["attention_groups"]) == wanted, more


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--model", "llama-3.1-8c"), '--model: found "llama-3.1-8c"; wanted one of wizard catalog models'),
        (("--gpu", "h100-pcix"), "(did you mean h100-pcie?)"),
        (("--precision", "fp9"), '--precision: found "fp9"; wanted one of wizard catalog precisions'),
        (("--engine", "triton"), '--engine: found "triton"; wanted one of wizard catalog engines'),
        (("--input", "many"), '--input: found "many"; wanted tokens as a mean (1.2k)'),
        (("--output", "0"), '--output: found "0"; wanted at least 1 token'),
        (("--ttft", "800"), '--ttft: found "800"; wanted a time such as 800 ms or 1.5 s'),
        (("--tpot", "-3 ms"), "--tpot"),
        (("--rate", "5"), '--rate: found "5"; wanted an amount per period'),
        (("--rate", "0/s"), '--rate: found "0/s"; wanted max, or more than 0 requests'),
        (("--concurrency", "1,x"), '--concurrency: found "1,x"; wanted requests in flight'),
        (("--tp", "00000001999"), '--tp: found "00000001999"; wanted a whole number from 1 to 1,024'),
        (("--tp", "1024", "--dp", "2", "--engine", "sglang"), "--dp: found 1024 x 2 GPUs; wanted --tp times --dp"),
        (("--tp", "0"), '--tp: found "0"; wanted a whole number from 1'),
        (("--tp", "3", "--gpus", "8"), "--gpus: found 8; wanted --tp times --dp"),
        (("--dp", "2", "--engine", "tgi"), "--dp: found 2; wanted 1 with tgi"),
        (("--percentile", "p10"), '--percentile: found "p10"; wanted a percentile'),
        (("--csv", "x.csv"), "--model: found beside --csv FILE; wanted either a file or one replica"),
    ],
)
def test_bad_input_names_the_option_what_was_found_and_what_is_wanted(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refused(capsys, *ONE, *arguments)


def test_all_faults_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(capsys, "--tp", "x")
    assert [line.split(": ")[2] for line in err.splitlines()[:-1]] == [
        "--model",
        "--gpu",
        "--tp",
        "--input",
        "--output",
    ]
    assert err.endswith("5 faults\n")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("llama-3.1-8b", "llama-3.1-8b"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("Meta-Llama-3.1-8B", "llama-3.1-8b"),
        ("RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8", "llama-3.1-70b"),
        ("LLAMA_2_70B_CHAT", "llama-2-70b"),
        ("Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"),
        ("Qwen3-30B-A3B-Instruct-2507-FP8", "qwen3-30b-a3b"),
        ("DeepSeek-R1-0528", "deepseek-r1-0528"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("llama-9", ""),
    ],
)
def test_models_are_found_as_benchmarks_write_them(text: str, wanted: str) -> None:
    assert Names(figures()).model(text).id == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("H100-SXM", "h100-sxm"), ("NVIDIA H100 80GB HBM3", "h100-sxm"), ("h100", "h100-sxm"),
        ("NVIDIA A100-SXM4-40GB", "a100-40gb-sxm"), ("AMD Instinct MI300X", "mi300x"), ("RTX 4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 3090", "rtx-3090"), ("rtx_pro_6000_server", "rtx-pro-6000-server"), ("abacus", ""),
    ],
)  # fmt: skip
def test_gpus_are_found_as_benchmarks_write_them(text: str, wanted: str) -> None:
    assert Names(figures()).gpu(text).id == wanted


@pytest.mark.parametrize(
    ("text", "wanted", "guessed"),
    [
        ("vLLM 0.9.1", "vllm", False), ("TRT-LLM", "tensorrt-llm", False), ("nim-trtllm", "tensorrt-llm", False),
        ("SGLang v0.5.9", "sglang", False), ("llama.cpp", "llama.cpp", False), ("Ollama", "llama.cpp", False),
        ("text-generation-inference", "tgi", False), ("LMDeploy (TurboMind)", "lmdeploy", False),
        ("", "vllm", True), ("home-made", "vllm", True),
    ],
)  # fmt: skip
def test_engines_are_found_and_others_taken_as_vllm(text: str, wanted: str, guessed: bool) -> None:
    found = Names(figures()).engine(text)
    assert (found.id, found.guessed, bool(found.assumed)) == (wanted, guessed, guessed)


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("FP16", "", "bf16"), ("bfloat16", "", "bf16"), ("FP8_E4M3", "", "fp8"), ("nvfp4", "", "fp4"),
        ("MXFP4", "", "mxfp4"), ("q4_k_m", "", "gguf-q4"), ("AWQ", "", "awq"), ("w4a16", "", "int4"),
        ("", "Llama-3.1-8B-Instruct-AWQ", "awq"), ("", "Llama-3.1-8B", "bf16"), ("strange", "Llama-3.1-8B", "bf16"),
    ],
)  # fmt: skip
def test_formats_are_found_else_read_off_the_model_s_name_else_native(text: str, name: str, wanted: str) -> None:
    assert Names(figures()).precision(text, "llama-3.1-8b", name).id == wanted


def rows_of(capsys: pytest.CaptureFixture[str], folder: Path, text: str, *more: str) -> list[dict[str, str]]:
    file = folder / "rows.csv"
    file.write_text(text, encoding="utf-8")
    return list(csv.DictReader(io.StringIO(printed(capsys, "--csv", str(file), *more))))


HEAD = "id,model,weights_precision,gpu,gpu_count,tp,engine,scenario,isl,osl,concurrency_or_batch,request_rate,note\n"


def test_rows_are_written_with_their_predictions_after_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + "a,llama-3.1-8b,fp16,h100-sxm,1,1.0,vllm,closed-loop,1000,200,64,,kept\n"
    (row,) = rows_of(capsys, tmp_path, text)
    assert list(row) == [*HEAD.strip().split(","), *ADDED]
    assert (row["id"], row["note"], row["refusal"], row["assumed"]) == ("a", "kept", "", "")
    assert float(row["band"]) == 0.15
    e2e = float(row["pred_ttft_ms"]) + 199 * float(row["pred_tpot_ms"])
    assert float(row["pred_e2e_ms"]) == pytest.approx(e2e, rel=1e-4)
    assert float(row["pred_output_tok_s_total"]) == pytest.approx(64 * 200 / e2e * 1e3, rel=0.01)
    again = rows_of(capsys, tmp_path, printed(capsys, "--csv", str(tmp_path / "rows.csv")))
    assert again == [row]


def test_an_engine_of_before_2025_is_slower(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = "a,llama-3.1-8b,fp16,h100-sxm,1,1.0,vllm,closed-loop,1000,200,1,,"
    dates = ("2024", "2024-12-31", "2025-01", "2026-01", "")
    text = HEAD.replace("note", "note,date") + "".join(f"{row},{date}\n" for date in dates)
    old, last, first, today, undated = (float(row["pred_tpot_ms"]) for row in rows_of(capsys, tmp_path, text))
    assert old == last > 1.1 * first
    assert first > today == undated


def test_the_scenario_picks_the_regime(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = "x,llama-3.1-8b,fp16,h100-sxm,{gpus},{tp},vllm,{kind},1000,200,{n},{rate},\n"
    kinds = [
        ("closed-loop", 64, "", 1), ("Fixed Batch", 64, "", 1), ("saturated", "", "", 1), ("OPEN-LOOP", "", 2, 1),
        ("mlperf-server", "", 9, ""), ("mlperf-offline", "", "", ""),
    ]  # fmt: skip
    text = HEAD + "".join(base.format(kind=kind, n=n, rate=rate, tp=tp, gpus=tp or 8) for kind, n, rate, tp in kinds)
    closed, batch, saturated, calm, server, offline = rows_of(capsys, tmp_path, text)
    tokens = [float(row["pred_output_tok_s_total"]) for row in (closed, batch, saturated, calm, server, offline)]
    assert float(closed["pred_e2e_ms"]) == pytest.approx(64 * 200 / tokens[0] * 1e3, rel=0.01)
    assert float(batch["pred_e2e_ms"]) == pytest.approx(64 * 200 / tokens[1] * 1e3, rel=0.001)
    assert tokens[2] > tokens[0]
    assert tokens[3] == pytest.approx(2 * 200)
    assert 2 * tokens[2] < tokens[5] < 10 * tokens[2]
    assert tokens[4] < tokens[5]
    assert "split of 8 GPUs not published" in server["assumed"]
    assert "replicas of" in offline["assumed"]


def test_what_a_row_does_not_say_is_assumed_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + "a,gpt-oss-120b,,H100,,,,,,,,,\n" + "b,llama-3.1-8b,fp16,l4,1,nan,?,odd,-5,ten,N/A,inf,\n"
    first, second = rows_of(capsys, tmp_path, text)
    for row in (first, second):
        assert float(row["pred_tpot_ms"]) > 0
        assert "1024 input tokens" in row["assumed"]
        assert "taken as vllm" in row["assumed"]
        assert float(row["band"]) >= 1
    assert "format taken as mxfp4" in first["assumed"]
    assert "GPU taken as h100-sxm" in first["assumed"]
    assert "osl 'ten' not used" in second["assumed"]
    assert "isl '-5' not used" in second["assumed"]
    assert "scenario 'odd' taken as saturated" in second["assumed"]


@pytest.mark.parametrize("note", ["TTFT 1..2 ms, TPOT . ms", "TTFT 0 ms, TPOT 0 ms", "TTFT 1e9 ms, TPOT 9.9.9 ms"])
def test_a_note_whose_limits_are_none_leaves_the_usual_ones(
    note: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = "a,llama-3.1-8b,fp16,h100-sxm,1,1,vllm,mlperf-server,1000,200,,,"
    noted, plain = rows_of(capsys, tmp_path, f"{HEAD}{row}{note}\n{row}\n")
    assert {**noted, "note": ""} == plain


def test_parameters_without_end_stand_in_for_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "model,gpu,params_b,active_b\nx,l4,inf,\nx,l4,8,inf\nx,l4,8,8\n"
    lost, endless, near = rows_of(capsys, tmp_path, text)
    assert lost["refusal"].startswith("unknown model 'x'")
    assert {**endless, "active_b": "8"} == near


def test_what_is_not_known_is_refused_with_the_nearest_name_and_the_others_are_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "model,gpu,params_b\nllama-3.1-9b,h100-sxm,\nllama-3.1-9b,h100-sxm,9\nllama-3.1-8b,h101-sxm,8\nphi-4,h200,\n"
    lost, near, nowhere, good = rows_of(capsys, tmp_path, text)
    assert lost["refusal"] == "unknown model 'llama-3.1-9b': did you mean llama-3.1-8b?"
    assert lost["pred_tpot_ms"] == ""
    assert "nearest in parameters" in near["assumed"]
    assert float(near["pred_tpot_ms"]) > 0
    assert float(near["band"]) >= 1
    assert nowhere["refusal"].startswith("unknown GPU 'h101-sxm': did you mean h1")
    assert float(good["pred_tpot_ms"]) > 0


def test_what_does_not_fit_is_predicted_with_what_an_engine_can_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HEAD + "a,llama-3.1-70b,fp8,h100-pcie,1,1,vllm,closed-loop,40000,200,4,,\n"
    (row,) = rows_of(capsys, tmp_path, text)
    assert row["refusal"].startswith("memory: ")
    assert float(row["pred_tpot_ms"]) > 70.5 / 2.0
    assert float(row["band"]) >= 0.5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "found an empty file; wanted a header and rows"),
        (b"model,weights\nx,y\n", "line 1: found model, weights; wanted columns with gpu"),
        (b"model,gpu,gpu\nx,y,z\n", "line 1: found the column gpu twice"),
        (b"model,gpu\n\xff\xfe,h100\n", "line 2: found byte 0xff, which is not UTF-8"),
        (b"model,gpu\nnone,h100-sxm\n", "line 2: found no model; wanted rows of known models and GPUs"),
    ],
)
def test_a_file_that_is_no_table_of_rows_is_refused(
    content: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    assert told in refused(capsys, "--csv", str(file))


def test_rows_go_to_a_file_or_to_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("model,gpu,unknown column\nphi-4,h200,x\n\n", encoding="utf-8-sig")
    out = tmp_path / "out.csv"
    assert main(["predict", "--csv", str(file), "--out", str(out)]) == 0
    capsys.readouterr()
    (row,) = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert row["unknown column"] == "x"
    assert json.loads(printed(capsys, "--csv", str(file), "--json")) == [row]


def test_a_run_above_capacity_is_taken_as_one_of_a_thousand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = "a,llama-3.1-8b,fp16,l4,1,1,vllm,open-loop,1000,200,,500,{note}\n"
    plain, noted = rows_of(capsys, tmp_path, HEAD + base.format(note="") + base.format(note="1000 ShareGPT prompts"))
    assert plain["assumed"] == "rate above capacity: a run of 1000 requests"
    assert noted["assumed"] == ""
    assert plain["pred_ttft_ms"] == noted["pred_ttft_ms"] != ""


JUNK = ("", "nan", "N/A", "-1", "0", "abc", "inf", " ", "1e400", "1,024", "\u00e9", '"x"')


def test_whatever_the_cells_hold_a_row_of_known_model_and_gpu_is_predicted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = HEAD.strip().split(",")
    (good,) = csv.DictReader(io.StringIO(HEAD + "a,Llama-3.1-8B,fp16,H100_SXM,2,1,vllm,closed-loop,1000,200,64,4,\n"))
    rows = [good | {head: junk} for head in heads if head not in ("model", "gpu") for junk in JUNK]
    out = io.StringIO()
    writer = csv.DictWriter(out, heads)
    writer.writeheader()
    writer.writerows(rows)
    found = rows_of(capsys, tmp_path, out.getvalue())
    assert len(found) == len(rows)
    for row in found:
        assert all(float(row[name]) > 0 for name in ADDED[:5]), row
        assert row["refusal"] == "", row


def errors(rows: list[dict[str, str]], column: str) -> Any:
    pairs = [
        (float(row[f"pred_{column}"]), float(row[column])) for row in rows if row[column] and row[f"pred_{column}"]
    ]
    return np.array([abs(predicted / measured - 1) for predicted, measured in pairs])


def test_all_published_measurements_are_predicted_within_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    start = time.process_time()
    assert main(["predict", "--csv", str(MEASURED), "--out", str(out)]) == 0
    assert time.process_time() - start < 10
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    whole = [row for row in rows if all(row[name] for name in ADDED[:5])]
    assert len(whole) >= 0.95 * len(rows) > 2900
    assert np.median(errors(rows, "tpot_ms")) < 0.18
    assert np.median(errors(rows, "output_tok_s_total")) < 0.18
    assert np.median(errors(rows, "e2e_ms")) < 0.18
