"""Editing by keys: every answer does something, drafts go on where they were left, undo goes all the way back."""

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from app_harness import Played, app_of, hit, lines_of, make_app, press, sessions, until
from made_figures import made_figures
from recorded_plan import recorded_plan
from textual.pilot import Pilot

from catalogs.catalog import load_catalog
from solver.checklist import ITEMS, Item, checklist_items
from solver.explanation.reasons import RulePrice
from solver.plan import Plan
from solver.scenario import Scenario
from wizard.app import WizardApp
from wizard.keys import EVERYWHERE, MOVES, OFF, PALETTE
from wizard.screens.frame import Framed
from wizard.screens.palette import PaletteScreen, deeds_of
from wizard.screens.sections import open_section
from wizard.session import foreseen, scenario_of

SECTIONS = {"segments": ["c"], "load": ["space"], "constraints": ["down", "down", "space"], "team": ["space"]}
"""Each section, and keys that change something there."""


def keys_to(section: str) -> list[str]:
    """A section of a new plan, opened as the outline opens it."""
    return ["n", "1", f"@{section}"]


def play(app: WizardApp, keys: list[str], size: tuple[int, int] = (80, 24)) -> list[str]:
    """Press keys and return what is seen."""

    async def go() -> list[str]:
        async with app.run_test(size=size) as pilot:
            for key in keys:
                if key.startswith("@"):
                    open_section(app, key[1:])
                await press(pilot, [] if key.startswith("@") else [key])
            return lines_of(app)

    return asyncio.run(go())


def test_every_answer_changes_the_scenario_or_the_advice_and_tells_effect_and_lean(tmp_path: Path) -> None:
    """All nine items in one sitting: no key belongs to two of them, so what went before changes nothing."""
    app = make_app(tmp_path, catalog=made_figures)

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["n", "1", "o", "1"])
            for item in ITEMS:
                await press(pilot, [] if item is ITEMS[0] else ["tab"])
                assert f"Checklist {item.number}/9" in lines_of(app)[0]
                await answers_of_item_do_something(app, pilot, item)

    asyncio.run(go())


async def answers_of_item_do_something(app: WizardApp, pilot: Pilot[int], item: Item) -> None:
    """Each answer differs from all others, and from none; the figures that the item asks stand under them."""
    bare = scenario_of(app.desk.session_now)
    seen = set()
    for digit in item.digits:
        await press(pilot, [str(digit)])
        scenario = scenario_of(app.desk.session_now)
        advice = [each for each in checklist_items(scenario) if each.item == item.id]
        did = scenario.model_copy(update={"checklist": {}, "sources": {}}), advice
        assert did[0] != bare.model_copy(update={"checklist": {}, "sources": {}}) or advice
        seen.add(repr(did))
        shown = lines_of(app)
        effect = next(line for line in shown if line.startswith(" Effect"))
        assert "working" not in effect
        assert len(effect.split()) > 2
        assert any(line.startswith(" Leans   ") for line in shown)
        assert any(line.startswith(" Advice  ") for line in shown)
    assert len(seen) == len(item.digits)
    assert isinstance(app.screen, Framed)
    rows = [row.key for row in app.screen.listing.rows]
    assert rows[len(item.digits) :] == [key.replace("*", "chat") for key in item.asks]
    assert item.asks


def test_effects_are_worked_out_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[bool] = []

    def watched(*given: object) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return foreseen(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("wizard.screens.checklist.foreseen", watched)
    seen = play(make_app(tmp_path, catalog=made_figures), ["n", "1", "o", "8", "3", "down", "up"])
    assert threads
    assert not any(threads)
    assert any("within EU, no training; 1 of 3 API suppliers left" in line for line in seen)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_draft_goes_on_in_the_section_where_it_was_left(section: str, tmp_path: Path) -> None:
    before = play(make_app(tmp_path, catalog=made_figures), [*keys_to(section), *SECTIONS[section]])
    after = play(make_app(tmp_path, catalog=made_figures), ["enter"])
    assert before[0] == after[0]
    assert section == "segments" or before[1:20] == after[1:20]


def test_a_draft_goes_on_in_the_segment_where_it_was_left(tmp_path: Path) -> None:
    play(make_app(tmp_path), [*keys_to("segments"), "a", "4", "down", "enter", "type 30%", "enter"])
    seen = play(make_app(tmp_path), ["enter"])
    assert "Segments > tagging (2 of 2)" in seen[0]
    assert any("> growth in a year" in line for line in seen)
    assert "Segments" in play(make_app(tmp_path), ["enter", "escape"])[0]


def test_undo_goes_all_the_way_back_also_in_a_later_sitting(tmp_path: Path) -> None:
    first = make_app(tmp_path)
    play(first, [*keys_to("segments"), "c", "enter", "enter", "type 5k/day", "enter", "escape", "D"])
    again = make_app(tmp_path)

    async def go() -> None:
        async with again.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["enter"])
            assert len(again.desk.session_now.history) == 3
            await press(pilot, ["u", "u", "u"])
            assert scenario_of(again.desk.session_now) == scenario_of(first.desk.session_now).model_validate(
                {**dict(again.desk.session_now.base)}
            )
            await press(pilot, ["u"])
            assert any("Nothing to undo." in line for line in lines_of(again))

    asyncio.run(go())


