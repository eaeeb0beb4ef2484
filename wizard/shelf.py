"""Where the app keeps plans and drafts: the store's functions with folders given, so that a test gives its own."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalogs.toml_file import InputError
from solver.plan import Plan
from solver.scenario import Scenario
from wizard import store
from wizard.session import Session, from_draft, to_draft


@dataclass(frozen=True)
class Shelf:
    """The folders of plans, drafts (None: under the state folder) and shipped examples."""

    plans: Path
    drafts: Path | None
    examples: Path

    def saved(self) -> tuple[store.Entry, ...]:
        """The plans of the folder, by name."""
        return store.list_plans(self.plans)

    def shipped(self) -> tuple[store.Entry, ...]:
        """The worked examples."""
        return store.list_plans(self.examples)

    def in_progress(self) -> tuple[Session, ...]:
        """The drafts that can be read, the one written last first."""
        found = []
        for name in store.list_drafts(self.drafts):
            try:
                found.append(from_draft(store.load_draft(name, self.drafts), f"draft {name}"))
            except InputError:
                continue
        return tuple(found)

    def free_name(self, wanted: str) -> str:
        """The wanted name, or it with the first number that no plan and no draft has."""
        drafts = store.list_drafts(self.drafts)
        return _free(wanted, lambda name: name in drafts or self.taken(name))

    def free_draft_name(self, wanted: str) -> str:
        """The wanted name, or it with the first number that no draft has."""
        drafts = store.list_drafts(self.drafts)
        return _free(wanted, lambda name: name in drafts)

    def free_plan_name(self, wanted: str) -> str:
        """The wanted name, or it with the first number that no plan has."""
        return _free(wanted, self.taken)

    def keep(self, session: Session) -> Path:
        """Write the draft of a session."""
        return store.save_draft(session.name, to_draft(session), self.drafts)

    def drop(self, name: str) -> None:
        """Remove a draft."""
        store.delete_draft(name, self.drafts)

    def taken(self, name: str) -> bool:
        """Whether a plan of this name is in the folder."""
        return os.path.lexists(self.plans / f"{name}.toml")

    def save(self, plan: Plan, scenario: Scenario, name: str, day: str) -> Path:
        """Save a plan; InputError when the name cannot be had or the folder not written."""
        return store.save(plan, scenario, name, self.plans, day)


def _free(wanted: str, taken: Callable[[str], bool]) -> str:
    names = (wanted, *(f"{wanted[:36]}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not taken(name))
