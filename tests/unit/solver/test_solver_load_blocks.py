"""Blocks keep the month and its volume, and say what merging costs."""

from math import isclose, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.load_blocks import blocks_of, growth_factors, week_of

DAY = [1.0] * 8 + [3.0] * 8 + [2.0] * 8


def test_growth_compounds_to_the_end_and_is_averaged_over_the_horizon() -> None:
    # Doubling each year for two years: 4 at the end; mean (4 - 1) / (2 ln 2).
    end, mean = growth_factors(1.0, 24)
    assert isclose(end, 4.0)
    assert isclose(mean, 3 / (2 * log(2)))
    assert growth_factors(0.0, 12) == (1.0, 1.0)
    end, mean = growth_factors(-0.5, 12)
    assert isclose(end, 0.5)
    assert isclose(mean, 0.5 / log(2))


def test_a_day_repeats_through_the_week_with_a_mean_of_one() -> None:
    week = week_of(DAY)
    assert week.shape == (168,)
    assert isclose(week.mean(), 1.0)
    assert (week[:24] == week[144:]).all()
    assert isclose(week[8] / week[0], 3.0)


@pytest.mark.parametrize("shape", [[1.0] * 23, [-1.0] + [1.0] * 23, [float("nan")] * 24, [0.0] * 168])
def test_a_shape_that_is_no_week_or_day_is_refused(shape: list[float]) -> None:
    with pytest.raises(ValueError, match="load shape"):
        week_of(shape)


def test_three_levels_a_day_make_three_blocks_of_each_day_type_without_loss() -> None:
    blocks = blocks_of([DAY], [2.0], [0.0], 12, [1.5], 6)
    # 5 of 7 days are weekdays, 8 of 24 hours are in each level.
    hour = 730 / 168
    assert sorted(np.round(blocks.hours / hour)) == [16, 16, 16, 40, 40, 40]
    assert blocks.merge_error == 0
    assert blocks.weekend.sum() == 3
    # Mean of the day is 2, so the levels are 1/2, 3/2 and 1 of 2 requests/s; the peak minute is half above.
    assert np.allclose(np.sort(blocks.mean[0]), [1, 1, 2, 2, 3, 3])
    assert np.allclose(blocks.peak, 1.5 * blocks.mean)


def test_one_block_is_sized_at_the_worst_hour_and_says_what_that_costs() -> None:
    blocks = blocks_of([DAY], [2.0], [0.0], 12, [1.0], 1)
    assert np.allclose(blocks.hours, [730])
    assert np.allclose(blocks.peak, 3.0)
    assert np.allclose(blocks.mean, 2.0)
    assert isclose(blocks.merge_error, 3 / 2 - 1)


def test_hours_that_are_equal_in_all_data_go_together_whatever_the_count() -> None:
    day = [1.0] * 16 + [2.0] * 8
    blocks = blocks_of([day, [1.0] * 24], [1.0, 3.0], [0.0, 0.5], 12, [1.5, 1.0], 168)
    assert sorted(blocks.hours.round(6)) == sorted(
        round(730 / 168 * n, 6) for n in (5 * 16, 5 * 8, 2 * 16, 2 * 8)
    )  # two levels of each day type
    assert blocks.merge_error == 0
    waiting = blocks_of([day, [1.0] * 24], [1.0, 3.0], [0.0, 0.5], 12, [1.5, 1.0], 168, [True, False])
    assert len(waiting.hours) == 168


def test_all_hours_apart_cost_nothing() -> None:
    rng = np.random.default_rng(1)
    blocks = blocks_of([rng.uniform(1, 2, 168)], [1.0], [0.0], 12, [1.0], 168)
    assert len(blocks.hours) == 168
    assert blocks.merge_error == 0
    assert blocks.weekend.sum() == 48


def test_peaks_are_of_the_end_of_the_horizon_and_means_of_its_mean() -> None:
    blocks = blocks_of([[1.0] * 24], [10.0], [1.0], 12, [1.2], 2)
    assert np.allclose(blocks.peak, 10 * 2 * 1.2)
    assert np.allclose(blocks.mean, 10 / log(2))


def test_what_may_wait_has_no_peak_of_its_own_and_keeps_day_types_apart() -> None:
    blocks = blocks_of([DAY, DAY], [2.0, 2.0], [0.0, 0.0], 12, [1.5, 1.5], 2, [False, True])
    assert sorted(blocks.weekend) == [False, True]
    assert np.allclose(blocks.peak[1], 2.0)
    assert np.allclose(blocks.peak[0], 4.5)
    # Only the segment that does not wait counts in what merging costs: 3 in place of a mean of 2.
    assert isclose(blocks.merge_error, 0.5)


@given(
    seed=st.integers(0, 10_000),
    segments=st.integers(1, 3),
    count=st.integers(1, 168),
)
def test_hours_add_to_a_month_and_volume_is_kept(seed: int, segments: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = rng.uniform(0.1, 3, (segments, 168))
    requests = rng.uniform(0.01, 100, segments)
    blocks = blocks_of(list(shapes), requests, [0.0] * segments, 12, [1.0] * segments, count)
    assert len(blocks.hours) == count
    assert isclose(blocks.hours.sum(), 730, rel_tol=1e-12)
    assert np.allclose(blocks.mean @ blocks.hours / 730, requests, rtol=1e-12)
    assert (blocks.peak >= blocks.mean * (1 - 1e-12)).all()


def test_fewer_blocks_never_cost_less_and_the_same_hours_give_the_same_blocks() -> None:
    rng = np.random.default_rng(7)
    shape = rng.uniform(0.2, 2, 168)
    errors = [blocks_of([shape], [1.0], [0.0], 12, [1.0], count).merge_error for count in (168, 48, 24, 8, 2, 1)]
    assert errors == sorted(errors)
    again = [blocks_of([shape], [1.0], [0.0], 12, [1.0], count).merge_error for count in (168, 48, 24, 8, 2, 1)]
    assert errors == again
