"""What a value of a scenario comes to, in a few words for a narrow column: `2.4/s at the peak`, `7 of 19 APIs left`.

Each is of its own key alone: what is left under one requirement, whatever the others leave. No option is made and
nothing is priced. Figures of the catalog only where one is given; an empty text where a value says all there is.
"""

from collections.abc import Callable, Iterable, Mapping

from catalogs.catalog import Catalog
from solver.compliance import reasons
from solver.load_blocks import growth_factors, week_of
from solver.quality import judge
from solver.quality_floors import asked_of, floors_asked
from solver.scenario import Scenario, Segment
from solver.units import HOURS_PER_MONTH, format_count

Meaning = Callable[[Scenario, str, Catalog | None], str]
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
_DATA = (
    "processing_in", "storage_in", "no_training", "max_retention_days", "agreements", "attestations", "operated_by",
    "network",
)  # fmt: skip


def meanings(scenario: Scenario, keys: Iterable[str], catalog: Catalog | None = None) -> dict[str, str]:
    """What each full key's value comes to; keys that say all themselves are left out."""
    told = {key: meaning(scenario, key, catalog) for key in keys}
    return {key: text for key, text in told.items() if text}


def meaning(scenario: Scenario, key: str, catalog: Catalog | None = None) -> str:
    """What the value of one full key comes to, or nothing."""
    parts = key.split(".")
    if parts[0] == "segment" and len(parts) == 3:
        name, field = parts[1], parts[2]
        if field in _DATA:
            return _left_by(scenario.segment[name], field, catalog)
        return _OF_SEGMENT[field](scenario, name, catalog) if field in _OF_SEGMENT else ""
    return _OF_PLAN[key](scenario, catalog) if key in _OF_PLAN else ""


def shape_name(scenario: Scenario, name: str) -> str:
    """The load shape of a segment: its own, else the plan's."""
    return scenario.segment[name].load or scenario.load


def day_of(scenario: Scenario, name: str, catalog: Catalog, weekend: bool = False) -> tuple[float, ...]:
    """Load over the week's peak hour, by hour of the day [24], each hour that of its busiest weekday or weekend day.

    () where the catalog has no shape of that name.
    """
    shape = catalog.load_shapes.get(shape_name(scenario, name))
    if shape is None:
        return ()
    week = week_of(shape.load_over_mean)
    days = week.reshape(7, 24)[5:] if weekend else week.reshape(7, 24)[:5]
    return tuple(float(value) for value in days.max(axis=0) / week.max())


