"""Prices that need a formula, charges a request, people."""

from dataclasses import replace
from math import exp, log
from typing import Any

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.records import ApiOffer, Figure, Gpu, GpuPurchase
from catalogs.toml_file import InputError
from solver.costs import (
    annuity,
    api_charges,
    egress_charge,
    figure,
    owned_gpu,
    people_costs,
    people_steps,
    pool_costs,
    quantile,
    share_above,
)
from solver.problem import PoolDesign, Purchase
from solver.scenario import Scenario, Segment
from solver.units import Tokens

SOURCED: dict[str, Any] = {"source": "made for tests", "date": "2026-01-01"}


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    return load_catalog()


def with_operations(catalog: Catalog, **values: float) -> Catalog:
    figures = {key.replace("__", ":"): Figure(value=value, unit="1", **SOURCED) for key, value in values.items()}
    return replace(catalog, operations={**catalog.operations, **figures})


def offer(**values: Any) -> ApiOffer:
    base: dict[str, Any] = {
        "id": "a/m", "provider": "a", "model": "m", "provider_model": "m", "open_weights": False,
        "input_per_mtok": 3.0, "output_per_mtok": 15.0,
    }  # fmt: skip
    return ApiOffer(**(base | values), **SOURCED)


def segment(**values: Any) -> Segment:
    return Segment.model_validate({"requests": "1k/day", "input_tokens": 1000, "output_tokens": 200, **values})


def scenario(**tables: Any) -> Scenario:
    chat = {"requests": "1k/day", "input_tokens": 1000, "output_tokens": 200}
    return Scenario.model_validate({"segment": {"chat": chat}, **tables})


def cost(part: Segment, of: ApiOffer) -> float:
    return sum(charge.cost for charge in api_charges(part, of))


def test_an_annuity_pays_a_loan_back() -> None:
    paid = annuity(0.08, 5)
    owed = 1.0
    for _ in range(5):
        owed = owed * 1.08 - paid
    assert owed == pytest.approx(0.0, abs=1e-12)
    assert annuity(0.0, 4) == 0.25


def test_an_owned_gpu_costs_capital_failures_power_and_space(shipped: Catalog) -> None:
    catalog = with_operations(
        shipped, owned_server_factor=1.5, owned_residual_share=0.2, cost_of_capital=0.0, gpu_failure_rate_year=0.1,
        owned_life_years=4, pue=1.25, power_kwh=0.2, colocation_kw_month=146, owned_operations_share=0.08,
        owned_server_power_factor=1.6,
    )  # fmt: skip
    gpu = Gpu(
        id="g", name="g", vendor="v", kind="gpu", performance_class="c", memory_gb=80, tdp_w=1000, **SOURCED
    )  # fmt: skip
    owned = owned_gpu(catalog, gpu, GpuPurchase(gpu="g", price=29200, **SOURCED))
    assert owned is not None
    # 43800 with its server, 35040 lost in 4 years = 8760 a year; 2920 a year of failures; 8 % of 43800 = 3504 a year
    # of upkeep: 15184 over 8760 hours. 1 kW of GPU is 1.6 kW of server: 1.6 x 1.25 x 0.2 of power, 1.6 x 146 / 730
    assert owned.per_hour == pytest.approx(15184 / 8760 + 0.4 + 0.32)
    assert owned.capital == pytest.approx(43800)


def test_capital_left_in_the_residual_value_costs_its_interest(shipped: Catalog) -> None:
    catalog = with_operations(
        shipped, owned_server_factor=1.0, owned_residual_share=1.0, cost_of_capital=0.1, gpu_failure_rate_year=0.0,
        pue=1.0, power_kwh=0.0, colocation_kw_month=0.0, owned_operations_share=0.0,
    )  # fmt: skip
    gpu = Gpu(id="g", name="g", vendor="v", kind="gpu", performance_class="c", memory_gb=80, tdp_w=1, **SOURCED)
    owned = owned_gpu(catalog, gpu, GpuPurchase(gpu="g", price=87600, **SOURCED))
    assert owned is not None
    assert owned.per_hour == pytest.approx(1.0)


