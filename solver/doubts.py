"""Estimates and gaps that the problem rests on, grouped and short."""

from collections.abc import Iterable, Sequence

from catalogs.catalog import Catalog
from solver.api_options import ApiOffers
from solver.plan import Fallback, Pool
from solver.pool_options import PoolOffers
from solver.problem import Problem
from solver.scenario import QualityDemand, Scenario
from solver.sub_segments import sub_segments
from solver.units import format_share

LONG_PROMPT = 4000
"""Mean input tokens above which a latency estimated for short prompts says little."""
SMALL_MODEL_B = 10
"""Parameters in 1e9 below which a model that passes more than a low floor does so by votes on short chats."""
MOST_GPUS = 16
"""Rented GPUs beyond which it is not taken for granted that one place has them at the list price."""

FLEET = 100
"""GPUs from which experts can be spread over machines: DeepSeek decodes on 144, LMSYS measured 96 (2025)."""

ROUTERS = ("openrouter",)
"""Providers that pass requests on to others: class `router` of catalogs/figures/providers.toml."""
OF_ONE_DAY = "cheapest offer of one day"
"""In the estimate of a GPU price that a marketplace asked of one customer: catalogs/figures/gpu_price_flags.toml."""


def doubts_of(
    scenario: Scenario, catalog: Catalog, apis: ApiOffers, pools: PoolOffers, assumed_round_trip: bool
) -> tuple[str, ...]:
    """One sentence for each kind of doubt among the options that were kept."""
    found = [
        *_coverage(scenario), *_of_fine_tunes(scenario, apis), *_of_apis(scenario, catalog, apis),
        *_of_pools(scenario, catalog, pools), *_of_small_models(scenario, catalog, apis, pools),
    ]  # fmt: skip
    if assumed_round_trip:
        found.append("The round trip to some providers is unknown: the longest known one is taken.")
    return tuple(found)


def doubts_of_use(problem: Problem, catalog: Catalog, used: Iterable[str]) -> tuple[str, ...]:
    """One sentence for each option that the plan uses, of what is guessed or runs out there; used are option ids."""
    end = _end(catalog.as_of, problem.rules.horizon_months)
    told: dict[str, list[str]] = {}
    for api in problem.apis:
        offer = api.offer
        told[api.id] = [
            *([f"it retires on {offer.retires}, within the horizon"] if offer.retires and offer.retires <= end else []),
            *(["its price is an estimate"] if offer.estimate else []),
            *(["its latency is an estimate"] if offer.latency_estimate else []),
            *(["its rate limits are unknown"] if min(api.requests_per_s, api.tokens_per_s) == float("inf") else []),
        ]
    for design in problem.designs:
        told[design.id] = [
            *(["its speed rests on few or no measurements"] if design.estimate else []),
            *(["a price is an estimate"] if any(way.estimate for way in design.purchases.values()) else []),
        ]
    return tuple(f"{option}: {', '.join(told[option])}." for option in used if told.get(option))


def doubts_of_plan(problem: Problem, pools: Sequence[Pool], fallbacks: Sequence[Fallback]) -> tuple[str, ...]:
    """One sentence for each doubt about the whole plan: GPUs of a marketplace, a fallback that may fail along."""
    designs = {design.id: design for design in problem.designs}
    found = []
    for pool in pools:
        ways = {str(purchase): way for purchase, way in designs[pool.option].purchases.items()}
        cheapest = [row for row in pool.replicas if OF_ONE_DAY in ways[row.purchase].estimate]
        most = pool.gpus_per_replica * max(
            (sum(row.count for row in cheapest if row.block in (None, b)) for b in {row.block for row in cheapest}),
            default=0.0,
        )
        if most > MOST_GPUS:
            found.append(f"{pool.option}: {most:,.0f} GPUs at once at the cheapest offer of one day; few have so many.")
    sellers = {api.id: api.offer.provider for api in problem.apis}
    routed = {
        each.of: sellers[part.option]
        for each in fallbacks if each.lost == "provider"
        for part in each.moved_to if sellers.get(part.option) in ROUTERS
    }  # fmt: skip
    for router in dict.fromkeys(routed.values()):
        lost = ", ".join(sorted(of for of, to in routed.items() if to == router))
        found.append(f"{router} passes requests on to others: that it runs on while {lost} is down was not checked.")
    return tuple(found)


def _coverage(scenario: Scenario) -> list[str]:
    asked = {name: segment.coverage for name, segment in scenario.segment.items() if segment.coverage > 0}
    if scenario.policy.contingencies:
        return []
    return [
        f"{name}: {format_share(share)} must go on, and the policy names no contingency in which."
        for name, share in asked.items()
    ]


def _of_fine_tunes(scenario: Scenario, apis: ApiOffers) -> list[str]:
    tuned = [name for name, segment in scenario.segment.items() if "fine_tune" in segment.features]
    if not tuned or not scenario.policy.apis or any(option.offer.fine_tune for option in apis.options):
        return []
    return [f"Some APIs serve fine-tunes of their customers; their terms are not in the catalog: {', '.join(tuned)}."]


