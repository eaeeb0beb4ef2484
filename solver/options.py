"""Scenario and catalog to problem: every option raised, turned down with a reason, or kept with its cost."""

from dataclasses import replace

import numpy as np

from catalogs.catalog import Catalog
from solver.api_dominance import reduce_apis
from solver.api_options import ApiOffers, api_offers
from solver.cold_starts import awake_shares
from solver.compliance import Reason
from solver.contingencies import contingencies
from solver.costs import figure, people_costs, people_steps, pool_costs
from solver.design_rates import size_designs
from solver.doubts import doubts_of
from solver.in_force import classes_running, in_force, moving, recheck_doubts
from solver.model_order import GPUS
from solver.patterns import means_api
from solver.pool_charges import Asked
from solver.pool_options import PoolOffers, pool_offers
from solver.pool_sites import Site, matched, pool_sites
from solver.problem import Array, FixedCost, LoadBlocks, Problem, Rules
from solver.quality_gate import QualityGate, quality_gate
from solver.raise_designs import raise_designs
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Scenario
from solver.scenario_check import Named, Names, check_names
from solver.site_choice import Market, choose_sites
from solver.sub_segments import SubSegment, load_of, round_trips, sub_segments


def problem_of(
    scenario: Scenario, catalog: Catalog, all_refusals: bool = False, book: RefusalBook | None = None
) -> Problem:
    """The problem of a scenario on a catalog.

    Refusals are the nearest to passing of each rule and segment, or all of them; a refusal whose option is a glob
    stands for every design that it matches. Counts are of pairs (segment, option), each under one rule. A `book` given
    collects them in the place of one of its own.
    InputError: names in the scenario that the catalog does not know, or a cost without its figure.
    """
    sites = pool_sites(scenario, catalog)
    names = check_names(scenario, catalog, sites)
    parts = sub_segments(scenario)
    blocks = load_of(scenario, catalog, parts)
    book, gate = book or RefusalBook(all_refusals), quality_gate(catalog)
    apis = _without_dominated(scenario, parts, blocks, api_offers(scenario, catalog, parts, gate, book), book)
    pools, assumed = _pools(scenario, catalog, parts, blocks, sites, names, gate, book)
    served = {(s, pools.designs[k].id) for s, k in np.argwhere(np.isfinite(pools.kappa)).tolist()}
    return Problem(
        segments=tuple(part.name for part in parts),
        segment_of=tuple(part.of for part in parts),
        blocks=blocks,
        designs=pools.designs,
        apis=apis.options,
        kappa=pools.kappa,
        charges={**apis.charges, **pools.charges},
        headroom=np.full(len(parts), scenario.policy.headroom),
        spot_tolerance=np.array([part.segment.spot_tolerance for part in parts], dtype=np.float64),
        tokens_per_request=_tokens(parts),
        may_wait=np.array([part.segment.may_wait for part in parts], dtype=bool),
        fixed_costs=_fixed_costs(scenario, catalog, apis, pools, sites),
        people=people_steps(scenario, catalog) if pools.designs else None,
        rules=plan_rules(scenario),
        refusals=book.refusals(),
        refusal_counts=dict(sorted(book.counts.items())),
        awake=awake_shares(parts, blocks, _idle_timeout(catalog, sites)),
        doubts=(
            *recheck_doubts(scenario, parts, pools.designs, served | apis.charges.keys()),
            *doubts_of(scenario, catalog, apis, pools, assumed or apis.assumed_round_trip),
        ),
        coverage=np.array([part.segment.coverage for part in parts], dtype=np.float64),
        contingencies=contingencies(scenario, catalog, pools.designs, apis.options),
        unit_rate=apis.unit_rate,
        in_force=in_force(scenario, catalog, pools.designs),
        moving=moving(scenario, catalog, parts),
    )