def test_an_owned_h100_draws_its_part_of_the_server(shipped: Catalog) -> None:
    h100 = owned_gpu(shipped, shipped.gpus["h100-sxm"], shipped.purchases["h100-sxm"])
    assert h100 is not None
    # 30,000 x 1.4 = 42,000, of which 27 % stays; 8 % interest over 5 years: 0.250456 a year
    yearly = 30_660 * 0.250456 + 11_340 * 0.08 + 30_000 * 0.1015 + 42_000 * 0.08
    kilowatt = 10.2 / 8
    euro = shipped.operations["power_kwh"].value / 0.1902
    hourly = kilowatt * (1.3 * 0.1902 * euro + 150 / 730)
    assert h100.per_hour == pytest.approx(yearly / 8760 + hourly, rel=2e-3)
    assert 2.2 < h100.per_hour < 2.5


def test_an_apple_machine_is_bought_and_measured_whole(shipped: Catalog) -> None:
    """No server stands around it, and its power is measured at the wall: the capital is the price of the machine."""
    mac = owned_gpu(shipped, shipped.gpus["m3-ultra"], shipped.purchases["m3-ultra"])
    assert mac is not None
    assert mac.capital == 9499
    euro = shipped.operations["power_kwh"].value / 0.1902
    assert mac.running == pytest.approx(0.270 * (1.3 * 0.1902 * euro + 150 / 730), rel=2e-3)


def test_a_gpu_of_unknown_power_has_no_price_as_owned(shipped: Catalog) -> None:
    gpu = Gpu(id="g", name="g", vendor="v", kind="gpu", performance_class="c", memory_gb=80, **SOURCED)
    assert owned_gpu(shipped, gpu, GpuPurchase(gpu="g", price=1, **SOURCED)) is None


def test_tokens_pay_their_own_prices() -> None:
    assert cost(segment(), offer()) == pytest.approx(1000 * 3e-6 + 200 * 15e-6)


def test_the_shared_prefix_pays_the_cached_price_where_there_is_one() -> None:
    part = segment(shared_prefix="40%")
    assert cost(part, offer(cached_input_per_mtok=0.3)) == pytest.approx(600 * 3e-6 + 400 * 0.3e-6 + 200 * 15e-6)
    assert cost(part, offer()) == pytest.approx(cost(segment(), offer()))


def test_a_price_a_request_counts_once() -> None:
    assert cost(segment(), offer(request_price=0.01)) == pytest.approx(cost(segment(), offer()) + 0.01)


def test_long_prompts_of_one_length_pay_the_long_price_whole() -> None:
    long_price: dict[str, Any] = {
        "long_context_from_tokens": 800, "long_input_per_mtok": 6.0, "long_output_per_mtok": 22.5,
    }  # fmt: skip
    assert cost(segment(), offer(**long_price)) == pytest.approx(1000 * 6e-6 + 200 * 22.5e-6)
    long_price["long_context_from_tokens"] = 1200
    assert cost(segment(), offer(**long_price)) == pytest.approx(cost(segment(), offer()))


def test_the_share_of_long_prompts_is_that_of_the_log_normal() -> None:
    tokens = Tokens(p50=1000, p95=4000)
    assert share_above(tokens, 4000)[0] == pytest.approx(0.05)
    assert share_above(tokens, 1000)[0] == pytest.approx(0.5)
    # tokens in prompts above a threshold, by the sum over a fine grid of quantiles
    from statistics import NormalDist

    grid = [1000 * exp(tokens.sigma * NormalDist().inv_cdf((i + 0.5) / 20000)) for i in range(20000)]
    expected = sum(length for length in grid if length > 2500) / sum(grid)
    assert share_above(tokens, 2500)[1] == pytest.approx(expected, rel=3e-3)


def test_a_percentile_between_p50_and_p95_is_log_normal() -> None:
    assert quantile(100, 400, 50) == pytest.approx(100)
    assert quantile(100, 400, 95) == pytest.approx(400)
    assert quantile(100, 400, 99) == pytest.approx(100 * exp(log(4) * 2.3263478740408408 / 1.6448536269514722))
    assert quantile(None, 400, 90) == 400
    assert quantile(None, 400, 99) is None
    assert quantile(100, None, 95) is None


