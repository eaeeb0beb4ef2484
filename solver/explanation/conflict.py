"""The record of demands in conflict; `solver/conflicts.py` finds them."""

from pydantic import BaseModel

from solver.record import Part


class Conflict(Part, BaseModel):  # BaseModel once more, so that a linter of one file knows what its defaults are
    """One demand of a set that leaves no plan, where nothing fits; `number` is the set's.

    `found` is what the scenario asks under the key `requirement`, `repair` the least change of it that mends the
    scenario, both as people type them; `total_per_month_then` is the cheapest plan then. `changes` are all changes, as
    `--set KEY=VALUE` takes them: those of other sets stand among them where no change of this demand mends alone.
    No repair: `why` says so.
    """

    requirement: str
    found: str
    repair: str | None
    total_per_month_then: float | None
    changes: dict[str, str] = {}
    why: str = ""
    number: int = 1
