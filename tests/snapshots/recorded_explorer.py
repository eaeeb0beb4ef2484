"""An explorer that knows the answers already: the API until 5.1 times the requests, or GPUs at 0.4 of their price."""

import threading
from collections.abc import Callable, Collection, Mapping
from math import inf, log

from solver.explanation.exploring import VOLUMES, Layers, LeverNow, Volume
from solver.explanation.flip_records import Flip, Flips
from solver.explanation.quick import Answer, Bounds
from solver.explanation.reasons import WhyNot, WhyNotTable
from solver.plan import Plan
from solver.record import Verdict
from solver.scenario import Scenario

POOL = "open-8b:fp8/1xmid-gpu/vllm/cloud-c@eu"
FLIPS = {"requests": 5.1, "gpu_price": 0.4}
LEVERS = (
    LeverNow("gpu_price", "GPU price", "", "", 0.01, 100.0, False),
    LeverNow("requests", "requests", "requests/month", 2_700_000.0, 0.01, 100.0, False),
    LeverNow("salary", "salary", "USD/year", 160_000.0, 0.01, 100.0, False),
    LeverNow("quality", "quality floor", "", "mid", -1.0, 2.0, True, quick=False),
    LeverNow("exchange_rate", "exchange rate", "", "", 1.0, 1.0, False, "nothing is quoted in another currency"),
)


class RecordedExplorer:
    """Costs are lines through the recorded plan: 4,120 a month, 9,730 self-hosted."""

    def __init__(self, scenario: Scenario, as_of: str | None = None) -> None:
        self.scenario, self.as_of = scenario, as_of

    def levers(self) -> tuple[LeverNow, ...]:
        """Five levers, one of which stays still."""
        return LEVERS

    def scenario_after(self, moves: Mapping[str, float]) -> Scenario:
        """The requests alone are moved."""
        by = moves.get("requests", 1.0)
        segments = {
            name: each.model_copy(
                update={"requests": each.requests.model_copy(update={"amount": each.requests.amount * by})}
            )
            for name, each in self.scenario.segment.items()
        }
        return self.scenario.model_copy(update={"segment": segments})

    def values(self, moves: Mapping[str, float]) -> dict[str, float | str]:
        """The levers' values times the moves."""
        now = {lever.name: lever.now for lever in LEVERS}
        return {name: value * by if not isinstance(value := now[name], str) else "" for name, by in moves.items()}

    def kept(self, plan: Plan, moves: Mapping[str, float], stop: threading.Event | None = None) -> float | None:
        """The plan's APIs at the moves; they do not reach a higher quality."""
        return inf if moves.get("quality", 0.0) > 0 else RecordedExplorer.answer(self, moves).api_total

    def answer(
        self, moves: Mapping[str, float], start: Collection[str] = (), stop: threading.Event | None = None
    ) -> Answer:
        """By hand: tokens go with the volume, pools with their price."""
        by, gpu = moves.get("requests", 1.0), moves.get("gpu_price", 1.0)
        api, hosted = 270.0 + 3850.0 * by, 4370.0 + 5360.0 * gpu * max(1.0, by / 5)
        verdict: Verdict = "self_host" if by >= FLIPS["requests"] or gpu <= FLIPS["gpu_price"] else "stay_on_api"
        total = hosted if verdict == "self_host" else api
        return Answer(verdict, total, verdict, total, api, hosted, Bounds(api, hosted), (), True)

    def flips(self, lever: str, stop: threading.Event | None = None) -> Flips:
        """Two levers flip it."""
        by = FLIPS.get(lever)
        if lever == "requests" and self.as_of and self.as_of < "2026-09":
            by = 3.9
        flip = Flip(
            lever=lever, title=lever, what="verdict", side="up" if (by or 2) > 1 else "down", by=by,
            still_by=100.0 if by is None else by, value=2_700_000.0 * by if lever == "requests" and by else None,
            distance=float("inf") if by is None else abs(log(by)), before="stay_on_api",
            after=None if by is None else "self_host", total_per_month=None if by is None else 9_836.0,
        )  # fmt: skip
        return Flips(verdict="stay_on_api", flips=(flip,))

    def volumes(self, tell: Callable[[Volume], None], stop: threading.Event) -> None:
        """The answers along the volume."""
        for by in VOLUMES:
            found = self.answer({"requests": by})
            tell(Volume(by, found.api_total, found.self_total, found.verdict))

    def map(self, tell: Callable[[float, float, Verdict], None], stop: threading.Event) -> None:
        """The answers on a grid."""
        for x in (0.5, 1.0, 2.0, 5.0, 10.0):
            for y in (0.25, 1.0, 4.0):
                tell(x, y, self.answer({"requests": x, "gpu_price": y}).verdict)

    def layers(self, plan: Plan, stop: threading.Event | None = None) -> Layers | None:
        """A pool for the steady load, an API for office hours."""
        steady = (0.5,) * 24
        office = tuple(1.0 if 8 <= hour < 18 else 0.1 for hour in range(24))
        return Layers((POOL, "provider-a/small@eu"), (True, False), (steady, office), (steady, (0.1,) * 24))

    def must_use(self, option: str, stop: threading.Event | None = None) -> float | None:
        """What the opinion costs."""
        return 7_220.0 if option == POOL else None

    def why_not(self, plan: Plan, stop: threading.Event | None = None) -> WhyNotTable:
        """One option that enters at a price, one that never does."""
        near = WhyNot(
            option=POOL, kind="pool", serves=("chat",), answer="enters_at", price_factor=0.46, at_most=0.5,
            price_now=2.0, price_then=0.92, total_then=4_119.0, unit="replica-hour", proven=True,
        )  # fmt: skip
        never = WhyNot(option="open-70b:int4/2xbig-gpu/vllm/cloud-c@eu", kind="pool", serves=("chat", "tagging"),
                       answer="never", proven=True)  # fmt: skip
        return WhyNotTable(currency="USD", total_per_month=4_120.0, options=(near, never), counts={})
