"""`wizard catalog quality`: which models keep a quality floor, open ones at which precision, and why others do not."""

import argparse
from typing import TYPE_CHECKING

from catalogs.profiles import profile_names, profiles
from catalogs.toml_file import Fault, InputError
from wizard.commands.find import find_file
from wizard.commands.output import put
from wizard.commands.solve import catalog_of, faults_in
from wizard.scenario_file import Question, question_of, read_question
from wizard.store import plans_folder, refuse_unwritable
from wizard.text.json import json_text

if TYPE_CHECKING:
    from catalogs.catalog import Catalog
    from solver.quality_table import SegmentQuality


def quality(options: argparse.Namespace) -> int:
    """The floors of all profiles as a table, or of one profile, scenario or plan with scores and reasons."""
    from wizard.text.quality import overview_text, quality_record, segment_text

    refuse_unwritable(options.out)
    if len(options.id) > 1:
        raise InputError(
            Fault("wizard catalog quality", "", f"{len(options.id)} names", "one profile, scenario or plan")
        )
    asked = options.id[0] if options.id else ""
    names = [asked] if asked else list(profile_names())
    questions = {name: _question(name, options) for name in names}
    with faults_in(questions[names[0]].file):
        catalog = catalog_of(questions[names[0]])  # profiles have no catalog of their own: one serves all
    found = {name: _tables(question, catalog) for name, question in questions.items()}
    if options.json:
        text = json_text([quality_record(name, part) for name, parts in found.items() for part in parts])
    elif asked:
        text = "\n".join(segment_text(name, part, catalog) for name, parts in found.items() for part in parts)
    else:
        text = overview_text(found, catalog)
    return put(text, options.out)


def _question(name: str, options: argparse.Namespace) -> Question:
    if name in profile_names():
        return question_of(profiles()[name], f"profile {name}", overlays=options.overlay)
    path = find_file(name, plans_folder(options.plans), "a profile, scenario or plan", tuple(profile_names()))
    return read_question(path, overlays=options.overlay)


def _tables(question: Question, catalog: "Catalog") -> "tuple[SegmentQuality, ...]":
    """The scenario's segments against the catalog; InputError for a floor on what the catalog does not know."""
    from solver.quality_floors import quality_faults
    from solver.quality_table import quality_table

    with faults_in(question.file):
        if faults := tuple(quality_faults(question.scenario, catalog)):
            raise InputError(*faults)
    return quality_table(question.scenario, catalog)
