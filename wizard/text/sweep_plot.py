"""A sweep drawn: curves of every strategy and the optimum with plotext, without colour; two levers are a map."""

from math import log10

from solver.sweep_records import Sweep
from wizard.text.curves import FRAME, WIDE, mark_costs
from wizard.text.sweep import VERDICT_MARKS, head_lines, map_lines, moved, not_proven
from wizard.text.tables import BASELINES, VERDICTS, WIDTH, plain

HEIGHT = 20
MARKS = {"closed_api": "c", "open_api": "o", "self_hosted": "s", "today": "t"}
OPTIMUM = "#"
TICKS = 5


def sweep_plot(found: Sweep, name: str = "", ascii_only: bool = False) -> str:
    """The drawing, at most 80 columns; with `ascii_only` its frame too is ASCII."""
    if len(found.axes) == 2:
        return "\n".join([*head_lines(found, name), "", *map_lines(found), *not_proven(found)]) + "\n"
    drawn = _curves(found)
    lines = [line.rstrip() for line in (drawn.translate(FRAME) if ascii_only else drawn).splitlines()]
    lines = [plain(line) for line in lines] if ascii_only else lines
    return "\n".join([*head_lines(found, name), "", *lines, *_legend(found), *not_proven(found)]) + "\n"


def _curves(found: Sweep) -> str:
    import plotext  # type: ignore[import-untyped]

    axis = found.axes[0]
    series = {MARKS[name]: [point.strategies.get(name) for point in found.points] for name in MARKS}  # type: ignore[call-overload]
    series[OPTIMUM] = [point.cheapest_per_month for point in found.points]
    costs = [cost for each in series.values() for cost in each if cost is not None]
    tall = bool(costs) and min(costs) > 0 and max(costs) / min(costs) >= WIDE
    across = [log10(by) if axis.log else by for by in axis.moves]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plotsize(WIDTH, HEIGHT)
    for mark, values in series.items():
        pairs = [(x, log10(y) if tall else y) for x, y in zip(across, values, strict=True) if y is not None]
        if pairs:
            plotext.scatter([x for x, _ in pairs], [y for _, y in pairs], marker=mark)
    places = sorted({round(i * (len(across) - 1) / (TICKS - 1)) for i in range(TICKS)})
    plotext.xticks([across[i] for i in places], [moved(axis, axis.moves[i]) for i in places])
    if costs:
        mark_costs(plotext, min(costs), max(costs), tall)
    return str(plotext.uncolorize(plotext.build()))


def _legend(found: Sweep) -> list[str]:
    shown = [name for name in MARKS if any(point.strategies.get(name) is not None for point in found.points)]  # type: ignore[call-overload]
    marks = ", ".join(f"{MARKS[name]} {BASELINES[name]}" for name in shown)
    verdicts = "".join(VERDICT_MARKS[point.verdict] for point in found.points)
    words = ", ".join(f"{mark} {VERDICTS[verdict]}" for verdict, mark in VERDICT_MARKS.items() if mark in verdicts)
    return [f"{marks}, {OPTIMUM} optimum (over the others)", f"verdict from left to right: {verdicts} ({words})"]
