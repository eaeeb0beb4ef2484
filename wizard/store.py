"""Plans and drafts as TOML: written whole or not at all, listed, and read back as the records they were."""

import fcntl
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tomli_w

from catalogs.toml_file import Fault, InputError, read_toml
from solver.plan import SCHEMA, Plan, nearest_of_each_rule, rounded
from solver.scenario import NAME, Scenario
from wizard.exits import state_folder
from wizard.plan_file import check_schema, is_plan, plan_of, plan_tables
from wizard.scenario_file import scenario_of, scenario_tables

VARIABLE = "WIZARD_PLANS"


@dataclass(frozen=True)
class SavedPlan:
    """A plan with the scenario it answers, its name and the day it was saved (ISO; empty when not saved)."""

    name: str
    saved: str
    scenario: Scenario
    plan: Plan


@dataclass(frozen=True)
class Entry:
    """A plan file of a folder: the plan, or the first thing that is wrong with the file."""

    path: Path
    plan: SavedPlan | None
    problem: str = ""


def plans_folder(given: str | Path | None = None) -> Path:
    """Where plans are: the folder given, else $WIZARD_PLANS, else `saved_plans` of the working folder."""
    return Path(given or os.environ.get(VARIABLE) or "saved_plans")


def shipped_folder() -> Path:
    """Folder of the worked examples that come with the tool."""
    return Path(__file__).absolute().parents[1] / "saved_plans"


def as_saved(plan: Plan) -> Plan:
    """The plan as a file holds it: rounded, the nearest refusal of each rule, no time of this machine."""
    timeless = {
        "flips": plan.flips and plan.flips.model_copy(update={"seconds": 0.0}),
        "ranking": plan.ranking and plan.ranking.model_copy(update={"seconds": 0.0}),
    }
    refusals = nearest_of_each_rule(plan.refusals)
    return rounded(plan.model_copy(update={"refusals": refusals, "seconds": 0.0, **timeless}))


def to_toml(saved: SavedPlan) -> str:
    """The whole file: `schema`, `name`, `saved`, then [scenario] and [plan]; one value a line."""
    tables: dict[str, Any] = {"schema": SCHEMA, "name": saved.name}
    if saved.saved:
        tables["saved"] = date.fromisoformat(saved.saved)
    tables["scenario"] = scenario_tables(saved.scenario)
    tables["plan"] = plan_tables(as_saved(saved.plan))
    return tomli_w.dumps(tables)


def save(
    plan: Plan, scenario: Scenario, name: str, directory: str | Path, saved: str = "", replace: bool = False
) -> Path:
    """Save a plan as `directory/name.toml` and tell its path.

    The file appears whole or not at all. A plan that is there is kept, unless `replace`.

    Raises
    ------
    InputError
        the name is no plan name, it is taken, or the folder cannot be written.

    """
    path = Path(directory) / f"{checked_name(name)}.toml"
    write_plan(SavedPlan(name, saved, scenario, plan), path, replace)
    return path


def write_plan(saved: SavedPlan, path: Path, replace: bool = False) -> None:
    """Write a plan to a file of any name; InputError when it is taken (unless `replace`) or cannot be written."""
    if not replace:
        refuse_taken(path)
    write_whole(path, to_toml(saved), exclusive=not replace)


def checked_name(name: str) -> str:
    """The name, if a plan can have it."""
    if not re.fullmatch(NAME, name):
        wanted = "a name of up to 40 small letters, digits, - and _"
        raise InputError(Fault("the plan's name", "", f'"{name[:48]}"', wanted))
    return name


def refuse_taken(path: Path) -> None:
    """InputError when a file is there already, or a link to nothing."""
    if os.path.lexists(path):
        raise InputError(Fault(str(path), "", "a file of that name", "a new name", "nothing was changed"))


