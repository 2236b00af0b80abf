"""The demo data set: drawn people, laid out and named like Market-1501 or another, true joints.

Beside the image folders stand ``keypoints-train.csv`` and ``keypoints-test.csv`` (the published
form, with joints left out as a detector leaves them out), ``visibility-*.csv`` (the whole truth),
``people-*.csv`` where pictures show several people, ``contact-sheet.jpg`` and, last, the marker
``draw-market.json``.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from data_manifest.published_files import read_keypoints
from preprocess.demo.drawing.arrangement import lists_of
from preprocess.demo.drawing.blocks import (
    Block,
    Shot,
    blocks,
    draw_block,
    publish_block,
    read_notes,
    studio_of,
)
from preprocess.demo.drawing.contact_sheet import contact_sheet
from preprocess.demo.drawing.crops import Studio, draw_crops
from preprocess.demo.drawing.layout import FOLDERS, Entry
from preprocess.demo.drawing.painting import Crop
from preprocess.demo.market_plan import plan_of, say_plan
from preprocess.demo.market_tables import SPLITS, publish_tables
from preprocess.demo.settings import DrawSettings
from preprocess.parallel import in_parallel
from preprocess.sources.drawn import DRAWN_MARKER
from shared.console import Console
from shared.errors import DamagedError, PoseGanError, UsageError, problem
from shared.files import Disk, publish, publish_json, publish_text, read_json, require_space
from shared.input_file import read_input
from shared.owned_folder import OwnedFolder, owned_folder
from shared.provenance import versions
from shared.settings import differences, in_brief

__all__ = ["Crop", "DrawSettings", "Studio", "draw_crops", "draw_market"]

WORK_FOLDER: Final = ".drawing"
RECORD_FILE: Final = f"{WORK_FOLDER}/settings.json"
COMMAND: Final = "draw-market"
SHEET_FILE: Final = "contact-sheet.jpg"
FORMAT_VERSION: Final = 1

_DATA: Final = {".jpg", ".png", ".csv", ".txt"}
_TABLES: Final = re.compile(r"(keypoints|visibility|people)-(train|test)\.csv|contact-sheet\.jpg")


def draw_market(
    settings: DrawSettings,
    out: Path,
    console: Console,
    *,
    workers: int = 1,
    overwrite: bool = False,
    dry_run: bool = False,
    disk: Disk | None = None,
) -> None:
    """Draw a data set, or continue one that was begun with the same settings.

    Args:
        settings: What to draw.
        out: Its root.
        console: What the user sees.
        workers: Processes; they change the time, not the bytes.
        overwrite: Remove what the folder holds of other settings.
        dry_run: Only say what would happen.
        disk: The calls to the operating system.

    Raises:
        UsageError: The folder holds something else, or a file of poses is wrong.
        LockedError: Another process draws into the folder.
        NoSpaceError: The disk cannot hold the data set.
    """
    files = [None if p is None else read_input(p) for p in (settings.poses, settings.test_poses)]
    record = settings.record(*files)
    entries, joints = plan_of(settings, *files)
    say_plan(entries, settings.layout, out, console)
    names = _names_of(entries)
    recognise = partial(_made_by_older, record=record, names=names)
    held = owned_folder(out, COMMAND, recognise=recognise, disk=disk, hold=not dry_run)
    with held as owned:
        finished, changes = _standing(record, owned, overwrite=overwrite)
        if not finished:
            owned.refuse_strangers(_TABLES)
            _refuse_pictures_of_others(owned, names)
            require_space(out, _shot(settings).bytes_an_image * len(entries), disk)
        if dry_run:
            return
        if finished:
            console.say(f"{out} is finished already; nothing to do")
            return
        work = blocks(entries, joints)
        lists = lists_of(entries, settings.layout)
        _begin(record, owned, work, lists, clear=changes)
        _draw_missing(work, settings, owned, console, workers=workers)
        drawn = read_notes(work, out / WORK_FOLDER)
        publish_tables(entries, drawn, out, disk, crowds=settings.people > 1)
        for name, text in lists.items():
            publish_text(out / name, text, disk)
        publish(out / SHEET_FILE, contact_sheet(out, entries), disk)
        _finish(record, entries, owned)
    console.result(f"{out}: {len(entries):,} pictures; see {out / SHEET_FILE}")


def _standing(record: dict[str, Any], owned: OwnedFolder, *, overwrite: bool) -> tuple[bool, bool]:
    """Tell whether the folder holds the data set already, and whether it must be cleared.

    Raises:
        UsageError: It holds other settings' data.
    """
    marker, begun = owned.path / DRAWN_MARKER, owned.path / RECORD_FILE
    known = next((path for path in (begun, marker) if path.is_file()), None)
    data = (owned.path / name for name in owned.files if Path(name).suffix in _DATA)
    if known is None or not any(path.is_file() for path in data):
        return False, False
    saved = read_json(known)
    if not isinstance(saved, dict) or not isinstance(saved.get("settings"), dict):
        expected, remedy = "the settings of a drawn data set", "choose another --out"
        raise DamagedError(problem(known, expected, "something else", remedy))
    changes = differences(saved["settings"], record)
    if changes and not overwrite:
        found, remedy = in_brief(changes), "choose another --out, or --overwrite"
        raise UsageError(problem(owned.path, "the settings that it was begun with", found, remedy))
    return not changes and known == marker, bool(changes)


def _names_of(entries: Sequence[Entry]) -> list[str]:
    return [entry.path for entry in entries]


def _folders_of(work: Sequence[Block]) -> list[str]:
    """The folders of the pictures; those of Market-1501 also where they stay empty."""
    entries = [entry for block in work for entry in block.entries]
    own = {entry.path.rpartition("/")[0] for entry in entries if entry.placed}
    return sorted(own) or list(FOLDERS)


def _refuse_pictures_of_others(owned: OwnedFolder, names: Sequence[str]) -> None:
    for name in names:
        path = owned.path / name
        if name not in owned.files and os.path.lexists(path):
            expected, found = "a free name", f"a file that {COMMAND} did not make"
            remedy = "move it away, or choose another --out"
            raise UsageError(problem(path, expected, found, remedy))


def _made_by_older(out: Path, *, record: dict[str, Any], names: Sequence[str]) -> list[str] | None:
    """List what a version without markers drew in a folder; None where it drew nothing there.

    The tables of a finished data set name its pictures. What an unfinished one holds is known
    only where it was begun with the settings of now.
    """
    marker, begun = (_json_of(out / name) for name in (DRAWN_MARKER, RECORD_FILE))
    if marker.get("made_by") != COMMAND and "settings" not in begun:
        return None
    found = {DRAWN_MARKER, RECORD_FILE, SHEET_FILE}
    found |= {path.name for path in out.glob("*.csv") if _TABLES.fullmatch(path.name)}
    found |= {f"{WORK_FOLDER}/{path.name}" for path in (out / WORK_FOLDER).glob("block-*.json")}
    if begun.get("settings") == record:
        found |= set(names)
    for table in out.glob("keypoints-*.csv"):
        listed = read_keypoints(table).names
        found |= {f"{folder}/{name}" for folder in FOLDERS for name in listed}
    return sorted(name for name in found if (out / name).is_file())


def _json_of(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except PoseGanError:
        return {}
    return content if isinstance(content, dict) else {}


def _begin(
    record: dict[str, Any],
    owned: OwnedFolder,
    work: Sequence[Block],
    lists: Iterable[str],
    *,
    clear: bool,
) -> None:
    """Note the settings and everything that will be made, before anything is.

    A data set of other settings goes first, its marker before its pictures. Until the new
    settings are noted the folder counts as one of no settings, so that a removal that was cut
    short can be repeated.
    """
    owned.folder(WORK_FOLDER)
    owned.intend([RECORD_FILE])
    if clear:
        _note_settings({}, owned)
        owned.remove([DRAWN_MARKER])
        gone = owned.files - {RECORD_FILE}
        owned.remove(gone)
        _remove_empty_folders(owned.path, gone)
    folders = _folders_of(work)
    for name in folders:
        owned.folder(name)
    owned.remove_temporaries((".", WORK_FOLDER, *folders))
    kinds = ["keypoints", "visibility", *(["people"] if record.get("people") else [])]
    tables = [f"{kind}-{split}.csv" for kind in kinds for split in SPLITS]
    notes = [str(block.note(Path(WORK_FOLDER))) for block in work]
    pictures = [name for block in work for name in _names_of(block.entries)]
    owned.intend([*pictures, *tables, *lists, *notes, SHEET_FILE, DRAWN_MARKER])
    _note_settings(record, owned)


def _remove_empty_folders(root: Path, names: Iterable[str]) -> None:
    """Remove the folders of files that are gone; another layout's would be taken for its own."""
    folders = {above for name in names for above in Path(name).parents if above.parts}
    for folder in sorted(folders, key=lambda above: len(above.parts), reverse=True):
        ways = [root.joinpath(*folder.parts[:count]) for count in range(1, len(folder.parts) + 1)]
        if not any(way.is_symlink() for way in ways):
            with contextlib.suppress(OSError):  # somebody else's file keeps it
                ways[-1].rmdir()


