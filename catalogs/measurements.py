"""Operating points that the user measured: a record for each run of a benchmark, `[measurements.ID]` of an overlay."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from catalogs.records import Sourced

STATISTIC = r"mean|p[1-9][0-9]?(\.[0-9]+)?"
Arrivals = Literal["closed", "poisson", "constant", "all_at_once"]


def _statistics(values: dict[str, float]) -> dict[str, float]:
    if "mean" not in values:
        raise ValueError("milliseconds by statistic, the mean among them, such as {mean = 21.5, p95 = 24}")
    if not all(re.fullmatch(STATISTIC, name) and value > 0 for name, value in values.items()):
        raise ValueError("milliseconds above 0 by statistic: mean, p50, p90, p95, p99, ...")
    return values


Statistics = Annotated[dict[str, float], AfterValidator(_statistics)]
"""Milliseconds over the requests of a run: `mean`, and percentiles as `p95`."""


class MeasuredPoint(Sourced):
    """What one replica of a design did in one run of a benchmark; it corrects or replaces the performance model.

    `arrivals`: `closed` keeps `max_in_flight` requests going, `poisson` and `constant` offer `offered_per_second`
    whatever is in flight, `all_at_once` offers all requests at the start. Token counts are means of the completed
    requests; the TPOT leaves out the first token.
    """

    id: str
    model: str
    precision: str
    gpu: str
    gpus: int = Field(ge=1)
    engine: str
    tool: str
    arrivals: Arrivals
    offered_per_second: float | None = Field(default=None, gt=0)
    max_in_flight: int | None = Field(default=None, ge=1)
    completed: int = Field(ge=1)
    input_tokens: float = Field(gt=0)
    output_tokens: float = Field(gt=1)
    requests_per_second: float = Field(gt=0)
    ttft_ms: Statistics
    tpot_ms: Statistics

    @property
    def running(self) -> float:
        """Requests that decode at once, on average: Little's law over the time after the first token."""
        return self.requests_per_second * (self.output_tokens - 1) * self.tpot_ms["mean"] / 1e3

    @property
    def in_flight(self) -> float:
        """Requests in flight on average: Little's law over the whole request."""
        return self.running + self.requests_per_second * self.ttft_ms["mean"] / 1e3
