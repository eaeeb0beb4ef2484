"""Doubts about a plan as a whole, and that they rest on what the figures say."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from made_problems import design, offer

from solver.doubts import MOST_GPUS, OF_ONE_DAY, ROUTERS, doubts_of_plan
from solver.plan import Fallback, Moved, Pool, Replicas
from solver.problem import ApiOption, Problem, Purchase

FIGURES = Path(__file__).parents[3] / "catalogs" / "figures"
MARKET = design("m/h100/bazaar", {
    "on_demand": Purchase(1.0, 1.0, estimate=f"the {OF_ONE_DAY}, which the next customer may not get"),
    "reserved_1y": Purchase(2.0, 1.0),
})  # fmt: skip


def pool(*replicas: Replicas) -> Pool:
    return Pool(
        option=MARKET.id, model="m", precision="fp8", gpu="h100", gpus_per_replica=4, tensor_parallel=4, engine="vllm",
        provider="bazaar", region="us", replicas=replicas, utilisation=0.5,
    )  # fmt: skip


def falls(lost: str, option: str) -> Fallback:
    return Fallback(
        segment="chat", lost="provider", of=lost, month_share=0.01, served=1.0, per_month=0.0,
        moved_to=(Moved(option=option, kind="api", share=1.0),),
    )  # fmt: skip


@pytest.fixture
def problem(tiny_problem: Problem) -> Problem:
    apis = tuple(ApiOption(name, offer(name)) for name in ("openrouter/m", "near/m"))
    return replace(tiny_problem, designs=(MARKET,), apis=apis)


def test_many_gpus_at_a_price_of_one_day_are_a_doubt_in_the_block_with_most(problem: Problem) -> None:
    rows = [Replicas(purchase="on_demand", block=0, count=3.0), Replicas(purchase="on_demand", block=1, count=6.0)]
    (doubt,) = doubts_of_plan(problem, [pool(*rows)], ())
    assert doubt.startswith(f"{MARKET.id}: 24 GPUs at once")
    assert MOST_GPUS / 4 < 6
    assert doubts_of_plan(problem, [pool(rows[0])], ()) == ()


def test_gpus_at_a_list_price_are_no_such_doubt(problem: Problem) -> None:
    assert doubts_of_plan(problem, [pool(Replicas(purchase="reserved_1y", block=None, count=90.0))], ()) == ()


def test_a_fallback_to_a_router_is_said_once_with_all_that_it_stands_in_for(problem: Problem) -> None:
    both = [falls("aws", "openrouter/m"), falls("azure", "openrouter/m"), falls("gcp", "near/m")]
    (doubt,) = doubts_of_plan(problem, (), both)
    assert doubt == (
        "openrouter passes requests on to others: that it runs on while aws, azure is down was not checked."
    )
    assert doubts_of_plan(problem, (), both[2:]) == ()


def test_routers_and_prices_of_one_day_are_those_of_the_figures() -> None:
    providers = tomllib.loads((FIGURES / "providers.toml").read_text())
    assert {name for name, row in providers.items() if row.get("class") == "router"} == set(ROUTERS)
    flags = tomllib.loads((FIGURES / "gpu_price_flags.toml").read_text())["flag"]
    assert {flag["pattern"] for flag in flags if OF_ONE_DAY in flag.get("reason", "")} == {
        flag["pattern"] for flag in flags if flag["pattern"].startswith("cheapest offer of the day")
    }
