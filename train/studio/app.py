"""The web application: a few routes, each a thin skin over :class:`train.studio.state.Studio`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.errors import PoseGanError, UsageError
from train.studio.guard import Guard
from train.studio.photos import MAX_UPLOAD_BYTES
from train.studio.repeating import command_line, files_of, source_name
from train.studio.requests import MAX_JSON_BYTES, read_request
from train.studio.state import Studio

PAGE: Final = Path(__file__).parent / "page"
FILES: Final = {
    "": ("index.html", "text/html"),
    "studio.css": ("studio.css", "text/css"),
    "studio.js": ("studio.js", "text/javascript"),
    "skeleton.js": ("skeleton.js", "text/javascript"),
    "artist.js": ("artist.js", "text/javascript"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
"""The page's files by their paths; no other file is ever read."""

MOST_SHUFFLED: Final = 24
Handler = Callable[[Request], Awaitable[Response]]


class TooLargeError(Exception):
    """More bytes than a request may have."""


def make_app(studio: Studio, *, word: str, hosts: Collection[str]) -> ASGIApp:
    """Make the application.

    Args:
        studio: What it works with.
        word: First part of every path; drawn anew at each start.
        hosts: What the header Host may say, such as ``127.0.0.1:8000``.
    """
    return Guard(Starlette(routes=_routes(studio)), word=word, hosts=hosts)


def _routes(studio: Studio) -> list[Route]:
    async def facts(_: Request) -> Response:
        return JSONResponse(studio.facts())

    async def shuffle(_: Request) -> Response:
        return JSONResponse(studio.shuffled(MOST_SHUFFLED))

    async def picture(request: Request) -> Response:
        photo = studio.photo(request.path_params["key"])
        content, kind = await run_in_threadpool(photo.for_browser)
        return Response(content, media_type=kind)

    async def add(request: Request) -> Response:
        content = await _body(request, MAX_UPLOAD_BYTES)
        name = request.query_params.get("name", "")
        photo = await run_in_threadpool(studio.photos.add, content, name)
        return JSONResponse(studio.described(photo))

    async def find(request: Request) -> Response:
        photo = studio.photo(request.path_params["key"])
        return JSONResponse(await run_in_threadpool(studio.found_in, photo))

    async def draw(request: Request) -> Response:
        asked = read_request(await _body(request, MAX_JSON_BYTES))
        photo = studio.photo(asked.photo)
        drawn = await run_in_threadpool(
            studio.artist.draw, photo.picture, asked.source, asked.target, live=asked.live
        )
        height, width = drawn.picture.shape[:2]
        crop = drawn.crop
        headers = {
            "x-size": f"{height},{width}",
            "x-crop": f"{crop.left},{crop.top},{crop.width},{crop.height}",
            "x-enlarged": str(int(drawn.enlarged)),
            "x-milliseconds": f"{drawn.seconds * 1000:.0f}",
        }
        content = drawn.picture.tobytes()
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def repeat(request: Request) -> Response:
        asked = read_request(await _body(request, MAX_JSON_BYTES))
        photo = studio.photo(asked.photo)
        return JSONResponse(
            {
                "command": command_line(studio.model, photo),
                "source": source_name(photo),
                "files": files_of(photo, asked.source, asked.target),
            }
        )

    posted = ["POST"]
    return [
        *(Route(f"/{path}", _page_file(*file), methods=["GET"]) for path, file in FILES.items()),
        Route("/facts", _told(facts), methods=["GET"]),
        Route("/shuffle", _told(shuffle), methods=posted),
        Route("/photos", _told(add), methods=posted),
        Route("/photos/{key}", _told(picture), methods=["GET"]),
        Route("/photos/{key}/pose", _told(find), methods=posted),
        Route("/draw", _told(draw), methods=posted),
        Route("/repeat", _told(repeat), methods=posted),
    ]


def _page_file(name: str, kind: str) -> Handler:
    async def answer(_: Request) -> Response:
        return Response((PAGE / name).read_bytes(), media_type=kind)

    return answer


def _told(handler: Handler) -> Handler:
    """Answer errors of ours by their one line."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except TooLargeError as error:
            return _error(413, str(error))
        except UsageError as error:
            return _error(422, error.message)
        except PoseGanError as error:
            return _error(500, error.message)
        except ClientDisconnect:
            return PlainTextResponse("", 400)

    return answer


def _error(code: int, text: str) -> Response:
    return JSONResponse({"error": text}, code, headers={"connection": "close"})


async def _body(request: Request, most_bytes: int) -> bytes:
    """Read a request's body, never more of it than is allowed."""
    fault = f"expected at most {most_bytes:,} bytes, found more; choose a smaller file"
    claimed = request.headers.get("content-length", "0")
    if len(claimed) > 12 or not claimed.isdecimal() or int(claimed) > most_bytes:
        raise TooLargeError(fault)
    parts, count = [], 0
    async for part in request.stream():
        count += len(part)
        if count > most_bytes:
            raise TooLargeError(fault)
        parts.append(part)
    return b"".join(parts)
