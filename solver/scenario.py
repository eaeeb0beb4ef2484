"""The scenario: what is asked of the decision. Bounds and units of its values stand here and nowhere else.

Written by hand as TOML (`Scenario.model_validate` of the parsed tables), written back by
`Scenario.model_dump(exclude_defaults=True)`: human units both ways.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from catalogs.vocabulary import COMMITTED, TERM_MONTHS, LicenceClass, PurchaseType, QualityWord, TaskClass
from solver.units import SECONDS, Change, Headroom, Milliseconds, Months, Percentile, Rate, Share, Tokens, format_count

NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"
Name = Annotated[str, Field(pattern=NAME)]
Feature = Literal["fine_tune", "fixed_version", "frontier"]
Loss = Literal["replica", "spot", "provider"]
CHECKLIST = {
    "spend": 6, "load": 5, "team": 4, "quality": 5, "latency": 6, "cost": 5, "fallback": 4, "data": 6, "revisit": 4,
}  # fmt: skip
"""Items of the decision checklist, and the highest answer of each; 0 is "don't know"."""
Attestation = Literal["soc2", "iso27001", "fedramp_moderate", "fedramp_high", "c5", "pci_dss"]
# Strict: `true` is no number and 1 is no yes, as pydantic would have it.
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
FILE = "scenario"
"""The file that a fault names where only the scenario is known."""
MOST_REQUESTS_PER_S = 1e6
MOST_MONEY_PER_MONTH = 1e11


def _some_requests(rate: Rate) -> Rate:
    if not 0 < rate.per_second <= MOST_REQUESTS_PER_S:
        most = f"at most {format_count(MOST_REQUESTS_PER_S)}/s"
        raise ValueError(f"more than 0 and {most}, such as 60k/day")
    return rate


def _read_money(value: Any) -> Rate:
    try:
        return Rate.model_validate(value)
    except ValidationError:
        periods = ", ".join(SECONDS)
        raise ValueError(f"money per period, such as 18k/month or 160k/year; the periods are {periods}") from None


def _sane_money(rate: Rate) -> Rate:
    if rate.per_month > MOST_MONEY_PER_MONTH:
        raise ValueError(f"money of at most {format_count(MOST_MONEY_PER_MONTH)}/month, such as 18k/month")
    return rate


Requests = Annotated[Rate, AfterValidator(_some_requests)]
Money = Annotated[Rate, BeforeValidator(_read_money), AfterValidator(_sane_money)]


class Part(BaseModel):
    """A table of the scenario: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _places(value: str) -> str:
    words = value.lower().replace(",", " ").split()
    if any(
        word not in ("eu", "eea", "anywhere", "global") and not (len(word) == 2 and word.isalpha()) for word in words
    ):
        raise ValueError("eu, eea, anywhere, or ISO 3166 codes of two letters such as de or us")
    return value


Places = Annotated[str, AfterValidator(_places)]


class QualityDemand(Part):
    """A floor that the segment names itself: a score on a benchmark's table, or on an evaluation of the user's own.

    `at_least` is in the unit of those scores. Without a `date` the newest table of the benchmark is meant.
    """

    benchmark: str = ""
    date: str = ""
    evaluation: str = ""
    at_least: Number = Field(ge=0)

    @model_validator(mode="after")
    def _check(self) -> "QualityDemand":
        if bool(self.benchmark) == bool(self.evaluation):
            raise ValueError("either benchmark or evaluation, beside at_least")
        if self.date and self.evaluation:
            raise ValueError("date: nothing, as an evaluation has one date")
        return self

    @model_serializer(mode="wrap")
    def _short(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if value != ""}

    def __str__(self) -> str:
        of = f" of {self.date}" if self.date else ""
        return f"{self.evaluation or self.benchmark}{of} at least {self.at_least:g}"


def _kind_of_floor(value: Any) -> str:
    """The branch of the union; in brackets, which no file's key is."""
    return "[table]" if isinstance(value, dict | QualityDemand) else "[word]"


QualityAsked = Annotated[
    Annotated[QualityWord, Tag("[word]")] | Annotated[QualityDemand, Tag("[table]")], Discriminator(_kind_of_floor)
]


def _as_shares(value: Any) -> Any:
    return {value: 1.0} if isinstance(value, str) else value


