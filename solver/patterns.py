"""Which options a rule's text means: a word (`apis`, `pools`, a provider, model or GPU) or a glob on its id."""

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import chain

from catalogs.records import ApiOffer
from solver.problem import PoolDesign

Places = frozenset[int]


def means_api(text: str, id_: str, offer: ApiOffer) -> bool:
    """Whether the text means this offer: `apis`, its model, provider, provider/model, or a glob on its id."""
    words = ("apis", offer.model, offer.provider, f"{offer.provider}/{offer.model}")
    return text in words or fnmatchcase(id_, text)


def means_pool(text: str, id_: str, model: str, gpu: str, provider: str) -> bool:
    """Whether the text means this design: `pools`, its model, GPU, provider, or a glob on its id."""
    return text in ("pools", model, gpu, provider) or fnmatchcase(id_, text)


def names_design(text: str, design: PoolDesign) -> bool:
    """`means_pool` of a design record."""
    return means_pool(text, design.id, design.model, design.gpu, design.provider)


class Glob:
    """A glob followed piece by piece: the places in it that a prefix can reach (a nondeterministic automaton)."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._known: dict[tuple[Places, str], Places] = {}
        self.start = self._closed({0})

    def after(self, places: Places, piece: str) -> Places:
        """Places reached from any of these by a piece of text."""
        key = places, piece
        if key not in self._known:
            for char in piece:
                places = self._step(places, char)
                if not places:
                    break
            self._known[key] = places
        return self._known[key]

    def ends(self, places: Places) -> bool:
        """Whether the whole glob is matched at one of the places."""
        return len(self._tokens) in places

    def _closed(self, places: Iterable[int]) -> Places:
        """Places reached without a character: past any `*`."""
        closed = set(places)
        for place in tuple(closed):
            while place < len(self._tokens) and self._tokens[place] == "*":
                place += 1
                closed.add(place)
        return frozenset(closed)

    def _step(self, places: Places, char: str) -> Places:
        after: set[int] = set()
        for place in places:
            if place == len(self._tokens):
                continue
            if self._tokens[place] == "*":
                after.add(place)
            elif fnmatchcase(char, self._tokens[place]):
                after.add(place + 1)
        return self._closed(after)


glob_of = lru_cache(maxsize=64)(Glob)
"""The automaton of a glob, with what is known of it so far."""


def can_match(text: str, parts: Sequence[Iterable[str]]) -> bool:
    """Whether the glob matches some string made of one piece of each part, in order.

    Exact without making the strings: the pieces of a part only add to the places reached.
    """
    glob = glob_of(text)
    places = glob.start
    for part in parts:
        if not places:
            return False
        places = frozenset(chain.from_iterable(glob.after(places, piece) for piece in part))
    return glob.ends(places)


def _tokens(text: str) -> list[str]:
    """The glob as `*`, and patterns of one character each."""
    tokens: list[str] = []
    i = 0
    while i < len(text):
        end = text.find("]", i + 2) if text[i] == "[" else -1
        tokens.append(text[i : end + 1] if end > 0 else text[i])
        i = end + 1 if end > 0 else i + 1
    return tokens


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest spelling among the known, or an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""
