"""`wizard` alone: the screens, or without a terminal the shipped example's plan."""

import argparse

from catalogs.profiles import profiles
from wizard.cli import wants_screen
from wizard.exits import Exit
from wizard.store import plans_folder

EXAMPLE = "support-chat"


def start(options: argparse.Namespace) -> int:
    """Open the app; without a terminal, solve the shipped example and print its plan."""
    if wants_screen():
        return open_app(options)
    from wizard.commands.solve import decided
    from wizard.scenario_file import question_of
    from wizard.text import show
    from wizard.text.plan import plan_text

    question = question_of(profiles()[EXAMPLE], f"profile {EXAMPLE}")
    solving = argparse.Namespace(gap=1e-4, limit=60.0, verbose=options.verbose, all=False)
    show(plan_text(decided(question, solving), EXAMPLE))
    return Exit.DONE


def open_app(options: argparse.Namespace, name: str = "", profile: str = "", sets: tuple[str, ...] = ()) -> int:
    """Open the app, at the list of plans or at a new plan of a profile."""
    from wizard.app import run_app

    return run_app(
        plans=plans_folder(options.plans), ascii_only=options.ascii, mouse=options.mouse, name=name, profile=profile,
        sets=sets, overlays=tuple(getattr(options, "overlay", ())),
    )  # fmt: skip
