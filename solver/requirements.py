"""What a scenario demands, key by key: what stands there, what would demand nothing, and how a demand is loosened.

A key is dotted, as people type it: `segment.chat.ttft`, `policy.gpus_available.aws`. Loosening a demand admits more
options or more plans and takes none away. What would break that is no requirement here: a horizon while traffic grows
(the load at its end decides capacity) or what is paid runs out, and the sizes of requests but as a last resort.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from catalogs.vocabulary import LicenceClass, PurchaseType, QualityWord
from solver.scenario import Policy, QualityDemand, Scenario, Segment, Team
from solver.units import Rate, Tokens, format_share

Way = Literal["up", "down", "whole_up", "whole_down", "fewer", "more", "steps", "places", "names", "money", "load"]
REQUESTS = "requests"
"""The load of all segments together, as a requirement: a factor on their requests."""
MOST_MS = 3.6e6
LONGEST_MONTHS = 36
"""The longest horizon that is proposed: the longest commitment that is sold."""
LITTLE = 1e-6
"""The part of the load that stands for none: a scenario without requests is none."""
PARTS = (0.99, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Parts of a score that a segment demands of its own benchmark or evaluation, at which a lower floor is tried."""
WORDS: tuple[QualityWord, ...] = get_args(QualityWord)
NETWORKS = ("air_gapped", "private", "internet")
OPERATORS = ("self", "provider", "cloud_operated")


@dataclass(frozen=True)
class Requirement:
    """One demand. `weakest` demands nothing.

    `way` tells how it is loosened: a number up or down (`most` it may become), whole numbers, entries of a list taken
    away (`fewer`) or added (`more`, of `steps`), values in between (`steps`, the nearest first), countries, names of
    options, money, or the load. `by_options` tells that it turns options down; else it binds the plan as a whole.
    """

    key: str
    weakest: Any
    way: Way
    by_options: bool
    steps: tuple[Any, ...] = ()
    most: float = 0.0

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules by which it turns options down, as `refusals.Rule` has them."""
        field = self.key.rpartition(".")[2]
        return RULES.get(field, (field,))

    @property
    def segment(self) -> str:
        """The segment that it is of; empty for a rule of the whole plan."""
        head, _, rest = self.key.partition(".")
        return rest.rpartition(".")[0] if head == "segment" else ""


RULES: dict[str, tuple[str, ...]] = {
    "quality": ("quality", "quality_unknown"),
    "ttft": ("ttft", "latency_unknown"),
    "tpot": ("tpot", "latency_unknown"),
    "beyond_horizon": ("purchase_types",),
    "horizon": ("purchase_types",),
    "input_tokens": ("context_length", "memory"),
    "output_tokens": ("context_length", "memory"),
}


def requirements(scenario: Scenario) -> tuple[Requirement, ...]:
    """Every demand that stands in the scenario, those of the segments first, then the policy's, then the load."""
    of_segments = [each for name in scenario.segment for each in of_segment(scenario, name)]
    found = (*of_segments, *of_policy(scenario), load_of_all(scenario))
    return tuple(each for each in found if value_at(scenario, each.key) != each.weakest)


def of_segment(scenario: Scenario, name: str) -> Iterable[Requirement]:
    """The demands that a segment can make, in a fixed order."""
    segment = scenario.segment[name]

    def one(field: str, weakest: Any, way: Way, steps: Sequence[Any] = (), most: float = 0.0) -> Requirement:
        return Requirement(f"segment.{name}.{field}", weakest, way, field != "coverage", tuple(steps), most)

    yield one("processing_in", "", "places")
    yield one("storage_in", "", "places")
    yield one("max_retention_days", None, "whole_up", most=36500)
    yield one("agreements", (), "fewer")
    yield one("attestations", (), "fewer")
    yield one("no_training", False, "steps")
    yield one("operated_by", (), "more", OPERATORS)
    yield one("network", "", "steps", _after(NETWORKS, segment.network))
    yield one("license", (), "more", get_args(LicenceClass))
    yield one("features", (), "fewer")
    weakest, between = _lower_floors(segment.quality)
    yield one("quality", weakest, "steps", between)
    yield one("ttft", None, "up", most=MOST_MS)
    yield one("tpot", None, "up", most=MOST_MS)
    yield one("coverage", 0.0, "down")


