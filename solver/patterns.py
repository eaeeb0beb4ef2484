"""Which options a rule's text means: a word (`apis`, `pools`, a provider, model or GPU) or a glob on its id."""

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from catalogs.records import ApiOffer
from solver.problem import PoolDesign


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


def can_match(text: str, parts: Sequence[Iterable[str]]) -> bool:
    """Whether the glob matches some string made of one piece of each part, in order.

    Exact without making the strings: the places in the glob that a prefix can reach are carried from part to part
    (a nondeterministic automaton; the pieces of a part only add to the places reached).
    """
    tokens = _tokens(text)
    places = _closed(tokens, {0})
    for part in parts:
        if not places:
            return False
        reached: set[int] = set()
        for piece in part:
            after = places
            for char in piece:
                after = _step(tokens, after, char)
                if not after:
                    break
            reached |= after
        places = reached
    return len(tokens) in places


def _tokens(text: str) -> list[str]:
    """The glob as `*`, and patterns of one character each."""
    tokens: list[str] = []
    i = 0
    while i < len(text):
        end = text.find("]", i + 2) if text[i] == "[" else -1
        tokens.append(text[i : end + 1] if end > 0 else text[i])
        i = end + 1 if end > 0 else i + 1
    return tokens


def _closed(tokens: Sequence[str], places: set[int]) -> set[int]:
    """Places reached without a character: past any `*`."""
    closed = set(places)
    for place in places:
        while place < len(tokens) and tokens[place] == "*":
            place += 1
            closed.add(place)
    return closed


def _step(tokens: Sequence[str], places: set[int], char: str) -> set[int]:
    after: set[int] = set()
    for place in places:
        if place == len(tokens):
            continue
        if tokens[place] == "*":
            after.add(place)
        elif fnmatchcase(char, tokens[place]):
            after.add(place + 1)
    return _closed(tokens, after)


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest spelling among the known, or an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""
