"""What a plan does while something is lost, read from its shares: where traffic goes, what is served, what it costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from solver.plan import Fallback, Moved
from solver.problem import Array, Contingency, strikes
from solver.program.data import Data
from solver.solution import Solution

WHOLE = 1 - 1e-6
"""From here on a share is all of it: the solver's own tolerance."""
ROUNDING = 1e-8
"""A share up to this is a difference of rounding."""
LEAST_MOVED = 1e-6
"""A share of a segment's month up to this moves nowhere."""


@dataclass(frozen=True)
class Moves:
    """A plan's fallback as requests a month, options in the order pools, then APIs.

    served (c, b) -> [s, o] is the plan's own; above (c, b) -> [s, o] what contingency c sends to each option beyond it
    if it held all month; costs [s, o] of one request, 0 where nothing is paid by request.
    """

    data: Data
    ids: tuple[str, ...]
    costs: Array
    shares: Mapping[tuple[int, int], Array]
    served: Mapping[int, Array]
    above: Mapping[tuple[int, int], Array]


def moves_of(data: Data, solution: Solution) -> Moves:
    """Read the shares of a solution's fallback."""
    problem = data.problem
    ids = (*(design.id for design in problem.designs), *(api.id for api in problem.apis))
    place = {option: o for o, option in enumerate(ids)}
    costs = np.zeros((len(problem.segments), len(ids)))
    for (s, option), cost in data.request_cost.items():
        if option in place:
            costs[s, place[option]] = cost
    served = {
        b: np.concatenate((solution.pool[:, :, b], solution.api[:, :, b]), axis=1)
        for b in sorted({b for _, b in solution.fallback})
    }
    above = {}
    for (c, b), shares in solution.fallback.items():
        asked = data.requests[:, b : b + 1]
        more = shares * asked - served[b]
        above[c, b] = np.where(more > ROUNDING * asked, more, 0.0)
    return Moves(data, ids, costs, solution.fallback, served, above)


def paid_moves(moves: Moves) -> Iterator[tuple[int, str, dict[int, tuple[float, float]]]]:
    """(contingency, option id, by segment s: requests as if it held all month, cost of one), where that is paid."""
    requests: dict[int, Array] = {}
    for (c, _), above in moves.above.items():
        paid = np.where(moves.costs > 0, above, 0.0)
        requests[c] = requests[c] + paid if c in requests else paid
    for c in sorted(requests):
        for o in np.flatnonzero((requests[c] > 0).any(axis=0)).tolist():
            by = {
                int(s): (float(requests[c][s, o]), float(moves.costs[s, o])) for s in np.flatnonzero(requests[c][:, o])
            }
            yield c, moves.ids[o], by


def fallbacks(data: Data, solution: Solution) -> tuple[Fallback, ...]:
    """By scenario segment and loss, where a covered segment is served by what is lost, or pays for another one's move.

    A loss that leaves all as it is has no record. Sub-segments by region are summed into their segment.
    """
    moves, problem = moves_of(data, solution), data.problem
    lost = sorted({c for c, _ in solution.fallback})
    found = []
    for name in dict.fromkeys(problem.segment_of):
        parts = [s for s, of in enumerate(problem.segment_of) if of == name and _is_covered(data, s)]
        told = (_told(moves, name, parts, c) for c in lost if parts)
        found += [each for each in told if each is not None]
    return tuple(found)


def _is_covered(data: Data, s: int) -> bool:
    return data.problem.coverage is not None and float(data.problem.coverage[s]) > 0


def _told(moves: Moves, name: str, parts: list[int], c: int) -> Fallback | None:
    """One record, or None where nothing changes for the segment; blocks of a day type count together if it may wait."""
    data, each = moves.data, moves.data.problem.contingencies[c]
    lost = _lost(data, each)
    month, least, touched, paid = 0.0, 1.0, False, 0.0
    moved = np.zeros(len(lost))
    for group in data.groups[parts[0]]:
        asked = float(data.requests[parts, group[0]].sum())
        month += asked
        if asked <= 0 or any((c, b) not in moves.above for b in group):
            continue  # the loss changes nothing in these hours
        served = 0.0
        for s in parts:
            stay, move = _parts(moves, s, c, group)
            served += stay + float(move.sum())
            moved += move
            paid += each.share * sum(float(moves.above[c, b][s] @ moves.costs[s]) for b in group)
            touched = touched or any(moves.served[b][s, lost].any() for b in group)
        least = min(least, served / asked)
    shares = {moves.ids[o]: float(moved[o]) / month for o in np.flatnonzero(moved > LEAST_MOVED * month)}
    if paid <= 0 and not (touched and (shares or least < WHOLE)):
        return None
    pools = {design.id for design in data.problem.designs}
    return Fallback(
        segment=name,
        lost=each.kind,
        of=each.of,
        month_share=each.share,
        served=1.0 if least >= WHOLE else least,
        moved_to=tuple(
            Moved(option=option, kind="pool" if option in pools else "api", share=min(share, 1.0))
            for option, share in sorted(shares.items(), key=lambda pair: (-round(pair[1], 6), pair[0]))
        ),
        per_month=paid,
        estimate=each.estimate,
    )


def _parts(moves: Moves, s: int, c: int, group: tuple[int, ...]) -> tuple[float, Array]:
    """Requests of a segment in blocks of one group: those that stay, and [o] those that move.

    The shares of a fallback may add to more than all, as room that costs nothing is free to take: such moves are cut.
    """
    asked = float(moves.data.requests[s, group[0]])
    move = np.sum([moves.above[c, b][s] for b in group], axis=0)
    carried = sum(float(moves.shares[c, b][s].sum()) for b in group) * asked
    stay = min(asked, carried - float(move.sum()))
    free = (moves.costs[s] == 0) & (move > 0)
    room = max(0.0, asked - stay - float(move[~free].sum()))
    if (wanted := float(move[free].sum())) > room:
        move[free] *= room / wanted
    return stay, move


def _lost(data: Data, each: Contingency) -> list[bool]:
    """By option, whether a contingency takes something of it."""
    by_provider = each.kind == "provider"
    return [strikes(each, design) for design in data.problem.designs] + [
        by_provider and api.offer.provider == each.of for api in data.problem.apis
    ]
