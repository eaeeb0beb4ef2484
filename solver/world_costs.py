"""What decisions cost in worlds: what is signed stays and is paid, the rest adapts; each world solved by itself.

A decision is a branch (APIs alone, pools with APIs where these help, pools alone) and the replicas that are signed or
bought. Those are in force in every world, at no cost, and their price of today is added. Worlds are independent, so
they run on any number of workers with the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal, NamedTuple

import numpy as np
from joblib import Parallel, delayed

from catalogs.vocabulary import COMMITTED, PurchaseType
from solver.baselines import api_only, restricted
from solver.explanation.branches import Effort, hosting_branch, kind_of, opened
from solver.optimise import optimise
from solver.plan import Plan
from solver.problem import Array, InForce, Problem, Purchase
from solver.program.data import (
    PURCHASE_TYPES,
    beyond_horizon_per_month,
    committed_price_per_month,
    sunk_per_month,
)
from solver.record import Verdict
from solver.solve import Outcome
from solver.units import HOURS_PER_MONTH
from solver.worlds import Forecast, World

Branch = Literal["api", "pools", "pools_alone"]
"""APIs alone; pools, with APIs where these help; pools alone."""
BRANCHES: tuple[Branch, ...] = ("api", "pools", "pools_alone")


class Signed(NamedTuple):
    """So many replicas of a design, by a purchase type that commits."""

    option: str
    purchase: PurchaseType
    replicas: int


@dataclass(frozen=True)
class Decision:
    """A branch and what is signed or bought today."""

    branch: Branch
    signed: tuple[Signed, ...] = ()


def decided(problem: Problem, branch: Branch, outcome: Outcome) -> Decision:
    """The decision that a plan makes: its committed replicas."""
    found = []
    for name, value in outcome.values.items():
        family, *indices = name.split("_")
        if family == "r" and round(value) > 0:
            design = problem.designs[int(indices[0][1:])]
            purchase = PURCHASE_TYPES[int(indices[1][1:])]
            found.append(Signed(design.id, purchase, round(value) * design.purchases[purchase].box))
    return Decision(branch, tuple(sorted(found)))


def decision_of(plan: Plan) -> Decision:
    """The decision of a plan that was read off: its verdict's branch, its pools' committed replicas."""
    signed = tuple(
        Signed(pool.option, purchase, round(row.count))
        for pool in plan.pools
        for row in pool.replicas
        for purchase in COMMITTED
        if row.purchase == purchase and row.count > 0
    )
    return Decision("pools" if plan.pools else "api", tuple(sorted(signed)))


def signed_per_month(problem: Problem, decision: Decision) -> float:
    """What the signed replicas cost a month whatever comes: today's price and what is signed beyond the horizon.

    Of owned ones without their power and space, which are paid only while they run; of what was in force before
    without what is sunk.
    """
    designs = {design.id: design for design in problem.designs}
    total = 0.0
    for option, purchase, replicas in decision.signed:
        way = designs[option].purchases[purchase]
        before = problem.in_force.get((option, purchase))
        kept = min(replicas, before.replicas) if before else 0
        price = committed_price_per_month(way) - _still(way) * HOURS_PER_MONTH
        total += replicas * price - (kept * sunk_per_month(way, before) if before else 0.0)
        total += (replicas - kept) * beyond_horizon_per_month(way, problem.rules.horizon_months)
    return total


def with_signed(problem: Problem, decision: Decision) -> Problem:
    """The problem with the signed replicas in force, paid already but for the power and space of owned ones."""
    designs = {design.id: design for design in problem.designs}
    force = {
        (option, purchase): InForce(replicas, 1.0, _still(designs[option].purchases[purchase]))
        for option, purchase, replicas in decision.signed
    }
    return replace(problem, in_force={**problem.in_force, **force})


def _still(way: Purchase) -> float:
    return way.running if way.capital > 0 else 0.0


def branch_of(problem: Problem, branch: Branch, effort: Effort, below: float | None = None) -> Outcome:
    """The best plan of a branch; of one with pools, below a cost where that is given."""
    if branch == "api":
        return optimise(api_only(problem), effort.gap, effort.limit_s, stop=effort.stop)
    if branch == "pools_alone":
        if not np.isfinite(problem.kappa).any(axis=1).all():  # some segment may be served by no pool
            return Outcome("infeasible", "proof", None, None, None)
        pools = {design.id for design in problem.designs}
        problem = restricted(problem, lambda _, option: option in pools)
    return hosting_branch(problem, effort, below)


DEAR = 2.0
"""Pools alone are the hardest to solve: only plans of them below so many times the cheapest of the world count."""


@dataclass(frozen=True)
class Costs:
    """A month's cost of each decision in each world [w, d], of each branch with nothing signed [w, branch].

    Infinite where there is no plan, of pools alone (nothing signed) also where it costs DEAR times the cheapest.
    `kinds` [w] is what the cheapest plan of all comes to; `setup` [w] the part of the best plan with pools that spreads
    set-up over the horizon; `proven` whether no solve was ended by time.
    """

    decisions: tuple[Decision, ...]
    of: Array
    free: Array
    kinds: tuple[Verdict, ...]
    setup: Array
    proven: bool

    @property
    def best(self) -> Array:
        """The least cost [w] of all: what whoever knew the world would pay."""
        return np.asarray(np.minimum(self.free.min(axis=1), self.of.min(axis=1, initial=inf)))

    @property
    def regret(self) -> Array:
        """What each decision [w, d] costs more than the best."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.of - self.best[:, None])


