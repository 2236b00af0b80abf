"""What a drawn data set will hold: its pictures, in the order of the tables, and given joints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocess.demo.drawing.arrangement import MARKET, arranged
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
from preprocess.demo.settings import DrawSettings
from shared.console import Console
from shared.errors import UsageError, problem
from shared.input_file import InputFile
from shared.skeleton import NUM_JOINTS


def plan_of(
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
    if settings.layout != MARKET:  # only drawn poses: no joints are given
        entries = arranged(entries, settings.layout)
        joints = joints[: len(entries)]
    return entries, joints


def _refuse_shared_people(train: GivenPoses | None, test: GivenPoses | None) -> None:
    if train is None or test is None:
        return
    shared = sorted(train.identities & test.identities)
    if shared:
        expected = "no identity of the training poses"
        remedy = "give two files with people of their own"
        raise UsageError(problem("--test-poses", expected, f"{shared[0]:04d}", remedy))


def say_plan(entries: Sequence[Entry], layout: str, out: Path, console: Console) -> None:
    """Say how many pictures of how many people will lie where."""
    counts = ", ".join(
        f"{sum(entry.folder == folder for entry in entries):,} in {folder}" for folder in FOLDERS
    )
    if layout != MARKET:
        split = Counter(entry.split for entry in entries)
        counts = f"{split['train']:,} to train, {split['test']:,} to test; {layout}"
    people = len({entry.person for entry in entries})
    console.say(f"{out}: {len(entries):,} pictures of {people:,} people ({counts})")
