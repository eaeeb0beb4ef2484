"""Designs as columns: each is a place on every axis of the catalog, and becomes a record or a text only where it stays.

The catalog raises tens of thousands of designs; a few thousand are refused by name or kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.intp]
MODEL, PRECISION, GPU, ENGINE = range(4)
"""The axes along which a design is told by an id."""


@dataclass(frozen=True)
class Design:
    """A replica to be sized: catalog ids, and the GPUs of one replica.

    `attention_groups` is dp: None lets the model choose, 1 where attention is not latent.
    """

    model: str
    precision: str
    gpu: str
    gpus: int
    engine: str
    attention_groups: int | None = None


def design_id(design: Design) -> str:
    """`model:precision/NxGPU/engine`, the id without a provider."""
    return _id(design.model, design.precision, design.gpu, design.engine, design.gpus)


def _id(model: str, precision: str, gpu: str, engine: str, gpus: int) -> str:
    return f"{model}:{precision}/{gpus}x{gpu}/{engine}"


@dataclass(frozen=True)
class DesignColumns:
    """`axes` hold the ids along MODEL, PRECISION, GPU and ENGINE, `place` [axis, design] where each design stands.

    `gpus` [design] are those of a replica, `groups` [design] the attention groups asked for (0: the model chooses).
    """

    axes: tuple[tuple[str, ...], ...]
    place: Index
    gpus: NDArray[np.int64]
    groups: NDArray[np.int64]

    @classmethod
    def of(cls, designs: Sequence[Design]) -> "DesignColumns":
        """Records as columns."""
        ids = [[d.model for d in designs], [d.precision for d in designs], [d.gpu for d in designs]]
        ids.append([d.engine for d in designs])
        axes = tuple(tuple(dict.fromkeys(each)) for each in ids)
        at = [{id_: i for i, id_ in enumerate(axis)} for axis in axes]
        return cls(
            axes,
            np.array([[known[id_] for id_ in each] for known, each in zip(at, ids, strict=True)], dtype=np.intp),
            np.array([d.gpus for d in designs], dtype=np.int64),
            np.array([d.attention_groups or 0 for d in designs], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.gpus)

    def __getitem__(self, row: int) -> Design:
        """One design as a record."""
        model, precision, gpu, engine = self._ids(row)
        return Design(model, precision, gpu, int(self.gpus[row]), engine, int(self.groups[row]) or None)

    def _ids(self, row: int) -> tuple[str, str, str, str]:
        (models, precisions, gpus, engines), (m, p, g, e) = self.axes, self.place[:, row].tolist()
        return models[m], precisions[p], gpus[g], engines[e]

    def take(self, rows: Index) -> "DesignColumns":
        """The same for some of the designs."""
        return replace(self, place=self.place[:, rows], gpus=self.gpus[rows], groups=self.groups[rows])

    def plus(self, designs: Sequence[Design]) -> "DesignColumns":
        """These designs and more, given as records."""
        more = DesignColumns.of(designs)
        axes = tuple(tuple(dict.fromkeys((*a, *b))) for a, b in zip(self.axes, more.axes, strict=True))
        moved = [[axis.index(id_) for id_ in ids] for axis, ids in zip(axes, more.axes, strict=True)]
        place = np.array([np.array(to, dtype=np.intp)[at] for to, at in zip(moved, more.place, strict=True)])
        return DesignColumns(
            axes,
            np.concatenate([self.place, place], axis=1),
            np.concatenate([self.gpus, more.gpus]),
            np.concatenate([self.groups, more.groups]),
        )

    @cached_property
    def records(self) -> tuple[Design, ...]:
        """All designs as records."""
        models, precisions, gpus, engines = self.axes
        return tuple(
            Design(models[m], precisions[p], gpus[g], n, engines[e], groups or None)
            for m, p, g, e, n, groups in zip(
                *self.place.tolist(), self.gpus.tolist(), self.groups.tolist(), strict=True
            )
        )

    def has(self, axis: int, id_: str) -> NDArray[np.bool_]:
        """Whether each design has this id on an axis."""
        at = self.axes[axis].index(id_) if id_ in self.axes[axis] else -1
        return np.asarray(self.place[axis] == at)

    def id(self, row: int) -> str:
        """The id of a design without a provider."""
        return _id(*self._ids(row), int(self.gpus[row]))

    def kinds(self, *axes: int) -> tuple[list[tuple[str, ...]], Index]:
        """Distinct combinations of ids on some axes, and which of them each design has."""
        key = np.zeros(len(self), dtype=np.intp)
        for axis in axes:
            key = key * len(self.axes[axis]) + self.place[axis]
        _, first, kind = np.unique(key, return_index=True, return_inverse=True)
        ids = [[self.axes[axis][i] for i in self.place[axis, first].tolist()] for axis in axes]
        return list(zip(*ids, strict=True)), kind.reshape(-1).astype(np.intp)

    def places(self, wanted: Iterable[Design]) -> dict[Design, int]:
        """Where the designs stand that are here, among those asked for."""
        found: dict[Design, int] = {}
        for design in wanted:
            at = self.gpus == design.gpus
            for axis, id_ in enumerate((design.model, design.precision, design.gpu, design.engine)):
                at &= self.has(axis, id_)
            if at.any():
                found[design] = int(np.argmax(at))
        return found
