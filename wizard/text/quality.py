"""Quality as text: the floors that a plan keeps, and which models keep those of a scenario, at which precision."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from solver.plan import Plan, ScoreHeld
from wizard.text.tables import number, plain, table, wrap

if TYPE_CHECKING:  # a saved plan is printed without a solver
    from catalogs.catalog import Catalog
    from solver.quality import Judgement
    from solver.quality_table import ClosedModel, OpenModel, SegmentQuality

_WIDTHS = ((2.0, "16"), (1.0, "8"), (0.0, "4"))
"""Bytes of a weight from which a format counts as so many bits."""
_LEGEND = (
    "16, 8, 4: keeps it at weights of so many bits (* in some of these formats only); api: keeps it, but is only sold "
    "as an API here; - : does not; ? : nobody has scored it."
)
_CLOSED_LEGEND = (
    "yes: keeps it; >=: by the score of the model that it follows, a lower bound; - : does not; ? : unknown."
)


def scores_text(plan: Plan) -> list[str]:
    """The floor of each segment, and the score with which each option keeps it; nothing where nothing is asked."""
    lines = ["Quality: score after quantisation, and the least that was asked"] if plan.scores else []
    for name, floor in dict.fromkeys((row.segment, row.floor) for row in plan.scores):
        lines += wrap(f"{name}: {floor}", " ", "   ")
        for row in plan.scores:
            lines += _score(row) if row.segment == name else []
    if len({(row.benchmark, row.date) for row in plan.scores}) > 1:
        lines += wrap(
            "A floor is another figure on each table: of a task's tables the first that has a model's score decides, "
            "and scores of two tables are not compared.", " ",
        )  # fmt: skip
    return lines


def _score(row: ScoreHeld) -> list[str]:
    served = f"{row.model} at {row.precision}" if row.precision else row.model
    seen = f" ({_figure(row.low)} to {_figure(row.high)} seen)" if row.low < row.high and row.precision else ""
    scale = f"{row.unit} on {row.benchmark} of {row.date}"
    told = f"{served}: {_figure(row.score)}{seen} of {_figure(row.threshold)} {scale}, {row.source}"
    lines = wrap(told, "   ", "     ")
    for more in filter(None, (row.note, f"est: {row.estimate}" if row.estimate else "")):
        lines += wrap(more, "     ", "     ")
    return lines


def overview_text(tables: "Mapping[str, Sequence[SegmentQuality]]", catalog: "Catalog") -> str:
    """Every model against the floors of several scenarios, one column each, without the reasons."""
    named = [(name, part) for name, parts in tables.items() for part in parts]
    heads = [name.partition("-")[0] for name, _ in named]
    lines = ["Which models keep the quality floor of each profile"]
    for (name, part), head in zip(named, heads, strict=True):
        lines += wrap(f"{head}: {name}, {part.task} at {part.asked}; {_first(part)}", " ", "   ")
    rows: dict[str, list[str]] = {}
    closed: dict[str, list[str]] = {}
    for _, part in named:
        for row in part.open_models:
            rows.setdefault(row.model, []).append(_open_cell(row, catalog))
        for each in part.closed_models:
            closed.setdefault(each.model, []).append(_closed_cell(each.judged))
    for title, legend, cells in (("Open models", _LEGEND, rows), ("Closed models", _CLOSED_LEGEND, closed)):
        known = {model: row for model, row in cells.items() if set(row) != {"?"}}
        lines += ["", title, *wrap(legend, " ")]
        lines += table(
            [("Model", *heads), *((model, *row) for model, row in sorted(known.items()))], "<" * (1 + len(heads))
        )
        if len(known) < len(cells):
            unscored = ", ".join(sorted(set(cells) - set(known)))
            lines += wrap(f"nobody has scored: {unscored}", " ", "   ", at_hyphens=False)
    lines += ["", *wrap("wizard catalog quality PROFILE or SCENARIO tells each score, its table, and why not.")]
    return "\n".join(lines) + "\n"


def segment_text(name: str, part: "SegmentQuality", catalog: "Catalog") -> str:
    """One segment's floors, and every model against them with its score and why it does not pass."""
    lines = wrap(f"{name}, {part.segment}: {part.task} at {part.asked}")
    if len(part.floors) > 1:
        lines += wrap("Of these tables the first that has a model's score decides, and no other:", " ")
    for floor in part.floors:
        est = f"; est: {floor.estimate}" if floor.estimate else ""
        lines += wrap(f"at least {_figure(floor.threshold)} {floor.scale}{est}", "   ", "     ")
    keeps = [row for row in part.open_models if row.passing or row.whole.passes]
    short = [row for row in part.open_models if row not in keeps and not row.whole.unknown]
    lines += ["", f"Open models that keep it: {len(keeps)} of {len(part.open_models)}"]
    lines += _open_rows(keeps, catalog)
    lines += ["", f"Open models too low: {len(short)}"]
    lines += _open_rows(short, catalog)
    unknown = [row for row in part.open_models if row not in keeps and row.whole.unknown]
    if unknown:
        lines += ["", f"Open models that are unknown: {len(unknown)}"]
        lines += wrap(", ".join(row.model for row in unknown), " ")
        lines += wrap(unknown[0].whole.note, " ")
    lines += ["", "Closed models on sale", *_closed_rows(part.closed_models)]
    notes = [each.note for row in part.open_models for each in row.formats.values() if each.note and not each.unknown]
    if notes:
        lines += ["", "Where sources disagree, or long requests lose more"]
        for note in dict.fromkeys(notes):
            lines += wrap(note, " - ")
    return "\n".join(lines) + "\n"


