"""API offers: token prices from the genai-prices package, offline, joined by our own table.

The package's data ships in its wheel and is imported here only when offers are asked for; nothing is
fetched and no update thread is started. What it lacks (rows of LiteLLM, batch prices, regions, limits,
retirement) stands dated in figures/api_offers.csv.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from statistics import median_low
from typing import Any

from catalogs.prices import number, rows, tables
from catalogs.records import ApiOffer

# Outside the peak hours that some providers charge more for (UTC).
_QUIET_HOUR = 20
_UNREAD = "was not read"  # a row whose note ends so is an estimate
_NOT_MEASURED = " not measured: "
_CONTEXT_OF_OTHERS = "context as the model's other sellers state it"
_SMALL_CLOSED = re.compile(r"mini|nano|haiku|flash|lite|luna|micro|ministral|small")
_PARAMETERS = re.compile(r"(?<![a-z\d.])(\d+(?:\.\d+)?)(b|t)\b")
_ACTIVE = re.compile(r"-a(\d+(?:\.\d+)?)b\b")


@cache
def package_models() -> tuple[dict[tuple[str, str], Any], str]:
    """Models of genai-prices by (provider, model id), and the package's version; its data is a module, no network."""
    from genai_prices import __version__
    from genai_prices.data import providers

    return {(provider.id, model.id): model for provider in providers for model in provider.models}, __version__


def _base(price: Any) -> float | None:
    return None if price is None else float(getattr(price, "base", price))


def _package_prices(prices: Any) -> dict[str, Any]:
    """Prices per million tokens of one genai-prices ModelPrice; the long-context ones from its first tier."""
    tiers = getattr(prices.input_mtok, "tiers", None) or []
    read: dict[str, Any] = {
        "input": _base(prices.input_mtok),
        "cached_input": _base(prices.cache_read_mtok),
        "cache_write": _base(prices.cache_write_mtok),
        "output": _base(prices.output_mtok),
    }
    if tiers:
        first = tiers[0]
        later = [tier for tier in getattr(prices.output_mtok, "tiers", None) or [] if tier.start == first.start]
        read |= {
            "long_from": int(first.start),
            "long_input": float(first.price),
            "long_output": float(later[0].price) if later else _base(prices.output_mtok),
        }
    return read


def _row_prices(row: Mapping[str, str]) -> dict[str, Any]:
    """Prices of a row of our own table."""
    names = ("input", "cached_input", "cache_write", "output", "long_input", "long_output")
    read: dict[str, Any] = {name: number(row[name]) for name in names}
    return read | {"long_from": int(row["long_from"]) if row["long_from"] else None}


def _batch_prices(row: Mapping[str, str], model: Any, at: datetime) -> tuple[dict[str, Any] | None, bool]:
    """Batch prices, and whether they are the package's; None where nobody states them."""
    for variant in (model and model.price_variants) or ():
        active = variant.constraint is None or variant.constraint.active(at)
        if active and variant.when == {"processing": "batch"} and variant.prices.input_mtok is not None:
            return _package_prices(model.get_prices(at, {"processing": "batch"})), True
    if row["batch_input"] and row["batch_output"]:
        return {"input": float(row["batch_input"]), "output": float(row["batch_output"])}, False
    return None, False


