"""A sweep as text and as CSV: a table of curves, or a map of which verdict and which strategy wins where."""

import csv
import io
from collections.abc import Callable, Sequence
from itertools import pairwise

from solver.record import Verdict
from solver.sweep_records import Axis, Sweep, SweepPoint
from wizard.text.tables import BASELINES, VERDICTS, WIDTH, money, number, plain, table, wrap

VERDICT_MARKS: dict[Verdict, str] = {"stay_on_api": "A", "hybrid": "H", "self_host": "S", "no_plan": "."}
WINNER_MARKS = {"closed_api": "c", "open_api": "o", "self_hosted": "s", "today": "t", None: "."}
WIDEST_MAP = 60


def moved(axis: Axis, by: float) -> str:
    """A move as it is typed: `0.5x`, `+1`."""
    return f"{by:+.0f}" if axis.steps else f"{by:.4g}x"


def valued(axis: Axis, place: int) -> str:
    """The value at a move with its unit, empty where only the factor says something."""
    value = axis.values[place]
    return "" if value is None else f"{number(value)} {axis.unit}".strip()


def sweep_text(found: Sweep, name: str = "") -> str:
    """The curve of one lever as a table, or the maps of two; ASCII, at most 80 columns."""
    lines = curve_lines(found) if len(found.axes) == 1 else map_lines(found)
    return "\n".join([*head_lines(found, name), "", *lines, *falls(found), *not_proven(found)]) + "\n"


def head_lines(found: Sweep, name: str) -> list[str]:
    """What was varied, and today's value of each."""
    lines = [plain(name)] if name else []
    for axis in found.axes:
        low, high = moved(axis, axis.moves[0]), moved(axis, axis.moves[-1])
        values = [each for each in (valued(axis, 0), valued(axis, -1)) if each]
        told = f" ({' to '.join(values)})" if values else ""
        lines += wrap(f"{axis.title}: {low} to {high}{told}")
    return [*lines, f"Money in {found.currency} a month, each optimum within a gap of {found.gap:.2g}."]


def not_proven(found: Sweep) -> list[str]:
    """How many points time has cut."""
    cut = sum(not point.proven for point in found.points)
    return ["", f"! {cut} of {len(found.points)} points are not proven: time ended a solve."] if cut else []


RISING = ("requests", "output_tokens", "gpu_price", "salary", "peak_over_mean")
"""Levers that make each plan of pools dearer: where the curve falls, the options are others."""


def falls(found: Sweep) -> list[str]:
    """Where the self-hosted curve falls although its lever only adds to the cost, and which pools are new there."""
    axis, told = found.axes[0], []
    for before, after in pairwise(found.points) if len(found.axes) == 1 and axis.lever in RISING else ():
        high, low = before.strategies.get("self_hosted"), after.strategies.get("self_hosted")
        if high is None or low is None or low >= high * (1 - found.gap) or not before.proven:
            continue
        new = [POOLS[name] for name in after.pools if name not in before.pools]
        to = f"{' and '.join(new)} enters" if new else "other designs enter"
        warm = ": more of its requests meet a warm replica" if "serverless" in {*after.pools} - {*before.pools} else ""
        where = f"{moved(axis, before.moves[0])} to {moved(axis, after.moves[0])}"
        told += wrap(f"Self-hosted falls from {where}, as {to}, which may serve only from there on{warm}.")
    return ["", *told] if told else []


POOLS = {"self_run": "a pool run oneself", "managed": "managed hosting", "serverless": "serverless hosting"}


def curve_lines(found: Sweep) -> list[str]:
    """One row a point: each strategy, the optimum, the verdict; * marks a point that is not proven."""
    axis = found.axes[0]
    names = [name for name in BASELINES if any(point.strategies.get(name) is not None for point in found.points)]  # type: ignore[call-overload]
    rows = [[axis.title, *(BASELINES[name] for name in names), "optimum", "verdict"]]
    for point in found.points:
        strategies = [money(point.strategies.get(name), 0) for name in names]  # type: ignore[call-overload]
        verdict = VERDICTS[point.verdict] + ("" if point.proven else " *")
        rows.append([moved(axis, point.moves[0]), *strategies, money(point.cheapest_per_month, 0), verdict])
    return table(rows, ">" * (len(rows[0]) - 1) + "<")


def map_lines(found: Sweep) -> list[str]:
    """Two maps, the second lever upward: the verdict, and the cheapest pure strategy."""
    verdicts = ", ".join(f"{VERDICT_MARKS[verdict]} {VERDICTS[verdict]}" for verdict in VERDICT_MARKS)
    winners = ", ".join(f"{WINNER_MARKS[name]} {BASELINES[name]}" for name in ("closed_api", "open_api", "self_hosted"))
    first = decision_map(found, lambda point: VERDICT_MARKS[point.verdict])
    second = decision_map(found, lambda point: WINNER_MARKS[point.winner])
    return [f"Verdict: {verdicts}", *first, "", f"Cheapest pure strategy: {winners}, . none", *second]


def decision_map(found: Sweep, mark: Callable[[SweepPoint], str]) -> list[str]:
    """The map with its axes: the first lever to the right, the second upward."""
    across, up = found.axes
    wide = max(1, min(3, WIDEST_MAP // len(across.moves)))
    rows = [found.points[i :: len(up.moves)] for i in range(len(up.moves))]
    labels = [moved(up, by) for by in up.moves]
    margin = max(len(label) for label in labels)
    lines = [f" {up.title}"]
    for label, row in reversed([*zip(labels, rows, strict=True)]):
        cells = "".join(f"{mark(point):>{wide}}" for point in row)
        lines.append(f" {label:>{margin}} |{cells}")
    lines.append(f" {'':>{margin}} +{'-' * (wide * len(across.moves))}")
    low, high = moved(across, across.moves[0]), moved(across, across.moves[-1])
    room = max(wide * len(across.moves) - len(low), len(high) + 2)
    lines += [f" {'':>{margin}}  {low}{high:>{room}}", f" {'':>{margin}}  {across.title}"]
    return [line[:WIDTH] for line in lines]


def sweep_csv(found: Sweep) -> str:
    """One row a point: the moves and values of each lever, each strategy, the optimum, the verdict."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns(found))
    for point in found.points:
        cells: list[object] = []
        for axis, by in zip(found.axes, point.moves, strict=True):
            cells += [repr(by), _cell(axis.values[axis.moves.index(by)])]
        cells += [_cell(point.strategies.get(name)) for name in BASELINES]  # type: ignore[call-overload]
        cells += [point.winner or "", point.cheapest, _cell(point.cheapest_per_month), _cell(point.bound_per_month)]
        writer.writerow([*cells, point.verdict, _cell(point.total_per_month), str(point.proven).lower()])
    return stream.getvalue()


def columns(found: Sweep) -> Sequence[str]:
    """The names of the CSV's columns; money a month in the currency that the last one names."""
    moves = [name for axis in found.axes for name in (f"{axis.lever}_by", axis.lever)]
    return [
        *moves, *BASELINES, "winner", "cheapest_verdict", "cheapest", "cheapest_bound", "verdict", "total", "proven",
    ]  # fmt: skip


def _cell(value: float | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)
