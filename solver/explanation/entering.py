"""At which price an option that was not chosen would enter the plan, found by solving with the rest unchanged.

The least cost of a plan that uses the option, W(f), is concave and rises with the factor f on its price: each plan
costs A + f*B, what the option is not paid and what it is. So the plan found at one price tells the price at which that
very plan is as cheap as the present one, (V - A)/B, and the plan found there the next one: Dinkelbach's method. It ends
where no plan is found below V at 1 % more. Where none is found below V at a price of 0, the option never enters.
The plans are of a few options: those of the present plan, the ones in question, and every API that an optimum may need.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from solver.bill import bill
from solver.optimise import optimise
from solver.problem import Charge, PoolDesign, Problem, Purchase, spot_market
from solver.program.data import data_of
from solver.solution import solution_of
from solver.solve import Outcome

STEP = 0.01
"""An entering price is found to this part of it."""
GAP = 1e-7
"""Solves are as good as exact: an option may be a small part of the bill."""
ROUNDS = 12
ASKED = "~asked"
"""Ends the id of the API in question, so that a rule can name it and no other offer of the same model."""
SAME = 1e-9
"""A part of a cost that is rounding."""


@dataclass(frozen=True)
class Looking:
    """How each solve is made: seconds at most, and who may end it."""

    limit_s: float = 5.0
    stop: threading.Event | None = None


@dataclass(frozen=True)
class Entry:
    """The factor on its price at which an option enters, and what a plan with it costs there, `fixed` + factor*`paid`.

    None: it enters at no price. `tight` tells that no plan of the options looked at enters at 1 % more.
    """

    factor: float | None
    total: float | None = None
    fixed: float = 0.0
    paid: float = 0.0
    tight: bool = True


def priced(problem: Problem, option: str, factor: float) -> Problem:
    """The problem with the price of one option multiplied: hours of a pool's replicas, or all that an API is paid."""
    pools = {design.id for design in problem.designs}

    def of(charge: Charge) -> Charge:
        scaled = option not in pools or charge.unit == "replica-hour"
        return replace(charge, price=charge.price * factor) if scaled else charge

    return replace(
        problem,
        designs=tuple(_at(design, factor) if design.id == option else design for design in problem.designs),
        apis=tuple(
            replace(api, unit_price=api.unit_price * factor) if api.id == option else api for api in problem.apis
        ),
        charges={
            pair: tuple(map(of, charges)) if pair[1] == option else charges for pair, charges in problem.charges.items()
        },
    )


def _at(design: PoolDesign, factor: float) -> PoolDesign:
    def of(way: Purchase) -> Purchase:
        return replace(way, price=way.price * factor, capital=way.capital * factor, running=way.running * factor)

    return replace(design, purchases={m: of(way) for m, way in design.purchases.items()})


def faster(problem: Problem, option: str, factor: float) -> Problem:
    """The problem with a request keeping a replica of one design for `factor` of the time."""
    kappa = problem.kappa.copy()
    kappa[:, [design.id == option for design in problem.designs]] *= factor
    return replace(problem, kappa=kappa)


def among(problem: Problem, designs: Iterable[int], apis: Iterable[int]) -> Problem:
    """The problem with these designs and API options only; what no other option needs goes too."""
    rows, columns = sorted(set(designs)), sorted(set(apis))
    kept = tuple(problem.designs[k] for k in rows)
    sold = tuple(problem.apis[a] for a in columns)
    ids = {design.id for design in kept} | {api.id for api in sold}
    strikable = {each.id for each in kept} | {spot_market(each) for each in kept} | {each.provider for each in kept}
    strikable |= {api.offer.provider for api in sold}
    return replace(
        problem,
        designs=kept,
        apis=sold,
        kappa=problem.kappa[:, rows],
        charges={pair: each for pair, each in problem.charges.items() if pair[1] in ids},
        unit_rate={pair: each for pair, each in problem.unit_rate.items() if pair[1] in ids},
        fixed_costs=tuple(each for each in problem.fixed_costs if each.trigger[0] != "open" or each.trigger[1] in ids),
        contingencies=tuple(each for each in problem.contingencies if each.of in strikable),
        refusals=(),
        doubts=(),
    )