def _pools(
    scenario: Scenario,
    catalog: Catalog,
    parts: tuple[SubSegment, ...],
    blocks: LoadBlocks,
    sites: tuple[Site, ...],
    names: Names,
    gate: QualityGate,
    book: RefusalBook,
) -> tuple[PoolOffers, bool]:
    """Pool designs: raise, size, price; and whether a round trip had to be assumed."""
    trips, assumed = round_trips(catalog, parts, [(site.provider, site.region) for site in sites])
    asked = Asked(
        scenario, catalog, parts, blocks, sites, matched(catalog, parts, sites), trips,
        _idle_timeout(catalog, sites), frozenset(filter(names.may_mean_pool, _texts(scenario))),
    )  # fmt: skip
    market = Market(asked)
    asked = replace(asked, chosen=choose_sites(asked, market, {*GPUS, *(rate.gpus for rate in catalog.rates)}))
    copies = {name: sum(part.of == name for part in parts) for name in scenario.segment}
    sold: dict[str, set[int]] = {}
    for gpu, gpus in asked.chosen:
        sold.setdefault(gpu, set()).add(gpus)
    for gpu in sorted(catalog.gpus.keys() - sold.keys()):
        barred = next((site.barred for site in sites if site.gpu == gpu and site.barred), None)
        reason = barred or Reason(Rule.NO_PRICE, "no price", "a price an hour")
        book.add("", f"*/*x{gpu}/*", reason, sum(copies.values()))
    if "owned" in scenario.policy.purchase_types:
        bought = {gpu for gpu, place in ((site.gpu, site.provider) for site in sites) if place == "owned"}
        for gpu in sorted(sold.keys() - bought):
            lacks = "purchase price" if gpu not in catalog.purchases else "power"
            reason = Reason(Rule.NO_PRICE, f"{lacks} unknown", "what it costs to buy, and its power")
            book.add("", f"*/*x{gpu}/*/owned@site", reason, sum(copies.values()))
    raised = raise_designs(scenario.segment, copies, catalog, sold, gate, book, Named(scenario, names))
    sized = size_designs(raised, scenario.segment, _trips(asked), copies, catalog, gate, book)
    return pool_offers(asked, market, sized, book), assumed


def _texts(scenario: Scenario) -> tuple[str, ...]:
    """All texts of rules that name options."""
    return (*scenario.policy.may_use, *scenario.policy.must_not_use, *scenario.named)


def _trips(asked: Asked) -> dict[str, list[float]]:
    """Round trips for which each segment's designs are sized, ms, ascending: those to sites that may serve it."""
    sites = sorted({v for chosen in asked.chosen.values() for v in chosen.sites})
    found: dict[str, set[float]] = {part.of: set() for part in asked.parts}
    for s, part in enumerate(asked.parts):
        found[part.of] |= {float(asked.trips[s, v]) for v in sites if asked.why_not(s, v) is None}
    return {name: sorted(trips) or [0.0] for name, trips in found.items()}


def _idle_timeout(catalog: Catalog, sites: tuple[Site, ...]) -> float:
    """Seconds after which an idle serverless replica sleeps; 0 where none is sold."""
    sold = any(site.pool_class == "serverless" for site in sites)
    return figure(catalog, "serverless_idle_timeout_s").value if sold else 0.0


def _without_dominated(
    scenario: Scenario, parts: tuple[SubSegment, ...], blocks: LoadBlocks, apis: ApiOffers, book: RefusalBook
) -> ApiOffers:
    """The offers that an optimum may need of each segment; those named by a rule or sold by the unit stay."""
    named = [any(means_api(text, o.id, o.offer) for text in scenario.named) for o in apis.options]
    units = [[(s, o.id) in apis.unit_rate for o in apis.options] for s in range(len(parts))]
    held = np.array(named, dtype=bool) | np.array(units, dtype=bool)
    waits = np.array([part.segment.may_wait for part in parts], dtype=bool)
    by = reduce_apis(apis.options, apis.charges, blocks, _tokens(parts), waits, held)
    for (s, a), better in by.items():
        why = Reason(Rule.DOMINATED, f"dominated by {apis.options[better].id}", "cheaper for some segment")
        book.add(parts[s].name, apis.options[a].id, why)
    gone = {(s, apis.options[a].id) for s, a in by}
    charges = {pair: pays for pair, pays in apis.charges.items() if pair not in gone}
    ids = {id_ for _, id_ in charges}
    return ApiOffers(
        tuple(option for option in apis.options if option.id in ids), charges, apis.assumed_round_trip, apis.unit_rate
    )


def _tokens(parts: tuple[SubSegment, ...]) -> Array:
    """Mean tokens of a request, input and output, as rate limits count them."""
    return np.array([part.segment.input_tokens.mean + part.segment.output_tokens.mean for part in parts])


def _fixed_costs(
    scenario: Scenario, catalog: Catalog, apis: ApiOffers, pools: PoolOffers, sites: tuple[Site, ...]
) -> tuple[FixedCost, ...]:
    suppliers = {option.offer.provider for option in apis.options}
    people = people_costs(scenario, catalog, suppliers, classes_running(scenario, sites))
    if not pools.designs:
        people = tuple(cost for cost in people if cost.trigger[0] == "supplier")
    return (*people, *pool_costs(scenario.policy, catalog, pools.designs))


def plan_rules(scenario: Scenario) -> Rules:
    """The policy's rules on the plan as a whole, as the program takes them."""
    policy = scenario.policy
    return Rules(
        budget_per_month=None if policy.budget is None else policy.budget.per_month,
        max_pool_designs=policy.max_pool_designs,
        min_suppliers=policy.min_suppliers,
        max_suppliers=policy.max_suppliers,
        must_use=policy.must_use,
        gpus_available=policy.gpus_available,
        capital=policy.capital,
        horizon_months=scenario.horizon,
        beyond_horizon=policy.beyond_horizon,
        margin=policy.margin,
        simple_within=policy.simple_within,
    )
