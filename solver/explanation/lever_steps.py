"""Levers that move by whole steps: the quality floor by its words, commitment by the longest that is allowed."""

from typing import NamedTuple, get_args

from catalogs.catalog import Catalog
from catalogs.vocabulary import PurchaseType, QualityWord
from solver.scenario import Scenario

WORDS: tuple[QualityWord, ...] = get_args(QualityWord)
LADDER: tuple[PurchaseType, ...] = ("reserved_1m", "reserved_1y", "reserved_3y", "owned")
"""Commitment from the shortest to the longest; below the first, nothing is signed."""
SIGNED = ("nothing signed", "1 month", "1 year", "3 years", "servers bought")


class Moved(NamedTuple):
    """Scenario and catalog after a move."""

    scenario: Scenario
    catalog: Catalog


def quality_now(scenario: Scenario, catalog: Catalog) -> str:
    """The words of the segments' floors, each once; a floor of the user's own is not among them."""
    return ", ".join(dict.fromkeys(str(each.quality) for each in scenario.segment.values() if each.quality in WORDS))


def quality_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    """Steps until every word is the lowest, and until every one is the highest."""
    places = [WORDS.index(each.quality) for each in scenario.segment.values() if each.quality in WORDS]
    if not places:
        return 0.0, 0.0
    return -float(max(places)), float(len(WORDS) - 1 - min(places))


def quality_moved(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    """Each word so many steps higher, the ends being the ends; a floor of the user's own stays."""
    segments = {}
    for name, each in scenario.segment.items():
        if each.quality in WORDS:
            place = min(max(WORDS.index(each.quality) + round(by), 0), len(WORDS) - 1)
            each = each.model_copy(update={"quality": WORDS[place]})
        segments[name] = each
    return Moved(scenario.model_copy(update={"segment": segments}), catalog)


def commitment_now(scenario: Scenario, catalog: Catalog) -> str:
    """The longest commitment that the policy allows."""
    return SIGNED[_level(scenario)]


def commitment_limits(scenario: Scenario, catalog: Catalog) -> tuple[float, float]:
    """Steps down to nothing signed, unless nothing could then be rented at all, and up to servers bought."""
    level = _level(scenario)
    free = any(kind not in LADDER for kind in scenario.policy.purchase_types)
    first = min((LADDER.index(kind) for kind in scenario.policy.purchase_types if kind in LADDER), default=0)
    return -float(level if free else level - 1 - first), float(len(LADDER) - level)


def commitment_moved(scenario: Scenario, catalog: Catalog, by: float) -> Moved:
    """Commitments longer than the new longest are taken from the policy, or those up to it are added."""
    level, step = _level(scenario), round(by)
    kinds = scenario.policy.purchase_types
    if step < 0:
        kinds = tuple(kind for kind in kinds if kind not in LADDER[max(0, level + step) :])
    else:
        kinds = (*kinds, *(kind for kind in LADDER[level : level + step] if kind not in kinds))
    policy = scenario.policy.model_copy(update={"purchase_types": kinds})
    return Moved(scenario.model_copy(update={"policy": policy}), catalog)


def _level(scenario: Scenario) -> int:
    return max((LADDER.index(kind) + 1 for kind in scenario.policy.purchase_types if kind in LADDER), default=0)
