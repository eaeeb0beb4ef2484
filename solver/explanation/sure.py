"""How sure a decision is: its worlds, a robust one beside it, its doubts in order, its limits under stress."""

import threading
from dataclasses import dataclass

from catalogs.catalog import Catalog
from solver.explanation.doubt_kinds import doubts_about, wide
from solver.explanation.doubt_ranking import ranked
from solver.explanation.doubt_records import RankedDoubts
from solver.explanation.outlook import asked_of, imagined
from solver.explanation.outlook_records import Worlds
from solver.explanation.robust import By, Robust, robust
from solver.explanation.stress import Stress, stress_of
from solver.options import problem_of
from solver.plan import Plan
from solver.record import Part
from solver.scenario import Scenario


@dataclass(frozen=True)
class Ask:
    """What is asked: so many worlds (0: none), of a seed; a robust decision by regret or at a quantile; the others."""

    worlds: int = 0
    seed: int = 0
    robust: By | None = None
    quantile: float | None = None
    doubts: bool = False
    stress: bool = False
    workers: int = 1
    limit_s: float = 60.0


class Sure(Part):
    """What was asked of how sure a decision is; None where it was not."""

    worlds: Worlds | None = None
    robust: Robust | None = None
    doubts: RankedDoubts | None = None
    stress: Stress | None = None


def sure_of(scenario: Scenario, catalog: Catalog, plan: Plan, ask: Ask, stop: threading.Event | None = None) -> Sure:
    """How sure a plan with a total is; once stopped, what was found so far.

    Raises what `problem_of` and `optimise` raise.
    """
    problem = problem_of(scenario, catalog)
    found = Sure(stress=stress_of(scenario, catalog, problem, plan) if ask.stress else None)
    if not (ask.worlds or ask.doubts) or _stopped(stop):
        return found
    asked = asked_of(scenario, catalog, problem, plan, ask.workers)
    if ask.worlds and not _stopped(stop):
        seen, record = imagined(asked, ask.worlds, ask.seed, ask.workers, further=ask.robust is not None)
        safe = None if ask.robust is None else robust(seen, ask.robust, ask.quantile)
        found = found.model_copy(update={"worlds": record, "robust": safe})
    if ask.doubts and not _stopped(stop):
        doubts = doubts_about(scenario, catalog, problem, plan, asked.forecast)
        told = ranked(doubts, asked.forecast.problem, wide(problem, asked.forecast), ask.limit_s, stop)
        found = found.model_copy(update={"doubts": told})
    return found


def _stopped(stop: threading.Event | None) -> bool:
    return stop is not None and stop.is_set()
