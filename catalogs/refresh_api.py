"""Token prices: a release of genai-prices and LiteLLM's JSON, against api_offers.csv."""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from catalogs.api_prices import offer_key, package_models, standard_and_batch
from catalogs.prices import rows
from catalogs.refresh import Change, Reading, differs, leaps, newest_rows, read_content, shown, zip_member
from catalogs.toml_file import Fault, InputError

TABLE = "api_offers.csv"
FIELDS = ("input", "cached_input", "cache_write", "output", "batch_input", "batch_output")
"""Prices compared, USD per million tokens."""
_LITELLM = {
    "input": "input_cost_per_token", "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost", "output": "output_cost_per_token",
    "batch_input": "input_cost_per_token_batches", "batch_output": "output_cost_per_token_batches",
}  # fmt: skip
_PREFIXES = {
    "together": "together_ai/", "fireworks": "fireworks_ai/", "xai": "xai/", "groq": "groq/", "mistral": "mistral/",
    "openrouter": "openrouter/", "novita": "novita/", "deepseek": "deepseek/", "cerebras": "cerebras/",
    "baseten": "baseten/", "databricks": "databricks/", "ovhcloud": "ovhcloud/", "moonshot": "moonshot/",
    "zai": "zai/", "minimax": "minimax/", "anthropic": "", "openai": "", "aws-bedrock": "", "google": "gemini/",
    "google-vertex": "vertex_ai/",
}  # fmt: skip
"""How LiteLLM writes the model ids that genai-prices has."""
_JSON = "model_prices_and_context_window"
WANTED_LITELLM = "LiteLLM's JSON of prices, or its wheel"
WANTED_GENAI = "a wheel of genai-prices, or its data.json"
Prices = Mapping[str, float]


def litellm(path: Path | None, day: str, new: bool = False) -> Reading:
    """LiteLLM's prices of a wheel, a JSON file or the installed package; dated `day`, as it states no date."""
    path = path or _installed_litellm()
    entries, says = _litellm_entries(path)
    changes: list[Change] = []
    added: list[Mapping[str, str]] = []
    seen: set[str] = set()
    compared = 0
    for row in _table():
        own = row["source"].startswith("LiteLLM")
        key = row["provider_model"] if own else _PREFIXES.get(row["provider"], "?/") + row["provider_model"]
        entry = entries.get(key)
        seen.add(key)
        if row["left_out"] or (entry is None and not own):
            continue
        compared += 1
        theirs = None if entry is None else _litellm_prices(entry)
        found = _differences("litellm", row, _own_prices(row) if own else _in_force(row, day), theirs, own, day)
        if entry is not None and own:
            found += _retirement(row, entry, day)
        changes += found
        if any(change.written for change in found) and theirs is not None and entry is not None:
            source = f"LiteLLM {says} (PyPI, MIT)" if says[:1].isdigit() else "LiteLLM's JSON (MIT)"
            retires = {"retires": str(entry["deprecation_date"])} if _retires(entry) else {}
            added.append(_row(row, theirs, day, source) | retires)
    sold = {str(entries[key].get("litellm_provider")) for key in seen if key in entries}
    for key, entry in sorted(entries.items()):
        price = entry.get("output_cost_per_token")
        if key not in seen and entry.get("mode") == "chat" and price and entry.get("litellm_provider") in sold:
            changes.append(_unknown("litellm", key, float(price) * 1e6, day))
    return Reading(
        "litellm", f"version {says}" if says[:1].isdigit() else says, compared, tuple(changes), {TABLE: tuple(added)}
    )


def genai_prices(path: Path | None, day: str, new: bool = False) -> Reading:
    """A release of genai-prices against what is in force; the installed one against the table's copies of it.

    A row that a newer release changes leaves the installed package and stands with its own date.
    """
    installed, version = package_models()
    models, says = (installed, version) if path is None else _release(path)
    at = datetime.fromisoformat(f"{day}T20:00:00").replace(tzinfo=UTC)
    changes: list[Change] = []
    added: list[Mapping[str, str]] = []
    seen: set[tuple[str, str]] = set()
    providers: set[str] = set()
    compared = 0
    for row in _table():
        of = row["genai_provider"] or _genai_provider(row)
        key = (of, row["provider_model"])
        seen.add(key)
        providers.add(of)
        model = models.get(key)
        own = row["source"].startswith("genai-prices")
        if row["left_out"] or (model is None and not own):
            continue
        compared += 1
        theirs = None if model is None else _model_prices(model, row, at)
        ours = _own_prices(row) if path is None else _in_force(row, day)
        found = _differences("genai-prices", row, ours, theirs, own, day)
        changes += found
        if theirs is not None and any(change.written for change in found):
            left = {} if path is None else {"genai_provider": ""}
            added.append(_row(row, theirs, day, f"genai-prices {says} (PyPI, MIT)") | left)
    for key in sorted(models.keys() - seen):
        if key[0] in providers and key[0]:
            output = _model_prices(models[key], {}, at).get("output")
            if output:
                changes.append(_unknown("genai-prices", "/".join(key), output, day))
    return Reading("genai-prices", f"version {says}", compared, tuple(changes), {TABLE: tuple(added)})


