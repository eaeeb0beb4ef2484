"""`make calibrate`: fit the performance model on catalogs/figures/serving_measured.csv and print how far it is off.

With --write the fitted tables go into catalogs/figures/performance.toml, between its two marks. Four minutes on a core.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.catalog import Catalog, load_catalog
from catalogs.tables import FIGURES
from solver.bands import measured_band
from solver.calibrate import (
    INDEXED,
    METRICS,
    PLAIN,
    Observations,
    by_metric,
    cross_validated,
    fit,
    predicted,
    tables,
    used,
)
from solver.cases import Case
from solver.design_arrays import design_arrays, is_indexed
from solver.operating_points import Era, Load, pipelined, with_kv_bytes
from wizard.importers.serving_rows import cases_of, read_rows

Array = NDArray[np.float64]
BEGIN, END = "# fitted: begin", "# fitted: end"
SAID = {"tpot": "TPOT", "ttft": "TTFT below 5 s", "throughput": "throughput, closed and open loop",
        "batch": "fixed batch, end to end", "saturated": "throughput, saturated"}  # fmt: skip
ALIKE = {"int8": "fp8", "awq": "int4", "gptq": "int4"}
"""Formats that nobody measured -> the measured one of the same bytes."""
UNMEASURED = {
    "small": "fitted on few rows (A10G, A40, L40S, RTX); good to a factor of 1.5",
    "unmeasured": "no measurement of this hardware: the one set fitted on all GPUs",
    "apple": "fitted on a few runs of llama.cpp for a single user; good to a factor of 1.5",
    "cpu": "no measurement of CPU servers: efficiencies fitted on all GPUs, a synchronisation of threads for each "
    "operation assumed",
}
FEW_ENGINES = {
    "tgi": "three measurements only: nowhere taken as faster than vLLM",
    "llama.cpp": "measured for a single user only: nowhere taken as faster than vLLM",
    "lmdeploy": "",
}
"""Engines that were measured on few classes. Elsewhere no factor of theirs is better than vLLM's: a plan would choose
an engine for what nobody measured of it."""
LARGER_IS_BETTER = frozenset({"eta_mem", "eta_pf", "eta_kv", "moe_eta_pf"})
CPU_TAU_US = 100.0


def observations(catalog: Catalog) -> tuple[Observations, list[dict[str, str]]]:
    """The rows without a fault, as arrays; what a fault spoils of a row is left out."""
    rows = [row for row in read_rows(str(FIGURES / "serving_measured.csv"))[1] if not row["fault"].startswith("row:")]
    cases = [row.case for row in cases_of(rows, catalog)]
    return observed(catalog, [case for case in cases if case], rows), rows


def observed(catalog: Catalog, cases: Sequence[Case], rows: Sequence[Mapping[str, str]]) -> Observations:
    """Cases and the figures measured at them."""

    def column(name: str) -> Array:
        return np.array([getattr(case, name) for case in cases], dtype=np.float64)

    stages = column("stages")
    arrays = design_arrays(catalog, [case.design for case in cases])
    arrays = pipelined(with_kv_bytes(arrays, column("kv_factor")), stages)
    groups = stages * column("copies")
    load = Load(
        column("input_tokens"), column("output_tokens"), np.maximum(column("in_flight") / groups, 1.0),
        column("rate") / groups, column("requests") / groups, np.zeros(len(cases)),
    )  # fmt: skip

    def figure(name: str, fault: str, scale: float) -> Array:
        return np.array([float(row[name]) * scale if row[name] and fault not in row["fault"] else nan for row in rows])

    designs = [case.design for case in cases]
    classes = [catalog.gpus[design.gpu].performance_class for design in designs]
    return Observations(
        arrays=arrays,
        regimes=np.array([str(case.regime) for case in cases]),
        load=load,
        measured={
            "tpot": figure("tpot_ms", "tpot:", 1e-3), "ttft": figure("ttft_ms", "ttft:", 1e-3),
            "throughput": figure("output_tok_s_total", "throughput:", 1.0) / groups,
            "batch": figure("e2e_ms", "batch:", 1e-3),
        },
        features={
            "all": np.array(["all"] * len(designs)),
            "class": np.array(classes),
            "engine": np.array([design.engine for design in designs]),
            "format": np.array([ALIKE.get(design.precision, design.precision) for design in designs]),
            "pair": np.array([f"{group}/{design.engine}" for group, design in zip(classes, designs, strict=True)]),
            "kind": np.where(arrays.is_moe, "mixture", "dense"),
            "era": np.array([str(case.era) for case in cases]),
            "generation": np.array([str(Era.OLD if case.era is Era.OLD else Era.NOW) for case in cases]),
            "attention": np.where([is_indexed(catalog.models[design.model]) for design in designs], INDEXED, PLAIN),
        },
        groups=np.array([f"{design.model} {design.gpu} {design.engine}" for design in designs]),
    )  # fmt: skip


def ratios(seen: Observations, found: Mapping[str, Array], metric: str) -> Array:
    """What is predicted over the measured figure, NaN where there is none."""
    measured = seen.measured["throughput" if metric == "saturated" else metric]
    return np.where(used(seen, metric), found[metric] / np.where(measured > 0, measured, nan), nan)


def errors(seen: Observations, found: Mapping[str, Array], metric: str) -> Array:
    """Absolute error over the measured figure, NaN where there is none."""
    return np.abs(ratios(seen, found, metric) - 1)


def error_table(seen: Observations, left_out: Mapping[str, Array], inside: Mapping[str, Array]) -> list[str]:
    """Median / 90th percentile (mean) by metric, in all and by engine, GPU class and kind of model, as Markdown.

    Throughput by closed and open loop too: the aim is of closed loops.
    """
    lines = ["| metric | of | rows | left out: median / p90 (mean) % | in sample: median / p90 (mean) % |",
             "| --- | --- | --- | --- | --- |"]  # fmt: skip
    for metric in METRICS:
        out, near = errors(seen, left_out, metric), errors(seen, inside, metric)
        loops = [seen.regimes] if metric == "throughput" else []
        for keys in (seen.features["all"], *loops, *(seen.features[name] for name in ("engine", "class", "kind"))):
            for key in sorted(set(keys.tolist())):
                rows = np.isfinite(out) & (keys == key)
                if rows.sum() >= 5:
                    both = f"{_three(out[rows])} | {_three(near[rows])}"
                    lines.append(f"| {SAID[metric]} | {key} | {rows.sum()} | {both} |")
    return lines


def _three(values: Array) -> str:
    return f"{np.median(values):.0%} / {np.quantile(values, 0.9):.0%} ({np.mean(values):.0%})".replace("%", "")


def band_table(
    seen: Observations, left_out: Mapping[str, Array], busy: NDArray[np.bool_], catalog: Catalog
) -> list[str]:
    """What bands hold of the measurements with their groups left out, as Markdown.

    A band reaches from value/(1 + band) to value*(1 + band), so a prediction of half is as far off as one of twice.
    """
    lines = ["| of | rows | groups | a half within | two thirds within | band | holds % |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    all_ = {metric: ratios(seen, left_out, metric) for metric in METRICS}
    with np.errstate(divide="ignore"):
        off = {metric: np.maximum(ratio, 1 / ratio) - 1 for metric, ratio in all_.items()}
    speed = np.stack([values for metric, values in off.items() if metric != "ttft"])
    pairs, groups = seen.features["pair"], seen.features["class"]
    for pair in sorted(set(pairs.tolist())):
        rows = pairs == pair
        design = seen.arrays.designs[int(np.flatnonzero(rows)[0])]
        record = measured_band(catalog, groups[rows][0], design.engine)
        lines += _held(pair, seen, speed, rows, record.speed)
    record = measured_band(catalog, "h100-sxm", "vllm")
    lines += _held("TTFT at light load", seen, off["ttft"], ~busy, record.ttft)
    return lines + _held("TTFT near saturation", seen, off["ttft"], busy, record.ttft_busy)


def _held(name: str, seen: Observations, off: Array, rows: NDArray[np.bool_], band: float) -> list[str]:
    some = off[..., rows]
    some = some[np.isfinite(some)]
    if len(some) < 5:
        return []
    half, most = np.quantile(some, (1 / 2, 2 / 3))
    number = len(set(seen.groups[rows].tolist()))
    return [
        f"| {name} | {len(some)} | {number} | {half:.2f} | {most:.2f} | {band:g} | {100 * np.mean(some <= band):.0f} |"
    ]


def worst(seen: Observations, rows: Sequence[Mapping[str, str]], found: Mapping[str, Array]) -> list[str]:
    """The ten largest errors of TPOT, throughput and fixed batch, with what was measured and predicted."""
    all_ = [(float(e), i, m) for m in METRICS if m != "ttft"
            for i, e in enumerate(np.abs(np.log(1 + errors(seen, found, m) * 1.0))) if np.isfinite(e)]  # fmt: skip
    lines = []
    for _, i, metric in sorted(all_, reverse=True)[:10]:
        row, key = rows[i], "throughput" if metric == "saturated" else metric
        lines.append(
            f"{row['id']} {row['source']} {row['model']} {row['weights_precision']} {row['gpu_count']} x {row['gpu']} "
            f"{row['engine']} {row['isl']}/{row['osl']} N {row['concurrency_or_batch']}: {metric} measured "
            f"{seen.measured[key][i]:.4g}, predicted {found[metric][i]:.4g}"
        )
    return lines


def no_better(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """The fit with the factors of engines that few measured held to vLLM's, but on the classes where they were."""
    out = {table: {key: dict(row) for key, row in rows.items()} for table, rows in found.items()}
    for engine in FEW_ENGINES:
        own = dict(out["offset"][engine])
        out["offset"][engine] = _worse(own, out["offset"]["vllm"])
        held = out["offset"][engine]
        for group in out["class"]:
            pair = out["pair"].get(f"{group}/{engine}")
            if pair is not None:
                pair.update({name: pair[name] * own[name] / held[name] for name in ("eta_mem", "tau")})
                if FEW_ENGINES[engine]:
                    out["pair"][f"{group}/{engine}"] = _worse(pair, out["pair"].get(f"{group}/vllm", pair))
            else:
                out["pair"][f"{group}/{engine}"] = _worse({}, out["pair"].get(f"{group}/vllm", {}))
    return out


