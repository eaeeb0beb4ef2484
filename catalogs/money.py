"""Money of the catalog: which fields are money, and their conversion into the catalog's currency, once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from catalogs.prices import money_unit
from catalogs.records import ApiOffer, Figure, GpuPrice, GpuPurchase, Provisioned

R = TypeVar("R", GpuPrice, GpuPurchase, ApiOffer, Provisioned)

MONEY_FIELDS: Mapping[type, tuple[str, ...]] = {
    GpuPrice: ("price_per_hour",),
    GpuPurchase: ("price", "low", "high"),
    Provisioned: ("price_per_hour",),
    ApiOffer: (
        "input_per_mtok", "cached_input_per_mtok", "cache_write_per_mtok", "output_per_mtok",
        "request_price", "long_input_per_mtok", "long_output_per_mtok",
    ),
}  # fmt: skip


class Money:
    """Conversion into one currency at the rates of one day; `rates` keeps each rate that was used, as `FROM/TO`."""

    def __init__(self, currency: str, on: str) -> None:
        self.currency = currency
        self.on = on
        self.rates: dict[str, Figure] = {}

    def factor(self, currency: str) -> float:
        """What one unit of `currency` is in the catalog's; InputError for a currency without a rate."""
        if currency == self.currency:
            return 1.0
        key = f"{currency}/{self.currency}"
        if key not in self.rates:
            from catalogs.exchange import rate

            self.rates[key] = rate(currency, self.currency, self.on)
        return self.rates[key].value

    def converted(self, record: R) -> R:
        """The record with its money in the catalog's currency."""
        if record.currency == self.currency:
            return record
        fields: dict[str, Any] = {name: getattr(record, name) for name in MONEY_FIELDS[type(record)]}
        return record.model_copy(update=self.converted_fields(fields, record.currency))

    def converted_fields(self, fields: Mapping[str, Any], currency: str) -> dict[str, Any]:
        """Money fields in the catalog's currency; what is no number stays as it is."""
        factor = self.factor(currency)
        return {name: scaled(value, factor) for name, value in fields.items()} | {"currency": self.currency}

    def figure(self, figure: Figure) -> Figure:
        """The figure with `EUR/year` turned into the catalog's currency; others unchanged."""
        split = money_unit(figure.unit)
        if split is None or split[0] == self.currency:
            return figure
        factor = self.factor(split[0])
        update = {name: scaled(getattr(figure, name), factor) for name in ("value", "low", "high")}
        return figure.model_copy(update=update | {"unit": f"{self.currency}/{split[1]}"})

    def check(self) -> None:
        """InputError where the catalog's own currency has no rate; asked only of a currency other than USD."""
        if self.currency != "USD":
            self.factor("USD")


def scaled(value: Any, factor: float) -> Any:
    """A number times `factor`; None, text and truth values unchanged."""
    return value * factor if isinstance(value, int | float) and not isinstance(value, bool) else value
