"""Pool designs at every place that sells their GPUs: admissible pairs, cut down to those that an optimum may need.

Designs and places of one kind of replica (GPU and number) are compared apart, as all its designs cost the same at one
place and all its places are equally fast but for the round trip; then everything left is compared pair by pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from catalogs.vocabulary import PurchaseType
from solver.compliance import Reason
from solver.contingencies import is_covered
from solver.costs import figure
from solver.design_rates import Sized
from solver.dominance import Pools, front, reduce_pools
from solver.patterns import means_pool
from solver.pool_charges import Asked, request_charges
from solver.pool_sites import without_lifted
from solver.problem import Array, Charge, PoolDesign, Purchase
from solver.raise_designs import design_id
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Running
from solver.site_choice import Market, rules_of, site_pools

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class PoolOffers:
    """The designs that stay, kappa [s, k], and what a request pays besides."""

    designs: tuple[PoolDesign, ...]
    kappa: Array
    charges: dict[tuple[int, str], tuple[Charge, ...]]


@dataclass(frozen=True)
class _Rows:
    """Admissible (design, site) pairs: indices, and kappa [s, pair] with inf where not admissible."""

    design: Index
    site: Index
    kappa: Array

    def take(self, rows: Index | Mask) -> "_Rows":
        return _Rows(self.design[rows], self.site[rows], self.kappa[:, rows])


def pool_offers(asked: Asked, market: Market, sized: Sized, book: RefusalBook) -> PoolOffers:
    """Join designs and sites, turn pairs down, and reduce by dominance."""
    keep: list[_Rows] = []
    by_kind: dict[tuple[str, int], list[int]] = {}
    for i, design in enumerate(sized.designs):
        by_kind.setdefault((design.gpu, design.gpus), []).append(i)
    by_gpu: dict[str, list[int]] = {}
    for v, site in enumerate(asked.sites):
        by_gpu.setdefault(site.gpu, []).append(v)
    for (gpu, gpus), designs in sorted(by_kind.items()):
        rows = _of_kind(
            asked, market, sized, np.array(designs, dtype=np.intp), np.array(by_gpu.get(gpu, []), dtype=np.intp),
            gpus, book,
        )  # fmt: skip
        if rows is not None:
            keep.append(rows)
    if not keep:
        return PoolOffers((), np.empty((len(asked.parts), 0)), {})
    rows = _Rows(
        np.concatenate([part.design for part in keep]),
        np.concatenate([part.site for part in keep]),
        np.concatenate([part.kappa for part in keep], axis=1),
    )
    if asked.scenario.in_force:
        rows = _buyable(asked, sized, rows, book)
    ids = _ids(asked, sized, rows)
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.intp)
    rows, ids = rows.take(order), [ids[i] for i in order.tolist()]
    stays = _pair_by_pair(asked, market, sized, rows, ids, book)
    return _built(asked, sized, rows.take(stays), [ids[i] for i in stays.tolist()])


def _buyable(asked: Asked, sized: Sized, rows: _Rows, book: RefusalBook) -> _Rows:
    """Pairs with a purchase left: where a term beyond the horizon is in force for one design, others may lack any."""
    keep = np.ones(len(rows.design), dtype=bool)
    for i, id_ in enumerate(_ids(asked, sized, rows)):
        ways = asked.sites[rows.site[i]].per_replica(sized.designs[rows.design[i]].gpus)
        if not without_lifted(asked.scenario, id_, ways):
            keep[i] = False
            why = Reason(Rule.PURCHASE_TYPE, ", ".join(ways), f"a term of at most {asked.scenario.horizon} months")
            book.add("", id_, why, int(np.isfinite(rows.kappa[:, i]).sum()))
    return rows.take(keep)


def _ids(asked: Asked, sized: Sized, rows: _Rows) -> list[str]:
    """The id of each pair."""
    pairs = list(zip(rows.design.tolist(), rows.site.tolist(), strict=True))
    kinds = {(v, sized.designs[d].gpus) for d, v in pairs}
    names = {(v, gpus): asked.sites[v].name(gpus) for v, gpus in kinds}
    firsts = {d: design_id(sized.designs[d]) for d in dict.fromkeys(rows.design.tolist())}
    return [f"{firsts[d]}/{names[v, sized.designs[d].gpus]}" for d, v in pairs]


def _of_kind(
    asked: Asked, market: Market, sized: Sized, designs: Index, sites: Index, gpus: int, book: RefusalBook
) -> _Rows | None:
    """Pairs of one kind of replica that stay; the rest goes into the book as globs over designs or over sites."""
    gpu = sized.designs[designs[0]].gpu
    kinds = f"{gpus}x{gpu}"
    finite = {
        s: int(np.isfinite(next(iter(sized.kappa[part.of].values()))[designs]).sum())
        for s, part in enumerate(asked.parts)
    }
    everyone = sum(finite.values())
    holding = np.array([v for v in sites.tolist() if asked.sites[v].holds(gpus)], dtype=np.intp)
    places = {asked.sites[v].place for v in holding.tolist()}
    for v in sites.tolist():
        site = asked.sites[v]
        if site.place not in places:
            places.add(site.place)
            why = Reason(Rule.NO_PRICE, site.sizes[-1], gpus, f"{gpu} in an instance", gpus / site.sizes[-1] - 1)
            book.add("", f"*/{kinds}/*/{site.place}", why, everyone)
    open_: list[int] = []
    for v in holding.tolist():
        barred = asked.sites[v].barred
        if barred:
            book.add("", f"*/{kinds}/*/{asked.sites[v].name(gpus)}", barred, everyone)
        else:
            open_.append(v)
    if not open_:
        if not len(sites):
            book.add("", f"*/{kinds}/*", Reason(Rule.NO_PRICE, "no price", "a price an hour"), everyone)
        return None
    sites = _not_dominated(asked, open_, kinds, gpus, finite, book)
    kappa = _admissible(asked, sized, designs, sites, kinds, gpus, finite, book)
    return _apart(asked, market, sized, designs, sites, kappa, book)


def _not_dominated(
    asked: Asked, open_: list[int], kinds: str, gpus: int, finite: Mapping[int, int], book: RefusalBook
) -> Index:
    """The sites that no nearer and cheaper one beats; of the others, each segment's pairs are turned down."""
    chosen = asked.chosen.get((asked.sites[open_[0]].gpu, gpus))
    if chosen is None:
        return np.array(open_, dtype=np.intp)
    for v, by in chosen.gone.items():
        name, better = asked.sites[v].name(gpus), asked.sites[by].name(gpus)
        for s, part in enumerate(asked.parts):
            why = asked.why_not(s, v) or _beaten(f"*/{kinds}/*/{better}")
            book.add(part.name, f"*/{kinds}/*/{name}", why, finite[s])
    return np.array([v for v in open_ if v not in chosen.gone], dtype=np.intp)


