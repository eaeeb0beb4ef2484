"""A plan made by hand, whose lines add up to its total, so that a screen can be drawn without a solver."""

from solver.explanation.conflict import Conflict
from solver.explanation.records import Hosting
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

API = "provider-a/small@eu"
BATCH = "provider-b/open-8b:batch"
POOL = "open-8b:fp8/1xmid-gpu/vllm/cloud-c@eu"

PEOPLE = CostLine(
    name="operations of the API of provider-a", unit="FTE-month", quantity=0.02, price=13_500.0, per_month=270.0,
    estimate="a day a month, our guess", source="salary table, 2026-05",
)  # fmt: skip
CHAT = (
    CostLine(name=f"{API} input", unit="Mtok", quantity=2160.0, price=1.0, per_month=2160.0, source="list"),
    CostLine(name=f"{API} output", unit="Mtok", quantity=575.0, price=2.0, per_month=1150.0, source="list"),
)
TAGGING = CostLine(name=f"{BATCH} input", unit="Mtok", quantity=2700.0, price=0.2, per_month=540.0, source="list")
HOSTED = (
    CostLine(
        name=f"GPU hours, on demand: {POOL}", unit="GPU-hour", quantity=2680.0, price=2.0, per_month=5360.0,
        source="price page", estimate="derived per hour from a day's price",
    ),
    CostLine(name="operations of self-run pools", unit="FTE-month", quantity=0.25, price=13_320.0, per_month=3330.0),
    CostLine(name="set-up of self-run pools, over 12 months", unit="engineer-week", quantity=0.25,
             price=3320.0, per_month=830.0),
    CostLine(name=f"monitoring, {POOL}", unit="month", quantity=1.0, price=210.0, per_month=210.0),
)  # fmt: skip
DOUBTS = (
    "chat: quality mid is a default; a score below 0.62 on the benchmark would rule the option out",
    "growth 0% is a default",
    "the load shape is a default (azure2024_conversation)",
)


def refusals() -> tuple[Refusal, ...]:
    """Options turned down for five reasons, nearest first."""
    return (
        Refusal(segment="chat", option="open-8b:bf16/1xsmall-gpu/vllm/cloud-c@eu", rule=Rule.MEMORY, found=16.0,
                wanted=17.2, unit="GB", distance=0.075),
        Refusal(segment="chat", option="provider-c/small@eu", rule=Rule.TTFT, found=2600.0, wanted=2000.0, unit="ms",
                distance=0.3),
        Refusal(segment="chat", option="provider-b/small@us", rule=Rule.PROCESSING_IN, found="us", wanted="eu"),
        Refusal(segment="chat", option="open-3b:bf16/1xsmall-gpu/vllm/cloud-c@eu", rule=Rule.QUALITY, found=0.48,
                wanted=0.62, unit="score", distance=0.23),
        Refusal(segment="tagging", option="provider-d/tiny", rule=Rule.NO_TRAINING, found="unknown", wanted="no"),
    )  # fmt: skip


def recorded_plan() -> Plan:
    """Stay on the API: 3,850 of tokens and 270 of people a month."""
    return Plan(
        status="optimal", verdict="stay_on_api", currency="USD",
        total_per_month=4120.0, bound_per_month=4120.0, gap=0.0,
        hosting=Hosting(
            verdict="self_host", reason="api_is_cheaper", api_per_month=4120.0, total_per_month=9730.0,
            fast_per_month=8210.0, horizon_months=12,
        ),
        lines=(*CHAT, TAGGING, PEOPLE),
        baselines=(
            Baseline(name="closed_api", total_per_month=4160.0, per_mtok=4160.0 / 5435, lines=(
                CostLine(name="provider-z/big input", unit="Mtok", quantity=1945.0, price=2.0, per_month=3890.0),
                PEOPLE,
            )),
            Baseline(name="open_api", total_per_month=4390.0, per_mtok=4390.0 / 5435, lines=(
                CostLine(name=f"{BATCH} input", unit="Mtok", quantity=20600.0, price=0.2, per_month=4120.0),
                PEOPLE,
            )),
            Baseline(name="self_hosted", total_per_month=9730.0, per_mtok=9730.0 / 5435, lines=HOSTED),
            Baseline(name="today", total_per_month=None, why_null="the scenario does not say what runs today"),
        ),
        segments=(
            PlannedSegment(name="chat", requests_per_month=1_800_000.0, served_by=(
                Served(option=API, kind="api", share=1.0, per_month=3310.0,
                       arithmetic="1.8 M requests x (1,200 in, 319 out) tokens x list prices"),
            )),
            PlannedSegment(name="tagging", requests_per_month=900_000.0, served_by=(
                Served(option=BATCH, kind="api", share=1.0, per_month=540.0),
            )),
        ),
        refusals=refusals(),
        refusal_counts={"processing_in": 201, "ttft": 64, "memory": 31, "quality": 15, "no_training": 5},
        readings=(
            Reading(name="volume", value=5435.0, unit="Mtok/month", says="input and output"),
            Reading(name="cost of a million tokens", value=4120 / 5435, unit="USD/Mtok"),
            Reading(name="self_hosted over this plan", value=9730 / 4120, unit="times"),
        ),
        doubts=DOUBTS,
        prices={f"{API} input": PriceUsed(value=1.0, unit="USD/Mtok", date="2026-11-02", source="list")},
        catalog_as_of="2026-11-20", seconds=0.4,
    )  # fmt: skip


