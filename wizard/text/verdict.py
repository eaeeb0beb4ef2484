"""The verdict argued: how sure, why, what it pays back, what is cheaper, what is simpler, what the checklist says."""

from math import isclose

from solver.explanation.records import Disagreement, Hosting, Simplest
from solver.plan import Plan
from wizard.text.tables import VERDICTS, money, plain, share, wrap

SURE = {"certain": "certain", "likely": "likely", "tie": "a tie"}
CENT = 0.005
"""A difference a month that is told as none."""
SIDES = {"api": "the API", "self_host": "self-hosting"}
PER_MTOK = "a million tokens: the whole bill over all tokens, input and output; idle hours and people are in it."


def verdict_words(plan: Plan) -> str:
    """`stay on the API, certain`; a tie comes first, as there is no winner."""
    verdict = VERDICTS[plan.verdict]
    if plan.confidence == "tie":
        return f"a tie, so {verdict}"
    return f"{verdict}, {SURE[plan.confidence]}" if plan.confidence else verdict


def verdict_lines(plan: Plan) -> list[str]:
    """The section on the verdict; empty for a plan that was saved without it."""
    told = sentences(plan)
    return [f"Why: {verdict_words(plan)}", *(line for each in told for line in wrap(each, " ", "   "))] if told else []


def sentences(plan: Plan) -> list[str]:
    """What there is to say of the verdict, the reason first."""
    said = []
    if plan.hosting is not None:
        said += [why(plan.hosting, _on_own_pools(plan)), *_back(plan.hosting)]
    other = plan.cheapest
    if other is not None and other.saves_per_month > 0:
        said.append(
            f"The cheapest plan is another one: {VERDICTS[other.verdict]}, {money(other.total_per_month)} a month, "
            f"{money(other.saves_per_month)} less. That is the price of this recommendation."
        )
    if plan.simplest is not None:
        said.append(_simpler(plan.simplest))
    return [each for each in (*said, *map(disagreement, plan.disagreements)) if each]


def _on_own_pools(plan: Plan) -> float | None:
    """What the plan of pools alone beside the others costs a month, where one was found."""
    return next((each.total_per_month for each in plan.baselines if each.name == "self_hosted"), None)


def why(hosting: Hosting, alone: float | None = None) -> str:
    """The reason in one sentence, with its figures; `alone` is what pools without any API were found to cost."""
    api, total = money(hosting.api_per_month), money(hosting.total_per_month)
    if hosting.reason == "no_api":
        return "No plan of APIs alone fits, so self-hosting is what is left."
    if hosting.reason == "no_pool":
        return "No pool may serve anything, so the API is what is left."
    if hosting.reason == "api_is_cheaper":
        if hosting.fast_per_month is None:
            band = "even at the best end of its speed's band"
            return f"APIs alone cost {api} a month; self-hosting costs {_at_least(hosting, band, alone)}."
        than = f"{total}, and {money(hosting.fast_per_month)} at the best end of the band of its speed"
        return f"APIs alone cost {api} a month; the best plan with pools costs {than}."
    saves = (
        f"Self-hosting costs {total} a month, {_less(hosting.api_per_month, hosting.total_per_month)} than APIs alone"
    )
    if hosting.reason == "slow_end":
        return (
            f"{saves} ({api}), but no less than they do at the worst end of the band of its speed: the winner changes "
            "inside it, and without a clear win it is the API."
        )
    if hosting.reason == "not_paid_back":
        return f"{saves} ({api}), but what is spent once is not back within {hosting.horizon_months} months."
    same = hosting.slow_per_month == hosting.total_per_month
    less = "as much" if same else _less(hosting.api_per_month, hosting.slow_per_month)
    slow = f", and {less} at the worst end of the band of its speed"
    if hosting.reason == "not_shown":
        return f"{saves} ({api}); time ended before a saving was found at the worst end of the band of its speed."
    wanted = (
        f"more than {money(hosting.needed_per_month)} is wanted ({share(hosting.margin)} of the API bill, and more "
        f"than the least step of people, {money(hosting.labour_per_month)})"
    )
    if hosting.needed_per_month == 0:
        wanted = "any saving is enough, as what runs has paid its entry"
    return f"{saves} ({api}){slow}; {wanted}."


