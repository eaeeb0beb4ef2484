"""What requirements cost: by hand on two offers, and against solves of scenarios without them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from made_options import offer, price, scenario, small_catalog

from catalogs.catalog import Catalog
from catalogs.records import Attributes
from solver.decide import decide
from solver.explanation.reasons import RulePrice
from solver.explanation.rule_prices import Prices, Question, rule_prices
from solver.feasibility import Oracle
from solver.optimise import optimise
from solver.options import problem_of
from solver.plan import Plan
from solver.refusals import Refusal, Rule
from solver.requirements import changed, requirements
from solver.scenario import Scenario
from solver.solve import Outcome


def catalog() -> Catalog:
    """A closed API that is dear and does not train, and one at half the price that may; a pool that is dearer still."""
    offers = (
        offer("dear/closed-1", input_per_mtok=2.0, output_per_mtok=4.0),
        offer("cheap/closed-1", input_per_mtok=1.0, output_per_mtok=2.0),
    )
    attributes = {
        name: Attributes(
            provider=name, trains_on_data=trains, retention_days=30,
            sources=dict.fromkeys(("retention_days", "trains_on_data"), "made for tests"),
        )
        for name, trains in (("dear", False), ("cheap", True))
    }  # fmt: skip
    small = small_catalog()
    low = small.floors[0].model_copy(update={"word": "low", "threshold": 10})
    floors = (*small.floors, low)
    return replace(small, api_offers=offers, gpu_prices=(price(90.0),), attributes=attributes, floors=floors)


@cache
def prices_of(**asked: Any) -> tuple[Scenario, Plan, dict[str, RulePrice]]:
    policy = {"people": False, "setup": False, "storage": False, "network": False, "contingencies": []}
    made = scenario(policy=policy, **asked)
    plan = decide(made, catalog())
    return made, plan, {f"{each.requirement} {each.without}": each for each in rule_prices(made, catalog(), plan)}


def test_a_rule_of_admission_costs_what_the_dearer_offer_costs_more() -> None:
    made, plan, found = prices_of(no_training=True)
    requests = made.segment["chat"].requests.per_month
    # 1,000 tokens in and 200 out: 2.80 a thousand requests at the dear one, 1.40 at the other.
    assert plan.total_per_month == pytest.approx(requests * 2.8e-3, rel=1e-9)
    rule = found["segment.chat.no_training no"]
    assert rule.per_month == pytest.approx(requests * 1.4e-3, rel=1e-6)
    assert rule.proven
    assert rule.verdict_then == "stay_on_api"
    assert (rule.asked, rule.without) == ("yes", "no")


def test_a_rule_that_does_not_bind_costs_nothing_and_says_why() -> None:
    found = dict(prices_of(no_training=False)[2])
    assert "segment.chat.no_training no" not in found  # nothing is asked, so nothing is dropped
    owned = found.pop(next(key for key in found if key.startswith("policy.purchase_types")))
    assert (owned.per_month or 0.0) > 0  # the catalog sells these GPUs cheaper than this rent
    for key, rule in found.items():
        assert rule.per_month == 0, key
        assert rule.proven, key
        assert rule.why, key


def test_what_turns_nothing_down_needs_no_solve() -> None:
    _, _, found = prices_of(max_retention_days=36500)
    rule = found["segment.chat.max_retention_days none"]
    assert (rule.per_month, rule.proven) == (0, True)


def test_no_requirement_is_dearer_dropped_and_each_price_is_that_of_a_solve() -> None:
    made, plan, found = prices_of(no_training=True)
    total = plan.cheapest.total_per_month if plan.cheapest else 0.0
    for each in requirements(made):
        if each.way == "load":
            continue
        rule = next(rule for rule in found.values() if rule.requirement == each.key)
        without = optimise(problem_of(changed(made, each.key, each.weakest), catalog()), 1e-7)
        assert without.objective is not None
        assert without.objective <= total * (1 + 1e-6)
        assert rule.per_month == pytest.approx(total - without.objective, abs=1e-3)


def test_time_that_is_over_is_said() -> None:
    made, plan, _ = prices_of(no_training=True)
    found = rule_prices(made, catalog(), plan, limit_s=1e-9)
    assert all(each.per_month is None for each in found)


def test_a_plan_without_a_bill_has_no_prices() -> None:
    made, plan, _ = prices_of(no_training=True)
    nothing = plan.model_copy(update={"total_per_month": None})
    assert rule_prices(made, catalog(), nothing) == ()


def test_what_another_free_rule_or_the_bill_itself_settles_is_free_without_a_solve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget = {"budget": "100000/month", "contingencies": ["replica"], "people": False, "setup": False}
    made = scenario(policy=budget, coverage="50%")
    plan = decide(made, catalog())
    asked: list[list[str]] = []
    solved = Prices.without

    def counted(prices: Prices, questions: Sequence[Question]) -> Outcome:
        asked.append([each.key for each in questions])
        return solved(prices, questions)

    monkeypatch.setattr(Prices, "without", counted)
    found = {each.requirement: each for each in rule_prices(made, catalog(), plan)}
    assert not any("policy.budget" in keys for keys in asked)
    assert (found["policy.budget"].per_month, found["policy.budget"].proven) == (0, True)
    assert "within it" in found["policy.budget"].why
    # no replica is held that could be lost, so its loss costs nothing, and neither does what must survive it
    assert ["policy.contingencies"] in asked
    assert not any("segment.chat.coverage" in keys for keys in asked)
    assert (found["segment.chat.coverage"].per_month, found["segment.chat.coverage"].proven) == (0, True)
    without = made.segment["chat"].model_copy(update={"coverage": 0.0})
    bare = optimise(problem_of(made.model_copy(update={"segment": {"chat": without}}), catalog()), 1e-6)
    assert bare.objective == pytest.approx(plan.cheapest.total_per_month if plan.cheapest else 0.0, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "names"), [("policy.purchase_types", "3y"), ("horizon", "36"), ("policy.beyond_horizon", "36")]
)
def test_a_rule_on_purchases_names_what_it_turns_down_itself(key: str, names: str) -> None:
    made, plan, _ = prices_of(no_training=True)
    wanted = ("a segment that tolerates spot", "one of on_demand", "a term of at most 12 months")
    refusals = tuple(
        Refusal(segment="chat", option=option, rule=Rule.PURCHASE_TYPE, found="-", wanted=text, distance=place)
        for place, (option, text) in enumerate(zip(("spot", "3y", "36"), wanted, strict=True))
    )
    base = replace(problem_of(made, catalog()), refusals=refusals)
    prices = Prices(made, plan, Oracle(made, catalog(), 60.0, None), 1.0, 1.0, base)
    asked = next(each for each in requirements(made) if each.key == key)
    assert (found := prices.nearest(asked)) is not None
    assert found.option == names
