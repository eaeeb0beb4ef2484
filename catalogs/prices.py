"""Prices of GPUs and of running them: figures in, records out, each row in its own currency.

A figure of money has its currency at the head of its unit (`EUR/year`): `money_unit` splits it.
"""

import csv
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catalogs.providers import declared_attributes, placed_regions
from catalogs.records import Attributes, Figure, GpuPrice, GpuPurchase, Region
from catalogs.vocabulary import PurchaseType

FIGURES = Path(__file__).parent / "figures"

# The purchase words of the sources, as the program knows them: a managed endpoint is paid by the hour
# like a machine, and a capacity block is a machine paid ahead.
_PURCHASES: dict[str, PurchaseType] = {
    "on_demand": "on_demand",
    "capacity_block": "on_demand",
    "dedicated_endpoint": "managed",
    "spot": "spot",
    "serverless": "serverless",
    "reserved_1y": "reserved_1y",
}
_TERMS: dict[str, PurchaseType] = {"1y": "reserved_1y", "3y": "reserved_3y"}


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file under figures/; a blank cell is an empty text."""
    with (FIGURES / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tables(name: str) -> dict[str, Any]:
    """Tables of a TOML file under figures/."""
    return tomllib.loads((FIGURES / name).read_text(encoding="utf-8"))


def number(text: str) -> float | None:
    """A cell's number; None where the cell is blank (unknown, never zero)."""
    return float(text) if text else None


def money_unit(unit: str) -> tuple[str, str] | None:
    """Split `EUR/year` into ("EUR", "year"); None for a unit that is not money."""
    match = re.fullmatch(r"([A-Z]{3})/(.+)", unit)
    return (match[1], match[2]) if match else None


def flag_sorts() -> list[tuple[re.Pattern[str], str, str]]:
    """The table of flags: (pattern of the whole flag, `unusable` | `estimate` | `note`, reason)."""
    return [(re.compile(row["pattern"]), row["sort"], row["reason"]) for row in tables("gpu_price_flags.toml")["flag"]]


def sort_flag(flag: str, sorts: Iterable[tuple[re.Pattern[str], str, str]]) -> tuple[str, str]:
    """What a flag means: (sort, reason). An unknown flag is taken for an estimate, never for nothing."""
    if not flag:
        return "note", ""
    for pattern, sort, reason in sorts:
        if pattern.fullmatch(flag):
            return sort, reason
    return "estimate", f"flagged by its source: {flag}"


def slug(text: str) -> str:
    """A name as part of an id: lower case, spaces and slashes as hyphens."""
    return re.sub(r"[\s/@:]+", "-", text.strip().lower())


def listed_prices() -> tuple[GpuPrice, ...]:
    """The rows of gpu_prices.csv, sorted by their flag: usable or not, marked as an estimate or not."""
    sorts = flag_sorts()
    known: dict[str, tuple[str, str]] = {}
    prices = []
    for row in rows("gpu_prices.csv"):
        flag = row["flag"]
        if flag not in known:
            known[flag] = sort_flag(flag, sorts)
        sort, reason = known[flag]
        gpus = int(row["gpu_count"])
        prices.append(
            GpuPrice(
                id=f"{row['provider']}/{slug(row['instance'])}/{gpus}x{row['gpu']}@{row['region']}:{row['purchase']}",
                provider=row["provider"],
                service=row["service"],
                instance=row["instance"],
                gpu=row["gpu"],
                gpu_count=gpus,
                region=row["region"],
                purchase=_PURCHASES[row["purchase"]],
                price_per_hour=float(row["price_per_hour"]),
                currency=row["currency"],
                flag=flag,
                usable=sort != "unusable",
                source=row["source"],
                date=row["date"],
                estimate="" if sort == "note" else reason,
            )
        )
    return tuple(prices)


def prices_by_count(listed: Iterable[GpuPrice]) -> tuple[GpuPrice, ...]:
    """Prices of several GPUs in one machine, of who sells them by the GPU and lists one only (gpu_counts.toml).

    Where the provider lists so many of a GPU itself, that price stands alone.
    """
    listed = tuple(listed)
    rules = {(rule["provider"], rule["service"]): rule for rule in tables("gpu_counts.toml")["by_gpu"]}
    own = {(price.provider, price.gpu, price.region, price.purchase, price.gpu_count) for price in listed}
    made = []
    for price in listed:
        rule = rules.get((price.provider, price.service))
        if rule is None or price.gpu_count != 1 or not price.usable:
            continue
        for count in rule.get("but", {}).get(price.gpu, rule["counts"]):
            if (price.provider, price.gpu, price.region, price.purchase, count) not in own:
                made.append(
                    price.model_copy(
                        update={
                            "id": price.id.replace(f"/1x{price.gpu}@", f"/{count}x{price.gpu}@"),
                            "gpu_count": count,
                            "price_per_hour": price.price_per_hour * count,
                            "source": f"{price.source}; {count} times the price of one: {rule['source']}",
                        }
                    )
                )
    return tuple(made)


