"""Rows in the columns of published serving measurements (`wizard help predict`), as cases to predict.

A row that says too little is predicted on stated assumptions; one whose model or GPU is not known is refused.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, isnan, nan

from catalogs.catalog import Catalog
from catalogs.toml_file import Fault, InputError, read_bytes
from solver.bands import OUTSIDE
from solver.cases import Case, Predicted, Slo, predict_cases
from solver.design_columns import Design
from solver.operating_points import Era, Regime
from wizard.importers.serving_names import Names

INPUT_TOKENS, OUTPUT_TOKENS = 1024.0, 1024.0
"""Where a row has no lengths."""
DRAWN = 0.9
"""Mean of lengths drawn from 0.8 to 1 times the nominal ones, as the sources in DRAWS do."""
DRAWS = frozenset({"inferencex", "nvidia-aic"})
FP8_CACHE = frozenset({"fp8", "fp4"})
"""Weight formats that servers are usually run with an FP8 KV cache beside; taken where a row does not say."""
MODEL_CACHE = frozenset({"nvidia-aic"})
"""Sources whose servers ran as they come, with the KV cache in the model's 16 bits; catalogs/README.md says why."""
LAST_YEAR = 2025
"""Of engines between those of today and the first generations: vLLM's second came in January 2025, its first had more
overhead in each step. A row without a date is taken as of today."""
REQUESTS = 1000.0
"""Requests of a run above capacity, where the note has none: the default of vLLM's own benchmark."""
LEAST_COLUMNS = ("model", "gpu")
ADDED = (
    "pred_ttft_ms", "pred_tpot_ms", "pred_e2e_ms", "pred_output_tok_s_total", "band", "refusal", "band_ttft",
    "bound_by", "assumed",
)  # fmt: skip
GUESS = 1.0
"""Least band of a row whose lengths, model or format had to be assumed: a factor of 2."""
LONGEST_REQUEST, MOST = 1e7, 1e9
MOST_BYTES = 50_000_000
SCENARIOS = {
    "closedloop": Regime.CLOSED, "closed": Regime.CLOSED, "concurrency": Regime.CLOSED, "online": Regime.CLOSED,
    "fixedbatch": Regime.BATCH, "batch": Regime.BATCH, "staticbatch": Regime.BATCH, "static": Regime.BATCH,
    "saturated": Regime.SATURATED, "offline": Regime.SATURATED, "mlperfoffline": Regime.SATURATED,
    "throughput": Regime.SATURATED, "maxload": Regime.SATURATED,
    "openloop": Regime.RATE, "rate": Regime.RATE, "poisson": Regime.RATE, "server": Regime.RATE,
    "openloopoverload": Regime.RATE, "overload": Regime.RATE,
    "mlperfserver": Regime.RATE, "mlperfinteractive": Regime.RATE,
}  # fmt: skip
INPUT_CV, OUTPUT_CV = 0.8, 0.8
"""Of MLPerf's data sets, whose lengths vary by 0.7 to 1."""
LONG_INPUT, LONG_INPUT_CV = 5000.0, 0.4
"""A data set of inputs as long as that has no tail: estimate, from 9,400 tokens in the mean and 20,000 at the most."""
LIMITS = {
    ("server", "llama-2-70b"): (2000, 200), ("server", "mixtral-8x7b"): (2000, 200),
    ("server", "llama-3.1-8b"): (2000, 100), ("server", "llama-3.1-405b"): (6000, 175),
    ("server", "deepseek-r1"): (2000, 80), ("interactive", "llama-2-70b"): (450, 40),
    ("interactive", "llama-3.1-405b"): (4500, 80), ("interactive", "llama-3.1-8b"): (500, 30),
    ("interactive", "deepseek-r1"): (1500, 15),
}  # fmt: skip
"""MLPerf Inference's limits at p99, ms: TTFT, TPOT. From the notes of the submissions (v4.1, v5.1); DeepSeek R1
interactive from mlcommons.org/2026/03/mlperf-inference-gpt-oss."""
OTHER_LIMITS = {"server": (2000, 80), "interactive": (1500, 15)}
"""Taken for a model without published limits: those of DeepSeek R1."""
_SLO = re.compile(r"TTFT\s*(?:<=)?\s*(\d+(?:\.\d+)?)\s*ms.*?TPOT\s*(?:<=)?\s*(\d+(?:\.\d+)?)\s*ms", re.I)
_YEAR = re.compile(r"(?:19|20)\d\d")
_RUN = re.compile(r"\b(\d{2,6})\s+(?:\w+\s+)?(?:prompts|requests)\b", re.I)


