"""What is unknown, counted in a catalog of which the test knows the gaps."""

from dataclasses import replace

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.profiles import profiles
from solver.compliance import Reason
from solver.holes import HoleBook, holes, lack_of
from solver.options import problem_of
from solver.refusals import Rule
from solver.scenario import Scenario


@pytest.mark.parametrize(
    ("option", "reason", "what"),
    [
        ("openrouter/kimi-k2@eu:batch", Reason(Rule.NO_TRAINING, "unknown", "x"), "trains_on_data of openrouter"),
        ("m:fp8/1xl4/vllm/modal@us", Reason(Rule.NO_TRAINING, "unknown", "x"), "trains_on_data of modal"),
        ("*/1xl4/*/modal@us", Reason(Rule.RETENTION, "unknown", 0, "day"), "retention_days of modal"),
        ("a/m", Reason(Rule.NO_TRAINING, "trains on data", "x"), None),
        ("a/m", Reason(Rule.ATTESTATIONS, "soc2_type2: unknown, hipaa: unknown", "x"),
         "attestations (soc2_type2, hipaa) of a"),
        ("a/m", Reason(Rule.AGREEMENTS, "dpa: offered, not signed", "x"), None),
        ("*/1xl4/*/vast@global", Reason(Rule.PROCESSING_IN, "unknown", "eu"), "where vast/global is"),
        ("a/m@x", Reason(Rule.PROCESSING_IN, "us", "eu"), None),
        ("command-a:*", Reason(Rule.NOT_SIZED, "unknown", "x"), "architecture of command-a"),
        ("a/m", Reason(Rule.QUALITY_UNKNOWN, "no score of m on arena_text", 1400.0), "quality of m"),
        ("m:*", Reason(Rule.LICENSE, "unknown", "permissive"), "licence of m"),
        ("a/m@eu", Reason(Rule.LICENSE, "unknown", "permissive"), "licence of m"),
        ("a/m", Reason(Rule.LATENCY_UNKNOWN, "TTFT unknown", 800.0, "ms"), "latency of a/m"),
        ("a/m", Reason(Rule.TTFT, "700 ms, an estimate", 800.0, "ms"), "measured latency of a/m"),
        ("a/m", Reason(Rule.TTFT, 900.0, 800.0, "ms"), None),
        ("*/*xgaudi3/*", Reason(Rule.NO_PRICE, "no price", "a price an hour"), "price of gaudi3"),
        ("*/2xa10/*", Reason(Rule.NO_PRICE, 1, 2, "GPUs in an instance"), None),
        ("*/*xa10/*/owned@site", Reason(Rule.NO_PRICE, "purchase price unknown", "x"), "purchase price of a10"),
    ],
)  # fmt: skip
def test_what_is_unknown_behind_a_refusal(option: str, reason: Reason, what: str | None) -> None:
    lack = lack_of(option, reason)
    assert (lack.what if lack else None) == what


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog()


def scenario(name: str, **policy: object) -> Scenario:
    tables = dict(profiles()[name])
    tables["policy"] = {**tables.get("policy", {}), **policy}
    return Scenario.model_validate(tables)


def test_a_figure_taken_away_is_a_hole_of_as_many_pairs_as_it_turns_down(shipped: Catalog) -> None:
    """Of code-assistant, which wants no training: each option of a provider that is not otherwise refused before."""
    asked = scenario("code-assistant")
    known = shipped.attributes["deepinfra"]
    assert known.trains_on_data is False
    silent = known.model_copy(update={"trains_on_data": None})
    less = replace(shipped, attributes={**shipped.attributes, "deepinfra": silent})
    before = {hole.what: hole.refused for hole in holes([("code", asked, shipped)])}
    after = {hole.what: hole.refused for hole in holes([("code", asked, less)])}
    assert "trains_on_data of deepinfra" not in before
    offers = sum(offer.provider == "deepinfra" for offer in shipped.api_offers)
    assert 0 < after.pop("trains_on_data of deepinfra") <= offers * len(asked.segment)
    assert after == before


def test_the_book_counts_what_any_book_counts(shipped: Catalog) -> None:
    asked, book = scenario("agents"), HoleBook()
    assert problem_of(asked, shipped, book=book).refusal_counts == problem_of(asked, shipped).refusal_counts
    by_rule: dict[str, int] = {}
    for (rule, _), pairs in book.lacks.items():
        by_rule[rule] = by_rule.get(rule, 0) + pairs
    assert by_rule[Rule.NOT_SIZED] == book.counts[Rule.NOT_SIZED]
    assert by_rule[Rule.QUALITY_UNKNOWN] == book.counts[Rule.QUALITY_UNKNOWN]
    assert all(pairs <= book.counts[rule] for rule, pairs in by_rule.items())


def test_the_most_refused_stands_first_and_scenarios_are_named(shipped: Catalog) -> None:
    found = holes([("agents", scenario("agents"), shipped), ("code", scenario("code-assistant"), shipped)])
    assert [hole.refused for hole in found] == sorted((hole.refused for hole in found), reverse=True)
    assert next(hole for hole in found if hole.what == "architecture of command-a").scenarios == ("agents", "code")


def test_owned_pools_name_the_gpus_whose_price_nobody_states(shipped: Catalog) -> None:
    asked = scenario("agents", purchase_types=["on_demand", "owned"], capital=1e6)
    found = {hole.what for hole in holes([("agents", asked, shipped)])}
    sold = {price.gpu for price in shipped.gpu_prices if price.purchase == "on_demand"} & shipped.gpus.keys()
    lacking = {f"purchase price of {gpu}" for gpu in sold - shipped.purchases.keys()}
    assert lacking
    assert lacking <= found
