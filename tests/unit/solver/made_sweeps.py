"""A scenario whose break-even is a line of arithmetic: an even load, one API, one GPU, and nothing else that costs.

A request costs 1,000 x 1 + 200 x 4 = 1,800 millionths on the API, a replica 4 x 730 = 2,920 a month for 2 requests/s.
20k requests a day are 608,333 a month, 1,095 on the API: one replica is as dear as the API at 2,920 / 1,095 times that.
"""

from dataclasses import replace
from typing import Any

from made_options import offer, price, rate, small_catalog, with_offers, with_prices
from made_options import scenario as made_scenario

from catalogs.catalog import Catalog
from solver.scenario import Scenario

REQUESTS = 20_000 / 24 * 730
API = REQUESTS * 1800e-6
REPLICA = 4.0 * 730
BREAK_EVEN = REPLICA / API
PLAIN: dict[str, Any] = {
    "headroom": 0.0, "contingencies": (), "people": False, "setup": False, "storage": False, "network": False,
    "margin": 0.0, "purchase_types": ("on_demand",),
}  # fmt: skip


def even_catalog(*offers: Any, pools: bool = True) -> Catalog:
    """The API and the GPU of the module's words, or other offers; the load is the same in every hour."""
    catalog = with_offers(with_prices(small_catalog(), *([price(4.0)] if pools else []), rates=(rate(2.0),)),
                          *(offers or (offer(),)))  # fmt: skip
    shape = next(iter(catalog.load_shapes.values()))
    even = shape.model_copy(update={"id": "even", "load_over_mean": (1.0,) * 24, "minute_peak_over_hour": 1.0})
    return replace(catalog, load_shapes={"even": even})


def even_scenario(policy: dict[str, Any] | None = None, **chat: Any) -> Scenario:
    return made_scenario(PLAIN | (policy or {}), load="even", **chat)
