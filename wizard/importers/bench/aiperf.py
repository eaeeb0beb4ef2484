"""aiperf's `profile_export_aiperf.json`, schema 1.4, as aiperf 0.13 writes it: one block a metric."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from catalogs.measurements import Arrivals
from catalogs.toml_file import Fault, InputError, short
from wizard.importers.bench.run import Finite, OneOrMore, Part, Positive, Run, day_of, part_of, refuse_empty, statistics

MAJOR = "1."
_ARRIVALS: Mapping[str, Arrivals] = {
    "concurrency": "closed", "poisson": "poisson", "gamma": "poisson", "constant": "constant",
}  # fmt: skip
_SCHEMA = "schema 1.4, as aiperf 0.13 writes it"
_NO_SCHEMA = "nothing, as genai-perf and older versions of aiperf write it"
_HINT = "genai-perf's file does not tell how long the run took; aiperf is its successor"
_KEPT = ("p50", "p75", "p90", "p95", "p99")


class _Block(Part):
    """A metric; `unit` says of what."""

    unit: str
    avg: Finite
    p50: Finite | None = None
    p75: Finite | None = None
    p90: Finite | None = None
    p95: Finite | None = None
    p99: Finite | None = None


class _Milliseconds(_Block):
    unit: Literal["ms"]


class _Phase(Part):
    kind: str = "profiling"
    type: str
    rate: Positive | None = None
    concurrency: OneOrMore | None = None


class _Named(Part):
    name: str


class _Models(Part):
    items: list[_Named] = Field(min_length=1)


class _Input(Part):
    models: _Models
    phases: list[_Phase] = Field(min_length=1)


class _Given(Part):
    aiperf_version: str = ""
    start_time: str = ""
    input_config: _Input
    request_count: _Block
    error_request_count: _Block | None = None
    benchmark_duration: _Block
    request_throughput: _Block
    input_sequence_length: _Block
    output_sequence_length: _Block
    time_to_first_token: _Milliseconds
    inter_token_latency: _Milliseconds


def is_aiperf(found: Mapping[str, Any]) -> bool:
    """Whether an object is an export of aiperf."""
    return isinstance(found.get("request_throughput"), Mapping)


def runs(found: Mapping[str, Any], file: str, at: str, day: str) -> Iterator[Run]:
    """The run that an export tells of. InputError: another schema, or a field that is missing or nonsense."""
    schema = found.get("schema_version")
    if schema is None:
        raise InputError(Fault(file, "schema_version", _NO_SCHEMA, _SCHEMA, _HINT))
    if not str(schema).startswith(MAJOR):
        raise InputError(Fault(file, "schema_version", short(schema), _SCHEMA))
    count = found.get("request_count")
    refuse_empty(count.get("avg") if isinstance(count, Mapping) else None, file, "request_count.avg")
    given = part_of(_Given, found, file, at)
    phase = next((each for each in given.input_config.phases if each.kind == "profiling"), given.input_config.phases[0])
    arrivals = _ARRIVALS.get(phase.type)
    if arrivals is None:
        raise InputError(Fault(file, "input_config.phases", short(phase.type), "one of " + ", ".join(_ARRIVALS)))
    closed = arrivals == "closed"
    yield Run(
        at=at,
        tool=f"aiperf {given.aiperf_version}".strip(),
        date=day_of(given.start_time, day),
        model=given.input_config.models.items[0].name,
        arrivals=arrivals,
        offered_per_second=None if closed else phase.rate,
        max_in_flight=phase.concurrency,
        completed=round(given.request_count.avg),
        failed=round(given.error_request_count.avg) if given.error_request_count else 0,
        seconds=given.benchmark_duration.avg,
        input_tokens=given.input_sequence_length.avg,
        output_tokens=given.output_sequence_length.avg,
        requests_per_second=given.request_throughput.avg,
        ttft_ms=_statistics(given.time_to_first_token, file, "time_to_first_token"),
        tpot_ms=_statistics(given.inter_token_latency, file, "inter_token_latency"),
    )


def _statistics(given: _Block, file: str, at: str) -> dict[str, float]:
    kept = [(name, value) for name in _KEPT if (value := getattr(given, name)) is not None]
    return statistics([("mean", given.avg), *kept], file, at)