def standard_and_batch(
    model: Any, row: Mapping[str, str], at: datetime
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Prices of a model of genai-prices at a time, standard and in a batch; the latter the row's where it has none."""
    batch = _batch_prices({"batch_input": "", "batch_output": "", **row}, model, at)[0]
    return _package_prices(model.get_prices(at)), batch


def _long_in_proportion(batch: Mapping[str, Any], standard: Mapping[str, Any]) -> dict[str, Any]:
    """Prices of long prompts in a batch that nobody states, in the proportion of the batch's other prices."""
    if batch.get("long_from") or not (standard.get("long_from") and standard.get("long_input")):
        return dict(batch)
    long = {
        f"long_{part}": standard[f"long_{part}"] * batch[part] / standard[part]
        for part in ("input", "output")
        if standard.get(f"long_{part}") is not None
    }
    return {**batch, **long, "long_from": standard["long_from"]}


def _changes(model: Any, at: datetime) -> tuple[str, str]:
    """What a list of dated and hourly prices says beside the price taken: (estimate, note)."""
    if model is None or not isinstance(model.prices, list):
        return "", ""
    taken, estimate, note = model.get_prices(at), "", ""
    by_hour = [model.get_prices(at.replace(hour=hour, minute=30)) for hour in range(24)]
    dear = [price for price in by_hour if _base(price.output_mtok) != _base(taken.output_mtok)]
    if dear:
        peak = max(_base(price.output_mtok) or 0.0 for price in dear)
        estimate = (
            f"price outside peak hours; {len(dear)} hours of the day cost up to {peak:g} per million output tokens"
        )
    for price in model.prices:
        start = getattr(price.constraint, "start_date", None)
        if start is not None and start > at.date():
            to = f"input {_base(price.prices.input_mtok):g}, output {_base(price.prices.output_mtok):g}"
            note = f"changes on {start.isoformat()} to {to}"
    return estimate, note


def latency_class(provider_class: str, model: str, open_weights: bool) -> str:
    """Class of api_latency.toml for an offer, from who hosts it and what the model's name tells of its size."""
    if provider_class in {"fast", "router"}:
        return provider_class
    if not open_weights:
        return "closed_small" if _SMALL_CLOSED.search(model) else "closed"
    active = _ACTIVE.search(model)
    if active:
        return "open_small" if float(active[1]) <= 10 else "open"
    sizes = [float(size) * (1000 if unit == "t" else 1) for size, unit in _PARAMETERS.findall(model)]
    return "open_small" if sizes and max(sizes) <= 40 else "open"


def offer_id(provider: str, model: str, region: str, default_region: str, tier: str = "standard") -> str:
    """`provider/model`, `@region` where it is neither the provider's default nor unknown, `:batch` or `:priority`."""
    place = "" if region in {default_region, "unknown"} else f"@{region}"
    return f"{provider}/{model}{place}" + ("" if tier == "standard" else f":{tier}")


def _limits(limits: Iterable[Mapping[str, str]], row: Mapping[str, str], note: str) -> dict[str, Any]:
    """Limits per minute: the row's own, else those of the highest published account tier; they bind online requests."""
    found: dict[str, Any] = {"requests_per_minute": number(row["rpm"]), "tokens_per_minute": number(row["tpm"])}
    for limit in limits:
        if limit["provider"] == row["provider"] and fnmatchcase(row["model"], limit["models"]):
            told = f"limits of tier {limit['tier']} as of {limit['date']}, {limit['note']} ({limit['source']})"
            found = {
                "requests_per_minute": number(row["rpm"]) or number(limit["requests_per_minute"]),
                "tokens_per_minute": number(row["tpm"]) or number(limit["tokens_per_minute"]),
                "output_tokens_per_minute": number(limit["output_tokens_per_minute"]),
                "note": "; ".join(filter(None, (note, told))),
            }
    return found


def offer_key(row: Mapping[str, str]) -> tuple[str, ...]:
    """What tells one row of the table from another: rows of one key are one offer at different dates.

    Rows of two sources for one offer are two: the later of them is passed over where the first has a price.
    """
    return row["provider"], row["model"], row["region"], row["provider_model"], row["source"].split(" ")[0]


def _in_force(table: Iterable[dict[str, str]], day: str) -> list[dict[str, str]]:
    """Of rows that are one offer at several dates the newest by `day`, where there is one; else the first."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for row in table:
        key = offer_key(row)
        if key not in found or found[key]["date"] <= row["date"] <= day:
            found[key] = row
    return list(found.values())


def api_offers(as_of: str | None = None) -> tuple[ApiOffer, ...]:
    """Every API offer with its prices (USD per million tokens) as of a day (default: the day of the figures).

    Standard and batch offers, sorted by id, ids unique. A retired model stays in, with `retires`; a row
    without a price above zero is left out, since unknown is not zero. Latency is measured where
    api_latency.csv has a row, else an estimate by class; a batch offer has none: its answers take hours.
    """
    table = rows("api_offers.csv")
    day = as_of or max(row["date"] for row in table)
    table = _in_force(table, day)
    at = datetime.fromisoformat(f"{day[:10]}T{_QUIET_HOUR:02}:00:00").replace(tzinfo=UTC)
    models, version = package_models()
    providers, latency = tables("providers.toml"), tables("api_latency.toml")
    measured = {(row["provider"], row["model"]): row for row in rows("api_latency.csv")}
    limits = rows("rate_limits.csv")
    usual = _usual_context(table)
    offers: dict[str, ApiOffer] = {}
    for row in table:
        if row["left_out"]:
            continue
        model = models.get((row["genai_provider"], row["provider_model"])) if row["genai_provider"] else None
        provider, name = row["provider"], row["model"]
        default = providers[provider].get("region", "unknown")
        placed_by = providers[provider].get("source", "") if row["region"] == default else "the price row names it"
        estimate, change = _changes(model, at)
        unread = row["note"] if row["note"].endswith(_UNREAD) else ""
        shared: dict[str, Any] = {
            "provider": provider,
            "model": name,
            "provider_model": row["provider_model"],
            "region": row["region"],
            "region_source": "" if row["region"] == "unknown" else placed_by,
            "open_weights": row["open_weights"] == "1",
            "context_tokens": int(float(row["context"])) if row["context"] else usual.get(name),
            "max_output_tokens": int(float(row["max_output"])) if row["max_output"] else None,
            "retires": row["retires"],
            "estimate": "; ".join(filter(None, (estimate, unread))),
            "note": "; ".join(filter(None, (row["note"], change, "" if row["context"] else _CONTEXT_OF_OTHERS))),
        }
        source = f"genai-prices {version} (PyPI, MIT)" if model else row["source"]
        host = providers[provider].get("class", "open")
        timing = _latency(provider, name, shared["open_weights"], host, latency, measured)
        online = timing | _limits(limits, row, shared["note"])
        standard = _package_prices(model.get_prices(at)) if model else _row_prices(row)
        batch, from_package = _batch_prices(row, model, at)
        if batch and standard["input"] and standard["output"]:
            batch = _long_in_proportion(batch, standard)
        batch_source = source if from_package or not model else "LiteLLM or genai-prices, as in figures/api_offers.csv"
        for tier, prices, origin, extra in (
            ("standard", standard, source, online),
            ("batch", batch, batch_source, {"latency_source": "batch: answers within a day, no time to first token"}),
        ):
            if not prices or not prices["input"] or not prices["output"]:
                continue
            key = offer_id(provider, name, row["region"], default, tier)
            if key in offers and not model:
                continue
            offers[key] = ApiOffer(
                id=key, tier=tier, source=origin, date=row["date"], **_priced(prices), **(shared | extra)
            )
    for offer in _uplifted(tuple(offers.values()), providers):
        offers.setdefault(offer.id, offer)
    return tuple(offers[key] for key in sorted(offers))


def _usual_context(table: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """The context in tokens that a model's sellers state, the middle one: for those that state none."""
    stated: dict[str, list[int]] = {}
    for row in table:
        if row["context"] and not row["left_out"]:
            stated.setdefault(row["model"], []).append(int(float(row["context"])))
    return {model: median_low(tokens) for model, tokens in stated.items()}


def _priced(prices: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "input_per_mtok": prices["input"],
        "cached_input_per_mtok": prices.get("cached_input"),
        "cache_write_per_mtok": prices.get("cache_write"),
        "output_per_mtok": prices["output"],
        "long_context_from_tokens": prices.get("long_from"),
        "long_input_per_mtok": prices.get("long_input"),
        "long_output_per_mtok": prices.get("long_output"),
    }


def is_guess(latency_estimate: str, time: str) -> bool:
    """Whether a time (`ttft_p95_ms`) of an offer whose latency is such an estimate is a guess, or was measured."""
    missing, told, _ = latency_estimate.partition(_NOT_MEASURED)
    return bool(latency_estimate) and (not told or time in missing.split(", "))


def _latency(
    provider: str,
    model: str,
    open_weights: bool,
    provider_class: str,
    classes: Mapping[str, Any],
    measured: Mapping[tuple[str, str], Mapping[str, str]],
) -> dict[str, Any]:
    """Times to first and per token, ms: a measured row where there is one, else the class estimate.

    A median that was measured moves the estimate of its 95th percentile with it, in the class's proportion.
    """
    name = latency_class(provider_class, model, open_weights)
    guess = classes["class"][name]
    times = {f"{key}_ms": float(guess[key]) for key in ("ttft_p50", "ttft_p95", "tpot_p50", "tpot_p95")}
    estimate = f"{classes['how']}; class {name.replace('_', ' ')}"
    row = measured.get((provider, model))
    if row is None:
        return times | {"latency_source": classes["source"], "latency_estimate": estimate}
    known = {key: float(row[key]) for key in times if row[key]}
    for part in ("ttft", "tpot"):
        p50, p95 = f"{part}_p50_ms", f"{part}_p95_ms"
        times[p95] *= known.get(p50, times[p50]) / times[p50]
    missing = [key for key in times if key not in known]
    told = f"{', '.join(missing)}{_NOT_MEASURED}{estimate}" if missing else ""
    return times | known | {"latency_source": f"{row['source']} ({row['date']})", "latency_estimate": told}


def _uplifted(offers: Iterable[ApiOffer], providers: Mapping[str, Any]) -> list[ApiOffer]:
    """Offers of regions that a provider sells at a factor on its default price (api_uplifts.toml)."""
    money = (
        "input_per_mtok", "cached_input_per_mtok", "cache_write_per_mtok", "output_per_mtok",
        "long_input_per_mtok", "long_output_per_mtok",
    )  # fmt: skip
    made = []
    for uplift in tables("api_uplifts.toml")["uplift"]:
        default = providers[uplift["provider"]]["region"]
        for offer in offers:
            if offer.provider != uplift["provider"] or offer.region != default:
                continue
            if not any(fnmatchcase(offer.model, pattern) for pattern in uplift["models"]):
                continue
            prices = {name: value * uplift["factor"] for name in money if (value := getattr(offer, name)) is not None}
            how = "; ".join(filter(None, (uplift.get("estimate", ""), offer.estimate)))
            made.append(
                offer.model_copy(
                    update={
                        **prices,
                        "id": offer_id(offer.provider, offer.model, uplift["region"], default, offer.tier),
                        "region": uplift["region"],
                        "region_source": uplift["source"],
                        "source": f"{offer.source}, times {uplift['factor']:g}: {uplift['source']}",
                        "estimate": how,
                    }
                )
            )
    return made
