"""The cases of the eight mistakes: TOML files written from the article alone, each laid over the same base."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from catalogs.catalog import Catalog
from solver.decide import decide
from solver.plan import Plan
from solver.scenario import Scenario
from wizard.commands.solve import catalog_of
from wizard.scenario_file import Question, question_of

FOLDER = Path(__file__).parent / "mistakes"
BASE = "base"
DAY = "2026-11-24"
"""The day of which the cases are told, whatever the catalog's."""
OURS = ("article", "made")
"""How the sources of the cases' own figures begin."""
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != BASE))


@dataclass(frozen=True)
class Case:
    """A scenario, the mistake that it is about, whether it makes it, and figures worked out by hand."""

    mistake: str
    triggers: bool
    figures: Mapping[str, float]
    question: Question

    @property
    def scenario(self) -> Scenario:
        return self.question.scenario

    @property
    def catalog(self) -> Catalog:
        """The shipped catalog with nothing for sale, and no score, but what the case tells."""
        whole, own = catalog_of(self.question), self.scenario.catalog
        told = {score["model"] for score in own["scores"].values()}
        return replace(
            whole,
            as_of=DAY,
            models={name: model for name, model in whole.models.items() if name in told},
            gpu_prices=tuple(price for price in whole.gpu_prices if price.id in own["gpu_prices"]),
            api_offers=tuple(offer for offer in whole.api_offers if offer.id in own["api_offers"]),
            scores={key: score for key, score in whole.scores.items() if score.source.startswith(OURS)},
        )


@cache
def case(name: str) -> Case:
    tables = _read(name)
    told = tables.pop("case")
    question = question_of(_laid(_read(BASE), tables), f"{name}.toml")
    figures = {key: value for key, value in told.items() if isinstance(value, float)}
    return Case(told["mistake"], told["triggers"], figures, question)


@cache
def solved(name: str) -> Plan:
    return decide(case(name).scenario, case(name).catalog)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        under = found.get(key)
        found[key] = _laid(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return found
