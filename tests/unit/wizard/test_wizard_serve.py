"""`wizard serve` as a process: who gets in, who does not, and the app at the other end."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from browser import CHROMIUM, browse
from made_plans import run

import wizard.commands.serve

WIZARD = [sys.executable, "-m", "wizard"]


class Served:
    """A server on any free port, with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
        self.process = subprocess.Popen(
            [*WIZARD, "--plans", str(folder / "plans"), "serve", "--port", "0"],
            env={**environ, "HOME": str(folder), "LANG": "C", "TERM": "dumb"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.base = "{0.scheme}://{0.netloc}".format(urlsplit(self.address))

    def end(self) -> tuple[int, str]:
        """Interrupt it; the exit code and what it told."""
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate(timeout=20)
        return self.process.returncode, told


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server that is ended after the test."""
    made = Served(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


async def status(session: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with session.get(url, headers=headers) as answer:
        await answer.read()
        return answer.status


def guest() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


def test_only_the_address_with_its_token_opens_and_only_once(served: Served) -> None:
    async def try_all() -> None:
        async with guest() as stranger, guest() as first, guest() as second:
            for path in ("/", "/?token=", "/?token=guess", "/ws", "/static/js/textual.js", "/download/x"):
                assert await status(stranger, served.base + path) == 403
            assert await status(stranger, served.address, Origin="http://elsewhere.example") == 403
            assert await status(first, served.address) == 200
            assert await status(second, served.address) == 403
            assert await status(second, served.base + "/") == 403
            assert await status(first, served.base + "/") == 200, "the first guest may reload"
            assert await status(first, served.base + "/static/js/textual.js") == 200
            assert await status(first, served.base + "/ws", Origin="http://elsewhere.example") == 403

    asyncio.run(try_all())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", served.address)
    code, told = served.end()
    assert code == 0
    assert "it works once" in told
    assert "! other machines" not in told


def test_the_guest_has_the_app_and_what_it_answers_is_drafted(served: Served, tmp_path: Path) -> None:
    async def answer() -> str:
        painted = ""
        async with guest() as session:
            assert await status(session, served.address) == 200
            async with session.ws_connect(f"{served.base}/ws?width=80&height=24") as line:
                for wanted, keys in (("quit", "n1"), ("first token", "\r70k/day\r"), ("draft saved", "\x11")):
                    start = len(painted)
                    while wanted not in painted[start:]:
                        message = await line.receive(timeout=30)
                        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), painted
                        painted += message.data.decode() if isinstance(message.data, bytes) else ""
                    await line.send_json(["stdin", keys])
                while (await line.receive(timeout=30)).type != aiohttp.WSMsgType.CLOSE:
                    pass
        return painted

    painted = asyncio.run(answer())
    assert "\x1b[38;2;" in painted, "a browser has all colours, whatever TERM says"
    (draft,) = tmp_path.glob("**/drafts/support-chat.toml")
    assert "70k/day" in draft.read_text()
    assert served.end()[0] == 0


def test_a_host_that_others_reach_is_warned_of_and_a_port_in_use_is_refused(served: Served, tmp_path: Path) -> None:
    port = str(urlsplit(served.base).port)
    refused = subprocess.run([*WIZARD, "serve", "--port", port], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert f"127.0.0.1 port {port}" in refused.stderr
    opened = subprocess.Popen(
        [*WIZARD, "serve", "--host", "0.0.0.0", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert opened.stdout is not None
    assert opened.stdout.readline().startswith("http://0.0.0.0:")
    opened.send_signal(signal.SIGTERM)
    _, told = opened.communicate(timeout=20)
    assert opened.returncode == 0
    assert "! other machines can reach it" in told


def test_without_the_extra_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        wizard.commands.serve, "find_spec", lambda name: None if name == "textual_serve" else util.find_spec(name)
    )
    assert run("serve") == 2
    assert 'pip install "wizard[web]"' in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_chromium_shows_the_app_takes_keys_and_asks_no_other_host(served: Served, tmp_path: Path) -> None:
    page, before, after = asyncio.run(browse(tmp_path / "browser", served.address, "n1\r70k/day\r"))
    assert before.startswith(b"\x89PNG")
    assert len(before) > 10_000, "nothing was painted"
    assert after != before
    assert page.asked
    assert all(url.startswith(f"{served.base}/") for url in page.asked), page.asked
    assert "csp" in page.blocked, "the font of another host"
    (draft,) = tmp_path.glob("**/drafts/support-chat.toml")
    assert "70k/day" in draft.read_text()