def test_an_answer_leaves_as_bytes_at_the_providers_price(shipped: Catalog) -> None:
    catalog = with_operations(shipped, bytes_per_token=5, egress_gb=0.1, egress_gb__near=0.0)
    (charge,) = egress_charge(catalog, scenario().policy, "far", segment())
    assert (charge.name, charge.unit) == ("egress", "GB")
    assert charge.cost == pytest.approx(200 * 5 / 1e9 * 0.1)
    assert egress_charge(catalog, scenario().policy, "near", segment()) == ()
    assert egress_charge(catalog, scenario(policy={"network": False}).policy, "far", segment()) == ()


def test_the_teams_figures_go_before_the_defaults(shipped: Catalog) -> None:
    team = {"engineer_cost": "120k/year", "setup_weeks": 4, "operations_fte": 0.25}
    costs = {
        cost.name: cost for cost in people_costs(scenario(team=team, horizon="10 months"), shipped, {"openai"})
    }  # fmt: skip
    assert costs["operations of self-run pools"].per_month == pytest.approx(0.25 * 10_000)
    setup = costs["set-up of self-run pools, over 10 months"]
    assert setup.per_month == pytest.approx(4 * 120_000 / 52 / 10)
    assert setup.trigger == ("class", "self_run")
    assert costs["operations of the API of openai"].trigger == ("supplier", "openai")
    managed = costs["operations of managed endpoints"]
    assert managed.quantity == min(0.25, shipped.operations["operations_fte_managed"].value)


def test_pools_that_run_themselves_cost_their_set_up_only(shipped: Catalog) -> None:
    costs = people_costs(scenario(), with_operations(shipped, operations_fte_self_run=0), set())
    assert {cost.name.partition(",")[0] for cost in costs} == {
        "set-up of self-run pools", "set-up of managed endpoints", "set-up of serverless pools"
    }  # fmt: skip


def test_switches_take_people_and_set_up_out(shipped: Catalog) -> None:
    off = scenario(policy={"people": False})
    assert all(cost.name.startswith("set-up") for cost in people_costs(off, shipped, {"openai"}))
    assert people_steps(off, shipped) is None
    assert people_costs(scenario(policy={"people": False, "setup": False}), shipped, {"openai"}) == ()


def test_an_open_pool_stores_its_weights_and_stands_behind_a_load_balancer(shipped: Catalog) -> None:
    catalog = with_operations(shipped, storage_gb_month=0.02, load_balancer_hour=0.03, monitoring_month=40)
    model = catalog.models["llama-3.3-70b"]
    design = PoolDesign(
        "d", model.id, "bf16", "h100-sxm", 2, "vllm", "p", "r", "self_run", {"on_demand": Purchase(1, 1)}, 4
    )
    per_month = sorted(cost.per_month for cost in pool_costs(scenario().policy, catalog, (design,)))
    weights = model.params_total_b * catalog.precisions["bf16"].bytes_per_weight * 0.02
    assert per_month == pytest.approx(sorted([weights, 0.03 * 730, 40]))
    off = scenario(policy={"storage": False, "network": False}).policy
    assert pool_costs(off, catalog, (design,)) == ()
    assert pool_costs(scenario().policy, catalog, (replace(design, pool_class="managed"),)) == ()


def test_a_missing_figure_is_told_by_its_key(shipped: Catalog) -> None:
    with pytest.raises(InputError, match=r"operations\.egress_gb"):
        figure(replace(shipped, operations={}), "egress_gb:aws", "egress_gb")


def test_the_teams_own_figures_are_no_estimates() -> None:
    catalog = load_catalog()
    asked = {"chat": {"requests": "60k/day", "input_tokens": 1000, "output_tokens": 200}}
    team = {"engineer_cost": "120k/year", "setup_weeks": 4, "operations_fte": 0.25}
    known = people_costs(Scenario.model_validate({"segment": asked, "team": team}), catalog, set())
    assert {c.estimate for c in known if c.trigger == ("class", "self_run")} == {""}
    assumed = people_costs(Scenario.model_validate({"segment": asked}), catalog, {"together"})
    assert all(c.estimate for c in assumed)