def _lower_floors(asked: QualityWord | QualityDemand) -> tuple[Any, tuple[Any, ...]]:
    """The floor that every score keeps, and those between it and what is asked, the nearest first."""
    if not isinstance(asked, QualityDemand):
        return WORDS[0], tuple(reversed(WORDS[1 : max(1, WORDS.index(asked))]))
    least, *between = (asked.model_copy(update={"at_least": asked.at_least * part}) for part in (0.0, *PARTS))
    return least, tuple(between)


def of_policy(scenario: Scenario) -> Iterable[Requirement]:
    """The demands on the plan as a whole, in a fixed order."""
    policy = scenario.policy

    def one(
        field: str, weakest: Any, way: Way, by_options: bool = False, steps: Sequence[Any] = (), most: float = 0.0
    ) -> Requirement:
        return Requirement(f"policy.{field}", weakest, way, by_options, tuple(steps), most)

    yield one("apis", True, "steps", True)
    yield one("may_use", (), "names", True)
    yield one("must_not_use", (), "fewer", True)
    every = (*policy.purchase_types, *(m for m in get_args(PurchaseType) if m not in policy.purchase_types))
    yield one("purchase_types", every, "more", True, every)
    yield one("beyond_horizon", "charge", "steps", True)
    yield Requirement("team.expertise", "yes", "steps", True, _after(("none", "hire"), scenario.team.expertise))
    if not scenario.today.recheck and all(segment.growth <= 0 for segment in scenario.segment.values()):
        longest = max(LONGEST_MONTHS, scenario.horizon)
        yield Requirement("horizon", longest, "whole_up", True, most=longest)
    yield one("must_use", (), "fewer")
    yield one("max_pool_designs", None, "whole_up", most=100)
    yield one("min_suppliers", None, "whole_down")
    yield one("max_suppliers", None, "whole_up", most=20)
    for name in sorted(policy.gpus_available):
        yield one(f"gpus_available.{name}", None, "whole_up", most=1_000_000)
    yield one("capital", None, "up", most=1e12)
    yield one("contingencies", (), "fewer")
    yield one("headroom", 0.0, "down")
    yield one("budget", None, "money")


def load_of_all(scenario: Scenario) -> Requirement:
    """The load; of the one segment under its own key."""
    names = list(scenario.segment)
    return Requirement(f"segment.{names[0]}.{REQUESTS}" if len(names) == 1 else REQUESTS, LITTLE, "load", False)


def sizes(name: str) -> tuple[Requirement, ...]:
    """The lengths of a segment's requests: they count only where without any requirement no option is left."""
    return tuple(
        Requirement(f"segment.{name}.{field}", Tokens(p50=1.0), "load", True)
        for field in ("input_tokens", "output_tokens")
    )


def value_at(scenario: Scenario, key: str) -> Any:
    """What stands under the key; 1 is the load as it is."""
    table, name, field = _place(scenario, key)
    if field == REQUESTS:
        return 1.0
    record = _record(scenario, table, name)
    return record.get(field) if isinstance(record, dict) else getattr(record, field)


def changed(scenario: Scenario, key: str, value: Any) -> Scenario:
    """The scenario with another value under the key; the lengths and the load are scaled by a number."""
    table, name, field = _place(scenario, key)
    if field == REQUESTS:
        names = [name] if name else list(scenario.segment)
        scaled = {each: _scaled(scenario.segment[each], value) for each in names}
        return scenario.model_copy(update={"segment": {**scenario.segment, **scaled}})
    if table == "segment":
        segment = scenario.segment[name]
        if isinstance(value, float) and field in ("input_tokens", "output_tokens"):
            value = _shorter(getattr(segment, field), value)
        update = segment.model_copy(update={field: value})
        return scenario.model_copy(update={"segment": {**scenario.segment, name: update}})
    if name:  # policy.gpus_available.NAME
        left = {each: n for each, n in scenario.policy.gpus_available.items() if each != field}
        kept = left if value is None else {**scenario.policy.gpus_available, field: value}
        return scenario.model_copy(update={"policy": scenario.policy.model_copy(update={name: kept})})
    if not table:
        return scenario.model_copy(update={field: value})
    record: Policy | Team = getattr(scenario, table)
    return scenario.model_copy(update={table: record.model_copy(update={field: value})})


