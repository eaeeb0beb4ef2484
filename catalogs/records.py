"""The facts the tool rests on, one frozen record a row; no loading, saving or arithmetic.

Units stand in the field names. Money is in the currency of the catalog that holds the record
(`Catalog.currency`) once loaded; in the figures' files it is in the row's own `currency`.
None is unknown, never zero.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalogs.vocabulary import Compute, LicenceClass, PurchaseType, QualityWord, TaskClass


class Record(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sourced(Record):
    """A record whose figures share one source and one date.

    `estimate` is empty for a sourced figure; otherwise it says how the figure was estimated,
    and every screen shows the figure as an estimate.
    """

    source: str = Field(min_length=1)
    date: str = Field(min_length=4)
    estimate: str = ""


class Figure(Sourced):
    """One number with its unit."""

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    note: str = ""


class Gpu(Sourced):
    """An accelerator (or the one CPU server); dense rates, without sparsity."""

    id: str
    name: str
    vendor: str
    kind: Literal["gpu", "cpu", "apple", "tpu"]
    performance_class: str
    memory_gb: float = Field(gt=0)
    bandwidth_gb_s: float | None = Field(default=None, gt=0)
    bf16_tflops: float | None = None
    fp8_tflops: float | None = None
    int8_tops: float | None = None
    fp4_tflops: float | None = None
    fp8_support: bool = False
    fp4_support: bool = False
    int8_support: bool = False
    link_gb_s: float | None = Field(default=None, gt=0)
    gpus_per_node: int = Field(default=8, ge=1)
    tdp_w: float | None = None
    note: str = ""


class GpuPurchase(Sourced):
    """What one GPU costs to buy, for owned pools."""

    gpu: str
    price: float = Field(gt=0)
    low: float | None = None
    high: float | None = None
    currency: str = "USD"


class Model(Sourced):
    """An open-weight model: size, architecture and licence.

    Without an architecture (`layers` None) it can be bought as an API but not sized on a GPU.
    """

    id: str
    hf_id: str = ""
    params_total_b: float = Field(gt=0)
    params_active_b: float | None = Field(default=None, gt=0)
    layers: int | None = Field(default=None, ge=1)
    hidden: int | None = Field(default=None, ge=1)
    heads: int | None = Field(default=None, ge=1)
    kv_heads: int | None = Field(default=None, ge=1)
    head_dim: int | None = Field(default=None, ge=1)
    intermediate: int | None = Field(default=None, ge=1)
    experts: int = 0
    experts_per_token: int = 0
    shared_experts: int = 0
    moe_intermediate: int | None = None
    dense_layers_first: int = 0
    vocab: int | None = None
    max_context: int | None = Field(default=None, ge=1)
    attention: str = ""
    full_attention_layers: int | None = None
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    qk_nope_head_dim: int | None = None
    v_head_dim: int | None = None
    kv_bytes_per_token_bf16: float | None = Field(default=None, gt=0)
    state_bytes_per_sequence: float = 0.0
    native_precision: str = "bf16"
    licence: str = ""
    licence_class: LicenceClass = "unknown"
    released: str = ""
    note: str = ""


class Precision(Sourced):
    """A weight format: bytes, the arithmetic it computes in, what runs it."""

    id: str
    name: str
    bytes_per_weight: float = Field(gt=0)
    bytes_per_dense_weight_moe: float = Field(gt=0)
    bytes_per_kv: float = Field(gt=0)
    compute: Compute
    needs: Literal["", "fp8", "fp4", "int8"] = ""
    kinds: tuple[str, ...]
    vendors: tuple[str, ...]
    engines: tuple[str, ...]


class Engine(Sourced):
    """An inference server; one that is not `recommended` loads but is never proposed."""

    id: str
    name: str
    kinds: tuple[str, ...]
    vendors: tuple[str, ...]
    recommended: bool = True
    why_not: str = ""
    moe: bool = True
    max_sequences: int = Field(ge=1)
    batched_tokens: int = Field(ge=1)


class PerformanceClass(Sourced):
    """Efficiencies of a GPU class, and its factor on t_fix; read them together, never alone."""

    id: str
    eta_mem: float = Field(gt=0)
    eta_pf: float = Field(gt=0)
    tau_us: float = Field(ge=0)
    t_fix: float = 1.0
    measured: bool


class EngineOffset(Sourced):
    """Factors of an engine on the performance model's parameters."""

    engine: str
    t_fix: float = 1.0
    mu: float = 1.0
    tau: float = 1.0
    eta_mem: float = 1.0
    eta_pf: float = 1.0
    eta_kv: float = 1.0
    alpha: float = 1.0
    sigma: float = 1.0
    moe_eta_pf: float = 1.0
    first_wave: float = 1.0


class FormatOffset(Sourced):
    """Factors of weight formats on the model's parameters; `eta_pf` of matrix products, the `moe_` ones of mixtures."""

    id: str
    formats: tuple[str, ...]
    eta_mem: float = 1.0
    moe_eta_mem: float = 1.0
    eta_pf: float = 1.0
    tau: float = 1.0
    moe_tau: float = 1.0


class PairOffset(Sourced):
    """Factors of an engine on one GPU class, beside those of the engine; `id` is class/engine."""

    id: str
    eta_mem: float = 1.0
    tau: float = 1.0


class SpeedBand(Sourced):
    """How far a computed speed may be off, as a share of it, for these GPU classes and engines.

    `speed` is of TPOT and throughput, `ttft` of the TTFT at light load, `ttft_busy` near saturation. `new_mixtures`:
    for mixtures of experts that nobody measured.
    """

    id: str
    classes: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    new_mixtures: bool = False
    speed: float = Field(gt=0)
    ttft: float = Field(gt=0)
    ttft_busy: float = Field(gt=0)


