"""`wizard measure`: results of benchmarks as measured points of a design, checked and put into an overlay."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogs.measurements import MeasuredPoint
from catalogs.toml_file import Fault, InputError, read_toml, short
from solver.patterns import nearest
from wizard.exits import Exit, say
from wizard.importers.bench.names import format_told, model_id, nearest_model
from wizard.importers.bench.read import read_runs
from wizard.importers.bench.run import Run
from wizard.measurements_file import append, overlay_tables, with_id
from wizard.text import show
from wizard.text.json import json_text
from wizard.text.measure import Effect, Measurement, Read, measurement_text

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.design_columns import Design

FAILED = 0.01
"""Share of failed requests above which a run is told of."""


def measure(options: argparse.Namespace) -> int:
    """Read result files, tell what they change, and put the points into an overlay; nothing is written on a fault."""
    from catalogs.catalog import load_catalog

    into = Path(options.into) if options.into is not None else None
    overlays: list[tuple[str, Mapping[str, Any]]] = [(file, read_toml(file)) for file in options.overlay]
    if into is not None:
        overlays.append((str(into), overlay_tables(into)))
    catalog = load_catalog(overlays=overlays)
    faults: list[Fault] = []
    found: list[tuple[str, Run, MeasuredPoint]] = []
    for file in options.files:
        try:
            found += [(file, run, _point(options, run, file, catalog)) for run in read_runs(file)]
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    held = {point.id for point in catalog.measurements}
    new = {point.id: point for _, _, point in found}
    added = append(into, tuple(new.values())) if into is not None else ()
    whole = [*catalog.measurements, *(point for id_, point in new.items() if id_ not in held)]
    reads = tuple(_read(file, run, point, point.id in held, catalog) for file, run, point in found)
    read = Measurement(
        reads=reads,
        effects=tuple(_effects(list(new.values()), whole, catalog)),
        notes=tuple(_notes(found, reads, catalog)),
        into=str(into) if into is not None else "",
        added=len(added),
    )
    show(json_text(read) if options.json else measurement_text(read))
    if into is not None:
        say(f"{'wrote' if added else 'left as it was'}: {into}")
    return Exit.DONE


def _point(options: argparse.Namespace, run: Run, file: str, catalog: "Catalog") -> MeasuredPoint:
    """The measured point of a run. InputError: the design is not told or unknown, or it cannot have done that."""
    from solver.impossible import impossible

    design = _design(options, run, file, catalog)
    point = with_id(
        MeasuredPoint(
            id="new", model=design.model, precision=design.precision, gpu=design.gpu, gpus=design.gpus,
            engine=design.engine, tool=run.tool, arrivals=run.arrivals, offered_per_second=run.offered_per_second,
            max_in_flight=run.max_in_flight, completed=run.completed, input_tokens=run.input_tokens,
            output_tokens=run.output_tokens, requests_per_second=run.requests_per_second, ttft_ms=run.ttft_ms,
            tpot_ms=run.tpot_ms, source=f"{run.tool}, {short(Path(file).name, 80)[1:-1]}", date=run.date,
        )
    )  # fmt: skip
    wrong = impossible(point, catalog)
    if wrong:
        raise InputError(
            *(Fault(file, f"{run.at} {each.key}".strip(), each.found, each.wanted, each.hint) for each in wrong)
        )
    return point


def _design(options: argparse.Namespace, run: Run, file: str, catalog: "Catalog") -> "Design":
    """What the options and the file tell of the design; InputError where neither does, or they differ."""
    from solver.design_columns import Design
    from solver.model_order import GPUS

    faults: list[Fault] = []
    told: dict[str, str] = {}
    for key in ("gpu", "tp", "precision", "engine"):
        given, own = getattr(options, key), run.design.get(key)
        given = None if given is None else str(given)
        if given is None and own is None:
            faults.append(Fault(file, f"--{key}", "nothing", f"the {_WORDS[key]} that was measured", _HINT))
        elif given is not None and own is not None and given != own:
            faults.append(Fault(file, f"{run.at} {key}".strip(), short(own), f"--{key} {given}, as was told"))
        else:
            told[key] = given or own or ""
    known = {"gpu": catalog.gpus, "precision": catalog.precisions, "engine": catalog.engines}
    for key, records in known.items():
        if key in told and told[key] not in records:
            faults.append(
                Fault(file, f"--{key}", short(told[key]), "an id of the catalog", nearest(told[key], records))
            )
    if "tp" in told and told["tp"] not in map(str, GPUS):
        wanted = "GPUs of a replica: one of " + ", ".join(map(str, GPUS))
        faults.append(Fault(file, "--tp", short(told["tp"]), wanted))
    model = options.model or model_id(run.model, catalog.models)
    if model is None:
        wanted = "a model of the catalog, or --model ID"
        faults.append(
            Fault(file, f"{run.at} model".strip(), short(run.model), wanted, nearest_model(run.model, catalog.models))
        )
    elif model not in catalog.models:
        near = nearest(model, catalog.models)
        faults.append(Fault(file, "--model", short(model), "an id of the catalog", near))
    if faults or model is None:
        raise InputError(*faults)
    design = Design(model, told["precision"], told["gpu"], int(told["tp"]), told["engine"])
    if wrong := _ill_matched(design, run, file, catalog):
        raise InputError(wrong)
    return design


_WORDS = {"gpu": "GPU", "tp": "tensor parallel size", "precision": "weight format", "engine": "engine"}
_HINT = "no result file tells it, unless vllm bench serve ran with --metadata gpu=... tp=..."


def _ill_matched(design: "Design", run: Run, file: str, catalog: "Catalog") -> Fault | None:
    """A weight format that the engine does not read, or other than the model's name tells."""
    precision, told = catalog.precisions[design.precision], format_told(run.model)
    if design.engine not in precision.engines:
        return Fault(file, "--precision", precision.id, f"a format that {design.engine} reads")
    if told and told in catalog.precisions and catalog.precisions[told].bytes_per_weight != precision.bytes_per_weight:
        return Fault(file, "--precision", precision.id, f"{told}, as the name {short(run.model)} tells")
    return None


