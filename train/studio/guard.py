"""Who may talk to the server: the page that it served, on this machine, and nobody else.

Every path begins with a word that is drawn at each start. Besides, a request must name this
machine as its host, so that a foreign name which is led to 127.0.0.1 gets nothing, and a browser
that says where a request comes from must name this very page.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator
from typing import Any, Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Refuses strangers, takes the word off the path, and sets every answer's headers.

    Args:
        app: What is guarded.
        word: The first part of every path.
        hosts: What the header Host may say, such as ``127.0.0.1:8000``.
    """

    def __init__(self, app: ASGIApp, *, word: str, hosts: Collection[str]) -> None:
        self._app = app
        self._begin = f"/{word}/"
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return  # no web sockets, no events of the server's life

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name.encode(): value.encode() for name, value in HEADERS.items()}
                kept = [pair for pair in message.get("headers", []) if pair[0] not in named]
                message = {**message, "headers": [*kept, *named.items()]}
            await send(message)

        fault = self._fault(scope)
        if fault is not None:
            code, text = fault
            await PlainTextResponse(text, code)(scope, receive, with_headers)
            return
        rest = "/" + scope["path"][len(self._begin) :]
        inside = {**scope, "path": rest, "raw_path": rest.encode("utf-8", "replace")}
        await self._app(inside, receive, with_headers)

    def _fault(self, scope: Scope) -> tuple[int, str] | None:
        """Return the code and the text of a refusal."""
        hosts = list(_values(scope, b"host"))
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 403, "this server answers to its own address only"
        if any(origin not in self._origins for origin in _values(scope, b"origin")):
            return 403, "this server answers its own page only"
        site = list(_values(scope, b"sec-fetch-site"))
        if any(each not in ("same-origin", "none") for each in site):
            return 403, "this server answers its own page only"
        path = scope["path"].encode("utf-8", "replace")
        begin = self._begin.encode()
        if not hmac.compare_digest(path[: len(begin)], begin):
            return 404, "use the address that posegan-studio printed when it started"
        return None


def _values(scope: Any, name: bytes) -> Iterator[str]:
    """Yield the values of a header."""
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name)
