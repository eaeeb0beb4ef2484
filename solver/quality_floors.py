"""The floors that a segment's quality stands for: each a least score on one benchmark's table, or on an evaluation."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from catalogs.catalog import Catalog
from catalogs.quality_records import SCALES
from catalogs.records import QualityScore
from catalogs.toml_file import Fault, quoted
from catalogs.vocabulary import QualityWord, TaskClass
from solver.patterns import nearest
from solver.scenario import FILE, QualityDemand, Scenario, Segment

Asked = QualityWord | QualityDemand


class Floor(NamedTuple):
    """A least score on one scale: a benchmark's table of one date, or (`own`) an evaluation of the user's."""

    benchmark: str
    date: str
    unit: str
    threshold: float
    own: bool = False
    estimate: str = ""

    @property
    def scale(self) -> str:
        """The scale in words: `arena score on arena_text of 2025-12-17`."""
        return f"{self.unit} on {self.benchmark}{f' of {self.date}' if self.date else ''}"


def asked_of(segment: Segment) -> tuple[Asked, ...]:
    """What a segment asks: its word or its own floor; the word `frontier` where that is a required feature."""
    if "frontier" not in segment.features:
        return (segment.quality,)
    return (segment.quality, "frontier") if isinstance(segment.quality, QualityDemand) else ("frontier",)


def floors_asked(catalog: Catalog, task: TaskClass, asked: Asked) -> tuple[Floor, ...]:
    """Floors in order of preference: several tables for a word, one for a floor that the segment names itself.

    A model is held to the first that has its score, and to that alone. None: nothing of that name is known.
    """
    if not isinstance(asked, QualityDemand):
        return tuple(
            Floor(floor.benchmark, floor.benchmark_date, floor.unit, floor.threshold, estimate=floor.estimate)
            for floor in catalog.floors
            if (floor.task, floor.word) == (task, asked)
        )
    if asked.evaluation:
        own = catalog.evaluations.get(asked.evaluation)
        return (Floor(own.id, own.date, own.unit, asked.at_least, own=True, estimate=own.estimate),) if own else ()
    units = {date: score.unit for (_, name, date), score in catalog.scores.items() if name == asked.benchmark}
    date = asked.date or max(units, default="")
    return (Floor(asked.benchmark, date, units[date], asked.at_least),) if date in units else ()


def score_on(catalog: Catalog, floor: Floor, name: str) -> QualityScore | None:
    """The score of `model` or `model@precision` on the scale of a floor; None where it has none."""
    if not floor.own:
        return catalog.scores.get((name, floor.benchmark, floor.date))
    own = catalog.evaluations[floor.benchmark]
    if name not in own.scores:
        return None
    return QualityScore(
        model=name, benchmark=own.id, score=own.scores[name], unit=own.unit, reported_by="you", source=own.source,
        date=own.date, estimate=own.estimate,
    )  # fmt: skip


def way_to_supply(floors: Iterable[Floor], model: str) -> str:
    """How the user gives a model the score that it lacks."""
    own = next((floor for floor in floors if floor.own), None)
    if own:
        return f"evaluate it, and add {quoted(model)} to the scores of [quality.{quoted(own.benchmark)}]"
    return "give it one in [scores.NAME] of an overlay, or judge by an evaluation of your own, [quality.NAME]"


def quality_faults(scenario: Scenario, catalog: Catalog) -> Iterator[Fault]:
    """Floors on a benchmark or an evaluation that the catalog does not have, or beyond the end of its scale."""
    for name, segment in scenario.segment.items():
        asked = segment.quality
        if not isinstance(asked, QualityDemand):
            continue
        key = f"segment.{name}.quality"
        floors = floors_asked(catalog, segment.task, asked)
        if not floors:
            yield _unknown(key, asked, catalog)
        for floor in floors:
            most = SCALES.get(floor.unit)
            if most is not None and asked.at_least > most:
                wanted = f"at most {most:g}, as {floor.benchmark} is scored in {floor.unit}"
                yield Fault(FILE, f"{key}.at_least", f"{asked.at_least:g}", wanted)


def _unknown(key: str, asked: QualityDemand, catalog: Catalog) -> Fault:
    if asked.evaluation:
        wanted = "the name of an evaluation: [quality.NAME] of an overlay, [catalog.quality.NAME] of the scenario"
        hint = nearest(asked.evaluation, catalog.evaluations)
        return Fault(FILE, f"{key}.evaluation", f'"{asked.evaluation[:48]}"', wanted, hint)
    dates = sorted({date for _, name, date in catalog.scores if name == asked.benchmark})
    if dates:
        wanted = f"a date of which there is a table: {', '.join(dates[-6:])}"
        return Fault(FILE, f"{key}.date", f'"{asked.date[:48]}"', wanted)
    hint = nearest(asked.benchmark, {name for _, name, _ in catalog.scores}) or "wizard catalog scores lists them"
    return Fault(FILE, f"{key}.benchmark", f'"{asked.benchmark[:48]}"', "a benchmark with scores in the catalog", hint)