def loosened(scenario: Scenario, dropped: Iterable[Requirement]) -> Scenario:
    """The scenario without these demands."""
    for each in dropped:
        scenario = changed(scenario, each.key, each.weakest)
    return scenario


def changes_of(scenario: Scenario, key: str, value: Any) -> dict[str, str]:
    """The change as keys and texts that people type, for `--set KEY=VALUE`."""
    after = changed(scenario, key, value)
    if key == REQUESTS:
        return {f"segment.{name}.{REQUESTS}": str(segment.requests) for name, segment in after.segment.items()}
    return {key: text_at(after, key)}


def text_at(scenario: Scenario, key: str) -> str:
    """What stands under the key, as people type it; `100%` for the load of all segments."""
    if key == REQUESTS:
        return format_share(1.0)
    table, name, field = _place(scenario, key)
    place: Any = scenario.model_dump()
    for part in (table, name, field):
        place = place.get(part) if part and place is not None else place
    if field in ("processing_in", "storage_in") and not place:
        return "anywhere"
    if isinstance(place, bool):
        return "yes" if place else "no"
    if isinstance(place, list | tuple):
        return ", ".join(map(str, place)) or "none"
    if isinstance(place, float):
        return f"{place:.12g}"
    if isinstance(place, dict):
        return ", ".join(
            f"{name}={part:.12g}" if isinstance(part, float) else f"{name}={part}" for name, part in place.items()
        )
    return "none" if place is None or place == "" else str(place)


def alone(scenario: Scenario, name: str) -> Scenario:
    """The segment by itself, under what turns options down and no rule of the plan as a whole."""
    policy = scenario.policy.model_copy(
        update={
            "budget": None, "max_pool_designs": None, "min_suppliers": None, "max_suppliers": None, "must_use": (),
            "gpus_available": {}, "capital": None, "contingencies": (),
        }
    )  # fmt: skip
    segment = scenario.segment[name].model_copy(update={"coverage": 0.0})
    return scenario.model_copy(
        update={
            "segment": {name: segment}, "policy": policy, "blocks": 1, "checklist": {}, "sources": {}, "catalog": {},
            "today": scenario.today.model_copy(update={"served_by": {}}),
        }
    )  # fmt: skip


def of_plan(scenario: Scenario, like: Scenario) -> Scenario:
    """The scenario with the plan's own rules of another: what two such share need be raised once.

    Options raised under more of these rules hold every option that counts under fewer: a rule more is one more
    condition on leaving an option out.
    """
    rules = {field: getattr(like.policy, field) for field in PLAN_RULES}
    segments = {
        name: segment.model_copy(update={"coverage": like.segment[name].coverage})
        for name, segment in scenario.segment.items()
    }
    policy = scenario.policy.model_copy(update=rules)
    return scenario.model_copy(update={"policy": policy, "segment": segments})


PLAN_RULES = (
    "budget", "max_pool_designs", "min_suppliers", "max_suppliers", "must_use", "gpus_available", "capital",
    "contingencies", "headroom",
)  # fmt: skip


def _after(order: Sequence[str], word: str) -> tuple[str, ...]:
    return tuple(order[order.index(word) + 1 :]) if word in order else ()


def _place(scenario: Scenario, key: str) -> tuple[str, str, str]:
    """Table, name within it, field. Names of segments and of GPUs hold no dot that matters: the ends are fixed."""
    head, _, rest = key.partition(".")
    if not rest:
        return "", "", head
    if head == "segment":
        name, _, field = rest.rpartition(".")
        return head, name, field
    inner, _, name = rest.partition(".")
    return (head, inner, name) if name else (head, "", inner)


def _record(scenario: Scenario, table: str, name: str) -> Any:
    if table == "segment":
        return scenario.segment[name]
    record = getattr(scenario, table) if table else scenario
    return getattr(record, name) if name else record


def _scaled(segment: Segment, factor: float) -> Segment:
    rate = segment.requests
    return segment.model_copy(update={"requests": Rate(amount=float(f"{rate.amount * factor:.3g}"), per=rate.per)})


def _shorter(tokens: Tokens, factor: float) -> Tokens:
    def short(value: float) -> float:
        return max(1.0, float(f"{value * factor:.3g}"))

    p95 = None if tokens.p95 is None else short(tokens.p95)
    return tokens.model_copy(update={"p50": short(tokens.p50), "p95": p95})
