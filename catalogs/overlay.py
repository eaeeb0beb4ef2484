"""The user's overlay on the catalog: records added, fields of known ones overridden, all faults told at once."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from catalogs.measurements import MeasuredPoint
from catalogs.money import MONEY_FIELDS, Money
from catalogs.prices import money_unit
from catalogs.quality_records import Evaluation, Predecessor
from catalogs.records import (
    ApiOffer,
    Attributes,
    DesignRate,
    Engine,
    EngineOffset,
    Figure,
    Gpu,
    GpuPrice,
    GpuPurchase,
    LoadShape,
    Model,
    PerformanceClass,
    Precision,
    Provisioned,
    QualityFloor,
    QualityScore,
    QuantisationLoss,
    Record,
    Region,
)
from catalogs.toml_file import Fault, InputError, check, quoted, short

LARGEST = 10**15  # no figure of this catalog comes near it
MAY_BE_NOTHING = frozenset(
    f"perf_{name}" for name in ("runtime_gb", "t_fix_ms", "sigma_us", "alpha_us", "tau_moe", "mixed_step", "mu")
)
"""Parameters of the performance model that add something, so that 0 leaves it out."""
FAR = 1000  # a figure of `operations` times so much is beyond reason
SMALLEST = 1e-12  # nor this one, other than 0
Parts = dict[str, dict[Any, Any]]
Values = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """How an overlay table becomes records: the field that its name fills, the record's key, and what is assumed.

    `single` tables hold one figure a record: overridden by the user, it is no estimate any more.
    """

    record: type[Record]
    names: str = "id"
    key: Callable[[Any], Any] = lambda record: record.id
    assumed: Callable[[str, Parts], Values] = lambda name, parts: {}
    single: bool = False


def _called(name: str, parts: Parts) -> Values:
    return {"name": name}


def _gpu(name: str, parts: Parts) -> Values:
    return {"name": name, "kind": "gpu", "performance_class": "unmeasured"}


def _shape(name: str, parts: Parts) -> Values:
    return {"name": name, "minute_peak_over_hour": 1.0}


def _gpu_price(name: str, parts: Parts) -> Values:
    provider = name.partition("/")[0]
    return {
        "provider": provider, "service": "", "instance": name, "gpu_count": 1, "region": "unknown",
        "purchase": "on_demand",
    }  # fmt: skip


def _api_offer(name: str, parts: Parts) -> Values:
    """Provider, model, region and tier out of an id such as `azure/gpt-5@eu-data-zone:batch`.

    Latency is that of the provider's offer of the model, else of its first offer of the kind: an estimate.
    """
    head, _, tier = name.partition(":")
    head, _, region = head.partition("@")
    provider, _, model = head.partition("/")
    open_weights = model in parts["models"]
    beside = [o for o in parts["api_offers"].values() if o.provider == provider and o.ttft_p50_ms is not None]
    near = next((o for o in beside if o.model == model), None)
    near = near or next((o for o in beside if o.open_weights == open_weights), None)
    latency = {}
    if near is not None and tier != "batch":
        latency = {name: getattr(near, name) for name in _LATENCY}
        latency["latency_estimate"] = near.latency_estimate or f"as measured for {near.id}"
    return latency | {
        "provider": provider, "model": model, "provider_model": model, "tier": tier or "standard",
        "region": region or "unknown", "open_weights": open_weights,
    }  # fmt: skip


def _units(name: str, parts: Parts) -> Values:
    """The offer out of an id such as `azure/gpt-5` or `azure/gpt-5:1-month`; by the hour unless a term is told."""
    return {"offer": name if name in parts["api_offers"] else name.rpartition(":")[0]}


_LATENCY = ("ttft_p50_ms", "ttft_p95_ms", "tpot_p50_ms", "tpot_p95_ms", "latency_source")


TABLES: Mapping[str, Table] = {
    "models": Table(Model),
    "gpus": Table(Gpu, assumed=_gpu),
    "gpu_purchases": Table(GpuPurchase, "gpu", lambda r: r.gpu, single=True),
    "gpu_prices": Table(GpuPrice, assumed=_gpu_price, single=True),
    "api_offers": Table(ApiOffer, assumed=_api_offer, single=True),
    "provisioned": Table(Provisioned, assumed=_units),
    "precisions": Table(Precision, assumed=_called),
    "engines": Table(Engine, assumed=_called),
    "performance_classes": Table(PerformanceClass),
    "engine_offsets": Table(EngineOffset, "engine", lambda r: r.engine),
    "scores": Table(QualityScore, "", lambda r: (r.model, r.benchmark, r.date), single=True),
    "floors": Table(QualityFloor, "", lambda r: (r.task, r.word, r.benchmark, r.benchmark_date), single=True),
    "quantisation": Table(QuantisationLoss, "", lambda r: (r.precision, r.task), single=True),
    "quality": Table(Evaluation),
    "predecessors": Table(Predecessor, "model", lambda r: r.model, single=True),
    "operations": Table(Figure, "", single=True),
    "attributes": Table(Attributes, "provider", lambda r: r.provider),
    "regions": Table(Region),
    "load_shapes": Table(LoadShape, assumed=_shape),
    "rates": Table(DesignRate),
    "measurements": Table(MeasuredPoint),
}

# Fields that name a record of another table.
_REFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "gpus": (("performance_class", "performance_classes"),),
    "gpu_prices": (("gpu", "gpus"),),
    "provisioned": (("offer", "api_offers"),),
    "gpu_purchases": (("gpu", "gpus"),),
    "precisions": (("engines", "engines"),),
    "quantisation": (("precision", "precisions"),),
    "rates": (("model", "models"), ("precision", "precisions"), ("gpu", "gpus"), ("engine", "engines")),
    "measurements": (("model", "models"), ("precision", "precisions"), ("gpu", "gpus"), ("engine", "engines")),
}


def with_overlays(parts: Parts, overlays: Iterable[tuple[str, Mapping[str, Any]]], money: Money, as_of: str) -> Parts:
    """Parts with every overlay on top, the later ones over the earlier.

    An overlay is (file name, tables); tables that stand under `catalog` alone are taken from there and told so in
    faults. A record without a source is "your overlay, FILE" of the catalog's day. Money without a currency is in the
    catalog's. Raises InputError with all faults of all overlays.
    """
    parts = {name: dict(records) for name, records in parts.items()}
    faults: list[Fault] = []
    touched: list[tuple[str, str, str, Any]] = []
    for file, place, name, row_name, row in _rows(overlays, faults):
        try:
            key, record = _record(name, row_name, row, parts, money, as_of, file, place)
        except InputError as error:
            faults += error.faults
        else:
            _put(parts, name, key, record)
            touched.append((file, place, name, record))
    for file, place, name, record in touched:
        faults += _broken_references(file, place, name, record, parts)
    if faults:
        raise InputError(*faults)
    return parts


def _rows(
    overlays: Iterable[tuple[str, Mapping[str, Any]]], faults: list[Fault]
) -> Iterator[tuple[str, str, str, str, Mapping[str, Any]]]:
    """(file, place, table, name, row) of every row that stands in a known table; what is no such row is a fault.

    Models come first: whether an offer has open weights rests on them.
    """
    for file, given in overlays:
        inside = set(given) == {"catalog"} and isinstance(given["catalog"], Mapping)
        tables: Mapping[str, Any] = given["catalog"] if inside else given
        known = [name for name in TABLES if name in tables]
        for name in [*known, *(name for name in tables if name not in TABLES)]:
            rows = tables[name]
            place = f"catalog.{name}" if inside else name
            if name not in TABLES:
                faults.append(Fault(file, place, "an unknown table", "a table of the catalog", _near(name, TABLES)))
            elif not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()):
                faults.append(Fault(file, place, short(rows), f"tables by name, such as [{place}.NAME]"))
            else:
                for row_name, row in rows.items():
                    yield file, f"{place}.{quoted(row_name)}", name, row_name, row


def _put(parts: Parts, name: str, key: Any, record: Any) -> None:
    """Put a record in; the user's floor for a quality word comes before the shipped ones."""
    if name == "floors":
        parts[name] = {key: record} | {other: floor for other, floor in parts[name].items() if other != key}
    else:
        parts[name][key] = record


