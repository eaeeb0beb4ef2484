"""One decision in the making, as a pure value: a base, the steps taken since, and where the person is.

The scenario is the fold of the steps over the base: the segments there are, then the checklist's answers, then what
the person typed, which stands above all. So the order of the steps never changes the scenario, undo is
to drop the last step, and an answers file played headless gives the same scenario as the same keys.
"""

import difflib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

from catalogs.profiles import profiles
from catalogs.toml_file import Fault, InputError, check
from solver.checklist import Item, applied, changes_of, defaults_in, item_named, keys_of
from solver.scenario import Scenario
from wizard.scenario_keys import full_key, lookup, read_value, store, value_at, value_in
from wizard.scenario_keys import reads_as as _reads_as
from wizard.segments import copy_of, free_segment_name, reshape, segment_in, shape_of

if TYPE_CHECKING:
    from catalogs.catalog import Catalog

FILE = "your answers"
YOU = "you"
DRAFT_SCHEMA = 1
"""The form of a draft; one without a number was written before drafts had one, in the same form."""


@dataclass(frozen=True)
class Step:
    """One change: a key set to a text or cleared back to its default, or an answer of the checklist."""

    kind: Literal["set", "clear", "answer"]
    key: str
    value: str = ""


@dataclass(frozen=True)
class Session:
    """A decision in the making. `base` is the tables of a profile or of a plan; it is never changed.

    `left_out` are steps of a draft of another version that cannot be taken here. After a change of profile, `before` is
    the decision as it stood, and the first `carried` steps are those that came along.
    """

    name: str
    base: Mapping[str, Any]
    history: tuple[Step, ...] = ()
    screen: str = ""
    cursor: int = 0
    left_out: tuple[Step, ...] = ()
    before: "Session | None" = None
    carried: int = 0

    @cached_property
    def tables(self) -> dict[str, Any]:
        """The raw tables of the scenario as it stands."""
        return _fold(self.base, self.history)

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario as it stands, checked once; InputError when the base itself cannot be used."""
        return check(Scenario, self.tables, FILE)

    @cached_property
    def told(self) -> dict[str, Any]:
        """The scenario's tables with every default told."""
        return self.scenario.model_dump()


