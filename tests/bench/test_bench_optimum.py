"""The optimum measured: S (20 scenarios), M and L on the shipped catalog, and the drawn problems; no clock is judged.

Each case runs in a process of its own. Beside `optimise` stand the whole program in one solve, and CBC on it, on the
same problem in the same run. Only what is said of a plan and its bound is asserted.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from bench_scenarios import S_COUNT
from honest import disagreements, faults
from measure import GAPS, LIMITS, PLAN_WITHIN, PROOFS, WAYS, Record, Way, run_apart

COMPARED_S = (3, 9, 15)
"""Scenarios of S that the straight model and CBC are given too."""
SEEDS = {"gS": (0, 1, 2, 3), "gM": (0,), "gL": (0,)}
OTHER_LIMIT_S = 20.0
"""Seconds of the ways compared with, beyond S, which gives them what it gives ours."""
GRACE_S = 30.0
"""Seconds on top for building the program, and for options where no process before has written the problem down."""
COLUMNS: dict[str, tuple[int, Callable[[Record], object]]] = {
    "case": (9, lambda r: f"{r.case} {r.number}" if r.number >= 0 else r.case),
    "way": (10, lambda r: r.way),
    "raised": (11, lambda r: f"{r.raised:,}"),
    "designs": (8, lambda r: r.designs),
    "apis": (6, lambda r: r.apis),
    "options s": (10, lambda r: _seconds(r.options_s)),
    "build s": (9, lambda r: _seconds(r.build_s)),
    "plan s": (9, lambda r: _seconds(r.plan_s)),
    "gap then": (9, lambda r: _gap(r.plan_gap)),
    **{f"{proof:g} s": (9, lambda r, proof=proof: _seconds(r.proof_s.get(f"{proof:g}"))) for proof in PROOFS},  # type: ignore[misc]
    "end s": (8, lambda r: _seconds(r.seconds)),
    "cost": (12, lambda r: "-" if r.cost is None else f"{r.cost:,.0f}"),
    "gap": (9, lambda r: _gap(r.gap)),
    "MB": (7, lambda r: f"{r.memory_mb:.0f}"),
    "status": (12, lambda r: r.status),
}


def _seconds(value: float | None) -> str:
    return "-" if value is None or value == float("inf") else f"{value:.2f}"


def _gap(value: float | None) -> str:
    return "-" if value is None or value == float("inf") else f"{value:.1e}"


def _say(record: Record) -> None:
    print("".join(f"{cell(record):>{width}}" for width, cell in COLUMNS.values()), record.error, flush=True)


def _head(title: str) -> None:
    print(f"\n{title}\n" + "".join(f"{name:>{width}}" for name, (width, _) in COLUMNS.items()), flush=True)


def _ran(case: str, number: int, ways: Iterable[Way]) -> list[Record]:
    """A case in each way, on one problem written down by the first; CBC only where the straight program was built."""
    records: list[Record] = []
    with tempfile.TemporaryDirectory() as folder:
        keep = Path(folder) / "problem"
        for way in ways:
            if way == "cbc" and records[-1].build_s is None:
                print(f"{case} {number}: CBC is left out, as the straight program was not built in time")
                continue
            limit_s = LIMITS[case] if way == "ours" else min(LIMITS[case], OTHER_LIMIT_S)
            record = run_apart(case, number, way, GAPS[case], limit_s, GRACE_S if keep.exists() else 2 * GRACE_S, keep)
            _say(record)
            records.append(record)
    return records


def _close(runs: Sequence[Sequence[Record]]) -> None:
    """The ratios of all cases, then what none of them may say; the table stands before anything is held against it."""
    print(*(line for records in runs for line in ratios(records)), sep="\n", flush=True)
    lies = [fault for records in runs for record in records for fault in faults(record)]
    lies += [lie for records in runs for lie in disagreements(records)]
    lies += [error for records in runs if (error := records[0].error) and "MemoryError" not in error]
    assert lies == []


def _over(records: Sequence[Record], way: str, of: Callable[[list[float]], float]) -> Record:
    """One row for many: `of` each column; what is not reached counts as infinite."""

    def each(value: Callable[[Record], float | None]) -> float:
        return of([float("inf") if (found := value(record)) is None else found for record in records])

    return replace(
        records[0], case=f"S {way}", number=-1, way=f"of {len(records)}",
        raised=round(each(lambda r: r.raised)), designs=round(each(lambda r: r.designs)),
        apis=round(each(lambda r: r.apis)), options_s=each(lambda r: r.options_s), build_s=None,
        plan_s=each(lambda r: r.plan_s), plan_gap=each(lambda r: r.plan_gap if r.plan_s is not None else None),
        proof_s={key: each(lambda r, key=key: r.proof_s.get(key)) for key in (f"{proof:g}" for proof in PROOFS)},  # type: ignore[misc]
        seconds=each(lambda r: r.seconds), gap=each(lambda r: r.gap), memory_mb=each(lambda r: r.memory_mb), cost=None,
        status=f"{sum(r.status == 'optimal' for r in records)} optimal", error="",
    )  # fmt: skip


def ratios(records: Sequence[Record]) -> list[str]:
    """Seconds of each other way over ours, to a plan near our bound and to the gap asked; at a limit, at least that."""
    ours, *others = records
    lines = []
    for other in others:
        proof = f"{ours.gap_asked:g}"
        end = other.seconds
        plan = next((p.s for p in other.points if _near(p.best, ours)), None)
        words = [
            _ratio(plan, ours.plan_s, end, "plan"),
            _ratio(other.proof_s.get(proof), ours.proof_s.get(proof), end, "proof"),
        ]
        lines.append(f"{ours.case} {ours.number}: {other.way} over ours: " + ", ".join(words))
    return lines


def _near(best: float | None, ours: Record) -> bool:
    within = PLAN_WITHIN.get(ours.case, 0.01)
    return best is not None and ours.bound is not None and best * (1 - within) <= ours.bound


def _ratio(other: float | None, ours: float | None, end: float, what: str) -> str:
    if ours is None:
        return (
            f"{what} - (ours not reached)" if other is None else f"{what} 0 (ours not reached, theirs in {other:.2f} s)"
        )
    return f"{what} > {end / ours:.1f}" if other is None else f"{what} {other / ours:.1f}"


@pytest.mark.bench
def test_bench_optimum_s() -> None:
    _head(f"S: 4 segments, 8 blocks, gap asked {GAPS['S']:g}, limit {LIMITS['S']:g} s")
    runs = [_ran("S", number, WAYS if number in COMPARED_S else ("ours",)) for number in range(S_COUNT)]
    ours = [records[0] for records in runs]
    _say(_over(ours, "median", median))
    _say(_over(ours, "worst", max))
    _close(runs)


@pytest.mark.bench
@pytest.mark.parametrize("case", ["M", "L"])
def test_bench_optimum_m_and_l(case: str) -> None:
    _head(f"{case}, gap asked {GAPS[case]:g}, limit {LIMITS[case]:g} s; others {OTHER_LIMIT_S:g} s")
    _close([_ran(case, 0, WAYS if case == "M" else ("ours",))])


@pytest.mark.bench
@pytest.mark.parametrize("case", [*SEEDS])
def test_bench_optimum_generated(case: str) -> None:
    _head(f"{case}: drawn problems, gap asked {GAPS[case]:g}, limit {LIMITS[case]:g} s; others {OTHER_LIMIT_S:g} s")
    _close([_ran(case, seed, ("ours",) if case == "gL" else WAYS) for seed in SEEDS[case]])
