"""What to do next: at most seven concrete actions from the decision itself, each with effort, date and its figure.

A verdict has its own builders in the order in which the work is done; each yields a step where the plan calls for it.
Hybrid and whole self-hosting differ where it matters: what stands in, where room for an update comes from, what is
drilled. Where there are more than seven, those of least weight are left out. Work is one person's, one step after the
other, from the plan's day on; a step to look again is due after all of it. There is no clock.
"""

from collections.abc import Callable, Iterator

from solver.ageing import first_day
from solver.explanation.drafts import EFFORT, MOST, Draft, dated
from solver.explanation.findings import NextStep
from solver.explanation.next_api import API
from solver.explanation.next_hosting import HYBRID, SELF_HOST
from solver.explanation.seen import Seen
from solver.plan import Plan, nearest_of_each_rule
from solver.record import Verdict

NO_PLAN_MOST = 4

BUILDERS: dict[Verdict, tuple[Callable[[Seen], Iterator[Draft]], ...]] = {
    "stay_on_api": API, "hybrid": HYBRID, "self_host": SELF_HOST,
}  # fmt: skip


def next_steps_of(seen: Seen) -> tuple[NextStep, ...]:
    """The steps of a plan in the order of their dates; of no plan, what would make one possible."""
    if seen.plan.verdict == "no_plan":
        drafts = list(_without(seen.plan))
    else:
        drafts = [draft for build in BUILDERS[seen.plan.verdict] for draft in build(seen)]
    kept = sorted(drafts, key=lambda draft: -draft.weight)[:MOST]
    start = first_day(seen.plan.day) or first_day(seen.plan.catalog_as_of)
    if start is None:
        return ()
    steps = list(dated([draft for draft in drafts if draft in kept], start))
    return tuple(sorted(steps, key=lambda step: step.date))


def _without(plan: Plan) -> Iterator[Draft]:
    """The demands nearest to being met, and another look."""
    near = sorted(nearest_of_each_rule(plan.refusals), key=lambda each: each.distance)
    for each in near[:NO_PLAN_MOST]:
        where = f" of {each.segment}" if each.segment else ""
        wanted = f"{each.wanted} {each.unit}".strip()
        yield Draft(
            id=f"relax_{each.rule}", kind="evaluate",
            action=f"Ask whether {str(each.rule).replace('_', ' ')}{where} may give way: {each.option} has "
            f"{each.found}, {wanted} is asked.",
            because="short by, as a share", figure=each.distance, unit="share", weight=50,
            days=EFFORT["relax"][0], effort=f"estimate: {EFFORT['relax'][1]}",
        )  # fmt: skip
    yield Draft(
        id="add_option", kind="evaluate",
        action="Look for a supplier, model or GPU that the catalog does not hold, and add it in an overlay.",
        because="pairs of segment and option were turned down", figure=float(sum(plan.refusal_counts.values())),
        unit="pair", weight=40,
    )  # fmt: skip
    yield Draft(
        id="revisit_none", kind="revisit", action="Refresh the catalog and solve again.",
        because="pairs were turned down", figure=float(sum(plan.refusal_counts.values())), unit="pair", weight=95,
        waits=91,
    )  # fmt: skip
