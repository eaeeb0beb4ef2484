"""One catalog out of all tables: as of a day, in one currency, with the user's overlay on top."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog, load_catalog, newest_date
from catalogs.exchange import rate
from catalogs.money import Money
from catalogs.overlay import TABLES, with_overlays
from catalogs.toml_file import InputError, parse_toml, read_toml

ARTICLE = Path(__file__).parents[3] / "catalogs" / "figures" / "overlays" / "article.toml"


def overlay(text: str, file: str = "o.toml") -> tuple[str, dict[str, Any]]:
    return file, parse_toml(text.encode(), file)


@pytest.fixture(scope="module")
def plain() -> Catalog:
    return load_catalog()


def price(catalog: Catalog, key: str) -> Any:
    return next(price for price in catalog.gpu_prices if price.id == key)


def test_the_catalog_is_as_of_the_newest_figure_and_reads_no_clock(plain: Catalog) -> None:
    assert plain.as_of == newest_date() == "2026-11-28"
    assert plain.currency == "USD"


def test_all_tables_are_joined(plain: Catalog) -> None:
    assert len(plain.gpus) >= 39
    assert len(plain.models) >= 75
    assert {"perf_eta_kv", "perf_runtime_gb", "engineer_cost"} <= set(plain.operations)
    assert plain.attributes
    assert plain.regions
    assert len(plain.api_offers) > 500
    assert len(plain.gpu_prices) > 300


def test_ids_of_prices_and_offers_are_unique(plain: Catalog) -> None:
    for records in (plain.gpu_prices, plain.api_offers):
        ids = [record.id for record in records]
        assert len(ids) == len(set(ids))


def test_every_price_is_of_a_gpu_with_a_row(plain: Catalog) -> None:
    assert sorted({p.gpu for p in plain.gpu_prices} - set(plain.gpus)) == []
    assert sorted(set(plain.purchases) - set(plain.gpus)) == []


def test_placeholder_prices_stay_out_unless_asked_for(plain: Catalog) -> None:
    assert all(price.usable for price in plain.gpu_prices)
    everything = load_catalog(unusable_prices=True)
    assert len(everything.gpu_prices) > len(plain.gpu_prices)
    assert any(not price.usable for price in everything.gpu_prices)


def test_money_is_converted_once_at_a_rate_that_the_catalog_states(plain: Catalog) -> None:
    euro = load_catalog(currency="EUR")
    factor = rate("USD", "EUR", "2026-11-24").value
    assert euro.exchange_rates["USD/EUR"].value == factor
    dollars = next(p for p in plain.gpu_prices if p.gpu == "h100-sxm" and p.provider == "lambda")
    assert price(euro, dollars.id).price_per_hour == pytest.approx(dollars.price_per_hour * factor)
    assert {p.currency for p in euro.gpu_prices} | {o.currency for o in euro.api_offers} == {"EUR"}
    offer = {o.id: o for o in plain.api_offers}["together/llama-3.3-70b"]
    assert {o.id: o for o in euro.api_offers}[offer.id].output_per_mtok == pytest.approx(offer.output_per_mtok * factor)
    assert euro.operations["engineer_cost"].unit == "EUR/year"
    assert euro.purchases["h100-sxm"].price == pytest.approx(30_000 * factor)


def test_figures_that_are_no_money_are_not_converted(plain: Catalog) -> None:
    euro = load_catalog(currency="EUR")
    assert euro.operations["pue"] == plain.operations["pue"]


def test_prices_after_the_day_are_left_out() -> None:
    before = load_catalog(as_of="2026-10-31")
    assert before.as_of == "2026-10-31"
    assert all(p.date <= "2026-10-31" for p in before.gpu_prices)
    assert all(o.date <= "2026-10-31" for o in before.api_offers)
    assert before.gpus["h100-sxm"].memory_gb == 85.9


def test_the_newest_of_two_rows_of_one_id_stands() -> None:
    from catalogs.catalog import _newest

    old = load_catalog().gpu_prices[0].model_copy(update={"date": "2026-01-01", "price_per_hour": 9.0})
    new = old.model_copy(update={"date": "2026-06-01", "price_per_hour": 8.0})
    for order in ([old, new], [new, old]):
        assert [p.price_per_hour for p in _newest(order, "id", "2026-11-24")] == [8.0]
        assert [p.price_per_hour for p in _newest(order, "id", "2026-03-01")] == [9.0]


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", ""])
def test_a_day_that_is_none_is_an_input_error(day: str) -> None:
    with pytest.raises(InputError, match="wanted a date such as 2026-11-24"):
        load_catalog(as_of=day)


def test_a_currency_without_a_rate_is_an_input_error() -> None:
    with pytest.raises(InputError, match="found XXX; wanted a currency quoted"):
        load_catalog(currency="XXX")


def test_an_overlay_overrides_fields_and_leaves_the_rest(plain: Catalog) -> None:
    mine = load_catalog(overlays=[overlay("[gpus.h100-sxm]\ntdp_w = 650\n[operations.pue]\nvalue = 1.1\n")])
    assert mine.gpus["h100-sxm"] == plain.gpus["h100-sxm"].model_copy(
        update={
            "tdp_w": 650.0,
            "date": plain.as_of,
            "source": plain.gpus["h100-sxm"].source + "; tdp_w by your overlay, o.toml",
        }
    )
    assert (mine.operations["pue"].value, mine.operations["pue"].estimate) == (1.1, "")
    assert mine.operations["pue"].source == "your overlay, o.toml"
    assert mine.gpus["h200-sxm"] is plain.gpus["h200-sxm"]
    assert plain.gpus["h100-sxm"].tdp_w == 700


def test_an_overlay_adds_a_quote_a_negotiated_price_a_model_and_a_rate() -> None:
    text = """
        [gpu_prices."acme/quote"]
        gpu = "h100-sxm"
        gpu_count = 8
        region = "eu"
        price_per_hour = 16.8
        [api_offers."together/my-model@eu:batch"]
        input_per_mtok = 0.4
        output_per_mtok = 0.7
        [api_offers."together/my-model@eu"]
        input_per_mtok = 0.8
        output_per_mtok = 1.4
        [models.my-model]
        params_total_b = 12
        licence_class = "permissive"
        [rates.chat-on-h100]
        segment = "chat"
        model = "my-model"
        precision = "fp8"
        gpu = "h100-sxm"
        gpus = 2
        engine = "vllm"
        requests_per_second = 3.5
        [attributes.acme]
        retention_days = 0
        [regions."acme/eu"]
        geographies = ["eu", "eea"]
    """
    mine = load_catalog(currency="EUR", overlays=[overlay(text)])
    quote = price(mine, "acme/quote")
    assert (quote.provider, quote.purchase, quote.price_per_hour, quote.currency) == ("acme", "on_demand", 16.8, "EUR")
    assert (quote.source, quote.date) == ("your overlay, o.toml", mine.as_of)
    offer = {o.id: o for o in mine.api_offers}["together/my-model@eu:batch"]
    assert (offer.provider, offer.model, offer.region, offer.tier) == ("together", "my-model", "eu", "batch")
    assert offer.open_weights
    assert offer.ttft_p50_ms is None
    live = {o.id: o for o in mine.api_offers}["together/my-model@eu"]
    assert live.ttft_p50_ms
    assert live.latency_estimate
    assert mine.rates[0].requests_per_second == 3.5
    assert mine.attributes["acme"].sources == {"retention_days": "your overlay, o.toml"}
    assert mine.regions["acme/eu"].geographies == ("eu", "eea")


def test_money_in_an_overlay_may_name_its_own_currency() -> None:
    text = """
        [gpu_prices."acme/quote"]
        gpu = "h100-sxm"
        price_per_hour = 2
        currency = "EUR"
        [operations.engineer_cost]
        value = 100000
        unit = "GBP/year"
    """
    mine = load_catalog(overlays=[overlay(text)])
    assert price(mine, "acme/quote").price_per_hour == pytest.approx(2 * rate("EUR", "USD", mine.as_of).value)
    cost = mine.operations["engineer_cost"]
    assert cost.unit == "USD/year"
    assert cost.value == pytest.approx(100_000 * rate("GBP", "USD", mine.as_of).value)
    assert cost.low is None


def test_a_floor_of_the_user_comes_before_the_shipped_ones() -> None:
    text = """
        [floors.mine]
        task = "chat"
        word = "high"
        benchmark = "my_eval"
        benchmark_date = "2026-11"
        threshold = 80
        unit = "percent"
    """
    mine = load_catalog(overlays=[overlay(text)])
    chat_high = [floor for floor in mine.floors if (floor.task, floor.word) == ("chat", "high")]
    assert chat_high[0].benchmark == "my_eval"
    assert len(chat_high) == 9


def test_the_later_overlay_stands_and_tables_of_a_scenario_are_told_under_catalog() -> None:
    first = overlay("[operations.pue]\nvalue = 1.1\n", "a.toml")
    second = overlay("[catalog.operations.pue]\nvalue = 1.2\n", "s.toml")
    assert load_catalog(overlays=[first, second]).operations["pue"].value == 1.2
    with pytest.raises(InputError, match=r"s\.toml: catalog\.operations\.pue\.value: found \"x\"; wanted a number"):
        load_catalog(overlays=[overlay('[catalog.operations.pue]\nvalue = "x"\n', "s.toml")])


@pytest.mark.parametrize(
    ("text", "key", "found", "wanted"),
    [
        ("[api_offer.x]\na = 1", "api_offer", "an unknown table", "did you mean api_offers?"),
        ("[models]\nx = 3", "models", "a table", "such as [models.NAME]"),
        ("models = 3", "models", "3", "such as [models.NAME]"),
        ("[[gpus]]\nid = 'x'", "gpus", "[a table]", "such as [gpus.NAME]"),
        ("[gpus.h100-sxm]\nmemory_gb = -3", "gpus.h100-sxm.memory_gb", "-3", "a number from 0"),
        ("[gpus.h100-sxm]\nmemory_gb = 0", "gpus.h100-sxm.memory_gb", "0", "more than 0"),
        ("[gpus.h100-sxm]\ntdp_w = true", "gpus.h100-sxm.tdp_w", "true", "than true or false"),
        ("[gpus.h100-sxm]\nid = 'h100'", "gpus.h100-sxm.id", '"h100"', "the name of its table"),
        ("[operations.engineer_cost]\nunit = 'EUR/month'", "unit", '"EUR/month"', "the unit USD/year"),
        ("[gpus.h100-sxm]\nmemory = 3", "gpus.h100-sxm.memory", "an unknown key", "did you mean memory_gb?"),
        ("[gpus.h100-sxn]\ntdp_w = 3", "gpus.h100-sxn.memory_gb", "nothing", "did you mean h100-sxm?"),
        ("[gpu_prices.'a/b']\ngpu = 'h100-sxm'\nprice_per_hour = inf", "price_per_hour", "inf", "a number from 0 to"),
        ("[gpu_prices.'a/b']\ngpu = 'h100-sxm'\nprice_per_hour = '2 EUR'", "price_per_hour", '"2 EUR"', "a number"),
        ("[gpu_prices.'a/b']\ngpu = 'h100-sxm'\nprice_per_hour = 0", "price_per_hour", "0", "more than 0"),
        ("[gpu_prices.'a/b']\ngpu = 'h100'\nprice_per_hour = 2", "gpu", '"h100"', "did you mean h100-sxm?"),
        ("[gpu_prices.'a/b']\ngpu = 'h100-sxm'\nprice_per_hour = 2\ncurrency = 3", "currency", "3", "such as EUR"),
        ("[gpu_prices.'a/b']\ngpu = 'h100-sxm'\nprice_per_hour = 2\ncurrency = 'ABC'", "currency", "ABC", "quoted on"),
        ("[operations.pue]\nvalue = 1\nunit = 'ABC/year'", "operations.pue.unit", "ABC", "a currency quoted on"),
        ("[operations.pue]\nvalue = nan", "operations.pue.value", "nan", "a number from 0 to"),
        ("[gpus.h100-sxm]\nbandwidth_gb_s = 'inf'", "gpus.h100-sxm.bandwidth_gb_s", '"inf"', "a number"),
        ("[models.qwen3-32b]\nvocab = '-5'", "models.qwen3-32b.vocab", '"-5"', "a whole number"),
        ("[models.qwen3-32b]\nkv_bytes_per_token_bf16 = 0", "kv_bytes_per_token_bf16", "0", "more than 0"),
        ("[models.qwen3-32b]\nexperts_per_token = 8", "experts_per_token", "8", "at most the experts of the model, 0"),
        ("[gpus.h100-sxm]\nbandwidth_gb_s = 1e-300", "bandwidth_gb_s", "1e-300", "none between 0 and 1e-12"),
        ("[regions.x]\ngeographies = ['eu']\nround_trip_ms = {eu = nan}", "round_trip_ms.eu", "nan", "a number from"),
        ("[operations.perf_safety]\nvalue = 0", "operations.perf_safety.value", "0", "shipped is"),
        ("[operations.perf_safety]\nvalue = 9e14", "operations.perf_safety.value", "9e+14", "shipped is"),
        ("[operations.operations_fte_step]\nvalue = 9e14", "operations_fte_step.value", "9e+14", "a number from 0 to"),
        ("[load_shapes.x]\nload_over_mean = ['nan']", "load_shapes.x.load_over_mean", '["nan"]', "a number"),
        ("[load_shapes.x]\nload_over_mean = [1, 2]", "load_shapes.x.load_over_mean", "2 values", "168 of a week"),
        ("[rates.x]\nmodel = 'm'", "rates.x.gpu", "nothing", "the key gpu"),
        ("[attributes.acme]\nretention_days = 'none'", "attributes.acme.retention_days", '"none"', "a whole number"),
        ("[models.mine]\nparams_total_b = 7\nlicence_class = 'free'", "licence_class", '"free"', "permissive"),
    ],
)
def test_each_fault_of_an_overlay_is_told(text: str, key: str, found: str, wanted: str) -> None:
    with pytest.raises(InputError) as caught:
        load_catalog(overlays=[overlay(text)])
    told = [fault for fault in caught.value.faults if fault.key.endswith(key)]
    assert len(told) == 1, caught.value
    assert told[0].file == "o.toml"
    assert told[0].found == found
    assert wanted in f"{told[0].wanted} ({told[0].hint})"


WEIRD: tuple[Any, ...] = (
    3, -1, 10**400, 1e300, float("nan"), True, "", "1.2M", "x" * 10_000, [], ["x", []], {}, {"a": {"b": 1}},
    date(2026, 1, 1),
)  # fmt: skip


def told(parts: dict[str, dict[Any, Any]], tables: dict[str, Any]) -> str:
    try:
        with_overlays(parts, [("o.toml", tables)], Money("USD", "2026-11-24"), "2026-11-24")
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("table", TABLES)
def test_no_value_of_any_field_ends_in_a_traceback(plain: Catalog, table: str) -> None:
    parts: dict[str, dict[Any, Any]] = {name: {} for name in TABLES}
    parts |= {name: dict(getattr(plain, name)) for name in ("gpus", "models", "precisions", "engines", "operations")}
    parts["performance_classes"] = dict(plain.performance_classes)
    known = next(iter(parts[table]), "new")
    for name in (known, "new"):
        for field in TABLES[table].record.model_fields:
            for value in WEIRD:
                assert len(told(parts, {table: {name: {field: value}}})) < 4_000, field


def test_all_faults_of_all_overlays_are_told_at_once() -> None:
    files = [
        overlay("[gpu.x]\na = 1", "a.toml"),
        overlay("[models.x]\nlayers = -1.5\n[gpus.h200-sxm]\ntdp = 1", "b.toml"),
    ]
    with pytest.raises(InputError) as caught:
        load_catalog(overlays=files)
    assert [(fault.file, fault.key) for fault in caught.value.faults] == [
        ("a.toml", "gpu"),
        ("b.toml", "models.x.layers"),
        ("b.toml", "models.x.params_total_b"),
        ("b.toml", "gpus.h200-sxm.tdp"),
    ]


def test_llama_4_70b_is_an_overlay_record_and_no_shipped_model(plain: Catalog) -> None:
    assert "llama-4-70b" not in plain.models
    told = load_catalog(overlays=[(ARTICLE.name, read_toml(ARTICLE))])
    fiction, real = told.models["llama-4-70b"], plain.models["llama-3.3-70b"]
    same = ("params_total_b", "layers", "hidden", "heads", "kv_heads", "head_dim", "kv_bytes_per_token_bf16")
    assert [getattr(fiction, name) for name in same] == [getattr(real, name) for name in same]
    assert "no such model" in fiction.estimate
