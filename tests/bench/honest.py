"""What a record may never say, whatever the speed of the machine: words instead of asserts, empty where all is well."""

from collections.abc import Iterable, Iterator

from measure import Record

STATUSES = ("optimal", "time_limit", "stopped", "infeasible")
NO_RECORD = ("ended", "failed")
"""Statuses of a case without an answer: ended from outside, or out of memory."""
ROUNDING = 1e-6


def faults(record: Record) -> list[str]:
    """Lies in one record."""
    return [f"{record.case} {record.number}, {record.way}: {fault}" for fault in _faults(record)]


def disagreements(records: Iterable[Record]) -> list[str]:
    """Lies that show only beside other ways on the same problem: a bound above a plan, no plan where there is one."""
    answered = [record for record in records if record.status in STATUSES]
    found = []
    for one in answered:
        for other in answered:
            of = f"{one.case} {one.number}: {one.way} beside {other.way}"
            if one.bound is not None and other.cost is not None and _above(one.bound, other.cost):
                found.append(f"{of}: bound {one.bound} above the cost {other.cost} of a plan")
            if one.status == "infeasible" and other.cost is not None:
                found.append(f"{of}: infeasible, and a plan of {other.cost}")
    return found


def _faults(record: Record) -> Iterator[str]:
    cost, bound, gap = record.cost, record.bound, record.gap
    if record.status in NO_RECORD:
        return
    if record.status not in STATUSES:
        yield f"no such status: {record.status!r}"
    if record.status == "infeasible" and cost is not None:
        yield f"infeasible, and a plan of {cost}"
    if cost is not None and bound is not None:
        if _above(bound, cost):
            yield f"bound {bound} above the cost {cost}"
        true = max(0.0, cost - bound) / cost if cost else 0.0
        if gap is None or abs(gap - true) > ROUNDING:
            yield f"gap {gap}, where cost and bound say {true}"
    if record.status == "optimal" and (cost is None or gap is None or gap > record.gap_asked * (1 + ROUNDING)):
        yield f"optimal with cost {cost} and gap {gap}, asked {record.gap_asked}"
    for point in record.points:
        if cost is not None and point.bound is not None and _above(point.bound, cost):
            yield f"after {point.s:.2f} s a bound of {point.bound}, above the final cost {cost}"
        if bound is not None and point.best is not None and _above(bound, point.best):
            yield f"after {point.s:.2f} s a plan of {point.best}, below the final bound {bound}"


def _above(bound: float, cost: float) -> bool:
    return bound > cost + ROUNDING * abs(cost)
