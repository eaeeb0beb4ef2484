"""Plans and drafts on disk: what is saved is what is read, whole or not at all."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from made_plans import API, no_plan, plan, scenario

from catalogs.toml_file import InputError
from solver.plan import Plan, rounded
from solver.refusals import Rule
from wizard import store
from wizard.store import SavedPlan, as_saved, from_tables, list_plans, load, save, to_toml, write_whole


def saved(made: Plan, name: str = "support-bot") -> SavedPlan:
    return SavedPlan(name, "2026-11-24", scenario(), made)


@pytest.mark.parametrize("made", [plan(), no_plan(), plan(status="time_limit", gap=0.031)], ids=lambda p: p.status)
def test_a_saved_plan_reads_back_as_the_same_plan_and_scenario(made: Plan, tmp_path: Path) -> None:
    path = save(made, scenario(), "support-bot", tmp_path, "2026-11-24")
    read = load(path)
    assert read == saved(as_saved(made))
    assert to_toml(read) == path.read_text()


def test_the_total_of_a_rounded_plan_is_the_sum_of_its_lines_to_the_last_digit() -> None:
    made = rounded(plan())
    assert made.total_per_month == round(sum(line.per_month for line in made.lines), 6)
    assert [line.per_month for line in made.lines] == [2433.333333, 100.0, 7.0, 6.0]
    assert made.bound_per_month is not None
    assert made.bound_per_month <= made.total_per_month


def test_rounding_twice_changes_nothing() -> None:
    assert rounded(rounded(plan())) == rounded(plan())


def test_a_bound_that_rounding_lifts_over_the_total_is_brought_down_to_it() -> None:
    made = plan()
    assert made.total_per_month is not None
    lifted = rounded(made.model_copy(update={"bound_per_month": made.total_per_month + 1e-7}))
    assert lifted.bound_per_month == lifted.total_per_month


def test_the_file_has_tables_keyed_by_name_and_no_float_noise() -> None:
    text = to_toml(saved(plan()))
    tables = tomllib.loads(text)
    assert list(tables) == ["schema", "name", "saved", "scenario", "plan"]
    assert tables["plan"]["line"]["API tokens"]["price"] == 0.3
    assert "0.30000000000000004" not in text
    assert tables["plan"]["fallback"]["chat: provider lambda"]["moved_to"][API] == {
        "kind": "api",
        "share": 0.666666666667,
    }
    assert tables["plan"]["fallback"]["chat: provider lambda"]["per_month"] == 0.333333
    assert "[[" not in text
    assert "{" not in text
    assert tables["plan"]["segment"]["chat"]["served_by"]["azure/gpt-5@eu-data-zone:batch"]["kind"] == "api"


def test_two_lines_of_one_name_stay_two_lines() -> None:
    tables = tomllib.loads(to_toml(saved(plan())))
    assert list(tables["plan"]["line"])[1:3] == ["API tokens", "API tokens (2)"]
    assert [line.name for line in from_tables(tables, "f").plan.lines][1:3] == ["API tokens", "API tokens"]


def test_of_each_segment_and_rule_the_refusal_nearest_to_passing_is_saved() -> None:
    one = plan().refusals[1]
    many = tuple(one.model_copy(update={"option": f"o{i}", "distance": i / 10}) for i in reversed(range(80)))
    other = one.model_copy(update={"rule": Rule.TTFT, "distance": 9.0})
    kept = as_saved(plan(refusals=(other, *many))).refusals
    assert [(refusal.option, refusal.rule) for refusal in kept] == [("o0", one.rule), (one.option, Rule.TTFT)]


def test_a_taken_name_is_refused_and_the_plan_there_is_kept(tmp_path: Path) -> None:
    path = save(plan(), scenario(), "a", tmp_path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="a file of that name"):
        save(no_plan(), scenario(), "a", tmp_path)
    assert path.read_bytes() == before
    save(no_plan(), scenario(), "a", tmp_path, replace=True)
    assert load(path).plan.verdict == "no_plan"


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(plan(), scenario(), "a", tmp_path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        save(no_plan(), scenario(), "a", tmp_path, replace=True)
    assert [each.name for each in tmp_path.iterdir()] == ["a.toml"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "../up", "a/b", "A", "a" * 41, "a.toml", "\u00e9", ".hidden", "-x"])
def test_a_name_that_is_no_plan_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="small letters"):
        save(plan(), scenario(), name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("")
    with pytest.raises(InputError, match=r"cannot be written|a folder to write to"):
        save(plan(), scenario(), "a", tmp_path / "plans")


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"schema": "wizard.plan/2"}, "schema", "a newer wizard wrote it"),
        ({"schema": "wizard.plan/99999999999"}, "schema", "a newer wizard wrote it"),
        ({"schema": "other"}, "schema", "wizard.plan/1"),
        ({"schema": 1}, "schema", "wizard.plan/1"),
        ({"schema": None}, "schema", "nothing"),
        ({"name": "../x"}, "name", "small letters"),
        ({"saved": "yesterday"}, "saved", "a day such as"),
        ({"extra": 1}, "extra", "unknown key"),
        ({"plan": 3}, "plan", "a table"),
        ({"scenario": {}}, "scenario.segment", "nothing"),
        ({"plan.total_per_month": "much"}, "plan.total_per_month", "a number"),
        ({"plan.total_per_month": float("nan")}, "plan.total_per_month", "a finite number"),
        ({"plan.total_per_month": -1e300}, "plan.total_per_month", "the sum of the bill's lines"),
        ({"plan.gap": float("inf")}, "plan.gap", "a finite number"),
        ({"plan.line": {"x": 3}}, 'plan.line.x', "a table"),
        ({"plan.line": {"x": {"unit": "h", "quantity": 1, "price": 2}}}, 'plan.line.x.per_month', "nothing"),
        ({"plan.segment.chat.served_by": {"o": {"kind": "gpu", "share": 1, "per_month": 1}}},
         "plan.segment.chat.served_by.o.kind", "api, pool"),
        ({"plan.verdict": "hybird"}, "plan.verdict", "did you mean hybrid"),
    ],
)  # fmt: skip
def test_a_faulty_plan_file_is_told_by_key(change: dict[str, Any], key: str, says: str) -> None:
    tables: Any = tomllib.loads(to_toml(saved(plan())))
    for dotted, value in change.items():
        *path, last = dotted.split(".")
        place = tables
        for part in path:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    with pytest.raises(InputError) as caught:
        from_tables(tables, "plan.toml")
    (fault,) = caught.value.faults
    assert fault.key == key
    assert says in str(fault)


def test_faults_of_scenario_and_plan_are_told_together() -> None:
    tables: Any = tomllib.loads(to_toml(saved(plan())))
    tables["scenario"]["segment"]["chat"]["ttft"] = "soon"
    tables["plan"]["line"]["GPU hours"]["price"] = "cheap"
    tables["plan"]["pool"]["a"] = {}
    with pytest.raises(InputError) as caught:
        from_tables(tables, "plan.toml")
    keys = [fault.key for fault in caught.value.faults]
    assert keys[0] == "scenario.segment.chat.ttft"
    assert 'plan.line."GPU hours".price' in keys
    assert "plan.pool.a.model" in keys


def test_a_list_of_plans_names_what_cannot_be_read(tmp_path: Path) -> None:
    save(plan(), scenario(), "good", tmp_path)
    (tmp_path / "broken.toml").write_text("schema = ")
    (tmp_path / ".good.toml.x.new").write_text("half")
    (tmp_path / "note.txt").write_text("")
    broken, good = list_plans(tmp_path)
    assert (broken.path.name, broken.plan) == ("broken.toml", None)
    assert "broken.toml: line 1" in broken.problem
    assert good.plan is not None
    assert good.plan.name == "good"
    assert list_plans(tmp_path / "nowhere") == ()


def test_the_plans_folder_is_the_one_given_else_the_variable_else_saved_plans(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WIZARD_PLANS", "/var/plans")
    assert store.plans_folder("here") == Path("here")
    assert store.plans_folder() == Path("/var/plans")
    monkeypatch.delenv("WIZARD_PLANS")
    monkeypatch.chdir(tmp_path)
    assert store.plans_folder() == Path("saved_plans")


def test_drafts_are_kept_listed_newest_first_and_removed(tmp_path: Path) -> None:
    first = store.save_draft("one", {"base": {"currency": "EUR"}, "draft": {"screen": "quick"}}, tmp_path)
    second = store.save_draft("two", {}, tmp_path)
    os.utime(first, ns=(10**18, 10**18))
    os.utime(second, ns=(2 * 10**18, 2 * 10**18))
    (tmp_path / "half.toml").write_text("x = ")
    assert store.list_drafts(tmp_path) == ("two", "one")
    assert store.load_draft("one", tmp_path) == {"base": {"currency": "EUR"}, "draft": {"screen": "quick"}}
    store.delete_draft("one", tmp_path)
    store.delete_draft("one", tmp_path)
    assert store.list_drafts(tmp_path) == ("two",)


def test_drafts_stand_in_the_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert store.list_drafts() == ()
    assert store.save_draft("one", {}) == tmp_path / "wizard" / "drafts" / "one.toml"
    assert store.list_drafts() == ("one",)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("kept.txt")
    write_whole(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "kept.txt").read_text() == "new"


def test_a_pipe_is_written_into_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_pipe_among_the_plans_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.toml")
    (entry,) = list_plans(tmp_path)
    assert "found a pipe or a device" in entry.problem


def test_a_link_to_nothing_is_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to("nowhere.toml")
    with pytest.raises(InputError, match="a file of that name"):
        save(plan(), scenario(), "a", tmp_path)
    assert not (tmp_path / "nowhere.toml").exists()
