"""The plan: what to run, what it costs and why. The record that every face prints and the store saves."""

from math import isfinite
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field

from solver.explanation.conflict import Conflict
from solver.explanation.doubt_records import RankedDoubts
from solver.explanation.findings import Mistake, NextStep, Pattern
from solver.explanation.flip_records import Flip, Flips
from solver.explanation.reasons import RulePrice, WhyNot
from solver.explanation.records import Capacity, Cheapest, Confidence, Disagreement, Hosting, Simplest, Term
from solver.record import Part as Part
from solver.record import Verdict as Verdict
from solver.refusals import Refusal

SCHEMA = "wizard.plan/1"

Status = Literal["optimal", "time_limit", "stopped", "infeasible"]
BaselineName = Literal["closed_api", "open_api", "self_hosted", "today"]


class CostLine(Part, BaseModel):
    """One line of the bill: `per_month` is quantity times price, in the plan's currency.

    `date` is the price's; `stale` says that it was too old on the plan's `day`. `terms` add to the quantity where the
    rest of the plan does not tell it (hours are the counts of `pools` times the hours of `blocks`); the product of
    `price_of` is the price where it is worked out of others.
    """

    name: str
    unit: str
    quantity: float
    price: float
    per_month: float
    estimate: str = ""
    source: str = ""
    date: str = ""
    stale: bool = False
    terms: tuple[Term, ...] = ()
    price_of: dict[str, float] = {}


class Baseline(Part):
    """The best plan of one pure strategy on the same problem; `why_null` says why there is none.

    `per_mtok` is its whole bill over the month's tokens, input and output: idle hours and people are in it.
    """

    name: BaselineName
    total_per_month: float | None
    per_mtok: float | None = None
    why_null: str = ""
    lines: tuple[CostLine, ...] = ()


class Served(Part):
    """The part of a segment that one option serves.

    `share` is of the month's requests. `per_month` is the tokens of an API, or the part of the
    pool's hours in proportion to the replica-seconds used. `capacity` is what of the pool's replicas the segment asks
    for, by the region of its users.
    """

    option: str
    kind: Literal["api", "pool"]
    share: float
    per_month: float
    arithmetic: str = ""
    capacity: tuple[Capacity, ...] = ()


class PlannedSegment(Part):
    """A segment and what serves it."""

    name: str
    requests_per_month: float
    served_by: tuple[Served, ...]


class Replicas(Part):
    """Replicas of one purchase type; `block` is None when they run in every block."""

    purchase: str
    block: int | None
    count: float


class Pool(Part):
    """A self-hosted pool; `utilisation` is the busy share of its replica-hours at mean load.

    `band` is how far its speed may be off, as a share (0.15: within 15 %); 0 is not told. `measured` says which of the
    user's own measurements the speed rests on, by file and date; empty where it is computed.
    """

    option: str
    model: str
    precision: str
    gpu: str
    gpus_per_replica: int
    tensor_parallel: int
    engine: str
    provider: str
    region: str
    replicas: tuple[Replicas, ...]
    utilisation: float
    estimate: str = ""
    band: float = 0.0
    measured: str = ""


class Moved(Part):
    """The part of a segment that goes to an option while something is lost, above what it serves of it anyway."""

    option: str
    kind: Literal["api", "pool"]
    share: float


class Fallback(Part):
    """What happens to a segment while a replica or all spot of a pool, or a provider, is lost.

    `of` is the pool, the spot market or the provider; `month_share` the part of the month for which it is lost.
    `served` is the least share of the segment that goes on in any block. The shares of `moved_to` are of the month's
    requests, as if it were lost all month; `per_month` is what that costs for `month_share` of it.
    """

    segment: str
    lost: Literal["replica", "spot", "provider"]
    of: str
    month_share: float
    served: float
    moved_to: tuple[Moved, ...] = ()
    per_month: float
    estimate: str = ""


