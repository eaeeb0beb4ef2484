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
from solver.design_arrays import DesignArrays, arrays_of
from solver.design_columns import ENGINE, GPU, MODEL, PRECISION, Design, DesignColumns, Index, design_id
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
from solver.memory import GB
from solver.own_rates import OwnRate, own_rates
from solver.problem import Array
from solver.quality_gate import QualityGate
from solver.raise_designs import Raised
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Segment
from solver.segment_rates import RULES, UNSIZED, Found, Refused, request_shape, segment_rates
from solver.slo_rate import Outcome

_NOT_SERVED = Reason(Rule.OWN_RATE, 0.0, "more than 0", "requests/s")


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

    designs: DesignColumns
    kappa: Mapping[str, Mapping[float, Array]]
    weights_gb: Array
    surety: Callable[[Sequence[int]], list[Surety]]


class _Own(NamedTuple):
    """What a design's speed rests on of the user's: words, and how far it may be off."""

    says: str
    band: float


_ARRAYS: Kept[tuple[DesignArrays | None, dict[int, Correction]]] = Kept(3)


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
    unique, place = _alike(raised.columns, catalog, measured)
    columns = raised.columns.take(unique)
    arrays, corrections = _ARRAYS.of(
        unpriced(catalog),
        (columns.axes, columns.place.tobytes(), columns.gpus.tobytes()),
        lambda: corrected(arrays_of(catalog, columns), measured) if len(columns) else (None, {}),
    )
    rests = {columns[row]: _Own(each.says, POINT_BAND) for row, each in corrections.items()}
    swept: dict[Design, dict[str, SweptRate]] = {}
    own = own_rates(catalog, segments)
    kappa: dict[str, dict[float, Array]] = {}
    for name, segment in segments.items():
        wanted = np.flatnonzero(raised.worthy[name])
        rows, at = np.unique(place[wanted], return_inverse=True)
        kappa[name], found = {}, None
        for trip in trips[name]:
            if kappa[name] and segment.ttft is None:
                kappa[name][trip] = next(iter(kappa[name].values()))
                continue
            seconds = np.full(len(place), np.nan)
            if arrays is not None and len(rows):
                found = segment_rates(arrays, rows, segment, trip, found)
                sure, by = _with_sweeps(found, arrays, rows, corrections, segment, trip, measured)
                for design, rate in by.items():
                    swept.setdefault(design, {})[name] = rate
                seconds[wanted] = 1 / sure.rates[at]
                if not kappa[name]:
                    _refuse(name, sure.refused.take(at), wanted, raised.columns, own[name], copies[name], book)
            kappa[name][trip] = seconds
    rests |= {design: _as_measured(by, segments, rests[design]) for design, by in swept.items()}

    def said(rows: Index) -> tuple[str, ...]:
        return arrays.take(place[rows]).estimates if arrays is not None else ()

    return _joined(raised.columns, kappa, said, own, rests, segments, copies, catalog, gate, book)


def _alike(columns: DesignColumns, catalog: Catalog, measured: Measurements) -> tuple[Index, Index]:
    """One design of each kind that performs alike, and the place of each among them; measured ones are apart."""
    signatures: dict[tuple[object, ...], int] = {}
    records = [catalog.precisions[id_] for id_ in columns.axes[PRECISION]]
    kinds = np.array(
        [
            signatures.setdefault(
                (p.bytes_per_weight, p.bytes_per_dense_weight_moe, p.bytes_per_kv, p.compute), len(signatures)
            )
            for p in records
        ],
        dtype=np.intp,
    )  # fmt: skip
    key = columns.place[MODEL] * len(kinds) + kinds[columns.place[PRECISION]]
    key = (key * len(columns.axes[GPU]) + columns.place[GPU]) * (columns.gpus.max(initial=0) + 1) + columns.gpus
    key = key * len(columns.axes[ENGINE]) + columns.place[ENGINE]
    apart = list(columns.places(measured.points).values())
    key[apart] = -1 - np.arange(len(apart))
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.intp), place.reshape(-1).astype(np.intp)


