"""A headless Chromium over its own debugging protocol: open an address, press keys, take a picture, list requests."""

import asyncio
import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page:
    """The one page of the browser."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line, self.number = line, 0
        self.asked: list[str] = []
        self.blocked: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol; what is told meanwhile is kept."""
        self.number += 1
        await self.line.send_json({"id": self.number, "method": method, "params": parameters})
        while True:
            answer: dict[str, Any] = await self.line.receive_json(timeout=30)
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            if answer["method"] == "Network.responseReceived":
                self.asked.append(answer["params"]["response"]["url"])
            if answer["method"] == "Network.loadingFailed":
                self.blocked.append(answer["params"].get("blockedReason", ""))

    async def press(self, keys: str) -> None:
        """Type letters; a carriage return is enter."""
        for letter in keys:
            key = {"key": "Enter", "windowsVirtualKeyCode": 13} if letter == "\r" else {"key": letter}
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, **key)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **key)
            await asyncio.sleep(0.3)

    async def picture(self) -> bytes:
        """The page as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


async def browse(folder: Path, url: str, keys: str, settle_s: float = 4.0) -> tuple[Page, bytes, bytes]:
    """Open a url, wait, press keys, wait; the page, and its picture before and after the keys."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
         f"--user-data-dir={folder}", "--window-size=1000,600", "about:blank"],
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told = folder / "DevToolsActivePort"
        for _ in range(150):
            if told.exists() and told.read_text().count("\n"):
                break
            await asyncio.sleep(0.2)
        port = told.read_text().splitlines()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                tabs = json.loads(await answer.text())
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as line:
                page = Page(line)
                await page.call("Network.enable")
                await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
                await page.call("Page.navigate", url=url)
                await asyncio.sleep(settle_s)
                before = await page.picture()
                for kind in ("mousePressed", "mouseReleased"):  # the page has the keys once it was clicked
                    await page.call("Input.dispatchMouseEvent", type=kind, x=500, y=450, button="left", clickCount=1)
                await page.press(keys)
                await asyncio.sleep(settle_s / 2)
                return page, before, await page.picture()
    finally:
        process.terminate()
        process.wait(20)
