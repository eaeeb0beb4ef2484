"""The app in a browser: textual-serve behind a door that one address opens once. Needs the extra `web`."""

import asyncio
import hmac
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.server import Server

from catalogs.toml_file import Fault, InputError

COOKIE = "wizard"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
"""No other host is asked for anything (the page would ask one for a font), and no other page may frame this one."""


class Door:
    """Who may come in: the first who knows the token, from then on known by a cookie that scripts cannot read."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self._guest = secrets.token_urlsafe(24)
        self._used = False

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a guest pass, or take the token; 403 for everyone else, and for pages of other origins."""
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"{request.scheme}://{request.host}":
            return _refused("This page may not talk to wizard.")
        if _same(request.cookies.get(f"{COOKIE}-{_port(request)}", ""), self._guest):
            return await handler(request)
        if request.path != "/" or not _same(request.query.get("token", ""), self.token):
            return _refused("The address that wizard serve printed is needed, with its token.")
        if self._used:
            return _refused("This address has been used; it works once. Start wizard serve again.")
        self._used = True
        answer = web.HTTPSeeOther("/")
        answer.set_cookie(f"{COOKIE}-{_port(request)}", self._guest, httponly=True, samesite="Strict")
        raise answer


def _port(request: web.Request) -> int:
    """The port asked for: cookies of one host are shared by its ports, so that each port has a name of its own."""
    return request.url.port or 80


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _refused(says: str) -> web.Response:
    return web.Response(status=403, text=f"{says}\n")


async def _with_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


class Behind(Server):
    """The server of textual-serve, quiet, behind the door, and with addresses as the browser has them."""

    def __init__(self, command: str, door: Door) -> None:
        super().__init__(command, title="wizard")
        self.door = door

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.door.guard)
        app.on_response_prepare.append(_with_headers)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: stdout holds the address alone."""

    async def handle_index(self, request: web.Request) -> Any:
        """The page, whose addresses are those by which it was asked for."""
        self.public_url = f"{request.scheme}://{request.host}"
        index: Callable[[web.Request], Awaitable[Any]] = super().handle_index
        return await index(request)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there, port 0 for any free one; InputError where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        wanted = "a host and a free port of this machine"
        raise InputError(Fault("wizard serve", "", f"{host} port {port}: {reason}", wanted, "--port 0")) from None


def only_this_machine(listener: socket.socket) -> bool:
    """Whether nobody outside this machine reaches a socket."""
    return ip_address(listener.getsockname()[0]).is_loopback


def serve(command: str, listener: socket.socket, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `tell` gets the token once the socket answers."""
    asyncio.run(_serve(command, listener, tell))


async def _serve(command: str, listener: socket.socket, tell: Callable[[str], None]) -> None:
    door, ended = Door(), asyncio.Event()
    runner = web.AppRunner(await Behind(command, door)._make_app(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows' loops take no signal handlers
            loop.add_signal_handler(number, ended.set)
    try:
        await web.SockSite(runner, listener).start()
        tell(door.token)
        await ended.wait()
    finally:
        await runner.cleanup()
