"""What replicas do in the regimes that benchmarks run them in; equations in README, "Performance of one replica".

Arrays over designs, seconds and tokens. A regime says what is held constant: requests in flight, a batch that starts
and ends together, a backlog that never empties, or a rate of Poisson arrivals.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import MOST_ETA, DesignArrays
from solver.memory import GB, kv_bytes, memory_fit
from solver.performance import closed_loop, decode_step, prefill

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
UTMOST_FRACTION = 0.97  # of a GPU's memory: what an engine pushed to the limit takes
LEAST_RUNTIME = 0.5 * GB  # of it for activations and graphs
PREFILL_MOST = 0.95  # of the time, beyond which arrivals are more than a replica can take
LONGEST = 3.0  # longest answer over the mean one in a run of hundreds: a run ends with it
BUSY = 0.5  # of the time spent on prefill: beyond it a TTFT is mostly queue
HALVINGS = 40


class Regime(StrEnum):
    """What is held constant."""

    CLOSED = "closed-loop"
    BATCH = "fixed-batch"
    SATURATED = "saturated"
    RATE = "open-loop"


class Era(StrEnum):
    """When an engine is of. Older ones have `perf_<era>_tau` times the overhead, OLD another share of the peak too."""

    OLD = "old"  # before 2025
    LAST = "of_2025"
    NOW = "now"


@dataclass(frozen=True)
class Load:
    """What is asked of each design.

    Mean tokens of a request; `in_flight` of a closed loop or a fixed batch; `rate` (requests/s) of an open loop,
    of which `requests` arrive in all (infinite: it runs for good). `first_wave` is how much of the queue of a start
    together the mean TTFT of a closed loop holds.
    """

    input_tokens: Array
    output_tokens: Array
    in_flight: Array
    rate: Array
    requests: Array
    first_wave: Array

    @property
    def steps(self) -> Array:
        """Decode steps of a request: the first token comes of the prefill."""
        return np.asarray(np.maximum(self.output_tokens - 1, 0.0))

    def take(self, rows: Rows) -> "Load":
        """The same for some of the designs."""
        return Load(*(getattr(self, item.name)[rows] for item in fields(self)))


@dataclass(frozen=True)
class Points:
    """Means of what comes out: s, output tokens/s and requests/s of a replica.

    `running` decode at once; `fit` is how many requests the memory holds, and `squeezed` where that is less than one
    and the figures are of an engine that takes all the memory there is; `waiting` where requests queue.
    `busy` where they queue or prefill takes most of the time, so that the TTFT is uncertain.
    """

    ttft: Array
    tpot: Array
    e2e: Array
    output_tokens_per_s: Array
    requests_per_s: Array
    running: Array
    fit: Array
    squeezed: NDArray[np.bool_]
    waiting: NDArray[np.bool_]
    busy: NDArray[np.bool_]


def with_kv_bytes(arrays: DesignArrays, factor: Array) -> DesignArrays:
    """The designs with a KV cache of so many times the bytes a token: 0.5 is FP8 where 16 bits were taken."""
    kv_token = arrays.kv_token * factor
    return replace(arrays, kv_token=kv_token, kv_tokens=_kv_tokens(arrays, arrays.kv_room, kv_token))


def with_older_engines(arrays: DesignArrays, tau: Array, eta_pf: Array) -> DesignArrays:
    """The designs on engines of their time: so many times the overhead and the share of the peak of today's."""
    return replace(
        arrays,
        tau=arrays.tau * tau,
        eta_pf=np.minimum(arrays.eta_pf * eta_pf, MOST_ETA),
        eta_attention=np.minimum(arrays.eta_attention * eta_pf, MOST_ETA),
    )


def pipelined(arrays: DesignArrays, stages: Array) -> DesignArrays:
    """One of the `stages` groups of requests that pass through a pipeline of so many such replicas.

    Each stage holds its part of the layers, of weights and of every group's cache; a token of a group passes all of
    them one after the other, reading all weights. A pipeline does `stages` times what this says.
    """
    weights = arrays.weights / stages
    room = np.where(stages > 1, arrays.memory_fraction * arrays.memory - weights - arrays.runtime, arrays.kv_room)
    return replace(arrays, weights=weights, kv_room=room, kv_tokens=_kv_tokens(arrays, room, arrays.kv_token))


