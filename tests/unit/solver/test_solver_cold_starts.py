"""Starts of serverless replicas: the closed form against arrivals drawn one by one."""

from dataclasses import replace

import numpy as np
import pytest

from solver.cold_starts import StartUp, awake_shares, starts_per_request, waiting_shares
from solver.problem import LoadBlocks
from solver.scenario import Scenario
from solver.sub_segments import SubSegment, sub_segments

SEGMENT = {"requests": "1/s", "input_tokens": 100, "output_tokens": 10}


def part(**more: object) -> SubSegment:
    return sub_segments(Scenario.model_validate({"segment": {"s": {**SEGMENT, **more}}}))[0]


def even(rate: float) -> LoadBlocks:
    one = np.array([[rate]])
    return LoadBlocks(hours=np.array([730.0]), peak=one, mean=one, weekend=np.array([False]))


def drawn(rate: float, idle: float, start: float, count: int = 200_000) -> tuple[float, float]:
    """Starts and waiting requests a request, of a replica that begins asleep."""
    at = np.cumsum(np.random.default_rng(5).exponential(1 / rate, count))
    starts = waiting = 0
    ready, last = -np.inf, -np.inf
    for now in at.tolist():
        if now < ready:
            waiting += 1
        elif now - max(last, ready) > idle:
            starts, waiting, ready = starts + 1, waiting + 1, now + start
        last = now
    return starts / count, waiting / count


@pytest.mark.parametrize(("rate", "idle", "start"), [(0.02, 5, 40), (0.23, 5, 50), (0.5, 10, 90), (1.0, 5, 1)])
def test_starts_and_waiting_requests_are_those_of_arrivals_drawn_one_by_one(
    rate: float, idle: float, start: float
) -> None:
    starts, waiting = drawn(rate, idle, start)
    # After a start the gap counts from its end here, and from the last arrival in the closed form: a little apart.
    assert starts_per_request(part(), even(rate), 0, idle, start) == pytest.approx(starts, rel=0.1)
    assert waiting_shares([part()], even(rate), idle, start)[0] == pytest.approx(waiting, rel=0.1)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05, 0.2315, 1.0, 10.0])
def test_starts_take_no_more_hours_than_a_month_has(rate: float) -> None:
    requests = rate * 730 * 3600
    assert starts_per_request(part(), even(rate), 0, 5.0, 60.0) * requests * 60.0 / 3600 <= 730


def test_what_may_wait_starts_once_a_day() -> None:
    patient = part(may_wait=True)
    each = starts_per_request(patient, even(0.01), 0, 5.0, 60.0)
    assert each * 0.01 * 730 * 3600 == pytest.approx(730 / 24)


def test_a_start_takes_as_long_as_its_weights() -> None:
    assert StartUp(30.0, 0.85).seconds(100.0) == 115.0


def test_blocks_count_by_their_requests() -> None:
    blocks = replace(
        even(1.0), hours=np.array([365.0, 365.0]), peak=np.array([[0.0, 1.0]]), mean=np.array([[0.0, 1.0]]),
        weekend=np.array([False, False]),
    )  # fmt: skip
    assert starts_per_request(part(), blocks, 0, 5.0, 60.0) == starts_per_request(part(), even(1.0), 0, 5.0, 60.0)
    assert awake_shares([part()], blocks, 5.0).tolist() == [[0.0, pytest.approx(1 - np.exp(-5))]]
