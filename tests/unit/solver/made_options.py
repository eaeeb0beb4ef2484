"""Scenarios, offers and prices made by hand, on a catalog of few models, for the tests of options."""

from dataclasses import replace
from functools import cache
from typing import Any

from catalogs.catalog import Catalog, load_catalog
from catalogs.records import ApiOffer, DesignRate, GpuPrice, QualityFloor
from solver.problem import Problem
from solver.refusals import Rule
from solver.scenario import Scenario

SOURCED: dict[str, Any] = {"source": "made for tests", "date": "2026-01-01"}
MODEL = "llama-3.3-70b"


@cache
def shipped_catalog() -> Catalog:
    """The shipped catalog, loaded once."""
    return load_catalog()


@cache
def small_catalog() -> Catalog:
    """Two open models and a closed one that are good enough for chat, no prices."""
    shipped = shipped_catalog()
    score = next(iter(shipped.scores.values()))
    floor = QualityFloor(
        task="chat", word="mid", benchmark="made", benchmark_date="2026", threshold=50, unit="%", **SOURCED
    )
    names = (MODEL, "llama-3.1-405b", "closed-1")
    scores = {
        (name, "made", "2026"): score.model_copy(update={"model": name, "score": 60.0, "unit": "%"}) for name in names
    }  # fmt: skip
    models = {name: shipped.models[name] for name in (MODEL, "llama-3.1-405b")}
    return replace(
        shipped, models=models, scores=scores, floors=(floor,), gpu_prices=(), api_offers=(), rates=(), attributes={}
    )  # fmt: skip


def scenario(policy: dict[str, Any] | None = None, **chat: Any) -> Scenario:
    base = {
        "requests": "20k/day", "input_tokens": 1000, "output_tokens": 200, "ttft": "2 s", "tpot": "100 ms",
    }  # fmt: skip
    tables = {key: chat.pop(key) for key in ("team", "today", "horizon") if key in chat}
    return Scenario.model_validate({"segment": {"chat": base | chat}, "policy": policy or {}, **tables})


def price(
    per_hour: float, gpus: int = 1, provider: str = "cloud", purchase: str = "on_demand", **more: Any
) -> GpuPrice:
    region = more.pop("region", "us")
    return GpuPrice.model_validate(
        {
            "id": f"{provider}/{gpus}@{region}:{purchase}", "provider": provider, "service": "vm", "instance": "i",
            "gpu": "h100-sxm", "gpu_count": gpus, "region": region, "purchase": purchase, "price_per_hour": per_hour,
            **SOURCED, **more,
        }
    )  # fmt: skip


def offer(id_: str = "seller/closed-1", **more: Any) -> ApiOffer:
    provider, model = id_.split("/")
    base: dict[str, Any] = {
        "id": id_, "provider": provider, "model": model, "provider_model": model, "open_weights": False,
        "input_per_mtok": 1.0, "output_per_mtok": 4.0, "ttft_p50_ms": 300, "ttft_p95_ms": 900, "tpot_p50_ms": 10,
        "tpot_p95_ms": 30, "context_tokens": 100_000,
    }  # fmt: skip
    return ApiOffer(**(base | more), **SOURCED)


def rate(per_s: float, gpus: int = 1, **more: Any) -> DesignRate:
    base: dict[str, Any] = {
        "id": f"r{gpus}", "model": MODEL, "precision": "fp8", "gpu": "h100-sxm", "gpus": gpus, "engine": "vllm",
        "requests_per_second": per_s,
    }  # fmt: skip
    return DesignRate(**(base | more), **SOURCED)


def with_prices(catalog: Catalog, *prices: GpuPrice, **more: Any) -> Catalog:
    return replace(catalog, gpu_prices=prices, **more)


def with_offers(catalog: Catalog, *offers: ApiOffer) -> Catalog:
    return replace(catalog, api_offers=offers)


def only_rule(problem: Problem, option: str) -> Rule:
    (found,) = {refusal.rule for refusal in problem.refusals if refusal.option == option}
    return found