def _kv_tokens(arrays: DesignArrays, room: Array, kv_token: Array) -> Array:
    return np.asarray(np.maximum(arrays.attention_groups * room / kv_token, 0.0))


def fits(arrays: DesignArrays, input_tokens: Array, output_tokens: Array) -> tuple[Array, NDArray[np.bool_]]:
    """How many requests the memory holds at once, and where it holds none by the rule.

    There the figure is of an engine that takes UTMOST_FRACTION of the memory, leaves LEAST_RUNTIME, and runs one
    request at least: what was measured although the rule refuses it.
    """
    longest = input_tokens + output_tokens
    with np.errstate(all="ignore"):
        fit = memory_fit(arrays, input_tokens, output_tokens, longest).requests
        room = UTMOST_FRACTION * arrays.memory - arrays.weights - LEAST_RUNTIME
        each = kv_bytes(arrays, input_tokens + output_tokens / 2)
        squeezed = ~(fit >= 1)
        most = np.maximum(arrays.attention_groups * room / each, 1.0)
    return np.where(squeezed, most, fit), squeezed


def operate(arrays: DesignArrays, regimes: NDArray[np.str_], load: Load) -> Points:
    """What each design does in its regime; NaN where a figure that it rests on is unknown."""
    fit, squeezed = fits(arrays, load.input_tokens, load.output_tokens)
    names = [item.name for item in fields(Points)]
    out: dict[str, Any] = {name: np.full(len(arrays), np.nan) for name in names}
    out |= {name: np.zeros(len(arrays), dtype=np.bool_) for name in ("waiting", "busy")}
    with np.errstate(all="ignore"):
        for regime, run in _RUNS.items():
            rows = np.flatnonzero(regimes == regime)
            if len(rows):
                found = run(arrays.take(rows), load.take(rows), fit[rows])
                for name in names:
                    out[name][rows] = getattr(found, name)
        prefilling = out["requests_per_s"] * prefill(arrays, load.input_tokens).marginal
    busy = out["waiting"] | (regimes == Regime.SATURATED) | (prefilling > BUSY)
    return Points(**{**out, "fit": fit, "squeezed": squeezed, "busy": busy})


def _closed(arrays: DesignArrays, load: Load, fit: Array) -> Points:
    return _loop(arrays, load, load.in_flight, fit)


def _saturated(arrays: DesignArrays, load: Load, fit: Array) -> Points:
    """A backlog keeps as many in flight as fit; TTFT from the time that memory is free."""
    most = np.minimum(fit, arrays.max_sequences)
    return _loop(replace(arrays, t_fix=np.zeros_like(arrays.t_fix)), load, most, fit)


def _loop(arrays: DesignArrays, load: Load, in_flight: Array, fit: Array) -> Points:
    loop = closed_loop(arrays, load.input_tokens, load.output_tokens, in_flight, fit, load.first_wave)
    waiting = in_flight > np.minimum(fit, arrays.max_sequences)
    return _points(load, loop.ttft, loop.tpot, loop.requests_per_s, loop.running, waiting)


def _batch(arrays: DesignArrays, load: Load, fit: Array) -> Points:
    """A batch that starts and ends together, without a server before it; what does not fit runs in waves after it."""
    inside = np.minimum(load.in_flight, np.minimum(fit, arrays.max_sequences))
    waves = load.in_flight / inside
    prompt = prefill(arrays, load.input_tokens)
    step = decode_step(arrays, inside, load.input_tokens + load.output_tokens / 2)
    first = prompt.alone + (inside - 1) * prompt.marginal
    whole = waves * (first + load.steps * step)
    found = _points(load, first, step, load.in_flight / whole, inside, waves > 1)
    return replace(found, e2e=whole)


