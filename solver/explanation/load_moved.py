"""Another load on the same options: blocks, counts of replicas and cold starts follow it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalogs.catalog import Catalog
from catalogs.records import LoadShape
from solver.cold_starts import awake_shares, start_up, starts_per_request
from solver.contingencies import is_covered
from solver.costs import figure, weight_gb
from solver.dominance import peak_load
from solver.load_blocks import HOURS_PER_WEEK, week_of
from solver.pool_options import most_replicas
from solver.problem import Array, Problem
from solver.scenario import Scenario
from solver.sub_segments import load_of, sub_segments

LEAST_PEAK = 1 + 1e-9
"""A load whose peak is no more than so many times its least is even."""
STEEPEST = 2.0**12
"""No power beyond this one changes a week's shape any more."""
ROUNDS = 60


def reloaded(problem: Problem, scenario: Scenario, catalog: Catalog) -> Problem:
    """The problem at the load of a scenario that differs from its own only in that, with the options that it has.

    Exact but for the options: some may be let in or left out at another load (too many cold starts, dominance).
    """
    parts = sub_segments(scenario)
    blocks = load_of(scenario, catalog, parts)
    busy = np.nan_to_num(problem.kappa, nan=0.0).T @ (
        peak_load(blocks, problem.may_wait) * (1 + problem.headroom[:, None])
    )
    spare = is_covered(scenario, "replica")
    designs = tuple(
        replace(design, max_replicas=most_replicas(peak, design.purchases, spare, scenario.in_force.get(design.id, {})))
        for design, peak in zip(problem.designs, busy.max(axis=1, initial=0.0).tolist(), strict=True)
    )
    timeout = problem.awake is not None and any(design.pool_class == "serverless" for design in designs)
    seconds = figure(catalog, "serverless_idle_timeout_s").value if timeout else 0.0
    start, designs_by_id = start_up(catalog), {design.id: design for design in problem.designs}

    def moved(s: int, option: str) -> float:
        """Starts a request pays for, over those before."""
        design = designs_by_id[option]
        takes = start.seconds(weight_gb(catalog, design.model, design.precision))
        before, after = (
            starts_per_request(parts[s], each, s, seconds, takes) for each in (problem.blocks, blocks)
        )  # fmt: skip
        return after / max(before, 1e-300)

    charges = {
        (s, option): tuple(
            replace(each, per_request=each.per_request * moved(s, option)) if each.unit == "replica-hour" else each
            for each in pays
        )
        for (s, option), pays in problem.charges.items()
    }
    awake = None if problem.awake is None else awake_shares(parts, blocks, seconds)
    return replace(problem, blocks=blocks, designs=designs, charges=charges, awake=awake)


def peak_of(shapes: Sequence[LoadShape], weights: Sequence[float]) -> float:
    """Load of the busiest hour of the week over the mean, of all shapes together by their weights."""
    week = sum(weight * week_of(shape.load_over_mean) for shape, weight in zip(shapes, weights, strict=True))
    return float(np.max(week) / np.mean(week))


def most_peak(shape: LoadShape) -> float:
    """The peak over mean of a week whose load is all in its busiest hours."""
    week = week_of(shape.load_over_mean)
    return float(HOURS_PER_WEEK / np.count_nonzero(week >= week.max() * (1 - 1e-12)))


def stretched(shape: LoadShape, by: float) -> LoadShape:
    """The shape with its hourly peak over mean times `by`: every hour to one power, which keeps their order.

    Between an even load and one that is all in the busiest hours; further it does not go.
    """
    week = week_of(shape.load_over_mean)
    if week.max() <= LEAST_PEAK * week.min():
        return shape
    wanted = min(max(week.max() * by, 1.0), most_peak(shape))
    low, high = 0.0, 1.0
    while _powered(week, high).max() < wanted * (1 - 1e-12) and high < STEEPEST:
        low, high = high, 2 * high
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if _powered(week, middle).max() < wanted else (low, middle)
    return shape.model_copy(update={"load_over_mean": tuple(_powered(week, (low + high) / 2).tolist())})


def _powered(week: Array, power: float) -> Array:
    """Each hour's load over the busiest to a power, over their mean; hours without load stay without."""
    load = np.where(week > 0, (week / week.max()) ** power, 0.0)
    return np.asarray(load / load.mean())
