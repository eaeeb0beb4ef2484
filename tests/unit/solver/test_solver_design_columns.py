"""Designs as columns stand for the same designs as records."""

import numpy as np

from solver.design_columns import ENGINE, GPU, MODEL, Design, DesignColumns, design_id

DESIGNS = (
    Design("b", "fp8", "h100", 2, "vllm"),
    Design("a", "fp8", "h100", 1, "sglang", 1),
    Design("a", "bf16", "l40s", 1, "vllm"),
)


def test_columns_give_back_their_records() -> None:
    columns = DesignColumns.of(DESIGNS)
    assert columns.records == DESIGNS
    assert [columns[i] for i in range(len(columns))] == list(DESIGNS)
    assert [columns.id(i) for i in range(len(columns))] == [design_id(design) for design in DESIGNS]
    assert columns.take(np.array([2, 0])).records == (DESIGNS[2], DESIGNS[0])


def test_more_designs_bring_more_ids_and_leave_the_others_where_they_are() -> None:
    new = Design("c", "fp8", "a10", 8, "vllm")
    assert DesignColumns.of(DESIGNS).plus([new, DESIGNS[1]]).records == (*DESIGNS, new, DESIGNS[1])


def test_kinds_are_the_combinations_that_occur() -> None:
    columns = DesignColumns.of(DESIGNS)
    kinds, kind = columns.kinds(GPU, ENGINE)
    assert [kinds[i] for i in kind.tolist()] == [(design.gpu, design.engine) for design in DESIGNS]
    assert len(columns.kinds(MODEL)[0]) == 2


def test_a_design_is_found_where_it_stands_and_one_of_other_gpus_is_not() -> None:
    columns = DesignColumns.of(DESIGNS)
    strange = [Design("b", "fp8", "h100", 1, "vllm"), Design("z", "fp8", "h100", 2, "vllm")]
    assert columns.places([DESIGNS[2], *strange]) == {DESIGNS[2]: 2}