def committed_prices(listed: Iterable[GpuPrice]) -> tuple[GpuPrice, ...]:
    """Reserved prices that no list states: on-demand price x (1 - discount), each marked an estimate.

    Only providers that a row of commitments.csv names and `commitment_rules.toml` takes up; a discount of
    another shape or of the market at large is evidence beside it, not an offer. Of several rules of one term that fit
    a price the first stands.
    """
    rules = tables("commitment_rules.toml")["rule"]
    derived = []
    for price in listed:
        if price.purchase != "on_demand" or price.id.endswith(":capacity_block") or not price.usable:
            continue
        fitting = (r for r in rules if price.provider in r["providers"] and price.gpu in r.get("gpus", [price.gpu]))
        first: dict[str, Any] = {}
        for rule in fitting:
            first.setdefault(rule["term"], rule)
        for term, rule in first.items():
            purchase = _TERMS[term]
            how = f"on-demand price less {rule['discount']:.3g} of it: {rule['how']}"
            derived.append(
                price.model_copy(
                    update={
                        "id": price.id.removesuffix(":on_demand") + f":{purchase}",
                        "purchase": purchase,
                        "price_per_hour": price.price_per_hour * (1 - rule["discount"]),
                        "source": f"{price.source}; discount {rule['source']}",
                        "date": max(price.date, rule["date"]),
                        "estimate": f"{how}; {price.estimate}" if price.estimate else how,
                    }
                )
            )
    return tuple(derived)


def spot_by_ratio(listed: Iterable[GpuPrice]) -> tuple[GpuPrice, ...]:
    """Spot prices from an old list's ratio of spot to list, on today's list price; each an estimate.

    Where a provider's old rows are unusable as prices, their ratio is taken per GPU type and applied
    to the provider's usable on-demand rows of that GPU that have no spot price of their own.
    """
    listed = tuple(listed)
    old: dict[tuple[str, str], dict[str, GpuPrice]] = {}
    for price in listed:
        if not price.usable and "spot-to-list ratio" in price.flag:
            old.setdefault((price.provider, price.gpu), {})[price.purchase] = price
    have = {(price.provider, price.gpu, price.region) for price in listed if price.usable and price.purchase == "spot"}
    derived = []
    for price in listed:
        pair = old.get((price.provider, price.gpu), {})
        if price.purchase != "on_demand" or not price.usable or len(pair) < 2:
            continue
        if (price.provider, price.gpu, price.region) in have:
            continue
        ratio = pair["spot"].price_per_hour / pair["on_demand"].price_per_hour
        how = f"list price times {ratio:.3g}, the ratio of spot to list in an undated older list"
        derived.append(
            price.model_copy(
                update={
                    "id": price.id.removesuffix(":on_demand") + ":spot",
                    "purchase": "spot",
                    "price_per_hour": price.price_per_hour * ratio,
                    "source": f"{price.source}; ratio {pair['spot'].source}",
                    "estimate": f"{how}; {price.estimate}" if price.estimate else how,
                }
            )
        )
    return tuple(derived)


def gpu_prices() -> tuple[GpuPrice, ...]:
    """Every GPU price, listed and derived, in its own currency; unusable ones have `usable` False.

    Ids are `provider/instance/NxGPU@region:purchase`, unique; a region that the source does not name is `unknown`.
    """
    listed = listed_prices()
    listed = (*listed, *prices_by_count(listed))
    return (*listed, *committed_prices(listed), *spot_by_ratio(listed))


def gpu_purchases() -> tuple[GpuPurchase, ...]:
    """What a GPU costs to buy, for owned pools; few GPUs, all of them estimates."""
    return tuple(
        GpuPurchase(
            gpu=row["gpu"],
            price=float(row["price"]),
            low=number(row["low"]),
            high=number(row["high"]),
            currency=row["currency"],
            source=row["source"],
            date=row["date"],
            estimate=row["estimate"],
        )
        for row in rows("gpu_purchases.csv")
    )


def spot_availability(interruptions_per_hour: float, restart_hours: float) -> float:
    """Share of the time that a spot replica is up: A = MTBF / (MTBF + restart), MTBF = 1 / interruptions per hour.

    Renewal process of an up time (mean MTBF) and a down time (mean restart), as in any text on reliability.
    """
    if interruptions_per_hour <= 0:
        return 1.0
    mtbf = 1 / interruptions_per_hour
    return mtbf / (mtbf + restart_hours)


def operations() -> dict[str, Figure]:
    """Defaults for people, storage, network, availability and owned hardware, by key; money in the unit's currency."""
    figures = {key: Figure(**values) for key, values in tables("operations.toml").items()}
    rate, restart = figures["spot_interruptions_per_hour"], figures["spot_restart_hours"]
    figures["availability_spot"] = Figure(
        value=spot_availability(rate.value, restart.value),
        unit="share of time",
        source=rate.source,
        date=rate.date,
        estimate=f"{rate.value:.3g} interruptions an hour and {restart.value:.3g} h to be back: {rate.estimate}",
    )
    return figures


def attributes() -> dict[str, Attributes]:
    """What each provider declares about data, by the provider's name in prices and API offers.

    For a pool, retention and training are those of the machines' user; the provider's operator,
    attestations, agreements and network are the cloud's.
    """
    return declared_attributes(tables("providers.toml"), rows("provider_compliance.csv"))


def regions() -> dict[str, Region]:
    """Where every region of a price or an API offer is, by `provider/region`; also `unknown` and `owned/own-site`."""
    named = {(row["provider"], row["region"]) for row in rows("gpu_prices.csv")}
    named |= {(row["provider"], row["region"]) for row in rows("api_offers.csv")}
    figures = tables("regions.toml")
    named |= {(provider, region) for provider, places in figures["countries"].items() for region in places}
    named |= {(key.split("/")[0], key.split("/")[1]) for key in figures["labels"]}
    named |= {(name, row["region"]) for name, row in tables("providers.toml").items() if "region" in row}
    return placed_regions({*named, ("owned", "own-site")}, figures)