@dataclass(frozen=True)
class Row:
    """A row's case, or why it has none; what was assumed, and whether that makes the figures a guess."""

    case: Case | None
    refusal: str = ""
    assumed: tuple[str, ...] = ()
    guess: bool = False


def read_rows(path: str) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and rows of a CSV file; InputError says what is wrong with it."""
    content = read_bytes(path, "CSV", MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}, which is not UTF-8"
        raise InputError(Fault(path, f"line {line}", found, "CSV text in UTF-8")) from None
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=False))
    except csv.Error as error:
        raise InputError(Fault(path, "", f"what is no CSV ({error})", "comma-separated values")) from None
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if not lines:
        raise InputError(Fault(path, "", "an empty file", "a header and rows"))
    heads = [head.strip() for head in lines[0]]
    named = [head.lower() for head in heads]
    missing = [column for column in LEAST_COLUMNS if column not in named]
    if missing:
        found = ", ".join(heads)[:60] or "nothing"
        raise InputError(
            Fault(path, "line 1", found, f"columns with {' and '.join(missing)}", "wizard help predict has the columns")
        )
    if doubled := next((head for head in named if named.count(head) > 1), None):
        raise InputError(Fault(path, "line 1", f"the column {doubled} twice", "each column once"))
    width = len(heads)
    return heads, [dict(zip(heads, [*line, *[""] * (width - len(line))], strict=False)) for line in lines[1:]]


def cases_of(rows: Sequence[Mapping[str, str]], catalog: Catalog) -> list[Row]:
    """What each row asks, in order."""
    names = Names(catalog)
    return [_Reading(row, names, catalog).row() for row in rows]


def _first_wave(catalog: Catalog, engine: str) -> float:
    """Part of the queue of a start together that the mean TTFT of a closed loop holds, where clients start at once."""
    offset = catalog.engine_offsets.get(engine)
    return catalog.operations["perf_first_wave"].value * (offset.first_wave if offset else 1.0)


def predict_rows(read: Sequence[Row], catalog: Catalog) -> tuple[list[Row], list[Predicted | None]]:
    """Predict the rows that have a case; above its capacity an endless run is taken as one of REQUESTS."""
    rows = list(read)
    out: list[Predicted | None] = [None] * len(rows)
    cases = [(i, row.case) for i, row in enumerate(rows) if row.case is not None]
    for (i, _), found in zip(cases, predict_cases([case for _, case in cases], catalog), strict=True):
        out[i] = found
    over = [(i, replace(case, requests=REQUESTS)) for i, case in cases if _endless(out[i])]
    for (i, case), found in zip(over, predict_cases([case for _, case in over], catalog), strict=True):
        said = f"rate above capacity: a run of {REQUESTS:g} requests"
        rows[i], out[i] = replace(rows[i], case=case, assumed=(*rows[i].assumed, said), guess=True), found
    return rows, out


def _endless(found: Predicted | None) -> bool:
    return found is not None and found.ttft == inf


class _Reading:
    """One row as it is read: cells by small-letter name, and what had to be assumed."""

    def __init__(self, row: Mapping[str, str], names: Names, catalog: Catalog) -> None:
        self.cells = {key.lower(): (value or "").strip() for key, value in row.items()}
        self.names, self.catalog = names, catalog
        self.assumed: list[str] = []
        self.guess = False

    def text(self, name: str) -> str:
        cell = self.cells.get(name, "")
        return "" if cell.lower() in ("nan", "none", "n/a", "na", "null", "-", "?", "unknown") else cell

    def number(self, name: str, most: float = MOST) -> float:
        """A positive number, else NaN; what is there but is none is told."""
        cell = self.text(name)
        try:
            value = float(cell.replace(",", "").replace("_", "")) if cell else nan
        except ValueError:
            value = nan
        if cell and not 0 < value <= most:
            if value != inf:
                self.assumed.append(f"{name} '{cell[:16]}' not used")
            return inf if value == inf else nan
        return value

    def whole(self, name: str) -> int:
        """A whole number of at least 1, or 0 where there is none."""
        value = self.number(name, 4096)
        return max(1, round(value)) if isfinite(value) else 0

    def taken(self, value: float, otherwise: float, says: str, guess: bool = False) -> float:
        if isfinite(value):
            return value
        self.assumed.append(says)
        self.guess |= guess
        return otherwise

    def row(self) -> Row:
        name = self.text("model")
        model = self.names.model(name, self.number("params_b"), self.number("active_b"))
        gpu = self.names.gpu(self.text("gpu"))
        if not (model.id and gpu.id):
            return Row(None, "; ".join(filter(None, (model.said, gpu.said))))
        self.guess |= model.guessed
        given = self.text("weights_precision") or self.text("precision")
        precision = self.names.precision(given, model.id, name)
        engine = self.names.engine(self.text("engine"))
        self.assumed += filter(None, (model.assumed, gpu.assumed, precision.assumed, engine.assumed))
        self.guess |= precision.guessed
        size = _Size.of(self)
        if size.split:
            self.assumed.append(f"split of {size.copies} GPUs not published: the one that does most")
        design = Design(model.id, precision.id, gpu.id, size.gpus, engine.id, size.groups or None)
        factor = self.names.kv_factor(self.text("kv_precision"), precision.id)
        as_model = self.text("source").lower() in MODEL_CACHE
        if not self.text("kv_precision") and precision.id in FP8_CACHE and not as_model:
            self.assumed.append("FP8 KV cache")
            factor = self.names.kv_factor("fp8", precision.id)
        return Row(self.case(design, size, factor), "", tuple(self.assumed), self.guess)

    def case(self, design: Design, size: "_Size", factor: float) -> Case:
        tokens_in = self.number("isl", LONGEST_REQUEST)
        tokens_out = self.number("osl", LONGEST_REQUEST)
        tokens_in = self.taken(tokens_in, INPUT_TOKENS, f"{INPUT_TOKENS:g} input tokens", True)
        tokens_out = self.taken(tokens_out, OUTPUT_TOKENS, f"{OUTPUT_TOKENS:g} output tokens", True)
        draws = self.text("source").lower() in DRAWS
        if draws:
            self.assumed.append(f"lengths drawn: mean {DRAWN:g} of nominal")
            tokens_in, tokens_out = tokens_in * DRAWN, max(tokens_out * DRAWN, 1.0)
        in_flight, rate = self.number("concurrency_or_batch"), self.number("request_rate")
        kind = re.sub(r"[^a-z]", "", self.text("scenario").lower())
        regime = SCENARIOS.get(kind) or self.regime(in_flight, rate)
        requests, slo = inf, None
        if kind in ("mlperfserver", "mlperfinteractive"):
            slo = self.limits(kind.removeprefix("mlperf"), design.model, tokens_in)
        elif regime is Regime.RATE:
            found = _RUN.search(self.text("note"))
            requests = float(found[1]) if found else inf
            if isnan(rate) or rate == inf:
                self.assumed.append("no finite rate: taken as saturated")
                regime = Regime.SATURATED
        elif regime in (Regime.CLOSED, Regime.BATCH) and not isfinite(in_flight):
            self.assumed.append("no number in flight: as many as fit")
            regime = Regime.SATURATED
        return Case(
            design=design,
            regime=regime,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            in_flight=in_flight if isfinite(in_flight) else 1.0,
            rate=rate,
            requests=requests,
            first_wave=_first_wave(self.catalog, design.engine) if regime is Regime.CLOSED else 0.0,
            stages=size.stages,
            copies=size.copies,
            kv_factor=factor,
            era=self.era(),
            slo=slo,
            split=size.split,
        )

    def era(self) -> Era:
        """Of the row's date, as far as it has one."""
        found = _YEAR.match(self.text("date"))
        year = int(found[0]) if found else LAST_YEAR + 1
        return Era.OLD if year < LAST_YEAR else Era.LAST if year == LAST_YEAR else Era.NOW

    def regime(self, in_flight: float, rate: float) -> Regime:
        scenario = self.text("scenario")
        found = Regime.CLOSED if isfinite(in_flight) else Regime.RATE if isfinite(rate) else Regime.SATURATED
        self.assumed.append(f"scenario {repr(scenario[:20]) + ' ' if scenario else ''}taken as {found}")
        return found

    def limits(self, kind: str, model: str, tokens_in: float) -> Slo:
        """The limits that the row's note tells, else those of MLPerf for the model, else usual ones."""
        noted = _SLO.search(self.text("note"))
        limits = (float(noted[1]), float(noted[2])) if noted else None
        if limits is None or not all(0 < limit <= MOST for limit in limits):
            limits = LIMITS.get((kind, model))
        if limits is None:
            limits = OTHER_LIMITS[kind]
            self.assumed.append(f"SLO p99 TTFT {limits[0]} ms, TPOT {limits[1]} ms")
            self.guess = True
        return Slo(limits[0], limits[1], 99.0, LONG_INPUT_CV if tokens_in > LONG_INPUT else INPUT_CV, OUTPUT_CV)


