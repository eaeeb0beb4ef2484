"""`wizard show`, `list` and `diff`: saved plans read, compared and printed; no solver is loaded unless it is asked."""

import argparse
import os
import threading
from pathlib import Path
from typing import Any

from catalogs.toml_file import Fault, InputError, read_toml
from solver.comparison import Comparison, compare
from wizard.commands.find import find_file
from wizard.commands.output import put
from wizard.diff_parts import FlipMoved, Split, flips_moved, moved, split_of, takes_solving
from wizard.exits import Exit, say
from wizard.explorer import Explored
from wizard.plan_file import is_plan
from wizard.store import Entry, SavedPlan, from_tables, list_plans, plans_folder, shipped_folder, to_toml
from wizard.text.comparison import comparison_text
from wizard.text.json import json_text
from wizard.text.plan import plan_text
from wizard.text.tables import VERDICTS, money, share, table


def show_plan(options: argparse.Namespace) -> int:
    """Print a saved plan."""
    saved = read_plan(options.plan, plans_folder(options.plans))
    if options.json:
        text = json_text(saved.plan)
    elif options.toml:
        text = to_toml(saved)
    else:
        text = plan_text(saved.plan, saved.name, options.all)
    return put(text, options.out)


def list_all(options: argparse.Namespace) -> int:
    """List the plans of the folder, or the shipped examples where it holds none."""
    folder = plans_folder(options.plans)
    if options.plans or os.path.lexists(folder):
        _check_folder(folder)
    entries = list_plans(folder)
    if not entries:
        entries = list_plans(shipped_folder())
        say(f"no plans in {folder}; these are the shipped examples. wizard new NAME --profile support-chat makes one")
    if options.json:
        return put(json_text([_record(entry) for entry in entries]), options.out)
    rows: list[tuple[str, ...]] = [("Plan", "Verdict", "A month", "", "Gap", "Saved", "Segments")]
    rows += [_row(entry) for entry in entries]
    for entry in entries:
        if entry.plan is None:
            say(f"wizard: {entry.problem}")
    return put("\n".join(table(rows, "<<><><<")) + "\n", options.out)


def _check_folder(folder: Path) -> None:
    """InputError when a folder cannot be listed."""
    try:
        os.listdir(folder)
    except FileNotFoundError:
        raise InputError(Fault(str(folder), "", "no such folder", "a folder of plans")) from None
    except OSError as error:
        reason = f"cannot be listed ({error.strerror})"
        raise InputError(Fault(str(folder), "", reason, "a folder of plans")) from None


def diff(options: argparse.Namespace) -> int:
    """Print what changed between two plans; with --exit-code, 10 when something did."""
    folder = plans_folder(options.plans)
    faults: list[Fault] = []
    plans: list[SavedPlan] = []
    for argument in (options.old, options.new):
        try:
            plans.append(read_plan(argument, folder))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(*faults)
    comparison = compare(*plans)
    split = _split(comparison, plans[0]) if options.split and moved(comparison) else None
    flips = _flips(*plans) if options.flips else None
    if options.json:
        told = comparison.model_dump(mode="json", by_alias=True)
        told["split"] = {"unknown": split} if isinstance(split, str) else split and split.model_dump()
        told["flips"] = None if flips is None else [each.model_dump() for each in flips]
    put(json_text(told) if options.json else comparison_text(comparison, split, flips), options.out)
    return Exit.CHANGED if options.exit_code and comparison.changes else Exit.DONE


def _split(found: Comparison, old: SavedPlan) -> Split | str:
    """By what the bill moved; the old answers are solved again where it takes that."""
    from wizard.answering import solve

    if takes_solving(found):
        say(f"solving the answers of {old.name} again, with the prices of {found.old_catalog} and {found.new_catalog}")
    return split_of(
        found, lambda day: solve(old.scenario, lambda progress: None, threading.Event(), day).total_per_month
    )


def _flips(old: SavedPlan, new: SavedPlan) -> list[FlipMoved]:
    """Where each lever flips either plan; told on stderr as they come, for each takes seconds."""
    from wizard.answering import explore

    found: list[FlipMoved] = []
    explored = [Explored(explore, each.scenario, each.plan.catalog_as_of or None) for each in (old, new)]
    for each in flips_moved(*explored):
        if isinstance(each, int):
            say(f"looking for what flips either plan: {each} levers, seconds each")
        else:
            say(f"{each.title}: {each.old} -> {each.new}")
            found.append(each)
    return found


def read_plan(argument: str, folder: Path) -> SavedPlan:
    """The saved plan that an argument names; InputError when it is none, or a scenario without a plan."""
    path = find_file(argument, folder, "a saved plan")
    tables = read_toml(path)
    if not is_plan(tables):
        hint = f"wizard solve {path} --out NAME.toml makes a plan of a scenario"
        raise InputError(Fault(str(path), "schema", "nothing", "a saved plan", hint))
    return from_tables(tables, str(path), path.stem)


def _row(entry: Entry) -> tuple[str, ...]:
    if entry.plan is None:
        return entry.path.stem, "! cannot be read", "-", "", "-", "-", "-"
    plan, scenario = entry.plan.plan, entry.plan.scenario
    verdict, total = VERDICTS[plan.verdict], money(plan.total_per_month)
    segments = str(len(scenario.segment))
    return entry.plan.name, verdict, total, plan.currency, share(plan.gap), entry.plan.saved or "-", segments


def _record(entry: Entry) -> dict[str, Any]:
    saved = entry.plan
    return {
        "name": saved.name if saved else entry.path.stem,
        "file": str(entry.path),
        "verdict": saved.plan.verdict if saved else None,
        "status": saved.plan.status if saved else None,
        "currency": saved.plan.currency if saved else None,
        "total_per_month": saved.plan.total_per_month if saved else None,
        "gap": saved.plan.gap if saved else None,
        "saved": saved.saved if saved else None,
        "segments": list(saved.scenario.segment) if saved else [],
        "problem": entry.problem,
    }
