"""What a thread works out for a screen: shown when it is there, kept until what it rests on changes."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.message import Message

if TYPE_CHECKING:
    from wizard.screens.frame import Framed

T = TypeVar("T")


class Told(Message):
    """The thread is done: the screen may draw again."""


class Later(Generic[T]):
    """One value worked out off the screen. `of` gives it, or the one before while the new one is on its way."""

    def __init__(self, screen: "Framed", empty: T) -> None:
        self.screen = screen
        self.empty: T = empty
        self.value: T = empty
        self.known: Hashable = None
        self.asked: Hashable = None

    def of(self, rests_on: Hashable, work: Callable[[], T], stale: bool = True) -> T:
        """The value for what it rests on; where that is new, a thread starts on it. `stale`: show the one before."""
        if rests_on not in (self.known, self.asked):
            self.asked = rests_on
            self.screen.run_worker(
                partial(self._work, rests_on, work),
                thread=True,
                exclusive=True,
                exit_on_error=False,
                group=str(id(self)),
            )
        return self.value if rests_on == self.known or stale else self.empty

    def _work(self, rests_on: Hashable, work: Callable[[], T]) -> None:
        value = work()
        if rests_on == self.asked:
            self.value, self.known = value, rests_on
            self.screen.post_message(Told())
