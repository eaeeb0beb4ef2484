"""Whether a model, as served, meets a quality floor: its score after quantisation against the threshold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log10

from catalogs.catalog import Catalog
from catalogs.records import QualityScore, QuantisationLoss
from catalogs.vocabulary import TaskClass
from solver.quality_floors import Asked, Floor, floors_asked, score_on, way_to_supply

LOGISTIC_UNITS = frozenset({"arena score", "elo"})
WIDER = 1.5  # a format this much wider than the native one holds it without loss
DISAGREE = 0.02  # shares kept that differ by more are a disagreement of their sources


@dataclass(frozen=True)
class Judgement:
    """A model against a floor.

    `score` is after quantisation and `base_score` before it, `low` and `high` after the largest and the smallest loss
    seen; all in `unit` of `benchmark` at `date`. `scored` is whose score it is: the model, `model@precision`, or the
    predecessor of a closed model, whose score is a lower bound (`bound`). `unknown` says that no score or no recovery
    is known, and then it does not pass. `estimate` says what is estimated, empty where all is sourced; `note` where
    sources disagree, or how a score that lacks can be given.
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
    low: float | None = None
    high: float | None = None
    scored: str = ""
    bound: bool = False
    note: str = ""

    @property
    def scale(self) -> str:
        """The scale in words, empty where no floor is known."""
        return Floor(self.benchmark, self.date, self.unit, 0.0).scale if self.benchmark else ""


@dataclass(frozen=True)
class Recovery:
    """Share of the score that a format keeps, None where nothing is known; the least and the most that was seen.

    `note` tells both sources where they disagree: the worse one decides.
    """

    share: float | None
    estimate: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""


def quality(
    catalog: Catalog, model: str, precision: str | None, task: TaskClass, asked: Asked, longest: float = 0.0
) -> Judgement:
    """Judge a model at a precision (None: as an API serves it) on a word, or on a floor that the segment names itself.

    `longest` is the tokens of the longest request. Of the floors that a word stands for, the first that has the
    model's score decides, with its own benchmark and date: scores of others are never mixed with it.
    """
    return judge(catalog, floors_asked(catalog, task, asked), model, precision, task, asked, longest)


def judge(
    catalog: Catalog,
    floors: Sequence[Floor],
    model: str,
    precision: str | None,
    task: TaskClass,
    asked: Asked,
    longest: float = 0.0,
) -> Judgement:
    """As `quality`, on floors that are known.

    A score of `model@precision` goes before that of the model times what the format keeps. A closed model without a
    score takes that of its predecessor, as a lower bound.
    """
    if not floors:
        return Judgement(False, True, None, None, None, "", "", "", f"no floor for {task} at {asked}")
    for heir in _line(catalog, model):
        for floor in floors:
            exact = score_on(catalog, floor, f"{heir}@{precision}") if precision else None
            base = exact or score_on(catalog, floor, heir)
            if base is None:
                continue
            kept = Recovery(1.0) if exact else recovery(catalog, heir, precision, task, longest)
            return _judged(floor, model, heir, base, kept)
    one = f" of {floors[0].date}" if len(floors) == 1 and floors[0].date else ""
    why = f"no score of {model} on {' or '.join(dict.fromkeys(floor.benchmark + one for floor in floors))}"
    return _unknown(floors[0], why, way_to_supply(floors, model))


def _line(catalog: Catalog, model: str) -> Iterator[str]:
    """The model, then the closed models that it follows, nearest first."""
    seen: set[str] = set()
    while model not in seen:
        seen.add(model)
        yield model
        model = catalog.predecessors[model].predecessor if model in catalog.predecessors else model


def _judged(floor: Floor, model: str, heir: str, base: QualityScore, kept: Recovery) -> Judgement:
    if kept.share is None:
        way = f'or evaluate {model} at that precision: "{model}@PRECISION" in [quality.NAME]'
        return _unknown(floor, kept.estimate, way, base.score)
    after = after_loss(base.score, floor.unit, kept.share)
    bound = heir != model
    told = f"no score of {model} yet: at least the {base.score:g} of {heir}, which it follows" if bound else ""
    vendor = "score reported by the vendor" if base.reported_by == "vendor" else ""
    return Judgement(
        passes=after >= floor.threshold,
        unknown=False,
        score=after,
        base_score=base.score,
        threshold=floor.threshold,
        benchmark=floor.benchmark,
        date=floor.date,
        unit=floor.unit,
        estimate="; ".join(dict.fromkeys(filter(None, (floor.estimate, told, base.estimate, vendor, kept.estimate)))),
        source=base.source,
        low=after_loss(base.score, floor.unit, kept.share if kept.low is None else min(kept.low, kept.share)),
        high=after_loss(base.score, floor.unit, kept.share if kept.high is None else max(kept.high, kept.share)),
        scored=base.model,
        bound=bound,
        note=kept.note,
    )


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


def recovery(catalog: Catalog, model: str, precision: str | None, task: TaskClass, longest: float = 0.0) -> Recovery:
    """Share of the score kept at a precision on a task class, with requests of up to `longest` tokens.

    Nothing is lost as an API serves it, in the model's native format, in 16 bit, or in a format clearly wider than
    the native one. A task class without its own figure takes the worst of the format's others, as an estimate. On long
    requests the worst of what is known decides.
    """
    if precision is None or holds_native(catalog, model, precision):
        return Recovery(1.0)
    own = catalog.quantisation.get((precision, task))
    if own is not None:
        return _at_length(catalog, precision, longest, Recovery(own.recovery, own.estimate, own.low, own.high))
    others = [row for (format_, _), row in catalog.quantisation.items() if format_ == precision]
    if not others:
        return Recovery(None, f"no quality loss known for {precision}")
    worst: QuantisationLoss = min(others, key=lambda row: row.recovery)
    told = f"loss at {precision} taken from {worst.task}, none known for {task}"
    return _at_length(catalog, precision, longest, Recovery(worst.recovery, told, worst.low, worst.high))


def _at_length(catalog: Catalog, precision: str, longest: float, short: Recovery) -> Recovery:
    """The recovery on long requests: the worst finding that holds for them, where it is worse than that of the task."""
    rows = [row for row in catalog.long_context if row.precision == precision and longest >= row.from_tokens]
    if not rows or short.share is None:
        return short
    worst, best = (pick(rows, key=lambda row: row.recovery) for pick in (min, max))
    if worst.recovery >= short.share:
        return short
    at = f"at {worst.from_tokens / 1000:g}K tokens and more"
    apart = best.recovery - worst.recovery > DISAGREE
    told = f"{at} sources disagree, the worse decides: {worst.says}; {best.says}" if apart else f"{at}: {worst.says}"
    low = worst.recovery if short.low is None else min(short.low, worst.recovery)
    high = max(best.recovery, short.share) if short.high is None else max(short.high, best.recovery)
    return Recovery(worst.recovery, "; ".join(filter(None, (short.estimate, worst.estimate))), low, high, told)


def holds_native(catalog: Catalog, model: str, precision: str) -> bool:
    """Whether a format holds a model without loss: its native one, 16 bit, or one clearly wider than the native."""
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


def _unknown(floor: Floor, why: str, way: str, base: float | None = None) -> Judgement:
    return Judgement(
        passes=False,
        unknown=True,
        score=None,
        base_score=base,
        threshold=floor.threshold,
        benchmark=floor.benchmark,
        date=floor.date,
        unit=floor.unit,
        estimate=why,
        note=way,
    )
