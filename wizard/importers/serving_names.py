"""Names of models, GPUs, engines and formats as benchmarks write them, to the ids of the catalog."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from math import inf, isfinite, log, nan
from typing import NamedTuple

from catalogs.catalog import Catalog
from catalogs.records import Model

GPUS = {
    "h100": "h100-sxm", "h100-80gb": "h100-sxm", "h100-80gb-hbm3": "h100-sxm", "h100-sxm5": "h100-sxm",
    "h100-hbm3": "h100-sxm", "h100-pcie-80gb": "h100-pcie", "h100-nvl-94gb": "h100-nvl",
    "h200": "h200-sxm", "h200-141gb": "h200-sxm", "h200-sxm5": "h200-sxm",
    "gh200-96gb": "gh200", "gh200-480gb": "gh200", "gh200-144gb": "gh200", "grace-hopper": "gh200",
    "a100": "a100-80gb-sxm", "a100-sxm": "a100-80gb-sxm", "a100-sxm4-80gb": "a100-80gb-sxm",
    "a100-sxm4-40gb": "a100-40gb-sxm", "a100-40gb-sxm4": "a100-40gb-sxm", "a100-80gb-sxm4": "a100-80gb-sxm",
    "a100-pcie": "a100-80gb-pcie", "a100-pcie-40gb": "a100-40gb-pcie", "a100-pcie-80gb": "a100-80gb-pcie",
    "b200-sxm": "b200", "b200-180gb": "b200", "b200-192gb": "b200", "b300-sxm": "b300", "b300-288gb": "b300",
    "gb200-nvl72": "gb200", "gb200-nvl4": "gb200", "gb300-nvl72": "gb300",
    "mi300x-192gb": "mi300x", "mi300": "mi300x", "mi325": "mi325x", "mi355": "mi355x", "mi350": "mi350x",
    "rtx-4090-24gb": "rtx-4090", "4090": "rtx-4090", "3090": "rtx-3090", "5090": "rtx-5090",
    "a6000": "rtx-a6000", "6000-ada": "rtx-6000-ada", "l40": "l40s", "v100": "v100-16gb",
    "rtx-pro-6000-blackwell-server-edition": "rtx-pro-6000-server",
    "rtx-pro-6000-blackwell-workstation-edition": "rtx-pro-6000-ws", "rtx-pro-6000-blackwell": "rtx-pro-6000",
}  # fmt: skip
"""Beside the catalog's own ids and names; one of several form factors is the usual one in servers."""
ENGINES = {
    "tensorrt-llm": ("trtllm", "tensorrtllm", "nimtrtllm", "nim", "nvidianim", "trtllmserve", "tensorrt"),
    "vllm": ("vllmv1", "vllmv0", "llmboost", "vllmrocm", "aphrodite"),
    "lmdeploy": ("turbomind", "lmdeployturbomind"),
    "llama.cpp": ("llamacpp", "ollama", "llamaserver", "lmstudio", "gguf"),
    "tgi": ("textgenerationinference", "huggingfacetgi", "hftgi"),
    "sglang": ("sgl", "sglangrouter"),
}
FORMATS = {
    "bf16": ("fp16", "float16", "half", "bfloat16", "16bit", "f16", "w16a16", "fp16bf16"),
    "fp8": ("fp8e4m3", "fp8e4m3fn", "e4m3", "w8a8fp8", "fp8w8a8", "fp8block", "fp8dynamic", "8bit", "float8"),
    "int8": ("w8a8", "smoothquant", "sq", "w8a16", "int8w8a8", "bitsandbytesint8", "q80"),
    "fp4": ("nvfp4", "nvfp4w4a4", "w4a4", "fp4e2m1"),
    "mxfp4": ("mxfp4moe", "mxfp4w4a16"),
    "int4": ("w4a16", "4bit", "w4a8", "int4wo", "bnb4", "nf4"),
    "awq": ("awqint4", "int4awq", "awqmarlin", "w4a16awq"),
    "gptq": ("gptqint4", "int4gptq", "gptqmarlin", "w4a16gptq"),
    "gguf-q4": ("q4km", "q4", "q40", "q4ks", "gguf", "ggufq4km", "iq4xs"),
}
_MAKERS = re.compile(r"^(nvidia|amd|intel|apple|google|geforce|tesla|instinct|radeon)[\s_-]+")
_DROPPED = frozenset(
    [
        "instruct", "chat", "it", "hf", "base", "preview", "dynamic", "kv", "quantized", "quant", "awq", "gptq", "gguf",
        "fp8", "fp16", "bf16", "nvfp4", "fp4", "mxfp4", "int4", "int8", "w4a16", "w8a8", "block", "amd", "quark",
        "meta", "model",
    ]
)  # fmt: skip
KV_BYTES = {
    "fp8": 1.0,
    "int8": 1.0,
    "fp4": 0.5625,
    "nvfp4": 0.5625,
    "int4": 0.53,
    "fp16": 2.0,
    "bf16": 2.0,
    "auto": 2.0,
}
DEFAULT_ENGINE = "vllm"
_VERSION = re.compile(r"^(v\d+(\.\d+)*|\d{4,8})$")


class Named(NamedTuple):
    """An id of the catalog, or an empty one with what to say.

    `assumed` tells what was taken for granted, `guessed` that it is a guess where nothing fitting was said.
    """

    id: str
    said: str = ""
    assumed: str = ""
    guessed: bool = False


