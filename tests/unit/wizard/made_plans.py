"""Plans and a scenario made by hand, with every hard kind of value; and the command line run in-process."""

import sys
import threading
from math import inf
from types import ModuleType
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.records import LoadShape
from solver.plan import (
    Baseline,
    Block,
    ChecklistItem,
    CostLine,
    Fallback,
    Moved,
    Plan,
    PlannedSegment,
    Pool,
    PriceUsed,
    Reading,
    Replicas,
    Served,
)
from solver.refusals import Refusal, Rule
from solver.scenario import Scenario
from wizard.cli import main
from wizard.commands.solve import check_against

CHAT = """
[segment.chat]
requests = "60k/day"
input_tokens = 1000
output_tokens = 200
quality = "low"
[policy]
may_use = ["apis"]
"""
"""A scenario file of one segment on APIs alone."""

SCENARIO: dict[str, Any] = {
    "currency": "EUR",
    "horizon": "12 months",
    "segment": {
        "chat": {
            "requests": "60k/day",
            "input_tokens": "1.2k / 4k",
            "output_tokens": 250,
            "shared_prefix": "30%",
            "ttft": "800 ms",
            "features": ["fixed_version"],
            "users_in": {"us": "40%", "eu": "60%"},
        },
        "tagging": {"requests": "0.7/s", "input_tokens": "500", "output_tokens": "20", "may_wait": True},
    },
    "policy": {"headroom": "30%", "gpus_available": {"lambda": 8, "azure": 16}},
    "today": {"bill": "18k/month", "served_by": {"chat": "azure/gpt-5@eu"}},
    "sources": {"segment.chat.requests": "you", "currency": "profile"},
}
POOL = "llama-3.3-70b:fp8/2xh100-sxm/vllm/lambda@us"
API = "azure/gpt-5@eu-data-zone:batch"


def scenario(**changes: Any) -> Scenario:
    """The scenario made by hand, with other top-level tables."""
    return Scenario.model_validate({**SCENARIO, **changes})


def lines() -> tuple[CostLine, ...]:
    """Thirds, so that no rounding of them is exact; two lines of one name; one of a very long name."""
    return (
        CostLine(name="GPU hours", unit="replica-hour", quantity=1460.0, price=5.0 / 3, per_month=1460 * 5 / 3),
        CostLine(name="API tokens", unit="Mtok", quantity=1e3 / 3, price=0.1 + 0.2, per_month=1e3 / 3 * (0.1 + 0.2)),
        CostLine(name="API tokens", unit="Mtok", quantity=7.0, price=1.0, per_month=7.0, source="genai-prices 0.2.3"),
        CostLine(name=f"storage of the weights of {POOL}, twice", unit="GB-month", quantity=300.0, price=0.02,
                 per_month=6.0, estimate="a disk twice the weights"),
    )  # fmt: skip


def plan(**changes: Any) -> Plan:
    """A hybrid plan with every part filled."""
    bill = lines()
    total = sum(line.per_month for line in bill)
    made = Plan(
        status="optimal", verdict="hybrid", currency="EUR", total_per_month=total, bound_per_month=total - 0.01,
        gap=0.01 / total, lines=bill,
        baselines=(
            Baseline(name="closed_api", total_per_month=7500.0,
                     lines=(CostLine(name="API tokens", unit="Mtok", quantity=1300.0, price=7500 / 1300,
                                     per_month=7500.0),)),
            Baseline(name="today", total_per_month=None, why_null="today's set-up is not given"),
        ),
        segments=(
            PlannedSegment(name="chat", requests_per_month=1_825_000.0, served_by=(
                Served(option=POOL, kind="pool", share=2 / 3, per_month=2433.33, arithmetic="2 of 3 blocks"),
                Served(option=API, kind="api", share=1 / 3, per_month=107.0),
            )),
            PlannedSegment(name="tagging", requests_per_month=1_839_600.0, served_by=()),
        ),
        pools=(
            Pool(option=POOL, model="llama-3.3-70b", precision="fp8", gpu="h100-sxm", gpus_per_replica=2,
                 tensor_parallel=2, engine="vllm", provider="lambda", region="us", utilisation=0.41,
                 replicas=(Replicas(purchase="reserved_1y", block=None, count=1.0),
                           Replicas(purchase="spot", block=0, count=2.0),
                           Replicas(purchase="spot", block=1, count=1.0))),
        ),
        fallbacks=(
            Fallback(segment="chat", lost="provider", of="lambda", month_share=0.00475, served=1.0, per_month=1 / 3,
                     moved_to=(Moved(option=API, kind="api", share=2 / 3),), estimate="two status pages"),
            Fallback(segment="chat", lost="replica", of=POOL, month_share=0.01, served=0.9, per_month=0.0),
        ),
        blocks=(Block(hours=500.0, peak_per_s={"chat": 2.4}, mean_per_s={"chat": 0.1 + 0.2}),
                Block(hours=230.0, peak_per_s={"chat": 1.0}, mean_per_s={"chat": 0.5})),
        refusals=(
            Refusal(segment="chat", option="a/b", rule=Rule.TTFT, found=inf, wanted=800.0, unit="ms", distance=inf),
            Refusal(segment="chat", option="c/d", rule=Rule.MEMORY, found=16.0, wanted=17.2, unit="GB", distance=0.075),
            Refusal(segment="", option="c/d", rule=Rule.NO_TRAINING, found="unknown", wanted="no"),
        ),
        refusal_counts={"ttft": 64, "memory": 31},
        readings=(Reading(name="KV tokens", value=123456.0, unit="token", says="beside 70 GB of weights"),),
        checklist=(ChecklistItem(item="spend", answer="under 5k a month", lean="api", advice="rarely pays"),),
        doubts=("the load shape is a default \u2013 na\u00efve", "growth is a default"),
        prices={"azure/gpt-5 output": PriceUsed(value=10.0, unit="EUR/Mtok", date="2026-10-01", source="genai-prices")},
        exchange_rates={"USD": PriceUsed(value=0.92, unit="EUR/USD", date="2026-11-20", source="ECB")},
        catalog_as_of="2026-11-20", seconds=0.417,
    )  # fmt: skip
    return made.model_copy(update=changes)


