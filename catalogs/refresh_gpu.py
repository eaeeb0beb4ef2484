"""GPU prices from the lists of two public repositories, against gpu_prices.csv."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from catalogs.prices import rows, slug, tables
from catalogs.refresh import Change, Reading, differs, figure_in, leaps, newest_rows, read_csv, shown
from catalogs.tables import gpus
from catalogs.toml_file import Fault, InputError

INDEX = "github.com/ewyluda/gpu-price-index"
SKYPILOT = "github.com/skypilot-org/skypilot-catalog"
TABLE = "gpu_prices.csv"
Key = tuple[str, ...]

_INDEX_PROVIDERS = {
    "oracle": "oci",
    "RunPod Community Cloud": "runpod-community",
    "RunPod Secure Cloud": "runpod-secure",
}
_INDEX_GPUS = {
    "A100-40GB": "a100-40gb-sxm", "A100-80GB": "a100-80gb-sxm", "A100-80GB-PCIe": "a100-80gb-pcie", "B200": "b200",
    "B300": "b300", "H100": "h100-sxm", "H100-NVL": "h100-nvl", "H100-PCIe": "h100-pcie", "H200": "h200-sxm",
    "L40S": "l40s", "MI300X": "mi300x", "GB200": "gb200", "GB300": "gb300",
}  # fmt: skip
_SKYPILOT_GPUS = {
    "A100": "a100-40gb-sxm", "A100-80GB": "a100-80gb-sxm", "H100": "h100-sxm", "H100-MEGA": "h100-sxm",
    "H200": "h200-sxm", "B200": "b200", "B300": "b300", "L40S": "l40s", "L40": "l40", "L4": "l4", "A10": "a10",
    "A10G": "a10g", "T4": "t4", "A40": "a40", "V100": "v100-16gb", "MI300X": "mi300x", "GH200": "gh200",
    "RTX-PRO-6000": "rtx-pro-6000", "RTX-6000-Ada": "rtx-6000-ada", "RTX4090": "rtx-4090", "RTX3090": "rtx-3090",
}  # fmt: skip
_CLOUDS = {
    "aws": "aws", "azure": "azure", "gcp": "gcp", "lambda": "lambda", "nebius": "nebius", "oci": "oci",
    "verda": "verda", "hyperstack": "hyperstack", "scaleway": "scaleway", "do": "digitalocean", "ovhcloud": "ovhcloud",
}  # fmt: skip
_TPU = re.compile(r"tpu-(v\d+[a-z]*)-(\d+)")


@dataclass(frozen=True)
class Offer:
    """A price of a source in our words: dollars an hour for the whole instance."""

    provider: str
    instance: str
    gpu: str
    gpus: int
    region: str
    purchase: str
    price: float
    date: str
    flag: str = ""

    @property
    def key(self) -> Key:
        """What tells one price from another."""
        return self.provider, slug(self.instance), self.gpu, self.region, self.purchase


def gpu_price_index(path: Path | None, day: str, new: bool = False) -> Reading:
    """A day's CSV of gpu-price-index (data/observations/YEAR/DAY.csv); its rows state their date."""
    if path is None:
        raise InputError(Fault("gpu-price-index", "", "no file", "--from a day's CSV", f"data/observations of {INDEX}"))
    wanted = "a day's CSV of gpu-price-index"
    columns = ("date", "source", "provider", "pricing", "gpu_model", "sku", "region", "gpu_count", "usd_per_hour",
               "sample_size")  # fmt: skip
    offers = [
        offer
        for line, row in read_csv(path, columns, wanted)
        if "MIG" not in row["sku"] and (offer := _indexed(row, str(path), line)) is not None
    ]
    dates = sorted({offer.date for offer in offers})
    says = f"prices of {dates[0]}" + (f" to {dates[-1]}" if len(dates) > 1 else "") if dates else "no price"
    return _compared("gpu-price-index", INDEX, f"{INDEX} {path.name}", says, offers, new)


