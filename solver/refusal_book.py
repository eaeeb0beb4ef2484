"""Refusals as they come: every pair counted, and of each rule and segment the ones nearest to passing kept."""

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from solver.compliance import Reason
from solver.refusals import Refusal

KEPT = 60
"""Refusals kept of each rule and segment, those nearest to passing."""


class RefusalBook:
    """Collects refusals. A refusal whose option is a glob stands for every design that it matches.

    Counts are of pairs (segment, option): each pair is counted once, under the rule that turned it down.
    """

    def __init__(self, keep_all: bool = False) -> None:
        self.keep_all = keep_all
        self.counts: Counter[str] = Counter()
        self._kept: dict[tuple[str, str], list[tuple[float, str, Reason]]] = {}

    def add(self, segment: str, option: str, reason: Reason, pairs: int = 1) -> None:
        """One refusal that stands for so many pairs; none for no pair."""
        if pairs < 1:
            return
        self.counts[str(reason.rule)] += pairs
        self._keep(segment, option, reason)

    def add_many(
        self,
        segment: str,
        distances: NDArray[np.float64],
        make: Callable[[int], tuple[str, Reason]],
        rule: str,
        pairs: int | NDArray[np.int64] = 1,
    ) -> None:
        """Refusals of one rule and segment, `pairs` behind each: `make(i)` tells option and reason of the i-th."""
        chosen = np.flatnonzero(np.broadcast_to(pairs, distances.shape))
        if not len(chosen):
            return
        self.counts[rule] += int(np.broadcast_to(pairs, distances.shape).sum())
        if not self.keep_all and len(chosen) > KEPT:
            chosen = chosen[np.argsort(distances[chosen], kind="stable")[:KEPT]]
        for i in chosen.tolist():
            self._keep(segment, *make(i))

    def _keep(self, segment: str, option: str, reason: Reason) -> None:
        kept = self._kept.setdefault((str(reason.rule), segment), [])
        kept.append((float(reason.distance), option, reason))
        if not self.keep_all and len(kept) >= 4 * KEPT:
            kept.sort(key=_nearest_first)
            del kept[KEPT:]

    def refusals(self) -> tuple[Refusal, ...]:
        """What is kept, nearest to passing first."""
        found: list[Refusal] = []
        for (_, segment), kept in self._kept.items():
            kept.sort(key=_nearest_first)
            nearest = kept if self.keep_all else kept[:KEPT]
            found += [_refusal(segment, option, reason) for _, option, reason in nearest]
        return tuple(sorted(found, key=lambda one: (one.distance, str(one.rule), one.segment, one.option)))


def _nearest_first(entry: tuple[float, str, Reason]) -> tuple[float, str]:
    return entry[:2]


def _refusal(segment: str, option: str, reason: Reason) -> Refusal:
    return Refusal(
        segment=segment,
        option=option,
        rule=reason.rule,
        found=reason.found,
        wanted=reason.wanted,
        unit=reason.unit,
        distance=float(reason.distance),
        note=reason.note,
    )
