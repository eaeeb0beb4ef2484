"""Quantities as people write them: what they read as, what is refused, and that they read back the same."""

from math import exp, log, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from solver.units import Change, Milliseconds, Months, Percentile, Rate, Share, Tokens, format_count, parse_count


@pytest.mark.parametrize(
    ("text", "value"),
    [("1200", 1200), ("1_200", 1200), ("1,200", 1200), ("1.2k", 1200), ("3M", 3e6), ("2G", 2e9), (".5", 0.5)],
)
def test_a_count_reads_with_suffix_or_separator(text: str, value: float) -> None:
    assert parse_count(text) == value


@pytest.mark.parametrize("text", ["", "k", "1,2", "1.2,3", "-3", "1e3", "12 apples", "nan", "1,20,000"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number such as"):
        parse_count(text)


@given(st.floats(min_value=0, max_value=1e15, allow_nan=False))
def test_a_written_count_reads_back(value: float) -> None:
    assert parse_count(format_count(value)) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("0.7/s", 0.7), ("60k/day", 60000 / 86400), ("1.8M/month", 1.8e6 / (730 * 3600)), ("36/h", 0.01),
     ("1/year", 1 / (8760 * 3600))],
)  # fmt: skip
def test_a_rate_is_an_amount_a_period_of_a_month_of_730_hours(text: str, per_second: float) -> None:
    rate = Rate.model_validate(text)
    assert rate.per_second == pytest.approx(per_second)
    assert Rate.model_validate(str(rate)) == rate


@pytest.mark.parametrize("value", ["60k", "1.2M", 60000, "60k/fortnight", "/day", True, "60 000/day"])
def test_a_rate_without_its_period_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="an amount per period"):
        Rate.model_validate(value)


def test_p50_and_p95_are_those_of_a_log_normal_length() -> None:
    tokens = Tokens.model_validate("1.2k / 4k")
    sigma = log(4000 / 1200) / 1.6448536269514722
    assert tokens.mean == pytest.approx(1200 * exp(sigma**2 / 2))
    assert tokens.variation == pytest.approx(sqrt(exp(sigma**2) - 1))
    assert (Tokens.model_validate(250).mean, Tokens.model_validate(250).variation) == (250, 0)
    assert Tokens.model_validate(str(tokens)) == tokens


@pytest.mark.parametrize("value", ["4k / 1.2k", "1k / 2k / 3k", "many", "800 ms", True, -1])
def test_tokens_in_the_wrong_order_or_unit_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Tokens.model_validate(value)


@pytest.mark.parametrize(
    ("kind", "value", "read", "written"),
    [
        (Share, "30%", 0.3, "30%"), (Share, 0.3, 0.3, "30%"), (Share, 1, 1.0, "100%"), (Share, "0", 0.0, "0%"),
        (Change, "-10%", -0.1, "-10%"), (Change, "50%/year", 0.5, "50%"), (Change, "300%", 3.0, "300%"),
        (Milliseconds, "800 ms", 800, "800 ms"), (Milliseconds, "1.5 s", 1500, "1.5 s"),
        (Milliseconds, "2s", 2000, "2 s"),
        (Months, "12 months", 12, "12 months"), (Months, "3 years", 36, "36 months"), (Months, "1 month", 1, "1 month"),
        (Percentile, "p95", 95, "p95"), (Percentile, 99.9, 99.9, "p99.9"),
    ],
)  # fmt: skip
def test_a_quantity_reads_and_is_written_in_its_unit(kind: Any, value: object, read: float, written: str) -> None:
    adapter: TypeAdapter[float] = TypeAdapter(kind)
    found = adapter.validate_python(value)
    assert found == pytest.approx(read)
    assert adapter.dump_python(found) == written
    assert adapter.validate_python(written) == pytest.approx(read)


@pytest.mark.parametrize("kind", [Share, Milliseconds, Months, Percentile, Change])
def test_a_bare_large_number_or_another_unit_is_never_taken(kind: Any) -> None:
    for value in ("1.2M", 1200, True, "12 parsecs", None):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)
