"""The designs that are not looked at one by one, as one of each pool class better than any of them: a relaxation.

What is left of thousands of designs is counted as one pool a class, without end: replicas divided at will, held only
while they serve, each segment at the cheapest hour of all these designs, on spot as far as it is tolerated, and on one
replica at least, with one pool to open, lost in no contingency.
Every plan is one of the program with this pool in place of those designs, at no more cost, so the optimum of that
small program is a bound of all plans.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from catalogs.records import ApiOffer
from catalogs.vocabulary import COMMITTED
from solver.hour_rates import MUCH, Rates, committed_hour
from solver.problem import ApiOption, Array, Charge, FixedCost, PoolClass, PoolDesign, Problem, Purchase
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
    """Data with a design more for each pool class of `rest`, and an API beside each for what may rest on its spot.

    None where the rest serves nothing. The API's price is that of a block whose peak is least above its mean; what only
    spot may serve counts as firm.
    """
    problem, classes = data.problem, _by_class(data.problem, rest)
    hours, on_spot = hour_costs(data, rates), spot_costs(data, rates)
    per_request = (data.load * problem.blocks.hours / np.maximum(data.requests, LEAST)).min(axis=1)
    designs, apis, kappa, opening = (
        list(problem.designs),
        list(problem.apis),
        [problem.kappa],
        list(problem.fixed_costs),
    )
    charges = dict(problem.charges)
    for name, rows in classes.items():
        firm, spot = hours[:, rows].min(axis=1), on_spot[:, rows].min(axis=1)
        firm = np.where(np.isfinite(firm), firm, spot)
        id_ = f"{PROVIDER}/{name}"
        designs.append(PoolDesign(
            id=id_, model="", precision="", gpu="", gpus=0, engine="", provider=PROVIDER, region="", pool_class=name,
            purchases={"serverless": Purchase(1.0, 1.0)}, max_replicas=10**9,
        ))  # fmt: skip
        each = np.where(np.isfinite(firm), np.maximum(firm, LEAST) / (1 + problem.headroom), np.nan)
        kappa.append(each[:, None])
        opening.append(FixedCost("the rest", "month", 1.0, float(rates.opening[rows].min()), ("open", id_)))
        offer = ApiOffer(
            id=f"{id_}/spot", provider=PROVIDER, model="", provider_model="", open_weights=True, input_per_mtok=0.0,
            output_per_mtok=0.0, source="the rest", date="2000-01-01",
        )  # fmt: skip
        apis.append(ApiOption(offer.id, offer))
        for s in np.flatnonzero(np.isfinite(spot)).tolist():
            charges[s, offer.id] = (Charge("spot", "hour", float(spot[s] * per_request[s]), 1.0),)
    if not any(np.isfinite(each).any() for each in kappa[1:]):
        return None
    found = data_of(_relaxed(replace(
        problem, designs=tuple(designs), kappa=np.column_stack(kappa), apis=tuple(apis), charges=charges,
        fixed_costs=tuple(opening),
    )), ())  # fmt: skip
    spots = {api.id: a for a, api in enumerate(apis) if a >= len(problem.apis)}
    pairs = [(s, spots[option]) for s, option in charges if option in spots]
    return replace(found, api_pairs=(*data.api_pairs, *pairs))  # no offer is left out for the rest's spot


def _by_class(problem: Problem, rest: Collection[int]) -> dict[PoolClass, list[int]]:
    classes: dict[PoolClass, list[int]] = {}
    for k in sorted(rest):
        classes.setdefault(problem.designs[k].pool_class, []).append(k)
    return classes


def rest_rows(data: Data, rest: Collection[int], program: Program) -> Iterator[Row]:
    """What rests on spot is in an open pool, and tolerated; all rests on the cheapest replica that may serve it."""
    v, problem = program.variables, data.problem
    classes = list(_by_class(problem, rest).values())
    for i, rows in enumerate(classes):
        k, a = len(problem.designs) + i, len(problem.apis) + i
        least = _least_replica(data, rows)
        for s, b in ((s, b) for s, other, b in v.x if other == k and 0 < least[s] < np.inf):
            whole: Terms = {v.x[s, k, b]: float(least[s]), v.v[k, b]: -1.0}
            if (s, a, b) in v.x_api:
                paid = program.cost.get(v.x_api[s, a, b], 0.0) / float(problem.blocks.hours[b])
                whole[v.x_api[s, a, b]] = float(least[s]) - paid
            yield at_most(f"whole_s{s}_k{k}_b{b}", whole)
        for s, group in ((s, group) for s, groups in enumerate(data.groups) for group in groups):
            if on_spot := [v.x_api[s, a, b] for b in group if (s, a, b) in v.x_api]:
                pool = dict.fromkeys((*on_spot, *(v.x[s, k, b] for b in group)), 1.0)
                yield at_most(f"open_spot_s{s}_k{k}_b{group[0]}", {**pool, v.open[k]: -1.0})
    spots = range(len(problem.apis), len(problem.apis) + len(classes))
    for s, group in ((s, group) for s, groups in enumerate(data.groups) for group in groups):
        if on_spot := [v.x_api[s, a, b] for a in spots for b in group if (s, a, b) in v.x_api]:
            chosen = [var for (other, _, b), var in v.y.items() if other == s and b in group]
            tolerance = float(problem.spot_tolerance[s])
            yield at_most(f"tolerated_s{s}_b{group[0]}", dict.fromkeys((*on_spot, *chosen), 1.0), tolerance)


def _least_replica(data: Data, rest: Collection[int]) -> Array:
    """Money [s] for an hour of the cheapest whole replica of the rest that may serve the segment; inf where none."""
    price: dict[int, float] = {}
    for (k, m), way in data.purchases.items():
        hour = committed_hour(data, k, m) if m in COMMITTED else 0.0 if m == "serverless" else way.price
        price[k] = min(price.get(k, np.inf), hour)
    least, members = np.full(len(data.problem.segments), np.inf), set(rest)
    for s, k in data.pool_pairs:
        if k in members:
            least[s] = min(least[s], price[k])
    return least


def _relaxed(problem: Problem) -> Problem:
    """Without the rules that tell providers and designs apart, without time awake and cost of moving."""
    rules = replace(problem.rules, min_suppliers=None, max_suppliers=None, must_use=())
    return replace(problem, rules=rules, awake=None, moving=None)
