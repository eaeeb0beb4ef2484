"""On which benchmark, with which score, each option of a plan keeps its segment's floor; what doubts are left."""

from collections.abc import Iterable

from catalogs.catalog import Catalog
from solver.plan import Plan, ScoreHeld
from solver.quality_floors import asked_of
from solver.quality_gate import QualityGate
from solver.scenario import Scenario


def scores_held(scenario: Scenario, catalog: Catalog, plan: Plan) -> tuple[ScoreHeld, ...]:
    """One row for each segment and option that serves it, or that its requests move to when something is lost."""
    models: dict[str, tuple[str, str | None]] = {offer.id: (offer.model, None) for offer in catalog.api_offers}
    models |= {pool.option: (pool.model, pool.precision) for pool in plan.pools}
    pairs = [(segment.name, served.option) for segment in plan.segments for served in segment.served_by]
    pairs += [(each.segment, moved.option) for each in plan.fallbacks for moved in each.moved_to]
    gate = QualityGate(catalog)
    held = []
    for name, option in dict.fromkeys(pairs):
        model, precision = models[option]
        segment = scenario.segment[name]
        judged = gate.judgement(model, precision, segment)
        if judged.score is None or judged.base_score is None or not judged.threshold:  # a floor of 0 asks for nothing
            continue
        held.append(
            ScoreHeld(
                segment=name,
                option=option,
                model=model,
                precision=precision or "",
                floor=" and ".join(map(str, asked_of(segment))),
                benchmark=judged.benchmark,
                date=judged.date,
                unit=judged.unit,
                threshold=judged.threshold,
                base_score=judged.base_score,
                score=judged.score,
                low=judged.score if judged.low is None else judged.low,
                high=judged.score if judged.high is None else judged.high,
                scored=judged.scored,
                source=judged.source,
                estimate=judged.estimate,
                note=judged.note,
            )
        )
    return tuple(held)


def doubts_of_scores(held: Iterable[ScoreHeld]) -> tuple[str, ...]:
    """One sentence for each model whose score is only a lower bound, or that the largest loss seen would rule out."""
    found = []
    for row in held:
        served = f"{row.model} at {row.precision}" if row.precision else row.model
        of = f"{row.threshold:,.6g} {row.unit} on {row.benchmark}"
        if row.scored.partition("@")[0] != row.model:
            found.append(
                f"{row.segment}: nobody has scored {row.model} on {row.benchmark} yet; it is taken to be at least "
                f"{row.scored}, which it follows. Evaluate it on your own prompts."
            )
        if row.note:
            found.append(f"{row.segment}: {served}, {row.note}.")
        elif row.low < row.threshold <= row.score:
            found.append(
                f"{row.segment}: {served} keeps its floor of {of} by the median loss; by the largest loss seen it "
                f"would score {row.low:,.6g}."
            )
    return tuple(dict.fromkeys(found))
