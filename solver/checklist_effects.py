"""What an answer of the checklist does to the model, in one line with numbers from the scenario and the catalog."""

from collections.abc import Callable, Mapping

from catalogs.catalog import Catalog
from solver.checklist import applied
from solver.load_blocks import growth_factors, week_of
from solver.meanings import suppliers_left
from solver.quality import judge
from solver.quality_floors import asked_of, floors_asked
from solver.scenario import Scenario, Segment
from solver.units import format_count, format_milliseconds, format_share

Effect = Callable[[Scenario, Catalog | None], str]
_TERMS = {"reserved_1m": "1 month", "reserved_1y": "1 year", "reserved_3y": "3 years"}


def effect(scenario: Scenario, item: str, digit: int, catalog: Catalog | None = None) -> str:
    """One line on what the model looks like under an answer; figures of the catalog only where one is given.

    Raises KeyError for an item or a digit that the checklist does not have.
    """
    after = applied(scenario, item, digit)
    return _EFFECTS[item](after, catalog)


def spend(scenario: Scenario, catalog: Catalog | None) -> str:
    """Requests and tokens a month, and what growth makes of them at the end of the horizon."""
    segments = scenario.segment.values()
    requests = sum(segment.requests.per_month for segment in segments)
    tokens = sum(
        segment.requests.per_month * (segment.input_tokens.mean + segment.output_tokens.mean) for segment in segments
    )
    end = sum(
        segment.requests.per_month * growth_factors(segment.growth, scenario.horizon)[0] for segment in segments
    ) / requests  # fmt: skip
    sized = "no growth" if abs(end - 1) < 0.005 else f"pools sized for {end:.3g} x that"
    bill = f"; billed {scenario.today.bill}" if scenario.today.bill else ""
    return f"{_short(requests)} requests, {_short(tokens)} tokens a month; {sized}{bill}"


def load(scenario: Scenario, catalog: Catalog | None) -> str:
    """Load blocks, and how much of a pool sized for the peak would idle."""
    shapes = {} if catalog is None else catalog.load_shapes
    names = dict.fromkeys(segment.load or scenario.load for segment in scenario.segment.values())
    if not all(name in shapes for name in names):
        return f"load shape {', '.join(names)}, {scenario.blocks} load blocks at most"
    weeks = {name: week_of(shapes[name].load_over_mean) for name in names}
    peaks = {name: float(week.max()) for name, week in weeks.items()}
    blocks = min(scenario.blocks, 168)
    said = ", ".join(f"peak {peak:.2g} x mean{f' ({name})' * (len(peaks) > 1)}" for name, peak in peaks.items())
    return f"{blocks} load blocks, {said}: a pool sized for the peak idles {1 - 1 / max(peaks.values()):.0%}"


def team(scenario: Scenario, catalog: Catalog | None) -> str:
    """Which pools the team may run."""
    if scenario.team.expertise == "none":
        return "no own pools: managed and serverless endpoints only"
    fte = scenario.team.operations_fte
    if fte is None and catalog is not None and "operations_fte_self_run" in catalog.operations:
        fte = catalog.operations["operations_fte_self_run"].value
    people = "" if fte is None else f", {fte:.3g} engineers for the first"
    return "own pools offered" + people + (", still to be hired" * (scenario.team.expertise == "hire"))


def quality(scenario: Scenario, catalog: Catalog | None) -> str:
    """The quality asked of each segment, what an option must offer, and how many open models meet the floor."""
    parts = _by_segment(scenario, lambda segment: " and ".join((str(segment.quality), *map(_words, segment.features))))
    if catalog is None:
        return f"quality at least {parts}"
    bars = [
        (floors_asked(catalog, part.task, asked), part.task, asked)
        for part in scenario.segment.values()
        for asked in asked_of(part)
    ]
    meets = {
        model
        for model in catalog.models
        if all(judge(catalog, floors, model, None, task, asked).passes for floors, task, asked in bars)
    }
    return f"quality at least {parts}; {len(meets)} of {len(catalog.models)} open models meet it"


