"""How much of a bill rests on estimates and on stale prices, and on which: the lines added up by cause.

Each line counts once and whole, under the first cause that it has; what was paid already (a negative line) takes off
what it is paid for. The share is of the total, within 0 and 1.
"""

import re
from collections.abc import Sequence
from typing import Literal

from solver.plan import CostLine, RestsOn

LEAST_SHARE = 0.0005
"""Causes of less than a twentieth of a percent of the bill are told as one."""
SMALL = "what is smaller"
LEAST_TOLD = 0.005
"""Estimates, or stale prices, that come to less than half a percent are in the record and not in the sentence."""

_GPU = r"(?:GPU hours|commitment beyond the horizon|paid already)"
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (rf"{_GPU}, reserved", r"on-demand price less", "reserved discount (GPU)"),
    (rf"{_GPU}, spot", r"ratio of spot to list", "spot price by ratio (GPU)"),
    (rf"{_GPU}, owned", r"", "purchase price, life and power (owned GPU)"),
    (rf"{_GPU}", r"snapshot|price page|^page|package that holds|older than", "undated or old list (GPU)"),
    (rf"{_GPU}", r"cheapest offer|average over|nobody is offered", "marketplace price (GPU)"),
    (rf"{_GPU}", r"per hour from a price per", "price by the second (GPU)"),
    (rf"{_GPU}", r"availability", "availability (GPU)"),
    (rf"{_GPU}", r"flagged|price|list|range|discount|source", "GPU price"),
    (rf"{_GPU}", r"", "speed (GPU)"),
    (r"operations of further pools", r"", "people for further pools"),
    (r"set-up of", r"", "set-up weeks"),
    (r"storage of weights", r"", "storage price"),
    (r"load balancer", r"", "load balancer price"),
    (r"monitoring", r"", "monitoring price"),
    (r"fallback to|other fallbacks", r"", "how long a loss lasts"),
    (r"(?:replicas|routes) (?:added|taken away)", r"", "hours of a change"),
    (r".* egress$", r"", "egress"),
    (r".* cold starts$", r"", "cold starts"),
    (r".* provisioned units$", r"", "provisioned units"),
    (r".*", r"", "token price (API)"),
)
"""Pattern of a line's name, of its estimate, and the cause in words; the first row that fits stands."""
_STALE = (
    (_GPU, "GPU price"),
    (r"operations of|set-up of", "wage"),
    (r"storage of weights", "storage price"),
    (r"load balancer", "load balancer price"),
    (r"monitoring", "monitoring price"),
    (r".* egress$", "egress"),
    (r".* cold starts$", "GPU price"),
    (r".* provisioned units$", "provisioned units"),
    (r".*", "token price (API)"),
)


Kind = Literal["estimate", "stale"]
Cause = tuple[Kind, str]


def cause_of(line: CostLine) -> Cause | None:
    """(kind, cause) of what a line rests on; None where it is sourced and fresh."""
    if line.estimate:
        if line.name.startswith("operations of ") and line.unit == "FTE-month" and " further " not in line.name:
            of = " for each API supplier" if line.name.startswith("operations of the API") else ""
            return "estimate", f"{line.quantity:.4g} FTE{of}"
        for name, estimate, cause in _CAUSES:
            if re.match(name, line.name) and re.search(estimate, line.estimate):
                return "estimate", cause
    if line.stale:
        return "stale", next(cause for name, cause in _STALE if re.match(name, line.name))
    return None


def rests_on(lines: Sequence[CostLine]) -> tuple[RestsOn, ...]:
    """What the bill rests on by cause, the largest first; nothing where all is sourced and fresh."""
    total = sum(line.per_month for line in lines)
    if total <= 0:
        return ()
    money: dict[Cause, float] = {}
    for line in lines:
        if (cause := cause_of(line)) is not None:
            money[cause] = money.get(cause, 0.0) + line.per_month
    kept = {cause: paid for cause, paid in money.items() if paid >= LEAST_SHARE * total}
    for (kind, name), paid in money.items():
        if (kind, name) not in kept and paid > 0:
            kept[kind, SMALL] = kept.get((kind, SMALL), 0.0) + paid
    ordered = sorted(kept.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        RestsOn(cause=name, kind=kind, per_month=paid, share=min(1.0, paid / total)) for (kind, name), paid in ordered
    )


def share_resting(causes: Sequence[RestsOn]) -> float:
    """The share of the bill that rests on any of them."""
    return min(1.0, sum(each.share for each in causes))


def sentence(causes: Sequence[RestsOn], most: int = 4) -> str:
    """`38 % of this bill rests on estimates: reserved discount (GPU), 0.25 FTE`; empty where nothing does."""
    told: list[str] = []
    for kind, words in (("estimate", "estimates"), ("stale", "stale prices")):
        some = [each for each in causes if each.kind == kind]
        share = share_resting(some)
        if share >= LEAST_TOLD:
            names = [each.cause for each in some]
            more = f" and {len(names) - most} more" if len(names) > most else ""
            percent = "more than 99" if 0.995 <= share < 1 - 1e-9 else f"{share * 100:.0f}"
            rests = "on" if told else "of this bill rests on"
            told.append(f"{percent} % {rests} {words}: {', '.join(names[:most])}{more}")
    return "; ".join(told)