def hybrid_plan() -> Plan:
    """Chat by 60% on a pool, the rest and tagging on APIs; stopped by the time limit at a gap of 3.1%."""
    lines = (
        CostLine(
            name=f"GPU hours, reserved 1 year: {POOL}", unit="GPU-hour", quantity=1460.0, price=1.0, per_month=1460.0
        ),
        CostLine(name=f"{API} input", unit="Mtok", quantity=864.0, price=1.0, per_month=864.0),
        CostLine(name=f"{API} output", unit="Mtok", quantity=230.0, price=2.0, per_month=460.0),
        TAGGING,
        CostLine(name="operations of self-run pools", unit="FTE-month", quantity=0.05, price=13_520.0, per_month=676.0),
    )
    return recorded_plan().model_copy(
        update={
            "status": "time_limit", "verdict": "hybrid", "hosting": None,
            "total_per_month": 4000.0, "bound_per_month": 3876.0, "gap": 0.031,
            "lines": lines,
            "segments": (
                PlannedSegment(name="chat", requests_per_month=1_800_000.0, served_by=(
                    Served(option=POOL, kind="pool", share=0.6, per_month=1460.0,
                           arithmetic="peak 1.5/s needs 1 replica of 2.4/s with 50% headroom"),
                    Served(option=API, kind="api", share=0.4, per_month=1324.0),
                )),
                PlannedSegment(name="tagging", requests_per_month=900_000.0, served_by=(
                    Served(option=BATCH, kind="api", share=1.0, per_month=540.0),
                )),
            ),
            "pools": (
                Pool(option=POOL, model="open-8b", precision="fp8", gpu="mid-gpu", gpus_per_replica=1,
                     tensor_parallel=1,
                     engine="vllm", provider="cloud-c", region="eu",
                     replicas=(Replicas(purchase="reserved_1y", block=None, count=2.0),), utilisation=0.31,
                     estimate="no measurement of this GPU; a class of like GPUs stands in"),
            ),
            "fallbacks": (
                Fallback(segment="chat", lost="replica", of=POOL, month_share=0.01, served=1.0, per_month=0.0,
                         moved_to=(Moved(option=API, kind="api", share=0.05),)),
                Fallback(segment="chat", lost="provider", of="cloud-c", month_share=0.005, served=1.0, per_month=9.93,
                         moved_to=(Moved(option=API, kind="api", share=0.6),), estimate="two status pages"),
                Fallback(segment="chat", lost="provider", of="provider-a", month_share=0.005, served=0.9, per_month=0.0,
                         moved_to=(Moved(option=POOL, kind="pool", share=0.3),)),
            ),
            "blocks": (Block(hours=730.0, peak_per_s={"chat": 1.5}, mean_per_s={"chat": 0.68}),),
        }
    )  # fmt: skip


def unproven_plan() -> Plan:
    """Stay on the API, stopped by the time limit at a gap of 3.1%: the verdict is not certain."""
    return recorded_plan().model_copy(update={"status": "time_limit", "bound_per_month": 3992.28, "gap": 0.031})


def conflicting_plan() -> Plan:
    """Nothing fits: three demands together, each with its least change and the cost then."""
    demands = (
        Conflict(requirement="segment.chat.ttft", found="200 ms", repair="340 ms", total_per_month_then=12_900.0,
                 changes={"segment.chat.ttft": "340 ms"}),
        Conflict(requirement="segment.chat.processing_in", found="eu", repair="anywhere", total_per_month_then=4_120.0,
                 changes={"segment.chat.processing_in": "anywhere"}),
        Conflict(requirement="policy.budget", found="100/month", repair=None, total_per_month_then=None,
                 why="the others stay in conflict"),
    )  # fmt: skip
    return no_plan().model_copy(update={"conflict": demands})


def no_plan() -> Plan:
    """Proven that nothing fits."""
    return recorded_plan().model_copy(
        update={
            "status": "infeasible", "verdict": "no_plan", "total_per_month": None, "bound_per_month": None, "gap": None,
            "lines": (), "segments": (), "baselines": (), "readings": (), "hosting": None,
            "refusal_counts": {"processing_in": 201_340, "ttft": 64, "memory": 31, "quality": 15, "no_training": 5},
            "checklist": (
                ChecklistItem(item="fallback", answer="everything, at once", lean="api"),
                ChecklistItem(item="data", answer="only on machines that are ours", lean="self_host"),
            ),
        }
    )  # fmt: skip