def latency(scenario: Scenario, catalog: Catalog | None) -> str:
    """The limits on first and next token, and how many API offers keep the first."""
    text = _by_segment(scenario, _limits)
    if catalog is None or all(segment.ttft is None for segment in scenario.segment.values()):
        return text
    offers = [offer for offer in catalog.api_offers if offer.tier != "batch"]
    kept = sum(
        all(
            segment.ttft is None or (offer.ttft_p95_ms is not None and offer.ttft_p95_ms <= segment.ttft)
            for segment in scenario.segment.values()
        )
        for offer in offers
    )
    return f"{text}; {kept} of {len(offers)} API offers start as soon"


def cost(scenario: Scenario, catalog: Catalog | None) -> str:
    """The horizon, and the terms that fit into it."""
    forbid = scenario.policy.beyond_horizon == "forbid"
    months = {"reserved_1m": 1, "reserved_1y": 12, "reserved_3y": 36}
    kinds = scenario.policy.purchase_types
    terms = [_TERMS[kind] for kind in kinds if kind in months and not (forbid and months[kind] > scenario.horizon)]
    signed = "terms of " + ", ".join(terms) if terms else "no terms"
    owned = "; owned too" if "owned" in kinds else ""
    return f"set-up over {scenario.horizon} months; {signed}{owned}"


def fallback(scenario: Scenario, catalog: Catalog | None) -> str:
    """What must survive, what may rest on spot, and how many suppliers there must be."""
    kept = _by_segment(scenario, lambda segment: format_share(segment.coverage))
    spot = _by_segment(scenario, lambda segment: format_share(segment.spot_tolerance))
    suppliers = scenario.policy.min_suppliers or 1
    return f"{kept} must go on, {spot} may rest on spot, {suppliers} supplier{'s' * (suppliers > 1)} at least"


def data(scenario: Scenario, catalog: Catalog | None) -> str:
    """Where prompts may go, and how many API suppliers declare to meet it."""
    text = _by_segment(scenario, _where)
    if catalog is None:
        return f"data may go {text}"
    suppliers = {offer.provider for offer in catalog.api_offers}
    left = suppliers_left(scenario.segment.values(), catalog)
    return f"{text}; {len(left)} of {len(suppliers)} API suppliers left"


def revisit(scenario: Scenario, catalog: Catalog | None) -> str:
    """What may be signed beyond the horizon."""
    if scenario.policy.beyond_horizon == "forbid":
        return f"no term beyond the horizon of {scenario.horizon} months"
    return f"terms beyond {scenario.horizon} months allowed, their rest charged to the plan"


_EFFECTS: Mapping[str, Effect] = {
    "spend": spend,
    "load": load,
    "team": team,
    "quality": quality,
    "latency": latency,
    "cost": cost,
    "fallback": fallback,
    "data": data,
    "revisit": revisit,
}


def _by_segment(scenario: Scenario, say: Callable[[Segment], str]) -> str:
    """What is said of each segment; once where all say the same."""
    said = {name: say(segment) for name, segment in scenario.segment.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return ", ".join(f"{text} ({name})" for name, text in said.items())


def _limits(segment: Segment) -> str:
    if segment.may_wait:
        return "may wait for a day, batch prices count"
    if segment.ttft is None:
        return "no limit on the first token"
    return f"first token within {format_milliseconds(segment.ttft)} at p{segment.percentile:.12g}"


def _where(segment: Segment) -> str:
    place = segment.processing_in or "anywhere"
    parts = [place if place == "anywhere" else f"within {place.upper()}"]
    if segment.no_training:
        parts.append("no training")
    if segment.max_retention_days is not None:
        parts.append(f"kept {segment.max_retention_days} days" if segment.max_retention_days else "nothing kept")
    if segment.operated_by:
        parts.append("run by " + " or ".join("you" if who == "self" else _words(who) for who in segment.operated_by))
    return ", ".join(parts)


def _words(word: str) -> str:
    return word.replace("_", " ")


def _short(value: float) -> str:
    return format_count(float(f"{value:.3g}"))
