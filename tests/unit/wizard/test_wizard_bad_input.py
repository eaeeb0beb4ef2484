"""Bad input through the command line: a clear line with the key and what is wanted, exit 2, no traceback, no file."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from made_plans import Faked, fake_decide, plan, run

from wizard.cli import main

SEGMENT = {"requests": "60k/day", "input_tokens": "1.2k", "output_tokens": 250}


@pytest.fixture(autouse=True)
def decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faked:
    """An empty home, and a solver that must not be asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("WIZARD_PLANS", raising=False)
    return fake_decide(monkeypatch, plan())


def chat(**changes: Any) -> dict[str, Any]:
    """A scenario of one segment with some keys changed; a key of `...` is left out."""
    return {"segment": {"chat": {k: v for k, v in {**SEGMENT, **changes}.items() if v is not ...}}}


def policy(**rules: Any) -> dict[str, Any]:
    return {**chat(), "policy": rules}


def top(**tables: Any) -> dict[str, Any]:
    return {**chat(), **tables}


# What stands in the file, the key that the message must name, and words of what is wanted.
SCENARIOS: list[tuple[dict[str, Any], str, str]] = [
    # Nothing, or nothing to serve.
    ({}, "segment", "found nothing"),
    ({"segment": {}}, "segment", "at least 1 entry"),
    ({"segment": {"chat": {}}}, "segment.chat.requests", "found nothing"),
    ({"segment": 3}, "segment", "a table"),
    ({"segment": {"chat": 3}}, "segment.chat", "a table"),
    ({"segment": [{"requests": "1/s"}]}, "segment", "a table"),
    (chat(requests=...), "segment.chat.requests", "found nothing"),
    (chat(output_tokens=...), "segment.chat.output_tokens", "found nothing"),
    # Unknown keys, with the nearest spelling.
    (top(horizn="12 months"), "horizn", "did you mean horizon?"),
    (chat(reqests="60k/day"), "segment.chat.reqests", "did you mean requests?"),
    (policy(headrom="50%"), "policy.headrom", "did you mean headroom?"),
    (top(teem={"setup_weeks": 3}), "teem", "did you mean team?"),
    (chat(quality="med"), "segment.chat.quality", "low, mid, high, frontier"),
    (chat(task="chatt"), "segment.chat.task", "did you mean chat?"),
    (policy(purchase_types=["ondemand"]), "policy.purchase_types", "did you mean on_demand?"),
    (top(checklist={"laod": 2}), "checklist", "items of the checklist"),
    # A number without a unit where one is needed, and units of something else: "1.2M" in every field.
    (chat(requests=60000), "segment.chat.requests", "60k/day"),
    (chat(requests="1.2M"), "segment.chat.requests", "60k/day"),
    (chat(requests="60k/fortnight"), "segment.chat.requests", "s, minute, hour, day, week, month, year"),
    (chat(requests={"amount": 3, "per": "fortnight"}), "segment.chat.requests", "a period"),
    (chat(input_tokens="1.2M/day"), "segment.chat.input_tokens", "1.2k / 4k"),
    (chat(input_tokens="4k / 1.2k"), "segment.chat.input_tokens", "the p95 is at least the p50"),
    (chat(output_tokens="many"), "segment.chat.output_tokens", "1.2k / 4k"),
    (chat(ttft=800), "segment.chat.ttft", "800 ms"),
    (chat(ttft="1.2M"), "segment.chat.ttft", "800 ms"),
    (chat(tpot="50"), "segment.chat.tpot", "800 ms"),
    (chat(shared_prefix="1.2M"), "segment.chat.shared_prefix", "30%"),
    (chat(shared_prefix=30), "segment.chat.shared_prefix", "from 0 to 1"),
    (chat(growth="1.2M"), "segment.chat.growth", "30%"),
    (chat(percentile="1.2M"), "segment.chat.percentile", "p95"),
    (chat(coverage="1.2M"), "segment.chat.coverage", "30%"),
    (chat(may_wait="1.2M"), "segment.chat.may_wait", "true or false"),
    (chat(features="1.2M"), "segment.chat.features", "a list"),
    (chat(max_retention_days="1.2M"), "segment.chat.max_retention_days", "a whole number"),
    (chat(network="1.2M"), "segment.chat.network", "air_gapped"),
    (chat(license="1.2M"), "segment.chat.license", "a list"),
    (top(horizon="1.2M"), "horizon", "12 months"),
    (top(horizon=12), "horizon", "12 months"),
    (top(currency="1.2M"), "currency", "EUR"),
    (top(blocks="1.2M"), "blocks", "a whole number"),
    (top(load="1.2M"), "load", "a load shape of the catalog"),
    (top(team={"engineer_cost": "1.2M"}), "team.engineer_cost", "money per period, such as 18k/month"),
    (top(team={"setup_weeks": "1.2M"}), "team.setup_weeks", "a number"),
    (policy(budget="1.2M"), "policy.budget", "money per period, such as 18k/month"),
    (policy(headroom="1.2M"), "policy.headroom", "30%"),
    (policy(capital="1.2M"), "policy.capital", "a number"),
    (policy(gpus_available={"lambda": "1.2M"}), "policy.gpus_available.lambda", "a whole number"),
    (top(today={"bill": "1.2M"}), "today.bill", "money per period, such as 18k/month"),
    # Negative, zero, absurd, not finite.
    (chat(requests="-60k/day"), "segment.chat.requests", "60k/day"),
    (chat(requests="0/day"), "segment.chat.requests", "more than 0"),
    (chat(requests="9e9/s"), "segment.chat.requests", "60k/day"),
    (chat(requests="999G/s"), "segment.chat.requests", "at most 1M/s"),
    (chat(requests="9" * 400 + "/s"), "segment.chat.requests", "a finite number"),
    (chat(input_tokens=0), "segment.chat.input_tokens", "more than 0"),
    (chat(input_tokens=-5), "segment.chat.input_tokens", "at least 0"),
    (chat(input_tokens="900M"), "segment.chat.input_tokens", "at most 20000000"),
    (chat(output_tokens=0), "segment.chat.output_tokens", "at least 1"),
    (chat(output_tokens=float("nan")), "segment.chat.output_tokens", "at most 20000000"),
    (chat(ttft="0 ms"), "segment.chat.ttft", "more than 0"),
    (chat(ttft="9M s"), "segment.chat.ttft", "at most 3600000"),
    (chat(growth=-1.0), "segment.chat.growth", "more than -1"),
    (chat(max_retention_days=-1), "segment.chat.max_retention_days", "at least 0"),
    (top(horizon="0 months"), "horizon", "at least 1"),
    (top(horizon="900 years"), "horizon", "at most 120"),
    (top(blocks=0), "blocks", "at least 1"),
    (top(blocks=10**30), "blocks", "at most 168"),
    (top(blocks=2.5), "blocks", "a whole number"),
    (top(team={"setup_weeks": -1}), "team.setup_weeks", "at least 0"),
    (top(team={"operations_fte": 4000}), "team.operations_fte", "at most 20"),
    (top(team={"engineer_cost": "900G/s"}), "team.engineer_cost", "money of at most"),
    (policy(capital=float("inf")), "policy.capital", "a finite number"),
    (policy(headroom="9000%"), "policy.headroom", "at most 10"),
    (policy(max_pool_designs=-1), "policy.max_pool_designs", "at least 0"),
    (policy(gpus_available={"lambda": -8}), "policy.gpus_available.lambda", "at least 0"),
    (chat(users_in={"eu": "60%", "us": "60%"}), "segment.chat.users_in", "add to 100%"),
    (top(checklist={"load": 99}), "checklist", "an answer from 0"),
    # A yes or no where a number is wanted, and the other way about.
    (top(blocks=True), "blocks", "a whole number"),
    (policy(headroom=True), "policy.headroom", "30%"),
    (policy(people=1), "policy.people", "true or false"),
    (chat(may_wait="yes"), "segment.chat.may_wait", "true or false"),
    (chat(requests=True), "segment.chat.requests", "60k/day"),
    (chat(max_retention_days=True), "segment.chat.max_retention_days", "a whole number"),
    # Names.
    ({"segment": {"x" * 41: SEGMENT}}, "segment", "up to 40 small letters"),
    ({"segment": {"Chat bot": SEGMENT}}, "segment", "up to 40 small letters"),
    ({"segment": {"": SEGMENT}}, "segment", "up to 40 small letters"),
    (top(today={"served_by": {"chatt": "a/b"}}), "today.served_by.chatt", "did you mean chat?"),
]