def _admissible(
    asked: Asked,
    sized: Sized,
    designs: Index,
    sites: Index,
    kinds: str,
    gpus: int,
    finite: Mapping[int, int],
    book: RefusalBook,
) -> Array:
    """Kappa [s, design, site], inf where the segment may not be served so."""
    kappa = np.full((len(asked.parts), len(designs), len(sites)), np.inf)
    for s, part in enumerate(asked.parts):
        best = np.isfinite(next(iter(sized.kappa[part.of].values()))[designs])
        for column, v in enumerate(sites.tolist()):
            site = asked.sites[v]
            why = asked.why_not(s, v)
            if why:
                book.add(part.name, f"*/{kinds}/*/{site.name(gpus)}", why, finite[s])
                continue
            seconds = sized.kappa[part.of][float(asked.trips[s, v])][designs]
            ok = np.isfinite(seconds)
            kappa[s, ok, column] = seconds[ok]
            late = int((best & ~ok).sum())
            if late:
                trip, limit = float(asked.trips[s, v]), part.segment.ttft or 0.0
                found = f"{trip:g} ms of round trip on top"
                why = Reason(Rule.TTFT, found, limit, "ms", trip / max(limit, 1e-9))
                book.add(part.name, f"*/{kinds}/*/{site.name(gpus)}", why, late)
    _strike_by_name(asked, sized, designs, sites, kappa, book)
    return kappa


def _strike_by_name(asked: Asked, sized: Sized, designs: Index, sites: Index, kappa: Array, book: RefusalBook) -> None:
    """Policy's may-use and must-not-use, on whole ids."""
    policy = asked.policy
    if not (policy.may_use or asked.barred):
        return
    for row, d in enumerate(designs.tolist()):
        design = sized.designs[d]
        for column, v in enumerate(sites.tolist()):
            pairs = int(np.isfinite(kappa[:, row, column]).sum())
            if not pairs:
                continue
            site = asked.sites[v]
            id_ = f"{design_id(design)}/{site.name(design.gpus)}"
            means = partial(means_pool, id_=id_, model=design.model, gpu=design.gpu, provider=site.provider)
            barred = next((text for text in asked.barred if means(text)), None)
            if barred is not None:
                book.add("", id_, Reason(Rule.MUST_NOT_USE, id_, f"not {barred}"), pairs)
            elif policy.may_use and not any(means(text) for text in policy.may_use):
                book.add("", id_, Reason(Rule.MAY_USE, id_, ", ".join(policy.may_use)), pairs)
            else:
                continue
            kappa[:, row, column] = np.inf


