"""The user's overlay as a file: measured points put at its end, what stands there left as it was written."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from catalogs.measurements import MeasuredPoint
from catalogs.overlay import TABLES
from catalogs.toml_file import Fault, InputError, parse_toml, read_bytes
from wizard.store import alone, is_stream, write_whole

_TABLE = "measurements"


def with_id(point: MeasuredPoint) -> MeasuredPoint:
    """The point under an id of its design and content: the same run has the same id, whatever its file is called."""
    content = point.model_dump(mode="json", exclude={"id", "source"})
    mark = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
    design = f"{point.model}-{point.precision}-{point.gpus}x{point.gpu}-{point.engine}"
    return point.model_copy(update={"id": f"{design}-{mark}"})


def overlay_tables(path: Path) -> Mapping[str, Any]:
    """The tables of the overlay, none where there is no file. InputError: not an overlay, or it cannot be read."""
    if not path.exists():
        return {}
    if is_stream(path):
        raise InputError(Fault(str(path), "", "a pipe or a device", "a file"))
    tables = parse_toml(read_bytes(path, "TOML"), str(path))
    inside = tables["catalog"] if set(tables) == {"catalog"} else tables
    if not isinstance(inside, Mapping) or not set(inside) <= set(TABLES):
        found = "a scenario or a plan" if set(tables) & {"segment", "scenario", "plan"} else "no overlay"
        raise InputError(Fault(str(path), "", found, "an overlay: tables of the catalog alone", "nothing was changed"))
    return tables


def append(path: Path, points: Sequence[MeasuredPoint]) -> tuple[MeasuredPoint, ...]:
    """Put those points at the end of an overlay that are not in it, and tell which: the file keeps all it holds.

    The file appears whole or is left as it was. InputError: it is no overlay, or cannot be written.
    """
    with alone(Path(os.path.realpath(path)).parent):
        return _append(path, points)


def _append(path: Path, points: Sequence[MeasuredPoint]) -> tuple[MeasuredPoint, ...]:
    tables = overlay_tables(path)
    inside = set(tables) == {"catalog"}
    held = (tables["catalog"] if inside else tables).get(_TABLE, {})
    new = tuple(point for point in points if point.id not in held)
    if not new:
        return ()
    rows = {point.id: _row(point) for point in new}
    text = read_bytes(path, "TOML").decode("utf-8") if path.exists() else ""
    line = "" if not text or text.endswith("\n") else "\n"
    more = tomli_w.dumps({"catalog": {_TABLE: rows}} if inside else {_TABLE: rows})
    # The table's own head would stand twice where the file has one: only the rows' heads are written.
    more = "\n".join(
        each for each in more.split("\n") if each not in (f"[{_TABLE}]", "[catalog]", f"[catalog.{_TABLE}]")
    )
    whole = f"{text}{line}\n{more.strip()}\n" if text else f"{more.strip()}\n"
    merged: dict[str, Any] = {**(tables["catalog"] if inside else tables), _TABLE: {**held, **rows}}
    try:
        same = parse_toml(whole.encode(), str(path)) == ({"catalog": merged} if inside else merged)
    except InputError:
        same = False
    if not same:
        wanted = f"[{_TABLE}.NAME] tables, to which others can be added at the end"
        raise InputError(Fault(str(path), _TABLE, "a table that is closed", wanted, "nothing was changed"))
    write_whole(path, whole)
    return new


def _row(point: MeasuredPoint) -> dict[str, Any]:
    row = point.model_dump(mode="json", exclude={"id"}, exclude_none=True)
    return {key: value for key, value in row.items() if value != ""}
