"""The levers of a decision as a table: what may turn out otherwise, and how scenario and catalog look when it does.

Each lever is a pure function of scenario and catalog and of how far it is moved: times a factor, or by whole steps.
Where a move leaves the options exactly as they are, it has a second, quick form on the problem (`on_problem`): raising
the options takes longer than a solve. Else they are raised anew: at another load other designs are worth having.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from catalogs.catalog import Catalog
from catalogs.foreign import with_rates_moved
from catalogs.money import MONEY_FIELDS, scaled
from catalogs.records import ApiOffer, GpuPrice, GpuPurchase, Provisioned
from solver.costs import figure
from solver.explanation.lever_steps import (
    Moved,
    commitment_limits,
    commitment_moved,
    commitment_now,
    quality_limits,
    quality_moved,
    quality_now,
)
from solver.explanation.load_moved import LEAST_PEAK, most_peak, peak_of, stretched
from solver.problem import Charge, Problem
from solver.scenario import MOST_MONEY_PER_MONTH, MOST_REQUESTS_PER_S, Scenario, Segment
from solver.units import Rate, Tokens

LeverName = Literal[
    "requests", "gpu_price", "api_price", "output_tokens", "peak_over_mean", "salary", "quality", "commitment",
    "exchange_rate",
]  # fmt: skip
MOST = 100.0
"""A lever is moved by this factor at most, up or down."""
STEP = 2.0
"""A whole step (of quality, of commitment) counts as far as a factor of 2, where levers are sorted by nearness."""
LEAST_OUTPUT, MOST_TOKENS = 1.0, 20e6
"""What a scenario takes as the p50 of output, and as tokens at all."""


@dataclass(frozen=True)
class Lever:
    """One lever. `by` is a factor (1: as it is) or, with `steps`, a count of steps (0: as it is).

    `now` is its value in `unit`, empty where only the factor says something. `limits` are the least and the most that
    it may be moved by; both as it is where moving it changes nothing, and `still` then says why.
    """

    name: LeverName
    title: str
    unit: str
    now: Callable[[Scenario, Catalog], float | str]
    moved: Callable[[Scenario, Catalog, float], Moved]
    limits: Callable[[Scenario, Catalog], tuple[float, float]]
    steps: bool = False
    on_problem: Callable[[Problem, Moved, float], Problem | None] | None = None
    still: str = ""

    @property
    def as_it_is(self) -> float:
        """The move that changes nothing."""
        return 0.0 if self.steps else 1.0


def _factor(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    return 1 / MOST, MOST


def _with_segments(scenario: Scenario, change: Callable[[Segment], dict[str, Any]]) -> Scenario:
    segments = {name: each.model_copy(update=change(each)) for name, each in scenario.segment.items()}
    return scenario.model_copy(update={"segment": segments})


def _times(rate: Rate, by: float) -> Rate:
    return rate.model_copy(update={"amount": rate.amount * by})


def _requests_now(scenario: Scenario, catalog: Catalog) -> float:
    return sum(each.requests.per_month for each in scenario.segment.values())


def _requests(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    return Moved(_with_segments(scenario, lambda each: {"requests": _times(each.requests, by)}), catalog)


def _requests_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    most = max(each.requests.per_second for each in scenario.segment.values())
    return 1 / MOST, min(MOST, MOST_REQUESTS_PER_S / most)


def _gpu_price(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    prices = tuple(_priced(each, GpuPrice, by) for each in catalog.gpu_prices)
    purchases = {name: _priced(each, GpuPurchase, by) for name, each in catalog.purchases.items()}
    return Moved(scenario, replace(catalog, gpu_prices=prices, purchases=purchases))


def _priced(record: Any, kind: type, by: float) -> Any:
    return record.model_copy(update={name: scaled(getattr(record, name), by) for name in MONEY_FIELDS[kind]})


def replicas_priced(problem: Problem, by: float) -> Problem:
    """Hours of replicas and what servers cost to buy; power and space of owned ones stay."""
    designs = tuple(
        replace(
            design,
            purchases={
                m: replace(way, price=way.running + (way.price - way.running) * by, capital=way.capital * by)
                for m, way in design.purchases.items()
            },
        )
        for design in problem.designs
    )
    pools = {design.id for design in problem.designs}
    charges = {
        pair: tuple(_start_priced(charge, by) for charge in each) if pair[1] in pools else each
        for pair, each in problem.charges.items()
    }
    return replace(problem, designs=designs, charges=charges)


def _start_priced(charge: Charge, by: float) -> Charge:
    return replace(charge, price=charge.price * by) if charge.unit == "replica-hour" else charge


def _api_price(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    offers = tuple(_priced(each, ApiOffer, by) for each in catalog.api_offers)
    units = tuple(_priced(each, Provisioned, by) for each in catalog.provisioned)
    return Moved(scenario, replace(catalog, api_offers=offers, provisioned=units))


def apis_priced(problem: Problem, by: float) -> Problem:
    """What requests and provisioned units of APIs cost."""
    apis = {api.id for api in problem.apis}
    charges = {
        pair: tuple(replace(charge, price=charge.price * by) for charge in each) if pair[1] in apis else each
        for pair, each in problem.charges.items()
    }
    options = tuple(replace(api, unit_price=api.unit_price * by) for api in problem.apis)
    return replace(problem, apis=options, charges=charges)


def _apis_priced(problem: Problem, moved: Moved, by: float) -> Problem:
    return apis_priced(problem, by)


def _output_now(scenario: Scenario, catalog: Catalog) -> float:
    month = {name: each.requests.per_month for name, each in scenario.segment.items()}
    tokens = sum(month[name] * each.output_tokens.mean for name, each in scenario.segment.items())
    return tokens / sum(month.values())


def _output(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    def longer(tokens: Tokens) -> Tokens:
        p50 = max(tokens.p50 * by, min(tokens.p50, LEAST_OUTPUT))
        return Tokens(p50=p50, p95=None if tokens.p95 is None else max(p50, tokens.p95 * by))

    return Moved(_with_segments(scenario, lambda each: {"output_tokens": longer(each.output_tokens)}), catalog)


def _output_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    lengths = [each.output_tokens for each in scenario.segment.values()]
    least = min(LEAST_OUTPUT / each.p50 for each in lengths)
    most = min(MOST_TOKENS / (each.p95 or each.p50) for each in lengths)
    return max(1 / MOST, min(1.0, least)), min(MOST, most)


def _peak(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    names = {each.load or scenario.load for each in scenario.segment.values()}
    shapes = {name: stretched(each, by) if name in names else each for name, each in catalog.load_shapes.items()}
    return Moved(scenario, replace(catalog, load_shapes=shapes))


def _peak_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    shapes = [catalog.load_shapes[each.load or scenario.load] for each in scenario.segment.values()]
    uneven = [shape for shape in shapes if max(shape.load_over_mean) > LEAST_PEAK * min(shape.load_over_mean)]
    if not uneven or all(each.may_wait for each in scenario.segment.values()):
        return 1.0, 1.0
    reach = [(1 / peak, most_peak(shape) / peak) for shape in uneven for peak in [peak_of([shape], [1.0])]]
    return max(1 / MOST, min(low for low, _ in reach)), min(MOST, max(high for _, high in reach))


def _peak_now(scenario: Scenario, catalog: Catalog) -> float:
    segments = [each for each in scenario.segment.values() if not each.may_wait] or [*scenario.segment.values()]
    shapes = [catalog.load_shapes[each.load or scenario.load] for each in segments]
    return peak_of(shapes, [each.requests.per_month for each in segments])


def _salary_now(scenario: Scenario, catalog: Catalog) -> float:
    own = scenario.team.engineer_cost
    return own.per_month * 12 if own is not None else figure(catalog, "engineer_cost").value


def _salary(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    own = scenario.team.engineer_cost
    if own is not None:
        team = scenario.team.model_copy(update={"engineer_cost": _times(own, by)})
        return Moved(scenario.model_copy(update={"team": team}), catalog)
    cost = _priced_figure(figure(catalog, "engineer_cost"), by)
    return Moved(scenario, replace(catalog, operations={**catalog.operations, "engineer_cost": cost}))


def _priced_figure(cost: Any, by: float) -> Any:
    return cost.model_copy(update={name: scaled(getattr(cost, name), by) for name in ("value", "low", "high")})


def _salary_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    if not (scenario.policy.people or scenario.policy.setup):
        return 1.0, 1.0
    month = _salary_now(scenario, catalog) / 12
    return 1 / MOST, min(MOST, MOST_MONEY_PER_MONTH / month) if month > 0 else 1.0


def _people_priced(problem: Problem, moved: Moved, by: float) -> Problem | None:
    """None where what runs today is in force: a change of it costs hours of people, which the options weigh."""
    if problem.moving is not None:
        return None
    costs = tuple(replace(cost, price=cost.price * by) if cost.unit in PEOPLE else cost for cost in problem.fixed_costs)
    steps = problem.people
    steps = None if steps is None else replace(steps, price_per_fte_month=steps.price_per_fte_month * by)
    return replace(problem, fixed_costs=costs, people=steps)


PEOPLE = ("FTE-month", "engineer-week")
"""Units of the fixed costs that are people."""


def _rate_now(scenario: Scenario, catalog: Catalog) -> float | str:
    rates = catalog.exchange_rates
    return next(iter(rates.values())).value if len(rates) == 1 else ", ".join(rates)


def _rate(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    return Moved(scenario, with_rates_moved(catalog, by))


def _rate_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    return (1 / MOST, MOST) if catalog.exchange_rates else (1.0, 1.0)


def _as_the_catalog(scenario: Scenario, catalog: Catalog) -> str:
    return ""


_TABLE = (
    Lever("requests", "requests", "requests/month", _requests_now, _requests, _requests_limits),
    Lever("gpu_price", "GPU price", "", _as_the_catalog, _gpu_price, _factor),
    Lever("api_price", "API price", "", _as_the_catalog, _api_price, _factor, on_problem=_apis_priced),
    Lever("output_tokens", "output length", "tokens", _output_now, _output, _output_limits,
          still="an answer is not shorter than a token"),
    Lever("peak_over_mean", "peak over mean", "times the mean", _peak_now, _peak, _peak_limits,
          still="the load is even, or all of it may wait"),
    Lever("salary", "salary", "/year", _salary_now, _salary, _salary_limits, on_problem=_people_priced,
          still="people are not counted"),
    Lever("quality", "quality floor", "", quality_now, quality_moved, quality_limits, steps=True,
          still="no segment names its floor by a word"),
    Lever("commitment", "longest commitment", "", commitment_now, commitment_moved, commitment_limits, steps=True),
    Lever("exchange_rate", "exchange rate", "", _rate_now, _rate, _rate_limits,
          still="nothing is quoted in another currency"),
)  # fmt: skip
LEVERS: Mapping[str, Lever] = {lever.name: lever for lever in _TABLE}


def unit_of(lever: Lever, catalog: Catalog) -> str:
    """The unit with the catalog's currency where it is money: `USD/year`; of an exchange rate `USD/EUR`."""
    if lever.name == "salary":
        return f"{catalog.currency}/year"
    if lever.name == "exchange_rate" and len(catalog.exchange_rates) == 1:
        return next(iter(catalog.exchange_rates.values())).unit
    return lever.unit
