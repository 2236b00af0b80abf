"""How fast pictures are drawn, and how near they come to the published annotations.

Run ``python tests/bench/bench_drawing.py [--images N] [--published market-annotation-train.csv]``.
The speed counts one process's own time, with the JPEG; the published file is looked for in
``$POSEGAN_SHARED_DATA`` or in ``../shared/data`` beside the repository.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

from data_manifest.published_files import read_keypoints
from preprocess.demo.drawing.cameras import decoded, jpeg
from preprocess.demo.drawing.crops import CROP_SIZE, Studio
from preprocess.demo.drawing.detector import reported
from preprocess.demo.drawing.painting import Crop
from shared.console import Console
from shared.skeleton import JOINTS

IMAGES_EACH = 12
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY), str(REPOSITORY / "tests")]
from drawn_statistics import PoseStatistics, colour_spread, pose_statistics  # noqa: E402


def main() -> None:
    """Draw, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2400)
    folder = Path(os.environ.get("POSEGAN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--published", type=Path, default=folder / "market-annotation-train.csv")
    options = parser.parse_args()
    console = Console()
    crops, images, identities = _drawn(options.images, console)
    joints = np.array([crop.joints for crop in crops])
    visible = np.array([crop.visible for crop in crops])
    luck = np.random.default_rng(7)
    found = np.array([reported(crop.joints, crop.visible, CROP_SIZE, luck) for crop in crops])
    drawn = pose_statistics(np.where(found[:, :, None], joints, np.nan), CROP_SIZE)
    published = None
    if options.published.exists():
        published = pose_statistics(read_keypoints(options.published).joints, CROP_SIZE)
    _print_poses(console, drawn, published, visible)
    colours = colour_spread(images, joints, np.array(identities))
    rows = [("within a person", f"{colours.within:.1f}"), ("between", f"{colours.between:.1f}")]
    console.table("spread of the trunk's colour, 0 to 255", ("", "drawn"), rows)


def _drawn(count: int, console: Console) -> tuple[list[Crop], list[np.ndarray], list[int]]:
    """Draw pictures of people in studios of their own, one for each 600, and say how fast."""
    crops, images, identities, spent = [], [], [], 0.0
    for number in range(count):
        seed, place = divmod(number, 600)
        if place == 0:
            studio = Studio.of(seed)
        identity, index = divmod(place, IMAGES_EACH)
        start = time.process_time()
        crop = studio.crop(identity, index)
        data = jpeg(crop.image, crop.quality)
        spent += time.process_time() - start
        crops.append(crop)
        images.append(decoded(data))
        identities.append(seed * 1000 + identity)
    console.result(f"{count:,} pictures at {count / spent:.0f} images/s of one core")
    return crops, images, identities


def _print_poses(
    console: Console,
    drawn: PoseStatistics,
    published: PoseStatistics | None,
    visible: np.ndarray,
) -> None:
    both = [drawn] if published is None else [drawn, published]
    heads = ("drawn", "real")[: len(both)]
    columns = ["joint", "visible"]
    columns += [f"{what} {head}" for what in ("missing", "x", "y") for head in heads]
    rows = []
    for row, name in enumerate(JOINTS):
        cells = [f"{100 * visible[:, row].mean():.1f}"]
        cells += [f"{each.missing[row]:.1f}" for each in both]
        cells += [f"{each.spread[row, axis]:.1f}" for axis in (0, 1) for each in both]
        rows.append([name, *cells])
    console.table("joints, percent (x, y: standard deviation)", columns, rows)
    views = [
        [name, *(f"{getattr(each, name):.1f}" for each in both)]
        for name in ("valid", "side", "front", "back")
    ]
    console.table("pictures, percent", ["", *heads], views)


if __name__ == "__main__":
    main()