def _table() -> list[Mapping[str, str]]:
    """The newest row of each offer, by source: rows of two sources for one model are two."""
    return list(newest_rows(rows(TABLE), offer_key).values())


def _genai_provider(row: Mapping[str, str]) -> str:
    """The provider's name in genai-prices, of a row that has left the package."""
    if not row["source"].startswith("genai-prices"):
        return ""
    return next(
        (r["genai_provider"] for r in rows(TABLE) if r["provider"] == row["provider"] and r["genai_provider"]), ""
    )


def _own_prices(row: Mapping[str, str]) -> Prices:
    return {name: float(row[name]) for name in FIELDS if row[name]}


def _in_force(row: Mapping[str, str], day: str) -> Prices:
    """Prices that a catalog of the day takes of a row: the installed package's where it has one."""
    model = package_models()[0].get((row["genai_provider"], row["provider_model"]))
    if model is None:
        return _own_prices(row)
    return _model_prices(model, row, datetime.fromisoformat(f"{day}T20:00:00").replace(tzinfo=UTC))


def _model_prices(model: Any, row: Mapping[str, str], at: datetime) -> Prices:
    """Prices of a model of genai-prices; batch prices that it lacks are the row's own."""
    standard, batch = standard_and_batch(model, row, at)
    found = {name: standard.get(name) for name in ("input", "cached_input", "cache_write", "output")}
    found |= {f"batch_{name}": (batch or {}).get(name) for name in ("input", "output")}
    return {name: float(value) for name, value in found.items() if value is not None}


def _differences(
    source: str, row: Mapping[str, str], ours: Prices, theirs: Prices | None, own: bool, day: str
) -> list[Change]:
    """One record a price. `own` says that the row is of this source."""
    name = f"{row['provider']}/{row['model']}@{row['region']}"
    common = {"source": source, "table": TABLE, "our_date": row["date"]}
    if theirs is None or not (theirs.get("input") and theirs.get("output")):
        note = "kept: a model without a price is still sold until it retires"
        return [Change(kind="gone", id=f"{name}: output", unit="USD/Mtok", ours=ours.get("output"), theirs=None,
                       note=note, **common)]  # fmt: skip
    older = day < row["date"]
    pairs = [(each, ours.get(each), theirs.get(each)) for each in FIELDS]
    moved = any(mine and other and leaps(mine, other) for each, mine, other in pairs if each in ("input", "output"))
    found = []
    for each, mine, other in pairs:
        if (mine is None and other is None) or (mine is not None and other is not None and not differs(mine, other)):
            continue
        if other is None or (mine is None and not own):
            continue  # a source that is silent on a part of a price says nothing against it
        note = f"ours is of {row['source'][:60]}" if not own else ""
        note = note or ("older than ours" if older else "moved more than threefold: look at it first" if moved else "")
        found.append(
            Change(
                kind="changed" if own else "disagree",
                id=f"{name}: {each}",
                unit="USD/Mtok",
                ours=mine,
                theirs=other,
                their_date=day,
                note=note,
                written=not note,
                **common,
            )
        )
    return found


def _retires(entry: Mapping[str, Any]) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", str(entry.get("deprecation_date", ""))))


def _retirement(row: Mapping[str, str], entry: Mapping[str, Any], day: str) -> list[Change]:
    if not _retires(entry) or row["retires"] == entry["deprecation_date"]:
        return []
    older = day < row["date"]
    return [
        Change(
            kind="changed",
            source="litellm",
            table=TABLE,
            id=f"{row['provider']}/{row['model']}@{row['region']}: retires",
            unit="day",
            ours=row["retires"] or None,
            theirs=str(entry["deprecation_date"]),
            our_date=row["date"],
            their_date=day,
            note="older than ours" if older else "",
            written=not older,
        )
    ]


def _unknown(source: str, key: str, output: float, day: str) -> Change:
    return Change(kind="new", source=source, table=TABLE, id=f"{key}: output", unit="USD/Mtok", ours=None,
                  theirs=output, their_date=day, note="no id of ours: add a row by hand")  # fmt: skip


