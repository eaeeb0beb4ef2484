"""Refusals in words: the rule that turned an option down, with the figure found and the figure wanted."""

from solver.refusals import Refusal, Rule
from wizard.text.tables import number

_WORDS = {
    Rule.MEMORY: "memory",
    Rule.CONTEXT: "context too short",
    Rule.TTFT: "first token too late",
    Rule.TPOT: "tokens too slow",
    Rule.LATENCY_UNKNOWN: "latency unknown",
    Rule.QUALITY: "quality too low",
    Rule.QUALITY_UNKNOWN: "quality unknown",
    Rule.PROCESSING_IN: "processed elsewhere",
    Rule.STORAGE_IN: "stored elsewhere",
    Rule.RETENTION: "kept too long",
    Rule.AGREEMENTS: "agreement not signed",
    Rule.ATTESTATIONS: "attestation missing",
    Rule.NO_TRAINING: "may train on the data",
    Rule.OPERATED_BY: "another operator",
    Rule.NETWORK: "network too open",
    Rule.LICENSE: "licence",
    Rule.FEATURE: "feature missing",
    Rule.BATCH_ONLY: "batch only, and may not wait",
    Rule.PRECISION: "precision not run there",
    Rule.ENGINE: "engine not run there",
    Rule.NOT_SIZED: "architecture unknown",
    Rule.NO_PRICE: "no price",
    Rule.PURCHASE_TYPE: "purchase type not allowed",
    Rule.EXPERTISE: "nobody to run it",
    Rule.RETIRED: "retired",
    Rule.MAY_USE: "not on the list of what may be used",
    Rule.MUST_NOT_USE: "must not be used",
    Rule.APIS_OFF: "APIs are off",
    Rule.OWN_RATE: "not served by your own rates",
    Rule.DOMINATED: "another one does it for less",
}


def rule_words(rule: str) -> str:
    """A rule in words, e.g. `first token too late`; a rule of another version as its own name."""
    try:
        return _WORDS[Rule(rule)]
    except (ValueError, KeyError):
        return rule.replace("_", " ")


def reason(refusal: Refusal) -> str:
    """A refusal in words: rule, found, wanted, unit; with as many digits as tell found from wanted."""
    unit = f" {refusal.unit}" if refusal.unit else ""
    found, wanted = number(refusal.found), number(refusal.wanted)
    if found == wanted and isinstance(refusal.found, float) and isinstance(refusal.wanted, float):
        digits = next((n for n in range(5, 13) if f"{refusal.found:.{n}g}" != f"{refusal.wanted:.{n}g}"), 12)
        found, wanted = f"{refusal.found:.{digits}g}", f"{refusal.wanted:.{digits}g}"
    if refusal.rule == Rule.MEMORY:
        # Weights that fill the memory to the byte leave nothing for a request.
        return f"memory: needs {'more than ' * (found == wanted)}{wanted} of {found}{unit}"
    return f"{rule_words(refusal.rule)}: {found}, wanted {wanted}{unit}"
