"""Quantities as people write them in a scenario: `60k/day`, `800 ms`, `30%`, `1.2k / 4k`, `160k/year`.

Each parser raises ValueError whose text says what is wanted; each quantity renders back to the
shortest text that reads as the same value.
"""

import re
from decimal import Decimal
from math import exp, log, sqrt
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

HOURS_PER_MONTH = 730.0
SECONDS = {
    "s": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
    "week": 604800.0,
    "month": 3600.0 * HOURS_PER_MONTH,
    "year": 3600.0 * HOURS_PER_MONTH * 12,
}
_PERIODS = {
    **{unit: unit for unit in SECONDS},
    "sec": "s", "second": "s", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week",
    "mo": "month", "y": "year", "yr": "year", "a": "year",
}  # fmt: skip
_SUFFIX = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9}
_COUNT = r"([0-9][0-9_,]*\.?[0-9]*|\.[0-9]+)\s*[kKmMgGbB]?"
_NUMBER = re.compile(r"^([0-9][0-9_,]*\.?[0-9]*|\.[0-9]+)\s*([kKmMgGbB]?)$")


def parse_count(text: str) -> float:
    """Read `1200`, `1_200`, `1,200`, `1.2k`, `3M`, `2G`."""
    match = _NUMBER.match(text.strip())
    if not match:
        raise ValueError("a number such as 1200, 1.2k or 3M")
    digits, suffix = match.groups()
    if "," in digits and not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", digits):
        raise ValueError("a number such as 1200, 1,200 or 1.2k; a comma separates thousands, never decimals")
    return float(digits.replace("_", "").replace(",", "")) * _SUFFIX[suffix.lower()]


def format_count(value: float) -> str:
    """Write a count the short way, exactly: 60000 as `60k`, 1234 as `1234`."""
    for suffix, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= factor:
            short = f"{value / factor:.12g}"
            if len(short.replace(".", "")) <= 4 and float(short) * factor == value:
                return short + suffix
    return f"{Decimal(f'{value:.12g}'):f}"


def _texts(pattern: str, *examples: str) -> dict[str, Any]:
    """JSON Schema of a quantity that is written as a text."""
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


class Rate(BaseModel):
    """So many a period: requests, or money; `per` is a key of SECONDS."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    amount: float = Field(ge=0, allow_inf_nan=False)
    per: str

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Rate | dict):
            return value
        wanted = "an amount per period, such as 60k/day, 1.8M/month or 0.7/s"
        if not isinstance(value, str) or "/" not in value:
            raise ValueError(wanted)
        amount, period = value.rsplit("/", 1)
        unit = _PERIODS.get(period.strip().lower())
        if unit is None:
            raise ValueError(f"{wanted}; the periods are {', '.join(SECONDS)}")
        try:
            return {"amount": parse_count(amount), "per": unit}
        except ValueError as error:
            raise ValueError(wanted) from error

    @field_validator("per")
    @classmethod
    def _period(cls, per: str) -> str:
        if per not in SECONDS:
            raise ValueError(f"a period: {', '.join(SECONDS)}")
        return per

    @model_serializer
    def _write(self) -> str:
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        """A text in JSON Schema, as a scenario holds it."""
        periods = "|".join(sorted(_PERIODS, key=len, reverse=True))
        return _texts(rf"^\s*{_COUNT}\s*/\s*({periods})\s*$", "60k/day", "1.8M/month", "0.7/s")

    def __str__(self) -> str:
        return f"{format_count(self.amount)}/{self.per}"

    @property
    def per_second(self) -> float:
        """The rate per second (a month is 730 hours)."""
        return self.amount / SECONDS[self.per]

    @property
    def per_month(self) -> float:
        """The rate per month of 730 hours."""
        return self.per_second * SECONDS["month"]


class Tokens(BaseModel):
    """Tokens of a request: a mean, or p50 and p95 of a log-normal length."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    p50: float = Field(ge=0, le=20e6)
    p95: float | None = Field(default=None, ge=0, le=20e6)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Tokens | dict):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"p50": float(value)}
        wanted = "tokens as a mean (1.2k) or as p50 / p95 (1.2k / 4k)"
        if not isinstance(value, str):
            raise ValueError(wanted)
        try:
            parts = [parse_count(part) for part in value.split("/")]
        except ValueError as error:
            raise ValueError(wanted) from error
        if len(parts) > 2:
            raise ValueError(wanted)
        if len(parts) == 2 and parts[1] < parts[0]:
            raise ValueError(wanted + "; the p95 is at least the p50")
        return dict(zip(("p50", "p95"), parts, strict=False))

    @model_serializer
    def _write(self) -> str | int:
        if self.p95 is None and self.p50 == int(self.p50) and self.p50 < 1000:
            return int(self.p50)
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        """A number or a text in JSON Schema, as a scenario holds it."""
        text = _texts(rf"^\s*{_COUNT}\s*(/\s*{_COUNT}\s*)?$", "1.2k", "1.2k / 4k")
        return {"anyOf": [text, {"type": "number", "minimum": 0, "maximum": 20e6}]}

    def __str__(self) -> str:
        return format_count(self.p50) if self.p95 is None else f"{format_count(self.p50)} / {format_count(self.p95)}"

    @property
    def sigma(self) -> float:
        """Shape of the log-normal with this p50 and p95; 0 for a plain mean."""
        if self.p95 is None or self.p50 <= 0 or self.p95 <= self.p50:
            return 0.0
        return log(self.p95 / self.p50) / 1.6448536269514722

    @property
    def mean(self) -> float:
        """Mean tokens: itself, or that of the log-normal, p50 * exp(sigma^2 / 2)."""
        return self.p50 * exp(self.sigma**2 / 2)

    @property
    def variation(self) -> float:
        """Coefficient of variation, sqrt(exp(sigma^2) - 1)."""
        return sqrt(exp(self.sigma**2) - 1)


