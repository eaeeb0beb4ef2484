"""The plan as tables keyed by name, and back: `[plan.line.NAME]`, `[plan.segment.chat.served_by.OPTION]`.

A list of tables would change its shape with the length of its rows; a table of each row's own name never does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from catalogs.toml_file import Fault, InputError, check, quoted, short
from solver.explanation.conflict import Conflict
from solver.explanation.doubt_records import RankedDoubt, RankedDoubts
from solver.explanation.findings import Mistake, NextStep, Pattern
from solver.explanation.flip_records import Flip, Flips
from solver.explanation.reasons import RulePrice, WhyNot
from solver.explanation.records import Capacity, Disagreement, Term
from solver.plan import (
    SCHEMA,
    Baseline,
    Block,
    ChecklistItem,
    CostLine,
    Fallback,
    Moved,
    Plan,
    PlannedSegment,
    Pool,
    PriceUsed,
    Reading,
    Replicas,
    RestsOn,
    ScoreHeld,
    Served,
)
from solver.refusals import Refusal

CENT = 0.01
"""How far a plan's total may be from its lines, which the file rounds."""
_Key = Callable[[Any, int], str]
_named: _Key = lambda row, _: str(row.name)  # noqa: E731
_option: _Key = lambda row, _: str(row.option)  # noqa: E731

# Field of a record -> its table in the file, the record of a row, the row's key, and the field that the key stands for.
_ROWS: dict[str, tuple[str, type[BaseModel], _Key, str]] = {
    "lines": ("line", CostLine, _named, "name"),
    "baselines": ("baseline", Baseline, _named, "name"),
    "segments": ("segment", PlannedSegment, _named, "name"),
    "served_by": ("served_by", Served, _option, "option"),
    "capacity": ("capacity", Capacity, lambda row, i: str(row.of), "of"),
    "terms": ("term", Term, lambda row, i: str(row.of), "of"),
    "pools": ("pool", Pool, _option, "option"),
    "fallbacks": ("fallback", Fallback, lambda row, i: f"{row.segment}: {row.lost} {row.of}", ""),
    "moved_to": ("moved_to", Moved, _option, "option"),
    "replicas": ("replicas", Replicas, lambda row, i: _purchase(row), ""),
    "blocks": ("block", Block, lambda row, i: f"b{i:02d}", ""),
    "refusals": ("refusal", Refusal, lambda row, i: f"{row.segment or 'every segment'}: {row.option}", ""),
    "readings": ("reading", Reading, _named, "name"),
    "scores": ("score", ScoreHeld, lambda row, i: f"{row.segment}: {row.option}", ""),
    "mistakes": ("mistake", Mistake, lambda row, i: f"{row.id} of {row.where}", ""),
    "patterns": ("pattern", Pattern, lambda row, i: str(row.id), "id"),
    "next_steps": ("next_step", NextStep, lambda row, i: str(row.id), "id"),
    "rests_on": ("rests_on", RestsOn, lambda row, i: f"{row.kind}: {row.cause}", ""),
    "checklist": ("checklist", ChecklistItem, lambda row, i: str(row.item), "item"),
    "why_not": ("why_not", WhyNot, _option, "option"),
    "requirements": ("requirement", RulePrice, lambda row, i: f"{row.requirement} = {row.without}", ""),
    "flips": ("flip", Flip, lambda row, i: f"{row.lever} {row.side}: {row.what}", ""),
    "doubts": ("doubt", RankedDoubt, lambda row, i: f"{row.kind}: {row.subject}", ""),
    "conflict": ("conflict", Conflict, lambda row, i: str(row.requirement), "requirement"),
    "disagreements": ("disagreement", Disagreement, lambda row, i: f"{row.kind}: {', '.join(row.items)}", ""),
}
_PARTS: dict[str, type[BaseModel]] = {"flips": Flips, "ranking": RankedDoubts}
"""Records that hold rows themselves."""
_DICTIONARIES = {"prices": ("price", PriceUsed), "exchange_rates": ("exchange_rate", PriceUsed)}


def _purchase(row: Replicas) -> str:
    return row.purchase if row.block is None else f"{row.purchase} in b{row.block:02d}"


def plan_tables(plan: Plan) -> dict[str, Any]:
    """The tables under [plan], keys in the records' order; a figure that is unknown (None) has no key."""
    return {key: value for key, value in _tables(plan).items() if key != "schema"}


def plan_of(tables: Any, file: str) -> Plan:
    """The plan that `plan_tables` wrote; InputError holds every fault."""
    if not isinstance(tables, Mapping):
        raise InputError(Fault(file, "plan", "no table", "a table"))
    faults = list(_not_finite(tables, file, "plan"))
    read = _record(Plan, {**tables, "schema": SCHEMA}, file, "plan", faults)
    if faults or not isinstance(read, Plan):
        raise InputError(*faults)
    counted = sum(line.per_month for line in read.lines)
    if read.total_per_month is not None and abs(read.total_per_month - counted) > CENT:
        wanted = f"{counted:.2f}, the sum of the bill's lines"
        raise InputError(Fault(file, "plan.total_per_month", f"{read.total_per_month:.6g}", wanted, "edited by hand?"))
    return read


