"""Result files of benchmarks: which tool wrote one is told by its content, never by its name."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogs.toml_file import Fault, InputError, read_bytes, short
from wizard.importers.bench.aiperf import is_aiperf
from wizard.importers.bench.aiperf import runs as aiperf_runs
from wizard.importers.bench.guidellm import is_guidellm
from wizard.importers.bench.guidellm import runs as guidellm_runs
from wizard.importers.bench.run import MOST, Run
from wizard.importers.bench.vllm import is_vllm
from wizard.importers.bench.vllm import runs as vllm_runs

MOST_BYTES = 500_000_000  # a report with every request in it
LEEWAY = 0.05
"""Of completed requests over the duration, against the request throughput that a file tells."""
HELD_BACK = 0.9
"""Of the limit in flight: a mean above it tells that the limit, not the rate, set the pace."""
_READERS = ((is_vllm, vllm_runs), (is_guidellm, guidellm_runs), (is_aiperf, aiperf_runs))
_WANTED = "a result of vllm bench serve, GuideLLM 0.8 or aiperf"


def read_runs(path: Path | str) -> tuple[Run, ...]:
    """Every run that a file tells of.

    Raises
    ------
    InputError
        a file that cannot be read or that no tool named here writes, and every fault of its runs.

    """
    file = str(path)
    found = list(_objects(read_bytes(path, "JSON", MOST_BYTES), file))
    day = _day(Path(path))
    runs: list[Run] = []
    faults: list[Fault] = []
    for number, each in enumerate(found):
        at = f"line {number + 1}" if len(found) > 1 else ""
        try:
            runs += _runs(each, file, at, day)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return tuple(runs)


def _runs(found: Any, file: str, at: str, day: str) -> list[Run]:
    if isinstance(found, Mapping):
        for is_of, runs in _READERS:
            if is_of(found):
                read = [_as_it_ran(run) for run in runs(found, file, at, day)]
                faults = [fault for run in read for fault in _contradictions(run, file)]
                if faults:
                    raise InputError(*faults)
                return read
    shown = f"an object with {', '.join(map(str, list(found)[:4]))}" if isinstance(found, Mapping) else short(found)
    raise InputError(Fault(file, at, shown[:80], _WANTED))


def _as_it_ran(run: Run) -> Run:
    """A run at a rate as a closed loop where its limit in flight held requests back, whose wait no TTFT holds."""
    if run.arrivals not in ("poisson", "constant"):
        return run
    whole = run.ttft_ms["mean"] + (run.output_tokens - 1) * run.tpot_ms["mean"]
    held = run.max_in_flight is not None and run.requests_per_second * whole / 1e3 >= HELD_BACK * run.max_in_flight
    if held:
        return run.model_copy(update={"arrivals": "closed", "offered_per_second": None})
    return run.model_copy(update={"max_in_flight": None})


def _contradictions(run: Run, file: str) -> Iterator[Fault]:
    """Token counts and rates that are zero, or that cannot both be."""
    for key in ("input_tokens", "output_tokens", "requests_per_second", "seconds"):
        value = getattr(run, key)
        if not 0 < value <= MOST:
            yield Fault(file, f"{run.at} {key}".strip(), f"{value:g}", f"more than 0 and at most {MOST:g}")
    if 0 < run.output_tokens <= 1:
        hint = "ask for longer outputs"
        found = f"{run.output_tokens:g} tokens a request"
        yield Fault(file, f"{run.at} output_tokens".strip(), found, "more than 1: no time passes between tokens", hint)
    rate = run.completed / run.seconds if run.seconds > 0 else run.requests_per_second
    if abs(run.requests_per_second - rate) > LEEWAY * rate:
        found = f"{run.requests_per_second:.4g} requests/s"
        wanted = f"{rate:.4g}: {run.completed} completed in {run.seconds:.4g} s"
        yield Fault(file, f"{run.at} requests_per_second".strip(), found, wanted)


def _objects(content: bytes, file: str) -> Iterator[Any]:
    """The objects of a file: one, a list of them, or one a line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(Fault(file, "", "bytes that are not UTF-8", "a JSON file")) from None
    try:
        whole = json.loads(text)
    except RecursionError:
        raise InputError(Fault(file, "", "values nested too deeply", "a JSON file")) from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise InputError(Fault(file, "", f"what is no JSON ({str(error)[:60]})", "a JSON file")) from None
        yield from _of_lines(lines, file)
        return
    yield from whole if isinstance(whole, list) and whole else [whole]


def _of_lines(lines: list[str], file: str) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            found = f"what is no JSON ({str(error)[:60]})"
            raise InputError(Fault(file, f"line {number}", found, "an object, or an object a line")) from None


def _day(path: Path) -> str:
    """The day of the file, for a tool that does not tell when it ran."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
