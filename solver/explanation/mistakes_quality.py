"""Mistakes of quality: a small open model where a frontier one served, and a model that nobody has judged since."""

from collections.abc import Iterator
from math import log10
from typing import NamedTuple

from catalogs.vocabulary import TaskClass
from solver.ageing import QUALITY_DAYS, age_days
from solver.costs import length_quantile
from solver.explanation.findings import Mistake
from solver.explanation.seen import Seen, counted, named, parts_of
from solver.quality import LOGISTIC_UNITS, Judgement, judge
from solver.quality_floors import Floor, floors_asked
from solver.quality_gate import QualityGate

HARD: tuple[TaskClass, ...] = ("reasoning", "code", "agents")
"""Tasks on which what is below the frontier falls short where the frontier served: the article's hard cases."""
READ: tuple[TaskClass, ...] = ("chat", "rag")
"""Tasks whose answers people read and compare; sorting and extraction are the article's examples of what small models
can do."""
PREFERRED = 2 / 3
"""Of comparisons that today's model may win before people complain: estimate, two of three."""
SHORT_OF = 0.10
"""The same on scales that are no ratings, as a share of today's score: estimate."""


class Drop(NamedTuple):
    """From today's score to that of the pool's model, and what it should be at the least, on one scale."""

    today: float
    found: float
    wanted: float
    scale: str
    preferred: float | None


def small_model(seen: Seen) -> Iterator[Mistake]:
    """Segments that a frontier model serves today, and a pool's open model far below it in the plan."""
    drops: dict[str, tuple[Drop, str]] = {}
    money = 0.0
    for name, served in seen.on_pools():
        drop = _drop(seen, name, served.option)
        if drop is None or drop.found >= drop.wanted:
            continue
        if name not in drops or drop.found < drops[name][0].found:
            drops[name] = drop, seen.design(served.option).model
        money += _back_on_api(seen, name, served.share)
    if not drops:
        return
    name = min(drops, key=lambda each: drops[each][0].found - drops[each][0].wanted)
    drop, model = drops[name]
    size = seen.catalog.models[model].params_total_b
    chosen = (
        ""
        if drop.preferred is None
        else f"; side by side today's answer would be preferred {drop.preferred:.0%} of the time"
    )
    yield Mistake(
        id="small_model",
        where="plan",
        of=tuple(drops),
        found=drop.found,
        wanted=drop.wanted,
        unit=drop.scale,
        per_month=money,
        at_stake="the API bill that comes back when the answers are complained of",
        says=f"{name}: {model}, {counted(size)}B parameters, scores {counted(drop.found)} where today's "
        f"{seen.scenario.today.served_by[name]} scores {counted(drop.today)}{chosen}.",
        do=f"Keep the hard part of {name} on the API, or evaluate {model} on it and ask a floor of your own.",
    )


def _drop(seen: Seen, segment: str, option: str) -> Drop | None:
    """None where today's model is unknown, no better, no frontier model, or the task is none that falls short."""
    asked = seen.scenario.segment[segment]
    today = _model_of(seen, seen.scenario.today.served_by.get(segment, ""))
    if today is None or asked.task not in (*HARD, *READ):
        return None
    design = seen.design(option)
    longest = length_quantile(asked.input_tokens) + length_quantile(asked.output_tokens)

    def scored(floor: Floor, model: str, precision: str | None) -> Judgement:
        return judge(seen.catalog, (floor,), model, precision, asked.task, "frontier", longest)

    for floor in floors_asked(seen.catalog, asked.task, "frontier"):
        then, now = scored(floor, *today), scored(floor, design.model, design.precision)
        if then.score is None or now.score is None:
            continue
        if then.score < floor.threshold:
            return None
        rating = floor.unit.lower() in LOGISTIC_UNITS
        preferred = 1 / (1 + 10 ** ((now.score - then.score) / 400)) if rating else None
        fall = 400 * log10(PREFERRED / (1 - PREFERRED)) if rating else SHORT_OF * abs(then.score)
        wanted = floor.threshold if asked.task in HARD else min(floor.threshold, then.score - fall)
        return Drop(then.score, now.score, wanted, floor.scale, preferred)
    return None


