"""The problem as data: what `options` raises and `program` optimises. Indices s, b, k, m, a as in solver/README.md.

Money is in the plan's currency. Arrays are float64; an inadmissible pair is NaN in `kappa` and absent from `charges`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from catalogs.records import ApiOffer
from catalogs.vocabulary import PurchaseType
from solver.refusals import Refusal

Array = NDArray[np.float64]
PoolClass = Literal["self_run", "managed", "serverless"]


@dataclass(frozen=True)
class LoadBlocks:
    """Blocks of the month. `hours` [b] sum to 730; peak and mean arrivals [s, b] in requests/s.

    `weekend` [b] tells the day type; `merge_error` is the relative cost of merging against all 168 hours. `of_hour` is
    the block of each hour of the week from Monday 00:00, empty where that is not known.
    """

    hours: Array
    peak: Array
    mean: Array
    weekend: NDArray[np.bool_]
    merge_error: float = 0.0
    of_hour: tuple[int, ...] = ()


@dataclass(frozen=True)
class Charge:
    """What one request pays for one thing: `per_request` units (e.g. Mtok) at `price` a unit.

    `estimate` and `source` are of the charge itself; empty where they are those of the option.
    """

    name: str
    unit: str
    per_request: float
    price: float
    estimate: str = ""
    source: str = ""
    date: str = ""

    @property
    def cost(self) -> float:
        """Cost of one request."""
        return self.per_request * self.price


@dataclass(frozen=True)
class Purchase:
    """One way of buying a replica. `price` is of the whole replica for an hour.

    `availability` in (0, 1]; `box` replicas come together (>= 1); `term_months` of a commitment;
    `capital` is the purchase price of a replica (owned only), `running` the part of its hour that is no capital.
    """

    price: float
    availability: float
    box: int = 1
    term_months: int = 0
    capital: float = 0.0
    source: str = ""
    date: str = ""
    estimate: str = ""
    running: float = 0.0


@dataclass(frozen=True)
class PoolDesign:
    """model x precision x GPU x parallelism x engine x provider/region.

    `band` is how far its speed may be off: kappa lies within a factor 1 + band; 0 is not told. `measured` says which
    measurements of the user's own it rests on; empty where it is computed.
    """

    id: str
    model: str
    precision: str
    gpu: str
    gpus: int
    engine: str
    provider: str
    region: str
    pool_class: PoolClass
    purchases: Mapping[PurchaseType, Purchase]
    max_replicas: int
    estimate: str = ""
    band: float = 0.0
    measured: str = ""


def spot_market(design: PoolDesign) -> str:
    """`provider@region/gpu`: replicas of one GPU at one place come from one market, and their spot goes together."""
    return f"{design.provider}@{design.region}/{design.gpu}"


def strikes(each: "Contingency", design: PoolDesign) -> bool:
    """Whether a contingency takes something of this design."""
    if each.kind == "provider":
        return each.of == design.provider
    return each.of == design.id or (each.kind == "spot" and each.of == spot_market(design))


@dataclass(frozen=True)
class ApiOption:
    """An API offer and its limits; infinite where unknown.

    Provisioned units, where `Problem.unit_rate` says what one serves: price an hour, the least number and the step.
    """

    id: str
    offer: ApiOffer
    requests_per_s: float = np.inf
    tokens_per_s: float = np.inf
    unit_price: float = 0.0
    unit_min: int = 0
    unit_step: int = 1
    estimate: str = ""
    unit_source: str = ""
    unit_estimate: str = ""
    unit_date: str = ""


@dataclass(frozen=True)
class FixedCost:
    """A monthly cost that is paid once its trigger is on.

    Triggers: ("selfhost", "") any pool is open; ("class", pool class) a pool of that class is open;
    ("open", design id); ("site", "provider@region") a pool is open there; ("supplier", provider) an API of it is used.
    `factors` and `price_factors` multiply to quantity and price, where these are worked out of other figures.
    """

    name: str
    unit: str
    quantity: float
    price: float
    trigger: tuple[Literal["selfhost", "class", "open", "site", "supplier"], str]
    estimate: str = ""
    source: str = ""
    date: str = ""
    factors: Mapping[str, float] = field(default_factory=dict)
    price_factors: Mapping[str, float] = field(default_factory=dict)

    @property
    def per_month(self) -> float:
        """Cost a month while the trigger is on."""
        return self.quantity * self.price


@dataclass(frozen=True)
class PeopleSteps:
    """People beyond the first step: `fte` more for each `designs` further pool designs (whole steps)."""

    fte: float
    designs: int
    price_per_fte_month: float
    estimate: str = ""
    source: str = ""
    date: str = ""


@dataclass(frozen=True)
class Contingency:
    """What may be lost: a replica of a pool, all spot of one kind at one place, or a provider with its pools and APIs.

    `of` is the design's id (of spot, or its `spot_market`) or the provider; `share` is the part of the month, in
    [0, 1], for which it is lost.
    """

    kind: Literal["replica", "spot", "provider"]
    of: str
    share: float
    estimate: str = ""
    source: str = ""


@dataclass(frozen=True)
class InForce:
    """Replicas of one design and purchase type that are owned or committed today.

    For `paid_share` of the horizon, in [0, 1], a replica-hour of them costs `still` (power and space of what is owned)
    in place of its price: the rest is sunk. After that they cost what a new one costs.
    """

    replicas: int
    paid_share: float
    still: float = 0.0


@dataclass(frozen=True)
class Moving:
    """What runs today, and what a change costs: money a month, spread over the horizon.

    routes are pairs (segment index, option id); replicas [design id] is the mean count over the month, of all purchase
    types. Each replica and route that the plan adds or takes away costs its figure.
    """

    routes: frozenset[tuple[int, str]] = frozenset()
    replicas: Mapping[str, float] = field(default_factory=dict)
    replica_added: float = 0.0
    replica_removed: float = 0.0
    route_added: float = 0.0
    route_removed: float = 0.0
    estimate: str = ""
    source: str = ""


@dataclass(frozen=True)
class Rules:
    """Policy rules on the plan as a whole; None or empty does not bind.

    `margin` and `simple_within` are shares of a bill that bind no plan: what self-hosting must save to be recommended,
    and what the simplest plan may cost more.
    """

    budget_per_month: float | None = None
    max_pool_designs: int | None = None
    min_suppliers: int | None = None
    max_suppliers: int | None = None
    must_use: tuple[str, ...] = ()
    gpus_available: Mapping[str, int] = field(default_factory=dict)
    capital: float | None = None
    horizon_months: int = 12
    beyond_horizon: Literal["forbid", "charge"] = "forbid"
    margin: float = 0.10
    simple_within: float = 0.05


@dataclass(frozen=True)
class Problem:
    """Everything the program needs, and nothing else.

    kappa [s, k] replica-seconds of one request (NaN: not admissible); headroom, spot_tolerance [s]; coverage [s] of a
    segment while a contingency holds (None: 0 everywhere);
    tokens_per_request [s] for token limits; may_wait [s]; charges per (segment index, option id);
    unit_rate (segment index, option id) requests/s that one provisioned unit serves; in_force (design id, type);
    `awake` [s, b] is the least share of the block that a serverless replica stays awake, and is paid, for all of s;
    `segment_of` [s] maps a sub-segment (users by region) to the scenario's segment.
    """

    segments: tuple[str, ...]
    segment_of: tuple[str, ...]
    blocks: LoadBlocks
    designs: tuple[PoolDesign, ...]
    apis: tuple[ApiOption, ...]
    kappa: Array
    charges: Mapping[tuple[int, str], tuple[Charge, ...]]
    headroom: Array
    spot_tolerance: Array
    tokens_per_request: Array
    may_wait: NDArray[np.bool_]
    fixed_costs: tuple[FixedCost, ...]
    people: PeopleSteps | None
    rules: Rules
    refusals: tuple[Refusal, ...] = ()
    refusal_counts: Mapping[str, int] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    awake: Array | None = None
    coverage: Array | None = None
    contingencies: tuple[Contingency, ...] = ()
    unit_rate: Mapping[tuple[int, str], float] = field(default_factory=dict)
    in_force: Mapping[tuple[str, PurchaseType], InForce] = field(default_factory=dict)
    moving: Moving | None = None
