"""Where a sitting starts and the line that it ends with: the same for the screens and for the plain questions."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogs.profiles import profiles
from catalogs.toml_file import Fault, InputError
from wizard.desk import Desk
from wizard.scenario_file import question_of
from wizard.session import answers_of, put, start
from wizard.store import plans_folder


@dataclass(frozen=True)
class Opening:
    """Where to start: a new plan of this name, by a profile if given, with these keys set."""

    name: str
    profile: str = ""
    sets: tuple[tuple[str, str], ...] = ()


def opening_of(name: str, profile: str = "", sets: Sequence[str] = ()) -> Opening | None:
    """The opening of `wizard new NAME`; None without a name.

    Raises InputError for a profile or a `KEY=VALUE` of `sets` that cannot be used.
    """
    if not name:
        return None
    opening = Opening(name, profile, tuple(_pair(text) for text in sets))
    if profile:
        _check(opening)
    return opening


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip(), value


def _check(opening: Opening) -> None:
    session = start(opening.name, opening.profile)
    for key, text in opening.sets:
        if not key or not text:
            raise InputError(Fault("--set", key, "no value", "KEY=VALUE, such as chat.requests=80k/day"))
        session = put(session, key, text)


def read_overlays(paths: Sequence[str]) -> Mapping[str, Any]:
    """The user's overlay files as one set of catalog tables, the later file above."""
    if not paths:
        return {}
    first = next(iter(profiles().values()))
    return question_of(first, "overlay", (), paths).scenario.catalog


def last_words(desk: Desk) -> str:
    """Where the draft or plan of this run is, and what opens it again: the open draft, else what was written last.

    It is one line, or two where a command would be broken at 80 columns.
    """
    kind, name = ("draft", desk.name) if desk.drafted else desk.written
    if desk.drafted and desk.saving.startswith("!"):
        return unsaved_words(desk)
    if kind == "draft":
        return _in_80(f"draft {name} is kept", "wizard opens it again, first in the list")
    if name or desk.saved_as:
        path = desk.shelf.plans / f"{name or desk.saved_as}.toml"
        usual = desk.shelf.plans.absolute() == plans_folder().absolute()
        said = "plan saved as" if name else "plan"
        return _in_80(f"{said} {path}", f"wizard show {path.stem if usual else shlex.quote(str(path))} prints it again")
    return ""


def unsaved_words(desk: Desk) -> str:
    """Why the draft could not be written, and the answers themselves: as the command that gives them again, if any."""
    session = desk.session_now
    answers = answers_of(session)
    sets = [*answers.get("set", {}).items(), *((f"checklist.{k}", v) for k, v in answers.get("checklist", {}).items())]
    given = shlex.join(part for key, text in sets for part in ("--set", f"{key}={text}"))
    of_profile = {**session.base, "catalog": {}} == {**profiles().get(desk.profile, {}), "catalog": {}}
    command = f"wizard new {session.name} --profile {desk.profile} " if of_profile else ""
    return (
        f"wizard: draft {session.name} could not be written: {desk.unsaved_for}\n"
        f"{'this gives the same answers again' if command else 'its answers were'}:\n{command}{given}"
    )


def _in_80(said: str, hint: str) -> str:
    return f"{said}; {hint}" if len(said) + len(hint) + 2 <= 80 else f"{said}\n{hint}"