def _note_settings(record: dict[str, Any], owned: OwnedFolder) -> None:
    publish_json(owned.path / RECORD_FILE, {"settings": record}, owned.disk)


def _draw_missing(
    work: Sequence[Block],
    settings: DrawSettings,
    owned: OwnedFolder,
    console: Console,
    *,
    workers: int,
) -> None:
    """Draw the blocks that no earlier run finished; only this process publishes them."""
    notes = owned.path / WORK_FOLDER
    missing = [block for block in work if not block.note(notes).exists()]
    with console.stage("pictures", sum(len(block.entries) for block in work)) as stage:
        stage.skip(stage.total - sum(len(block.entries) for block in missing))
        shot = _shot(settings)
        studio = studio_of(settings.world, settings.seed, shot)
        tasks = ((studio, shot, block, owned.path, owned.disk) for block in missing)
        try:
            for sketch in in_parallel(draw_block, tasks, workers=workers):
                stage.advance(publish_block(sketch, notes, owned.disk))
        except BaseException:
            owned.remove_temporaries(_folders_of(work))
            raise


def _shot(settings: DrawSettings) -> Shot:
    faulty = settings.detector == "faulty"
    return Shot(size=settings.size, people=settings.people, faulty=faulty)


def _finish(record: dict[str, Any], entries: Sequence[Entry], owned: OwnedFolder) -> None:
    """Mark the data set as finished and drawn, and remove the notes."""
    marker = {
        "made_by": COMMAND,
        "format": FORMAT_VERSION,
        "settings": record,
        "num_images": len(entries),
        "versions": versions(),
    }
    publish_json(owned.path / DRAWN_MARKER, marker, owned.disk)
    owned.remove(name for name in owned.files if Path(name).parts[0] == WORK_FOLDER)
    with contextlib.suppress(OSError):  # somebody else's file keeps it
        (owned.path / WORK_FOLDER).rmdir()
