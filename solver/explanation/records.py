"""Records of the verdict: the cheapest plan beside the recommended one, and the case for self-hosting."""

from math import prod
from typing import Literal

from solver.record import Part, Verdict

Confidence = Literal["certain", "likely", "tie", ""]
Reason = Literal[
    "api_is_cheaper", "not_enough", "slow_end", "not_paid_back", "not_shown", "clear_win", "no_api", "no_pool", ""
]
"""Why the verdict is what it is.

`api_is_cheaper`: with the figures as they are; `slow_end`: it is at the pessimistic end of the performance band;
`not_enough`: self-hosting saves less than the policy wants; `not_paid_back`: set-up is not paid back within the
horizon; `not_shown`: the time limit came before a saving was found at the pessimistic end; `clear_win`: none of these,
so it is self-hosting; `no_api`: no plan of APIs alone fits; `no_pool`: no pool may serve anything.
"""


class Cheapest(Part):
    """The cheapest plan of all; `saves_per_month` is what the recommended one costs more, the price of the margin."""

    verdict: Verdict
    total_per_month: float
    bound_per_month: float | None
    saves_per_month: float = 0.0


class Hosting(Part):
    """Self-hosting (hybrid or whole) against the best plan of APIs alone; money in the plan's currency.

    `total_per_month` is that of the best plan with pools, `slow_per_month` and `fast_per_month` the same at the
    pessimistic and the optimistic end of the performance band; None where none was found, or none was looked for,
    as it could not matter. `at_least_per_month` is then what a plan with pools costs at the least, at either end.
    `needed_per_month` is what it must save at the pessimistic end: the margin of the API bill, and more than
    `labour_per_month`, the smallest step in which people come. `once` is spent before it serves: set-up, moving,
    servers bought. `payback_months` counts from then on, None where it never comes; `first_year` and `later_years` are
    the savings net of `once`, which the first year bears.
    """

    verdict: Verdict = "no_plan"
    reason: Reason = ""
    api_per_month: float | None = None
    api_bound_per_month: float | None = None
    total_per_month: float | None = None
    slow_per_month: float | None = None
    fast_per_month: float | None = None
    at_least_per_month: float | None = None
    margin: float = 0.0
    labour_per_month: float = 0.0
    needed_per_month: float = 0.0
    once: float = 0.0
    horizon_months: int = 0
    payback_months: float | None = None
    first_year: float | None = None
    later_years: float | None = None

    @property
    def saving_per_month(self) -> float | None:
        """What self-hosting saves a month, all counted and set-up spread; negative where it costs more."""
        if self.api_per_month is None or self.total_per_month is None:
            return None
        return self.api_per_month - self.total_per_month


class Simplest(Part):
    """A plan near the recommended one that is simpler to run: fewer pool designs, or as many and fewer suppliers.

    `more_per_month` is what it costs more; the counts `_now` are the recommended plan's.
    """

    verdict: Verdict
    total_per_month: float
    more_per_month: float
    pool_designs: int
    suppliers: int
    pool_designs_now: int
    suppliers_now: int
    options: tuple[str, ...] = ()


class Disagreement(Part):
    """Where the checklist and the cost part ways, and by how much a month; the leans never decide.

    A "lean": `items` lean to the side that the plan is not on, `per_month` is what the best plan of that side costs
    more (None: there is none). An "answer": the one item keeps the plan on its side, and without that answer the
    verdict is `verdict_then` and the plan costs `per_month` less. `answered` counts all answers.
    """

    kind: Literal["lean", "answer"]
    items: tuple[str, ...]
    leans: Literal["api", "self_host"]
    answered: int
    per_month: float | None = None
    verdict_then: Verdict | None = None


class Term(Part):
    """A part of a bill line's quantity, the product of its factors; `of` is the segment or what else it is of.

    `price` is the part's own, where those of the line differ and the line's is their mean.
    """

    of: str
    factors: dict[str, float]
    price: float | None = None

    @property
    def quantity(self) -> float:
        """The product of the factors."""
        return prod(self.factors.values())

    def priced(self, price: float) -> "Term":
        """The same with a price of its own."""
        return self.model_copy(update={"price": price})


class Capacity(Part):
    """What a pool must hold for a segment, by hand.

    In load block `block` the pool's part of the segment peaks at `peak_per_s` requests/s, each of which keeps a replica
    for `replica_seconds`; with `headroom` on top and replicas up `availability` of the time that takes
    `replicas` = peak_per_s * replica_seconds * (1 + headroom) / availability. What is held is in the plan's pools, more
    where other segments share it, where counts are whole, or where a loss must be survived. `busy_share` is the part of
    the pool's busy replica-seconds that is this segment's, and of its hours that the segment is charged.
    """

    of: str
    block: int
    peak_per_s: float
    replica_seconds: float
    headroom: float
    availability: float
    replicas: float
    busy_share: float
