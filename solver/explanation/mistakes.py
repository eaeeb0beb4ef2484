"""The eight common mistakes of self-hosting, each told by figures of the plan and the scenario, never by a flag.

They are those of the article "Self-hosted vs hosted inference: vLLM, TGI, and the break-even math", in its order. Each
has a function that yields what it finds; none looks at another's.
"""

from collections.abc import Callable, Iterator, Mapping

from solver.explanation.findings import Mistake, MistakeId
from solver.explanation.mistakes_money import never_revisited, no_operations, too_early
from solver.explanation.mistakes_quality import quality_drift, small_model
from solver.explanation.mistakes_service import no_fallback, slow_serving, spot_ungraceful
from solver.explanation.seen import Seen

DETECTORS: Mapping[MistakeId, Callable[[Seen], Iterator[Mistake]]] = {
    "no_operations": no_operations,
    "too_early": too_early,
    "small_model": small_model,
    "no_fallback": no_fallback,
    "slow_serving": slow_serving,
    "quality_drift": quality_drift,
    "never_revisited": never_revisited,
    "spot_ungraceful": spot_ungraceful,
}


def mistakes_of(seen: Seen) -> tuple[Mistake, ...]:
    """All mistakes of a plan and of what runs today, in the article's order; none where there is no plan."""
    if seen.plan.total_per_month is None:
        return ()
    return tuple(found for find in DETECTORS.values() for found in find(seen))
