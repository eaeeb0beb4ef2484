"""Segments added, copied and deleted, as a step of a session like any other: a key and a text.

`segment.tags` set to `like chat` adds the segment tags with the values that chat has in the base (or that a profile of
that name has), to `like chat: requests=5k/day; quality=high` with these typed on top, and to `none` deletes it. What
`like` names is always in the base or a profile, so the steps make the same scenario in any order.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from catalogs.profiles import profiles
from catalogs.toml_file import Fault, InputError
from wizard.scenario_keys import NOTHING, parts_of, read_value, store

LIKE = "like "
WANTED = "like NAME, of a segment of the base or of a profile; or none"


@dataclass(frozen=True)
class Shape:
    """What `like` says: whose values, and what is typed on top of them, by the segment's own key."""

    root: str
    typed: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        typed = "; ".join(f"{key}={text}" for key, text in self.typed)
        return f"{LIKE}{self.root}" + (f": {typed}" if typed else "")


def segment_in(key: str) -> str:
    """The segment that a full key stands for as a whole, else nothing."""
    parts = parts_of(key)
    return parts[1] if len(parts) == 2 and parts[0] == "segment" else ""


def shape_of(key: str, text: str) -> Shape | None:
    """What a text says of a whole segment, None where it deletes it; InputError for any other text."""
    text = text.strip()
    if text.lower() in NOTHING:
        return None
    if not text.lower().startswith(LIKE):
        raise InputError(Fault("your answers", key, f'"{text[:48]}"', WANTED))
    root, _, typed = text[len(LIKE) :].partition(":")
    pairs = (pair.partition("=") for pair in typed.split(";") if pair.strip())
    return Shape(root.strip(), tuple((name.strip(), value.strip()) for name, _, value in pairs))


def reshape(tables: dict[str, Any], base: Mapping[str, Any], texts: Mapping[str, str], you: str) -> None:
    """Add and delete segments of raw tables, each by its full key and text; what is typed has the source `you`."""
    for key, text in texts.items():
        name, shape = segment_in(key), shape_of(key, text)
        segments, sources = tables.setdefault("segment", {}), tables.setdefault("sources", {})
        for source in [each for each in sources if each.startswith(f"{key}.")]:
            sources.pop(source)
        if shape is None:
            segments.pop(name, None)
            tables.get("today", {}).get("served_by", {}).pop(name, None)
            continue
        values, origins = _values_of(shape.root, base, key)
        segments[name] = values
        sources.update({f"{key}.{field}": origin for field, origin in origins.items()})
        for field, typed in shape.typed:
            store(tables, f"{key}.{field}", read_value(f"{key}.{field}", typed))
            sources[f"{key}.{field}"] = you


def _values_of(root: str, base: Mapping[str, Any], key: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a segment of the base, else of a profile's first, and where each comes from."""
    known = profiles()
    of, name = (base, root) if root in base.get("segment", {}) else (known.get(root, {}), "")
    if not of:
        wanted = ", ".join((*base.get("segment", {}), *known))
        raise InputError(Fault("your answers", key, f'like "{root[:40]}"', f"like one of {wanted}"))
    name = name or next(iter(of["segment"]))
    prefix = f"segment.{name}."
    origins = {k.removeprefix(prefix): s for k, s in of.get("sources", {}).items() if k.startswith(prefix)}
    values = deepcopy(dict(of["segment"][name]))
    if of is not base and "load" in of:
        values.setdefault("load", of["load"])
        origins.setdefault("load", of.get("sources", {}).get("load", "profile"))
    return values, origins


def copy_of(name: str, steps: Iterable[tuple[str, str]]) -> Shape:
    """The shape of a copy of a segment as the steps (full key, text; the latest of each key) left it."""
    key, shape, typed = f"segment.{name}", Shape(name), dict[str, str]()
    for step, text in steps:
        if step == key:
            shape = shape_of(step, text) or shape
        elif step.startswith(f"{key}."):
            typed[step.removeprefix(f"{key}.")] = text
    return Shape(shape.root, tuple(sorted({**dict(shape.typed), **typed}.items())))


def free_segment_name(wanted: str, taken: Iterable[str]) -> str:
    """The wanted name, or it with the first number that no segment has."""
    names = set(taken)
    stem = wanted[:36]
    return next(name for name in (wanted, *(f"{stem}-{n}" for n in range(2, 1000))) if name not in names)
