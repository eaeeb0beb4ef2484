"""Which models keep a segment's quality floor, open ones at which precision, and why the others do not."""

from typing import NamedTuple

from catalogs.catalog import Catalog
from solver.quality import Judgement, holds_native
from solver.quality_floors import Floor, asked_of, floors_asked
from solver.quality_gate import QualityGate
from solver.scenario import Scenario, Segment


class OpenModel(NamedTuple):
    """An open model: judged as an API or 16 bit serves it, and at each weight format that loses something.

    `lossless` are the formats that hold it without loss; without an architecture it can be bought, not hosted.
    """

    model: str
    whole: Judgement
    lossless: tuple[str, ...]
    formats: dict[str, Judgement]

    @property
    def passing(self) -> tuple[str, ...]:
        """The formats at which it keeps the floor."""
        kept = self.lossless if self.whole.passes else ()
        return (*kept, *(id_ for id_, judged in self.formats.items() if judged.passes))

    @property
    def failing(self) -> tuple[str, ...]:
        """The formats at which it does not, or is unknown."""
        lost = () if self.whole.passes else self.lossless
        return (*lost, *(id_ for id_, judged in self.formats.items() if not judged.passes))


class ClosedModel(NamedTuple):
    """A closed model that some API offer sells."""

    model: str
    judged: Judgement


class SegmentQuality(NamedTuple):
    """One segment's floors in order of preference, and every model against them; the best scores first."""

    segment: str
    task: str
    asked: str
    floors: tuple[Floor, ...]
    open_models: tuple[OpenModel, ...]
    closed_models: tuple[ClosedModel, ...]


def quality_table(scenario: Scenario, catalog: Catalog) -> tuple[SegmentQuality, ...]:
    """Every model of the catalog and every closed one on sale against each segment's floor."""
    gate = QualityGate(catalog)
    sold = {offer.model: offer.open_weights for offer in catalog.api_offers}
    opens = sorted({*catalog.models, *(model for model, is_open in sold.items() if is_open)})
    closed = sorted(set(sold) - set(opens))
    tables = []
    for name, segment in scenario.segment.items():
        asked = asked_of(segment)
        floors = tuple(floor for each in asked for floor in floors_asked(catalog, segment.task, each))
        places = {(floor.benchmark, floor.date): place for place, floor in reversed(tuple(enumerate(floors)))}
        open_models = [_open_model(model, segment, catalog, gate) for model in opens]
        closed_models = [ClosedModel(model, gate.judgement(model, None, segment)) for model in closed]
        tables.append(
            SegmentQuality(
                name,
                segment.task,
                " and ".join(map(str, asked)),
                floors,
                tuple(sorted(open_models, key=lambda row: _order(row.whole, row.model, places))),
                tuple(sorted(closed_models, key=lambda row: _order(row.judged, row.model, places))),
            )
        )
    return tuple(tables)


def _open_model(model: str, segment: Segment, catalog: Catalog, gate: QualityGate) -> OpenModel:
    formats = sorted(catalog.precisions) if model in catalog.models else []
    lossless = tuple(id_ for id_ in formats if holds_native(catalog, model, id_))
    judged = {id_: gate.judgement(model, id_, segment) for id_ in formats}
    exact = {id_ for id_, each in judged.items() if "@" in each.scored}
    lossless = tuple(id_ for id_ in lossless if id_ not in exact)
    return OpenModel(
        model,
        gate.judgement(model, None, segment),
        lossless,
        {id_: each for id_, each in judged.items() if id_ not in lossless},
    )


def _order(judged: Judgement, model: str, places: dict[tuple[str, str], int]) -> tuple[bool, bool, int, float, str]:
    """Passing first, unknown last; then table by table in their order, the best score of each first."""
    place = places.get((judged.benchmark, judged.date), len(places))
    return not judged.passes, judged.unknown, place, -(judged.score or 0.0), model
