"""A prediction as text: memory, operating points with their bands, where a token's time goes, the highest rate."""

from math import isfinite

from solver.predict import Banded, HighestRate, Memory, Point, Prediction
from solver.units import format_milliseconds
from wizard.text.tables import WIDTH, number, plain, table, wrap

BOUNDS = {
    "weights": "weights' reads", "compute": "compute", "kv": "KV reads", "communication": "communication",
    "overhead": "overhead", "prefill": "prefill", "memory": "KV memory",
    "sequences": "sequence limit",
}  # fmt: skip
LIMITS = {
    "kv": "the KV cache", "tpot": "TPOT", "ttft": "TTFT", "compute": "prefill's share of the time",
    "sequences": "the engine's limit of sequences",
}  # fmt: skip
BROKEN = {
    "memory": "the memory does not hold the requests", "context": "the model's context is too short",
    "ttft": "TTFT is over its limit even at rest", "tpot": "TPOT is over its limit even at rest",
    "unknown": "figures of the model or the GPU are unknown",
}  # fmt: skip


def prediction_text(found: Prediction) -> str:
    """The whole prediction in at most 80 columns."""
    split = f"tp {found.tensor_parallel}" + (f", dp {found.attention_groups}" if found.attention_groups > 1 else "")
    head = f"{found.model}, {found.precision}, on {found.gpus} x {found.gpu}, {found.engine}, {split}"
    lines = [*wrap(head), f"{number(found.input_tokens)} tokens in, {number(found.output_tokens)} out", ""]
    for refusal in found.refusals:
        lines += wrap(refusal, "No plan would use this: ", "  ")
    if found.refusals:
        lines.append("")
    lines += _memory(found.memory, found.gpus)
    if found.points:
        lines += ["", *_points(found.points), "", *_parts(found.points)]
    if found.rate:
        lines += ["", *_rate(found.rate)]
    lines += ["", *_notes(found)]
    return "\n".join(lines) + "\n"


def _memory(memory: Memory, gpus: int) -> list[str]:
    of = f"of {gpus} GPUs" if gpus > 1 else "of the GPU"
    rows = [
        ("Memory", "GB", ""),
        ("weights", _gb(memory.weights_gb), ""),
        ("runtime", _gb(memory.runtime_gb), "activations, CUDA graphs, context"),
        ("KV cache", _gb(memory.kv_room_gb), f"{number(memory.kv_tokens)} tokens of {_bytes(memory.kv_token_bytes)}"),
        ("taken by the engine", _gb(memory.available_gb), f"the sum; {number(memory.gpus_gb)} GB {of}"),
        ("KV of one request", _gb(memory.kv_request_gb), f"at mid-answer; {_fit(memory.fit)}"),
    ]
    return table(rows, "<><")


def _fit(fit: float) -> str:
    return "not one fits" if fit < 1 else f"{int(fit):,} fit at once"


def _gb(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def _bytes(value: float) -> str:
    return f"{value / 1e3:,.1f} kB"


def _points(points: tuple[Point, ...]) -> list[str]:
    rows = [("In flight", "TTFT ms", "TPOT ms", "E2E s", "Tokens/s", "Bound by")]
    rows += [
        (
            _at(point), banded(point.ttft_ms), banded(point.tpot_ms), banded(point.e2e_ms, 1e-3),
            banded(point.output_tokens_per_s), BOUNDS.get(point.bound_by, point.bound_by),
        )
        for point in points
    ]  # fmt: skip
    lines = table(rows, ">>>>><")
    if any(point.waiting for point in points):
        lines.append(" KV memory, sequence limit: more in flight than run at once, so TTFT holds waits")
    return lines


def _at(point: Point) -> str:
    if point.offered_per_s is not None:
        return f"{number(point.offered_per_s)}/s"
    return number(round(point.in_flight, 1))


def banded(figure: Banded, factor: float = 1.0) -> str:
    """A figure and its band: `115 +-30%`, `9,200 x/2` for a factor of 2."""
    value = _three(figure.value * factor)
    if not isfinite(figure.value):
        return value
    if figure.band >= 1:
        return f"{value} x/{number(1 + figure.band)}"
    return f"{value} +-{figure.band * 100:.0f}%" if figure.band else value


def _three(value: float) -> str:
    """Three significant digits, whole from a hundred on."""
    if not isfinite(value):
        return "endless" if value > 0 else "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _parts(points: tuple[Point, ...]) -> list[str]:
    names = list(type(points[0].tpot_parts_ms).model_fields)
    heads = {"kv": "KV", "communication": "commun."}
    rows = [("ms a token at", *(heads.get(name, name) for name in names), "TPOT")]
    for point in points:
        parts = [getattr(point.tpot_parts_ms, name) for name in names]
        rows.append((_at(point), *(f"{part:.2f}" for part in parts), f"{sum(parts):.2f}"))
    return table(rows, ">" * len(rows[0]))


def _rate(rate: HighestRate) -> list[str]:
    limits = [
        f"{name} at most {format_milliseconds(limit)}"
        for name, limit in (("TTFT", rate.ttft_limit_ms), ("TPOT", rate.tpot_limit_ms))
        if limit is not None
    ]
    goal = f"{', '.join(limits)} at p{rate.percentile:g}" if limits else "no limit of TTFT or TPOT"
    if rate.requests_per_s is None:
        at_rest = (
            f"at rest p{rate.percentile:g} of TTFT is {number(rate.ttft_ms)} ms, of TPOT {number(rate.tpot_ms)} ms"
        )
        why = BROKEN.get(rate.refused, rate.refused)
        return [f"Highest rate: none; {goal}", *wrap(f"{why}; {at_rest}", " ")]
    if rate.measured and not rate.bound_by:
        return [*wrap(f"Highest rate, {goal}"), *wrap(rate.measured, f" {banded(rate.requests_per_s)}: ")]
    rows = [
        ("requests/s", banded(rate.requests_per_s), f"bound by {LIMITS.get(rate.bound_by, rate.bound_by)}"),
        ("in flight", _three(rate.in_flight or 0.0), "mean at that rate"),
        ("TTFT ms", _three(rate.ttft_ms), f"p{rate.percentile:g} at that rate"),
        ("TPOT ms", _three(rate.tpot_ms), f"p{rate.percentile:g} at that rate"),
    ]
    head = f"Highest rate, {goal}; divided by {rate.safety:g} for safety"
    ceiling = wrap(f"at most the lowest rate of your sweep: {rate.measured}", " ") if rate.measured else []
    return [*wrap(head), *table(rows, "<><"), *ceiling]


def _notes(found: Prediction) -> list[str]:
    lines = wrap(
        "Bands: +-15% means within 15 %, x/2 within a factor of 2. Two in three published measurements lie inside, "
        "with all of the same model, GPU and engine left out of the fit."
    )
    if found.estimate:
        lines += wrap(found.estimate, "Estimate: ", "  ")
    if found.measured:
        lines += wrap(found.measured, "Your own measurements: ", "  ")
    for own in found.own_rates:
        lines += wrap(f"Your own rate [rates.{plain(own)}] stands in a plan instead of the one computed here.")
    assert all(len(line) <= WIDTH for line in lines)
    return lines