@pytest.mark.parametrize(("tables", "key", "says"), SCENARIOS, ids=[f"{key}: {says}" for _, key, says in SCENARIOS])
def test_a_bad_scenario_is_told_by_key(
    tables: dict[str, Any], key: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], decide: Faked
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(tomli_w.dumps(tables))
    assert run("solve", str(path), "--out", "result.toml") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"wizard: {path}: {key}" in printed.err
    assert says in printed.err
    assert_quiet(printed.err)
    assert decide.asked == []
    assert {each.name for each in tmp_path.iterdir()} == {"bad.toml"}
    assert run("validate", str(path)) == 2


# Files that are no scenario at all: what they hold, and what must be said.
FILES: list[tuple[str, bytes, str]] = [
    ("an empty file", b"", "segment: found nothing"),
    ("truncated in a string", b'[segment.chat]\nrequests = "60k/d', "line 2"),
    ("truncated in a key", b"[segment.chat]\nrequests", "line 2"),
    ("truncated in a table", b'[segment.chat]\nrequests = "60k/day"\n[segm', "the file breaks off here"),
    ("truncated in a list", b"[policy]\nmay_use = [", "line 2"),
    ("a key twice", b'horizon = "1 year"\nhorizon = "2 years"\n', "line 2"),
    ("no TOML", b"requests: 60k\n", "line 1"),
    ("no text", b"\x00\x01\xff\xfe", "not UTF-8"),
    ("UTF-16", "a = 1".encode("utf-16"), "not UTF-8"),
    ("deep", b"a = " + b"[" * 100_000, "nested too deeply"),
    ("a deep table", b"[" + b".".join([b"a"] * 3000) + b"]\n", "nested too deeply"),
    ("50 MB", b"#" * 50_000_000, "more than 5 MB"),
    ("50 MB of keys", b"a" * 50_000_000, "more than 5 MB"),
    ("a huge number", b"blocks = " + b"9" * 5000, "cannot be read"),
    ("a newer plan", b'schema = "wizard.plan/2"\n', "a newer wizard wrote it"),
    ("a much newer plan", b'schema = "wizard.plan/123456789012"\n[plan]\n', "a newer wizard wrote it"),
    ("a plan of nobody", b'schema = "mine"\n', 'wanted "wizard.plan/1"'),
    ("a plan without a scenario", b'schema = "wizard.plan/1"\n', "scenario"),
    ("a plan cut after the scenario", b'[scenario]\n[plan]\nstatus = "opt', "line 3"),
]


