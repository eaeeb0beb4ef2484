"""The plan's screens: the quick path's keys, what becomes an answer, what is written."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from app_harness import TODAY, hit, lines_of, make_app, press, seed, until
from made_figures import made_figures
from recorded_explorer import POOL, RecordedExplorer
from recorded_plan import hybrid_plan, recorded_plan
from textual.pilot import Pilot

import wizard.answering
from solver.explanation.flip_records import Flips
from solver.explanation.quick import Answer
from solver.plan import Plan, PriceUsed
from solver.scenario import Scenario
from wizard.app import WizardApp
from wizard.cli import main
from wizard.screens.checks import check_of, due
from wizard.screens.diff import DiffScreen
from wizard.screens.plan import PlanScreen
from wizard.session import scenario_of, start
from wizard.store import SavedPlan, load, save
from wizard.what_if import WhatIf, read_move

MOST_KEYS = 15
AS_OF = recorded_plan().catalog_as_of


def played(app: WizardApp, play: Callable[[Pilot[int]], Coroutine[Any, Any, None]]) -> None:
    """Run the app under a pilot."""

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await play(pilot)

    asyncio.run(go())


def test_from_n_to_a_saved_plan_takes_at_most_fifteen_keys_with_a_number_typed(tmp_path: Path) -> None:
    """Every press counts, each letter too: new, profile, the volume, solve, save, its name accepted."""
    keys = ["n", "1", "enter", *"60k/day", "enter", "escape", "s", "w", "enter"]
    app = make_app(tmp_path, explore=RecordedExplorer)

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["slash" if key == "/" else key for key in keys])

    played(app, play)
    assert len(keys) <= MOST_KEYS
    saved = load(tmp_path / "saved_plans" / "support-chat.toml")
    assert saved.scenario.segment["chat"].requests.per_month == pytest.approx(60_000 * 365 / 12, rel=1e-3)


def test_with_every_default_it_takes_five_and_w_adds_what_flips_it_once_that_is_known(tmp_path: Path) -> None:
    app = make_app(tmp_path, explore=RecordedExplorer, catalog=made_figures)
    path = tmp_path / "saved_plans" / "support-chat.toml"

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["n", "1", "s", "w", "enter"])
        first = load(path)
        assert first.plan.flips is None
        await press(pilot, ["4"])
        assert any("w saves the flips too" in line for line in lines_of(app))
        path.write_text(path.read_text(encoding="utf-8").replace(AS_OF, "2026-11-19"))
        await press(pilot, ["w"])
        assert any("support-chat.toml: another plan by now" in line for line in lines_of(app))
        path.write_text(path.read_text(encoding="utf-8").replace("2026-11-19", AS_OF))
        await press(pilot, ["w"])
        second = load(path)
        assert second.plan.model_copy(update={"flips": None}) == first.plan
        assert second.plan.flips is not None
        assert [(flip.lever, flip.by) for flip in second.plan.flips.flips] == [
            ("gpu_price", 0.4), ("requests", 5.1), ("salary", None), ("quality", None),
        ]  # fmt: skip
        assert [*second.plan.flips.still] == ["exchange_rate"]
        assert not any("w saves the flips too" in line for line in lines_of(app))
        await press(pilot, ["w"])
        assert any("Saved already" in line for line in lines_of(app))
        assert load(path) == second

    played(app, play)


def test_what_flips_a_saved_plan_is_not_looked_for_again_on_the_same_catalog(tmp_path: Path) -> None:
    asked: list[str] = []
    texts: list[str] = []

    class Counting(RecordedExplorer):
        def flips(self, lever: str, stop: threading.Event | None = None) -> Flips:
            asked.append(lever)
            found = super().flips(lever, stop)
            cut = tuple(each.model_copy(update={"cut": True}) for each in found.flips)
            return found.model_copy(update={"flips": cut, "cut": True}) if lever == "quality" else found

    def opened(keys: list[str]) -> WhatIf:
        app, seen = make_app(tmp_path, explore=Counting, catalog=made_figures), []
        asked.clear()

        async def play(pilot: Pilot[int]) -> None:
            await press(pilot, keys)
            assert isinstance(app.screen, PlanScreen)
            seen.append(app.screen.work.what_if)
            texts[:] = lines_of(app)

        played(app, play)
        return seen[0]

    first = opened(["n", "1", "s", "4", "w", "enter"])
    assert {"requests", "quality"} < {*asked}
    again = opened(["enter", "4"])
    assert asked == ["quality"]  # time had cut it short
    assert any("(saved with" in line for line in texts)
    assert [(name, flip.by) for name, of in sorted(again.flips.items()) for flip in of] == [
        (name, flip.by) for name, of in sorted(first.flips.items()) for flip in of
    ]
    assert again.saved == {*again.flips} - {"quality"}
    path = tmp_path / "saved_plans" / "support-chat.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(AS_OF, "2026-11-19"))  # of another catalog
    opened(["enter", "4"])
    assert "requests" in asked
    assert not any("(saved with" in line for line in texts)


def test_m_twice_makes_the_option_a_rule_of_the_scenario(tmp_path: Path) -> None:
    app = make_app(tmp_path, explore=RecordedExplorer)
    played(app, lambda pilot: press(pilot, ["n", "1", "s", "3", "down", "down", "m", "m"]))
    assert scenario_of(app.desk.session_now).policy.must_use == (POOL,)
    assert app.desk.answered is not None
    assert app.desk.answered.policy.must_use == (POOL,)


def test_p_makes_the_moves_answers_and_tells_what_is_the_markets(tmp_path: Path) -> None:
    app = make_app(tmp_path, explore=RecordedExplorer, catalog=made_figures)
    before = scenario_of(start("x", "support-chat")).segment["chat"].requests.per_month

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["n", "1", "s", "4", "right", "p"])
        assert any("of the market, not of your answers" in line for line in lines_of(app))
        await press(pilot, ["u", "down", "enter", "type x 2", "enter", "p"])
        assert isinstance(app.screen, PlanScreen)
        await press(pilot, ["4", "w", "enter"])
        assert load(tmp_path / "saved_plans" / "support-chat.toml").plan.flips is not None

    played(app, play)
    after = scenario_of(app.desk.session_now).segment["chat"].requests.per_month
    assert after == pytest.approx(2 * before, rel=1e-3)


def test_a_move_tells_at_once_what_the_plans_options_cost_and_no_figure_of_a_move_before(tmp_path: Path) -> None:
    release, asked = threading.Event(), threading.Event()

    class Slow(RecordedExplorer):
        def answer(self, moves: Any, start: Any = (), stop: Any = None) -> Answer:
            if asked.is_set():
                assert release.wait(20)
            return super().answer(moves, start, stop)

    app = make_app(tmp_path, explore=Slow)

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["n", "1", "s", "4", "down"])
        asked.set()
        await hit(pilot, "right", "right")
        assert isinstance(app.screen, PlanScreen)
        state = app.screen.work.what_if
        by_hand = "requests x 1.25: 5,082 with this plan's options; solving for better"  # 270 + 3,850 x 1.25
        await until(pilot, lambda: any(by_hand in line for line in lines_of(app)))
        assert any(re.search(r"same options +5,082", line) for line in lines_of(app))
        await hit(pilot, "u", "u", "down", "down", "right")
        cannot = "quality floor +1: this plan's options cannot serve it; solving for others"
        await until(pilot, lambda: any(cannot in line for line in lines_of(app)))
        assert any(re.search(r"other options +-", line) for line in lines_of(app))
        await hit(pilot, "u", "up", "up", "right", "right")
        release.set()
        await press(pilot, [])
        assert any("requests x 1.25: stay on the API" in line for line in lines_of(app))
        assert {*state.answers} == {(), (("requests", 1.25),)}  # the one of x 1.1 was stopped and is not kept

    played(app, play)


def test_a_plan_put_away_comes_back_as_it_was(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    seed(tmp_path / "saved_plans")
    path = tmp_path / "saved_plans" / "rag-eu.toml"
    text = path.read_text(encoding="utf-8")

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["D"])
        assert not path.exists()
        await press(pilot, ["u"])

    played(app, play)
    assert path.read_text(encoding="utf-8") == text


def test_x_writes_the_plan_as_text(tmp_path: Path) -> None:
    seed(tmp_path / "saved_plans")
    played(make_app(tmp_path), lambda pilot: press(pilot, ["down", "x"]))
    assert "4,120.00" in (tmp_path / "saved_plans" / "support-bot.txt").read_text(encoding="utf-8")


def test_a_recheck_is_kept_only_when_asked(tmp_path: Path) -> None:
    seed(tmp_path / "saved_plans")
    cheaper = recorded_plan().model_copy(update={"lines": recorded_plan().lines[1:], "total_per_month": 1_960.0})
    app = make_app(tmp_path, cheaper)
    path = tmp_path / "saved_plans" / "support-bot.toml"

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, ["down", "r"])
        assert isinstance(app.screen, DiffScreen)
        assert any("4,120 -> 1,960" in line and "-2,160" in line for line in lines_of(app))
        assert load(path).saved == "2026-08-30"
        await press(pilot, ["w"])

    played(app, play)
    assert (load(path).saved, load(path).plan.total_per_month) == (TODAY.isoformat(), 1_960.0)


def test_a_diff_across_catalogs_splits_the_money_so_that_it_adds_up(tmp_path: Path) -> None:
    """Old 4,120; solved again with its day's prices 4,100, with the new ones 3,800; new 3,950: -20, -300, +150."""
    old = SavedPlan("a", "2026-08-30", scenario_of(start("a", "rag-search")), recorded_plan())
    new_plan = recorded_plan().model_copy(update={"total_per_month": 3_950.0, "catalog_as_of": "2026-12-01"})
    new = SavedPlan("b", "2026-11-20", scenario_of(start("b", "support-chat")), new_plan)

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event, as_of: str | None = None) -> Plan:
        assert scenario == old.scenario
        return recorded_plan().model_copy(update={"total_per_month": {"2026-11-20": 4_100.0}.get(str(as_of), 3_800.0)})

    app = make_app(tmp_path, solve=solve)

    async def play(pilot: Pilot[int]) -> None:
        await press(pilot, [])
        app.push_screen(DiffScreen(old, new))
        await press(pilot, [])
        seen = "\n".join(lines_of(app))
        assert "by prices         -300" in seen
        assert "by you            +150" in seen
        assert "by the model       -20" in seen

    played(app, play)