def _worse(own: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    names = sorted({*own, *other} - {"first_wave"})
    both = {name: (own.get(name, 1.0), other.get(name, 1.0)) for name in names}
    kept = {name: min(pair) if name in LARGER_IS_BETTER else max(pair) for name, pair in both.items()}
    return kept | {name: own[name] for name in ("first_wave",) if name in own}


def fitted_text(found: Mapping[str, Mapping[str, Mapping[str, float]]], head: str) -> str:
    """The tables of performance.toml that the fit sets."""
    lines = [BEGIN + " (make calibrate writes up to the end mark)", *[f"# {line}" for line in head.splitlines()], ""]
    classes = {**found["class"], "cpu": {**found["class"]["unmeasured"], "tau": CPU_TAU_US * 1e-6}}
    for name, row in sorted(classes.items()):
        lines += [f"[class.{name}]", f"eta_mem = {row['eta_mem']:.3g}", f"eta_pf = {row['eta_pf']:.3g}"]
        lines += [
            f"t_fix = {row['t_fix']:.3g}",
            f"tau_us = {row['tau'] * 1e6:.3g}",
            f"measured = {str(name not in UNMEASURED).lower()}",
        ]
        lines += [f'estimate = "{UNMEASURED.get(name)}"'] * (name in UNMEASURED) + [""]
    lines += ["# Factors of an engine; an engine that is not here takes 1, which its record marks as an estimate.", ""]
    for name, row in sorted(found["offset"].items()):
        lines += [f'[offset."{name}"]', *_values(row)]
        lines += [f'estimate = "{FEW_ENGINES.get(name)}"'] * bool(FEW_ENGINES.get(name)) + [""]
    lines += ["# Factors of weight formats; eta_pf of matrix products only.", ""]
    for name, row in sorted(found["format"].items()):
        alike = [name, *(other for other, measured in ALIKE.items() if measured == name)]
        lines += [f"[format.{name}]", f"formats = {alike}".replace("'", '"'), *_values(row), ""]
    lines += ["# Factors of an engine on one GPU class, beside its own.", ""]
    for name, row in sorted(found["pair"].items()):
        lines += [f'[pair."{name}"]', *_values(row), ""]
    lines += ["# Parameters that do not depend on class, engine or format.", ""]
    for key, unit, scale, note in PARAMETERS:
        value = found["parameter"][key.removesuffix("_us").removesuffix("_ms")]["value"] * scale
        lines += [f"[parameter.perf_{key}]", f"value = {value:.3g}", f'unit = "{unit}"', f'note = "{note}"', ""]
    return "\n".join([*lines, END])


def _values(row: Mapping[str, float]) -> list[str]:
    return [f"{name} = {value:.3f}" for name, value in sorted(row.items()) if f"{value:.3f}" != "1.000"]


PARAMETERS: Sequence[tuple[str, str, float, str]] = (
    ("eta_kv", "share of bandwidth times eta_mem", 1, "reading the KV cache"),
    ("tau_moe", "factor on tau", 1, "more kernels a layer in a mixture of experts"),
    ("alpha_us", "us", 1e6, "latency of one step of an all-reduce"),
    ("sigma_us", "us per sequence", 1e6, "sampling and bookkeeping"),
    ("t_fix_ms", "ms", 1e3, "fixed part of the TTFT: HTTP, tokenising, scheduling"),
    ("moe_t_fix", "factor on t_fix", 1, "mixtures of experts"),
    ("mu", "share", 1, "how much prefill hides in decode steps"),
    ("moe_eta_mem", "factor on eta_mem", 1, "reading the weights of a mixture of experts"),
    ("moe_eta_pf", "factor on eta_pf", 1, "matrix products of a mixture of experts"),
    ("mixed_step", "share", 1, "part of the shorter of memory and compute time that does not overlap"),
    ("indexed_tau", "factor on tau", 1, "an index over the tokens takes kernels of its own; of GLM-5 alone"),
    ("old_tau", "factor on tau", 1, "engines of before 2025, of which published measurements are predicted"),
    ("old_eta_pf", "factor on eta_pf", 1, "engines of before 2025, of which published measurements are predicted"),
    ("of_2025_tau", "factor on tau", 1, "engines of 2025, of which published measurements are predicted"),
    ("first_wave", "share", 1, "part of the queue of a start together that the mean TTFT of a closed loop holds"),
)


def main(arguments: Sequence[str], say: Callable[[str], Any] = print) -> None:
    """Fit, cross-validate, print; write with --write."""
    catalog = load_catalog()
    seen, rows = observations(catalog)
    logs = fit(seen)
    left_out, points = cross_validated(seen, logs), predicted(seen, logs)
    inside = by_metric(points)
    head = f"{len(rows)} points, {len(set(seen.groups.tolist()))} groups of model, GPU and engine, {len(logs)} factors"
    tables_ = (error_table(seen, left_out, inside), band_table(seen, left_out, points.busy, catalog))
    say("\n\n".join(["\n".join(lines) for lines in ([head], *tables_, worst(seen, rows, left_out))]))
    if "--write" in arguments:
        path = FIGURES / "performance.toml"
        text = path.read_text(encoding="utf-8")
        before, after = text.index(BEGIN), text.index(END) + len(END)
        told = "\n".join(
            f"{SAID[m]}: median {np.nanmedian(errors(seen, left_out, m)):.0%} by groups left out, "
            f"{np.nanmedian(errors(seen, inside, m)):.0%} in sample"
            for m in METRICS
        )
        path.write_text(
            text[:before] + fitted_text(no_better(tables(logs)), f"{head}.\n{told}.") + text[after:], encoding="utf-8"
        )
        say(f"written: {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
