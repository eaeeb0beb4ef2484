"""How long a request keeps a replica: the performance model, and the user's own measurements and rates on top of it.

Measured points correct a design's parameters, a sweep over rates gives the rate of requests like its own; a rate that
the user states goes before both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from catalogs.catalog import Catalog
from solver.bands import speed_bands
from solver.compliance import Reason, licence_reasons
from solver.costs import weight_gb
from solver.design_arrays import Design, DesignArrays, design_arrays
from solver.kept import Kept, unpriced
from solver.measured import (
    POINT_BAND,
    SWEEP_BAND,
    Correction,
    Measurements,
    SweptRate,
    corrected,
    measurements_of,
    swept_rate,
)
from solver.memory import GB, memory_fit
from solver.own_rates import OwnRate, own_rates
from solver.problem import Array
from solver.quality_gate import QualityGate
from solver.raise_designs import Index, Mask, Raised, design_id, longest_request
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Segment
from solver.slo_rate import Outcome, Rates, RequestShape, highest_rates

LEAST_TTFT_MS = 1e-3
"""Stands for a TTFT limit that the round trip alone breaks."""

_NOT_SERVED = Reason(Rule.OWN_RATE, 0.0, "more than 0", "requests/s")
_RULES = {
    Outcome.UNKNOWN: Rule.NOT_SIZED, Outcome.MEMORY: Rule.MEMORY, Outcome.CONTEXT: Rule.CONTEXT,
    Outcome.TTFT: Rule.TTFT, Outcome.TPOT: Rule.TPOT,
}  # fmt: skip


class Surety(NamedTuple):
    """How sure a design's speed is.

    `estimate` says what is estimated of it, empty where it was measured or is the user's own rate; `band` how far it
    may be off, as a share; `measured` which of the user's measurements or rates it rests on.
    """

    estimate: str
    band: float
    measured: str


@dataclass(frozen=True)
class Sized:
    """Designs that may serve some segment, with replica-seconds of a request.

    `kappa[segment][round trip ms]` [design] is NaN where the design is refused; `surety(rows)` tells how sure the
    speeds of some designs are, which is looked up for those alone that stay.
    """

    designs: tuple[Design, ...]
    kappa: Mapping[str, Mapping[float, Array]]
    weights_gb: Array
    surety: Callable[[Sequence[int]], list[Surety]]


class _Own(NamedTuple):
    """What a design's speed rests on of the user's: words, and how far it may be off."""

    says: str
    band: float


def size_designs(
    raised: Raised,
    segments: Mapping[str, Segment],
    trips: Mapping[str, Sequence[float]],
    copies: Mapping[str, int],
    catalog: Catalog,
    gate: QualityGate,
    book: RefusalBook,
) -> Sized:
    """Size the designs for each segment at each round trip (ms, ascending); what fails at the shortest is refused.

    Formats that take the same bytes and arithmetic are sized once.
    """
    measured = measurements_of(catalog.measurements)
    unique, place = _alike(raised, catalog, measured)
    records, arrays, corrections = _ARRAYS.of(
        unpriced(catalog),
        (raised.axes.names, raised.index[:, unique].tobytes()),
        lambda: _looked_up(catalog, raised.designs(unique), measured),
    )
    rests = {records[row]: _Own(each.says, POINT_BAND) for row, each in corrections.items()}
    swept: dict[Design, dict[str, SweptRate]] = {}
    own = own_rates(catalog, segments)
    kappa: dict[str, dict[float, Array]] = {}
    for name, segment in segments.items():
        wanted = raised.worthy[name]
        rows = np.unique(place[wanted]) if arrays is not None else np.empty(0, dtype=np.intp)
        kappa[name], before = {}, None
        for trip in trips[name]:
            if kappa[name] and segment.ttft is None:
                kappa[name][trip] = next(iter(kappa[name].values()))
                continue
            seconds = np.full(len(records), np.nan)
            if arrays is not None and len(rows):
                before = _rates_kept(arrays, rows, segment, trip, before)
                rates, refused = before.rates.copy(), dict(before.refused)
                for row in np.intersect1d(rows, list(corrections)).tolist() if corrections else ():
                    at = int(np.searchsorted(rows, row))
                    found = _as_swept(arrays, row, segment, trip, measured, float(rates[at]), refused)
                    if found is not None:
                        rates[at], swept.setdefault(records[row], {})[name] = found
                seconds[rows] = 1 / rates
            else:
                refused = {}
            if not kappa[name]:
                _refuse(name, refused, place, wanted, raised, own[name], copies[name], book)
            kappa[name][trip] = np.where(wanted, seconds[place], np.nan) if len(place) else np.empty(0)
    rests |= {design: _as_measured(by, segments, rests[design]) for design, by in swept.items()}
    said = arrays.estimates if arrays is not None else ()
    return _joined(raised, kappa, place, said, own, rests, segments, copies, catalog, gate, book)


def _looked_up(
    catalog: Catalog, records: list[Design], measured: Measurements
) -> tuple[list[Design], DesignArrays | None, dict[int, Correction]]:
    """Designs with their figures, and which of them the user's measurements correct."""
    if not records:
        return records, None, {}
    return records, *corrected(design_arrays(catalog, records), measured)


