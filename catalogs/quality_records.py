"""Records of quality beside scores and floors: the user's evaluations, who follows whom, losses at long context."""

import datetime

from pydantic import Field, model_validator

from catalogs.records import Sourced

SCALES = {"share": 1.0, "percent": 100.0}
"""The most that a score may be, by unit; ratings and the user's own points have no such end."""


class LongContextLoss(Sourced):
    """Share of the score that a precision keeps on requests of `from_tokens` and more, as one source found it.

    Of several that hold, the worst decides; `says` is the finding in the few words that a refusal has room for.
    """

    precision: str
    from_tokens: int = Field(gt=0)
    recovery: float = Field(gt=0, le=1.1)
    says: str


class Predecessor(Sourced):
    """The closed model that a closed model follows: a lower bound where nobody has scored the newer one yet."""

    model: str
    predecessor: str


class Evaluation(Sourced):
    """The user's own evaluation: scores by model, or by `model@precision` as it was served, all of one day.

    `unit` is `share` (0 to 1), `percent` (0 to 100), a rating (`arena score`, `elo`), or the user's own points.
    """

    id: str
    unit: str = Field(default="share", min_length=1)
    scores: dict[str, float] = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> "Evaluation":
        most = SCALES.get(self.unit)
        over = [name for name, score in self.scores.items() if most is not None and score > most]
        if over:
            hint = ', or unit = "percent"' if self.unit == "share" else ""
            raise ValueError(f"scores: {over[0]} at most {most:g}, as the unit is {self.unit}{hint}")
        try:
            datetime.date.fromisoformat(self.date)
        except ValueError:
            raise ValueError('date: the day on which it was run, such as "2026-11-20"') from None
        return self