class _Row(NamedTuple):
    of: tuple[float, ...]
    free: tuple[float, ...]
    kind: Verdict
    setup: float
    proven: bool


def costs_in(
    forecast: Forecast, worlds: Sequence[World], decisions: Sequence[Decision], effort: Effort, workers: int = 1
) -> Costs:
    """The costs of decisions in worlds, each solved to the effort's gap; the same for any number of workers.

    joblib runs it: a backend set around it (`joblib.parallel_config`) is used.
    """
    effort = replace(effort, stop=None, on_progress=None)
    chunks = [worlds[i : i + CHUNK] for i in range(0, len(worlds), CHUNK)]
    run = Parallel(n_jobs=workers)
    found = run(delayed(_rows)(forecast, chunk, tuple(decisions), effort) for chunk in chunks)
    rows = [row for chunk in found for row in chunk]
    return Costs(
        tuple(decisions),
        np.array([row.of for row in rows]).reshape(len(rows), len(decisions)),
        np.array([row.free for row in rows]).reshape(len(rows), len(BRANCHES)),
        tuple(row.kind for row in rows),
        np.array([row.setup for row in rows]),
        all(row.proven for row in rows),
    )


CHUNK = 10
"""Worlds that a worker takes at a time."""


def _rows(forecast: Forecast, worlds: Sequence[World], decisions: tuple[Decision, ...], effort: Effort) -> list[_Row]:
    signed = [signed_per_month(forecast.problem, decision) for decision in decisions]
    return [_row(forecast.at(world), decisions, signed, effort) for world in worlds]


def _row(problem: Problem, decisions: tuple[Decision, ...], signed: Sequence[float], effort: Effort) -> _Row:
    outcomes = [branch_of(problem, branch, effort) for branch in BRANCHES[:2]]
    pools = outcomes[1]
    alone = pools
    if pools.found and kind_of(pools) != "self_host":
        least = min(map(_cost, outcomes))
        alone = branch_of(problem, "pools_alone", effort, DEAR * least if least < inf else None)
    outcomes.append(alone)
    free = [_cost(each) for each in outcomes]
    of = []
    for decision, paid in zip(decisions, signed, strict=True):
        if not decision.signed:
            of.append(free[BRANCHES.index(decision.branch)])
            continue
        outcome = branch_of(with_signed(problem, decision), decision.branch, effort)
        outcomes.append(outcome)
        of.append(_cost(outcome) + paid)
    best = min(outcomes[:2], key=_cost)
    return _Row(
        tuple(of), tuple(free), kind_of(best), _setup(problem, pools),
        all(each.status in ("optimal", "infeasible") for each in outcomes),
    )  # fmt: skip


def _cost(outcome: Outcome) -> float:
    return inf if outcome.objective is None else outcome.objective


def _setup(problem: Problem, outcome: Outcome) -> float:
    """Set-up a month of what a plan opens."""
    designs = {design.id: design for design in problem.designs}
    names = opened(problem, outcome)
    on = {("class", designs[name].pool_class) for name in names} | {("open", name) for name in names}
    on |= {("selfhost", "")} if names else set()
    return sum(cost.per_month for cost in problem.fixed_costs if cost.unit == SETUP and cost.trigger in on)


SETUP = "engineer-week"
"""Unit of what is spent once and spread over the horizon."""