def test_the_command_tells_the_parts_and_the_flips_that_the_screen_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """4,120, solved again 4,100, then 3,800, new 1,960; the requests flip at 3.9 in August and at 5.1 now."""
    scenarios = [scenario_of(start(name, name)) for name in ("rag-search", "support-chat")]
    older = recorded_plan().model_copy(update={"catalog_as_of": "2026-08-28"})
    newer = recorded_plan().model_copy(
        update={"lines": recorded_plan().lines[1:], "total_per_month": 1_960.0, "catalog_as_of": "2026-12-01"}
    )
    save(older, scenarios[0], "a", tmp_path, "2026-08-30")
    save(newer, scenarios[1], "b", tmp_path, "2026-12-02")

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event, as_of: str | None = None) -> Plan:
        assert scenario == scenarios[0]
        return recorded_plan().model_copy(update={"total_per_month": {"2026-08-28": 4_100.0}.get(str(as_of), 3_800.0)})

    monkeypatch.setattr(wizard.answering, "solve", solve)
    monkeypatch.setattr(wizard.answering, "explore", RecordedExplorer)
    asked = ["diff", "a", "b", "--plans", str(tmp_path)]
    assert main(asked) == 0
    assert "--split solves the old answers again" in capsys.readouterr().out
    assert main([*asked, "--split", "--flips"]) == 0
    told = capsys.readouterr().out
    for part, amount in (("by prices", "-300"), ("by you", "-1,840"), ("by the model", "-20")):
        assert re.search(rf"^  {part} +{amount} ", told, re.MULTILINE)
    assert re.search(r"~ requests +x 3\.9 -> x 5\.1 +further away", told)
    assert "1 lever flips where it did. 2 levers flip neither plan." in told
    assert main([*asked, "--split", "--flips", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(found["split"][part] for part in ("by_prices", "by_you", "by_model")) == found["difference"] == -2_160.0
    assert [each["lever"] for each in found["flips"] if each["way"] != "same"] == ["requests"]


def test_due_is_a_quarter_old() -> None:
    saved = SavedPlan("a", "2026-08-25", scenario_of(start("a", "rag-search")), hybrid_plan())
    assert due(saved, date(2026, 11, 24))
    assert not due(saved, date(2026, 11, 23))


def test_a_plan_with_tables_or_a_currency_of_its_own_is_held_against_a_catalog_like_its_own() -> None:
    """In euro the offer costs 0.9, not 1.0: a plan in euro that paid 0.9 is ok, and one that paid 0.8 is not."""
    offer, figures = "provider-a/small@eu input", made_figures()
    cheaper = figures.api_offers[0].model_copy(update={"input_per_mtok": 0.9})
    in_euro = replace(figures, currency="EUR", api_offers=(cheaper,))

    def of(paid: float) -> SavedPlan:
        used = PriceUsed(value=paid, unit="EUR/Mtok", date="2026-11-02", source="list")
        plan = recorded_plan().model_copy(update={"currency": "EUR", "prices": {offer: used}})
        return SavedPlan("a", TODAY.isoformat(), scenario_of(start("a", "rag-search")), plan)

    assert check_of(of(0.9), TODAY, figures, lambda _: in_euro).word == "ok"
    moved = check_of(of(0.8), TODAY, figures, lambda _: in_euro)
    assert (moved.word, moved.why) == ("! price", f"moved: {offer}")
    assert "not compared" in check_of(of(0.8), TODAY, figures).why


@pytest.mark.parametrize(("text", "by"), [("x 2", 2.0), ("0.5x", 0.5), ("+30%", 1.3), ("-20%", 0.8), ("3", 3.0)])
def test_a_move_is_read_as_people_write_it(text: str, by: float) -> None:
    lever = RecordedExplorer(scenario_of(start("a", "rag-search"))).levers()[1]
    assert read_move(lever, text) == pytest.approx(by)


@pytest.mark.parametrize("text", ["", "two", "x 1000", "-200%", "60k/day"])
def test_a_move_that_cannot_be_read_or_is_too_far_is_refused(text: str) -> None:
    lever = RecordedExplorer(scenario_of(start("a", "rag-search"))).levers()[1]
    with pytest.raises(ValueError, match=r"factor|from"):
        read_move(lever, text)


def test_undo_goes_back_move_by_move_and_steps_stay_in_bounds() -> None:
    state = WhatIf(levers=RecordedExplorer(scenario_of(start("a", "rag-search"))).levers())
    quality = state.levers[3]
    assert state.step(quality, -1) == ""
    assert "goes from -1 to +2" in state.step(quality, -1)
    assert state.step(quality, 1) == ""
    assert state.moves == {}
    assert state.undo()
    assert state.moves == {"quality": -1.0}
    assert state.undo()
    assert not state.undo()
