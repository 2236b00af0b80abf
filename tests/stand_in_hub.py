"""A model hub on this machine: as much of the real protocol as handing generators on takes."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
LARGE = (".safetensors", ".onnx", ".pt2")


class StandInHub:
    """What the hub holds and what it was asked.

    Attributes:
        address: Where it listens.
        repos: Repository to the files that it holds.
        private: Repository to whether it was made private.
        asked: Method and path of every request.
        tokens: The authorisations that were sent.
        refuses: A status that is answered to everything; None for none.
        nonsense: What is answered to everything; None for sense.
        swapped: Content that is sent in the place of a file's own, by name.
    """

    def __init__(self) -> None:
        self.address = ""
        self.repos: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.refuses: int | None = None
        self.nonsense: bytes | None = None
        self.swapped: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}

    def info(self, repo: str) -> dict[str, Any]:
        """What the hub says of a repository and its files."""
        return {
            "_id": "1", "id": repo, "modelId": repo, "sha": COMMIT, "private": False, "tags": [],
            "downloads": 0, "likes": 0,
            "siblings": [self.listed(name, data) for name, data in self.repos[repo].items()],
        }  # fmt: skip

    @staticmethod
    def listed(name: str, data: bytes) -> dict[str, Any]:
        """What the hub says of a file."""
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        found = {"rfilename": name, "size": len(data), "blobId": git}
        if name.endswith(LARGE):
            sha256 = hashlib.sha256(data).hexdigest()
            found["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
        return found


class _Handler(BaseHTTPRequestHandler):
    hub: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _begin(self) -> tuple[str, bytes] | None:
        body = self._body()
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if token := self.headers.get("Authorization"):
            self.hub.tokens.add(token)
        if self.hub.nonsense is not None:
            self._send(self.hub.nonsense, 200, {"Content-Type": "application/json"})
            return None
        if self.hub.refuses:
            self._answer({"error": "no"}, self.hub.refuses)
            return None
        return path, body

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while length := int(self.rfile.readline(), 16):
            found += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _answer(self, value: Any, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), status, {"Content-Type": "application/json"})

    def _send(self, data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_POST(self) -> None:
        if (begun := self._begin()) is None:
            return
        path, body = begun
        if path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}"
            self.hub.repos.setdefault(repo, {})
            self.hub.private[repo] = asked.get("visibility") == "private" or bool(
                asked.get("private")
            )
            self._answer({"url": f"{self.hub.address}/{repo}"})
        elif path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            files = [
                {
                    "path": each["path"],
                    "uploadMode": "lfs" if each["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for each in json.loads(body)["files"]
            ]
            self._answer({"files": files})
        elif path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**each, "actions": {"upload": {"href": f"{self.hub.address}/put/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            self._answer({"transfer": "basic", "objects": objects})
        elif "/commit/" in path:
            self._commit(path.removeprefix("/api/models/").partition("/commit/")[0], body)
        else:
            self._answer({"error": "unknown"}, 404)

    def _commit(self, repo: str, body: bytes) -> None:
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                self.hub.repos[repo][value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                self.hub.repos[repo][value["path"]] = self.hub.uploads[value["oid"]]
        url = f"{self.hub.address}/{repo}/commit/{COMMIT}"
        self._answer({"success": True, "commitUrl": url, "commitOid": COMMIT})

    def do_PUT(self) -> None:
        if (begun := self._begin()) is None:
            return
        path, body = begun
        self.hub.uploads[path.rpartition("/")[2]] = body
        self._send(b"")

    def do_GET(self) -> None:
        if (begun := self._begin()) is None:
            return None
        path, _ = begun
        if path.startswith("/api/models/"):
            repo = "/".join(path.removeprefix("/api/models/").split("/")[:2])
            if repo in self.hub.repos:
                return self._answer(self.hub.info(repo))
        elif "/resolve/" in path:
            repo, _, rest = path[1:].partition("/resolve/")
            name = rest.partition("/")[2]
            if name in self.hub.repos.get(repo, {}):
                return self._file(repo, name)
        return self._send(b"{}", 404, {"X-Error-Code": "RepoNotFound"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _file(self, repo: str, name: str) -> None:
        data = self.hub.repos[repo][name]
        etag = (
            self.hub.listed(name, data).get("lfs", {}).get("sha256")
            or hashlib.sha1(data).hexdigest()
        )
        sent = self.hub.swapped.get(name, data)
        self._send(sent, 200, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})


@contextmanager
def stand_in_hub() -> Iterator[StandInHub]:
    """Serve a hub on 127.0.0.1 while the block runs."""
    hub = StandInHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
