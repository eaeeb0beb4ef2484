"""The highest request rate of one replica at a segment's SLO; equations in README, "Performance of one replica".

Every constraint rises with the number N in flight, and so does the rate that keeps N in flight: one search over N for
all designs at once finds the highest rate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import DesignArrays
from solver.memory import GB, MemoryFit, memory_fit
from solver.replica_load import (
    BOUNDS,
    Array,
    Bound,
    Case,
    Load,
    case_of,
    load_at,
    most_in_flight,
    tpot_quantile,
    ttft_quantile,
    uses_of,
)
from solver.replica_load import RequestShape as RequestShape

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
FEWEST, STEPS = 1e-3, 40
SETTLED, KEPT, SEARCHED = 1e-10, 1e-12, 120  # of the logarithm of N and of a use; steps, of which each fifth halves
FEWER = 0.8  # of the designs still open: the others are left out


class Outcome(StrEnum):
    """Whether a design may serve, or the first thing that forbids it."""

    OK = "ok"
    UNKNOWN = "unknown"
    MEMORY = "memory"
    CONTEXT = "context"
    TTFT = "ttft"
    TPOT = "tpot"


@dataclass(frozen=True)
class Rates:
    """Arrays over designs.

    `requests_per_s` is the highest rate over the safety factor, NaN where the design is refused; kappa is
    its inverse. `ttft_ms` and `tpot_ms` are the SLO's percentile at that rate, for a refused design at
    vanishing load (the best it can do). `concurrency` is the mean number in flight, `kv_tokens` what the
    cache holds, the `_gb` figures are of the whole replica. `rule` holds values of Outcome, `bound_by` of Bound.
    `latest_ttft_ms` is the TTFT before the safety factor: a limit that is tighter but still above it changes no rate.
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
    latest_ttft_ms: Array


def highest_rates(arrays: DesignArrays, shape: RequestShape, times: bool = True) -> Rates:
    """Find the highest rate of every design at the SLO.

    Without SLO limits the KV cache, the engine's sequences and a ceiling on prefill's share (PREFILL_CEILING)
    bound the rate: they hold beside the limits as well, so that a looser SLO never lowers the rate.
    Without `times` the search for what holds at that rate is left out: `ttft_ms` and `tpot_ms` are then those of
    vanishing load, `concurrency` is NaN.
    """
    a = arrays
    shared = shape.shared_prefix * shape.input_tokens
    case = case_of(a, shape)
    with np.errstate(all="ignore"):  # unknown figures are NaN and stay so
        memory = memory_fit(a, shape.input_tokens, shape.output_tokens, shape.longest_tokens, shared)
        n = fewest = np.full(len(a), FEWEST)
        load = idle = load_at(case, fewest)
        uses = uses_of(case, fewest, idle)
        admissible = _tightest(uses) <= 0
        top = _highest(case, _End(np.log(fewest), idle.rate, uses))
        rate = top.rate / a.safety
        if times:
            kept = np.exp(_bisect(lambda log_n: load_at(case, np.exp(log_n)).rate <= rate, np.log(fewest), top.log_n))
            n = np.where(admissible, kept, fewest)
            load = load_at(case, n)
        ttft, tpot = ttft_quantile(case, load), tpot_quantile(case, n, load)
        rule = _rule(case, memory, uses, idle)
        kv_at_rest = uses[BOUNDS.index(Bound.KV)] * a.kv_room
        needed = a.gpus * (a.weights + a.runtime + np.where(a.kv_room > 0, kv_at_rest, 0.0)) / GB
        bound = np.array(BOUNDS)[np.argmax(np.nan_to_num(top.uses, nan=-1.0), axis=0)]
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
        latest_ttft_ms=top.uses[BOUNDS.index(Bound.TTFT)] * (shape.ttft_ms or 0.0),
    )