def using(problem: Problem, option: str) -> tuple[Problem, str]:
    """The problem in which the option serves at least 1 % of a segment's month, as with any must-use; and its id."""
    if any(design.id == option for design in problem.designs):
        rules = replace(problem.rules, must_use=(*problem.rules.must_use, option))
        return replace(problem, rules=rules), option
    name = option + ASKED

    def called(pair: tuple[int, str]) -> tuple[int, str]:
        return (pair[0], name) if pair[1] == option else pair

    moving = problem.moving
    return replace(
        problem,
        apis=tuple(replace(api, id=name) if api.id == option else api for api in problem.apis),
        charges={called(pair): each for pair, each in problem.charges.items()},
        unit_rate={called(pair): each for pair, each in problem.unit_rate.items()},
        rules=replace(problem.rules, must_use=(*problem.rules.must_use, name)),
        moving=moving and replace(moving, routes=frozenset(map(called, moving.routes))),
    ), name  # fmt: skip


@dataclass
class Question:
    """One option and the plans that may use it, asked at several prices: `problem` holds few options."""

    problem: Problem
    option: str
    now: float
    looking: Looking
    solves: int = 0

    def __post_init__(self) -> None:
        self.problem, self.option = using(self.problem, self.option)
        self.pool = any(design.id == self.option for design in self.problem.designs)

    def cheapest(self, problem: Problem, below: float = inf) -> Outcome:
        """The cheapest plan that uses the option, of those below a cost."""
        self.solves += 1
        opened = [design.id for design in problem.designs] if self.pool and len(problem.designs) > 1 else ()
        return optimise(
            problem, GAP, self.looking.limit_s, stage="why not", stop=self.looking.stop, hosted=self.pool,
            below=below, start=opened,
        )  # fmt: skip

    def entering(self, start: float, known: Entry | None = None) -> Entry:
        """The entering factor, by Dinkelbach's method from a first factor at or above it, which is better near it.

        `known` is what was found of fewer options: only better entries are looked for, from `start` on. Without it,
        `start` is a proven ceiling, so that what is found within 1 % of it needs no further proof.
        """
        found, factor, tight = known or Entry(None), min(max(start, 0.0), 1.0), True
        for _ in range(ROUNDS):
            below = self.now if found.factor is not None or known is not None else inf
            outcome = self.cheapest(priced(self.problem, self.option, factor), below)
            tight = outcome.status in ("optimal", "infeasible")
            if outcome.objective is None or (outcome.objective >= self.now * (1 - SAME) and below < inf):
                break  # none below V at 1 % more, or at no price
            better = self._entry(outcome, factor)
            if better.factor is None and factor > 0:
                factor = 0.0
                continue
            if better.factor is None or (found.factor is not None and better.factor <= found.factor * (1 + SAME)):
                break
            found = better
            if better.factor >= 1 or (known is None and better.factor * (1 + STEP) >= start):
                tight = True
                break
            factor = min(1.0, better.factor * (1 + STEP))
        return replace(found, tight=tight)

    def _entry(self, outcome: Outcome, factor: float) -> Entry:
        """From which price on this plan is as cheap as the present one."""
        fixed, paid = self._parts(outcome, factor)
        if paid <= SAME * max(self.now, 1.0):
            return Entry(1.0, fixed, fixed, 0.0) if fixed < self.now * (1 - SAME) else Entry(None)
        price = (self.now - fixed) / paid
        if price <= 0:
            return Entry(None)
        price = min(price, 1.0)
        return Entry(price, fixed + price * paid, fixed, paid)

    def _parts(self, outcome: Outcome, factor: float) -> tuple[float, float]:
        """What a plan costs without the option's price, and what the option is paid at its price of today."""
        asked = priced(self.problem, self.option, factor)
        solution = solution_of(data_of(asked), outcome.values)

        def cost(of: Problem) -> float:
            lines = bill(data_of(of), solution)
            return sum(each.per_month for term in lines.values() for each in term)

        free = cost(priced(self.problem, self.option, 0.0))
        if outcome.objective is not None and factor >= PLAIN:
            return free, (outcome.objective - free) / factor
        return free, cost(self.problem) - free

    def speeding(self, tries: int = 14) -> float | None:
        """The factor on a design's kappa at which it enters, by bisection to 1 %; None: at none, or not in time."""
        low, high = 0.0, 1.0
        for _ in range(tries):
            if high - low <= STEP * high:
                break
            middle = (low + high) / 2 if low == 0 else float(np.sqrt(low * high))
            if middle < LEAST_KAPPA:
                return None
            outcome = self.cheapest(faster(self.problem, self.option, middle), self.now * (1 - SAME))
            if outcome.found:
                low = middle
            elif outcome.status == "infeasible":
                high = middle
            else:
                return None
        return low or None


PLAIN = 0.05
"""Above this factor what the option is paid is told by the cost of the plan there."""
LEAST_KAPPA = 1e-3
"""A thousand times as fast is no longer looked at."""
