"""JSON for machines: keys as documented in `wizard help json`, ASCII, two blanks a level."""

import json
from math import isfinite
from typing import Any

from pydantic import BaseModel


def json_text(value: Any) -> str:
    """A record, or lists and tables of plain values, as JSON; a figure that is not finite is null."""
    plain = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
    return json.dumps(_finite(plain), indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value
