"""How one shard is made.

Convention:
    A shard's content is a function of its task alone, so that it does not matter which worker
    makes it, and when.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import ShardEntry
from data_manifest.shard import stage_shard
from preprocess.pairing.catalogue import Catalogue
from preprocess.pairing.shard_plans import ShardPlan
from preprocess.pairing.splits import Split
from preprocess.pairing.transforms import PartsOfPairs
from preprocess.sources.known_images import ImagesOf, KnownImage, PictureReader
from shared.files import Disk, Staged
from shared.geometry import mask_quads, presence, scale_joints
from shared.pair_geometry import transforms_of_pairs


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardTask:
    """All that a worker needs to make one shard; n images, m pairs.

    Args:
        path: The file to be published.
        split: ``"train"`` or ``"test"``.
        image_size: (height, width) of the images in the shard.
        sources: The image files.
        names: Their names in the shard.
        joints: float64 (n, 18, 2), pixels of the shard's images, NaN where absent.
        scores: float32 (n, 18).
        identities: int32 (n,).
        cameras: int16 (n,).
        people: int16 (n,).
        person_scores: float32 (n,).
        margins: float32 (n,).
        pairs: int32 (m, 2), rows.
        order: int64 (m,).
    """

    path: Path
    split: str
    image_size: tuple[int, int]
    sources: Sequence[KnownImage]
    names: Sequence[str]
    joints: NDArray[np.float64]
    scores: NDArray[np.float32]
    identities: NDArray[np.int32]
    cameras: NDArray[np.int16]
    people: NDArray[np.int16]
    person_scores: NDArray[np.float32]
    margins: NDArray[np.float32]
    pairs: NDArray[np.int32]
    order: NDArray[np.int64]

    @property
    def key(self) -> str:
        """SHA-256 of everything that the shard's content follows from."""
        digest = hashlib.sha256(f"{schema.FORMAT} {schema.VERSION}\n".encode())
        texts = (list(self.names), [source.digest for source in self.sources])
        plain = (self.path.name, self.split, self.image_size, *texts)
        digest.update(repr(plain).encode("utf-8", "surrogateescape"))
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                digest.update(f"{field.name} {value.dtype} {value.shape}\n".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def shard_task(
    plan: ShardPlan,
    split: Split,
    catalogue: Catalogue,
    images: ImagesOf,
    *,
    folder: Path,
    image_size: tuple[int, int],
) -> ShardTask:
    """Gather all that a worker needs to make one shard in a folder.

    Args:
        plan: The shard.
        split: Its split.
        catalogue: The images.
        images: Gives the images of the catalogue's rows, for reading.
        folder: Where it goes.
        image_size: (height, width) of its images.
    """
    rows = split.rows[plan.rows]
    return ShardTask(
        path=folder / plan.file,
        split=split.name,
        image_size=image_size,
        sources=images(rows),
        names=[catalogue.images[row].name for row in rows],
        joints=_scaled(catalogue.joints[rows], catalogue.sizes[rows], image_size),
        scores=catalogue.scores[rows],
        identities=catalogue.identities[rows],
        cameras=catalogue.cameras[rows],
        people=catalogue.people[rows],
        person_scores=catalogue.person_scores[rows],
        margins=catalogue.margins[rows],
        pairs=plan.pairs,
        order=plan.order,
    )


def make_shard(
    task: ShardTask, disk: Disk | None = None
) -> tuple[ShardEntry, Staged, PartsOfPairs]:
    """Make one shard, all but its name, which the holder of the folder gives it.

    Args:
        task: What goes into it.
        disk: The calls to the operating system.

    Returns:
        The shard's entry for the manifest, the file, and what became of the pairs' parts.

    Raises:
        UsageError: A source image is not the one that was checked before.
        NoSpaceError: The disk is full.
    """
    transforms, status = transforms_of_pairs(task.joints, task.pairs)
    with PictureReader() as reader:
        pictures = reader.read_all(task.sources, task.image_size)
    arrays = ShardArrays(
        images=pictures,
        joints=task.joints.astype(np.float32),
        present=presence(task.joints),
        scores=task.scores,
        quads=mask_quads(task.joints, task.image_size),
        names=np.array([name.encode() for name in task.names]),
        identities=task.identities,
        cameras=task.cameras,
        people=task.people,
        person_scores=task.person_scores,
        margins=task.margins,
        pairs=task.pairs,
        pair_order=task.order,
        transforms=transforms,
        status=status,
    )
    return *stage_shard(task.path, task.split, arrays, disk), PartsOfPairs.of(transforms, status)


def _scaled(
    joints: NDArray[np.float64], sizes: NDArray[np.int32], new_size: tuple[int, int]
) -> NDArray[np.float64]:
    scaled = joints.copy()
    for height, width in np.unique(sizes, axis=0).tolist():
        same = (sizes == (height, width)).all(axis=1)
        if (height, width) != new_size:
            scaled[same] = scale_joints(joints[same], (height, width), new_size)
    return scaled
