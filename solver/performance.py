"""Decode step, prefill and the closed loop of one replica; equations in README, "Performance of one replica".

Seconds and tokens; arrays over designs, or broadcast against them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solver.design_arrays import DesignArrays as DesignArrays
from solver.design_arrays import design_arrays as design_arrays
from solver.design_arrays import is_sized as is_sized
from solver.design_columns import Design as Design
from solver.memory import kv_bytes

Array = NDArray[np.float64]
ATTENTION_CEILING = 0.8  # best share of the 16-bit peak that attention reaches
FIXED_OVERHEAD_LAYERS = 25  # tau is paid for so many layers more than the model has
ITERATIONS = 24  # of what runs: a millionth of it is left
DAMPING = 0.5


def weight_time(arrays: DesignArrays, batch: Array | float) -> Array:
    """Time to read the weights that a batch touches, w; the experts touched rise with the batch."""
    a = arrays
    batch = np.maximum(batch, 1e-9)  # a prompt that is all shared prefix has none
    with np.errstate(divide="ignore"):  # log of 0 where every expert is active
        touched = -np.expm1(np.where(a.is_moe, np.log1p(-np.where(a.is_moe, a.activated_share, 0.0)), -np.inf) * batch)
    read = a.dense_params * a.dense_bytes + a.expert_params * a.expert_bytes * touched
    return np.asarray(read / a.gpus / (a.bandwidth * a.eta_mem))


def _all_reduce(arrays: DesignArrays, tokens: Array | float) -> tuple[Array, Array]:
    """Latency and transfer of the all-reduces of one forward pass over `tokens`; 0 on one GPU."""
    a = arrays
    latency = 2 * a.layers * a.alpha * np.log2(a.gpus)
    transfer = 2 * a.layers * 4 * tokens * a.hidden * (a.gpus - 1) / a.gpus / (a.link / 2)
    return latency, np.asarray(transfer)


def _overhead(arrays: DesignArrays, batch: Array | float) -> Array:
    a = arrays
    layers = a.layers * np.where(a.is_moe, a.tau_moe, 1.0) + FIXED_OVERHEAD_LAYERS
    return np.asarray(a.tau * layers + a.sigma * batch)


def _attention_rate(arrays: DesignArrays) -> Array:
    return np.asarray(arrays.flops_16bit * np.minimum(arrays.eta_attention, ATTENTION_CEILING))


def decode_step(arrays: DesignArrays, batch: Array | float, context: Array | float) -> Array:
    """Time s(B) of one decode step of `batch` running sequences whose mean context is `context` tokens."""
    a = arrays
    w = weight_time(a, batch)
    c = 2 * a.active_params * batch / a.gpus / (a.flops * a.eta_pf)
    per_group = batch / a.attention_groups
    kv = per_group * kv_bytes(a, context) / (a.bandwidth * a.eta_mem * a.eta_kv)
    latent = 2 * a.full_layers * a.heads / a.tensor_parallel * a.latent_flops * context * per_group
    kv = np.maximum(kv, latent / _attention_rate(a))
    latency, transfer = _all_reduce(a, batch)
    step = np.maximum(w, c) + a.mixed_step * np.minimum(w, c) + kv + latency + transfer + _overhead(a, batch)
    return np.asarray(a.step_scale * step)


@dataclass(frozen=True)
class Prefill:
    """Time of a prompt: `marginal` inside an iteration (m*I), `alone` on an idle replica (t_pf).

    `variance` is that of the marginal time over prompts of log-normal length.
    """

    marginal: Array
    alone: Array
    variance: Array


def prefill(
    arrays: DesignArrays, tokens: Array | float, shared: Array | float = 0.0, variation: float = 0.0
) -> Prefill:
    """Mean time to read prompts of `tokens` on average, of which `shared` tokens are cached already.

    `variation` is the coefficient of variation of the prompt length, of which the cached part is a constant
    share: attention grows with the square of the length.
    """
    a = arrays
    new = tokens - shared
    token = 2 * a.active_params / a.gpus / (a.flops * a.eta_pf) + _all_reduce(a, 1.0)[1]
    linear = 2 * a.active_params * new / a.gpus / (a.flops * a.eta_pf)
    q = 1 + variation**2  # E[I^n] = I^n * q^(n(n-1)/2)
    pair = 2 * a.full_layers * a.heads * a.attention_dim / a.gpus / _attention_rate(a)
    pairs = tokens**2 - shared**2
    attention = pair * pairs * q
    latency, transfer = _all_reduce(a, new)
    alone = np.maximum(linear, weight_time(a, new)) + attention + latency + transfer + _overhead(a, 1.0)
    lone, mixed, square = (token * new) ** 2, token * new * pair * pairs, (pair * pairs) ** 2
    variance = lone * (q - 1) + 2 * mixed * (q**3 - q) + square * (q**6 - q**2)
    return Prefill(linear + attention + transfer, np.asarray(alone), np.asarray(variance))


@dataclass(frozen=True)
class ClosedLoop:
    """N requests always in flight: mean times (s), requests/s, output tokens/s, running sequences, prefill share."""

    ttft: Array
    tpot: Array
    requests_per_s: Array
    output_tokens_per_s: Array
    running: Array
    prefill_share: Array


def closed_loop(
    arrays: DesignArrays,
    input_tokens: Array | float,
    output_tokens: Array | float,
    in_flight: Array | float,
    fit: Array | None = None,
    first_wave: Array | float = 0.0,
) -> ClosedLoop:
    """Solve the closed loop with `in_flight` requests: damped iteration of what runs, prefill's share in closed form.

    `fit` is N_kv, how many fit at once (None: no limit); what does not fit waits. `first_wave` is beta, the part of
    the queue of a start together that a benchmark's mean TTFT holds: N*m*I of prompts are read in each round, and what
    requests wait of it together before their first token does not stop their decoding (at most all of it).
    """
    a = arrays
    n = np.broadcast_to(np.asarray(in_flight, dtype=np.float64), a.gpus.shape)
    inside = np.minimum(n, a.max_sequences if fit is None else np.minimum(fit, a.max_sequences))
    context = input_tokens + output_tokens / 2
    prompt = prefill(a, input_tokens)
    steps = np.maximum(output_tokens - 1, 0.0)
    before = np.minimum(first_wave, 2.0) / 2 * np.maximum(1 - 1 / np.maximum(inside, 1.0), 0.0)
    stolen = inside * a.mu * prompt.marginal * (1 - before)  # of the decode steps of one residence
    running = inside.copy()
    for _ in range(ITERATIONS):
        step = decode_step(a, np.maximum(running, 1.0), context)
        light = a.t_fix + prompt.alone + step / 2
        share = _prefill_share(stolen, light, steps * step, prompt.marginal)
        tpot = step / (1 - share)
        ttft = light + share * prompt.marginal / (2 * (1 - share))
        apart = ttft + steps * tpot
        decoding = inside * steps * tpot / apart  # who waited together decodes together
        running = running + DAMPING * (decoding - running)
    ttft = ttft + before * inside * prompt.marginal
    rate = inside / (ttft + steps * tpot)
    waiting = np.maximum(n - inside, 0.0) / rate
    return ClosedLoop(ttft + waiting, tpot, rate, rate * output_tokens, running, share)


def _prefill_share(stolen: Array, light: Array, decode: Array, marginal: Array) -> Array:
    """rho = stolen/(light + rho*marginal/(2*(1 - rho)) + decode/(1 - rho)): the one root of its quadratic below 1.

    An iteration of it swings without end where prefill takes more than three quarters of the time.
    """
    b = light + decode + stolen
    return np.asarray(2 * stolen / (b + np.sqrt(b**2 + (2 * marginal - 4 * light) * stolen)))
