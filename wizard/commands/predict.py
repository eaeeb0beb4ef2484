"""`wizard predict`: what one replica does, or the rows of a file of measurements predicted."""

import argparse
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from catalogs.catalog import Catalog, load_catalog
from catalogs.toml_file import Fault, InputError, read_toml, short
from solver.design_arrays import DATA_PARALLEL_ATTENTION, is_sized
from solver.design_columns import Design
from solver.predict import Asked, predict
from solver.units import Milliseconds, Percentile, Rate, Tokens, parse_count
from wizard.commands.output import put
from wizard.exits import say
from wizard.importers.serving_names import DEFAULT_ENGINE, Named, Names, near
from wizard.text.json import json_text
from wizard.text.predict import prediction_text

COMMAND = "wizard predict"
MOST_GPUS, MOST_IN_FLIGHT, MOST_ROWS = 1024, 1e6, 20
OF_ONE = (
    "model", "precision", "gpu", "tp", "dp", "gpus", "engine", "input", "output", "concurrency", "rate", "ttft", "tpot",
    "percentile",
)  # fmt: skip
T = TypeVar("T")


def predict_command(options: argparse.Namespace) -> int:
    """Print the prediction of one replica, or write that of each row of `--csv FILE`."""
    catalog = load_catalog(overlays=[(str(path), read_toml(path)) for path in options.overlay])
    if options.csv is not None:
        given = [f"--{name}" for name in OF_ONE if getattr(options, name) is not None]
        if given:
            raise InputError(Fault(COMMAND, given[0], "beside --csv FILE", "either a file or one replica"))
        return put(rows_text(options.csv, catalog, options.json), options.out)
    design, asked = _Options(options, catalog).read()
    found = predict(design, asked, catalog)
    return put(json_text(found) if options.json else prediction_text(found), options.out)


def rows_text(path: str, catalog: Catalog, as_json: bool = False) -> str:
    """The rows of a CSV file with their predictions, as CSV or JSON; what was refused is counted on stderr."""
    from wizard.importers.serving_rows import cases_of, predict_rows, read_rows, records, written

    heads, rows = read_rows(path)
    read, predicted = predict_rows(cases_of(rows, catalog), catalog)
    done = sum(found is not None for found in predicted)
    if not done:
        raise InputError(Fault(path, "line 2", read[0].refusal if read else "no rows", "rows of known models and GPUs"))
    say(f"{path}: {len(rows):,} rows, {done:,} predicted")
    for refusal, count in Counter(row.refusal for row in read if row.refusal).most_common(5):
        say(f"{path}: not predicted: {count:,} with {refusal}")
    table = written(heads, rows, read, predicted, catalog)
    return json_text(records(table)) if as_json else table


