"""Provisioned capacity of API offers: what a unit serves, joined with what it costs for each term."""

from catalogs.api_prices import offer_id
from catalogs.prices import number, rows, tables
from catalogs.records import Provisioned

_HOURS = {"hour": 1.0, "month": 730.0, "year": 8760.0}
TERMS = {0: "hourly", 1: "1-month", 12: "1-year", 36: "3-year"}


def provisioned() -> tuple[Provisioned, ...]:
    """Every offer that is sold by the unit, once for each term, in its own currency; ids as `azure/gpt-5:1-month`.

    A unit serves the same in every region of its provider; prices are those of the region, whatever the model.
    """
    providers = tables("providers.toml")
    sold = {(row["provider"], row["model"], row["region"]) for row in rows("api_offers.csv") if not row["left_out"]}
    found = []
    for unit in rows("provisioned.csv"):
        for price in rows("provisioned_prices.csv"):
            place = (unit["provider"], unit["model"], price["region"])
            if unit["provider"] != price["provider"] or place not in sold:
                continue
            offer = offer_id(*place, providers[unit["provider"]].get("region", "unknown"))
            months = int(price["term_months"])
            limit = number(unit["longest_prompt"])
            found.append(
                Provisioned(
                    id=f"{offer}:{TERMS[months]}",
                    offer=offer,
                    unit=unit["unit"],
                    tokens_per_minute=float(unit["tokens_per_minute"]),
                    output_weight=float(unit["output_weight"]),
                    cached_weight=number(unit["cached_weight"]),
                    minimum=int(unit["minimum"]),
                    step=int(unit["step"]),
                    longest_prompt=None if limit is None else int(limit),
                    term_months=months,
                    price_per_hour=float(price["price_per_unit"]) / _HOURS[price["per"]],
                    currency=price["currency"],
                    source=f"unit: {unit['source']}; price: {price['source']}",
                    date=max(unit["date"], price["date"]),
                    estimate="; ".join(filter(None, (unit["estimate"], price["estimate"]))),
                )
            )
    return tuple(sorted(found, key=lambda each: each.id))
