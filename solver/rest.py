"""The designs that are not looked at one by one, as a single one that is better than any of them: a relaxation.

What is left of thousands of designs is counted as one pool without end: replicas divided at will, held only while they
serve, each segment at the cheapest hour of all these designs and on one replica at least, with one pool to open, lost
in no contingency.
Every plan is one of the program with this pool in place of those designs, at no more cost, so the optimum of that
small program is a bound of all plans; and where it does not use the rest, its plan is the optimum.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np

from catalogs.records import COMMITTED, ApiOffer
from solver.pricing import MUCH, Rates, committed_hour
from solver.problem import ApiOption, Array, Charge, FixedCost, PoolDesign, Problem, Purchase
from solver.program.build import Program
from solver.program.constraints import Row, Terms, at_most
from solver.program.data import Data, data_of

LEAST = 1e-12
"""Costs and loads are no less, so that nothing is divided by none."""
PROVIDER = "~rest"
"""No provider's name; it stands behind them all in order of name, so that no index moves."""


def hour_costs(data: Data, rates: Rates) -> Array:
    """Money [s, k] for an hour of one request/s of each segment, without spot (inf: not admissible, or spot alone)."""
    price = np.minimum(rates.firm, MUCH)[None, :]
    return np.where(rates.admissible & (price < MUCH), rates.busy * price, np.inf)


def spot_costs(data: Data, rates: Rates) -> Array:
    """The same of spot, where the segment tolerates some."""
    price = np.minimum(rates.spot, MUCH)[None, :]
    able = rates.admissible & (price < MUCH) & (data.problem.spot_tolerance > 0)[:, None]
    return np.where(able, rates.busy * price, np.inf)


def with_rest(data: Data, rates: Rates, rest: Collection[int]) -> Data | None:
    """Data with a design more that stands for `rest` without spot, and an API for what may rest on its spot.

    None where the rest serves nothing without spot. The API's price is that of a block whose peak is least above its
    mean; opening no pool, it is better than any.
    """
    problem = data.problem
    rows = sorted(rest)
    firm = hour_costs(data, rates)[:, rows].min(axis=1) if rows else np.full(len(problem.segments), np.inf)
    if not np.isfinite(firm).any():
        return None
    paid = dict.fromkeys((problem.designs[k].pool_class for k in rows), 0.0)
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "class" and cost.trigger[1] in paid:
            paid[cost.trigger[1]] += cost.per_month
    design = PoolDesign(
        id=PROVIDER, model="", precision="", gpu="", gpus=0, engine="", provider=PROVIDER, region="",
        pool_class=min(paid, key=lambda name: (paid[name], name)), purchases={"serverless": Purchase(1.0, 1.0)},
        max_replicas=10**9,
    )  # fmt: skip
    kappa = np.where(np.isfinite(firm), np.maximum(firm, LEAST) / (1 + problem.headroom), np.nan)
    opening = FixedCost("the rest", "month", 1.0, float(rates.opening[rows].min()), ("open", PROVIDER))
    offer = ApiOffer(
        id=PROVIDER + "/spot", provider=PROVIDER, model="", provider_model="", open_weights=True, input_per_mtok=0.0,
        output_per_mtok=0.0, source="the rest", date="2000-01-01",
    )  # fmt: skip
    spot = spot_costs(data, rates)[:, rows].min(axis=1)
    hours = data.load * data.problem.blocks.hours / np.maximum(data.requests, LEAST)
    charges = {
        (int(s), offer.id): (Charge("spot", "hour", float(spot[s] * hours[s].min()), 1.0),)
        for s in np.flatnonzero(np.isfinite(spot))
    }
    return data_of(_relaxed(replace(
        problem, designs=(*problem.designs, design), kappa=np.column_stack((problem.kappa, kappa)),
        apis=(*problem.apis, ApiOption(offer.id, offer)), charges={**problem.charges, **charges},
        fixed_costs=(*problem.fixed_costs, opening),
    )), ())  # fmt: skip


def rest_rows(data: Data, rest: Collection[int], program: Program) -> Iterator[Row]:
    """On spot the rest serves what is tolerated, else it rests on the cheapest replica of those that may serve."""
    least = np.full(len(data.problem.segments), np.inf)
    price: dict[int, float] = {}
    for (k, m), way in data.purchases.items():
        hour = committed_hour(data, k, m) if m in COMMITTED else 0.0 if m == "serverless" else way.price
        price[k] = min(price.get(k, np.inf), hour)
    left = set(rest)
    for s, k in data.pool_pairs:
        if k in left:
            least[s] = min(least[s], price[k])
    v, last, api = program.variables, len(data.problem.designs), len(data.problem.apis)
    for (s, k, b), var in v.x.items():
        if k == last and 0 < least[s] < np.inf:
            yield at_most(f"whole_s{s}_b{b}", {var: float(least[s]), v.v[k, b]: -1.0})
    for s, groups in enumerate(data.groups):
        for group in groups:
            on_spot: Terms = {v.x_api[s, api, b]: 1.0 for b in group if (s, api, b) in v.x_api}
            if on_spot:
                yield at_most(f"tolerated_s{s}_b{group[0]}", on_spot, float(data.problem.spot_tolerance[s]))


def _relaxed(problem: Problem) -> Problem:
    """Without the rules that tell providers and designs apart, without time awake and cost of moving."""
    rules = replace(problem.rules, min_suppliers=None, max_suppliers=None, must_use=())
    return replace(problem, rules=rules, awake=None, moving=None)


def segments_on_rest(data: Data, values: Mapping[str, float]) -> list[int]:
    """Segments that a solution of `with_rest` serves by the rest."""
    rest = (f"k{len(data.problem.designs)}", f"a{len(data.problem.apis)}")
    parts = (name.split("_") for name, value in values.items() if value > 1e-6 and name.startswith("x_"))
    return sorted({int(s[1:]) for _, s, option, _ in parts if option in rest})
