"""What would flip the decision, as text: the nearest first, then what never does, then what time left open."""

from collections.abc import Iterable, Iterator

from solver.explanation.flip_records import Flip, Flips
from wizard.text.tables import VERDICTS, money, number, plain, wrap


def flip_lines(found: Flips | None, currency: str) -> list[str]:
    """The section; empty where nobody looked for flips."""
    if found is None:
        return []
    lines = ["What would flip it, the nearest first (solved at each value, to 1%)"]
    for flip in found.flips:
        if flip.by is not None:
            lines += wrap(told(flip, currency), " - ")
    never = [reach(flip) for flip in found.flips if flip.by is None and flip.proven and not flip.cut]
    open_ = [reach(flip) for flip in found.flips if flip.by is None and not (flip.proven and not flip.cut)]
    lines += _listed("Never (no other verdict, nor plan)", never)
    lines += _listed("None found, nor shown that there is none", open_)
    lines += _listed("Moves nothing here", (f"{name} ({why})" for name, why in found.still.items()))
    if found.cut:
        after = f" after {found.seconds:.0f} s" if found.seconds else ""
        lines += wrap(f"Time ended the search{after}; --flips gives it more.", " ! ")
    return lines


def told(flip: Flip, currency: str) -> str:
    """One flip in a sentence: `requests 1.2M -> 3.4M requests/month (x2.8): self-host, 2,920 a month`."""
    at = f"{plain(flip.title)}{_values(flip)} ({move(flip, flip.by or 0.0)})"
    cost = "" if flip.total_per_month is None else f", {money(flip.total_per_month)} {currency} a month"
    sure = "" if flip.proven and not flip.cut else " (not proven to be the nearest)"
    if flip.what == "verdict":
        return f"{at}: {VERDICTS[flip.after or 'no_plan']}{cost}{sure}"
    new = [plain(option) for option in flip.options_after if option not in flip.options_before]
    return f"{at}: another plan, with {', '.join(new)}{cost}{sure}"


def move(flip: Flip, by: float) -> str:
    """The move: `x0.35`, `1 step up`."""
    if not flip.steps:
        return f"x{by:.3g}"
    return f"{abs(by):.0f} step{'' if abs(by) == 1 else 's'} {flip.side}"


def reach(flip: Flip) -> str:
    """How far a lever was looked at: `requests up to x100`."""
    return f"{plain(flip.title)} {flip.side} to {move(flip, flip.still_by)}"


def _values(flip: Flip) -> str:
    if flip.value_now is None or flip.value is None:
        return ""
    return f" {number(flip.value_now)} -> {number(flip.value)} {plain(flip.unit)}".rstrip()


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    texts = [*items]
    if texts:
        yield from wrap(f"{title}: {', '.join(texts)}.", " ", "   ")
