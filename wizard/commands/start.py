"""`wizard` alone: the screens, the plain questions, or without a terminal the shipped example's plan."""

import argparse

from catalogs.profiles import profiles
from wizard.cli import face
from wizard.ctrl_c import leaving_at_once
from wizard.exits import Exit
from wizard.loading import uncollected
from wizard.store import plans_folder

EXAMPLE = "support-chat"


def start(options: argparse.Namespace) -> int:
    """Open the app or ask line by line; without a terminal, solve the shipped example and print its plan."""
    if face(options.plain) != "none":
        return talk(options)
    from wizard.commands.solve import decided
    from wizard.scenario_file import question_of
    from wizard.text import show
    from wizard.text.plan import plan_text

    question = question_of(profiles()[EXAMPLE], f"profile {EXAMPLE}")
    solving = argparse.Namespace(gap=1e-4, limit=60.0, verbose=options.verbose, all=False)
    show(plan_text(decided(question, solving), EXAMPLE))
    return Exit.DONE


def talk(options: argparse.Namespace, name: str = "", profile: str = "", sets: tuple[str, ...] = ()) -> int:
    """Open the app, or ask line by line, at the list of plans or at a new plan of a profile."""
    plans, overlays = plans_folder(options.plans), tuple(getattr(options, "overlay", ()))
    if face(options.plain) == "plain":
        from wizard.plain.run import run_plain

        return run_plain(plans=plans, name=name, profile=profile, sets=sets, overlays=overlays)
    with uncollected(), leaving_at_once():
        from wizard.app import run_app

    return run_app(
        plans=plans, ascii_only=options.ascii, mouse=options.mouse, name=name, profile=profile, sets=sets,
        overlays=overlays,
    )  # fmt: skip
