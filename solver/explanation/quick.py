"""The total and the verdict of a scenario, quickly: for whoever asks many times, as flips, sweeps and worlds do.

    answer = quick_answer(problem)
    again = quick_answer(changed, start=answer.opened)   # a change of prices, load, rules: warm

Raising the options of a scenario takes longer than these solves (a second against tenths of one): raise the problem
once with `problem_of` and change it (`dataclasses.replace` of prices, `blocks`, `kappa`, `charges`, `rules`) wherever
the change leaves the same options. An answer is what `decide` says of the same problem, to the gap asked; what it
leaves out is what only the words of a plan need.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass

from catalogs.catalog import Catalog
from solver.explanation.branches import Effort, api_branch, at_end, hosting_branch, kind_of, opened, used
from solver.explanation.verdict import buying_none, reason_of
from solver.options import problem_of
from solver.problem import Problem
from solver.record import Verdict
from solver.scenario import Scenario
from solver.solve import Outcome


@dataclass(frozen=True)
class Bounds:
    """What no plan of each branch can cost less than, a month; None where that is not known, or there is no plan."""

    api: float | None
    hosting: float | None


@dataclass(frozen=True)
class Answer:
    """The verdict and what it rests on, a month in the problem's currency; None where there is no such plan.

    `self_total` is of the best plan with pools, hybrid or whole. Without `full` it is None as well where every plan
    with pools costs more than the best of APIs alone: `bounds.hosting` is then what they cost at the least.
    `opened` are the designs of that plan; given to the next question as `start`, it is a warm one. `proven` is whether
    every solve that mattered ended with a proof; else time ended it, and the verdict is the default's. `options` are
    all that the recommended plan uses.
    """

    verdict: Verdict
    recommended_total: float | None
    cheapest_verdict: Verdict
    cheapest_total: float | None
    api_total: float | None
    self_total: float | None
    bounds: Bounds
    opened: tuple[str, ...]
    proven: bool
    options: tuple[str, ...] = ()


def quick_answer(
    question: Problem | Scenario,
    catalog: Catalog | None = None,
    gap: float = 1e-3,
    limit_s: float = 5.0,
    start: Collection[str] = (),
    full: bool = False,
    stop: threading.Event | None = None,
) -> Answer:
    """The answer to a problem, or to a scenario on a catalog, each of its few solves within `limit_s`.

    With `full` the best plan with pools is found even where it costs more than the best of APIs alone (for curves and
    differences); else only whether it costs less, which is quicker. Raises what `problem_of` and `optimise` raise;
    ValueError for a scenario without a catalog.
    """
    if isinstance(question, Scenario):
        if catalog is None:
            raise ValueError("a scenario is answered on a catalog")
        question = problem_of(question, catalog)
    effort = Effort(gap, limit_s, stop)
    api = api_branch(question, effort)
    below = None if full or api.objective is None else api.objective
    hosting = hosting_branch(question, effort, below, [name for name in start if _offers(question, name)])
    kind = kind_of(hosting)
    cheapest = "stay_on_api" if _api_wins(api, hosting) else kind
    verdict, slow, recommended, options = cheapest, None, hosting.objective, used(question, hosting)
    if kind == cheapest and hosting.found and api.objective is not None:
        there = at_end(question, "slow")
        slow = hosting_branch(there, effort, api.objective, opened(question, hosting))
        reason = reason_of(question, slow, api.objective)
        verdict = kind if reason == "clear_win" else "stay_on_api"
        if reason == "not_paid_back" and question.rules.capital != 0 and (renting := buying_none(question)) is not None:
            other = quick_answer(renting, None, gap, limit_s, start, stop=stop)
            verdict, recommended, options = other.verdict, other.self_total, other.options
    return Answer(
        verdict=verdict,
        recommended_total=api.objective if verdict == "stay_on_api" else recommended,
        cheapest_verdict=cheapest,
        cheapest_total=api.objective if cheapest == "stay_on_api" else hosting.objective,
        api_total=api.objective,
        self_total=hosting.objective,
        bounds=Bounds(api.bound, below if hosting.status == "infeasible" else hosting.bound),
        opened=opened(question, hosting) or tuple(start),
        proven=all(each is None or each.status in ("optimal", "infeasible") for each in (api, hosting, slow)),
        options=used(question, api) if verdict == "stay_on_api" else options,
    )


def _api_wins(api: Outcome, hosting: Outcome) -> bool:
    """Whether the best plan of APIs alone is the cheapest; it is where both cost the same."""
    if api.objective is None:
        return False
    return hosting.objective is None or api.objective <= hosting.objective


def _offers(problem: Problem, name: str) -> bool:
    return any(design.id == name for design in problem.designs)
