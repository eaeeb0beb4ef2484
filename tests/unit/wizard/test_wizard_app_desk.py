"""The decision under way: drafts, names, undo, profiles, saving; no screen needed."""

from datetime import date
from pathlib import Path

import pytest

from solver.plan import Baseline, CostLine, Plan
from wizard.desk import Desk
from wizard.opening import last_words
from wizard.progress import Solving, at_most_two_a_second
from wizard.screens.plan_cost import baselines
from wizard.session import Step, answer, put, scenario_of
from wizard.shelf import Shelf
from wizard.store import SavedPlan, load, save

TODAY = date(2026, 11, 24)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk over empty folders."""
    return Desk(Shelf(tmp_path / "plans", tmp_path / "drafts", tmp_path / "examples"), lambda: TODAY)


def tiny_plan() -> Plan:
    """A plan of one line."""
    line = CostLine(name="a/b input", unit="Mtok", quantity=10.0, price=2.0, per_month=20.0)
    return Plan(
        status="optimal", verdict="stay_on_api", currency="USD", total_per_month=20.0, bound_per_month=20.0, gap=0.0,
        lines=(line,), catalog_as_of="2026-11-20", seconds=0.1,
    )  # fmt: skip


def drafts(desk: Desk) -> list[str]:
    """Names of the drafts there are."""
    return sorted(session.name for session in desk.shelf.in_progress())


def test_choosing_a_profile_writes_nothing_and_the_first_answer_writes_the_draft(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    assert drafts(desk) == []
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    assert drafts(desk) == ["support-chat"]
    assert desk.saving == "draft saved"


def test_a_second_decision_of_a_profile_gets_a_name_of_its_own(desk: Desk) -> None:
    for text in ("60k/day", "70k/day"):
        desk.clear()
        desk.choose_profile("support-chat")
        desk.edit(put(desk.session_now, "chat.requests", text))
    assert drafts(desk) == ["support-chat", "support-chat-2"]


def test_undo_takes_back_one_change_and_writes_the_draft(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    before = scenario_of(desk.session_now)
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    assert desk.undo() == "Undone: requests 60k/day; 0 changes left to undo."
    assert scenario_of(desk.session_now) == before
    assert desk.shelf.in_progress()[0].history == ()
    assert desk.undo() == "Nothing to undo."


def test_another_profile_keeps_what_was_typed_and_answered(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    desk.edit(answer(desk.session_now, "data", 3))
    desk.choose_profile("rag-search")
    scenario = scenario_of(desk.session_now)
    assert str(scenario.segment["rag"].requests) == "60k/day"
    assert scenario.segment["rag"].processing_in == "eu"
    assert scenario.checklist == {"data": 3}


def test_a_change_of_profile_is_undone_like_any_other(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    before = scenario_of(desk.session_now)
    desk.choose_profile("rag-search")
    desk.edit(answer(desk.session_now, "data", 3))
    told = "Undone: Data: only within the EU, never for training; 2 changes left to undo."
    assert desk.undo() == told
    assert desk.undo() == "Undone: profile rag-search; it is support-chat again; 1 change left to undo."
    assert scenario_of(desk.session_now) == before
    assert scenario_of(desk.shelf.in_progress()[0]) == before
    assert drafts(desk) == ["support-chat"]
    assert desk.undo() == "Undone: requests 60k/day; 0 changes left to undo."


def test_changes_of_profile_are_undone_in_a_later_sitting_too(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    for profile in ("rag-search", "agents"):
        desk.choose_profile(profile)
    left = desk.session_now
    desk.clear()
    later = Desk(desk.shelf, desk.clock)
    later.resume(desk.shelf.in_progress()[0])
    assert later.session_now.tables == left.tables
    assert later.undo() == "Undone: profile agents; it is rag-search again; 2 changes left to undo."
    assert later.undo() == "Undone: profile rag-search; it is support-chat again; 1 change left to undo."
    assert later.session_now.history == (Step("set", "segment.chat.requests", "60k/day"),)
    assert later.undo() == "Undone: requests 60k/day; 0 changes left to undo."


def test_a_change_of_profile_before_the_first_answer_is_undone_without_a_draft(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    desk.choose_profile("rag-search")
    assert desk.undo() == "Undone: profile rag-search; it is support-chat again; 0 changes left to undo."
    assert desk.profile == "support-chat"
    assert drafts(desk) == []


def test_saving_drops_the_draft_and_refuses_a_taken_name(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    scenario = scenario_of(desk.session_now)
    desk.solved(tiny_plan(), scenario)
    save(tiny_plan(), scenario, "taken", desk.shelf.plans)
    assert "a new name" in desk.save_as("taken")
    assert drafts(desk) == ["support-chat"]
    assert desk.save_as("ours") == ""
    assert drafts(desk) == []
    saved = load(desk.shelf.plans / "ours.toml")
    assert (saved.saved, saved.scenario) == ("2026-11-24", scenario)


def test_a_plan_of_older_answers_is_said_to_be_so_and_its_draft_is_kept_when_saved(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    desk.solved(tiny_plan(), scenario_of(desk.session_now))
    assert desk.plan_saving == "not saved"
    desk.edit(put(desk.session_now, "chat.requests", "70k/day"))
    assert desk.plan_saving == "answers changed since"
    assert desk.save_as("older") == ""
    assert drafts(desk) == ["support-chat"]


def test_changing_an_opened_plan_starts_a_draft_and_leaves_the_plan(desk: Desk) -> None:
    desk.choose_profile("support-chat")
    scenario = scenario_of(desk.session_now)
    path = save(tiny_plan(), scenario, "ours", desk.shelf.plans)
    before = path.read_bytes()
    desk.open_saved(SavedPlan("ours", "2026-11-01", scenario, tiny_plan()), example=False)
    assert desk.plan_saving == "saved"
    desk.edit(put(desk.session_now, "chat.requests", "70k/day"))
    assert drafts(desk) == ["ours"]
    assert path.read_bytes() == before


def test_a_draft_that_cannot_be_written_is_told_in_the_first_row(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file where the folder should be")
    desk = Desk(Shelf(tmp_path / "plans", tmp_path / "drafts", tmp_path / "examples"), lambda: TODAY)
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    assert desk.saving == "! draft not saved"
    assert str(scenario_of(desk.session_now).segment["chat"].requests) == "60k/day"


def test_an_overlay_stands_in_the_scenario_under_its_catalog(tmp_path: Path) -> None:
    overlay = {"gpu_prices": {"mine": {"price_per_hour": 1.0}}}
    desk = Desk(Shelf(tmp_path / "plans", tmp_path / "drafts", tmp_path / "examples"), lambda: TODAY, overlay)
    desk.choose_profile("support-chat")
    assert scenario_of(desk.session_now).catalog == overlay
    desk.choose_profile("agents")
    assert scenario_of(desk.session_now).catalog == overlay


class Report:
    """A progress report, as the solver gives it."""

    def __init__(self, stage: str, elapsed_s: float, best: float | None = None, bound: float | None = None) -> None:
        self.stage, self.elapsed_s, self.best, self.bound, self.gap = stage, elapsed_s, best, bound, 0.1


def test_reports_pass_at_most_two_a_second_and_each_stage_at_least_once() -> None:
    passed: list[float] = []
    tell = at_most_two_a_second(lambda progress: passed.append(progress.elapsed_s))
    for place in range(17):
        tell(Report("solve", place / 16))  # type: ignore[arg-type]
    tell(Report("closed_api", 1.01))  # type: ignore[arg-type]
    tell(Report("closed_api", 1.2))  # type: ignore[arg-type]
    assert passed == [0.0, 0.5, 1.0, 1.01]
    tell(Report("open_api", 0.0))  # type: ignore[arg-type]
    assert passed[-2:] == [1.2, 0.0]  # the last of a stage is not lost


def test_a_strategys_figures_are_not_taken_for_the_plans() -> None:
    state = Solving(running=True).heard(Report("solve", 1.0, 100.0, 90.0))  # type: ignore[arg-type]
    state = state.heard(Report("self_hosted", 0.1, 500.0, 400.0))  # type: ignore[arg-type]
    assert (state.place, state.best, state.bound) == (2, 100.0, 90.0)
    assert state.baselines == (("self_hosted", 500.0),)


def test_the_last_words_name_the_open_draft_else_what_was_written_last(desk: Desk) -> None:
    assert last_words(desk) == ""
    desk.choose_profile("support-chat")
    desk.edit(put(desk.session_now, "chat.requests", "60k/day"))
    scenario = scenario_of(desk.session_now)
    assert last_words(desk) == "draft support-chat is kept; wizard opens it again, first in the list"
    desk.solved(tiny_plan(), scenario)
    desk.save_as("ours")
    save(tiny_plan(), scenario, "other", desk.shelf.plans)
    desk.open_saved(SavedPlan("other", "2026-11-01", scenario, tiny_plan()), example=False)
    path = desk.shelf.plans / "ours.toml"
    assert last_words(desk).splitlines() == [f"plan saved as {path}", f"wizard show {path} prints it again"]
    desk.edit(put(desk.session_now, "chat.requests", "70k/day"))
    assert last_words(desk).startswith("draft other is kept")
    desk.drop_draft("other")
    assert last_words(desk) == ""


def test_the_command_of_the_last_words_is_never_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WIZARD_PLANS", raising=False)
    desk = Desk(Shelf(Path("saved_plans"), tmp_path / "drafts", tmp_path / "examples"), lambda: TODAY)
    for name, lines in (("ours", 1), ("a" * 40, 2)):
        desk.choose_profile("support-chat")
        desk.solved(tiny_plan(), scenario_of(desk.session_now))
        assert desk.save_as(name) == ""
        told = last_words(desk).splitlines()
        assert len(told) == lines
        assert all(len(line) <= 80 for line in told)
        assert f"wizard show {name} prints it again" in told[-1]


def test_a_baseline_that_is_the_plan_itself_comes_last_beside_it() -> None:
    dearer = CostLine(name="c/d input", unit="Mtok", quantity=10.0, price=3.0, per_month=30.0)
    plan = tiny_plan().model_copy(
        update={
            "baselines": (
                Baseline(name="closed_api", total_per_month=20.0, lines=tiny_plan().lines),
                Baseline(name="open_api", total_per_month=30.0, lines=(dearer,)),
                Baseline(name="today", total_per_month=None),
            )
        }
    )
    assert [base.name for base in baselines(plan)] == ["open_api", "closed_api"]