def _indexed(row: Mapping[str, str], file: str, line: int) -> Offer | None:
    """A row of the index; None for a GPU that we have no specs of, a price of zero, or another kind of purchase.

    Oracle's prices are of one GPU of a whole machine; a median has its card in no name, so its form is unknown.
    """
    gpu, purchase = _INDEX_GPUS.get(row["gpu_model"]), row["pricing"]
    price = figure_in(row["usd_per_hour"], file, line, "usd_per_hour")
    count = int(figure_in(row["gpu_count"], file, line, "gpu_count"))
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"]):
        raise InputError(Fault(file, f"line {line}, date", f'"{row["date"][:40]}"', "a day such as 2026-11-24"))
    if gpu is None or price == 0 or count < 1 or purchase not in ("on_demand", "spot"):
        return None
    provider = _INDEX_PROVIDERS.get(row["provider"]) or _INDEX_PROVIDERS.get(row["source"], row["source"])
    instance, flag = row["sku"], ""
    if gpu == "a100-40gb-sxm" and "pcie" in instance:
        gpu = "a100-40gb-pcie"
    if row["source"] == "nebius":
        instance = f"HGX {gpu}"
    if row["source"] == "vast":
        gpu = "a100-40gb" if gpu == "a100-40gb-sxm" else gpu
        instance, flag = "median offer", f"median of {row['sample_size']} offers"
    whole = re.search(r"\.(\d+)$", instance)
    if row["source"] == "oracle" and whole and count == 1:
        count, price = int(whole[1]), price * int(whole[1])
    return Offer(provider, instance, gpu, count, row["region"], purchase, price, row["date"], flag)


def skypilot(path: Path | None, day: str, new: bool = False) -> Reading:
    """A catalogue CSV of SkyPilot; it states no date, so its prices are those of the day on which it was read.

    A spot price is the median of the region's zones; rows without an instance, a GPU of ours or a price are left out.
    """
    if path is None:
        raise InputError(Fault("skypilot", "", "no file", "--from .../CLOUD/vms.csv", f"catalogs of {SKYPILOT}"))
    cloud = path.resolve().parent.name
    if cloud not in _CLOUDS:
        wanted = "one in a folder named after its cloud"
        raise InputError(
            Fault(str(path), "", f"a file in the folder {cloud[:40]}", wanted, "one of " + ", ".join(_CLOUDS))
        )
    columns = ("InstanceType", "AcceleratorName", "AcceleratorCount", "Region", "Price", "SpotPrice")
    found: dict[Key, tuple[Offer, list[float]]] = {}
    for line, row in read_csv(path, columns, "a catalogue CSV of SkyPilot"):
        for purchase, column in (("on_demand", "Price"), ("spot", "SpotPrice")):
            offer = _listed(row, str(path), line, _CLOUDS[cloud], purchase, column, day)
            if offer is not None:
                found.setdefault(offer.key, (offer, []))[1].append(offer.price)
    offers = []
    for offer, prices in found.values():
        flag = f"snapshot date unknown, read on {day}"
        flag += f"; median of {len(prices)} zones" if len(prices) > 1 else ""
        offers.append(
            Offer(**{**vars(offer), "price": median(prices) if offer.purchase == "spot" else prices[0], "flag": flag})
        )
    where = f"{SKYPILOT} {cloud}/{path.name} (Apache-2.0)"
    return _compared("skypilot", SKYPILOT, where, f"{cloud}, undated, read {day}", offers, new)


def _listed(
    row: Mapping[str, str], file: str, line: int, provider: str, purchase: str, column: str, day: str
) -> Offer | None:
    if not row["InstanceType"] or not row["AcceleratorName"] or not row[column]:
        return None
    price = figure_in(row[column], file, line, column)
    gpu, instance = _SKYPILOT_GPUS.get(row["AcceleratorName"]), row["InstanceType"]
    count = figure_in(row["AcceleratorCount"] or "0", file, line, "AcceleratorCount")
    tpu = _TPU.fullmatch(row["AcceleratorName"])
    if tpu:
        gpu, instance, count = f"tpu-{tpu[1]}", row["AcceleratorName"], float(tpu[2])
    if gpu is None or price == 0 or count < 1 or count != int(count):
        return None
    region = re.sub(r"^FIN-\d+$", "fi", row["Region"]) if provider == "verda" else row["Region"]
    return Offer(provider, instance, gpu, int(count), region, purchase, price, day)


