"""Sources read again: real files of small size, a figure moved by hand, and what the reading says of it."""

import csv
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from catalogs import exchange, prices
from catalogs.api_prices import api_offers
from catalogs.catalog import load_catalog
from catalogs.refresh import Change, Reading, appended, source_of, sources
from catalogs.toml_file import InputError

HERE = Path(__file__).parent / "refresh_sources"
DAY = "2026-11-27"


def read(name: str, path: Path | None, day: str = DAY, new: bool = False) -> Reading:
    return next(source for source in sources() if source.name == name).read(path, day, new)


def moved(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """A copy of a fixture with one text replaced."""
    text = (HERE / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def later(tmp_path: Path, day: str, sku: str, old: str, new: str) -> Path:
    """The index of another day, with another price of one machine."""
    lines = (HERE / "2026-10-10.csv").read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if f",{sku}," in line)
    lines[at] = day + lines[at].removeprefix("2026-10-10").replace(f",{old},", f",{new},")
    (tmp_path / "day.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "day.csv"


def wheel(tmp_path: Path, old: str = "", new: str = "") -> Path:
    text = (HERE / "genai_data.py.txt").read_text(encoding="utf-8")
    assert not old or text.count(old) == 1
    path = tmp_path / "genai_prices-0.2.9-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("genai_prices/data.py", text.replace(old, new) if old else text)
    return path


def of_kind(reading: Reading, kind: str) -> list[Change]:
    return [change for change in reading.changes if change.kind == kind]


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tables that may be written to."""
    folder = tmp_path / "figures"
    shutil.copytree(prices.FIGURES, folder)
    monkeypatch.setattr(prices, "FIGURES", folder)
    for cached in (exchange._own_days, exchange._quotes):
        cached.cache_clear()
    yield folder
    monkeypatch.undo()
    for cached in (exchange._own_days, exchange._quotes):
        cached.cache_clear()


def write(reading: Reading, folder: Path) -> None:
    for table, rows in reading.rows.items():
        (folder / table).write_text(appended(table, rows, folder), encoding="utf-8")


def test_the_index_that_our_rows_came_from_differs_in_nothing_but_what_we_left_out() -> None:
    reading = read("gpu-price-index", HERE / "2026-10-10.csv")
    assert not of_kind(reading, "changed")
    assert [change.id for change in of_kind(reading, "new")] == [
        "gcp/a2-megagpu-16g/16xa100-40gb-sxm@us-central1:on_demand"
    ]
    assert reading.compared == 10  # 12 rows less one slice of a GPU and one machine that we left out
    assert not any(reading.rows.values())


def test_a_price_that_moved_in_the_index_becomes_a_dated_row(tmp_path: Path) -> None:
    path = later(tmp_path, "2026-11-20", "gpu_8x_h100_sxm_80gb", "31.92", "27.92")
    (change,) = of_kind(reading := read("gpu-price-index", path), "changed")
    assert (change.id, change.ours, change.theirs) == (
        "lambda/gpu_8x_h100_sxm_80gb/8xh100-sxm@global:on_demand",
        31.92,
        27.92,
    )
    assert (change.our_date, change.their_date, change.written) == ("2026-10-10", "2026-11-20", True)
    (row,) = reading.rows["gpu_prices.csv"]
    assert (row["price_per_hour"], row["date"], row["gpu_count"]) == ("27.92", "2026-11-20", "8")
    assert "gpu-price-index" in row["source"]


def test_the_index_gives_oracle_by_the_gpu_and_we_hold_whole_machines(tmp_path: Path) -> None:
    path = moved(
        tmp_path,
        "2026-10-10.csv",
        "BM.GPU.H100.8,global,Global,1,10.0,10.0,1",
        "BM.GPU.H100.8,global,Global,1,9.0,9.0,1",
    )
    (change,) = of_kind(read("gpu-price-index", path), "changed")
    assert (change.ours, change.theirs) == (80.0, 72.0)  # 8 GPUs x 10 and x 9


@pytest.mark.parametrize("price", ["1.1", "12.5"])  # 3.99 / 3.63 and 3.99 x 3.13
def test_a_price_that_leaps_is_told_and_not_written(tmp_path: Path, price: str) -> None:
    path = later(tmp_path, "2026-11-20", "NVIDIA H100 80GB HBM3", "3.99", price)
    (change,) = of_kind(reading := read("gpu-price-index", path), "changed")
    assert "threefold" in change.note
    assert not any(reading.rows.values())


def test_a_price_older_than_ours_is_told_and_not_written(tmp_path: Path) -> None:
    path = later(tmp_path, "2026-10-01", "NVIDIA HGX H100", "4.5", "4.2")
    (change,) = of_kind(read("gpu-price-index", path), "changed")
    assert (change.note, change.written) == ("older than ours", False)


def test_what_the_index_no_longer_lists_is_gone_and_stays_ours() -> None:
    gone = of_kind(reading := read("gpu-price-index", HERE / "2026-10-10.csv"), "gone")
    assert "lambda/gpu_1x_h100_sxm_80gb/1xh100-sxm@global:on_demand" in {change.id for change in gone}
    assert not {change.id for change in gone if change.id.startswith(("azure", "aws"))}  # the file names neither
    assert not any(reading.rows.values())


def test_new_rows_are_written_when_asked_and_a_slice_of_a_gpu_never(tmp_path: Path) -> None:
    reading = read("gpu-price-index", HERE / "2026-10-10.csv", new=True)
    (row,) = reading.rows["gpu_prices.csv"]
    assert (row["provider"], row["instance"], row["gpu_count"], row["price_per_hour"]) == (
        "gcp",
        "a2-megagpu-16g",
        "16",
        "55.7395",
    )


def test_spot_that_is_not_below_the_list_price_is_no_new_row(tmp_path: Path) -> None:
    lines = (HERE / "2026-10-10.csv").read_text(encoding="utf-8").splitlines()
    spot = next(line for line in lines if "megagpu" in line).replace("on_demand", "spot")
    (tmp_path / "day.csv").write_text("\n".join([*lines, spot]) + "\n", encoding="utf-8")
    notes = {
        change.id.rpartition(":")[2]: change.note
        for change in of_kind(read("gpu-price-index", tmp_path / "day.csv", new=True), "new")
    }
    assert notes == {"on_demand": "", "spot": "spot is not below the list price"}


def test_skypilot_against_the_rows_that_came_from_it(tmp_path: Path) -> None:
    reading = read("skypilot", HERE / "verda" / "vms.csv")
    assert not of_kind(reading, "changed")
    lacking = {"verda/2b300.60v/2xb300@fi:spot", "verda/1v100.6v/1xv100-16gb@fi:on_demand"}
    assert {change.id for change in of_kind(reading, "new")} == lacking
    path = moved(tmp_path, "verda/vms.csv", "FIN-02,2.29,0.8015", "FIN-02,2.79,0.8015")
    (change,) = of_kind(changed := read("skypilot", path), "changed")
    assert (change.ours, change.theirs) == (2.29, 2.79)
    (row,) = changed.rows["gpu_prices.csv"]
    assert row["flag"] == f"snapshot date unknown, read on {DAY}"
    assert prices.sort_flag(row["flag"], prices.flag_sorts())[0] == "estimate"


def test_spot_of_several_zones_is_their_median(tmp_path: Path) -> None:
    path = moved(tmp_path, "verda/vms.csv", "FIN-03,6.78,2.373", "FIN-03,6.78,2.6")
    (change,) = of_kind(read("skypilot", path), "changed")
    assert change.theirs == pytest.approx((2.373 + 2.6) / 2)


def test_litellm_against_the_rows_that_came_from_it() -> None:
    reading = read("litellm", HERE / "model_prices_and_context_window.json")
    ids = {change.id.partition(":")[0] for change in reading.changes if change.kind in ("changed", "disagree")}
    assert not ids & {"deepinfra/llama-3.3-70b@unknown", "azure/gpt-5-mini@eu-data-zone", "groq/gpt-oss-120b@unknown"}


def test_a_price_that_moved_at_litellm_is_per_million_tokens(tmp_path: Path) -> None:
    name = "model_prices_and_context_window.json"
    entries = json.loads((HERE / name).read_text(encoding="utf-8"))
    entries["azure/eu/gpt-5-mini-2025-08-07"] |= {
        "output_cost_per_token": 1.8e-6,
        "output_cost_per_token_batches": 9e-7,
    }
    entries["azure/eu/gpt-5-mini"] = entries.pop("azure/eu/gpt-5-mini-2025-08-07")
    entries["groq/openai/gpt-oss-120b"]["input_cost_per_token"] = 1.8e-7
    (tmp_path / name).write_text(json.dumps(entries), encoding="utf-8")
    reading = read("litellm", tmp_path / name)
    found = {change.id: change for change in reading.changes}
    changed = found["azure/gpt-5-mini@eu-data-zone: output"]
    assert (changed.kind, changed.ours) == ("changed", 2.2)
    assert changed.theirs == pytest.approx(1.8)
    other = found["groq/gpt-oss-120b@unknown: input"]  # genai-prices' row: told, never overwritten
    assert (other.kind, other.ours, other.written) == ("disagree", 0.15, False)
    assert other.theirs == pytest.approx(0.18)
    (row,) = reading.rows["api_offers.csv"]
    assert (row["output"], row["batch_output"], row["input"], row["date"]) == ("1.8", "0.9", "0.275", DAY)


def test_what_litellm_no_longer_prices_is_gone(tmp_path: Path) -> None:
    gone = of_kind(read("litellm", HERE / "model_prices_and_context_window.json"), "gone")
    assert "deepinfra/llama-3.1-8b@unknown: output" in {change.id for change in gone}


def test_genai_of_the_same_figures_changes_nothing_that_it_holds(tmp_path: Path) -> None:
    reading = read("genai-prices", wheel(tmp_path))
    assert not of_kind(reading, "changed")
    assert "groq/gemma2-9b-it: output" in {change.id for change in of_kind(reading, "new")}
    assert "anthropic/claude-opus-4.5@global: output" in {change.id for change in of_kind(reading, "gone")}


def test_a_newer_release_becomes_a_row_that_leaves_the_package(tmp_path: Path, figures: Path) -> None:
    path = wheel(
        tmp_path,
        "input_mtok=Decimal('0.05'), output_mtok=Decimal('0.08')",
        "input_mtok=Decimal('0.04'), output_mtok=Decimal('0.08')",
    )
    (change,) = of_kind(reading := read("genai-prices", path), "changed")
    assert (change.id, change.ours, change.theirs) == ("groq/llama-3.1-8b@unknown: input", 0.05, 0.04)
    before = {offer.id: offer for offer in api_offers("2026-11-26")}
    write(reading, figures)
    after = {offer.id: offer for offer in api_offers(DAY)}
    earlier = {offer.id: offer for offer in api_offers("2026-11-26")}
    assert after["groq/llama-3.1-8b"].input_per_mtok == 0.04
    assert after["groq/llama-3.1-8b"].source == "genai-prices 0.2.9 (PyPI, MIT)"
    assert earlier == before
    assert not of_kind(read("genai-prices", path), "changed")  # read again: nothing is left to do


def test_the_json_of_genai_prices_is_read_too(tmp_path: Path) -> None:
    model = {
        "id": "llama-3.1-8b-instant",
        "match": {"equals": "x"},
        "prices": {"input_mtok": 0.06, "output_mtok": 0.08},
    }
    provider = {"id": "groq", "name": "Groq", "api_pattern": "x", "models": [model]}
    for name, whole in (("data.json", {"units": {}, "providers": [provider]}), ("genai-data.json", [provider])):
        (tmp_path / name).write_text(json.dumps(whole), encoding="utf-8")
        (change,) = of_kind(read("genai-prices", tmp_path / name), "changed")
        assert (change.ours, change.theirs) == (0.05, 0.06)


def test_no_code_of_a_wheel_is_run(tmp_path: Path) -> None:
    path = tmp_path / "genai_prices-9-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("genai_prices/data.py", f"providers: list = [open({str(tmp_path / 'made')!r}, 'w')]\n")
    with pytest.raises(InputError, match="installed genai-prices cannot hold"):
        read("genai-prices", path)
    assert not (tmp_path / "made").exists()


def test_installed_packages_are_what_the_tables_hold() -> None:
    assert not of_kind(read("genai-prices", None), "changed")
    assert not read("ecb", None).changes


def test_a_gpu_price_appended_holds_from_its_day_on(tmp_path: Path, figures: Path) -> None:
    path = later(tmp_path, "2026-11-20", "a3-highgpu-8g", "88.49", "80")
    lines = (figures / "gpu_prices.csv").read_text(encoding="utf-8").splitlines()
    write(read("gpu-price-index", path), figures)
    assert (figures / "gpu_prices.csv").read_text(encoding="utf-8").splitlines()[: len(lines)] == lines
    id_ = "gcp/a3-highgpu-8g/8xh100-sxm@us-central1"
    old, new = (
        {price.id: price.price_per_hour for price in load_catalog(as_of=day).gpu_prices}
        for day in ("2026-11-19", "2026-11-20")
    )
    assert (old[f"{id_}:on_demand"], new[f"{id_}:on_demand"]) == (88.49, 80.0)
    assert new[f"{id_}:reserved_1y"] == pytest.approx(
        old[f"{id_}:reserved_1y"] * 80 / 88.49
    )  # the discount of the same list
    assert not of_kind(read("gpu-price-index", path), "changed")


def test_rates_of_the_ecb_in_its_two_forms(tmp_path: Path, figures: Path) -> None:
    assert not read("ecb", HERE / "eurofxref.csv").changes
    path = moved(tmp_path, "eurofxref.csv", "30 October 2026, 1.1172,", "25 November 2026, 1.2,")
    reading = read("ecb", path)
    assert [(change.id, change.ours, change.theirs) for change in reading.changes if change.kind == "changed"] == [
        ("USD", 1.1172, 1.2)
    ]
    with (tmp_path / "hist.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["Date", "USD", "GBP", ""], ["2026-11-25", "1.2", "0.8", ""], ["2026-11-24", "1.1", "N/A", ""]]
        )
    with zipfile.ZipFile(tmp_path / "eurofxref-hist.zip", "w") as archive:
        archive.write(tmp_path / "hist.csv", "eurofxref-hist.csv")
    assert read("ecb", tmp_path / "eurofxref-hist.zip").says == "rates of 2026-11-25"
    write(reading, figures)
    exchange._own_days.cache_clear()
    assert exchange.rate("EUR", "USD", "2026-11-25").value == 1.2
    assert exchange.rate("EUR", "USD", "2026-11-24").value == 1.1172
    assert exchange.rate("EUR", "USD", "2026-11-25").date == "2026-11-25"
    assert next(exchange.series())[0] == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("source", "name", "content", "said"),
    [
        ("gpu-price-index", "day.csv", b"a,b\n1,2\n", "line 1: found the columns a, b; wanted the column date"),
        ("gpu-price-index", "day.csv", b"", "line 1: found the columns nothing"),
        ("gpu-price-index", "day.csv", b"\xff\xfe", "not UTF-8"),
        ("skypilot", "vms.csv", b"x\n1\n", "wanted one in a folder named after its cloud"),
        ("litellm", "litellm.json", b"{", "found no JSON"),
        ("litellm", "litellm.json", b"[]", "JSON without litellm_provider"),
        ("litellm", "litellm.whl", b"PK\x03\x04nothing", "a zip that cannot be read"),
        ("genai-prices", "genai.whl", b"PK\x03\x04nothing", "a zip that cannot be read"),
        ("genai-prices", "data.json", b'{"providers": 3}', "cannot hold"),
        ("ecb", "eurofxref.csv", b"Date,USD\nnever,1.1\n", "line 2: found no row of rates"),
        ("ecb", "eurofxref.csv", b"Date,USD\n2026-11-25,-1\n", "above 0"),
        ("ecb", "eurofxref.zip", b"PK\x03\x04nothing", "a zip that cannot be read"),
    ],
)
def test_a_bad_file_is_bad_input(tmp_path: Path, source: str, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        read(source, tmp_path / name)


@pytest.mark.parametrize(
    ("at", "byte", "said"),
    [
        (6, 1, "is encrypted"),  # of a header's flags the first
        (8, 77, "not supported"),  # of its compression
        (None, 0xFF, "invalid"),  # of the data
    ],
)
def test_a_zip_that_is_locked_odd_or_damaged_is_bad_input(tmp_path: Path, at: int | None, byte: int, said: str) -> None:
    path = tmp_path / "eurofxref.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(HERE / "eurofxref.csv", "eurofxref.csv")
    content = bytearray(path.read_bytes())
    if at is None:
        content[30 + len("eurofxref.csv")] = byte
    else:
        content[at] = content[content.index(b"PK\x01\x02") + 2 + at] = byte
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a zip that cannot be read \(.*{said}"):
        read("ecb", path)


def test_a_zip_of_other_things_is_bad_input(tmp_path: Path) -> None:
    for source, name in (("ecb", "eurofxref.zip"), ("litellm", "litellm.whl"), ("genai-prices", "genai_prices.whl")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("readme.txt", "nothing")
        with pytest.raises(InputError, match="a zip without such a file"):
            read(source, tmp_path / name)


def test_a_cell_that_is_no_number_is_told_with_its_line(tmp_path: Path) -> None:
    path = moved(tmp_path, "2026-10-10.csv", "8,21.6,2.7,1", "8,cheap,2.7,1")
    with pytest.raises(InputError, match='line 2, usd_per_hour: found "cheap"; wanted a number of at least 0'):
        read("gpu-price-index", path)


def test_a_file_tells_its_source() -> None:
    told = {
        path.name: source_of(path) for path in (*HERE.glob("*.csv"), *HERE.glob("*.json"), HERE / "verda" / "vms.csv")
    }
    assert told == {"2026-10-10.csv": "gpu-price-index", "eurofxref.csv": "ecb", "vms.csv": "skypilot",
                    "model_prices_and_context_window.json": "litellm"}  # fmt: skip
    with pytest.raises(InputError, match="name the source"):
        source_of(HERE / "README.md")