class Block(Part):
    """A load block: hours of the month with like load, and each segment's requests/s (peak, mean)."""

    hours: float
    peak_per_s: dict[str, float]
    mean_per_s: dict[str, float]


class Reading(Part):
    """A figure worth seeing beside the plan (tokens/s beside volume, KV tokens beside weights)."""

    name: str
    value: float
    unit: str
    says: str = ""


class ScoreHeld(Part):
    """The score with which an option keeps a segment's floor, where it serves the segment or would after a loss.

    `floor` is what was asked; `threshold` and all scores are in `unit` of `benchmark` at `date`. `score` is
    `base_score` after quantisation, `low` and `high` are after the largest and the smallest loss seen. `scored` is
    whose score it is: the model, `model@precision`, or the predecessor of a closed model. `note` tells sources that
    disagree.
    """

    segment: str
    option: str
    model: str
    precision: str = ""
    floor: str
    benchmark: str
    date: str
    unit: str
    threshold: float
    base_score: float
    score: float
    low: float
    high: float
    scored: str
    source: str
    estimate: str = ""
    note: str = ""


class ChecklistItem(Part):
    """One answer of the checklist: what it leans to and what it advises."""

    item: str
    answer: str
    lean: Literal["api", "self_host", "neutral"]
    advice: str = ""


class PriceUsed(Part):
    """A price that the plan rests on, as of its date, so that a later plan can name what moved."""

    value: float
    unit: str
    date: str
    source: str
    estimate: str = ""
    stale: bool = False


class RestsOn(Part):
    """What part of the bill rests on one cause: an estimate, or a price that was too old on the plan's day.

    Money is counted once: a line that is both is under its estimate. `share` is of the total.
    """

    cause: str
    kind: Literal["estimate", "stale"]
    per_month: float
    share: float


