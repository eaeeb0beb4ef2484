"""What would flip a decision, as text."""

import threading
from types import SimpleNamespace
from typing import Any

from solver.explanation.exploring import LeverNow
from solver.explanation.flip_records import Flip, Flips
from wizard.diff_parts import flips_moved, stay_told
from wizard.text.flips import flip_lines, move, told
from wizard.text.json import json_text


def flip(**more: Any) -> Flip:
    values: dict[str, Any] = {
        "lever": "requests", "title": "requests", "what": "verdict", "side": "up", "unit": "requests/month", "by": 2.5,
        "still_by": 2.48, "value_now": 1e6, "value": 2.5e6, "distance": 0.916, "before": "stay_on_api",
        "after": "self_host", "options_before": ("seller/a",), "options_after": ("seller/a", "m:fp8/1xh100"),
        "total_per_month": 2920.0,
    }  # fmt: skip
    return Flip(**(values | more))


def never(**more: Any) -> Flip:
    values: dict[str, Any] = {"by": None, "after": None, "value": None, "distance": float("inf"), "still_by": 100.0}
    return flip(**(values | {"total_per_month": None} | more))


def test_a_flip_is_a_sentence_with_both_values_the_factor_and_who_wins() -> None:
    assert told(flip(), "EUR") == (
        "requests 1,000,000 -> 2,500,000 requests/month (x2.5): self-host, 2,920.00 EUR a month"
    )
    other = told(flip(what="plan", after="stay_on_api"), "EUR")
    assert other.endswith("(x2.5): another plan, with m:fp8/1xh100, 2,920.00 EUR a month")
    only = told(flip(title="GPU price", value_now=None, value=None, by=0.4, proven=False), "EUR")
    assert only.startswith("GPU price (x0.4): self-host")
    assert only.endswith("(not proven to be the nearest)")
    steps = flip(title="quality floor", steps=True, by=-2, side="down", value_now="high", value="low", unit="")
    assert told(steps, "EUR").startswith("quality floor high -> low (2 steps down): self-host")
    assert move(steps, 1) == "1 step down"


def test_the_section_tells_apart_what_never_flips_it_and_what_is_not_known() -> None:
    found = Flips(
        verdict="stay_on_api", cut=True, seconds=60.2, still={"salary": "people are not counted"},
        flips=(flip(), never(), never(title="API price", side="down", still_by=0.2, cut=True)),
    )  # fmt: skip
    text = "\n".join(flip_lines(found, "EUR"))
    assert "Never (no other verdict, nor plan): requests up to x100." in text
    assert "None found, nor shown that there is none: API price down to x0.2." in text
    assert "Moves nothing here: salary (people are not counted)." in text
    assert "Time ended the search after 60 s" in text
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_nothing_is_said_where_nobody_looked() -> None:
    assert flip_lines(None, "EUR") == []


def test_a_distance_without_end_is_null_in_json() -> None:
    assert '"distance": null' in json_text(Flips(verdict="hybrid", flips=(never(),)))


def explored(found: dict[str, Flip]) -> Any:
    """One plan of a diff: its levers and the flip of each."""
    levers = tuple(LeverNow(name, name, "", 1.0, 0.01, 100.0, False) for name in found)
    explorer = SimpleNamespace(
        levers=lambda: levers, flips=lambda lever, stop: Flips(verdict="stay_on_api", flips=(found[lever],))
    )
    return SimpleNamespace(explorer=lambda: explorer, stop=threading.Event, over=threading.Event())


def test_levers_that_flip_neither_plan_do_not_flip_where_they_did() -> None:
    old = {"requests": flip(), "salary": never(), "quality": never(), "output": never(cut=True), "peak": never()}
    new = {**old, "peak": never(cut=True), "quality": flip(lever="quality")}
    found = [each for each in flips_moved(explored(old), explored(new)) if not isinstance(each, int)]
    ways = {each.lever: (each.old, each.new, each.way) for each in found}
    assert ways["salary"] == ("never", "never", "same")
    assert ways["output"] == ("unknown", "unknown", "same")
    assert ways["peak"] == ("never", "unknown", "same")
    assert ways["quality"][::2] == ("never", "nearer")
    assert stay_told(found) == "1 lever flips where it did. 3 levers flip neither plan."
    assert stay_told(()) == ""
