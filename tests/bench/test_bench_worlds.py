"""Worlds measured: 500 of the S benchmark on two workers, and the plan that they are about; no clock is judged.

Prints seconds on the clock and on the processors: on a machine that does other work the clock says little.
"""

import os
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from catalogs.catalog import load_catalog
from solver.decide import decide
from solver.explanation.outlook import asked_of, imagined
from solver.options import problem_of
from wizard.scenario_file import read_scenario

pytestmark = pytest.mark.bench
COUNT = 500
WORKERS = 2


def _cpu() -> float:
    """Seconds of processors, of this process and of children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def test_five_hundred_worlds_of_s() -> None:
    scenario, catalog = read_scenario(Path(__file__).parent / "scenarios" / "s.toml"), load_catalog()
    problem, plan = problem_of(scenario, catalog), decide(scenario, catalog)
    started = perf_counter()
    asked = asked_of(scenario, catalog, problem, plan, WORKERS)
    found, told = imagined(asked, COUNT, 0, WORKERS, check=0)
    one = perf_counter() - started
    before = _cpu()
    again, _ = imagined(asked, COUNT // 10, 0, 1, check=0)
    print(
        f"\n{COUNT} worlds, {WORKERS} workers: {one:.1f} s, of which options {asked.seconds:.1f} s;"
        f" one worker takes {10 * 1e3 * (_cpu() - before) / COUNT:.0f} ms of a processor a world"
    )
    print(told.model_dump_json(indent=1))
    assert np.array_equal(again.costs.of, found.costs.of[: COUNT // 10])