def _alike(raised: Raised, catalog: Catalog, measured: Measurements) -> tuple[Index, Index]:
    """One design of each kind that performs alike, and the place of each among them; measured ones are apart."""
    signatures: dict[tuple[object, ...], int] = {}
    records = [catalog.precisions[id_] for id_ in raised.axes.precisions]
    kinds = np.array(
        [
            signatures.setdefault(
                (p.bytes_per_weight, p.bytes_per_dense_weight_moe, p.bytes_per_kv, p.compute), len(signatures)
            )
            for p in records
        ],
        dtype=np.intp,
    )  # fmt: skip
    m, p, g, n, e = raised.index
    key = (((m * len(kinds) + kinds[p]) * len(raised.axes.gpus) + g) * 4 + n) * len(raised.axes.engines) + e
    apart = list(raised.places(measured.points).values())
    key[apart] = -1 - np.arange(len(apart))
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.intp), place.reshape(-1).astype(np.intp)


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


class _Found(NamedTuple):
    """Rates [row], NaN where refused, the TTFT (ms) up to which each holds, and the reason of each refusal."""

    rates: Array
    latest_ttft_ms: Array
    refused: dict[int, Reason]


_ARRAYS: Kept[tuple[list[Design], DesignArrays | None, dict[int, Correction]]] = Kept(3)
_FOUND: Kept[_Found] = Kept(48)
"""Of the segments and round trips of a large scenario."""


def _rates_kept(
    arrays: DesignArrays, rows: Index, segment: Segment, round_trip_ms: float, before: _Found | None
) -> _Found:
    """`_rates`, found once for requests and limits that are the same."""
    key = rows.tobytes(), request_shape(segment, round_trip_ms), round_trip_ms, segment.ttft
    return _FOUND.of((arrays, before), key, lambda: _rates(arrays, rows, segment, round_trip_ms, before))