class Plan(Part, BaseModel):  # BaseModel once more, so that a linter of one file knows what its defaults are
    """The whole answer. `solve --json` prints it; the saved TOML holds it with the scenario.

    Verdict, total, bound, gap, bill and all that runs are the recommended plan's, the bound that of its own branch
    (APIs alone, or self-hosting); `cheapest` is the cheapest of all, whose search `status` tells of. `flips` is what
    would flip the decision, `ranking` its doubts in the order in which to settle them: None where nobody looked.
    """

    schema_: str = Field(default=SCHEMA, alias="schema")
    status: Status
    verdict: Verdict
    currency: str
    total_per_month: float | None
    bound_per_month: float | None
    gap: float | None
    confidence: Confidence = ""
    cheapest: Cheapest | None = None
    hosting: Hosting | None = None
    simplest: Simplest | None = None
    disagreements: tuple[Disagreement, ...] = ()
    lines: tuple[CostLine, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    segments: tuple[PlannedSegment, ...] = ()
    pools: tuple[Pool, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    blocks: tuple[Block, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    refusal_counts: dict[str, int] = {}
    readings: tuple[Reading, ...] = ()
    scores: tuple[ScoreHeld, ...] = ()
    why_not: tuple[WhyNot, ...] = ()
    requirements: tuple[RulePrice, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    conflict: tuple[Conflict, ...] = ()
    conflict_notes: tuple[str, ...] = ()
    flips: Flips | None = None
    doubts: tuple[str, ...] = ()
    ranking: RankedDoubts | None = None
    prices: dict[str, PriceUsed] = {}
    exchange_rates: dict[str, PriceUsed] = {}
    rests_on: tuple[RestsOn, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    catalog_as_of: str
    day: str = ""
    seconds: float = 0.0

    @property
    def open_gap(self) -> float | None:
        """The gap of the cheapest plan, which may be another one: what the main solve left open."""
        if self.cheapest is None or self.cheapest.bound_per_month is None:
            return self.gap
        total = self.cheapest.total_per_month
        return max(0.0, total - self.cheapest.bound_per_month) / total if total else 0.0


LOSSES = {"replica": "a replica of {} is down", "spot": "all spot of {} is reclaimed", "provider": "{} is down"}
"""What a loss is, in words, by its kind; the pool, the spot market or the provider stands in the braces."""


def loss_words(kind: str, of: str) -> str:
    """`aws is down`, as it reads after `while` or `if`."""
    return LOSSES[kind].format(of)


NEAREST = 50
_MONEY = (
    "per_month", "total_per_month", "bound_per_month", "saves_per_month", "more_per_month", "api_per_month",
    "api_bound_per_month", "slow_per_month", "fast_per_month", "at_least_per_month", "labour_per_month",
    "needed_per_month", "total_per_month_then", "total_then", "once", "first_year", "later_years",
)  # fmt: skip
SAME_COST = 1e-6
"""A difference a month that is rounding."""
_MAX_DISTANCE = 1e9
P = TypeVar("P", bound=BaseModel)


def rounded(plan: Plan) -> Plan:
    """The plan as it is printed and saved: money to 1e-6, the gap to 1e-9, other figures to 12 significant digits.

    Each total is the sum of its rounded lines, so that a printed bill adds up; the bound stays at or under
    the total. Rounding twice changes nothing.
    """
    plan = _rounded(plan)
    baselines = tuple(
        b.model_copy(update={"total_per_month": _sum(b.lines, b.total_per_month)}) for b in plan.baselines
    )
    total = _sum(plan.lines, plan.total_per_month)
    bound = plan.bound_per_month
    if total is not None and bound is not None:
        bound = min(bound, total)
    cheapest = plan.cheapest
    if cheapest is not None and total is not None and cheapest.saves_per_month <= SAME_COST:  # it is this very plan
        least = None if cheapest.bound_per_month is None else min(cheapest.bound_per_month, total)
        told = {"total_per_month": total, "bound_per_month": least, "saves_per_month": 0.0}
        cheapest = cheapest.model_copy(update=told)
    seconds = round(plan.seconds, 2)
    return plan.model_copy(
        update={
            "baselines": baselines, "total_per_month": total, "bound_per_month": bound, "seconds": seconds,
            "cheapest": cheapest,
        }
    )  # fmt: skip


def nearest(refusals: tuple[Refusal, ...], most: int | None = NEAREST) -> tuple[Refusal, ...]:
    """The refusals nearest to passing, nearest first; all of them when `most` is None."""
    ordered = sorted(refusals, key=lambda r: (r.distance, r.segment, r.option, r.rule))
    return tuple(ordered[:most])


def nearest_of_each_rule(refusals: tuple[Refusal, ...]) -> tuple[Refusal, ...]:
    """The refusal nearest to passing of each segment and rule: enough for a reader, few enough for a file's diff."""
    first: dict[tuple[str, str], Refusal] = {}
    for refusal in nearest(refusals, None):
        first.setdefault((refusal.segment, refusal.rule), refusal)
    return tuple(first.values())


def _sum(lines: tuple[CostLine, ...], total: float | None) -> float | None:
    return round(sum(line.per_month for line in lines), 6) if lines and total is not None else total


def _rounded(record: P) -> P:
    fields = (name for name in type(record).model_fields if not (isinstance(record, Flip) and name == "distance"))
    return record.model_copy(update={name: _round(name, getattr(record, name)) for name in fields})


def _round(name: str, value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _rounded(value)
    if isinstance(value, tuple):
        return tuple(_round(name, item) for item in value)
    if isinstance(value, dict):
        return {key: _round(name, item) for key, item in value.items()}
    if not isinstance(value, float):
        return value
    if name == "gap":
        return round(value, 9) + 0.0
    if name == "distance":
        return float(f"{value:.12g}") if isfinite(value) and value < _MAX_DISTANCE else _MAX_DISTANCE
    if not isfinite(value):
        return "unbounded" if name in ("found", "wanted") else value
    return (round(value, 6) if name in _MONEY else float(f"{value:.12g}")) + 0.0