def _open_rows(rows: "Sequence[OpenModel]", catalog: "Catalog") -> list[str]:
    cells = []
    for row in rows:
        judged = row.whole
        if judged.unknown:  # only its quantised variants are scored
            judged = next(each for each in row.formats.values() if not each.unknown)
        cells.append((judged, (row.model, _formats(row, catalog))))
    return _by_scale(cells) if rows else [" none"]


def _formats(row: "OpenModel", catalog: "Catalog") -> str:
    if row.model not in catalog.models:
        return "as an API" if row.whole.passes else "nothing"
    if not row.failing:
        return "all formats"
    return " ".join(row.passing) or "nothing"


def _closed_rows(rows: "Iterable[ClosedModel]") -> list[str]:
    known, unknown = [], []
    for row in rows:
        why = f"as {row.judged.scored}, at least" if row.judged.bound else ""
        if row.judged.unknown:
            unknown += wrap(f"{row.model}: {row.judged.estimate}; {row.judged.note}", " ", "   ")
        else:
            known.append((row.judged, (row.model, "keeps it" if row.judged.passes else "too low", why)))
    return [*_by_scale(known), *unknown]


def _by_scale(rows: "Iterable[tuple[Judgement, tuple[str, ...]]]") -> list[str]:
    """Rows under the table on which they are judged: scores of two tables never stand in one column."""
    lines = []
    for (least, scale), group in groupby(rows, key=lambda row: (_figure(row[0].threshold), row[0].scale)):
        lines += wrap(f"{scale}, at least {least}", " ", "   ")
        cells = [
            (name, _figure(judged.score), "est" if judged.estimate else "", *more) for judged, (name, *more) in group
        ]
        lines += table(cells, "<>" + "<" * (len(cells[0]) - 2), indent=3)
    return lines


def _first(part: "SegmentQuality") -> str:
    if not part.floors:
        return "no such floor"
    more = f" or {len(part.floors) - 1} other tables" if len(part.floors) > 1 else ""
    return f"at least {_figure(part.floors[0].threshold)} {part.floors[0].scale}{more}"


def _open_cell(row: "OpenModel", catalog: "Catalog") -> str:
    if row.model not in catalog.models:
        return "api" if row.whole.passes else "?" if row.whole.unknown else "-"
    passing, failing = set(row.passing), set(row.failing)
    said = []
    for least, bits in _WIDTHS:
        of = {id_ for id_ in passing | failing if _bits(catalog.precisions[id_].bytes_per_weight) == least}
        if of & passing:
            said.append(bits + "*" * bool(of & failing))
    return " ".join(said) or ("?" if row.whole.unknown else "-")


def _bits(bytes_per_weight: float) -> float:
    return next(least for least, _ in _WIDTHS if bytes_per_weight >= least)


def _closed_cell(judged: "Judgement") -> str:
    if judged.unknown:
        return "?"
    if not judged.passes:
        return "-"
    return ">=" if judged.bound else "yes"


def _figure(value: float | None) -> str:
    return "-" if value is None else number(value)


def quality_record(name: str, part: "SegmentQuality") -> dict[str, Any]:
    """One segment for `--json`: floors in order, open models with every format, closed models."""
    return {
        "scenario": name,
        "segment": part.segment,
        "task": part.task,
        "asked": part.asked,
        "floors": [floor._asdict() for floor in part.floors],
        "open": [
            {
                "model": row.model,
                "passes_at": list(row.passing),
                "fails_at": list(row.failing),
                "whole": _judged(row.whole),
                "formats": {id_: _judged(judged) for id_, judged in row.formats.items()},
            }
            for row in part.open_models
        ],
        "closed": [{"model": row.model, **_judged(row.judged)} for row in part.closed_models],
    }


def _judged(judged: "Judgement") -> dict[str, Any]:
    return {key: plain(value) if isinstance(value, str) else value for key, value in vars(judged).items()}
