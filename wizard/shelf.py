"""Where the app keeps plans and drafts: the store's functions with folders given, so that a test gives its own."""

import os
import shutil
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

    def load(self, name: str) -> store.SavedPlan:
        """The plan of a name; InputError when it cannot be read."""
        return store.load(self.plans / f"{name}.toml")

    def replace(self, saved: store.SavedPlan) -> None:
        """Save a plan over the one of its name; InputError when the folder cannot be written."""
        store.write_plan(saved, self.plans / f"{saved.name}.toml", replace=True)

    def put_away(self, name: str) -> Path:
        """Move a plan out of the folder, to beside the drafts, and tell where it is kept; OSError when it cannot be."""
        folder = (self.drafts or store.drafts_folder()).parent / "deleted"
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{name}.toml"
        shutil.move(self.plans / f"{name}.toml", kept)
        return kept

    def bring_back(self, name: str, kept: Path) -> None:
        """Move a plan back; FileExistsError where its name was taken meanwhile."""
        if self.taken(name):
            raise FileExistsError(f"{name} is taken")
        shutil.move(kept, self.plans / f"{name}.toml")

    def save(self, plan: Plan, scenario: Scenario, name: str, day: str) -> Path:
        """Save a plan; InputError when the name cannot be had or the folder not written."""
        return store.save(plan, scenario, name, self.plans, day)


def _free(wanted: str, taken: Callable[[str], bool]) -> str:
    names = (wanted, *(f"{wanted[:36]}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not taken(name))