def write_whole(path: Path, text: str, exclusive: bool = False) -> None:
    """Write a text file by temporary file, fsync and rename: readers see the old text or the new, never a part.

    With `exclusive`, a file that appeared meanwhile is kept. A link is followed; a pipe or a device is written into
    and never replaced. InputError when the folder cannot be written.
    """
    try:
        if path.is_dir():
            raise InputError(Fault(str(path), "", "a folder", "a file to write"))
        if is_stream(path):
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.", suffix=".new")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            if exclusive:
                os.link(temporary, target)
            else:
                os.replace(temporary, target)
            _sync(target.parent)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    except FileExistsError:
        refuse_taken(path)
        raise InputError(Fault(str(path.parent), "", "a file", "a folder to write to")) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(Fault(str(path), "", f"cannot be written ({reason})", "a file that can be written")) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time reads files of a folder and writes them again, where its file system has locks."""
    with ExitStack() as stack:
        with suppress(OSError):  # what cannot be made is told by the write
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def refuse_unwritable(given: str | Path | None) -> None:
    """InputError where a file could not be written, before what it shall hold is worked out; None is stdout."""
    if not given:
        return
    path = Path(given)
    if os.path.isdir(path):
        raise InputError(Fault(str(path), "", "a folder", "a file to write"))
    if is_stream(path):
        return
    folder = (Path(os.path.realpath(path)) if os.path.islink(path) else path).parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not os.path.isdir(folder):
        raise InputError(Fault(str(folder), "", "a file", "a folder to write to"))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(Fault(str(path), "", f"the folder {folder}, which is read-only", "a file that can be written"))


def is_stream(path: Path) -> bool:
    """Whether a path is a pipe or a device: what is written there cannot be renamed, and reading it may never end."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _sync(folder: Path) -> None:
    """Have the rename itself written, where the system can: else a power cut may bring the old text back."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(path: str | Path) -> SavedPlan:
    """Read a saved plan; InputError holds every fault of the file."""
    path = Path(path)
    return from_tables(read_toml(path), str(path), path.stem)


def from_tables(tables: Mapping[str, Any], file: str, name: str = "") -> SavedPlan:
    """The saved plan of a file's tables; faults of scenario and plan are told together."""
    check_schema(tables, file)
    faults: list[Fault] = [
        Fault(file, key, "an unknown key", "schema, name, saved, [scenario] or [plan]")
        for key in tables
        if key not in ("schema", "name", "saved", "scenario", "plan")
    ]
    scenario, plan = None, None
    try:
        scenario = scenario_of(tables.get("scenario", {}), file, "scenario")
    except InputError as error:
        faults.extend(error.faults)
    try:
        plan = plan_of(tables.get("plan", {}), file)
    except InputError as error:
        faults.extend(error.faults)
    saved = tables.get("saved", "")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d|", str(saved)):
        faults.append(Fault(file, "saved", str(saved)[:48], "a day such as 2026-11-24"))
    called = tables.get("name", name)
    if not isinstance(called, str) or not re.fullmatch(NAME, called):
        faults.append(Fault(file, "name", str(called)[:48], "a name of up to 40 small letters, digits, - and _"))
    if faults or scenario is None or plan is None:
        raise InputError(*faults)
    return SavedPlan(str(called), str(saved), scenario, plan)


def plan_in(path: Path) -> Plan | None:
    """The plan of a file that holds one with a total."""
    tables = read_toml(path)
    if not is_plan(tables):
        return None
    plan = from_tables(tables, str(path), path.stem).plan
    return plan if plan.total_per_month is not None else None


def keep(path: Path, before: Plan, argued: Plan) -> None:
    """Write what argues a plan into its file; all else of the file stays as it is.

    InputError where the file does not hold the plan any more that was argued, or cannot be written.
    """
    with alone(path.parent):
        if plan_in(path) != before:
            raise InputError(Fault(str(path), "", "another plan by now", "the plan that was explained", "run it again"))
        write_whole(path, tomli_w.dumps({**read_toml(path), "plan": plan_tables(as_saved(argued))}))


def list_plans(directory: str | Path) -> tuple[Entry, ...]:
    """The plans of a folder by name; a file that cannot be read is listed with its first fault."""
    try:
        paths = sorted(path for path in Path(directory).glob("*.toml") if not path.name.startswith("."))
    except OSError:
        paths = []
    return tuple(_entry(path) for path in paths)


def _entry(path: Path) -> Entry:
    if is_stream(path):
        return Entry(path, None, str(Fault(str(path), "", "a pipe or a device", "a TOML file")))
    try:
        return Entry(path, load(path))
    except InputError as error:
        return Entry(path, None, str(error.faults[0]))


def drafts_folder() -> Path:
    """Where drafts are: under the state folder."""
    return state_folder() / "drafts"


def save_draft(name: str, tables: Mapping[str, Any], directory: Path | None = None) -> Path:
    """Write the draft of a plan in progress, over the one that was there; tables hold what TOML can hold."""
    path = (directory or drafts_folder()) / f"{checked_name(name)}.toml"
    write_whole(path, tomli_w.dumps(tables))
    return path


def load_draft(name: str, directory: Path | None = None) -> dict[str, Any]:
    """The tables of a draft; InputError when there is none or it cannot be read."""
    return read_toml((directory or drafts_folder()) / f"{checked_name(name)}.toml")


def list_drafts(directory: Path | None = None, broken: bool = False) -> tuple[str, ...]:
    """Names of the drafts that can be read as TOML, or of those that are `broken`, the one written last first."""
    found = []
    with suppress(OSError):
        for path in (directory or drafts_folder()).glob("*.toml"):
            with suppress(OSError):
                try:
                    tomllib.loads(path.read_text(encoding="utf-8"))
                    fails = False
                except ValueError:
                    fails = True
                if fails == broken:
                    found.append((-path.stat().st_mtime_ns, path.stem))
    return tuple(name for _, name in sorted(found) if re.fullmatch(NAME, name))


def delete_draft(name: str, directory: Path | None = None) -> None:
    """Remove a draft; one that is not there is no error."""
    with suppress(FileNotFoundError):
        ((directory or drafts_folder()) / f"{checked_name(name)}.toml").unlink()