def test_what_the_plan_tells_of_its_rules_stands_in_the_last_column_until_p_solves_anew(tmp_path: Path) -> None:
    told = (
        RulePrice(requirement="policy.max_pool_designs", asked="3", without="none", per_month=0.0, proven=True,
                  why="one pool is used"),
        RulePrice(requirement="policy.headroom", asked="50%", without="0%", per_month=120.0, proven=False),
    )  # fmt: skip
    app = make_app(tmp_path, recorded_plan().model_copy(update={"requirements": told}))
    seen = play(app, ["n", "1", "s", "@constraints", *["down"] * 7])
    assert any("> pool designs" in line and "does not bind" in line for line in seen)
    assert any("headroom above" in line and ">= 120" in line for line in seen)
    assert seen[-2].strip() == "one pool is used"
    assert any("budget" in line and line.rstrip().endswith("-") for line in seen)


def test_a_prices_every_rule_as_it_comes_until_a_stops_it(tmp_path: Path) -> None:
    """The first solve is the plan's, the next the first rule's; the one after waits until it is stopped."""
    asked: list[Scenario] = []

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event) -> Plan:
        asked.append(scenario)
        assert len(asked) < 3 or stop.wait(20)
        return recorded_plan()

    app = make_app(tmp_path, solve=solve)

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["n", "1", "s"])
            open_section(app, "constraints")
            await hit(pilot, "a", "down")
            await until(pilot, lambda: len(asked) == 3)
            seen = lines_of(app)
            assert [sum(line.rstrip().endswith(end) for line in seen) for end in ("does not bind", "solving")] == [1, 1]
            assert f"{len(app.to_price)} rules are being priced" in "\n".join(seen)
            await hit(pilot, "a")
            await press(pilot, [])
            assert app.to_price == []
            assert "Stopped: the rest is not priced." in lines_of(app)[-2]

    asyncio.run(go())
    assert len(app.desk.rule_costs) == 1


def test_space_turns_a_rule_off_and_on_again_with_its_value(tmp_path: Path) -> None:
    keys = [*keys_to("constraints"), "slash", "type pool designs", "enter"]
    app = make_app(tmp_path)
    off = play(app, [*keys, "space"])
    assert scenario_of(app.desk.session_now).policy.max_pool_designs is None
    assert any("pool designs, at most  none" in line for line in off)
    again = make_app(tmp_path / "again")
    play(again, [*keys, "enter", "type 5", "enter", "space", "space"])
    assert scenario_of(again.desk.session_now).policy.max_pool_designs == 5
    assert again.desk.session_now.history[-1].value == "5"


def test_an_empty_line_and_capital_d_give_a_value_back_to_the_profile(tmp_path: Path) -> None:
    typed = [*keys_to("load"), "down", "enter", "type 12", "enter"]
    for back in (["enter", "type  ", "enter"], ["D"]):
        app = make_app(tmp_path / str(len(back)))
        seen = play(app, [*typed, *back])
        assert scenario_of(app.desk.session_now).blocks == 24
        assert any("> load blocks" in line and "profile" in line for line in seen)
    seen = play(make_app(tmp_path / "nothing"), [*keys_to("load"), "D"])
    assert any("Nothing here is typed by you" in line for line in seen)


def test_a_load_shape_that_is_not_in_the_catalog_stays_in_the_line(tmp_path: Path) -> None:
    app = make_app(tmp_path, catalog=made_figures)
    seen = play(app, [*keys_to("load"), "enter", "type weekly", "enter"])
    assert any("one of azure2024_conversation, bursts, flat" in line for line in seen)
    assert app.desk.session_now.history == ()


def test_tab_goes_round_the_sections_and_the_segments(tmp_path: Path) -> None:
    app = make_app(tmp_path)

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["n", "1"])
            open_section(app, "load")
            for title in ("Load", "Constraints", "Team and prices", "Load"):
                await press(pilot, [])
                assert lines_of(app)[0].split(">")[-1].strip() == title
                await press(pilot, ["tab"])
            open_section(app, "segments")
            await press(pilot, ["a", "4", "down", "down", "tab"])
            assert "chat (1 of 2)" in lines_of(app)[0]
            assert any("> input tokens" in line for line in lines_of(app))

    asyncio.run(go())