def _of_apis(scenario: Scenario, catalog: Catalog, apis: ApiOffers) -> list[str]:
    found: list[str] = []
    offers = [option.offer for option in apis.options]
    limits = any(part.segment.ttft or part.segment.tpot for part in sub_segments(scenario))
    guessed = [offer for offer in offers if offer.latency_estimate]
    if guessed and limits:
        found.append(f"Latency of {len(guessed)} of {len(offers)} API offers is an estimate by class of provider.")
        long = [name for name, part in scenario.segment.items() if part.ttft and part.input_tokens.mean > LONG_PROMPT]
        if long:
            told = "That estimate is of prompts of about 2,000 tokens, and small models' reading beyond"
            found.append(f"{told}; longer here: {', '.join(long)}.")
    if offers:
        found.append("Tokens that a model spends on hidden reasoning are neither priced nor timed.")
    priced = [offer for offer in offers if offer.estimate]
    if priced:
        found.append(f"Prices of {len(priced)} of {len(offers)} API offers are estimates.")
    unlimited = [o for o in apis.options if not (o.requests_per_s < float("inf") and o.tokens_per_s < float("inf"))]
    if unlimited:
        found.append(f"Rate limits of {len(unlimited)} of {len(offers)} API offers are unknown and do not bind.")
    leaving = [offer for offer in offers if offer.retires and offer.retires <= _end(catalog.as_of, scenario.horizon)]
    if leaving:
        names = ", ".join(f"{offer.id} on {offer.retires}" for offer in leaving[:3])
        more = f" and {len(leaving) - 3} more" if len(leaving) > 3 else ""
        found.append(f"Retired within the horizon: {names}{more}.")
    return found


def _end(as_of: str, months: int) -> str:
    """The date so many months later; an ISO date compares as text."""
    year, month = int(as_of[:4]), int(as_of[5:7] or 1)
    ahead = year * 12 + month - 1 + months
    return f"{ahead // 12:04d}-{ahead % 12 + 1:02d}{as_of[7:]}"


def _of_pools(scenario: Scenario, catalog: Catalog, pools: PoolOffers) -> list[str]:
    found: list[str] = []
    designs, total = pools.designs, len(pools.designs)
    if not total:
        return found
    slow = [design for design in designs if design.estimate]
    if slow:
        found.append(f"The speed of {len(slow)} of {total} pool designs rests on few or no measurements.")
    priced = [design for design in designs if any(way.estimate for way in design.purchases.values())]
    if priced:
        found.append(f"GPU prices of {len(priced)} of {total} pool designs are estimates, at least in part.")
    if any("spot" in design.purchases for design in designs) and any(
        segment.spot_tolerance > 0 for segment in scenario.segment.values()
    ):
        found.append("Spot prices are of one moment, and spot interruptions of one trace.")
    if any(design.pool_class == "serverless" for design in designs):
        found.append("Serverless replicas are paid in fractions, and whole only while arrivals keep one awake.")
    choosy = sorted({catalog.engines[design.engine].name.split(" (")[0] for design in designs} - {"vLLM"})
    if choosy:
        found.append(f"That each model runs on {' and '.join(choosy)} was not checked.")
    rented = [design for design in designs if design.pool_class == "self_run" and design.provider != "owned"]
    most = min((design.max_replicas * design.gpus for design in rented), default=0)
    if most > MOST_GPUS and not scenario.policy.gpus_available:
        found.append(f"Pools alone take {most} GPUs and more at the peak; that a cloud has so many was not checked.")
    models = {design.model: catalog.models[design.model] for design in designs}
    if most > FLEET and any(model.experts for model in models.values()):
        found.append(
            "A replica stays on one machine here; experts over many may serve twice as much from such a fleet."
        )
    barred = sorted(name for name, model in models.items() if model.licence_class == "noncommercial")
    if barred:
        found.append(f"Licence forbids commercial use without a contract: {', '.join(barred)}.")
    unknown = sorted(name for name, model in models.items() if model.licence_class == "unknown")
    if unknown:
        more = ", ..." if len(unknown) > 4 else ""
        found.append(f"Licence is unknown, ask before use: {', '.join(unknown[:4])}{more}.")
    if scenario.team.expertise == "hire" and scenario.policy.people:
        found.append("Whoever is to run it must still be hired; the search and its months are not counted.")
    return found


def _of_small_models(scenario: Scenario, catalog: Catalog, apis: ApiOffers, pools: PoolOffers) -> list[str]:
    if all(
        segment.quality.evaluation if isinstance(segment.quality, QualityDemand) else segment.quality == "low"
        for segment in scenario.segment.values()
    ):
        return []
    names = {design.model for design in pools.designs} | {option.offer.model for option in apis.options}
    models = [catalog.models[name] for name in sorted(names) if name in catalog.models]
    small = [model.id for model in models if model.params_total_b < SMALL_MODEL_B]
    more = ", ..." if len(small) > 4 else ""
    told = f"Small models pass the quality asked by a public score alone, try yours: {', '.join(small[:4])}{more}."
    return [told] if small else []
