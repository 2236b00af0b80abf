"""Pushing an export to a hub, and pulling one from there into a folder of ours."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from shared.console import Console
from shared.errors import DamagedError, PoseGanError, UsageError, problem
from shared.files import Disk, publish, publish_json
from shared.marker import read_marker
from shared.owned_folder import owned_folder, require_own
from shared.regular_files import read_regular
from train.export.card import CARD_NAME
from train.export.make import COMMAND as EXPORT_COMMAND
from train.export.make import FILES
from train.inference.exported import (
    CONFIG_NAME,
    WEIGHTS_NAME,
    familiar_of,
    is_exported,
    noted_files,
    read_config,
    read_exported,
)
from train.inference.familiar import FAMILIAR_NAME
from train.share.hub import Hub, Listed
from train.share.settings import ShareSettings

COMMAND: Final = "share-generator"
ORIGIN: Final = "pulled.json"
PULLED: Final = (WEIGHTS_NAME, FAMILIAR_NAME, CARD_NAME, CONFIG_NAME)
"""What is fetched, in the order in which it is published; nothing else is, whatever is there."""

NEEDED: Final = (WEIGHTS_NAME, CONFIG_NAME)
MOST_BYTES: Final = {
    WEIGHTS_NAME: 2_000_000_000,
    FAMILIAR_NAME: 100_000_000,
    CARD_NAME: 1_000_000,
    CONFIG_NAME: 1_000_000,
}


def share_generator(
    settings: ShareSettings,
    console: Console,
    *,
    disk: Disk | None = None,
    make_hub: Callable[[], Hub] = Hub,
) -> None:
    """Push or pull.

    Args:
        settings: What goes where.
        console: Told what goes on.
        disk: The calls to the operating system by which files are published.
        make_hub: Opens the hub.

    Raises:
        UsageError: No export of ours, no such repository, or a hub that cannot be reached.
        DamagedError: The export, or what arrived, is not what was written.
        LockedError: Another process writes into the folder.
    """
    settings.check_names()
    folder = settings.folder
    if settings.action == "push":
        _push(settings, folder, console, make_hub)
    else:
        _pull(settings, folder, console, disk, make_hub)


def _push(
    settings: ShareSettings, folder: Path, console: Console, make_hub: Callable[[], Hub]
) -> None:
    files = files_of(folder, console)
    hub = make_hub()
    size = sum(map(len, files.values()))
    what = f"{len(files)} files, {size:,} bytes"
    if settings.dry_run:
        console.result(f"{hub.address}/{settings.repo}: would get {', '.join(files)} ({what})")
        return
    console.say(f"handing {what} to {hub.address}/{settings.repo}")
    sha256 = hashlib.sha256(files[WEIGHTS_NAME]).hexdigest()
    commit = hub.publish(
        settings.repo,
        files,
        revision=settings.revision,
        public=settings.public,
        message=f"Generator {sha256[:12]}",
    )
    console.result(f"pushed: {hub.address}/{settings.repo} at {commit}")


def files_of(folder: Path, console: Console) -> dict[str, bytes]:
    """Read what may leave a folder: the files of an export that we made, checked by their hashes.

    Raises:
        UsageError: The folder was not made by us, or a name of ours is a link.
        DamagedError: A file is not what was written.
    """
    marker = read_marker(folder) if folder.is_dir() else None
    if marker is None or marker["made_by"] not in (EXPORT_COMMAND, COMMAND):
        remedy = f"give a folder that {EXPORT_COMMAND} made"
        raise UsageError(problem(folder, "an export", "no mark of ours", remedy))
    read_exported(folder, console=console)
    config = read_config(folder)
    ours = [name for name in FILES if name in marker["files"]]
    files = {name: _read(folder / name) for name in ours if os.path.lexists(folder / name)}
    for name, sha256 in noted_files(config).items():
        if name in files and hashlib.sha256(files[name]).hexdigest() != sha256:
            found, remedy = "another content", "export it anew"
            expected = f"the file that {CONFIG_NAME} notes"
            raise DamagedError(problem(folder / name, expected, found, remedy))
    _check_card(folder / CARD_NAME, files.get(CARD_NAME, b""))
    return files


def _check_card(path: Path, content: bytes) -> None:
    """Refuse a card that no hub shows: people write in it by hand."""
    try:
        found = None if len(content) <= MOST_BYTES[CARD_NAME] else f"{len(content):,} bytes"
        content.decode()
    except ValueError:
        found = "bytes that are no UTF-8"
    if found:
        expected, remedy = f"text of up to {MOST_BYTES[CARD_NAME]:,} bytes", "correct the card"
        raise UsageError(problem(path, expected, found, remedy))


def _read(path: Path) -> bytes:
    """Read a regular file itself: what a link points to is nobody's to hand on."""
    if not stat.S_ISREG(path.lstat().st_mode):
        remedy = "put the file itself there, or export anew"
        raise UsageError(problem(path, "a file", "a link or something else", remedy))
    try:
        return read_regular(path, max(MOST_BYTES.values()))
    except OSError as error:
        found, remedy = error.strerror, "check its permissions"
        raise UsageError(problem(path, "a file that can be read", found, remedy)) from error


