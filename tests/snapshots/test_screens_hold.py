"""What holds on every screen: no key that is not named, no colour where none is wanted, nothing lost in between."""

import asyncio
import importlib
import pkgutil
from pathlib import Path

import pytest
from app_harness import app_of, lines_of, press, resize, sessions

import wizard.screens
from wizard.app import WizardApp
from wizard.keys import EVERYWHERE, MOVES, bindings, footer
from wizard.screens.frame import Framed
from wizard.screens.help import HelpScreen
from wizard.session import play, scenario_of


def screens() -> list[type[Framed]]:
    """Every screen of the app."""
    for module in pkgutil.iter_modules(wizard.screens.__path__):
        importlib.import_module(f"wizard.screens.{module.name}")
    found, seen = [Framed], []
    while found:
        kind = found.pop()
        found += kind.__subclasses__()
        seen += [kind] if kind.KEYS else []
    return sorted(seen, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", screens(), ids=lambda kind: kind.__name__)
def test_every_bound_key_is_named_in_the_footer_or_the_help(kind: type[Framed]) -> None:
    assert list(kind.BINDINGS) == bindings(kind.KEYS)
    for key in (*kind.KEYS, *EVERYWHERE):
        assert key.says or key.short or key in MOVES, key
        assert key.label


@pytest.mark.parametrize("kind", screens(), ids=lambda kind: kind.__name__)
def test_no_key_is_bound_twice_on_a_screen(kind: type[Framed]) -> None:
    names = [name for key in (*kind.KEYS, *EVERYWHERE) for name in key.keys.split(",") if name]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("kind", screens(), ids=lambda kind: kind.__name__)
def test_help_names_every_key_that_does_something(kind: type[Framed]) -> None:
    told = "\n".join(HelpScreen("", [*kind.KEYS, *EVERYWHERE], kind.WORDS, ()).lines)
    for key in kind.KEYS:
        if key.keys and key not in MOVES:
            assert f"  {key.label}" in told


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("kind", screens(), ids=lambda kind: kind.__name__)
def test_the_footer_fits_and_keeps_the_last_two_keys(kind: type[Framed], width: int) -> None:
    line = footer(kind.KEYS, width)
    shown = [f"{key.label} {key.short}" for key in kind.KEYS if key.short]
    assert len(line) <= width
    assert line.endswith("  ".join(shown[-2:]))


def test_with_no_color_no_cell_has_a_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    played = next(each for each in sessions() if each.no_color)
    app = app_of(played, tmp_path)
    colours: set[str] = set()

    async def go() -> None:
        async with app.run_test(size=played.size) as pilot:
            await press(pilot, played.keys)
            for strip in app.screen._compositor.render_strips():
                for segment in strip:
                    if segment.style is not None:
                        found = (segment.style.color, segment.style.bgcolor)
                        colours.update(colour.name for colour in found if colour is not None)

    asyncio.run(go())
    assert colours <= {"default"}


def test_in_a_window_too_small_no_key_acts(tmp_path: Path) -> None:
    played = next(each for each in sessions() if each.name == "quick_filled")
    app = app_of(played, tmp_path)

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["n", "1"])
            before = app.screen
            await resize(pilot, 40, 12)
            await press(pilot, ["s", "o", "q", "down", "enter"])
            assert lines_of(app)[0].startswith("needs 60x15, have 40x12")
            assert app.screen is before
            await resize(pilot, 80, 24)
            await press(pilot, [])
            assert any("> requests" in line for line in lines_of(app))

    asyncio.run(go())


def test_a_value_half_typed_survives_a_window_too_small(tmp_path: Path) -> None:
    played = next(each for each in sessions() if each.name == "quick_filled")
    app = app_of(played, tmp_path)

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["n", "1", "enter", "type 60k"])
            await resize(pilot, 40, 12)
            await press(pilot, ["type x"])
            await resize(pilot, 80, 24)
            await press(pilot, ["type /day", "enter"])
            assert any("60,000 a day" in line for line in lines_of(app))

    asyncio.run(go())


def test_back_forth_and_resume_show_the_same_as_before(tmp_path: Path) -> None:
    played = next(each for each in sessions() if each.name == "checklist_answered")

    async def go(keys: tuple[str, ...], app: WizardApp) -> list[str]:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, keys)
            return lines_of(app)

    apps = [app_of(played, tmp_path) for _ in range(3)]
    once = asyncio.run(go(played.keys, apps[0]))
    moved = asyncio.run(go(("enter", "tab", "shift+tab", "o", "8"), apps[1]))
    resumed = asyncio.run(go(("enter",), apps[2]))
    assert moved == once
    assert resumed == once
    assert all(scenario_of(app.desk.session_now) == play(played.answers) for app in apps)


def test_a_screen_is_drawn_once_as_it_opens_and_once_as_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Textual calls each class's handler of a message by itself: one that calls its parent's draws twice."""
    drawn: list[str] = []
    draw = Framed.refresh_frame

    def counted(screen: Framed) -> None:
        drawn.append(type(screen).__name__)
        draw(screen)

    monkeypatch.setattr(Framed, "refresh_frame", counted)
    app = app_of(next(each for each in sessions() if each.name == "quick_filled"), tmp_path)

    async def go() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await press(pilot, ["n", "1", "o", "q", "q", "q"])

    asyncio.run(go())
    there = ["PlansScreen", "ProfileScreen", "QuickScreen", "OutlineScreen"]
    assert drawn == [*there, *there[-2::-1]]
