"""The decision checklist: nine answers become changes of the scenario, leans and advice. The leans never decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from solver.checklist_items import ITEMS, Answer, Item, Lean
from solver.plan import ChecklistItem
from solver.scenario import Scenario

__all__ = ["ITEMS", "Answer", "Item", "Lean"]


def item_named(name: str) -> Item | None:
    """The item of an id, such as `load`, or None."""
    return next((item for item in ITEMS if item.id == name), None)


def keys_of(name: str, segments: Sequence[str]) -> tuple[str, ...]:
    """All full keys that some answer to an item changes, with `*` filled in for each segment."""
    item = _known(name)
    patterns = {pattern: None for answer in item.answers for pattern in answer.changes}
    return tuple(key for pattern in patterns for key in _filled(pattern, segments))


def changes_of(name: str, digit: int, segments: Sequence[str]) -> dict[str, Any]:
    """What an answer changes: full key to TOML value, None where the key goes.

    Raises KeyError for an item or a digit that the checklist does not have.
    """
    answer = _known(name).answer(digit)
    return {key: value for pattern, value in answer.changes.items() for key in _filled(pattern, segments)}


def applied(scenario: Scenario, name: str, digit: int) -> Scenario:
    """The scenario with the changes of one answer and nothing else: a look ahead, in which no source is noted.

    Raises KeyError for an item or a digit that the checklist does not have.
    """
    tables = scenario.model_dump(exclude_defaults=True)
    for key, value in changes_of(name, digit, tuple(scenario.segment)).items():
        *path, last = key.split(".")
        place = tables
        for part in path:
            place = place.setdefault(part, {})
        place.pop(last, None)
        if value is not None:
            place[last] = value
    return Scenario.model_validate(tables)


def implied(scenario: Scenario, name: str) -> int | None:
    """The answer that a scenario already holds without having been asked: the only one that changes nothing."""
    item = _known(name)
    still = [
        digit
        for digit in item.digits
        if digit and item.answer(digit).changes and applied(scenario, name, digit) == scenario
    ]
    return still[0] if len(still) == 1 else None


def item_of(key: str) -> Item | None:
    """The item that a full key belongs to: the one whose answers change it, else the one that asks for it."""
    parts = key.split(".")
    pattern = ".".join(["segment", "*", *parts[2:]]) if parts[0] == "segment" else key
    changed = (item for item in ITEMS if any(pattern in answer.changes for answer in item.answers))
    asked = (item for item in ITEMS if pattern in item.asks)
    return next(changed, None) or next(asked, None)


def tally(answers: Mapping[str, int]) -> dict[Lean, int]:
    """How many of the answers lean to the API, to self-hosting, or neither way."""
    leans = [_known(name).answer(digit).lean for name, digit in answers.items()]
    kinds: tuple[Lean, ...] = ("api", "self_host", "neutral")
    return {kind: leans.count(kind) for kind in kinds}


def checklist_items(scenario: Scenario) -> tuple[ChecklistItem, ...]:
    """The answers of a scenario in the order of the checklist, each with its lean and its advice."""
    given = [(item, item.answer(scenario.checklist[item.id])) for item in ITEMS if item.id in scenario.checklist]
    return tuple(
        ChecklistItem(item=item.id, answer=answer.text, lean=answer.lean, advice=answer.advice)
        for item, answer in given
    )


def defaults_in(scenario: Scenario) -> tuple[str, ...]:
    """Full keys that nobody has confirmed: their source is neither the person, the checklist nor an import."""
    confirmed = ("you", "checklist ", "imported")
    return tuple(key for key, source in scenario.sources.items() if not source.startswith(confirmed))


def doubts_of(scenario: Scenario) -> tuple[str, ...]:
    """One doubt for all values of a segment or of the plan that nobody confirmed, one for each "don't know"."""
    left = [key for key in defaults_in(scenario) if key.startswith("segment.") or key == "load"]
    doubts = []
    if left:
        words = dict.fromkeys(key.split(".")[-1].replace("_", " ") for key in left)
        are = "value is a default" if len(left) == 1 else "values are defaults"
        doubts.append(f"{len(left)} {are} of the profile: {', '.join(words)}.")
    unsure = [item for item in ITEMS if scenario.checklist.get(item.id) == 0]
    doubts += [f"{item.title} is not known (checklist {item.number}): {item.unknown_advice}" for item in unsure]
    return tuple(doubts)


def _known(name: str) -> Item:
    item = item_named(name)
    if item is None:
        raise KeyError(f"the checklist has no item {name}")
    return item


def _filled(pattern: str, segments: Sequence[str]) -> list[str]:
    return [pattern.replace("*", segment, 1) for segment in segments] if "*" in pattern else [pattern]
