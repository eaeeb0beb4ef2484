"""The README's pictures: one sitting at the app as it ships, from the first screen to a diff (`make screenshots`).

Every picture is reached by keys alone, on the shipped catalog and with real solves; it is an SVG of 80x24.
"""

import asyncio
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from app_harness import lines_of, press

from wizard.answering import explore, solve
from wizard.app import WizardApp
from wizard.launch import catalog_for
from wizard.shelf import Shelf
from wizard.store import shipped_folder

FOLDER = Path(__file__).parents[2] / ".github"


@dataclass(frozen=True)
class Picture:
    """One picture: the keys from the picture before up to it, and words that it must then show."""

    keys: tuple[str, ...]
    shows: str


TOUR: Mapping[str, Picture] = {
    "start": Picture((), "n starts one"),
    "quick": Picture(("n", "1", "enter", "type 200k/day", "enter", "type 1.2k / 4k", "enter"), "200,000 a day"),
    "checklist": Picture(("escape", "o", "8", "3"), "3 (x)"),
    "plan": Picture(("s", "w", "type support", "enter"), "[1 Summary]"),
    "why-not": Picture(("3",), "[3 Why not]"),
    "what-if": Picture(("4", "enter", "type x25", "enter"), "requests x 25"),
    "diff": Picture(("p", "w", "type support-grown", "enter", *"qqqqq", "d"), "support -> support-grown"),
}


async def draw() -> None:
    """Sit down once, press all keys in order, and keep each picture as .github/NAME.svg.

    SystemExit, before any picture is written, where a picture does not show what it should: the keys went astray.
    """
    drawn = {}
    with tempfile.TemporaryDirectory() as folder:
        plans = Path(folder) / "saved_plans"
        app = WizardApp(
            clock=date.today, shelf=Shelf(plans, Path(folder) / "drafts", shipped_folder()), solve=solve,
            explore=explore, catalog=partial(catalog_for, {}),
        )  # fmt: skip
        async with app.run_test(size=(80, 24)) as pilot:
            for name, picture in TOUR.items():
                await press(pilot, picture.keys)
                if picture.shows not in (seen := "\n".join(lines_of(app))):
                    raise SystemExit(f'{name}: "{picture.shows}" is not on the screen:\n{seen}')
                # Without the address of a font on the web: any monospaced font of the reader's will do.
                svg = app.export_screenshot(title="wizard")
                drawn[name] = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    for name, svg in drawn.items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(draw())
