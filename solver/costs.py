"""What a replica-hour, a request and the work around them cost; money in the catalog's currency."""

from collections.abc import Collection, Mapping
from math import exp, log
from statistics import NormalDist
from typing import Literal, NamedTuple

from catalogs.catalog import Catalog
from catalogs.records import ApiOffer, Figure, Gpu, GpuPurchase
from catalogs.toml_file import Fault, InputError
from catalogs.vocabulary import PurchaseType
from solver.problem import Charge, FixedCost, PeopleSteps, PoolClass, PoolDesign
from solver.scenario import Policy, Scenario, Segment
from solver.units import HOURS_PER_MONTH, Tokens

WEEKS_PER_YEAR = 52.0
CLASSES: tuple[PoolClass, ...] = ("self_run", "managed", "serverless")
_PHI = NormalDist()


def figure(catalog: Catalog, *keys: str) -> Figure:
    """The first of `keys` that the operations table holds; InputError if none."""
    for key in keys:
        if key in catalog.operations:
            return catalog.operations[key]
    raise InputError(Fault("catalog", f"operations.{keys[-1]}", "nothing", "a figure, e.g. in an overlay"))


def annuity(cost_of_capital: float, years: float) -> float:
    """Share of a sum to be paid each year for `years` so that it is paid back with interest: c / (1 - (1+c)^-n)."""
    if cost_of_capital == 0:
        return 1 / years
    return float(cost_of_capital / (1 - (1 + cost_of_capital) ** -years))


class Owned(NamedTuple):
    """One bought GPU with its share of the server: cost an hour, of which power and space, and money down."""

    per_hour: float
    running: float
    capital: float
    estimate: str


def owned_gpu(catalog: Catalog, gpu: Gpu, purchase: GpuPurchase) -> Owned | None:
    """Cost of one owned GPU an hour (FORMULATION, "Prices that need a formula").

    ((purchase - residual) * annuity + residual * cost of capital + failures + upkeep) / 12 / 730
    + power * PUE * power price + colocation. The purchase holds the GPU's share of the server, and so does the power:
    its TDP times what a server draws for each watt of its GPUs (CPUs, memory, network, fans). An Apple machine is
    bought and measured whole: no server stands around it. A failed GPU is replaced at its own price; upkeep is a share
    of the purchase a year. None where the GPU's power is unknown.
    """
    if gpu.tdp_w is None:
        return None
    whole = gpu.kind == "apple"
    capital = purchase.price * (1.0 if whole else figure(catalog, "owned_server_factor").value)
    residual = capital * figure(catalog, "owned_residual_share").value
    rate = figure(catalog, "cost_of_capital").value
    failures = figure(catalog, "gpu_failure_rate_year").value * purchase.price
    upkeep = figure(catalog, "owned_operations_share").value * capital
    lasting = annuity(rate, figure(catalog, "owned_life_years").value)
    yearly = (capital - residual) * lasting + residual * rate + failures + upkeep
    kilowatt = gpu.tdp_w / 1000 * (1.0 if whole else figure(catalog, "owned_server_power_factor").value)
    power = kilowatt * figure(catalog, "pue").value * figure(catalog, "power_kwh").value
    colocation = kilowatt * figure(catalog, "colocation_kw_month").value / HOURS_PER_MONTH
    estimate = "life, residual value, failures, upkeep and the server's power of owned GPUs are estimates"
    running = power + colocation
    return Owned(yearly / 12 / HOURS_PER_MONTH + running, running, capital, estimate)


def share_above(tokens: Tokens, threshold: float) -> tuple[float, float]:
    """Share of requests longer than `threshold`, and the share of all tokens that stand in them (log-normal)."""
    if tokens.sigma == 0:
        above = 1.0 if tokens.mean > threshold else 0.0
        return above, above
    z = (log(tokens.p50) - log(threshold)) / tokens.sigma
    return _PHI.cdf(z), _PHI.cdf(z + tokens.sigma)


FEW_LONG = 1e-4
"""Share of the input tokens in long prompts below which none is counted: three lines of a bill for less than a cent."""


