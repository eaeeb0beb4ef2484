from dataclasses import replace
from typing import Any

import numpy as np
from made_options import price, scenario, small_catalog, with_prices

from catalogs.catalog import Catalog
from solver.kept import Kept, unpriced
from solver.options import problem_of


def faster(catalog: Catalog) -> Catalog:
    """The same GPUs with half as much bandwidth again."""
    gpus = {
        id_: gpu.model_copy(update={"bandwidth_gb_s": (gpu.bandwidth_gb_s or 0) * 1.5})
        for id_, gpu in catalog.gpus.items()
    }
    return replace(catalog, gpus=gpus)


def test_what_is_kept_is_made_once_for_the_same_objects_and_anew_for_equal_ones() -> None:
    kept: Kept[list[int]] = Kept(2)
    a, b = [1], [1]
    first = kept.of((a,), "key", lambda: [1])
    assert kept.of((a,), "key", lambda: [2]) is first
    assert kept.of((b,), "key", lambda: [3]) == [3]
    assert kept.of((a,), "other", lambda: [4]) == [4]  # the oldest, a with "key", goes
    assert kept.of((a,), "key", lambda: [5]) == [5]


def test_prices_alone_leave_the_tables_of_speeds_as_they_are() -> None:
    catalog = small_catalog()
    dearer = replace(catalog, gpu_prices=())
    assert all(one is other for one, other in zip(unpriced(catalog), unpriced(dearer), strict=True))


def test_options_raised_again_are_those_of_the_catalog_and_the_limits_at_hand() -> None:
    def kappa(catalog: Catalog, **chat: Any) -> list[float]:
        return [float(x) for x in np.nan_to_num(problem_of(scenario(**chat), catalog).kappa).ravel()]

    catalog = with_prices(small_catalog(), price(3.0))
    first, tighter = kappa(catalog), kappa(catalog, tpot="15 ms")
    assert kappa(faster(catalog)) == kappa(faster(with_prices(small_catalog(), price(3.0)))) != first
    assert kappa(with_prices(catalog, price(4.0))) == first
    assert kappa(catalog) == first
    assert kappa(catalog, tpot="15 ms") == tighter != first