def test_a_key_that_is_off_says_why(tmp_path: Path) -> None:
    app = make_app(tmp_path)

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, ["n", "1"])
            for keys in ([], ["o"], ["1"], ["escape", "question_mark"]):
                await press(pilot, keys)
                assert isinstance(app.screen, Framed)
                screen: Framed = app.screen
                bound = {name for each in (*screen.KEYS, *EVERYWHERE) for name in each.keys.split(",")}
                for key in {*OFF, "x", "f5"} - bound:
                    screen.explain()
                    await hit(pilot, key)
                    assert app.screen == screen
                    assert screen.note
                    assert lines_of(app)[-2].strip() == screen.note

    asyncio.run(go())


NAMED = ("checklist_answered", "segment_editing", "constraints", "summary_api", "home_empty")
LATER = [played for played in sessions() if played.name in NAMED]


@pytest.mark.parametrize("played", LATER, ids=lambda played: played.name)
def test_the_palette_names_every_action_of_the_screen_and_every_place(played: Played, tmp_path: Path) -> None:
    app = app_of(played, tmp_path)

    async def go() -> None:
        async with app.run_test(size=played.size) as pilot:
            await press(pilot, played.keys)
            screen = app.screen
            assert isinstance(screen, Framed)
            await press(pilot, ["ctrl+p"])
            if screen.EDIT_LABEL and screen.edit_line.editing:
                assert app.screen is screen
                assert "ctrl+p waits" in lines_of(app)[-2]
                return
            assert isinstance(app.screen, PaletteScreen)
            names = " | ".join(deed.name for deed in deeds_of(app, screen))
            for key in (*screen.KEYS, *EVERYWHERE):
                says = key.says
                if "#" in key.action:
                    digit = next(name for name in key.keys.split(",") if screen.numbered(name))
                    says = says.replace(" so numbered", f" {digit}: {screen.numbered(digit)}")
                assert not (key.keys and key.says) or key in MOVES or key is PALETTE or says in names
            if app.desk.session is not None:
                assert all(f"Checklist {item.number}: {item.title}" in names for item in ITEMS)
            await press(pilot, ["escape"])
            assert app.screen is screen

    asyncio.run(go())


def test_the_palette_does_what_the_key_would_do(tmp_path: Path) -> None:
    by_key, by_name = make_app(tmp_path / "key"), make_app(tmp_path / "name")
    there = [*keys_to("constraints"), *["down"] * 7]
    one = play(by_key, [*there, "space"])
    other = play(by_name, [*there, "ctrl+p", "type turn it off", "enter"])
    assert one == other
    assert scenario_of(by_key.desk.session_now) == scenario_of(by_name.desk.session_now)


def test_a_digit_of_the_palette_answers_an_item(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    play(app, ["n", "1", "o", "8", "ctrl+p", "type the answer 3", "enter"])
    assert scenario_of(app.desk.session_now).checklist == {"data": 3}


def test_the_palette_names_what_a_digit_stands_for_and_leaves_out_one_that_stands_for_nothing(tmp_path: Path) -> None:
    seen = play(make_app(tmp_path), ["n", "1", "s", "ctrl+p", "type open tab"])
    assert [line.split("  ")[1] for line in seen if "tab 3" in line] == [" open the tab 3: Why not"]
    seen = play(make_app(tmp_path), ["n", "1", "o", "2", "ctrl+p", "type the answer"])
    answers = [match[1] for line in seen if (match := re.search(r"(the answer \d: .*?)  ", line))]
    assert answers == [f"the answer {digit}: {ITEMS[1].answer(digit).text}" for digit in sorted(ITEMS[1].digits)]


def test_a_figure_of_an_item_that_is_the_catalogs_is_told_and_not_called_none(tmp_path: Path) -> None:
    seen = "\n".join(play(make_app(tmp_path, catalog=load_catalog), ["n", "1", "o", "3"]))
    assert re.search(r"an engineer costs +[\d.]+k USD a year est", seen)
    assert re.search(r"engineers to run it +[\d.]+ engineers est", seen)


def test_enter_may_be_typed_ahead_in_the_palette(tmp_path: Path) -> None:
    seen = play(make_app(tmp_path), ["n", "1", "ctrl+p", "type to: load", "enter"])
    assert seen[0].strip().startswith("wizard  support-chat > Load")