def _compared(name: str, mark: str, source: str, says: str, offers: list[Offer], new: bool) -> Reading:
    """What the offers change in the table: each price of ours against theirs, and theirs that we lack."""
    theirs = {offer.key: offer for offer in offers}
    if not theirs:
        return Reading(name, says, 0, ())
    providers = {offer.provider for offer in offers}
    known = set(tables("providers.toml"))
    ours = newest_rows(
        (row for row in rows(TABLE) if row["provider"] in providers),
        lambda row: (row["provider"], slug(row["instance"]), row["gpu"], row["region"], row["purchase"]),
    )
    changes: list[Change] = []
    written: list[Mapping[str, str]] = []
    for key in sorted({*theirs, *ours}):
        offer, row = theirs.get(key), ours.get(key)
        change = _change(name, mark, key, offer, row, theirs, known, new)
        if change is None:
            continue
        changes.append(change)
        if change.written and offer is not None:
            written.append(_row(offer, row, source))
    return Reading(name, says, len(theirs.keys() & ours.keys()), tuple(changes), {TABLE: tuple(written)})


def _change(
    name: str,
    mark: str,
    key: Key,
    offer: Offer | None,
    row: Mapping[str, str] | None,
    theirs: Mapping[Key, Offer],
    known: set[str],
    new: bool,
) -> Change | None:
    gpus_at = offer.gpus if offer else int(row["gpu_count"]) if row else 0
    common = {
        "source": name, "table": TABLE, "unit": "USD/hour",
        "id": f"{key[0]}/{key[1]}/{gpus_at}x{key[2]}@{key[3]}:{key[4]}",
    }  # fmt: skip
    if offer is None:
        if row is None or mark not in row["source"] or row["purchase"] not in ("on_demand", "spot"):
            return None
        return Change(kind="gone", ours=float(row["price_per_hour"]), theirs=None, our_date=row["date"],
                      note="kept: what is no longer listed may still be sold", **common)  # fmt: skip
    if row is None:
        note = _why_not_new(offer, theirs, known) or ("" if new else "written with --new")
        return Change(kind="new", ours=None, theirs=offer.price, their_date=offer.date, note=note, written=not note,
                      **common)  # fmt: skip
    mine = float(row["price_per_hour"])
    if not differs(mine, offer.price):
        return None
    same = mark in row["source"]
    note = ""
    if not same:
        note = f"ours is of {row['source'][:60]}"
    elif offer.date < row["date"]:
        note = "older than ours"
    elif leaps(mine, offer.price):
        note = "moved more than threefold: look at it first"
    return Change(kind="changed" if same else "disagree", ours=mine, theirs=offer.price, our_date=row["date"],
                  their_date=offer.date, note=note, written=not note, **common)  # fmt: skip


def _why_not_new(offer: Offer, theirs: Mapping[Key, Offer], known: set[str]) -> str:
    if offer.provider not in known:
        return f"{offer.provider} is no provider of ours: add it to providers.toml first"
    if offer.gpu not in gpus() and offer.gpu not in ("a100-40gb", "a100-80gb"):
        return f"no specs of {offer.gpu}"
    listed = theirs.get((*offer.key[:-1], "on_demand"))
    if offer.purchase == "spot" and listed is not None and offer.price >= listed.price:
        return "spot is not below the list price"
    return ""


def _row(offer: Offer, old: Mapping[str, str] | None, source: str) -> dict[str, str]:
    """The row to append: the old one with another price, date, source and flag, or one made of the offer."""
    base = dict(old) if old else {
        "provider": offer.provider, "service": "vm", "instance": offer.instance, "gpu": offer.gpu,
        "gpu_count": str(offer.gpus), "region": offer.region, "purchase": offer.purchase, "currency": "USD",
    }  # fmt: skip
    return base | {"price_per_hour": shown(offer.price), "date": offer.date, "source": source, "flag": offer.flag}
