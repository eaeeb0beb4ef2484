"""What moved between two plans that takes solving to tell: the bill by prices, by you, by the model, and the flips."""

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING, Literal

from solver.comparison import Comparison
from solver.plan import Part
from wizard.what_if import where_told

if TYPE_CHECKING:
    from wizard.explorer import Explored

CENT = 0.005
NEVER, UNKNOWN = "never", "unknown"


class Split(Part):
    """Parts of the difference of two bills, a month in the plans' currency; they add up to it by construction.

    by_model: the old answers solved again with the prices of their day, less the old plan; by_prices: the same with the
    new plan's catalog, less that; by_you: the new plan, less that. `solved`: False where nothing had to be solved.
    """

    by_prices: float
    by_you: float
    by_model: float
    same_answers: bool
    solved: bool = True


class FlipMoved(Part):
    """Where a lever flips the verdict of the old plan and of the new one, all else equal: `x 3.9`, `low`, `never`.

    `unknown` where none was found in time, nor that there is none.
    """

    lever: str
    title: str
    old: str
    new: str
    way: Literal["further away", "nearer", "same"]


def moved(found: Comparison) -> bool:
    """Whether the bill of the two differs, in one currency."""
    return found.difference is not None and abs(found.difference) >= CENT


def takes_solving(found: Comparison) -> bool:
    """Whether the parts are known only once the old answers are solved again."""
    return moved(found) and not (_same_answers(found) and found.old_catalog == found.new_catalog)


def _same_answers(found: Comparison) -> bool:
    return not any(each.subject == "scenario" for each in found.changes)


def split_of(found: Comparison, total: Callable[[str], float | None]) -> Split | str:
    """The parts of the difference, or why they cannot be told; `total` solves the old answers with a day's prices."""
    assert found.difference is not None
    assert found.old_total is not None
    assert found.new_total is not None
    same = _same_answers(found)
    if not takes_solving(found):
        return Split(by_prices=0.0, by_you=0.0, by_model=found.difference, same_answers=same, solved=False)
    try:
        then = total(found.old_catalog)
        now = found.new_total if same else then if found.old_catalog == found.new_catalog else total(found.new_catalog)
    except Exception as error:
        return f"the old answers cannot be solved again ({error})".splitlines()[0]
    if then is None or now is None:
        return "no plan fits the old answers any more"
    return Split(by_prices=now - then, by_you=found.new_total - now, by_model=then - found.old_total, same_answers=same)


def split_lines(found: Comparison, split: Split | str) -> list[str]:
    """`by prices  -610   catalog of ... -> ...` and its two fellows; one line where they are not known."""
    if isinstance(split, str):
        return [f"  by prices, by you, by the model: {split}"]
    if not split.solved:
        return [
            _part("by the model", split.by_model, "same answers and prices: another version, or another time limit")
        ]
    catalogs = f"catalog of {found.old_catalog} -> {found.new_catalog}"
    return [
        _part("by prices", split.by_prices, catalogs if found.old_catalog != found.new_catalog else "same catalog"),
        _part("by you", split.by_you, "same answers" if split.same_answers else "then the changed answers"),
        _part("by the model", split.by_model, "old answers, old prices, solved by this version"),
    ]


def _part(name: str, value: float, why: str) -> str:
    amount = f"{value:+,.0f}" if abs(value) >= 0.5 else "0"
    return f"  {name:<12}{amount:>10}   {why}"


def flips_moved(old: "Explored", new: "Explored") -> Iterator[int | FlipMoved]:
    """The count of levers, then each, those first whose moves raise no options; each plan with the prices of its day.

    Seconds to tens of seconds a lever. Raises what making an explorer raises; ends when the old one is over.
    """
    explorers = [each.explorer() for each in (old, new)]
    levers = [each for each in explorers[1].levers() if not each.still]
    yield len(levers)
    for lever in sorted(levers, key=lambda each: not each.quick):
        ends: list[tuple[str, float]] = []
        for explorer, explored in zip(explorers, (old, new), strict=True):
            flips = explorer.flips(lever.name, explored.stop()).flips
            of_verdict = [each for each in flips if each.what == "verdict"]
            near = min(
                (each for each in of_verdict if each.by is not None), key=lambda each: each.distance, default=None
            )
            none = UNKNOWN if any(each.cut or not each.proven for each in of_verdict) else NEVER
            ends.append((none, inf) if near is None else (where_told(lever, near), near.distance))
        if old.over.is_set():
            return
        (before, near_then), (after, near_now) = ends
        way: Literal["further away", "nearer", "same"] = (
            "same" if before == after or near_now == near_then else "further away" if near_now > near_then else "nearer"
        )
        yield FlipMoved(lever=lever.name, title=lever.title, old=before, new=after, way=way)


def stay_told(found: Sequence[FlipMoved]) -> str:
    """`3 levers flip where they did. 1 lever flips neither plan.`; each only where there is one."""
    same = [each for each in found if each.way == "same"]
    neither = sum(each.old in (NEVER, UNKNOWN) for each in same)
    said = (
        (len(same) - neither, "1 lever flips where it did.", "levers flip where they did."),
        (neither, "1 lever flips neither plan.", "levers flip neither plan."),
    )
    return " ".join(one if count == 1 else f"{count} {many}" for count, one, many in said if count)