def _not_finite(tables: Mapping[str, Any], file: str, at: str) -> Iterator[Fault]:
    """Figures that TOML can hold and no plan does: nan and inf."""
    for key, value in tables.items():
        where = f"{at}.{quoted(key)}"
        if isinstance(value, Mapping):
            yield from _not_finite(value, file, where)
        elif isinstance(value, float) and not isfinite(value):
            yield Fault(file, where, short(value), "a finite number")


def is_plan(tables: Mapping[str, Any]) -> bool:
    """Whether the tables of a file mean to be a saved plan, and not a scenario."""
    return "schema" in tables or "plan" in tables or isinstance(tables.get("scenario"), Mapping)


def check_schema(tables: Mapping[str, Any], file: str) -> None:
    """InputError when a plan file is of another version than this tool reads."""
    found = tables.get("schema")
    if found == SCHEMA:
        return
    newer = re.fullmatch(r"wizard\.plan/(\d+)", found) if isinstance(found, str) else None
    hint = "a newer wizard wrote it: upgrade this one" if newer and int(newer[1][:9]) > 1 else ""
    shown = "nothing" if found is None else f'"{found}"'[:48]
    raise InputError(Fault(file, "schema", shown, f'"{SCHEMA}"', hint))


def _tables(record: BaseModel) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for name, field in type(record).model_fields.items():
        value = getattr(record, name)
        if _in_rows(name, field):
            table, _, key, stands_for = _ROWS[name]
            rows: dict[str, Any] = {}
            for i, row in enumerate(value):
                called = _unique(key(row, i), rows)
                written = _tables(row)
                if stands_for and written.get(stands_for) == called:
                    del written[stands_for]
                rows[called] = written
            if rows:
                tables[table] = rows
        elif name in _DICTIONARIES:
            if value:
                tables[_DICTIONARIES[name][0]] = {key: _tables(row) for key, row in value.items()}
        elif isinstance(value, BaseModel):
            tables[field.alias or name] = _tables(value)
        elif value is not None and (field.is_required() or value != field.default):
            tables[field.alias or name] = list(value) if isinstance(value, tuple) else value
    return tables


def _in_rows(name: str, field: FieldInfo) -> bool:
    """Whether a field is a table of rows: `doubts` are sentences in one record, and rows in another."""
    return name in _ROWS and get_args(field.annotation)[:1] == (_ROWS[name][1],)


def _unique(key: str, rows: Mapping[str, Any]) -> str:
    number, unique = 1, key
    while unique in rows:
        number += 1
        unique = f"{key} ({number})"
    return unique


def _record(
    model: type[BaseModel], tables: Mapping[str, Any], file: str, at: str, faults: list[Fault]
) -> BaseModel | None:
    """A record of its tables; what is wrong goes to `faults`, and None comes back."""
    values = dict(tables)
    for name, field in model.model_fields.items():
        if _in_rows(name, field):
            table, row_model, _, stands_for = _ROWS[name]
            values[name] = tuple(
                _record(row_model, {stands_for: key, **row} if stands_for else row, file, where, faults)
                for key, row, where in _rows(values.pop(table, {}), file, f"{at}.{table}", faults)
            )
        elif name in _DICTIONARIES:
            table, row_model = _DICTIONARIES[name]
            values[name] = {
                key: _record(row_model, row, file, where, faults)
                for key, row, where in _rows(values.pop(table, {}), file, f"{at}.{table}", faults)
            }
        elif name in values and _PARTS.get(name) in get_args(field.annotation):
            values[name] = _part(_PARTS[name], values[name], file, f"{at}.{name}", faults)
        elif field.is_required() and (field.alias or name) not in values and NoneType in get_args(field.annotation):
            values[name] = None
    if faults:
        # Below a faulty row its parent cannot be made; its own values are still looked at.
        values = {
            name: () if isinstance(value, tuple) and name in _ROWS else {} if name in _DICTIONARIES else value
            for name, value in values.items()
        }
    try:
        return check(model, values, file, at)
    except InputError as error:
        faults.extend(error.faults)
        return None


def _part(model: type[BaseModel], table: Any, file: str, at: str, faults: list[Fault]) -> BaseModel | None:
    if isinstance(table, Mapping):
        return _record(model, table, file, at, faults)
    faults.append(Fault(file, at, "no table", "a table"))
    return None


def _rows(table: Any, file: str, at: str, faults: list[Fault]) -> list[tuple[str, Mapping[str, Any], str]]:
    if not isinstance(table, Mapping):
        faults.append(Fault(file, at, "no table", "a table"))
        return []
    rows = []
    for key, row in table.items():
        where = f"{at}.{quoted(key)}"
        if isinstance(row, Mapping):
            rows.append((key, row, where))
        else:
            faults.append(Fault(file, where, "no table", "a table"))
    return rows
