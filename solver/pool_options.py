"""Pool designs at every place that sells their GPUs: admissible pairs, cut down to those that an optimum may need.

Designs and places of one kind of replica (GPU and number) are compared apart, as all its designs cost the same at one
place and all its places are equally fast but for the round trip; then everything left is compared pair by pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogs.vocabulary import PurchaseType
from solver.compliance import Reason
from solver.contingencies import is_covered
from solver.costs import figure
from solver.design_columns import GPU, DesignColumns, Index, design_id
from solver.design_rates import Sized
from solver.dominance import Pools, front, reduce_pools
from solver.named_pools import meant
from solver.pool_charges import Asked, request_charges
from solver.pool_sites import names_of, without_lifted
from solver.problem import Array, Charge, PoolDesign, Purchase
from solver.refusal_book import RefusalBook
from solver.refusals import Rule
from solver.scenario import Running
from solver.site_choice import Market, rules_of, site_pools

Mask = NDArray[np.bool_]


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
    keep = [
        rows
        for gpu, gpus, designs in _kinds(sized.designs)
        if (rows := _of_kind(asked, market, sized, gpu, gpus, designs, book)) is not None
    ]
    if not keep:
        return PoolOffers((), np.empty((len(asked.parts), 0)), {})
    rows = _Rows(
        np.concatenate([part.design for part in keep]),
        np.concatenate([part.site for part in keep]),
        np.concatenate([part.kappa for part in keep], axis=1),
    )
    if asked.scenario.in_force:
        rows = _buyable(asked, sized, rows, book)
    rows = rows.take(_order_of_ids(asked, sized, rows.design, rows.site))
    return _built(asked, sized, rows.take(_pair_by_pair(asked, market, sized, rows, book)))


def _kinds(designs: DesignColumns) -> list[tuple[str, int, Index]]:
    """Kinds of replica, each with the designs that are of it: GPU and number, in order."""
    at = designs.place[GPU]
    kinds = sorted({(designs.axes[GPU][g], g, n) for g, n in zip(at.tolist(), designs.gpus.tolist(), strict=True)})
    return [(gpu, n, np.flatnonzero((at == g) & (designs.gpus == n))) for gpu, g, n in kinds]


def _buyable(asked: Asked, sized: Sized, rows: _Rows, book: RefusalBook) -> _Rows:
    """Pairs with a purchase left: where a term beyond the horizon is in force for one design, others may lack any."""
    keep = np.ones(len(rows.design), dtype=bool)
    for i, (d, v) in enumerate(zip(rows.design.tolist(), rows.site.tolist(), strict=True)):
        id_, ways = _id(asked, sized, d, v), asked.sites[v].per_replica(int(sized.designs.gpus[d]))
        if not without_lifted(asked.scenario, id_, ways):
            keep[i] = False
            why = Reason(Rule.PURCHASE_TYPE, ", ".join(ways), f"a term of at most {asked.scenario.horizon} months")
            book.add("", id_, why, int(np.isfinite(rows.kappa[:, i]).sum()))
    return rows.take(keep)


def _id(asked: Asked, sized: Sized, design: int, site: int) -> str:
    """The id of a pair."""
    return f"{sized.designs.id(design)}/{asked.sites[site].name(int(sized.designs.gpus[design]))}"


def _order_of_ids(asked: Asked, sized: Sized, design: Index, site: Index) -> Index:
    """Places of the pairs in order of id: by the design's part of it, then by the site's."""
    rows, row = np.unique(design, return_inverse=True)
    first = np.array([f"{sized.designs.id(d)}/" for d in rows.tolist()])
    names, name = names_of(asked.sites, site, sized.designs.gpus[design])
    return np.lexsort((_rank(np.array(names))[name], _rank(first)[row]))


def _rank(texts: NDArray[np.str_]) -> Index:
    """The place of each text in alphabetical order."""
    return np.unique(texts, return_inverse=True)[1]


def _of_kind(
    asked: Asked, market: Market, sized: Sized, gpu: str, gpus: int, designs: Index, book: RefusalBook
) -> _Rows | None:
    """Pairs of one kind of replica that stay; the rest goes into the book as globs over designs or over sites."""
    sites = asked.sites_of.get(gpu, ())
    kinds = f"{gpus}x{gpu}"
    finite = {
        s: int(np.isfinite(next(iter(sized.kappa[part.of].values()))[designs]).sum())
        for s, part in enumerate(asked.parts)
    }
    everyone = sum(finite.values())
    holding = [v for v in sites if asked.sites[v].holds(gpus)]
    places = {asked.sites[v].place for v in holding}
    for v in sites:
        site = asked.sites[v]
        if site.place not in places:
            places.add(site.place)
            why = Reason(Rule.NO_PRICE, site.sizes[-1], gpus, f"{gpu} in an instance", gpus / site.sizes[-1] - 1)
            book.add("", f"*/{kinds}/*/{site.place}", why, everyone)
    open_: list[int] = []
    for v in holding:
        barred = asked.sites[v].barred
        if barred:
            book.add("", f"*/{kinds}/*/{asked.sites[v].name(gpus)}", barred, everyone)
        else:
            open_.append(v)
    if not open_:
        if not sites:
            book.add("", f"*/{kinds}/*", Reason(Rule.NO_PRICE, "no price", "a price an hour"), everyone)
        return None
    near = _not_dominated(asked, open_, kinds, gpus, finite, book)
    kappa = _admissible(asked, sized, designs, near, kinds, gpus, finite, book)
    return _apart(asked, market, sized, designs, near, kappa, book)


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
        allowed, trips = asked.allowed[s, sites], asked.trips[s, sites]
        for v in sites[~allowed].tolist():
            if (why := asked.why_not(s, v)) is not None:
                book.add(part.name, f"*/{kinds}/*/{asked.sites[v].name(gpus)}", why, finite[s])
        for trip in np.unique(trips[allowed]).tolist():
            columns = np.flatnonzero(allowed & (trips == trip))
            seconds = sized.kappa[part.of][trip][designs]
            ok = np.isfinite(seconds)
            kappa[s][:, columns] = np.where(ok, seconds, np.inf)[:, None]
            late, limit = int((best & ~ok).sum()), part.segment.ttft or 0.0
            why = Reason(Rule.TTFT, f"{trip:g} ms of round trip on top", limit, "ms", trip / max(limit, 1e-9))
            for v in sites[columns].tolist():
                book.add(part.name, f"*/{kinds}/*/{asked.sites[v].name(gpus)}", why, late)
    _strike_by_name(asked, sized, designs, sites, kappa, book)
    return kappa


def _strike_by_name(asked: Asked, sized: Sized, designs: Index, sites: Index, kappa: Array, book: RefusalBook) -> None:
    """Policy's may-use and must-not-use, on whole ids."""
    policy = asked.policy
    if not (policy.may_use or asked.barred):
        return
    design, site = np.repeat(designs, len(sites)), np.tile(sites, len(designs))
    pairs = np.isfinite(kappa).sum(axis=0).reshape(-1)
    order = _order_of_ids(asked, sized, design, site)
    barred = np.full(len(design), -1)
    for i, text in reversed(list(enumerate(asked.barred))):
        barred[meant(text, sized.designs, asked.sites, design, site)] = i
    allowed = np.full(len(design), not policy.may_use)
    for text in policy.may_use:
        allowed |= meant(text, sized.designs, asked.sites, design, site)
    struck = (pairs > 0) & ((barred >= 0) | ~allowed)
    for rule, gone in ((Rule.MUST_NOT_USE, struck & (barred >= 0)), (Rule.MAY_USE, struck & (barred < 0))):
        at = order[gone[order]]

        def make(i: int, at: Index = at, rule: Rule = rule) -> tuple[str, Reason]:
            id_ = _id(asked, sized, int(design[at[i]]), int(site[at[i]]))
            wanted = ", ".join(policy.may_use) if rule is Rule.MAY_USE else f"not {asked.barred[barred[at[i]]]}"
            return id_, Reason(rule, id_, wanted)

        book.add_many("", np.ones(len(at)), make, str(rule), pairs[at])
    kappa[:, struck.reshape(len(designs), len(sites))] = np.inf


