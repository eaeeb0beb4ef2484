"""The shipped figures judged as figures: sourced, dated, in proportion to each other; each exception has its cause."""

import csv
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

import pytest
from parameter_count import BESIDE, beside, parameters_b

from catalogs import prices, tables
from catalogs.api_prices import api_offers
from catalogs.records import ApiOffer, GpuPrice
from catalogs.tables import FIGURES

# An ISO date, a month, half a year, a year, or the two ends between which an undated snapshot was taken.
DATE = re.compile(r"20\d\d(-H[12]|-[01]\d(-[0-3]\d)?)?(/20\d\d(-[01]\d(-[0-3]\d)?)?)?")
SOURCED_ELSEWHERE = {
    "load_shapes.csv": "the hours of a shape; its source stands in load_shapes.toml",
    "api_latency.toml": "one source and date for all classes, at the head",
    "quality_floors.toml": "thresholds have theirs; `order` is our own choice",
    "serving_measured.csv": "a source in each row, that catalogs/README.md explains; some sources give no date",
    "performance.toml": "one source and date for all, in tables.py",
    "regions.toml": "lists of countries, each group with its source as a key of its own",
    "quality_inherited.csv": "our own reading of the families: `estimate` says of what",
    "gpu_price_flags.toml": "our own reading of a source's remark: `reason`",
    "api_uplifts.toml": "read by its own test below",
    "providers.toml": "own words for who runs a service; a region has its source, which test_catalogs_prices_api reads",
}


