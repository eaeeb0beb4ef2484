"""What no replica of a design can have done: measured figures beyond its memory, bandwidth or arithmetic.

Bounds are physical, without any efficiency, and leave out what a run may have saved (the input embedding, experts
beyond those of one token), so that no true measurement is turned down.
"""

from typing import NamedTuple

import numpy as np

from catalogs.catalog import Catalog
from catalogs.measurements import MeasuredPoint
from catalogs.records import Model
from solver.design_arrays import DesignArrays, design_arrays, is_sized
from solver.design_columns import Design
from solver.memory import GB, kv_bytes

LEEWAY = 1.05
"""On Little's law, whose means are of a run that starts and ends empty."""
_OTHER = "another GPU, precision or model than was told"


class Impossible(NamedTuple):
    """A figure that cannot be: which, what was found, what is possible and why, and what may explain it."""

    key: str
    found: str
    wanted: str
    hint: str = ""


def impossible(point: MeasuredPoint, catalog: Catalog) -> tuple[Impossible, ...]:
    """Everything about a point that its design cannot have done; empty where it may be true.

    KeyError: an id that the catalog lacks.
    """
    model = catalog.models[point.model]
    if not is_sized(model):
        return (Impossible("model", f"{point.model}, of unknown architecture", "layers, heads and KV size"),)
    design = Design(point.model, point.precision, point.gpu, point.gpus, point.engine)
    one = design_arrays(catalog, [design])
    with np.errstate(all="ignore"):
        found = [_weights(one, point), _context(one, point)]
        if found[0] is None:
            found += [_tpot(one, model, point), _running(one, point), _memory(one, point)]
            found += [_compute(one, model, point), _reading(one, point), _ttft(one, model, point)]
    return tuple(each for each in found if each is not None)


def _unread(model: Model) -> float:
    """Parameters of the input embedding, of which a token needs one row."""
    return float((model.vocab or 0) * (model.hidden or 0))


def _where(point: MeasuredPoint) -> str:
    return f"{point.gpus} x {point.gpu}"


def _weights(one: DesignArrays, point: MeasuredPoint) -> Impossible | None:
    """Weights that do not fit at all."""
    weights, memory = float((one.gpus * one.weights)[0]) / GB, float((one.gpus * one.memory)[0]) / GB
    if not weights >= memory:
        return None
    found = f"{weights:.1f} GB of weights of {point.model} in {point.precision}"
    return Impossible("gpu", found, f"less than the {memory:g} GB of {_where(point)}", _OTHER)


def _context(one: DesignArrays, point: MeasuredPoint) -> Impossible | None:
    tokens, most = point.input_tokens + point.output_tokens, float(one.max_context[0])
    if tokens <= most:
        return None
    found = f"{point.input_tokens:.0f} + {point.output_tokens:.0f} tokens a request"
    return Impossible("input_tokens", found, f"at most the {most:.0f} that {point.model} can read")


def _tpot(one: DesignArrays, model: Model, point: MeasuredPoint) -> Impossible | None:
    """A token in less time than the weights take to be read once."""
    dense = max(float(one.dense_params[0]) - _unread(model), 0.0) * float(one.dense_bytes[0])
    experts = float((one.expert_params * one.expert_bytes * one.activated_share)[0])
    floor = (dense + experts) / float((one.gpus * one.bandwidth)[0])
    tpot = point.tpot_ms["mean"] / 1e3
    if not tpot < floor:
        return None
    wanted = (
        f"at least {floor * 1e3:.3g} ms: {(dense + experts) / GB:.1f} GB of weights are read for each token, at "
        f"{float(one.bandwidth[0]) / GB:,.0f} GB/s on each of {_where(point)}"
    )
    return Impossible("tpot_ms", f"{tpot * 1e3:.3g} ms a token", wanted, f"speculative decoding, or {_OTHER}")


def _running(one: DesignArrays, point: MeasuredPoint) -> Impossible | None:
    """More in flight, by Little's law, than the run allowed."""
    if point.max_in_flight is None or point.in_flight <= LEEWAY * point.max_in_flight:
        return None
    found = (
        f"{point.requests_per_second:.4g} requests/s x (TTFT + {point.output_tokens - 1:.0f} x TPOT) = "
        f"{point.in_flight:.3g} in flight"
    )
    return Impossible("requests_per_second", found, f"at most the {point.max_in_flight} that the run kept in flight")


def _memory(one: DesignArrays, point: MeasuredPoint) -> Impossible | None:
    """More running at once than there is memory for, all of it taken."""
    room = float((one.attention_groups * (one.memory - one.weights))[0])
    each = float(kv_bytes(one, point.input_tokens + point.output_tokens / 2)[0])
    if not point.running * each > LEEWAY * room:
        return None
    found = (
        f"{point.running:.4g} requests running ({point.requests_per_second:.4g} requests/s x "
        f"{point.output_tokens - 1:.0f} tokens x {point.tpot_ms['mean']:.3g} ms)"
    )
    wanted = (
        f"at most {room / each:.3g}: each holds {each / GB:.2g} GB of KV cache, and {_where(point)} has "
        f"{room / GB:.3g} GB beside the weights"
    )
    return Impossible("requests_per_second", found, wanted, _OTHER)


def _compute(one: DesignArrays, model: Model, point: MeasuredPoint) -> Impossible | None:
    """More arithmetic a second than the GPUs' peak."""
    tokens = point.requests_per_second * (point.input_tokens + point.output_tokens)
    each = 2 * max(float(one.active_params[0]) - _unread(model), 0.0)
    peak = float((one.gpus * one.flops)[0])
    if not tokens * each > peak:
        return None
    wanted = (
        f"at most {peak / each:,.0f}: {each / 1e9:.3g} GFLOP a token, {peak / 1e12:,.0f} TFLOP/s on {_where(point)}"
    )
    hint = f"prompts read from a prefix cache, or {_OTHER}"
    return Impossible("requests_per_second", f"{tokens:,.0f} tokens/s, input and output", wanted, hint)


def _reading(one: DesignArrays, point: MeasuredPoint) -> Impossible | None:
    """More KV cache read a second than the bandwidth."""
    made = point.requests_per_second * (point.output_tokens - 1) / float(one.attention_groups[0])
    each = float(kv_bytes(one, point.input_tokens + point.output_tokens / 2)[0])
    bandwidth = float(one.bandwidth[0])
    if not made * each > bandwidth:
        return None
    wanted = (
        f"at most {bandwidth / each * float(one.attention_groups[0]):,.0f}: each reads {each / GB:.2g} GB of KV cache, "
        f"at {bandwidth / GB:,.0f} GB/s"
    )
    found = f"{point.requests_per_second * (point.output_tokens - 1):,.0f} tokens/s of output"
    return Impossible("requests_per_second", found, wanted, f"prompts that share a prefix, or {_OTHER}")


def _ttft(one: DesignArrays, model: Model, point: MeasuredPoint) -> Impossible | None:
    """A prompt read in less time than its arithmetic takes at the peak."""
    each = 2 * max(float(one.active_params[0]) - _unread(model), 0.0)
    floor = point.input_tokens * each / float((one.gpus * one.flops)[0])
    ttft = point.ttft_ms["mean"] / 1e3
    if not ttft < floor:
        return None
    wanted = f"at least {floor * 1e3:.3g} ms: {point.input_tokens:,.0f} tokens of {each / 1e9:.3g} GFLOP at the peak"
    hint = f"prompts read from a prefix cache, or {_OTHER}"
    return Impossible("ttft_ms", f"{ttft * 1e3:.3g} ms to the first token", wanted, hint)
