"""The catalog's listings over the shipped figures: every table prints, every row has a source and a date."""

import json
from functools import cache
from typing import Any

import pytest

from catalogs.catalog import Catalog, load_catalog
from wizard.cli import main
from wizard.text.catalog import LISTINGS, Listing, row_text, rows_record, rows_text, tables_record, tables_text


@cache
def figures() -> Catalog:
    return load_catalog()


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda each: each.name)
def test_every_row_of_a_table_prints_in_ascii_with_source_and_date(listing: Listing) -> None:
    rows = list(listing.rows(figures()))
    text = rows_text(listing, rows, "USD")
    assert text.isascii()
    assert len(text.splitlines()) == len(rows) + 3
    for record in json.loads(json.dumps(rows_record(listing, rows))):
        sources = record.get("sources") or {"all": record.get("source")}
        assert all(sources.values()), record["id"]
        assert "sources" in record or record["date"], record["id"]


@pytest.mark.parametrize(
    "listing",
    [each for each in LISTINGS if each.name not in ("rates", "evaluations", "measurements")],
    ids=lambda each: each.name,
)
def test_one_row_prints_whole_in_80_columns(listing: Listing) -> None:
    text = row_text(*next(iter(listing.rows(figures()))))
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_the_tables_are_counted_alike_in_text_and_json() -> None:
    text, record = tables_text(figures()), tables_record(figures())
    assert record["as_of"] in text
    for table in record["tables"]:
        line = next(line for line in text.splitlines() if line.startswith(f" {table['name']} "))
        assert line.split()[1] == f"{table['rows']:,}"


@pytest.mark.parametrize(
    ("table", "date", "day", "old"),
    [
        ("prices", "2026-08-29", "2026-11-27", False),  # 90 days
        ("prices", "2026-08-28", "2026-11-27", True),
        ("scores", "2025-11-27", "2026-11-27", False),  # 365 days
        ("scores", "2025-11-26", "2026-11-27", True),
        ("gpus", "2020-01-01", "2026-11-27", False),
    ],
)
def test_a_row_too_old_is_marked_and_specifications_never(table: str, date: str, day: str, old: bool) -> None:
    listing = next(each for each in LISTINGS if each.name == table)
    name, row = next(iter(listing.rows(figures())))
    rows = [(name, row.model_copy(update={"date": date, "estimate": ""}))]
    assert rows_record(listing, rows, day)[0]["stale"] is old
    assert (" old " in rows_text(listing, rows, "USD", day)) is old


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["catalog", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_exact_id_shows_one_row_and_a_part_of_it_all_that_hold_it(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = listed(capsys, "gpus", "h100-sxm")
    assert row["memory_gb"] == 85.9
    assert {row["id"] for row in listed(capsys, "gpus", "h100")} >= {"h100-sxm", "h100-pcie"}


def test_an_overlay_is_seen_in_the_listing_with_its_file_as_source(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay = tmp_path / "mine.toml"
    overlay.write_text('[gpu_prices."mine/h100"]\ngpu = "h100-sxm"\nprice_per_hour = 1.5\n')
    (row,) = listed(capsys, "prices", "mine/h100", "--overlay", str(overlay))
    assert row["price_per_hour"] == 1.5
    assert row["source"] == "your overlay, mine.toml"


def test_money_is_listed_in_the_currency_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    (dollars,) = listed(capsys, "purchases", "h100-sxm")
    (euros,) = listed(capsys, "purchases", "h100-sxm", "--currency", "EUR")
    (rate,) = listed(capsys, "exchange", "--currency", "EUR")
    assert rate["unit"] == "EUR/USD"
    assert euros["price"] == pytest.approx(dollars["price"] * rate["value"])
    assert main(["catalog", "--currency", "EURO"]) == 2
