"""Providers of APIs that a problem cannot tell apart: the first in order of name serves most.

Two providers often sell one model at one price. Which of them an optimum uses would turn on the last digit of a figure
that has nothing to do with them, and a plan's diff would tell of a change that is none. Exchanging all that is named
after one for what is named after the other leaves every row and the cost as they are.
"""

import re
from collections.abc import Iterable, Mapping

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
    renamed: dict[tuple[str, int], int] = {}
    for alike in _alike(data):
        serves = {name: _served(data, values, name) for name in alike}
        by_use = sorted(alike, key=lambda each: (-serves[each][0], -serves[each][1], each))
        for name, other in zip(by_use, sorted(alike), strict=True):
            for kind, of, to in zip("acp", _indices(data, name), _indices(data, other), strict=True):
                renamed |= {(kind, i): j for i, j in zip(of, to, strict=True)}

    def index(match: re.Match[str]) -> str:
        kind, i = match[1], int(match[2])
        return f"_{kind}{renamed.get((kind, i), i)}"

    return {name if name.startswith(CLASS) else INDEX.sub(index, name): value for name, value in values.items()}


def _alike(data: Data) -> Iterable[list[str]]:
    """Groups of providers with the same offers, fixed costs and losses, and no pools."""
    hosts = {design.provider for design in data.problem.designs}
    found: dict[tuple[object, ...], list[str]] = {}
    for name in supplier_names(data):
        if name not in hosts:
            found.setdefault(_seen(data, name), []).append(name)
    return (group for group in found.values() if len(group) > 1)


def _seen(data: Data, provider: str) -> tuple[object, ...]:
    """All that the problem knows of a provider but its name."""
    problem = data.problem
    fixed = sorted(cost.per_month for cost in problem.fixed_costs if cost.trigger == ("supplier", provider))
    apis, lost, _ = _indices(data, provider)
    return tuple(_offer(data, a) for a in apis), tuple(problem.contingencies[c].share for c in lost), tuple(fixed)


def _offer(data: Data, a: int) -> tuple[object, ...]:
    api = data.problem.apis[a]
    sells = tuple(
        (s, data.request_cost[s, api.id], data.problem.unit_rate.get((s, api.id), 0.0))
        for s, other in data.api_pairs if other == a
    )  # fmt: skip
    limits = api.requests_per_s, api.tokens_per_s
    return sells, limits, (api.unit_price, api.unit_min, api.unit_step)


def _indices(data: Data, provider: str) -> tuple[list[int], list[int], list[int]]:
    """A provider's APIs, cheap ones first so that those of two alike meet, its losses, and its own index."""
    problem = data.problem
    apis = [a for a in data.apis if problem.apis[a].offer.provider == provider]
    apis.sort(key=lambda a: (_offer(data, a), a))
    struck = ((c, problem.contingencies[c]) for c in data.lost)
    lost = [c for c, each in struck if each.kind == "provider" and each.of == provider]
    return apis, lost, [int(supplier_names(data)[provider].rpartition("_p")[2])]


def _served(data: Data, values: Mapping[str, float], provider: str) -> tuple[float, float]:
    """The requests a month that a provider's APIs serve, and whether it is ready to serve."""
    apis = [a for a in data.apis if data.problem.apis[a].offer.provider == provider]
    pairs = ((s, a) for s, a in data.api_pairs if a in apis)
    requests = sum(
        values.get(f"x_s{s}_a{a}_b{b}", 0.0) * float(data.requests[s, b]) for s, a in pairs for b in data.blocks
    )
    return round(requests, 3), values.get(supplier_names(data)[provider], 0.0)
