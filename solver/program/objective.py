"""The cost a month: one function a term, and the whole sum in `TERMS`. Every term is in the plan's currency a month."""

from collections.abc import Callable, Mapping

from solver.program.constraints import Terms
from solver.program.data import Data, beyond_horizon_per_month, committed_price_per_month, sunk_per_month
from solver.program.variables import Var, Variables
from solver.units import HOURS_PER_MONTH


def committed(data: Data, v: Variables) -> Terms:
    """Committed replicas, every hour of the month."""
    return {
        var: committed_price_per_month(data.purchases[k, m]) * data.purchases[k, m].box for (k, m), var in v.r.items()
    }


def beyond_horizon(data: Data, v: Variables) -> Terms:
    """What is signed beyond the horizon, spread over the horizon; what is in force was signed before."""
    horizon = data.problem.rules.horizon_months
    terms = {
        var: beyond_horizon_per_month(data.purchases[k, m], horizon) * data.purchases[k, m].box
        for (k, m), var in v.r.items()
    }
    terms |= {var: -beyond_horizon_per_month(data.purchases[k, m], horizon) for (k, m), var in v.kept.items()}
    return {var: cost for var, cost in terms.items() if cost != 0}


def hourly(data: Data, v: Variables) -> Terms:
    """Replicas held block by block, on demand and managed."""
    hours = data.problem.blocks.hours
    return {
        var: data.purchases[k, m].price * data.purchases[k, m].box * float(hours[b]) for (k, m, b), var in v.d.items()
    }


def spot(data: Data, v: Variables) -> Terms:
    """Spot replicas."""
    hours = data.problem.blocks.hours
    return {
        var: data.purchases[k, "spot"].price * data.purchases[k, "spot"].box * float(hours[b])
        for (k, b), var in v.e.items()
    }


def serverless(data: Data, v: Variables) -> Terms:
    """Serverless replicas, in fractions."""
    hours = data.problem.blocks.hours
    return {var: data.purchases[k, "serverless"].price * float(hours[b]) for (k, b), var in v.v.items()}


def requests(data: Data, v: Variables) -> Terms:
    """Tokens at mean load, x - w of an API; whatever else a request pays, of an API or a pool."""
    apis, designs = data.problem.apis, data.problem.designs
    terms: Terms = {}
    for variables, sign in ((v.x_api, 1.0), (v.w, -1.0)):
        for (s, a, b), var in variables.items():
            terms[var] = sign * data.request_cost[s, apis[a].id] * float(data.requests[s, b])
    for (s, k, b), var in v.x.items():
        if cost := data.request_cost.get((s, designs[k].id), 0.0):
            terms[var] = cost * float(data.requests[s, b])
    return terms


def provisioned(data: Data, v: Variables) -> Terms:
    """Provisioned API units, every hour of the month."""
    apis = data.problem.apis
    return {var: apis[a].unit_price * apis[a].unit_step * HOURS_PER_MONTH for a, var in v.n.items()}


def fixed(data: Data, v: Variables) -> Terms:
    """Fixed costs whose trigger is on: people, set-up, storage, load balancer, monitoring."""
    switches: dict[tuple[str, str], Var] = {("open", data.problem.designs[k].id): var for k, var in v.open.items()}
    switches |= {("class", name): var for name, var in v.pool_class.items()}
    switches |= {("site", name): var for name, var in v.site.items()}
    switches |= {("supplier", name): var for name, var in v.supplier.items()}
    if v.selfhost is not None:
        switches["selfhost", ""] = v.selfhost
    terms: Terms = {}
    for cost in data.problem.fixed_costs:
        if (var := switches.get(cost.trigger)) is not None:
            terms[var] = terms.get(var, 0.0) + cost.per_month
    return terms


def sunk(data: Data, v: Variables) -> Terms:
    """What of the replicas in force is paid already, less."""
    return {var: -sunk_per_month(data.purchases[k, m], data.kept[k, m]) for (k, m), var in v.kept.items()}


def fallback(data: Data, v: Variables) -> Terms:
    """Requests that contingencies send to options above what they serve anyway, for their share of the month.

    Of contingencies that are not written the least that they cost.
    """
    problem = data.problem
    terms: Terms = dict.fromkeys(v.least.values(), 1.0)
    for (s, k, c, b), var in v.over.items():
        cost = data.request_cost[s, problem.designs[k].id]
        terms[var] = problem.contingencies[c].share * cost * float(data.requests[s, b])
    for (s, a, c, b), var in v.over_api.items():
        cost = data.request_cost[s, problem.apis[a].id]
        terms[var] = problem.contingencies[c].share * cost * float(data.requests[s, b])
    return terms


def moving(data: Data, v: Variables) -> Terms:
    """Replicas and routes added and removed against what is in force."""
    costs = data.problem.moving
    if costs is None:
        return {}
    terms: Terms = dict.fromkeys(v.added.values(), costs.replica_added)
    terms |= dict.fromkeys(v.removed.values(), costs.replica_removed)
    terms |= dict.fromkeys(v.route.values(), costs.route_added)
    return terms | dict.fromkeys(v.gone.values(), costs.route_removed)


def people(data: Data, v: Variables) -> Terms:
    """People beyond the first step."""
    steps = data.problem.people
    return {} if v.steps is None or steps is None else {v.steps: steps.fte * steps.price_per_fte_month}


TERMS: dict[str, Callable[[Data, Variables], Terms]] = {
    "committed": committed,
    "beyond_horizon": beyond_horizon,
    "hourly": hourly,
    "spot": spot,
    "serverless": serverless,
    "requests": requests,
    "provisioned": provisioned,
    "fixed": fixed,
    "people": people,
    "sunk": sunk,
    "fallback": fallback,
    "moving": moving,
}
"""The whole objective. The plan's cost lines stand under the same names."""


def total(terms: Mapping[str, Terms]) -> Terms:
    """The sum of the terms, coefficient by coefficient."""
    cost: Terms = {}
    for term in terms.values():
        for var, value in term.items():
            cost[var] = cost.get(var, 0.0) + value
    return cost
