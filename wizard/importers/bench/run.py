"""One run of a benchmark, as every reader gives it."""

from collections.abc import Iterable, Mapping
from datetime import date as date_
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from catalogs.measurements import Arrivals
from catalogs.toml_file import Fault, InputError, check

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Finite, Field(gt=0)]
MOST = 10**12
"""No run counts as many requests, and no time of one is as many milliseconds."""
Count = Annotated[int, Field(ge=0, le=MOST)]
OneOrMore = Annotated[int, Field(ge=1, le=MOST)]
R = TypeVar("R", bound=BaseModel)


class Part(BaseModel):
    """A part of a result file: what is needed is checked, the rest is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Run(BaseModel):
    """What a result file says of one run: token counts are means of the completed requests, times milliseconds.

    `at` is the place in the file; `design` what the file says of GPU, tensor parallel size, precision and engine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    tool: str
    date: str
    model: str
    design: dict[str, str] = {}
    arrivals: Arrivals
    offered_per_second: float | None = None
    max_in_flight: int | None = None
    completed: int
    failed: int = 0
    seconds: float
    input_tokens: float
    output_tokens: float
    requests_per_second: float
    ttft_ms: dict[str, float]
    tpot_ms: dict[str, float]


def part_of(model: type[R], tables: Any, file: str, at: str) -> R:
    """A part of a result file as a record; InputError tells every field that is missing or no such number."""
    if not isinstance(tables, Mapping):
        raise InputError(Fault(file, at, "no object", "an object in braces"))
    return check(model, tables, file, at)


def day_of(text: str, otherwise: str) -> str:
    """The ISO day that a text starts with, where the calendar has it."""
    try:
        return date_.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return otherwise


def refuse_empty(completed: Any, file: str, at: str) -> None:
    """InputError where no request came back: times and rates of nothing are nothing."""
    if completed == 0:
        raise InputError(Fault(file, at, "0 completed requests", "completed requests: nothing was measured"))


def statistics(found: Iterable[tuple[str, Any]], file: str, at: str) -> dict[str, float]:
    """Milliseconds by statistic; InputError for one that is zero, negative, not finite or no number."""
    values: dict[str, float] = {}
    faults = []
    for name, value in found:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and 0 < value <= MOST:
            values[name] = float(value)
        else:
            wanted = "milliseconds above 0: a token takes time, and no request takes as long as 1e12"
            faults.append(Fault(file, f"{at} {name}", str(value)[:24], wanted))
    if faults:
        raise InputError(*faults)
    return values
