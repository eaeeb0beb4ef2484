"""Why an option may not serve a segment: a value, with the figure found and the figure wanted."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Rule(StrEnum):
    """The closed set of rules that turn an option down."""

    MEMORY = "memory"
    CONTEXT = "context_length"
    TTFT = "ttft"
    TPOT = "tpot"
    LATENCY_UNKNOWN = "latency_unknown"
    QUALITY = "quality"
    QUALITY_UNKNOWN = "quality_unknown"
    PROCESSING_IN = "processing_in"
    STORAGE_IN = "storage_in"
    RETENTION = "max_retention_days"
    AGREEMENTS = "agreements"
    ATTESTATIONS = "attestations"
    NO_TRAINING = "no_training"
    OPERATED_BY = "operated_by"
    NETWORK = "network"
    LICENSE = "license"
    FEATURE = "features"
    BATCH_ONLY = "may_wait"
    PRECISION = "precision_unsupported"
    ENGINE = "engine_unsupported"
    NOT_SIZED = "architecture_unknown"
    NO_PRICE = "no_price"
    PURCHASE_TYPE = "purchase_types"
    EXPERTISE = "expertise"
    RETIRED = "retired"
    MAY_USE = "may_use"
    MUST_NOT_USE = "must_not_use"
    APIS_OFF = "apis"
    OWN_RATE = "rates"
    DOMINATED = "dominated"


class Refusal(BaseModel):
    """One option turned down for one segment.

    `found` and `wanted` are in `unit`; `distance` is 0 at the limit and grows with how far the
    option is from passing (relative where both are numbers, 1 for a plain yes or no).
    An empty `segment` is every segment. `note` says more of what was found: sources that disagree, what would help.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    segment: str
    option: str
    rule: Rule
    found: float | str
    wanted: float | str
    unit: str = ""
    distance: float = 1.0
    note: str = ""
