"""What has moved at the sources: a newer copy of one source against the tables, as records, and the rows to append.

A source is read from a package that is installed or from a file given by path; nothing is fetched or overwritten. A
changed price becomes a new row with its own date: a catalog of an earlier day still holds the old price.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from catalogs.records import Record
from catalogs.toml_file import Fault, InputError

TOLERANCE = 0.005
"""Relative difference up to which two figures are the same: lists are rounded to three digits."""
LEAP = 3.0
"""A price that moved by more than this factor is told and never written: a placeholder, a unit, a mix-up."""
MAX_BYTES = 100_000_000

Kind = Literal["new", "changed", "gone", "disagree"]
KINDS: tuple[Kind, ...] = ("changed", "disagree", "gone", "new")


class Change(Record):
    """One figure that differs between our table and a source; None (or empty) where that side has none.

    `new`: only the source has it. `changed`: our figure is of this source, and it has moved. `gone`: ours is of this
    source, which no longer has it. `disagree`: ours is of another source, and the two differ. `written` says that
    `--write` appends a row for it; `note` says why not, or what to look at.
    """

    kind: Kind
    source: str
    table: str
    id: str
    unit: str
    ours: float | str | None
    theirs: float | str | None
    our_date: str = ""
    their_date: str = ""
    note: str = ""
    written: bool = False


@dataclass(frozen=True)
class Reading:
    """A source as read: what it says of itself, how many figures were compared, what differs, rows to append."""

    source: str
    says: str
    compared: int
    changes: tuple[Change, ...]
    rows: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A source: how its file is recognised, and the function that reads it.

    `read(path, day, new)`: `path` None is the installed package; `day` (ISO) is the date of what states none of its
    own; with `new`, rows that we lack are to be written too.
    """

    name: str
    wants: str
    read: Callable[[Path | None, str, bool], Reading]
    packaged: bool


def differs(mine: float, other: float) -> bool:
    """Whether two figures are further apart than rounding explains."""
    return abs(mine - other) > TOLERANCE * max(abs(mine), abs(other))


def leaps(mine: float, other: float) -> bool:
    """Whether a price moved so far that a person must look at it first."""
    low, high = sorted((abs(mine), abs(other)))
    return low == 0 or high / low > LEAP


def read_content(path: Path, wanted: str) -> bytes:
    """The bytes of a source's file; InputError says why it cannot be read."""
    try:
        if path.is_dir():
            raise InputError(Fault(str(path), "", "a directory", wanted))
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(Fault(str(path), "", "no such file", wanted)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Fault(str(path), "", f"a file that cannot be read ({reason})", wanted)) from None
    if len(content) > MAX_BYTES:
        raise InputError(Fault(str(path), "", f"more than {MAX_BYTES // 1_000_000} MB", wanted))
    return content


def zip_member(content: bytes, path: Path, pattern: str, wanted: str) -> bytes:
    """The first file of a zip whose name is of a pattern; InputError where there is none that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next((name for name in archive.namelist() if re.fullmatch(pattern, name)), None)
            if name is None:
                raise InputError(Fault(str(path), "", "a zip without such a file", wanted))
            return archive.read(name)
    # zipfile raises RuntimeError for what is encrypted, NotImplementedError for a compression that it does not know,
    # zlib.error for damaged data and EOFError for data cut short.
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError) as error:
        raise InputError(Fault(str(path), "", f"a zip that cannot be read ({error})", wanted)) from None


def text_of(content: bytes, file: str, wanted: str) -> str:
    """The content as UTF-8 text; InputError where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(Fault(file, f"line {line}", "bytes that are not UTF-8", wanted)) from None


