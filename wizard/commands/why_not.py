"""`wizard why-not`: the options that a plan does not use, and what each would take."""

import argparse
import threading
from dataclasses import replace

from catalogs.toml_file import InputError
from solver.explanation.asked import why_not
from solver.explanation.reasons import WhyNotTable
from solver.plan import Plan
from wizard.commands.explain import check_segment
from wizard.commands.find import find_file
from wizard.commands.output import put
from wizard.commands.saved import moved_since
from wizard.commands.solve import catalog_of, decided_until, exit_code, faults_in
from wizard.ctrl_c import SOON_S, in_a_thread
from wizard.exits import Exit
from wizard.scenario_file import Question, read_question
from wizard.store import plan_in, plans_folder, refuse_unwritable
from wizard.text.json import json_text
from wizard.text.why_not import why_not_text


def why_not_command(options: argparse.Namespace) -> int:
    """Print the table; exit code 3 where nothing fits, 4 where it was cut, 130 where it was stopped.

    A saved plan stands as it is where nothing was changed and the catalog has not moved; else it is solved anew.
    """
    refuse_unwritable(options.out)
    path = find_file(options.plan, plans_folder(options.plans), "a scenario or plan")
    question = read_question(path, options.sets, options.overlay)
    check_segment(options.segment, question.scenario, str(path))
    saved = plan_in(path)
    plan = _solved(question, options) if saved is None or moved_since(saved, question, options) else saved
    with faults_in(question.file):
        table, stopped = _table(question, plan, options)
    text = json_text(table) if options.json else why_not_text(table, path.stem, options.all)
    put(text, options.out)
    if stopped:
        return Exit.STOPPED
    if plan.total_per_month is None:
        return exit_code(plan, options.gap)
    return Exit.TIME_LIMIT if table.cut else Exit.DONE


def _solved(question: Question, options: argparse.Namespace) -> Plan:
    """The scenario's plan; KeyboardInterrupt where the user has stopped it: a table of another plan helps nobody."""
    with faults_in(question.file):
        plan, stopped = in_a_thread(lambda stop: decided_until(stop, question, options), SOON_S)
    if stopped:
        raise KeyboardInterrupt
    return plan


def _table(question: Question, plan: Plan, options: argparse.Namespace) -> tuple[WhyNotTable, bool]:
    """The table, and whether the user has stopped it."""
    option = options.option or ""

    def work(stop: threading.Event) -> WhyNotTable:
        catalog = catalog_of(question)
        return why_not(question.scenario, catalog, plan, options.limit, options.segment or "", option, stop)

    try:
        return in_a_thread(work, SOON_S)
    except InputError as error:  # an option that is looked for in vain is told as a rule's that names it
        faults = (replace(each, key="--option") if each.found == f'"{option}"' else each for each in error.faults)
        raise InputError(*faults) from None