def _at_least(hosting: Hosting, band: str, alone: float | None) -> str:
    """What no plan with pools is under; where the search stopped at the margin, why it says no more."""
    least, api = hosting.at_least_per_month, hosting.api_per_month
    if not least:
        return f"more, {band}"
    if api is not None and hosting.margin > 0 and isclose(least, api * (1 + hosting.margin), rel_tol=1e-9):
        more = f"at least {share(hosting.margin)} more, {money(least)}, {band}"
        if alone is not None:
            return f"{more}. That settles it: pools alone cost {money(alone)}; a mix was not costed further"
        return f"{more}. That settles it, so the full cost was not worked out"
    return f"at least {money(least)}, {band}"


def _less(api: float | None, hosting: float | None) -> str:
    if api is None or hosting is None:
        return "less"
    return f"{money(api - hosting)} less" if hosting <= api else f"{money(hosting - api)} more"


def _back(hosting: Hosting) -> list[str]:
    """When what is spent once is back, and what is saved after; nothing where no plan with pools is known."""
    if hosting.first_year is None or hosting.later_years is None:
        return []
    back = "never" if hosting.payback_months is None else f"after {_months(hosting.payback_months)}"
    once = f"Self-hosting takes {money(hosting.once, 0)} once, back {back}; it" if hosting.once > 0 else "Self-hosting"
    first, later = hosting.first_year, hosting.later_years
    return [
        f"{once} saves {money(first, 0)} in the first year and {money(later, 0)} in each later one, set-up paid once."
    ]


def _months(value: float) -> str:
    return "less than 0.1 months" if 0 < value < 0.1 else f"{value:.1f} months"


def _simpler(simplest: Simplest) -> str:
    """What is offered, what it costs more, and what it spares: designs to run, else suppliers to deal with."""
    before, more = simplest.total_per_month - simplest.more_per_month, simplest.more_per_month
    price = "the same" if more < CENT else f"{money(more)} a month more ({share(more / before)})"
    designs = _fewer(simplest.pool_designs_now, simplest.pool_designs, "pool design", "to run")
    suppliers = _fewer(simplest.suppliers_now, simplest.suppliers, "supplier", "to deal with")
    spared = " and ".join(filter(None, (designs, suppliers)))
    verdict, options = VERDICTS[simplest.verdict], ", ".join(map(plain, simplest.options))
    beside = simplest.suppliers - simplest.suppliers_now
    but = f", but {simplest.suppliers} suppliers in place of {simplest.suppliers_now}" if beside > 0 else ""
    return f"A simpler plan costs {price}: {verdict} with {options}, which leaves {spared}{but}."


def _fewer(now: int, then: int, of: str, what: str) -> str:
    """`1 pool design to run in place of 2`; empty where there are as many, or more."""
    if then >= now:
        return ""
    return f"{then or 'no'} {of}{'' if then == 1 else 's'} {what} in place of {now}"


def disagreement(each: Disagreement) -> str:
    """Where the checklist and the cost part ways, with the amount."""
    items, side = ", ".join(each.items), SIDES[each.leans]
    if each.kind == "answer":
        then = VERDICTS[each.verdict_then or "no_plan"]
        amount = money(abs(each.per_month or 0.0))
        change = "less" if (each.per_month or 0.0) >= 0 else "more"
        return f"The answer on {items} decides it: without it the plan is to {then}, for {amount} a month {change}."
    lean = f"The checklist leans to {side} in {len(each.items)} of {each.answered} answers ({items})"
    if each.per_month is None:
        return f"{lean}, and no plan of that side fits."
    return f"{lean}, the cost does not: the best plan of that side costs {money(each.per_month)} a month more."
