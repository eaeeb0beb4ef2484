"""Which figures of a catalog were quoted in another currency, and the catalog were that currency dearer or cheaper.

A figure of the tables that the catalog holds as it was converted moves with the rate; one that the user's overlay
replaced, or that was quoted in the catalog's own currency, stays.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from catalogs import api_prices, prices
from catalogs.catalog import Catalog
from catalogs.money import MONEY_FIELDS, Money, scaled
from catalogs.prices import money_unit
from catalogs.provisioned import provisioned
from catalogs.records import Figure

_TABLES: Mapping[str, Callable[[], Iterable[Any]]] = {
    "gpu_prices": prices.gpu_prices,
    "purchases": prices.gpu_purchases,
    "api_offers": lambda: api_prices.api_offers(None),
    "provisioned": provisioned,
}


def with_rates_moved(catalog: Catalog, factor: float) -> Catalog:
    """The catalog if other currencies cost `factor` times as much in its own; each rate and figure of them moves."""
    changes: dict[str, Any] = {}
    for name in ("gpu_prices", "api_offers", "provisioned"):
        changes[name] = tuple(_moved(each, name, catalog, factor) for each in getattr(catalog, name))
    changes["purchases"] = {key: _moved(each, "purchases", catalog, factor) for key, each in catalog.purchases.items()}
    changes["operations"] = {key: _figure(each, key, catalog, factor) for key, each in catalog.operations.items()}
    changes["exchange_rates"] = {
        key: rate.model_copy(update={"value": rate.value * factor}) for key, rate in catalog.exchange_rates.items()
    }
    return replace(catalog, **changes)


def _moved(record: Any, table: str, catalog: Catalog, factor: float) -> Any:
    quoted = _quoted(table, catalog.currency, catalog.as_of)
    if quoted.get(record.id if table != "purchases" else record.gpu) != record:
        return record
    fields = MONEY_FIELDS[type(record)]
    return record.model_copy(update={name: scaled(getattr(record, name), factor) for name in fields})


def _figure(figure: Figure, key: str, catalog: Catalog, factor: float) -> Figure:
    if _figures(catalog.currency, catalog.as_of).get(key) != figure:
        return figure
    return figure.model_copy(update={name: scaled(getattr(figure, name), factor) for name in ("value", "low", "high")})


@cache
def _quoted(table: str, currency: str, day: str) -> Mapping[str, Any]:
    """The newest records of a table that stand in another currency, converted, by id (GPUs to buy: by GPU)."""
    money, found, dates = Money(currency, day), {}, dict[str, str]()
    for record in _TABLES[table]():
        key = record.id if table != "purchases" else record.gpu
        if record.date > day or dates.get(key, "") > record.date:
            continue
        dates[key] = record.date
        found[key] = money.converted(record) if record.currency != currency else None
    return found


@cache
def _figures(currency: str, day: str) -> Mapping[str, Figure]:
    """Figures of running pools whose unit is another currency, converted."""
    money = Money(currency, day)
    return {
        key: money.figure(each)
        for key, each in prices.operations().items()
        if (split := money_unit(each.unit)) is not None and split[0] != currency
    }
