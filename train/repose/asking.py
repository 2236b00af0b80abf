"""Stage 1, asked for poses as a process: stage 2 never imports the pose model.

Photos go out as PNG files in a folder of their own, key points and scores come back in the files
that ``extract-poses`` writes.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from data_manifest.published_files import read_keypoints
from shared.errors import DamagedError, NoSpaceError, PoseGanError, UsageError, problem
from shared.geometry import Float64s
from shared.pictures import MAX_PIXELS
from train.inference.crops import Crop, cut_out, whole, window_around
from train.repose.photos import Photo

NEEDED: Final = ("preprocess", "ultralytics")
CROP_HEIGHT: Final = 256
"""Crops up to this height and larger photos are asked for apart: one call has one input size."""

BOX_SHAPE: Final = (2, 1)
"""Of (height, width): a box is widened to the shape of the crops that data sets hold."""

DRAWN_PEOPLE: Final = "demo"
"""The pose model that comes with the package knows people as large as crops show them."""

_START: Final = (
    "from preprocess.commands.extract_poses import extract_poses; "
    "extract_poses(prog_name='extract-poses')"
)
_ERROR: Final = re.compile(r"^error: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """What stage 1 says of a photo.

    Attributes:
        joints: float64 (18, 2) in whole pixels of the photo, NaN where absent.
        people: People seen.
        score: The chosen person's score, 0 where nobody is seen.
        margin: That score less the next person's.
    """

    joints: Float64s
    people: int
    score: float
    margin: float


def ask(photos: Sequence[Photo], pose_model: str) -> dict[str, Asked]:
    """Ask stage 1 for the poses of photos.

    Args:
        photos: Each once; where one has a box, its person is looked for there.
        pose_model: As ``extract-poses`` takes it.

    Returns:
        Key of the photo to what was found.

    Raises:
        UsageError: Stage 1 is not installed, or has no such model.
        PoseGanError: What else it ended with.
    """
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            remedy = "give the photos' poses by --source-poses FILE.csv, or install posegan whole"
            raise UsageError(problem("extract-poses", f"{name}, to find poses", "none", remedy))
    found: dict[str, Asked] = {}
    for is_crop in (True, False):
        group = [photo for photo in photos if (_height(photo) <= CROP_HEIGHT) == is_crop]
        if group:
            with tempfile.TemporaryDirectory(prefix="posegan-") as place:
                found |= _ask_group(group, pose_model, Path(place))
    return found


def _height(photo: Photo) -> int:
    return photo.box.height if photo.box else photo.size[0]


def _ask_group(photos: Sequence[Photo], pose_model: str, place: Path) -> dict[str, Asked]:
    names = [f"{number:06d}.png" for number in range(len(photos))]
    corners = []
    (place / "photos").mkdir()
    for name, photo in zip(names, photos, strict=True):
        picture = photo.picture()
        box = _looked_at(photo.box) if photo.box else whole(picture)
        shown = cut_out(picture, box)
        corners.append((box.left, box.top))
        Image.fromarray(np.ascontiguousarray(shown)).save(place / "photos" / name)
    _run(place, pose_model, _size_for(photos, pose_model))
    table = read_keypoints(place / "poses.csv")
    scores = _scores(place / "poses-scores.csv")
    rows = {name: row for row, name in enumerate(table.names)}
    return {
        photo.key: Asked(table.joints[rows[name]] + corner, *scores[name])
        for name, photo, corner in zip(names, photos, corners, strict=True)
    }


def _looked_at(box: Crop) -> Crop:
    """Widen a box to the shape of a crop, unless it is so long that none comes of it."""
    window = window_around(box, BOX_SHAPE)
    return window if window.height * window.width <= MAX_PIXELS else box


def _size_for(photos: Sequence[Photo], pose_model: str) -> list[str]:
    """Choose the input's size where extract-poses would show people larger than a model knows.

    At a height of 256 pixels the demo's model finds 12 people of 13 drawn photos of 400 x 200
    with scores above 0.1; at 640, as larger photos are shown, five of six with scores below 0.1.
    """
    if pose_model != DRAWN_PEOPLE:
        return []
    ratio = float(np.median([_ratio(photo) for photo in photos]))
    width = int(np.clip(32 * round(CROP_HEIGHT * ratio / 32), 32, 1024))
    return [f"--pose-size={CROP_HEIGHT}x{width}"]


def _ratio(photo: Photo) -> float:
    height, width = BOX_SHAPE if photo.box else photo.size
    return width / height


def _run(place: Path, pose_model: str, more: Sequence[str]) -> None:
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-P", "-c", _START, "--src", str(place / "photos"),
         "--out", str(place / "poses.csv"), f"--pose-model={pose_model}", "--workers", "1", *more],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise _error_of(done.returncode, done.stderr)


def _error_of(code: int, said: str) -> PoseGanError:
    lines = _ERROR.findall(said) or [f"it ended with {code} and without a word"]
    kinds: Mapping[int, type[PoseGanError]] = {5: NoSpaceError, 6: DamagedError}
    message = " ".join(lines[-1].split())[:400]
    return kinds.get(code, UsageError)(f"extract-poses: {message}")


def _scores(path: Path) -> dict[str, tuple[int, float, float]]:
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8")))
    return {
        row["name"]: (int(row["people"]), float(row["person_score"]), float(row["margin"]))
        for row in rows
    }
