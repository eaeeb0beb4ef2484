"""The plans that ship are what their scenarios give on the catalog that ships."""

from pathlib import Path

import pytest
from make_baselines import SAVED, solved_again

from wizard.store import load


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.toml")), ids=lambda path: Path(path).stem)
def test_a_saved_plan_is_solved_again_to_the_same_plan(path: Path) -> None:
    saved, again = load(path).plan, solved_again(path)
    assert again.verdict == saved.verdict
    assert again.total_per_month == pytest.approx(saved.total_per_month, rel=1e-4)
    assert {line.name for line in again.lines} == {line.name for line in saved.lines}
    assert again.catalog_as_of == saved.catalog_as_of, "the catalog has moved: make baselines, and read the diff"


def test_the_articles_teams_and_options_ship() -> None:
    names = {path.stem for path in SAVED.glob("*.toml")}
    assert {"article-options-a-to-d", "article-team-self-hosts", "article-team-goes-back"} <= names
