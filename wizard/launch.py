"""The app on a real terminal: the solver and the catalog behind it, the terminal around it, one line after it."""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.answering import LIMIT_S, catalog_of_scenario, explore, solve
from wizard.app import WizardApp
from wizard.exits import say
from wizard.opening import Opening, last_words, read_overlays
from wizard.shelf import Shelf
from wizard.store import shipped_folder
from wizard.terminal import ascii_needed, few_colours, in_browser, light, line_lost, silent_stdout

if TYPE_CHECKING:
    from catalogs.catalog import Catalog

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
        light=light(os.environ),
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
