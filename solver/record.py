"""What every record of the answer rests on: frozen, unknown keys refused."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["stay_on_api", "hybrid", "self_host", "no_plan"]


class Part(BaseModel):
    """A part of the answer: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