@dataclass(frozen=True)
class _End:
    """A number in flight by its logarithm, the rate that keeps it, and the use of each limit [bound, design] there."""

    log_n: Array
    rate: Array
    uses: Array

    def put(self, rows: Index, better: "_End", chosen: Mask) -> None:
        """Put the chosen of another's designs, which stand at `rows` here, in the place of one's own."""
        at = rows[chosen]
        self.log_n[at], self.rate[at] = better.log_n[chosen], better.rate[chosen]
        self.uses[:, at] = better.uses[:, chosen]


def _at(case: Case, log_n: Array) -> _End:
    n = np.exp(log_n)
    load = load_at(case, n)
    return _End(log_n, load.rate, uses_of(case, n, load))


def _tightest(uses: Array) -> Array:
    """Logarithm of the use of the tightest limit: all are kept up to 0. NaN is not kept."""
    use = uses.max(axis=0)
    return np.asarray(np.clip(np.log(np.where(np.isnan(use), np.inf, use)), -50.0, 50.0))


def _highest(case: Case, low: _End) -> _End:
    """The largest N that keeps all limits; `low` where not even that does.

    The cache and the engine's sequences are reached at an N in closed form, so that the search begins below it. False
    position on the logarithm of the use, halving the weight of an end that stays (Illinois); what has settled is left
    out, so that each design goes its own way whatever stands beside it.
    """
    best = _End(low.log_n.copy(), low.rate.copy(), low.uses.copy())
    below = _tightest(low.uses)
    rows = np.flatnonzero(below <= 0)
    case = case.take(rows)
    left, below = low.log_n[rows], below[rows]
    right = np.fmax(np.log(most_in_flight(case)), left)
    found = _at(case, right)
    above, stayed = _tightest(found.uses), np.zeros(len(rows))
    best.put(rows, found, above <= KEPT)
    open_ = (above > KEPT) & (right - left > SETTLED)
    for step in range(SEARCHED):
        if not open_.any():
            break
        if open_.sum() < FEWER * len(open_):
            rows, case, stayed = rows[open_], case.take(np.flatnonzero(open_)), stayed[open_]
            left, right, below, above = left[open_], right[open_], below[open_], above[open_]
            open_ = np.ones(len(rows), dtype=bool)
        middle = right - above * (right - left) / (above - below) if step % 5 < 4 else (left + right) / 2
        middle = np.clip(np.where(np.isfinite(middle), middle, left), left + SETTLED / 4, right - SETTLED / 4)
        found = _at(case, middle)
        use = _tightest(found.uses)
        kept = use <= KEPT
        best.put(rows, found, kept & open_)
        below = np.where(kept, use, np.where(stayed < 0, below / 2, below))
        above = np.where(kept, np.where(stayed > 0, above / 2, above), use)
        left, right = np.where(kept, middle, left), np.where(kept, right, middle)
        stayed = np.where(kept, 1.0, -1.0)
        open_ &= (right - left > SETTLED) & (np.abs(use) > KEPT)
    return best


def _bisect(keeps: Callable[[Array], NDArray[np.bool_]], low: Array, high: Array) -> Array:
    """Largest value between `low` and `high` that keeps a condition which, once broken, stays broken."""
    whole = keeps(high)
    for _ in range(STEPS):
        middle = (low + high) / 2
        kept = keeps(middle)
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return np.where(whole, high, low)


def _rule(case: Case, memory: MemoryFit, uses: Array, idle: Load) -> NDArray[np.str_]:
    """First rule that refuses each design, at vanishing load: `idle`, and the uses of the limits there."""
    broken = dict(zip(BOUNDS, ~(uses <= 1), strict=True))
    timed = np.isfinite(idle.step) & np.isfinite(case.prompt.alone)
    return np.select(
        [
            ~np.isfinite(memory.requests),
            case.shape.longest_tokens > case.arrays.max_context,
            ~memory.fits | broken[Bound.KV],
            ~timed,
            broken[Bound.TTFT],
            broken[Bound.TPOT],
        ],
        [Outcome.UNKNOWN, Outcome.CONTEXT, Outcome.MEMORY, Outcome.UNKNOWN, Outcome.TTFT, Outcome.TPOT],
        Outcome.OK,
    )
