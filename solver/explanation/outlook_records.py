"""Records of worlds: what a plan may come to cost, how often each strategy wins, what is regretted, what waiting costs.

Money is a month, as the mean over the horizon, in the plan's currency.
"""

from typing import Literal

from solver.record import Part, Verdict

StrategyName = Literal["stay_on_api", "hybrid", "self_host"]


class Quantiles(Part):
    """Of a month's cost over the worlds: 5 %, 25 %, 50 %, 75 %, 95 %, and the mean."""

    q5: float
    q25: float
    q50: float
    q75: float
    q95: float
    mean: float


class Outlook(Part):
    """A strategy over the worlds.

    `hybrid` is pools with APIs where these help, `self_host` pools alone. `wins` is the share of worlds in which the
    cheapest plan of all is of that kind. Cost and regret are of what is decided today: `signed` replicas stay, the rest
    adapts; regret is what it costs more than the cheapest plan of the world. `no_plan` is the share of worlds in which
    it has no plan (`self_host`: none below twice the cheapest); cost and regret are then of the others, and None where
    there is none at all; `unknown` says that none was found in time, which proves nothing.
    """

    strategy: StrategyName
    wins: float
    cost: Quantiles | None = None
    regret_mean: float | None = None
    regret_95: float | None = None
    regret_worst: float | None = None
    no_plan: float = 0.0
    signed: tuple[str, ...] = ()
    unknown: bool = False


class Drawn(Part):
    """A range from which worlds are drawn: half of them evenly on each side of `value`, none beyond the ends."""

    what: str
    low: float
    value: float
    high: float
    unit: str
    source: str
    date: str
    estimate: str = ""


class Waiting(Part):
    """A quarter on the best of APIs alone and then the best of the world, against deciding today.

    `price_per_month` is what waiting costs more on the mean over the horizon (below 0: less), `cheaper` the share of
    worlds in which it costs less. Set-up is then spread over the months that are left.
    """

    months: int
    price_per_month: float
    cheaper: float


class Check(Part):
    """Worlds solved over all options: by how much, as a share, these are cheaper than the few options say."""

    worlds: int
    designs: int
    apis: int
    proven: int
    mean: float
    worst: float


class Worlds(Part):
    """The recommended plan, and each strategy, over `count` worlds drawn with `seed`; `options` are the few asked."""

    count: int
    seed: int
    recommended: Verdict
    cost: Quantiles | None
    strategies: tuple[Outlook, ...]
    waiting: Waiting | None
    ranges: tuple[Drawn, ...]
    options: tuple[str, ...]
    gap: float
    proven: bool
    check: Check | None = None
    seconds: float = 0.0
