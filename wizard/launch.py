"""The app on a real terminal: the solver and the catalog behind it, the terminal around it, one line after it."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.plan import Plan
from solver.scenario import Scenario
from wizard.app import WizardApp
from wizard.exits import say
from wizard.opening import Opening, last_words, read_overlays
from wizard.scenario_file import Question
from wizard.shelf import Shelf
from wizard.store import shipped_folder
from wizard.terminal import ascii_needed, few_colours, in_browser, line_lost, silent_stdout

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.solve import Progress
    from wizard.explorer import Explorer

LIMIT_S = 60.0
COLLECTING = (10_000, 50, 100)
"""Objects, and rounds of the younger ones, after which garbage is collected."""
SWITCH_S = 0.001
"""A thread that computes gives way to the screen after so long; Python's own 5 ms add up to stalls that are felt."""


def launch(plans: Path, ascii_only: bool, mouse: bool, opening: Opening | None, overlays: Sequence[str]) -> int:
    """Run the app; return its exit code. InputError, before anything is painted, for what cannot be used."""
    overlay = read_overlays(overlays)
    sys.setswitchinterval(SWITCH_S)
    app = WizardApp(
        clock=lambda: datetime.now().astimezone().date(),
        shelf=Shelf(plans, None, shipped_folder()),
        solve=solve,
        explore=explore,
        catalog=partial(catalog_for, overlay),
        catalog_of=catalog_of_scenario,
        ascii_mode=ascii_only or ascii_needed(os.environ),
        plain_colours=few_colours(os.environ),
        opening=opening,
        overlay=overlay,
        limit_s=LIMIT_S,
        line_lost=line_lost,
    )
    with silent_stdout(1 if in_browser(os.environ) else 2):
        code = app.run(mouse=mouse)
    if line_lost():  # nobody is there to read the last words, and a stream that cannot be flushed ends Python with 120
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if line := last_words(app.desk):
        say(line)
    if app.crash is not None:
        raise app.crash
    return app.return_code or 0 if code is None else code


def catalog_for(overlay: Mapping[str, Any]) -> "Catalog":
    """The catalog for the effects that the checklist tells; also reads what a solve needs, so that no key waits for it.

    The collector of garbage would stop every thread for a tenth of a second and more, to walk through a catalog that
    stays: it is told to leave out what is there by now, and to look at the rest less often.
    """
    import solver.decide  # noqa: F401
    from catalogs.catalog import load_catalog

    found = load_catalog(overlays=[("the scenario", overlay)] if overlay else [])
    gc.freeze()
    gc.set_threshold(*COLLECTING)
    return found


def catalog_of_scenario(scenario: Scenario, as_of: str | None = None) -> "Catalog":
    """The catalog that a scenario is solved with: its currency, its own tables on top, today's or of a day."""
    from wizard.commands.solve import catalog_of

    return catalog_of(Question(scenario, (("the scenario", scenario.catalog),) if scenario.catalog else ()), as_of)


def solve(
    scenario: Scenario, on_progress: Callable[["Progress"], None], stop: threading.Event, as_of: str | None = None
) -> Plan:
    """Solve as the command line does: the same catalog, the same decision. `as_of`: with the prices of that day."""
    from solver.conflicts import with_conflict
    from solver.decide import decide
    from solver.plan import rounded
    from wizard.commands.solve import faults_in, today

    with faults_in("your answers"):
        catalog = catalog_of_scenario(scenario, as_of)
        plan = decide(scenario, catalog, limit_s=LIMIT_S, on_progress=on_progress, stop=stop, day=today())
        return rounded(with_conflict(plan, scenario, catalog, LIMIT_S, stop))


def explore(scenario: Scenario, as_of: str | None = None) -> "Explorer":
    """What a scenario's plan can be asked further, on the catalog of today or of a day."""
    from solver.explanation.exploring import Exploring

    return Exploring(scenario, catalog_of_scenario(scenario, as_of))
