"""Providers: what each declares about data, and where its regions are. Figures in, records out."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

from catalogs.records import Attributes, Region

_YES = {"yes", "enterprise", "on_request"}


def declared_attributes(
    providers: Mapping[str, Mapping[str, Any]], facts: Iterable[Mapping[str, str]]
) -> dict[str, Attributes]:
    """What each provider declares, from rows (provider, attribute, value, detail, date, source).

    A value that says less than the requirement (`unknown`, `conflict`, `possible`, `named_on_trust_page`,
    `no_evidence`) leaves the field unknown. Of two retention figures the longer one stands.
    Agreements are only offered: whether one is signed is the user's to say.
    """
    by_provider: dict[str, dict[str, Mapping[str, str]]] = {}
    for fact in facts:
        by_provider.setdefault(fact["provider"], {})[fact["attribute"]] = fact
    return {name: _attributes(name, row, by_provider.get(name, {})) for name, row in sorted(providers.items())}


def _attributes(name: str, provider: Mapping[str, Any], facts: Mapping[str, Mapping[str, str]]) -> Attributes:
    sources = {"operator": "by definition: who runs the service"}
    if provider.get("network"):
        sources["network"] = "machines stand in a network of the customer's own account"

    def value(attribute: str) -> str:
        return facts[attribute]["value"] if attribute in facts else ""

    def cite(field: str, *attributes: str) -> None:
        cited = [f"{facts[a]['source']} ({facts[a]['date']})" for a in attributes if a in facts and facts[a]["source"]]
        if cited:
            sources[field] = "; ".join(dict.fromkeys(cited))

    attestations = []
    for word, attribute in (("soc2", "soc2_type2"), ("iso27001", "iso27001"), ("c5", "c5"), ("pci_dss", "pci_dss")):
        if value(attribute) == "yes":
            attestations.append((word, attribute))
    # A high authorisation covers the moderate baseline; one that holds in a government cloud only does not hold here.
    if value("fedramp") == "high" and "GovCloud" not in facts["fedramp"]["detail"]:
        attestations += [("fedramp_high", "fedramp"), ("fedramp_moderate", "fedramp")]
    cite("attestations", *(attribute for _, attribute in attestations))

    offered = []
    if value("gdpr_dpa") in _YES:
        offered.append("dpa")
        if "clauses" in facts["gdpr_dpa"]["detail"]:
            offered.append("scc")
    if value("hipaa_baa") in _YES:
        offered.append("baa")
    cite("agreements_offered", "gdpr_dpa", "hipaa_baa")

    trains = False if value("trains_on_api_data") in {"no", "opt_in", "free_tier_only"} else None
    if trains is not None:
        cite("trains_on_data", "trains_on_api_data")
    retention = _retention_days(facts)
    if retention is not None:
        cite("retention_days", "default_retention_days", "zero_data_retention", "stores_prompts_by_default")
    if provider["operator"] == "self":
        retention, trains = 0, False
        sources["retention_days"] = sources["trains_on_data"] = "nothing leaves your own machines"
    return Attributes(
        provider=name,
        operator=cast("Literal['self', 'provider', 'cloud_operated']", provider["operator"]),
        retention_days=retention,
        trains_on_data=trains,
        attestations=tuple(word for word, _ in attestations),
        agreements_offered=tuple(offered),
        network=cast("Literal['private', 'internet']", provider.get("network", "internet")),
        sources=sources,
    )


# Days that a provider keeps parts of prompts although it keeps none by default, as the details of the rows say.
_KEPT_IN_PARTS = {"up to 30 days": 30, "14 days": 14}


def _retention_days(facts: Mapping[str, Mapping[str, str]]) -> int | None:
    stated = facts.get("default_retention_days", {}).get("value", "")
    if stated.isdigit():
        return int(stated)
    if stated:
        return None
    zero = facts.get("zero_data_retention", {"value": "", "detail": ""})
    kept = next((days for text, days in _KEPT_IN_PARTS.items() if text in zero["detail"]), 0)
    if zero["value"] == "default" or (zero["value"] == "self_service" and kept):
        return kept
    return 0 if facts.get("stores_prompts_by_default", {}).get("value") == "no" else None


def placed_regions(names: Iterable[tuple[str, str]], figures: Mapping[str, Any]) -> dict[str, Region]:
    """Regions by `provider/region` for every (provider, region) pair, and `unknown`.

    A country gives its ISO code, and `eu` and `eea` with it. `global` stays `global`: it satisfies only "anywhere".
    A region that no table places has no geographies and so fails every requirement.
    Round trips (ms) are keyed by area (`eu`, `us`, `asia`, ...) and by ISO code of the users' country;
    a region without a place is counted from its provider's home, else from the United States.
    """
    trips = _round_trips(figures)
    area_of = {code: area for area, codes in figures["areas"].items() for code in codes}
    placed = {}
    for provider, region in sorted({*names, ("unknown", "unknown")}):
        key = f"{provider}/{region}" if provider != "unknown" else "unknown"
        country = figures["countries"].get(provider, {}).get(region, "")
        label = figures["labels"].get(key)
        area = figures["home"].get(provider, "us")
        source = "the price list names no place"
        if label:
            geographies, area, source = tuple(label["geographies"]), label["area"], label["source"]
        elif country:
            geographies, area = _unions(country, figures["unions"]), area_of[country]
            source = f"{provider}'s list of regions"
        else:
            geographies = ("global",) if region == "global" else ()
            source = "one price for all regions" if region == "global" else source
        placed[key] = Region(
            id=key,
            geographies=geographies,
            round_trip_ms=trips[area],
            source=f"{source}; round trips: {figures['round_trip']['source']}",
            date=figures["round_trip"]["date"],
            estimate=f"round trips: {figures['round_trip']['estimate']}",
        )
    return placed


def _unions(country: str, unions: Mapping[str, list[str]]) -> tuple[str, ...]:
    if country in unions["eu"]:
        return country, "eu", "eea"
    return (country, "eea") if country in unions["eea_besides_eu"] else (country,)


def _round_trips(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Round trips by area of the region, then by users' area or country."""
    between: dict[str, dict[str, float]] = {}
    for one, other, ms in figures["round_trip"]["pairs"]:
        between.setdefault(one, {})[other] = float(ms)
        between.setdefault(other, {})[one] = float(ms)
    return {
        area: trips | {code: trips[where] for where, codes in figures["areas"].items() for code in codes}
        for area, trips in between.items()
    }
