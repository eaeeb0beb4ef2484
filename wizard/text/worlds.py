"""How sure a decision is, as text: worlds, the robust decision, doubts in order, limits under stress."""

from solver.explanation.outlook_records import Outlook, Quantiles, Worlds
from solver.explanation.robust import Rival, Robust
from solver.explanation.stress import Break, Stress
from solver.explanation.sure import Sure
from wizard.text.doubts import MOST, doubt_lines
from wizard.text.tables import cut, money, number, plain, share, wrap

STRATEGIES = {"stay_on_api": "APIs alone", "hybrid": "pools, APIs beside", "self_host": "pools alone"}
REPLICAS = "replicas"
CASES = {"load": "load", "speed": "slower", "both": "both"}


def sure_lines(sure: Sure | None, currency: str) -> list[str]:
    """All that was asked, each part after an empty line."""
    if sure is None:
        return []
    parts = [
        _worlds(sure.worlds, currency) if sure.worlds else [],
        _robust(sure.robust, currency) if sure.robust else [],
        doubt_lines(sure.doubts, currency) if sure.doubts else [],
        _stress(sure.stress) if sure.stress else [],
    ]
    lines: list[str] = []
    for part in filter(None, parts):
        lines += [*([""] if lines else []), *part]
    return lines


def _worlds(worlds: Worlds, currency: str) -> list[str]:
    lines = [f"{worlds.count} worlds (seed {worlds.seed}), {currency} a month on the mean of the horizon"]
    lines.append(f" {'':<20}{'5 %':>11}{'25 %':>12}{'50 %':>12}{'75 %':>12}{'95 %':>12}")
    lines.append(f" {'this plan':<20}{_quantiles(worlds.cost)}")
    lines += [f" {STRATEGIES[each.strategy]:<20}{_quantiles(each.cost, each.unknown)}" for each in worlds.strategies]
    lines.append(f" {'':<20}{'wins':>8}{'no plan':>9}{'regret, mean':>15}{'95 %':>13}{'worst':>13}")
    lines += [_regret(each) for each in worlds.strategies if each.cost is not None]
    lines += [line for each in worlds.strategies for line in _signed(STRATEGIES[each.strategy], each.signed)]
    if worlds.waiting is not None:
        price, cheaper = worlds.waiting.price_per_month, share(worlds.waiting.cheaper)
        more = "more" if price >= 0 else "less"
        told = f"Waiting a quarter on APIs costs {money(abs(price))} a month {more}; less in {cheaper} of the worlds."
        lines += wrap(told, " ", "   ")
    lines += wrap(_check(worlds), " ", "   ")
    for each in worlds.ranges:
        ends = f"{number(each.low)} .. {number(each.value)} .. {number(each.high)} {each.unit}"
        lines += wrap(f"{each.what.replace('_', ' ')} {ends}{' est' if each.estimate else ''}", " - ", "   ")
    return lines


def _check(worlds: Worlds) -> str:
    told = f"Solved over the {len(worlds.options)} options that optima of today and of corner worlds hold."
    check = worlds.check
    if check is not None and check.proven:
        told += (
            f" Over all {check.designs:,} pool designs and {check.apis} APIs, {check.proven} of {check.worlds} worlds"
            f" tried are at most {share(check.worst)} cheaper."
        )
    elif check is not None:
        told += " That no other option is better was not proven in time."
    return told if worlds.proven else f"{told} Some solves were ended by time."


def _quantiles(cost: Quantiles | None, unknown: bool = False) -> str:
    if cost is None:
        return "   none found in time" if unknown else "   no plan, or none below twice the cheapest"
    values = (cost.q5, cost.q25, cost.q50, cost.q75, cost.q95)
    return "".join(f"{money(value, 0):>{11 + (i > 0)}}" for i, value in enumerate(values))


def _regret(each: Outlook) -> str:
    regrets = (each.regret_mean, each.regret_95, each.regret_worst)
    amounts = "".join(f"{money(value, 0):>{15 - 2 * (i > 0)}}" for i, value in enumerate(regrets))
    return f" {STRATEGIES[each.strategy]:<20}{share(each.wins):>8}{share(each.no_plan):>9}{amounts}"


def _signed(name: str, signed: tuple[str, ...]) -> list[str]:
    return wrap(f"{name}, signed today and paid in every world: {'; '.join(signed)}", " ", "   ") if signed else []


def _robust(robust: Robust, currency: str) -> list[str]:
    by = "Least worst-case regret" if robust.by == "regret" else f"Least cost at {share(robust.quantile)} of the worlds"
    if robust.same:
        return wrap(f"{by}: the recommended plan itself, {money(robust.value)} {currency} a month.")
    lines = wrap(f"{by}: {_rival(robust.chosen)}, {money(robust.value)} {currency} a month "
                 f"({money(robust.recommended_value)} with this plan).")  # fmt: skip
    if robust.insurance_per_month is not None:
        paid = robust.insurance_per_month
        more = "costs" if paid >= 0 else "saves"
        now = "" if robust.insurance_now is None else f"; {money(robust.insurance_now)} more with the figures as told"
        lines += wrap(f"The insurance {more} {money(abs(paid))} a month on the mean of the worlds{now}.", " ", "   ")
    return lines


def _rival(rival: Rival) -> str:
    signed = f" with {'; '.join(rival.signed)}" if rival.signed else ", nothing signed"
    return plain(f"{STRATEGIES[rival.strategy]}{signed}")


def _stress(stress: Stress) -> list[str]:
    slower = number(stress.slower)
    lines = wrap(f"Under stress: load x{number(stress.load)}, requests that take pools x{slower} as long, and both")
    broken = [each for each in stress.limits if each.breaks]
    for each in broken[:MOST]:
        lines += wrap(_limit(each), " - ", "   ")
    if any(each.unit == REPLICAS for each in broken):
        lines += wrap(
            "Replicas: the load of the busiest hour by the time that a request keeps one at the pool's tightest limit; "
            "a looser limit holds beyond what is up.", " ", "   ",
        )  # fmt: skip
    if len(broken) > MOST:
        lines.append(f" and {len(broken) - MOST} more limits")
    if stress.safe:
        lines += wrap(f"No known limit breaks: {', '.join(map(plain, stress.safe))}.", " ", "   ")
    if stress.unknown:
        lines += wrap(f"Rate limits unknown, ask: {', '.join(map(plain, stress.unknown))}.", " ", "   ")
    return lines


def _limit(each: Break) -> str:
    cases = ", ".join(CASES[case] for case in each.breaks)
    figures = f"breaks above x{number(each.stands)} ({number(each.asked)} of {number(each.held)} {each.unit} asked now)"
    return plain(f"{each.segment}: {each.limit} at {cut(each.option, 52)} {figures}; so with {cases}")
