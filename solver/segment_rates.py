"""Rates at which designs serve one segment, and why the others may not: the performance model over columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.compliance import Reason
from solver.design_arrays import DesignArrays
from solver.design_columns import Index
from solver.kept import Kept
from solver.memory import MemoryFit, memory_fit
from solver.problem import Array
from solver.raise_designs import longest_request
from solver.refusals import Rule
from solver.scenario import Segment
from solver.slo_rate import Outcome, Rates, RequestShape, highest_rates

LEAST_TTFT_MS = 1e-3
"""Stands for a TTFT limit that the round trip alone breaks."""

UNSIZED = Reason(Rule.NOT_SIZED, "unknown figures of the model or the GPU", "bandwidth, FLOP/s, layers, heads")
RULES = {
    Outcome.UNKNOWN: (Rule.NOT_SIZED, ""), Outcome.MEMORY: (Rule.MEMORY, "GB"),
    Outcome.CONTEXT: (Rule.CONTEXT, "token"), Outcome.TTFT: (Rule.TTFT, "ms"), Outcome.TPOT: (Rule.TPOT, "ms"),
}  # fmt: skip
"""What turns a design down, as a rule with the unit of its figures."""


def request_shape(segment: Segment, round_trip_ms: float) -> RequestShape:
    """The segment's requests and limits; users see the round trip on top of the replica's TTFT."""
    inputs, outputs = segment.input_tokens, segment.output_tokens
    return RequestShape(
        input_tokens=inputs.mean,
        input_cv=inputs.variation,
        output_tokens=outputs.mean,
        output_cv=outputs.variation,
        shared_prefix=segment.shared_prefix,
        ttft_ms=None if segment.ttft is None else max(segment.ttft - round_trip_ms, LEAST_TTFT_MS),
        tpot_ms=segment.tpot,
        percentile=segment.percentile,
        longest_tokens=longest_request(segment),
    )


class Refused(NamedTuple):
    """Why designs are turned down, columns [row]: values of Outcome, the figure found, the one wanted, how far off."""

    rule: NDArray[np.str_]
    found: Array
    wanted: Array
    distance: Array

    def take(self, rows: Index) -> "Refused":
        """The same of some designs."""
        return Refused(self.rule[rows], self.found[rows], self.wanted[rows], self.distance[rows])

    def copy(self) -> "Refused":
        """One that may be changed."""
        return self.take(np.arange(len(self.rule)))

    def put(self, rows: Index, others: "Refused") -> None:
        """Set those of some designs."""
        for column, values in zip(self, others, strict=True):
            column[rows] = values

    def reason(self, row: int) -> Reason | None:
        """The reason of one design, None where it is not turned down."""
        outcome = Outcome(str(self.rule[row]))
        if outcome in (Outcome.OK, Outcome.UNKNOWN):
            return None if outcome is Outcome.OK else UNSIZED
        rule, unit = RULES[outcome]
        return Reason(rule, float(self.found[row]), float(self.wanted[row]), unit, float(self.distance[row]))


class Found(NamedTuple):
    """Rates [row], NaN where refused, the TTFT (ms) up to which each holds, and why the others are refused."""

    rates: Array
    latest_ttft_ms: Array
    refused: Refused


_FOUND: Kept[Found] = Kept(48)
"""Of the segments and round trips of a large scenario."""


def segment_rates(
    arrays: DesignArrays, rows: Index, segment: Segment, round_trip_ms: float, before: Found | None
) -> Found:
    """`_rates`, found once for requests and limits that are the same."""
    key = rows.tobytes(), request_shape(segment, round_trip_ms), round_trip_ms, segment.ttft
    return _FOUND.of((arrays, before), key, lambda: _rates(arrays, rows, segment, round_trip_ms, before))


def _rates(
    arrays: DesignArrays, rows: Index, segment: Segment, round_trip_ms: float, before: Found | None = None
) -> Found:
    """Rates of the designs at `rows`, and why the others are refused.

    Of those found at a shorter round trip (`before`) only the ones are looked for again that break the TTFT that is
    left; what was refused then is refused still, and its reason is no longer asked for.
    """
    shape = request_shape(segment, round_trip_ms)
    if before is None:
        shared = shape.shared_prefix * shape.input_tokens
        with np.errstate(all="ignore"):
            fit = memory_fit(arrays.take(rows), shape.input_tokens, shape.output_tokens, shape.longest_tokens, shared)
        rates, latest, refused = np.full(len(rows), np.nan), np.zeros(len(rows)), _too_large(fit)
        tried = np.flatnonzero(fit.fits)
    else:
        rates, latest, refused = before.rates.copy(), before.latest_ttft_ms.copy(), before.refused.copy()
        tried = np.flatnonzero(np.isfinite(rates) & ~(latest <= (shape.ttft_ms or np.inf)))
    if len(tried):
        found = highest_rates(arrays.take(rows[tried]), shape, times=False)
        rates[tried], latest[tried] = found.requests_per_s, found.latest_ttft_ms
        refused.put(tried, _turned_down(found, segment, shape, round_trip_ms))
    return Found(rates, latest, refused)


def _too_large(fit: MemoryFit) -> Refused:
    """What does not fit into the memory."""
    found, wanted = fit.available_gb, fit.needed_gb
    known = np.isfinite(found) & np.isfinite(wanted)
    rule = np.where(fit.fits, Outcome.OK, np.where(known, Outcome.MEMORY, Outcome.UNKNOWN))
    return Refused(rule, found, wanted, np.where(known, _beyond(wanted, np.maximum(found, 1e-9)), 1.0))


def _turned_down(found: Rates, segment: Segment, shape: RequestShape, round_trip_ms: float) -> Refused:
    """What has no rate that keeps the limits."""
    unknown = np.where(found.rule == Outcome.OK, Outcome.UNKNOWN, found.rule)
    rule = np.where(np.isfinite(found.requests_per_s), Outcome.OK, unknown)
    limits: dict[Outcome, tuple[Array, Array | float]] = {
        Outcome.MEMORY: (found.memory_available_gb, found.memory_needed_gb),
        Outcome.CONTEXT: (found.max_context, shape.longest_tokens),
        Outcome.TTFT: (found.ttft_ms + round_trip_ms, segment.ttft or np.inf),
        Outcome.TPOT: (found.tpot_ms, segment.tpot or np.inf),
    }
    refused = Refused(rule, np.zeros(len(rule)), np.zeros(len(rule)), np.ones(len(rule)))
    for outcome, (value, limit) in limits.items():
        at = np.flatnonzero(rule == outcome)
        value, limit = value[at], np.broadcast_to(limit, rule.shape)[at]
        more = outcome in (Outcome.TTFT, Outcome.TPOT)  # than is wanted, where the others are less
        off = _beyond(value, limit) if more else _beyond(limit, np.maximum(value, 1e-9))
        refused.put(at, Refused(rule[at], value, limit, off))
    return refused


def _beyond(more: Array, less: Array) -> Array:
    """By which share one is more than the other; 0 where it is not."""
    return np.asarray(np.maximum(more / less - 1, 0.0))
