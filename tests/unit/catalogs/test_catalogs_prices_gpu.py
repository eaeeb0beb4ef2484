"""GPU prices: flags sorted, derived prices marked, operations with a source each."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from catalogs import prices
from catalogs.records import GpuPrice

SHARED = Path(__file__).parents[4] / "shared" / "data"
README = Path(prices.__file__).parent / "README.md"


def shared_rows(name: str) -> list[dict[str, str]]:
    if not (SHARED / name).exists():
        pytest.skip("the shared data is not here")
    with (SHARED / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def listed() -> tuple[GpuPrice, ...]:
    return prices.gpu_prices()


def by_id(listed: tuple[GpuPrice, ...], key: str) -> GpuPrice:
    return next(price for price in listed if price.id == key)


def test_every_flag_matches_exactly_one_row_of_the_table() -> None:
    flags = {row["flag"] for row in prices.rows("gpu_prices.csv") if row["flag"]}
    assert len(flags) > 50
    sorts = prices.flag_sorts()
    wrong = {flag: n for flag in flags if (n := sum(bool(p.fullmatch(flag)) for p, _, _ in sorts)) != 1}
    assert not wrong


def test_every_row_of_the_flag_table_matches_some_flag_and_has_a_reason() -> None:
    flags = {row["flag"] for row in prices.rows("gpu_prices.csv")}
    for pattern, sort, reason in prices.flag_sorts():
        assert sort in {"unusable", "estimate", "note"}
        assert reason
        assert any(pattern.fullmatch(flag) for flag in flags), pattern.pattern


@pytest.mark.parametrize(
    ("flag", "sort"),
    [
        ("suspect: 0.50 is a placeholder value on RunPod", "unusable"),
        ("snapshot date unknown, between the two months given", "estimate"),
        ("cheapest offer of the day", "estimate"),
        ("per-second price times 3600", "estimate"),
        ("median of 10 offers", "note"),
        ("", "note"),
        ("never seen before", "estimate"),
    ],
)
def test_a_flag_is_sorted_as_the_reader_would(flag: str, sort: str) -> None:
    assert prices.sort_flag(flag, prices.flag_sorts())[0] == sort


def test_all_shared_rows_are_here_with_their_price() -> None:
    theirs = Counter((r["provider"], r["instance"], float(r["price_per_hour"])) for r in shared_rows("gpu_prices.csv"))
    ours = Counter((p.provider, p.instance, p.price_per_hour) for p in prices.listed_prices())
    assert not theirs - ours


def test_ids_are_unique(listed: tuple[GpuPrice, ...]) -> None:
    # of one day: a price that has moved since has a further row, with its own date
    assert not [key for key, count in Counter((price.id, price.date) for price in listed).items() if count > 1]


def test_who_sells_by_the_gpu_sells_several_in_one_machine(listed: tuple[GpuPrice, ...]) -> None:
    one = by_id(listed, "modal/h100-sxm/1xh100-sxm@global:serverless")
    eight = by_id(listed, "modal/h100-sxm/8xh100-sxm@global:serverless")
    assert eight.price_per_hour == pytest.approx(8 * one.price_per_hour)
    assert (eight.gpu_count, eight.date, eight.estimate) == (8, one.date, one.estimate)
    assert "8 times the price of one" in eight.source
    counts = {price.gpu_count for price in listed if (price.provider, price.gpu) == ("modal", "a10")}
    assert counts == {1, 2, 4}, "as its documentation says"


def test_a_listed_price_of_several_stands_alone(listed: tuple[GpuPrice, ...]) -> None:
    one = by_id(listed, "modal/h100-sxm/1xh100-sxm@global:serverless")
    own = one.model_copy(update={"gpu_count": 4, "id": "modal/of-their-own", "price_per_hour": 1.0})
    assert {price.gpu_count for price in prices.prices_by_count([one, own])} == {2, 8}
    assert prices.prices_by_count([one.model_copy(update={"usable": False})]) == ()


def test_a_dedicated_h100_of_together_costs_what_its_newest_row_says(listed: tuple[GpuPrice, ...]) -> None:
    offers = [
        price for price in listed if (price.provider, price.gpu, price.purchase) == ("together", "h100-sxm", "managed")
    ]
    newest = max(offers, key=lambda price: (price.date, price.gpu_count))
    assert newest.gpu_count == 8
    assert newest.price_per_hour == pytest.approx(8 * 5.4)


def test_lambda_sells_two_h100_for_8_38_an_hour(listed: tuple[GpuPrice, ...]) -> None:
    price = by_id(listed, "lambda/gpu_2x_h100_sxm_80gb/2xh100-sxm@global:on_demand")
    assert (price.price_per_hour, price.currency, price.estimate, price.usable) == (8.38, "USD", "", True)


def test_the_placeholder_is_unusable_and_names_why(listed: tuple[GpuPrice, ...]) -> None:
    placeholders = [price for price in listed if "placeholder" in price.flag]
    assert placeholders
    assert not any(price.usable for price in placeholders)


def test_a_commitment_by_headline_is_an_estimate_at_six_tenths(listed: tuple[GpuPrice, ...]) -> None:
    price = by_id(listed, "aws/p5.48xlarge/8xh100-sxm@us-east-1:reserved_1y")
    assert price.price_per_hour == pytest.approx(55.04 * 0.6)
    assert "headline" in price.estimate


@pytest.mark.parametrize(
    ("id_", "reserved"),
    [("p4d.24xlarge/8xa100-40gb-sxm", 13.921094), ("p4de.24xlarge/8xa100-80gb-sxm", 17.401365),
     ("g6e.48xlarge/8xl40s", 18.98264), ("g6.xlarge/1xl4", 0.52392), ("g5.xlarge/1xa10g", 0.63378)],
)  # fmt: skip
def test_aws_for_a_year_is_as_it_was_listed(listed: tuple[GpuPrice, ...], id_: str, reserved: float) -> None:
    """AWS's reserved prices of 2026-01-21 with nothing upfront: its list prices on demand have not moved since."""
    price = by_id(listed, f"aws/{id_}@us-east-1:reserved_1y")
    assert price.price_per_hour == pytest.approx(reserved, rel=1e-3)
    assert "headline" not in price.estimate


