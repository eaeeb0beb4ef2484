"""What providers declare, where regions are, what currencies cost, and what the refreshers report."""

import pytest

from catalogs import prices
from catalogs.api_prices import api_offers
from catalogs.exchange import rate
from catalogs.providers import declared_attributes
from catalogs.records import Attributes, Region
from catalogs.toml_file import InputError


@pytest.fixture(scope="module")
def declared() -> dict[str, Attributes]:
    return prices.attributes()


@pytest.fixture(scope="module")
def places() -> dict[str, Region]:
    return prices.regions()


def test_every_provider_with_a_price_has_attributes(declared: dict[str, Attributes]) -> None:
    names = {price.provider for price in prices.listed_prices()} | {offer.provider for offer in api_offers()}
    assert not names - set(declared)


def test_every_region_with_a_price_is_placed(places: dict[str, Region]) -> None:
    pairs = {f"{price.provider}/{price.region}" for price in prices.gpu_prices()}
    pairs |= {f"{offer.provider}/{offer.region}" for offer in api_offers()}
    assert not pairs - set(places)
    assert places["unknown"].geographies == ()


def test_compliance_rows_name_known_providers(declared: dict[str, Attributes]) -> None:
    assert not {row["provider"] for row in prices.rows("provider_compliance.csv")} - set(declared)


def test_unknown_and_conflict_stay_unknown(declared: dict[str, Attributes]) -> None:
    assert declared["groq"].attestations == ()
    assert declared["deepseek"].trains_on_data is None
    assert declared["anthropic"].retention_days is None
    assert declared["together"].retention_days is None
    assert declared["deepinfra"].attestations == ()


def test_stated_facts_come_through_with_their_source(declared: dict[str, Attributes]) -> None:
    openai = declared["openai"]
    assert openai.retention_days == 30
    assert openai.trains_on_data is False
    assert {"soc2", "iso27001"} <= set(openai.attestations)
    assert "aiprovidertrust.com" in openai.sources["attestations"]
    assert "2026-07-05" in openai.sources["attestations"]
    assert declared["coreweave"].retention_days == 14


def test_an_attribute_with_a_value_has_a_source(declared: dict[str, Attributes]) -> None:
    for attributes in declared.values():
        for field in ("operator", "retention_days", "trains_on_data", "attestations", "agreements_offered"):
            value = getattr(attributes, field)
            if value not in (None, ()):
                assert attributes.sources.get(field), (attributes.provider, field)


def test_agreements_are_offered_and_never_signed_for_the_user(declared: dict[str, Attributes]) -> None:
    assert not any(attributes.agreements for attributes in declared.values())
    assert set(declared["anthropic"].agreements_offered) == {"dpa", "scc", "baa"}


def test_a_government_cloud_authorises_no_commercial_region(declared: dict[str, Attributes]) -> None:
    assert "fedramp_high" not in declared["aws-bedrock"].attestations
    assert "fedramp_high" in declared["azure"].attestations


def test_a_row_without_source_leaves_no_source() -> None:
    facts = [{"provider": "x", "attribute": "soc2_type2", "value": "unknown", "detail": "", "date": "", "source": ""}]
    found = declared_attributes({"x": {"operator": "provider"}}, facts)["x"]
    assert found.attestations == ()
    assert "attestations" not in found.sources


@pytest.mark.parametrize(
    ("key", "geographies"),
    [
        ("aws/eu-central-1", ("de", "eu", "eea")),
        ("azure/norwayeast", ("no", "eea")),
        ("azure/switzerlandnorth", ("ch",)),
        ("azure/uksouth", ("gb",)),
        ("gcp/us-central1", ("us",)),
        ("azure/eu-data-zone", ("eu", "eea")),
        ("anthropic/global", ("global",)),
        ("lambda/global", ("global",)),
        ("groq/unknown", ()),
        ("owned/own-site", ()),
    ],
)
def test_a_region_lies_where_its_cloud_says(places: dict[str, Region], key: str, geographies: tuple[str, ...]) -> None:
    assert places[key].geographies == geographies


def test_round_trips_are_symmetric_complete_and_marked(places: dict[str, Region]) -> None:
    frankfurt, virginia = places["aws/eu-central-1"], places["aws/us-east-1"]
    assert frankfurt.round_trip_ms["us"] == virginia.round_trip_ms["eu"] == virginia.round_trip_ms["de"]
    assert frankfurt.round_trip_ms["eu"] < frankfurt.round_trip_ms["us"] < frankfurt.round_trip_ms["asia"]
    assert "round trips" in frankfurt.estimate
    users = set(frankfurt.round_trip_ms)
    assert all(set(region.round_trip_ms) == users for region in places.values())


def test_the_euro_cost_1_1172_dollars_at_the_end_of_october_2026() -> None:
    found = rate("EUR", "USD", "2026-10-30")
    assert found.value == pytest.approx(1.1172)
    assert found.date == "2026-10-30"
    assert rate("USD", "EUR", "2026-10-30").value == pytest.approx(1 / 1.1172)
    assert rate("EUR", "GBP", "2026-10-30").value == pytest.approx(0.8338)


def test_a_weekend_takes_the_rate_of_the_day_before() -> None:
    assert rate("EUR", "USD", "2026-10-25").date == "2026-10-23"
    assert rate("EUR", "EUR", "2026-10-25").value == 1.0


def test_rates_agree_with_the_packages_own_converter() -> None:
    converter = pytest.importorskip("currency_converter").CurrencyConverter()
    from datetime import date

    expected = converter.convert(1, "GBP", "CHF", date=date(2026, 10, 30))
    assert rate("GBP", "CHF", "2026-10-30").value == pytest.approx(expected)


@pytest.mark.parametrize("currency", ["XXX", "RUB"])
def test_a_currency_without_rates_is_refused_with_those_there_are(currency: str) -> None:
    with pytest.raises(InputError, match=r"EUR.*USD"):
        rate(currency, "USD", "2026-10-30")


def test_every_host_of_open_models_says_what_it_does_with_data_or_that_nobody_says() -> None:
    """A row for each requirement: a value with its source, or `unknown`, which fails the requirement."""
    told = {(row["provider"], row["attribute"]) for row in prices.rows("provider_compliance.csv")}
    wanted = ("soc2_type2", "iso27001", "hipaa_baa", "zero_data_retention")
    hosts = {offer.provider for offer in api_offers() if offer.open_weights}
    makers_of_closed = {"azure", "google", "mistral", "anthropic", "openai"}
    assert [
        (host, name) for host in sorted(hosts - makers_of_closed) for name in wanted if (host, name) not in told
    ] == []


def test_what_hosts_say_comes_through(declared: dict[str, Attributes]) -> None:
    assert declared["fireworks"].attestations == ("soc2",)
    assert declared["together"].attestations == declared["baseten"].attestations == ()  # named, but not the type
    assert declared["groq"].agreements_offered == ("baa",)
    assert declared["ovhcloud"].retention_days == 0
    assert declared["nebius"].retention_days is None  # kept unless one switches it off
    assert declared["nebius"].trains_on_data is None