@dataclass(frozen=True)
class _Size:
    """GPUs of a stage, stages, copies, attention groups (0: not said), and whether the split is unknown."""

    gpus: int
    stages: int
    copies: int
    groups: int
    split: bool = False

    @classmethod
    def of(cls, row: _Reading) -> "_Size":
        total, tp, stages = row.whole("gpu_count"), row.whole("tp"), max(row.whole("pp"), 1)
        groups = row.whole("dp_attention") or (1 if tp else 0)
        if not tp and not total:
            row.assumed.append("1 GPU")
            return cls(1, 1, 1, groups)
        if not tp and total > 1 and not groups > 1:
            return cls(1, 1, total, 0, split=True)
        gpus = max(tp, 1)
        if groups > gpus or (groups > 1 and gpus % groups):
            gpus = groups  # tp written per group
        if total and groups > 1 and total % (gpus * stages):
            gpus = max(total // stages, 1)
        copies = max(total // (gpus * stages), 1) if total else 1
        return cls(gpus, stages, copies, groups)


def written(
    heads: Sequence[str],
    rows: Sequence[Mapping[str, str]],
    read: Sequence[Row],
    predicted: Sequence[Predicted | None],
    catalog: Catalog,
) -> str:
    """The CSV text of the rows with the columns of ADDED; what stood in those before is written over."""
    kept = [head for head in heads if head.lower() not in ADDED]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*kept, *ADDED])
    for row, said, found in zip(rows, read, predicted, strict=True):
        writer.writerow([*(row.get(head, "") for head in kept), *_added(said, found, catalog)])
    return out.getvalue()


