"""Every pool design of the catalog: model x precision x GPU x GPUs of a replica x engine, before anybody sells it.

What cannot run, may not be used, is not good enough, does not fit or is larger than need be is turned down here, over
arrays; performance (design_rates.py) and prices (pool_options.py) come later, for what is left.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog
from catalogs.records import Engine, Gpu, Precision
from solver.compliance import Reason, licence_reasons
from solver.costs import length_quantile
from solver.design_arrays import is_latent, is_sized, memory_fraction
from solver.design_columns import DesignColumns
from solver.kept import Kept, unpriced
from solver.model_order import GPUS, Rows, faster_engines, never_worse, rows_of
from solver.quality_gate import QualityGate
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Segment
from solver.scenario_check import Named

Mask = NDArray[np.bool_]
R = TypeVar("R")
C = TypeVar("C")


@dataclass(frozen=True)
class Axes:
    """The catalog's ids along each axis of the designs, in the order m, p, g, (n,) e; `fits` [g, n] within a node."""

    models: tuple[str, ...]
    precisions: tuple[str, ...]
    gpus: tuple[str, ...]
    engines: tuple[str, ...]
    fits: Mask

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The ids along m, p, g and e."""
        return self.models, self.precisions, self.gpus, self.engines


@dataclass(frozen=True)
class Raised:
    """Designs worth sizing, and of each segment those that it may be served by: `worthy[segment]` [design]."""

    columns: DesignColumns
    worthy: Mapping[str, Mask]


def axes_of(catalog: Catalog, gpus: Iterable[str]) -> Axes:
    """All models, formats and engines of the catalog, on the GPUs given."""
    gpus = sorted(gpus)
    return Axes(
        tuple(sorted(catalog.models)),
        tuple(sorted(catalog.precisions)),
        tuple(gpus),
        tuple(sorted(catalog.engines)),
        np.array([[n <= catalog.gpus[gpu].gpus_per_node for n in GPUS] for gpu in gpus], dtype=bool).reshape(-1, 4),
    )


def raise_designs(
    segments: Mapping[str, Segment],
    copies: Mapping[str, int],
    catalog: Catalog,
    sold: Mapping[str, set[int]],
    gate: QualityGate,
    book: RefusalBook,
    named: Named | None = None,
) -> Raised:
    """Raise the designs on the GPUs and in the replica sizes that somebody sells, `sold[gpu]`.

    What fails goes into the book, `copies[segment]` times a design.
    A larger model gives way to a smaller one only where no rule tells them apart (`named`).
    """
    axes = axes_of(catalog, sold)
    alive = _runnable(axes, catalog, sold, sum(copies.values()), book)
    each = alive.sum(axis=(2, 3, 4))
    barred = _barred(axes, each, named)
    good = {
        name: _good(name, segment, each * copies[name], axes, catalog, gate, barred, book)
        for name, segment in segments.items()
    }
    some = np.logical_or.reduce(list(good.values()))
    m, p = np.nonzero(some & (each > 0))
    cells = alive[m, p]
    if len(m):
        pairs = [(axes.models[i], axes.precisions[j]) for i, j in zip(m.tolist(), p.tolist(), strict=True)]
        rows = _ROWS.of(unpriced(catalog), tuple(pairs), lambda: rows_of(catalog, pairs))
        own = _own(axes, catalog, rows, cells)
        worthy = {name: mask[m, p] for name, mask in good.items()}
        counts = sum(
            (mask.astype(np.int64) * copies[name] for name, mask in worthy.items()), np.zeros(len(m), np.int64)
        )
        _strike_too_large(axes, catalog, rows, cells, own, counts, book)
        free = np.array([named is None or not named.tells_apart(*pair) for pair in pairs], dtype=bool)
        longest = max(longest_request(segment) for segment in segments.values())
        better = never_worse(catalog, rows, worthy, longest) & free[:, None] & free[None, :]
        _strike_dominated(rows, better, cells, own, counts, book)
        if named is None or not named.tells_engines_apart():
            _strike_slow_engines(axes, catalog, rows, cells, own, counts, book)
    row, g, n, e = np.nonzero(cells)
    place = np.array([m[row], p[row], g, e], dtype=np.intp)
    columns = DesignColumns(axes.names, place, np.array(GPUS)[n], np.zeros(len(n), dtype=np.int64))
    return Raised(columns, {name: mask[m[row], p[row]] for name, mask in good.items()})


_ROWS: Kept[Rows] = Kept(4)


def longest_request(segment: Segment) -> float:
    """Tokens of the longest request: the p95 of input plus that of output."""
    return length_quantile(segment.input_tokens) + length_quantile(segment.output_tokens)


def _strike_too_large(
    axes: Axes, catalog: Catalog, rows: Rows, cells: Mask, own: Mask, counts: NDArray[np.int64], book: RefusalBook
) -> None:
    """Strike from `cells` [row, g, n, e] where the weights alone leave no room for a request."""
    gpus = [catalog.gpus[id_] for id_ in axes.gpus]
    memory = np.array([gpu.memory_gb * memory_fraction(catalog, gpu) for gpu in gpus])
    needed = rows.weights_gb + rows.runtime_gb
    large = needed[:, None, :] >= memory[None, :, None]
    struck = large[:, :, :, None] & cells & ~own
    lost = struck.sum(axis=3)
    at = np.argwhere(lost > 0)
    if not len(at):
        return
    count = np.array(GPUS)[at[:, 2]]
    found, wanted = memory[at[:, 1]] * count, needed[at[:, 0], at[:, 2]] * count

    def make(i: int) -> tuple[str, Reason]:
        row, g, n = at[i].tolist()
        option = f"{rows.models[row]}:{rows.precisions[row]}/{GPUS[n]}x{axes.gpus[g]}/*"
        return option, Reason(Rule.MEMORY, float(found[i]), float(wanted[i]), "GB", float(wanted[i] / found[i] - 1))

    pairs = lost[at[:, 0], at[:, 1], at[:, 2]] * counts[at[:, 0]]
    book.add_many("", wanted / found - 1, make, str(Rule.MEMORY), pairs)
    cells &= ~struck


def _own(axes: Axes, catalog: Catalog, rows: Rows, cells: Mask) -> Mask:
    """Designs with a rate or measurements of the user's own, [row, g, n, e]: no order of the model holds for them."""
    own = np.zeros(cells.shape, dtype=bool)
    place = {pair: i for i, pair in enumerate(zip(rows.models, rows.precisions, strict=True))}
    named = {(r.model, r.precision, r.gpu, r.gpus, r.engine) for r in catalog.rates}
    named |= {(p.model, p.precision, p.gpu, p.gpus, p.engine) for p in catalog.measurements}
    for model, precision, gpu, gpus, engine in named:
        row = place.get((model, precision))
        if row is not None and gpu in axes.gpus and engine in axes.engines and gpus in GPUS:
            own[row, axes.gpus.index(gpu), GPUS.index(gpus), axes.engines.index(engine)] = True
    return own


