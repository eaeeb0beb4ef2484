"""The highest request rate of one replica at a segment's SLO; equations in README, "Performance of one replica".

Every constraint rises with the number N in flight, and so does the rate that keeps N in flight: one search over N for
all designs at once finds the highest rate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import exp

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import DesignArrays
from solver.memory import GB, MemoryFit, memory_fit
from solver.performance import Prefill, decode_step, prefill
from solver.waiting import Prompts, gamma_quantile, lognormal_quantile, normal_quantile, waiting, waiting_variance

Array = NDArray[np.float64]
PREFILL_CEILING = 0.9  # of the prefill server's time, so that a rate without an SLO still has a bounded queue
FEWEST, STEPS, SECANT_STEPS = 1e-3, 40, 6
RESIDENCE = 2 * exp(-1)  # variance of an average over an exponential residence, over that of a moment
LEAST_FREE = 0.1
SETTLED, SEARCHED = 1e-10, 120  # of the logarithm of N; steps, of which each third halves the bracket


class Outcome(StrEnum):
    """Whether a design may serve, or the first thing that forbids it."""

    OK = "ok"
    UNKNOWN = "unknown"
    MEMORY = "memory"
    CONTEXT = "context"
    TTFT = "ttft"
    TPOT = "tpot"


class Bound(StrEnum):
    """What holds the rate down: KV cache, an SLO, prefill's share of the time, or the engine's sequence limit."""

    NONE = ""
    KV = "kv"
    TPOT = "tpot"
    TTFT = "ttft"
    COMPUTE = "compute"
    SEQUENCES = "sequences"


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


@dataclass(frozen=True)
class Rates:
    """Arrays over designs.

    `requests_per_s` is the highest rate over the safety factor, NaN where the design is refused; kappa is
    its inverse. `ttft_ms` and `tpot_ms` are the SLO's percentile at that rate, for a refused design at
    vanishing load (the best it can do). `concurrency` is the mean number in flight, `kv_tokens` what the
    cache holds, the `_gb` figures are of the whole replica. `rule` holds values of Outcome, `bound_by` of Bound.
    """

    requests_per_s: Array
    ttft_ms: Array
    tpot_ms: Array
    concurrency: Array
    kv_tokens: Array
    max_context: Array
    weights_gb: Array
    memory_needed_gb: Array
    memory_available_gb: Array
    rule: NDArray[np.str_]
    bound_by: NDArray[np.str_]


@dataclass(frozen=True)
class _Load:
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


@dataclass(frozen=True)
class _Case:
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
    z: float


def highest_rates(arrays: DesignArrays, shape: RequestShape, times: bool = True) -> Rates:
    """Find the highest rate of every design at the SLO.

    Without SLO limits the KV cache, the engine's sequences and a ceiling on prefill's share (PREFILL_CEILING)
    bound the rate: they hold beside the limits as well, so that a looser SLO never lowers the rate.
    Without `times` the search for what holds at that rate is left out: `ttft_ms` and `tpot_ms` are then those of
    vanishing load, `concurrency` is NaN.
    """
    a = arrays
    shared = shape.shared_prefix * shape.input_tokens
    case = _case_of(a, shape)
    with np.errstate(all="ignore"):  # unknown figures are NaN and stay so
        memory = memory_fit(a, shape.input_tokens, shape.output_tokens, shape.longest_tokens, shared)
        limits = _limits(case)
        low, high = np.full(len(a), np.log(FEWEST)), np.log(np.maximum(a.max_sequences, 2 * FEWEST))
        least_use = _use(case, limits, low)
        admissible = least_use <= 0
        top = _highest(case, low, high, least_use)
        n_top = np.exp(top)
        busiest = _load(case, n_top)
        rate = busiest.rate / a.safety
        n = fewest = np.full(len(a), FEWEST)
        load = idle = _load(case, fewest)
        if times:
            kept = np.exp(_bisect(lambda log_n: _load(case, np.exp(log_n)).rate <= rate, low, top))
            n = np.where(admissible, kept, fewest)
            load = _load(case, n)
        ttft, tpot = _ttft_quantile(case, load), _tpot_quantile(case, n, load)
        rule = _rule(case, memory, limits, idle)
        kv_at_rest = limits[Bound.KV](fewest, idle) * a.kv_room
        needed = a.gpus * (a.weights + a.runtime + np.where(a.kv_room > 0, kv_at_rest, 0.0)) / GB
        bound = _bound(limits, n_top, busiest)
    ok = (rule == Outcome.OK) & admissible
    return Rates(
        requests_per_s=np.where(ok, rate, np.nan),
        ttft_ms=ttft * 1e3,
        tpot_ms=tpot * 1e3,
        concurrency=np.where(ok & times, n, np.nan),
        kv_tokens=memory.kv_tokens,
        max_context=a.max_context,
        weights_gb=memory.weights_gb,
        memory_needed_gb=np.fmax(memory.needed_gb, needed),
        memory_available_gb=memory.available_gb,
        rule=rule,
        bound_by=np.where(ok, bound, Bound.NONE),
    )


def _case_of(arrays: DesignArrays, shape: RequestShape) -> _Case:
    """The case; a request in flight has a long answer more often than one that comes (size-biased, log-normal)."""
    shared = shape.shared_prefix * shape.input_tokens
    q = 1 + shape.output_cv**2
    context = shape.input_tokens + shape.output_tokens * q / 2
    variance = (shape.input_cv * shape.input_tokens) ** 2 + shape.output_tokens**2 * (q**3 / 3 - q**2 / 4)
    return _Case(
        arrays=arrays,
        shape=shape,
        prompt=prefill(arrays, shape.input_tokens, shared, shape.input_cv),
        new_tokens=shape.input_tokens - shared,
        iterations=np.maximum(1.0, (shape.input_tokens - shared) / arrays.batched_tokens),
        context=context,
        context_variation=variance / context**2,
        z=normal_quantile(shape.percentile),
    )


def _use(case: _Case, limits: dict[Bound, Callable[[Array, _Load], Array]], log_n: Array) -> Array:
    """Logarithm of the use of the tightest constraint over its limit: all are kept up to 0. NaN is not kept."""
    n = np.exp(log_n)
    load = _load(case, n)
    use = np.max([over(n, load) for over in limits.values()], axis=0)
    return np.asarray(np.clip(np.log(np.where(np.isnan(use), np.inf, use)), -50.0, 50.0))


def _highest(case: _Case, low: Array, high: Array, below: Array | None = None) -> Array:
    """Largest logarithm of N between `low` and `high` that keeps all constraints; `low` where none does.

    `below` is the use at `low`, where it is known. False position on the logarithm of the use, halving the weight of
    an end that stays (Illinois); once few designs are open they go on by themselves.
    """
    limits = _limits(case)
    left, right, stayed = low.copy(), high.copy(), np.zeros(len(low))
    below, above = _use(case, limits, low) if below is None else below, _use(case, limits, high)
    bracketed = (below <= 0) & (above > 0)
    whole = above <= 0
    for step in range(SEARCHED):
        open_ = bracketed & (right - left > SETTLED)
        rows = np.flatnonzero(open_)
        if 4 * len(rows) < len(open_):
            if len(rows):
                few = _case_of(case.arrays.take(rows), case.shape)
                left[rows] = _highest(few, left[rows], right[rows])
            break
        width = right - left
        middle = right - above * width / (above - below) if step % 3 < 2 else (left + right) / 2
        middle = np.clip(np.where(np.isfinite(middle), middle, left), left + SETTLED / 4, right - SETTLED / 4)
        use = _use(case, limits, middle)
        kept = use <= 0
        below = np.where(kept, use, np.where(stayed < 0, below / 2, below))
        above = np.where(kept, np.where(stayed > 0, above / 2, above), use)
        left, right = np.where(kept, middle, left), np.where(kept, right, middle)
        stayed = np.where(kept, 1.0, -1.0)
    return np.where(whole, high, left)


def _bisect(keeps: Callable[[Array], NDArray[np.bool_]], low: Array, high: Array) -> Array:
    """Largest value between `low` and `high` that keeps a condition which, once broken, stays broken."""
    whole = keeps(high)
    for _ in range(STEPS):
        middle = (low + high) / 2
        kept = keeps(middle)
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return np.where(whole, high, low)


def _load(case: _Case, n: Array) -> _Load:
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
    before, gap = np.zeros_like(step), n / at(np.zeros_like(step))[0]
    rate = np.minimum(gap, 0.9 * pole)
    for _ in range(SECANT_STEPS):
        left = n / at(rate)[0] - rate
        fall = np.minimum((left - gap) / (rate - before), -1.0)  # N/T falls, so the slope is -1 at most
        fall = np.where(np.isfinite(fall), fall, -1.0)
        before, gap, rate = rate, left, np.minimum(np.maximum(rate - left / fall, 0.0), pole)
    _, start, behind, stall = at(rate)
    return _Load(rate, step, prompts, spread, step / (1 - rate * marginal), start, behind, stall)


def _own_prefill(case: _Case, step: Array) -> Array:
    """The own prompt in the iterations that carry it; on an idle replica no less than the prefill alone."""
    return np.asarray(np.maximum(case.prompt.marginal + step * case.iterations, case.prompt.alone))


def _ttft_quantile(case: _Case, load: _Load) -> Array:
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


def _tpot_quantile(case: _Case, n: Array, load: _Load) -> Array:
    """TPOT at the percentile: the mean times 1 + z*spread.

    The spread comes from the number running, which is near Poisson and feeds on itself (a slower replica holds more),
    from how long their contexts are, and from the prompts that happen to be read meanwhile: those that came before
    the first token and a compound Poisson number after it, with the Cornish-Fisher skew term that matters when they
    are few. Averages over a residence have 2/e of the variance of a moment.
    """
    a, shape = case.arrays, case.shape
    running = np.maximum(n, 1.0)
    longer = decode_step(a, running * 1.01, case.context)
    elasticity = (longer / load.step - 1) / 0.01
    cached = np.clip(decode_step(a, running, 1.01 * case.context) / load.step - 1, 0.0, None) / 0.01
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


def _limits(case: _Case) -> dict[Bound, Callable[[Array, _Load], Array]]:
    """Every constraint as its use over its limit: at most 1 is kept. NaN is not kept."""
    a, shape, z = case.arrays, case.shape, case.z
    shared = shape.input_tokens - case.new_tokens
    output_square = shape.output_cv**2
    tokens = case.new_tokens + shape.output_tokens * (1 + output_square)  # r: long ones stay longer
    spread = (shape.input_cv * case.new_tokens) ** 2
    spread += shape.output_tokens**2 * (1 + output_square) ** 2 * output_square  # size-biased log-normal
    each = a.kv_token * tokens + a.kv_sequence * np.minimum((tokens + shared) / a.window, 1.0)
    second = each**2 + a.kv_token**2 * spread
    room = np.where(a.kv_room > 0, a.kv_room, np.nan)

    def kv(n: Array, load: _Load) -> Array:
        group = n / a.attention_groups  # each group holds its own cache
        return np.asarray((a.kv_token * shared + group * each + z * np.sqrt(group * second) + each) / room)

    def sequences(n: Array, load: _Load) -> Array:
        return np.asarray((n + z * np.sqrt(n)) / a.max_sequences)

    def compute(n: Array, load: _Load) -> Array:
        return np.asarray(load.rate * load.prompts.service / PREFILL_CEILING)

    limits: dict[Bound, Callable[[Array, _Load], Array]] = {
        Bound.KV: kv,
        Bound.SEQUENCES: sequences,
        Bound.COMPUTE: compute,
    }
    if shape.ttft_ms is not None:
        ttft_s = shape.ttft_ms / 1e3
        limits[Bound.TTFT] = lambda n, load: _ttft_quantile(case, load) / ttft_s
    if shape.tpot_ms is not None and shape.output_tokens > 1:
        tpot_s = shape.tpot_ms / 1e3
        limits[Bound.TPOT] = lambda n, load: _tpot_quantile(case, n, load) / tpot_s
    return limits


def _rule(
    case: _Case, memory: MemoryFit, limits: dict[Bound, Callable[[Array, _Load], Array]], idle: _Load
) -> NDArray[np.str_]:
    """First rule that refuses each design, at vanishing load: `idle`."""
    a = case.arrays
    n = np.full(len(a), FEWEST)
    broken = {bound: ~(over(n, idle) <= 1) for bound, over in limits.items()}
    never = np.zeros(len(a), dtype=np.bool_)
    timed = np.isfinite(idle.step) & np.isfinite(case.prompt.alone)
    return np.select(
        [
            ~np.isfinite(memory.requests),
            case.shape.longest_tokens > a.max_context,
            ~memory.fits | broken[Bound.KV],
            ~timed,
            broken.get(Bound.TTFT, never),
            broken.get(Bound.TPOT, never),
        ],
        [Outcome.UNKNOWN, Outcome.CONTEXT, Outcome.MEMORY, Outcome.UNKNOWN, Outcome.TTFT, Outcome.TPOT],
        Outcome.OK,
    )


def _bound(limits: dict[Bound, Callable[[Array, _Load], Array]], n: Array, load: _Load) -> NDArray[np.str_]:
    """The constraint that is nearest to its limit."""
    names = np.array(list(limits))
    use = np.stack([np.nan_to_num(over(n, load), nan=-1.0) for over in limits.values()])
    return np.asarray(names[np.argmax(use, axis=0)])
