"""The passes of stage 1: images are checked, posed, paired and put into shards.

Each file is read and decoded once: the first pass keeps what the later ones need of the pixels
(``preprocess.sources.kept_pictures``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.manifest import Manifest, ShardEntry
from preprocess.job import Job
from preprocess.output.folder import OutputFolder
from preprocess.output.publish import Made, publish_folder
from preprocess.output.report import StageTimes, say_left_out
from preprocess.output.shards import ShardTask, make_shard, shard_task
from preprocess.output.tables import unmatched_names
from preprocess.pairing.annotations import Annotations
from preprocess.pairing.catalogue import (
    Catalogue,
    Status,
    with_annotations,
    with_checks,
    without_invalid,
    without_unpaired,
)
from preprocess.pairing.given import GivenFiles
from preprocess.pairing.splits import Split, make_split
from preprocess.pairing.transforms import PartsOfPairs
from preprocess.parallel import in_parallel
from preprocess.pose.device_processes import opened
from preprocess.pose.kept_poses import KeptPoses
from preprocess.pose.people import OpenEstimator
from preprocess.pose.stage import with_poses
from preprocess.pose.weight_files import DEMO_NOTE
from preprocess.settings import DEMO_MODEL
from preprocess.sources.drawn import is_drawn
from preprocess.sources.images import Checked, check_images
from preprocess.sources.kept_pictures import KeptPictures, removed_after
from preprocess.sources.known_images import ImagesOf, KnownImage
from preprocess.sources.source import Listing
from shared.files import Staged, unveil
from shared.pair_geometry import transforms_of_pairs

CHECK_BLOCK: Final = 512
"""Images that a worker reads at a time."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known before any image is read; n images.

    Args:
        listing: Every file of the data set.
        given: The files that the settings name.
        annotations: Published key points, None where a pose model is used.
        catalogue: The train and test images.
        hopeful: bool (n,), images of the catalogue that nothing forbids so far.
        record: What decides the content.
        spare_bytes: Room on the disk besides what the shards will take.
    """

    listing: Listing
    given: GivenFiles
    annotations: Annotations | None
    catalogue: Catalogue
    hopeful: NDArray[np.bool_]
    record: Mapping[str, Any]
    spare_bytes: int


def make_everything(
    job: Job, found: Found, times: StageTimes, *, open_estimator: OpenEstimator
) -> Manifest:
    """Fill an output folder that is ready for it.

    Args:
        job: The run.
        found: What is known of its data.
        times: Time of the stages so far; those of the passes are added.
        open_estimator: Opens the pose model.

    Returns:
        The manifest.

    Raises:
        PoseGanError: See the exit codes of ``shared.errors``.
    """
    settings, listing, annotations = job.settings, found.listing, found.annotations
    with removed_after(_keeps(job, found)) as kept:
        with times.stage("check images"):
            catalogue = _checked(job, found.catalogue, found.hopeful, kept)
        images = partial(_known_images, catalogue, kept)
        with times.stage("poses"):
            catalogue, pose_key = _posed(job, catalogue, images, annotations, open_estimator)
        with times.stage("pairs"):
            splits = [
                make_split(name, catalogue, settings, found.given) for name in ("train", "test")
            ]
            say_left_out(splits, unmatched_names(listing, catalogue, annotations), job.console)
        with times.stage("shards"):
            made = _make_shards(job, catalogue, images, splits)
    return publish_folder(
        job.out,
        made,
        listing=listing,
        catalogue=catalogue,
        annotations=annotations,
        splits=splits,
        record=found.record,
        pose_key=pose_key,
        image_size=settings.shards.image_size,
        times=times,
    )


def _keeps(job: Job, found: Found) -> KeptPictures:
    """Say what is kept of the pictures: as the shards have them, or as a pose model needs them."""
    settings = job.settings
    return KeptPictures(
        folder=job.out.work,
        size=settings.shards.image_size if settings.keypoints else None,
        max_bytes=min(settings.run.scratch, found.spare_bytes // 2),  # others write there too
        block_images=CHECK_BLOCK,
        num_images=len(found.catalogue),
        disk=job.out.disk,
    )


def _checked(
    job: Job, catalogue: Catalogue, wanted: NDArray[np.bool_], kept: KeptPictures
) -> Catalogue:
    """Read every image once and refuse those that cannot be used or are never paired."""
    places = [image.path for image in catalogue.images]
    starts = range(0, len(places), CHECK_BLOCK)
    blocks = (slice(start, start + CHECK_BLOCK) for start in starts)
    tasks = (
        (places[block], kept.of_block(number, wanted[block])) for number, block in enumerate(blocks)
    )
    parts: list[Checked] = []
    with job.console.stage("images", len(places)) as stage:
        for part in _shared_out(job, check_images, tasks):
            parts.append(part)
            kept.add(part.offsets)
            stage.advance(len(part.reasons))
    checked = Checked(
        [reason for part in parts for reason in part.reasons],
        np.concatenate([np.zeros((0, 2), np.int32), *(part.sizes for part in parts)]),
        [digest for part in parts for digest in part.digests],
        np.concatenate([np.zeros(0, np.int64), *(part.offsets for part in parts)]),
    )
    catalogue = with_checks(catalogue, checked, any_size=job.settings.shards.any_size)
    return without_unpaired(catalogue)


def _known_images(
    catalogue: Catalogue, kept: KeptPictures, rows: NDArray[np.intp]
) -> list[KnownImage]:
    """Return the images of rows, for reading."""
    sizes = catalogue.sizes[rows].tolist()
    return [
        KnownImage(
            catalogue.images[row].path, catalogue.digests[row], kept.of_image(row, tuple(size))
        )
        for row, size in zip(rows.tolist(), sizes, strict=True)
    ]


def _posed(
    job: Job,
    catalogue: Catalogue,
    images: ImagesOf,
    annotations: Annotations | None,
    open_estimator: OpenEstimator,
) -> tuple[Catalogue, str]:
    """Enter the joints, published or estimated; the pose model's key comes with them."""
    if annotations is not None:
        annotated = with_annotations(catalogue, annotations)
        valid = annotated.rows(Status.VALID)
        annotations.refuse_points_outside(catalogue.annotation_rows[valid], catalogue.sizes[valid])
        return without_invalid(annotated), ""
    pose = job.settings.pose
    if pose.pose_model == DEMO_MODEL and not is_drawn(job.source.root):
        job.console.warn(DEMO_NOTE)
    threads = job.settings.run.workers
    with opened(
        pose, job.console, open_estimator, threads=threads, cluster=job.cluster
    ) as estimator:
        catalogue = with_poses(
            catalogue,
            images,
            estimator,
            KeptPoses(job.out.poses, estimator.key, job.out.disk, job.out.owned),
            job.console,
            joint_threshold=pose.joint_threshold,
        )
        return without_invalid(catalogue), estimator.key