def test_the_discount_of_a_gpu_comes_before_that_of_its_provider(listed: tuple[GpuPrice, ...]) -> None:
    """GCP's list of 2025-03-06: an H100 at 5,601.26 of 8,074.71 USD a month for a year, 3,546.37 for three."""
    for term, month in (("reserved_1y", 5601.26), ("reserved_3y", 3546.37)):
        price = by_id(listed, f"gcp/a3-highgpu-8g/8xh100-sxm@us-central1:{term}")
        assert price.price_per_hour == pytest.approx(88.49 * month / 8074.71, rel=2e-3)
    other = by_id(listed, "gcp/a3-ultragpu-8g/8xh200-sxm@us-central1:reserved_1y")
    assert other.price_per_hour == pytest.approx(84.8069 * 0.63)


def test_a_runpod_worker_is_sold_by_the_second(listed: tuple[GpuPrice, ...]) -> None:
    price = by_id(listed, "runpod-secure/l40s-flex/1xl40s@global:serverless")
    assert price.purchase == "serverless"
    assert price.price_per_hour == pytest.approx(0.00053 * 3600)
    assert price.estimate


def test_a_reserved_price_of_a_list_stays_a_fact(listed: tuple[GpuPrice, ...]) -> None:
    own = [price for price in listed if price.provider == "qubrid"]
    assert {(price.purchase, price.estimate) for price in own} == {("reserved_1y", "")}


def test_every_derived_reserved_price_is_an_estimate(listed: tuple[GpuPrice, ...]) -> None:
    derived = [p for p in listed if p.purchase in ("reserved_1y", "reserved_3y") and p.provider != "qubrid"]
    assert derived
    assert all(price.estimate for price in derived)