def read_csv(path: Path, columns: Iterable[str], wanted: str) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with their line numbers; InputError where a column is missing or a row is cut short."""
    file = str(path)
    reader = csv.DictReader(io.StringIO(text_of(read_content(path, wanted), file, wanted), newline=""))
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            found = ", ".join(map(str, (reader.fieldnames or ())))[:60] or "nothing"
            raise InputError(Fault(file, "line 1", f"the columns {found}", f"the column {missing[0]} of {wanted}"))
        rows: list[tuple[int, dict[str, str]]] = []
        for row in reader:
            if None in row.values() or None in row:
                count = len(reader.fieldnames or ())
                raise InputError(Fault(file, f"line {reader.line_num}", "a row of another length", f"{count} cells"))
            rows.append((reader.line_num, {key: (cell or "").strip() for key, cell in row.items()}))
    except csv.Error as error:
        raise InputError(Fault(file, f"line {reader.line_num}", f"no CSV ({error})", wanted)) from None
    if not rows:
        raise InputError(Fault(file, "", "no rows", wanted))
    return rows


def figure_in(text: str, file: str, line: int, column: str) -> float:
    """A cell as a finite number of at least 0; InputError names file, line and column."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < 1e12:
        raise InputError(Fault(file, f"line {line}, {column}", f'"{text[:40]}"', "a number of at least 0"))
    return value


def appended(table: str, rows: Iterable[Mapping[str, str]], folder: Path) -> str:
    """The text of a table of figures with rows below those it has; columns as in its header, blank where not given.

    A table that is not there yet begins with the columns of its rows.
    """
    path, rows = folder / table, list(rows)
    text = path.read_text(encoding="utf-8") if path.exists() else ",".join(rows[0]) + "\n"
    header = next(csv.reader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writerows(rows)
    return text + ("" if text.endswith("\n") else "\n") + out.getvalue()


def newest_rows(
    rows: Iterable[Mapping[str, str]], key: Callable[[Mapping[str, str]], tuple[str, ...]]
) -> dict[tuple[str, ...], Mapping[str, str]]:
    """Of rows with one key the newest; of one date, the later one in the table."""
    found: dict[tuple[str, ...], Mapping[str, str]] = {}
    for row in rows:
        name = key(row)
        if name not in found or found[name]["date"] <= row["date"]:
            found[name] = row
    return found


def shown(value: float) -> str:
    """A figure as a table holds it: at most nine significant digits, no exponent."""
    text = f"{value:.9g}"
    return f"{value:.12f}".rstrip("0") if "e" in text else text


def sources() -> tuple[Source, ...]:
    """Every source that can be read."""
    from catalogs.refresh_api import genai_prices, litellm
    from catalogs.refresh_gpu import gpu_price_index, skypilot
    from catalogs.refresh_rates import ecb

    return (
        Source("genai-prices", "a wheel of genai-prices or its data.json", genai_prices, True),
        Source("litellm", "a wheel of litellm or its model_prices_and_context_window.json", litellm, True),
        Source("gpu-price-index", "a day's CSV of gpu-price-index", gpu_price_index, False),
        Source("skypilot", "a catalogue CSV of SkyPilot, .../CLOUD/vms.csv", skypilot, False),
        Source("ecb", "eurofxref CSV or zip of the ECB", ecb, True),
    )


def source_of(path: Path) -> str:
    """The source that a file is of, by its name and its first bytes; InputError where that tells nothing."""
    name = path.name.lower()
    if "genai" in name or name == "data.json":
        return "genai-prices"
    if "litellm" in name or name.startswith("model_prices"):
        return "litellm"
    if "eurofxref" in name:
        return "ecb"
    head = b"" if name.endswith((".whl", ".zip")) else read_content(path, "a file of a source")[:2000]
    for mark, source in ((b"usd_per_gpu_hour", "gpu-price-index"), (b"AcceleratorName", "skypilot"),
                         (b"litellm_provider", "litellm"), (b"Date,", "ecb")):  # fmt: skip
        if mark in head:
            return source
    names = ", ".join(source.name for source in sources())
    raise InputError(Fault(str(path), "", "a file of no source that is known", f"one of {names}", "name the source"))
