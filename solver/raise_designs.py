"""Every pool design of the catalog: model x precision x GPU x GPUs of a replica x engine, before anybody sells it.

What cannot run, may not be used or is not good enough is turned down here, over arrays; performance (design_rates.py)
and prices (pool_options.py) come later, for what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from catalogs.records import Engine, Gpu, Precision
from solver.compliance import Reason, licence_reasons
from solver.design_arrays import Design, is_sized
from solver.quality_gate import QualityGate
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Segment

GPUS = (1, 2, 4, 8)
"""GPUs of a replica that are tried: tensor parallel degrees within a node."""

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Axes:
    """The catalog's ids along each axis of the designs, in the order m, p, g, (n,) e; `fits` [g, n] within a node."""

    models: tuple[str, ...]
    precisions: tuple[str, ...]
    gpus: tuple[str, ...]
    engines: tuple[str, ...]
    fits: Mask


@dataclass(frozen=True)
class Raised:
    """Designs worth sizing: `index` [5, design] into the axes m, p, g, n, e; `worthy[segment]` [design]."""

    axes: Axes
    index: Index
    worthy: Mapping[str, Mask]

    def designs(self, chosen: Index | None = None) -> list[Design]:
        """The chosen designs, or all, as records."""
        axes, index = self.axes, self.index if chosen is None else self.index[:, chosen]
        return [
            Design(axes.models[m], axes.precisions[p], axes.gpus[g], GPUS[n], axes.engines[e])
            for m, p, g, n, e in index.T.tolist()
        ]


def design_id(design: Design) -> str:
    """`model:precision/NxGPU/engine`, the id without a provider."""
    return f"{design.model}:{design.precision}/{design.gpus}x{design.gpu}/{design.engine}"


def axes_of(catalog: Catalog, gpus: Sequence[str]) -> Axes:
    """All models, formats and recommended engines of the catalog, on the GPUs given."""
    return Axes(
        tuple(sorted(catalog.models)),
        tuple(sorted(catalog.precisions)),
        tuple(gpus),
        tuple(sorted(id_ for id_, engine in catalog.engines.items() if engine.recommended)),
        np.array([[n <= catalog.gpus[gpu].gpus_per_node for n in GPUS] for gpu in gpus], dtype=bool).reshape(-1, 4),
    )


def raise_designs(
    segments: Mapping[str, Segment],
    copies: Mapping[str, int],
    catalog: Catalog,
    gpus: Sequence[str],
    gate: QualityGate,
    book: RefusalBook,
) -> Raised:
    """Raise the designs on `gpus`; what fails goes into the book, `copies[segment]` times a design."""
    axes = axes_of(catalog, gpus)
    alive = _runnable(axes, catalog, sum(copies.values()), book)
    each = alive.sum(axis=(2, 3, 4))
    good = {
        name: _good(name, segment, each * copies[name], axes, catalog, gate, book) for name, segment in segments.items()
    }
    some = np.logical_or.reduce(list(good.values()))
    index = np.array(np.nonzero(alive & some[:, :, None, None, None]), dtype=np.intp)
    return Raised(axes, index, {name: mask[index[0], index[1]] for name, mask in good.items()})


