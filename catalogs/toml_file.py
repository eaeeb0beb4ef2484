"""TOML in, checked records out: one kind of input error, collected so that all faults are told at once."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

MAX_BYTES = 5_000_000
MAX_NESTED = 50
"""Tables and lists within each other; what copies and checks them needs some of Python's 1,000 calls for each."""
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, what was found, what is wanted, and a hint.

    As a text it is one line in which nothing of a file, its name included, moves a terminal's cursor.
    """

    file: str
    key: str
    found: str
    wanted: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        said = f"{where}: found {self.found}; wanted {self.wanted}" + (f" ({self.hint})" if self.hint else "")
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in said)


class InputError(Exception):
    """The user's input cannot be used; `faults` holds everything that is wrong with it."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


def read_toml(path: Path | str) -> dict[str, Any]:
    """Read a TOML file of at most 5 MB; InputError says why it cannot be read, with the line where there is one."""
    return parse_toml(read_bytes(path, "TOML"), str(path))


def read_bytes(path: Path | str, kind: str, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file of a kind (`TOML`, `JSON`) of `most` bytes; InputError says why it cannot be read."""
    path = Path(path)
    file = str(path)
    try:
        if path.is_dir():
            raise InputError(Fault(file, "", "a directory", f"a {kind} file"))
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except FileNotFoundError:
        near = _nearest_file(path, f"*.{kind.lower()}")
        raise InputError(Fault(file, "", "no such file", f"a {kind} file", near)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Fault(file, "", f"a file that cannot be read ({reason})", f"a readable {kind} file")) from None
    if len(content) > most:
        size = f"{most // 1_000_000} MB"
        raise InputError(Fault(file, "", f"more than {size}", f"a {kind} file of at most {size}"))
    return content


def parse_toml(content: bytes, file: str) -> dict[str, Any]:
    """Parse the bytes of a TOML file; InputError names the line that breaks off."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}, which is not UTF-8"
        raise InputError(Fault(file, f"line {line}", found, "TOML text in UTF-8")) from None
    try:
        tables = tomllib.loads(text)
        if _nests_deeper(tables, MAX_NESTED):
            raise RecursionError
    except ValueError as error:
        raise InputError(_decode_fault(file, text, error)) from None
    except RecursionError:
        raise InputError(Fault(file, "", "values nested too deeply", "TOML tables as people write them")) from None
    return tables


def _nests_deeper(value: Any, most: int) -> bool:
    """Whether tables and lists stand more than `most` deep; level by level, as a header of many dots may be long."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _decode_fault(file: str, text: str, error: ValueError) -> Fault:
    reason, _, place = str(error).rpartition(" (at ")
    if not reason:
        return Fault(file, "", f"a value that cannot be read ({error})", "TOML")
    lines = text.splitlines() or [""]
    inside = place.startswith("line ")
    number = int(place.removeprefix("line ").split(",")[0]) if inside else len(lines)
    line = lines[min(number, len(lines)) - 1].strip()
    broken_off = not inside and reason.startswith(("Unterminated", "Invalid value", "Expected"))
    return Fault(
        file,
        f"line {number}",
        line[:48] or "an empty line",
        f"TOML; {reason[0].lower()}{reason[1:]}",
        "the file breaks off here" if broken_off else "",
    )


def _nearest_file(path: Path, pattern: str) -> str:
    try:
        beside = [other.name for other in path.parent.glob(pattern) if other.name != path.name]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.parent / near[0]}?" if near else ""


def short(value: Any, width: int = 48) -> str:
    """Show a value as TOML would write it, cut to `width`."""
    if isinstance(value, Mapping):
        text = "a table" if value else "an empty table"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(short(item, 16) for item in value[:3]) + (", ..." if len(value) > 3 else "") + "]"
    elif value is None:
        text = "nothing"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = f'"{value}"' if value.isprintable() else json.dumps(value[:width])
    elif isinstance(value, float):
        text = f"{value:.12g}"
    elif isinstance(value, int) and abs(value) > 10**40:
        text = "a whole number of more than 40 digits"
    else:
        text = str(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def check(model: type[R], tables: Mapping[str, Any], file: str, at: str = "") -> R:
    """Make a record of parsed tables; InputError holds every fault. `at` is the key that the tables stand under."""
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        raise InputError(*faults_of(file, error, tables, model, at)) from None


def faults_of(
    file: str, error: ValidationError, tables: Any, model: type[BaseModel], at: str = ""
) -> tuple[Fault, ...]:
    """Say pydantic's errors in TOML's words: dotted key, value found, what is wanted, nearest spelling."""
    faults: dict[tuple[str, str], Fault] = {}
    for item in error.errors(include_url=False):
        keys = _keys(item["loc"], tables)
        named = item["loc"][-1:] == ("[key]",)
        value = item["input"] if named else _at(tables, keys, item["input"])
        if item["type"] == "value_error":
            keys, value, wanted = _own_words(item, keys, value)
            found, hint = short(value), ""
        else:
            found, wanted, hint = _said(item, keys, value, model, at)
        key = ".".join(filter(None, (at, *map(quoted, keys))))
        faults.setdefault((key, wanted), Fault(file, key, found, wanted, hint))
    return tuple(faults.values())


def _at(tables: Any, keys: Iterable[int | str], otherwise: Any) -> Any:
    """What the file holds at `keys`, as it was written and not as a validator left it."""
    place = tables
    for key in keys:
        listed = isinstance(place, list | tuple) and isinstance(key, int) and key < len(place)
        if not listed and not (isinstance(place, Mapping) and key in place):
            return otherwise
        place = place[key]
    return place


def _own_words(item: Any, keys: list[int | str], value: Any) -> tuple[list[int | str], Any, str]:
    """A record's own rule; a text that starts with `field:` speaks of that field."""
    text = str(item.get("ctx", {}).get("error", item["msg"]))
    field, separator, rest = text.partition(": ")
    if separator and field.isidentifier() and isinstance(value, Mapping):
        return [*keys, field], value.get(field), rest
    return keys, value, text


def _keys(location: Iterable[int | str], tables: Any) -> list[int | str]:
    """Drop from a location what pydantic put in (union branches, function names) and the file does not hold."""
    keys: list[int | str] = []
    place = tables
    for step in location:
        if isinstance(place, Mapping):
            if isinstance(step, str) and step.startswith("["):
                continue
            keys.append(step)
            place = place.get(step)
        elif isinstance(place, list | tuple) and isinstance(step, int):
            keys.append(step)
            place = place[step] if step < len(place) else None
        else:
            break
    return keys


def quoted(key: int | str) -> str:
    """A key as TOML writes it: bare where it may be, else in quotes."""
    text = str(key)
    bare = text and all(char.isascii() and (char.isalnum() or char in "-_") for char in text)
    return text if bare else short(text)


def _said(item: Any, keys: list[int | str], value: Any, model: type[BaseModel], at: str) -> tuple[str, str, str]:
    """Found, wanted and hint of one pydantic error."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        known = fields_at(model, keys[:-1])
        near = difflib.get_close_matches(str(keys[-1]).lower(), known, n=1, cutoff=0.55)
        among = ", ".join(known) if len(known) <= 12 else ""
        hint = f"did you mean {near[0]}?" if near else (f"the keys here are {among}" if among else "")
        return "an unknown key", f"a key of {_place(keys[:-1], at)}", hint
    if kind == "missing":
        return "nothing", _wanted_of(model, keys), ""
    if kind in ("literal_error", "enum"):
        expected = context.get("expected", "")
        words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
        near = difflib.get_close_matches(str(value).lower(), words, n=1, cutoff=0.55)
        return short(value), "one of " + ", ".join(words), f"did you mean {near[0]}?" if near else ""
    if kind == "string_pattern_mismatch":
        return short(value), _pattern_words(context.get("pattern", "")), ""
    limits = {name: short(limit) if isinstance(limit, float) else limit for name, limit in context.items()}
    template = _WANTED.get(kind)
    return short(value), template.format(**limits) if template else _plain(item["msg"]), ""


_WANTED = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "string_too_short": "a text of at least {min_length} character",
    "dict_type": "a table",
    "model_type": "a table",
    "mapping_type": "a table",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "too_short": "at least {min_length} entry",
    "recursion_loop": "a value that does not hold itself",
}


def _plain(message: str) -> str:
    for start in ("Input should be ", "Value error, "):
        message = message.removeprefix(start)
    return message


def _pattern_words(pattern: str) -> str:
    if pattern == r"^[A-Z]{3}$":
        return "a currency of three capital letters, such as EUR"
    if pattern.startswith("^[a-z0-9]["):
        return "a name of up to 40 small letters, digits, - and _"
    return f"a text that matches {pattern}"


def _place(keys: list[int | str], at: str) -> str:
    place = ".".join(filter(None, (at, *map(quoted, keys))))
    return f"[{place}]" if place else "the top level"


def _wanted_of(model: type[BaseModel], keys: list[int | str]) -> str:
    return f"the key {keys[-1]}" if keys else f"a {model.__name__.lower()}"


def fields_at(model: type[BaseModel], keys: Iterable[int | str]) -> list[str]:
    """Keys that a record knows at a place, e.g. those of a segment at ("segment", "chat")."""
    place: Any = model
    for key in keys:
        place = _step(place, key)
        if place is None:
            return []
    found = _record_in(place)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _step(kind: Any, key: int | str) -> Any:
    """The type that stands under `key` in a value of type `kind`."""
    record = _record_in(kind)
    if record is not None:
        field = record.model_fields.get(str(key))
        return field.annotation if field else None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType, Annotated):
        return next((under for part in arguments if (under := _step(part, key)) is not None), None)
    if origin in (dict, Mapping):
        return arguments[1]
    if origin in (list, tuple):
        return arguments[0]
    return None


def _record_in(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Union, UnionType, Annotated):
        return next((found for part in get_args(kind) if (found := _record_in(part))), None)
    return None
