"""What the catalog does not know, as text and as plain records."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wizard.text.tables import plain, wrap

if TYPE_CHECKING:
    from solver.holes import Hole

SCHEMA = "wizard.holes/1"
MOST = 40
"""Holes shown in the text."""


def holes_text(found: Sequence["Hole"], scenarios: Sequence[str]) -> str:
    """Each hole with the pairs (segment, option) that it decided; how to supply it stands below, once for the like."""
    lines = wrap(f"Unknown figures that turned options down, for {', '.join(map(plain, scenarios))}")
    if not found:
        return "\n".join([*lines, "", " none", ""])
    lines += ["", f"{'Refused':>9}  What is unknown"]
    for i, hole in enumerate(found[:MOST]):
        of = "" if len(hole.scenarios) == len(scenarios) else f" [{', '.join(map(plain, hole.scenarios))}]"
        above, *more = wrap(f"{plain(hole.what)}{of}", "", "  ", 68)
        lines += [f"{hole.refused:>9,}  {above}", *(f"{'':11}{line}" for line in more)]
        if i + 1 == min(len(found), MOST) or _supply(hole) != _supply(found[i + 1]):
            lines += wrap(plain(_supply(hole)), " " * 13 + "> ", " " * 15)
    if len(found) > MOST:
        lines.append(f" and {len(found) - MOST} more: --json lists all")
    return "\n".join([*lines, "", *wrap("Supply a figure in an overlay (--overlay FILE), with its source.", " "), ""])


def _supply(hole: "Hole") -> str:
    """How to supply it, with NAME for the name that stands above: the like of several holes is told once."""
    supply = re.sub(r"\[(\w+)\.[^]]+\]", r"[\1.NAME]", hole.supply, count=1)
    return re.sub(r'gpu = "[^"]+"', "gpu = NAME", supply)


def holes_record(found: Sequence["Hole"], scenarios: Sequence[str]) -> dict[str, Any]:
    """The same for `--json`, all of them."""
    return {
        "schema": SCHEMA,
        "scenarios": list(scenarios),
        "holes": [hole.model_dump(mode="json") for hole in found],
    }
