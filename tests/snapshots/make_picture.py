"""The README's picture: the plan screen of a real solve, reached by keys (`make picture`)."""

import asyncio
import re
import tempfile
from datetime import date
from pathlib import Path

from app_harness import press

from wizard.app import WizardApp
from wizard.launch import solve
from wizard.shelf import Shelf

PICTURE = Path(__file__).parents[2] / ".github" / "plan.svg"
KEYS = ("n", "1", "enter", "type 200k/day", "enter", "escape", "s")


async def draw() -> None:
    """Play the quick path on the shipped catalog and keep the summary as an SVG of 80x24."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder), Path(folder) / "drafts", Path(folder) / "examples")
        app = WizardApp(clock=date.today, shelf=shelf, solve=solve)
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, KEYS)
            await app.workers.wait_for_complete()
            await pilot.pause(1.0)
            # Without the address of a font on the web: any monospaced font of the reader's will do.
            svg = re.sub(r"\s*@font-face \{.*?\}", "", app.export_screenshot(title="wizard"), flags=re.DOTALL)
            PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(draw())