def _marks(asked: Asked, sized: Sized, designs: Sequence[int], sites: Sequence[int]) -> NDArray[np.int64]:
    """Which of the texts that name options mean each (design, site) pair, as bits."""
    bits = np.zeros(len(designs), dtype=np.int64)
    for i, (d, v) in enumerate(zip(designs, sites, strict=True)):
        design, site = sized.designs[d], asked.sites[v]
        id_ = f"{design_id(design)}/{site.name(design.gpus)}"
        for bit, text in enumerate(asked.named):
            if means_pool(text, id_, design.model, design.gpu, site.provider):
                bits[i] |= 1 << bit
    return bits


def _apart(
    asked: Asked, market: Market, sized: Sized, designs: Index, sites: Index, kappa: Array, book: RefusalBook
) -> _Rows | None:
    """Designs that no other beats at every site, at sites that no other beats for every design."""
    served = np.isfinite(kappa).any(axis=(0, 2))
    designs, kappa = designs[served], kappa[:, served]
    if not len(designs):
        return None
    gpus = sized.designs[designs[0]].gpus
    fast = [seconds[designs] for by_trip in sized.kappa.values() for seconds in by_trip.values()]
    coordinates = [np.nan_to_num(np.array(fast), nan=np.inf), sized.weights_gb[designs][None, :]]
    marks = np.zeros((len(designs), len(sites)), dtype=np.int64)
    if asked.by_name:
        pairs_of = [(d, v) for d in designs.tolist() for v in sites.tolist()]
        if asked.named:
            marks = _marks(asked, sized, [d for d, _ in pairs_of], [v for _, v in pairs_of]).reshape(marks.shape)
        flags = np.where(np.isfinite(kappa), 0.0, np.inf).transpose(0, 2, 1).reshape(-1, len(designs))
        lacks = [1.0 - ((marks >> bit) & 1).T for bit in range(len(asked.named))]
        coordinates += [np.unique(np.vstack([flags, *lacks]), axis=0)]
    stays, beater = front(np.vstack(coordinates))
    open_, taker = reduce_pools(site_pools(asked, market, sites, kappa, marks, gpus))
    wanted = stays[:, None] & open_[None, :]
    pairs = np.isfinite(kappa).sum(axis=0)
    lost = pairs.sum(axis=1)[~stays]
    gone, by = designs[~stays], designs[beater[~stays]]

    def make(i: int) -> tuple[str, Reason]:
        return design_id(sized.designs[gone[i]]), _beaten(design_id(sized.designs[by[i]]))

    book.add_many("", np.ones(len(gone)), make, str(Rule.DOMINATED), lost)
    for column in np.flatnonzero(~open_).tolist():
        site, by_site = asked.sites[sites[column]], asked.sites[sites[taker[column]]]
        kinds = f"*/{gpus}x{site.gpu}/*/"
        beaten = _beaten(kinds + by_site.name(gpus))
        book.add("", kinds + site.name(gpus), beaten, int(pairs[stays, column].sum()))
    rows, columns = np.nonzero(wanted & (pairs > 0))
    return _Rows(designs[rows], sites[columns], kappa[:, rows, columns])


def _beaten(by: str) -> Reason:
    return Reason(Rule.DOMINATED, f"dominated by {by}", "cheaper or faster at some load")


def _pair_by_pair(
    asked: Asked, market: Market, sized: Sized, rows: _Rows, ids: Sequence[str], book: RefusalBook
) -> Index:
    """Compare all pairs left with each other: those that stay."""
    gpus = np.array([design.gpus for design in sized.designs], dtype=np.int64)[rows.design]
    ways = market.ways(rows.site, gpus)
    storage = figure(asked.catalog, "storage_gb_month").value if asked.policy.storage else 0.0
    run_self = np.array([site.pool_class == "self_run" for site in asked.sites], dtype=bool)[rows.site]
    marks = np.zeros(len(ids), dtype=np.int64)
    if asked.named:
        marks = _marks(asked, sized, rows.design.tolist(), rows.site.tolist())
    serves = np.isfinite(rows.kappa)
    busy = (np.where(serves, rows.kappa, 0.0).T @ asked.peak).max(axis=1)
    spare = 1.0 if is_covered(asked.scenario, "replica") else 0.0
    pools = Pools(
        kappa=rows.kappa,
        request_cost=_request_costs(asked, sized, rows),
        flow=asked.most_requests_per_replica_s[:, None] * 3600 / rows.kappa,
        least_hours=float(asked.blocks.hours.min()),
        fixed=np.where(run_self, storage * sized.weights_gb[rows.design], 0.0),
        gpus=gpus.astype(np.float64),
        marks=marks,
        enough=np.ceil((busy[:, None] + spare) / ways["available"] / ways["box"] - 1e-9) * ways["box"],
        exposed=np.asarray(serves[asked.exposed].any(axis=0)),
        **ways,
        **rules_of(asked),
    )
    stays, by = reduce_pools(pools)
    pairs = serves.sum(axis=0)
    gone = np.flatnonzero(~stays)

    def make(i: int) -> tuple[str, Reason]:
        return ids[gone[i]], _beaten(ids[by[gone[i]]])

    book.add_many("", np.ones(len(gone)), make, str(Rule.DOMINATED), pairs[gone])
    return np.flatnonzero(stays)


