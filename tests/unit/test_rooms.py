"""Walls that a static look cannot see: what a command loads, and whether the wheel carries its figures."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("textual", "highspy", "pulp")


@pytest.mark.parametrize(
    "command", [["--help"], ["list"], ["diff", "article-team-self-hosts", "article-team-goes-back"]]
)
def test_a_light_command_loads_neither_the_screens_nor_the_solver(command: list[str], tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = ['wizard', *{command!r}]\n"
        "from wizard.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write('LOADED' + repr([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.endswith("LOADED[]")
    assert done.stdout


def test_a_solve_writes_nothing_but_its_plan_to_stdout() -> None:
    command = [sys.executable, "-m", "wizard", "solve", "saved_plans/article-team-goes-back.toml", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["verdict"] == "stay_on_api"


def test_the_wheel_solves_the_example_outside_the_checkout(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("wizard-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith(".tcss") for name in names)
    assert any(name.startswith("catalogs/figures/") for name in names)
    assert any(name.startswith("saved_plans/") for name in names)
    # A bare environment: the wheel by its own, its dependencies from where the tests found theirs.
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = bare / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = Path(subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip())
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)],
        check=True,
        capture_output=True,
    )
    dependencies = subprocess.run(
        [sys.executable, "-c", where], check=True, capture_output=True, text=True
    ).stdout.strip()
    # A path line adds the packages but not the editable checkout, whose own path file is not read from there.
    (site / "dependencies.pth").write_text(dependencies + "\n")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [python, "-m", "wizard"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "a month, all counted" in done.stdout
    found = "import wizard; print(wizard.__file__)"
    assert (
        str(site)
        in subprocess.run([python, "-c", found], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    )
