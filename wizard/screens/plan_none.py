"""Tab 1 of a plan that there is none of: the rules in the way with the option nearest to passing each, and answers."""

from collections.abc import Mapping, Sequence

from solver.checklist import Answer, Item, item_named
from solver.plan import Plan, nearest_of_each_rule
from solver.refusals import Refusal, Rule
from wizard.screens.plan_why_not import sentence, told_of
from wizard.screens.views import View, ending, money
from wizard.text.conflict import beside, short_key
from wizard.text.refusals import reason, rule_words
from wizard.text.tables import VERDICTS
from wizard.widgets.listing import Column, Row

COLUMNS = (Column("Rule that turns options down"), Column("Options", right=True), Column("Nearest", grows=True, rank=1))
CONFLICT = (
    Column("In conflict"), Column("Asked", rank=1), Column("Least change", grows=True),
    Column("A month then", right=True),
)  # fmt: skip
SEE = "3 shows each option with what was found and what is wanted."

RULES: Mapping[str, tuple[Rule, ...]] = {
    "team": (Rule.EXPERTISE,),
    "quality": (Rule.QUALITY, Rule.QUALITY_UNKNOWN, Rule.FEATURE),
    "latency": (Rule.TTFT, Rule.TPOT, Rule.LATENCY_UNKNOWN),
    "cost": (Rule.PURCHASE_TYPE,),
    "fallback": (),
    "data": (
        Rule.PROCESSING_IN, Rule.STORAGE_IN, Rule.RETENTION, Rule.NO_TRAINING, Rule.OPERATED_BY, Rule.AGREEMENTS,
        Rule.ATTESTATIONS, Rule.NETWORK,
    ),
}  # fmt: skip
"""Rules that an answer to an item can put in the way; a fallback turns no option down, it binds the whole plan."""
ASKS_NOTHING: tuple[object, ...] = (None, False, [], "0%")


def no_plan(plan: Plan) -> View:
    """Return the frame of a plan when nothing fits: rules by how many options they turn down, the nearest of each."""
    nearest: dict[str, list[Refusal]] = {}
    for refusal in nearest_of_each_rule(plan.refusals):
        nearest.setdefault(refusal.rule, []).append(refusal)
    rows = []
    for rule, count in sorted(plan.refusal_counts.items(), key=lambda item: (-item[1], item[0])):
        near = nearest.get(rule, [])
        told = f"{reason(near[0]).removeprefix(rule_words(rule) + ': ')}: {near[0].option}" if near else ""
        rows.append(Row((rule_words(rule), f"{count:,}", told), rule))
    stopped = plan.status in ("stopped", "time_limit")
    head = "NO PLAN FOUND YET" if stopped else VERDICTS["no_plan"].upper()
    why = f"The search ended early: {ending(plan)}." if stopped else "No mix of options meets every rule."
    if plan.conflict:
        return _conflict(plan, head, rows)
    return View(
        head=(head, why),
        columns=COLUMNS,
        rows=rows,
        foot=(*answers_told(plan), *plan.conflict_notes, SEE),
        about={rule: f"nearest: {sentence(near[0])}" for rule, near in nearest.items()},
        detail={rule: [line for each in near for line in (*told_of(each), "")] for rule, near in nearest.items()},
    )


def _conflict(plan: Plan, head: str, refused: Sequence[Row]) -> View:
    """The demands in conflict, one a row, each with its least change and the plan's cost then."""
    several = len({member.number for member in plan.conflict}) > 1
    rows, about, detail = [], {}, {}
    for member in plan.conflict:
        key = short_key(member.requirement)
        then = money(member.total_per_month_then) if member.repair is not None else ""
        named = f"{member.number}  {key}" if several else key
        rows.append(Row((named, member.found, member.repair or "not alone", then), member.requirement))
        if member.changes:
            told = ", ".join(f"{short_key(key)} {text}" for key, text in member.changes.items())
            about[member.requirement] = f"enter makes the change and solves again: {told}"
        else:
            about[member.requirement] = beside(member, plan.currency)
        detail[member.requirement] = [beside(member, plan.currency)]
    one = "Two sets of demands or more" if several else "These demands together"
    turned = "; ".join(f"{row.cells[0]} {row.cells[1]}" for row in refused[:4])
    return View(
        head=(head, f"{one} leave no plan. Within a set, dropping any one is enough."),
        columns=CONFLICT,
        rows=rows,
        foot=(*answers_told(plan), *plan.conflict_notes, f"Options turned down  {turned}", SEE) if turned else (SEE,),
        about=about,
        detail=detail,
    )


def answers_told(plan: Plan) -> list[str]:
    """The answers of the checklist that bind, and the advice of the one that turns most options down."""
    found = answers_in_the_way(plan)
    if not found:
        return []
    told = "; ".join(f"{item.title} ({item.number}): {answer.text}" for item, answer in found)
    chief, answer = max(found, key=lambda pair: sum(plan.refusal_counts.get(rule, 0) for rule in RULES[pair[0].id]))
    return [f"Answers that bind  {told}", f"{chief.title} ({chief.number})  {answer.advice}"]


def answers_in_the_way(plan: Plan) -> list[tuple[Item, Answer]]:
    """The answers of the checklist that ask for something which turned options down, or that bind the whole plan."""
    found = []
    for given in plan.checklist:
        item = item_named(given.item)
        answer = next((each for each in item.answers if each.text == given.answer), None) if item else None
        if item is None or answer is None or item.id not in RULES:
            continue
        asked = [value for key, value in answer.changes.items() if not key.endswith("spot_tolerance")]
        rules = RULES[item.id]
        if any(value not in ASKS_NOTHING for value in asked) and (
            not rules or any(rule in plan.refusal_counts for rule in rules)
        ):
            found.append((item, answer))
    return found
