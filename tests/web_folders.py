"""A local web server that serves a folder, with the faults of real ones, one by one."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RANGE = re.compile(r"bytes=(\d+)-(\d*)")

SILENT_S = 25.0


class WebFolder:
    """A served folder.

    Args:
        folder: What is served below ``/shards``.

    Attributes:
        faults: By file name, what goes wrong with the next requests, in their order: a status
            (``"404"``), ``"cut"`` (half of the bytes, then the connection is closed), ``"wrong"``
            (one byte is another), ``"slow"`` (byte after byte for a while), ``"silent"`` (not a
            byte for long), ``"redirected"``.
        always: The same for every request of a file.
        knows_parts: Whether ranges are answered with ranges.
        asked: Requests by file name.
        parts: First byte of each request by file name.
        words: Whole request lines and Authorization headers.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.always: dict[str, str] = {}
        self.knows_parts = True
        self.asked: Counter[str] = Counter()
        self.parts: dict[str, list[int]] = defaultdict(list)
        self.words: list[str] = []
        self.scheme = "http"
        self.port = 0

    @property
    def address(self) -> str:
        """The folder's address."""
        return f"{self.scheme}://127.0.0.1:{self.port}/shards"

    def fault_of(self, name: str) -> str:
        """What goes wrong with this request."""
        if name in self.always:
            return self.always[name]
        return self.faults[name].pop(0) if self.faults[name] else ""


@contextmanager
def served(folder: Path, context: ssl.SSLContext | None = None) -> Iterator[WebFolder]:
    """Serve a folder while the block runs, with a context over TLS."""
    web = WebFolder(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(web, self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        web.scheme = "https"
    web.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(web: WebFolder, request: BaseHTTPRequestHandler) -> None:
    web.words.append(f"{request.path} {request.headers.get('Authorization', '')}")
    path = request.path.partition("?")[0]
    name = path.rpartition("/")[2]
    web.asked[name] += 1
    fault = web.fault_of(name)
    if fault.isdigit():
        send(request, int(fault), b"no")
        return
    if fault == "redirected":
        request.send_response(302)
        request.send_header("Location", request.path.replace("/shards/", "/moved/"))
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    file = web.folder / name
    if not file.is_file():
        send(request, 404, b"no such file")
        return
    data = bytearray(file.read_bytes())
    if fault == "wrong":
        data[len(data) // 2] ^= 1
    whole = len(data)
    match = RANGE.fullmatch(request.headers.get("Range", ""))
    start = int(match[1]) if match else 0
    web.parts[name].append(start)
    if match and web.knows_parts:
        if start >= whole:
            send(request, 416, b"")
            return
        stop = min(int(match[2] or whole) + 1, whole)
        send(request, 206, bytes(data[start:stop]), fault, f"bytes {start}-{stop - 1}/{whole}")
    else:
        send(request, 200, bytes(data), fault)


def send(
    request: BaseHTTPRequestHandler, status: int, data: bytes, fault: str = "", span: str = ""
) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(data)))
    if span:
        request.send_header("Content-Range", span)
    request.end_headers()
    try:
        if fault == "cut":
            request.wfile.write(data[: len(data) // 2])
            request.wfile.flush()
            request.close_connection = True
            request.connection.shutdown(2)
        elif fault == "silent":
            time.sleep(SILENT_S)
        elif fault == "slow":
            step = max(1, len(data) // 20)
            for start in range(0, len(data), step):
                request.wfile.write(data[start : start + step])
                request.wfile.flush()
                time.sleep(0.02)
        else:
            request.wfile.write(data)
    except OSError:  # who asked has gone
        request.close_connection = True
