"""At which price an API would enter in the place of another one for a segment, in closed form.

The plan with offer j in the place of offer a for what a serves of segment s uses j: it costs A + f*P at f times the
price of j, P being its traffic there and what comes to it while something is lost. The supplier of a stays paid for. So
j enters at f = (V - A)/P at the latest. While a new supplier is lost, others of the plan take all of it.
"""

from collections.abc import Collection, Iterator

import numpy as np

from solver.explanation.swapped import Swap
from solver.pool_choice import supplier_entry
from solver.program.data import Data
from solver.program.offers import unlimited
from solver.program.policy import LEAST_SHARE
from solver.solution import Solution


def api_swaps(data: Data, solution: Solution, total: float, asked: Collection[int]) -> Iterator[tuple[int, Swap]]:
    """The exchanges for each of the offers asked, `instead_of` being that of the offer replaced."""
    problem, cost = data.problem, data.request_cost
    if problem.moving is not None or problem.rules.must_use:
        return
    sellers = {problem.apis[a].offer.provider for a in solution.ready_apis}
    month = np.array([sum(data.requests[s, group[0]] for group in groups) for s, groups in enumerate(data.groups)])
    covered = np.zeros(len(problem.segments)) if problem.coverage is None else problem.coverage
    lost: dict[str, float] = {}
    for each in problem.contingencies:
        if each.kind == "provider":
            lost[each.of] = lost.get(each.of, 0.0) + each.share
    entry, n = supplier_entry(problem), len(problem.designs)
    for a in solution.apis:
        before = problem.apis[a]
        for s in np.flatnonzero(solution.api[:, a].sum(axis=1) >= LEAST_SHARE * np.maximum(month, 1e-300)).tolist():
            if solution.units[s, a].any():
                continue
            served = float(solution.api[s, a].sum())
            share = solution.api[s, a] / np.maximum(data.requests[s], 1e-300)
            more = served
            for (c, b), shares in solution.fallback.items():
                over = max(0.0, float(shares[s, n + a] - share[b])) * float(data.requests[s, b])
                more += problem.contingencies[c].share * over
            most = max((float(shares[s, n + a]) for shares in solution.fallback.values()), default=0.0)
            counted = max(served, most * float(month[s]))
            for j in asked:
                after = problem.apis[j]
                seller = after.offer.provider
                new = seller not in sellers
                if (s, after.id) not in cost or not unlimited(problem, j):
                    continue
                if problem.rules.max_suppliers if new else problem.rules.min_suppliers:
                    continue
                meanwhile = 0.0
                if covered[s] > 0 and seller != before.offer.provider and lost.get(seller, 0.0) > 0:
                    others = [
                        cost[s, problem.apis[i].id] for other, i in data.api_pairs
                        if other == s and unlimited(problem, i) and problem.apis[i].offer.provider in sellers - {seller}
                    ]  # fmt: skip
                    if not others:
                        continue
                    meanwhile = lost[seller] * counted * min(others)
                paid = cost[s, after.id] * more
                if paid > 0:
                    started = entry.get(seller, 0.0) if new else 0.0
                    yield j, Swap(a, total - cost[s, before.id] * served + started + meanwhile, paid)
