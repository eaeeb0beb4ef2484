"""Tab 5 of the plan: its curves. Each is drawn in a thread, as it is solved, and read without colour."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wizard.screens.views import View, money
from wizard.widgets.glyphs import hang
from wizard.widgets.listing import Column, Row

if TYPE_CHECKING:
    from solver.explanation.exploring import Layers
    from solver.plan import Plan
    from solver.record import Verdict
    from wizard.what_if import WhatIf

CURVES = ("weekday", "weekend", "cost by volume", "decision map", "savings")


@dataclass
class Curves:
    """Which curve is shown, and what was solved for them; threads write, the screen draws."""

    place: int = 0
    layers: "Layers | None" = None
    no_layers: str = ""
    map: "dict[tuple[float, float], Verdict]" = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    problem: str = ""


def curve_lines(
    plan: "Plan", curves: Curves, volumes: "WhatIf", size: tuple[int, int], ascii_mode: bool, room: int = 24
) -> list[str]:
    """The lines of the curve that is shown; called in a thread, as drawing takes its time."""
    from solver.explanation.exploring import savings
    from wizard.text.curves import load_lines, map_lines, savings_lines, volume_lines

    if curves.problem:
        return [curves.problem]
    if curves.place in (0, 1):
        if curves.layers is None:
            return [curves.no_layers or "The day is being solved ..."]
        return load_lines(curves.layers, size, curves.place == 1, ascii_mode)
    if curves.place == 2:
        points = sorted(dict(volumes.volumes).values(), key=lambda each: each.by)
        if len(points) < 2:
            return ["The curve is being solved ..."]
        flips = [each.by for each in volumes.flips.get("requests", ()) if each.by is not None]
        return volume_lines(points, plan.currency, flips, size, ascii_mode)
    if curves.place == 3:
        return map_lines(dict(curves.map), size[0]) if curves.map else ["The map is being solved ..."]
    curve = savings(plan)
    if curve:
        months = plan.hosting.payback_months if plan.hosting else None
        return savings_lines(curve, months, plan.currency, size, ascii_mode)
    return _no_savings(plan)


def _no_savings(plan: "Plan") -> list[str]:
    """Where no plan with pools was priced, what the plan of pools alone would cost more."""
    alone = next((each for each in plan.baselines if each.name == "self_hosted"), None)
    lines = ["Self-hosting saves nothing here: no plan with pools comes near this cost."]
    if alone is not None and alone.total_per_month is not None and plan.total_per_month is not None:
        more = alone.total_per_month - plan.total_per_month
        if more > 0:
            lines += [
                "",
                f"Self-hosting alone costs {money(more)} {plan.currency} a month more than this plan:",
            ]
            lines += [f"  {12 * years:>3} months  {money(12 * years * more):>12} more" for years in (1, 2, 3)]
    return lines


def curves_view(curves: Curves, lines: Sequence[str], width: int) -> View:
    """The curve as rows to read, of so many cells at most; the name of each curve above."""
    names = "  ".join(f"[{name}]" if place == curves.place else name for place, name in enumerate(CURVES))
    return View(
        head=(names,),
        columns=[Column("", grows=True)],
        rows=[Row((piece,)) for line in lines for piece in hang(line, width)],
    )