def _make_shards(job: Job, catalogue: Catalogue, images: ImagesOf, splits: Sequence[Split]) -> Made:
    """Make every shard that is not there already, and remove those of earlier data."""
    out, size = job.out, job.settings.shards.image_size
    plans = [(plan, split) for split in splits for plan in split.plans]
    out.drop_other_shards({plan.file for plan, _ in plans})
    out.intend(plan.file for plan, _ in plans)
    tasks = (
        (shard_task(plan, split, catalogue, images, folder=out.path, image_size=size), out)
        for plan, split in plans
    )
    entries: list[ShardEntry] = []
    parts: dict[str, list[PartsOfPairs]] = {split.name: [] for split in splits}
    try:
        with job.console.stage("shards", len(plans)) as stage:
            for entry, fresh, of_pairs in _shared_out(job, _produce, tasks):
                entries.append(entry)
                parts[entry.split].append(of_pairs)
                if fresh is None:
                    stage.skip(1)
                    continue
                unveil(fresh.file, out.disk)
                out.note_shard(entry, fresh.key)
                stage.advance()
    finally:
        out.owned.remove_temporaries()  # of workers that were killed, too
    return Made(tuple(entries), parts)


@dataclass(frozen=True)
class _Fresh:
    """A shard that a worker has made: the file, still without its name, and its task's key."""

    file: Staged
    key: str


def _produce(task: ShardTask, out: OutputFolder) -> tuple[ShardEntry, _Fresh | None, PartsOfPairs]:
    """Make one shard, or find it where an earlier run made it of the same content."""
    key = task.key
    kept = out.kept_shard(task.path.name, key)
    if kept is not None:
        return kept, None, PartsOfPairs.of(*transforms_of_pairs(task.joints, task.pairs))
    entry, file, parts = make_shard(task, out.disk)
    return entry, _Fresh(file, key), parts


def _shared_out(
    job: Job, work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
) -> Iterator[Any]:
    how = job.settings.run
    return in_parallel(
        work, arguments, workers=how.workers, backend=how.backend, cluster=job.cluster
    )