def _requests(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    segment = scenario.segment[name]
    mean = segment.requests.per_second
    shape = None if catalog is None else catalog.load_shapes.get(shape_name(scenario, name))
    if shape is None or segment.may_wait:
        return f"{_short(mean)}/s on average"
    peak = float(week_of(shape.load_over_mean).max()) * shape.minute_peak_over_hour
    return f"{_short(mean * peak)}/s at the peak"


def _tokens(which: str) -> Meaning:
    def tell(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
        segment = scenario.segment[name]
        mean = segment.input_tokens.mean if which == "input" else segment.output_tokens.mean
        return f"{_short(segment.requests.per_month / DAYS_PER_MONTH * mean)} a day"

    return tell


def _prefix(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    shared = scenario.segment[name].shared_prefix
    return "cached price" if shared else "nothing is cached"


def _growth(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    end = growth_factors(scenario.segment[name].growth, scenario.horizon)[0]
    return "" if end == 1 else f"pools for x {end:.3g}"


def _ttft(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    limit = scenario.segment[name].ttft
    if limit is None or catalog is None:
        return "nobody waits" if limit is None else ""
    offers = [offer for offer in catalog.api_offers if offer.tier != "batch"]
    kept = sum(offer.ttft_p95_ms is not None and offer.ttft_p95_ms <= limit for offer in offers)
    return f"{kept} of {len(offers)} offers"


def _tpot(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    limit = scenario.segment[name].tpot
    return "any speed will do" if limit is None else f"{1000 / limit:.3g} tokens/s"


def _percentile(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    missed = 100 - scenario.segment[name].percentile
    return f"{missed:.3g} of 100 may miss"


def _quality(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    if catalog is None:
        return ""
    segment = scenario.segment[name]
    bars = [(floors_asked(catalog, segment.task, asked), asked) for asked in asked_of(segment)]
    meets = sum(
        all(judge(catalog, floors, model, None, segment.task, asked).passes for floors, asked in bars)
        for model in catalog.models
    )
    return f"{meets} open model{'s' * (meets != 1)}"


def _left_by(segment: Segment, field: str, catalog: Catalog | None) -> str:
    """How many suppliers of APIs declare to meet this one requirement, whatever the others ask."""
    asked = getattr(segment, field)
    if catalog is None or asked in (None, "", (), False):
        return ""
    alone = Segment(
        requests=segment.requests, input_tokens=segment.input_tokens, output_tokens=segment.output_tokens
    ).model_copy(update={field: asked})
    left = suppliers_left((alone,), catalog)
    return f"{len(left)} of {len({offer.provider for offer in catalog.api_offers})} suppliers"


def suppliers_left(segments: Iterable[Segment], catalog: Catalog) -> frozenset[str]:
    """Suppliers of APIs that declare to meet what all these segments ask of data."""
    asked = tuple(segments)
    sites = {(offer.provider, offer.region) for offer in catalog.api_offers}
    return frozenset(
        provider for provider, region in sites if all(_may_serve(part, provider, region, catalog) for part in asked)
    )


def _may_serve(segment: Segment, provider: str, region: str, catalog: Catalog) -> bool:
    place = catalog.regions.get(f"{provider}/{region}")
    return not reasons(segment, catalog.attributes.get(provider), place.geographies if place else ())


def _coverage(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    coverage = scenario.segment[name].coverage
    return "it may stand still" if coverage == 0 else "full service" if coverage == 1 else "a part goes on"


def _spot(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    return "" if scenario.segment[name].spot_tolerance else "no spot machines"


def _waits(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    return "batch prices count" if scenario.segment[name].may_wait else "no batch prices"


def _own_load(scenario: Scenario, name: str, catalog: Catalog | None) -> str:
    return _peak(scenario, shape_name(scenario, name), catalog)


def _peak(scenario: Scenario, shape: str, catalog: Catalog | None) -> str:
    found = None if catalog is None else catalog.load_shapes.get(shape)
    return "" if found is None else f"peak {week_of(found.load_over_mean).max():.2g} x mean"


def _load(scenario: Scenario, catalog: Catalog | None) -> str:
    return _peak(scenario, scenario.load, catalog)


def _headroom(scenario: Scenario, catalog: Catalog | None) -> str:
    return f"x {1 + scenario.policy.headroom:.3g} of the peak"


def _expertise(scenario: Scenario, catalog: Catalog | None) -> str:
    return {"none": "managed pools only", "hire": "own pools, once hired"}.get(scenario.team.expertise, "own pools too")


def _operations(scenario: Scenario, catalog: Catalog | None) -> str:
    return _of_catalog(scenario.team.operations_fte, "operations_fte_self_run", catalog, "engineers")


def _setup(scenario: Scenario, catalog: Catalog | None) -> str:
    return _of_catalog(scenario.team.setup_weeks, "setup_weeks", catalog, "weeks")


def _engineer(scenario: Scenario, catalog: Catalog | None) -> str:
    return _of_catalog(scenario.team.engineer_cost, "engineer_cost", catalog, "USD a year")


def _of_catalog(value: object, name: str, catalog: Catalog | None, unit: str) -> str:
    if value is not None or catalog is None or name not in catalog.operations:
        return ""
    return f"{_short(catalog.operations[name].value)} {unit} est"


_OF_SEGMENT: Mapping[str, Meaning] = {
    "requests": _requests, "growth": _growth, "input_tokens": _tokens("input"), "shared_prefix": _prefix,
    "output_tokens": _tokens("output"), "ttft": _ttft, "tpot": _tpot, "percentile": _percentile, "quality": _quality,
    "coverage": _coverage, "spot_tolerance": _spot, "may_wait": _waits, "load": _own_load,
}  # fmt: skip
_OF_PLAN: Mapping[str, Callable[[Scenario, Catalog | None], str]] = {
    "load": _load, "policy.headroom": _headroom, "team.expertise": _expertise, "team.operations_fte": _operations,
    "team.setup_weeks": _setup, "team.engineer_cost": _engineer,
}  # fmt: skip


def _short(value: float) -> str:
    return format_count(float(f"{value:.3g}"))
