"""What the catalog does not know, by how often that turned an option down, and how to supply it.

A refusal counts where an unknown figure decided it: a pair (segment, option) stands under the first rule that it
breaks, so a figure supplied may still leave the pair refused under another one. A GPU that nobody sells raises no
designs: it counts once a segment.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from catalogs.catalog import Catalog
from solver.compliance import UNKNOWN, Reason
from solver.options import problem_of
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Scenario


class Hole(BaseModel):
    """An unknown figure: how many pairs (segment, option) it decided, in which scenarios, and how to supply it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    what: str
    rule: Rule
    refused: int
    scenarios: tuple[str, ...]
    supply: str


class _Lack(NamedTuple):
    what: str
    supply: str


_ATTRIBUTES: dict[Rule, tuple[str, str]] = {
    Rule.RETENTION: ("retention_days", "0"),
    Rule.NO_TRAINING: ("trains_on_data", "false"),
    Rule.OPERATED_BY: ("operator", '"provider"'),
    Rule.ATTESTATIONS: ("attestations", '["soc2_type2"]'),
    Rule.AGREEMENTS: ("agreements", '["dpa"]'),
}
_DECLARED = "with the vendor's page under sources"


class HoleBook(RefusalBook):
    """A book that counts, beside all refusals, the pairs that an unknown figure decided, by what is unknown."""

    def __init__(self) -> None:
        super().__init__(keep_all=False)
        self.lacks: Counter[tuple[Rule, _Lack]] = Counter()

    def add(self, segment: str, option: str, reason: Reason, pairs: int = 1) -> None:
        """One refusal that stands for so many pairs."""
        super().add(segment, option, reason, pairs)
        if pairs > 0 and (lack := lack_of(option, reason)) is not None:
            self.lacks[reason.rule, lack] += pairs

    def add_many(
        self,
        segment: str,
        distances: NDArray[np.float64],
        make: Callable[[int], tuple[str, Reason]],
        rule: str,
        pairs: int | NDArray[np.int64] = 1,
    ) -> None:
        """Refusals of one rule and segment; only rules that may turn on something unknown are looked at."""
        super().add_many(segment, distances, make, rule, pairs)
        if rule in (Rule.MEMORY, Rule.DOMINATED, Rule.MAY_USE):
            return
        counts = np.broadcast_to(pairs, distances.shape)
        for i in np.flatnonzero(counts).tolist():
            option, reason = make(i)
            if (lack := lack_of(option, reason)) is not None:
                self.lacks[reason.rule, lack] += int(counts[i])


def lack_of(option: str, reason: Reason) -> _Lack | None:
    """What is unknown behind a refusal, and the overlay's lines that supply it; None where all figures are known."""
    found, rule = str(reason.found), reason.rule
    provider, place = _provider(option), _place(option)
    if rule in _ATTRIBUTES and UNKNOWN in found:
        field, example = _ATTRIBUTES[rule]
        missing = [part.split(":")[0] for part in found.split(", ") if part.endswith(UNKNOWN) and ":" in part]
        named = f" ({', '.join(missing)})" if missing else ""
        return _Lack(f"{field}{named} of {provider}", f"[attributes.{provider}] {field} = {example}, {_DECLARED}")
    if rule in (Rule.PROCESSING_IN, Rule.STORAGE_IN) and found == UNKNOWN:
        return _Lack(f"where {place} is", f'[regions."{place}"] geographies = ["de", "eu", "eea"]')
    if rule is Rule.LICENSE and found == UNKNOWN:
        model = _model(option)
        return _Lack(f"licence of {model}", f'[models."{model}"] licence_class = "permissive"')
    if rule is Rule.NOT_SIZED:
        model = _model(option)
        wants = "layers, hidden, heads, kv_heads, head_dim, kv_bytes_per_token_bf16"
        return _Lack(f"architecture of {model}", f'[models."{model}"] {wants}')
    if rule is Rule.QUALITY_UNKNOWN:
        scored = re.search(r"no score of (\S+)", found)
        what = f"quality of {scored[1]}" if scored else f"quality of {option.partition('/')[0]}: {found}"
        return _Lack(
            what, "[scores.MINE] model, benchmark, score, unit, date; or [quality.MY-EVAL], an evaluation of your own"
        )
    if rule is Rule.LATENCY_UNKNOWN or (rule is Rule.TTFT and found.endswith("an estimate")):
        measured = "measured " if rule is Rule.TTFT else ""
        lines = "ttft_p50_ms, ttft_p95_ms, tpot_p50_ms, tpot_p95_ms, latency_source"
        return _Lack(f"{measured}latency of {option}", f'[api_offers."{option}"] {lines}')
    if rule is Rule.NO_PRICE and not isinstance(reason.found, float | int):
        sold = re.search(r"x([^/]+)/", option)
        name = sold[1] if sold else option
        if "purchase" in found or "power" in found:
            table = f'[gpu_purchases."{name}"] price' if "purchase" in found else f'[gpus."{name}"] tdp_w'
            return _Lack(f"{found.removesuffix(' unknown')} of {name}", table)
        return _Lack(f"price of {name}", f'[gpu_prices."MINE/{name}"] gpu = "{name}", price_per_hour')
    return None


def _provider(option: str) -> str:
    """`aws` of `aws/model` and of `*/1xh100/*/aws@us-east-1`."""
    last = option.rpartition("/")[2]
    if option.startswith("*") or re.search(r"/\d+x[^/]+/", option):
        return last.partition("@")[0]
    return option.partition("/")[0]


def _place(option: str) -> str:
    """`provider/region` of an option; an API's is in its id only where it is not the default."""
    last = option.rpartition("/")[2]
    if option.startswith("*") or re.search(r"/\d+x[^/]+/", option):
        return last.replace("@", "/", 1)
    region = last.partition(":")[0].partition("@")[2]
    return f"{option.partition('/')[0]}/{region or UNKNOWN}"


def _model(option: str) -> str:
    """The model of a pool (`model:precision/...`) or of an API offer (`provider/model@region:tier`)."""
    head = option.partition("/")[0]
    if ":" in head:
        return head.partition(":")[0]
    return option.partition("/")[2].partition("@")[0].partition(":")[0] or option


def holes(scenarios: Iterable[tuple[str, Scenario, Catalog]]) -> tuple[Hole, ...]:
    """What is unknown to the options of the scenarios (name, scenario, catalog), what decided most first."""
    refused: Counter[tuple[Rule, _Lack]] = Counter()
    asked: dict[tuple[Rule, _Lack], list[str]] = {}
    for name, scenario, catalog in scenarios:
        book = HoleBook()
        problem_of(scenario, catalog, book=book)
        refused.update(book.lacks)
        for key in book.lacks:
            asked.setdefault(key, []).append(name)
    ordered: Sequence[tuple[tuple[Rule, _Lack], int]] = sorted(refused.items(), key=lambda item: (-item[1], item[0][1]))
    return tuple(
        Hole(what=lack.what, rule=rule, refused=count, scenarios=tuple(asked[rule, lack]), supply=lack.supply)
        for (rule, lack), count in ordered
    )