def _with_sweeps(
    found: Found,
    arrays: DesignArrays,
    rows: Index,
    corrections: Mapping[int, Correction],
    segment: Segment,
    round_trip_ms: float,
    measured: Measurements,
) -> tuple[Found, dict[Design, SweptRate]]:
    """The rates that the user's sweeps measured in the place of those found, and the sweeps that gave them."""
    swept = np.flatnonzero(np.isin(rows, list(corrections))).tolist()
    if not swept:
        return found, {}
    found, by = found._replace(rates=found.rates.copy(), refused=found.refused.copy()), {}
    for at in swept:
        each = _as_swept(arrays, int(rows[at]), segment, round_trip_ms, measured, found, at)
        if each is not None:
            by[arrays.columns[int(rows[at])]] = each
    return found, by


def _as_swept(
    arrays: DesignArrays,
    row: int,
    segment: Segment,
    round_trip_ms: float,
    measured: Measurements,
    found: Found,
    at: int,
) -> SweptRate | None:
    """Put the rate that a design's sweep measured into `found` at `at`: the sweep, None where there is none that holds.

    What was measured is no longer refused, but for its context, or for memory that all there is would not give.
    """
    swept = swept_rate(measured.of(arrays.columns[row]), request_shape(segment, round_trip_ms))
    why = found.refused.reason(at)
    whole = float((arrays.gpus * arrays.memory)[row]) / GB
    if swept is None or (why and (why.rule is Rule.CONTEXT or (why.rule is Rule.MEMORY and not _at_most(why, whole)))):
        return None
    if swept.requests_per_second is None:
        found.rates[at] = np.minimum(found.rates[at], swept.too_many)
    else:
        found.rates[at], found.refused.rule[at] = swept.requests_per_second, Outcome.OK
    return swept


def _at_most(why: Reason, whole: float) -> bool:
    """Whether what a refusal wants (GB) is no more than there is."""
    return isinstance(why.wanted, float) and why.wanted <= whole


def _as_measured(by: Mapping[str, SweptRate], segments: Mapping[str, Segment], points: _Own) -> _Own:
    """What a design with sweeps rests on; where a segment is not like them, the correction by points as well."""
    said = [f"{name}: {rate.says}" for name, rate in by.items()]
    told = all(name in by and by[name].requests_per_second is not None for name in segments)
    return _Own("; ".join(said if told else [*said, points.says]), SWEEP_BAND if told else POINT_BAND)


def _refuse(
    name: str,
    refused: Refused,
    wanted: Index,
    columns: DesignColumns,
    own: Mapping[Design, OwnRate],
    copies: int,
    book: RefusalBook,
) -> None:
    """Enter what performance turned down, rule by rule; a design with a rate of the user's own is not turned down."""
    spared = np.isin(wanted, list(columns.places(own).values()))
    for outcome, (rule, _) in RULES.items():
        entries = np.flatnonzero((refused.rule == outcome) & ~spared)

        def make(i: int, entries: Index = entries) -> tuple[str, Reason]:
            return columns.id(int(wanted[entries[i]])), refused.reason(int(entries[i])) or UNSIZED

        book.add_many(name, refused.distance[entries], make, str(rule), copies)


def _joined(
    columns: DesignColumns,
    kappa: dict[str, dict[float, Array]],
    said: Callable[[Index], Sequence[str]],
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
    at = columns.places(named)
    extra = [design for design in named if design not in at]
    at |= {design: len(columns) + i for i, design in enumerate(extra)}
    columns = columns.plus(extra) if extra else columns
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
    serving = np.zeros(len(columns), dtype=bool)
    for by_trip in kappa.values():
        for seconds in by_trip.values():
            serving |= np.isfinite(seconds)
    kept = np.flatnonzero(serving)
    designs = columns.take(kept)
    formats, format_ = designs.kinds(MODEL, PRECISION)

    def surety(rows: Sequence[int]) -> list[Surety]:
        chosen = [designs[row] for row in rows]
        modelled = [row for row, design in zip(rows, chosen, strict=True) if design not in rests]
        estimate = dict(zip(modelled, said(kept[modelled]), strict=True))
        return [
            Surety(estimate[row], band.share, "")
            if (rest := rests.get(design)) is None else Surety(estimates.get(int(kept[row]), ""), rest.band, rest.says)
            for row, design, band in zip(rows, chosen, speed_bands(catalog, chosen), strict=True)
        ]  # fmt: skip

    return Sized(
        designs,
        {name: {trip: seconds[kept] for trip, seconds in by_trip.items()} for name, by_trip in kappa.items()},
        np.array([weight_gb(catalog, *each) for each in formats], dtype=np.float64)[format_],
        surety,
    )
