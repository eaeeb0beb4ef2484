"""Rates of one's own: for a segment, by segment, for all, and 0, which turns a design down."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_options import MODEL, only_rule, price, rate, small_catalog, with_prices

from catalogs.catalog import Catalog, load_catalog
from catalogs.records import DesignRate
from catalogs.toml_file import InputError
from solver.options import problem_of
from solver.problem import Problem
from solver.refusals import Rule
from solver.scenario import Scenario

PART = {"requests": "1k/day", "input_tokens": 1000, "output_tokens": 200}


def asked(**segments: dict[str, Any]) -> Scenario:
    """Three segments that the performance model sizes alike."""
    parts = {name: PART | segments.get(name, {}) for name in ("a", "b", "c")}
    return Scenario.model_validate({"segment": parts, "policy": {"may_use": [f"{MODEL}:fp8/*/vllm/*"]}})


def by_segment(gpus: int = 1, **more: Any) -> DesignRate:
    return rate(0.0, gpus, **({"requests_per_second": None} | more))


def kappa(problem: Problem, gpus: int = 1) -> list[float]:
    """Replica-seconds of a request on the design of so many GPUs, by segment; NaN where it may not serve."""
    (k,) = [k for k, design in enumerate(problem.designs) if design.gpus == gpus]
    return [float(seconds) for seconds in problem.kappa[:, k]]


@pytest.fixture(scope="module")
def small() -> Catalog:
    return small_catalog()


def test_a_rate_by_segment_is_one_over_kappa_and_what_it_does_not_name_is_not_served(small: Catalog) -> None:
    catalog = with_prices(small, price(3.0), rates=(by_segment(by_segment={"a": 2.5, "b": 3.0}),))
    problem = problem_of(asked(), catalog)
    assert kappa(problem)[:2] == [1 / 2.5, 1 / 3.0]
    assert np.isnan(kappa(problem)[2])
    (refusal,) = [each for each in problem.refusals if each.rule is Rule.OWN_RATE]
    assert (refusal.segment, refusal.found, refusal.wanted) == ("c", 0.0, "more than 0")


@pytest.mark.parametrize("gpus", [2, 3])  # the model sizes a replica of 2 GPUs, and raises none of 3
def test_a_rate_of_0_leaves_no_variable_whatever_the_model_thinks(small: Catalog, gpus: int) -> None:
    catalog = with_prices(small, price(9.0, gpus=gpus), rates=(rate(0.0, gpus),))
    problem = problem_of(asked(), catalog)
    assert gpus not in {design.gpus for design in problem.designs}
    assert only_rule(problem, f"{MODEL}:fp8/{gpus}xh100-sxm/vllm") is Rule.OWN_RATE
    assert problem.refusal_counts[Rule.OWN_RATE] == 3


def test_without_the_rate_of_0_the_model_sizes_the_same_design(small: Catalog) -> None:
    assert np.isfinite(kappa(problem_of(asked(), with_prices(small, price(9.0, gpus=2))), 2)).all()


def test_a_pair_is_counted_for_each_region_of_users(small: Catalog) -> None:
    split = asked(c={"users_in": {"us": "40%", "eu": "60%"}})
    catalog = with_prices(small, price(3.0), rates=(by_segment(by_segment={"a": 2.5, "b": 3.0}),))
    assert problem_of(split, catalog).refusal_counts[Rule.OWN_RATE] == 2


def test_the_rate_that_names_the_segment_goes_before_the_one_for_all(small: Catalog) -> None:
    rates = (
        by_segment(id="named", by_segment={"a": 5.0, "b": 0.0}),
        by_segment(id="all", requests_per_second=2.0, by_segment={"c": 4.0}),
    )
    for order in (rates, rates[::-1]):
        a, b, c = kappa(problem_of(asked(), with_prices(small, price(3.0), rates=order)))
        assert (a, c) == (1 / 5.0, 1 / 4.0)
        assert np.isnan(b)


def test_segments_without_a_rate_of_their_own_take_the_one_for_the_others(small: Catalog) -> None:
    catalog = with_prices(small, price(3.0), rates=(rate(2.0, by_segment={"a": 5.0}),))
    assert kappa(problem_of(asked(), catalog)) == [1 / 5.0, 1 / 2.0, 1 / 2.0]


def test_a_rate_by_segment_sizes_a_model_of_unknown_architecture(small: Catalog) -> None:
    bare = replace(small, models={MODEL: small.models[MODEL].model_copy(update={"layers": None})})
    problem = problem_of(asked(), with_prices(bare, price(3.0), rates=(by_segment(by_segment={"b": 8.0}),)))
    a, b, c = kappa(problem)
    assert b == 1 / 8.0
    assert np.isnan([a, c]).all()


def test_a_segment_that_is_none_is_told_with_the_nearest(small: Catalog) -> None:
    with pytest.raises(InputError) as caught:
        problem_of(asked(), with_prices(small, price(3.0), rates=(by_segment(by_segment={"bb": 1.0, "a": 1.0}),)))
    (fault,) = caught.value.faults
    assert (fault.key, fault.found, fault.hint) == ("rates.r1.by_segment", '"bb"', "did you mean b?")


@pytest.mark.parametrize(
    ("given", "key", "wanted"),
    [
        ({}, "requests_per_second", "here or in by_segment"),
        ({"by_segment": {}}, "requests_per_second", "here or in by_segment"),
        ({"requests_per_second": -1}, "requests_per_second", "a number from 0"),
        ({"by_segment": {"a": -1.0}}, "by_segment.a", "a number from 0"),
        ({"by_segment": {"a": float("nan")}}, "by_segment.a", "a number from 0"),
        ({"by_segment": {"a": "2"}}, "by_segment.a", "a number"),
        ({"by_segment": 2.0}, "by_segment", "a table"),
        ({"by_segment": {"a": 1.0}, "segment": "a"}, "by_segment", "nothing beside segment"),
    ],
)
def test_a_rate_that_says_nothing_or_nonsense_is_told(given: dict[str, Any], key: str, wanted: str) -> None:
    design = {"model": "qwen3-32b", "precision": "fp8", "gpu": "h100-sxm", "gpus": 1, "engine": "vllm"}
    with pytest.raises(InputError) as caught:
        load_catalog(overlays=[("o.toml", {"rates": {"mine": design | given}})])
    (fault,) = [fault for fault in caught.value.faults if fault.key == f"rates.mine.{key}"]
    assert wanted in fault.wanted
