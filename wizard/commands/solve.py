"""`wizard new` and `wizard solve`: read, decide, save, print, exit code."""

import argparse
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from catalogs.exchange import FILE as EXCHANGE
from catalogs.profiles import profiles
from catalogs.toml_file import Fault, InputError
from solver.plan import Plan, nearest, rounded
from solver.scenario import FILE, Scenario
from wizard.cli import PROFILES, face
from wizard.commands.find import find_file
from wizard.ctrl_c import in_a_thread
from wizard.exits import Exit, say
from wizard.progress import at_most_two_a_second
from wizard.scenario_file import Question, question_of, read_question
from wizard.store import (
    SavedPlan,
    checked_name,
    load,
    plans_folder,
    refuse_taken,
    refuse_unwritable,
    to_toml,
    write_plan,
    write_whole,
)
from wizard.text import show
from wizard.text.json import json_text
from wizard.text.plan import plan_text
from wizard.text.tables import share

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.solve import Progress


def new(options: argparse.Namespace) -> int:
    """Solve a profile with the user's numbers, save the plan, print it; with a terminal and no --yes, the app."""
    name = checked_name(options.name)
    path = Path(options.out) if options.out else plans_folder(options.plans) / f"{name}.toml"
    refuse_taken(path)
    refuse_unwritable(path)
    if not options.yes and face(options.plain) != "none":
        from wizard.commands.start import talk

        return talk(options, name=name, profile=options.profile or "", sets=tuple(options.sets))
    question = _profile_question(options)
    plan = decided(question, options)
    saved = SavedPlan(name, today(), question.scenario, plan)
    if plan.total_per_month is None:
        say("wizard: nothing was saved: no plan was found")
    else:
        write_plan(saved, path)
        say(f"saved {path}; wizard show {path if options.out else name} prints it again")
    show(_printed(saved, options))
    return exit_code(plan, options.gap)


def solve(options: argparse.Namespace) -> int:
    """Solve a scenario or the scenario of a plan, print the plan or write it to a file."""
    path = find_file(options.file, plans_folder(options.plans), "a scenario or plan")
    question = read_question(path, options.sets, options.overlay)
    out = Path(options.out) if options.out else None
    refuse_unwritable(out)
    if out is not None and out.suffix == ".toml":
        checked_name(out.stem)
        _refuse_other(out)
    plan = decided(question, options)
    saved = SavedPlan(path.stem, "", question.scenario, plan)
    if out is not None and out.suffix == ".toml":
        write_plan(SavedPlan(out.stem, today(), question.scenario, plan), out, replace=True)
        say(f"saved {out}")
        if not options.toml:
            show(_printed(saved, options))
    elif out is not None:
        write_whole(out, _as_file(saved, options, out))
        say(f"wrote {out}")
    else:
        show(_printed(saved, options))
    return exit_code(plan, options.gap)


def _refuse_other(path: Path) -> None:
    """InputError when a file is there that is not the saved plan of that name: a scenario is never written over."""
    if not os.path.lexists(path):
        return
    try:
        same = load(path).name == path.stem
    except InputError:
        same = False
    if not same:
        refuse_taken(path)


def exit_code(plan: Plan, gap: float) -> Exit:
    """What a plan's end means for the exit code, `gap` being the one that was asked."""
    if plan.status == "stopped":
        return Exit.STOPPED
    if plan.status == "infeasible":
        return Exit.NO_PLAN
    if plan.status == "time_limit" and (plan.open_gap is None or plan.open_gap > gap):
        return Exit.TIME_LIMIT
    return Exit.NO_PLAN if plan.verdict == "no_plan" else Exit.DONE


Tell = Callable[["Progress"], object]


def decided(question: Question, options: argparse.Namespace, tell: Tell | None = None) -> Plan:
    """The plan, rounded as it is printed and saved. Ctrl+c stops the solve and keeps the best plan found.

    `tell` hears how far it is; without one, stderr does where --verbose is asked.
    """
    with faults_in(question.file):
        return in_a_thread(lambda stop: decided_until(stop, question, options, tell))[0]


@contextmanager
def faults_in(file: str) -> Iterator[None]:
    """Give the faults that catalog and solver find in a scenario the name of the file that it stands in."""
    try:
        yield
    except InputError as error:
        raise InputError(*(replace(f, file=file) if f.file in (EXCHANGE, FILE) else f for f in error.faults)) from None


