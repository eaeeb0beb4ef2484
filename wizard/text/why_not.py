"""What would enter a plan at which price, and what each requirement costs, as text; ASCII, at most 80 columns."""

from collections.abc import Iterable, Sequence

from solver.explanation.reasons import RulePrice, WhyNot, WhyNotTable
from wizard.text.refusals import reason_of
from wizard.text.tables import cut, money, plain, price, share, wrap

MOST = 20
"""Groups of options in a table that is not whole."""
FREE = 5
"""Requirements that cost nothing in a list that is not whole."""


def why_not_text(table: WhyNotTable, name: str = "", every: bool = False) -> str:
    """The table: what enters, nearest first, one line a model and GPU (or a supplier's model); then what does not."""
    lines = [plain(name)] if name else []
    lines += [f"Why not: to beat {money(table.total_per_month)} {table.currency} a month", *_counts(table), ""]
    entering = _of(table, "margin", "enters_at", "not_above")
    lines += entering_lines(entering, table.currency, every, whole=True)
    never = _of(table, "never")
    if never:
        pools, apis = (sum(1 + len(e.alike) for e in never if e.kind == kind) for kind in ("pool", "api"))
        lines += ["", *wrap(f"At no price, not even for free: {_many(pools, 'pool')} and {_many(apis, 'API')}.", "")]
        lines += [f"   {plain(each.option)}" for each in never] if every else []
    refused = _of(table, "refusal")
    if refused:
        lines += ["", "Turned down" if every else "Turned down, the nearest to passing"]
        lines += _refusals(refused if every else _one_of_each(refused))
    if table.cut:
        lines += ["", *wrap(f"{table.cut}.")]
    return "\n".join(lines) + "\n"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _of(table: WhyNotTable, *answers: str) -> list[WhyNot]:
    return [each for each in table.options if each.answer in answers]


def entering_lines(options: Sequence[WhyNot], currency: str, every: bool = True, whole: bool = False) -> list[str]:
    """The options that would enter a plan, nearest first; in groups unless every one is asked for."""
    if not options:
        return ["Nothing would enter at any price."] if whole else []
    lines = [f"{'What would enter, all else as it is':<56}{'At':>7} {currency + ' then':>15}"]
    lines += wrap(
        "At: the share of its price of today below which it enters, and that price: of a pool for a replica-hour, of "
        "an API for a million tokens of input.", " ",
    )  # fmt: skip
    groups: dict[str, list[WhyNot]] = {}
    for each in options:
        groups.setdefault(each.option if every else group_of(each), []).append(each)
    shown = list(groups.values())[: None if every else MOST]
    for first, *others in shown:
        lines.append(_line(first))
        more = [*others, *first.alike]
        told = [f"{len(more)} more like it" if first.alike and not others else f"{len(more)} more of it, no nearer"]
        lines += wrap("; ".join([*_told(first), *(told if more else [])]), "     ")
    hidden = sum(len(each) for each in list(groups.values())[len(shown) :])
    return [*lines, *([f" and {hidden:,} more: --all"] if hidden else [])]


def group_of(each: WhyNot) -> str:
    """The model and GPU of a pool, the supplier and model of an API: those in one group differ in little."""
    if each.kind == "pool":
        model, _, rest = each.option.partition(":")
        return f"{model} on {rest.split('/')[1] if '/' in rest else rest}"
    return each.option.split("@")[0].split(":")[0]


def _line(each: WhyNot) -> str:
    at = "now" if each.answer == "margin" else share(each.price_factor if each.price_factor else each.bound)
    then = "" if each.price_then is None else price(each.price_then)
    less = "<" if each.answer == "not_above" else ""
    return f" {cut(plain(each.option), 54):<55}{less + at:>7} {then:>15}"


def _told(each: WhyNot) -> Iterable[str]:
    """What else there is to say of an option."""
    if each.answer == "margin":
        yield "in the cheapest plan, which is not the recommended one"
        return
    now = "" if each.price_now is None else f"{price(each.price_now)} a {each.unit} now"
    if each.answer == "not_above":
        yield _bounded(each)
        return
    if each.by:
        yield f"{now}; time ended, but it may stand in for {plain(each.by)}, which was solved; perhaps it enters sooner"
        return
    if each.instead_of:
        yield (
            f"{now}; time ended before it was solved: that is what it takes in the place of {plain(each.instead_of)}; "
            "perhaps it enters sooner"
        )
        return
    yield now if (each.price_factor or 0.0) < 1 else f"{now}: it may enter at that, as a plan with it is within the gap"
    if each.speed_factor is not None:
        yield f"or {each.speed_factor:.2f} times as fast"
    if not each.proven:
        beside = "any API" if each.wide else "no other API"
        yield f"beside the plan's own options and {beside}; with others not ruled out sooner"


def _bounded(each: WhyNot) -> str:
    """What a bound says of an option that time left unsolved."""
    bound = each.bound
    if bound is None or bound >= 1:
        return "time ended before it was solved, and no bound says by how much it is too dear"
    beside = "whatever else is used" if each.at_most_own is None else "beside the plan's own pools and any API"
    return f"time ended; by a bound it must be at least {share(1 - bound)} cheaper, {beside}, and perhaps far more"


def _counts(table: WhyNotTable) -> list[str]:
    words = {
        "margin": "are in the cheapest plan", "enters_at": "enter at a lower price", "never": "enter at no price",
        "not_above": "have a bound alone", "refusal": "pairs of segment and option are turned down",
    }  # fmt: skip
    said = [f"{table.counts[key]:,} {text}" for key, text in words.items() if table.counts.get(key)]
    return wrap("; ".join(said), " ") if said else []


def _one_of_each(refused: Sequence[WhyNot]) -> list[WhyNot]:
    first: dict[tuple[str, ...], WhyNot] = {}
    for each in refused:
        first.setdefault((each.rule, *each.serves), each)
    return list(first.values())


def _refusals(refused: Iterable[WhyNot]) -> list[str]:
    lines: list[str] = []
    for each in refused:
        whom = f"{each.serves[0]}: " if each.serves else ""
        told = reason_of(each.rule, each.found, each.wanted, each.unit)
        lines += wrap(f"{whom}{each.option}: {told}", " ", "   ")
    return lines


def requirement_lines(prices: Sequence[RulePrice], currency: str, every: bool = False) -> list[str]:
    """What each requirement costs a month, the dearest first; those that cost nothing say why."""
    if not prices:
        return []
    lines = [f"{'What each requirement costs':<62}{currency + ' a month':>18}"]
    costing = [each for each in prices if each.per_month is None or each.per_month > 0 or not each.proven]
    free = [each for each in prices if each not in costing]
    for each in costing:
        amount = "?" if each.per_month is None else ("" if each.proven else ">= ") + money(each.per_month)
        words = f"{_key(each)}: {each.asked}, not {each.without}"
        lines.append(f" {cut(plain(words), 60):<61}{amount:>18}")
        lines += wrap(each.why, "     ") if each.why else []
    shown = free if every else free[:FREE]
    for each in shown:
        lines.append(f" {cut(plain(f'{_key(each)}: {each.asked}, not {each.without}'), 60):<61}{'0':>18}")
        lines += wrap(each.why, "     ")
    if len(free) > len(shown):
        names = ", ".join(map(_key, free[len(shown) :]))
        lines += wrap(f"and nothing: {names}", " ", "   ")
    return lines


def _key(each: RulePrice) -> str:
    return each.requirement.removeprefix("segment.")
