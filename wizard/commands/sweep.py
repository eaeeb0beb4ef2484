"""`wizard sweep`: the curve of every strategy along one lever or two, on all cores or on a cluster."""

import argparse
import sys
import threading
from collections.abc import Callable
from time import monotonic

from solver.sweep_records import Sweep
from solver.sweeps import sweep
from wizard.commands.find import find_file
from wizard.commands.output import put
from wizard.commands.solve import catalog_of, check_against, faults_in
from wizard.ctrl_c import SOON_S, in_a_thread, processes_unheard
from wizard.exits import Exit, say_over
from wizard.scenario_file import Question, read_question
from wizard.spread import spread_over
from wizard.store import plans_folder, refuse_unwritable
from wizard.sweep_ranges import varied
from wizard.text.json import json_text
from wizard.text.sweep import sweep_csv, sweep_text

BAR = 30
EVERY_S = 0.2


def run_sweep(options: argparse.Namespace) -> int:
    """Sweep a scenario (or a plan's) and print the curve, or the map of two levers."""
    refuse_unwritable(options.out)
    path = find_file(options.file, plans_folder(options.plans), "a scenario or plan")
    question = read_question(path, options.sets, options.overlay)
    with faults_in(question.file):
        found, stopped = in_a_thread(lambda stop: _swept(question, options, stop), SOON_S)
    if stopped:
        raise KeyboardInterrupt
    text = _printed(found, path.stem, options)
    put(text, options.out)
    if not all(point.proven for point in found.points):
        return Exit.TIME_LIMIT
    return Exit.DONE if any(point.total_per_month is not None for point in found.points) else Exit.NO_PLAN


def _swept(question: Question, options: argparse.Namespace, stop: threading.Event) -> Sweep:
    """The sweep; of one that is stopped the points so far."""
    processes_unheard()
    catalog = catalog_of(question)
    check_against(question.scenario, catalog)
    ranges = varied(options.vary, options.points, question.scenario, catalog)
    with spread_over(options.backend, options.address or "", options.jobs) as spread:
        return sweep(question.scenario, catalog, ranges, options.gap, options.limit, spread, progress_bar(), stop)


def _printed(found: Sweep, name: str, options: argparse.Namespace) -> str:
    if options.json:
        return json_text(found)
    if options.csv:
        return sweep_csv(found)
    if options.plot:
        from wizard.text.sweep_plot import sweep_plot

        return sweep_plot(found, name, ascii_only=options.ascii)
    return sweep_text(found, name)


def progress_bar() -> Callable[[int, int], None] | None:
    """Draw how far a sweep is on stderr, over itself; nothing where that is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    started, last = monotonic(), [0.0]

    def tell(done: int, of: int) -> None:
        now = monotonic()
        if done < of and now - last[0] < EVERY_S:
            return
        last[0] = now
        say_over(bar(done, of, now - started), end=done == of)

    return tell


def bar(done: int, of: int, seconds: float) -> str:
    """`[######....] 6 of 10 points, about 12 s left`."""
    full = BAR * done // of
    left = f", about {seconds / done * (of - done):.0f} s left" if 0 < done < of else f", {seconds:.0f} s"
    return f"[{'#' * full}{'.' * (BAR - full)}] {done} of {of} points{left}"
