"""Where the app keeps plans and drafts: the store's functions with folders given, so that a test gives its own."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w

from catalogs.toml_file import Fault, InputError
from solver.plan import Plan
from solver.scenario import Scenario
from wizard import drafts as held
from wizard import store
from wizard.session import Session, from_draft, to_draft


@dataclass(frozen=True)
class Shelf:
    """The folders of plans, drafts (None: under the state folder) and shipped examples."""

    plans: Path
    drafts: Path | None
    examples: Path
    holds: dict[str, held.Hold] = field(default_factory=dict, compare=False, repr=False)
    """The drafts that this session may write, by name."""

    def saved(self) -> tuple[store.Entry, ...]:
        """The plans of the folder, by name."""
        return store.list_plans(self.plans)

    def shipped(self) -> tuple[store.Entry, ...]:
        """The worked examples."""
        return store.list_plans(self.examples)

    def in_progress(self) -> tuple[Session, ...]:
        """The drafts that can be read, the one written last first."""
        return tuple(session for name in store.list_drafts(self.drafts) if (session := self.draft(name)) is not None)

    def draft(self, name: str) -> Session | None:
        """The draft of a name as it stands now; None when there is none that can be read."""
        try:
            return from_draft(store.load_draft(name, self.drafts), f"draft {name}")
        except InputError:
            return None

    def unreadable(self) -> tuple[str, ...]:
        """What is wrong with each draft that cannot be read; it is kept as it is."""
        found = []
        for name in (*store.list_drafts(self.drafts), *store.list_drafts(self.drafts, broken=True)):
            try:
                from_draft(store.load_draft(name, self.drafts), f"draft {name}")
            except InputError as error:
                found.append(f"draft {name} is kept, but cannot be read: found {error.faults[0].found}")
        return tuple(found)

    def free_name(self, wanted: str) -> str:
        """The wanted name, or it with the first number that no plan and no draft has."""
        return _free(wanted, lambda name: os.path.lexists(self._path(name)) or self.taken(name))

    def new_draft(self, wanted: str) -> str:
        """The wanted name, or it with the first number that no draft has; the draft of that name is held from now."""
        return _free(wanted, lambda name: not self._begun(name))

    def _begun(self, name: str) -> bool:
        if os.path.lexists(self._path(name)) or not self.hold(name):
            return False
        if os.path.lexists(self._path(name)):  # another session was quicker, and has let go since
            self.let_go(name)
            return False
        return True

    def _path(self, name: str) -> Path:
        return (self.drafts or store.drafts_folder()) / f"{store.checked_name(name)}.toml"

    def hold(self, name: str) -> bool:
        """Take a draft for this session; False while another one holds it."""
        if name not in self.holds and (taken := held.hold(self._path(name))) is not None:
            self.holds[name] = taken
        return name in self.holds

    def let_go(self, name: str = "") -> None:
        """Let other sessions have a draft, or all."""
        for each in [name] if name else list(self.holds):
            if each in self.holds:
                self.holds.pop(each).let_go()

    def free_plan_name(self, wanted: str) -> str:
        """The wanted name, or it with the first number that no plan has."""
        return _free(wanted, self.taken)

    def keep(self, session: Session) -> None:
        """Write the draft of a session; InputError when it cannot be written, or is not this session's to write."""
        if not self.hold(session.name):
            raise held.ChangedElsewhereError(Fault(f"draft {session.name}", "", "open elsewhere", "another name"))
        self.holds[session.name].write(tomli_w.dumps(to_draft(session)))

    def drop(self, name: str) -> None:
        """Remove a draft; InputError when another session holds it or the folder cannot be written."""
        if not self.hold(name):
            raise InputError(Fault(f"draft {name}", "", "open in another session", "to be closed there first"))
        try:
            self.holds[name].remove()
        except OSError as error:
            raise InputError(Fault(f"draft {name}", "", f"kept ({error.strerror})", "a folder to write")) from None
        finally:
            self.let_go(name)

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
