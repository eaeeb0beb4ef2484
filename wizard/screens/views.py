"""What a tab of the plan shows, as data, so that a tab is a plain function of the plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from solver.plan import Plan, Status
from wizard.widgets.listing import Column, Row

ENDINGS: dict[Status, str] = {
    "optimal": "optimal, gap {gap}",
    "time_limit": "time limit, gap {gap}",
    "stopped": "stopped, gap {gap}",
    "infeasible": "proven: nothing fits",
}


@dataclass(frozen=True)
class View:
    """Lines above and below a list, the list, and what is said of each row by its key.

    `about` is one line; `detail` fills a page; `beside` stands in the right column from 110x30 on.
    """

    head: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Row]
    foot: Sequence[str] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: Callable[[str], Sequence[str]] | None = None


CENT = 0.01


def money(value: float | None) -> str:
    """Whole units of currency, small sums with cents, `-` for none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or abs(value) < CENT / 2 else f"{value:,.2f}"


def share(value: float) -> str:
    """A share in percent; what is above zero never reads 0%."""
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def gap(value: float | None) -> str:
    """A relative gap in percent; a gap above zero never reads 0.0%."""
    if value is None:
        return "unknown"
    return "<0.1%" if 0.0001 < value < 0.0005 else f"{max(value, 0):.1%}"


def ending(plan: Plan) -> str:
    """How the solve ended, for the corner."""
    return ENDINGS[plan.status].format(gap=gap(plan.gap))
