"""A re-check: what runs today, what of it is paid already, and what it costs to move away from it."""

from collections.abc import Mapping, Sequence

from catalogs.catalog import Catalog
from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.costs import WEEKS_PER_YEAR, figure, owned_gpu, people_of
from solver.pool_sites import Site
from solver.problem import InForce, Moving, PoolClass, PoolDesign
from solver.scenario import Scenario
from solver.sub_segments import SubSegment

HOURS_PER_WEEK = 40.0
"""Hours that an engineer works a week."""


def classes_running(scenario: Scenario, sites: Sequence[Site]) -> set[PoolClass]:
    """Classes of pools of which one runs today: their set-up is done."""
    runs = [name for name, ways in scenario.in_force.items() if any(way.replicas for way in ways.values())]
    return {site.pool_class for site in sites if any(site.has(name) for name in runs)}


def in_force(
    scenario: Scenario, catalog: Catalog, designs: Sequence[PoolDesign]
) -> Mapping[tuple[str, PurchaseType], InForce]:
    """Replicas owned or committed today, of designs that may still serve something.

    They are paid for the months left over the horizon, owned ones for the life of a server unless told otherwise; the
    power and space of what is owned are still to be paid.
    """
    found: dict[tuple[str, PurchaseType], InForce] = {}
    for design in designs:
        for m, running in scenario.in_force.get(design.id, {}).items():
            left = running.months_left
            if left is None:
                left = figure(catalog, "owned_life_years").value * 12
            if m in COMMITTED and m in design.purchases and running.replicas > 0 and left > 0:
                still = _power_and_space(catalog, design) if m == "owned" else 0.0
                found[design.id, m] = InForce(running.replicas, min(1.0, left / scenario.horizon), still)
    return found


def _power_and_space(catalog: Catalog, design: PoolDesign) -> float:
    """Of an owned replica, an hour."""
    owned = owned_gpu(catalog, catalog.gpus[design.gpu], catalog.purchases[design.gpu])
    return owned.running * design.gpus if owned else 0.0


def moving(scenario: Scenario, catalog: Catalog, parts: Sequence[SubSegment]) -> Moving | None:
    """What runs today and an engineer's hours for each change, spread over the horizon; None if people do not count."""
    if not (scenario.today.recheck and scenario.policy.people):
        return None
    people = people_of(scenario, catalog)
    hour = people.month * 12 / WEEKS_PER_YEAR / HOURS_PER_WEEK
    keys = ("replica_added", "replica_removed", "route_added", "route_removed")
    hours = {key: figure(catalog, f"hours_{key}") for key in keys}
    served_by = scenario.today.served_by
    return Moving(
        routes=frozenset((s, served_by[part.of]) for s, part in enumerate(parts) if part.of in served_by),
        replicas={name: float(sum(way.replicas for way in ways.values())) for name, ways in scenario.in_force.items()},
        **{key: hours[key].value * hour / scenario.horizon for key in keys},
        estimate="; ".join(dict.fromkeys(filter(None, (people.estimate, *(each.estimate for each in hours.values()))))),
        source=hours["replica_added"].source,
    )


def recheck_doubts(
    scenario: Scenario,
    parts: Sequence[SubSegment],
    designs: Sequence[PoolDesign],
    served: set[tuple[int, str]],
) -> list[str]:
    """What runs today and may serve nothing any more; `served` are the admissible pairs (segment index, option id)."""
    today = scenario.today
    if not today.recheck:
        return []
    if not (today.served_by or today.pools):
        return ["A re-check is asked for, and today.served_by and today.pools do not say what runs."]
    kept = {design.id for design in designs}
    lost = [name for name in today.pools if name not in kept]
    found = [f"{name} runs today and may serve nothing here any more: what is signed for it is lost." for name in lost]
    for s, part in enumerate(parts):
        option = today.served_by.get(part.of)
        if option is not None and option not in lost and (s, option) not in served:
            found.append(f"{part.name} is served by {option} today, which may not serve it any more.")
    return found
