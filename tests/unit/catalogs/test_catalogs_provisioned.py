"""Provisioned API capacity: what ships, that it is sane, and that a user may add to it."""

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.provisioned import provisioned
from catalogs.records import Provisioned
from catalogs.toml_file import InputError

SHIPPED = provisioned()


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog()


def test_every_unit_is_of_an_offer_that_ships(shipped: Catalog) -> None:
    ids = {offer.id for offer in shipped.api_offers}
    assert SHIPPED
    assert len({each.id for each in SHIPPED}) == len(SHIPPED)
    assert {each.offer for each in shipped.provisioned} <= ids


@pytest.mark.parametrize("each", SHIPPED, ids=lambda each: each.id)
def test_a_unit_is_sourced_and_sane(each: Provisioned, shipped: Catalog) -> None:
    assert each.source
    assert each.minimum % each.step == 0
    (offer,) = (offer for offer in shipped.api_offers if offer.id == each.offer)
    # A unit that is full all hour with input should cost neither a tenth nor ten times the price by the token.
    metered = each.tokens_per_minute * 60 / 1e6 * offer.input_per_mtok
    assert 0.1 < each.price_per_hour / metered < 10


def test_a_longer_term_is_cheaper_an_hour() -> None:
    by_offer: dict[str, list[Provisioned]] = {}
    for each in SHIPPED:
        by_offer.setdefault(each.offer, []).append(each)
    for terms in by_offer.values():
        prices = [each.price_per_hour for each in sorted(terms, key=lambda each: each.term_months)]
        assert prices == sorted(prices, reverse=True)
        assert len(set(prices)) == len(prices)


def test_prices_of_a_month_and_a_year_are_told_by_the_hour() -> None:
    units = {each.id: each for each in SHIPPED}
    assert units["azure/gpt-5:hourly"].price_per_hour == 1.0
    assert units["azure/gpt-5:1-month"].price_per_hour * 730 == pytest.approx(260)
    assert units["azure/gpt-5:1-year"].price_per_hour * 8760 == pytest.approx(2652)


def test_money_is_in_the_catalogs_currency() -> None:
    euros = load_catalog(currency="EUR")
    rate = euros.exchange_rates["USD/EUR"].value
    (hourly,) = (each for each in euros.provisioned if each.id == "azure/gpt-5:hourly")
    assert hourly.price_per_hour == pytest.approx(rate)
    assert hourly.currency == "EUR"


def test_prices_after_the_day_are_left_out() -> None:
    early = load_catalog(as_of="2026-08-01")
    assert {each.id for each in early.provisioned} >= {"azure/gpt-5:1-month"}
    assert "azure/gpt-5:hourly" not in {each.id for each in early.provisioned}


def test_a_deal_of_ones_own_goes_on_top() -> None:
    tables = {"provisioned": {
        "azure/gpt-5:1-month": {"price_per_hour": 0.2},
        "our-deal": {
            "offer": "openai/gpt-5", "tokens_per_minute": 1000, "output_weight": 8, "minimum": 2, "price_per_hour": 1,
        },
    }}  # fmt: skip
    units = {each.id: each for each in load_catalog(overlays=(("mine.toml", tables),)).provisioned}
    assert units["azure/gpt-5:1-month"].price_per_hour == 0.2
    assert units["azure/gpt-5:1-month"].tokens_per_minute == 4750
    assert (units["our-deal"].offer, units["our-deal"].cached_weight) == ("openai/gpt-5", None)


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({"offer": "azure/gpt-55"}, "offer"), ({"price_per_hour": -1}, "price_per_hour"), ({"minimum": 0}, "minimum"),
        ({"output_weight": "8"}, "output_weight"), ({"tokens_per_minute": 0}, "tokens_per_minute"),
        ({"cached_weight": 2}, "cached_weight"), ({"term": 1}, "term"),
    ],
)  # fmt: skip
def test_a_bad_deal_is_told(row: dict[str, object], key: str) -> None:
    with pytest.raises(InputError) as caught:
        load_catalog(overlays=(("mine.toml", {"provisioned": {"azure/gpt-5:1-month": row}}),))
    (fault,) = caught.value.faults
    assert fault.key == f'provisioned."azure/gpt-5:1-month".{key}'
