"""Which file an argument of the command line means: a path, a plan's name, or a shipped example's name."""

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from catalogs.toml_file import Fault, InputError
from solver.scenario import NAME
from wizard.store import shipped_folder


def find_file(argument: str, folder: Path, wanted: str, also: Sequence[str] = ()) -> Path:
    """The file that an argument means; InputError with the nearest name when there is none."""
    path = Path(argument)
    if os.path.lexists(path):
        return path
    names = [*also]
    for place in (folder, shipped_folder()):
        if re.fullmatch(NAME, argument) and os.path.lexists(place / f"{argument}.toml"):
            return place / f"{argument}.toml"
        names += [each.stem for each in place.glob("*.toml")] if os.path.isdir(place) else []
    if path.suffix == ".toml" and os.path.isdir(path.parent):
        names += [str(each) for each in path.parent.glob("*.toml")]
    near = difflib.get_close_matches(argument, names, n=1)
    shown = argument if len(argument) <= 200 else argument[:197] + "..."
    raise InputError(Fault(shown, "", "no such file, nor a plan of that name", wanted,
                           f"did you mean {near[0]}?" if near else ""))  # fmt: skip