def _strike_dominated(
    rows: Rows, better: Mask, cells: Mask, own: Mask, counts: NDArray[np.int64], book: RefusalBook
) -> None:
    """Strike from `cells` what another row may stand for on the same GPUs and engine."""
    shape = cells.shape
    able = (cells & ~own).reshape(shape[0], -1)
    by, of, run = better.any(axis=1), better.any(axis=0), able.any(axis=0)
    struck = np.zeros(able.shape, dtype=bool)
    takers = better[np.ix_(by, of)].T.astype(np.float32) @ able[np.ix_(by, run)].astype(np.float32)
    struck[np.ix_(of, run)] = (takers > 0) & able[np.ix_(of, run)]
    beaten = struck.reshape(shape)
    lost = beaten.sum(axis=(1, 2, 3))
    for row in np.flatnonzero(lost).tolist():
        others = np.flatnonzero(better[:, row])
        most = int(others[np.argmax(able[others][:, beaten[row].reshape(-1)].sum(axis=1))])
        found = f"dominated by {rows.models[most]}:{rows.precisions[most]} on the same GPUs"
        option = f"{rows.models[row]}:{rows.precisions[row]}/*"
        book.add("", option, Reason(Rule.DOMINATED, found, "smaller or better"), int(lost[row] * counts[row]))
    cells &= ~beaten


def _runnable(axes: Axes, catalog: Catalog, sold: Mapping[str, set[int]], pairs: int, book: RefusalBook) -> Mask:
    """What may run, [m, p, g, n, e]: an engine in service, known architecture, format and engine on the GPU, splits."""
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

    kept = np.array([engine.recommended for engine in engines], dtype=bool)
    left: dict[tuple[int, ...], Reason] = {
        (e,): Reason(Rule.ENGINE, engine.why_not or "not recommended", "an engine that is maintained")
        for e, engine in enumerate(engines) if not engine.recommended
    }  # fmt: skip
    turn_down(kept, (4,), "*/*/{e}", left)
    sized = np.array([is_sized(model) for model in models], dtype=bool)
    strike(sized, (0,), "{m}:*", Reason(Rule.NOT_SIZED, "unknown", "layers, heads and KV size"))
    held = _table(axes.gpus, GPUS, lambda gpu, n: n in sold[gpu])
    largest = {
        tuple(at): Reason(
            Rule.NO_PRICE, max(sold[axes.gpus[at[0]]]), GPUS[at[1]], "GPUs in an instance",
            GPUS[at[1]] / max(sold[axes.gpus[at[0]]]) - 1,
        )
        for at in np.argwhere(~held & axes.fits).tolist()
    }  # fmt: skip
    turn_down(held, (2, 3), "*/{n}x{g}/*", largest)
    runs = _table(precisions, gpus, _runs)
    lacks: dict[tuple[int, ...], Reason] = {
        (p, g): Reason(Rule.PRECISION, "not supported", _needs(precisions[p])) for p, g in np.argwhere(~runs).tolist()
    }
    turn_down(runs, (1, 2), "*:{p}/*x{g}/*", lacks)
    serves = _table(gpus, engines, _serves)
    strike(serves, (2, 4), "*/*x{g}/{e}", Reason(Rule.ENGINE, "does not run on this GPU", "an engine that does"))
    reads = _table(precisions, engines, lambda precision, engine: engine.id in precision.engines)
    strike(reads, (1, 4), "*:{p}/*/{e}", Reason(Rule.ENGINE, "does not read this format", "an engine that does"))
    experts = _table(models, engines, lambda model, engine: engine.moe or not model.experts)
    strike(experts, (0, 4), "{m}:*/*/{e}", Reason(Rule.ENGINE, "runs no mixture of experts", "an engine that does"))
    splits = _table(models, GPUS, lambda model, n: not model.heads or model.heads % n == 0)
    uneven = {
        tuple(at): Reason(Rule.ENGINE, f"{models[at[0]].heads} attention heads", f"a multiple of {GPUS[at[1]]}")
        for at in np.argwhere(~splits).tolist()
    }
    turn_down(splits, (0, 3), "{m}:*/{n}x*", uneven)
    return alive


