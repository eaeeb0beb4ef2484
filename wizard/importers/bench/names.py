"""Names of models in result files, and the ids of the catalog that they mean."""

import difflib
import re
from collections.abc import Mapping

from catalogs.records import Model

_FORMATS = {
    "fp8": "fp8", "awq": "awq", "gptq": "gptq", "int4": "int4", "w4a16": "int4", "int8": "int8", "nvfp4": "fp4",
    "fp4": "fp4", "mxfp4": "mxfp4", "gguf": "gguf-q4", "bf16": "bf16",
}  # fmt: skip
"""Words of a name that tell the weight format, and the format's id."""
_BESIDE = "dynamic|quantized|block|kv|marlin|w8a8|4bit|8bit|hf"
_TAIL = re.compile(rf"[-_.](?:{'|'.join(_FORMATS)}|{_BESIDE})$")


def model_id(name: str, models: Mapping[str, Model]) -> str | None:
    """The one model that a name means: by id, by its name at the hub, or by that without owner and weight format."""
    if name in models:
        return name
    wanted = _plain(name)
    found = [id_ for id_, model in models.items() if wanted in {_plain(id_), _plain(model.hf_id or id_)}]
    exact = [id_ for id_ in found if models[id_].hf_id.lower() == name.lower()]
    return (exact or found)[0] if len(exact or found) == 1 else None


def nearest_model(name: str, models: Mapping[str, Model]) -> str:
    """`did you mean llama-3.1-8b?`, or nothing."""
    near = difflib.get_close_matches(_plain(name), models, n=1, cutoff=0.5)
    return f"did you mean --model {near[0]}?" if near else ""


def format_told(name: str) -> str | None:
    """The weight format that a name tells of; None where it tells of none."""
    words = re.split(r"[-_./:]", name.lower())
    return next((format_ for word, format_ in _FORMATS.items() if word in words), None)


def _plain(name: str) -> str:
    """A name in small letters without its owner, its weight format and Meta's prefix."""
    plain = name.lower().rstrip("/").rpartition("/")[2].removeprefix("meta-")
    while _TAIL.search(plain):
        plain = _TAIL.sub("", plain)
    return plain
