"""Load shape and volume to load blocks: hours of the month with like load, whose lengths sum to 730.

The hours of the week, weekday and weekend apart, are merged by like load. Merging is an approximation: each block is
sized at the peak of its worst hour. Its cost against all 168 hours of the week stands in `LoadBlocks.merge_error`.
(Averaging the five weekdays hour by hour first costs 8 to 34 % of the replica-hours on real weeks; merging the 168
hours themselves into 24 blocks costs 1 to 3 %.)
"""

from collections.abc import Sequence
from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

from solver.problem import Array, LoadBlocks
from solver.units import HOURS_PER_MONTH

HOURS_PER_WEEK = 168
WEEKEND_FROM = 120
"""The first hour of Saturday; a week starts on Monday 00:00."""


def growth_factors(growth_per_year: float, horizon_months: int) -> tuple[float, float]:
    """Load at the end of the horizon, and its mean over the horizon, over the load of today.

    Growth compounds: (1+g)^t, t in years; the mean is ((1+g)^T - 1) / (T ln(1+g)).
    """
    years = horizon_months / 12
    rate = log1p(growth_per_year) * years
    end = 1 + expm1(rate)
    return end, 1.0 if rate == 0 else expm1(rate) / rate


def week_of(shape: Sequence[float] | Array) -> Array:
    """Hourly load over its mean for one week [168], mean exactly 1.

    `shape` holds 168 values from Monday 00:00, or 24 that repeat each day. Raises ValueError otherwise.
    """
    values = np.asarray(shape, dtype=np.float64)
    if values.shape not in ((24,), (HOURS_PER_WEEK,)) or not np.all(np.isfinite(values)) or np.any(values < 0):
        raise ValueError("a load shape is 24 or 168 finite values, none below 0")
    if values.sum() <= 0:
        raise ValueError("a load shape holds some load")
    week = np.tile(values, HOURS_PER_WEEK // values.size)
    return np.asarray(week / week.mean())


def blocks_of(
    shapes: Sequence[Sequence[float] | Array],
    requests_per_s: Sequence[float] | Array,
    growth: Sequence[float] | Array,
    horizon_months: int,
    minute_peaks: Sequence[float] | Array,
    count: int = 24,
    may_wait: Sequence[bool] | NDArray[np.bool_] | None = None,
) -> LoadBlocks:
    """Blocks of the month for all segments at once.

    Parameters
    ----------
    shapes: per segment, hourly load over its mean, 168 values from Monday 00:00 or 24 of a day.
    requests_per_s: [s] today's mean arrivals over the month.
    growth: [s] a year, 0.3 for +30%.
    minute_peaks: [s] the peak minute of an hour over the hour's mean, at least 1.
    count: blocks at most; 168 merges only hours that are equal in all data.
    may_wait: [s]; such a segment has no peak of its own: `peak` is its mean at the end of the horizon,
        so that sum of peak * 3600 * hours over a day type is the volume to be served in it.

    Returns peaks at the load of the end of the horizon, means at its mean over the horizon. The mean keeps the
    month's volume exactly.
    """
    if count < 1:
        raise ValueError("at least 1 block")
    waits = np.zeros(len(shapes), dtype=bool) if may_wait is None else np.asarray(may_wait, dtype=bool)
    week = np.array([week_of(shape) for shape in shapes])
    factors = np.array([growth_factors(float(g), horizon_months) for g in growth])
    today = np.asarray(requests_per_s, dtype=np.float64)[:, None] * week
    mean, end = today * factors[:, 1:], today * factors[:, :1]
    peak = np.where(waits[:, None], end, end * np.asarray(minute_peaks, dtype=np.float64)[:, None])

    groups = _merge(peak[~waits], min(count, HOURS_PER_WEEK), equal_too=not waits.any())
    hours = np.array([len(group) for group in groups]) * (HOURS_PER_MONTH / HOURS_PER_WEEK)
    block_peak = np.stack([_block_peak(peak[:, group], waits) for group in groups], axis=1)
    return LoadBlocks(
        hours=hours,
        peak=block_peak,
        mean=np.stack([mean[:, group].mean(axis=1) for group in groups], axis=1),
        weekend=np.array([min(group) >= WEEKEND_FROM for group in groups]),
        merge_error=_merge_error(hours, block_peak, peak, waits),
        of_hour=tuple(next(b for b, group in enumerate(groups) if hour in group) for hour in range(HOURS_PER_WEEK)),
    )


def _block_peak(peak: Array, waits: NDArray[np.bool_]) -> Array:
    """The worst hour of the block; of a segment that may wait the mean, which keeps its volume."""
    return np.asarray(np.where(waits, peak.mean(axis=1), peak.max(axis=1)))


def _merge_error(hours: Array, block_peak: Array, peak: Array, waits: NDArray[np.bool_]) -> float:
    """Replica-hours implied by the blocks over those of all 168 hours, less 1; the mean over the segments."""
    apart = peak.sum(axis=1) * (HOURS_PER_MONTH / HOURS_PER_WEEK)
    counted = ~waits & (apart > 0)
    if not counted.any():
        return 0.0
    together = block_peak @ hours
    return max(0.0, float(np.mean(together[counted] / apart[counted]) - 1))


def _merge(peak: Array, count: int, equal_too: bool) -> list[list[int]]:
    """Hours of the week in each block, in order of time.

    Of all pairs of blocks of one day type, the pair goes together that adds the fewest replica-hours (each segment's
    taken over its mean), the first such pair on a tie, until `count` are left; blocks that are equal in all data go
    together whatever the count, as that loses nothing (`equal_too`). One block holds both day types.
    """
    scaled = peak / np.maximum(peak.mean(axis=1, keepdims=True), 1e-300) if len(peak) else np.ones((1, HOURS_PER_WEEK))
    groups = [[hour] for hour in range(HOURS_PER_WEEK)]
    size, top = np.ones(HOURS_PER_WEEK), scaled.copy()
    weekend = np.arange(HOURS_PER_WEEK) >= WEEKEND_FROM
    apart = (weekend[:, None] != weekend[None, :]) & (count > 1)
    cost = np.stack([_rise(size, top, i) for i in range(HOURS_PER_WEEK)])
    cost[apart | np.tri(HOURS_PER_WEEK, dtype=bool)] = np.inf
    for left in range(HOURS_PER_WEEK, 1, -1):
        if left <= count and not (equal_too and cost.min() == 0):
            break
        i, j = divmod(int(np.argmin(cost)), HOURS_PER_WEEK)
        groups[i] += groups[j]
        groups[j] = []
        size[i] += size[j]
        top[:, i] = np.maximum(top[:, i], top[:, j])
        cost[j, :] = cost[:, j] = np.inf
        rise = _rise(size, top, i)
        cost[i, :] = np.where(np.isinf(cost[i, :]), np.inf, rise)
        cost[:, i] = np.where(np.isinf(cost[:, i]), np.inf, rise)
    return sorted((sorted(group) for group in groups if group), key=lambda group: group[0])


def _rise(size: Array, top: Array, i: int) -> Array:
    """Replica-hours that merging block i with each block adds."""
    both = np.maximum(top, top[:, i : i + 1])
    return np.asarray(np.sum(size * (both - top) + size[i] * (both - top[:, i : i + 1]), axis=0))
