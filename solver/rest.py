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

from catalogs.records import COMMITTED
from solver.pricing import MUCH, Rates, committed_hour
from solver.problem import Array, FixedCost, PoolDesign, Problem, Purchase
from solver.program.build import Program
from solver.program.constraints import Row, at_most
from solver.program.data import Data, data_of

PROVIDER = "~rest"
"""No provider's name; it stands behind them all in order of name, so that no index moves."""


def hour_costs(data: Data, rates: Rates) -> Array:
    """Money [s, k] for an hour of one request/s of each segment, at the design's cheapest (inf: not admissible)."""
    tolerance = data.problem.spot_tolerance[:, None]
    firm = np.minimum(rates.firm, MUCH)[None, :]
    spot = np.minimum(np.minimum(rates.spot, rates.firm), MUCH)[None, :]
    price = np.where(firm < MUCH, (1 - tolerance) * firm + tolerance * spot, spot)
    return np.where(rates.admissible & (price < MUCH), rates.busy * price, np.inf)


def with_rest(data: Data, rates: Rates, costs: Array, rest: Collection[int]) -> Data | None:
    """Data whose last design stands for `rest`, None if these serve nothing; `costs` [s, k] of `hour_costs`."""
    problem = data.problem
    rows = sorted(rest)
    least = costs[:, rows].min(axis=1) if rows else np.full(len(costs), np.inf)
    serves = np.isfinite(least)
    if not serves.any():
        return None
    paid = {cost.trigger[1]: 0.0 for cost in problem.fixed_costs if cost.trigger[0] == "class"}
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "class":
            paid[cost.trigger[1]] += cost.per_month
    pool_class = min({problem.designs[k].pool_class for k in rows}, key=lambda name: (paid.get(name, 0.0), name))
    design = PoolDesign(
        id=PROVIDER, model="", precision="", gpu="", gpus=0, engine="", provider=PROVIDER, region="",
        pool_class=pool_class, purchases={"serverless": Purchase(1.0, 1.0)}, max_replicas=10**9,
    )  # fmt: skip
    kappa = np.where(serves, np.maximum(least, 1e-12) / (1 + problem.headroom), np.nan)
    opening = FixedCost("the rest", "month", 1.0, float(rates.opening[rows].min()), ("open", PROVIDER))
    return data_of(_relaxed(replace(
        problem, designs=(*problem.designs, design), kappa=np.column_stack((problem.kappa, kappa)),
        fixed_costs=(*problem.fixed_costs, opening),
    )), ())  # fmt: skip


def whole_replicas(data: Data, rest: Collection[int], program: Program) -> Iterator[Row]:
    """What the rest serves of a segment rests on a replica of some design that may serve it, the cheapest."""
    least = np.full(len(data.problem.segments), np.inf)
    price: dict[int, float] = {}
    for (k, m), way in data.purchases.items():
        hour = committed_hour(data, k, m) if m in COMMITTED else 0.0 if m == "serverless" else way.price
        price[k] = min(price.get(k, np.inf), hour)
    left = set(rest)
    for s, k in data.pool_pairs:
        if k in left:
            least[s] = min(least[s], price[k])
    v, last = program.variables, len(data.problem.designs)
    for (s, k, b), var in v.x.items():
        if k == last and 0 < least[s] < np.inf:
            yield at_most(f"whole_s{s}_b{b}", {var: float(least[s]), v.v[k, b]: -1.0})


def _relaxed(problem: Problem) -> Problem:
    """Without the rules that tell providers and designs apart, as the rest is none; and without time awake."""
    rules = replace(problem.rules, min_suppliers=None, max_suppliers=None, must_use=())
    return replace(problem, rules=rules, awake=None)


def segments_on_rest(data: Data, values: Mapping[str, float]) -> list[int]:
    """Segments that a solution of `with_rest` serves by the rest."""
    k = len(data.problem.designs)
    prefixes = {f"x_s{s}_k{k}_b": s for s in range(len(data.problem.segments))}
    found = {
        s for name, value in values.items() if value > 1e-6 for prefix, s in prefixes.items() if name.startswith(prefix)
    }
    return sorted(found)
