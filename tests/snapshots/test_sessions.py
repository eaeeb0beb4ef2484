"""Guided sessions: each from keys alone makes a picture, a line that matters, and the scenario it says it makes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from app_harness import Played, app_of, lines_of, make_app, press, redrawn, seed, sessions
from textual.pilot import Pilot

from catalogs.profiles import profiles
from wizard.app import WizardApp
from wizard.keys import footer
from wizard.opening import Opening
from wizard.scenario_file import question_of, to_toml
from wizard.screens.frame import SMALLEST, Framed
from wizard.session import answers_of, play, scenario_of
from wizard.store import load

SESSIONS = sessions()
each_session = pytest.mark.parametrize("played", SESSIONS, ids=lambda played: played.name)
Compare = Callable[..., bool]
PICTURES = Path(__file__).parent / "__snapshots__"


def scenario_made(app: WizardApp) -> str:
    """The scenario that the keys made, as its file."""
    return to_toml(scenario_of(app.desk.session_now))


@each_session
def test_session_paints_its_picture_and_makes_its_scenario(
    played: Played, snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    if played.no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(played, Path())

    async def run(pilot: Pilot[int]) -> None:
        await press(pilot, played.keys)
        seen = lines_of(app)
        assert any(played.line in line for line in seen), "\n".join(seen)
        if played.profile:
            assert scenario_made(app) == to_toml(play(played.answers))
            assert answers_of(app.desk.session_now) == played.answers
        else:
            assert app.desk.session is None
        if played.size >= SMALLEST:
            holds(app, played, await redrawn(pilot, True))
            assert await redrawn(pilot, played.ascii) == seen

    assert snap_compare(app, run_before=run, terminal_size=played.size)


def holds(app: WizardApp, played: Played, seen: list[str]) -> None:
    """In ASCII every cell is ASCII, all is within the window, and the last row has whole keys of the screen."""
    screen = app.screen
    assert isinstance(screen, Framed)
    assert len(seen) == played.size[1]
    assert all(line.isascii() for line in seen), "\n".join(line for line in seen if not line.isascii())
    assert all(len(line) <= played.size[0] for line in seen)
    known = {f"{key.label} {key.short}" for key in screen.keys_shown() if key.short}
    assert set(seen[-1].strip().split("  ")) <= known
    assert seen[-1].rstrip() == footer(screen.keys_shown(), played.size[0])


@pytest.mark.parametrize("played", [played for played in SESSIONS if played.profile], ids=lambda played: played.name)
def test_session_played_by_flags_gives_the_same_scenario_byte_for_byte(played: Played) -> None:
    sets = [f"{key}={text}" for key, text in played.set.items()]
    sets += [f"checklist.{item}={digit}" for item, digit in played.checklist.items()]
    asked = question_of(profiles()[played.profile], "profile", sets)
    assert to_toml(asked.scenario) == to_toml(play(played.answers))


def named(name: str) -> Played:
    """The session of a name."""
    return next(played for played in SESSIONS if played.name == name)


def run(played: Played, folder: Path, size: tuple[int, int] | None = None) -> WizardApp:
    """Play a session without taking its picture."""
    app = app_of(played, folder)

    async def go() -> None:
        async with app.run_test(size=size or played.size) as pilot:
            await press(pilot, played.keys)

    asyncio.run(go())
    return app


def test_a_saved_plan_holds_the_scenario_that_the_keys_made(tmp_path: Path) -> None:
    run(named("saved"), tmp_path)
    saved = load(tmp_path / "saved_plans" / "first-plan.toml")
    assert to_toml(saved.scenario) == to_toml(play(named("saved").answers))
    assert saved.saved == "2026-11-24"
    assert saved.plan.total_per_month == 4120.0
    assert not list((tmp_path / "drafts").glob("*.toml"))


@pytest.mark.parametrize("profile", ["rag-search", ""])
def test_wizard_new_opens_where_it_is_asked_to(profile: str, tmp_path: Path) -> None:
    sets = (("rag.requests", "5k/day"),) if profile else ()
    app = make_app(tmp_path, opening=Opening("ours", profile, sets))

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, [] if profile else ["2", "enter", "type 5k/day", "enter", "escape"])
            assert any("5,000 a day" in line for line in lines_of(app))

    asyncio.run(go())
    assert app.desk.name == "ours"
    assert (tmp_path / "drafts" / "ours.toml").exists()
    assert scenario_made(app) == to_toml(play({"profile": "rag-search", "set": {"rag.requests": "5k/day"}}))


def test_wizard_new_goes_on_with_the_draft_of_that_name(tmp_path: Path) -> None:
    seed(tmp_path / "saved_plans", make_app(tmp_path).desk.shelf)
    app = make_app(tmp_path, opening=Opening("agents"))

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, [])
            assert any("agents > Four numbers" in line for line in lines_of(app))

    asyncio.run(go())
    assert scenario_of(app.desk.session_now).checklist == {"data": 3}


STATES = {
    1: "home_empty", 2: "home_plans_and_draft", 3: "profiles", 4: "quick_filled", 5: "outline_half_done",
    6: "checklist_default", 7: "checklist_effect", 8: "checklist_last", 9: "segments_added", 10: "segment_editing",
    11: "segment_wrong_input", 12: "constraints_priced", 13: "midway_the_screen_shows_the_best_plan_and_the_bound",
    14: "stopping_is_told_at_once", 15: "summary_api", 16: "summary_hybrid", 17: "summary_time_limit",
    18: "no_plan_conflict", 19: "cost", 20: "why_not_filtered", 21: "what_if_two_steps", 22: "curve_weekday",
    23: "diff_flips", 24: "help", 25: "save_taken_name", 26: "too_small", 27: "summary_wide", 28: "summary_ascii",
    29: "summary_no_color", 30: "back_and_forth",
}  # fmt: skip
"""The states that are each kept as a picture, from keys alone; the two of a solve under way are in `test_solving`."""


def test_every_state_has_its_picture_and_the_four_that_differ_in_kind() -> None:
    solving = {path.stem.removeprefix("test_") for path in PICTURES.glob("test_solving/*.svg")}
    assert {*STATES.values()} <= {played.name for played in SESSIONS} | solving
    assert [*STATES] == [*range(1, 31)]
    assert any(played.ascii for played in SESSIONS)
    assert any(played.no_color for played in SESSIONS)
    assert any(played.size < (60, 15) for played in SESSIONS)
    assert any(played.size == (120, 40) for played in SESSIONS)
