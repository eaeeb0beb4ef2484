"""The command line: the parser, and which command runs. Nothing heavy is imported before it is needed."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Literal

from wizard.arguments import Parser, whole
from wizard.ctrl_c import leaving_at_once
from wizard.exits import Exit, guarded
from wizard.loading import uncollected
from wizard.text.topics import TOPICS

PROFILES = "support-chat, rag-search, code-assistant, bulk-tagging, agents"
FORMATS = ("melange",)
"""Formats of `wizard import`: modules of wizard.importers."""
SHELLS = ("bash", "zsh", "fish")
_COMMANDS = {
    "new": "wizard.commands.solve:new",
    "solve": "wizard.commands.solve:solve",
    "show": "wizard.commands.plans:show_plan",
    "list": "wizard.commands.plans:list_all",
    "diff": "wizard.commands.plans:diff",
    "validate": "wizard.commands.checks:validate",
    "import": "wizard.commands.importing:import_scenario",
    "schema": "wizard.commands.checks:schema",
    "catalog": "wizard.commands.catalog:catalog",
    "explain": "wizard.commands.explain:explain",
    "why-not": "wizard.commands.why_not:why_not_command",
    "sweep": "wizard.commands.sweep:run_sweep",
    "predict": "wizard.commands.predict:predict_command",
    "measure": "wizard.commands.measure:measure",
    "serve": "wizard.commands.serve:run_serve",
    "completion": "wizard.commands.completion:completion",
    "help": "wizard.commands.checks:topic",
    "": "wizard.commands.start:start",
}


MOST_COUNTED = 100_000
"""Worlds, seeds and workers go up to this."""
_count = whole(0, MOST_COUNTED, "a whole number")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wizard` and return its exit code; argparse itself exits with 0 after --help."""
    return guarded(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    known = parser()
    options, left = known.parse_known_args(arguments)
    if left:
        _of(known, options.command).unknown(left)
    if getattr(options, "out", None) == "":
        from catalogs.toml_file import Fault, InputError

        raise InputError(Fault("--out", "", '""', "a file to write"))
    module, _, function = _COMMANDS[options.command or ""].partition(":")
    with uncollected(), leaving_at_once():
        command = getattr(import_module(module), function)
    code: int = command(options)
    return code


def _of(top: Parser, command: str | None) -> Parser:
    """The parser of a command, or of `wizard` itself."""
    below = next(each for each in top._actions if isinstance(each, argparse._SubParsersAction))
    return below.choices[command] if command else top


def face(plain: bool = False) -> Literal["screens", "plain", "none"]:
    """How to talk to the person: the app reads stdin and paints on stderr; none without a terminal, unless asked."""
    if plain:
        return "plain"
    if os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver"):  # wizard serve: pipes to a browser
        return "screens"
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return "none"
    unseen = os.environ.get("ACCESSIBLE", "") not in ("", "0") or os.environ.get("TERM", "dumb") == "dumb"
    return "plain" if unseen else "screens"


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata  # two thirds of what --help would load

        with suppress(OSError, AttributeError):  # stdout closed or full, as argparse's own --help has it
            sys.stdout.write(f"wizard {metadata.version('wizard')}\n")
            sys.stdout.flush()
        parser.exit(Exit.DONE)


def parser() -> Parser:
    """The parser of every command."""
    top = Parser(
        prog="wizard",
        description="Should we host our own LLM, or keep paying for APIs? A proven plan, with bill and reasons.",
        epilog="Without a command: the screens; without a terminal: the shipped example's plan. "
        "Topics: wizard help " + "|".join(TOPICS) + ".",
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    top.add_argument("--plans", metavar="DIR", help="folder of the plans (default: $WIZARD_PLANS, else saved_plans)")
    top.add_argument("--plain", action="store_true", help="questions line by line, nothing painted (or ACCESSIBLE=1)")
    top.add_argument("--ascii", action="store_true", help="screens in ASCII only")
    top.add_argument("--mouse", action="store_true", help="let the screens take the mouse")
    top.add_argument("-v", "--verbose", action="store_true", help="say on stderr what is being done")
    commands: argparse._SubParsersAction[Any] = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--plans", metavar="DIR", help="folder of the plans")
    common.add_argument("-v", "--verbose", action="store_true", help="say on stderr what is being done")
    output = _group("--json", "print JSON", "--out", "write there what would be printed")
    overlay = argparse.ArgumentParser(add_help=False)
    overlay.add_argument("--overlay", metavar="FILE", action="append", default=[],
                         help="your own prices, models, rates: TOML over the catalog; may be repeated")  # fmt: skip
    solving = _solving()

    def command(name: str, says: str, *parents: argparse.ArgumentParser, more: str = "") -> argparse.ArgumentParser:
        made: Parser = commands.add_parser(
            name, help=says, description=says[0].upper() + says[1:] + ".", epilog=more, allow_abbrev=False,
            parents=[*parents, common],
        )  # fmt: skip
        return made

    new = command("new", "solve a profile with your numbers and save the plan", solving, overlay,
                  more="Saves NAME.toml in the plans' folder, or --out FILE; a taken name is refused.")  # fmt: skip
    new.add_argument("name", metavar="NAME", help="name of the plan: small letters, digits, - and _")
    new.add_argument("--profile", metavar="P", help=f"{PROFILES}, or a scenario or plan to start from")
    new.add_argument("--yes", action="store_true", help="ask nothing: keep each default that --set does not change")
    new.add_argument("--plain", action="store_true", default=argparse.SUPPRESS, help="ask line by line")
    new.add_argument("--explain", action="store_true", help="hold in the plan what requirements cost, and what "
                     "would enter: many more solves")  # fmt: skip
    new.add_argument("--json", action="store_true", help="print the plan as JSON")
    new.add_argument("--toml", action="store_true", help="print the saved TOML")
    new.add_argument("--out", metavar="FILE", help="save the plan to this file")

    solve = command("solve", "solve a scenario (or a plan's scenario) and print the plan", solving, overlay)
    solve.add_argument("file", metavar="FILE", help="scenario or plan: a file, or the name of a plan")
    solve.add_argument("--explain", action="store_true", help="hold in the plan what requirements cost, and what "
                     "would enter: many more solves")  # fmt: skip
    solve.add_argument("--json", action="store_true", help="print the plan as JSON (wizard help json)")
    solve.add_argument("--toml", action="store_true", help="print the plan as the TOML that is saved")
    solve.add_argument("--out", metavar="FILE",
                       help="write there what would be printed; a name that ends in .toml saves the plan")  # fmt: skip

    show = command("show", "print a saved plan", output)
    show.add_argument("plan", metavar="PLAN", help="a plan file, or the name of a plan")
    show.add_argument("--toml", action="store_true", help="print the TOML")
    show.add_argument("--all", action="store_true", help="every refusal that the file holds")
    command("list", "list the saved plans", output)
    diff = command("diff", "what changed between two plans", output)
    diff.add_argument("old", metavar="OLD", help="a plan file, or the name of a plan")
    diff.add_argument("new", metavar="NEW", help="a plan file, or the name of a plan")
    diff.add_argument("--split", action="store_true", help="how much of the difference is by prices, by you and by the "
                      "model: solves the old answers again")  # fmt: skip
    diff.add_argument("--flips", action="store_true", help="where each lever flips either plan: a minute and more")
    diff.add_argument("--exit-code", action="store_true", help=f"exit with {Exit.CHANGED:d} when something changed")
    validate = command("validate", "check scenarios, plans and overlays, telling every fault", overlay)
    validate.add_argument("files", metavar="FILE", nargs="+", help="scenario, plan or overlay")
    validate.add_argument("--json", action="store_true", help="print the faults as JSON")
    imports = command("import", "make a scenario of another tool's input", more="FORMAT melange: the JSON of the GPU "
                      "allocator of arXiv:2404.14527. A file that is there is never written over.")  # fmt: skip
    imports.add_argument("format", metavar="FORMAT", choices=FORMATS, help="one of " + ", ".join(FORMATS))
    imports.add_argument("file", metavar="FILE", help="the other tool's file")
    imports.add_argument("--out", metavar="SCENARIO", help="write the scenario there")
    schema = command("schema", "print the JSON Schema of the scenario, for editors")
    schema.add_argument("--out", metavar="FILE", help="write it there")
    catalog = command("catalog", "the figures behind the plans, each with source and date", output, overlay)
    catalog.add_argument("table", metavar="TABLE", nargs="?", help="gpus, models, prices, apis, ...; none: the tables; "
                         "or quality (which models keep a floor), refresh (what has moved at the sources), holes "
                         "(what is unknown)")  # fmt: skip
    catalog.add_argument("id", metavar="ID", nargs="*", help="one row, or the rows whose id holds this; of refresh: "
                         "SOURCE..., of holes: SCENARIO|PLAN..., of quality: PROFILE|SCENARIO|PLAN")  # fmt: skip
    refresh = catalog.add_argument_group("of refresh")
    refresh.add_argument("--from", metavar="PATH", action="append", default=[], dest="files",
                         help="read the source from this file: a wheel, JSON, CSV or zip; may be repeated")  # fmt: skip
    refresh.add_argument("--write", action="store_true", help="append dated rows to the tables; nothing is overwritten")
    refresh.add_argument("--new", action="store_true", help="append GPU prices too that the tables lack")
    refresh.add_argument("--date", metavar="DAY", help="day of a source that states none (default: today)")
    catalog.add_argument("--currency", metavar="CUR", default="USD", help="money in this currency (default USD)")
    _measure(command("measure", "put your own benchmarks in the place of the model's speeds", overlay, more="FILE: a "
                     "result of vllm bench serve, GuideLLM 0.8 or aiperf; wizard help measure says more."))  # fmt: skip
    _predict(
        command(
            "predict",
            "what one replica does: memory, speed, the highest rate at an SLO",
            output,
            overlay,
            more="One replica, or rows of measurements with --csv FILE; wizard help predict says more.",
        )
    )
    explain = command("explain", "why this plan, or which demands leave none", solving, overlay,
                      more="Where nothing fits: the smallest sets of demands in conflict; exit code 3.")  # fmt: skip
    explain.add_argument("file", metavar="PLAN_OR_SCENARIO", help="a file, or the name of a plan")
    explain.add_argument("--segment", metavar="S", help="only what is of this segment")
    explain.add_argument("--quick", action="store_true", help="without what takes many more solves: the prices of "
                         "requirements, the options that would enter, the flips")  # fmt: skip
    explain.add_argument("--flips", type=_seconds, metavar="SECONDS",
                         help="to look for what would flip the decision (default: 60, or what the plan holds; 0: do "
                         "not)")  # fmt: skip
    explain.add_argument("--keep", action="store_true", help="hold what is found in the plan's own file: reasons, "
                         "flips, doubts in order; the plan itself stays as it is")  # fmt: skip
    _how_sure(explain)
    explain.add_argument("--json", action="store_true", help="print JSON (wizard help explain)")
    explain.add_argument("--out", metavar="FILE", help="write there what would be printed")
    why_not = command("why-not", "why not this option: its refusal, or the price at which it would enter", solving,
                      overlay, more="The table is cut after --limit seconds, the nearest options first.")  # fmt: skip
    why_not.add_argument("plan", metavar="PLAN", help="a plan or scenario: a file, or the name of a plan")
    why_not.add_argument("--segment", metavar="S", help="only options that may serve this segment")
    why_not.add_argument("--option", metavar="O", help="only options whose id holds this")
    why_not.add_argument("--json", action="store_true", help="print JSON (wizard help why-not)")
    why_not.add_argument("--out", metavar="FILE", help="write there what would be printed")
    _sweep(command("sweep", "the cost of every strategy along one lever, or a map of two", overlay,
                   more="RANGE: 0.1x..10x, -50%%..+50%%, steps -1..+1, or a list; see wizard help sweep."))  # fmt: skip
    serve = command("serve", "the screens in a browser, on this machine alone unless told otherwise",
                    more="Needs the extra web: pip install 'wizard[web]'. The address works once.")  # fmt: skip
    serve.add_argument("--host", metavar="HOST", default="127.0.0.1", help="address to listen at (default 127.0.0.1)")
    serve.add_argument(
        "--port",
        metavar="PORT",
        type=whole(0, 65_535, "a port"),
        default=8000,
        help="port (default 8000; 0: any free one)",
    )
    shells = command("completion", "print the script that completes wizard in a shell",
                     more='In ~/.bashrc: eval "$(wizard completion bash)"; zsh, fish: see its top.')  # fmt: skip
    shells.add_argument("shell", metavar="SHELL", choices=SHELLS, help="one of " + ", ".join(SHELLS))
    topic = command("help", "explain a topic: " + ", ".join(TOPICS),
                    more="wizard help man | man -l - shows all of it as the man page wizard(1).")  # fmt: skip
    topic.add_argument("topic", metavar="TOPIC", nargs="?", choices=[*TOPICS, "man"],
                       help="one of " + ", ".join(TOPICS) + ", man")  # fmt: skip
    return top


def _how_sure(parser: argparse.ArgumentParser) -> None:
    sure = parser.add_argument_group("how sure (wizard help worlds)")
    sure.add_argument("--worlds", type=_count, nargs="?", const=500, default=0, metavar="N",
                      help="cost, winners and regret over N worlds (500), drawn from stated ranges")  # fmt: skip
    sure.add_argument("--seed", type=_count, default=0, metavar="S", help="of the worlds (default 0)")
    sure.add_argument("--robust", type=_robust, metavar="BY",
                      help="a robust decision: regret, or q90: least cost at 90%% of the worlds")  # fmt: skip
    sure.add_argument("--doubts", action="store_true", help="what to settle first, by what it decides")
    sure.add_argument("--stress", action="store_true", help="which limits break at 1.5 times load and slowness")
    sure.add_argument("--workers", type=_count, default=0, metavar="N", help="processes (default: the cores)")


def _robust(text: str) -> str:
    if text != "regret" and not (
        text.isascii() and text[:1] == "q" and text[1:].isdigit() and len(text) < 4 and 0 < int(text[1:]) < 100
    ):
        raise argparse.ArgumentTypeError(f"found {text[:48]!r}; wanted regret, or a quantile such as q90")
    return text


def _group(*options: str) -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    json_flag, json_says, out_flag, out_says = options
    group.add_argument(json_flag, action="store_true", help=json_says)
    group.add_argument(out_flag, metavar="FILE", help=out_says)
    return group


def _measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="result files of a benchmark of one replica")
    parser.add_argument("--model", metavar="ID", help="model of the catalog (default: by the file's name of it)")
    parser.add_argument("--gpu", metavar="ID", help="GPU that was measured")
    parser.add_argument("--tp", metavar="N", help="tensor parallel size: GPUs of the replica")
    parser.add_argument("--precision", metavar="ID", help="weight format that was measured")
    parser.add_argument("--engine", metavar="ID", help="engine that was measured")
    parser.add_argument("--into", metavar="OVERLAY", help="put the points at the end of this overlay, or make it")
    parser.add_argument("--json", action="store_true", help="print what was read as JSON")


def _predict(parser: argparse.ArgumentParser) -> None:
    for name, metavar, says in (
        ("model", "ID", "a model of wizard catalog models"),
        ("precision", "ID", "weight format (default: the model's native one)"),
        ("gpu", "ID", "a GPU of wizard catalog gpus"),
        ("tp", "N", "GPUs that share each weight (default 1)"),
        ("dp", "N", "attention data-parallel groups (default 1)"),
        ("gpus", "N", "GPUs of the replica, split as suits the model, in place of --tp and --dp"),
        ("engine", "ID", "inference server (default vllm)"),
        ("input", "TOKENS", "tokens of a request in: a mean, or p50 / p95 such as '1.2k / 4k'"),
        ("output", "TOKENS", "tokens out"),
        ("concurrency", "N", "requests in flight; several: 1,8,64"),
        ("ttft", "TIME", "limit of the highest rate, such as '800 ms'"),
        ("tpot", "TIME", "limit of the highest rate"),
        ("rate", "RATE", "max: the highest; or a rate of arrivals, such as 5/s"),
        ("percentile", "P", "of the limits (default p95)"),
        ("csv", "FILE", "predict each row of a file of measurements instead"),
    ):
        parser.add_argument(f"--{name}", metavar=metavar, help=says)


def _sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="scenario or plan: a file, or the name of a plan")
    parser.add_argument("--vary", metavar="LEVER=RANGE", action="append", default=[],
                        help="what to vary, such as requests=0.1x..10x; twice for a map")  # fmt: skip
    parser.add_argument(
        "--points",
        type=whole(2, MOST_COUNTED, "points"),
        metavar="N",
        help="points along each range (default 25, of two ranges 9)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV")
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--plot", action="store_true", help="draw the curves, or the map")
    parser.add_argument("--ascii", action="store_true", default=argparse.SUPPRESS, help="draw in ASCII only")
    parser.add_argument("--out", metavar="FILE", help="write there what would be printed")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="sets", help="set a key first")
    parser.add_argument("--gap", type=_gap, default=1e-3, help="proven gap to stop at (default 1e-3)")
    parser.add_argument("--limit", type=_limit, default=10.0, metavar="SECONDS", help="of each solve (default 10)")
    parser.add_argument("--jobs", type=_jobs, default=-1, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--backend", choices=("loky", "dask", "ray"), default="loky", help="this machine, or a cluster")
    parser.add_argument("--address", metavar="URL", help="the cluster's, such as tcp://10.0.0.1:8786")


def _solving() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="sets",
                       help="set a key: chat.requests=80k/day, policy.headroom=30%%; may be repeated")  # fmt: skip
    group.add_argument("--gap", type=_gap, default=1e-4, help="proven gap to stop at (default 1e-4)")
    group.add_argument("--limit", type=_limit, default=60.0, metavar="SECONDS", help="time limit (default 60)")
    group.add_argument("--all", action="store_true", help="every refusal, not the 50 nearest to passing")
    return group


def _jobs(text: str) -> int:
    if text != "-1" and not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST_JOBS):
        raise argparse.ArgumentTypeError(f"found {text[:48]!r}; wanted 1 to {MOST_JOBS} processes, or -1: one a core")
    return int(text)


MOST_JOBS = 1024


def _gap(text: str) -> float:
    return _number(text, 0.0, 1.0, "a share from 0 to 1, such as 1e-4")


def _seconds(text: str) -> float:
    return _number(text.removesuffix("s"), 0.0, 86400.0, "seconds from 0 to 86400, such as 60")


def _limit(text: str) -> float:
    return _number(text.removesuffix("s"), 0.01, 86400.0, "seconds from 0.01 to 86400, such as 60")


def _number(text: str, low: float, high: float, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"found {text[:48]!r}; wanted {wanted}")
    return value
