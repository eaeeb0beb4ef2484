"""Why a plan costs what it costs: the figures from which a reader can work out capacity, and each line of the bill.

    replicas asked for   peak_per_s * replica_seconds * (1 + headroom) / availability     `capacity` of what serves
    replica-hours        counts of `pools` * hours of `blocks`                             at the price of `prices`
    tokens, and others   product of each term's factors, summed                            `terms` of the line

Nothing else is needed than the record of the plan: a test works every line of the shipped plans out again from that.
"""

import numpy as np

from solver.explanation.records import Capacity
from solver.program.data import Data
from solver.solution import Solution


def capacity_of(data: Data, solution: Solution, s: int, k: int, busy_share: float) -> Capacity:
    """What segment s asks of pool k, in the block in which its part of the load there is the highest."""
    problem = data.problem
    share = np.where(data.requests[s] > 0, solution.pool[s, k] / np.maximum(data.requests[s], 1e-300), 0.0)
    load = data.load[s] * share
    b = int(np.argmax(load))
    peak, seconds, headroom = float(load[b]), float(problem.kappa[s, k]), float(problem.headroom[s])
    held = {m for (other, m), counts in solution.replicas.items() if other == k and counts[b] > 0}
    up = min((data.purchases[k, m].availability for m in held), default=1.0)
    return Capacity(
        of=problem.segments[s], block=b, peak_per_s=peak, replica_seconds=seconds, headroom=headroom, availability=up,
        replicas=peak * seconds * (1 + headroom) / up, busy_share=busy_share,
    )  # fmt: skip
