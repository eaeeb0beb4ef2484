"""Results kept while the very objects that they were made of are in use.

What-if moves, flips, worlds and sweeps raise the options of one catalog many times. What depends on speed or quality
alone is found once. Nothing stale can come back: records are frozen, objects are told apart by identity, and are held
as long as what was made of them, so that no other object can take their place.
"""

from collections.abc import Callable, Hashable
from dataclasses import fields
from threading import Lock
from typing import Generic, TypeVar

from catalogs.catalog import Catalog

T = TypeVar("T")
PRICES = frozenset({"gpu_prices", "api_offers", "purchases", "provisioned", "exchange_rates"})
"""Tables of a catalog that no speed and no quality depends on, which moves of a price replace."""


class Kept(Generic[T]):
    """The last results, `most` of them, by the objects that they were made of and an equal key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[tuple[tuple[int, ...], Hashable], tuple[tuple[object, ...], T]] = {}
        self._lock = Lock()

    def of(self, made_of: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """The result kept, or made now; nobody may change it."""
        at = (tuple(map(id, made_of)), key)
        with self._lock:
            found = self._found.pop(at, None)
        if found is None:
            found = made_of, make()
        with self._lock:
            self._found[at] = found  # the latest stands last
            while len(self._found) > self._most:
                del self._found[next(iter(self._found))]
        return found[1]


def unpriced(catalog: Catalog) -> tuple[object, ...]:
    """All tables of a catalog but those of prices: all that speed and quality may depend on."""
    return tuple(getattr(catalog, each.name) for each in fields(catalog) if each.name not in PRICES)
