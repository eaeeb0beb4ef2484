"""What `wizard measure` read, as text of at most 80 columns and as JSON."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from catalogs.measurements import MeasuredPoint
from wizard.text.tables import number, plain, table, wrap

SCHEMA = "wizard.measurement/1"
_ARRIVALS = {"closed": "closed loop", "poisson": "Poisson", "constant": "even", "all_at_once": "all at once"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Read(_Part):
    """A measured point, and what the model says of it (ms) uncorrected; `failed` requests count for nothing.

    `in_flight` are the requests in flight on average, `fit` how many the memory holds at once by the model.
    """

    file: str
    at: str
    failed: int
    point: MeasuredPoint
    in_flight: float
    fit: float
    predicted_ttft_ms: float
    predicted_tpot_ms: float
    known: bool


class Effect(_Part):
    """What all points of a design change: of the model, and which sweep is used as it is."""

    design: str
    points: int
    says: str
    sweep: str = ""


class Measurement(_Part):
    """Everything that was read. `into` is the overlay, `added` the points put into it."""

    schema_: str = Field(default=SCHEMA, alias="schema")
    reads: tuple[Read, ...]
    effects: tuple[Effect, ...]
    notes: tuple[str, ...] = ()
    into: str = ""
    added: int = 0


def measurement_text(read: Measurement) -> str:
    """The points beside what the model says of them, and what they change."""
    lines: list[str] = []
    for effect in read.effects:
        lines += [plain(effect.design), *_points([each for each in read.reads if _design(each.point) == effect.design])]
        lines += wrap(effect.says, " ", "   ")
        lines += wrap(effect.sweep, " ", "   ") if effect.sweep else []
        lines.append("")
    for note in read.notes:
        lines += wrap(note, " - ")
    lines += [""] if read.notes else []
    if read.into:
        known = sum(each.known for each in read.reads)
        lines += wrap(f"{read.into}: {read.added} points added, {known} known; wizard solve --overlay {read.into}")
    else:
        lines += wrap("Nothing was written: --into overlay.toml puts the points into an overlay for wizard solve.")
    return "\n".join(lines) + "\n"


def _design(point: MeasuredPoint) -> str:
    return f"{point.model}:{point.precision}/{point.gpus}x{point.gpu}/{point.engine}"


def _points(reads: Sequence[Read]) -> list[str]:
    rows = [("Arrivals", "Req/s", "In flight", "Tokens", "TTFT ms", "model", "TPOT ms", "model")]
    for each in reads:
        point = each.point
        offered = f" {number(point.offered_per_second)}/s" if point.offered_per_second else ""
        rows.append(
            (
                _ARRIVALS[point.arrivals] + offered, f"{point.requests_per_second:.3g}", f"{each.in_flight:.3g}",
                f"{point.input_tokens:.0f}+{point.output_tokens:.0f}", f"{point.ttft_ms['mean']:.4g}",
                f"{each.predicted_ttft_ms:.4g}", f"{point.tpot_ms['mean']:.4g}", f"{each.predicted_tpot_ms:.4g}",
            )
        )  # fmt: skip
    return table(rows, "<>>>>>>>", indent=1)