def _number(text: str, unit: str, wanted: str) -> float:
    if not text.endswith(unit):
        raise ValueError(wanted)
    try:
        return parse_count(text[: -len(unit)])
    except ValueError as error:
        raise ValueError(wanted) from error


_PART = r"0?\.\d+|0"
"""A share as a number, told apart from percent by its point; 0 is the same in both."""


def _read_share(value: Any) -> float:
    wanted = "a share such as 30% (or a number from 0 to 1)"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(wanted)
    if isinstance(value, str):
        text = value.strip()
        return float(text) if re.fullmatch(_PART, text) else _number(text, "%", wanted) / 100
    if not 0 <= value <= 1:
        raise ValueError(wanted)
    return float(value)


def _read_change(value: Any) -> float:
    wanted = "a change a year such as 30%, 30%/year or -10%"
    text = value.strip().removesuffix("/year") if isinstance(value, str) else value
    try:
        if isinstance(text, str):
            return -_read_share(text[1:]) if text.startswith("-") else _read_share(text)
        return -_read_share(-text) if isinstance(text, int | float) and text < 0 else _read_share(text)
    except ValueError as error:
        raise ValueError(wanted) from error


def _read_milliseconds(value: Any) -> float:
    wanted = "a time such as 800 ms or 1.5 s"
    if not isinstance(value, str):
        raise ValueError(wanted)
    text = value.strip()
    return _number(text, "ms", wanted) if text.endswith("ms") else _number(text, "s", wanted) * 1000


def _read_months(value: Any) -> int:
    wanted = "whole months, such as 12 months or 1 year"
    if not isinstance(value, str):
        raise ValueError(wanted)
    match = re.fullmatch(r"\s*(\d+)\s*(months?|years?)\s*", value)
    if not match:
        raise ValueError(wanted)
    return int(match[1]) * (12 if match[2].startswith("year") else 1)


def _read_percentile(value: Any) -> float:
    if isinstance(value, str):
        value = value.strip().removeprefix("p")
        value = float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 50 <= value <= 99.9:
        raise ValueError("a percentile from p50 to p99.9, such as p95")
    return float(value)


def format_share(value: float) -> str:
    """Write 0.3 as `30%`."""
    return f"{value * 100:.12g}%"


def format_milliseconds(value: float) -> str:
    """Write 800 as `800 ms`, 2000 as `2 s`."""
    return f"{value / 1000:.12g} s" if value >= 1000 and value % 100 == 0 else f"{value:.12g} ms"


def _read_headroom(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else _read_share(value)


def _share_schema(low: float, high: float, example: str) -> WithJsonSchema:
    sign = "-?" if low < 0 else ""
    text = _texts(rf"^\s*{sign}(?:{_COUNT}\s*%|{_PART})\s*$", example)
    return WithJsonSchema({"anyOf": [text, {"type": "number", "minimum": low, "maximum": high}]})


Share = Annotated[
    float, BeforeValidator(_read_share), Field(ge=0, le=1), PlainSerializer(format_share),
    _share_schema(0, 1, "30%"),
]  # fmt: skip
Headroom = Annotated[
    float, BeforeValidator(_read_headroom), Field(ge=0, le=10), PlainSerializer(format_share),
    _share_schema(0, 10, "50%"),
]  # fmt: skip
Change = Annotated[
    float, BeforeValidator(_read_change), Field(gt=-1, le=100), PlainSerializer(format_share),
    _share_schema(-1, 1, "-20%"),
]  # fmt: skip
Milliseconds = Annotated[
    float, BeforeValidator(_read_milliseconds), Field(gt=0, le=3.6e6), PlainSerializer(format_milliseconds),
    WithJsonSchema(_texts(rf"^\s*{_COUNT}\s*m?s\s*$", "800 ms", "1.5 s")),
]  # fmt: skip
Months = Annotated[
    int, BeforeValidator(_read_months), Field(ge=1, le=120), PlainSerializer(lambda v: f"{v} month{'s' * (v != 1)}"),
    WithJsonSchema(_texts(r"^\s*\d+\s*(months?|years?)\s*$", "12 months", "1 year")),
]  # fmt: skip
Percentile = Annotated[
    float, BeforeValidator(_read_percentile), PlainSerializer(lambda v: f"p{v:.12g}"),
    WithJsonSchema(
        {"anyOf": [_texts(r"^\s*p?\d+(\.\d+)?$", "p95"), {"type": "number", "minimum": 50, "maximum": 99.9}]}
    ),
]  # fmt: skip
