"""Figures worth seeing beside a plan, because their absence is how such decisions go wrong.

Volume beside tokens/s and utilisation, KV tokens beside weights, sizing by the mean beside sizing by the peak, and
what remains of a saving once people are paid.
"""

from collections.abc import Iterator

from catalogs.catalog import Catalog
from solver.design_arrays import design_arrays, is_sized
from solver.design_columns import Design
from solver.plan import Plan, Pool, Reading
from solver.problem import Problem
from solver.scenario import Scenario
from solver.units import SECONDS


def readings_of(scenario: Scenario, catalog: Catalog, problem: Problem, plan: Plan) -> tuple[Reading, ...]:
    """All readings of a plan; none when nothing fits."""
    if plan.total_per_month is None:
        return ()
    return (
        *_volume(problem, plan, plan.total_per_month),
        *_thumb(catalog, plan),
        *(reading for pool in plan.pools for reading in _pool(catalog, problem, plan, pool)),
        *_against_today(scenario, plan),
        Reading(
            name="merging of load blocks",
            value=problem.blocks.merge_error,
            unit="share of replica-hours",
            says=f"more than sizing each of the week's 168 hours by itself; {len(problem.blocks.hours)} blocks",
        ),
    )


def _volume(problem: Problem, plan: Plan, total: float) -> Iterator[Reading]:
    per_second = problem.blocks.mean @ problem.blocks.hours / problem.blocks.hours.sum()
    tokens_per_s = float(per_second @ problem.tokens_per_request)
    volume = tokens_per_s * SECONDS["month"] / 1e6
    yield Reading(name="volume", value=volume, unit="Mtok/month", says="input and output, at the mean of the horizon")
    yield Reading(name="mean throughput", value=tokens_per_s, unit="tokens/s", says="that volume around the clock")
    busiest = float((problem.blocks.peak.T @ problem.tokens_per_request).max())
    yield Reading(name="peak throughput", value=busiest, unit="tokens/s", says="what capacity is sized for")
    yield Reading(name="cost of a million tokens", value=total / volume, unit=f"{plan.currency}/Mtok")


def _thumb(catalog: Catalog, plan: Plan) -> Iterator[Reading]:
    """The rule of thumb on API spend, beside the spend of the cheaper of the pure API strategies."""
    spends = [
        b.total_per_month
        for b in plan.baselines
        if b.name in ("closed_api", "open_api") and b.total_per_month is not None
    ]
    rule = catalog.operations.get("rule_of_thumb_api_spend")
    if not spends or rule is None or rule.low is None or rule.high is None:
        return
    spend = min(spends)
    side = "below" if spend < rule.low else "above" if spend > rule.high else "inside"
    yield Reading(
        name="best pure API spend",
        value=spend,
        unit=f"{plan.currency}/month",
        says=f"{side} the {round(rule.low, -2):,.0f}-{round(rule.high, -2):,.0f} a month from which hosting is worth "
        "considering",
    )


def _pool(catalog: Catalog, problem: Problem, plan: Plan, pool: Pool) -> Iterator[Reading]:
    k = next(i for i, design in enumerate(problem.designs) if design.id == pool.option)
    month = problem.blocks.hours.sum()
    share = {(s.name, o.option): o.share for s in plan.segments for o in s.served_by}
    busy = sum(
        float(problem.blocks.mean[s] @ problem.blocks.hours) / month * problem.kappa[s, k] * share[name, pool.option]
        for s, name in enumerate(problem.segment_of)
        if (name, pool.option) in share and problem.kappa[s, k] == problem.kappa[s, k]
    )
    held = sum(r.count for r in pool.replicas if r.block is None) + max(
        (sum(r.count for r in pool.replicas if r.block == b) for b in {r.block for r in pool.replicas} - {None}),
        default=0,
    )
    yield Reading(
        name=f"{pool.option}: replicas by the mean",
        value=busy,
        unit="replicas",
        says=f"{held:g} held for the peak and the headroom; {pool.utilisation:.0%} busy",
    )
    design = Design(pool.model, pool.precision, pool.gpu, pool.gpus_per_replica, pool.engine)
    if is_sized(catalog.models[pool.model]):
        arrays = design_arrays(catalog, [design])
        weights = float(arrays.gpus[0] * arrays.weights[0]) / 1e9
        yield Reading(
            name=f"{pool.option}: KV cache",
            value=max(float(arrays.kv_tokens[0]), 0.0),
            unit="tokens",
            says=f"of all requests of a replica together, beside {weights:.0f} GB of weights",
        )


def _against_today(scenario: Scenario, plan: Plan) -> Iterator[Reading]:
    """What the change saves, before and after people, and when it has paid for its set-up."""
    if scenario.today.bill is None or plan.total_per_month is None:
        return
    today = scenario.today.bill.per_month
    people = sum(line.per_month for line in plan.lines if line.unit == "FTE-month")
    setup = sum(line.per_month for line in plan.lines if line.unit == "engineer-week")
    once = setup * scenario.horizon
    running = today - (plan.total_per_month - setup)
    money = f"{plan.currency}/month"
    yield Reading(name="bill today", value=today, unit=money)
    yield Reading(name="saving before people and set-up", value=running + people, unit=money)
    yield Reading(name="saving after people, set-up paid", value=running, unit=money)
    yield Reading(name="net saving, first year", value=12 * running - once, unit=f"{plan.currency}/year")
    yield Reading(name="net saving, later years", value=12 * running, unit=f"{plan.currency}/year")
    if once > 0 and running > 0:
        yield Reading(name="set-up paid back after", value=once / running, unit="months")
