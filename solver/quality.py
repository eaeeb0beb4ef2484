"""Whether a model, as served, meets a quality floor: its score after quantisation against the threshold."""

from dataclasses import dataclass
from math import log10

from catalogs.catalog import Catalog
from catalogs.records import QualityFloor, QualityWord, QuantisationLoss, TaskClass

LOGISTIC_UNITS = frozenset({"arena score", "elo"})
WIDER = 1.5  # a format this much wider than the native one holds it without loss


@dataclass(frozen=True)
class Judgement:
    """A model against a floor.

    `score` is after quantisation and `base_score` before it, both in `unit` of `benchmark` at `date`;
    `unknown` says that no score or no recovery is known, and then it does not pass. `estimate` says what
    is estimated, empty where all is sourced.
    """

    passes: bool
    unknown: bool
    score: float | None
    base_score: float | None
    threshold: float | None
    benchmark: str
    date: str
    unit: str
    estimate: str = ""
    source: str = ""


@dataclass(frozen=True)
class Recovery:
    """Share of the score that a format keeps; None where nothing is known."""

    share: float | None
    estimate: str = ""


def quality(catalog: Catalog, model: str, precision: str | None, task: TaskClass, word: QualityWord) -> Judgement:
    """Judge a model at a precision (None: as an API serves it) on the first floor that has its score.

    Scores of different benchmarks or dates are never mixed: the floor's own benchmark and date decide.
    """
    floors = [floor for floor in catalog.floors if floor.task == task and floor.word == word]
    for floor in floors:
        score = catalog.scores.get((model, floor.benchmark, floor.benchmark_date))
        if score is None:
            continue
        kept = recovery(catalog, model, precision, task)
        if kept.share is None:
            return _unknown(floor, kept.estimate, score.score)
        after = after_loss(score.score, floor.unit, kept.share)
        vendor = "score reported by the vendor" if score.reported_by == "vendor" else ""
        return Judgement(
            passes=after >= floor.threshold,
            unknown=False,
            score=after,
            base_score=score.score,
            threshold=floor.threshold,
            benchmark=floor.benchmark,
            date=floor.benchmark_date,
            unit=floor.unit,
            estimate="; ".join(filter(None, (floor.estimate, score.estimate, vendor, kept.estimate))),
            source=score.source,
        )
    if floors:
        return _unknown(floors[0], f"no score of {model} on " + " or ".join(floor.benchmark for floor in floors))
    return Judgement(False, True, None, None, None, "", "", "", f"no floor for {task} at {word}")


def after_loss(score: float, unit: str, share: float) -> float:
    """Score of which a format keeps `share` (at most 1: a gain is noise).

    A score in percent keeps its share. A rating on the logistic 400-point scale has no zero, so a share of it means
    nothing: the loss is read as "on 1 - share of the prompts the quantised answer loses to the original, on the rest
    they are even". It then wins share/2 of the comparisons with the original, which is 400*log10((2 - share)/share)
    points.
    """
    kept = min(share, 1.0)
    if unit.lower() in LOGISTIC_UNITS:
        return score - 400 * log10((2 - kept) / kept)
    return score * kept


def recovery(catalog: Catalog, model: str, precision: str | None, task: TaskClass) -> Recovery:
    """Share of the score kept at a precision on a task class.

    Nothing is lost as an API serves it, in the model's native format, in 16 bit, or in a format clearly wider than
    the native one. A task class without its own figure takes the worst of the format's others, as an estimate.
    """
    if precision is None or _holds_native(catalog, model, precision):
        return Recovery(1.0)
    own = catalog.quantisation.get((precision, task))
    if own is not None:
        return Recovery(own.recovery, own.estimate)
    others = [row for (format_, _), row in catalog.quantisation.items() if format_ == precision]
    if not others:
        return Recovery(None, f"no quality loss known for {precision}")
    worst: QuantisationLoss = min(others, key=lambda row: row.recovery)
    return Recovery(worst.recovery, f"loss at {precision} taken from {worst.task}, none known for {task}")


def _holds_native(catalog: Catalog, model: str, precision: str) -> bool:
    record, wanted = catalog.models.get(model), catalog.precisions.get(precision)
    native = record.native_precision if record else ""
    if precision == native:
        return True
    if wanted is None:
        return False
    if wanted.bytes_per_weight >= 2:
        return True
    held = catalog.precisions.get(native)
    return held is not None and wanted.bytes_per_weight >= WIDER * held.bytes_per_weight


def _unknown(floor: QualityFloor, why: str, base: float | None = None) -> Judgement:
    return Judgement(
        passes=False,
        unknown=True,
        score=None,
        base_score=base,
        threshold=floor.threshold,
        benchmark=floor.benchmark,
        date=floor.benchmark_date,
        unit=floor.unit,
        estimate=why,
    )
