"""The shipped facts: each with source and date, ids sorted, figures that make sense, nothing left out unsaid."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

import pytest

from catalogs import tables
from catalogs.records import Sourced
from catalogs.vocabulary import QualityWord, TaskClass

README = Path(tables.__file__).parent / "README.md"
SHARED = Path(__file__).parents[4] / "shared" / "data"
TASKS = get_args(TaskClass)
WORDS = get_args(QualityWord)


def shared_rows(name: str) -> list[dict[str, str]]:
    if not (SHARED / name).exists():
        pytest.skip("the shared data is not here")
    with (SHARED / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


EVERY_TABLE: Mapping[str, Iterable[Sourced]] = {
    "gpus": tables.gpus().values(),
    "models": tables.models().values(),
    "precisions": tables.precisions().values(),
    "engines": tables.engines().values(),
    "performance classes": tables.performance_classes().values(),
    "engine offsets": tables.engine_offsets().values(),
    "performance figures": tables.performance_figures().values(),
    "scores": tables.scores().values(),
    "floors": tables.floors(),
    "quantisation": tables.quantisation().values(),
    "load shapes": tables.load_shapes().values(),
}


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_every_row_has_a_source_and_an_iso_date(table: str) -> None:
    rows = list(EVERY_TABLE[table])
    assert rows
    for row in rows:
        assert len(row.source) > 5, row
        assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", row.date), row


@pytest.mark.parametrize("name", ["gpus.csv", "models.csv"])
def test_ids_are_unique_and_sorted_so_that_a_change_shows_as_one_line(name: str) -> None:
    ids = [row["id"] for row in tables.csv_rows(name)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("quality_scores.csv", ("model", "benchmark", "date")),
        ("quality_inherited.csv", ("model",)),
        ("quantisation.csv", ("precision", "task")),
        ("load_shapes.csv", ("shape", "hour")),
    ],
)
def test_no_table_says_two_things_of_one_key(name: str, keys: tuple[str, ...]) -> None:
    count = Counter(tuple(row[key] for key in keys) for row in tables.csv_rows(name))
    assert [key for key, n in count.items() if n > 1] == []


def test_gpu_figures_are_those_of_the_datasheets() -> None:
    gpus = tables.gpus()
    h100 = gpus["h100-sxm"]
    assert (h100.memory_gb, h100.bandwidth_gb_s, h100.bf16_tflops, h100.fp8_tflops) == (85.9, 3350, 989, 1979)  # 80 GiB
    assert gpus["h200-sxm"].memory_gb == 151.4  # 141 GiB
    assert gpus["a100-80gb-sxm"].fp8_support is False
    assert gpus["mi300x"].memory_gb == 192
    assert gpus["mi300x"].link_gb_s == gpus["mi325x"].link_gb_s == 7 * 128 / 2  # seven links of 128 GB/s both ways
    assert gpus["mi355x"].link_gb_s == int(7 * 153.6 / 2)
    assert gpus["h200-nvl"].estimate
    assert not gpus["h100-sxm"].estimate
    assert gpus["m4-max"].bandwidth_gb_s == 546
    assert gpus["v100-16gb"].int8_tops is None


def test_rates_of_a_gpu_stand_in_the_ratio_of_their_widths() -> None:
    for gpu in tables.gpus().values():
        if gpu.bf16_tflops and gpu.fp8_tflops and gpu.kind == "gpu" and gpu.vendor != "Intel":
            assert gpu.fp8_tflops / gpu.bf16_tflops == pytest.approx(2, rel=0.02), gpu.id
        if gpu.fp4_tflops:
            assert gpu.fp4_support, gpu.id
        if gpu.fp4_support:
            assert gpu.fp8_support, gpu.id
        assert 8 <= gpu.memory_gb <= 1024, gpu.id


def test_int8_runs_from_turing_to_hopper_and_not_on_blackwell_or_amd() -> None:
    gpus = tables.gpus()
    assert all(gpus[id_].int8_support for id_ in ("t4", "a100-80gb-sxm", "a10g", "l4", "l40s", "h100-sxm", "h200-sxm"))
    barred = ("b200", "b300", "gb200", "rtx-5090", "rtx-pro-6000-server", "mi300x", "m3-max", "v100-16gb", "tpu-v6e")
    assert not any(gpus[id_].int8_support for id_ in barred)
    assert all(gpu.int8_tops and not gpu.fp4_support for gpu in gpus.values() if gpu.int8_support)


def test_every_gpu_has_a_performance_class_and_few_of_them_are_unmeasured() -> None:
    classes = tables.performance_classes()
    for gpu in tables.gpus().values():
        assert gpu.performance_class in classes, gpu.id
    assert {c.id for c in classes.values() if not c.measured} == {"small", "unmeasured", "apple", "cpu"}
    assert all(c.estimate for c in classes.values() if not c.measured)


def test_the_weights_of_a_model_are_its_parameters_times_the_bytes_of_the_format() -> None:
    llama, formats = tables.models()["llama-3.3-70b"], tables.precisions()
    gigabytes = {name: llama.params_total_b * formats[name].bytes_per_weight for name in ("bf16", "fp8", "awq")}
    assert gigabytes == pytest.approx({"bf16": 141.1, "fp8": 70.55, "awq": 37.4}, rel=1e-3)


def test_kv_bytes_of_a_token_follow_from_the_architecture() -> None:
    for model in tables.models().values():
        layers = model.full_attention_layers or model.layers
        if model.kv_bytes_per_token_bf16 is None or layers is None:
            continue
        if model.kv_lora_rank:
            expected = layers * (model.kv_lora_rank + (model.qk_rope_head_dim or 0)) * 2
        else:
            expected = 2 * layers * (model.kv_heads or 0) * (model.head_dim or 0) * 2
        if "K equals V" not in model.note and "global layers" not in model.note:
            assert model.kv_bytes_per_token_bf16 == expected, model.id


def test_a_mixture_of_experts_says_how_many_it_uses() -> None:
    for model in tables.models().values():
        assert bool(model.experts) == bool(model.experts_per_token), model.id
        assert model.experts_per_token <= max(model.experts, 1), model.id
        if model.params_active_b is not None:
            assert 0 < model.params_active_b <= model.params_total_b, model.id
        assert model.native_precision in tables.precisions(), model.id


def test_licences_are_sorted_by_what_they_allow() -> None:
    models = tables.models()
    assert models["qwen3-8b"].licence_class == "permissive"
    assert models["llama-3.3-70b"].licence_class == "community"
    assert models["command-a"].licence_class == "noncommercial"
    assert models["minimax-m3"].licence_class == "noncommercial"
    for model in models.values():
        assert (model.licence_class == "unknown") == (model.licence in ("unknown", "open weights")), model.id


def test_every_precision_names_known_engines_and_something_that_runs_it() -> None:
    engines, gpus = tables.engines(), tables.gpus()
    for precision in tables.precisions().values():
        for name in precision.engines:
            engine = engines[name]
            assert set(engine.vendors) & set(precision.vendors), (precision.id, name)
            assert set(engine.kinds) & set(precision.kinds), (precision.id, name)
        assert any(gpu.vendor in precision.vendors and gpu.kind in precision.kinds for gpu in gpus.values())
    assert tables.precisions()["gguf-q4"].engines == ("llama.cpp",)
    assert tables.precisions()["fp4"].needs == "fp4"
    assert tables.precisions()["fp8"].needs == "fp8"


def test_tgi_loads_and_is_never_recommended() -> None:
    engines = tables.engines()
    assert [name for name, engine in engines.items() if not engine.recommended] == ["tgi"]
    assert "2026-03-21" in engines["tgi"].why_not
    assert set(tables.engine_offsets()) == set(engines)


def test_the_cpu_server_is_an_estimate_that_only_llama_cpp_runs() -> None:
    cpus = [gpu for gpu in tables.gpus().values() if gpu.kind == "cpu"]
    assert [cpu.id for cpu in cpus] == ["cpu-epyc-9654"]
    assert cpus[0].estimate
    assert cpus[0].bandwidth_gb_s == pytest.approx(12 * 4.8 * 8)
    assert [name for name, engine in tables.engines().items() if "cpu" in engine.kinds] == ["llama.cpp"]


def test_every_format_has_a_recovery_for_every_task_and_none_gains() -> None:
    losses = tables.quantisation()
    assert set(losses) == {(p, task) for p in tables.precisions() for task in TASKS}
    assert all(0.9 < loss.recovery <= 1 for loss in losses.values())
    assert {p for (p, _), loss in losses.items() if loss.recovery < 1} == {
        "fp8", "int8", "int4", "awq", "gptq", "gguf-q4", "fp4", "mxfp4",
    }  # fmt: skip
    assert all("perplexity" not in loss.source.split(":")[0] for loss in losses.values())


def test_a_recovery_is_the_median_of_its_study_rows() -> None:
    """AWQ on code: the six INT4-AWQ rows of the NVFP4 benchmark, sorted by hand."""
    rows = [98.32, 98.66, 98.71, 99.43, 100.0, 100.5]
    assert tables.quantisation()["awq", "code"].recovery == pytest.approx((rows[2] + rows[3]) / 200, abs=1e-4)


def test_load_shapes_are_days_or_weeks_of_mean_one() -> None:
    for shape in tables.load_shapes().values():
        assert len(shape.load_over_mean) in (24, 168), shape.id
        assert min(shape.load_over_mean) >= 0, shape.id
        assert sum(shape.load_over_mean) / len(shape.load_over_mean) == pytest.approx(1, abs=1e-3), shape.id
    shapes = tables.load_shapes()
    assert max(shapes["bursts"].load_over_mean) > 10
    assert set(shapes["flat"].load_over_mean) == {1.0}
    assert {"office-hours", "evenings"} <= set(shapes)


def test_the_week_of_the_azure_traces_starts_on_monday() -> None:
    """Weekday and weekend means of load_shapes_summary.csv: 1.239 and 0.403, 1.141 and 0.647."""
    for name, weekday, weekend in (("azure2024_code", 1.239, 0.403), ("azure2024_conversation", 1.141, 0.647)):
        hours = tables.load_shapes()[name].load_over_mean
        assert sum(hours[:120]) / 120 == pytest.approx(weekday, abs=0.01)
        assert sum(hours[120:]) / 48 == pytest.approx(weekend, abs=0.01)
    assert max(tables.load_shapes()["azure2024_code"].load_over_mean) == pytest.approx(3.0, abs=0.03)


def test_every_task_and_word_has_floors_that_rise_with_the_word() -> None:
    by_place: dict[tuple[str, str, str], dict[str, float]] = {}
    for floor in tables.floors():
        by_place.setdefault((floor.task, floor.benchmark, floor.benchmark_date), {})[floor.word] = floor.threshold
    assert {task for task, _, _ in by_place} == set(TASKS)
    for place, words in by_place.items():
        thresholds = [words[word] for word in WORDS]
        assert thresholds == sorted(set(thresholds)), place


def test_every_floor_rests_on_a_table_that_holds_scores() -> None:
    tables_scored = {(benchmark, date) for _, benchmark, date in tables.scores()}
    assert all((floor.benchmark, floor.benchmark_date) in tables_scored for floor in tables.floors())


def test_a_score_is_what_somebody_published_of_that_model_itself() -> None:
    assert ("claude-opus-5.5", "arena_text", "2026-08-24") not in tables.scores()
    assert tables.scores()["claude-opus-5", "arena_text", "2026-08-24"].score == 1493


def test_each_line_of_predecessors_ends_in_scores_and_holds_closed_models_alone() -> None:
    heirs = {row.model: row.predecessor for row in tables.predecessors().values()}
    own = {model for model, _, _ in tables.scores()}
    for model in heirs:
        line = [model]
        while line[-1] in heirs:
            line.append(heirs[line[-1]])
            assert len(line) < 10, line
        assert own & set(line[1:]), line
    opens = {row["model"] for row in tables.csv_rows("api_offers.csv") if row.get("open_weights") == "1"}
    assert sorted(set(heirs) & (opens | set(tables.models()))) == []


def test_scores_of_llama_2_and_3_are_those_of_the_table_that_has_llama_3_1() -> None:
    # github.com/lmarena/arena-catalog data/leaderboard-text-style-control.json @c9558b60: rating of each, to 0.1
    table = {"llama-2-70b": 1174.1, "llama-3-8b": 1225.2, "llama-3.2-3b": 1168.4, "llama-3.1-8b": 1212.4}
    found = {model: tables.scores()[model, "arena_text", "2025-12-17"].score for model in table}
    assert found == table


def test_the_later_arena_table_has_the_scale_of_the_official_one() -> None:
    scores = tables.scores()
    moved = [
        score.score - scores[model, "arena_text", "2025-12-17"].score
        for (model, benchmark, date), score in scores.items()
        if (benchmark, date) == ("arena_text", "2026-09-30") and (model, benchmark, "2025-12-17") in scores
    ]
    assert len(moved) > 60
    assert abs(sum(moved) / len(moved)) < 1
    assert max(map(abs, moved)) < 12


def test_an_average_of_six_exams_is_that_of_the_exams() -> None:
    # Yi-1.5-9B-Chat and Qwen2.5-32B-Instruct of the table: IFEval, BBH, MATH, GPQA, MuSR, MMLU-Pro
    exams = {
        "yi-1.5-9b": (60.46, 36.95, 22.58, 11.3, 12.84, 33.06),
        "qwen2.5-32b": (83.46, 56.49, 62.54, 11.74, 13.5, 51.85),
    }
    for model, scores in exams.items():
        found = tables.scores()[model, "open_llm_leaderboard", "2025-05-09"].score
        assert found == pytest.approx(sum(scores) / 6, abs=0.01)


def test_what_long_requests_keep_is_what_the_study_and_the_blog_found() -> None:
    # all_results.csv of arXiv 2505.20276: RULER of Llama 3.1 8B in bf16, GPTQ INT4; of Qwen 2.5 7B in bf16, AWQ INT4
    rows = {(row.precision, row.from_tokens, row.says.partition(":")[0]): row.recovery for row in tables.long_context()}
    assert rows["gptq", 64000, "arXiv 2505.20276"] == pytest.approx(66.7 / 87.7, abs=1e-3)
    assert rows["awq", 64000, "arXiv 2505.20276"] == pytest.approx(35.5 / 41.7, abs=1e-3)
    assert {rows[id_, 32000, "Red Hat"] for id_ in ("awq", "gptq", "int4")} == {0.99}
    assert all(row.estimate for row in tables.long_context() if row.precision in ("gguf-q4", "fp4", "mxfp4"))


def test_the_spread_of_a_format_holds_its_median() -> None:
    for loss in tables.quantisation().values():
        assert loss.low is not None
        assert loss.high is not None
        assert loss.low <= loss.recovery <= max(loss.high, 1.0), loss
        assert loss.rows >= 1 or loss.precision == "bf16", loss


def test_every_gpu_and_model_of_the_shared_data_is_in_or_named_in_the_readme() -> None:
    readme = README.read_text(encoding="utf-8")
    gpus = {row["gpu"] for name in ("gpu_specs.csv", "gpu_prices.csv") for row in shared_rows(name)}
    assert sorted(gpu for gpu in gpus if gpu not in tables.gpus() and gpu not in readme) == []
    models = {row["model"] for row in shared_rows("models.csv")}
    assert sorted(model for model in models if model not in tables.models() and model not in readme) == []
    shapes = {row["shape"] for row in shared_rows("load_shapes_summary.csv")}
    assert sorted(shape for shape in shapes if shape not in tables.load_shapes() and shape not in readme) == []


def test_every_model_that_is_scored_in_the_shared_data_keeps_a_score() -> None:
    scored = {row["model_id"] for row in shared_rows("quality.csv")} - {""}
    assert sorted(scored - {model for model, _, _ in tables.scores()}) == []


def test_every_model_without_a_score_is_named_in_the_readme() -> None:
    readme = README.read_text(encoding="utf-8")
    scored = {model for model, _, _ in tables.scores()} | set(tables.predecessors())
    sold = {row["model"] for row in tables.csv_rows("api_offers.csv")}
    assert sorted(model for model in sold | set(tables.models()) if model not in scored and model not in readme) == []


def test_every_scored_model_is_open_sold_or_a_predecessor() -> None:
    known = set(tables.models()) | {row["model"] for row in tables.csv_rows("api_offers.csv")}
    known |= {row["predecessor"] for row in tables.csv_rows("quality_inherited.csv")}
    assert sorted({model for model, _, _ in tables.scores()} - known) == []