def catalog_of(question: Question, as_of: str | None = None) -> "Catalog":
    """The catalog in the scenario's currency, of a day or as it is now, with the user's overlays on top."""
    from catalogs.catalog import load_catalog

    scenario = question.scenario
    return load_catalog(
        currency=scenario.currency, as_of=as_of, overlays=question.overlays,
        unusable_prices=scenario.policy.unusable_prices,
    )  # fmt: skip


def check_against(scenario: Scenario, catalog: "Catalog") -> None:
    """InputError when a scenario names a load shape that the catalog does not have, before a solve is begun."""
    from solver.scenario_check import load_faults

    if faults := tuple(load_faults(scenario, catalog)):
        raise InputError(*faults)


def decided_until(
    stop: threading.Event, question: Question, options: argparse.Namespace, tell: Tell | None = None
) -> Plan:
    """Decide, and argue the plan further where that is asked for."""
    from solver.conflicts import with_conflict
    from solver.decide import decide
    from solver.explanation.with_reasons import with_reasons

    catalog = catalog_of(question)
    check_against(question.scenario, catalog)
    _told(options, f"catalog as of {catalog.as_of}")
    hears = tell or (progress_teller() if options.verbose else None)
    on_progress = at_most_two_a_second(hears) if hears else None
    limits = (options.gap, options.limit)
    plan = decide(question.scenario, catalog, *limits, on_progress, stop, options.all, today())
    plan = with_conflict(plan, question.scenario, catalog, options.limit, stop)
    if getattr(options, "explain", False):
        _told(options, "what each requirement costs, and what would enter")
        plan = with_reasons(plan, question.scenario, catalog, options.limit, stop)
    return rounded(plan)


QUIET_S = 5.0
"""A solve that finds nothing new says so as often."""


def progress_teller() -> Callable[["Progress"], None]:
    """Say how far the solve is, on stderr: each stage, each better plan or bound, and a sign of life between."""
    last: dict[str, tuple[float | None, float | None, float]] = {}

    def tell(progress: "Progress") -> None:
        best, bound, said = last.get(progress.stage, (None, None, -QUIET_S))
        if (best, bound) == (progress.best, progress.bound) and progress.elapsed_s - said < QUIET_S:
            return
        last[progress.stage] = progress.best, progress.bound, progress.elapsed_s
        say(progress_line(progress))

    return tell


def progress_line(progress: "Progress") -> str:
    """One report as a line; what is not known yet is left out."""
    known = (
        "" if progress.best is None else f", best so far {progress.best:,.2f}",
        "" if progress.bound is None else f", cannot be under {progress.bound:,.2f}",
        "" if progress.gap is None else f", gap {share(progress.gap)}",
    )
    return f"{progress.stage} {progress.elapsed_s:.1f} s{''.join(known)}"


def _profile_question(options: argparse.Namespace) -> Question:
    known = profiles()
    if options.profile in known:
        return question_of(known[options.profile], f"profile {options.profile}", options.sets, options.overlay)
    if not options.profile:
        raise InputError(Fault("--profile", "", "nothing", PROFILES))
    path = find_file(options.profile, plans_folder(options.plans), f"{PROFILES}, or a scenario or plan", list(known))
    return read_question(path, options.sets, options.overlay)


def _printed(saved: SavedPlan, options: argparse.Namespace) -> str:
    if options.json:
        return _json(saved.plan, options)
    if options.toml:
        return to_toml(saved)
    return plan_text(saved.plan, saved.name, options.all)


def _as_file(saved: SavedPlan, options: argparse.Namespace, out: Path) -> str:
    """What goes into --out FILE: the format asked by flag, else by the file's ending, else text."""
    return _json(saved.plan, options) if out.suffix == ".json" and not options.toml else _printed(saved, options)


def _json(plan: Plan, options: argparse.Namespace) -> str:
    refusals = nearest(plan.refusals, None if options.all else 50)
    return json_text(plan.model_copy(update={"refusals": refusals}))


def today() -> str:
    """The day of this machine's clock, from which the age of figures is counted."""
    return date.today().isoformat()


def _told(options: argparse.Namespace, text: str) -> None:
    if options.verbose:
        say(text)
