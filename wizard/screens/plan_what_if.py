"""Tab 4 of the plan: levers and what each move does, solved at once; what flips the verdict; cost against volume."""

from collections.abc import Sequence
from math import isinf, log
from typing import TYPE_CHECKING

from wizard.screens.views import View, money
from wizard.text.tables import VERDICTS
from wizard.what_if import WhatIf, short, told, value_told, where_told
from wizard.widgets.glyphs import Fill, fill
from wizard.widgets.listing import Column, Row

if TYPE_CHECKING:
    from solver.explanation.exploring import LeverNow, Volume
    from solver.plan import Plan

ROWS, TALL, MOST_WIDE = 3, 8, 60
LEFT = 8
"""Rows and columns of the curve, and cells for its scale."""
MOVE_IT = "Left and right move a lever, and solve again"


def what_if(plan: "Plan", state: WhatIf, busy: bool, ascii_mode: bool, size: tuple[int, int], to_save: bool) -> View:
    """The levers with the moves made, and under them the cheapest plan's cost along the volume, where there is room.

    With `to_save` all flips are known, and in no file.
    """
    columns = (
        Column("Lever", least=14, grows=True),
        Column("Now", least=8, grows=True),
        Column("Try", least=8, grows=True),
        Column("Verdict", rank=2),
        Column(f"{plan.currency}/month", right=True),
        Column("Flips", least=6, grows=True, rank=1),
    )
    if not state.levers:
        says = state.problem or "Raising the options: a few seconds."
        return View(head=(says,), columns=columns, rows=[])
    width, height = size
    rows = [_row(plan, state, lever, busy) for name in state.order if (lever := state.lever(name))]
    about = {lever.name: _about(plan, state, lever) for lever in state.levers}
    return View(
        head=(f"{MOVE_IT}; w saves the flips too." if to_save and not state.moves else together(plan, state, busy),),
        columns=columns,
        rows=rows,
        foot=curve(plan, state, ascii_mode, TALL if height >= 30 else ROWS, width) if height >= 24 else (),
        about=about,
    )


def together(plan: "Plan", state: WhatIf, busy: bool) -> str:
    """All moves together against the plan."""
    if not state.moves:
        return f"{MOVE_IT}."
    names = ", ".join(
        f"{lever.title} {told(lever, state.at(lever))}" for lever in state.levers if lever.name in state.moves
    )
    answer = state.answer
    if answer is None:
        return f"{names}: {so_far(state.kept.get(state.key)) if busy else 'not solved'}"
    if answer.recommended_total is None:
        return f"{names}: no plan fits"
    more = answer.recommended_total - (plan.total_per_month or 0.0)
    sure = "" if answer.proven else ", not proven"
    return f"{names}: {VERDICTS[answer.verdict]}, {money(answer.recommended_total)} ({more:+,.0f}){sure}"


def so_far(kept: float | None) -> str:
    """What is known while the answer is on its way: what the plan's own options would cost."""
    if kept is None:
        return "solving"
    if isinf(kept):
        return "this plan's options cannot serve it; solving for others"
    return f"{money(kept)} with this plan's options; solving for better"


def _row(plan: "Plan", state: WhatIf, lever: "LeverNow", busy: bool) -> Row:
    try_, verdict, total = "", "", ""
    by = state.at(lever)
    moved = lever.name in state.moves
    if moved:
        values = state.values.get(state.key, {})
        value = values.get(lever.name, "")
        try_ = told(lever, by) + (f" = {value if isinstance(value, str) else short(value)}" if value != "" else "")
    if lever.name == (state.last or state.order[0]):
        answer = state.answer
        if state.moves and answer is None:
            kept = state.kept.get(state.key) if busy else None
            verdict, total = "solving" if busy else "-", "-"
            if kept is not None:
                verdict, total = ("other options", "-") if isinf(kept) else ("same options", money(kept))
        elif answer is not None and state.moves:
            verdict, total = VERDICTS[answer.verdict], money(answer.recommended_total)
        else:
            verdict, total = VERDICTS[plan.verdict], money(plan.total_per_month)
    return Row(
        (lever.title, value_told(lever, lever.now), try_, verdict, total, flip_told(state, lever)),
        lever.name,
        dim=bool(lever.still),
    )


def flip_told(state: WhatIf, lever: "LeverNow") -> str:
    """Where a lever flips the verdict: `x 5.1`, `low`, `never`, `...` while it is looked for."""
    if lever.still:
        return "stays"
    if lever.name not in state.flips:
        return "..."
    found = state.nearest(lever.name)
    if found is None:
        return "not found" if lever.name in state.cut else "never"
    return where_told(lever, found)


