"""`wizard explain`: why a plan is what it is, or which demands leave none."""

import argparse
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from catalogs.toml_file import Fault, InputError
from solver.explanation.explain import explanation_of
from solver.explanation.flip_records import Flips
from solver.patterns import nearest
from solver.plan import SAME_COST, Plan, rounded
from solver.scenario import Scenario
from wizard.commands.find import find_file
from wizard.commands.output import put
from wizard.commands.saved import moved_since
from wizard.commands.solve import catalog_of, decided_until, exit_code, faults_in
from wizard.ctrl_c import SOON_S, in_a_thread, processes_unheard
from wizard.exits import Exit, say
from wizard.scenario_file import Question, read_question
from wizard.store import keep, plan_in, plans_folder, refuse_unwritable
from wizard.text.explain import explain_text
from wizard.text.json import json_text
from wizard.text.tables import VERDICTS, money

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.explanation.sure import Sure

T = TypeVar("T")

FLIPS_S = 60.0
"""Seconds to look for flips, unless told otherwise."""


def explain(options: argparse.Namespace) -> int:
    """Print the explanation of a saved plan as it stands, else of the scenario solved; exit code 3 where nothing fits.

    A plan whose question or catalog has moved is solved again, and it is said whether the result is the same.
    """
    refuse_unwritable(options.out)
    if options.keep and (options.sets or options.overlay):
        raise InputError(Fault("--keep", "", "another question (--set or --overlay)", "the plan's own question"))
    path = find_file(options.file, plans_folder(options.plans), "a scenario or plan")
    question = read_question(path, options.sets, options.overlay)
    check_segment(options.segment, question.scenario, str(path))
    saved = plan_in(path)
    moved = "" if saved is None else moved_since(saved, question, options)
    if options.keep and (saved is None or moved):
        found_there = moved or "no plan with a total"
        raise InputError(Fault(str(path), "", found_there, "a saved plan that stands", "solve and save it first"))
    options.explain = not options.quick
    plan, stopped = _solved(question, options) if saved is None or moved else _argued(saved, question, options)
    flips, stopped = (plan.flips, True) if stopped else _flips(question, plan, options)
    how_sure, stopped = (None, True) if stopped else _sure(question, plan, options)
    rests = "the scenario, solved" if saved is None else again(saved, plan, moved)
    found = explanation_of(plan, options.segment or "", flips, how_sure).model_copy(update={"rests_on": rests})
    if options.keep and saved is not None and not stopped:
        ranking = None if found.how_sure is None else found.how_sure.doubts
        keep(path, saved, plan.model_copy(update={"flips": flips or plan.flips, "ranking": ranking}))
    text = json_text(found) if options.json else explain_text(plan, found, path.stem)
    put(text, options.out)
    if stopped and options.keep:
        say("wizard: stopped; the plan's file is as it was")
    return Exit.STOPPED if stopped else exit_code(plan, options.gap)


def _solved(question: Question, options: argparse.Namespace) -> tuple[Plan, bool]:
    """The scenario's plan with its reasons, and whether the user has stopped it."""
    with faults_in(question.file):
        return in_a_thread(lambda stop: decided_until(stop, question, options), SOON_S)


def _argued(plan: Plan, question: Question, options: argparse.Namespace) -> tuple[Plan, bool]:
    """A saved plan with its reasons: those that it holds, else worked out now; and whether the user has stopped it."""
    if options.quick or plan.requirements or plan.why_not:
        return plan, False
    from solver.explanation.with_reasons import with_reasons

    argued, stopped = _in_a_thread(
        question,
        lambda catalog, stop: with_reasons(plan, question.scenario, catalog, options.limit, stop),
        "its reasons",
    )
    return (plan if argued is None else rounded(argued)), stopped


def _in_a_thread(
    question: Question, work: "Callable[[Catalog, threading.Event], T]", wanted: str
) -> tuple[T | None, bool]:
    """Work on the question's catalog, and whether the user has stopped it: None where it then did not end soon."""
    found: T | None = None
    try:
        with faults_in(question.file):
            found, stopped = in_a_thread(lambda stop: work(catalog_of(question), stop), SOON_S)
    except KeyboardInterrupt:
        stopped = True
    if stopped:
        say(f"wizard: stopped looking for {wanted}")
    return found, stopped


def again(saved: Plan, plan: Plan, moved: str) -> str:
    """What an explanation of a saved plan rests on: the plan as it stands, or that it was solved again, and to what."""
    if not moved:
        return "the saved plan as it stands, not solved again"
    before, after = saved.total_per_month, plan.total_per_month
    near = before is not None and after is not None and abs(after - before) <= SAME_COST * abs(before)
    if near and saved.verdict == plan.verdict:
        return f"solved again, as {moved}: the verdict and the total are the saved plan's"
    return f"solved again, as {moved}: another result, {plan_words(saved)} was saved"


def plan_words(plan: Plan) -> str:
    """`hybrid at 1,200.00 USD a month`."""
    cost = "" if plan.total_per_month is None else f" at {money(plan.total_per_month)} {plan.currency} a month"
    return f"{VERDICTS[plan.verdict]}{cost}"


def check_segment(name: str | None, scenario: Scenario, file: str) -> None:
    """InputError when the scenario has no such segment."""
    if name is not None and name not in scenario.segment:
        wanted = "a segment of the scenario: " + ", ".join(scenario.segment)
        raise InputError(Fault(file, "--segment", f'"{name}"', wanted, nearest(name, scenario.segment)))


def _flips(question: Question, plan: Plan, options: argparse.Namespace) -> tuple[Flips | None, bool]:
    """What would flip the plan's decision: what it holds, unless it is asked anew; and whether the user has stopped it.

    Nothing without a plan, or where it was not asked for.
    """
    if plan.flips is not None and options.flips is None:
        return plan.flips, False
    seconds = FLIPS_S if options.flips is None else options.flips
    if options.quick or seconds <= 0 or plan.total_per_month is None:
        return None, False
    from solver.explanation.flips import flips_of

    found, stopped = _in_a_thread(
        question, lambda catalog, stop: flips_of(question.scenario, catalog, limit_s=seconds, stop=stop),
        "what would flip it",
    )  # fmt: skip
    return (None if stopped else found), stopped


def _sure(question: Question, plan: Plan, options: argparse.Namespace) -> "tuple[Sure | None, bool]":
    """How sure the plan is, where it was asked and there is a plan; and whether the user has stopped it."""
    wanted = options.worlds or options.robust or options.doubts or options.stress
    if not wanted or plan.total_per_month is None:
        return None, False
    from solver.explanation.sure import Ask, sure_of

    by = options.robust
    ask = Ask(
        worlds=options.worlds or (500 if by else 0), seed=options.seed,
        robust=None if by is None else "regret" if by == "regret" else "quantile",
        quantile=None if by in (None, "regret") else int(by[1:]) / 100,
        doubts=options.doubts, stress=options.stress, workers=options.workers or os.cpu_count() or 1,
    )  # fmt: skip

    def work(catalog: "Catalog", stop: threading.Event) -> "Sure":
        processes_unheard()
        return sure_of(question.scenario, catalog, plan, ask, stop)

    found, stopped = _in_a_thread(question, work, "how sure it is")
    return (None if stopped else found), stopped
