"""A segment's requirements on data against what an option declares: the reasons why it may not serve.

Attributes are declared, never certified. An attribute without a value or a source is unknown, and unknown fails a
requirement (`network` alone has a weakest value, `internet`, that needs no source).
"""

from collections.abc import Mapping
from typing import NamedTuple

from catalogs.records import Attributes
from catalogs.vocabulary import LicenceClass
from solver.problem import PoolClass
from solver.refusals import Rule
from solver.scenario import Segment

_EU = "at be bg hr cy cz dk ee fi fr de gr hu ie it lv lt lu mt nl pl pt ro sk si es se"
EU = frozenset(_EU.split())  # european-union.europa.eu, country profiles, 2026
EEA = EU | {"is", "li", "no"}  # efta.int, EEA Agreement, 2026
ZONES: Mapping[str, frozenset[str]] = {"eu": EU, "eea": EEA}
ANYWHERE = ("anywhere", "global", "")
_REACH = {"air_gapped": 0, "private": 1, "internet": 2}
UNKNOWN = "unknown"


_PLACE_YOURS = 'say where your machines stand: geographies = ["de"] under [regions."owned/own-site"] of an overlay'


class Reason(NamedTuple):
    """One rule that an option breaks for a segment, as in `Refusal`."""

    rule: Rule
    found: float | str
    wanted: float | str
    unit: str = ""
    distance: float = 1.0
    note: str = ""


def places_of(wanted: str) -> tuple[str, ...]:
    """The alternatives in `processing_in` or `storage_in`: `eu`, `de`, or `us, ca` for either; () for anywhere."""
    places = tuple({"uk": "gb"}.get(word, word) for word in wanted.lower().replace(",", " ").split())
    return () if not places or any(place in ANYWHERE for place in places) else places


def lies_within(geographies: tuple[str, ...], places: tuple[str, ...]) -> bool:
    """Whether all that is done in a region stays in one of `places`.

    A region lists countries, and zones that hold them: `("de", "eu", "eea")` is Germany, `("us", "ca")` is either,
    `("eu",)` is anywhere in the EU. `global` lies in no place, and so does a region of unknown geography.
    """
    if not places:
        return True
    stated = {geography.lower() for geography in geographies}
    if not stated or "global" in stated:
        return False
    countries = stated - ZONES.keys()
    held: set[str] = set()
    for place in places:
        held |= ZONES.get(place, frozenset((place,)))
    if countries:
        return countries <= held
    zone = "eu" if "eu" in stated else "eea"
    return ZONES[zone] <= held


def pool_attributes(attributes: Attributes | None, provider: str, pool_class: PoolClass) -> Attributes | None:
    """Attributes of a pool: those of its cloud, except that a self-run server keeps and learns only what you let it.

    Owned machines are operated by yourself. The provider of a managed or serverless pool handles the requests, so
    its own terms hold.
    """
    if pool_class != "self_run":
        return attributes
    yours = "you run the server"
    own = attributes or Attributes(provider=provider)
    changes: dict[str, object] = {
        "retention_days": 0,
        "trains_on_data": False,
        "sources": {**own.sources, "retention_days": yours, "trains_on_data": yours},
    }
    if provider == "owned":
        changes["sources"] = {**own.sources, "retention_days": yours, "trains_on_data": yours, "operator": yours}
        changes["operator"] = "self"
        if attributes is None:
            changes["network"] = "private"
    return own.model_copy(update=changes)


def reasons(
    segment: Segment, attributes: Attributes | None, geographies: tuple[str, ...], licence: LicenceClass | None = None
) -> list[Reason]:
    """Every requirement of the segment that the option does not declare to meet; empty if it may serve.

    `licence` is that of an open-weight model, None for a closed one (its terms are the provider's).
    """
    found: list[Reason] = []
    have = attributes or Attributes(provider="")
    sourced = {name for name, source in have.sources.items() if source}
    retention = have.retention_days if "retention_days" in sourced else None
    where = ", ".join(geographies) or UNKNOWN
    processing, storage = places_of(segment.processing_in), places_of(segment.storage_in)
    if not lies_within(geographies, processing):
        unplaced = _PLACE_YOURS if have.operator == "self" and not geographies else ""
        found.append(Reason(Rule.PROCESSING_IN, where, segment.processing_in, note=unplaced))
    if storage and retention != 0 and not lies_within(geographies, storage):
        found.append(Reason(Rule.STORAGE_IN, where, segment.storage_in))
    if segment.max_retention_days is not None:
        limit = segment.max_retention_days
        if retention is None:
            found.append(Reason(Rule.RETENTION, UNKNOWN, limit, "day"))
        elif retention > limit:
            found.append(Reason(Rule.RETENTION, retention, limit, "day", (retention - limit) / max(limit, 1)))
    found += _missing(Rule.AGREEMENTS, segment.agreements, _agreements(have))
    attested = {name: name for name in have.attestations} if "attestations" in sourced else {}
    if "fedramp_high" in attested:
        attested.setdefault("fedramp_moderate", "fedramp_high")
    found += _missing(Rule.ATTESTATIONS, segment.attestations, attested)
    trains = have.trains_on_data if "trains_on_data" in sourced else None
    if segment.no_training and trains is not False:
        found.append(Reason(Rule.NO_TRAINING, UNKNOWN if trains is None else "trains on data", "does not train"))
    operator = (have.operator if "operator" in sourced else None) or UNKNOWN
    if segment.operated_by and operator not in segment.operated_by:
        found.append(Reason(Rule.OPERATED_BY, operator, " or ".join(segment.operated_by)))
    if segment.network and _REACH[have.network] > _REACH[segment.network]:
        found.append(Reason(Rule.NETWORK, have.network, segment.network))
    return found + licence_reasons(segment, licence)


def licence_reasons(segment: Segment, licence: LicenceClass | None) -> list[Reason]:
    """The licence rule alone, which does not depend on who serves the model."""
    if licence is None or not segment.license or licence in segment.license:
        return []
    return [Reason(Rule.LICENSE, licence, " or ".join(segment.license))]


def _agreements(have: Attributes) -> dict[str, str]:
    """Agreements signed, and those offered under their name with a dash: an offer is not a signature.

    Only you can say what you have signed: your word is the source.
    """
    signed = {name: name for name in have.agreements}
    offered = {f"-{name}": "offered, not signed" for name in have.agreements_offered}
    return {**offered, **signed}


def _missing(rule: Rule, wanted: tuple[str, ...], have: Mapping[str, str]) -> list[Reason]:
    missing = [name for name in wanted if name not in have]
    if not missing:
        return []
    found = ", ".join(f"{name}: {have.get(f'-{name}', UNKNOWN)}" for name in missing)
    return [Reason(rule, found, ", ".join(wanted), "", len(missing) / len(wanted))]