def no_plan() -> Plan:
    """Proven that nothing fits."""
    return plan(
        status="infeasible", verdict="no_plan", total_per_month=None, bound_per_month=None, gap=None, lines=(),
        baselines=(), segments=(), pools=(), blocks=(), readings=(), fallbacks=(),
    )  # fmt: skip


def small_catalog() -> Catalog:
    """A catalog with nothing but the load shapes that the profiles name."""
    shape = {"load_over_mean": (1.0,) * 24, "minute_peak_over_hour": 1.0, "source": "made", "date": "2026-11-20"}
    names = ("azure2024_conversation", "azure2024_code", "flat")
    empty: dict[str, Any] = {}
    return Catalog(
        as_of="2026-11-20", currency="USD", gpus=empty, purchases=empty, models=empty, precisions=empty, engines=empty,
        performance_classes=empty, engine_offsets=empty, gpu_prices=(), api_offers=(), scores={}, floors=(),
        quantisation={}, operations=empty, attributes=empty, regions=empty,
        load_shapes={name: LoadShape.model_validate({"id": name, "name": name, **shape}) for name in names},
    )  # fmt: skip


class Faked:
    """A decide that answers at once with a plan, and remembers what it was asked."""

    def __init__(self, answer: Plan | Exception) -> None:
        self.answer = answer
        self.asked: list[Scenario] = []
        self.limits: tuple[float, float] = (0.0, 0.0)

    def __call__(
        self,
        scenario: Scenario,
        catalog: Catalog,
        gap: float,
        limit_s: float,
        on_progress: Any,
        stop: threading.Event,
        all_refusals: bool,
        day: str = "",
    ) -> Plan:
        """Answer."""
        self.asked.append(scenario)
        self.limits = (gap, limit_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def fake_decide(monkeypatch: pytest.MonkeyPatch, answer: Plan | Exception) -> Faked:
    """Put a recorded answer in the place of the solver, and a small catalog in that of the figures."""
    fake = Faked(answer)
    module = ModuleType("solver.decide")
    module.decide = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "solver.decide", module)
    monkeypatch.setattr("solver.conflicts.with_conflict", lambda made, *_: made)
    monkeypatch.setattr("solver.explanation.with_reasons.with_reasons", lambda made, *_: made)
    monkeypatch.setattr("catalogs.catalog.load_catalog", lambda **_: small_catalog(), raising=False)
    monkeypatch.setattr("solver.explanation.flips.flips_of", lambda *_, **__: None)
    # The small catalog knows load shapes and no other name.
    monkeypatch.setattr("solver.scenario_check.check_names", lambda asked, catalog, _: check_against(asked, catalog))
    return fake


def run(*arguments: str) -> int:
    """The exit code of `wizard ARGUMENTS`, argparse's own included."""
    try:
        return main(arguments)
    except SystemExit as stopped:
        return int(stopped.code or 0)
