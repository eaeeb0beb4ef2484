"""`wizard catalog holes`: unknown figures, by how often they turned an option down, and how to supply them."""

import argparse

from catalogs.profiles import profiles
from catalogs.toml_file import Fault, InputError
from wizard.commands.find import find_file
from wizard.commands.output import put
from wizard.commands.solve import catalog_of, check_against, faults_in
from wizard.scenario_file import Question, question_of, read_question
from wizard.store import plans_folder, refuse_unwritable
from wizard.text.holes import holes_record, holes_text
from wizard.text.json import json_text


def holes(options: argparse.Namespace) -> int:
    """Raise the options of the scenarios or plans named, else of the five profiles, and print what was unknown."""
    from solver.holes import holes as found_in

    refuse_unwritable(options.out)
    asked = []
    for name, question in _questions(options):
        with faults_in(question.file):
            catalog = catalog_of(question)
            check_against(question.scenario, catalog)
            asked.append((name, question.scenario, catalog))
    found = found_in(asked)
    names = [name for name, _, _ in asked]
    text = json_text(holes_record(found, names)) if options.json else holes_text(found, names)
    return put(text, options.out)


def _questions(options: argparse.Namespace) -> list[tuple[str, Question]]:
    """The scenarios by name; the faults of all files are told together."""
    if not options.id:
        return [(name, question_of(tables, name, (), options.overlay)) for name, tables in profiles().items()]
    known = profiles()
    faults: list[Fault] = []
    found: list[tuple[str, Question]] = []
    for argument in options.id:
        try:
            if argument in known:
                found.append((argument, question_of(known[argument], argument, (), options.overlay)))
            else:
                path = find_file(argument, plans_folder(options.plans), "a scenario or plan", list(known))
                found.append((path.stem, read_question(path, (), options.overlay)))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return found
