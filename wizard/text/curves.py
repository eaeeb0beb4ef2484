"""Curves of a plan drawn with plotext: each series has a mark of its own, so that none needs colour; axes are ours."""

import threading
from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from wizard.text.tables import VERDICTS, number, plain

if TYPE_CHECKING:
    from solver.explanation.exploring import Layers, Volume
    from solver.record import Verdict

FRAME = str.maketrans(
    {"\u2502": "|", "\u2500": "-", "\u250c": "+", "\u2510": "+", "\u2514": "+", "\u2518": "+", "\u2524": "+",
     "\u251c": "+", "\u252c": "+", "\u2534": "+", "\u253c": "+"}
)  # fmt: skip
POOLS, APIS = "#%&@", "=-~+o"
"""Marks of the layers, by what serves: pools the dark ones, APIs the light ones."""
MAP: "dict[Verdict, str]" = {"stay_on_api": "A", "hybrid": "H", "self_host": "S", "no_plan": "."}
WIDE = 20.0
"""Costs that differ by this factor are drawn on a logarithmic scale."""
_drawing = threading.Lock()
Size = tuple[int, int]


def load_lines(layers: "Layers", size: Size, weekend: bool = False, ascii_only: bool = False) -> list[str]:
    """Requests/s by hour of a mean day, one layer for each option that serves."""
    days = layers.weekend if weekend else layers.weekday
    order = sorted(range(len(days)), key=lambda i: (not layers.pools[i], -sum(days[i])))
    marks = layer_marks([layers.pools[i] for i in order])

    def draw(plt: Any) -> None:
        plt.stacked_bar([str(hour) for hour in range(24)], [list(days[i]) for i in order], marker=list(marks), width=1)
        plt.xticks([1, 7, 13, 19, 24], ["0h", "6h", "12h", "18h", "23h"])
        most = max((sum(day[hour] for day in days) for hour in range(24)), default=0.0)
        mark_costs(plt, 0.0, most)

    total = sum(sum(day) for day in days) or 1.0
    legend = [f"{mark} {layers.options[i]}, {sum(days[i]) / total:.0%}" for mark, i in zip(marks, order, strict=True)]
    day = "the weekend" if weekend else "a weekday"
    title = f"Requests/s by hour of {day}, by what serves (mean over the horizon)"
    return [title, *drawn(draw, (size[0], size[1] - len(legend) - 1), ascii_only), *legend]


def layer_marks(pools: Sequence[bool]) -> str:
    """A mark for each layer; where there are more than marks, the last ones share one."""
    left = {True: list(POOLS), False: list(APIS)}
    return "".join(left[pool].pop(0) if len(left[pool]) > 1 else left[pool][0] for pool in pools)


def volume_lines(
    points: Sequence["Volume"], currency: str, flips: Sequence[float], size: Size, ascii_only: bool = False
) -> list[str]:
    """Cost against volume: the best plan of APIs alone and the best one with pools, each to its own mark."""
    series = {
        "a": [(each.by, each.api) for each in points if each.api is not None],
        "s": [(each.by, each.hosted) for each in points if each.hosted is not None],
    }
    costs = [cost for each in series.values() for _, cost in each]
    tall = bool(costs) and min(costs) > 0 and max(costs) / min(costs) >= WIDE

    def draw(plt: Any) -> None:
        for mark, pairs in series.items():
            if pairs:
                ys = [log10(cost) if tall else cost for _, cost in pairs]
                plt.plot([log10(by) for by, _ in pairs], ys, marker=mark)
        ticks = [by for by in (0.1, 0.2, 0.5, 1, 2, 5, 10) if points[0].by <= by <= points[-1].by]
        plt.xticks([log10(by) for by in ticks], [f"x{by:g}" for by in ticks])
        mark_costs(plt, min(costs, default=0.0), max(costs, default=0.0), tall)

    verdicts = "".join(MAP[each.verdict] for each in points)
    crossing = [f"the verdict flips at {', '.join(f'x{by:.3g}' for by in flips)}"] if flips else []
    legend = [
        "a the best plan of APIs alone   s the best plan with pools" + ("   (logarithmic)" if tall else ""),
        f"verdict from left to right: {verdicts} ({_words(verdicts)})",
        *crossing,
    ]
    title = f"{currency} a month against the requests, as a factor of today's"
    return [title, *drawn(draw, (size[0], size[1] - len(legend) - 1), ascii_only), *legend]


