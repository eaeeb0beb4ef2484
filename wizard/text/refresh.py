"""What has moved at the sources of prices, as text and as plain records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from catalogs.refresh import KINDS, Change, Reading
from wizard.text.tables import plain, price, table, wrap

SCHEMA = "wizard.refresh/1"
FEW = 10
"""New rows shown in the text: a price list holds thousands that nobody here needs."""
_WORDS = {"changed": "changed", "disagree": "disagree", "gone": "gone", "new": "new"}


def refresh_text(readings: Sequence[Reading], wrote: bool) -> str:
    """Each source: what it is, how many figures were compared, and every difference but most of the new ones."""
    parts = ["\n".join(_reading(reading, wrote)) for reading in readings]
    return "\n\n".join(parts) + "\n" if parts else "No source was read.\n"


def _reading(reading: Reading, wrote: bool) -> list[str]:
    counts = Counter(change.kind for change in reading.changes)
    told = ", ".join(f"{counts[kind]:,} {_WORDS[kind]}" for kind in KINDS if counts[kind]) or "nothing differs"
    lines = wrap(f"{reading.source}, {reading.says}: {reading.compared:,} compared; {told}")
    cells: list[tuple[str, ...]] = []
    for kind in KINDS:
        changes = [change for change in reading.changes if change.kind == kind]
        shown = changes[:FEW] if kind == "new" else changes
        cells += [_cells(change) for change in shown]
    if cells:
        head = ("", "Id", "Ours", "Theirs", "Unit", "", "Note")
        wide = [max(len(row[i]) for row in (head, *cells)) for i in range(7)]
        lines += table([head, *cells], "<<>><<<", width=sum(wide) + 20)
    if counts["new"] > FEW:
        lines.append(f" and {counts['new'] - FEW:,} more new ones: --json lists all")
    rows = sum(map(len, reading.rows.values()))
    if rows:
        lines.append(f" {rows:,} rows {'appended' if wrote else 'to append: --write'}")
    return lines


def _cells(change: Change) -> tuple[str, ...]:
    return (change.kind, plain(change.id), _figure(change.ours), _figure(change.theirs), change.unit, _moved(change),
            plain(change.note))  # fmt: skip


def _figure(value: float | str | None) -> str:
    return "-" if value is None else price(value) if isinstance(value, float) else plain(value)


def _moved(change: Change) -> str:
    """By how much the figure moved, in percent of ours."""
    if not isinstance(change.ours, float) or not isinstance(change.theirs, float) or not change.ours:
        return ""
    return f"{(change.theirs / change.ours - 1) * 100:+.1f}%"


def refresh_record(readings: Sequence[Reading], day: str, written: Mapping[str, int]) -> dict[str, Any]:
    """The same for `--json`, every change in full."""
    return {
        "schema": SCHEMA,
        "day": day,
        "sources": [
            {
                "source": reading.source,
                "says": reading.says,
                "compared": reading.compared,
                "rows_to_append": sum(map(len, reading.rows.values())),
            }
            for reading in readings
        ],
        "changes": [change.model_dump(mode="json") for reading in readings for change in reading.changes],
        "written": dict(written),
    }
