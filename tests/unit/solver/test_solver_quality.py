from dataclasses import replace

import pytest
from made_catalog import SOURCED, made_catalog

from catalogs.catalog import Catalog
from catalogs.records import QualityFloor, QualityScore, QuantisationLoss
from catalogs.vocabulary import TaskClass
from solver.quality import after_loss, quality, recovery

DAY = SOURCED["date"]


def score(model: str, benchmark: str, value: float, unit: str = "percent", **more: str) -> QualityScore:
    return QualityScore(model=model, benchmark=benchmark, score=value, unit=unit, **{**SOURCED, **more})


def floor(benchmark: str, threshold: float, unit: str = "percent", date: str = DAY) -> QualityFloor:
    return QualityFloor(
        task="code", word="mid", benchmark=benchmark, benchmark_date=date, threshold=threshold, unit=unit, **SOURCED
    )


def loss(precision: str, share: float, task: TaskClass = "code", estimate: str = "") -> QuantisationLoss:
    return QuantisationLoss(precision=precision, task=task, recovery=share, estimate=estimate, **SOURCED)


def catalog(*losses: QuantisationLoss) -> Catalog:
    return made_catalog(
        scores=(score("llama-70b", "polyglot", 60.0), score("llama-8b", "arena", 1300, "arena score")),
        floors=(floor("polyglot", 58.0), floor("arena", 1290, "arena score")),
        losses=losses,
    )


def test_a_score_in_percent_keeps_the_share_that_the_format_keeps() -> None:
    judged = quality(catalog(loss("fp8", 0.98), loss("int4", 0.95)), "llama-70b", "fp8", "code", "mid")
    assert (judged.base_score, judged.threshold) == (60.0, 58.0)
    assert judged.score == pytest.approx(58.8)
    assert judged.passes
    assert not quality(catalog(loss("int4", 0.95)), "llama-70b", "int4", "code", "mid").passes  # 57.0 < 58


def test_the_first_floor_that_has_a_score_decides() -> None:
    assert quality(catalog(), "llama-70b", None, "code", "mid").benchmark == "polyglot"
    assert quality(catalog(), "llama-8b", None, "code", "mid").benchmark == "arena"


def test_a_score_of_another_date_is_no_score() -> None:
    held = replace(catalog(), floors=(floor("polyglot", 58.0, date="2025-01-01"),))
    judged = quality(held, "llama-70b", None, "code", "mid")
    assert judged.unknown
    assert not judged.passes
    assert "llama-70b on polyglot" in judged.estimate


def test_a_rating_loses_the_points_of_the_comparisons_that_it_loses() -> None:
    # worse on 10 % of the prompts, even on the rest: wins 45 to 55, 400 * log10(0.55/0.45) = 34.86 points
    assert after_loss(1300, "arena score", 0.90) == pytest.approx(1300 - 34.86, abs=0.01)
    assert after_loss(1300, "arena score", 0.99) == pytest.approx(1300 - 3.47, abs=0.01)
    assert after_loss(1300, "arena score", 1.0) == 1300


def test_the_loss_of_a_rating_does_not_depend_on_where_its_zero_lies() -> None:
    assert 1300 - after_loss(1300, "elo", 0.95) == pytest.approx(100 - after_loss(100, "elo", 0.95))


def test_a_gain_by_quantising_is_noise_and_not_credited() -> None:
    assert after_loss(60.0, "percent", 1.02) == 60.0
    assert after_loss(1300, "arena score", 1.02) == 1300


def test_nothing_is_lost_by_an_api_in_16_bit_or_in_the_native_format() -> None:
    held = catalog(loss("fp8", 0.9), loss("bf16", 0.9))
    for model, precision in (
        ("llama-70b", None),
        ("llama-70b", "bf16"),
        ("deepseek-v3", "fp8"),
        ("deepseek-v3", "bf16"),
    ):
        assert recovery(held, model, precision, "code").share == 1.0
    assert recovery(held, "llama-70b", "fp8", "code").share == 0.9


def test_eight_bits_hold_a_native_4_bit_model() -> None:
    held = catalog(loss("fp8", 0.9))
    models = {**held.models, "oss": held.models["llama-8b"].model_copy(update={"native_precision": "int4"})}
    assert recovery(replace(held, models=models), "oss", "fp8", "code").share == 1.0


def test_a_task_without_a_figure_takes_the_worst_of_the_others_and_says_so() -> None:
    found = recovery(catalog(loss("int4", 0.97, "chat"), loss("int4", 0.93, "rag")), "llama-70b", "int4", "code")
    assert found.share == 0.93
    assert "rag" in found.estimate


def test_a_format_without_any_figure_is_unknown_and_does_not_pass() -> None:
    judged = quality(catalog(), "llama-70b", "int4", "code", "mid")
    assert (judged.unknown, judged.passes, judged.base_score) == (True, False, 60.0)


def test_a_word_without_a_floor_is_unknown() -> None:
    judged = quality(catalog(), "llama-70b", None, "chat", "low")
    assert judged.unknown
    assert "chat" in judged.estimate


def test_what_is_estimated_is_told() -> None:
    held = made_catalog(
        scores=(score("llama-70b", "polyglot", 60.0, reported_by="vendor", estimate="predecessor's score"),),
        floors=(floor("polyglot", 50.0),),
        losses=(loss("fp8", 0.98, estimate="one run"),),
    )
    told = quality(held, "llama-70b", "fp8", "code", "mid").estimate
    for part in ("vendor", "predecessor", "one run"):
        assert part in told