def squashed(text: str) -> str:
    """Small letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def near(text: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the id that starts so, or the nearest spelling; else an empty text."""
    ids, wanted = list(known), text.strip().lower()
    found = [id_ for id_ in ids if len(wanted) > 1 and id_.startswith(wanted)]
    found = found or difflib.get_close_matches(wanted, ids, n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else ""


def _unknown(kind: str, text: str, known: Iterable[str]) -> Named:
    shown = text[:40] if text.isprintable() else ascii(text)[:40]
    hint = near(text, known)
    return Named("", f"unknown {kind} '{shown}'" + (f": {hint}" if hint else ""))


class Names:
    """The names that one catalog knows; each is looked up once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._seen: dict[tuple[object, ...], Named] = {}
        self._models = {squashed(id_): id_ for id_ in catalog.models}
        for id_, model in catalog.models.items():
            self._models.setdefault(squashed(model.hf_id.rpartition("/")[2]), id_)
        self._gpus = {squashed(id_): id_ for id_ in catalog.gpus}
        for alias, id_ in GPUS.items():
            if id_ in catalog.gpus:
                self._gpus.setdefault(squashed(alias), id_)
        for id_, gpu in catalog.gpus.items():
            self._gpus.setdefault(squashed(_makerless(gpu.name)), id_)
        self._engines = _aliased(catalog.engines, ENGINES)
        self._formats = _aliased(catalog.precisions, FORMATS)

    def _once(self, key: tuple[object, ...], find: Callable[[], Named]) -> Named:
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = find()
        return found

    def model(self, text: str, params_b: float = nan, active_b: float = nan) -> Named:
        """The model of a name; one that the catalog lacks is stood in for by the one nearest in parameters, if those
        are given (1e9, total and active).
        """
        return self._once(("model", text, str(params_b), str(active_b)), lambda: self._model(text, params_b, active_b))

    def _model(self, text: str, params_b: float, active_b: float) -> Named:
        parts = re.split(r"[\s_:-]+", text.strip().lower().rstrip("/").rpartition("/")[2])
        bare = [part for part in parts if part not in _DROPPED]
        for tried in (parts, bare, [part for part in bare if not _VERSION.match(part)]):
            if found := self._models.get(squashed("".join(tried))):
                return Named(found)
        models = self._catalog.models
        missing = _unknown("model", text, models) if text.strip() else Named("", "no model")
        if not isfinite(params_b):
            return missing
        active = active_b if isfinite(active_b) else params_b
        near = min(models.values(), key=lambda model: _apart(model, params_b, active))
        return Named(near.id, "", f"{missing.said}; stood in for by {near.id}, nearest in parameters", True)

    def gpu(self, text: str) -> Named:
        """The GPU of a name: the catalog's id or name, with or without its maker, or a usual way to write it."""
        return self._once(("gpu", text), lambda: self._gpu(text))

    def _gpu(self, text: str) -> Named:
        name = squashed(_makerless(text))
        if not name:
            return Named("", "no GPU")
        found = self._gpus.get(name)
        if not found:
            return _unknown("GPU", text, self._catalog.gpus)
        return Named(found, "", f"GPU taken as {found}" if name in ("h100", "h200", "a100") else "")

    def engine(self, text: str) -> Named:
        """The engine of a name, versions left off; vLLM, which most run, for one that is not known or not given."""
        return self._once(("engine", text), lambda: self._engine(text))

    def _engine(self, text: str) -> Named:
        whole = squashed(text)
        if found := self._engines.get(whole):
            return Named(found)
        for alias in sorted(self._engines, key=len, reverse=True):
            if alias in whole and len(alias) > 2:
                return Named(self._engines[alias])
        shown = f"'{text.strip()[:30]}' " if text.strip() else ""
        return Named(DEFAULT_ENGINE, "", f"engine {shown}taken as {DEFAULT_ENGINE}", True)

    def precision(self, text: str, model: str, name: str = "") -> Named:
        """The weight format of a name; without one that in the model's `name`, else the native one of `model`."""
        return self._once(("format", text, model, name), lambda: self._format(text, model, name))

    def _format(self, text: str, model: str, name: str) -> Named:
        if found := self._formats.get(squashed(text)):
            return Named(found)
        for word in filter(None, map(squashed, re.split(r"[\s_:+/-]+", f"{text} {name}"))):
            if found := self._formats.get(word):
                return Named(found, "", "" if text.strip() else f"format {found} read off the model's name")
        native = self._catalog.models[model].native_precision
        native = native if native in self._catalog.precisions else "bf16"
        shown = f"'{text.strip()[:20]}' " if text.strip() else ""
        return Named(native, "", f"format {shown}taken as {native}", True)

    def kv_factor(self, text: str, precision: str) -> float:
        """Bytes of the KV cache over those that the weight format brings with it; 1 where nothing is said."""
        kind = squashed(text)
        wanted = next((size for word, size in KV_BYTES.items() if kind.startswith(word)), None)
        return wanted / self._catalog.precisions[precision].bytes_per_kv if wanted else 1.0


def _apart(model: Model, total: float, active: float) -> float:
    if not (model.layers and model.hidden and model.heads):
        return inf
    have = model.params_active_b or model.params_total_b
    return abs(log(model.params_total_b / total)) + abs(log(have / active))


def _makerless(text: str) -> str:
    name = text.strip().lower()
    while (shorter := _MAKERS.sub("", name)) != name:
        name = shorter
    return name


def _aliased(known: Iterable[str], aliases: Mapping[str, Iterable[str]]) -> dict[str, str]:
    ids = list(known)
    table = {squashed(id_): id_ for id_ in ids}
    return {alias: id_ for id_, names in aliases.items() if id_ in ids for alias in names} | table