def _request_costs(asked: Asked, sized: Sized, rows: _Rows) -> Array:
    """What a request pays besides the replica's hours, [s, pair]: by provider, and by weights where replicas start."""
    places: dict[tuple[object, ...], int] = {}
    costs: list[list[float]] = []
    column = np.empty(len(rows.site), dtype=np.intp)
    for i, (d, v) in enumerate(zip(rows.design.tolist(), rows.site.tolist(), strict=True)):
        site = asked.sites[v]
        starts = site.pool_class == "serverless"
        weights = float(sized.weights_gb[d]) if starts else 0.0
        key = (v, weights) if starts else (site.provider,)
        if key not in places:
            places[key] = len(costs)
            charges = [request_charges(asked, s, site, weights) for s in range(len(asked.parts))]
            costs.append([sum(charge.cost for charge in pays) for pays in charges])
        column[i] = places[key]
    return np.array(costs, dtype=np.float64).T[:, column]


def _built(asked: Asked, sized: Sized, rows: _Rows, ids: Sequence[str]) -> PoolOffers:
    """Records of the designs that stay."""
    designs: list[PoolDesign] = []
    charges: dict[tuple[int, str], tuple[Charge, ...]] = {}
    known: dict[tuple[object, ...], tuple[Charge, ...]] = {}
    kappa = np.where(np.isfinite(rows.kappa), rows.kappa, np.nan)
    busy = (np.nan_to_num(kappa, nan=0.0).T @ asked.peak).max(axis=1, initial=0.0).tolist()
    spare, served = is_covered(asked.scenario, "replica"), np.isfinite(kappa)
    ways: dict[tuple[int, int], dict[PurchaseType, Purchase]] = {}
    alike = list(dict.fromkeys(rows.design.tolist()))
    surety = dict(zip(alike, sized.surety(alike), strict=True))
    for i, (d, v) in enumerate(zip(rows.design.tolist(), rows.site.tolist(), strict=True)):
        record, site, id_ = sized.designs[d], asked.sites[v], ids[i]
        if (v, record.gpus) not in ways:
            ways[v, record.gpus] = site.per_replica(record.gpus)
        purchases = ways[v, record.gpus]
        if asked.scenario.in_force:
            purchases = without_lifted(asked.scenario, id_, purchases)
        designs.append(
            PoolDesign(
                id=id_, model=record.model, precision=record.precision, gpu=record.gpu, gpus=record.gpus,
                engine=record.engine, provider=site.provider, region=site.region, pool_class=site.pool_class,
                purchases=purchases, estimate=surety[d].estimate, band=surety[d].band, measured=surety[d].measured,
                max_replicas=most_replicas(busy[i], purchases, spare, asked.scenario.in_force.get(id_, {})),
            )
        )  # fmt: skip
        starts = site.pool_class == "serverless"
        for s in np.flatnonzero(served[:, i]).tolist():
            key = (s, v, d) if starts else (s, site.provider)
            if key not in known:
                known[key] = request_charges(asked, s, site, float(sized.weights_gb[d]))
            if known[key]:
                charges[s, id_] = known[key]
    return PoolOffers(tuple(designs), kappa, charges)


def most_replicas(
    busy: float,
    purchases: Mapping[PurchaseType, Purchase],
    spare: bool = False,
    runs: Mapping[PurchaseType, Running] | None = None,
) -> int:
    """Replicas of which no plan can make use of more: those busy at the peak over availability, in boxes, and a box.

    With a `spare` beside them, where one may be lost; and as many as run today, which to take away may cost more.
    """
    box = max(way.box for way in purchases.values())
    least = min(way.availability for way in purchases.values())
    wanted = (busy + float(spare)) / least + sum(way.replicas for way in (runs or {}).values())
    return (1 + int(np.ceil(wanted / box - 1e-9))) * box
