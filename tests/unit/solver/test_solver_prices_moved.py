"""Which prices of a saved plan the catalog has otherwise: of APIs and of GPUs, and none across currencies."""

from dataclasses import replace

from catalogs.catalog import load_catalog
from solver.plan import Plan, PriceUsed
from solver.prices_moved import prices_moved

CATALOG = load_catalog()
OFFER = next(offer for offer in CATALOG.api_offers if offer.tier == "standard" and offer.input_per_mtok > 0)
GPU = next(each for each in CATALOG.gpu_prices if each.purchase == "on_demand")
DESIGN = f"any-8b:fp8/2x{GPU.gpu}/vllm/{GPU.provider}@{GPU.region}, on demand"


def plan(by: float, currency: str = "USD") -> Plan:
    """A plan whose prices were `by` times those of the catalog."""
    pair = 2 * GPU.price_per_hour / GPU.gpu_count
    prices = {
        f"{OFFER.id} input": PriceUsed(value=OFFER.input_per_mtok * by, unit="Mtok", date="", source=""),
        DESIGN: PriceUsed(value=pair * by, unit="replica-hour", date="", source=""),
        "gone/model input": PriceUsed(value=1.0, unit="Mtok", date="", source=""),
    }
    return Plan(status="optimal", verdict="hybrid", currency=currency, total_per_month=1.0, bound_per_month=1.0,
                gap=0.0, catalog_as_of="2026-11-01", prices=prices)  # fmt: skip


def test_prices_as_they_are_have_not_moved() -> None:
    assert prices_moved(plan(1.0), CATALOG) == ()


def test_a_price_of_an_api_and_of_a_gpu_that_moved_are_named() -> None:
    assert prices_moved(plan(1.1), CATALOG) == (f"{OFFER.id} input", DESIGN)


def test_nothing_is_claimed_across_currencies_or_of_what_is_gone() -> None:
    assert prices_moved(plan(1.1, "EUR"), CATALOG) == ()
    assert prices_moved(plan(1.1), replace(CATALOG, api_offers=(), gpu_prices=())) == ()
