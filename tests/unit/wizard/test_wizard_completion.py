"""The completion scripts in real shells: what tab offers after `wizard`."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from made_plans import plan, run, scenario

from catalogs.profiles import profile_names
from wizard.cli import _COMMANDS, parser
from wizard.completion import commands_of
from wizard.store import save
from wizard.text.topics import TOPICS

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
Offers = Callable[[str], set[str]]


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run("completion", shell) == 0
    return capsys.readouterr().out


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine")


@pytest.fixture
def offers(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Offers:
    """What a shell offers for a line, in a folder with the plans `alpha` and `atlas`."""
    shell = request.param
    needs(shell)
    file = tmp_path / "completion"
    file.write_text(script(shell, capsys), encoding="utf-8")
    for name in ("alpha", "atlas"):
        save(plan(), scenario(), name, tmp_path / "saved_plans")
    (tmp_path / "notes.toml").write_text("", encoding="utf-8")

    def ask(line: str) -> set[str]:
        code = {
            "bash": f'source {file}; COMP_WORDS=({line} $1); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); '
                    '[[ $2 ]] && COMP_WORDS+=("") && ((COMP_CWORD++)); _wizard; printf "%s\\n" "${COMPREPLY[@]}"',
            "fish": f"source {file}; complete -C '{line}'",
        }[shell]  # fmt: skip
        more = ["bash", "", "open" if line.endswith(" ") else ""] if shell == "bash" else []
        done = subprocess.run(
            [shell, "-c", code, *more], cwd=tmp_path, capture_output=True, text=True, check=True,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.stderr == ""
        return {word.partition("\t")[0] for word in done.stdout.splitlines()}

    return ask


both = pytest.mark.parametrize("offers", ["bash", "fish"], indirect=True)


@both
def test_tab_offers_commands_options_plans_profiles_and_topics(offers: Offers) -> None:
    assert offers("wizard ") >= {name for name in _COMMANDS if name}
    assert offers("wizard sh") == {"show"}
    assert offers("wizard --pl") == {"--plans", "--plain"}
    assert offers("wizard diff alpha a") == {"alpha", "atlas"}
    assert offers("wizard validate n") == {"notes.toml"}
    assert offers("wizard new mine --profile ") >= {*profile_names(), "alpha"}
    assert offers("wizard help ") == {*TOPICS, "man"}
    assert offers("wizard show --t") == {"--toml"}


@pytest.mark.parametrize("offers", ["bash"], indirect=True)
def test_bash_knows_the_folder_that_was_given_and_the_value_of_an_option(offers: Offers, tmp_path: Path) -> None:
    save(plan(), scenario(), "other", tmp_path / "elsewhere")
    assert offers("wizard --plans elsewhere show o") == {"other"}
    assert offers("wizard --plans e") == {"elsewhere"}
    assert offers("wizard show --out show a") == {"alpha", "atlas"}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_tab_completes_at_a_prompt(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs(shell)
    (tmp_path / "completion").write_text(script(shell, capsys), encoding="utf-8")
    save(plan(), scenario(), "alpha", tmp_path / "saved_plans")
    start = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[shell]
    child: pexpect.spawn[str] = pexpect.spawn(
        shell, start, cwd=str(tmp_path), encoding="utf-8", timeout=10,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": "dumb", "PS1": "READY> "},
    )  # fmt: skip
    if shell == "zsh":
        child.sendline(f"PS1='READY> '; autoload -U compinit; compinit -u -d {tmp_path}/dump")
    child.sendline(". ./completion; wizard() { echo GOT $*; }; echo LOA''DED")
    child.expect_exact("LOADED")
    for typed, made in (
        ("wizard compl\tz\t", "completion zsh"), ("wizard new x --profile bul\t", "new x --profile bulk-tagging"),
        ("wizard show al\t --al\t", "show alpha --all"),
    ):  # fmt: skip
        child.sendline(typed)
        child.expect(r"GOT [^\r]*\r")
        assert str(child.after).split()[1:] == made.split()
    child.close(force=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_option_of_each_command_is_in_each_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    for command in commands_of(parser()):
        assert command.name in text
        for option in command.options:
            for flag in option.flags:
                long = flag.startswith("--")
                assert (f" -{'l' if long else 's'} {flag.lstrip('-')} " if shell == "fish" else flag) in text
