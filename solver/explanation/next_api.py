"""Next steps of a plan of APIs alone: limits, a second supplier, what would turn it, and what it would take."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from math import inf

from solver.ageing import first_day
from solver.costs import figure
from solver.explanation.drafts import Draft
from solver.explanation.seen import Seen, counted, named
from solver.plan import Served
from solver.problem import ApiOption
from solver.refusals import Rule
from solver.units import HOURS_PER_MONTH

NOTICE_DAYS = 60
"""Days before an offer retires by which its heir serves: estimate, the shortest notice that suppliers give."""
ROOM = 2.0
"""Of the peak that a rate limit should allow: estimate, as peaks of a minute double those of an hour."""
SIGNED = ("agreements", "attestations", "no_training", "max_retention_days", "processing_in")


FAR = 2.0
"""Hosting that costs more than so many times the plan is not brought nearer by a model more."""


def _largest(seen: Seen) -> tuple[str, Served]:
    """The segment and option of most money."""
    pairs = [(segment.name, served) for segment in seen.plan.segments for served in segment.served_by]
    return max(pairs, key=lambda pair: pair[1].per_month)


def _option(seen: Seen, id_: str) -> ApiOption:
    return next(api for api in seen.problem.apis if api.id == id_)


def _wind_down(seen: Seen) -> Iterator[Draft]:
    """What runs today and this plan leaves."""
    if not seen.pools_today:
        return
    today = seen.baseline("today")
    yield Draft(
        id="wind_down",
        kind="build",
        action=f"Move traffic off {named(tuple(seen.pools_today))} by share, then give the servers back and end the "
        "contracts.",
        because="what runs today costs more a month by" if today is not None else "still running today",
        figure=today - seen.total if today is not None else float(len(seen.pools_today)),
        unit=seen.plan.currency if today is not None else "pool",
        weight=100,
    )


def _limits(seen: Seen) -> Iterator[Draft]:
    """Rate limits that are unknown, or less than twice the peak."""
    name, served = _largest(seen)
    api = _option(seen, served.option)
    rows = seen.indices(name)
    peak = float(seen.problem.blocks.peak[rows].sum(axis=0).max()) * served.share
    if api.requests_per_s >= ROOM * peak and api.requests_per_s < inf:
        return
    known = "unknown here" if api.requests_per_s == inf else f"{counted(api.requests_per_s)} requests/s"
    yield Draft(
        id="raise_limits",
        kind="sign",
        action=f"Have {api.offer.provider} confirm a limit of {counted(ROOM * peak)} requests/s for {api.offer.model}; "
        f"it is {known}.",
        because="the peak",
        figure=peak,
        unit="requests/s",
        weight=70,
    )


def _terms(seen: Seen) -> Iterator[Draft]:
    """What the segments ask of data, to be signed with each supplier that is used."""
    asked = [
        key
        for key in SIGNED
        if any(getattr(part, key) not in (None, (), "", False) for part in seen.scenario.segment.values())
    ]
    used = sorted({_option(seen, each.option).offer.provider for part in seen.plan.segments for each in part.served_by})
    if asked:
        yield Draft(
            id="sign_terms",
            kind="sign",
            action=f"Sign with {named(used)} what is asked of the data: "
            f"{', '.join(key.replace('_', ' ') for key in asked)}.",
            because="asked of the data",
            figure=float(len(asked)),
            unit="demand",
            weight=90,
        )


def _gateway(seen: Seen) -> Iterator[Draft]:
    """One setting for model and supplier, where one option carries most of the bill."""
    name, served = _largest(seen)
    bill = sum(each.per_month for part in seen.plan.segments for each in part.served_by)
    yield Draft(
        id="gateway",
        kind="build",
        action=f"Put a gateway before {served.option}, so that another model or supplier for {name} is one setting.",
        because="of the tokens' bill is on this option",
        figure=served.per_month / bill if bill > 0 else 1.0,
        unit="share",
        weight=40,
    )


def _second_supplier(seen: Seen) -> Iterator[Draft]:
    """The cheapest option of another supplier for the segment of most money, tried with real traffic."""
    name, served = _largest(seen)
    provider = _option(seen, served.option).offer.provider
    others = {api.id for api in seen.problem.apis if api.offer.provider != provider}
    prices = {option: price for option, price in seen.api_prices((name,)).items() if option in others}
    down = figure(seen.catalog, f"outage_share:{provider}", "outage_share").value * HOURS_PER_MONTH
    if not prices:
        return
    other = min(prices, key=lambda option: prices[option])
    yield Draft(
        id="drill_supplier",
        kind="drill",
        action=f"Open an account for {other} and switch a share of {name} to it and back; each quarter.",
        because=f"{provider} is down a month, as counted",
        figure=down,
        unit="hour",
        weight=60,
    )


def _refused(seen: Seen) -> Iterator[Draft]:
    """The option nearest to the floor that it fails, or whose quality nobody knows."""
    near = [
        each
        for each in seen.plan.refusals
        if each.rule in (Rule.QUALITY, Rule.QUALITY_UNKNOWN) and each.segment and isinstance(each.wanted, float)
    ]
    known, _ = _hosted(seen)
    if not near or (known is not None and known > FAR * (seen.plan.total_per_month or 0.0)):
        return  # where what is known to fit costs so much more, no other model on a pool would pay
    each = min(near, key=lambda refusal: (refusal.distance, refusal.segment, refusal.option))
    found = f"{each.found:,.6g}" if isinstance(each.found, float) else "nothing known"
    yield Draft(
        id="evaluate_refused",
        kind="evaluate",
        action=f"Evaluate {each.option.removesuffix('/*')} on 300 prompts of {each.segment}: only its score is short.",
        because=f"{found} where {each.wanted:,.6g} {each.unit} is asked; short by",
        figure=each.distance,
        unit="share",
        weight=30,
    )


def _measure_rival(seen: Seen) -> Iterator[Draft]:
    """The pool that would be cheaper, where only how sure its speed is stands against it."""
    hosting, cheapest = seen.plan.hosting, seen.plan.cheapest
    if hosting is None or cheapest is None or not seen.rival or hosting.reason not in ("slow_end", "not_shown"):
        return
    yield Draft(
        id="measure_rival",
        kind="evaluate",
        action=f"Rent one replica of {seen.rival[0]}, sweep over rates, give it to wizard measure: its speed decides.",
        because="with its computed speed self-hosting saves a month",
        figure=cheapest.saves_per_month,
        unit=seen.plan.currency,
        weight=92,
    )


def _hosted(seen: Seen) -> tuple[float | None, str]:
    """What the best plan with pools costs a month, else the pure one, else what none can be under, and the word."""
    hosting = seen.plan.hosting
    if hosting is None or hosting.reason == "no_pool":
        return None, ""
    whole = seen.baseline("self_hosted")
    known = hosting.total_per_month if hosting.total_per_month is not None else whole
    return (known, "") if known is not None else (hosting.at_least_per_month, ", at the least")


def _alert(seen: Seen) -> Iterator[Draft]:
    """The bill from which hosting would win, as far as it is known: by the margin, and by a step of people."""
    hosting, (known, least) = seen.plan.hosting, _hosted(seen)
    if hosting is None or known is None:
        return
    of_margin = known / (1 - hosting.margin) if hosting.margin < 1 else known
    bill = max(of_margin, known + hosting.labour_per_month)
    wanted = f"{hosting.margin:.0%}" if bill == of_margin else f"{counted(hosting.labour_per_month)}, a step of people,"
    if bill <= seen.total:
        return
    yield Draft(
        id="alert_on_bill",
        kind="revisit",
        action=f"Set an alert on the API bill at {counted(bill)} {seen.plan.currency} a month, from where self-hosting "
        f"at what it costs now would save the {wanted} that is wanted; decide anew when it rings.",
        because=f"self-hosting costs a month{least}",
        figure=known,
        unit=seen.plan.currency,
        weight=80,
    )


def _retiring(seen: Seen) -> Iterator[Draft]:
    """An offer that is used and retires: its heir serves well before."""
    for part in seen.plan.segments:
        for served in part.served_by:
            retires = first_day(_option(seen, served.option).offer.retires)
            today = first_day(seen.plan.day)
            if retires is None or today is None or (retires - today).days > 31 * seen.scenario.horizon:
                continue
            yield Draft(
                id="replace_retiring",
                kind="evaluate",
                action=f"Choose the heir of {served.option}, which retires on {retires}; compare it on {part.name}.",
                because="until it retires",
                figure=float(max(0, (retires - today).days)),
                unit="day",
                weight=85,
                day=max(today, retires - timedelta(days=NOTICE_DAYS)).isoformat(),
            )
            return


def _revisit(seen: Seen) -> Iterator[Draft]:
    known, least = _hosted(seen)
    growth = max(part.growth for part in seen.scenario.segment.values())
    grows = f", as the load grows {growth:.0%} a year" if growth > 0 else ""
    yield Draft(
        id="revisit_api",
        kind="revisit",
        action=f"Refresh prices and decide anew: open models on APIs, volume, and hosting beside them{grows}.",
        because="the plan costs a month" if known is None else f"self-hosting costs a month{least}",
        figure=seen.total if known is None else known,
        unit=seen.plan.currency,
        weight=95,
        waits=91,
    )


API: tuple[Callable[[Seen], Iterator[Draft]], ...] = (
    _wind_down, _measure_rival, _terms, _limits, _gateway, _second_supplier, _refused, _alert, _retiring, _revisit,
)  # fmt: skip
