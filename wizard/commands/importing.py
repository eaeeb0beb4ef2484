"""`wizard import`: another tool's input as a scenario; no solver is loaded."""

import argparse
from importlib import import_module
from pathlib import Path

from solver.scenario import Scenario
from wizard.exits import Exit, say
from wizard.scenario_file import to_toml
from wizard.store import is_stream, refuse_taken, write_whole
from wizard.text import show


def import_scenario(options: argparse.Namespace) -> int:
    """Write the scenario that a file of another tool means; a file that is there is never written over."""
    out = Path(options.out) if options.out else None
    if out is not None and not is_stream(out):
        refuse_taken(out)
    scenario: Scenario = import_module(f"wizard.importers.{options.format}").scenario_of(options.file)
    text = f"# What wizard import {options.format} read; wizard solve answers it.\n\n{to_toml(scenario)}"
    if out is None:
        show(text)
    else:
        write_whole(out, text, exclusive=True)
        rate = sum(segment.requests.per_second for segment in scenario.segment.values())
        say(f"wrote {out}: {len(scenario.segment)} segments, {rate:.6g} requests/s; wizard solve {out}")
    return Exit.DONE
