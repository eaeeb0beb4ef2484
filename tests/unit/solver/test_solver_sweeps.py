"""Sweeps: every strategy's curve against arithmetic, laws of curves, and the same points wherever they are solved."""

import os
import pickle
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from made_options import offer, price, with_prices
from made_sweeps import API, BREAK_EVEN, REPLICA, even_catalog, even_scenario

from solver.sweep_records import Sweep, Vary
from solver.sweeps import point_of, sweep
from wizard.spread import spread_over

REQUESTS = Vary("requests", (0.5, 1.0, 2.0, 4.0))


def swept(*varied: Vary, **more: object) -> Sweep:
    return sweep(even_scenario(), even_catalog(), varied, **more)  # type: ignore[arg-type]


def test_the_curves_are_those_of_pencil_and_paper() -> None:
    found = swept(REQUESTS)
    for point, by in zip(found.points, REQUESTS.moves, strict=True):
        assert point.strategies["closed_api"] == pytest.approx(API * by)
        assert point.strategies["self_hosted"] == pytest.approx(REPLICA)  # one replica carries 2 requests/s
        assert point.pools == ("self_run",)
        assert point.strategies["open_api"] is None
        assert point.strategies["today"] is None
        assert point.cheapest_per_month == pytest.approx(min(API * by, REPLICA))
        assert point.verdict == ("self_host" if by > BREAK_EVEN else "stay_on_api")
        assert point.winner == ("self_hosted" if by > BREAK_EVEN else "closed_api")
        assert point.proven
    assert found.axes[0].values == pytest.approx(tuple(20_000 / 24 * 730 * by for by in REQUESTS.moves))


def test_a_strategys_curve_in_requests_never_falls_and_the_optimum_is_never_above() -> None:
    catalog = with_prices(even_catalog(offer(), offer("two/closed-1", input_per_mtok=2.5, output_per_mtok=1.0)),
                          price(4.0), price(2.5, purchase="reserved_1y"))  # fmt: skip
    asked = even_scenario({"purchase_types": ("on_demand", "reserved_1y"), "people": True, "setup": True})
    found = sweep(asked, catalog, [Vary("requests", (0.1, 0.5, 1.0, 3.0, 10.0, 40.0))], gap=1e-6)
    for name in ("closed_api", "self_hosted"):
        curve = [point.strategies[name] for point in found.points]
        assert None not in curve
        assert all((one or 0.0) <= (other or 0.0) * (1 + 1e-5) for one, other in pairwise(curve))
    for point in found.points:
        least = min(total for total in point.strategies.values() if total is not None)
        assert point.cheapest_per_month is not None
        assert point.cheapest_per_month <= least * (1 + 1e-6)
        assert (point.total_per_month or 0.0) >= point.cheapest_per_month * (1 - 1e-6)


def test_two_levers_are_a_grid_and_the_last_moves_fastest() -> None:
    found = swept(Vary("requests", (1.0, 4.0)), Vary("gpu_price", (0.5, 1.0, 2.0)))
    assert [point.moves for point in found.points] == [
        (1.0, 0.5), (1.0, 1.0), (1.0, 2.0), (4.0, 0.5), (4.0, 1.0), (4.0, 2.0),
    ]  # fmt: skip
    for point in found.points:
        requests, gpu = point.moves
        assert point.strategies["closed_api"] == pytest.approx(API * requests)
        assert point.strategies["self_hosted"] == pytest.approx(REPLICA * gpu)
        assert point.verdict == ("self_host" if REPLICA * gpu < API * requests else "stay_on_api")


def test_how_far_it_is_is_told() -> None:
    told: list[tuple[int, int]] = []
    swept(Vary("api_price", (1.0, 2.0)), on_point=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_a_point_can_be_sent_elsewhere() -> None:
    one = partial(point_of, even_scenario(), even_catalog(), ("requests",), 1e-3, 10.0)
    assert pickle.loads(pickle.dumps(one))((2.0,)) == one((2.0,))


def test_points_solved_by_two_processes_are_those_solved_here() -> None:
    with spread_over(jobs=2) as spread:
        assert swept(REQUESTS, spread=spread) == swept(REQUESTS)


def test_points_solved_by_a_dask_cluster_of_two_processes_are_those_solved_here() -> None:
    from distributed import LocalCluster

    varied = REQUESTS, Vary("gpu_price", (0.5, 1.0))
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster, spread_over("dask", cluster.scheduler_address) as spread:  # fmt: skip
        assert swept(*varied, spread=spread) == swept(*varied)
        pid: Any = lambda _: os.getpid()  # noqa: E731
        assert os.getpid() not in [*spread(pid, [(1.0,), (2.0,)])]  # type: ignore[comparison-overlap]
