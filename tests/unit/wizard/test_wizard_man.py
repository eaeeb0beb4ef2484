"""The man page: what the parser and the topics say, in macros that man renders without a complaint."""

import shutil
import subprocess

import pytest
from made_plans import run

from wizard.cli import parser
from wizard.completion import commands_of
from wizard.text.topics import TOPICS


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str]) -> str:
    assert run("help", "man") == 0
    return capsys.readouterr().out


def rendered(page: str) -> str:
    """The page as a terminal shows it, on one line."""
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tascii", "-P-cbou"], input=page, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return " ".join(done.stdout.split())


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff on this machine")
def test_the_page_shows_each_command_option_and_topic_as_it_is_written(page: str) -> None:
    shown = rendered(page)
    for command in commands_of(parser()):
        assert f"wizard {command.name}" in shown
        for option in command.options:
            assert all(flag in shown for flag in option.flags)
    for text in TOPICS.values():
        for line in text.splitlines():
            assert " ".join(line.split()) in shown


def test_no_line_of_text_is_taken_for_a_request(page: str) -> None:
    known = (".TH", ".ad", ".SH", ".SS", ".TP", ".PP", ".RS", ".RE", ".nf", ".fi", ".B")
    assert {line.split(" ")[0] for line in page.splitlines() if line.startswith((".", "'"))} <= set(known)


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="no mandoc on this machine")
def test_mandoc_finds_no_error(page: str) -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "error"], input=page, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
