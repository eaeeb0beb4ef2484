"""What to do next comes from the decision itself: its figures, its dates, and nothing of another verdict."""

import re
from datetime import date, timedelta
from functools import cache
from itertools import combinations
from math import ceil, isfinite
from pathlib import Path

import pytest
from mistake_cases import case, solved

from solver.decide import decide
from solver.explanation.doubt_records import RankedDoubt, RankedDoubts
from solver.explanation.doubt_steps import steps_with
from solver.explanation.levers import apis_priced
from solver.explanation.quick import quick_answer
from solver.options import problem_of
from solver.plan import Plan, rounded
from solver.scenario import Scenario
from wizard.commands.solve import catalog_of
from wizard.plan_file import plan_of, plan_tables
from wizard.scenario_file import read_question
from wizard.text.plan import plan_text

SHIPPED = sorted((Path(__file__).parents[3] / "saved_plans").glob("*.toml"))
CASES = ("fallback-2-passes", "fallback-1-triggers", "early-2-passes", "revisit-1-triggers", "drift-4-passes")


@cache
def shipped(path: Path) -> Plan:
    question = read_question(path)
    return decide(question.scenario, catalog_of(question))


@cache
def no_plan() -> Plan:
    asked = case("fallback-1-triggers").scenario
    tables = asked.model_dump(exclude_defaults=True)
    tables["segment"]["bulk"] |= {"quality": "frontier", "processing_in": "de"}
    return decide(Scenario.model_validate(tables), case("fallback-1-triggers").catalog)


def plans() -> dict[str, Plan]:
    found = {path.stem: shipped(path) for path in SHIPPED} | {name: solved(name) for name in CASES}
    return found | {"no-plan": no_plan()}


def test_there_are_at_most_seven_each_with_effort_date_and_figure() -> None:
    assert {plan.verdict for plan in plans().values()} == {"stay_on_api", "hybrid", "self_host", "no_plan"}
    for name, plan in plans().items():
        steps = plan.next_steps
        assert 2 <= len(steps) <= 7, name
        assert len({step.id for step in steps}) == len(steps), name
        assert [step.date for step in steps] == sorted(step.date for step in steps)
        assert all(date.fromisoformat(step.date) > date.fromisoformat(plan.day) for step in steps)
        assert all(step.days > 0 and step.effort and isfinite(step.figure) and step.because for step in steps)
        assert steps[-1].kind == "revisit", name


def test_two_plans_of_different_verdict_share_at_most_two_steps() -> None:
    for (one, left), (other, right) in combinations(plans().items(), 2):
        if left.verdict != right.verdict:
            ids = {step.id for step in left.next_steps} & {step.id for step in right.next_steps}
            words = {step.action for step in left.next_steps} & {step.action for step in right.next_steps}
            assert len(ids) <= 2, (one, other, ids)
            assert len(words) <= 2, (one, other, words)


@pytest.mark.parametrize("name", ["fallback-1-triggers", "early-2-passes"])
def test_a_plan_with_pools_is_evaluated_signed_built_with_health_checks_drilled_and_looked_at_again(name: str) -> None:
    steps = solved(name).next_steps
    assert {step.kind for step in steps} == {"evaluate", "sign", "build", "drill", "revisit"}
    told = " ".join(step.action for step in steps)
    for wanted in ("health check", "blue-green", "runbook", "slower"):
        assert wanted in told, wanted


def test_spare_capacity_is_counted_where_no_api_serves() -> None:
    (step,) = (step for step in solved("fallback-1-triggers").next_steps if step.id == "spare_replica")
    assert step.figure == 0  # one replica is held, and the peak needs it
    assert "hourly" in step.action


def test_the_bills_set_up_is_the_work_of_building_and_all_work_comes_one_after_the_other() -> None:
    plan = solved("early-2-passes")
    build = next(step for step in plan.next_steps if step.id == "build_beside_api")
    assert build.days == 4 * 5  # four weeks, in the scenario
    start, worked = date.fromisoformat(plan.day), 0.0
    for step in plan.next_steps[:-1]:
        worked += step.days
        assert date.fromisoformat(step.date) == start + timedelta(days=ceil(worked * 7 / 5))
    last = date.fromisoformat(plan.next_steps[-2].date)
    assert date.fromisoformat(plan.next_steps[-1].date) == last + timedelta(days=91)