def api_charges(segment: Segment, offer: ApiOffer) -> tuple[Charge, ...]:
    """What one request of the segment pays.

    The shared prefix is read from the cache at the cached price where the offer has one, else at the full price;
    writing it to the cache once in a while is not counted. Where a long prompt has its own price, the whole of such
    a request pays it (cached input in proportion), and output length does not depend on input length.
    """
    million = 1e6
    inputs, outputs = segment.input_tokens.mean / million, segment.output_tokens.mean / million
    cached_price = offer.cached_input_per_mtok
    hit = 0.0 if cached_price is None else segment.shared_prefix
    above = input_above = 0.0
    if offer.long_context_from_tokens is not None and offer.long_input_per_mtok is not None:
        above, input_above = share_above(segment.input_tokens, offer.long_context_from_tokens)
    if input_above < FEW_LONG:
        above = input_above = 0.0
    long_input = offer.long_input_per_mtok or offer.input_per_mtok
    long_output = offer.output_per_mtok if offer.long_output_per_mtok is None else offer.long_output_per_mtok
    dearer = long_input / offer.input_per_mtok if offer.input_per_mtok else 1.0
    below, output_below = 1 - input_above, 1 - above
    cached = cached_price or 0.0
    found = (
        ("input", "Mtok", inputs * (1 - hit) * below, offer.input_per_mtok),
        ("cached input", "Mtok", inputs * hit * below, cached),
        ("output", "Mtok", outputs * output_below, offer.output_per_mtok),
        ("input, long prompts", "Mtok", inputs * (1 - hit) * input_above, long_input),
        ("cached input, long prompts", "Mtok", inputs * hit * input_above, cached * dearer),
        ("output, long prompts", "Mtok", outputs * above, long_output),
        ("requests", "request", 1.0, offer.request_price),
    )
    return tuple(
        Charge(name, unit, amount, price) for name, unit, amount, price in found
        if amount > 0 and (price > 0 or name in ALWAYS)
    )  # fmt: skip


ALWAYS = ("input", "output")
"""Charges that stand even at a price of zero, so that a free offer still has its lines."""


def egress_charge(catalog: Catalog, policy: Policy, provider: str, segment: Segment) -> tuple[Charge, ...]:
    """The way out of one answer: output tokens as bytes of text at the provider's price, or the default one."""
    if not policy.network or provider == "owned":
        return ()
    price, size = figure(catalog, f"egress_gb:{provider}", "egress_gb"), figure(catalog, "bytes_per_token")
    gigabytes = segment.output_tokens.mean * size.value / 1e9
    estimate = _joined(price.estimate, size.estimate)
    return (
        (Charge("egress", "GB", gigabytes, price.value, estimate, price.source, price.date),) if price.value > 0 else ()
    )


def availability(catalog: Catalog, purchase: PurchaseType) -> tuple[float, str]:
    """Share of the time a replica is up, and a word if it is unknown and taken as 1."""
    kind = "reserved" if purchase.startswith("reserved") else purchase
    known = catalog.operations.get(f"availability_{kind}")
    if known is None:
        return 1.0, f"availability of {kind.replace('_', '-')} GPUs is unknown and taken as 1"
    return known.value, ""


class People(NamedTuple):
    """Money for people: an engineer a month, and people (FTE) by class of pool."""

    month: float
    fte: Mapping[PoolClass, float]
    setup_weeks: Mapping[PoolClass, float]
    estimate: str
    fte_estimate: Mapping[PoolClass, str]
    setup_estimate: str
    source: str
    fte_source: str
    setup_source: str
    date: str


def people_of(scenario: Scenario, catalog: Catalog) -> People:
    """The team's own figures, else the operations defaults.

    What the team says of operations and of set-up is of self-run pools; managed and serverless ones take no more.
    """
    team = scenario.team
    yours = "your scenario"
    if team.engineer_cost is not None:
        month, estimate, source, date = team.engineer_cost.per_month, "", yours, ""
    else:
        salary = figure(catalog, "engineer_cost")
        month, estimate, source, date = salary.value / 12, salary.estimate, salary.source, salary.date
    defaults = {name: figure(catalog, f"operations_fte_{name}", "operations_fte_self_run") for name in CLASSES}
    own = defaults["self_run"].value if team.operations_fte is None else team.operations_fte
    fte: dict[PoolClass, float] = {name: min(own, defaults[name].value) for name in CLASSES}
    fte["self_run"] = own
    weeks = figure(catalog, "setup_weeks")
    first = weeks.value if team.setup_weeks is None else team.setup_weeks
    whole = defaults["self_run"].value
    ratio = {name: defaults[name].value / whole if whole > 0 else 1.0 for name in CLASSES}
    setup: dict[PoolClass, float] = {
        name: min(first, catalog.operations[f"setup_weeks_{name}"].value)
        if f"setup_weeks_{name}" in catalog.operations
        else first * min(1.0, ratio[name])
        for name in CLASSES
    }
    setup["self_run"] = first
    own_estimate = "" if team.operations_fte is not None else defaults["self_run"].estimate
    return People(
        month,
        fte,
        setup,
        estimate,
        {name: own_estimate if name == "self_run" else defaults[name].estimate for name in CLASSES},
        "" if team.setup_weeks is not None else weeks.estimate,
        source,
        defaults["self_run"].source if team.operations_fte is None else yours,
        weeks.source if team.setup_weeks is None else yours,
        date,
    )


def _joined(*estimates: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, estimates)))