def _runnable(axes: Axes, catalog: Catalog, pairs: int, book: RefusalBook) -> Mask:
    """What can run at all, [m, p, g, n, e]: known architecture, format and engine on the GPU, heads that split."""
    models = [catalog.models[id_] for id_ in axes.models]
    precisions = [catalog.precisions[id_] for id_ in axes.precisions]
    gpus = [catalog.gpus[id_] for id_ in axes.gpus]
    engines = [catalog.engines[id_] for id_ in axes.engines]
    alive = np.zeros((len(models), len(precisions), len(gpus), len(GPUS), len(engines)), dtype=bool)
    alive[:] = axes.fits[None, None, :, :, None]

    def turn_down(kept: Mask, kept_axes: tuple[int, ...], option: str, why: dict[tuple[int, ...], Reason]) -> None:
        """Strike what `kept` (over `kept_axes`) denies; one refusal for each reason, with the designs it stands for."""
        others = tuple(axis for axis in range(5) if axis not in kept_axes)
        counts = alive.sum(axis=others)
        ids = (axes.models, axes.precisions, axes.gpus, tuple(map(str, GPUS)), axes.engines)
        for at, reason in why.items():
            names = {"mpgne"[axis]: ids[axis][i] for axis, i in zip(kept_axes, at, strict=True)}
            book.add("", option.format(**names), reason, int(counts[at]) * pairs)
        alive[:] = alive & np.expand_dims(kept, others)

    def strike(kept: Mask, kept_axes: tuple[int, ...], option: str, reason: Reason) -> None:
        turn_down(kept, kept_axes, option, {tuple(at): reason for at in np.argwhere(~kept).tolist()})

    sized = np.array([is_sized(model) for model in models], dtype=bool)
    strike(sized, (0,), "{m}:*", Reason(Rule.NOT_SIZED, "unknown", "layers, heads and KV size"))
    runs = np.array([[_runs(p, gpu) for gpu in gpus] for p in precisions], dtype=bool)
    for p, precision in enumerate(precisions):
        wanted = f"{', '.join(precision.vendors)} {' or '.join(precision.kinds)}"
        wanted += f" with {precision.needs}" if precision.needs else ""
        one = runs | (np.arange(len(precisions)) != p)[:, None]
        strike(one, (1, 2), "*:{p}/*x{g}/*", Reason(Rule.PRECISION, "not supported", wanted))
    serves = np.array([[_serves(e, gpu) for e in engines] for gpu in gpus], dtype=bool)
    strike(serves, (2, 4), "*/*x{g}/{e}", Reason(Rule.ENGINE, "does not run on this GPU", "an engine that does"))
    reads = np.array([[e.id in p.engines for e in engines] for p in precisions], dtype=bool)
    strike(reads, (1, 4), "*:{p}/*/{e}", Reason(Rule.ENGINE, "does not read this format", "an engine that does"))
    experts = np.array([[e.moe or not m.experts for e in engines] for m in models], dtype=bool)
    strike(experts, (0, 4), "{m}:*/*/{e}", Reason(Rule.ENGINE, "runs no mixture of experts", "an engine that does"))
    splits = np.array([[not m.heads or m.heads % n == 0 for n in GPUS] for m in models], dtype=bool)
    uneven = {
        tuple(at): Reason(Rule.ENGINE, f"{models[at[0]].heads} attention heads", f"a multiple of {GPUS[at[1]]}")
        for at in np.argwhere(~splits).tolist()
    }
    turn_down(splits, (0, 3), "{m}:*/{n}x*", uneven)
    return alive


def _runs(precision: Precision, gpu: Gpu) -> bool:
    """Whether the GPU can hold and compute the format."""
    has = {"": True, "fp8": gpu.fp8_support, "fp4": gpu.fp4_support, "int8": bool(gpu.int8_tops)}[precision.needs]
    return has and gpu.kind in precision.kinds and gpu.vendor in precision.vendors


def _serves(engine: Engine, gpu: Gpu) -> bool:
    return gpu.kind in engine.kinds and gpu.vendor in engine.vendors


def _good(
    name: str,
    segment: Segment,
    pairs: NDArray[np.int_],
    axes: Axes,
    catalog: Catalog,
    gate: QualityGate,
    book: RefusalBook,
) -> Mask:
    """Licence and quality of each model and format for one segment, [m, p]; `pairs` [m, p] stand behind each."""
    good = np.zeros(pairs.shape, dtype=bool)
    for m, model in enumerate(axes.models):
        if not pairs[m].any():
            continue
        licence = licence_reasons(segment, catalog.models[model].licence_class)
        if licence:
            book.add(name, f"{model}:*", licence[0], int(pairs[m].sum()))
            continue
        for p, precision in enumerate(axes.precisions):
            if not pairs[m, p]:
                continue
            reason = gate.reason(model, precision, segment)
            good[m, p] = reason is None
            if reason:
                book.add(name, f"{model}:{precision}/*", reason, int(pairs[m, p]))
    return good
