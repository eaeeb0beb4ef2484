"""The screen of no plan: which answers of the checklist are said to bind, and the rules in their order."""

import pytest

from solver.plan import ChecklistItem, Plan
from solver.refusals import Refusal, Rule
from wizard.screens.plan_none import answers_in_the_way, no_plan


def nothing_fits(counts: dict[str, int], answers: dict[str, str], *refusals: Refusal) -> Plan:
    """A plan of a problem that has none."""
    items = tuple(ChecklistItem(item=item, answer=text, lean="neutral") for item, text in answers.items())
    return Plan(
        status="infeasible", verdict="no_plan", currency="USD", total_per_month=None, bound_per_month=None, gap=None,
        refusals=refusals, refusal_counts=counts, checklist=items, catalog_as_of="2026-11-20",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "answers", "bind"),
    [
        ({"operated_by": 9}, {"data": "only on machines that are ours"}, ["data"]),
        ({"memory": 9}, {"data": "only on machines that are ours"}, []),  # its rules turned nothing down
        ({"processing_in": 9}, {"data": "anyone, anywhere"}, []),  # it asks for nothing: the rule was typed
        ({}, {"fallback": "everything, at once"}, ["fallback"]),  # two suppliers bind the plan, not an option
        ({}, {"fallback": "nothing: it may fail and be done again"}, []),
        ({"purchase_types": 3}, {"cost": "half a year, nothing signed", "spend": "under 1,000, and steady"}, ["cost"]),
        ({"quality": 3}, {"quality": "don't know: keep the profile's, and list it as a doubt"}, []),
    ],
)
def test_an_answer_binds_if_it_asks_for_what_turned_options_down(
    counts: dict[str, int], answers: dict[str, str], bind: list[str]
) -> None:
    assert [item.id for item, _ in answers_in_the_way(nothing_fits(counts, answers))] == bind


def test_rules_stand_by_their_count_each_with_its_nearest_option() -> None:
    far = Refusal(segment="chat", option="far", rule=Rule.TTFT, found=900.0, wanted=200.0, unit="ms", distance=3.5)
    near = Refusal(segment="chat", option="near", rule=Rule.TTFT, found=340.0, wanted=200.0, unit="ms", distance=0.7)
    view = no_plan(nothing_fits({"ttft": 64, "memory": 201_340}, {}, far, near))
    assert [row.cells for row in view.rows] == [
        ("memory", "201,340", ""),
        ("first token too late", "64", "340, wanted 200 ms: near"),
    ]
    assert view.detail["ttft"][0] == "near"
