"""The app on a real terminal: the solver and the catalog behind it, the terminal around it, one line after it."""

import os
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogs.catalog import Catalog
from catalogs.profiles import profiles
from catalogs.toml_file import Fault, InputError
from solver.plan import Plan
from solver.scenario import Scenario
from wizard.app import Opening, WizardApp
from wizard.desk import Desk
from wizard.exits import say
from wizard.scenario_file import Question, question_of
from wizard.session import put, start
from wizard.shelf import Shelf
from wizard.store import plans_folder, shipped_folder
from wizard.terminal import ascii_needed, few_colours, line_lost, silent_stdout

if TYPE_CHECKING:
    from solver.solve import Progress

LIMIT_S = 60.0


def launch(plans: Path, ascii_only: bool, mouse: bool, opening: Opening | None, overlays: Sequence[str]) -> int:
    """Run the app; return its exit code. InputError, before anything is painted, for what cannot be used."""
    overlay = read_overlays(overlays)
    if opening is not None and opening.profile:
        checked(opening)
    app = WizardApp(
        clock=lambda: datetime.now().astimezone().date(),
        shelf=Shelf(plans, None, shipped_folder()),
        solve=solve,
        catalog=partial(catalog_for, overlay),
        ascii_mode=ascii_only or ascii_needed(os.environ),
        plain_colours=few_colours(os.environ),
        opening=opening,
        overlay=overlay,
        limit_s=LIMIT_S,
        line_lost=line_lost,
    )
    with silent_stdout():
        code = app.run(mouse=mouse)
    if line_lost():  # nobody is there to read the last words, and a stream that cannot be flushed ends Python with 120
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if line := last_words(app.desk):
        say(line)
    if app.crash is not None:
        raise app.crash
    return app.return_code or 0 if code is None else code


def read_overlays(paths: Sequence[str]) -> Mapping[str, Any]:
    """The user's overlay files as one set of catalog tables, the later file above."""
    if not paths:
        return {}
    first = next(iter(profiles().values()))
    return question_of(first, "overlay", (), paths).scenario.catalog


def checked(opening: Opening) -> None:
    """InputError when the profile or a set key of `wizard new` cannot be used."""
    session = start(opening.name, opening.profile)
    for key, text in opening.sets:
        if not key or not text:
            raise InputError(Fault("--set", key, "no value", "KEY=VALUE, such as chat.requests=80k/day"))
        session = put(session, key, text)


def catalog_for(overlay: Mapping[str, Any]) -> Catalog:
    """The catalog for the effects that the checklist tells; also warms what a solve needs."""
    from catalogs.catalog import load_catalog

    return load_catalog(overlays=[("the scenario", overlay)] if overlay else [])


def solve(scenario: Scenario, on_progress: Callable[["Progress"], None], stop: threading.Event) -> Plan:
    """Solve as the command line does: the same catalog, the same decision."""
    from solver.conflicts import with_conflict
    from solver.decide import decide
    from solver.plan import rounded
    from wizard.commands.solve import catalog_of, faults_in, today

    overlays = (("the scenario", scenario.catalog),) if scenario.catalog else ()
    with faults_in("your answers"):
        catalog = catalog_of(Question(scenario, overlays))
        plan = decide(scenario, catalog, limit_s=LIMIT_S, on_progress=on_progress, stop=stop, day=today())
        return rounded(with_conflict(plan, scenario, catalog, LIMIT_S, stop))


def last_words(desk: Desk) -> str:
    """Where the draft or plan of this run is, and what opens it again: the open draft, else what was written last.

    It is one line, or two where a command would be broken at 80 columns.
    """
    kind, name = ("draft", desk.name) if desk.drafted else desk.written
    if desk.drafted and desk.saving.startswith("!"):
        return f"wizard: draft {name} could not be written"
    if kind == "draft":
        return _in_80(f"draft {name} is kept", "wizard opens it again, first in the list")
    if name or desk.saved_as:
        path = desk.shelf.plans / f"{name or desk.saved_as}.toml"
        usual = desk.shelf.plans.absolute() == plans_folder().absolute()
        said = "plan saved as" if name else "plan"
        return _in_80(f"{said} {path}", f"wizard show {path.stem if usual else shlex.quote(str(path))} prints it again")
    return ""


def _in_80(said: str, hint: str) -> str:
    return f"{said}; {hint}" if len(said) + len(hint) + 2 <= 80 else f"{said}\n{hint}"