def _marks(asked: Asked, sized: Sized, designs: Index, sites: Index) -> NDArray[np.int64]:
    """Which of the texts that name options mean each (design, site) pair, as bits."""
    bits = np.zeros(len(designs), dtype=np.int64)
    for bit, text in enumerate(asked.named):
        bits |= meant(text, sized.designs, asked.sites, designs, sites).astype(np.int64) << bit
    return bits


def _apart(
    asked: Asked, market: Market, sized: Sized, designs: Index, sites: Index, kappa: Array, book: RefusalBook
) -> _Rows | None:
    """Designs that no other beats at every site, at sites that no other beats for every design."""
    served = np.isfinite(kappa).any(axis=(0, 2))
    designs, kappa = designs[served], kappa[:, served]
    if not len(designs):
        return None
    gpus = int(sized.designs.gpus[designs[0]])
    fast = [seconds[designs] for by_trip in sized.kappa.values() for seconds in by_trip.values()]
    coordinates = [np.nan_to_num(np.array(fast), nan=np.inf), sized.weights_gb[designs][None, :]]
    marks = np.zeros((len(designs), len(sites)), dtype=np.int64)
    if asked.by_name:
        each = np.repeat(designs, len(sites)), np.tile(sites, len(designs))
        marks = _marks(asked, sized, *each).reshape(marks.shape)
        flags = np.where(np.isfinite(kappa), 0.0, np.inf).transpose(0, 2, 1).reshape(-1, len(designs))
        lacks = [1.0 - ((marks >> bit) & 1).T for bit in range(len(asked.named))]
        coordinates += [np.unique(np.vstack([flags, *lacks]), axis=0)]
    stays, beater = front(np.vstack(coordinates))
    open_, taker = np.ones(len(sites), dtype=bool), np.full(len(sites), -1, dtype=np.intp)
    if asked.by_name or (np.isfinite(kappa).any(axis=1) != asked.allowed[:, sites]).any():  # else compared before
        open_, taker = reduce_pools(site_pools(asked, market, sites, kappa, marks, gpus))
    wanted = stays[:, None] & open_[None, :]
    pairs = np.isfinite(kappa).sum(axis=0)
    lost = pairs.sum(axis=1)[~stays]
    gone, by = designs[~stays], designs[beater[~stays]]

    def make(i: int) -> tuple[str, Reason]:
        return sized.designs.id(gone[i]), _beaten(sized.designs.id(by[i]))

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


