"""Parameters of a model counted from its architecture, matrix by matrix; norms and biases are left out.

What the columns of models.csv do not say stands in `BESIDE`, from the config.json of each model in
aiconfigurator-core 0.12.0 (PyPI) model_configs, litgpt 0.5.13 config.py or transformers 5.24.0.
"""

from dataclasses import dataclass
from fnmatch import fnmatch

from catalogs.records import Model


@dataclass(frozen=True)
class Beside:
    """Facts of an architecture beside its row; 0 or None is as in a plain transformer."""

    tied: bool = False  # the output layer is the embedding
    matrices: int = 3  # of a feed-forward part, dense or expert: up, gate, down
    query_rank: int = 0  # the query of latent attention goes through so many dimensions
    gated: bool = False  # the query projection is doubled by an output gate
    linear_heads: int = 0  # value heads of 128 in a layer with linear attention, beside 16 key heads of 128
    kda_heads: int = 0  # heads of 128 in a layer of Kimi's delta attention: query, key, value and output
    global_heads: tuple[int, int] | None = None  # KV heads and head size of the layers with full attention
    dense_width: int = 0  # of the feed-forward part of dense layers, where the column holds another
    expert_input: int = 0  # width that experts read and write, where it is not the hidden size
    dense_beside: bool = False  # each layer with experts has a dense feed-forward part as well
    moe_layers: int | None = None  # layers with experts and nothing else
    mamba: tuple[int, int] | None = None  # layers with a Mamba 2 mixer and nothing else, and their heads of 64
    shared_width: int = 0  # of the shared experts together, where it is not their number times the experts' width


BESIDE: dict[str, Beside] = {
    "deepseek-v4-flash": Beside(query_rank=1024),
    "deepseek-v4-pro": Beside(query_rank=1536),
    "deepseek-*": Beside(query_rank=1536),
    "falcon-*": Beside(tied=True, matrices=2),
    "gemma-4-26b-a4b": Beside(tied=True, global_heads=(2, 512), dense_beside=True),
    "gemma-4-31b": Beside(tied=True, global_heads=(4, 512)),
    "gemma-*": Beside(tied=True),
    "glm-5*": Beside(query_rank=2048),
    "kimi-k3": Beside(query_rank=1536, kda_heads=96, expert_input=3584),
    "kimi-*": Beside(query_rank=1536),
    "llama-3.2-*": Beside(tied=True),
    "llama-4-*": Beside(dense_width=16384),
    "nemotron-3-nano-*": Beside(matrices=2, moe_layers=23, mamba=(23, 64), shared_width=3712),
    "nemotron-3-super-*": Beside(matrices=2, moe_layers=40, mamba=(40, 128), shared_width=5376, expert_input=1024),
    "nemotron-3-ultra-*": Beside(matrices=2, moe_layers=48, mamba=(48, 256), shared_width=10240, expert_input=2048),
    "qwen3-4b": Beside(tied=True),
    "qwen3-next-*": Beside(gated=True, linear_heads=32),
    "qwen3.5-27b": Beside(gated=True, linear_heads=48),
    "qwen3.6-27b": Beside(gated=True, linear_heads=48),
    "qwen3.?-35b-a3b": Beside(gated=True, linear_heads=32),
    "qwen3.5-*": Beside(gated=True, linear_heads=64),
}


def beside(model: Model) -> Beside:
    """The facts of the first pattern that the model's id matches."""
    return next((facts for pattern, facts in BESIDE.items() if fnmatch(model.id, pattern)), Beside())


def parameters_b(model: Model) -> float:
    """All parameters, 1e9. ValueError: an architecture that the row does not hold."""
    if not (model.layers and model.hidden and model.vocab and model.heads):
        raise ValueError(model.id)
    facts = beside(model)
    embedding = (1 if facts.tied else 2) * model.vocab * model.hidden
    return (embedding + _mixers(model, facts) + _feed_forward(model, facts)) / 1e9


def _mixers(model: Model, facts: Beside) -> float:
    """Attention and what stands in for it, over all layers."""
    assert model.layers
    assert model.hidden
    full = model.full_attention_layers or model.layers
    others = model.layers - full - (facts.moe_layers or 0)
    total = full * _attention(model, facts, facts.global_heads)
    if facts.mamba:
        layers, heads = facts.mamba
        assert layers == others
        inner = heads * 64
        return total + layers * model.hidden * (3 * inner + 2 * 8 * 128 + heads)
    if facts.linear_heads:
        return total + others * model.hidden * 128 * (2 * 16 + 3 * facts.linear_heads)
    if facts.kda_heads:
        return total + others * 4 * model.hidden * 128 * facts.kda_heads
    return total + others * _attention(model, facts, None)


def _attention(model: Model, facts: Beside, other: tuple[int, int] | None) -> float:
    """One layer of attention; `other` are KV heads and head size where they are not the row's."""
    assert model.hidden
    assert model.heads
    if model.kv_lora_rank:
        rope, nope, value = model.qk_rope_head_dim or 0, model.qk_nope_head_dim or 0, model.v_head_dim or 0
        query = model.heads * (nope + rope)
        down = model.kv_lora_rank * model.heads * (nope + value)
        latent = model.hidden * (model.kv_lora_rank + rope) + down + model.heads * value * model.hidden
        return latent + _through(model.hidden, facts.query_rank, query)
    kv_heads, size = other or (model.kv_heads or 0, model.head_dim or 0)
    query = model.heads * size
    output = query * model.hidden
    return (
        _through(model.hidden, facts.query_rank, query) * (1 + facts.gated)
        + output
        + 2 * model.hidden * kv_heads * size
    )


def _through(width: int, rank: int, out: int) -> int:
    """A projection, in two steps where it goes through a rank."""
    return width * rank + rank * out if rank else width * out


def _feed_forward(model: Model, facts: Beside) -> float:
    assert model.layers
    assert model.hidden
    dense = facts.matrices * model.hidden * (facts.dense_width or model.intermediate or 0)
    if not model.experts:
        return model.layers * dense
    width = model.moe_intermediate or model.intermediate or 0
    layers = model.layers - model.dense_layers_first if facts.moe_layers is None else facts.moe_layers
    read = facts.expert_input or model.hidden
    expert = model.experts * facts.matrices * read * width + model.experts * model.hidden
    if read != model.hidden:
        expert += 2 * model.hidden * read
    expert += facts.matrices * model.hidden * (facts.shared_width or model.shared_experts * width)
    return layers * (expert + dense * facts.dense_beside) + model.dense_layers_first * dense
