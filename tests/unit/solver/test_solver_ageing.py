"""Ages counted by hand from a day that is given."""

import pytest

from solver.ageing import age_days, aged, is_stale, limit_of
from solver.plan import CostLine


@pytest.mark.parametrize(
    ("of", "day", "days"),
    [
        ("2026-08-29", "2026-11-27", 90),  # 2 + 30 + 31 + 27
        ("2026-08-28", "2026-11-27", 91),
        ("2026-11", "2026-11-27", 26),
        ("2026", "2026-03-01", 59),  # 31 + 28
        ("2025-11/2026-08", "2026-11-01", 365),
        ("2026-12-01", "2026-11-27", 0),
        ("", "2026-11-27", None),
        ("2026-H2", "2026-07-31", 30),
        ("2026-Q2", "2026-04-11", 10),
        ("lately", "2026-11-27", None),
        ("2026-11-27", "", None),
    ],
)
def test_age_in_days(of: str, day: str, days: int | None) -> None:
    assert age_days(of, day) == days


def test_ninety_days_are_fresh_and_the_next_is_stale() -> None:
    assert not is_stale("2026-08-29", "2026-11-27")
    assert is_stale("2026-08-28", "2026-11-27")
    assert not is_stale("", "2026-11-27")


def test_a_wage_ages_by_the_year_and_a_price_by_the_quarter() -> None:
    assert [limit_of(unit) for unit in ("replica-hour", "Mtok", "FTE-month", "engineer-week")] == [90, 90, 365, 365]
    lines = [
        CostLine(name=unit, unit=unit, quantity=1, price=1, per_month=1, date="2026-01-01")
        for unit in ("replica-hour", "FTE-month")
    ]
    assert [line.stale for line in aged(lines, "2026-11-27")] == [True, False]
    assert [line.stale for line in aged(lines, "2027-01-02")] == [True, True]  # 366 days