def _pair_by_pair(asked: Asked, market: Market, sized: Sized, rows: _Rows, book: RefusalBook) -> Index:
    """Compare all pairs left with each other: those that stay."""
    gpus = sized.designs.gpus[rows.design]
    ways = market.ways(rows.site, gpus)
    storage = figure(asked.catalog, "storage_gb_month").value if asked.policy.storage else 0.0
    run_self = np.array([site.pool_class == "self_run" for site in asked.sites], dtype=bool)[rows.site]
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
        marks=_marks(asked, sized, rows.design, rows.site),
        enough=np.ceil((busy[:, None] + spare) / ways["available"] / ways["box"] - 1e-9) * ways["box"],
        exposed=np.asarray(serves[asked.exposed].any(axis=0)),
        **ways,
        **rules_of(asked),
    )
    stays, by = reduce_pools(pools)
    pairs = serves.sum(axis=0)
    gone = np.flatnonzero(~stays)

    def make(i: int) -> tuple[str, Reason]:
        k, taker = gone[i], by[gone[i]]
        beaten = _beaten(_id(asked, sized, int(rows.design[taker]), int(rows.site[taker])))
        return _id(asked, sized, int(rows.design[k]), int(rows.site[k])), beaten

    book.add_many("", np.ones(len(gone)), make, str(Rule.DOMINATED), pairs[gone])
    return np.flatnonzero(stays)


def _request_costs(asked: Asked, sized: Sized, rows: _Rows) -> Array:
    """What a request pays besides the replica's hours, [s, pair]: by provider, and by weights where replicas start."""
    starts = np.array([site.pool_class == "serverless" for site in asked.sites], dtype=bool)
    _, first, provider = np.unique([site.provider for site in asked.sites], return_index=True, return_inverse=True)
    seller = np.where(starts, np.arange(len(starts)), first[provider])
    sizes, size = np.unique(sized.weights_gb, return_inverse=True)
    key = seller[rows.site] * len(sizes) + np.where(starts[rows.site], size[rows.design], 0)
    kinds, kind = np.unique(key, return_inverse=True)
    alike = [(asked.sites[each // len(sizes)], float(sizes[each % len(sizes)])) for each in kinds.tolist()]
    paid = [
        [sum(charge.cost for charge in request_charges(asked, s, site, weights)) for site, weights in alike]
        for s in range(len(asked.parts))
    ]
    return np.array(paid, dtype=np.float64)[:, kind]


def _built(asked: Asked, sized: Sized, rows: _Rows) -> PoolOffers:
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
    records = {d: sized.designs[d] for d in alike}
    for i, (d, v) in enumerate(zip(rows.design.tolist(), rows.site.tolist(), strict=True)):
        record, site = records[d], asked.sites[v]
        id_ = f"{design_id(record)}/{site.name(record.gpus)}"
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
