"""One replica under load: what a number of requests in flight means for rate and times, and how near each limit is.

Arrays over designs, seconds and tokens; equations in README, "Performance of one replica".
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import DesignArrays
from solver.performance import Prefill, decode_step, prefill
from solver.waiting import Prompts, gamma_quantile, lognormal_quantile, normal_quantile, waiting, waiting_variance

Array = NDArray[np.float64]
Index = NDArray[np.intp]
PREFILL_CEILING = 0.9  # of the prefill server's time, so that a rate without an SLO still has a bounded queue
SECANT_STEPS = 6
ROUNDING = 1e-15  # of a rate that has settled
RESIDENCE = 2 * exp(-1)  # variance of an average over an exponential residence, over that of a moment
LEAST_FREE = 0.1
NEAR = 0.01  # more in number or context, by which the slope of a step is taken


class Bound(StrEnum):
    """What holds the rate down: KV cache, an SLO, prefill's share of the time, or the engine's sequence limit."""

    NONE = ""
    KV = "kv"
    TPOT = "tpot"
    TTFT = "ttft"
    COMPUTE = "compute"
    SEQUENCES = "sequences"


BOUNDS = (Bound.KV, Bound.SEQUENCES, Bound.COMPUTE, Bound.TTFT, Bound.TPOT)


@dataclass(frozen=True)
class RequestShape:
    """One kind of request and its SLO.

    Token counts are means with coefficients of variation (log-normal lengths); `shared_prefix` is the share of
    the input that all requests have in common; `ttft_ms` and `tpot_ms` hold at `percentile`, None is no limit;
    `longest_tokens` (input and output) must fit.
    """

    input_tokens: float
    input_cv: float
    output_tokens: float
    output_cv: float
    shared_prefix: float
    ttft_ms: float | None
    tpot_ms: float | None
    percentile: float
    longest_tokens: float


class Cache(NamedTuple):
    """KV cache of one attention group: mean and mean square of a request in flight, what is held besides, the room."""

    each: Array
    second: Array
    rest: Array
    room: Array

    @classmethod
    def of(cls, a: DesignArrays, shape: RequestShape) -> "Cache":
        """The same for requests of a shape."""
        shared = shape.shared_prefix * shape.input_tokens
        new, output_square = shape.input_tokens - shared, shape.output_cv**2
        tokens = new + shape.output_tokens * (1 + output_square)  # r: long ones stay longer
        spread = (shape.input_cv * new) ** 2
        spread += shape.output_tokens**2 * (1 + output_square) ** 2 * output_square  # size-biased log-normal
        each = a.kv_token * tokens + a.kv_sequence * np.minimum((tokens + shared) / a.window, 1.0)
        room = np.where(a.kv_room > 0, a.kv_room, np.nan)
        return cls(each, each**2 + a.kv_token**2 * spread, a.kv_token * shared + each, room)


@dataclass(frozen=True)
class Case:
    """One request shape on all designs: what does not depend on the load.

    `iterations` carry the own prompt: one for each batched-token budget, one at least.
    """

    arrays: DesignArrays
    shape: RequestShape
    prompt: Prefill
    new_tokens: float
    iterations: Array
    context: float
    context_variation: float
    cache: "Cache"
    z: float

    def take(self, rows: Index) -> "Case":
        """The same for some of the designs."""
        prompt = Prefill(self.prompt.marginal[rows], self.prompt.alone[rows], self.prompt.variance[rows])
        cache = Cache(*(values[rows] for values in self.cache))
        return replace(
            self, arrays=self.arrays.take(rows), prompt=prompt, iterations=self.iterations[rows], cache=cache
        )


def case_of(arrays: DesignArrays, shape: RequestShape) -> Case:
    """The case; a request in flight has a long answer more often than one that comes (size-biased, log-normal)."""
    shared = shape.shared_prefix * shape.input_tokens
    q = 1 + shape.output_cv**2
    context = shape.input_tokens + shape.output_tokens * q / 2
    variance = (shape.input_cv * shape.input_tokens) ** 2 + shape.output_tokens**2 * (q**3 / 3 - q**2 / 4)
    return Case(
        arrays=arrays,
        shape=shape,
        prompt=prefill(arrays, shape.input_tokens, shared, shape.input_cv),
        new_tokens=shape.input_tokens - shared,
        iterations=np.maximum(1.0, (shape.input_tokens - shared) / arrays.batched_tokens),
        context=context,
        context_variation=variance / context**2,
        cache=Cache.of(arrays, shape),
        z=normal_quantile(shape.percentile),
    )


@dataclass(frozen=True)
class Load:
    """What a number in flight means: the rate that keeps it, and the times at that rate (s).

    `spread` is that of a prompt's service time, `start` the mean time until the own prompt is read, `behind` the mean
    prompts that came meanwhile, `stall` what they add to the decoding.
    """

    rate: Array
    step: Array
    prompts: Prompts
    spread: Array
    tpot: Array
    start: Array
    behind: Array
    stall: Array


def load_at(case: Case, n: Array) -> Load:
    """Solve Little's law N = lambda*(TTFT + decoding) for the rate, given N.

    With s(N) fixed the residence time T rises in lambda to a pole, and 1/T falls to 0 nearly in a straight
    line: secant steps on N/T - lambda settle within SECANT_STEPS.
    """
    a, marginal = case.arrays, case.prompt.marginal
    step = decode_step(a, np.maximum(n, 1.0), case.context)
    service = marginal + case.new_tokens * step / a.batched_tokens  # D
    spread = np.sqrt(case.prompt.variance) + case.shape.input_cv * case.new_tokens * step / a.batched_tokens
    prompts = Prompts.of(step, marginal, case.prompt.variance, service, spread)
    own, last = _own_prefill(case, step), marginal + step * case.iterations
    decode = max(case.shape.output_tokens - 1, 0.0) * step
    several = float(case.shape.output_tokens > 1)

    def at(rate: Array) -> tuple[Array, Array, Array, Array]:
        """Residence, the wait for the own prompt, prompts that came meanwhile, and what they add to the decoding."""
        start, together = waiting(prompts, rate)
        free = 1 - rate * marginal
        behind = np.maximum(rate * (together + last - step / free), 0.0)
        stall = several * behind * marginal / free
        return a.t_fix + start + own + decode / free + stall, start, behind, stall

    pole = (1 - 1e-9) / service
    before, gap = np.zeros_like(step), n / (a.t_fix + step / 2 + own + decode)  # of those who meet nobody
    rate = np.minimum(gap, 0.9 * pole)
    for _ in range(SECANT_STEPS):
        left = n / at(rate)[0] - rate
        fall = np.minimum((left - gap) / (rate - before), -1.0)  # N/T falls, so the slope is -1 at most
        fall = np.where(np.isfinite(fall), fall, -1.0)
        before, gap, rate = rate, left, np.minimum(np.maximum(rate - left / fall, 0.0), pole)
        if not np.any(np.abs(rate - before) > ROUNDING * before):
            break
    _, start, behind, stall = at(rate)
    return Load(rate, step, prompts, spread, step / (1 - rate * marginal), start, behind, stall)


def _own_prefill(case: Case, step: Array) -> Array:
    """The own prompt in the iterations that carry it; on an idle replica no less than the prefill alone."""
    return np.asarray(np.maximum(case.prompt.marginal + step * case.iterations, case.prompt.alone))


def ttft_quantile(case: Case, load: Load) -> Array:
    """TTFT at the percentile: the fixed time, and the quantile of the mean and variance of what follows.

    A log-normal, as the own prompt is, and where a gamma is later, as waiting is, so much of the difference as is
    waiting's part of the variance.
    """
    own = _own_prefill(case, load.step)
    variance = waiting_variance(load.prompts, load.rate) + load.spread**2
    mean, percentile = load.start + own, case.shape.percentile
    prompts, waits = lognormal_quantile(mean, variance, percentile), gamma_quantile(mean, variance, percentile)
    part = load.spread**2 / np.maximum(variance, 1e-300)
    late = prompts + (1 - part) * np.maximum(waits - prompts, 0.0)
    return np.asarray(case.arrays.t_fix + late)


def tpot_quantile(case: Case, n: Array, load: Load) -> Array:
    """TPOT at the percentile: the mean times 1 + z*spread.

    The spread comes from the number running, which is near Poisson and feeds on itself (a slower replica holds more),
    from how long their contexts are, and from the prompts that happen to be read meanwhile: those that came before
    the first token and a compound Poisson number after it, with the Cornish-Fisher skew term that matters when they
    are few. Averages over a residence have 2/e of the variance of a moment.
    """
    shape, running = case.shape, np.maximum(n, 1.0)
    near = 1 + NEAR * np.eye(2)
    longer, wider = decode_step(case.arrays, running * near[:, :1], case.context * near[:, 1:])
    elasticity = (longer / load.step - 1) / NEAR
    cached = np.clip(wider / load.step - 1, 0.0, None) / NEAR
    feeding = np.clip(1 - elasticity, LEAST_FREE, 1.0)
    by_number = (elasticity**2 + cached**2 * case.context_variation) * RESIDENCE / (running * feeding)
    steps = max(shape.output_tokens - 1, 1.0)
    free = 1 - load.rate * case.prompt.marginal
    shorter_outputs = 1 + shape.output_cv**2  # E[1/O] * O: a short answer averages over few steps
    tpot = load.tpot + load.stall * shorter_outputs / steps
    prompts = load.rate * steps * load.tpot
    unit = case.prompt.marginal / (steps * tpot * free)
    longer_prompts = 1 + case.prompt.variance / np.maximum(case.prompt.marginal, 1e-9) ** 2
    behind = load.behind * (longer_prompts + load.behind)
    by_prompts = unit**2 * (prompts * longer_prompts + behind) * shorter_outputs
    some = np.minimum(prompts / (1 - shape.percentile / 100), 1.0)
    skew = unit * max(case.z**2 - 1, 0.0) / 6 * longer_prompts**2 * shorter_outputs**2 * some
    read = np.maximum(1 - load.step / tpot, 1e-12)  # the part of the TPOT in which prompts are read
    tail = lognormal_quantile(read, by_prompts, shape.percentile) - read
    late = np.maximum(case.z * np.sqrt(by_prompts) + skew, tail)
    return np.asarray(tpot * (1 + np.hypot(case.z * np.sqrt(by_number), late)))


def most_in_flight(case: Case) -> Array:
    """The N at which the cache or the engine's sequences are full: each use is straight in N and its root."""
    a, cache = case.arrays, case.cache
    sequences = _positive_root(1.0, case.z, a.max_sequences)
    groups = _positive_root(cache.each, case.z * np.sqrt(cache.second), cache.room - cache.rest)
    return np.asarray(np.fmin(sequences, groups * a.attention_groups))


def _positive_root(straight: Array | float, root: Array | float, most: Array) -> Array:
    """The x at which straight*x + root*sqrt(x) = most."""
    x = (np.sqrt(root * root + 4 * straight * most) - root) / (2 * straight)
    return np.asarray(x * x)


def uses_of(case: Case, n: Array, load: Load) -> Array:
    """Use of each limit over what it may be, [bound, design], as in BOUNDS: at most 1 is kept, NaN is not.

    A limit that is not asked for is not used.
    """
    a, shape, z, cache = case.arrays, case.shape, case.z, case.cache
    group = n / a.attention_groups  # each group holds its own cache
    uses = np.zeros((len(BOUNDS), len(n)))
    uses[0] = (group * cache.each + z * np.sqrt(group * cache.second) + cache.rest) / cache.room
    uses[1] = (n + z * np.sqrt(n)) / a.max_sequences
    uses[2] = load.rate * load.prompts.service / PREFILL_CEILING
    if shape.ttft_ms is not None:
        uses[3] = ttft_quantile(case, load) / (shape.ttft_ms / 1e3)
    if shape.tpot_ms is not None and shape.output_tokens > 1:
        uses[4] = tpot_quantile(case, n, load) / (shape.tpot_ms / 1e3)
    return uses
