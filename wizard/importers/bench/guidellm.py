"""GuideLLM's `benchmarks.json`, metadata.version 2, as GuideLLM 0.8 writes it.

Its `time_per_output_token_ms` holds the TTFT; the TPOT meant here, without the first token, is its
`inter_token_latency_ms`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from catalogs.measurements import Arrivals
from catalogs.toml_file import Fault, InputError, short
from wizard.importers.bench.run import Count, Finite, OneOrMore, Part, Positive, Run, part_of, refuse_empty, statistics

VERSION = 2
_ARRIVALS: Mapping[str, Arrivals] = {
    "synchronous": "closed", "concurrent": "closed", "throughput": "closed", "poisson": "poisson",
    "constant": "constant", "async": "constant",
}  # fmt: skip
_KEPT = ("p50", "p75", "p90", "p95", "p99")


class _Strategy(Part):
    type_: str
    rate: Positive | None = None
    max_concurrency: OneOrMore | None = None


class _Backend(Part):
    model: str | None = None


class _Config(Part):
    strategy: _Strategy
    backend: _Backend = _Backend()


class _Totals(Part):
    successful: Count
    errored: Count = 0


class _Distribution(Part):
    mean: Finite
    percentiles: dict[str, float]


class _Successful(Part):
    successful: _Distribution


class _Metrics(Part):
    request_totals: _Totals
    requests_per_second: _Successful
    prompt_token_count: _Successful
    output_token_count: _Successful
    time_to_first_token_ms: _Successful
    inter_token_latency_ms: _Successful


class _Benchmark(Part):
    config: _Config
    metrics: _Metrics
    duration: Positive
    start_time: Positive


def is_guidellm(found: Mapping[str, Any]) -> bool:
    """Whether an object is a report of GuideLLM."""
    return isinstance(found.get("benchmarks"), list) and "metadata" in found


def runs(found: Mapping[str, Any], file: str, at: str, day: str) -> Iterator[Run]:
    """The run of each benchmark of a report. InputError: another version, or a field that is missing or nonsense."""
    metadata = found["metadata"] if isinstance(found["metadata"], Mapping) else {}
    version = metadata.get("version")
    if version != VERSION:
        hint = "as GuideLLM 0.8 writes it"
        raise InputError(Fault(file, "metadata.version", short(version), f"version {VERSION}", hint))
    if not found["benchmarks"]:
        raise InputError(Fault(file, "benchmarks", "none", "at least one benchmark"))
    for number, each in enumerate(found["benchmarks"]):
        yield _run(each, file, f"benchmarks.{number}", str(metadata.get("guidellm_version", "")))


def _run(found: Any, file: str, at: str, version: str) -> Run:
    refuse_empty(_at(found, "metrics", "request_totals", "successful"), file, f"{at}.metrics.request_totals.successful")
    given = part_of(_Benchmark, found, file, at)
    strategy, metrics = given.config.strategy, given.metrics
    arrivals = _ARRIVALS.get(strategy.type_)
    if arrivals is None:
        key = f"{at}.config.strategy.type_"
        raise InputError(Fault(file, key, short(strategy.type_), "one of " + ", ".join(_ARRIVALS)))
    closed = arrivals == "closed"
    return Run(
        at=at,
        tool=f"GuideLLM {version}".strip(),
        date=_day(given.start_time, file, at),
        model=given.config.backend.model or "",
        arrivals=arrivals,
        offered_per_second=None if closed else strategy.rate,
        max_in_flight=strategy.max_concurrency,
        completed=metrics.request_totals.successful,
        failed=metrics.request_totals.errored,
        seconds=given.duration,
        input_tokens=metrics.prompt_token_count.successful.mean,
        output_tokens=metrics.output_token_count.successful.mean,
        requests_per_second=metrics.requests_per_second.successful.mean,
        ttft_ms=_statistics(metrics.time_to_first_token_ms, file, f"{at} time_to_first_token_ms"),
        tpot_ms=_statistics(metrics.inter_token_latency_ms, file, f"{at} inter_token_latency_ms"),
    )


def _at(found: Any, *keys: str) -> Any:
    """What stands under keys, one in the other; None where there is nothing."""
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _day(seconds: float, file: str, at: str) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        raise InputError(Fault(file, f"{at}.start_time", short(seconds), "seconds since 1970")) from None


def _statistics(given: _Successful, file: str, at: str) -> dict[str, float]:
    found = given.successful
    kept = [(name, found.percentiles[name]) for name in _KEPT if name in found.percentiles]
    return statistics([("mean", found.mean), *kept], file, at)
