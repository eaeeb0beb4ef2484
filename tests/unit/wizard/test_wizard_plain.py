"""`wizard --plain` as a person at a terminal has it; each sitting makes the scenario that the same flags make."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pexpect
import pytest

from catalogs.profiles import profiles
from solver.checklist import ITEMS
from solver.scenario import Scenario
from wizard.exits import at_words
from wizard.plain.words import words_of
from wizard.questions import ALL, on_page
from wizard.scenario_file import question_of, read_question
from wizard.session import figures_of, from_draft, scenario_of, start
from wizard.store import load, shipped_folder

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
WIZARD = [sys.executable, "-m", "wizard"]


class Person:
    """Someone at a terminal: waits for the words of a prompt, then types a line."""

    def __init__(self, folder: Path, arguments: Sequence[str] = ("--plain",), **environ: str) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.environ = {**kept, "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
        self.environ["WIZARD_PLANS"] = str(folder / "plans")
        self.heard = ""
        self.child: pexpect.spawn[str] = pexpect.spawn(
            WIZARD[0], [*WIZARD[1:], *arguments], env=self.environ, encoding="utf-8", timeout=40, echo=False,
        )  # fmt: skip
        self.child.delaybeforesend = None

    def answer(self, prompt: str, *lines: str) -> None:
        """Wait for a prompt that holds these words; type each line, the later ones at whatever prompt comes next."""
        for place, line in enumerate(lines):
            self.wait(prompt if place == 0 else "")
            self.child.sendline(line)

    def wait(self, prompt: str) -> None:
        """Read on to the end of a prompt: a line that stops after a colon, with no line end."""
        while True:
            self.child.expect(r"[^\r\n]*(?:\]|sections|leave|items?): $")
            self.heard += (self.child.before or "") + str(self.child.after)
            asked = " ".join(" ".join(self.heard.splitlines()[-2:]).split())  # a long prompt breaks between words
            assert not prompt or prompt in asked, self.heard
            return

    def end(self) -> int:
        """Wait for the end; the exit code."""
        self.child.expect(pexpect.EOF)
        self.heard += self.child.before or ""
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def draft(self) -> Scenario:
        """The scenario of the only draft that is left."""
        (path,) = self.folder.glob("**/drafts/*.toml")
        return scenario_of(from_draft(tomllib.loads(path.read_text(encoding="utf-8"))))


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A sitting that is ended after the test."""
    made = Person(tmp_path)
    yield made
    made.child.close(force=True)


def test_a_terminal_gets_lines_broken_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "  3  Refresh prices and decide anew whenever the alert on the bill rings\nshort\nuncut/" + "x" * 60
    assert at_words(text) == text  # stderr is no terminal here
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True, fileno=lambda: 2))
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((40, 24)))
    lines = at_words(text).splitlines()
    assert lines[:2] == ["  3  Refresh prices and decide anew", "    whenever the alert on the bill rings"]
    assert lines[2:] == ["short", "uncut/" + "x" * 60]


def by_flags(profile: str, *sets: str) -> Scenario:
    """The scenario that `wizard new --profile ... --set ...` solves."""
    return question_of(profiles()[profile], "profile", sets).scenario


