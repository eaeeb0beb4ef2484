"""The bill in groups: by what is paid for, and by the segment that it is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.plan import CostLine, Plan
from wizard.widgets.glyphs import Fill


@dataclass(frozen=True)
class Group:
    """Lines of a bill under one title; without lines, `says` what the amount is."""

    title: str
    fill: Fill
    per_month: float
    lines: tuple[CostLine, ...] = ()
    says: str = ""


API = "API tokens"
KINDS: tuple[tuple[str, Fill, tuple[str, ...]], ...] = (
    (API, "=", ()),
    ("GPU hours", "#", ("GPU hours", "commitment", "paid already")),
    ("people", ":", ("operations",)),
    ("set-up, spread", ":", ("set-up",)),
    ("network, storage", "#", ("storage", "load balancer", "monitoring")),
    ("fallback, expected", "=", ("fallback",)),
)
"""Title, fill of the bar, and how the names of its lines start; what starts otherwise is of the first."""
IDLE = "  of which idle"


def kind_named(name: str) -> str:
    """The title of the group of a line; egress is network, moving over is set-up."""
    if name.endswith(" egress"):
        return "network, storage"
    if name.endswith(", over the horizon"):
        return "set-up, spread"
    return next((title for title, _, starts in KINDS if starts and name.startswith(starts)), API)


def by_kind(lines: Sequence[CostLine]) -> dict[str, Group]:
    """The lines by what is paid for, in the order of KINDS; the sums add up to the bill."""
    found = {}
    for title, fill, _ in KINDS:
        mine = tuple(line for line in lines if kind_named(line.name) == title)
        found[title] = Group(title, fill, sum(line.per_month for line in mine), mine)
    return found


def idle(plan: Plan) -> Group | None:
    """What of the GPU hours is paid for and not used at mean load; None in a plan without pools."""
    parts = [
        (line, pool.utilisation)
        for pool in plan.pools
        for line in plan.lines
        if kind_named(line.name) == "GPU hours" and line.name.endswith(f": {pool.option}")
    ]
    if not parts:
        return None
    value = sum(line.per_month * (1 - busy) for line, busy in parts)
    busy = ", ".join(f"{pool.option} is busy {pool.utilisation:.0%} of its hours" for pool in plan.pools)
    return Group(IDLE, ".", value, (), f"{busy}; the rest is paid for and idles")


def by_segment(plan: Plan) -> list[Group]:
    """What serves each segment, then what no segment has for itself; the sums add up to the bill."""
    groups = [
        Group(
            f"{segment.name}: {served.option}",
            "#" if served.kind == "pool" else "=",
            served.per_month,
            (),
            served.arithmetic or f"{served.share:.0%} of the requests of {segment.name}",
        )
        for segment in plan.segments
        for served in segment.served_by
    ]
    kinds = by_kind([line for line in plan.lines if not line.name.endswith(" egress")])
    shared = [group for title, group in kinds.items() if title not in (API, "GPU hours") and group.per_month]
    groups += [Group(f"all: {each.title}", each.fill, each.per_month, each.lines) for each in shared]
    rest = (plan.total_per_month or 0.0) - sum(group.per_month for group in groups)
    if abs(rest) >= 0.01:
        groups.append(Group("all: the rest", "=", rest, (), "of no segment alone: terms, units, what is paid already"))
    return groups
