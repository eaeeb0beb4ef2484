"""The smallest set of items that cannot stand together, found by asking whether a set of them can.

The sets that can stand are closed downwards: what fits goes on fitting with less. First one item after another is left
out for good where the rest still cannot stand (a deletion filter): what stays is irreducible. Then smaller sets are
looked for: whatever cannot stand holds an item outside of each set that was seen to stand, so the least hitting set of
those complements is either the smallest conflict or, if it stands, one more complement to hit.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

from solver.feasibility import CutShortError

Stands = Callable[[frozenset[str]], bool | None]
"""Whether the items can stand together; None where that is not known."""
TRIES = 4
"""Smaller sets are looked for with at most so many questions an item."""
MOST_COMBINATIONS = 200_000


class Found(NamedTuple):
    """A set that cannot stand, in the items' order; whether nothing can be left out, and whether none is smaller."""

    items: tuple[str, ...]
    irreducible: bool
    smallest: bool


def smallest(items: Sequence[str], stands: Stands, unlikely: Sequence[str] = ()) -> Found:
    """The smallest set that cannot stand, of items that cannot all stand and that stand when none is left.

    `unlikely` items are left out all at once, if the rest cannot stand either, and smaller sets are looked for without
    them. Deterministic for one order of items. Where `stands` raises CutShortError or does not know, what is known.
    """
    kept, outside, sure = list(items), [frozenset(items)], True
    try:
        likely = [item for item in items if item not in unlikely]
        if unlikely and likely and stands(frozenset(likely)) is False:
            kept, outside = likely, [frozenset(likely)]
            items = likely
        for item in reversed(items):
            rest = frozenset(kept) - {item}
            answer = stands(rest) if rest else True
            if answer is False:
                kept.remove(item)
            elif answer:
                outside.append(frozenset(items) - rest)
            else:
                sure = False
    except CutShortError:
        return Found(tuple(kept), False, False)
    try:
        less = _smaller(items, kept, outside, stands)
    except CutShortError:
        return Found(tuple(kept), sure, False)
    if less is None:
        return Found(tuple(kept), sure, False)
    return Found(less, sure, sure)


def _smaller(
    items: Sequence[str], kept: Sequence[str], outside: list[frozenset[str]], stands: Stands
) -> tuple[str, ...] | None:
    """The smallest set, at most as large as `kept`; None where too many questions would be asked."""
    for _ in range(TRIES * len(items)):
        chosen = _hitting(items, outside, len(kept))
        if chosen is None:
            return None
        if len(chosen) >= len(kept):
            return tuple(kept)
        answer = stands(frozenset(chosen))
        if answer is False:
            return chosen
        if answer is None:
            return None
        grown = frozenset(chosen)
        for item in items if len(kept) > 2 else ():  # of two, the other single ones are as soon tried
            if item not in grown and stands(grown | {item}):
                grown |= {item}
        outside.append(frozenset(items) - grown)
    return None


def _hitting(items: Sequence[str], sets: Sequence[frozenset[str]], most: int) -> tuple[str, ...] | None:
    """The least items that hit every set, the first in order; as many items as `most` where fewer do not."""
    tried = 0
    for size in range(1, most):
        for chosen in combinations(items, size):
            tried += 1
            if tried > MOST_COMBINATIONS:
                return None
            if all(not each.isdisjoint(chosen) for each in sets):
                return chosen
    return tuple(items[:most])


def standing(items: Sequence[str], stands: Stands) -> tuple[str, ...]:
    """As many of the items as can stand together, the first ones before the others (one item more cannot)."""
    kept: frozenset[str] = frozenset()
    for item in items:
        if stands(kept | {item}):
            kept |= {item}
    return tuple(item for item in items if item in kept)