class Segment(Part):
    """One kind of request with one set of requirements."""

    requests: Requests
    input_tokens: Tokens
    output_tokens: Tokens
    growth: Change = 0.0
    shared_prefix: Share = 0.0
    load: str = ""
    ttft: Milliseconds | None = None
    tpot: Milliseconds | None = None
    percentile: Percentile = 95.0
    task: TaskClass = "chat"
    quality: QualityAsked = "mid"
    coverage: Share = 0.0
    spot_tolerance: Share = 0.0
    may_wait: Flag = False
    features: tuple[Feature, ...] = ()
    users_in: Annotated[dict[str, Share], BeforeValidator(_as_shares)] = {}
    processing_in: Places = ""
    storage_in: Places = ""
    max_retention_days: Whole | None = Field(default=None, ge=0, le=36500)
    agreements: tuple[Literal["dpa", "baa", "scc"], ...] = ()
    attestations: tuple[Attestation, ...] = ()
    no_training: Flag = False
    operated_by: tuple[Literal["self", "provider", "cloud_operated"], ...] = ()
    network: Literal["", "air_gapped", "private", "internet"] = ""
    license: tuple[LicenceClass, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Segment":
        if self.users_in and abs(sum(self.users_in.values()) - 1) > 1e-6:
            raise ValueError("users_in: shares that add to 100%")
        if self.input_tokens.p50 <= 0:
            raise ValueError("input_tokens: more than 0")
        if self.output_tokens.p50 < 1:
            raise ValueError("output_tokens: at least 1")
        return self


class Team(Part):
    """Who would run it; None takes the catalog's operations default."""

    engineer_cost: Money | None = None
    setup_weeks: Number | None = Field(default=None, ge=0, le=104)
    operations_fte: Number | None = Field(default=None, ge=0, le=20)
    expertise: Literal["yes", "hire", "none"] = "yes"


class Policy(Part):
    """Rules on the plan as a whole, what is counted, and when self-hosting is recommended.

    It is where it saves more than `margin` of the API bill; the simplest plan is sought `simple_within` of the best.
    """

    headroom: Headroom = 0.5
    budget: Money | None = None
    max_pool_designs: Whole | None = Field(default=None, ge=0, le=100)
    min_suppliers: Whole | None = Field(default=None, ge=1, le=20)
    max_suppliers: Whole | None = Field(default=None, ge=1, le=20)
    purchase_types: tuple[PurchaseType, ...] = (
        "reserved_1m", "reserved_1y", "reserved_3y", "on_demand", "managed", "spot", "serverless",
    )  # fmt: skip
    beyond_horizon: Literal["forbid", "charge"] = "forbid"
    contingencies: tuple[Loss, ...] = ("replica", "spot", "provider")
    may_use: tuple[str, ...] = ()
    must_use: tuple[str, ...] = ()
    must_not_use: tuple[str, ...] = ()
    gpus_available: dict[str, Annotated[Whole, Field(ge=0, le=1_000_000)]] = {}
    capital: Number | None = Field(default=None, ge=0, le=1e12)
    people: Flag = True
    setup: Flag = True
    storage: Flag = True
    network: Flag = True
    apis: Flag = True
    unusable_prices: Flag = False
    margin: Share = 0.10
    simple_within: Share = 0.05

    @model_validator(mode="after")
    def _check(self) -> "Policy":
        if self.min_suppliers and self.max_suppliers and self.min_suppliers > self.max_suppliers:
            raise ValueError("min_suppliers: at most max_suppliers")
        return self


class Running(Part):
    """Replicas of one design and purchase type that run now; `months_left` of what is committed.

    None is the life of owned GPUs, and wanted of what is reserved.
    """

    replicas: Whole = Field(ge=0, le=1_000_000)
    months_left: Number | None = Field(default=None, ge=0, le=1200)


def _terms(ways: dict[PurchaseType, Running]) -> dict[PurchaseType, Running]:
    if not ways:
        raise ValueError("replicas by purchase type, such as on_demand = {replicas = 3}")
    for m, running in ways.items():
        left, term = running.months_left, TERM_MONTHS.get(m)
        if term is not None and (left is None or left > term):
            raise ValueError(f"{m}: months_left from 0 to {term}, beside replicas")
        if left is not None and m not in COMMITTED:
            raise ValueError(f"{m}: no months_left, as nothing is committed")
    return ways


class Today(Part):
    """What runs now: the bill as billed, the options that serve each segment, and the pools by design id.

    With `recheck` it is in force: commitments are sunk until they end, set-up is done, and moving away costs.
    """

    bill: Money | None = None
    served_by: dict[str, str] = {}
    recheck: Flag = False
    pools: dict[str, Annotated[dict[PurchaseType, Running], AfterValidator(_terms)]] = {}


class Scenario(Part):
    """One decision to be made."""

    profile: str = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    horizon: Months = 12
    load: str = "azure2024_conversation"
    blocks: Whole = Field(default=24, ge=1, le=168)
    segment: dict[Name, Segment] = Field(min_length=1)
    team: Team = Team()
    policy: Policy = Policy()
    today: Today = Today()
    checklist: dict[str, Whole] = {}
    sources: dict[str, str] = {}
    catalog: dict[str, Any] = {}

    @property
    def in_force(self) -> dict[str, dict[PurchaseType, Running]]:
        """What runs today by design id and purchase type, where this is a re-check; else nothing."""
        return self.today.pools if self.today.recheck else {}

    @property
    def named(self) -> tuple[str, ...]:
        """Texts that options may not leave the problem without: must-use, and what runs and serves today."""
        return tuple(dict.fromkeys((*self.policy.must_use, *self.today.served_by.values(), *self.in_force)))

    @field_validator("checklist")
    @classmethod
    def _answers(cls, answers: dict[str, int]) -> dict[str, int]:
        for item, digit in answers.items():
            if item not in CHECKLIST:
                raise ValueError("items of the checklist: " + ", ".join(CHECKLIST))
            if not 0 <= digit <= CHECKLIST[item]:
                raise ValueError(f"{item}: an answer from 0 to {CHECKLIST[item]}")
        return {item: answers[item] for item in CHECKLIST if item in answers}