def rows_of(name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows of a CSV file, or tables of a TOML file, with what they are called."""
    path = FIGURES / name
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream), start=2):
                yield f"{name}:{number}", row
    else:
        for key, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for item in table if isinstance(table, list) else [table]:
                yield f"{name}: {key}", item


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FIGURES.iterdir() if path.is_file() and path.name not in SOURCED_ELSEWHERE)
)
def test_every_row_of_every_file_has_a_source_and_a_date(name: str) -> None:
    rows = [(at, row) for at, row in rows_of(name) if row.get("value") != "unknown"]  # nobody says so: nothing to cite
    assert rows
    assert [at for at, row in rows if len(str(row.get("source", ""))) <= 5] == []
    assert [at for at, row in rows if not DATE.fullmatch(str(row.get("date", "")))] == []


def test_only_files_that_are_here_are_excused() -> None:
    assert all((FIGURES / name).exists() for name in SOURCED_ELSEWHERE)


def test_every_uplift_has_a_source_and_a_date() -> None:
    for uplift in prices.tables("api_uplifts.toml")["uplift"]:
        assert len(uplift["source"]) > 5, uplift
        assert DATE.fullmatch(uplift["date"]), uplift


# --- models

NO_ARCHITECTURE = {
    "command-a": "Cohere's dimensions are behind a gate",
    "command-r": "Cohere's dimensions are behind a gate",
    "deepseek-v4.1-flash": "no public copy of the configuration",
    "inkling": "no public copy of the configuration",
    "mistral-large-3": "no public copy of the configuration",
    "mistral-large-4": "no public copy of the configuration",
    "muse-glimmer-30b": "no public copy of the configuration",
    "muse-spark-open-816b-a42b": "no public copy of the configuration",
    "qwen3.8-2.4t-a95b": "no public copy of the configuration",
    "qwen3.8-27b": "no public copy of the configuration",
}


def test_the_parameters_of_a_model_follow_from_its_architecture() -> None:
    wrong = {}
    for model in tables.models().values():
        if model.id in NO_ARCHITECTURE:
            continue
        counted = parameters_b(model)
        if abs(counted / model.params_total_b - 1) > 0.03:
            wrong[model.id] = (model.params_total_b, round(counted, 2))
    assert wrong == {}


def test_a_model_is_excused_only_while_its_architecture_is_missing() -> None:
    assert {m.id for m in tables.models().values() if not m.layers} == set(NO_ARCHITECTURE)


def test_every_fact_beside_the_columns_is_of_a_model() -> None:
    used = [beside(model) for model in tables.models().values()]
    assert [pattern for pattern, facts in BESIDE.items() if facts not in used] == []


def test_llama_3_8b_counted_by_hand() -> None:
    """Embedding and output 2*128256*4096; a layer: q, o 2*4096^2, k, v 2*4096*1024, feed-forward 3*4096*14336."""
    by_hand = 2 * 128256 * 4096 + 32 * (2 * 4096**2 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
    assert parameters_b(tables.models()["llama-3-8b"]) == pytest.approx(by_hand / 1e9, rel=1e-12)


def test_a_pair_of_models_of_one_architecture_has_one_size() -> None:
    models = tables.models()
    for one, other in (
        ("deepseek-r1", "deepseek-v3"), ("llama-3-70b", "llama-3.1-70b"), ("llama-3.1-70b", "llama-3.3-70b"),
        ("llama-3-8b", "llama-3.1-8b"), ("qwen2-72b", "qwen2.5-72b"), ("qwen2-7b", "qwen2.5-7b"),
        ("internlm2-7b", "internlm2.5-7b"),
    ):  # fmt: skip
        assert models[one].params_total_b == models[other].params_total_b, one
        assert models[one].kv_bytes_per_token_bf16 == models[other].kv_bytes_per_token_bf16, one


def test_what_was_measured_is_counted_from_the_points_that_the_fit_uses() -> None:
    formats = {"fp16": "bf16", "nvfp4": "fp4", "q4_k_m": "gguf-q4"}
    counted: Counter[tuple[str, str, str]] = Counter()
    for _, row in rows_of("serving_measured.csv"):
        if not row["fault"].startswith("row:"):
            precision = formats.get(row["weights_precision"], row["weights_precision"])
            counted[row["gpu"], precision, {"nim-trtllm": "tensorrt-llm"}.get(row["engine"], row["engine"])] += 1
    rows = tables.measured().values()
    assert {(row.gpu, row.precision, engine): n for row in rows for engine, n in row.engines.items()} == counted
    assert all(row.points == sum(row.engines.values()) for row in rows)


# --- GPUs


def test_every_gpu_that_is_named_has_specs() -> None:
    named = {price.gpu for price in prices.gpu_prices()} | {bought.gpu for bought in prices.gpu_purchases()}
    named |= {gpu for gpu, _ in tables.measured()}
    named |= {gpu for rule in prices.tables("commitment_rules.toml")["rule"] for gpu in rule.get("gpus", ())}
    assert sorted(named - set(tables.gpus())) == []


def test_every_gpu_has_its_bandwidth_and_16_bit_rate() -> None:
    assert [gpu.id for gpu in tables.gpus().values() if not (gpu.bandwidth_gb_s and gpu.bf16_tflops)] == []


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("gpu", 80, 500), ("tpu", 200, 600), ("apple", 25, 45), ("cpu", 20, 60)],
)
def test_a_chip_does_so_many_operations_for_each_byte_it_reads(kind: str, least: float, most: float) -> None:
    """16-bit operations over bytes read, at the peaks: bands of the kind, out of which a slipped digit falls."""
    for gpu in tables.gpus().values():
        if gpu.kind == kind and gpu.bf16_tflops and gpu.bandwidth_gb_s:
            low, high = (least, most) if gpu.id != "rtx-3090" else (70, most)  # FP32 accumulation at half rate
            assert low <= gpu.bf16_tflops * 1e3 / gpu.bandwidth_gb_s <= high, gpu.id


# --- GPU prices

BEYOND_THE_MEDIAN = {  # prices per GPU-hour beyond a factor of 4 of the median of that GPU and way of buying
    "vast/a100-40gb-pcie/1xa100-40gb-pcie@global:on_demand": "a marketplace of private owners, cheapest offer",
    "vast/a100-40gb-sxm/1xa100-40gb-sxm@global:on_demand": "a marketplace of private owners, cheapest offer",
    "vast/median-offer/1xa100-80gb-pcie@global:on_demand": "a marketplace of private owners; the others are Azure's",
    "vast/median-offer/1xa100-80gb-sxm@global:on_demand": "a marketplace of private owners; the others are Azure's",
    "vast/h100-nvl/1xh100-nvl@global:on_demand": "a marketplace of private owners; the others are Azure's",
    "vast/median-offer/1xl40s@global:on_demand": "a marketplace of private owners; the others are AWS's",
}
PER_GB = {  # USD per GB of GPU memory and hour: own judgement, wide enough for a marketplace and for Azure in Tokyo
    "spot": (0.003, 0.1),
    "on_demand": (0.005, 0.25),
    "managed": (0.02, 0.15),
    "serverless": (0.02, 0.1),
    "reserved_1m": (0.005, 0.2),
    "reserved_1y": (0.005, 0.2),
    "reserved_3y": (0.01, 0.15),
}
PER_TFLOPS = {  # USD per dense 16-bit TFLOPS and hour
    "spot": (0.0005, 0.01),
    "on_demand": (0.001, 0.02),
    "managed": (0.003, 0.02),
    "serverless": (0.002, 0.02),
    "reserved_1m": (0.001, 0.015),
    "reserved_1y": (0.001, 0.015),
    "reserved_3y": (0.001, 0.012),
}


def usable_prices() -> list[GpuPrice]:
    return [price for price in prices.gpu_prices() if price.usable]


def of_one_machine() -> dict[tuple[str, ...], dict[str, GpuPrice]]:
    """Usable prices by way of buying, of each machine at one provider and region."""
    found: dict[tuple[str, ...], dict[str, GpuPrice]] = defaultdict(dict)
    for price in usable_prices():
        found[price.provider, price.instance, price.gpu, str(price.gpu_count), price.region][price.purchase] = price
    return found


def test_spot_and_reserved_are_cheaper_than_on_demand_and_three_years_than_one() -> None:
    order = ("on_demand", "reserved_1m", "reserved_1y", "reserved_3y")
    pairs = 0
    for machine, ways in of_one_machine().items():
        rising = [ways[way].price_per_hour for way in reversed(order) if way in ways]
        assert rising == sorted(set(rising)), machine
        pairs += max(len(rising) - 1, 0)
        if "spot" in ways and "on_demand" in ways:
            assert ways["spot"].price_per_hour < ways["on_demand"].price_per_hour, machine
            pairs += 1
    assert pairs > 500


@pytest.mark.parametrize("purchase", PER_GB)
def test_prices_per_gb_and_per_tflops_stay_within_bands(purchase: str) -> None:
    out = {}
    for price in usable_prices():
        gpu = tables.gpus()[price.gpu]
        each = price.price_per_hour / price.gpu_count
        per_gb, per_tflops = each / gpu.memory_gb, each / (gpu.bf16_tflops or 1)
        sane = PER_GB[purchase][0] <= per_gb <= PER_GB[purchase][1]
        sane &= PER_TFLOPS[purchase][0] <= per_tflops <= PER_TFLOPS[purchase][1]
        if price.purchase == purchase and price.currency == "USD" and not sane:
            out[price.id] = (round(per_gb, 4), round(per_tflops, 5))
    assert out == {}


def test_a_price_is_within_a_factor_of_4_of_the_median_of_its_gpu() -> None:
    groups: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    repeated = {price.id for price in prices.prices_by_count(prices.listed_prices())}
    for price in usable_prices():
        if price.id not in repeated:
            groups[price.gpu, price.purchase][price.id] = price.price_per_hour / price.gpu_count
    beyond = {
        id_ for each in groups.values() for id_, price in each.items() if not 0.25 <= price / median(each.values()) <= 4
    }
    assert beyond == set(BEYOND_THE_MEDIAN)


def test_eight_gpus_cost_about_eight_times_one() -> None:
    """Of one provider, region and way of buying: an instance's CPUs move the price of a GPU by two at most."""
    sizes: dict[tuple[str, ...], list[GpuPrice]] = defaultdict(list)
    for price in usable_prices():
        sizes[price.provider, price.service, price.gpu, price.region, price.purchase].append(price)
    for where, found in sizes.items():
        if where[4] in ("spot", "serverless"):
            continue
        each = [price.price_per_hour / price.gpu_count for price in found]
        assert max(each) / min(each) <= 2.1, (where, sorted(each))


def test_a_gpu_is_bought_for_some_years_of_its_rent() -> None:
    """Purchase price over the median on-demand price: from two months (Apple: never rented) to five years of hours."""
    rents: dict[str, list[float]] = defaultdict(list)
    for price in usable_prices():
        if price.purchase == "on_demand":
            rents[price.gpu].append(price.price_per_hour / price.gpu_count)
    for bought in prices.gpu_purchases():
        if bought.low is not None and bought.high is not None:
            assert bought.low <= bought.price <= bought.high, bought.gpu
        if bought.gpu in rents:
            assert 1500 <= bought.price / median(rents[bought.gpu]) <= 5 * 8760, bought.gpu


# --- API offers

NOT_HALF = {
    "aws-bedrock/gemma-3-12b:batch": "Bedrock rounds its batch prices",
    "aws-bedrock/gemma-3-27b:batch": "Bedrock rounds its batch prices",
    "aws-bedrock/ministral-8b:batch": "Bedrock rounds its batch prices",
    "google-vertex/claude-opus-5.5:batch": "the package holds 0.625, both parts alike: Google's price of launch",
    "google-vertex/claude-opus-5.5@eu:batch": "the package holds 0.625, both parts alike: Google's price of launch",
    "xai/grok-4.3:batch": "xAI takes 20 to 50 % off (api-evangelist/xai plans of 2026-05-08)",
    "xai/grok-4.7:batch": "xAI takes 20 to 50 % off (api-evangelist/xai plans of 2026-05-08)",
}
WRITE_BELOW_INPUT = {
    "azure/gpt-4o@eu-data-zone": "LiteLLM holds the price of a cached read",
    "azure/gpt-4o@us-data-zone": "LiteLLM holds the price of a cached read",
    "deepseek/deepseek-v3": "LiteLLM holds zero: DeepSeek charges a miss as input",
}
SPREAD = {  # offers beyond a factor of 4 of the median price of the model
    "cerebras/gemma-4-31b": "sells speed",
    "deepinfra/mistral-nemo": "an older model at cost; the others are clouds",
    "fireworks/qwen3-32b@us": "Fireworks prices by size (0.90 above 16 B), times 1.5 for the region",
    "openrouter/llama-3.1-405b": "its cheapest host; openrouter.ai lists the same 0.80",
    "sambanova/deepseek-v3.1": "sells speed",
    "wandb/gpt-oss-120b": "as low as OpenRouter's cheapest host",
}


@pytest.fixture(scope="module")
def offers() -> dict[str, ApiOffer]:
    return {offer.id: offer for offer in api_offers()}


def test_batch_is_half_unless_the_source_says_otherwise(offers: dict[str, ApiOffer]) -> None:
    odd, pairs = set(), 0
    for offer in offers.values():
        if offer.tier != "batch" or (online := offers.get(offer.id.removesuffix(":batch"))) is None:
            continue
        pairs += 1
        ratios = (offer.input_per_mtok / online.input_per_mtok, offer.output_per_mtok / online.output_per_mtok)
        if any(abs(ratio - 0.5) > 0.01 for ratio in ratios):
            odd.add(offer.id)
            assert all(0.4 <= ratio < 1 for ratio in ratios), offer.id
    assert pairs > 150
    assert odd == set(NOT_HALF)


def test_output_costs_as_much_as_input_or_more_and_a_cached_token_less(offers: dict[str, ApiOffer]) -> None:
    for offer in offers.values():
        assert 1 <= offer.output_per_mtok / offer.input_per_mtok <= 12.5, offer.id
        if offer.cached_input_per_mtok is not None and offer.tier == "standard":
            assert offer.cached_input_per_mtok < offer.input_per_mtok, offer.id
        if offer.long_input_per_mtok is not None:
            most = 5.01 if offer.model == "claude-haiku-5.5" else 2.01  # five times, in both packages
            assert 1 < offer.long_input_per_mtok / offer.input_per_mtok <= most, offer.id
            assert (offer.long_output_per_mtok or 0) >= offer.output_per_mtok, offer.id


def test_writing_to_the_cache_costs_input_or_up_to_twice_of_it(offers: dict[str, ApiOffer]) -> None:
    below = {
        offer.id
        for offer in offers.values()
        if offer.cache_write_per_mtok is not None
        and not 1 <= offer.cache_write_per_mtok / offer.input_per_mtok <= 2
        and not (offer.provider == "openrouter" and "gemini" in offer.model)  # storage for five minutes, added to input
    }
    assert below == set(WRITE_BELOW_INPUT)


def test_one_model_costs_about_the_same_wherever_it_is_sold(offers: dict[str, ApiOffer]) -> None:
    """Three input tokens to one of output; a seller far off the others is an exception with its cause, or a fault."""
    groups: dict[str, dict[str, float]] = defaultdict(dict)
    for offer in offers.values():
        if offer.tier == "standard":
            groups[offer.model][offer.id] = 3 * offer.input_per_mtok + offer.output_per_mtok
    beyond = {
        id_ for each in groups.values() for id_, price in each.items() if not 0.25 <= price / median(each.values()) <= 4
    }
    assert beyond == set(SPREAD)


def test_the_same_model_of_the_same_maker_never_costs_more_for_less(offers: dict[str, ApiOffer]) -> None:
    for cheap, dear in (
        ("anthropic/claude-haiku-4.5", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-opus-4.5"),
        ("openai/gpt-5-nano", "openai/gpt-5-mini"),
        ("openai/gpt-5-mini", "openai/gpt-5"),
    ):
        assert offers[cheap].output_per_mtok < offers[dear].output_per_mtok
