"""From settings to a running page on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import socket
import webbrowser
from typing import Any, Final

import torch
import uvicorn

from data_manifest.remote.folder import opened
from data_manifest.settings import CacheSettings
from shared.console import Console
from shared.errors import PoseGanError, UsageError, problem
from shared.geometry import Float64s
from train.inference.models import model_path
from train.inference.painter import open_painter
from train.repose.asking import NEEDED, ask
from train.studio.app import make_app
from train.studio.drawing import Artist
from train.studio.gallery import packaged_people, read_gallery
from train.studio.photos import AskedPhoto, HeldPhoto
from train.studio.settings import StudioSettings
from train.studio.state import FindPose, Studio

ADDRESS: Final = "127.0.0.1"
MOST_REQUESTS: Final = 64
"""Requests that are answered at a time; a browser sends six."""


def serve(settings: StudioSettings, console: Console, cache: CacheSettings | None = None) -> None:
    """Open the model, listen on this machine alone, and answer until Ctrl-C.

    Raises:
        UsageError: No model, no shards, a port that is taken, or no such device.
        DamagedError: The model or the shards are not what was written.
    """
    with listening(settings.port) as door:
        studio = open_studio(settings, console, cache)
        port = door.getsockname()[1]
        word = secrets.token_urlsafe(12)
        address = f"http://{ADDRESS}:{port}/{word}/"
        if settings.dry_run:
            console.result(f"would serve {settings.model} on {ADDRESS}")
            return
        hosts = (f"{ADDRESS}:{port}", f"localhost:{port}")
        console.result(f"the page: {address}")
        console.say("only this machine sees it; Ctrl-C ends it")
        if settings.open and not webbrowser.open(address):
            console.warn("no browser was found; open the address in one")
        _run(make_app(studio, word=word, hosts=hosts), door)
        console.say("closed")


def listening(port: int) -> socket.socket:
    """Listen on this machine's own address.

    Raises:
        UsageError: The port is taken or may not be used.
    """
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((ADDRESS, port))
        door.listen(MOST_REQUESTS)
    except OSError as error:
        door.close()
        remedy = "choose another one, or leave --port out"
        found = f"{port}: {error.strerror}"
        raise UsageError(problem("--port", "a port that is free", found, remedy)) from error
    return door


def open_studio(
    settings: StudioSettings, console: Console, cache: CacheSettings | None = None
) -> Studio:
    """Open the model and the shards.

    Raises:
        UsageError: There is no such model, device or shard folder.
        DamagedError: What they hold is not what was written.
    """
    shards = settings.shards
    gallery = (
        packaged_people()
        if shards is None
        else read_gallery(opened(shards, cache, say=console.say))
    )
    painter = open_painter(model_path(settings.model), device=settings.device, console=console)
    torch.set_num_threads(settings.threads)
    return Studio(
        artist=Artist(painter),
        model=settings.model,
        gallery=gallery,
        find_pose=pose_finder(settings.pose_model, console),
    )


def pose_finder(pose_model: str, console: Console) -> FindPose | None:
    """Return what finds people in photos, by asking stage 1 as a process; None without it."""
    if pose_model == "none":
        return None
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        console.say("extract-poses is not installed: the page leaves the skeleton to you")
        return None

    def find(photo: HeldPhoto) -> Float64s | None:
        asked = AskedPhoto(photo)
        try:
            found = ask([asked], pose_model)[asked.key]
        except PoseGanError as error:
            console.warn(error.message)
            raise
        return found.joints if found.people else None

    return find


def _run(app: Any, door: socket.socket) -> None:
    """Answer requests until an interrupt; the first one ends it well."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        http="h11",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_REQUESTS,
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once it is done
        uvicorn.Server(config).run(sockets=[door])