class _Options:
    """The options of one replica as they are read, with all that is wrong with them."""

    def __init__(self, options: argparse.Namespace, catalog: Catalog) -> None:
        self.options, self.catalog, self.names = options, catalog, Names(catalog)
        self.faults: list[Fault] = []

    def read(self) -> tuple[Design, Asked]:
        """The replica and what is asked of it; InputError with every fault."""
        model = self.named("model", "models", self.names.model)
        gpu = self.named("gpu", "gpus", self.names.gpu)
        engine = self.named("engine", "engines", self.names.engine, DEFAULT_ENGINE)
        precision = ""
        if model:
            native = self.catalog.models[model].native_precision
            precision = self.named(
                "precision", "precisions", lambda text: self.names.precision(text, model), native or "bf16"
            )
            if not is_sized(self.catalog.models[model]):
                self.fault("model", f"{model}, whose layers and heads are unknown", "a model of known architecture")
        tp, dp, gpus = (self.count(name) for name in ("tp", "dp", "gpus"))
        size, groups = self.size(tp, dp, gpus, engine)
        asked = self.asked()
        if self.faults:
            raise InputError(*self.faults)
        return Design(model, precision, gpu, size, engine, groups), asked

    def fault(self, name: str, found: str, wanted: str, hint: str = "") -> None:
        self.faults.append(Fault(COMMAND, f"--{name}", found, wanted, hint))

    def named(self, name: str, tables: str, find: Callable[[str], Named], otherwise: str = "") -> str:
        """The id of the catalog that an option names, or an empty text with a fault."""
        text = getattr(self.options, name)
        wanted = f"one of wizard catalog {tables}"
        if text is None and not otherwise:
            self.fault(name, "nothing", wanted)
            return ""
        known = getattr(self.catalog, tables)
        found = find(text if text is not None else otherwise)
        if not found.id or found.guessed:
            self.fault(name, short(text), wanted, near(text, known))
            return ""
        if found.assumed:
            say(f"{COMMAND}: --{name}: {found.assumed}")
        return found.id

    def count(self, name: str) -> int:
        """A whole number of GPUs, 0 where none is given."""
        text = getattr(self.options, name)
        if text is None:
            return 0
        if not text.isascii() or not text.isdigit() or len(text) > 8 or not 1 <= int(text) <= MOST_GPUS:
            self.fault(name, short(text), f"a whole number from 1 to {MOST_GPUS:,}")
            return 0
        return int(text)

    def size(self, tp: int, dp: int, gpus: int, engine: str) -> tuple[int, int | None]:
        """GPUs of the replica and its attention groups; None lets the model choose them."""
        if gpus and (tp or dp) and gpus != (tp or gpus // dp) * (dp or gpus // (tp or 1)):
            self.fault("gpus", str(gpus), f"--tp times --dp, {max(tp, 1)} x {max(dp, 1)}")
        if dp > 1 and engine and engine not in DATA_PARALLEL_ATTENTION:
            self.fault("dp", str(dp), f"1 with {engine}", "it has no data-parallel attention")
        if tp or dp:
            tp = tp or (gpus // dp if gpus else 1)
            dp = dp or (gpus // tp if gpus else 1)
            if tp * dp > MOST_GPUS:
                self.fault("dp", f"{tp} x {dp} GPUs", f"--tp times --dp of at most {MOST_GPUS:,}")
            return max(tp * dp, 1), max(dp, 1)
        return gpus or 1, None

    def asked(self) -> Asked:
        inputs, outputs = (self.quantity(name, Tokens.model_validate) for name in ("input", "output"))
        for name, tokens in (("input", inputs), ("output", outputs)):
            if getattr(self.options, name) is None:
                self.fault(name, "nothing", "tokens of a request, such as 1200 or 1.2k / 4k")
            elif tokens is not None and tokens.mean < 1:
                self.fault(name, short(getattr(self.options, name)), "at least 1 token")
        ttft, tpot = (self.quantity(name, TypeAdapter(Milliseconds).validate_python) for name in ("ttft", "tpot"))
        percentile = self.quantity("percentile", TypeAdapter(Percentile).validate_python) or 95.0
        rate, highest = self.rate()
        return Asked(
            input_tokens=inputs.mean if inputs else 1.0,
            output_tokens=outputs.mean if outputs else 1.0,
            input_cv=inputs.variation if inputs else 0.0,
            output_cv=outputs.variation if outputs else 0.0,
            in_flight=self.in_flight(),
            rate=rate,
            highest=highest or ttft is not None or tpot is not None,
            ttft_ms=ttft,
            tpot_ms=tpot,
            percentile=percentile,
        )

    def quantity(self, name: str, read: Callable[[Any], T]) -> T | None:
        """What a scenario would read of the same text."""
        text = getattr(self.options, name)
        if text is None:
            return None
        try:
            return read(text)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]
            self.fault(name, short(text), said["msg"].removeprefix("Value error, ").removeprefix("Input should be "))
            return None

    def in_flight(self) -> tuple[float, ...]:
        text = self.options.concurrency
        if text is None:
            return ()
        counts: list[float] = []
        for part in text.split(","):
            try:
                count = parse_count(part)
            except ValueError:
                count = 0.0
            if not 1 <= count <= MOST_IN_FLIGHT:
                self.fault("concurrency", short(text), "requests in flight of at least 1, such as 64 or 1,8,64")
                return ()
            counts.append(count)
        if len(counts) > MOST_ROWS:
            self.fault("concurrency", f"{len(counts)} numbers", f"at most {MOST_ROWS}")
        return tuple(counts)

    def rate(self) -> tuple[float | None, bool]:
        """The rate of arrivals, requests/s, and whether the highest is asked for."""
        text = self.options.rate
        if text is None or text.strip().lower() == "max":
            return None, text is not None
        found = self.quantity("rate", Rate.model_validate)
        if found is not None and found.per_second <= 0:
            self.fault("rate", short(text), "max, or more than 0 requests, such as 5/s")
            return None, False
        return (found.per_second if found else None), False
