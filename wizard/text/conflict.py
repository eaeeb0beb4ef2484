"""Demands in conflict as text: what was asked, the least change of each, and what the plan then costs."""

from collections.abc import Iterable, Mapping, Sequence

from solver.explanation.conflict import Conflict
from wizard.text.tables import cut, money, plain, wrap

_KEY, _ASKED, _INSTEAD, _MONEY = 26, 14, 20, 16


def short_key(key: str) -> str:
    """A key as people type it: `chat.ttft` for `segment.chat.ttft`; the load of all in words."""
    return "all requests" if key == "requests" else key.removeprefix("segment.")


def setting(changes: Mapping[str, str]) -> str:
    """Changes as `--set` takes them: `--set chat.ttft='340 ms'`."""
    return " ".join(f"--set {short_key(key)}={_quoted(text)}" for key, text in changes.items())


def conflict_lines(members: Sequence[Conflict], notes: Sequence[str], currency: str) -> list[str]:
    """The sets in conflict, one demand a line; nothing where none was found."""
    if not members:
        return wrap("; ".join(notes), "In conflict: ", " ") if notes else []
    then = f"{currency} a month then"
    lines = [f"{'In conflict':<{_KEY + 1}}{'asked':<{_ASKED}}{'least change':<{_INSTEAD}}{then:>{_MONEY + 3}}"]
    numbers = list(dict.fromkeys(member.number for member in members))
    for number in numbers:
        mine = [member for member in members if member.number == number]
        if len(numbers) > 1:
            lines.append(f" {number} of {len(numbers)}")
        lines += [_row(member) for member in mine]
        for member in mine:
            lines += wrap(beside(member, currency), "   ", "     ") if member.repair is None or member.why else []
    one = "These demands leave" if len(members) > 1 else "This demand leaves"
    several = "A set leaves" if len(numbers) > 1 else one
    less = "; without any one of them there would be one" if len(members) > 1 else ""
    lines += wrap(f"{several} no plan, whatever else is dropped{less}.", " ")
    for note in notes:
        lines += wrap(note, " ", "   ")
    return lines


def beside(member: Conflict, currency: str) -> str:
    """What else must change, or why no change mends it."""
    key = short_key(member.requirement)
    if member.repair is not None:
        return f"{key}: {member.why}"
    if not member.changes:
        return f"{key}: no change of it alone mends it: {member.why}"
    others = " and ".join(f"{short_key(other)}={text}" for other, text in member.changes.items())
    total = member.total_per_month_then
    cost = "" if total is None else f", for {money(total)} {currency} a month"
    return f"{key}: not alone; {others} mend it together{cost}"


def _row(member: Conflict) -> str:
    instead = member.repair if member.repair is not None else "not alone"
    then = "" if member.repair is None else money(member.total_per_month_then)
    cells = (
        f" {cut(plain(short_key(member.requirement)), _KEY - 1):<{_KEY}}",
        f"{cut(plain(member.found), _ASKED - 1):<{_ASKED}}",
        f"{cut(plain(instead), _INSTEAD - 1):<{_INSTEAD}}",
        f"{then:>{_MONEY + 3}}",
    )
    return "".join(cells).rstrip()


def _quoted(text: str) -> str:
    return f"'{text}'" if any(not (char.isalnum() or char in ".%/_-") for char in text) else text


def settings(members: Iterable[Conflict]) -> list[str]:
    """For each demand with a repair of its own, the words that make it."""
    return [setting(member.changes) for member in members if member.repair is not None]