def people_costs(
    scenario: Scenario, catalog: Catalog, suppliers: set[str], running: Collection[PoolClass] = ()
) -> tuple[FixedCost, ...]:
    """People and set-up: by class of pool, and by supplier of APIs; off by the policy's switches.

    Of a class that is `running` the set-up is done.
    """
    if not (scenario.policy.people or scenario.policy.setup):
        return ()
    people = people_of(scenario, catalog)
    costs: list[FixedCost] = []
    words = {"self_run": "self-run pools", "managed": "managed endpoints", "serverless": "serverless pools"}
    for name in CLASSES:
        if scenario.policy.people and people.fte[name] > 0:
            costs.append(
                FixedCost(
                    f"operations of {words[name]}", "FTE-month", people.fte[name], people.month, ("class", name),
                    _joined(people.estimate, people.fte_estimate[name]), people.fte_source, people.date,
                )
            )  # fmt: skip
        if scenario.policy.setup and people.setup_weeks[name] > 0 and name not in running:
            costs.append(
                FixedCost(
                    f"set-up of {words[name]}, over {scenario.horizon} months", "engineer-week",
                    people.setup_weeks[name] / scenario.horizon, people.month * 12 / WEEKS_PER_YEAR, ("class", name),
                    _joined(people.estimate, people.setup_estimate), people.setup_source, people.date,
                    factors={"weeks": people.setup_weeks[name], "of a month": 1 / scenario.horizon},
                    price_factors={"FTE-month": people.month, "months a year": 12.0, "of a year": 1 / WEEKS_PER_YEAR},
                )
            )  # fmt: skip
    supplier = catalog.operations.get("operations_fte_api_supplier")
    if scenario.policy.people and supplier is not None and supplier.value > 0:
        costs += [
            FixedCost(
                f"operations of the API of {provider}", "FTE-month", supplier.value, people.month,
                ("supplier", provider), _joined(people.estimate, supplier.estimate), supplier.source, people.date,
            )
            for provider in sorted(suppliers)
        ]  # fmt: skip
    return tuple(costs)


def people_steps(scenario: Scenario, catalog: Catalog) -> PeopleSteps | None:
    """People for further pool designs, in whole steps; None where people are not counted."""
    step = catalog.operations.get("operations_fte_step")
    if not scenario.policy.people or step is None or step.value <= 0:
        return None
    designs = catalog.operations.get("operations_designs_per_step")
    people = people_of(scenario, catalog)
    each = max(1, round(designs.value)) if designs else 1
    return PeopleSteps(
        step.value, each, people.month, _joined(people.estimate, step.estimate), step.source, people.date
    )


def pool_costs(policy: Policy, catalog: Catalog, designs: tuple[PoolDesign, ...]) -> tuple[FixedCost, ...]:
    """Storage of the weights, load balancer and monitoring of every open pool.

    Each pool stands behind its own load balancer and is watched by itself, also where two share a region (as every
    region with a pool pays its own); a managed or serverless pool has these in its price.
    """
    costs: list[FixedCost] = []
    storage = figure(catalog, "storage_gb_month") if policy.storage else None
    balancer = figure(catalog, "load_balancer_hour") if policy.network else None
    monitoring = figure(catalog, "monitoring_month") if policy.network else None
    for design in designs:
        if design.pool_class != "self_run":
            continue
        on: tuple[Literal["open"], str] = ("open", design.id)
        if storage:
            gigabytes = weight_gb(catalog, design.model, design.precision)
            costs.append(
                FixedCost(
                    f"storage of weights, {design.id}", "GB-month", gigabytes, storage.value, on,
                    storage.estimate, storage.source, storage.date,
                )
            )  # fmt: skip
        if balancer:
            costs.append(
                FixedCost(
                    f"load balancer, {design.id}", "hour", HOURS_PER_MONTH, balancer.value, on,
                    balancer.estimate, balancer.source, balancer.date,
                )
            )  # fmt: skip
        if monitoring:
            costs.append(
                FixedCost(
                    f"monitoring, {design.id}", "month", 1.0, monitoring.value, on,
                    monitoring.estimate, monitoring.source, monitoring.date,
                )
            )  # fmt: skip
    return tuple(costs)


def weight_gb(catalog: Catalog, model: str, precision: str) -> float:
    """Size of the weights on disk, GB (1e9 bytes); all of them at the precision's bytes."""
    return catalog.models[model].params_total_b * catalog.precisions[precision].bytes_per_weight


def quantile(p50: float | None, p95: float | None, percentile: float) -> float | None:
    """A log-normal's percentile from its p50 and p95; with p95 alone, itself up to p95; None where unknown."""
    if p95 is not None and percentile == 95:
        return p95
    if p50 is not None and p95 is not None and p50 > 0:
        sigma = max(0.0, log(p95 / p50)) / _PHI.inv_cdf(0.95)
        return p50 * exp(sigma * _PHI.inv_cdf(percentile / 100))
    if p95 is not None and percentile <= 95:
        return p95
    return p50 if percentile <= 50 else None


def length_quantile(tokens: Tokens, z: float = 1.6448536269514722) -> float:
    """Tokens of a long request: the p95 of the log-normal, or the mean where only that is known."""
    return tokens.p50 * exp(z * tokens.sigma)


def payback_months(spent: float, saved_per_month: float) -> float:
    """Months until a sum spent once has come back; infinite where nothing is saved."""
    return spent / saved_per_month if saved_per_month > 0 else float("inf")