@pytest.mark.parametrize(("content", "says"), [(c, s) for _, c, s in FILES], ids=[name for name, _, _ in FILES])
@pytest.mark.parametrize("command", ["solve", "show", "validate", "explain", "why-not", "sweep --vary requests=1x"])
def test_a_file_that_is_no_scenario_and_no_plan_is_told(
    command: str, content: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    name, *more = command.split()
    assert run(name, str(path), *more) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err or (command == "show" and "a saved plan" in printed.err)
    assert str(path) in printed.err
    assert_quiet(printed.err)


ARGUMENTS: list[tuple[tuple[str, ...], str]] = [
    (("solve", "nowhere.toml"), "no such file"),
    (("solve", "."), "a directory"),
    (("solve", "x" * 5000), "no such file"),
    (("solve", "a\0b"), "no such file"),
    (("show", "nowhere"), "no such file"),
    (("diff", "nowhere", "nowhere2"), "2 faults"),
    (("validate", "nowhere.toml"), "no such file"),
    (("new", "bot"), "--profile: found nothing"),
    (("new", "bot", "--profile", "suport-chat"), "did you mean support-chat?"),
    (("new", "Bot!", "--profile", "support-chat"), "small letters"),
    (("new", "../bot", "--profile", "support-chat"), "small letters"),
    (("new", "bot", "--profile", "support-chat", "--set", "chat.requests"), "KEY=VALUE"),
    (("new", "bot", "--profile", "support-chat", "--set", "chat.requests=1.2M"), "60k/day"),
    (("new", "bot", "--profile", "support-chat", "--set", "caht.requests=1/s"), "did you mean chat?"),
    (("new", "bot", "--profile", "support-chat", "--overlay", "nowhere.toml"), "no such file"),
    (("new", "bot", "--profile", "support-chat", "--gap", "2"), "a share from 0 to 1"),
    (("new", "bot", "--profile", "support-chat", "--gap", "nan"), "a share from 0 to 1"),
    (("new", "bot", "--profile", "support-chat", "--limit", "0"), "seconds from"),
    (("new", "bot", "--profile", "support-chat", "--limit", "soon"), "seconds from"),
    (("list", "--plans", "nowhere"), "no such folder"),
    (("catalog", "gpuz"), "did you mean gpus?"),
    (("list", "--plans", "x" * 300), "cannot be listed"),
    (("new", "bot", "--profile", "support-chat", "--set", "chat.requests.amount=3"), "--set: segment.chat.requests"),
    (("new", "bot", "--profile", "support-chat", "--set", "sources.x=\udcff"), "text in UTF-8"),
    (("help", "me"), 'wizard help: TOPIC: found "me"; wanted one of environment, exit-codes'),
    (("slove", "x"), 'wizard: arguments: found "slove"; wanted one of new, solve'),
    (("slove", "x"), "(did you mean solve?)"),
    (("solve",), "wizard solve: FILE: found nothing; wanted scenario or plan"),
    (("diff",), "wizard diff: NEW: found nothing"),
    (("solve", "x", "--jsno"), 'wizard solve: found "--jsno"; wanted an option that it has (did you mean --json?)'),
    (("--bogus",), 'wizard: arguments: found "--bogus"'),
    (("solve", "x", "--json=3"), 'wizard solve: --json: found "3"; wanted no value'),
    (("list", "extra"), 'wizard list: found "extra"; wanted no further argument'),
    (("sweep", "x", "--vary"), "wizard sweep: --vary: found nothing; wanted what to vary"),
    (("sweep", "x", "--csv", "--json"), "--json: found --csv too; wanted one of the two"),
    (("sweep", "x", "--points", "-3"), '--points: found "-3"; wanted points from 2'),
    (("sweep", "x", "--backend", "rey"), "(did you mean ray?)"),
    (("serve", "--port", "-1"), 'wizard serve: --port: found "-1"; wanted a port from 0 to 65535'),
    (("import", "melang", "x"), "(did you mean melange?)"),
    (("completion", "fsh"), "(did you mean fish?)"),
    (("explain", "x", "--worlds", "1.5"), '--worlds: found "1.5"; wanted a whole number from 0 to 100000'),
    (("solve", "x", "--limit", "-3"), '--limit: found "-3"; wanted seconds from 0.01'),
]


@pytest.mark.parametrize(
    ("arguments", "says"), ARGUMENTS, ids=[" ".join(a)[:60].replace("\0", "0") for a, _ in ARGUMENTS]
)
def test_wrong_arguments_are_told(
    arguments: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], decide: Faked
) -> None:
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert_quiet(printed.err)
    assert decide.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plans").write_text("I am a file")
    for folder in ("plans", "x" * 300):
        assert run("new", "bot", "--profile", "support-chat", "--yes", "--plans", folder) == 2
        assert f"wizard: {folder}" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["plans"]


