"""Scenarios as TOML: read from a scenario or a plan file, changed by `--set`, written back in a fixed order."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w

from catalogs.toml_file import Fault, InputError, check, read_toml, short
from solver.scenario import Scenario, Segment
from wizard.plan_file import check_schema, is_plan
from wizard.scenario_keys import full_key

SETTING = "--set"
Overlay = tuple[str, Mapping[str, Any]]
_SORTED = ("sources", "checklist", "users_in", "gpus_available", "served_by", "pools")


@dataclass(frozen=True)
class Question:
    """What a command is asked to decide: the scenario, its file, the user's catalog tables by file."""

    scenario: Scenario
    overlays: tuple[Overlay, ...] = ()
    file: str = "the scenario"


def read_scenario(path: str | Path, sets: Sequence[str] = (), overlays: Sequence[str | Path] = ()) -> Scenario:
    """The scenario of a scenario or plan file, with `KEY=VALUE` sets and overlay files applied.

    Raises
    ------
    InputError
        every fault of file, sets and overlays at once.

    """
    return read_question(path, sets, overlays).scenario


def read_question(path: str | Path, sets: Sequence[str] = (), overlays: Sequence[str | Path] = ()) -> Question:
    """As `read_scenario`; the overlays come with their files' names, for the catalog."""
    return question_of(tables_of(read_toml(path), str(path)), str(path), sets, overlays)


def question_of(
    tables: Mapping[str, Any], file: str, sets: Sequence[str] = (), overlays: Sequence[str | Path] = ()
) -> Question:
    """The question of raw scenario tables; the saved scenario holds the overlays in its own [catalog]."""
    faults: list[Fault] = []
    read: list[Overlay] = []
    for path in overlays:
        try:
            read.append((str(path), read_toml(path)))
        except InputError as error:
            faults.extend(error.faults)
    changed = deepcopy(dict(tables))
    keys: set[str] = set()
    try:
        pairs = [_pair(text) for text in sets]
        changed = set_keys(changed, pairs)
        keys = {full_key(changed, key) for key, _ in pairs}
    except InputError as error:
        faults.extend(replace(fault, file=SETTING) for fault in error.faults)
    try:
        scenario = scenario_of(changed, file)
    except InputError as error:
        faults.extend(_from_sets(error.faults, keys))
    if faults:
        raise InputError(*faults)
    own: list[Overlay] = [(file, {"catalog": scenario.catalog})] if scenario.catalog else []
    merged: dict[str, Any] = deepcopy(scenario.catalog)
    for _, overlay in read:
        inside = overlay["catalog"] if set(overlay) == {"catalog"} else overlay
        merged = _merged(merged, inside) if isinstance(inside, Mapping) else merged
    return Question(scenario.model_copy(update={"catalog": merged}), (*own, *read), file)


def tables_of(tables: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """The raw scenario tables of a file's tables: its own, or those under [scenario] of a saved plan."""
    if not is_plan(tables):
        return tables
    check_schema(tables, file)
    scenario = tables.get("scenario")
    if not isinstance(scenario, Mapping):
        raise InputError(Fault(file, "scenario", "nothing", "the table [scenario] of a saved plan"))
    return scenario


def scenario_of(tables: Any, file: str, at: str = "") -> Scenario:
    """The checked scenario of raw tables; InputError holds every fault, keys under `at`."""
    if not isinstance(tables, Mapping):
        raise InputError(Fault(file, at, "no table", "a table"))
    scenario = check(Scenario, tables, file, at)
    faults = [
        Fault(file, ".".join(filter(None, (at, "today.served_by", name))), f'"{name}"', "a segment of this scenario",
              _did_you_mean(name, scenario.segment))
        for name in scenario.today.served_by if name not in scenario.segment
    ]  # fmt: skip
    if faults:
        raise InputError(*faults)
    return scenario


def set_key(tables: Mapping[str, Any], dotted: str, text: str) -> dict[str, Any]:
    """Raw tables with one key set as a person types it: `chat.requests` or `segment.chat.requests`, `80k/day`."""
    return set_keys(tables, [(dotted, text)])


def set_keys(tables: Mapping[str, Any], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Raw tables with keys set, each marked as the user's own; `checklist.ITEM=N` answers an item.

    The same steps as in the app, hence the same scenario. InputError for keys that cannot be, all at once.
    """
    from wizard.session import Session, Step

    faults: list[Fault] = []
    steps: list[Step] = []
    for dotted, text in pairs:
        key = full_key(tables, dotted)
        fault = _answer_fault(key, text) if key.startswith("checklist.") else _key_fault(tables, dotted, key)
        if fault:
            faults.append(fault)
        elif key.startswith("checklist."):
            steps.append(Step("answer", key.removeprefix("checklist."), text.strip()))
        else:
            steps.append(Step("set", key, text))
    if faults:
        raise InputError(*faults)
    return Session("", tables, tuple(steps)).tables if steps else deepcopy(dict(tables))


def scenario_tables(scenario: Scenario) -> dict[str, Any]:
    """The scenario as tables in a fixed order, defaults left out, quantities as people write them."""
    tables: dict[str, Any] = _tidy(scenario.model_dump(exclude_defaults=True), "")
    return tables


def to_toml(scenario: Scenario) -> str:
    """The scenario as a TOML file: tables keyed by name, one value a line, the same text for the same scenario."""
    return tomli_w.dumps(scenario_tables(scenario))


def _tidy(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        keys = sorted(value) if name in _SORTED else value
        return {key: _tidy(value[key], key) for key in keys if value[key] is not None}
    if isinstance(value, list | tuple):
        return [_tidy(item, name) for item in value]
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return value


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise InputError(Fault(SETTING, "", f'"{text[:48]}"', "KEY=VALUE, such as chat.requests=80k/day"))
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(Fault(SETTING, key.strip(), short(value), "text in UTF-8"))
    if value.strip().startswith("{") and key.strip().endswith(".quality"):
        wanted = f"one value; a key of a table is set by itself, such as {key.strip()}.at_least=1450"
        raise InputError(Fault(SETTING, key.strip(), "a table", wanted))
    return key.strip(), value


def _key_fault(tables: Mapping[str, Any], dotted: str, key: str) -> Fault | None:
    head = key.partition(".")[0]
    if head in Scenario.model_fields:
        return None
    segments = tables.get("segment", {})
    names = [*segments, *Scenario.model_fields] if isinstance(segments, Mapping) else list(Scenario.model_fields)
    wanted = f"a key of the scenario, such as {next(iter(segments), 'chat')}.requests or policy.headroom"
    hint = f"did you mean {next(iter(segments), 'chat')}.{key}?" if head in Segment.model_fields else ""
    return Fault(SETTING, dotted, "an unknown key", wanted, hint or _did_you_mean(head, names))


def _answer_fault(key: str, text: str) -> Fault | None:
    from solver.checklist import item_named

    item = item_named(key.removeprefix("checklist."))
    if item is None:
        return Fault(SETTING, key, "an unknown key", "an item of the checklist, such as checklist.load")
    digits = [str(digit) for digit in sorted(item.digits)]
    return None if text.strip() in digits else Fault(SETTING, key, f'"{text}"', "one of " + ", ".join(digits))


def _from_sets(faults: Iterable[Fault], keys: set[str]) -> list[Fault]:
    """The faults, those of a key that was set named so."""
    return [
        Fault(SETTING, fault.key, fault.found, fault.wanted, fault.hint) if fault.key in keys else fault
        for fault in faults
    ]


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
