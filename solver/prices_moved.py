"""Which prices of a saved plan the catalog now has otherwise: a look without a solve, for a list of plans."""

from math import isclose

from catalogs.catalog import Catalog
from solver.bill import WORDS
from solver.plan import Plan

FIELDS = {"input": "input_per_mtok", "output": "output_per_mtok", "requests": "request_price"}
"""The charges of an API that are a price of its offer as it stands."""
SAME = 1e-9


def prices_moved(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """Names of prices that moved; of those alone that the catalog holds as they stand in the plan's currency.

    A price that is worked out of several, or that is gone from the catalog, is not among them: a solve tells.
    """
    if plan.currency != catalog.currency:
        return ()
    offers = {offer.id: offer for offer in catalog.api_offers}
    moved = []
    for name, used in plan.prices.items():
        option, _, charge = name.partition(" ")
        if option in offers and charge in FIELDS:
            now = [float(getattr(offers[option], FIELDS[charge]))]
        else:
            now = _replica_prices(name, catalog)
        if now and not any(isclose(value, used.value, rel_tol=SAME) for value in now):
            moved.append(name)
    return tuple(moved)


def _replica_prices(name: str, catalog: Catalog) -> list[float]:
    """What a replica of a design may cost an hour now, by the instances of its place that are bought in its way."""
    design, _, words = name.partition(", ")
    parts = design.split("/")
    if len(parts) < 4 or "x" not in parts[1]:
        return []
    count, _, gpu = parts[1].partition("x")
    provider, _, region = parts[-1].partition("@")
    return [
        each.price_per_hour / each.gpu_count * int(count)
        for each in catalog.gpu_prices
        if (each.provider, each.region, each.gpu) == (provider, region, gpu) and WORDS.get(each.purchase) == words
    ]
