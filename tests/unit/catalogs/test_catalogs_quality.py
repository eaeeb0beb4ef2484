"""The user's own evaluations in an overlay, or in the scenario's catalog tables: what is taken, and what is refused."""

import tomllib
from typing import Any

import pytest

from catalogs.catalog import Catalog, load_catalog
from catalogs.toml_file import InputError

MINE = """
[quality.my-eval]
date = "2026-11-20"
source = "300 of our prompts, judged blind"
[quality.my-eval.scores]
"gpt-5.5" = 0.91
"llama-3.3-70b" = 0.85
"llama-3.3-70b@int4" = 0.80
"""


def overlay(text: str, file: str = "o.toml") -> tuple[str, dict[str, Any]]:
    return file, tomllib.loads(text)


def with_tables(*texts: str) -> Catalog:
    return load_catalog(overlays=[overlay(text, f"{'abc'[i]}.toml") for i, text in enumerate(texts)])


def test_an_evaluation_holds_scores_of_models_and_of_their_variants_with_its_day_and_source() -> None:
    mine = with_tables(MINE).evaluations["my-eval"]
    assert (mine.date, mine.source, mine.unit) == ("2026-11-20", "300 of our prompts, judged blind", "share")
    assert mine.scores == {"gpt-5.5": 0.91, "llama-3.3-70b": 0.85, "llama-3.3-70b@int4": 0.80}


def test_a_scenario_holds_it_under_catalog_and_without_a_source_it_is_the_files() -> None:
    text = '[catalog.quality.e]\ndate = "2026-11-20"\nscores = {"gpt-5.5" = 91}\nunit = "percent"'
    assert with_tables(text).evaluations["e"].source == "your overlay, a.toml"


def test_more_scores_of_the_same_day_join_those_that_are_there() -> None:
    more = '[quality.my-eval.scores]\n"gpt-5.5" = 0.9\n"qwen3-32b" = 0.7'
    mine = with_tables(MINE, more).evaluations["my-eval"]
    assert mine.scores == {"gpt-5.5": 0.9, "llama-3.3-70b": 0.85, "llama-3.3-70b@int4": 0.80, "qwen3-32b": 0.7}
    assert mine.date == "2026-11-20"


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        ('[quality.e]\nscores = {"gpt-5.5" = 0.9}', "quality.e.date", "the key date"),
        ('[quality.e]\ndate = "soon"\nscores = {"gpt-5.5" = 0.9}', "quality.e.date", 'such as "2026-11-20"'),
        ('[quality.e]\ndate = 2026-11-20\nscores = {"gpt-5.5" = 0.9}', "quality.e.date", "a text in quotes"),
        ('[quality.e]\ndate = "2026-11-20"', "quality.e.scores", "the key scores"),
        ('[quality.e]\ndate = "2026-11-20"\nscores = {}', "quality.e.scores", "at least 1 entry"),
        ('[quality.e]\ndate = "2026-11-20"\nscores = 3', "quality.e.scores", "a table"),
        ('[quality.e]\ndate = "2026-11-20"\nscores = {"gpt-5.5" = 90}', "quality.e.scores", 'unit = "percent"'),
        ('[quality.e]\ndate = "2026-11-20"\nscores = {"gpt-5.5" = -1}', 'quality.e.scores."gpt-5.5"', "a number from"),
        ('[quality.e]\ndate = "2026-11-20"\nscores = {"gpt-5.5" = nan}', 'quality.e.scores."gpt-5.5"', "a number from"),
        (
            '[quality.e]\ndate = "2026-11-20"\nunit = "percent"\nscores = {"gpt-5.5" = 101}',
            "quality.e.scores", "at most 100",
        ),
        ('[quality.e]\ndate = "2026-11-20"\nscores = {"gpt-5.5" = "good"}', 'quality.e.scores."gpt-5.5"', "a number"),
        (
            '[quality.e]\ndate = "2026-11-20"\nscores = {"lama-3.3-70b" = 0.9}',
            'quality.e.scores."lama-3.3-70b"', "did you mean llama-3.3-70b?",
        ),
        (
            '[quality.e]\ndate = "2026-11-20"\nscores = {"gpt-5.5@int4" = 0.9}',
            'quality.e.scores."gpt-5.5@int4"', "an open model at a precision",
        ),
        (
            '[quality.e]\ndate = "2026-11-20"\nscores = {"qwen3-32b@int5" = 0.9}',
            'quality.e.scores."qwen3-32b@int5"', "qwen3-32b@ and a precision",
        ),
        ('[quality.e]\ndate = "2026-11-20"\nscors = {"gpt-5.5" = 0.9}', "quality.e.scors", "did you mean scores?"),
    ],
)  # fmt: skip
def test_each_fault_of_an_evaluation_names_its_key_and_what_is_wanted(text: str, key: str, wanted: str) -> None:
    with pytest.raises(InputError) as caught:
        with_tables(text)
    told = [fault for fault in caught.value.faults if fault.key == key]
    assert len(told) == 1, caught.value
    assert wanted in f"{told[0].wanted} ({told[0].hint})"


def test_one_name_holds_the_scores_of_one_day() -> None:
    with pytest.raises(InputError, match=r'quality\.my-eval\.date: found "2026-11-25"; wanted "2026-11-20"'):
        with_tables(MINE, '[quality.my-eval]\ndate = "2026-11-25"\nscores = {"qwen3-32b" = 0.7}')
