"""The quality rule: a model as served against the segment's floor."""

from dataclasses import replace
from functools import lru_cache

from catalogs.catalog import Catalog
from catalogs.records import QualityWord, TaskClass
from solver.compliance import UNKNOWN, Reason
from solver.quality import Judgement, quality
from solver.refusals import Rule
from solver.scenario import Segment


def word_of(segment: Segment) -> QualityWord:
    """The floor asked: the segment's word, or `frontier` where that is a required feature (open or closed alike)."""
    return "frontier" if "frontier" in segment.features else segment.quality


class QualityGate:
    """Judges each model and precision once for a task and word."""

    def __init__(self, catalog: Catalog) -> None:
        asked = lru_cache(maxsize=None)(
            lambda task, word: replace(
                catalog, floors=tuple(floor for floor in catalog.floors if (floor.task, floor.word) == (task, word))
            )
        )
        self._judge = lru_cache(maxsize=None)(
            lambda model, precision, task, word: quality(asked(task, word), model, precision, task, word)
        )

    def judgement(self, model: str, precision: str | None, segment: Segment) -> Judgement:
        """The judgement at a precision; None is as an API serves it."""
        task: TaskClass = segment.task
        return self._judge(model, precision, task, word_of(segment))

    def reason(self, model: str, precision: str | None, segment: Segment) -> Reason | None:
        """Why the model falls short, or None."""
        judged = self.judgement(model, precision, segment)
        if judged.passes:
            return None
        wanted = judged.threshold if judged.threshold is not None else word_of(segment)
        unit = f"{judged.unit} on {judged.benchmark} of {judged.date}" if judged.benchmark else ""
        if judged.unknown or judged.score is None:
            return Reason(Rule.QUALITY_UNKNOWN, judged.estimate or UNKNOWN, wanted, unit)
        short = (judged.threshold or 0.0) - judged.score
        return Reason(Rule.QUALITY, judged.score, wanted, unit, short / max(abs(judged.threshold or 0.0), 1e-9))
