"""API offers against each segment: who may serve it, at what a request costs, or why not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from catalogs.api_prices import is_guess
from catalogs.catalog import Catalog
from catalogs.records import ApiOffer, Provisioned
from catalogs.vocabulary import TERM_MONTHS, LicenceClass
from solver.compliance import UNKNOWN, Reason, reasons
from solver.costs import api_charges, figure, length_quantile, quantile
from solver.patterns import means_api
from solver.problem import ApiOption, Charge
from solver.quality_gate import QualityGate, SegmentGate
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Policy, Scenario, Segment
from solver.sub_segments import SubSegment, region_of, round_trips

MEDIAN = 50.0
LEAST_TTFT_OF_AN_ESTIMATE_MS = 200.0
"""An estimated latency passes no TTFT limit below this."""
PROMPT_OF_AN_ESTIMATE = 2000
"""Tokens of the prompt that an estimated latency is of; what is beyond them must be read first."""


@dataclass(frozen=True)
class ApiOffers:
    """Offers that may serve some segment, what a request of segment s pays for each, and what a unit serves of s."""

    options: tuple[ApiOption, ...]
    charges: dict[tuple[int, str], tuple[Charge, ...]]
    assumed_round_trip: bool
    unit_rate: dict[tuple[int, str], float] = field(default_factory=dict)


def api_offers(
    scenario: Scenario, catalog: Catalog, parts: tuple[SubSegment, ...], gate: QualityGate, book: RefusalBook
) -> ApiOffers:
    """Match every offer of the catalog with every segment; refusals go into the book."""
    offers = sorted(catalog.api_offers, key=lambda offer: offer.id)
    options: list[ApiOption] = []
    charges: dict[tuple[int, str], tuple[Charge, ...]] = {}
    unit_rate: dict[tuple[int, str], float] = {}
    sold = units_sold(scenario, catalog)
    trips, assumed = round_trips(catalog, parts, [(offer.provider, offer.region) for offer in offers])

    @cache
    def broken(segment: str, provider: str, place: str, licence: LicenceClass | None) -> list[Reason]:
        region = region_of(catalog, provider, place)
        places = region.geographies if region else ()
        return reasons(scenario.segment[segment], catalog.attributes.get(provider), places, licence)

    reading = figure(catalog, "api_reading_ms_per_ktok").value
    limits = [_Limits.of(part.segment, gate, reading) for part in parts]
    for place, offer in enumerate(offers):
        barred = _barred(scenario.policy, catalog, offer)
        if barred:
            book.add("", offer.id, barred, len(parts))
            continue
        admitted, units = False, sold.get(offer.id)
        for s, part in enumerate(parts):
            why = _refused(part.segment, limits[s], offer, float(trips[s, place]))
            why += broken(part.of, offer.provider, offer.region, _licence(catalog, offer))
            if why:
                book.add(part.name, offer.id, max(why, key=lambda reason: reason.distance))
                continue
            charges[s, offer.id] = api_charges(part.segment, offer)
            admitted = True
            if units and (rate := requests_per_unit(part.segment, units)) > 0:
                unit_rate[s, offer.id] = rate
        if admitted:
            served = any((s, offer.id) in unit_rate for s in range(len(parts)))
            options.append(_option(offer, units if served else None))
    return ApiOffers(tuple(options), charges, assumed and bool(options), unit_rate)


def units_sold(scenario: Scenario, catalog: Catalog) -> Mapping[str, Provisioned]:
    """Provisioned units by API offer: of the terms within the horizon that the policy allows, the cheapest.

    A term is barred where GPUs may not be reserved for as long; by the hour nothing is signed.
    """
    barred = {months for m, months in TERM_MONTHS.items() if m not in scenario.policy.purchase_types}
    found: dict[str, Provisioned] = {}
    for each in sorted(catalog.provisioned, key=lambda each: (each.price_per_hour / each.tokens_per_minute, each.id)):
        if each.term_months <= scenario.horizon and each.term_months not in barred:
            found.setdefault(each.offer, each)
    return found


def requests_per_unit(segment: Segment, units: Provisioned) -> float:
    """Requests/s of the segment that one unit serves; 0 where its long prompts are beyond what is taken.

    A request takes its mean tokens by weight; the shared prefix counts as read from the cache where that is documented.
    """
    if units.longest_prompt is not None and length_quantile(segment.input_tokens) > units.longest_prompt:
        return 0.0
    cached = 0.0 if units.cached_weight is None else segment.shared_prefix
    read = 1 - cached + cached * (units.cached_weight or 0.0)
    tokens = segment.input_tokens.mean * read + segment.output_tokens.mean * units.output_weight
    return units.tokens_per_minute / 60 / tokens


def _option(offer: ApiOffer, units: Provisioned | None) -> ApiOption:
    def per_second(per_minute: float | None) -> float:
        return np.inf if per_minute is None else per_minute / 60

    why = (
        offer.estimate and f"price: {offer.estimate}",
        offer.latency_estimate and f"latency: {offer.latency_estimate}",
        f"provisioned units: {units.estimate}" if units and units.estimate else "",
    )
    return ApiOption(
        offer.id,
        offer,
        requests_per_s=per_second(offer.requests_per_minute),
        tokens_per_s=per_second(offer.tokens_per_minute),
        unit_price=units.price_per_hour if units else 0.0,
        unit_min=units.minimum if units else 0,
        unit_step=units.step if units else 1,
        estimate="; ".join(filter(None, why)),
        unit_source=units.source if units else "",
        unit_estimate=units.estimate if units else "",
        unit_date=units.date if units else "",
    )


def _barred(policy: Policy, catalog: Catalog, offer: ApiOffer) -> Reason | None:
    """Why the offer may serve no segment at all."""
    if not policy.apis:
        return Reason(Rule.APIS_OFF, "an API", "no APIs")
    if offer.retires and offer.retires <= catalog.as_of:
        return Reason(Rule.RETIRED, f"retired on {offer.retires}", f"in service on {catalog.as_of}")
    if policy.may_use and not any(means_api(text, offer.id, offer) for text in policy.may_use):
        return Reason(Rule.MAY_USE, offer.id, ", ".join(policy.may_use))
    barred = next((text for text in policy.must_not_use if means_api(text, offer.id, offer)), None)
    return Reason(Rule.MUST_NOT_USE, offer.id, f"not {barred}") if barred else None


def _licence(catalog: Catalog, offer: ApiOffer) -> LicenceClass | None:
    """The class of the licence of open weights; None of closed ones."""
    model = catalog.models.get(offer.model)
    return (model.licence_class if model else "unknown") if offer.open_weights else None


_TELL_OF_FINE_TUNES = "an API that serves your fine-tune has fine_tune = true among its [api_offers.ID] of an overlay"


class _Limits(NamedTuple):
    """What offers are held to, worked out once a segment: its quality, tokens of a long prompt and a long answer.

    `reading_ms` is what such a prompt adds to an estimated TTFT.
    """

    quality: SegmentGate
    prompt: float
    answer: float
    reading_ms: float

    @classmethod
    def of(cls, segment: Segment, gate: QualityGate, ms_per_ktok: float) -> "_Limits":
        prompt, answer = length_quantile(segment.input_tokens), length_quantile(segment.output_tokens)
        beyond = max(prompt * (1 - segment.shared_prefix) - PROMPT_OF_AN_ESTIMATE, 0.0)
        return cls(gate.of(segment), prompt, answer, beyond / 1000 * ms_per_ktok)


def _refused(segment: Segment, limits: _Limits, offer: ApiOffer, round_trip_ms: float) -> list[Reason]:
    """What the offer breaks but for compliance."""
    short = limits.quality.reason(offer.model, None)
    return [
        *_tier(segment, offer), *([short] if short else []), *_context(limits, offer), *_features(segment, offer),
        *_latency(segment, offer, round_trip_ms, limits.reading_ms),
    ]  # fmt: skip


def _tier(segment: Segment, offer: ApiOffer) -> list[Reason]:
    if offer.tier == "batch" and not segment.may_wait:
        return [Reason(Rule.BATCH_ONLY, "batch, hours later", "an answer at once")]
    return []


def _context(limits: _Limits, offer: ApiOffer) -> list[Reason]:
    """The p95 of input plus that of output within the context, and the latter within the longest answer."""
    found: list[Reason] = []
    for limit, tokens in (
        (offer.context_tokens, limits.prompt + limits.answer), (offer.max_output_tokens, limits.answer),
    ):  # fmt: skip
        if limit is not None and tokens > limit:
            found.append(Reason(Rule.CONTEXT, float(limit), tokens, "token", tokens / max(limit, 1) - 1))
    return found


def _features(segment: Segment, offer: ApiOffer) -> list[Reason]:
    """What weights of one's own give: fine-tuning (no offer's terms are in the catalog) and a version that stays.

    An API's version stays where its name carries a date (`gpt-4o-2024-08-06`). `frontier` raises the quality floor.
    """
    found: list[Reason] = []
    if "fine_tune" in segment.features and not offer.fine_tune:
        found.append(Reason(Rule.FEATURE, f"fine-tuning {UNKNOWN}", "fine_tune", note=_TELL_OF_FINE_TUNES))
    if "fixed_version" in segment.features and not has_date(offer.provider_model):
        found.append(Reason(Rule.FEATURE, f"{offer.provider_model}: no dated version", "fixed_version"))
    return found


_MONTH, _DAY = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
_DATE = re.compile(rf"(?<!\d)(20\d\d-{_MONTH}-{_DAY}|20\d\d{_MONTH}{_DAY}|2\d{_MONTH}|{_MONTH}{_DAY})(?!\d)")


def has_date(name: str) -> bool:
    """Whether a model's name carries a date, as 2024-08-06, 20240806, 2407 or 0613."""
    return _DATE.search(name) is not None


