"""The plan as text: the verdict, the money, the reasons, the doubts, in that order; ASCII, at most 80 columns."""

from collections import Counter
from collections.abc import Iterable, Sequence

from solver.ageing import PRICE_DAYS, WAGE_DAYS
from solver.estimates import sentence
from solver.explanation.doubt_steps import steps_with
from solver.plan import CostLine, Fallback, Plan, Pool, loss_words, nearest, nearest_of_each_rule
from solver.refusals import Refusal
from wizard.text.conflict import conflict_lines
from wizard.text.doubts import doubt_lines
from wizard.text.findings import mistake_lines, pattern_lines, step_lines
from wizard.text.flips import flip_lines
from wizard.text.quality import scores_text
from wizard.text.refusals import reason, rule_words
from wizard.text.tables import (
    BASELINES,
    STATUSES,
    WIDTH,
    apportioned,
    cut,
    factors,
    money,
    number,
    plain,
    price,
    share,
    table,
    wrap,
)
from wizard.text.verdict import PER_MTOK, verdict_lines, verdict_words
from wizard.text.why_not import entering_lines, requirement_lines

_AMOUNT = 15
_ROOM = WIDTH - _AMOUNT - len("  est")
_NAME = 32
_CENT = 0.01
_LEANS = {"api": "leans to the API", "self_host": "leans to self-hosting", "neutral": "neutral"}


