"""Every line of the shipped plans' bills, worked out again by hand from the saved file and nothing else."""

import tomllib
from math import prod
from pathlib import Path
from typing import Any

import pytest
from make_baselines import SAVED, solved_again

from wizard.store import SavedPlan, load, to_toml

WORDS = {"reserved_1m": "reserved 1 month", "reserved_1y": "reserved 1 year", "reserved_3y": "reserved 3 years"}
PLAIN = {"FTE-month", "GB-month", "hour", "month"}
"""Units of lines whose quantity is a figure of its own: people, weights, a load balancer, monitoring."""


@pytest.fixture(scope="module", params=sorted(SAVED.glob("*.toml")), ids=lambda path: Path(path).stem)
def tables(request: pytest.FixtureRequest) -> dict[str, Any]:
    """[plan] of a shipped plan, as a file of it would hold it today."""
    path: Path = request.param
    file = to_toml(SavedPlan(path.stem, "", load(path).scenario, solved_again(path)))
    plan: dict[str, Any] = tomllib.loads(file)["plan"]
    return plan


def test_each_line_is_worked_out_again_from_the_file(tables: dict[str, Any]) -> None:
    total = 0.0
    for name, line in tables["line"].items():
        money = _money(tables, name, line)
        assert money == pytest.approx(line["per_month"], rel=1e-9, abs=1e-6), name
        total += money
    assert total == pytest.approx(tables["total_per_month"], abs=1e-5)


def _money(plan: dict[str, Any], name: str, line: dict[str, Any]) -> float:
    """One line: hours of a pool, what requests take, or a figure of its own."""
    price = prod(line["price_of"].values()) if "price_of" in line else line["price"]
    if line["unit"] == "replica-hour" and name.startswith("GPU hours"):
        said, option = name.removeprefix("GPU hours, ").split(": ", 1)
        hours = {key: block["hours"] for key, block in plan["block"].items()}
        quantity = 0.0
        for key, row in plan["pool"][option]["replicas"].items():
            if WORDS.get(row["purchase"], row["purchase"].replace("_", " ")) == said:
                quantity += row["count"] * (hours[key.split(" in ")[1]] if " in " in key else sum(hours.values()))
        return quantity * float(plan["price"][f"{option}, {said}"]["value"])
    if "term" in line:
        parts = [prod(term["factors"].values()) * term.get("price", price) for term in line["term"].values()]
        return float(sum(parts))
    assert line["unit"] in PLAIN, f"{name} is not told in figures"
    return float(line["quantity"] * price)


def test_requests_of_a_line_are_those_that_the_option_serves(tables: dict[str, Any]) -> None:
    seen = 0
    for name, line in tables["line"].items():
        for segment, term in line.get("term", {}).items():
            if "requests a month" in term["factors"] and not name.startswith("fallback to"):
                served = tables["segment"][segment]
                option = next(option for option in served["served_by"] if name.startswith(option))
                asked = served["requests_per_month"] * served["served_by"][option]["share"]
                assert term["factors"]["requests a month"] == pytest.approx(asked, rel=1e-9)
                assert tables["price"].get(name, {"value": line["price"]})["value"] == line["price"]
                seen += 1
    assert seen or "pool" in tables


def test_what_a_pool_holds_is_what_its_segments_ask_for(tables: dict[str, Any]) -> None:
    for option, pool in tables.get("pool", {}).items():
        asked, peak = 0.0, 0.0
        for name, segment in tables["segment"].items():
            for capacity in segment["served_by"].get(option, {}).get("capacity", {}).values():
                with_room = capacity["peak_per_s"] * capacity["replica_seconds"] * (1 + capacity["headroom"])
                assert capacity["replicas"] == pytest.approx(with_room / capacity["availability"], rel=1e-9)
                assert capacity["peak_per_s"] <= max(b["peak_per_s"][name] for b in tables["block"].values()) + 1e-9
                asked, peak = asked + with_room, peak + capacity["busy_share"]
        held = max(sum(row["count"] for row in pool["replicas"].values()), 0.0)
        assert asked <= held + 1e-6
        assert peak == pytest.approx(1.0)
