"""Exact dominance of API offers, pair by pair: what may leave the problem without changing its optimum.

Pair (s, a) may go if a2 of the same supplier and kind (open or closed, as baselines tell them apart) serves s at no
more money a request, its limits do not bind even at the whole peak load, and (s, a2) stays. It stays where a is named
by a rule or sells units for s. An offer with no pair left goes.
Proof: move x and z of s from a to a2. Rows 1, 5 and 6 count their sum; limits of a only loosen, those of a2 cannot
bind, as no more than all traffic comes; a supplier lost takes both; max(0, z - x) of the sum is at most the sum, and
each of the terms is paid at no more. Two offers with limits carry more than one, so "limits no lower" would not do.
"""

from collections.abc import Mapping, Sequence

from solver.dominance import SLACK, Mask, peak_load
from solver.problem import ApiOption, Array, Charge, LoadBlocks


def reduce_apis(
    options: Sequence[ApiOption],
    charges: Mapping[tuple[int, str], tuple[Charge, ...]],
    blocks: LoadBlocks,
    tokens_per_request: Array,
    may_wait: Mask,
    held: Mask,
) -> dict[tuple[int, int], int]:
    """Pairs (s, a) that go, each with the offer that takes its place; `held` [s, a] are those that stay anyway."""
    peak = peak_load(blocks, may_wait)
    requests, tokens = peak.sum(axis=0).max(), (tokens_per_request @ peak).max()
    unlimited = [option.requests_per_s >= requests and option.tokens_per_s >= tokens for option in options]
    kinds: dict[tuple[str, bool], list[int]] = {}
    for a, option in enumerate(options):
        kinds.setdefault((option.offer.provider, option.offer.open_weights), []).append(a)
    gone: dict[tuple[int, int], int] = {}
    for alike in kinds.values():
        for s in range(len(tokens_per_request)):
            cost = {
                a: sum(charge.cost for charge in charges[s, options[a].id])
                for a in alike if (s, options[a].id) in charges
            }  # fmt: skip
            best = min((a for a in cost if unlimited[a]), key=lambda a: (cost[a], a), default=None)
            if best is not None:
                beaten = (a for a in cost if a != best and not held[s, a] and cost[best] <= cost[a] * (1 + SLACK))
                gone |= dict.fromkeys(((s, a) for a in beaten), best)
    return gone
