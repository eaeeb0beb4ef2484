"""The catalog as text and as plain records: which tables there are, their rows, one row whole."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from catalogs.catalog import Catalog
from catalogs.prices import money_unit
from catalogs.records import DesignRate
from solver.ageing import PRICE_DAYS, QUALITY_DAYS, WAGE_DAYS, is_stale
from wizard.text.tables import number, plain, price, share, table, wrap

Cells = Callable[[Any], tuple[str, ...]]


@dataclass(frozen=True)
class Listing:
    """One table of the catalog: its name on the command line, what it holds, and the columns of its rows.

    `rows` gives (id, record) pairs; `cells` the columns after the id and before source and date.
    """

    name: str
    holds: str
    rows: Callable[[Catalog], Iterable[tuple[str, BaseModel]]]
    heads: tuple[str, ...]
    cells: Cells
    align: str


def _of(field: str) -> Callable[[Catalog], Iterable[tuple[str, BaseModel]]]:
    """Rows of a mapping: the key, words of a compound key joined with a slash, and the record."""

    def rows(catalog: Catalog) -> Iterable[tuple[str, BaseModel]]:
        mapping: Mapping[Any, BaseModel] = getattr(catalog, field)
        return [("/".join(key) if isinstance(key, tuple) else str(key), row) for key, row in mapping.items()]

    return rows


def _amount(value: float | None) -> str:
    return "-" if value is None else number(value)


def _rates(rate: DesignRate) -> str:
    """The rate, or the least and the most of several."""
    given = [*rate.by_segment.values(), *([] if rate.requests_per_second is None else [rate.requests_per_second])]
    return " to ".join(_amount(value) for value in dict.fromkeys((min(given), max(given))))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _cost(value: float | None) -> str:
    return "-" if value is None else price(value)


LISTINGS = (
    Listing("gpus", "accelerators, dense rates", _of("gpus"), ("GB", "GB/s", "BF16", "FP8", "W"),
            lambda r: (_amount(r.memory_gb), _amount(r.bandwidth_gb_s), _amount(r.bf16_tflops),
                       _amount(r.fp8_tflops), _amount(r.tdp_w)), ">>>>>"),
    Listing("models", "open-weight models", _of("models"), ("B", "active B", "context", "licence"),
            lambda r: (_amount(r.params_total_b), _amount(r.params_active_b), _amount(r.max_context),
                       r.licence_class), ">>><"),
    Listing("prices", "GPU instances, an hour, by region and purchase type",
            lambda c: [(r.id, r) for r in c.gpu_prices], ("GPU", "purchase", "an hour"),
            lambda r: (f"{r.gpu_count} x {r.gpu}", r.purchase, _cost(r.price_per_hour)), "<<>"),
    Listing("apis", "API offers, prices a million tokens", lambda c: [(r.id, r) for r in c.api_offers],
            ("in", "cached", "out", "region"),
            lambda r: (_cost(r.input_per_mtok), _cost(r.cached_input_per_mtok), _cost(r.output_per_mtok), r.region),
            ">>><"),
    Listing("provisioned", "API capacity by the unit, price an hour", lambda c: [(r.id, r) for r in c.provisioned],
            ("an hour", "tokens/minute", "least"),
            lambda r: (_cost(r.price_per_hour), _amount(r.tokens_per_minute), _amount(r.minimum)), ">>>"),
    Listing("precisions", "weight formats", _of("precisions"), ("bytes", "KV bytes", "computes in"),
            lambda r: (_amount(r.bytes_per_weight), _amount(r.bytes_per_kv), r.compute), ">><"),
    Listing("engines", "inference servers", _of("engines"), ("recommended", "sequences"),
            lambda r: (_yes(r.recommended), _amount(r.max_sequences)), "<>"),
    Listing("scores", "benchmark scores", _of("scores"), ("score", "unit", "by"),
            lambda r: (_amount(r.score), r.unit, r.reported_by), "><<"),
    Listing("floors", "what a quality word means",
            lambda c: [(f"{r.task}/{r.word}/{r.benchmark}", r) for r in c.floors],
            ("at least", "unit", "of"), lambda r: (_amount(r.threshold), r.unit, r.benchmark_date), "><<"),
    Listing("quantisation", "share of the score that a precision keeps", _of("quantisation"), ("keeps",),
            lambda r: (share(r.recovery),), ">"),
    Listing("long-context", "share that a precision keeps on long requests, one row a source",
            lambda c: [(f"{r.precision}/{r.from_tokens}/{r.says.partition(':')[0]}", r) for r in c.long_context],
            ("keeps",), lambda r: (share(r.recovery),), ">"),
    Listing("predecessors", "whom a closed model follows: a lower bound of its score", _of("predecessors"),
            ("follows",), lambda r: (r.predecessor,), "<"),
    Listing("evaluations", "your own evaluations", _of("evaluations"), ("models", "unit"),
            lambda r: (str(len(r.scores)), r.unit), "><"),
    Listing("operations", "people, storage, network, availability", _of("operations"), ("value", "unit"),
            lambda r: (_amount(r.value), r.unit), "><"),
    Listing("attributes", "what providers declare about data", _of("attributes"), ("operator", "keeps", "trains"),
            lambda r: (r.operator or "unknown", "unknown" if r.retention_days is None else f"{r.retention_days} d",
                       {True: "yes", False: "no", None: "unknown"}[r.trains_on_data]), "<<<"),
    Listing("regions", "where providers process", _of("regions"), ("geographies",),
            lambda r: (", ".join(r.geographies) or "unknown",), "<"),
    Listing("shapes", "load over a week or a day", _of("load_shapes"), ("hours", "peak/mean"),
            lambda r: (str(len(r.load_over_mean)), _peak(r.load_over_mean)), ">>"),
    Listing("purchases", "what a GPU costs to buy", _of("purchases"), ("price",), lambda r: (_cost(r.price),), ">"),
    Listing("classes", "performance model, by GPU class", _of("performance_classes"),
            ("eta_mem", "eta_pf", "tau us", "measured"),
            lambda r: (_amount(r.eta_mem), _amount(r.eta_pf), _amount(r.tau_us), _yes(r.measured)), ">>><"),
    Listing("offsets", "factors of an engine on that model", _of("engine_offsets"), ("t_fix", "mu", "tau"),
            lambda r: (_amount(r.t_fix), _amount(r.mu), _amount(r.tau)), ">>>"),
    Listing("rates", "your own rates of designs", lambda c: [(r.id, r) for r in c.rates], ("requests/s", "of"),
            lambda r: (_rates(r), f"{r.model} {r.precision} {r.gpus} x {r.gpu}"), "><"),
    Listing("measurements", "your own benchmarks of designs", lambda c: [(p.id, p) for p in c.measurements],
            ("requests/s", "tokens", "TPOT ms", "of"),
            lambda p: (_amount(p.requests_per_second), f"{p.input_tokens:.0f}+{p.output_tokens:.0f}",
                       _amount(p.tpot_ms["mean"]), f"{p.model} {p.precision} {p.gpus} x {p.gpu}"), ">>><"),
    Listing("exchange", "exchange rates used", _of("exchange_rates"), ("rate", "unit"),
            lambda r: (_amount(r.value), r.unit), "><"),
)  # fmt: skip
BY_NAME = {listing.name: listing for listing in LISTINGS}


def tables_text(catalog: Catalog) -> str:
    """The tables with their row counts."""
    rows = [("Table", "Rows", "Holds")]
    rows += [(listing.name, f"{len(list(listing.rows(catalog))):,}", listing.holds) for listing in LISTINGS]
    head = f"Catalog as of {catalog.as_of}, money in {catalog.currency}"
    return "\n".join([head, "", *table(rows, "<><"), ""])


_LIMITS = {"prices": PRICE_DAYS, "apis": PRICE_DAYS, "provisioned": PRICE_DAYS, "purchases": PRICE_DAYS,
           "exchange": PRICE_DAYS, "scores": QUALITY_DAYS}  # fmt: skip
"""Days after which a row of a table is stale; specifications and what else is not here do not age."""


def stale(listing: Listing, row: BaseModel, day: str) -> bool:
    """Whether a row is too old on a day: prices by the quarter, scores and wages by the year."""
    limit = _LIMITS.get(listing.name)
    if listing.name == "operations" and (money := money_unit(str(getattr(row, "unit", "")))):
        limit = WAGE_DAYS if money[1] == "year" else PRICE_DAYS
    return limit is not None and is_stale(str(getattr(row, "date", "")), day, limit)


def rows_text(listing: Listing, rows: Iterable[tuple[str, BaseModel]], currency: str, day: str = "") -> str:
    """Rows of a table, each with its date and source; `est` marks an estimate, `old` what is stale on the day."""
    cells = [("Id", *listing.heads, "", "Date", "Source")]
    for name, row in rows:
        marks = ["est"] if getattr(row, "estimate", "") else []
        marks += ["old"] if stale(listing, row, day) else []
        cells.append((name, *listing.cells(row), " ".join(marks), *_provenance(row)))
    head = f"{listing.name}: {listing.holds}" + (f"; money in {currency}" if "price" in listing.holds else "")
    return "\n".join([head, "", *table(cells, "<" + listing.align + "<<<", width=_wide(cells)), ""])


def row_text(name: str, row: BaseModel) -> str:
    """One row whole, a field a line; what is unknown is left out."""
    lines = [plain(name)]
    for key, value in row.model_dump(exclude_none=True).items():
        if value not in ("", (), [], {}):
            lines += wrap(f"{key} = {_written(value)}", " ", "     ")
    return "\n".join(lines) + "\n"


def tables_record(catalog: Catalog) -> dict[str, Any]:
    """The tables for `--json`: name, rows, what they hold."""
    return {
        "as_of": catalog.as_of,
        "currency": catalog.currency,
        "tables": [
            {"name": each.name, "rows": len(list(each.rows(catalog))), "holds": each.holds} for each in LISTINGS
        ],
    }


def rows_record(listing: Listing, rows: Iterable[tuple[str, BaseModel]], day: str = "") -> list[dict[str, Any]]:
    """Rows for `--json`: every field, with the id under `id`, and whether the row is stale on the day."""
    return [
        {"id": name, **row.model_dump(mode="json", exclude={"id"}), "stale": stale(listing, row, day)}
        for name, row in rows
    ]


def _wide(cells: list[tuple[str, ...]]) -> int:
    """Ids are to be copied, so a listing may be wider than 80 columns; only the source is cut."""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]) - 1)]
    return 1 + sum(widths) + 2 * len(widths) + 40


def _provenance(row: BaseModel) -> tuple[str, str]:
    date = str(getattr(row, "date", ""))
    source = str(getattr(row, "source", ""))
    if not source and getattr(row, "sources", None):
        source = "; ".join(dict.fromkeys(row.sources.values()))  # type: ignore[attr-defined]
    return date, source[:400]


def _peak(loads: tuple[float, ...]) -> str:
    return f"{max(loads) / (sum(loads) / len(loads)):.2f}"


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_written(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value))
    return str(value)
