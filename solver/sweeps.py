"""Sweeps: the decision along one lever or two, each point solved on its own, so that points may be solved anywhere."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product

from catalogs.catalog import Catalog
from solver.baselines import best_of, strategies
from solver.explanation.branches import Effort, opened
from solver.explanation.lever_steps import Moved
from solver.explanation.levers import LEVERS, unit_of
from solver.explanation.verdict import judge
from solver.optimise import optimise
from solver.options import problem_of
from solver.problem import PoolClass, Problem
from solver.scenario import Scenario
from solver.solve import Outcome
from solver.sweep_records import Axis, Sweep, SweepPoint, Vary

Moves = tuple[float, ...]
Spread = Callable[[Callable[[Moves], SweepPoint], Sequence[Moves]], Iterable[SweepPoint]]
"""How points are solved: the function is called on each, here or elsewhere, and the results come in that order."""


def sweep(
    scenario: Scenario,
    catalog: Catalog,
    varied: Sequence[Vary],
    gap: float = 1e-3,
    limit_s: float = 10.0,
    spread: Spread = map,
    on_point: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Sweep:
    """The sweep of a scenario on a catalog in its currency; each solve takes at most `limit_s` seconds.

    The same wherever the points are solved, as long as time ends no solve (`SweepPoint.proven`). `on_point` is told how
    many points are done, and of how many; `stop` ends it after the point under way. Raises what `problem_of` raises.
    """
    grid = list(product(*(each.moves for each in varied)))
    one = partial(point_of, scenario, catalog, tuple(each.lever for each in varied), gap, limit_s)
    points = []
    for point in spread(one, grid):
        points.append(point)
        if on_point is not None:
            on_point(len(points), len(grid))
        if stop is not None and stop.is_set():
            break
    axes = tuple(_axis(scenario, catalog, each) for each in varied)
    return Sweep(currency=catalog.currency, axes=axes, points=tuple(points), gap=gap)


def point_of(
    scenario: Scenario, catalog: Catalog, levers: tuple[str, ...], gap: float, limit_s: float, moves: Moves
) -> SweepPoint:
    """The decision with the levers moved, options raised anew: what `decide` says there."""
    there = Moved(scenario, catalog)
    for lever, by in zip(levers, moves, strict=True):
        there = LEVERS[lever].moved(*there, by)
    problem = problem_of(*there)
    outcome = optimise(problem, gap, limit_s)
    pure: dict[str, Outcome | None] = {
        strategy.name: None if strategy.problem is None else optimise(strategy.problem, gap, limit_s)
        for strategy in strategies(problem, there.scenario.today.served_by)
    }
    cheapest = best_of(outcome, pure.values(), gap)
    judged = judge(problem, cheapest, gap, Effort(gap, limit_s))
    totals = {name: each.objective if each is not None else None for name, each in pure.items()}
    costs = {name: total for name, total in totals.items() if total is not None and name != "today"}
    return SweepPoint.model_validate(
        {
            "moves": moves,
            "strategies": totals,
            "pools": _classes(problem, pure["self_hosted"]),
            "winner": min(costs, key=lambda name: costs[name], default=None),
            "cheapest": judged.cheapest.verdict if judged.cheapest else "no_plan",
            "cheapest_per_month": cheapest.objective,
            "bound_per_month": cheapest.bound,
            "verdict": judged.verdict,
            "total_per_month": judged.recommended.objective,
            "proven": all(_proven(each) for each in (cheapest, judged.recommended, *pure.values())),
        }
    )


def _classes(problem: Problem, outcome: Outcome | None) -> tuple[PoolClass, ...]:
    """The classes of the pools that a plan opens."""
    names = set() if outcome is None else set(opened(problem, outcome))
    return tuple(sorted({design.pool_class for design in problem.designs if design.id in names}))


def _proven(outcome: Outcome | None) -> bool:
    return outcome is None or outcome.status in ("optimal", "infeasible")


def _axis(scenario: Scenario, catalog: Catalog, vary: Vary) -> Axis:
    lever = LEVERS[vary.lever]
    return Axis(
        lever=lever.name,
        title=lever.title,
        unit=unit_of(lever, catalog),
        steps=lever.steps,
        log=vary.log and not lever.steps,
        moves=vary.moves,
        values=tuple(_values(scenario, catalog, vary)),
    )


def _values(scenario: Scenario, catalog: Catalog, vary: Vary) -> Iterator[float | str | None]:
    lever = LEVERS[vary.lever]
    for by in vary.moves:
        value = lever.now(*lever.moved(scenario, catalog, by))
        yield value if value != "" else None
