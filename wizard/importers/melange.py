"""The input of Mélange (arXiv:2404.14527, github.com/tyler-griggs/melange-release): buckets of requests, and GPUs.

JSON: `gpu_info` {NAME: {cost: money an hour, tputs: requests/s [row][column] that one GPU serves if it serves nothing
else}}, `workload_distribution` share of the requests [row][column] (rows are input lengths, columns output lengths),
`total_request_rate` requests/s, and `slice_factor`, which is not needed: shares of a segment are continuous here.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from catalogs.toml_file import Fault, InputError, check, quoted, read_bytes, short
from solver.scenario import MOST_REQUESTS_PER_S, Scenario

MODEL, PROVIDER = "served-model", "melange"
SLOWEST, FASTEST, DEAREST, MOST_GPUS = 1e-9, 1e9, 1e6, 1e6
_NO_FIGURE = "the format has no such figure: a placeholder that nothing of the plan rests on"
_IN_JSON = {"a table": "an object in braces", "an empty table": "an empty object"}


def _throughput(value: float) -> float:
    if value == 0 or SLOWEST <= value <= FASTEST:
        return value
    raise ValueError(f"requests/s from {SLOWEST:g} to {FASTEST:g}, or 0 where the GPU cannot serve the bucket")


def _name(name: str) -> str:
    if name.isprintable() and name.strip() and len(name) <= 80:
        return name
    raise ValueError("a name of up to 80 letters")


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0)]
Throughput = Annotated[Number, AfterValidator(_throughput)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Gpu(_Part):
    """What one GPU costs an hour, and its requests/s [row, column]."""

    cost: Number = Field(gt=0, le=DEAREST)
    tputs: list[list[Throughput]]


class _Given(_Part):
    """The file; shares [row, column], requests/s."""

    gpu_info: dict[Annotated[str, AfterValidator(_name)], _Gpu] = Field(min_length=1)
    workload_distribution: list[list[Share]]
    total_request_rate: Number = Field(gt=0, le=MOST_REQUESTS_PER_S)
    slice_factor: Any = None


def scenario_of(path: Path | str) -> Scenario:
    """The scenario whose optimum is that of a Mélange file, with shares in place of slices: total = hourly cost x 730.

    A segment for each bucket with a share above 0. Its [catalog] holds the GPUs, their prices and throughputs (0: not
    admissible); nothing else is counted, nothing else may be used, and no requirement turns anything down.

    Raises
    ------
    InputError
        a file that cannot be read, or every fault in it: keys, shapes, numbers, a bucket that no GPU serves.

    """
    file = str(path)
    try:
        given = check(_Given, _parsed(read_bytes(path, "JSON"), file), file)
    except InputError as error:
        raise InputError(*map(_in_json, error.faults)) from None
    if faults := [*_misshapen(given, file)] or [*_unservable(given, file)]:
        raise InputError(*faults)
    return Scenario.model_validate(_tables(given, Path(file).name if file.isprintable() else "the file"))


def _parsed(content: bytes, file: str) -> Mapping[str, Any]:
    try:
        found = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:80]
        raise InputError(Fault(file, where, f"what is no JSON ({reason})", "a JSON file")) from None
    if not isinstance(found, dict):
        raise InputError(Fault(file, "", short(found), "an object with gpu_info, workload_distribution and rates"))
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; ValueError where a key stands twice, as the one of two that holds is a guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {short(next(name for name in names if names.count(name) > 1))} stands twice")
    return found


def _in_json(fault: Fault) -> Fault:
    words = {name: _IN_JSON.get(getattr(fault, name), getattr(fault, name)) for name in ("found", "wanted")}
    return replace(fault, **words)


def _buckets(given: _Given) -> Iterator[tuple[int, int, float]]:
    """Row, column and requests/s of each bucket with a share."""
    for row, shares in enumerate(given.workload_distribution):
        for column, share in enumerate(shares):
            if share > 0:
                yield row, column, share * given.total_request_rate


def _misshapen(given: _Given, file: str) -> Iterator[Fault]:
    """Matrices that are none, or not of one shape."""
    shape = [len(row) for row in given.workload_distribution]
    if not any(shape) or len(set(shape)) > 1:
        found = f"rows of {', '.join(map(str, shape))}" if any(shape) else "no bucket"
        yield Fault(file, "workload_distribution", short(found), "rows of as many columns each")
        return
    if not any(_buckets(given)):
        yield Fault(file, "workload_distribution", "shares that are all 0", "a share above 0")
    for name, gpu in given.gpu_info.items():
        lengths = [len(row) for row in gpu.tputs]
        if lengths != shape:
            found = f"{len(lengths)} rows of {', '.join(map(str, dict.fromkeys(lengths))) or 'nothing'}"
            wanted = f"{len(shape)} rows of {shape[0]}, as workload_distribution has"
            yield Fault(file, f"gpu_info.{quoted(name)}.tputs", short(found), wanted)


def _unservable(given: _Given, file: str) -> Iterator[Fault]:
    """Buckets with load that no GPU serves, or with too little or too much of it to be counted."""
    least = 0.0
    for row, column, rate in _buckets(given):
        key = f"workload_distribution.{row}.{column}"
        fastest = max(gpu.tputs[row][column] for gpu in given.gpu_info.values())
        if not 0 < rate <= MOST_REQUESTS_PER_S:
            wanted = f"with total_request_rate more than 0 and at most {MOST_REQUESTS_PER_S:g} requests/s"
            yield Fault(file, key, f"{rate:g} requests/s", wanted)
        elif fastest == 0:
            yield Fault(file, key, f"{rate:g} requests/s, and tputs of 0 on every GPU", "a GPU that serves this bucket")
        else:
            least += rate / fastest
    if least > MOST_GPUS:
        yield Fault(file, "total_request_rate", f"load of {least:.3g} GPUs and more", f"at most {MOST_GPUS:g} GPUs")


def _segment(row: int, column: int) -> str:
    return f"in{row}-out{column}"


def _ids(names: Iterable[str]) -> dict[str, str]:
    """An id of the catalog for each GPU of the file: never one that is shipped, whose prices would come with it."""
    ids: dict[str, str] = {}
    for name in names:
        word = f"{PROVIDER}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'gpu'}"
        taken, number = set(ids.values()), 2
        ids[name] = word
        while ids[name] in taken:
            ids[name], number = f"{word}-{number}", number + 1
    return ids


def _tables(given: _Given, file: str) -> dict[str, Any]:
    """The scenario's tables."""
    loads = {_segment(row, column): rate for row, column, rate in _buckets(given)}
    return {
        "load": "flat",
        "blocks": 1,
        "segment": {
            name: {"requests": {"amount": rate, "per": "s"}, "input_tokens": 1, "output_tokens": 1, "quality": "low"}
            for name, rate in loads.items()
        },
        "policy": {
            "headroom": 0.0, "purchase_types": ["on_demand"], "may_use": [MODEL], "people": False, "setup": False,
            "storage": False, "network": False, "apis": False,
        },
        "sources": {
            "policy": "as Mélange counts (arXiv:2404.14527): GPUs by the hour, and nothing beside them",
            "segment": f"{file}: inR-outC is row R, column C of workload_distribution, from 0, at one constant rate; "
            "the format tells no token lengths: 1 token in and 1 out stand for them, and no cost rests on that",
        },
        "catalog": _catalog(given, list(loads), file),
    }  # fmt: skip


