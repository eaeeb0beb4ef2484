"""Dotted keys of a scenario and what people type for them: one reading for the edit line, `--set` and the prompt."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from catalogs.toml_file import Fault, InputError, check
from solver.scenario import Scenario, Segment
from solver.units import Rate, Tokens, parse_count

_TYPED = ("catalog.", "policy.gpus_available.", "today.pools.")
NOTHING = ("none", "-")
_YES_NO = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_PART = re.compile(r'"([^"]*)"|([^."]+)')


def parts_of(key: str) -> tuple[str, ...]:
    """Split a dotted key; a part that holds dots stands in quotes: `catalog.rates."a.b".source`."""
    return tuple(quoted or bare for quoted, bare in _PART.findall(key))


def full_key(tables: Mapping[str, Any], key: str) -> str:
    """The whole key of a short one.

    `chat.requests` is `segment.chat.requests` where a segment is named chat, and so is `requests` where chat is the
    only segment.
    """
    segments = tables.get("segment", {})
    head, dot, _ = key.partition(".")
    if head in Scenario.model_fields or not isinstance(segments, Mapping):
        return key
    if dot and head in segments:
        return f"segment.{key}"
    return f"segment.{next(iter(segments))}.{key}" if head in Segment.model_fields and len(segments) == 1 else key


def field_of(key: str) -> FieldInfo | None:
    """The scenario's field under a full key, or None for a key inside a table of free keys or an unknown one."""
    place: Any = Scenario
    field: FieldInfo | None = None
    for part in parts_of(key):
        record = _record_in(place)
        if record is not None:
            field = record.model_fields.get(part)
            place = field.annotation if field else None
        else:
            field, place = None, next((args[1] for args in _tables_in(place)), None)
    return field


def read_value(key: str, text: str) -> Any:
    """The TOML value of what was typed for a full key; None empties the key.

    Lists and tables take commas (`eu, us`, `eu=60%, us=40%`), flags yes and no, numbers 1.2k. What is not
    understood is kept as text, so that the scenario itself says what is wanted.
    """
    text = text.strip()
    field = field_of(key)
    if field is None:
        return _YES_NO.get(text.lower(), _scalar(text) if key.startswith(_TYPED) else text)
    if text[:1] == '"' == text[-1:]:
        text = text.strip('"')
    kinds = _kinds(field.annotation)
    if text.lower() in NOTHING and (type(None) in kinds or tuple in kinds or dict in kinds):
        return None
    if (dict in kinds or (Literal in kinds and _record_in(field.annotation))) and "=" in text:
        pairs = (entry.split("=", 1) for entry in text.split(",") if "=" in entry)
        return {name.strip(): _number_or_text(value) for name, value in pairs}
    if tuple in kinds:
        entries = (entry.strip(" \"'") for entry in text.strip("[]").split(","))
        return [entry for entry in entries if entry]
    if bool in kinds:
        return _YES_NO.get(text.lower(), text)
    bare_number = (int in kinds or float in kinds) and not _own_reader(field.annotation, field.metadata)
    return _number_or_text(text) if bare_number else text


def reads_as(key: str, text: str, file: str = "your answers") -> str:
    """What a text is read as for a full key: `1.2k / 4k` as `1,200 / 4,000`.

    Raises InputError with what was found and what is wanted.
    """
    value, field = read_value(key, text), field_of(key)
    if field is None or value is None:
        return "none" if value is None else str(value)
    try:
        return said(_adapter(field).validate_python(value), field)
    except ValidationError:
        alone: dict[str, Any] = {}
        store(alone, key, value)
        try:
            check(Scenario, alone, file)
        except InputError as error:
            raise InputError(*(fault for fault in error.faults if fault.key.startswith(key))) from None
        raise


def said(value: Any, field: FieldInfo) -> str:
    """A value of a field as a person reads it: thousands apart, shares in %, lists with commas."""
    if isinstance(value, Rate):
        return f"{value.amount:,.12g} a {value.per}"
    if isinstance(value, Tokens):
        return " / ".join(f"{tokens:,.12g}" for tokens in (value.p50, value.p95) if tokens is not None)
    return written(_adapter(field).dump_python(value), thousands=True)


def written(value: Any, thousands: bool = False) -> str:
    """A dumped value as one would type it: `none`, `yes`, `eu, us`, `eu=60%, us=40%`."""
    if value is None or value in ("", (), [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={written(part, thousands)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(written(part, thousands) for part in value)
    if isinstance(value, int | float):
        return f"{value:,.12g}" if thousands else f"{value:.12g}"
    return str(value)


def value_at(scenario: Scenario, key: str) -> str:
    """The value of a full key as one would type it, defaults included."""
    return value_in(scenario.model_dump(), key)


def value_in(tables: Mapping[str, Any], key: str) -> str:
    """As `value_at`, of the scenario's tables with every default told."""
    value = lookup(tables, key)
    return "anywhere" if value == "" and key.endswith(("processing_in", "storage_in")) else written(value)


def lookup(tables: Mapping[str, Any], key: str) -> Any:
    """The value under a full key, or None."""
    place: Any = tables
    for part in parts_of(key):
        if not isinstance(place, Mapping):
            return None
        place = place.get(part)
    return place


def store(tables: dict[str, Any], key: str, value: Any) -> None:
    """Set a full key in raw tables, making tables on the way; a value of None takes the key out."""
    *path, last = parts_of(key)
    place = tables
    for part in path:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise InputError(Fault("your answers", key, f"a value under {part}", "a table there"))
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


def _scalar(text: str) -> Any:
    """A value as TOML would read it, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _number_or_text(text: str) -> Any:
    text = text.strip()
    try:
        number = -parse_count(text[1:]) if text.startswith("-") else parse_count(text)
    except ValueError:
        return text
    return int(number) if number == int(number) else number


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter(kind)


def _own_reader(annotation: Any, metadata: Sequence[Any]) -> bool:
    """Whether a unit's own parser reads the text (`800 ms`), so that it must not be turned into a number before."""
    if any(isinstance(item, BeforeValidator) for item in metadata):
        return True
    if get_origin(annotation) in (Union, UnionType):
        return any(_own_reader(part, ()) for part in get_args(annotation))
    return get_origin(annotation) is Annotated and _own_reader(get_args(annotation)[0], get_args(annotation)[1:])


def _kinds(annotation: Any) -> set[Any]:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return set().union(*(_kinds(part) for part in get_args(annotation)))
    return _kinds(get_args(annotation)[0]) if origin is Annotated else {origin or annotation}


def _record_in(annotation: Any) -> type[BaseModel] | None:
    records = (kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(records, None)


def _tables_in(annotation: Any) -> list[tuple[Any, ...]]:
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType, Annotated) else (annotation,)
    return [get_args(part) for part in parts if get_origin(part) is dict]