def test_an_overlay_with_faults_names_its_file_and_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    overlay = tmp_path / "mine.toml"
    overlay.write_text('[gpu_prices."lambda/x"]\nprice_per_hour = -2\ngpu = "h100-sxm"\n[gpuz.a]\nmemory_gb = 80\n')
    assert main(["validate", str(overlay)]) == 2
    printed = capsys.readouterr().err
    assert f"{overlay}: gpu_prices" in printed
    assert "found -2" in printed
    assert "gpuz: found an unknown table" in printed


# What only the catalog tells: the key that the message must name, and words of what is wanted.
NAMES: list[tuple[dict[str, Any], str, str]] = [
    (top(currency="DEM"), "currency", "a currency quoted on"),
    (policy(must_use=["lamda"]), "policy.must_use", "did you mean lambda?"),
    (policy(must_use=["lamda/*"]), "policy.must_use", "did you mean lambda?"),
    (
        policy(must_use=["nope/*"]),
        "policy.must_use",
        "such as openai/* or h100-sxm; wizard catalog",
    ),
    (policy(gpus_available={"lamda": 3}), "policy.gpus_available.lamda", "did you mean lambda?"),
    (top(today={"served_by": {"chat": "3"}}), "today.served_by.chat", "an option id"),
    (chat(users_in="atlantis"), "segment.chat.users_in", "an area or a country"),
    (chat(processing_in="earth"), "segment.chat.processing_in", "codes of two letters"),
    ({**chat(growth="1000%"), "horizon": "120 months"}, "segment.chat.growth", "10M requests/s at the end"),
]


@pytest.mark.parametrize(("tables", "key", "says"), NAMES, ids=[f"{key}: {says}" for _, key, says in NAMES])
@pytest.mark.parametrize("command", ["solve", "validate"])
def test_a_name_that_the_catalog_does_not_know_is_told_with_its_file(
    command: str, tables: dict[str, Any], key: str, says: str,
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.undo()
    path = tmp_path / "bad.toml"
    path.write_text(tomli_w.dumps(tables))
    assert main([command, str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{path}: {key}" in printed.err
    assert says in printed.err
    assert_quiet(printed.err)


def test_the_table_of_bad_scenarios_is_long() -> None:
    assert len(SCENARIOS) + len(FILES) + len(ARGUMENTS) >= 100


def assert_quiet(told: str) -> None:
    """Short lines of ours only."""
    assert "Traceback" not in told
    assert "our fault" not in told

    assert all(len(line) < 700 for line in told.splitlines())


@pytest.mark.parametrize("command", ["solve", "explain", "why-not"])
@pytest.mark.parametrize(
    ("out", "says"), [(".", "found a folder; wanted a file to write"), ("file/x", "found a file; wanted a folder")]
)
def test_what_cannot_be_written_is_told_before_the_solve(
    command: str, out: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], decide: Faked
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "good.toml").write_text(tomli_w.dumps(chat()))
    assert run(command, "good.toml", "--out", out) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert decide.asked == []