def map_lines(points: Mapping[tuple[float, float], "Verdict"], width: int) -> list[str]:
    """The verdict by requests (to the right) and the price of GPUs (upward); `.` is not solved yet, or no plan."""
    across = sorted({x for x, _ in points})
    cell = max(5, min(6, (width - 10) // len(across)))
    up = sorted({y for _, y in points}, reverse=True)
    lines = ["Verdict by requests (right) and price of GPUs (up), factors of today's", ""]
    for y in up:
        cells = "".join(f"{_cell(points, x, y):^{cell}}" for x in across)
        lines.append(f"  {f'x{y:g}':>6} |{cells}".rstrip())
    lines.append(f"  {'':>6} +{'-' * (cell * len(across))}")
    ticks = "".join(f"{f'x{x:g}':^{cell}}" for x in across)
    lines.append(f"  {'':>6}  {ticks}".rstrip())
    found = "".join(dict.fromkeys(MAP[verdict] for verdict in points.values()))
    return [*lines, "", f"{_words(found)}; [ ] is today"]


def _cell(points: Mapping[tuple[float, float], "Verdict"], x: float, y: float) -> str:
    mark = MAP[points[x, y]] if (x, y) in points else " "
    return f"[{mark}]" if x == y == 1.0 else mark


def savings_lines(
    curve: Sequence[float], payback: float | None, currency: str, size: Size, ascii_only: bool = False
) -> list[str]:
    """What self-hosting has saved by each month of the horizon, against the best plan of APIs alone."""

    def draw(plt: Any) -> None:
        months = list(range(len(curve)))
        plt.plot(months, [0.0] * len(curve), marker=".")
        plt.plot(months, list(curve), marker="s")
        every = max(1, (len(curve) - 1) // 6)
        ticks = list(range(0, len(curve), every))
        plt.xticks(ticks, [str(month) for month in ticks])
        mark_costs(plt, min(*curve, 0.0), max(*curve, 0.0))

    back = "it is never back" if payback is None else f"it is back after {number(payback)} months"
    legend = [
        f"s saved so far, {curve[0]:,.0f} spent once at the start: {back}",
        f"months; at the end {curve[-1]:+,.0f}",
    ]
    title = f"{currency} saved by self-hosting, against the best plan of APIs alone"
    return [title, *drawn(draw, (size[0], size[1] - len(legend) - 1), ascii_only), *legend]


def drawn(draw: Any, size: Size, ascii_only: bool) -> list[str]:
    """What `draw` puts on a plot of this size, as lines without colour; one drawing at a time, as plotext has one."""
    import plotext  # type: ignore[import-untyped]

    with _drawing:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)  # what it takes for the terminal is that of its own import
        plotext.plotsize(max(30, size[0]), max(6, size[1]))
        draw(plotext)
        text = str(plotext.uncolorize(plotext.build()))
    lines = [line.rstrip() for line in text.splitlines()]
    return [plain(line.translate(FRAME)) for line in lines] if ascii_only else lines


def ticks(low: float, high: float, tall: bool = False) -> list[float]:
    """Two to six round figures between two costs: steps of 1, 2 or 5 times a power of ten; `tall`: those themselves."""
    if high <= low:
        return []
    powers = range(floor(log10(low if tall else (high - low) / 5)), ceil(log10(high)) + 1)
    figures = [lead * 10.0**power for power in powers for lead in (1, 2, 5)]
    if not tall:
        step = next(each for each in figures if each >= (high - low) / 5 * (1 - 1e-9))
        return [i * step for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    inside = [each for each in figures if low <= each <= high]
    return inside if len(inside) <= 6 else [each for each in inside if log10(each) % 1 < 1e-9]


def mark_costs(plt: Any, low: float, high: float, tall: bool = False) -> None:
    """Put the round figures on the axis upward."""
    at = ticks(low, high, tall)
    plt.yticks([log10(y) if tall else y for y in at], [number(y) for y in at])


def _words(marks: str) -> str:
    return ", ".join(f"{mark} {VERDICTS[verdict]}" for verdict, mark in MAP.items() if mark in marks)