def records(text: str) -> list[dict[str, str]]:
    """The rows of a CSV text, a table a row."""
    return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]


def _added(row: Row, found: Predicted | None, catalog: Catalog) -> list[str]:
    if found is None or row.case is None:
        return ["", "", "", "", "", row.refusal, "", "", "; ".join(row.assumed)]
    wide = GUESS if row.guess else OUTSIDE.speed if found.squeezed or found.refused else 0.0
    return [
        _figure(found.ttft * 1e3), _figure(found.tpot * 1e3), _figure(found.e2e * 1e3),
        _figure(found.output_tokens_per_s), f"{max(found.band, wide):.2g}", _refusal(row.case, found, catalog),
        f"{max(found.band_ttft, wide):.2g}", found.bound_by, "; ".join((*row.assumed, *_layout(row.case, found))),
    ]  # fmt: skip


def _figure(value: float) -> str:
    return f"{value:.6g}" if isfinite(value) else ""


def _layout(case: Case, found: Predicted) -> list[str]:
    return [f"{found.copies} replicas of {found.gpus} GPUs"] if case.split else []


def _refusal(case: Case, found: Predicted, catalog: Catalog) -> str:
    """What a plan would refuse the row for, although it is predicted; empty where nothing."""
    said: list[str] = []
    if found.squeezed:
        said.append(
            f"memory: {found.needed_gb:.4g} GB needed with one request, {found.available_gb:.4g} GB to take; "
            f"predicted with all memory taken, {found.fit:.3g} requests at once"
        )
    if found.refused:
        said.append(f"{found.refused}: no rate keeps the SLO; predicted with one request in flight")
    longest = catalog.models[case.design.model].max_context
    if longest and case.input_tokens + case.output_tokens > longest:
        said.append(f"context: {case.input_tokens + case.output_tokens:.0f} tokens, the model has {longest:.0f}")
    if not isfinite(found.tpot):
        said.append("unknown: architecture of the model or bandwidth of the GPU")
    return "; ".join(said)