def _row(row: Mapping[str, str], theirs: Prices, day: str, source: str) -> dict[str, str]:
    """The old row with the source's prices; what the source is silent on stays."""
    return {**row, **{name: shown(value) for name, value in theirs.items()}, "date": day, "source": source}


def _installed_litellm() -> Path:
    found = find_spec("litellm")
    for folder in list(found.submodule_search_locations or ()) if found else []:
        for path in Path(folder).glob(f"{_JSON}*.json"):
            return path
    raise InputError(Fault("litellm", "", "no package of that name installed", f"--from {WANTED_LITELLM}"))


def _litellm_entries(path: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Entries by LiteLLM's key, and the version where the file's name tells it."""
    content = read_content(path, WANTED_LITELLM)
    if content[:2] == b"PK":
        content = zip_member(content, path, rf"litellm/{_JSON}\w*\.json", WANTED_LITELLM)
    read = _json(content, path, WANTED_LITELLM)
    entries = {key: entry for key, entry in read.items() if isinstance(entry, dict)} if isinstance(read, dict) else {}
    entries.pop("sample_spec", None)
    if not any("litellm_provider" in entry for entry in entries.values()):
        raise InputError(Fault(str(path), "", "JSON without litellm_provider", WANTED_LITELLM))
    version = re.match(r"litellm-([\w.]+?)-", path.name)
    return entries, version[1] if version else path.name


def _litellm_prices(entry: Mapping[str, Any]) -> Prices:
    """USD per million tokens of an entry; what is no finite number above 0 is left out: unknown, never zero."""
    found = {}
    for name, key in _LITELLM.items():
        value = entry.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1:
            found[name] = float(f"{float(value) * 1e6:.9g}")
    return found


def _release(path: Path) -> tuple[dict[tuple[str, str], Any], str]:
    """Models by (provider, id) of a wheel or a data.json, and its version. No code of the wheel is run."""
    content = read_content(path, WANTED_GENAI)
    version = re.match(r"genai_prices-([\w.]+?)-", path.name)
    if content[:2] == b"PK":
        providers = _parsed(zip_member(content, path, r"genai_prices/data\.py", WANTED_GENAI), path)
    else:
        read = _json(content, path, WANTED_GENAI)
        try:
            from genai_prices.types import _providers_from_raw  # the package's own reader of its data.json

            providers = _providers_from_raw(read["providers"] if isinstance(read, dict) else read)
        except Exception as error:
            raise InputError(_newer(path, error)) from None
    models = {(provider.id, model.id): model for provider in providers for model in provider.models}
    if not models:
        raise InputError(Fault(str(path), "", "no models", WANTED_GENAI))
    return models, version[1] if version else path.name


def _newer(path: Path, error: Exception) -> Fault:
    first = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
    hint = "install that release and run wizard catalog refresh genai-prices without --from"
    return Fault(str(path), "", f"data that the installed genai-prices cannot hold ({first})", WANTED_GENAI, hint)


def _json(content: bytes, path: Path, wanted: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(str(path), "", f"no JSON ({str(error)[:60]})", wanted)) from None


def _parsed(content: bytes, path: Path) -> Iterable[Any]:
    """The `providers` of a data.py, made of the installed package's types; the file is parsed, never run."""
    from genai_prices import types

    makers: dict[str, Any] = {name: each for name, each in vars(types).items() if isinstance(each, type)}
    makers |= {"Decimal": Decimal, "datetime.date": date, "datetime.time": time}
    try:
        tree = ast.parse(content)
        values = (
            node.value for node in tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "providers"
        )  # fmt: skip
        made = _made(next(values), makers)
    except (SyntaxError, StopIteration, ValueError, KeyError, TypeError, InvalidOperation, RecursionError) as error:
        raise InputError(_newer(path, error)) from None
    return list(made)


_NAMED = {"datetime.timezone.utc": UTC, "datetime.UTC": UTC}


def _made(node: Any, makers: Mapping[str, Any]) -> Any:
    """The value of an expression of literals and known constructors; ValueError for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_made(each, makers) for each in node.elts]
    if isinstance(node, ast.Dict):
        return {_made(k, makers): _made(v, makers) for k, v in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_made(node.operand, makers)
    if isinstance(node, ast.Attribute) and ast.unparse(node) in _NAMED:
        return _NAMED[ast.unparse(node)]
    if isinstance(node, ast.Call):
        kwargs = {each.arg: _made(each.value, makers) for each in node.keywords if each.arg}
        return makers[ast.unparse(node.func)](*[_made(each, makers) for each in node.args], **kwargs)
    raise ValueError(f"line {getattr(node, 'lineno', 0)}: neither a literal nor a known record")