def _rates(
    arrays: DesignArrays, rows: Index, segment: Segment, round_trip_ms: float, before: _Found | None = None
) -> _Found:
    """Rates of the designs at `rows`, and the reason of each refusal by its row.

    Of those found at a shorter round trip (`before`) only the ones are looked for again that break the TTFT that is
    left; what was refused then is refused still, and its reason is no longer asked for.
    """
    shape = request_shape(segment, round_trip_ms)
    if before is None:
        rates, latest, why = np.full(len(rows), np.nan), np.zeros(len(rows)), {}
        chosen = arrays.take(rows)
        shared = shape.shared_prefix * shape.input_tokens
        with np.errstate(all="ignore"):
            fit = memory_fit(chosen, shape.input_tokens, shape.output_tokens, shape.longest_tokens, shared)
        tried = np.flatnonzero(fit.fits)
        for i in np.flatnonzero(~fit.fits).tolist():
            known = np.isfinite(fit.needed_gb[i]) and np.isfinite(fit.available_gb[i])
            why[int(rows[i])] = _memory(float(fit.available_gb[i]), float(fit.needed_gb[i])) if known else _UNSIZED
    else:
        rates, latest, why = before.rates.copy(), before.latest_ttft_ms.copy(), dict(before.refused)
        tried = np.flatnonzero(np.isfinite(rates) & ~(latest <= (shape.ttft_ms or np.inf)))
    if len(tried):
        found = highest_rates(arrays.take(rows[tried]), shape, times=False)
        rates[tried], latest[tried] = found.requests_per_s, found.latest_ttft_ms
        for i in np.flatnonzero(~np.isfinite(found.requests_per_s)).tolist():
            why[int(rows[tried[i]])] = _reason(found, i, segment, shape, round_trip_ms)
    return _Found(rates, latest, why)


def _as_swept(
    arrays: DesignArrays,
    row: int,
    segment: Segment,
    round_trip_ms: float,
    measured: Measurements,
    rate: float,
    refused: dict[int, Reason],
) -> tuple[float, SweptRate] | None:
    """The rate that a design's sweep measured in place of `rate`, and the sweep; None where there is none that holds.

    What was measured is no longer refused, but for its context, or for memory that all there is would not give.
    """
    found = swept_rate(measured.of(arrays.designs[row]), request_shape(segment, round_trip_ms))
    why = refused.get(row)
    whole = float((arrays.gpus * arrays.memory)[row]) / GB
    if found is None or (why and (why.rule is Rule.CONTEXT or (why.rule is Rule.MEMORY and not _at_most(why, whole)))):
        return None
    if found.requests_per_second is None:
        return float(np.minimum(rate, found.too_many)), found
    refused.pop(row, None)
    return found.requests_per_second, found


def _at_most(why: Reason, whole: float) -> bool:
    """Whether what a refusal wants (GB) is no more than there is."""
    return isinstance(why.wanted, float) and why.wanted <= whole


def _as_measured(by: Mapping[str, SweptRate], segments: Mapping[str, Segment], points: _Own) -> _Own:
    """What a design with sweeps rests on; where a segment is not like them, the correction by points as well."""
    said = [f"{name}: {rate.says}" for name, rate in by.items()]
    told = all(name in by and by[name].requests_per_second is not None for name in segments)
    return _Own("; ".join(said if told else [*said, points.says]), SWEEP_BAND if told else POINT_BAND)


_UNSIZED = Reason(Rule.NOT_SIZED, "unknown figures of the model or the GPU", "bandwidth, FLOP/s, layers, heads")


def _memory(available: float, needed: float) -> Reason:
    return Reason(Rule.MEMORY, available, needed, "GB", max(needed / max(available, 1e-9) - 1, 0.0))


def _reason(found: Rates, i: int, segment: Segment, shape: RequestShape, round_trip_ms: float) -> Reason:
    rule = _RULES.get(Outcome(str(found.rule[i])), Rule.NOT_SIZED)
    if rule is Rule.MEMORY:
        return _memory(float(found.memory_available_gb[i]), float(found.memory_needed_gb[i]))
    if rule is Rule.CONTEXT:
        limit = float(found.max_context[i])
        return Reason(rule, limit, shape.longest_tokens, "token", shape.longest_tokens / limit - 1)
    if rule is Rule.TTFT and segment.ttft is not None:
        value = float(found.ttft_ms[i]) + round_trip_ms
        return Reason(rule, value, segment.ttft, "ms", max(value / segment.ttft - 1, 0.0))
    if rule is Rule.TPOT and segment.tpot is not None:
        value = float(found.tpot_ms[i])
        return Reason(rule, value, segment.tpot, "ms", max(value / segment.tpot - 1, 0.0))
    return _UNSIZED


