"""Records of what was not chosen, and of what each requirement costs; `why_not.py` and `rule_prices.py` find them."""

from typing import Literal

from pydantic import BaseModel, Field

from solver.record import Part

WHY_NOT = "wizard.why_not/1"
Answer = Literal["enters_at", "not_above", "never", "margin", "refusal"]


class WhyNot(Part):
    """An option that the plan does not use, and what it would take; an option that may serve nothing has its refusal.

    `serves` are the segments that it may serve. `enters_at`: with less than `price_factor` times its price, all other
    prices as they are, a plan that uses it is cheaper, at 1 % less at most `total_then`; at 1 % more none was found.
    `proven` tells that there is none, whatever else it uses; else there is none of the plan's own options, this one and
    (once `wide`) any API. `not_above`: it enters at no factor above `at_most`, whatever else is used, and at none above
    `at_most_own` (where that says more) beside the plan's own pools and any API, both by a bound in closed form; time
    ended before it was solved. `never`: not even for free (`proven` as above). `margin`: it is in the cheapest plan,
    which is not the recommended one. A `refusal` has `rule`, `found` and `wanted`, in `unit`. With `by`, time ended
    before the option was solved, but `by` was, the same model on the same GPUs: a plan in which the option stands in
    for it is cheaper below `price_factor`, and perhaps one is sooner. With `instead_of` it was not solved either: the
    plan with it in the place of that pool, or of that API for one of its segments, is cheaper below `price_factor`.
    `price_now` and `price_then` are in `unit`: of a pool the cheapest way to buy a replica, of an API its input.
    `speed_factor` is by how much faster a pool must serve to enter at its price as it is; None where it was not looked
    for, or none does. `alike` are options for which the same holds, as they differ in nothing that is counted.
    """

    option: str
    kind: Literal["pool", "api", ""]
    serves: tuple[str, ...]
    answer: Answer
    price_factor: float | None = None
    at_most: float | None = None
    at_most_own: float | None = None
    price_now: float | None = None
    price_then: float | None = None
    total_then: float | None = None
    speed_factor: float | None = None
    wide: bool = False
    proven: bool = False
    rule: str = ""
    found: float | str = ""
    wanted: float | str = ""
    unit: str = ""
    alike: tuple[str, ...] = ()
    by: str = ""
    instead_of: str = ""

    @property
    def bound(self) -> float | None:
        """The factor above which an option that was not solved does not enter, by the closest bound that is known."""
        return self.at_most if self.at_most_own is None else self.at_most_own


class WhyNotTable(Part, BaseModel):  # BaseModel once more, so that a linter of one file knows what its defaults are
    """Every option that was not chosen, the nearest to entering first, then those turned down.

    `total_per_month` is what is to be beaten. `cut` says what time did not allow; empty where all was answered.
    `counts` are the options of each answer, those alike and all refusals (pairs of segment and option) counted.
    """

    schema_: str = Field(default=WHY_NOT, alias="schema")
    currency: str
    total_per_month: float
    options: tuple[WhyNot, ...]
    counts: dict[str, int]
    cut: str = ""
    seconds: float = 0.0
    solves: int = 0


class RulePrice(Part):
    """What a requirement costs a month: the cheapest plan less the cheapest one without it, both solved.

    `asked` is what the scenario asks under the key `requirement`, `without` what stands there instead. `per_month` is
    what is known to be saved, `at_most` what the bounds of the solves leave; `proven` where the two agree within the
    gap. None: time ended before it was looked at. Where it costs nothing, `why` says so; `nearest` is the option
    nearest to passing of those that it turns down, with the figure found and the figure wanted, in `unit`.
    """

    requirement: str
    asked: str
    without: str
    per_month: float | None
    at_most: float | None = None
    total_then: float | None = None
    verdict_then: str = ""
    proven: bool = False
    nearest: str = ""
    found: float | str = ""
    wanted: float | str = ""
    unit: str = ""
    why: str = ""
