"""Discrete-event simulation of continuous batching: the oracle of the highest rate at an SLO.

Poisson arrivals, first come first served, chunked prefill within a budget of tokens an iteration beside one token of
each running request, admission while the KV cache and the sequence limit have room, preemption (with the prompt read
again) where the cache overflows. Only the times of a decode step and of a prompt come from the model.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import DesignArrays
from solver.performance import decode_step, prefill

Array = NDArray[np.float64]
WARM_UP = 0.15  # share of the requests that come before the steady state


@dataclass(frozen=True)
class Server:
    """One replica: step time [s] of B running without context, s a context token, prompt times, limits in tokens."""

    empty_step: Array
    context_token: float
    prompt_token: float
    prompt_pair: float
    lone_prompt: Array
    budget: int
    sequences: int
    kv_tokens: float
    fixed: float

    @classmethod
    def of(cls, arrays: DesignArrays) -> "Server":
        """The replica of the only design; its attention groups are taken as one."""
        assert len(arrays) == 1
        sequences, budget = int(arrays.max_sequences[0]), int(arrays.batched_tokens[0])
        empty = np.array([float(decode_step(arrays, float(max(b, 1)), 0.0)[0]) for b in range(sequences + 1)])
        context = float(decode_step(arrays, 1.0, 1e6)[0] - decode_step(arrays, 1.0, 0.0)[0]) / 1e6
        one, two = (float(prefill(arrays, tokens).marginal[0]) for tokens in (1000.0, 2000.0))
        pair = (two - 2 * one) / 2e6
        sizes = np.linspace(0, budget, 65)
        lone = np.array([float(prefill(arrays, max(size, 1.0)).alone[0]) - pair * size**2 for size in sizes])
        return cls(
            empty, context, one / 1000 - pair * 1000, pair, np.interp(np.arange(budget + 1), sizes, lone), budget,
            sequences, float(arrays.kv_tokens[0]), float(arrays.t_fix[0]),
        )  # fmt: skip


@dataclass
class _Request:
    arrival: float
    prompt: int
    outputs: int
    wanted: int  # outputs still to come when its prompt is read (again)
    read: int = 0
    first: float = -1.0
    last: float = -1.0


def simulate(server: Server, arrivals: Array, inputs: Sequence[int], outputs: Sequence[int]) -> tuple[Array, Array]:
    """TTFT and TPOT of the requests after the warm-up, s; TPOT of those with two tokens of output at least."""
    requests = [_Request(t, i, o, o) for t, i, o in zip(arrivals.tolist(), inputs, outputs, strict=True)]
    waiting: deque[_Request] = deque()
    reading: deque[_Request] = deque()
    running: list[tuple[int, int, _Request]] = []  # by the step that ends it
    now, steps, held, context, come, done = 0.0, 0, 0, 0, 0, 0
    while done < len(requests):
        while come < len(requests) and requests[come].arrival <= now:
            waiting.append(requests[come])
            come += 1
        if not (running or reading or waiting):
            now = requests[come].arrival
            continue
        budget, cost, tokens = server.budget - len(running), 0.0, 0
        through: list[_Request] = []
        while budget > 0:
            if not reading:
                fits = waiting and held + waiting[0].prompt <= server.kv_tokens
                if not (fits and len(running) + len(through) < server.sequences):
                    break
                held += waiting[0].prompt
                reading.append(waiting.popleft())
            request = reading[0]
            part = min(budget, request.prompt - request.read)
            cost += server.prompt_pair * ((request.read + part) ** 2 - request.read**2)
            tokens, budget = tokens + part, budget - part
            request.read += part
            if request.read == request.prompt:
                through.append(reading.popleft())
        if tokens:
            if running:
                now += server.empty_step[len(running)] + server.context_token * context + server.prompt_token * tokens
            else:
                now += float(server.lone_prompt[tokens])
            now += cost
            leap = 1
        else:
            size = len(running)
            assert size
            leap = running[0][0] - steps
            room = (server.kv_tokens - held) // size
            leap = max(min(leap, int(room)), 1) if room >= 1 else 1
            step, more = float(server.empty_step[size]), server.context_token * size
            first = step + server.context_token * context
            if come < len(requests):
                leap = min(leap, _steps_until(requests[come].arrival - now, first, more))
            now += leap * first + more * leap * (leap - 1) / 2
        if running:
            steps += leap
            held, context = held + leap * len(running), context + leap * len(running)
        while running and running[0][0] <= steps:
            request = heappop(running)[2]
            request.last = now
            grown = request.prompt + request.wanted
            held, context, done = held - grown, context - grown, done + 1
        for request in through:
            if request.first < 0:
                request.first = now
            if request.wanted <= 1:
                request.last = now
                held, done = held - request.prompt, done + 1
                continue
            held, context = held + 1, context + request.prompt + 1
            heappush(running, (steps + request.wanted - 1, id(request), request))
        while held > server.kv_tokens and len(running) > 1:
            last = max(running, key=lambda entry: entry[2].arrival)
            running.remove(last)
            heapify(running)
            request = last[2]
            told = request.wanted - (last[0] - steps)
            held, context = held - request.prompt - told, context - request.prompt - told
            request.prompt, request.wanted, request.read = request.prompt + told, request.wanted - told, 0
            waiting.appendleft(request)
    counted = requests[int(WARM_UP * len(requests)) :]
    ttft = np.array([request.first - request.arrival + server.fixed for request in counted])
    several = [request for request in counted if request.outputs > 1]
    tpot = np.array([(request.last - request.first) / (request.outputs - 1) for request in several])
    return ttft, tpot


def _steps_until(time: float, first: float, more: float) -> int:
    """Least steps, of which each takes `more` longer than the one before, that reach a time."""
    if time <= first:
        return 1
    if more <= 0:
        return int(np.ceil(time / first))
    root = (more / 2 - first + np.sqrt((first - more / 2) ** 2 + 2 * more * time)) / more
    return max(int(np.ceil(root)), 1)


def lengths(mean: float, variation: float, number: int, dice: np.random.Generator) -> list[int]:
    """Whole log-normal lengths of this mean and coefficient of variation, one token at least."""
    sigma = np.sqrt(np.log1p(variation**2))
    drawn = mean * np.exp(sigma * dice.standard_normal(number) - sigma**2 / 2)
    return [int(size) for size in np.maximum(np.rint(drawn), 1)]


def highest_rate(
    server: Server,
    guess: float,
    mean_in: float,
    cv_in: float,
    mean_out: float,
    cv_out: float,
    ttft: float | None,
    tpot: float | None,
    percentile: float,
    number: int,
) -> float:
    """The highest rate, requests/s, that keeps the SLO (s) at the percentile; found by halving around a guess."""
    dice = np.random.default_rng(20)
    inputs, outputs = lengths(mean_in, cv_in, number, dice), lengths(mean_out, cv_out, number, dice)
    gaps = np.cumsum(dice.exponential(size=number))

    def keeps(rate: float) -> bool:
        times, paces = simulate(server, gaps / rate, inputs, outputs)
        good = ttft is None or np.percentile(times, percentile) <= ttft
        return bool(good and (tpot is None or np.percentile(paces, percentile) <= tpot))

    low, high = guess / 3, guess * 3
    while high / low > 1.02:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if keeps(float(middle)) else (low, middle)
    return float(np.sqrt(low * high))
