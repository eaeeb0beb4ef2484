"""What has moved at the sources: each function reads a newer copy of one source and reports differences.

Run by hand on a file fetched beforehand; never at run time, and nothing is overwritten: a changed price
becomes a new dated row, written by a person who has looked at it.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalogs.api_prices import api_offers
from catalogs.prices import listed_prices


@dataclass(frozen=True)
class Difference:
    """One figure that differs from its source; `ours` or `theirs` is None where that side has no such figure."""

    key: str
    ours: float | None
    theirs: float | None
    unit: str


def compare(
    ours: Mapping[str, float], theirs: Mapping[str, float], unit: str, tolerance: float = 0.005
) -> tuple[Difference, ...]:
    """Differences by key: a relative change above `tolerance`, and keys of one side only."""
    found = []
    for key in sorted({*ours, *theirs}):
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None or abs(mine - other) > tolerance * max(abs(mine), abs(other)):
            found.append(Difference(key, mine, other, unit))
    return tuple(found)


def gpu_price_index(path: Path, providers: Iterable[str] = ()) -> tuple[Difference, ...]:
    """A daily CSV of github.com/ewyluda/gpu-price-index (or one in its columns) against gpu_prices.csv.

    Columns read: provider, instance_type, region, price_type, price_per_hour. Only providers that the file
    names are compared, or those of `providers`.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        read = list(csv.DictReader(stream))
    theirs = {
        f"{row['provider']}/{row['instance_type']}@{row['region']}:{row['price_type']}": float(row["price_per_hour"])
        for row in read
    }
    wanted = set(providers) or {row["provider"] for row in read}
    ours = {
        f"{price.provider}/{price.instance}@{price.region}:{price.purchase}": price.price_per_hour
        for price in listed_prices()
        if price.provider in wanted and "ewyluda/gpu-price-index" in price.source
    }
    return compare(ours, theirs, "USD/hour")


def genai_prices_against_table() -> tuple[Difference, ...]:
    """Output prices of the installed genai-prices against the copies in api_offers.csv (another release moves them)."""
    from catalogs.prices import number, rows

    table = {
        (row["provider"], row["provider_model"]): number(row["output"])
        for row in rows("api_offers.csv")
        if row["genai_provider"] and not row["left_out"]
    }
    current = {
        (offer.provider, offer.provider_model): offer.output_per_mtok
        for offer in api_offers()
        if offer.tier == "standard" and "genai-prices" in offer.source and "times" not in offer.source
    }
    ours = {"/".join(key): value for key, value in table.items() if value is not None}
    return compare(ours, {"/".join(key): value for key, value in current.items()}, "USD/Mtok")
