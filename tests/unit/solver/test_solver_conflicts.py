"""Demands in conflict: sets, least changes and totals, checked by raising and solving again without conflicts.py."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any, get_args

import pytest
from made_options import SOURCED, offer, price, rate, small_catalog

from catalogs.catalog import Catalog
from catalogs.records import Attributes, Region
from catalogs.vocabulary import PurchaseType
from solver.conflicts import Conflicts, conflicts
from solver.explanation.conflict import Conflict
from solver.optimise import optimise
from solver.options import problem_of
from solver.scenario import Scenario
from solver.smallest_set import smallest

LISTS = ("agreements", "attestations", "operated_by", "license", "features")
WHOLE = ("max_retention_days", "max_pool_designs", "min_suppliers", "max_suppliers")
WEAKEST: dict[str, Any] = {
    "headroom": "0%", "contingencies": [], "purchase_types": list(get_args(PurchaseType)), "beyond_horizon": "charge",
    "quality": "low",
}  # fmt: skip
"""Of keys whose default demands something, what demands nothing."""


# What a scenario costs, from its tables alone.


def tables_with(tables: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The tables with dotted keys set; None takes a key out, so that its default stands."""
    changed = deepcopy(tables)
    for key, value in changes.items():
        *path, last = key.split(".")
        place = changed
        for part in path:
            place = place.setdefault(part, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return changed


def demands(tables: dict[str, Any]) -> dict[str, Any]:
    """Each demand that these tables can make, by key, with what drops it."""
    keys = [f"segment.{name}.{field}" for name, segment in tables["segment"].items() for field in segment]
    keys = [key for key in keys if key.rsplit(".", 1)[1] not in ("requests", "input_tokens", "output_tokens")]
    keys += [f"segment.{name}.quality" for name in tables["segment"]]
    keys += [f"policy.{field}" for field in tables["policy"] if field not in ("gpus_available", "people", "setup")]
    keys += [f"policy.{field}" for field in ("headroom", "contingencies", "purchase_types", "beyond_horizon")]
    keys += [f"policy.gpus_available.{name}" for name in tables["policy"].get("gpus_available", {})]
    return {**{key: WEAKEST.get(key.rsplit(".", 1)[1]) for key in keys}, "horizon": "36 months"}


def cheapest(tables: dict[str, Any], catalog: Catalog) -> float | None:
    """The cost of the cheapest plan, the budget a row of the program; None where there is none."""
    outcome = optimise(problem_of(Scenario.model_validate(tables), catalog), gap=1e-6)
    assert outcome.status in ("optimal", "infeasible")
    return outcome.objective


def typed(changes: dict[str, str]) -> dict[str, Any]:
    """Values of the texts that a conflict proposes."""
    return {key: _value(key.rsplit(".", 1)[1] if "." in key else key, text) for key, text in changes.items()}


def _value(field: str, text: str) -> Any:
    if field in ("purchase_types", "contingencies"):
        return [] if text == "none" else text.split(", ")
    if text == "none" or (text == "anywhere"):
        return None
    if field in LISTS or field in ("must_use", "may_use", "must_not_use"):
        return text.split(", ")
    if text in ("yes", "no"):
        return text == "yes"
    if field in WHOLE or field in ("h100-sxm", "cloud", "eu-cloud"):
        return int(text)
    return float(text) if field == "capital" else text


def few(tables: dict[str, Any]) -> dict[str, Any]:
    """Next to no requests."""
    return {f"segment.{name}.requests": "1/month" for name in tables["segment"]}


def check(tables: dict[str, Any], catalog: Catalog, found: Conflicts) -> None:
    """Each set leaves no plan whatever else is dropped (load too), less of it leaves one, and so does each change."""
    assert cheapest(tables, catalog) is None
    assert found.members
    assert all("whether another set is smaller" in note for note in found.notes)
    for number in dict.fromkeys(member.number for member in found.members):
        members = [member for member in found.members if member.number == number]
        keys = [member.requirement for member in members]
        loads = [key for key in keys if key.endswith("requests")]
        others = {key: value for key, value in demands(tables).items() if key not in keys}
        least = tables_with(tables, others if loads else others | few(tables))
        assert cheapest(least, catalog) is None, keys
        for key in keys:
            dropped = few(tables) if key in loads else {key: demands(tables)[key]}
            assert cheapest(tables_with(least, dropped), catalog) is not None, (keys, key)
    for member in found.members:
        check_change(tables, catalog, member)


def check_change(tables: dict[str, Any], catalog: Catalog, member: Conflict) -> None:
    """The change leaves a plan at the cost that is told; with a little less of it there is none."""
    if not member.changes:
        assert member.repair is None
        assert member.why
        dropped = few(tables) if member.requirement.endswith("requests") else {
            member.requirement: demands(tables)[member.requirement]
        }  # fmt: skip
        assert cheapest(tables_with(tables, dropped), catalog) is None
        return
    total = cheapest(tables_with(tables, typed(member.changes)), catalog)
    assert total is not None
    assert member.total_per_month_then == pytest.approx(total, rel=2e-3)
    assert (member.repair is not None) == (len(member.changes) == 1 or member.requirement == "requests")
    field = member.requirement.rsplit(".", 1)[1] if "." in member.requirement else ""
    if member.repair is None or member.repair == "none":
        return
    if field in ("ttft", "tpot"):
        value, unit = member.repair.split()
        less: Any = f"{float(value) * 0.985} {unit}"
    elif field == "budget":
        less = f"{float(member.repair.removesuffix('/month').replace('k', 'e3').replace('M', 'e6')) * 0.995:.6f}/month"
    elif field in ("max_pool_designs", "max_suppliers"):
        less = int(member.repair) - 1
    else:
        return
    assert cheapest(tables_with(tables, {member.requirement: less}), catalog) is None, (member, less)


# Random cases.

MODELS = ("closed-1", "llama-3.3-70b", "llama-3.1-405b")


@cache
def places() -> dict[str, Region]:
    where = {"us": ("us",), "de": ("de", "eu", "eea"), "fr": ("fr", "eu", "eea")}
    names = ("a", "b", "c", "cloud", "eu-cloud")
    return {
        f"{name}/{region}": Region(id=f"{name}/{region}", geographies=countries, **SOURCED)
        for name in names
        for region, countries in where.items()
    }


def random_catalog(dice: Random) -> Catalog:
    """Three sellers of APIs and two clouds, each with terms of its own; a frontier that only one model reaches."""
    small = small_catalog()
    offers, attributes = [], {}
    for seller in ("a", "b", "c"):
        model = dice.choice(MODELS)
        first, token = dice.choice((150, 400, 900)), dice.choice((5, 20, 40))
        offers.append(
            offer(
                f"{seller}/{model}", region=dice.choice(("us", "de", "fr")), open_weights=model != "closed-1",
                input_per_mtok=dice.choice((0.5, 2.0)), ttft_p50_ms=first, ttft_p95_ms=2 * first, tpot_p50_ms=token,
                tpot_p95_ms=2 * token, requests_per_minute=dice.choice((None, None, 30.0)),
            )
        )  # fmt: skip
    for name in ("a", "b", "c", "cloud", "eu-cloud"):
        attributes[name] = Attributes(
            provider=name, retention_days=dice.choice((0, 30)), trains_on_data=dice.random() < 0.3,
            agreements=("dpa",) if dice.random() < 0.5 else (), operator=dice.choice(("provider", "cloud_operated")),
            sources=dict.fromkeys(("retention_days", "trains_on_data", "agreements", "operator"), "made for tests"),
        )  # fmt: skip
    high = small.floors[0].model_copy(update={"word": "high", "threshold": 70})
    low = small.floors[0].model_copy(update={"word": "low", "threshold": 10})
    best = dice.choice(MODELS)
    scores = {key: s.model_copy(update={"score": 80.0 if key[0] == best else 60.0}) for key, s in small.scores.items()}
    return replace(
        small,
        api_offers=tuple(offers),
        attributes=attributes,
        regions=places(),
        floors=(*small.floors, high, low),
        scores=scores,
        gpu_prices=(
            price(2.5, provider="cloud", region="us"),
            price(3.0, provider="eu-cloud", region="de"),
            price(1.8, provider="cloud", region="us", purchase="reserved_1y"),
        ),
        rates=(rate(dice.choice((0.5, 3.0))),),
    )


def random_tables(dice: Random) -> dict[str, Any]:
    """One or two segments and a policy, each with a few demands."""
    choices: dict[str, tuple[Any, ...]] = {
        "processing_in": ("de", "fr", "eu"), "storage_in": ("eu",), "max_retention_days": (0, 7),
        "agreements": (["dpa"],), "no_training": (True,), "operated_by": (["provider"], ["self"]), "quality": ("high",),
        "ttft": ("200 ms", "700 ms"), "tpot": ("8 ms", "30 ms"), "coverage": ("100%",), "license": (["permissive"],),
    }  # fmt: skip
    rules: dict[str, tuple[Any, ...]] = {
        "budget": ("150/month", "900/month"), "apis": (False,), "max_pool_designs": (0, 1), "min_suppliers": (2, 3),
        "max_suppliers": (1,), "gpus_available": ({"h100-sxm": 0}, {"cloud": 1, "eu-cloud": 0}),
        "must_use": (["pools"],), "headroom": ("100%",), "must_not_use": (["a", "cloud"],),
    }  # fmt: skip
    base = {"requests": "20k/day", "input_tokens": 1000, "output_tokens": 200, "quality": "mid"}
    segments = {}
    for name in ("chat", "tags")[: dice.choice((1, 1, 2))]:
        asked = {field: dice.choice(choices[field]) for field in dice.sample(sorted(choices), dice.choice((1, 3, 4)))}
        segments[name] = base | asked
    policy = {field: dice.choice(rules[field]) for field in dice.sample(sorted(rules), dice.choice((0, 1, 2, 3)))}
    if policy.get("min_suppliers", 1) > policy.get("max_suppliers", 20):
        del policy["max_suppliers"]
    return {"segment": segments, "policy": {"people": False, "setup": False, **policy}, "blocks": 2}


@cache
def infeasible_seeds(count: int) -> tuple[int, ...]:
    """The first seeds of cases without a plan."""
    found: list[int] = []
    seed = 0
    while len(found) < count:
        dice = Random(seed)
        catalog, tables = random_catalog(dice), random_tables(dice)
        if cheapest(tables, catalog) is None:
            found.append(seed)
        seed += 1
    return tuple(found)


def checked(seed: int) -> Conflicts:
    dice = Random(seed)
    catalog, tables = random_catalog(dice), random_tables(dice)
    found = conflicts(Scenario.model_validate(tables), catalog, limit_s=600)
    check(tables, catalog, found)
    return found


@pytest.mark.parametrize("seed", [22, 25, 65, 70])  # quick ones; the others are long
def test_each_set_is_without_a_plan_and_irreducible_and_each_change_leaves_one(seed: int) -> None:
    checked(seed)


@pytest.mark.long
@pytest.mark.parametrize("place", range(60))
def test_many_sets_are_without_a_plan_and_irreducible_and_each_change_leaves_one(place: int) -> None:
    checked(infeasible_seeds(60)[place])


# Cases whose answer is known beforehand.


def case(policy: dict[str, Any] | None = None, **chat: Any) -> dict[str, Any]:
    """One segment that asks little, and what it asks besides."""
    base = {"requests": "20k/day", "input_tokens": 1000, "output_tokens": 200, "quality": "low"}
    rules = {"people": False, "setup": False, **(policy or {})}
    return {"segment": {"chat": base | chat}, "policy": rules, "blocks": 1}


def two_sellers() -> Catalog:
    """A good model sold in the US only, at 900 ms; a weaker one in Germany, at 300 ms; no GPUs, not even to buy."""
    small = small_catalog()
    high = small.floors[0].model_copy(update={"word": "high", "threshold": 70})
    low = small.floors[0].model_copy(update={"word": "low", "threshold": 10})
    scores = {
        key: score.model_copy(update={"score": 80.0 if key[0] == "closed-1" else 60.0})
        for key, score in small.scores.items()
    }
    return replace(
        small, floors=(*small.floors, high, low), scores=scores, regions=places(), purchases={},
        api_offers=(
            offer("a/closed-1", region="us", ttft_p50_ms=450, ttft_p95_ms=900),
            offer("b/llama-3.3-70b", region="de", ttft_p50_ms=150, ttft_p95_ms=300, input_per_mtok=0.5),
        ),
    )  # fmt: skip


def told(found: Conflicts) -> dict[str, tuple[str, str | None]]:
    return {member.requirement: (member.found, member.repair) for member in found.members}


MONTH = 20_000 * 365 / 12
GOOD, WEAK = MONTH * (1000 * 1.0 + 200 * 4.0) / 1e6, MONTH * (1000 * 0.5 + 200 * 4.0) / 1e6
"""A month of each seller's tokens at list price."""


def test_no_model_passes_the_floor_in_the_eu() -> None:
    found = conflicts(Scenario.model_validate(case(quality="high", processing_in="eu", ttft="2 s")), two_sellers())
    assert told(found) == {
        "segment.chat.processing_in": ("eu", "eu, us"),
        "segment.chat.quality": ("high", "mid"),
    }
    costs = {member.requirement: member.total_per_month_then for member in found.members}
    assert costs["segment.chat.processing_in"] == pytest.approx(GOOD)
    assert costs["segment.chat.quality"] == pytest.approx(WEAK)
    assert found.notes == ()


def test_a_limit_is_loosened_to_what_an_option_reaches() -> None:
    found = conflicts(Scenario.model_validate(case(quality="high", ttft="500 ms")), two_sellers())
    quality, ttft = found.members
    assert (quality.requirement, quality.repair) == ("segment.chat.quality", "mid")
    assert ttft.repair is not None
    assert 900 <= float(ttft.repair.removesuffix(" ms")) <= 909


def test_a_budget_against_the_load() -> None:
    tables = case({"budget": "250/month"})
    budget = WEAK  # the cheaper seller
    found = conflicts(Scenario.model_validate(tables), two_sellers())
    assert budget > 250
    money, load = found.members
    assert (load.requirement, money.requirement) == ("segment.chat.requests", "policy.budget")
    assert money.repair == f"{int(budget) + 1}/month"
    assert load.repair is not None
    assert 20_000 * 250 / budget * 0.985 <= float(load.repair.removesuffix("k/day")) * 1000 <= 20_000 * 250 / budget


def test_what_two_segments_lack_is_told_apart_and_changed_together() -> None:
    tables = case(quality="high", processing_in="eu")
    tables["segment"]["tags"] = tables["segment"]["chat"] | {"quality": "low", "processing_in": "fr"}
    found = conflicts(Scenario.model_validate(tables), two_sellers())
    sets: dict[int, set[str]] = {}
    for member in found.members:
        sets.setdefault(member.number, set()).add(member.requirement)
    assert sets == {
        1: {"segment.tags.processing_in"}, 2: {"segment.chat.processing_in", "segment.chat.quality"},
    }  # fmt: skip
    assert all(member.repair is None for member in found.members)
    quality = found.members[-1]
    assert quality.changes == {"segment.chat.quality": "mid", "segment.tags.processing_in": "fr, de"}
    assert quality.total_per_month_then == pytest.approx(2 * WEAK)


def test_a_rule_that_no_change_of_it_alone_mends_says_so() -> None:
    found = conflicts(Scenario.model_validate(case({"apis": False, "max_pool_designs": 0})), two_sellers())
    assert told(found) == {"policy.apis": ("no", "yes")}  # nobody sells a GPU


def test_requests_longer_than_any_context_are_the_demand() -> None:
    found = conflicts(Scenario.model_validate(case(input_tokens=200_000)), two_sellers())
    (member,) = found.members
    assert member.requirement == "segment.chat.input_tokens"
    assert member.repair is not None
    assert 98_000 <= float(member.repair.removesuffix("k")) * 1000 <= 100_000 - 200


def test_where_the_catalog_holds_nothing_no_demand_is_named() -> None:
    found = conflicts(Scenario.model_validate(case(ttft="2 s")), replace(two_sellers(), api_offers=()))
    assert found.members == ()
    assert "even without any demand" in found.notes[0]


def test_where_there_is_a_plan_nothing_is_told() -> None:
    found = conflicts(Scenario.model_validate(case()), two_sellers())
    assert (found.members, found.notes) == ((), ())


def test_the_same_question_has_the_same_answer() -> None:
    scenario = Scenario.model_validate(case(quality="high", processing_in="eu", storage_in="eu"))
    one, two = (conflicts(scenario, two_sellers()) for _ in range(2))
    assert one.members == two.members


def test_a_search_cut_short_says_so() -> None:
    scenario = Scenario.model_validate(case({"budget": "250/month"}, quality="high", processing_in="eu"))
    found = conflicts(scenario, two_sellers(), limit_s=0.0)
    assert found.members == ()
    assert "the search ended" in found.notes[0]


# Sets.


@pytest.mark.parametrize("seed", range(200))
def test_the_set_found_is_the_smallest_that_cannot_stand(seed: int) -> None:
    dice = Random(seed)
    items = [f"i{n}" for n in range(dice.randint(2, 7))]
    bad = [frozenset(dice.sample(items, dice.randint(1, min(4, len(items))))) for _ in range(dice.randint(1, 4))]
    found = smallest(items, lambda kept: not any(each <= kept for each in bad))
    assert (found.irreducible, found.smallest) == (True, True)
    assert frozenset(found.items) in bad
    assert len(found.items) == min(map(len, bad))