def _pull(
    settings: ShareSettings,
    out: Path,
    console: Console,
    disk: Disk | None,
    make_hub: Callable[[], Hub],
) -> None:
    hub = make_hub()
    if settings.dry_run:
        require_own(out, COMMAND)
        console.result(f"{out}: would hold {settings.repo} of {hub.address}")
        return
    with owned_folder(out, COMMAND, disk=disk) as folder:
        commit, listed = hub.listing(settings.repo, settings.revision)
        wanted = _wanted(settings.repo, listed)
        with tempfile.TemporaryDirectory(prefix="posegan-") as place:
            console.say(f"fetching {', '.join(wanted)} of {settings.repo} at {commit}")
            files = {
                name: hub.fetch(settings.repo, commit, each, Path(place))
                for name, each in wanted.items()
            }
            config = _checked(Path(place), settings.repo, console)
        _refuse_another(settings, out, config)
        folder.remove_temporaries()
        folder.intend([*files, ORIGIN])
        folder.remove(folder.files - {*files, ORIGIN})
        (out / CONFIG_NAME).unlink(missing_ok=True)
        origin = {"hub": hub.address, "repo": settings.repo, "commit": commit}
        hashes = {name: hashlib.sha256(each).hexdigest() for name, each in files.items()}
        publish_json(out / ORIGIN, {**origin, "sha256": hashes}, disk)
        for name in (each for each in PULLED if each in files):
            publish(out / name, files[name], disk)
    console.result(f"generator: {out}")


def _wanted(repo: str, listed: Mapping[str, Listed]) -> dict[str, Listed]:
    """Choose what is fetched; refuse a repository that holds no generator of ours."""
    lacking = [name for name in NEEDED if name not in listed]
    if lacking:
        expected, found = f"a generator with {' and '.join(NEEDED)}", f"no {lacking[0]}"
        raise UsageError(problem(repo, expected, found, "name another repository"))
    wanted = {name: listed[name] for name in PULLED if name in listed}
    for name, each in wanted.items():
        if not 0 < each.num_bytes <= MOST_BYTES[name]:
            expected = f"up to {MOST_BYTES[name]:,} bytes"
            found, remedy = f"{each.num_bytes:,}", "name another repository"
            raise UsageError(problem(f"{repo}/{name}", expected, found, remedy))
    return wanted


def _checked(place: Path, repo: str, console: Console) -> dict[str, Any]:
    """Make sure that what arrived is a generator; its weights are numbers and nothing else."""
    try:
        read_exported(place, console=console)
        familiar_of(place)
        return read_config(place)
    except PoseGanError as error:
        message = error.message.replace(str(place), repo)
        raise type(error)(message) from error


def _refuse_another(settings: ShareSettings, out: Path, config: Mapping[str, Any]) -> None:
    if settings.overwrite or not is_exported(out):
        return
    try:
        present = read_config(out).get("weights")
    except PoseGanError:
        present = "one that cannot be read"
    if present != config["weights"]:
        remedy = "choose another --out, or add --overwrite"
        raise UsageError(problem(out, "this generator", "another one", remedy))
