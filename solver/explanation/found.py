"""What a plan is told beside its verdict: the mistakes in it, the hybrid patterns that it is, and what to do next."""

from dataclasses import replace

from solver.explanation.hybrid_patterns import patterns_of
from solver.explanation.mistakes import mistakes_of
from solver.explanation.next_steps import next_steps_of
from solver.explanation.seen import Seen
from solver.plan import Plan


def with_findings(seen: Seen) -> Plan:
    """The plan with its mistakes, patterns and next steps."""
    found = {"mistakes": mistakes_of(seen), "patterns": patterns_of(seen)}
    plan = seen.plan.model_copy(update=found)
    return plan.model_copy(update={"next_steps": next_steps_of(replace(seen, plan=plan))})
