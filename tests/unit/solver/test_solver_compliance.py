"""Requirements on data against declared attributes."""

from typing import Any

import pytest
from pydantic import ValidationError

from catalogs.records import Attributes
from solver.compliance import lies_within, places_of, pool_attributes, reasons
from solver.pool_sites import OWN_PROVIDER, OWN_REGION
from solver.refusals import Rule
from solver.scenario import Segment

GERMANY = ("de", "eu", "eea")


def segment(**requirements: Any) -> Segment:
    return Segment.model_validate(
        {"requests": "1k/day", "input_tokens": 100, "output_tokens": 10, **requirements}
    )  # fmt: skip


def attributes(**values: Any) -> Attributes:
    return Attributes(provider="p", sources=dict.fromkeys(values, "a page"), **values)


def rules(asked: Segment, have: Attributes | None, places: tuple[str, ...] = GERMANY, **more: Any) -> list[Rule]:
    return [reason.rule for reason in reasons(asked, have, places, **more)]


def test_no_requirement_admits_what_declares_nothing() -> None:
    assert rules(segment(), None, ()) == []


@pytest.mark.parametrize(
    ("region", "wanted", "inside"),
    [
        (GERMANY, "eu", True), (GERMANY, "eea", True), (GERMANY, "de", True), (GERMANY, "fr", False),
        (("no", "eea"), "eu", False), (("no", "eea"), "eea", True), (("eu", "eea"), "eu", True),
        (("eu", "eea"), "de", False), (("us", "ca"), "us", False), (("us", "ca"), "us, ca", True),
        (("global",), "eu", False), (("global",), "anywhere", True), ((), "eu", False), ((), "", True),
        (("gb",), "uk", True), (("eea",), "eu", False),
    ],
)  # fmt: skip
def test_a_region_lies_within_a_place_if_nothing_leaves_it(region: tuple[str, ...], wanted: str, inside: bool) -> None:
    assert lies_within(region, places_of(wanted)) is inside


def test_storage_elsewhere_does_not_matter_where_nothing_is_kept() -> None:
    asked = segment(storage_in="eu")
    assert rules(asked, attributes(retention_days=30), ("us",)) == [Rule.STORAGE_IN]
    assert rules(asked, attributes(retention_days=0), ("us",)) == []


def test_retention_says_days_found_and_wanted() -> None:
    (reason,) = reasons(segment(max_retention_days=10), attributes(retention_days=30), GERMANY)
    assert (reason.rule, reason.found, reason.wanted, reason.unit, reason.distance) == (
        Rule.RETENTION, 30, 10, "day", 2.0,
    )  # fmt: skip


def test_unknown_fails_and_so_does_a_value_without_source() -> None:
    asked = segment(max_retention_days=30, no_training=True, operated_by=["provider"], attestations=["soc2"])
    wanted = [Rule.RETENTION, Rule.ATTESTATIONS, Rule.NO_TRAINING, Rule.OPERATED_BY]
    assert rules(asked, None) == wanted
    values: dict[str, Any] = {
        "retention_days": 0, "trains_on_data": False, "operator": "provider", "attestations": ("soc2",),
    }  # fmt: skip
    assert rules(asked, Attributes(provider="p", **values)) == wanted
    assert rules(asked, attributes(**values)) == []


def test_an_agreement_offered_is_not_signed() -> None:
    asked = segment(agreements=["dpa", "baa"])
    (reason,) = reasons(asked, Attributes(provider="p", agreements_offered=("baa",), agreements=("dpa",)), GERMANY)
    assert (reason.rule, reason.found, reason.distance) == (Rule.AGREEMENTS, "baa: offered, not signed", 0.5)
    assert rules(asked, Attributes(provider="p", agreements=("dpa", "baa"))) == []


def test_a_high_authorisation_covers_the_moderate_one() -> None:
    have = attributes(attestations=("fedramp_high",))
    assert rules(segment(attestations=["fedramp_moderate"]), have) == []


@pytest.mark.parametrize(("have", "serves"), [("air_gapped", 3), ("private", 2), ("internet", 1)])
def test_each_network_serves_those_that_follow_it(have: str, serves: int) -> None:
    words = ("air_gapped", "private", "internet")
    own = Attributes.model_validate({"provider": "p", "network": have})
    assert sum(rules(segment(network=word), own) == [] for word in words) == serves


def test_a_closed_model_has_no_licence_to_match() -> None:
    asked = segment(license=["permissive"])
    assert rules(asked, None, GERMANY, licence="community") == [Rule.LICENSE]
    assert rules(asked, None, GERMANY, licence="permissive") == []
    assert rules(asked, None, GERMANY, licence=None) == []


def test_self_hosting_by_itself_satisfies_neither_place_nor_operator_nor_attestation() -> None:
    cloud = pool_attributes(attributes(operator="cloud_operated"), "aws", "self_run")
    asked = segment(processing_in="eu", operated_by=["self"], attestations=["soc2"], no_training=True)
    assert rules(asked, cloud, ("us",)) == [Rule.PROCESSING_IN, Rule.ATTESTATIONS, Rule.OPERATED_BY]


def test_a_managed_pool_keeps_the_terms_of_its_provider() -> None:
    terms = attributes(retention_days=30, trains_on_data=True)
    asked = segment(max_retention_days=0, no_training=True)
    assert rules(asked, pool_attributes(terms, "p", "managed")) == [Rule.RETENTION, Rule.NO_TRAINING]
    assert rules(asked, pool_attributes(terms, "p", "self_run")) == []


def test_owned_machines_are_operated_by_yourself() -> None:
    own = pool_attributes(None, "owned", "self_run")
    asked = segment(operated_by=["self"], network="private", max_retention_days=0)
    assert rules(asked, own) == []


def test_whoever_owns_the_machines_is_told_how_to_say_where_they_stand() -> None:
    asked, own = segment(processing_in="eu"), pool_attributes(None, "owned", "self_run")
    (unplaced,) = reasons(asked, own, ())
    assert f'[regions."{OWN_PROVIDER}/{OWN_REGION}"]' in unplaced.note
    assert not reasons(asked, own, GERMANY)
    assert [each.note for each in (*reasons(asked, own, ("us",)), *reasons(asked, attributes(), ()))] == ["", ""]


def test_a_place_that_is_no_zone_or_country_is_refused() -> None:
    for place in ("europe", "o51", "eu; us", "e1"):
        with pytest.raises(ValidationError, match="ISO 3166"):
            segment(processing_in=place)
    assert places_of(segment(storage_in="EU, UK").storage_in) == ("eu", "gb")