def _record(
    name: str, row_name: str, row: Mapping[str, Any], parts: Parts, money: Money, as_of: str, file: str, place: str
) -> tuple[Any, Any]:
    """Key and record of one row; InputError with all its faults."""
    table = TABLES[name]
    base = parts[name].get(row_name)
    faults = _bad_numbers(table.record, row, file, place)
    if table.names and row.get(table.names, row_name) != row_name:
        wanted = f"{short(row_name)}, the name of its table"
        faults[table.names] = Fault(file, f"{place}.{table.names}", short(row[table.names]), wanted)
    given: Values = {table.names: row_name} if table.names else {}
    given |= {key: value for key, value in row.items() if key not in faults}
    given = _in_catalog_currency(table.record, given, money, file, place)
    if isinstance(base, Evaluation):
        given, faults = _same_day(base, given, faults, file, place)
    if isinstance(base, Figure) and given.get("unit", base.unit) != base.unit:
        wanted = f"the unit {base.unit}, in any currency"
        faults["unit"] = Fault(file, f"{place}.unit", short(row["unit"]), wanted)
    values = _starting_values(table, base, row_name, row, parts, f"your overlay, {Path(file).name}", as_of)
    try:
        record = check(table.record, values | given, file, place)
    except InputError as error:
        told = {fault.key for fault in faults.values()}
        more = [f for f in _told_apart(error.faults, base, row_name, parts[name]) if f.key not in told]
        raise InputError(*faults.values(), *more) from None
    if isinstance(record, LoadShape) and (bad := _bad_shape(record, file, place)):
        faults["load_over_mean"] = bad
    if isinstance(record, Model) and record.experts_per_token > record.experts:
        found, wanted = short(record.experts_per_token), f"at most the experts of the model, {record.experts}"
        faults["experts_per_token"] = Fault(file, f"{place}.experts_per_token", found, wanted)
    if far := _far_off(record, base, row_name, file, place):
        faults.setdefault("value", far)
    if faults:
        raise InputError(*faults.values())
    return (row_name if name == "operations" else table.key(record)), record


