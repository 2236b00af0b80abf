"""The demo data set: drawn people, laid out and named like Market-1501, with true joints.

Beside the image folders stand ``keypoints-train.csv`` and ``keypoints-test.csv`` (the published
form, with joints left out as a detector leaves them out; what is there is true),
``visibility-train.csv`` and ``visibility-test.csv`` (the whole truth), ``contact-sheet.jpg`` and,
written last, the marker ``draw-market.json``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from data_manifest.published_files import write_keypoints
from preprocess.demo.drawing.blocks import Block, Drawn, blocks, draw_block, read_notes
from preprocess.demo.drawing.contact_sheet import contact_sheet
from preprocess.demo.drawing.crops import Crop, Studio, draw_crops
from preprocess.demo.drawing.given_poses import GivenPoses, read_poses
from preprocess.demo.drawing.layout import (
    FOLDERS,
    TEST,
    TRAIN,
    Entry,
    annotated,
    planned,
    queries_of,
)
from preprocess.demo.drawing.truth import Truth, write_truth
from preprocess.demo.settings import DrawSettings
from preprocess.sources.drawn import DRAWN_MARKER
from shared.console import Console
from shared.errors import DamagedError, UsageError, problem
from shared.files import (
    Disk,
    folder_lock,
    publish,
    publish_json,
    read_json,
    remove_temporaries,
    require_space,
)
from shared.input_file import InputFile, read_input
from shared.provenance import versions
from shared.settings import differences
from shared.skeleton import NUM_JOINTS

__all__ = ["Crop", "DrawSettings", "Studio", "draw_crops", "draw_market"]

WORK_FOLDER: Final = ".drawing"
SETTINGS_FILE: Final = "settings.json"
SHEET_FILE: Final = "contact-sheet.jpg"
FORMAT_VERSION: Final = 1
BYTES_AN_IMAGE: Final = 4_500
SPLITS: Final = {"train": (TRAIN,), "test": (TEST, "query")}


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
    entries, joints = _plan(settings, *files)
    _say_plan(entries, out, console)
    if dry_run:
        return
    require_space(out, BYTES_AN_IMAGE * len(entries), disk)
    with folder_lock(out):
        if _is_finished(record, out, overwrite=overwrite, disk=disk):
            console.say(f"{out} is finished already; nothing to do")
            return
        _begin(record, out, disk)
        work = blocks(entries, joints)
        _draw_missing(work, settings.seed, out, console, workers=workers, disk=disk)
        drawn = read_notes(work, out / WORK_FOLDER)
        _publish_tables(entries, drawn, out, disk)
        publish(out / SHEET_FILE, contact_sheet(out, entries), disk)
        _finish(record, entries, out, disk)
    console.result(f"{out}: {len(entries):,} pictures; see {out / SHEET_FILE}")


def _plan(
    settings: DrawSettings, poses: InputFile | None, test_poses: InputFile | None
) -> tuple[list[Entry], NDArray[np.float64]]:
    """List all pictures in the order of the tables, with the joints that were asked for."""
    train = None if poses is None else read_poses(poses)
    test = None if test_poses is None else read_poses(test_poses)
    taken = None if train is None else train.identities
    drawn = planned(settings.identities, settings.images_per_identity, settings.seed, taken)
    entries = [entry for entry in drawn if entry.folder == TRAIN and train is None]
    entries += [] if train is None else annotated(train.names, TRAIN)
    if test is None:
        entries += [entry for entry in drawn if entry.folder != TRAIN]
    else:
        gallery = annotated(test.names, TEST)
        entries += gallery + queries_of(gallery, settings.seed)
    joints = np.full((len(entries), NUM_JOINTS, 2), np.nan)
    for row, entry in enumerate(entries):
        given = train if entry.folder == TRAIN else test
        if given is not None and entry.row >= 0:
            joints[row] = given.joints[entry.row]
    _refuse_shared_people(train, test)
    return entries, joints


def _refuse_shared_people(train: GivenPoses | None, test: GivenPoses | None) -> None:
    if train is None or test is None:
        return
    shared = sorted(train.identities & test.identities)
    if shared:
        expected = "no identity of the training poses"
        remedy = "give two files with people of their own"
        raise UsageError(problem("--test-poses", expected, f"{shared[0]:04d}", remedy))


def _say_plan(entries: Sequence[Entry], out: Path, console: Console) -> None:
    counts = ", ".join(
        f"{sum(entry.folder == folder for entry in entries):,} in {folder}" for folder in FOLDERS
    )
    people = len({entry.person for entry in entries})
    console.say(f"{out}: {len(entries):,} pictures of {people:,} people ({counts})")


def _is_finished(record: dict[str, Any], out: Path, *, overwrite: bool, disk: Disk | None) -> bool:
    """Tell whether the folder holds the data set already; clear it where that is allowed.

    Raises:
        UsageError: It holds other settings' data, or images that no draw-market made.
    """
    marker, begun = out / DRAWN_MARKER, out / WORK_FOLDER / SETTINGS_FILE
    known = next((path for path in (begun, marker) if path.is_file()), None)
    if known is None:
        _refuse_foreign(out)
        return False
    saved = read_json(known)
    if not isinstance(saved, dict) or not isinstance(saved.get("settings"), dict):
        expected, remedy = "the settings of a drawn data set", "choose another --out"
        raise DamagedError(problem(known, expected, "something else", remedy))
    changes = differences(saved["settings"], record)
    if not changes:
        return known == marker
    if not overwrite:
        expected = "the settings that it was begun with"
        remedy = "choose another --out, or --overwrite"
        raise UsageError(problem(out, expected, "; ".join(changes), remedy))
    _clear(out, disk)
    return False


def _refuse_foreign(out: Path) -> None:
    found = [name for name in FOLDERS if (out / name).exists()]
    if found:
        expected = "a folder without images, or one that draw-market made"
        raise UsageError(problem(out, expected, found[0], "choose another --out"))


def _clear(out: Path, disk: Disk | None) -> None:
    """Remove a drawn data set, its marker first.

    Until the new settings are noted the folder counts as one of no settings, so that a removal
    that was cut short can be repeated.
    """
    _note_settings({}, out, disk)
    (out / DRAWN_MARKER).unlink(missing_ok=True)
    for path in (out / WORK_FOLDER).glob("block-*.json"):
        path.unlink()
    for name in FOLDERS:
        shutil.rmtree(out / name, ignore_errors=True)
    for path in (out / SHEET_FILE, *out.glob("keypoints-*.csv"), *out.glob("visibility-*.csv")):
        path.unlink(missing_ok=True)


def _begin(record: dict[str, Any], out: Path, disk: Disk | None) -> None:
    """Note the settings, before there is anything else to recognise the folder by."""
    _note_settings(record, out, disk)
    for name in FOLDERS:
        (out / name).mkdir(exist_ok=True)
    for name in (".", WORK_FOLDER, *FOLDERS):
        remove_temporaries(out / name)


def _note_settings(record: dict[str, Any], out: Path, disk: Disk | None) -> None:
    (out / WORK_FOLDER).mkdir(exist_ok=True)
    publish_json(out / WORK_FOLDER / SETTINGS_FILE, {"settings": record}, disk)


def _draw_missing(
    work: Sequence[Block],
    seed: int,
    out: Path,
    console: Console,
    *,
    workers: int,
    disk: Disk | None,
) -> None:
    """Draw the blocks that no earlier run finished."""
    notes = out / WORK_FOLDER
    missing = [block for block in work if not block.note(notes).exists()]
    with console.stage("pictures", sum(len(block.entries) for block in work)) as stage:
        stage.skip(stage.total - sum(len(block.entries) for block in missing))
        studio = Studio.of(seed)
        tasks = (delayed(draw_block)(studio, block, out, notes, disk) for block in missing)
        parallel = Parallel(
            n_jobs=workers, return_as="generator_unordered", pre_dispatch="2*n_jobs"
        )
        for count in parallel(tasks):
            stage.advance(count)


def _publish_tables(entries: Sequence[Entry], drawn: Drawn, out: Path, disk: Disk | None) -> None:
    """Publish key points and truth of the two splits."""
    for split, folders in SPLITS.items():
        rows = [row for row, entry in enumerate(entries) if entry.folder in folders]
        names = tuple(entries[row].name for row in rows)
        joints = drawn.joints[rows]
        found = np.where(drawn.found[rows][:, :, None], joints, np.nan)
        write_keypoints(out / f"keypoints-{split}.csv", names, found, disk)
        truth = Truth(names, joints, drawn.visible[rows])
        write_truth(out / f"visibility-{split}.csv", truth, disk)


def _finish(record: dict[str, Any], entries: Sequence[Entry], out: Path, disk: Disk | None) -> None:
    """Mark the data set as finished and drawn, and remove the notes."""
    marker = {
        "made_by": "draw-market",
        "format": FORMAT_VERSION,
        "settings": record,
        "num_images": len(entries),
        "versions": versions(),
    }
    publish_json(out / DRAWN_MARKER, marker, disk)
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
