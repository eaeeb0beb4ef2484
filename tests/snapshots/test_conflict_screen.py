"""The screen of no plan with demands in conflict: enter makes the change of a row and solves again."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from app_harness import lines_of, make_app, press
from recorded_plan import no_plan

from solver.explanation.conflict import Conflict
from solver.plan import Plan
from solver.scenario import Scenario

SETS = (
    Conflict(
        requirement="segment.chat.ttft", found="2 s", repair="3.4 s", total_per_month_then=12_900.0,
        changes={"segment.chat.ttft": "3.4 s"},
    ),
    Conflict(
        requirement="policy.budget", found="100/month", repair=None, total_per_month_then=508.03,
        changes={"policy.budget": "509/month", "segment.chat.quality": "low"}, why="the rest stays in conflict",
    ),
)  # fmt: skip


def test_enter_on_a_demand_makes_its_change_and_solves_again(tmp_path: Path) -> None:
    asked: list[Scenario] = []

    def solve(scenario: Scenario, on_progress: Any, stop: threading.Event) -> Plan:
        asked.append(scenario)
        return no_plan().model_copy(update={"conflict": SETS})

    app = make_app(tmp_path, solve=solve)

    async def go() -> list[str]:
        async with app.run_test(size=(100, 30)) as pilot:
            await press(pilot, ["n", "1", "o", "s"])
            seen = lines_of(app)
            await press(pilot, ["enter"])
            await press(pilot, ["down", "enter"])
            return seen

    seen = asyncio.run(go())
    shown = "\n".join(seen)
    assert "NO PLAN FITS" in shown
    assert "3.4 s" in shown
    assert "12,900" in shown
    first, second, third = asked
    assert first.segment["chat"].ttft != 3400
    assert second.segment["chat"].ttft == 3400
    assert second.policy.budget is None
    assert third.segment["chat"].ttft == 3400
    assert (str(third.policy.budget), third.segment["chat"].quality) == ("509/month", "low")
