"""What every request must be and every response says: own origin, bounded size, nothing loaded from elsewhere."""

import ipaddress
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.web.settings import EVERYWHERE

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware. `hosts` are the names that are answered (see Settings.hosts)."""

    def __init__(self, app: ASGIApp, most_bytes: int, hosts: Collection[str]) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.hosts = {host.strip("[]").lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the body counted and the headers added."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := self._refusal(headers):
            await refusal(scope, receive, _with_headers(send))
            return
        await self.app(scope, self._counted(receive), _with_headers(send))

    def _refusal(self, headers: Headers) -> JSONResponse | None:
        """The answer to a request for another host, from another site in somebody's browser, or of too many bytes."""
        name = _host_name(headers.get("host", ""))
        if not self._is_known(name):
            said = f"this server is not known as {name[:100]!r}: start it with --allow-host and that name"
            return JSONResponse({"error": said}, 400)
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
            return JSONResponse({"error": "this page answers its own requests alone, not those of other sites"}, 403)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.most_bytes:
            return JSONResponse({"error": self._too_large()}, 413)
        return None

    def _is_known(self, name: str) -> bool:
        return name in self.hosts or (not self.hosts.isdisjoint(EVERYWHERE) and _is_address(name))

    def _counted(self, receive: Receive) -> Receive:
        """`receive` for a body of unsaid length."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.most_bytes:
                raise HTTPException(413, self._too_large())
            return message

        return counted

    def _too_large(self) -> str:
        return f"more than {self.most_bytes / 2**20:.0f} MiB were sent: make the picture smaller, or search by command"


def _host_name(header: str) -> str:
    """The name in a Host header, without its port: "::1" for "[::1]:8000"; "" where there is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "") if "@" not in header else ""
    except ValueError:  # "[::1" say
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(SECURITY_HEADERS)
        await send(message)

    return sending