def _rate(arrays: DesignArrays, load: Load, fit: Array) -> Points:
    """Poisson arrivals at a rate; beyond what the replica can do the queue grows until the last request has come."""
    prompt = prefill(arrays, load.input_tokens)
    context = load.input_tokens + load.output_tokens / 2
    room = np.minimum(fit, arrays.max_sequences)
    most = np.minimum(room, load.requests)
    share = np.minimum(load.rate * arrays.mu * prompt.marginal, PREFILL_MOST)

    def over(running: Array) -> NDArray[np.bool_]:
        """Whether more requests come than so many running ones take away."""
        tpot = decode_step(arrays, np.maximum(running, 1.0), context) / (1 - share)
        return np.asarray(load.rate * load.steps * tpot > running)

    low, high = np.zeros(len(arrays)), most
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        more = over(middle)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    prefilling = load.rate * prompt.marginal >= PREFILL_MOST
    overload = over(most) | prefilling
    queued = np.where(prefilling, 1.0, np.maximum(1 - room / load.requests, 0.0))  # the others find room on arrival
    step = decode_step(arrays, np.maximum(high, 1.0), context)
    tpot = step / (1 - share)
    ttft = arrays.t_fix + prompt.alone + step / 2 + share * prompt.marginal / (2 * (1 - share))
    full = closed_loop(arrays, load.input_tokens, load.output_tokens, most, most)
    gap = np.maximum(1 / full.requests_per_s - 1 / load.rate, 0.0)  # by which each request waits more than the last
    queue = np.where(gap * queued > 0, load.requests * gap * queued / 2, 0.0)
    ttft, tpot = np.where(overload, full.ttft + queue, ttft), np.where(overload, full.tpot, tpot)
    capacity = np.where(overload, np.minimum(full.requests_per_s, load.rate), load.rate)
    drained = load.requests / (load.requests / capacity + LONGEST * load.steps * tpot)
    served = np.where(np.isfinite(load.requests), drained, capacity)
    return _points(load, ttft, tpot, served, np.where(overload, full.running, high), overload & (queued > 0))


def _points(load: Load, ttft: Array, tpot: Array, rate: Array, running: Array, waiting: NDArray[np.bool_]) -> Points:
    """The points but for what the memory holds, which is known before."""
    e2e = ttft + load.steps * tpot
    return Points(ttft, tpot, e2e, rate * load.output_tokens, rate, running, running, waiting, waiting, waiting)


_RUNS: dict[Regime, Callable[[DesignArrays, Load, Array], Points]] = {
    Regime.CLOSED: _closed,
    Regime.BATCH: _batch,
    Regime.SATURATED: _saturated,
    Regime.RATE: _rate,
}


@dataclass(frozen=True)
class StepParts:
    """Where the time between two tokens goes, s: the parts add up to the TPOT.

    `weights` and `compute` overlap: the longer counts whole, of the shorter the part that does not hide. `prefill` is
    what other prompts take of the time.
    """

    weights: Array
    compute: Array
    kv: Array
    communication: Array
    overhead: Array
    prefill: Array

    def largest(self) -> NDArray[np.str_]:
        """The name of the part that bounds each step."""
        names = np.array([item.name for item in fields(self)])
        parts = np.stack([getattr(self, name) for name in names])
        return np.asarray(names[np.argmax(np.nan_to_num(parts, nan=-1.0), axis=0)])


def step_parts(arrays: DesignArrays, load: Load, points: Points) -> StepParts:
    """Split the TPOT of points: each part of a step is what the step saves where its cause is taken away."""
    batch, context = np.maximum(points.running, 1.0), load.input_tokens + load.output_tokens / 2
    nothing, endless = np.zeros(len(arrays)), np.full(len(arrays), np.inf)

    def step(**changes: Any) -> Array:
        return decode_step(replace(arrays, **changes), batch, context)

    with np.errstate(all="ignore"):
        whole = step()
        kv = whole - step(kv_token=nothing, kv_sequence=nothing, latent_flops=nothing)
        communication = whole - step(alpha=arrays.alpha * 0.0, link=endless)
        overhead = whole - step(tau=nothing, sigma=arrays.sigma * 0.0)
        compute = whole - step(flops=endless)
        weights = whole - kv - communication - overhead - compute
        others = np.maximum(points.tpot - whole, 0.0)
    return StepParts(weights, compute, kv, communication, overhead, others)


def bound_by(arrays: DesignArrays, parts: StepParts, points: Points) -> NDArray[np.str_]:
    """What bounds each point: `memory` or `sequences` where requests wait for them, else the TPOT's largest part."""
    waits_for = np.where(points.fit < arrays.max_sequences, "memory", "sequences")
    return np.where(points.waiting, waits_for, parts.largest())