def _refuse(
    name: str,
    refused: Mapping[int, Reason],
    place: Index,
    wanted: Mask,
    raised: Raised,
    own: Mapping[Design, OwnRate],
    copies: int,
    book: RefusalBook,
) -> None:
    """Enter what performance turned down, rule by rule; a design with a rate of the user's own is not turned down."""
    spared = set(raised.places(own).values())
    by_rule: dict[Rule, list[tuple[int, Reason]]] = {}
    for i in np.flatnonzero(wanted).tolist():
        reason = refused.get(int(place[i]))
        if reason is not None and i not in spared:
            by_rule.setdefault(reason.rule, []).append((i, reason))
    for rule, entries in by_rule.items():
        distances = np.array([reason.distance for _, reason in entries])

        def make(i: int, entries: list[tuple[int, Reason]] = entries) -> tuple[str, Reason]:
            at, reason = entries[i]
            return design_id(raised.designs(np.array([at]))[0]), reason

        book.add_many(name, distances, make, str(rule), copies)


def _joined(
    raised: Raised,
    kappa: dict[str, dict[float, Array]],
    place: Index,
    said: Sequence[str],
    own: Mapping[str, Mapping[Design, OwnRate]],
    rests: dict[Design, _Own],
    segments: Mapping[str, Segment],
    copies: Mapping[str, int],
    catalog: Catalog,
    gate: QualityGate,
    book: RefusalBook,
) -> Sized:
    """Put the user's rates over those of the model, add the designs that only they name, drop what serves nothing.

    A rate says how fast a design is, not how good: licence and quality still hold.
    """
    named = list(dict.fromkeys(design for rates in own.values() for design in rates))
    at = raised.places(named)
    extra = [design for design in named if design not in at]
    size = raised.index.shape[1]
    at |= {design: size + i for i, design in enumerate(extra)}
    estimates: dict[int, str] = {}
    for name, rates in own.items():
        for trip, seconds in kappa[name].items():
            kappa[name][trip] = np.concatenate([seconds, np.full(len(extra), np.nan)])
        for design, rate in rates.items():
            licence = licence_reasons(segments[name], catalog.models[design.model].licence_class)
            reason = licence[0] if licence else gate.reason(design.model, design.precision, segments[name])
            if reason:
                if design in extra:
                    book.add(name, design_id(design), reason, copies[name])
                continue
            served = rate.requests_per_second > 0
            if served:
                estimates[at[design]] = rate.estimate
                rests[design] = _Own(f"your own rate: {rate.source}", SWEEP_BAND)
            else:
                book.add(name, design_id(design), _NOT_SERVED, copies[name])
            for seconds in kappa[name].values():
                seconds[at[design]] = 1 / rate.requests_per_second if served else np.nan
    serving = np.zeros(size + len(extra), dtype=bool)
    for by_trip in kappa.values():
        for seconds in by_trip.values():
            serving |= np.isfinite(seconds)
    kept = np.flatnonzero(serving)
    chosen = raised.designs(kept[kept < size]) + [extra[i - size] for i in kept[kept >= size].tolist()]
    weights: dict[tuple[str, str], float] = {}
    for design in chosen:
        if (design.model, design.precision) not in weights:
            weights[design.model, design.precision] = weight_gb(catalog, design.model, design.precision)

    def surety(rows: Sequence[int]) -> list[Surety]:
        bands = speed_bands(catalog, [chosen[row] for row in rows])
        mine = [rests.get(chosen[row]) for row in rows]
        return [
            Surety(said[place[kept[row]]], band.share, "")
            if rest is None else Surety(estimates.get(int(kept[row]), ""), rest.band, rest.says)
            for row, rest, band in zip(rows, mine, bands, strict=True)
        ]  # fmt: skip

    return Sized(
        tuple(chosen),
        {name: {trip: seconds[kept] for trip, seconds in by_trip.items()} for name, by_trip in kappa.items()},
        np.array([weights[design.model, design.precision] for design in chosen]),
        surety,
    )