class MeasuredRange(Sourced):
    """Published operating points of a GPU at a weight format, and the sizes of the models measured (1e9 parameters).

    `engines`: how many of the points are of each engine.
    """

    gpu: str
    precision: str
    points: int = Field(ge=1)
    engines: Mapping[str, int]
    least_params_b: float = Field(gt=0)
    most_params_b: float = Field(gt=0)


class GpuPrice(Sourced):
    """What an instance of a provider costs an hour, by region and purchase type."""

    id: str
    provider: str
    service: str
    instance: str
    gpu: str
    gpu_count: int = Field(ge=1)
    region: str
    purchase: PurchaseType
    price_per_hour: float = Field(gt=0)
    currency: str = "USD"
    flag: str = ""
    usable: bool = True


class ApiOffer(Sourced):
    """A hosted model: provider x model x tier x region, with its prices per million tokens.

    `fine_tune`: at these prices it serves weights of the user's own, tuned on that model; no offer of ours says so.
    """

    id: str
    provider: str
    model: str
    provider_model: str
    tier: Literal["standard", "batch", "priority"] = "standard"
    region: str = "unknown"
    region_source: str = ""
    open_weights: bool
    input_per_mtok: float = Field(ge=0)
    cached_input_per_mtok: float | None = None
    cache_write_per_mtok: float | None = None
    output_per_mtok: float = Field(ge=0)
    request_price: float = 0.0
    long_context_from_tokens: int | None = None
    long_input_per_mtok: float | None = None
    long_output_per_mtok: float | None = None
    currency: str = "USD"
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    output_tokens_per_minute: float | None = None
    retires: str = ""
    fine_tune: bool = False
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None
    tpot_p50_ms: float | None = None
    tpot_p95_ms: float | None = None
    latency_source: str = ""
    latency_estimate: str = ""
    note: str = ""


class Provisioned(Sourced):
    """Capacity of an API offer that is bought by the unit for a term (0: by the hour), whatever comes through it.

    A request takes its input tokens, `cached_weight` of each one read from the cache (None: counted in full) and
    `output_weight` of each output token out of `tokens_per_minute` a unit; no prompt above `longest_prompt` is taken.
    """

    id: str
    offer: str
    unit: str = "unit"
    tokens_per_minute: float = Field(gt=0)
    output_weight: float = Field(gt=0)
    cached_weight: float | None = Field(default=None, ge=0, le=1)
    minimum: int = Field(default=1, ge=1)
    step: int = Field(default=1, ge=1)
    longest_prompt: int | None = Field(default=None, ge=1)
    term_months: int = Field(default=0, ge=0)
    price_per_hour: float = Field(gt=0)
    currency: str = "USD"


class QualityScore(Sourced):
    """One benchmark score; scores of different dates are compared only where the benchmark allows it."""

    model: str
    benchmark: str
    score: float
    unit: str
    reported_by: str = "independent"


class QualityFloor(Sourced):
    """What a quality word means for a task class: a threshold on one benchmark at one date.

    Several rows of one (task, word) stand in order of preference: a model is judged on the first
    benchmark that has its score.
    """

    task: TaskClass
    word: QualityWord
    benchmark: str
    benchmark_date: str
    threshold: float
    unit: str


class QuantisationLoss(Sourced):
    """Share of the full-precision score that a precision keeps on a task class (1 is no loss).

    `low` and `high` are the least and the most that any of the `rows` behind the median kept.
    """

    precision: str
    task: TaskClass
    recovery: float = Field(gt=0, le=1.1)
    low: float | None = Field(default=None, gt=0, le=1.1)
    high: float | None = Field(default=None, gt=0, le=1.1)
    rows: int = 0


class Attributes(Record):
    """What a provider declares about data: `Catalog.attributes[provider]`.

    None or absent is unknown, and unknown fails a requirement. `sources` maps a field to its source.
    """

    provider: str
    operator: Literal["self", "provider", "cloud_operated"] | None = None
    retention_days: int | None = None
    trains_on_data: bool | None = None
    attestations: tuple[str, ...] = ()
    agreements_offered: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    network: Literal["air_gapped", "private", "internet"] = "internet"
    sources: dict[str, str] = {}


class Region(Sourced):
    """A region's geographies (ISO 3166 codes, `eu`, `eea`, `global`) and round trips from users, ms."""

    id: str
    geographies: tuple[str, ...]
    round_trip_ms: dict[str, float] = {}


class DesignRate(Sourced):
    """The user's own rate of a design, used as it stands instead of the performance model.

    Rates are requests/s of one replica at the segment's SLO; 0 says that the design may not serve the segment.
    `requests_per_second` holds for `segment` (empty: every segment), `by_segment` for the segments that it names: the
    others take `requests_per_second`, and are not served by the design where that is not given.
    """

    id: str
    segment: str = ""
    model: str
    precision: str
    gpu: str
    gpus: int = Field(ge=1)
    engine: str
    requests_per_second: float | None = Field(default=None, ge=0)
    by_segment: dict[str, float] = {}

    @model_validator(mode="after")
    def _check(self) -> "DesignRate":
        if self.requests_per_second is None and not self.by_segment:
            raise ValueError("requests_per_second: requests/s of one replica, here or in by_segment")
        if not all(rate >= 0 for rate in self.by_segment.values()):
            raise ValueError("by_segment: requests/s of at least 0")
        if self.segment and self.by_segment:
            raise ValueError("by_segment: nothing beside segment, which names the only one")
        return self


class LoadShape(Sourced):
    """Hourly load over its mean for one week (168 values from Monday 00:00) or one day (24)."""

    id: str
    name: str
    load_over_mean: tuple[float, ...]
    minute_peak_over_hour: float = Field(ge=1)
    note: str = ""
