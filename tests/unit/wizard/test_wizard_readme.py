"""What the README says works as it is written there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from catalogs.catalog import load_catalog
from solver.options import problem_of
from wizard.cli import main, parser
from wizard.scenario_file import question_of
from wizard.scenario_keys import full_key
from wizard.store import shipped_folder

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    wizard ")]
SCENARIO, RECHECK, OVERLAY = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_is_one_that_the_parser_knows(command: str) -> None:
    parser().parse_args(shlex.split(command)[1:])


def test_the_scenario_and_the_overlay_of_the_readme_are_taken_as_they_stand(tmp_path: Path) -> None:

    overlay = tmp_path / "ours.toml"
    overlay.write_text(OVERLAY, encoding="utf-8")
    question = question_of(tomllib.loads(SCENARIO + RECHECK), "README.md", (), (overlay,))
    catalog = load_catalog(currency=question.scenario.currency, overlays=question.overlays)
    assert any(price.id == "our-quote" for price in catalog.gpu_prices)
    assert [rate.id for rate in catalog.rates] == ["measured"]
    problem = problem_of(question.scenario, catalog)
    assert {kept.replicas for kept in problem.in_force.values()} == {4}
    assert not any("any more" in doubt for doubt in problem.doubts)


def figures_apart(line: str) -> tuple[str, list[float]]:
    """The words of a line, and the figures of its columns."""
    figure = re.compile(r"(?<= )\d+(?:\.\d+)?%?(?= |$)")
    return " ".join(figure.sub("", line).split()), [float(text.rstrip("%")) for text in figure.findall(line)]


def test_what_the_readme_shows_of_a_loss_is_what_the_shipped_plan_prints(capsys: pytest.CaptureFixture[str]) -> None:
    shown = README[README.index("    If something is lost") :].split("\n\n")[0].splitlines()
    assert main(["show", "hybrid-steady-spikes", "--plans", str(shipped_folder())]) == 0
    printed = [figures_apart(line) for line in capsys.readouterr().out.splitlines()]
    assert len(shown) == 4
    for words, figures in map(figures_apart, shown):  # speeds are fitted anew now and then: not every digit is held
        assert any(words == there and figures == pytest.approx(found, rel=0.3) for there, found in printed), words


def test_files_that_are_not_shipped_are_said_to_be_the_readers_own() -> None:
    said = next(part for part in README.split("\n\n") if "files of your own" in part)
    named = {word for command in COMMANDS for word in command.split() if re.fullmatch(r"[a-z]+\.(toml|json|csv)", word)}
    written = {"peer.toml", "mine.toml"}  # by --out and --into
    assert {name for name in named - written if f"`{name}`" not in said} == set()


def test_the_readme_shows_pictures_that_are_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    shown = {Path(__file__).parents[3] / picture for picture in pictures}
    assert len(pictures) == 8
    assert shown == {path for path in (Path(__file__).parents[3] / ".github").iterdir() if path.is_file()}
    assert all(picture.stat().st_size > 5000 for picture in shown)


@pytest.mark.parametrize(
    ("key", "whole"),
    [
        ("requests", "segment.rag.requests"), ("rag.requests", "segment.rag.requests"), ("load", "load"),
        ("policy.headroom", "policy.headroom"), ("wishes", "wishes"),
    ],
)  # fmt: skip
def test_a_short_key_means_the_only_segment(key: str, whole: str) -> None:
    assert full_key({"segment": {"rag": {}}}, key) == whole
    assert full_key({"segment": {"rag": {}, "chat": {}}}, "requests") == "requests"
