"""What `--vary LEVER=RANGE` means: factors `0.1x..10x`, changes `-50%..+50%`, steps `-1..+2`, or a list of them."""

import re
from collections.abc import Sequence

import numpy as np

from catalogs.catalog import Catalog
from catalogs.toml_file import Fault, InputError, short
from solver.explanation.levers import LEVERS, Lever
from solver.patterns import nearest
from solver.scenario import Scenario
from solver.sweep_records import Vary

OPTION = "--vary"
WANTED = "LEVER=RANGE, such as requests=0.1x..10x, gpu_price=-50%..+50%, api_price=0.5x,1x,2x or quality=-1..+1"
POINTS = {1: 25, 2: 9}
"""Points along each range unless told otherwise, by how many ranges there are."""
MOST_POINTS = 2500
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


def varied(texts: Sequence[str], points: int | None, scenario: Scenario, catalog: Catalog) -> tuple[Vary, ...]:
    """The levers and their moves. InputError: unknown levers, bad ranges, more than two, beyond what a lever takes."""
    if not 1 <= len(texts) <= len(POINTS):
        raise InputError(Fault(OPTION, "", f"{len(texts)} of them", "one or two"))
    count = POINTS[len(texts)] if points is None else points
    most = round(MOST_POINTS ** (1 / len(texts)))
    if points is not None and not 2 <= points <= most:
        raise InputError(Fault("--points", "", str(points), f"from 2 to {most} points along each range"))
    found = tuple(_vary(text, count, most, scenario, catalog) for text in texts)
    if len({each.lever for each in found}) < len(found):
        raise InputError(Fault(OPTION, found[0].lever, "the same lever twice", "two levers"))
    return found


def _vary(text: str, points: int, most: int, scenario: Scenario, catalog: Catalog) -> Vary:
    name, equals, given = text.partition("=")
    name = name.strip()
    if name not in LEVERS:
        raise InputError(Fault(OPTION, "", short(name), "a lever: " + ", ".join(LEVERS), nearest(name, LEVERS)))
    if not equals or not given.strip():
        raise InputError(Fault(OPTION, name, "no range", WANTED))
    lever, given = LEVERS[name], given.strip()
    log = "%" not in given and not lever.steps
    if ".." in given:
        ends = [_move(lever, part, given) for part in given.split("..", 1)]
        if not ends[0] < ends[1]:
            raise InputError(Fault(OPTION, name, short(given), "a range from less to more, such as 0.1x..10x"))
        _within(Vary(name, (ends[0], ends[1])), lever, given, scenario, catalog)
        moves = _between(lever, ends[0], ends[1], points, log)
    else:
        moves = tuple(sorted({_move(lever, part, given) for part in given.split(",")}))
        if len(moves) < 2:
            raise InputError(Fault(OPTION, name, short(given), WANTED))
        if len(moves) > most:
            raise InputError(Fault(OPTION, name, f"{len(moves)} points", f"at most {most} along each range"))
    return _within(Vary(name, moves, log), lever, given, scenario, catalog)


def _move(lever: Lever, text: str, given: str) -> float:
    """One move: `2x`, `+30%`, or a count of steps."""
    wanted = "whole steps, such as -1..+1" if lever.steps else "factors or changes, such as 0.1x..10x or -50%..+50%"
    pattern = rf"({_NUMBER})()" if lever.steps else rf"({_NUMBER})\s*(x|%)"
    match = re.fullmatch(pattern, text.strip())
    value = float(match[1]) if match else 0.0
    if match and match[2] == "%":
        value = 1 + value / 100
    if not match or not np.isfinite(value) or (value != round(value) if lever.steps else value <= 0):
        raise InputError(Fault(OPTION, lever.name, short(given), wanted))
    return value


def _between(lever: Lever, low: float, high: float, points: int, log: bool) -> tuple[float, ...]:
    if lever.steps:
        return tuple(float(step) for step in range(round(low), round(high) + 1))
    moves = np.geomspace(low, high, points) if log else np.linspace(low, high, points)
    # As it is stays exactly as it is, where a point falls on it.
    return tuple(1.0 if abs(move - 1) < 1e-12 else float(move) for move in moves)


def _within(vary: Vary, lever: Lever, given: str, scenario: Scenario, catalog: Catalog) -> Vary:
    low, high = lever.limits(scenario, catalog)
    if low == high:
        raise InputError(Fault(OPTION, lever.name, short(given), "another lever", lever.still or "no step is left"))
    slack = 1e-9
    if vary.moves[0] < low * (1 - slack if low > 0 else 1 + slack) or vary.moves[-1] > high * (1 + slack):
        mark = "" if lever.steps else "x"
        raise InputError(Fault(OPTION, lever.name, short(given), f"within {low + 0.0:.4g}{mark}..{high:.4g}{mark}"))
    return vary
