"""What a replica's memory holds: weights, KV cache, and how many requests fit at once.

Bytes unless a name says otherwise, GB = 1e9; arrays run over designs. Equations: README, "Performance of one replica".
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from solver.design_arrays import DesignArrays

Array = NDArray[np.float64]
GB = 1e9


def weight_bytes(
    dense: Array, dense_bytes: Array, expert: Array, expert_bytes: Array, tensor_parallel: Array, gpus: Array
) -> Array:
    """Weights on one GPU, W = P_d*b_d/tp + P_e*b_w/g: every attention data-parallel group holds the dense part."""
    return dense * dense_bytes / tensor_parallel + expert * expert_bytes / gpus


def kv_share(kv_heads: Array, latent: NDArray[np.bool_], tensor_parallel: Array) -> Array:
    """Part of a token's KV cache that one GPU holds: max(n_kv/tp, 1)/n_kv, for a latent (MLA) cache all of it.

    Beyond tp = n_kv the heads are copied, so the part stops falling.
    """
    return np.where(latent, 1.0, np.maximum(1 / tensor_parallel, 1 / kv_heads))


def longest_tokens(mean: float, variation: float, percentile: float = 95.0) -> float:
    """Percentile of a log-normal length of this mean and coefficient of variation."""
    sigma = np.sqrt(np.log1p(variation**2))
    z = NormalDist().inv_cdf(percentile / 100)
    return float(mean * np.exp(sigma * z - sigma**2 / 2))


def kv_bytes(arrays: DesignArrays, tokens: Array | float) -> Array:
    """KV cache and state of one request of so many tokens, on one GPU; a sliding window fills up with the tokens."""
    return np.asarray(arrays.kv_token * tokens + arrays.kv_sequence * np.minimum(tokens / arrays.window, 1.0))


@dataclass(frozen=True)
class MemoryFit:
    """How requests fit into replicas; arrays over designs.

    `requests` is N_kv, how many fit at once; `kv_tokens` the tokens of KV cache of the whole replica;
    `weights_gb`, `needed_gb` (weights, runtime and one longest request) and `available_gb` are of the
    whole replica, so that needed above available is the reason of a refusal.
    """

    requests: Array
    kv_tokens: Array
    weights_gb: Array
    needed_gb: Array
    available_gb: Array
    fits: NDArray[np.bool_]


def memory_fit(
    arrays: DesignArrays,
    input_tokens: Array | float,
    output_tokens: Array | float,
    longest: Array | float,
    shared_tokens: Array | float = 0.0,
) -> MemoryFit:
    """Fit requests of these mean lengths; `longest` is the tokens (input and output) of the longest one.

    `shared_tokens` of the input are a prefix that all requests share: held once in each attention group.
    A design fits when at least one mean request and the longest one do.
    """
    a = arrays
    room = a.kv_room - shared_tokens * a.kv_token
    own = kv_bytes(a, input_tokens + output_tokens / 2) - shared_tokens * a.kv_token
    requests = np.maximum(a.attention_groups * room / own, 0.0)
    one = kv_bytes(a, longest)
    needed = a.gpus * (a.weights + a.runtime + one) / GB
    available = a.gpus * a.memory_fraction * a.memory / GB
    fits = (requests >= 1) & (one <= a.kv_room)
    return MemoryFit(requests, a.kv_tokens, a.gpus * a.weights / GB, needed, available, fits)
