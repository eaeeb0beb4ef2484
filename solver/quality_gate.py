"""The quality rule: a model as served against the segment's floor."""

from collections.abc import Callable
from functools import cache, lru_cache

from catalogs.catalog import Catalog
from catalogs.vocabulary import TaskClass
from solver.compliance import UNKNOWN, Reason
from solver.costs import length_quantile
from solver.kept import Kept, unpriced
from solver.quality import Judgement, judge
from solver.quality_floors import Asked, asked_of, floors_asked
from solver.refusals import Rule
from solver.scenario import Segment


class QualityGate:
    """Judges each model and precision once for a task, a floor and a length."""

    def __init__(self, catalog: Catalog) -> None:
        floors = cache(lambda task, asked: floors_asked(catalog, task, asked))
        self._long = tuple(row.from_tokens for row in catalog.long_context)
        self._judge = lru_cache(maxsize=2**14)(
            lambda model, precision, task, asked, longest: judge(
                catalog, floors(task, asked), model, precision, task, asked, longest
            )
        )
        self._of = lru_cache(maxsize=24)(lambda task, asked, at: SegmentGate(self._judge, task, asked, at))

    def of(self, segment: Segment) -> "SegmentGate":
        """The same for one segment. Lengths count by which studies of long requests they reach."""
        longest = length_quantile(segment.input_tokens) + length_quantile(segment.output_tokens)
        reached = max((tokens for tokens in self._long if tokens <= longest), default=0)
        gate: SegmentGate = self._of(segment.task, asked_of(segment), reached)
        return gate

    def judgement(self, model: str, precision: str | None, segment: Segment) -> Judgement:
        """The judgement at a precision (None is as an API serves it): of several floors asked the first that fails."""
        return self.of(segment).judgement(model, precision)

    def reason(self, model: str, precision: str | None, segment: Segment) -> Reason | None:
        """Why the model falls short, or None."""
        return self.of(segment).reason(model, precision)


class SegmentGate:
    """Judges models and precisions on what a segment asks."""

    def __init__(
        self, judge: Callable[..., Judgement], task: TaskClass, asked: tuple[Asked, ...], longest: float
    ) -> None:
        self._judge, self._task, self._asked, self._longest = judge, task, asked, longest
        self.reason = cache(self._reason)
        """Why a model falls short at a precision, or None."""

    def judgement(self, model: str, precision: str | None) -> Judgement:
        """The judgement at a precision (None is as an API serves it): of several floors asked the first that fails."""
        judged = [self._judge(model, precision, self._task, asked, self._longest) for asked in self._asked]
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


_GATES: Kept[QualityGate] = Kept(3)


def quality_gate(catalog: Catalog) -> QualityGate:
    """The gate of a catalog; moves of a price leave it as it is."""
    return _GATES.of(unpriced(catalog), None, lambda: QualityGate(catalog))
