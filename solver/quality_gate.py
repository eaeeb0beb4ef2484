"""The quality rule: a model as served against the segment's floor."""

from functools import cache, lru_cache

from catalogs.catalog import Catalog
from solver.compliance import UNKNOWN, Reason
from solver.costs import length_quantile
from solver.quality import Judgement, judge
from solver.quality_floors import asked_of, floors_asked
from solver.refusals import Rule
from solver.scenario import Segment


class QualityGate:
    """Judges each model and precision once for a task, a floor and a length."""

    def __init__(self, catalog: Catalog) -> None:
        floors = lru_cache(maxsize=None)(lambda task, asked: floors_asked(catalog, task, asked))
        self.judge = lru_cache(maxsize=None)(
            lambda model, precision, task, asked, longest: judge(
                catalog, floors(task, asked), model, precision, task, asked, longest
            )
        )

    def of(self, segment: Segment) -> "SegmentGate":
        """The same for one segment, whose floor and length are read once."""
        return SegmentGate(self, segment)

    def judgement(self, model: str, precision: str | None, segment: Segment) -> Judgement:
        """The judgement at a precision (None is as an API serves it): of several floors asked the first that fails."""
        return self.of(segment).judgement(model, precision)

    def reason(self, model: str, precision: str | None, segment: Segment) -> Reason | None:
        """Why the model falls short, or None."""
        return self.of(segment).reason(model, precision)


class SegmentGate:
    """Judges models and precisions for one segment."""

    def __init__(self, gate: QualityGate, segment: Segment) -> None:
        self._gate, self._task, self._asked = gate, segment.task, asked_of(segment)
        self._longest = length_quantile(segment.input_tokens) + length_quantile(segment.output_tokens)
        self.reason = cache(self._reason)
        """Why a model falls short at a precision, or None."""

    def judgement(self, model: str, precision: str | None) -> Judgement:
        """The judgement at a precision (None is as an API serves it): of several floors asked the first that fails."""
        judged = [self._gate.judge(model, precision, self._task, asked, self._longest) for asked in self._asked]
        found: Judgement = next((each for each in judged if not each.passes), judged[0])
        return found

    def _reason(self, model: str, precision: str | None) -> Reason | None:
        judged = self.judgement(model, precision)
        if judged.passes:
            return None
        asked = " and ".join(map(str, self._asked))
        wanted = judged.threshold if judged.threshold is not None else asked
        if judged.unknown or judged.score is None:
            return Reason(Rule.QUALITY_UNKNOWN, judged.estimate or UNKNOWN, wanted, judged.scale, note=judged.note)
        short = (judged.threshold or 0.0) - judged.score
        distance = short / max(abs(judged.threshold or 0.0), 1e-9)
        note = "; ".join(filter(None, (judged.note, judged.estimate if judged.bound else "")))
        return Reason(Rule.QUALITY, judged.score, wanted, judged.scale, distance, note)