def _catalog(given: _Given, segments: list[str], file: str) -> dict[str, Any]:
    """The overlay: the one model, whose size nobody tells and whose quality nobody asks, on the GPUs of the file."""
    at = {_segment(row, column): (row, column) for row, column, _ in _buckets(given)}
    ids = _ids(given.gpu_info)
    none = {"benchmark": "none", "unit": "points", "source": "one model on all GPUs: no quality is asked of it"}
    return {
        "operations": {
            "availability_on_demand": {"value": 1.0, "source": "as Mélange counts: a GPU that is rented is up"}
        },
        "models": {MODEL: {"params_total_b": 1.0, "source": file, "estimate": _NO_FIGURE}},
        "floors": {"none": none | {"task": "chat", "word": "low", "benchmark_date": "none", "threshold": 0.0}},
        "scores": {"none": none | {"model": MODEL, "date": "none", "score": 0.0}},
        "gpus": {
            ids[name]: {
                "name": name, "vendor": "not told", "memory_gb": 1.0, "source": file, "estimate": _NO_FIGURE
            }
            for name in given.gpu_info
        },
        "gpu_prices": {
            ids[name]: {
                "provider": PROVIDER, "instance": name, "gpu": ids[name], "region": "any", "price_per_hour": gpu.cost,
                "currency": "USD", "source": f"{file}: gpu_info.{name}.cost",
            }
            for name, gpu in given.gpu_info.items()
        },
        "rates": {
            ids[name]: {
                "model": MODEL, "precision": "bf16", "gpu": ids[name], "gpus": 1, "engine": "vllm",
                "by_segment": {segment: gpu.tputs[at[segment][0]][at[segment][1]] for segment in segments},
                "source": f"{file}: gpu_info.{name}.tputs",
            }
            for name, gpu in given.gpu_info.items()
        },
    }  # fmt: skip
