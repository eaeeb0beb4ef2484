"""What may be lost: a replica or all spot of a pool, or a provider, each with its share of the month."""

from collections.abc import Iterable
from typing import Literal

from catalogs.catalog import Catalog
from catalogs.vocabulary import PurchaseType
from solver.costs import availability, figure
from solver.pool_sites import OWN_PROVIDER
from solver.problem import ApiOption, Contingency, PoolDesign, spot_market
from solver.scenario import Loss, Scenario


def is_covered(scenario: Scenario, kind: Loss) -> bool:
    """Whether some segment must go on while a contingency of this kind holds."""
    asked = any(segment.coverage > 0 for segment in scenario.segment.values())
    return asked and kind in scenario.policy.contingencies


def contingencies(
    scenario: Scenario, catalog: Catalog, designs: Iterable[PoolDesign], apis: Iterable[ApiOption]
) -> tuple[Contingency, ...]:
    """Every loss that must be lived through: in order of designs, then of names of spot markets and of providers.

    The share of a replica depends on who runs the pool alone, so designs of one class at one provider are alike.
    A design that is sold serverless loses no replica: the platform starts another.
    """
    designs = tuple(designs)
    found: list[Contingency] = []
    for design in designs:
        if is_covered(scenario, "replica") and "serverless" not in design.purchases:
            found.append(_down(catalog, "replica", design.id, _kind(design)))
    if is_covered(scenario, "spot"):
        markets = sorted({spot_market(design) for design in designs if "spot" in design.purchases})
        found += [_down(catalog, "spot", market, "spot") for market in markets]
    if is_covered(scenario, "provider"):
        providers = {design.provider for design in designs} | {api.offer.provider for api in apis}
        found += [_provider(catalog, name) for name in sorted(providers)]
    return tuple(found)


def _kind(design: PoolDesign) -> PurchaseType:
    if design.provider == OWN_PROVIDER:
        return "owned"
    return "managed" if design.pool_class == "managed" else "on_demand"


def _down(catalog: Catalog, kind: Literal["replica", "spot"], of: str, purchase: PurchaseType) -> Contingency:
    """The time that one replica is not up, taken for the time that the pool lacks one, or all its spot."""
    share, unknown = availability(catalog, purchase)
    known = catalog.operations.get(f"availability_{purchase}")
    how = f"the time that one {purchase.replace('_', '-')} replica is down"
    estimate = "; ".join(filter(None, (how, known.estimate if known else unknown)))
    return Contingency(kind, of, 1 - share, estimate, known.source if known else "")


def _provider(catalog: Catalog, name: str) -> Contingency:
    known = figure(catalog, f"outage_share:{name}", "outage_share")
    return Contingency("provider", name, known.value, known.estimate, known.source)
