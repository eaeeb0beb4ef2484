"""Records of what a plan should be told beside its verdict: common mistakes, hybrid patterns, next steps."""

from typing import Literal

from pydantic import BaseModel

from solver.record import Part

MistakeId = Literal[
    "no_operations", "too_early", "small_model", "no_fallback", "slow_serving", "quality_drift", "never_revisited",
    "spot_ungraceful",
]  # fmt: skip
PatternId = Literal["bulk_hard", "steady_spikes", "sensitive_general", "fine_tunes_base"]
StepKind = Literal["evaluate", "sign", "build", "drill", "revisit"]

MISTAKES: dict[MistakeId, str] = {
    "no_operations": "cost without operations",
    "too_early": "self-hosting too early",
    "small_model": "a small open model for frontier quality",
    "no_fallback": "no fallback",
    "slow_serving": "under-optimised serving",
    "quality_drift": "quality drift without evaluation",
    "never_revisited": "never reconsidering",
    "spot_ungraceful": "spot without graceful handling",
}
PATTERNS: dict[PatternId, str] = {
    "bulk_hard": "self-hosted for the bulk, APIs for the hard cases",
    "steady_spikes": "self-hosted for the steady load, APIs for the spikes",
    "sensitive_general": "self-hosted for the sensitive, APIs for the general",
    "fine_tunes_base": "self-hosted for fine-tunes, APIs for base models",
}
"""What each is called."""


class Mistake(Part, BaseModel):  # BaseModel once more, so that a linter of one file knows what its defaults are
    """One of the eight common mistakes of self-hosting, made by this plan or by what runs today.

    `of` are the segments or pools that it is about. `found` is the figure that tells it, `wanted` what it should be,
    both in `unit`. `per_month` is the money at stake, in the plan's currency, and `at_stake` says what it is (None:
    it cannot be told). `says` is the case in a sentence, `do` what mends it.
    """

    id: MistakeId
    where: Literal["plan", "today"]
    of: tuple[str, ...]
    found: float
    wanted: float
    unit: str
    per_month: float | None
    at_stake: str
    says: str
    do: str


class Pattern(Part):
    """A hybrid pattern that the optimum came out as, told by its shares.

    `self_hosted` and `api` are the segments of each side; of a segment that is split both hold it. `pool_share` and
    `api_share` are of the tokens of all segments a month that each side serves of these.
    """

    id: PatternId
    self_hosted: tuple[str, ...]
    api: tuple[str, ...]
    pool_share: float
    api_share: float
    says: str


class NextStep(Part, BaseModel):
    """One thing to do next. `days` are of one person's work; `effort` is where that comes from.

    `date` (ISO) is by when it is done, counted from the plan's day. `because` names the figure that caused it: `figure`
    in `unit`.
    """

    id: str
    kind: StepKind
    action: str
    days: float
    effort: str
    date: str
    because: str
    figure: float
    unit: str