def test_rules_take_their_discounts_from_the_table_of_discounts() -> None:
    stated = {row["discount_fraction"] for row in prices.rows("commitments.csv")}
    ranges = {row["low"] for row in prices.rows("commitments.csv")}
    for rule in prices.tables("commitment_rules.toml")["rule"]:
        assert f"{rule['discount']:g}" in stated | ranges


def test_spot_by_an_old_ratio_keeps_the_ratio(listed: tuple[GpuPrice, ...]) -> None:
    price = by_id(listed, "verda/h100-sxm/1xh100-sxm@global:spot")
    on_demand = by_id(listed, "verda/h100-sxm/1xh100-sxm@global:on_demand")
    assert price.price_per_hour / on_demand.price_per_hour == pytest.approx(0.8015 / 2.29)
    assert "ratio" in price.estimate


def test_usable_spot_is_cheaper_than_on_demand_beside_it(listed: tuple[GpuPrice, ...]) -> None:
    usable = [price for price in listed if price.usable]
    whole = {(p.provider, p.instance, p.region): p for p in usable if p.purchase == "on_demand"}
    pairs = [
        (p, whole[key]) for p in usable if p.purchase == "spot" and (key := (p.provider, p.instance, p.region)) in whole
    ]
    assert len(pairs) > 100
    dear = [spot.id for spot, list_price in pairs if spot.price_per_hour > list_price.price_per_hour]
    assert not dear


def test_every_provider_of_the_shared_data_is_in_or_explained() -> None:
    names = {row["provider"] for row in shared_rows("gpu_prices.csv")}
    names |= {row["provider"] for row in shared_rows("gpu_commitment_discounts.csv")}
    have = {price.provider for price in prices.listed_prices()}
    text = README.read_text(encoding="utf-8")
    assert not [name for name in names - have if not re.search(rf"\b{re.escape(name)}\b", text)]


def test_purchase_prices_are_marked_estimates() -> None:
    bought = {purchase.gpu: purchase for purchase in prices.gpu_purchases()}
    assert {"h100-sxm", "h200-sxm", "b200", "mi300x", "m3-ultra", "m4-max", "l40s", "l4", "a100-80gb"} <= set(bought)
    assert bought["h100-sxm"].price == 30000
    assert all(purchase.estimate for purchase in bought.values())


def test_spot_availability_is_uptime_over_uptime_and_restart() -> None:
    assert prices.spot_availability(0.5, 1.0) == pytest.approx(2 / 3)
    assert prices.spot_availability(0.0, 1.0) == 1.0


def test_operations_hold_every_key_that_costs_reads() -> None:
    figures = prices.operations()
    words = """engineer_cost setup_weeks operations_fte_self_run operations_fte_managed operations_fte_serverless
        operations_fte_api_supplier operations_fte_step operations_designs_per_step storage_gb_month load_balancer_hour
        monitoring_month egress_gb bytes_per_token availability_on_demand availability_reserved availability_managed
        availability_serverless availability_owned availability_spot owned_life_years owned_residual_share
        cost_of_capital gpu_failure_rate_year owned_server_factor pue power_kwh colocation_kw_month
        serverless_idle_timeout_s cold_start_s_per_gb"""
    assert not set(words.split()) - set(figures)
    assert figures["setup_weeks"].estimate
    assert all(0 < figure.value <= 1 for key, figure in figures.items() if key.startswith("availability_"))


def test_money_in_operations_has_its_currency_in_the_unit() -> None:
    assert prices.money_unit("EUR/year") == ("EUR", "year")
    assert prices.money_unit("share/year") is None
    figures = prices.operations()
    money = {key for key, figure in figures.items() if prices.money_unit(figure.unit)}
    assert {"engineer_cost", "storage_gb_month", "load_balancer_hour", "egress_gb", "power_kwh"} <= money


def test_failure_rate_follows_from_the_report() -> None:
    per_hour = 0.587 * 419 / (16384 * 54 * 24)
    assert prices.operations()["gpu_failure_rate_year"].value == pytest.approx(per_hour * 8760, rel=1e-3)