def start(name: str, profile: str) -> Session:
    """A new decision from a shipped profile; InputError names the nearest profile when there is none."""
    known = profiles()
    if profile not in known:
        near = difflib.get_close_matches(profile, known, n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise InputError(Fault("--profile", "", f'"{profile}"', "one of " + ", ".join(known), hint))
    return Session(name, known[profile])


def start_like(name: str, tables: Mapping[str, Any]) -> Session:
    """A new decision like another one: its scenario's tables are the base, origins included."""
    check(Scenario, tables, FILE)
    return Session(name, deepcopy(dict(tables)))


def put(session: Session, key: str, text: str) -> Session:
    """Set a key (short form `chat.requests` too) to what was typed; `none` empties an optional key.

    Raises InputError, with what was found and what is wanted, and then nothing is changed.
    """
    if key.startswith("checklist."):
        item = key.removeprefix("checklist.")
        if not text.strip().isdecimal():
            raise InputError(Fault(FILE, key, f'"{text}"', "the number of an answer, such as 2"))
        return answer(session, item, int(text))
    key = full_key(session.tables, key)
    name = segment_in(key)
    if name and shape_of(key, text) is None and _names(session) in ((), (name,)):
        raise InputError(Fault(FILE, key, "the only segment", "another segment first: a plan has at least one"))
    if name and shape_of(key, text) is None and name not in _names(session):
        raise InputError(Fault(FILE, key, "no segment of that name", "one of " + ", ".join(_names(session))))
    return _checked(session, Step("set", key, text))


def add_segment(session: Session, like: str, name: str = "") -> Session:
    """Add a segment with the values of a profile (or of a segment of the base), under a free name near `name`."""
    segments = profiles().get(like, {}).get("segment", {})
    free = free_segment_name(name or next(iter(segments), like), _names(session))
    return put(session, f"segment.{free}", f"like {like}")


def copy_segment(session: Session, name: str) -> Session:
    """Add a segment with all that `name` has, typed values too, under the first free name."""
    puts, _ = _latest(session.history)
    free = free_segment_name(name, _names(session))
    return put(session, f"segment.{free}", str(copy_of(name, puts.items())))


def rename_segment(session: Session, name: str, to: str) -> Session:
    """Give a segment another name: a copy under it, and the old one deleted, in two steps."""
    if to in _names(session):
        raise InputError(Fault(FILE, f"segment.{name}", f'"{to}"', f"a name that is free; {to} is taken"))
    puts, _ = _latest(session.history)
    return put(put(session, f"segment.{to}", str(copy_of(name, puts.items()))), f"segment.{name}", "none")


def _names(session: Session) -> tuple[str, ...]:
    return tuple(session.tables.get("segment", {}))


def clear(session: Session, key: str) -> Session:
    """Take back what was typed for a key: the checklist's or the base's value shows again."""
    return _checked(session, Step("clear", full_key(session.tables, key)))


def answer(session: Session, item: str, digit: int) -> Session:
    """Answer an item of the checklist; another answer to it replaces this one and its changes.

    Raises InputError for an item or a digit that the checklist does not have.
    """
    known = item_named(item)
    if known is None or digit not in known.digits:
        wanted = "an item of the checklist" if known is None else f"0 to {max(known.digits)}"
        raise InputError(Fault(FILE, f"checklist.{item}", str(digit), wanted))
    return _checked(session, Step("answer", item, str(digit)))


def foreseen(session: Session, item: str, digit: int, catalog: "Catalog | None" = None) -> str:
    """One line on the model under an answer given now, with what the person typed still standing above it."""
    from solver.checklist_effects import effect

    return effect(scenario_of(answer(session, item, digit)), item, 0, catalog)


def typed_above(session: Session, item: str, digit: int) -> tuple[str, ...]:
    """Keys that an answer would set otherwise, were it not for the value that the person typed."""
    scenario = scenario_of(session)
    under = applied(scenario, item, digit)
    keys = changes_of(item, digit, tuple(scenario.segment))
    return tuple(k for k in keys if origin(session, k) == YOU and value_at(under, k) != value_at(scenario, k))


def undo(session: Session) -> Session:
    """Drop the last step, or the change of profile where that came last; without either it stays as it is."""
    if session.before is not None and len(session.history) <= session.carried:
        return replace(session.before, name=session.name)
    return replace(session, history=session.history[:-1])


def changes_left(session: Session) -> int:
    """How many changes can be undone, changes of profile among them."""
    if session.before is None:
        return len(session.history)
    return len(session.history) - session.carried + 1 + changes_left(session.before)


def at(session: Session, screen: str, cursor: int = 0) -> Session:
    """The same session on another screen or row."""
    return replace(session, screen=screen, cursor=cursor)


def scenario_of(session: Session) -> Scenario:
    """The scenario as it stands; InputError when the base itself cannot be used."""
    return session.scenario


def origin(session: Session, key: str) -> str:
    """Where a key's value comes from: `you`, `profile`, `checklist N` or another word of its source.

    The base's own words on a source (a trace, an estimate) are the profile's: `source` tells them.
    """
    text = source(session, key)
    return text if text == YOU or text.startswith(("checklist ", "imported")) else "profile"


def source(session: Session, key: str) -> str:
    """The words of the source of a key's value, empty when the scenario's own default stands."""
    return str(session.tables.get("sources", {}).get(full_key(session.tables, key), ""))


def shown(session: Session, key: str) -> str:
    """The value of a key as people write it, defaults included."""
    return value_in(session.told, full_key(session.tables, key))


def reads_as(key: str, text: str) -> str:
    """What a text is read as for a full key: `1.2k / 4k` as `1,200 / 4,000`; InputError says what is wanted."""
    return _reads_as(key, text, FILE)


def defaults_left(session: Session) -> tuple[str, ...]:
    """Keys that still stand at the profile's value, in the order of the scenario."""
    return defaults_in(scenario_of(session))


def answers_of(session: Session) -> dict[str, Any]:
    """The answers file that plays this session again: profile or base, `[set]` and `[checklist]`."""
    puts, answers = _latest(session.history)
    kept = session.base.get("segment", {})
    gone = [key for key, text in puts.items() if segment_in(key) not in ("", *kept) and shape_of(key, text) is None]
    puts = {key: text for key, text in puts.items() if key not in gone}
    return {
        **({"profile": session.base["profile"]} if session.base.get("profile") else {}),
        **({"set": puts} if puts else {}),
        **({"checklist": answers} if answers else {}),
    }


def play(answers: Mapping[str, Any], name: str = "played") -> Scenario:
    """The scenario of an answers file: `profile`, and tables `[set]` (key to text) and `[checklist]`."""
    unknown = sorted(set(answers) - {"profile", "set", "checklist", "name", "keys"})
    if unknown:
        raise InputError(Fault("answers", unknown[0], "an unknown key", "profile, set or checklist"))
    session = start(name, str(answers.get("profile", "")))
    for item, digit in answers.get("checklist", {}).items():
        session = answer(session, item, digit)
    for key, text in answers.get("set", {}).items():
        session = put(session, key, str(text))
    return scenario_of(session)


def to_draft(session: Session) -> dict[str, Any]:
    """The session as tables for a draft: where the person is, the base, and all steps."""
    return {
        "schema": DRAFT_SCHEMA,
        "draft": {"name": session.name, "screen": session.screen, "cursor": session.cursor},
        **_steps_and_base(session),
        **({"before": _befores(session)} if session.before else {}),
    }


def _steps_and_base(session: Session) -> dict[str, Any]:
    return {
        "history": [{step.kind: step.key, "value": step.value} for step in session.history],
        "base": deepcopy(dict(session.base)),
    }


def _befores(session: Session) -> list[dict[str, Any]]:
    """The decision before each change of profile, the last change first; `carried` is of the one after it."""
    told = []
    while session.before is not None:
        told.append({"carried": session.carried, **_steps_and_base(session.before)})
        session = session.before
    return told


def from_draft(tables: Mapping[str, Any], file: str = "draft") -> Session:
    """The session that `to_draft` wrote; InputError when the tables are no draft, or one of a newer version.

    A step that this version cannot take (its key has gone) is left out, and told in `left_out`.
    """
    schema = tables.get("schema", 0)
    if not isinstance(schema, int) or schema > DRAFT_SCHEMA:
        raise InputError(Fault(file, "schema", "a draft of a newer wizard", f"schema {DRAFT_SCHEMA} or older"))
    try:
        place = tables["draft"]
        steps = tuple(_step(entry) for entry in tables.get("history", []))
        session = Session(str(place["name"]), tables["base"], (), str(place["screen"]), int(place["cursor"]))
        whole = replace(session, history=steps)
        try:
            check(Scenario, whole.tables, file)
            return _with_befores(whole, tables.get("before", []))
        except UNTAKEN:
            check(Scenario, session.tables, file)
            return _as_far_as_it_goes(session, steps)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise InputError(Fault(file, "draft", f"no draft ({error})", "a draft as the wizard writes it")) from None


def _with_befores(session: Session, entries: Sequence[Mapping[str, Any]]) -> Session:
    """The session with what stood before its changes of profile, as far as that can be used here."""
    if not entries:
        return session
    try:
        steps = tuple(_step(entry) for entry in entries[0].get("history", []))
        before = Session(session.name, entries[0]["base"], steps, session.screen, session.cursor)
        check(Scenario, before.tables, "draft")
        return replace(session, before=_with_befores(before, entries[1:]), carried=int(entries[0]["carried"]))
    except UNTAKEN:
        return session


UNTAKEN = (InputError, KeyError, TypeError, ValueError, AttributeError)


def _as_far_as_it_goes(session: Session, steps: tuple[Step, ...]) -> Session:
    for step in steps:
        try:
            session = _checked(session, step)
        except UNTAKEN:
            session = replace(session, left_out=(*session.left_out, step))
    return session


def _step(entry: Mapping[str, str]) -> Step:
    kind = next(kind for kind in ("set", "clear", "answer") if kind in entry)
    return Step(cast("Literal['set', 'clear', 'answer']", kind), entry[kind], str(entry.get("value", "")))


def _checked(session: Session, step: Step) -> Session:
    changed = replace(session, history=(*session.history, step))
    check(Scenario, changed.tables, FILE)
    return changed


def figures_of(item: Item, session: Session) -> list[str]:
    """The full keys of the figures that an item of the checklist is about, segment by segment."""
    names = session.tables["segment"]
    return [key.replace("*", name) for key in item.asks for name in (names if "*" in key else ("",))]


def _latest(steps: tuple[Step, ...]) -> tuple[dict[str, str], dict[str, int]]:
    """What stands of the steps: text by key, digit by checklist item."""
    puts: dict[str, str] = {}
    answers: dict[str, int] = {}
    for step in steps:
        if step.kind == "answer":
            answers[step.key] = int(step.value)
        elif step.kind == "set":
            if segment_in(step.key):  # what was typed for a segment of that name before is of another one
                puts = {key: text for key, text in puts.items() if not key.startswith(f"{step.key}.")}
            puts[step.key] = step.value
        else:
            puts.pop(step.key, None)
    return dict(sorted(puts.items())), answers


def _fold(base: Mapping[str, Any], steps: tuple[Step, ...]) -> dict[str, Any]:
    tables = deepcopy(dict(base))
    sources: dict[str, str] = tables.setdefault("sources", {})
    checklist: dict[str, int] = tables.setdefault("checklist", {})
    puts, answers = _latest(steps)
    reshape(tables, base, {key: text for key, text in puts.items() if segment_in(key)}, YOU)
    for item, digit in answers.items():
        _release(tables, sources, item)
        checklist[item] = digit
    for item, digit in answers.items():
        known = item_named(item)
        for key, value in changes_of(item, digit, tuple(tables.get("segment", {}))).items():
            if sources.get(key) != YOU:
                store(tables, key, value)
                sources[key] = f"checklist {known.number if known else 0}"
    for key, text in puts.items():
        if segment_in(key):
            continue
        store(tables, key, read_value(key, text))
        sources[key] = YOU
    tables["sources"] = dict(sorted(sources.items()))
    return tables


def _release(tables: dict[str, Any], sources: dict[str, str], item: str) -> None:
    """Give the keys that an earlier answer in the base had set back to the profile's value."""
    known = item_named(item)
    mark = f"checklist {known.number}" if known else ""
    answered = [key for key in keys_of(item, tuple(tables.get("segment", {}))) if sources.get(key, YOU) == mark]
    profile = profiles().get(str(tables.get("profile", "")), {}) if answered else {}
    for key in answered:
        store(tables, key, lookup(profile, key))
        sources.pop(key)
        if key in profile.get("sources", {}):
            sources[key] = profile["sources"][key]
