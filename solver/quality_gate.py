"""The quality rule: a model as served against the segment's floor."""

from functools import lru_cache

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
        self._judge = lru_cache(maxsize=None)(
            lambda model, precision, task, asked, longest: judge(
                catalog, floors(task, asked), model, precision, task, asked, longest
            )
        )

    def judgement(self, model: str, precision: str | None, segment: Segment) -> Judgement:
        """The judgement at a precision (None is as an API serves it): of several floors asked the first that fails."""
        longest = length_quantile(segment.input_tokens) + length_quantile(segment.output_tokens)
        judged = [self._judge(model, precision, segment.task, asked, longest) for asked in asked_of(segment)]
        found: Judgement = next((each for each in judged if not each.passes), judged[0])
        return found

    def reason(self, model: str, precision: str | None, segment: Segment) -> Reason | None:
        """Why the model falls short, or None."""
        judged = self.judgement(model, precision, segment)
        if judged.passes:
            return None
        asked = " and ".join(map(str, asked_of(segment)))
        wanted = judged.threshold if judged.threshold is not None else asked
        if judged.unknown or judged.score is None:
            return Reason(Rule.QUALITY_UNKNOWN, judged.estimate or UNKNOWN, wanted, judged.scale, note=judged.note)
        short = (judged.threshold or 0.0) - judged.score
        distance = short / max(abs(judged.threshold or 0.0), 1e-9)
        note = "; ".join(filter(None, (judged.note, judged.estimate if judged.bound else "")))
        return Reason(Rule.QUALITY, judged.score, wanted, judged.scale, distance, note)