def _latency(segment: Segment, offer: ApiOffer, round_trip_ms: float, reading_ms: float) -> list[Reason]:
    """TTFT with the round trip, and TPOT, at the segment's percentile; what is unknown fails a limit."""
    found: list[Reason] = []
    guessed = is_guess(offer.latency_estimate, "ttft_p95_ms" if segment.percentile > MEDIAN else "ttft_p50_ms")
    before = round_trip_ms + (reading_ms if guessed else 0.0)
    for rule, limit, p50, p95, extra in (
        (Rule.TTFT, segment.ttft, offer.ttft_p50_ms, offer.ttft_p95_ms, before),
        (Rule.TPOT, segment.tpot, offer.tpot_p50_ms, offer.tpot_p95_ms, 0.0),
    ):
        if limit is None:
            continue
        name = rule.value.upper()
        value = None if offer.tier == "batch" else quantile(p50, p95, segment.percentile)
        if value is None:
            found.append(Reason(Rule.LATENCY_UNKNOWN, f"{name} {UNKNOWN}", limit, "ms"))
        elif value + extra > limit:
            found.append(Reason(rule, value + extra, limit, "ms", (value + extra) / limit - 1))
        elif rule is Rule.TTFT and guessed and limit < LEAST_TTFT_OF_AN_ESTIMATE_MS:
            found.append(Reason(rule, f"{value + extra:.4g} ms, an estimate", limit, "ms"))
    return found
