"""The sections of a decision: what each is called, how far it is, and how it is opened. The outline lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solver.checklist import ITEMS
from wizard.desk import Desk
from wizard.session import Session
from wizard.text.tables import VERDICTS

if TYPE_CHECKING:
    from wizard.app import WizardApp

State = Callable[[Desk], str]


@dataclass(frozen=True)
class Section:
    """A section by its id, its title, what it is about, and its state in a few words."""

    id: str
    title: str
    about: str
    state: State


def _profile(desk: Desk) -> str:
    return desk.profile or "another plan's scenario"


def _quick(desk: Desk) -> str:
    from wizard.screens.quick import keys_asked
    from wizard.screens.table import yours

    return yours(desk.session_now, keys_asked(desk.session_now))


def _segments(desk: Desk) -> str:
    from wizard.screens.segments import keys_of, names
    from wizard.screens.table import yours

    session, known = desk.session_now, names(desk.session_now)
    keys = [key for name in known for key in keys_of(name)]
    listed = ", ".join(known) if len(known) < 4 else f"{len(known)} segments"
    return f"{listed}; {yours(session, keys)}"


def _rules(section: str) -> State:
    def state(desk: Desk) -> str:
        from wizard.screens.rules import load_keys, rule_keys, team_keys
        from wizard.screens.table import yours

        keys = {"load": load_keys, "constraints": rule_keys, "team": team_keys}[section](desk.session_now)
        priced = len(desk.rule_costs) if section == "constraints" else 0
        return yours(desk.session_now, keys) + (f", {priced} priced" if priced else "")

    return state


def _plan(desk: Desk) -> str:
    from wizard.screens.views import ending

    if desk.plan is None:
        return "not solved yet"
    stale = ", before the last change" if desk.plan_is_old else ""
    return f"{VERDICTS[desk.plan.verdict]}, {ending(desk.plan)}{stale}"


BEFORE = (
    Section("profile", "Profile", "Another profile keeps what you typed.", _profile),
    Section("quick", "Four numbers", "Requests, tokens in and out, first token, and where the data may go.", _quick),
)
AFTER = (
    Section("segments", "Segments", "Kinds of requests, each with all its demands; add, copy, delete.", _segments),
    Section("load", "Load", "The shape of the week, growth, and how it is merged into blocks.", _rules("load")),
    Section("constraints", "Constraints", "Rules on the plan; p prices each after a solve.", _rules("constraints")),
    Section(
        "team", "Team and prices", "Who would run it, what they cost, what runs and is paid today.", _rules("team")
    ),
)
PLAN = Section("plan", "Plan", "", _plan)
SECTIONS = {section.id: section for section in (*BEFORE, *AFTER, PLAN)}


def open_section(app: "WizardApp", section: str) -> None:
    """Open a section by its id; `item N` is one of the checklist, `segment NAME` one of the segments."""
    if section.startswith("item "):
        app.open_item(int(section.removeprefix("item ")) - 1)
        return
    if section.startswith("segment "):
        from wizard.screens.segments import SegmentScreen

        app.push_screen(SegmentScreen(section.removeprefix("segment ")))
        return
    if section == "plan" and app.desk.plan is None:
        app.solve_now()
        return
    if section in ("load", "constraints", "team"):
        from wizard.screens.rules import SCREENS

        app.go_to(SCREENS[section], SCREENS[section])
        return
    opens: dict[str, Callable[[], None]] = {
        "profile": app.open_profile,
        "quick": app.open_quick,
        "segments": lambda: _open_segments(app),
        "plan": app.open_plan,
    }
    opens[section]()


def _open_segments(app: "WizardApp") -> None:
    from wizard.screens.segments import SegmentsScreen

    app.go_to(SegmentsScreen, SegmentsScreen)


def open_place(app: "WizardApp", place: str) -> None:
    """Open the screen on which a draft was left, above the one that lies under it."""
    session: Session = app.desk.session_now
    if place in (f"checklist {item.number}" for item in ITEMS):
        app.open_item(int(place.removeprefix("checklist ")) - 1)
    elif place.startswith("segment ") and place.removeprefix("segment ") in session.tables.get("segment", {}):
        open_section(app, "segments")
        open_section(app, place)
    elif place in ("segments", "load", "constraints", "team"):
        open_section(app, place)


def steps_to(session: Session) -> list[tuple[str, str]]:
    """Every place that can be gone to, by its id and its name: for the palette."""
    names = session.tables.get("segment", {})
    return [
        *((section.id, section.title) for section in (*BEFORE, *AFTER)),
        *((f"segment {name}", f"Segment {name}") for name in names if len(names) > 1),
        *((f"item {item.number}", f"Checklist {item.number}: {item.title}") for item in ITEMS),
    ]
