"""Providers of APIs that a problem cannot tell apart: the first in order of name serves most.

Two providers often sell one model at one price. Which of them an optimum uses would turn on the last digit of a figure
that has nothing to do with them, and a plan's diff would tell of a change that is none. Exchanging all that is named
after one for what is named after the other leaves every row and the cost as they are.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from solver.program.data import Data
from solver.program.variables import supplier_names

INDEX = re.compile(r"_(a|c|p)(\d+)(?=_|$)")
"""An API, a contingency or a provider in the name of a variable, but for those of pool classes."""
CLASS = "class_"


def with_first_names(data: Data, values: Mapping[str, float]) -> dict[str, float]:
    """The plan's values by variable name, with providers that are alike exchanged, so that the first serves most.

    As it is where a rule or what runs today names options.
    """
    if data.problem.rules.must_use or data.problem.moving is not None:
        return dict(values)
    sellers = _sellers(data)
    renamed: dict[tuple[str, int], int] = {}
    for alike in _alike(data, sellers):
        serves = {name: _served(data, values, sellers[name]) for name in alike}
        by_use = sorted(alike, key=lambda each: (-serves[each][0], -serves[each][1], each))
        for name, other in zip(by_use, sorted(alike), strict=True):
            for kind, of, to in zip("acp", sellers[name], sellers[other], strict=True):
                renamed |= {(kind, i): j for i, j in zip(of, to, strict=True)}

    def index(match: re.Match[str]) -> str:
        kind, i = match[1], int(match[2])
        return f"_{kind}{renamed.get((kind, i), i)}"

    return {name if name.startswith(CLASS) else INDEX.sub(index, name): value for name, value in values.items()}


class _Seller(NamedTuple):
    """What is named after a provider: APIs, cheap ones first so that those of two alike meet, losses, and itself."""

    apis: list[int]
    lost: list[int]
    own: list[int]


def _sellers(data: Data) -> dict[str, _Seller]:
    """The providers of APIs, by name."""
    problem = data.problem
    found = {name: _Seller([], [], [int(var.rpartition("_p")[2])]) for name, var in supplier_names(data).items()}
    for a in sorted(data.apis, key=lambda a: (_offer(data, a), a)):
        found[problem.apis[a].offer.provider].apis.append(a)
    for c in data.lost:
        each = problem.contingencies[c]
        if each.kind == "provider" and each.of in found:
            found[each.of].lost.append(c)
    return found


def _alike(data: Data, sellers: Mapping[str, _Seller]) -> list[list[str]]:
    """Groups of providers with the same offers, losses and fixed costs, and no pools."""
    problem, fixed = data.problem, dict[str, list[float]]()
    for cost in problem.fixed_costs:
        if cost.trigger[0] == "supplier":
            fixed.setdefault(cost.trigger[1], []).append(cost.per_month)
    hosts = {design.provider for design in problem.designs}
    found: dict[tuple[object, ...], list[str]] = {}
    for name, seller in sellers.items():
        offers = tuple(_offer(data, a) for a in seller.apis)
        shares = tuple(problem.contingencies[c].share for c in seller.lost)
        if name not in hosts:
            found.setdefault((offers, shares, tuple(sorted(fixed.get(name, ())))), []).append(name)
    return [group for group in found.values() if len(group) > 1]


def _offer(data: Data, a: int) -> tuple[object, ...]:
    api = data.problem.apis[a]
    sells = tuple(
        (s, data.request_cost[s, api.id], data.problem.unit_rate.get((s, api.id), 0.0))
        for s, other in data.api_pairs if other == a
    )  # fmt: skip
    limits = api.requests_per_s, api.tokens_per_s
    return sells, limits, (api.unit_price, api.unit_min, api.unit_step)


def _served(data: Data, values: Mapping[str, float], seller: _Seller) -> tuple[float, float]:
    """The requests a month that a provider's APIs serve, and whether it is ready to serve."""
    pairs = ((s, a) for s, a in data.api_pairs if a in seller.apis)
    requests = sum(
        values.get(f"x_s{s}_a{a}_b{b}", 0.0) * float(data.requests[s, b]) for s, a in pairs for b in data.blocks
    )
    return round(requests, 3), values.get(f"supplier_p{seller.own[0]}", 0.0)
