"""What the mistakes, patterns and next steps are found in: a scenario, its problem, and the plan that is recommended.

Shares by load block are the solution's, figures of money the plan's; what runs today is the scenario's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from catalogs.catalog import Catalog
from catalogs.vocabulary import PurchaseType
from solver.explanation.branches import Effort
from solver.plan import Plan, Served
from solver.problem import Array, PoolDesign, Problem
from solver.program.data import Data, data_of
from solver.scenario import Scenario
from solver.solution import Solution, solution_of
from solver.solve import Outcome

_DESIGN = re.compile(
    r"(?P<model>.+):(?P<precision>[^:/]+)/(?P<gpus>\d+)x(?P<gpu>[^/]+)/(?P<engine>[^/]+)"
    r"/(?P<provider>[^@/]+)@(?P<region>[^/:]+)(?P<kind>(:[^/]+)?)"
)


@dataclass(frozen=True)
class Seen:
    """All that is looked at; `effort` bounds each further solve, `rival` are the pools of the cheapest plan."""

    scenario: Scenario
    catalog: Catalog
    problem: Problem
    plan: Plan
    outcome: Outcome
    effort: Effort
    rival: tuple[str, ...] = ()

    @cached_property
    def data(self) -> Data:
        """What the program's rows share."""
        return data_of(self.problem)

    @cached_property
    def solution(self) -> Solution:
        """The recommended plan by index."""
        return solution_of(self.data, self.outcome.values)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Index of each design by id."""
        return {design.id: k for k, design in enumerate(self.problem.designs)}

    def design(self, option: str) -> PoolDesign:
        """The design of an id that the plan opens."""
        return self.problem.designs[self.place[option]]

    @property
    def total(self) -> float:
        """What the plan costs a month."""
        return self.plan.total_per_month or 0.0

    @property
    def stopped(self) -> bool:
        """Whether whoever asked wants no further solve."""
        return self.effort.stop is not None and self.effort.stop.is_set()

    def on_pools(self, self_run: bool = False) -> Iterator[tuple[str, Served]]:
        """Each segment and pool that serves some of it; with `self_run` only pools whose servers one runs oneself."""
        for segment in self.plan.segments:
            for served in segment.served_by:
                if served.kind == "pool" and not (self_run and self.design(served.option).pool_class != "self_run"):
                    yield segment.name, served

    def indices(self, segment: str) -> list[int]:
        """The sub-segments of a segment, by index."""
        return [s for s, of in enumerate(self.problem.segment_of) if of == segment]

    def baseline(self, name: str) -> float | None:
        """What a baseline of the plan costs a month; None where it has no plan, or was not solved."""
        return next((each.total_per_month for each in self.plan.baselines if each.name == name), None)

    def api_prices(self, segments: Sequence[str]) -> dict[str, float]:
        """The mean price of a request at each API that may serve all of the segments, over their sub-segments."""
        rows = [s for name in segments for s in self.indices(name)]
        charges = self.problem.charges
        return {
            api.id: sum(sum(charge.cost for charge in charges[s, api.id]) for s in rows) / len(rows)
            for api in self.problem.apis
            if rows and all((s, api.id) in charges for s in rows)
        }

    @cached_property
    def pools_today(self) -> dict[str, tuple[str, ...]]:
        """Pools that serve today, each with its segments."""
        found: dict[str, tuple[str, ...]] = {}
        for segment, option in self.scenario.today.served_by.items():
            if _DESIGN.fullmatch(option):
                found[option] = (*found.get(option, ()), segment)
        return found

    def load_of(self, k: int) -> Array:
        """Requests/s [s, b] that design k serves, at the peak of a block; what may wait where it is put."""
        whole = self.data.requests
        share = np.where(whole > 0, self.solution.pool[:, k] / np.maximum(whole, 1e-300), 0.0)
        return np.asarray(self.data.load * share)

    def needs(self, option: str, segments: tuple[str, ...], headroom: bool) -> Array | None:
        """Replicas [b] that all of the segments need of a design at their peak; None where it may not serve them."""
        if option not in self.place:
            return None
        rows = [s for name in segments for s in self.indices(name)]
        factor = 1 + self.problem.headroom[rows] if headroom else np.ones(len(rows))
        needed = (self.problem.kappa[rows, self.place[option]] * factor) @ self.problem.blocks.peak[rows]
        return None if np.isnan(needed).any() else needed

    def hour_of(self, option: str, purchase: PurchaseType) -> float | None:
        """The price of a replica-hour of a design, the least of the catalog; None where it is not for sale so."""
        asked = parts_of(option)
        if asked is None:
            return None
        prices = [
            price.price_per_hour / price.gpu_count
            for price in self.catalog.gpu_prices
            if (price.provider, price.region, price.gpu, price.purchase)
            == (asked["provider"], asked["region"], asked["gpu"], purchase)
        ]
        return min(prices) * int(asked["gpus"]) if prices else None


def parts_of(option: str) -> dict[str, str] | None:
    """Model, precision, GPUs, engine and place of a design's id; None where it is none."""
    match = _DESIGN.fullmatch(option)
    return match.groupdict() if match else None


def counted(amount: float) -> str:
    """An amount of money or of anything as a sentence holds it: `12,300`, `0.41`."""
    return f"{amount:,.0f}" if abs(amount) >= 100 or amount == round(amount) else f"{amount:.3g}"


def named(names: tuple[str, ...] | list[str]) -> str:
    """Names in a sentence, at most three of them: `bulk, hard`."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
