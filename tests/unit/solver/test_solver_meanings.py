"""What a value comes to: worked out by hand on the shipped catalog's own figures, or on made ones."""

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.profiles import profiles
from solver.meanings import day_of, meaning, meanings, suppliers_left
from solver.scenario import Scenario


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    """The shipped catalog."""
    return load_catalog()


def scenario(**segment: object) -> Scenario:
    """One segment of 43,200 requests a day: 0.5 a second."""
    values = {"requests": "43.2k/day", "input_tokens": 1000, "output_tokens": 100, **segment}
    return Scenario.model_validate({"load": "flat", "segment": {"chat": values}})


@pytest.mark.parametrize(
    ("segment", "field", "says"),
    [
        ({}, "requests", "0.5/s on average"),
        ({}, "input_tokens", "43.2M a day"),
        ({}, "output_tokens", "4.32M a day"),
        ({"growth": "100%"}, "growth", "pools for x 2"),
        ({}, "growth", ""),
        ({"shared_prefix": "30%"}, "shared_prefix", "cached price"),
        ({"tpot": "50 ms"}, "tpot", "20 tokens/s"),
        ({"percentile": "p95"}, "percentile", "5 of 100 may miss"),
        ({}, "ttft", "nobody waits"),
        ({"may_wait": True}, "may_wait", "batch prices count"),
        ({"coverage": "100%"}, "coverage", "full service"),
        ({}, "task", ""),
    ],
)
def test_a_value_is_worked_out_without_the_catalog(segment: dict[str, object], field: str, says: str) -> None:
    assert meaning(scenario(**segment), f"segment.chat.{field}") == says


def test_the_peak_is_the_mean_times_the_shapes_peak_hour_and_minute(shipped: Catalog) -> None:
    shape = shipped.load_shapes["bursts"]
    hours = shape.load_over_mean
    expected = 0.5 * max(hours) / (sum(hours) / len(hours)) * shape.minute_peak_over_hour
    asked = scenario(load="bursts")
    assert meaning(asked, "segment.chat.requests", shipped) == f"{expected:.3g}/s at the peak"


def test_a_requirement_is_counted_alone_and_all_of_them_leave_no_more(shipped: Catalog) -> None:
    asked = scenario(processing_in="eu", no_training=True)
    told = meanings(asked, ["segment.chat.processing_in", "segment.chat.no_training"], shipped)
    alone = [int(text.split()[0]) for text in told.values()]
    both = suppliers_left(asked.segment.values(), shipped)
    of = {offer.provider for offer in shipped.api_offers}
    assert [text.split(" ", 1)[1] for text in told.values()] == [f"of {len(of)} suppliers"] * 2
    assert len(both) <= min(alone) < len(of)
    assert suppliers_left(scenario().segment.values(), shipped) == of


def test_a_higher_floor_leaves_fewer_models_and_a_shorter_wait_fewer_offers(shipped: Catalog) -> None:
    models = [
        int(meaning(scenario(quality=word), "segment.chat.quality", shipped).split()[0])
        for word in ("low", "mid", "high")
    ]
    offers = [
        int(meaning(scenario(ttft=wait), "segment.chat.ttft", shipped).split()[0]) for wait in ("5 s", "2 s", "300 ms")
    ]
    assert models == sorted(models, reverse=True)
    assert models[0] > models[-1]
    assert offers == sorted(offers, reverse=True)
    assert offers[0] > offers[-1]


def test_a_day_of_a_flat_load_is_at_its_peak_all_day_and_offices_are_quiet_at_weekends(shipped: Catalog) -> None:
    assert day_of(scenario(), "chat", shipped) == (1.0,) * 24
    offices = scenario(load="office-hours")
    assert max(day_of(offices, "chat", shipped, weekend=True)) < max(day_of(offices, "chat", shipped))
    assert day_of(scenario(load="unknown"), "chat", shipped) == ()


def test_what_nobody_typed_of_the_team_is_told_from_the_catalog_as_an_estimate(shipped: Catalog) -> None:
    assert meaning(scenario(), "team.setup_weeks", shipped) == (
        f"{shipped.operations['setup_weeks'].value:g} weeks est"
    )
    typed = scenario().model_copy(update={"team": scenario().team.model_copy(update={"setup_weeks": 3.0})})
    assert meaning(typed, "team.setup_weeks", shipped) == ""


@pytest.mark.parametrize("profile", profiles())
def test_every_meaning_of_a_profile_fits_its_column(profile: str, shipped: Catalog) -> None:
    asked = Scenario.model_validate(profiles()[profile])
    name = next(iter(asked.segment))
    keys = [f"segment.{name}.{field}" for field in type(asked.segment[name]).model_fields]
    told = meanings(asked, [*keys, "load", "policy.headroom", "team.expertise"], shipped)
    assert told
    assert all(len(text) <= 20 for text in told.values())
