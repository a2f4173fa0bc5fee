"""What stands before every room: who may call, how much may be sent, and what a browser may do with what it gets.

Plain ASGI: it sees a body while it arrives. What it refuses is never repeated in the answer or written to a log.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import traceback
from binascii import Error as NotBase64
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from expert.web.problems import problem
from expert.web.settings import Settings

log = logging.getLogger("myologic.web")

POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'",
        "form-action 'self'", "frame-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
    )
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_ASSETS = ("/static/", "/vendor/")
_READS = ("GET", "HEAD", "OPTIONS")


class _NotTaken(Exception):
    """A body beyond the limit, or one that does not arrive."""


async def unexpected(_request: object, _error: Exception) -> Response:
    """What is answered to a fault of ours: nothing that the error says, which may be what the case says."""
    return problem(500, "an unexpected error; nothing was changed")


class Safety:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # what a GET would answer; the server leaves the body out
            scope = {**scope, "method": "GET"}
        refused = self._refused(scope, Headers(scope=scope))
        if refused is not None:
            await refused(scope, receive, _with_headers(send, scope["path"]))
            return
        await self._answered(scope, receive, _with_headers(send, scope["path"]))

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        try:
            await self.app(scope, self._bounded(receive, answer), answer)
        except Exception as error:
            if not isinstance(error, (_NotTaken, ClientDisconnect)):  # a fault of ours: its place is logged, and nothing that the case says
                log.error("unexpected %s at %s", type(error).__name__, place(error))
                answer.instead = answer.instead or await unexpected(scope, error)
        await answer.end(scope, receive)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or _name(host) not in self.settings.hosts:
            return problem(421, "this server does not answer under that name")
        if scope["method"] not in _READS and _is_foreign(headers, scope["scheme"], host):
            return problem(403, "this was sent from a page of another site")
        if self.settings.token is not None and not _knows(headers.get("authorization", ""), self.settings.token):
            return problem(401, "this server asks for its token", headers={"WWW-Authenticate": 'Basic realm="Myologic", charset="UTF-8"'})
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:20]) > self.settings.body_bytes:
            return problem(413, f"more than {self.settings.body_bytes} bytes were sent")
        return None

    def _bounded(self, receive: Receive, answer: _Answer) -> Receive:
        """A body counted and timed while it arrives."""
        taken, ends, whole = 0, asyncio.get_running_loop().time() + self.settings.body_seconds, False

        async def bounded() -> Message:
            nonlocal taken, whole
            if whole:
                return await receive()  # waits for the caller to hang up
            try:
                message = await asyncio.wait_for(receive(), ends - asyncio.get_running_loop().time())
            except TimeoutError:
                answer.instead = problem(408, "what was sent did not arrive in time")
                raise _NotTaken from None
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if taken > self.settings.body_bytes:
                answer.instead = problem(413, f"more than {self.settings.body_bytes} bytes were sent")
                raise _NotTaken
            return message

        return bounded


class _Answer:
    """Passes an answer on, unless another was put in its place before it began."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.begun = False
        self.instead: Response | None = None

    async def __call__(self, message: Message) -> None:
        if self.begun or self.instead is None:
            self.begun = True
            await self.send(message)

    async def end(self, scope: Scope, receive: Receive) -> None:
        """The other answer, where there is one and nothing was begun."""
        if self.instead is not None and not self.begun:
            with suppress(OSError):
                await self.instead(scope, receive, self.send)


def _with_headers(send: Send, path: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                if name not in headers:
                    headers[name] = "no-cache" if name == "Cache-Control" and path.startswith(_ASSETS) else value
        await send(message)

    return sending


def _name(host: str) -> str:
    """A host header without its port."""
    return host.rpartition(":")[0].casefold() if not host.endswith("]") and ":" in host else host.casefold()


def _is_foreign(headers: Headers, scheme: str, host: str) -> bool:
    """Whether a browser says that another site's page sent this. Programs send neither header."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    return origin is not None and origin.casefold() not in (f"{scheme}://{host}".casefold(), f"https://{host}".casefold())


def _knows(authorization: str, token: str) -> bool:
    kind, _, said = authorization.partition(" ")
    if kind.casefold() == "basic":
        try:
            said = base64.b64decode(said, validate=True).decode().partition(":")[2]
        except (NotBase64, ValueError):
            return False
    elif kind.casefold() != "bearer":
        return False
    return hmac.compare_digest(said.encode(), token.encode())


def place(error: Exception) -> str:
    """The last place of ours on the way to an error; its message may hold what the case says, so it is left out."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/expert/" in f.filename.replace("\\", "/")]
    return f"{frames[-1].filename.replace(chr(92), '/').rpartition('/expert/')[2]}:{frames[-1].lineno}" if frames else "an unknown place"
