"""`vllm bench serve --save-result` (and `--append-result`, one object a line), as vLLM 0.33 and 0.8.5 write it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from catalogs.measurements import Arrivals
from catalogs.toml_file import Fault, InputError, short
from wizard.importers.bench.run import (
    Count,
    Finite,
    OneOrMore,
    Part,
    Positive,
    Run,
    day_of,
    part_of,
    refuse_empty,
    statistics,
)

KEYS = ("model_id", "num_prompts", "request_rate", "completed", "total_input_tokens", "request_throughput")
_OF = re.compile(r"(mean|median|p[0-9.]+)_(ttft|tpot)_ms")
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)-\d{6}")


class _Given(Part):
    """The fields used of one object."""

    model_id: str = Field(min_length=1)
    request_rate: float | str
    burstiness: Positive = 1.0
    max_concurrency: OneOrMore | None = None
    duration: Positive
    completed: OneOrMore
    failed: Count = 0
    total_input_tokens: Positive
    total_output_tokens: Positive
    request_throughput: Positive
    mean_ttft_ms: Finite
    mean_tpot_ms: Finite


def is_vllm(found: Mapping[str, Any]) -> bool:
    """Whether an object is a result of `vllm bench serve`."""
    return all(key in found for key in KEYS)


def runs(found: Mapping[str, Any], file: str, at: str, day: str) -> Iterator[Run]:
    """The run that an object tells of. InputError: a field that is missing, zero, not finite or no number."""
    refuse_empty(found["completed"], file, f"{at}.completed".lstrip("."))
    given = part_of(_Given, found, file, at)
    offered = _offered(given, file, at)
    told = _DAY.fullmatch(str(found.get("date", "")))
    yield Run(
        at=at,
        tool="vllm bench serve",
        date=day_of("-".join(told.groups()) if told else "", day),
        model=given.model_id,
        design={key: str(found[key]) for key in ("gpu", "tp", "precision", "engine") if key in found},
        arrivals=_arrivals(given, offered),
        offered_per_second=offered,
        max_in_flight=given.max_concurrency,
        completed=given.completed,
        failed=given.failed,
        seconds=given.duration,
        input_tokens=given.total_input_tokens / given.completed,
        output_tokens=given.total_output_tokens / given.completed,
        requests_per_second=given.request_throughput,
        ttft_ms=_statistics(found, "ttft", file, at),
        tpot_ms=_statistics(found, "tpot", file, at),
    )


def _statistics(found: Mapping[str, Any], metric: str, file: str, at: str) -> dict[str, float]:
    named = [(match, found[match.group()]) for key in found if (match := _OF.fullmatch(key))]
    pairs = [(match[1].replace("median", "p50"), value) for match, value in named if match[2] == metric]
    return statistics(dict(pairs).items(), file, f"{at} {metric}_ms".strip())


def _offered(given: _Given, file: str, at: str) -> float | None:
    """Requests/s offered; None where all are sent at once ("inf")."""
    rate = given.request_rate
    try:
        value = float(rate)
    except ValueError:
        value = float("nan")
    if not value > 0:
        raise InputError(Fault(file, f"{at}.request_rate".lstrip("."), short(rate), 'requests/s above 0, or "inf"'))
    return None if value == float("inf") else value


def _arrivals(given: _Given, offered: float | None) -> Arrivals:
    """`burstiness` 1 is Poisson, above 1 more even."""
    if offered is None:
        return "closed" if given.max_concurrency else "all_at_once"
    return "poisson" if given.burstiness <= 1 else "constant"
