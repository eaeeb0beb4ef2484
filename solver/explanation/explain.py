"""The explanation of an answer: the parts that argue it, collected from the plan and from those that look further."""

from pydantic import BaseModel, Field

from solver.explanation.conflict import Conflict
from solver.explanation.doubt_steps import steps_with
from solver.explanation.findings import Mistake, NextStep, Pattern
from solver.explanation.flip_records import Flips
from solver.explanation.reasons import RulePrice, WhyNot
from solver.explanation.records import Cheapest, Confidence, Disagreement, Hosting, Simplest
from solver.explanation.sure import Sure
from solver.plan import Plan, PlannedSegment, Status
from solver.record import Part, Verdict

EXPLANATION = "wizard.explanation/1"


class Explanation(Part, BaseModel):
    """Why a plan is what it is, or why there is none; money in `currency`, a month.

    `why` holds the chosen options with the arithmetic of each; `conflict` the demands that leave no plan; `flips` what
    would change the decision, `how_sure` its worlds, doubts and stress: None where nobody looked for it.
    `rests_on` says whether a saved plan stands as it is or was solved again, and whether the result is the same.
    """

    schema_: str = Field(default=EXPLANATION, alias="schema")
    verdict: Verdict
    status: Status
    currency: str
    total_per_month: float | None
    confidence: Confidence = ""
    cheapest: Cheapest | None = None
    hosting: Hosting | None = None
    simplest: Simplest | None = None
    disagreements: tuple[Disagreement, ...] = ()
    why: tuple[PlannedSegment, ...] = ()
    flips: Flips | None = None
    why_not: tuple[WhyNot, ...] = ()
    requirements: tuple[RulePrice, ...] = ()
    doubts: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    conflict: tuple[Conflict, ...] = ()
    conflict_notes: tuple[str, ...] = ()
    how_sure: Sure | None = None
    rests_on: str = ""


def explanation_of(
    plan: Plan, segment: str = "", flips: Flips | None = None, how_sure: Sure | None = None
) -> Explanation:
    """What a plan says of itself; with a `segment`, only what is of it, and the policy's demands.

    Where its doubts were ranked, now or when it was kept, the first of them are the first of its next steps.
    """
    mine = f"segment.{segment}."
    if plan.ranking is not None and (how_sure is None or how_sure.doubts is None):
        how_sure = (how_sure or Sure()).model_copy(update={"doubts": plan.ranking})
    return Explanation(
        verdict=plan.verdict,
        status=plan.status,
        currency=plan.currency,
        total_per_month=plan.total_per_month,
        confidence=plan.confidence,
        cheapest=plan.cheapest,
        hosting=plan.hosting,
        simplest=plan.simplest,
        disagreements=plan.disagreements,
        why=tuple(each for each in plan.segments if not segment or each.name.split("/")[0] == segment),
        flips=flips,
        why_not=tuple(each for each in plan.why_not if not segment or segment in each.serves),
        requirements=tuple(
            each for each in plan.requirements
            if not segment or each.requirement.startswith(mine) or not each.requirement.startswith("segment.")
        ),
        doubts=plan.doubts,
        mistakes=plan.mistakes,
        patterns=plan.patterns,
        next_steps=steps_with(plan, None if how_sure is None else how_sure.doubts),
        conflict=tuple(
            each for each in plan.conflict
            if not segment or each.requirement.startswith(mine) or not each.requirement.startswith("segment.")
        ),
        conflict_notes=plan.conflict_notes,
        how_sure=how_sure,
    )  # fmt: skip