def _about(plan: "Plan", state: WhatIf, lever: "LeverNow") -> str:
    if lever.still:
        return f"{lever.title} stays as it is: {lever.still}."
    told_in = "" if not lever.unit or "/" in value_told(lever, lever.now) else f", in {lever.unit}"
    if lever.name not in state.flips:
        return f"{lever.title}{told_in}: where it flips the verdict is being looked for."
    found, saved = state.nearest(lever.name), " (saved with the plan)" * (lever.name in state.saved)
    if found is None:
        reach = "; ".join(f"{told(lever, f.still_by)}" for f in state.flips[lever.name] if f.still_by)
        only = ", as far as time let look" if lever.name in state.cut else ""
        return f"{lever.title}{told_in}: still {VERDICTS[plan.verdict]} at {reach or 'any value'}{only}{saved}."
    value = f" ({value_told(lever, found.value)})" if found.value is not None and not lever.steps else ""
    after = VERDICTS[found.after] if found.after else "another plan"
    proven = "" if found.proven else ", not proven"
    return (
        f"{lever.title} at {where_told(lever, found)}{value}{told_in}: {after}, "
        f"{money(found.total_per_month)} a month{proven}{saved}."
    )


# Cost against volume, as bars whose fill tells who serves.

KINDS: dict[str, Fill] = {"stay_on_api": "=", "hybrid": ":", "self_host": "#", "no_plan": "."}


def curve(plan: "Plan", state: WhatIf, ascii_mode: bool, tall: int, width: int) -> Sequence[str]:
    """The cost of the recommended plan from a tenth to ten times the requests, `X` at what the moves say."""
    points = sorted(state.volumes.values(), key=lambda each: each.by)
    if len(points) < 2:
        return ["Cost against volume: being solved ..."]
    low, high, wide = log(points[0].by), log(points[-1].by), min(MOST_WIDE, width - LEFT)
    at = [low + (high - low) * i / (wide - 1) for i in range(wide)]
    columns = [_between(points, x) for x in at]
    most = max((cost for cost, _ in columns if cost is not None), default=0.0)
    if most <= 0:
        return []
    here = _place(log(state.moves.get("requests", 1.0)), low, high, wide)
    lines = []
    for row in range(tall, 0, -1):
        cells = [
            " " if cost is None or cost / most * tall < row - 0.5 else fill(KINDS[verdict], ascii_mode)
            for cost, verdict in columns
        ]
        if here is not None and _top(columns[here][0], most, tall) == row:
            cells[here] = "X"
        label = short(most * row / tall) if row in (tall, (tall + 1) // 2) else ""
        lines.append(f"{label:>{LEFT - 2}} |{''.join(cells)}".rstrip())
    kinds = dict.fromkeys(verdict for _, verdict in columns)
    legend = "  ".join(f"{fill(KINDS[verdict], ascii_mode)} {VERDICTS[verdict]}" for verdict in kinds)
    return [*lines, *_axis(state, low, high, wide), f"{plan.currency} a month against requests: {legend}  X here"]


def _between(points: Sequence["Volume"], x: float) -> tuple[float | None, str]:
    """Cost and verdict at a volume: straight between the two points beside it, the verdict of the nearer."""
    after = next((i for i, each in enumerate(points) if log(each.by) >= x - 1e-12), len(points) - 1)
    one, other = points[max(0, after - 1)], points[after]
    costs = [_cost(one), _cost(other)]
    if one is other or costs[0] is None or costs[1] is None:
        return costs[1], other.verdict
    part = (x - log(one.by)) / (log(other.by) - log(one.by))
    return costs[0] + (costs[1] - costs[0]) * part, (one if part < 0.5 else other).verdict


def _cost(point: "Volume") -> float | None:
    return point.api if point.verdict == "stay_on_api" else point.hosted


def _top(cost: float | None, most: float, tall: int) -> int:
    return max(1, min(tall, int((cost or 0.0) / most * tall + 0.5)))


def _place(x: float, low: float, high: float, wide: int) -> int | None:
    """The column of a volume; None where it is beyond the curve."""
    return round((x - low) / (high - low) * (wide - 1)) if low - 1e-9 <= x <= high + 1e-9 else None


def _axis(state: WhatIf, low: float, high: float, wide: int) -> list[str]:
    """The ticks, and `^` under the volume at which the verdict flips."""
    flips = [each.by for each in state.flips.get("requests", ()) if each.by is not None]
    marks = [(by, f"x{by:g}") for by in (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)]
    marks = [(by, f"^{by:.2g}") for by in flips] + marks
    cells = ["-"] * wide
    for by, text in marks:
        place = _place(log(by), low, high, wide)
        if place is None:
            continue
        place = min(place, wide - len(text))
        if all(cell == "-" for cell in cells[max(0, place - 1) : place + len(text) + 1]):
            cells[place : place + len(text)] = text
    return [f"{'0':>{LEFT - 2}} +{''.join(cells)}"]