def plan_text(plan: Plan, name: str = "", every_refusal: bool = False) -> str:
    """The whole plan; with `every_refusal` each option that was turned down, else counts and the nearest."""
    parts = [
        _head(plan, name),
        verdict_lines(plan),
        pattern_lines(plan.patterns),
        conflict_lines(plan.conflict, plan.conflict_notes, plan.currency),
        _segments(plan),
        _fallbacks(plan),
        _bill(plan),
        _pools(plan),
        _baselines(plan),
        _readings(plan),
        scores_text(plan),
        requirement_lines(plan.requirements, plan.currency),
        entering_lines(plan.why_not, plan.currency),
        flip_lines(plan.flips, plan.currency),
        _checklist(plan),
        mistake_lines(plan.mistakes, plan.currency),
        _doubts(plan),
        doubt_lines(plan.ranking, plan.currency),
        _why_not(plan, every_refusal),
        _sources(plan),
        step_lines(steps_with(plan, plan.ranking)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def solution_line(plan: Plan) -> str:
    """Status, gap and bound in one line."""
    said = [STATUSES[plan.status]]
    if plan.gap is not None:
        said.append(f"gap {share(plan.gap)}")
    if plan.bound_per_month is not None:
        said.append(f"cannot be under {money(plan.bound_per_month)} a month")
    return ", ".join(said)


def _head(plan: Plan, name: str) -> list[str]:
    verdict = verdict_words(plan).upper()
    total = (
        "" if plan.total_per_month is None else f"{money(plan.total_per_month)} {plan.currency} a month, all counted"
    )
    lines = [f"{plain(name)}"] if name else []
    lines.append(f"{verdict}{total:>{WIDTH - len(verdict)}}" if total else verdict)
    lines.append(solution_line(plan))
    if plan.status in ("time_limit", "stopped") and plan.total_per_month is not None:
        least = plan.cheapest.bound_per_month if plan.cheapest else None
        under = "" if least is None else f" No plan of any kind can be under {money(least)}."
        lines += wrap(f"Not proven the cheapest: the solve ended before the bound met the plan.{under}")
    return lines


def _segments(plan: Plan) -> list[str]:
    if not plan.segments:
        return []
    rows: list[str] = []
    for segment in plan.segments:
        rows.append(f" {plain(segment.name)}: {segment.requests_per_month:,.0f} requests a month")
        rows += [
            f"   {cut(plain(served.option), 52):<52} {share(served.share):>7} {money(served.per_month):>15}"
            for served in segment.served_by
        ]
        if not segment.served_by:
            rows.append("   served by nothing")
    split = sum(served.per_month for segment in plan.segments for served in segment.served_by)
    if plan.total_per_month is not None and plan.total_per_month - split >= _CENT:
        shared = "of no one segment: people, set-up, what pools and losses share"
        rows.append(f" {shared:<62} {money(plan.total_per_month - split):>15}")
    return [f"Segments{'Share':>56}{'A month':>16}", *rows]


def _fallbacks(plan: Plan) -> list[str]:
    """What each segment does while something is lost; a loss that is not named here changes nothing."""
    if not plan.fallbacks:
        return []
    lines = [f"{'If something is lost':<48}{'Moves':>8}{'Served':>9}{'A month':>15}"]
    for name in dict.fromkeys(each.segment for each in plan.fallbacks):
        lines.append(f" {plain(name)}")
        for each in plan.fallbacks:
            lines += _fallback(each) if each.segment == name else []
    lines += wrap("Any other single loss that the policy names changes nothing for what must go on.", " ")
    for text in dict.fromkeys(each.estimate for each in plan.fallbacks if each.estimate):
        of = sorted({each.of for each in plan.fallbacks if each.estimate == text})
        more = f" and {len(of) - 1} more" if len(of) > 1 else ""
        lines += wrap(f"est, how long {of[0]}{more} is lost: {text}", " ", "   ")
    return lines


def _fallback(each: Fallback) -> list[str]:
    words = f"if {loss_words(each.lost, each.of)}, {share(each.month_share)} of the month"
    *above, last = wrap(words, "   ", "     ", 48)
    moved = sum(part.share for part in each.moved_to)
    return [
        *above,
        f"{last:<48}{share(moved):>8}{share(each.served):>9}{money(each.per_month):>15}",
        *(f"     to {cut(plain(part.option), 39):<39}{share(part.share):>9}" for part in each.moved_to),
    ]


def _bill(plan: Plan) -> list[str]:
    if not plan.lines or plan.total_per_month is None:
        return []
    amounts = apportioned([line.per_month for line in plan.lines], plan.total_per_month)
    lines = [f"The bill, {plan.currency} a month"]
    wide = max((len(line.name) for line in plan.lines if len(line.name) <= _NAME), default=0)
    for line, amount in zip(plan.lines, amounts, strict=True):
        lines += _bill_line(line, amount, wide)
    lines.append(f"{' total':<{_ROOM}}{money(plan.total_per_month):>{_AMOUNT}}")
    estimates: dict[str, list[str]] = {}
    for line in plan.lines:
        if line.estimate:
            estimates.setdefault(line.estimate, []).append(line.name)
    lines += wrap(f"{said}.", " ", "   ") if (said := sentence(plan.rests_on)) else []
    if any(line.stale for line in plan.lines):
        lines.append(f" old = a price of more than {PRICE_DAYS} days before {plan.day} (people: {WAGE_DAYS})")
    lines += [" est = an estimate:"] if estimates else []
    for text, names in estimates.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines += wrap(f"{names[0]}{more}: {text}", "   ", "     ")
    return lines


def _bill_line(line: CostLine, amount: float, wide: int) -> list[str]:
    """Name, quantity x price, amount; on two lines where one is too narrow for them."""
    quantity, each = factors(line.quantity, line.price)
    arithmetic = plain(f"{quantity} {line.unit} x {each}")
    paid = f"{money(amount):>{_AMOUNT}}{'  est' if line.estimate else '  old' if line.stale else ''}"
    name = plain(line.name)
    if len(name) <= wide and 3 + wide + len(arithmetic) < _ROOM:
        return [f"{f' {name:<{wide}}  {arithmetic}':<{_ROOM}}{paid}"]
    return [*wrap(name, " ", "   "), f"{'     ' + cut(arithmetic, _ROOM - 6):<{_ROOM}}{paid}"]


def _pools(plan: Plan) -> list[str]:
    lines = ["Pools"] if plan.pools else []
    for pool in plan.pools:
        lines += wrap(pool.option, " ", "   ")
        gpus = f"{pool.gpus_per_replica} x {pool.gpu} a replica, tensor parallel {pool.tensor_parallel}"
        lines += wrap(f"{pool.model} {pool.precision} on {gpus}, {pool.engine}; {pool.provider} {pool.region}", "   ")
        busy = f"busy {share(pool.utilisation)} at mean load" + (" est" if pool.estimate else "")
        lines += wrap(f"replicas: {_replicas(pool)}; {busy}", "   ")
        if pool.band:
            why = pool.measured or pool.estimate
            known = "measured" if pool.measured else "computed"
            lines += wrap(f"speed {known}, within {share(pool.band)}" + (f" ({why})" if why else ""), "   ")
    return lines


def _replicas(pool: Pool) -> str:
    """Replicas by purchase type: a count that never changes, else its range over the load blocks."""
    said = []
    for purchase in dict.fromkeys(row.purchase for row in pool.replicas):
        counts = [row.count for row in pool.replicas if row.purchase == purchase]
        always = any(row.block is None for row in pool.replicas if row.purchase == purchase)
        low, high = min(counts), max(counts)
        spread = number(high) if always or low == high else f"{number(low)} to {number(high)}"
        words = (
            purchase.replace("_", " ").replace(" 1m", " 1 month").replace(" 1y", " 1 year").replace(" 3y", " 3 years")
        )
        said.append(f"{spread} {words}" + ("" if always else f" in {len(counts)} load blocks"))
    return ", ".join(said) or "none"


def _baselines(plan: Plan) -> list[str]:
    if not plan.baselines:
        return []
    lines = [f"Beside it, {plan.currency} a month"]
    for baseline in plan.baselines:
        name = BASELINES[baseline.name]
        if baseline.total_per_month is None:
            lines += wrap(f"none: {baseline.why_null or 'no such plan'}", f" {name:<14}", " " * 17)
            continue
        ratio = ""
        if plan.total_per_month:
            ratio = f"  {baseline.total_per_month / plan.total_per_month:.2f} times this plan"
        if baseline.per_mtok is not None:
            ratio += f", {price(baseline.per_mtok)} a million tokens"
        lines.append(f" {name:<14}{money(baseline.total_per_month):>15}{ratio}")
        lines += wrap(baseline.why_null, " " * 17) if baseline.why_null else []
    if any(baseline.per_mtok is not None for baseline in plan.baselines):
        lines += wrap(PER_MTOK, " ")
    return lines


def _readings(plan: Plan) -> list[str]:
    lines = ["To read beside it"] if plan.readings else []
    for reading in plan.readings:
        says = f" ({reading.says})" if reading.says else ""
        of = reading.unit.removeprefix("share ")
        value = share(reading.value) if of != reading.unit else number(reading.value)
        lines += wrap(f"{reading.name}: {value} {of}{says}", " ", "   ")
    return lines


def _checklist(plan: Plan) -> list[str]:
    if not plan.checklist:
        return []
    tally = Counter(item.lean for item in plan.checklist)
    lines = [f"Checklist: API {tally['api']}, self-host {tally['self_host']}, neutral {tally['neutral']}"]
    for item in plan.checklist:
        advice = f". {item.advice}" if item.advice else ""
        lines += wrap(f"{item.item}: {item.answer}; {_LEANS[item.lean]}{advice}", " ", "   ")
    return lines


def _doubts(plan: Plan) -> list[str]:
    lines = ["Doubts"] if plan.doubts else []
    for doubt in plan.doubts:
        lines += wrap(doubt, " - ")
    return lines


def _why_not(plan: Plan, every: bool) -> list[str]:
    if not plan.refusal_counts and not plan.refusals:
        return []
    counts = sorted(plan.refusal_counts.items(), key=lambda item: (-item[1], item[0]))
    total = sum(plan.refusal_counts.values())
    lines = [f"Why not: {total:,} pairs of segment and option turned down"] if total else ["Why not"]
    if counts:
        lines += wrap(", ".join(f"{count:,} {rule_words(rule)}" for rule, count in counts), " ")
    if every:
        return lines + _refusal_lines(nearest(plan.refusals, None))
    if plan.verdict == "no_plan":
        return lines + _nearest_by_segment(plan)
    lines.append(" the nearest to passing of each rule:")
    return lines + _refusal_lines(nearest_of_each_rule(plan.refusals))


def _nearest_by_segment(plan: Plan) -> list[str]:
    lines: list[str] = []
    for segment in sorted({refusal.segment for refusal in plan.refusals}):
        mine = tuple(refusal for refusal in plan.refusals if refusal.segment == segment)
        lines.append(f" nearest for {plain(segment) or 'every segment'}:")
        lines += _refusal_lines(nearest_of_each_rule(mine))
    return lines


def _refusal_lines(refusals: Sequence[Refusal]) -> list[str]:
    """One line each; what more is told of a refusal stands under the first that it is told of."""
    rows = [(cut(f"{r.segment}: {r.option}" if r.segment else r.option, 44), reason(r)) for r in refusals]
    lines: list[str] = []
    noted: set[str] = set()
    for line, refusal in zip(table(rows, "<<", indent=3), refusals, strict=True):
        lines.append(line)
        if refusal.note and refusal.note not in noted:
            lines += wrap(refusal.note, "     ")
        noted.add(refusal.note)
    return lines


def _sources(plan: Plan) -> list[str]:
    solved = f"; solved in {plan.seconds:.2f} s" if plan.seconds else ""
    aged = f", ages counted on {plan.day}" if plan.day not in ("", plan.catalog_as_of) else ""
    lines = wrap(f"Catalog as of {plan.catalog_as_of}{aged}; prices without tax{solved}")
    for key, rate in sorted(plan.exchange_rates.items()):
        lines += wrap(f"exchange rate {key}: {number(rate.value)} {rate.unit}, {rate.date}, {rate.source}", " ", "   ")
    named = Counter(source for source in _named_sources(plan))
    for source, _ in named.most_common(8):
        lines += wrap(source, " - ")
    if len(named) > 8:
        lines.append(f" and {len(named) - 8} more: --json names the source of each price")
    return lines


def _named_sources(plan: Plan) -> Iterable[str]:
    yield from (line.source for line in plan.lines if line.source)
    yield from (used.source for used in plan.prices.values() if used.source)