def _strike_slow_engines(
    axes: Axes, catalog: Catalog, rows: Rows, cells: Mask, own: Mask, counts: NDArray[np.int64], book: RefusalBook
) -> None:
    """Strike from `cells` what another engine serves no slower on the same model and GPUs."""
    latent = np.array([is_latent(catalog.models[id_]) for id_ in rows.models], dtype=bool)
    able = cells & ~own
    for these in (True, False):
        better = faster_engines(catalog, axes.engines, these)
        for e, engine in enumerate(axes.engines):
            for by in np.flatnonzero(better[:, e]).tolist():
                beaten = able[:, :, :, e] & able[:, :, :, by] & (latent == these)[:, None, None]
                why = Reason(Rule.DOMINATED, f"dominated by {axes.engines[by]} on the same GPUs", "faster")
                book.add("", f"*/*/{engine}", why, int((beaten.sum(axis=(1, 2)) * counts).sum()))
                cells[:, :, :, e] &= ~beaten
                able[:, :, :, e] &= ~beaten


def _table(rows: Sequence[R], columns: Sequence[C], holds: Callable[[R, C], bool]) -> Mask:
    """Whether something holds for each row and column; either may be empty."""
    cells = [holds(row, column) for row in rows for column in columns]
    return np.array(cells, dtype=bool).reshape(len(rows), len(columns))


def _runs(precision: Precision, gpu: Gpu) -> bool:
    """Whether the GPU can hold and compute the format."""
    has = {"": True, "fp8": gpu.fp8_support, "fp4": gpu.fp4_support, "int8": gpu.int8_support}[precision.needs]
    return has and gpu.kind in precision.kinds and gpu.vendor in precision.vendors


def _needs(precision: Precision) -> str:
    """What a GPU has to be for the format, in words."""
    kind = f"{', '.join(precision.vendors)} {' or '.join(precision.kinds)}"
    return kind + (f" with {precision.needs}" if precision.needs else "")


def _serves(gpu: Gpu, engine: Engine) -> bool:
    return gpu.kind in engine.kinds and gpu.vendor in engine.vendors


def _barred(axes: Axes, pairs: NDArray[np.int_], named: Named | None) -> dict[tuple[int, int], tuple[str, Reason]]:
    """What the policy bars whatever the segment, by (m, p) in order of name; `pairs` [m, p] designs are of each."""
    if named is None or not named.allowed:
        return {}
    why: dict[tuple[int, int], tuple[str, Reason]] = {}
    for m, p in np.argwhere(pairs > 0).tolist():
        model, precision = axes.models[m], axes.precisions[p]
        if not named.may_use(model, precision):
            reason = Reason(Rule.MAY_USE, f"{model}:{precision}", ", ".join(named.allowed))
            why[m, p] = f"{model}:{precision}/*", reason
    return dict(sorted(why.items(), key=lambda item: item[1][0]))


def _good(
    name: str,
    segment: Segment,
    pairs: NDArray[np.int_],
    axes: Axes,
    catalog: Catalog,
    gate: QualityGate,
    barred: Mapping[tuple[int, int], tuple[str, Reason]],
    book: RefusalBook,
) -> Mask:
    """May-use, licence and quality of each model and format for one segment; `pairs` [m, p] stand behind each."""
    good = pairs > 0
    for m in np.flatnonzero(good.any(axis=1)).tolist():
        licence = licence_reasons(segment, catalog.models[axes.models[m]].licence_class)
        if licence:
            book.add(name, f"{axes.models[m]}:*", licence[0], int(pairs[m].sum()))
            good[m] = False
    shut = [at for at in barred if good[at]]
    counts = np.array([pairs[at] for at in shut], dtype=np.int64)
    book.add_many(name, np.ones(len(shut)), lambda i: barred[shut[i]], str(Rule.MAY_USE), counts)
    for at in shut:
        good[at] = False
    held = gate.of(segment)
    for m, p in np.argwhere(good).tolist():
        model, precision = axes.models[m], axes.precisions[p]
        reason = held.reason(model, precision)
        if reason:
            good[m, p] = False
            book.add(name, f"{model}:{precision}/*", reason, int(pairs[m, p]))
    return good
