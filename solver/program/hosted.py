"""A row that is no rule of the problem: it is asked of one branch of the decision, the plans with pools."""

from collections.abc import Iterator

from solver.program.constraints import Row, at_least
from solver.program.data import Data
from solver.program.policy import LEAST_SHARE, month_shares
from solver.program.variables import Variables


def hosted(data: Data, v: Variables) -> Iterator[Row]:
    """Pools serve shares of the month that add to at least LEAST_SHARE, as what must be used does."""
    shares = month_shares(data)
    yield at_least("hosted", {var: float(shares[s, b]) for (s, _, b), var in v.x.items()}, LEAST_SHARE)
