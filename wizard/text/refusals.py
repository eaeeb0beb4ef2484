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
    return reason_of(refusal.rule, refusal.found, refusal.wanted, refusal.unit)


def reason_of(rule: str, is_: float | str, asked: float | str, unit: str) -> str:
    """The same of the parts of a refusal; what was found is left out where the rule's words say it already."""
    unit = f" {unit}" if unit else ""
    found, wanted, words = number(is_), number(asked), rule_words(rule)
    if found == wanted and isinstance(is_, float) and isinstance(asked, float):
        digits = next((n for n in range(5, 13) if f"{is_:.{n}g}" != f"{asked:.{n}g}"), 12)
        found, wanted = f"{is_:.{digits}g}", f"{asked:.{digits}g}"
    if rule == Rule.MEMORY:
        # Weights that fill the memory to the byte leave nothing for a request.
        return f"memory: needs {'more than ' * (found == wanted)}{wanted} of {found}{unit}"
    if words.endswith(found):
        return f"{words}: wanted {wanted}{unit}"
    said = found if found.startswith(words) else f"{words}: {found}"
    return f"{said}, wanted {wanted}{unit}"