def _model_of(seen: Seen, option: str) -> tuple[str, str | None] | None:
    """Model and precision of an option, which may be one that the problem does not hold."""
    parts = parts_of(option)
    if parts is not None:
        return parts["model"], parts["precision"]
    offer = next((each for each in seen.catalog.api_offers if each.id == option), None)
    return (offer.model, None) if offer else None


def _back_on_api(seen: Seen, segment: str, share: float) -> float:
    """What a share of the segment costs a month where today's option serves it again; 0 where that is not known."""
    option = seen.scenario.today.served_by[segment]
    rows = [s for s in seen.indices(segment) if (s, option) in seen.problem.charges]
    whole = seen.solution.pool.sum(axis=(1, 2)) + seen.solution.api.sum(axis=(1, 2))
    return share * sum(float(whole[s]) * sum(charge.cost for charge in seen.problem.charges[s, option]) for s in rows)


def quality_drift(seen: Seen) -> Iterator[Mistake]:
    """A self-hosted model on a score of more than a year ago; or one that runs today and fails what is asked now."""
    old: dict[str, tuple[int, str]] = {}
    money, lead = 0.0, ""
    served = {(name, each.option): each for name, each in seen.on_pools()}
    for row in seen.plan.scores:
        age = age_days(row.date, seen.plan.day)
        if (row.segment, row.option) not in served or age is None or age <= QUALITY_DAYS:
            continue
        money += served[row.segment, row.option].per_month
        if age > old.get(row.segment, (0, ""))[0]:
            old[row.segment] = age, f"{row.model} by {row.benchmark} of {row.date}"
            lead = _lead(seen, row.benchmark, row.date, row.base_score)
    if old:
        name = max(old, key=lambda each: old[each][0])
        age, judged = old[name]
        yield Mistake(
            id="quality_drift",
            where="plan",
            of=tuple(old),
            found=float(age),
            wanted=float(QUALITY_DAYS),
            unit="day since the score",
            per_month=money,
            at_stake="pools whose answers nobody has judged since",
            says=f"{named(tuple(old))}: {judged} was judged {age} days ago{lead}.",
            do="Evaluate it again on your own prompts, beside the best closed model of today; then each quarter.",
        )
    yield from _fallen_behind(seen)


def _lead(seen: Seen, benchmark: str, date: str, score: float) -> str:
    """How far the best closed model is ahead by the same table, in words; empty where none is known to be."""
    closed = {offer.model for offer in seen.catalog.api_offers if not offer.open_weights}
    own = seen.catalog.evaluations.get(benchmark)
    scores = (
        {model: value for model, value in own.scores.items() if model in closed}
        if own
        else {m: s.score for (m, b, d), s in seen.catalog.scores.items() if (b, d) == (benchmark, date) and m in closed}
    )
    best = max(scores, key=lambda model: scores[model], default="")
    return f"; {best} was at {scores[best]:g} against its {score:g} then" if best and scores[best] > score else ""


def _fallen_behind(seen: Seen) -> Iterator[Mistake]:
    gate = QualityGate(seen.catalog)
    for option, segments in seen.pools_today.items():
        parts = parts_of(option)
        if parts is None or parts["model"] not in seen.catalog.models:
            continue
        judged = {
            name: gate.judgement(parts["model"], parts["precision"], seen.scenario.segment[name]) for name in segments
        }
        failed = {name: each for name, each in judged.items() if not each.passes and not each.unknown}
        if not failed:
            continue
        worst = min(failed, key=lambda name: (failed[name].score or 0.0) - (failed[name].threshold or 0.0))
        each = failed[worst]
        bills = {part.name: sum(served.per_month for served in part.served_by) for part in seen.plan.segments}
        yield Mistake(
            id="quality_drift",
            where="today",
            of=tuple(failed),
            found=each.score or 0.0,
            wanted=each.threshold or 0.0,
            unit=each.scale,
            per_month=sum(bills[name] for name in failed),
            at_stake="what it costs to serve as well as is asked",
            says=f"{parts['model']} serves {named(tuple(failed))} today and scores {counted(each.score or 0.0)}; "
            f"{counted(each.threshold or 0.0)} is asked.",
            do="Move these segments, and have the model that serves judged each quarter.",
        )
