"""The words that scenarios and figures share. No record is built here, so that a screen needs no catalog to open."""

from typing import Literal

TaskClass = Literal["chat", "rag", "code", "extraction", "classification", "reasoning", "agents"]
QualityWord = Literal["low", "mid", "high", "frontier"]
PurchaseType = Literal[
    "reserved_1m", "reserved_1y", "reserved_3y", "owned", "on_demand", "managed", "spot", "serverless"
]
COMMITTED: tuple[PurchaseType, ...] = ("reserved_1m", "reserved_1y", "reserved_3y", "owned")
HOURLY: tuple[PurchaseType, ...] = ("on_demand", "managed")
TERM_MONTHS: dict[PurchaseType, int] = {"reserved_1m": 1, "reserved_1y": 12, "reserved_3y": 36}
LicenceClass = Literal["permissive", "community", "noncommercial", "unknown"]
Compute = Literal["bf16", "fp8", "int8", "fp4", "cpu"]