def _read(file: str, run: Run, point: MeasuredPoint, known: bool, catalog: "Catalog") -> Read:
    """A point beside what the uncorrected model says of it."""
    import numpy as np

    from solver.design_arrays import design_arrays
    from solver.design_columns import Design
    from solver.memory import memory_fit
    from solver.performance import closed_loop

    one = design_arrays(catalog, [Design(point.model, point.precision, point.gpu, point.gpus, point.engine)])
    with np.errstate(all="ignore"):
        fit = np.maximum(memory_fit(one, point.input_tokens, point.output_tokens, 0.0).requests, 1.0)
        loop = closed_loop(one, point.input_tokens, point.output_tokens, point.in_flight, fit)
    return Read(
        file=file, at=run.at, failed=run.failed, point=point, in_flight=point.in_flight, fit=float(fit[0]), known=known,
        predicted_ttft_ms=float(loop.ttft[0]) * 1e3, predicted_tpot_ms=float(loop.tpot[0]) * 1e3,
    )  # fmt: skip


def _effects(new: list[MeasuredPoint], whole: list[MeasuredPoint], catalog: "Catalog") -> Iterator[Effect]:
    """What all points of each design of the new ones change."""
    from solver.design_arrays import design_arrays
    from solver.design_columns import design_id
    from solver.measured import correction, measurements_of

    everything = measurements_of(whole)
    for design in measurements_of(new).points:
        points = everything.of(design)
        says = correction(design_arrays(catalog, [design]), points).says
        sweep = "; ".join(dict.fromkeys(_sweep(point, points) for point in points)).strip("; ")
        yield Effect(design=design_id(design), points=len(points), says=says, sweep=sweep)


def _sweep(around: MeasuredPoint, points: Sequence[MeasuredPoint]) -> str:
    """The sweep that holds for requests like those of a point, in words; empty where there is none."""
    from solver.measured import ALIKE, of_lengths

    near = of_lengths(points, around.input_tokens, around.output_tokens)
    offered = sorted({point.offered_per_second for point in near if point.offered_per_second is not None})
    if len(offered) < 2:
        return ""
    return (
        f"a sweep over {len(offered)} rates, {offered[0]:g} to {offered[-1]:g} requests/s: the highest that keeps the "
        f"limits is used as it is for requests within {ALIKE:.0%} of its lengths"
    )


def _notes(found: list[tuple[str, Run, MeasuredPoint]], reads: tuple[Read, ...], catalog: "Catalog") -> Iterator[str]:
    """What a reader should know before trusting the points."""
    for file, run, _ in found:
        if run.failed > FAILED * (run.completed + run.failed):
            at = f" {run.at}" if run.at else ""
            yield f"{file}{at}: {run.failed} of {run.completed + run.failed} requests failed, and are not counted"
    for each in reads:
        if (kept := each.point.max_in_flight or 0) > each.fit:
            at = f" {each.at}" if each.at else ""
            yield f"{each.file}{at}: {kept} kept in flight where {each.fit:.0f} fit: the TTFT is a queue's, not used"
    if any(run.arrivals == "constant" for _, run, _ in found):
        yield "requests at even intervals queue less than users' do: a Poisson sweep is the safer one"
    for id_ in dict.fromkeys(point.engine for _, _, point in found):
        if not catalog.engines[id_].recommended:
            yield f"{id_} is never proposed, so its points change no plan: {catalog.engines[id_].why_not}"