def test_dates_are_counted_from_the_day_that_is_given_and_from_no_clock() -> None:
    asked = case("early-2-passes")
    day = date.fromisoformat(solved("early-2-passes").day)
    later = decide(asked.scenario, asked.catalog, day=(day + timedelta(days=30)).isoformat()).next_steps
    moved = [date.fromisoformat(step.date) - timedelta(days=30) for step in later]
    assert moved == [date.fromisoformat(step.date) for step in solved("early-2-passes").next_steps]


def test_what_may_go_to_no_api_is_sent_to_none() -> None:
    (path,) = (path for path in SHIPPED if path.stem == "hybrid-sensitive-general")
    told = [step.action for step in shipped(path).next_steps if step.kind in ("evaluate", "build", "drill")]
    assert told
    assert not any("flagship" in action for action in told)


def test_what_runs_today_and_is_left_is_wound_down_for_what_it_costs_more() -> None:
    plan = solved("revisit-1-triggers")
    step = next(step for step in plan.next_steps if step.id == "wind_down")
    assert step.figure == pytest.approx(next(each.per_month for each in plan.mistakes))


def test_next_steps_stand_in_the_file_and_at_the_end_of_the_text() -> None:
    plan = rounded(solved("early-2-passes"))
    assert plan_of(plan_tables(plan), "plan").next_steps == plan.next_steps
    text = plan_text(plan)
    assert text.split("\n\n")[-1].startswith("Next steps")
    assert all(len(line) <= 80 for line in text.splitlines())


def doubted(kind: str, subject: str, action: str, amount: float | None, then: str | None) -> RankedDoubt:
    return RankedDoubt(
        kind=kind, subject=subject, action=action, unit="times the price", told=1.0, low=0.5, high=2.0,
        flips=then is not None, nearness=None if then is None else 0.25, at="high", then=then,
        decides_per_month=amount,
    )  # fmt: skip


def test_the_first_doubts_of_a_ranking_are_settled_first_with_their_amounts_and_all_dates_follow() -> None:
    plan = solved("fallback-1-triggers")
    (evaluate,) = (step for step in plan.next_steps if step.id == "evaluate_model")
    model = evaluate.action.split()[1]
    ranking = RankedDoubts(
        verdict=plan.verdict,
        doubts=(
            doubted("price", "cloud/gpu", "ask for the price of cloud/gpu", 2400.0, "stay_on_api"),
            doubted("score", f"{model} on bulk", f"evaluate {model} on bulk", None, "no_plan"),
            doubted("range", "volume", "count the requests for a month", 10.0, None),
        ),
    )
    steps = steps_with(plan, ranking)
    assert len(steps) == len(plan.next_steps) == 7  # the least of the others gave way
    assert (steps[0].action, steps[0].figure) == ("Ask for the price of cloud/gpu first.", 2400.0)
    assert steps[0].because == "from 25% of the way to 2 times the price on the verdict is the API; it decides a month"
    assert (steps[1].id, steps[1].action) == ("evaluate_model", f"First of all: {evaluate.action}")
    assert "no plan is left" in steps[1].because
    assert not any("count the requests" in step.action for step in steps)
    # half a day for the price, then the evaluation's own days, 7/5 of the work days from the plan's day on
    start = date.fromisoformat(plan.day)
    assert [date.fromisoformat(step.date) for step in steps[:2]] == [
        start + timedelta(days=ceil(days * 7 / 5)) for days in (0.5, 0.5 + evaluate.days)
    ]
    assert [step.date for step in steps] == sorted(step.date for step in steps)
    assert (date.fromisoformat(steps[-1].date) - date.fromisoformat(steps[-2].date)).days == 91
    assert steps_with(plan, ranking.model_copy(update={"verdict": "stay_on_api"})) == plan.next_steps


def test_the_alert_rings_at_the_bill_at_which_self_hosting_wins() -> None:
    path = next(each for each in SHIPPED if each.stem == "article-team-goes-back")
    plan = shipped(path)
    (step,) = (step for step in plan.next_steps if step.id == "alert_on_bill")
    told = re.search(r"bill at ([\d,]+) EUR", step.action)
    assert told is not None
    bill = float(told[1].replace(",", ""))
    assert plan.hosting is not None
    assert bill == pytest.approx(step.figure + plan.hosting.labour_per_month, abs=1)  # more than the margin of it here
    question = read_question(path)
    problem = problem_of(question.scenario, catalog_of(question))
    for part, verdict in ((0.995, "stay_on_api"), (1.005, "self_host")):
        dearer = apis_priced(problem, part * bill / (plan.total_per_month or 1.0))
        assert quick_answer(dearer).verdict == verdict, part
