"""The peak of a load over its mean, and the load with another."""

from collections.abc import Sequence

import numpy as np

from catalogs.records import LoadShape
from solver.load_blocks import HOURS_PER_WEEK, week_of
from solver.problem import Array

LEAST_PEAK = 1 + 1e-9
"""A load whose peak is no more than so many times its least is even."""
STEEPEST = 2.0**12
"""No power beyond this one changes a week's shape any more."""
ROUNDS = 60


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
