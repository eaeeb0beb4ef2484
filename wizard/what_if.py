"""What if: levers moved by keys, the answers to the moves, and what flips the decision. No screen, no solver."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from wizard.text.tables import number

if TYPE_CHECKING:
    from solver.explanation.exploring import LeverNow, Volume
    from solver.explanation.flip_records import Flip, Flips
    from solver.explanation.quick import Answer

LADDER = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0,
)  # fmt: skip
"""Factors that left and right go through."""
WANTED = "a factor or a change: x 2, 0.5x, +30%"
WANTED_STEPS = "whole steps, such as +1 or -1"
Moves = tuple[tuple[str, float], ...]


@dataclass
class WhatIf:
    """The levers of one plan, how far each is moved, and what is known of it. Threads write answers, keys the moves."""

    levers: tuple["LeverNow", ...] = ()
    moves: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    last: str = ""
    answers: dict[Moves, "Answer"] = field(default_factory=dict)
    kept: dict[Moves, float | None] = field(default_factory=dict)
    """What the plan's own options cost after the moves; inf where they cannot serve the load any more."""
    values: dict[Moves, dict[str, float | str]] = field(default_factory=dict)
    looked: dict[str, "Flips"] = field(default_factory=dict)
    flips: dict[str, list["Flip"]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    saved: set[str] = field(default_factory=set)
    volumes: dict[float, "Volume"] = field(default_factory=dict)
    problem: str = ""
    order: tuple[str, ...] = ()

    def lever(self, name: str) -> "LeverNow | None":
        """The lever of a name."""
        return next((each for each in self.levers if each.name == name), None)

    @property
    def key(self) -> Moves:
        """The moves made, as a key."""
        return tuple(sorted(self.moves.items()))

    @property
    def answer(self) -> "Answer | None":
        """The answer to the moves; None while it is solved."""
        return self.answers.get(self.key)

    @property
    def base(self) -> "Answer | None":
        """The answer without a move."""
        return self.answers.get(())

    def at(self, lever: "LeverNow") -> float:
        """How far a lever is moved."""
        return self.moves.get(lever.name, 0.0 if lever.steps else 1.0)

    def set(self, lever: "LeverNow", by: float) -> str:
        """Move a lever; say why it cannot go so far."""
        if lever.still:
            return f"{lever.title} cannot be moved: {lever.still}."
        if not lever.low * (1 - 1e-9 * (lever.low > 0)) <= by <= lever.high * (1 + 1e-9):
            return f"{lever.title} goes from {told(lever, lever.low)} to {told(lever, lever.high)}."
        if by == self.at(lever):
            return ""
        self.history.append(dict(self.moves))
        self.moves = {**self.moves, lever.name: by}
        if by == (0.0 if lever.steps else 1.0):
            del self.moves[lever.name]
        self.last = lever.name
        return ""

    def step(self, lever: "LeverNow", way: int) -> str:
        """Move a lever to the next place up or down its ladder."""
        now = self.at(lever)
        if lever.steps:
            return self.set(lever, now + way)
        ladder = sorted({*(by for by in LADDER if lever.low <= by <= lever.high), lever.low, lever.high})
        places = [by for by in ladder if (by > now * 1.001 if way > 0 else by < now * 0.999)]
        if not places:
            return self.set(lever, now * (1.01 if way > 0 else 0.99))
        return self.set(lever, min(places) if way > 0 else max(places))

    def undo(self) -> bool:
        """Take the last move back."""
        if not self.history:
            return False
        self.moves = self.history.pop()
        return True

    def nearest(self, name: str) -> "Flip | None":
        """The move of a lever at which another verdict wins, the nearer of both sides."""
        return min(
            (each for each in self.flips.get(name, ()) if each.by is not None), key=lambda f: f.distance, default=None
        )

    def whole(self) -> "Flips | None":
        """What flips the decision, all levers together, the nearest first; None until every lever was looked at."""
        moving = [lever for lever in self.levers if not lever.still]
        if not moving or any(lever.name not in self.looked for lever in moving):
            return None
        each = [self.looked[lever.name] for lever in moving]
        return each[0].model_copy(
            update={
                "flips": tuple(
                    sorted((flip for found in each for flip in found.flips), key=lambda flip: flip.distance)
                ),
                "still": {lever.name: lever.still for lever in self.levers if lever.still},
                "cut": any(found.cut for found in each),
                "solves": sum(found.solves for found in each),
                "seconds": sum(found.seconds for found in each),
            }
        )

    def learn(self, lever: str, found: "Flips", saved: bool = False) -> None:
        """Take what flips one lever, as it was looked for now or as it was saved with the plan."""
        self.looked[lever] = found
        self.flips[lever] = [each for each in found.flips if each.what == "verdict"]
        if found.cut:
            self.cut.add(lever)
        if saved:
            self.saved.add(lever)

    def sort(self) -> None:
        """Order the levers by how near they flip the verdict; those not looked at stay behind, the still ones last."""

        def rank(lever: "LeverNow") -> tuple[bool, float]:
            flip = self.nearest(lever.name)
            return bool(lever.still), flip.distance if flip is not None else inf

        self.order = tuple(each.name for each in sorted(self.levers, key=rank))


def told(lever: "LeverNow", by: float) -> str:
    """A move as it is written: `x 1.25`, `+1`."""
    return f"{by:+.0f}" if lever.steps else f"x {by:.3g}"


def where_told(lever: "LeverNow", flip: "Flip") -> str:
    """Where a flip lies: `x 5.1`, `low`."""
    if isinstance(flip.value, str) and lever.steps:
        return flip.value
    return told(lever, flip.by or 0.0)


def value_told(lever: "LeverNow", value: float | str) -> str:
    """A value of a lever in a few cells: `1.8M/month`, `list` where only factors tell."""
    if value == "":
        return "as listed"
    if isinstance(value, str):
        return value
    unit = lever.unit.rpartition("/")[2] if "/" in lever.unit else ""
    if lever.name == "exchange_rate":
        return number(value)
    return f"{short(value)}{f'/{unit}' if unit else ''}"


def short(value: float) -> str:
    """`1.8M`, `160k`, `3.4`."""
    for size, mark in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{mark}"
    return f"{value:.3g}"


def read_move(lever: "LeverNow", text: str) -> float:
    """The move that a text means; ValueError with what is wanted."""
    cleaned = text.strip().replace(" ", "").replace(",", "")
    if lever.steps:
        if not re.fullmatch(r"[+-]?\d{1,2}", cleaned):
            raise ValueError(WANTED_STEPS)
        return float(cleaned)
    if match := re.fullmatch(r"x?(\d+\.?\d*|\.\d+)x?", cleaned):
        by = float(match[1])
    elif match := re.fullmatch(r"([+-]\d+\.?\d*)%", cleaned):
        by = 1 + float(match[1]) / 100
    else:
        raise ValueError(WANTED)
    if not lever.low * (1 - 1e-9) <= by <= lever.high * (1 + 1e-9):
        raise ValueError(f"from {told(lever, lever.low)} to {told(lever, lever.high)}")
    return by


def kept(levers: Mapping[str, float]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Of moves, those that answers of a plan can hold, and the others: prices and rates are the market's."""
    able = {name: by for name, by in levers.items() if name in IN_ANSWERS}
    return able, tuple(name for name in levers if name not in able)


IN_ANSWERS = {
    "requests": "segment.*.requests", "output_tokens": "segment.*.output_tokens", "salary": "team.engineer_cost",
    "quality": "segment.*.quality", "commitment": "policy.purchase_types",
}  # fmt: skip
"""The scenario's key of each lever that has one."""