def _starting_values(
    table: Table, base: Any, row_name: str, row: Mapping[str, Any], parts: Parts, source: str, as_of: str
) -> Values:
    """What a row is laid upon: the record of that name, else what is assumed of a new one; source and date are new."""
    values: Values = table.assumed(row_name, parts) if base is None else base.model_dump()
    if base is not None and table.single:
        values["estimate"] = ""
    if base is not None and table.record is Figure and "value" in row:
        values |= {"low": None, "high": None}
    if table.record is Evaluation:
        return {"source": source} | values
    if table.record is Attributes:
        return values | {"sources": values.get("sources", {}) | dict.fromkeys(row, source)}
    kept = f"{base.source}; {', '.join(row)} by " if base is not None and not table.single else ""
    return values | {"source": kept + source, "date": as_of}


def _same_day(
    base: Evaluation, given: Values, faults: dict[str, Fault], file: str, place: str
) -> tuple[Values, dict[str, Fault]]:
    """More scores of a known evaluation join those it has; of another day they would stand on another scale."""
    if given.get("date", base.date) != base.date:
        wanted = f'"{base.date}", the day of this evaluation; one run again is a table of another name'
        faults["date"] = Fault(file, f"{place}.date", short(given["date"]), wanted)
    more = given.get("scores")
    return (given | {"scores": base.scores | more} if isinstance(more, dict) else given), faults


def _bad_numbers(record: type[Record], row: Mapping[str, Any], file: str, place: str) -> dict[str, Fault]:
    """Faults by field: numbers negative, not finite or in quotes ("nan" is one), money that is none, true for one."""
    money = MONEY_FIELDS.get(record, ()) or (("value", "low", "high") if record is Figure else ())
    faults = {}
    for name, value in row.items():
        field = record.model_fields.get(name)
        inside = value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else [value]
        texts = _holds_numbers(field) and any(isinstance(each, str) for each in inside)
        truth = isinstance(value, bool) and field is not None and field.annotation not in (bool, bool | None)
        wanted = ""
        if texts or truth or (name in money and not isinstance(value, int | float)):
            wanted = "a value of another kind than true or false"
            if texts or name in money:
                whole = field is not None and float not in _kinds(field)
                wanted = "a whole number" if whole else "a number"
        elif not all(map(_sane, inside)):
            wanted = f"a number from 0 to {LARGEST:g}, none between 0 and {SMALLEST:g}"
        if wanted:
            inner = value.items() if isinstance(value, Mapping) else ()
            odd = [key for key, each in inner if isinstance(each, str) or not _sane(each)]
            key, found = (f"{quoted(name)}.{quoted(odd[0])}", value[odd[0]]) if odd else (quoted(name), value)
            faults[name] = Fault(file, f"{place}.{key}", short(found), wanted)
    return faults


