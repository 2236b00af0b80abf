"""Small data sets in Market-1501's layout, and stage 1 run on them in this process."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from poses import standing_pose

from data_manifest.published_files import write_keypoints
from preprocess.pipeline import run
from preprocess.pose.people import People, empty_people
from preprocess.settings import PoseSettings, PrepareSettings, RunSettings, ShardSettings
from preprocess.sources.registry import find_source
from shared.console import Console
from shared.files import Disk
from shared.skeleton import TORSO_JOINTS

SMALLEST_SHARDS = 100_000


def jpeg(
    rng: np.random.Generator, size: tuple[int, int] = (128, 64), mode: str = "RGB", **how: Any
) -> bytes:
    """A smooth random picture, as a file's content."""
    small = rng.integers(0, 256, (6, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.convert(mode).save(buffer, how.pop("format", "JPEG"), **how)
    return buffer.getvalue()


def image_name(identity: int, camera: int, frame: int) -> str:
    head = "-1" if identity < 0 else f"{identity:04d}"
    return f"{head}_c{camera}s1_{frame:06d}_00.jpg"


@dataclass
class SmallMarket:
    """A data set on the disk.

    Args:
        root: The folder that holds ``bounding_box_train`` and ``bounding_box_test``.
        keypoints: Key points of all images, in an order that is not that of the names.
        names: Split to the names of its images.
    """

    root: Path
    keypoints: Path
    names: dict[str, list[str]] = field(default_factory=dict)

    def folder(self, split: str) -> Path:
        return self.root / f"bounding_box_{split}"


def make_market(
    folder: Path,
    *,
    identities: int = 3,
    images: int = 4,
    size: tuple[int, int] = (128, 64),
    seed: int = 0,
) -> SmallMarket:
    """Make a data set of as many train as test identities."""
    rng = np.random.default_rng(seed)
    market = SmallMarket(folder / "Market", folder / "keypoints.csv")
    every_name, every_pose = [], []
    for number, split in enumerate(("train", "test")):
        market.folder(split).mkdir(parents=True)
        market.names[split] = []
        for identity in range(1 + 100 * number, 1 + 100 * number + identities):
            for image in range(images):
                name = image_name(identity, 1 + image % 6, 7 * image)
                (market.folder(split) / name).write_bytes(jpeg(rng, size))
                market.names[split].append(name)
                every_name.append(name)
                every_pose.append(_pose(rng, size))
    order = rng.permutation(len(every_name))
    write_keypoints(
        market.keypoints,
        tuple(every_name[row] for row in order),
        np.array(every_pose)[order],
    )
    return market


def _pose(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    scale = np.array([size[1] / 64, size[0] / 128])
    pose = (standing_pose() + rng.normal(0, 4, (18, 2))) * scale
    absent = rng.random(18) < 0.2
    absent[list(TORSO_JOINTS)] = False
    pose[absent] = np.nan
    return np.clip(pose, 0, np.array([size[1] - 1, size[0] - 1]))


def write_pairs(path: Path, pairs: pd.DataFrame) -> None:
    """Write a list of pairs in the published form."""
    pairs[["from", "to"]].to_csv(path, index=False, lineterminator="\n")


class ContentEstimator:
    """A stand-in for a pose model: the pose follows from the picture alone.

    Args:
        stop_after: Fail after so many images, as a killed run would.
    """

    key = "stand-in"

    def __init__(self, stop_after: int | None = None) -> None:
        self.estimated = 0
        self._stop_after = stop_after

    def estimate(self, images: np.ndarray) -> People:
        self.estimated += len(images)
        if self._stop_after is not None and self.estimated > self._stop_after:
            raise KeyboardInterrupt
        people = empty_people(len(images))
        height, width = images.shape[1:3]
        for row, image in enumerate(images):
            rng = np.random.default_rng(int(image.sum()))
            people.points[row] = rng.uniform(0, (width - 1, height - 1), (17, 2))
            people.confidences[row] = rng.uniform(0.45, 1, 17)
            people.count[row] = 1 + rng.integers(2)
        people.person_score[:] = 0.5
        people.margin[:] = 0.25
        return people


def prepare(
    market: SmallMarket,
    out: Path,
    *,
    keypoints: bool = True,
    disk: Disk | None = None,
    estimator: ContentEstimator | None = None,
    pose: dict[str, Any] | None = None,
    shards: dict[str, Any] | None = None,
    run_settings: dict[str, Any] | None = None,
    **more: Any,
) -> Path:
    """Run stage 1 in this process and give the shard folder."""
    settings = PrepareSettings(
        src=market.root,
        out=out,
        keypoints=(market.keypoints,) if keypoints else (),
        pose=PoseSettings(**(pose or {})),
        shards=ShardSettings(**({"shard_bytes": SMALLEST_SHARDS} | (shards or {}))),
        run=RunSettings(**(run_settings or {})),
        **more,
    )
    out.mkdir(exist_ok=True, parents=True)
    seen = estimator or ContentEstimator()
    run(
        settings,
        find_source(market.root),
        Console(quiet=True),
        open_estimator=lambda *_: seen,
        disk=disk,
    )
    return out


def hashes(out: Path, pattern: str = "*.h5") -> dict[str, str]:
    """SHA-256 of the files of a folder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.glob(pattern))
    }


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything below a folder but its lock, with size and time of change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.name != ".lock"
    }