def test_from_the_profile_to_a_saved_plan_as_the_flags_save_it(person: Person, tmp_path: Path) -> None:
    person.answer("Number, n for a new plan", "n")
    person.answer("Number [support-chat]", "4")
    person.answer("Answer [", "90k/day", "", "20", "", "eu")
    person.answer("or s to solve", "")
    person.answer("The plan: w save", "w")
    person.answer("Name of the plan [bulk-tagging]", "mine")
    person.answer("The plan: w save", "n")
    person.answer("Number, n for a new plan", "q")
    assert person.end() == 0
    assert "wizard show mine prints it again" in person.heard
    assert "\x1b" not in person.heard, "a screen reader would hear an escape code"
    assert "  1  mine: " in person.heard
    flags = ["--set", "requests=90k/day", "--set", "output_tokens=20", "--set", "processing_in=eu"]
    subprocess.run(
        [*WIZARD, "new", "theirs", "--profile", "bulk-tagging", "--yes", *flags],
        env=person.environ, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    mine, theirs = (load(tmp_path / "plans" / f"{name}.toml") for name in ("mine", "theirs"))
    assert mine.scenario == theirs.scenario
    assert mine.plan.total_per_month == theirs.plan.total_per_month
    assert not list(tmp_path.glob("**/drafts/*.toml"))


def test_every_question_takes_its_example_as_the_flag_does(person: Person) -> None:
    person.answer("Number, n", "n", "2", "o")
    sets = []
    for section in ("4", "6", "7"):
        person.answer("or s to solve", section)
        person.answer("Number of a question", "all")
        page = {"4": "segment", "6": "constraints", "7": "team"}[section]
        for question in on_page(page):  # type: ignore[arg-type]
            example = question.example.replace("chat=", "rag=")
            person.answer("Answer [", example)
            sets.append(f"{question.key_for('rag')}={example}")
    person.answer("or s to solve", "q")
    assert person.end() == 0
    assert len(sets) == len(ALL)
    assert "! found" not in person.heard
    assert person.draft() == by_flags("rag-search", *sets)


def test_words_are_chosen_by_number_and_a_default_is_put_back(person: Person) -> None:
    keys = [question.id for question in on_page("segment")]
    person.answer("Number, n", "n", "1", "70k/day", "o", "4")
    quality = str(keys.index("quality") + 1)
    person.answer("Number of a question", quality, "4")
    person.answer("Number of a question", str(keys.index("features") + 1), "1, 2")
    person.answer("Number of a question", str(keys.index("may_wait") + 1), "1")
    person.answer("Number of a question", str(keys.index("ttft") + 1), "none")
    person.answer("Number of a question", "1", "default")
    person.answer("Number of a question", "", "q")
    assert person.end() == 0
    by_id = {question.id: question for question in on_page("segment")}
    features = ", ".join(words_of(by_id["features"])[:2])
    sets = [f"quality={words_of(by_id['quality'])[3]}", f"features={features}", "may_wait=yes", "ttft=none"]
    assert person.draft() == by_flags("support-chat", *sets)


def test_all_nine_items_are_answered_as_by_flags_and_tell_what_they_do(person: Person) -> None:
    person.answer("Number, n", "n", "3", "o", "3", "1")
    session = start("ours", "code-assistant")
    typed = {"today.bill": "4k/month", "team.setup_weeks": "3", "policy.budget": "9k/month"}
    for item in ITEMS:
        asked = figures_of(item, session)
        if asked:
            person.answer(f"Answer 0 to {max(item.digits)}, f to type its figures", "f")
            person.answer("Answer [", *(typed.get(key, "") for key in asked))
        person.answer(f"Answer 0 to {max(item.digits)}", str(len(item.answers)))
    person.answer("or s to solve", "l")
    person.answer("or s to solve", "q")
    assert person.end() == 0
    assert person.heard.count("Effect: ") == person.heard.count("It leans ") == len(ITEMS)
    assert f"checklist 9, {ITEMS[8].title}: {ITEMS[8].answers[-1].text}" in person.heard
    sets = [f"checklist.{item.id}={len(item.answers)}" for item in ITEMS]
    sets += [f"{key}={text}" for key, text in typed.items()]
    assert person.draft() == by_flags("code-assistant", *sets)


def test_a_letter_before_there_is_a_decision_says_so_and_back_from_the_list_leaves(person: Person) -> None:
    person.answer("Number, n", "s")
    person.answer("Number, n", "b")  # nothing lies behind the list of plans
    assert person.end() == 0
    assert "choose a profile or a plan first" in person.heard


def test_one_goes_back_and_forth_and_undoes(person: Person) -> None:
    person.answer("Number, n", "n", "1", "50k/day", "b")
    person.answer("Answer [50k/day (you)]", "a lot")
    person.answer("Answer [50k/day (you)]", "60k/day", "?")
    person.answer("Answer [", "1k / 2k", "u", "l", "q")
    assert person.end() == 0
    assert '! found "a lot"; wanted' in person.heard
    assert "Without questions: --set" in person.heard
    assert "Undone: input tokens, p50 / p95 1k / 2k" in person.heard
    assert "Answered so far:\r\n  requests: 60k/day (you)\r\n" in person.heard
    assert "draft support-chat is kept" in person.heard
    assert person.draft() == by_flags("support-chat", "requests=60k/day")
    again = Person(person.folder)
    again.answer("Number, n", "1")
    again.answer("or s to solve", "q")
    assert again.end() == 0
    assert "Going on with support-chat." in again.heard


def test_segments_are_added_copied_and_deleted_as_by_flags(person: Person) -> None:
    person.answer("Number, n", "n", "1", "o", "5")
    person.answer("add, copy", "add bulk-tagging tags")
    person.answer("add, copy", "copy tags")
    person.answer("add, copy", "delete tags")
    person.answer("add, copy", "rename tags-2 night", "remove tags", "add chat", "delete day", "", "q")
    assert person.end() == 0
    assert person.heard.count("! ") == 3
    names = list(person.draft().segment)
    assert len(names) == 2
    assert names[1] == "night"
    added = "segment.night=like bulk-tagging"
    assert person.draft().segment == by_flags("support-chat", added).segment


def test_a_saved_plan_is_opened_printed_and_asked_again_as_another_question(person: Person) -> None:
    person.answer("Number, n", "1")
    person.answer("The plan: w save", "o")
    person.answer("or s to solve", "4")
    person.answer("Number of a question", "1", "123k/day", "", "q")
    assert person.end() == 0
    assert "a month, all counted" in person.heard
    example = shipped_folder() / "article-options-a-to-d.toml"
    segment = next(iter(load(example).scenario.segment))
    assert person.draft() == read_question(example, [f"{segment}.requests=123k/day"]).scenario


@pytest.mark.parametrize("environ", [{"ACCESSIBLE": "1"}, {"TERM": "dumb"}, {"TERM": "dumb", "LANG": "C"}])
def test_it_is_what_opens_where_nothing_can_be_painted(environ: dict[str, str], tmp_path: Path) -> None:
    person = Person(tmp_path, ("new", "ours", "--profile", "agents", "--set", "requests=5k/day"), **environ)
    person.answer("Answer [5k/day (you)]", "q")
    assert person.end() == 0
    assert "\x1b" not in person.heard
    assert person.heard.isascii()
    assert person.draft() == by_flags("agents", "requests=5k/day")


def test_a_pipe_that_ends_early_is_told_and_what_it_answered_is_kept(tmp_path: Path) -> None:
    person = Person(tmp_path)
    person.child.close(force=True)
    done = subprocess.run(
        [*WIZARD, "--plain"], input="n\n1\n50k/day\n", env=person.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "stdin: its end; wanted an answer to: Answer" in done.stderr.replace("found ", "")
    assert "draft support-chat is kept" in done.stderr
    assert person.draft() == by_flags("support-chat", "requests=50k/day")


def test_ctrl_c_leaves_with_130_and_the_draft_and_ctrl_d_with_0(person: Person) -> None:
    person.answer("Number, n", "n", "1", "50k/day")
    person.wait("Answer [")
    person.child.sendintr()
    assert person.end() == 130
    assert "draft support-chat is kept" in person.heard
    again = Person(person.folder)
    again.wait("Number, n")
    again.child.sendeof()
    assert again.end() == 0