def _sane(number: Any) -> bool:
    """Whether it is a number that can be reckoned with, or none at all."""
    return not isinstance(number, int | float) or number == 0 or SMALLEST <= number < LARGEST


def _holds_numbers(field: FieldInfo | None) -> bool:
    """Whether a field is a number, or numbers in a list or by name."""
    return field is not None and bool({int, float} & _kinds(field))


def _kinds(field: FieldInfo) -> set[Any]:
    return {field.annotation, *get_args(field.annotation)}


def _told_apart(faults: tuple[Fault, ...], base: Any, row_name: str, known: Mapping[Any, Any]) -> list[Fault]:
    """Faults of a new record that lacks something: perhaps a misspelt id of a known one."""
    near = _near(row_name, [key for key in known if isinstance(key, str)]) if base is None else ""
    missing = [fault for fault in faults if fault.found == "nothing"]
    hint = f"a new record; {near}" if near else ""
    return [
        Fault(fault.file, fault.key, fault.found, fault.wanted, hint) if hint and fault in missing else fault
        for fault in faults
    ]


def _in_catalog_currency(record: type[Record], given: Values, money: Money, file: str, place: str) -> Values:
    """Money of a row in the catalog's currency: of its own `currency`, or of a figure's unit."""
    fields = MONEY_FIELDS.get(record, ())
    try:
        if fields:
            currency = given.pop("currency", money.currency)
            if not isinstance(currency, str):
                raise InputError(Fault(file, "currency", short(currency), "a currency such as EUR"))
            return given | money.converted_fields({name: given[name] for name in fields if name in given}, currency)
        split = money_unit(str(given.get("unit", ""))) if record is Figure else None
        if split:
            figures: Values = {name: given[name] for name in ("value", "low", "high") if name in given}
            given |= money.converted_fields(figures, split[0]) | {"unit": f"{money.currency}/{split[1]}"}
            given.pop("currency")
    except InputError as error:
        key = "currency" if fields else "unit"
        raise InputError(
            *(Fault(file, f"{place}.{key}", f.found[:20], f.wanted, f.hint) for f in error.faults)
        ) from None
    return given


def _bad_shape(shape: LoadShape, file: str, place: str) -> Fault | None:
    hours = shape.load_over_mean
    if len(hours) in (24, 168) and sum(hours) > 0:
        return None
    wanted = "24 hours of a day or 168 of a week from Monday 00:00, not all of them 0"
    return Fault(file, f"{place}.load_over_mean", f"{len(hours)} values", wanted)


def _far_off(record: Any, base: Any, name: str, file: str, place: str) -> Fault | None:
    """A figure beyond reason: nothing may cost or take `FAR` times the shipped, and no machine is so much faster."""
    if not isinstance(base, Figure):
        return None
    divides = name.startswith("perf_") and name not in MAY_BE_NOTHING
    low, high = base.value / FAR if divides else 0.0, base.value * FAR
    if base.value <= 0 or low <= record.value <= high:
        return None
    wanted = f"a number from {low:g} to {high:g}; shipped is {base.value:g}"
    return Fault(file, f"{place}.value", short(record.value), wanted)


def _broken_references(file: str, place: str, name: str, record: Any, parts: Parts) -> list[Fault]:
    faults = list(_unknown_models(file, place, record, parts)) if isinstance(record, Evaluation) else []
    for field, target in _REFERENCES.get(name, ()):
        value = getattr(record, field)
        for one in value if isinstance(value, tuple) else (value,):
            if one not in parts[target]:
                wanted = f"an id of the table {target}"
                faults.append(Fault(file, f"{place}.{field}", short(one), wanted, _near(one, parts[target])))
    return faults


def _unknown_models(file: str, place: str, record: Evaluation, parts: Parts) -> Iterator[Fault]:
    """A fault for each score of what is neither a model, nor an open model at a precision."""
    sold = {offer.model for offer in parts["api_offers"].values()}
    for name in record.scores:
        model, at, precision = name.partition("@")
        key = f"{place}.scores.{quoted(name)}"
        if model not in parts["models"] and (at or model not in sold):
            wanted = "an open model at a precision" if at else "a model of the catalog, or one that an API offer sells"
            yield Fault(file, key, short(name), wanted, _near(model, {*parts["models"], *sold}))
        elif at and precision not in parts["precisions"]:
            yield Fault(file, key, short(name), f"{model}@ and a precision", _near(precision, parts["precisions"]))


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""
